/* media_socket.h - the pair of UDP sockets of one RTP session.
 *
 * Thread: open and close on the signalling thread, the rest on the media worker.  Never blocks.
 */
#ifndef SIP_MEDIA_SOCKET_H
#define SIP_MEDIA_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

struct media_sockets {
	int rtp, rtcp;                 /* -1 = none */
	struct sockaddr_storage local; /* of rtp, as bound */
};

/* Binds an even port of the range and the odd one above it, beginning the search at random so that
 * nobody can guess the port.  0, -EADDRINUSE, -EINVAL (no even port in the range, address family)
 * or another -errno. */
int media_sockets_open(struct media_sockets *s, const struct sockaddr_storage *addr,
		       uint16_t port_min, uint16_t port_max);
void media_sockets_close(struct media_sockets *s);

enum { MEDIA_DATAGRAM_MAX = 1500, MEDIA_BATCH = 4 };

struct media_datagram {
	uint8_t data[MEDIA_DATAGRAM_MAX];
	size_t size;
	bool cut; /* it was longer */
	struct sockaddr_storage from;
	uint64_t age_ns; /* how long ago the kernel had it */
};

/* Fetches what is there, MEDIA_BATCH at most; returns how many. */
unsigned media_socket_recv(int fd, struct media_datagram out[MEDIA_BATCH]);
bool media_socket_send(int fd, const void *data, size_t size, const struct sockaddr_storage *to);

bool media_address_same(const struct sockaddr_storage *a, const struct sockaddr_storage *b);
/* The address with the next port: where RTCP goes unless told otherwise. */
void media_address_next_port(struct sockaddr_storage *out, const struct sockaddr_storage *addr);
uint16_t media_address_port(const struct sockaddr_storage *addr);

#endif
