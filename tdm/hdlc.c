/* hdlc.c - HDLC by spandsp, with queues and errors told apart.
 *
 * What spandsp leaves to us: a second frame is refused while one is on the line (hence our queue,
 * refilled from the underflow handler so that frames follow each other with one flag); an abort is
 * seen only when its ones end, until then an idle line of ones is collected as a frame; a frame
 * that overruns its buffer is forgotten without a count; short and ragged frames are one
 * statistic.  spandsp/expose.h shows the length collected so far, which tells these apart: hence
 * bit by bit, 64,000 a second.
 */
#include "tdm/hdlc.h"
#include "tdm/span.h"
#include <errno.h>
#include <spandsp.h>
#include <spandsp/expose.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
	QUEUE_FRAMES = 16, /* a tick of 80 octets holds at most 13 frames of 3 octets */
	FRAME_MIN = 3,     /* Q.921 2.9: address and control */
	FCS_OCTETS = 2,
	ABORT_ONES = 7,
	FLAGS_SETTLED = 4, /* octets: as long as the bits that spandsp keeps */
};

struct frame {
	uint16_t len;
	uint8_t octets[TDM_FRAME_MAX];
};

struct queue {
	unsigned head, count;
	struct frame frames[QUEUE_FRAMES];
};

struct tdm_hdlc {
	struct hdlc_rx_state_s rx;
	unsigned ones;      /* received in a row */
	uint8_t last_octet; /* received */
	unsigned same;      /* times it came in a row */
	struct hdlc_tx_state_s tx;
	bool sending; /* spandsp holds a frame */
	struct queue rx_queue, tx_queue;
	struct tdm_hdlc_stats stats;
};

static bool queue_put(struct queue *q, const uint8_t *octets, size_t len)
{
	if (q->count == QUEUE_FRAMES)
		return false;
	struct frame *f = &q->frames[(q->head + q->count++) % QUEUE_FRAMES];
	f->len = (uint16_t)len;
	memcpy(f->octets, octets, len);
	return true;
}

/* The oldest frame, good until the next queue_put(); NULL when there is none. */
static const struct frame *queue_get(struct queue *q)
{
	if (q->count == 0)
		return NULL;
	const struct frame *f = &q->frames[q->head];
	q->head = (q->head + 1) % QUEUE_FRAMES;
	q->count--;
	return f;
}

/* Good and bad frames alike; len is without FCS, 0 also for less than an FCS, and negative for
 * news of another kind (flags begin, abort). */
static void on_rx_frame(void *arg, const uint8_t *octets, int len, int ok)
{
	struct tdm_hdlc *h = arg;

	if (len < 0)
		return;
	if (len < FRAME_MIN)
		tdm_counter_add(&h->stats.short_frames, 1);
	else if (!ok)
		tdm_counter_add(&h->stats.crc, 1);
	else if (!queue_put(&h->rx_queue, octets, (size_t)len))
		tdm_counter_add(&h->stats.dropped, 1);
	else
		tdm_counter_add(&h->stats.rx_frames, 1);
}

static void start_frame(struct tdm_hdlc *h)
{
	const struct frame *f = queue_get(&h->tx_queue);

	h->sending = f != NULL && hdlc_tx_frame(&h->tx, f->octets, f->len) == 0;
}

static void on_tx_underflow(void *arg)
{
	struct tdm_hdlc *h = arg;

	if (h->sending)
		tdm_counter_add(&h->stats.tx_frames, 1);
	start_frame(h);
}

int tdm_hdlc_new(struct tdm_hdlc **out)
{
	struct tdm_hdlc *h = calloc(1, sizeof(*h));

	*out = NULL;
	if (h == NULL)
		return -ENOMEM;
	hdlc_rx_init(&h->rx, FALSE, TRUE, 1, on_rx_frame, h);
	hdlc_tx_init(&h->tx, FALSE, 1, FALSE, on_tx_underflow, h);
	hdlc_tx_flags(&h->tx, 1); /* otherwise the first frame starts without a flag */
	*out = h;
	return 0;
}

void tdm_hdlc_free(struct tdm_hdlc *h)
{
	free(h);
}

const struct tdm_hdlc_stats *tdm_hdlc_stats(const struct tdm_hdlc *h)
{
	return &h->stats;
}

/* Nothing more of this frame, nor of another until a flag. */
static void forget_frame(struct tdm_hdlc *h)
{
	h->rx.len = 0;
	h->rx.flags_seen = 0;
}

static void bit_in(struct tdm_hdlc *h, int bit)
{
	hdlc_rx_put_bit(&h->rx, bit);
	h->ones = bit ? h->ones + 1 : 0;
	if (h->ones == ABORT_ONES) {
		if (h->rx.len > 0)
			tdm_counter_add(&h->stats.abort, 1);
		forget_frame(h);
	} else if (h->rx.len > TDM_FRAME_MAX + FCS_OCTETS) {
		tdm_counter_add(&h->stats.long_frames, 1);
		forget_frame(h);
	}
}

/* Flag after flag: 01111110 turned by any number of bits, so two zeros side by side. */
static bool is_flags(uint8_t octet)
{
	uint8_t zeros = (uint8_t)~octet;
	uint8_t turned = (uint8_t)(zeros << 1 | zeros >> 7);
	uint8_t pair = zeros & turned;

	return pair != 0 && (pair & (pair - 1)) == 0 &&
	       (uint8_t)(pair | pair >> 1 | pair << 7) == zeros;
}

/* An idle line is the most there is: when the same octet of flags has come FLAGS_SETTLED times,
 * one more leaves the receiver exactly as it is. */
static bool is_idle(struct tdm_hdlc *h, uint8_t octet)
{
	h->same = octet == h->last_octet ? h->same + 1 : 0;
	h->last_octet = octet;
	return h->same >= FLAGS_SETTLED && is_flags(octet);
}

void tdm_hdlc_line_in(struct tdm_hdlc *h, const uint8_t *octets, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (is_idle(h, octets[i]))
			continue;
		for (int bit = 7; bit >= 0; bit--)
			bit_in(h, octets[i] >> bit & 1);
	}
}

void tdm_hdlc_line_out(struct tdm_hdlc *h, uint8_t *octets, size_t count)
{
	if (!h->sending)
		start_frame(h);
	for (size_t i = 0; i < count; i++)
		octets[i] = (uint8_t)hdlc_tx_get_byte(&h->tx);
}

ssize_t tdm_hdlc_recv(struct tdm_hdlc *h, uint8_t *frame, size_t cap)
{
	const struct frame *f = queue_get(&h->rx_queue);

	if (f == NULL)
		return -EAGAIN;
	if (f->len > cap)
		return -EMSGSIZE;
	memcpy(frame, f->octets, f->len);
	return f->len;
}

int tdm_hdlc_send(struct tdm_hdlc *h, const uint8_t *frame, size_t len)
{
	if (len == 0 || len > TDM_FRAME_MAX)
		return -EINVAL;
	return queue_put(&h->tx_queue, frame, len) ? 0 : -EAGAIN;
}
