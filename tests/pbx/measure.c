#include "tests/pbx/measure.h"

#include "tests/pbx/pcm.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
	WINDOW_BLOCKS = SPECTRUM_WINDOW / MEASURE_BLOCK,
	QUIET_SAMPLES = 8, /* 1 ms: a tone above 200 Hz is never this long near zero */
	LOST_BLOCKS = 20,  /* 100 ms of something else end a stretch */
	SETTLE_BLOCKS = 2, /* the first clean block may still hold a bit of the disturbance */
	LEVEL_BLOCKS = 4,
	OTHERS_EVERY = 5,              /* windows between looks for weaker tones */
	PHASE_TRUST = PCM_RATE_HZ / 2, /* longer than this the phase cannot be carried on */
};
#define ACTIVE_DBM0 (-50.0)
#define IMPURE_MAX  0.2       /* of a window's power may be no tone */
#define QUIET_PART  (1.0 / 8) /* of the peak: near silence */
#define SAME_HZ     5.0
#define OTHER_PART  0.02 /* -34 dB: mu-law's own distortion is weaker */
#define LEVEL_DB    1.5

static double wrap(double phase)
{
	return remainder(phase, 2 * M_PI);
}

void measure_init(struct measure *m)
{
	memset(m, 0, sizeof *m);
}

/* --- stretches --- */

static struct measure_stretch *current(struct measure *m)
{
	return &m->stretch[m->stretch_count - 1];
}

static void fault_note(struct measure_stretch *s, enum measure_fault_kind kind, uint64_t at,
		       double size)
{
	if (s->fault_count < MEASURE_FAULTS)
		s->fault[s->fault_count++] = (struct measure_fault){kind, at, size};
}

static void gaps_add(struct measure_stretch *s, const struct measure_pending *p)
{
	s->gaps += p->count;
	s->gap_samples += p->samples;
	if (p->max > s->gap_max_samples)
		s->gap_max_samples = p->max;
	fault_note(s, MEASURE_GAP, p->start, (double)p->samples);
}

static bool same_tones(const struct measure_stretch *s, double hz, double hz2)
{
	return fabs(s->hz - hz) < SAME_HZ && fabs(s->hz2 - hz2) < SAME_HZ;
}

/* A tone that was lost and comes back goes on in its stretch, and what was between is a gap. */
static bool stretch_begin(struct measure *m, double hz, double hz2, uint64_t start)
{
	if (m->stretch_count > 0 && same_tones(current(m), hz, hz2)) {
		struct measure_stretch *s = current(m);
		if (hz2 == 0 && start > s->end) {
			uint64_t len = start - s->end;
			gaps_add(s, &(struct measure_pending){1, s->end, len, len, 0});
		}
		return true;
	}
	if (m->stretch_count == MEASURE_STRETCHES) {
		m->stretches_lost++;
		return false;
	}
	m->stretch_count++;
	*current(m) = (struct measure_stretch){.hz = hz,
					       .hz2 = hz2,
					       .start = start,
					       .end = start,
					       .level_min_dbm0 = 99,
					       .level_max_dbm0 = -99};
	return true;
}

static void stretch_power(struct measure_stretch *s, double power, double rest, uint64_t end)
{
	double dbm0 = pcm_dbm0_of_power(power);

	s->power_sum += power;
	s->rest_sum += rest;
	s->blocks++;
	s->end = end;
	if (dbm0 < s->level_min_dbm0)
		s->level_min_dbm0 = dbm0;
	if (dbm0 > s->level_max_dbm0)
		s->level_max_dbm0 = dbm0;
	s->level_dbm0 = pcm_dbm0_of_power(s->power_sum / (double)s->blocks);
	s->snr_db = s->rest_sum > 0 ? 10 * log10(s->power_sum / s->rest_sum) : 99;
}

/* --- following one tone --- */

static void disturb(struct measure *m, uint64_t at)
{
	m->window_faulty = true;
	m->settled = 0;
	if (m->disturbed)
		return;
	m->disturbed = true;
	m->disturbed_at = at;
	m->phase_before_known = m->phases > 0;
	m->phase_before = m->phase[m->phases > 1 ? 1 : 0];
}

static void follow_lose(struct measure *m)
{
	m->following = false;
	m->candidate[0].hz = 0;
}

