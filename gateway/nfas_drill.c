#include "gateway/nfas_drill.h"

#include "gateway/base/log.h"
#include "gateway/line.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A link that answers once and dies is no backup: it is watched for a while. */
enum { LOOK_MS = 50, WATCH_MS = 1500, ANSWERS_MS = 5000 };

/* --- what is to be told --- */

static const char *span_name(const struct line_trunk *t, unsigned interface)
{
	return t->lines[interface] != NULL ? t->lines[interface]->span_conf.name : "not open";
}

const char *nfas_dchan_name(const struct line_trunk *t, unsigned dchan)
{
	static char text[64];
	struct isup_dchan d;

	if (!isup_trunk_dchan(t->isup, dchan, &d))
		return "?";
	snprintf(text, sizeof(text), "%s D-channel (span %s)", dchan == 0 ? "primary" : "backup",
		 span_name(t, d.interface));
	return text;
}

const char *nfas_dchan_state(const struct line_trunk *t, unsigned dchan)
{
	static const char *const names[] = {[ISUP_DCHAN_OUT_OF_SERVICE] = "out of service",
					    [ISUP_DCHAN_STANDBY] = "standby",
					    [ISUP_DCHAN_WAITING] = "waits for the far end's answer",
					    [ISUP_DCHAN_IN_SERVICE] = "in service",
					    [ISUP_DCHAN_OUT_BY_US] = "out of service by order",
					    [ISUP_DCHAN_OUT_BY_FAR] =
						    "out of service by the far end"};
	struct isup_dchan d;

	return isup_trunk_dchan(t->isup, dchan, &d) ? names[d.state] : "?";
}

static enum isup_dchan_state state_of(const struct line_trunk *t, unsigned dchan)
{
	struct isup_dchan d;

	return isup_trunk_dchan(t->isup, dchan, &d) ? d.state : ISUP_DCHAN_OUT_OF_SERVICE;
}

unsigned nfas_dchan_active(const struct line_trunk *t)
{
	unsigned i = 0;

	while (i < ISUP_DCHANS && state_of(t, i) != ISUP_DCHAN_IN_SERVICE)
		i++;
	return i;
}

__attribute__((format(printf, 2, 3))) static void say(struct nfas_drill *d, const char *fmt, ...)
{
	size_t used = strlen(d->report);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(d->report + used, sizeof(d->report) - used, fmt, ap);
	va_end(ap);
}

static unsigned calls(const struct line_trunk *t)
{
	struct isup_trunk_counts c;

	isup_trunk_counts(t->isup, &c);
	return c.calls;
}

/* --- the drill --- */

static void on_look(void *arg);

static void step(struct nfas_drill *d, enum nfas_drill_step next)
{
	d->step = next;
	d->step_ms = loop_now_ms(d->trunk->loop);
	timer_start(d->trunk->loop, &d->timer, LOOK_MS, on_look, d);
}

static void finish(struct nfas_drill *d, bool passed)
{
	const char *name = isup_trunk_name(d->trunk->isup);

	d->step = NFAS_IDLE;
	d->passed = passed;
	say(d, "%u calls are up.  Drill %s.\n", calls(d->trunk), passed ? "passed" : "FAILED");
	log_line(LOG_ISUP, passed ? LOG_INFO : LOG_WARN, "%s: drill of the backup D-channel %s",
		 name, passed ? "passed" : "failed");
}

static unsigned other(const struct nfas_drill *d)
{
	return 1 - d->from;
}

static void note_counts(struct nfas_drill *d)
{
	struct isup_trunk_counts c;

	isup_trunk_counts(d->trunk->isup, &c);
	d->asked = c.audits_asked;
	d->answered = c.audits_answered;
}

/* True: to is in service now.  False: not yet, or the drill has ended. */
static bool has_gone(struct nfas_drill *d, unsigned to, uint64_t ms)
{
	if (isup_trunk_dchan_switching(d->trunk->isup))
		return false;
	if (nfas_dchan_active(d->trunk) == to) {
		say(d, "The far end took the %s into service after %llu ms.\n",
		    nfas_dchan_name(d->trunk, to), (unsigned long long)ms);
		return true;
	}
	say(d, "The far end did not take the %s into service: no answer to SERVICE, or a refusal; ",
	    nfas_dchan_name(d->trunk, to));
	say(d, "it is %s now.\n", nfas_dchan_state(d->trunk, to));
	finish(d, false);
	return false;
}

