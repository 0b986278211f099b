/* Random walks over the channels of one trunk, a trunk of ours at each end: calls begin, ring, are
 * answered and given up when chance says so, while frames are lost, repeated and late, operators
 * take channels out, drain and restart them, and the D-channel goes away.  At the end both sides
 * must agree on every channel, no call may be left on either, and each end must have heard the
 * cause that the other gave, or one of the trunk's own where an accident ended the call.
 *
 * usage: channels_sim [SEED]; SIM_WALKS in the environment = seeds to try, SIM_CALLS = calls of
 * each walk instead. */
#include "gateway/base/log.h"
#include "gateway/base/loop.h"
#include "isup/trunk.h"
#include "tests/sim/dchan.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SLOTS = 23, TALKS = 512, QUIET_MS = 900000 };

struct walk_conf {
	enum isup_switch switch_type;
	enum isup_channel channel;
	enum isup_hunt hunt[2]; /* network, user */
	unsigned calls, pause_ms;
	unsigned delay_ms;    /* each way */
	unsigned bad_percent; /* of frames lost, of frames repeated, of frames late */
	bool orders, cuts;
};

struct walk;

struct end {
	struct walk *walk;
	struct isup_trunk *trunk;
	enum dchan_dir to_here;
	/* what was ordered last */
	enum isup_service wish[SLOTS + 1];
	bool drains;
};

/* One call, as both its ends see it. */
struct talk {
	struct walk *walk;
	unsigned id; /* 0 = free; the called number */
	unsigned from;
	struct isup_call *call[2]; /* by side; NULL = none, or gone */
	bool begun[2], released[2];
	int gave[2]; /* the cause that this end cleared with, 0 = it did not */
	int heard[2];
	bool again;               /* presented twice: either cause may have been heard */
	struct sim_event next[2]; /* what this end does then */
	const char *what[2];
};

struct walk {
	struct walk_conf conf;
	uint64_t seed;
	struct loop loop;
	struct dchan *line;
	struct end end[2]; /* 0 network, 1 user */
	struct talk talk[TALKS];
	unsigned placed, begun, answered, refused, by_trunk, orphans;
	struct sim_event next_call, accident, mend;
	bool quiet;
};

static uint64_t first_seed = 1;
static unsigned seeds = 2, calls_wanted;

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

static void on_event(void *arg, const struct isup_event *ev)
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

static void place_call(void *arg)
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
		sim_at(&w->next_call, sim_now_ms() + sim_random(w->conf.pause_ms + 1), place_call,
		       w);
}

/* --- accidents --- */

static void order_slot(struct walk *w)
{
	static const enum isup_service wishes[] = {ISUP_IN_SERVICE, ISUP_OUT_OF_SERVICE,
						   ISUP_OUT_OF_SERVICE, ISUP_MAINTENANCE};
	struct end *e = &w->end[sim_random(2)];
	unsigned slot = 1 + sim_random(SLOTS);
	enum isup_order what = sim_random(ISUP_ORDER_RESTART + 1);

	if (what != ISUP_ORDER_RESTART)
		e->wish[slot] = wishes[what];
	isup_trunk_order(e->trunk, slot, what);
}

static void order(struct walk *w)
{
	struct end *e = &w->end[sim_random(2)];

	switch (sim_random(16)) {
	case 0:
		e->drains = !e->drains;
		isup_trunk_drain(e->trunk, e->drains);
		return;
	case 1: isup_trunk_restart(e->trunk); return;
	case 2:
	case 3:
	case 4: /* most are in service most of the time */
		for (unsigned slot = 1; slot <= SLOTS; slot++) {
			e->wish[slot] = ISUP_IN_SERVICE;
			isup_trunk_order(e->trunk, slot, ISUP_ORDER_IN);
		}
		e->drains = false;
		isup_trunk_drain(e->trunk, false);
		return;
	default: order_slot(w); break;
	}
}

static void mend(void *arg)
{
	struct walk *w = arg;

	dchan_cut(w->line, false);
}

