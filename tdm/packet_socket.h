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
int tdm_packet_socket_open(struct tdm_packet_socket *s, int family, int protocol,
			   size_t octets_max);
void tdm_packet_socket_close(struct tdm_packet_socket *s);

typedef bool tdm_packet_is_peer_fn(const struct tdm_packet_socket *s,
				   const struct sockaddr_storage *from);
/* octets may be more than octets_max: then data holds the first of them only. */
typedef void tdm_packet_fn(void *arg, const uint8_t *data, size_t octets, uint64_t arrival_ns);

/* Hands over what the peer has sent, as far as a flood may not hold us up. */
void tdm_packet_socket_drain(struct tdm_packet_socket *s, uint64_t now_ns,
			     tdm_packet_is_peer_fn *is_peer, tdm_packet_fn *fn, void *arg);
/* 0, or -errno: the kernel refused it. */
int tdm_packet_socket_send(struct tdm_packet_socket *s, const uint8_t *data, size_t octets);

#endif
