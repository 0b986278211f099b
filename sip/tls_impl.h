/* tls_impl.h - what tls.c asks of tls_keys.c; not for other files. */
#ifndef SIP_TLS_IMPL_H
#define SIP_TLS_IMPL_H

#include "sip/tls.h"

#include <gnutls/gnutls.h>

int sip_tls_keys_use(struct sip_tls_keys *k, gnutls_session_t session, bool client);
bool sip_tls_keys_want_client(const struct sip_tls_keys *k);
const char *sip_tls_keys_ca(const struct sip_tls_keys *k); /* for people: which file */

#endif
