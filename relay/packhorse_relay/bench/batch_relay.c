/* The relay of plain_relay.py in C, with recvmmsg and sendmmsg: what a system programmer
 * would write. Prints its port. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum { BATCH = 64, SIZE = 2048, HEADER = 6, PEERS = 64, KEYS = 1 << 16 };

static struct sockaddr_in peers[PEERS + 1];
static uint8_t peer_at[KEYS]; /* by port: all members are on 127.0.0.1 */
static int count;

static uint32_t word(const uint8_t *data) {
    uint32_t value;
    memcpy(&value, data + 2, 4);
    return ntohl(value);
}

static void stamp(uint8_t *data, uint32_t peer) {
    peer = htonl(peer);
    data[0] = 0xA4, data[1] = 0;
    memcpy(data + 2, &peer, 4);
}

/* With an argument it is on every address. */
int main(int argc, char **argv) {
    (void)argv;
    static uint8_t data[BATCH][SIZE];
    struct sockaddr_in from[BATCH], at = {.sin_family = AF_INET};
    struct iovec in_io[BATCH], out_io[BATCH];
    struct mmsghdr in[BATCH], out[BATCH];
    socklen_t size = sizeof at;
    int sock = socket(AF_INET, SOCK_DGRAM, 0), wanted = 1 << 20;
    at.sin_addr.s_addr = htonl(argc > 1 ? INADDR_ANY : INADDR_LOOPBACK);
    setsockopt(sock, SOL_SOCKET, SO_RCVBUF, &wanted, sizeof wanted);
    setsockopt(sock, SOL_SOCKET, SO_SNDBUF, &wanted, sizeof wanted);
    if (bind(sock, (void *)&at, size) || getsockname(sock, (void *)&at, &size)) return 1;
    printf("%d\n", ntohs(at.sin_port));
    fflush(stdout);
    for (;;) {
        for (int i = 0; i < BATCH; i++) {
            in_io[i] = (struct iovec){data[i], SIZE};
            in[i].msg_hdr = (struct msghdr){&from[i], sizeof from[i], &in_io[i], 1, 0, 0, 0};
        }
        int n = recvmmsg(sock, in, BATCH, MSG_WAITFORONE, NULL), left = 0;
        for (int i = 0; i < n; i++) {
            uint8_t *source = &peer_at[ntohs(from[i].sin_port)];
            uint32_t to = in[i].msg_len < HEADER ? 0 : word(data[i]);
            if (in[i].msg_len == HEADER && !*source && count < PEERS) {
                peers[*source = ++count] = from[i];
                to = *source;
            }
            if (!*source || !to || to > (uint32_t)count) continue;
            stamp(data[i], *source);
            out_io[left] = (struct iovec){data[i], in[i].msg_len};
            out[left].msg_hdr =
                (struct msghdr){&peers[to], sizeof peers[to], &out_io[left], 1, 0, 0, 0};
            left++;
        }
        for (int sent = 0; sent < left;) {
            int done = sendmmsg(sock, out + sent, left - sent, 0);
            sent += done > 0 ? done : 1;
        }
    }
}
