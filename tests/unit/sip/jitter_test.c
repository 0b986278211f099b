/* The jitter buffer in virtual time: packets are numbered samples, so what is played says which
 * sample it is and how long it waited. */
#include "sip/jitter.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

enum { TICK_NS = 10 * MS_NS, START_NS = 1000000000 };

/* A sender and a line: packets wait in a queue ordered by arrival. */
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
	uint64_t (*delay_ns)(struct net *n, uint64_t sent_ns); /* UINT64_MAX = lost */
	void (*fill)(uint8_t *octets, uint32_t ts, unsigned count);
	/* measured */
	uint64_t played, idle, max_wait_ns;
	uint32_t max_delay_us;
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

static void fill_tone(uint8_t *octets, uint32_t ts, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		octets[i] = linear_to_ulaw((int)(8000 * sin(2 * M_PI * 440 / 8000 * (ts + i))));
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
		if (n->on_tick != NULL)
			n->on_tick(n);
		n->line_ns = due_ns + TICK_NS;
	}
}

/* --- zero jitter --------------------------------------------------------------------------------
 */

static uint32_t expect_ts;

static void check_exact(struct net *n)
{
	uint8_t want[JITTER_TICK];

	if (!n->j.playing)
		return;
	fill_count(want, expect_ts, JITTER_TICK);
	assert_memory_equal(n->out, want, JITTER_TICK);
	expect_ts += JITTER_TICK;
}

static void zero_jitter_is_exact_and_quick(void **state)
{
	/* Every phase of arrival against tick, packets of whole ticks. */
	for (unsigned size = 80; size <= 960; size += 80) {
		for (unsigned phase_us = 0; phase_us < 10000; phase_us += 370) {
			struct net n;

			net_init(&n, size);
			n.line_ns = START_NS + phase_us * 1000;
			n.on_tick = check_exact;
			expect_ts = n.ts;
			run_ms(&n, 3000);
			assert_true(n.idle <= 2);
			assert_int_equal(n.j.concealed + n.j.late + n.j.overflow, 0);
			assert_int_equal(n.j.inserted + n.j.removed, 0);
			assert_in_range(n.max_delay_us, 2000, 12000);
		}
	}
}

static uint64_t check_from_ns;

/* For streams that do not begin with the first sample that came. */
static void check_exact_later(struct net *n)
{
	uint8_t want[JITTER_TICK];
	uint32_t ts = n->j.last_ts + (uint32_t)(n->j.play - JITTER_TICK - n->j.last_pos);

	if (!n->j.playing || n->line_ns < check_from_ns)
		return;
	fill_count(want, ts, JITTER_TICK);
	assert_memory_equal(n->out, want, JITTER_TICK);
}

static void odd_packet_sizes_play_exactly(void **state)
{
	static const unsigned sizes[] = {8, 17, 40, 88, 120, 200, 328, 959};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct net n;

		net_init(&n, sizes[i]);
		n.on_tick = check_exact_later;
		check_from_ns = 0;
		run_ms(&n, 5000);
		assert_int_equal(n.j.concealed + n.j.late + n.j.overflow, 0);
		assert_int_equal(n.j.inserted + n.j.removed, 0);
		assert_in_range(n.max_delay_us, 2000, 22100);
	}
}

/* --- jitter -------------------------------------------------------------------------------------
 */

static uint64_t uniform_20ms(struct net *n, uint64_t sent_ns)
{
	return 30 * MS_NS + rnd(n) % (20 * MS_NS);
}

static void uniform_jitter_is_ridden_out(void **state)
{
	struct net n;
	uint64_t late, concealed;

	net_init(&n, 160);
	n.delay_ns = uniform_20ms;
	run_ms(&n, 5000);
	late = n.j.late;
	concealed = n.j.concealed;
	n.max_delay_us = 0;
	run_ms(&n, 60000);
	assert_true(n.j.late - late <= 30); /* 1 % of 3000 */
	assert_true(n.j.concealed - concealed <= 60);
	assert_in_range(n.max_delay_us, 20000, 40000);
	assert_int_equal(n.j.restarts, 0);

	/* The jitter ends: the delay comes back to where no jitter ever was. */
	n.delay_ns = no_delay;
	run_ms(&n, 60000);
	late = n.j.late;
	concealed = n.j.concealed;
	n.max_delay_us = 0;
	run_ms(&n, 10000);
	assert_true(n.max_delay_us <= 13500);
	assert_int_equal(n.j.late, late);
	assert_int_equal(n.j.concealed, concealed);
}

