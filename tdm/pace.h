/* pace.h - when the next packet is due: our own oscillator, or one that follows the far end.
 *
 * A due time that advances by one packet interval.  With clock line the interval is corrected by
 * a proportional-integral loop on the jitter buffer's error (the distance of the fastest packets
 * from the target), so packets leave evenly however unevenly they arrive.
 * Pure; one thread; ns of one monotonic clock.
 */
#ifndef TDM_PACE_H
#define TDM_PACE_H

#include <stdint.h>

enum { TDM_PACE_PPB_MAX = 300000 }; /* T1 stratum 4 is 32 ppm; a bad crystal and a margin */

struct tdm_pace {
	uint64_t due_ns;
	double fraction_ns;
	double interval_ns;
	double offset_ppb;  /* the far end against us, long-term */
	double applied_ppb; /* with the proportional part */
};

void tdm_pace_init(struct tdm_pace *p, uint64_t interval_ns, uint64_t first_due_ns);
void tdm_pace_step(struct tdm_pace *p);                     /* due_ns moves on by one interval */
void tdm_pace_skip(struct tdm_pace *p, uint64_t intervals); /* after a stall: not made up for */
/* error_ns: positive = the far end is ahead; over_ms = the time since the last call. */
void tdm_pace_discipline(struct tdm_pace *p, int64_t error_ns, unsigned over_ms);

#endif
