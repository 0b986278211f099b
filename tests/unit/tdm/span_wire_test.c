/* Two spans on loopback, driven in one thread on a clock of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tdm/span_wire.c"
#include <arpa/inet.h>
#include <net/if.h>

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
	struct wire *w;
	unsigned ticks;
	uint32_t mask;
	uint64_t sent, received; /* octets of every slot */
	uint8_t rx[TDM_SLOTS + 1][HISTORY];
};

struct pair {
	struct end a, b;
};

static uint16_t local_port(const struct wire *w)
{
	struct sockaddr_in6 addr;
	socklen_t len = sizeof(addr);
	assert_int_equal(getsockname(w->socket, (struct sockaddr *)&addr, &len), 0);
	return addr.sin6_port;
}

static void set_address(struct sockaddr_storage *ss, int family, uint16_t port)
{
	memset(ss, 0, sizeof(*ss));
	ss->ss_family = (sa_family_t)family;
	if (family == AF_INET) {
		struct sockaddr_in *in = (void *)ss;
		in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		in->sin_port = port;
	} else {
		struct sockaddr_in6 *in6 = (void *)ss;
		in6->sin6_addr = in6addr_loopback;
		in6->sin6_port = port;
	}
}

static void conf_for(struct tdm_span_conf *c, int family)
{
	tdm_span_conf_default(c);
	snprintf(c->name, sizeof(c->name), "t1-1");
	set_address(&c->wire.local, family, 0);
	set_address(&c->wire.peer, family, htons(9));
}

static void end_open(struct end *e, const struct tdm_span_conf *c)
{
	char err[128];
	memset(e, 0, sizeof(*e));
	assert_int_equal(tdm_span_open(&e->span, c, err, sizeof(err)), 0);
	e->w = (struct wire *)e->span;
	e->mask = 0x1fffffe & ~(UINT32_C(1) << c->dchan_slot);
}

static void pair_open(struct pair *p, int family, const struct tdm_span_conf *ca,
		      const struct tdm_span_conf *cb)
{
	end_open(&p->a, ca);
	end_open(&p->b, cb);
	set_address(&p->a.w->conf.peer, family, local_port(p->b.w));
	set_address(&p->b.w->conf.peer, family, local_port(p->a.w));
}

static struct pair *pair_new(const struct tdm_span_conf *conf)
{
	static struct pair p;
	pair_open(&p, conf->wire.local.ss_family, conf, conf);
	return &p;
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
static int64_t matching_delay(const struct end *e, uint64_t count)
{
	uint64_t from = e->received - count;
	for (int64_t delay = -800; delay < 800; delay++) {
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

static void octets_arrive_bit_exact_both_ways(void **state)
{
	struct tdm_span_conf c;
	conf_for(&c, AF_INET);
	struct pair *p = pair_new(&c);
	expect_bit_exact(p);
	assert_int_equal(counts_of(&p->a).tx_packets, 1499);
	/* A tick to fill, 1 ms to leave, the 2 to 3 ms of the buffer. */
	assert_in_range(matching_delay(&p->b, 800), 80 + 8, 80 + 8 + 24);
	pair_close(p);
}

static void ipv6_rtp_header_and_another_slot(void **state)
{
	struct tdm_span_conf c;
	conf_for(&c, AF_INET6);
	c.wire.rtp_header = true;
	c.dchan_slot = 3;
	struct pair *p = pair_new(&c);
	expect_bit_exact(p);
	uint8_t frame[TDM_FRAME_MAX];
	assert_int_equal(tdm_dchan_send(p->a.span, (const uint8_t *)"abcd", 4), 0);
	run_us(p, 20000, 1000);
	assert_int_equal(tdm_dchan_recv(p->b.span, frame, sizeof(frame)), 4);
	assert_memory_equal(frame, "abcd", 4);
	pair_close(p);
}

static void every_packet_size(void **state)
{
	static const unsigned sizes[] = {1, 2, 4, 5, 10, 16, 20, 40};
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct tdm_span_conf c;
		conf_for(&c, AF_INET);
		c.wire.frames_per_packet = sizes[i];
		struct pair *p = pair_new(&c);
		run_us(p, 1000000, 125);
		matching_delay(&p->a, 4000);
		matching_delay(&p->b, 4000);
		assert_int_equal(counts_of(&p->a).slips, 0);
		pair_close(p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(octets_arrive_bit_exact_both_ways),
		cmocka_unit_test(ipv6_rtp_header_and_another_slot),
		cmocka_unit_test(every_packet_size),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
