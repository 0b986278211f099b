#include "sip/agent.h"

#include "sip/address.h"
#include "sip/agent_impl.h"
#include "sip/dialog_impl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Transactions for each dialog, and to spare: a BYE or a 2xx stays for 64 * T1 after its call, so
 * at 32 s of that a hundred calls a second need 6,400. */
enum { TRANSACTIONS_SPARE = 8192, TRANSACTIONS_A_DIALOG = 16 };

void sip_agent_conf_default(struct sip_agent_conf *conf)
{
	memset(conf, 0, sizeof(*conf));
	conf->t1_ms = 500;
	conf->t2_ms = 4000;
	conf->t4_ms = 5000;
	conf->invite_timeout_ms = 180000;
	conf->dialogs_max = 1000;
	snprintf(conf->user_agent, sizeof(conf->user_agent), "Tandem");
}

/* --- peers --- */

static bool peer_sends_from(const struct sip_peer_conf *p, const struct sockaddr *from)
{
	for (unsigned i = 0; i < p->addr_count; i++) {
		const struct sockaddr *addr = (const struct sockaddr *)&p->addr[i];
		bool any_port = p->any_port || sip_addr_port(addr) == 0;
		if (sip_addr_equal(addr, from, !any_port))
			return true;
	}
	return false;
}

struct sip_peer *sip_agent_peer_at(struct sip_agent *a, const struct sockaddr *from)
{
	struct sip_peer *retired = NULL;

