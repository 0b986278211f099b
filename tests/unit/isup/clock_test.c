#include "isup/clock.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <libpri.h>
#include <string.h>

static struct timespec monotonic = {1000, 0}, wall = {1700000000, 0};

int clock_gettime(clockid_t id, struct timespec *ts)
{
	*ts = id == CLOCK_REALTIME ? wall : monotonic;
	return 0;
}

static void test_not_the_wall_clock(void **state)
{
	struct timeval tv;

	monotonic = (struct timespec){1234, 567891234};
	assert_int_equal(gettimeofday(&tv, NULL), 0);
	assert_int_equal(tv.tv_sec, 1234);
	assert_int_equal(tv.tv_usec, 567891);
}

static void test_until(void **state)
{
	monotonic = (struct timespec){1000, 500000000};
	struct timeval past = {1000, 499999}, now = {1000, 500000}, soon = {1000, 500001},
		       later = {1003, 0};

	assert_int_equal(isup_clock_until_ms(&past), 0);
	assert_int_equal(isup_clock_until_ms(&now), 0);
	assert_int_equal(isup_clock_until_ms(&soon), 1);
	assert_int_equal(isup_clock_until_ms(&later), 2501);
}

/* The shared library takes our definition: its first timer is due one T200 after our time. */
static int no_frame(struct pri *pri, void *buf, int size)
{
	return 0;
}

static int lost(struct pri *pri, void *buf, int size)
{
	return size;
}

static void test_libpri_uses_it(void **state)
{
	static struct pri *pri;

	monotonic = (struct timespec){5000, 0};
	pri = pri_new_cb(-1, PRI_NETWORK, PRI_SWITCH_NI2, no_frame, lost, NULL);
	assert_non_null(pri);
	struct timeval *next = pri_schedule_next(pri);
	assert_non_null(next);
	assert_int_equal(next->tv_sec, 5001);
	wall.tv_sec += 3600; /* an operator sets the time: nothing may be due */
	assert_null(pri_schedule_run(pri));
	assert_int_equal(pri_schedule_next(pri)->tv_sec, 5001);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_not_the_wall_clock),
		cmocka_unit_test(test_until),
		cmocka_unit_test(test_libpri_uses_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
