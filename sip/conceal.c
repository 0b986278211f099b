#include "sip/conceal.h"

#include "sip/splice.h"

#include <math.h>
#include <spandsp.h>
#include <string.h>

/* Everything costly is done when a hole begins: good audio is only remembered. */

enum {
	PERIOD_MIN = 40, /* 5 ms: shorter ones buzz.  Long ones keep a tone's phase better */
	FULL = 160,      /* samples before it fades, */
	SILENT = 440,    /* ... until it is silent */
	FADE_IN = 40,
	SHIFT_MORE = 64,
	STEP_OVER = 16, /* samples over which a step at the hole's beginning is evened out */
};

void conceal_init(struct conceal *c)
{
	memset(c, 0, sizeof(*c));
	memset(c->history, 0xff, sizeof(c->history));
}

static void remember(struct conceal *c, const uint8_t *octets, size_t count)
{
	size_t keep;

	if (count > sizeof(c->history)) {
		octets += count - sizeof(c->history);
		count = sizeof(c->history);
	}
	keep = sizeof(c->history) - count;
	memmove(c->history, c->history + count, keep);
	memcpy(c->history + keep, octets, count);
	c->heard =
		c->heard + count < CONCEAL_HISTORY ? c->heard + (unsigned)count : CONCEAL_HISTORY;
}

static void begin(struct conceal *c)
{
	float linear[CONCEAL_HISTORY], likeness, *end = linear + CONCEAL_HISTORY;
	struct splice_search s = {end - SPLICE_OVERLAP, -1, CONCEAL_PERIOD_MAX, PERIOD_MIN};
	unsigned overlap;

	if (s.first > c->heard - SPLICE_OVERLAP)
		s.first = c->heard - SPLICE_OVERLAP;
	if (c->heard < PERIOD_MIN + SPLICE_OVERLAP)
		s.first = PERIOD_MIN;
	splice_linear(linear, c->history, CONCEAL_HISTORY);
	c->period = splice_find(&s, &likeness);
	c->quiet = splice_quiet(c->history, CONCEAL_HISTORY);
	c->step = end[-1] - end[-1 - (int)c->period];
	memcpy(c->cycle, end - c->period, c->period * sizeof(c->cycle[0]));
	/* The cycle's end turns into what came before its beginning, so that it can follow itself.
	 */
	overlap = c->period / 4;
	for (unsigned i = 0; i < overlap; i++) {
		float w = ((float)i + 0.5f) / (float)overlap;
		float before = end[(int)i - (int)overlap - (int)c->period];

		c->cycle[c->period - overlap + i] += w * (before - end[(int)i - (int)overlap]);
	}
	c->invented = 0;
	c->active = true;
}

static float next(struct conceal *c)
{
	unsigned n = c->invented++;
	float sample = c->cycle[n % c->period];

	if (n >= SILENT) {
		c->invented = SILENT; /* never wraps */
		return 0;
	}
	if (n < STEP_OVER)
		sample += c->step * (float)(STEP_OVER - n) / (STEP_OVER + 1);
	return n < FULL ? sample : sample * (float)(SILENT - n) / (SILENT - FULL);
}

static uint8_t to_ulaw(float sample)
{
	return linear_to_ulaw((int)lrintf(fminf(fmaxf(sample, -32000), 32000)));
}

static void fade_in(struct conceal *c, uint8_t *octets, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		float w = ((float)i + 0.5f) / FADE_IN, came = ulaw_to_linear(octets[i]);
		float mixed = w * came + (1 - w) * next(c);

		/* Negative zero does not survive a round trip through linear. */
		if (mixed != came)
			octets[i] = to_ulaw(mixed);
	}
}

void conceal_good(struct conceal *c, uint8_t *octets, size_t count)
{
	if (count == 0)
		return;
	if (c->active) {
		fade_in(c, octets, count < FADE_IN ? count : FADE_IN);
		c->active = false;
	}
	remember(c, octets, count);
}

void conceal_fill(struct conceal *c, uint8_t *octets, size_t count)
{
	if (count == 0)
		return;
	if (!c->active)
		begin(c);
	for (size_t i = 0; i < count; i++)
		octets[i] = to_ulaw(next(c));
	remember(c, octets, count);
}

unsigned conceal_shift(const struct conceal *c, unsigned least)
{
	unsigned cycles = least / c->period * c->period;
	float linear[CONCEAL_HISTORY], likeness;
	struct splice_search s = {linear + CONCEAL_HISTORY - SPLICE_OVERLAP, -1, least - cycles,
				  least - cycles + SHIFT_MORE};

	if (c->quiet)
		return least;
	splice_linear(linear, c->history, CONCEAL_HISTORY);
	return cycles + splice_find(&s, &likeness);
}
