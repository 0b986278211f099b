/* packet_span.c - a span whose line is a stream of packets.
 *
 * One timer paces everything.  At each of its instants, in this order:
 *
 *     drain the socket into the packet buffer
 *     play one packet into the tick being received
 *     take one packet from the tick being sent; its D-channel octets come from HDLC now
 *     a loop copies one of the two over the other
 *     the D-channel octets received go through HDLC, and the packet is sent
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
#include "tdm/packet_span.h"
#include "gateway/base/clock.h"
#include <errno.h>
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

static struct tdm_packet_span *packets_of(struct tdm_span *s)
{
	return (struct tdm_packet_span *)s;
}

static const struct tdm_packet_span *packets_of_const(const struct tdm_span *s)
{
	return (const struct tdm_packet_span *)s;
}

/* Of one slot in the payload of the packet at this instant. */
static uint8_t *slot_now(const struct tdm_packet_span *s, uint8_t *tick, unsigned slot)
{
	return tick + s->position * TDM_SLOTS + (slot - 1) * s->line->slot_step;
}

/* --- receiving --------------------------------------------------------------------------- */

static bool is_peer(void *arg, const struct tdm_packet_arrival *a)
{
	const struct tdm_packet_span *s = arg;

	return s->line->is_peer(s, a);
}

static void take_packet(void *arg, const struct tdm_packet_arrival *a)
{
	struct tdm_packet_span *s = arg;
	struct tdm_packet p;

	if (!s->line->decode(s, &p, a)) {
		tdm_counter_add(&s->malformed, 1);
		return;
	}
	tdm_counter_add(&s->rx_packets, 1);
	tdm_packet_buffer_put(s->buffer, p.sequence, a->ns, p.alarms, p.payload);
}

static void drain(struct tdm_packet_span *s, uint64_t now_ns)
{
	static const struct tdm_packet_taker taker = {is_peer, take_packet};

	tdm_packet_socket_drain(&s->socket, now_ns, &taker, s);
}

static void set_receiving(struct tdm_packet_span *s, bool receiving)
{
	if (receiving == s->receiving)
		return;
	s->receiving = receiving;
	if (s->line->receiving != NULL)
		s->line->receiving(s);
}

/* One packet's worth of every slot into the tick being received. */
static void play(struct tdm_packet_span *s)
{
	uint8_t *rx = s->rx + s->position * TDM_SLOTS;
	struct tdm_packet_play p;

	tdm_packet_buffer_play(s->buffer, s->pace.due_ns, &p);
	if (p.received) {
		set_receiving(s, true);
		s->heard_alarms = p.flags;
	}
	if (p.payload == NULL || (p.flags & TDM_ALARM_BLUE))
		memset(rx, TDM_IDLE, s->payload_octets);
	else
		memcpy(rx, p.payload, s->payload_octets);
}

static void hear_dchannel(struct tdm_packet_span *s)
{
	uint8_t octets[TDM_PACKET_FRAMES_MAX];

	if (s->hdlc == NULL)
		return;
	const uint8_t *rx = slot_now(s, s->rx, s->span.dchan_slot);
	for (unsigned f = 0; f < s->packet_frames; f++)
		octets[f] = rx[f * s->line->frame_step];
	tdm_hdlc_line_in(s->hdlc, octets, s->packet_frames);
}

static void judge_line(struct tdm_packet_span *s, enum tdm_loop loop)
{
	unsigned alarms = 0;

	if (tdm_packet_buffer_silent_ns(s->buffer) >= s->loss_ns && s->receiving) {
		set_receiving(s, false);
		tdm_packet_buffer_restart(s->buffer, s->pace.due_ns);
	}
	if (loop != TDM_LOOP_LOCAL) /* else it is ourselves that we hear */
		alarms = s->receiving ? s->heard_alarms : TDM_ALARM_RED;
	if (loop != TDM_LOOP_NONE)
		alarms |= TDM_ALARM_LOOP;
	if (s->refused * s->packet_ns >= s->loss_ns)
		alarms |= TDM_ALARM_GONE;
	tdm_span_set_alarms(&s->span, alarms);
}

/* --- sending ----------------------------------------------------------------------------- */

