/* dahdi_media.h - inside the DAHDI backend: its object, and what moves octets and takes events.
 *
 * All functions: the span's media worker.  None waits.
 */
#ifndef TDM_DAHDI_MEDIA_H
#define TDM_DAHDI_MEDIA_H

#include "tdm/backend.h"
#include "tdm/dahdi_keeper.h"
#include "tdm/dahdi_status.h"
#include <stdbool.h>

struct dahdi_slot {
	_Atomic uint64_t underruns, overruns;
};

struct dahdi {
	struct tdm_span span; /* first: this is the span */
	struct tdm_span_conf conf;
	struct dahdi_keeper keeper;
	int epoll, timer;
	unsigned clock_slot;

	/* worker */
	bool running;    /* the port is ours */
	bool tick_ready; /* the clock channel's block is read, not exchanged yet */
	bool dchan_ready;
	bool align;    /* wanted */
	bool underrun; /* that is why */
	bool heard;    /* a block was read since aligning: there is a clock to align to */
	bool aligning; /* the gap this makes is ours, not the line's */
	bool look;     /* at the alarms: the driver says they changed */
	uint64_t aligned_ns, tick_ns;
	unsigned still_seconds;
	uint8_t clock_block[TDM_TICK_OCTETS], idle[TDM_TICK_OCTETS], unwanted[TDM_TICK_OCTETS];
	struct dahdi_errors errors;

	struct dahdi_slot slot[TDM_SLOTS + 1];
	_Atomic uint64_t ticks, late_ticks, underruns, slips, tx_errors;
	_Atomic uint64_t rx_frames, tx_frames, bad_fcs, aborts, shorts, longs;
};

int dahdi_slot_fd(const struct dahdi *d, unsigned slot);
int dahdi_call(struct dahdi *d, int fd, unsigned long operation, void *arg); /* on a channel */

/* The port is of no use any more (error: -errno): the keeper has it from now on. */
void dahdi_lose(struct dahdi *d, int error);

/* Takes what the driver has to tell of a slot; sets align and look, may lose the port. */
void dahdi_fetch_events(struct dahdi *d, unsigned slot);

/* Reads into in, or writes out when in is NULL.  Octets, or -EAGAIN; what cannot heal loses the port. */
ssize_t dahdi_move(struct dahdi *d, unsigned slot, uint8_t *in, const uint8_t *out, size_t octets);

/* Puts all slots in step, the lead written; not sooner than 100 ms after the last time. */
void dahdi_align(struct dahdi *d);

void dahdi_read_clock(struct dahdi *d); /* sets tick_ready */
void dahdi_move_tick(struct dahdi *d, uint32_t mask, tdm_tick rx, tdm_tick tx);

/* While nothing usable is received, noise must not reach a call. */
bool dahdi_is_silent(const struct dahdi *d);

#endif
