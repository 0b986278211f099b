/* channels.h - the people of channels_sim: calls between two trunks of ours, as both ends see them. */
#ifndef TESTS_SIM_CHANNELS_H
#define TESTS_SIM_CHANNELS_H

#include "gateway/base/loop.h"
#include "isup/trunk.h"
#include "tests/sim/dchan.h"

enum { TALKS = 512, QUIET_MS = 900000, LINES = 2, NFAS_INTERFACES = 3 };

struct walk_conf {
	enum isup_switch switch_type;
	enum isup_channel channel;
	enum isup_hunt hunt[2]; /* network, user */
	unsigned calls, pause_ms;
	unsigned delay_ms;    /* each way */
	unsigned bad_percent; /* of frames lost, of frames repeated, of frames late */
	bool orders, cuts;
	bool nfas; /* three interfaces, D-channels on two of them */
};

struct walk;

struct port { /* an end of a D-channel */
	struct end *end;
	unsigned interface;
};

struct end {
	struct walk *walk;
	struct port port[LINES];
	struct isup_trunk *trunk;
	enum dchan_dir to_here;
	/* what was ordered last */
	enum isup_service wish[ISUP_SLOTS_MAX + 1];
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
	struct dchan *line[LINES];
	unsigned lines, slots;
	struct end end[2]; /* 0 network, 1 user */
	struct talk talk[TALKS];
	unsigned placed, begun, answered, refused, by_trunk, orphans;
	struct sim_event next_call, accident, mend;
	bool quiet;
};

/* An event of the trunk of end arg. */
void channels_on_event(void *arg, const struct isup_event *ev);
/* Places calls of walk arg, one after another, until there are conf.calls. */
void channels_place_call(void *arg);

#endif
