/* What the canceller does to signals, measured. */
#include "tdm/echo.c"

#include "tests/bench/echo_signal.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* after the above */
#include <cmocka.h>

enum { RATE = 8000, LONG = 12 * RATE };

struct rig {
	struct echo *echo;
	struct echo_path path;
	double in, out;
};

static int16_t far[LONG], near[LONG];

static void begin(struct rig *r, unsigned model, bool leave_residue)
{
	memset(r, 0, sizeof(*r));
	assert_int_equal(echo_new(&r->echo, &(struct echo_conf){.tail_ms = 64,
								.leave_residue = leave_residue}),
			 0);
	echo_path_set(&r->path, model, 6, 100);
}

/* What comes out replaces out, where that is wanted. */
static void go(struct rig *r, const int16_t *x, const int16_t *s, size_t count, int16_t *out)
{
	for (size_t at = 0; at < count; at += ECHO_SAMPLES) {
		int16_t d[ECHO_SAMPLES];
		for (unsigned i = 0; i < ECHO_SAMPLES; i++)
			d[i] = echo_line(echo_path_sample(&r->path, x[at + i]) +
					 (s != NULL ? s[at + i] : 0));
		r->in += echo_energy(d, ECHO_SAMPLES);
		echo_run(r->echo, x + at, d);
		r->out += echo_energy(d, ECHO_SAMPLES);
		if (out != NULL)
			memcpy(out + at, d, sizeof(d));
	}
}

static double erle(struct rig *r)
{
	double db = 10 * log10((r->in + 1) / (r->out + 1));

	r->in = r->out = 0;
	return db;
}

static void assert_at_least(double value, double limit)
{
	if (value < limit)
		fail_msg("%.1f, expected at least %.1f", value, limit);
}

static void tone(int16_t *out, size_t count, double hz, double dbm0)
{
	double size = 32768 * pow(10, (dbm0 - 3.17) / 20);

	for (size_t i = 0; i < count; i++)
		out[i] = echo_clip(size * sin(2 * M_PI * hz * (double)i / RATE));
}

/* --- */

static void noise_is_cancelled_on_every_path_within_a_second(void **state)
{
	for (unsigned model = 1; model <= 9; model++) {
		struct rig r;
		begin(&r, model, true);
		echo_noise(model, -15, far, 2 * RATE);
		go(&r, far, NULL, RATE, NULL);
		erle(&r);
		go(&r, far + RATE, NULL, RATE, NULL);
		assert_at_least(erle(&r), 30);
		echo_free(r.echo);
	}
}

static void speech_is_cancelled_within_a_second_and_stays_so_through_double_talk(void **state)
{
	for (unsigned model = 2; model <= 9; model++) {
		struct rig r;
		struct echo_report report;
		begin(&r, model, true);
		echo_speech(model, -15, far, 9 * RATE);
		echo_speech(model + 50, -12, near, 9 * RATE);
		go(&r, far, NULL, RATE, NULL);
		erle(&r);
		go(&r, far + RATE, NULL, 4 * RATE, NULL);
		assert_at_least(erle(&r), 30);
		go(&r, far + 5 * RATE, near, 3 * RATE, NULL);
		erle(&r);
		go(&r, far + 8 * RATE, NULL, RATE, NULL);
		assert_at_least(erle(&r), 29);
		echo_report(r.echo, &report);
		assert_true(report.converged);
		assert_true(fabs((double)report.erl_db - 6) < 1.5);
		assert_int_equal(report.path_ms, 10);
		echo_free(r.echo);
	}
}

static void near_speech_passes_in_double_talk(void **state)
{
	static int16_t out[LONG];
	struct rig r;
	double error = 0, said = 0;

	begin(&r, 4, false);
	echo_speech(1, -18, far, 8 * RATE);
	echo_speech(51, -12, near, 8 * RATE);
	memset(near, 0, 5 * RATE * sizeof(near[0]));
	go(&r, far, near, 8 * RATE, out);
	for (size_t i = 5 * RATE; i < 8 * RATE; i++) {
		error += pow((double)out[i] - near[i], 2);
		said += pow((double)near[i], 2);
	}
	assert_at_least(10 * log10(said / error), 15);
	echo_free(r.echo);
}