static void accident(void *arg)
{
	struct walk *w = arg;

	if (w->quiet)
		return;
	if (w->conf.orders && (!w->conf.cuts || sim_random(8) != 0)) {
		order(w);
	} else {
		dchan_cut(w->line, true);
		sim_at(&w->mend, sim_now_ms() + sim_random(150000), mend, w);
	}
	sim_at(&w->accident, sim_now_ms() + sim_random(w->conf.cuts ? 60000 : 15000), accident, w);
}

/* --- the line --- */

static bool on_send(void *arg, unsigned interface, const uint8_t *frame, size_t len)
{
	struct end *e = arg;

	dchan_send(e->walk->line, e->to_here == DCHAN_TO_FAR ? DCHAN_TO_GATEWAY : DCHAN_TO_FAR,
		   frame, len);
	return true;
}

static void on_frame(void *arg, const uint8_t *frame, size_t len)
{
	isup_trunk_receive(((struct end *)arg)->trunk, 0, frame, len);
}

static void on_trace(void *arg, unsigned interface, bool sent, const uint8_t *frame, size_t len)
{
	struct end *e = arg;
	char text[200];

	if (sent && (frame[2] & 1) == 0)
		sim_note("%s %s", e == e->walk->end ? "network -->" : "user    <--",
			 isup_frame_text(frame, len, text, sizeof(text)));
}

static void on_log(void *arg, const char *line)
{
	sim_note("    %s", line + strcspn(line, " ") + 1);
}

static void end_open(struct walk *w, unsigned side)
{
	static const struct isup_trunk_ops ops = {on_event, on_send, on_trace};
	struct end *e = &w->end[side];
	struct isup_trunk_conf conf;

	isup_trunk_conf_default(&conf);
	conf.side = side == 0 ? ISUP_NETWORK : ISUP_USER;
	conf.switch_type = w->conf.switch_type;
	conf.channel = w->conf.channel;
	conf.hunt = w->conf.hunt[side];
	conf.flap_losses = 0;
	conf.restart_on_start = side == 1;
	snprintf(conf.name, sizeof(conf.name), "%s", side == 0 ? "network" : "user");
	e->walk = w;
	e->to_here = side == 0 ? DCHAN_TO_FAR : DCHAN_TO_GATEWAY;
	if (isup_trunk_open(&e->trunk, &w->loop, &conf, &ops, e) < 0)
		sim_fail("a trunk does not open");
	dchan_attach(w->line, e->to_here, on_frame, e);
}

/* --- at the end --- */

static enum isup_service status_of(const struct end *e, unsigned slot)
{
	if (e->wish[slot] != ISUP_IN_SERVICE)
		return e->wish[slot];
	return e->drains ? ISUP_OUT_OF_SERVICE : ISUP_IN_SERVICE;
}

static enum isup_slot_state expected(const struct end *e, const struct end *far, unsigned slot)
{
	bool told = isup_trunk_has_service(e->trunk);

	if (e->drains || e->wish[slot] == ISUP_OUT_OF_SERVICE)
		return ISUP_SLOT_OUT_BY_US;
	if (e->wish[slot] == ISUP_MAINTENANCE || (told && status_of(far, slot) == ISUP_MAINTENANCE))
		return ISUP_SLOT_MAINTENANCE;
	return told && status_of(far, slot) == ISUP_OUT_OF_SERVICE ? ISUP_SLOT_OUT_BY_FAR
								   : ISUP_SLOT_IDLE;
}

static const char *disagreement(struct walk *w, char *out, size_t size)
{
	struct isup_trunk_counts counts;

	for (unsigned side = 0; side < 2; side++) {
		const struct end *e = &w->end[side];
		isup_trunk_counts(e->trunk, &counts);
		if (counts.calls != 0) {
			snprintf(out, size, "%u calls left on side %u", counts.calls, side);
			return out;
		}
		for (unsigned slot = 1; slot <= SLOTS; slot++) {
			enum isup_slot_state is = isup_trunk_slot(e->trunk, slot);
			enum isup_slot_state should = expected(e, &w->end[!side], slot);
			if (is == should)
				continue;
			snprintf(out, size, "side %u, slot %u: state %d, expected %d", side, slot,
				 (int)is, (int)should);
			return out;
		}
	}
	for (unsigned i = 0; i < TALKS; i++)
		if (w->talk[i].id != 0) {
			snprintf(out, size, "call %u is not over", w->talk[i].id);
			return out;
		}
	return NULL;
}

