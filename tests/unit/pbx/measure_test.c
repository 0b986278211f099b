/* The measuring is judged with signals whose faults are known. */
#include "tests/pbx/marker.c"
#include "tests/pbx/measure.c"
#include "tests/pbx/pcm.c"
#include "tests/pbx/signal.c"
#include "tests/pbx/speak.c"
#include "tests/pbx/spectrum.c"
#include "tests/pbx/wav.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { SECONDS = 4, COUNT = SECONDS * PCM_RATE_HZ };

static int16_t tape[COUNT + PCM_RATE_HZ];
static struct measure m;

static void tape_tone(double hz, double dbm0)
{
	for (unsigned i = 0; i < COUNT + PCM_RATE_HZ; i++)
		tape[i] = pcm_clip(pcm_peak_of_dbm0(dbm0) *
				   sin(2 * M_PI * hz * i / PCM_RATE_HZ + 0.7));
}

static void tape_add_tone(double hz, double dbm0)
{
	for (unsigned i = 0; i < COUNT; i++)
		tape[i] = pcm_clip(tape[i] +
				   pcm_peak_of_dbm0(dbm0) * sin(2 * M_PI * hz * i / PCM_RATE_HZ));
}

static void tape_drop(unsigned at, unsigned count)
{
	memmove(tape + at, tape + at + count, (COUNT + PCM_RATE_HZ - at - count) * sizeof tape[0]);
}

static void tape_silence(unsigned at, unsigned count)
{
	memset(tape + at, 0, count * sizeof tape[0]);
}

/* As a call gives it: through mu-law, in ticks. */
static const struct measure_stretch *judge(void)
{
	uint8_t ulaw[80];
	int16_t pcm[80];

	measure_init(&m);
	for (unsigned at = 0; at < COUNT; at += 80) {
		pcm_to_ulaw(tape + at, ulaw, 80);
		pcm_from_ulaw(ulaw, pcm, 80);
		measure_run(&m, pcm, 80);
	}
	measure_end(&m);
	return measure_main(&m);
}

static void assert_faultless(const struct measure_stretch *s)
{
	assert_int_equal(s->gaps, 0);
	assert_int_equal(s->jumps, 0);
	assert_int_equal(s->clicks, 0);
	assert_int_equal(s->level_changes, 0);
}

static void assert_near(double value, double expected, double within)
{
	if (fabs(value - expected) > within)
		fail_msg("%f is not within %f of %f", value, within, expected);
}

static void digital_milliwatt_is_0_dbm0(void **state)
{
	/* G.711 table 6: one period of 1 kHz at 0 dBm0. */
	static const uint8_t period[8] = {0x1e, 0x0b, 0x0b, 0x1e, 0x9e, 0x8b, 0x8b, 0x9e};
	int16_t pcm[8];
	double sum = 0;

	pcm_from_ulaw(period, pcm, 8);
	for (unsigned i = 0; i < 8; i++)
		sum += (double)pcm[i] * pcm[i] / 8;
	assert_near(pcm_dbm0_of_power(sum), 0, 0.1);
}

static void every_own_tone_is_told_from_the_others(void **state)
{
	for (unsigned n = 0; n < OWN_TONES; n++) {
		tape_tone(signal_own_hz(n), -10);
		const struct measure_stretch *s = judge();
		assert_non_null(s);
		assert_near(s->hz, signal_own_hz(n), 0.02);
		assert_near(s->level_dbm0, -10, 0.1);
		assert_int_equal(s->start, 0);
		assert_int_equal(s->end, COUNT);
		assert_faultless(s);
		assert_int_equal(m.stretch_count, 1);
		assert_int_equal(m.other_count, 0);
		assert_true(s->snr_db > 30);
	}
}

static void levels(void **state)
{
	for (double dbm0 = -45; dbm0 <= 0; dbm0 += 5) {
		tape_tone(1004, dbm0);
		const struct measure_stretch *s = judge();
		assert_non_null(s);
		assert_near(s->level_dbm0, dbm0, 0.3);
		assert_faultless(s);
	}
}

