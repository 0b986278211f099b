/* inbox.h - messages that arrived at a far end, as words: "SETUP called=7101 ch=5".
 *
 * The first word names the message, the others are what it carried.  An expectation is written the
 * same way: its first word must be the message's, each of its other words must be among the
 * message's; a word with a leading "!" must not be.
 */
#ifndef TESTS_SIM_INBOX_H
#define TESTS_SIM_INBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { INBOX_TEXT_MAX = 640, INBOX_MESSAGES_MAX = 512 };

struct message {
	uint64_t at_ms;
	unsigned call; /* number of the call at that end; 0 = none */
	char text[INBOX_TEXT_MAX];
};

struct inbox {
	struct message message[INBOX_MESSAGES_MAX];
	unsigned first, count;
};

/* Also notes it: "pbx#1 < SETUP ...". */
void inbox_put(struct inbox *in, const char *who, unsigned call, const char *text);
/* Oldest message, or NULL. */
const struct message *inbox_peek(const struct inbox *in);
void inbox_drop(struct inbox *in); /* the oldest */
void inbox_clear(struct inbox *in);

bool words_match(const char *expected, const char *text);
/* The value of "key=value" in text, or NULL; copied to out. */
const char *words_get(const char *text, const char *key, char *out, size_t out_size);
unsigned words_get_number(const char *text, const char *key, unsigned otherwise);
bool words_have(const char *text, const char *word);

#endif
