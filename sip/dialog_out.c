/* dialog_out.c - calls we make: INVITE and what comes back, forks, CANCEL (RFC 3261 9, 13.2). */
#include "sip/address.h"
#include "sip/dialog_impl.h"
#include "sip/memory.h"
#include "sip/registration.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- forks --- */

static void fork_free(struct sip_fork *f)
{
	sip_far_free(&f->far);
	free(f->ack);
	free(f);
}

void sip_dialog_forks_free(struct sip_dialog *d)
{
	while (d->forks != NULL) {
		struct sip_fork *f = d->forks;
		d->forks = f->next;
		fork_free(f);
	}
	d->fork_count = 0;
}

struct sip_fork *sip_dialog_fork(const struct sip_dialog *d, const char *tag)
{
	for (struct sip_fork *f = d->forks; f != NULL; f = f->next)
		if (strcmp(f->far.tag, tag) == 0)
			return f;
	return NULL;
}

/* Makes room by forgetting the oldest branch that has not answered. */
static bool fork_evict(struct sip_dialog *d)
{
	struct sip_fork **oldest = NULL;

	for (struct sip_fork **at = &d->forks; *at != NULL; at = &(*at)->next)
		if ((*at)->ack == NULL)
			oldest = at;
	if (oldest == NULL)
		return false;
	struct sip_fork *f = *oldest;
	*oldest = f->next;
	fork_free(f);
	d->fork_count--;
	return true;
}

/* The branch a response belongs to; NULL: no memory, or too many have answered. */
static struct sip_fork *fork_of(struct sip_dialog *d, const osip_message_t *m)
{
	struct sip_fork *f = sip_dialog_fork(d, sip_message_tag(m->to));

	if (f != NULL)
		return f;
	if (d->fork_count >= SIP_FORKS_MAX && !fork_evict(d))
		return NULL;
	f = calloc(1, sizeof(*f));
	if (f == NULL)
		return NULL;
	int r = sip_far_learn(&f->far, m);
	if (r < 0 && r != -EBADMSG) {
		fork_free(f);
		return NULL;
	}
	f->next = d->forks;
	d->forks = f;
	d->fork_count++;
	return f;
}

/* The first SDP from a branch is its answer (13.2.1); media follow the branch heard last. */
static int fork_media(struct sip_dialog *d, struct sip_fork *f, const struct sip_incoming *in)
{
	if (!f->has_media) {
		int r = sip_dialog_read_answer(d, in, &f->media);
		if (r < 0)
			return r;
		f->has_media = true;
	}
	sip_dialog_set_media(d, &f->media);
	return 0;
}

/* --- BYE and CANCEL --- */

int sip_dialog_bye_to(struct sip_dialog *d, const struct sip_far *far, int q850,
		      struct sip_client **out)
{
	struct sip_draft draft;
	struct sip_target to;

	sip_far_draft(far, d, &draft, "BYE", ++d->cseq, &to);
	sip_draft_reason(&draft, q850);
	if (far == &d->far)
		sip_dialog_draft_user_data(d, &draft);
	int r = sip_client_start(out, &d->agent->layer, d->listener, &to, &draft);
	if (r < 0)
		log_line(LOG_SIP, LOG_WARN, "%s: no BYE sent: %s", d->call_id, strerror(-r));
	return r;
}

/* For a branch that is not the call: nobody waits for the answer. */
static void fork_bye(struct sip_dialog *d, const struct sip_fork *f, int q850)
{
	struct sip_client *c;

	sip_dialog_bye_to(d, &f->far, q850, &c);
}

static void invite_forget(struct sip_dialog *d)
{
	timer_stop(&d->give_up);
	d->invite = NULL;
	sip_dialog_forks_free(d);
	sip_dialog_settle(d);
}

/* 9.1: a CANCEL that brings no final response within 64 * T1 ends the INVITE all the same. */
static void on_cancel_lost(void *arg)
{
	struct sip_dialog *d = arg;

	if (d->invite != NULL)
		sip_client_abandon(d->invite);
	invite_forget(d);
}

