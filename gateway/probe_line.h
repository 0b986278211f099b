/* probe_line.h - the span under a probe: opened alone, every slot listened to, one slot talked on.
 *
 * One thread.  Nothing here knows what kind of span it is: the D-channel is read and written as
 * any slot (dchan_slot = 0).
 */
#ifndef GATEWAY_PROBE_LINE_H
#define GATEWAY_PROBE_LINE_H

#include "tdm/flag_finder.h"
#include "tdm/hdlc.h"
#include "tdm/span.h"
#include <stdbool.h>

struct probe_line {
	struct tdm_span_conf conf;
	struct tdm_span *span;
	struct tdm_flag_finder *finder[TDM_SLOTS + 1]; /* 0 unused */
	struct tdm_hdlc *sender;                       /* NULL: nothing is sent but idle */
	unsigned send_slot;
	tdm_tick rx, tx;
};

/* Opens the span with what it has in l->conf.  0, or -errno and why in err. */
int probe_line_open(struct probe_line *l, char *err, size_t err_size);
/* Closes what is open; a line may be opened again.  l->conf stays. */
void probe_line_close(struct probe_line *l);

/* Runs the span until done() says so, after each tick, or for_ms have passed.  True: done. */
bool probe_line_run(struct probe_line *l, unsigned for_ms, bool (*done)(void *arg), void *arg);

/* From now on slot carries HDLC: flags, and the frames sent.  0 or -ENOMEM. */
int probe_line_talk(struct probe_line *l, unsigned slot);
void probe_line_send(struct probe_line *l, const uint8_t *frame, size_t len);

/* Slips of either kind since opening. */
uint64_t probe_line_slips(const struct probe_line *l);
bool probe_line_good(const struct probe_line *l); /* the far end is received, in frame */

#endif
