/* pcm.h - 8 kHz samples, mu-law octets and levels.  Pure functions, any thread.
 *
 * Levels are dBm0 of G.711: a sine that just reaches the mu-law overload point is +3.17 dBm0.
 */
#ifndef PBX_PCM_H
#define PBX_PCM_H

#include <stddef.h>
#include <stdint.h>

enum { PCM_RATE_HZ = 8000 };

double pcm_peak_of_dbm0(double dbm0);         /* peak of a sine of that level */
double pcm_dbm0_of_peak(double peak);         /* -99 for silence */
double pcm_dbm0_of_power(double mean_square); /* of any signal; -99 for silence */
int16_t pcm_clip(double sample);

void pcm_from_ulaw(const uint8_t *ulaw, int16_t *pcm, size_t count);
void pcm_to_ulaw(const int16_t *pcm, uint8_t *ulaw, size_t count);

#endif
