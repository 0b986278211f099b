/* span_dahdi.c - a span of a T1 card that the DAHDI driver runs.
 *
 * The card is the clock.  Each bearer channel reads and writes blocks of one tick; the driver fills
 * and empties all of them together, so one channel is polled, the clock channel, and when it has a
 * block the others have one too: one wake-up a tick, 22 more reads and 23 writes
 * (tdm/dahdi_media.c).  The D-channel is polled beside it; HDLC is the driver's, or the card's.
 *
 * Alarms are looked at when the driver tells an event, and each second, which reads the card's
 * counts of errors too.  Yellow is sent by the card itself while it receives nothing; the driver
 * has no call for it.
 *
 * A span that hears nothing of its far end may have no clock either (dahdi_dynamic; a card's goes
 * on): no tick comes and nothing is aligned until it is back.
 *
 * A span that was never there, or that vanishes, is GONE: its descriptors leave the epoll at once,
 * and the keeper's thread opens it again when it can (tdm/dahdi_keeper.h).
 */
#include "tdm/dahdi_abi.h"
#include "tdm/dahdi_media.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum {
	LEAD_TICKS_MIN = 2, /* at a wake-up one tick of the lead has been sent already */
	LEAD_TICKS_MAX = 20,
	FCS_OCTETS = 2, /* the driver makes and checks them, and wants room for them */
	FRAME_MIN = 3,  /* address, control */
	FRAME_ROOM = 512,
	STILL_SECONDS = 3, /* without a tick: the driver's clock stands still */
};

enum what { WHAT_CLOCK, WHAT_DCHAN, WHAT_TIMER, WHAT_WAKE, WHAT_COUNT }; /* in the epoll */

static struct dahdi *dahdi_of(struct tdm_span *s)
{
	return (struct dahdi *)s;
}

static const struct dahdi *dahdi_of_const(const struct tdm_span *s)
{
	return (const struct dahdi *)s;
}

/* --- the line ------------------------------------------------------------------------------- */

static void watch(struct dahdi *d, int fd, enum what what)
{
	struct epoll_event ev = {.events = EPOLLIN | EPOLLPRI, .data.u32 = what};

	epoll_ctl(d->epoll, EPOLL_CTL_ADD, fd, &ev);
}

static void look_at_line(struct dahdi *d, bool begin)
{
	struct dahdi_abi_span s = {.number = 0}; /* that of the channel: the driver takes no lock */
	int r = dahdi_call(d, dahdi_slot_fd(d, d->clock_slot), DAHDI_ABI_SPANSTAT, &s);

	d->look = false;
	if (r < 0) {
		dahdi_lose(d, r);
		return;
	}
	if (begin)
		dahdi_errors_begin(&d->errors, &s);
	else
		dahdi_errors_count(&d->errors, &s);
	tdm_span_set_alarms(&d->span, dahdi_status_alarms((uint32_t)s.alarms));
}

static void take(struct dahdi *d)
{
	if (!dahdi_keeper_take(&d->keeper))
		return;
	d->running = d->align = true;
	d->aligned_ns = 0;
	d->still_seconds = 0;
	watch(d, dahdi_slot_fd(d, d->clock_slot), WHAT_CLOCK);
	if (d->span.dchan_slot != 0)
		watch(d, dahdi_slot_fd(d, d->span.dchan_slot), WHAT_DCHAN);
	look_at_line(d, true);
}

/* --- service --------------------------------------------------------------------------------- */

static void each_second(struct dahdi *d)
{
	uint64_t expired;

	if (read(d->timer, &expired, sizeof(expired)) != sizeof(expired) || !d->running)
		return;
	d->look = true;
	if (dahdi_is_silent(d))
		d->still_seconds = 0;
	else if (++d->still_seconds > STILL_SECONDS)
		dahdi_lose(d, -ETIMEDOUT);
}

/* True: the clock channel has something. */
static bool look_around(struct dahdi *d)
{
	struct epoll_event ready[WHAT_COUNT];
	int n = epoll_wait(d->epoll, ready, WHAT_COUNT, 0);
	bool clock = false;

	for (int i = 0; i < n; i++) {
		bool event = ready[i].events & ~(uint32_t)EPOLLIN;
		switch (ready[i].data.u32) {
		case WHAT_WAKE: take(d); break;
		case WHAT_TIMER: each_second(d); break;
		case WHAT_CLOCK:
			clock = true;
			if (event)
				dahdi_fetch_events(d, d->clock_slot);
			break;
		case WHAT_DCHAN:
			d->dchan_ready = true;
			if (event)
				dahdi_fetch_events(d, d->span.dchan_slot);
			break;
		}
	}
	return clock;
}

