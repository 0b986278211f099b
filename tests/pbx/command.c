#include "tests/pbx/command.h"

#include "tests/pbx/load.h"
#include "tests/pbx/purpose.h"
#include "tests/pbx/report.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

static int want_phone(struct pbx *p, struct words *w, struct pbx_phone **out)
{
	const char *number;
	int rc = words_want(w, &number, "a phone's number");

	if (rc < 0)
		return rc;
	*out = pbx_phone_find(p, number);
	return *out != NULL ? 0 : words_fail(w, "there is no phone %s", number);
}

static int want_span(struct pbx *p, struct words *w, struct pbx_span **out)
{
	const char *name;
	int rc = words_want(w, &name, "a span's name");

	if (rc < 0)
		return rc;
	*out = pbx_span_find(p, name);
	return *out != NULL ? 0 : words_fail(w, "there is no span %s", name);
}

/* The newest live call of a phone ("7101") or a call by its number ("#12"). */
static int want_call(struct pbx *p, struct words *w, struct pbx_call **out)
{
	const char *name;
	int rc = words_want(w, &name, "a phone's number or #CALL");
	struct pbx_call *c;

	if (rc < 0)
		return rc;
	*out = NULL;
	unsigned long id = name[0] == '#' ? strtoul(name + 1, NULL, 10) : 0;
	DL_FOREACH(p->calls, c)
	{
		if (c->at_us[PBX_CLEARING] != 0)
			continue;
		if (c->id == id ||
		    (id == 0 && c->phone != NULL && strcmp(c->phone->conf.number, name) == 0))
			*out = c;
	}
	return *out != NULL ? 0 : words_fail(w, "there is no call of %s", name);
}

/* NUMBER REASON: who sent the call on, and why (Q.952). */
static int want_redirecting(struct words *w, struct pbx_dial *dial)
{
	static const struct {
		const char *word;
		uint8_t reason;
	} rows[] = {
		{"unknown", 0}, {"busy", 1}, {"no-reply", 2}, {"deflection", 4}, {"always", 15},
	};
	const char *why;
	int rc = words_want(w, &dial->redirecting, "the redirecting number");

	if (rc == 0)
		rc = words_want(w, &why, "a reason");
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (strcmp(rows[i].word, why) == 0) {
			dial->reason = rows[i].reason;
			return 0;
		}
	return words_fail(w, "expected unknown, busy, no-reply, deflection or always, not \"%s\"",
			  why);
}

/* dial EXT NUMBER [from NUMBER] [name NAME] [redirected NUMBER REASON] [span NAME] [hold S]
 * [overlap S], and what purpose.h has */
static int do_dial(struct pbx *p, struct words *w, json_t *reply)
{
	struct pbx_dial dial = {.hangup_s = -1};
	struct pbx_phone *phone;
	struct pbx_call *c;
	const char *word, *why;
	int rc = want_phone(p, w, &phone);

	if (rc == 0)
		rc = words_want(w, &dial.number, "the number to dial");
	while (rc == 0 && (word = words_next(w)) != NULL) {
		if (strcmp(word, "from") == 0)
			rc = words_want(w, &dial.caller, "the caller's number");
		else if (strcmp(word, "name") == 0)
			rc = words_want(w, &dial.caller_name, "the caller's name");
		else if (strcmp(word, "redirected") == 0)
			rc = want_redirecting(w, &dial);
		else if (strcmp(word, "span") == 0)
			rc = want_span(p, w, &dial.span);
		else if (strcmp(word, "hold") == 0)
			rc = words_want_number(w, &dial.hangup_s, "seconds", 0, 1e6);
		else if (strcmp(word, "overlap") == 0) {
			dial.overlap = true;
			rc = words_want_number(w, &dial.gap_s, "seconds between digits", 0, 3600);
		} else if (!purpose_word(&dial.purpose, word, w, &rc))
			rc = words_fail(w,
					"expected from, name, redirected, span, hold, overlap or "
					"an element, not \"%s\"",
					word);
	}
	if (rc == 0 && strlen(dial.number) >= ISUP_DIGITS_MAX)
		rc = words_fail(w, "a number has at most %d digits", ISUP_DIGITS_MAX - 1);
	if (rc < 0)
		return rc;
	rc = pbx_call_dial(&c, p, phone, &dial, &why);
	if (rc < 0)
		return words_fail(w, "%s", why);
	json_object_set_new(reply, "call", json_integer(c->id));
	json_object_set_new(reply, "slot", json_integer(c->slot));
	return 0;
}

