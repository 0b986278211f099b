/* bearer.h - what a call is for: its Bearer capability, and the elements that go through a gateway
 * as they came.  Pure functions and plain data; any thread.
 *
 * Data are the circuit-mode bearers of one channel: 64 kbit/s, unrestricted or restricted (no octet
 * of eight zeros, Q.931 4.5.5 note 2), and 56 kbit/s in the upper seven bits of each octet (V.110).
 */
#ifndef ISUP_BEARER_H
#define ISUP_BEARER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum isup_bearer {
	ISUP_AUDIO, /* 3.1 kHz: what a call is when nobody says */
	ISUP_SPEECH,
	ISUP_DATA_64,
	ISUP_DATA_RESTRICTED,
	ISUP_DATA_56,
	ISUP_BEARER_OTHER, /* video, packets, more than one channel, or nothing known */
};

enum { ISUP_ELEMENT_MAX = 24, ISUP_USER_DATA_MAX = 129 };

/* Contents of an element, octet 3 and on; len 0: it was not there. */
struct isup_element {
	uint8_t len;
	uint8_t octets[ISUP_ELEMENT_MAX];
};

/* User-user, Q.931 4.5.30: the protocol discriminator, then up to 128 octets. */
struct isup_user_data {
	uint8_t len;
	uint8_t octets[ISUP_USER_DATA_MAX];
};

struct isup_purpose {
	enum isup_bearer bearer;
	struct isup_element capability; /* as it came; len 0: by bearer */
	struct isup_element low_layer, high_layer;
	struct isup_element calling_sub, called_sub; /* subaddresses, Q.931 4.5.9, 4.5.11 */
	/* Originating line information, ANI II digits 0 to 99, one more than it is; 0 = none. */
	uint8_t line_information;
	struct isup_user_data user_data;
};

static inline bool isup_bearer_is_data(enum isup_bearer b)
{
	return b == ISUP_DATA_64 || b == ISUP_DATA_RESTRICTED || b == ISUP_DATA_56;
}

/* Contents of Bearer capability, each way. */
enum isup_bearer isup_bearer_read(const uint8_t *octets, size_t len);
void isup_bearer_write(struct isup_element *out, enum isup_bearer bearer);
/* A subaddress of characters: X.213, AFI 50 (Q.931 4.5.9 note 2).  False: it is of another kind, or
 * the text is none that one can hold, 1 to 19 printable characters. */
enum { ISUP_SUBADDRESS_MAX = 20 }; /* terminator included */
bool isup_subaddress_read(char out[ISUP_SUBADDRESS_MAX], const struct isup_element *e);
bool isup_subaddress_write(struct isup_element *out, const char *text);
const char *isup_bearer_text(enum isup_bearer bearer);

#endif
