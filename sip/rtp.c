#include "sip/rtp.h"

#include "gateway/base/clock.h"
#include "sip/rtp_impl.h"

#include <errno.h>
#include <spandsp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>

enum {
	PAYLOAD_MAX = 960, /* 120 ms */
	PAYLOAD_MIN = 8,   /* 1 ms */
	PTIME_DEFAULT = 20,
	PT_PCMU = 0,
	PT_PCMA = 8,     /* RFC 3551 table 4 */
	DRAIN_MAX = 256, /* datagrams read in one tick: a flood must not hold it */
	RTCP_TICKS = 10,
};
static const uint64_t STALE_NS = 200000000; /* too old to play: it lay there before we listened */
static const uint64_t OLD_SSRC_NS = 500000000;   /* stragglers of the stream before */
static const uint64_t EVENT_LOST_NS = 150000000; /* 3 updates of the slowest sender, 50 ms */
static const uint64_t EVENT_PAUSE_NS = 150000000;

/* --- open, close --------------------------------------------------------------------------------
 */

void rtp_conf_default(struct rtp_conf *conf)
{
	memset(conf, 0, sizeof(*conf));
	conf->addr.ss_family = AF_INET;
	conf->port_min = 16384;
	conf->port_max = 32767;
	conf->jitter_min_ms = 2;
	conf->jitter_max_ms = 120;
}

int rtp_session_open(struct rtp_session **out, const struct rtp_conf *conf)
{
	struct {
		uint32_t random, ssrc, ts, cname[3];
		uint16_t seq;
	} seed;
	struct rtp_session *s;
	int err;

	*out = NULL;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return -ENOMEM;
	s->sockets.rtp = s->sockets.rtcp = -1;
	/* RFC 3550 5.1 and 6.5.1: all of these unpredictable. */
	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed)) {
		err = -errno;
		goto fail;
	}
	err = media_sockets_open(&s->sockets, &conf->addr, conf->port_min, conf->port_max);
	if (err != 0)
		goto fail;
	s->random = seed.random | 1;
	s->ssrc = seed.ssrc;
	s->ts = seed.ts;
	s->seq = seed.seq;
	snprintf(s->cname, sizeof(s->cname), "%08x%08x%08x", seed.cname[0], seed.cname[1],
		 seed.cname[2]);
	s->ntp_offset_ns = clock_ns(CLOCK_REALTIME) - clock_mono_ns();
	s->marker = s->first_report = true;
	jitter_init(&s->jitter, conf->jitter_min_ms, conf->jitter_max_ms);
	*out = s;
	return 0;
fail:
	rtp_session_close(s);
	return err;
}

void rtp_session_close(struct rtp_session *s)
{
	if (s == NULL)
		return;
	media_sockets_close(&s->sockets);
	free(s);
}

void rtp_session_local(const struct rtp_session *s, struct sockaddr_storage *out)
{
	*out = s->sockets.local;
}

/* --- what was agreed ----------------------------------------------------------------------------
 */

/* Port 0 refuses the stream; an address of the other family cannot be reached from our socket. */
static bool may_recv(const struct rtp_session *s)
{
	return s->media.recv && rtp_usable(s, &s->media.remote);
}

void rtp_session_set(struct rtp_session *s, const struct sip_media *m)
{
	bool moved = !media_address_same(&s->media.remote, &m->remote);

	s->media = *m;
	jitter_set_data(&s->jitter, m->codec == SIP_CLEARMODE);
	if (s->media.ptime_ms == 0)
		s->media.ptime_ms = PTIME_DEFAULT;
	if (s->media.ptime_ms < RTP_PTIME_MIN)
		s->media.ptime_ms = RTP_PTIME_MIN;
	if (s->media.ptime_ms > RTP_PTIME_MAX)
		s->media.ptime_ms = RTP_PTIME_MAX;
	s->rtcp_to = m->remote_rtcp;
	if (!rtp_usable(s, &s->rtcp_to) && rtp_usable(s, &m->remote))
		media_address_next_port(&s->rtcp_to, &m->remote);
	if (moved || !may_recv(s)) {
		jitter_restart(&s->jitter);
		rtp_event_rx_reset(&s->event_rx);
	}
	if (!rtp_may_send(s))
		s->event_tx = (struct rtp_event_tx){0};
	s->expect_since_ns = 0;
}

