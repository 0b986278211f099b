#include "tests/pbx/speak.h"

#include "tests/pbx/pcm.h"
#include <math.h>
#include <string.h>

enum {
	TONE_SAMPLES = PCM_RATE_HZ * 120 / 1000,
	GAP_SAMPLES = PCM_RATE_HZ * 60 / 1000,
	PAUSE_SAMPLES = PCM_RATE_HZ * 600 / 1000,
	SYMBOL_FRAMES_MIN = 3, /* of the six a tone lasts */
	END_FRAMES = 15,       /* 300 ms without a tone ends a pattern */
};
#define FLOOR_DBM0 (-48.0)
#define PURITY_MIN 0.7 /* part of the frame's power at the symbol's frequency */

double speak_symbol_hz(unsigned symbol)
{
	return symbol == SPEAK_START ? 2000 : 600 + 120.0 * symbol;
}

double speak_hz_at(const char *digits, uint64_t sample)
{
	size_t count = strlen(digits) + 1;
	uint64_t round = count * (TONE_SAMPLES + GAP_SAMPLES) + PAUSE_SAMPLES;
	uint64_t at = sample % round;
	size_t symbol = at / (TONE_SAMPLES + GAP_SAMPLES);

	if (symbol >= count || at % (TONE_SAMPLES + GAP_SAMPLES) >= TONE_SAMPLES)
		return 0;
	if (symbol == 0)
		return speak_symbol_hz(SPEAK_START);
	char c = digits[symbol - 1];
	return c >= '0' && c <= '9' ? speak_symbol_hz((unsigned)(c - '0')) : 0;
}

void speak_detector_init(struct speak_detector *d)
{
	memset(d, 0, sizeof *d);
	d->last = -1;
}

/* Which symbol a frame of 20 ms holds; -1 = none. */
static int frame_symbol(const double *frame)
{
	double power = 0;

	for (unsigned i = 0; i < SPEAK_FRAME; i++)
		power += frame[i] * frame[i];
	power /= SPEAK_FRAME;
	if (pcm_dbm0_of_power(power) < FLOOR_DBM0)
		return -1;
	for (unsigned s = 0; s < SPEAK_SYMBOLS; s++) {
		/* Goertzel: one tone's complex amplitude. */
		double w = 2 * M_PI * speak_symbol_hz(s) / PCM_RATE_HZ;
		double k = 2 * cos(w), s1 = 0, s2 = 0;
		for (unsigned i = 0; i < SPEAK_FRAME; i++) {
			double s0 = frame[i] + k * s1 - s2;
			s2 = s1;
			s1 = s0;
		}
		double square = s1 * s1 + s2 * s2 - k * s1 * s2;
		if (2 * square / SPEAK_FRAME / SPEAK_FRAME > PURITY_MIN * power)
			return (int)s;
	}
	return -1;
}

static void pattern_end(struct speak_detector *d)
{
	if (d->collecting && d->now[0] != '\0') {
		if (d->patterns > 0 && strcmp(d->heard, d->now) != 0)
			d->changes++;
		strcpy(d->heard, d->now);
		d->patterns++;
	}
	d->collecting = 0;
	d->now[0] = '\0';
}

static void symbol_heard(struct speak_detector *d, int symbol)
{
	if (symbol == SPEAK_START) {
		pattern_end(d);
		d->collecting = 1;
		return;
	}
	size_t len = strlen(d->now);
	if (d->collecting && len < SPEAK_DIGITS_MAX) {
		d->now[len] = (char)('0' + symbol);
		d->now[len + 1] = '\0';
	}
}

void speak_detector_run(struct speak_detector *d, const int16_t *pcm, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		d->frame[d->fill++] = pcm[i];
		if (d->fill < SPEAK_FRAME)
			continue;
		d->fill = 0;
		int symbol = frame_symbol(d->frame);
		d->same = symbol == d->last ? d->same + 1 : 1;
		d->last = symbol;
		d->quiet = symbol < 0 ? d->quiet + 1 : 0;
		if (symbol >= 0 && d->same == SYMBOL_FRAMES_MIN)
			symbol_heard(d, symbol);
		if (d->quiet == END_FRAMES)
			pattern_end(d);
	}
}
