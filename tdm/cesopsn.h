/* cesopsn.h - one CESoPSN packet to and from octets: RFC 5086, basic NxDS0 with N = 24, over UDP.
 *
 *     [ RTP header, 12 octets ]   optional; before the control word on IP networks (4.2)
 *     0 0 0 0 L R M M | FRG LEN      sequence number, big endian
 *     frame 1: slot 1 .. slot 24, frame 2: slot 1 .. slot 24, ...
 *
 * Pure functions: no state, no I/O, any thread.
 */
#ifndef TDM_CESOPSN_H
#define TDM_CESOPSN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	CESOPSN_SLOTS = 24,
	CESOPSN_FRAMES_MAX = 40, /* 5 ms: 960 octets; twice that would be fragmented on Ethernet */
	CESOPSN_RTP_OCTETS = 12,
	CESOPSN_WORD_OCTETS = 4,
	CESOPSN_PACKET_MAX =
		CESOPSN_RTP_OCTETS + CESOPSN_WORD_OCTETS + CESOPSN_SLOTS * CESOPSN_FRAMES_MAX,
};

enum cesopsn_flag { /* bit set */
		    CESOPSN_L =
			    1u << 0, /* the attachment circuit is down: the payload means nothing */
		    CESOPSN_R = 1u << 1,   /* the sender receives no packets */
		    CESOPSN_RDI = 1u << 2, /* M = 10: the circuit behind the sender shows RAI */
};

struct cesopsn_rtp {
	bool present;
	uint32_t timestamp; /* 8 kHz */
	uint32_t ssrc;
};

struct cesopsn_packet {
	unsigned flags;
	uint16_t sequence;
	struct cesopsn_rtp rtp;
	const uint8_t *payload; /* NULL = left out, which only a packet with L may */
	size_t payload_octets;
};

/* Writes the packet into out, which holds at least CESOPSN_PACKET_MAX.  Returns its octets.
 * payload may already stand at its place in out: see cesopsn_payload_offset(). */
size_t cesopsn_encode(uint8_t *out, const struct cesopsn_packet *p);
size_t cesopsn_payload_offset(bool rtp);

/* False: not CESoPSN of this shape.  p->payload points into data. */
bool cesopsn_parse(struct cesopsn_packet *p, const uint8_t *data, size_t octets,
		   size_t payload_octets);

#endif
