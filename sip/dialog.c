#include "sip/address.h"
#include "sip/dialog_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* --- life --- */

int sip_dialog_new(struct sip_dialog **out, struct sip_agent *a, struct sip_peer *peer,
		   struct sip_listener *listener)
{
	struct sip_dialog *d = calloc(1, sizeof(*d));
	uint32_t random;

	*out = NULL;
	if (d == NULL)
		return -ENOMEM;
	sip_token(d->local_tag);
	unsigned hash = sip_hash(&a->layer.key, d->local_tag, SIP_TOKEN_SIZE - 1);
	HASH_ADD_KEYPTR_BYHASHVALUE(hh, a->dialogs, d->local_tag, SIP_TOKEN_SIZE - 1, hash, d);
	if (d->hh.tbl == NULL) {
		free(d);
		return -ENOMEM;
	}
	d->agent = a;
	d->peer = peer;
	sip_agent_peer_hold(peer);
	d->listener = sip_listener_hold(listener);
	sip_random(&random, sizeof(random));
	d->origin = (struct sip_sdp_origin){.id = random, .version = 1};
	a->counts.dialogs++;
	*out = d;
	return 0;
}

struct sip_dialog *sip_dialog_tagged(struct sip_agent *a, struct sip_text tag)
{
	struct sip_dialog *d = NULL;

	if (tag.len != SIP_TOKEN_SIZE - 1)
		return NULL;
	unsigned hash = sip_hash(&a->layer.key, tag.at, tag.len);
	HASH_FIND_BYHASHVALUE(hh, a->dialogs, tag.at, tag.len, hash, d);
	return d;
}

unsigned sip_dialog_count_of(const struct sip_agent *a, const char *user)
{
	unsigned n = 0;

	for (const struct sip_dialog *d = a->dialogs; d != NULL; d = d->hh.next)
		n += !d->told && strcmp(d->user_name, user) == 0;
	return n;
}

static void set_told(struct sip_dialog *d)
{
	if (!d->told)
		d->agent->counts.dialogs--;
	d->told = true;
}

void sip_dialog_free(struct sip_dialog *d)
{
	struct sip_agent *a = d->agent;

	HASH_DELETE(hh, a->dialogs, d);
	set_told(d);
	timer_stop(&d->give_up);
	timer_stop(&d->repeat_2xx);
	timer_stop(&d->ack_limit);
	timer_stop(&d->repeat_1xx);
	sip_reliable_stop(d);
	sip_session_stop(d);
	sip_changes_free(d);
	task_cancel(&d->task);
	if (d->invite != NULL)
		sip_client_attach(d->invite, NULL, NULL);
	if (d->bye != NULL)
		sip_client_attach(d->bye, NULL, NULL);
	if (d->invited != NULL)
		sip_server_attach(d->invited, NULL, NULL);
	sip_dialog_refer_free(d);
	free(d->replaces);
	free(d->sent_replaces);
	free(d->sent_referred_by);
	sip_dialog_forks_free(d);
	sip_far_free(&d->far);
	osip_from_free(d->local);
	osip_from_free(d->remote);
	free(d->call_id);
	free(d->sdp);
	sip_listener_release(d->listener);
	sip_agent_peer_release(a, d->peer);
	free(d);
}

/* What may still come that this struct must answer. */
static bool busy(const struct sip_dialog *d)
{
	return d->invite != NULL || d->bye != NULL || d->awaiting_ack || sip_dialog_refer_tells(d);
}

/* --- events --- */

static bool carries_media(enum sip_event_kind kind)
{
	return kind == SIP_RINGING || kind == SIP_PROGRESS || kind == SIP_ANSWERED ||
	       kind == SIP_CONFIRMED || kind == SIP_MEDIA;
}

