/* Sends one datagram after another to 127.0.0.1, each from another address of 127/8.
 *
 * forged_flood PORT RATE SECONDS < DATAGRAM: RATE datagrams a second, evenly. Prints how many
 * were sent. Needs root: the sources are forged.
 */

#include <arpa/inet.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
    if (argc != 4) return 2;
    int port = atoi(argv[1]);
    double rate = atof(argv[2]), seconds = atof(argv[3]);
    uint8_t packet[2048];
    struct iphdr *ip = (struct iphdr *)packet;
    struct udphdr *udp = (struct udphdr *)(packet + sizeof *ip);
    uint8_t *datagram = packet + sizeof *ip + sizeof *udp;
    ssize_t size = read(0, datagram, sizeof packet - sizeof *ip - sizeof *udp);
    int sock = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
    if (size <= 0 || sock < 0) return 1;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    memset(packet, 0, sizeof *ip + sizeof *udp);
    ip->version = 4;
    ip->ihl = 5;
    ip->ttl = 64;
    ip->protocol = IPPROTO_UDP;
    ip->daddr = to.sin_addr.s_addr;
    udp->dest = htons(port);
    udp->len = htons(sizeof *udp + size);
    long sent = 0;
    uint32_t source = 1;
    for (double start = now(), elapsed; (elapsed = now() - start) < seconds;) {
        for (; sent < elapsed * rate; sent++) {
            source = source * 1664525u + 1013904223u;
            ip->saddr = htonl(0x7f800000u | (source >> 9)); /* 127.128.0.0/9 */
            udp->source = htons(1024 + (source & 0x7fff));
            sendto(sock, packet, sizeof *ip + sizeof *udp + size, 0, (void *)&to, sizeof to);
        }
        usleep(200);
    }
    printf("%ld\n", sent);
    return 0;
}