static void fill_dchannel(struct tdm_packet_span *s)
{
	uint8_t octets[TDM_PACKET_FRAMES_MAX];

	if (s->hdlc == NULL)
		return;
	uint8_t *tx = slot_now(s, s->tx, s->span.dchan_slot);
	tdm_hdlc_line_out(s->hdlc, octets, s->packet_frames);
	for (unsigned f = 0; f < s->packet_frames; f++)
		tx[f * s->line->frame_step] = octets[f];
}

/* One packet's worth of the tick being sent. */
static void send_packet(struct tdm_packet_span *s, enum tdm_loop loop)
{
	uint8_t out[TDM_PACKET_OCTETS_MAX];
	uint8_t *tx = s->tx + s->position * TDM_SLOTS;
	struct tdm_packet p = {
		.sequence = s->sequence++,
		.frame = s->frame,
		.alarms = atomic_load_explicit(&s->span.alarms_to_send, memory_order_relaxed),
		.deaf = !s->receiving,
		.payload = tx,
	};

	s->frame += s->packet_frames;
	if (loop == TDM_LOOP_NETWORK)
		p.alarms |= TDM_ALARM_LOOP;
	if (p.alarms & TDM_ALARM_BLUE)
		memset(tx, TDM_IDLE, s->payload_octets);
	if (tdm_packet_socket_send(&s->socket, out, s->line->encode(s, out, &p))) {
		tdm_counter_add(&s->tx_packets, 1);
		s->refused = 0;
		return;
	}
	tdm_counter_add(&s->tx_errors, 1);
	s->refused++;
	if (s->line->refused != NULL)
		s->line->refused(s);
}

/* --- pacing ------------------------------------------------------------------------------ */

static void arm(struct tdm_packet_span *s)
{
	struct itimerspec when = {
		.it_value = {.tv_sec = (time_t)(s->pace.due_ns / 1000000000u),
			     .tv_nsec = (long)(s->pace.due_ns % 1000000000u)},
	};
	timerfd_settime(s->timer, TFD_TIMER_ABSTIME, &when,
			NULL); /* and it is not readable any more */
}

static void discipline(struct tdm_packet_span *s)
{
	int64_t error_ns;

	if (!tdm_packet_buffer_error(s->buffer, &error_ns))
		return;
	tdm_pace_discipline(&s->pace, error_ns, TDM_PACKET_WINDOW_MS);
	atomic_store_explicit(&s->clock_ppb, (int64_t)s->pace.offset_ppb, memory_order_relaxed);
}

static void copy_loop(struct tdm_packet_span *s, enum tdm_loop loop)
{
	uint8_t *rx = s->rx + s->position * TDM_SLOTS, *tx = s->tx + s->position * TDM_SLOTS;

	if (loop == TDM_LOOP_LOCAL)
		memcpy(rx, tx, s->payload_octets);
	else if (loop == TDM_LOOP_NETWORK)
		memcpy(tx, rx, s->payload_octets);
}

static void packet_instant(struct tdm_packet_span *s)
{
	enum tdm_loop loop = tdm_span_loop(&s->span);

	tdm_pace_step(&s->pace);
	play(s);
	judge_line(s, loop);
	fill_dchannel(s);
	copy_loop(s, loop);
	hear_dchannel(s);
	send_packet(s, loop);
	discipline(s);
	s->position += s->packet_frames;
	if (s->position == TDM_TICK_OCTETS) {
		s->position = 0;
		s->tick_ready = true;
	}
}

static void give_up(struct tdm_packet_span *s, uint64_t late_ns)
{
	uint64_t ticks = late_ns / TICK_NS;
	uint64_t packets = ticks * TDM_TICK_OCTETS / s->packet_frames;

	tdm_pace_skip(&s->pace, packets);
	s->sequence = (uint16_t)(s->sequence + packets);
	s->frame += (uint32_t)(ticks * TDM_TICK_OCTETS);
	tdm_packet_buffer_restart(s->buffer, s->pace.due_ns);
	tdm_counter_add(&s->late_ticks, ticks);
}

/* Time begins with the first service: what came since the socket was opened is of no use. */
static void start(struct tdm_packet_span *s, uint64_t now_ns)
{
	drain(s, now_ns);
	tdm_pace_init(&s->pace, s->packet_ns, now_ns + s->packet_ns);
	tdm_packet_buffer_restart(s->buffer, s->pace.due_ns);
	s->started = true;
}