/* hangup EXT|#CALL|all [CAUSE] */
static int do_hangup(struct pbx *p, struct words *w, json_t *reply)
{
	struct pbx_call *c = NULL, *only = NULL;
	double cause = 16;
	bool all = words_peek(w) != NULL && strcmp(words_peek(w), "all") == 0;
	int rc = all ? (words_next(w), 0) : want_call(p, w, &only);

	if (rc == 0 && words_peek(w) != NULL)
		rc = words_want_number(w, &cause, "a Q.850 cause", 1, 127);
	if (rc < 0)
		return rc;
	DL_FOREACH(p->calls, c)
	{
		if (all || c == only)
			pbx_call_clear(c, (int)cause);
	}
	return 0;
}

static int do_hold(struct pbx *p, struct words *w, json_t *reply)
{
	struct pbx_call *c;
	int rc = want_call(p, w, &c);

	if (rc == 0)
		isup_call_hold(c->isup);
	return rc;
}

static int do_retrieve(struct pbx *p, struct words *w, json_t *reply)
{
	struct pbx_call *c;
	int rc = want_call(p, w, &c);

	if (rc == 0)
		isup_call_retrieve(c->isup);
	return rc;
}

static int do_answer(struct pbx *p, struct words *w, json_t *reply)
{
	struct pbx_call *c;
	int rc = want_call(p, w, &c);

	if (rc == 0)
		pbx_call_answer(c);
	return rc;
}

/* party EXT|#CALL NUMBER: the phone has handed its call on inside the PBX. */
static int do_party(struct pbx *p, struct words *w, json_t *reply)
{
	struct isup_party now = {.plan = 1};
	struct pbx_call *c;
	const char *number;
	int rc = want_call(p, w, &c);

	if (rc == 0)
		rc = words_want(w, &number, "the number that has the call now");
	if (rc < 0)
		return rc;
	snprintf(now.digits, sizeof now.digits, "%s", number);
	isup_call_identity(c->isup, &now);
	return 0;
}

/* phone EXT WORD...: from its next call on. */
static int do_phone(struct pbx *p, struct words *w, json_t *reply)
{
	struct pbx_phone *phone;
	int rc = want_phone(p, w, &phone);

	if (rc < 0)
		return rc;
	struct phone_conf conf = phone->conf;
	if (words_peek(w) != NULL && strcmp(words_peek(w), "default") == 0) {
		words_next(w);
		phone_conf_default(&conf);
		strcpy(conf.number, phone->conf.number);
	}
	rc = phone_conf_parse(&conf, w);
	if (rc == 0)
		phone->conf = conf;
	return rc;
}

static int want_audio(struct pbx *p, struct words *w, struct pbx_call **out)
{
	int rc = want_call(p, w, out);

	if (rc == 0 && (*out)->audio == NULL)
		rc = words_fail(w, "that call has no audio");
	return rc;
}

/* play EXT SIGNAL: in the call that is up. */
static int do_play(struct pbx *p, struct words *w, json_t *reply)
{
	struct pbx_call *c;
	struct signal_conf play;
	const char *why;
	int rc = want_audio(p, w, &c);

	if (rc == 0)
		rc = signal_conf_parse(&play, w);
	if (rc < 0)
		return rc;
	play = pbx_phone_signal(c->phone, &play);
	return audio_play(c->audio, &play, &why) < 0 ? words_fail(w, "%s", why) : 0;
}

static int do_dtmf(struct pbx *p, struct words *w, json_t *reply)
{
	struct pbx_call *c;
	const char *digits;
	int rc = want_audio(p, w, &c);

	if (rc == 0)
		rc = words_want(w, &digits, "digits");
	if (rc < 0)
		return rc;
	switch (audio_dtmf(c->audio, digits)) {
	case 0: return 0;
	case -ENOSPC: return words_fail(w, "too many digits are waiting to be sent");
	default: return words_fail(w, "expected digits out of 0-9*#A-D, not \"%s\"", digits);
	}
}

static int do_report(struct pbx *p, struct words *w, json_t *reply)
{
	struct pbx_call *c;
	int rc = want_call(p, w, &c);

	if (rc == 0)
		json_object_set_new(reply, "report", report_call(c));
	return rc;
}

static int do_calls(struct pbx *p, struct words *w, json_t *reply)
{
	json_t *list = json_array();
	struct pbx_call *c;

	DL_FOREACH(p->calls, c)
	{
		json_t *j = report_event(c, "call");
		json_object_set_new(j, "answered", json_boolean(c->answered));
		json_object_set_new(j, "caller", json_string(c->calling.digits));
		json_object_set_new(j, "called", json_string(c->called.digits));
		json_array_append_new(list, j);
	}
	json_object_set_new(reply, "calls", list);
	return 0;
}

