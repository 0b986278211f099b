/* splice.h - joins two places of mu-law audio where it is most like itself, so that leaving out or
 * repeating a stretch of it is not heard.
 *
 * Waveform similarity and overlap-add: of all lags allowed, that at which the signal repeats itself
 * best is taken (whole periods of a voice or a tone), and one place fades into the other over
 * SPLICE_OVERLAP samples.  The fade keeps the power, however like or unlike the two are.
 *
 * Thread: any.  Never allocates.
 */
#ifndef SIP_SPLICE_H
#define SIP_SPLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SPLICE_OVERLAP = 80 };

struct splice_search {
	const float *ref;     /* SPLICE_OVERLAP samples, compared with those ... */
	int step;             /* ... one lag later (1) or earlier (-1), which must be there */
	unsigned first, last; /* lags; what is about as good but nearer to first is taken */
};

/* Less than -43 dBm0 all along: there a join at any lag goes unheard. */
bool splice_quiet(const uint8_t *octets, size_t count);
void splice_linear(float *linear, const uint8_t *octets, size_t count);
/* The lag to take; likeness is 1 where the signal repeats itself exactly, 0 or less where not. */
unsigned splice_find(const struct splice_search *s, float *likeness);
/* Fades from one place into another. */
void splice_mix(uint8_t out[SPLICE_OVERLAP], const float *from, const float *to, float likeness);
/* How like each other SPLICE_OVERLAP samples are. */
float splice_likeness(const float *a, const float *b);

#endif