static void silence_is_no_tone(void **state)
{
	memset(tape, 0, sizeof tape);
	assert_null(judge());
	assert_near(measure_level_dbm0(&m), -99, 0);
}

/* At 40 places of the block and over the range of frequencies: one sample. */
static void one_lost_sample_is_a_jump(void **state)
{
	for (unsigned i = 0; i < 40; i++) {
		double hz = 400 + 55 * i;
		tape_tone(hz, -10);
		tape_drop(16000 + i, 1);
		const struct measure_stretch *s = judge();
		assert_int_equal(s->jumps, 1);
		assert_int_equal(s->gaps, 0);
		assert_int_equal(s->clicks, 0);
		assert_int_equal(s->fault[0].kind, MEASURE_JUMP);
		assert_near(s->fault[0].size, 1, 0.1);
		assert_near((double)s->fault[0].at, 16000, 120);
		assert_int_equal(m.stretch_count, 1);
	}
}

static void one_inserted_sample_is_a_jump_back(void **state)
{
	tape_tone(437, -10);
	memmove(tape + 12001, tape + 12000, (COUNT - 12001) * sizeof tape[0]);
	const struct measure_stretch *s = judge();
	assert_int_equal(s->jumps, 1);
	assert_near(s->fault[0].size, -1, 0.1);
}

static void lost_packet_closed_up_is_one_jump(void **state)
{
	tape_tone(437, -10);
	tape_drop(12000, 160);
	const struct measure_stretch *s = judge();
	assert_int_equal(s->jumps, 1);
	assert_int_equal(s->gaps, 0);
	/* Within one period of the tone: 160 samples are 8.74 periods of 18.3. */
	assert_near(s->fault[0].size, 160 - 9 * 8000 / 437.0, 0.3);
}

static void gap_filled_with_silence(void **state)
{
	tape_tone(437, -10);
	tape_silence(12000, 80);
	const struct measure_stretch *s = judge();
	assert_int_equal(s->gaps, 1);
	assert_near((double)s->gap_samples, 80, 3);
	assert_near((double)s->gap_max_samples, 80, 3);
	assert_int_equal(s->jumps, 0);
	assert_int_equal(s->clicks, 0);
	assert_near((double)s->fault[0].at, 12000, 3);
}

static void gap_of_one_millisecond(void **state)
{
	for (unsigned i = 0; i < 40; i++) {
		tape_tone(437, -10);
		tape_silence(12000 + i, 8);
		const struct measure_stretch *s = judge();
		/* Quiet for a whole millisecond, whatever of the tone is around. */
		assert_int_equal(s->gaps + s->clicks, 1);
		assert_int_equal(s->jumps, 0);
	}
}

static void gaps_are_counted_one_by_one(void **state)
{
	tape_tone(1200, -15);
	for (unsigned i = 0; i < 5; i++)
		tape_silence(8000 + 2000 * i, 160 + 40 * i);
	const struct measure_stretch *s = judge();
	assert_int_equal(s->gaps, 5);
	assert_near((double)s->gap_max_samples, 320, 3);
	assert_near((double)s->gap_samples, 5 * 160 + 10 * 40, 10);
}

static void long_gap_and_same_tone_again(void **state)
{
	tape_tone(437, -10);
	tape_silence(8000, 16000);
	const struct measure_stretch *s = judge();
	assert_int_equal(m.stretch_count, 1);
	assert_int_equal(s->gaps, 1);
	assert_near((double)s->gap_max_samples, 16000, 3);
}

static void silence_before_and_after_is_no_gap(void **state)
{
	tape_tone(437, -10);
	tape_silence(0, 4321);
	tape_silence(24000, 8000);
	const struct measure_stretch *s = judge();
	assert_faultless(s);
	assert_near((double)s->start, 4321, 45);
	assert_near((double)s->end, 24000, 45);
}

