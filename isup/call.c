/* call.c - one call: the verbs of trunk.h, and what libpri tells about it.
 *
 * What libpri needs to be kept right (each has a test in trunk_test.c):
 * - It frees records without an event in some states.  call_sweep() asks after each entry.
 * - Before it has sent anything it clears only for the causes of Q.931 5.3.2 a; for any other it
 *   keeps silent and leaks, so CALL PROCEEDING goes first.
 * - It has no T310, clears with cause 16 and without an event on T313, and forgets the call without
 *   a message when T303 expires the second time, which leaves the far side with a call that nobody
 *   ends if only our side's view was lost.  These three are ours.
 * - It lets every verb through in every state: our own state decides what is sent.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "isup/cause.h"
#include "isup/party.h"
#include "isup/trunk_internal.h"

enum { GUARD_MS = 2000 };

static const char *state_name(enum call_state state)
{
	switch (state) {
	case CALL_INITIATED: return "initiated";
	case CALL_OUT_PROCEEDING: return "proceeding";
	case CALL_DELIVERED: return "delivered";
	case CALL_PRESENT: return "present";
	case CALL_RECEIVED: return "alerting";
	case CALL_CONNECT_REQUEST: return "connecting";
	case CALL_IN_PROCEEDING: return "accepted";
	case CALL_ACTIVE: return "active";
	case CALL_CLEAR_INDICATION: return "cleared by far side";
	case CALL_CLEARING: return "clearing";
	case CALL_DEAD: return "gone";
	}
	return "?";
}

static void set_state(struct isup_call *c, enum call_state state)
{
	if (log_enabled(LOG_ISUP, LOG_DEBUG))
		log_line(LOG_ISUP, LOG_DEBUG, "%s/%u: %s -> %s", c->trunk->conf.name, c->slot,
			 state_name(c->state), state_name(state));
	c->state = state;
	timer_stop(&c->timer);
}

struct isup_call *call_find(struct isup_trunk *t, const q931_call *pri)
{
	struct isup_call *c = t->calls;

	while (c != NULL && (c->pri == NULL || c->pri != pri))
		c = c->next;
	return c;
}

static struct isup_call *call_new(struct isup_trunk *t)
{
	struct isup_call *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->trunk = t;
	c->cause = -1;
	c->speech = true;
	c->next = t->calls;
	t->calls = c;
	t->counts.calls++;
	return c;
}

void call_free(struct isup_call *c)
{
	struct isup_trunk *t = c->trunk;
	struct isup_call **at = &t->calls;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	t->counts.calls--;
	timer_stop(&c->timer);
	slot_drop(c);
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

static void note_cause(struct isup_call *c, int cause)
{
	if (c->cause < 0)
		c->cause = cause > 0 && cause < 128 ? cause : Q850_NORMAL_UNSPECIFIED;
}

void call_finish(struct isup_call *c, int far_cause)
{
	struct isup_trunk *t = c->trunk;
	unsigned slot = c->slot;

	if (c->state == CALL_DEAD)
		return;
	if (pri_knows(t, c->pri))
		pri_destroycall(t->pri, c->pri);
	c->pri = NULL;
	note_cause(c, far_cause);
	slot_drop(c);
	if (c->state != CALL_CLEARING && c->state != CALL_CLEAR_INDICATION && !c->by_us)
		trunk_tell(c, ISUP_CLEARING);
	c->slot = slot; /* for the last event */
	set_state(c, CALL_DEAD);
	trunk_tell(c, ISUP_RELEASED);
}

/* To a DISCONNECT before anything was answered, libpri sends RELEASE COMPLETE by itself, tells
 * nobody and keeps the record for ever. */
void call_after_disconnect(struct isup_trunk *t)
{
	if (!t->reading_disconnect)
		return;
	for (struct isup_call *c = t->calls; c != NULL; c = c->next)
		if (c->state == CALL_PRESENT && c->call_reference == t->reading_call) {
			c->location_user = t->reading_location_user;
			call_finish(c, t->reading_cause);
		}
}

void call_sweep(struct isup_trunk *t)
{
	int cause = t->reading_cause;

	if (cause == 0)
		cause = t->up ? Q850_NORMAL_UNSPECIFIED : Q850_DESTINATION_OUT_OF_ORDER;
	for (struct isup_call *c = t->calls; c != NULL; c = c->next) {
		if (c->state == CALL_DEAD || pri_knows(t, c->pri))
			continue;
		if (c->cause < 0)
			c->location_user = t->reading_location_user;
		call_finish(c, cause);
	}
}

