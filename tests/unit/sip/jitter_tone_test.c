/* What is heard of a tone when packets come late: in virtual time, everything that was played is
 * kept, and frequency, level and phase are measured in it. */
#include "sip/jitter.c"

#include "tests/unit/sip/jitter_rig.h"

#include <complex.h>
#include <stdlib.h>

enum {
	SECONDS_MAX = 120,
	TICKS_MAX = SECONDS_MAX * 100,
	WINDOW = 800, /* 100 ms */
	LEVEL = 8000,
};

static double tone_hz;
static float heard[TICKS_MAX * JITTER_TICK];
static bool touched[TICKS_MAX]; /* the tick has other octets than those that came */
static unsigned ticks;

static void fill_tone(uint8_t *octets, uint32_t ts, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		octets[i] = linear_to_ulaw(
			(int)lrint(LEVEL * sin(2 * M_PI * tone_hz / 8000 * (double)(ts + i))));
}

/* Half a second of tone, half of silence. */
static void fill_words(uint8_t *octets, uint32_t ts, unsigned count)
{
	fill_tone(octets, ts, count);
	for (unsigned i = 0; i < count; i++)
		if ((ts + i) % 8000 >= 4000)
			octets[i] = 0xff;
}

static void keep(struct net *n)
{
	static uint64_t changes;
	static bool invented;

	if (ticks == 0) {
		changes = 0;
		invented = false;
	}
	if (!n->j.playing || ticks == TICKS_MAX)
		return;
	for (unsigned i = 0; i < JITTER_TICK; i++)
		heard[ticks * JITTER_TICK + i] = ulaw_to_linear(n->out[i]);
	touched[ticks] = n->j.changes != changes || n->j.conceal.active || invented;
	changes = n->j.changes;
	invented = n->j.conceal.active;
	ticks++;
}

static void tone_init(struct net *n, double hz)
{
	net_init(n, 160);
	n->ts = 0;
	tone_hz = hz;
	ticks = 0;
	n->fill = fill_tone;
	n->on_tick = keep;
}

/* The tone in count samples, through a Hann window. */
static complex double part(const float *x, unsigned count)
{
	double turn = -2 * M_PI * tone_hz / 8000, re = 0, im = 0;

	for (unsigned i = 0; i < count; i++) {
		double windowed = x[i] * (1 - cos(2 * M_PI * (i + 0.5) / count));

		re += windowed * cos(turn * i);
		im += windowed * sin(turn * i);
	}
	return CMPLX(re, im) * 2 / count;
}

struct tone {
	double level_db; /* against what was sent */
	double hz, phase;
};

static struct tone measure(const float *x)
{
	complex double a = part(x, WINDOW / 2), b = part(x + WINDOW / 2, WINDOW / 2);
	/* The second half's phase as it would be without a break. */
	double turned = carg(b / a * cexp(-2 * M_PI * I * tone_hz / 8000 * (WINDOW / 2)));

	return (struct tone){20 * log10(cabs(part(x, WINDOW)) / LEVEL),
			     tone_hz + turned / (2 * M_PI) * 8000 / (WINDOW / 2), carg(a)};
}

static double tick_db(unsigned tick)
{
	double power = 0;

	for (unsigned i = 0; i < JITTER_TICK; i++)
		power += heard[tick * JITTER_TICK + i] * heard[tick * JITTER_TICK + i];
	return 10 * log10(power / JITTER_TICK / (LEVEL * LEVEL / 2.0) + 1e-9);
}

/* Wherever the octets that came are played the tone is right; elsewhere it has no gap. */
static void assert_tone(double gap_db)
{
	unsigned clean = 0;

	for (unsigned t = 2; t < ticks; t++) {
		struct tone m;

		if (tick_db(t) < gap_db)
			fail_msg("%.0f Hz: %.1f dB in tick %u of %u", tone_hz, tick_db(t), t,
				 ticks);
		/* An operation may go on in the tick after. */
		clean = touched[t] ? 0 : clean + 1;
		if (clean < 12 || t % 10 != 0)
			continue;
		m = measure(heard + (t - 9) * JITTER_TICK);
		if (fabs(m.level_db) > 0.5 || fabs(m.hz - tone_hz) > tone_hz * 1e-3)
			fail_msg("%.2f Hz %.2f dB in tick %u", m.hz, m.level_db, t);
	}
}

static const double tones_hz[] = {350, 440, 697, 1004, 1200, 1633, 2100, 2713};
enum { TONES = sizeof(tones_hz) / sizeof(tones_hz[0]) };

/* --- late packets -------------------------------------------------------------------------------
 */

static unsigned late_packet;
static unsigned late_ms;

static uint64_t one_late(struct net *n, uint64_t sent_ns)
{
	return (sent_ns - START_NS) / (20 * MS_NS) == late_packet ? late_ms * (uint64_t)MS_NS : 0;
}

