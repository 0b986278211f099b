#include "gateway/call.h"

#include "conf/conf.h"
#include "gateway/base/log.h"
#include "gateway/call_identity.h"
#include "gateway/call_path.h"
#include "gateway/call_route.h"
#include "gateway/call_tones.h"
#include "isup/cause.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- actions: 0, or the Q.850 cause that ends the call, or CALL_MORE: to COLLECTING --- */

typedef int action_fn(struct call *c, const struct leg_info *info);

static void leg_drop(struct call *c, struct leg **leg, int *cause)
{
	*cause = (*leg)->final_cause;
	call_leg_free(*leg);
	*leg = NULL;
}

static int begin(struct call *c, const struct leg_info *info)
{
	/* Refused in the same turn (488 to what it offered): nobody is to ring for it. */
	if (call_is_queued(c, c->from, LEG_CLEARING))
		return 0;
	return c->replaced_call != 0 ? c->env->take_over(c->env->arg, c) : call_route(c);
}

static void on_timer(void *arg)
{
	call_post_own(arg, CALL_TIMEOUT, NULL);
}

static int digits(struct call *c, const struct leg_info *info)
{
	return call_route_again(c);
}

static int short_to_gone(struct call *c, const struct leg_info *info)
{
	leg_drop(c, &c->to, &c->to_cause);
	return call_route_again(c);
}

/* The second leg runs already. */
static int digits_on(struct call *c, const struct leg_info *info)
{
	if (call_route_more(c))
		timer_start(c->env->loop, &c->timer, c->env->setup_timeout_ms, on_timer, c);
	return 0;
}

static int nothing(struct call *c, const struct leg_info *info)
{
	return 0;
}

static int proceeding(struct call *c, const struct leg_info *info)
{
	if (c->growing && c->to->ops->proceeding_ends_number) {
		c->growing = false;
		c->from->ops->proceeding(c->from);
	}
	return 0;
}

static void note_inband(struct call *c, const struct leg_info *info)
{
	c->cut_through = c->cut_through || info->inband;
	c->audible = c->audible || (info->inband && !info->promised);
}

static int progress(struct call *c, const struct leg_info *info)
{
	/* That what was promised has come is no news to who was told of it. */
	bool came = c->cut_through && !c->audible && info->inband && !info->promised;

	c->growing = false;
	note_inband(c, info);
	if (!came)
		c->from->ops->progress(c->from, info->inband);
	return 0;
}

static void pass_user_data(struct leg *from, struct leg *to)
{
	if (from == NULL || to == NULL || from->user_data.len == 0)
		return;
	if (to->ops->user_data != NULL)
		to->ops->user_data(to, &from->user_data);
	from->user_data.len = 0;
}

static int alert(struct call *c, const struct leg_info *info)
{
	pass_user_data(c->to, c->from);
	c->growing = false;
	note_inband(c, info);
	c->from->ops->alert(c->from, info->inband || call_makes_ringback(c));
	return 0;
}

static int answer(struct call *c, const struct leg_info *info)
{
	c->cut_through = c->audible = true;
	pass_user_data(c->to, c->from);
	c->from->ops->answer(c->from, c->to->connected_known ? &c->to->connected : NULL);
	return 0;
}

static int caller_is(struct call *c, const struct leg_info *info)
{
	call_identity_caller(c);
	return 0;
}

static int called_is(struct call *c, const struct leg_info *info)
{
	call_identity_called(c);
	return 0;
}

static int clear(struct call *c, const struct leg_info *info)
{
	c->why = *info;
	return info->cause != 0 ? info->cause : Q850_NORMAL_UNSPECIFIED;
}

/* RFC 3578 3.1: 484 to a number that may grow asks for more of it. */
static int refused(struct call *c, const struct leg_info *info)
{
	if (!c->growing || info->sip_status != 484)
		return clear(c, info);
	c->too_short = true;
	c->to->ops->clear(c->to, info);
	call_path_close(c);
	return call_route_again(c);
}

static int from_released(struct call *c, const struct leg_info *info)
{
	leg_drop(c, &c->from, &c->from_cause);
	return clear(c, info);
}

