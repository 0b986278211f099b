/* loop.h - the one signalling thread: libuv's loop, our timers, and work put off to the turn's end.
 *
 * Timers are our own pairing heap under a single uv_timer_t, because a uv_timer_t may only be
 * freed a turn after uv_close(), while a struct timer sits inside its object, starts without
 * allocating (so it cannot fail), and is gone once timer_stop() returned.
 *
 * Thread: all of it on the thread that runs the loop.  Units: milliseconds of CLOCK_MONOTONIC.
 */
#ifndef GATEWAY_BASE_LOOP_H
#define GATEWAY_BASE_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct timer;
typedef void timer_fn(void *arg);

struct timer { /* zeroed = stopped; owned by whoever embeds it */
	timer_fn *fn;
	void *arg;
	uint64_t due_ms;
	struct loop *loop; /* not NULL while running */
	struct timer *child, *next, *prev;
};

struct task;
typedef void task_fn(void *arg);

struct task { /* zeroed = not posted */
	task_fn *fn;
	void *arg;
	struct loop *loop; /* not NULL while posted */
	struct task *next, *prev;
};

struct loop {
	uv_loop_t uv;
	uv_timer_t alarm;
	uv_prepare_t before_poll;
	uv_check_t after_poll;
	struct timer *heap;
	struct task *first, *last;
};

int loop_init(struct loop *l); /* 0 or -errno */
void loop_run(struct loop *l); /* until loop_stop() */
void loop_stop(struct loop *l);
/* Everything else on the loop must have been closed; runs the loop until close callbacks are done.
 */
void loop_fini(struct loop *l);

uint64_t loop_now_ms(const struct loop *l); /* time of this turn; constant within it */

/* Starts or restarts.  fn runs once, when after_ms have passed. */
void timer_start(struct loop *l, struct timer *t, uint64_t after_ms, timer_fn *fn, void *arg);
void timer_stop(struct timer *t); /* legal on a stopped timer */
bool timer_running(const struct timer *t);

/* Runs fn after the callback that is running now, before the loop waits again.  A task posted by
 * a task runs in the same turn.  Posting a posted task changes nothing. */
void task_post(struct loop *l, struct task *t, task_fn *fn, void *arg);
void task_cancel(struct task *t); /* legal on a task not posted */

#endif
