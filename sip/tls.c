#include "sip/tls.h"

#include "sip/address.h"
#include "sip/tls_impl.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sip_tls {
	struct sip_tls_keys *keys;
	gnutls_session_t session;
	bool client;
	char domain[SIP_HOST_MAX];
	const char *input;
	size_t input_len;
	sip_tls_send_fn *send;
	void *arg;
	struct sip_names proved;
	char why[SIP_TLS_WHY];
};

__attribute__((format(printf, 2, 3))) static int fail(struct sip_tls *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(t->why, sizeof(t->why), fmt, ap);
	va_end(ap);
	return -EPROTO;
}

/* --- GnuTLS's side of the transport --- */

static ssize_t pull(gnutls_transport_ptr_t arg, void *out, size_t size)
{
	struct sip_tls *t = arg;

	if (t->input_len == 0) {
		gnutls_transport_set_errno(t->session, EAGAIN);
		return -1;
	}
	if (size > t->input_len)
		size = t->input_len;
	memcpy(out, t->input, size);
	t->input += size;
	t->input_len -= size;
	return (ssize_t)size;
}

static ssize_t push(gnutls_transport_ptr_t arg, const void *data, size_t len)
{
	struct sip_tls *t = arg;

	if (t->send(t->arg, data, len) == 0)
		return (ssize_t)len;
	gnutls_transport_set_errno(t->session, EPIPE);
	return -1;
}

/* Only asked with a time-out, which is never set: nothing here waits. */
static int pull_timeout(gnutls_transport_ptr_t arg, unsigned ms)
{
	struct sip_tls *t = arg;

	return t->input_len > 0;
}

/* --- sessions --- */

int sip_tls_new(struct sip_tls **out, struct sip_tls_keys *keys, const char *domain,
		sip_tls_send_fn *send, void *arg)
{
	struct sip_tls *t = calloc(1, sizeof(*t));
	struct sockaddr_storage literal;

	*out = NULL;
	if (t == NULL)
		return -ENOMEM;
	t->keys = sip_tls_keys_hold(keys);
	t->client = domain != NULL;
	t->send = send;
	t->arg = arg;
	if (gnutls_init(&t->session, GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL |
					     (t->client ? GNUTLS_CLIENT : GNUTLS_SERVER)) < 0) {
		sip_tls_keys_release(t->keys);
		free(t);
		return -ENOMEM;
	}
	if (sip_tls_keys_use(keys, t->session, t->client) < 0) {
		sip_tls_free(t);
		return -ENOMEM;
	}
	gnutls_transport_set_ptr(t->session, t);
	gnutls_transport_set_pull_function(t->session, pull);
	gnutls_transport_set_push_function(t->session, push);
	gnutls_transport_set_pull_timeout_function(t->session, pull_timeout);
	if (domain != NULL) {
		snprintf(t->domain, sizeof(t->domain), "%s", domain);
		/* RFC 6066 3: an address is no server name. */
		if (!sip_addr_parse(&literal, domain, 0))
			gnutls_server_name_set(t->session, GNUTLS_NAME_DNS, domain, strlen(domain));
	}
	*out = t;
	return 0;
}

void sip_tls_free(struct sip_tls *t)
{
	if (t == NULL)
		return;
	gnutls_deinit(t->session);
	sip_tls_keys_release(t->keys);
	free(t);
}

void sip_tls_feed(struct sip_tls *t, const void *data, size_t len)
{
	t->input = data;
	t->input_len = len;
}

/* --- the far side's certificate --- */

static const char *date_text(time_t when, char out[32])
{
	struct tm tm;

	if (when == (time_t)-1 || gmtime_r(&when, &tm) == NULL ||
	    strftime(out, 32, "%Y-%m-%d %H:%M UTC", &tm) == 0)
		snprintf(out, 32, "an unknown day");
	return out;
}

