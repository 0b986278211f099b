#include "gateway/line_alarm.h"

#include "conf/conf.h"

/* Neither is a matter of a moment's noise: a loop brings our own frames back, and what is gone
 * carries none. */
enum { AT_ONCE = TDM_ALARM_GONE | TDM_ALARM_LOOP };

/* A card that is recovering says that the line is good, but not for long yet: that begins no
 * failure, nor makes one longer, but ends none either. */
static unsigned active(unsigned alarms)
{
	return alarms & ~(unsigned)TDM_ALARM_RECOVERING;
}

/* 0 = it never will, as things are. */
static uint64_t down_due(const struct line_alarm *a, const struct conf_trunk *conf)
{
	if (a->down || active(a->alarms) == 0)
		return 0;
	return a->alarms & AT_ONCE ? a->alarm_ms : a->alarm_ms + conf->alarm_on_ms;
}

static uint64_t up_due(const struct line_alarm *a, const struct conf_trunk *conf)
{
	return a->down && a->alarms == 0 ? a->good_ms + conf->alarm_off_ms : 0;
}

static uint64_t give_up_due(const struct line_alarm *a, const struct conf_trunk *conf)
{
	return active(a->alarms) != 0 && !a->given_up && conf->alarm_keep_ms != 0
		       ? a->alarm_ms + conf->alarm_keep_ms
		       : 0;
}

unsigned line_alarm_set(struct line_alarm *a, const struct conf_trunk *conf, unsigned alarms,
			uint64_t now_ms)
{
	if (alarms == 0 && a->alarms != 0)
		a->good_ms = now_ms;
	/* While it is down the failure goes on, however often the line looks good in between. */
	if (active(alarms) != 0 && active(a->alarms) == 0 && !a->down) {
		a->alarm_ms = now_ms;
		a->given_up = false;
	}
	a->alarms = alarms;
	return line_alarm_run(a, conf, now_ms);
}

unsigned line_alarm_run(struct line_alarm *a, const struct conf_trunk *conf, uint64_t now_ms)
{
	uint64_t down = down_due(a, conf), up = up_due(a, conf), give_up = give_up_due(a, conf);
	unsigned change = 0;

	if (down != 0 && now_ms >= down) {
		a->down = true;
		change |= LINE_ALARM_DOWN;
	}
	if (up != 0 && now_ms >= up) {
		a->down = false;
		change |= LINE_ALARM_UP;
	}
	if (give_up != 0 && now_ms >= give_up) {
		a->given_up = true;
		change |= LINE_ALARM_GIVE_UP;
	}
	return change;
}

uint64_t line_alarm_due(const struct line_alarm *a, const struct conf_trunk *conf)
{
	const uint64_t due[] = {down_due(a, conf), up_due(a, conf), give_up_due(a, conf)};
	uint64_t next = 0;

	for (unsigned i = 0; i < sizeof(due) / sizeof(due[0]); i++)
		if (due[i] != 0 && (next == 0 || due[i] < next))
			next = due[i];
	return next;
}
