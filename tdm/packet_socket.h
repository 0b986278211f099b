/* packet_socket.h - the socket of a span whose line is packets: batches, arrivals with their time.
 *
 * One thread: the span's worker, after open.  Allocates in tdm_packet_socket_open() only.
 */
#ifndef TDM_PACKET_SOCKET_H
#define TDM_PACKET_SOCKET_H

#include "tdm/counter.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct tdm_packet_batch;

struct tdm_packet_socket {
	int fd;
	struct sockaddr_storage peer;   /* where packets go */
	struct tdm_packet_batch *batch; /* owned */
	uint64_t drained_ns;
	_Atomic uint64_t foreign; /* packets of others */
};

/* A socket that never waits, with nothing set but time stamps.  Packets of up to octets_max are
 * read whole.  0 or -errno; either way tdm_packet_socket_close() is legal. */
int tdm_packet_socket_open(struct tdm_packet_socket *s, int family, size_t octets_max);
void tdm_packet_socket_close(struct tdm_packet_socket *s);

struct tdm_packet_arrival {
	const struct sockaddr_storage *from;
	const uint8_t *data;
	size_t octets; /* more than octets_max: data holds the first of them only */
	uint64_t ns;
};

struct tdm_packet_taker {
	bool (*is_peer)(void *arg, const struct tdm_packet_arrival *a); /* false: foreign */
	void (*take)(void *arg, const struct tdm_packet_arrival *a);
};

/* Hands over what the peer has sent, as far as a flood may not hold us up. */
void tdm_packet_socket_drain(struct tdm_packet_socket *s, uint64_t now_ns,
			     const struct tdm_packet_taker *taker, void *arg);
/* False: the kernel refused it. */
bool tdm_packet_socket_send(struct tdm_packet_socket *s, const uint8_t *data, size_t octets);

#endif
