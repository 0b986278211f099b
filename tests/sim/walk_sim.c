/* Random walks: thousands of calls between people who do what they like over lines that do what
 * they can.  usage: walk_sim [SEED]; SIM_WALKS in the environment = seeds to try instead. */
#include "tests/sim/walk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static uint64_t first_seed = 1;
static unsigned seeds = 3;

static const struct rig_conf in_parts = {.trunk = "overlap = receive", .peer = "overlap = true"};

static const struct rig_conf with_ours = {
	.trunk = "overlap = receive dial_tone = true ringback = own failure_tone_ms = 3000",
	.peer = "overlap = true ringback = own failure_tone_ms = 2000",
};
static const struct rig_conf transfers = {.trunk = "transfer = \"auto\" hold_notify = true",
					  .pbx_is_network = true,
					  .peer = "transfer = true"};

static void walk(const struct walk_conf *model)
{
	for (unsigned i = 0; i < seeds; i++) {
		struct walk_conf conf = *model;
		struct rig *r;

		conf.seed = first_seed + i;
		sim_clear_notes();
		rig_open(&r, conf.tones       ? &with_ours
			     : conf.in_parts  ? &in_parts
			     : conf.transfers ? &transfers
					      : NULL);
		walk_run(r, &conf);
		rig_check_quiet(r);
		rig_close(r);
	}
}

static void on_good_lines(void **state)
{
	walk(&(struct walk_conf){.calls = 1000, .pause_ms = 3000});
}

static void in_a_rush(void **state)
{
	walk(&(struct walk_conf){.calls = 300, .pause_ms = 300, .dchan_delay_ms = 30});
}

static void on_bad_lines(void **state)
{
	walk(&(struct walk_conf){.calls = 300,
				 .pause_ms = 8000,
				 .frame_loss_percent = 3,
				 .lost_datagrams = 10,
				 .dchan_delay_ms = 200});
}

static void with_accidents(void **state)
{
	walk(&(struct walk_conf){
		.calls = 500, .pause_ms = 6000, .dchan_delay_ms = 20, .accidents = true});
}

static void with_numbers_in_parts(void **state)
{
	walk(&(struct walk_conf){.calls = 500,
				 .pause_ms = 4000,
				 .dchan_delay_ms = 30,
				 .lost_datagrams = 3,
				 .in_parts = true});
	walk(&(struct walk_conf){.calls = 300,
				 .pause_ms = 6000,
				 .frame_loss_percent = 3,
				 .dchan_delay_ms = 100,
				 .in_parts = true,
				 .accidents = true});
}

static void with_tones(void **state)
{
	walk(&(struct walk_conf){.calls = 500,
				 .pause_ms = 4000,
				 .dchan_delay_ms = 30,
				 .lost_datagrams = 3,
				 .in_parts = true,
				 .tones = true});
	walk(&(struct walk_conf){.calls = 300,
				 .pause_ms = 6000,
				 .frame_loss_percent = 3,
				 .dchan_delay_ms = 100,
				 .in_parts = true,
				 .tones = true,
				 .accidents = true});
}

static void with_transfers(void **state)
{
	walk(&(struct walk_conf){
		.calls = 500, .pause_ms = 3000, .dchan_delay_ms = 30, .transfers = true});
	walk(&(struct walk_conf){.calls = 300,
				 .pause_ms = 4000,
				 .frame_loss_percent = 3,
				 .lost_datagrams = 5,
				 .dchan_delay_ms = 100,
				 .transfers = true,
				 .accidents = true});
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(on_good_lines),         cmocka_unit_test(in_a_rush),
		cmocka_unit_test(on_bad_lines),          cmocka_unit_test(with_accidents),
		cmocka_unit_test(with_numbers_in_parts), cmocka_unit_test(with_tones),
		cmocka_unit_test(with_transfers),
	};

	if (argc > 1) {
		first_seed = strtoull(argv[1], NULL, 10);
		seeds = 1;
	}
	if (getenv("SIM_WALKS") != NULL)
		seeds = (unsigned)strtoul(getenv("SIM_WALKS"), NULL, 10);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
