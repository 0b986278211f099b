#include "gateway/line_alarm.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct conf_trunk conf = {
	.alarm_on_ms = 2500, .alarm_off_ms = 1000, .alarm_keep_ms = 10000};

enum { RED = TDM_ALARM_RED, START_MS = 1000 };

/* Runs the next change that is due by now_ms, at its time. */
static unsigned run_to(struct line_alarm *a, uint64_t now_ms, uint64_t *when_ms)
{
	uint64_t due = line_alarm_due(a, &conf);
	unsigned change;

	*when_ms = 0;
	if (due == 0 || due > now_ms)
		return line_alarm_run(a, &conf, now_ms);
	/* A timer that is early finds nothing to do. */
	assert_int_equal(line_alarm_run(a, &conf, due - 1), 0);
	change = line_alarm_run(a, &conf, due);
	assert_int_not_equal(change, 0);
	*when_ms = due;
	return change;
}

static void a_stall_is_no_failure(void **state)
{
	struct line_alarm a = {0};

	assert_int_equal(line_alarm_set(&a, &conf, RED, START_MS), 0);
	assert_int_equal(line_alarm_run(&a, &conf, START_MS + 2499), 0);
	assert_int_equal(line_alarm_set(&a, &conf, 0, START_MS + 2499), 0);
	assert_false(a.down);
	assert_int_equal(line_alarm_due(&a, &conf), 0);
	/* The next one counts from its own beginning. */
	assert_int_equal(line_alarm_set(&a, &conf, RED, START_MS + 3000), 0);
	assert_int_equal(line_alarm_due(&a, &conf), START_MS + 3000 + 2500);
}

static void a_failure_comes_and_goes(void **state)
{
	struct line_alarm a = {0};
	uint64_t when;

	line_alarm_set(&a, &conf, RED, START_MS);
	assert_int_equal(run_to(&a, START_MS + 5000, &when), LINE_ALARM_DOWN);
	assert_int_equal(when, START_MS + 2500);
	/* Another alarm in its place changes nothing, least of all the time it began. */
	assert_int_equal(line_alarm_set(&a, &conf, TDM_ALARM_YELLOW, START_MS + 5000), 0);
	assert_int_equal(line_alarm_set(&a, &conf, 0, START_MS + 6000), 0);
	assert_true(a.down);
	assert_int_equal(run_to(&a, START_MS + 9000, &when), LINE_ALARM_UP);
	assert_int_equal(when, START_MS + 7000);
	assert_int_equal(line_alarm_due(&a, &conf), 0);
}

static void calls_are_given_up_once(void **state)
{
	struct line_alarm a = {0};
	uint64_t when;

	line_alarm_set(&a, &conf, RED, START_MS);
	assert_int_equal(run_to(&a, START_MS + 60000, &when), LINE_ALARM_DOWN);
	/* Good for a moment while it is down: still the same failure. */
	line_alarm_set(&a, &conf, 0, START_MS + 4000);
	line_alarm_set(&a, &conf, RED, START_MS + 4500);
	assert_int_equal(run_to(&a, START_MS + 60000, &when), LINE_ALARM_GIVE_UP);
	assert_int_equal(when, START_MS + 10000);
	assert_int_equal(line_alarm_due(&a, &conf), 0);
	assert_int_equal(line_alarm_run(&a, &conf, START_MS + 60000), 0);
	/* The next failure gives up anew. */
	line_alarm_set(&a, &conf, 0, START_MS + 61000);
	assert_int_equal(run_to(&a, START_MS + 63000, &when), LINE_ALARM_UP);
	line_alarm_set(&a, &conf, RED, START_MS + 70000);
	assert_int_equal(run_to(&a, START_MS + 90000, &when), LINE_ALARM_DOWN);
	assert_int_equal(run_to(&a, START_MS + 90000, &when), LINE_ALARM_GIVE_UP);
	assert_int_equal(when, START_MS + 80000);
}

static void a_loop_counts_at_once(void **state)
{
	struct line_alarm a = {0};

	assert_int_equal(line_alarm_set(&a, &conf, TDM_ALARM_LOOP, START_MS), LINE_ALARM_DOWN);
	a = (struct line_alarm){0};
	assert_int_equal(line_alarm_set(&a, &conf, RED, START_MS), 0);
	assert_int_equal(line_alarm_set(&a, &conf, RED | TDM_ALARM_GONE, START_MS + 100),
			 LINE_ALARM_DOWN);
}

static void recovering_only_holds(void **state)
{
	struct line_alarm a = {0};
	uint64_t when;

	/* After a short alarm it is none. */
	line_alarm_set(&a, &conf, RED, START_MS);
	assert_int_equal(line_alarm_set(&a, &conf, TDM_ALARM_RECOVERING, START_MS + 100), 0);
	assert_int_equal(line_alarm_due(&a, &conf), 0);
	assert_int_equal(line_alarm_set(&a, &conf, RED, START_MS + 4000), 0);
	assert_int_equal(line_alarm_due(&a, &conf), START_MS + 6500);
	/* After a failure the line stays down, but no call is given up for it. */
	assert_int_equal(run_to(&a, START_MS + 6500, &when), LINE_ALARM_DOWN);
	assert_int_equal(line_alarm_set(&a, &conf, TDM_ALARM_RECOVERING, START_MS + 7000), 0);
	assert_int_equal(line_alarm_due(&a, &conf), 0);
	assert_int_equal(line_alarm_set(&a, &conf, 0, START_MS + 60000), 0);
	assert_int_equal(run_to(&a, START_MS + 90000, &when), LINE_ALARM_UP);
	assert_int_equal(when, START_MS + 61000);
}

static void zero_keeps_calls_for_ever(void **state)
{
	const struct conf_trunk keep = {.alarm_on_ms = 0, .alarm_off_ms = 0, .alarm_keep_ms = 0};
	struct line_alarm a = {0};

	assert_int_equal(line_alarm_set(&a, &keep, RED, START_MS), LINE_ALARM_DOWN);
	assert_int_equal(line_alarm_due(&a, &keep), 0);
	assert_int_equal(line_alarm_run(&a, &keep, START_MS + 1000000), 0);
	assert_int_equal(line_alarm_set(&a, &keep, 0, START_MS + 1000000), LINE_ALARM_UP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stall_is_no_failure),
		cmocka_unit_test(a_failure_comes_and_goes),
		cmocka_unit_test(calls_are_given_up_once),
		cmocka_unit_test(a_loop_counts_at_once),
		cmocka_unit_test(recovering_only_holds),
		cmocka_unit_test(zero_keeps_calls_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