unsigned tdm_packet_span_service(struct tdm_span *span)
{
	struct tdm_packet_span *s = packets_of(span);
	uint64_t now = clock_mono_ns();

	if (s->tick_ready)
		return 1;
	if (!s->started)
		start(s, now);
	if (now >= s->pace.due_ns) {
		uint64_t late_ns = now - s->pace.due_ns;
		drain(s, now);
		if (late_ns > TDM_CATCH_UP_TICKS * TICK_NS)
			give_up(s, late_ns);
		else if (late_ns >= TICK_NS)
			tdm_counter_add(&s->late_ticks, 1);
	}
	while (now >= s->pace.due_ns && !s->tick_ready)
		packet_instant(s);
	arm(s);
	return s->tick_ready;
}

void tdm_packet_span_exchange(struct tdm_span *span, uint32_t mask, tdm_tick rx, tdm_tick tx)
{
	struct tdm_packet_span *s = packets_of(span);
	const unsigned run = s->line->run_frames, step = s->line->frame_step;

	memset(s->tx, TDM_IDLE, sizeof(s->tx));
	for (unsigned slot = 1; slot <= TDM_SLOTS; slot++) {
		if ((mask & UINT32_C(1) << slot) == 0)
			continue;
		for (unsigned first = 0; first < TDM_TICK_OCTETS; first += run) {
			size_t at = first * TDM_SLOTS + (slot - 1) * s->line->slot_step;
			if (step == 1) {
				memcpy(&rx[slot][first], s->rx + at, run);
				memcpy(s->tx + at, &tx[slot][first], run);
				continue;
			}
			for (unsigned f = first; f < first + run; f++, at += step) {
				rx[slot][f] = s->rx[at];
				s->tx[at] = tx[slot][f];
			}
		}
	}
	s->tick_ready = false;
	tdm_counter_add(&s->ticks, 1);
}

int tdm_packet_span_fd(const struct tdm_span *s)
{
	return packets_of_const(s)->timer;
}

/* --- D-channel, loops and counts --------------------------------------------------------- */

ssize_t tdm_packet_span_dchan_recv(struct tdm_span *s, uint8_t *frame, size_t cap)
{
	return tdm_hdlc_recv(packets_of(s)->hdlc, frame, cap);
}

int tdm_packet_span_dchan_send(struct tdm_span *s, const uint8_t *frame, size_t len)
{
	return tdm_hdlc_send(packets_of(s)->hdlc, frame, len);
}

/* The worker reads the loop as span.c keeps it, at each packet.  In a local loop what we send still
 * goes out, too: what the far end hears is no business of a test on this side. */
int tdm_packet_span_set_loop(struct tdm_span *s, enum tdm_loop loop)
{
	return 0;
}

void tdm_packet_span_slot_counts(const struct tdm_span *s, unsigned slot,
				 struct tdm_slot_counts *out)
{
	const struct tdm_packet_buffer_stats *b =
		tdm_packet_buffer_stats(packets_of_const(s)->buffer);

	out->underruns = tdm_counter_get(&b->underruns);
	out->overruns = tdm_counter_get(&b->overruns);
}

void tdm_packet_span_counts(const struct tdm_span *span, struct tdm_span_counts *out)
{
	const struct tdm_packet_span *s = packets_of_const(span);
	const struct tdm_packet_buffer_stats *b = tdm_packet_buffer_stats(s->buffer);

	out->ticks = tdm_counter_get(&s->ticks);
	out->late_ticks = tdm_counter_get(&s->late_ticks);
	out->rx_packets = tdm_counter_get(&s->rx_packets);
	out->tx_packets = tdm_counter_get(&s->tx_packets);
	out->foreign = tdm_counter_get(&s->socket.foreign);
	out->malformed = tdm_counter_get(&s->malformed);
	out->tx_errors = tdm_counter_get(&s->tx_errors);
	out->clock_ppb = (int32_t)atomic_load_explicit(&s->clock_ppb, memory_order_relaxed);
	out->lost = tdm_counter_get(&b->lost);
	out->reordered = tdm_counter_get(&b->reordered);
	out->duplicate = tdm_counter_get(&b->duplicate);
	out->late = tdm_counter_get(&b->late);
	out->underruns = tdm_counter_get(&b->underruns);
	out->slips = tdm_counter_get(&b->slips);
	out->buffer_us = (uint32_t)(tdm_counter_get(&b->target_ns) / 1000);
	if (s->hdlc == NULL)
		return;
	const struct tdm_hdlc_stats *h = tdm_hdlc_stats(s->hdlc);
	out->hdlc_rx_frames = tdm_counter_get(&h->rx_frames);
	out->hdlc_tx_frames = tdm_counter_get(&h->tx_frames);
	out->hdlc_crc = tdm_counter_get(&h->crc);
	out->hdlc_abort = tdm_counter_get(&h->abort);
	out->hdlc_short = tdm_counter_get(&h->short_frames);
	out->hdlc_long = tdm_counter_get(&h->long_frames);
	out->hdlc_dropped = tdm_counter_get(&h->dropped);
}

