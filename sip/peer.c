/* peer.c - who may talk to us, from where, and how its connections fare. */
#include "sip/address.h"
#include "sip/admit.h"
#include "sip/agent_impl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TROUBLE_LOG_MS = 30000, NEW_TROUBLE_LOG_MS = 100 };

/* --- who it is --- */

static bool address_matches(const struct sip_peer_conf *p, const struct sip_source *from)
{
	const struct sockaddr *at = (const struct sockaddr *)&from->addr;

	for (unsigned i = 0; i < p->addr_count; i++) {
		const struct sockaddr *addr = (const struct sockaddr *)&p->addr[i];
		/* A connection comes from any port. */
		bool any_port = p->any_port || sip_addr_port(addr) == 0 || from->flow != 0 ||
				from->listener->protocol != SIP_UDP;
		if (sip_addr_equal(addr, at, !any_port))
			return true;
	}
	return false;
}

/* By a transport that protects less than the peer's own, anybody could claim to be it. */
static bool is_from(const struct sip_peer_conf *p, const struct sip_source *from)
{
	enum sip_protocol by = from->listener->protocol;

	if (by < p->transport || p->proof == SIP_BY_DIGEST)
		return false;
	if (by == SIP_TLS && p->tls_name[0] != '\0')
		return sip_names_prove(from->proved, p->tls_name);
	return address_matches(p, from);
}

struct sip_peer *sip_agent_peer_of(const struct sip_agent *a, const struct sip_source *from)
{
	struct sip_peer *best = NULL;
	int best_rank = -1;

	/* Of two at one host the one that uses this transport, and the retired only when alone. */
	for (struct sip_peer *p = a->peers; p != NULL; p = p->next) {
		int rank = 2 * !p->retired + (p->conf.transport == from->listener->protocol);
		if (rank <= best_rank || !is_from(&p->conf, from))
			continue;
		best = p;
		best_rank = rank;
	}
	return best;
}

struct sip_peer *sip_agent_peer_named(const struct sip_agent *a, const char *name)
{
	for (struct sip_peer *p = a->peers; p != NULL; p = p->next)
		if (!p->retired && strcmp(p->conf.name, name) == 0)
			return p;
	return NULL;
}

bool sip_agent_has_peer(const struct sip_agent *a, const char *name)
{
	return sip_agent_peer_named(a, name) != NULL;
}

/* --- connections --- */

enum sip_admission sip_agent_admit(void *agent, const struct sip_source *from)
{
	const struct sip_agent *a = agent;

	enum sip_admission yet_to_prove = SIP_ADMIT_NOT;

	if (sip_agent_peer_of(a, from) != NULL)
		return SIP_ADMIT_PEER;
	if (sip_agent_challenges(a)) /* a user's phone may come from anywhere */
		return SIP_ADMIT_STRANGER;
	if (from->listener->protocol != SIP_TLS || from->proved != NULL)
		return SIP_ADMIT_NOT;
	/* Its certificate is still to come.  A peer's own address, which TCP does not let others
	 * use, is let in meanwhile when strangers have taken all that is theirs. */
	for (const struct sip_peer *p = a->peers; p != NULL; p = p->next) {
		if (p->conf.tls_name[0] == '\0')
			continue;
		if (address_matches(&p->conf, from))
			return SIP_ADMIT_PEER;
		yet_to_prove = SIP_ADMIT_STRANGER;
	}
	return yet_to_prove;
}

static struct sip_peer *peer_at_host(const struct sip_agent *a, const struct sockaddr *host)
{
	for (struct sip_peer *p = a->peers; p != NULL; p = p->next)
		for (unsigned i = 0; !p->retired && i < p->conf.addr_count; i++)
			if (sip_addr_equal((struct sockaddr *)&p->conf.addr[i], host, false))
				return p;
	return NULL;
}

void sip_agent_trouble(void *agent, const struct sockaddr *peer, bool outgoing, const char *why)
{
	struct sip_agent *a = agent;
	struct sip_peer *p = peer_at_host(a, peer);
	char addr[SIP_ADDR_TEXT];
	bool is_new = p != NULL && strcmp(p->trouble, why) != 0;

	if (p != NULL)
		snprintf(p->trouble, sizeof(p->trouble), "%s", why);
	log_limited(p != NULL ? &p->trouble_limit : &a->stranger_limit,
		    is_new ? NEW_TROUBLE_LOG_MS : TROUBLE_LOG_MS, LOG_SIP, LOG_WARN,
		    "connection %s %s%s%s: %s", outgoing ? "to" : "from",
		    p != NULL ? p->conf.name : "", p != NULL ? " at " : "",
		    sip_addr_text(peer, addr), why);
}

