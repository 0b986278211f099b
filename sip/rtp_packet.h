/* rtp_packet.h - the RTP header (RFC 3550 5.1), read and written.  Pure functions. */
#ifndef SIP_RTP_PACKET_H
#define SIP_RTP_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RTP_HEADER = 12 };

struct rtp_packet {
	bool marker;
	uint8_t type;
	uint16_t seq;
	uint32_t ts, ssrc;
	const uint8_t *payload; /* within the datagram */
	size_t size;            /* of the payload */
};

/* False: not RTP.  Contributing sources, extension and padding are skipped. */
bool rtp_packet_parse(const uint8_t *data, size_t size, struct rtp_packet *out);
/* Writes the header only. */
void rtp_packet_header(uint8_t out[RTP_HEADER], const struct rtp_packet *p);

#endif
