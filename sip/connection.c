/* connection.c - the life of a connection: who may have one, until when, and who is told. */
#include "sip/connection.h"

#include "sip/address.h"

#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	WAITING_MAX = 65536, /* sent before the connection is up */
	UNACKED_MS = 30000,  /* the far side's TCP is gone when it acknowledges nothing for this */
	PROBE_S = 60,
	PONG_MS = 10000, /* RFC 5626 4.4.1 */
	LOG_EVERY_MS = 10000,
};

/* --- found by number, and by where they lead --- */

static struct sip_route route_to(const struct sip_target *to)
{
	struct sip_route r = {.protocol = (uint8_t)to->protocol,
			      .family = (uint8_t)to->addr.ss_family,
			      .port = sip_addr_port((const struct sockaddr *)&to->addr)};

	if (r.family == AF_INET6) {
		const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&to->addr;
		memcpy(r.address, &v6->sin6_addr, 16);
		r.scope = v6->sin6_scope_id;
	} else {
		memcpy(r.address, &((const struct sockaddr_in *)&to->addr)->sin_addr, 4);
	}
	for (size_t i = 0; to->protocol == SIP_TLS && to->name[i] != '\0'; i++)
		r.name[i] = (char)tolower((unsigned char)to->name[i]);
	return r;
}

struct sip_connection *sip_connection_of(struct sip_transport *t, uint64_t flow)
{
	struct sip_connection *c = NULL;

	if (flow != 0)
		HASH_FIND_BYHASHVALUE(by_flow, t->by_flow, &flow, sizeof(flow), (unsigned)flow, c);
	return c;
}

static struct sip_connection *find_route(struct sip_transport *t, const struct sip_route *r)
{
	struct sip_connection *c;

	HASH_FIND_BYHASHVALUE(by_route, t->by_route, r, sizeof(*r),
			      sip_hash(&t->hash_key, r, sizeof(*r)), c);
	return c;
}

struct sip_connection *sip_connection_to(struct sip_transport *t, const struct sip_target *to)
{
	struct sip_route r = route_to(to);

	return find_route(t, &r);
}

/* Without memory it is merely not found again. */
static void lead_to(struct sip_connection *c, const struct sip_target *to)
{
	struct sip_transport *t = c->transport;

	c->route = route_to(to);
	HASH_ADD_KEYPTR_BYHASHVALUE(by_route, t->by_route, &c->route, sizeof(c->route),
				    sip_hash(&t->hash_key, &c->route, sizeof(c->route)), c);
	c->routed = c->by_route.tbl != NULL;
}

/* --- the end --- */

static void on_closed(uv_handle_t *handle)
{
	struct sip_connection *c = handle->data;

	sip_tls_free(c->tls);
	sip_framer_clear(&c->framer);
	free(c->waiting);
	free(c);
}

static void forget(struct sip_connection *c)
{
	struct sip_transport *t = c->transport;

	c->dead = true;
	timer_stop(&c->limit);
	timer_stop(&c->idle);
	timer_stop(&c->ping);
	HASH_DELETE(by_flow, t->by_flow, c);
	if (c->routed)
		HASH_DELETE(by_route, t->by_route, c);
	t->counts.connections--;
	if (!c->vouched) {
		t->counts.strangers--;
		sip_quota_give(&t->quota, (struct sockaddr *)&c->peer);
	}
	sip_listener_release(c->listener);
	c->listener = NULL;
}

static void bury(void *arg)
{
	struct sip_connection *c = arg, **at = &c->transport->dying;

	while (*at != c)
		at = &(*at)->next_dying;
	*at = c->next_dying;
	while (c->watches != NULL) {
		struct sip_watch *w = c->watches;
		sip_transport_unwatch(w);
		w->lost(w->arg, c->error);
	}
	uv_close((uv_handle_t *)&c->tcp, on_closed);
}

void sip_connection_cut(struct sip_connection *c, int error)
{
	if (c->dead)
		return;
	if (c->up && c->tls != NULL)
		sip_tls_bye(c->tls);
	forget(c);
	c->error = error;
	c->next_dying = c->transport->dying;
	c->transport->dying = c;
	task_post(c->transport->loop, &c->bury, bury, c);
}

