#include "isup/party.h"

#include <stdio.h>
#include <string.h>

int party_plan(const struct isup_party *p)
{
	return (p->type_of_number & 7) << 4 | (p->plan & 15);
}

/* Display text is ISO 8859-1 (Q.931 4.5.16 says IA5; switches send Latin 1).  Letters it has not
 * become '?'. */
static void utf8_to_latin1(char *out, size_t size, const char *in)
{
	size_t n = 0;

	for (const unsigned char *s = (const unsigned char *)in; *s != 0 && n + 1 < size;) {
		unsigned char c = '?';
		if (s[0] < 0x80)
			c = *s++;
		else if ((s[0] == 0xc2 || s[0] == 0xc3) && (s[1] & 0xc0) == 0x80) {
			c = (unsigned char)((s[0] & 3) << 6 | (s[1] & 0x3f));
			s += 2;
		} else {
			for (s++; (*s & 0xc0) == 0x80;)
				s++;
		}
		out[n++] = (char)(c < 0x20 || (c >= 0x7f && c < 0xa0) ? ' ' : c);
	}
	out[n] = '\0';
}

static void latin1_to_utf8(char *out, size_t size, const char *in)
{
	size_t n = 0;

	for (const unsigned char *s = (const unsigned char *)in; *s != 0 && n + 2 < size; s++) {
		unsigned char c = *s < 0x20 || (*s >= 0x7f && *s < 0xa0) ? ' ' : *s;
		if (c >= 0x80)
			out[n++] = (char)(0xc0 | c >> 6);
		out[n++] = (char)(c < 0x80 ? c : 0x80 | (c & 0x3f));
	}
	while (n > 0 && out[n - 1] == ' ')
		n--;
	out[n] = '\0';
}

/* Octets of one well-formed UTF-8 character that is no control character, else 0. */
static size_t utf8_char(const unsigned char *s)
{
	if (s[0] >= 0x20 && s[0] < 0x7f)
		return 1;
	size_t n = s[0] >= 0xc2 && s[0] < 0xe0   ? 2
		   : s[0] >= 0xe0 && s[0] < 0xf0 ? 3
		   : s[0] >= 0xf0 && s[0] < 0xf5 ? 4
						 : 0;
	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

static void utf8_clean(char *out, size_t size, const char *in)
{
	size_t n = 0;

	for (const unsigned char *s = (const unsigned char *)in; *s != 0;) {
		size_t len = utf8_char(s);
		if (n + (len != 0 ? len : 1) >= size)
			break;
		if (len == 0)
			out[n++] = '?';
		else
			memcpy(out + n, s, len);
		n += len;
		s += len != 0 ? len : 1;
	}
	out[n] = '\0';
}

void party_to_pri(struct pri_party_id *out, const struct isup_party *p)
{
	int restriction = (p->presentation & 3) << 5;

	memset(out, 0, sizeof(*out));
	if (p->name[0] != '\0') {
		out->name.valid = 1;
		out->name.presentation =
			restriction == PRI_PRES_RESTRICTED ? PRI_PRES_RESTRICTED : PRI_PRES_ALLOWED;
		out->name.char_set = PRI_CHAR_SET_ISO8859_1;
		utf8_to_latin1(out->name.str, sizeof(out->name.str), p->name);
	}
	/* libpri takes no name without a number: "not available" then stands for the number. */
	out->number.valid = p->digits[0] != '\0' || out->name.valid;
	out->number.plan = party_plan(p);
	out->number.presentation = restriction | (p->screening & 3);
	if (p->digits[0] == '\0' && restriction == PRI_PRES_ALLOWED)
		out->number.presentation = PRES_NUMBER_NOT_AVAILABLE;
	snprintf(out->number.str, sizeof(out->number.str), "%s", p->digits);
}

void party_add_digits(struct isup_party *p, const char *digits)
{
	size_t n = strlen(p->digits);

	for (; *digits != '\0' && n + 1 < sizeof(p->digits); digits++)
		if (strchr("0123456789*#ABCDabcd+", *digits) != NULL)
			p->digits[n++] = *digits;
	p->digits[n] = '\0';
}

void party_number_from_pri(struct isup_party *p, const char *digits, int plan, int presentation)
{
	p->digits[0] = '\0';
	party_add_digits(p, digits);
	p->type_of_number = p->digits[0] != '\0' ? (uint8_t)(plan >> 4 & 7) : 0;
	p->plan = p->digits[0] != '\0' ? (uint8_t)(plan & 15) : 0;
	p->presentation = (uint8_t)(presentation >> 5 & 3);
	p->screening = (uint8_t)(presentation & 3);
}

void party_name_from_pri(struct isup_party *p, const struct pri_party_name *name)
{
	p->name[0] = '\0';
	if (!name->valid || (name->presentation & PRI_PRES_RESTRICTION) != PRI_PRES_ALLOWED)
		return;
	if (name->char_set == PRI_CHAR_SET_ISO10646_UTF_8STRING)
		utf8_clean(p->name, sizeof(p->name), name->str);
	else
		latin1_to_utf8(p->name, sizeof(p->name), name->str);
}

void party_from_pri(struct isup_party *p, const struct pri_party_id *id)
{
	party_number_from_pri(p, id->number.valid ? id->number.str : "", id->number.plan,
			      id->number.valid ? id->number.presentation
					       : PRES_NUMBER_NOT_AVAILABLE);
	party_name_from_pri(p, &id->name);
}

void party_redirecting_to_pri(struct pri_party_redirecting *out, const struct isup_redirecting *r)
{
	memset(out, 0, sizeof(*out));
	party_to_pri(&out->from, &r->last);
	party_to_pri(&out->orig_called, &r->original);
	out->count = (int)r->count;
	out->reason = r->reason;
	out->orig_reason = r->original_reason;
}

static bool is_given(const struct isup_party *p)
{
	return p->digits[0] != '\0' || p->name[0] != '\0';
}

void party_redirecting_from_pri(struct isup_redirecting *out, const struct pri_party_redirecting *r)
{
	memset(out, 0, sizeof(*out));
	if (!r->from.number.valid && !r->from.name.valid)
		return;
	party_from_pri(&out->last, &r->from);
	party_from_pri(&out->original, &r->orig_called);
	/* libpri's reasons are those of octet 3b already. */
	out->reason = (uint8_t)(r->reason & 15);
	out->original_reason = (uint8_t)(r->orig_reason & 15);
	out->count = r->count > 0 ? (unsigned)r->count : is_given(&out->original) ? 2 : 1;
	if (strcmp(out->original.digits, out->last.digits) == 0 && out->count == 1)
		memset(&out->original, 0, sizeof(out->original));
}

const struct pri_subcommand *party_subcommand(const struct pri_subcommands *all, int cmd)
{
	for (int i = 0; all != NULL && i < all->counter_subcmd; i++)
		if (all->subcmd[i].cmd == cmd)
			return &all->subcmd[i];
	return NULL;
}
