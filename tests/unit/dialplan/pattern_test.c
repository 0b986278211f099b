/* Patterns: what they match, what they may yet match, what is refused and why. */
#include "dialplan/pattern.c"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static unsigned fit(const char *pattern, const char *number)
{
	struct dial_pattern p;
	dial_set sets[64], symbols[64];
	char err[128] = "";

	if (dial_pattern_compile(&p, sets, pattern, err, sizeof(err)) != 0)
		fail_msg("%s: %s", pattern, err);
	int n = dial_number_symbols(symbols, 64, number);
	assert_int_equal(n, strlen(number));
	return dial_pattern_fit(&p, symbols, (unsigned)n);
}

static void matches_what_the_header_says(void **state)
{
	enum { NONE = DIAL_FIT_NONE, NOW = DIAL_FIT_NOW, LATER = DIAL_FIT_LATER, BOTH = 3 };
	static const struct {
		const char *pattern, *number;
		unsigned fit;
	} row[] = {
		{"7134", "7134", NOW},  {"7134", "713", LATER},  {"7134", "", LATER},
		{"7134", "7135", NONE}, {"7134", "71345", NONE}, {"71XX", "7100", NOW},
		{"71XX", "7199", NOW},  {"71XX", "71*0", NONE},  {"71XX", "71a0", NONE},
		{"Z", "0", NONE},       {"Z", "1", NOW},         {"N", "1", NONE},
		{"N", "2", NOW},        {"N", "9", NOW},         {"[13-5]", "1", NOW},
		{"[13-5]", "2", NONE},  {"[13-5]", "3", NOW},    {"[13-5]", "5", NOW},
		{"[13-5]", "6", NONE},  {"[*#]1", "#1", NOW},    {"[*#]1", "11", NONE},
		{"9.", "9", LATER},     {"9.", "91", BOTH},      {"9.", "9alice", BOTH},
		{"9.", "8", NONE},      {"9!", "9", BOTH},       {"9!", "", LATER},
		{"9!", "9123", BOTH},   {".", "", LATER},        {".", "alice", BOTH},
		{"!", "", BOTH},        {"!", "x", BOTH},        {"+1X", "+12", NOW},
		{"+1X", "12", NONE},    {"*72X", "*725", NOW},   {"#", "#", NOW},
		{"1[5]", "15", NOW},    {"1.", "+1", NONE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		if (fit(row[i].pattern, row[i].number) != row[i].fit)
			fail_msg("%s on %s: %u", row[i].pattern, row[i].number,
				 fit(row[i].pattern, row[i].number));
}

static void refuses_with_a_reason(void **state)
{
	static const struct {
		const char *pattern, *why;
	} row[] = {
		{"", "cannot be empty"},
		{"7.1", "only stand at the end"},
		{"!1", "only stand at the end"},
		{"1+2", "only stand at the beginning"},
		{"12a", "\"a\" is not one of"},
		{"1 2", "\"?\" is not one of"},
		{"12]", "\"]\" is not one of"},
		{"1[", "up to a ]"},
		{"1[2", "up to a ]"},
		{"1[2-", "higher one"},
		{"1[2-]", "higher one"},
		{"1[5-2]", "higher one"},
		{"1[*-2]", "higher one"},
		{"1[]", "holds nothing"},
		{"1[X]", "up to a ]"},
		{"\xc3\xa9", "is not one of"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct dial_pattern p;
		dial_set sets[64];
		char err[128] = "";
		assert_int_equal(dial_pattern_compile(&p, sets, row[i].pattern, err, sizeof(err)),
				 -EINVAL);
		if (strstr(err, row[i].why) == NULL)
			fail_msg("%s: %s", row[i].pattern, err);
	}
}

/* Covering is checked against its meaning: no number up to four symbols may match b but not a, and
 * where a does not cover b such a number exists (short patterns differ on short numbers). */
static void covers_exactly_what_matching_says(void **state)
{
	static const char *const pattern[] = {
		"!",     ".",     "X", "X!", "X.", "7",  "7X", "7!",  "7.",  "71X", "7ZX", "7NX",
		"7[01]", "[1-9]", "*", "*.", "+",  "+7", "XX", "XXX", "NXX", "71.", "71!", "7XX"};
	static const char symbol[] = "0127*+a";
	enum { PATTERNS = sizeof(pattern) / sizeof(pattern[0]), SYMBOLS = sizeof(symbol) - 1 };

	(void)state;
	for (size_t x = 0; x < PATTERNS; x++) {
		for (size_t y = 0; y < PATTERNS; y++) {
			struct dial_pattern a, b;
			dial_set sa[8], sb[8];
			dial_pattern_compile(&a, sa, pattern[x], NULL, 0);
			dial_pattern_compile(&b, sb, pattern[y], NULL, 0);
			bool expected = true;
			for (unsigned length = 0; length <= 4; length++) {
				unsigned all = 1;
				for (unsigned i = 0; i < length; i++)
					all *= SYMBOLS;
				for (unsigned n = 0; n < all; n++) {
					dial_set s[4];
					for (unsigned i = 0, v = n; i < length; i++, v /= SYMBOLS)
						s[i] = SET_OF(symbol_of(symbol[v % SYMBOLS]));
					if (dial_pattern_fit(&b, s, length) & DIAL_FIT_NOW &&
					    !(dial_pattern_fit(&a, s, length) & DIAL_FIT_NOW))
						expected = false;
				}
			}
			if (dial_pattern_covers(&a, &b) != expected)
				fail_msg("%s covers %s: not %d", pattern[x], pattern[y], expected);
		}
	}
}

static void a_number_too_long_is_told(void **state)
{
	dial_set s[3];

	(void)state;
	assert_int_equal(dial_number_symbols(s, 3, "123"), 3);
	assert_int_equal(dial_number_symbols(s, 3, "1234"), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(matches_what_the_header_says),
		cmocka_unit_test(refuses_with_a_reason),
		cmocka_unit_test(covers_exactly_what_matching_says),
		cmocka_unit_test(a_number_too_long_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
