#include "gateway/call_queue.h"

#include "gateway/base/log.h"

#include <stdio.h>

static bool is_over(const struct call *c)
{
	return c->state == CALL_CLEARING && c->from == NULL && c->to == NULL && c->path == NULL;
}

static void run_queue(void *arg)
{
	struct call *c = arg;

	while (c->queue_count > 0) {
		struct call_queued q = c->queue[c->queue_first];
		c->queue_first = (c->queue_first + 1) % CALL_QUEUE;
		c->queue_count--;
		call_dispatch(c, q.event, &q.info);
	}
	if (is_over(c)) {
		c->env->ended(c->env->arg, c);
		call_destroy(c);
	}
}

/* Events that a peer can repeat at will leave room for those that come once and must not be lost:
 * CLEARING and RELEASED of each leg, the timer, the path. */
static bool is_benign(enum call_event ev)
{
	switch (ev) {
	case FROM_CLEARING:
	case FROM_RELEASED:
	case TO_CLEARING:
	case TO_RELEASED:
	case CALL_TIMEOUT:
	case CALL_PATH_CLOSED: return false;
	default: return true;
	}
}

bool call_queue_has(const struct call *c, enum call_event ev)
{
	for (unsigned i = 0; i < c->queue_count; i++)
		if (c->queue[(c->queue_first + i) % CALL_QUEUE].event == ev)
			return true;
	return false;
}

void call_queue_wake(struct call *c)
{
	task_post(c->env->loop, &c->run, run_queue, c);
}

static void enqueue(struct call *c, enum call_event ev, const struct leg_info *info)
{
	static struct log_limit limit;
	char title[160];

	if (c->queue_count >= (is_benign(ev) ? CALL_QUEUE_BENIGN : CALL_QUEUE)) {
		log_limited(&limit, 1000, LOG_CALL, LOG_WARN,
			    "%s: too many events in one turn: %s dropped",
			    call_title(c, title, sizeof(title)), call_event_name(ev));
		return;
	}
	struct call_queued *q = &c->queue[(c->queue_first + c->queue_count) % CALL_QUEUE];
	q->event = ev;
	q->info = info != NULL ? *info : (struct leg_info){0};
	c->queue_count++;
	call_queue_wake(c);
}

void call_post(struct leg *leg, enum leg_event ev, const struct leg_info *info)
{
	/* Which events exist depends on the side: a leg that began the call is not alerted. */
	static const struct {
		int from, to;
	} map[LEG_EVENT_COUNT] = {
		[LEG_DIGITS] = {FROM_DIGITS, -1},
		[LEG_PROCEEDING] = {-1, TO_PROCEEDING},
		[LEG_ALERTING] = {-1, TO_ALERTING},
		[LEG_PROGRESS] = {-1, TO_PROGRESS},
		[LEG_ANSWERED] = {-1, TO_ANSWERED},
		[LEG_CONFIRMED] = {FROM_CONFIRMED, -1},
		[LEG_IDENTITY] = {FROM_IDENTITY, TO_IDENTITY},
		[LEG_MEDIA] = {FROM_MEDIA, TO_MEDIA},
		[LEG_CLEARING] = {FROM_CLEARING, TO_CLEARING},
		[LEG_RELEASED] = {FROM_RELEASED, TO_RELEASED},
	};
	struct call *c = leg->call;
	int event = leg == c->from ? map[ev].from : map[ev].to;
	char title[160];

	if (event < 0) {
		log_line(LOG_CALL, LOG_ERROR, "%s: %s cannot send leg event %d",
			 call_title(c, title, sizeof(title)), leg->name, (int)ev);
		return;
	}
	/* The slot is known only now, when the far end chose it. */
	snprintf(leg == c->from ? c->from_name : c->to_name, LEG_NAME_MAX, "%s", leg->name);
	enqueue(c, (enum call_event)event, info);
}

void call_post_own(struct call *c, enum call_event ev)
{
	enqueue(c, ev, NULL);
}
