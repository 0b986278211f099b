#include "gateway/leg_sip.h"

#include "gateway/call.h"
#include "isup/cause.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct leg_sip {
	struct leg leg;
	struct sip_dialog *dialog; /* the agent's; NULL once ENDED */
	struct rtp_session *rtp;   /* owned until taken by the path */
	char peer[SIP_NAME_MAX];
	struct conf_audible tones;
	bool invited; /* the dialog came to us */
	bool data;
	bool answered; /* 2xx sent or received */
	bool ringing;  /* 180 came */
	bool holding;  /* we have put it on hold */
	bool early;    /* early media: 183 with SDP said so, or RTP came */
	bool heard;    /* RTP came */
};

static struct leg_sip *from_leg(struct leg *leg)
{
	return (struct leg_sip *)leg;
}

static void party_to_sip(struct sip_party *out, const struct leg_party *in)
{
	memset(out, 0, sizeof(*out));
	snprintf(out->user, sizeof(out->user), "%s", in->number);
	snprintf(out->display, sizeof(out->display), "%s", in->name);
	out->anonymous = in->restricted;
	out->asserted = in->screening != SCREENING_FAILED;
}

/* --- verbs --- */

static void do_proceeding(struct leg *leg)
{
	/* The dialog sent 100 when the INVITE came. */
}

static bool do_more(struct leg *leg)
{
	return false; /* a request has the whole number */
}

static void do_digits(struct leg *leg, const char *digits)
{
	/* RFC 3578 3.1: another INVITE takes its place once it was refused by 484, see call.c. */
}

static void do_alert(struct leg *leg, bool inband)
{
	struct leg_sip *l = from_leg(leg);

	if (l->dialog != NULL)
		sip_dialog_ring(l->dialog, inband);
}

static void do_progress(struct leg *leg, bool inband)
{
	struct leg_sip *l = from_leg(leg);

	/* RFC 3398 7.2.3: 183 tells of early media; without it there is nothing to tell. */
	if (l->dialog != NULL && inband)
		sip_dialog_progress(l->dialog);
}

static void do_answer(struct leg *leg, const struct leg_party *connected)
{
	struct leg_sip *l = from_leg(leg);
	struct sip_party party;

	l->answered = true;
	if (l->dialog == NULL)
		return;
	if (connected != NULL) {
		party_to_sip(&party, connected);
		sip_dialog_connected(l->dialog, &party);
	}
	sip_dialog_answer(l->dialog);
}

static void do_identity(struct leg *leg, const struct leg_party *now)
{
	struct leg_sip *l = from_leg(leg);
	struct sip_party party;

	if (l->dialog == NULL)
		return;
	party_to_sip(&party, now);
	sip_dialog_identity(l->dialog, &party);
}

/* SIP to SIP the far side's own status goes through, but for those that ask the one who sent the
 * request to do something: redirections and challenges are between us and the peer. */
static int clear_status(const struct leg_info *why)
{
	if (why->sip_status >= 400 && why->sip_status != 401 && why->sip_status != 407)
		return why->sip_status;
	return cause_to_status(why->cause, why->location_user);
}

static void user_data_to_sip(struct sip_user_data *out, const struct isup_user_data *in)
{
	_Static_assert(sizeof(out->octets) == sizeof(in->octets), "the same element");
	out->len = in->len;
	memcpy(out->octets, in->octets, sizeof(out->octets));
}

void leg_sip_user_data(struct isup_user_data *out, const struct sip_user_data *in)
{
	out->len = in->len;
	memcpy(out->octets, in->octets, sizeof(out->octets));
}

static void do_user_data(struct leg *leg, const struct isup_user_data *u)
{
	struct leg_sip *l = from_leg(leg);
	struct sip_user_data data;

	user_data_to_sip(&data, u);
	if (l->dialog != NULL)
		sip_dialog_user_data(l->dialog, &data);
}

static void do_clear(struct leg *leg, const struct leg_info *why)
{
	struct leg_sip *l = from_leg(leg);

	if (l->dialog == NULL)
		return;
	if (leg->final_cause == 0)
		leg->final_cause = why->cause;
	sip_dialog_end(l->dialog, clear_status(why), why->cause);
}

static bool do_has_end(const struct leg *leg)
{
	const struct leg_sip *l = (const struct leg_sip *)leg;

	return l->rtp != NULL;
}

static void do_take_end(struct leg *leg, struct path_end *out)
{
	struct leg_sip *l = from_leg(leg);

	out->kind = PATH_RTP;
	out->rtp = l->rtp;
	out->data = l->data;
	l->rtp = NULL;
}

static void do_give_end(struct leg *leg, struct path_end *end)
{
	from_leg(leg)->rtp = end->rtp;
	end->rtp = NULL;
}

static void do_hold(struct leg *leg, bool held)
{
	struct leg_sip *l = from_leg(leg);

	l->holding = held;
	if (l->dialog != NULL)
		sip_dialog_hold(l->dialog, held);
}

