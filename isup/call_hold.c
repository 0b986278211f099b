/* call_hold.c - a call whose far user is away: HOLD and RETRIEVE (Q.932 6.2), which give its slot
 * up and take one again, and NOTIFY (Q.931 3.1.7), which leaves it its slot. */
#include "isup/cause.h"
#include "isup/trunk_internal.h"

/* Held before libpri was asked: it sends HOLD ACKNOWLEDGE for a call whose slot is free already. */
static void on_hold(struct isup_call *c)
{
	struct isup_trunk *t = c->trunk;

	if (c->state != CALL_ACTIVE || c->on_hold) {
		pri_hold_rej(t->pri, c->pri, Q850_WRONG_CALL_STATE);
		return;
	}
	c->on_hold = true;
	slot_drop(c);
	pri_hold_ack(t->pri, c->pri);
	trunk_tell(c, ISUP_HOLD);
}

/* Q.932 6.2.5: the user names a slot, or leaves it to us; one that cannot be had refuses. */
static void on_retrieve(struct isup_call *c, int channel, bool flexible)
{
	struct isup_trunk *t = c->trunk;
	int cause = Q850_NO_CHANNEL;

	if (c->state != CALL_ACTIVE || !c->on_hold) {
		pri_retrieve_rej(t->pri, c->pri, Q850_WRONG_CALL_STATE);
		return;
	}
	bool named = (channel & 0xff) != 0;
	unsigned slot = slot_for_setup(t, named ? channel : -1, flexible || !named, &cause);
	if (slot == 0) {
		pri_retrieve_rej(t->pri, c->pri, cause);
		return;
	}
	slot_take(c, slot);
	c->on_hold = false;
	pri_retrieve_ack(t->pri, c->pri, slot_to_pri(t, slot));
	trunk_tell(c, ISUP_HOLD);
}

/* Q.931 4.5.22, Q.953: the codes that say whether the far user listens.  Others change nothing. */
static void on_notify(struct isup_call *c, int info)
{
	bool away = info == PRI_NOTIFY_USER_SUSPENDED || info == PRI_NOTIFY_REMOTE_HOLD;
	bool back = info == PRI_NOTIFY_USER_RESUMED || info == PRI_NOTIFY_REMOTE_RETRIEVAL;

	c->trunk->counts.notifies_in++;
	if (c->state != CALL_ACTIVE || (!away && !back) || c->away == away)
		return;
	c->away = away;
	trunk_tell(c, ISUP_HOLD);
}

/* Answers to what we asked for. */
static void on_answer(struct isup_call *c, bool held, int channel)
{
	unsigned slot = held ? 0 : slot_from_pri(c->trunk, channel);

	if (c->on_hold == held)
		return;
	if (!held && (slot == 0 || slot == INTERFACE || !slot_usable(c->trunk, slot))) {
		trunk_call_clear_by_trunk(c, Q850_CHANNEL_UNACCEPTABLE, Q850_CHANNEL_NOT_AVAILABLE);
		return;
	}
	c->on_hold = held;
	if (held)
		slot_drop(c);
	else
		slot_take(c, slot);
	trunk_tell(c, ISUP_HOLD);
}

bool trunk_call_on_hold_event(struct isup_trunk *t, const pri_event *ev)
{
	bool flexible;
	q931_call *pri;
	int channel;

	switch (ev->e) {
	case PRI_EVENT_HOLD: pri = ev->hold.call; break;
	case PRI_EVENT_RETRIEVE: pri = ev->retrieve.call; break;
	case PRI_EVENT_NOTIFY: pri = ev->notify.call; break;
	case PRI_EVENT_HOLD_ACK: pri = ev->hold_ack.call; break;
	case PRI_EVENT_RETRIEVE_ACK: pri = ev->retrieve_ack.call; break;
	default: return false;
	}
	struct isup_call *c = pri != NULL ? trunk_call_find(t, pri) : NULL;
	if (c == NULL)
		return true;
	switch (ev->e) {
	case PRI_EVENT_HOLD: on_hold(c); break;
	case PRI_EVENT_RETRIEVE:
		channel = ev->retrieve.channel;
		flexible = ev->retrieve.flexible != 0;
		on_retrieve(c, channel, flexible);
		break;
	case PRI_EVENT_HOLD_ACK: on_answer(c, true, 0); break;
	case PRI_EVENT_RETRIEVE_ACK: on_answer(c, false, ev->retrieve_ack.channel); break;
	default: on_notify(c, ev->notify.info); break;
	}
	return true;
}

bool isup_call_held(const struct isup_call *c)
{
	return c->on_hold || c->away;
}

void isup_call_hold(struct isup_call *c)
{
	if (c->state != CALL_ACTIVE || c->on_hold)
		return;
	trunk_enter(c->trunk);
	pri_hold(c->trunk->pri, c->pri);
	trunk_leave(c->trunk);
}

void isup_call_retrieve(struct isup_call *c)
{
	if (c->state != CALL_ACTIVE || !c->on_hold)
		return;
	trunk_enter(c->trunk);
	pri_retrieve(c->trunk->pri, c->pri, 0);
	trunk_leave(c->trunk);
}

/* libpri carries "remote hold" on EuroISDN alone; elsewhere "user suspended" says it. */
void isup_call_notify_hold(struct isup_call *c, bool held)
{
	struct isup_trunk *t = c->trunk;
	bool euro = t->conf.switch_type == ISUP_EUROISDN;
	int info = held ? (euro ? PRI_NOTIFY_REMOTE_HOLD : PRI_NOTIFY_USER_SUSPENDED)
			: (euro ? PRI_NOTIFY_REMOTE_RETRIEVAL : PRI_NOTIFY_USER_RESUMED);

	if (c->state != CALL_ACTIVE || !t->conf.hold_notify)
		return;
	trunk_enter(t);
	pri_notify(t->pri, c->pri, c->slot != 0 ? slot_to_pri(t, c->slot) : 0, info);
	trunk_leave(t);
}
