/* transit.h - how long packets are on their way: the quickest, how far the others spread above it,
 * and how fast the sender's clock is against ours.
 *
 * A transit time is arrival - timestamp, each from the stream's first packet: only differences mean
 * anything.  The spread is taken over the last five seconds or so, newer packets weighing more.
 *
 * Thread: one.  Embedded in its owner, never allocates.
 */
#ifndef SIP_TRANSIT_H
#define SIP_TRANSIT_H

#include <stdbool.h>
#include <stdint.h>

enum {
	TRANSIT_BINS = 256,
	TRANSIT_WINDOWS = 32,
};

struct transit_window { /* the quickest packet of two seconds */
	int64_t at_ns, low_ns;
};

struct transit {
	int64_t low_ns;  /* lowest lately */
	int64_t high_ns; /* later than this come too few to wait for */
	bool drift_known;
	int32_t drift_ppb; /* > 0: the sender's clock is fast */

	bool known;
	float bin[TRANSIT_BINS];                       /* packets by transit; newer ones weigh more */
	float weight;                                  /* of the next packet */
	unsigned top;                                  /* no bin above it has any */
	int64_t base_ns, at_ns;                        /* transit of bin[0], at */
	struct transit_window window[TRANSIT_WINDOWS]; /* ring; [window_count % N] is being filled */
	unsigned window_count;                         /* complete ones, since the last leap */
};

struct transit_packet {
	int64_t at_ns, transit_ns;
	int64_t span_ns; /* of its audio */
	bool spread;     /* counts for the spread */
};

void transit_init(struct transit *t);
/* high_ns is kept within reach_ns above low_ns. */
void transit_note(struct transit *t, const struct transit_packet *p, int64_t reach_ns);

#endif
