// Forwards unicast DATA and FRAME between UDP members inside the kernel of Linux.
//
// Two programs from one source: "tc" for the traffic control hook (TCX), "xdp" for XDP. What
// they do not understand completely they pass up unchanged, to the socket of the relay.
// They need neither BTF nor libbpf. User space fills the maps: kernel/tables.py.
// Sources: SPEC.md sections 2 and 12; RFC 768, 791, 8200; RFC 1624 for the checksums.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <linux/udp.h>

#define SECTION(name) __attribute__((section(name), used))
#define INLINE static inline __attribute__((always_inline))
#define TO_BIG_ENDIAN(value) __builtin_bswap16(value)

enum { DATA = 0xa4, SEAL = 0xa6, FRAME = 0xa7 };
enum { MIN_DATAGRAM = 7, MAX_DATAGRAM = 1406 }; // bytes of UDP payload
enum { HOP_LIMIT = 64, LOOPBACK = 1, NOT_FRAGMENTED = 0x3fff };
enum { OWN_HOST = 0 }; // PACKET_HOST of linux/if_packet.h
enum verdict { PASS_UP, SEND };

// Helpers of the kernel, by the numbers of linux/bpf.h.
static void *(*look_up)(void *map, const void *key) = (void *)1;
static long (*redirect)(__u32 interface, __u64 flags) = (void *)23;
static long (*replace_checksum)(void *ctx, __u32 at, __u64 from, __u64 to, __u64 flags) = (void *)11;
static __s64 (*checksum_diff)(const __be32 *from, __u32 from_size, const __be32 *to, __u32 to_size,
                              __u32 seed) = (void *)28;
static long (*make_linear)(void *ctx, __u32 size) = (void *)39;

// The header of a datagram, in the units of the Internet checksum.
struct header {
	__u8 first;
	__u8 tag;
	__be16 word[2];
} __attribute__((packed, aligned(2)));

struct address {
	__be32 ip[4]; // IPv4 as ::ffff:a.b.c.d
};

struct route_key {
	struct address source;
	__be16 port;
	struct header header;
};

struct route {
	__u32 sender;
	__u32 receiver;
	struct header header; // of the copy
	__u16 unused;
};

struct member_key {
	struct address address;
	__be16 port;
	__u8 tag;
	__u8 unused;
};

struct member {
	__u64 may_octets; // up to which the counts below may grow; written by user space
	__u64 may_datagrams;
	__u64 octets; // sent so far; written by the program
	__u64 datagrams;
	struct address address;
	__be16 port;
	__u16 listener; // which of the relay's sockets the member talks to
	// The way to the member, learned from its own datagrams.
	__u32 interface; // 0 while it is not known
	__u16 ethernet[6]; // destination, then source
	struct address own; // address of the relay that the member uses
};

struct count {
	__u64 octets;
	__u64 datagrams;
};

struct map {
	__u32 unused;
};
struct map settings SECTION("maps"); // 0 -> port of the relay, be16
struct map own_addresses SECTION("maps"); // address -> listener, u32
struct map members_by_key SECTION("maps"); // member_key -> index into members, u32
struct map members SECTION("maps"); // index -> member
struct map routes SECTION("maps"); // route_key -> route
struct map counts SECTION("maps"); // 0 -> count, for each processor

// What is known of a packet. Pointers into it are valid until a helper changes it.
struct packet {
	struct ethhdr *eth;
	struct iphdr *ip4;
	struct ipv6hdr *ip6;
	struct udphdr *udp;
	struct header *header;
	__u32 interface;
};

INLINE __u16 fold(__u64 sum)
{
	sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16);
}

// What a checksum has to change by when words do (RFC 1624), on top of `sum`. The helper costs
// more than a few words do, but many words would need more stack than a program has.
INLINE __u32 difference(const __be32 *from, const __be32 *to, const int words, __u64 sum)
{
	enum { FEW = 4 };
	if (words > FEW)
		return checksum_diff(from, 4 * words, to, 4 * words, sum);
	for (int i = 0; i < words; i++)
		sum += (__u64)to[i] + (__u32)~from[i];
	sum = (sum & 0xffffffff) + (sum >> 32);
	return (sum & 0xffffffff) + (sum >> 32);
}

