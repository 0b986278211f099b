#include "gateway/leg_isup.h"

#include "gateway/base/log.h"
#include "gateway/call.h"
#include "isup/cause.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PRESENTATION_RESTRICTED = 1 };

struct leg_isup {
	struct leg leg;
	struct line *line;       /* that of the slot; not owned */
	struct isup_call *call;  /* the trunk's; NULL once RELEASED */
	struct isup_setup setup; /* of a call we began: sent again when its slot is refused */
	enum isup_bearer bearer;
	unsigned retries;
	bool may_retry; /* we began it, and it is still wanted */
	bool retrying;  /* refused: SETUP again once the refused call is gone */
	bool named;     /* the far end chose or confirmed the slot */
	bool settled;   /* for good, and there may be something to hear on it */
	bool alerted, inband_told, answered;
	bool clearing; /* CLEARING was posted */
	unsigned slot; /* of its end, as a path has or had it */
	bool name_follows;
	struct timer name_timer; /* runs while the call is held */
};

static struct leg_isup *from_leg(struct leg *leg)
{
	return (struct leg_isup *)leg;
}

static void set_name(struct leg_isup *l)
{
	unsigned slot = l->call != NULL ? isup_call_slot(l->call) : 0;

	l->line = line_trunk_line(l->line, slot);
	l->leg.worker = l->line->worker;
	l->leg.tones = &l->line->trunk_conf.audible;
	snprintf(l->leg.name, sizeof(l->leg.name), "%s/%u", l->line->span_conf.name,
		 slot != 0 ? isup_slot_number(slot) : 0);
}

/* --- parties --- */

/* Display is IA5 text (Q.931 4.5.16): of UTF-8, the letters of western Europe lose their accents,
 * and any other character becomes a question mark rather than several odd ones. */
static void name_to_ia5(char out[ISUP_NAME_MAX], const char *utf8)
{
	static const char latin[] =
		"AAAAAAACEEEEIIIIDNOOOOOxOUUUUYTsaaaaaaaceeeeiiiidnooooo/ouuuuyty";
	const unsigned char *in = (const unsigned char *)utf8;
	size_t n = 0;

	while (*in != '\0' && n + 1 < ISUP_NAME_MAX) {
		if (*in < 0x80) {
			out[n++] = (char)*in++;
			continue;
		}
		bool is_latin = in[0] == 0xc3 && (in[1] & 0xc0) == 0x80; /* U+00C0 to U+00FF */
		out[n++] = is_latin ? latin[in[1] & 0x3f] : '?';
		for (in++; (*in & 0xc0) == 0x80; in++)
			;
	}
	out[n] = '\0';
}

/* Q.931 4.5.10: a number that SIP wrote with + is international; digits we cannot dial are left
 * out rather than sent as something else. */
static void party_to_isup(struct isup_party *out, const struct leg_party *in,
			  const struct line *line)
{
	char digits[DIAL_NUMBER_MAX];

	memset(out, 0, sizeof(*out));
	out->type_of_number = in->type_of_number;
	out->plan = in->plan != 0 ? in->plan : PLAN_ISDN;
	out->presentation = in->restricted ? PRESENTATION_RESTRICTED : 0;
	out->screening = in->screening;
	dial_number_write(&line->trunk_conf.numbering, digits, in->number, &out->type_of_number);
	if (strspn(digits, "0123456789*#") == strlen(digits))
		snprintf(out->digits, sizeof(out->digits), "%.*s", ISUP_DIGITS_MAX - 1, digits);
	name_to_ia5(out->name, in->name);
}

/* --- verbs: what Q.931 does not allow twice, or any more, is left out here --- */

static void do_proceeding(struct leg *leg)
{
	struct leg_isup *l = from_leg(leg);

	if (l->call != NULL)
		isup_call_proceeding(l->call);
}

