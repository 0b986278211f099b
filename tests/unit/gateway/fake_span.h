/* fake_span.h - a span for tests of the media worker: a timer for a line, slots that count, a
 * D-channel that echoes.  Included once, it takes the place of tdm/span.c. */
#ifndef TESTS_UNIT_GATEWAY_FAKE_SPAN_H
#define TESTS_UNIT_GATEWAY_FAKE_SPAN_H

#include "gateway/worker_state.h"
#include "tdm/span.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cmocka.h>

enum { MS = 1000000, HISTORY = 1024, ECHOES = 64 };

struct tdm_span {
	int fd;
	unsigned quarter; /* 2.5 ms services since the last tick */
	_Atomic unsigned alarms;
	_Atomic unsigned ticks;
	_Atomic bool deaf; /* refuses frames */
	struct frame echo[ECHOES];
	unsigned first, count;
	_Atomic uint8_t heard[TDM_SLOTS + 1][HISTORY]; /* first octet of each tick, as sent to the line */
	_Atomic unsigned broken;                       /* ticks whose octets were not a run */
	struct tone_player *tone;              /* comes from slot 1, in place of what counts */
};

static uint8_t octet_of(unsigned slot, unsigned tick, unsigned i)
{
	return (uint8_t)(slot * 50 + tick + i);
}

static struct tdm_span *span_new(void)
{
	struct tdm_span *s = calloc(1, sizeof(*s));
	struct itimerspec every = {{0, 2500000}, {0, 2500000}};

	s->fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	timerfd_settime(s->fd, 0, &every, NULL);
	return s;
}

static void span_free(struct tdm_span *s)
{
	close(s->fd);
	free(s);
}

int tdm_span_fd(const struct tdm_span *s)
{
	return s->fd;
}

unsigned tdm_span_alarms(const struct tdm_span *s)
{
	return s->alarms;
}

unsigned tdm_span_service(struct tdm_span *s)
{
	uint64_t n = 0;
	unsigned ticks;

	if (read(s->fd, &n, sizeof(n)) != sizeof(n))
		return 0;
	s->quarter += (unsigned)n;
	ticks = s->quarter / 4;
	s->quarter %= 4;
	return ticks < TDM_CATCH_UP_TICKS ? ticks : TDM_CATCH_UP_TICKS;
}

void tdm_span_exchange(struct tdm_span *s, uint32_t mask, tdm_tick rx, tdm_tick tx)
{
	unsigned tick = s->ticks;

	for (unsigned slot = 1; slot <= TDM_SLOTS; slot++) {
		s->heard[slot][tick % HISTORY] = TDM_IDLE;
		if ((mask >> slot & 1) == 0)
			continue;
		s->heard[slot][tick % HISTORY] = tx[slot][0];
		for (unsigned i = 1; i < TDM_TICK_OCTETS; i++)
			if (tx[slot][i] != (uint8_t)(tx[slot][0] + i) && tx[slot][i] != TDM_IDLE)
				s->broken++;
		for (unsigned i = 0; i < TDM_TICK_OCTETS; i++)
			rx[slot][i] = octet_of(slot, tick, i);
	}
	if (s->tone != NULL) {
		memset(rx[1], TDM_IDLE, TDM_TICK_OCTETS);
		tone_player_run(s->tone, rx[1]);
	}
	s->ticks = tick + 1;
}

ssize_t tdm_dchan_recv(struct tdm_span *s, uint8_t *frame, size_t cap)
{
	struct frame *f = &s->echo[s->first % ECHOES];

	if (s->count == 0)
		return -EAGAIN;
	assert_true(f->len <= cap);
	memcpy(frame, f->octets, f->len);
	s->first++;
	s->count--;
	return f->len;
}

int tdm_dchan_send(struct tdm_span *s, const uint8_t *frame, size_t len)
{
	struct frame *f = &s->echo[(s->first + s->count) % ECHOES];

	if (s->deaf || s->count == ECHOES)
		return -EAGAIN;
	f->len = (uint16_t)len;
	memcpy(f->octets, frame, len);
	s->count++;
	return 0;
}

#endif
