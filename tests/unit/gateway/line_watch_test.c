/* A line on a span that counts what the test says; each second is run by hand. */
#include "gateway/line_watch.c"

#include "conf/schema.h"
#include "tdm/backend.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
	struct loop loop;
	struct line line;
	struct tdm_span span;
	unsigned lines;
	char last[600];
};

static struct tdm_span_counts counted; /* since "open" */

static void fake_counts(const struct tdm_span *s, struct tdm_span_counts *out)
{
	*out = counted;
}

static const struct tdm_backend fake = {.counts = fake_counts};

static void on_log(void *arg, const char *line)
{
	struct fixture *f = arg;

	f->lines++;
	snprintf(f->last, sizeof(f->last), "%s", line);
}

static void open_line(struct fixture *f, enum tdm_backend_kind backend, enum tdm_framing framing)
{
	memset(f, 0, sizeof(*f));
	memset(&counted, 0, sizeof(counted));
	assert_int_equal(loop_init(&f->loop), 0);
	log_set_sink(on_log, f);
	tdm_span_conf_default(&f->line.span_conf);
	snprintf(f->line.span_conf.name, sizeof(f->line.span_conf.name), "t1-1");
	f->line.span_conf.backend = backend;
	f->line.span_conf.dahdi.framing = framing;
	tdm_span_init(&f->span, &fake, &f->line.span_conf, 0);
	f->line.span = &f->span;
	f->line.loop = &f->loop;
	line_watch_start(&f->line);
}

static void close_line(struct fixture *f)
{
	line_watch_stop(&f->line);
	log_set_sink(NULL, NULL);
	loop_fini(&f->loop);
}

static void seconds(struct fixture *f, unsigned n)
{
	while (n-- > 0)
		on_second(&f->line);
}

static uint32_t total(const struct fixture *f, enum line_count c)
{
	const struct line_interval *i;
	uint32_t n = 0;

	for (unsigned age = 0; (i = line_monitor_interval(&f->line.watch.monitor, age)) != NULL;
	     age++)
		n += i->count[c];
	return n;
}

/* Which counter of the span is which of RFC 4805, by kind of span. */
static void counters_of_each_kind(void **state)
{
	static const struct {
		enum tdm_backend_kind backend;
		enum tdm_framing framing;
		uint32_t pcv, lcv, css;
	} rows[] = {
		{TDM_WIRE, TDM_ESF, 1, 32, 1}, /* underruns; such spans have no code violations */
		{TDM_ETHER, TDM_ESF, 1, 32, 1},
		{TDM_DAHDI, TDM_ESF, 4, 32, 1},
		{TDM_DAHDI, TDM_D4, 8, 32, 1},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fixture f;

		open_line(&f, rows[i].backend, rows[i].framing);
		seconds(&f, 3);
		assert_int_equal(total(&f, LINE_ES), 0);
		counted.underruns += 1;
		counted.line_crc += 4;
		counted.line_framing += 8;
		counted.line_bpv += 32;
		seconds(&f, 2);
		assert_int_equal(total(&f, LINE_ES), 1);
		assert_int_equal(total(&f, LINE_PCV), rows[i].pcv);
		assert_int_equal(total(&f, LINE_LCV), rows[i].lcv);
		/* The machine's slips are no slips of a card's line. */
		counted.slips += rows[i].backend != TDM_DAHDI;
		counted.line_slips += rows[i].backend == TDM_DAHDI;
		seconds(&f, 1);
		assert_int_equal(total(&f, LINE_CSS), rows[i].css);
		counted.slips += rows[i].backend == TDM_DAHDI;
		counted.line_slips += rows[i].backend != TDM_DAHDI;
		seconds(&f, 1);
		assert_int_equal(total(&f, LINE_CSS), rows[i].css);
		/* A driver that begins anew counts from 0. */
		memset(&counted, 0, sizeof(counted));
		seconds(&f, 2);
		assert_int_equal(total(&f, LINE_PCV), rows[i].pcv);
		close_line(&f);
	}
}

static void alarms_are_seconds(void **state)
{
	struct fixture f;

	open_line(&f, TDM_DAHDI, TDM_ESF);
	seconds(&f, 2);
	/* Within one second: still a second of it. */
	f.line.alarm.alarms = TDM_ALARM_RED;
	line_watch_alarms(&f.line);
	f.line.alarm.alarms = 0;
	line_watch_alarms(&f.line);
	seconds(&f, 2);
	assert_int_equal(total(&f, LINE_SES), 1);
	assert_int_equal(total(&f, LINE_LES), 1);
	f.line.alarm.alarms = TDM_ALARM_BLUE;
	line_watch_alarms(&f.line);
	seconds(&f, 1);
	assert_int_equal(total(&f, LINE_SEFS), 2);
	/* Yellow and recovering: what we receive is good. */
	f.line.alarm.alarms = TDM_ALARM_YELLOW | TDM_ALARM_RECOVERING;
	line_watch_alarms(&f.line);
	seconds(&f, 1); /* in which blue ended */
	seconds(&f, 5);
	assert_int_equal(total(&f, LINE_SES), 3);
	/* Failed: unavailable. */
	f.line.alarm.alarms = TDM_ALARM_RED;
	line_watch_alarms(&f.line);
	seconds(&f, 2);
	f.line.alarm.down = true;
	seconds(&f, 1);
	assert_int_equal(total(&f, LINE_UAS), 3);
	/* Looped to ourselves nothing is known. */
	seconds(&f, 1);
	f.span.loop = TDM_LOOP_LOCAL;
	seconds(&f, 100);
	assert_int_equal(total(&f, LINE_UAS), 4);
	close_line(&f);
}

/* Slips in each minute: one line in the log, and the warning is there to be shown; none by slips
 * that come with an alarm. */
static void slips_are_warned_of(void **state)
{
	char text[500];
	struct fixture f;

	open_line(&f, TDM_DAHDI, TDM_ESF);
	f.line.alarm.alarms = TDM_ALARM_RED;
	line_watch_alarms(&f.line);
	for (unsigned minute = 0; minute < 5; minute++) {
		counted.line_slips++;
		seconds(&f, 60);
	}
	f.line.alarm.alarms = 0;
	seconds(&f, 60);
	assert_int_equal(f.lines, 0);
	assert_string_equal(line_watch_warning(&f.line, text, sizeof(text)), "");
	for (unsigned minute = 0; minute < 8; minute++) {
		counted.line_slips++;
		seconds(&f, 60);
	}
	assert_int_equal(f.lines, 1);
	assert_non_null(strstr(f.last, "warn tdm: span t1-1: 3 slips in 15 minutes"));
	line_watch_warning(&f.line, text, sizeof(text));
	assert_non_null(strstr(text, "span t1-1: 8 slips"));
	assert_non_null(strstr(text, "clock = \"line\""));
	seconds(&f, 15 * 60);
	assert_string_equal(line_watch_warning(&f.line, text, sizeof(text)), "");
	close_line(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counters_of_each_kind),
		cmocka_unit_test(alarms_are_seconds),
		cmocka_unit_test(slips_are_warned_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
