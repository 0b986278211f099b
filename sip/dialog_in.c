/* dialog_in.c - calls we get (RFC 3261 13.3). */
#include "sip/address.h"
#include "sip/dialog_impl.h"
#include "sip/memory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REPEAT_1XX_MS = 60000 }; /* 13.3.1.1: proxies give up after three minutes */

/* --- responses to INVITE --- */

static void invited_gone(void *arg)
{
	struct sip_dialog *d = arg;

	d->invited = NULL;
	sip_dialog_settle(d);
}

static const struct sip_server_ops invited_ops = {invited_gone};

void sip_dialog_attach_invited(struct sip_dialog *d, struct sip_server *s)
{
	d->invited = s;
	sip_server_attach(s, &invited_ops, d);
}

static void invited_detach(struct sip_dialog *d)
{
	if (d->invited != NULL)
		sip_server_attach(d->invited, NULL, NULL);
	d->invited = NULL;
}

void sip_dialog_draft_response(struct sip_dialog *d, struct sip_draft *draft,
			       const osip_message_t *request, int status)
{
	sip_draft_response(draft, request, status, NULL, d->local_tag);
	if (status > 100 && status < 300)
		sip_dialog_draft_contact(d, draft);
	if (d->agent->user_agent[0] != '\0')
		sip_draft_header(draft, "Server", "%s", d->agent->user_agent);
}

static void on_repeat_1xx(void *arg)
{
	struct sip_dialog *d = arg;

	if (d->invited == NULL || d->state != DIALOG_INVITED)
		return;
	if (d->reliable.used) { /* the same again would be no news to anybody */
		sip_dialog_provisional(d, d->last_status, false);
		return;
	}
	sip_server_resend(d->invited);
	timer_start(d->agent->loop, &d->repeat_1xx, REPEAT_1XX_MS, on_repeat_1xx, d);
}

/* RFC 3261 13.2.1, RFC 3262 5: an offer of theirs is answered in the first response that can; ours
 * waits for the first reliable one.  0, -ENOMEM. */
static int provisional_sdp(struct sip_dialog *d, bool wanted, const char **sdp)
{
	*sdp = NULL;
	if (d->settled || !d->accepted || d->open == OFFER_OURS)
		return 0;
	if (d->offered ? !wanted : !d->reliable.used)
		return 0;
	*sdp = d->offered ? sip_dialog_write_answer(d, &d->offer, &d->media)
			  : sip_dialog_write_offer(d);
	return *sdp != NULL ? 0 : -ENOMEM;
}

void sip_dialog_provisional(struct sip_dialog *d, int status, bool with_sdp)
{
	struct sip_draft draft;
	const char *sdp;

	if (d->state != DIALOG_INVITED || d->invited == NULL || d->ended ||
	    sip_reliable_defers(d, status, with_sdp) || provisional_sdp(d, with_sdp, &sdp) < 0)
		return;
	sip_dialog_draft_response(d, &draft, d->invited->request, status);
	sip_dialog_draft_user_data(d, &draft);
	if (d->reliable.used)
		sip_reliable_draft(d, &draft);
	if (d->tells_early && with_sdp) /* RFC 5009 5 */
		sip_draft_header(&draft, "P-Early-Media", "sendrecv");
	if (sdp != NULL)
		sip_draft_sdp(&draft, sdp);
	d->last_status = status;
	if (sip_server_respond(d->invited, &draft) < 0)
		return;
	timer_start(d->agent->loop, &d->repeat_1xx, REPEAT_1XX_MS, on_repeat_1xx, d);
	if (!d->reliable.used)
		return;
	sip_reliable_sent(d, sdp != NULL);
	if (sdp != NULL) {
		d->settled = d->offered;
		d->open = d->offered ? OFFER_NONE : OFFER_OURS;
	}
}

void sip_dialog_ring(struct sip_dialog *d, bool early_media)
{
	sip_dialog_provisional(d, early_media ? 183 : 180, early_media);
}

void sip_dialog_progress(struct sip_dialog *d)
{
	sip_dialog_provisional(d, 183, true);
}

void sip_dialog_reject(struct sip_dialog *d, int status, int q850, const char *warning)
{
	struct sip_draft draft;

	timer_stop(&d->repeat_1xx);
	sip_reliable_stop(d);
	d->state = DIALOG_OVER;
	if (d->invited == NULL)
		return;
	sip_dialog_draft_response(d, &draft, d->invited->request, status);
	sip_dialog_draft_user_data(d, &draft);
	sip_draft_reason(&draft, q850);
	if (warning != NULL)
		sip_draft_header(&draft, "Warning", "%s", warning);
	sip_server_respond(d->invited, &draft);
	invited_detach(d);
}

