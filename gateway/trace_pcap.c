#include "gateway/trace_pcap.h"

#include "gateway/version.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

enum {
	BLOCK_SECTION = 0x0a0d0d0a,
	BLOCK_INTERFACE = 1,
	BLOCK_PACKET = 6,
	BYTE_ORDER_MAGIC = 0x1a2b3c4d,
	LINKTYPE_RAW = 101,
	LINKTYPE_LINUX_LAPD = 177,
	OPTION_COMMENT = 1,
	OPTION_NAME = 2,        /* of an interface */
	OPTION_DESCRIPTION = 3, /* of an interface */
	OPTION_PROGRAM = 4,     /* of a section */
	OPTION_FLAGS = 2,       /* of a packet */
	FLAG_INBOUND = 1,
	FLAG_OUTBOUND = 2,
	ARPHRD_LAPD = 8445,
	ETH_P_LAPD = 0x0030,
	PACKET_HOST = 0,
	PACKET_OUTGOING = 4,
	LAPD_HEADER = 16,
	IPV4_HEADER = 20,
	IPV6_HEADER = 40,
	UDP_HEADER = 8,
	BLOCK_MAX = 128 * 1024,
};

/* --- blocks: in our own byte order, each part filled up to four octets --- */

struct block {
	size_t len;
	uint8_t *data; /* BLOCK_MAX */
};

static void put(struct block *b, const void *p, size_t n)
{
	if (b->len + n > BLOCK_MAX)
		n = BLOCK_MAX - b->len;
	memcpy(b->data + b->len, p, n);
	b->len += n;
}

static void put_u16(struct block *b, unsigned v)
{
	uint16_t u = (uint16_t)v;

	put(b, &u, 2);
}

static void put_u32(struct block *b, uint32_t v)
{
	put(b, &v, 4);
}

static void put_filled(struct block *b, const void *p, size_t n)
{
	static const uint8_t zeros[4];

	put(b, p, n);
	put(b, zeros, (4 - n % 4) % 4);
}

static void put_option(struct block *b, unsigned code, const void *p, size_t n)
{
	put_u16(b, code);
	put_u16(b, (unsigned)n);
	put_filled(b, p, n);
}

static void put_text_option(struct block *b, unsigned code, const char *text)
{
	put_option(b, code, text, strlen(text));
}

static int block_begin(struct block *b, uint32_t type)
{
	b->len = 0;
	b->data = malloc(BLOCK_MAX);
	if (b->data == NULL)
		return -ENOMEM;
	put_u32(b, type);
	put_u32(b, 0); /* the length, once it is known */
	return 0;
}

static int block_end(struct block *b, FILE *out)
{
	put_u32(b, 0); /* end of options */
	uint32_t total = (uint32_t)b->len + 4;
	memcpy(b->data + 4, &total, 4);
	put_u32(b, total);
	size_t n = fwrite(b->data, 1, b->len, out);
	bool whole = n == b->len && fflush(out) == 0;
	free(b->data);
	return whole ? 0 : -EIO;
}

int trace_pcap_begin(struct trace_pcap *p, FILE *out)
{
	struct block b;

	memset(p, 0, sizeof(*p));
	p->out = out;
	int r = block_begin(&b, BLOCK_SECTION);
	if (r < 0)
		return r;
	put_u32(&b, BYTE_ORDER_MAGIC);
	put_u16(&b, 1);
	put_u16(&b, 0);
	put_u32(&b, 0xffffffff); /* the section's length is not known */
	put_u32(&b, 0xffffffff);
	put_text_option(&b, OPTION_PROGRAM, "tandemctl " TANDEM_VERSION);
	return block_end(&b, out);
}

/* --- interfaces --- */

static int write_interface(struct trace_pcap *p, const struct trace_message *m)
{
	struct block b;
	char what[64];
	int r = block_begin(&b, BLOCK_INTERFACE);

	if (r < 0)
		return r;
	put_u16(&b, m->is_sip ? LINKTYPE_RAW : LINKTYPE_LINUX_LAPD);
	put_u16(&b, 0);
	put_u32(&b, 0); /* no limit to a packet's length */
	put_text_option(&b, OPTION_NAME, m->is_sip ? "sip" : m->span);
	if (m->is_sip)
		snprintf(what, sizeof(what), "SIP");
	else
		snprintf(what, sizeof(what), "D-channel of trunk %s, %s side", m->trunk,
			 m->network ? "network" : "user");
	put_text_option(&b, OPTION_DESCRIPTION, what);
	return block_end(&b, p->out);
}

/* Its number, or -errno. */
static int interface_of(struct trace_pcap *p, const struct trace_message *m)
{
	unsigned i;

	for (i = 0; i < p->interface_count; i++)
		if (strcmp(p->interfaces[i], m->span) == 0)
			return (int)i;
	if (i == TRACE_PCAP_INTERFACES_MAX)
		return -ENOSPC;
	int r = write_interface(p, m);
	if (r < 0)
		return r;
	snprintf(p->interfaces[i], sizeof(p->interfaces[i]), "%s", m->span);
	p->interface_count++;
	return (int)i;
}

/* --- headers --- */

