#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tdm/cesopsn.c"
#include <stdlib.h>

enum { PAYLOAD = 192 };

static uint8_t payload[PAYLOAD];

static struct cesopsn_packet packet_with(unsigned flags)
{
	for (int i = 0; i < PAYLOAD; i++)
		payload[i] = (uint8_t)(i * 7);
	return (struct cesopsn_packet){
		.flags = flags, .sequence = 0xabcd, .payload = payload, .payload_octets = PAYLOAD};
}

static void the_control_word_is_that_of_the_rfc(void **state)
{
	static const struct {
		unsigned flags;
		uint8_t first;
	} rows[] = {
		{0, 0x00},
		{CESOPSN_L, 0x08},
		{CESOPSN_R, 0x04},
		{CESOPSN_RDI, 0x02},
		{CESOPSN_R | CESOPSN_RDI, 0x06},
		{CESOPSN_L | CESOPSN_RDI, 0x08},
		{CESOPSN_L | CESOPSN_R, 0x0c},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cesopsn_packet p = packet_with(rows[i].flags);
		uint8_t out[CESOPSN_PACKET_MAX];
		assert_int_equal(cesopsn_encode(out, &p), 4 + PAYLOAD);
		const uint8_t word[] = {rows[i].first, 0, 0xab, 0xcd};
		assert_memory_equal(out, word, 4);
		assert_memory_equal(out + 4, payload, PAYLOAD);
	}
}

static void len_is_given_under_64_octets_only(void **state)
{
	uint8_t out[CESOPSN_PACKET_MAX];
	struct cesopsn_packet p = packet_with(0);
	p.payload_octets = 24;
	assert_int_equal(cesopsn_encode(out, &p), 28);
	assert_int_equal(out[1], 28);
	p.payload_octets = 48;
	assert_int_equal(cesopsn_encode(out, &p), 52);
	assert_int_equal(out[1], 52);
	p.rtp.present = true; /* it counts: 64 octets */
	assert_int_equal(cesopsn_encode(out, &p), 64);
	assert_int_equal(out[13], 0);
	p.payload_octets = 24;
	assert_int_equal(cesopsn_encode(out, &p), 40);
	assert_int_equal(out[13], 40);
}

static void the_rtp_header_stands_before_the_control_word(void **state)
{
	uint8_t out[CESOPSN_PACKET_MAX];
	struct cesopsn_packet p = packet_with(CESOPSN_R), q;
	p.rtp = (struct cesopsn_rtp){true, 0x01020304, 0xdeadbeef};
	assert_int_equal(cesopsn_encode(out, &p), 16 + PAYLOAD);
	const uint8_t head[] = {0x80, 97,   0xab, 0xcd, 1,    2,    3,    4,
				0xde, 0xad, 0xbe, 0xef, 0x04, 0x00, 0xab, 0xcd};
	assert_memory_equal(out, head, sizeof(head));
	assert_true(cesopsn_parse(&q, out, 16 + PAYLOAD, PAYLOAD));
	assert_true(q.rtp.present);
	assert_int_equal(q.rtp.timestamp, 0x01020304);
	assert_int_equal(q.rtp.ssrc, 0xdeadbeef);
	assert_int_equal(q.flags, CESOPSN_R);
	assert_ptr_equal(q.payload, out + 16);
}

static void what_is_encoded_is_parsed_back(void **state)
{
	for (unsigned flags = 0; flags < 8; flags++) {
		struct cesopsn_packet p = packet_with(flags), q;
		uint8_t out[CESOPSN_PACKET_MAX];
		size_t octets = cesopsn_encode(out, &p);
		assert_true(cesopsn_parse(&q, out, octets, PAYLOAD));
		assert_int_equal(q.flags, flags & CESOPSN_L ? flags & ~CESOPSN_RDI : flags);
		assert_int_equal(q.sequence, 0xabcd);
		assert_int_equal(q.payload_octets, PAYLOAD);
		assert_memory_equal(q.payload, payload, PAYLOAD);
		assert_false(q.rtp.present);
	}
}

