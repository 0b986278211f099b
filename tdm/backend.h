/* backend.h - what a kind of span implements; span.c dispatches to it.
 *
 * A backend embeds struct tdm_span as the first member of its own object and fills ops, so adding
 * a kind is one file with a struct tdm_backend, one line in span.c and one in enum
 * tdm_backend_kind.  Threads and units are those of span.h.
 */
#ifndef TDM_BACKEND_H
#define TDM_BACKEND_H

#include "tdm/counter.h"
#include "tdm/span.h"

struct tdm_backend {
	/* conf has been checked as far as it is common to all kinds; common members are set by
	 * tdm_span_init().  0, or -errno with *out = NULL and why in err. */
	int (*open)(struct tdm_span **out, const struct tdm_span_conf *conf, char *err,
		    size_t err_size);
	void (*close)(struct tdm_span *s);
	int (*fd)(const struct tdm_span *s);
	unsigned (*service)(struct tdm_span *s);
	void (*exchange)(struct tdm_span *s, uint32_t mask, tdm_tick rx, tdm_tick tx);
	ssize_t (*dchan_recv)(struct tdm_span *s, uint8_t *frame, size_t cap);
	int (*dchan_send)(struct tdm_span *s, const uint8_t *frame, size_t len);
	/* Optional: NULL = no loops, no counts of slots.  set_loop may be called on any thread; out
	 * of slot_counts is zeroed. */
	int (*set_loop)(struct tdm_span *s, enum tdm_loop loop);
	void (*slot_counts)(const struct tdm_span *s, unsigned slot, struct tdm_slot_counts *out);
	/* Optional.  Signalling thread. */
	void (*describe)(struct tdm_span *s, char *out, size_t out_size);
	void (*cancel_echo)(struct tdm_span *s, uint32_t slots);
	void (*canceller)(struct tdm_span *s, char *out, size_t out_size);
	int (*look)(const struct tdm_span_conf *conf, char *out, size_t out_size);
	/* out is zeroed; everything but alarm_changes is the backend's. */
	void (*counts)(const struct tdm_span *s, struct tdm_span_counts *out);
};

struct tdm_span {
	const struct tdm_backend *backend;
	char name[16];
	unsigned dchan_slot;             /* 0 = none */
	_Atomic unsigned alarms;         /* written by the backend on the worker */
	_Atomic unsigned alarms_to_send; /* written by tdm_span_send_alarms() */
	_Atomic uint64_t alarm_changes;
	_Atomic unsigned loop; /* enum tdm_loop, as set */
};

extern const struct tdm_backend tdm_backend_wire;
extern const struct tdm_backend tdm_backend_dahdi;
extern const struct tdm_backend tdm_backend_ether;

void tdm_span_init(struct tdm_span *s, const struct tdm_backend *backend,
		   const struct tdm_span_conf *conf, unsigned alarms);
/* Stores the alarm state of the line and counts a change.  Worker only. */
void tdm_span_set_alarms(struct tdm_span *s, unsigned alarms);

#endif
