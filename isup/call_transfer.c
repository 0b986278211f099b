/* call_transfer.c - two of our calls on one trunk that the far end is asked to connect by itself:
 * two B-channel transfer (GR-2865; NI2, 5ESS, 4ESS), release link trunk (DMS-100), explicit call
 * transfer (EN 300 369, EuroISDN), path replacement (ECMA-176, QSIG).
 *
 * Who grants it clears both calls; who does not leaves them as they are, and says so at most to
 * libpri.  So time decides, and until then nothing changes for the callers.
 */
#include "isup/trunk_internal.h"

enum { GRANT_MS = 10000 };

static void part(struct isup_call *c)
{
	if (c->transfers_with == NULL)
		return;
	timer_stop(&c->grant_timer);
	timer_stop(&c->transfers_with->grant_timer);
	c->transfers_with->transfers_with = NULL;
	c->transfers_with = NULL;
}

/* Not granted: what the counter is for. */
static void on_no_grant(void *arg)
{
	struct isup_call *c = arg;

	part(c);
	c->trunk->counts.tromboned++;
	log_line(LOG_ISUP, LOG_INFO, "%s/%u: transfer not granted: two channels stay in use",
		 c->trunk->conf.name, c->slot);
}

bool isup_call_transfer(struct isup_call *a, struct isup_call *b)
{
	struct isup_trunk *t = a->trunk;
	bool asked = false;

	if (t != b->trunk)
		return false;
	if (t->conf.transfer && a->state == CALL_ACTIVE && b->state == CALL_ACTIVE && !a->on_hold &&
	    !b->on_hold) {
		trunk_enter(t);
		asked = pri_channel_bridge(a->pri, b->pri) == 0;
		trunk_leave(t);
	}
	if (!asked) {
		t->counts.tromboned++;
		if (t->conf.transfer)
			log_line(LOG_ISUP, LOG_INFO,
				 "%s/%u: transfer not asked for: on hold, of another bearer than "
				 "%u, or not wished for in SETUP: two channels stay in use",
				 t->conf.name, a->slot, b->slot);
		return false;
	}
	t->counts.transfers_asked++;
	part(a);
	part(b);
	a->transfers_with = b;
	b->transfers_with = a;
	timer_start(t->loop, &a->grant_timer, GRANT_MS, on_no_grant, a);
	return true;
}

/* A user who hangs up in these seconds looks the same. */
void trunk_call_transfer_over(struct isup_call *c, bool by_far)
{
	c->trunk->counts.transfers_granted += by_far && c->transfers_with != NULL;
	part(c);
}
