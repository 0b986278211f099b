/* From slot to slot: whole ticks, in order, whatever the two spans' ticks do. */
#include "gateway/path.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct path_end slot_end = {.kind = PATH_SLOT, .slot = 1};

static struct path *new_path(void)
{
	struct path *p;

	assert_int_equal(path_new(&p, 1, &slot_end, &slot_end), 0);
	return p;
}

static void count_tick(uint8_t octets[TDM_TICK_OCTETS], unsigned tick)
{
	memset(octets, (int)(tick % 250), TDM_TICK_OCTETS);
}

static void spans_out_of_step_slip_whole_ticks(void **state)
{
	struct path *p = new_path();
	uint8_t octets[TDM_TICK_OCTETS];
	unsigned lag = 0, said = 0, lost = 0, idle = 0, before;

	/* The writer is a thousandth fast, then as much slow. */
	for (unsigned i = 0; i < 20000; i++) {
		unsigned writes = i < 10000 ? (i % 1000 == 0 ? 2 : 1) : (i % 1000 == 0 ? 0 : 1);

		for (; writes > 0; writes--) {
			count_tick(octets, said++);
			path_from_line(p, 0, octets, 0);
		}
		path_to_line(p, 1, octets, 0);
		if (octets[0] == TDM_IDLE) {
			idle++;
			continue;
		}
		before = lag;
		lag = (said + 250 - 1 - octets[0]) % 250;
		assert_true(lag <= 2);
		lost += lag < before;
	}
	assert_in_range(lost, 8, 12);
	assert_in_range(idle, 8, 12);
	assert_in_range(path_slips(p), 16, 24);
	path_free(p);
}

static void delay_after_a_stall_goes_away(void **state)
{
	struct path *p = new_path();
	uint8_t octets[TDM_TICK_OCTETS];
	unsigned said = 0;

	for (unsigned i = 0; i < 1000; i++) {
		/* For 50 ms nothing is read, then both go on as before. */
		count_tick(octets, said++);
		path_from_line(p, 0, octets, 0);
		if (i >= 100 && i < 105)
			continue;
		path_to_line(p, 1, octets, 0);
		if (i == 105)
			assert_int_equal((said - 1 + 250 - octets[0]) % 250, 6);
	}
	assert_int_equal(octets[0], (said - 2) % 250); /* one stays in reserve */
	assert_int_equal(path_slips(p), 5);
	path_free(p);
}

/* Two spans whose ticks come at nearly the same moment: now the one is first, now the other. */
static void ticks_that_change_places_are_borne(void **state)
{
	struct path *p = new_path();
	uint8_t tick[TDM_TICK_OCTETS], next = 0;

	for (unsigned i = 0; i < 5000; i++) {
		bool writer_first = i * 2654435761U >> 31 == 0;
		memset(tick, (int)(i % 251), sizeof(tick));
		if (writer_first)
			path_from_line(p, 0, tick, i * 10000000ULL);
		uint8_t heard[TDM_TICK_OCTETS];
		path_to_line(p, 1, heard, i * 10000000ULL);
		if (i == 5)
			next = heard[0];
		else if (i > 5)
			assert_int_equal(heard[0], next = (uint8_t)((next + 1) % 251));
		if (!writer_first)
			path_from_line(p, 0, tick, i * 10000000ULL);
	}
	assert_int_equal(path_slips(p), 0);
	path_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spans_out_of_step_slip_whole_ticks),
		cmocka_unit_test(delay_after_a_stall_goes_away),
		cmocka_unit_test(ticks_that_change_places_are_borne),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