static void residue_is_silenced(void **state)
{
	struct rig r;

	begin(&r, 5, false);
	echo_speech(3, -15, far, 6 * RATE);
	go(&r, far, NULL, 3 * RATE, NULL);
	erle(&r);
	go(&r, far + 3 * RATE, NULL, 3 * RATE, NULL);
	assert_at_least(erle(&r), 40);
	echo_free(r.echo);
}

static void path_change_is_learned(void **state)
{
	struct rig r;
	struct echo_report report;

	begin(&r, 2, true);
	echo_speech(5, -15, far, 12 * RATE);
	go(&r, far, NULL, 6 * RATE, NULL);
	echo_path_set(&r.path, 6, 8, 200);
	go(&r, far + 6 * RATE, NULL, 4 * RATE, NULL);
	erle(&r);
	go(&r, far + 10 * RATE, NULL, 2 * RATE, NULL);
	assert_at_least(erle(&r), 20);
	echo_report(r.echo, &report);
	assert_in_range(report.path_changes, 1, 4);
	echo_free(r.echo);
}

/* Of DTMF, or a tone that lasts, something wrong could be learned. */
static void tones_unlearn_nothing(void **state)
{
	static const double hz[][2] = {{697, 1209}, {941, 1477}, {440, 480}, {1000, 1000}};

	for (unsigned i = 0; i < 4; i++) {
		static int16_t a[5 * RATE], b[5 * RATE];
		struct rig r;
		begin(&r, 4 + i, true);
		echo_speech(7 + i, -15, far, 8 * RATE);
		tone(a, 5 * RATE, hz[i][0], -12);
		tone(b, 5 * RATE, hz[i][1], -12);
		for (size_t n = 0; n < 5 * RATE; n++)
			a[n] = (int16_t)(a[n] + b[n]);
		go(&r, far, NULL, 6 * RATE, NULL);
		go(&r, a, NULL, 5 * RATE, NULL);
		erle(&r);
		go(&r, far + 6 * RATE, NULL, 2 * RATE, NULL);
		assert_at_least(erle(&r), 20);
		echo_free(r.echo);
	}
}

/* From a tone alone, nothing that makes anything worse. */
static void tones_first_do_no_harm(void **state)
{
	struct rig r;

	begin(&r, 7, true);
	tone(far, 5 * RATE, 697, -12);
	go(&r, far, NULL, 5 * RATE, NULL);
	assert_at_least(erle(&r), -0.5);
	echo_speech(2, -15, far, 6 * RATE);
	go(&r, far, NULL, 4 * RATE, NULL);
	assert_at_least(erle(&r), 0);
	go(&r, far + 4 * RATE, NULL, 2 * RATE, NULL);
	assert_at_least(erle(&r), 18);
	echo_free(r.echo);
}

/* Phase reversed every 450 ms, as ANSam and the answering tones of modems. */
static void modem_tone(int16_t *out, size_t count, double hz, bool reversed)
{
	tone(out, count, hz, -15);
	for (size_t i = 0; reversed && i < count; i++)
		if (i / 3600 % 2 == 1)
			out[i] = (int16_t)-out[i];
}

static void modems_get_past_until_it_is_quiet(void **state)
{
	static const double hz[] = {2085, 2100, 2115};
	static const int16_t silence[RATE];

	for (unsigned i = 0; i < 6; i++) {
		struct rig r;
		struct echo_report report;
		static int16_t out[2 * RATE];
		begin(&r, 2, false);
		modem_tone(far, 2 * RATE, hz[i % 3], true);
		if (i < 3)
			go(&r, silence, far, RATE, out);
		else
			go(&r, far, silence, RATE, out);
		echo_report(r.echo, &report);
		assert_int_equal(report.disabled, true);
		echo_noise(3, -20, near, RATE);
		memset(r.path.heard, 0, sizeof(r.path.heard));
		go(&r, silence, near, RATE, out);
		for (unsigned n = 0; n < RATE; n++)
			assert_int_equal(out[n], echo_line(near[n]));
		go(&r, silence, silence, RATE / 2, NULL);
		echo_report(r.echo, &report);
		assert_int_equal(report.disabled, false);
		assert_int_equal(report.was_disabled, true);
		echo_free(r.echo);
	}
}

