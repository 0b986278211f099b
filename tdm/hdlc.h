/* hdlc.h - HDLC on the octets of one timeslot: flags, zero-bit stuffing, FCS, abort (Q.921 2).
 *
 * Octets are taken as they stand on a T1: most significant bit first on the line.  Frames wait in
 * two bounded queues, so that neither side of this needs a callback.
 * One thread (the span's worker), except the statistics.  Allocates in tdm_hdlc_new() only.
 */
#ifndef TDM_HDLC_H
#define TDM_HDLC_H

#include "tdm/counter.h"
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct tdm_hdlc;

struct tdm_hdlc_stats {
	_Atomic uint64_t rx_frames, tx_frames;
	_Atomic uint64_t crc;          /* wrong FCS, or not a whole number of octets */
	_Atomic uint64_t abort;        /* seven ones inside a frame */
	_Atomic uint64_t short_frames; /* under 3 octets without FCS (Q.921 2.9) */
	_Atomic uint64_t long_frames;  /* over TDM_FRAME_MAX */
	_Atomic uint64_t dropped;      /* good frames for which the queue had no room */
};

int tdm_hdlc_new(struct tdm_hdlc **out); /* 0 or -ENOMEM */
void tdm_hdlc_free(struct tdm_hdlc *h);
const struct tdm_hdlc_stats *tdm_hdlc_stats(const struct tdm_hdlc *h);

/* The line: octets received; octets to send (flags when there is no frame). */
void tdm_hdlc_line_in(struct tdm_hdlc *h, const uint8_t *octets, size_t count);
void tdm_hdlc_line_out(struct tdm_hdlc *h, uint8_t *octets, size_t count);

/* Frames without FCS.  recv: octets, -EAGAIN, or -EMSGSIZE (over cap; the frame is gone).
 * send: 0, -EAGAIN (queue full) or -EINVAL (0 octets or over TDM_FRAME_MAX). */
ssize_t tdm_hdlc_recv(struct tdm_hdlc *h, uint8_t *frame, size_t cap);
int tdm_hdlc_send(struct tdm_hdlc *h, const uint8_t *frame, size_t len);

#endif
