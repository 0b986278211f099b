/* gateway_state.h - what struct gateway holds: for gateway*.c, reload.c and status.c only. */
#ifndef GATEWAY_GATEWAY_STATE_H
#define GATEWAY_GATEWAY_STATE_H

#include "gateway/call.h"
#include "gateway/gateway.h"
#include "gateway/line.h"
#include "gateway/worker.h"

enum {
	GATEWAY_WORKERS_MAX = 16,
	/* What the last frames of a call, as RELEASE COMPLETE, need until they are on the line. */
	GATEWAY_QUIET_MS = 200,
};

struct gateway_worker {
	struct gateway *gateway;
	struct worker *worker;                /* owned */
	struct line *lines[WORKER_SPANS_MAX]; /* by span index; not owned */
};

struct gateway_line {
	struct line *line; /* owned */
	bool draining;     /* no new calls; replaced or closed when idle */
	bool had_calls;    /* while draining: their last frames may be on their way */
	uint64_t quiet_ms; /* then not before this, in loop time; 0 = not idle yet */
};

struct gateway {
	struct loop *loop;
	struct conf *conf; /* owned */
	struct call_env env;
	struct sip_agent *agent;
	struct music *music; /* owned; NULL = silence */
	struct gateway_worker workers[GATEWAY_WORKERS_MAX];
	unsigned worker_count;
	struct gateway_line lines[CONF_SPANS_MAX];
	unsigned line_count;
	struct call *calls; /* uthash by id */
	uint32_t last_id;
	unsigned calls_max;                  /* at the start: the workers have room for so many */
	uint64_t calls_total, calls_refused; /* since start */
	uint64_t start_ms;
	struct timer settle_timer;
	struct task settle; /* closes and replaces drained lines at the turn's end */
	bool refusing;      /* drain: no new calls */
	struct timer drain_timer;
	uint64_t drain_end_ms, drain_busy_ms; /* loop time: not later than; last seen busy */
	void (*drained)(void *arg);
	void *drained_arg;
	struct trace_store trace;
};

struct gateway_offer { /* a call that is to begin */
	struct leg *leg; /* moves in; freed on failure */
	const struct leg_party *called, *calling;
	const char *source, *group;
};
/* The call in the table; FROM_SETUP is the caller's to post.  0 or -errno. */
int gateway_call_begin(struct gateway *g, const struct gateway_offer *offer, struct call **out);

/* Opens the span of conf named so, with its trunk.  0 or -errno with why in err. */
int gateway_line_open(struct gateway *g, const struct tdm_span_conf *span, char *err,
		      size_t err_size);
/* Its trunk in a configuration; NULL = none. */
const struct conf_trunk *gateway_trunk_of(const struct conf *c, const char *span);
/* Ends new calls on line i; it is closed, and opened anew when the configuration still has it, once
 * its last call has gone. */
void gateway_line_drain(struct gateway *g, unsigned i);
bool gateway_line_is_open(const struct gateway *g, const char *span);
/* Its trunk changes as a whole: it is opened when the old one has gone. */
bool gateway_line_waits(const struct gateway *g, const char *span);
bool gateway_line_drains(const struct gateway *g, const struct line *l);
unsigned gateway_line_calls(const struct gateway *g, const struct line *l);
/* Closes and replaces what is drained, now. */
void gateway_lines_settle(struct gateway *g);
/* Looks for drained lines at the end of the turn. */
void gateway_settle(struct gateway *g);
int gateway_workers_start(struct gateway *g, char *err, size_t err_size);
/* What of conf calls see through g->env. */
void gateway_use_conf(struct gateway *g);
const struct conf_peer *gateway_peer(const struct gateway *g, const char *name);
unsigned gateway_peer_calls(const struct gateway *g, const char *name);

/* Warns of clocks that cannot be right together; report may be NULL. */
void gateway_check_layout(struct gateway *g, FILE *report);

void gateway_on_path_opened(void *arg, struct call *c);
void gateway_on_line_event(void *arg, struct line *l, const struct isup_event *ev);
void gateway_on_line_failed(void *arg, struct line *l);
void gateway_on_line_trace(void *arg, struct line *l, bool sent, const uint8_t *frame, size_t len);
uint32_t gateway_trace_call(void *arg, const struct trace_record *r);
void gateway_on_sip_trace(void *arg, const struct sip_traced *what);

#endif
