#include "dialplan/numbering.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct dial_numbering plain;
static const struct dial_numbering us = {"1", "1", "011", false};
static const struct dial_numbering us_prefixed = {"1", "1", "011", true};
static const struct dial_numbering germany = {"49", "0", "00", true};

static void test_read(void **state)
{
	static const struct {
		const struct dial_numbering *n;
		const char *digits;
		uint8_t type, plan;
		const char *number;
	} rows[] = {
		{&plain, "7101", TON_UNKNOWN, PLAN_UNKNOWN, "7101"},
		{&plain, "4930123", TON_INTERNATIONAL, PLAN_ISDN, "+4930123"},
		{&plain, "2125551234", TON_NATIONAL, PLAN_ISDN, "2125551234"},
		{&plain, "0114930123", TON_UNKNOWN, PLAN_ISDN, "0114930123"},
		{&us, "2125551234", TON_NATIONAL, PLAN_ISDN, "+12125551234"},
		{&us, "12125551234", TON_UNKNOWN, PLAN_ISDN, "+12125551234"},
		{&us, "0114930123", TON_UNKNOWN, PLAN_UNKNOWN, "+4930123"},
		{&us, "7101", TON_UNKNOWN, PLAN_UNKNOWN, "7101"},
		{&us, "1", TON_UNKNOWN, PLAN_UNKNOWN, "1"},  /* a prefix and nothing more */
		{&us, "5551234", 4, PLAN_ISDN, "5551234"},   /* subscriber: the area is unknown */
		{&us, "7101", TON_INTERNATIONAL, 9, "7101"}, /* private plan */
		{&us, "", TON_INTERNATIONAL, PLAN_ISDN, ""},
		{&us, "+4930", TON_INTERNATIONAL, PLAN_ISDN, "+4930"},
		{&germany, "03012", TON_UNKNOWN, PLAN_ISDN, "+493012"},
		{&germany, "0012125551234", TON_UNKNOWN, PLAN_ISDN, "+12125551234"},
	};
	char out[DIAL_NUMBER_MAX], many[DIAL_NUMBER_MAX];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		dial_number_read(rows[i].n, out, rows[i].digits, rows[i].type, rows[i].plan);
		assert_string_equal(out, rows[i].number);
	}
	memset(many, '7', sizeof(many));
	many[DIAL_NUMBER_MAX - 1] = '\0';
	dial_number_read(&plain, out, many, TON_UNKNOWN, PLAN_ISDN);
	assert_string_equal(out, many);
	dial_number_read(&plain, out, many, TON_INTERNATIONAL, PLAN_ISDN);
	assert_string_equal(out, ""); /* none rather than another */
}

static void test_write(void **state)
{
	static const struct {
		const struct dial_numbering *n;
		const char *number;
		uint8_t type;
		const char *digits;
		uint8_t wanted;
	} rows[] = {
		{&plain, "7101", TON_UNKNOWN, "7101", TON_UNKNOWN},
		{&plain, "2125551234", TON_NATIONAL, "2125551234", TON_NATIONAL},
		{&plain, "+12125551234", TON_UNKNOWN, "12125551234", TON_INTERNATIONAL},
		{&us, "+12125551234", TON_UNKNOWN, "2125551234", TON_NATIONAL},
		{&us, "+4930123", TON_UNKNOWN, "4930123", TON_INTERNATIONAL},
		{&us_prefixed, "+12125551234", TON_UNKNOWN, "12125551234", TON_UNKNOWN},
		{&us_prefixed, "+4930123", TON_UNKNOWN, "0114930123", TON_UNKNOWN},
		{&germany, "+4930123", TON_INTERNATIONAL, "030123", TON_UNKNOWN},
		{&germany, "7101", TON_UNKNOWN, "7101", TON_UNKNOWN},
		{&us, "", TON_UNKNOWN, "", TON_UNKNOWN},
	};
	char out[DIAL_NUMBER_MAX];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t type = rows[i].type;
		dial_number_write(rows[i].n, out, rows[i].number, &type);
		assert_string_equal(out, rows[i].digits);
		assert_int_equal(type, rows[i].wanted);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_write),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
