/* line_trunk.h - a trunk and the lines it runs on: one, or with NFAS up to 20.
 *
 *   lines --frames, alarms--> isup_trunk --events, frames--> the line of the slot or D-channel
 *
 * The first line that is opened makes it, the last one that is closed takes it away; an interface
 * whose line is not open is for the trunk a line that failed.  Signalling thread.
 */
#ifndef GATEWAY_LINE_TRUNK_H
#define GATEWAY_LINE_TRUNK_H

#include "conf/conf.h"
#include "gateway/base/loop.h"
#include "gateway/nfas_drill.h"

struct line;

struct line_trunk {
	struct loop *loop;
	struct isup_trunk *isup;                 /* owned; NULL once shut */
	struct line *lines[ISUP_INTERFACES_MAX]; /* by interface; not owned */
	unsigned count;                          /* of those that are open */
	struct nfas_drill drill;
};

/* l runs on the trunk: on that of mate, another of its lines, or on a new one (NULL).  0 or
 * -errno. */
int line_trunk_join(struct line *l, struct line *mate, struct loop *loop);
void line_trunk_leave(struct line *l);
/* No event comes any more; the lines stay. */
void line_trunk_shut(struct line_trunk *t);
/* As the lines' configuration and state have it. */
void line_trunk_apply(struct line_trunk *t);
/* The line of a slot of the trunk; l when there is none.  l is one of its lines. */
struct line *line_trunk_line(struct line *l, unsigned slot);
bool line_trunk_is_first(const struct line *l); /* of those that are open: each trunk has one */

#endif