static void go_back(struct nfas_drill *d)
{
	int r = isup_trunk_dchan_switch(d->trunk->isup);

	if (r == 0) {
		step(d, NFAS_GOING_BACK);
		return;
	}
	say(d, "The %s cannot be gone back to: it is %s.\n", nfas_dchan_name(d->trunk, d->from),
	    nfas_dchan_state(d->trunk, d->from));
	finish(d, false);
}

/* Answers about calls come over the D-channel in service. */
static void look_at_answers(struct nfas_drill *d, uint64_t ms)
{
	struct isup_trunk_counts c;

	isup_trunk_counts(d->trunk->isup, &c);
	uint64_t asked = c.audits_asked - d->asked, answered = c.audits_answered - d->answered;
	if (nfas_dchan_active(d->trunk) != other(d)) {
		say(d, "The %s was lost again.\n", nfas_dchan_name(d->trunk, other(d)));
		finish(d, false);
		return;
	}
	if (ms < WATCH_MS || (answered < asked && ms < ANSWERS_MS)) {
		timer_start(d->trunk->loop, &d->timer, LOOK_MS, on_look, d);
		return;
	}
	if (asked == 0)
		say(d, "No call is up that it could be asked about over it.\n");
	else
		say(d, "Asked about %llu calls over it, it answered for %llu.\n",
		    (unsigned long long)asked, (unsigned long long)answered);
	if (asked > 0 && answered == 0) { /* calls may have ended meanwhile, but not all at once */
		say(d, "It answers SERVICE and nothing else.\n");
		d->passed = false;
	}
	if (d->stay) {
		say(d, "It stays in service, as ordered.\n");
		finish(d, d->passed);
	} else {
		go_back(d);
	}
}

static void on_look(void *arg)
{
	struct nfas_drill *d = arg;
	uint64_t ms = loop_now_ms(d->trunk->loop) - d->step_ms;

	if (d->trunk->isup == NULL)
		return;
	switch (d->step) {
	case NFAS_IDLE: break;
	case NFAS_GOING_OVER:
		if (has_gone(d, other(d), ms))
			step(d, NFAS_CHECKING);
		else if (d->step == NFAS_GOING_OVER)
			timer_start(d->trunk->loop, &d->timer, LOOK_MS, on_look, d);
		break;
	case NFAS_CHECKING: look_at_answers(d, ms); break;
	case NFAS_GOING_BACK:
		if (has_gone(d, d->from, ms))
			finish(d, d->passed);
		else if (d->step == NFAS_GOING_BACK)
			timer_start(d->trunk->loop, &d->timer, LOOK_MS, on_look, d);
		break;
	}
}

bool nfas_drill_start(struct nfas_drill *d, struct line_trunk *t, bool stay)
{
	unsigned active = nfas_dchan_active(t);

	d->trunk = t;
	d->report[0] = '\0';
	d->passed = false;
	if (isup_trunk_dchan_switching(t->isup)) {
		say(d, "Refused: a switch of D-channel is under way.\n");
		return false;
	}
	if (active == ISUP_DCHANS || state_of(t, 1 - active) != ISUP_DCHAN_STANDBY) {
		unsigned bad = active == ISUP_DCHANS ? 0 : 1 - active;
		say(d, "Refused, nothing was changed: the %s is %s.\n", nfas_dchan_name(t, bad),
		    nfas_dchan_state(t, bad));
		return false;
	}
	d->from = active;
	d->stay = stay;
	d->passed = true;
	say(d, "The %s is in service, ", nfas_dchan_name(t, active));
	say(d, "the %s stands by; %u calls are up.\n", nfas_dchan_name(t, other(d)), calls(t));
	note_counts(d);
	if (isup_trunk_dchan_switch(t->isup) < 0) {
		say(d, "It cannot be switched now.\n");
		return false;
	}
	step(d, NFAS_GOING_OVER);
	return true;
}

void nfas_drill_stop(struct nfas_drill *d)
{
	timer_stop(&d->timer);
	d->step = NFAS_IDLE;
}

bool nfas_drill_runs(const struct nfas_drill *d)
{
	return d->step != NFAS_IDLE;
}
