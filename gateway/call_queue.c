/* call_queue.c - events wait for the end of the turn, and legs change calls between two of them. */
#include "gateway/call.h"

#include "gateway/base/log.h"

#include <stdio.h>
#include <string.h>

static bool is_over(const struct call *c)
{
	return c->state == CALL_CLEARING && c->from == NULL && c->to == NULL && c->path == NULL;
}

/* Which events exist depends on the side: a leg that began the call is not alerted.  -1: none. */
static int event_of(const struct call *c, const struct call_queued *q)
{
	static const struct {
		int from, to;
	} map[LEG_EVENT_COUNT] = {
		[LEG_DIGITS] = {FROM_DIGITS, -1},
		[LEG_PROCEEDING] = {-1, TO_PROCEEDING},
		[LEG_ALERTING] = {-1, TO_ALERTING},
		[LEG_PROGRESS] = {-1, TO_PROGRESS},
		[LEG_ANSWERED] = {-1, TO_ANSWERED},
		[LEG_CONFIRMED] = {FROM_CONFIRMED, TO_MEDIA}, /* TO: it took a leg's place */
		[LEG_IDENTITY] = {FROM_IDENTITY, TO_IDENTITY},
		[LEG_MEDIA] = {FROM_MEDIA, TO_MEDIA},
		[LEG_CLEARING] = {FROM_CLEARING, TO_CLEARING},
		[LEG_RELEASED] = {FROM_RELEASED, TO_RELEASED},
	};

	if (q->leg == NULL)
		return (int)q->own;
	return q->leg == c->from ? map[q->leg_event].from : map[q->leg_event].to;
}

static void run_one(struct call *c, const struct call_queued *q)
{
	int event = event_of(c, q);
	char title[160];

	if (event >= 0)
		call_dispatch(c, (enum call_event)event, &q->info);
	else if (!c->joined) /* else it is of the leg's life on the other side, and over */
		log_line(LOG_CALL, LOG_ERROR, "%s: %s cannot send leg event %d",
			 call_title(c, title, sizeof(title)), q->leg->name, (int)q->leg_event);
}

static void run_queue(void *arg)
{
	struct call *c = arg;

	while (c->queue_count > 0) {
		struct call_queued q = c->queue[c->queue_first];
		c->queue_first = (c->queue_first + 1) % CALL_QUEUE;
		c->queue_count--;
		run_one(c, &q);
	}
	if (is_over(c)) {
		c->env->ended(c->env->arg, c);
		call_destroy(c);
	}
}

void call_run_later(struct call *c)
{
	task_post(c->env->loop, &c->run, run_queue, c);
}

/* Events that a peer can repeat at will leave room for those that come once and must not be lost:
 * CLEARING and RELEASED of each leg, the timer, the path, the transfer. */
static bool is_benign(const struct call_queued *q)
{
	return q->leg != NULL ? q->leg_event != LEG_CLEARING && q->leg_event != LEG_RELEASED
			      : q->own < CALL_TIMEOUT;
}

static void enqueue(struct call *c, const struct call_queued *q)
{
	static struct log_limit limit;
	char title[160];

	call_run_later(c);
	if (c->queue_count < (is_benign(q) ? CALL_QUEUE_BENIGN : CALL_QUEUE)) {
		c->queue[(c->queue_first + c->queue_count) % CALL_QUEUE] = *q;
		c->queue_count++;
		return;
	}
	log_limited(&limit, 1000, LOG_CALL, LOG_WARN, "%s: too many events in one turn: %d dropped",
		    call_title(c, title, sizeof(title)),
		    q->leg != NULL ? (int)q->leg_event : (int)q->own);
}

void call_post(struct leg *leg, enum leg_event ev, const struct leg_info *info)
{
	struct call_queued q = {.leg = leg, .leg_event = ev};
	struct call *c = leg->call;

	if (info != NULL)
		q.info = *info;
	/* The slot is known only now, when the far end chose it. */
	snprintf(leg == c->from ? c->from_name : c->to_name, LEG_NAME_MAX, "%s", leg->name);
	enqueue(c, &q);
}

void call_post_own(struct call *c, enum call_event ev, const struct leg_info *info)
{
	struct call_queued q = {.own = ev};

	if (info != NULL)
		q.info = *info;
	enqueue(c, &q);
}

bool call_is_queued(const struct call *c, const struct leg *leg, enum leg_event ev)
{
	for (unsigned i = 0; i < c->queue_count; i++) {
		const struct call_queued *q = &c->queue[(c->queue_first + i) % CALL_QUEUE];
		if (q->leg == leg && q->leg_event == ev)
			return true;
	}
	return false;
}

/* --- legs that change calls --- */

/* What is queued of leg goes where it goes. */
static void move_events(struct call *from, struct call *to, const struct leg *leg)
{
	unsigned count = from->queue_count;

	for (unsigned i = 0; i < count; i++) {
		struct call_queued q = from->queue[from->queue_first];
		from->queue_first = (from->queue_first + 1) % CALL_QUEUE;
		from->queue_count--;
		enqueue(q.leg == leg ? to : from, &q);
	}
}

static void name_legs(struct call *c)
{
	if (c->from != NULL)
		snprintf(c->from_name, sizeof(c->from_name), "%s", c->from->name);
	if (c->to != NULL)
		snprintf(c->to_name, sizeof(c->to_name), "%s", c->to->name);
}

void call_swap(struct call *a, struct leg **a_leg, struct call *b, struct leg **b_leg)
{
	struct leg *to_b = *a_leg, *to_a = *b_leg;

	move_events(a, b, to_b);
	move_events(b, a, to_a);
	*a_leg = to_a;
	*b_leg = to_b;
	to_a->call = a;
	to_b->call = b;
	a->joined = b->joined = true;
	name_legs(a);
	name_legs(b);
	call_post(to_a, LEG_MEDIA, NULL);
	call_post(to_b, LEG_MEDIA, NULL);
}
