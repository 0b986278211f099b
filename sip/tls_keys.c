/* tls_keys.c - certificate, key and CAs from their files; see tls.h. */
#include "sip/tls_impl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* TLS 1.2 and 1.3, keys exchanged with forward secrecy, ciphers that authenticate: what RFC 9325
 * 4.1, 4.2 ask for. */
static const char priority[] =
	"SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-DHE-RSA:-CIPHER-ALL:+AES-256-GCM:"
	"+CHACHA20-POLY1305:+AES-128-GCM:-SIGN-RSA-SHA1:-SIGN-ECDSA-SHA1:%SAFE_RENEGOTIATION";

struct sip_tls_keys {
	unsigned users;
	struct sip_tls_conf conf;
	gnutls_certificate_credentials_t credentials;
	gnutls_priority_t priorities;
	gnutls_datum_t
		tickets; /* a new key each load: a ticket does not outlive its certificates */
	time_t expiry;
};

struct sip_tls_keys *sip_tls_keys_hold(struct sip_tls_keys *k)
{
	k->users++;
	return k;
}

void sip_tls_keys_release(struct sip_tls_keys *k)
{
	if (k == NULL || --k->users > 0)
		return;
	gnutls_free(k->tickets.data);
	if (k->priorities != NULL)
		gnutls_priority_deinit(k->priorities);
	if (k->credentials != NULL)
		gnutls_certificate_free_credentials(k->credentials);
	free(k);
}

/* GnuTLS says "Error while reading file." to whatever was wrong with it. */
static int check_readable(const char *what, const char *path, char *err, size_t err_size)
{
	if (access(path, R_OK) == 0)
		return 0;
	int r = -errno;
	snprintf(err, err_size, "%s %s: %s: %s", what, path, strerror(-r),
		 r == -EACCES ? "let the user who runs the gateway read it" : "write where it is");
	return r;
}

static int load_own(struct sip_tls_keys *k, char *err, size_t err_size)
{
	const struct sip_tls_conf *c = &k->conf;
	int r = check_readable("certificate", c->certificate, err, err_size);

	if (r == 0)
		r = check_readable("key", c->key, err, err_size);
	if (r < 0)
		return r;
	r = gnutls_certificate_set_x509_key_file(k->credentials, c->certificate, c->key,
						 GNUTLS_X509_FMT_PEM);
	if (r == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
		snprintf(err, err_size,
			 "key %s is not that of certificate %s, the first in its "
			 "file: give the two that were made together",
			 c->key, c->certificate);
	else if (r < 0)
		snprintf(err, err_size,
			 "certificate %s, key %s: %s: two files in PEM, the key "
			 "without a password, are expected",
			 c->certificate, c->key, gnutls_strerror(r));
	return r < 0 ? -EINVAL : 0;
}

static int load_cas(struct sip_tls_keys *k, char *err, size_t err_size)
{
	if (k->conf.ca[0] == '\0') {
		gnutls_certificate_set_x509_system_trust(k->credentials);
		return 0;
	}
	int r = check_readable("ca", k->conf.ca, err, err_size);
	if (r < 0)
		return r;
	r = gnutls_certificate_set_x509_trust_file(k->credentials, k->conf.ca, GNUTLS_X509_FMT_PEM);
	if (r > 0)
		return 0;
	snprintf(err, err_size, "ca %s: %s: certificates in PEM are expected", k->conf.ca,
		 r < 0 ? gnutls_strerror(r) : "no certificate in it");
	return -EINVAL;
}

static void note_expiry(struct sip_tls_keys *k)
{
	gnutls_x509_crt_t *list = NULL;
	unsigned count = 0;

	k->expiry = -1;
	if (gnutls_certificate_get_x509_crt(k->credentials, 0, &list, &count) < 0)
		return;
	for (unsigned i = 0; i < count; i++) {
		time_t t = gnutls_x509_crt_get_expiration_time(list[i]);
		if (k->expiry == -1 || t < k->expiry)
			k->expiry = t;
		gnutls_x509_crt_deinit(list[i]);
	}
	gnutls_free(list);
}

int sip_tls_keys_load(struct sip_tls_keys **out, const struct sip_tls_conf *conf, char *err,
		      size_t err_size)
{
	struct sip_tls_keys *k = calloc(1, sizeof(*k));
	int r = -ENOMEM;

	*out = NULL;
	snprintf(err, err_size, "out of memory");
	if (k == NULL)
		return r;
	k->users = 1;
	k->conf = *conf;
	k->expiry = -1;
	if (gnutls_certificate_allocate_credentials(&k->credentials) < 0 ||
	    gnutls_priority_init(&k->priorities, priority, NULL) < 0 ||
	    gnutls_session_ticket_key_generate(&k->tickets) < 0)
		goto fail;
	r = load_cas(k, err, err_size);
	if (r == 0 && conf->certificate[0] != '\0')
		r = load_own(k, err, err_size);
	if (r < 0)
		goto fail;
	if (conf->certificate[0] != '\0')
		note_expiry(k);
	*out = k;
	return 0;
fail:
	sip_tls_keys_release(k);
	return r;
}

time_t sip_tls_keys_expiry(const struct sip_tls_keys *k)
{
	return k->expiry;
}

int sip_tls_keys_use(struct sip_tls_keys *k, gnutls_session_t session, bool client)
{
	if (gnutls_priority_set(session, k->priorities) < 0 ||
	    gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, k->credentials) < 0)
		return -ENOMEM;
	if (client)
		return 0;
	/* Who need not prove anything may: a peer is known by its certificate from anywhere. */
	gnutls_certificate_server_set_request(session, k->conf.verify_client ? GNUTLS_CERT_REQUIRE
									     : GNUTLS_CERT_REQUEST);
	return gnutls_session_ticket_enable_server(session, &k->tickets) < 0 ? -ENOMEM : 0;
}

bool sip_tls_keys_want_client(const struct sip_tls_keys *k)
{
	return k->conf.verify_client;
}

const char *sip_tls_keys_ca(const struct sip_tls_keys *k)
{
	return k->conf.ca[0] != '\0' ? k->conf.ca : "the system's certificates";
}
