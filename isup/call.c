/* call.c - one call: its life, its timers, the verbs of trunk.h.
 *
 * What libpri needs to be kept right (each has a test):
 * - It frees records without an event in some states.  trunk_call_sweep() asks after each entry.
 * - Before it has sent anything it clears only for the causes of Q.931 5.3.2 a; for any other it
 *   keeps silent and leaks, so CALL PROCEEDING goes first.
 * - It has no T310, clears with cause 16 and without an event on T313, and forgets the call without
 *   a message when T303 expires the second time, which leaves the far side with a call that nobody
 *   ends if only our side's view was lost.  These three are ours.
 * - After T305 it sends RELEASE with cause 16, whatever DISCONNECT had said (5.3.4).
 * - It lets every verb through in every state: our own state decides what is sent.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "isup/cause.h"
#include "isup/party.h"
#include "isup/q931.h"
#include "isup/trunk_internal.h"

enum { GUARD_MS = 2000 };

static const char *state_name(enum call_state state)
{
	switch (state) {
	case CALL_INITIATED: return "initiated";
	case CALL_OVERLAP_SENDING: return "overlap sending";
	case CALL_OUT_PROCEEDING: return "proceeding";
	case CALL_DELIVERED: return "delivered";
	case CALL_PRESENT: return "present";
	case CALL_RECEIVED: return "alerting";
	case CALL_CONNECT_REQUEST: return "connecting";
	case CALL_IN_PROCEEDING: return "accepted";
	case CALL_ACTIVE: return "active";
	case CALL_CLEAR_INDICATION: return "cleared by far side";
	case CALL_CLEARING: return "clearing";
	case CALL_OVERLAP_RECEIVING: return "overlap receiving";
	case CALL_ANNOUNCING: return "disconnected with announcement";
	case CALL_DISCONNECTED: return "disconnected, announcing";
	case CALL_DEAD: return "gone";
	}
	return "?";
}

void trunk_call_set_state(struct isup_call *c, enum call_state state)
{
	if (log_enabled(LOG_ISUP, LOG_DEBUG))
		log_line(LOG_ISUP, LOG_DEBUG, "%s: %s -> %s", slot_text(c->trunk, c->slot),
			 state_name(c->state), state_name(state));
	c->state = state;
	timer_stop(&c->timer);
}

struct isup_call *trunk_call_find(struct isup_trunk *t, const q931_call *pri)
{
	struct isup_call *c = t->calls;

	while (c != NULL && (c->pri == NULL || c->pri != pri))
		c = c->next;
	return c;
}

/* incoming: the far side chose the reference. */
struct isup_call *trunk_call_named(const struct isup_trunk *t, unsigned reference, bool incoming)
{
	for (struct isup_call *c = t->calls; c != NULL; c = c->next) {
		int low = 0; /* libpri keeps the lowest three bits apart, for GR-303 */
		if (c->pri == NULL || c->incoming != incoming)
			continue;
		int high = pri_get_crv(t->pri, c->pri, &low);
		if (high >= 0 && ((unsigned)high << 3 | (unsigned)low) == reference)
			return c;
	}
	return NULL;
}

void *isup_trunk_frame_user(const struct isup_trunk *t, bool sent, const uint8_t *frame, size_t len)
{
	struct q931_message m;
	const struct isup_call *c = NULL;

	/* The flag says that it goes to the side which chose the reference. */
	if (q931_parse(&m, frame, len) && m.call_reference != 0)
		c = trunk_call_named(t, m.call_reference, m.to_originator == sent);
	return c != NULL ? c->user : NULL;
}

struct isup_call *trunk_call_new(struct isup_trunk *t)
{
	struct isup_call *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->trunk = t;
	c->cause = -1;
	c->next = t->calls;
	t->calls = c;
	t->counts.calls++;
	return c;
}

void trunk_call_free(struct isup_call *c)
{
	struct isup_trunk *t = c->trunk;
	struct isup_call **at = &t->calls;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	t->counts.calls--;
	timer_stop(&c->timer);
	trunk_call_transfer_over(c, false);
	slot_drop(c);
	extras_free(c);
	free(c);
}

/* Whether libpri still has the record; it compares the pointer with those it knows. */
static bool pri_knows(struct isup_trunk *t, q931_call *pri)
{
	int mode;

	t->probing = true;
	bool known = pri_get_crv(t->pri, pri, &mode) >= 0;
	t->probing = false;
	return known;
}

void trunk_call_note_cause(struct isup_call *c, int cause)
{
	if (c->cause < 0)
		c->cause = cause > 0 && cause < 128 ? cause : Q850_NORMAL_UNSPECIFIED;
}