static uint64_t stall_at_ns;
static uint64_t stall_ns;

static uint64_t stalled(struct net *n, uint64_t sent_ns)
{
	return sent_ns >= stall_at_ns && sent_ns < stall_at_ns + stall_ns
		       ? stall_at_ns + stall_ns - sent_ns
		       : 0;
}

static void stall_leaves_no_delay_behind(void **state)
{
	static const unsigned lengths_ms[] = {30, 100, 300, 900};

	for (unsigned i = 0; i < 4; i++) {
		struct net n;
		uint32_t before_us;

		net_init(&n, 160);
		n.delay_ns = stalled;
		stall_ns = lengths_ms[i] * (uint64_t)MS_NS;
		stall_at_ns = START_NS + 20000ull * MS_NS;
		run_ms(&n, 15000);
		before_us = jitter_delay_us(&n.j);
		run_ms(&n, 10000);
		assert_true(n.j.late > 0 || lengths_ms[i] > 200);
		/* One stall alone is no reason to wait longer. */
		assert_in_range(jitter_delay_us(&n.j), before_us - 500, before_us + 500);
		run_ms(&n, 5000);
		assert_int_equal(n.j.holes, 0);
		assert_true(n.played > 2500 - lengths_ms[i] / 10);
	}
}

/* A stall of 25 ms every second for 40 s, then none. */
static uint64_t many_stalls(struct net *n, uint64_t sent_ns)
{
	uint64_t ms = (sent_ns - START_NS) / MS_NS;

	return ms < 40000 && ms % 1000 < 25 ? (25 - ms % 1000) * MS_NS : 0;
}

static void delay_comes_back_after_many_stalls(void **state)
{
	struct net n;

	net_init(&n, 160);
	n.delay_ns = many_stalls;
	run_ms(&n, 40000);
	assert_true(n.max_delay_us <= 45000);
	run_ms(&n, 35000);
	assert_true(jitter_delay_us(&n.j) <= 13500);
}

static uint64_t longer_route(struct net *n, uint64_t sent_ns)
{
	return sent_ns < START_NS + 10000ull * MS_NS ? 5 * MS_NS : 70 * MS_NS;
}

static void longer_route_is_followed_at_once(void **state)
{
	struct net n;

	net_init(&n, 160);
	n.delay_ns = longer_route;
	run_ms(&n, 10000);
	assert_int_equal(n.j.concealed, 0);
	run_ms(&n, 1000);
	assert_true(n.j.late <= 12);
	n.max_delay_us = 0;
	run_ms(&n, 60000);
	assert_true(n.j.late <= 12);
	n.max_delay_us = 0;
	run_ms(&n, 1000);
	assert_true(n.max_delay_us <= 13500);
}

/* Ours is the machine that stalls: 25 ms twice a second, caught up at once; 1 ms always. */
static uint64_t busy_machine(struct net *n)
{
	uint64_t ms = (n->line_ns - START_NS) / MS_NS % 500;

	return (ms < 25 ? (25 - ms) * MS_NS : 0) + rnd(n) % MS_NS;
}

static void late_ticks_cost_nothing(void **state)
{
	struct net n;

	net_init(&n, 160);
	n.tick_late_ns = busy_machine;
	run_ms(&n, 2000); /* the first tick of all was a late one */
	n.j.concealed = n.j.late = n.j.inserted = n.j.removed = n.max_delay_us = 0;
	n.on_tick = check_exact_later;
	check_from_ns = 0;
	run_ms(&n, 120000);
	assert_int_equal(n.j.concealed + n.j.late + n.j.overflow, 0);
	assert_int_equal(n.j.inserted + n.j.removed, 0);
	assert_true(n.max_delay_us <= 13500);
}

/* --- loss, order
 * ---------------------------------------------------------------------------------- */

static uint64_t lose_burst(struct net *n, uint64_t sent_ns)
{
	uint64_t ms = (sent_ns - START_NS) / MS_NS;

	return ms >= 1000 && ms < 1060 ? UINT64_MAX : 0;
}

