/* transport.h - UDP sockets for SIP.  Signalling thread.
 *
 * A listener that configuration no longer names is retired: calls that told the far side its
 * address keep it open; the last one to let go closes it.
 */
#ifndef SIP_TRANSPORT_H
#define SIP_TRANSPORT_H

#include "gateway/base/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum { SIP_DATAGRAM_MAX = 65536 };

struct sip_transport;

struct sip_listener {
	struct sip_listener *next;
	struct sip_transport *transport;
	struct sockaddr_storage wanted; /* as configured; port 0 = any */
	struct sockaddr_storage addr;   /* as bound */
	bool retired;
	unsigned users; /* dialogs and transactions that send from here */
	uv_udp_t udp;
};

struct sip_receiver {
	/* data dies on return. */
	void (*datagram)(void *arg, struct sip_listener *l, const struct sockaddr *from,
			 const char *data, size_t len);
	void (*sent)(void *arg, const struct sockaddr *to, const char *data, size_t len, int error);
	void *arg;
};

struct sip_transport {
	struct loop *loop;
	struct sip_receiver receiver;
	struct sip_listener *listeners;
	char buffer[SIP_DATAGRAM_MAX];
};

void sip_transport_init(struct sip_transport *t, struct loop *loop,
			const struct sip_receiver *receiver);
void sip_transport_close(struct sip_transport *t); /* all listeners, whoever uses them */
/* New ones come first in t->listeners.  0 or -errno. */
int sip_transport_listen(struct sip_transport *t, const struct sockaddr *addr);
struct sip_listener *sip_transport_find(struct sip_transport *t, const struct sockaddr *wanted);
/* The listener to send from to `to`, and our address as `to` sees it, with the listener's port.
 * NULL: none of that family, or no route. */
struct sip_listener *sip_transport_pick(struct sip_transport *t, const struct sockaddr *to,
					struct sockaddr_storage *local);

void sip_listener_retire(struct sip_listener *l);
struct sip_listener *sip_listener_hold(struct sip_listener *l);
void sip_listener_release(struct sip_listener *l);
/* Our address as `peer` sees it.  0 or -errno. */
int sip_listener_local(const struct sip_listener *l, const struct sockaddr *peer,
		       struct sockaddr_storage *local);
/* 0 or -errno; a full socket buffer is -EAGAIN and means as much as a lost datagram. */
int sip_listener_send(struct sip_listener *l, const struct sockaddr *to, const char *data,
		      size_t len);

#endif
