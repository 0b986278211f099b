/* errors.h - what is wrong with a file, gathered and then printed in the file's order. */
#ifndef CONF_ERRORS_H
#define CONF_ERRORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { CONF_ERRORS_MAX = 200 }; /* more are only counted */

struct conf_error {
	unsigned line; /* 0 = the file as a whole */
	char *text;    /* "key: what was expected" */
};

struct conf_errors {
	struct conf_error list[CONF_ERRORS_MAX];
	size_t count;
	size_t lost; /* beyond CONF_ERRORS_MAX, or no memory for the text */
};

void conf_error(struct conf_errors *e, unsigned line, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* Whether anything was reported. */
bool conf_errors_any(const struct conf_errors *e);
/* "file:line: key: expected", a line each, sorted by line. */
void conf_errors_print(struct conf_errors *e, const char *file, FILE *to);
void conf_errors_free(struct conf_errors *e);

#endif