static void tell_one(struct sip_dialog *d, enum sip_event_kind kind)
{
	struct sip_event ev = {.kind = kind, .dialog = d, .user = d->user};

	if (kind == SIP_INVITED) {
		ev.peer = d->peer->conf.name;
		ev.called = &d->called;
		ev.calling = &d->calling;
		ev.redirecting = &d->redirecting;
		ev.data = d->offered && sip_sdp_is_data(&d->offer);
		ev.replaces = d->replaces;
	} else if (kind == SIP_RINGING || kind == SIP_PROGRESS) {
		ev.early = d->early;
	} else if (kind == SIP_ANSWERED && d->connected.asserted) {
		ev.connected = &d->connected;
	} else if (kind == SIP_IDENTITY) {
		ev.connected = sip_dialog_other(d);
	} else if (kind == SIP_REFERRED) {
		if (d->referral == NULL || d->referral->server == NULL)
			return;
		ev.refer = &d->referral->refer;
	} else if (kind == SIP_ENDING) {
		ev.status = d->end_status;
		ev.q850 = d->end_q850;
	} else if (kind == SIP_ENDED) {
		set_told(d);
	}
	if (d->user_data.len != 0 && (kind == SIP_INVITED || kind == SIP_RINGING ||
				      kind == SIP_ANSWERED || kind == SIP_ENDING))
		ev.user_data = &d->user_data;
	if (carries_media(kind) && d->media_news && kind >= d->media_with) {
		d->media_news = false;
		d->media_with = SIP_INVITED;
		ev.media = &d->media;
	}
	d->agent->ops.event(d->agent->arg, &ev);
	if (ev.user_data != NULL)
		d->user_data.len = 0;
}

static void run(void *arg)
{
	struct sip_dialog *d = arg;
	unsigned now = d->pending;

	d->pending = 0;
	for (unsigned kind = SIP_INVITED; kind <= SIP_ENDED; kind++)
		/* A verb may have ended it between two events. */
		if ((now & 1u << kind) != 0 && (!d->ended || kind == SIP_ENDED))
			tell_one(d, (enum sip_event_kind)kind);
	if (d->told && d->pending == 0 && !busy(d))
		sip_dialog_free(d);
}

void sip_dialog_settle(struct sip_dialog *d)
{
	task_post(d->agent->loop, &d->task, run, d);
}

void sip_dialog_tell(struct sip_dialog *d, enum sip_event_kind kind)
{
	if (d->ended && kind != SIP_ENDED)
		return;
	/* The event that brought the media tells of them, not one before it in the same turn: a 180
	 * without SDP is no early media, though the 200 is here already. */
	if (d->media_news && d->media_with == SIP_INVITED && carries_media(kind))
		d->media_with = kind;
	d->pending |= 1u << kind;
	sip_dialog_settle(d);
}

static void timers_stop(struct sip_dialog *d)
{
	timer_stop(&d->repeat_2xx);
	timer_stop(&d->ack_limit);
	timer_stop(&d->repeat_1xx);
	sip_reliable_stop(d);
	sip_session_stop(d);
	sip_changes_stop(d);
	d->awaiting_ack = false;
}

void sip_dialog_fail(struct sip_dialog *d, int status, int q850)
{
	timers_stop(d);
	d->state = DIALOG_OVER;
	sip_dialog_settle(d);
	if (d->ended || d->failed)
		return;
	d->failed = true;
	if ((d->pending & 1u << SIP_INVITED) != 0) { /* over before anybody heard of it */
		d->pending = 0;
		d->ended = true;
		set_told(d);
		return;
	}
	d->end_status = status;
	d->end_q850 = q850;
	sip_dialog_tell(d, SIP_ENDING);
}

/* --- BYE --- */

static void bye_response(void *arg, const struct sip_incoming *in)
{
	struct sip_dialog *d = arg;

	/* Whatever it says, the dialog is over (15.1.1); a BYE of theirs that crossed ours came
	 * before this. */
	if (in->m->status_code < 200 || d->bye == NULL)
		return;
	sip_client_attach(d->bye, NULL, NULL);
	d->bye = NULL;
	sip_dialog_settle(d);
}

static void bye_timeout(void *arg)
{
}

static void bye_gone(void *arg)
{
	struct sip_dialog *d = arg;

	d->bye = NULL;
	sip_dialog_settle(d);
}

static void bye_again(void *arg, struct sip_client *fresh, uint32_t cseq)
{
	struct sip_dialog *d = arg;

	d->bye = fresh;
	d->cseq = cseq;
}

