#include "sip/agent.h"

#include "sip/address.h"
#include "sip/agent_impl.h"
#include "sip/dialog_impl.h"
#include "sip/registration.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Transactions for each dialog, and to spare: a BYE or a 2xx stays for 64 * T1 after its call, so
 * at 32 s of that a hundred calls a second need 6,400. */
enum { TRANSACTIONS_SPARE = 8192, TRANSACTIONS_A_DIALOG = 16 };

enum { EXPIRY_WARNING_S = 14 * 86400 };

void sip_agent_conf_default(struct sip_agent_conf *conf)
{
	memset(conf, 0, sizeof(*conf));
	conf->t1_ms = 500;
	conf->t2_ms = 4000;
	conf->t4_ms = 5000;
	conf->invite_timeout_ms = 180000;
	conf->dialogs_max = 1000;
	conf->connections_max = 1024;
	conf->connections_per_address = 16;
	conf->connections_per_network = 64;
	conf->idle_timeout_s = 600;
	conf->setup_timeout_ms = 5000;
	snprintf(conf->user_agent, sizeof(conf->user_agent), "Tandem");
	snprintf(conf->realm, sizeof(conf->realm), "tandem");
	conf->digest[0] = SIP_MD5;
	conf->digest_count = 1;
	conf->guard = (struct sip_guard_conf){.rate = 20,
					      .prefix_rate = 200,
					      .total_rate = 1000,
					      .ban_failures = 10,
					      .ban_ms = 600000};
	conf->registrar = (struct sip_registrar_conf){
		.expires_min_s = 60, .expires_max_s = 3600, .contacts_max = 5};
}

/* --- configuration --- */

