/* line_bert.h - bit error test on slots of a line: a path for each, from the slot to its test.
 *
 * While it runs the trunk has those slots not: no call is put there, and one that the far end puts
 * there is refused or moved.  The far end must loop what it hears, or send the same pattern.
 * Results stay until the next start.  Signalling thread.
 */
#ifndef GATEWAY_LINE_BERT_H
#define GATEWAY_LINE_BERT_H

#include "tdm/bert.h"
#include "tdm/span.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct line;
struct path;

struct line_bert {
	enum tdm_bert_pattern pattern;
	uint32_t slots; /* tested now; 0 = no test runs */
	uint32_t shown; /* of the last test, running or not */
	struct path *path[TDM_SLOTS + 1];
	struct tdm_bert *bert[TDM_SLOTS + 1];         /* its path owns it; while the test runs */
	struct tdm_bert_counts result[TDM_SLOTS + 1]; /* at the end */
};

/* slots: 0 = all that have no call.  0 or -errno with why in err, and nothing is changed then. */
int line_bert_start(struct line *l, uint32_t slots, enum tdm_bert_pattern pattern, char *err,
		    size_t err_size);
void line_bert_stop(struct line *l); /* legal when none runs */
void line_bert_counts(const struct line *l, unsigned slot, struct tdm_bert_counts *out);

#endif
