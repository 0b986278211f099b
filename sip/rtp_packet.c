#include "sip/rtp_packet.h"

#include "sip/octets.h"

enum { VERSION = 2, PADDING = 0x20, EXTENSION = 0x10, SOURCES = 0x0f, MARKER = 0x80 };

bool rtp_packet_parse(const uint8_t *data, size_t size, struct rtp_packet *out)
{
	size_t at = RTP_HEADER;

	if (size < RTP_HEADER || data[0] >> 6 != VERSION)
		return false;
	at += (size_t)(data[0] & SOURCES) * 4;
	if (data[0] & EXTENSION) {
		if (size < at + 4)
			return false;
		at += 4 + ((size_t)data[at + 2] << 8 | data[at + 3]) * 4;
	}
	if (data[0] & PADDING) {
		size_t padding = data[size - 1];

		if (padding == 0 || padding > size)
			return false;
		size -= padding;
	}
	if (size < at)
		return false;
	out->marker = data[1] & MARKER;
	out->type = data[1] & ~MARKER;
	out->seq = (uint16_t)(data[2] << 8 | data[3]);
	out->ts = get32(data + 4);
	out->ssrc = get32(data + 8);
	out->payload = data + at;
	out->size = size - at;
	return true;
}

void rtp_packet_header(uint8_t out[RTP_HEADER], const struct rtp_packet *p)
{
	out[0] = VERSION << 6;
	out[1] = (uint8_t)((p->marker ? MARKER : 0) | p->type);
	out[2] = (uint8_t)(p->seq >> 8);
	out[3] = (uint8_t)p->seq;
	put32(put32(out + 4, p->ts), p->ssrc);
}
