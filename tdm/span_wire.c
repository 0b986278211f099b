/* span_wire.c - a span carried as a pseudowire: RFC 5086 CESoPSN over UDP. */
#include "tdm/cesopsn.h"
#include "tdm/packet_span.h"
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum {
	PADDING_MAX = 64,   /* behind the longest packet, accepted */
	DSCP_EF_TOS = 0xb8, /* RFC 5086 8: expedited forwarding */
};

struct wire {
	struct tdm_packet_span packets; /* first: this is the span */
	struct tdm_wire_conf conf;
	uint32_t ssrc; /* RTP */
};

static const struct wire *wire_of(const struct tdm_packet_span *s)
{
	return (const struct wire *)s;
}

/* --- packets ----------------------------------------------------------------------------- */

static bool wire_is_peer(const struct tdm_packet_span *s, const struct tdm_packet_arrival *arrival)
{
	const struct sockaddr_storage *from = arrival->from, *peer = &s->socket.peer;

	if (from->ss_family != peer->ss_family)
		return false;
	if (from->ss_family == AF_INET) {
		const struct sockaddr_in *a = (const void *)from, *b = (const void *)peer;
		return a->sin_port == b->sin_port && a->sin_addr.s_addr == b->sin_addr.s_addr;
	}
	const struct sockaddr_in6 *a = (const void *)from, *b = (const void *)peer;
	return a->sin6_port == b->sin6_port &&
	       memcmp(&a->sin6_addr, &b->sin6_addr, sizeof(a->sin6_addr)) == 0 &&
	       (b->sin6_scope_id == 0 || a->sin6_scope_id == b->sin6_scope_id);
}

static bool wire_decode(const struct tdm_packet_span *s, struct tdm_packet *p,
			const struct tdm_packet_arrival *a)
{
	struct cesopsn_packet c;

	if (a->octets > CESOPSN_PACKET_MAX + PADDING_MAX ||
	    !cesopsn_parse(&c, a->data, a->octets, s->payload_octets))
		return false;
	*p = (struct tdm_packet){.sequence = c.sequence, .payload = c.payload};
	if (c.flags & CESOPSN_L)
		p->alarms |= TDM_ALARM_BLUE;
	if (c.flags & (CESOPSN_R | CESOPSN_RDI))
		p->alarms |= TDM_ALARM_YELLOW;
	return true;
}

static size_t wire_encode(const struct tdm_packet_span *s, uint8_t *out, const struct tdm_packet *p)
{
	const struct wire *w = wire_of(s);
	struct cesopsn_packet c = {
		.sequence = p->sequence,
		.rtp = {w->conf.rtp_header, p->frame, w->ssrc},
		.payload = p->payload,
		.payload_octets = s->payload_octets,
	};

	if (p->deaf)
		c.flags |= CESOPSN_R;
	if (p->alarms & TDM_ALARM_BLUE)
		c.flags |= CESOPSN_L;
	if (p->alarms & TDM_ALARM_YELLOW)
		c.flags |= CESOPSN_RDI;
	return cesopsn_encode(out, &c);
}

_Static_assert(CESOPSN_PACKET_MAX + 0 <= TDM_PACKET_OCTETS_MAX, "an encoded packet fits");

static const struct tdm_packet_line wire_line = {
	.is_peer = wire_is_peer,
	.decode = wire_decode,
	.encode = wire_encode,
	.run_frames = TDM_TICK_OCTETS,
	.slot_step = 1,
	.frame_step = TDM_SLOTS,
};

/* --- opening ----------------------------------------------------------------------------- */

static const char *check_addresses(const struct tdm_wire_conf *c)
{
	if (c->peer.ss_family != AF_INET && c->peer.ss_family != AF_INET6)
		return "peer: an IPv4 or IPv6 address";
	if (c->local.ss_family != c->peer.ss_family)
		return "local and peer: addresses of the same family";
	if (((const struct sockaddr_in *)&c->peer)->sin_port == 0) /* where IPv6 has it, too */
		return "peer: a port";
	return NULL;
}

static int bind_socket(int fd, const struct sockaddr_storage *local)
{
	int on = 1, tos = DSCP_EF_TOS;
	socklen_t octets = sizeof(struct sockaddr_in);

	if (local->ss_family == AF_INET6) {
		octets = sizeof(struct sockaddr_in6);
		if (setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) != 0)
			return -errno;
		setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &tos, sizeof(tos));
	} else {
		setsockopt(fd, IPPROTO_IP, IP_TOS, &tos, sizeof(tos));
	}
	return bind(fd, (const struct sockaddr *)local, octets) == 0 ? 0 : -errno;
}

static int open_socket(struct tdm_packet_socket *s, const struct tdm_wire_conf *c, char *err,
		       size_t err_size)
{
	int r = tdm_packet_socket_open(s, c->local.ss_family, CESOPSN_PACKET_MAX + PADDING_MAX);

	if (r == 0) {
		s->peer = c->peer;
		r = bind_socket(s->fd, &c->local);
	}
	if (r != 0)
		snprintf(err, err_size, "cannot open the pseudowire's socket: %s", strerror(-r));
	return r;
}

static int wire_open(struct tdm_span **out, const struct tdm_span_conf *conf, char *err,
		     size_t err_size)
{
	const char *wrong = tdm_packet_span_check(conf, conf->wire.frames_per_packet);
	struct wire *w;

	*out = NULL;
	if (wrong == NULL)
		wrong = check_addresses(&conf->wire);
	if (wrong != NULL) {
		snprintf(err, err_size, "%s", wrong);
		return -EINVAL;
	}
	w = calloc(1, sizeof(*w));
	if (w == NULL) {
		snprintf(err, err_size, "out of memory");
		return -ENOMEM;
	}
	w->conf = conf->wire;
	/* RFC 3550 8.1; with one source 0 would do, too. */
	(void)!getrandom(&w->ssrc, sizeof(w->ssrc), 0);
	int r = tdm_packet_span_init(&w->packets, &tdm_backend_wire, &wire_line, conf,
				     conf->wire.frames_per_packet, err, err_size);
	if (r == 0)
		r = open_socket(&w->packets.socket, &w->conf, err, err_size);
	if (r != 0) {
		tdm_packet_span_close(&w->packets.span);
		return r;
	}
	*out = &w->packets.span;
	return 0;
}

const struct tdm_backend tdm_backend_wire = {
	.open = wire_open,
	.close = tdm_packet_span_close,
	.fd = tdm_packet_span_fd,
	.service = tdm_packet_span_service,
	.exchange = tdm_packet_span_exchange,
	.dchan_recv = tdm_packet_span_dchan_recv,
	.dchan_send = tdm_packet_span_dchan_send,
	.set_loop = tdm_packet_span_set_loop,
	.slot_counts = tdm_packet_span_slot_counts,
	.counts = tdm_packet_span_counts,
};
