/* dialog_impl.h - a dialog inside; not for other folders.
 *
 *   outgoing   CALLING --1xx--> PROCEEDING --2xx--> CONFIRMED        dialog_out.c
 *   incoming   INVITED --sip_dialog_answer--> ANSWERED --ACK--> CONFIRMED   dialog_in.c
 *   any        --failure, BYE, CANCEL, timer, sip_dialog_end--> OVER
 *
 *   dialog_again.c     INVITE once more: 422, 3xx          dialog_reliable.c  1xx and PRACK
 *   dialog_request.c   requests inside a dialog            dialog_media.c     SDP
 *   dialog_change.c    our UPDATE and re-INVITE            dialog_session.c   session timer
 *   dialog_update.c    theirs
 *
 * Offer and answer: one offer is open at a time (RFC 3264 4).  Of an outgoing INVITE it is open in
 * each branch until that one has answered reliably: fork.answered.  Else it is d->open.
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

struct sip_sequence { /* CSeq of the far side's requests */
	uint32_t number;
	bool known;
};

/* One branch of a forked INVITE, an early dialog, known by its To tag. */
struct sip_fork {
	struct sip_fork *next;
	struct sip_far far;
	struct sip_sequence remote;
	uint32_t rseq; /* of its last reliable response, 0 = none yet */
	bool answered; /* our offer, reliably: it may be followed by another */
	bool has_media;
	struct sip_media media; /* from its first SDP; later ones are repeats */
	char *ack;              /* for its 2xx, to be repeated; NULL = no 2xx yet */
	size_t ack_len;
	struct sip_target ack_to;
};

enum sip_open_offer { OFFER_NONE, OFFER_OURS, OFFER_THEIRS };

/* Our provisional responses, RFC 3262 3. */
struct sip_reliable {
	bool used;     /* the INVITE allows it, and so do we */
	uint32_t rseq; /* of the last one; */
	bool unacked;  /* its PRACK has not come, */
	bool with_sdp; /* without which 200 must wait */
	unsigned repeat_ms;
	struct timer repeat, limit;
	bool then_180, then_183, then_answer; /* what waits for the PRACK */
};

/* RFC 4028 */
struct sip_session {
	unsigned interval_s; /* 0 = no timer runs */
	unsigned min_s;      /* less gets 422 from the far side */
	bool we_refresh;
	bool refreshing; /* it is due, and not done yet */
	struct timer timer;
};

enum sip_change_kind { /* bits */
	CHANGE_REFRESH = 1,
	CHANGE_IDENTITY = 2,
	CHANGE_HOLD = 4,
};

/* Our UPDATE or re-INVITE, until its transaction is gone: a 2xx to an INVITE comes again. */
struct sip_change {
	struct sip_change *next;
	struct sip_dialog *dialog;
	struct sip_client *client;
	bool invite, offers;
	bool was_held;  /* ours.hold before it */
	bool timed;     /* it refreshes the session: not in an early dialog */
	unsigned kinds; /* what it carries */
	char *ack;
	size_t ack_len;
	struct sip_target ack_to;
};

/* A REFER and its subscription, from request to last NOTIFY. */
struct sip_referral {
	struct sip_refer refer;
	struct sip_server *server; /* until it is answered */
	struct sip_client *notify; /* unanswered */
	unsigned id;               /* of the Event header; 0 = none */
	int status;                /* to be told next; 0 = nothing */
	bool silent;               /* nothing is told */
	bool told, over;           /* the last word is given; is sent */
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
	struct sip_sequence remote_sequence;
	struct sip_far far; /* once confirmed; of an incoming one at once */
	bool outgoing;
	unsigned far_options; /* what the far side supports, enum sip_option */
	bool far_updates;     /* and UPDATE */
	/* Where a user is, whatever its Contact says: a NAT may belie that. */
	struct sip_target user_at; /* AF_UNSPEC: it is where its peer and its Contact say */
	char user_name[SIP_LOGIN_USER_MAX]; /* of the user who called or is called; "" = none */

