#include "tests/pbx/script.h"

#include "tests/pbx/script_span.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { PHONES_MAX = 10000, SECONDS_MAX = 1000000 };

/* --- phones --- */

void phone_conf_default(struct phone_conf *p)
{
	memset(p, 0, sizeof *p);
	p->reply = PHONE_ANSWER;
	p->answer_ms = 1000;
	p->play.kind = SIGNAL_TONE;
	p->play.dbm0 = -10;
	p->lines = 1;
}

static int seconds(struct words *w, unsigned *ms, const char *what)
{
	double value;
	int rc = words_want_number(w, &value, what, 0, SECONDS_MAX);

	if (rc == 0)
		*ms = (unsigned)(value * 1000 + 0.5);
	return rc;
}

static int set_name(struct phone_conf *p, struct words *w)
{
	return words_want_copy(w, p->name, sizeof p->name, "a name");
}

static int set_span(struct phone_conf *p, struct words *w)
{
	return words_want_copy(w, p->span, sizeof p->span, "a span's name");
}

static int set_alert(struct phone_conf *p, struct words *w)
{
	return seconds(w, &p->alert_ms, "seconds until it rings");
}

static int set_answer(struct phone_conf *p, struct words *w)
{
	p->reply = PHONE_ANSWER;
	return seconds(w, &p->answer_ms, "seconds until it answers");
}

static int set_never(struct phone_conf *p, struct words *w)
{
	p->reply = PHONE_NEVER;
	return 0;
}

static int set_busy(struct phone_conf *p, struct words *w)
{
	p->reply = PHONE_REFUSE;
	p->cause = 17;
	return 0;
}

static int set_unallocated(struct phone_conf *p, struct words *w)
{
	p->reply = PHONE_REFUSE;
	p->cause = 1;
	return 0;
}

static int set_reject(struct phone_conf *p, struct words *w)
{
	double cause;
	int rc = words_want_number(w, &cause, "a Q.850 cause", 1, 127);

	p->reply = PHONE_REFUSE;
	p->cause = (int)cause;
	return rc;
}

static int set_ringback(struct phone_conf *p, struct words *w)
{
	p->ringback = true;
	return 0;
}

static int set_hangup(struct phone_conf *p, struct words *w)
{
	p->hangs_up = true;
	return seconds(w, &p->hangup_ms, "seconds until it hangs up");
}

static int set_play(struct phone_conf *p, struct words *w)
{
	return signal_conf_parse(&p->play, w);
}

static int set_dtmf(struct phone_conf *p, struct words *w)
{
	if (p->dtmf_count == SCRIPT_DTMF_MAX)
		return words_fail(w, "more than %d times dtmf", SCRIPT_DTMF_MAX);
	struct phone_dtmf *d = &p->dtmf[p->dtmf_count];
	int rc = seconds(w, &d->after_ms, "seconds until the digits");
	if (rc == 0)
		rc = words_want_copy(w, d->digits, sizeof d->digits, "digits to send");
	if (rc < 0)
		return rc;
	struct signal_dtmf try = {0};
	if (signal_dtmf_add(&try, d->digits) < 0)
		return words_fail(w, "expected digits out of 0-9*#A-D, not \"%s\"", d->digits);
	if (p->dtmf_count > 0 && d[-1].after_ms > d->after_ms)
		return words_fail(w, "times of dtmf must ascend");
	p->dtmf_count++;
	return 0;
}

static int set_record(struct phone_conf *p, struct words *w)
{
	return words_want_copy(w, p->record, sizeof p->record, "a file name");
}

static int set_hybrid(struct phone_conf *p, struct words *w)
{
	double delay;
	const char *shape;
	int rc = words_want_number(w, &p->hybrid.erl_db, "ERL in dB", -6, 60);

	if (rc == 0)
		rc = words_want_number(w, &delay, "delay in ms", 0, HYBRID_DELAY_MS_MAX);
	if (rc == 0)
		rc = words_want(w, &shape, "a shape or taps");
	if (rc < 0)
		return rc;
	p->echoes = true;
	p->hybrid.delay_ms = (unsigned)delay;
	p->hybrid.tap_count = 0;
	if (strcmp(shape, "taps") != 0) {
		if (hybrid_shape_parse(shape, &p->hybrid.shape) < 0)
			return words_fail(w,
					  "expected flat, short, long, ringing, double or taps, "
					  "not \"%s\"",
					  shape);
		return 0;
	}
	while (p->hybrid.tap_count < HYBRID_TAPS_MAX &&
	       words_number(w, &p->hybrid.taps[p->hybrid.tap_count]))
		p->hybrid.tap_count++;
	if (p->hybrid.tap_count == 0)
		return words_fail(w, "expected numbers after taps");
	return 0;
}