/* data exactly as long as said, so that ASan sees a read too far. */
static bool parses(const uint8_t *data, size_t octets, size_t payload_octets)
{
	uint8_t *copy = malloc(octets > 0 ? octets : 1);
	struct cesopsn_packet p;
	assert_non_null(copy);
	memcpy(copy, data, octets);
	bool ok = cesopsn_parse(&p, copy, octets, payload_octets);
	free(copy);
	return ok;
}

static void torn_and_foreign_shapes_are_refused(void **state)
{
	uint8_t good[4 + PAYLOAD + 1] = {0}, bad[4 + PAYLOAD];
	assert_true(parses(good, 4 + PAYLOAD, PAYLOAD));
	for (size_t octets = 0; octets < 4 + PAYLOAD; octets++)
		assert_false(parses(good, octets, PAYLOAD));
	assert_false(parses(good, 4 + PAYLOAD + 1, PAYLOAD));
	assert_false(parses(good, 4 + PAYLOAD, 24));

	static const uint8_t words[][2] = {
		{0x10, 0}, {0xf0, 0},            /* not a control word */
		{0, 0x40}, {0, 0x80}, {0, 0xc0}, /* fragments */
		{0x01, 0}, {0x03, 0},            /* M reserved, M signalling */
		{0, 3},    {0, 63},              /* LEN shorter than the header, than the packet */
	};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		memset(bad, 0, sizeof(bad));
		memcpy(bad, words[i], 2);
		assert_false(parses(bad, sizeof(bad), PAYLOAD));
	}
	uint8_t rtp[16 + PAYLOAD] = {0x80};
	assert_true(parses(rtp, sizeof(rtp), PAYLOAD));
	for (size_t octets = 1; octets < sizeof(rtp); octets++)
		assert_false(parses(rtp, octets, PAYLOAD));
	for (unsigned first = 0x81; first <= 0xff;
	     first++) { /* padding, extension, CSRC, version */
		rtp[0] = (uint8_t)first;
		assert_false(parses(rtp, sizeof(rtp), PAYLOAD));
	}
}

static void padding_behind_len_is_ignored(void **state)
{
	uint8_t data[60] = {0, 28, 0, 5};
	struct cesopsn_packet p;
	assert_true(cesopsn_parse(&p, data, sizeof(data), 24));
	assert_int_equal(p.payload_octets, 24);
	assert_int_equal(p.sequence, 5);
	assert_false(cesopsn_parse(&p, data, 27, 24));
}

static void a_payload_may_be_left_out_with_l_only(void **state)
{
	uint8_t data[4] = {0x08, 4, 0, 5};
	struct cesopsn_packet p;
	assert_true(cesopsn_parse(&p, data, sizeof(data), PAYLOAD));
	assert_null(p.payload);
	assert_int_equal(p.flags, CESOPSN_L);
	data[0] = 0x00;
	assert_false(cesopsn_parse(&p, data, sizeof(data), PAYLOAD));

	uint8_t out[CESOPSN_PACKET_MAX];
	p = (struct cesopsn_packet){.flags = CESOPSN_L, .sequence = 5};
	assert_int_equal(cesopsn_encode(out, &p), 4);
	data[0] = 0x08;
	assert_memory_equal(out, data, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_control_word_is_that_of_the_rfc),
		cmocka_unit_test(len_is_given_under_64_octets_only),
		cmocka_unit_test(the_rtp_header_stands_before_the_control_word),
		cmocka_unit_test(what_is_encoded_is_parsed_back),
		cmocka_unit_test(torn_and_foreign_shapes_are_refused),
		cmocka_unit_test(padding_behind_len_is_ignored),
		cmocka_unit_test(a_payload_may_be_left_out_with_l_only),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