	/* outgoing */
	struct sip_client *invite;
	uint32_t invite_cseq;
	unsigned again_count, redirect_count; /* INVITEs after the first; of these, after 3xx */
	struct sip_fork *forks; /* newest first */
	unsigned fork_count;
	struct timer give_up; /* invite_timeout_ms, or 64 * T1 after CANCEL */
	bool cancel_wanted;   /* before the first 1xx CANCEL must wait (9.1) */
	int cancel_q850;
	enum sip_event_kind last_1xx; /* told last: SIP_RINGING, SIP_PROGRESS or none */
	enum sip_early early;         /* as said last */

	/* incoming, and re-INVITE */
	struct sip_server *invited; /* until its final response, or the ACK to its 2xx */
	uint32_t invited_cseq;
	bool awaiting_ack, bye_wanted;
	int bye_q850;
	struct timer repeat_2xx, ack_limit; /* 13.3.1.4 */
	struct timer repeat_1xx;            /* 13.3.1.1 */
	unsigned repeat_ms;
	int last_status; /* of the last provisional response */
	bool tells_early; /* the peer wants P-Early-Media */
	struct sip_reliable reliable;

	struct sip_client *bye; /* ours, unanswered */
	bool bye_after_notify;

	bool hold_wanted; /* ours.hold once that is answered */

	/* transfer */
	struct sip_referral *referral;
	bool refers_seen;
	struct sip_replaces *replaces; /* of their INVITE; NULL = none */
	char *sent_replaces, *sent_referred_by; /* of ours; NULL = none */

	/* changes of ours */
	struct sip_change *changes; /* newest first */
	struct sip_change *change;  /* unanswered; NULL = none */
	unsigned wanted;            /* enum sip_change_kind, to be sent when it can */
	unsigned change_tries;
	struct timer change_timer; /* the answer is overdue, or: 491, try again */
	struct sip_session session;

	/* offer and answer */
	bool accepted; /* ours is known */
	struct sip_local_media ours;
	struct sip_sdp_origin origin;
	char *sdp;     /* what we sent last */
	bool offered;  /* offer is theirs, from INVITE */
	bool settled;  /* incoming: the INVITE's offer is answered, whoever made it */
	enum sip_open_offer open;
	struct sip_sdp offer;
	bool has_media;
	struct sip_media media;

