/* trunk.h - ISDN signalling on one span, or on several with one D-channel (Q.921/Q.931 by libpri).
 *
 * The only code that includes <libpri.h> is isup/.  libpri keeps static state, so every trunk of
 * the process lives on the one signalling thread.  A trunk knows frames and calls; it does not
 * know spans, SIP or media.
 *
 *   null --SETUP--> present --CALL PROCEEDING--> proceeding --ALERTING--> alerting
 *
 *   alerting --CONNECT--> active
 *
 *   any state --DISCONNECT, RELEASE, timer, D-channel lost--> clearing --> RELEASED
 *
 * With overlap a SETUP may come with a part of the number, or none: .complete is false then.
 * isup_call_more() asks for the rest (SETUP ACKNOWLEDGE); DIGITS brings what came, and .complete
 * when the far side said so, '#' was dialled, or nothing came for T302.  A number that begins with
 * a digit ends at '#'; one that begins with * or # has it as any other.
 *
 * DISCONNECT with progress indicator 8 brings an announcement (Q.931 5.3.4.1): where the caller can
 * hear it, PROGRESS with .inband is told and the call goes on until the far side releases it or
 * T306 ends; then CLEARING comes.
 *
 * A call that its owner did not clear itself is told CLEARING, with the cause, before RELEASED;
 * after RELEASE or a lost D-channel the two come together.  One that lost its slot to a call of
 * the network (Q.931 5.7) is cleared with cause 44: it may be tried again.
 *
 * Ownership: the trunk owns its calls.  A struct isup_call * is good from the event or call that
 * gave it until ISUP_RELEASED for it returned.  Strings and pointers in events are lent.
 * Re-entry: every function may be called from inside an event; events for what it causes come in a
 * later turn of the loop, never from inside the function.
 * ops.send may be called from inside every function, isup_trunk_open() included (*out is good by
 * then); a frame that answers it may be given to isup_trunk_receive() from there.
 */
#ifndef ISUP_TRUNK_H
#define ISUP_TRUNK_H

#include "isup/bearer.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct isup_trunk;
struct isup_call;

enum {
	ISUP_DIGITS_MAX = 32,
	ISUP_NAME_MAX = 64,
	ISUP_SLOTS = 24, /* of an interface */
	ISUP_INTERFACES_MAX = 20,
	ISUP_SLOTS_MAX = ISUP_INTERFACES_MAX * ISUP_SLOTS,
	ISUP_FRAME_MAX = 264,
};

/* A trunk's slots are counted through its interfaces: 1..24 are those of the first, 25..48 those of
 * the second.  0 = none. */
static inline unsigned isup_slot(unsigned interface, unsigned slot)
{
	return interface * ISUP_SLOTS + slot;
}

static inline unsigned isup_slot_interface(unsigned slot) /* slot is not 0 */
{
	return (slot - 1) / ISUP_SLOTS;
}

static inline unsigned isup_slot_number(unsigned slot) /* on its interface; slot is not 0 */
{
	return (slot - 1) % ISUP_SLOTS + 1;
}

struct isup_slot_set {
	uint32_t interface[ISUP_INTERFACES_MAX]; /* bit n = slot n of it */
};

static inline void isup_slot_set_add(struct isup_slot_set *set, unsigned slot)
{
	set->interface[isup_slot_interface(slot)] |= 1u << isup_slot_number(slot);
}

static inline bool isup_slot_set_has(const struct isup_slot_set *set, unsigned slot)
{
	return (set->interface[isup_slot_interface(slot)] >> isup_slot_number(slot) & 1u) != 0;
}

enum isup_side { ISUP_USER, ISUP_NETWORK };
enum isup_switch { ISUP_NI2, ISUP_5ESS, ISUP_DMS100, ISUP_4ESS, ISUP_QSIG, ISUP_EUROISDN };
enum isup_hunt { ISUP_ASCENDING, ISUP_DESCENDING, ISUP_LONGEST_IDLE, ISUP_ROUND_ROBIN };
enum isup_channel { ISUP_PREFERRED, ISUP_EXCLUSIVE }; /* how our SETUP names its slot */
/* Change Status of SERVICE messages, by its values. */
enum isup_service { ISUP_IN_SERVICE, ISUP_MAINTENANCE, ISUP_OUT_OF_SERVICE };
/* Which SETUPs may come without the whole number: bit 0 those we get, bit 1 those we send. */
enum isup_overlap { ISUP_EN_BLOC, ISUP_OVERLAP_RECEIVE, ISUP_OVERLAP_SEND, ISUP_OVERLAP_BOTH };
/* When tones or announcements are taken to be on the channel before the answer, and told of. */
enum isup_early_audio {
	ISUP_EARLY_NEVER,
	ISUP_EARLY_INBAND,    /* progress indicator 8 */
	ISUP_EARLY_INDICATED, /* 1, 2 or 8 */
	ISUP_EARLY_ALWAYS,    /* ALERTING and PROGRESS without one as well */
};