static unsigned dahdi_service(struct tdm_span *s)
{
	struct dahdi *d = dahdi_of(s);

	bool clock = look_around(d);
	if (d->running && clock && !d->tick_ready)
		dahdi_read_clock(d);
	if (d->running && d->look)
		look_at_line(d, false);
	if (d->running && d->align)
		dahdi_align(d);
	return d->running && d->tick_ready;
}

static void dahdi_exchange(struct tdm_span *s, uint32_t mask, tdm_tick rx, tdm_tick tx)
{
	dahdi_move_tick(dahdi_of(s), mask, rx, tx);
}

static int dahdi_fd(const struct tdm_span *s)
{
	return dahdi_of_const(s)->epoll;
}

/* --- D-channel ------------------------------------------------------------------------------- */

static ssize_t dahdi_dchan_recv(struct tdm_span *s, uint8_t *frame, size_t cap)
{
	struct dahdi *d = dahdi_of(s);
	uint8_t octets[FRAME_ROOM];

	while (d->running && d->dchan_ready) {
		ssize_t n = dahdi_move(d, s->dchan_slot, octets, NULL, sizeof(octets));
		if (n < 0) {
			d->dchan_ready = false;
		} else if (n < FRAME_MIN + FCS_OCTETS) {
			tdm_counter_add(&d->shorts, 1);
		} else if ((size_t)n - FCS_OCTETS > cap || n - FCS_OCTETS > TDM_FRAME_MAX) {
			tdm_counter_add(&d->longs, 1);
		} else {
			tdm_counter_add(&d->rx_frames, 1);
			memcpy(frame, octets, (size_t)n - FCS_OCTETS);
			return n - FCS_OCTETS;
		}
	}
	return -EAGAIN;
}

static int dahdi_dchan_send(struct tdm_span *s, const uint8_t *frame, size_t len)
{
	struct dahdi *d = dahdi_of(s);
	uint8_t octets[TDM_FRAME_MAX + FCS_OCTETS] = {0};

	memcpy(octets, frame, len);
	if (!d->running || dahdi_move(d, s->dchan_slot, NULL, octets, len + FCS_OCTETS) < 0)
		return -EAGAIN;
	tdm_counter_add(&d->tx_frames, 1);
	return 0;
}

/* --- loops, counts, words -------------------------------------------------------------------- */

static int dahdi_set_loop(struct tdm_span *s, enum tdm_loop loop)
{
	static const int commands[] = {DAHDI_ABI_MAINT_NONE, DAHDI_ABI_MAINT_LOCAL_LOOP,
				       DAHDI_ABI_MAINT_NETWORK_LINE_LOOP};
	struct dahdi *d = dahdi_of(s);

	return dahdi_keeper_maintain(&d->keeper, commands[loop]);
}

static void dahdi_slot_counts(const struct tdm_span *s, unsigned slot, struct tdm_slot_counts *out)
{
	const struct dahdi *d = dahdi_of_const(s);

	out->underruns = tdm_counter_get(&d->slot[slot].underruns);
	out->overruns = tdm_counter_get(&d->slot[slot].overruns);
}

static void dahdi_counts(const struct tdm_span *s, struct tdm_span_counts *out)
{
	const struct dahdi *d = dahdi_of_const(s);

	out->ticks = tdm_counter_get(&d->ticks);
	out->late_ticks = tdm_counter_get(&d->late_ticks);
	out->underruns = tdm_counter_get(&d->underruns);
	out->slips = tdm_counter_get(&d->slips);
	out->tx_errors = tdm_counter_get(&d->tx_errors);
	out->hdlc_rx_frames = tdm_counter_get(&d->rx_frames);
	out->hdlc_tx_frames = tdm_counter_get(&d->tx_frames);
	out->hdlc_crc = tdm_counter_get(&d->bad_fcs);
	out->hdlc_abort = tdm_counter_get(&d->aborts);
	out->hdlc_short = tdm_counter_get(&d->shorts);
	out->hdlc_long = tdm_counter_get(&d->longs);
	out->line_bpv = tdm_counter_get(&d->errors.bpv);
	out->line_crc = tdm_counter_get(&d->errors.crc);
	out->line_framing = tdm_counter_get(&d->errors.framing);
	out->line_slips = tdm_counter_get(&d->keeper.line_slips);
	out->buffer_us = d->conf.dahdi.lead_ms * 1000;
}

static void dahdi_cancel_echo(struct tdm_span *s, uint32_t slots)
{
	dahdi_keeper_cancel_echo(&dahdi_of(s)->keeper, slots);
}

