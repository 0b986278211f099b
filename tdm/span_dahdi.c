/* span_dahdi.c - a span of a T1 card that the DAHDI driver runs.
 *
 * The card is the clock.  Each bearer channel reads and writes blocks of one tick; the driver fills
 * and empties all of them together, so one channel is polled, the clock channel, and when it has a
 * block the others have one too: one wake-up a tick, 22 more reads and 23 writes.  All channels are
 * always moved, idle where no call is, so that they never lose step with each other.
 *
 * Buffers, kept exactly:
 *     in    nothing waits: a block is read when it is complete, so 10 ms of delay
 *     out   lead_ms is written ahead at the start, and a block for each block read from then on,
 *           so the driver holds between lead_ms - 10 and lead_ms, for ever
 *
 * A wake-up that comes late by less than the lead costs nothing: blocks that waited are moved one
 * a service, and the lead is whole again.  Later than that, the driver has sent idle of its own
 * and what waits to be read is too old: moving all of it would leave that much delay behind on each
 * call.  So the span is aligned anew: what was received is dropped, the lead is written again, and
 * both are counted.  The driver tells by an event (underrun, overrun); a block that is missing or
 * short, or finds no room, tells as well.  Aligning puts the clock channel last, so that it is
 * never ahead of the others.
 *
 * A span that hears nothing of its far end may have no clock either (dahdi_dynamic; a card's goes
 * on): no tick comes and nothing is aligned until it is back.
 *
 * A span that was never there, or that vanishes, is GONE: its descriptors leave the epoll at once,
 * and the keeper's thread opens it again when it can (tdm/dahdi_keeper.h).
 */
#include "gateway/base/clock.h"
#include "tdm/backend.h"
#include "tdm/dahdi_abi.h"
#include "tdm/dahdi_keeper.h"
#include "tdm/dahdi_status.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define MS_NS   UINT64_C(1000000)
#define TICK_NS (TDM_TICK_MS * MS_NS)

enum {
	LEAD_TICKS_MIN = 2, /* at a wake-up one tick of the lead has been sent already */
	LEAD_TICKS_MAX = 20,
	FCS_OCTETS = 2, /* the driver makes and checks them, and wants room for them */
	FRAME_MIN = 3,  /* address, control */
	FRAME_ROOM = 512,
	EVENT_ROUNDS = 3, /* reading again after events were fetched */
	ALIGN_EVERY_MS = 100,
	ALIGN_WITHIN_MS = 5, /* held up longer, the channels are out of step already */
	ALIGN_TRIES = 3,
	STILL_SECONDS = 3, /* without a tick: the driver's clock stands still */
};

enum what { WHAT_CLOCK, WHAT_DCHAN, WHAT_TIMER, WHAT_WAKE, WHAT_COUNT }; /* in the epoll */

struct slot {
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
	uint8_t clock_block[TDM_TICK_OCTETS], idle[TDM_TICK_OCTETS];
	struct dahdi_errors errors;

	struct slot slot[TDM_SLOTS + 1];
	_Atomic uint64_t ticks, late_ticks, underruns, slips, tx_errors;
	_Atomic uint64_t rx_frames, tx_frames, bad_fcs, aborts, shorts, longs;
};

static struct dahdi *dahdi_of(struct tdm_span *s)
{
	return (struct dahdi *)s;
}

static const struct dahdi *dahdi_of_const(const struct tdm_span *s)
{
	return (const struct dahdi *)s;
}

static int slot_fd(const struct dahdi *d, unsigned slot)
{
	return d->keeper.port.fd[slot];
}

static int call(struct dahdi *d, int fd, unsigned long operation, void *arg)
{
	return d->keeper.driver->ioctl(fd, operation, arg);
}

/* --- losing and finding the port ------------------------------------------------------------ */

static void watch(struct dahdi *d, int fd, enum what what)
{
	struct epoll_event ev = {.events = EPOLLIN | EPOLLPRI, .data.u32 = what};

	epoll_ctl(d->epoll, EPOLL_CTL_ADD, fd, &ev);
}

/* A removed device is readable for ever, so it must not stay in the epoll; and every call to it
 * sleeps in the driver, so this is the last. */
static void lose(struct dahdi *d, int error)
{
	if (!d->running)
		return;
	epoll_ctl(d->epoll, EPOLL_CTL_DEL, slot_fd(d, d->clock_slot), NULL);
	if (d->span.dchan_slot != 0)
		epoll_ctl(d->epoll, EPOLL_CTL_DEL, slot_fd(d, d->span.dchan_slot), NULL);
	d->running = d->tick_ready = d->dchan_ready = false;
	tdm_span_set_alarms(&d->span, TDM_ALARM_GONE);
	dahdi_keeper_lost(&d->keeper, error);
}

