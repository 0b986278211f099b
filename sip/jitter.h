/* jitter.h - from packets that come when they like to JITTER_TICK octets whenever the line asks.
 *
 * Positions are samples of the stream's timestamp, unwrapped, 0 = first packet.  Each packet has a
 * transit time d = arrival - position / 8000 Hz, each tick an offset
 * o = when it is due - play position / 8000 Hz; o - d is how long the packet's first sample waits,
 * the delay.
 *
 *        d:  low ....#####:#:..:.... high             o
 *            |          spread         |<----slack--->|   kept between margin / 2
 *                                                         and margin + one step
 *
 * The step: a tick needs all its samples when it begins, so with packets of whole ticks the
 * packet's start is kept at a tick's start, the delay is as short as arrival and tick happen to
 * fit, and is changed by whole ticks.
 *
 * Nearly always the delay stays, and what is played are the very octets that came.  It is changed
 * in one piece: in silence where there is time to wait for it; while a hole is concealed; else by
 * leaving out or repeating whole periods (splice.h).  It grows when a second packet in some seconds
 * came too late, and shrinks when it was longer for seconds than they needed.  The sender's clock is
 * followed in the same way: at 50 ppm one change in 200 s.
 *
 * Thread: one.  Never allocates.  Times are ns of CLOCK_MONOTONIC.
 */
#ifndef SIP_JITTER_H
#define SIP_JITTER_H

#include "sip/conceal.h"
#include "sip/transit.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	JITTER_TICK = 80,
	JITTER_RING = 4096,      /* samples: 512 ms; power of two */
	JITTER_PACKET_MAX = 960, /* samples: 120 ms */
	JITTER_MS_MAX = 350,     /* of delay: with two packets more the ring is full */
};

struct jitter {
	int64_t min_ns, margin_ns, max_ns;
	bool data;    /* octets, no audio: nothing is invented, mixed or repeated */
	bool in_hole; /* data: the last octet played was none of theirs */
	uint8_t octet[JITTER_RING];
	uint8_t present[JITTER_RING]; /* 1 = octet is to be played */
	struct conceal conceal;

	/* the stream */
	bool heard;        /* the fields below are valid */
	uint64_t epoch_ns; /* arrival of position 0 */
	uint32_t last_ts;
	int64_t last_pos, last_transit_ns;
	uint64_t last_arrival_ns;
	uint64_t bad_since_ns; /* nothing but late or early packets since; 0 = no */
	struct transit transit;

	/* playout */
	uint64_t due_ns; /* when the next tick is due */
	bool playing;
	int64_t play;     /* position the next tick begins with */
	int64_t newest;   /* one past the newest stored */
	unsigned grid;    /* gcd of packet size and tick */
	int64_t grid_pos; /* where a packet began */
	unsigned empty_ticks; /* in a row with not one sample */
	unsigned holes;       /* ticks with holes since the last good one */

	/* changing the delay */
	int64_t spread_ns[2];  /* widest of some seconds, of those before */
	unsigned spread_ticks; /* in [0] */
	unsigned roomy_ticks;  /* in a row with a delay longer than needed, */
	unsigned excess;       /* ... by so many samples at least */
	unsigned settle_ticks; /* no other change that could be heard so soon */

	uint64_t late, overflow, concealed, restarts;
	uint64_t inserted, removed, changes; /* samples; how often */
};

struct jitter_packet {
	uint32_t ts;
	uint64_t arrival_ns;
	const uint8_t *ulaw;
	unsigned count; /* 1..JITTER_PACKET_MAX */
};

/* max_ms above JITTER_MS_MAX is as that. */
void jitter_init(struct jitter *j, unsigned min_ms, unsigned max_ms);
/* Data instead of audio, or audio again.  Data are played as they came, at a longer delay; what is
 * missing is 0xff, and the delay changes only when something came too late or is far too early. */
void jitter_set_data(struct jitter *j, bool data);
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
