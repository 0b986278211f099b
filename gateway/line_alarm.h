/* line_alarm.h - when an alarm of the line counts: failures declared and cleared after a time.
 *
 *                  alarm for on_ms, or at once (gone, loop)
 *        up  -------------------------------------------------> down
 *        up  <------------------------------------------------- down
 *                  no alarm for off_ms
 *
 *        Recovering, by itself, only keeps a line down that is down.
 *
 *        alarm for keep_ms, in either state: LINE_ALARM_GIVE_UP once, the live calls end
 *
 * Pure: the caller says what time it is and keeps the timer.
 */
#ifndef GATEWAY_LINE_ALARM_H
#define GATEWAY_LINE_ALARM_H

#include <stdbool.h>
#include <stdint.h>

struct conf_trunk;

struct line_alarm {
	unsigned alarms;   /* enum tdm_alarm bits now */
	bool down;         /* no new calls */
	bool given_up;     /* told for this failure */
	uint64_t alarm_ms; /* since when there is one, or was the last one; flapping is one alarm */
	uint64_t good_ms;  /* since when there is none */
};

enum {
	LINE_ALARM_DOWN = 1u << 0,
	LINE_ALARM_UP = 1u << 1,
	LINE_ALARM_GIVE_UP = 1u << 2,
};

/* What changed: bits of the above.  conf: its alarm_*_ms. */
unsigned line_alarm_set(struct line_alarm *a, const struct conf_trunk *conf, unsigned alarms,
			uint64_t now_ms);
/* The time has come that line_alarm_due() said; early is legal. */
unsigned line_alarm_run(struct line_alarm *a, const struct conf_trunk *conf, uint64_t now_ms);
/* When to run next; 0 = nothing is pending. */
uint64_t line_alarm_due(const struct line_alarm *a, const struct conf_trunk *conf);

#endif