/* --- 2xx until ACK, 13.3.1.4 --- */

static void on_repeat_2xx(void *arg)
{
	struct sip_dialog *d = arg;
	unsigned t2_ms = d->agent->layer.t2_ms;

	if (d->invited != NULL)
		sip_server_resend(d->invited);
	d->repeat_ms = d->repeat_ms * 2 > t2_ms ? t2_ms : d->repeat_ms * 2;
	timer_start(d->agent->loop, &d->repeat_2xx, d->repeat_ms, on_repeat_2xx, d);
}

void sip_dialog_ack_done(struct sip_dialog *d)
{
	timer_stop(&d->repeat_2xx);
	timer_stop(&d->ack_limit);
	d->awaiting_ack = false;
	invited_detach(d);
	sip_dialog_settle(d);
}

static void on_no_ack(void *arg)
{
	struct sip_dialog *d = arg;

	log_line(LOG_SIP, LOG_INFO, "%s: our 200 was never acknowledged", d->call_id);
	sip_dialog_ack_done(d);
	sip_dialog_bye(d, d->bye_wanted ? d->bye_q850 : 102);
	sip_dialog_fail(d, 408, 0);
}

static void await_ack(struct sip_dialog *d, uint32_t cseq)
{
	struct sip_agent *a = d->agent;

	d->invited_cseq = cseq;
	d->awaiting_ack = true;
	d->repeat_ms = a->layer.t1_ms;
	timer_start(a->loop, &d->repeat_2xx, d->repeat_ms, on_repeat_2xx, d);
	timer_start(a->loop, &d->ack_limit, 64ul * a->layer.t1_ms, on_no_ack, d);
}

int sip_dialog_respond_ok(struct sip_dialog *d, struct sip_server *s, const osip_message_t *request,
			  const struct sip_sdp *offer)
{
	struct sip_draft draft;
	uint32_t cseq = (uint32_t)strtoul(request->cseq->number, NULL, 10);
	const char *sdp = NULL;

	if (!d->settled) {
		sdp = offer != NULL ? sip_dialog_write_answer(d, offer, &d->media)
				    : sip_dialog_write_offer(d);
		if (sdp == NULL)
			return -ENOMEM;
		d->open = offer != NULL ? OFFER_NONE : OFFER_OURS;
	}
	sip_dialog_draft_response(d, &draft, request, 200);
	if (sip_dialog_near(d)->asserted)
		sip_dialog_draft_identity(d, &draft, sip_dialog_near(d));
	sip_dialog_draft_user_data(d, &draft);
	sip_session_draft_response(d, &draft, request);
	if (sdp != NULL)
		sip_draft_sdp(&draft, sdp);
	d->settled = true;
	int r = sip_server_respond(s, &draft);
	await_ack(d, cseq);
	return r;
}

void sip_dialog_connected(struct sip_dialog *d, const struct sip_party *connected)
{
	d->connected = *connected;
}

void sip_dialog_answer(struct sip_dialog *d)
{
	if (d->state != DIALOG_INVITED || !d->accepted || d->invited == NULL || d->ended ||
	    sip_reliable_defers_answer(d))
		return;
	timer_stop(&d->repeat_1xx);
	sip_reliable_stop(d);
	sip_session_accept(d, d->invited->request);
	if (sip_dialog_respond_ok(d, d->invited, d->invited->request,
				  d->offered ? &d->offer : NULL) == -ENOMEM &&
	    !d->awaiting_ack) {
		sip_dialog_reject(d, 503, 0, NULL);
		sip_dialog_fail(d, 503, 0);
		return;
	}
	d->state = DIALOG_ANSWERED;
}

void sip_dialog_accept(struct sip_dialog *d, void *user, const struct sip_local_media *local)
{
	struct sip_media media;

	d->user = user;
	if (d->state != DIALOG_INVITED || d->accepted || d->ended)
		return;
	d->ours = *local;
	d->accepted = true;
	if (!d->offered)
		return;
	int r = sip_sdp_settle(&media, local, &d->offer);
	if (r == 0 && d->offer.disabled)
		r = -ENOTSUP;
	if (r < 0) {
		sip_dialog_reject(d, 488, 0, sip_sdp_warning(r));
		sip_dialog_fail(d, 488, 0);
		return;
	}
	sip_dialog_set_media(d, &media);
	sip_dialog_tell(d, SIP_MEDIA);
}

/* --- a new call --- */