void trunk_call_finish(struct isup_call *c, int far_cause)
{
	struct isup_trunk *t = c->trunk;
	unsigned slot = c->slot;

	if (c->state == CALL_DEAD)
		return;
	trunk_call_transfer_over(c, !c->by_us);
	if (pri_knows(t, c->pri))
		pri_destroycall(t->pri, c->pri);
	c->pri = NULL;
	trunk_call_note_cause(c, far_cause);
	slot_drop(c);
	if (c->state != CALL_CLEARING && c->state != CALL_CLEAR_INDICATION && !c->by_us)
		trunk_tell(c, ISUP_CLEARING);
	c->slot = slot; /* for the last event */
	/* The far side was told nothing, and may never have noticed that the link was gone: RESTART
	 * says so when it is back (Q.931 5.5). */
	if (!t->up && t->was_up && slot != 0)
		restart_begin(t, slot);
	trunk_call_set_state(c, CALL_DEAD);
	trunk_tell(c, ISUP_RELEASED);
}

/* To a DISCONNECT before anything was answered, libpri sends RELEASE COMPLETE by itself, tells
 * nobody and keeps the record for ever. */
void trunk_call_after_disconnect(struct isup_trunk *t)
{
	if (!t->reading_disconnect || !t->reading_accepted)
		return;
	for (struct isup_call *c = t->calls; c != NULL; c = c->next)
		if (c->state == CALL_PRESENT && c->call_reference == t->reading_call) {
			c->location_user = t->reading_location_user;
			trunk_call_finish(c, t->reading_cause);
		}
}

void trunk_call_sweep(struct isup_trunk *t)
{
	int cause = t->reading_cause;

	if (cause == 0)
		cause = t->up ? Q850_NORMAL_UNSPECIFIED : Q850_DESTINATION_OUT_OF_ORDER;
	for (struct isup_call *c = t->calls; c != NULL; c = c->next) {
		if (c->state == CALL_DEAD || pri_knows(t, c->pri))
			continue;
		if (c->cause < 0)
			c->location_user = t->reading_location_user;
		trunk_call_finish(c, cause);
	}
}

/* --- clearing --- */

/* The slot's state at the far side is unknown: T308 expired twice (5.3.3), or libpri has lost the
 * call.  RESTART settles it. */
void trunk_call_finish_unanswered(struct isup_call *c, int cause)
{
	struct isup_trunk *t = c->trunk;
	unsigned slot = c->slot;

	trunk_call_finish(c, cause);
	if (slot == 0)
		return;
	log_line(LOG_ISUP, LOG_WARN, "%s: clearing not answered, slot out of service",
		 slot_text(t, slot));
	t->slots[slot].out_of_service = true;
	restart_begin(t, slot);
}

static void on_guard(void *arg)
{
	struct isup_call *c = arg;
	struct isup_trunk *t = c->trunk;

	trunk_enter(t);
	trunk_call_finish_unanswered(c, Q850_TIMER_EXPIRED);
	trunk_leave(t);
}

/* Only a net: libpri's own T305 and T308 come first. */
void trunk_call_start_guard(struct isup_call *c)
{
	const struct isup_trunk_conf *conf = &c->trunk->conf;
	unsigned ms =
		timer_ms(conf->t305_ms, T305_MS) + 2 * timer_ms(conf->t308_ms, T308_MS) + GUARD_MS;

	timer_start(c->trunk->loop, &c->timer, ms, on_guard, c);
}

void trunk_call_mend_release(const struct isup_trunk *t, uint8_t *frame, size_t len)
{
	struct q931_message m;
	struct q931_ie ie;
	int value, location;

	if (!q931_parse(&m, frame, len) || m.discriminator != Q931_PD || m.type != Q931_RELEASE ||
	    !q931_find(&m, Q931_IE_CAUSE, &ie) || !q931_cause(&ie, &value, &location))
		return;
	const struct isup_call *c = trunk_call_named(t, m.call_reference, m.to_originator);
	if (c != NULL && c->line_cause != 0 && value == Q850_NORMAL_CLEARING) {
		size_t at = (size_t)(ie.data - frame) + ((ie.data[0] & 0x80) == 0 ? 2 : 1);
		frame[at] = (uint8_t)(0x80 | c->line_cause);
	}
}

/* Q.931 5.3.2 a: these refuse a call that nothing was answered to by RELEASE COMPLETE. */
bool trunk_call_cause_refuses(int cause)
{
	return cause == Q850_UNALLOCATED || cause == Q850_NO_CHANNEL ||
	       cause == Q850_CHANNEL_NOT_AVAILABLE || cause == Q850_CHANNEL_NONEXISTENT ||
	       cause == Q850_INCOMPATIBLE_DESTINATION;
}

