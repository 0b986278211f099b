/* rtp_rig.h - two RTP sessions on loopback, or one and a peer of bare datagrams, in virtual time.
 * Included after sip/rtp.c, whose insides it sees. */
#ifndef TESTS_UNIT_SIP_RTP_RIG_H
#define TESTS_UNIT_SIP_RTP_RIG_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { MS = 1000000, TICK_MS = 10 };

static uint64_t now_ns;

static struct rtp_session *open_session(int family)
{
	struct rtp_conf conf;
	struct rtp_session *s;
	const int off = 0;

	rtp_conf_default(&conf);
	if (family == AF_INET6) {
		conf.addr.ss_family = AF_INET6;
		((struct sockaddr_in6 *)&conf.addr)->sin6_addr = in6addr_loopback;
	} else {
		((struct sockaddr_in *)&conf.addr)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	}
	assert_int_equal(rtp_session_open(&s, &conf), 0);
	/* Time is virtual: how long a datagram really lay in the socket must not matter. */
	setsockopt(s->sockets.rtp, SOL_SOCKET, SO_TIMESTAMPNS, &off, sizeof(off));
	setsockopt(s->sockets.rtcp, SOL_SOCKET, SO_TIMESTAMPNS, &off, sizeof(off));
	return s;
}

static struct sip_media towards(const struct rtp_session *peer)
{
	struct sip_media m = {.codec = SIP_PCMU,
			      .payload_type = 0,
			      .dtmf_type = 101,
			      .ptime_ms = 20,
			      .send = true,
			      .recv = true};

	rtp_session_local(peer, &m.remote);
	return m;
}

struct pair {
	struct rtp_session *a, *b;
	struct sip_media ma, mb; /* what a and b were told */
};

static void pair_open(struct pair *p)
{
	now_ns = 5000ull * MS;
	p->a = open_session(AF_INET);
	p->b = open_session(AF_INET);
	p->ma = towards(p->b);
	p->mb = towards(p->a);
	rtp_session_set(p->a, &p->ma);
	rtp_session_set(p->b, &p->mb);
}

static void pair_close(struct pair *p)
{
	rtp_session_close(p->a);
	rtp_session_close(p->b);
}

/* A peer of bare datagrams in b's place. */
struct raw {
	struct rtp_session *s;
	struct media_sockets sockets;
	struct sip_media m;
	struct sockaddr_storage to, to_rtcp;
};

static void raw_open(struct raw *r)
{
	struct rtp_conf conf;

	now_ns = 5000ull * MS;
	rtp_conf_default(&conf);
	((struct sockaddr_in *)&conf.addr)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(media_sockets_open(&r->sockets, &conf.addr, conf.port_min, conf.port_max),
			 0);
	r->s = open_session(AF_INET);
	rtp_session_local(r->s, &r->to);
	media_address_next_port(&r->to_rtcp, &r->to);
	r->m = towards(r->s);
	r->m.remote = r->sockets.local;
	rtp_session_set(r->s, &r->m);
}

static void raw_close(struct raw *r)
{
	media_sockets_close(&r->sockets);
	rtp_session_close(r->s);
}

/* The next datagram the session sent; false: none. */
static bool raw_recv(struct raw *r, uint8_t data[MEDIA_DATAGRAM_MAX])
{
	ssize_t n = recv(r->sockets.rtp, data, MEDIA_DATAGRAM_MAX, MSG_DONTWAIT);

	return n >= 0;
}

struct head {
	uint16_t seq;
	uint32_t ts, ssrc;
};

static void raw_send(struct raw *r, struct head h, uint8_t type, const uint8_t *payload,
		     size_t size)
{
	uint8_t data[2048] = {0x80, type, (uint8_t)(h.seq >> 8), (uint8_t)h.seq};

	put32(put32(data + 4, h.ts), h.ssrc);
	memcpy(data + RTP_HEADER, payload, size);
	assert_true(media_socket_send(r->sockets.rtp, data, RTP_HEADER + size, &r->to));
}

#endif
