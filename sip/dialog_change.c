/* dialog_change.c - what we change in a dialog, or only refresh: UPDATE (RFC 3311) where the far
 * side takes it, else re-INVITE (RFC 3261 14.1).
 *
 * One at a time.  What is wanted is remembered as bits and goes out when nothing is in its way:
 * sip_change_pump() is called after everything that may have cleared it.
 */
#include "sip/dialog_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { TRIES_MAX = 8, RETRY_AFTER_MAX_S = 60 };

static void change_free(struct sip_change *c)
{
	free(c->ack);
	free(c);
}

/* Takes it out of the dialog's list; its transaction is not told. */
static void change_drop(struct sip_change *c)
{
	struct sip_change **at = &c->dialog->changes;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	if (c->dialog->change == c)
		c->dialog->change = NULL;
	change_free(c);
}

void sip_changes_stop(struct sip_dialog *d)
{
	timer_stop(&d->change_timer);
	d->wanted = 0;
	if (d->change != NULL) {
		sip_client_abandon(d->change->client);
		change_drop(d->change);
	}
}

void sip_changes_free(struct sip_dialog *d)
{
	timer_stop(&d->change_timer);
	while (d->changes != NULL) {
		sip_client_attach(d->changes->client, NULL, NULL);
		change_drop(d->changes);
	}
}

/* --- the answer --- */

/* 14.1, 12.2.1.2.  Of an early dialog the INVITE decides. */
static void lost(struct sip_dialog *d)
{
	if (d->state != DIALOG_CONFIRMED)
		return;
	log_line(LOG_SIP, LOG_INFO, "%s: the far side is gone", d->call_id);
	sip_dialog_bye(d, 102);
	sip_dialog_fail(d, 408, 102);
}

static void on_change_timer(void *arg)
{
	struct sip_dialog *d = arg;

	if (d->change != NULL) /* a re-INVITE that only ever gets 1xx */
		lost(d);
	else
		sip_change_pump(d);
}

/* 14.1: 2.1 to 4 s for who made the Call-ID, up to 2 s for the other, in steps of 10 ms. */
static void try_again(struct sip_dialog *d, unsigned kinds, const osip_message_t *m)
{
	const char *after = sip_message_header(m, "Retry-After", 0);
	unsigned wait_ms, random;

	sip_random(&random, sizeof(random));
	wait_ms = d->outgoing ? 2100 + 10 * (random % 191) : 10 * (random % 201);
	if (m->status_code != 491 && after != NULL) {
		unsigned long s = strtoul(after, NULL, 10);
		wait_ms = (unsigned)(s < RETRY_AFTER_MAX_S ? s : RETRY_AFTER_MAX_S) * 1000;
	}
	d->wanted |= kinds;
	timer_start(d->agent->loop, &d->change_timer, wait_ms, on_change_timer, d);
}

static void refused(struct sip_dialog *d, unsigned kinds, bool update, const osip_message_t *m)
{
	int status = m->status_code;

	switch (status) {
	case 408:
	case 481: /* RFC 5057 5.1: the dialog is gone there */ lost(d); return;
	case 405:
	case 501:
		if (update)
			d->far_updates = false; /* whatever its Allow said */
		break;
	case 422:
		if (sip_session_too_brief(d, m) && d->change_tries < TRIES_MAX)
			d->wanted |= kinds;
		break;
	case 491:
	case 500:
	case 503:
		if (d->change_tries < TRIES_MAX) {
			try_again(d, kinds, m);
			return;
		}
		break;
	default: break;
	}
	if ((d->wanted & CHANGE_HOLD) == 0)
		d->hold_wanted = d->ours.hold; /* it will not: no more of that */
	/* It is there, whatever it thinks of our request. */
	if (d->state == DIALOG_CONFIRMED)
		sip_session_restart(d);
}

static void accepted(struct sip_dialog *d, const struct sip_change *c,
		     const struct sip_incoming *in)
{
	struct sip_media media;

	d->change_tries = 0;
	sip_dialog_learn(d, in->m);
	if (c->timed) {
		sip_far_retarget(&d->far, in->m);
		sip_session_agreed(d, in->m);
	}
	if (!c->offers)
		return;
	int r = sip_dialog_read_answer(d, in, &media);
	if (r < 0) {
		log_line(LOG_SIP, LOG_WARN, "%s: re-INVITE without usable answer", d->call_id);
		sip_dialog_bye(d, 0);
		sip_dialog_fail(d, 488, 0);
		return;
	}
	sip_dialog_set_media(d, &media);
	if (d->media_news)
		sip_dialog_tell(d, SIP_MEDIA);
}

static void ack(struct sip_change *c, const struct sip_incoming *in)
{
	struct sip_dialog *d = c->dialog;
	struct sip_draft draft;

	if (c->ack == NULL) {
		sip_far_retarget(&d->far, in->m);
		sip_far_draft(&d->far, d, &draft, "ACK", in->scan.cseq_number, &c->ack_to);
		sip_draft_credentials(&draft, c->client->text, c->client->len);
		if (sip_draft_text(&draft, &c->ack, &c->ack_len) < 0)
			return; /* the 2xx comes again */
	}
	sip_listener_send(d->listener, &c->ack_to, c->ack, c->ack_len);
}

