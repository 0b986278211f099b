/* q931text.h - Q.931 messages written and read by hand, independent of libpri and of isup/.
 *
 * As words (inbox.h): "SETUP called=7134 calling=7101 ch=5 pi=8 cause=17 name=Anna".
 */
#ifndef TESTS_SIM_Q931TEXT_H
#define TESTS_SIM_Q931TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct q931text_head {
	uint8_t type;
	unsigned reference;   /* call reference value; 0 = global */
	bool from_originator; /* flag 0: sent by the side that began the call */
};

/* False: not a whole message. */
bool q931text_read(const uint8_t *q931, size_t len, struct q931text_head *head, char *words,
		   size_t words_size);
/* Length; 0: the first word is no message's name. */
size_t q931text_write(const struct q931text_head *head, const char *words, uint8_t *out,
		      size_t cap);

const char *q931text_name(uint8_t type); /* "SETUP"; "MESSAGE-63" when unknown */
/* 0 when unknown; takes the first word only. */
uint8_t q931text_type(const char *words);

#endif
