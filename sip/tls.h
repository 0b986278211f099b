/* tls.h - TLS 1.2 and 1.3 over octets that somebody else carries.  Signalling thread.
 *
 * Keys are what the files of the configuration held when they were read; sessions keep the keys
 * they began with, so that a certificate can be renewed under live connections.  Both roles check
 * the other's certificate after the handshake and before the first octet is read: also when the
 * session was resumed.  Every failure is a sentence that names the remedy.
 */
#ifndef SIP_TLS_H
#define SIP_TLS_H

#include "sip/names.h"
#include "sip/tls_conf.h"

#include <sys/types.h>
#include <time.h>

enum { SIP_TLS_WHY = 320 };

struct sip_tls_keys;

/* 0, or -errno with a sentence in err. */
int sip_tls_keys_load(struct sip_tls_keys **out, const struct sip_tls_conf *conf, char *err,
		      size_t err_size);
struct sip_tls_keys *sip_tls_keys_hold(struct sip_tls_keys *k);
void sip_tls_keys_release(struct sip_tls_keys *k); /* the last one frees */
/* When our certificate expires; -1: there is none. */
time_t sip_tls_keys_expiry(const struct sip_tls_keys *k);

struct sip_tls;
/* Carries ciphertext away.  0 or -errno, which ends the session. */
typedef int sip_tls_send_fn(void *arg, const void *data, size_t len);

/* domain: whom the server must prove to be, when we are the client; NULL: we are the server. */
int sip_tls_new(struct sip_tls **out, struct sip_tls_keys *keys, const char *domain,
		sip_tls_send_fn *send, void *arg);
void sip_tls_free(struct sip_tls *t);
/* What came from the far side; lent until the following calls have said -EAGAIN. */
void sip_tls_feed(struct sip_tls *t, const void *data, size_t len);
/* 0: the session is up, both sides checked.  -EAGAIN: more must come.  -EPROTO: sip_tls_why(). */
int sip_tls_handshake(struct sip_tls *t);
/* > 0 octets; 0: the far side is done; -EAGAIN; -EPROTO. */
ssize_t sip_tls_read(struct sip_tls *t, void *out, size_t size);
int sip_tls_write(struct sip_tls *t, const void *data, size_t len); /* all of it, or -EPROTO */
void sip_tls_bye(struct sip_tls *t);                                /* close_notify */
/* What the far side's certificate proves; count 0: it has none, or none that is good. */
const struct sip_names *sip_tls_proved(const struct sip_tls *t);
const char *sip_tls_why(const struct sip_tls *t);
/* "TLS1.3 AES-128-GCM". */
const char *sip_tls_text(const struct sip_tls *t, char *out, size_t out_size);

#endif