static void one_late_packet_is_one_event(void **state)
{
	static const unsigned which[] = {0, 1, 2, 5, 100, 1000};

	for (unsigned i = 0; i < TONES * 6; i++) {
		struct net n;

		tone_init(&n, tones_hz[i / 6]);
		late_packet = which[i % 6];
		late_ms = 30;
		n.delay_ns = one_late;
		run_ms(&n, 22000);
		assert_tone(-1.5);
		assert_int_equal(n.j.changes, 0);
		assert_true(n.j.concealed <= 3);
		assert_in_range(jitter_delay_us(&n.j), 2000, 12000);
	}
}

/* The call begins in a stall of 58 ms: by the packets that are there when play begins the delay
 * becomes too long, until the others have shown that. */
static uint64_t stalled_at_first(struct net *n, uint64_t sent_ns)
{
	return sent_ns < START_NS + 58 * MS_NS ? START_NS + 58 * MS_NS - sent_ns : 0;
}

static void late_beginning_is_made_up_for(void **state)
{
	for (unsigned i = 0; i < TONES; i++) {
		struct net n;

		tone_init(&n, tones_hz[i]);
		n.line_ns = START_NS + 9 * MS_NS;
		n.delay_ns = stalled_at_first;
		run_ms(&n, 100);
		assert_true(jitter_delay_us(&n.j) > 20000);
		run_ms(&n, 2000);
		assert_true(jitter_delay_us(&n.j) < 16000);
		run_ms(&n, 28000);
		assert_in_range(n.j.changes, 1, 2);
		assert_int_equal(n.j.concealed, 0);
		assert_tone(-0.5);
	}
}

/* 40 ms nothing, then two packets at once, and so on. */
static uint64_t in_pairs(struct net *n, uint64_t sent_ns)
{
	return (sent_ns - START_NS) / (20 * MS_NS) % 2 == 0 ? 20 * MS_NS : 0;
}

/* Every three seconds 40 ms nothing. */
static uint64_t stalls(struct net *n, uint64_t sent_ns)
{
	uint64_t ms = (sent_ns - START_NS) / MS_NS % 3000;

	return ms >= 1000 && ms < 1040 ? (1040 - ms) * MS_NS : 0;
}

static void stalls_that_come_again_are_waited_for(void **state)
{
	for (unsigned i = 0; i < TONES * 2; i++) {
		struct net n;
		uint64_t late, changes;

		tone_init(&n, tones_hz[i / 2]);
		n.delay_ns = i % 2 == 0 ? in_pairs : stalls;
		run_ms(&n, 10000);
		late = n.j.late;
		changes = n.j.changes;
		assert_true(late <= 4 && changes <= 3);
		run_ms(&n, 60000);
		assert_int_equal(n.j.late, late);
		assert_int_equal(n.j.changes, changes);
		assert_true(jitter_delay_us(&n.j) <= 65000);
		assert_tone(-6.0);
	}
}

static uint64_t uniform_15ms(struct net *n, uint64_t sent_ns)
{
	return rnd(n) % (15 * MS_NS);
}

static void jitter_is_ridden_out_in_few_changes(void **state)
{
	for (unsigned i = 0; i < TONES; i++) {
		struct net n;
		uint64_t late, changes;

		tone_init(&n, tones_hz[i]);
		n.delay_ns = uniform_15ms;
		run_ms(&n, 5000);
		late = n.j.late;
		changes = n.j.changes;
		assert_true(changes <= 3);
		run_ms(&n, 60000);
		assert_true(n.j.late - late <= 15); /* of 3000 */
		assert_true(n.j.changes - changes <= 3);
		assert_true(jitter_delay_us(&n.j) <= 35000);
		assert_tone(-1.5);
	}
}

static uint64_t lose_burst(struct net *n, uint64_t sent_ns)
{
	uint64_t ms = (sent_ns - START_NS) / MS_NS;

	return ms >= 1000 && ms < 1060 ? UINT64_MAX : 0;
}

static void lost_burst_goes_on_and_fades(void **state)
{
	struct net n;
	unsigned hole = 90;

	tone_init(&n, 440);
	n.delay_ns = lose_burst;
	run_ms(&n, 3000);
	assert_int_equal(n.j.concealed, 6);
	assert_int_equal(n.j.changes, 0);
	while (hole < 120 && !touched[hole])
		hole++;
	assert_in_range(hole, 98, 103);
	assert_true(tick_db(hole) > -0.5 && tick_db(hole + 1) > -0.5);
	assert_true(tick_db(hole + 3) < -3 && tick_db(hole + 5) < -17);
	assert_true(tick_db(hole + 6) > -2 && tick_db(hole + 7) > -0.5);
}

/* --- drift --------------------------------------------------------------------------------------
 */

