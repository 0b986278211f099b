/* dialog_again.c - a call whose INVITE goes out once more: after 422 with a longer session (RFC
 * 4028 7.3), and after 3xx to where that says (RFC 3261 8.1.3.4), as far as that is a configured
 * peer.
 *
 * From, To and Call-ID stay, CSeq grows.  Whoever is called anew has its own limits and options.
 */
#include "sip/address.h"
#include "sip/dialog_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { AGAIN_MAX = 8, UNCONDITIONAL = 15 };

/* --- 3xx --- */

static bool is_at(const struct sip_peer *p, const osip_uri_t *uri)
{
	struct sockaddr_storage addr;
	int port = uri->port != NULL ? atoi(uri->port) : SIP_PORT;
	bool any_port = uri->port == NULL; /* that depends on the transport it means */

	if (p->conf.domain[0] != '\0' && strcasecmp(p->conf.domain, uri->host) == 0)
		return true;
	if (port <= 0 || port > UINT16_MAX || !sip_addr_parse(&addr, uri->host, (uint16_t)port))
		return false;
	for (unsigned i = 0; i < p->conf.addr_count; i++)
		if (sip_addr_equal((const struct sockaddr *)&p->conf.addr[i],
				   (const struct sockaddr *)&addr, !any_port))
			return true;
	return false;
}

static struct sip_peer *peer_of(const struct sip_dialog *d, const osip_uri_t *uri)
{
	if (uri == NULL || uri->scheme == NULL || uri->host == NULL ||
	    strcasecmp(uri->scheme, "sip") != 0)
		return NULL;
	if (!d->peer->retired && is_at(d->peer, uri)) /* two may share a domain */
		return d->peer;
	for (struct sip_peer *p = d->agent->peers; p != NULL; p = p->next)
		if (!p->retired && is_at(p, uri))
			return p;
	return NULL;
}

/* In thousandths, RFC 3261 20.10: 1 where it is not said. */
static unsigned preference(const osip_contact_t *c)
{
	const char *q = sip_param(&c->gen_params, "q");
	unsigned value = 0, weight = 100;

	if (q == NULL || *q == '1')
		return 1000;
	q += *q == '0';
	for (q += *q == '.'; *q >= '0' && *q <= '9' && weight > 0; q++, weight /= 10)
		value += (unsigned)(*q - '0') * weight;
	return value;
}

/* The contact preferred most of those that are configured peers; NULL: none is. */
static const osip_contact_t *choose(const struct sip_dialog *d, const osip_message_t *m,
				    struct sip_peer **peer)
{
	const osip_contact_t *best = NULL;

	for (int i = 0; i < osip_list_size(&m->contacts); i++) {
		const osip_contact_t *c = osip_list_get(&m->contacts, i);
		struct sip_peer *p = peer_of(d, c->url);
		if (p == NULL || (best != NULL && preference(best) >= preference(c)))
			continue;
		best = c;
		*peer = p;
	}
	return best;
}

static int move(struct sip_dialog *d, struct sip_peer *peer)
{
	struct sockaddr_storage local;
	struct sip_listener *l =
		sip_transport_pick(&d->agent->transport, &peer->targets[0], &local);

	/* Our media have their address already. */
	if (l == NULL || peer->targets[0].addr.ss_family != d->ours.addr.ss_family)
		return -1;
	sip_agent_peer_hold(peer);
	sip_agent_peer_release(d->agent, d->peer);
	d->peer = peer;
	d->user_at = (struct sip_target){0};
	d->user_name[0] = '\0';
	sip_listener_hold(l);
	sip_listener_release(d->listener);
	d->listener = l;
	d->local_addr = local;
	return 0;
}

/* RFC 5806 4, RFC 7044 9.3: who asked for it is a redirecting user now. */
static void add_redirecting(struct sip_dialog *d)
{
	struct sip_redirecting *r = &d->redirecting;

	if (r->count == 1) {
		r->original = r->last;
		r->original_reason = r->reason;
	}
	r->last = d->called;
	r->reason = UNCONDITIONAL; /* RFC 4458 2: what 302 stands for */
	r->count++;
}

static bool follow(struct sip_dialog *d, const osip_message_t *m)
{
	struct sip_peer *peer = NULL;
	struct sip_party party;

	if (m->status_code == 380 || d->redirect_count >= d->peer->conf.redirects_max)
		return false;
	const osip_contact_t *contact = choose(d, m, &peer);
	if (contact == NULL)
		return false;
	sip_party_read(&party, contact);
	if (party.user[0] == '\0' || (peer != d->peer && move(d, peer) < 0))
		return false;
	log_line(LOG_SIP, LOG_INFO, "%s: %d: sent on to %s at %s", d->call_id, m->status_code,
		 party.user, peer->conf.name);
	add_redirecting(d);
	memcpy(d->called.user, party.user, sizeof(d->called.user));
	d->redirect_count++;
	return sip_dialog_set_target(d, d->called.user) == 0;
}

/* --- both --- */

bool sip_dialog_tries_again(struct sip_dialog *d, const osip_message_t *m)
{
	int status = m->status_code;

	if ((d->state != DIALOG_CALLING && d->state != DIALOG_PROCEEDING) || d->ended ||
	    d->again_count >= AGAIN_MAX)
		return false;
	if (!(status == 422 && sip_session_too_brief(d, m)) &&
	    !(status >= 300 && status < 400 && follow(d, m)))
		return false;
	d->again_count++;
	d->state = DIALOG_CALLING;
	d->last_1xx = SIP_INVITED; /* who rings now rings anew */
	d->early = SIP_EARLY_NOT_SAID;
	d->far_options = 0;
	d->far_updates = false;
	return sip_dialog_send_invite(d) == 0;
}
