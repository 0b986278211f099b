#include "sip/rtcp.h"

#include "sip/octets.h"

#include <string.h>

enum {
	RTCP_SR = 200,
	RTCP_RR = 201,
	RTCP_SDES = 202,
	RTCP_BYE = 203,
	SDES_CNAME = 1,
	DROPOUT_MAX = 3000, /* RFC 3550 A.1 */
	MISORDER_MAX = 100,
	SEQ_MOD = 1 << 16,
	SAMPLE_NS = 125000,
};

/* --- what we receive ----------------------------------------------------------------------------
 */

void rtcp_source_start(struct rtcp_source *s, uint32_t ssrc, uint16_t seq)
{
	memset(s, 0, sizeof(*s));
	s->known = true;
	s->ssrc = ssrc;
	/* One cycle up, so that a packet from before the first one has a number. */
	s->base_seq = s->max_seq = SEQ_MOD + seq;
	s->bad_seq = SEQ_MOD;
}

static void renumber(struct rtcp_source *s, uint16_t seq)
{
	uint32_t lost = rtcp_source_lost(s);

	/* The sender began anew: what was lost before stays counted. */
	s->max_seq = SEQ_MOD + seq;
	s->base_seq = s->max_seq - s->unique - lost;
	s->seen = 0;
	s->bad_seq = SEQ_MOD;
}

enum rtcp_order rtcp_source_packet(struct rtcp_source *s, uint16_t seq)
{
	uint16_t ahead = (uint16_t)(seq - (uint16_t)s->max_seq);
	uint16_t behind = (uint16_t)-ahead;

	s->received++;
	if (s->received == 1) {
		s->unique = 1;
		s->seen = 1;
		return RTCP_NEXT;
	}
	if (ahead > 0 && ahead < DROPOUT_MAX) {
		s->max_seq += ahead;
		s->seen = ahead < 64 ? s->seen << ahead | 1 : 1;
		s->unique++;
		return RTCP_NEXT;
	}
	if (behind <= MISORDER_MAX) {
		if (behind >= 64 || (s->seen >> behind & 1))
			return RTCP_DUPLICATE;
		s->seen |= (uint64_t)1 << behind;
		s->unique++;
		return RTCP_REORDERED;
	}
	/* A leap is believed when the next packet confirms it (A.1); its audio is judged by its
	 * timestamp, so it need not wait. */
	if (seq == s->bad_seq) {
		renumber(s, seq);
		s->unique++;
		s->seen = 1;
	} else {
		s->received--;
		s->bad_seq = (seq + 1) & (SEQ_MOD - 1);
	}
	return RTCP_NEXT;
}

void rtcp_source_arrival(struct rtcp_source *s, uint32_t ts, uint64_t arrival_ns)
{
	uint32_t transit = (uint32_t)(arrival_ns / SAMPLE_NS) - ts;
	int32_t d = (int32_t)(transit - s->transit);

	s->transit = transit;
	if (!s->transit_known) {
		s->transit_known = true;
		return;
	}
	if (d < 0)
		d = d == INT32_MIN ? INT32_MAX : -d;
	/* A leap of the timestamp says nothing about the network. */
	if (d > 8000)
		return;
	s->jitter_x16 += (uint32_t)d - ((s->jitter_x16 + 8) >> 4);
}

uint32_t rtcp_source_lost(const struct rtcp_source *s)
{
	uint32_t expected = s->max_seq - s->base_seq + 1;

	return s->known && expected > s->unique ? expected - s->unique : 0;
}

/* --- writing ------------------------------------------------------------------------------------
 */

/* Fills in the length of the packet that began at head and ends at p. */
static uint8_t *finish(uint8_t *head, uint8_t *p, unsigned count, unsigned type)
{
	size_t words = (size_t)(p - head) / 4 - 1;

	head[0] = (uint8_t)(0x80 | count);
	head[1] = (uint8_t)type;
	head[2] = (uint8_t)(words >> 8);
	head[3] = (uint8_t)words;
	return p;
}

static uint8_t *put_block(uint8_t *p, struct rtcp_source *s, uint64_t now_ns)
{
	uint32_t expected = s->max_seq - s->base_seq + 1;
	uint32_t expected_now = expected - s->expected_prior;
	uint32_t received_now = s->received - s->received_prior;
	int64_t lost = (int64_t)expected - s->received;
	uint32_t fraction = 0, delay = 0;

	if (expected_now > received_now && expected_now < INT32_MAX)
		fraction =
			(uint32_t)(((uint64_t)(expected_now - received_now) << 8) / expected_now);
	if (fraction > 255)
		fraction = 255;
	s->expected_prior = expected;
	s->received_prior = s->received;
	lost = lost > 0x7fffff ? 0x7fffff : lost < -0x800000 ? -0x800000 : lost;
	if (s->sr_ntp != 0)
		delay = (uint32_t)((now_ns - s->sr_at_ns) / 1000 * 65536 / 1000000);
	p = put32(p, s->ssrc);
	p = put32(p, fraction << 24 | ((uint32_t)lost & 0xffffff));
	p = put32(p, s->max_seq - SEQ_MOD);
	p = put32(p, s->jitter_x16 >> 4);
	p = put32(p, s->sr_ntp);
	return put32(p, delay);
}

