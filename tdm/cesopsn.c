/* cesopsn.c - RFC 5086: the CESoPSN packet. */
#include "tdm/cesopsn.h"
#include <string.h>

enum {
	WORD_L = 0x08, /* first octet of the control word */
	WORD_R = 0x04,
	WORD_M = 0x03,
	WORD_M_RDI = 0x02,
	WORD_LEN = 0x3f, /* second octet */
	WORD_FRG = 0xc0,
	LEN_LIMIT = 64,        /* LEN is for packets shorter than this, otherwise 0 (4.3) */
	RTP_VERSION_2 = 0x80,  /* no padding, no extension, no CSRC (4.3.2) */
	RTP_PAYLOAD_TYPE = 97, /* dynamic; receivers go by the port */
};

static void put_u16(uint8_t *out, uint16_t value)
{
	out[0] = (uint8_t)(value >> 8);
	out[1] = (uint8_t)value;
}

static void put_u32(uint8_t *out, uint32_t value)
{
	put_u16(out, (uint16_t)(value >> 16));
	put_u16(out + 2, (uint16_t)value);
}

static uint16_t get_u16(const uint8_t *data)
{
	return (uint16_t)(data[0] << 8 | data[1]);
}

static uint32_t get_u32(const uint8_t *data)
{
	return (uint32_t)get_u16(data) << 16 | get_u16(data + 2);
}

size_t cesopsn_payload_offset(bool rtp)
{
	return (rtp ? CESOPSN_RTP_OCTETS : 0) + CESOPSN_WORD_OCTETS;
}

size_t cesopsn_encode(uint8_t *out, const struct cesopsn_packet *p)
{
	size_t header = cesopsn_payload_offset(p->rtp.present);
	size_t payload = p->payload != NULL ? p->payload_octets : 0;
	size_t octets = header + payload;
	uint8_t *word = out + header - CESOPSN_WORD_OCTETS;

	if (p->rtp.present) {
		out[0] = RTP_VERSION_2;
		out[1] = RTP_PAYLOAD_TYPE;
		put_u16(out + 2, p->sequence);
		put_u32(out + 4, p->rtp.timestamp);
		put_u32(out + 8, p->rtp.ssrc);
	}
	word[0] = 0;
	if (p->flags & CESOPSN_R)
		word[0] |= WORD_R;
	if (p->flags & CESOPSN_L)
		word[0] |= WORD_L; /* M must then be 00 */
	else if (p->flags & CESOPSN_RDI)
		word[0] |= WORD_M_RDI;
	word[1] = octets < LEN_LIMIT ? (uint8_t)octets : 0;
	put_u16(word + 2, p->sequence);
	if (payload > 0)
		memmove(out + header, p->payload, payload);
	return octets;
}

/* The RTP header needs no option: its first octet cannot begin a control word. */
static bool parse_rtp(struct cesopsn_rtp *rtp, const uint8_t *data, size_t octets)
{
	*rtp = (struct cesopsn_rtp){.present = false};
	if (octets < 1 || (data[0] & 0xf0) == 0)
		return true;
	if (data[0] != RTP_VERSION_2 || octets < CESOPSN_RTP_OCTETS)
		return false;
	rtp->present = true;
	rtp->timestamp = get_u32(data + 4);
	rtp->ssrc = get_u32(data + 8);
	return true;
}

static bool parse_flags(unsigned *flags, uint8_t word)
{
	*flags = word & WORD_R ? CESOPSN_R : 0;
	if (word & WORD_L) {
		*flags |= CESOPSN_L; /* M is reserved here: ignored, as the data is */
		return true;
	}
	if ((word & WORD_M) == WORD_M_RDI)
		*flags |= CESOPSN_RDI;
	else if ((word & WORD_M) != 0)
		return false; /* 01 reserved, 11 a signalling packet (4.6) */
	return true;
}

bool cesopsn_parse(struct cesopsn_packet *p, const uint8_t *data, size_t octets,
		   size_t payload_octets)
{
	if (!parse_rtp(&p->rtp, data, octets))
		return false;
	size_t header = cesopsn_payload_offset(p->rtp.present);
	if (octets < header)
		return false;

	const uint8_t *word = data + header - CESOPSN_WORD_OCTETS;
	if ((word[0] & 0xf0) != 0 || (word[1] & WORD_FRG) != 0 || !parse_flags(&p->flags, word[0]))
		return false;
	p->sequence = get_u16(word + 2);

	size_t len = word[1] & WORD_LEN;
	if (len != 0) { /* what is behind it is padding */
		if (len < header || len > octets)
			return false;
		octets = len;
	}
	p->payload_octets = octets - header;
	p->payload = data + header;
	if (p->payload_octets == 0 && (p->flags & CESOPSN_L)) {
		p->payload = NULL;
		return true;
	}
	return p->payload_octets == payload_octets;
}
