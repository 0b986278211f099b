/* echo.c - the echo canceller: what is used, what is learned and when, when it steps aside.
 *
 * Two filters see the same signals.  One learns all the time; what it has learned is used once it
 * cancels better, and is thrown away where it cancels worse (two-path, Ochiai et al., 1977).
 */
#include "tdm/echo.h"
#include "tdm/echo_filter.h"
#include "tdm/echo_fit.h"
#include "tdm/echo_residue.h"
#include "tdm/echo_tone.h"

#include <errno.h>
#include <math.h>
#include <spandsp.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
	BULK_MAX = ECHO_BULK_MS_MAX * 8,
	EAGER_BLOCKS = 80, /* of far end heard: learned as fast as can be */
	YOUNG_BLOCKS = 300,
	BETTER_BLOCKS = 2,
	SURELY_BETTER_BLOCKS =
		4, /* than what is good: in double talk much looks better for a moment */
	WORSE_BLOCKS = 10,
	CHANGED_BLOCKS = 10, /* it makes echo worse that long: another path */
	POOR_BLOCKS = 60,    /* it takes little away that long: perhaps another path */
	CALM_BLOCKS = 100,   /* nothing better found that long */
	CALM_EVERY = 4,      /* then only every fourth block is learned from */
	NARROW_BLOCKS = 3,
	FITS_MAX = 4,      /* in a row, for as long as they tell of no path */
	QUIET_BLOCKS = 30, /* G.168 7.6: both directions for 250 ms, 150 more or less */
};

/* Energies of a block: 0 dBm0 is 0.241 a sample. */
static const float far_least = 0.241F * ECHO_BLOCK * 3e-5F;     /* -45 dBm0: nothing to learn */
static const float modem_quiet = 0.241F * ECHO_BLOCK * 2.5e-4F; /* -36 dBm0, G.168 7.6 */
static const float echo_least = 1e-4F;                          /* of the far end's energy */
static const float narrow_bins = 3;                             /* of 80; a tone has 2 */

struct echo {
	struct echo_residue residue;
	_Alignas(ECHO_ALIGN) float bulk[BULK_MAX + ECHO_BLOCK]; /* of the far end, oldest first */
	struct echo_conf conf;
	struct echo_tone far_tone, near_tone;
	float near, used, learned; /* energies, smoothed */
	float far_peak;
	unsigned heard; /* blocks of far end since the path changed */
	unsigned better, worse, changed, poor, calm, narrow, quiet, block;
	unsigned fits; /* that told of no path */
	bool adopted, disabled, answer_tone, fitted, patient;
	/* For echo_report(). */
	_Atomic bool off, is_converged, is_disabled, was_disabled;
	_Atomic unsigned path_changes, path_ms;
	_Atomic float long_near, long_used, gain;
	struct echo_fit fit;
	struct echo_filter filter; /* last: as long as the tail */
};

int echo_new(struct echo **out, const struct echo_conf *conf)
{
	unsigned parts = echo_filter_parts(conf->tail_ms);
	size_t size = sizeof(struct echo) + parts * sizeof(struct echo_part);
	struct echo *e;

	*out = NULL;
	if (conf->tail_ms < ECHO_TAIL_MS_MIN || conf->tail_ms > ECHO_TAIL_MS_MAX ||
	    conf->bulk_ms > ECHO_BULK_MS_MAX)
		return -EINVAL;
	size = (size + ECHO_ALIGN - 1) / ECHO_ALIGN * ECHO_ALIGN;
	e = aligned_alloc(ECHO_ALIGN, size);
	if (e == NULL)
		return -ENOMEM;
	memset(e, 0, size);
	e->conf = *conf;
	echo_filter_init(&e->filter, parts);
	echo_residue_init(&e->residue);
	echo_fit_begin(&e->fit, true);
	*out = e;
	return 0;
}

void echo_free(struct echo *e)
{
	free(e);
}

void echo_set_off(struct echo *e, bool off)
{
	atomic_store_explicit(&e->off, off, memory_order_relaxed);
}

const char *echo_kernel_name(void)
{
	return echo_kernel()->name;
}

/* --- modems -------------------------------------------------------------------------------------
 */