static double energy(const uint8_t *octets)
{
	double e = 0;

	for (int i = 0; i < JITTER_TICK; i++)
		e += ulaw_to_linear(octets[i]) * (double)ulaw_to_linear(octets[i]);
	return e;
}

static unsigned tick_no;
static double tick_energy[1000];

static void note_energy(struct net *n)
{
	tick_energy[tick_no++ % 1000] = energy(n->out);
}

static void lost_burst_is_concealed(void **state)
{
	struct net n;
	unsigned hole = 0;

	net_init(&n, 160);
	n.fill = fill_tone;
	n.delay_ns = lose_burst;
	n.on_tick = note_energy;
	tick_no = 0;
	run_ms(&n, 3000);
	assert_int_equal(n.j.concealed, 6);
	for (unsigned i = 90; i < 120 && hole == 0; i++)
		if (tick_energy[i] < 0.97 * tick_energy[50])
			hole = i;
	assert_in_range(hole, 99, 103);
	/* The tone goes on into the hole and fades. */
	assert_true(tick_energy[hole] > 0.5 * tick_energy[50]);
	assert_true(tick_energy[hole + 5] < 0.02 * tick_energy[50]);
	assert_true(tick_energy[hole + 8] > 0.9 * tick_energy[50]);
	assert_int_equal(n.j.inserted + n.j.removed, 0);
}

static uint64_t swap_pairs(struct net *n, uint64_t sent_ns)
{
	return (sent_ns - START_NS) / (20 * MS_NS) % 2 == 0 ? 25 * MS_NS : 0;
}

static void swapped_packets_play_in_order(void **state)
{
	struct net n;
	uint64_t late;

	net_init(&n, 160);
	n.delay_ns = swap_pairs;
	n.on_tick = check_exact_later;
	check_from_ns = START_NS + 5000ull * MS_NS;
	run_ms(&n, 5000);
	late = n.j.late;
	run_ms(&n, 10000);
	assert_int_equal(n.j.late, late);
}

static void pause_is_no_loss_and_starts_afresh(void **state)
{
	struct net n;

	net_init(&n, 160);
	run_ms(&n, 2000);
	n.next_send_ns += 700.0 * MS_NS; /* silence suppressed: time goes on, so does ts */
	n.ts += 5600;
	run_ms(&n, 2000);
	assert_int_equal(n.j.concealed + n.j.late + n.j.overflow + n.j.restarts, 0);
	assert_true(n.idle > 40 && n.idle < 60);
	assert_true(n.max_delay_us <= 12000);
}

/* --- another stream
 * --------------------------------------------------------------------------------- */

static void timestamp_leap_starts_afresh(void **state)
{
	static const uint32_t leaps[] = {100000, (uint32_t)-100000, 2000, (uint32_t)-2000,
					 1u << 31};

	for (unsigned i = 0; i < 5; i++) {
		struct net n;
		uint64_t played;

		net_init(&n, 160);
		run_ms(&n, 5000);
		n.ts += leaps[i];
		run_ms(&n, 1000);
		played = n.played;
		n.on_tick = check_exact_later;
		check_from_ns = 0;
		run_ms(&n, 2000);
		assert_int_equal(n.played, played + 200);
		assert_true(jitter_delay_us(&n.j) <= 12000);
	}
}

static void restart_forgets_timing(void **state)
{
	struct net n;

	net_init(&n, 160);
	n.delay_ns = uniform_20ms;
	run_ms(&n, 5000);
	jitter_restart(&n.j);
	n.delay_ns = no_delay;
	n.on_way = 0;
	n.ts += 123456789;
	n.max_delay_us = 0;
	n.idle = 0;
	run_ms(&n, 2000);
	assert_true(n.max_delay_us <= 12000);
	assert_true(n.idle <= 3);
}

static void flood_overflows_and_recovers(void **state)
{
	struct net n;
	uint64_t overflow;

	net_init(&n, 160);
	run_ms(&n, 1000);
	n.packet_ns /= 4; /* four times as fast as it may */
	run_ms(&n, 2000);
	overflow = n.j.overflow;
	assert_true(overflow > 0);
	n.packet_ns *= 4;
	run_ms(&n, 2000);
	overflow = n.j.overflow;
	run_ms(&n, 30000);
	assert_int_equal(n.j.overflow, overflow);
	assert_true(jitter_delay_us(&n.j) <= 130000);
}

