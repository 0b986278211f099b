/* line.h - one T1 as the gateway sees it: a span, the worker that drives it, the trunk on it.
 *
 * Joins D-channel frames between worker and trunk (line_trunk.h: it may have several lines), and
 * tells the trunk about alarms (line_alarm.h).
 * What the line counts and how it is tested: line_watch.h, line_bert.h.
 * Signalling thread.  The gateway owns lines; legs hold a pointer while they live.
 */
#ifndef GATEWAY_LINE_H
#define GATEWAY_LINE_H

#include "conf/conf.h"
#include "gateway/base/loop.h"
#include "gateway/line_alarm.h"
#include "gateway/line_bert.h"
#include "gateway/line_trunk.h"
#include "gateway/line_watch.h"
#include "gateway/worker.h"

struct line;

struct line_ops {
	void (*event)(void *arg, struct line *l, const struct isup_event *ev);
	void (*trace)(void *arg, struct line *l, bool sent, const uint8_t *frame, size_t len);
	/* An alarm lasts so long that nobody waits for its end: the calls are to be cleared. */
	void (*failed)(void *arg, struct line *l);
	void *arg;
};

struct line {
	struct tdm_span_conf span_conf;
	struct conf_trunk trunk_conf; /* isup.name "" = span without a trunk */
	struct line_ops ops;
	struct tdm_span *span;    /* owned; lent to worker */
	struct worker *worker;    /* not owned */
	unsigned index;           /* of the span in its worker */
	struct line_trunk *group; /* NULL = no trunk */
	struct isup_trunk *trunk; /* the group's; NULL = none */
	unsigned interface;       /* of the trunk, 0 = the first */
	bool leaves;              /* no new calls: it is to be closed */
	struct loop *loop;
	unsigned heard_alarms; /* as the worker last said */
	struct line_alarm alarm; /* these and our loop, and what follows for calls */
	struct timer alarm_timer;
	bool alarms_told;          /* for the first time */
	uint64_t alarms_logged_ms; /* since when the lines in the log are counted */
	unsigned alarms_logged;
	char leader[16]; /* span of the same card that takes its clock from the line; "" = none */
	struct line_watch watch;
	struct line_bert bert;
	bool canceller_told;
	char canceller[64]; /* whose echo canceller calls get, in words; "" = NONE, "off" = unwanted */
	int paths[TDM_SLOTS + 1]; /* of a slot with SIP: a new one may open before the last is closed */
	char carrier[512]; /* what the span said it runs on, or why it does not */
	struct timer carrier_timer;
	uint64_t frames_refused;  /* by a full ring; LAPD repeats them */
};

/* Opens the span, gives it to the worker and starts the trunk (trunk may be NULL).  0 or -errno
 * with why in err.  mate: another line of the same trunk that is open, NULL = none is. */
int line_open(struct line **out, struct loop *loop, struct worker *worker,
	      const struct tdm_span_conf *span, const struct conf_trunk *trunk,
	      struct line *mate, const struct line_ops *ops, char *err, size_t err_size);
/* Waits until the worker gave the span back.  No leg may use the line any more. */
void line_close(struct line *l);

void line_reconfigure(struct line *l, const struct conf_trunk *trunk);
void line_on_frame(struct line *l, const uint8_t *frame, size_t len);
void line_on_alarms(struct line *l, unsigned alarms);

/* 0 or -errno: -ENOTSUP, the span cannot.  While looped nothing of the D-channel is heard and no
 * call taken. */
int line_set_loop(struct line *l, enum tdm_loop loop);
bool line_is_looped(const struct line *l);
/* The trunk has the slots of its configuration but for those under test. */
void line_apply_slots(struct line *l);

/* A slot of the line as its trunk counts it. */
unsigned line_slot(const struct line *l, unsigned slot);
/* No new calls on it from now on; those it has go on. */
void line_drain(struct line *l);

/* A path between the slot and SIP was opened, or one was closed. */
void line_cancel_echo(struct line *l, unsigned slot, bool on);
/* Whether our own canceller runs on that end of a path, a slot of this line. */
void line_set_echo(const struct line *l, struct path_end *end);

bool line_is_named(const struct line *l, const char *name); /* trunk or group */

/* "red, yellow" or "none" into out; returns out. */
const char *line_alarm_text(unsigned alarms, char *out, size_t out_size);

#endif