static double jump_limit(const struct measure *m)
{
	double sample = 0.6 * m->w < 0.5 ? 0.6 * m->w : 0.5;
	double noise = 6 * sqrt(2 * m->phase_noise);

	return noise > sample ? noise : sample;
}

/* The tone is there again after a disturbance: what was it? */
static void disturbance_judge(struct measure *m, double phase, uint64_t at)
{
	struct measure_stretch *s = current(m);
	bool gap = m->pending.count > 0, jump = false;

	if (m->phase_before_known && at - m->disturbed_at < PHASE_TRUST) {
		double turned = wrap(phase - m->phase_before);
		jump = fabs(turned) > jump_limit(m);
		if (jump) {
			s->jumps++;
			fault_note(s, MEASURE_JUMP, m->disturbed_at, turned / m->w);
		}
	}
	if (gap) {
		gaps_add(s, &m->pending);
	} else if (!jump) {
		s->clicks++;
		fault_note(s, MEASURE_CLICK, m->disturbed_at, 0);
	}
	m->pending.count = 0;
	m->disturbed = false;
	m->phases = 0;
}

static void level_follow(struct measure *m, double peak, uint64_t at)
{
	double db = 20 * log10(peak / m->peak);

	if (fabs(db) <= LEVEL_DB) {
		m->off_level = 0;
		m->peak += 0.01 * (peak - m->peak);
	} else if (++m->off_level == LEVEL_BLOCKS) {
		m->off_level = 0;
		m->peak = peak;
		current(m)->level_changes++;
		fault_note(current(m), MEASURE_LEVEL, at, db);
	}
}

static void clean_block(struct measure *m, double phase, uint64_t end)
{
	m->dirty = 0;
	if (m->disturbed) {
		if (++m->settled < SETTLE_BLOCKS)
			return;
		disturbance_judge(m, phase, end);
	}
	if (m->phases > 1 && fabs(wrap(phase - m->phase[1])) > jump_limit(m)) {
		/* A jump inside a block shows half in its phase and half in the next one's:
		 * compared two blocks apart it is whole. */
		disturb(m, end - 2 * MEASURE_BLOCK);
		return;
	}
	if (m->phases > 0) {
		double step = wrap(phase - m->phase[0]);
		m->turned += step + MEASURE_BLOCK * m->w;
		if (++m->turned_blocks >= WINDOW_BLOCKS) {
			m->w = m->turned / (m->turned_blocks * MEASURE_BLOCK);
			current(m)->hz = m->w * PCM_RATE_HZ / (2 * M_PI);
		}
		m->phase_noise += 0.02 * (step * step - m->phase_noise);
		m->phase[1] = m->phase[0];
	}
	m->phase[0] = phase;
	if (m->phases < 2)
		m->phases++;
}

static void block_end(struct measure *m, uint64_t end)
{
	struct spectrum_fit fit;
	spectrum_fit(&fit, m->block, MEASURE_BLOCK, m->w);
	double peak = hypot(fit.c, fit.s);
	double phase = wrap(atan2(-fit.s, fit.c) - m->turn);
	bool quiet = m->block_quiet;

	m->turn = wrap(m->turn + MEASURE_BLOCK * m->w);
	m->block_fill = 0;
	m->block_quiet = m->quiet_run >= QUIET_SAMPLES;
	if (quiet) {
		disturb(m, end - MEASURE_BLOCK);
		m->dirty = 0;
		return;
	}
	if (fit.rest > m->rest_limit * fit.energy || peak < 0.35 * m->peak || peak > 3 * m->peak) {
		disturb(m, end - MEASURE_BLOCK);
		if (++m->dirty == LOST_BLOCKS)
			follow_lose(m);
		return;
	}
	clean_block(m, phase, end);
	if (!m->disturbed) {
		stretch_power(current(m), peak * peak / 2, fit.rest / MEASURE_BLOCK, end);
		level_follow(m, peak, end);
	}
}

/* Near silence, sample by sample, so that a gap's length does not depend on the blocks. */
static void quiet_follow(struct measure *m, double sample, uint64_t index)
{
	struct measure_pending *p = &m->pending;

	if (fabs(sample) >= QUIET_PART * m->peak) {
		m->quiet_run = 0;
		return;
	}
	m->quiet_run++;
	if (m->quiet_run < QUIET_SAMPLES)
		return;
	m->block_quiet = true;
	uint64_t start = index + 1 - m->quiet_run;
	if (p->count == 0)
		*p = (struct measure_pending){.start = start};
	if (p->count == 0 || p->last_start != start) {
		p->count++;
		p->last_start = start;
		p->samples += m->quiet_run;
	} else {
		p->samples++;
	}
	if (m->quiet_run > p->max)
		p->max = m->quiet_run;
}