static void drift(int ppm, bool words)
{
	struct net n;
	int64_t moved;

	tone_init(&n, 1004);
	if (words)
		n.fill = fill_words;
	n.packet_ns *= 1 - ppm * 1e-6;
	run_ms(&n, 60000);
	n.max_delay_us = 0;
	run_ms(&n, 3540000);
	assert_int_equal(n.j.concealed + n.j.late + n.j.overflow + n.j.restarts, 0);
	assert_in_range(n.j.transit.drift_ppb + 1000000, 1000000 + ppm * 1000 - 5000,
			1000000 + ppm * 1000 + 5000);
	/* 3600 s at 200 ppm are 5760 samples, give or take a tick on the way. */
	moved = (int64_t)n.j.removed - (int64_t)n.j.inserted;
	assert_true(llabs(moved - ppm * 288 / 10) <= 160);
	/* In pauses by whole ticks and where it has to be, else by what is about as much. */
	assert_in_range(n.j.changes, abs(ppm) * 288 / 800 - 2, abs(ppm) * 288 / 500 + 2);
	assert_true(n.max_delay_us <= (words ? 14000 : 19000));
	if (!words)
		assert_tone(-0.5);
}

static void clocks_are_followed_by_rare_changes(void **state)
{
	static const int ppms[] = {50, -50, 200, -200};

	for (unsigned i = 0; i < 8; i++)
		drift(ppms[i % 4], i < 4);
}

/* --- what a change does to a tone ---------------------------------------------------------------
 */

/* The phase of the last 50 ms before tick t against those after its operation, in degrees. */
static double jump_of(unsigned from, unsigned to)
{
	struct tone a = measure(heard + from * JITTER_TICK), b = measure(heard + to * JITTER_TICK);
	double turned =
		b.phase - a.phase - 2 * M_PI * tone_hz / 8000 * (double)(to - from) * JITTER_TICK;

	return fabs(remainder(turned, 2 * M_PI)) * 180 / M_PI;
}

static void a_change_keeps_level_and_almost_the_phase(void **state)
{
	for (unsigned i = 0; i < TONES * 2; i++) {
		struct net n;
		unsigned at;

		tone_init(&n, tones_hz[i / 2]);
		jitter_init(&n.j, 20, 120);
		run_ms(&n, 1010);
		at = ticks;
		if (i % 2 == 0)
			lengthen(&n.j, 80, true);
		else
			assert_true(shorten(&n.j, 80, true));
		assert_int_equal(n.j.changes, 1);
		run_ms(&n, 300);
		for (unsigned t = 2; t < ticks; t++)
			assert_true(fabs(tick_db(t)) < 0.5);
		if (jump_of(at - 20, at + 10) > 30)
			fail_msg("%.0f Hz turned by %.1f degrees", tone_hz,
				 jump_of(at - 20, at + 10));
	}
}

static double digit_hz[2];

static void fill_digit(uint8_t *octets, uint32_t ts, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		double at = 2 * M_PI / 8000 * (double)(ts + i);

		octets[i] = linear_to_ulaw(
			(int)lrint(LEVEL / 2.0 * (sin(digit_hz[0] * at) + sin(digit_hz[1] * at))));
	}
}

static void hear_digit(void *edges, int digit, int level_dbm0, int delay)
{
	++*(unsigned *)edges;
}

/* In the middle of a digit: it is heard on, once, and not off. */
static void a_change_does_not_break_a_digit(void **state)
{
	static const double low_hz[] = {697, 770, 852, 941}, high_hz[] = {1209, 1336, 1477, 1633};

	for (unsigned i = 0; i < 32; i++) {
		struct net n;
		unsigned edges = 0;
		dtmf_rx_state_t *detector = dtmf_rx_init(NULL, NULL, NULL);

		dtmf_rx_set_realtime_callback(detector, hear_digit, &edges);
		tone_init(&n, 0);
		digit_hz[0] = low_hz[i / 8];
		digit_hz[1] = high_hz[i / 2 % 4];
		n.fill = fill_digit;
		jitter_init(&n.j, 20, 120);
		run_ms(&n, 1010);
		if (i % 2 == 0)
			lengthen(&n.j, 80, true);
		else
			assert_true(shorten(&n.j, 80, true));
		assert_int_equal(n.j.changes, 1);
		run_ms(&n, 1000);
		for (unsigned t = 0; t < ticks; t++) {
			int16_t linear[JITTER_TICK];

			for (unsigned k = 0; k < JITTER_TICK; k++)
				linear[k] = (int16_t)heard[t * JITTER_TICK + k];
			dtmf_rx(detector, linear, JITTER_TICK);
		}
		assert_int_equal(edges, 1);
		dtmf_rx_free(detector);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_late_packet_is_one_event),
		cmocka_unit_test(late_beginning_is_made_up_for),
		cmocka_unit_test(stalls_that_come_again_are_waited_for),
		cmocka_unit_test(jitter_is_ridden_out_in_few_changes),
		cmocka_unit_test(lost_burst_goes_on_and_fades),
		cmocka_unit_test(clocks_are_followed_by_rare_changes),
		cmocka_unit_test(a_change_keeps_level_and_almost_the_phase),
		cmocka_unit_test(a_change_does_not_break_a_digit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
