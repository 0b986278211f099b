/* dialog_in.c - calls we get, and every request inside a dialog (RFC 3261 12.2.2, 13.3, 14.2, 15).
 */
#include "sip/address.h"
#include "sip/dialog_impl.h"
#include "sip/memory.h"

#include <errno.h>
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

static void invited_detach(struct sip_dialog *d)
{
	if (d->invited != NULL)
		sip_server_attach(d->invited, NULL, NULL);
	d->invited = NULL;
}

static void draft_response(struct sip_dialog *d, struct sip_draft *draft,
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
	sip_server_resend(d->invited);
	timer_start(d->agent->loop, &d->repeat_1xx, REPEAT_1XX_MS, on_repeat_1xx, d);
}

/* An offer of theirs is answered in the first response that can; ours waits for the 2xx, the
 * first reliable one. */
static void provisional(struct sip_dialog *d, int status, bool with_sdp)
{
	struct sip_draft draft;
	const char *sdp = NULL;

	if (d->state != DIALOG_INVITED || d->invited == NULL || d->ended)
		return;
	if (with_sdp && d->accepted && d->offered) {
		sdp = sip_dialog_write_answer(d, &d->offer, &d->media);
		if (sdp == NULL)
			return;
	}
	draft_response(d, &draft, d->invited->request, status);
	if (sdp != NULL)
		sip_draft_sdp(&draft, sdp);
	if (sip_server_respond(d->invited, &draft) == 0)
		timer_start(d->agent->loop, &d->repeat_1xx, REPEAT_1XX_MS, on_repeat_1xx, d);
}

void sip_dialog_ring(struct sip_dialog *d, bool early_media)
{
	provisional(d, early_media ? 183 : 180, early_media);
}

void sip_dialog_progress(struct sip_dialog *d)
{
	provisional(d, 183, true);
}

