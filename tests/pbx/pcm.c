#include "tests/pbx/pcm.h"

#include <math.h>
#include <spandsp.h>

/* G.711 clause 2: 8159 of 8192 on the 14-bit scale is the virtual decision value of overload, and
 * a sine of that peak is +3.17 dBm0. */
#define PCM_OVERLOAD_PEAK (8159.0 * 4)
#define PCM_OVERLOAD_DBM0 3.17
#define PCM_FLOOR_DBM0    (-99.0)

double pcm_peak_of_dbm0(double dbm0)
{
	return PCM_OVERLOAD_PEAK * pow(10, (dbm0 - PCM_OVERLOAD_DBM0) / 20);
}

double pcm_dbm0_of_peak(double peak)
{
	if (peak < 0.1)
		return PCM_FLOOR_DBM0;
	return PCM_OVERLOAD_DBM0 + 20 * log10(peak / PCM_OVERLOAD_PEAK);
}

double pcm_dbm0_of_power(double mean_square)
{
	return pcm_dbm0_of_peak(sqrt(2 * mean_square));
}

int16_t pcm_clip(double sample)
{
	if (sample > INT16_MAX)
		return INT16_MAX;
	if (sample < INT16_MIN)
		return INT16_MIN;
	return (int16_t)lrint(sample);
}

void pcm_from_ulaw(const uint8_t *ulaw, int16_t *pcm, size_t count)
{
	for (size_t i = 0; i < count; i++)
		pcm[i] = ulaw_to_linear(ulaw[i]);
}

void pcm_to_ulaw(const int16_t *pcm, uint8_t *ulaw, size_t count)
{
	for (size_t i = 0; i < count; i++)
		ulaw[i] = linear_to_ulaw(pcm[i]);
}
