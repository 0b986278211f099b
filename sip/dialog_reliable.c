/* dialog_reliable.c - provisional responses that are acknowledged by PRACK, RFC 3262: ours and
 * theirs.
 *
 * One of ours at a time: the next one, and the 200 when its answer is in there, wait for the PRACK.
 */
#include "sip/dialog_impl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- ours --- */

void sip_reliable_begin(struct sip_dialog *d)
{
	uint32_t random;

	d->reliable.used =
		(d->far_options & sip_peer_options(&d->peer->conf) & SIP_OPTION_100REL) != 0;
	sip_random(&random, sizeof(random));
	d->reliable.rseq = random >> 2; /* 3: 1 to 2^31 - 1, and it grows from there */
}

void sip_reliable_stop(struct sip_dialog *d)
{
	timer_stop(&d->reliable.repeat);
	timer_stop(&d->reliable.limit);
}

static void on_repeat(void *arg)
{
	struct sip_dialog *d = arg;
	struct sip_reliable *r = &d->reliable;

	if (d->invited == NULL)
		return;
	sip_server_resend(d->invited);
	r->repeat_ms *= 2; /* 3: no limit of T2 here */
	timer_start(d->agent->loop, &r->repeat, r->repeat_ms, on_repeat, d);
}

static void on_no_prack(void *arg)
{
	struct sip_dialog *d = arg;

	log_line(LOG_SIP, LOG_INFO, "%s: no PRACK for our provisional response", d->call_id);
	sip_dialog_reject(d, 504, 102, NULL); /* 3: a 5xx is due */
	sip_dialog_fail(d, 408, 102);
}

bool sip_reliable_defers(struct sip_dialog *d, int status, bool with_sdp)
{
	struct sip_reliable *r = &d->reliable;

	if (!r->unacked)
		return false;
	if (with_sdp)
		r->then_183 = true;
	else
		r->then_180 = r->then_180 || status == 180;
	return true;
}

bool sip_reliable_defers_answer(struct sip_dialog *d)
{
	struct sip_reliable *r = &d->reliable;

	if (!r->unacked || !r->with_sdp)
		return false;
	r->then_answer = true;
	return true;
}

void sip_reliable_draft(struct sip_dialog *d, struct sip_draft *draft)
{
	sip_draft_header(draft, "Require", "100rel");
	sip_draft_header(draft, "RSeq", "%u", ++d->reliable.rseq);
}

void sip_reliable_sent(struct sip_dialog *d, bool with_sdp)
{
	struct sip_reliable *r = &d->reliable;
	const struct sip_layer *l = &d->agent->layer;

	r->unacked = true;
	r->with_sdp = with_sdp;
	r->repeat_ms = l->t1_ms;
	timer_start(d->agent->loop, &r->repeat, r->repeat_ms, on_repeat, d);
	timer_start(d->agent->loop, &r->limit, 64ul * l->t1_ms, on_no_prack, d);
}

/* RAck: RSeq, CSeq and method of what it acknowledges, 7.2. */
static bool is_acknowledged(const struct sip_dialog *d, const osip_message_t *m)
{
	const char *rack = sip_message_header(m, "RAck", 0);
	unsigned rseq, cseq;
	char method[8];

	return rack != NULL && d->reliable.unacked &&
	       sscanf(rack, "%10u %10u %7s", &rseq, &cseq, method) == 3 &&
	       rseq == d->reliable.rseq && cseq == d->invited_cseq && strcmp(method, "INVITE") == 0;
}

static void go_on(struct sip_dialog *d)
{
	struct sip_reliable *r = &d->reliable;

	if (r->then_answer) {
		r->then_answer = false;
		sip_dialog_answer(d);
	} else if (r->then_183) {
		r->then_183 = false;
		sip_dialog_provisional(d, 183, true);
	} else if (r->then_180) {
		r->then_180 = false;
		sip_dialog_provisional(d, 180, false);
	}
}

/* What the PRACK says of media: the answer to our offer, or a new offer (5).  0, or the status to
 * refuse it with. */
static int read_prack(struct sip_dialog *d, const struct sip_incoming *in, struct sip_sdp *offer,
		      struct sip_media *media, int *error)
{
	struct sip_text text;
	int has_sdp = sip_message_sdp(in, &text);

