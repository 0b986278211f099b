/* The jitter buffer in virtual time: packets are numbered samples, so what is played says which
 * sample it is and how long it waited. */
#include "sip/jitter.c"

#include "tests/unit/sip/jitter_rig.h"

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

static void an_hour_is_exact_and_as_quick_as_its_beginning(void **state)
{
	static const unsigned ptimes_ms[] = {10, 20, 30, 60};

	for (unsigned i = 0; i < 4; i++) {
		struct net n;

		net_init(&n, ptimes_ms[i] * 8);
		n.on_tick = check_exact;
		expect_ts = n.ts;
		run_ms(&n, 1000);
		n.min_delay_us = n.max_delay_us;
		run_ms(&n, 3600000);
		assert_int_equal(n.min_delay_us, n.max_delay_us);
		assert_int_equal(n.j.changes + n.j.concealed + n.j.late + n.j.restarts, 0);
		assert_true(n.idle <= 2);
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

/* --- data ---------------------------------------------------------------------------------------
 */

static unsigned ticks_of_ones;

static uint64_t one_in_ten_lost(struct net *n, uint64_t sent_ns)
{
	return rnd(n) % 10 == 0 && sent_ns > START_NS + 500000000 ? UINT64_MAX : 0;
}

/* Each octet is the one that was sent, or 0xff in its place. */
static void check_exact_or_ones(struct net *n)
{
	uint8_t want[JITTER_TICK];

	if (!n->j.playing)
		return;
	fill_count(want, expect_ts, JITTER_TICK);
	if (memcmp(n->out, want, JITTER_TICK) != 0) {
		memset(want, 0xff, JITTER_TICK);
		ticks_of_ones++;
		assert_memory_equal(n->out, want, JITTER_TICK);
	}
	expect_ts += JITTER_TICK;
}

static void open_data(struct net *n)
{
	net_init(n, 160);
	jitter_set_data(&n->j, true);
	n->on_tick = check_exact_or_ones;
	expect_ts = n->ts;
	ticks_of_ones = 0;
}

static void lost_data_are_ones_in_their_place(void **state)
{
	struct net n;

	open_data(&n);
	n.delay_ns = one_in_ten_lost;
	run_ms(&n, 60000);
	assert_in_range(ticks_of_ones, 500, 700); /* a tenth of 6,000 */
	assert_int_equal(n.j.changes + n.j.late + n.j.overflow, 0);
	assert_in_range(n.max_delay_us, 20000, 32000);
}

static uint64_t uniform_15ms(struct net *n, uint64_t sent_ns)
{
	return 30 * MS_NS + rnd(n) % (15 * MS_NS);
}

static void data_ride_jitter_out_without_a_slip(void **state)
{
	struct net n;

	open_data(&n);
	n.delay_ns = uniform_15ms;
	run_ms(&n, 600000);
	assert_int_equal(ticks_of_ones, 0);
	assert_int_equal(n.j.changes + n.j.late + n.j.overflow, 0);
}

/* A clock that is off by 50 ppm either way: pieces are added or left out, minutes apart. */
static void data_slip_seldom(void **state)
{
	static const double off[] = {1 - 50e-6, 1 + 50e-6};

	for (unsigned i = 0; i < 2; i++) {
		struct net n;

		open_data(&n);
		n.on_tick = NULL;
		n.packet_ns *= off[i];
		run_ms(&n, 3600000);
		assert_in_range(n.j.changes, 1, 10);
		assert_int_equal(i == 0 ? n.j.inserted : n.j.removed, 0);
		assert_true(n.max_delay_us < 110000);
		assert_int_equal(n.j.overflow, 0);
	}
}

/* The same buffer has audio again: by its old margin. */
static void audio_after_data(void **state)
{
	struct net n;

	open_data(&n);
	jitter_set_data(&n.j, false);
	n.on_tick = check_exact;
	run_ms(&n, 3000);
	assert_in_range(n.max_delay_us, 2000, 12000);
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

	/* The jitter ends: the delay comes back to where no jitter ever was, but for less than
	 * a tick, as this noise has no quiet place nor one like another. */
	n.delay_ns = no_delay;
	run_ms(&n, 60000);
	late = n.j.late;
	concealed = n.j.concealed;
	n.max_delay_us = 0;
	run_ms(&n, 10000);
	assert_true(n.max_delay_us <= 21500);
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

static void fill_silence(uint8_t *octets, uint32_t ts, unsigned count)
{
	memset(octets, 0xff, count);
}

/* The line skips 40 ms: what waited longer for that is not kept waiting. */
static void missed_ticks_leave_no_delay_behind(void **state)
{
	struct net n;
	uint32_t before_us;

	net_init(&n, 160);
	n.fill = fill_silence;
	run_ms(&n, 5000);
	before_us = jitter_delay_us(&n.j);
	n.line_ns += 40 * MS_NS;
	run_ms(&n, 3000);
	/* But for one step: so much may stay, lest the delay changes too often. */
	assert_in_range(jitter_delay_us(&n.j), before_us - 500, before_us + 10500);
	assert_int_equal(n.j.concealed + n.j.late + n.j.overflow, 0);
	assert_in_range(n.j.changes, 1, 4);
}

/* --- loss, order --------------------------------------------------------------------------------
 */

static unsigned lost;

static uint64_t lose_some(struct net *n, uint64_t sent_ns)
{
	if (sent_ns < START_NS + 1000ull * MS_NS || rnd(n) % 100 >= n->percent)
		return 0;
	lost++;
	return UINT64_MAX;
}

/* Octets of packets that came, but for the fade after a hole. */
static void check_what_came(struct net *n)
{
	static unsigned since_hole;
	uint8_t want[JITTER_TICK];

	since_hole = n->j.conceal.active ? 0 : since_hole + 1;
	if (!n->j.playing || since_hole < 2)
		return;
	fill_count(want, n->j.last_ts + (uint32_t)(n->j.play - JITTER_TICK - n->j.last_pos),
		   JITTER_TICK);
	assert_memory_equal(n->out, want, JITTER_TICK);
}

static void losses_change_nothing_else(void **state)
{
	for (unsigned percent = 1; percent <= 5; percent += 2) {
		struct net n;

		net_init(&n, 160);
		n.percent = percent;
		n.delay_ns = lose_some;
		n.on_tick = check_what_came;
		lost = 0;
		run_ms(&n, 60000);
		assert_in_range(lost, percent * 15, percent * 50);
		assert_in_range(n.j.concealed, 2 * lost - 2, 2 * lost);
		assert_int_equal(n.j.changes + n.j.late + n.j.overflow + n.j.restarts, 0);
		assert_true(n.max_delay_us <= 12000);
	}
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

/* --- another stream -----------------------------------------------------------------------------
 */

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

/* --- anything -----------------------------------------------------------------------------------
 */

/* Packets of any size with any timestamps, at any time, and ticks that come as they like: mostly
 * near what is right, so that they are not all refused. */
static void anything_is_survived(void **state)
{
	struct net n;
	uint64_t now_ns = START_NS, changes = 0, restarts = 0;
	uint32_t ts = 0;

	net_init(&n, 160);
	for (unsigned round = 0; round < 60000; round++) {
		uint8_t octets[JITTER_PACKET_MAX];
		struct jitter_packet p = {ts, now_ns, octets, 160};

		if (round % 5000 == 0)
			jitter_init(&n.j, rnd(&n) % 500, rnd(&n) % 1100);
		if (rnd(&n) % 40 == 0)
			p.count = rnd(&n) % (JITTER_PACKET_MAX + 2);
		if (rnd(&n) % 50 == 0)
			p.ts += rnd(&n) % 2000 - 1000;
		if (rnd(&n) % 2000 == 0)
			p.ts = ts = rnd(&n) << 8;
		if (rnd(&n) % 50 == 0)
			p.arrival_ns -= rnd(&n) % (200 * MS_NS);
		fill_count(octets, p.ts, JITTER_PACKET_MAX);
		if (rnd(&n) % 3 != 0)
			jitter_put(&n.j, &p);
		ts += rnd(&n) % 100 == 0 ? 0 : 160;
		for (unsigned ticks = rnd(&n) % 50 == 0 ? rnd(&n) % 30 : 2; ticks > 0; ticks--) {
			jitter_play(&n.j, n.out, now_ns + rnd(&n) % (4 * MS_NS));
			now_ns += rnd(&n) % 1000 == 0 ? rnd(&n) : 10 * MS_NS;
			assert_true(n.j.newest - n.j.play <= JITTER_RING);
		}
		changes |= n.j.changes;
		restarts |= n.j.restarts;
	}
	assert_true(changes > 0 && restarts > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zero_jitter_is_exact_and_quick),
		cmocka_unit_test(an_hour_is_exact_and_as_quick_as_its_beginning),
		cmocka_unit_test(odd_packet_sizes_play_exactly),
		cmocka_unit_test(lost_data_are_ones_in_their_place),
		cmocka_unit_test(data_ride_jitter_out_without_a_slip),
		cmocka_unit_test(data_slip_seldom),
		cmocka_unit_test(audio_after_data),
		cmocka_unit_test(uniform_jitter_is_ridden_out),
		cmocka_unit_test(stall_leaves_no_delay_behind),
		cmocka_unit_test(delay_comes_back_after_many_stalls),
		cmocka_unit_test(longer_route_is_followed_at_once),
		cmocka_unit_test(late_ticks_cost_nothing),
		cmocka_unit_test(missed_ticks_leave_no_delay_behind),
		cmocka_unit_test(losses_change_nothing_else),
		cmocka_unit_test(swapped_packets_play_in_order),
		cmocka_unit_test(pause_is_no_loss_and_starts_afresh),
		cmocka_unit_test(timestamp_leap_starts_afresh),
		cmocka_unit_test(restart_forgets_timing),
		cmocka_unit_test(flood_overflows_and_recovers),
		cmocka_unit_test(anything_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
