/* rtp_event.h - telephone-events (RFC 4733), sent and received: state without sockets.
 *
 * Thread: one.  Never allocates.  Timestamps count samples of 8000 Hz.
 */
#ifndef SIP_RTP_EVENT_H
#define SIP_RTP_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RTP_EVENT_OCTETS = 4, RTP_EVENT_BATCH = 4, RTP_EVENT_EDGES = 16 };

struct rtp_event_packet {
	uint32_t ts;
	bool marker;
	uint8_t payload[RTP_EVENT_OCTETS];
};

/* off -> (on) -> sounding -> (off) -> ending, the end sent three times -> off */
struct rtp_event_tx {
	bool sounding;
	bool started; /* a packet of this event has left */
	unsigned ends_left;
	uint8_t code, level;
	uint32_t start_ts, end_ts, next_ts; /* of this segment; next_ts: when an update is due */
};

/* Each writes the packets to send now and returns how many.  ts: of the tick's first sample. */
unsigned rtp_event_tx_on(struct rtp_event_tx *e, char digit, uint8_t level, uint32_t ts,
			 struct rtp_event_packet out[RTP_EVENT_BATCH]);
unsigned rtp_event_tx_off(struct rtp_event_tx *e, uint32_t ts, unsigned interval,
			  struct rtp_event_packet out[RTP_EVENT_BATCH]);
/* Once a tick of count samples; an update leaves every interval samples. */
unsigned rtp_event_tx_tick(struct rtp_event_tx *e, uint32_t ts, unsigned count, unsigned interval,
			   struct rtp_event_packet out[RTP_EVENT_BATCH]);

struct rtp_event_edge {
	char digit;
	bool on;
};

struct rtp_event_rx {
	bool known; /* ts, code of the newest event are valid */
	bool sounding;
	uint8_t code;
	uint32_t ts;
	uint64_t heard_ns;
	struct rtp_event_edge edge[RTP_EVENT_EDGES];
	unsigned first, count;
};

/* False: too short to be an event. */
bool rtp_event_rx_packet(struct rtp_event_rx *r, const uint8_t *payload, size_t size, uint32_t ts,
			 uint64_t now_ns);
/* The event that sounds goes off when nothing was heard of it for so long. */
void rtp_event_rx_expire(struct rtp_event_rx *r, uint64_t now_ns, uint64_t after_ns);
/* The stream ended or changed: what sounds goes off, old timestamps mean nothing. */
void rtp_event_rx_reset(struct rtp_event_rx *r);
bool rtp_event_rx_get(struct rtp_event_rx *r, char *digit, bool *on);

#endif
