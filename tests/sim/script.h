/* script.h - a call told as a script, a line a step.
 *
 *   pbx > SETUP called=7134 calling=7101     the PBX sends this (far.h says what it can)
 *   sip < INVITE to=7134 sdp                 the SIP peer must now receive this, nothing before it
 *   sip < CANCEL in 180000                   ... that many ms after the step before (+-2 %)
 *   sip < CANCEL in 3000..5000               ... or between these
 *   pbx#2 > CONNECT                          the second call at that end; #1 goes without saying
 *
 *   wait 500                                 time passes, anything may arrive
 *   quiet 30000                              time passes, nothing may arrive anywhere
 *   wall 3600000                             somebody sets the time of day, by so many ms
 *   pbx loses in SETUP 2                     the next 2 SETUPs to it never arrive
 *   pbx loses out CONNECT 1                  the next CONNECT from it never arrives
 *   pbx cut / mend / raw / passive           D-channel cut, whole; far.h: raw, no clearing by
 * itself pbx alarm 1                              bits of enum tdm_alarm on its span; 0 = none sip
 * loses 2 / deaf / hears               datagrams to it are lost path is t1/5+rtp send recv the open
 * path, see worker.h;  path none path silent / heard / first heard / end 1 sends busy / refuse 1 calls 1 the gateway has so many
 * calls record cause=16 from_cause=16            the next call record clear inboxes
 *
 * Ends: pbx, co, sip, px (rig.h).  A message must arrive within 100 ms unless "in" says otherwise.
 * At the end everything must become idle by itself, every message must have been expected and every
 * record read.
 */
#ifndef TESTS_SIM_SCRIPT_H
#define TESTS_SIM_SCRIPT_H

#include "tests/sim/rig.h"

/* One step, for tests that are programs; "in" counts from the step before. */
void script_step(struct rig *r, const char *text);
/* steps ends with NULL.  Fails the test naming the step. */
void script_play(struct rig *r, const char *const *steps);

struct scenario {
	const char *name;
	const struct rig_conf *conf; /* NULL = the usual one */
	const char *const *steps;
};

/* Each scenario as a cmocka test in a rig of its own; returns the number that failed.  Arguments
 * of the program choose by name. */
int script_run_all(const char *group, const struct scenario *scenarios, size_t count, int argc,
		   char **argv);

#endif
