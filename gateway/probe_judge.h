/* probe_judge.h - what LAPD frames say about who sent them: the side of ISDN and the switch type.
 *
 * Pure functions on a struct of counts; any octets are legal.  One thread.
 * The side follows from Q.921 table 1 and is a fact.  The switch type is a guess: each sign below
 * leaves some types that would send it, and what all signs together leave is likely, never more.
 */
#ifndef GATEWAY_PROBE_JUDGE_H
#define GATEWAY_PROBE_JUDGE_H

#include "isup/trunk.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PROBE_SWITCHES = ISUP_EUROISDN + 1, PROBE_SIGNS = 10 };

struct probe_judge {
	unsigned frames;
	/* Frames whose command/response bit shows that the sender plays this side. */
	unsigned from_user, from_network;
	unsigned sabme, disc, ua, dm, frmr, info, supervisory, other;
	unsigned messages; /* of Q.931 or SERVICE */
	uint16_t signs;    /* bit n: sign n of probe_judge.c was seen */
	bool address_seen;
	uint8_t sapi, tei; /* of the last frame */
};

/* A frame that the far end sent, without FCS.  Nothing we send may ask for a response by the P bit
 * but SABME and DISC: then RR with P/F set is a command. */
void probe_judge_frame(struct probe_judge *j, const uint8_t *frame, size_t len);

enum probe_side { PROBE_SIDE_UNKNOWN, PROBE_SIDE_USER, PROBE_SIDE_NETWORK, PROBE_SIDE_BOTH };
/* The side that the far end plays.  BOTH: it says now this, now that; a loop does so. */
enum probe_side probe_judge_side(const struct probe_judge *j);

/* Switch types that send what was seen: bit n = enum isup_switch n.  All: nothing is known; 0: the
 * signs contradict each other. */
unsigned probe_judge_switches(const struct probe_judge *j);
/* The one to configure first: the only one left, or the most common of those left. */
enum isup_switch probe_judge_first(unsigned switches);
/* "likely 4ess", "one of ni2, 5ess and dms100", ... */
const char *probe_judge_verdict(unsigned switches, char *out, size_t out_size);
/* Sign n in words, or NULL when it was not seen; n < PROBE_SIGNS. */
const char *probe_judge_sign(const struct probe_judge *j, unsigned n);
const char *probe_switch_name(enum isup_switch type); /* as the configuration has it */

#endif
