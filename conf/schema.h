/* schema.h - every section and key of the file, as one table.
 *
 * Reading, printing, comparing, `tandem --keys` and the manual page all walk this table, so that a
 * key is described once.  Constant data; any thread.
 */
#ifndef CONF_SCHEMA_H
#define CONF_SCHEMA_H

#include "conf/conf.h"

enum { CONF_KEYS_MAX = 64 }; /* of a section */

enum conf_section_id {
	CONF_GATEWAY,
	CONF_MEDIA,
	CONF_SIP,
	CONF_SPAN,
	CONF_TRUNK,
	CONF_PEER,
	CONF_TONES,
	CONF_USER,
	CONF_RULE,
	CONF_SECTION_COUNT,
};

enum conf_type {
	CONF_TEXT,    /* char[size]: printable */
	CONF_NAME,    /* char[size]: letters, digits, - _ . */
	CONF_SECRET,  /* char[size]: as text, and never printed */
	CONF_HEX,     /* char[size]: size - 1 hexadecimal digits, lower case; never printed */
	CONF_HOST,    /* char[size]: host part of a SIP URI */
	CONF_NUMBER,  /* char[size]: digits, *, #, leading + */
	CONF_PATTERN, /* char[size]: a pattern of dialplan.h */
	CONF_UINT,    /* unsigned integer of size octets, min to max */
	CONF_BOOL,
	CONF_CHOICE,       /* enum: index into choices */
	CONF_CHOICES,      /* enum[size], how many in an unsigned at other: by preference */
	CONF_DTMF,         /* uint8_t: telephone-event payload type, 0 = inband */
	CONF_ADDRESS,      /* sockaddr_storage; min = port when none is written */
	CONF_ADDRESSES,    /* sockaddr_storage[size], how many in an unsigned at other */
	CONF_BINDS,        /* struct sip_bind[size], how many in an unsigned at other */
	CONF_BARE_ADDRESS, /* sockaddr_storage without a port */
	CONF_PORTS,        /* uint16_t first and, at other, last */
	CONF_NAMES,        /* char[size][CONF_NAME_MAX], how many in an unsigned at other */
	CONF_UINTS,        /* uint8_t[size], how many in an unsigned at other; min to max */
	CONF_SLOTS,        /* uint32_t, bit n = slot n: "1-12,14" */
	CONF_PROFILE,      /* unsigned: index into choices; sets the other keys it names first */
};

#define CONF_MASK "********"

enum conf_key_flags {
	CONF_REQUIRED = 1,
	CONF_MAY_BE_EMPTY = 2, /* empty or 0 = as if not given, and is not printed */
	CONF_RESTART = 4,      /* a running process cannot change it */
	CONF_DRAINS = 8,       /* changing it waits for the calls on the span or trunk to end */
};

struct conf_key {
	const char *name;
	enum conf_type type;
	unsigned flags;
	size_t offset, size, other; /* in the section's struct */
	size_t protocol; /* CONF_ADDRESSES: of the enum sip_protocol, read before, whose port is left
			    out; 0 = min is */
	unsigned min, max;
	const char *const *choices; /* ends with NULL */
	const char *def;            /* for people, where the default depends on other keys */
	const char *help;
};

struct conf_section {
	const char *name;
	bool titled;  /* has a title and may repeat */
	size_t size;  /* of its struct */
	size_t limit; /* how many there may be */
	size_t title_offset, title_size;
	enum conf_type title_type;
	void (*set_default)(void *element);
	const char *help;
	const struct conf_key *keys;
	size_t key_count;
};

extern const struct conf_section conf_sections[CONF_SECTION_COUNT];

/* Element i of a section in c, how many there are, and the index of a key by name. */
void *conf_element(const struct conf *c, enum conf_section_id section, size_t i);
size_t conf_element_count(const struct conf *c, enum conf_section_id section);
const char *conf_element_title(enum conf_section_id section, const void *element);
size_t conf_key_index(enum conf_section_id section, const char *key);

#endif
