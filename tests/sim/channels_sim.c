/* Random walks over the channels of one trunk, a trunk of ours at each end: calls begin, ring, are
 * answered and given up when chance says so, while frames are lost, repeated and late, operators
 * take channels out, drain and restart them, and the D-channel goes away.  At the end both sides
 * must agree on every channel, no call may be left on either, and each end must have heard the
 * cause that the other gave, or one of the trunk's own where an accident ended the call.
 *
 * usage: channels_sim [SEED]; SIM_WALKS in the environment = seeds to try, SIM_CALLS = calls of
 * each walk instead. */
#include "gateway/base/log.h"
#include "tests/sim/channels.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint64_t first_seed = 1;
static unsigned seeds = 2, calls_wanted;

/* --- accidents --- */

static bool carries(const struct walk *w, unsigned slot)
{
	return !w->conf.nfas || isup_slot_number(slot) != 24 || isup_slot_interface(slot) >= LINES;
}

static void order_slot(struct walk *w)
{
	static const enum isup_service wishes[] = {ISUP_IN_SERVICE, ISUP_OUT_OF_SERVICE,
						   ISUP_OUT_OF_SERVICE, ISUP_MAINTENANCE};
	struct end *e = &w->end[sim_random(2)];
	unsigned slot;

	do
		slot = 1 + sim_random(w->slots);
	while (!carries(w, slot));
	enum isup_order what = sim_random(ISUP_ORDER_RESTART + 1);

	if (what != ISUP_ORDER_RESTART)
		e->wish[slot] = wishes[what];
	isup_trunk_order(e->trunk, slot, what);
}