static int fail_verification(struct sip_tls *t, unsigned status, gnutls_x509_crt_t certificate)
{
	char date[32], issuer[160] = "an unknown issuer";
	size_t len = sizeof(issuer);

	if (status & GNUTLS_CERT_EXPIRED)
		return fail(t,
			    "its certificate expired on %s: it must be renewed there (or this "
			    "machine's clock is wrong)",
			    date_text(gnutls_x509_crt_get_expiration_time(certificate), date));
	if (status & GNUTLS_CERT_NOT_ACTIVATED)
		return fail(t,
			    "its certificate is valid only from %s on: this machine's clock or "
			    "the other's is wrong",
			    date_text(gnutls_x509_crt_get_activation_time(certificate), date));
	if (status & (GNUTLS_CERT_SIGNER_NOT_FOUND | GNUTLS_CERT_SIGNER_NOT_CA)) {
		if (gnutls_x509_crt_get_issuer_dn(certificate, issuer, &len) < 0)
			snprintf(issuer, sizeof(issuer), "an unknown issuer");
		return fail(t,
			    "its certificate is signed by %s, which is not believed: add that "
			    "CA's certificate to %s",
			    issuer, sip_tls_keys_ca(t->keys));
	}
	if (status & GNUTLS_CERT_REVOKED)
		return fail(t, "its certificate was revoked: it needs another one");
	if (status & GNUTLS_CERT_INSECURE_ALGORITHM)
		return fail(t, "its certificate, or one above it, is signed by a weak algorithm: "
			       "it must be issued anew with SHA-256 or better");
	return fail(t, "its certificate is not valid (%#x): it must be issued anew", status);
}

static gnutls_x509_crt_t far_certificate(struct sip_tls *t)
{
	unsigned count = 0;
	const gnutls_datum_t *list = gnutls_certificate_get_peers(t->session, &count);
	gnutls_x509_crt_t certificate;

	if (list == NULL || count == 0 || gnutls_x509_crt_init(&certificate) < 0)
		return NULL;
	if (gnutls_x509_crt_import(certificate, &list[0], GNUTLS_X509_FMT_DER) == 0)
		return certificate;
	gnutls_x509_crt_deinit(certificate);
	return NULL;
}

static int check_far(struct sip_tls *t)
{
	gnutls_x509_crt_t certificate = far_certificate(t);
	unsigned status = 0;
	char names[200];
	int r = 0;

	if (certificate == NULL) {
		if (t->client || sip_tls_keys_want_client(t->keys))
			return fail(t,
				    "it has no certificate: it must be given one, signed by a "
				    "CA in %s",
				    sip_tls_keys_ca(t->keys));
		return 0;
	}
	if (gnutls_certificate_verify_peers2(t->session, &status) < 0)
		status = GNUTLS_CERT_INVALID;
	if (status != 0)
		r = fail_verification(t, status, certificate);
	else
		sip_names_read(&t->proved, certificate);
	gnutls_x509_crt_deinit(certificate);
	if (r == 0 && t->client && !sip_names_prove(&t->proved, t->domain))
		return fail(t,
			    "its certificate is for %s and not for %s: set tls_name to what it "
			    "is for, or have it issued for %s",
			    sip_names_text(&t->proved, names, sizeof(names)), t->domain, t->domain);
	/* A client that need not prove anything and fails to is a stranger, no more. */
	return t->client || sip_tls_keys_want_client(t->keys) ? r : 0;
}

/* --- handshake and octets --- */

static int fail_alert(struct sip_tls *t)
{
	gnutls_alert_description_t alert = gnutls_alert_get(t->session);
	const char *name = gnutls_alert_get_name(alert);

	switch (alert) {
	case GNUTLS_A_UNKNOWN_CA:
		return fail(t, "it does not believe the CA of our certificate: give it that CA's "
			       "certificate");
	case GNUTLS_A_CERTIFICATE_EXPIRED:
		return fail(t, "it says our certificate has expired: renew it and reload");
	case GNUTLS_A_CERTIFICATE_REQUIRED:
		return fail(t, "it wants a certificate of ours: set certificate and key");
	case GNUTLS_A_BAD_CERTIFICATE:
	case GNUTLS_A_CERTIFICATE_UNKNOWN:
	case GNUTLS_A_UNSUPPORTED_CERTIFICATE:
	case GNUTLS_A_ACCESS_DENIED:
		return fail(t,
			    "it refused our certificate (%s): it must be issued for the name it "
			    "expects and by a CA it believes",
			    name);
	case GNUTLS_A_PROTOCOL_VERSION:
	case GNUTLS_A_HANDSHAKE_FAILURE:
	case GNUTLS_A_INSUFFICIENT_SECURITY:
		return fail(t,
			    "it has no version or cipher in common with us (%s): it must be "
			    "brought to TLS 1.2 with ECDHE and AES-GCM, or to TLS 1.3",
			    name);
	default: return fail(t, "it ended the handshake: %s", name != NULL ? name : "no reason");
	}
}

