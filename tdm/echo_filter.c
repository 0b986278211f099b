#include "tdm/echo_filter.h"

#include <string.h>

/* Power factors; weights are 1 where the echo is as loud as the far end. */
static const float first_doubt = 0.05F; /* a partition's: echo paths have 6 dB loss at least */
static const float known_doubt = 1e-5F;
static const float noise_floor = 1e-7F;

unsigned echo_filter_parts(unsigned tail_ms)
{
	unsigned parts = (tail_ms * 8 + ECHO_BLOCK - 1) / ECHO_BLOCK;

	return parts < 1 ? 1 : parts > ECHO_PARTS_MAX ? ECHO_PARTS_MAX : parts;
}

void echo_filter_init(struct echo_filter *f, unsigned parts)
{
	f->kernel = echo_kernel();
	f->parts = parts;
	echo_filter_doubt(f);
}

/* The part whose far end is age blocks old.  Weights are kept by age, spectra in a ring. */
static unsigned heard(const struct echo_filter *f, unsigned age)
{
	unsigned i = f->newest + age;

	return i < f->parts ? i : i - f->parts;
}

void echo_filter_hear(struct echo_filter *f, const float far[ECHO_BLOCK])
{
	struct echo_part *p;

	f->newest = f->newest == 0 ? f->parts - 1 : f->newest - 1;
	p = &f->part[f->newest];
	f->kernel->forward(f->last_far, far, &p->far);
	f->kernel->power(&p->far, p->far_power);
	f->far_energy[f->newest] = f->kernel->dot(far, far);
	memcpy(f->last_far, far, sizeof(f->last_far));
}

float echo_filter_far_peak(const struct echo_filter *f)
{
	float peak = 0;

	for (unsigned i = 0; i < f->parts; i++)
		if (f->far_energy[i] > peak)
			peak = f->far_energy[i];
	return peak;
}

void echo_filter_estimate(const struct echo_filter *f, bool learned, float echo[ECHO_BLOCK])
{
	struct echo_spectrum sum;

	memset(&sum, 0, sizeof(sum));
	for (unsigned age = 0; age < f->parts; age++) {
		const struct echo_part *p = &f->part[age];
		f->kernel->multiply_add(&sum, &f->part[heard(f, age)].far,
					learned ? &p->learned : &p->used);
	}
	f->kernel->inverse(&sum, NULL, echo);
}

/* An echo path of a partition has 80 samples; what an update put into the other 80 is nothing. */
static void constrain(struct echo_filter *f, unsigned age)
{
	_Alignas(ECHO_ALIGN) float path[ECHO_BLOCK];

	f->kernel->inverse(&f->part[age].learned, path, NULL);
	f->kernel->forward(path, NULL, &f->part[age].learned);
}

void echo_filter_learn(struct echo_filter *f, const float error[ECHO_BLOCK], float keep,
		       bool thorough)
{
	_Alignas(ECHO_ALIGN) float expected[ECHO_BINS], gain[ECHO_BINS];
	struct echo_spectrum e;
	struct echo_step step = {.e = &e, .gain = gain, .keep = keep, .drift = 1 - keep};

	f->kernel->forward(NULL, error, &e);
	f->kernel->smooth_power(f->noise, &e, 0.5F);
	for (unsigned k = 0; k < ECHO_BINS; k++)
		expected[k] = noise_floor;
	for (unsigned age = 0; age < f->parts; age++)
		f->kernel->half_products(expected, f->part[heard(f, age)].far_power,
					 f->part[age].doubt);
	f->kernel->reciprocal(gain, expected, f->noise);
	for (unsigned age = 0; age < f->parts; age++) {
		const struct echo_part *x = &f->part[heard(f, age)];
		step.far = &x->far;
		step.far_power = x->far_power;
		f->kernel->update(&f->part[age].learned, f->part[age].doubt, &step);
	}
	if (!thorough) {
		f->constrained = f->constrained + 1 < f->parts ? f->constrained + 1 : 0;
		constrain(f, f->constrained);
		return;
	}
	for (unsigned age = 0; age < f->parts; age++)
		constrain(f, age);
}

void echo_filter_adopt(struct echo_filter *f)
{
	for (unsigned age = 0; age < f->parts; age++)
		f->part[age].used = f->part[age].learned;
}

void echo_filter_return(struct echo_filter *f)
{
	for (unsigned age = 0; age < f->parts; age++)
		f->part[age].learned = f->part[age].used;
}

void echo_filter_doubt(struct echo_filter *f)
{
	for (unsigned age = 0; age < f->parts; age++)
		for (unsigned k = 0; k < ECHO_BINS; k++)
			f->part[age].doubt[k] = first_doubt;
}

void echo_filter_forget(struct echo_filter *f)
{
	for (unsigned age = 0; age < f->parts; age++)
		memset(&f->part[age].used, 0, sizeof(f->part[age].used));
}

void echo_filter_set(struct echo_filter *f, const float *taps, unsigned count, unsigned delay)
{
	for (unsigned age = 0; age < f->parts; age++) {
		_Alignas(ECHO_ALIGN) float path[ECHO_BLOCK];
		for (unsigned i = 0; i < ECHO_BLOCK; i++) {
			unsigned at = age * ECHO_BLOCK + i;
			path[i] = at >= delay && at - delay < count ? taps[at - delay] : 0;
		}
		f->kernel->forward(path, NULL, &f->part[age].learned);
		for (unsigned k = 0; k < ECHO_BINS; k++)
			f->part[age].doubt[k] = known_doubt;
	}
}

unsigned echo_filter_peak(const struct echo_filter *f)
{
	float most = 0;
	unsigned peak = 0;

	for (unsigned age = 0; age < f->parts; age++) {
		_Alignas(ECHO_ALIGN) float path[ECHO_BLOCK];
		f->kernel->inverse(&f->part[age].learned, path, NULL);
		for (unsigned i = 0; i < ECHO_BLOCK; i++)
			if (path[i] * path[i] > most) {
				most = path[i] * path[i];
				peak = age * ECHO_BLOCK + i;
			}
	}
	return peak;
}

float echo_filter_gain(const struct echo_filter *f, unsigned *strongest)
{
	float sum = 0, most = 0;

	*strongest = 0;
	for (unsigned age = 0; age < f->parts; age++) {
		const struct echo_spectrum *w = &f->part[age].used;
		float gain = f->kernel->dot(w->re, w->re) + f->kernel->dot(w->im, w->im);
		sum += gain;
		if (gain > most) {
			most = gain;
			*strongest = age;
		}
	}
	return sum / ECHO_BINS;
}
