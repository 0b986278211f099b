/* login.h - who we are to a peer that asks, and what it asked: digest as client, RFC 3261 22.
 *
 * A login belongs to a peer and is held by the transactions that may have to use it, for they can
 * outlive the peer.  What a realm asked last is remembered and answered unasked from then on, with
 * its nonce counted (RFC 7616 3.4), so that a call costs one challenge and not one for each
 * request.  Signalling thread.  No password is kept: it becomes HA1 when it is needed, and that
 * lives here only.
 */
#ifndef SIP_LOGIN_H
#define SIP_LOGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sip_draft;
struct sip_incoming;
struct sip_login;

enum {
	SIP_LOGIN_USER_MAX = 64,
	SIP_PASSWORD_MAX = 128,
	SIP_HA1_MAX = 65,
	SIP_REALMS_MAX = 4, /* remembered at once: proxies on the way, and the far end */
};

struct sip_login_conf {
	char username[SIP_LOGIN_USER_MAX]; /* "" = none: challenges are final */
	char password[SIP_PASSWORD_MAX];   /* "" with ha1 */
	char ha1[SIP_HA1_MAX];             /* its length tells the algorithm: MD5 or SHA-256 */
};

/* What one request, sent again or not, was asked so far. */
struct sip_asked {
	unsigned rounds;
	unsigned realms; /* bit n: entry n was answered because it had been asked for */
};

int sip_login_new(struct sip_login **out, const struct sip_login_conf *conf);
struct sip_login *sip_login_hold(struct sip_login *l); /* NULL stays NULL */
void sip_login_release(struct sip_login *l);           /* the last one frees it */

/* The challenges of a 401 or 407.  True: there is one that we can answer and that our last answer
 * was not refused for; a stale nonce is no refusal. */
bool sip_login_learn(struct sip_login *l, struct sip_asked *asked, const struct sip_incoming *in);
/* Puts credentials into the request for each realm that is known.  0 or -ENOMEM. */
int sip_login_sign(struct sip_login *l, struct sip_draft *draft);

#endif
