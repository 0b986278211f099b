#include "gateway/transfer.h"

#include "gateway/base/log.h"
#include "gateway/leg_isup.h"
#include "gateway/leg_sip.h"
#include "isup/cause.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Stands for who is transferred until the target has answered. */
struct transfer_leg {
	struct leg leg;
	struct gateway *gateway;
	uint32_t first; /* the call of who asked */
	char replaces[SIP_REPLACES_MAX], referred_by[SIP_REFERRED_BY_MAX];
	bool answered, cleared;
	struct task join;
};

static struct transfer_leg *from_leg(struct leg *leg)
{
	return (struct transfer_leg *)leg;
}

static struct call *call_of(const struct gateway *g, uint32_t id)
{
	struct call *c;

	HASH_FIND(hh, g->calls, &id, sizeof(id), c);
	return c;
}

/* Where in its call a leg is. */
static struct leg **place_of(struct leg *leg)
{
	return leg == leg->call->from ? &leg->call->from : &leg->call->to;
}

static struct leg **other_place(struct call *c, const struct leg *leg)
{
	return leg == c->from ? &c->to : &c->from;
}

/* --- joined --- */

/* Two channels of one trunk that only talk to each other: the far end may have them back. */
static void after_join(struct call *c)
{
	char title[160];

	log_line(LOG_CALL, LOG_INFO, "%s: joined by transfer", call_title(c, title, sizeof(title)));
	leg_isup_hand_over(c->from, c->to);
}

/* Who is at that leg, as its call knows. */
static struct leg_party party_at(const struct leg *leg)
{
	const struct call *c = leg->call;

	if (leg == c->from)
		return c->calling;
	return leg->connected_known ? leg->connected : c->called;
}

/* RFC 4916, and EN 300 369: each hears who the other is now. */
static void introduce(struct leg *a, struct leg *b)
{
	struct leg_party at_a = party_at(a), at_b = party_at(b);

	a->ops->identity(a, &at_b);
	b->ops->identity(b, &at_a);
}

/* a_leg goes where b_leg was; what is left of a's call ends. */
static void join(struct leg *a_leg, struct leg *b_leg)
{
	struct call *a = a_leg->call, *b = b_leg->call;

	introduce(a_leg, *other_place(b, b_leg));
	b->transfers = a->transfers > b->transfers ? a->transfers : b->transfers;
	call_swap(a, place_of(a_leg), b, place_of(b_leg));
	a->dissolved = true;
	call_post_own(a, CALL_JOINED, NULL);
	after_join(b);
}

/* --- the transfer leg: what the second call does becomes NOTIFY --- */

static void tell(const struct transfer_leg *l, int status)
{
	const struct call *first = call_of(l->gateway, l->first);

	if (first != NULL && first->state == CALL_TRANSFERRING && first->referrer != NULL)
		leg_sip_refer_progress(first->referrer, status);
}

static void on_join(void *arg)
{
	struct transfer_leg *l = arg;
	struct call *first = call_of(l->gateway, l->first);

	if (l->cleared || first == NULL || first->state != CALL_TRANSFERRING)
		return; /* transfer_clearing() sees to it */
	struct leg *referrer = first->referrer;
	struct leg *kept = referrer != NULL      ? *other_place(first, referrer)
			   : first->from != NULL ? first->from
						 : first->to;
	tell(l, 200);
	join(kept, &l->leg);
}

static bool do_more(struct leg *leg)
{
	return false;
}

static void do_digits(struct leg *leg, const char *digits)
{
}

static void do_proceeding(struct leg *leg)
{
}

static void do_alert(struct leg *leg, bool inband)
{
	tell(from_leg(leg), 180);
}

static void do_progress(struct leg *leg, bool inband)
{
	tell(from_leg(leg), 183);
}

static void do_answer(struct leg *leg, const struct leg_party *connected)
{
	struct transfer_leg *l = from_leg(leg);

	l->answered = true;
	task_post(l->gateway->loop, &l->join, on_join, l);
}

static void do_identity(struct leg *leg, const struct leg_party *now)
{
}

static void do_clear(struct leg *leg, const struct leg_info *why)
{
	struct transfer_leg *l = from_leg(leg);
	struct call *first = call_of(l->gateway, l->first);

	if (l->cleared)
		return;
	l->cleared = true;
	leg->final_cause = why->cause;
	if (first != NULL && first != leg->call) {
		tell(l, why->sip_status >= 400 ? why->sip_status
					       : cause_to_status(why->cause, why->location_user));
		call_post_own(first, CALL_REFER_OVER, why);
	}
	call_post(leg, LEG_RELEASED, why);
}

static bool do_has_end(const struct leg *leg)
{
	return false;
}

static void do_take_end(struct leg *leg, struct path_end *out)
{
}

static void do_give_end(struct leg *leg, struct path_end *end)
{
}

static void do_hold(struct leg *leg, bool held)
{
}

static void do_free(struct leg *leg)
{
	task_cancel(&from_leg(leg)->join);
	free(from_leg(leg));
}

