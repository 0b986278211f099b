/* Addresses: both families, ports left out, and why a name is refused. */
#include "conf/address.c"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void reads_and_writes(void **state)
{
	static const struct {
		const char *text, *canonical, *host;
	} row[] = {
		{"192.0.2.1:5080", "192.0.2.1:5080", "192.0.2.1"},
		{"192.0.2.1", "192.0.2.1:5060", "192.0.2.1"},
		{"192.0.2.1:0", "192.0.2.1:0", "192.0.2.1"},
		{"192.0.2.1:65535", "192.0.2.1:65535", "192.0.2.1"},
		{"[2001:DB8::1]:5080", "[2001:db8::1]:5080", "[2001:db8::1]"},
		{"[2001:db8::1]", "[2001:db8::1]:5060", "[2001:db8::1]"},
		{"2001:db8:0:0::1", "[2001:db8::1]:5060", "[2001:db8::1]"},
		{"[::]:1", "[::]:1", "[::]"},
		{"[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535",
		 "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535",
		 "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct sockaddr_storage a, again;
		char err[256] = "", text[CONF_ADDRESS_TEXT_MAX];
		memset(&a, 0xa5, sizeof(a));
		if (conf_address_parse(&a, row[i].text, 5060, err, sizeof(err)) != 0)
			fail_msg("%s: %s", row[i].text, err);
		conf_host_format(&a, text);
		assert_string_equal(text, row[i].host);
		conf_address_format(&a, text);
		assert_string_equal(text, row[i].canonical);
		assert_int_equal(conf_address_parse(&again, text, 1, err, sizeof(err)), 0);
		assert_memory_equal(&a, &again,
				    sizeof(a)); /* every octet, so that equal is equal */
	}
}

static void refuses_with_a_reason(void **state)
{
	static const struct {
		const char *text, *why;
	} row[] = {
		{"proxy.example.com:5060", "host name"},
		{"proxy", "host name"},
		{"cafe", "host name"},
		{"cafe:5060", "host name"},
		{"[proxy]:5060", "host name"},
		{"", "expected an IPv4"},
		{"192.0.2.1:", "expected an IPv4"},
		{"192.0.2.1:65536", "1 to 65535"},
		{"192.0.2.1:100000", "1 to 65535"},
		{"192.0.2.1:-1", "1 to 65535"},
		{"192.0.2.256", "expected an IPv4"},
		{"192.0.2", "expected an IPv4"},
		{"[192.0.2.1]:5060", "expected an IPv4"},
		{"[2001:db8::1", "expected an IPv4"},
		{"[2001:db8::1]x", "expected an IPv4"},
		{"[2001:db8::1]:", "expected an IPv4"},
		{"[2001:db8::1]5060", "expected an IPv4"},
		{"[::ffff:192.0.2.1]:1", "without ::ffff:"},
		{"[fe80::1%eth0]:1", "zone"},
		{"1234567890123456789012345678901234567890123456789012345678901234:1", "expected"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct sockaddr_storage a;
		char err[256] = "";
		assert_int_equal(conf_address_parse(&a, row[i].text, 5060, err, sizeof(err)),
				 -EINVAL);
		if (strstr(err, row[i].why) == NULL)
			fail_msg("%s: %s", row[i].text, err);
	}
}

static struct sockaddr_storage address(const char *text)
{
	struct sockaddr_storage a;

	assert_int_equal(conf_address_parse(&a, text, 0, NULL, 0), 0);
	return a;
}

static void tells_kinds_apart(void **state)
{
	struct sockaddr_storage a = address("192.0.2.1:1"), b = address("192.0.2.1:2"),
				c = address("[2001:db8::1]:1"), d = address("[2001:db8::2]:1");
	struct sockaddr_storage any4 = address("0.0.0.0"), any6 = address("[::]"),
				many4 = address("239.1.2.3"), many6 = address("[ff02::1]"),
				all = address("255.255.255.255");

	(void)state;
	assert_true(conf_address_same_host(&a, &b));
	assert_false(conf_address_same_host(&a, &c));
	assert_false(conf_address_same_host(&c, &d));
	assert_false(conf_address_same_host(&any4, &any6));
	assert_true(conf_address_is_any(&any4));
	assert_true(conf_address_is_any(&any6));
	assert_false(conf_address_is_any(&a));
	assert_false(conf_address_is_any(&d));
	assert_true(conf_address_is_multicast(&many4));
	assert_true(conf_address_is_multicast(&many6));
	assert_true(conf_address_is_multicast(&all));
	assert_false(conf_address_is_multicast(&a));
	assert_false(conf_address_is_multicast(&c));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_and_writes),
		cmocka_unit_test(refuses_with_a_reason),
		cmocka_unit_test(tells_kinds_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
