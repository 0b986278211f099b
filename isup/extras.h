/* extras.h - elements of a call's messages that libpri neither writes nor reads.
 *
 * Out: what is to go with a kind of message of a call is kept with the call until its end, and put
 * into the frame when libpri hands it over, as often as it makes a new frame of that message (T303,
 * T308).  A frame that LAPD repeats carries the octets it had the first time, whatever has changed
 * since: the last frames are kept by their N(S), one more than may be unacknowledged (Q.921 5.9.5).
 *
 * In: what a message says, read before libpri sees it.
 */
#ifndef ISUP_EXTRAS_H
#define ISUP_EXTRAS_H

#include "isup/bearer.h"
#include "isup/elements.h"
#include "isup/trunk.h"

struct q931_message;

enum extras_kind {
	EXTRAS_SETUP,
	EXTRAS_ALERTING,
	EXTRAS_CONNECT,
	EXTRAS_CLEARING, /* the first of DISCONNECT, RELEASE, RELEASE COMPLETE */
	EXTRAS_COUNT
};

enum { EXTRAS_WINDOW = 8 }; /* power of two, more than k = 7 */

struct extras { /* of a call; made when it first needs one */
	struct elements of[EXTRAS_COUNT];
	uint8_t cleared_by; /* which message EXTRAS_CLEARING goes with; 0 = none yet */
};

struct extras_sent { /* an I-frame as it went out */
	bool known, changed;
	uint8_t ns;
	size_t len; /* of octets, which follow the control field */
	uint8_t octets[ISUP_FRAME_MAX];
};

/* 0, -ENOMEM or -EMSGSIZE. */
int extras_set(struct isup_call *c, enum extras_kind kind, const struct element *e);
/* All that SETUP takes along. */
int extras_set_purpose(struct isup_call *c, const struct isup_purpose *s);
/* What isup_call_user_data() left goes with this message. */
void extras_take_user_data(struct isup_call *c, enum extras_kind kind);
void extras_free(struct isup_call *c);

/* A frame on its way out: what goes in its place is in out, its length is returned; 0: it is right
 * as it is. */
size_t extras_frame(struct isup_trunk *t, uint8_t out[ISUP_FRAME_MAX], const uint8_t *frame,
		    size_t len);

/* User-user that this event brings, lent; NULL = none. */
const struct isup_user_data *extras_user_data(const struct isup_call *c, enum isup_event_kind kind);
/* What a message says; all of *out is set. */
void extras_read(struct isup_purpose *out, const struct q931_message *m);

#endif
