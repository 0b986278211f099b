/* span_wire.c - a span carried as a pseudowire: RFC 5086 CESoPSN over UDP.
 *
 * One timer paces everything.  At each of its instants, in this order:
 *
 *     drain the socket into the packet buffer
 *     play one packet into the tick being received; its D-channel octets go through HDLC now
 *     take one packet from the tick being sent; its D-channel octets come from HDLC now; send it
 *     when that completed the tick: service returns 1, the owner exchanges, and what it gave
 *     leaves from the next instant on
 *
 * The D-channel thus runs at the pace of packets: at that of ticks, LAPD's window of 7 frames
 * would limit the calls a second.
 *
 * Delay, constant: in, the buffer's target (and what is left of a packet interval) until the octet
 * is played, then until its tick is full; out, one packet interval from the exchange to the
 * first octets of the tick, which then leave as they are due.
 *
 * Late wake-ups: what is due is done one tick a call, the timer firing again at once, so the owner
 * exchanges between.  Later than TDM_CATCH_UP_TICKS, whole ticks are given up: the time base and
 * our sequence numbers jump with them (for the far end they are lost, not late), and the buffer
 * begins anew.  So a stall never leaves delay behind.
 */
#include "gateway/base/clock.h"
#include "tdm/backend.h"
#include "tdm/cesopsn.h"
#include "tdm/hdlc.h"
#include "tdm/pace.h"
#include "tdm/packet_buffer.h"
#include "tdm/wire_socket.h"
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define MS_NS   UINT64_C(1000000)
#define TICK_NS (TDM_TICK_MS * MS_NS)

enum {
	FRAME_NS = 125000,
	FRAMES_PER_MS = 8,
	BUFFER_MS_MAX = 40,
	LOSS_PACKETS_MIN = 4,
	LOSS_MS_MAX = 5000,
};

struct wire {
	struct tdm_span span; /* first: this is the span */
	struct tdm_span_conf conf;
	struct tdm_wire_socket socket;
	int timer;
	uint64_t packet_ns;
	size_t payload_octets;

	struct tdm_pace pace;
	struct tdm_packet_buffer *buffer;
	struct tdm_hdlc *hdlc; /* NULL without D-channel */

	/* The tick as packets have it: frame after frame, an octet of each slot. */
	uint8_t rx[TDM_TICK_OCTETS * CESOPSN_SLOTS], tx[TDM_TICK_OCTETS * CESOPSN_SLOTS];
	unsigned position; /* frames of the tick received and sent so far */
	bool tick_ready;   /* complete, not exchanged yet */
	bool started;      /* by the first service */

	bool receiving;       /* not RED */
	unsigned heard_flags; /* of the packet played last */
	uint64_t refused_ns;  /* how long nothing could be sent */
	uint16_t sequence;
	uint32_t timestamp, ssrc; /* RTP */

	_Atomic uint64_t ticks, late_ticks, rx_packets, tx_packets, malformed, tx_errors;
	_Atomic int64_t clock_ppb;
};

static struct wire *wire_of(struct tdm_span *s)
{
	return (struct wire *)s;
}

static const struct wire *wire_of_const(const struct tdm_span *s)
{
	return (const struct wire *)s;
}

/* --- receiving --------------------------------------------------------------------------- */

static void take_packet(void *arg, const uint8_t *data, size_t octets, uint64_t arrival_ns)
{
	struct wire *w = arg;
	struct cesopsn_packet p;

	if (octets > CESOPSN_PACKET_MAX + TDM_WIRE_PADDING_MAX ||
	    !cesopsn_parse(&p, data, octets, w->payload_octets)) {
		tdm_counter_add(&w->malformed, 1);
		return;
	}
	tdm_counter_add(&w->rx_packets, 1);
	tdm_packet_buffer_put(w->buffer, p.sequence, arrival_ns, p.flags, p.payload);
}

/* One packet's worth of every slot into the tick being received. */
static void play(struct wire *w)
{
	unsigned frames = w->conf.wire.frames_per_packet;
	struct tdm_packet_play p;

	tdm_packet_buffer_play(w->buffer, w->pace.due_ns, &p);
	if (p.received) {
		w->receiving = true;
		w->heard_flags = p.flags;
	}
	uint8_t *rx = w->rx + w->position * CESOPSN_SLOTS;
	if (p.payload == NULL || (p.flags & CESOPSN_L))
		memset(rx, TDM_IDLE, w->payload_octets);
	else
		memcpy(rx, p.payload, w->payload_octets);
	if (w->hdlc == NULL)
		return;
	uint8_t octets[CESOPSN_FRAMES_MAX];
	for (unsigned f = 0; f < frames; f++)
		octets[f] = rx[f * CESOPSN_SLOTS + w->span.dchan_slot - 1];
	tdm_hdlc_line_in(w->hdlc, octets, frames);
}

