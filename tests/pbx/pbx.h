/* pbx.h - the simulated PBX: spans, phones, calls.
 *
 * One thread, one loop.  pbx_span.c moves octets and frames, pbx_call.c lives a call, report.c says
 * how it was, load.c places many.  The PBX owns all; a call is freed when its trunk released it.
 */
#ifndef PBX_PBX_H
#define PBX_PBX_H

#include "gateway/base/loop.h"
#include "isup/trunk.h"
#include "tdm/span.h"
#include "tests/pbx/audio.h"
#include "tests/pbx/script.h"
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct pbx;
struct load;

struct pbx_flow { /* of the D-channel, one direction */
	uint64_t frames;
	uint64_t octets;      /* address to information, without FCS and flags */
	uint64_t line_octets; /* with FCS and one flag: what they take of the 64 kbit/s at least,
			       * zero-bit stuffing not counted */
	uint64_t info_frames; /* I frames: those that carry Q.931 */
	uint64_t info_octets;
};

struct pbx_span {
	struct pbx *pbx;
	struct script_span conf;
	struct tdm_span *tdm;
	struct isup_trunk *trunk; /* of its group, whose first span owns it */
	struct pbx_span *first;   /* of the group, itself when it is alone */
	struct pbx_span *member[ISUP_INTERFACES_MAX]; /* of the first: all, by interface */
	unsigned interface;                           /* in the group */
	uv_poll_t poll;
	bool polling;
	bool announces;    /* each DISCONNECT says that tones follow, Q.931 5.3.4.1 */
	bool dchan_silent; /* D-channel cut both ways, as a test wants it */
	bool up;           /* D-channel */
	unsigned alarms;   /* as last seen */
	struct pbx_flow sent, received;
	struct pbx_call *slot[TDM_SLOTS + 1]; /* calls with audio */
	struct timer watch;                   /* looks for alarms also when no packet comes */
};

struct pbx_phone {
	struct phone_conf conf;
	unsigned index; /* order in the script; makes its own tone */
	unsigned calls;
};

enum pbx_time {
	PBX_SETUP,
	PBX_PROCEEDING,
	PBX_ALERTING,
	PBX_PROGRESS,
	PBX_CONNECT,
	PBX_CLEARING,
	PBX_RELEASED,
	PBX_TIMES
};

struct pbx_call {
	struct pbx_call *next, *prev;
	struct pbx *pbx;
	unsigned id;
	struct pbx_span *span;
	struct pbx_phone *phone; /* NULL = a number nobody has, or a call of the load */
	struct load *load;       /* NULL = of a phone */
	struct isup_call *isup;
	unsigned slot;
	bool outgoing, answered, inband;
	bool near_cleared; /* we cleared first */
	int cause;         /* that cleared it */
	bool location_user;
	struct isup_party called, calling;
	struct isup_redirecting redirecting;
	struct isup_party connected; /* who answered, there */
	bool connected_known;
	uint64_t at_us[PBX_TIMES]; /* monotonic; 0 = did not happen */
	struct audio *audio;       /* from the moment the slot is known */
	struct timer ring, answer, hangup, dtmf, dial;
	char undialled[ISUP_DIGITS_MAX]; /* overlap: still to be sent */
	unsigned dial_gap_ms;
	bool hangs_up; /* hangup_ms after the answer */
	unsigned hangup_ms;
	unsigned dtmf_next;
};

struct pbx_totals {
	uint64_t in, in_answered, in_refused, out, out_answered, out_failed;
	uint64_t cause[128]; /* of all calls that ended */
};

struct pbx {
	struct loop *loop;
	uint64_t start_us;
	struct pbx_span span[SCRIPT_SPANS_MAX];
	unsigned span_count;
	struct pbx_phone *phone;
	unsigned phone_count;
	struct pbx_call *calls;
	unsigned call_count, last_id;
	struct pbx_totals totals;
	struct load *load;
	bool trace; /* an event for every Q.931 frame */
	bool quitting;
	struct timer quit_timer;
	/* Gets each event; lent. */
	void (*event)(void *arg, const json_t *event);
	void *event_arg;
};

/* 0, or -errno and why in err.  script is only read. */
int pbx_open(struct pbx *p, struct loop *loop, const struct script *script, char *err,
	     size_t err_size);
void pbx_close(struct pbx *p);
/* Clears all calls, waits for their release at most a second, then stops the loop. */
void pbx_quit(struct pbx *p);

uint64_t pbx_now_us(void);                                           /* monotonic */
struct pbx_phone *pbx_phone_find(struct pbx *p, const char *number); /* NULL = none */
struct pbx_span *pbx_span_find(struct pbx *p, const char *name);     /* "" = the first */

/* pbx_span.c */
int pbx_span_open(struct pbx_span *s, char *err, size_t err_size);
void pbx_span_close(struct pbx_span *s);
/* Joins spans to groups, before they are opened. */
void pbx_span_group(struct pbx *p);
/* That of a slot of the trunk s is on. */
struct pbx_span *pbx_span_of_slot(const struct pbx_span *s, unsigned slot);

/* pbx_call.c */
struct pbx_dial {
	const char *number;
	const char *caller, *caller_name; /* NULL = the phone's */
	const char *redirecting;          /* who sent the call on; NULL = nobody */
	uint8_t reason;                   /* why, as Q.952 */
	struct pbx_span *span;            /* NULL = the phone's */
	struct load *load;                /* set: phone is NULL, no audio, no report */
	double hangup_s;                  /* after the answer; < 0 = as the phone does */
	bool overlap;                     /* SETUP without a digit, then one after another */
	double gap_s;                     /* between them */
	struct isup_purpose purpose;
};
/* 0, -EBUSY, -ENETDOWN, -ENOMEM as isup_call_start(), or a file's error; why is lent. */
int pbx_call_dial(struct pbx_call **out, struct pbx *p, struct pbx_phone *phone,
		  const struct pbx_dial *dial, const char **why);
void pbx_call_event(struct pbx_span *s, const struct isup_event *ev);
void pbx_call_answer(struct pbx_call *c);
void pbx_call_clear(struct pbx_call *c, int cause);
/* The signal with the phone's own tone filled in. */
struct signal_conf pbx_phone_signal(const struct pbx_phone *phone, const struct signal_conf *conf);
void pbx_call_free(struct pbx_call *c);
/* A marker left or came: an event. */
void pbx_call_marker(struct pbx_call *c, const struct audio_marker *m, bool sent);

/* load.c: what a call of the load came to. */
void load_answered(struct pbx_call *c);
void load_released(struct pbx_call *c);

#endif
