#include "sip/rtp_event.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { TICK = 80, INTERVAL = 160, MS = 1000000 };

/* --- sending ------------------------------------------------------------------------------------
 */

static struct {
	struct rtp_event_packet packet[2000];
	unsigned count;
	uint32_t ts;
} sent;

static unsigned duration(const struct rtp_event_packet *p)
{
	return (unsigned)p->payload[2] << 8 | p->payload[3];
}

static bool is_end(const struct rtp_event_packet *p)
{
	return p->payload[1] & END;
}

static void sent_start(uint32_t ts)
{
	memset(&sent, 0, sizeof(sent));
	sent.ts = ts;
}

static void ticks(struct rtp_event_tx *e, unsigned n)
{
	for (; n > 0; n--, sent.ts += TICK)
		sent.count +=
			rtp_event_tx_tick(e, sent.ts, TICK, INTERVAL, &sent.packet[sent.count]);
}

static void digit(struct rtp_event_tx *e, char d, bool on)
{
	sent.count += on ? rtp_event_tx_on(e, d, 9, sent.ts, &sent.packet[sent.count])
			 : rtp_event_tx_off(e, sent.ts, INTERVAL, &sent.packet[sent.count]);
}

static void digit_is_sent_as_the_standard_says(void **state)
{
	struct rtp_event_tx e = {0};

	sent_start(0xffffff80u);
	digit(&e, '#', true);
	ticks(&e, 10);
	digit(&e, '#', false);
	ticks(&e, 20);
	/* At 10, 30, 50, 70, 90 ms, then the end three times. */
	assert_int_equal(sent.count, 8);
	for (unsigned i = 0; i < 8; i++) {
		const struct rtp_event_packet *p = &sent.packet[i];

		assert_int_equal(p->ts, 0xffffff80u);
		assert_int_equal(p->payload[0], 11);
		assert_int_equal(p->payload[1] & 0x7f, 9);
		assert_int_equal(p->marker, i == 0);
		assert_int_equal(is_end(p), i >= 5);
		assert_int_equal(duration(p), i < 5 ? 80 + i * 160 : 800);
	}
}

static void short_digit_is_still_a_digit(void **state)
{
	struct rtp_event_tx e = {0};

	sent_start(1000);
	digit(&e, '5', true);
	digit(&e, '5', false);
	ticks(&e, 20);
	assert_int_equal(sent.count, 3);
	for (unsigned i = 0; i < 3; i++) {
		assert_true(is_end(&sent.packet[i]));
		assert_int_equal(duration(&sent.packet[i]), 320);
		assert_int_equal(sent.packet[i].marker, i == 0);
	}
}

static void next_digit_ends_the_last(void **state)
{
	struct rtp_event_tx e = {0};
	unsigned ends = 0, starts = 0;

	sent_start(0);
	digit(&e, '1', true);
	ticks(&e, 10);
	digit(&e, '2', true);
	ticks(&e, 10);
	digit(&e, '2', false);
	ticks(&e, 1);
	digit(&e, '3', true);
	digit(&e, '3', true); /* again: nothing */
	digit(&e, 'x', true); /* not a digit: nothing */
	ticks(&e, 10);
	digit(&e, '3', false);
	digit(&e, '3', false);
	ticks(&e, 20);
	for (unsigned i = 0; i < sent.count; i++) {
		ends += is_end(&sent.packet[i]);
		starts += sent.packet[i].marker;
	}
	assert_int_equal(ends, 9);
	assert_int_equal(starts, 3);
}

static void long_digit_is_sent_in_segments(void **state)
{
	struct rtp_event_tx e = {0};
	struct rtp_event_rx r = {0};
	uint32_t last_ts = 0;
	unsigned segments = 1, edges = 0;
	char d;
	bool on;

	sent_start(0);
	digit(&e, 'D', true);
	ticks(&e, 2000); /* 20 s: 160,000 samples */
	digit(&e, 'D', false);
	ticks(&e, 10);
	for (unsigned i = 0; i < sent.count; i++) {
		const struct rtp_event_packet *p = &sent.packet[i];

		if (p->ts != last_ts) {
			assert_int_equal(p->ts - last_ts, 0xffff);
			assert_int_equal(duration(p - 1), 0xffff);
			assert_false(is_end(p - 1));
			segments++;
		}
		last_ts = p->ts;
		assert_int_equal(p->marker, i == 0);
		if (i % 7 != 3) /* some are lost */
			rtp_event_rx_packet(&r, p->payload, 4, p->ts, i * 20 * (uint64_t)MS);
	}
	assert_int_equal(segments, 3);
	assert_int_equal(last_ts + duration(&sent.packet[sent.count - 1]), 160000);
	while (rtp_event_rx_get(&r, &d, &on))
		edges++;
	assert_int_equal(edges, 2);
}