static void send_clear(struct isup_call *c, int cause)
{
	struct isup_trunk *t = c->trunk;

	/* "Invalid call reference" is never a call's own cause; libpri would send RELEASE COMPLETE.
	 */
	if (cause < 1 || cause > 127 || cause == 81)
		cause = Q850_NORMAL_UNSPECIFIED;
	if (c->state == CALL_PRESENT && !trunk_call_cause_refuses(cause))
		pri_proceeding(t->pri, c->pri, slot_to_pri(t, c->slot), 0);
	extras_take_user_data(c, EXTRAS_CLEARING);
	trunk_call_set_state(c, CALL_CLEARING);
	trunk_call_start_guard(c);
	c->line_cause = cause;
	pri_hangup(t->pri, c->pri, cause);
}

void isup_call_clear(struct isup_call *c, int q850_cause)
{
	if (c->state == CALL_CLEARING || c->state == CALL_DISCONNECTED || c->state == CALL_DEAD)
		return;
	trunk_enter(c->trunk);
	c->by_us = true;
	trunk_call_note_cause(c, q850_cause);
	send_clear(c, q850_cause);
	trunk_leave(c->trunk);
}

void trunk_call_clear_by_trunk(struct isup_call *c, int line_cause, int owner_cause)
{
	trunk_enter(c->trunk);
	trunk_call_note_cause(c, owner_cause);
	trunk_tell(c, ISUP_CLEARING);
	send_clear(c, line_cause);
	trunk_leave(c->trunk);
}

/* 5.1.7 (user) and 5.2.5.3 (network): the called side is told 102 either way, the calling side
 * hears "no user responding" from a network. */
static int no_answer_cause(const struct isup_trunk *t)
{
	return t->conf.side == ISUP_NETWORK ? Q850_NO_USER_RESPONDING : Q850_TIMER_EXPIRED;
}

/* T310, and T303 for the second time. */
void trunk_call_on_no_answer(void *arg)
{
	struct isup_call *c = arg;

	trunk_call_clear_by_trunk(c, Q850_TIMER_EXPIRED, no_answer_cause(c->trunk));
}

static void on_t313(void *arg)
{
	trunk_call_clear_by_trunk(arg, Q850_TIMER_EXPIRED, Q850_TIMER_EXPIRED); /* 5.2.8 */
}

/* --- verbs --- */

/* Octet 3 of Bearer capability, as libpri keeps it of a call: it asks for a transfer only of two
 * whose are the same. */
static int transfer_capability(const struct isup_purpose *p)
{
	enum { CAPABILITY_MASK = 0x1f };
	struct isup_element bearer = p->capability;

	if (bearer.len == 0)
		isup_bearer_write(&bearer, p->bearer);
	return bearer.len != 0 ? bearer.octets[0] & CAPABILITY_MASK : PRI_TRANS_CAP_3_1K_AUDIO;
}

static int setup_send(struct isup_call *c, const struct isup_setup *setup)
{
	struct isup_trunk *t = c->trunk;
	struct pri_party_id caller;
	struct pri_party_redirecting redirecting;
	char digits[ISUP_DIGITS_MAX];
	int r = -ENOMEM;

	struct pri_sr *sr = pri_sr_new();
	if (sr == NULL)
		return -ENOMEM;
	c->pri = pri_new_call(t->pri);
	if (c->pri == NULL)
		goto out;
	memcpy(digits, setup->called.digits, sizeof(digits));
	digits[sizeof(digits) - 1] = '\0';
	party_to_pri(&caller, &setup->calling);
	pri_sr_set_channel(sr, slot_to_pri(t, c->slot), t->conf.channel == ISUP_EXCLUSIVE, 0);
	/* What it does not write as it should, extras.c does in its place. */
	pri_sr_set_bearer(sr, transfer_capability(&setup->purpose), PRI_LAYER_1_ULAW);
	r = extras_set_purpose(c, &setup->purpose);
	if (r < 0)
		goto out;
	pri_sr_set_called(sr, digits, party_plan(&setup->called), setup->complete);
	if (caller.number.valid)
		pri_sr_set_caller_party(sr, &caller);
	if (setup->redirecting.count != 0) {
		party_redirecting_to_pri(&redirecting, &setup->redirecting);
		pri_sr_set_redirecting_parties(sr, &redirecting);
	}
	r = pri_setup(t->pri, c->pri, sr) == 0 ? 0 : -EINVAL;
out:
	pri_sr_free(sr);
	return r;
}

static bool only_line_is_down(const struct isup_trunk *t)
{
	return t->conf.interface_count < 2 && t->line_down[0];
}

