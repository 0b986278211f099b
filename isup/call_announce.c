/* call_announce.c - clearing with a tone or an announcement of ours: Q.931 5.3.4.1.
 *
 * DISCONNECT says by progress indicator 8 that there is something to hear.  The far side hears it
 * to the end and then releases the call, or T306 does.  libpri sends RELEASE after a DISCONNECT
 * only when its T305 ends: that is made as long as T306 for this call, which Q.931 has in its
 * place.
 */
#include "isup/cause.h"
#include "isup/q931.h"
#include "isup/trunk_internal.h"

enum { LOCATION = 0x81, DESCRIPTION = 0x88 }; /* private network serving the local user; 8 */

/* libpri's own sends RELEASE at the same time; trunk_call_mend_release() gives it the cause. */
static void on_t306(void *arg)
{
	struct isup_call *c = arg;

	trunk_call_set_state(c, CALL_CLEARING);
	trunk_call_start_guard(c);
}

/* Of the network (5.3.4), and in QSIG of either side; while somebody listens: who called us, or who
 * is in a call.  The others are causes for which libpri sends RELEASE or RELEASE COMPLETE. */
static bool may_announce(const struct isup_call *c, int cause)
{
	const struct isup_trunk *t = c->trunk;
	bool listens = c->state == CALL_ACTIVE || c->state == CALL_PRESENT ||
		       c->state == CALL_OVERLAP_RECEIVING || c->state == CALL_IN_PROCEEDING ||
		       c->state == CALL_RECEIVED;

	return listens && t->up && t->conf.early_audio != ISUP_EARLY_NEVER &&
	       (t->conf.side == ISUP_NETWORK || t->conf.switch_type == ISUP_QSIG) && cause > 0 &&
	       cause < 128 && cause != Q850_CHANNEL_UNACCEPTABLE && cause != 7 && cause != 26 &&
	       cause != 81;
}

bool isup_call_clear_inband(struct isup_call *c, int q850_cause, unsigned most_ms)
{
	static const uint8_t inband[] = {LOCATION, DESCRIPTION};
	const struct element e = {ELEMENT_PUT, 0, Q931_IE_PROGRESS, inband, sizeof(inband)};
	struct isup_trunk *t = c->trunk;
	unsigned t306_ms = timer_ms(t->conf.t306_ms, T306_MS);

	if (most_ms != 0 && most_ms < t306_ms)
		t306_ms = most_ms;
	if (!may_announce(c, q850_cause) || extras_set(c, EXTRAS_CLEARING, &e) < 0)
		return false;
	isup_call_proceeding(c); /* it names the slot to listen to */
	trunk_enter(t);
	c->by_us = true;
	c->line_cause = q850_cause;
	trunk_call_note_cause(c, q850_cause);
	extras_take_user_data(c, EXTRAS_CLEARING);
	trunk_call_set_state(c, CALL_DISCONNECTED);
	timer_start(t->loop, &c->timer, t306_ms, on_t306, c);
	pri_set_timer(t->pri, PRI_TIMER_T305, (int)t306_ms);
	pri_hangup(t->pri, c->pri, q850_cause);
	pri_set_timer(t->pri, PRI_TIMER_T305, (int)timer_ms(t->conf.t305_ms, T305_MS));
	trunk_leave(t);
	return true;
}
