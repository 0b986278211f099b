/* dialog_impl.h - a dialog inside; not for other folders.
 *
 *   outgoing   CALLING --1xx--> PROCEEDING --2xx--> CONFIRMED        dialog_out.c
 *   incoming   INVITED --sip_dialog_answer--> ANSWERED --ACK--> CONFIRMED   dialog_in.c
 *   any        --failure, BYE, CANCEL, timer, sip_dialog_end--> OVER
 *
 * OVER means nothing is left to say but what stragglers need: a 2xx that crossed our CANCEL gets
 * its ACK and BYE, a BYE that crossed ours its 200.  The user is gone after SIP_ENDED; the struct
 * stays until busy() in dialog.c says no.  It is freed from its task only, so nothing that runs
 * below a datagram, a timer or a verb need fear for it.
 *
 * Events: one bit a kind, told by the task in the order of enum sip_event_kind, which is the order
 * in which a call can cause them.
 */
#ifndef SIP_DIALOG_IMPL_H
#define SIP_DIALOG_IMPL_H

#include "sip/address.h"
#include "sip/agent_impl.h"
#include "sip/dialog.h"
#include "sip/sdp.h"

enum sip_dialog_state {
	DIALOG_CALLING,
	DIALOG_PROCEEDING,
	DIALOG_INVITED,
	DIALOG_ANSWERED,
	DIALOG_CONFIRMED,
	DIALOG_OVER,
};

enum { SIP_FORKS_MAX = 16, SIP_CALL_ID_MAX = 256 };

/* The far end of a dialog (RFC 3261 12): where requests inside it go. */
struct sip_far {
	char *tag;
	char *target;  /* URI of the last Contact */
	char **routes; /* URIs, the first hop first */
	unsigned route_count;
};

/* One branch of a forked INVITE, known by its To tag. */
struct sip_fork {
	struct sip_fork *next;
	struct sip_far far;
	bool has_media;
	struct sip_media media; /* from its first SDP; later ones are repeats */
	char *ack;              /* for its 2xx, to be repeated; NULL = no 2xx yet */
	size_t ack_len;
	struct sip_target ack_to;
};

struct sip_dialog {
	struct sip_agent *agent;
	UT_hash_handle hh;
	enum sip_dialog_state state;
	struct sip_peer *peer;
	struct sip_listener *listener;
	struct sockaddr_storage local_addr; /* ours, in Via and Contact */
	uint64_t flow; /* the connection its INVITE came by; 0: none, or we called */
	char local_tag[SIP_TOKEN_SIZE];
	char *call_id;
	osip_from_t *local, *remote; /* From and To of our requests, without tags */
	uint32_t cseq;               /* of our last request */
	uint32_t remote_cseq;
	bool remote_cseq_known;
	struct sip_far far; /* once confirmed; of an incoming one at once */

	/* outgoing */
	struct sip_client *invite;
	struct sip_fork *forks; /* newest first */
	unsigned fork_count;
	struct timer give_up; /* invite_timeout_ms, or 64 * T1 after CANCEL */
	bool cancel_wanted;   /* before the first 1xx CANCEL must wait (9.1) */
	int cancel_q850;
	enum sip_event_kind last_1xx; /* told last: SIP_RINGING, SIP_PROGRESS or none */

	/* incoming, and re-INVITE */
	struct sip_server *invited; /* until its final response, or the ACK to its 2xx */
	uint32_t invited_cseq;
	bool awaiting_ack, bye_wanted;
	int bye_q850;
	struct timer repeat_2xx, ack_limit; /* 13.3.1.4 */
	struct timer repeat_1xx;            /* 13.3.1.1 */
	unsigned repeat_ms;

	struct sip_client *bye; /* ours, unanswered */

	/* offer and answer */
	bool accepted; /* ours is known */
	struct sip_local_media ours;
	struct sip_sdp_origin origin;
	char *sdp;     /* what we sent last */
	bool offered;  /* offer is theirs, from INVITE */
	bool offering; /* ours went out in a 2xx, the ACK brings the answer */
	struct sip_sdp offer;
	bool has_media;
	struct sip_media media;

