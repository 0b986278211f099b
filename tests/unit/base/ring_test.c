/* ring_test.c - nothing lost, doubled or torn between two threads; full drops the new item. */
#include "gateway/base/ring.c"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct item {
	uint32_t number;
	uint32_t filler[7]; /* each a function of the number: a torn copy shows */
};

static struct item item_of(uint32_t number)
{
	struct item it = {.number = number};
	for (unsigned i = 0; i < 7; i++)
		it.filler[i] = number * 2654435761u + i;
	return it;
}

static void assert_whole(const struct item *it)
{
	struct item want = item_of(it->number);
	assert_memory_equal(it, &want, sizeof(want));
}

static void refuses_impossible_sizes(void **state)
{
	struct ring r;

	assert_int_equal(ring_init(&r, 0, 4), -EINVAL);
	assert_int_equal(ring_init(&r, 12, 4), -EINVAL);
	assert_int_equal(ring_init(&r, 8, 0), -EINVAL);
	ring_free(&r);
}

static void full_drops_the_new_item_and_counts_it(void **state)
{
	struct ring r;
	uint32_t value;

	assert_int_equal(ring_init(&r, 4, sizeof(value)), 0);
	assert_false(ring_get(&r, &value));
	for (uint32_t i = 0; i < 4; i++)
		assert_true(ring_put(&r, &i));
	for (uint32_t i = 100; i < 103; i++)
		assert_false(ring_put(&r, &i));
	assert_int_equal(r.dropped, 3);
	for (uint32_t i = 0; i < 4; i++) {
		assert_true(ring_get(&r, &value));
		assert_int_equal(value, i);
	}
	assert_false(ring_get(&r, &value));
	ring_free(&r);
}

/* head and tail count for ever; the 2^32 border is not special. */
static void counters_may_wrap(void **state)
{
	struct ring r;
	struct item it;

	assert_int_equal(ring_init(&r, 8, sizeof(it)), 0);
	atomic_store(&r.head, UINT32_MAX - 10);
	atomic_store(&r.tail, UINT32_MAX - 10);
	for (uint32_t round = 0; round < 5; round++) {
		for (uint32_t i = 0; i < 8; i++) {
			it = item_of(round * 8 + i);
			assert_true(ring_put(&r, &it));
		}
		it = item_of(999);
		assert_false(ring_put(&r, &it));
		for (uint32_t i = 0; i < 8; i++) {
			assert_true(ring_get(&r, &it));
			assert_int_equal(it.number, round * 8 + i);
			assert_whole(&it);
		}
		assert_false(ring_get(&r, &it));
	}
	ring_free(&r);
}

enum { SENT = 300000 };

static void *writer(void *arg)
{
	struct ring *r = arg;

	for (uint32_t i = 0; i < SENT; i++) {
		struct item it = item_of(i);
		while (!ring_put(r, &it))
			sched_yield();
	}
	return NULL;
}

static void two_threads_lose_and_tear_nothing(void **state)
{
	struct ring r;
	struct item it;
	pthread_t thread;

	assert_int_equal(ring_init(&r, 64, sizeof(it)), 0);
	assert_int_equal(pthread_create(&thread, NULL, writer, &r), 0);
	for (uint32_t i = 0; i < SENT; i++) {
		while (!ring_get(&r, &it))
			sched_yield();
		assert_int_equal(it.number, i);
		assert_whole(&it);
	}
	pthread_join(thread, NULL);
	assert_false(ring_get(&r, &it));
	ring_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_impossible_sizes),
		cmocka_unit_test(full_drops_the_new_item_and_counts_it),
		cmocka_unit_test(counters_may_wrap),
		cmocka_unit_test(two_threads_lose_and_tear_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
