/* wire_socket.h - the UDP socket of a pseudowire: one peer, arrivals with their time.
 *
 * One thread: the span's worker, after open.  Allocates in tdm_wire_socket_open() only.
 */
#ifndef TDM_WIRE_SOCKET_H
#define TDM_WIRE_SOCKET_H

#include "tdm/counter.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum { TDM_WIRE_PADDING_MAX = 64 }; /* behind the longest packet, accepted */

struct tdm_wire_batch;

struct tdm_wire_socket {
	int fd;
	struct sockaddr_storage peer;
	struct tdm_wire_batch *batch; /* owned */
	uint64_t drained_ns;
	_Atomic uint64_t foreign; /* datagrams of others */
};

/* local and peer are of one family, AF_INET or AF_INET6.  0, or -errno and why in err; either way
 * tdm_wire_socket_close() is legal. */
int tdm_wire_socket_open(struct tdm_wire_socket *s, const struct sockaddr_storage *local,
			 const struct sockaddr_storage *peer, char *err, size_t err_size);
void tdm_wire_socket_close(struct tdm_wire_socket *s);

/* octets may be more than a packet has: then data holds the first of them only. */
typedef void tdm_wire_datagram_fn(void *arg, const uint8_t *data, size_t octets,
				  uint64_t arrival_ns);

/* Hands over what the peer has sent, as far as a flood may not hold us up. */
void tdm_wire_socket_drain(struct tdm_wire_socket *s, uint64_t now_ns, tdm_wire_datagram_fn *fn,
			   void *arg);
/* False: the kernel refused it. */
bool tdm_wire_socket_send(struct tdm_wire_socket *s, const uint8_t *data, size_t octets);

#endif
