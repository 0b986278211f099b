#include "tests/pbx/marker.h"

#include <math.h>
#include <string.h>

/* Noise correlates with 255 chips at 0.06 (one sigma); an echo path that smears a burst still
 * gives far more than 0.4. */
#define MARKER_THRESHOLD 0.4f
/* Below this power (about -60 dBm0) there is nothing to correlate. */
#define MARKER_FLOOR 500.0

static float chips[MARKER_SAMPLES];

/* x^8 + x^6 + x^5 + x^4 + 1 is primitive: the sequence repeats only after 255. */
static void chips_make(void)
{
	unsigned state = 1;

	for (unsigned i = 0; i < MARKER_SAMPLES; i++) {
		unsigned bit = (state >> 7 ^ state >> 5 ^ state >> 4 ^ state >> 3) & 1;
		chips[i] = state >> 7 & 1 ? 1 : -1;
		state = (state << 1 | bit) & 0xff;
	}
}

int marker_chip(unsigned i)
{
	if (chips[0] == 0)
		chips_make();
	return (int)chips[i];
}

void marker_detector_init(struct marker_detector *d)
{
	memset(d, 0, sizeof *d);
	(void)marker_chip(0);
}

static float correlate(const float *x)
{
	float sum[4] = {0};
	unsigned i;

	for (i = 0; i + 4 <= MARKER_SAMPLES; i += 4) {
		for (unsigned j = 0; j < 4; j++)
			sum[j] += x[i + j] * chips[i + j];
	}
	for (; i < MARKER_SAMPLES; i++)
		sum[0] += x[i] * chips[i];
	return sum[0] + sum[1] + sum[2] + sum[3];
}

bool marker_detector_put(struct marker_detector *d, int16_t sample, uint64_t *start)
{
	float gone = d->ring[d->at];

	d->ring[d->at] = d->ring[d->at + MARKER_SAMPLES] = sample;
	d->at = d->at + 1 == MARKER_SAMPLES ? 0 : d->at + 1;
	/* Samples are whole numbers below 2^15, so this running sum is exact. */
	d->energy += (double)sample * sample - (double)gone * gone;
	d->samples++;

	bool found = false;
	if (d->best > 0 && ++d->since_best >= MARKER_CONFIRM) {
		*start = d->best_start;
		d->best = 0;
		found = true;
	}
	if (d->samples < MARKER_SAMPLES || d->energy < MARKER_FLOOR * MARKER_SAMPLES)
		return found;
	float score = fabsf(correlate(d->ring + d->at)) / sqrtf((float)d->energy * MARKER_SAMPLES);
	if (score > MARKER_THRESHOLD && score > d->best) {
		d->best = score;
		d->best_start = d->samples - MARKER_SAMPLES;
		d->since_best = 0;
	}
	return found;
}