/* --- opening ----------------------------------------------------------------------------- */

const char *tdm_packet_span_check(const struct tdm_span_conf *c, unsigned packet_frames)
{
	if (packet_frames == 0 || packet_frames > TDM_PACKET_FRAMES_MAX ||
	    TDM_TICK_OCTETS % packet_frames != 0)
		return "frames per packet: a divisor of 80, 1 to 40";
	if (c->buffer_min_ms == 0 || c->buffer_max_ms < c->buffer_min_ms ||
	    c->buffer_max_ms > BUFFER_MS_MAX)
		return "jitter buffer: 1 ms to 40 ms, least before most";
	if (c->loss_ms * FRAMES_PER_MS < LOSS_PACKETS_MIN * packet_frames ||
	    c->loss_ms > LOSS_MS_MAX)
		return "loss of packets: 4 packets to 5000 ms";
	return NULL;
}

static int open_state(struct tdm_packet_span *s, const struct tdm_span_conf *c)
{
	struct tdm_packet_buffer_conf conf = {
		.packet_ns = s->packet_ns,
		.packet_octets = s->payload_octets,
		.min_ns = c->buffer_min_ms * MS_NS,
		.max_ns = c->buffer_max_ms * MS_NS,
		.paced = c->clock == TDM_CLOCK_LINE,
	};
	struct {
		uint16_t sequence;
		uint32_t frame;
	} random = {0};

	/* RFC 5086 4.3: not guessable, so that a restart is not taken for a continuation. */
	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return -errno;
	s->sequence = random.sequence;
	s->frame = random.frame;
	memset(s->tx, TDM_IDLE, sizeof(s->tx));
	memset(s->rx, TDM_IDLE, sizeof(s->rx));
	tdm_pace_init(&s->pace, s->packet_ns, clock_mono_ns());
	int r = tdm_packet_buffer_new(&s->buffer, &conf, s->pace.due_ns);
	if (r == 0 && s->span.dchan_slot != 0)
		r = tdm_hdlc_new(&s->hdlc);
	return r;
}

int tdm_packet_span_init(struct tdm_packet_span *s, const struct tdm_backend *backend,
			 const struct tdm_packet_line *line, const struct tdm_span_conf *conf,
			 unsigned packet_frames, char *err, size_t err_size)
{
	tdm_span_init(&s->span, backend, conf, TDM_ALARM_RED);
	s->line = line;
	s->packet_frames = packet_frames;
	s->packet_ns = (uint64_t)packet_frames * FRAME_NS;
	s->payload_octets = (size_t)packet_frames * TDM_SLOTS;
	s->loss_ns = conf->loss_ms * MS_NS;
	s->socket.fd = -1;
	s->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	int r = s->timer < 0 ? -errno : open_state(s, conf);
	if (r != 0) {
		snprintf(err, err_size, "cannot begin: %s", strerror(-r));
		return r;
	}
	arm(s);
	return 0;
}

void tdm_packet_span_close(struct tdm_span *span)
{
	struct tdm_packet_span *s = (struct tdm_packet_span *)span;

	if (s->timer >= 0)
		close(s->timer);
	tdm_packet_socket_close(&s->socket);
	tdm_packet_buffer_free(s->buffer);
	tdm_hdlc_free(s->hdlc);
	free(s);
}
