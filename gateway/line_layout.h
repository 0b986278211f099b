/* line_layout.h - whether the configured clocks can be right together: each card has one clock, and
 * on each line exactly one end leads.  What is told are likely mistakes, none of them fatal: only
 * the far ends know for sure.  Signalling thread.
 */
#ifndef GATEWAY_LINE_LAYOUT_H
#define GATEWAY_LINE_LAYOUT_H

#include "conf/conf.h"
#include <stdbool.h>

/* Each warning is a sentence that names its spans. */
void line_layout_check(const struct conf *c, void (*tell)(void *arg, const char *warning),
		       void *arg);

/* The first other span of the same card that takes its clock from the line; NULL = none. */
const struct tdm_span_conf *line_layout_leader(const struct conf *c,
					       const struct tdm_span_conf *span);

#endif
