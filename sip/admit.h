/* admit.h - who sent a request, and whether it is heard at all.  Signalling thread.
 *
 *   datagram ---> peer's address? --yes--------------------------------------------> parsed
 *                      | no: a stranger
 *                      v
 *                 users exist, not banned, within its rate? --no--> dropped          sip_admit_datagram
 *                      | yes: scanned
 *                      v
 *                 credentials, or in a call from its own address? --no--> 401        sip_admit_scan
 *                      | yes: parsed                                 (made from the scan)
 *                      v
 *                 password right, not replayed --no--> 401                           sip_admit
 *                      | yes
 *                      v
 *                 its user's peer
 *
 * Nothing of a stranger is kept, and it gets one answer at most for each request, no longer than
 * that was.
 */
#ifndef SIP_ADMIT_H
#define SIP_ADMIT_H

#include "sip/agent_impl.h"

/* Whether what an address that is no peer's sent shall be looked at. */
bool sip_admit_datagram(struct sip_agent *a, const struct sockaddr *from, size_t len);
/* Whether a scanned request is worth parsing; else it was answered or dropped. */
bool sip_admit_scan(struct sip_agent *a, struct sip_incoming *in);
/* Finds in->peer and in->user of a request that starts something: not an ACK, nor one that comes
 * again.  False: it was answered or dropped. */
bool sip_admit(struct sip_agent *a, struct sip_incoming *in);
/* The dialog that the request is in; NULL: there is none, or it is somebody else's. */
struct sip_dialog *sip_admit_dialog(struct sip_agent *a, const struct sip_incoming *in);
/* Whether a request that belongs to s by its branch comes from where s was made. */
bool sip_admit_server(struct sip_agent *a, const struct sip_incoming *in,
		      const struct sip_server *s);

/* Whether strangers are asked for a password. */
bool sip_agent_challenges(const struct sip_agent *a);
void sip_agent_refused(struct sip_agent *a, const struct sockaddr *from, enum sip_refusal why);

#endif
