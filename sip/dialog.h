/* dialog.h - one INVITE dialog: the SIP end of a call.
 *
 * Signalling thread only.  A dialog knows SIP and SDP; it does not know ISDN, spans or the call.
 * It owns offer/answer (RFC 3264, 6337), the retransmission of 2xx and of the ACK to it
 * (RFC 3261 13.2.2.4, 13.3.1.4), reliable provisional responses (RFC 3262), session timers (RFC
 * 4028) and forked answers.
 *
 * Ownership: the agent owns dialogs.  A struct sip_dialog * is good from sip_dialog_start() or
 * SIP_INVITED until SIP_ENDED for it returned.  Pointers in events are lent.
 * Re-entry: every function may be called from inside an event; events for what it causes come in a
 * later turn of the loop.
 */
#ifndef SIP_DIALOG_H
#define SIP_DIALOG_H

#include "sip/media.h"
#include "sip/refer.h"
#include <stdbool.h>

struct sip_agent;
struct sip_dialog;

enum { SIP_USER_MAX = 64, SIP_DISPLAY_MAX = 64, SIP_USER_DATA_MAX = 129, SIP_SUBADDRESS_MAX = 20 };

/* What RFC 7434 has in User-to-User: ISDN's protocol discriminator, then up to 128 octets. */
struct sip_user_data {
	uint8_t len; /* 0 = none */
	uint8_t octets[SIP_USER_DATA_MAX];
};

struct sip_party {
	char user[SIP_USER_MAX];       /* user part, unescaped; "" = none */
	char display[SIP_DISPLAY_MAX]; /* UTF-8, unquoted */
	bool anonymous;                /* RFC 3323: anonymous@anonymous.invalid */
	/* P-Asserted-Identity, RFC 3325: received, a trusted peer vouches for it; sent, it is told to
	 * a peer that is trusted, hidden from others by anonymous or not. */
	bool asserted;
	/* Originating line information, ANI II digits 0 to 99, one more than it is; 0 = none. */
	uint8_t line_information;
	char subaddress[SIP_SUBADDRESS_MAX]; /* isub of RFC 3966, unescaped; "" = none */
};

/* Who was called before, by Diversion (RFC 5806) or History-Info (RFC 7044).  Reasons are those of
 * ISDN's Redirecting number: 0 unknown, 1 busy, 2 no reply, 4 deflection, 9 out of order, 15
 * unconditional. */
struct sip_redirecting {
	unsigned count;            /* how often the call was sent on, 0 = never */
	struct sip_party last;     /* who sent it on to called */
	struct sip_party original; /* called first; nobody when that is last */
	uint8_t reason, original_reason;
};

/* What a trusted peer says of early media by P-Early-Media, RFC 5009. */
enum sip_early { SIP_EARLY_NOT_SAID, SIP_EARLY_NONE, SIP_EARLY_COMES };
struct sip_refer { /* a transfer that the peer asks for, RFC 3515 */
	struct sip_party target;
	struct sip_replaces replaces;          /* attended: the call to be taken over */
	char referred_by[SIP_REFERRED_BY_MAX]; /* as it came; "" = not given */
	bool silent;                           /* no NOTIFY wanted, RFC 4488 */
};

enum sip_event_kind {
	SIP_INVITED,   /* new incoming dialog; 100 is already sent */
	SIP_TRYING,    /* 100: the far side has our INVITE */
	SIP_RINGING,   /* 180 */
	SIP_PROGRESS,  /* 181, 182, 183 */
	SIP_ANSWERED,  /* 2xx, ACK already on its way */
	SIP_CONFIRMED, /* our 2xx was ACKed */
	SIP_MEDIA,     /* a re-INVITE or UPDATE changed .media; already answered */
	SIP_IDENTITY,  /* it is another now, or has another name: .connected */
	SIP_REFERRED,  /* .refer: sip_dialog_refer_answer() it */
	SIP_ENDING,    /* CANCEL, BYE, failure or timeout: call sip_dialog_end() */
	SIP_ENDED,     /* last event, exactly once; the pointer dies on return */
};