static void send_cancel(struct sip_dialog *d)
{
	struct sip_draft draft;
	struct sip_client *c;

	d->cancel_wanted = false;
	timer_start(d->agent->loop, &d->give_up, 64ul * d->agent->layer.t1_ms, on_cancel_lost, d);
	if (d->invite == NULL)
		return;
	sip_draft_derive(&draft, "CANCEL", d->invite->text, d->invite->len, NULL);
	sip_draft_reason(&draft, d->cancel_q850);
	int r = sip_client_start(&c, &d->agent->layer, d->listener, &d->invite->to, &draft);
	if (r < 0)
		log_line(LOG_SIP, LOG_WARN, "%s: no CANCEL sent: %s", d->call_id, strerror(-r));
}

void sip_dialog_cancel(struct sip_dialog *d, int q850)
{
	bool early = d->state == DIALOG_CALLING;

	timer_stop(&d->give_up);
	d->state = DIALOG_OVER;
	d->cancel_q850 = q850;
	if (d->invite != NULL)
		sip_client_logout(d->invite);
	if (early)
		d->cancel_wanted = true; /* the first 1xx sends it */
	else
		send_cancel(d);
}

/* --- responses to INVITE --- */

bool sip_dialog_read_early(struct sip_dialog *d, const osip_message_t *m)
{
	enum sip_early early = d->peer->conf.trusted ? sip_message_early(m) : SIP_EARLY_NOT_SAID;

	if (early == SIP_EARLY_NOT_SAID || early == d->early)
		return false;
	d->early = early;
	return true;
}

static void on_provisional(struct sip_dialog *d, const struct sip_incoming *in)
{
	int status = in->m->status_code;
	enum sip_reliable_new reliable = RELIABLE_NOT;
	struct sip_fork *f = NULL;
	struct sip_text sdp;

	if (d->cancel_wanted)
		send_cancel(d);
	if (d->state != DIALOG_CALLING && d->state != DIALOG_PROCEEDING)
		return;
	d->state = DIALOG_PROCEEDING;
	if (status == 100) {
		sip_dialog_tell(d, SIP_TRYING);
		return;
	}
	if (*sip_message_tag(in->m->to) != '\0')
		f = fork_of(d, in->m);
	if (f != NULL) {
		reliable = sip_reliable_received(d, f, in->m);
		if (reliable == RELIABLE_OLD)
			return;
		sip_dialog_learn(d, in->m);
		sip_change_pump(d);
	}
	/* Bad or none: the 2xx may still bring it.  What came unreliably is only a preview, but the
	 * media flow by it. */
	if (f != NULL && fork_media(d, f, in) == 0 && reliable == RELIABLE_NEW)
		f->answered = f->answered || sip_message_sdp(in, &sdp) > 0;
	if (status > 183)
		return;
	/* Repeated by several branches, and by each for as long as it rings: told once. */
	sip_dialog_read_user_data(d, in->m);
	enum sip_event_kind kind = status == 180 ? SIP_RINGING : SIP_PROGRESS;
	bool early_news = sip_dialog_read_early(d, in->m);
	if (kind != d->last_1xx || d->media_news || early_news)
		sip_dialog_tell(d, kind);
	d->last_1xx = kind;
}

static void ack_send(struct sip_dialog *d, struct sip_fork *f)
{
	sip_listener_send(d->listener, &f->ack_to, f->ack, f->ack_len);
}

/* 13.2.2.4: route set and target are those of the 2xx. */
static int ack_make(struct sip_dialog *d, struct sip_fork *f, const struct sip_incoming *in)
{
	struct sip_draft draft;
	int r = sip_far_learn(&f->far, in->m);

	if (r < 0 && r != -EBADMSG)
		return r;
	uint32_t invite_cseq = in->scan.cseq_number;
	sip_far_draft(&f->far, d, &draft, "ACK", invite_cseq, &f->ack_to);
	sip_draft_credentials(&draft, d->invite->text, d->invite->len);
	return sip_draft_text(&draft, &f->ack, &f->ack_len);
}

