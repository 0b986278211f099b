/* names.h - the SIP domains a certificate speaks for: RFC 5922 7.1, 7.2.
 *
 * A subjectAltName of the form sip:DOMAIN, without a user, names a domain.  Only where there is
 * none does a DNS name, and only where there is no subjectAltName at all the common name.  Names
 * are compared whole: a wildcard matches nothing, for it would let the holder of a certificate
 * for one host speak for every domain beneath.  An address literal is matched by sip:ADDRESS or
 * an iPAddress; the standard knows domains only, but sites without DNS exist.
 *
 * Whether the certificate itself is good is tls.h's matter.  Any thread; no state.
 */
#ifndef SIP_NAMES_H
#define SIP_NAMES_H

#include "sip/target.h"

#include <gnutls/x509.h>

enum { SIP_NAMES_MAX = 16 };

struct sip_names {
	char name[SIP_NAMES_MAX][SIP_HOST_MAX];
	unsigned count;
};

void sip_names_read(struct sip_names *out, gnutls_x509_crt_t certificate);
bool sip_names_prove(const struct sip_names *n, const char *domain);
/* "a.example, b.example", for people. */
const char *sip_names_text(const struct sip_names *n, char *out, size_t out_size);

#endif
