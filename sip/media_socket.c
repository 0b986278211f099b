#include "sip/media_socket.h"

#include "gateway/base/clock.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <string.h>
#include <sys/random.h>
#include <sys/uio.h>
#include <unistd.h>

static const uint64_t AGE_MAX_NS = 60000000000;

static socklen_t address_size(const struct sockaddr_storage *addr)
{
	return addr->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
					   : sizeof(struct sockaddr_in);
}

static void set_port(struct sockaddr_storage *addr, uint16_t port)
{
	if (addr->ss_family == AF_INET6)
		((struct sockaddr_in6 *)addr)->sin6_port = htons(port);
	else
		((struct sockaddr_in *)addr)->sin_port = htons(port);
}

uint16_t media_address_port(const struct sockaddr_storage *addr)
{
	if (addr->ss_family == AF_INET6)
		return ntohs(((const struct sockaddr_in6 *)addr)->sin6_port);
	return addr->ss_family == AF_INET ? ntohs(((const struct sockaddr_in *)addr)->sin_port) : 0;
}

void media_address_next_port(struct sockaddr_storage *out, const struct sockaddr_storage *addr)
{
	*out = *addr;
	set_port(out, (uint16_t)(media_address_port(addr) + 1));
}

bool media_address_same(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	if (a->ss_family != b->ss_family || media_address_port(a) != media_address_port(b))
		return false;
	if (a->ss_family == AF_INET6)
		return memcmp(&((const struct sockaddr_in6 *)a)->sin6_addr,
			      &((const struct sockaddr_in6 *)b)->sin6_addr,
			      sizeof(struct in6_addr)) == 0;
	return a->ss_family == AF_INET && ((const struct sockaddr_in *)a)->sin_addr.s_addr ==
						  ((const struct sockaddr_in *)b)->sin_addr.s_addr;
}

static int open_one(int *out, const struct sockaddr_storage *addr)
{
	const int on = 1, expedited = 46 << 2; /* DSCP EF, RFC 3246 */
	int fd = socket(addr->ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), err;

	*out = -1;
	if (fd < 0)
		return -errno;
	/* Marking is best effort: without it calls still work. */
	if (addr->ss_family == AF_INET6) {
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
		setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &expedited, sizeof(expedited));
	} else {
		setsockopt(fd, IPPROTO_IP, IP_TOS, &expedited, sizeof(expedited));
	}
	if (setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) < 0 ||
	    bind(fd, (const struct sockaddr *)addr, address_size(addr)) < 0) {
		err = -errno;
		close(fd);
		return err;
	}
	*out = fd;
	return 0;
}

static int open_pair(struct media_sockets *s, uint16_t port)
{
	struct sockaddr_storage rtcp;
	int err;

	set_port(&s->local, port);
	media_address_next_port(&rtcp, &s->local);
	err = open_one(&s->rtp, &s->local);
	if (err != 0)
		return err;
	err = open_one(&s->rtcp, &rtcp);
	if (err != 0)
		media_sockets_close(s);
	return err;
}

int media_sockets_open(struct media_sockets *s, const struct sockaddr_storage *addr,
		       uint16_t port_min, uint16_t port_max)
{
	unsigned first = (port_min + 1u) & ~1u, last = port_max, pairs;
	uint32_t start;
	int err = -EADDRINUSE;

	s->rtp = s->rtcp = -1;
	s->local = *addr;
	if ((addr->ss_family != AF_INET && addr->ss_family != AF_INET6) || first == 0 ||
	    first + 1 > last)
		return -EINVAL;
	pairs = (last - first + 1) / 2;
	if (getrandom(&start, sizeof(start), 0) != sizeof(start))
		return -errno;
	for (unsigned i = 0; i < pairs && err == -EADDRINUSE; i++)
		err = open_pair(s, (uint16_t)(first + (start % pairs + i) % pairs * 2));
	return err;
}

void media_sockets_close(struct media_sockets *s)
{
	if (s->rtp >= 0)
		close(s->rtp);
	if (s->rtcp >= 0)
		close(s->rtcp);
	s->rtp = s->rtcp = -1;
}

/* The kernel stamps with the time of day; what counts is how long the datagram lay in the socket
 * until now.  A clock that was set meanwhile makes nonsense: then it has just come. */
static uint64_t datagram_age_ns(struct msghdr *msg, uint64_t wall_ns)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
		struct timespec ts;
		uint64_t age;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS)
			continue;
		memcpy(&ts, CMSG_DATA(c), sizeof(ts));
		age = wall_ns - ((uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec);
		return age < AGE_MAX_NS ? age : 0;
	}
	return 0;
}

unsigned media_socket_recv(int fd, struct media_datagram out[MEDIA_BATCH])
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(struct timespec))];
	} control[MEDIA_BATCH];
	struct iovec iov[MEDIA_BATCH];
	struct mmsghdr msg[MEDIA_BATCH] = {0};
	uint64_t wall_ns;
	int n;

	for (unsigned i = 0; i < MEDIA_BATCH; i++) {
		iov[i] = (struct iovec){out[i].data, sizeof(out[i].data)};
		msg[i].msg_hdr = (struct msghdr){
			.msg_name = &out[i].from,
			.msg_namelen = sizeof(out[i].from),
			.msg_iov = &iov[i],
			.msg_iovlen = 1,
			.msg_control = &control[i],
			.msg_controllen = sizeof(control[i]),
		};
	}
	n = recvmmsg(fd, msg, MEDIA_BATCH, MSG_DONTWAIT, NULL);
	if (n <= 0)
		return 0;
	wall_ns = clock_ns(CLOCK_REALTIME);
	for (int i = 0; i < n; i++) {
		out[i].size = msg[i].msg_len;
		out[i].cut = msg[i].msg_hdr.msg_flags & MSG_TRUNC;
		out[i].age_ns = datagram_age_ns(&msg[i].msg_hdr, wall_ns);
	}
	return (unsigned)n;
}

bool media_socket_send(int fd, const void *data, size_t size, const struct sockaddr_storage *to)
{
	return sendto(fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)to,
		      address_size(to)) == (ssize_t)size;
}
