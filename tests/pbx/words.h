/* words.h - a line of a script or a command, cut into words.
 *
 * Words are parted by blanks; "..." keeps blanks inside (\" and \\ are a quote and a backslash);
 * a # where a word could begin starts a comment.  No allocation.
 */
#ifndef PBX_WORDS_H
#define PBX_WORDS_H

#include <stdbool.h>
#include <stddef.h>

enum { WORDS_MAX = 96, WORDS_LINE_MAX = 2048 };

struct words {
	unsigned count, at;
	char *word[WORDS_MAX];
	char buffer[WORDS_LINE_MAX];
	char error[200]; /* why the last call that failed did */
};

int words_split(struct words *w, const char *line); /* 0 or -EINVAL */
const char *words_peek(const struct words *w);      /* NULL = no more */
const char *words_next(struct words *w);
/* The next word when it is a number, which is then passed by. */
bool words_number(struct words *w, double *out);

/* These want the next word to be something, else set error and return -EINVAL.  what names it. */
int words_want(struct words *w, const char **out, const char *what);
int words_want_number(struct words *w, double *out, const char *what, double min, double max);
int words_want_copy(struct words *w, char *out, size_t out_size, const char *what);
int words_fail(struct words *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
