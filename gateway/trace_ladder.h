/* trace_ladder.h - messages of a trace drawn as a ladder, the gateway in the middle.
 *
 *         ms  call  pbx                                Tandem                     192.0.2.1:5060
 *        0.0    42 |-------- SETUP cr 5 ch 7 7101 -> 7134 ------->|        |        ...
 *
 * The D-channel is on the left, SIP on the right; of two of a kind the one heard first is left when
 * it is a trunk, right when it is a SIP peer.
 */
#ifndef GATEWAY_TRACE_LADDER_H
#define GATEWAY_TRACE_LADDER_H

#include "gateway/trace_message.h"

#include <stdio.h>

enum { TRACE_LADDER_CALLS = 64 };

struct trace_ladder_call {
	uint32_t call; /* 0 = not used */
	uint64_t first_us;
	char left[64], right[64]; /* trunk or peer; "" = not seen yet */
};

struct trace_ladder {
	FILE *out; /* not owned */
	uint32_t shown; /* call of the line before */
	unsigned next;
	struct trace_ladder_call calls[TRACE_LADDER_CALLS]; /* a ring: an old one begins anew */
};

void trace_ladder_draw(struct trace_ladder *l, const struct trace_message *m);

#endif
