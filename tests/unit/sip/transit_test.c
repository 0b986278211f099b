#include "sip/transit.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { PACKET_MS = 20, REACH_MS = 100 };

/* A packet each 20 ms; the time the next one is sent. */
static int64_t sent_ms;

static void packets(struct transit *t, unsigned count, int64_t late_ms)
{
	for (unsigned i = 0; i < count; i++, sent_ms += PACKET_MS) {
		struct transit_packet p = {(sent_ms + late_ms) * MS_NS, late_ms * MS_NS,
					   PACKET_MS * MS_NS, true};

		transit_note(t, &p, REACH_MS * (int64_t)MS_NS);
	}
}

static int64_t spread_ms(const struct transit *t)
{
	return (t->high_ns - t->low_ns) / MS_NS;
}

static void begin(struct transit *t)
{
	transit_init(t);
	sent_ms = 0;
}

static void one_late_packet_is_not_waited_for(void **state)
{
	struct transit t;

	for (unsigned before = 0; before < 300; before += 60) {
		begin(&t);
		packets(&t, before, 0);
		packets(&t, 1, 30);
		assert_int_equal(spread_ms(&t), 0);
		packets(&t, 300, 0);
		assert_int_equal(spread_ms(&t), 0);
		assert_int_equal(t.low_ns, 0);
	}
}

static void second_one_soon_is_and_is_forgotten(void **state)
{
	struct transit t;

	begin(&t);
	packets(&t, 100, 0);
	packets(&t, 1, 30);
	packets(&t, 50, 0);
	packets(&t, 1, 25);
	assert_in_range(spread_ms(&t), 24, 25);
	packets(&t, 20, 0);
	assert_in_range(spread_ms(&t), 24, 25);
	packets(&t, 200, 0);
	assert_int_equal(spread_ms(&t), 0);
	/* Seconds apart each is one for itself. */
	for (unsigned i = 0; i < 10; i++) {
		packets(&t, 400, 0);
		packets(&t, 1, 30);
		assert_int_equal(spread_ms(&t), 0);
	}
}

static void spread_keeps_within_reach(void **state)
{
	struct transit t;

	begin(&t);
	packets(&t, 10, 0);
	packets(&t, 2, 110);
	assert_int_equal(spread_ms(&t), REACH_MS);
	packets(&t, 2, 100000); /* beyond all bins */
	assert_int_equal(spread_ms(&t), REACH_MS);
}

static void quicker_route_is_seen_at_once_a_slower_one_in_time(void **state)
{
	struct transit t;

	begin(&t);
	packets(&t, 100, 50);
	packets(&t, 1, 20);
	assert_int_equal(t.low_ns, 20 * MS_NS);
	packets(&t, 100, 20);
	packets(&t, 600, 60);
	assert_int_equal(t.low_ns, 60 * MS_NS);
	assert_int_equal(spread_ms(&t), 0);
}

static void clock_of_the_sender_is_measured(void **state)
{
	static const int ppms[] = {-200, -50, 0, 50, 200};

	for (unsigned i = 0; i < 5; i++) {
		struct transit t;

		begin(&t);
		for (unsigned n = 0; n < 6000; n++, sent_ms += PACKET_MS) {
			int64_t early_ns = sent_ms * ppms[i];
			struct transit_packet p = {sent_ms * MS_NS - early_ns,
						   (n * 37 % 8) * 100000 - early_ns,
						   PACKET_MS * MS_NS, true};

			transit_note(&t, &p, REACH_MS * (int64_t)MS_NS);
		}
		assert_true(t.drift_known);
		assert_true(abs(t.drift_ppb - ppms[i] * 1000) < 2000);
		/* And is no spread. */
		assert_true(spread_ms(&t) <= 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_late_packet_is_not_waited_for),
		cmocka_unit_test(second_one_soon_is_and_is_forgotten),
		cmocka_unit_test(spread_keeps_within_reach),
		cmocka_unit_test(quicker_route_is_seen_at_once_a_slower_one_in_time),
		cmocka_unit_test(clock_of_the_sender_is_measured),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