/* --- receiving ----------------------------------------------------------------------------------
 */

static void put(struct rtp_event_rx *r, uint8_t code, bool end, uint16_t dur, uint32_t ts,
		uint64_t ms)
{
	uint8_t p[4] = {code, (uint8_t)(end ? END | 10 : 10), (uint8_t)(dur >> 8), (uint8_t)dur};

	assert_true(rtp_event_rx_packet(r, p, 4, ts, ms * MS));
}

/* All edges so far as "1+1-". */
static const char *edges(struct rtp_event_rx *r)
{
	static char text[64];
	size_t n = 0;
	char d;
	bool on;

	while (rtp_event_rx_get(r, &d, &on)) {
		text[n++] = d;
		text[n++] = on ? '+' : '-';
	}
	text[n] = 0;
	return text;
}

static void repeated_ends_count_once(void **state)
{
	struct rtp_event_rx r = {0};

	put(&r, 7, false, 160, 1000, 0);
	put(&r, 7, false, 320, 1000, 20);
	assert_string_equal(edges(&r), "7+");
	put(&r, 7, true, 480, 1000, 40);
	put(&r, 7, true, 480, 1000, 60);
	put(&r, 7, true, 480, 1000, 80);
	assert_string_equal(edges(&r), "7-");
	put(&r, 7, false, 160, 5000, 500);
	assert_string_equal(edges(&r), "7+");
}

static void only_the_end_arrives(void **state)
{
	struct rtp_event_rx r = {0};

	put(&r, 10, true, 800, 1000, 0);
	put(&r, 10, true, 800, 1000, 20);
	assert_string_equal(edges(&r), "*+*-");
}

static void lost_end_times_out(void **state)
{
	struct rtp_event_rx r = {0};

	put(&r, 12, false, 160, 1000, 100);
	rtp_event_rx_expire(&r, 200 * MS, 150 * MS);
	assert_string_equal(edges(&r), "A+");
	rtp_event_rx_expire(&r, 251 * MS, 150 * MS);
	rtp_event_rx_expire(&r, 300 * MS, 150 * MS);
	assert_string_equal(edges(&r), "A-");
	/* Its stragglers do not make it sound again. */
	put(&r, 12, false, 320, 1000, 310);
	put(&r, 12, true, 480, 1000, 320);
	assert_string_equal(edges(&r), "");
}

static void overlap_and_order(void **state)
{
	struct rtp_event_rx r = {0};

	put(&r, 1, false, 160, 1000, 0);
	put(&r, 2, false, 160, 3000, 100); /* 1's end was lost */
	put(&r, 1, true, 800, 1000, 110);  /* and comes late */
	put(&r, 2, true, 320, 3000, 120);
	assert_string_equal(edges(&r), "1+1-2+2-");
}

static void other_events_are_ignored(void **state)
{
	struct rtp_event_rx r = {0};
	uint8_t cut[3] = {1, 0, 0};

	put(&r, 16, false, 160, 1000, 0); /* flash */
	put(&r, 255, true, 160, 2000, 0);
	assert_string_equal(edges(&r), "");
	assert_false(rtp_event_rx_packet(&r, cut, 3, 3000, 0));
}

static void flood_of_digits_ends_with_silence(void **state)
{
	struct rtp_event_rx r = {0};
	char last = 0;
	bool on = true;
	unsigned count = 0;

	for (uint32_t i = 0; i < 100; i++)
		put(&r, (uint8_t)(i % 12), false, 160, 1000 * i, i);
	rtp_event_rx_reset(&r);
	while (rtp_event_rx_get(&r, &last, &on))
		count++;
	assert_false(on);
	assert_in_range(count, 2, RTP_EVENT_EDGES);
	/* And works on. */
	put(&r, 3, true, 160, 5, 1000);
	assert_string_equal(edges(&r), "3+3-");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digit_is_sent_as_the_standard_says),
		cmocka_unit_test(short_digit_is_still_a_digit),
		cmocka_unit_test(next_digit_ends_the_last),
		cmocka_unit_test(long_digit_is_sent_in_segments),
		cmocka_unit_test(repeated_ends_count_once),
		cmocka_unit_test(only_the_end_arrives),
		cmocka_unit_test(lost_end_times_out),
		cmocka_unit_test(overlap_and_order),
		cmocka_unit_test(other_events_are_ignored),
		cmocka_unit_test(flood_of_digits_ends_with_silence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
