#include "isup/q931.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

/* Every test works on an exact copy on the heap, so that a read past the end is seen. */
static uint8_t *exact(const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);

	assert_non_null(copy);
	memcpy(copy, data, len);
	return copy;
}

static const uint8_t release[] = {0x02, 0x01, 0x00, 0x00, 0x08, 0x02, 0x81,
				  0x05, 0x4d, 0x08, 0x02, 0x80, 0x91};

static void test_parse(void **state)
{
	struct q931_message m;
	uint8_t *frame = exact(release, sizeof(release));

	assert_true(q931_parse(&m, frame, sizeof(release)));
	assert_int_equal(m.at, 4);
	assert_int_equal(m.discriminator, 0x08);
	assert_int_equal(m.type, Q931_RELEASE);
	assert_int_equal(m.call_reference, 0x105);
	assert_true(m.to_originator);
	assert_int_equal(m.ies_len, 4);
	free(frame);

	static const uint8_t ui[] = {0x02, 0xff, 0x03, 0x08, 0x00, 0x7d};
	frame = exact(ui, sizeof(ui));
	assert_true(q931_parse(&m, frame, sizeof(ui)));
	assert_int_equal(m.at, 3);
	assert_int_equal(m.call_reference, 0);
	assert_int_equal(m.type, Q931_STATUS);
	assert_int_equal(m.ies_len, 0);
	free(frame);
}

static void test_parse_refuses(void **state)
{
	struct q931_message m;
	static const uint8_t rr[] = {0x00, 0x01, 0x01, 0x08, 0x08, 0x02, 0x00, 0x01, 0x05};
	static const uint8_t long_reference[] = {0x00, 0x01, 0x00, 0x00, 0x08, 0x03, 1, 2, 3, 5};

	for (size_t len = 0; len < 9; len++) {
		uint8_t *frame = exact(release, len);
		assert_false(q931_parse(&m, frame, len));
		free(frame);
	}
	assert_false(q931_parse(&m, rr, sizeof(rr)));
	assert_false(q931_parse(&m, long_reference, sizeof(long_reference)));
}

static struct q931_message message(const uint8_t *ies, size_t len)
{
	struct q931_message m = {.ies = ies, .ies_len = len};
	return m;
}

static void test_walk(void **state)
{
	/* sending complete; cause; locking shift to 6; display; non-locking 5; element; element */
	static const uint8_t ies[] = {0xa1, 0x08, 0x02, 0x80, 0x91, 0x96, 0x28, 0x01,
				      'x',  0x9d, 0x32, 0x00, 0x33, 0x01, 0xff};
	static const struct {
		uint8_t codeset, id;
		size_t len;
	} want[] = {{0, 0xa1, 0}, {0, 0x08, 2}, {6, 0x28, 1}, {5, 0x32, 0}, {6, 0x33, 1}};
	uint8_t *copy = exact(ies, sizeof(ies));
	struct q931_message m = message(copy, sizeof(ies));
	struct q931_walk w;
	struct q931_ie ie;

	q931_walk_start(&w, &m);
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		assert_true(q931_walk_next(&w, &ie));
		assert_int_equal(ie.codeset, want[i].codeset);
		assert_int_equal(ie.id, want[i].id);
		assert_int_equal(ie.len, want[i].len);
	}
	assert_false(q931_walk_next(&w, &ie));
	assert_false(q931_walk_next(&w, &ie));
	assert_true(q931_find(&m, Q931_IE_CAUSE, &ie));
	assert_false(q931_find(&m, Q931_IE_DISPLAY, &ie)); /* that one is in codeset 6 */
	free(copy);
}

static void test_walk_torn(void **state)
{
	static const uint8_t ies[] = {0x08, 0x02, 0x80, 0x91};

	for (size_t len = 0; len < sizeof(ies); len++) {
		uint8_t *copy = exact(ies, len);
		struct q931_message m = message(copy, len);
		struct q931_ie ie;
		assert_false(q931_find(&m, Q931_IE_CAUSE, &ie));
		free(copy);
	}
}

static void test_cause(void **state)
{
	static const struct {
		uint8_t data[4];
		size_t len;
		bool good;
		int value, location;
	} rows[] = {
		{{0x80, 0x91}, 2, true, 17, 0},        {{0x82, 0x90, 0x31}, 3, true, 16, 2},
		{{0x01, 0x84, 0xe6}, 3, true, 102, 1}, {{0x80}, 1, false, 0, 0},
		{{0x01, 0x84}, 2, false, 0, 0},        {{0}, 0, false, 0, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t *copy = exact(rows[i].data, rows[i].len);
		struct q931_ie ie = {.id = Q931_IE_CAUSE, .data = copy, .len = rows[i].len};
		int value, location;
		assert_int_equal(q931_cause(&ie, &value, &location), rows[i].good);
		if (rows[i].good) {
			assert_int_equal(value, rows[i].value);
			assert_int_equal(location, rows[i].location);
		}
		free(copy);
	}
}

static void test_facility(void **state)
{
	static const struct {
		uint8_t data[24];
		size_t len;
		bool invokes;
	} rows[] = {
		{{0x91, 0xa1, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x1d}, 9, true},
		{{0x91, 0xa1, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x1e}, 9, false},
		/* invoke id 29 is not operation 29 */
		{{0x91, 0xa1, 0x06, 0x02, 0x01, 0x1d, 0x02, 0x01, 0x00}, 9, false},
		/* linked id, long lengths, leading zeros, network facility extension before it */
		{{0x91, 0xa1, 0x09, 0x02, 0x01, 0x01, 0x80, 0x01, 0x07, 0x02, 0x01, 0x1d},
		 12,
		 true},
		{{0x9f, 0xaa, 0x03, 0x80, 0x01, 0x00, 0xa1, 0x81, 0x08, 0x02, 0x81, 0x01, 0x01,
		  0x02, 0x02, 0x00, 0x1d},
		 17,
		 true},
		{{0x91, 0xa1, 0x80, 0x02, 0x01, 0x01, 0x02, 0x01, 0x1d, 0x00, 0x00}, 11, true},
		/* as an object identifier */
		{{0x91, 0xa1, 0x0a, 0x02, 0x01, 0x01, 0x06, 0x05, 0x2b, 0x0c, 0x09, 0x00, 0x1d},
		 13,
		 true},
		/* return result, torn */
		{{0x91, 0xa2, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x1d}, 9, false},
		{{0x91, 0xa1, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01}, 8, false},
		{{0x91, 0xa1, 0x06, 0x02, 0x7f, 0x01, 0x02, 0x01, 0x1d}, 9, false},
		{{0xa1}, 1, false},
		{{0}, 0, false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t *copy = exact(rows[i].data, rows[i].len);
		struct q931_ie ie = {.id = Q931_IE_FACILITY, .data = copy, .len = rows[i].len};
		assert_int_equal(q931_facility_invokes(&ie, 29), rows[i].invokes);
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse), cmocka_unit_test(test_parse_refuses),
		cmocka_unit_test(test_walk),  cmocka_unit_test(test_walk_torn),
		cmocka_unit_test(test_cause), cmocka_unit_test(test_facility),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