void sip_connection_fail(struct sip_connection *c, const char *why, int error)
{
	const struct sip_receiver *r = &c->transport->receiver;

	if (c->dead)
		return;
	c->transport->counts.failed++;
	r->trouble(r->arg, (struct sockaddr *)&c->peer, c->outgoing, why);
	sip_connection_cut(c, error);
}

void sip_connections_close(struct sip_transport *t)
{
	struct sip_connection *c, *next;

	HASH_ITER(by_flow, t->by_flow, c, next)
	sip_connection_cut(c, -ECONNRESET);
	for (c = t->dying; c != NULL; c = next) {
		next = c->next_dying;
		task_cancel(&c->bury);
		while (c->watches != NULL)
			sip_transport_unwatch(c->watches);
		uv_close((uv_handle_t *)&c->tcp, on_closed);
	}
	t->dying = NULL;
}

/* --- time --- */

static void on_limit(void *arg)
{
	struct sip_connection *c = arg;

	c->transport->counts.cut_slow++;
	if (!c->up && c->outgoing)
		sip_connection_fail(c,
				    c->tls != NULL ? "no connection, or no TLS handshake, in time"
						   : "no connection in time",
				    -ETIMEDOUT);
	else
		sip_connection_cut(c, -ETIMEDOUT);
}

static void on_idle(void *arg)
{
	struct sip_connection *c = arg;
	struct loop *loop = c->transport->loop;
	uint64_t most_ms = c->transport->conf.idle_ms;
	uint64_t idle_ms = loop_now_ms(loop) - c->used_ms;

	if (c->watches == NULL && idle_ms >= most_ms)
		sip_connection_cut(c, 0);
	else
		timer_start(loop, &c->idle, idle_ms < most_ms ? most_ms - idle_ms : most_ms,
			    on_idle, c);
}

static void on_ping(void *arg);

static void on_pong_due(void *arg)
{
	struct sip_connection *c = arg;
	uint64_t rest_ms = c->keepalive_ms > PONG_MS ? c->keepalive_ms - PONG_MS : 1;

	if (c->pong_awaited && c->pong_learned)
		sip_connection_fail(c, "it answers no keep-alive any more", -ETIMEDOUT);
	else
		timer_start(c->transport->loop, &c->ping, rest_ms, on_ping, c);
}

static void on_ping(void *arg)
{
	struct sip_connection *c = arg;

	c->pong_awaited = true;
	if (sip_connection_send(c, "\r\n\r\n", 4) == 0)
		timer_start(c->transport->loop, &c->ping, PONG_MS, on_pong_due, c);
}

void sip_connection_heard(struct sip_connection *c)
{
	struct sip_transport *t = c->transport;

	c->used_ms = loop_now_ms(t->loop);
	/* A handshake's time, and a stranger's, run from its first moment. */
	if (c->dead || !c->up || !c->vouched)
		return;
	if (sip_framer_is_empty(&c->framer))
		timer_stop(&c->limit);
	else if (!timer_running(&c->limit))
		timer_start(t->loop, &c->limit, t->conf.setup_ms, on_limit, c);
}

/* --- the beginning --- */

static struct sip_connection *connection_new(struct sip_listener *l, const struct sockaddr *peer)
{
	struct sip_transport *t = l->transport;
	struct sip_connection *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->id = ++t->last_flow;
	HASH_ADD_KEYPTR_BYHASHVALUE(by_flow, t->by_flow, &c->id, sizeof(c->id), (unsigned)c->id, c);
	if (c->by_flow.tbl == NULL || uv_tcp_init(&t->loop->uv, &c->tcp) < 0) {
		if (c->by_flow.tbl != NULL)
			HASH_DELETE(by_flow, t->by_flow, c);
		free(c);
		return NULL;
	}
	c->tcp.data = c;
	c->transport = t;
	c->listener = sip_listener_hold(l);
	c->vouched = true;
	sip_addr_copy(&c->peer, peer);
	c->used_ms = loop_now_ms(t->loop);
	t->counts.connections++;
	timer_start(t->loop, &c->limit, t->conf.setup_ms, on_limit, c);
	return c;
}

static void set_options(struct sip_connection *c)
{
	const unsigned unacked_ms = UNACKED_MS;
	int fd, len = sizeof(c->local);

	uv_tcp_nodelay(&c->tcp, 1);
	uv_tcp_keepalive(&c->tcp, 1, PROBE_S);
	if (uv_fileno((uv_handle_t *)&c->tcp, &fd) == 0)
		setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacked_ms, sizeof(unacked_ms));
	uv_tcp_getsockname(&c->tcp, (struct sockaddr *)&c->local, &len);
}

