/* quota.h - how many connections are open from one address and from one network around it: a /24 of
 * IPv4, a /64 of IPv6, which is what one customer gets.  Signalling thread.
 *
 * No more is remembered than there are connections; when all are given back it is empty.
 */
#ifndef SIP_QUOTA_H
#define SIP_QUOTA_H

#include "sip/token.h"

#include <stdbool.h>
#include <sys/socket.h>
#include <uthash.h>

struct sip_quota_entry;

struct sip_quota {
	struct sip_hash_key key; /* so that nobody can choose addresses that collide */
	struct sip_quota_entry *entries;
	unsigned per_address, per_network; /* at most */
};

void sip_quota_init(struct sip_quota *q);
/* Counts one more from that address.  False: it would be too many, or there is no memory. */
bool sip_quota_take(struct sip_quota *q, const struct sockaddr *from);
void sip_quota_give(struct sip_quota *q, const struct sockaddr *from); /* what was taken */

#endif
