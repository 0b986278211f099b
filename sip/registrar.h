/* registrar.h - where users are: RFC 3261 10.3, with Path (RFC 3327).  Signalling thread.
 *
 * Bindings live in memory, below their user, and are written to SQLite by a thread of their own
 * (store.h): neither a call nor a REGISTER waits for a disk.  A phone behind a NAT is called where
 * its REGISTER came from, not where it believes to be.
 */
#ifndef SIP_REGISTRAR_H
#define SIP_REGISTRAR_H

#include "gateway/base/loop.h"
#include "sip/agent.h"
#include "sip/message.h"
#include "sip/target.h"
#include "sip/users.h"

enum { SIP_CONTACT_MAX = 256, SIP_BINDING_PATH_MAX = 512, SIP_INSTANCE_MAX = 80, SIP_AGENT_TEXT_MAX = 64 };

struct sip_registrar;
struct sip_store;

struct sip_binding {
	struct sip_binding *next;
	struct sip_registrar *registrar;
	struct sip_user *user;
	char contact[SIP_CONTACT_MAX];     /* URI */
	char path[SIP_BINDING_PATH_MAX];           /* values of Path with commas between; "" = none */
	char instance[SIP_INSTANCE_MAX];   /* +sip.instance: the same phone after a restart */
	char software[SIP_AGENT_TEXT_MAX]; /* User-Agent, for people */
	char call_id[SIP_CONTACT_MAX];
	uint32_t cseq;
	unsigned q_milli;
	enum sip_protocol protocol;     /* its REGISTER came by, */
	struct sockaddr_storage source; /* from, */
	uint64_t flow;                  /* and by this connection; 0 = none */
	uint64_t refreshed_ms, expires_ms;
	struct timer expiry;
};

struct sip_registrar {
	struct loop *loop;
	struct sip_registrar_conf conf;
	struct sip_store *store; /* NULL = memory only */
	unsigned bindings;
};

/* Opens the store and takes from it what has not expired; users must be there.  0, or -errno with
 * why in err. */
int sip_registrar_open(struct sip_registrar *r, struct loop *loop,
		       const struct sip_registrar_conf *conf, struct sip_users *users, char *err,
		       size_t err_size);
/* Writes what is left to write.  Before the users are freed. */
void sip_registrar_close(struct sip_registrar *r, struct sip_users *users);
/* The user and its bindings are no more. */
void sip_registrar_forget(struct sip_registrar *r, struct sip_user *user);

/* A REGISTER of a user who has proven to be in->user. */
void sip_registrar_receive(struct sip_registrar *r, struct sip_agent *a,
			   const struct sip_incoming *in, struct sip_server *s);

/* The contact to call: the one it likes best, of several the one refreshed last.  NULL: none. */
const struct sip_binding *sip_registrar_best(const struct sip_user *user);
/* Where a request for the binding is sent: its address, or who sent its REGISTER when that is
 * another. */
void sip_binding_hop(const struct sip_binding *b, struct sip_target *out);

#endif
