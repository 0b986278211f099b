/* packet_socket.c - the socket of a span whose line is packets.
 *
 * Not connected: the kernel would drop what others send without a count, and would report the
 * peer's ICMP errors at the next call, which are no reason to stop sending.
 */
#include "tdm/packet_socket.h"
#include "gateway/base/clock.h"
#include <errno.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	RX_BATCH = 16,
	RX_BATCHES_MAX = 16, /* in one drain */
};

struct tdm_packet_batch {
	struct mmsghdr headers[RX_BATCH];
	struct iovec vectors[RX_BATCH];
	struct sockaddr_storage from[RX_BATCH];
	uint8_t control[RX_BATCH][CMSG_SPACE(sizeof(struct timespec))];
	size_t octets_max;
	uint8_t data[]; /* RX_BATCH times octets_max */
};

/* The kernel stamps arrivals by the time of day: only the age is used, and never more than the
 * time since the last drain, so a step of that clock does no harm. */
static uint64_t arrival_ns(const struct tdm_packet_socket *s, const struct msghdr *m,
			   uint64_t now_ns, uint64_t wall_ns)
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
static void make_ready(struct tdm_packet_batch *rx, size_t i)
{
	rx->vectors[i] = (struct iovec){rx->data + i * rx->octets_max, rx->octets_max};
	rx->headers[i].msg_hdr = (struct msghdr){
		.msg_name = &rx->from[i],
		.msg_namelen = sizeof(rx->from[i]),
		.msg_iov = &rx->vectors[i],
		.msg_iovlen = 1,
		.msg_control = rx->control[i],
		.msg_controllen = sizeof(rx->control[i]),
	};
}

void tdm_packet_socket_drain(struct tdm_packet_socket *s, uint64_t now_ns,
			     const struct tdm_packet_taker *taker, void *arg)
{
	struct tdm_packet_batch *rx = s->batch;
	uint64_t wall_ns = clock_ns(CLOCK_REALTIME);

	for (int batch = 0; batch < RX_BATCHES_MAX; batch++) {
		int n = recvmmsg(s->fd, rx->headers, RX_BATCH, MSG_DONTWAIT, NULL);
		for (int i = 0; i < n; i++) {
			const struct msghdr *m = &rx->headers[i].msg_hdr;
			struct tdm_packet_arrival a = {
				.from = &rx->from[i],
				.data = rx->vectors[i].iov_base,
				.octets =
					rx->headers[i].msg_len + (m->msg_flags & MSG_TRUNC ? 1 : 0),
				.ns = arrival_ns(s, m, now_ns, wall_ns),
			};
			if (taker->is_peer(arg, &a))
				taker->take(arg, &a);
			else
				tdm_counter_add(&s->foreign, 1);
			make_ready(rx, (size_t)i);
		}
		if (n < RX_BATCH)
			break;
	}
	s->drained_ns = now_ns;
}

static socklen_t address_octets(int family)
{
	switch (family) {
	case AF_INET: return sizeof(struct sockaddr_in);
	case AF_INET6: return sizeof(struct sockaddr_in6);
	default: return sizeof(struct sockaddr_ll);
	}
}

bool tdm_packet_socket_send(struct tdm_packet_socket *s, const uint8_t *data, size_t octets)
{
	return sendto(s->fd, data, octets, MSG_DONTWAIT, (const struct sockaddr *)&s->peer,
		      address_octets(s->peer.ss_family)) == (ssize_t)octets;
}

int tdm_packet_socket_open(struct tdm_packet_socket *s, int family, size_t octets_max)
{
	int on = 1;

	*s = (struct tdm_packet_socket){.fd = -1, .drained_ns = clock_mono_ns()};
	s->batch = malloc(sizeof(*s->batch) + RX_BATCH * octets_max);
	if (s->batch == NULL)
		return -ENOMEM;
	s->batch->octets_max = octets_max;
	for (size_t i = 0; i < RX_BATCH; i++)
		make_ready(s->batch, i);
	s->fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->fd < 0)
		return -errno;
	setsockopt(s->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
	return 0;
}

void tdm_packet_socket_close(struct tdm_packet_socket *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	free(s->batch);
	s->batch = NULL;
}
