#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tdm/dtmf.c"
#include <math.h>

enum { TICK = 80 };

struct fixture {
	struct dtmf_detector *d;
	struct dtmf_generator *g;
};

static int setup(void **state)
{
	static struct fixture f;
	assert_int_equal(dtmf_detector_new(&f.d), 0);
	assert_int_equal(dtmf_generator_new(&f.g), 0);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	dtmf_detector_free(f->d);
	dtmf_generator_free(f->g);
	return 0;
}

static void every_digit_is_made_and_heard(void **state)
{
	struct fixture *f = *state;
	for (const char *digit = "0123456789*#ABCD"; *digit != '\0'; digit++) {
		char heard = 0;
		unsigned sounded = 0, times = 0;
		uint8_t level = 0;
		dtmf_generator_on(f->g, *digit);
		for (int tick = 0; tick < 30; tick++) {
			uint8_t octets[TICK];
			memset(octets, 0xff, sizeof(octets));
			if (tick == 10)
				dtmf_generator_off(f->g);
			sounded += dtmf_generator_run(f->g, octets, TICK);
			char now = dtmf_detector_run(f->d, octets, TICK, &level);
			times += now != heard && now != 0;
			if (now != 0)
				assert_int_equal(now, *digit);
			heard = now;
		}
		assert_int_equal(times, 1);
		assert_int_equal(heard, 0);
		assert_int_equal(sounded, 10 + 7); /* 100 ms of it, 70 ms of pause */
		assert_in_range(level, 4, 8);      /* -9 and -9 are -6 dBm0 */
	}
}

/* Digits that come faster than they may leave are sent one after the other, each long enough. */
static void a_burst_of_digits_is_kept(void **state)
{
	struct fixture *f = *state;
	char heard[16] = "", last = 0;
	unsigned silent = 0, shortest_gap = 1000;

	for (const char *digit = "7113"; *digit != '\0'; digit++) {
		dtmf_generator_on(f->g, *digit);
		dtmf_generator_off(f->g);
	}
	for (int tick = 0; tick < 80; tick++) {
		uint8_t octets[TICK];
		memset(octets, 0xff, sizeof(octets));
		dtmf_generator_run(f->g, octets, TICK);
		char now = dtmf_detector_run(f->d, octets, TICK, NULL);
		if (now != last && now != 0) {
			if (heard[0] != '\0' && silent < shortest_gap)
				shortest_gap = silent;
			strncat(heard, &now, 1);
		}
		silent = now == 0 ? silent + 1 : 0;
		last = now;
	}
	assert_string_equal(heard, "7113");
	assert_in_range(shortest_gap, 6, 9);
}

static void add_tone(int16_t *samples, size_t count, double hz, double dbm0)
{
	double peak = 32124.0 * pow(10, (dbm0 - 3.17) / 20);
	for (size_t i = 0; i < count; i++)
		samples[i] = (int16_t)(samples[i] + peak * sin(2 * M_PI * hz * (double)i / 8000));
}

static unsigned digits_in(struct dtmf_detector *d, const int16_t *samples, size_t count)
{
	unsigned heard = 0;
	char last = 0;
	for (size_t i = 0; i + TICK <= count; i += TICK) {
		uint8_t octets[TICK];
		for (int k = 0; k < TICK; k++)
			octets[k] = linear_to_ulaw(samples[i + k]);
		char now = dtmf_detector_run(d, octets, TICK, NULL);
		heard += now != 0 && now != last;
		last = now;
	}
	return heard;
}

static void a_digit_over_dial_tone_is_heard(void **state)
{
	struct fixture *f = *state;
	static int16_t samples[8000];
	memset(samples, 0, sizeof(samples));
	add_tone(samples, 8000, 350, -13);
	add_tone(samples, 8000, 440, -13);
	assert_int_equal(digits_in(f->d, samples, 4000), 0);
	add_tone(samples + 4000, 560, 770, -10);
	add_tone(samples + 4000, 560, 1336, -8);
	assert_int_equal(digits_in(f->d, samples + 4000, 4000), 1);
}

static void one_tone_of_the_two_is_no_digit(void **state)
{
	struct fixture *f = *state;
	static int16_t samples[8000];
	memset(samples, 0, sizeof(samples));
	add_tone(samples, 8000, 770, -6);
	assert_int_equal(digits_in(f->d, samples, 8000), 0);
	memset(samples, 0, sizeof(samples));
	add_tone(samples, 8000, 1336, -6);
	assert_int_equal(digits_in(f->d, samples, 8000), 0);
}

static void what_is_no_digit_and_what_is_too_much_is_dropped(void **state)
{
	struct fixture *f = *state;
	uint8_t octets[TICK];
	dtmf_generator_on(f->g, 'x');
	dtmf_generator_on(f->g, '\0');
	assert_false(dtmf_generator_run(f->g, octets, TICK));
	for (int i = 0; i < 3 * QUEUE_DIGITS; i++)
		dtmf_generator_on(f->g, '5');
	dtmf_generator_off(f->g);
	unsigned ticks = 0;
	while (dtmf_generator_run(f->g, octets, TICK))
		ticks++;
	assert_int_equal(ticks, 14 * QUEUE_DIGITS);
}