bool rtp_session_sends_events(const struct rtp_session *s)
{
	return s->media.dtmf_type != 0 && rtp_may_send(s);
}

/* --- receiving ----------------------------------------------------------------------------------
 */

/* The codec a payload type means.  A peer that was offered both codecs may change between them
 * (RFC 3264 5.1), so either static type is understood. */
static bool codec_of(const struct rtp_session *s, uint8_t type, enum sip_codec *out)
{
	if (type == s->media.payload_type || type == s->media.payload_type_in)
		*out = s->media.codec;
	else if (s->media.codec == SIP_CLEARMODE)
		return false;
	else if (type == PT_PCMU)
		*out = SIP_PCMU;
	else if (type == PT_PCMA)
		*out = SIP_PCMA;
	else
		return false;
	return true;
}

/* True: the packet is of the stream that counts now. */
static bool follow_ssrc(struct rtp_session *s, const struct rtp_packet *p, uint64_t now_ns)
{
	if (s->source.known && p->ssrc == s->source.ssrc)
		return true;
	if (s->source.known && p->ssrc == s->old_ssrc && now_ns < s->ssrc_since_ns + OLD_SSRC_NS) {
		s->stragglers++;
		return false;
	}
	if (p->ssrc == s->ssrc) {
		/* RFC 3550 8.2: whoever finds the collision takes another one. */
		s->ssrc = rtp_random(s);
		s->sent_packets = s->sent_octets = 0;
	}
	if (s->source.known) {
		s->lost_before += rtcp_source_lost(&s->source);
		s->old_ssrc = s->source.ssrc;
		s->ssrc_since_ns = now_ns;
		jitter_restart(&s->jitter);
		rtp_event_rx_reset(&s->event_rx);
	}
	rtcp_source_start(&s->source, p->ssrc, p->seq);
	return true;
}

static void take_audio(struct rtp_session *s, const struct rtp_packet *p, enum sip_codec codec,
		       uint64_t arrival_ns)
{
	uint8_t ulaw[PAYLOAD_MAX];
	struct jitter_packet jp = {p->ts, arrival_ns, p->payload, (unsigned)p->size};

	s->rx_packet = (unsigned)p->size;
	if (codec == SIP_PCMA) {
		for (size_t i = 0; i < p->size; i++)
			ulaw[i] = alaw_to_ulaw(p->payload[i]);
		jp.ulaw = ulaw;
	}
	rtcp_source_arrival(&s->source, p->ts, arrival_ns);
	jitter_put(&s->jitter, &jp);
}

/* RFC 3264 6.1: the peer sends on the type of our offer; some use that of their answer. */
static bool is_event(const struct sip_media *m, uint8_t type)
{
	return type != 0 && (type == m->dtmf_type || type == m->dtmf_type_in);
}

static void take_rtp(struct rtp_session *s, const uint8_t *data, size_t size, uint64_t arrival_ns,
		     uint64_t now_ns)
{
	enum sip_codec codec = SIP_PCMU;
	struct rtp_packet p;
	enum rtcp_order order;
	bool event;

	if (!rtp_packet_parse(data, size, &p)) {
		rtp_add_count(&s->counts.malformed, 1);
		return;
	}
	event = is_event(&s->media, p.type);
	if (event ? p.size < RTP_EVENT_OCTETS
		  : !codec_of(s, p.type, &codec) || p.size < PAYLOAD_MIN || p.size > PAYLOAD_MAX) {
		rtp_add_count(&s->counts.malformed, 1);
		return;
	}
	if (!follow_ssrc(s, &p, now_ns))
		return;
	rtp_add_count(&s->counts.rx_packets, 1);
	rtp_add_count(&s->counts.rx_octets, p.size);
	rtp_set_count(&s->counts.last_rx_ns, now_ns);
	order = rtcp_source_packet(&s->source, p.seq);
	if (order == RTCP_DUPLICATE) {
		rtp_add_count(&s->counts.duplicate, 1);
		return;
	}
	if (order == RTCP_REORDERED)
		rtp_add_count(&s->counts.reordered, 1);
	if (!s->media.recv)
		return;
	if (event)
		rtp_event_rx_packet(&s->event_rx, p.payload, p.size, p.ts, now_ns);
	else
		take_audio(s, &p, codec, arrival_ns);
}