struct isup_interface {
	uint8_t id;            /* interface identifier, Q.931 4.5.13 octet 3.1 */
	uint32_t bearer_slots; /* bit n = slot n may carry calls */
};

struct isup_trunk_conf {
	char name[16];
	enum isup_side side;
	enum isup_switch switch_type;
	uint32_t bearer_slots; /* bit n = slot n may carry calls; with interfaces: see there */
	/* Non-facility associated signalling: channels are named with their interface.  The first
	 * interface has the D-channel.  0 = one interface, which goes without a name. */
	unsigned interface_count;
	struct isup_interface interfaces[ISUP_INTERFACES_MAX];
	unsigned backup; /* the interface of the backup D-channel, 0 = there is none */
	enum isup_hunt hunt;   /* the two sides should hunt in opposite order */
	enum isup_channel channel;
	bool restart_on_start; /* RESTART each channel when the D-channel first comes up, Q.931 5.5
				*/
	bool restart_interface; /* then by one RESTART for the whole interface */
	bool service;           /* SERVICE messages, where the dialect has them */
	/* More losses of the D-channel than this within the window, and new calls wait until it
	 * stayed up for the hold time; 0 = never. */
	unsigned flap_losses, flap_window_ms, flap_hold_ms;
	unsigned t316_ms;      /* 0 = the standard's two minutes */
	unsigned n316;         /* RESTART is repeated so many times */
	unsigned t309_ms;      /* D-channel loss survived by live calls, Q.931 5.8.8; 90000 */
	enum isup_overlap overlap;
	enum isup_early_audio early_audio;
	bool hold;             /* HOLD is accepted */
	bool transfer;         /* isup_call_transfer() asks the far end */
	bool hold_notify;      /* isup_call_notify_hold() sends NOTIFY */
	bool disconnect_audio; /* announcements with DISCONNECT are heard to their end */
	bool user_to_user;     /* user-user elements are passed on, both ways */
	bool line_information; /* likewise originating line information */
	unsigned t303_ms, t305_ms, t308_ms, t310_ms, t313_ms; /* 0 = the standard's value */
	unsigned t302_ms, t304_ms, t306_ms;
};

void isup_trunk_conf_default(struct isup_trunk_conf *conf);

struct isup_party {
	char digits[ISUP_DIGITS_MAX]; /* "" = not given */
	uint8_t type_of_number; /* Q.931 4.5.10 values: 0 unknown, 1 international, 2 national, 4
				   subscriber */
	uint8_t plan;           /* 0 unknown, 1 ISDN E.164, 9 private */
	uint8_t presentation;   /* 0 allowed, 1 restricted, 2 not available */
	uint8_t screening; /* 0 not screened, 1 verified and passed, 2 failed, 3 network provided */
	char name[ISUP_NAME_MAX]; /* UTF-8; "" = none */
};

/* Redirecting number, Q.952 figure 6-2: why a call was sent on. */
enum isup_redirect_reason {
	ISUP_REDIRECT_UNKNOWN = 0,
	ISUP_REDIRECT_BUSY = 1,
	ISUP_REDIRECT_NO_REPLY = 2,
	ISUP_REDIRECT_DEFLECTION = 4,
	ISUP_REDIRECT_OUT_OF_ORDER = 9,
	ISUP_REDIRECT_BY_CALLED = 10,
	ISUP_REDIRECT_UNCONDITIONAL = 15,
};

struct isup_redirecting {
	unsigned count;             /* how often, 0 = never */
	struct isup_party last;     /* who sent the call on to us */
	struct isup_party original; /* who was called first; nobody when that is last */
	uint8_t reason, original_reason;
};

