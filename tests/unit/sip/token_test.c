#include "sip/token.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

/* The vectors of the paper on SipHash-2-4 (key 00..0f, message 00..0e) and its reference code. */
static void test_siphash_vectors(void **state)
{
	const struct sip_hash_key key = {{0x0706050403020100u, 0x0f0e0d0c0b0a0908u}};
	unsigned char message[16];

	for (unsigned i = 0; i < sizeof(message); i++)
		message[i] = (unsigned char)i;
	assert_true(sip_hash64(&key, message, 15) == 0xa129ca6149be45e5u);
	assert_true(sip_hash64(&key, message, 0) == 0x726fdb47dd0e0e31u);
	assert_true(sip_hash64(&key, message, 8) == 0x93f5f5799a932462u);
}

static void test_key_matters(void **state)
{
	const struct sip_hash_key a = {{1, 2}}, b = {{1, 3}};

	assert_true(sip_hash64(&a, "x", 1) != sip_hash64(&b, "x", 1));
}

static void test_tokens_differ(void **state)
{
	char tokens[64][SIP_TOKEN_SIZE];

	for (unsigned i = 0; i < 64; i++) {
		sip_token(tokens[i]);
		assert_int_equal(strlen(tokens[i]), SIP_TOKEN_SIZE - 1);
		assert_int_equal(strspn(tokens[i], "0123456789abcdef"), SIP_TOKEN_SIZE - 1);
		for (unsigned j = 0; j < i; j++)
			assert_string_not_equal(tokens[i], tokens[j]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_siphash_vectors),
		cmocka_unit_test(test_key_matters),
		cmocka_unit_test(test_tokens_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