static void big16(uint8_t *at, unsigned v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

/* linux/if_packet.h's header as Wireshark reads it: direction, and whether we are the network. */
static size_t lapd_header(uint8_t out[LAPD_HEADER], const struct trace_message *m)
{
	memset(out, 0, LAPD_HEADER);
	big16(out, m->sent ? PACKET_OUTGOING : PACKET_HOST);
	big16(out + 2, ARPHRD_LAPD);
	big16(out + 4, 1);
	out[6] = m->network;
	big16(out + 14, ETH_P_LAPD);
	return LAPD_HEADER;
}

struct endpoint {
	int family;
	uint8_t addr[16];
	unsigned port;
};

static bool read_endpoint(struct endpoint *e, const char *text)
{
	char host[64];
	const char *colon = strrchr(text, ':');

	if (colon == NULL || (size_t)(colon - text) >= sizeof(host))
		return false;
	bool is_v6 = text[0] == '[';
	e->family = is_v6 ? AF_INET6 : AF_INET;
	e->port = (unsigned)strtoul(colon + 1, NULL, 10);
	snprintf(host, sizeof(host), "%.*s", (int)(colon - text - (is_v6 ? 2 : 0)), text + is_v6);
	return inet_pton(e->family, host, e->addr) == 1;
}

static uint32_t sum16(uint32_t sum, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i + 1 < n; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	return n % 2 != 0 ? sum + ((uint32_t)p[n - 1] << 8) : sum;
}

static unsigned folded(uint32_t sum)
{
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum & 0xffff;
}

static size_t ip_header(uint8_t *out, const struct endpoint *from, const struct endpoint *to,
			size_t payload)
{
	memset(out, 0, IPV6_HEADER);
	if (from->family == AF_INET6) {
		out[0] = 0x60;
		big16(out + 4, (unsigned)payload);
		out[6] = IPPROTO_UDP;
		out[7] = 64;
		memcpy(out + 8, from->addr, 16);
		memcpy(out + 24, to->addr, 16);
		return IPV6_HEADER;
	}
	out[0] = 0x45;
	big16(out + 2, (unsigned)(payload + IPV4_HEADER));
	out[8] = 64;
	out[9] = IPPROTO_UDP;
	memcpy(out + 12, from->addr, 4);
	memcpy(out + 16, to->addr, 4);
	big16(out + 10, folded(sum16(0, out, IPV4_HEADER)));
	return IPV4_HEADER;
}

/* 0: an address cannot be read, or both are not of one family, or it is too long for UDP. */
static size_t udp_headers(uint8_t *out, const struct trace_message *m)
{
	struct endpoint local, peer;
	size_t payload = m->len + UDP_HEADER;

	if (!read_endpoint(&local, m->local) || !read_endpoint(&peer, m->peer) ||
	    local.family != peer.family || payload + IPV4_HEADER > 0xffff)
		return 0;
	const struct endpoint *from = m->sent ? &local : &peer, *to = m->sent ? &peer : &local;
	size_t ip = ip_header(out, from, to, payload), addr = from->family == AF_INET6 ? 16 : 4;
	uint8_t *udp = out + ip;
	big16(udp, from->port);
	big16(udp + 2, to->port);
	big16(udp + 4, (unsigned)payload);
	big16(udp + 6, 0);
	uint32_t sum = sum16(IPPROTO_UDP + (uint32_t)payload, from->addr, addr);
	sum = sum16(sum16(sum16(sum, to->addr, addr), udp, UDP_HEADER), m->octets, m->len);
	unsigned check = folded(sum);
	big16(udp + 6, check != 0 ? check : 0xffff);
	return ip + UDP_HEADER;
}

/* --- packets --- */

int trace_pcap_write(struct trace_pcap *p, const struct trace_message *m)
{
	uint8_t header[IPV6_HEADER + UDP_HEADER];
	size_t n = m->is_sip ? udp_headers(header, m) : lapd_header(header, m);
	uint32_t flags = m->sent ? FLAG_OUTBOUND : FLAG_INBOUND;
	char comment[48];
	bool udp = !m->is_sip || strcmp(m->protocol, "udp") == 0;
	struct block b;

	if (n == 0)
		return -EBADMSG;
	int interface = interface_of(p, m);
	if (interface < 0)
		return interface;
	int r = block_begin(&b, BLOCK_PACKET);
	if (r < 0)
		return r;
	put_u32(&b, (uint32_t)interface);
	put_u32(&b, (uint32_t)(m->at_us >> 32));
	put_u32(&b, (uint32_t)m->at_us);
	put_u32(&b, (uint32_t)(n + m->len));
	put_u32(&b, (uint32_t)(n + m->len));
	put(&b, header, n);
	put(&b, m->octets, m->len);
	while (b.len % 4 != 0)
		put(&b, "", 1);
	put_option(&b, OPTION_FLAGS, &flags, sizeof(flags));
	if (m->call != 0) {
		snprintf(comment, sizeof(comment), "call %u", m->call);
		put_text_option(&b, OPTION_COMMENT, comment);
	}
	if (!udp)
		put_text_option(&b, OPTION_COMMENT, m->protocol);
	return block_end(&b, p->out);
}
