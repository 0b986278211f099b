/* agent_impl.h - what the files of the agent and its dialogs share; not for other folders. */
#ifndef SIP_AGENT_IMPL_H
#define SIP_AGENT_IMPL_H

#include "gateway/base/log.h"
#include "sip/agent.h"
#include "sip/message.h"
#include "sip/transaction.h"
#include "sip/transport.h"

#define SIP_ALLOW "INVITE, ACK, CANCEL, BYE, OPTIONS"

struct sip_peer {
	struct sip_peer *next;
	struct sip_peer_conf conf;
	bool retired; /* no longer configured; its calls go on */
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
	struct sip_transport transport;
};

struct sip_peer *sip_agent_peer_at(struct sip_agent *a, const struct sockaddr *from);
struct sip_peer *sip_agent_peer_named(const struct sip_agent *a, const char *name);
void sip_agent_peer_hold(struct sip_peer *p);
void sip_agent_peer_release(struct sip_agent *a, struct sip_peer *p);

/* dispatch.c: what the transport received. */
void sip_agent_datagram(void *agent, struct sip_listener *l, const struct sockaddr *from,
			const char *data, size_t len);
/* Answers a request outside INVITE's own ways; adds what the status wants (Allow, Accept, ...). */
void sip_agent_reply(struct sip_agent *a, struct sip_server *s, const struct sip_incoming *in,
		     int status, const char *phrase);

#endif
