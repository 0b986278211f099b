#include "sip/transport.h"

#include "sip/address.h"
#include "sip/connection.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	BACKLOG = 256,
	ACCEPTS_A_TURN = 16,   /* calls must not wait for a flood of connections */
	DESCRIPTORS_MS = 1000, /* to wait when there are none */
	LOG_EVERY_MS = 10000,
};

void sip_transport_init(struct sip_transport *t, struct loop *loop,
			const struct sip_receiver *receiver)
{
	t->loop = loop;
	t->receiver = *receiver;
	t->listeners = NULL;
	sip_quota_init(&t->quota);
	sip_random(&t->hash_key, sizeof(t->hash_key));
}

void sip_transport_configure(struct sip_transport *t, const struct sip_stream_conf *conf,
			     struct sip_tls_keys *keys)
{
	t->conf = *conf;
	t->quota.per_address = conf->per_address;
	t->quota.per_network = conf->per_network;
	sip_tls_keys_release(t->keys);
	t->keys = keys;
}

/* --- datagrams --- */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct sip_listener *l = handle->data;

	buf->base = l->transport->buffer;
	buf->len = sizeof(l->transport->buffer);
}

static void on_receive(uv_udp_t *udp, ssize_t n, const uv_buf_t *buf, const struct sockaddr *from,
		       unsigned flags)
{
	struct sip_listener *l = udp->data;
	const struct sip_receiver *r = &l->transport->receiver;
	struct sip_source source = {.listener = l};

	/* n < 0: an ICMP error some earlier datagram caused; timers notice what matters. */
	if (n < 0 || from == NULL)
		return;
	sip_addr_copy(&source.addr, from);
	r->message(r->arg, &source, buf->base, (size_t)n);
}

static int listen_udp(struct sip_listener *l, const struct sockaddr *addr)
{
	int len = sizeof(l->addr);
	int r = uv_udp_init(&l->transport->loop->uv, &l->uv.udp);

	if (r < 0)
		return r;
	l->uv.udp.data = l;
	/* V6ONLY: an IPv4 peer must never show up as ::ffff:a.b.c.d, it would match no peer. */
	r = uv_udp_bind(&l->uv.udp, addr, addr->sa_family == AF_INET6 ? UV_UDP_IPV6ONLY : 0);
	if (r == 0)
		r = uv_udp_getsockname(&l->uv.udp, (struct sockaddr *)&l->addr, &len);
	if (r == 0)
		r = uv_udp_recv_start(&l->uv.udp, on_alloc, on_receive);
	return r;
}

/* --- connections coming in --- */

static void on_acceptable(uv_poll_t *poll, int status, int events);

static void on_resume(void *arg)
{
	struct sip_listener *l = arg;

	uv_poll_start(&l->uv.poll, UV_READABLE, on_acceptable);
}

/* Without descriptors what waits cannot even be refused: it would be reported for ever. */
static void pause_accepting(struct sip_listener *l, int error)
{
	log_limited(&l->transport->descriptor_limit, LOG_EVERY_MS, LOG_SIP, LOG_WARN,
		    "connections wait: %s: raise the limit of open files (LimitNOFILE)",
		    strerror(error));
	uv_poll_stop(&l->uv.poll);
	timer_start(l->transport->loop, &l->resume, DESCRIPTORS_MS, on_resume, l);
}

