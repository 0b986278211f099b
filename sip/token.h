/* token.h - names nobody can guess, and hashes nobody can steer.  Signalling thread.
 *
 * Tags, branches and Call-IDs come from getrandom(): whoever guesses them can end a call or answer
 * in another's name.  The hash is SipHash-2-4: branches and tags in a table are chosen by the far
 * side, and with a known hash it could put them all into one bucket.
 */
#ifndef SIP_TOKEN_H
#define SIP_TOKEN_H

#include <stddef.h>
#include <stdint.h>

enum { SIP_TOKEN_SIZE = 25 }; /* 96 bits as 24 hexadecimal digits, and a NUL */

struct sip_hash_key {
	uint64_t k[2];
};

void sip_random(void *out, size_t len); /* len up to 256 */
char *sip_token(char out[SIP_TOKEN_SIZE]);

uint64_t sip_hash64(const struct sip_hash_key *key, const void *data, size_t len);
/* What uthash's ..._BYHASHVALUE macros want. */
static inline unsigned sip_hash(const struct sip_hash_key *key, const void *data, size_t len)
{
	return (unsigned)sip_hash64(key, data, len);
}

#endif
