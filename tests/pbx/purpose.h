/* purpose.h - what a simulated phone's call is for: bearer and other elements, as words and JSON. */
#ifndef PBX_PURPOSE_H
#define PBX_PURPOSE_H

#include "isup/bearer.h"
#include "tests/pbx/words.h"

#include <jansson.h>

/* Whether word is one of: bearer, llc, hlc, calling-sub, called-sub, uui (contents in hexadecimal
 * follow), oli (a number follows).  Then *rc is 0 or -EINVAL. */
bool purpose_word(struct isup_purpose *p, const char *word, struct words *w, int *rc);
/* Adds what came to an event: the same names. */
void purpose_report(json_t *event, const struct isup_purpose *p);
void purpose_report_user_data(json_t *event, const struct isup_user_data *u);

#endif
