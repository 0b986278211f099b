/* restart.c - RESTART, Q.931 5.5: brings a slot to idle on both sides.
 *
 * One slot at a time, because libpri has one record for it, or the whole interface at once.  T316
 * is 2 minutes in the standard and answers come within milliseconds: ours repeats after 2 seconds.
 * Some switches never answer: then the slots are taken as idle.  One that answered before and
 * leaves a slot out has lost that slot: it stays out of service and is tried again every minute.
 *
 * libpri sends RESTART for single slots only.  It can be made to name "any channel", which no
 * RESTART does: such a frame becomes the interface's on its way out, and again when LAPD repeats
 * it.
 */
#include <string.h>

#include "isup/cause.h"
#include "isup/q931.h"
#include "isup/trunk_internal.h"

enum { RETRY_MS = 60000, ANY = 0xff /* libpri's */, ANY_CHANNEL = 0xab };
enum { SINGLE_INTERFACE = 0x86, ALL_INTERFACES = 0x87 }; /* 4.5.25 */

static void restart_next(struct isup_trunk *t);
static void on_t316(void *arg);

static void restart_send(struct isup_trunk *t)
{
	t->restart_tries++;
	t->counts.restarts_out++;
	timer_start(t->loop, &t->restart_timer, timer_ms(t->conf.t316_ms, T316_MS), on_t316, t);
	trunk_enter(t);
	pri_reset(t->pri, t->restart_slot == INTERFACE ? ANY : slot_to_pri(t, t->restart_slot));
	trunk_leave(t);
}

bool restart_holds(const struct isup_trunk *t, unsigned slot)
{
	return t->restart_all || t->restart_slot == INTERFACE || t->restart_slot == slot;
}

/* The far side may take what was restarted as in service. */
static void slot_settled(struct isup_trunk *t, unsigned slot, bool good)
{
	if (t->slots[slot].call != NULL)
		return; /* a call of theirs has settled it before */
	t->slots[slot].restarting = false;
	t->slots[slot].out_of_service = !good;
	service_unsure(t, slot);
}

static void settled(struct isup_trunk *t, bool good)
{
	for (unsigned slot = 1; slot <= t->slot_count; slot++)
		if ((t->restart_slot == INTERFACE || t->restart_slot == slot) &&
		    t->slots[slot].restarting)
			slot_settled(t, slot, good);
}

static void on_retry(void *arg)
{
	struct isup_trunk *t = arg;

	for (unsigned slot = 1; slot <= t->slot_count; slot++)
		if (t->slots[slot].out_of_service)
			restart_begin(t, slot);
}

/* Of the interface: the far side will end them too. */
static void end_calls(struct isup_trunk *t)
{
	trunk_enter(t);
	for (struct isup_call *c = t->calls, *next; c != NULL; c = next) {
		next = c->next;
		trunk_call_finish(c, Q850_TEMPORARY_FAILURE);
	}
	trunk_leave(t);
	for (unsigned slot = 1; slot <= t->slot_count; slot++)
		if (slot_carries(t, slot))
			t->slots[slot].restarting = true;
}

