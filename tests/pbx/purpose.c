#include "tests/pbx/purpose.h"

#include <ctype.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *word;
	size_t offset;
} elements[] = {
	{"bearer", offsetof(struct isup_purpose, capability)},
	{"llc", offsetof(struct isup_purpose, low_layer)},
	{"hlc", offsetof(struct isup_purpose, high_layer)},
	{"calling-sub", offsetof(struct isup_purpose, calling_sub)},
	{"called-sub", offsetof(struct isup_purpose, called_sub)},
};

enum { ELEMENTS = sizeof elements / sizeof elements[0] };

static int want_hex(struct words *w, uint8_t *out, size_t most, uint8_t *len)
{
	const char *text;
	int rc = words_want(w, &text, "octets in hexadecimal");
	size_t n = 0;
	unsigned octet;

	if (rc < 0)
		return rc;
	for (; n < most && isxdigit((unsigned char)text[0]) && isxdigit((unsigned char)text[1]) &&
	       sscanf(text, "%2x", &octet) == 1;
	     text += 2)
		out[n++] = (uint8_t)octet;
	if (*text != '\0' || n == 0)
		return words_fail(w, "expected 1 to %zu octets in hexadecimal", most);
	*len = (uint8_t)n;
	return 0;
}

bool purpose_word(struct isup_purpose *p, const char *word, struct words *w, int *rc)
{
	double number;

	for (unsigned i = 0; i < ELEMENTS; i++) {
		struct isup_element *e = (void *)((char *)p + elements[i].offset);
		if (strcmp(word, elements[i].word) != 0)
			continue;
		*rc = want_hex(w, e->octets, sizeof e->octets, &e->len);
		p->bearer = isup_bearer_read(p->capability.octets, p->capability.len);
		return true;
	}
	if (strcmp(word, "uui") == 0) {
		*rc = want_hex(w, p->user_data.octets, sizeof p->user_data.octets,
			       &p->user_data.len);
	} else if (strcmp(word, "oli") == 0) {
		*rc = words_want_number(w, &number, "ANI II digits", 0, 99);
		if (*rc == 0)
			p->line_information = (uint8_t)(number + 1);
	} else {
		return false;
	}
	return true;
}

static void add_hex(json_t *j, const char *name, const uint8_t *octets, size_t len)
{
	char text[2 * ISUP_USER_DATA_MAX + 1] = "";

	for (size_t i = 0; i < len; i++)
		snprintf(text + 2 * i, 3, "%02x", octets[i]);
	if (len != 0)
		json_object_set_new(j, name, json_string(text));
}

void purpose_report_user_data(json_t *event, const struct isup_user_data *u)
{
	if (u != NULL)
		add_hex(event, "uui", u->octets, u->len);
}

void purpose_report(json_t *event, const struct isup_purpose *p)
{
	for (unsigned i = 0; i < ELEMENTS; i++) {
		const struct isup_element *e = (const void *)((const char *)p + elements[i].offset);
		add_hex(event, elements[i].word, e->octets, e->len);
	}
	purpose_report_user_data(event, &p->user_data);
	if (p->line_information != 0)
		json_object_set_new(event, "oli", json_integer(p->line_information - 1));
}
