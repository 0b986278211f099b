/* tone_listener.c - each 10 ms are tone, silence or neither, by Goertzel's filter; the lengths of
 * tone and silence are then held against the cadences.
 */
#include "tdm/tone_listener.h"

#include <math.h>
#include <spandsp.h>
#include <string.h>

enum {
	RATE = 8000,
	BLOCK_MS = 10,
	ODD_MAX = 2,       /* blocks: where tone and silence meet */
	TOLERANCE_MS = 30, /* of a length, beside an eighth of it (E.180 has a tenth) */
};

/* Mean squares; full scale, 3.17 dBm0, is a sine of 32124.  -38 dBm0: a tone of -24 that lost what
 * a long analog line takes.  -42: less is silence. */
static const float tone_min = 39400.0f, silence_max = 15700.0f;
/* The tone's part of the power.  Filters over 10 ms are 100 Hz wide, so two frequencies that close
 * disturb each other. */
static const float share_min = 0.6f;
/* Of each frequency: with 9 dB between two the weaker has 11 %. */
static const float share_min_each = 0.1f;

/* Busy and congestion tone have a cadence in every country; a section tones may say otherwise. */
static bool has_cadence(const struct tone *t)
{
	if (t->parts < 2 || t->parts % 2 != 0 || t->repeat_from != 0)
		return false;
	for (unsigned i = 0; i < t->parts; i++)
		if (t->part[i].ms == 0 || (t->part[i].sines == 0) != (i % 2 == 1))
			return false;
	return true;
}

void tone_listener_init(struct tone_listener *l, const struct tone_set *set)
{
	static const enum tone_kind kinds[TONE_LISTENER_KINDS] = {TONE_BUSY, TONE_CONGESTION};

	memset(l, 0, sizeof(*l));
	for (unsigned i = 0; i < TONE_LISTENER_KINDS; i++) {
		const struct tone *t = &set->tone[kinds[i]];
		l->cadence[i].kind = kinds[i];
		if (!has_cadence(t))
			continue;
		l->cadence[i].tone = t;
		l->sines = t->part[0].sines; /* the same for both, in every country */
		for (unsigned k = 0; k < l->sines; k++)
			l->turn[k] = 2 * cosf(2 * (float)M_PI * t->part[0].dhz[k] / (10.0f * RATE));
	}
}

enum block { BLOCK_SILENCE, BLOCK_TONE, BLOCK_OTHER };

static enum block look(const struct tone_listener *l, const uint8_t ulaw[TONE_TICK])
{
	float x[TONE_TICK], power = 0, of_tone = 0;

	for (unsigned i = 0; i < TONE_TICK; i++) {
		x[i] = ulaw_to_linear(ulaw[i]);
		power += x[i] * x[i];
	}
	power /= TONE_TICK;
	if (power < silence_max)
		return BLOCK_SILENCE;
	if (power < tone_min)
		return BLOCK_OTHER;
	for (unsigned k = 0; k < l->sines; k++) {
		float a = 0, b = 0;
		for (unsigned i = 0; i < TONE_TICK; i++) {
			float c = x[i] + l->turn[k] * b - a;
			a = b;
			b = c;
		}
		float of_sine = (a * a + b * b - l->turn[k] * a * b) * 2 / (TONE_TICK * TONE_TICK);
		if (of_sine < share_min_each * power)
			return BLOCK_OTHER;
		of_tone += of_sine;
	}
	return of_tone >= share_min * power ? BLOCK_TONE : BLOCK_OTHER;
}

static bool fits(const struct tone_part *p, bool on, unsigned ms)
{
	unsigned off_by = ms > p->ms ? ms - p->ms : p->ms - ms;

	return (p->sines > 0) == on && off_by <= TOLERANCE_MS + p->ms / 8u;
}

/* Tone or silence lasted for run_ms, and ended.  True: that makes three periods. */
static bool part_ended(struct tone_cadence *c, bool on, unsigned run_ms)
{
	const struct tone *t = c->tone;

	if (t == NULL)
		return false;
	if (!fits(&t->part[c->expected], on, run_ms)) {
		/* Perhaps a period begins here. */
		c->expected = c->matched = 0;
		while (c->expected < t->parts && !fits(&t->part[c->expected], on, run_ms))
			c->expected++;
		if (c->expected == t->parts) {
			c->expected = 0;
			return false;
		}
	}
	c->matched++;
	c->expected = (c->expected + 1) % t->parts;
	return c->matched >= TONE_LISTENER_PERIODS * t->parts;
}

static void forget(struct tone_listener *l)
{
	l->run_ms = 0;
	for (unsigned i = 0; i < TONE_LISTENER_KINDS; i++)
		l->cadence[i].expected = l->cadence[i].matched = 0;
}

enum tone_kind tone_listener_run(struct tone_listener *l, const uint8_t ulaw[TONE_TICK])
{
	enum tone_kind heard = TONE_NONE;
	enum block block = look(l, ulaw);

	if (block == BLOCK_OTHER) {
		if (++l->odd > ODD_MAX)
			forget(l);
		else if (l->run_ms > 0)
			l->run_ms += BLOCK_MS;
		return TONE_NONE;
	}
	l->odd = 0;
	if ((block == BLOCK_TONE) != l->on) {
		for (unsigned i = 0; i < TONE_LISTENER_KINDS && l->run_ms > 0; i++)
			if (part_ended(&l->cadence[i], l->on, l->run_ms) && heard == TONE_NONE)
				heard = l->cadence[i].kind;
		l->on = block == BLOCK_TONE;
		l->run_ms = 0;
	}
	l->run_ms += BLOCK_MS;
	if (heard != TONE_NONE)
		forget(l);
	return heard;
}
