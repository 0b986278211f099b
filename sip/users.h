/* users.h - those who prove who they are by password: phones, and peers without a fixed address.
 * Signalling thread.  Of a password only its HA1 stays, one for each algorithm that is offered.
 */
#ifndef SIP_USERS_H
#define SIP_USERS_H

#include "sip/agent.h"
#include "sip/digest.h"
#include "sip/nonce.h"

#include <uthash.h>

struct sip_binding;

struct sip_user {
	UT_hash_handle hh;
	char name[SIP_LOGIN_USER_MAX];
	char peer[SIP_NAME_MAX]; /* whose rules and limits are the user's */
	unsigned calls_max;
	char ha1[SIP_DIGEST_COUNT][SIP_DIGEST_TEXT]; /* "" = not known */
	struct sip_binding *bindings; /* registrar.h; the newest first */
	unsigned binding_count;
	bool kept; /* the new configuration has it as well */
};

struct sip_users {
	struct sip_user *table;
	struct sip_hash_key key;
	struct sip_user nobody; /* what an unknown name is measured by */
	struct sip_nonces nonces;
	char realm[SIP_REALM_MAX];
	enum sip_digest_algorithm digest[SIP_DIGEST_COUNT]; /* offered, in this order */
	unsigned digest_count;
};

void sip_users_init(struct sip_users *u);
/* The users of conf; those that were there before keep their bindings, and those that are no more
 * are handed to gone before they are freed.  0 or -ENOMEM, and nothing has changed. */
int sip_users_configure(struct sip_users *u, const struct sip_agent_conf *conf,
			void (*gone)(void *arg, struct sip_user *user), void *arg);
struct sip_user *sip_users_find(const struct sip_users *u, const char *name, size_t len);

enum sip_proof {
	SIP_PROOF_GOOD,
	SIP_PROOF_NONE,   /* no credentials for our realm */
	SIP_PROOF_STALE,  /* right, or not to be told, but with a nonce that is too old */
	SIP_PROOF_WRONG,  /* and the sender has the address it says */
	SIP_PROOF_REPLAY, /* right, but used before */
};

/* What the credentials of a request are worth; *user only with GOOD.  A name that is not known
 * costs and answers as a wrong password does. */
enum sip_proof sip_users_verify(struct sip_users *u, const struct sip_scan *scan,
				const struct sockaddr *from, uint64_t now_ms,
				struct sip_user **user);

struct sip_challenge {
	const struct sip_scan *scan;
	size_t request_len;
	const struct sockaddr *from;
	uint64_t now_ms;
	const char *tag; /* for To */
	bool stale;
};

/* The 401 that asks for a password.  Made from the scan alone and remembered nowhere; never longer
 * than the request, for which weaker algorithms are left away.  Its length, or 0: there can be no
 * answer, or it is an ACK or CANCEL, which is never challenged (RFC 3261 22.1). */
size_t sip_users_challenge(struct sip_users *u, const struct sip_challenge *c, char *out,
			   size_t size);

#endif
