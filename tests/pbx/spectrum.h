/* spectrum.h - which tones a window of 100 ms holds.  Pure functions, any thread.
 *
 * A Hann window; a Fourier transform shows about where the strongest tone is, three Goertzel
 * filters 10 Hz apart where exactly; it is fitted, taken away, and the rest is looked at again: so
 * a second tone is seen 37 Hz beside the first or far below it.  (A bank of Goertzel filters alone
 * takes ten times as long, and would hold up the loop that paces the line.)
 */
#ifndef PBX_SPECTRUM_H
#define PBX_SPECTRUM_H

#include <stddef.h>
#include <stdint.h>

enum { SPECTRUM_WINDOW = 800, SPECTRUM_HZ_MIN = 200, SPECTRUM_HZ_MAX = 3600 };

struct spectrum_tone {
	double hz;
	double peak; /* amplitude; 0 = none found */
};

struct spectrum {
	double power;                 /* mean square of the window, DC taken off */
	struct spectrum_tone tone[2]; /* strongest first */
	double rest[2]; /* mean square left when the first, when both are taken away */
};

void spectrum_look(struct spectrum *out, const int16_t *window);

/* Least-squares fit of c cos(w i) + s sin(w i), i = 0..count-1; gives the power it explains. */
struct spectrum_fit {
	double c, s;
	double energy; /* sum of squares of x */
	double rest;   /* sum of squares left */
};
void spectrum_fit(struct spectrum_fit *out, const double *x, size_t count, double w);

#endif