static void other_tones_and_speech_disable_nothing(void **state)
{
	static const int16_t silence[4 * RATE];

	for (unsigned i = 0; i < 4; i++) {
		struct rig r;
		struct echo_report report;
		begin(&r, 2, false);
		if (i == 0)
			modem_tone(far, 4 * RATE, 2100, false);
		else if (i == 1)
			modem_tone(far, 4 * RATE, 2000, true);
		else
			echo_speech(i, -10, far, 4 * RATE);
		go(&r, silence, far, 4 * RATE, NULL);
		echo_report(r.echo, &report);
		assert_int_equal(report.was_disabled, false);
		echo_free(r.echo);
	}
}

static double band_db(const int16_t *x, size_t count, bool high)
{
	double sum = 0;

	for (size_t i = 1; i < count; i++) {
		double y = high ? (double)x[i] - x[i - 1] : (double)x[i] + x[i - 1];
		sum += y * y;
	}
	return 10 * log10(sum / (double)count + 1e-9);
}

/* While the echo is gone the near end sounds as it did before: level and colour. */
static void noise_in_place_of_the_residue_matches(void **state)
{
	static int16_t out[LONG];

	for (unsigned i = 0; i < 2; i++) {
		struct rig r;
		begin(&r, 3, false);
		echo_noise(9, -45 - 10.0 * i, near, LONG);
		for (size_t n = 1; n < LONG; n++) /* low frequencies most */
			near[n] = (int16_t)(near[n] / 2 + near[n - 1] * 7 / 8);
		echo_speech(4, -15, far, LONG);
		memset(far, 0, 2 * RATE * sizeof(far[0]));
		go(&r, far, near, LONG, out);
		for (unsigned high = 0; high < 2; high++) {
			double before = band_db(out + RATE, RATE, high);
			double during = band_db(out + 6 * RATE, 6 * RATE, high);
			assert_true(fabs(before - during) < 4);
		}
		echo_free(r.echo);
	}
}

static void silence_and_idle_change_nothing(void **state)
{
	uint8_t idle[ECHO_SAMPLES], in[ECHO_SAMPLES];
	struct echo *e;

	assert_int_equal(echo_new(&e, &(struct echo_conf){.tail_ms = 128}), 0);
	memset(idle, 0xff, sizeof(idle));
	for (unsigned block = 0; block < 1000; block++) {
		memset(in, 0xff, sizeof(in));
		echo_run_ulaw(e, idle, in);
		assert_memory_equal(in, idle, sizeof(in));
	}
	/* The near end alone is not touched either. */
	for (unsigned block = 0; block < 100; block++) {
		for (unsigned i = 0; i < ECHO_SAMPLES; i++)
			in[i] = linear_to_ulaw((int16_t)(8000 * sin(0.7 * i)));
		memcpy(idle, in, sizeof(in));
		uint8_t quiet[ECHO_SAMPLES];
		memset(quiet, 0xff, sizeof(quiet));
		echo_run_ulaw(e, quiet, in);
		assert_memory_equal(in, idle, sizeof(in));
	}
	echo_free(e);
}

static void off_is_bit_exact(void **state)
{
	struct echo *e;
	uint8_t a[ECHO_SAMPLES], b[ECHO_SAMPLES];

	assert_int_equal(echo_new(&e, &(struct echo_conf){.tail_ms = 64}), 0);
	echo_set_off(e, true);
	for (unsigned block = 0; block < 50; block++) {
		for (unsigned i = 0; i < ECHO_SAMPLES; i++)
			a[i] = b[i] = (uint8_t)(block * 7 + i * 13);
		echo_run_ulaw(e, a, b);
		assert_memory_equal(a, b, sizeof(a));
	}
	echo_free(e);
}

static void bulk_delay_is_bridged(void **state)
{
	struct echo *e;
	struct echo_path path = {0};
	double in = 0, out = 0;

	assert_int_equal(
		echo_new(&e,
			 &(struct echo_conf){.tail_ms = 16, .bulk_ms = 55, .leave_residue = true}),
		0);
	echo_path_set(&path, 2, 6, 55 * 8 + 16);
	echo_noise(5, -15, far, 3 * RATE);
	for (size_t at = 0; at < 3 * RATE; at += ECHO_SAMPLES) {
		int16_t d[ECHO_SAMPLES];
		for (unsigned i = 0; i < ECHO_SAMPLES; i++)
			d[i] = echo_line(echo_path_sample(&path, far[at + i]));
		in += at > 2 * RATE ? echo_energy(d, ECHO_SAMPLES) : 0;
		echo_run(e, far + at, d);
		out += at > 2 * RATE ? echo_energy(d, ECHO_SAMPLES) : 0;
	}
	assert_at_least(10 * log10(in / out), 28);
	echo_free(e);
}