/* Whether there is room for one more; a stranger's is counted from here on. */
static bool is_admitted(struct sip_transport *t, const struct sockaddr *from,
			enum sip_admission admission)
{
	char addr[SIP_ADDR_TEXT];

	if (admission == SIP_ADMIT_NOT) {
		t->counts.refused_stranger++;
		return false;
	}
	bool stranger = admission == SIP_ADMIT_STRANGER;
	if (t->counts.connections < t->conf.connections_max &&
	    (!stranger || (t->counts.strangers < t->conf.connections_max / 2 &&
			   sip_quota_take(&t->quota, from)))) {
		t->counts.strangers += stranger;
		return true;
	}
	t->counts.refused_limit++;
	log_limited(&t->full_limit, LOG_EVERY_MS, LOG_SIP, LOG_WARN,
		    "a connection from %s is one too many: %u are open, %u of them by strangers",
		    sip_addr_text(from, addr), t->counts.connections, t->counts.strangers);
	return false;
}

void sip_connection_accept(struct sip_listener *l, int fd, const struct sockaddr *from)
{
	struct sip_transport *t = l->transport;
	struct sip_source source = {.listener = l};

	sip_addr_copy(&source.addr, from);
	enum sip_admission admission = t->receiver.admit(t->receiver.arg, &source);
	if (!is_admitted(t, from, admission)) {
		close(fd);
		return;
	}
	struct sip_connection *c = connection_new(l, from);
	if (c == NULL) {
		if (admission == SIP_ADMIT_STRANGER) {
			t->counts.strangers--;
			sip_quota_give(&t->quota, from);
		}
		close(fd);
		return;
	}
	c->vouched = admission == SIP_ADMIT_PEER;
	t->counts.accepted++;
	if (uv_tcp_open(&c->tcp, fd) < 0) {
		close(fd);
		sip_connection_cut(c, -ECONNRESET);
		return;
	}
	set_options(c);
	if (l->protocol == SIP_TLS &&
	    (t->keys == NULL || sip_tls_new(&c->tls, t->keys, NULL, sip_connection_put, c) < 0))
		sip_connection_cut(c, -ENOMEM);
	else
		sip_connection_begin(c);
}

static void on_connected(uv_connect_t *req, int status)
{
	struct sip_connection *c = req->data;
	char why[128];

	if (c->dead)
		return;
	if (status < 0) {
		snprintf(why, sizeof(why), "no connection: %s", strerror(-status));
		sip_connection_fail(c, why, status);
		return;
	}
	set_options(c);
	sip_connection_begin(c);
}

int sip_connection_open(struct sip_connection **out, struct sip_listener *l,
			const struct sip_target *to)
{
	struct sip_transport *t = l->transport;
	const struct sockaddr *peer = (const struct sockaddr *)&to->addr;
	struct sockaddr_storage from = l->addr;
	int r = 0;

	*out = NULL;
	if (t->counts.connections >= t->conf.connections_max)
		return -EMFILE;
	struct sip_connection *c = connection_new(l, peer);
	if (c == NULL)
		return -ENOMEM;
	c->outgoing = true;
	c->keepalive_ms = to->keepalive_ms;
	c->connect.data = c;
	sip_addr_set_port(&from, 0);
	if (l->protocol == SIP_TLS)
		r = t->keys == NULL
			    ? -EPROTONOSUPPORT
			    : sip_tls_new(&c->tls, t->keys, to->name, sip_connection_put, c);
	if (r == 0 && !sip_addr_is_any((struct sockaddr *)&from))
		r = uv_tcp_bind(&c->tcp, (struct sockaddr *)&from, 0);
	if (r == 0)
		r = uv_tcp_connect(&c->connect, &c->tcp, peer, on_connected);
	if (r < 0) {
		sip_connection_cut(c, r);
		return r;
	}
	lead_to(c, to);
	c->local = from;
	t->counts.opened++;
	*out = c;
	return 0;
}

