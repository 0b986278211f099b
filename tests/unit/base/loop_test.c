/* loop_test.c - timers fire in order, and may stop, restart and start one another. */
#include "gateway/base/loop.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { MANY = 10000 };

static struct loop loop;
static unsigned fired[MANY + 1], fired_count;

static int setup(void **state)
{
	fired_count = 0;
	return loop_init(&loop);
}

static int teardown(void **state)
{
	loop_fini(&loop);
	return 0;
}

static void note(void *arg)
{
	if (fired_count <= MANY)
		fired[fired_count] = (unsigned)(uintptr_t)arg;
	fired_count++;
}

static void stop_loop(void *arg)
{
	loop_stop(&loop);
}

/* Runs the loop until after_ms have passed. */
static void run_for(uint64_t after_ms)
{
	struct timer end = {0};
	timer_start(&loop, &end, after_ms, stop_loop, NULL);
	loop_run(&loop);
	assert_false(timer_running(&end));
}

static void timers_fire_once_in_order_of_due_time(void **state)
{
	struct timer t[4] = {0};
	static const uint64_t after[4] = {30, 10, 0, 20};

	for (unsigned i = 0; i < 4; i++) {
		timer_start(&loop, &t[i], after[i], note, (void *)(uintptr_t)i);
		assert_true(timer_running(&t[i]));
	}
	run_for(60);
	assert_int_equal(fired_count, 4);
	assert_int_equal(fired[0], 2);
	assert_int_equal(fired[1], 1);
	assert_int_equal(fired[2], 3);
	assert_int_equal(fired[3], 0);
	for (unsigned i = 0; i < 4; i++)
		assert_false(timer_running(&t[i]));
}

static void timer_is_never_early(void **state)
{
	struct timer t = {0};
	uint64_t from = uv_hrtime();

	uv_update_time(&loop.uv);
	timer_start(&loop, &t, 25, stop_loop, NULL);
	loop_run(&loop);
	/* The loop's clock is whole milliseconds, cut off. */
	assert_true(uv_hrtime() - from >= 24 * 1000000u);
}

static void restart_moves_the_due_time(void **state)
{
	struct timer a = {0}, b = {0};

	timer_start(&loop, &a, 5, note, (void *)1);
	timer_start(&loop, &b, 10, note, (void *)2);
	timer_start(&loop, &a, 20, note, (void *)3);
	run_for(40);
	assert_int_equal(fired_count, 2);
	assert_int_equal(fired[0], 2);
	assert_int_equal(fired[1], 3);
}

static struct timer victims[3];

static void stop_victims(void *arg)
{
	note(arg);
	for (unsigned i = 0; i < 3; i++)
		timer_stop(&victims[i]);
}

/* All are due in the same turn, so the ones stopped are those the loop is just about to run. */
static void a_timer_may_stop_others_due_now(void **state)
{
	struct timer killer = {0}, after = {0};

	memset(victims, 0, sizeof(victims));
	timer_start(&loop, &killer, 5, stop_victims, (void *)1);
	timer_start(&loop, &victims[0], 6, note, (void *)2);
	timer_start(&loop, &victims[1], 6, note, (void *)2);
	timer_start(&loop, &victims[2], 7, note, (void *)2);
	timer_start(&loop, &after, 8, note, (void *)3);
	uv_sleep(15);
	run_for(20);
	assert_int_equal(fired_count, 2);
	assert_int_equal(fired[0], 1);
	assert_int_equal(fired[1], 3);
}

struct repeating {
	struct timer timer;
	unsigned left;
};

static void again(void *arg)
{
	struct repeating *r = arg;
	note(NULL);
	if (--r->left > 0)
		timer_start(&loop, &r->timer, 1, again, r);
	else
		loop_stop(&loop);
}

static void a_timer_may_start_itself_again(void **state)
{
	struct repeating r = {.left = 5};

	timer_start(&loop, &r.timer, 1, again, &r);
	loop_run(&loop);
	assert_int_equal(fired_count, 5);
	assert_false(timer_running(&r.timer));
}

