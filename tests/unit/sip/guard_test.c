#include "sip/guard.c"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static char lines[64][200];
static unsigned line_count;

static void on_log(void *arg, const char *line)
{
	if (line_count < 64)
		snprintf(lines[line_count++], sizeof(lines[0]), "%s", line);
}

static struct sockaddr *at(const char *host)
{
	static struct sockaddr_storage s;

	assert_true(sip_addr_parse(&s, host, 5060));
	return (struct sockaddr *)&s;
}

static struct sip_guard *fresh(void)
{
	static const struct sip_guard_conf conf = {10, 50, 500, 3, 60000};
	struct sip_guard *g;

	line_count = 0;
	log_set_sink(on_log, NULL);
	assert_int_equal(sip_guard_new(&g, &conf), 0);
	return g;
}

static unsigned admitted(struct sip_guard *g, const char *host, unsigned tries, uint64_t now_ms)
{
	enum sip_refusal why;
	unsigned n = 0;

	for (unsigned i = 0; i < tries; i++)
		n += sip_guard_admits(g, at(host), now_ms, &why);
	return n;
}

static void test_rates(void **state)
{
	struct sip_guard *g = fresh();
	char host[32];
	unsigned n = 0;

	assert_int_equal(admitted(g, "192.0.2.1", 100, 1000), 10 * BURST_S);
	assert_int_equal(admitted(g, "192.0.2.1", 100, 2000), 10);
	assert_int_equal(admitted(g, "192.0.2.1", 100, 2100), 1);
	/* The neighbours have what is left of the network: full again at 2000, 10 taken, 5 come, 1
	 * taken. */
	for (unsigned i = 2; i < 200; i++) {
		snprintf(host, sizeof(host), "192.0.2.%u", i);
		n += admitted(g, host, 1, 2100);
	}
	assert_int_equal(n, 50 * BURST_S - 10 + 5 - 1);
	assert_int_equal(admitted(g, "2001:db8::1", 100, 1000), 10 * BURST_S);
	assert_int_equal(admitted(g, "2001:db8::2", 100, 1000), 0); /* the same /64 */
	sip_guard_free(g);
}

static void test_total(void **state)
{
	struct sip_guard *g = fresh();
	char host[32];
	unsigned n = 0;

	for (unsigned i = 0; i < 100000; i++) {
		snprintf(host, sizeof(host), "10.%u.%u.%u", i / 65536, i / 256 % 256, i % 256);
		n += admitted(g, host, 1, 5000);
	}
	assert_int_equal(n, 500 * BURST_S);
	sip_guard_free(g);
}

static void test_ban(void **state)
{
	struct sip_guard *g = fresh();
	enum sip_refusal why;
	char host[32];

	sip_guard_failed(g, at("192.0.2.1"), 1000);
	sip_guard_failed(g, at("192.0.2.1"), 1000);
	assert_true(sip_guard_admits(g, at("192.0.2.1"), 1000, &why));
	sip_guard_failed(g, at("192.0.2.1"), 2000);
	assert_false(sip_guard_admits(g, at("192.0.2.1"), 2000, &why));
	assert_int_equal(why, SIP_REFUSED_BANNED);
	assert_non_null(strstr(lines[0], "banned 192.0.2.1 for 60 s: 3 wrong passwords"));
	/* Nobody washes a ban away with other addresses. */
	for (unsigned i = 0; i < 100000; i++) {
		snprintf(host, sizeof(host), "10.%u.%u.%u", i / 65536, i / 256 % 256, i % 256);
		(void)sip_guard_admits(g, at(host), 3000, &why);
	}
	assert_false(sip_guard_admits(g, at("192.0.2.1"), 61999, &why));
	assert_true(sip_guard_admits(g, at("192.0.2.1"), 62000, &why));
	/* Slow failures are mistakes. */
	for (unsigned i = 0; i < 10; i++)
		sip_guard_failed(g, at("192.0.2.9"), 100000 + i * 61000);
	assert_true(sip_guard_admits(g, at("192.0.2.9"), 100000 + 9 * 61000, &why));
	sip_guard_free(g);
}

static uint64_t found;

static void find_real(void *arg, const struct sip_refused *r)
{
	if (sip_addr_equal((const struct sockaddr *)&r->addr, at("192.0.2.1"), false))
		found = r->count;
}

static void test_refusals(void **state)
{
	struct sip_guard *g = fresh();
	char host[32];

	for (unsigned i = 0; i < 5; i++)
		sip_guard_refused(g, at("192.0.2.1"), SIP_REFUSED_PASSWORD, 1000 + i);
	assert_int_equal(line_count, 1);
	assert_non_null(strstr(lines[0], "refused 192.0.2.1: wrong user or password, 1 times"));
	sip_guard_refused(g, at("192.0.2.1"), SIP_REFUSED_PASSWORD, 11000);
	assert_int_equal(line_count, 2);
	assert_non_null(strstr(lines[1], ", 5 times"));
	for (unsigned i = 0; i < 100000; i++) {
		snprintf(host, sizeof(host), "10.%u.%u.%u", i / 65536, i / 256 % 256, i % 256);
		sip_guard_refused(g, at(host), SIP_REFUSED_STRANGER, 12000);
	}
	assert_in_range(line_count, 2, 2 + LOG_LINES_S * BURST_S);
	found = 0;
	sip_guard_each(g, find_real, NULL);
	assert_int_equal(found, 6);
	sip_guard_free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rates),
		cmocka_unit_test(test_total),
		cmocka_unit_test(test_ban),
		cmocka_unit_test(test_refusals),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
