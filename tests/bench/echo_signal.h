/* echo_signal.h - what echo cancellers are measured with: something like speech, noise, echo paths.
 *
 * Speech: voiced syllables of changing pitch and vowel, hissed consonants, pauses between phrases.
 * Paths: D.2 to D.9 of G.168 Annex D, scaled to an echo return loss, and the octets of a mu-law
 * line on the way there and back.
 */
#ifndef ECHO_SIGNAL_H
#define ECHO_SIGNAL_H

#include <math.h>
#include <spandsp.h>
#include <spandsp/g168models.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct echo_talker {
	uint64_t seed;
	unsigned left;  /* samples of this sound */
	unsigned total; /* it has */
	bool voiced, quiet;
	double pitch, glide, phase, pulse, level;
	double hz[4], last[4][2];
	double coefficient[4][3];
};

static inline double echo_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (double)(*seed >> 11) / 9007199254740992.0;
}

static inline double echo_gauss(uint64_t *seed)
{
	double sum = 0;

	for (int i = 0; i < 12; i++)
		sum += echo_random(seed);
	return sum - 6;
}

static inline void echo_talker_formant(struct echo_talker *t, unsigned i, double hz, double width)
{
	double r = exp(-M_PI * width / 8000), a = 2 * r * cos(2 * M_PI * hz / 8000);

	t->coefficient[i][0] = a;
	t->coefficient[i][1] = -r * r;
	t->coefficient[i][2] = 1 - a + r * r;
}

static inline void echo_talker_next(struct echo_talker *t)
{
	static const double vowels[6][3] = {{730, 1090, 2440}, {270, 2290, 3010}, {300, 870, 2240},
					    {530, 1840, 2480}, {570, 840, 2410},  {440, 1020, 2240}};
	double what = echo_random(&t->seed);
	const double *v = vowels[(unsigned)(echo_random(&t->seed) * 6) % 6];

	t->quiet = what < 0.12;
	t->voiced = what >= 0.32;
	t->total = (unsigned)(8 * (t->quiet ? 40 + 160 * echo_random(&t->seed)
				   : t->voiced ? 80 + 170 * echo_random(&t->seed)
					       : 40 + 60 * echo_random(&t->seed)));
	t->left = t->total;
	t->pitch = 95 + 90 * echo_random(&t->seed);
	t->glide = (echo_random(&t->seed) - 0.5) * 40;
	t->level = 0.4 + 0.6 * echo_random(&t->seed);
	for (unsigned i = 0; i < 3; i++)
		echo_talker_formant(t, i, t->voiced ? v[i] : 1500 + 800 * i, t->voiced ? 60 + 40 * i : 600);
	echo_talker_formant(t, 3, 3500, 250);
}

static inline double echo_talker_sample(struct echo_talker *t)
{
	double x = 0, shape;

	if (t->left == 0)
		echo_talker_next(t);
	shape = sin(M_PI * (t->total - t->left + 0.5) / t->total);
	t->left--;
	if (t->quiet)
		shape = 0;
	if (t->voiced) {
		double hz = t->pitch + t->glide * (1 - (double)t->left / t->total);
		t->phase += hz / 8000;
		if (t->phase >= 1) {
			t->phase -= 1;
			x = 8;
		}
		t->pulse = 0.7 * t->pulse + x;
		x = t->pulse + 0.05 * echo_gauss(&t->seed);
	} else {
		x = 1.2 * echo_gauss(&t->seed);
	}
	x *= shape * t->level;
	double y = 0, in = x;
	for (unsigned i = 0; i < 4; i++) {
		double o = in * t->coefficient[i][2] + t->coefficient[i][0] * t->last[i][0] +
			   t->coefficient[i][1] * t->last[i][1];
		t->last[i][1] = t->last[i][0];
		t->last[i][0] = o;
		y += (i & 1 ? -1 : 1) * o / (1 + 0.5 * i);
	}
	return y + 0.1 * x;
}

static inline int16_t echo_clip(double x)
{
	return (int16_t)(x > 32767 ? 32767 : x < -32768 ? -32768 : lrint(x));
}

static inline int16_t echo_line(double x)
{
	return ulaw_to_linear(linear_to_ulaw(echo_clip(x)));
}

/* count samples of a talker at a level (dBm0 of the whole, pauses included). */
static inline void echo_speech(uint64_t seed, double dbm0, int16_t *out, size_t count)
{
	struct echo_talker t = {.seed = seed * 7919 + 17};
	double *x = malloc(count * sizeof(*x)), sum = 0;

	for (size_t i = 0; i < count; i++) {
		x[i] = echo_talker_sample(&t);
		sum += x[i] * x[i];
	}
	double scale = 32768 * pow(10, (dbm0 - 6.18) / 20) / sqrt(sum / (double)count + 1e-30);
	for (size_t i = 0; i < count; i++)
		out[i] = echo_line(x[i] * scale);
	free(x);
}

/* 0 dBm0 of a sine is 6.18 dB below a square wave of full scale. */
static inline void echo_noise(uint64_t seed, double dbm0, int16_t *out, size_t count)
{
	double scale = 32768 * pow(10, (dbm0 - 6.18) / 20);

	for (size_t i = 0; i < count; i++)
		out[i] = echo_clip(echo_gauss(&seed) * scale);
}

struct echo_path {
	double taps[128];
	unsigned count, delay, at;
	double heard[2048];
};

/* model 2..9 of G.168 Annex D; 1: one tap. */
static inline void echo_path_set(struct echo_path *p, unsigned model, double erl_db, unsigned delay)
{
	static const struct {
		const int32_t *taps;
		size_t size;
	} models[] = {{line_model_d2_coeffs, sizeof(line_model_d2_coeffs)},
		      {line_model_d3_coeffs, sizeof(line_model_d3_coeffs)},
		      {line_model_d4_coeffs, sizeof(line_model_d4_coeffs)},
		      {line_model_d5_coeffs, sizeof(line_model_d5_coeffs)},
		      {line_model_d6_coeffs, sizeof(line_model_d6_coeffs)},
		      {line_model_d7_coeffs, sizeof(line_model_d7_coeffs)},
		      {line_model_d8_coeffs, sizeof(line_model_d8_coeffs)},
		      {line_model_d9_coeffs, sizeof(line_model_d9_coeffs)}};
	double sum = 0;

	p->delay = delay;
	p->count = model < 2 ? 1 : (unsigned)(models[model - 2].size / sizeof(int32_t));
	for (unsigned i = 0; i < p->count; i++) {
		p->taps[i] = model < 2 ? 1 : models[model - 2].taps[i];
		sum += p->taps[i] * p->taps[i];
	}
	for (unsigned i = 0; i < p->count; i++)
		p->taps[i] *= pow(10, -erl_db / 20) / sqrt(sum);
}

static inline double echo_path_sample(struct echo_path *p, double far)
{
	double sum = 0;

	p->heard[p->at % 2048] = far;
	for (unsigned i = 0; i < p->count; i++)
		sum += p->taps[i] * p->heard[(p->at + 2048 - p->delay - i) % 2048];
	p->at++;
	return sum;
}

static inline double echo_energy(const int16_t *x, size_t count)
{
	double sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += (double)x[i] * x[i];
	return sum;
}

#endif
