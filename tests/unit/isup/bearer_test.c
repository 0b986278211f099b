#include "isup/bearer.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Q.931 4.5.5, as switches write them. */
static void test_read(void **state)
{
	static const struct {
		enum isup_bearer bearer;
		size_t len;
		uint8_t octets[6];
	} rows[] = {
		{ISUP_SPEECH, 3, {0x80, 0x90, 0xa2}},
		{ISUP_SPEECH, 2, {0x80, 0x90}}, /* 4ESS */
		{ISUP_AUDIO, 3, {0x90, 0x90, 0xa2}},
		{ISUP_AUDIO, 3, {0x90, 0x90, 0xa3}}, /* A-law */
		{ISUP_DATA_64, 2, {0x88, 0x90}},
		{ISUP_DATA_RESTRICTED, 2, {0x89, 0x90}},
		{ISUP_DATA_56, 4, {0x88, 0x90, 0x21, 0x8f}},
		{ISUP_DATA_56, 4, {0x89, 0x90, 0x21, 0x8f}},
		{ISUP_DATA_56, 5, {0x88, 0x90, 0x21, 0x0f, 0x80}},
		{ISUP_DATA_64, 4, {0x88, 0x90, 0x21, 0x8b}}, /* V.110, 9.6 kbit/s */
		{ISUP_DATA_64, 3, {0x88, 0x90, 0xa8}},       /* V.120 */
		{ISUP_BEARER_OTHER, 3, {0x98, 0x90, 0xa5}},  /* video */
		{ISUP_BEARER_OTHER, 3, {0x91, 0x90, 0xa5}},  /* with tones and announcements */
		{ISUP_BEARER_OTHER, 2, {0x88, 0x93}},        /* 384 kbit/s */
		{ISUP_BEARER_OTHER, 3, {0x88, 0x18, 0x82}},  /* multirate, twice 64 */
		{ISUP_BEARER_OTHER, 2, {0x88, 0xc0}},        /* packets */
		{ISUP_BEARER_OTHER, 2, {0xa8, 0x80}},        /* another standard */
		{ISUP_BEARER_OTHER, 2, {0x08, 0x90}},
		{ISUP_BEARER_OTHER, 1, {0x80}},
		{ISUP_BEARER_OTHER, 0, {0}},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(isup_bearer_read(rows[i].octets, rows[i].len), rows[i].bearer);
}

static void test_write(void **state)
{
	struct isup_element e;

	for (enum isup_bearer b = ISUP_AUDIO; b < ISUP_BEARER_OTHER; b++) {
		isup_bearer_write(&e, b);
		assert_int_equal(isup_bearer_read(e.octets, e.len), b);
		assert_string_not_equal(isup_bearer_text(b), isup_bearer_text(ISUP_BEARER_OTHER));
	}
	isup_bearer_write(&e, ISUP_BEARER_OTHER);
	assert_int_equal(e.len, 0);
	assert_true(isup_bearer_is_data(ISUP_DATA_56) && !isup_bearer_is_data(ISUP_SPEECH));
}

static void test_subaddress(void **state)
{
	struct isup_element e, abc = {5, {0x80, 0x50, 'A', 'B', 'C'}};
	char text[ISUP_SUBADDRESS_MAX];

	assert_true(isup_subaddress_read(text, &abc));
	assert_string_equal(text, "ABC");
	assert_true(isup_subaddress_write(&e, text));
	assert_memory_equal(&e, &abc, sizeof(e));
	assert_true(isup_subaddress_write(&e, "1234567890123456789"));
	assert_int_equal(e.len, 21); /* 23 octets of element, the most there is */
	assert_true(isup_subaddress_read(text, &e));
	assert_false(isup_subaddress_write(&e, "12345678901234567890"));
	assert_false(isup_subaddress_write(&e, ""));
	assert_false(isup_subaddress_write(&e, "a b"));
	abc.octets[0] = 0xa0; /* user specified */
	assert_false(isup_subaddress_read(text, &abc));
	abc.octets[0] = 0x80;
	abc.octets[1] = 0x48; /* digits in BCD */
	assert_false(isup_subaddress_read(text, &abc));
	abc.octets[1] = 0x50;
	abc.octets[3] = 0x80;
	assert_false(isup_subaddress_read(text, &abc));
	abc.len = 2;
	assert_false(isup_subaddress_read(text, &abc));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_subaddress),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