static void on_acceptable(uv_poll_t *poll, int status, int events)
{
	struct sip_listener *l = poll->data;

	for (unsigned i = 0; i < ACCEPTS_A_TURN; i++) {
		struct sockaddr_storage from = {0};
		socklen_t len = sizeof(from);
		int fd = accept4(l->fd, (struct sockaddr *)&from, &len,
				 SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			sip_connection_accept(l, fd, (struct sockaddr *)&from);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			pause_accepting(l, errno);
		if (errno != ECONNABORTED && errno != EINTR) /* gone before we came to it */
			return;
	}
}

static int listen_stream(struct sip_listener *l, const struct sockaddr *addr)
{
	const int on = 1;
	socklen_t len = sizeof(l->addr);

	l->fd = socket(addr->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->fd < 0)
		return -errno;
	setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (addr->sa_family == AF_INET6)
		setsockopt(l->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(l->fd, addr, sip_addr_len(addr)) < 0 || listen(l->fd, BACKLOG) < 0 ||
	    getsockname(l->fd, (struct sockaddr *)&l->addr, &len) < 0)
		return -errno;
	int r = uv_poll_init(&l->transport->loop->uv, &l->uv.poll, l->fd);
	if (r < 0)
		return r;
	l->uv.poll.data = l;
	return uv_poll_start(&l->uv.poll, UV_READABLE, on_acceptable);
}

/* --- listeners --- */

static void on_closed(uv_handle_t *handle)
{
	struct sip_listener *l = handle->data;

	if (l->fd >= 0)
		close(l->fd);
	free(l);
}

static void listener_close(struct sip_listener *l)
{
	struct sip_listener **at = &l->transport->listeners;

	while (*at != NULL && *at != l)
		at = &(*at)->next;
	if (*at == l)
		*at = l->next;
	timer_stop(&l->resume);
	if (l->uv.udp.data != NULL) /* as poll.data: the first member of both */
		uv_close((uv_handle_t *)&l->uv, on_closed);
	else {
		if (l->fd >= 0)
			close(l->fd);
		free(l);
	}
}

void sip_transport_close(struct sip_transport *t)
{
	sip_connections_close(t);
	while (t->listeners != NULL)
		listener_close(t->listeners);
	sip_tls_keys_release(t->keys);
	t->keys = NULL;
}

int sip_transport_listen(struct sip_transport *t, const struct sip_bind *bind)
{
	struct sip_listener *l = calloc(1, sizeof(*l));
	const struct sockaddr *addr = (const struct sockaddr *)&bind->addr;

	if (l == NULL)
		return -ENOMEM;
	l->transport = t;
	l->protocol = bind->protocol;
	l->fd = -1;
	sip_addr_copy(&l->wanted, addr);
	l->next = t->listeners;
	t->listeners = l;
	int r = bind->protocol == SIP_UDP ? listen_udp(l, addr) : listen_stream(l, addr);
	if (r < 0)
		listener_close(l);
	return r;
}

struct sip_listener *sip_transport_find(struct sip_transport *t, const struct sip_bind *wanted)
{
	for (struct sip_listener *l = t->listeners; l != NULL; l = l->next)
		if (l->protocol == wanted->protocol &&
		    sip_addr_equal((struct sockaddr *)&l->wanted,
				   (const struct sockaddr *)&wanted->addr, true))
			return l;
	return NULL;
}

int sip_listener_local(const struct sip_listener *l, const struct sockaddr *peer,
		       struct sockaddr_storage *local)
{
	const struct sockaddr *bound = (const struct sockaddr *)&l->addr;

	if (bound->sa_family != peer->sa_family)
		return -EAFNOSUPPORT;
	*local = l->addr;
	if (!sip_addr_is_any(bound))
		return 0;
	int r = sip_addr_route(peer, local);
	sip_addr_set_port(local, sip_addr_port(bound));
	return r;
}

struct sip_listener *sip_transport_pick(struct sip_transport *t, const struct sip_target *to,
					struct sockaddr_storage *local)
{
	const struct sockaddr *to_addr = (const struct sockaddr *)&to->addr;
	struct sockaddr_storage route;
	struct sip_listener *best = NULL;
	int best_rank = 0;

	if (sip_addr_route(to_addr, &route) < 0)
		return NULL;
	for (struct sip_listener *l = t->listeners; l != NULL; l = l->next) {
		const struct sockaddr *addr = (const struct sockaddr *)&l->addr;
		if (l->retired || l->protocol != to->protocol ||
		    addr->sa_family != to_addr->sa_family)
			continue;
		int rank = sip_addr_equal(addr, (struct sockaddr *)&route, false) ? 3
			   : sip_addr_is_any(addr)                                ? 2
										  : 1;
		/* >=: the list is newest first, the first one configured shall win. */
		if (rank >= best_rank) {
			best = l;
			best_rank = rank;
		}
	}
	if (best == NULL || sip_listener_local(best, to_addr, local) < 0)
		return NULL;
	return best;
}

void sip_listener_retire(struct sip_listener *l)
{
	l->retired = true;
	if (l->users == 0)
		listener_close(l);
}

struct sip_listener *sip_listener_hold(struct sip_listener *l)
{
	l->users++;
	return l;
}

void sip_listener_release(struct sip_listener *l)
{
	if (l == NULL)
		return;
	l->users--;
	if (l->retired && l->users == 0)
		listener_close(l);
}

/* --- sending --- */

static int send_stream(struct sip_listener *l, struct sip_target *to, const char *data, size_t len,
		       struct sockaddr_storage *local)
{
	struct sip_connection *c = sip_connection_of(l->transport, to->flow);
	int r;

	if (c == NULL)
		c = sip_connection_to(l->transport, to);
	if (c != NULL) {
		to->flow = c->id;
		*local = c->local;
		if (sip_connection_send(c, data, len) == 0)
			return 0;
	}
	/* None yet, or it broke under this very message. */
	r = sip_connection_open(&c, l, to);
	if (r < 0)
		return r;
	to->flow = c->id;
	*local = c->local;
	return sip_connection_send(c, data, len);
}

int sip_listener_send(struct sip_listener *l, struct sip_target *to, const char *data, size_t len)
{
	const struct sip_receiver *r = &l->transport->receiver;
	struct sockaddr_storage local = l->addr;
	int n;

	if (l->protocol != to->protocol)
		l = sip_transport_pick(l->transport, to, &local);
	if (l == NULL)
		return -EPROTONOSUPPORT;
	if (to->protocol == SIP_UDP) {
		uv_buf_t buf = uv_buf_init((char *)(uintptr_t)data, (unsigned)len);
		n = uv_udp_try_send(&l->uv.udp, &buf, 1, (struct sockaddr *)&to->addr);
	} else {
		n = send_stream(l, to, data, len, &local);
	}
	struct sip_traced what = {.sent = true,
				  .protocol = to->protocol,
				  .local = (struct sockaddr *)&local,
				  .peer = (struct sockaddr *)&to->addr,
				  .text = data,
				  .len = len};
	r->sent(r->arg, &what, n < 0 ? n : 0);
	return n < 0 ? n : 0;
}
