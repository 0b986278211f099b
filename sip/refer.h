/* refer.h - what a transfer says: Refer-To (RFC 3515), Replaces (RFC 3891), Referred-By (RFC 3892).
 * Any thread; any octets are legal. */
#ifndef SIP_REFER_H
#define SIP_REFER_H

#include <stdbool.h>

enum { SIP_REPLACES_MAX = 400, SIP_REPLACES_TAG_MAX = 96, SIP_REFERRED_BY_MAX = 400 };

struct sip_replaces {
	char call_id[SIP_REPLACES_MAX]; /* "" = nothing is replaced */
	char to_tag[SIP_REPLACES_TAG_MAX];   /* of whoever gets the header: our tag */
	char from_tag[SIP_REPLACES_TAG_MAX]; /* of the other end of that dialog */
	bool early_only;
	char text[SIP_REPLACES_MAX]; /* the whole value, to be handed on */
};

/* False: not a Replaces. */
bool sip_replaces_parse(struct sip_replaces *out, const char *value);

#endif
