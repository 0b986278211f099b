/* line_watch.h - looks at a line each second: what its span counted goes to the monitor of RFC 4805
 * seconds and to the warnings about clock and cable.  Signalling thread.
 */
#ifndef GATEWAY_LINE_WATCH_H
#define GATEWAY_LINE_WATCH_H

#include "gateway/base/loop.h"
#include "gateway/line_timing.h"
#include "tdm/line_monitor.h"

struct conf;
struct line;

struct line_watch {
	struct line_monitor monitor;
	struct line_timing timing;
	struct line_timing_facts facts; /* of the last minute judged */
	struct tdm_span_counts before;
	unsigned alarms; /* any time in this second */
	uint64_t due_ms; /* loop time of its end */
	struct timer timer;
};

void line_watch_start(struct line *l);
void line_watch_stop(struct line *l);
/* The line's alarms changed. */
void line_watch_alarms(struct line *l);
/* The warning that holds now, "" = none.  Returns out. */
const char *line_watch_warning(const struct line *l, char *out, size_t out_size);

#endif
