/* connection.h - one TCP or TLS connection; for transport.c only.
 *
 *   accepted   --TLS handshake--> up --read, write--> cut
 *   opened     --connect, TLS handshake--> up         cut
 *
 * A connection that was cut is found no more; it is freed at the end of the turn, after those who
 * watch it were told.  What is sent before it is up waits in it.
 */
#ifndef SIP_CONNECTION_H
#define SIP_CONNECTION_H

#include "sip/frame.h"
#include "sip/transport.h"

/* Where a connection leads; compared octet for octet. */
struct sip_route {
	uint8_t protocol, family;
	uint16_t port;
	uint32_t scope;
	uint8_t address[16];
	char name[SIP_HOST_MAX]; /* TLS: lower case */
};

struct sip_connection {
	struct sip_transport *transport;
	struct sip_listener *listener; /* held; NULL when dead */
	uint64_t id;
	UT_hash_handle by_flow, by_route;
	struct sip_route route;
	bool routed; /* is in by_route */
	struct sockaddr_storage peer, local;
	bool outgoing, up, dead;
	bool vouched; /* it may stay; else it is counted in the quota */
	struct sip_tls *tls;
	struct sip_framer framer;
	struct sip_watch *watches;
	char *waiting; /* until it is up */
	size_t waiting_len;
	unsigned line_ends;
	unsigned keepalive_ms;           /* 0: no pings from us */
	bool pong_awaited, pong_learned; /* who has never answered a ping does not know them */
	uint64_t used_ms;
	int error; /* why it was cut */
	struct timer limit, idle, ping;
	struct task bury;
	struct sip_connection *next_dying; /* cut, not buried */
	uv_tcp_t tcp;
	uv_connect_t connect;
};

void sip_connection_accept(struct sip_listener *l, int fd, const struct sockaddr *from);
int sip_connection_open(struct sip_connection **out, struct sip_listener *l,
			const struct sip_target *to);
struct sip_connection *sip_connection_of(struct sip_transport *t, uint64_t flow);
struct sip_connection *sip_connection_to(struct sip_transport *t, const struct sip_target *to);
/* 0 or -errno, and then it was cut. */
int sip_connection_send(struct sip_connection *c, const char *data, size_t len);
void sip_connections_close(struct sip_transport *t); /* nobody is told */

/* connection_io.c */
/* Octets as they are, TLS's own among them.  0 or -errno. */
int sip_connection_put(void *connection, const void *data, size_t len);
/* The transport is there: TLS shakes hands, TCP is up. */
void sip_connection_begin(struct sip_connection *c);
/* connection.c */
void sip_connection_cut(struct sip_connection *c, int error);
void sip_connection_fail(struct sip_connection *c, const char *why, int error);
void sip_connection_is_up(struct sip_connection *c);
void sip_connection_heard(struct sip_connection *c); /* and its message is whole, or not */

#endif
