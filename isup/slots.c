/* slots.c - which B-channel a call gets (Q.931 5.1.2, 5.2.3, 5.7).
 *
 * When each side hunts from its own end, the two meet only when nearly all slots are busy.  When
 * they do, a slot that was only preferred lets the other side move the call instead of refusing
 * it.
 */
#include <stdio.h>

#include "isup/cause.h"
#include "isup/trunk_internal.h"

bool slot_carries(const struct isup_trunk *t, unsigned slot)
{
	if (slot < 1 || slot > t->slot_count)
		return false;
	const struct isup_interface *i = &t->conf.interfaces[isup_slot_interface(slot)];
	uint32_t bearers = t->conf.interface_count != 0 ? i->bearer_slots : t->conf.bearer_slots;
	return (bearers >> isup_slot_number(slot) & 1u) != 0;
}

/* Where there are several, the interface is always named: what "implicit" means differs when the
 * backup D-channel is in service. */
int slot_to_pri(const struct isup_trunk *t, unsigned slot)
{
	enum { EXPLICIT = 1 << 16 };

	if (t->conf.interface_count == 0 || slot == 0)
		return (int)slot;
	return (int)isup_slot_number(slot) | t->conf.interfaces[isup_slot_interface(slot)].id << 8 |
	       EXPLICIT;
}

unsigned slot_from_pri(const struct isup_trunk *t, int channel)
{
	unsigned number = (unsigned)channel & 0xffu, id = (unsigned)channel >> 8 & 0xffu;
	bool explicit = (channel & 1 << 16) != 0;

	if (channel < 0 || number == 0xff)
		return INTERFACE;
	if (number == 0)
		return 0;
	if (number > ISUP_SLOTS)
		return NO_SUCH_SLOT;
	if (t->conf.interface_count == 0)
		return number;
	if (!explicit) /* that of the D-channel, 4.5.13 */
		return isup_slot(t->active > 0 ? t->conf.backup : 0, number);
	for (unsigned i = 0; i < t->conf.interface_count; i++)
		if (t->conf.interfaces[i].id == id)
			return isup_slot(i, number);
	return NO_SUCH_SLOT;
}

const char *slot_text(const struct isup_trunk *t, unsigned slot)
{
	static char text[sizeof(t->conf.name) + 16];

	if (t->conf.interface_count == 0 || slot == 0 || slot > t->slot_count)
		snprintf(text, sizeof(text), "%s/%u", t->conf.name, slot);
	else
		snprintf(text, sizeof(text), "%s/%u/%u", t->conf.name,
			 t->conf.interfaces[isup_slot_interface(slot)].id, isup_slot_number(slot));
	return text;
}

bool slot_usable(const struct isup_trunk *t, unsigned slot)
{
	return isup_trunk_slot(t, slot) == ISUP_SLOT_IDLE;
}

enum isup_slot_state isup_trunk_slot(const struct isup_trunk *t, unsigned slot)
{
	if (slot < 1 || slot > t->slot_count)
		return ISUP_SLOT_NONE;
	const struct isup_slot *s = &t->slots[slot];
	if (s->call != NULL)
		return ISUP_SLOT_BUSY; /* also on a slot taken out of the configuration: it drains
					*/
	if (!slot_carries(t, slot))
		return ISUP_SLOT_NONE;
	if (s->out_of_service)
		return ISUP_SLOT_OUT_OF_SERVICE;
	if (t->drains || s->ours == ISUP_OUT_OF_SERVICE)
		return ISUP_SLOT_OUT_BY_US;
	if (s->ours == ISUP_MAINTENANCE || s->far == ISUP_MAINTENANCE)
		return ISUP_SLOT_MAINTENANCE;
	if (s->far == ISUP_OUT_OF_SERVICE)
		return ISUP_SLOT_OUT_BY_FAR;
	if (t->conf.interface_count > 1 && t->line_down[isup_slot_interface(slot)])
		return ISUP_SLOT_NO_LINE;
	return s->restarting ? ISUP_SLOT_RESTARTING : ISUP_SLOT_IDLE;
}

/* A slot that only waits for its turn to be restarted may carry a call: the call settles what the
 * RESTART was to settle, and nobody is refused because we are tidying up. */
static bool slot_waits_for_restart(const struct isup_trunk *t, unsigned slot)
{
	return isup_trunk_slot(t, slot) == ISUP_SLOT_RESTARTING && !restart_holds(t, slot);
}

