/* path.h - the audio of one call: two ends, each a slot of a span or an RTP session.
 *
 *   slot -> detect digits -> RTP          RTP -> jitter buffer -> tones, digits -> slot
 *   slot -> slot, bit-exact               RTP -> RTP by the worker's clock
 *
 * Built and freed on the signalling thread; run by the worker that has it (see worker.h).
 * Running allocates, locks, logs and waits for nothing.
 */
#ifndef GATEWAY_PATH_H
#define GATEWAY_PATH_H

#include "sip/rtp.h"
#include "tdm/dtmf.h"
#include "tdm/span.h"
#include <stdbool.h>
#include <stdint.h>

enum path_end_kind { PATH_NONE, PATH_SLOT, PATH_RTP };

struct path_end {
	enum path_end_kind kind;
	unsigned span, slot;     /* PATH_SLOT: index of the span in its worker, 1..24 */
	struct rtp_session *rtp; /* PATH_RTP: owned by the path */
	/* run time */
	struct dtmf_detector *detector;   /* SLOT: owned */
	struct dtmf_generator *generator; /* SLOT: owned */
	char digit_on;                    /* digit the far side holds down now, 0 = none */
	bool quiet_reported;              /* RTP: PATH_NO_RTP was told for this silence */
};

struct path {
	uint32_t id;            /* the call's id: kills stale messages */
	struct path_end end[2]; /* [0] from, [1] to */
	uint64_t opened_ns;
};

/* Ends are copied, sessions move in on success only.  0 or -ENOMEM. */
int path_new(struct path **out, uint32_t id, const struct path_end *from,
	     const struct path_end *to);
void path_free(struct path *p);

struct path_tick_io {      /* what one tick of a worker offers */
	tdm_tick *rx, *tx; /* arrays indexed by span */
	uint64_t now_ns;
};
/* One tick of both directions. */
void path_run(struct path *p, const struct path_tick_io *io);

#endif
