/* pattern.h - number patterns, compiled: what dialplan.c looks numbers up with.
 *
 * A compiled pattern is a set of symbols for each leading position of the number, and whether more
 * may follow.  "." is one position that takes anything with more allowed after it, "!" is no
 * position with more allowed, so one form covers all.  Pure functions on plain data.
 */
#ifndef DIALPLAN_PATTERN_H
#define DIALPLAN_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint16_t dial_set; /* bit 0-9 = digit, 10 = *, 11 = #, 12 = +, 13 = all else */

struct dial_pattern {
	const dial_set *set; /* length of them, lent */
	unsigned length;     /* shortest number that matches */
	bool open;           /* longer ones match as well, whatever follows */
};

/* Writes the sets of text to sets, at most one for each of its characters, and makes p refer to
 * them.  0, or -EINVAL with what is wrong in err. */
int dial_pattern_compile(struct dial_pattern *p, dial_set *sets, const char *text, char *err,
			 size_t err_size);

/* number as sets of one symbol each; returns its length, or -1 when longer than size. */
int dial_number_symbols(dial_set *symbols, size_t size, const char *number);

enum dial_fit {
	DIAL_FIT_NONE = 0,
	DIAL_FIT_NOW = 1,   /* bit: the number matches */
	DIAL_FIT_LATER = 2, /* bit: a longer number that begins with it can match */
};
unsigned dial_pattern_fit(const struct dial_pattern *p, const dial_set *symbols, unsigned length);

/* Every number that b matches, a matches too. */
bool dial_pattern_covers(const struct dial_pattern *a, const struct dial_pattern *b);

#endif