static int fail_gnutls(struct sip_tls *t, int r)
{
	switch (r) {
	case GNUTLS_E_FATAL_ALERT_RECEIVED: return fail_alert(t);
	case GNUTLS_E_UNSUPPORTED_VERSION_PACKET:
	case GNUTLS_E_NO_CIPHER_SUITES:
	case GNUTLS_E_INSUFFICIENT_CREDENTIALS:
		return fail(t,
			    "no version or cipher in common (%s): it must be brought to TLS 1.2 "
			    "with ECDHE and AES-GCM, or to TLS 1.3",
			    gnutls_strerror(r));
	case GNUTLS_E_NO_CERTIFICATE_FOUND:
	case GNUTLS_E_CERTIFICATE_REQUIRED:
		return fail(t, "it has no certificate: it must be given one, signed by a CA in %s",
			    sip_tls_keys_ca(t->keys));
	case GNUTLS_E_UNEXPECTED_PACKET_LENGTH:
	case GNUTLS_E_UNEXPECTED_PACKET:
	case GNUTLS_E_RECORD_OVERFLOW:
		return fail(t, "what it sends is no TLS: does it speak plain TCP to this port?");
	case GNUTLS_E_PREMATURE_TERMINATION: return fail(t, "it closed in the middle");
	default: return fail(t, "%s", gnutls_strerror(r));
	}
}

int sip_tls_handshake(struct sip_tls *t)
{
	int r;

	do
		r = gnutls_handshake(t->session);
	while (r == GNUTLS_E_INTERRUPTED || r == GNUTLS_E_WARNING_ALERT_RECEIVED);
	if (r == GNUTLS_E_AGAIN)
		return -EAGAIN;
	if (r < 0) {
		gnutls_alert_send_appropriate(t->session, r);
		return fail_gnutls(t, r);
	}
	r = check_far(t);
	if (r < 0)
		gnutls_alert_send(t->session, GNUTLS_AL_FATAL, GNUTLS_A_BAD_CERTIFICATE);
	return r;
}

ssize_t sip_tls_read(struct sip_tls *t, void *out, size_t size)
{
	ssize_t n;

	/* Session tickets and the like are not data, and come as GNUTLS_E_AGAIN too. */
	do
		n = gnutls_record_recv(t->session, out, size);
	while (n == GNUTLS_E_INTERRUPTED || n == GNUTLS_E_WARNING_ALERT_RECEIVED ||
	       (n == GNUTLS_E_AGAIN && t->input_len > 0));
	if (n >= 0)
		return n;
	if (n == GNUTLS_E_AGAIN)
		return -EAGAIN;
	/* Asked to negotiate again (TLS 1.2): no, and that is an error, not a loop. */
	return n == GNUTLS_E_PREMATURE_TERMINATION ? 0 : fail_gnutls(t, (int)n);
}

int sip_tls_write(struct sip_tls *t, const void *data, size_t len)
{
	const char *at = data;

	while (len > 0) {
		ssize_t n = gnutls_record_send(t->session, at, len);
		if (n == GNUTLS_E_INTERRUPTED)
			continue;
		if (n <= 0)
			return fail(t, "%s", gnutls_strerror((int)n));
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

void sip_tls_bye(struct sip_tls *t)
{
	gnutls_bye(t->session, GNUTLS_SHUT_WR);
}

const struct sip_names *sip_tls_proved(const struct sip_tls *t)
{
	return &t->proved;
}

const char *sip_tls_why(const struct sip_tls *t)
{
	return t->why;
}

const char *sip_tls_text(const struct sip_tls *t, char *out, size_t out_size)
{
	snprintf(out, out_size, "%s %s",
		 gnutls_protocol_get_name(gnutls_protocol_get_version(t->session)),
		 gnutls_cipher_get_name(gnutls_cipher_get(t->session)));
	return out;
}