static void watch_tones(struct echo *e, const float *far, const float *near)
{
	float far_energy = e->filter.kernel->dot(far, far);
	float near_energy = e->filter.kernel->dot(near, near);

	echo_tone_run(&e->far_tone, far, far_energy);
	echo_tone_run(&e->near_tone, near, near_energy);
	if (echo_tone_is_on(&e->far_tone) || echo_tone_is_on(&e->near_tone))
		e->answer_tone = true;
	if (echo_tone_is_reversed(&e->far_tone) || echo_tone_is_reversed(&e->near_tone)) {
		e->disabled = true;
		atomic_store_explicit(&e->was_disabled, true, memory_order_relaxed);
	}
	e->quiet = far_energy < modem_quiet && near_energy < modem_quiet ? e->quiet + 1 : 0;
	if (e->quiet >= QUIET_BLOCKS)
		e->disabled = e->answer_tone = false;
	atomic_store_explicit(&e->is_disabled, e->disabled, memory_order_relaxed);
}

/* --- what is learned ----------------------------------------------------------------------------
 */

/* Of a tone little can be learned, and that wrongly: how many bins the far end fills. */
static bool is_narrow(struct echo *e)
{
	const struct echo_part *p = &e->filter.part[e->filter.newest];
	float sum = 0, squares = e->filter.kernel->dot(p->far_power, p->far_power);

	for (unsigned k = 0; k < ECHO_BINS; k++)
		sum += p->far_power[k];
	if (sum * sum < narrow_bins * squares)
		e->narrow += e->narrow < 4 * NARROW_BLOCKS;
	else
		e->narrow -= e->narrow > 0;
	return e->narrow >= NARROW_BLOCKS;
}

static bool can_learn(struct echo *e)
{
	return !is_narrow(e) && !e->disabled && !e->answer_tone;
}

static void smooth(float *state, float x)
{
	*state += 0.15F * (x - *state);
}

static void adopt(struct echo *e)
{
	unsigned part;

	echo_filter_adopt(&e->filter);
	e->used = e->learned;
	e->better = e->worse = e->changed = 0;
	e->adopted = true;
	atomic_store_explicit(&e->gain, echo_filter_gain(&e->filter, &part), memory_order_relaxed);
	atomic_store_explicit(&e->path_ms, e->conf.bulk_ms + 10 * part, memory_order_relaxed);
}

/* 15 dB and more, when nobody else spoke. */
static bool is_good(const struct echo *e)
{
	return e->adopted &&
	       atomic_load_explicit(&e->long_used, memory_order_relaxed) <
		       0.03F * atomic_load_explicit(&e->long_near, memory_order_relaxed);
}

static void compare(struct echo *e, float used, float learned)
{
	smooth(&e->learned, learned);
	e->better = e->learned < 0.9F * e->used && learned < used ? e->better + 1 : 0;
	e->worse = e->learned > 2 * e->used ? e->worse + 1 : 0;
	e->calm++;
	if (e->better >= (is_good(e) ? SURELY_BETTER_BLOCKS : BETTER_BLOCKS)) {
		adopt(e);
		e->calm = 0;
	} else if (e->worse >= WORSE_BLOCKS) {
		echo_filter_return(&e->filter);
		e->learned = e->used;
		e->worse = 0;
	}
}

static void learned_error(const struct echo *e, const float *near, float error[ECHO_BLOCK])
{
	echo_filter_estimate(&e->filter, true, error);
	for (unsigned i = 0; i < ECHO_BLOCK; i++)
		error[i] = near[i] - error[i];
}

/* Whether now is the time: as soon as it can be where there is no path yet; when all is heard where
 * the one in use does poorly, as the near end's voice looks like that, too. */
static bool should_fit(const struct echo *e)
{
	unsigned blocks = e->fit.blocks;

	if (e->near < echo_least * e->far_peak)
		return false;
	if (e->patient)
		return blocks == ECHO_FIT_BLOCKS && e->used > 0.01F * e->near;
	return blocks == ECHO_FIT_BLOCKS || blocks == ECHO_FIT_BLOCKS / 2 ||
	       blocks == ECHO_FIT_BLOCKS / 4;
}