	for (struct sip_peer *p = a->peers; p != NULL; p = p->next) {
		if (!peer_sends_from(&p->conf, from))
			continue;
		if (!p->retired)
			return p;
		retired = p;
	}
	return retired;
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

static void peer_remove(struct sip_agent *a, struct sip_peer *p)
{
	struct sip_peer **at = &a->peers;

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	free(p);
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

/* The new peers as a list of their own, in the order of conf.  NULL with *r set on failure. */
static struct sip_peer *peers_copy(const struct sip_agent_conf *conf, int *r)
{
	struct sip_peer *first = NULL, **last = &first;

	*r = 0;
	for (unsigned i = 0; i < conf->peer_count; i++) {
		struct sip_peer *p = calloc(1, sizeof(*p));
		if (p == NULL) {
			*r = -ENOMEM;
			while (first != NULL) {
				p = first;
				first = p->next;
				free(p);
			}
			return NULL;
		}
		p->conf = conf->peers[i];
		if (sip_addr_port((struct sockaddr *)&p->conf.addr[0]) == 0)
			sip_addr_set_port(&p->conf.addr[0], SIP_PORT);
		*last = p;
		last = &p->next;
	}
	return first;
}

/* Dialogs keep the peer they have: old ones with calls stay, retired, behind the new ones. */
static void peers_replace(struct sip_agent *a, struct sip_peer *fresh)
{
	struct sip_peer *old = a->peers, **last = &fresh;

	while (*last != NULL)
		last = &(*last)->next;
	while (old != NULL) {
		struct sip_peer *p = old;
		old = p->next;
		p->next = NULL;
		p->retired = true;
		if (p->dialogs == 0) {
			free(p);
		} else {
			*last = p;
			last = &p->next;
		}
	}
	a->peers = fresh;
}

/* --- configuration --- */

static bool wanted(const struct sip_agent_conf *conf, const struct sip_listener *l)
{
	for (unsigned i = 0; i < conf->listen_count; i++)
		if (sip_addr_equal((const struct sockaddr *)&conf->listen[i],
				   (const struct sockaddr *)&l->wanted, true))
			return true;
	return false;
}

static int check(const struct sip_agent_conf *conf, char *err, size_t err_size)
{
	if (conf->listen_count == 0 || conf->listen_count > SIP_LISTEN_MAX) {
		snprintf(err, err_size, "listen: one to %d addresses expected", SIP_LISTEN_MAX);
		return -EINVAL;
	}
	for (unsigned i = 0; i < conf->peer_count; i++) {
		const struct sip_peer_conf *p = &conf->peers[i];
		if (p->addr_count == 0 || p->addr_count > SIP_PEER_ADDRS_MAX) {
			snprintf(err, err_size, "peer %s: one to %d addresses expected", p->name,
				 SIP_PEER_ADDRS_MAX);
			return -EINVAL;
		}
	}
	if (conf->t1_ms == 0 || conf->t2_ms == 0 || conf->t4_ms == 0 || conf->dialogs_max == 0) {
		snprintf(err, err_size, "timers and dialogs_max: more than 0 expected");
		return -EINVAL;
	}
	return 0;
}

/* Opens what is new; on failure closes that again, so that nothing has changed. */
static int listeners_open(struct sip_agent *a, const struct sip_agent_conf *conf, char *err,
			  size_t err_size)
{
	char addr[SIP_ADDR_TEXT];
	unsigned opened = 0;

	for (unsigned i = 0; i < conf->listen_count; i++) {
		const struct sockaddr *want = (const struct sockaddr *)&conf->listen[i];
		if (sip_transport_find(&a->transport, want) != NULL)
			continue;
		int r = sip_transport_listen(&a->transport, want);
		if (r == 0) {
			opened++;
			continue;
		}
		snprintf(err, err_size, "cannot listen on %s: %s", sip_addr_text(want, addr),
			 strerror(-r));
		while (opened-- > 0) /* the newest come first */
			sip_listener_retire(a->transport.listeners);
		return r;
	}
	return 0;
}

static void listeners_retire(struct sip_agent *a, const struct sip_agent_conf *conf)
{
	struct sip_listener *l = a->transport.listeners, *next;

	for (; l != NULL; l = next) {
		next = l->next;
		if (wanted(conf, l))
			l->retired = false;
		else if (!l->retired)
			sip_listener_retire(l);
	}
}

int sip_agent_reconfigure(struct sip_agent *a, const struct sip_agent_conf *conf, char *err,
			  size_t err_size)
{
	int r = check(conf, err, err_size);

	if (r < 0)
		return r;
	struct sip_peer *peers = peers_copy(conf, &r);
	if (r == 0)
		r = listeners_open(a, conf, err, err_size);
	else
		snprintf(err, err_size, "out of memory");
	if (r < 0) {
		while (peers != NULL) {
			struct sip_peer *p = peers;
			peers = p->next;
			free(p);
		}
		return r;
	}
	listeners_retire(a, conf);
	peers_replace(a, peers);
	a->layer.t1_ms = conf->t1_ms;
	a->layer.t2_ms = conf->t2_ms;
	a->layer.t4_ms = conf->t4_ms;
	a->layer.max = TRANSACTIONS_SPARE + TRANSACTIONS_A_DIALOG * conf->dialogs_max;
	a->invite_timeout_ms = conf->invite_timeout_ms;
	a->dialogs_max = conf->dialogs_max;
	snprintf(a->user_agent, sizeof(a->user_agent), "%s", conf->user_agent);
	return 0;
}

/* --- life --- */

static void on_sent(void *agent, const struct sockaddr *to, const char *data, size_t len, int error)
{
	struct sip_agent *a = agent;

	if (error < 0) {
		a->counts.send_errors++;
		return;
	}
	a->counts.datagrams_out++;
	if (a->ops.trace != NULL)
		a->ops.trace(a->arg, true, to, data, len);
}

int sip_agent_open(struct sip_agent **out, struct loop *loop, const struct sip_agent_conf *conf,
		   const struct sip_agent_ops *ops, void *arg, char *err, size_t err_size)
{
	struct sip_agent *a = calloc(1, sizeof(*a));

	*out = NULL;
	if (a == NULL) {
		snprintf(err, err_size, "out of memory");
		return -ENOMEM;
	}
	sip_message_init();
	a->loop = loop;
	a->ops = *ops;
	a->arg = arg;
	struct sip_receiver receiver = {sip_agent_datagram, on_sent, a};
	sip_transport_init(&a->transport, loop, &receiver);
	sip_layer_init(&a->layer, loop, &a->counts);
	int r = sip_agent_reconfigure(a, conf, err, err_size);
	if (r < 0) {
		sip_agent_close(a);
		return r;
	}
	*out = a;
	return 0;
}

void sip_agent_close(struct sip_agent *a)
{
	if (a == NULL)
		return;
	while (a->dialogs != NULL)
		sip_dialog_free(a->dialogs);
	sip_layer_close(&a->layer);
	sip_transport_close(&a->transport);
	while (a->peers != NULL)
		peer_remove(a, a->peers);
	free(a);
}

int sip_agent_local_addr(const struct sip_agent *a, const char *peer, struct sockaddr_storage *out)
{
	const struct sip_peer *p = sip_agent_peer_named(a, peer);

	if (p == NULL)
		return -ENOENT;
	if (sip_transport_pick((struct sip_transport *)(uintptr_t)&a->transport,
			       (const struct sockaddr *)&p->conf.addr[0], out) == NULL)
		return -ENETUNREACH;
	sip_addr_set_port(out, 0);
	return 0;
}

int sip_agent_listen_addr(const struct sip_agent *a, unsigned i, struct sockaddr_storage *out)
{
	const struct sip_listener *found = NULL;

	/* Newest first in the list: the i-th from its end. */
	unsigned count = 0;
	for (const struct sip_listener *l = a->transport.listeners; l != NULL; l = l->next)
		count += !l->retired;
	for (const struct sip_listener *l = a->transport.listeners; l != NULL; l = l->next)
		if (!l->retired && --count == i)
			found = l;
	if (found == NULL)
		return -ENOENT;
	*out = found->addr;
	return 0;
}

void sip_agent_counts(const struct sip_agent *a, struct sip_agent_counts *out)
{
	*out = a->counts;
}

bool sip_agent_is_idle(const struct sip_agent *a)
{
	for (const struct sip_dialog *d = a->dialogs; d != NULL; d = d->hh.next)
		if (!d->told || d->bye != NULL || d->awaiting_ack || d->cancel_wanted ||
		    timer_running(&d->give_up))
			return false;
	return true;
}
