#include "isup/party.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_numbers_to_pri(void **state)
{
	struct isup_party p = {.digits = "5551234",
			       .type_of_number = 2,
			       .plan = 1,
			       .presentation = 1,
			       .screening = 3};
	struct pri_party_id id;

	party_to_pri(&id, &p);
	assert_true(id.number.valid);
	assert_false(id.name.valid);
	assert_string_equal(id.number.str, "5551234");
	assert_int_equal(id.number.plan, PRI_NATIONAL_ISDN);
	assert_int_equal(id.number.presentation, PRES_PROHIB_NETWORK_NUMBER);
	memset(&p, 0, sizeof(p));
	party_to_pri(&id, &p);
	assert_false(id.number.valid);
}

static void test_names_to_pri(void **state)
{
	static const struct {
		const char *utf8, *latin1;
	} rows[] = {
		{"Reception", "Reception"},
		{"J\xc3\xb6rg \xc3\x9f", "J\xf6rg \xdf"},
		{"\xe2\x82\xac 5", "? 5"}, /* the euro is not in ISO 8859-1 */
		{"a\xf0\x9f\x98\x80z", "a?z"},
		{"a\tb\x7f", "a b "},
		{"\xc3", "?"},
		{"\xc3(", "?("},   /* torn */
		{"\xc2\x85", " "}, /* a C1 control */
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct isup_party p = {.digits = "1"};
		struct pri_party_id id;
		strcpy(p.name, rows[i].utf8);
		party_to_pri(&id, &p);
		assert_true(id.name.valid);
		assert_string_equal(id.name.str, rows[i].latin1);
	}
}

static void test_names_from_pri(void **state)
{
	static const struct {
		int set;
		const char *raw, *utf8;
	} rows[] = {
		{PRI_CHAR_SET_ISO8859_1, "J\xf6rg", "J\xc3\xb6rg"},
		{PRI_CHAR_SET_ISO8859_1, "DESK     ", "DESK"},
		{PRI_CHAR_SET_ISO8859_1, "a\x1b[2J\x9b", "a [2J"},
		{PRI_CHAR_SET_ISO10646_UTF_8STRING, "J\xc3\xb6rg", "J\xc3\xb6rg"},
		{PRI_CHAR_SET_ISO10646_UTF_8STRING,
		 "a\xff"
		 "b\xc3",
		 "a?b?"},
		{PRI_CHAR_SET_ISO10646_UTF_8STRING, "\x1b[0m", "?[0m"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pri_party_name name = {.valid = 1, .char_set = rows[i].set};
		struct isup_party p;
		strcpy(name.str, rows[i].raw);
		party_name_from_pri(&p, &name);
		assert_string_equal(p.name, rows[i].utf8);
	}
	struct pri_party_name name = {.valid = 1, .presentation = PRI_PRES_RESTRICTED, .str = "x"};
	struct isup_party p;
	party_name_from_pri(&p, &name);
	assert_string_equal(p.name, "");
}

/* A full name of two-octet letters fits, never cut inside a letter. */
static void test_long_names(void **state)
{
	struct pri_party_name name = {.valid = 1, .char_set = PRI_CHAR_SET_ISO8859_1};
	struct isup_party p;

	memset(name.str, 0xe4, sizeof(name.str) - 1);
	party_name_from_pri(&p, &name);
	assert_true(strlen(p.name) < sizeof(p.name));
	assert_int_equal(strlen(p.name) % 2, 0);
	assert_true(strlen(p.name) >= 60);
	memcpy(name.str, "\xe2\x82\xac", 3);
	for (size_t i = 0; i + 3 < sizeof(name.str); i++)
		name.str[i] = "\xe2\x82\xac"[i % 3];
	name.char_set = PRI_CHAR_SET_ISO10646_UTF_8STRING;
	party_name_from_pri(&p, &name);
	assert_true(strlen(p.name) < sizeof(p.name));
}

static void test_digits_from_pri(void **state)
{
	struct isup_party p;
	char many[100];

	party_number_from_pri(&p,
			      "71\x1b"
			      "0'1;*#",
			      0x21, PRES_ALLOWED_USER_NUMBER_PASSED_SCREEN);
	assert_string_equal(p.digits, "7101*#");
	assert_int_equal(p.type_of_number, 2);
	assert_int_equal(p.plan, 1);
	assert_int_equal(p.presentation, 0);
	assert_int_equal(p.screening, 1);
	memset(many, '5', sizeof(many));
	many[99] = '\0';
	party_number_from_pri(&p, many, 0, 0);
	assert_int_equal(strlen(p.digits), ISUP_DIGITS_MAX - 1);
	party_add_digits(&p, "12");
	assert_int_equal(strlen(p.digits), ISUP_DIGITS_MAX - 1);
	party_number_from_pri(&p, "71", 0, 0);
	party_add_digits(&p, "34");
	assert_string_equal(p.digits, "7134");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers_to_pri),  cmocka_unit_test(test_names_to_pri),
		cmocka_unit_test(test_names_from_pri),  cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_digits_from_pri),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
