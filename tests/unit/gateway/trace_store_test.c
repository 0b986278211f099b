/* Messages get the call of those that come after them, in order; what is kept stays within its
 * bound. */
#include "gateway/trace_store.c"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka wants the two above first */
#include <cmocka.h>

#include <stdio.h>

static char told[4096];
static uint32_t findable; /* what find answers */

static void on_told(void *arg, const struct trace_record *r)
{
	size_t n = strlen(told);

	snprintf(told + n, sizeof(told) - n, "%s%.*s=%u", n > 0 ? " " : "", (int)r->len,
		 (const char *)r->octets, r->about.call);
}

static uint32_t find(void *arg, const struct trace_record *r)
{
	return findable;
}

static void add(struct trace_store *s, uint64_t key, uint32_t call, bool begins, const char *text)
{
	struct trace_about about = {.key = key, .call = call, .begins = begins};

	trace_store_add(s, &about, text, strlen(text));
}

static struct trace_store *setup(struct loop *l, size_t memory)
{
	struct trace_store *s = malloc(sizeof(*s));

	assert_int_equal(loop_init(l), 0);
	told[0] = '\0';
	findable = 0;
	trace_store_init(s, l, find, NULL);
	trace_store_set_memory(s, memory);
	return s;
}

static void teardown(struct loop *l, struct trace_store *s)
{
	trace_store_fini(s);
	free(s);
	loop_fini(l);
}

static void on_stop(void *arg)
{
	loop_stop(arg);
}

static void pass_time(struct loop *l)
{
	struct timer t = {0};

	timer_start(l, &t, TRACE_TELL_MS + 1, on_stop, l);
	loop_run(l);
}

static void test_later_ones_tell_the_call(void **state)
{
	struct loop l;
	struct trace_store *s = setup(&l, 0);

	assert_false(trace_store_wanted(s));
	trace_store_set_tell(s, on_told, NULL);
	assert_true(trace_store_wanted(s));
	add(s, 7, 0, true, "setup");
	add(s, 8, 0, false, "other");
	add(s, 7, 42, false, "proceeding");
	add(s, 0, 0, false, "rr");
	assert_string_equal(told, "");
	pass_time(&l);
	assert_string_equal(told, "setup=42 other=0 proceeding=42 rr=0");
	add(s, 7, 0, false, "complete"); /* its call has gone meanwhile */
	pass_time(&l);
	add(s, 7, 0, true, "again"); /* the same key is another call */
	pass_time(&l);
	findable = 43;
	add(s, 7, 0, true, "found");
	pass_time(&l);
	assert_string_equal(told,
			    "setup=42 other=0 proceeding=42 rr=0 complete=42 again=0 found=43");
	assert_null(trace_store_from(s, 0)); /* nothing is kept */
	teardown(&l, s);
}

static void test_memory_is_bounded(void **state)
{
	const size_t size = sizeof(struct trace_record) + 4;
	struct loop l;
	struct trace_store *s = setup(&l, 3 * size);
	const struct trace_record *r;
	char text[8];

	assert_true(trace_store_wanted(s));
	for (unsigned i = 0; i < 10; i++) {
		snprintf(text, sizeof(text), "%04u", i);
		add(s, i + 1, i + 1, true, text);
	}
	assert_null(trace_store_from(s, 0));
	pass_time(&l);
	assert_int_equal(s->held_octets, 3 * size);
	r = trace_store_from(s, 0);
	assert_int_equal(r->number, 8);
	r = trace_store_from(s, 9);
	assert_memory_equal(r->octets, "0008", 4);
	assert_null(trace_store_from(s, 11));
	trace_store_set_memory(s, size);
	assert_int_equal(trace_store_from(s, 0)->number, 10);
	teardown(&l, s);
}

static void test_too_many_at_once(void **state)
{
	struct loop l;
	struct trace_store *s = setup(&l, 1 << 20);

	for (unsigned i = 0; i < TRACE_UNTOLD_MAX + 5; i++)
		add(s, 1, 1, false, "x");
	assert_int_equal(s->lost, 5);
	teardown(&l, s); /* while they wait */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_later_ones_tell_the_call),
		cmocka_unit_test(test_memory_is_bounded),
		cmocka_unit_test(test_too_many_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