/* Where the path begins; -1: nobody knows yet. */
static int find_path(const struct echo *e)
{
	int before = ECHO_FIT_TAPS / 4, peak;

	if (e->learned < 0.5F * e->near) {
		peak = (int)echo_filter_peak(&e->filter);
		return peak < before ? 0 : peak - before;
	}
	if (e->patient || e->fit.blocks < ECHO_FIT_BLOCKS)
		return -1;
	return (int)echo_fit_find(&e->fit, e->filter.kernel, e->filter.parts * ECHO_BLOCK);
}

/* Looks at all of what was heard lately together.  What it gives is used once it has proved better,
 * as all that is learned. */
static void fit(struct echo *e)
{
	float taps[ECHO_FIT_TAPS];
	int delay = should_fit(e) ? find_path(e) : -1;

	if (delay >= 0) {
		float left = echo_fit_solve(&e->fit, e->filter.kernel, (unsigned)delay, taps);
		e->fitted = left < 0.03F;
		if (e->fitted && left * e->near < e->learned)
			echo_filter_set(&e->filter, taps, ECHO_FIT_TAPS, (unsigned)delay);
	}
	if (e->fit.blocks == ECHO_FIT_BLOCKS && !e->fitted && ++e->fits < FITS_MAX)
		echo_fit_begin(&e->fit, false);
}

static void learn(struct echo *e, const float *far, const float *near, float used)
{
	_Alignas(ECHO_ALIGN) float error[ECHO_BLOCK];
	bool eager = e->heard < EAGER_BLOCKS, young = e->heard < YOUNG_BLOCKS;
	float pace = eager ? 0.99F : young ? 0.998F : 0.9995F;

	if (echo_fit_hear(&e->fit, far, near))
		fit(e);
	if (e->calm >= CALM_BLOCKS && e->block % CALM_EVERY != 0)
		return;
	learned_error(e, near, error);
	compare(e, used, e->filter.kernel->dot(error, error));
	echo_filter_learn(&e->filter, error, pace, young);
	if (eager && used > 0.01F * e->near) { /* once more from the same block */
		learned_error(e, near, error);
		echo_filter_learn(&e->filter, error, pace, young);
	}
	e->heard++;
}

/* The used filter adds to the echo, or does too little: the path is another one, or the near end
 * speaks for long; what is learned then is used only if it proves better. */
static void watch_path(struct echo *e)
{
	if (!e->adopted || e->far_peak < far_least)
		return;
	e->changed = e->used > 1.2F * e->near ? e->changed + 1 : 0;
	e->poor = e->used > 0.1F * e->near ? e->poor + 1 : 0;
	if (e->used > 0.01F * e->near)
		e->calm = 0;
	if (e->changed >= CHANGED_BLOCKS) {
		echo_filter_forget(&e->filter);
		e->adopted = false;
		atomic_fetch_add_explicit(&e->path_changes, 1, memory_order_relaxed);
	} else if (e->poor < POOR_BLOCKS || e->heard < YOUNG_BLOCKS) {
		return;
	}
	echo_filter_doubt(&e->filter);
	echo_fit_begin(&e->fit, false);
	e->fits = 0;
	e->fitted = false;
	e->patient = e->adopted;
	e->heard = 0;
	e->poor = e->changed = 0;
}

static void note(struct echo *e, float near, float used)
{
	float n = atomic_load_explicit(&e->long_near, memory_order_relaxed);
	float u = atomic_load_explicit(&e->long_used, memory_order_relaxed);

	/* Echo alone: of double talk nothing could be told. */
	if (e->far_peak < far_least || used > 0.1F * near || !e->adopted)
		return;
	n += 0.02F * (near - n);
	u += 0.02F * (used - u);
	atomic_store_explicit(&e->long_near, n, memory_order_relaxed);
	atomic_store_explicit(&e->long_used, u, memory_order_relaxed);
	atomic_store_explicit(&e->is_converged, u < 0.01F * n, memory_order_relaxed);
}

/* --- each block ---------------------------------------------------------------------------------
 */

