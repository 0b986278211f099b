/* trunk_tell.c - events to the trunk's owner: in a later turn, never from inside a function. */
#include <stdlib.h>

#include "isup/trunk_internal.h"

void trunk_free(struct isup_trunk *t)
{
	while (t->calls != NULL)
		trunk_call_free(t->calls);
	free(t);
}

static void tell_trunk_state(struct isup_trunk *t)
{
	struct isup_event ev = {.kind = t->usable ? ISUP_TRUNK_UP : ISUP_TRUNK_DOWN};

	t->told_up = t->usable;
	t->ops.event(t->arg, &ev);
}

static void tell_call(struct isup_call *c, enum isup_event_kind kind)
{
	struct isup_trunk *t = c->trunk;
	struct isup_event ev = {
		.kind = kind,
		.call = c,
		.user = c->user,
		.slot = c->slot,
		.cause = c->cause > 0 ? c->cause : 0,
		.location_user = c->location_user,
		.inband = (c->inband >> kind & 1u) != 0,
		.complete = c->complete,
		.bearer = c->purpose.bearer,
		.purpose = &c->purpose,
		.user_data = extras_user_data(c, kind),
		.called = c->called,
		.calling = c->calling,
		.redirecting = c->redirecting,
		.tones_only = c->tones_only,
		.name_follows = c->name_follows,
		.connected = kind == ISUP_PARTY || (kind == ISUP_CONNECT && c->connected_known)
				     ? &c->connected
				     : NULL,
	};

	c->inband &= ~(1u << kind);
	t->ops.event(t->arg, &ev);
	if (ev.user_data != NULL)
		c->user_data.len = 0;
	if (kind == ISUP_RELEASED)
		trunk_call_free(c);
}

/* The call's events are told in the order of the enum, which is the order a call goes through
 * them; a bit each, so that nothing has to be allocated and RELEASED cannot fail. */
static enum isup_event_kind due_take(struct isup_trunk *t, struct isup_call *c)
{
	enum isup_event_kind kind = ISUP_SETUP;

	while ((c->due >> kind & 1u) == 0)
		kind++;
	c->due &= ~(1u << kind);
	if (c->due == 0) {
		t->due_first = c->next_due;
		if (t->due_first == NULL)
			t->due_last = NULL;
		c->next_due = NULL;
	}
	return kind;
}

static void on_deliver(void *arg)
{
	struct isup_trunk *t = arg;

	t->delivering = true;
	while (!t->closed) {
		if (t->usable != t->told_up) {
			tell_trunk_state(t);
			continue;
		}
		struct isup_call *c = t->due_first;
		if (c == NULL)
			break;
		tell_call(c, due_take(t, c));
	}
	t->delivering = false;
	if (t->closed)
		trunk_free(t);
}

void trunk_deliver(struct isup_trunk *t)
{
	task_post(t->loop, &t->deliver, on_deliver, t);
}

void trunk_tell(struct isup_call *c, enum isup_event_kind kind)
{
	struct isup_trunk *t = c->trunk;

	if (c->due == 0) {
		c->next_due = NULL;
		if (t->due_last != NULL)
			t->due_last->next_due = c;
		else
			t->due_first = c;
		t->due_last = c;
	}
	c->due |= 1u << kind;
	trunk_deliver(t);
}
