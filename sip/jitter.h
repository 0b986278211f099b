/* jitter.h - from packets that come when they like to JITTER_TICK octets whenever the line asks.
 *
 * Positions are samples of the stream's timestamp, unwrapped, 0 = first packet.  Each packet has a
 * transit time d = arrival - position / 8000 Hz, each tick an offset
 * o = now - play position / 8000 Hz; o - d is how long the packet's first sample waits, the delay.
 *
 *        d:  lowest ....#####:#:..:.... d_high        o
 *            |          spread (1 % above)  |<--slack-->|   slack is kept between margin / 2
 *                                                           and margin + one step
 *
 * The step is what moving by one sample can cost: a tick needs all its samples when it begins, so
 * with packets of whole ticks the packet's start is kept at a tick's start, and the delay is as
 * short as arrival and tick happen to fit.
 *
 * Growing is quick (samples repeated, or play held while a hole is concealed anyway), shrinking is
 * one sample at a time, and more at once only in silence.  Both also follow the peer's clock.
 *
 * Thread: one.  Never allocates.  Times are ns of CLOCK_MONOTONIC.
 */
#ifndef SIP_JITTER_H
#define SIP_JITTER_H

#include "sip/conceal.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	JITTER_TICK = 80,
	JITTER_RING = 4096,      /* samples: 512 ms; power of two */
	JITTER_PACKET_MAX = 960, /* samples: 120 ms */
	JITTER_BINS = 256,
	JITTER_WINDOWS = 32,
};

struct jitter_window { /* the quickest packet of two seconds */
	int64_t at_ns, low_ns;
};

struct jitter {
	int64_t margin_ns, max_ns;
	uint8_t octet[JITTER_RING];
	uint8_t present[JITTER_RING]; /* 1 = octet is to be played */
	struct conceal conceal;

	/* the stream's clock */
	bool heard;        /* the fields below are valid */
	uint64_t epoch_ns; /* arrival of position 0 */
	uint32_t last_ts;
	int64_t last_pos, last_transit_ns;
	uint64_t last_arrival_ns;
	uint64_t bad_since_ns; /* nothing but late or early packets since; 0 = no */

	/* transit times */
	float bin[JITTER_BINS];                      /* packets by transit; newer ones weigh more */
	float weight, total;                         /* of the next packet; of all in bin */
	unsigned top;                                /* no bin above it has any */
	unsigned samples;                            /* packets in bin, up to its memory */
	int64_t base_ns, bins_at_ns;                 /* transit of bin[0], at */
	int64_t low_ns, high_ns;                     /* lowest lately; all but 1 % are below high */
	struct jitter_window window[JITTER_WINDOWS]; /* ring; [window_count % N] is being filled */
	unsigned window_count;                       /* complete ones, since the last step */
	bool drift_known;
	int32_t drift_ppb;

	/* playout */
	bool playing;
	int64_t play;      /* position the next tick begins with */
	int64_t newest;    /* one past the newest stored */
	int64_t offset_ns; /* o, smoothed */
	unsigned grid;     /* gcd of packet size and tick */
	int64_t grid_pos;  /* where a packet began */
	bool growing;
	unsigned empty_ticks; /* in a row with not one sample */
	unsigned holes;       /* ticks with holes since the last good one */
	unsigned since_cut;   /* ticks */

	uint64_t late, overflow, concealed, inserted, removed, restarts;
};

struct jitter_packet {
	uint32_t ts;
	uint64_t arrival_ns;
	const uint8_t *ulaw;
	unsigned count; /* 1..JITTER_PACKET_MAX */
};

void jitter_init(struct jitter *j, unsigned min_ms, unsigned max_ms);
/* Another stream begins: forgets timing and audio, keeps the counts. */
void jitter_restart(struct jitter *j);
void jitter_put(struct jitter *j, const struct jitter_packet *p);
/* One tick.  False: between talkspurts, out is idle. */
bool jitter_play(struct jitter *j, uint8_t out[JITTER_TICK], uint64_t now_ns);
/* The peer sends something else than audio now: holes of late are not losses. */
void jitter_excuse(struct jitter *j);
/* How long the quickest packets wait, now; 0 = not playing. */
uint32_t jitter_delay_us(const struct jitter *j);

#endif