static void answered(struct sip_dialog *d, struct sip_fork *f, const struct sip_incoming *in)
{
	int r = sip_far_learn(&d->far, in->m);

	if (r == 0 || r == -EBADMSG)
		r = fork_media(d, f, in);
	if (r < 0) {
		log_line(LOG_SIP, LOG_WARN, "%s: answered without usable SDP", d->call_id);
		fork_bye(d, f, 0);
		sip_dialog_fail(d, 488, 0);
		return;
	}
	if (d->peer->conf.trusted)
		sip_message_connected(in->m, &d->connected);
	d->remote_sequence = f->remote;
	sip_dialog_read_user_data(d, in->m);
	d->state = DIALOG_CONFIRMED;
	sip_dialog_learn(d, in->m);
	sip_session_agreed(d, in->m);
	sip_dialog_tell(d, SIP_ANSWERED);
	sip_change_pump(d);
}

static void on_success(struct sip_dialog *d, const struct sip_incoming *in)
{
	struct sip_fork *f = fork_of(d, in->m);

	timer_stop(&d->give_up);
	d->cancel_wanted = false;
	if (f == NULL)
		return; /* no memory now; the 2xx comes again */
	if (f->ack != NULL) {
		d->agent->counts.retransmits_in++;
		d->agent->counts.retransmits_out++;
		ack_send(d, f);
		return;
	}
	if (ack_make(d, f, in) < 0)
		return;
	ack_send(d, f);
	if (d->state == DIALOG_CALLING || d->state == DIALOG_PROCEEDING)
		answered(d, f, in);
	else /* another branch was first, or we had given up */
		fork_bye(d, f, d->cancel_q850);
}

static void on_response(void *arg, const struct sip_incoming *in)
{
	struct sip_dialog *d = arg;
	int status = in->m->status_code;

	if (status < 200) {
		on_provisional(d, in);
	} else if (status < 300) {
		on_success(d, in);
	} else {
		sip_client_attach(d->invite, NULL, NULL); /* it repeats the ACK by itself */
		invite_forget(d);
		sip_dialog_read_user_data(d, in->m);
		if (!sip_dialog_tries_again(d, in->m))
			sip_dialog_fail(d, status, sip_message_q850(in->m));
	}
}

static void on_timeout(void *arg)
{
	sip_dialog_fail(arg, 408, 0);
}

static void on_gone(void *arg)
{
	invite_forget(arg);
}

/* RFC 3261 8.1.3.1: as if 503 had come, and at once. */
static void on_unreachable(void *arg, int error)
{
	struct sip_dialog *d = arg;

	log_line(LOG_SIP, LOG_INFO, "%s: %s cannot be reached: %s", d->call_id, d->peer->conf.name,
		 strerror(-error));
	sip_dialog_fail(d, 503, 0);
}

static void on_again(void *arg, struct sip_client *fresh, uint32_t cseq)
{
	struct sip_dialog *d = arg;

	d->invite = fresh;
	d->cseq = d->invite_cseq = cseq;
}

static const struct sip_client_ops invite_ops = {on_response, on_timeout, on_gone, on_unreachable,
						 on_again};

/* --- INVITE --- */

static void on_no_answer(void *arg)
{
	struct sip_dialog *d = arg;

	sip_dialog_cancel(d, 102); /* recovery on timer expiry */
	sip_dialog_fail(d, 408, 0);
}

