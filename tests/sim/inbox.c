#include "tests/sim/inbox.h"

#include "tests/sim/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void inbox_put(struct inbox *in, const char *who, unsigned call, const char *text)
{
	if (in->count == INBOX_MESSAGES_MAX)
		sim_fail("%s: nobody reads the inbox", who);
	struct message *m = &in->message[(in->first + in->count++) % INBOX_MESSAGES_MAX];
	m->at_ms = sim_now_ms();
	m->call = call;
	snprintf(m->text, sizeof(m->text), "%s", text);
	sim_note("%s#%u < %s", who, call, text);
}

const struct message *inbox_peek(const struct inbox *in)
{
	return in->count > 0 ? &in->message[in->first] : NULL;
}

void inbox_drop(struct inbox *in)
{
	if (in->count > 0) {
		in->first = (in->first + 1) % INBOX_MESSAGES_MAX;
		in->count--;
	}
}

void inbox_clear(struct inbox *in)
{
	in->count = 0;
}

/* Next word of text from *at: its length, 0 = no more. */
static size_t next_word(const char **at)
{
	*at += strspn(*at, " ");
	return strcspn(*at, " ");
}

static bool has_word(const char *text, const char *word, size_t len)
{
	for (size_t n; (n = next_word(&text)) > 0; text += n)
		if (n == len && memcmp(text, word, len) == 0)
			return true;
	return false;
}

bool words_have(const char *text, const char *word)
{
	return has_word(text, word, strlen(word));
}

bool words_match(const char *expected, const char *text)
{
	size_t n = next_word(&expected), m = next_word(&text);

	if (n != m || memcmp(expected, text, n) != 0)
		return false;
	for (expected += n; (n = next_word(&expected)) > 0; expected += n) {
		bool unwanted = *expected == '!';
		if (has_word(text, expected + unwanted, n - unwanted) == unwanted)
			return false;
	}
	return true;
}

const char *words_get(const char *text, const char *key, char *out, size_t out_size)
{
	size_t key_len = strlen(key);

	for (size_t n; (n = next_word(&text)) > 0; text += n)
		if (n > key_len && text[key_len] == '=' && memcmp(text, key, key_len) == 0) {
			snprintf(out, out_size, "%.*s", (int)(n - key_len - 1), text + key_len + 1);
			return out;
		}
	return NULL;
}

unsigned words_get_number(const char *text, const char *key, unsigned otherwise)
{
	char value[16];

	if (words_get(text, key, value, sizeof(value)) == NULL)
		return otherwise;
	return (unsigned)strtoul(value, NULL, 10);
}
