#include "isup/bearer.h"

#include <string.h>

enum { EXTENDED = 0x80 }; /* bit 8: the last octet of a group, Q.931 4.5.1 */

/* Octet 3, Q.931 4.5.5: standard of ITU-T, information transfer capability. */
enum {
	CAPABILITY_SPEECH = 0x00,
	CAPABILITY_UNRESTRICTED = 0x08,
	CAPABILITY_RESTRICTED = 0x09,
	CAPABILITY_AUDIO = 0x10,
};
/* Octet 4: circuit mode, 64 kbit/s. */
enum { CIRCUIT_64 = 0x10 };
/* Octets 5 and 5a: V.110, synchronous, 56 kbit/s. */
enum { V110 = 0x21, ULAW = 0x22, RATE_56 = 0x0f, RATE_MASK = 0x1f };

/* Octets 5 and 5a say V.110 with a user rate of 56 kbit/s. */
static bool is_rate_56(const uint8_t *octets, size_t len)
{
	return len >= 4 && octets[2] == V110 && (octets[3] & RATE_MASK) == RATE_56;
}

enum isup_bearer isup_bearer_read(const uint8_t *octets, size_t len)
{
	if (len < 2 || (octets[0] & EXTENDED) == 0 || octets[1] != (EXTENDED | CIRCUIT_64))
		return ISUP_BEARER_OTHER;
	switch (octets[0] & ~EXTENDED) { /* another coding standard is none of these */
	case CAPABILITY_SPEECH: return ISUP_SPEECH;
	case CAPABILITY_AUDIO: return ISUP_AUDIO;
	case CAPABILITY_UNRESTRICTED: return is_rate_56(octets, len) ? ISUP_DATA_56 : ISUP_DATA_64;
	case CAPABILITY_RESTRICTED:
		return is_rate_56(octets, len) ? ISUP_DATA_56 : ISUP_DATA_RESTRICTED;
	default: return ISUP_BEARER_OTHER;
	}
}

void isup_bearer_write(struct isup_element *out, enum isup_bearer bearer)
{
	static const struct isup_element forms[] = {
		[ISUP_AUDIO] = {3,
				{EXTENDED | CAPABILITY_AUDIO, EXTENDED | CIRCUIT_64,
				 EXTENDED | ULAW}},
		[ISUP_SPEECH] = {3,
				 {EXTENDED | CAPABILITY_SPEECH, EXTENDED | CIRCUIT_64,
				  EXTENDED | ULAW}},
		[ISUP_DATA_64] = {2, {EXTENDED | CAPABILITY_UNRESTRICTED, EXTENDED | CIRCUIT_64}},
		[ISUP_DATA_RESTRICTED] = {2,
					  {EXTENDED | CAPABILITY_RESTRICTED,
					   EXTENDED | CIRCUIT_64}},
		[ISUP_DATA_56] = {4,
				  {EXTENDED | CAPABILITY_UNRESTRICTED, EXTENDED | CIRCUIT_64, V110,
				   EXTENDED | RATE_56}},
	};

	memset(out, 0, sizeof(*out));
	if ((size_t)bearer < sizeof(forms) / sizeof(forms[0]))
		*out = forms[bearer];
}

/* Octet 3: NSAP; then the AFI of characters without an IDI. */
enum { NSAP = 0x80, NSAP_TYPE_MASK = 0x70, AFI_IA5 = 0x50, SUBADDRESS_HEAD = 2 };

static bool is_printable(const uint8_t *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] <= 0x20 || text[i] >= 0x7f)
			return false;
	return len > 0 && len < ISUP_SUBADDRESS_MAX;
}

bool isup_subaddress_read(char out[ISUP_SUBADDRESS_MAX], const struct isup_element *e)
{
	size_t len = e->len > SUBADDRESS_HEAD ? e->len - (size_t)SUBADDRESS_HEAD : 0;

	out[0] = '\0';
	if (len == 0 || (e->octets[0] & NSAP_TYPE_MASK) != 0 || e->octets[1] != AFI_IA5 ||
	    !is_printable(e->octets + SUBADDRESS_HEAD, len))
		return false;
	memcpy(out, e->octets + SUBADDRESS_HEAD, len);
	out[len] = '\0';
	return true;
}

bool isup_subaddress_write(struct isup_element *out, const char *text)
{
	size_t len = strlen(text);

	memset(out, 0, sizeof(*out));
	if (!is_printable((const uint8_t *)text, len))
		return false;
	out->len = (uint8_t)(SUBADDRESS_HEAD + len);
	out->octets[0] = NSAP;
	out->octets[1] = AFI_IA5;
	memcpy(out->octets + SUBADDRESS_HEAD, text, len);
	return true;
}

const char *isup_bearer_text(enum isup_bearer bearer)
{
	switch (bearer) {
	case ISUP_AUDIO: return "3.1 kHz audio";
	case ISUP_SPEECH: return "speech";
	case ISUP_DATA_64: return "64 kbit/s data";
	case ISUP_DATA_RESTRICTED: return "64 kbit/s restricted data";
	case ISUP_DATA_56: return "56 kbit/s data";
	case ISUP_BEARER_OTHER: break;
	}
	return "another bearer";
}
