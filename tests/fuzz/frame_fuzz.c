/* Any octets as a stream: wherever it is torn, the same comes out.
 *
 * Input: the first two octets are the sizes of the pieces, in turn; the rest is the stream. */
#include "sip/frame.h"
#include "sip/prescan.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		abort();
}

struct seen {
	uint64_t hash; /* of all that came, in its order */
	unsigned messages;
};

static void note(struct seen *s, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		s->hash = (s->hash ^ (unsigned char)text[i]) * 1099511628211u;
	s->hash = (s->hash ^ len) * 1099511628211u;
}

static bool on_message(void *arg, const char *text, size_t len)
{
	struct seen *s = arg;
	struct sip_scan scan;

	check(len > 0 && len <= SIP_MESSAGE_MAX);
	/* Both readers of Content-Length agree where the body ends. */
	if (sip_scan(&scan, text, len) == 0)
		check(scan.body.at + scan.body.len == text + len);
	note(s, text, len);
	return ++s->messages < 100;
}

static bool on_line_end(void *arg)
{
	note(arg, "", 0);
	return true;
}

static void on_refused(void *arg, const char *head, size_t len, int status, const char *why)
{
	check(status >= 400 && status < 600 && why != NULL);
}

static const struct sip_framer_ops ops = {on_message, on_line_end, on_refused};

static int feed(struct seen *s, const uint8_t *data, size_t size, const uint8_t piece[2])
{
	struct sip_framer f = {0};
	int r = 0;

	*s = (struct seen){0};
	for (unsigned i = 0; size > 0 && r == 0; i++) {
		size_t n = piece == NULL ? size : 1u + piece[i % 2];
		n = n < size ? n : size;
		char *copy = malloc(n); /* a read past its end is seen */
		check(copy != NULL);
		memcpy(copy, data, n);
		r = sip_framer_feed(&f, copy, n, &ops, s);
		free(copy);
		check(f.held_len <= SIP_MESSAGE_MAX);
		data += n;
		size -= n;
	}
	sip_framer_clear(&f);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen whole, torn;

	if (size < 2)
		return 0;
	int r = feed(&whole, data + 2, size - 2, NULL);
	check(feed(&torn, data + 2, size - 2, data) == r);
	check(torn.hash == whole.hash && torn.messages == whole.messages);
	return 0;
}