static bool do_more(struct leg *leg)
{
	struct leg_isup *l = from_leg(leg);

	leg->dial_tone = l->line->trunk_conf.dial_tone && leg->dialled[0] == '\0';
	return l->call != NULL && isup_call_more(l->call, leg->dial_tone);
}

static void do_digits(struct leg *leg, const char *digits)
{
	struct leg_isup *l = from_leg(leg);

	char *called = l->setup.called.digits;
	size_t n = strlen(called);

	snprintf(called + n, ISUP_DIGITS_MAX - n, "%s",
		 digits); /* for a SETUP that is sent again */
	if (l->call != NULL)
		isup_call_digits(l->call, digits);
}

static void do_progress(struct leg *leg, bool inband)
{
	struct leg_isup *l = from_leg(leg);

	/* PROGRESS without an indicator would say nothing (Q.931 3.1.10: it is mandatory). */
	if (l->call == NULL || !inband || l->inband_told || l->answered)
		return;
	l->inband_told = true;
	isup_call_progress(l->call, true);
}

static void do_alert(struct leg *leg, bool inband)
{
	struct leg_isup *l = from_leg(leg);

	if (l->call == NULL || l->answered)
		return;
	if (l->alerted) {
		do_progress(leg, inband);
		return;
	}
	l->alerted = true;
	l->inband_told = l->inband_told || inband;
	isup_call_alerting(l->call, inband);
}

static void do_answer(struct leg *leg, const struct leg_party *connected)
{
	struct leg_isup *l = from_leg(leg);
	struct isup_party party;

	if (l->call == NULL || l->answered)
		return;
	l->answered = true;
	if (connected != NULL) {
		party_to_isup(&party, connected, l->line);
		isup_call_connected(l->call, &party);
	}
	isup_call_answer(l->call);
}

static void do_identity(struct leg *leg, const struct leg_party *now)
{
	struct leg_isup *l = from_leg(leg);
	struct isup_party party;

	if (l->call == NULL)
		return;
	party_to_isup(&party, now, l->line);
	isup_call_identity(l->call, &party);
}

static void do_user_data(struct leg *leg, const struct isup_user_data *u)
{
	struct leg_isup *l = from_leg(leg);

	if (l->call != NULL)
		isup_call_user_data(l->call, u);
}

static bool do_clear_inband(struct leg *leg, const struct leg_info *why, unsigned ms)
{
	struct leg_isup *l = from_leg(leg);

	if (l->call == NULL || !l->line->trunk_conf.disconnect_tone ||
	    !isup_call_clear_inband(l->call, why->cause, ms))
		return false;
	if (leg->final_cause == 0)
		leg->final_cause = why->cause;
	return true;
}

static void do_clear(struct leg *leg, const struct leg_info *why)
{
	struct leg_isup *l = from_leg(leg);

	if (l->call == NULL)
		return;
	l->retrying = l->may_retry = false;
	if (leg->final_cause == 0)
		leg->final_cause = why->cause;
	isup_call_clear(l->call, why->cause);
}

static bool do_has_end(const struct leg *leg)
{
	const struct leg_isup *l = (const struct leg_isup *)leg;

	return l->call != NULL && l->settled && isup_call_slot(l->call) != 0;
}

static void do_take_end(struct leg *leg, struct path_end *out)
{
	struct leg_isup *l = from_leg(leg);

	out->kind = PATH_SLOT;
	out->worker = l->line->worker;
	out->span = l->line->index;
	l->slot = isup_call_slot(l->call);
	out->slot = isup_slot_number(l->slot);
	out->data = isup_bearer_is_data(l->bearer);
	out->seven_bits = l->bearer == ISUP_DATA_56;
	if (out->data)
		return;
	line_set_echo(l->line, out);
	if (l->line->trunk_conf.hangup_on_busy)
		out->listen = &leg->tones->set;
}

static void do_give_end(struct leg *leg, struct path_end *end)
{
	/* A slot is not handed about. */
}

