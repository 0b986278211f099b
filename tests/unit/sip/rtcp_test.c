#include "sip/rtcp.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const uint64_t S = 1000000000;

/* --- what we receive ----------------------------------------------------------------------------
 */

static void order_and_loss_are_counted_apart(void **state)
{
	struct rtcp_source s;

	rtcp_source_start(&s, 7, 65534);
	assert_int_equal(rtcp_source_packet(&s, 65534), RTCP_NEXT);
	assert_int_equal(rtcp_source_packet(&s, 65535), RTCP_NEXT);
	assert_int_equal(rtcp_source_packet(&s, 2), RTCP_NEXT); /* 0 and 1 missing */
	assert_int_equal(rtcp_source_lost(&s), 2);
	assert_int_equal(rtcp_source_packet(&s, 1), RTCP_REORDERED);
	assert_int_equal(rtcp_source_lost(&s), 1);
	assert_int_equal(rtcp_source_packet(&s, 1), RTCP_DUPLICATE);
	assert_int_equal(rtcp_source_packet(&s, 2), RTCP_DUPLICATE);
	assert_int_equal(rtcp_source_packet(&s, 65534), RTCP_DUPLICATE);
	assert_int_equal(rtcp_source_lost(&s), 1);
	assert_int_equal(s.received, 7);
	assert_int_equal(s.max_seq, 2 * SEQ_MOD + 2);
	for (uint16_t i = 3; i < 200; i++)
		assert_int_equal(rtcp_source_packet(&s, i), RTCP_NEXT);
	assert_int_equal(rtcp_source_lost(&s), 1);
}

static void packet_before_the_first_is_no_loss(void **state)
{
	struct rtcp_source s;

	rtcp_source_start(&s, 7, 0);
	rtcp_source_packet(&s, 0);
	assert_int_equal(rtcp_source_packet(&s, 65535), RTCP_REORDERED);
	assert_int_equal(rtcp_source_lost(&s), 0);
}

static void leap_is_believed_when_confirmed(void **state)
{
	struct rtcp_source s;

	rtcp_source_start(&s, 7, 100);
	rtcp_source_packet(&s, 100);
	rtcp_source_packet(&s, 103);
	rtcp_source_packet(&s, 30000); /* a stray */
	assert_int_equal(rtcp_source_packet(&s, 104), RTCP_NEXT);
	assert_int_equal(rtcp_source_lost(&s), 2);
	rtcp_source_packet(&s, 40000);
	rtcp_source_packet(&s, 40001);
	assert_int_equal(s.max_seq & 0xffff, 40001);
	assert_in_range(rtcp_source_lost(&s), 2, 3);
	assert_int_equal(rtcp_source_packet(&s, 40002), RTCP_NEXT);
	assert_in_range(rtcp_source_lost(&s), 2, 3);
}

static void jitter_is_that_of_the_standard(void **state)
{
	struct rtcp_source s;
	uint32_t ts = 0xfffffff0u;

	rtcp_source_start(&s, 7, 0);
	/* Alternately 5 ms early and late: |D| is 80 units, and J converges to it. */
	for (unsigned i = 0; i < 200; i++, ts += 160)
		rtcp_source_arrival(&s, ts, S + i * 20000000ull + (i % 2) * 10000000ull);
	assert_in_range(s.jitter_x16 >> 4, 78, 80);
	/* A leap of the timestamp is not jitter. */
	rtcp_source_arrival(&s, ts + 1000000, S + 200 * 20000000ull);
	assert_in_range(s.jitter_x16 >> 4, 78, 80);
}

/* --- writing and reading ------------------------------------------------------------------------
 */