static void single_wrong_sample_is_a_click(void **state)
{
	tape_tone(437, -10);
	tape[15000] = -tape[15000] - 8000;
	const struct measure_stretch *s = judge();
	assert_int_equal(s->clicks, 1);
	assert_int_equal(s->jumps, 0);
	assert_int_equal(s->gaps, 0);
}

static void level_step(void **state)
{
	tape_tone(437, -10);
	for (unsigned i = 16000; i < COUNT; i++)
		tape[i] = pcm_clip(tape[i] * 0.707);
	const struct measure_stretch *s = judge();
	assert_int_equal(s->level_changes, 1);
	assert_near(s->fault[0].size, -3, 0.3);
	assert_near(s->level_min_dbm0, -13, 0.3);
	assert_near(s->level_max_dbm0, -10, 0.3);
	assert_int_equal(s->jumps, 0);
}

static void another_tone_takes_over(void **state)
{
	tape_tone(437, -10);
	for (unsigned i = 20000; i < COUNT; i++)
		tape[i] = pcm_clip(pcm_peak_of_dbm0(-10) * sin(2 * M_PI * 1140 * i / PCM_RATE_HZ));
	const struct measure_stretch *s = judge();
	assert_int_equal(m.stretch_count, 2);
	assert_near(s->hz, 437, 0.05);
	assert_near((double)s->end, 20000, 45);
	assert_near(m.stretch[1].hz, 1140, 0.1);
	assert_int_equal(s->gaps, 0);
}

static void two_tones_are_both_named(void **state)
{
	memset(tape, 0, sizeof tape);
	tape_add_tone(440, -19);
	tape_add_tone(480, -19);
	const struct measure_stretch *s = judge();
	assert_non_null(s);
	assert_near(s->hz, 440, 1.5);
	assert_near(s->hz2, 480, 1.5);
	assert_near(s->level_dbm0, -16, 0.5);
}

static void crosstalk_30_db_down_is_heard(void **state)
{
	tape_tone(437, -10);
	tape_add_tone(474, -40);
	const struct measure_stretch *s = judge();
	assert_near(s->hz, 437, 0.05);
	assert_int_equal(m.other_count, 1);
	assert_near(m.other[0].hz, 474, 3);
	assert_near(m.other[0].level_dbm0, -40, 2);
}

static void noise_20_db_down_is_no_fault(void **state)
{
	double sigma = pcm_peak_of_dbm0(-30) * M_SQRT1_2;

	srand(7);
	tape_tone(437, -10);
	for (unsigned i = 0; i < COUNT; i++) {
		double noise = 0;
		for (unsigned j = 0; j < 12; j++)
			noise += rand() / (double)RAND_MAX - 0.5;
		tape[i] = pcm_clip(tape[i] + sigma * noise);
	}
	const struct measure_stretch *s = judge();
	assert_near(s->hz, 437, 0.05);
	assert_faultless(s);
	assert_near(s->snr_db, 20, 1);
}

static void noise_alone_is_no_tone(void **state)
{
	srand(3);
	for (unsigned i = 0; i < COUNT; i++)
		tape[i] = (int16_t)(rand() % 8000 - 4000);
	assert_null(judge());
	assert_near(measure_level_dbm0(&m), pcm_dbm0_of_power(4000.0 * 4000 / 3), 0.3);
}

/* Another clock's 100 ppm shift the frequency and are no fault. */
static void drift_is_no_fault(void **state)
{
	tape_tone(1004 * (1 + 100e-6), -10);
	assert_faultless(judge());
}

static void markers_are_found_to_the_sample(void **state)
{
	struct marker_detector d;
	unsigned found = 0;

	srand(11);
	for (unsigned i = 0; i < COUNT; i++)
		tape[i] = (int16_t)(rand() % 600 - 300);
	for (unsigned k = 0; k < 3; k++) {
		for (unsigned i = 0; i < MARKER_SAMPLES; i++)
			tape[1234 + 8000 * k + i] += (int16_t)(-1500 * marker_chip(i));
	}
	marker_detector_init(&d);
	for (unsigned i = 0; i < COUNT; i++) {
		uint64_t start;
		if (marker_detector_put(&d, tape[i], &start)) {
			assert_int_equal(start, 1234 + 8000 * found);
			found++;
		}
	}
	assert_int_equal(found, 3);
}

