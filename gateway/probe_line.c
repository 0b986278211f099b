/* probe_line.c - see probe_line.h. */
#include "gateway/probe_line.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "gateway/base/clock.h"

enum { ALL_SLOTS = (1 << (TDM_SLOTS + 1)) - 2, NS_PER_MS = 1000000, POLL_MS_MAX = 20 };

int probe_line_open(struct probe_line *l, char *err, size_t err_size)
{
	l->conf.dchan_slot = 0;
	l->conf.dahdi.reconfigure = true; /* what it is configured as may be what is wrong */
	for (unsigned slot = 1; slot <= TDM_SLOTS; slot++) {
		if (tdm_flag_finder_new(&l->finder[slot]) < 0) {
			probe_line_close(l);
			snprintf(err, err_size, "out of memory");
			return -ENOMEM;
		}
	}
	memset(l->tx, TDM_IDLE, sizeof(l->tx));
	int r = tdm_span_open(&l->span, &l->conf, err, err_size);
	if (r < 0)
		probe_line_close(l);
	return r;
}

void probe_line_close(struct probe_line *l)
{
	tdm_span_close(l->span);
	l->span = NULL;
	for (unsigned slot = 1; slot <= TDM_SLOTS; slot++) {
		tdm_flag_finder_free(l->finder[slot]);
		l->finder[slot] = NULL;
	}
	tdm_hdlc_free(l->sender);
	l->sender = NULL;
}

static void tick(struct probe_line *l)
{
	if (l->sender != NULL)
		tdm_hdlc_line_out(l->sender, l->tx[l->send_slot], TDM_TICK_OCTETS);
	tdm_span_exchange(l->span, ALL_SLOTS, l->rx, l->tx);
	if (!probe_line_good(l))
		return; /* what is put in for the far end's octets would look like an idle line */
	for (unsigned slot = 1; slot <= TDM_SLOTS; slot++)
		tdm_flag_finder_in(l->finder[slot], l->rx[slot], TDM_TICK_OCTETS);
}

bool probe_line_run(struct probe_line *l, unsigned for_ms, bool (*done)(void *arg), void *arg)
{
	uint64_t end_ns = clock_mono_ns() + (uint64_t)for_ms * NS_PER_MS;
	struct pollfd p = {.fd = tdm_span_fd(l->span), .events = POLLIN};

	for (;;) {
		/* A span that is gone makes no ticks: time passes all the same. */
		poll(&p, 1, POLL_MS_MAX);
		unsigned ticks = tdm_span_service(l->span);
		while (ticks-- > 0)
			tick(l);
		if (done(arg))
			return true;
		if (clock_mono_ns() >= end_ns)
			return false;
	}
}

int probe_line_talk(struct probe_line *l, unsigned slot)
{
	memset(l->tx, TDM_IDLE, sizeof(l->tx));
	l->send_slot = slot;
	return l->sender != NULL ? 0 : tdm_hdlc_new(&l->sender);
}

void probe_line_send(struct probe_line *l, const uint8_t *frame, size_t len)
{
	if (l->sender != NULL)
		tdm_hdlc_send(l->sender, frame, len);
}

uint64_t probe_line_slips(const struct probe_line *l)
{
	struct tdm_span_counts c;

	tdm_span_counts(l->span, &c);
	return c.slips + c.line_slips;
}

bool probe_line_good(const struct probe_line *l)
{
	/* Yellow, and a loop, do not keep us from hearing. */
	return (tdm_span_alarms(l->span) & ~(unsigned)(TDM_ALARM_YELLOW | TDM_ALARM_LOOP)) == 0;
}
