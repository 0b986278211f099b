#include "sip/splice.h"

#include <math.h>
#include <spandsp.h>
#include <stdlib.h>

enum { QUIET = 160, LAGS_MAX = 256 };
/* Likeness that is given away for a lag nearer to the first: a quarter more of what the best lag
 * lacks, and so much that nobody hears. */
static const float SLACK = 1.25f, UNHEARD = 0.005f;

bool splice_quiet(const uint8_t *octets, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (abs(ulaw_to_linear(octets[i])) > QUIET)
			return false;
	return true;
}

void splice_linear(float *linear, const uint8_t *octets, size_t count)
{
	for (size_t i = 0; i < count; i++)
		linear[i] = ulaw_to_linear(octets[i]);
}

static float product(const float *a, const float *b)
{
	float sum[4] = {0}; /* four sums, that the compiler may add side by side */

	for (size_t i = 0; i < SPLICE_OVERLAP; i += 4)
		for (size_t k = 0; k < 4; k++)
			sum[k] += a[i + k] * b[i + k];
	return sum[0] + sum[1] + sum[2] + sum[3];
}

float splice_likeness(const float *a, const float *b)
{
	float power = product(a, a) * product(b, b);

	return power > 0 ? product(a, b) / sqrtf(power) : 1; /* silence is like everything */
}

unsigned splice_find(const struct splice_search *s, float *likeness)
{
	float like[LAGS_MAX] = {0}, best = -1;
	int step = s->last < s->first ? -1 : 1;
	unsigned count = (unsigned)abs((int)s->last - (int)s->first) + 1, i;

	if (count > LAGS_MAX)
		count = LAGS_MAX;
	for (i = 0; i < count; i++) {
		int lag = (int)s->first + step * (int)i;

		like[i] = splice_likeness(s->ref, s->ref + s->step * lag);
		if (like[i] > best)
			best = like[i];
	}
	for (i = 0; i + 1 < count && 1 - like[i] > (1 - best) * SLACK + UNHEARD; i++)
		;
	*likeness = like[i];
	return s->first + (unsigned)step * i;
}

void splice_mix(uint8_t out[SPLICE_OVERLAP], const float *from, const float *to, float likeness)
{
	float r = likeness > 0 ? likeness : 0;

	for (unsigned i = 0; i < SPLICE_OVERLAP; i++) {
		float b = ((float)i + 0.5f) / SPLICE_OVERLAP, a = 1 - b;
		float mixed = (a * from[i] + b * to[i]) / sqrtf(a * a + b * b + 2 * a * b * r);

		out[i] = linear_to_ulaw((int)lrintf(fminf(fmaxf(mixed, -32000), 32000)));
	}
}