static int to_released(struct call *c, const struct leg_info *info)
{
	leg_drop(c, &c->to, &c->to_cause);
	return clear(c, info);
}

static int from_gone(struct call *c, const struct leg_info *info)
{
	leg_drop(c, &c->from, &c->from_cause);
	return 0;
}

static int to_gone(struct call *c, const struct leg_info *info)
{
	leg_drop(c, &c->to, &c->to_cause);
	return 0;
}

/* FAILING is over.  The first cause stays, whatever the caller hung up with. */
static int failed(struct call *c, const struct leg_info *info)
{
	return c->why.cause;
}

static int failed_from_gone(struct call *c, const struct leg_info *info)
{
	leg_drop(c, &c->from, &c->from_cause);
	return c->why.cause;
}

/* Nobody was reached in time: recovery on timer expiry. */
static int no_response(struct call *c, const struct leg_info *info)
{
	return Q850_TIMER_EXPIRED;
}

/* It rang, but nobody came. */
static int no_answer(struct call *c, const struct leg_info *info)
{
	return Q850_NO_ANSWER;
}

/* --- transfer: the one who asked may leave; the other one may not --- */

static int from_leaves(struct call *c, const struct leg_info *info)
{
	if (c->from != c->referrer)
		return clear(c, info);
	c->from->ops->clear(c->from, info);
	return 0;
}

static int to_leaves(struct call *c, const struct leg_info *info)
{
	if (c->to != c->referrer)
		return clear(c, info);
	c->to->ops->clear(c->to, info);
	return 0;
}

static int from_left(struct call *c, const struct leg_info *info)
{
	if (c->from != c->referrer)
		return from_released(c, info);
	c->referrer = NULL;
	return from_gone(c, info);
}

static int to_left(struct call *c, const struct leg_info *info)
{
	if (c->to != c->referrer)
		return to_released(c, info);
	c->referrer = NULL;
	return to_gone(c, info);
}

/* Back to who asked, who may have left or be about to. */
static int refer_over(struct call *c, const struct leg_info *info)
{
	bool left = c->referrer == NULL || c->referrer->final_cause != 0;

	c->referrer = NULL;
	return left ? clear(c, info) : 0;
}

static int joined(struct call *c, const struct leg_info *info)
{
	return Q850_NORMAL_CLEARING;
}

/* --- the table --- */

struct row {
	action_fn *action; /* NULL: the event cannot happen in this state */
	enum call_state next;
};

#define STAY(s)                                                                                    \
	{                                                                                          \
		nothing, (s)                                                                       \
	}
/* What ends a call is the same in each state before CLEARING. */
#define ENDS_BY(to_clearing)                                                                       \
	[FROM_CLEARING] = {clear, CALL_CLEARING},                                                  \
	[FROM_RELEASED] = {from_released, CALL_CLEARING},                                          \
	[TO_CLEARING] = {to_clearing, CALL_CLEARING}, [TO_RELEASED] = {to_released, CALL_CLEARING}
#define ENDS         ENDS_BY(clear)
#define ENDS_BUT_484 ENDS_BY(refused)

