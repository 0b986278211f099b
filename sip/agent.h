/* agent.h - the SIP side of the process: sockets, transactions, peers, stray requests.
 *
 * The only code that includes <osip2/...> or <osipparser2/...> is sip/.  Signalling thread only.
 * A request from an address that is no configured peer makes no state and gets no answer.
 */
#ifndef SIP_AGENT_H
#define SIP_AGENT_H

#include "sip/target.h"
#include "sip/tls_conf.h"
#include "sip/digest.h"
#include "sip/guard.h"
#include "sip/login.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct loop;
struct sip_agent;
struct sip_dialog;
struct sip_event;

enum { SIP_NAME_MAX = 32, SIP_LISTEN_MAX = 8, SIP_PEER_ADDRS_MAX = 8, SIP_REALM_MAX = 48 };

/* What shows that a request comes from a peer. */
enum sip_proof_wanted {
	SIP_BY_ADDRESS,
	SIP_BY_DIGEST, /* a user whose peer it is, from any address */
	SIP_BY_BOTH,
};

/* What those hear who are neither a peer's address nor bring a password. */
enum sip_strangers {
	SIP_STRANGERS_AUTO, /* challenged when there are users, else nothing */
	SIP_STRANGERS_SILENT,
	SIP_STRANGERS_CHALLENGE,
};


/* How a peer is told who sent a call on. */
enum sip_redirect_form { SIP_DIVERSION, SIP_HISTORY_INFO, SIP_DIVERSION_AND_HISTORY, SIP_NO_REDIRECT };

/* Provisional responses with PRACK, RFC 3262. */
enum sip_reliability {
	SIP_RELIABLE_OFF,
	SIP_RELIABLE_SUPPORTED, /* where the peer supports it too */
	SIP_RELIABLE_REQUIRED,  /* no call without */
};
/* How originating line information is written, as a parameter of the caller's URI.  No RFC has it;
 * either is read. */
enum sip_line_form { SIP_NO_LINE_INFORMATION, SIP_LINE_ISUP_OLI, SIP_LINE_OLI };

/* What we register at a peer. */
enum sip_registers {
	SIP_REGISTER_NO,
	SIP_REGISTER_TRUNK,      /* the username */
	SIP_REGISTER_BULK,       /* the username, for all its numbers: RFC 6140 */
	SIP_REGISTER_EXTENSIONS, /* each of a range */
};

enum { SIP_EXTENSIONS_MAX = 1000, SIP_REGISTERED_ID_MAX = 128 };

struct sip_peer_conf {
	char name[SIP_NAME_MAX];
	struct sockaddr_storage
		addr[SIP_PEER_ADDRS_MAX]; /* requests go to the first, come from any */
	unsigned addr_count;              /* port 0 in addr[i>0] = any source port */
	bool any_port;                    /* accept requests from any source port of addr[] */
	enum sip_protocol transport;      /* of requests to it; by a lesser one none is accepted */
	/* What its certificate must prove when it connects to us; then its address does not matter.
	 * "": its address decides.  When we connect to it: this, else the domain. */
	char tls_name[SIP_HOST_MAX];
	unsigned keepalive_s;      /* RFC 5626 4.4.1: so often a ping; 0 = none */
	char domain[SIP_HOST_MAX]; /* host part of URIs: sip:7134@DOMAIN */
	enum sip_redirect_form redirecting;
	enum sip_line_form line_information;
	bool user_to_user; /* RFC 7433, both ways */
	bool transfer; /* REFER and Replaces are taken from it */
	bool hold;     /* it is told of hold by re-INVITE */
	bool trusted; /* identities are told to it and believed from it, RFC 3325 */
	enum sip_reliability reliable;
	unsigned session_expires_s;    /* RFC 4028: a call not refreshed for so long ends; 0 = off */
	unsigned min_se_s;             /* a shorter time gets 422 */
	unsigned redirects_max;        /* 3xx followed in a call, to configured peers */
	enum sip_proof_wanted proof;
	bool registrar; /* its users are where they registered; it has no address */
	struct sip_login_conf login; /* our credentials, when it asks for them */
	unsigned calls_per_second; /* that it may begin; 0 = no limit */
	enum sip_registers registers;
	unsigned register_s; /* asked for */
	unsigned extension_first, extension_last;
};

struct sip_user_conf {
	char name[SIP_LOGIN_USER_MAX];
	char peer[SIP_NAME_MAX];
	char password[SIP_PASSWORD_MAX]; /* or what follows, for the realm */
	char ha1[SIP_HA1_MAX], ha1_sha256[SIP_HA1_MAX];
	unsigned calls_max; /* at once; 0 = no limit */
};

struct sip_registrar_conf {
	char path[108]; /* of the SQLite file; "" = in memory only */
	unsigned expires_min_s, expires_max_s;
	unsigned contacts_max; /* of one user; the one refreshed longest ago makes room */
};

