/* channels.c - calls that begin, ring, are answered and given up when chance says so. */
#include "tests/sim/channels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- people --- */

static void act(struct talk *t, unsigned side);

static void act_network(void *arg)
{
	act(arg, 0);
}

static void act_user(void *arg)
{
	act(arg, 1);
}

static void later(struct talk *t, unsigned side, unsigned most_ms, const char *what)
{
	t->what[side] = what;
	sim_at(&t->next[side], sim_now_ms() + sim_random(most_ms + 1),
	       side == 0 ? act_network : act_user, t);
}

static void hang_up(struct talk *t, unsigned side)
{
	static const int causes[] = {16, 17, 1, 21, 27, 18, 34, 44, 41, 88};
	bool ours = side == t->from;

	/* who called gives up with 16; who is called refuses for a reason */
	t->gave[side] = ours || sim_random(2) ? 16 : causes[sim_random(10)];
	isup_call_clear(t->call[side], t->gave[side]);
}

static void act(struct talk *t, unsigned side)
{
	struct isup_call *c = t->call[side];
	const char *what = t->what[side];

	if (c == NULL || (t->gave[side] != 0 && !t->again))
		return;
	if (strcmp(what, "hang up") == 0) {
		hang_up(t, side);
	} else if (strcmp(what, "proceed") == 0) {
		isup_call_proceeding(c);
		later(t, side, 5000, sim_random(4) == 0 ? "hang up" : "ring");
	} else if (strcmp(what, "ring") == 0) {
		isup_call_alerting(c, sim_random(2) == 0);
		later(t, side, 20000, sim_random(3) == 0 ? "hang up" : "answer");
	} else if (strcmp(what, "answer") == 0) {
		isup_call_answer(c);
		later(t, side, sim_random(2) == 0 ? 500 : 60000, "hang up");
	}
}

static struct talk *talk_of(struct walk *w, unsigned id)
{
	return w->talk[id % TALKS].id == id ? &w->talk[id % TALKS] : NULL;
}

static void check_over(struct talk *t);

static void on_setup(struct walk *w, unsigned side, const struct isup_event *ev)
{
	struct talk *t = talk_of(w, (unsigned)strtoul(ev->called.digits, NULL, 10));

	if (t == NULL) { /* its caller is gone already, by RESTART: the protocol must end it */
		w->orphans++;
		isup_call_proceeding(ev->call);
		return;
	}
	/* Once more by T303, after RESTART ended it here: the caller did not know its slot. */
	if (t->begun[side] && !t->released[side])
		sim_fail("seed %llu: a SETUP came twice: '%s'", (unsigned long long)w->seed,
			 ev->called.digits);
	t->begun[side] = true;
	t->again = t->released[side];
	t->released[side] = false;
	t->call[side] = ev->call;
	isup_call_bind(ev->call, t);
	switch (sim_random(8)) {
	case 0: hang_up(t, side); break; /* at once */
	case 1: later(t, side, 3000, "hang up"); break;
	case 2: later(t, side, 9000, "proceed"); break; /* T303 may be first */
	case 3: later(t, side, 1000, "answer"); break;
	default: later(t, side, 200, "proceed"); break;
	}
}

void channels_on_event(void *arg, const struct isup_event *ev)
{
	struct end *e = arg;
	struct walk *w = e->walk;
	unsigned side = (unsigned)(e - w->end);
	struct talk *t = ev->user;

	if (ev->kind == ISUP_TRUNK_UP || ev->kind == ISUP_TRUNK_DOWN)
		return;
	if (ev->kind == ISUP_SETUP) {
		on_setup(w, side, ev);
		return;
	}
	if (t == NULL) {
		if (ev->kind == ISUP_CLEARING)
			isup_call_clear(ev->call, ev->cause);
		return;
	}
	if (t->call[side] != ev->call || t->released[side])
		sim_fail("seed %llu: an event of a call that is over", (unsigned long long)w->seed);
	switch (ev->kind) {
	case ISUP_CONNECT:
		if (ev->slot == 0)
			sim_fail("seed %llu: connected nowhere", (unsigned long long)w->seed);
		w->answered++;
		later(t, side, 60000, "hang up");
		break;
	case ISUP_CLEARING:
		t->heard[side] = ev->cause;
		isup_call_clear(ev->call, ev->cause);
		break;
	case ISUP_RELEASED:
		t->released[side] = true;
		t->call[side] = NULL;
		sim_cancel(&t->next[side]);
		if (ev->cause == 0)
			sim_fail("seed %llu: released without a cause",
				 (unsigned long long)w->seed);
		check_over(t);
		break;
	default: break;
	}
}

/* --- causes --- */

/* What a trunk says by itself: RESTART 41, link 27, timers 102 and 18, slots 6, 34, 44 and 82, a
 * state that does not fit 101, a record that was lost 31. */
static bool is_of_trunk(int cause)
{
	static const int causes[] = {41, 27, 102, 18, 6, 34, 44, 82, 81, 101, 31};

	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++)
		if (causes[i] == cause)
			return true;
	return false;
}

static void check_over(struct talk *t)
{
	struct walk *w = t->walk;

	if (!t->released[t->from] || (t->begun[!t->from] && !t->released[!t->from]))
		return;
	for (unsigned side = 0; side < 2; side++) {
		int heard = t->heard[side], given = t->gave[!side];
		if (heard == 0 || heard == given || t->again)
			continue;
		if (!is_of_trunk(heard))
			sim_fail("seed %llu: call %u: the %s heard cause %d, the other gave %d",
				 (unsigned long long)w->seed, t->id, side == 0 ? "network" : "user",
				 heard, given);
		w->by_trunk++;
	}
	t->id = 0;
}

/* --- calls begin --- */

void channels_place_call(void *arg)
{
	struct walk *w = arg;
	unsigned id = ++w->placed, side = sim_random(2);
	struct talk *t = &w->talk[id % TALKS];
	struct isup_setup setup = {.complete = true};

	if (t->id != 0)
		sim_fail("seed %llu: call %u is not over: side %u began, begun %d %d, released %d "
			 "%d, "
			 "slots %u %u",
			 (unsigned long long)w->seed, t->id, t->from, t->begun[0], t->begun[1],
			 t->released[0], t->released[1],
			 t->call[0] ? isup_call_slot(t->call[0]) : 0,
			 t->call[1] ? isup_call_slot(t->call[1]) : 0);
	*t = (struct talk){.walk = w, .id = id, .from = side};
	snprintf(setup.called.digits, sizeof(setup.called.digits), "%u", id);
	setup.called.plan = 1;
	int r = isup_call_start(&t->call[side], w->end[side].trunk, &setup, t);
	if (r == 0) {
		t->begun[side] = true;
		w->begun++;
		later(t, side, 90000, "hang up");
	} else {
		t->id = 0;
		w->refused++;
	}
	if (w->placed < w->conf.calls)
		sim_at(&w->next_call, sim_now_ms() + sim_random(w->conf.pause_ms + 1),
		       channels_place_call, w);
}
