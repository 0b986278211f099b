/* dialog_update.c - what the far side changes in a dialog: re-INVITE (RFC 3261 14.2) and UPDATE
 * (RFC 3311), with a new offer or without. */
#include "sip/dialog_impl.h"

#include <errno.h>

void sip_dialog_reply_retry(struct sip_dialog *d, const struct sip_incoming *in,
			    struct sip_server *s)
{
	struct sip_draft draft;
	unsigned char random;

	sip_random(&random, 1);
	sip_dialog_draft_response(d, &draft, in->m, 500);
	sip_draft_header(&draft, "Retry-After", "%u", random % 11u); /* 14.2: 0 to 10 s */
	sip_server_respond(s, &draft);
}

void sip_dialog_reply_488(struct sip_dialog *d, const struct sip_incoming *in, struct sip_server *s,
			  int error)
{
	struct sip_draft draft;

	sip_dialog_draft_response(d, &draft, in->m, 488);
	sip_draft_header(&draft, "Warning", "%s", sip_sdp_warning(error));
	sip_server_respond(s, &draft);
}

/* What a request wants changed. */
struct wish {
	bool has_offer;
	struct sip_sdp offer;
	struct sip_media media;
};

/* False: it cannot be and is refused; all stays as it was. */
static bool read_wish(struct sip_dialog *d, const struct sip_incoming *in, struct sip_server *s,
		      struct wish *w)
{
	struct sip_text text;
	int has_sdp = sip_message_sdp(in, &text), r = 0;

	w->has_offer = has_sdp > 0;
	if (has_sdp < 0) {
		sip_agent_reply(d->agent, s, in, 415, NULL);
		return false;
	}
	if (w->has_offer && sip_sdp_parse(&w->offer, text.at, text.len) < 0) {
		sip_agent_reply(d->agent, s, in, 400, "Bad SDP");
		return false;
	}
	if (w->has_offer)
		r = sip_sdp_settle(&w->media, &d->ours, &w->offer);
	if (r < 0) {
		sip_dialog_reply_488(d, in, s, r);
		return false;
	}
	if (sip_session_is_brief(&d->peer->conf, in->m)) {
		sip_agent_reply(d->agent, s, in, 422, NULL);
		return false;
	}
	return true;
}

/* Who goes on has seen our 200; the ACK was lost. */
static void confirm(struct sip_dialog *d)
{
	if (d->state != DIALOG_ANSWERED)
		return;
	d->state = DIALOG_CONFIRMED;
	sip_dialog_tell(d, SIP_CONFIRMED);
}

void sip_dialog_reinvite(struct sip_dialog *d, struct sip_incoming *in, struct sip_server *s)
{
	struct wish w;

	if (!read_wish(d, in, s, &w))
		return;
	confirm(d);
	sip_dialog_ack_done(d);
	sip_far_retarget(&d->far, in->m);
	sip_dialog_learn(d, in->m);
	sip_session_accept(d, in->m);
	sip_dialog_read_identity(d, in->m);
	if (w.has_offer)
		sip_dialog_set_media(d, &w.media);
	sip_dialog_attach_invited(d, s);
	d->settled = false;
	if (sip_dialog_respond_ok(d, s, in->m, w.has_offer ? &w.offer : NULL) < 0 &&
	    !d->awaiting_ack) {
		sip_dialog_ack_done(d);
		sip_agent_reply(d->agent, s, in, 503, NULL);
	}
	if (d->media_news)
		sip_dialog_tell(d, SIP_MEDIA);
}

/* RFC 3311 5.2; of an early dialog of ours, the offer of INVITE is open until it has answered. */
static enum sip_open_offer open_offer(const struct sip_dialog *d, const struct sip_fork *f)
{
	if (f == NULL)
		return d->open;
	return f->answered ? OFFER_NONE : OFFER_OURS;
}

/* 200, with the answer where there was an offer.  0 or -errno. */
static int respond(struct sip_dialog *d, const struct sip_incoming *in, struct sip_server *s,
		   const struct wish *w)
{
	struct sip_draft draft;
	const char *sdp = NULL;

	if (w->has_offer && (sdp = sip_dialog_write_answer(d, &w->offer, &w->media)) == NULL)
		return -ENOMEM;
	sip_dialog_draft_response(d, &draft, in->m, 200);
	if (d->state == DIALOG_CONFIRMED)
		sip_session_draft_response(d, &draft, in->m);
	if (sdp != NULL)
		sip_draft_sdp(&draft, sdp);
	return sip_server_respond(s, &draft);
}

void sip_dialog_update(struct sip_dialog *d, struct sip_fork *f, struct sip_incoming *in,
		       struct sip_server *s)
{
	struct wish w;

	if (!read_wish(d, in, s, &w))
		return;
	if (w.has_offer && open_offer(d, f) == OFFER_OURS) {
		sip_agent_reply(d->agent, s, in, 491, NULL);
		return;
	}
	if (w.has_offer && open_offer(d, f) == OFFER_THEIRS) {
		sip_dialog_reply_retry(d, in, s);
		return;
	}
	confirm(d);
	sip_far_retarget(f != NULL ? &f->far : &d->far, in->m);
	sip_dialog_learn(d, in->m);
	if (d->state == DIALOG_CONFIRMED)
		sip_session_accept(d, in->m);
	if (respond(d, in, s, &w) == -ENOMEM) {
		sip_agent_reply(d->agent, s, in, 503, NULL);
		return;
	}
	sip_dialog_read_identity(d, in->m);
	if (f != NULL && sip_dialog_read_early(d, in->m))
		sip_dialog_tell(d, SIP_PROGRESS);
	if (w.has_offer && f != NULL)
		f->media = w.media;
	if (w.has_offer)
		sip_dialog_set_media(d, &w.media);
	if (d->media_news)
		sip_dialog_tell(d, SIP_MEDIA);
}