static void take_rtcp(struct rtp_session *s, const uint8_t *data, size_t size, uint64_t arrival_ns)
{
	struct rtcp_heard heard;

	if (!rtcp_parse(data, size, s->ssrc, &heard)) {
		rtp_add_count(&s->counts.rtcp_bad, 1);
		return;
	}
	rtp_add_count(&s->counts.rtcp_rx, 1);
	if (heard.sr && s->source.known && heard.sr_ssrc == s->source.ssrc) {
		s->source.sr_ntp = heard.sr_ntp;
		s->source.sr_at_ns = arrival_ns;
	}
	if (!heard.report)
		return;
	rtp_set_count(&s->counts.peer_loss, heard.fraction_lost);
	if (heard.lsr != 0) {
		/* RFC 3550 6.4.1; a peer that miscounts its delay makes it negative or huge. */
		uint64_t ntp_ns = arrival_ns + s->ntp_offset_ns;
		uint64_t seconds = ntp_ns / 1000000000u + RTP_NTP_EPOCH_S;
		uint32_t now =
			(uint32_t)(seconds << 16 | (ntp_ns % 1000000000u) * 65536 / 1000000000u);
		int32_t rtt = (int32_t)(now - heard.lsr - heard.dlsr);

		/* At least 1, as 0 says it is not known. */
		if (rtt >= 0 && rtt < 60 * 65536)
			rtp_set_count(&s->counts.rtt_us, ((uint64_t)rtt * 1000000 >> 16) + 1);
	}
}

/* --- each tick ----------------------------------------------------------------------------------
 */

static void take(struct rtp_session *s, bool rtcp, const struct media_datagram *d, uint64_t now_ns)
{
	const struct sockaddr_storage *peer = rtcp ? &s->rtcp_to : &s->media.remote;

	if (!rtp_usable(s, peer) || !media_address_same(&d->from, peer))
		rtp_add_count(&s->counts.foreign, 1);
	else if (rtcp)
		take_rtcp(s, d->data, d->size, now_ns - d->age_ns);
	else if (d->cut)
		rtp_add_count(&s->counts.malformed, 1);
	else if (d->age_ns > STALE_NS)
		s->stragglers++;
	else
		take_rtp(s, d->data, d->size, now_ns - d->age_ns, now_ns);
}

static void drain(struct rtp_session *s, bool rtcp, uint64_t now_ns)
{
	for (unsigned read = 0; read < DRAIN_MAX; read += MEDIA_BATCH) {
		struct media_datagram d[MEDIA_BATCH];
		unsigned n = media_socket_recv(rtcp ? s->sockets.rtcp : s->sockets.rtp, d);

		for (unsigned i = 0; i < n; i++)
			take(s, rtcp, &d[i], now_ns);
		if (n < MEDIA_BATCH)
			return;
	}
}

int rtp_session_watch(struct rtp_session *s, int epoll_fd)
{
	struct epoll_event rtp = {.events = EPOLLIN, .data.ptr = &s->rtp_waits};
	struct epoll_event rtcp = {.events = EPOLLIN, .data.ptr = &s->rtcp_waits};

	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, s->sockets.rtp, &rtp) != 0)
		return -errno;
	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, s->sockets.rtcp, &rtcp) != 0) {
		int err = -errno;

		epoll_ctl(epoll_fd, EPOLL_CTL_DEL, s->sockets.rtp, NULL);
		return err;
	}
	s->watched = true;
	return 0;
}

