/* service.c - slots in and out of service: by order here, by SERVICE messages from the far side.
 *
 * SERVICE is of the American dialects (AT&T TR 41459, Telcordia SR-4994), protocol discriminator 3
 * or 67.  Each side has a wish of its own for a slot, and it takes calls when both say "in
 * service".  libpri answers SERVICE by itself with the status it asks for, whatever ours is: so
 * one that wants in a slot which is out here is told once more that it is out.  That cannot go on
 * for ever, because only "in service" is answered so.
 *
 * What the far side was told may be lost with the link, or forgotten in a RESTART: then it is told
 * again.  A side that does not answer is asked a few times and then taken as knowing no SERVICE.
 */
#include <errno.h>

#include "isup/cause.h"
#include "isup/trunk_internal.h"

enum { UNSURE = 0xff, ANSWER_MS = 4000, TRIES = 3 };

bool isup_trunk_has_service(const struct isup_trunk *t)
{
	return t->conf.service && t->conf.switch_type != ISUP_QSIG &&
	       t->conf.switch_type != ISUP_EUROISDN;
}

bool isup_trunk_drains(const struct isup_trunk *t)
{
	return t->drains;
}

bool isup_trunk_slot_leaves(const struct isup_trunk *t, unsigned slot)
{
	return slot >= 1 && slot <= t->slot_count &&
	       (t->drains || t->slots[slot].ours != ISUP_IN_SERVICE);
}

/* What the far side should know now: a slot that drains is in service as long as it has a call. */
static enum isup_service status_of(const struct isup_trunk *t, unsigned slot)
{
	const struct isup_slot *s = &t->slots[slot];

	if (s->ours != ISUP_IN_SERVICE)
		return s->call != NULL && s->after_call ? ISUP_IN_SERVICE : s->ours;
	return t->drains && s->call == NULL ? ISUP_OUT_OF_SERVICE : ISUP_IN_SERVICE;
}

/* --- to the far side --- */

static void send_status(struct isup_trunk *t, unsigned slot, enum isup_service status)
{
	struct isup_slot *s = &t->slots[slot];

	if (s->told != status)
		s->tries = 0;
	s->told = (uint8_t)status;
	s->tries++;
	s->told_ms = loop_now_ms(t->loop);
	s->unanswered = true;
	t->counts.service_out++;
	int channel = slot_to_pri(t, slot);
	pri_maintenance_service(t->pri, channel >> 8 & 0xff, channel & 0xff, (int)status);
}

/* True: an answer is awaited. */
static bool tell(struct isup_trunk *t, unsigned slot)
{
	struct isup_slot *s = &t->slots[slot];
	enum isup_service status = status_of(t, slot);

	if (s->told == status && !s->unanswered)
		return false;
	if (!isup_trunk_has_service(t)) {
		s->told = (uint8_t)status;
		s->unanswered = false;
		return false;
	}
	if (s->told == status && loop_now_ms(t->loop) - s->told_ms < ANSWER_MS)
		return true;
	if (s->told == status && s->tries >= TRIES) {
		s->unanswered = false;
		log_limited(&t->service_log, 60000, LOG_ISUP, LOG_WARN,
			    "%s: SERVICE not acknowledged: the far side may not know that the slot "
			    "is %s",
			    slot_text(t, slot),
			    status == ISUP_IN_SERVICE ? "back in service" : "out of service");
		return false;
	}
	send_status(t, slot, status);
	return true;
}

static void on_service_timer(void *arg)
{
	struct isup_trunk *t = arg;
	bool waiting = false;

	if (!t->usable)
		return; /* once it has settled */
	trunk_enter(t);
	for (unsigned slot = 1; slot <= t->slot_count; slot++)
		if (slot_carries(t, slot) && tell(t, slot))
			waiting = true;
	trunk_leave(t);
	if (waiting && !timer_running(&t->service_timer))
		timer_start(t->loop, &t->service_timer, ANSWER_MS, on_service_timer, t);
}

void service_update(struct isup_trunk *t)
{
	if (t->closed) /* its calls are being freed */
		return;
	timer_start(t->loop, &t->service_timer, 0, on_service_timer, t);
}

void service_unsure(struct isup_trunk *t, unsigned slot)
{
	struct isup_slot *s = &t->slots[slot];

	if (s->told == ISUP_IN_SERVICE && !s->unanswered)
		return; /* which is what it takes it for anyway */
	s->told = UNSURE;
	service_update(t);
}

void service_stop(struct isup_trunk *t)
{
	for (unsigned slot = 1; slot <= t->slot_count; slot++)
		service_unsure(t, slot);
	timer_stop(&t->service_timer);
}

/* --- from the far side --- */