/* The limit on strangers is for those who are: TLS may have told who this is. */
static bool is_still_admitted(struct sip_connection *c)
{
	const struct sip_receiver *r = &c->transport->receiver;
	struct sip_source source = {.listener = c->listener,
				    .addr = c->peer,
				    .flow = c->id,
				    .proved = c->tls != NULL ? sip_tls_proved(c->tls) : NULL};

	if (c->outgoing || c->tls == NULL)
		return true;
	switch (r->admit(r->arg, &source)) {
	case SIP_ADMIT_NOT: c->transport->counts.refused_stranger++; return false;
	case SIP_ADMIT_PEER: sip_transport_vouch(c->transport, c->id); return true;
	case SIP_ADMIT_STRANGER: return true;
	}
	return false;
}

void sip_connection_is_up(struct sip_connection *c)
{
	const struct sip_receiver *r = &c->transport->receiver;
	struct loop *loop = c->transport->loop;
	char how[64] = "TCP";
	char *waiting = c->waiting;

	c->up = true;
	if (!is_still_admitted(c)) {
		sip_connection_cut(c, -EACCES);
		return;
	}
	if (c->vouched)
		timer_stop(&c->limit);
	timer_start(loop, &c->idle, c->transport->conf.idle_ms, on_idle, c);
	if (c->keepalive_ms != 0)
		timer_start(loop, &c->ping, c->keepalive_ms, on_ping, c);
	if (c->tls != NULL)
		sip_tls_text(c->tls, how, sizeof(how));
	r->connected(r->arg, (struct sockaddr *)&c->peer, how);
	c->waiting = NULL;
	if (waiting != NULL)
		sip_connection_send(c, waiting, c->waiting_len);
	free(waiting);
}

/* --- what others ask for --- */

static int wait_with(struct sip_connection *c, const char *data, size_t len)
{
	if (len > WAITING_MAX - c->waiting_len)
		return -ENOBUFS;
	char *more = realloc(c->waiting, c->waiting_len + len);
	if (more == NULL)
		return -ENOMEM;
	memcpy(more + c->waiting_len, data, len);
	c->waiting = more;
	c->waiting_len += len;
	return 0;
}

int sip_connection_send(struct sip_connection *c, const char *data, size_t len)
{
	int r;

	if (c->dead)
		return -ECONNRESET;
	c->used_ms = loop_now_ms(c->transport->loop);
	if (!c->up) /* what waits fails with it */
		return wait_with(c, data, len);
	r = c->tls != NULL ? sip_tls_write(c->tls, data, len) : sip_connection_put(c, data, len);
	if (r < 0)
		sip_connection_cut(c, r);
	return r;
}

void sip_transport_watch(struct sip_transport *t, uint64_t flow, struct sip_watch *w,
			 void (*lost)(void *arg, int error), void *arg)
{
	struct sip_connection *c = sip_connection_of(t, flow);

	sip_transport_unwatch(w);
	if (c == NULL)
		return;
	*w = (struct sip_watch){c->watches, &c->watches, lost, arg};
	if (w->next != NULL)
		w->next->at = &w->next;
	c->watches = w;
}

void sip_transport_unwatch(struct sip_watch *w)
{
	if (w->at == NULL)
		return;
	*w->at = w->next;
	if (w->next != NULL)
		w->next->at = w->at;
	w->at = NULL;
	w->next = NULL;
}

void sip_transport_vouch(struct sip_transport *t, uint64_t flow)
{
	struct sip_connection *c = sip_connection_of(t, flow);

	if (c == NULL || c->vouched)
		return;
	c->vouched = true;
	t->counts.strangers--;
	sip_quota_give(&t->quota, (struct sockaddr *)&c->peer);
	if (c->up)
		timer_stop(&c->limit);
}

void sip_transport_alias(struct sip_transport *t, uint64_t flow, const struct sip_target *to)
{
	struct sip_connection *c = sip_connection_of(t, flow);

	if (c == NULL || c->routed || c->tls == NULL || sip_connection_to(t, to) != NULL ||
	    !sip_names_prove(sip_tls_proved(c->tls), to->name))
		return;
	lead_to(c, to);
}

const struct sockaddr *sip_transport_flow_peer(struct sip_transport *t, uint64_t flow)
{
	const struct sip_connection *c = sip_connection_of(t, flow);

	return c != NULL ? (const struct sockaddr *)&c->peer : NULL;
}