static int set_bert(struct phone_conf *p, struct words *w)
{
	const char *name;
	int rc = words_want(w, &name, "a pattern");

	if (rc < 0)
		return rc;
	if (!tdm_bert_pattern_parse(name, &p->bert_pattern))
		return words_fail(
			w, "\"%s\" is no pattern: qrss, 2e15, 2e11, ones, zeros, 1in8, 3in24",
			name);
	p->bert = true;
	return 0;
}

static int set_echo(struct phone_conf *p, struct words *w)
{
	p->echoes = true;
	p->hybrid = (struct hybrid_conf){.shape = HYBRID_FLAT};
	p->play.kind = SIGNAL_SILENCE;
	return 0;
}

static int set_listen(struct phone_conf *p, struct words *w)
{
	const char *what = words_next(w);

	if (what == NULL || strcmp(what, "marker") != 0)
		return words_fail(w, "expected marker after listen");
	p->marker_listen = true;
	return 0;
}

static int set_restricted(struct phone_conf *p, struct words *w)
{
	p->restricted = true;
	return 0;
}

static int set_connected(struct phone_conf *p, struct words *w)
{
	const char *number;
	int rc = words_want(w, &number, "the number that answers");

	if (rc == 0 && strlen(number) >= sizeof p->connected)
		rc = words_fail(w, "a number has at most %d digits", ISUP_DIGITS_MAX - 1);
	if (rc == 0)
		snprintf(p->connected, sizeof p->connected, "%s", number);
	return rc;
}

static int set_lines(struct phone_conf *p, struct words *w)
{
	double lines;
	int rc = words_want_number(w, &lines, "lines", 1, 1000);

	p->lines = (unsigned)lines;
	return rc;
}

static int set_quiet(struct phone_conf *p, struct words *w)
{
	p->quiet = true;
	return 0;
}

static const struct {
	const char *word;
	int (*set)(struct phone_conf *p, struct words *w);
} phone_words[] = {
	{"name", set_name},
	{"span", set_span},
	{"alert", set_alert},
	{"answer", set_answer},
	{"never", set_never},
	{"busy", set_busy},
	{"unallocated", set_unallocated},
	{"reject", set_reject},
	{"ringback", set_ringback},
	{"hangup", set_hangup},
	{"play", set_play},
	{"dtmf", set_dtmf},
	{"record", set_record},
	{"hybrid", set_hybrid},
	{"bert", set_bert},
	{"echo", set_echo},
	{"listen", set_listen},
	{"restricted", set_restricted},
	{"connected", set_connected},
	{"lines", set_lines},
	{"quiet", set_quiet},
};

