/* script_span.h - the words of a script that describe a span. */
#ifndef PBX_SCRIPT_SPAN_H
#define PBX_SCRIPT_SPAN_H

#include "tests/pbx/script.h"

int script_span_add(struct script *s, const char *name, unsigned line, struct words *w);
int script_span_parse(struct script_span *span, struct words *w); /* to the end of the line */
/* NULL, or what was expected besides. */
const char *script_span_check(const struct script_span *span);

#endif