/* alarm SPAN yellow|blue|none */
static int do_alarm(struct pbx *p, struct words *w, json_t *reply)
{
	struct pbx_span *s;
	const char *what;
	int rc = want_span(p, w, &s);

	if (rc == 0)
		rc = words_want(w, &what, "yellow, blue or none");
	if (rc < 0)
		return rc;
	if (strcmp(what, "yellow") == 0)
		tdm_span_send_alarms(s->tdm, TDM_ALARM_YELLOW);
	else if (strcmp(what, "blue") == 0)
		tdm_span_send_alarms(s->tdm, TDM_ALARM_BLUE);
	else if (strcmp(what, "none") == 0)
		tdm_span_send_alarms(s->tdm, 0);
	else
		return words_fail(w, "expected yellow, blue or none, not \"%s\"", what);
	return 0;
}

/* dchan SPAN silent|normal|switch */
static int do_dchan(struct pbx *p, struct words *w, json_t *reply)
{
	struct pbx_span *s;
	const char *what;
	int rc = want_span(p, w, &s);

	if (rc == 0)
		rc = words_want(w, &what, "silent, normal or switch");
	if (rc < 0)
		return rc;
	if (strcmp(what, "switch") == 0)
		return isup_trunk_dchan_switch(s->trunk) == 0
			       ? 0
			       : words_fail(w, "there is no D-channel in standby");
	if (strcmp(what, "silent") != 0 && strcmp(what, "normal") != 0)
		return words_fail(w, "expected silent, normal or switch, not \"%s\"", what);
	s->dchan_silent = what[0] == 's';
	return 0;
}

/* disconnect SPAN inband|plain */
static int do_disconnect(struct pbx *p, struct words *w, json_t *reply)
{
	struct pbx_span *s;
	const char *what;
	int rc = want_span(p, w, &s);

	if (rc == 0)
		rc = words_want(w, &what, "inband or plain");
	if (rc < 0)
		return rc;
	if (strcmp(what, "inband") != 0 && strcmp(what, "plain") != 0)
		return words_fail(w, "expected inband or plain, not \"%s\"", what);
	s->announces = what[0] == 'i';
	return 0;
}

static int want_unsigned(struct words *w, unsigned *out, const char *what, double max)
{
	double value;
	int rc = words_want_number(w, &value, what, 1, max);

	if (rc == 0)
		*out = (unsigned)value;
	return rc;
}

/* from 7101 or 7101-7123 */
static int load_from(struct words *w, struct load_conf *conf)
{
	const char *text;
	int rc = words_want(w, &text, "the callers' numbers");
	char *end;

	if (rc < 0)
		return rc;
	size_t len = strcspn(text, "-");
	unsigned long long first = strtoull(text, &end, 10), last = first;
	if (*end == '-')
		last = strtoull(end + 1, &end, 10);
	if (*end != '\0' || len == 0 || len > 18 || last < first || last - first >= 1000000)
		return words_fail(w, "expected a number or a range, not \"%s\"", text);
	memcpy(conf->from, text, len);
	conf->from[len] = '\0';
	conf->from_count = (unsigned)(last - first) + 1;
	return 0;
}

static int load_word(struct pbx *p, struct words *w, struct load_conf *conf, const char *word)
{
	struct pbx_span *s;
	double hold;

	if (strcmp(word, "rate") == 0)
		return words_want_number(w, &conf->rate, "calls a second", 0, 10000);
	if (strcmp(word, "count") == 0)
		return want_unsigned(w, &conf->count, "calls in all", 1e9);
	if (strcmp(word, "most") == 0)
		return want_unsigned(w, &conf->most, "calls at once", 1000);
	if (strcmp(word, "from") == 0)
		return load_from(w, conf);
	if (strcmp(word, "hold") == 0) {
		int rc = words_want_number(w, &hold, "seconds a call is held", 0, 1e6);
		conf->hold_ms = rc == 0 ? (unsigned)(hold * 1000 + 0.5) : 0;
		return rc;
	}
	if (strcmp(word, "span") == 0) {
		int rc = want_span(p, w, &s);
		if (rc == 0)
			strcpy(conf->span, s->conf.tdm.name);
		return rc;
	}
	return words_fail(w, "expected rate, hold, count, most, from or span, not \"%s\"", word);
}

/* load NUMBER [rate R] [hold S] [count N] [most N] [from A-B] [span NAME] | load stop | load report
 */
static int do_load(struct pbx *p, struct words *w, json_t *reply)
{
	struct load_conf conf = {.rate = 1,
				 .hold_ms = 1000,
				 .count = 10,
				 .from = "7101",
				 .from_count = 1,
				 .most = 1000};
	const char *word = words_next(w);

	if (word == NULL)
		return words_fail(w, "expected a number to call, stop or report");
	if (strcmp(word, "stop") == 0) {
		load_stop(p);
		return 0;
	}
	if (strcmp(word, "report") == 0) {
		if (p->load == NULL)
			return words_fail(w, "there was no load");
		json_object_set_new(reply, "load", load_report(p->load));
		return 0;
	}
	if (strlen(word) >= sizeof conf.number)
		return words_fail(w, "a number has at most %d digits", ISUP_DIGITS_MAX - 1);
	strcpy(conf.number, word);
	while ((word = words_next(w)) != NULL) {
		int rc = load_word(p, w, &conf, word);
		if (rc < 0)
			return rc;
	}
	int rc = load_start(p, &conf);
	return rc < 0 ? words_fail(w, rc == -EBUSY ? "a load is running" : "out of memory") : 0;
}