static void follow_sample(struct measure *m, double sample, uint64_t index)
{
	quiet_follow(m, sample, index);
	m->block[m->block_fill++] = sample;
	if (m->block_fill == MEASURE_BLOCK)
		block_end(m, index + 1);
}

/* --- finding a tone to follow --- */

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double median(double *values, size_t count)
{
	qsort(values, count, sizeof *values, by_value);
	return values[count / 2];
}

static void history_fit(struct spectrum_fit *fit, const struct measure *m, unsigned at, double w)
{
	double x[MEASURE_BLOCK];

	for (unsigned i = 0; i < MEASURE_BLOCK; i++)
		x[i] = m->history[at + i];
	spectrum_fit(fit, x, MEASURE_BLOCK, w);
}

/* Frequency to about 0.01 Hz, peak and noise from the blocks of the newest window; by medians, so
 * that a fault in it does not spoil them. */
static void follow_tune(struct measure *m, double hz)
{
	double step[WINDOW_BLOCKS], peak[WINDOW_BLOCKS], rest[WINDOW_BLOCKS], before = 0;
	const unsigned newest = MEASURE_HISTORY - SPECTRUM_WINDOW;

	m->w = 2 * M_PI * hz / PCM_RATE_HZ;
	for (unsigned b = 0; b < WINDOW_BLOCKS; b++) {
		struct spectrum_fit fit;
		history_fit(&fit, m, newest + b * MEASURE_BLOCK, m->w);
		double phase = atan2(-fit.s, fit.c);
		step[b] = wrap(phase - before - MEASURE_BLOCK * m->w);
		before = phase;
		peak[b] = hypot(fit.c, fit.s);
		rest[b] = fit.energy > 0 ? fit.rest / fit.energy : 1;
	}
	double drift = median(step + 1, WINDOW_BLOCKS - 1);
	for (unsigned b = 1; b < WINDOW_BLOCKS; b++)
		step[b] = fabs(step[b] - drift);
	double spread = 1.48 * median(step + 1, WINDOW_BLOCKS - 1);
	m->phase_noise = spread * spread;
	m->w += drift / MEASURE_BLOCK;
	m->peak = median(peak, WINDOW_BLOCKS);
	double usual = 5 * median(rest, WINDOW_BLOCKS);
	m->rest_limit = usual < 0.03 ? 0.03 : usual > 0.8 ? 0.8 : usual;
}

static bool history_clean(const struct measure *m, unsigned at)
{
	struct spectrum_fit fit;
	history_fit(&fit, m, at, m->w);
	double peak = hypot(fit.c, fit.s);

	return fit.rest <= m->rest_limit * fit.energy && peak > 0.85 * m->peak &&
	       peak < 1.18 * m->peak;
}

/* Two windows hold the tone: follow it from where it began, at most a window earlier. */
static void follow_begin(struct measure *m, double hz)
{
	unsigned at = SPECTRUM_WINDOW;
	uint64_t first = m->samples - MEASURE_HISTORY; /* sample at history[0]; may wrap below 0 */
	uint64_t bound = m->stretch_count > 0 ? current(m)->end : 0;

	follow_tune(m, hz);
	if (history_clean(m, at)) {
		while (at >= MEASURE_BLOCK && first + at - MEASURE_BLOCK >= bound &&
		       m->samples >= MEASURE_HISTORY - at + MEASURE_BLOCK &&
		       history_clean(m, at - MEASURE_BLOCK))
			at -= MEASURE_BLOCK;
	} else {
		while (at < MEASURE_HISTORY - SPECTRUM_WINDOW && !history_clean(m, at))
			at++;
	}
	if (!stretch_begin(m, m->w * PCM_RATE_HZ / 2 / M_PI, 0, first + at))
		return;
	m->following = true;
	m->turn = m->turned = 0;
	m->turned_blocks = 0;
	m->block_fill = m->quiet_run = m->phases = m->dirty = m->off_level = 0;
	m->block_quiet = m->disturbed = false;
	m->pending.count = 0;
	for (; at < MEASURE_HISTORY && m->following; at++)
		follow_sample(m, m->history[at], first + at);
}

