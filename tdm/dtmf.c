/* dtmf.c - DTMF digits by spandsp.
 *
 * The detector runs with the dial tone filter: without it a digit over dial tone, which is how
 * every number starts, is missed.  It costs 100 instructions a sample, so it is fed only what the
 * gate lets through.  spandsp/expose.h makes both states members of ours, so nothing
 * is allocated per digit.
 */
#include "tdm/dtmf.h"
#include "tdm/dtmf_gate.h"
#include <errno.h>
#include <spandsp.h>
#include <spandsp/expose.h>
#include <stdlib.h>
#include <string.h>

enum {
	BLOCK = DTMF_GATE_SAMPLES, /* octets at a time: 10 ms */
	HOLD_BLOCKS = 4, /* the detector is fed after the gate closed: its own blocks have 13 ms */
	MIN_OCTETS = 70 * 8, /* Q.24 table A-1: 40 ms are enough; PBXs want some more */
	LEVEL_DBM0 = -9,     /* of each tone: -6 together, the most Q.23 networks take */
	QUEUE_DIGITS = 32,
	LEVEL_MAX = 63, /* RFC 4733 2.3.3 */
};

/* --- detector ---------------------------------------------------------------------------- */

struct dtmf_detector {
	struct dtmf_rx_state_s rx;
	int16_t linear[256];   /* of each octet */
	char digit;            /* on now; 0 = none */
	uint8_t level;         /* -dBm0 */
	unsigned hold;         /* blocks still to be fed */
	int16_t before[BLOCK]; /* that was not fed: a digit may have begun in it */
};

/* Called at the begin of a digit, and with code 0 at its end. */
static void on_change(void *arg, int code, int level, int duration)
{
	struct dtmf_detector *d = arg;

	d->digit = (char)code;
	if (code != 0)
		d->level = (uint8_t)(level >= 0 ? 0 : level < -LEVEL_MAX ? LEVEL_MAX : -level);
}

int dtmf_detector_new(struct dtmf_detector **out)
{
	struct dtmf_detector *d = calloc(1, sizeof(*d));

	*out = d;
	if (d == NULL)
		return -ENOMEM;
	for (int octet = 0; octet < 256; octet++)
		d->linear[octet] = ulaw_to_linear((uint8_t)octet);
	dtmf_rx_init(&d->rx, NULL, NULL);
	dtmf_rx_set_realtime_callback(&d->rx, on_change, d);
	dtmf_rx_parms(&d->rx, TRUE, -1, -1, -99); /* the rest stays as it is */
	return 0;
}

void dtmf_detector_free(struct dtmf_detector *d)
{
	free(d);
}

static void feed(struct dtmf_detector *d, const int16_t samples[BLOCK])
{
	if (dtmf_gate_is_open(samples)) {
		if (d->hold == 0)
			dtmf_rx(&d->rx, d->before, BLOCK);
		d->hold = HOLD_BLOCKS;
	}
	if (d->hold > 0 || d->digit != 0) {
		dtmf_rx(&d->rx, samples, BLOCK);
		d->hold -= d->hold > 0;
	} else {
		memcpy(d->before, samples, sizeof(d->before));
	}
}

char dtmf_detector_run(struct dtmf_detector *d, const uint8_t *ulaw, size_t count, uint8_t *level)
{
	int16_t samples[BLOCK];

	for (; count >= BLOCK; ulaw += BLOCK, count -= BLOCK) {
		for (size_t i = 0; i < BLOCK; i++)
			samples[i] = d->linear[ulaw[i]];
		feed(d, samples);
	}
	if (level != NULL && d->digit != 0)
		*level = d->level;
	return d->digit;
}

/* --- generator --------------------------------------------------------------------------- */

static const char digits[] = "123A456B789C*0#D"; /* as on the keys: rows of four */

struct digit {
	char code;
	bool off; /* may end */
};

struct dtmf_generator {
	struct digit queue[QUEUE_DIGITS]; /* the first is the one that sounds */
	unsigned head, count;
	bool sounding;
	size_t octets; /* it has sounded, or of pause left */
	tone_gen_descriptor_t tones;
	tone_gen_state_t tone;
};

int dtmf_generator_new(struct dtmf_generator **out)
{
	*out = calloc(1, sizeof(**out));
	return *out != NULL ? 0 : -ENOMEM;
}

void dtmf_generator_free(struct dtmf_generator *g)
{
	free(g);
}

void dtmf_generator_on(struct dtmf_generator *g, char digit)
{
	dtmf_generator_off(g);
	if (digit == '\0' || strchr(digits, digit) == NULL || g->count == QUEUE_DIGITS)
		return;
	g->queue[(g->head + g->count++) % QUEUE_DIGITS] = (struct digit){digit, false};
}

void dtmf_generator_off(struct dtmf_generator *g)
{
	if (g->count > 0)
		g->queue[(g->head + g->count - 1) % QUEUE_DIGITS].off = true;
}

static void begin_digit(struct dtmf_generator *g)
{
	static const int rows[] = {697, 770, 852, 941}, columns[] = {1209, 1336, 1477, 1633};
	long at = strchr(digits, g->queue[g->head].code) - digits;

	tone_gen_descriptor_init(&g->tones, rows[at / 4], LEVEL_DBM0, columns[at % 4], LEVEL_DBM0,
				 1000, 0, 0, 0, TRUE);
	tone_gen_init(&g->tone, &g->tones);
	g->sounding = true;
	g->octets = 0;
}

/* Up to count octets of the digit; less when it ends. */
static size_t sound(struct dtmf_generator *g, uint8_t *ulaw, size_t count)
{
	int16_t samples[BLOCK];
	size_t n = count < BLOCK ? count : BLOCK;

	if (g->queue[g->head].off) {
		size_t left = g->octets < MIN_OCTETS ? MIN_OCTETS - g->octets : 0;
		n = n < left ? n : left;
		if (n == 0) {
			g->sounding = false;
			g->octets = MIN_OCTETS;
			g->head = (g->head + 1) % QUEUE_DIGITS;
			g->count--;
			return 0;
		}
	}
	n = (size_t)tone_gen(&g->tone, samples, (int)n);
	for (size_t i = 0; i < n; i++)
		ulaw[i] = linear_to_ulaw(samples[i]);
	g->octets += n;
	return n;
}

static size_t be_silent(struct dtmf_generator *g, uint8_t *ulaw, size_t count)
{
	size_t n = count < g->octets ? count : g->octets;

	memset(ulaw, 0xff, n);
	g->octets -= n;
	return n;
}

bool dtmf_generator_run(struct dtmf_generator *g, uint8_t *ulaw, size_t count)
{
	bool any = g->count > 0 || g->octets > 0;

	while (count > 0 && (g->count > 0 || g->octets > 0)) {
		size_t n = 0;
		if (g->sounding)
			n = sound(g, ulaw, count);
		else if (g->octets > 0)
			n = be_silent(g, ulaw, count);
		else
			begin_digit(g);
		ulaw += n;
		count -= n;
	}
	return any;
}