static void look_at_line(struct dahdi *d, bool begin)
{
	struct dahdi_abi_span s = {.number = 0}; /* that of the channel: the driver takes no lock */
	int r = call(d, slot_fd(d, d->clock_slot), DAHDI_ABI_SPANSTAT, &s);

	d->look = false;
	if (r < 0) {
		lose(d, r);
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
	watch(d, slot_fd(d, d->clock_slot), WHAT_CLOCK);
	if (d->span.dchan_slot != 0)
		watch(d, slot_fd(d, d->span.dchan_slot), WHAT_DCHAN);
	look_at_line(d, true);
}

/* --- events --------------------------------------------------------------------------------- */

static void take_event(struct dahdi *d, unsigned slot, int event)
{
	switch (event) {
	case DAHDI_ABI_EVENT_ALARM:
	case DAHDI_ABI_EVENT_NOALARM: d->look = true; break;
	case DAHDI_ABI_EVENT_ABORT: tdm_counter_add(&d->aborts, 1); break;
	case DAHDI_ABI_EVENT_BADFCS: tdm_counter_add(&d->bad_fcs, 1); break;
	case DAHDI_ABI_EVENT_OVERRUN: tdm_counter_add(&d->longs, 1); break;
	case DAHDI_ABI_EVENT_READ_OVERRUN:
		if (!d->aligning)
			tdm_counter_add(&d->slot[slot].overruns, 1);
		d->align = true;
		break;
	case DAHDI_ABI_EVENT_WRITE_UNDERRUN:
		if (!d->aligning)
			tdm_counter_add(&d->slot[slot].underruns, 1);
		d->align = d->underrun = true;
		break;
	case DAHDI_ABI_EVENT_REMOVED: lose(d, -ENODEV); break;
	default: break;
	}
}

static void fetch_events(struct dahdi *d, unsigned slot)
{
	for (unsigned i = 0; d->running && i < DAHDI_ABI_EVENTS_MAX; i++) {
		int event = DAHDI_ABI_EVENT_NONE;
		int r = call(d, slot_fd(d, slot), DAHDI_ABI_GETEVENT, &event);
		if (r < 0)
			lose(d, r);
		else if (event == DAHDI_ABI_EVENT_NONE)
			return;
		else
			take_event(d, slot, event);
	}
}

/* Reads or writes; while events wait the driver does neither.  Octets, or -EAGAIN; what cannot
 * heal loses the port. */
static ssize_t move(struct dahdi *d, unsigned slot, uint8_t *in, const uint8_t *out, size_t octets)
{
	const struct dahdi_driver *driver = d->keeper.driver;

	for (unsigned i = 0; d->running && i < EVENT_ROUNDS; i++) {
		ssize_t r = in != NULL ? driver->read(slot_fd(d, slot), in, octets)
				       : driver->write(slot_fd(d, slot), out, octets);
		if (r >= 0 || r == -EAGAIN)
			return r;
		if (r == -DAHDI_ABI_ELAST)
			fetch_events(d, slot);
		else if (r != -EINTR)
			lose(d, (int)r);
	}
	return -EAGAIN;
}

/* --- aligning -------------------------------------------------------------------------------- */

static void align_slot(struct dahdi *d, unsigned slot)
{
	int all = DAHDI_ABI_FLUSH_ALL;
	int r = call(d, slot_fd(d, slot), DAHDI_ABI_FLUSH, &all);

	if (r < 0)
		lose(d, r);
	for (unsigned i = 0; i < d->conf.dahdi.lead_ms / TDM_TICK_MS; i++)
		move(d, slot, NULL, d->idle, TDM_TICK_OCTETS);
}

static void align_slots(struct dahdi *d)
{
	for (unsigned slot = 1; d->running && slot <= TDM_SLOTS; slot++)
		if (slot != d->span.dchan_slot && slot != d->clock_slot)
			align_slot(d, slot);
	if (d->running)
		align_slot(d, d->clock_slot);
}

/* What the driver has to say of the past, before it is flushed. */
static void count_gap(struct dahdi *d, uint64_t now_ns)
{
	for (unsigned slot = 1; slot <= TDM_SLOTS; slot++)
		if (slot != d->span.dchan_slot)
			fetch_events(d, slot);
	if (d->underrun)
		tdm_counter_add(&d->underruns, 1);
	tdm_counter_add(&d->slips, 1);
	if (now_ns - d->tick_ns > TICK_NS)
		tdm_counter_add(&d->late_ticks, (now_ns - d->tick_ns) / TICK_NS);
}

static void align(struct dahdi *d)
{
	uint64_t now_ns = clock_mono_ns(), begin_ns;

	if (d->aligned_ns != 0) {
		if (!d->heard)
			return;
		if (now_ns - d->aligned_ns < ALIGN_EVERY_MS * MS_NS)
			return; /* one bad channel must not silence the others */
		count_gap(d, now_ns);
	}
	d->aligning = true;
	for (unsigned i = 0; i < ALIGN_TRIES && d->running; i++) {
		begin_ns = now_ns;
		align_slots(d);
		now_ns = clock_mono_ns();
		if (now_ns - begin_ns < ALIGN_WITHIN_MS * MS_NS)
			break;
	}
	d->aligning = d->align = d->underrun = d->heard = d->tick_ready = false;
	d->aligned_ns = d->tick_ns = now_ns;
}

/* --- ticks ----------------------------------------------------------------------------------- */

static void count_tick(struct dahdi *d)
{
	uint64_t now_ns = clock_mono_ns();

	tdm_counter_add(&d->ticks, 1);
	/* Sooner after the last one than the card can have been: it had to wait. */
	if (now_ns - d->tick_ns < TICK_NS / 4)
		tdm_counter_add(&d->late_ticks, 1);
	d->tick_ns = now_ns;
	d->still_seconds = 0;
}

static void read_clock_slot(struct dahdi *d)
{
	ssize_t n = move(d, d->clock_slot, d->clock_block, NULL, TDM_TICK_OCTETS);

	if (n < 0 || !d->running)
		return;
	d->heard = true;
	if (n == TDM_TICK_OCTETS)
		d->tick_ready = true;
	else
		d->align = true;
}

/* While nothing usable is received, noise must not reach a call. */
static bool is_silent(const struct dahdi *d)
{
	return tdm_span_alarms(&d->span) & (TDM_ALARM_RED | TDM_ALARM_BLUE | TDM_ALARM_GONE);
}

static void read_slot(struct dahdi *d, unsigned slot, uint8_t *octets)
{
	ssize_t n = TDM_TICK_OCTETS;

	if (slot == d->clock_slot)
		memcpy(octets, d->clock_block, TDM_TICK_OCTETS);
	else
		n = move(d, slot, octets, NULL, TDM_TICK_OCTETS);
	if (n == TDM_TICK_OCTETS && !is_silent(d))
		return;
	memset(octets, TDM_IDLE, TDM_TICK_OCTETS);
	if (n != TDM_TICK_OCTETS)
		d->align = true;
}

static void write_slot(struct dahdi *d, unsigned slot, const uint8_t *octets)
{
	if (move(d, slot, NULL, octets, TDM_TICK_OCTETS) == TDM_TICK_OCTETS)
		return;
	tdm_counter_add(&d->tx_errors, 1);
	d->align = true;
}

static void dahdi_exchange(struct tdm_span *s, uint32_t mask, tdm_tick rx, tdm_tick tx)
{
	struct dahdi *d = dahdi_of(s);
	uint8_t unwanted[TDM_TICK_OCTETS];

	count_tick(d);
	for (unsigned slot = 1; slot <= TDM_SLOTS; slot++) {
		bool call_on = mask & UINT32_C(1) << slot;
		if (slot == s->dchan_slot)
			continue;
		read_slot(d, slot, call_on ? rx[slot] : unwanted);
		write_slot(d, slot, call_on ? tx[slot] : d->idle);
	}
	d->tick_ready = false;
}

/* --- service --------------------------------------------------------------------------------- */

static void each_second(struct dahdi *d)
{
	uint64_t expired;

	if (read(d->timer, &expired, sizeof(expired)) != sizeof(expired) || !d->running)
		return;
	d->look = true;
	if (is_silent(d))
		d->still_seconds = 0;
	else if (++d->still_seconds > STILL_SECONDS)
		lose(d, -ETIMEDOUT);
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
				fetch_events(d, d->clock_slot);
			break;
		case WHAT_DCHAN:
			d->dchan_ready = true;
			if (event)
				fetch_events(d, d->span.dchan_slot);
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
		read_clock_slot(d);
	if (d->running && d->look)
		look_at_line(d, false);
	if (d->running && d->align)
		align(d);
	return d->running && d->tick_ready;
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
		ssize_t n = move(d, s->dchan_slot, octets, NULL, sizeof(octets));
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
	if (!d->running || move(d, s->dchan_slot, NULL, octets, len + FCS_OCTETS) < 0)
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
	int r = call(d, slot_fd(d, d->clock_slot), DAHDI_ABI_SPANSTAT, &s);

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