static void report_reads_back(void **state)
{
	struct rtcp_source s;
	struct rtcp_sent mine = {.ssrc = 0xaabbccdd,
				 .cname = "abc",
				 .sender = true,
				 .ntp = 0x1122334455667788u,
				 .ts = 99,
				 .packets = 5,
				 .octets = 800};
	struct rtcp_heard heard;
	uint8_t data[RTCP_PACKET_MAX];
	size_t size;

	rtcp_source_start(&s, 0x01020304, 10);
	for (uint16_t i = 10; i < 20; i++)
		if (i != 13 && i != 14)
			rtcp_source_packet(&s, i);
	s.sr_ntp = 0xcafef00d;
	s.sr_at_ns = 5 * S;
	size = rtcp_build(data, &mine, &s, 7 * S + S / 2);
	assert_true(size % 4 == 0 && size <= RTCP_PACKET_MAX);
	assert_true(rtcp_parse(data, size, 0x01020304, &heard));
	assert_true(heard.sr && heard.report && !heard.bye);
	assert_int_equal(heard.sr_ssrc, 0xaabbccdd);
	assert_int_equal(heard.sr_ntp, 0x33445566);
	assert_int_equal(heard.fraction_lost, 51); /* 2 of 10 */
	assert_int_equal(heard.lsr, 0xcafef00d);
	assert_int_equal(heard.dlsr, 2 * 65536 + 32768);
	/* The octets of RFC 3550 6.4.1 and 6.5. */
	assert_int_equal(data[0], 0x81);
	assert_int_equal(data[1], 200);
	assert_int_equal(get32(data + 16), 99);
	assert_int_equal(get32(data + 32) & 0xffffff, 2);
	assert_int_equal(get32(data + 36) & 0xffff, 19);
	assert_memory_equal(data + 52,
			    "\x81\xca\x00\x03\xaa\xbb\xcc\xdd\x01\x03"
			    "abc\0\0\0",
			    16);
	assert_int_equal(size, 68);
	/* Nothing lost in the next interval. */
	rtcp_source_packet(&s, 20);
	mine.sender = false;
	mine.bye = true;
	size = rtcp_build(data, &mine, &s, 8 * S);
	assert_true(rtcp_parse(data, size, 0x01020304, &heard));
	assert_true(!heard.sr && heard.report && heard.bye);
	assert_int_equal(heard.fraction_lost, 0);
	/* About somebody else. */
	assert_true(rtcp_parse(data, size, 0x01020305, &heard));
	assert_false(heard.report);
}

static void names_of_every_length_are_padded(void **state)
{
	const char name[] = "0123456789012345678901234567890123456789";
	struct rtcp_source none = {0};

	for (size_t len = 0; len < sizeof(name); len++) {
		struct rtcp_sent mine = {.ssrc = 1,
					 .cname = name + sizeof(name) - 1 - len,
					 .sender = true,
					 .bye = true};
		struct rtcp_heard heard;
		uint8_t data[RTCP_PACKET_MAX];
		size_t size = rtcp_build(data, &mine, &none, 0);

		assert_true(rtcp_parse(data, size, 1, &heard));
		assert_true(heard.bye && !heard.report);
		for (size_t cut = 1; cut < size; cut++)
			if (rtcp_parse(data, cut, 1, &heard))
				assert_true(cut == 28 || cut == size - 8); /* whole packets */
	}
}

static void bad_packets_are_refused(void **state)
{
	static const struct {
		uint8_t octets[32];
		size_t size;
		const char *why;
	} bad[] = {
		{{0x80, 201, 0, 1}, 4, "cut"},
		{{0x40, 201, 0, 1, 0, 0, 0, 1}, 8, "version"},
		{{0x80, 202, 0, 1, 0, 0, 0, 1}, 8, "begins with SDES"},
		{{0x81, 201, 0, 1, 0, 0, 0, 1}, 8, "block missing"},
		{{0x80, 200, 0, 1, 0, 0, 0, 1}, 8, "sender info missing"},
		{{0x80, 201, 0, 2, 0, 0, 0, 1}, 8, "length beyond"},
		{{0x80, 201, 0, 1, 0, 0, 0, 1, 0x82, 203, 0, 1, 0, 0, 0, 1}, 16, "bye cut"},
		{{0xa0, 201, 0, 1, 0, 0, 0, 0}, 8, "padding of none"},
		{{0xa0, 201, 0, 1, 0, 0, 0, 8}, 8, "padding over the header"},
		{{0xa0, 201, 0, 2, 0, 0, 0, 1, 0, 0, 0, 4, 0x80, 203, 0, 0}, 16, "padding inside"},
		{{0x80, 201, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0}, 12, "rubbish after"},
	};
	static const uint8_t padded[] = {0xa0, 201, 0, 2, 0, 0, 0, 1, 0, 0, 0, 4};
	struct rtcp_heard heard;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (rtcp_parse(bad[i].octets, bad[i].size, 1, &heard))
			fail_msg("accepted: %s", bad[i].why);
	assert_true(rtcp_parse(padded, sizeof(padded), 1, &heard));
}

static void interval_is_spread_around_five_seconds(void **state)
{
	/* 6.3.1: 0.5 to 1.5 times the minimum, over 1.21828. */
	assert_in_range(rtcp_interval_ns(0, false), S * 205 / 100, S * 206 / 100);
	assert_in_range(rtcp_interval_ns(UINT32_MAX, false), S * 615 / 100, S * 616 / 100);
	assert_in_range(rtcp_interval_ns(UINT32_MAX / 2, true), S * 204 / 100, S * 206 / 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order_and_loss_are_counted_apart),
		cmocka_unit_test(packet_before_the_first_is_no_loss),
		cmocka_unit_test(leap_is_believed_when_confirmed),
		cmocka_unit_test(jitter_is_that_of_the_standard),
		cmocka_unit_test(report_reads_back),
		cmocka_unit_test(names_of_every_length_are_padded),
		cmocka_unit_test(bad_packets_are_refused),
		cmocka_unit_test(interval_is_spread_around_five_seconds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
