/* rtp_impl.h - a session inside: for rtp.c (life, receiving) and rtp_send.c (sending, reports). */
#ifndef SIP_RTP_IMPL_H
#define SIP_RTP_IMPL_H

#include "sip/jitter.h"
#include "sip/media_socket.h"
#include "sip/rtcp.h"
#include "sip/rtp.h"
#include "sip/rtp_event.h"
#include "sip/rtp_packet.h"

#include <stdatomic.h>

enum {
	RTP_PTIME_MIN = 10,
	RTP_PTIME_MAX = 60,
	RTP_SAMPLE_NS = 125000,
};
#define RTP_NTP_EPOCH_S 2208988800u /* 1900 to 1970 */

/* clang-format off */
#define RTP_COUNTERS(X) \
	X(tx_packets) X(tx_octets) X(tx_errors) X(rx_packets) X(rx_octets) X(foreign) X(malformed) \
	X(lost) X(late) X(duplicate) X(reordered) X(overflow) X(concealed) X(rtcp_rx) X(rtcp_tx) \
	X(rtcp_bad) X(jitter_us) X(delay_us) X(rtt_us) X(peer_loss) X(drift_ppb) X(last_rx_ns)
/* clang-format on */

struct rtp_shared_counts { /* written by the media worker only */
#define X(name) _Atomic uint64_t name;
	RTP_COUNTERS(X)
#undef X
};

struct rtp_session {
	struct media_sockets sockets;
	struct sip_media media;
	struct sockaddr_storage rtcp_to;
	char cname[RTCP_CNAME_MAX];
	uint32_t random;        /* state of a small generator, seeded at open */
	uint64_t ntp_offset_ns; /* time of day less CLOCK_MONOTONIC, at open */

	/* receiving */
	struct jitter jitter;
	struct rtcp_source source;
	struct rtp_event_rx event_rx;
	uint32_t old_ssrc;
	uint64_t ssrc_since_ns;
	uint64_t lost_before;     /* in streams before this one */
	uint64_t stragglers;      /* packets of the stream before, after the change */
	uint64_t expect_since_ns; /* the peer owes us packets since; 0 = not yet timed */
	unsigned rx_packet;       /* samples in the last audio packet */

	/* sending */
	uint32_t ssrc;
	uint16_t seq;
	uint32_t ts;                            /* of the next tick's first sample */
	uint64_t ts_at_ns;                      /* when that tick is due */
	uint8_t fill[(RTP_PTIME_MAX + 10) * 8]; /* octets of the packet being filled */
	unsigned filled;
	bool marker; /* the next audio packet begins a talkspurt */
	struct rtp_event_tx event_tx;
	uint32_t sent_packets, sent_octets; /* of this SSRC, for sender reports */

	bool watched; /* then the sockets are asked only when they have something: */
	bool rtp_waits, rtcp_waits;
	unsigned ticks;
	uint64_t now_ns;         /* of the last tick */
	uint64_t next_report_ns; /* 0 = none planned */
	bool first_report, sent_since_report, sent_before, byed;

	struct rtp_shared_counts counts;
};

static inline void rtp_set_count(_Atomic uint64_t *c, uint64_t value)
{
	atomic_store_explicit(c, value, memory_order_relaxed);
}

static inline void rtp_add_count(_Atomic uint64_t *c, uint64_t n)
{
	rtp_set_count(c, atomic_load_explicit(c, memory_order_relaxed) + n);
}

static inline uint32_t rtp_random(struct rtp_session *s)
{
	s->random ^= s->random << 13;
	s->random ^= s->random >> 17;
	s->random ^= s->random << 5;
	return s->random;
}

/* A place packets can go to: of the socket's own family. */
static inline bool rtp_usable(const struct rtp_session *s, const struct sockaddr_storage *addr)
{
	return addr->ss_family == s->sockets.local.ss_family && media_address_port(addr) != 0;
}

static inline bool rtp_may_send(const struct rtp_session *s)
{
	return s->media.send && rtp_usable(s, &s->media.remote);
}

/* rtp_send.c: a report, when it is time for one. */
void rtp_report_when_due(struct rtp_session *s, uint64_t now_ns);

#endif