	/* to the user */
	void *user;
	struct sip_party called, calling;
	struct sip_redirecting redirecting;
	struct sip_party connected; /* who answered, here or there */
	struct sip_user_data user_data;     /* that came, until it is told */
	struct sip_user_data user_data_out; /* until it is sent */
	struct sip_user_data user_data_invite; /* of each INVITE that begins the call */
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
/* What the far side supports, of its request or response. */
void sip_dialog_learn(struct sip_dialog *d, const osip_message_t *m);
/* Contact, Allow, Supported: in what makes or refreshes a dialog. */
void sip_dialog_draft_contact(struct sip_dialog *d, struct sip_draft *draft);

/* identity.c */
/* Host part of our own URIs, lent; text is room for it. */
const char *sip_dialog_host(const struct sip_dialog *d, char text[SIP_ADDR_TEXT]);
/* P-Asserted-Identity and Privacy, as the peer may know them (RFC 3325 6, 7). */
void sip_dialog_draft_identity(const struct sip_dialog *d, struct sip_draft *draft,
			       const struct sip_party *p);

/* The party at our end, and at theirs. */
struct sip_party *sip_dialog_near(struct sip_dialog *d);
struct sip_party *sip_dialog_other(struct sip_dialog *d);
/* Whether the far side can be told by UPDATE who we are. */
bool sip_dialog_may_identify(const struct sip_dialog *d);
/* From is not the party at our end, and may change. */
bool sip_dialog_from_is_old(const struct sip_dialog *d);
/* From of our requests, where the far side lets it change (RFC 4916).  0 or -ENOMEM. */
int sip_dialog_rename(struct sip_dialog *d);
/* Who a request of theirs says they are: SIP_IDENTITY when that is news. */
void sip_dialog_read_identity(struct sip_dialog *d, const osip_message_t *m);
/* Originating line information into the URI at the end of text, as the peer wants it. */
bool sip_dialog_add_line(const struct sip_dialog *d, char *text, size_t size,
			 const struct sip_party *p);

/* redirecting.c */
void sip_message_redirecting(const osip_message_t *m, struct sip_redirecting *out);
/* Diversion and History-Info as the peer wants them; target: who is called now. */
void sip_dialog_draft_redirecting(const struct sip_dialog *d, struct sip_draft *draft,
				  const struct sip_redirecting *r, const char *target);

/* user_to_user.c */
void sip_message_user_data(const osip_message_t *m, struct sip_user_data *out);
/* Of a message that an event will tell of. */
void sip_dialog_read_user_data(struct sip_dialog *d, const osip_message_t *m);
/* What sip_dialog_user_data() left, once. */
void sip_dialog_draft_user_data(struct sip_dialog *d, struct sip_draft *draft);

/* dialog_far.c */
int sip_far_learn(struct sip_far *f, const osip_message_t *m); /* request or response */
/* The route to start with: a list of name-addrs, as in Path or Service-Route.  0 or -ENOMEM. */
int sip_far_set_routes(struct sip_far *f, const char *list);
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
struct sip_fork *sip_dialog_fork(const struct sip_dialog *d, const char *tag);
/* INVITE with the next CSeq, to d->far.target at the peer's first address. */
int sip_dialog_send_invite(struct sip_dialog *d);
/* Where number is at this peer: what a Request-URI and To say.  0, -EMSGSIZE or -ENOMEM. */
int sip_dialog_set_target(struct sip_dialog *d, const char *number);
/* P-Early-Media of a trusted peer (RFC 5009); true: it says something else than before. */
bool sip_dialog_read_early(struct sip_dialog *d, const osip_message_t *m);
int sip_dialog_bye_to(struct sip_dialog *d, const struct sip_far *far, int q850,
		      struct sip_client **out);

/* Where requests go first when no route says so. */
const struct sip_target *sip_dialog_hop(const struct sip_dialog *d);
/* The dialog of this tag of ours; NULL: none. */
struct sip_dialog *sip_dialog_tagged(struct sip_agent *a, struct sip_text tag);
/* Calls of a user that are not over. */
unsigned sip_dialog_count_of(const struct sip_agent *a, const char *user);

/* dialog_in.c */
void sip_dialog_invited(struct sip_agent *a, struct sip_incoming *in, struct sip_server *s);
void sip_dialog_reject(struct sip_dialog *d, int status, int q850, const char *warning);
/* CANCEL for the INVITE that s serves. */
void sip_dialog_cancelled(struct sip_server *s, int q850);
/* Without its tag. */
int sip_dialog_clone_party(osip_from_t **out, const osip_from_t *from);
void sip_dialog_provisional(struct sip_dialog *d, int status, bool with_sdp);
void sip_dialog_ack_done(struct sip_dialog *d);
void sip_dialog_attach_invited(struct sip_dialog *d, struct sip_server *s);
void sip_dialog_draft_response(struct sip_dialog *d, struct sip_draft *draft,
			       const osip_message_t *request, int status);
/* 200 with SDP, where it is due, to the INVITE that s serves, then its repetition until ACK.
 * offer: theirs, NULL = we make one. */
int sip_dialog_respond_ok(struct sip_dialog *d, struct sip_server *s, const osip_message_t *request,
			  const struct sip_sdp *offer);

/* dialog_request.c */
struct sip_dialog *sip_dialog_find(struct sip_agent *a, const osip_message_t *m);
/* A request inside the dialog; s is NULL for ACK. */
void sip_dialog_request(struct sip_dialog *d, struct sip_incoming *in, struct sip_server *s);

/* dialog_update.c */
void sip_dialog_reinvite(struct sip_dialog *d, struct sip_incoming *in, struct sip_server *s);
/* f: the early dialog it belongs to, NULL = the only one. */
void sip_dialog_update(struct sip_dialog *d, struct sip_fork *f, struct sip_incoming *in,
		       struct sip_server *s);
/* 500 with Retry-After: two offers at once. */
void sip_dialog_reply_retry(struct sip_dialog *d, const struct sip_incoming *in,
			    struct sip_server *s);
void sip_dialog_reply_488(struct sip_dialog *d, const struct sip_incoming *in, struct sip_server *s,
			  int error);

/* dialog_change.c */
void sip_dialog_change(struct sip_dialog *d, enum sip_change_kind kind);
/* Sends what is wanted and can be sent now. */
void sip_change_pump(struct sip_dialog *d);
/* Nothing more is wanted; what is unanswered is given up. */
void sip_changes_stop(struct sip_dialog *d);
void sip_changes_free(struct sip_dialog *d);

/* dialog_reliable.c */
void sip_reliable_begin(struct sip_dialog *d);
/* The last one has no PRACK yet: this one goes out after it. */
bool sip_reliable_defers(struct sip_dialog *d, int status, bool with_sdp);
bool sip_reliable_defers_answer(struct sip_dialog *d);
void sip_reliable_draft(struct sip_dialog *d, struct sip_draft *draft);
void sip_reliable_sent(struct sip_dialog *d, bool with_sdp);
void sip_reliable_stop(struct sip_dialog *d);
void sip_dialog_prack(struct sip_dialog *d, struct sip_incoming *in, struct sip_server *s);
enum sip_reliable_new { RELIABLE_NOT, RELIABLE_NEW, RELIABLE_OLD };
/* Theirs, of branch f: sends the PRACK.  OLD: a repetition or out of order, to be ignored. */
enum sip_reliable_new sip_reliable_received(struct sip_dialog *d, struct sip_fork *f,
					    const osip_message_t *m);

/* dialog_session.c */
bool sip_session_is_brief(const struct sip_peer_conf *peer, const osip_message_t *m);
/* INVITE and UPDATE of theirs that get 2xx: what it will say, and the timer. */
void sip_session_accept(struct sip_dialog *d, const osip_message_t *request);
void sip_session_draft_response(struct sip_dialog *d, struct sip_draft *draft,
				const osip_message_t *request);
void sip_session_draft_request(const struct sip_dialog *d, struct sip_draft *draft);
/* 2xx to ours. */
void sip_session_agreed(struct sip_dialog *d, const osip_message_t *response);
/* A 422 said so; false: it makes no sense to try again. */
bool sip_session_too_brief(struct sip_dialog *d, const osip_message_t *response);
void sip_session_restart(struct sip_dialog *d);
void sip_session_stop(struct sip_dialog *d);

/* dialog_again.c */
/* A final response to our INVITE that another INVITE answers.  False: it ends the call. */
bool sip_dialog_tries_again(struct sip_dialog *d, const osip_message_t *response);

/* refer.c */
int sip_message_refer(const osip_message_t *m, struct sip_refer *out); /* 0 or the status */
bool sip_message_replaces(const osip_message_t *m, struct sip_replaces *out, bool *bad);

/* dialog_refer.c */
void sip_dialog_refer_requested(struct sip_dialog *d, struct sip_incoming *in,
				struct sip_server *s);
bool sip_dialog_refer_tells(const struct sip_dialog *d); /* the last NOTIFY is not answered yet */
void sip_dialog_refer_free(struct sip_dialog *d);

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
