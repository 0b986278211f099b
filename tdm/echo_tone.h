/* echo_tone.h - inside the echo canceller (echo.c): 2100 Hz in one direction, and its phase
 * reversals (G.165 4, V.25, V.8 ANSam). */
#ifndef TDM_ECHO_TONE_H
#define TDM_ECHO_TONE_H

#include <stdbool.h>

struct echo_tone {
	float re[3], im[3]; /* the tone in this block and the two before, unit length or 0 */
	float turn_re, turn_im; /* from block to block: the tone is up to 21 Hz off */
	unsigned blocks, missing, since_reversal, reversals;
};

/* A block of 80 samples with that energy. */
void echo_tone_run(struct echo_tone *t, const float *samples, float energy);
bool echo_tone_is_on(const struct echo_tone *t);       /* for 400 ms: an answering tone */
bool echo_tone_is_reversed(const struct echo_tone *t); /* and twice reversed: a modem's */

#endif
