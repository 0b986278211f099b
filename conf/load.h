/* load.h - between reading the file (load.c) and checking it as a whole (check.c). */
#ifndef CONF_LOAD_H
#define CONF_LOAD_H

#include "conf/errors.h"
#include "conf/schema.h"

struct conf_lines { /* where an element and its keys stand */
	unsigned section;
	unsigned key[CONF_KEYS_MAX]; /* 0 = not given */
	bool failed[CONF_KEYS_MAX];  /* given or required, but already reported */
};

struct conf_loader {
	struct conf *conf;
	struct conf_errors errors;
	struct conf_lines *lines[CONF_SECTION_COUNT];
};

/* Fills in defaults that depend on other keys, then checks what no value shows alone; errors are
 * added to l->errors.  Builds conf->plan when there are none.  0, -EINVAL or -ENOMEM. */
int conf_check(struct conf_loader *l);
/* check_tones.c: reads the sections tones, and gives each trunk and peer its set. */
void conf_check_tones(struct conf_loader *l);

#endif