enum isup_event_kind {
	ISUP_SETUP,  /* new incoming call: bind and proceed, or isup_call_clear() it */
	ISUP_NAME,   /* the calling name that SETUP announced (NI-2) is in .calling.name */
	ISUP_DIGITS, /* overlap: more called digits in .called.digits (all so far) */
	ISUP_MORE,   /* overlap: the far side wants isup_call_digits(); the slot is known */
	ISUP_PROCEEDING,
	ISUP_ALERTING,
	ISUP_PROGRESS,
	ISUP_CONNECT,  /* far side answered */
	ISUP_PARTY,    /* another one is at the far end, by transfer: .connected */
	ISUP_HOLD,     /* isup_call_held() changed, and with HOLD the slot: 0 until RETRIEVE */
	ISUP_CLEARING, /* far side wants out, cause set; isup_call_clear() it */
	ISUP_RELEASED, /* last event of a call, exactly once; the pointer dies on return */
	ISUP_TRUNK_UP,
	ISUP_TRUNK_DOWN, /* D-channel; call == NULL */
};

struct isup_event {
	enum isup_event_kind kind;
	struct isup_call *call;
	void *user;         /* what isup_call_bind() or isup_call_start() stored, else NULL */
	unsigned slot;      /* isup_slot(); 0 = none yet */
	int cause;          /* Q.850; CLEARING and RELEASED */
	bool location_user; /* cause was set by the far user, not a network */
	bool inband;        /* tones or announcements on the channel, as conf.early_audio takes it */
	bool complete;      /* SETUP, DIGITS: number is known to be complete */
	enum isup_bearer bearer;
	const struct isup_purpose *purpose; /* SETUP: what it says beside numbers */
	/* ALERTING, CONNECT, CLEARING, RELEASED: user-user that came with it; NULL = none */
	const struct isup_user_data *user_data;
	struct isup_party called, calling;
	struct isup_redirecting redirecting; /* SETUP */
	bool tones_only; /* SETUP: progress indicator 1 or 3, the caller is not of the ISDN */
	bool name_follows; /* SETUP: the calling name comes in a FACILITY (NI-2) */
	const struct isup_party *connected;  /* CONNECT: who answered; NULL = not told; PARTY */
};

struct isup_trunk_ops { /* lent by the owner; arg is given back to each */
	void (*event)(void *arg, const struct isup_event *ev);
	/* Puts one frame (address, control, information; no FCS) on the D-channel of the interface.
	 * False: refused, LAPD repeats it. */
	bool (*send)(void *arg, unsigned interface, const uint8_t *frame, size_t len);
	/* Every frame that really went out or came in, for traces; may be NULL. */
	void (*trace)(void *arg, unsigned interface, bool sent, const uint8_t *frame, size_t len);
};

/* 0 or -errno, *out = NULL on failure.  conf is copied.  The D-channel starts at once. */
int isup_trunk_open(struct isup_trunk **out, struct loop *loop, const struct isup_trunk_conf *conf,
		    const struct isup_trunk_ops *ops, void *arg);
/* Frees calls too, without telling: their owner must have seen RELEASED or be going away itself. */
void isup_trunk_close(struct isup_trunk *t);
/* Values that may change while calls run: hunt, bearer_slots (a removed slot drains), timers. */
void isup_trunk_reconfigure(struct isup_trunk *t, const struct isup_trunk_conf *conf);

/* A frame from the D-channel of the interface. Any octets are legal; bad ones are counted and
 * dropped. */
void isup_trunk_receive(struct isup_trunk *t, unsigned interface, const uint8_t *frame, size_t len);
/* Whether the interface's line can carry frames (span alarms).  Down takes its slots from new calls
 * and its D-channel out of service where there is another; else LAPD and T309 decide about calls. */
void isup_trunk_line(struct isup_trunk *t, unsigned interface, bool up);

bool isup_trunk_up(const struct isup_trunk *t); /* LAPD established */
const char *isup_trunk_name(const struct isup_trunk *t);