int sip_dialog_set_target(struct sip_dialog *d, const char *number)
{
	char text[SIP_ADDR_TEXT], target[SIP_WRITTEN_USER_MAX + 96] = "sip:";
	/* Where a 3xx sends the call nobody knows it. */
	const char *subaddress = strcmp(number, d->called.user) == 0 ? d->called.subaddress : "";
	const char *domain = d->peer->conf.domain;
	const char *host =
		domain[0] != '\0'
			? domain
			: sip_addr_text((const struct sockaddr *)&sip_dialog_hop(d)->addr, text);

	if (!sip_write_user(target, sizeof(target) - 80, number, subaddress))
		return -EMSGSIZE;
	strncat(target, host, 64);
	if (sip_is_global_number(number) || subaddress[0] != '\0')
		strcat(target, ";user=phone");
	osip_free(d->far.target);
	d->far.target = osip_strdup(target);
	return d->far.target != NULL ? 0 : -ENOMEM;
}

/* From, To and the Request-URI; host parts by the peer's domain, else by address. */
static int set_parties(struct sip_dialog *d, const struct sip_invite *inv)
{
	char text[SIP_ADDR_TEXT], from[512], to[512];
	unsigned shortages = sip_memory_shortages();
	int r = sip_dialog_set_target(d, inv->number);

	if (r < 0)
		return r;
	snprintf(to, sizeof(to), "<%s>", d->far.target);
	d->far.tag = strdup("");
	if (inv->calling.anonymous) { /* RFC 3323 4.1.1.3 */
		snprintf(from, sizeof(from), "\"Anonymous\" <sip:anonymous@anonymous.invalid>");
	} else {
		if (!sip_party_text(from, sizeof(from), &inv->calling, sip_dialog_host(d, text)))
			return -EMSGSIZE;
	}
	if (!sip_dialog_add_line(d, from, sizeof(from), &inv->calling))
		return -EMSGSIZE;
	if (d->far.tag == NULL || osip_from_init(&d->local) != OSIP_SUCCESS ||
	    osip_from_init(&d->remote) != OSIP_SUCCESS)
		return -ENOMEM;
	if (osip_from_parse(d->local, from) != OSIP_SUCCESS ||
	    osip_from_parse(d->remote, to) != OSIP_SUCCESS)
		return -EINVAL;
	return sip_memory_shortages() == shortages ? 0 : -ENOMEM;
}

/* The first request goes to the peer's first target, whatever its domain is, or to the user; but by
 * the proxies that a Path or Service-Route names. */
static const struct sip_target *first_hop(const struct sip_dialog *d,
					  const struct sip_target *by_route)
{
	return d->far.route_count > 0 ? by_route : sip_dialog_hop(d);
}

static int set_transfer(struct sip_dialog *d, const struct sip_invite *inv)
{
	if (inv->replaces != NULL)
		d->sent_replaces = strdup(inv->replaces);
	if (inv->referred_by != NULL)
		d->sent_referred_by = strdup(inv->referred_by);
	return (inv->replaces != NULL) == (d->sent_replaces != NULL) &&
			       (inv->referred_by != NULL) == (d->sent_referred_by != NULL)
		       ? 0
		       : -ENOMEM;
}

int sip_dialog_send_invite(struct sip_dialog *d)
{
	struct sip_agent *a = d->agent;
	struct sip_draft draft;
	struct sip_target to;
	const char *sdp = sip_dialog_write_offer(d);

	if (sdp == NULL)
		return -ENOMEM;
	d->invite_cseq = ++d->cseq;
	sip_far_draft(&d->far, d, &draft, "INVITE", d->invite_cseq, &to);
	sip_dialog_draft_contact(d, &draft);
	if (d->peer->conf.reliable == SIP_RELIABLE_REQUIRED)
		sip_draft_header(&draft, "Require", "100rel");
	if (d->peer->conf.trusted)
		sip_draft_header(&draft, "P-Early-Media", "supported");
	sip_session_draft_request(d, &draft);
	sip_dialog_draft_identity(d, &draft, &d->calling);
	sip_dialog_draft_redirecting(d, &draft, &d->redirecting, d->called.user);
	d->user_data_out = d->user_data_invite;
	sip_dialog_draft_user_data(d, &draft);
	if (d->sent_replaces != NULL) {
		sip_draft_header(&draft, "Replaces", "%s", d->sent_replaces);
		sip_draft_header(&draft, "Require", "replaces");
	}
	if (d->sent_referred_by != NULL)
		sip_draft_header(&draft, "Referred-By", "%s", d->sent_referred_by);
	sip_draft_sdp(&draft, sdp);
	int r = sip_client_start(&d->invite, &a->layer, d->listener, first_hop(d, &to), &draft);
	if (r < 0)
		return r;
	sip_client_attach(d->invite, &invite_ops, d);
	if (a->invite_timeout_ms != 0)
		timer_start(a->loop, &d->give_up, a->invite_timeout_ms, on_no_answer, d);
	return 0;
}