/* --- drift
 * ------------------------------------------------------------------------------------------ */

static void hour_of_drift(int ppm)
{
	struct net n;

	net_init(&n, 160);
	n.packet_ns *= 1 - ppm * 1e-6;
	n.fill = fill_tone;
	run_ms(&n, 60000);
	n.max_delay_us = 0;
	run_ms(&n, 3540000);
	assert_int_equal(n.j.concealed + n.j.late + n.j.overflow + n.j.restarts, 0);
	assert_true(n.max_delay_us <= 14000);
	assert_in_range(n.j.drift_ppb + 1000000, 1000000 + ppm * 1000 - 5000,
			1000000 + ppm * 1000 + 5000);
	/* 3600 s at 200 ppm are 5760 samples, give or take a tick on the way. */
	if (ppm > 0)
		assert_in_range(n.j.removed, 28 * (unsigned)ppm, 30 * (unsigned)ppm);
	else
		assert_in_range(n.j.inserted, 28 * (unsigned)-ppm, 30 * (unsigned)-ppm);
	assert_true(ppm > 0 ? n.j.inserted < 100 : n.j.removed < 100);
}

static void fast_peer_for_an_hour(void **state)
{
	hour_of_drift(200);
}

static void slow_peer_for_an_hour(void **state)
{
	hour_of_drift(-200);
}

/* --- pieces
 * ------------------------------------------------------------------------------------------ */

static void cut_is_smooth(void **state)
{
	struct jitter j;
	uint8_t octets[160], out[JITTER_TICK];
	int last = 0;

	/* Growing and shrinking by one sample at a time never makes a step a tone does not have. */
	for (int wanted = -1; wanted <= 1; wanted += 2) {
		struct jitter_packet p = {0, START_NS, octets, 160};

		jitter_init(&j, 2, 120);
		fill_tone(octets, 0, 160);
		jitter_put(&j, &p);
		assert_true(play_adjusted(&j, out, wanted));
		assert_int_equal(j.play, JITTER_TICK - wanted);
		last = ulaw_to_linear(out[0]);
		for (int i = 1; i < JITTER_TICK; i++) {
			assert_true(abs(ulaw_to_linear(out[i]) - last) < 3100);
			last = ulaw_to_linear(out[i]);
		}
	}
}

static void silence_is_cut_faster(void **state)
{
	struct jitter j;
	uint8_t octets[160], out[JITTER_TICK];
	struct jitter_packet p = {0, START_NS, octets, 160};

	jitter_init(&j, 2, 120);
	memset(octets, 0xff, 160);
	jitter_put(&j, &p);
	assert_true(play_adjusted(&j, out, -40));
	assert_int_equal(j.play, JITTER_TICK + QUIET_CUT);
	/* Not enough left to cut: played plainly by the caller. */
	assert_false(play_adjusted(&j, out, -40));
	assert_int_equal(j.play, JITTER_TICK + QUIET_CUT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zero_jitter_is_exact_and_quick),
		cmocka_unit_test(odd_packet_sizes_play_exactly),
		cmocka_unit_test(uniform_jitter_is_ridden_out),
		cmocka_unit_test(stall_leaves_no_delay_behind),
		cmocka_unit_test(delay_comes_back_after_many_stalls),
		cmocka_unit_test(longer_route_is_followed_at_once),
		cmocka_unit_test(late_ticks_cost_nothing),
		cmocka_unit_test(lost_burst_is_concealed),
		cmocka_unit_test(swapped_packets_play_in_order),
		cmocka_unit_test(pause_is_no_loss_and_starts_afresh),
		cmocka_unit_test(timestamp_leap_starts_afresh),
		cmocka_unit_test(restart_forgets_timing),
		cmocka_unit_test(flood_overflows_and_recovers),
		cmocka_unit_test(fast_peer_for_an_hour),
		cmocka_unit_test(slow_peer_for_an_hour),
		cmocka_unit_test(cut_is_smooth),
		cmocka_unit_test(silence_is_cut_faster),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