/* Talkers, paths, levels, tones and octets without sense, for long: no worse than a change of path
 * makes it, and still of use after all of it.  TANDEM_ECHO_HOURS makes it longer. */
static void long_random_switching_stays_stable(void **state)
{
	const char *hours = getenv("TANDEM_ECHO_HOURS");
	unsigned rounds = hours != NULL ? (unsigned)(atof(hours) * 900) : 15;
	const double quiet = 4 * RATE * 32768.0 * 32768 * 0.241 * 1e-4;
	struct rig r;
	uint64_t seed = 11;

	begin(&r, 2, true);
	for (unsigned n = 0; n < rounds; n++) {
		size_t count = 4 * RATE;
		double what = echo_random(&seed);
		if (what < 0.6)
			echo_speech(n + 1, -25 + 20 * echo_random(&seed), far, count);
		else if (what < 0.7)
			echo_noise(n, -30 + 25 * echo_random(&seed), far, count);
		else if (what < 0.8)
			tone(far, count, 300 + 3000 * echo_random(&seed), -10);
		else if (what < 0.85)
			for (size_t i = 0; i < count; i++)
				far[i] = (int16_t)(echo_random(&seed) * 65535 - 32768);
		else
			memset(far, 0, count * sizeof(far[0]));
		if (echo_random(&seed) < 0.4)
			echo_speech(n + 5000, -25 + 15 * echo_random(&seed), near, count);
		else
			memset(near, 0, count * sizeof(near[0]));
		if (echo_random(&seed) < 0.2)
			echo_path_set(&r.path, 2 + (unsigned)(8 * echo_random(&seed)),
				      6 + 14 * echo_random(&seed),
				      (unsigned)(200 * echo_random(&seed)));
		go(&r, far, near, count, NULL);
		/* Another path may be 14 dB quieter: that is heard until it is seen.  Below
		 * -40 dBm0 nothing counts. */
		r.in += quiet;
		r.out += quiet;
		assert_at_least(erle(&r), -6);
	}
	echo_speech(77, -15, far, 8 * RATE);
	go(&r, far, NULL, 5 * RATE, NULL);
	erle(&r);
	go(&r, far + 5 * RATE, NULL, 3 * RATE, NULL);
	assert_at_least(erle(&r), 20);
	echo_free(r.echo);
}

static void what_cannot_be_is_refused(void **state)
{
	struct echo *e;

	assert_int_equal(echo_new(&e, &(struct echo_conf){.tail_ms = 15}), -EINVAL);
	assert_null(e);
	assert_int_equal(echo_new(&e, &(struct echo_conf){.tail_ms = 129}), -EINVAL);
	assert_int_equal(echo_new(&e, &(struct echo_conf){.tail_ms = 64, .bulk_ms = 101}), -EINVAL);
	echo_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(noise_is_cancelled_on_every_path_within_a_second),
		cmocka_unit_test(
			speech_is_cancelled_within_a_second_and_stays_so_through_double_talk),
		cmocka_unit_test(near_speech_passes_in_double_talk),
		cmocka_unit_test(residue_is_silenced),
		cmocka_unit_test(path_change_is_learned),
		cmocka_unit_test(tones_unlearn_nothing),
		cmocka_unit_test(tones_first_do_no_harm),
		cmocka_unit_test(modems_get_past_until_it_is_quiet),
		cmocka_unit_test(other_tones_and_speech_disable_nothing),
		cmocka_unit_test(noise_in_place_of_the_residue_matches),
		cmocka_unit_test(silence_and_idle_change_nothing),
		cmocka_unit_test(off_is_bit_exact),
		cmocka_unit_test(bulk_delay_is_bridged),
		cmocka_unit_test(long_random_switching_stays_stable),
		cmocka_unit_test(what_cannot_be_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
