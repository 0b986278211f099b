/* dialog_refer.c - REFER inside a dialog, and the NOTIFYs that tell how it went: RFC 3515, 4488,
 * 3892.
 *
 * One at a time: until its last NOTIFY is answered another gets 491.  The subscription lives as
 * long as the dialog: a peer that hangs up has heard enough.
 */
#include "sip/dialog_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { EXPIRES_S = 180 };

/* The final response, whatever became of the dialog. */
static void refuse(struct sip_dialog *d, int status)
{
	struct sip_server *s = d->referral->server;
	struct sip_draft draft;

	sip_draft_response(&draft, s->request, status, NULL, d->local_tag);
	sip_server_attach(s, NULL, NULL);
	d->referral->server = NULL;
	sip_server_respond(s, &draft);
}

void sip_dialog_refer_free(struct sip_dialog *d)
{
	struct sip_referral *r = d->referral;

	if (r == NULL)
		return;
	if (r->server != NULL)
		refuse(d, 481);
	if (r->notify != NULL)
		sip_client_attach(r->notify, NULL, NULL);
	free(r);
	d->referral = NULL;
}

/* --- NOTIFY --- */

static void notify_done(struct sip_dialog *d);

static void notify_response(void *arg, const struct sip_incoming *in)
{
	struct sip_dialog *d = arg;

	if (in->m->status_code < 200)
		return;
	sip_client_attach(d->referral->notify, NULL, NULL);
	if (in->m->status_code >= 300) /* it does not listen: RFC 6665 4.2.2 */
		d->referral->silent = true;
	notify_done(d);
}

static void notify_timeout(void *arg)
{
	struct sip_dialog *d = arg;

	d->referral->silent = true;
}

static void notify_gone(void *arg)
{
	notify_done(arg);
}

static void notify_again(void *arg, struct sip_client *fresh, uint32_t cseq)
{
	struct sip_dialog *d = arg;

	d->referral->notify = fresh;
	if (cseq > d->cseq) /* a re-INVITE may have gone meanwhile */
		d->cseq = cseq;
}

static const struct sip_client_ops notify_ops = {.response = notify_response,
						 .timeout = notify_timeout,
						 .gone = notify_gone,
						 .again = notify_again};

static const char *phrase(int status)
{
	const char *text = osip_message_get_reason(status);

	return text != NULL ? text : "";
}

static void notify_send(struct sip_dialog *d)
{
	struct sip_referral *r = d->referral;
	struct sip_target to;
	struct sip_draft draft;
	int status = r->status;

	r->status = 0;
	r->over = status >= 200;
	sip_far_draft(&d->far, d, &draft, "NOTIFY", ++d->cseq, &to);
	sip_dialog_draft_contact(d, &draft);
	/* 2.4.6: the first REFER of a dialog needs no id. */
	if (r->id != 0)
		sip_draft_header(&draft, "Event", "refer;id=%u", r->id);
	else
		sip_draft_header(&draft, "Event", "refer");
	if (r->over)
		sip_draft_header(&draft, "Subscription-State", "terminated;reason=noresource");
	else
		sip_draft_header(&draft, "Subscription-State", "active;expires=%d", EXPIRES_S);
	sip_draft_fragment(&draft, status, phrase(status));
	if (sip_client_start(&r->notify, &d->agent->layer, d->listener, &to, &draft) == 0)
		sip_client_attach(r->notify, &notify_ops, d);
	else
		r->silent = true;
}

/* Sends what is to be told, or ends what is over. */
static void go_on(struct sip_dialog *d)
{
	struct sip_referral *r = d->referral;

	if (r->notify != NULL || r->server != NULL)
		return;
	if (d->state == DIALOG_CONFIRMED && !r->silent && r->status != 0)
		notify_send(d);
	if (r->notify == NULL && (r->over || (r->silent && r->told))) {
		sip_dialog_refer_free(d);
		if (d->bye_after_notify && d->state == DIALOG_CONFIRMED)
			sip_dialog_bye(d, d->bye_q850);
		sip_dialog_settle(d);
	}
}

static void notify_done(struct sip_dialog *d)
{
	d->referral->notify = NULL;
	if (d->state == DIALOG_OVER) {
		sip_dialog_refer_free(d);
		sip_dialog_settle(d);
		return;
	}
	go_on(d);
}

bool sip_dialog_refer_tells(const struct sip_dialog *d)
{
	return d->referral != NULL && (d->referral->notify != NULL || d->referral->status != 0) &&
	       d->referral->told;
}

/* --- REFER --- */

static void refer_gone(void *arg)
{
	struct sip_dialog *d = arg;

	d->referral->server = NULL;
}

static const struct sip_server_ops refer_ops = {refer_gone};

static int referral_new(struct sip_dialog *d, const struct sip_incoming *in)
{
	struct sip_referral *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return 503;
	int status = sip_message_refer(in->m, &r->refer);
	if (status != 0) {
		free(r);
		return status;
	}
	r->silent = r->refer.silent;
	r->id = d->refers_seen ? in->scan.cseq_number : 0;
	d->refers_seen = true;
	d->referral = r;
	return 0;
}

void sip_dialog_refer_requested(struct sip_dialog *d, struct sip_incoming *in, struct sip_server *s)
{
	int status = 0;

	if (d->state != DIALOG_CONFIRMED || d->ended)
		status = d->state == DIALOG_OVER ? 481 : 403;
	else if (d->referral != NULL)
		status = 491;
	if (status == 0)
		status = referral_new(d, in);
	if (status != 0) {
		sip_agent_reply(d->agent, s, in, status, NULL);
		return;
	}
	d->referral->server = s;
	sip_server_attach(s, &refer_ops, d);
	s->request = in->m;
	in->m = NULL;
	sip_dialog_tell(d, SIP_REFERRED);
}

void sip_dialog_refer_answer(struct sip_dialog *d, int status)
{
	struct sip_referral *r = d->referral;
	struct sip_draft draft;

	if (r == NULL || r->server == NULL)
		return;
	if (status >= 300) {
		refuse(d, status);
		sip_dialog_refer_free(d);
		return;
	}
	struct sip_server *s = r->server;
	sip_draft_response(&draft, s->request, status, NULL, d->local_tag);
	sip_dialog_draft_contact(d, &draft);
	if (r->refer.silent)
		sip_draft_header(&draft, "Refer-Sub", "false");
	sip_server_attach(s, NULL, NULL);
	r->server = NULL;
	sip_server_respond(s, &draft);
	r->status = 100;
	go_on(d);
}

void sip_dialog_refer_progress(struct sip_dialog *d, int status)
{
	struct sip_referral *r = d->referral;

	if (r == NULL || r->server != NULL || r->told)
		return;
	r->status = status;
	r->told = status >= 200;
	go_on(d);
}