static bool tones_repeat(const struct measure *m, const struct spectrum_tone *a)
{
	for (unsigned i = 0; i < 2; i++) {
		if (fabs(a[i].hz - m->candidate[i].hz) >= SAME_HZ)
			return false;
	}
	return a[0].hz > 0;
}

static void search(struct measure *m, double power)
{
	struct spectrum look;
	struct spectrum_tone tone[2] = {{0, 0}, {0, 0}};

	if (pcm_dbm0_of_power(power) > ACTIVE_DBM0) {
		spectrum_look(&look, m->history + MEASURE_HISTORY - SPECTRUM_WINDOW);
		if (look.rest[0] < IMPURE_MAX * look.power) {
			tone[0] = look.tone[0];
		} else if (look.rest[1] < IMPURE_MAX * look.power) {
			bool first = look.tone[0].hz < look.tone[1].hz;
			tone[0] = look.tone[first ? 0 : 1];
			tone[1] = look.tone[first ? 1 : 0];
		}
	}
	bool repeat = tones_repeat(m, tone);
	memcpy(m->candidate, tone, sizeof tone);
	if (!repeat)
		return;
	if (tone[1].hz == 0)
		follow_begin(m, tone[0].hz);
	else if (stretch_begin(m, tone[0].hz, tone[1].hz, m->samples - 2 * SPECTRUM_WINDOW))
		stretch_power(current(m), power - look.rest[1], look.rest[1], m->samples);
}

/* --- weaker tones beside the followed one --- */

static void others_look(struct measure *m)
{
	struct spectrum look;
	spectrum_look(&look, m->history + MEASURE_HISTORY - SPECTRUM_WINDOW);
	double hz = look.tone[1].hz, peak = look.tone[1].peak;

	if (peak < OTHER_PART * look.tone[0].peak || fabs(hz - look.tone[0].hz) < 15)
		return;
	struct measure_other *o = m->other;
	while (o < m->other + m->other_count && fabs(o->hz - hz) >= SAME_HZ)
		o++;
	if (o == m->other + MEASURE_OTHERS)
		return;
	if (o == m->other + m->other_count) {
		m->other_count++;
		*o = (struct measure_other){hz, -99, 0};
	}
	double dbm0 = pcm_dbm0_of_peak(peak);
	if (dbm0 > o->level_dbm0)
		o->level_dbm0 = dbm0;
	o->windows++;
}

/* --- all together --- */

static void window_end(struct measure *m)
{
	const int16_t *newest = m->history + MEASURE_HISTORY - SPECTRUM_WINDOW;
	double sum = 0;

	for (unsigned i = 0; i < SPECTRUM_WINDOW; i++)
		sum += (double)newest[i] * newest[i];
	if (pcm_dbm0_of_power(sum / SPECTRUM_WINDOW) > ACTIVE_DBM0) {
		m->active += SPECTRUM_WINDOW;
		m->active_power += sum;
	}
	m->windows++;
	if (!m->following)
		search(m, sum / SPECTRUM_WINDOW);
	else if (!m->window_faulty && m->windows % OTHERS_EVERY == 0)
		others_look(m);
	m->window_faulty = false;
	memmove(m->history, m->history + SPECTRUM_WINDOW, 2 * SPECTRUM_WINDOW * sizeof *newest);
	m->fill = 0;
}

void measure_run(struct measure *m, const int16_t *pcm, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		m->history[MEASURE_HISTORY - SPECTRUM_WINDOW + m->fill++] = pcm[i];
		if (m->following)
			follow_sample(m, pcm[i], m->samples);
		m->samples++;
		if (m->fill == SPECTRUM_WINDOW)
			window_end(m);
	}
}

void measure_end(struct measure *m)
{
	if (m->following)
		follow_lose(m);
}

const struct measure_stretch *measure_main(const struct measure *m)
{
	const struct measure_stretch *best = NULL;

	for (unsigned i = 0; i < m->stretch_count; i++) {
		const struct measure_stretch *s = &m->stretch[i];
		if (best == NULL || (best->hz2 != 0 && s->hz2 == 0) ||
		    ((best->hz2 != 0) == (s->hz2 != 0) &&
		     s->end - s->start > best->end - best->start))
			best = s;
	}
	return best;
}

double measure_level_dbm0(const struct measure *m)
{
	return m->active > 0 ? pcm_dbm0_of_power(m->active_power / (double)m->active) : -99;
}
