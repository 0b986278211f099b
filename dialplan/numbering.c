#include "dialplan/numbering.h"

#include <stdio.h>
#include <string.h>

static void join(char out[DIAL_NUMBER_MAX], const char *a, const char *b, const char *c)
{
	if (snprintf(out, DIAL_NUMBER_MAX, "%s%s%s", a, b, c) >= DIAL_NUMBER_MAX)
		out[0] = '\0';
}

/* What follows prefix, NULL where it is not set or not there, or nothing follows. */
static const char *after(const char *number, const char *prefix)
{
	size_t len = strlen(prefix);

	if (len == 0 || strncmp(number, prefix, len) != 0 || number[len] == '\0')
		return NULL;
	return number + len;
}

void dial_number_read(const struct dial_numbering *n, char out[DIAL_NUMBER_MAX], const char *digits,
		      uint8_t type, uint8_t plan)
{
	const char *rest = NULL;

	if (digits[0] == '\0' || digits[0] == '+' || (plan != PLAN_UNKNOWN && plan != PLAN_ISDN)) {
		join(out, digits, "", "");
		return;
	}
	if (type == TON_UNKNOWN && (rest = after(digits, n->international_prefix)) != NULL)
		type = TON_INTERNATIONAL;
	else if (type == TON_UNKNOWN && n->country_code[0] != '\0' &&
		 (rest = after(digits, n->national_prefix)) != NULL)
		type = TON_NATIONAL;
	if (rest == NULL)
		rest = digits;
	if (type == TON_INTERNATIONAL)
		join(out, "+", rest, "");
	else if (type == TON_NATIONAL && n->country_code[0] != '\0')
		join(out, "+", n->country_code, rest);
	else
		join(out, digits, "", "");
}

void dial_number_write(const struct dial_numbering *n, char out[DIAL_NUMBER_MAX],
		       const char *number, uint8_t *type)
{
	if (number[0] != '+') {
		join(out, number, "", "");
		return;
	}
	const char *rest = after(number + 1, n->country_code);
	*type = rest != NULL ? TON_NATIONAL : TON_INTERNATIONAL;
	if (rest == NULL)
		rest = number + 1;
	if (!n->prefixed) {
		join(out, rest, "", "");
		return;
	}
	join(out, *type == TON_NATIONAL ? n->national_prefix : n->international_prefix, rest, "");
	*type = TON_UNKNOWN;
}