INLINE void set_address(struct address *to, const void *from, const int is_v6)
{
	if (is_v6) {
		__builtin_memcpy(to, from, sizeof *to);
	} else {
		to->ip[0] = to->ip[1] = 0;
		to->ip[2] = __builtin_bswap32(0xffff);
		to->ip[3] = *(const __be32 *)from;
	}
}

INLINE void set_source(struct address *to, const struct packet *p, const int is_v6)
{
	set_address(to, is_v6 ? (void *)&p->ip6->saddr : (void *)&p->ip4->saddr, is_v6);
}

INLINE void set_own(struct address *to, const struct packet *p, const int is_v6)
{
	set_address(to, is_v6 ? (void *)&p->ip6->daddr : (void *)&p->ip4->daddr, is_v6);
}

INLINE int is_same_address(const struct address *a, const struct address *b, const int is_v6)
{
	const __u64 *x = (const void *)a, *y = (const void *)b;
	return is_v6 ? x[0] == y[0] && x[1] == y[1] : a->ip[3] == b->ip[3];
}

// Sees that a packet is one whole UDP datagram without anything special. Returns the size of
// the UDP payload, or 0. Only the headers need to lie before `end`; `length` is all there is.
INLINE __u32 parse(struct packet *p, void *data, void *end, __u32 length, const int is_v6)
{
	p->eth = data;
	p->ip4 = data + sizeof(struct ethhdr);
	p->ip6 = data + sizeof(struct ethhdr);
	p->udp = data + sizeof(struct ethhdr) +
		 (is_v6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr));
	p->header = (void *)(p->udp + 1);
	if ((void *)(p->header + 1) > end)
		return 0;
	__u32 room;
	if (is_v6) {
		const __be32 *source = (void *)&p->ip6->saddr;
		if (p->ip6->version != 6 || p->ip6->nexthdr != IPPROTO_UDP)
			return 0;
		if (!p->udp->check) // not allowed in IPv6 (RFC 8200 section 8.1)
			return 0;
		if (!source[0] && !source[1]) // IPv4 in disguise, and loopback
			if (source[2] || source[3] != __builtin_bswap32(1))
				return 0;
		room = TO_BIG_ENDIAN(p->ip6->payload_len);
	} else {
		if (p->ip4->version != 4 || p->ip4->ihl != 5 || p->ip4->protocol != IPPROTO_UDP)
			return 0;
		if (p->ip4->frag_off & TO_BIG_ENDIAN(NOT_FRAGMENTED))
			return 0;
		room = TO_BIG_ENDIAN(p->ip4->tot_len) - sizeof(struct iphdr);
		if (room > 0xffff)
			return 0;
	}
	__u32 size = TO_BIG_ENDIAN(p->udp->len);
	if ((void *)p->udp - data + size > length)
		return 0;
	if (size != room || size < sizeof(struct udphdr) + sizeof(struct header))
		return 0;
	return size - sizeof(struct udphdr);
}

// Sees that the way to a member is known as this datagram of it shows it.
INLINE int learn(struct member *m, const struct packet *p, const int is_v6)
{
	const __u16 *seen = (void *)p->eth; // destination, then source
	struct address own;
	set_own(&own, p, is_v6);
	if (m->interface == p->interface && is_same_address(&m->own, &own, is_v6) &&
	    m->ethernet[0] == seen[3] && m->ethernet[1] == seen[4] && m->ethernet[2] == seen[5] &&
	    m->ethernet[3] == seen[0] && m->ethernet[4] == seen[1] && m->ethernet[5] == seen[2])
		return 1;
	const __u32 *listener = look_up(&own_addresses, &own);
	if (!listener || *listener != m->listener)
		return 0;
	*(volatile __u32 *)&m->interface = 0; // nobody may use half of it
	for (int i = 0; i < 3; i++) {
		m->ethernet[i] = seen[3 + i];
		m->ethernet[3 + i] = seen[i];
	}
	m->own = own;
	*(volatile __u32 *)&m->interface = p->interface;
	return 1;
}

