#include "isup/cause.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

/* Written from the text of the standards, not from cause.c: -1 = the standard has no such row. */
struct to_status {
	int cause, rfc3398, rfc4497, ours;
};

static const struct to_status to_status[] = {
	{1, 404, 404, 404},
	{2, 404, 404, 404},
	{3, 404, 404, 404},
	{16, -1, 500, 500},
	{17, 486, 486, 486},
	{18, 408, 408, 408},
	{19, 480, 480, 480},
	{20, 480, 480, 480},
	{21, 403, 403, 403},
	{22, 410, 410, 410},
	{23, 410, 410, 410},
	{26, 404, -1, 404},
	{27, 502, 502, 502},
	{28, 484, 484, 484},
	{29, 501, 501, 501},
	{31, 480, 480, 480},
	{34, 503, 503, 503},
	{38, 503, 503, 503},
	{41, 503, 503, 503},
	{42, 503, 503, 503},
	{47, 503, 503, 503},
	{55, 403, 403, 403},
	{57, 403, 403, 403},
	{58, 503, 503, 503},
	{65, 488, 488, 488},
	{69, -1, 501, 501},
	{70, 488, 488, 488},
	{79, 501, 501, 501},
	{87, 403, 403, 403},
	{88, 503, 503, 503},
	{102, 504, 504, 504},
	{111, 500, -1, 500},
	{127, 500, -1, 500},
	/* Neither has a row; 44 only when every channel was tried: congestion. */
	{44, -1, -1, 503},
};

static const int from_status[][2] = {
	{400, 41},  {401, 21},  {402, 21},  {403, 21},  {404, 1},   {405, 63}, {406, 79},
	{407, 21},  {408, 102}, {410, 22},  {413, 127}, {414, 127}, {415, 79}, {416, 127},
	{420, 127}, {421, 127}, {423, 127}, {480, 18},  {481, 41},  {482, 25}, {483, 25},
	{484, 28},  {485, 1},   {486, 17},  {487, 31},  {488, 31},  {500, 41}, {501, 79},
	{502, 38},  {503, 41},  {504, 102}, {505, 127}, {513, 127}, {600, 17}, {603, 21},
	{604, 1},   {606, 31},
};

static void test_cause_to_status(void **state)
{
	const size_t rows = sizeof(to_status) / sizeof(to_status[0]);

	for (size_t i = 0; i < rows; i++) {
		const struct to_status *r = &to_status[i];
		assert_int_equal(cause_to_status(r->cause, 0), r->ours);
		if (r->rfc3398 > 0)
			assert_int_equal(r->ours, r->rfc3398);
		else if (r->rfc4497 > 0)
			assert_int_equal(r->ours, r->rfc4497);
	}
	for (int cause = -5; cause < 300; cause++) {
		size_t i = 0;
		while (i < rows && to_status[i].cause != cause)
			i++;
		if (i == rows)
			assert_int_equal(cause_to_status(cause, 0), 500);
	}
}

static void test_location_of_21(void **state)
{
	assert_int_equal(cause_to_status(21, 1), 603);
	for (int cause = 0; cause < 128; cause++)
		if (cause != 21)
			assert_int_equal(cause_to_status(cause, 1), cause_to_status(cause, 0));
}

static void test_status_to_cause(void **state)
{
	const size_t rows = sizeof(from_status) / sizeof(from_status[0]);

	for (size_t i = 0; i < rows; i++)
		assert_int_equal(cause_from_status(from_status[i][0]), from_status[i][1]);
	for (int status = -1; status < 800; status++) {
		size_t i = 0;
		while (i < rows && from_status[i][0] != status)
			i++;
		if (i == rows)
			assert_int_equal(cause_from_status(status),
					 status >= 300 && status <= 399 ? 23 : 31);
	}
}

static void test_text(void **state)
{
	assert_string_equal(cause_text(17), "user busy");
	assert_string_equal(cause_text(1), "unallocated number");
	/* unknown values: the unspecified one of their class, Q.850 */
	assert_string_equal(cause_text(15), cause_text(31));
	assert_string_equal(cause_text(33), cause_text(47));
	assert_string_equal(cause_text(51), cause_text(63));
	assert_string_equal(cause_text(64), cause_text(79));
	assert_string_equal(cause_text(80), cause_text(95));
	assert_string_equal(cause_text(112), cause_text(127));
	for (int cause = -300; cause < 600; cause++)
		assert_true(strlen(cause_text(cause)) > 0);
}

static void test_rows_are_unique(void **state)
{
	for (size_t i = 1; i < sizeof(cause_rows) / sizeof(cause_rows[0]); i++)
		assert_true(cause_rows[i].cause > cause_rows[i - 1].cause);
	for (size_t i = 1; i < sizeof(status_rows) / sizeof(status_rows[0]); i++)
		assert_true(status_rows[i].status > status_rows[i - 1].status);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cause_to_status), cmocka_unit_test(test_location_of_21),
		cmocka_unit_test(test_status_to_cause), cmocka_unit_test(test_text),
		cmocka_unit_test(test_rows_are_unique),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
