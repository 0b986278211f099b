/* line_monitor.h - how good a T1 was: RFC 4805 and T1.231 seconds, in 15-minute intervals of 24 h.
 *
 * Fed once a second with what happened in it.  Pure: no clock, no span; any one thread.
 *
 * Unavailable time is known only afterwards: ten severely errored seconds in a row, or a failure
 * that such seconds led to, were unavailable from the first of them; ten seconds in a row that are
 * not severely errored were available from the first of them.  So the last ten seconds are counted
 * at once and counted anew, in the interval they were of, when it turns out otherwise.
 */
#ifndef TDM_LINE_MONITOR_H
#define TDM_LINE_MONITOR_H

#include <stdbool.h>
#include <stdint.h>

enum line_count {
	LINE_ES,   /* errored seconds */
	LINE_SES,  /* severely errored seconds */
	LINE_SEFS, /* severely errored framing seconds: no framing, or AIS */
	LINE_UAS,  /* unavailable seconds; nothing else is counted in them */
	LINE_CSS,  /* seconds with a controlled slip */
	LINE_BES,  /* bursty errored seconds: more than one path violation, but not severe */
	LINE_LES,  /* line errored seconds: with a code violation or no signal */
	LINE_PCV,  /* path coding violations */
	LINE_LCV,  /* line code violations */
	LINE_COUNTS
};

enum {
	LINE_INTERVAL_S = 900,
	LINE_INTERVALS = 96,
	LINE_RUN_S = 10, /* T1.231: so long in a row to become unavailable, or available */
};

/* What "severely" is, and which errors make a second errored. */
enum line_kind {
	LINE_ESF,    /* path violations are CRC-6 errors */
	LINE_D4,     /* path violations are errors of the framing bits; code violations count too */
	LINE_PACKETS /* path violations are packets that were not there when they were due */
};

struct line_second {
	uint32_t pcv, lcv, slips;
	bool red, ais;
	bool failed; /* the alarm was declared a failure, T1.231 2.5 s */
};

struct line_interval {
	uint64_t start_s; /* seconds since 1970 */
	uint32_t seconds; /* of it that were watched */
	uint32_t count[LINE_COUNTS];
};

struct line_monitor {
	enum line_kind kind;
	uint32_t severe_pcv; /* in a second */
	bool unavailable;
	unsigned run; /* latest seconds in a row that speak for the other state */
	struct line_recent {
		uint32_t available[LINE_COUNTS]; /* what it counts unless unavailable */
		unsigned age;                    /* of its interval; 0 = the current one */
	} recent[LINE_RUN_S];
	unsigned newest_recent;
	struct line_interval interval[LINE_INTERVALS + 1]; /* ring, the current one included */
	unsigned current, count;                           /* intervals in the ring */
};

/* packets_per_s: of LINE_PACKETS. */
void line_monitor_init(struct line_monitor *m, enum line_kind kind, unsigned packets_per_s);
/* wall_s: when that second began; intervals begin at each quarter of an hour of it.  Where somebody
 * sets the clock an interval ends early and says so by its seconds. */
void line_monitor_second(struct line_monitor *m, const struct line_second *s, uint64_t wall_s);
/* 0 = the current one, 1..96 = those before; NULL = there is none. */
const struct line_interval *line_monitor_interval(const struct line_monitor *m, unsigned age);
/* Of the complete intervals of the last 24 hours together. */
void line_monitor_total(const struct line_monitor *m, struct line_interval *out);
/* "es", "ses", ... */
const char *line_count_name(enum line_count c);

#endif
