/* The jitter buffer alone, and with the pace that follows it: hours in test time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tdm/pace.h"
#include "tdm/packet_buffer.c"

enum { OCTETS = 8, QUEUE = 64 };

static const uint64_t base_ns = UINT64_C(1000000000);

/* A far end that sends packet n at base + n * interval, through a network that delays each by
 * delay(n), or loses it; and our end, which plays. */
struct sim {
	struct tdm_packet_buffer *b;
	struct tdm_pace pace;
	bool line;
	double interval_ns;           /* of the far end, by our clock */
	uint64_t sent;                /* packets */
	uint16_t first;               /* sequence number of packet 0 */
	int64_t (*delay)(uint64_t n); /* < 0 = lost */
	struct {
		uint64_t at_ns;
		uint64_t n;
	} queue[QUEUE];
	unsigned queued;
	/* What was heard. */
	uint64_t played, idle;
	uint64_t last; /* number of the packet played last */
	bool out_of_order;
	int64_t delay_ns, delay_max_ns; /* from sending to playing */
};

static uint64_t packet_ns = 1000000;

static void begin(struct sim *s, double ppm, bool line)
{
	struct tdm_packet_buffer_conf conf = {packet_ns, OCTETS, 2 * MS_NS, 10 * MS_NS, line};
	memset(s, 0, sizeof(*s));
	tdm_pace_init(&s->pace, packet_ns, base_ns + 300000);
	assert_int_equal(tdm_packet_buffer_new(&s->b, &conf, s->pace.due_ns), 0);
	s->line = line;
	s->first = 65000; /* wraps early */
	s->interval_ns = (double)packet_ns / (1.0 + ppm * 1e-6);
}

static void end(struct sim *s)
{
	tdm_packet_buffer_free(s->b);
}

static uint64_t sent_at(const struct sim *s, uint64_t n)
{
	return base_ns + (uint64_t)((double)n * s->interval_ns);
}

static void send_until(struct sim *s, uint64_t now_ns)
{
	for (; sent_at(s, s->sent) <= now_ns; s->sent++) {
		int64_t delay = s->delay != NULL ? s->delay(s->sent) : 0;
		if (delay < 0)
			continue;
		uint64_t at = sent_at(s, s->sent) + (uint64_t)delay;
		assert_true(s->queued < QUEUE);
		unsigned i = s->queued++;
		for (; i > 0 && s->queue[i - 1].at_ns > at; i--)
			s->queue[i] = s->queue[i - 1];
		s->queue[i].at_ns = at;
		s->queue[i].n = s->sent;
	}
}

static void deliver(struct sim *s, uint64_t now_ns)
{
	unsigned done = 0;
	for (; done < s->queued && s->queue[done].at_ns <= now_ns; done++) {
		uint64_t n = s->queue[done].n;
		tdm_packet_buffer_put(s->b, (uint16_t)(s->first + n), s->queue[done].at_ns, 0,
				      (const uint8_t *)&n);
	}
	memmove(s->queue, s->queue + done, (s->queued - done) * sizeof(s->queue[0]));
	s->queued -= done;
}

static void instant(struct sim *s)
{
	uint64_t now = s->pace.due_ns;
	struct tdm_packet_play p;
	int64_t error;

	send_until(s, now);
	deliver(s, now);
	tdm_pace_step(&s->pace);
	tdm_packet_buffer_play(s->b, s->pace.due_ns, &p);
	if (p.received) {
		uint64_t n;
		memcpy(&n, p.payload, sizeof(n));
		s->out_of_order |= s->played > 0 && n <= s->last;
		s->last = n;
		s->delay_ns = (int64_t)(now - sent_at(s, n));
		if (s->delay_ns > s->delay_max_ns)
			s->delay_max_ns = s->delay_ns;
		s->played++;
	} else {
		s->idle++;
	}
	if (tdm_packet_buffer_error(s->b, &error))
		tdm_pace_discipline(&s->pace, error, TDM_PACKET_WINDOW_MS);
}

static void run_ms(struct sim *s, uint64_t ms)
{
	uint64_t until = s->pace.due_ns + ms * MS_NS;
	while (s->pace.due_ns < until)
		instant(s);
}

static const struct tdm_packet_buffer_stats *st(const struct sim *s)
{
	return tdm_packet_buffer_stats(s->b);
}

