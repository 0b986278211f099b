/* worker.h - a media thread: the spans it drives and the paths it runs.
 *
 * One worker drives one or more spans.  It sleeps on their fds, moves what is due, runs the paths
 * once per tick, and carries D-channel frames between the spans and the signalling thread.
 * Two rings join it to the signalling thread; commands and events are plain data.
 *
 * A ring that is full drops D-channel frames (Q.921 sends them again) and refuses new paths; what
 * must not be lost has room kept for it (CLOSE, CLOSED) or is state that is told later (alarms,
 * silence).
 *
 * Ownership: a path belongs to the worker from worker_open() returning 0 until WORKER_CLOSED for it
 * was delivered.  Spans likewise between worker_add_span() and worker_remove_span().
 * All functions here: signalling thread.  None waits, but worker_stop() and worker_remove_span().
 */
#ifndef GATEWAY_WORKER_H
#define GATEWAY_WORKER_H

#include "gateway/path.h"
#include "tdm/span.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct worker;

enum { WORKER_SPANS_MAX = 8 };

enum worker_event_kind {
	WORKER_FRAME,  /* D-channel frame from span */
	WORKER_ALARMS, /* span's alarms changed; debounced: on after 0, off after 500 ms good */
	WORKER_CLOSED, /* path is ours again */
	WORKER_NO_RTP, /* path's RTP end heard nothing for the configured time */
	WORKER_RTP_BACK,
	WORKER_RTP_FIRST, /* path's RTP end heard something, once in the path's life */
	WORKER_TONE,      /* a slot that is listened to sends busy or congestion tone */
};

struct worker_event {
	enum worker_event_kind kind;
	unsigned span;        /* FRAME, ALARMS: index given by worker_add_span() */
	uint32_t path_id;     /* NO_RTP, RTP_BACK, RTP_FIRST, TONE */
	unsigned end;         /* NO_RTP, RTP_BACK, RTP_FIRST, TONE: which end of the path */
	enum tone_kind tone;  /* TONE */
	struct path *path;    /* CLOSED */
	unsigned alarms;      /* ALARMS */
	const uint8_t *frame; /* FRAME: lent */
	size_t frame_len;
};

struct worker_conf {
	unsigned no_rtp_ms; /* report a silent RTP end after this; 0 = never */
	int fifo_priority;  /* SCHED_FIFO priority, 0 = normal scheduling */
	unsigned paths_max; /* OPEN beyond this is refused */
};

typedef void worker_event_fn(void *arg, const struct worker_event *ev);

int worker_start(struct worker **out, struct loop *loop, const struct worker_conf *conf,
		 worker_event_fn *on_event, void *arg);
/* Ends the thread; paths still open are freed, those that cross to another worker when that one
 * is stopped too.  No events after it returned.  One turn of the loop closes the rest. */
void worker_stop(struct worker *w);

/* The span is lent until removed.  Returns its index, or -errno. */
int worker_add_span(struct worker *w, struct tdm_span *span);
void worker_remove_span(struct worker *w, unsigned span); /* no path may use it any more */

/* Slots of another worker's spans name it in their end.  0, -EAGAIN (ring or table full). */
int worker_open(struct worker *w, struct path *p);
/* Never lost: the ring keeps room for it.  WORKER_CLOSED follows.  w: as it was opened on. */
void worker_close(struct worker *w, struct path *p);
/* New media for the RTP end (0 or 1) of a path; held: by its far end, so that music fills in.  0 or
 * -EAGAIN. */
int worker_set_media(struct worker *w, const struct path *p, unsigned end,
		     const struct sip_media *m, bool held);
/* That end of a path hears the tone (NULL: the other end) from its next tick on.  0 or -EAGAIN. */
int worker_play(struct worker *w, const struct path *p, unsigned end, const struct tone *tone);
/* False: ring full, frame refused. */
bool worker_send_frame(struct worker *w, unsigned span, const uint8_t *frame, size_t len);

struct worker_counts {
	uint64_t wakeups, ticks, late_ticks; /* late: a tick that started > 5 ms after it was due */
	uint64_t events_dropped; /* that met a full ring; all but frames are told again later */
	uint64_t frames_dropped; /* D-channel frames lost to a full ring or queue, both ways */
	unsigned paths;
};
void worker_counts(const struct worker *w, struct worker_counts *out);

#endif
