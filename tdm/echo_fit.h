/* echo_fit.h - inside the echo canceller (echo.c): the echo path as least squares have it, from the
 * first 0.8 s in which the far end is heard.
 *
 * An adaptive filter takes seconds to learn a path from speech, which tells of each frequency in
 * its turn.  Looked at all together, half a second has told nearly everything.  So what is heard is
 * kept, and the normal equations of the TAPS samples around the strongest echo are solved a few
 * times while it comes in.
 */
#ifndef TDM_ECHO_FIT_H
#define TDM_ECHO_FIT_H

#include "tdm/echo_filter.h"
#include <stdint.h>

enum {
	ECHO_FIT_TAPS = 128, /* 16 ms: as the longest path of G.168 Annex D */
	ECHO_FIT_BLOCKS = 80,
	ECHO_FIT_HISTORY =
		(ECHO_PARTS_MAX + (ECHO_FIT_TAPS + ECHO_BLOCK - 1) / ECHO_BLOCK) * ECHO_BLOCK,
};

struct echo_fit {
	int16_t far[ECHO_FIT_HISTORY + ECHO_FIT_BLOCKS * ECHO_BLOCK]; /* oldest first */
	int16_t near[ECHO_FIT_BLOCKS * ECHO_BLOCK]; /* what came with the last blocks of far */
	unsigned history; /* samples of far before those: the echo of them is in near */
	unsigned blocks;  /* of near */
};

/* From anew; fresh: the far end has not said anything yet. */
void echo_fit_begin(struct echo_fit *f, bool fresh);
/* The next block.  False: there are all blocks already. */
bool echo_fit_hear(struct echo_fit *f, const float far[ECHO_BLOCK], const float near[ECHO_BLOCK]);
/* A block is left out: from anew, unless there are all already. */
void echo_fit_interrupt(struct echo_fit *f);
/* The path from sample delay on; delay is less than the tail of ECHO_PARTS_MAX.  Returns which part
 * of the near end's energy it leaves, 1 when it cannot be told.  Costs as much as 20 blocks of
 * cancelling, and 190 kB of stack. */
float echo_fit_solve(const struct echo_fit *f, const struct echo_kernel *k, unsigned delay,
		     float taps[ECHO_FIT_TAPS]);
/* Where the path is, if nobody knows: the delay below tail samples from which on TAPS explain most.
 * tail is TAPS at least.  Costs twice as much as solving. */
unsigned echo_fit_find(const struct echo_fit *f, const struct echo_kernel *k, unsigned tail);

#endif
