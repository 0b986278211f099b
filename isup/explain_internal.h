/* explain_internal.h - what explain*.c share: each writes one element, on one line, without its
 * end. */
#ifndef ISUP_EXPLAIN_INTERNAL_H
#define ISUP_EXPLAIN_INTERNAL_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

struct explain_name {
	unsigned value;
	const char *name;
};

/* The name of value, or "what VALUE". */
void explain_name(FILE *o, const struct explain_name *names, size_t count, const char *what,
		  unsigned value);
/* From outside, IA5 or Latin-1, as UTF-8; nothing that could disturb a terminal. */
void explain_text(FILE *o, const uint8_t *p, size_t n);
void explain_hex(FILE *o, const uint8_t *p, size_t n);

/* The name of an element; NULL = unknown. */
const char *explain_element_name(unsigned codeset, uint8_t id);
/* What is in it, p to p + n; nothing for one that is not known. */
void explain_element(FILE *o, unsigned codeset, uint8_t id, const uint8_t *p, size_t n);
void explain_service_status(FILE *o, const uint8_t *p, size_t n);
void explain_bearer(FILE *o, const uint8_t *p, size_t n);
void explain_llc(FILE *o, const uint8_t *p, size_t n);
void explain_facility(FILE *o, const uint8_t *p, size_t n);

/* "SETUP" by its Q.931 type; NULL = unknown. */
const char *isup_message_name(uint8_t type);

#endif
