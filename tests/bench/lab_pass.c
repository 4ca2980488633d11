/* How long datagrams are under way, one at a time: sends by one socket, spins on another, and
 * says "lost median p99" of the passes, in microseconds.
 *
 * lab_pass SEND_FD RECEIVE_FD RATE COUNT SIZE HEADER_HEX
 * What is not as long as the datagram, or 4 bytes shorter at most, is no part of the load. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { ROOM = 2048, MOST = 100000 };

static const double LOST_AFTER = 0.1; /* seconds */

static double clock_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static int ascending(const void *one, const void *other) {
    double a = *(const double *)one, b = *(const double *)other;
    return (a > b) - (a < b);
}

static int arrives(int fd, long size, double until) {
    unsigned char in[ROOM];
    while (clock_now() < until) {
        ssize_t length = recv(fd, in, sizeof in, MSG_DONTWAIT);
        if (length + 4 >= size && length <= size) return 1;
    }
    return 0;
}

int main(int argc, char **argv) {
    static unsigned char out[ROOM];
    static double passes[MOST];
    if (argc != 7) return 2;
    int send_fd = atoi(argv[1]), receive_fd = atoi(argv[2]);
    double rate = atof(argv[3]);
    long count = atol(argv[4]), size = atol(argv[5]), came = 0;
    for (size_t at = 0; at * 2 < strlen(argv[6]); at++) sscanf(argv[6] + 2 * at, "%2hhx", &out[at]);
    double start = clock_now();
    for (long sent = 0; sent < count && sent < MOST; sent++) {
        while (clock_now() < start + sent / rate) {
        }
        double before = clock_now();
        send(send_fd, out, size, MSG_DONTWAIT);
        if (arrives(receive_fd, size, before + LOST_AFTER))
            passes[came++] = (clock_now() - before) * 1e6;
    }
    if (came == 0) return 1;
    qsort(passes, came, sizeof *passes, ascending);
    printf("%ld %f %f\n", count - came, passes[came / 2], passes[came * 99 / 100]);
    return 0;
}
