/* trunk_internal.h - what the files of isup/ share about a trunk and its calls.
 *
 *   trunk.c    open and close, frames in and out, libpri's timers, D-channel state
 *   trunk_tell.c  events out
 *   call.c     one call: its life, its timers, the verbs of trunk.h
 *   call_events.c  what libpri says about calls
 *   slots.c    which slot a call gets
 *   call_overlap.c  numbers that come in parts
 *   call_hold.c  calls whose far user is away
 *   call_transfer.c  calls that the far end is to connect by itself
 *   screen.c   messages that libpri must not see
 *   restart.c  RESTART, one at a time
 *   service.c  slots in and out of service
 *   flap.c     a D-channel that comes and goes
 *   backup.c   a primary and a backup D-channel, each with a link of its own (lapd.h)
 *   backup_queue.c  messages that wait for one of them
 *   backup_audit.c  which calls the far side still knows after a switch
 *   call_announce.c  clearing with something to hear
 *   extras.c   elements that libpri neither writes nor reads
 *
 * Rule: libpri is only entered between trunk_enter() and trunk_leave(), and never while it is
 * already running on the same trunk (a frame that arrives meanwhile waits in rx).
 */
#ifndef ISUP_TRUNK_INTERNAL_H
#define ISUP_TRUNK_INTERNAL_H

#include <libpri.h>

#include "gateway/base/log.h"
#include "gateway/base/loop.h"
#include "isup/extras.h"
#include "isup/trunk.h"

/* Q.931 tables 9-1 and 9-2, where the configuration says 0. */
enum {
	T302_MS = 15000,
	T303_MS = 4000,
	T304_MS = 20000,
	T305_MS = 30000,
	T306_MS = 30000,
	T308_MS = 4000,
	T309_MS = 90000,
	T310_MS = 10000,
	T313_MS = 4000,
	T316_MS = 120000,
};

static inline unsigned timer_ms(unsigned configured, unsigned standard)
{
	return configured != 0 ? configured : standard;
}

/* Q.931 call states by their numbers, user's view; the network's N states carry the same. */
enum call_state {
	CALL_INITIATED = 1, /* we sent SETUP */
	CALL_OVERLAP_SENDING = 2, /* we received SETUP ACKNOWLEDGE */
	CALL_OUT_PROCEEDING = 3,
	CALL_DELIVERED = 4,
	CALL_PRESENT = 6,         /* we received SETUP and have answered nothing yet */
	CALL_RECEIVED = 7,        /* we sent ALERTING */
	CALL_CONNECT_REQUEST = 8, /* user side sent CONNECT */
	CALL_IN_PROCEEDING = 9,   /* we sent CALL PROCEEDING */
	CALL_ACTIVE = 10,
	CALL_CLEAR_INDICATION = 12, /* far side sent DISCONNECT, our owner has not cleared yet */
	CALL_CLEARING = 19,         /* we sent DISCONNECT or RELEASE */
	CALL_OVERLAP_RECEIVING = 25, /* we sent SETUP ACKNOWLEDGE */
	CALL_ANNOUNCING = 26,        /* as 12, but what it says is heard first; no number of Q.931 */
	CALL_DISCONNECTED = 27,      /* we sent DISCONNECT, and what we say is heard; likewise */
	CALL_DEAD = 0,              /* libpri has forgotten it; RELEASED is on its way */
};

struct q931_message;

