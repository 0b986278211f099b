/* numbering.h - a telephone number as ISDN has it (digits and a type, Q.931 4.5.8, 4.5.10) and as
 * the plan and SIP have it (one text, "+" in front of what is international: E.164, RFC 3966).
 * Pure functions, any thread. */
#ifndef DIALPLAN_NUMBERING_H
#define DIALPLAN_NUMBERING_H

#include "dialplan/dialplan.h"
#include <stdint.h>

/* Q.931 table 4-9; the plan octets that E.164 numbers come with. */
enum { TON_UNKNOWN = 0, TON_INTERNATIONAL = 1, TON_NATIONAL = 2 };
enum { PLAN_UNKNOWN = 0, PLAN_ISDN = 1 };

struct dial_numbering {
	char country_code[12];        /* "1"; "" = national numbers stay as they are */
	char national_prefix[12];     /* dialled before a national number: "1", "0" */
	char international_prefix[12];/* "011", "00" */
	bool prefixed;                /* to ISDN: prefix and type unknown, not a type */
};

/* What a line sent.  out is "" when digits do not fit. */
void dial_number_read(const struct dial_numbering *n, char out[DIAL_NUMBER_MAX],
		      const char *digits, uint8_t type, uint8_t plan);
/* What a line is sent: without +.  type is what the number had, and may be changed. */
void dial_number_write(const struct dial_numbering *n, char out[DIAL_NUMBER_MAX],
		       const char *number, uint8_t *type);

#endif
