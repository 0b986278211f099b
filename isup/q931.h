/* q931.h - looking into one D-channel frame.  Pure functions, any thread, any octets are legal.
 *
 * libpri does the protocol.  This is for what it does not tell (the location of a cause), for
 * frames it must not see, and for showing frames to people.  No name here may be one of libpri's own
 * q931_ functions: it would be called in their place.
 */
#ifndef ISUP_Q931_H
#define ISUP_Q931_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { Q931_PD = 0x08, SERVICE_PD_ATT = 0x03, SERVICE_PD_NATIONAL = 0x43 };

enum q931_type {
	Q931_ALERTING = 0x01,
	Q931_CALL_PROCEEDING = 0x02,
	Q931_PROGRESS = 0x03,
	Q931_SETUP = 0x05,
	Q931_CONNECT = 0x07,
	Q931_SETUP_ACK = 0x0d,
	Q931_CONNECT_ACK = 0x0f,
	Q931_DISCONNECT = 0x45,
	Q931_RESTART = 0x46,
	Q931_RELEASE = 0x4d,
	Q931_RESTART_ACK = 0x4e,
	Q931_RELEASE_COMPLETE = 0x5a,
	Q931_FACILITY = 0x62,
	Q931_NOTIFY = 0x6e,
	Q931_HOLD = 0x24,
	Q931_HOLD_ACK = 0x28,
	Q931_HOLD_REJECT = 0x30,
	Q931_RETRIEVE = 0x31,
	Q931_RETRIEVE_ACK = 0x33,
	Q931_RETRIEVE_REJECT = 0x37,
	Q931_INFORMATION = 0x7b,
	Q931_STATUS = 0x7d,
};

enum q931_ie_id {
	SERVICE_IE_STATUS = 0x01, /* Change Status; only where the discriminator is SERVICE's */
	Q931_IE_BEARER = 0x04,
	Q931_IE_CAUSE = 0x08,
	Q931_IE_CALL_STATE = 0x14,
	Q931_IE_CHANNEL = 0x18,
	Q931_IE_FACILITY = 0x1c,
	Q931_IE_PROGRESS = 0x1e,
	Q931_IE_NOTIFICATION = 0x27,
	Q931_IE_DISPLAY = 0x28,
	Q931_IE_CALLING = 0x6c,
	Q931_IE_CALLING_SUB = 0x6d,
	Q931_IE_CALLED = 0x70,
	Q931_IE_CALLED_SUB = 0x71,
	Q931_IE_RESTART = 0x79,
	Q931_IE_LOW_LAYER = 0x7c,
	Q931_IE_HIGH_LAYER = 0x7d,
	Q931_IE_USER_USER = 0x7e,
	ATT_IE_LINE_INFORMATION = 0x01, /* codeset 6, TR 41459: originating line information */
};

enum q931_progress { Q931_PROGRESS_INBAND = 8 };

struct q931_message {
	size_t at; /* where in the frame it starts */
	uint8_t discriminator;
	uint8_t type;
	uint8_t reference_len;   /* 0: the dummy call reference, 4.3 */
	uint16_t call_reference; /* without the flag */
	bool to_originator;      /* call reference flag: sent to the side that chose the value */
	const uint8_t *ies;      /* into the frame */
	size_t ies_len;
};

struct q931_ie {
	uint8_t codeset;
	uint8_t id; /* single-octet elements: the whole octet */
	const uint8_t *data;
	size_t len;
};

struct q931_walk {
	const uint8_t *at, *end;
	uint8_t locked, next; /* codesets, Q.931 4.5.3 */
	bool torn; /* an element is longer than what is left of the message */
};

/* Where the information field of an I or UI frame begins; 0: another frame, or it is empty. */
size_t q931_content_at(const uint8_t *frame, size_t len);
/* The Q.931 or SERVICE message in an I or UI frame; false if the frame carries none. */
bool q931_parse(struct q931_message *m, const uint8_t *frame, size_t len);

void q931_walk_start(struct q931_walk *w, const struct q931_message *m);
bool q931_walk_next(struct q931_walk *w, struct q931_ie *ie); /* false at the end or a torn one */
/* The first element of codeset 0 with this id. */
bool q931_find(const struct q931_message *m, uint8_t id, struct q931_ie *ie);

/* Cause value and location; false if the element does not hold them. */
bool q931_cause(const struct q931_ie *ie, int *value, int *location);

/* Whether a Progress indicator of the message (there may be two) has this description. */
bool q931_progress(const struct q931_message *m, enum q931_progress description);
/* A SERVICE message (*ack: or the answer to one), of whichever dialect. */
bool q931_service(const struct q931_message *m, bool *ack);

/* Whether a Facility element invokes this local ROSE operation (or OID ending in it). */
bool q931_facility_invokes(const struct q931_ie *ie, unsigned operation);

#endif
