/* Which span is meant, and what is said when it is not there. */
#include "tdm/dahdi_find.c"

#include "tests/unit/tdm/dahdi_fake.h"

static struct dahdi_found found;
static char err[500];

static int find(const char *card)
{
	int control = dahdi_control_open(&fake_driver, err, sizeof(err));

	assert_true(control >= 0);
	err[0] = '\0';
	int r = dahdi_find(&found, &fake_driver, control, card, err, sizeof(err));
	fake_driver.close(control);
	return r;
}

static void three_spans(void)
{
	fake_add(1, "TE2/0/1", "PCI 1");
	fake_add(2, "TE2/0/2", "PCI 1");
	fake_add(3, "WCT1/0", "PCI 7");
}

static void by_name_location_or_number(void **state)
{
	(void)state;
	three_spans();
	assert_int_equal(find("TE2/0/2"), 0);
	assert_int_equal(found.span.number, 2);
	assert_int_equal(found.position, 2);
	assert_int_equal(found.slot[1].channel, 25);
	assert_int_equal(found.slot[24].channel, 48);
	assert_int_equal(find("PCI 7"), 0);
	assert_int_equal(found.span.number, 3);
	assert_int_equal(found.position, 1);
	assert_int_equal(find("1"), 0);
	assert_int_equal(found.span.number, 1);
	assert_int_equal(found.slot[24].channel, 24);
}

static void the_only_one_needs_no_name(void **state)
{
	(void)state;
	fake_add(1, "ANALOG", "");
	fake.span[0].channels = 4;
	fake_add(2, "WCT1/0", "");
	assert_int_equal(find(""), 0);
	assert_int_equal(found.span.number, 2);
}

static void says_what_there_is(void **state)
{
	(void)state;
	assert_int_equal(find(""), -ENODEV);
	assert_non_null(strstr(err, "has no span"));
	assert_non_null(strstr(err, "modprobe"));
	three_spans();
	assert_int_equal(find("WCT1/1"), -ENODEV);
	assert_string_equal(err, "the DAHDI driver has no span \"WCT1/1\"; it has 1 \"TE2/0/1\", 2 "
				 "\"TE2/0/2\", 3 \"WCT1/0\"");
	assert_int_equal(find("4"), -ENODEV);
	assert_int_equal(find(""), -ENOTUNIQ);
	assert_non_null(strstr(err, "1 \"TE2/0/1\", 2 \"TE2/0/2\", 3 \"WCT1/0\""));
	assert_int_equal(find("PCI 1"), -ENOTUNIQ);
	assert_non_null(strstr(err, "1 \"TE2/0/1\", 2 \"TE2/0/2\"; say which"));
	fake.span[2].channels = 31;
	assert_int_equal(find("3"), -EINVAL);
	assert_non_null(strstr(err, "31 channels"));
	assert_non_null(strstr(err, "default_linemode=t1"));
}

/* A number is one as a whole. */
static void half_a_number_is_none(void **state)
{
	(void)state;
	three_spans();
	assert_int_equal(find("1x"), -ENODEV);
	assert_int_equal(find(" "), -ENODEV);
}

static void a_driver_that_forgets_to_end_its_strings(void **state)
{
	(void)state;
	fake_add(1, "", "");
	memset(fake.span[0].name, 'n', sizeof(fake.span[0].name));
	memset(fake.span[0].location, 'l', sizeof(fake.span[0].location));
	memset(fake.span[0].device_type, 'd', sizeof(fake.span[0].device_type));
	assert_int_equal(find("nnnnnnnnnnnnnnnnnnn"), 0);
	assert_int_equal(strlen(found.span.location), 39);
}

static void no_driver_no_permission(void **state)
{
	(void)state;
	fake.loaded = false;
	assert_int_equal(dahdi_control_open(&fake_driver, err, sizeof(err)), -ENOENT);
	assert_non_null(strstr(err, "modprobe"));
	fake.loaded = true;
	fake.open_error = -EACCES;
	assert_int_equal(dahdi_control_open(&fake_driver, err, sizeof(err)), -EACCES);
	assert_non_null(strstr(err, "adduser USER dahdi"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(by_name_location_or_number, fake_setup),
		cmocka_unit_test_setup(the_only_one_needs_no_name, fake_setup),
		cmocka_unit_test_setup(says_what_there_is, fake_setup),
		cmocka_unit_test_setup(half_a_number_is_none, fake_setup),
		cmocka_unit_test_setup(a_driver_that_forgets_to_end_its_strings, fake_setup),
		cmocka_unit_test_setup(no_driver_no_permission, fake_setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
