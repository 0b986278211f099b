/* dahdi_media.c - octets between a card's slots and the worker, and events of the driver.
 *
 * All channels are always moved, idle where no call is, so that they never lose step.  Buffers,
 * kept exactly: in    nothing waits: a block is read when it is complete, so 10 ms of delay out
 * lead_ms is written ahead at the start, and a block for each block read from then on, so the
 * driver holds between lead_ms - 10 and lead_ms, for ever
 *
 * A wake-up that comes late by less than the lead costs nothing: blocks that waited are moved one
 * a service, and the lead is whole again.  Later than that, the driver has sent idle of its own
 * and what waits to be read is too old: moving all of it would leave that much delay behind on each
 * call.  So the span is aligned anew: what was received is dropped, the lead is written again, and
 * both are counted.  The driver tells by an event (underrun, overrun); a block that is missing or
 * short, or finds no room, tells as well.  Aligning puts the clock channel last, so that it is
 * never ahead of the others.
 */
#include "tdm/dahdi_media.h"
#include "gateway/base/clock.h"
#include "tdm/dahdi_abi.h"
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#define MS_NS   UINT64_C(1000000)
#define TICK_NS (TDM_TICK_MS * MS_NS)

enum {
	EVENT_ROUNDS = 3, /* reading again after events were fetched */
	ALIGN_EVERY_MS = 100,
	ALIGN_WITHIN_MS = 5, /* held up longer, the channels are out of step already */
	ALIGN_TRIES = 3,
};

int dahdi_slot_fd(const struct dahdi *d, unsigned slot)
{
	return d->keeper.port.fd[slot];
}

int dahdi_call(struct dahdi *d, int fd, unsigned long operation, void *arg)
{
	return d->keeper.driver->ioctl(fd, operation, arg);
}

/* A removed device is readable for ever, so it must not stay in the epoll; and every call to it
 * sleeps in the driver, so this is the last. */
void dahdi_lose(struct dahdi *d, int error)
{
	if (!d->running)
		return;
	epoll_ctl(d->epoll, EPOLL_CTL_DEL, dahdi_slot_fd(d, d->clock_slot), NULL);
	if (d->span.dchan_slot != 0)
		epoll_ctl(d->epoll, EPOLL_CTL_DEL, dahdi_slot_fd(d, d->span.dchan_slot), NULL);
	d->running = d->tick_ready = d->dchan_ready = false;
	tdm_span_set_alarms(&d->span, TDM_ALARM_GONE);
	dahdi_keeper_lost(&d->keeper, error);
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
	case DAHDI_ABI_EVENT_REMOVED: dahdi_lose(d, -ENODEV); break;
	default: break;
	}
}

void dahdi_fetch_events(struct dahdi *d, unsigned slot)
{
	for (unsigned i = 0; d->running && i < DAHDI_ABI_EVENTS_MAX; i++) {
		int event = DAHDI_ABI_EVENT_NONE;
		int r = dahdi_call(d, dahdi_slot_fd(d, slot), DAHDI_ABI_GETEVENT, &event);
		if (r < 0)
			dahdi_lose(d, r);
		else if (event == DAHDI_ABI_EVENT_NONE)
			return;
		else
			take_event(d, slot, event);
	}
}

/* Reads or writes; while events wait the driver does neither.  Octets, or -EAGAIN; what cannot
 * heal loses the port. */
ssize_t dahdi_move(struct dahdi *d, unsigned slot, uint8_t *in, const uint8_t *out, size_t octets)
{
	const struct dahdi_driver *driver = d->keeper.driver;

	for (unsigned i = 0; d->running && i < EVENT_ROUNDS; i++) {
		ssize_t r = in != NULL ? driver->read(dahdi_slot_fd(d, slot), in, octets)
				       : driver->write(dahdi_slot_fd(d, slot), out, octets);
		if (r >= 0 || r == -EAGAIN)
			return r;
		if (r == -DAHDI_ABI_ELAST)
			dahdi_fetch_events(d, slot);
		else if (r != -EINTR)
			dahdi_lose(d, (int)r);
	}
	return -EAGAIN;
}

/* --- aligning -------------------------------------------------------------------------------- */

static void align_slot(struct dahdi *d, unsigned slot)
{
	int all = DAHDI_ABI_FLUSH_ALL;
	int r = dahdi_call(d, dahdi_slot_fd(d, slot), DAHDI_ABI_FLUSH, &all);

	if (r < 0)
		dahdi_lose(d, r);
	for (unsigned i = 0; i < d->conf.dahdi.lead_ms / TDM_TICK_MS; i++)
		dahdi_move(d, slot, NULL, d->idle, TDM_TICK_OCTETS);
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
			dahdi_fetch_events(d, slot);
	if (d->underrun)
		tdm_counter_add(&d->underruns, 1);
	tdm_counter_add(&d->slips, 1);
	if (now_ns - d->tick_ns > TICK_NS)
		tdm_counter_add(&d->late_ticks, (now_ns - d->tick_ns) / TICK_NS);
}

void dahdi_align(struct dahdi *d)
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

void dahdi_read_clock(struct dahdi *d)
{
	ssize_t n = dahdi_move(d, d->clock_slot, d->clock_block, NULL, TDM_TICK_OCTETS);

	if (n < 0 || !d->running)
		return;
	d->heard = true;
	if (n == TDM_TICK_OCTETS)
		d->tick_ready = true;
	else
		d->align = true;
}

/* While nothing usable is received, noise must not reach a call. */
bool dahdi_is_silent(const struct dahdi *d)
{
	return tdm_span_alarms(&d->span) & (TDM_ALARM_RED | TDM_ALARM_BLUE | TDM_ALARM_GONE);
}

static void read_slot(struct dahdi *d, unsigned slot, uint8_t *octets)
{
	ssize_t n = TDM_TICK_OCTETS;

	if (slot == d->clock_slot)
		memcpy(octets, d->clock_block, TDM_TICK_OCTETS);
	else
		n = dahdi_move(d, slot, octets, NULL, TDM_TICK_OCTETS);
	if (n == TDM_TICK_OCTETS && !dahdi_is_silent(d))
		return;
	memset(octets, TDM_IDLE, TDM_TICK_OCTETS);
	if (n != TDM_TICK_OCTETS)
		d->align = true;
}

static void write_slot(struct dahdi *d, unsigned slot, const uint8_t *octets)
{
	if (dahdi_move(d, slot, NULL, octets, TDM_TICK_OCTETS) == TDM_TICK_OCTETS)
		return;
	tdm_counter_add(&d->tx_errors, 1);
	d->align = true;
}

void dahdi_move_tick(struct dahdi *d, uint32_t mask, tdm_tick rx, tdm_tick tx)
{
	count_tick(d);
	for (unsigned slot = 1; slot <= TDM_SLOTS; slot++) {
		bool call_on = mask & UINT32_C(1) << slot;
		if (slot == d->span.dchan_slot)
			continue;
		read_slot(d, slot, call_on ? rx[slot] : d->unwanted);
		write_slot(d, slot, call_on ? tx[slot] : d->idle);
	}
	d->tick_ready = false;
}