static const struct sip_client_ops bye_ops = {
	.response = bye_response, .timeout = bye_timeout, .gone = bye_gone, .again = bye_again};

void sip_dialog_bye(struct sip_dialog *d, int q850)
{
	timers_stop(d);
	d->state = DIALOG_OVER;
	if (sip_dialog_bye_to(d, &d->far, q850, &d->bye) == 0)
		sip_client_attach(d->bye, &bye_ops, d);
	sip_dialog_settle(d);
}

void sip_dialog_draft_contact(struct sip_dialog *d, struct sip_draft *draft)
{
	char addr[SIP_ADDR_TEXT];

	enum sip_protocol by = d->listener->protocol;
	sip_draft_set(draft, osip_message_set_contact, "<sip:%s%s%s>",
		      sip_addr_text((struct sockaddr *)&d->local_addr, addr),
		      by != SIP_UDP ? ";transport=" : "",
		      by != SIP_UDP ? sip_protocol_name(by) : "");
	sip_draft_set(draft, osip_message_set_allow, "%s%s", SIP_ALLOW,
		      d->peer->conf.transfer ? ", REFER" : "");
	sip_draft_supported(draft, sip_peer_options(&d->peer->conf));
}

void sip_dialog_learn(struct sip_dialog *d, const osip_message_t *m)
{
	unsigned required = sip_message_options(m, "Require");

	if (sip_message_header(m, "Supported", 0) != NULL || sip_message_header(m, "k", 0) != NULL)
		d->far_options = sip_message_options(m, "Supported");
	d->far_options |= required;
	d->far_updates = sip_message_allows(m, "UPDATE", d->far_updates);
}

/* --- verbs --- */

void *sip_dialog_replaced(const struct sip_dialog *d, const struct sip_replaces *r)
{
	struct sip_agent *a = d->agent;
	struct sip_dialog *old = NULL;

	if (strlen(r->to_tag) != SIP_TOKEN_SIZE - 1)
		return NULL;
	unsigned hash = sip_hash(&a->layer.key, r->to_tag, SIP_TOKEN_SIZE - 1);
	HASH_FIND_BYHASHVALUE(hh, a->dialogs, r->to_tag, SIP_TOKEN_SIZE - 1, hash, old);
	if (old == NULL || old == d || strcmp(old->call_id, r->call_id) != 0 ||
	    strcmp(old->far.tag, r->from_tag) != 0 ||
	    strcmp(old->peer->conf.name, d->peer->conf.name) != 0)
		return NULL;
	return old->state == DIALOG_CONFIRMED && !old->ended ? old->user : NULL;
}

void sip_dialog_bind(struct sip_dialog *d, void *user)
{
	d->user = user;
}

void sip_dialog_user_data(struct sip_dialog *d, const struct sip_user_data *u)
{
	d->user_data_out = *u;
}

void sip_dialog_local_addr(const struct sip_dialog *d, struct sockaddr_storage *out)
{
	*out = d->local_addr;
	sip_addr_set_port(out, 0);
}

const char *sip_dialog_call_id(const struct sip_dialog *d)
{
	return d->call_id;
}

void sip_dialog_end(struct sip_dialog *d, int status, int q850)
{
	if (d->ended)
		return;
	d->ended = true;
	d->pending = 0;
	switch (d->state) {
	case DIALOG_CALLING:
	case DIALOG_PROCEEDING: sip_dialog_cancel(d, q850); break;
	case DIALOG_INVITED:
		sip_dialog_reject(d, status >= 300 && status < 700 ? status : 500, q850, NULL);
		break;
	case DIALOG_ANSWERED: /* 15: no BYE from the callee before the ACK */
		d->bye_wanted = true;
		d->bye_q850 = q850;
		break;
	case DIALOG_CONFIRMED:
		d->bye_q850 = q850;
		d->bye_after_notify = sip_dialog_refer_tells(d);
		if (!d->bye_after_notify)
			sip_dialog_bye(d, q850);
		break;
	case DIALOG_OVER: break;
	}
	sip_dialog_tell(d, SIP_ENDED);
}
