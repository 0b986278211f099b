/* pattern.c - see pattern.h. */
#include "dialplan/pattern.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { SYMBOL_STAR = 10, SYMBOL_HASH, SYMBOL_PLUS, SYMBOL_OTHER, SYMBOL_COUNT };

#define SET_OF(symbol) ((dial_set)(1u << (symbol)))
#define SET_ANY        ((dial_set)((1u << SYMBOL_COUNT) - 1))
#define SET_DIGITS     ((dial_set)0x3ff)

static unsigned symbol_of(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	switch (c) {
	case '*': return SYMBOL_STAR;
	case '#': return SYMBOL_HASH;
	case '+': return SYMBOL_PLUS;
	default: return SYMBOL_OTHER;
	}
}

__attribute__((format(printf, 3, 4))) static int refuse(char *err, size_t err_size, const char *fmt,
							...)
{
	va_list ap;

	va_start(ap, fmt);
	if (err_size > 0)
		vsnprintf(err, err_size, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

/* at is behind the "[".  Returns where the set ends, behind the "]", or NULL. */
static const char *compile_set(dial_set *out, const char *at, char *err, size_t err_size)
{
	dial_set set = 0;

	for (; *at != ']'; at++) {
		unsigned from = symbol_of(*at);
		if (*at == '\0' || from > SYMBOL_HASH) {
			refuse(err, err_size,
			       "a set holds digits, *, # and ranges as 3-5, up to a ]");
			return NULL;
		}
		unsigned to = from;
		if (at[1] == '-') {
			at += 2;
			to = symbol_of(*at);
			if (from > 9 || to > 9 || to < from) {
				refuse(err, err_size,
				       "a range in a set goes from a digit to a higher one");
				return NULL;
			}
		}
		for (unsigned s = from; s <= to; s++)
			set |= SET_OF(s);
	}
	if (set == 0) {
		refuse(err, err_size, "a set [] holds nothing, so it matches no number");
		return NULL;
	}
	*out = set;
	return at + 1;
}

int dial_pattern_compile(struct dial_pattern *p, dial_set *sets, const char *text, char *err,
			 size_t err_size)
{
	unsigned n = 0;

	*p = (struct dial_pattern){.set = sets};
	if (*text == '\0')
		return refuse(err, err_size,
			      "a pattern cannot be empty; \"!\" matches every number");
	for (const char *at = text; *at != '\0';) {
		if ((*at == '.' || *at == '!') && at[1] != '\0')
			return refuse(err, err_size, "\"%c\" can only stand at the end", *at);
		if (*at == '+' && at != text)
			return refuse(err, err_size, "\"+\" can only stand at the beginning");
		char c = *at++;
		switch (c) {
		case 'X': sets[n++] = SET_DIGITS; break;
		case 'Z': sets[n++] = SET_DIGITS & ~SET_OF(0); break;
		case 'N': sets[n++] = SET_DIGITS & ~SET_OF(0) & ~SET_OF(1); break;
		case '.': sets[n++] = SET_ANY; /* fall through */
		case '!': p->open = true; break;
		case '[':
			at = compile_set(&sets[n++], at, err, err_size);
			if (at == NULL)
				return -EINVAL;
			break;
		default:
			if (symbol_of(c) == SYMBOL_OTHER)
				return refuse(err, err_size,
					      "\"%c\" is not one of 0-9 * # + X Z N [ ] . !",
					      c > ' ' && c < 127 ? c : '?');
			sets[n++] = SET_OF(symbol_of(c));
		}
	}
	p->length = n;
	return 0;
}

int dial_number_symbols(dial_set *symbols, size_t size, const char *number)
{
	size_t n = 0;

	for (; number[n] != '\0'; n++) {
		if (n == size)
			return -1;
		symbols[n] = SET_OF(symbol_of(number[n]));
	}
	return (int)n;
}

unsigned dial_pattern_fit(const struct dial_pattern *p, const dial_set *symbols, unsigned length)
{
	unsigned common = length < p->length ? length : p->length;

	if (length > p->length && !p->open)
		return DIAL_FIT_NONE;
	for (unsigned i = 0; i < common; i++)
		if ((p->set[i] & symbols[i]) == 0)
			return DIAL_FIT_NONE;
	return (length >= p->length ? DIAL_FIT_NOW : 0u) |
	       (length < p->length || p->open ? DIAL_FIT_LATER : 0u);
}

bool dial_pattern_covers(const struct dial_pattern *a, const struct dial_pattern *b)
{
	if (a->open ? b->length < a->length : b->open || b->length != a->length)
		return false;
	for (unsigned i = 0; i < a->length; i++)
		if ((b->set[i] & ~a->set[i]) != 0)
			return false;
	return true;
}
