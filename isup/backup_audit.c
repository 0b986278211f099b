/* backup_audit.c - after a switch of D-channel, what each side said last may not have arrived.
 *
 * The far side is asked about each call (STATUS ENQUIRY, Q.931 5.8.10): one that knows a call no
 * more says so, and libpri ends it here.  Calls whose number was under way are ended, cause 41:
 * digits may be missing or come twice (5.8.8 ends them as well when the data link is reset).
 */
#include "isup/q931.h"
#include "isup/trunk_internal.h"

enum { STATUS_ENQUIRY = 0x75, REFERENCE_OCTETS = 2, TO_ORIGINATOR = 0x80 };

static void enquire(struct isup_trunk *t, const struct isup_call *c)
{
	int low = 0, high = pri_get_crv(t->pri, c->pri, &low);
	unsigned reference = (unsigned)high << 3 | (unsigned)low;
	const uint8_t message[] = {
		Q931_PD,
		REFERENCE_OCTETS,
		(uint8_t)((c->incoming ? TO_ORIGINATOR : 0) | (reference >> 8 & 0x7f)),
		(uint8_t)reference,
		STATUS_ENQUIRY,
	};

	t->counts.audits_asked++;
	backup_message(t, message, sizeof(message));
}

void backup_audit(struct isup_trunk *t)
{
	trunk_enter(t);
	for (struct isup_call *c = t->calls; c != NULL; c = c->next) {
		if (c->state == CALL_DEAD || c->pri == NULL || c->state == CALL_INITIATED ||
		    c->state == CALL_PRESENT)
			continue; /* SETUP is repeated, or not answered yet */
		if (c->state != CALL_OVERLAP_SENDING && c->state != CALL_OVERLAP_RECEIVING)
			enquire(t, c);
	}
	trunk_call_end_overlap(t);
	trunk_leave(t);
}
