/* elements_fuzz.c - any list of changes to any message: what comes out is whole, in order, no
 * longer than it may be, and has what was put in.
 *
 * The first octet says how long the list's octets are; then those, as records of change, id, length
 * and contents; the rest is what follows the message type.
 */
#include "isup/elements.h"
#include "isup/extras.h"
#include "isup/q931.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FRAME_MAX = 264, HEAD = 9 };

static void check(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "elements_fuzz: %s\n", what);
	abort();
}

static void read_list(struct elements *list, const uint8_t *data, size_t size)
{
	list->len = 0;
	while (size >= 3) {
		struct element e = {(enum element_change)(data[0] >> 4) % (ELEMENT_DROP + 1),
				    data[0] & 15, data[1], data + 3,
				    data[2] < size - 3 ? data[2] : size - 3};
		size_t before = list->len;
		if (!elements_append(list, &e))
			check(list->len == before, "a refused element is in the list");
		data += 3 + e.len;
		size -= 3 + e.len;
	}
}

static void check_whole(const uint8_t *frame, size_t len)
{
	struct q931_message m;
	struct q931_walk w;
	struct q931_ie ie;
	unsigned codeset = 0;

	check(q931_parse(&m, frame, len), "no message came out");
	q931_walk_start(&w, &m);
	while (q931_walk_next(&w, &ie)) {
		check(ie.codeset >= codeset, "codesets do not ascend");
		codeset = ie.codeset;
	}
	check(!w.torn, "a torn message came out");
}

/* The last change is done, if nothing was left out. */
static void check_last(const uint8_t *frame, size_t len, const struct elements *list)
{
	struct q931_message m;
	struct q931_walk w;
	struct q931_ie ie;
	size_t at = 0, last = 0;
	unsigned found = 0;

	for (; at < list->len; at += 3 + (size_t)list->octets[at + 2])
		last = at;
	const uint8_t *r = list->octets + last;
	q931_parse(&m, frame, len);
	q931_walk_start(&w, &m);
	while (q931_walk_next(&w, &ie))
		found += ie.codeset == (r[0] & 7) && ie.id == r[1];
	switch (r[0] >> 4) {
	case ELEMENT_PUT: check(found == 1, "what was put is not there once"); break;
	case ELEMENT_ADD: check(found >= 1, "what was added is not there"); break;
	default: check(found == 0, "what was dropped is there"); break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t head[HEAD] = {0x02, 0x01, 0x06, 0x04, 0x08, 0x02, 0x00, 0x05, 0x05};
	struct elements list;
	struct isup_purpose purpose;
	struct q931_message m;
	uint8_t out[FRAME_MAX];
	unsigned left_out;

	if (size < 1 || size - 1 > (size_t)data[0] + FRAME_MAX - HEAD)
		return 0;
	size_t n = data[0] < size - 1 ? data[0] : size - 1;
	read_list(&list, data + 1, n);
	size_t len = HEAD + size - 1 - n;
	uint8_t *frame = malloc(len); /* exact, so that a step too far is seen */
	if (frame == NULL)
		return 0;
	memcpy(frame, head, HEAD);
	memcpy(frame + HEAD, data + 1 + n, len - HEAD);
	size_t got = elements_apply(out, sizeof(out), frame, len, &list, &left_out);
	if (got != 0) {
		check_whole(out, got);
		if (list.len != 0 && left_out == 0)
			check_last(out, got, &list);
	}
	if (q931_parse(&m, frame, len))
		extras_read(&purpose, &m);
	free(frame);
	return 0;
}