static void restart_next(struct isup_trunk *t)
{
	bool lost = false;

	timer_stop(&t->restart_timer);
	t->restart_slot = 0;
	t->restart_tries = 0;
	if (t->restart_all) {
		t->restart_all = false;
		for (unsigned slot = 1; slot <= t->slot_count; slot++)
			t->slots[slot].restart_wanted = false;
		t->restart_slot = INTERFACE;
		end_calls(t);
		restart_send(t);
		return;
	}
	for (unsigned slot = 1; slot <= t->slot_count; slot++) {
		lost = lost || t->slots[slot].out_of_service;
		if (!t->slots[slot].restart_wanted)
			continue;
		t->slots[slot].restart_wanted = false;
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

	if (t->restart_tries <= t->conf.n316) {
		restart_send(t);
		return;
	}
	if (t->restart_answered && t->restart_slot == INTERFACE) {
		/* answered before, but for slots: some know nothing else */
		log_line(LOG_ISUP, LOG_WARN,
			 "%s: RESTART of the interface not answered, tried slot by slot",
			 t->conf.name);
		for (unsigned slot = 1; slot <= t->slot_count; slot++)
			if (t->slots[slot].restarting)
				t->slots[slot].restart_wanted = true;
	} else if (t->restart_answered) {
		log_line(LOG_ISUP, LOG_WARN, "%s: RESTART not answered, out of service",
			 slot_text(t, t->restart_slot));
		settled(t, false);
	} else {
		log_line(LOG_ISUP, LOG_WARN,
			 "%s: far side does not answer RESTART, slots taken as idle", t->conf.name);
		settled(t, true);
		for (unsigned slot = 1; slot <= t->slot_count; slot++)
			if (t->slots[slot].restart_wanted) {
				t->slots[slot].restart_wanted = false;
				slot_settled(t, slot, true);
			}
	}
	restart_next(t);
}

static void on_begin(void *arg)
{
	restart_next(arg);
}

void restart_resume(struct isup_trunk *t)
{
	if (t->usable && t->restart_slot == 0)
		timer_start(t->loop, &t->restart_timer, 0, on_begin, t);
}

void restart_begin(struct isup_trunk *t, unsigned slot)
{
	if (t->slots[slot].call != NULL)
		return;
	t->slots[slot].restarting = true;
	t->slots[slot].restart_wanted = true;
	restart_resume(t);
}

void restart_begin_each(struct isup_trunk *t)
{
	for (unsigned slot = 1; slot <= t->slot_count; slot++)
		if (slot_carries(t, slot))
			restart_begin(t, slot);
}

void restart_begin_interface(struct isup_trunk *t)
{
	end_calls(t);
	t->restart_all = true;
	restart_resume(t);
}

void restart_stop(struct isup_trunk *t)
{
	timer_stop(&t->restart_timer);
	if (t->restart_slot == INTERFACE)
		t->restart_all = true;
	else if (t->restart_slot != 0)
		t->slots[t->restart_slot].restart_wanted = true; /* again when the link is back */
	t->restart_slot = 0;
	t->restart_tries = 0;
}

void restart_on_ack(struct isup_trunk *t, int channel)
{
	bool named = t->reading_channel && channel >= 0;

	if (t->restart_slot == INTERFACE)
		named = named && !t->reading_interface;
	unsigned slot = slot_from_pri(t, channel);
	if (t->restart_slot == 0 || (named && slot != t->restart_slot)) {
		/* Late, as T316 had it sent twice: it may have been put in service by it. */
		if (named && slot >= 1 && slot <= t->slot_count)
			service_unsure(t, slot);
		return; /* T316 decides */
	}
	t->restart_answered = true;
	settled(t, true);
	restart_next(t);
}

/* 5.5.2: whatever is on the slot is gone.  libpri acknowledges by itself. */
void restart_on_request(struct isup_trunk *t, int channel)
{
	unsigned wanted = t->reading_interface ? INTERFACE : slot_from_pri(t, channel);
	bool all = wanted == 0 || wanted == INTERFACE;
	struct isup_call *c, *next;

	t->counts.restarts_in++;

	for (c = t->calls; c != NULL; c = next) {
		next = c->next;
		if (c->state != CALL_DEAD && (all || c->slot == wanted))
			trunk_call_finish(c, Q850_TEMPORARY_FAILURE);
	}
	for (unsigned slot = 1; slot <= t->slot_count; slot++)
		if (all || slot == wanted) {
			t->slots[slot].out_of_service = false;
			t->slots[slot].far = ISUP_IN_SERVICE;
			service_unsure(t, slot);
		}
}

bool restart_is_whole(const struct isup_trunk *t, const struct q931_message *m,
		      struct elements *out)
{
	const uint8_t whole[] = {t->conf.interface_count > 1 ? ALL_INTERFACES : SINGLE_INTERFACE};
	struct q931_ie ie;

	if (m->discriminator != Q931_PD || m->type != Q931_RESTART ||
	    !q931_find(m, Q931_IE_CHANNEL, &ie) || ie.len != 1 || ie.data[0] != ANY_CHANNEL)
		return false;
	out->len = 0;
	return elements_append(out, &(struct element){ELEMENT_DROP, 0, Q931_IE_CHANNEL, NULL, 0}) &&
	       elements_append(out, &(struct element){ELEMENT_PUT, 0, Q931_IE_RESTART, whole, 1});
}
