/* restart.c - RESTART, Q.931 5.5: brings a slot to idle on both sides.
 *
 * One slot at a time, because libpri has one record for it.  T316 is 2 minutes in the standard and
 * answers come within milliseconds: ours repeats after 2 seconds.  Some switches never answer: then
 * the slots are taken as idle.  One that answered before and leaves a slot out has lost that slot:
 * it stays out of service and is tried again every minute.
 */
#include "isup/cause.h"
#include "isup/trunk_internal.h"

enum { T316_MS = 2000, RESTART_TRIES = 3, RETRY_MS = 60000 };

static void restart_next(struct isup_trunk *t);
static void on_t316(void *arg);

static void restart_send(struct isup_trunk *t)
{
	t->restart_tries++;
	timer_start(t->loop, &t->restart_timer, T316_MS, on_t316, t);
	trunk_enter(t);
	pri_reset(t->pri, (int)t->restart_slot);
	trunk_leave(t);
}

static void slot_settled(struct isup_trunk *t, unsigned slot, bool good)
{
	t->slots[slot].restarting = false;
	t->slots[slot].out_of_service = !good;
}

static void on_retry(void *arg)
{
	struct isup_trunk *t = arg;

	for (unsigned slot = 1; slot <= ISUP_SLOTS; slot++)
		if (t->slots[slot].out_of_service && t->slots[slot].call == NULL)
			t->restart_wanted |= 1u << slot;
	restart_begin(t, 0);
}

static void restart_next(struct isup_trunk *t)
{
	bool lost = false;

	timer_stop(&t->restart_timer);
	t->restart_slot = 0;
	t->restart_tries = 0;
	for (unsigned slot = 1; slot <= ISUP_SLOTS; slot++) {
		lost = lost || t->slots[slot].out_of_service;
		if ((t->restart_wanted >> slot & 1u) == 0)
			continue;
		t->restart_wanted &= ~(1u << slot);
		t->restart_slot = slot;
		restart_send(t);
		return;
	}
	if (lost)
		timer_start(t->loop, &t->restart_timer, RETRY_MS, on_retry, t);
}

static void on_t316(void *arg)
{
	struct isup_trunk *t = arg;

	if (t->restart_tries < RESTART_TRIES) {
		restart_send(t);
		return;
	}
	if (t->restart_answered) {
		log_line(LOG_ISUP, LOG_WARN, "%s/%u: RESTART not answered, out of service",
			 t->conf.name, t->restart_slot);
		slot_settled(t, t->restart_slot, false);
	} else {
		log_line(LOG_ISUP, LOG_WARN,
			 "%s: far side does not answer RESTART, slots taken as idle", t->conf.name);
		slot_settled(t, t->restart_slot, true);
		for (unsigned slot = 1; slot <= ISUP_SLOTS; slot++)
			if ((t->restart_wanted >> slot & 1u) != 0)
				slot_settled(t, slot, true);
		t->restart_wanted = 0;
	}
	restart_next(t);
}

static void on_begin(void *arg)
{
	restart_next(arg);
}

void restart_begin(struct isup_trunk *t, uint32_t slots)
{
	for (unsigned slot = 1; slot <= ISUP_SLOTS; slot++) {
		if ((slots >> slot & 1u) == 0 || t->slots[slot].call != NULL)
			continue;
		t->slots[slot].restarting = true;
		t->restart_wanted |= 1u << slot;
	}
	if (t->usable && t->restart_slot == 0 && t->restart_wanted != 0)
		timer_start(t->loop, &t->restart_timer, 0, on_begin, t);
}

void restart_stop(struct isup_trunk *t)
{
	timer_stop(&t->restart_timer);
	if (t->restart_slot != 0)
		t->restart_wanted |= 1u << t->restart_slot; /* again when the link is back */
	t->restart_slot = 0;
	t->restart_tries = 0;
}

void restart_on_ack(struct isup_trunk *t, int channel)
{
	unsigned slot = channel < 0 ? t->restart_slot : (unsigned)channel & 0xffu;

	if (t->restart_slot == 0 || slot != t->restart_slot)
		return; /* late or foreign: T316 decides */
	t->restart_answered = true;
	slot_settled(t, slot, true);
	restart_next(t);
}

/* 5.5.2: whatever is on the slot is gone.  libpri acknowledges by itself. */
void restart_on_request(struct isup_trunk *t, int channel)
{
	unsigned wanted = (unsigned)channel & 0xffu;
	bool all = channel < 0 || wanted == 0 || wanted == 0xff;
	struct isup_call *c, *next;

	for (c = t->calls; c != NULL; c = next) {
		next = c->next;
		if (c->state != CALL_DEAD && (all || c->slot == wanted))
			trunk_call_finish(c, Q850_TEMPORARY_FAILURE);
	}
	for (unsigned slot = 1; slot <= ISUP_SLOTS; slot++)
		if (all || slot == wanted) {
			t->slots[slot].out_of_service = false;
			t->slots[slot].far_out_of_service = false;
		}
}

void restart_on_service(struct isup_trunk *t, int channel, int status)
{
	unsigned slot = (unsigned)channel & 0xffu;

	if (channel < 0 || slot < 1 || slot > ISUP_SLOTS)
		return;
	t->slots[slot].far_out_of_service = status != 0;
	log_line(LOG_ISUP, LOG_INFO, "%s/%u: far side puts it %s service", t->conf.name, slot,
		 status != 0 ? "out of" : "in");
}