static void in_order_nothing_is_counted(void **state)
{
	struct sim s;
	begin(&s, 0, false);
	run_ms(&s, 70000); /* the sequence wraps twice */
	assert_in_range(s.idle, 2, 6);
	assert_false(s.out_of_order);
	assert_in_range(s.delay_ns, 2000000, 3000000);
	assert_int_equal(s.delay_ns, s.delay_max_ns);
	assert_int_equal(st(&s)->lost + st(&s)->reordered + st(&s)->duplicate + st(&s)->late +
				 st(&s)->underruns + st(&s)->slips,
			 0);
	end(&s);
}

static int64_t lose_every_tenth(uint64_t n)
{
	return n % 10 == 7 ? -1 : 0;
}

static void lost_packets_play_as_idle(void **state)
{
	struct sim s;
	begin(&s, 0, false);
	s.delay = lose_every_tenth;
	run_ms(&s, 10100);
	assert_false(s.out_of_order);
	assert_in_range(st(&s)->lost, 1000, 1010);
	assert_in_range(st(&s)->underruns, 1000, 1010);
	assert_int_equal(st(&s)->late + st(&s)->slips, 0);
	assert_in_range(s.delay_max_ns, 2000000, 3000000);
	end(&s);
}

static int64_t swap_pairs(uint64_t n)
{
	return n % 4 == 1 ? 1500000 : 0; /* after the next */
}

static void reordered_packets_play_in_order(void **state)
{
	struct sim s;
	begin(&s, 0, false);
	s.delay = swap_pairs;
	run_ms(&s, 10000);
	assert_false(s.out_of_order);
	assert_in_range(st(&s)->reordered, 2490, 2502);
	assert_int_equal(st(&s)->lost + st(&s)->late + st(&s)->underruns, 0);
	end(&s);
}

static void duplicates_and_old_packets_do_nothing(void **state)
{
	struct sim s;
	begin(&s, 0, false);
	run_ms(&s, 1000);
	uint64_t junk = 0;
	for (unsigned i = 0; i < 2000; i++) {
		instant(&s);
		uint16_t now = (uint16_t)(s.first + s.sent);
		tdm_packet_buffer_put(s.b, (uint16_t)(now - 1), s.pace.due_ns, 0,
				      (const uint8_t *)&junk);
		/* A recording of what was sent 100 ms ago, in its order, and one far ahead. */
		tdm_packet_buffer_put(s.b, (uint16_t)(now - 100), s.pace.due_ns, 0,
				      (const uint8_t *)&junk);
		tdm_packet_buffer_put(s.b, (uint16_t)(now + 30), s.pace.due_ns, 0,
				      (const uint8_t *)&junk);
		tdm_packet_buffer_put(s.b, (uint16_t)(now + 5000), s.pace.due_ns, 0,
				      (const uint8_t *)&junk);
	}
	assert_false(s.out_of_order);
	assert_in_range(s.idle, 2, 6);
	assert_int_equal(st(&s)->duplicate, 2000);
	assert_int_equal(st(&s)->late, 6000);
	assert_int_equal(st(&s)->slips + st(&s)->lost, 0);
	end(&s);
}

static void a_restarted_far_end_is_followed(void **state)
{
	static const uint16_t jumps[] = {1,     5,     20,    60,    100,  1000,
					 32767, 32768, 40000, 65000, 65530};
	for (size_t i = 0; i < sizeof(jumps) / sizeof(jumps[0]); i++) {
		struct sim s;
		begin(&s, 0, false);
		run_ms(&s, 2000);
		uint64_t idle = s.idle;
		s.first = (uint16_t)(s.first + jumps[i]);
		run_ms(&s, 2000);
		assert_false(s.out_of_order);
		assert_in_range(s.idle - idle, 0, 40); /* ms of silence */
		idle = s.idle;
		run_ms(&s, 2000);
		assert_int_equal(s.idle, idle);
		assert_in_range(s.delay_ns, 2000000, 3300000);
		end(&s);
	}
}

static uint64_t random_state;

static int64_t random_below(int64_t limit)
{
	random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (int64_t)((random_state >> 33) % (uint64_t)limit);
}

static int64_t jitter_6_ms(uint64_t n)
{
	return n > 5000 && n < 60000 ? random_below(6000000) : 0;
}

static void jitter_widens_the_target_and_calm_narrows_it(void **state)
{
	struct sim s;
	begin(&s, 0, false);
	s.delay = jitter_6_ms;
	run_ms(&s, 20000);
	assert_in_range(st(&s)->target_ns, 6000000, 9000000);
	uint64_t idle = s.idle, late = st(&s)->late;
	run_ms(&s, 40000);
	assert_int_equal(s.idle, idle);
	assert_int_equal(st(&s)->late, late);
	assert_in_range(s.delay_max_ns, 6000000, 10000000);
	run_ms(&s, 600000);
	assert_in_range(st(&s)->target_ns, 2000000, 3000000);
	assert_in_range(s.delay_ns, 2000000, 3000000);
	assert_in_range(st(&s)->slips, 8, 20);
	assert_false(s.out_of_order);
	end(&s);
}