/* --- clearing --- */

/* The slot's state at the far side is unknown: T308 expired twice (5.3.3), or libpri has lost the
 * call.  RESTART settles it. */
static void finish_unanswered(struct isup_call *c, int cause)
{
	struct isup_trunk *t = c->trunk;
	unsigned slot = c->slot;

	call_finish(c, cause);
	if (slot == 0)
		return;
	log_line(LOG_ISUP, LOG_WARN, "%s/%u: clearing not answered, slot out of service",
		 t->conf.name, slot);
	t->slots[slot].out_of_service = true;
	restart_begin(t, 1u << slot);
}

static void on_guard(void *arg)
{
	struct isup_call *c = arg;
	struct isup_trunk *t = c->trunk;

	trunk_enter(t);
	finish_unanswered(c, Q850_TIMER_EXPIRED);
	trunk_leave(t);
}

/* Only a net: libpri's own T305 and T308 come first. */
static void start_guard(struct isup_call *c)
{
	const struct isup_trunk_conf *conf = &c->trunk->conf;
	unsigned ms =
		timer_ms(conf->t305_ms, T305_MS) + 2 * timer_ms(conf->t308_ms, T308_MS) + GUARD_MS;

	timer_start(c->trunk->loop, &c->timer, ms, on_guard, c);
}

/* Q.931 5.3.2 a: these refuse a call that nothing was answered to by RELEASE COMPLETE. */
static bool cause_refuses(int cause)
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
	if (c->state == CALL_PRESENT && !cause_refuses(cause))
		pri_proceeding(t->pri, c->pri, (int)c->slot, 0);
	set_state(c, CALL_CLEARING);
	start_guard(c);
	pri_hangup(t->pri, c->pri, cause);
}

void isup_call_clear(struct isup_call *c, int q850_cause)
{
	if (c->state == CALL_CLEARING || c->state == CALL_DEAD)
		return;
	trunk_enter(c->trunk);
	c->by_us = true;
	note_cause(c, q850_cause);
	send_clear(c, q850_cause);
	trunk_leave(c->trunk);
}

