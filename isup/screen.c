/* screen.c - messages libpri 1.6.0 must not see.
 *
 * It works on whatever record the call reference leads to and makes one where there is none, so:
 * - A call on the global reference lives outside its bookkeeping: no loss of the link ends it.
 * - RESTART or SERVICE on a call's reference turns that call's record into something else.
 * - Some messages for a call it does not know leave a new record behind, one for each reference.
 * - SERVICE without a status, or with one of which it knows nothing, it answers with the same.
 * - One QSIG operation makes it free the record it works on, or hang up a good call.
 * - A path replacement it passes on to the call that a transfer was last asked with, though that
 *   one may be gone.
 * - A SETUP whose flag says that we began the call begins one; a call reference that is too long is
 *   acted upon; a STATUS "null" for no call is answered.  Q.931 5.8 wants the three ignored.
 * Q.931 5.8.3.2 lets the first three be answered by STATUS or RELEASE COMPLETE; passing over them
 * is safe too, as no state of ours depends on them.  What it ignores itself is kept from it as
 * well, so that it is counted: torn messages, NOTIFY about nothing.
 */
#include "isup/q931.h"
#include "isup/trunk_internal.h"

enum { QSIG_PATH_REPLACEMENT = 4 /* ECMA-176 */, QSIG_CC_EXEC_POSSIBLE = 29 /* ECMA-186 */ };

static bool about_interface(const struct q931_message *m)
{
	return m->discriminator != Q931_PD || m->type == Q931_RESTART ||
	       m->type == Q931_RESTART_ACK;
}

/* Whether it says in service, maintenance or out of service: continuity checks and the like are
 * not made here. */
static bool status_is_odd(const struct q931_message *m)
{
	struct q931_ie ie;
	bool ack;

	return q931_service(m, &ack) &&
	       (!q931_find(m, SERVICE_IE_STATUS, &ie) || ie.len < 1 || (ie.data[0] & 0x0f) > 2);
}

/* Those that mean nothing without a call, and that libpri does not refuse. */
static bool needs_call(uint8_t type)
{
	switch (type) {
	case Q931_FACILITY:
	case Q931_NOTIFY:
	case Q931_HOLD:
	case Q931_HOLD_ACK:
	case Q931_HOLD_REJECT:
	case Q931_RETRIEVE:
	case Q931_RETRIEVE_ACK:
	case Q931_RETRIEVE_REJECT: return true;
	default: return false;
	}
}

static bool invokes(const struct q931_message *m, unsigned operation)
{
	struct q931_walk w;
	struct q931_ie ie;

	q931_walk_start(&w, m);
	while (q931_walk_next(&w, &ie))
		if (ie.id == Q931_IE_FACILITY && q931_facility_invokes(&ie, operation))
			return true;
	return false;
}

static bool is_fatal_in_qsig(const struct isup_trunk *t, const struct q931_message *m)
{
	if (t->conf.switch_type != ISUP_QSIG)
		return false;
	const struct isup_call *c = trunk_call_named(t, m->call_reference, !m->to_originator);
	return (m->type != Q931_SETUP && invokes(m, QSIG_CC_EXEC_POSSIBLE)) ||
	       (c != NULL && c->transfers_with == NULL && invokes(m, QSIG_PATH_REPLACEMENT));
}

static bool is_torn(const struct q931_message *m)
{
	struct q931_walk w;
	struct q931_ie ie;

	q931_walk_start(&w, m);
	while (q931_walk_next(&w, &ie))
		;
	return w.torn;
}

/* 5.8.11: the far side has no such call either. */
static bool says_null(const struct q931_message *m)
{
	struct q931_ie ie;

	return m->type == Q931_STATUS && q931_find(m, Q931_IE_CALL_STATE, &ie) && ie.len > 0 &&
	       (ie.data[0] & 0x3f) == 0;
}

/* Of a call's own messages: those that mean nothing, 5.8.3.2 and 5.8.6.1. */
static bool is_void(const struct q931_message *m)
{
	struct q931_ie ie;

	return (m->type == Q931_SETUP && m->to_originator) ||
	       (m->type == Q931_NOTIFY && !q931_find(m, Q931_IE_NOTIFICATION, &ie));
}

bool screen_forbids(const struct isup_trunk *t, const struct q931_message *m)
{
	if (m->reference_len == 0)
		return true; /* the dummy reference: services that are not used here */
	if (is_torn(m))
		return true;
	if (m->call_reference == 0)
		return (!about_interface(m) && m->type != Q931_STATUS) || status_is_odd(m);
	if (about_interface(m) || is_void(m) ||
	    ((needs_call(m->type) || says_null(m)) &&
	     trunk_call_named(t, m->call_reference, !m->to_originator) == NULL))
		return true;
	return is_fatal_in_qsig(t, m);
}