static void cancel(struct echo *e, const float *far, float *near)
{
	_Alignas(ECHO_ALIGN) float echo[ECHO_BLOCK], left[ECHO_BLOCK];
	const struct echo_kernel *k = e->filter.kernel;
	struct echo_residue_block b = {.far_peak = e->far_peak, .learned = e->adopted};
	float energy = k->dot(near, near);

	memcpy(left, near, sizeof(left));
	if (e->adopted && e->far_peak > 0) {
		echo_filter_estimate(&e->filter, false, echo);
		for (unsigned i = 0; i < ECHO_BLOCK; i++)
			left[i] -= echo[i];
		b.echo = k->dot(echo, echo);
	}
	b.left = k->dot(left, left);
	if (e->far_peak >= far_least) {
		smooth(&e->near, energy);
		smooth(&e->used, b.left);
		if (can_learn(e))
			learn(e, far, near, b.left);
		else
			echo_fit_interrupt(&e->fit);
	}
	note(e, energy, b.left);
	watch_path(e);
	b.pass = e->answer_tone;
	if (!e->conf.leave_residue)
		echo_residue_run(&e->residue, left, &b);
	memcpy(near, left, sizeof(left));
}

/* False: near stays as it was. */
static bool run(struct echo *e, float *far, float *near)
{
	unsigned bulk = e->conf.bulk_ms * 8;

	e->block++;
	if (!e->conf.ignore_tones)
		watch_tones(e, far, near);
	if (bulk > 0) {
		memcpy(e->bulk + bulk, far, ECHO_BLOCK * sizeof(float));
		memcpy(far, e->bulk, ECHO_BLOCK * sizeof(float));
		memmove(e->bulk, e->bulk + ECHO_BLOCK, bulk * sizeof(float));
	}
	echo_filter_hear(&e->filter, far);
	e->far_peak = echo_filter_far_peak(&e->filter);
	if (e->disabled || atomic_load_explicit(&e->off, memory_order_relaxed)) {
		echo_fit_interrupt(&e->fit);
		return false;
	}
	cancel(e, far, near);
	return true;
}

static const float full_scale = 32768;

static int16_t clip(float x)
{
	x *= full_scale;
	return (int16_t)(x >= 32767 ? 32767 : x <= -32768 ? -32768 : lrintf(x));
}

void echo_run(struct echo *e, const int16_t far[ECHO_SAMPLES], int16_t near[ECHO_SAMPLES])
{
	_Alignas(ECHO_ALIGN) float x[ECHO_BLOCK], d[ECHO_BLOCK];

	for (unsigned i = 0; i < ECHO_BLOCK; i++) {
		x[i] = (float)far[i] / full_scale;
		d[i] = (float)near[i] / full_scale;
	}
	if (!run(e, x, d))
		return;
	for (unsigned i = 0; i < ECHO_BLOCK; i++)
		near[i] = clip(d[i]);
}

void echo_run_ulaw(struct echo *e, const uint8_t far[ECHO_SAMPLES], uint8_t near[ECHO_SAMPLES])
{
	_Alignas(ECHO_ALIGN) float x[ECHO_BLOCK], d[ECHO_BLOCK];

	for (unsigned i = 0; i < ECHO_BLOCK; i++) {
		x[i] = (float)ulaw_to_linear(far[i]) / full_scale;
		d[i] = (float)ulaw_to_linear(near[i]) / full_scale;
	}
	if (!run(e, x, d))
		return;
	for (unsigned i = 0; i < ECHO_BLOCK; i++)
		near[i] = linear_to_ulaw(clip(d[i]));
}

static float db_of(float ratio)
{
	return 10 * log10f(ratio);
}

void echo_report(const struct echo *e, struct echo_report *out)
{
	float near = atomic_load_explicit(&e->long_near, memory_order_relaxed);
	float used = atomic_load_explicit(&e->long_used, memory_order_relaxed);
	float gain = atomic_load_explicit(&e->gain, memory_order_relaxed);

	*out = (struct echo_report){
		.erl_db = gain > 0 ? -db_of(gain) : 0,
		.erle_db = used > 0 && near > 0 ? db_of(near / used) : 0,
		.converged = atomic_load_explicit(&e->is_converged, memory_order_relaxed),
		.disabled = atomic_load_explicit(&e->is_disabled, memory_order_relaxed),
		.was_disabled = atomic_load_explicit(&e->was_disabled, memory_order_relaxed),
		.path_ms = atomic_load_explicit(&e->path_ms, memory_order_relaxed),
		.path_changes = atomic_load_explicit(&e->path_changes, memory_order_relaxed),
	};
}