static void free_the_timers_object(void *arg)
{
	note(NULL);
	free(arg);
	loop_stop(&loop);
}

static void a_timer_may_free_its_object(void **state)
{
	struct repeating *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	timer_start(&loop, &r->timer, 1, free_the_timers_object, r);
	loop_run(&loop);
	assert_int_equal(fired_count, 1);
}

static struct timer many[MANY];
static uint64_t expected_due[MANY];

static void note_due(void *arg)
{
	unsigned i = (unsigned)((struct timer *)arg - many);

	assert_true(many[i].due_ms == expected_due[i]);
	assert_true(loop_now_ms(&loop) >= expected_due[i]);
	note((void *)(uintptr_t)i);
}

static unsigned random_below(unsigned limit)
{
	static uint32_t seed = 12345;
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % limit;
}

static void ten_thousand_random_timers(void **state)
{
	unsigned running = 0;

	memset(many, 0, sizeof(many));
	for (unsigned op = 0; op < 5 * MANY; op++) {
		unsigned i = random_below(MANY), after = random_below(200);
		if (random_below(4) == 0) {
			timer_stop(&many[i]);
			continue;
		}
		timer_start(&loop, &many[i], after, note_due, &many[i]);
		expected_due[i] = loop_now_ms(&loop) + after;
	}
	for (unsigned i = 0; i < MANY; i++)
		running += timer_running(&many[i]);
	assert_true(running > MANY / 2 && running < MANY);
	run_for(250);
	assert_int_equal(fired_count, running);
	for (unsigned i = 1; i < fired_count; i++)
		assert_true(expected_due[fired[i - 1]] <= expected_due[fired[i]]);
	assert_null(loop.heap);
}

/* --- tasks --- */

static struct task tasks[4];

static void post_two_more(void *arg)
{
	note((void *)1);
	task_post(&loop, &tasks[2], note, (void *)3);
	task_post(&loop, &tasks[2], note, (void *)9); /* already posted: changes nothing */
	task_cancel(&tasks[3]);
}

static void timer_posts(void *arg)
{
	task_post(&loop, &tasks[0], post_two_more, NULL);
	task_post(&loop, &tasks[1], note, (void *)2);
	task_post(&loop, &tasks[3], note, (void *)9);
	note((void *)0); /* the callback that posts runs to its end first */
}

static void tasks_run_in_order_in_the_same_turn(void **state)
{
	struct timer t = {0}, late = {0};

	memset(tasks, 0, sizeof(tasks));
	timer_start(&loop, &t, 1, timer_posts, NULL);
	timer_start(&loop, &late, 20, note, (void *)4);
	run_for(40);
	assert_int_equal(fired_count, 5);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(fired[i], i);
}

static void a_cancelled_task_does_not_run(void **state)
{
	memset(tasks, 0, sizeof(tasks));
	for (unsigned i = 0; i < 4; i++)
		task_post(&loop, &tasks[i], note, (void *)(uintptr_t)i);
	task_cancel(&tasks[0]);
	task_cancel(&tasks[2]);
	task_cancel(&tasks[3]);
	task_cancel(&tasks[3]);
	run_for(5);
	assert_int_equal(fired_count, 1);
	assert_int_equal(fired[0], 1);
}

static void tasks_left_run_when_the_loop_ends(void **state)
{
	struct loop other;
	struct task t = {0};

	assert_int_equal(loop_init(&other), 0);
	task_post(&other, &t, note, (void *)7);
	loop_fini(&other);
	assert_int_equal(fired_count, 1);
	assert_int_equal(fired[0], 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		TEST(timers_fire_once_in_order_of_due_time),
		TEST(timer_is_never_early),
		TEST(restart_moves_the_due_time),
		TEST(a_timer_may_stop_others_due_now),
		TEST(a_timer_may_start_itself_again),
		TEST(a_timer_may_free_its_object),
		TEST(ten_thousand_random_timers),
		TEST(tasks_run_in_order_in_the_same_turn),
		TEST(a_cancelled_task_does_not_run),
		TEST(tasks_left_run_when_the_loop_ends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
