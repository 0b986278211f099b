/* leg.h - what a call knows about either of its two ends.
 *
 * leg_isup.c and leg_sip.c implement it.  A leg never calls the other leg and never frees itself:
 * it posts events to its call (call_post), and obeys verbs.  Every verb is legal in every state of
 * the leg.  Signalling thread.
 */
#ifndef GATEWAY_LEG_H
#define GATEWAY_LEG_H

#include "dialplan/dialplan.h"
#include "gateway/path.h"
#include "isup/bearer.h"
#include "sip/media.h"
#include <stdbool.h>

struct call;
struct conf_audible;
struct leg;

enum { LEG_NAME_MAX = 48, LEG_DISPLAY_MAX = 64 };

enum leg_event {                 /* leg -> call, in the order they can occur */
		 LEG_DIGITS,     /* more of leg->dialled, or it is complete: from-leg only */
		 LEG_PROCEEDING, /* it has all it needs */
		 LEG_ALERTING,
		 LEG_PROGRESS, /* early audio may be there: connect the path */
		 LEG_ANSWERED,
		 LEG_CONFIRMED, /* our answer arrived: from-leg only */
		 LEG_IDENTITY,  /* leg->party is another, or has another name */
		 LEG_MEDIA,     /* its end of the path, or .held, is known or changed */
		 LEG_CLEARING,  /* it wants out; info.cause */
		 LEG_RELEASED,  /* gone; always the last one; info.cause as the peer gave it */
		 LEG_EVENT_COUNT
};

struct leg_party {
	char number[DIAL_NUMBER_MAX];
	char name[LEG_DISPLAY_MAX];              /* UTF-8 */
	bool restricted;                         /* presentation restricted, RFC 3323 privacy */
	uint8_t type_of_number, plan, screening; /* Q.931 values; 0 where SIP gave none */
};

enum { SCREENING_NONE, SCREENING_PASSED, SCREENING_FAILED, SCREENING_NETWORK }; /* Q.931 4.5.10 */

struct leg_redirecting { /* who was called before; reasons of Q.952 */
	unsigned count;  /* 0 = nobody */
	struct leg_party last, original;
	uint8_t reason, original_reason;
};

struct leg_parties { /* of a leg that is begun; lent */
	const struct leg_party *called, *calling;
	const struct leg_redirecting *redirecting;
	const struct isup_purpose *purpose;
	const char *replaces, *referred_by; /* SIP headers of a transfer; NULL = none */
};

struct leg_info {
	int cause;      /* Q.850; the one neutral cause code */
	int sip_status; /* what a SIP peer really said, 0 = none: kept SIP to SIP */
	bool location_user;
	bool inband; /* tones or announcements are on the path, */
	bool promised; /* ... as it was said; nothing of them has come yet */
};

struct leg_ops {          /* call -> leg */
	const char *kind; /* "isdn", "sip" */
	/* Its LEG_PROCEEDING says that the number is complete; else only what comes after does. */
	bool proceeding_ends_number;
	/* Asks the caller for more of the number; false: there will be no more. */
	bool (*more)(struct leg *leg);
	void (*digits)(struct leg *leg, const char *digits); /* more of the called number */
	void (*proceeding)(struct leg *leg);
	void (*alert)(struct leg *leg, bool inband);
	void (*progress)(struct leg *leg, bool inband);
	void (*answer)(struct leg *leg, const struct leg_party *connected); /* NULL: not known */
	/* Who is at the other end now, at any time after the leg began. */
	void (*identity)(struct leg *leg, const struct leg_party *now);
	/* User-user that goes with the next alert, answer or clear; NULL: it takes none. */
	void (*user_data)(struct leg *leg, const struct isup_user_data *u);
	/* Clears, but what the path brings is heard for so long at most: false, it cannot.  NULL:
	 * it never can. */
	bool (*clear_inband)(struct leg *leg, const struct leg_info *why, unsigned ms);
	void (*clear)(struct leg *leg,
		      const struct leg_info *why); /* idempotent; RELEASED follows */
	bool (*has_end)(const struct leg *leg);    /* its end of the path is known */
	/* That end, once; an RTP session moves to the caller. */
	void (*take_end)(struct leg *leg, struct path_end *out);
	/* The path is closed and the leg goes on: what take_end gave, back. */
	void (*give_end)(struct leg *leg, struct path_end *end);
	/* Whoever is on the other leg has put the call on hold (true) or is back. */
	void (*hold)(struct leg *leg, bool held);
	void (*free)(struct leg *leg); /* by the call, after RELEASED */
};

struct leg { /* first member of struct leg_isup, leg_sip */
	const struct leg_ops *ops;
	struct call *call;       /* not owned; set by call_new() */
	char name[LEG_NAME_MAX]; /* "t1-1/7", "sip:7134@cs" - for logs */
	struct worker *worker;   /* that drives the leg's slot; NULL: RTP, any worker will do */
	struct sip_media media;  /* RTP: latest agreed; valid when media_version is not 0 */
	unsigned media_version;  /* grows with each change */
	bool held;               /* its far user is away: we are on hold */
	bool hold_told;          /* hold() was called with true last */
	unsigned end_version;    /* grows when its end becomes another: a path with the old one closes */
	struct call *lent_to;    /* whose path has its end; call_path.c's */
	/* The number the caller dialled, of a leg that got it in parts; incomplete: more may come. */
	char dialled[DIAL_NUMBER_MAX];
	bool incomplete;
	struct leg_party connected; /* who answered, before LEG_ANSWERED, */
	bool connected_known;       /* if its end said so */
	const struct conf_audible *tones; /* what callers from there hear of us; lent */
	bool makes_ringback; /* that includes the ringing tone */
	bool dial_tone;      /* more() promised it until the first digit */
	struct leg_party party;     /* with LEG_IDENTITY */
	struct isup_user_data user_data; /* from its end, until it is passed on */
	int final_cause; /* Q.850 the peer gave or got at the end, 0 = none yet: the record */
};

#endif