static void tones_and_speech_like_noise_hold_no_marker(void **state)
{
	struct marker_detector d;
	uint64_t start;

	for (double hz = 200; hz < 3800; hz += 61) {
		tape_tone(hz, -10);
		marker_detector_init(&d);
		for (unsigned i = 0; i < 2000; i++)
			assert_false(marker_detector_put(&d, tape[i], &start));
	}
}

static void marker_has_no_second_peak(void **state)
{
	for (unsigned shift = 1; shift < MARKER_SAMPLES; shift++) {
		int sum = 0;
		for (unsigned i = 0; i < MARKER_SAMPLES; i++)
			sum += marker_chip(i) * marker_chip((i + shift) % MARKER_SAMPLES);
		assert_int_equal(sum, -1);
	}
}

static void spoken_digits_are_understood(void **state)
{
	static const char *const numbers[] = {"7101", "0", "9876543210", "7711"};

	for (unsigned n = 0; n < 4; n++) {
		struct signal_conf conf = {.kind = SIGNAL_DIGITS, .dbm0 = -13};
		struct signal *s;
		struct speak_detector d;
		const char *why;
		assert_int_equal(signal_new(&s, &conf, numbers[n], &why), 0);
		signal_run(s, tape, 777, NULL); /* the listener comes in later */
		signal_run(s, tape, COUNT, NULL);
		signal_run(s, tape, COUNT, NULL);
		speak_detector_init(&d);
		speak_detector_run(&d, tape, COUNT);
		signal_run(s, tape, COUNT, NULL);
		speak_detector_run(&d, tape, COUNT);
		assert_string_equal(d.heard, numbers[n]);
		assert_true(d.patterns >= 2);
		assert_int_equal(d.changes, 0);
		signal_free(s);
	}
}

static void a_plain_tone_speaks_no_digits(void **state)
{
	struct speak_detector d;

	tape_tone(720, -10);
	speak_detector_init(&d);
	speak_detector_run(&d, tape, COUNT);
	assert_int_equal(d.patterns, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digital_milliwatt_is_0_dbm0),
		cmocka_unit_test(every_own_tone_is_told_from_the_others),
		cmocka_unit_test(levels),
		cmocka_unit_test(silence_is_no_tone),
		cmocka_unit_test(one_lost_sample_is_a_jump),
		cmocka_unit_test(one_inserted_sample_is_a_jump_back),
		cmocka_unit_test(lost_packet_closed_up_is_one_jump),
		cmocka_unit_test(gap_filled_with_silence),
		cmocka_unit_test(gap_of_one_millisecond),
		cmocka_unit_test(gaps_are_counted_one_by_one),
		cmocka_unit_test(long_gap_and_same_tone_again),
		cmocka_unit_test(silence_before_and_after_is_no_gap),
		cmocka_unit_test(single_wrong_sample_is_a_click),
		cmocka_unit_test(level_step),
		cmocka_unit_test(another_tone_takes_over),
		cmocka_unit_test(two_tones_are_both_named),
		cmocka_unit_test(crosstalk_30_db_down_is_heard),
		cmocka_unit_test(noise_20_db_down_is_no_fault),
		cmocka_unit_test(noise_alone_is_no_tone),
		cmocka_unit_test(drift_is_no_fault),
		cmocka_unit_test(markers_are_found_to_the_sample),
		cmocka_unit_test(tones_and_speech_like_noise_hold_no_marker),
		cmocka_unit_test(marker_has_no_second_peak),
		cmocka_unit_test(spoken_digits_are_understood),
		cmocka_unit_test(a_plain_tone_speaks_no_digits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
