#include "sip/digest.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct sip_text text(const char *s)
{
	return (struct sip_text){s, strlen(s)};
}

static void expect(struct sip_text t, const char *want)
{
	assert_int_equal(t.len, strlen(want));
	assert_memory_equal(t.at, want, t.len);
}

/* RFC 7616 3.9.1, both algorithms of it; the response is in the header. */
static void test_rfc7616_examples(void **state)
{
	static const struct {
		const char *header;
		enum sip_digest_algorithm algorithm;
	} cases[] = {
		{"Digest username=\"Mufasa\", realm=\"http-auth@example.org\", "
		 "uri=\"/dir/index.html\", algorithm=MD5, "
		 "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", nc=00000001, "
		 "cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", qop=auth, "
		 "response=\"8ca523f5e9506fed4657c9700eebdbec\", "
		 "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"",
		 SIP_MD5},
		{"Digest username=\"Mufasa\", realm=\"http-auth@example.org\", "
		 "uri=\"/dir/index.html\", algorithm=SHA-256, "
		 "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", nc=00000001, "
		 "cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", qop=auth, "
		 "response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\", "
		 "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"",
		 SIP_SHA_256},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char ha1[SIP_DIGEST_TEXT], response[SIP_DIGEST_TEXT];
		struct sip_digest d;
		assert_int_equal(sip_digest_parse(&d, text(cases[i].header)), 0);
		assert_int_equal(d.algorithm, cases[i].algorithm);
		assert_true(d.has_qop && d.qop_auth && !d.session);
		expect(d.opaque, "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS");
		sip_digest_ha1(d.algorithm, "Mufasa", "http-auth@example.org", "Circle of Life",
			       ha1);
		sip_digest_response(&d, ha1, text("GET"), response);
		assert_true(sip_digest_equal(response, d.response));
		sip_digest_response(&d, ha1, text("PUT"), response);
		assert_false(sip_digest_equal(response, d.response));
	}
}

/* FIPS 180-4's SHA-512/256 of "abc", by way of HA1 of nothing but colons; and RFC 2617's own
 * example without qop, the oldest form there is. */
static void test_other_forms(void **state)
{
	char ha1[SIP_DIGEST_TEXT], response[SIP_DIGEST_TEXT];
	struct sip_digest d;
	struct hash h;

	hash_init(&h, SIP_SHA_512_256);
	hash_text(&h, "abc");
	hash_end(&h, ha1);
	assert_string_equal(ha1,
			    "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23");
	assert_int_equal(
		sip_digest_parse(&d,
				 text("Digest realm=\"testrealm@host.com\",uri=\"/dir/index.html\","
				      "nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\"")),
		0);
	assert_int_equal(d.algorithm, SIP_MD5);
	sip_digest_ha1(SIP_MD5, "Mufasa", "testrealm@host.com", "Circle Of Life", ha1);
	assert_string_equal(ha1, "939e7578ed9e3c518a452acee763bce9");
	sip_digest_response(&d, ha1, text("GET"), response);
	assert_string_equal(response, "670fd8c2df070c60b045671b8b24ff02");
}

static void test_session(void **state)
{
	char ha1[SIP_DIGEST_TEXT], plain[SIP_DIGEST_TEXT], session[SIP_DIGEST_TEXT];
	struct sip_digest d;

	assert_int_equal(
		sip_digest_parse(&d, text("digest realm=\"a\",nonce=\"n\",uri=\"sip:a\","
					  "cnonce=\"c\",nc=00000001,qop=\"auth-int, auth\","
					  "algorithm=md5-SESS")),
		0);
	assert_true(d.session && d.qop_auth);
	assert_int_equal(d.algorithm, SIP_MD5);
	sip_digest_ha1(SIP_MD5, "u", "a", "p", ha1);
	sip_digest_response(&d, ha1, text("BYE"), session);
	d.session = false;
	sip_digest_response(&d, ha1, text("BYE"), plain);
	assert_string_not_equal(session, plain);
}

static void test_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"Basic realm=\"a\", nonce=\"b\"",
		"Digest",
		"Digest realm=\"a\"",
		"Digest nonce=\"a\"",
		"Digest realm=\"a, nonce=\"b\"",
		"Digest realm=\"a\" nonce=\"b\"",
		"Digest realm=\"a\", nonce=\"b\", realm=\"c\"",
		"Digest realm=\"a\", nonce=\"b",
		"Digest realm=\"a\", nonce=\"b\\",
		"Digest realm=\"a\", nonce=\"b\", =c",
		"Digest realm=\"a\", nonce",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct sip_digest d;
		/* Exactly so long, so that a look past the end shows. */
		char *copy = malloc(strlen(bad[i]) + 1);
		memcpy(copy, bad[i], strlen(bad[i]));
		struct sip_text t = {copy, strlen(bad[i])};
		assert_int_equal(sip_digest_parse(&d, t), -EBADMSG);
		free(copy);
	}
}

static void test_accepted(void **state)
{
	struct sip_digest d;

	assert_int_equal(sip_digest_parse(&d, text("Digest  realm = \"a \\\"b\\\"\" ,, nonce=n,"
						   "stale=TRUE, new=\"thing\", algorithm=SHA-3")),
			 0);
	expect(d.realm, "a \\\"b\\\"");
	expect(d.nonce, "n");
	assert_true(d.stale);
	assert_false(d.has_qop);
	assert_int_equal(d.algorithm, SIP_DIGEST_COUNT);
	assert_int_equal(
		sip_digest_parse(&d, text("Digest realm=\"\",nonce=\"\",qop=\"auth-int\"")), 0);
	assert_true(d.has_qop && !d.qop_auth);
}

static void test_count(void **state)
{
	uint32_t n;

	assert_true(sip_digest_count(text("0000001a"), &n) && n == 26);
	assert_true(sip_digest_count(text("FFFFFFFF"), &n) && n == UINT32_MAX);
	assert_false(sip_digest_count(text("1"), &n));
	assert_false(sip_digest_count(text("0000000g"), &n));
	assert_false(sip_digest_count(text("000000001"), &n));
}

static void test_equal(void **state)
{
	assert_true(sip_digest_equal("00ff", text("00FF")));
	assert_false(sip_digest_equal("00ff", text("00fe")));
	assert_false(sip_digest_equal("00ff", text("00f")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc7616_examples),
		cmocka_unit_test(test_other_forms),
		cmocka_unit_test(test_session),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_count),
		cmocka_unit_test(test_equal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