enum isup_slot_state {
	ISUP_SLOT_NONE,
	ISUP_SLOT_IDLE,
	ISUP_SLOT_BUSY, /* whatever comes after its call */
	ISUP_SLOT_RESTARTING,
	ISUP_SLOT_OUT_OF_SERVICE, /* by a fault: clearing or RESTART was not answered */
	ISUP_SLOT_OUT_BY_US,      /* by isup_trunk_order() or isup_trunk_drain() */
	ISUP_SLOT_OUT_BY_FAR,     /* by SERVICE from the far side */
	ISUP_SLOT_MAINTENANCE,    /* by either */
	ISUP_SLOT_NO_LINE,        /* its interface's line failed */
};
enum isup_slot_state isup_trunk_slot(const struct isup_trunk *t, unsigned slot);
/* It takes no call after the one it has. */
bool isup_trunk_slot_leaves(const struct isup_trunk *t, unsigned slot);

/* What an operator does with a slot.  It holds until the opposite is ordered, over any loss of the
 * D-channel; the far side is told by SERVICE, again whenever the link comes back. */
enum isup_order {
	ISUP_ORDER_IN,
	ISUP_ORDER_OUT,      /* told at once; a call on it goes on as far as we are concerned */
	ISUP_ORDER_DRAIN,    /* told when the call on it, if any, has ended */
	ISUP_ORDER_MAINTAIN, /* as OUT, but for maintenance */
	ISUP_ORDER_RESTART,  /* ends a call on it, cause 41, and sends RESTART */
};
/* 0, or -ENOENT: no slot for calls. */
int isup_trunk_order(struct isup_trunk *t, unsigned slot, enum isup_order order);
/* All slots as by ISUP_ORDER_DRAIN; afterwards they are what they were. */
void isup_trunk_drain(struct isup_trunk *t, bool drain);
bool isup_trunk_drains(const struct isup_trunk *t);
/* RESTART of the whole interface: ends every call, cause 41. */
void isup_trunk_restart(struct isup_trunk *t);
/* Whether the far side can be told by SERVICE: not in QSIG and EuroISDN. */
bool isup_trunk_has_service(const struct isup_trunk *t);
/* The D-channel came and went too often: no new calls until it has been up for a while. */
bool isup_trunk_flaps(const struct isup_trunk *t);

/* D-channels of a trunk that has a backup: the primary is 0, the backup 1. */
enum { ISUP_DCHANS = 2 };
enum isup_dchan_state {
	ISUP_DCHAN_OUT_OF_SERVICE, /* no data link, or its line failed */
	ISUP_DCHAN_STANDBY,        /* data link up */
	ISUP_DCHAN_WAITING,        /* the far side is asked to take it into service */
	ISUP_DCHAN_IN_SERVICE,
	ISUP_DCHAN_OUT_BY_US, /* "manual out of service" */
	ISUP_DCHAN_OUT_BY_FAR,
};
struct isup_dchan {
	unsigned interface; /* its index */
	uint8_t id;         /* its identifier */
	enum isup_dchan_state state;
};
/* False: there is no such D-channel, as in a trunk without a backup. */
bool isup_trunk_dchan(const struct isup_trunk *t, unsigned dchan, struct isup_dchan *out);
/* Asks the far side to go over to the D-channel that stands by.  0, or -ENOTSUP: no backup,
 * -ENETDOWN: the other is not in standby, -EALREADY: a switch is under way.  counts.dchan_switches
 * says when it is done; when the far side does not answer, all stays as it is. */
int isup_trunk_dchan_switch(struct isup_trunk *t);
bool isup_trunk_dchan_switching(const struct isup_trunk *t);
/* Out of service until ordered in again; first the other one comes into service.  As above. */
int isup_trunk_dchan_order(struct isup_trunk *t, unsigned dchan, bool in);

struct isup_trunk_counts {
	uint64_t frames_in, frames_out, frames_bad;
	uint64_t setups_in, setups_out, glare, dchan_downs;
	uint64_t setups_refused; /* of setups_in: no such slot, slot busy, no memory */
	uint64_t retries;        /* of setups_out: again, after another slot was refused */
	uint64_t restarts_in, restarts_out, service_in, service_out;
	uint64_t notifies_in;
	/* Two calls that could be one of the far end's own: it was asked to make it so, it did, it
	 * did not or could not be asked. */
	uint64_t transfers_asked, transfers_granted, tromboned;
	uint64_t flaps; /* times that new calls had to wait */
	uint64_t dchan_switches;               /* to the other D-channel */
	uint64_t audits_asked, audits_answered; /* STATUS ENQUIRY of calls after a switch */
	unsigned calls;          /* now */
};
void isup_trunk_counts(const struct isup_trunk *t, struct isup_trunk_counts *out);

