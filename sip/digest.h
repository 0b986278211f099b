/* digest.h - Digest as SIP uses it: RFC 7616, RFC 8760, RFC 3261 22.4.  Any thread; no memory.
 *
 * One struct for what a challenge says and for what credentials say; its texts are lent by the
 * header they were read from.  Hashes are lower-case hexadecimal.
 */
#ifndef SIP_DIGEST_H
#define SIP_DIGEST_H

#include "sip/prescan.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sip_digest_algorithm { /* the strongest first */
			    SIP_SHA_512_256,
			    SIP_SHA_256,
			    SIP_MD5,
			    SIP_DIGEST_COUNT,
};

enum { SIP_DIGEST_TEXT = 65 /* the longest hash, and a NUL */ };

struct sip_digest {
	struct sip_text realm, nonce, opaque; /* quotes taken off, escapes left as they are */
	struct sip_text username, uri, response, cnonce, nc;
	enum sip_digest_algorithm algorithm; /* SIP_DIGEST_COUNT: one we do not know */
	bool session;                        /* "-sess" */
	bool has_qop, qop_auth;              /* there is a qop; "auth" is in it */
	bool stale;
};

/* A value of Authorization, WWW-Authenticate and their Proxy- kin.  0, or -EBADMSG: another
 * scheme, no realm or nonce, or not to be read.  A parameter given twice is bad: two readers could
 * believe different ones. */
int sip_digest_parse(struct sip_digest *out, struct sip_text value);

const char *sip_digest_name(enum sip_digest_algorithm a); /* "SHA-256" */
size_t sip_digest_length(enum sip_digest_algorithm a);    /* of the text */

void sip_digest_ha1(enum sip_digest_algorithm a, const char *user, const char *realm,
		    const char *password, char out[SIP_DIGEST_TEXT]);
/* The response that d's nonce, nc, cnonce, qop and uri ask for. */
void sip_digest_response(const struct sip_digest *d, const char *ha1, struct sip_text method,
			 char out[SIP_DIGEST_TEXT]);
/* In a time that does not tell where they differ. */
bool sip_digest_equal(const char *expected, struct sip_text given);
/* nc is eight hexadecimal digits.  False: it is not. */
bool sip_digest_count(struct sip_text nc, uint32_t *out);

#endif
