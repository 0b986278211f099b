/* call.h - two legs and the one state table that joins them.
 *
 *   A number that comes in parts waits in COLLECTING, before OFFERED: the plan says when it is enough,
 *   and again when a SIP peer said 484, RFC 3578.
 *
 *             FROM_SETUP +-----------+  TO_PROCEEDING, TO_PROGRESS  +------------+
 *   call_new() --------> |  OFFERED  | ---------------------------> | PROCEEDING |
 *    (NEW)   begin()     +-----------+                              +------------+
 *                              |  TO_ALERTING: alert()                    |
 *                              v                                          v
 *                        +---------------------------------------------------+
 *                        |                     ALERTING                      |
 *                        +---------------------------------------------------+
 *                              | TO_ANSWERED (from any state above): answer()
 *                              v
 *                        +-----------+  CALL_REFERRED     +--------------+
 *                        | CONNECTED | -----------------> | TRANSFERRING |
 *                        +-----------+ <----------------- +--------------+
 *                              |          CALL_REFER_OVER        |
 *                              | CLEARING, RELEASED of either leg, CALL_TIMEOUT, a refusal
 *                              v (from any state above): call_clear()
 *                              |   But before the answer, where the caller is to hear why: FAILING,
 *                              |   for failure_tone_ms or until it hangs up.
 *                        +----------+  both legs RELEASED and CALL_PATH_CLOSED
 *                        | CLEARING | ---------------------------------------> recorded, freed
 *                        +----------+
 *
 * Signalling thread.  A call owns its legs and its path; the gateway owns calls.
 */
#ifndef GATEWAY_CALL_H
#define GATEWAY_CALL_H

#include "dialplan/dialplan.h"
#include "gateway/base/loop.h"
#include "gateway/leg.h"
#include "tdm/echo.h"
#include <stdint.h>
#include <uthash.h>

enum call_state {
	CALL_NEW,
	CALL_COLLECTING,
	CALL_OFFERED,
	CALL_PROCEEDING,
	CALL_ALERTING,
	CALL_FAILING,
	CALL_CONNECTED,
	CALL_TRANSFERRING, /* .referrer asked to be replaced: it may leave without ending the call */
	CALL_CLEARING,
	CALL_STATE_COUNT
};

enum call_event { /* FROM_ = leg that began the call, TO_ = the other */
		  FROM_SETUP,
		  FROM_DIGITS,
		  FROM_CONFIRMED,
		  FROM_IDENTITY,
		  FROM_MEDIA,
		  FROM_CLEARING,
		  FROM_RELEASED,
		  TO_PROCEEDING,
		  TO_ALERTING,
		  TO_PROGRESS,
		  TO_ANSWERED,
		  TO_IDENTITY,
		  TO_MEDIA,
		  TO_CLEARING,
		  TO_RELEASED,
		  CALL_TIMEOUT,
		  CALL_PATH_CLOSED,
		  CALL_REFERRED,   /* .referrer asks for a transfer */
		  CALL_REFER_OVER, /* that failed */
		  CALL_JOINED,     /* call_swap() left here what nobody needs any more */
		  CALL_EVENT_COUNT
};

/* What a call needs of the gateway; lent for the call's life. */
struct call_env {
	struct loop *loop;
	const struct dialplan *plan; /* may be exchanged while calls run */
	unsigned setup_timeout_ms, answer_timeout_ms;
	struct worker *worker;     /* for paths without a slot */
	const struct music *music; /* for who is on hold; NULL: silence */
	/* Makes the second leg and sets c->to.  0 or the Q.850 cause of the refusal. */
	int (*start)(void *arg, struct call *c, const struct dial_answer *answer);
	void (*path_opened)(void *arg, struct call *c); /* optional */
	void (*clearing)(void *arg, struct call *c);    /* optional: it is on its way out */
	/* For a call with replaced_call: the leg that began it goes there.  The cause it ends with. */
	int (*take_over)(void *arg, struct call *c);
	/* Whether a call may start there before its number is complete.  NULL: never. */
	bool (*starts_early)(void *arg, const struct dial_answer *answer);
	void (*ended)(void *arg, struct call *c); /* last look; the call is freed on return */
	void *arg;
};

enum { CALL_QUEUE = 24, CALL_QUEUE_BENIGN = 16 };

struct call_queued {
	struct leg *leg; /* whose event it is, whichever side that is on by then; NULL: the call's */
	enum leg_event leg_event;
	enum call_event own;
	struct leg_info info;
};