static const struct leg_ops ops = {
	.kind = "transfer",
	.more = do_more,
	.digits = do_digits,
	.proceeding = do_proceeding,
	.alert = do_alert,
	.progress = do_progress,
	.answer = do_answer,
	.identity = do_identity,
	.clear = do_clear,
	.has_end = do_has_end,
	.take_end = do_take_end,
	.give_end = do_give_end,
	.hold = do_hold,
	.free = do_free,
};

/* --- REFER --- */

/* Why not: a status, 0 = it may. */
static int refusal(const struct gateway *g, const struct call *c)
{
	if (c->state == CALL_TRANSFERRING)
		return 491;
	if (c->state != CALL_CONNECTED)
		return 403;
	if (c->transfers >= g->conf->gateway.redirects_max)
		return 482;
	return g->refusing || HASH_COUNT(g->calls) >= g->calls_max ? 503 : 0;
}

/* 202 must be out before any NOTIFY. */
static void attended(const struct sip_event *ev, struct leg *leg, struct leg *target)
{
	sip_dialog_refer_answer(ev->dialog, 202);
	sip_dialog_refer_progress(ev->dialog, 200);
	leg->call->transfers++;
	join(*other_place(leg->call, leg), target);
}

static const struct conf_audible silent; /* nobody listens there */

static int leg_new(struct transfer_leg **out, struct gateway *g, const struct call *first,
		   const struct sip_refer *refer)
{
	struct transfer_leg *l = calloc(1, sizeof(*l));

	*out = l;
	if (l == NULL)
		return -ENOMEM;
	l->leg.ops = &ops;
	l->leg.tones = &silent;
	l->gateway = g;
	l->first = first->id;
	snprintf(l->leg.name, sizeof(l->leg.name), "transfer of %u", first->id);
	snprintf(l->replaces, sizeof(l->replaces), "%s", refer->replaces.text);
	snprintf(l->referred_by, sizeof(l->referred_by), "%s", refer->referred_by);
	return 0;
}

static int blind(struct gateway *g, struct leg *leg, const struct sip_refer *refer)
{
	struct call *c, *first = leg->call;
	const struct leg_party *asking = leg == first->from ? &first->calling : &first->called;
	const struct leg_party *going = leg == first->from ? &first->called : &first->calling;
	struct transfer_leg *l;
	struct leg_party called;

	if (leg_new(&l, g, first, refer) < 0)
		return 503;
	leg_sip_party(&called, &refer->target);
	struct gateway_offer offer = {&l->leg, &called, asking, leg_sip_peer(leg), ""};
	if (gateway_call_begin(g, &offer, &c) < 0)
		return 503;
	/* What the transferred call is for does not change: an ISDN asked to connect the two by
	 * itself would refuse calls of different bearers. */
	c->purpose.bearer = first->purpose.bearer;
	c->purpose.capability = first->purpose.capability;
	c->purpose.low_layer = first->purpose.low_layer;
	c->purpose.high_layer = first->purpose.high_layer;
	c->transferee = *going;
	c->has_transferee = true;
	c->transfers = first->transfers + 1;
	c->replaces = l->replaces[0] != '\0' ? l->replaces : NULL;
	c->referred_by = l->referred_by[0] != '\0' ? l->referred_by : NULL;
	first->referrer = leg;
	call_post_own(first, CALL_REFERRED, NULL);
	call_post_own(c, FROM_SETUP, NULL);
	return 202;
}

void transfer_referred(struct gateway *g, const struct sip_event *ev)
{
	struct leg *leg = ev->user, *target = NULL;
	struct call *c = leg->call;
	char title[160];
	int status = refusal(g, c);

	if (status == 0 && ev->refer->replaces.call_id[0] != '\0')
		target = sip_dialog_replaced(ev->dialog, &ev->refer->replaces);
	if (status == 0 && target != NULL &&
	    (target->call == c || target->call->state != CALL_CONNECTED ||
	     ev->refer->replaces.early_only))
		status = 481;
	log_line(LOG_CALL, LOG_INFO, "%s: %s asks for a transfer to %s%s",
		 call_title(c, title, sizeof(title)), leg->name, ev->refer->target.user,
		 target != NULL ? ", a call it has" : "");
	if (status == 0 && target != NULL) {
		attended(ev, leg, target);
		return;
	}
	if (status == 0)
		status = blind(g, leg, ev->refer);
	sip_dialog_refer_answer(ev->dialog, status);
}

/* --- INVITE with Replaces --- */

int transfer_take_over(void *gateway, struct call *c)
{
	struct call *old = call_of(gateway, c->replaced_call);
	struct leg *leg = c->from;

	if (old == NULL || old->state != CALL_CONNECTED ||
	    (old->from != c->replaced && old->to != c->replaced))
		return Q850_NORMAL_UNSPECIFIED;
	leg->ops->answer(leg, NULL);
	introduce(leg, *other_place(old, c->replaced));
	call_swap(c, &c->from, old, place_of(c->replaced));
	after_join(old);
	return Q850_NORMAL_CLEARING;
}

/* --- ends --- */

void transfer_clearing(void *gateway, struct call *c)
{
	struct gateway *g = gateway;
	struct call *second, *next;

	HASH_ITER(hh, g->calls, second, next)
	if (second != c && second->from != NULL && second->from->ops == &ops &&
	    from_leg(second->from)->first == c->id)
		call_clear(second, Q850_NORMAL_CLEARING);
}
