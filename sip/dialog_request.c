/* dialog_request.c - every request inside a dialog (RFC 3261 12.2.2, 15). */
#include "sip/dialog_impl.h"

#include <string.h>

struct sip_dialog *sip_dialog_find(struct sip_agent *a, const osip_message_t *m)
{
	const char *to = sip_message_tag(m->to), *from = sip_message_tag(m->from);
	struct sip_dialog *d = sip_dialog_tagged(a, (struct sip_text){to, strlen(to)});

	if (d == NULL || !sip_message_call_id_is(m, d->call_id))
		return NULL;
	if (strcmp(d->far.tag, from) == 0 || sip_dialog_fork(d, from) != NULL)
		return d;
	return NULL;
}

static void on_ack(struct sip_dialog *d, const struct sip_incoming *in)
{
	struct sip_media media;
	bool first = d->state == DIALOG_ANSWERED, offered = d->open == OFFER_OURS;

	if (!d->awaiting_ack || in->scan.cseq_number != d->invited_cseq) {
		d->agent->counts.stray++;
		return;
	}
	int r = offered ? sip_dialog_read_answer(d, in, &media) : 0;
	sip_dialog_ack_done(d);
	d->open = OFFER_NONE;
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
	if (offered)
		sip_dialog_set_media(d, &media);
	if (first)
		sip_dialog_tell(d, SIP_CONFIRMED);
	else if (d->media_news)
		sip_dialog_tell(d, SIP_MEDIA);
	if (first && sip_dialog_from_is_old(d))
		d->wanted |= CHANGE_IDENTITY; /* RFC 4916 4.4.2: another one answered */
	sip_change_pump(d);
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
	sip_dialog_read_user_data(d, in->m);
	if (d->state == DIALOG_INVITED) /* 15.1.2: what is pending gets 487 */
		sip_dialog_reject(d, 487, 0, NULL);
	else
		sip_dialog_ack_done(d);
	sip_dialog_fail(d, 0, q850);
}

static void on_invite(struct sip_dialog *d, struct sip_incoming *in, struct sip_server *s)
{
	switch (d->state) {
	case DIALOG_CALLING:
	case DIALOG_PROCEEDING: /* 14.2: ours is on its way */
		sip_agent_reply(d->agent, s, in, 491, NULL);
		break;
	case DIALOG_INVITED: /* 14.2: theirs is not yet answered */
		sip_dialog_reply_retry(d, in, s);
		break;
	case DIALOG_ANSWERED:
	case DIALOG_CONFIRMED:
		if (d->bye_wanted || d->ended)
			sip_agent_reply(d->agent, s, in, 481, NULL);
		else if (d->open == OFFER_OURS || (d->change != NULL && d->change->invite))
			sip_agent_reply(d->agent, s, in, 491, NULL); /* ours is still open */
		else
			sip_dialog_reinvite(d, in, s);
		break;
	case DIALOG_OVER: sip_agent_reply(d->agent, s, in, 481, NULL); break;
	}
}

static void on_update(struct sip_dialog *d, struct sip_fork *f, struct sip_incoming *in,
		      struct sip_server *s)
{
	bool early = d->state == DIALOG_CALLING || d->state == DIALOG_PROCEEDING;

	/* After the answer the other branches are no dialogs any more. */
	if (d->state == DIALOG_OVER || d->bye_wanted || early != (f != NULL))
		sip_agent_reply(d->agent, s, in, 481, NULL);
	else
		sip_dialog_update(d, f, in, s);
}

void sip_dialog_request(struct sip_dialog *d, struct sip_incoming *in, struct sip_server *s)
{
	uint32_t cseq = in->scan.cseq_number;
	const char *tag = sip_message_tag(in->m->from);
	/* The branch that answered is the dialog now. */
	struct sip_fork *f = strcmp(d->far.tag, tag) == 0 ? NULL : sip_dialog_fork(d, tag);
	struct sip_sequence *remote = f != NULL ? &f->remote : &d->remote_sequence;

	if (MSG_IS_ACK(in->m)) {
		on_ack(d, in);
		return;
	}
	if (remote->known &&
	    (cseq < remote->number || (cseq == remote->number && MSG_IS_INVITE(in->m)))) {
		sip_agent_reply(d->agent, s, in, 500, "CSeq Out Of Order"); /* 12.2.2 */
		return;
	}
	*remote = (struct sip_sequence){cseq, true};
	if (MSG_IS_INVITE(in->m))
		on_invite(d, in, s);
	else if (MSG_IS_BYE(in->m))
		on_bye(d, in, s);
	else if (strcmp(in->m->sip_method, "UPDATE") == 0)
		on_update(d, f, in, s);
	else if (MSG_IS_REFER(in->m))
		sip_dialog_refer_requested(d, in, s);
	else if (strcmp(in->m->sip_method, "PRACK") == 0)
		sip_dialog_prack(d, in, s);
	else
		sip_agent_reply(d->agent, s, in, 200, NULL); /* OPTIONS; the rest was refused */
}
