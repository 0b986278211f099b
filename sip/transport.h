/* transport.h - sockets for SIP: UDP, TCP and TLS.  Signalling thread.
 *
 * A listener that configuration no longer names is retired: calls that told the far side its
 * address keep it open; the last one to let go closes it.
 *
 * Connections are named by a number, a flow, never by a pointer: they may be gone at any time.
 * Whoever sends by TCP or TLS need not care: the connection the target names is used, else one
 * that leads there, else one is opened.  What became of it a struct sip_watch tells.
 */
#ifndef SIP_TRANSPORT_H
#define SIP_TRANSPORT_H

#include "gateway/base/log.h"
#include "gateway/base/loop.h"
#include "sip/quota.h"
#include "sip/target.h"
#include "sip/tls.h"

enum { SIP_DATAGRAM_MAX = 65536, SIP_RECORD_MAX = 16384 };

struct sip_transport;
struct sip_connection;

struct sip_listener {
	struct sip_listener *next;
	struct sip_transport *transport;
	enum sip_protocol protocol;
	struct sockaddr_storage wanted; /* as configured; port 0 = any */
	struct sockaddr_storage addr;   /* as bound */
	bool retired;
	unsigned users; /* dialogs, transactions and connections that send from here */
	int fd;              /* TCP, TLS: the listening socket */
	struct timer resume; /* accepts again: there were no descriptors */
	union {
		uv_udp_t udp;
		uv_poll_t poll;
	} uv;
};

/* Where something came from. */
struct sip_source {
	struct sip_listener *listener;
	struct sockaddr_storage addr;
	uint64_t flow;                  /* 0: a datagram */
	const struct sip_names *proved; /* by its certificate; NULL: nothing */
};

enum sip_admission { SIP_ADMIT_NOT, SIP_ADMIT_STRANGER, SIP_ADMIT_PEER };

struct sip_receiver {
	/* data dies on return. */
	void (*message)(void *arg, const struct sip_source *from, const char *data, size_t len);
	/* A stream that must end because of this head; to be answered if it is a request. */
	void (*refused)(void *arg, const struct sip_source *from, const char *head, size_t len,
			int status, const char *why);
	/* May it be connected to us?  Asked when it comes, and again when TLS has proved who it is.
	 * A stranger is limited in number, and in time until sip_transport_vouch(). */
	enum sip_admission (*admit)(void *arg, const struct sip_source *from);
	void (*sent)(void *arg, const struct sip_traced *what, int error);
	/* A connection to or from there failed; why is a sentence. */
	void (*trouble)(void *arg, const struct sockaddr *peer, bool outgoing, const char *why);
	/* One to there is up. */
	void (*connected)(void *arg, const struct sockaddr *peer, const char *how);
	void *arg;
};

struct sip_stream_conf {
	unsigned connections_max; /* strangers may take half of them */
	unsigned per_address, per_network;
	unsigned idle_ms;
	unsigned setup_ms; /* to connect, to shake hands, to complete a message */
};

struct sip_stream_counts {
	unsigned connections, strangers; /* now */
	uint64_t accepted, opened, refused_stranger, refused_limit, cut_slow, failed;
};

struct sip_transport {
	struct loop *loop;
	struct sip_receiver receiver;
	struct sip_listener *listeners;
	struct sip_tls_keys *keys; /* for new TLS sessions; NULL: none are wanted */
	struct sip_stream_conf conf;
	struct sip_stream_counts counts;
	struct sip_quota quota;
	struct sip_hash_key hash_key;
	struct sip_connection *by_flow, *by_route, *dying;
	uint64_t last_flow;
	struct log_limit full_limit, descriptor_limit;
	char buffer[SIP_DATAGRAM_MAX];
	char plain[SIP_RECORD_MAX];
};

void sip_transport_init(struct sip_transport *t, struct loop *loop,
			const struct sip_receiver *receiver);
void sip_transport_close(struct sip_transport *t); /* all, whoever uses them */
/* For what is connected from now on; takes the keys over. */
void sip_transport_configure(struct sip_transport *t, const struct sip_stream_conf *conf,
			     struct sip_tls_keys *keys);
/* New ones come first in t->listeners.  0 or -errno. */
int sip_transport_listen(struct sip_transport *t, const struct sip_bind *bind);
struct sip_listener *sip_transport_find(struct sip_transport *t, const struct sip_bind *wanted);
/* The listener to send from to `to`, and our address as `to` sees it, with the listener's port.
 * NULL: none of that protocol and family, or no route. */
struct sip_listener *sip_transport_pick(struct sip_transport *t, const struct sip_target *to,
					struct sockaddr_storage *local);

void sip_listener_retire(struct sip_listener *l);
struct sip_listener *sip_listener_hold(struct sip_listener *l);
void sip_listener_release(struct sip_listener *l);
/* Our address as `peer` sees it.  0 or -errno. */
int sip_listener_local(const struct sip_listener *l, const struct sockaddr *peer,
		       struct sockaddr_storage *local);
/* By l, or by another listener when `to` wants another protocol.  Sets to->flow.  0 or -errno; a
 * full UDP socket is -EAGAIN and means as much as a lost datagram. */
int sip_listener_send(struct sip_listener *l, struct sip_target *to, const char *data, size_t len);

/* --- flows --- */

struct sip_watch { /* zeroed = watches nothing */
	struct sip_watch *next, **at;
	void (*lost)(void *arg, int error); /* once; -ECONNREFUSED, -ECONNRESET, -ETIMEDOUT, ... */
	void *arg;
};

void sip_transport_watch(struct sip_transport *t, uint64_t flow, struct sip_watch *w,
			 void (*lost)(void *arg, int error), void *arg);
void sip_transport_unwatch(struct sip_watch *w); /* legal when it does not watch */
/* The far side of this flow is known now: it may stay. */
void sip_transport_vouch(struct sip_transport *t, uint64_t flow);
/* What goes to `to` may go by this flow (RFC 5923): the far side said so and proved to be it. */
void sip_transport_alias(struct sip_transport *t, uint64_t flow, const struct sip_target *to);
/* The address the flow's far side has, or NULL when it is gone. */
const struct sockaddr *sip_transport_flow_peer(struct sip_transport *t, uint64_t flow);

#endif