/* What the detector says without gate. */
static unsigned digits_without_gate(const int16_t *samples, size_t count)
{
	struct dtmf_detector d = {.digit = 0};
	unsigned heard = 0;
	char last = 0;
	dtmf_rx_init(&d.rx, NULL, NULL);
	dtmf_rx_set_realtime_callback(&d.rx, on_change, &d);
	dtmf_rx_parms(&d.rx, TRUE, -1, -1, -99);
	for (size_t i = 0; i + TICK <= count; i += TICK) {
		int16_t heard_samples[TICK];
		for (int k = 0; k < TICK; k++)
			heard_samples[k] = ulaw_to_linear(linear_to_ulaw(samples[i + (size_t)k]));
		dtmf_rx(&d.rx, heard_samples, TICK);
		heard += d.digit != 0 && d.digit != last;
		last = d.digit;
	}
	return heard;
}

static void add_noise(int16_t *samples, size_t count, double dbm0)
{
	static unsigned seed = 1;
	double rms = 32124.0 / sqrt(2) * pow(10, (dbm0 - 3.17) / 20);
	for (size_t i = 0; i < count; i++) {
		double sum = 0;
		for (int k = 0; k < 12; k++) {
			seed = seed * 1103515245 + 12345;
			sum += (seed >> 16 & 0x7fff) / 32768.0 - 0.5;
		}
		samples[i] = (int16_t)(samples[i] + rms * sum);
	}
}

struct sound {
	double row, column; /* dBm0 */
	double off;         /* share of the frequency */
	double dial, noise; /* dBm0 */
};

/* Twenty digits of this sound, at every place in a tick. */
static void make_digits(int16_t *samples, size_t count, const struct sound *s, size_t octets)
{
	static const int row[] = {697, 770, 852, 941}, column[] = {1209, 1336, 1477, 1633};

	memset(samples, 0, count * sizeof(*samples));
	if (s->dial > -90) {
		add_tone(samples, count, 350, s->dial);
		add_tone(samples, count, 440, s->dial);
	}
	add_noise(samples, count, s->noise);
	for (unsigned i = 0; i < 20; i++) {
		int16_t *at = samples + 800 + i * 1204;
		assert_true(at + octets < samples + count);
		add_tone(at, octets, row[i % 4] * (1 + s->off), s->row);
		add_tone(at, octets, column[i / 4 % 4] * (1 - s->off), s->column);
	}
}

/* Twist, length, frequency, dial tone and noise as far as the detector goes and further. */
static void the_gate_keeps_no_digit_back(void **state)
{
	static const struct sound sounds[] = {
		{-9, -9, 0, -99, -70},      {-3, -3, 0, -99, -70},       {-25, -25, 0, -99, -60},
		{-33, -33, 0, -99, -70},    {-38, -38, 0, -99, -70},     {-12, -9, 0, -99, -60},
		{-6, -12, 0, -99, -60},     {-20, -13, 0, -99, -45},     {-9, -9, 0.012, -99, -60},
		{-9, -9, -0.015, -99, -60}, {-10, -10, 0, -13, -60},     {-16, -16, 0, -13, -60},
		{-22, -20, 0.01, -13, -60}, {-16, -13, -0.01, -20, -50}, {-20, -20, 0, -99, -32},
		{-15, -15, 0, -99, -25},
	};
	static int16_t samples[26000];
	unsigned all = 0, with_sum = 0, without_sum = 0;

	for (size_t s = 0; s < sizeof(sounds) / sizeof(sounds[0]); s++) {
		for (size_t octets = 40 * 8; octets <= 70 * 8; octets += 5 * 8) {
			struct dtmf_detector *d;
			unsigned with, without;
			make_digits(samples, 26000, &sounds[s], octets);
			assert_int_equal(dtmf_detector_new(&d), 0);
			with = digits_in(d, samples, 26000);
			without = digits_without_gate(samples, 26000);
			dtmf_detector_free(d);
			/* Only what is at the detector's limit may go either way. */
			if (without == 20)
				assert_int_equal(with, 20);
			all += without == 20;
			with_sum += with;
			without_sum += without;
		}
	}
	assert_true(all > 80);
	assert_true(with_sum + 2 >= without_sum);
}

static double opened(const int16_t *samples, size_t count)
{
	unsigned open = 0;
	for (size_t i = 0; i + TICK <= count; i += TICK)
		open += dtmf_gate_is_open(samples + i);
	return open / (count / (double)TICK);
}

/* Or it would be no use. */
static void the_gate_is_closed_to_other_sounds(void **state)
{
	static int16_t samples[80000];
	static const double tones[][2] = {
		{500, 0}, {1004, 0}, {2100, 0}, {480, 620}, {1100, 0}, {697, 0}, {1336, 0},
	};
	assert_true(opened(samples, 80000) == 0);
	add_noise(samples, 80000, -20);
	assert_true(opened(samples, 80000) < 0.01);
	for (size_t i = 0; i < sizeof(tones) / sizeof(tones[0]); i++) {
		memset(samples, 0, sizeof(samples));
		add_tone(samples, 80000, tones[i][0], -10);
		if (tones[i][1] > 0)
			add_tone(samples, 80000, tones[i][1], -10);
		assert_true(opened(samples, 80000) < 0.01);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_gate_keeps_no_digit_back),
		cmocka_unit_test(the_gate_is_closed_to_other_sounds),
		cmocka_unit_test_setup_teardown(every_digit_is_made_and_heard, setup, teardown),
		cmocka_unit_test_setup_teardown(a_burst_of_digits_is_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(a_digit_over_dial_tone_is_heard, setup, teardown),
		cmocka_unit_test_setup_teardown(one_tone_of_the_two_is_no_digit, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_no_digit_and_what_is_too_much_is_dropped,
						setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
