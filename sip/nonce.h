/* nonce.h - nonces that need no memory, and the little that keeps them from being replayed.
 *
 *   nonce = base64( issue time (4) | random (8) | HMAC-SHA-256(key, both | address) (12) )
 *
 * Whoever sends one back has received our challenge at that address, so a wrong password can be
 * laid to it.  A nonce is remembered from its first good answer on, with the counts used under it
 * (RFC 7616 3.3 nc, a window as in RFC 4303 3.4.3): strangers can fill nothing.  When a set of the
 * table is full its oldest nonce goes, and no nonce issued before that one is taken as new any more:
 * its owner is asked again, and nothing can be replayed.  Signalling thread.
 */
#ifndef SIP_NONCE_H
#define SIP_NONCE_H

#include "sip/prescan.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

enum {
	SIP_NONCE_TEXT = 33, /* with its NUL */
	SIP_NONCE_LIFE_S = 300,
	SIP_NONCE_SETS = 512,
	SIP_NONCE_WAYS = 8,
};

struct sip_nonce {
	uint64_t id;
	uint32_t issued_s;
};

struct sip_nonce_used {
	uint64_t id; /* 0 = free */
	uint64_t window; /* bit n: count top - n was used */
	uint32_t top, issued_s;
};

struct sip_nonces {
	uint8_t key[32];
	struct sip_nonce_set {
		struct sip_nonce_used used[SIP_NONCE_WAYS];
		uint32_t floor_s; /* nonces issued until then are not taken as new */
	} set[SIP_NONCE_SETS];
};

enum sip_nonce_verdict {
	SIP_NONCE_FRESH,
	SIP_NONCE_STALE,   /* ours, but too old or made for another address */
	SIP_NONCE_FOREIGN, /* not ours, or from before a restart */
};

void sip_nonces_init(struct sip_nonces *n);
void sip_nonce_make(struct sip_nonces *n, const struct sockaddr *from, uint64_t now_ms,
		    char out[SIP_NONCE_TEXT]);
enum sip_nonce_verdict sip_nonce_check(const struct sip_nonces *n, struct sip_text text,
				       const struct sockaddr *from, uint64_t now_ms,
				       struct sip_nonce *out);
/* After the response was found right: whether this count is used for the first time. */
bool sip_nonce_use(struct sip_nonces *n, const struct sip_nonce *nonce, uint32_t count);

#endif
