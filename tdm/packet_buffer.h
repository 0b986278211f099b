/* packet_buffer.h - the adaptive jitter buffer of one pseudowire, by sequence number.
 *
 * One packet is played at every packet interval, whether it came or not.  The margin of a packet is
 * how long it lies here before its playout instant; the fastest packets of each window show the
 * true distance of the far clock, the slowest the jitter:
 *
 *     margin of the fastest ---> held at the target: by the pace (clock line, see pace.h), or by
 *                                slips of whole packets once it is off by a packet (clock own)
 *     packets come too late  --> once is an accident: idle was played for them, and that is all;
 *                                again within 10 s it is jitter: the target grows by as much, up
 *                                to the maximum, and the late packet is still played
 *     long calm              --> the target shrinks by one packet, down to the minimum
 *
 * Pure: no clock and no socket of its own, so tests run hours in milliseconds.  One thread, except
 * the statistics.  Allocates in tdm_packet_buffer_new() only.  Times in ns of one monotonic clock.
 */
#ifndef TDM_PACKET_BUFFER_H
#define TDM_PACKET_BUFFER_H

#include "tdm/counter.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tdm_packet_buffer;

struct tdm_packet_buffer_conf {
	uint64_t packet_ns;      /* interval of the packets */
	size_t packet_octets;    /* of payload */
	uint64_t min_ns, max_ns; /* bounds of the target */
	bool paced;              /* clock line: somebody acts on the error we report */
};

struct tdm_packet_buffer_stats {
	_Atomic uint64_t lost, reordered, duplicate, late, underruns, slips, target_ns;
	_Atomic uint64_t overruns; /* packets that re-centring dropped, unplayed */
};

enum { TDM_PACKET_WINDOW_MS = 250 }; /* one error report in this time */

int tdm_packet_buffer_new(struct tdm_packet_buffer **out, const struct tdm_packet_buffer_conf *conf,
			  uint64_t first_play_ns); /* 0 or -ENOMEM */
void tdm_packet_buffer_free(struct tdm_packet_buffer *b);
const struct tdm_packet_buffer_stats *tdm_packet_buffer_stats(const struct tdm_packet_buffer *b);

/* Takes what a packet said.  payload is copied; NULL = left out, plays as idle. */
void tdm_packet_buffer_put(struct tdm_packet_buffer *b, uint16_t sequence, uint64_t arrival_ns,
			   unsigned flags, const uint8_t *payload);

struct tdm_packet_play {
	const uint8_t *payload; /* NULL = idle; good until the next put */
	bool received;          /* this packet did come, and flags are its flags */
	unsigned flags;
};
/* The packet of this playout instant; the next instant will be at next_play_ns. */
void tdm_packet_buffer_play(struct tdm_packet_buffer *b, uint64_t next_play_ns,
			    struct tdm_packet_play *out);

/* Once per window, when packets came: how much more than the target the fastest packet's margin
 * was.  Positive: the far end is ahead of us. */
bool tdm_packet_buffer_error(struct tdm_packet_buffer *b, int64_t *error_ns);

/* Playout time since a packet was last usable. */
uint64_t tdm_packet_buffer_silent_ns(const struct tdm_packet_buffer *b);
/* Forgets the sequence: plays idle until two packets in a row have come. */
void tdm_packet_buffer_restart(struct tdm_packet_buffer *b, uint64_t next_play_ns);

#endif
