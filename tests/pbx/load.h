/* load.h - many calls: so many a second, of such a length, from a pool of numbers to one number.
 *
 * No audio and no line per call; what they came to is counted and told at the end.  Memory does
 * not grow with the number of calls.
 */
#ifndef PBX_LOAD_H
#define PBX_LOAD_H

#include "tests/pbx/pbx.h"
#include <jansson.h>

struct load_conf {
	char number[ISUP_DIGITS_MAX];
	char from[ISUP_DIGITS_MAX]; /* caller of the first call; counted up within the pool */
	unsigned from_count;
	char span[16];    /* "" = the spans in turn */
	double rate;      /* calls a second; 0 = as fast as channels come free */
	unsigned hold_ms; /* from answer to hanging up */
	unsigned count;   /* calls in all */
	unsigned most;    /* at once */
};

/* 0, -EBUSY when one is running, -ENOMEM. */
int load_start(struct pbx *p, const struct load_conf *conf);
void load_stop(struct pbx *p); /* places no more calls; those up end as they would */
void load_free(struct pbx *p);
json_t *load_report(const struct load *l);

#endif
