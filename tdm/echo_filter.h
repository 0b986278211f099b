/* echo_filter.h - inside the echo canceller (echo.c): two filters over the same history of the far
 * end, one that cancels and one that learns.
 *
 * Both are partitioned overlap-save filters of blocks of 80 samples.  The learner is a Kalman
 * filter for each bin and partition (Enzner and Vary, Signal Processing 86, 2006; partitioned:
 * Kuech et al., ICASSP 2014): its steps follow from how far off it thinks it is (doubt) against
 * what else is in the error (noise), so that it goes fast while it has much to learn and stands
 * still in double talk.  What it learned is used only after it has proved better (echo.c).
 */
#ifndef TDM_ECHO_FILTER_H
#define TDM_ECHO_FILTER_H

#include "tdm/echo_kernel.h"
#include <stdbool.h>

enum { ECHO_BLOCK = 80, ECHO_PARTS_MAX = 14 };

struct echo_part {
	struct echo_spectrum far, used, learned;
	_Alignas(ECHO_ALIGN) float far_power[ECHO_BINS];
	float doubt[ECHO_BINS];
};

struct echo_filter {
	_Alignas(ECHO_ALIGN) float noise[ECHO_BINS]; /* of the learner's error, beside the echo */
	float last_far[ECHO_BLOCK];
	float far_energy[ECHO_PARTS_MAX]; /* of each block, as far[] below */
	const struct echo_kernel *kernel;
	unsigned parts;
	unsigned newest;     /* whose far is this block's; its weights belong to no age */
	unsigned constrained; /* weights of which age were last made causal */
	struct echo_part part[];
};

unsigned echo_filter_parts(unsigned tail_ms);
void echo_filter_init(struct echo_filter *f, unsigned parts);

/* The far end's next block. */
void echo_filter_hear(struct echo_filter *f, const float far[ECHO_BLOCK]);
/* The energy of the loudest of the blocks whose echo is heard now. */
float echo_filter_far_peak(const struct echo_filter *f);

/* The echo of this block as the used or the learned weights have it. */
void echo_filter_estimate(const struct echo_filter *f, bool learned, float echo[ECHO_BLOCK]);
/* error: of the learned estimate.  keep: how much of a path stays as it was until the next block.
 * thorough: costs three times as much, for the time when most is learned. */
void echo_filter_learn(struct echo_filter *f, const float error[ECHO_BLOCK], float keep,
		       bool thorough);

void echo_filter_adopt(struct echo_filter *f);  /* used = learned */
void echo_filter_return(struct echo_filter *f); /* learned = used */
void echo_filter_doubt(struct echo_filter *f); /* the path may have changed: learn fast */
void echo_filter_forget(struct echo_filter *f); /* used = nothing */

/* learned = this path from sample delay on, which is known well. */
void echo_filter_set(struct echo_filter *f, const float *taps, unsigned count, unsigned delay);
/* The sample at which the learned path is loudest. */
unsigned echo_filter_peak(const struct echo_filter *f);

/* The gain of the used weights, as a power: 1 / echo return loss; and which part has most of it. */
float echo_filter_gain(const struct echo_filter *f, unsigned *strongest);

#endif
