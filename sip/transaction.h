/* transaction.h - RFC 3261 17 with RFC 6026.  Signalling thread.
 *
 * Our own and not libosip2's: its transactions lack the Accepted state, its timers are compiled in
 * and its lists are searched end to end.  Transactions are found by a keyed hash of branch, sent-by
 * and method, so that the far side cannot choose collisions.
 *
 *   client, INVITE            Calling -> Proceeding -> Accepted (2xx) -> gone after M
 *                             Calling -> Proceeding -> Completed (3xx-6xx, ACKed here) -> D
 *   client, other             Trying  -> Proceeding -> Completed -> gone after K
 *   server, INVITE            Proceeding -> Accepted (2xx) -> gone after L
 *                             Proceeding -> Completed (3xx-6xx) -> Confirmed (ACK) -> gone after I
 *   server, other             Trying -> Completed -> gone after J
 *
 * By TCP and TLS nothing is repeated and D, I, J and K are 0 (table 4); a request whose connection
 * breaks before any response goes once more by a new one, and fails at once when there is none.
 *
 * A user is told `gone` exactly once unless it detached, and must not touch the transaction then.
 */
#ifndef SIP_TRANSACTION_H
#define SIP_TRANSACTION_H

#include "gateway/base/loop.h"
#include "sip/agent.h"
#include "sip/login.h"
#include "sip/message.h"
#include "sip/token.h"
#include "sip/transport.h"

#include <uthash.h>

struct sip_layer {
	struct loop *loop;
	struct sip_agent_counts *counts;
	unsigned t1_ms, t2_ms, t4_ms;
	unsigned max; /* transactions; with more there are no new calls */
	struct sip_hash_key key;
	struct sip_client *clients; /* by branch and method */
	struct sip_server *servers; /* by branch, sent-by and method */
	struct sip_server *merging; /* requests outside dialogs, by Call-ID, From tag, CSeq */
};

struct sip_client_ops {
	void (*response)(void *arg, const struct sip_incoming *in);
	void (*timeout)(void *arg); /* timer B or F: nobody answered; gone follows */
	void (*gone)(void *arg);
	/* It cannot be sent (RFC 3261 8.1.3.1: as if 503 had come); gone follows.  NULL: timeout. */
	void (*unreachable)(void *arg, int error);
	/* The peer asked who we are, and the request went again: fresh takes the place of the
	 * transaction, which ends by itself, and cseq is that of the request now.  NULL: it shall
	 * not go again. */
	void (*again)(void *arg, struct sip_client *fresh, uint32_t cseq);
};

struct sip_server_ops {
	void (*gone)(void *arg);
};

enum sip_tx_state {
	SIP_TX_TRYING, /* Calling, of an INVITE we sent */
	SIP_TX_PROCEEDING,
	SIP_TX_COMPLETED,
	SIP_TX_CONFIRMED,
	SIP_TX_ACCEPTED,
};

struct sip_client {
	struct sip_layer *layer;
	UT_hash_handle hh;
	bool invite;
	enum sip_tx_state state;
	struct sip_listener *listener;
	struct sip_target to;
	char *text, *ack; /* what is sent again */
	size_t len, ack_len;
	char *datagram; /* UDP's version of a text that went by TCP for its size */
	size_t datagram_len;
	struct sip_watch watch; /* of its connection */
	bool sent_again;
	struct timer retry, life;
	unsigned retry_ms;
	struct sip_login *login; /* held; NULL: a challenge is an answer like others */
	struct sip_asked asked;
	const struct sip_client_ops *ops; /* NULL = detached */
	void *arg;
	size_t key_len;
	char key[];
};

struct sip_server {
	struct sip_layer *layer;
	UT_hash_handle hh, hh_merge;
	bool invite, merges;
	enum sip_tx_state state;
	struct sip_listener *listener;
	struct sip_target to;
	osip_message_t *request; /* an INVITE's until its final response */
	char *text;              /* the last response */
	size_t len;
	struct timer retry, life;
	unsigned retry_ms;
	const struct sip_server_ops *ops; /* NULL = detached */
	void *arg;
	size_t key_len;
	char *merge_key;
	char key[];
};

void sip_layer_init(struct sip_layer *l, struct loop *loop, struct sip_agent_counts *counts);
void sip_layer_close(struct sip_layer *l); /* frees all; nobody is told */

/* Sends the request of the draft, which is used up.  0, -EAGAIN (full), -ENOMEM, -EMSGSIZE or what
 * sending said. */
int sip_client_start(struct sip_client **out, struct sip_layer *l, struct sip_listener *via,
		     const struct sip_target *to, struct sip_draft *draft);
void sip_client_attach(struct sip_client *c, const struct sip_client_ops *ops, void *arg);
void sip_client_abandon(struct sip_client *c); /* gone at once, untold */
/* A challenge to it is final: it is not worth sending again. */
void sip_client_logout(struct sip_client *c);
struct sip_client *sip_layer_client(struct sip_layer *l, const struct sip_scan *scan);
void sip_client_receive(struct sip_client *c, const struct sip_incoming *in);

/* The transaction a request belongs to; ACK and CANCEL find that of their INVITE when method says
 * "INVITE".  NULL: none. */
struct sip_server *sip_layer_server(struct sip_layer *l, const struct sip_incoming *in,
				    const char *method);
/* A request outside any dialog that came by another way (8.2.2.2). */
bool sip_layer_is_merged(struct sip_layer *l, const struct sip_incoming *in);
/* 0, -EAGAIN (full), -EMSGSIZE (its Via is too long) or -ENOMEM. */
int sip_server_start(struct sip_server **out, struct sip_layer *l, const struct sip_incoming *in);
void sip_server_attach(struct sip_server *s, const struct sip_server_ops *ops, void *arg);
/* The same request again, or an ACK.  False: an ACK for the dialog (Accepted). */
bool sip_server_receive(struct sip_server *s, const struct sip_incoming *in);
/* Sends the response of the draft, which is used up, and keeps it for retransmissions. */
int sip_server_respond(struct sip_server *s, struct sip_draft *draft);
void sip_server_abandon(struct sip_server *s); /* gone at once, untold */
void sip_server_resend(struct sip_server *s);

#endif
