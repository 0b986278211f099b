/* elements.h - elements put into, or taken out of, a Q.931 message that libpri has written.
 *
 * Pure functions.  A list says what is to change; elements_apply() writes the message anew: the
 * elements of a codeset ascending (Q.931 4.5.1), codesets after one another by locking shifts
 * (4.5.3).
 */
#ifndef ISUP_ELEMENTS_H
#define ISUP_ELEMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ELEMENTS_OCTETS = 300 };

enum element_change {
	ELEMENT_PUT,  /* in place of those of its kind */
	ELEMENT_ADD,  /* beside them */
	ELEMENT_DROP, /* those of its kind go */
};

struct element {
	enum element_change change;
	uint8_t codeset, id;
	const uint8_t *data; /* lent */
	size_t len;          /* 0 of one that is a single octet, its id */
};

struct elements {
	size_t len;
	uint8_t octets[ELEMENTS_OCTETS]; /* records, see elements.c */
};

/* False: no room, or it cannot be an element. */
bool elements_append(struct elements *list, const struct element *e);

/* The message in frame with the list's changes into out, which has room for size octets.  An
 * element that would make it longer is left out, those at the end of the list first, and counted.
 * Returns the length; 0: there is no message, or one that is torn. */
size_t elements_apply(uint8_t *out, size_t size, const uint8_t *frame, size_t len,
		      const struct elements *list, unsigned *left_out);

#endif