static int64_t jitter_30_ms(uint64_t n)
{
	return random_below(30000000);
}

static void the_delay_never_passes_the_maximum(void **state)
{
	struct sim s;
	begin(&s, 0, false);
	s.delay = jitter_30_ms;
	run_ms(&s, 60000);
	assert_in_range(st(&s)->target_ns, 2000000, 10000000);
	/* A packet that came at once lies here for the target; and a window's drift. */
	assert_in_range(s.delay_max_ns, 1, 30000000 + 10000000);
	assert_true(st(&s)->late > 1000);
	assert_false(s.out_of_order);
	end(&s);
}

static uint64_t stall_every;

static int64_t stall_of_8_ms(uint64_t n)
{
	uint64_t at = n % stall_every;
	return at >= 5000 && at < 5008 ? (int64_t)(5008 - at) * 1000000 : 0;
}

/* Nothing moves: a hole as long as the stall less the target, and the delay of before. */
static void a_stall_now_and_then_is_a_hole_and_no_more(void **state)
{
	struct sim s;
	begin(&s, 0, false);
	s.delay = stall_of_8_ms;
	stall_every = 15000;
	run_ms(&s, 60000);
	assert_in_range(st(&s)->late, 4 * 5, 4 * 7);
	assert_int_equal(st(&s)->underruns, st(&s)->late);
	assert_int_equal(st(&s)->lost + st(&s)->slips, 0);
	assert_in_range(s.delay_ns, 2000000, 3000000);
	assert_int_equal(s.delay_ns, s.delay_max_ns);
	end(&s);
}

static void stalls_that_come_again_are_jitter(void **state)
{
	struct sim s;
	begin(&s, 0, false);
	s.delay = stall_of_8_ms;
	stall_every = 6000;
	run_ms(&s, 10000); /* one, lost */
	uint64_t underruns = st(&s)->underruns;
	run_ms(&s, 4000); /* another: played, with the target grown */
	assert_in_range(st(&s)->underruns - underruns, 5, 7);
	assert_in_range(st(&s)->target_ns, 8000000, 10000000);
	underruns = st(&s)->underruns;
	uint64_t late = st(&s)->late;
	run_ms(&s, 60000);
	assert_int_equal(st(&s)->underruns, underruns);
	assert_int_equal(st(&s)->late, late);
	assert_int_equal(st(&s)->lost, 0);
	assert_false(s.out_of_order);
	end(&s);
}

static int64_t path_gets_longer(uint64_t n)
{
	return n < 5000 ? 0 : 30000000;
}

static void a_longer_path_is_followed_with_the_target_of_before(void **state)
{
	struct sim s;
	begin(&s, 0, false);
	s.delay = path_gets_longer;
	run_ms(&s, 5000);
	uint64_t idle = s.idle;
	run_ms(&s, 5000);
	assert_in_range(s.idle - idle, 30, 30 + 30);
	assert_in_range(s.delay_ns, 32000000, 33500000);
	assert_in_range(st(&s)->target_ns, 2000000, 3000000);
	end(&s);
}

/* Both ends on their own clocks: slips of a packet as often as the clocks drift by one, and the
 * delay stays where it is. */
static void own_clocks_slip_and_do_not_creep(void **state)
{
	static const double ppms[] = {50, -50};
	for (int i = 0; i < 2; i++) {
		struct sim s;
		begin(&s, ppms[i], false);
		run_ms(&s, 1200000);
		assert_in_range(st(&s)->slips, 50, 62); /* 60 ms of drift */
		/* A far end that is faster has its packets dropped; for a slower one idle goes in.
		 */
		assert_in_range(st(&s)->overruns, i == 0 ? 50 : 0, i == 0 ? 62 : 2);
		assert_in_range(s.delay_max_ns, 2000000, 4100000);
		assert_in_range(s.delay_ns, 800000, 4100000);
		assert_false(s.out_of_order);
		assert_int_equal(st(&s)->late, 0);
		end(&s);
	}
}

static int64_t jitter_1_ms(uint64_t n)
{
	return random_below(1000000);
}

