/* registration.h - we register with a proxy or carrier: RFC 3261 10.2, RFC 6140 for all numbers of a
 * trunk at once.  Signalling thread.
 *
 *   WAITING --timer--> TRYING --200--> REGISTERED --timer--> TRYING ...
 *                        |--423: once more at once, for Min-Expires
 *                        |--anything else, or nothing--> WAITING, longer each time
 *   any --sip_registration_end--> ENDING (unregisters, once) --> gone
 *
 * After a failure it waits as RFC 5626 4.5 has it: 30 s, doubled with each one up to 30 min, of which
 * half to all by chance, so that a thousand gateways do not come back in one second.
 */
#ifndef SIP_REGISTRATION_H
#define SIP_REGISTRATION_H

#include "sip/agent.h"

enum sip_registration_state {
	SIP_REG_WAITING,
	SIP_REG_TRYING,
	SIP_REG_REGISTERED,
	SIP_REG_ENDING,
};

struct sip_peer;
struct sip_registration;

/* The registrations that the peers want: new ones are begun, a few at a time; those that are wanted
 * no more, or otherwise, unregister. */
void sip_registrations_sync(struct sip_agent *a);
/* All unregister; sip_registrations_idle() says when they are done. */
void sip_registrations_end(struct sip_agent *a);
bool sip_registrations_idle(const struct sip_agent *a);
void sip_registrations_free(struct sip_agent *a);

/* The route to the peer that its registrar gave for this number, or for the trunk (RFC 3608); NULL:
 * none. */
const char *sip_registration_route(const struct sip_agent *a, const char *peer,
				   const char *number);

#endif
