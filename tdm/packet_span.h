/* packet_span.h - a span whose line is a stream of packets: all that pseudowire and Ethernet share.
 *
 * A backend embeds struct tdm_packet_span as the first member of its object, gives it a struct
 * tdm_packet_line for what differs, and fills its struct tdm_backend with the functions below.
 * Threads and units are those of span.h.
 */
#ifndef TDM_PACKET_SPAN_H
#define TDM_PACKET_SPAN_H

#include "tdm/backend.h"
#include "tdm/hdlc.h"
#include "tdm/pace.h"
#include "tdm/packet_buffer.h"
#include "tdm/packet_socket.h"

enum { TDM_PACKET_FRAMES_MAX = 40, TDM_PACKET_OCTETS_MAX = 1500 };

/* One packet, either way. */
struct tdm_packet {
	uint16_t sequence;
	uint32_t frame; /* sent: number of its first frame, 8000 a second */
	/* What the sender says of itself, as we would report it: BLUE, YELLOW, LOOP.  A payload
	 * that comes with BLUE is not played. */
	unsigned alarms;
	bool deaf; /* sent: we receive nothing */
	const uint8_t *payload; /* NULL = left out */
};

struct tdm_packet_span;

struct tdm_packet_line {
	/* False: from somebody else. */
	bool (*is_peer)(const struct tdm_packet_span *s, const struct tdm_packet_arrival *a);
	/* False: malformed. */
	bool (*decode)(const struct tdm_packet_span *s, struct tdm_packet *p,
		       const struct tdm_packet_arrival *a);
	/* Into TDM_PACKET_OCTETS_MAX; returns the octets. */
	size_t (*encode)(const struct tdm_packet_span *s, uint8_t *out, const struct tdm_packet *p);
	/* Optional, called by the worker: the kernel refused one more packet, s->refused in a row;
	 * and s->receiving has changed. */
	void (*refused)(struct tdm_packet_span *s);
	void (*receiving)(struct tdm_packet_span *s);
	/* How the octets lie: those of one slot frame_step apart for run_frames frames, slots
	 * slot_step apart.  run_frames is a divisor of TDM_TICK_OCTETS. */
	unsigned run_frames, slot_step, frame_step;
};

struct tdm_packet_span {
	struct tdm_span span; /* first: this is the span */
	const struct tdm_packet_line *line;
	struct tdm_packet_socket socket; /* the backend opens it */
	int timer;
	unsigned packet_frames;
	uint64_t packet_ns, loss_ns;
	size_t payload_octets;

	struct tdm_pace pace;
	struct tdm_packet_buffer *buffer;
	struct tdm_hdlc *hdlc; /* NULL without D-channel */

	/* The tick as packets have it, one after the other. */
	uint8_t rx[TDM_TICK_OCTETS * TDM_SLOTS], tx[TDM_TICK_OCTETS * TDM_SLOTS];
	unsigned position; /* frames of the tick received and sent so far */
	bool tick_ready;   /* complete, not exchanged yet */
	bool started;      /* by the first service */

	bool receiving;        /* not RED */
	unsigned heard_alarms; /* of the packet played last */
	uint64_t refused;      /* packets in a row that could not be sent */
	uint16_t sequence;
	uint32_t frame;

	_Atomic uint64_t ticks, late_ticks, rx_packets, tx_packets, malformed, tx_errors;
	_Atomic int64_t clock_ppb;
};

/* What is wrong with what all packet spans have in their configuration, or NULL. */
const char *tdm_packet_span_check(const struct tdm_span_conf *conf, unsigned packet_frames);

/* Makes s, which is zeroed, ready but for its socket.  0, or -errno and why in err; either way
 * tdm_packet_span_close() is legal. */
int tdm_packet_span_init(struct tdm_packet_span *s, const struct tdm_backend *backend,
			 const struct tdm_packet_line *line, const struct tdm_span_conf *conf,
			 unsigned packet_frames, char *err, size_t err_size);

/* For struct tdm_backend. */
void tdm_packet_span_close(struct tdm_span *s); /* frees the backend's object, and its socket */
int tdm_packet_span_fd(const struct tdm_span *s);
unsigned tdm_packet_span_service(struct tdm_span *s);
void tdm_packet_span_exchange(struct tdm_span *s, uint32_t mask, tdm_tick rx, tdm_tick tx);
ssize_t tdm_packet_span_dchan_recv(struct tdm_span *s, uint8_t *frame, size_t cap);
int tdm_packet_span_dchan_send(struct tdm_span *s, const uint8_t *frame, size_t len);
int tdm_packet_span_set_loop(struct tdm_span *s, enum tdm_loop loop);
void tdm_packet_span_slot_counts(const struct tdm_span *s, unsigned slot,
				 struct tdm_slot_counts *out);
void tdm_packet_span_counts(const struct tdm_span *s, struct tdm_span_counts *out);

#endif