struct isup_setup {
	struct isup_party called, calling;
	/* To EuroISDN and QSIG whole; to the others the last redirecting number and its reason. */
	struct isup_redirecting redirecting;
	struct isup_purpose purpose;
	bool complete; /* Sending Complete; else isup_call_digits() may bring more */
	bool again;     /* counted as a retry */
	struct isup_slot_set avoid; /* those that were refused before */
};

/* Sends SETUP on a free slot.  0, -EBUSY (no free slot), -ENETDOWN, -ENOMEM.  user is given back
 * in events. */
int isup_call_start(struct isup_call **out, struct isup_trunk *t, const struct isup_setup *setup,
		    void *user);
void isup_call_bind(struct isup_call *c, void *user);
unsigned isup_call_slot(const struct isup_call *c); /* 0 = not known yet */
/* An incoming call whose number is not complete: SETUP ACKNOWLEDGE, DIGITS follows.  inband: there is
 * dial tone, progress indicator 8.  False: the far side has said that no more will come. */
bool isup_call_more(struct isup_call *c, bool inband);
/* More of the number of a call that was started without all of it: INFORMATION.  Kept until the far
 * side asks; nothing once it has enough. */
void isup_call_digits(struct isup_call *c, const char *digits);
void isup_call_proceeding(struct isup_call *c);
void isup_call_alerting(struct isup_call *c, bool inband); /* inband: progress indicator 8 */
void isup_call_progress(struct isup_call *c, bool inband);
/* Who answers: what isup_call_answer() then tells, where the switch type has an element for it
 * (NI2, EuroISDN, QSIG). */
void isup_call_connected(struct isup_call *c, const struct isup_party *connected);
void isup_call_answer(struct isup_call *c);
/* Another one is at our end of an active call, by transfer: told by FACILITY where the switch type
 * has it (EuroISDN, QSIG), by nothing on the others. */
void isup_call_identity(struct isup_call *c, const struct isup_party *now);
/* User-user that goes with the next ALERTING, CONNECT or clearing message. */
void isup_call_user_data(struct isup_call *c, const struct isup_user_data *u);
/* The far user is away, by HOLD or as NOTIFY says: on HOLD the call has no slot either. */
bool isup_call_held(const struct isup_call *c);
/* Two active calls of one trunk that are connected here: asks the far end to connect them there.
 * Granted, both are cleared; if not, they go on.  False: not asked. */
bool isup_call_transfer(struct isup_call *a, struct isup_call *b);
/* HOLD and RETRIEVE of our own, any channel will do; ISUP_HOLD follows when they are accepted.  The
 * gateway sends none: it is what a PBX does. */
void isup_call_hold(struct isup_call *c);
void isup_call_retrieve(struct isup_call *c);
/* Tells the far side that our user put the call on hold, or took it back. */
void isup_call_notify_hold(struct isup_call *c, bool held);
/* Sends DISCONNECT, RELEASE or RELEASE COMPLETE, whichever Q.931 wants now.  Idempotent.
 * ISUP_RELEASED always follows, exactly once, in a later turn. */
void isup_call_clear(struct isup_call *c, int q850_cause);
/* DISCONNECT with progress indicator 8, Q.931 5.3.4.1: the slot stays, for a tone or an announcement
 * of most_ms (0: as long as T306, which it cannot exceed), until the far side releases the call or
 * the time is over; RELEASED follows as ever, and isup_call_clear() changes nothing.  False: nothing
 * was sent, as it cannot be heard, or this side may not; clear the call instead. */
bool isup_call_clear_inband(struct isup_call *c, int q850_cause, unsigned most_ms);

/* The user of the call a frame is about, lent; NULL = none, or not bound yet.  Any octets. */
void *isup_trunk_frame_user(const struct isup_trunk *t, bool sent, const uint8_t *frame,
			    size_t len);

/* One line for people: "SETUP cr 5 ch 1 7101 -> 7134", "RR", "DISCONNECT cr 5 cause 16 ...".
 * Any octets are legal.  Returns out. */
const char *isup_frame_text(const uint8_t *frame, size_t len, char *out, size_t out_size);

#endif
