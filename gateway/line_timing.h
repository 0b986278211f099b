/* line_timing.h - what is wrong with a span's clock or cable, said in plain words.
 *
 *   line_timing_second()  what was counted, a second at a time
 *   line_timing_judge()   once a minute: the fault of the last quarter of an hour
 *   line_timing_text()    the sentence: which span, what was seen, the likely cause, what to do
 *
 * A fault is steady: seen in three minutes of the last fifteen.  Pure; signalling thread.
 */
#ifndef GATEWAY_LINE_TIMING_H
#define GATEWAY_LINE_TIMING_H

#include "tdm/span.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	LINE_TIMING_MINUTES = 15,
	LINE_TIMING_STEADY = 3, /* minutes of them */
	LINE_TIMING_TELL_MS = 3600000,
};

enum line_fault {
	LINE_FINE,
	LINE_NO_CLOCK_SOURCE, /* own and own: nobody leads */
	LINE_OTHER_LEADS,     /* the card takes its clock from another of its spans */
	LINE_CLOCK_LOOP,      /* each follows the other */
	LINE_FAR_CLOCK_OFF,
	LINE_FAR_CLOCK_JUMPS, /* we follow, and it still slips */
	LINE_PACKETS_LATE,    /* not the clock: the network */
	LINE_BAD_CABLE,       /* code violations and slips */
	LINE_CODE_VIOLATIONS,
	LINE_FRAME_ERRORS, /* without code violations: further away */
	LINE_FAULTS
};

struct line_timing_minute {
	uint32_t slips;
	uint32_t lcv; /* bipolar violations */
	uint32_t pcv; /* CRC-6 or framing errors; packets not there when due */
};

/* What a sentence is made of. */
struct line_timing_facts {
	const struct tdm_span_conf *conf;
	const char *leader; /* another span of the card with clock = line; "" = none */
	struct line_timing_minute sum;    /* of the last 15 minutes */
	struct line_timing_minute minutes; /* how many of them had any */
	int32_t clock_ppb;
};

struct line_timing {
	struct line_timing_minute ring[LINE_TIMING_MINUTES], now;
	unsigned next, seconds;
	enum line_fault fault;              /* as judged last */
	uint64_t told_ms[LINE_FAULTS]; /* loop time; 0 = never */
};

/* True: a minute is over, judge now. */
bool line_timing_second(struct line_timing *t, const struct line_timing_minute *counted);
/* Fills sum and minutes of facts, sets t->fault; true when it is to be told: at once, and again
 * each hour that it lasts. */
bool line_timing_judge(struct line_timing *t, struct line_timing_facts *facts, uint64_t now_ms);
enum line_fault line_timing_fault(const struct line_timing_facts *facts);
/* "" when fine.  Returns out. */
const char *line_timing_text(enum line_fault fault, const struct line_timing_facts *facts,
			     char *out, size_t out_size);

#endif
