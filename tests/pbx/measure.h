/* measure.h - judges what was heard: which tones, how loud, and what was wrong with them.
 *
 * Windows of 100 ms are searched until two in a row hold the same tone.  From then on that tone is
 * followed in blocks of 5 ms by its phase: a lost or inserted sample turns the phase by
 * 2 pi f / 8000 and is seen as a jump; a gap is any run of near silence of 1 ms or more inside the
 * tone, exact to about two samples; a click is a disturbance after which the phase is as before.
 * A stretch of one tone ends when another sound takes its place; silence that nothing follows is
 * the end of the tone and no gap.
 *
 * Samples of 8 kHz.  One owner; nothing allocates.  Times are sample indices since init.
 */
#ifndef PBX_MEASURE_H
#define PBX_MEASURE_H

#include "tests/pbx/spectrum.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	MEASURE_BLOCK = 40,
	MEASURE_HISTORY = 3 * SPECTRUM_WINDOW,
	MEASURE_STRETCHES = 16,
	MEASURE_OTHERS = 8,
	MEASURE_FAULTS = 8,
};

enum measure_fault_kind { MEASURE_GAP, MEASURE_JUMP, MEASURE_CLICK, MEASURE_LEVEL };

struct measure_fault {
	enum measure_fault_kind kind;
	uint64_t at; /* sample */
	double size; /* gap: samples; jump: samples, + = time was lost, within one
		      * period of the tone; level: dB */
};

struct measure_stretch {     /* of one tone, or of two sounding together */
	double hz, hz2;      /* hz2: 0 = one tone; two tones are not followed by phase */
	uint64_t start, end; /* end: after the last sample it was heard in */
	double level_dbm0;   /* mean; of two tones together */
	double level_min_dbm0, level_max_dbm0; /* of 5 ms blocks */
	double snr_db;                         /* tone to everything else */
	unsigned gaps;
	uint64_t gap_samples, gap_max_samples;
	unsigned jumps, clicks, level_changes;
	struct measure_fault fault[MEASURE_FAULTS]; /* the first of them */
	unsigned fault_count;
	double power_sum, rest_sum; /* over clean blocks */
	uint64_t blocks;
};

struct measure_other {         /* a weaker tone heard beside the followed one */
	double hz, level_dbm0; /* the loudest it was */
	unsigned windows;
};

struct measure_pending { /* gaps that count once the tone is heard again */
	unsigned count;
	uint64_t start, samples, max, last_start;
};

struct measure {
	uint64_t samples;
	uint64_t active;     /* samples in windows above -50 dBm0 */
	double active_power; /* sum of squares over them */
	struct measure_stretch stretch[MEASURE_STRETCHES];
	unsigned stretch_count;
	unsigned stretches_lost; /* for want of room */
	struct measure_other other[MEASURE_OTHERS];
	unsigned other_count;

	/* The rest is the measuring's own. */
	int16_t history[MEASURE_HISTORY]; /* the last three windows, newest last */
	unsigned fill;                    /* of the newest */
	unsigned windows;
	struct spectrum_tone candidate[2]; /* of the window before; hz 0 = none */
	bool following;
	double w;      /* radians a sample */
	double turn;   /* phase an unbroken tone has at the block's first sample */
	double turned; /* phase passed through in turned_blocks undisturbed blocks */
	double turned_blocks;
	double block[MEASURE_BLOCK];
	unsigned block_fill;
	bool block_quiet;
	unsigned quiet_run;
	struct measure_pending pending;
	double peak;        /* of the tone, slowly kept */
	double rest_limit;  /* part of a clean block that may be something else */
	double phase_noise; /* usual square of the phase step between blocks */
	double phase[2];    /* of the last clean blocks, newest first */
	unsigned phases;
	bool disturbed;
	double phase_before; /* of the disturbance */
	bool phase_before_known;
	uint64_t disturbed_at;
	unsigned settled; /* clean blocks since */
	unsigned dirty;   /* blocks in a row neither clean nor quiet */
	bool window_faulty;
	unsigned off_level; /* blocks in a row that differ in level */
};

void measure_init(struct measure *m);
void measure_run(struct measure *m, const int16_t *pcm, size_t count);
/* Ends the running stretch; call before reading the results for good.  May go on after. */
void measure_end(struct measure *m);

/* The stretch of a single tone heard longest, or of two when there is no other; NULL = no tone. */
const struct measure_stretch *measure_main(const struct measure *m);
/* Mean level while there was any sound; -99 = silence. */
double measure_level_dbm0(const struct measure *m);

#endif