INLINE void learn_by_key(const struct packet *p, const int is_v6)
{
	struct member_key key = { .port = p->udp->source, .tag = p->header->tag };
	set_source(&key.address, p, is_v6);
	__u32 *index = look_up(&members_by_key, &key);
	struct member *m = index ? look_up(&members, index) : 0;
	if (m)
		learn(m, p, is_v6);
}

// Takes what a copy costs from what the sender may send; 0 when there is nothing left.
INLINE int charge(struct member *sender, __u32 size)
{
	if (sender->octets >= sender->may_octets || sender->datagrams >= sender->may_datagrams)
		return 0;
	__sync_fetch_and_add(&sender->octets, size);
	__sync_fetch_and_add(&sender->datagrams, 1);
	__u32 zero = 0;
	struct count *count = look_up(&counts, &zero);
	if (count) {
		count->octets += size;
		count->datagrams += 1;
	}
	return 1;
}

INLINE void rewrite_ethernet(struct packet *p, const struct member *to)
{
	__u16 *out = (void *)p->eth;
	for (int i = 0; i < 6; i++)
		out[i] = to->ethernet[i];
}

// Makes it a packet from the relay to a member, as if its socket had sent it.
INLINE void rewrite_ip4(struct packet *p, const struct member *to)
{
	__be16 *half = (void *)p->ip4; // 0: version and type of service, 4: hop limit
	__be16 from_half[2] = { half[0], half[4] };
	__be32 from[3] = { *(__be32 *)from_half, p->ip4->saddr, p->ip4->daddr };
	p->ip4->tos = 0;
	p->ip4->ttl = HOP_LIMIT;
	p->ip4->saddr = to->own.ip[3];
	p->ip4->daddr = to->address.ip[3];
	__be16 to_half[2] = { half[0], half[4] };
	__be32 into[3] = { *(__be32 *)to_half, p->ip4->saddr, p->ip4->daddr };
	__u32 seed = (__u16)~p->ip4->check;
	p->ip4->check = ~fold(difference(from, into, 3, seed));
}

INLINE void rewrite_ip6(struct packet *p, const struct member *to)
{
	*(__be32 *)p->ip6 = __builtin_bswap32(0x60000000); // no traffic class, no flow label
	p->ip6->hop_limit = HOP_LIMIT;
	__builtin_memcpy(&p->ip6->saddr, &to->own, sizeof to->own);
	__builtin_memcpy(&p->ip6->daddr, &to->address, sizeof to->address);
}

// What the UDP checksum covers of that which changes.
struct covered {
	struct header header;
	__be16 port; // the one that is not the relay's
	__be32 ip[8];
} __attribute__((aligned(4)));

INLINE void cover(struct covered *c, const struct packet *p, __be16 port, const int is_v6)
{
	c->header = *p->header;
	c->port = port;
	__builtin_memcpy(c->ip, is_v6 ? (void *)&p->ip6->saddr : (void *)&p->ip4->saddr,
			 is_v6 ? 32 : 8);
}

// The kernel may still have to make the checksum, or have the card do it: its helpers know.
INLINE void checksum_tc(void *ctx, struct covered *from, struct covered *to, const int is_v6)
{
	const __u32 at = sizeof(struct ethhdr) +
			 (is_v6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr)) +
			 __builtin_offsetof(struct udphdr, check);
	replace_checksum(ctx, at, 0, difference((void *)from, (void *)to, 2, 0),
			 BPF_F_MARK_MANGLED_0);
	replace_checksum(ctx, at, 0, difference(from->ip, to->ip, is_v6 ? 8 : 2, 0),
			 BPF_F_PSEUDO_HDR | BPF_F_MARK_MANGLED_0);
}

INLINE void checksum_xdp(struct packet *p, struct covered *from, struct covered *to,
			 const int is_v6)
{
	__u32 seed = (__u16)~p->udp->check;
	__u16 sum = ~fold(difference((void *)from, (void *)to, is_v6 ? 10 : 4, seed));
	p->udp->check = sum ? sum : 0xffff;
}

