/* rig.h - the whole gateway less main() between far ends that are ours: two PBXs and two SIP peers.
 *
 *     pbx --t1--+           +-- sip (peer "cs", domain cs)
 *               |  gateway  |
 *     co  --t2--+           +-- px  (peer "px")
 *
 * "pbx" is the user side of trunk "pbx"; "co" the network side of trunk "co" (the gateway is user
 * there).  Addresses are of 127/8 by process id, so that runs beside each other do not collide.
 */
#ifndef TESTS_SIM_RIG_H
#define TESTS_SIM_RIG_H

#include "gateway/base/loop.h"
#include "gateway/gateway.h"
#include "tests/sim/far.h"
#include "tests/sim/inbox.h"
#include "tests/sim/peer.h"

struct rig_conf {
	/* Rules of the plan as sections of the file; NULL: 71XX to pbx, 80XX to co, 9XXX to px, all
	 * else from a trunk to cs. */
	const char *rules;
	const char *trunk;   /* more keys of trunk pbx */
	const char *gateway; /* more keys of section gateway */
	const char *sip;     /* more keys of section sip */
	const char *peer;    /* more keys of peer cs */
	bool pbx_is_network; /* the gateway is the user side of trunk pbx */
	int pbx_switch;      /* libpri's PRI_SWITCH_x, as .trunk says in words; 0: NI2 */
};

struct rig {
	struct loop loop;
	struct gateway *gateway;
	struct far *pbx, *co;
	struct peer *sip, *px;
	struct inbox record; /* "ENDED cause=16 from_cause=16 to_cause=16 ..." */
	char addr[3][32];    /* gateway, sip, px */
	uint64_t opened_ms;  /* when rig_open() was done */
	unsigned begun;      /* calls the gateway began */
	unsigned errors;     /* lines the gateway logged at level error */
};

/* Opens all and runs until both D-channels are up; the inboxes are empty then. */
void rig_open(struct rig **out, const struct rig_conf *conf);
/* After gateway_close(): once more. */
void rig_open_gateway(struct rig *r, const struct rig_conf *conf);
/* Fails the test when anything is left over: a call, a channel, a path, a message nobody expected.
 */
void rig_check_quiet(struct rig *r);
void rig_close(struct rig *r);
/* Waits at most 70 s (over 64 times T1, and T309 less) for the gateway and the PBXs to be idle. */
bool rig_wait_idle(struct rig *r);
/* The configuration file of conf as text; freed by the caller. */
char *rig_conf_text(struct rig *r, const struct rig_conf *conf);

#endif
