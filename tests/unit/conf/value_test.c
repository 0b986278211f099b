/* Values of every type: read, written the same, refused with what was expected. */
#include "conf/value.c"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const char *const colours[] = {"red", "green", "blue", NULL};

struct element {
	char text[8];
	unsigned number;
	uint8_t small;
	bool flag;
	unsigned choice;
	unsigned choices[3], choice_count;
	struct sockaddr_storage address, list[2];
	unsigned list_count;
	uint16_t first, last;
	uint32_t slots;
};

#define AT(member)                                                                                 \
	.offset = offsetof(struct element, member), .size = sizeof(((struct element *)0)->member)
enum {
	TEXT,
	EMPTY,
	NAME,
	HOST,
	NUMBER,
	PATTERN,
	UINT,
	SMALL,
	BOOL,
	CHOICE,
	CHOICES,
	DTMF,
	ADDRESS,
	LIST,
	BARE,
	PORTS,
	SLOTS
};
static const struct conf_key key[] = {
	[TEXT] = {"text", CONF_TEXT, 0, AT(text)},
	[EMPTY] = {"empty", CONF_NAME, CONF_MAY_BE_EMPTY, AT(text)},
	[NAME] = {"name", CONF_NAME, 0, AT(text)},
	[HOST] = {"host", CONF_HOST, 0, AT(text)},
	[NUMBER] = {"number", CONF_NUMBER, CONF_MAY_BE_EMPTY, AT(text)},
	[PATTERN] = {"pattern", CONF_PATTERN, 0, AT(text)},
	[UINT] = {"uint", CONF_UINT, 0, AT(number), .min = 5, .max = 600000},
	[SMALL] = {"small", CONF_UINT, 0, AT(small), .min = 0, .max = 127},
	[BOOL] = {"bool", CONF_BOOL, 0, AT(flag)},
	[CHOICE] = {"choice", CONF_CHOICE, 0, AT(choice), .choices = colours},
	[CHOICES] = {"choices", CONF_CHOICES, 0, .offset = offsetof(struct element, choices),
		     .size = 3, .other = offsetof(struct element, choice_count),
		     .choices = colours},
	[DTMF] = {"dtmf", CONF_DTMF, 0, AT(small),
		  .choices = (const char *const[]){"inband", "rfc4733", NULL}},
	[ADDRESS] = {"address", CONF_ADDRESS, 0, AT(address), .min = 5060},
	[LIST] = {"list", CONF_ADDRESSES, 0, .offset = offsetof(struct element, list), .size = 2,
		  .other = offsetof(struct element, list_count), .min = 5060},
	[BARE] = {"bare", CONF_BARE_ADDRESS, CONF_MAY_BE_EMPTY, AT(address)},
	[PORTS] = {"ports", CONF_PORTS, 0, AT(first), .other = offsetof(struct element, last),
		   .min = 1024, .max = 65535},
	[SLOTS] = {"slots", CONF_SLOTS, 0, AT(slots)},
};