static void judge_line(struct wire *w)
{
	unsigned alarms = 0;

	if (tdm_packet_buffer_silent_ns(w->buffer) >= w->conf.loss_ms * MS_NS && w->receiving) {
		w->receiving = false;
		tdm_packet_buffer_restart(w->buffer, w->pace.due_ns);
	}
	if (!w->receiving) {
		alarms |= TDM_ALARM_RED;
	} else {
		if (w->heard_flags & CESOPSN_L)
			alarms |= TDM_ALARM_BLUE;
		if (w->heard_flags & (CESOPSN_R | CESOPSN_RDI))
			alarms |= TDM_ALARM_YELLOW;
	}
	if (w->refused_ns >= w->conf.loss_ms * MS_NS)
		alarms |= TDM_ALARM_GONE;
	tdm_span_set_alarms(&w->span, alarms);
}

/* --- sending ----------------------------------------------------------------------------- */

static unsigned flags_to_send(const struct wire *w)
{
	unsigned raised = atomic_load_explicit(&w->span.alarms_to_send, memory_order_relaxed);
	unsigned flags = 0;

	if (!w->receiving)
		flags |= CESOPSN_R;
	if (raised & TDM_ALARM_BLUE)
		flags |= CESOPSN_L;
	if (raised & TDM_ALARM_YELLOW)
		flags |= CESOPSN_RDI;
	return flags;
}

/* One packet's worth of the tick being sent. */
static void send_packet(struct wire *w)
{
	unsigned frames = w->conf.wire.frames_per_packet;
	uint8_t packet[CESOPSN_PACKET_MAX], octets[CESOPSN_FRAMES_MAX];
	uint8_t *tx = w->tx + w->position * CESOPSN_SLOTS;
	struct cesopsn_packet p = {
		.flags = flags_to_send(w),
		.sequence = w->sequence++,
		.rtp = {w->conf.wire.rtp_header, w->timestamp, w->ssrc},
		.payload = tx,
		.payload_octets = w->payload_octets,
	};

	w->timestamp += frames;
	if (w->hdlc != NULL) {
		tdm_hdlc_line_out(w->hdlc, octets, frames);
		for (unsigned f = 0; f < frames; f++)
			tx[f * CESOPSN_SLOTS + w->span.dchan_slot - 1] = octets[f];
	}
	if (p.flags & CESOPSN_L)
		memset(tx, TDM_IDLE, w->payload_octets);
	if (tdm_wire_socket_send(&w->socket, packet, cesopsn_encode(packet, &p))) {
		tdm_counter_add(&w->tx_packets, 1);
		w->refused_ns = 0;
	} else {
		tdm_counter_add(&w->tx_errors, 1);
		w->refused_ns += w->packet_ns;
	}
}

/* --- pacing ------------------------------------------------------------------------------ */

static void arm(struct wire *w)
{
	struct itimerspec when = {
		.it_value = {.tv_sec = (time_t)(w->pace.due_ns / 1000000000u),
			     .tv_nsec = (long)(w->pace.due_ns % 1000000000u)},
	};
	timerfd_settime(w->timer, TFD_TIMER_ABSTIME, &when,
			NULL); /* and it is not readable any more */
}

static void discipline(struct wire *w)
{
	int64_t error_ns;

	if (!tdm_packet_buffer_error(w->buffer, &error_ns))
		return;
	tdm_pace_discipline(&w->pace, error_ns, TDM_PACKET_WINDOW_MS);
	atomic_store_explicit(&w->clock_ppb, (int64_t)w->pace.offset_ppb, memory_order_relaxed);
}

static void packet_instant(struct wire *w)
{
	tdm_pace_step(&w->pace);
	play(w);
	judge_line(w);
	send_packet(w);
	discipline(w);
	w->position += w->conf.wire.frames_per_packet;
	if (w->position == TDM_TICK_OCTETS) {
		w->position = 0;
		w->tick_ready = true;
	}
}

static void give_up(struct wire *w, uint64_t late_ns)
{
	uint64_t ticks = late_ns / TICK_NS;
	uint64_t packets = ticks * TDM_TICK_OCTETS / w->conf.wire.frames_per_packet;

	tdm_pace_skip(&w->pace, packets);
	w->sequence = (uint16_t)(w->sequence + packets);
	w->timestamp += (uint32_t)(ticks * TDM_TICK_OCTETS);
	tdm_packet_buffer_restart(w->buffer, w->pace.due_ns);
	tdm_counter_add(&w->late_ticks, ticks);
}

