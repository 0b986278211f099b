/* slots.c - which B-channel a call gets (Q.931 5.1.2, 5.2.3, 5.7).
 *
 * Each side hunts from its own end, so the two meet only when nearly all slots are busy.  A SETUP
 * names its slot as preferred, never exclusive: when the two still meet, the other side may move
 * the call instead of refusing it.
 */
#include "isup/cause.h"
#include "isup/trunk_internal.h"

static bool slot_carries(const struct isup_trunk *t, unsigned slot)
{
	return slot >= 1 && slot <= ISUP_SLOTS && (t->conf.bearer_slots >> slot & 1u) != 0;
}

bool slot_usable(const struct isup_trunk *t, unsigned slot)
{
	return isup_trunk_slot(t, slot) == ISUP_SLOT_IDLE;
}

enum isup_slot_state isup_trunk_slot(const struct isup_trunk *t, unsigned slot)
{
	if (slot < 1 || slot > ISUP_SLOTS)
		return ISUP_SLOT_NONE;
	const struct isup_slot *s = &t->slots[slot];
	if (s->call != NULL)
		return ISUP_SLOT_BUSY; /* also on a slot taken out of the configuration: it drains
					*/
	if (!slot_carries(t, slot))
		return ISUP_SLOT_NONE;
	if (s->out_of_service || s->far_out_of_service)
		return ISUP_SLOT_OUT_OF_SERVICE;
	return s->restarting ? ISUP_SLOT_RESTARTING : ISUP_SLOT_IDLE;
}

/* A slot that only waits for its turn to be restarted may carry a call: the call settles what the
 * RESTART was to settle, and nobody is refused because we are tidying up. */
static bool slot_waits_for_restart(const struct isup_trunk *t, unsigned slot)
{
	return isup_trunk_slot(t, slot) == ISUP_SLOT_RESTARTING && slot != t->restart_slot;
}

static unsigned slot_hunt(const struct isup_trunk *t,
			  bool (*fits)(const struct isup_trunk *t, unsigned slot))
{
	for (unsigned i = 1; i <= ISUP_SLOTS; i++) {
		unsigned slot = t->conf.hunt == ISUP_ASCENDING ? i : ISUP_SLOTS + 1 - i;
		if (fits(t, slot))
			return slot;
	}
	return 0;
}

unsigned slot_pick(const struct isup_trunk *t)
{
	unsigned slot = slot_hunt(t, slot_usable);

	return slot != 0 ? slot : slot_hunt(t, slot_waits_for_restart);
}

void slot_take(struct isup_call *c, unsigned slot)
{
	if (c->slot == slot)
		return;
	slot_drop(c);
	c->slot = slot;
	c->trunk->slots[slot].call = c;
	c->trunk->slots[slot].restarting = false;
	c->trunk->restart_wanted &= ~(1u << slot);
}

void slot_drop(struct isup_call *c)
{
	if (c->slot != 0 && c->trunk->slots[c->slot].call == c)
		c->trunk->slots[c->slot].call = NULL;
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
	unsigned any = channel < 0 || (channel & 0xff) == 0xff;
	unsigned slot = any ? slot_pick(t) : (unsigned)channel & 0xffu;

	/* "No channel" asks for call waiting, which this interface does not offer. */
	if (!any && slot == 0) {
		*cause = Q850_NO_CHANNEL;
		return 0;
	}
	/* 5.2.3.1: one that is only preferred is replaced by another, as long as a T1 has it. */
	if (!any && isup_trunk_slot(t, slot) == ISUP_SLOT_NONE &&
	    (!flexible || slot > ISUP_SLOTS)) {
		*cause = Q850_CHANNEL_NONEXISTENT;
		return 0;
	}
	if (slot != 0 &&
	    (slot_usable(t, slot) || slot_waits_for_restart(t, slot) || glare_lost(t, slot)))
		return slot;
	if (flexible || any)
		slot = slot_pick(t);
	else
		slot = 0;
	*cause = flexible || any ? Q850_NO_CHANNEL : Q850_CHANNEL_NOT_AVAILABLE;
	return slot;
}

bool slot_for_answer(struct isup_call *c, int channel)
{
	unsigned slot = (unsigned)channel & 0xffu;

	if (channel < 0 || slot == 0 || slot == 0xff)
		return c->slot != 0; /* not named: the one we asked for */
	if (slot == c->slot)
		return true;
	if (!slot_usable(c->trunk, slot) && !slot_waits_for_restart(c->trunk, slot))
		return false;
	slot_take(c, slot);
	return true;
}
