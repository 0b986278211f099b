#include "tdm/echo_tone.h"

#include "tdm/echo_kernel.h"
#include <math.h>
#include <pthread.h>
#include <string.h>

enum {
	BLOCK = 80,
	TONE_BLOCKS = 40,    /* G.168 7.2: detected between 300 ms and 1 s */
	MISSING_BLOCKS = 4,  /* a reversal and noise take the tone away for that long */
	REVERSAL_APART = 35, /* they come every 450 ms, 25 ms more or less */
	SETTLED_BLOCKS = 5,  /* its frequency is known well enough to see a jump */
};
static const float tone_share = 0.7F;              /* of a block's energy, at 21 Hz off 0.86 */
static const float jump = -0.7F;                   /* cosine: 180 degrees, 45 more or less */
static const float quiet = 0.241F * BLOCK * 3e-4F; /* -35 dBm0 */

/* 21 periods of 2100 Hz are one block. */
static _Alignas(ECHO_ALIGN) float wave_re[BLOCK], wave_im[BLOCK];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void prepare(void)
{
	for (unsigned i = 0; i < BLOCK; i++) {
		wave_re[i] = (float)cos(2 * M_PI * 21 * i / BLOCK);
		wave_im[i] = (float)-sin(2 * M_PI * 21 * i / BLOCK);
	}
}

static void find_turn(struct echo_tone *t)
{
	float re = t->re[0] * t->re[1] + t->im[0] * t->im[1];
	float im = t->im[0] * t->re[1] - t->re[0] * t->im[1];
	float size;

	re = t->turn_re + 0.25F * (re - t->turn_re);
	im = t->turn_im + 0.25F * (im - t->turn_im);
	size = sqrtf(re * re + im * im);
	if (size < 0.1F)
		return;
	t->turn_re = re / size;
	t->turn_im = im / size;
}

/* Against two blocks ago: the block between may hold both phases. */
static bool is_reversed(const struct echo_tone *t)
{
	float re = t->re[0] * t->re[2] + t->im[0] * t->im[2];
	float im = t->im[0] * t->re[2] - t->re[0] * t->im[2];
	float turn_re = t->turn_re * t->turn_re - t->turn_im * t->turn_im;
	float turn_im = 2 * t->turn_re * t->turn_im;

	return re * turn_re + im * turn_im < jump;
}

void echo_tone_run(struct echo_tone *t, const float *samples, float energy)
{
	const struct echo_kernel *k = echo_kernel();
	float re, im, size;

	pthread_once(&once, prepare);
	memmove(&t->re[1], &t->re[0], 2 * sizeof(t->re[0]));
	memmove(&t->im[1], &t->im[0], 2 * sizeof(t->im[0]));
	t->re[0] = t->im[0] = 0;
	re = energy > quiet ? k->dot(samples, wave_re) : 0;
	im = energy > quiet ? k->dot(samples, wave_im) : 0;
	size = re * re + im * im;
	if (energy <= quiet || size * 2 / BLOCK < tone_share * energy) {
		if (++t->missing > MISSING_BLOCKS)
			memset(t, 0, sizeof(*t));
		return;
	}
	t->missing = 0;
	t->blocks++;
	t->since_reversal++;
	t->re[0] = re / sqrtf(size);
	t->im[0] = im / sqrtf(size);
	if (t->blocks > SETTLED_BLOCKS && is_reversed(t)) {
		if (t->since_reversal >= REVERSAL_APART)
			t->reversals++;
		t->since_reversal = 0;
	} else if (t->since_reversal > 2 || t->reversals == 0) {
		find_turn(t);
	}
}

bool echo_tone_is_on(const struct echo_tone *t)
{
	return t->blocks >= TONE_BLOCKS;
}

bool echo_tone_is_reversed(const struct echo_tone *t)
{
	return t->reversals >= 2;
}
