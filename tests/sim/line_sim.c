/* Alarms of a span: what new and live calls notice of them, and when. */
#include "gateway/base/clock.h"
#include "gateway/base/log.h"
#include "gateway/control_span.h"
#include "tests/sim/clock.h"
#include "tests/sim/script.h"
#include "tests/sim/worker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define CALL_UP                                                                                    \
	"pbx > SETUP called=7234 calling=7101 ch=5", "pbx < CALL-PROCEEDING", "sip < INVITE",      \
		"sip > 200 sdp", "sip < ACK", "pbx < CONNECT"
/* sip: which dialog of the peer. */
#define REFUSED(sip)                                                                               \
	sip " > INVITE to=7101 from=7235", sip " < 100 INVITE", sip " < 503 INVITE reason=38",     \
		sip " > ACK", "record cause=38"
#define GETS_THROUGH(sip)                                                                          \
	sip " > INVITE to=7101 from=7235", sip " < 100 INVITE", "pbx#2 < SETUP ch=23",             \
		"pbx#2 > CALL-PROCEEDING", "pbx#2 > DISCONNECT cause=17", "pbx#2 < RELEASE",       \
		sip " < 486 INVITE", sip " > ACK", "record cause=17"
#define CALL_ENDS                                                                                  \
	"pbx > DISCONNECT cause=16", "pbx < RELEASE", "sip < BYE", "sip > 200 BYE",                \
		"record cause=16"

/* A stall of the machine or the network: nobody is refused. */
static const char *const short_alarm[] = {
	CALL_UP,   "pbx alarm 1", "wait 2400", GETS_THROUGH("sip#2"), "pbx alarm 0", "quiet 20000",
	"calls 1", CALL_ENDS,     NULL,
};

/* T1.231: a failure after 2.5 s.  The call stays, new ones are refused; a second good, and all is
 * as before. */
static const char *const failure[] = {
	CALL_UP,
	"pbx alarm 1",
	"wait 2600",
	REFUSED("sip#2"),
	"calls 1",
	"wait 5000",
	"pbx alarm 0",
	"wait 900",
	REFUSED("sip#3"),
	"wait 200",
	GETS_THROUGH("sip#4"),
	CALL_ENDS,
	NULL,
};

/* After alarm_keep_ms the live call ends: the line has failed, and nobody heard anything. */
static const char *const failure_that_lasts[] = {
	CALL_UP,
	"pbx alarm 1",
	"sip < BYE reason=27 in 9950..10050",
	"sip > 200 BYE",
	"pbx < DISCONNECT cause=27",
	"pbx < RELEASE-COMPLETE",
	"record cause=27",
	"quiet 60000",
	"pbx alarm 0",
	"wait 1100",
	GETS_THROUGH("sip#2"),
	NULL,
};

/* 0: the alarm alone ends no call. */
static const char *const failure_without_end[] = {
	CALL_UP, "pbx alarm 1", "quiet 600000", "calls 1", "pbx alarm 0", CALL_ENDS, NULL,
};

/* Yellow: by the time of the file.  Recovering keeps a failure.  Loop: at once. */
static const char *const each_alarm_refuses[] = {
	"pbx alarm 2",  "wait 600",       REFUSED("sip#1"), "pbx alarm 32",
	"wait 5000",    REFUSED("sip#2"), "pbx alarm 0",    "wait 1100",
	"pbx alarm 16", "wait 1",         REFUSED("sip#3"), "pbx alarm 0",
	NULL,
};

/* --- by command --------------------------------------------------------------------------------
 */

/* The reply to a command of the control socket; freed by the caller. */
static json_t *ask(struct rig *r, const char *args, bool ok)
{
	json_t *reply = control_span(r->gateway, args);

	if (json_is_true(json_object_get(reply, "ok")) != ok)
		sim_fail("span %s: %s", args, json_dumps(reply, 0));
	return reply;
}

static void tell(struct rig *r, const char *args)
{
	json_decref(ask(r, args, true));
}

static long long count_of(const json_t *interval, const char *key)
{
	return json_integer_value(json_object_get(interval, key));
}

/* An alarm of a minute, over the end of an interval: its seconds are unavailable from the first, in
 * both, and the seconds of the day are all there. */