static bool wanted(const struct sip_agent_conf *conf, const struct sip_listener *l)
{
	for (unsigned i = 0; i < conf->listen_count; i++)
		if (conf->listen[i].protocol == l->protocol &&
		    sip_addr_equal((const struct sockaddr *)&conf->listen[i].addr,
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
		bool without = p->registrar || p->proof == SIP_BY_DIGEST;
		if ((p->addr_count == 0 && !without) || p->addr_count > SIP_PEER_ADDRS_MAX) {
			snprintf(err, err_size, "peer %s: one to %d addresses expected", p->name,
				 SIP_PEER_ADDRS_MAX);
			return -EINVAL;
		}
	}
	if (conf->connections_max == 0 || conf->connections_per_address == 0 ||
	    conf->connections_per_network == 0 || conf->setup_timeout_ms == 0 ||
	    conf->idle_timeout_s == 0) {
		snprintf(err, err_size, "limits of connections: more than 0 expected");
		return -EINVAL;
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
		const struct sip_bind *want = &conf->listen[i];
		if (sip_transport_find(&a->transport, want) != NULL)
			continue;
		int r = sip_transport_listen(&a->transport, want);
		if (r == 0) {
			opened++;
			continue;
		}
		snprintf(err, err_size, "cannot listen on %s:%s: %s",
			 sip_protocol_name(want->protocol),
			 sip_addr_text((const struct sockaddr *)&want->addr, addr), strerror(-r));
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

/* The files are read again each time: that is how a certificate is renewed. */
static int keys_load(struct sip_tls_keys **out, const struct sip_agent_conf *conf, char *err,
		     size_t err_size)
{
	bool needed = false;

	*out = NULL;
	for (unsigned i = 0; i < conf->listen_count; i++)
		needed = needed || conf->listen[i].protocol == SIP_TLS;
	return needed ? sip_tls_keys_load(out, &conf->tls, err, err_size) : 0;
}

static void warn_expiry(const struct sip_tls_keys *keys)
{
	char date[32];
	struct tm tm;
	time_t now = time(NULL), at = keys != NULL ? sip_tls_keys_expiry(keys) : -1;

	if (at == -1 || at - now > EXPIRY_WARNING_S || gmtime_r(&at, &tm) == NULL ||
	    strftime(date, sizeof(date), "%Y-%m-%d %H:%M UTC", &tm) == 0)
		return;
	log_line(LOG_SIP, LOG_WARN,
		 "our certificate %s on %s: put a new one in its place and reload",
		 at <= now ? "expired" : "expires", date);
}

static void on_user_gone(void *agent, struct sip_user *user)
{
	struct sip_agent *a = agent;

	sip_registrar_forget(&a->registrar, user);
}

static void set_numbers(struct sip_agent *a, const struct sip_agent_conf *conf)
{
	sip_guard_reconfigure(a->guard, &conf->guard);
	a->strangers = conf->strangers;
	a->registrar.conf = conf->registrar;
	a->layer.t1_ms = conf->t1_ms;
	a->layer.t2_ms = conf->t2_ms;
	a->layer.t4_ms = conf->t4_ms;
	a->layer.max = TRANSACTIONS_SPARE + TRANSACTIONS_A_DIALOG * conf->dialogs_max;
	a->invite_timeout_ms = conf->invite_timeout_ms;
	a->dialogs_max = conf->dialogs_max;
	snprintf(a->user_agent, sizeof(a->user_agent), "%s", conf->user_agent);
}

int sip_agent_reconfigure(struct sip_agent *a, const struct sip_agent_conf *conf, char *err,
			  size_t err_size)
{
	struct sip_tls_keys *keys = NULL;
	int r = check(conf, err, err_size);

	if (r == 0)
		r = keys_load(&keys, conf, err, err_size);
	if (r < 0)
		return r;
	struct sip_peer *peers = sip_peers_copy(conf, &r);
	snprintf(err, err_size, "out of memory");
	if (r == 0)
		r = listeners_open(a, conf, err, err_size);
	if (r == 0)
		r = sip_users_configure(&a->users, conf, on_user_gone, a);
	if (r < 0) {
		sip_tls_keys_release(keys);
		sip_peers_free(peers);
		return r;
	}
	listeners_retire(a, conf);
	struct sip_stream_conf streams = {.connections_max = conf->connections_max,
					  .per_address = conf->connections_per_address,
					  .per_network = conf->connections_per_network,
					  .idle_ms = 1000 * conf->idle_timeout_s,
					  .setup_ms = conf->setup_timeout_ms};
	sip_transport_configure(&a->transport, &streams, keys);
	warn_expiry(keys);
	sip_peers_replace(a, peers);
	set_numbers(a, conf);
	sip_registrations_sync(a);
	return 0;
}

/* --- life --- */

static void on_sent(void *agent, const struct sip_traced *what, int error)
{
	struct sip_agent *a = agent;

	if (error < 0) {
		a->counts.send_errors++;
		return;
	}
	a->counts.datagrams_out++;
	if (a->ops.trace != NULL)
		a->ops.trace(a->arg, what);
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
	struct sip_receiver receiver = {.message = sip_agent_receive,
					.refused = sip_agent_refuse,
					.admit = sip_agent_admit,
					.sent = on_sent,
					.trouble = sip_agent_trouble,
					.connected = sip_agent_connected,
					.arg = a};
	sip_transport_init(&a->transport, loop, &receiver);
	sip_layer_init(&a->layer, loop, &a->counts);
	sip_users_init(&a->users);
	int r = sip_guard_new(&a->guard, &conf->guard);
	if (r < 0)
		snprintf(err, err_size, "out of memory");
	if (r == 0)
		r = sip_agent_reconfigure(a, conf, err, err_size);
	if (r == 0)
		r = sip_registrar_open(&a->registrar, loop, &conf->registrar, &a->users, err,
				       err_size);
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
	sip_registrations_free(a);
	sip_layer_close(&a->layer);
	sip_transport_close(&a->transport);
	sip_registrar_close(&a->registrar, &a->users);
	sip_users_configure(&a->users, &(struct sip_agent_conf){0}, on_user_gone, a);
	sip_guard_free(a->guard);
	sip_peers_free(a->peers);
	free(a);
}

int sip_agent_local_addr(const struct sip_agent *a, const char *peer, const char *number,
			 struct sockaddr_storage *out)
{
	const struct sip_peer *p = sip_agent_peer_named(a, peer);
	const struct sip_binding *binding;
	struct sip_target hop;

	if (p == NULL)
		return -ENOENT;
	int r = sip_agent_hop(a, p, number, &hop, &binding);
	if (r < 0)
		return r;
	if (sip_transport_pick((struct sip_transport *)(uintptr_t)&a->transport, &hop, out) == NULL)
		return -ENETUNREACH;
	sip_addr_set_port(out, 0);
	return 0;
}

/* A dialog outlives its user, for stragglers. */
static void *user_of(const struct sip_dialog *d)
{
	return d->told ? NULL : d->user;
}

/* The dialog whose tag is a parameter of this From or To. */
static const struct sip_dialog *dialog_of_field(const struct sip_agent *a, const char *value,
						size_t len)
{
	const struct sip_dialog *d = NULL;

	for (size_t i = 0; i + 5 + SIP_TOKEN_SIZE - 1 <= len; i++) {
		if (strncasecmp(value + i, ";tag=", 5) != 0)
			continue;
		unsigned hash = sip_hash(&a->layer.key, value + i + 5, SIP_TOKEN_SIZE - 1);
		HASH_FIND_BYHASHVALUE(hh, a->dialogs, value + i + 5, SIP_TOKEN_SIZE - 1, hash, d);
		return d;
	}
	return NULL;
}

void *sip_agent_message_user(const struct sip_agent *a, const char *text, size_t len)
{
	static const struct {
		const char *name;
		char letter;
	} fields[] = {{"From", 'f'}, {"To", 't'}};

	for (size_t i = 0; i < 2; i++) {
		const char *value;
		size_t n = sip_message_field(text, len, fields[i].name, fields[i].letter, &value);
		const struct sip_dialog *d = dialog_of_field(a, value, n);
		if (d != NULL)
			return user_of(d);
	}
	return NULL;
}

void *sip_agent_call_user(const struct sip_agent *a, const char *call_id, size_t len)
{
	for (const struct sip_dialog *d = a->dialogs; d != NULL; d = d->hh.next)
		if (strlen(d->call_id) == len && memcmp(d->call_id, call_id, len) == 0)
			return user_of(d);
	return NULL;
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
	const struct sip_stream_counts *s = &a->transport.counts;

	*out = a->counts;
	out->connections_in = s->accepted;
	out->connections_out = s->opened;
	out->connections_failed = s->failed;
	out->refused_connections = s->refused_stranger + s->refused_limit;
	out->cut_slow = s->cut_slow;
	out->connections = s->connections;
}

int64_t sip_agent_certificate_expiry(const struct sip_agent *a)
{
	return a->transport.keys != NULL ? sip_tls_keys_expiry(a->transport.keys) : -1;
}

void sip_agent_unregister(struct sip_agent *a)
{
	sip_registrations_end(a);
}

bool sip_agent_is_idle(const struct sip_agent *a)
{
	if (!sip_registrations_idle(a))
		return false;
	for (const struct sip_dialog *d = a->dialogs; d != NULL; d = d->hh.next)
		if (!d->told || d->bye != NULL || d->awaiting_ack || d->cancel_wanted ||
		    sip_dialog_refer_tells(d) || timer_running(&d->give_up))
			return false;
	return true;
}