struct call {
	uint32_t id;           /* in every log line of the call; not 0 */
	enum call_state state; /* changed only by call_dispatch() */
	const struct call_env *env;
	struct leg *from, *to; /* owned; NULL when not made yet or after RELEASED */
	char from_name[LEG_NAME_MAX], to_name[LEG_NAME_MAX]; /* outlive the legs */
	int from_cause, to_cause; /* Q.850 each side gave or got; 0 = none */
	char source[DIAL_NAME_MAX],
		source_group[DIAL_NAME_MAX]; /* trunk or peer the call came from */
	char target[DIAL_NAME_MAX];          /* trunk, group or peer it went to */
	struct leg_party called, calling;    /* as the plan rewrote them, once it did */
	struct leg_redirecting redirecting;
	struct isup_purpose purpose;         /* bearer, and what passes as it came */
	char dialled[DIAL_NUMBER_MAX];       /* as it came */
	bool growing;     /* the second leg was started before the number was complete */
	bool too_short;   /* ... and said so: c->dialled is not to be tried again */
	bool cut_through; /* the caller is to hear the other end: answered, or told of tones there */
	bool audible; /* ... and what is to be heard there has come, or is sure to */
	unsigned rule_line;                  /* that decided; 0 = none */
	struct leg_info why;                 /* first cause wins; cause 0 while alive */
	struct path *path;                   /* owned; run by path_worker until CALL_PATH_CLOSED */
	struct worker *path_worker;
	bool path_closing;
	enum tone_kind tone; /* what the path plays to from; see call_tones.h */
	struct leg *path_leg[2];  /* whose end the path has there; NULL: gone, or music */
	unsigned path_version[2]; /* ... as that leg's end_version was */
	unsigned media_set[2]; /* what the path has of each leg's media, see call_path.c */
	bool has_rtp[2];       /* rtp[i] was filled when the path closed */
	struct rtp_counts rtp[2];
	bool has_echo[2]; /* echo[i] was filled when the path closed */
	struct echo_report echo[2];
	bool no_rtp[2]; /* that side sends none, though it should */
	uint64_t start_ms, alert_ms, answer_ms, clear_ms; /* loop time; 0 = did not happen */
	/* transfer: see transfer.h */
	uint32_t replaced_call; /* it was made to take a leg's place in that call; 0 = it was not */
	struct leg *replaced;   /* that leg, if the call still has it */
	struct leg *referrer;        /* TRANSFERRING: who asked, while it is there */
	struct leg_party transferee; /* is told as the caller once the plan has let calling pass; */
	bool has_transferee;         /* .. if there is one */
	const char *replaces;        /* lent until the second leg is started; NULL: none */
	const char *referred_by;     /* likewise */
	unsigned transfers;          /* that led here, one after the other */
	bool joined;                 /* its legs have met by a transfer */
	bool dissolved;              /* ... and are what that left over: CALL_JOINED is on its way */
	struct timer timer;
	struct task run;
	struct call_queued queue[CALL_QUEUE];
	unsigned queue_first, queue_count;
	UT_hash_handle hh; /* of the gateway's table, by id */
};

/* A call around the leg that began it (moves in) with source, called and calling filled in by the
 * caller afterwards; call_post(FROM_SETUP) starts it.  0 or -ENOMEM. */
int call_new(struct call **out, uint32_t id, const struct call_env *env, struct leg *from);

/* Queues an event of a leg; runs it, and what it causes, at the end of the turn. */
void call_post(struct leg *leg, enum leg_event ev, const struct leg_info *info);
/* FROM_SETUP, CALL_*; info may be NULL. */
void call_post_own(struct call *c, enum call_event ev, const struct leg_info *info);
void call_run_later(struct call *c); /* what is queued; frees it when it is over */

/* Applies one event now; only the queue and the tests call it. */
void call_dispatch(struct call *c, enum call_event ev, const struct leg_info *info);

/* Exchanges two legs of two calls, with what is queued of each; their paths follow by themselves.
 * Which: &call->from or &call->to. */
void call_swap(struct call *a, struct leg **a_leg, struct call *b, struct leg **b_leg);
/* Whether an event of that leg waits in the queue of its call. */
bool call_is_queued(const struct call *c, const struct leg *leg, enum leg_event ev);

/* Clears both legs with a cause from outside the protocols (operator, shutdown). */
void call_clear(struct call *c, int q850_cause);

/* Frees without telling anybody; for shutdown, after the workers stopped. */
void call_destroy(struct call *c);

const char *call_state_name(enum call_state s);
const char *call_event_name(enum call_event e);

/* "call 42 t1-1/7 -> sip:7134@cs" into out; returns out. */
const char *call_title(const struct call *c, char *out, size_t out_size);

#endif
