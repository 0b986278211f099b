#include "sip/rtp_packet.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* On the heap at its exact size, so that ASan sees a read past the end. */
static bool parse(const void *octets, size_t size, struct rtp_packet *out)
{
	uint8_t *data = malloc(size > 0 ? size : 1);
	bool ok;

	assert_non_null(data);
	memcpy(data, octets, size);
	ok = rtp_packet_parse(data, size, out);
	if (ok) {
		assert_true(out->payload >= data && out->payload + out->size <= data + size);
		out->payload = (const uint8_t *)octets + (out->payload - data);
	}
	free(data);
	return ok;
}

static void written_header_reads_back(void **state)
{
	static const uint8_t want[] = {0x80, 0xe5, 0x12, 0x34, 1, 2, 3, 4, 0xfe, 0xdc, 0xba, 0x98};
	struct rtp_packet in = {
		.marker = true, .type = 101, .seq = 0x1234, .ts = 0x01020304, .ssrc = 0xfedcba98};
	struct rtp_packet out;
	uint8_t data[RTP_HEADER];

	rtp_packet_header(data, &in);
	assert_memory_equal(data, want, sizeof(want));
	assert_true(parse(data, sizeof(data), &out));
	assert_true(out.marker);
	assert_int_equal(out.type, 101);
	assert_int_equal(out.seq, 0x1234);
	assert_int_equal(out.ts, 0x01020304);
	assert_int_equal(out.ssrc, 0xfedcba98);
	assert_int_equal(out.size, 0);
	in.marker = false;
	rtp_packet_header(data, &in);
	assert_int_equal(data[1], 101);
}

static void extras_are_skipped(void **state)
{
	/* Two sources, an extension of one word, four octets, three of padding. */
	static const uint8_t data[] = {0xb2, 0, 0, 1, 0,   0,   0,   0,   0, 0, 0, 7,
				       1,    1, 1, 1, 2,   2,   2,   2,   0, 0, 0, 1,
				       9,    9, 9, 9, 'a', 'b', 'c', 'd', 0, 0, 3};
	struct rtp_packet out;

	assert_true(parse(data, sizeof(data), &out));
	assert_int_equal(out.size, 4);
	assert_memory_equal(out.payload, "abcd", 4);
	/* Cut anywhere it is refused, or what is left of it is found within. */
	for (size_t size = 0; size < sizeof(data); size++)
		parse(data, size, &out);
}

static void what_is_not_rtp_is_refused(void **state)
{
	static const struct {
		uint8_t octets[20];
		size_t size;
		const char *why;
	} bad[] = {
		{{0x80}, 0, "empty"},
		{{0x80}, 11, "cut header"},
		{{0x40}, 20, "version 1"},
		{{0xc0}, 20, "version 3"},
		{{0x83}, 20, "sources beyond the end"},
		{{0x90}, 15, "extension header cut"},
		{{0x90, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2}, 20, "extension cut"},
		{{0x90, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 20, "huge extension"},
		{{0xa0}, 20, "padding of none"},
		{{0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9},
		 16,
		 "padding over the header"},
		{{0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255}, 16, "padding over all"},
	};
	struct rtp_packet out;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (parse(bad[i].octets, bad[i].size, &out))
			fail_msg("accepted: %s", bad[i].why);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(written_header_reads_back),
		cmocka_unit_test(extras_are_skipped),
		cmocka_unit_test(what_is_not_rtp_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