static const struct row table[CALL_STATE_COUNT][CALL_EVENT_COUNT] =
	{
		[CALL_NEW] =
			{
				[FROM_SETUP] = {begin, CALL_OFFERED},
				[FROM_IDENTITY] = {caller_is, CALL_NEW},
				[FROM_MEDIA] = STAY(CALL_NEW),
				[FROM_CLEARING] = {clear, CALL_CLEARING},
				[FROM_RELEASED] = {from_released, CALL_CLEARING},
			},
		[CALL_COLLECTING] =
			{
				[FROM_DIGITS] = {digits, CALL_OFFERED},
				[FROM_IDENTITY] = {caller_is, CALL_COLLECTING},
				[FROM_MEDIA] = STAY(CALL_COLLECTING),
				[FROM_CLEARING] = {clear, CALL_CLEARING},
				[FROM_RELEASED] = {from_released, CALL_CLEARING},
				/* of a leg that said 484 */
				[TO_PROCEEDING] = STAY(CALL_COLLECTING),
				[TO_PROGRESS] = STAY(CALL_COLLECTING),
				[TO_ALERTING] = STAY(CALL_COLLECTING),
				[TO_ANSWERED] = STAY(CALL_COLLECTING),
				[TO_IDENTITY] = STAY(CALL_COLLECTING),
				[TO_MEDIA] = STAY(CALL_COLLECTING),
				[TO_CLEARING] = STAY(CALL_COLLECTING),
				[TO_RELEASED] = {short_to_gone, CALL_OFFERED},
				[CALL_TIMEOUT] = STAY(CALL_COLLECTING),
				[CALL_PATH_CLOSED] = {digits, CALL_OFFERED},
			},
		[CALL_OFFERED] =
			{
				[FROM_DIGITS] = {digits_on, CALL_OFFERED},
				[FROM_IDENTITY] = {caller_is, CALL_OFFERED},
				[FROM_MEDIA] = STAY(CALL_OFFERED),
				[TO_PROCEEDING] = {proceeding, CALL_PROCEEDING},
				[TO_PROGRESS] = {progress, CALL_PROCEEDING},
				[TO_ALERTING] = {alert, CALL_ALERTING},
				[TO_ANSWERED] = {answer, CALL_CONNECTED},
				[TO_IDENTITY] = {called_is, CALL_OFFERED},
				[TO_MEDIA] = STAY(CALL_OFFERED),
				[CALL_TIMEOUT] = {no_response, CALL_CLEARING},
				/* of a leg that said 484 */
				[CALL_PATH_CLOSED] = STAY(CALL_OFFERED),
				ENDS_BUT_484,
			},
		[CALL_PROCEEDING] =
			{
				[FROM_DIGITS] = {digits_on, CALL_PROCEEDING},
				[FROM_IDENTITY] = {caller_is, CALL_PROCEEDING},
				[FROM_MEDIA] = STAY(CALL_PROCEEDING),
				[TO_PROCEEDING] = STAY(CALL_PROCEEDING),
				[TO_PROGRESS] = {progress, CALL_PROCEEDING},
				[TO_ALERTING] = {alert, CALL_ALERTING},
				[TO_ANSWERED] = {answer, CALL_CONNECTED},
				[TO_IDENTITY] = {called_is, CALL_PROCEEDING},
				[TO_MEDIA] = STAY(CALL_PROCEEDING),
				[CALL_TIMEOUT] = {no_response, CALL_CLEARING},
				[CALL_PATH_CLOSED] = STAY(CALL_PROCEEDING),
				ENDS_BUT_484,
			},
		[CALL_ALERTING] =
			{
				[FROM_DIGITS] = STAY(CALL_ALERTING),
				[FROM_IDENTITY] = {caller_is, CALL_ALERTING},
				[FROM_MEDIA] = STAY(CALL_ALERTING),
				[TO_PROCEEDING] = STAY(CALL_ALERTING),
				[TO_PROGRESS] = {progress, CALL_ALERTING},
				[TO_ALERTING] = {alert, CALL_ALERTING}, /* another fork, or now with
									   tones */
				[TO_ANSWERED] = {answer, CALL_CONNECTED},
				[TO_IDENTITY] = {called_is, CALL_ALERTING},
				[TO_MEDIA] = STAY(CALL_ALERTING),
				[CALL_TIMEOUT] = {no_answer, CALL_CLEARING},
				[CALL_PATH_CLOSED] = STAY(CALL_ALERTING),
				ENDS,
			},
		[CALL_FAILING] =
			{
				[FROM_DIGITS] = STAY(CALL_FAILING),
				[FROM_IDENTITY] = STAY(CALL_FAILING),
				[FROM_MEDIA] = STAY(CALL_FAILING),
				[FROM_CLEARING] = {failed, CALL_CLEARING},
				[FROM_RELEASED] = {failed_from_gone, CALL_CLEARING},
				/* of a leg that is cleared */
				[TO_PROCEEDING] = STAY(CALL_FAILING),
				[TO_PROGRESS] = STAY(CALL_FAILING),
				[TO_ALERTING] = STAY(CALL_FAILING),
				[TO_ANSWERED] = STAY(CALL_FAILING),
				[TO_IDENTITY] = STAY(CALL_FAILING),
				[TO_MEDIA] = STAY(CALL_FAILING),
				[TO_CLEARING] = STAY(CALL_FAILING),
				[TO_RELEASED] = {to_gone, CALL_FAILING},
				[CALL_TIMEOUT] = {failed, CALL_CLEARING},
				[CALL_PATH_CLOSED] = STAY(CALL_FAILING),
			},
		[CALL_CONNECTED] =
			{
				[FROM_DIGITS] = STAY(CALL_CONNECTED), /* that the answer overtook */
				[FROM_CONFIRMED] = STAY(CALL_CONNECTED),
				[FROM_IDENTITY] = {caller_is, CALL_CONNECTED},
				[FROM_MEDIA] = STAY(CALL_CONNECTED),
				/* provisional responses and PROGRESS that the answer overtook */
				[TO_PROCEEDING] = STAY(CALL_CONNECTED),
				[TO_PROGRESS] = STAY(CALL_CONNECTED),
				[TO_ALERTING] = STAY(CALL_CONNECTED),
				[TO_IDENTITY] = {called_is, CALL_CONNECTED},
				[TO_MEDIA] = STAY(CALL_CONNECTED),
				[CALL_PATH_CLOSED] = STAY(CALL_CONNECTED), /* to open another */
				[CALL_REFERRED] = {nothing, CALL_TRANSFERRING},
				[CALL_REFER_OVER] = STAY(CALL_CONNECTED),
				[CALL_JOINED] = {joined, CALL_CLEARING},
				ENDS,
			},
		[CALL_TRANSFERRING] =
			{
				[FROM_DIGITS] = STAY(CALL_TRANSFERRING),
				[FROM_CONFIRMED] = STAY(CALL_TRANSFERRING),
				[FROM_IDENTITY] = STAY(CALL_TRANSFERRING),
				[FROM_MEDIA] = STAY(CALL_TRANSFERRING),
				[TO_PROCEEDING] = STAY(CALL_TRANSFERRING),
				[TO_PROGRESS] = STAY(CALL_TRANSFERRING),
				[TO_ALERTING] = STAY(CALL_TRANSFERRING),
				[TO_IDENTITY] = STAY(CALL_TRANSFERRING),
				[TO_MEDIA] = STAY(CALL_TRANSFERRING),
				[CALL_PATH_CLOSED] = STAY(CALL_TRANSFERRING),
				[FROM_CLEARING] = {from_leaves, CALL_TRANSFERRING},
				[FROM_RELEASED] = {from_left, CALL_TRANSFERRING},
				[TO_CLEARING] = {to_leaves, CALL_TRANSFERRING},
				[TO_RELEASED] = {to_left, CALL_TRANSFERRING},
				[CALL_REFER_OVER] = {refer_over, CALL_CONNECTED},
				[CALL_JOINED] = {joined, CALL_CLEARING},
			},
		[CALL_CLEARING] =
			{
				/* whatever crossed our clearing has lost its meaning */
				[FROM_SETUP] = STAY(CALL_CLEARING),
				[FROM_DIGITS] = STAY(CALL_CLEARING),
				[FROM_CONFIRMED] = STAY(CALL_CLEARING),
				[FROM_IDENTITY] = STAY(CALL_CLEARING),
				[FROM_MEDIA] = STAY(CALL_CLEARING),
				[FROM_CLEARING] = STAY(CALL_CLEARING),
				[FROM_RELEASED] = {from_gone, CALL_CLEARING},
				[TO_PROCEEDING] = STAY(CALL_CLEARING),
				[TO_PROGRESS] = STAY(CALL_CLEARING),
				[TO_ALERTING] = STAY(CALL_CLEARING),
				[TO_ANSWERED] = STAY(CALL_CLEARING),
				[TO_IDENTITY] = STAY(CALL_CLEARING),
				[TO_MEDIA] = STAY(CALL_CLEARING),
				[TO_CLEARING] = STAY(CALL_CLEARING),
				[TO_RELEASED] = {to_gone, CALL_CLEARING},
				[CALL_TIMEOUT] = STAY(CALL_CLEARING),
				[CALL_PATH_CLOSED] = STAY(CALL_CLEARING),
				[CALL_REFERRED] = STAY(CALL_CLEARING),
				[CALL_REFER_OVER] = STAY(CALL_CLEARING),
				[CALL_JOINED] = STAY(CALL_CLEARING),
			},
};