int phone_conf_parse(struct phone_conf *p, struct words *w)
{
	const char *word;

	while ((word = words_next(w)) != NULL) {
		size_t i = 0, count = sizeof phone_words / sizeof phone_words[0];
		while (i < count && strcmp(word, phone_words[i].word) != 0)
			i++;
		if (i == count)
			return words_fail(w, "\"%s\" is nothing a phone can do", word);
		int rc = phone_words[i].set(p, w);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int level_parse(double *dbm0, struct words *w)
{
	if (words_number(w, dbm0) && (*dbm0 < -60 || *dbm0 > 3.14))
		return words_fail(w, "expected a level of -60 to 3.14 dBm0, not %g", *dbm0);
	return 0;
}

int signal_conf_parse(struct signal_conf *out, struct words *w)
{
	const char *kind;
	int rc = words_want(w, &kind, "what to play");

	if (rc < 0)
		return rc;
	*out = (struct signal_conf){.dbm0 = -10};
	if (strcmp(kind, "silence") == 0) {
		out->kind = SIGNAL_SILENCE;
	} else if (strcmp(kind, "ringback") == 0) {
		out->kind = SIGNAL_RINGBACK;
	} else if (strcmp(kind, "tone") == 0) {
		out->kind = SIGNAL_TONE;
		if (words_number(w, &out->hz) && (out->hz < 50 || out->hz > 3900))
			return words_fail(w, "expected a tone of 50 to 3900 Hz, not %g", out->hz);
		return level_parse(&out->dbm0, w);
	} else if (strcmp(kind, "digits") == 0) {
		out->kind = SIGNAL_DIGITS;
		return level_parse(&out->dbm0, w);
	} else if (strcmp(kind, "marker") == 0) {
		out->kind = SIGNAL_MARKER;
		return level_parse(&out->dbm0, w);
	} else if (strcmp(kind, "file") == 0) {
		out->kind = SIGNAL_FILE;
		return words_want_copy(w, out->path, sizeof out->path, "a file name");
	} else {
		return words_fail(w,
				  "expected silence, tone, digits, marker, ringback or file, "
				  "not \"%s\"",
				  kind);
	}
	return 0;
}

/* --- the file --- */

void script_init(struct script *s)
{
	memset(s, 0, sizeof *s);
}

void script_free(struct script *s)
{
	for (unsigned i = 0; i < s->at_count; i++)
		free(s->at[i].command);
	free(s->at);
	free(s->phone);
	memset(s, 0, sizeof *s);
}

static bool all_digits(const char *text, size_t len)
{
	return len > 0 && strspn(text, "0123456789*#") >= len;
}

static int phone_add(struct script *s, const char *number, size_t len, struct words *w)
{
	for (unsigned i = 0; i < s->phone_count; i++) {
		if (strlen(s->phone[i].number) == len &&
		    memcmp(s->phone[i].number, number, len) == 0)
			return words_fail(w, "phone %.*s is there already", (int)len, number);
	}
	if (s->phone_count == PHONES_MAX)
		return words_fail(w, "more than %d phones", PHONES_MAX);
	struct phone_conf *more = realloc(s->phone, (s->phone_count + 1) * sizeof *more);
	if (more == NULL)
		return words_fail(w, "out of memory");
	s->phone = more;
	struct phone_conf *p = &s->phone[s->phone_count++];
	phone_conf_default(p);
	memcpy(p->number, number, len);
	return 0;
}

/* 7101 or 7101-7123. */
static int phones_add(struct script *s, const char *numbers, struct words *w)
{
	const char *dash = strchr(numbers, '-');
	size_t len = dash != NULL ? (size_t)(dash - numbers) : strlen(numbers);

	if (!all_digits(numbers, len) || len >= ISUP_DIGITS_MAX ||
	    (dash != NULL && (strlen(dash + 1) != len || !all_digits(dash + 1, len))))
		return words_fail(w, "expected a number or a range like 7101-7123, not \"%s\"",
				  numbers);
	if (dash == NULL)
		return phone_add(s, numbers, len, w);
	unsigned long long from = strtoull(numbers, NULL, 10), to = strtoull(dash + 1, NULL, 10);
	if (from > to || to - from >= PHONES_MAX || len > 18)
		return words_fail(w, "\"%s\" is no range of at most %d numbers", numbers,
				  PHONES_MAX);
	for (; from <= to; from++) {
		char number[ISUP_DIGITS_MAX];
		snprintf(number, sizeof number, "%0*llu", (int)len, from);
		int rc = phone_add(s, number, len, w);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int phones_describe(struct script *s, struct words *w)
{
	unsigned first = w->at;

	for (unsigned i = s->open_first; i < s->phone_count; i++) {
		w->at = first;
		int rc = phone_conf_parse(&s->phone[i], w);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int at_add(struct script *s, const char *text, struct words *w)
{
	unsigned at_ms = 0;
	int rc = seconds(w, &at_ms, "seconds since the start");

	if (rc < 0)
		return rc;
	if (words_peek(w) == NULL)
		return words_fail(w, "expected a command after the time");
	struct script_at *more = realloc(s->at, (s->at_count + 1) * sizeof *more);
	if (more == NULL)
		return words_fail(w, "out of memory");
	s->at = more;
	/* The command keeps its quotes: take it from the text, behind "at" and the time. */
	const char *command = text + strspn(text, " \t");
	for (unsigned i = 0; i < 2; i++) {
		command += strcspn(command, " \t");
		command += strspn(command, " \t");
	}
	char *copy = strdup(command);
	if (copy == NULL)
		return words_fail(w, "out of memory");
	s->at[s->at_count++] = (struct script_at){at_ms, copy};
	return 0;
}

static int statement(struct script *s, const char *text, unsigned line, struct words *w)
{
	bool indented = text[0] == ' ' || text[0] == '\t';

	if (!indented) {
		const char *word = words_next(w), *name;
		int rc = 0;
		s->open = SCRIPT_NOTHING;
		if (strcmp(word, "at") == 0)
			return at_add(s, text, w);
		if (strcmp(word, "span") == 0) {
			rc = words_want(w, &name, "the span's name");
			if (rc == 0)
				rc = script_span_add(s, name, line, w);
			s->open = rc == 0 ? SCRIPT_SPAN : SCRIPT_NOTHING;
		} else if (strcmp(word, "phone") == 0) {
			s->open_first = s->phone_count;
			rc = words_want(w, &name, "the phone's number");
			if (rc == 0)
				rc = phones_add(s, name, w);
			s->open = rc == 0 ? SCRIPT_PHONE : SCRIPT_NOTHING;
		} else {
			return words_fail(w, "expected span, phone or at, not \"%s\"", word);
		}
		if (rc < 0)
			return rc;
	}
	switch (s->open) {
	case SCRIPT_SPAN: return script_span_parse(&s->span[s->span_count - 1], w);
	case SCRIPT_PHONE: return phones_describe(s, w);
	default: return words_fail(w, "an indented line must follow a span or phone");
	}
}

int script_line(struct script *s, const char *text, const char *name, unsigned line, FILE *err)
{
	struct words w;
	int rc = words_split(&w, text);

	if (rc == 0 && w.count > 0)
		rc = statement(s, text, line, &w);
	if (rc < 0)
		fprintf(err, "%s:%u: %s\n", name, line, w.error);
	return rc;
}

int script_file(struct script *s, const char *path, FILE *err)
{
	FILE *f = fopen(path, "r");
	char text[WORDS_LINE_MAX + 1];
	unsigned line = 0;
	int rc = 0;

	if (f == NULL) {
		rc = -errno;
		fprintf(err, "%s: %s\n", path, strerror(-rc));
		return rc;
	}
	while (fgets(text, sizeof text, f) != NULL) {
		line++;
		text[strcspn(text, "\n")] = '\0';
		int bad = script_line(s, text, path, line, err);
		if (bad < 0)
			rc = bad;
	}
	fclose(f);
	return rc;
}

int script_check(const struct script *s, const char *name, FILE *err)
{
	int rc = 0;

	if (s->span_count == 0) {
		fprintf(err,
			"%s: expected a span, like: span t1-1 local 127.0.0.1:2001 peer "
			"127.0.0.1:2000\n",
			name);
		rc = -EINVAL;
	}
	for (unsigned i = 0; i < s->span_count; i++) {
		const char *wrong = script_span_check(&s->span[i]);
		unsigned first = 0;
		while (first < i && strcmp(s->span[first].tdm.name, s->span[i].nfas) != 0)
			first++;
		if (s->span[i].nfas[0] != '\0' && (first == i || s->span[first].nfas[0] != '\0'))
			wrong = "nfas with the first span of its group, which comes before it";
		if (wrong == NULL)
			continue;
		fprintf(err, "%s:%u: span %s: expected %s\n", name, s->span[i].line,
			s->span[i].tdm.name, wrong);
		rc = -EINVAL;
	}
	for (unsigned i = 0; i < s->phone_count; i++) {
		const struct phone_conf *p = &s->phone[i];
		unsigned j = 0;
		while (j < s->span_count && strcmp(p->span, s->span[j].tdm.name) != 0)
			j++;
		if (p->span[0] == '\0' || j < s->span_count)
			continue;
		fprintf(err, "%s: phone %s: there is no span %s\n", name, p->number, p->span);
		rc = -EINVAL;
	}
	return rc;
}