/* Values are split at spaces; written NULL: refused, and why says so. */
static const struct {
	int key;
	const char *values, *written, *why;
} row[] = {
	{TEXT, "a.b", "\"a.b\"", NULL},
	{TEXT, "1234567", "\"1234567\"", NULL},
	{TEXT, "12345678", NULL, "at most 7"},
	{TEXT, "", NULL, "text of at most 7"},
	{TEXT, "a\"b", NULL, "without \""},
	{EMPTY, "", "-\"\"", NULL},
	{NAME, "t1-1_x.", "\"t1-1_x.\"", NULL},
	{NAME, "", NULL, "a name of at most 7"},
	{NAME, "a/b", NULL, "a name of at most 7"},
	{HOST, "cs", "\"cs\"", NULL},
	{HOST, "[::1]", "\"[::1]\"", NULL},
	{HOST, "[::1", NULL, "a domain"},
	{HOST, "[]", NULL, "a domain"},
	{HOST, "[1.2]", NULL, "a domain"},
	{HOST, "a@b", NULL, "a domain"},
	{NUMBER, "+1*2#", "\"+1*2#\"", NULL},
	{NUMBER, "1+", NULL, "digits"},
	{NUMBER, "1a", NULL, "digits"},
	{NUMBER, "", "-\"\"", NULL},
	{PATTERN, "7[12]X.", "\"7[12]X.\"", NULL},
	{PATTERN, "7x", NULL, "\"x\" is not one of"},
	{PATTERN, "", NULL, "cannot be empty"},
	{UINT, "5", "5", NULL},
	{UINT, "600000", "600000", NULL},
	{UINT, "0010", "10", NULL},
	{UINT, "4", NULL, "a number from 5 to 600000"},
	{UINT, "600001", NULL, "a number from 5"},
	{UINT, "4294967301", NULL, "a number from 5"},
	{UINT, "99999999999999999999", NULL, "a number from 5"},
	{UINT, "-5", NULL, "a number from 5"},
	{UINT, "0x10", NULL, "a number from 5"},
	{UINT, "10ms", NULL, "a number from 5"},
	{UINT, "", NULL, "a number from 5"},
	{UINT, "5 6", NULL, "one value, not a list"},
	{SMALL, "127", "127", NULL},
	{SMALL, "128", NULL, "0 to 127"},
	{BOOL, "true", "true", NULL},
	{BOOL, "yes", "true", NULL},
	{BOOL, "on", "true", NULL},
	{BOOL, "off", "false", NULL},
	{BOOL, "1", NULL, "true or false"},
	{CHOICE, "blue", "\"blue\"", NULL},
	{CHOICE, "Blue", NULL, "\"red\", \"green\" or \"blue\""},
	{CHOICES, "blue red", "{\"blue\", \"red\"}", NULL},
	{CHOICES, "blue blue", NULL, "\"blue\" is there twice"},
	{CHOICES, "blue x", NULL, "a list of \"red\", \"green\" or \"blue\""},
	{CHOICES, "red green blue red", NULL, "at most 3 values"},
	{DTMF, "inband", "\"inband\"", NULL},
	{DTMF, "rfc4733", "\"rfc4733\"", NULL},
	{DTMF, "info", NULL, "\"inband\" or \"rfc4733\""},
	{ADDRESS, "192.0.2.1", "\"192.0.2.1:5060\"", NULL},
	{ADDRESS, "name", NULL, "host name"},
	{LIST, "[::1]:7 192.0.2.1", "{\"[::1]:7\", \"192.0.2.1:5060\"}", NULL},
	{LIST, "192.0.2.1 192.0.2.1:5060", NULL, "there twice"},
	{LIST, "::1 ::2 ::3", NULL, "at most 2 values"},
	{LIST, "::1 x", NULL, "host name"},
	{BARE, "192.0.2.1", "\"192.0.2.1\"", NULL},
	{BARE, "::1", "\"[::1]\"", NULL},
	{BARE, "192.0.2.1:1", NULL, "without a port"},
	{BARE, "", "-", NULL},
	{PORTS, "16384-32767", "\"16384-32767\"", NULL},
	{PORTS, "1024-65535", "\"1024-65535\"", NULL},
	{PORTS, "2000-2001", "\"2000-2001\"", NULL},
	{PORTS, "2001-2002", NULL, "room for an even port"},
	{PORTS, "2001-2003", "\"2001-2003\"", NULL},
	{PORTS, "2000-2000", NULL, "room for an even port"},
	{PORTS, "3000-2000", NULL, "room for an even port"},
	{PORTS, "1023-2000", NULL, "within 1024 to 65535"},
	{PORTS, "2000-65536", NULL, "within 1024"},
	{PORTS, "2000", NULL, "first-last"},
	{PORTS, "2000-", NULL, "first-last"},
	{PORTS, "2000-3000x", NULL, "first-last"},
	{SLOTS, "1-23", "\"1-23\"", NULL},
	{SLOTS, "24,1,2,3,7", "\"1-3,7,24\"", NULL},
	{SLOTS, "0", NULL, "from 1 to 24"},
	{SLOTS, "1-25", NULL, "from 1 to 24"},
	{SLOTS, "3-2", NULL, "from 1 to 24"},
	{SLOTS, "1,", NULL, "from 1 to 24"},
	{SLOTS, "1;2", NULL, "from 1 to 24"},
	{SLOTS, "", NULL, "from 1 to 24"},
	{SLOTS, "999999999", NULL, "from 1 to 24"},
};

static size_t split(char *values, const char *out[8])
{
	size_t count = 0;
	char *value;

	while ((value = strsep(&values, " ")) != NULL)
		out[count++] = value;
	return count;
}

static void each_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct element e, again;
		char values[128], why[256] = "", written[CONF_VALUE_TEXT_MAX];
		const char *text[8];
		size_t bad, count = split(strcpy(values, row[i].values), text);
		const struct conf_key *k = &key[row[i].key];

		memset(&e, 0, sizeof(e));
		int r = conf_value_parse(k, &e, text, count, &bad, why, sizeof(why));
		if (row[i].written == NULL) {
			memset(&again, 0, sizeof(again));
			if (r != -EINVAL || strstr(why, row[i].why) == NULL)
				fail_msg("%s = %s: %d %s", k->name, row[i].values, r, why);
			assert_memory_equal(&e, &again, sizeof(e)); /* nothing half stored */
			continue;
		}
		bool shown = conf_value_format(k, &e, written);
		bool expect_shown = row[i].written[0] != '-';
		if (r != 0 || shown != expect_shown ||
		    strcmp(written, row[i].written + !expect_shown) != 0)
			fail_msg("%s = %s: %d %s, %s", k->name, row[i].values, r, why, written);
	}
}

static void the_bad_one_of_a_list_is_told(void **state)
{
	struct element e;
	const char *text[] = {"::1", "x"};
	char why[256];
	size_t bad = 9;

	(void)state;
	conf_value_parse(&key[LIST], &e, text, 2, &bad, why, sizeof(why));
	assert_int_equal(bad, 1);
	assert_int_equal(conf_value_parse(&key[LIST], &e, text, 0, &bad, why, sizeof(why)),
			 -EINVAL);
}

static void a_shorter_text_leaves_nothing_of_the_longer(void **state)
{
	struct element e, fresh;
	const char *text[] = {"abcdefg", "x"};
	char why[256];
	size_t bad;

	(void)state;
	memset(&e, 0, sizeof(e));
	memset(&fresh, 0, sizeof(fresh));
	conf_value_parse(&key[TEXT], &e, &text[0], 1, &bad, why, sizeof(why));
	conf_value_parse(&key[TEXT], &e, &text[1], 1, &bad, why, sizeof(why));
	conf_value_parse(&key[TEXT], &fresh, &text[1], 1, &bad, why, sizeof(why));
	assert_memory_equal(&e, &fresh, sizeof(e));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row),
		cmocka_unit_test(the_bad_one_of_a_list_is_told),
		cmocka_unit_test(a_shorter_text_leaves_nothing_of_the_longer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
