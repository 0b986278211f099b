/* agent_impl.h - what the files of the agent and its dialogs share; not for other folders. */
#ifndef SIP_AGENT_IMPL_H
#define SIP_AGENT_IMPL_H

#include "gateway/base/log.h"
#include "sip/agent.h"
#include "sip/extension.h"
#include "sip/guard.h"
#include "sip/message.h"
#include "sip/registrar.h"
#include "sip/transaction.h"
#include "sip/transport.h"
#include "sip/users.h"

struct sip_peer {
	struct sip_peer *next;
	struct sip_peer_conf conf;
	struct sip_target targets[SIP_PEER_ADDRS_MAX]; /* where requests go, by preference */
	unsigned target_count;
	struct timer keepalive;      /* UDP; a connection has its own */
	struct sip_agent *agent;     /* for it */
	char trouble[SIP_TLS_WHY];   /* of its last connection; "" = none */
	struct log_limit trouble_limit;
	struct sip_login *login; /* NULL: we have no credentials for it */
	bool retired; /* no longer configured; its calls go on */
	struct sip_bucket calls;
	unsigned dialogs;
};

struct sip_agent {
	struct loop *loop;
	struct sip_agent_ops ops;
	void *arg;
	char user_agent[64];
	unsigned invite_timeout_ms, dialogs_max;
	struct sip_layer layer;
	struct sip_peer *peers;
	struct sip_dialog *dialogs; /* by our tag */
	struct sip_agent_counts counts;
	struct log_limit stranger_limit, malformed_limit, full_limit;
	struct sip_users users;
	struct sip_guard *guard;
	enum sip_strangers strangers;
	struct sip_registrar registrar;
	struct sip_registration *registrations;
	struct sip_transport transport;
};

/* Who may send us requests from there; NULL: a stranger. */
struct sip_peer *sip_agent_peer_of(const struct sip_agent *a, const struct sip_source *from);
/* peer.c, for the transport's struct sip_receiver */
enum sip_admission sip_agent_admit(void *agent, const struct sip_source *from);
void sip_agent_trouble(void *agent, const struct sockaddr *peer, bool outgoing, const char *why);
void sip_agent_connected(void *agent, const struct sockaddr *peer, const char *how);
struct sip_peer *sip_peers_copy(const struct sip_agent_conf *conf, int *r);
void sip_peers_replace(struct sip_agent *a, struct sip_peer *fresh);
void sip_peers_free(struct sip_peer *first);
struct sip_peer *sip_agent_peer_named(const struct sip_agent *a, const char *name);
/* Where the first request to `number` at the peer goes; *binding: of a user that registered with us,
 * else NULL.  0, -EHOSTUNREACH (the peer has no address), -ENXIO (no such user), -ESRCH (it is not
 * registered). */
int sip_agent_hop(const struct sip_agent *a, const struct sip_peer *peer, const char *number,
		  struct sip_target *hop, const struct sip_binding **binding);
void sip_agent_peer_hold(struct sip_peer *p);
void sip_agent_peer_release(struct sip_agent *a, struct sip_peer *p);

/* dispatch.c: what the transport received. */
void sip_agent_receive(void *agent, const struct sip_source *from, const char *data, size_t len);
/* A stream that ends because of this head. */
void sip_agent_refuse(void *agent, const struct sip_source *from, const char *head, size_t len,
		      int status, const char *why);
/* With no transaction to remember it, the tag is made from the request: its repeat gets the same
 * (8.2.7). */
void sip_agent_stateless_tag(struct sip_agent *a, const struct sip_scan *scan,
			     char tag[SIP_TOKEN_SIZE]);
/* Answers a request outside INVITE's own ways; adds what the status wants (Allow, Accept, ...). */
void sip_agent_reply(struct sip_agent *a, struct sip_server *s, const struct sip_incoming *in,
		     int status, const char *phrase);

#endif