static void do_free(struct leg *leg)
{
	struct leg_sip *l = from_leg(leg);

	rtp_session_close(l->rtp);
	free(l);
}

static const struct leg_ops ops = {
	.kind = "sip",
	.more = do_more,
	.digits = do_digits,
	.proceeding = do_proceeding,
	.alert = do_alert,
	.progress = do_progress,
	.answer = do_answer,
	.identity = do_identity,
	.user_data = do_user_data,
	.clear = do_clear,
	.has_end = do_has_end,
	.take_end = do_take_end,
	.give_end = do_give_end,
	.hold = do_hold,
	.free = do_free,
};

/* --- events of the dialog --- */

/* Why a dialog ends, as Q.850.  A Reason header is the far side's own word (RFC 3326, RFC 6432). */
static int ending_cause(const struct leg_sip *l, const struct sip_event *ev)
{
	if (ev->q850 != 0)
		return ev->q850;
	if (ev->status == 0)
		return Q850_NORMAL_CLEARING; /* BYE */
	if (ev->status == 487 && l->invited)
		return Q850_NORMAL_CLEARING; /* CANCEL: RFC 3398 8.2.5 */
	return cause_from_status(ev->status);
}

/* Whether there is something to hear before the answer: the peer's word (RFC 5009) goes before what
 * the response looks like. */
static void hear_early(struct leg_sip *l, enum sip_early said, bool likely)
{
	if (said != SIP_EARLY_NOT_SAID)
		likely = said == SIP_EARLY_COMES;
	l->early = l->early || (likely && l->leg.media_version != 0);
}

void leg_sip_event(struct leg *leg, const struct sip_event *ev)
{
	struct leg_sip *l = from_leg(leg);
	struct leg_info info = {0};

	if (ev->media != NULL) {
		leg->media = *ev->media;
		leg->media_version++;
		/* Who answers our hold without taking our audio need not mean his own. */
		if (!l->holding)
			leg->held = !ev->media->send;
	}
	if (ev->user_data != NULL)
		leg_sip_user_data(&leg->user_data, ev->user_data);
	switch (ev->kind) {
	case SIP_TRYING: call_post(leg, LEG_PROCEEDING, &info); break;
	case SIP_RINGING:
		/* RFC 3960 3.2: SDP in a 180 only says where media would go; see leg_sip_heard().
		 */
		l->ringing = true;
		hear_early(l, ev->early, false);
		info.inband = l->early;
		info.promised = !l->heard;
		call_post(leg, LEG_ALERTING, &info);
		break;
	case SIP_PROGRESS:
		hear_early(l, ev->early, true);
		info.inband = l->early;
		info.promised = !l->heard;
		call_post(leg, LEG_PROGRESS, &info);
		break;
	case SIP_ANSWERED:
		l->answered = true;
		if (ev->connected != NULL)
			leg_sip_party(&leg->connected, ev->connected);
		leg->connected_known = ev->connected != NULL;
		call_post(leg, LEG_ANSWERED, &info);
		break;
	case SIP_IDENTITY:
		leg_sip_party(&leg->party, ev->connected);
		call_post(leg, LEG_IDENTITY, &info);
		break;
	case SIP_CONFIRMED: call_post(leg, LEG_CONFIRMED, &info); break;
	case SIP_MEDIA: call_post(leg, LEG_MEDIA, &info); break;
	case SIP_ENDING:
		info.cause = ending_cause(l, ev);
		info.sip_status = ev->status;
		info.location_user = ev->status == 0 || ev->status == 603 || ev->status == 486;
		leg->final_cause = info.cause;
		call_post(leg, LEG_CLEARING, &info);
		break;
	case SIP_ENDED:
		l->dialog = NULL;
		info.cause = leg->final_cause != 0 ? leg->final_cause : Q850_NORMAL_CLEARING;
		leg->final_cause = info.cause;
		call_post(leg, LEG_RELEASED, &info);
		break;
	case SIP_REFERRED: /* gateway.c's */
	case SIP_INVITED: break;
	}
}

void leg_sip_refer_progress(struct leg *leg, int status)
{
	struct leg_sip *l = from_leg(leg);

	if (leg->ops == &ops && l->dialog != NULL)
		sip_dialog_refer_progress(l->dialog, status);
}

void leg_sip_heard(struct leg *leg)
{
	struct leg_sip *l = from_leg(leg);
	const struct leg_info info = {.inband = true};

	if (leg->ops != &ops || l->heard || l->answered || l->dialog == NULL)
		return;
	bool told = l->ringing || l->early;
	l->heard = l->early = true;
	if (told)
		call_post(leg, LEG_PROGRESS, &info);
}

/* --- life --- */

void leg_sip_party(struct leg_party *out, const struct sip_party *in)
{
	memset(out, 0, sizeof(*out));
	snprintf(out->number, sizeof(out->number), "%s", in->user);
	snprintf(out->name, sizeof(out->name), "%s", in->display);
	out->restricted = in->anonymous;
	/* Who vouches for it is a network (RFC 4497 9.2.1). */
	out->screening = in->asserted ? SCREENING_NETWORK : SCREENING_NONE;
}

