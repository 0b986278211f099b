#include "tests/pbx/words.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int words_fail(struct words *w, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(w->error, sizeof w->error, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Copies one word from *from; NULL = the quote is not closed. */
static char *word_copy(const char **from, char *to)
{
	const char *p = *from;
	bool quoted = false;

	for (; *p != '\0' && (quoted || !blank(*p)); p++) {
		if (*p == '"')
			quoted = !quoted;
		else if (quoted && *p == '\\' && (p[1] == '"' || p[1] == '\\'))
			*to++ = *++p;
		else
			*to++ = *p;
	}
	*to++ = '\0';
	*from = p;
	return quoted ? NULL : to;
}

int words_split(struct words *w, const char *line)
{
	char *to = w->buffer;

	w->count = w->at = 0;
	w->error[0] = '\0';
	if (strlen(line) >= sizeof w->buffer)
		return words_fail(w, "the line is longer than %d characters", WORDS_LINE_MAX - 1);
	for (;;) {
		while (blank(*line))
			line++;
		if (*line == '\0' || *line == '#')
			return 0;
		if (w->count == WORDS_MAX)
			return words_fail(w, "more than %d words in a line", WORDS_MAX);
		w->word[w->count++] = to;
		to = word_copy(&line, to);
		if (to == NULL)
			return words_fail(w, "a quote is not closed");
	}
}

const char *words_peek(const struct words *w)
{
	return w->at < w->count ? w->word[w->at] : NULL;
}

const char *words_next(struct words *w)
{
	return w->at < w->count ? w->word[w->at++] : NULL;
}

static bool number_parse(const char *text, double *out)
{
	char *end;

	if (text == NULL || *text == '\0')
		return false;
	double value = strtod(text, &end);
	if (*end != '\0' || !isfinite(value))
		return false;
	*out = value;
	return true;
}

bool words_number(struct words *w, double *out)
{
	if (!number_parse(words_peek(w), out))
		return false;
	w->at++;
	return true;
}

int words_want(struct words *w, const char **out, const char *what)
{
	*out = words_next(w);
	if (*out == NULL)
		return words_fail(w, "expected %s at the end of the line", what);
	return 0;
}

int words_want_number(struct words *w, double *out, const char *what, double min, double max)
{
	const char *text = words_next(w);

	if (text == NULL)
		return words_fail(w, "expected %s at the end of the line", what);
	if (!number_parse(text, out) || *out < min || *out > max)
		return words_fail(w, "expected %s, %g to %g, not \"%s\"", what, min, max, text);
	return 0;
}

int words_want_copy(struct words *w, char *out, size_t out_size, const char *what)
{
	const char *text;
	int rc = words_want(w, &text, what);

	if (rc < 0)
		return rc;
	if (strlen(text) >= out_size)
		return words_fail(w, "%s is longer than %zu characters", what, out_size - 1);
	strcpy(out, text);
	return 0;
}
