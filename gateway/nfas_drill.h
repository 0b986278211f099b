/* nfas_drill.h - proves that a trunk's backup D-channel works before it is needed.
 *
 *   start --standby answers SERVICE--> over --calls asked about, answers counted--> checked
 *   checked --"stay"--> done       checked --first one answers SERVICE--> back --> done
 *   any --no answer, a D-channel lost--> done, failed
 *
 * Calls go on all the while; the report says in plain words what was seen.  It belongs to a
 * line_trunk.  Signalling thread.
 */
#ifndef GATEWAY_NFAS_DRILL_H
#define GATEWAY_NFAS_DRILL_H

#include "gateway/base/loop.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct line_trunk;

enum nfas_drill_step { NFAS_IDLE, NFAS_GOING_OVER, NFAS_CHECKING, NFAS_GOING_BACK };

struct nfas_drill {
	struct line_trunk *trunk; /* not owned */
	struct timer timer;
	enum nfas_drill_step step;
	bool stay;
	bool passed;   /* the last one */
	unsigned from; /* D-channel that was in service before */
	uint64_t step_ms;
	uint64_t asked, answered; /* isup_trunk_counts at the switch */
	char report[2000];        /* "" = there was none */
};

/* False: refused, nothing was changed; why is in the report. */
bool nfas_drill_start(struct nfas_drill *d, struct line_trunk *t, bool stay);
void nfas_drill_stop(struct nfas_drill *d);
bool nfas_drill_runs(const struct nfas_drill *d);

/* "primary D-channel (span t1-1)"; lent. */
const char *nfas_dchan_name(const struct line_trunk *t, unsigned dchan);
const char *nfas_dchan_state(const struct line_trunk *t, unsigned dchan);
/* Which is in service; ISUP_DCHANS: none. */
unsigned nfas_dchan_active(const struct line_trunk *t);

#endif
