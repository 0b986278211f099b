/* marker.h - a noise burst whose place is known to the sample, to measure delay by.
 *
 * The burst is a maximum-length sequence of 255 samples (31.9 ms), the same in every program, so
 * that a file made by one can be judged by another.  The detector correlates: the peak of a whole
 * burst stands 16 times above what noise or speech gives, and is one sample wide.
 */
#ifndef PBX_MARKER_H
#define PBX_MARKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MARKER_SAMPLES = 255, MARKER_PERIOD_SAMPLES = 8000 };

/* Sign (+1, -1) of the burst's sample i. */
int marker_chip(unsigned i);

struct marker_detector {
	float ring[2 *
		   MARKER_SAMPLES]; /* each sample twice, so that the last 255 are in one piece */
	double energy;
	unsigned at;
	uint64_t samples; /* fed so far */
	float best;       /* of the peak being looked at; 0 = none */
	uint64_t best_start;
	unsigned since_best;
};

void marker_detector_init(struct marker_detector *d);
/* Feeds one sample.  True when a burst is recognised: *start is the index (from 0, counted since
 * init) of its first sample.  That is said MARKER_CONFIRM samples after the burst ended. */
enum { MARKER_CONFIRM = 64 };
bool marker_detector_put(struct marker_detector *d, int16_t sample, uint64_t *start);

#endif
