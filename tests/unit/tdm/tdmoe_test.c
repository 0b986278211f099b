/* The frame octet by octet, as drivers/dahdi/dahdi_dynamic.c of DAHDI 2.11 writes and reads it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tdm/tdmoe.c"
#include <stdlib.h>

static uint8_t payload[TDMOE_PAYLOAD_OCTETS];

static size_t make(uint8_t *out, unsigned flags)
{
	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = (uint8_t)(i + 1);
	return tdmoe_encode(out, &(struct tdmoe_frame){0x0102, 0xabcd, flags, payload});
}

static void the_drivers_frame(void **state)
{
	static const uint8_t header[] = {1, 2, 8, 2, 0xab, 0xcd, 0, 24};
	static const uint8_t no_bits[12];
	uint8_t out[TDMOE_OCTETS];

	assert_int_equal(make(out, TDMOE_SIGNALLING), 212); /* 226 with the Ethernet header */
	assert_memory_equal(out, header, 8);
	assert_memory_equal(out + 8, no_bits, 12);
	assert_memory_equal(out + 20, payload, 192);

	assert_int_equal(make(out, TDMOE_YELLOW | TDMOE_LOOPBACK), 200);
	assert_int_equal(out[3], 5);
	assert_memory_equal(out + 8, payload, 192);
}

static void what_is_written_is_read(void **state)
{
	for (unsigned flags = 0; flags < 8; flags++) {
		uint8_t out[TDMOE_OCTETS];
		struct tdmoe_frame f;
		size_t octets = make(out, flags);
		assert_true(tdmoe_parse(&f, out, octets));
		assert_int_equal(f.flags, flags);
		assert_int_equal(f.subaddress, 0x0102);
		assert_int_equal(f.sequence, 0xabcd);
		assert_memory_equal(f.payload, payload, sizeof(payload));
	}
}

/* The bits of other channels, and flags that have no meaning yet, do not make a frame bad. */
static void bits_and_flags_we_do_not_use(void **state)
{
	uint8_t out[TDMOE_OCTETS];
	struct tdmoe_frame f;
	size_t octets = make(out, TDMOE_SIGNALLING);

	memset(out + 8, 0xff, 12);
	out[3] |= 0xf8;
	assert_true(tdmoe_parse(&f, out, octets));
	assert_int_equal(f.flags, TDMOE_SIGNALLING);
	assert_memory_equal(f.payload, payload, sizeof(payload));
}

/* Exactly as long as each length: the sanitizer sees a read behind it. */
static bool parse_exact(const uint8_t *data, size_t octets)
{
	uint8_t *exact = malloc(octets > 0 ? octets : 1);
	struct tdmoe_frame f;
	assert_non_null(exact);
	memcpy(exact, data, octets);
	bool ok = tdmoe_parse(&f, exact, octets);
	free(exact);
	return ok;
}

static void every_other_length_is_refused(void **state)
{
	for (unsigned flags = 0; flags <= TDMOE_SIGNALLING; flags += TDMOE_SIGNALLING) {
		uint8_t out[TDMOE_OCTETS + 100] = {0};
		size_t right = make(out, flags);
		for (size_t octets = 0; octets < sizeof(out); octets++)
			assert_int_equal(parse_exact(out, octets), octets == right);
	}
}

static void other_shapes_are_refused(void **state)
{
	static const struct {
		unsigned at;
		uint8_t value;
	} rows[] = {{2, 0}, {2, 7}, {2, 16}, {6, 1}, {7, 0}, {7, 23}, {7, 25}, {7, 31}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t out[TDMOE_OCTETS];
		size_t octets = make(out, TDMOE_SIGNALLING);
		out[rows[i].at] = rows[i].value;
		assert_false(parse_exact(out, octets));
	}
	/* 31 slots of an E1, as long as it says. */
	uint8_t e1[8 + 16 + 31 * 8] = {0, 0, 8, 2, 0, 0, 0, 31};
	assert_false(parse_exact(e1, sizeof(e1)));
}

static void mac_addresses(void **state)
{
	static const uint8_t wanted[] = {0x00, 0x50, 0xc2, 0x65, 0xd0, 0x1f};
	static const char *const bad[] = {
		"",
		"0",
		"00",
		"00:50:c2:65:d0",
		"00:50:c2:65:d0:",
		"00:50:c2:65:d0:1",
		"00:50:c2:65:d0:12:",
		"00:50:c2:65:d0:123",
		"00:50:c2:65:d0:1g",
		"0:50:c2:65:d0:12",
		"00-50-c2-65-d0-12",
		" 00:50:c2:65:d0:12",
		"00:00:00:00:00:00", /* none */
		"01:50:c2:65:d0:12", /* a group's */
		"ff:ff:ff:ff:ff:ff",
	};
	uint8_t mac[TDMOE_MAC_OCTETS];

	assert_true(tdmoe_mac_parse(mac, "00:50:c2:65:d0:1f"));
	assert_memory_equal(mac, wanted, sizeof(mac));
	memset(mac, 0, sizeof(mac));
	assert_true(tdmoe_mac_parse(mac, "00:50:C2:65:D0:1F"));
	assert_memory_equal(mac, wanted, sizeof(mac));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (tdmoe_mac_parse(mac, bad[i]))
			fail_msg("\"%s\" was taken", bad[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_drivers_frame),
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(bits_and_flags_we_do_not_use),
		cmocka_unit_test(every_other_length_is_refused),
		cmocka_unit_test(other_shapes_are_refused),
		cmocka_unit_test(mac_addresses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
