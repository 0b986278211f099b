/* errors.c - see errors.h. */
#include "conf/errors.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void conf_error(struct conf_errors *e, unsigned line, const char *key, const char *fmt, ...)
{
	char why[512];
	char *text;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	if (e->count == CONF_ERRORS_MAX || asprintf(&text, "%s: %s", key, why) < 0) {
		e->lost++;
		return;
	}
	/* What came from the file goes to a terminal or a log: no control characters. */
	for (char *c = text; *c != '\0'; c++)
		if ((unsigned char)*c < ' ' || *c == 127)
			*c = '?';
	e->list[e->count++] = (struct conf_error){line, text};
}

bool conf_errors_any(const struct conf_errors *e)
{
	return e->count > 0 || e->lost > 0;
}

/* Stable, so that errors of one line stay in the order they were found in; few, so simple. */
static void sort(struct conf_errors *e)
{
	for (size_t i = 1; i < e->count; i++) {
		struct conf_error moving = e->list[i];
		size_t j = i;
		for (; j > 0 && e->list[j - 1].line > moving.line; j--)
			e->list[j] = e->list[j - 1];
		e->list[j] = moving;
	}
}

void conf_errors_print(struct conf_errors *e, const char *file, FILE *to)
{
	sort(e);
	for (size_t i = 0; i < e->count; i++) {
		if (e->list[i].line > 0)
			fprintf(to, "%s:%u: %s\n", file, e->list[i].line, e->list[i].text);
		else
			fprintf(to, "%s: %s\n", file, e->list[i].text);
	}
	if (e->lost > 0)
		fprintf(to, "%s: and %zu more errors\n", file, e->lost);
}

void conf_errors_free(struct conf_errors *e)
{
	for (size_t i = 0; i < e->count; i++)
		free(e->list[i].text);
	memset(e, 0, sizeof(*e));
}