/* Time begins with the first service: what came since the socket was opened is of no use. */
static void start(struct wire *w, uint64_t now_ns)
{
	tdm_wire_socket_drain(&w->socket, now_ns, take_packet, w);
	tdm_pace_init(&w->pace, w->packet_ns, now_ns + w->packet_ns);
	tdm_packet_buffer_restart(w->buffer, w->pace.due_ns);
	w->started = true;
}

static unsigned wire_service(struct tdm_span *s)
{
	struct wire *w = wire_of(s);
	uint64_t now = clock_mono_ns();

	if (w->tick_ready)
		return 1;
	if (!w->started)
		start(w, now);
	if (now >= w->pace.due_ns) {
		uint64_t late_ns = now - w->pace.due_ns;
		tdm_wire_socket_drain(&w->socket, now, take_packet, w);
		if (late_ns > TDM_CATCH_UP_TICKS * TICK_NS)
			give_up(w, late_ns);
		else if (late_ns >= TICK_NS)
			tdm_counter_add(&w->late_ticks, 1);
	}
	while (now >= w->pace.due_ns && !w->tick_ready)
		packet_instant(w);
	arm(w);
	return w->tick_ready;
}

static void wire_exchange(struct tdm_span *s, uint32_t mask, tdm_tick rx, tdm_tick tx)
{
	struct wire *w = wire_of(s);

	memset(w->tx, TDM_IDLE, sizeof(w->tx));
	for (unsigned slot = 1; slot <= TDM_SLOTS; slot++) {
		if ((mask & UINT32_C(1) << slot) == 0)
			continue;
		for (unsigned f = 0; f < TDM_TICK_OCTETS; f++) {
			rx[slot][f] = w->rx[f * CESOPSN_SLOTS + slot - 1];
			w->tx[f * CESOPSN_SLOTS + slot - 1] = tx[slot][f];
		}
	}
	w->tick_ready = false;
	tdm_counter_add(&w->ticks, 1);
}

static int wire_fd(const struct tdm_span *s)
{
	return wire_of_const(s)->timer;
}

/* --- D-channel and counts ---------------------------------------------------------------- */

static ssize_t wire_dchan_recv(struct tdm_span *s, uint8_t *frame, size_t cap)
{
	return tdm_hdlc_recv(wire_of(s)->hdlc, frame, cap);
}

static int wire_dchan_send(struct tdm_span *s, const uint8_t *frame, size_t len)
{
	return tdm_hdlc_send(wire_of(s)->hdlc, frame, len);
}

static void wire_counts(const struct tdm_span *s, struct tdm_span_counts *out)
{
	const struct wire *w = wire_of_const(s);
	const struct tdm_packet_buffer_stats *b = tdm_packet_buffer_stats(w->buffer);

	out->ticks = tdm_counter_get(&w->ticks);
	out->late_ticks = tdm_counter_get(&w->late_ticks);
	out->rx_packets = tdm_counter_get(&w->rx_packets);
	out->tx_packets = tdm_counter_get(&w->tx_packets);
	out->foreign = tdm_counter_get(&w->socket.foreign);
	out->malformed = tdm_counter_get(&w->malformed);
	out->tx_errors = tdm_counter_get(&w->tx_errors);
	out->clock_ppb = (int32_t)atomic_load_explicit(&w->clock_ppb, memory_order_relaxed);
	out->lost = tdm_counter_get(&b->lost);
	out->reordered = tdm_counter_get(&b->reordered);
	out->duplicate = tdm_counter_get(&b->duplicate);
	out->late = tdm_counter_get(&b->late);
	out->underruns = tdm_counter_get(&b->underruns);
	out->slips = tdm_counter_get(&b->slips);
	out->buffer_us = (uint32_t)(tdm_counter_get(&b->target_ns) / 1000);
	if (w->hdlc == NULL)
		return;
	const struct tdm_hdlc_stats *h = tdm_hdlc_stats(w->hdlc);
	out->hdlc_rx_frames = tdm_counter_get(&h->rx_frames);
	out->hdlc_tx_frames = tdm_counter_get(&h->tx_frames);
	out->hdlc_crc = tdm_counter_get(&h->crc);
	out->hdlc_abort = tdm_counter_get(&h->abort);
	out->hdlc_short = tdm_counter_get(&h->short_frames);
	out->hdlc_long = tdm_counter_get(&h->long_frames);
	out->hdlc_dropped = tdm_counter_get(&h->dropped);
}

/* --- opening ----------------------------------------------------------------------------- */

