#include "sip/rtp_event.h"

#include <string.h>

enum { CODES = 16, END = 0x80, DURATION_MAX = 0xffff, END_COPIES = 3 };

static const char digits[CODES + 1] = "0123456789*#ABCD"; /* RFC 4733 table 3 */

/* --- sending ------------------------------------------------------------------------------------
 */

static void fill(struct rtp_event_tx *e, uint32_t duration, bool end, struct rtp_event_packet *out)
{
	out->ts = e->start_ts;
	/* The marker tells the first packet of an event (2.2.1), not of its later segments. */
	out->marker = !e->started;
	out->payload[0] = e->code;
	out->payload[1] = (uint8_t)((end ? END : 0) | (e->level & 0x3f));
	out->payload[2] = (uint8_t)(duration >> 8);
	out->payload[3] = (uint8_t)duration;
	e->started = true;
}

/* An event longer than 0xffff goes on as another that begins where the first ends, with no end bit
 * between them (2.5.1.3). */
static unsigned segment(struct rtp_event_tx *e, uint32_t end_ts, struct rtp_event_packet *out)
{
	if (end_ts - e->start_ts <= DURATION_MAX)
		return 0;
	fill(e, DURATION_MAX, false, out);
	e->start_ts += DURATION_MAX;
	return 1;
}

unsigned rtp_event_tx_on(struct rtp_event_tx *e, char digit, uint8_t level, uint32_t ts,
			 struct rtp_event_packet out[RTP_EVENT_BATCH])
{
	const char *at = digit != 0 ? strchr(digits, digit) : NULL;
	unsigned n = 0;

	if (at == NULL || (e->sounding && e->code == at - digits))
		return 0;
	if (e->sounding)
		n = rtp_event_tx_off(e, ts, 0, out);
	/* The next digit does not wait for the copies of the last one's end. */
	for (; e->ends_left > 0 && n < RTP_EVENT_BATCH; e->ends_left--)
		fill(e, e->end_ts - e->start_ts, true, &out[n++]);
	*e = (struct rtp_event_tx){.sounding = true,
				   .code = (uint8_t)(at - digits),
				   .level = level > 63 ? 63 : level,
				   .start_ts = ts,
				   .next_ts = ts};
	return n;
}

unsigned rtp_event_tx_off(struct rtp_event_tx *e, uint32_t ts, unsigned interval,
			  struct rtp_event_packet out[RTP_EVENT_BATCH])
{
	/* Q.24: a digit under 40 ms need not be recognised. */
	enum { SHORTEST = 320 };
	unsigned n;

	if (!e->sounding)
		return 0;
	if (!e->started || ts - e->start_ts < SHORTEST)
		ts = e->start_ts + SHORTEST;
	n = segment(e, ts, out);
	e->sounding = false;
	e->end_ts = ts;
	e->ends_left = END_COPIES - 1;
	e->next_ts = ts + interval;
	fill(e, e->end_ts - e->start_ts, true, &out[n++]);
	return n;
}

unsigned rtp_event_tx_tick(struct rtp_event_tx *e, uint32_t ts, unsigned count, unsigned interval,
			   struct rtp_event_packet out[RTP_EVENT_BATCH])
{
	unsigned n = 0;

	if ((!e->sounding && e->ends_left == 0) || (int32_t)(ts - e->next_ts) < 0)
		return 0;
	e->next_ts = ts + interval;
	if (e->sounding) {
		n = segment(e, ts + count, out);
		fill(e, ts + count - e->start_ts, false, &out[n++]);
	} else {
		e->ends_left--;
		fill(e, e->end_ts - e->start_ts, true, &out[n++]);
	}
	return n;
}

/* --- receiving ----------------------------------------------------------------------------------
 */

static void push(struct rtp_event_rx *r, uint8_t code, bool on)
{
	r->edge[(r->first + r->count) % RTP_EVENT_EDGES] =
		(struct rtp_event_edge){digits[code], on};
	r->count++;
}

static void go_off(struct rtp_event_rx *r)
{
	if (r->sounding)
		push(r, r->code, false);
	r->sounding = false;
}

bool rtp_event_rx_packet(struct rtp_event_rx *r, const uint8_t *payload, size_t size, uint32_t ts,
			 uint64_t now_ns)
{
	uint8_t code;
	bool end;

	if (size < RTP_EVENT_OCTETS)
		return false;
	code = payload[0];
	end = payload[1] & END;
	if (code >= CODES)
		return true; /* hook flash, fax tones: nothing a line can hear */
	if (r->known && ts == r->ts && code == r->code) {
		/* An update, or another copy of the end. */
		if (!r->sounding)
			return true;
	} else if (r->known && r->sounding && code == r->code && ts == r->ts + DURATION_MAX) {
		r->ts = ts; /* next segment of a long one */
	} else {
		if (r->known && (int32_t)(ts - r->ts) < 0)
			return true; /* an old event, overtaken */
		/* Room for its off edge too, or a digit would sound for ever. */
		if (r->count + 3 > RTP_EVENT_EDGES)
			return true;
		go_off(r);
		r->known = r->sounding = true;
		r->code = code;
		r->ts = ts;
		push(r, code, true);
	}
	r->heard_ns = now_ns;
	if (end)
		go_off(r);
	return true;
}

void rtp_event_rx_expire(struct rtp_event_rx *r, uint64_t now_ns, uint64_t after_ns)
{
	if (r->sounding && now_ns > r->heard_ns + after_ns)
		go_off(r);
}

void rtp_event_rx_reset(struct rtp_event_rx *r)
{
	go_off(r);
	r->known = false;
}

bool rtp_event_rx_get(struct rtp_event_rx *r, char *digit, bool *on)
{
	if (r->count == 0)
		return false;
	*digit = r->edge[r->first].digit;
	*on = r->edge[r->first].on;
	r->first = (r->first + 1) % RTP_EVENT_EDGES;
	r->count--;
	return true;
}