int sip_dialog_clone_party(osip_from_t **out, const osip_from_t *from)
{
	unsigned shortages = sip_memory_shortages();

	if (osip_from_clone(from, out) != OSIP_SUCCESS || sip_memory_shortages() != shortages)
		return -ENOMEM;
	for (int i = 0; i < osip_list_size(&(*out)->gen_params); i++) {
		osip_generic_param_t *p = osip_list_get(&(*out)->gen_params, i);
		if (p->gname != NULL && strcasecmp(p->gname, "tag") == 0) {
			osip_list_remove(&(*out)->gen_params, i--);
			osip_generic_param_free(p);
		}
	}
	return 0;
}

/* RFC 3891 3: in place of a dialog that is ours, for those who may. */
static int read_replaces(struct sip_dialog *d, const osip_message_t *m)
{
	struct sip_replaces replaces;
	bool bad;

	if (!d->peer->conf.transfer)
		return 0; /* as if it were unknown */
	if (!sip_message_replaces(m, &replaces, &bad))
		return bad ? 400 : 0;
	d->replaces = malloc(sizeof(*d->replaces));
	if (d->replaces == NULL)
		return 503;
	*d->replaces = replaces;
	return 0;
}

/* 0, or the status to refuse with. */
static int read_invite(struct sip_dialog *d, const struct sip_incoming *in)
{
	struct sip_text text;

	d->call_id = sip_message_call_id(in->m);
	if (d->call_id == NULL || sip_dialog_clone_party(&d->local, in->m->to) < 0 ||
	    sip_dialog_clone_party(&d->remote, in->m->from) < 0)
		return 503;
	int r = sip_far_learn(&d->far, in->m);
	if (r < 0)
		return r == -EBADMSG ? 400 : 503; /* 8.1.1.8: Contact is a must */
	if (strlen(d->call_id) > SIP_CALL_ID_MAX)
		return 400;
	d->offered = sip_message_sdp(in, &text) > 0;
	if (d->offered && sip_sdp_parse(&d->offer, text.at, text.len) < 0)
		return 400;
	int status = read_replaces(d, in->m);
	if (status != 0)
		return status;
	d->remote_sequence = (struct sip_sequence){in->scan.cseq_number, true};
	d->invited_cseq = in->scan.cseq_number;
	d->open = d->offered ? OFFER_THEIRS : OFFER_NONE;
	sip_dialog_learn(d, in->m);
	sip_reliable_begin(d);
	d->tells_early =
		d->peer->conf.trusted && sip_message_header(in->m, "P-Early-Media", 0) != NULL;
	sip_message_called(in->m, &d->called);
	sip_message_redirecting(in->m, &d->redirecting);
	sip_dialog_read_user_data(d, in->m);
	sip_message_calling(in->m, d->peer->conf.trusted, &d->calling);
	if (d->peer->conf.line_information == SIP_NO_LINE_INFORMATION)
		d->calling.line_information = 0;
	if (in->user != NULL && d->peer->conf.registrar) /* it can call as nobody else */
		snprintf(d->calling.user, sizeof(d->calling.user), "%s", in->user->name);
	return 0;
}

void sip_dialog_invited(struct sip_agent *a, struct sip_incoming *in, struct sip_server *s)
{
	struct sip_dialog *d;
	struct sip_draft draft;

	if (sip_dialog_new(&d, a, in->peer, in->listener) < 0) {
		sip_agent_reply(a, s, in, 503, NULL);
		return;
	}
	d->state = DIALOG_INVITED;
	d->flow = in->flow;
	if (in->by_digest)
		d->user_at = (struct sip_target){
			.protocol = in->listener->protocol, .addr = in->from, .flow = in->flow};
	if (in->user != NULL)
		snprintf(d->user_name, sizeof(d->user_name), "%s", in->user->name);
	int status = sip_listener_local(in->listener, (struct sockaddr *)&in->from, &d->local_addr);
	status = status < 0 ? 503 : read_invite(d, in);
	if (status != 0) {
		sip_agent_reply(a, s, in, status, NULL);
		sip_dialog_free(d);
		return;
	}
	sip_dialog_attach_invited(d, s);
	sip_draft_response(&draft, in->m, 100, NULL, NULL);
	sip_server_respond(s, &draft);
	s->request = in->m;
	in->m = NULL;
	sip_dialog_tell(d, SIP_INVITED);
}

void sip_dialog_cancelled(struct sip_server *s, int q850)
{
	struct sip_dialog *d = s->ops == &invited_ops ? s->arg : NULL;

	if (d == NULL || d->state != DIALOG_INVITED)
		return; /* 9.2: too late, the final response is out */
	sip_dialog_reject(d, 487, 0, NULL);
	sip_dialog_fail(d, 487, q850);
}
