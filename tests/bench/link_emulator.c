/* A slow link between two network namespaces, for a kernel without netem.
 *
 *     cc -O2 -o link_emulator link_emulator.c
 *     link_emulator NAMESPACE NAMESPACE BITS_PER_SECOND DELAY_US QUEUE_BYTES
 *
 * Makes the TUN device "link0" in both namespaces and carries IP packets between them.
 * Each direction has a drop-tail queue of QUEUE_BYTES, is emptied at BITS_PER_SECOND and
 * then takes DELAY_US. A TUN device asked for no offloads gets packets no larger than its
 * MTU, as a wire would. Random loss is left to nftables in the namespaces.
 *
 * Prints "ready"; ends at the end of standard input, and then prints for each direction
 * one line: packets carried, bytes carried, packets dropped by the full queue, mean and
 * longest time in the queue in microseconds. Needs root.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define MTU 1500
#define SLOTS 16384 /* packets in a direction, in the queue and on the wire */

struct packet {
    int64_t due; /* ns; when it leaves the wire */
    int size;
    unsigned char data[MTU];
};

struct direction {
    int from, to;
    struct packet *packets; /* a ring, in the order they are due */
    unsigned head, count;
    int64_t free_at; /* ns; when the wire has taken all that waits */
    int64_t carried, bytes, dropped, waited, longest_wait;
};

static double ns_per_byte;
static int64_t delay, queue_bytes;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static int open_tun(const char *namespace)
{
    char path[256];
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    int home, tun;

    snprintf(path, sizeof path, "/run/netns/%s", namespace);
    home = open(path, O_RDONLY | O_CLOEXEC);
    if (home < 0 || setns(home, CLONE_NEWNET) < 0)
        die(path);
    close(home);
    tun = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    strcpy(request.ifr_name, "link0");
    if (tun < 0 || ioctl(tun, TUNSETIFF, &request) < 0)
        die("/dev/net/tun");
    return tun;
}

/* Take what the sender has; the queue holds what the wire has not begun to take. */
static void take(struct direction *d)
{
    while (d->count < SLOTS) {
        struct packet *p = &d->packets[(d->head + d->count) % SLOTS];
        p->size = read(d->from, p->data, MTU);
        if (p->size < 0 && errno == EINTR)
            continue;
        if (p->size <= 0)
            return;

        int64_t now = now_ns();
        int64_t wait = d->free_at > now ? d->free_at - now : 0;
        if (wait / ns_per_byte + p->size > queue_bytes + MTU) {
            d->dropped++;
            continue;
        }
        d->free_at = now + wait + (int64_t)(p->size * ns_per_byte);
        p->due = d->free_at + delay;
        d->count++;
        d->carried++;
        d->bytes += p->size;
        d->waited += wait;
        if (wait > d->longest_wait)
            d->longest_wait = wait;
    }
}

/* Hand over what is due. Returns when the next is, or INT64_MAX. */
static int64_t deliver(struct direction *d)
{
    while (d->count > 0) {
        struct packet *p = &d->packets[d->head];
        if (p->due > now_ns())
            return p->due;
        if (write(d->to, p->data, p->size) < 0 && errno == EINTR)
            continue; /* other errors: the receiver is not up, as on a real wire */
        d->head = (d->head + 1) % SLOTS;
        d->count--;
    }
    return INT64_MAX;
}

static void report(const struct direction *d)
{
    int64_t carried = d->carried > 0 ? d->carried : 1;
    printf("%lld %lld %lld %lld %lld\n", (long long)d->carried, (long long)d->bytes,
           (long long)d->dropped, (long long)(d->waited / carried / 1000),
           (long long)(d->longest_wait / 1000));
}

int main(int argc, char **argv)
{
    struct direction ways[2] = {0};
    struct sched_param first = {.sched_priority = 1};

    if (argc != 6) {
        fprintf(stderr, "see the top of link_emulator.c\n");
        return 2;
    }
    ns_per_byte = 8e9 / atof(argv[3]);
    delay = atoll(argv[4]) * 1000;
    queue_bytes = atoll(argv[5]);
    for (int i = 0; i < 2; i++) {
        ways[i].from = ways[1 - i].to = open_tun(argv[1 + i]);
        ways[i].packets = calloc(SLOTS, sizeof *ways[i].packets);
        if (ways[i].packets == NULL)
            die("memory");
    }
    prctl(PR_SET_TIMERSLACK, 1UL);
    if (sched_setscheduler(0, SCHED_FIFO, &first) < 0) /* a wire does not wait for its turn */
        perror("going on with the usual priority");
    puts("ready");
    fflush(stdout);

    for (;;) {
        int64_t next = INT64_MAX;
        for (int i = 0; i < 2; i++) {
            take(&ways[i]);
            int64_t due = deliver(&ways[i]);
            next = due < next ? due : next;
        }
        struct pollfd watched[3] = {
            {ways[0].from, POLLIN, 0}, {ways[1].from, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
        int64_t left = next == INT64_MAX ? INT64_C(1000000000) : next - now_ns();
        if (left < 0)
            left = 0;
        struct timespec timeout = {left / 1000000000, left % 1000000000};
        if (ppoll(watched, 3, &timeout, NULL) > 0 && watched[2].revents) {
            report(&ways[0]);
            report(&ways[1]);
            return 0;
        }
    }
}