struct isup_call {
	struct isup_trunk *trunk;
	struct isup_call *next;     /* trunk->calls */
	struct isup_call *next_due; /* trunk->due_first */
	void *user;
	q931_call *pri; /* NULL once libpri has freed it */
	enum call_state state;
	bool incoming;
	uint16_t call_reference; /* of an incoming call */
	bool by_us;              /* our owner cleared it: no CLEARING event wanted */
	bool lost_glare;         /* its slot went to a call of the network, Q.931 5.7 */
	unsigned slot;           /* 0 = none yet */
	bool complete;
	struct timer timer; /* T302, T304, T306, T310, T313 or the guard: never two at a time */
	int cause;          /* the first one, -1 = none yet */
	int line_cause;     /* what we cleared with, 0 = we did not */
	bool location_user;
	struct isup_party called, calling;
	struct isup_redirecting redirecting;
	bool tones_only, name_follows;
	struct isup_party connected; /* who answered, here or there */
	bool connected_known;
	struct isup_purpose purpose;         /* as its SETUP said */
	struct isup_user_data user_data;     /* that came, for the next event that can tell it */
	struct isup_user_data user_data_out; /* for the next message that can take it */
	struct extras *extras;               /* NULL = none */
	bool on_hold;         /* HOLD: no slot until RETRIEVE */
	bool away;            /* NOTIFY said so */
	struct isup_call *transfers_with; /* the far end was asked to connect the two */
	struct timer grant_timer;         /* of one of them: until it has, or has not */
	unsigned due;    /* bit per enum isup_event_kind waiting to be told */
	unsigned inband; /* bit per kind */
	char digits_waiting[ISUP_DIGITS_MAX]; /* to be sent once the far side asks */
};

struct isup_slot {
	struct isup_call *call;
	bool restarting, restart_wanted;
	bool out_of_service; /* T308 or T316 expired: the far side may hold a call on it */
	uint64_t used;       /* trunk->uses when its last call ended */
	/* service.c */
	enum isup_service ours, far; /* as ordered here; as its last SERVICE said */
	bool after_call;             /* the far side hears of ours when the call has ended */
	uint8_t told;                /* what it heard last: enum isup_service or UNSURE */
	bool unanswered;
	uint8_t tries;
	uint64_t told_ms;
};

enum {
	RX_QUEUE = 16,
	INTERFACE = 0xffff,   /* in place of a slot: the whole interface, or all of them */
	NO_SUCH_SLOT = 0xfffe, /* one that the far side named */
};
enum { FLAP_LOSSES_MAX = 32 };

struct rx_frame {
	size_t len;
	uint8_t data[ISUP_FRAME_MAX];
};

struct dchan_held;

struct backup_queue {
	struct dchan_held *first, *last;
	unsigned count;
};

struct dchan {
	struct isup_trunk *trunk;
	struct lapd *lapd;
	bool ordered_out; /* here */
	bool leaving;     /* ordered out: goes when the other one is in service */
	bool far_out;     /* by SERVICE from the far side */
};

struct isup_trunk {
	struct loop *loop;
	struct isup_trunk_conf conf;
	struct isup_trunk_ops ops;
	void *arg;
	struct pri *pri;
	struct timer timer; /* libpri's next */

	unsigned entered;        /* inside libpri */
	bool probing;            /* asking about a call that libpri may have freed */
	bool delivering, closed; /* inside ops.event; closed meanwhile */
	struct rx_frame rx[RX_QUEUE];
	unsigned rx_first, rx_count;
	const struct rx_frame *reading; /* the frame libpri may read now */
	uint8_t reading_next;           /* what acknowledges it: its N(S) and one */
	bool reading_accepted;          /* LAPD did, and libpri has read the message in it */
	bool reading_reset;             /* it establishes the link anew, Q.931 5.8.8 */
	bool reading_service;           /* it is a SERVICE message, or the answer to one */
	bool reading_service_ack;       /* the answer */
	bool reading_channel;           /* it has a Channel Identification */
	bool reading_interface;         /* RESTART for the whole interface, whatever else it says */
	bool reading_disconnect;        /* it is DISCONNECT from the side that sent SETUP */
	uint16_t reading_call;          /* its call reference */
	int reading_cause;              /* its Cause, 0 = none */
	bool reading_name_follows;      /* it is a SETUP that announces a name */
	bool reading_location_user;     /* its Cause says "user" */
	bool reading_inband;            /* progress indicator 8 in it */
	struct isup_purpose reading_extras; /* what it says of a call */

	bool line_down[ISUP_INTERFACES_MAX];
	bool up;          /* LAPD */
	bool usable;      /* and has settled */
	bool told_up;     /* what the owner was told last */
	bool was_up;      /* usable, since opening */
	struct timer settle_timer;

	struct isup_call *calls;
	unsigned extras_calls; /* those with extras */
	struct extras_sent sent[EXTRAS_WINDOW];
	struct isup_call *due_first, *due_last;
	struct task deliver;