static void on_response(void *arg, const struct sip_incoming *in)
{
	struct sip_change *c = arg;
	struct sip_dialog *d = c->dialog;
	int status = in->m->status_code;
	unsigned kinds = c->kinds;
	bool update = !c->invite;

	if (status < 200)
		return;
	if (c->invite && status < 300)
		ack(c, in);
	if (d->change != c)
		return; /* once more */
	d->change = NULL;
	timer_stop(&d->change_timer);
	if (c->offers)
		d->open = OFFER_NONE;
	if (status < 300) {
		accepted(d, c, in);
	} else {
		sip_client_attach(c->client, NULL, NULL);
		if (c->offers)
			d->ours.hold = c->was_held; /* 14.1: the session is as it was */
		change_drop(c);
		refused(d, kinds, update, in->m);
	}
	sip_change_pump(d);
}

static void on_timeout(void *arg)
{
	struct sip_change *c = arg;
	struct sip_dialog *d = c->dialog;

	if (d->change != c)
		return;
	d->change = NULL; /* gone follows */
	lost(d);
}

static void on_gone(void *arg)
{
	change_drop(arg);
}

static void on_again(void *arg, struct sip_client *fresh, uint32_t cseq)
{
	struct sip_change *c = arg;

	c->client = fresh;
	c->dialog->cseq = cseq;
}

static const struct sip_client_ops change_ops = {
	.response = on_response, .timeout = on_timeout, .gone = on_gone, .again = on_again};

/* --- the request --- */

static int change_send(struct sip_dialog *d, const struct sip_far *far, struct sip_change *c)
{
	struct sip_draft draft;
	struct sip_target to;
	const char *sdp = NULL;

	if (c->offers)
		d->ours.hold = d->hold_wanted;
	if (c->offers && (sdp = sip_dialog_write_offer(d)) == NULL)
		return -ENOMEM;
	if ((c->kinds & CHANGE_IDENTITY) != 0 && sip_dialog_rename(d) < 0)
		return -ENOMEM;
	sip_far_draft(far, d, &draft, c->invite ? "INVITE" : "UPDATE", ++d->cseq, &to);
	sip_dialog_draft_contact(d, &draft);
	sip_dialog_draft_identity(d, &draft, sip_dialog_near(d));
	c->timed = d->state == DIALOG_CONFIRMED;
	if (c->timed)
		sip_session_draft_request(d, &draft);
	if (sdp != NULL)
		sip_draft_sdp(&draft, sdp);
	return sip_client_start(&c->client, &d->agent->layer, d->listener, &to, &draft);
}

/* Where the next one goes; NULL: none can be sent now. */
static const struct sip_far *way(const struct sip_dialog *d)
{
	if (d->ended || d->change != NULL || timer_running(&d->change_timer))
		return NULL;
	if (d->state == DIALOG_CONFIRMED && !d->awaiting_ack)
		return &d->far;
	/* An early dialog: the newest branch. */
	if (d->state == DIALOG_PROCEEDING && d->forks != NULL && d->far_updates)
		return &d->forks->far;
	return NULL;
}

void sip_change_pump(struct sip_dialog *d)
{
	const struct sip_far *far = way(d);

	/* Before the answer the far side may still say that it can be told. */
	if (d->state == DIALOG_CONFIRMED && !sip_dialog_may_identify(d))
		d->wanted &= ~(unsigned)CHANGE_IDENTITY;
	if (d->wanted == 0 || far == NULL ||
	    (d->state == DIALOG_PROCEEDING && !sip_dialog_may_identify(d)))
		return;
	struct sip_change *c = calloc(1, sizeof(*c));
	if (c == NULL)
		return;
	c->dialog = d;
	c->kinds = d->wanted;
	c->was_held = d->ours.hold;
	/* RFC 3311 5.1: in a dialog that is confirmed, a new offer is a re-INVITE's. */
	c->invite = !d->far_updates || (c->kinds & CHANGE_HOLD) != 0;
	c->offers = c->invite; /* RFC 4028 7.4: an UPDATE that only refreshes has no offer */
	d->change_tries++;
	if (change_send(d, far, c) < 0) {
		d->ours.hold = c->was_held;
		free(c); /* the session timer comes back to it */
		return;
	}
	sip_client_attach(c->client, &change_ops, c);
	c->next = d->changes;
	d->changes = d->change = c;
	d->wanted = 0;
	if (c->offers)
		d->open = OFFER_OURS;
	timer_start(d->agent->loop, &d->change_timer, 64ul * d->agent->layer.t1_ms + 1000,
		    on_change_timer, d);
}

/* What is under way may turn out either way: then it is said once more. */
void sip_dialog_hold(struct sip_dialog *d, bool held)
{
	if (!d->peer->conf.hold || d->hold_wanted == held)
		return;
	d->hold_wanted = held;
	sip_dialog_change(d, CHANGE_HOLD);
}

void sip_dialog_change(struct sip_dialog *d, enum sip_change_kind kind)
{
	d->wanted |= kind;
	d->change_tries = 0;
	sip_change_pump(d);
}
