/* dialplan.h - where a call goes: rules from (source, called number) to a target.
 *
 * Pure: no I/O, no allocation, no time in lookup.  A plan never changes after it was built; a
 * reload makes a new one.  The first matching rule wins.
 *
 * Pattern: digits, * and # stand for themselves; X = 0-9, Z = 1-9, N = 2-9; [13-5] = a set; a
 * trailing "." = one or more, "!" = none or more, of anything.  A leading + is matched literally.
 *
 * Numbers that do not fit DIAL_NUMBER_MAX (terminator included): a called number that comes in too
 * long matches nothing; one that gets too long, or empty, by strip and prefix is refused with cause
 * 28 (invalid number format).  A caller number that is or gets too long is treated as unknown, "":
 * it is not worth losing the call for.
 *
 * Threads: build and free on any one thread; lookup on any number of threads at once.
 */
#ifndef DIALPLAN_DIALPLAN_H
#define DIALPLAN_DIALPLAN_H

#include <stdbool.h>
#include <stddef.h>

enum { DIAL_NAME_MAX = 32, DIAL_NUMBER_MAX = 64, DIAL_TARGETS_MAX = 8 };

struct dial_rule {                /* text fields are copied */
	char name[DIAL_NAME_MAX]; /* title of the section, for people */
	unsigned line;            /* where it stands, for people */
	char from[DIAL_NAME_MAX]; /* trunk, trunk group or peer the call came from; "" = any */
	char pattern[DIAL_NUMBER_MAX];
	/* where to: a trunk group or peer by name, or a refusal */
	char to[DIAL_NAME_MAX]; /* "" with reject_cause != 0 */
	int reject_cause;       /* Q.850; 0 = route */
	/* called number: strip first n digits, then prefix */
	unsigned strip;
	char prefix[DIAL_NUMBER_MAX];
	/* caller number: pattern it must match ("" = any), then strip and prefix, or replaced whole
	 */
	char caller_pattern[DIAL_NUMBER_MAX];
	unsigned caller_strip;
	char caller_prefix[DIAL_NUMBER_MAX];
	char caller[DIAL_NUMBER_MAX]; /* "" = keep what strip and prefix gave */
};

struct dialplan;

/* 0, -ENOMEM, or -EINVAL with err = which field of the rule (a member of struct dial_rule) is wrong
 * and how ("pattern: ...") and *bad set to its index.  rules are copied. */
int dialplan_build(struct dialplan **out, const struct dial_rule *rules, size_t count, size_t *bad,
		   char *err, size_t err_size);
void dialplan_free(struct dialplan *p);
/* Checks one pattern; 0 or -EINVAL with err. */
int dialplan_check_pattern(const char *pattern, char *err, size_t err_size);
/* Index of the first rule before this one that matches whatever this one matches, so that this one
 * can never decide; the rule's own index when there is none.  Rules of a trunk are not compared
 * with those of its group: the plan does not know which trunk is in which group. */
size_t dialplan_shadowed_by(const struct dialplan *p, size_t rule);

enum dial_result {
	DIAL_ROUTE,  /* to, number and caller filled in */
	DIAL_MORE,   /* no rule matches yet, a longer number could */
	DIAL_REJECT, /* cause filled in */
	DIAL_NO_MATCH,
};

struct dial_question {
	const char *from;            /* trunk, group or peer name */
	const char *from_group;      /* a trunk's group, matched as well; may be NULL */
	const char *called, *caller; /* digits; caller "" = unknown */
};

struct dial_answer {
	char to[DIAL_NAME_MAX];
	char number[DIAL_NUMBER_MAX];
	char caller[DIAL_NUMBER_MAX];
	int cause;
	const struct dial_rule
		*rule; /* that decided; lent by the plan; NULL with MORE and NO_MATCH */
	bool may_grow; /* ROUTE, REJECT: a longer number could match an earlier or the
			* same rule; MORE: always true */
};

enum dial_result dialplan_lookup(const struct dialplan *p, const struct dial_question *q,
				 struct dial_answer *answer);
#endif
