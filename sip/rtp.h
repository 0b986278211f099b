/* rtp.h - one RTP stream each way with its RTCP, jitter buffer and telephone-events.
 *
 * RFC 3550 and 3551 (PCMU, PCMA), RFC 4733 events, RFC 3550 6 sender and receiver reports.
 * Line side: mu-law octets, RTP_TICK of them (10 ms) at a time; A-law is converted here.  CLEARMODE
 * (RFC 4040) passes as it is; what is lost of it is played as 0xff.
 *
 * Threads: open and close on the signalling thread, never while a worker has it; everything under
 * "media" on the one worker that has it.  After open no function allocates, locks, logs or blocks.
 * Counts: relaxed atomics, read anywhere.
 */
#ifndef SIP_RTP_H
#define SIP_RTP_H

#include "sip/media.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RTP_TICK = 80 };

struct rtp_session;

struct rtp_conf {
	struct sockaddr_storage addr; /* address to bind; port ignored */
	uint16_t port_min, port_max;  /* even ports of this range, RTCP on the next odd one */
	unsigned jitter_min_ms, jitter_max_ms; /* bounds of the playout delay: 2 and 120 */
};

void rtp_conf_default(struct rtp_conf *conf);
/* 0, -EADDRINUSE (no port pair free), -ENOMEM or another -errno. */
int rtp_session_open(struct rtp_session **out, const struct rtp_conf *conf);
void rtp_session_close(struct rtp_session *s);
void rtp_session_local(const struct rtp_session *s, struct sockaddr_storage *out);

/* --- media --- */

/* Where to send and what to expect from now on; may repeat (re-INVITE, hold). */
void rtp_session_set(struct rtp_session *s, const struct sip_media *m);
/* Drains the sockets into the jitter buffer, handles RTCP. */
void rtp_session_receive(struct rtp_session *s, uint64_t now_ns);
/* Adds the sockets to an epoll set.  From then on receive asks a socket only after the bool at
 * data.ptr of its event was set, by whoever waits on the set.  0 or -errno.
 * Media worker; unwatch before it gives the session away. */
int rtp_session_watch(struct rtp_session *s, int epoll_fd);
void rtp_session_unwatch(struct rtp_session *s, int epoll_fd);
/* The next RTP_TICK octets for the line.  False: nothing to play, out is idle (0xff). */
bool rtp_session_play(struct rtp_session *s, uint8_t out[RTP_TICK], uint64_t now_ns);
/* RTP_TICK octets from the line; a packet leaves when ptime is full.  in == NULL: muted this tick
 * (a digit is being sent as an event), time goes on. */
void rtp_session_send(struct rtp_session *s, const uint8_t in[RTP_TICK], uint64_t now_ns);
bool rtp_session_sends_events(const struct rtp_session *s); /* telephone-event was agreed */
/* A digit (0-9 * # A-D) goes on (true) or off (false) on the line: RFC 4733 event, start, updates
 * each ptime, end packet sent three times.  level_dbm0 as -dBm0, 0..63. */
void rtp_session_digit(struct rtp_session *s, char digit, bool on, uint8_t level_dbm0);
/* A digit received: returns true with its on or off edge, in order; call until false.  An event
 * whose end was lost goes off by itself (RFC 4733 2.5.1.3 ... no update for 3 ptime). */
bool rtp_session_event(struct rtp_session *s, char *digit, bool *on);
/* A packet of the far end's has ever come. */
bool rtp_session_has_heard(const struct rtp_session *s);
/* How long the peer has sent nothing although it should; 0 while nothing is expected (held). */
uint64_t rtp_session_silent_ns(const struct rtp_session *s, uint64_t now_ns);
/* RTCP BYE, once, when the worker gives the session up. */
void rtp_session_bye(struct rtp_session *s);

struct rtp_counts {
	uint64_t tx_packets, tx_octets, tx_errors;
	uint64_t rx_packets, rx_octets;
	uint64_t foreign;   /* from another address than the negotiated one */
	uint64_t malformed; /* not RTP, wrong version, size or payload type */
	uint64_t lost, late, duplicate, reordered, overflow;
	uint64_t concealed; /* ticks played without audio from the peer while it sends */
	uint64_t rtcp_rx, rtcp_tx, rtcp_bad;
	uint32_t jitter_us;  /* RFC 3550 6.4.1, of what we receive */
	uint32_t delay_us;   /* playout delay now */
	uint32_t rtt_us;     /* from RTCP; 0 = not known */
	uint8_t peer_loss;   /* fraction lost that the peer reports, /256 */
	int32_t drift_ppb;   /* peer's clock against ours, smoothed */
	uint64_t last_rx_ns; /* 0 = nothing yet */
};
void rtp_session_counts(const struct rtp_session *s, struct rtp_counts *out);

#endif