	/* to the user */
	void *user;
	struct sip_party called, calling;
	struct sip_redirecting redirecting;
	struct sip_party connected; /* who answered, here or there, when asserted */
	unsigned pending;               /* 1 << enum sip_event_kind */
	bool media_news;                /* media are to be told of, */
	enum sip_event_kind media_with; /* by this event or a later one; SIP_INVITED = not known */
	bool failed;                    /* SIP_ENDING is told or will be */
	int end_status, end_q850;
	bool ended; /* only SIP_ENDED may follow */
	bool told;  /* it did, or nobody ever knew of this dialog */
	struct task task;
};

/* dialog.c */
int sip_dialog_new(struct sip_dialog **out, struct sip_agent *a, struct sip_peer *peer,
		   struct sip_listener *listener);
void sip_dialog_free(struct sip_dialog *d);
void sip_dialog_tell(struct sip_dialog *d, enum sip_event_kind kind);
/* The call is at its end and not by the user's will: OVER, and SIP_ENDING. */
void sip_dialog_fail(struct sip_dialog *d, int status, int q850);
/* Something that kept the struct is gone. */
void sip_dialog_settle(struct sip_dialog *d);
void sip_dialog_bye(struct sip_dialog *d, int q850);
/* Contact, Allow, Supported: in what makes or refreshes a dialog. */
void sip_dialog_draft_contact(struct sip_dialog *d, struct sip_draft *draft);

/* identity.c */
/* Host part of our own URIs, lent; text is room for it. */
const char *sip_dialog_host(const struct sip_dialog *d, char text[SIP_ADDR_TEXT]);
/* P-Asserted-Identity and Privacy, as the peer may know them (RFC 3325 6, 7). */
void sip_dialog_draft_identity(const struct sip_dialog *d, struct sip_draft *draft,
			       const struct sip_party *p);

/* redirecting.c */
void sip_message_redirecting(const osip_message_t *m, struct sip_redirecting *out);
/* Diversion and History-Info as the peer wants them; target: who is called now. */
void sip_dialog_draft_redirecting(const struct sip_dialog *d, struct sip_draft *draft,
				  const struct sip_redirecting *r, const char *target);

/* dialog_far.c */
int sip_far_learn(struct sip_far *f, const osip_message_t *m); /* request or response */
int sip_far_retarget(struct sip_far *f, const osip_message_t *m);
void sip_far_free(struct sip_far *f);
/* A request inside the dialog and where it goes. */
void sip_far_draft(const struct sip_far *f, const struct sip_dialog *d, struct sip_draft *draft,
		   const char *method, uint32_t cseq, struct sip_target *to);
void sip_draft_via(struct sip_draft *draft, const struct sip_dialog *d,
		   const struct sip_target *to);

/* dialog_out.c */
void sip_dialog_cancel(struct sip_dialog *d, int q850);
void sip_dialog_forks_free(struct sip_dialog *d);
bool sip_dialog_has_fork(const struct sip_dialog *d, const char *tag);
int sip_dialog_bye_to(struct sip_dialog *d, const struct sip_far *far, int q850,
		      struct sip_client **out);

/* dialog_in.c */
void sip_dialog_invited(struct sip_agent *a, struct sip_incoming *in, struct sip_server *s);
void sip_dialog_reject(struct sip_dialog *d, int status, int q850, const char *warning);
/* CANCEL for the INVITE that s serves. */
void sip_dialog_cancelled(struct sip_server *s, int q850);
struct sip_dialog *sip_dialog_find(struct sip_agent *a, const osip_message_t *m);
/* A request inside the dialog; s is NULL for ACK. */
void sip_dialog_request(struct sip_dialog *d, struct sip_incoming *in, struct sip_server *s);

/* dialog_media.c */
/* SDP to send, lent until the next call; NULL = no memory. */
const char *sip_dialog_write_offer(struct sip_dialog *d);
const char *sip_dialog_write_answer(struct sip_dialog *d, const struct sip_sdp *offer,
				    const struct sip_media *settled);
void sip_dialog_set_media(struct sip_dialog *d, const struct sip_media *m);
/* Their answer to our offer.  0 or -errno. */
int sip_dialog_read_answer(struct sip_dialog *d, const struct sip_incoming *in,
			   struct sip_media *out);
const char *sip_sdp_warning(int error); /* Warning code and text (RFC 3261 20.43) */

#endif