INLINE void rewrite(void *ctx, struct packet *p, const struct route *r, const struct member *to,
		    const int is_v6, const int is_tc)
{
	struct covered before, after;
	cover(&before, p, p->udp->source, is_v6);
	rewrite_ethernet(p, to);
	if (is_v6)
		rewrite_ip6(p, to);
	else
		rewrite_ip4(p, to);
	p->udp->source = p->udp->dest;
	p->udp->dest = to->port;
	*p->header = r->header;
	cover(&after, p, to->port, is_v6);
	if (!is_v6 && !p->udp->check) // the sender made none (RFC 768)
		return;
	if (is_tc)
		checksum_tc(ctx, &before, &after, is_v6);
	else
		checksum_xdp(p, &before, &after, is_v6);
}

// The kernel takes nothing from other interfaces on loopback that comes from itself.
INLINE int can_leave_by(__u32 out, __u32 in)
{
	return out && (out == in || (out != LOOPBACK && in != LOOPBACK));
}

INLINE enum verdict relay(void *ctx, void *data, void *end, __u32 length, __u32 in, __u32 *out,
			  const int is_v6, const int is_tc)
{
	struct packet p = { .interface = in };
	__u32 size = parse(&p, data, end, length, is_v6), zero = 0;
	const __be16 *port = look_up(&settings, &zero);
	if (!size || !port || p.udp->dest != *port)
		return PASS_UP;
	if (p.header->first == SEAL) {
		learn_by_key(&p, is_v6);
		return PASS_UP;
	}
	if (p.header->first != DATA && p.header->first != FRAME)
		return PASS_UP;
	if (size < MIN_DATAGRAM || size > MAX_DATAGRAM)
		return PASS_UP;
	struct route_key key = { .port = p.udp->source, .header = *p.header };
	set_source(&key.source, &p, is_v6);
	const struct route *r = look_up(&routes, &key);
	if (!r) {
		learn_by_key(&p, is_v6);
		return PASS_UP;
	}
	struct member *from = look_up(&members, &r->sender), *to = look_up(&members, &r->receiver);
	if (!from || !to || !learn(from, &p, is_v6))
		return PASS_UP;
	__u32 leave_by = to->interface;
	if (!can_leave_by(leave_by, in) || !charge(from, size))
		return PASS_UP;
	rewrite(ctx, &p, r, to, is_v6, is_tc);
	*out = leave_by;
	return SEND;
}

INLINE enum verdict dispatch(void *ctx, void *data, void *end, __u32 length, __u32 in, __u32 *out,
			     const int is_tc)
{
	const struct ethhdr *eth = data;
	if ((void *)(eth + 1) > end)
		return PASS_UP;
	if (eth->h_proto == TO_BIG_ENDIAN(ETH_P_IP))
		return relay(ctx, data, end, length, in, out, 0, is_tc);
	if (eth->h_proto == TO_BIG_ENDIAN(ETH_P_IPV6))
		return relay(ctx, data, end, length, in, out, 1, is_tc);
	return PASS_UP;
}

SECTION("xdp") int on_xdp(struct xdp_md *ctx)
{
	__u32 out = 0, in = ctx->ingress_ifindex;
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	if (dispatch(ctx, data, end, end - data, in, &out, 0) == PASS_UP)
		return XDP_PASS;
	return out == in ? XDP_TX : redirect(out, 0);
}

SECTION("tc") int on_tc(struct __sk_buff *ctx)
{
	enum { HEADERS = ETH_HLEN + sizeof(struct ipv6hdr) + sizeof(struct udphdr) +
			 sizeof(struct header) };
	// Several datagrams in one buffer, a tag that is not in the packet, another's packet.
	if (ctx->gso_segs > 1 || ctx->vlan_present || ctx->pkt_type != OWN_HOST)
		return TC_ACT_UNSPEC;
	__u32 size = ctx->len < HEADERS ? ctx->len : HEADERS, out = 0;
	if (ctx->data_end - ctx->data < size && make_linear(ctx, size))
		return TC_ACT_UNSPEC;
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	if (dispatch(ctx, data, end, ctx->len, ctx->ifindex, &out, 1) == PASS_UP)
		return TC_ACT_UNSPEC;
	return redirect(out, 0);
}
