#include "sip/nonce.c"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct sockaddr *at(const char *host)
{
	static struct sockaddr_in in;

	in = (struct sockaddr_in){.sin_family = AF_INET};
	inet_pton(AF_INET, host, &in.sin_addr);
	return (struct sockaddr *)&in;
}

static struct sip_text text(const char *s)
{
	return (struct sip_text){s, strlen(s)};
}

static struct sip_nonces *fresh(void)
{
	struct sip_nonces *n = malloc(sizeof(*n));

	sip_nonces_init(n);
	return n;
}

static void test_life(void **state)
{
	struct sip_nonces *n = fresh();
	struct sip_nonce got;
	char nonce[SIP_NONCE_TEXT];

	sip_nonce_make(n, at("192.0.2.1"), 5000, nonce);
	assert_int_equal(sip_nonce_check(n, text(nonce), at("192.0.2.1"), 5000, &got),
			 SIP_NONCE_FRESH);
	assert_int_equal(got.issued_s, 5);
	assert_int_equal(sip_nonce_check(n, text(nonce), at("192.0.2.1"), 305999, &got),
			 SIP_NONCE_FRESH);
	assert_int_equal(sip_nonce_check(n, text(nonce), at("192.0.2.1"), 306000, &got),
			 SIP_NONCE_STALE);
	assert_int_equal(sip_nonce_check(n, text(nonce), at("192.0.2.2"), 5000, &got),
			 SIP_NONCE_FOREIGN);
	free(n);
}

static void test_forged(void **state)
{
	struct sip_nonces *n = fresh(), *other = fresh();
	struct sip_nonce got;
	char nonce[SIP_NONCE_TEXT];

	sip_nonce_make(n, at("192.0.2.1"), 5000, nonce);
	assert_int_equal(sip_nonce_check(other, text(nonce), at("192.0.2.1"), 5000, &got),
			 SIP_NONCE_FOREIGN);
	for (unsigned i = 0; i < SIP_NONCE_TEXT - 1; i++) {
		char was = nonce[i];
		nonce[i] = was == 'A' ? 'B' : 'A';
		assert_int_equal(sip_nonce_check(n, text(nonce), at("192.0.2.1"), 5000, &got),
				 SIP_NONCE_FOREIGN);
		nonce[i] = was;
	}
	assert_int_equal(sip_nonce_check(n, text(""), at("192.0.2.1"), 5000, &got),
			 SIP_NONCE_FOREIGN);
	assert_int_equal(sip_nonce_check(n, text("================================"),
					 at("192.0.2.1"), 5000, &got),
			 SIP_NONCE_FOREIGN);
	free(n);
	free(other);
}

static void test_replay(void **state)
{
	struct sip_nonces *n = fresh();
	struct sip_nonce a = {.id = 1, .issued_s = 9},
			 b = {.id = 1 + SIP_NONCE_SETS, .issued_s = 9};

	assert_true(sip_nonce_use(n, &a, 1));
	assert_false(sip_nonce_use(n, &a, 1));
	assert_true(sip_nonce_use(n, &a, 3)); /* overtook 2 on the way */
	assert_true(sip_nonce_use(n, &a, 2));
	assert_false(sip_nonce_use(n, &a, 2));
	assert_false(sip_nonce_use(n, &a, 3));
	assert_true(sip_nonce_use(n, &a, 100));
	assert_false(sip_nonce_use(n, &a, 3)); /* behind the window */
	assert_true(sip_nonce_use(n, &a, 37));
	assert_false(sip_nonce_use(n, &a, 36));
	assert_true(sip_nonce_use(n, &b, 1));
	free(n);
}

/* A set overflows: what was pushed out cannot be used again, what is newer can. */
static void test_full(void **state)
{
	struct sip_nonces *n = fresh();

	for (uint32_t i = 0; i < SIP_NONCE_WAYS + 1; i++) {
		struct sip_nonce one = {.id = 5 + (uint64_t)i * SIP_NONCE_SETS,
					.issued_s = 100 + i};
		assert_true(sip_nonce_use(n, &one, 1));
	}
	struct sip_nonce gone = {.id = 5, .issued_s = 100};
	assert_false(sip_nonce_use(n, &gone, 1));
	assert_false(sip_nonce_use(n, &gone, 2));
	struct sip_nonce newer = {.id = 5 + 50ull * SIP_NONCE_SETS, .issued_s = 101};
	assert_true(sip_nonce_use(n, &newer, 1));
	free(n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_life),
		cmocka_unit_test(test_forged),
		cmocka_unit_test(test_replay),
		cmocka_unit_test(test_full),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
