/* speak.h - digits spoken as tones, so that a listener knows which extension it hears.
 *
 *   2000 Hz (start), then a tone of 600 + 120 * d Hz for each digit d; each 120 ms, 60 ms apart;
 *   600 ms pause, again from the start.
 *
 * None of these pairs up as DTMF.  Pure data, no allocation.
 */
#ifndef PBX_SPEAK_H
#define PBX_SPEAK_H

#include <stddef.h>
#include <stdint.h>

enum { SPEAK_DIGITS_MAX = 32, SPEAK_FRAME = 160, SPEAK_SYMBOLS = 11, SPEAK_START = 10 };

double speak_symbol_hz(unsigned symbol); /* 0..9, SPEAK_START */
/* Frequency sounding at this sample of the endless repetition; 0 = pause. */
double speak_hz_at(const char *digits, uint64_t sample);

struct speak_detector {
	double frame[SPEAK_FRAME]; /* 20 ms */
	unsigned fill;
	int last;       /* symbol of the last frame, -1 = none */
	unsigned same;  /* frames it has lasted */
	unsigned quiet; /* frames without a symbol */
	int collecting; /* a start was heard */
	char now[SPEAK_DIGITS_MAX + 1];
	char heard[SPEAK_DIGITS_MAX + 1]; /* the last whole pattern, "" = none yet */
	unsigned patterns;                /* whole patterns heard */
	unsigned changes;                 /* of them, different from the one before */
};

void speak_detector_init(struct speak_detector *d);
void speak_detector_run(struct speak_detector *d, const int16_t *pcm, size_t count);

#endif