static const char *check_conf(const struct tdm_span_conf *c)
{
	if (c->wire.frames_per_packet == 0 || c->wire.frames_per_packet > CESOPSN_FRAMES_MAX ||
	    TDM_TICK_OCTETS % c->wire.frames_per_packet != 0)
		return "frames per packet: a divisor of 80, 1 to 40";
	if (c->buffer_min_ms == 0 || c->buffer_max_ms < c->buffer_min_ms ||
	    c->buffer_max_ms > BUFFER_MS_MAX)
		return "jitter buffer: 1 ms to 40 ms, least before most";
	if (c->loss_ms * FRAMES_PER_MS < LOSS_PACKETS_MIN * c->wire.frames_per_packet ||
	    c->loss_ms > LOSS_MS_MAX)
		return "loss of packets: 4 packets to 5000 ms";
	if (c->wire.peer.ss_family != AF_INET && c->wire.peer.ss_family != AF_INET6)
		return "peer: an IPv4 or IPv6 address";
	if (c->wire.local.ss_family != c->wire.peer.ss_family)
		return "local and peer: addresses of the same family";
	if (((const struct sockaddr_in *)&c->wire.peer)->sin_port == 0) /* where IPv6 has it, too */
		return "peer: a port";
	return NULL;
}

static int open_timer(struct wire *w, char *err, size_t err_size)
{
	w->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (w->timer >= 0)
		return 0;
	int r = -errno;
	snprintf(err, err_size, "cannot create a timer: %s", strerror(-r));
	return r;
}

static int open_state(struct wire *w, char *err, size_t err_size)
{
	struct tdm_packet_buffer_conf conf = {
		.packet_ns = w->packet_ns,
		.packet_octets = w->payload_octets,
		.min_ns = w->conf.buffer_min_ms * MS_NS,
		.max_ns = w->conf.buffer_max_ms * MS_NS,
		.paced = w->conf.clock == TDM_CLOCK_LINE,
	};
	struct {
		uint16_t sequence;
		uint32_t timestamp, ssrc;
	} random = {0};
	int r;

	/* RFC 5086 4.3: not guessable, so that a restart is not taken for a continuation. */
	if (getrandom(&random, sizeof(random), 0) != sizeof(random)) {
		r = -errno;
		goto fail;
	}
	w->sequence = random.sequence;
	w->timestamp = random.timestamp;
	w->ssrc = random.ssrc;
	memset(w->tx, TDM_IDLE, sizeof(w->tx));
	memset(w->rx, TDM_IDLE, sizeof(w->rx));
	tdm_pace_init(&w->pace, w->packet_ns, clock_mono_ns());
	r = tdm_packet_buffer_new(&w->buffer, &conf, w->pace.due_ns);
	if (r == 0 && w->span.dchan_slot != 0)
		r = tdm_hdlc_new(&w->hdlc);
	if (r == 0)
		return 0;
fail:
	snprintf(err, err_size, "%s", strerror(-r));
	return r;
}

static void wire_close(struct tdm_span *s)
{
	struct wire *w = wire_of(s);

	if (w->timer >= 0)
		close(w->timer);
	tdm_wire_socket_close(&w->socket);
	tdm_packet_buffer_free(w->buffer);
	tdm_hdlc_free(w->hdlc);
	free(w);
}

static int wire_open(struct tdm_span **out, const struct tdm_span_conf *conf, char *err,
		     size_t err_size)
{
	const char *wrong = check_conf(conf);
	struct wire *w;
	int r;

	*out = NULL;
	if (wrong != NULL) {
		snprintf(err, err_size, "%s", wrong);
		return -EINVAL;
	}
	w = calloc(1, sizeof(*w));
	if (w == NULL) {
		snprintf(err, err_size, "out of memory");
		return -ENOMEM;
	}
	tdm_span_init(&w->span, &tdm_backend_wire, conf, TDM_ALARM_RED);
	w->conf = *conf;
	w->packet_ns = (uint64_t)w->conf.wire.frames_per_packet * FRAME_NS;
	w->payload_octets = (size_t)CESOPSN_SLOTS * w->conf.wire.frames_per_packet;
	w->socket.fd = w->timer = -1;
	r = tdm_wire_socket_open(&w->socket, &w->conf.wire.local, &w->conf.wire.peer, err,
				 err_size);
	if (r == 0)
		r = open_timer(w, err, err_size);
	if (r == 0)
		r = open_state(w, err, err_size);
	if (r != 0) {
		wire_close(&w->span);
		return r;
	}
	arm(w);
	*out = &w->span;
	return 0;
}

const struct tdm_backend tdm_backend_wire = {
	.open = wire_open,
	.close = wire_close,
	.fd = wire_fd,
	.service = wire_service,
	.exchange = wire_exchange,
	.dchan_recv = wire_dchan_recv,
	.dchan_send = wire_dchan_send,
	.counts = wire_counts,
};