static bool all_agree(void *arg)
{
	char text[96];

	return disagreement(arg, text, sizeof(text)) == NULL;
}

static bool all_placed(void *arg)
{
	struct walk *w = arg;

	return w->placed == w->conf.calls;
}

static bool both_up(void *arg)
{
	struct walk *w = arg;

	return isup_trunk_up(w->end[0].trunk) && isup_trunk_up(w->end[1].trunk);
}

#ifdef __SANITIZE_ADDRESS__
size_t __sanitizer_get_current_allocated_bytes(void);
#endif

/* libpri's records are not seen by a leak checker: it still points to them. */
static size_t heap_octets(void)
{
#ifdef __SANITIZE_ADDRESS__
	return __sanitizer_get_current_allocated_bytes();
#else
	struct mallinfo2 m = mallinfo2();
	return m.uordblks + m.hblkhd;
#endif
}

static void settle_down(struct walk *w)
{
	char text[96];

	w->quiet = true;
	mend(w);
	sim_cancel(&w->mend);
	for (unsigned i = 0; w->conf.orders && i < 60; i++) { /* so that not all is in service */
		sim_run(sim_now_ms() + sim_random(100), NULL, NULL);
		order_slot(w);
	}
	if (!sim_run(sim_now_ms() + QUIET_MS, all_agree, w))
		sim_fail("seed %llu: %s", (unsigned long long)w->seed,
			 disagreement(w, text, sizeof(text)));
}

static void report(const struct walk *w, size_t heap_before)
{
	struct isup_trunk_counts c[2];
	long grown = (long)heap_octets() - (long)heap_before;

	for (unsigned i = 0; i < 2; i++)
		isup_trunk_counts(w->end[i].trunk, &c[i]);
	printf("seed %llu: %u calls placed, %u begun, %u answered; %u heard a trunk's own cause, "
	       "%u without caller; "
	       "glare %llu, refused %llu, RESTART %llu, SERVICE %llu, link lost %llu; heap %+ld\n",
	       (unsigned long long)w->seed, w->placed, w->begun, w->answered, w->by_trunk,
	       w->orphans, (unsigned long long)(c[0].glare + c[1].glare),
	       (unsigned long long)(c[0].setups_refused + c[1].setups_refused),
	       (unsigned long long)(c[0].restarts_out + c[1].restarts_out),
	       (unsigned long long)(c[0].service_out + c[1].service_out),
	       (unsigned long long)c[1].dchan_downs, grown);
	if (w->answered * 10 < w->placed)
		sim_fail("seed %llu: hardly anybody talks", (unsigned long long)w->seed);
	if (grown > 20000)
		sim_fail("seed %llu: %ld octets leaked", (unsigned long long)w->seed, grown);
}

static void run(struct walk *w, unsigned calls)
{
	w->conf.calls = calls;
	w->placed = 0;
	w->quiet = false;
	sim_at(&w->next_call, sim_now_ms(), place_call, w);
	if (w->conf.orders || w->conf.cuts)
		sim_at(&w->accident, sim_now_ms() + 5000, accident, w);
	sim_run(sim_now_ms() + (uint64_t)calls * (w->conf.pause_ms + 1) + 1000, all_placed, w);
	settle_down(w);
	sim_cancel(&w->accident);
	sim_clear_notes();
}