/* Often refused, as the other one must be in standby. */
static void order_dchannel(struct end *e)
{
	unsigned dchan = sim_random(LINES);

	switch (sim_random(8)) {
	case 0: isup_trunk_dchan_order(e->trunk, dchan, false); return;
	case 1:
	case 2:
	case 3:
		for (unsigned i = 0; i < 2 * LINES; i++)
			isup_trunk_dchan_order(e->walk->end[i / LINES].trunk, i % LINES, true);
		return;
	default: isup_trunk_dchan_switch(e->trunk); return;
	}
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
		for (unsigned slot = 1; slot <= w->slots; slot++) {
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

	for (unsigned i = 0; i < w->lines; i++)
		dchan_cut(w->line[i], false);
}

static void accident(void *arg)
{
	struct walk *w = arg;

	if (w->quiet)
		return;
	if (w->conf.nfas && sim_random(3) == 0)
		order_dchannel(&w->end[sim_random(2)]);
	if (w->conf.orders && (!w->conf.cuts || sim_random(w->conf.nfas ? 2 : 8) != 0)) {
		order(w);
	} else {
		if (sim_random(4) == 0) /* all there are */
			for (unsigned i = 0; i < w->lines; i++)
				dchan_cut(w->line[i], true);
		dchan_cut(w->line[sim_random(w->lines)], true);
		sim_at(&w->mend, sim_now_ms() + sim_random(150000), mend, w);
	}
	sim_at(&w->accident, sim_now_ms() + sim_random(w->conf.cuts ? 60000 : 15000), accident, w);
}

/* --- the line --- */

static bool on_send(void *arg, unsigned interface, const uint8_t *frame, size_t len)
{
	struct end *e = arg;

	dchan_send(e->walk->line[interface],
		   e->to_here == DCHAN_TO_FAR ? DCHAN_TO_GATEWAY : DCHAN_TO_FAR, frame, len);
	return true;
}

static void on_frame(void *arg, const uint8_t *frame, size_t len)
{
	const struct port *port = arg;

	isup_trunk_receive(port->end->trunk, port->interface, frame, len);
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
	static const struct isup_trunk_ops ops = {channels_on_event, on_send, on_trace};
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
	for (unsigned i = 0; w->conf.nfas && i < NFAS_INTERFACES; i++)
		conf.interfaces[conf.interface_count++] =
			(struct isup_interface){(uint8_t)i, i < LINES ? 0x00fffffe : 0x01fffffe};
	conf.backup = w->conf.nfas ? 1 : 0;
	for (unsigned i = 0; i < w->lines; i++) {
		e->port[i] = (struct port){e, i};
		dchan_attach(w->line[i], e->to_here, on_frame, &e->port[i]);
	}
	if (isup_trunk_open(&e->trunk, &w->loop, &conf, &ops, e) < 0)
		sim_fail("a trunk does not open");
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
		for (unsigned slot = 1; slot <= w->slots; slot++) {
			if (!carries(w, slot))
				continue;
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
	for (unsigned i = 0; w->conf.nfas && i < 2 * LINES; i++)
		isup_trunk_dchan_order(w->end[i / LINES].trunk, i % LINES, true);
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
	       "glare %llu, refused %llu, RESTART %llu, SERVICE %llu, link lost %llu, switched "
	       "%llu; heap %+ld\n",
	       (unsigned long long)w->seed, w->placed, w->begun, w->answered, w->by_trunk,
	       w->orphans, (unsigned long long)(c[0].glare + c[1].glare),
	       (unsigned long long)(c[0].setups_refused + c[1].setups_refused),
	       (unsigned long long)(c[0].restarts_out + c[1].restarts_out),
	       (unsigned long long)(c[0].service_out + c[1].service_out),
	       (unsigned long long)c[1].dchan_downs, (unsigned long long)c[1].dchan_switches,
	       grown);
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
	sim_at(&w->next_call, sim_now_ms(), channels_place_call, w);
	if (w->conf.orders || w->conf.cuts)
		sim_at(&w->accident, sim_now_ms() + 5000, accident, w);
	sim_run(sim_now_ms() + (uint64_t)calls * (w->conf.pause_ms + 1) + 1000, all_placed, w);
	settle_down(w);
	sim_cancel(&w->accident);
	sim_clear_notes();
}

static void spoil(struct dchan *line, const struct walk_conf *model)
{
	for (int to = 0; to < 2; to++)
		dchan_set_delay(line, (enum dchan_dir)to, 2 + model->delay_ms);
	dchan_set_loss(line, model->bad_percent);
	dchan_set_duplication(line, model->bad_percent);
	dchan_set_lateness(line, model->bad_percent, 1500);
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
		w->lines = model->nfas ? LINES : 1;
		w->slots = model->nfas ? NFAS_INTERFACES * ISUP_SLOTS : 23;
		for (unsigned k = 0; k < w->lines; k++)
			dchan_open(&w->line[k], k == 0 ? "walk" : "walk 2");
		end_open(w, 0);
		end_open(w, 1);
		if (!sim_run(sim_now_ms() + 30000, both_up, w))
			sim_fail("the D-channel does not come up");
		for (unsigned k = 0; k < w->lines; k++)
			spoil(w->line[k], model);
		run(w, 300); /* libpri's tables grow to what they need */
		size_t heap = heap_octets();
		run(w, calls_wanted != 0 ? calls_wanted : model->calls);
		report(w, heap);
		isup_trunk_close(w->end[0].trunk);
		isup_trunk_close(w->end[1].trunk);
		for (unsigned k = 0; k < w->lines; k++)
			dchan_close(w->line[k]);
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

/* One trunk on three interfaces: switches of D-channel, by loss and by order. */
static void with_nfas(void **state)
{
	for (int cuts = 0; cuts < 2; cuts++)
		walk(&(struct walk_conf){.hunt = {ISUP_ASCENDING, ISUP_ASCENDING},
					 .calls = 2000,
					 .pause_ms = 2500,
					 .bad_percent = 1,
					 .orders = true,
					 .cuts = cuts != 0,
					 .nfas = true});
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(on_good_lines), cmocka_unit_test(in_glare),
		cmocka_unit_test(on_bad_lines),  cmocka_unit_test(with_orders),
		cmocka_unit_test(with_cuts),     cmocka_unit_test(with_nfas),
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
