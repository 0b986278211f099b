/* extension.h - SIP's extensions by their option tags (RFC 3261 19.2), and methods by Allow.
 * Signalling thread.
 *
 * One list says what we understand: Supported, the check of Require and Unsupported all come from
 * it, so that none of them promises what another denies.
 */
#ifndef SIP_EXTENSION_H
#define SIP_EXTENSION_H

#include "sip/agent.h"
#include "sip/message.h"

#define SIP_ALLOW "INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE"

enum sip_option { /* bits */
	SIP_OPTION_100REL = 1 << 0,      /* RFC 3262 */
	SIP_OPTION_TIMER = 1 << 1,       /* RFC 4028 */
	SIP_OPTION_FROM_CHANGE = 1 << 2, /* RFC 4916 */
	SIP_OPTION_REPLACES = 1 << 3,    /* RFC 3891 */
	SIP_OPTION_NOREFERSUB = 1 << 4,  /* RFC 4488 */
};

/* What we do with this peer. */
unsigned sip_peer_options(const struct sip_peer_conf *peer);
/* The tags we know in every header of that name: "Supported" or "Require". */
unsigned sip_message_options(const osip_message_t *m, const char *name);
/* The tags of Require that are not of `understood`, for Unsupported.  False: there are none. */
bool sip_message_unsupported(const osip_message_t *m, unsigned understood, char *out, size_t size);
/* Whether Allow names the method; without Allow it says nothing: otherwise. */
bool sip_message_allows(const osip_message_t *m, const char *method, bool otherwise);
void sip_draft_supported(struct sip_draft *draft, unsigned options);

#endif