/* --- dispatch: the only place where a state changes --- */

static void enter_clearing(struct call *c, int cause)
{
	c->why.cause = cause;
	timer_stop(&c->timer);
	if (c->env->clearing != NULL)
		c->env->clearing(c->env->arg, c);
	call_path_close(c);
	pass_user_data(c->to, c->from);
	pass_user_data(c->from, c->to);
	if (c->from != NULL)
		c->from->ops->clear(c->from, &c->why);
	if (c->to != NULL)
		c->to->ops->clear(c->to, &c->why);
}

/* The caller is told to listen; the called side is gone, so its end of the path must not stay. */
static void enter_failing(struct call *c, int cause)
{
	c->why.cause = cause;
	call_path_close(c);
	if (c->to != NULL)
		c->to->ops->clear(c->to, &c->why);
	unsigned ms = c->from->tones->failure_tone_ms;
	pass_user_data(c->to, c->from);
	if (c->from->ops->clear_inband == NULL || !c->from->ops->clear_inband(c->from, &c->why, ms))
		c->from->ops->progress(c->from, true);
	timer_start(c->env->loop, &c->timer, ms, on_timer, c);
}

static void enter(struct call *c, enum call_state next, int cause)
{
	char title[160];
	uint64_t now = loop_now_ms(c->env->loop);

	if (next == c->state)
		return;
	log_line(LOG_CALL, LOG_INFO, "%s: %s -> %s%s%s", call_title(c, title, sizeof(title)),
		 call_state_name(c->state), call_state_name(next), cause != 0 ? ": " : "",
		 cause != 0 ? cause_text(cause) : "");
	c->state = next;
	switch (next) {
	case CALL_COLLECTING: timer_stop(&c->timer); break; /* the leg has its own, T302 */
	case CALL_OFFERED:
		timer_start(c->env->loop, &c->timer, c->env->setup_timeout_ms, on_timer, c);
		break;
	case CALL_ALERTING:
		c->alert_ms = now;
		timer_start(c->env->loop, &c->timer, c->env->answer_timeout_ms, on_timer, c);
		break;
	case CALL_FAILING: enter_failing(c, cause); break;
	case CALL_CONNECTED:
		if (c->answer_ms == 0) /* not back from a transfer */
			c->answer_ms = now;
		timer_stop(&c->timer);
		break;
	case CALL_CLEARING:
		c->clear_ms = now;
		enter_clearing(c, cause);
		break;
	default: break;
	}
}

void call_dispatch(struct call *c, enum call_event ev, const struct leg_info *info)
{
	const struct row *row = &table[c->state][ev];
	char title[160];

	if (row->action == NULL) {
		log_line(LOG_CALL, LOG_ERROR, "%s: %s cannot happen in state %s: ignored",
			 call_title(c, title, sizeof(title)), call_event_name(ev),
			 call_state_name(c->state));
		return;
	}
	int cause = row->action(c, info);
	enum call_state next = cause == 0                         ? row->next
			       : cause == CALL_MORE               ? CALL_COLLECTING
			       : call_fails_audibly(c, ev, cause) ? CALL_FAILING
								  : CALL_CLEARING;
	enter(c, next, cause == CALL_MORE ? 0 : cause);
	if (c->state != CALL_CLEARING && (cause = call_path_sync(c)) != 0)
		enter(c, CALL_CLEARING, c->state == CALL_FAILING ? c->why.cause : cause);
}

/* --- life --- */

void call_clear(struct call *c, int q850_cause)
{
	if (c->state == CALL_CLEARING)
		return;
	enter(c, CALL_CLEARING, q850_cause);
	call_run_later(c);
}