/* A user that registered with us is called at its contact. */
static int set_binding(struct sip_dialog *d, const struct sip_binding *b)
{
	snprintf(d->user_name, sizeof(d->user_name), "%s", b->user->name);
	osip_free(d->far.target);
	d->far.target = osip_strdup(b->contact);
	return d->far.target != NULL ? sip_far_set_routes(&d->far, b->path) : -ENOMEM;
}

int sip_agent_hop(const struct sip_agent *a, const struct sip_peer *peer, const char *number,
		  struct sip_target *hop, const struct sip_binding **binding)
{
	*hop = peer->targets[0];
	*binding = NULL;
	if (!peer->conf.registrar)
		return peer->target_count > 0 ? 0 : -EHOSTUNREACH;
	const struct sip_user *user = sip_users_find(&a->users, number, strlen(number));
	if (user == NULL || strcmp(user->peer, peer->conf.name) != 0)
		return -ENXIO;
	*binding = sip_registrar_best(user);
	if (*binding == NULL)
		return -ESRCH;
	sip_binding_hop(*binding, hop);
	return 0;
}

int sip_dialog_start(struct sip_dialog **out, struct sip_agent *a, const struct sip_invite *inv,
		     void *user)
{
	struct sip_peer *peer = sip_agent_peer_named(a, inv->peer);
	struct sockaddr_storage local;
	struct sip_target hop;
	const struct sip_binding *binding;
	struct sip_dialog *d = NULL;
	char token[SIP_TOKEN_SIZE];

	*out = NULL;
	if (peer == NULL)
		return -ENOENT;
	if (a->counts.dialogs >= a->dialogs_max)
		return -EAGAIN;
	int r = sip_agent_hop(a, peer, inv->number, &hop, &binding);
	if (r < 0)
		return r;
	struct sip_listener *l = sip_transport_pick(&a->transport, &hop, &local);
	if (l == NULL)
		return -ENETUNREACH;
	r = sip_dialog_new(&d, a, peer, l);
	if (r < 0)
		return r;
	if (binding != NULL)
		d->user_at = hop;
	d->state = DIALOG_CALLING;
	d->user = user;
	d->local_addr = local;
	d->ours = inv->local;
	d->accepted = true;
	d->outgoing = true;
	d->calling = inv->calling;
	d->redirecting = inv->redirecting;
	d->user_data_invite = inv->user_data;
	snprintf(d->called.user, sizeof(d->called.user), "%s", inv->number);
	if (inv->subaddress != NULL)
		snprintf(d->called.subaddress, sizeof(d->called.subaddress), "%s", inv->subaddress);
	d->call_id = strdup(sip_token(token));
	r = d->call_id != NULL ? set_parties(d, inv) : -ENOMEM;
	const char *route = sip_registration_route(a, inv->peer, inv->calling.user);
	if (r == 0 && binding != NULL)
		r = set_binding(d, binding);
	else if (r == 0 && route != NULL)
		r = sip_far_set_routes(&d->far, route);
	if (r == 0)
		r = set_transfer(d, inv);
	if (r == 0)
		r = sip_dialog_send_invite(d);
	if (r < 0)
		goto fail;
	*out = d;
	return 0;
fail:
	sip_dialog_free(d);
	return r;
}