/* We clear on our own: the far side gets line_cause, our owner hears owner_cause. */
static void clear_by_trunk(struct isup_call *c, int line_cause, int owner_cause)
{
	trunk_enter(c->trunk);
	note_cause(c, owner_cause);
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
static void on_no_answer(void *arg)
{
	struct isup_call *c = arg;

	clear_by_trunk(c, Q850_TIMER_EXPIRED, no_answer_cause(c->trunk));
}

static void on_t313(void *arg)
{
	clear_by_trunk(arg, Q850_TIMER_EXPIRED, Q850_TIMER_EXPIRED); /* 5.2.8 */
}

/* --- verbs --- */

static int setup_send(struct isup_call *c, const struct isup_setup *setup)
{
	struct isup_trunk *t = c->trunk;
	struct pri_party_id caller;
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
	pri_sr_set_channel(sr, (int)c->slot, 0, 0);
	/* 3.1 kHz rather than speech: fax and modem calls must not be processed on the way. */
	pri_sr_set_bearer(sr, PRI_TRANS_CAP_3_1K_AUDIO, PRI_LAYER_1_ULAW);
	pri_sr_set_called(sr, digits, party_plan(&setup->called), setup->complete);
	if (caller.number.valid)
		pri_sr_set_caller_party(sr, &caller);
	r = pri_setup(t->pri, c->pri, sr) == 0 ? 0 : -EINVAL;
out:
	pri_sr_free(sr);
	return r;
}

int isup_call_start(struct isup_call **out, struct isup_trunk *t, const struct isup_setup *setup,
		    void *user)
{
	*out = NULL;
	if (!t->up || t->line_down)
		return -ENETDOWN;
	unsigned slot = slot_pick(t);
	if (slot == 0)
		return -EBUSY;
	struct isup_call *c = call_new(t);
	if (c == NULL)
		return -ENOMEM;
	c->user = user;
	c->called = setup->called;
	c->calling = setup->calling;
	c->complete = setup->complete;
	slot_take(c, slot);

	trunk_enter(t);
	set_state(c, CALL_INITIATED);
	/* libpri repeats SETUP after T303; we are there just before its second time. */
	unsigned t303_ms = timer_ms(t->conf.t303_ms, T303_MS);
	timer_start(t->loop, &c->timer, 2 * t303_ms - t303_ms / 200, on_no_answer, c);
	int r = setup_send(c, setup);
	if (r < 0) {
		if (c->pri != NULL)
			pri_destroycall(t->pri, c->pri);
		call_free(c);
	} else {
		t->counts.setups_out++;
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
	if (c->state != CALL_PRESENT)
		return;
	trunk_enter(c->trunk);
	set_state(c, CALL_IN_PROCEEDING);
	pri_proceeding(c->trunk->pri, c->pri, (int)c->slot, 0);
	trunk_leave(c->trunk);
}

void isup_call_alerting(struct isup_call *c, bool inband)
{
	isup_call_proceeding(c); /* if it was not sent: it names the slot, ALERTING does not */
	if (c->state != CALL_IN_PROCEEDING)
		return;
	trunk_enter(c->trunk);
	set_state(c, CALL_RECEIVED);
	pri_acknowledge(c->trunk->pri, c->pri, 0, inband);
	trunk_leave(c->trunk);
}

void isup_call_progress(struct isup_call *c, bool inband)
{
	isup_call_proceeding(c);
	/* PROGRESS without a progress indicator is no message (3.1.8), and 8 is the only one there
	 * is reason to send. */
	if (!inband || (c->state != CALL_IN_PROCEEDING && c->state != CALL_RECEIVED))
		return;
	trunk_enter(c->trunk);
	pri_progress(c->trunk->pri, c->pri, 0, 1);
	trunk_leave(c->trunk);
}

void isup_call_answer(struct isup_call *c)
{
	struct isup_trunk *t = c->trunk;

	if (c->state != CALL_PRESENT && c->state != CALL_IN_PROCEEDING && c->state != CALL_RECEIVED)
		return;
	trunk_enter(t);
	/* Only the user waits for CONNECT ACKNOWLEDGE (5.2.8); QSIG libpri treats as the network.
	 */
	if (t->conf.side == ISUP_NETWORK || t->conf.switch_type == ISUP_QSIG) {
		set_state(c, CALL_ACTIVE);
	} else {
		set_state(c, CALL_CONNECT_REQUEST);
		timer_start(t->loop, &c->timer, timer_ms(t->conf.t313_ms, T313_MS), on_t313, c);
	}
	pri_answer(t->pri, c->pri, (int)c->slot, 0);
	trunk_leave(t);
}

/* --- what libpri says --- */

enum { PRI_CALL_INDEPENDENT = 1 << 17 }; /* in a channel: signalling without a slot */

static void refuse_setup(struct isup_trunk *t, const pri_event_ring *ring, int cause)
{
	t->counts.setups_refused++;
	log_limited(&t->refused_log, 5000, LOG_ISUP, LOG_WARN,
		    "%s: SETUP for channel %d from '%s' refused: %s", t->conf.name,
		    ring->channel & 0xff, ring->callingnum, cause_text(cause));
	if (!cause_refuses(cause))
		pri_proceeding(t->pri, ring->call, 0, 0);
	pri_hangup(t->pri, ring->call, cause);
}

static void on_setup(struct isup_trunk *t, const pri_event_ring *ring)
{
	struct isup_call *stale = call_find(t, ring->call);
	int cause = 0;

	t->counts.setups_in++;
	if (stale != NULL) { /* freed and allocated again at the same address */
		stale->pri = NULL;
		call_finish(stale, Q850_NORMAL_UNSPECIFIED);
	}
	if (ring->channel >= 0 && (ring->channel & PRI_CALL_INDEPENDENT) != 0) {
		refuse_setup(t, ring, Q850_INCOMPATIBLE_DESTINATION);
		return;
	}
	unsigned slot = slot_for_setup(t, ring->channel, ring->flexible != 0, &cause);
	if (slot == 0) {
		refuse_setup(t, ring, cause);
		return;
	}
	struct isup_call *c = call_new(t);
	if (c == NULL) {
		refuse_setup(t, ring, Q850_RESOURCE_UNAVAILABLE);
		return;
	}
	c->pri = ring->call;
	c->incoming = true;
	c->call_reference = (uint16_t)(ring->cref & 0x7fff);
	slot_take(c, slot);
	set_state(c, CALL_PRESENT);
	c->speech = ring->ctype == PRI_TRANS_CAP_SPEECH || ring->ctype == PRI_TRANS_CAP_3_1K_AUDIO;
	party_number_from_pri(&c->called, ring->callednum, ring->calledplan, 0);
	/* Not ring->callingpres: that mixes in the name's. */
	party_number_from_pri(&c->calling, ring->calling.number.str, ring->calling.number.plan,
			      ring->calling.number.valid ? ring->calling.number.presentation
							 : PRES_NUMBER_NOT_AVAILABLE);
	party_name_from_pri(&c->calling, &ring->calling.name);
	/* The American switches send en bloc only, and no Sending Complete. */
	c->complete = ring->complete != 0 ||
		      (t->conf.switch_type != ISUP_QSIG && t->conf.switch_type != ISUP_EUROISDN);
	trunk_tell(c, ISUP_SETUP);
}

static bool progress_inband(int mask)
{
	return (mask & (PRI_PROG_CALL_NOT_E2E_ISDN | PRI_PROG_INBAND_AVAILABLE)) != 0;
}

static void tell_progress(struct isup_call *c, enum isup_event_kind kind, int progressmask)
{
	if (progress_inband(progressmask))
		c->inband |= 1u << kind;
	trunk_tell(c, kind);
}

/* First answers to our SETUP name the slot.  One we cannot have ends the call, 5.2.3.1. */
static bool answer_fits(struct isup_call *c, int channel)
{
	if (c->incoming) { /* no answer is expected to a SETUP of theirs */
		clear_by_trunk(c, Q850_WRONG_CALL_STATE, Q850_WRONG_CALL_STATE);
		return false;
	}
	if (c->state != CALL_INITIATED || slot_for_answer(c, channel))
		return true;
	clear_by_trunk(c, Q850_CHANNEL_UNACCEPTABLE, Q850_CHANNEL_NOT_AVAILABLE);
	return false;
}

static void on_proceeding(struct isup_call *c, const pri_event_proceeding *ev)
{
	struct isup_trunk *t = c->trunk;

	if (c->state != CALL_INITIATED || !answer_fits(c, ev->channel))
		return;
	set_state(c, CALL_OUT_PROCEEDING);
	timer_start(t->loop, &c->timer, timer_ms(t->conf.t310_ms, T310_MS), on_no_answer, c);
	tell_progress(c, ISUP_PROCEEDING, ev->progressmask);
}

static void on_progress(struct isup_call *c, const pri_event_proceeding *ev)
{
	if ((c->state != CALL_INITIATED && c->state != CALL_OUT_PROCEEDING &&
	     c->state != CALL_DELIVERED) ||
	    !answer_fits(c, ev->channel))
		return;
	if (c->state == CALL_INITIATED)
		set_state(c, CALL_OUT_PROCEEDING);
	timer_stop(&c->timer); /* the caller hears what goes on, 5.1.6 */
	tell_progress(c, ISUP_PROGRESS, ev->progressmask);
}

static void on_alerting(struct isup_call *c, const pri_event_ringing *ev)
{
	if ((c->state != CALL_INITIATED && c->state != CALL_OUT_PROCEEDING) ||
	    !answer_fits(c, ev->channel))
		return;
	set_state(c, CALL_DELIVERED);
	tell_progress(c, ISUP_ALERTING, ev->progressmask);
}

static void on_connect(struct isup_call *c, const pri_event_answer *ev)
{
	if (c->state == CALL_CLEARING || c->state == CALL_ACTIVE || !answer_fits(c, ev->channel))
		return;
	set_state(c, CALL_ACTIVE);
	pri_connect_ack(c->trunk->pri, c->pri, 0);
	tell_progress(c, ISUP_CONNECT, ev->progressmask);
}

static void on_disconnect(struct isup_call *c, const pri_event_hangup *ev)
{
	struct isup_trunk *t = c->trunk;

	if (c->state == CALL_CLEARING) { /* DISCONNECTs crossed, 5.3.5 */
		pri_hangup(t->pri, c->pri, ev->cause);
		return;
	}
	if (c->state == CALL_CLEAR_INDICATION)
		return;
	note_cause(c, ev->cause);
	c->location_user = t->reading_location_user;
	set_state(c, CALL_CLEAR_INDICATION);
	start_guard(c);
	trunk_tell(c, ISUP_CLEARING);
}

/* RELEASE, RELEASE COMPLETE, STATUS with state null, T308, T309, link lost. */
static void on_hangup(struct isup_call *c, const pri_event_hangup *ev, bool from_timer)
{
	struct isup_trunk *t = c->trunk;

	if (ev->e == PRI_EVENT_HANGUP_ACK && from_timer && c->state == CALL_CLEARING && t->up) {
		finish_unanswered(c, ev->cause); /* T308, second time */
		return;
	}
	if (c->cause < 0 && !from_timer)
		c->location_user = t->reading_location_user;
	if (c->lost_glare && c->state == CALL_INITIATED)
		note_cause(c, Q850_CHANNEL_NOT_AVAILABLE);
	if (ev->e == PRI_EVENT_HANGUP) /* HANGUP_ACK: nothing is left to send */
		pri_hangup(t->pri, c->pri, ev->cause > 0 ? ev->cause : Q850_NORMAL_UNSPECIFIED);
	call_finish(c, ev->cause);
}

static void on_digits(struct isup_call *c, const pri_event_ring *ev)
{
	if (!c->incoming || c->state == CALL_DEAD)
		return;
	party_add_digits(&c->called, ev->callednum);
	c->complete = c->complete || ev->complete != 0;
	trunk_tell(c, ISUP_DIGITS);
}

static q931_call *event_call(const pri_event *ev)
{
	switch (ev->e) {
	case PRI_EVENT_INFO_RECEIVED: return ev->ring.call;
	case PRI_EVENT_PROCEEDING:
	case PRI_EVENT_PROGRESS: return ev->proceeding.call;
	case PRI_EVENT_SETUP_ACK: return ev->setup_ack.call;
	case PRI_EVENT_RINGING: return ev->ringing.call;
	case PRI_EVENT_ANSWER: return ev->answer.call;
	case PRI_EVENT_CONNECT_ACK: return ev->connect_ack.call;
	case PRI_EVENT_HANGUP_REQ:
	case PRI_EVENT_HANGUP:
	case PRI_EVENT_HANGUP_ACK: return ev->hangup.call;
	default: return NULL;
	}
}

void call_on_pri_event(struct isup_trunk *t, const pri_event *ev, bool from_timer)
{
	struct isup_call *c;
	pri_event_proceeding quiet;

	if (ev->e == PRI_EVENT_RING) {
		on_setup(t, &ev->ring);
		return;
	}
	q931_call *pri = event_call(ev);
	c = pri != NULL ? call_find(t, pri) : NULL;
	if (c == NULL) { /* one we refused: libpri wants its clearing completed all the same */
		if (pri != NULL && (ev->e == PRI_EVENT_HANGUP_REQ || ev->e == PRI_EVENT_HANGUP))
			pri_hangup(t->pri, pri, ev->hangup.cause);
		return;
	}
	switch (ev->e) {
	case PRI_EVENT_INFO_RECEIVED: on_digits(c, &ev->ring); break;
	case PRI_EVENT_PROCEEDING: on_proceeding(c, &ev->proceeding); break;
	case PRI_EVENT_PROGRESS: on_progress(c, &ev->proceeding); break;
	case PRI_EVENT_SETUP_ACK:
		/* We sent the whole number: for us this is as good as CALL PROCEEDING. */
		memset(&quiet, 0, sizeof(quiet));
		quiet.channel = ev->setup_ack.channel;
		quiet.progressmask = ev->setup_ack.progressmask;
		on_proceeding(c, &quiet);
		break;
	case PRI_EVENT_RINGING: on_alerting(c, &ev->ringing); break;
	case PRI_EVENT_ANSWER: on_connect(c, &ev->answer); break;
	case PRI_EVENT_CONNECT_ACK:
		if (c->state == CALL_CONNECT_REQUEST)
			set_state(c, CALL_ACTIVE);
		break;
	case PRI_EVENT_HANGUP_REQ: on_disconnect(c, &ev->hangup); break;
	case PRI_EVENT_HANGUP:
	case PRI_EVENT_HANGUP_ACK: on_hangup(c, &ev->hangup, from_timer); break;
	default: break;
	}
}