void sip_dialog_reject(struct sip_dialog *d, int status, int q850, const char *warning)
{
	struct sip_draft draft;

	timer_stop(&d->repeat_1xx);
	d->state = DIALOG_OVER;
	if (d->invited == NULL)
		return;
	draft_response(d, &draft, d->invited->request, status);
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

static void ack_done(struct sip_dialog *d)
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
	ack_done(d);
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

/* 200 with SDP to `request`, which s serves. */
static int respond_ok(struct sip_dialog *d, struct sip_server *s, const osip_message_t *request,
		      const struct sip_sdp *offer)
{
	struct sip_draft draft;
	uint32_t cseq = (uint32_t)strtoul(request->cseq->number, NULL, 10);
	const char *sdp = offer != NULL ? sip_dialog_write_answer(d, offer, &d->media)
					: sip_dialog_write_offer(d);

	if (sdp == NULL)
		return -ENOMEM;
	draft_response(d, &draft, request, 200);
	if (d->connected.asserted)
		sip_dialog_draft_identity(d, &draft, &d->connected);
	sip_draft_sdp(&draft, sdp);
	d->offering = offer == NULL;
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
	if (d->state != DIALOG_INVITED || !d->accepted || d->invited == NULL || d->ended)
		return;
	timer_stop(&d->repeat_1xx);
	if (respond_ok(d, d->invited, d->invited->request, d->offered ? &d->offer : NULL) ==
		    -ENOMEM &&
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

static int clone_party(osip_from_t **out, const osip_from_t *from)
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

/* 0, or the status to refuse with. */
static int read_invite(struct sip_dialog *d, const struct sip_incoming *in)
{
	struct sip_text text;

	d->call_id = sip_message_call_id(in->m);
	if (d->call_id == NULL || clone_party(&d->local, in->m->to) < 0 ||
	    clone_party(&d->remote, in->m->from) < 0)
		return 503;
	int r = sip_far_learn(&d->far, in->m);
	if (r < 0)
		return r == -EBADMSG ? 400 : 503; /* 8.1.1.8: Contact is a must */
	if (strlen(d->call_id) > SIP_CALL_ID_MAX)
		return 400;
	d->offered = sip_message_sdp(in, &text) > 0;
	if (d->offered && sip_sdp_parse(&d->offer, text.at, text.len) < 0)
		return 400;
	d->remote_cseq = in->scan.cseq_number;
	d->remote_cseq_known = true;
	sip_message_called(in->m, &d->called);
	sip_message_redirecting(in->m, &d->redirecting);
	sip_message_calling(in->m, d->peer->conf.trusted, &d->calling);
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
	int status = sip_listener_local(in->listener, (struct sockaddr *)&in->from, &d->local_addr);
	status = status < 0 ? 503 : read_invite(d, in);
	if (status != 0) {
		sip_agent_reply(a, s, in, status, NULL);
		sip_dialog_free(d);
		return;
	}
	d->invited = s;
	sip_server_attach(s, &invited_ops, d);
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

/* --- requests inside a dialog --- */

struct sip_dialog *sip_dialog_find(struct sip_agent *a, const osip_message_t *m)
{
	const char *to = sip_message_tag(m->to), *from = sip_message_tag(m->from);
	struct sip_dialog *d = NULL;

	if (strlen(to) != SIP_TOKEN_SIZE - 1)
		return NULL;
	unsigned hash = sip_hash(&a->layer.key, to, SIP_TOKEN_SIZE - 1);
	HASH_FIND_BYHASHVALUE(hh, a->dialogs, to, SIP_TOKEN_SIZE - 1, hash, d);
	if (d == NULL || !sip_message_call_id_is(m, d->call_id))
		return NULL;
	if (strcmp(d->far.tag, from) == 0 || sip_dialog_has_fork(d, from))
		return d;
	return NULL;
}

static void on_ack(struct sip_dialog *d, const struct sip_incoming *in)
{
	struct sip_media media;
	bool first = d->state == DIALOG_ANSWERED;

	if (!d->awaiting_ack || in->scan.cseq_number != d->invited_cseq) {
		d->agent->counts.stray++;
		return;
	}
	int r = d->offering ? sip_dialog_read_answer(d, in, &media) : 0;
	ack_done(d);
	if (first)
		d->state = DIALOG_CONFIRMED;
	if (d->bye_wanted) {
		sip_dialog_bye(d, d->bye_q850);
		return;
	}
	if (r < 0) {
		log_line(LOG_SIP, LOG_WARN, "%s: ACK without usable answer", d->call_id);
		sip_dialog_bye(d, 0);
		sip_dialog_fail(d, 488, 0);
		return;
	}
	if (d->offering)
		sip_dialog_set_media(d, &media);
	d->offering = false;
	if (first)
		sip_dialog_tell(d, SIP_CONFIRMED);
	else if (d->media_news)
		sip_dialog_tell(d, SIP_MEDIA);
}

static void on_bye(struct sip_dialog *d, const struct sip_incoming *in, struct sip_server *s)
{
	int q850 = sip_message_q850(in->m);

	if (d->state == DIALOG_CALLING || d->state == DIALOG_PROCEEDING) {
		sip_agent_reply(d->agent, s, in, 481, NULL); /* 15: the callee may not yet */
		return;
	}
	sip_agent_reply(d->agent, s, in, 200, NULL);
	if (d->state == DIALOG_OVER)
		return;
	if (d->state == DIALOG_INVITED) /* 15.1.2: what is pending gets 487 */
		sip_dialog_reject(d, 487, 0, NULL);
	else
		ack_done(d);
	sip_dialog_fail(d, 0, q850);
}

static void reply_retry(struct sip_dialog *d, const struct sip_incoming *in, struct sip_server *s)
{
	struct sip_draft draft;
	unsigned char random;

	sip_random(&random, 1);
	draft_response(d, &draft, in->m, 500);
	sip_draft_header(&draft, "Retry-After", "%u", random % 11u); /* 14.2: 0 to 10 s */
	sip_server_respond(s, &draft);
}

static void reply_488(struct sip_dialog *d, const struct sip_incoming *in, struct sip_server *s,
		      int error)
{
	struct sip_draft draft;

	draft_response(d, &draft, in->m, 488);
	sip_draft_header(&draft, "Warning", "%s", sip_sdp_warning(error));
	sip_server_respond(s, &draft);
}

static void on_reinvite(struct sip_dialog *d, const struct sip_incoming *in, struct sip_server *s)
{
	struct sip_text text;
	struct sip_sdp offer;
	struct sip_media media;
	int has_sdp = sip_message_sdp(in, &text), r = 0;

	if (has_sdp < 0) {
		sip_agent_reply(d->agent, s, in, 415, NULL);
		return;
	}
	if (has_sdp > 0 && sip_sdp_parse(&offer, text.at, text.len) < 0) {
		sip_agent_reply(d->agent, s, in, 400, "Bad SDP");
		return;
	}
	if (has_sdp > 0)
		r = sip_sdp_settle(&media, &d->ours, &offer);
	if (r < 0) { /* 14.2: the session stays as it was */
		reply_488(d, in, s, r);
		return;
	}
	if (d->state == DIALOG_ANSWERED) { /* who goes on has seen our 200; the ACK was lost */
		d->state = DIALOG_CONFIRMED;
		sip_dialog_tell(d, SIP_CONFIRMED);
	}
	ack_done(d);
	sip_far_retarget(&d->far, in->m);
	if (has_sdp > 0)
		sip_dialog_set_media(d, &media);
	d->invited = s;
	sip_server_attach(s, &invited_ops, d);
	if (respond_ok(d, s, in->m, has_sdp > 0 ? &offer : NULL) < 0 && !d->awaiting_ack) {
		invited_detach(d);
		sip_agent_reply(d->agent, s, in, 503, NULL);
	}
	if (d->media_news)
		sip_dialog_tell(d, SIP_MEDIA);
}

static void on_invite(struct sip_dialog *d, const struct sip_incoming *in, struct sip_server *s)
{
	switch (d->state) {
	case DIALOG_CALLING:
	case DIALOG_PROCEEDING: /* 14.2: ours is on its way */
		sip_agent_reply(d->agent, s, in, 491, NULL);
		break;
	case DIALOG_INVITED: /* 14.2: theirs is not yet answered */ reply_retry(d, in, s); break;
	case DIALOG_ANSWERED:
	case DIALOG_CONFIRMED:
		if (d->bye_wanted)
			sip_agent_reply(d->agent, s, in, 481, NULL);
		else if (d->awaiting_ack && d->offering) /* our offer is still open */
			sip_agent_reply(d->agent, s, in, 491, NULL);
		else
			on_reinvite(d, in, s);
		break;
	case DIALOG_OVER: sip_agent_reply(d->agent, s, in, 481, NULL); break;
	}
}

void sip_dialog_request(struct sip_dialog *d, struct sip_incoming *in, struct sip_server *s)
{
	uint32_t cseq = in->scan.cseq_number;

	if (MSG_IS_ACK(in->m)) {
		on_ack(d, in);
		return;
	}
	if (d->remote_cseq_known &&
	    (cseq < d->remote_cseq || (cseq == d->remote_cseq && MSG_IS_INVITE(in->m)))) {
		sip_agent_reply(d->agent, s, in, 500, "CSeq Out Of Order"); /* 12.2.2 */
		return;
	}
	d->remote_cseq = cseq;
	d->remote_cseq_known = true;
	if (MSG_IS_INVITE(in->m))
		on_invite(d, in, s);
	else if (MSG_IS_BYE(in->m))
		on_bye(d, in, s);
	else
		sip_agent_reply(d->agent, s, in, 200, NULL); /* OPTIONS; the rest was refused */
}
