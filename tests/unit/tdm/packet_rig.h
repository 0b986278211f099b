/* Two spans of packets joined, driven in one thread on a clock of the test's own; the network between
 * them loses and swaps what it is told to.  For tests of backends on tdm/packet_span.h. */
#ifndef TEST_TDM_PACKET_RIG_H
#define TEST_TDM_PACKET_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <sys/socket.h>

static ssize_t rig_sendto(int fd, const void *data, size_t octets, int flags,
			  const struct sockaddr *to, socklen_t to_len);
#define sendto rig_sendto
#include "tdm/packet_socket.c"
#undef sendto
#include "tdm/packet_span.h"

static int losing = -1;   /* socket: what it sends is lost */
static int swapping = -1; /* socket: its next packet goes behind the one after */

static ssize_t rig_sendto(int fd, const void *data, size_t octets, int flags,
			  const struct sockaddr *to, socklen_t to_len)
{
	static uint8_t held[TDM_PACKET_OCTETS_MAX];
	static size_t held_octets;

	if (fd == losing)
		return (ssize_t)octets;
	if (fd == swapping && held_octets == 0) {
		memcpy(held, data, octets);
		held_octets = octets;
		return (ssize_t)octets;
	}
	ssize_t sent = sendto(fd, data, octets, flags, to, to_len);
	if (fd == swapping) {
		assert_int_equal(sendto(fd, held, held_octets, flags, to, to_len), held_octets);
		held_octets = 0;
		swapping = -1;
	}
	return sent;
}

static uint64_t test_ns;

/* Ours before libc's: spans live in test time.  Kernel time stamps then lie in the future, which
 * makes every packet's age 0. */
int clock_gettime(clockid_t id, struct timespec *ts)
{
	ts->tv_sec = (time_t)(test_ns / 1000000000u);
	ts->tv_nsec = (long)(test_ns % 1000000000u);
	return 0;
}

enum { HISTORY = 1 << 15 };

struct end {
	struct tdm_span *span;
	struct tdm_packet_span *packets; /* the same */
	unsigned ticks;
	uint32_t mask;
	uint64_t sent, received; /* octets of every slot */
	uint8_t rx[TDM_SLOTS + 1][HISTORY];
};

struct pair {
	struct end a, b;
};

static void end_open(struct end *e, const struct tdm_span_conf *c)
{
	char err[128];
	memset(e, 0, sizeof(*e));
	assert_int_equal(tdm_span_open(&e->span, c, err, sizeof(err)), 0);
	e->packets = (struct tdm_packet_span *)e->span;
	e->mask = 0x1fffffe & ~(UINT32_C(1) << c->dchan_slot);
}

static void pair_close(struct pair *p)
{
	tdm_span_close(p->a.span);
	tdm_span_close(p->b.span);
}

/* No two slots, and no two places of a slot within 64 k octets, follow each other alike. */
static uint8_t pattern(unsigned slot, uint64_t place)
{
	uint32_t x = (uint32_t)place * 2654435761u + slot * 40503u;
	return (uint8_t)(x >> 24 ^ x >> 13);
}

static void end_service(struct end *e)
{
	while (tdm_span_service(e->span) > 0) {
		tdm_tick rx, tx;
		memset(rx, 0x55, sizeof(rx));
		for (unsigned slot = 1; slot <= TDM_SLOTS; slot++)
			for (unsigned i = 0; i < TDM_TICK_OCTETS; i++)
				tx[slot][i] = pattern(slot, e->sent + i);
		tdm_span_exchange(e->span, e->mask, rx, tx);
		for (unsigned slot = 1; slot <= TDM_SLOTS; slot++)
			for (unsigned i = 0; i < TDM_TICK_OCTETS; i++)
				e->rx[slot][(e->received + i) % HISTORY] = rx[slot][i];
		e->sent += TDM_TICK_OCTETS;
		e->received += TDM_TICK_OCTETS;
		e->ticks++;
	}
}

static void run_us(struct pair *p, unsigned us, unsigned step_us)
{
	for (unsigned t = 0; t < us; t += step_us) {
		test_ns += step_us * UINT64_C(1000);
		end_service(&p->a);
		end_service(&p->b);
	}
}

/* The delay in octets from the exchange that gave them to the exchange that returned them, found in
 * slot 1 and then required of count octets of all. */
static int64_t matching_delay_from(const struct end *e, uint64_t count, int64_t least)
{
	uint64_t from = e->received - count;
	for (int64_t delay = least; delay < least + 1600; delay++) {
		unsigned same = 0;
		while (same < count && e->rx[1][(from + same) % HISTORY] ==
					       pattern(1, from + same - (uint64_t)delay))
			same++;
		if (same < count)
			continue;
		for (unsigned slot = 2; slot <= TDM_SLOTS; slot++)
			for (uint64_t i = 0; i < count && (e->mask & 1u << slot); i++)
				assert_int_equal(e->rx[slot][(from + i) % HISTORY],
						 pattern(slot, from + i - (uint64_t)delay));
		return delay;
	}
	fail_msg("%s: the pattern sent is not what is received", tdm_span_name(e->span));
	return 0;
}

static int64_t matching_delay(const struct end *e, uint64_t count)
{
	return matching_delay_from(e, count, -800);
}

static struct tdm_span_counts counts_of(const struct end *e)
{
	struct tdm_span_counts c;
	tdm_span_counts(e->span, &c);
	return c;
}

static void expect_bit_exact(struct pair *p)
{
	run_us(p, 500000, 1000);
	int64_t ab = matching_delay(&p->b, 2400), ba = matching_delay(&p->a, 2400);
	assert_int_equal(tdm_span_alarms(p->a.span), 0);
	assert_int_equal(tdm_span_alarms(p->b.span), 0);
	assert_int_equal(p->a.ticks, 49);
	run_us(p, 1000000, 1000);
	assert_int_equal(matching_delay(&p->b, 8000 - 80), ab);
	assert_int_equal(matching_delay(&p->a, 8000 - 80), ba);
	struct tdm_span_counts c = counts_of(&p->a);
	assert_int_equal(c.lost + c.reordered + c.duplicate + c.late + c.slips + c.underruns, 0);
	assert_int_equal(c.malformed + c.foreign + c.tx_errors + c.late_ticks, 0);
}

#endif
