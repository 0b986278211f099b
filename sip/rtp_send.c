/* rtp_send.c - what leaves a session: audio, events, RTCP reports. */
#include "sip/rtp_impl.h"

#include <spandsp.h>
#include <string.h>

/* --- sending ------------------------------------------------------------------------------------
 */

/* data has RTP_HEADER octets of room before size octets of payload. */
static void send_packet(struct rtp_session *s, uint8_t *data, size_t size,
			const struct rtp_packet *head)
{
	struct rtp_packet p = *head;

	p.seq = s->seq++;
	p.ssrc = s->ssrc;
	rtp_packet_header(data, &p);
	s->sent_packets++;
	s->sent_octets += (uint32_t)size;
	s->sent_since_report = true;
	if (!media_socket_send(s->sockets.rtp, data, RTP_HEADER + size, &s->media.remote)) {
		rtp_add_count(&s->counts.tx_errors, 1);
		return;
	}
	rtp_add_count(&s->counts.tx_packets, 1);
	rtp_add_count(&s->counts.tx_octets, size);
}

static void send_events(struct rtp_session *s, const struct rtp_event_packet *e, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		uint8_t data[RTP_HEADER + RTP_EVENT_OCTETS];

		memcpy(data + RTP_HEADER, e[i].payload, RTP_EVENT_OCTETS);
		send_packet(s, data, RTP_EVENT_OCTETS,
			    &(struct rtp_packet){.marker = e[i].marker,
						 .type = s->media.dtmf_type,
						 .ts = e[i].ts});
	}
}

/* ts: of the first octet in s->fill. */
static void send_audio(struct rtp_session *s, unsigned size, uint32_t ts)
{
	uint8_t data[RTP_HEADER + RTP_PTIME_MAX * 8];

	memcpy(data + RTP_HEADER, s->fill, size);
	if (s->media.codec == SIP_PCMA)
		for (unsigned i = 0; i < size; i++)
			data[RTP_HEADER + i] = ulaw_to_alaw(data[RTP_HEADER + i]);
	send_packet(
		s, data, size,
		&(struct rtp_packet){.marker = s->marker, .type = s->media.payload_type, .ts = ts});
	s->marker = false;
	s->filled -= size;
	memmove(s->fill, s->fill + size, s->filled);
}

void rtp_session_send(struct rtp_session *s, const uint8_t in[RTP_TICK], uint64_t now_ns)
{
	unsigned packet = s->media.ptime_ms * 8u;
	uint32_t ts = s->ts;

	s->ts += RTP_TICK;
	s->ts_at_ns = now_ns;
	if (!rtp_may_send(s)) {
		s->filled = 0;
		s->marker = true;
		return;
	}
	if (s->media.dtmf_type != 0) {
		struct rtp_event_packet e[RTP_EVENT_BATCH];

		send_events(s, e, rtp_event_tx_tick(&s->event_tx, ts, RTP_TICK, packet, e));
	}
	if (in == NULL) {
		s->filled = 0;
		s->marker = true;
		return;
	}
	if (s->filled + RTP_TICK > sizeof(s->fill))
		s->filled = 0;
	ts -= s->filled;
	memcpy(s->fill + s->filled, in, RTP_TICK);
	s->filled += RTP_TICK;
	for (; s->filled >= packet; ts += packet)
		send_audio(s, packet, ts);
}

void rtp_session_digit(struct rtp_session *s, char digit, bool on, uint8_t level_dbm0)
{
	struct rtp_event_packet e[RTP_EVENT_BATCH];

	if (!rtp_session_sends_events(s))
		return;
	send_events(s, e,
		    on ? rtp_event_tx_on(&s->event_tx, digit, level_dbm0, s->ts, e)
		       : rtp_event_tx_off(&s->event_tx, s->ts, s->media.ptime_ms * 8u, e));
}

/* --- RTCP out -----------------------------------------------------------------------------------
 */

static void send_report(struct rtp_session *s, uint64_t now_ns, bool bye)
{
	uint8_t data[RTCP_PACKET_MAX];
	uint64_t wall_ns = now_ns + s->ntp_offset_ns;
	struct rtcp_sent mine = {
		.ssrc = s->ssrc,
		.cname = s->cname,
		.bye = bye,
		/* A sender is who sent since the report before the last (6.4). */
		.sender = s->sent_since_report || s->sent_before,
		.ntp = (wall_ns / 1000000000u + RTP_NTP_EPOCH_S) << 32 |
		       ((wall_ns % 1000000000u) << 32) / 1000000000u,
		.ts = s->ts + (uint32_t)(((int64_t)now_ns - (int64_t)s->ts_at_ns) / RTP_SAMPLE_NS),
		.packets = s->sent_packets,
		.octets = s->sent_octets,
	};
	size_t size = rtcp_build(data, &mine, &s->source, now_ns);

	rtp_add_count(media_socket_send(s->sockets.rtcp, data, size, &s->rtcp_to)
			      ? &s->counts.rtcp_tx
			      : &s->counts.tx_errors,
		      1);
	s->sent_before = s->sent_since_report;
	s->sent_since_report = s->first_report = false;
}

void rtp_report_when_due(struct rtp_session *s, uint64_t now_ns)
{
	if (!rtp_usable(s, &s->rtcp_to)) {
		s->next_report_ns = 0;
		return;
	}
	if (s->next_report_ns != 0 && now_ns >= s->next_report_ns) {
		send_report(s, now_ns, false);
		s->next_report_ns = 0;
	}
	if (s->next_report_ns == 0)
		s->next_report_ns = now_ns + rtcp_interval_ns(rtp_random(s), s->first_report);
}

void rtp_session_bye(struct rtp_session *s)
{
	/* 6.3.7: who never sent anything says no BYE. */
	if (s->byed || !rtp_usable(s, &s->rtcp_to) || (s->sent_packets == 0 && s->first_report))
		return;
	s->byed = true;
	send_report(s, s->now_ns, true);
}