static void walk(const struct walk_conf *model)
{
	for (unsigned i = 0; i < seeds; i++) {
		struct walk *w = calloc(1, sizeof(*w));
		if (w == NULL || loop_init(&w->loop) < 0)
			abort();
		w->conf = *model;
		w->seed = first_seed + i;
		sim_seed(w->seed);
		sim_clear_notes();
		sim_forget_events(); /* of a walk that failed */
		log_set_sink(on_log, w);
		if (getenv("SIM_VERBOSE") != NULL)
			log_set_level(LOG_ISUP, LOG_DEBUG);
		sim_set_loop(&w->loop);
		dchan_open(&w->line, "walk");
		end_open(w, 0);
		end_open(w, 1);
		if (!sim_run(sim_now_ms() + 30000, both_up, w))
			sim_fail("the D-channel does not come up");
		for (int to = 0; to < 2; to++)
			dchan_set_delay(w->line, (enum dchan_dir)to, 2 + model->delay_ms);
		dchan_set_loss(w->line, model->bad_percent);
		dchan_set_duplication(w->line, model->bad_percent);
		dchan_set_lateness(w->line, model->bad_percent, 1500);
		run(w, 300); /* libpri's tables grow to what they need */
		size_t heap = heap_octets();
		run(w, calls_wanted != 0 ? calls_wanted : model->calls);
		report(w, heap);
		isup_trunk_close(w->end[0].trunk);
		isup_trunk_close(w->end[1].trunk);
		dchan_close(w->line);
		sim_settle();
		sim_set_loop(NULL);
		loop_fini(&w->loop);
		log_set_sink(NULL, NULL);
		free(w);
	}
}

/* Nothing is lost: no cause but those of people, and of slots that both took at once. */
static void on_good_lines(void **state)
{
	walk(&(struct walk_conf){
		.hunt = {ISUP_ASCENDING, ISUP_DESCENDING}, .calls = 1500, .pause_ms = 2500});
}

/* Both hunt from the same end, and so meet all the time. */
static void in_glare(void **state)
{
	static const enum isup_hunt hunts[] = {ISUP_ASCENDING, ISUP_LONGEST_IDLE, ISUP_ROUND_ROBIN};

	for (int i = 0; i < 3; i++)
		for (int exclusive = 0; exclusive < 2; exclusive++)
			walk(&(struct walk_conf){.channel = exclusive ? ISUP_EXCLUSIVE
								      : ISUP_PREFERRED,
						 .hunt = {hunts[i], hunts[i]},
						 .calls = 500,
						 .pause_ms = 1500,
						 .delay_ms = 200});
}

static void on_bad_lines(void **state)
{
	walk(&(struct walk_conf){.hunt = {ISUP_ASCENDING, ISUP_ASCENDING},
				 .calls = 2000,
				 .pause_ms = 2500,
				 .bad_percent = 1});
}

static void with_orders(void **state)
{
	static const enum isup_switch types[] = {ISUP_NI2,  ISUP_5ESS, ISUP_DMS100,
						 ISUP_4ESS, ISUP_QSIG, ISUP_EUROISDN};

	for (int i = 0; i < 6; i++)
		walk(&(struct walk_conf){.switch_type = types[i],
					 .hunt = {ISUP_ASCENDING, ISUP_ROUND_ROBIN},
					 .calls = 1000,
					 .pause_ms = 2500,
					 .bad_percent = 1,
					 .orders = true});
}

static void with_cuts(void **state)
{
	walk(&(struct walk_conf){.hunt = {ISUP_LONGEST_IDLE, ISUP_DESCENDING},
				 .calls = 2000,
				 .pause_ms = 5000,
				 .bad_percent = 1,
				 .orders = true,
				 .cuts = true});
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(on_good_lines), cmocka_unit_test(in_glare),
		cmocka_unit_test(on_bad_lines),  cmocka_unit_test(with_orders),
		cmocka_unit_test(with_cuts),
	};

	if (argc > 1) {
		first_seed = strtoull(argv[1], NULL, 10);
		seeds = 1;
	}
	if (getenv("SIM_WALKS") != NULL)
		seeds = (unsigned)strtoul(getenv("SIM_WALKS"), NULL, 10);
	if (getenv("SIM_CALLS") != NULL)
		calls_wanted = (unsigned)strtoul(getenv("SIM_CALLS"), NULL, 10);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
