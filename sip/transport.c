#include "sip/transport.h"

#include "sip/address.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void sip_transport_init(struct sip_transport *t, struct loop *loop,
			const struct sip_receiver *receiver)
{
	t->loop = loop;
	t->receiver = *receiver;
	t->listeners = NULL;
}

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

	/* n < 0: an ICMP error some earlier datagram caused; timers notice what matters. */
	if (n < 0 || from == NULL)
		return;
	const struct sip_receiver *r = &l->transport->receiver;
	r->datagram(r->arg, l, from, buf->base, (size_t)n);
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void listener_close(struct sip_listener *l)
{
	struct sip_listener **at = &l->transport->listeners;

	while (*at != NULL && *at != l)
		at = &(*at)->next;
	if (*at == l)
		*at = l->next;
	uv_close((uv_handle_t *)&l->udp, on_closed);
}

void sip_transport_close(struct sip_transport *t)
{
	while (t->listeners != NULL)
		listener_close(t->listeners);
}

int sip_transport_listen(struct sip_transport *t, const struct sockaddr *addr)
{
	struct sip_listener *l = calloc(1, sizeof(*l));
	int len = sizeof(l->addr);

	if (l == NULL)
		return -ENOMEM;
	l->transport = t;
	sip_addr_copy(&l->wanted, addr);
	int r = uv_udp_init(&t->loop->uv, &l->udp);
	if (r < 0) {
		free(l);
		return r;
	}
	l->udp.data = l;
	l->next = t->listeners;
	t->listeners = l;
	/* V6ONLY: an IPv4 peer must never show up as ::ffff:a.b.c.d, it would match no peer. */
	r = uv_udp_bind(&l->udp, addr, addr->sa_family == AF_INET6 ? UV_UDP_IPV6ONLY : 0);
	if (r == 0)
		r = uv_udp_getsockname(&l->udp, (struct sockaddr *)&l->addr, &len);
	if (r == 0)
		r = uv_udp_recv_start(&l->udp, on_alloc, on_receive);
	if (r < 0)
		listener_close(l);
	return r;
}

struct sip_listener *sip_transport_find(struct sip_transport *t, const struct sockaddr *wanted)
{
	for (struct sip_listener *l = t->listeners; l != NULL; l = l->next)
		if (sip_addr_equal((struct sockaddr *)&l->wanted, wanted, true))
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

struct sip_listener *sip_transport_pick(struct sip_transport *t, const struct sockaddr *to,
					struct sockaddr_storage *local)
{
	struct sockaddr_storage route;
	struct sip_listener *best = NULL;
	int best_rank = 0;

	if (sip_addr_route(to, &route) < 0)
		return NULL;
	for (struct sip_listener *l = t->listeners; l != NULL; l = l->next) {
		const struct sockaddr *addr = (const struct sockaddr *)&l->addr;
		if (l->retired || addr->sa_family != to->sa_family)
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
	if (best == NULL || sip_listener_local(best, to, local) < 0)
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

int sip_listener_send(struct sip_listener *l, const struct sockaddr *to, const char *data,
		      size_t len)
{
	const struct sip_receiver *r = &l->transport->receiver;
	uv_buf_t buf = uv_buf_init((char *)(uintptr_t)data, (unsigned)len);
	int n = uv_udp_try_send(&l->udp, &buf, 1, to);

	r->sent(r->arg, to, data, len, n < 0 ? n : 0);
	return n < 0 ? n : 0;
}
