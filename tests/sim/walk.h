/* walk.h - people at random: extensions and phones that call, answer, refuse, wait and hang up when
 * chance says so, over lines that delay and lose.  Everything follows from one seed.
 */
#ifndef TESTS_SIM_WALK_H
#define TESTS_SIM_WALK_H

#include "tests/sim/rig.h"

struct walk_conf {
	uint64_t seed;
	unsigned calls;              /* to place */
	unsigned pause_ms;           /* at most, between two */
	unsigned frame_loss_percent; /* on both D-channels */
	unsigned lost_datagrams;     /* of 100 from the gateway */
	unsigned dchan_delay_ms;     /* at most */
	bool transfers;              /* people hold and transfer each other */
	bool in_parts;               /* half of pbx's numbers; phones say 484 */
	bool tones;                  /* ours, wherever there can be one */
	bool accidents;              /* D-channels cut, alarms, RESTART, silent RTP, full workers */
};

/* Places the calls, then waits until all is over.  Fails the test, naming the seed, when anything
 * is left, a call has no record or a record not both causes. */
void walk_run(struct rig *r, const struct walk_conf *conf);

#endif
