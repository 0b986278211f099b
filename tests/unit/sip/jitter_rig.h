/* jitter_rig.h - a sender, a network and a line around a jitter buffer, in virtual time.  Include
 * after sip/jitter.c. */
#include <math.h>
#include <setjmp.h>
#include <spandsp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

enum { START_NS = 1000000000 };

/* Packets wait in a queue ordered by arrival. */
struct net {
	struct jitter j;
	uint64_t line_ns; /* time of the next tick */
	double packet_ns; /* between two packets by our clock */
	double next_send_ns;
	unsigned size; /* samples a packet */
	uint32_t ts;
	uint64_t arrive_ns[64]; /* packets on the way */
	uint32_t arrive_ts[64];
	unsigned on_way;
	uint32_t seed;
	unsigned percent;
	uint64_t (*delay_ns)(struct net *n, uint64_t sent_ns); /* UINT64_MAX = lost */
	void (*fill)(uint8_t *octets, uint32_t ts, unsigned count);
	/* measured */
	uint64_t played, idle, max_wait_ns;
	uint32_t min_delay_us, max_delay_us;
	uint8_t out[JITTER_TICK];
	void (*on_tick)(struct net *n);
	uint64_t (*tick_late_ns)(struct net *n); /* how late the next tick comes; NULL = in time */
};

static uint32_t rnd(struct net *n)
{
	n->seed = n->seed * 1664525u + 1013904223u;
	return n->seed >> 8;
}

static uint64_t no_delay(struct net *n, uint64_t sent_ns)
{
	return 0;
}

static void fill_count(uint8_t *octets, uint32_t ts, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		octets[i] = (uint8_t)((ts + i) * 7 + ((ts + i) >> 8));
}

static void net_init(struct net *n, unsigned size)
{
	memset(n, 0, sizeof(*n));
	jitter_init(&n->j, 2, 120);
	n->size = size;
	n->packet_ns = size * (double)SAMPLE_NS;
	n->line_ns = START_NS + 3 * MS_NS;
	n->next_send_ns = START_NS;
	n->ts = 0xffffff00u; /* wraps soon */
	n->delay_ns = no_delay;
	n->fill = fill_count;
	n->seed = 1;
}

static void send_due(struct net *n)
{
	while (n->next_send_ns <= (double)n->line_ns) {
		uint64_t sent = (uint64_t)n->next_send_ns, delay = n->delay_ns(n, sent);

		if (delay != UINT64_MAX) {
			assert_true(n->on_way < 64);
			n->arrive_ns[n->on_way] = sent + delay;
			n->arrive_ts[n->on_way++] = n->ts;
		}
		n->ts += n->size;
		n->next_send_ns += n->packet_ns;
	}
}

static void arrive_due(struct net *n)
{
	for (;;) {
		uint8_t octets[JITTER_PACKET_MAX];
		unsigned first = n->on_way;
		struct jitter_packet p;

		for (unsigned i = 0; i < n->on_way; i++)
			if (n->arrive_ns[i] <= n->line_ns &&
			    (first == n->on_way || n->arrive_ns[i] < n->arrive_ns[first]))
				first = i;
		if (first == n->on_way)
			return;
		n->fill(octets, n->arrive_ts[first], n->size);
		p = (struct jitter_packet){n->arrive_ts[first], n->arrive_ns[first], octets,
					   n->size};
		jitter_put(&n->j, &p);
		n->on_way--;
		memmove(&n->arrive_ns[first], &n->arrive_ns[first + 1],
			(n->on_way - first) * sizeof(n->arrive_ns[0]));
		memmove(&n->arrive_ts[first], &n->arrive_ts[first + 1],
			(n->on_way - first) * sizeof(n->arrive_ts[0]));
	}
}

static void run_ms(struct net *n, unsigned ms)
{
	uint64_t end = n->line_ns + (uint64_t)ms * MS_NS;

	while (n->line_ns < end) {
		uint64_t due_ns = n->line_ns;

		if (n->tick_late_ns != NULL)
			n->line_ns += n->tick_late_ns(n);
		send_due(n);
		arrive_due(n);
		if (jitter_play(&n->j, n->out, n->line_ns))
			n->played++;
		else
			n->idle++;
		if (jitter_delay_us(&n->j) > n->max_delay_us)
			n->max_delay_us = jitter_delay_us(&n->j);
		if (n->j.playing && jitter_delay_us(&n->j) < n->min_delay_us)
			n->min_delay_us = jitter_delay_us(&n->j);
		if (n->on_tick != NULL)
			n->on_tick(n);
		n->line_ns = due_ns + TICK_NS;
	}
}
