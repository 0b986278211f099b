/* flap.c - a D-channel that comes and goes: calls that begin on it die half way.
 *
 * New calls of ours wait, that is: are refused and go another way, until it stayed up for a while.
 * Calls of the far side are taken: it knows the link as well as we do.  Lost calls are T309's
 * matter, not ours.
 */
#include "isup/trunk_internal.h"

bool isup_trunk_flaps(const struct isup_trunk *t)
{
	return t->flaps;
}

static unsigned limit_of(const struct isup_trunk *t)
{
	return t->conf.flap_losses < FLAP_LOSSES_MAX ? t->conf.flap_losses : FLAP_LOSSES_MAX - 1;
}

/* The loss before the last so many: young enough, and there were more than the limit. */
static bool too_many(const struct isup_trunk *t)
{
	unsigned limit = limit_of(t);

	if (limit == 0 || t->losses_seen <= limit)
		return false;
	uint64_t oldest_ms = t->loss_ms[(t->losses_seen - 1 - limit) % FLAP_LOSSES_MAX];
	return loop_now_ms(t->loop) - oldest_ms <= t->conf.flap_window_ms;
}

void flap_on_down(struct isup_trunk *t)
{
	timer_stop(&t->flap_timer);
	t->loss_ms[t->losses_seen++ % FLAP_LOSSES_MAX] = loop_now_ms(t->loop);
	if (t->flaps || !too_many(t))
		return;
	t->flaps = true;
	t->counts.flaps++;
	log_line(LOG_ISUP, LOG_WARN,
		 "%s: the D-channel was lost %u times in %u s: no new calls until it has been up "
		 "for %u s",
		 t->conf.name, limit_of(t) + 1, t->conf.flap_window_ms / 1000,
		 t->conf.flap_hold_ms / 1000);
}

static void on_held(void *arg)
{
	struct isup_trunk *t = arg;

	t->flaps = false;
	t->losses_seen = 0; /* what is over does not count again */
	log_line(LOG_ISUP, LOG_INFO, "%s: the D-channel has stayed up: new calls again",
		 t->conf.name);
}

void flap_on_up(struct isup_trunk *t)
{
	if (t->flaps)
		timer_start(t->loop, &t->flap_timer, t->conf.flap_hold_ms, on_held, t);
}