void sip_agent_connected(void *agent, const struct sockaddr *peer, const char *how)
{
	struct sip_agent *a = agent;
	struct sip_peer *p = peer_at_host(a, peer);
	char addr[SIP_ADDR_TEXT];

	if (p == NULL)
		return;
	p->trouble[0] = '\0';
	log_line(LOG_SIP, LOG_INFO, "%s connected at %s, %s", p->conf.name,
		 sip_addr_text(peer, addr), how);
}

const char *sip_agent_peer_trouble(const struct sip_agent *a, const char *peer)
{
	const struct sip_peer *p = sip_agent_peer_named(a, peer);

	return p != NULL ? p->trouble : "";
}

/* --- life --- */

static void peer_free(struct sip_peer *p)
{
	timer_stop(&p->keepalive);
	sip_login_release(p->login);
	free(p);
}

void sip_peers_free(struct sip_peer *first)
{
	while (first != NULL) {
		struct sip_peer *p = first;
		first = p->next;
		peer_free(p);
	}
}

static void peer_remove(struct sip_agent *a, struct sip_peer *p)
{
	struct sip_peer **at = &a->peers;

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	peer_free(p);
}

void sip_agent_peer_hold(struct sip_peer *p)
{
	p->dialogs++;
}

void sip_agent_peer_release(struct sip_agent *a, struct sip_peer *p)
{
	p->dialogs--;
	if (p->retired && p->dialogs == 0)
		peer_remove(a, p);
}

/* Until names are looked up: its first address. */
static void set_targets(struct sip_peer *p)
{
	struct sip_target *t = &p->targets[0];
	const char *name = p->conf.tls_name[0] != '\0' ? p->conf.tls_name : p->conf.domain;

	if (sip_addr_port((struct sockaddr *)&p->conf.addr[0]) == 0)
		sip_addr_set_port(&p->conf.addr[0], sip_protocol_port(p->conf.transport));
	*t = (struct sip_target){.protocol = p->conf.transport,
				 .addr = p->conf.addr[0],
				 .may_grow = p->conf.transport == SIP_UDP,
				 .keepalive_ms = 1000 * p->conf.keepalive_s};
	snprintf(t->name, sizeof(t->name), "%s", name);
	p->target_count = 1;
}

static struct sip_peer *peer_new(const struct sip_peer_conf *conf)
{
	struct sip_peer *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	if (conf->login.username[0] != '\0' && sip_login_new(&p->login, &conf->login) < 0) {
		free(p);
		return NULL;
	}
	p->conf = *conf;
	if (conf->addr_count > 0)
		set_targets(p);
	return p;
}

/* The new peers as a list of their own, in the order of conf.  NULL with *r set on failure. */
struct sip_peer *sip_peers_copy(const struct sip_agent_conf *conf, int *r)
{
	struct sip_peer *first = NULL, **last = &first;

	*r = 0;
	for (unsigned i = 0; i < conf->peer_count; i++) {
		struct sip_peer *p = peer_new(&conf->peers[i]);
		if (p == NULL) {
			*r = -ENOMEM;
			sip_peers_free(first);
			return NULL;
		}
		*last = p;
		last = &p->next;
	}
	return first;
}

/* What keeps a NAT's mapping open on the way to a UDP peer; it answers nothing. */
static void on_keepalive(void *arg)
{
	struct sip_peer *p = arg;
	struct sockaddr_storage local;
	struct sip_listener *l = sip_transport_pick(&p->agent->transport, &p->targets[0], &local);

	if (l != NULL)
		sip_listener_send(l, &p->targets[0], "\r\n\r\n", 4);
	timer_start(p->agent->loop, &p->keepalive, p->targets[0].keepalive_ms, on_keepalive, p);
}

static void start(struct sip_agent *a, struct sip_peer *p)
{
	const struct sip_peer *old = sip_agent_peer_named(a, p->conf.name);

	if (old != NULL)
		memcpy(p->trouble, old->trouble, sizeof(p->trouble));
	p->agent = a;
	if (p->conf.keepalive_s != 0 && p->target_count > 0 && p->conf.transport == SIP_UDP)
		timer_start(a->loop, &p->keepalive, 0, on_keepalive, p);
}

/* Dialogs keep the peer they have: old ones with calls stay, retired, behind the new ones. */
void sip_peers_replace(struct sip_agent *a, struct sip_peer *fresh)
{
	struct sip_peer *old = a->peers, **last = &fresh;

	for (; *last != NULL; last = &(*last)->next)
		start(a, *last);
	while (old != NULL) {
		struct sip_peer *p = old;
		old = p->next;
		p->next = NULL;
		p->retired = true;
		timer_stop(&p->keepalive);
		if (p->dialogs == 0) {
			peer_free(p);
		} else {
			*last = p;
			last = &p->next;
		}
	}
	a->peers = fresh;
}
