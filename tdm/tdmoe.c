/* tdmoe.c - the TDMoE frame. */
#include "tdm/tdmoe.h"
#include <string.h>

enum {
	HEADER_OCTETS = 8,
	SIGNALLING_OCTETS = TDMOE_SLOTS / 4 * 2,
	FLAGS_KNOWN = TDMOE_YELLOW | TDMOE_SIGNALLING | TDMOE_LOOPBACK,
};

static void put_u16(uint8_t *out, unsigned value)
{
	out[0] = (uint8_t)(value >> 8);
	out[1] = (uint8_t)value;
}

static uint16_t get_u16(const uint8_t *data)
{
	return (uint16_t)(data[0] << 8 | data[1]);
}

size_t tdmoe_encode(uint8_t *out, const struct tdmoe_frame *f)
{
	size_t at = HEADER_OCTETS;

	put_u16(out, f->subaddress);
	out[2] = TDMOE_SAMPLES;
	out[3] = (uint8_t)f->flags;
	put_u16(out + 4, f->sequence);
	put_u16(out + 6, TDMOE_SLOTS);
	if (f->flags & TDMOE_SIGNALLING) {
		memset(out + at, 0, SIGNALLING_OCTETS);
		at += SIGNALLING_OCTETS;
	}
	memcpy(out + at, f->payload, TDMOE_PAYLOAD_OCTETS);
	return at + TDMOE_PAYLOAD_OCTETS;
}

bool tdmoe_parse(struct tdmoe_frame *f, const uint8_t *data, size_t octets)
{
	if (octets < HEADER_OCTETS || data[2] != TDMOE_SAMPLES || get_u16(data + 6) != TDMOE_SLOTS)
		return false;
	f->subaddress = get_u16(data);
	f->flags = data[3] & FLAGS_KNOWN;
	f->sequence = get_u16(data + 4);
	size_t header = HEADER_OCTETS + (f->flags & TDMOE_SIGNALLING ? SIGNALLING_OCTETS : 0);
	f->payload = data + header;
	return octets == header + TDMOE_PAYLOAD_OCTETS;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool tdmoe_mac_parse(uint8_t mac[TDMOE_MAC_OCTETS], const char *text)
{
	static const uint8_t none[TDMOE_MAC_OCTETS];

	for (int i = 0; i < TDMOE_MAC_OCTETS; i++, text += 3) {
		int high = hex_digit(text[0]);
		int low = high < 0 ? -1 : hex_digit(text[1]);
		if (low < 0 || text[2] != (i + 1 < TDMOE_MAC_OCTETS ? ':' : '\0'))
			return false;
		mac[i] = (uint8_t)(high << 4 | low);
	}
	return (mac[0] & 1) == 0 && memcmp(mac, none, sizeof(none)) != 0;
}