void rtp_session_unwatch(struct rtp_session *s, int epoll_fd)
{
	if (!s->watched)
		return;
	s->watched = false;
	epoll_ctl(epoll_fd, EPOLL_CTL_DEL, s->sockets.rtp, NULL);
	epoll_ctl(epoll_fd, EPOLL_CTL_DEL, s->sockets.rtcp, NULL);
}

void rtp_session_receive(struct rtp_session *s, uint64_t now_ns)
{
	uint64_t event_lost_ns = 3 * (uint64_t)s->rx_packet * RTP_SAMPLE_NS;

	s->now_ns = now_ns;
	if (s->expect_since_ns == 0)
		s->expect_since_ns = now_ns;
	if (s->rtp_waits || !s->watched)
		drain(s, false, now_ns);
	/* The kernel notes when reports came: they need no system call in every tick. */
	if (s->watched ? s->rtcp_waits : s->ticks++ % RTCP_TICKS == 0)
		drain(s, true, now_ns);
	s->rtp_waits = s->rtcp_waits = false;
	rtp_event_rx_expire(&s->event_rx, now_ns,
			    event_lost_ns > EVENT_LOST_NS ? event_lost_ns : EVENT_LOST_NS);
	rtp_report_when_due(s, now_ns);
	rtp_set_count(&s->counts.lost, s->lost_before + rtcp_source_lost(&s->source));
	rtp_set_count(&s->counts.jitter_us, (uint64_t)(s->source.jitter_x16 >> 4) * 125);
}

bool rtp_session_play(struct rtp_session *s, uint8_t out[RTP_TICK], uint64_t now_ns)
{
	bool played;

	if (!may_recv(s)) {
		memset(out, 0xff, RTP_TICK);
		return false;
	}
	played = jitter_play(&s->jitter, out, now_ns);
	/* Audio pauses while an event is sent, and starts with a whole packet after it. */
	if (s->event_rx.known && now_ns < s->event_rx.heard_ns + EVENT_PAUSE_NS)
		jitter_excuse(&s->jitter);
	rtp_set_count(&s->counts.late, s->jitter.late + s->stragglers);
	rtp_set_count(&s->counts.overflow, s->jitter.overflow);
	rtp_set_count(&s->counts.concealed, s->jitter.concealed);
	rtp_set_count(&s->counts.delay_us, jitter_delay_us(&s->jitter));
	rtp_set_count(&s->counts.drift_ppb, (uint64_t)(int64_t)s->jitter.transit.drift_ppb);
	return played;
}

bool rtp_session_event(struct rtp_session *s, char *digit, bool *on)
{
	return rtp_event_rx_get(&s->event_rx, digit, on);
}

bool rtp_session_has_heard(const struct rtp_session *s)
{
	return atomic_load_explicit(&s->counts.rx_packets, memory_order_relaxed) != 0;
}

uint64_t rtp_session_silent_ns(const struct rtp_session *s, uint64_t now_ns)
{
	uint64_t last_ns = atomic_load_explicit(&s->counts.last_rx_ns, memory_order_relaxed);

	if (!may_recv(s) || s->expect_since_ns == 0)
		return 0;
	if (last_ns < s->expect_since_ns)
		last_ns = s->expect_since_ns;
	return now_ns > last_ns ? now_ns - last_ns : 0;
}

/* --- counts -------------------------------------------------------------------------------------
 */

void rtp_session_counts(const struct rtp_session *s, struct rtp_counts *out)
{
	memset(out, 0, sizeof(*out));
#define X(name)                                                                                    \
	out->name = (__typeof__(out->name))atomic_load_explicit(&s->counts.name,                   \
								memory_order_relaxed);
	RTP_COUNTERS(X)
#undef X
}