	struct isup_slot slots[ISUP_SLOTS_MAX + 1];
	unsigned slot_count;
	uint64_t uses;       /* calls that ended, ever */
	unsigned hunted;     /* the slot the last hunt found */
	bool restart_all;        /* the whole interface, before any slot */
	unsigned restart_slot;   /* the one RESTART under way, or INTERFACE; 0 = none */
	unsigned restart_tries;
	bool restart_answered; /* the far side has ever acknowledged one */
	struct timer restart_timer;

	bool drains;
	struct timer service_timer;

	uint64_t loss_ms[FLAP_LOSSES_MAX]; /* ring, losses_seen is the next */
	unsigned losses_seen;
	bool flaps;
	struct timer flap_timer;

	/* backup.c: of a trunk with a backup D-channel; else near is NULL. */
	struct dchan dchan[ISUP_DCHANS];
	struct lapd *near;       /* the other end of libpri's own link */
	int active, asked;       /* D-channel in service; the one the far side is asked for; -1 */
	int emptying;            /* was in service; what it still holds goes first; -1 */
	unsigned asked_times;
	bool was_active;         /* one, since opening */
	uint64_t switch_ms;      /* the last one; what comes over the other soon after is late */
	struct backup_queue held;
	struct timer dchan_timer;

	struct isup_trunk_counts counts;
	struct log_limit refused_log, bad_log, conf_log, service_log, extras_log;
};

/* trunk.c */
void trunk_enter(struct isup_trunk *t);
void trunk_leave(struct isup_trunk *t);
bool trunk_send_frame(struct isup_trunk *t, unsigned interface, const uint8_t *frame, size_t len);
void trunk_read(struct isup_trunk *t, const uint8_t *frame, size_t len); /* libpri does */

/* trunk_tell.c */
void trunk_tell(struct isup_call *c, enum isup_event_kind kind);
void trunk_deliver(struct isup_trunk *t); /* and whether it is up */
void trunk_free(struct isup_trunk *t);

/* call.c */
struct isup_call *trunk_call_find(struct isup_trunk *t, const q931_call *pri);
struct isup_call *trunk_call_named(const struct isup_trunk *t, unsigned reference, bool incoming);
struct isup_call *trunk_call_new(struct isup_trunk *t);
void trunk_call_free(struct isup_call *c);
void trunk_call_set_state(struct isup_call *c, enum call_state state); /* stops its timer */
void trunk_call_note_cause(struct isup_call *c, int cause);            /* the first one stays */
/* A frame on its way out: gives RELEASE after T305 its cause back. */
void trunk_call_mend_release(const struct isup_trunk *t, uint8_t *frame, size_t len);
/* Causes that refuse a SETUP by RELEASE COMPLETE when nothing was answered yet. */
bool trunk_call_cause_refuses(int cause);
/* We clear on our own: the far side gets line_cause, our owner hears owner_cause. */
void trunk_call_clear_by_trunk(struct isup_call *c, int line_cause, int owner_cause);
void trunk_call_start_guard(struct isup_call *c); /* frees a call whose clearing hangs */
void trunk_call_on_no_answer(void *call);         /* T310, and T303 for the second time */
/* Like trunk_call_finish(), but the far side may still hold the slot. */
void trunk_call_finish_unanswered(struct isup_call *c, int cause);
/* After each frame: a DISCONNECT that libpri has dealt with alone. */
void trunk_call_after_disconnect(struct isup_trunk *t);
/* Finds the calls that libpri has freed without an event, and reports them. */
void trunk_call_sweep(struct isup_trunk *t);
/* The call is over on the line: forgets libpri's record at once.  far_cause as in the event. */
void trunk_call_finish(struct isup_call *c, int far_cause);

/* call_overlap.c */
void trunk_call_on_setup_ack(struct isup_call *c, bool inband);
void trunk_call_on_digits(struct isup_call *c, const char *digits, bool complete);
/* Digits may be missing, or come twice: calls whose number is under way are cleared, 5.8.8. */
void trunk_call_end_overlap(struct isup_trunk *t);
/* '#' at the end of a number that begins with a digit: taken off, and the number is complete. */
void trunk_call_end_of_number(struct isup_call *c);

/* call_hold.c */
/* HOLD, RETRIEVE, NOTIFY; false: another event. */
bool trunk_call_on_hold_event(struct isup_trunk *t, const pri_event *ev);

