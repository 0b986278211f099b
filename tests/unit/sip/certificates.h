/* Certificates for tests, made on the spot: a CA and what it signs, in PEM files of a folder of their
 * own. */
#ifndef TESTS_SIP_CERTIFICATES_H
#define TESTS_SIP_CERTIFICATES_H

#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct issuer {
	gnutls_x509_privkey_t key;
	gnutls_x509_crt_t crt;
};

struct wanted {
	const char *common_name;
	const char *uri[3], *dns[3], *address; /* subjectAltName */
	long from_s, until_s;                  /* from now; 0, 0: valid for an hour */
};

static char certificates_dir[64];

static inline void certificates_begin(void)
{
	snprintf(certificates_dir, sizeof(certificates_dir), "/tmp/tandem-test-XXXXXX");
	if (mkdtemp(certificates_dir) == NULL)
		abort();
}

static inline void certificates_end(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -r '%s'", certificates_dir);
	if (system(command) != 0)
		abort();
}

static inline const char *certificates_path(const char *name)
{
	static char text[4][256];
	static unsigned next;
	char *out = text[next++ % 4];

	snprintf(out, sizeof(text[0]), "%s/%s", certificates_dir, name);
	return out;
}

static inline void must(int r)
{
	if (r >= 0)
		return;
	fprintf(stderr, "%s\n", gnutls_strerror(r));
	abort();
}

static inline void write_pem(const char *name, const gnutls_datum_t *pem)
{
	FILE *f = fopen(certificates_path(name), "w");

	if (f == NULL || fwrite(pem->data, 1, pem->size, f) != pem->size || fclose(f) != 0)
		abort();
}

static inline gnutls_x509_privkey_t new_key(void)
{
	gnutls_x509_privkey_t key;

	must(gnutls_x509_privkey_init(&key));
	must(gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
					  GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0));
	return key;
}

static inline void set_names(gnutls_x509_crt_t crt, const struct wanted *w)
{
	static const unsigned flags = GNUTLS_FSAN_APPEND;

	if (w->common_name != NULL)
		must(gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0,
						   w->common_name,
						   (unsigned)strlen(w->common_name)));
	for (unsigned i = 0; i < 3 && w->uri[i] != NULL; i++)
		must(gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_URI, w->uri[i],
							  (unsigned)strlen(w->uri[i]), flags));
	for (unsigned i = 0; i < 3 && w->dns[i] != NULL; i++)
		must(gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME, w->dns[i],
							  (unsigned)strlen(w->dns[i]), flags));
	if (w->address != NULL) { /* four octets */
		unsigned a, b, c, d;
		if (sscanf(w->address, "%u.%u.%u.%u", &a, &b, &c, &d) != 4)
			abort();
		const unsigned char octets[4] = {(unsigned char)a, (unsigned char)b,
						 (unsigned char)c, (unsigned char)d};
		must(gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_IPADDRESS, octets, 4,
							  flags));
	}
}

/* ca NULL: it signs itself and may sign others. */
static inline gnutls_x509_crt_t new_certificate(const struct wanted *w, gnutls_x509_privkey_t key,
						const struct issuer *ca)
{
	static unsigned char serial;
	gnutls_x509_crt_t crt;
	time_t now = time(NULL);

	must(gnutls_x509_crt_init(&crt));
	must(gnutls_x509_crt_set_version(crt, 3));
	serial++;
	must(gnutls_x509_crt_set_serial(crt, &serial, 1));
	must(gnutls_x509_crt_set_activation_time(crt, now + w->from_s - 60));
	must(gnutls_x509_crt_set_expiration_time(crt, now + (w->until_s != 0 ? w->until_s : 3600)));
	must(gnutls_x509_crt_set_key(crt, key));
	must(gnutls_x509_crt_set_basic_constraints(crt, ca == NULL, -1));
	if (ca == NULL)
		must(gnutls_x509_crt_set_key_usage(crt, GNUTLS_KEY_KEY_CERT_SIGN));
	set_names(crt, w);
	must(gnutls_x509_crt_sign2(crt, ca != NULL ? ca->crt : crt, ca != NULL ? ca->key : key,
				   GNUTLS_DIG_SHA256, 0));
	return crt;
}

static inline struct issuer issuer_new(const char *name, const char *file)
{
	const struct wanted w = {.common_name = name};
	struct issuer ca = {.key = new_key()};
	gnutls_datum_t pem;

	ca.crt = new_certificate(&w, ca.key, NULL);
	must(gnutls_x509_crt_export2(ca.crt, GNUTLS_X509_FMT_PEM, &pem));
	write_pem(file, &pem);
	gnutls_free(pem.data);
	return ca;
}

static inline void issuer_free(struct issuer *ca)
{
	gnutls_x509_crt_deinit(ca->crt);
	gnutls_x509_privkey_deinit(ca->key);
}

/* NAME.crt and NAME.key. */
static inline void issue(const struct issuer *ca, const struct wanted *w, const char *name)
{
	gnutls_x509_privkey_t key = new_key();
	gnutls_x509_crt_t crt = new_certificate(w, key, ca);
	gnutls_datum_t pem;
	char file[64];

	must(gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &pem));
	snprintf(file, sizeof(file), "%s.crt", name);
	write_pem(file, &pem);
	gnutls_free(pem.data);
	must(gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &pem));
	snprintf(file, sizeof(file), "%s.key", name);
	write_pem(file, &pem);
	gnutls_free(pem.data);
	gnutls_x509_crt_deinit(crt);
	gnutls_x509_privkey_deinit(key);
}

#endif