static void do_hold(struct leg *leg, bool held)
{
	struct leg_isup *l = from_leg(leg);

	if (l->call != NULL)
		isup_call_notify_hold(l->call, held);
}

static void do_free(struct leg *leg)
{
	timer_stop(&from_leg(leg)->name_timer);
	free(from_leg(leg));
}

static const struct leg_ops ops = {
	.kind = "isdn",
	.proceeding_ends_number = true,
	.more = do_more,
	.digits = do_digits,
	.proceeding = do_proceeding,
	.alert = do_alert,
	.progress = do_progress,
	.answer = do_answer,
	.identity = do_identity,
	.user_data = do_user_data,
	.clear_inband = do_clear_inband,
	.clear = do_clear,
	.has_end = do_has_end,
	.take_end = do_take_end,
	.give_end = do_give_end,
	.hold = do_hold,
	.free = do_free,
};

/* --- another slot, when the one of SETUP cannot be had ---
 *
 * The other leg hears nothing of it.  Only while nobody can have heard anything of the call: up to
 * CALL PROCEEDING.  That is also why the path waits for more than CALL PROCEEDING.
 */

/* 44: that slot is not available, or went to a call of the network (Q.931 5.7).  41: RESTART, or
 * trouble of the far end that may be of the slot. */
static bool retry_wanted(struct leg_isup *l, const struct isup_event *ev)
{
	if (!l->may_retry || l->settled || l->clearing ||
	    l->retries >= l->line->trunk_conf.retries ||
	    (ev->cause != Q850_CHANNEL_NOT_AVAILABLE && ev->cause != Q850_TEMPORARY_FAILURE))
		return false;
	l->setup.again = true;
	if (ev->slot != 0)
		isup_slot_set_add(&l->setup.avoid, ev->slot);
	return true;
}

static bool retry(struct leg_isup *l)
{
	l->retrying = false;
	l->retries++;
	l->named = false;
	if (isup_call_start(&l->call, l->line->trunk, &l->setup, &l->leg) < 0)
		return false;
	set_name(l);
	return true;
}

/* --- a name that follows --- */

static void on_name_timer(void *arg)
{
	struct leg_isup *l = arg;

	timer_stop(&l->name_timer);
	call_post_own(l->leg.call, FROM_SETUP, NULL);
}

bool leg_isup_holds(struct leg *leg)
{
	struct leg_isup *l = from_leg(leg);
	unsigned wait_ms = leg->ops == &ops ? l->line->trunk_conf.name_wait_ms : 0;

	if (wait_ms == 0 || !l->name_follows)
		return false;
	timer_start(leg->call->env->loop, &l->name_timer, wait_ms, on_name_timer, l);
	return true;
}

static void on_name(struct leg_isup *l, const char *name)
{
	struct call *c = l->leg.call;

	if (!timer_running(&l->name_timer)) { /* too late for the INVITE */
		l->leg.party = c->calling;
		snprintf(l->leg.party.name, sizeof(l->leg.party.name), "%s", name);
		call_post(&l->leg, LEG_IDENTITY, NULL);
		return;
	}
	snprintf(c->calling.name, sizeof(c->calling.name), "%s", name);
	on_name_timer(l);
}

/* --- events of the trunk --- */

/* HOLD takes the slot away, RETRIEVE may bring another: no path goes on over that. */
static void on_slot(struct leg_isup *l)
{
	unsigned slot = isup_call_slot(l->call);

	if (slot == l->slot)
		return;
	l->slot = slot;
	l->leg.end_version++;
	set_name(l);
}

static void set_dialled(struct leg *leg, const struct isup_event *ev)
{
	snprintf(leg->dialled, sizeof(leg->dialled), "%s", ev->called.digits);
	leg->incomplete = !ev->complete;
}