static uint8_t *put_sdes(uint8_t *p, const struct rtcp_sent *mine)
{
	uint8_t *head = p;
	size_t len = strnlen(mine->cname, RTCP_CNAME_MAX);

	p = put32(p + 4, mine->ssrc);
	*p++ = SDES_CNAME;
	*p++ = (uint8_t)len;
	memcpy(p, mine->cname, len);
	p += len;
	/* The list of items ends with at least one null octet and is padded to a word. */
	do
		*p++ = 0;
	while ((p - head) % 4 != 0);
	return finish(head, p, 1, RTCP_SDES);
}

size_t rtcp_build(uint8_t out[RTCP_PACKET_MAX], const struct rtcp_sent *mine,
		  struct rtcp_source *source, uint64_t now_ns)
{
	bool block = source->known && source->received > 0;
	uint8_t *p = put32(out + 4, mine->ssrc), *head;

	if (mine->sender) {
		p = put32(p, (uint32_t)(mine->ntp >> 32));
		p = put32(p, (uint32_t)mine->ntp);
		p = put32(p, mine->ts);
		p = put32(p, mine->packets);
		p = put32(p, mine->octets);
	}
	if (block)
		p = put_block(p, source, now_ns);
	p = finish(out, p, block, mine->sender ? RTCP_SR : RTCP_RR);
	p = put_sdes(p, mine);
	if (mine->bye) {
		head = p;
		p = finish(head, put32(p + 4, mine->ssrc), 1, RTCP_BYE);
	}
	return (size_t)(p - out);
}

/* --- reading ------------------------------------------------------------------------------------
 */

static bool parse_one(const uint8_t *p, size_t size, uint32_t our_ssrc, struct rtcp_heard *out)
{
	unsigned count = p[0] & 0x1f, type = p[1];
	size_t blocks = type == RTCP_SR ? 28 : 8;

	if (type == RTCP_BYE) {
		if (size < 4 + (size_t)count * 4)
			return false;
		out->bye = true;
		return true;
	}
	if (type != RTCP_SR && type != RTCP_RR)
		return true;
	if (size < blocks + (size_t)count * 24)
		return false;
	if (type == RTCP_SR) {
		out->sr = true;
		out->sr_ssrc = get32(p + 4);
		out->sr_ntp = get32(p + 10);
	}
	for (unsigned i = 0; i < count; i++) {
		const uint8_t *b = p + blocks + (size_t)i * 24;

		if (get32(b) != our_ssrc)
			continue;
		out->report = true;
		out->fraction_lost = b[4];
		out->lsr = get32(b + 16);
		out->dlsr = get32(b + 20);
	}
	return true;
}

bool rtcp_parse(const uint8_t *data, size_t size, uint32_t our_ssrc, struct rtcp_heard *out)
{
	size_t at = 0;

	memset(out, 0, sizeof(*out));
	if (size < 8 || size % 4 != 0 || (data[1] != RTCP_SR && data[1] != RTCP_RR))
		return false;
	while (at < size) {
		const uint8_t *p = data + at;
		size_t len;

		/* size is a multiple of 4, so a header is there. */
		if (p[0] >> 6 != 2)
			return false;
		len = ((size_t)p[2] << 8 | p[3]) * 4 + 4;
		if (len > size - at)
			return false;
		/* Only the last packet may be padded. */
		if ((p[0] & 0x20) && (at + len != size || p[len - 1] == 0 || p[len - 1] > len - 4))
			return false;
		if (!parse_one(p, (p[0] & 0x20) ? len - p[len - 1] : len, our_ssrc, out))
			return false;
		at += len;
	}
	return true;
}

uint64_t rtcp_interval_ns(uint32_t random, bool first)
{
	/* With two members and 64 kbit/s the bandwidth share never asks for more than the minimum
	 * of 5 s, half for the first report (6.2).  Spread over 0.5 to 1.5 of it and divided by
	 * e - 3/2, 6.3.1. */
	uint64_t minimum_us = first ? 2500000 : 5000000;
	uint64_t us = minimum_us / 2 + minimum_us * random / UINT32_MAX;

	return us * 100000 / 121828 * 1000;
}