/* The i-th slot, from 0, in the order that slots are tried. */
static unsigned slot_in_order(const struct isup_trunk *t, unsigned i)
{
	switch (t->conf.hunt) {
	case ISUP_DESCENDING: return t->slot_count - i;
	case ISUP_ROUND_ROBIN: return (t->hunted + i) % t->slot_count + 1;
	case ISUP_ASCENDING:
	case ISUP_LONGEST_IDLE: break;
	}
	return i + 1;
}

static unsigned slot_hunt(const struct isup_trunk *t, const struct isup_slot_set *avoid,
			  bool (*fits)(const struct isup_trunk *t, unsigned slot))
{
	unsigned found = 0;

	for (unsigned i = 0; i < t->slot_count; i++) {
		unsigned slot = slot_in_order(t, i);
		if ((avoid != NULL && isup_slot_set_has(avoid, slot)) || !fits(t, slot))
			continue;
		if (t->conf.hunt != ISUP_LONGEST_IDLE)
			return slot;
		if (found == 0 || t->slots[slot].used < t->slots[found].used)
			found = slot;
	}
	return found;
}

unsigned slot_pick(struct isup_trunk *t, const struct isup_slot_set *avoid)
{
	unsigned slot = slot_hunt(t, avoid, slot_usable);

	if (slot == 0)
		slot = slot_hunt(t, avoid, slot_waits_for_restart);
	if (slot != 0)
		t->hunted = slot;
	return slot;
}

void slot_take(struct isup_call *c, unsigned slot)
{
	if (c->slot == slot)
		return;
	slot_drop(c);
	c->slot = slot;
	c->trunk->slots[slot].call = c;
	c->trunk->slots[slot].restarting = false;
	c->trunk->slots[slot].restart_wanted = false;
}

void slot_drop(struct isup_call *c)
{
	struct isup_trunk *t = c->trunk;

	if (c->slot != 0 && t->slots[c->slot].call == c) {
		t->slots[c->slot].call = NULL;
		t->slots[c->slot].used = ++t->uses;
		if (isup_trunk_slot_leaves(t, c->slot))
			service_update(t);
	}
	c->slot = 0;
}

/* Q.931 5.7: both sides sent SETUP for one slot.  The network's call has it.  On the user side
 * ours steps back and waits for the network to name another slot or to refuse it. */
static bool glare_lost(struct isup_trunk *t, unsigned slot)
{
	struct isup_call *ours = t->slots[slot].call;

	if (ours == NULL || ours->incoming || ours->state != CALL_INITIATED)
		return false;
	t->counts.glare++;
	if (t->conf.side == ISUP_NETWORK)
		return false;
	slot_drop(ours);
	ours->lost_glare = true;
	return true;
}

unsigned slot_for_setup(struct isup_trunk *t, int channel, bool flexible, int *cause)
{
	unsigned slot = slot_from_pri(t, channel);
	bool any = slot == INTERFACE;

	if (any)
		slot = slot_pick(t, NULL);
	/* "No channel" asks for call waiting, which this interface does not offer. */
	if (!any && slot == 0) {
		*cause = Q850_NO_CHANNEL;
		return 0;
	}
	/* 5.2.3.1: one that is only preferred is replaced by another, as long as a T1 has it. */
	if (!any && isup_trunk_slot(t, slot) == ISUP_SLOT_NONE &&
	    (!flexible || slot > t->slot_count)) {
		*cause = Q850_CHANNEL_NONEXISTENT;
		return 0;
	}
	if (!any)
		service_on_use(t, slot);
	if (slot != 0 &&
	    (slot_usable(t, slot) || slot_waits_for_restart(t, slot) || glare_lost(t, slot)))
		return slot;
	if (flexible || any)
		slot = slot_pick(t, NULL);
	else
		slot = 0;
	*cause = flexible || any ? Q850_NO_CHANNEL : Q850_CHANNEL_NOT_AVAILABLE;
	return slot;
}

bool slot_for_answer(struct isup_call *c, int channel)
{
	unsigned slot = slot_from_pri(c->trunk, channel);

	if (slot == 0 || slot == INTERFACE)
		return c->slot != 0; /* not named: the one we asked for */
	if (slot == c->slot)
		return true;
	if (!slot_usable(c->trunk, slot) && !slot_waits_for_restart(c->trunk, slot))
		return false;
	slot_take(c, slot);
	return true;
}