void leg_isup_event(struct leg *leg, const struct isup_event *ev)
{
	struct leg_isup *l = from_leg(leg);
	struct leg_info info = {
		.cause = ev->cause, .location_user = ev->location_user, .inband = ev->inband};
	bool ends = ev->kind == ISUP_CLEARING || ev->kind == ISUP_RELEASED;

	bool quiet = !ev->inband && (ev->kind == ISUP_PROCEEDING || ev->kind == ISUP_MORE);

	l->settled = l->settled || (!ends && !quiet);
	if (!l->named && !ends) {
		l->named = true;
		set_name(l);
	}
	if (ev->user_data != NULL)
		leg->user_data = *ev->user_data;
	switch (ev->kind) {
	case ISUP_DIGITS:
		set_dialled(leg, ev);
		call_post(leg, LEG_DIGITS, &info);
		break;
	case ISUP_PROCEEDING: call_post(leg, LEG_PROCEEDING, &info); break;
	case ISUP_ALERTING: call_post(leg, LEG_ALERTING, &info); break;
	case ISUP_PROGRESS: call_post(leg, LEG_PROGRESS, &info); break;
	case ISUP_CONNECT:
		if (ev->connected != NULL)
			leg_isup_party(&leg->connected, ev->connected, l->line);
		leg->connected_known = ev->connected != NULL;
		call_post(leg, LEG_ANSWERED, &info);
		break;
	case ISUP_PARTY:
		leg_isup_party(&leg->party, ev->connected, l->line);
		call_post(leg, LEG_IDENTITY, NULL);
		break;
	case ISUP_HOLD:
		leg->held = isup_call_held(ev->call);
		on_slot(l);
		call_post(leg, LEG_MEDIA, &info);
		break;
	case ISUP_CLEARING:
		if (l->clearing)
			break;
		l->retrying = retry_wanted(l, ev);
		if (l->retrying) {
			isup_call_clear(ev->call, ev->cause);
			break;
		}
		l->clearing = true;
		leg->final_cause = ev->cause;
		timer_stop(&l->name_timer);
		call_post(leg, LEG_CLEARING, &info);
		break;
	case ISUP_RELEASED:
		l->call = NULL;
		timer_stop(&l->name_timer);
		if (l->retrying) {
			if (retry(l))
				break;
			l->clearing = true;
			leg->final_cause = ev->cause;
			call_post(leg, LEG_CLEARING, &info);
		}
		if (leg->final_cause == 0)
			leg->final_cause = ev->cause;
		call_post(leg, LEG_RELEASED, &info);
		break;
	case ISUP_NAME: on_name(l, ev->calling.name); break;
	case ISUP_SETUP:
	case ISUP_MORE: /* what comes next is the caller's to dial */
	case ISUP_TRUNK_UP:
	case ISUP_TRUNK_DOWN: break;
	}
}

void leg_isup_tone(struct leg *leg, enum tone_kind tone)
{
	struct leg_isup *l = from_leg(leg);
	struct leg_info info = {.cause = tone == TONE_BUSY ? Q850_USER_BUSY : Q850_NO_CHANNEL};

	if (leg->ops != &ops || l->call == NULL || l->clearing)
		return;
	/* In a call it means that the other one has hung up. */
	if (leg->call->state == CALL_CONNECTED)
		info.cause = Q850_NORMAL_CLEARING;
	log_line(LOG_ISUP, LOG_INFO, "%s: %s tone is heard", leg->name, tone_kind_name(tone));
	l->clearing = true;
	leg->final_cause = info.cause;
	call_post(leg, LEG_CLEARING, &info);
}

/* --- life --- */

void leg_isup_party(struct leg_party *out, const struct isup_party *in, const struct line *line)
{
	memset(out, 0, sizeof(*out));
	dial_number_read(&line->trunk_conf.numbering, out->number, in->digits, in->type_of_number,
			 in->plan);
	snprintf(out->name, sizeof(out->name), "%s", in->name);
	out->restricted = in->presentation == PRESENTATION_RESTRICTED;
	out->type_of_number = in->type_of_number;
	out->plan = in->plan;
	out->screening = in->screening;
}

