/* guard.h - what strangers may ask of us, and the table of what was refused.  Signalling thread.
 *
 * Two tables of fixed size, both in sets found by a keyed hash, so that nobody can aim at a set:
 *
 *   sources    an address, and its /24 (IPv4; of IPv6 the /64 and its /48): tokens, wrong
 *              passwords, until when it is banned.  The one unused for longest makes room, one
 *              that is banned last of all.
 *   refusals   an address and a reason: how often, since when, when last.  The rarest makes room,
 *              so that a million forged addresses cannot push out the one that really tries.
 *
 * A refusal is one line of the log, which fail2ban can read; conf/fail2ban has the filter.  At most
 * one in LOG_EVERY_MS for each address and reason, and LOG_LINES_S a second altogether.
 */
#ifndef SIP_GUARD_H
#define SIP_GUARD_H

#include "sip/token.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

enum sip_refusal {
	SIP_REFUSED_STRANGER,  /* no peer and no user, and no word about it */
	SIP_REFUSED_UNASKED,   /* challenged: it brought no credentials */
	SIP_REFUSED_PASSWORD,  /* wrong password, or a user we do not have */
	SIP_REFUSED_REPLAY,    /* credentials that were used before */
	SIP_REFUSED_RATE,      /* more requests than guard.rate lets through */
	SIP_REFUSED_BANNED,    /* too many wrong passwords before */
	SIP_REFUSED_MALFORMED, /* not SIP, or not all of it */
	SIP_REFUSED_DIALOG,    /* a request in a call of somebody else */
	SIP_REFUSED_NAME,      /* registers or calls as somebody else */
	SIP_REFUSED_CALLS,     /* more calls than the peer or user may have */
	SIP_REFUSAL_COUNT,
};

struct sip_guard_conf {
	unsigned rate;         /* requests a second from one stranger's address */
	unsigned prefix_rate;  /* from its network */
	unsigned total_rate;   /* from all of them */
	unsigned ban_failures; /* wrong passwords ... */
	unsigned ban_ms;       /* ... within this time ban an address for as long; 0 = never */
};

struct sip_refused {
	struct sockaddr_storage addr; /* ss_family AF_UNSPEC: free */
	enum sip_refusal reason;
	uint64_t count, first_ms, last_ms; /* loop time */
	uint64_t logged_ms, told;          /* count when it was logged last */
};

struct sip_bucket { /* zeroed = full */
	uint64_t at_ms;
	uint32_t milli; /* tokens, in thousandths */
};

/* A token of `rate` a second, of which four seconds' worth may be taken at once.  False: none. */
bool sip_bucket_take(struct sip_bucket *b, unsigned rate, uint64_t now_ms);

struct sip_guard;

int sip_guard_new(struct sip_guard **out, const struct sip_guard_conf *conf);
void sip_guard_free(struct sip_guard *g);
void sip_guard_reconfigure(struct sip_guard *g, const struct sip_guard_conf *conf);

/* Whether a request of a stranger may be looked at; takes a token.  False with *why. */
bool sip_guard_admits(struct sip_guard *g, const struct sockaddr *from, uint64_t now_ms,
		      enum sip_refusal *why);
/* A wrong password from an address that is proven to be the sender's. */
void sip_guard_failed(struct sip_guard *g, const struct sockaddr *from, uint64_t now_ms);
void sip_guard_refused(struct sip_guard *g, const struct sockaddr *from, enum sip_refusal why,
		       uint64_t now_ms);
/* The refusals, fn for each; in no order. */
void sip_guard_each(const struct sip_guard *g, void (*fn)(void *arg, const struct sip_refused *r),
		    void *arg);
const char *sip_refusal_text(enum sip_refusal why);

#endif