static const char *status_text(enum isup_service status)
{
	switch (status) {
	case ISUP_IN_SERVICE: return "in service";
	case ISUP_MAINTENANCE: return "in maintenance";
	case ISUP_OUT_OF_SERVICE: return "out of service";
	}
	return "?";
}

static void far_said(struct isup_trunk *t, unsigned slot, enum isup_service status)
{
	struct isup_slot *s = &t->slots[slot];

	if (s->far != status)
		log_line(LOG_ISUP, LOG_INFO, "%s: far side puts it %s", slot_text(t, slot),
			 status_text(status));
	s->far = status;
}

static unsigned slot_of(const struct isup_trunk *t, int channel)
{
	unsigned slot = slot_from_pri(t, channel);

	return slot > t->slot_count ? 0 : slot;
}

static void slot_status(struct isup_trunk *t, unsigned slot, enum isup_service status)
{
	t->counts.service_in++;
	far_said(t, slot, status);
	if (status == ISUP_IN_SERVICE && status_of(t, slot) != ISUP_IN_SERVICE)
		service_unsure(t, slot);
}

void service_on_message(struct isup_trunk *t, int channel, int status)
{
	unsigned slot = slot_of(t, channel);

	if (slot != 0)
		slot_status(t, slot,
			    (enum isup_service)status); /* screen.c lets no other through */
}

void service_on_interface(struct isup_trunk *t, enum isup_service status)
{
	for (unsigned slot = 1; slot <= t->slot_count; slot++)
		if (slot_carries(t, slot))
			slot_status(t, slot, status);
}

/* A side that uses a slot has it in service, whatever it said before; or it repeats a SETUP that is
 * older than what it said.  Hearing "in service" from us, it says which. */
void service_on_use(struct isup_trunk *t, unsigned slot)
{
	struct isup_slot *s = &t->slots[slot];

	if (s->far == ISUP_IN_SERVICE)
		return;
	s->far = ISUP_IN_SERVICE;
	s->told = UNSURE;
	service_update(t);
}

void service_on_ack(struct isup_trunk *t, int channel, int status)
{
	unsigned slot = slot_of(t, channel);

	if (slot == 0)
		return;
	struct isup_slot *s = &t->slots[slot];
	/* Or it answers what was said before that: the right one follows. */
	if (status == s->told)
		s->unanswered = false;
	if (s->told == ISUP_IN_SERVICE)
		far_said(t, slot, (enum isup_service)status); /* it may have it out still */
}

/* --- orders --- */

static void end_call(struct isup_trunk *t, unsigned slot)
{
	struct isup_call *c = t->slots[slot].call;

	if (c == NULL)
		return;
	trunk_enter(t);
	trunk_call_finish(c, Q850_TEMPORARY_FAILURE);
	trunk_leave(t);
}

static void put(struct isup_trunk *t, unsigned slot, enum isup_service ours, bool after_call)
{
	struct isup_slot *s = &t->slots[slot];

	s->ours = ours;
	s->after_call = after_call;
	if (ours == ISUP_IN_SERVICE)
		s->told = UNSURE; /* said in any case: the far side may have it out */
	service_update(t);
	log_line(LOG_ISUP, LOG_INFO, "%s: ordered %s%s", slot_text(t, slot), status_text(ours),
		 s->call != NULL && after_call ? " when its call has ended" : "");
}

int isup_trunk_order(struct isup_trunk *t, unsigned slot, enum isup_order order)
{
	if (!slot_carries(t, slot))
		return -ENOENT;
	switch (order) {
	case ISUP_ORDER_IN:
		put(t, slot, ISUP_IN_SERVICE, false);
		if (t->slots[slot].out_of_service)
			restart_begin(t, slot);
		break;
	case ISUP_ORDER_OUT: put(t, slot, ISUP_OUT_OF_SERVICE, false); break;
	case ISUP_ORDER_DRAIN: put(t, slot, ISUP_OUT_OF_SERVICE, true); break;
	case ISUP_ORDER_MAINTAIN: put(t, slot, ISUP_MAINTENANCE, false); break;
	case ISUP_ORDER_RESTART:
		log_line(LOG_ISUP, LOG_INFO, "%s: ordered to restart", slot_text(t, slot));
		end_call(t, slot);
		restart_begin(t, slot);
		break;
	}
	return 0;
}

void isup_trunk_drain(struct isup_trunk *t, bool drain)
{
	if (t->drains == drain)
		return;
	t->drains = drain;
	log_line(LOG_ISUP, LOG_INFO, "%s: ordered %s", t->conf.name,
		 drain ? "out of service as its calls end" : "back in service");
	service_update(t);
}

void isup_trunk_restart(struct isup_trunk *t)
{
	log_line(LOG_ISUP, LOG_INFO, "%s: ordered to restart", t->conf.name);
	restart_begin_interface(t);
}