struct sip_event {
	enum sip_event_kind kind;
	struct sip_dialog *dialog;
	void *user; /* what bind or start stored */
	int status; /* ENDING: SIP status (487 = cancelled, 408 = no answer in time), 0 = BYE */
	int q850;   /* from a Reason header (RFC 3326), else 0 */
	const struct sip_media *media; /* when this event settled or changed it, else NULL */
	const char *peer;              /* INVITED: name of the peer */
	const struct sip_party *called, *calling; /* INVITED */
	const struct sip_redirecting *redirecting; /* INVITED */
	bool data; /* INVITED: its offer is CLEARMODE and nothing else */
	const struct sip_refer *refer;       /* REFERRED */
	const struct sip_replaces *replaces; /* INVITED: in place of that dialog; else NULL */
	const struct sip_party *connected; /* ANSWERED: who a trusted peer says, or NULL; IDENTITY */
	enum sip_early early;              /* RINGING, PROGRESS */
	/* INVITED, RINGING, ANSWERED, ENDING: that came with it; NULL = none */
	const struct sip_user_data *user_data;
};

struct sip_invite {
	const char *peer;   /* name of a configured peer */
	const char *number; /* user part of Request-URI and To */
	const char *subaddress; /* isub of it; NULL = none */
	struct sip_party calling;
	struct sip_redirecting redirecting;
	struct sip_user_data user_data;
	struct sip_local_media local; /* offered */
	/* Of a transfer: values of the headers of that name; NULL = none. */
	const char *replaces, *referred_by;
};

/* Sends INVITE.  0, -ENOENT (no such peer), -ENETUNREACH, -ENOMEM, -EAGAIN (dialogs_max); to a
 * registrar -ENXIO (no such user) and -ESRCH (it is not registered). */
int sip_dialog_start(struct sip_dialog **out, struct sip_agent *a, const struct sip_invite *inv,
		     void *user);
/* Takes an INVITED dialog: events get user from now on, and local is our side of the session.
 * The offer, if there was one, is answered at once: SIP_MEDIA follows with the result, or the
 * dialog refuses with 488 by itself and SIP_ENDING follows.  No offer: ours goes out with the
 * first reliable response (200) and the answer comes with SIP_CONFIRMED (RFC 3261 13.2.1). */
void sip_dialog_accept(struct sip_dialog *d, void *user, const struct sip_local_media *local);
void sip_dialog_bind(struct sip_dialog *d, void *user);
/* Refused or ignored when the dialog's state does not allow them. */
void sip_dialog_ring(struct sip_dialog *d, bool early_media); /* 180, or 183 with our SDP */
void sip_dialog_progress(struct sip_dialog *d);               /* 183 with our SDP */
/* Who answers: P-Asserted-Identity of the 200 that sip_dialog_answer() sends. */
void sip_dialog_connected(struct sip_dialog *d, const struct sip_party *connected);
void sip_dialog_answer(struct sip_dialog *d);                 /* 200 */
/* Our side is another now, or has another name: goes as UPDATE (RFC 4916, RFC 3325) where the peer
 * takes that and may know; as soon as a dialog is there. */
void sip_dialog_identity(struct sip_dialog *d, const struct sip_party *now);
/* User-to-User of the next 18x, final response or BYE. */
void sip_dialog_user_data(struct sip_dialog *d, const struct sip_user_data *u);
/* CANCEL, BYE or a final response, whichever RFC 3261 wants now, with Reason: Q.850 when q850 is
 * not 0.  status 0 = derive 500 for an incoming one not yet answered.  Idempotent.
 * SIP_ENDED always follows, exactly once, in a later turn. */
void sip_dialog_end(struct sip_dialog *d, int status, int q850);
/* Our own address as the far end sees it, port 0. */
void sip_dialog_local_addr(const struct sip_dialog *d, struct sockaddr_storage *out);
/* Re-INVITE: the peer is on hold (true), or no more.  What cannot be said now is said when it can. */
void sip_dialog_hold(struct sip_dialog *d, bool held);
/* 202 and a first NOTIFY, or the status that refuses the REFER. */
void sip_dialog_refer_answer(struct sip_dialog *d, int status);
/* How the transfer goes on, by NOTIFY; 200 and more is the last word.  A sip_dialog_end() that
 * follows waits with its BYE until the peer has heard it. */
void sip_dialog_refer_progress(struct sip_dialog *d, int status);
/* Whom the dialog named by Replaces belongs to: confirmed, and of the same peer as d.  NULL: none. */
void *sip_dialog_replaced(const struct sip_dialog *d, const struct sip_replaces *r);
const char *sip_dialog_call_id(const struct sip_dialog *d);

#endif