static void dahdi_canceller(struct tdm_span *s, char *out, size_t out_size)
{
	char name[DAHDI_CANCELLER_NAME_MAX];

	dahdi_keeper_canceller(&dahdi_of(s)->keeper, name);
	snprintf(out, out_size, "%s%s%s",
		 name[0] == '\0'             ? ""
		 : strcmp(name, "HWEC") == 0 ? "the card's ("
					     : "the kernel's (",
		 name, name[0] == '\0' ? "" : ")");
}

static int dahdi_look(const struct tdm_span_conf *conf, char *out, size_t out_size)
{
	return dahdi_port_look(&dahdi_driver_kernel, conf, out, out_size);
}

static void dahdi_describe(struct tdm_span *s, char *out, size_t out_size)
{
	dahdi_keeper_describe(&dahdi_of(s)->keeper, out, out_size);
}

/* --- opening --------------------------------------------------------------------------------- */

static void dahdi_close(struct tdm_span *s)
{
	struct dahdi *d = dahdi_of(s);

	dahdi_keeper_stop(&d->keeper);
	if (d->timer >= 0)
		close(d->timer);
	if (d->epoll >= 0)
		close(d->epoll);
	free(d);
}

static int open_descriptors(struct dahdi *d)
{
	struct itimerspec every = {{1, 0}, {1, 0}};

	d->epoll = epoll_create1(EPOLL_CLOEXEC);
	d->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (d->epoll < 0 || d->timer < 0)
		return -errno;
	timerfd_settime(d->timer, 0, &every, NULL);
	watch(d, d->timer, WHAT_TIMER);
	return 0;
}

static unsigned first_alarms(struct dahdi *d)
{
	struct dahdi_abi_span s = {.number = 0};
	int r = dahdi_call(d, dahdi_slot_fd(d, d->clock_slot), DAHDI_ABI_SPANSTAT, &s);

	return r < 0 ? TDM_ALARM_RED : dahdi_status_alarms((uint32_t)s.alarms);
}

static int open_with(struct tdm_span **out, const struct dahdi_driver *driver,
		     const struct tdm_span_conf *conf, char *err, size_t err_size)
{
	struct dahdi *d = calloc(1, sizeof(*d));
	int r = -ENOMEM;

	*out = NULL;
	if (d == NULL)
		goto fail;
	d->epoll = d->timer = d->keeper.wake_fd = -1;
	d->conf = *conf;
	d->clock_slot = conf->dchan_slot == TDM_SLOTS ? TDM_SLOTS - 1 : TDM_SLOTS;
	memset(d->idle, TDM_IDLE, sizeof(d->idle));
	tdm_span_init(&d->span, &tdm_backend_dahdi, conf, TDM_ALARM_GONE);
	r = open_descriptors(d);
	if (r == 0)
		r = dahdi_keeper_start(&d->keeper, driver, &d->conf);
	if (r < 0)
		goto fail;
	watch(d, d->keeper.wake_fd, WHAT_WAKE);
	if (dahdi_keeper_is_open(&d->keeper)) /* no worker has it yet */
		tdm_span_set_alarms(&d->span, first_alarms(d));
	*out = &d->span;
	return 0;
fail:
	snprintf(err, err_size, "%s", strerror(-r));
	if (d != NULL)
		dahdi_close(&d->span);
	return r;
}

static int dahdi_open(struct tdm_span **out, const struct tdm_span_conf *conf, char *err,
		      size_t err_size)
{
	unsigned ticks = conf->dahdi.lead_ms / TDM_TICK_MS;

	if (conf->dahdi.lead_ms % TDM_TICK_MS != 0 || ticks < LEAD_TICKS_MIN ||
	    ticks > LEAD_TICKS_MAX) {
		snprintf(err, err_size, "lead: a multiple of 10 ms, 20 to 200");
		return -EINVAL;
	}
	return open_with(out, &dahdi_driver_kernel, conf, err, err_size);
}

const struct tdm_backend tdm_backend_dahdi = {
	.open = dahdi_open,
	.close = dahdi_close,
	.fd = dahdi_fd,
	.service = dahdi_service,
	.exchange = dahdi_exchange,
	.dchan_recv = dahdi_dchan_recv,
	.dchan_send = dahdi_dchan_send,
	.set_loop = dahdi_set_loop,
	.slot_counts = dahdi_slot_counts,
	.counts = dahdi_counts,
	.describe = dahdi_describe,
	.cancel_echo = dahdi_cancel_echo,
	.canceller = dahdi_canceller,
	.look = dahdi_look,
};