	*error = 0;
	if (has_sdp < 0)
		return 415;
	if (d->open == OFFER_OURS) {
		*error = sip_dialog_read_answer(d, in, media);
		return *error == 0 ? 0 : 488;
	}
	if (has_sdp == 0)
		return 0;
	if (d->open == OFFER_THEIRS)
		return 500;
	if (sip_sdp_parse(offer, text.at, text.len) < 0)
		return 400;
	*error = sip_sdp_settle(media, &d->ours, offer);
	return *error == 0 ? 0 : 488;
}

/* 200 to it, with an answer where it brought an offer.  0 or -errno. */
static int accept_prack(struct sip_dialog *d, const struct sip_incoming *in, struct sip_server *s,
			const struct sip_sdp *offer, const struct sip_media *media)
{
	struct sip_draft draft;
	const char *sdp = NULL;

	if (offer != NULL && (sdp = sip_dialog_write_answer(d, offer, media)) == NULL)
		return -ENOMEM;
	sip_dialog_draft_response(d, &draft, in->m, 200);
	if (sdp != NULL)
		sip_draft_sdp(&draft, sdp);
	return sip_server_respond(s, &draft);
}

void sip_dialog_prack(struct sip_dialog *d, struct sip_incoming *in, struct sip_server *s)
{
	struct sip_sdp offer;
	struct sip_media media;
	struct sip_text text;
	int error;
	bool answers = d->open == OFFER_OURS;

	if (!is_acknowledged(d, in->m)) {
		sip_agent_reply(d->agent, s, in, 481, NULL); /* 3 */
		return;
	}
	d->reliable.unacked = false;
	sip_reliable_stop(d);
	if (d->state != DIALOG_INVITED) { /* answered without waiting for it, or over */
		accept_prack(d, in, s, NULL, NULL);
		return;
	}
	bool has_sdp = sip_message_sdp(in, &text) > 0;
	int status = read_prack(d, in, &offer, &media, &error);
	if (status == 488)
		sip_dialog_reply_488(d, in, s, error);
	else if (status == 500)
		sip_dialog_reply_retry(d, in, s);
	else if (status != 0)
		sip_agent_reply(d->agent, s, in, status, NULL);
	if (status != 0 && answers) { /* no answer that is any use: there can be no session */
		sip_dialog_reject(d, 488, 0, sip_sdp_warning(error));
		sip_dialog_fail(d, 488, 0);
		return;
	}
	if (status == 0 && has_sdp) {
		accept_prack(d, in, s, answers ? NULL : &offer, &media);
		d->open = OFFER_NONE;
		d->settled = true;
		sip_dialog_set_media(d, &media);
		if (d->media_news)
			sip_dialog_tell(d, SIP_MEDIA);
	} else if (status == 0) {
		accept_prack(d, in, s, NULL, NULL);
	}
	go_on(d);
}

/* --- theirs --- */

static void send_prack(struct sip_dialog *d, const struct sip_fork *f)
{
	struct sip_draft draft;
	struct sip_client *c;
	struct sip_target to;

	sip_far_draft(&f->far, d, &draft, "PRACK", ++d->cseq, &to);
	sip_draft_header(&draft, "RAck", "%u %u INVITE", f->rseq, d->invite_cseq);
	int r = sip_client_start(&c, &d->agent->layer, d->listener, &to, &draft);
	if (r < 0) /* the response comes again, but is no news then: the far side gives up */
		log_line(LOG_SIP, LOG_WARN, "%s: no PRACK sent: %s", d->call_id, strerror(-r));
}

enum sip_reliable_new sip_reliable_received(struct sip_dialog *d, struct sip_fork *f,
					    const osip_message_t *m)
{
	const char *value = sip_message_header(m, "RSeq", 0);
	unsigned required = sip_message_options(m, "Require");

	if (value == NULL || (required & sip_peer_options(&d->peer->conf) & SIP_OPTION_100REL) == 0)
		return RELIABLE_NOT;
	uint32_t rseq = (uint32_t)strtoul(value, NULL, 10);
	if (rseq == 0 || (f->rseq != 0 && rseq != f->rseq + 1))
		return RELIABLE_OLD; /* 4: no PRACK for one that is not the next */
	f->rseq = rseq;
	send_prack(d, f);
	return RELIABLE_NEW;
}
