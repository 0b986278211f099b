/* call_events.c - what libpri says about a call, and what our owner hears of it. */
#include <stdio.h>
#include <string.h>

#include "isup/cause.h"
#include "isup/party.h"
#include "isup/trunk_internal.h"

enum { PRI_CALL_INDEPENDENT = 1 << 17 }; /* in a channel: signalling without a slot */

static void refuse_setup(struct isup_trunk *t, const pri_event_ring *ring, int cause)
{
	t->counts.setups_refused++;
	log_limited(&t->refused_log, 5000, LOG_ISUP, LOG_WARN,
		    "%s: SETUP for channel %d from '%s' refused: %s", t->conf.name,
		    ring->channel & 0xff, ring->callingnum, cause_text(cause));
	if (!trunk_call_cause_refuses(cause))
		pri_proceeding(t->pri, ring->call, 0, 0);
	pri_hangup(t->pri, ring->call, cause);
}

static void take_purpose(struct isup_call *c)
{
	const struct isup_trunk *t = c->trunk;

	c->purpose = t->reading_extras;
	if (!t->conf.user_to_user)
		c->purpose.user_data.len = 0;
	if (!t->conf.line_information)
		c->purpose.line_information = 0;
}

static void on_setup(struct isup_trunk *t, const pri_event_ring *ring)
{
	struct isup_call *stale = trunk_call_find(t, ring->call);
	int cause = 0;

	t->counts.setups_in++;
	if (stale != NULL) { /* freed and allocated again at the same address */
		stale->pri = NULL;
		trunk_call_finish(stale, Q850_NORMAL_UNSPECIFIED);
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
	struct isup_call *c = trunk_call_new(t);
	if (c == NULL) {
		refuse_setup(t, ring, Q850_RESOURCE_UNAVAILABLE);
		return;
	}
	c->pri = ring->call;
	c->incoming = true;
	c->call_reference = (uint16_t)(ring->cref & 0x7fff);
	slot_take(c, slot);
	trunk_call_set_state(c, CALL_PRESENT);
	take_purpose(c);
	party_number_from_pri(&c->called, ring->callednum, ring->calledplan, 0);
	/* Not ring->callingpres: that mixes in the name's. */
	party_number_from_pri(&c->calling, ring->calling.number.str, ring->calling.number.plan,
			      ring->calling.number.valid ? ring->calling.number.presentation
							 : PRES_NUMBER_NOT_AVAILABLE);
	party_name_from_pri(&c->calling, &ring->calling.name);
	/* 4.5.23, RFC 3398 4.1: behind these there are tones and nothing else. */
	c->tones_only =
		(ring->progressmask & (PRI_PROG_CALL_NOT_E2E_ISDN | PRI_PROG_CALLER_NOT_ISDN)) != 0;
	c->name_follows = t->reading_name_follows;
	const struct pri_subcommand *redirected =
		party_subcommand(ring->subcmds, PRI_SUBCMD_REDIRECTING);
	if (redirected != NULL)
		party_redirecting_from_pri(&c->redirecting, &redirected->u.redirecting);
	/* libpri knows of Sending Complete only; who sends en bloc need not send it (5.1.1). */
	c->complete = ring->complete != 0 || (t->conf.overlap & ISUP_OVERLAP_RECEIVE) == 0;
	trunk_call_end_of_number(c);
	trunk_tell(c, ISUP_SETUP);
}

/* Q.931 5.1.6, 5.4.1: 8 says that tones are there; 1 and 2 that the call has left the ISDN, behind
 * which tones are all there is. */
static bool progress_inband(const struct isup_call *c, enum isup_event_kind kind, int mask)
{
	switch (c->trunk->conf.early_audio) {
	case ISUP_EARLY_NEVER: return false;
	case ISUP_EARLY_INBAND: return (mask & PRI_PROG_INBAND_AVAILABLE) != 0;
	case ISUP_EARLY_INDICATED: break;
	case ISUP_EARLY_ALWAYS:
		if (kind == ISUP_ALERTING || kind == ISUP_PROGRESS)
			return true;
		break;
	}
	return (mask & (PRI_PROG_CALL_NOT_E2E_ISDN | PRI_PROG_CALLED_NOT_ISDN |
			PRI_PROG_INBAND_AVAILABLE)) != 0;
}

static void tell_progress(struct isup_call *c, enum isup_event_kind kind, int progressmask)
{
	if (progress_inband(c, kind, progressmask))
		c->inband |= 1u << kind;
	trunk_tell(c, kind);
}

/* First answers to our SETUP name the slot.  One we cannot have ends the call, 5.2.3.1. */
static bool answer_fits(struct isup_call *c, int channel)
{
	if (c->incoming) { /* no answer is expected to a SETUP of theirs */
		trunk_call_clear_by_trunk(c, Q850_WRONG_CALL_STATE, Q850_WRONG_CALL_STATE);
		return false;
	}
	if (c->state != CALL_INITIATED || slot_for_answer(c, channel))
		return true;
	trunk_call_clear_by_trunk(c, Q850_CHANNEL_UNACCEPTABLE, Q850_CHANNEL_NOT_AVAILABLE);
	return false;
}

static void on_proceeding(struct isup_call *c, const pri_event_proceeding *ev)
{
	struct isup_trunk *t = c->trunk;

	if ((c->state != CALL_INITIATED && c->state != CALL_OVERLAP_SENDING) ||
	    !answer_fits(c, ev->channel))
		return;
	trunk_call_set_state(c, CALL_OUT_PROCEEDING);
	timer_start(t->loop, &c->timer, timer_ms(t->conf.t310_ms, T310_MS), trunk_call_on_no_answer,
		    c);
	tell_progress(c, ISUP_PROCEEDING, ev->progressmask);
}

static void on_setup_ack(struct isup_call *c, const pri_event_setup_ack *ev)
{
	const pri_event_proceeding as_proceeding = {.channel = ev->channel,
						    .progressmask = ev->progressmask};

	if (c->complete) { /* nothing more to say: for us this is as good as CALL PROCEEDING */
		on_proceeding(c, &as_proceeding);
		return;
	}
	if (c->state != CALL_INITIATED || !answer_fits(c, ev->channel))
		return;
	trunk_call_on_setup_ack(c, progress_inband(c, ISUP_MORE, ev->progressmask));
}

static void on_progress(struct isup_call *c, const pri_event_proceeding *ev)
{
	if ((c->state != CALL_INITIATED && c->state != CALL_OVERLAP_SENDING &&
	     c->state != CALL_OUT_PROCEEDING && c->state != CALL_DELIVERED) ||
	    !answer_fits(c, ev->channel))
		return;
	if (c->state == CALL_INITIATED || c->state == CALL_OVERLAP_SENDING)
		trunk_call_set_state(c, CALL_OUT_PROCEEDING);
	timer_stop(&c->timer); /* the caller hears what goes on, 5.1.6 */
	tell_progress(c, ISUP_PROGRESS, ev->progressmask);
}

static void on_alerting(struct isup_call *c, const pri_event_ringing *ev)
{
	if ((c->state != CALL_INITIATED && c->state != CALL_OVERLAP_SENDING &&
	     c->state != CALL_OUT_PROCEEDING) ||
	    !answer_fits(c, ev->channel))
		return;
	trunk_call_set_state(c, CALL_DELIVERED);
	tell_progress(c, ISUP_ALERTING, ev->progressmask);
}

static void on_connect(struct isup_call *c, const pri_event_answer *ev)
{
	if (c->state == CALL_CLEARING || c->state == CALL_DISCONNECTED ||
	    c->state == CALL_ANNOUNCING || c->state == CALL_ACTIVE || !answer_fits(c, ev->channel))
		return;
	const struct pri_subcommand *line =
		party_subcommand(ev->subcmds, PRI_SUBCMD_CONNECTED_LINE);
	if (line != NULL) {
		party_from_pri(&c->connected, &line->u.connected_line.id);
		c->connected_known = true;
	}
	trunk_call_set_state(c, CALL_ACTIVE);
	pri_connect_ack(c->trunk->pri, c->pri, 0);
	tell_progress(c, ISUP_CONNECT, ev->progressmask);
}

static void announcement_over(struct isup_call *c)
{
	trunk_call_set_state(c, CALL_CLEAR_INDICATION);
	trunk_call_start_guard(c);
	trunk_tell(c, ISUP_CLEARING);
}

static void on_t306(void *arg)
{
	announcement_over(arg);
}

/* 5.3.4.1: DISCONNECT with tones or an announcement.  Who called us and then cleared before the
 * answer has nobody to say it to; and as a first answer to SETUP it named no slot to listen to. */
static bool announces(const struct isup_call *c)
{
	return c->trunk->reading_inband && c->trunk->conf.disconnect_audio &&
	       c->trunk->conf.early_audio != ISUP_EARLY_NEVER &&
	       (c->state == CALL_ACTIVE || (!c->incoming && c->state != CALL_INITIATED));
}

/* What a call that lost its slot (5.7) is refused with says nothing about the number it called. */
static int cause_after_glare(const struct isup_call *c, int cause)
{
	bool by_slot = cause == Q850_NO_CHANNEL || cause == Q850_CHANNEL_NOT_AVAILABLE ||
		       cause == Q850_TEMPORARY_FAILURE || cause == Q850_CHANNEL_NONEXISTENT ||
		       cause == Q850_CHANNEL_UNACCEPTABLE;

	return c->lost_glare && c->slot == 0 && by_slot ? Q850_CHANNEL_NOT_AVAILABLE : cause;
}

static void on_disconnect(struct isup_call *c, const pri_event_hangup *ev)
{
	struct isup_trunk *t = c->trunk;

	if (c->state == CALL_CLEARING ||
	    c->state == CALL_DISCONNECTED) { /* DISCONNECTs crossed, 5.3.5 */
		pri_hangup(t->pri, c->pri, ev->cause);
		return;
	}
	if (c->state == CALL_CLEAR_INDICATION || c->state == CALL_ANNOUNCING)
		return;
	trunk_call_transfer_over(c, true);
	trunk_call_note_cause(c, cause_after_glare(c, ev->cause));
	c->location_user = t->reading_location_user;
	if (!announces(c)) {
		announcement_over(c);
		return;
	}
	if (c->state != CALL_ACTIVE)
		tell_progress(c, ISUP_PROGRESS, PRI_PROG_INBAND_AVAILABLE);
	trunk_call_set_state(c, CALL_ANNOUNCING);
	timer_start(t->loop, &c->timer, timer_ms(t->conf.t306_ms, T306_MS), on_t306, c);
}

/* RELEASE, RELEASE COMPLETE, STATUS with state null, T308, T309, link lost. */
static void on_hangup(struct isup_call *c, const pri_event_hangup *ev, bool from_timer)
{
	struct isup_trunk *t = c->trunk;

	if (ev->e == PRI_EVENT_HANGUP_ACK && from_timer && c->state == CALL_CLEARING && t->up) {
		trunk_call_finish_unanswered(c, ev->cause); /* T308, second time */
		return;
	}
	if (c->cause < 0 && !from_timer)
		c->location_user = t->reading_location_user;
	if (!from_timer && c->state == CALL_INITIATED)
		trunk_call_note_cause(c, cause_after_glare(c, ev->cause));
	if (ev->e == PRI_EVENT_HANGUP) /* HANGUP_ACK: nothing is left to send */
		pri_hangup(t->pri, c->pri, ev->cause > 0 ? ev->cause : Q850_NORMAL_UNSPECIFIED);
	trunk_call_finish(c, ev->cause);
}

/* ECT-INFORM of EuroISDN, callTransferComplete of QSIG. */
static void on_another_party(struct isup_call *c, const struct pri_subcommands *subcommands)
{
	const struct pri_subcommand *line =
		party_subcommand(subcommands, PRI_SUBCMD_CONNECTED_LINE);
	struct isup_party now;

	if (line == NULL || c->state != CALL_ACTIVE)
		return;
	party_from_pri(&now, &line->u.connected_line.id);
	if (now.digits[0] == '\0' && now.name[0] == '\0')
		return;
	c->connected = now;
	trunk_tell(c, ISUP_PARTY);
}

static void on_facility(struct isup_call *c, const struct pri_event_facility *ev)
{
	struct pri_party_name name = {.valid = ev->callingname[0] != '\0',
				      .presentation = ev->callingpres,
				      .char_set = PRI_CHAR_SET_ISO8859_1};

	on_another_party(c, ev->subcmds);
	if (!c->incoming || !c->name_follows || c->state == CALL_DEAD)
		return;
	snprintf(name.str, sizeof(name.str), "%.*s", (int)sizeof(name.str) - 1, ev->callingname);
	party_name_from_pri(&c->calling, &name);
	if (c->calling.name[0] == '\0')
		return;
	c->name_follows = false;
	trunk_tell(c, ISUP_NAME);
}

static q931_call *event_call(const pri_event *ev)
{
	switch (ev->e) {
	case PRI_EVENT_INFO_RECEIVED: return ev->ring.call;
	case PRI_EVENT_KEYPAD_DIGIT: return ev->digit.call;
	case PRI_EVENT_PROCEEDING:
	case PRI_EVENT_PROGRESS: return ev->proceeding.call;
	case PRI_EVENT_SETUP_ACK: return ev->setup_ack.call;
	case PRI_EVENT_RINGING: return ev->ringing.call;
	case PRI_EVENT_ANSWER: return ev->answer.call;
	case PRI_EVENT_FACILITY: return ev->facility.call;
	case PRI_EVENT_CONNECT_ACK: return ev->connect_ack.call;
	case PRI_EVENT_HANGUP_REQ:
	case PRI_EVENT_HANGUP:
	case PRI_EVENT_HANGUP_ACK: return ev->hangup.call;
	default: return NULL;
	}
}

void trunk_call_on_pri_event(struct isup_trunk *t, const pri_event *ev, bool from_timer)
{
	struct isup_call *c;

	if (ev->e == PRI_EVENT_RING) {
		on_setup(t, &ev->ring);
		return;
	}
	if (trunk_call_on_hold_event(t, ev))
		return;
	q931_call *pri = event_call(ev);
	c = pri != NULL ? trunk_call_find(t, pri) : NULL;
	if (c == NULL) { /* one we refused: libpri wants its clearing completed all the same */
		if (pri != NULL && (ev->e == PRI_EVENT_HANGUP_REQ || ev->e == PRI_EVENT_HANGUP))
			pri_hangup(t->pri, pri, ev->hangup.cause);
		return;
	}
	if (t->conf.user_to_user && t->reading_extras.user_data.len != 0)
		c->user_data = t->reading_extras.user_data;
	switch (ev->e) {
	case PRI_EVENT_INFO_RECEIVED:
		trunk_call_on_digits(c, ev->ring.callednum, ev->ring.complete != 0);
		break;
	case PRI_EVENT_KEYPAD_DIGIT: trunk_call_on_digits(c, ev->digit.digits, false); break;
	case PRI_EVENT_PROCEEDING: on_proceeding(c, &ev->proceeding); break;
	case PRI_EVENT_PROGRESS: on_progress(c, &ev->proceeding); break;
	case PRI_EVENT_SETUP_ACK: on_setup_ack(c, &ev->setup_ack); break;
	case PRI_EVENT_RINGING: on_alerting(c, &ev->ringing); break;
	case PRI_EVENT_FACILITY: on_facility(c, &ev->facility); break;
	case PRI_EVENT_ANSWER: on_connect(c, &ev->answer); break;
	case PRI_EVENT_CONNECT_ACK:
		if (c->state == CALL_CONNECT_REQUEST)
			trunk_call_set_state(c, CALL_ACTIVE);
		break;
	case PRI_EVENT_HANGUP_REQ: on_disconnect(c, &ev->hangup); break;
	case PRI_EVENT_HANGUP:
	case PRI_EVENT_HANGUP_ACK: on_hangup(c, &ev->hangup, from_timer); break;
	default: break;
	}
}
