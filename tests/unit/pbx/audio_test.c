/* Two phones' audio joined by a delay line instead of a span. */
#include "tests/pbx/audio.c"
#include "tests/pbx/hybrid.c"
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
#include <unistd.h>

#include <cmocka.h>

enum { TICKS = 400, LINE_TICKS = 5 };

static struct audio *phone[2];
static uint8_t line[2][LINE_TICKS][TICK]; /* towards phone n, oldest first from at */
static uint64_t now_us;
static struct audio_marker sent[2], heard[2];

static void phone_make(unsigned n, const struct audio_conf *conf)
{
	const char *why;

	assert_int_equal(audio_new(&phone[n], conf, &why), 0);
	memset(line[n], TDM_IDLE, sizeof line[n]);
}

static void phones_free(void)
{
	for (unsigned n = 0; n < 2; n++) {
		audio_free(phone[n]);
		phone[n] = NULL;
	}
}

static void ticks(unsigned count)
{
	for (unsigned i = 0; i < count; i++, now_us += 10000) {
		unsigned at = (unsigned)(now_us / 10000 % LINE_TICKS);
		uint8_t said[2][TICK];
		struct audio_marker mark;
		for (unsigned n = 0; n < 2; n++) {
			audio_talk(phone[n], said[n], now_us, &mark);
			if (mark.seen)
				sent[n] = mark;
		}
		for (unsigned n = 0; n < 2; n++) {
			audio_listen(phone[n], line[n][at], now_us, &mark);
			if (mark.seen)
				heard[n] = mark;
			memcpy(line[n][at], said[!n], TICK);
		}
	}
}

static void round_trip_is_exact(void **state)
{
	const struct hybrid_conf loop = {.erl_db = 6, .delay_ms = 13};
	const struct audio_conf marking = {
		.play = {.kind = SIGNAL_MARKER, .dbm0 = -12}, .number = "1", .marker_listen = true};
	const struct audio_conf echoing = {.number = "2", .hybrid = &loop, .marker_listen = true};

	phone_make(0, &marking);
	phone_make(1, &echoing);
	audio_answered(phone[0]);
	audio_answered(phone[1]);
	ticks(TICKS);
	const struct audio_trip *trip = audio_trip(phone[0]);
	/* Two lines, one tick for the phone to answer in, and its hybrid's delay. */
	unsigned samples = (2 * LINE_TICKS + 1) * TICK + 13 * 8;
	assert_true(trip->count >= 3);
	assert_int_equal(trip->min, samples);
	assert_int_equal(trip->max, samples);
	/* One way: line delay, less the tick between handing over and having arrived. */
	assert_int_equal(heard[1].sample, sent[0].sample + LINE_TICKS * TICK);
	assert_int_equal(heard[1].mono_us - sent[0].mono_us, LINE_TICKS * 10000 - 79 * SAMPLE_US);
	phones_free();
}

static void early_and_answered_are_measured_apart(void **state)
{
	const struct audio_conf caller = {.play = {.kind = SIGNAL_TONE, .hz = 437, .dbm0 = -10},
					  .number = "1"};
	const struct audio_conf called = {
		.play = {.kind = SIGNAL_DIGITS, .dbm0 = -10}, .ringback = true, .number = "7102"};

	phone_make(0, &caller);
	phone_make(1, &called);
	ticks(100);
	assert_null(measure_main(audio_early(phone[1]))); /* the caller speaks after the answer */
	audio_answered(phone[0]);
	audio_answered(phone[1]);
	audio_dtmf(phone[0], "12#");
	ticks(TICKS);
	const struct measure_stretch *early = measure_main(audio_early(phone[0]));
	assert_non_null(early);
	assert_true(fabs(early->hz - 440) < 3 && fabs(early->hz2 - 480) < 3);
	assert_string_equal(audio_digits(phone[0])->heard, "7102");
	assert_string_equal(audio_dtmf_heard(phone[1]), "12#");
	const struct measure_stretch *main_tone = measure_main(audio_heard(phone[1]));
	assert_non_null(main_tone);
	assert_true(fabs(main_tone->hz - 437) < 0.1);
	phones_free();
}

static void what_is_played_can_change(void **state)
{
	const struct audio_conf conf = {.play = {.kind = SIGNAL_SILENCE}, .number = "1"};
	const struct signal_conf tone = {.kind = SIGNAL_TONE, .hz = 900, .dbm0 = -20};
	const struct signal_conf missing = {.kind = SIGNAL_FILE, .path = "/nonexistent"};
	const char *why;

	phone_make(0, &conf);
	phone_make(1, &conf);
	audio_answered(phone[0]);
	audio_answered(phone[1]);
	ticks(50);
	assert_int_equal(audio_play(phone[0], &missing, &why), -ENOENT);
	assert_int_equal(audio_play(phone[0], &tone, &why), 0);
	ticks(100);
	const struct measure_stretch *s = measure_main(audio_heard(phone[1]));
	assert_non_null(s);
	assert_true(fabs(s->hz - 900) < 0.1 && fabs(s->level_dbm0 + 20) < 0.2);
	phones_free();
}

static void half_built_is_freed(void **state)
{
	const struct hybrid_conf bad = {.delay_ms = HYBRID_DELAY_MS_MAX + 1};
	const struct audio_conf confs[] = {
		{.number = "1", .hybrid = &bad},
		{.number = "1", .record = "/nonexistent/x.wav"},
		{.number = "1", .play = {.kind = SIGNAL_FILE, .path = "/nonexistent"}},
	};

	for (unsigned i = 0; i < 3; i++) {
		const char *why;
		struct audio *a;
		assert_true(audio_new(&a, &confs[i], &why) < 0);
		assert_null(a);
		assert_true(why[0] != '\0');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip_is_exact),
		cmocka_unit_test(early_and_answered_are_measured_apart),
		cmocka_unit_test(what_is_played_can_change),
		cmocka_unit_test(half_built_is_freed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