/* The clock follows: no slip at all, and packets leave evenly though they come unevenly. */
static void a_line_clock_follows_without_slips(void **state)
{
	static const double ppms[] = {50, -50, 200, 0};
	for (int i = 0; i < 4; i++) {
		struct sim s;
		begin(&s, ppms[i], true);
		s.delay = jitter_1_ms;
		run_ms(&s, 180000);
		uint64_t slips = st(&s)->slips, idle = s.idle;
		assert_in_range(slips, 0, 2); /* where it began */
		uint64_t longest = 0, shortest = UINT64_MAX;
		for (unsigned k = 0; k < 1000000; k++) {
			uint64_t before = s.pace.due_ns;
			instant(&s);
			uint64_t took = s.pace.due_ns - before;
			longest = took > longest ? took : longest;
			shortest = took < shortest ? took : shortest;
		}
		assert_int_equal(st(&s)->slips, slips);
		assert_int_equal(s.idle, idle);
		assert_int_equal(st(&s)->underruns + st(&s)->late + st(&s)->lost, 0);
		assert_in_range((int64_t)(s.pace.offset_ppb - ppms[i] * 1000 + 2000), 0, 4000);
		assert_in_range(longest - shortest, 0, 20); /* ns in a millisecond: 20 ppm */
		assert_in_range(s.delay_ns, 1900000, 4100000);
		end(&s);
	}
}

static void packets_of_every_size(void **state)
{
	static const unsigned frames[] = {1, 2, 4, 5, 16, 20, 40};
	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
		struct sim s;
		packet_ns = frames[i] * 125000;
		begin(&s, 50, true);
		run_ms(&s, 300000);
		assert_int_equal(st(&s)->slips + st(&s)->lost + st(&s)->underruns, 0);
		assert_false(s.out_of_order);
		assert_in_range(s.delay_ns, 1900000, 2100000 + (int64_t)packet_ns);
		end(&s);
	}
	packet_ns = 1000000;
}

static void silence_is_told_and_a_restart_plays_again(void **state)
{
	struct sim s;
	begin(&s, 0, false);
	run_ms(&s, 1000);
	assert_int_equal(tdm_packet_buffer_silent_ns(s.b), packet_ns);
	struct tdm_packet_play p;
	for (int i = 0; i < 30; i++) {
		s.pace.due_ns += packet_ns;
		tdm_packet_buffer_play(s.b, s.pace.due_ns, &p);
	}
	assert_int_equal(tdm_packet_buffer_silent_ns(s.b), 31 * packet_ns);
	assert_int_equal(st(&s)->lost, 0); /* nothing was sent, as far as we know */
	tdm_packet_buffer_restart(s.b, s.pace.due_ns);
	s.sent += 30;
	uint64_t idle = s.idle;
	run_ms(&s, 1000);
	assert_in_range(s.idle - idle, 1, 5);
	assert_in_range(s.delay_ns, 2000000, 3000000);
	end(&s);
}

static void flags_and_missing_payloads_are_handed_on(void **state)
{
	struct sim s;
	struct tdm_packet_play p;
	unsigned flags = 0, without = 0;
	begin(&s, 0, false);
	for (unsigned i = 0; i < 20; i++) {
		tdm_packet_buffer_put(s.b, (uint16_t)i, s.pace.due_ns, i, NULL);
		s.pace.due_ns += packet_ns;
		tdm_packet_buffer_play(s.b, s.pace.due_ns, &p);
		without += p.received && p.payload == NULL;
		flags = p.flags;
	}
	assert_in_range(without, 15, 18);
	assert_in_range(flags, 16, 18);
	end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_order_nothing_is_counted),
		cmocka_unit_test(lost_packets_play_as_idle),
		cmocka_unit_test(reordered_packets_play_in_order),
		cmocka_unit_test(duplicates_and_old_packets_do_nothing),
		cmocka_unit_test(a_restarted_far_end_is_followed),
		cmocka_unit_test(jitter_widens_the_target_and_calm_narrows_it),
		cmocka_unit_test(the_delay_never_passes_the_maximum),
		cmocka_unit_test(a_stall_now_and_then_is_a_hole_and_no_more),
		cmocka_unit_test(stalls_that_come_again_are_jitter),
		cmocka_unit_test(a_longer_path_is_followed_with_the_target_of_before),
		cmocka_unit_test(own_clocks_slip_and_do_not_creep),
		cmocka_unit_test(a_line_clock_follows_without_slips),
		cmocka_unit_test(packets_of_every_size),
		cmocka_unit_test(silence_is_told_and_a_restart_plays_again),
		cmocka_unit_test(flags_and_missing_payloads_are_handed_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
