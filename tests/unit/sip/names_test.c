/* Whom a certificate speaks for: the rules and examples of RFC 5922 7. */
#include "sip/names.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/sip/certificates.h"

static const struct {
	struct wanted certificate;
	const char *domain;
	bool proved;
} row[] = {
	/* 7.1: the URI counts, and with it DNS names do not */
	{{.uri = {"sip:example.com"}}, "example.com", true},
	{{.uri = {"sip:example.com"}, .dns = {"host.example.com"}}, "host.example.com", false},
	{{.uri = {"sip:example.com", "sip:example.net"}}, "example.net", true},
	{{.uri = {"SIP:Example.COM"}}, "eXample.com", true},
	{{.uri = {"sip:example.com:5061;transport=tls"}}, "example.com", true},
	{{.uri = {"sip:[2001:db8::1]:5061"}}, "[2001:db8::1]", true},
	/* a user names a person, sips and others name no domain: then the DNS name counts */
	{{.uri = {"sip:alice@example.com"}}, "example.com", false},
	{{.uri = {"sip:alice@example.com"}, .dns = {"example.com"}}, "example.com", true},
	{{.uri = {"sips:example.com"}}, "example.com", false},
	{{.uri = {"https://example.com/"}}, "example.com", false},
	{{.uri = {"sip:"}}, "", false},
	{{.dns = {"example.com"}}, "example.com", true},
	{{.dns = {"a.example", "b.example"}}, "b.example", true},
	{{.dns = {"example.com"}}, "example.com.", true},
	/* the common name only without any subjectAltName */
	{{.common_name = "example.com"}, "example.com", true},
	{{.common_name = "example.com", .dns = {"other.example"}}, "example.com", false},
	{{.common_name = "example.com", .uri = {"sip:alice@example.com"}}, "example.com", false},
	{{.common_name = "example.com", .address = "192.0.2.1"}, "example.com", false},
	/* 7.2: whole names, no wildcard, no part of one */
	{{.dns = {"example.com"}}, "sip.example.com", false},
	{{.dns = {"sip.example.com"}}, "example.com", false},
	{{.dns = {"*.example.com"}}, "sip.example.com", false},
	{{.dns = {"*.example.com"}}, "*.example.com", false},
	{{.uri = {"sip:*.example.com"}}, "sip.example.com", false},
	{{.common_name = "*.example.com"}, "sip.example.com", false},
	{{.dns = {"example.com"}}, "", false},
	/* addresses */
	{{.address = "192.0.2.1"}, "192.0.2.1", true},
	{{.address = "192.0.2.1"}, "192.0.2.2", false},
	{{.uri = {"sip:192.0.2.1"}}, "192.0.2.1", true},
};

/* GnuTLS reads names only out of what came in DER. */
static gnutls_x509_crt_t as_received(gnutls_x509_crt_t made)
{
	gnutls_datum_t der;
	gnutls_x509_crt_t crt;

	must(gnutls_x509_crt_export2(made, GNUTLS_X509_FMT_DER, &der));
	must(gnutls_x509_crt_init(&crt));
	must(gnutls_x509_crt_import(crt, &der, GNUTLS_X509_FMT_DER));
	gnutls_free(der.data);
	gnutls_x509_crt_deinit(made);
	return crt;
}

static void test_rules(void **state)
{
	gnutls_x509_privkey_t key = new_key();

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		gnutls_x509_crt_t crt =
			as_received(new_certificate(&row[i].certificate, key, NULL));
		struct sip_names names;
		char text[300];
		sip_names_read(&names, crt);
		if (sip_names_prove(&names, row[i].domain) != row[i].proved)
			fail_msg("row %zu: %s, for %s", i,
				 sip_names_text(&names, text, sizeof(text)), row[i].domain);
		gnutls_x509_crt_deinit(crt);
	}
	gnutls_x509_privkey_deinit(key);
}

static void test_octets_nobody_expects(void **state)
{
	struct sip_names names = {.count = 0};
	char text[300], long_name[SIP_HOST_MAX + 1];

	add(&names, "example.com\0.evil.example", 25);
	assert_int_equal(names.count, 0);
	memset(long_name, 'a', sizeof(long_name));
	add(&names, long_name, sizeof(long_name));
	assert_int_equal(names.count, 0);
	assert_string_equal(sip_names_text(&names, text, sizeof(text)), "nobody");
	for (unsigned i = 0; i < 2 * SIP_NAMES_MAX; i++)
		add(&names, "a.example", 9);
	assert_int_equal(names.count, SIP_NAMES_MAX);
	add_uri(&names, "sip:[::1", 8);
	add_address(&names, (const unsigned char *)"abc", 3);
	assert_false(sip_names_prove(NULL, "a"));
	assert_true(strlen(sip_names_text(&names, text, 20)) < 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_octets_nobody_expects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
