/* path.h - the audio of one call: two ends, each a slot of a span or an RTP session.  One whose other
 * end is away hears music.  A bit error test of a slot is a path too.
 *
 *   slot -> cancel echo, detect digits -> RTP    RTP -> jitter buffer -> tones, digits -> slot
 *   slot -> RTP of octets (RFC 4040) and back: nothing is detected, cancelled or invented
 *   slot -> slot, bit-exact               RTP -> RTP by the worker's clock
 *   music -> slot or RTP          RTP that is held -> music in place of what it does not send -> slot
 *   slot -> bit error test -> the same slot
 *
 * Either end may be played a tone in place of what the other one sends; with one end alone, the other
 * PATH_NONE, it hears that tone and else nothing.
 *
 * A slot's tick is in two halves, so that what arrived by RTP until the last moment leaves with it:
 * path_to_line() before the span exchanges its octets, path_from_line() after.  Octets from slot to
 * slot cross by a ring each way, which keeps the two spans' clocks apart, and their threads too
 * when different workers drive them.
 *
 * Built and freed on the signalling thread; run by the workers that have it (see worker.h).
 * Running allocates, locks, logs and waits for nothing.
 */
#ifndef GATEWAY_PATH_H
#define GATEWAY_PATH_H

#include "sip/rtp.h"
#include "tdm/dtmf.h"
#include "tdm/music.h"
#include "tdm/span.h"
#include "tdm/tone_listener.h"
#include <stdbool.h>
#include <stdint.h>

struct worker;
struct path_pipe;
struct tone_ear;
struct echo;

enum path_end_kind { PATH_NONE, PATH_SLOT, PATH_RTP, PATH_BERT, PATH_MUSIC };

struct path_end {
	enum path_end_kind kind;
	struct worker *worker; /* PATH_SLOT: that drives the span; NULL = the one it is opened on */
	unsigned span, slot;   /* PATH_SLOT: index of the span in that worker, 1..24 */
	bool data;       /* octets, no audio: pass as they are */
	bool seven_bits; /* data of 56 kbit/s: the last bit of each octet is 1 */
	unsigned echo_tail_ms, echo_bulk_ms; /* PATH_SLOT facing RTP: see tdm/echo.h; tail 0 = none */
	const struct tone_set *listen; /* PATH_SLOT: whose busy tone is to be noticed; NULL = none;
					* lent for path_new() */
	struct rtp_session *rtp; /* PATH_RTP: owned by the path */
	struct tdm_bert *bert;   /* PATH_BERT, facing a slot: owned by the path */
	/* PATH_MUSIC: what it plays.  PATH_RTP: what it plays when held and silent. */
	struct music_player music;
	/* run time */
	struct dtmf_detector *detector;   /* SLOT facing RTP: owned */
	struct dtmf_generator *generator; /* facing RTP: owned; digits it sends as events */
	struct echo *echo; /* SLOT facing RTP: owned; NULL = none */
	struct tone_ear *ear;      /* of a SLOT: owned; NULL = none */
	struct tone_player player; /* what is heard at this end */
	uint8_t said[TDM_TICK_OCTETS]; /* last to the slot: the canceller's reference */
	struct path_pipe *pipe;           /* SLOT facing a slot: owned; octets for this slot */
	char digit_on;       /* digit this end holds down, handed on as event; 0 = none */
	bool held;           /* RTP: its far end has put us on hold */
	bool goes_on;        /* RTP: outlives the path, so no RTCP BYE.  Set before worker_close() */
	bool heard;          /* RTP: WORKER_RTP_FIRST was told */
	bool quiet_reported; /* RTP: WORKER_NO_RTP was told for this silence */
};

struct path {
	uint32_t id;            /* the call's id: kills stale messages */
	struct path_end end[2]; /* [0] from, [1] to */
	/* worker.c's, signalling thread */
	struct worker *owner; /* it was opened on; NULL = that one was stopped */
	struct worker *at[2]; /* workers that have it; two when its slots are two workers' */
	bool closing;
};

/* Ends are copied, sessions and tests move in on success only.  0 or -ENOMEM. */
int path_new(struct path **out, uint32_t id, const struct path_end *from,
	     const struct path_end *to);
void path_free(struct path *p);

/* --- media --- */

/* The next tick for the slot of that end. */
void path_to_line(struct path *p, unsigned end, uint8_t out[TDM_TICK_OCTETS], uint64_t now_ns);
/* A tick from that slot. */
void path_from_line(struct path *p, unsigned end, const uint8_t in[TDM_TICK_OCTETS],
		    uint64_t now_ns);
/* One tick of both directions of a path without a slot. */
void path_relay(struct path *p, uint64_t now_ns);
/* What that end hears from its next tick on: a tone, or the other end again (NULL). */
void path_play(struct path *p, unsigned end, const struct tone *tone);
/* Busy or congestion tone that came from that slot and was not asked about yet; else TONE_NONE. */
enum tone_kind path_heard_tone(const struct path *p, unsigned end);
void path_forget_tone(struct path *p, unsigned end);
/* The worker gives the path up. */
void path_end_media(struct path *p);

/* Octets from slot to slot lost or filled in because the spans' clocks differ, in ticks. */
unsigned path_slips(const struct path *p);

#endif