/* call_transfer.c */
void trunk_call_transfer_over(struct isup_call *c, bool by_far); /* it is being cleared */

/* call_events.c */
void trunk_call_on_pri_event(struct isup_trunk *t, const pri_event *ev, bool from_timer);

/* screen.c */
bool screen_forbids(const struct isup_trunk *t, const struct q931_message *m);

/* slots.c */
bool slot_carries(const struct isup_trunk *t, unsigned slot);
/* libpri's channel: number, interface identifier, and whether that is said. */
int slot_to_pri(const struct isup_trunk *t, unsigned slot);
/* 0: none was named; INTERFACE: any, or no single one. */
unsigned slot_from_pri(const struct isup_trunk *t, int channel);
const char *slot_text(const struct isup_trunk *t, unsigned slot); /* "pbx/7", "pbx/1/7"; lent */
bool slot_usable(const struct isup_trunk *t, unsigned slot);
unsigned slot_pick(struct isup_trunk *t, const struct isup_slot_set *avoid); /* 0 = none free */
void slot_take(struct isup_call *c, unsigned slot);
void slot_drop(struct isup_call *c);
/* Where an incoming SETUP goes: the slot, or 0 with the cause to refuse it with. */
unsigned slot_for_setup(struct isup_trunk *t, int channel, bool flexible, int *cause);
/* The far side named a slot in its answer to our SETUP.  False: it cannot be had. */
bool slot_for_answer(struct isup_call *c, int channel);

/* restart.c */
/* Adds to those under way: one slot, or all that may carry calls. */
void restart_begin(struct isup_trunk *t, unsigned slot);
void restart_begin_each(struct isup_trunk *t);
void restart_resume(struct isup_trunk *t); /* those that wait for the link */
void restart_begin_interface(struct isup_trunk *t);
void restart_stop(struct isup_trunk *t);
/* RESTART was sent for it, alone or with all others, and is not answered yet. */
bool restart_holds(const struct isup_trunk *t, unsigned slot);
void restart_on_ack(struct isup_trunk *t, int channel);
void restart_on_request(struct isup_trunk *t, int channel);
/* Whether the message stands for RESTART of the interface, or of all; then what makes it one is in
 * *out. */
bool restart_is_whole(const struct isup_trunk *t, const struct q931_message *m,
		      struct elements *out);

/* service.c */
void service_update(struct isup_trunk *t); /* tells the far side what it does not know yet */
void service_unsure(struct isup_trunk *t, unsigned slot); /* what the far side knows may be lost */
void service_stop(struct isup_trunk *t);                  /* the link is lost */
void service_on_message(struct isup_trunk *t, int channel, int status);
void service_on_interface(struct isup_trunk *t, enum isup_service status);
void service_on_ack(struct isup_trunk *t, int channel, int status);
void service_on_use(struct isup_trunk *t, unsigned slot); /* by a SETUP of the far side */

/* flap.c */
void flap_on_down(struct isup_trunk *t);
void flap_on_up(struct isup_trunk *t);

/* backup.c */
int backup_open(struct isup_trunk *t); /* 0 or -ENOMEM */
void backup_start(struct isup_trunk *t);
void backup_close(struct isup_trunk *t);
void backup_from_libpri(struct isup_trunk *t, const uint8_t *frame, size_t len);
void backup_from_line(struct isup_trunk *t, unsigned interface, const uint8_t *frame, size_t len);
void backup_on_line(struct isup_trunk *t); /* a line failed or came back */

/* backup_queue.c */
void backup_hold(struct isup_trunk *t, const uint8_t *message, size_t len);
void backup_hold_after(struct isup_trunk *t, const struct backup_queue *later); /* moves in */
void backup_send_held(struct isup_trunk *t); /* when a D-channel is there for it */
void backup_drop_held(struct isup_trunk *t);
/* A layer 3 message on the D-channel in service, or on the next one that is. */
void backup_message(struct isup_trunk *t, const uint8_t *message, size_t len);
/* So much waits to be sent that the timers of one call more would end before its turn came. */
bool backup_is_congested(const struct isup_trunk *t);

/* backup_audit.c */
void backup_audit(struct isup_trunk *t);

#endif