static void seconds_are_counted(void **state)
{
	long long uas = 0, es = 0, seconds = 0;
	struct rig *r;
	const json_t *intervals, *i;
	json_t *reply, *span;
	size_t n;

	rig_open(&r, NULL);
	uint64_t to_quarter_ms = 900000 - clock_wall_ms() % 900000;
	sim_run(sim_now_ms() + to_quarter_ms - 30000, NULL, NULL);
	script_step(r, "pbx alarm 1");
	sim_run(sim_now_ms() + 60000, NULL, NULL);
	script_step(r, "pbx alarm 0");
	sim_run(sim_now_ms() + 2 * 900000, NULL, NULL);
	reply = ask(r, "t1", true);
	span = json_object_get(reply, "span");
	intervals = json_object_get(span, "intervals");
	json_array_foreach((json_t *)intervals, n, i)
	{
		if (n < 2) {
			assert_int_equal(count_of(i, "seconds"), 900);
			assert_int_equal(count_of(i, "start_s") % 900, 0);
		}
		uas += count_of(i, "uas");
		es += count_of(i, "es");
		seconds += count_of(i, "seconds");
	}
	assert_int_equal(json_array_size(intervals), 3);
	assert_in_range(count_of(json_array_get(intervals, 1), "uas"), 29, 31);
	assert_in_range(count_of(json_array_get(intervals, 2), "uas"), 29, 31);
	assert_in_range(uas, 60, 62);
	assert_int_equal(es, 0);
	assert_int_equal(count_of(json_object_get(span, "day"), "seconds"), seconds);
	json_decref(reply);
	rig_check_quiet(r);
	rig_close(r);
}

static unsigned logged;

static void count_alarm_lines(void *arg, const char *line)
{
	logged += strstr(line, ": alarms") != NULL;
}

/* A line that flaps all day is told of, not all the time. */
static void flapping_does_not_fill_the_log(void **state)
{
	struct rig *r;

	rig_open(&r, NULL);
	log_set_sink(count_alarm_lines, NULL);
	logged = 0;
	for (unsigned i = 0; i < 600; i++) {
		script_step(r, i % 2 == 0 ? "pbx alarm 1" : "pbx alarm 0");
		sim_run(sim_now_ms() + 500, NULL, NULL);
	}
	assert_in_range(logged, 5 * 20, 6 * 21);
	rig_close(r);
}

/* Calls keep off the slots under test, from both sides; the test keeps off calls. */
static void tested_slots_take_no_calls(void **state)
{
	struct rig *r;

	rig_open(&r, NULL);
	tell(r, "t1 bert start slot 23 slot 5");
	json_decref(ask(r, "t1 bert start slot 6", false));
	script_step(r, "sip > INVITE to=7101 from=7234");
	script_step(r, "sip < 100 INVITE");
	script_step(r, "pbx < SETUP ch=22");
	script_step(r, "pbx > CALL-PROCEEDING");
	script_step(r, "pbx#2 > SETUP called=7234 calling=7101 ch=5 exclusive");
	script_step(r, "pbx#2 < RELEASE-COMPLETE");
	tell(r, "t1 bert stop");
	json_decref(ask(r, "t1 bert start slot 22", false));
	script_step(r, "pbx > DISCONNECT cause=17");
	script_step(r, "pbx < RELEASE");
	script_step(r, "sip < 486 INVITE");
	script_step(r, "sip > ACK");
	script_step(r, "record cause=17");
	/* All, and the line goes while the test runs. */
	sim_run(sim_now_ms() + 1000, NULL, NULL);
	tell(r, "t1 bert start");
	assert_int_equal(sim_worker_open_paths(), 23);
	tell(r, "t1 bert stop");
	rig_check_quiet(r);
	tell(r, "t2 bert start");
	rig_close(r);
}

static void a_looped_span_takes_no_calls(void **state)
{
	struct rig *r;

	rig_open(&r, NULL);
	tell(r, "t1 loop network");
	/* Not heard: no answer to it would arrive. */
	far_set_raw(r->pbx, true);
	script_step(r, "pbx > SETUP called=7234 calling=7101 ch=5");
	script_step(r, "quiet 500");
	script_step(r, "calls 0");
	script_step(r, "sip > INVITE to=7101 from=7234");
	script_step(r, "sip < 100 INVITE");
	script_step(r, "sip < 503 INVITE reason=38");
	script_step(r, "sip > ACK");
	script_step(r, "record cause=38");
	tell(r, "t1 loop off");
	json_decref(ask(r, "t1 loop upside-down", false));
	rig_close(r);
}

int main(int argc, char **argv)
{
	static const struct rig_conf quick = {.trunk = "alarm_on_ms = 500"};
	static const struct rig_conf keep = {.trunk = "alarm_keep_ms = 0"};
	static const struct scenario scenarios[] = {
		{"short_alarm", NULL, short_alarm},
		{"failure", NULL, failure},
		{"failure_that_lasts", NULL, failure_that_lasts},
		{"failure_without_end", &keep, failure_without_end},
		{"each_alarm_refuses", &quick, each_alarm_refuses},
	};

	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(seconds_are_counted),
		cmocka_unit_test(flapping_does_not_fill_the_log),
		cmocka_unit_test(tested_slots_take_no_calls),
		cmocka_unit_test(a_looped_span_takes_no_calls),
	};
	int failed = script_run_all("line", scenarios, sizeof(scenarios) / sizeof(scenarios[0]),
				    argc, argv);

	return failed + (argc > 1 ? 0 : cmocka_run_group_tests(tests, NULL, NULL));
}
