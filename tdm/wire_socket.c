/* wire_socket.c - the UDP socket of a pseudowire.
 *
 * Not connected: the kernel would drop what others send without a count, and would report the
 * peer's ICMP errors at the next call, which are no reason to stop sending.
 */
#include "tdm/wire_socket.h"
#include "gateway/base/clock.h"
#include "tdm/cesopsn.h"
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	RX_BATCH = 16,
	RX_BATCHES_MAX = 16, /* in one drain */
	RX_OCTETS = CESOPSN_PACKET_MAX + TDM_WIRE_PADDING_MAX,
	DSCP_EF_TOS = 0xb8, /* RFC 5086 8: expedited forwarding */
};

struct tdm_wire_batch {
	struct mmsghdr headers[RX_BATCH];
	struct iovec vectors[RX_BATCH];
	struct sockaddr_storage from[RX_BATCH];
	uint8_t control[RX_BATCH][CMSG_SPACE(sizeof(struct timespec))];
	uint8_t data[RX_BATCH][RX_OCTETS];
};

static bool is_peer(const struct tdm_wire_socket *s, const struct sockaddr_storage *from)
{
	if (from->ss_family != s->peer.ss_family)
		return false;
	if (from->ss_family == AF_INET) {
		const struct sockaddr_in *a = (const void *)from, *b = (const void *)&s->peer;
		return a->sin_port == b->sin_port && a->sin_addr.s_addr == b->sin_addr.s_addr;
	}
	const struct sockaddr_in6 *a = (const void *)from, *b = (const void *)&s->peer;
	return a->sin6_port == b->sin6_port &&
	       memcmp(&a->sin6_addr, &b->sin6_addr, sizeof(a->sin6_addr)) == 0 &&
	       (b->sin6_scope_id == 0 || a->sin6_scope_id == b->sin6_scope_id);
}

/* The kernel stamps arrivals by the time of day: only the age is used, and never more than the
 * time since the last drain, so a step of that clock does no harm. */
static uint64_t arrival_ns(const struct tdm_wire_socket *s, const struct msghdr *m, uint64_t now_ns,
			   uint64_t wall_ns)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL;
	     c = CMSG_NXTHDR((struct msghdr *)m, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS)
			continue;
		struct timespec ts;
		memcpy(&ts, CMSG_DATA(c), sizeof(ts));
		uint64_t stamp = (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
		uint64_t age = wall_ns > stamp ? wall_ns - stamp : 0;
		uint64_t age_max = now_ns - s->drained_ns;
		return now_ns - (age < age_max ? age : age_max);
	}
	return now_ns;
}

/* The kernel writes over a header it has filled: made ready before, and again after each use. */
static void make_ready(struct tdm_wire_batch *rx, int i)
{
	rx->vectors[i] = (struct iovec){rx->data[i], RX_OCTETS};
	rx->headers[i].msg_hdr = (struct msghdr){
		.msg_name = &rx->from[i],
		.msg_namelen = sizeof(rx->from[i]),
		.msg_iov = &rx->vectors[i],
		.msg_iovlen = 1,
		.msg_control = rx->control[i],
		.msg_controllen = sizeof(rx->control[i]),
	};
}

void tdm_wire_socket_drain(struct tdm_wire_socket *s, uint64_t now_ns, tdm_wire_datagram_fn *fn,
			   void *arg)
{
	struct tdm_wire_batch *rx = s->batch;
	uint64_t wall_ns = clock_ns(CLOCK_REALTIME);

	for (int batch = 0; batch < RX_BATCHES_MAX; batch++) {
		int n = recvmmsg(s->fd, rx->headers, RX_BATCH, MSG_DONTWAIT, NULL);
		for (int i = 0; i < n; i++) {
			const struct msghdr *m = &rx->headers[i].msg_hdr;
			if (!is_peer(s, &rx->from[i]))
				tdm_counter_add(&s->foreign, 1);
			else
				fn(arg, rx->data[i],
				   rx->headers[i].msg_len + (m->msg_flags & MSG_TRUNC ? 1 : 0),
				   arrival_ns(s, m, now_ns, wall_ns));
			make_ready(rx, i);
		}
		if (n < RX_BATCH)
			break;
	}
	s->drained_ns = now_ns;
}

static socklen_t address_size(int family)
{
	return family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

bool tdm_wire_socket_send(struct tdm_wire_socket *s, const uint8_t *data, size_t octets)
{
	return sendto(s->fd, data, octets, MSG_DONTWAIT, (const struct sockaddr *)&s->peer,
		      address_size(s->peer.ss_family)) == (ssize_t)octets;
}

int tdm_wire_socket_open(struct tdm_wire_socket *s, const struct sockaddr_storage *local,
			 const struct sockaddr_storage *peer, char *err, size_t err_size)
{
	int family = local->ss_family;
	int on = 1, tos = DSCP_EF_TOS;

	*s = (struct tdm_wire_socket){.peer = *peer, .drained_ns = clock_mono_ns()};
	s->batch = malloc(sizeof(*s->batch));
	s->fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->fd < 0 || s->batch == NULL)
		goto fail;
	for (int i = 0; i < RX_BATCH; i++)
		make_ready(s->batch, i);
	if (family == AF_INET6) {
		if (setsockopt(s->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) != 0)
			goto fail;
		setsockopt(s->fd, IPPROTO_IPV6, IPV6_TCLASS, &tos, sizeof(tos));
	} else {
		setsockopt(s->fd, IPPROTO_IP, IP_TOS, &tos, sizeof(tos));
	}
	setsockopt(s->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
	if (bind(s->fd, (const struct sockaddr *)local, address_size(family)) != 0)
		goto fail;
	return 0;
fail:;
	int r = -errno;
	snprintf(err, err_size, "cannot open the pseudowire's socket: %s", strerror(-r));
	return r;
}

void tdm_wire_socket_close(struct tdm_wire_socket *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	free(s->batch);
	s->batch = NULL;
}
