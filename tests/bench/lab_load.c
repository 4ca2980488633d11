/* Load for a relay between two networks: sends by one socket, receives by another, and says
 * what became of it: "sent received seconds cpu_seconds".
 *
 * lab_load SEND_FD RECEIVE_FD RATE BURST WINDOW SECONDS SIZE HEADER_HEX
 * What is not as long as the datagram, or 4 bytes shorter at most, is no part of the load.
 * RATE 0: as fast as the window lets it. No segmentation, or there would be fewer packets. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

enum { MOST = 64, ROOM = 2048 };

static double clock_now(clockid_t which) {
    struct timespec t;
    clock_gettime(which, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void fill(struct mmsghdr *messages, struct iovec *vectors, unsigned char (*memory)[ROOM],
                 size_t size) {
    for (int i = 0; i < MOST; i++) {
        vectors[i] = (struct iovec){memory[i], size};
        messages[i].msg_hdr = (struct msghdr){.msg_iov = &vectors[i], .msg_iovlen = 1};
    }
}

int main(int argc, char **argv) {
    static unsigned char out[MOST][ROOM], in[MOST][ROOM];
    struct mmsghdr outgoing[MOST] = {0}, incoming[MOST] = {0};
    struct iovec out_vectors[MOST], in_vectors[MOST];
    if (argc != 9) return 2;
    int send_fd = atoi(argv[1]), receive_fd = atoi(argv[2]), burst = atoi(argv[4]);
    double rate = atof(argv[3]), seconds = atof(argv[6]);
    long window = atol(argv[5]), sent = 0, received = 0, size = atol(argv[7]);
    for (int i = 0; i < MOST; i++)
        for (size_t at = 0; at * 2 < strlen(argv[8]); at++)
            sscanf(argv[8] + 2 * at, "%2hhx", &out[i][at]);
    fill(outgoing, out_vectors, out, size);
    fill(incoming, in_vectors, in, ROOM);
    double start = clock_now(CLOCK_MONOTONIC), now = start, quiet = start;
    double cpu = clock_now(CLOCK_PROCESS_CPUTIME_ID);
    while (now - start < seconds || (received < sent && now - quiet < 0.2)) {
        int may = now - start < seconds && sent - received + burst <= window;
        if (may && (rate == 0 || sent < (now - start) * rate)) {
            int done = sendmmsg(send_fd, outgoing, burst, MSG_DONTWAIT);
            sent += done > 0 ? done : 0;
        }
        int came = recvmmsg(receive_fd, incoming, MOST, MSG_DONTWAIT, NULL);
        now = clock_now(CLOCK_MONOTONIC);
        for (int i = 0; i < came; i++)
            received += incoming[i].msg_len + 4 >= size && incoming[i].msg_len <= size;
        if (came > 0) quiet = now;
        double due = rate ? start + sent / rate - now : 0; /* wait: do not burn what is measured */
        if (due > 0) nanosleep(&(struct timespec){0, (long)(due * 1e9)}, NULL);
    }
    cpu = clock_now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    printf("%ld %ld %f %f\n", sent, received, now - start, cpu);
    return 0;
}