void leg_isup_redirecting(struct leg_redirecting *out, const struct isup_redirecting *in,
			  const struct line *line)
{
	out->count = in->count;
	out->reason = in->reason;
	out->original_reason = in->original_reason;
	leg_isup_party(&out->last, &in->last, line);
	leg_isup_party(&out->original, &in->original, line);
}

static struct leg_isup *leg_new(struct line *line)
{
	struct leg_isup *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	l->leg.ops = &ops;
	l->leg.worker = line->worker;
	l->leg.tones = &line->trunk_conf.audible;
	l->line = line;
	return l;
}

int leg_isup_offered(struct leg **out, struct line *line, const struct isup_event *setup)
{
	struct leg_isup *l = leg_new(line);

	*out = l != NULL ? &l->leg : NULL;
	if (l == NULL)
		return -ENOMEM;
	l->call = setup->call;
	l->bearer = setup->bearer;
	l->named = l->settled = true; /* by SETUP */
	/* Digits that are still to come must not find a call that has not begun. */
	l->name_follows = setup->name_follows && setup->complete && setup->calling.name[0] == '\0';
	l->leg.makes_ringback = l->leg.tones->ringback == RINGBACK_OWN ||
				(l->leg.tones->ringback == RINGBACK_AUTO && setup->tones_only);
	set_name(l);
	set_dialled(&l->leg, setup);
	isup_call_bind(setup->call, &l->leg);
	return 0;
}

/* Data that came without a bearer capability, by SIP: as the trunk wants them. */
static void set_purpose(struct leg_isup *l, const struct isup_purpose *purpose)
{
	static const enum isup_bearer data[] = {
		[CONF_DATA_64] = ISUP_DATA_64,
		[CONF_DATA_RESTRICTED] = ISUP_DATA_RESTRICTED,
		[CONF_DATA_56] = ISUP_DATA_56,
	};
	struct isup_purpose *p = &l->setup.purpose;

	*p = *purpose;
	if (p->capability.len == 0 && isup_bearer_is_data(p->bearer))
		p->bearer = data[l->line->trunk_conf.data_bearer];
	l->bearer = p->bearer;
}

int leg_isup_start(struct leg **out, struct line *line, const struct leg_parties *who,
		   bool complete)
{
	struct leg_isup *l = leg_new(line);

	*out = NULL;
	if (l == NULL)
		return -ENOMEM;
	struct isup_setup *setup = &l->setup;

	l->may_retry = true;
	setup->complete = complete;
	set_purpose(l, who->purpose);
	party_to_isup(&setup->called, who->called, line);
	party_to_isup(&setup->calling, who->calling, line);
	setup->redirecting.count = who->redirecting->count;
	setup->redirecting.reason = who->redirecting->reason;
	setup->redirecting.original_reason = who->redirecting->original_reason;
	party_to_isup(&setup->redirecting.last, &who->redirecting->last, line);
	party_to_isup(&setup->redirecting.original, &who->redirecting->original, line);
	/* The dialled number travels as the plan made it; its old type need not fit any more. */
	if (who->called->number[0] != '+')
		setup->called.type_of_number = TON_UNKNOWN;
	int r = isup_call_start(&l->call, line->trunk, setup, &l->leg);
	if (r < 0) {
		free(l);
		return r;
	}
	set_name(l);
	*out = &l->leg;
	return 0;
}

void leg_isup_hand_over(struct leg *a, struct leg *b)
{
	struct leg_isup *la = from_leg(a), *lb = from_leg(b);

	if (a->ops != &ops || b->ops != &ops || la->call == NULL || lb->call == NULL)
		return;
	isup_call_transfer(la->call, lb->call);
}

const struct line *leg_isup_line(const struct leg *leg)
{
	return leg->ops == &ops ? ((const struct leg_isup *)leg)->line : NULL;
}