int isup_call_start(struct isup_call **out, struct isup_trunk *t, const struct isup_setup *setup,
		    void *user)
{
	*out = NULL;
	if (!t->usable || only_line_is_down(t) || t->flaps || timer_running(&t->settle_timer))
		return -ENETDOWN;
	if (backup_is_congested(t))
		return -EBUSY;
	unsigned slot = slot_pick(t, &setup->avoid);
	if (slot == 0)
		return -EBUSY;
	struct isup_call *c = trunk_call_new(t);
	if (c == NULL)
		return -ENOMEM;
	c->user = user;
	c->called = setup->called;
	c->calling = setup->calling;
	c->complete = setup->complete;
	slot_take(c, slot);

	trunk_enter(t);
	trunk_call_set_state(c, CALL_INITIATED);
	/* libpri repeats SETUP after T303; we are there just before its second time. */
	unsigned t303_ms = timer_ms(t->conf.t303_ms, T303_MS);
	timer_start(t->loop, &c->timer, 2 * t303_ms - t303_ms / 200, trunk_call_on_no_answer, c);
	int r = setup_send(c, setup);
	if (r < 0) {
		if (c->pri != NULL)
			pri_destroycall(t->pri, c->pri);
		trunk_call_free(c);
	} else {
		t->counts.setups_out++;
		t->counts.retries += setup->again;
		*out = c;
	}
	trunk_leave(t);
	return r;
}

void isup_call_bind(struct isup_call *c, void *user)
{
	c->user = user;
}

unsigned isup_call_slot(const struct isup_call *c)
{
	return c->slot;
}

void isup_call_proceeding(struct isup_call *c)
{
	if (c->state != CALL_PRESENT && c->state != CALL_OVERLAP_RECEIVING)
		return;
	trunk_enter(c->trunk);
	trunk_call_set_state(c, CALL_IN_PROCEEDING);
	pri_proceeding(c->trunk->pri, c->pri, slot_to_pri(c->trunk, c->slot), 0);
	trunk_leave(c->trunk);
}

void isup_call_alerting(struct isup_call *c, bool inband)
{
	isup_call_proceeding(c); /* if it was not sent: it names the slot, ALERTING does not */
	if (c->state != CALL_IN_PROCEEDING)
		return;
	trunk_enter(c->trunk);
	trunk_call_set_state(c, CALL_RECEIVED);
	extras_take_user_data(c, EXTRAS_ALERTING);
	pri_acknowledge(c->trunk->pri, c->pri, 0,
			inband && c->trunk->conf.early_audio != ISUP_EARLY_NEVER);
	trunk_leave(c->trunk);
}

void isup_call_progress(struct isup_call *c, bool inband)
{
	isup_call_proceeding(c);
	/* PROGRESS without a progress indicator is no message (3.1.8), and 8 is the only one there
	 * is reason to send. */
	if (!inband || c->trunk->conf.early_audio == ISUP_EARLY_NEVER ||
	    (c->state != CALL_IN_PROCEEDING && c->state != CALL_RECEIVED))
		return;
	trunk_enter(c->trunk);
	pri_progress(c->trunk->pri, c->pri, 0, 1);
	trunk_leave(c->trunk);
}

void isup_call_connected(struct isup_call *c, const struct isup_party *connected)
{
	c->connected = *connected;
	c->connected_known = true;
}

void isup_call_user_data(struct isup_call *c, const struct isup_user_data *u)
{
	c->user_data_out = *u;
}

void isup_call_answer(struct isup_call *c)
{
	struct isup_trunk *t = c->trunk;
	struct pri_party_connected_line line;

	if (c->state != CALL_PRESENT && c->state != CALL_OVERLAP_RECEIVING &&
	    c->state != CALL_IN_PROCEEDING && c->state != CALL_RECEIVED)
		return;
	trunk_enter(t);
	/* Only the user waits for CONNECT ACKNOWLEDGE (5.2.8); QSIG libpri treats as the network.
	 */
	if (t->conf.side == ISUP_NETWORK || t->conf.switch_type == ISUP_QSIG) {
		trunk_call_set_state(c, CALL_ACTIVE);
	} else {
		trunk_call_set_state(c, CALL_CONNECT_REQUEST);
		timer_start(t->loop, &c->timer, timer_ms(t->conf.t313_ms, T313_MS), on_t313, c);
	}
	if (c->connected_known) {
		memset(&line, 0, sizeof(line));
		party_to_pri(&line.id, &c->connected);
		pri_connected_line_update(t->pri, c->pri, &line); /* CONNECT takes it along */
	}
	extras_take_user_data(c, EXTRAS_CONNECT);
	pri_answer(t->pri, c->pri, slot_to_pri(t, c->slot), 0);
	trunk_leave(t);
}

void isup_call_identity(struct isup_call *c, const struct isup_party *now)
{
	struct pri_party_connected_line line;

	if (c->state != CALL_ACTIVE || c->pri == NULL)
		return;
	trunk_enter(c->trunk);
	memset(&line, 0, sizeof(line));
	party_to_pri(&line.id, now);
	pri_connected_line_update(c->trunk->pri, c->pri, &line);
	trunk_leave(c->trunk);
}