void leg_sip_redirecting(struct leg_redirecting *out, const struct sip_redirecting *in)
{
	out->count = in->count;
	out->reason = in->reason;
	out->original_reason = in->original_reason;
	leg_sip_party(&out->last, &in->last);
	leg_sip_party(&out->original, &in->original);
}

static void set_codecs(struct sip_local_media *local, const struct conf_peer *peer, bool data)
{
	if (data) {
		local->codec[0] = SIP_CLEARMODE;
		local->codec_count = 1;
		local->clearmode_type = peer->clearmode_type;
		return;
	}
	memcpy(local->codec, peer->codec, sizeof(local->codec));
	local->codec_count = peer->codec_count;
	local->dtmf_type = peer->dtmf_type;
}

static int local_addr(const struct leg_sip_place *place, const struct sip_dialog *dialog,
		      const char *number, struct sockaddr_storage *out)
{
	if (dialog == NULL)
		return sip_agent_local_addr(place->agent, place->peer->sip.name, number, out);
	sip_dialog_local_addr(dialog, out);
	return 0;
}

/* dialog NULL: a call to number is to be made. */
static int leg_new(struct leg_sip **out, const struct leg_sip_place *place,
		   const struct sip_dialog *dialog, const char *number,
		   struct sip_local_media *local)
{
	const struct conf_peer *peer = place->peer;
	struct rtp_conf rtp = *place->rtp;
	struct leg_sip *l = calloc(1, sizeof(*l));
	int r = -ENOMEM;

	*out = NULL;
	if (l == NULL)
		goto fail;
	l->leg.ops = &ops;
	snprintf(l->peer, sizeof(l->peer), "%s", peer->sip.name);
	l->tones = peer->audible;
	l->leg.tones = &l->tones;
	l->leg.makes_ringback = l->tones.ringback == RINGBACK_OWN;
	if (rtp.addr.ss_family == AF_UNSPEC) {
		r = local_addr(place, dialog, number, &rtp.addr);
		if (r < 0)
			goto fail;
	}
	r = rtp_session_open(&l->rtp, &rtp);
	if (r < 0)
		goto fail;
	memset(local, 0, sizeof(*local));
	rtp_session_local(l->rtp, &local->addr);
	set_codecs(local, peer, place->data);
	local->ptime_ms = peer->ptime_ms;
	l->data = place->data;
	*out = l;
	return 0;
fail:
	free(l);
	return r;
}

static void set_name(struct leg_sip *l, const char *number, const char *host)
{
	snprintf(l->leg.name, sizeof(l->leg.name), "sip:%.24s@%.18s", number, host);
}

int leg_sip_offered(struct leg **out, const struct leg_sip_place *place, const struct sip_event *ev)
{
	struct sip_local_media local;
	struct leg_sip *l;

	*out = NULL;
	int r = leg_new(&l, place, ev->dialog, NULL, &local);
	if (r < 0)
		return r;
	l->dialog = ev->dialog;
	l->invited = true;
	set_name(l, ev->calling->anonymous ? "anonymous" : ev->calling->user, ev->peer);
	sip_dialog_accept(ev->dialog, &l->leg, &local);
	*out = &l->leg;
	return 0;
}

int leg_sip_start(struct leg **out, const struct leg_sip_place *place,
		  const struct leg_parties *who)
{
	struct sip_invite inv = {.peer = place->peer->sip.name, .number = who->called->number};
	struct leg_sip *l;

	*out = NULL;
	int r = leg_new(&l, place, NULL, inv.number, &inv.local);
	if (r < 0)
		return r;
	party_to_sip(&inv.calling, who->calling);
	inv.calling.line_information = who->purpose->line_information;
	user_data_to_sip(&inv.user_data, &who->purpose->user_data);
	char called_sub[ISUP_SUBADDRESS_MAX] = "";
	_Static_assert(sizeof(called_sub) == sizeof(inv.calling.subaddress), "the same text");
	if (place->peer->subaddress) {
		isup_subaddress_read(inv.calling.subaddress, &who->purpose->calling_sub);
		isup_subaddress_read(called_sub, &who->purpose->called_sub);
		inv.subaddress = called_sub;
	}
	inv.replaces = who->replaces;
	inv.referred_by = who->referred_by;
	inv.redirecting.count = who->redirecting->count;
	inv.redirecting.reason = who->redirecting->reason;
	inv.redirecting.original_reason = who->redirecting->original_reason;
	party_to_sip(&inv.redirecting.last, &who->redirecting->last);
	party_to_sip(&inv.redirecting.original, &who->redirecting->original);
	set_name(l, who->called->number, place->peer->sip.domain);
	r = sip_dialog_start(&l->dialog, place->agent, &inv, &l->leg);
	if (r < 0) {
		do_free(&l->leg);
		return r;
	}
	*out = &l->leg;
	return 0;
}

const char *leg_sip_peer(const struct leg *leg)
{
	return leg->ops == &ops ? ((const struct leg_sip *)leg)->peer : NULL;
}
