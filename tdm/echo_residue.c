#include "tdm/echo_residue.h"

#include <math.h>
#include <string.h>

enum { BLOCK = ECHO_BINS, HOLD_BLOCKS = 12, KNOWN_BLOCKS = 20 };

/* Energies of a block: 0 dBm0 is 0.241 a sample. */
static const float far_quiet = 0.241F * BLOCK * 1e-5F;   /* -50 dBm0 */
static const float floor_first = 0.241F * BLOCK * 1e-5F; /* -50 dBm0 */
static const float floor_least = 0.241F * BLOCK * 1e-8F;
static const float loss_least = 0.35F; /* of an unknown path: G.168 has 6 dB, and peaks */

void echo_residue_init(struct echo_residue *r)
{
	r->floor = floor_first;
	r->leak = 0.1F;
	r->open = 1;
	r->seed = 1;
}

/* The sine window's halves are at hand. */
static void learn_noise(struct echo_residue *r, const float *samples)
{
	const struct echo_kernel *kernel = echo_kernel();
	struct echo_spectrum s;
	_Alignas(ECHO_ALIGN) float falling[BLOCK], rising[BLOCK];
	float speed = r->known < KNOWN_BLOCKS ? 1.0F / (float)(r->known + 1) : 0.05F;

	for (unsigned i = 0; i < BLOCK; i++) {
		falling[i] = samples[i] * echo_twiddles->skew_re[i];
		rising[i] = r->last[i] * -echo_twiddles->skew_im[i];
	}
	kernel->forward(rising, falling, &s);
	kernel->smooth_power(r->noise, &s, speed);
	r->known += r->known < KNOWN_BLOCKS;
}

static float some(struct echo_residue *r)
{
	r->seed = r->seed * 1664525 + 1013904223;
	return (float)(int32_t)r->seed * (1.0F / 2147483648.0F);
}

/* Noise of that spectrum, phases at random; windowed and overlapped by half. */
static void make_noise(struct echo_residue *r, float out[BLOCK])
{
	struct echo_spectrum s;
	_Alignas(ECHO_ALIGN) float next[BLOCK];

	for (unsigned k = 0; k < ECHO_BINS; k++) {
		/* 2: the window took half; 3/2: two uniform numbers are a third each. */
		float size = sqrtf(3 * r->noise[k]);
		s.re[k] = size * some(r);
		s.im[k] = size * some(r);
	}
	echo_kernel()->inverse(&s, out, next);
	for (unsigned i = 0; i < BLOCK; i++) {
		out[i] = r->tail[i] + out[i] * -echo_twiddles->skew_im[i];
		r->tail[i] = next[i] * echo_twiddles->skew_re[i];
	}
}

static void follow_floor(struct echo_residue *r, const float *samples,
			 const struct echo_residue_block *b)
{
	bool far_is_quiet = b->far_peak < far_quiet;

	if (far_is_quiet && b->left < 4 * r->floor + floor_least)
		learn_noise(r, samples);
	if (b->left < r->floor)
		r->floor += 0.2F * (b->left - r->floor);
	else if (far_is_quiet)
		r->floor *= 1.01F;
	if (r->floor < floor_least)
		r->floor = floor_least;
}

/* More is left than the echo explains: somebody speaks. */
static bool somebody_speaks(struct echo_residue *r, const struct echo_residue_block *b)
{
	float expected;

	r->echo = b->echo > 0.8F * r->echo ? b->echo : 0.8F * r->echo;
	expected = b->learned ? r->leak * r->echo : loss_least * b->far_peak;
	if (b->learned && r->echo > 10 * r->floor) {
		float ratio = b->left / r->echo;
		/* Down at once, up slowly: speech must not look like bad cancelling. */
		r->leak += ratio < r->leak ? 0.1F * (ratio - r->leak) : 0.004F * r->leak;
		if (r->leak > 0.25F)
			r->leak = 0.25F;
		if (r->leak < 0.0003F)
			r->leak = 0.0003F;
	}
	return b->left > (b->learned ? 8 : 1) * expected + 4 * r->floor;
}

void echo_residue_run(struct echo_residue *r, float *samples, const struct echo_residue_block *b)
{
	_Alignas(ECHO_ALIGN) float noise[BLOCK], heard[BLOCK];
	float from = r->open, to, step;

	memcpy(heard, samples, sizeof(heard));
	follow_floor(r, samples, b);
	if (somebody_speaks(r, b))
		r->hold = HOLD_BLOCKS;
	else
		r->hold -= r->hold > 0;
	to = b->pass || r->hold > 0 || b->far_peak < far_quiet ? 1 : 0;
	memcpy(r->last, heard, sizeof(r->last));
	r->open = to;
	if (from == 1 && to == 1)
		return;
	make_noise(r, noise);
	step = (to - from) / BLOCK;
	for (unsigned i = 0; i < BLOCK; i++) {
		float g = from + step * (float)(i + 1);
		samples[i] = g * samples[i] + (1 - g) * noise[i];
	}
}