struct sip_agent_conf {
	struct sip_bind listen[SIP_LISTEN_MAX];
	unsigned listen_count;
	struct sip_tls_conf tls; /* the files are read at each reconfiguration */
	/* TCP and TLS; those who are no peer (yet) may have half of the connections */
	unsigned connections_max, connections_per_address, connections_per_network;
	unsigned idle_timeout_s;   /* a connection nothing came by is closed */
	unsigned setup_timeout_ms; /* to connect, to shake hands, to complete a message */
	const struct sip_peer_conf *peers; /* copied */
	unsigned peer_count;
	const struct sip_user_conf *users; /* copied */
	unsigned user_count;
	char realm[SIP_REALM_MAX];
	unsigned digest[SIP_DIGEST_COUNT]; /* enum sip_digest_algorithm offered, in this order */
	unsigned digest_count;
	enum sip_strangers strangers;
	struct sip_guard_conf guard;
	struct sip_registrar_conf registrar;
	unsigned t1_ms, t2_ms, t4_ms; /* RFC 3261 17.1.1.1: 500, 4000, 5000 */
	unsigned invite_timeout_ms; /* no final response to our INVITE: CANCEL, cause 102; 180000 */
	unsigned dialogs_max;       /* more INVITEs get 503 */
	char user_agent[64];
};

void sip_agent_conf_default(struct sip_agent_conf *conf);

struct sip_agent_ops {
	/* Every event of every dialog; see dialog.h.  SIP_INVITED comes with user NULL. */
	void (*event)(void *arg, const struct sip_event *ev);
	/* Every message sent or accepted, for traces; may be NULL. */
	void (*trace)(void *arg, const struct sip_traced *what);
};

int sip_agent_open(struct sip_agent **out, struct loop *loop, const struct sip_agent_conf *conf,
		   const struct sip_agent_ops *ops, void *arg, char *err, size_t err_size);
/* Ends what is left without telling; dialogs die without events. */
void sip_agent_close(struct sip_agent *a);
/* New peers and limits; live dialogs keep the peer they have.  Listeners: added and removed. */
int sip_agent_reconfigure(struct sip_agent *a, const struct sip_agent_conf *conf, char *err,
			  size_t err_size);
bool sip_agent_has_peer(const struct sip_agent *a, const char *name);
/* Our own address as the peer sees it, or the user `number` of a registrar: the listener that the
 * route to it would use, with port 0: where RTP for it should be bound.  0 or -errno, as
 * sip_dialog_start(). */
int sip_agent_local_addr(const struct sip_agent *a, const char *peer, const char *number,
			 struct sockaddr_storage *out);

/* The user of the dialog whose tag a message has in From or To, lent; NULL = none.  Any octets. */
void *sip_agent_message_user(const struct sip_agent *a, const char *text, size_t len);
/* The same by Call-ID: looks at every dialog. */
void *sip_agent_call_user(const struct sip_agent *a, const char *call_id, size_t len);

/* Where the i-th listener is bound: what port 0 in the configuration became.  0 or -ENOENT. */
int sip_agent_listen_addr(const struct sip_agent *a, unsigned i, struct sockaddr_storage *out);
/* Why the last connection from or to the peer failed, a sentence with the remedy; "" when the last
 * one did not.  Lent. */
const char *sip_agent_peer_trouble(const struct sip_agent *a, const char *peer);
/* When our certificate expires, in seconds of the time of day; -1: there is none. */
int64_t sip_agent_certificate_expiry(const struct sip_agent *a);

/* One of our own registrations at a peer. */
struct sip_registered_at {
	const char *peer, *user, *state;
	bool registered;
	unsigned expires_s, failures;
	int last_status; /* SIP, or -errno; 0 = none yet */
	const char *associated, *service_route; /* "" = none */
};
void sip_agent_each_registration(const struct sip_agent *a,
				 void (*fn)(void *arg, const struct sip_registered_at *r), void *arg);
/* Unregisters everywhere; sip_agent_is_idle() waits for it. */
void sip_agent_unregister(struct sip_agent *a);

/* A contact of a user, or the user alone when it has none: contact NULL. */
struct sip_registered {
	const char *user, *peer, *contact, *software;
	const struct sockaddr *source;
	unsigned calls, expires_s;
};
void sip_agent_each_user(const struct sip_agent *a,
			 void (*fn)(void *arg, const struct sip_registered *r), void *arg);
/* What was refused and to whom; the times are made those of the day. */
void sip_agent_each_refused(const struct sip_agent *a,
			    void (*fn)(void *arg, const struct sip_refused *r), void *arg);

struct sip_agent_counts {
	uint64_t datagrams_in, datagrams_out, send_errors;
	uint64_t challenges, refused_stranger, refused_malformed, refused_oversize, refused_full;
	uint64_t requests_in, responses_in, retransmits_in, retransmits_out, stray;
	uint64_t connections_in, connections_out, connections_failed;
	uint64_t refused_connections, cut_slow;
	unsigned transactions, dialogs, connections; /* now */
};
void sip_agent_counts(const struct sip_agent *a, struct sip_agent_counts *out);
/* No call is left, nor one whose BYE, CANCEL or ACK is still awaited and may have to be repeated. */
bool sip_agent_is_idle(const struct sip_agent *a);

/* One line for people: "INVITE sip:7134@cs", "180 Ringing (INVITE)".  Any octets.  Returns out. */
const char *sip_message_text(const char *text, size_t len, char *out, size_t out_size);
/* The value of the first header field of that name, in its long form or its one letter (0 = none);
 * its length, 0 = not there.  *out is lent from text.  Any octets. */
size_t sip_message_field(const char *text, size_t len, const char *name, char letter,
			 const char **out);
/* Overwrites, without changing the length, what opens doors: digests in Authorization and
 * Proxy-Authorization, keys in SDP (RFC 4568).  Any octets. */
void sip_message_mask(char *text, size_t len);

#endif