static int do_stats(struct pbx *p, struct words *w, json_t *reply)
{
	json_t *stats = report_stats(p);

	json_object_update(reply, stats);
	json_decref(stats);
	return 0;
}

static int do_trace(struct pbx *p, struct words *w, json_t *reply)
{
	const char *what = words_next(w);

	if (what == NULL || (strcmp(what, "on") != 0 && strcmp(what, "off") != 0))
		return words_fail(w, "expected on or off");
	p->trace = strcmp(what, "on") == 0;
	return 0;
}

static int do_quit(struct pbx *p, struct words *w, json_t *reply)
{
	pbx_quit(p);
	return 0;
}

static const struct {
	const char *word, *usage, *what;
	int (*run)(struct pbx *p, struct words *w, json_t *reply);
} commands[] = {
	{"dial",
	 "dial EXT NUMBER [from NUMBER] [name NAME] [redirected NUMBER REASON] [span NAME] [hold "
	 "S] "
	 "[overlap S] [bearer|llc|hlc|calling-sub|called-sub|uui HEX] [oli N]",
	 "a phone lifts its receiver and dials", do_dial},
	{"answer", "answer EXT|#CALL", "a ringing phone is answered", do_answer},
	{"hangup", "hangup EXT|#CALL|all [CAUSE]", "a call is cleared", do_hangup},
	{"party", "party EXT|#CALL NUMBER", "its call was handed on to that number", do_party},
	{"hold", "hold EXT|#CALL", "an answered call is put on hold: HOLD", do_hold},
	{"retrieve", "retrieve EXT|#CALL", "and taken back, on any channel: RETRIEVE", do_retrieve},
	{"phone", "phone EXT [default] WORD...", "how it acts in its next calls", do_phone},
	{"play", "play EXT|#CALL SIGNAL...", "what it says in this call", do_play},
	{"dtmf", "dtmf EXT|#CALL DIGITS", "digits sent in the call", do_dtmf},
	{"report", "report EXT|#CALL", "what was heard up to now", do_report},
	{"calls", "calls", "the calls that are up", do_calls},
	{"stats", "stats", "counts of calls, D-channels, lines", do_stats},
	{"alarm", "alarm SPAN yellow|blue|none", "raised towards the far end", do_alarm},
	{"dchan", "dchan SPAN silent|normal", "silent: no frame goes out or in", do_dchan},
	{"disconnect", "disconnect SPAN inband|plain",
	 "inband: DISCONNECT says that an announcement follows", do_disconnect},
	{"load", "load NUMBER [rate R] [hold S] [count N] [most N] [from A-B] [span NAME]",
	 "many calls; load stop, load report", do_load},
	{"trace", "trace on|off", "an event for each Q.931 frame", do_trace},
	{"quit", "quit", "clears all calls and ends", do_quit},
};

enum { COMMANDS = sizeof commands / sizeof commands[0] };

const char *command_help(void)
{
	static char text[4096];
	size_t at = 0;

	for (unsigned i = 0; i < COMMANDS; i++)
		at += (size_t)snprintf(text + at, sizeof text - at, "  %s\n      %s\n",
				       commands[i].usage, commands[i].what);
	return text;
}

static int dispatch(struct pbx *p, struct words *w, json_t *reply)
{
	const char *word = words_next(w);

	json_object_set_new(reply, "reply", json_string(word));
	for (unsigned i = 0; i < COMMANDS; i++) {
		if (strcmp(word, commands[i].word) != 0)
			continue;
		int rc = commands[i].run(p, w, reply);
		if (rc == 0 && words_peek(w) != NULL)
			rc = words_fail(w, "\"%s\" is too much; usage: %s", words_peek(w),
					commands[i].usage);
		return rc;
	}
	return words_fail(w, "there is no command %s", word);
}

json_t *command_run(struct pbx *p, const char *line)
{
	struct words w;
	int rc = words_split(&w, line);

	if (rc == 0 && w.count == 0)
		return NULL;
	json_t *reply = json_object();
	if (rc == 0)
		rc = dispatch(p, &w, reply);
	json_object_set_new(reply, "ok", json_boolean(rc == 0));
	if (rc < 0)
		json_object_set_new(reply, "error", json_string(w.error));
	return reply;
}
