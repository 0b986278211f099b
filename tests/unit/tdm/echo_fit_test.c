/* The path that least squares find. */
#include "tdm/echo_fit.c"

#include "tests/bench/echo_signal.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* after the above */
#include <cmocka.h>

enum { ALL = ECHO_FIT_BLOCKS * ECHO_BLOCK, DELAY = 200 };

static struct echo_fit fit;
static int16_t far[ALL + ECHO_FIT_HISTORY], talk[ALL + ECHO_FIT_HISTORY];

/* count samples through a path of model 6, 6 dB, with somebody speaking at the near end. */
static void hear(struct echo_path *path, unsigned at, unsigned count, double near_dbm0)
{
	if (near_dbm0 > -90)
		echo_speech(77, near_dbm0, talk, count);
	for (unsigned done = 0; done < count; done += ECHO_BLOCK) {
		float x[ECHO_BLOCK], d[ECHO_BLOCK];
		for (unsigned i = 0; i < ECHO_BLOCK; i++) {
			int16_t s = far[at + done + i];
			x[i] = s / full_scale;
			d[i] = echo_line(echo_path_sample(path, s) +
					 (near_dbm0 > -90 ? talk[done + i] : 0)) /
			       full_scale;
		}
		echo_fit_hear(&fit, x, d);
	}
}

/* How far from the truth, in dB below it. */
static double misfit_db(const struct echo_path *path, const float *taps, unsigned delay)
{
	double wrong = 0, all = 0;

	for (unsigned i = 0; i < TAPS; i++) {
		unsigned at = delay + i;
		double truth = at >= path->delay && at - path->delay < path->count
				       ? path->taps[at - path->delay]
				       : 0;
		wrong += pow((double)taps[i] - truth, 2);
		all += truth * truth;
	}
	return 10 * log10(all / wrong);
}

static void half_a_second_of_noise_tells_the_path(void **state)
{
	struct echo_path path = {.count = 0};
	float taps[TAPS];

	echo_path_set(&path, 3, 6, DELAY);
	echo_noise(1, -15, far, ALL);
	echo_fit_begin(&fit, true);
	hear(&path, 0, ALL / 2, -99);
	assert_true(echo_fit_solve(&fit, echo_kernel(), DELAY - 10, taps) < 0.001F);
	assert_true(misfit_db(&path, taps, DELAY - 10) > 30);
}

static void speech_leaves_little_on_every_path(void **state)
{
	for (unsigned model = 2; model <= 9; model++) {
		struct echo_path path = {.count = 0};
		float taps[TAPS];
		echo_path_set(&path, model, 6, DELAY);
		echo_speech(model, -15, far, ALL);
		echo_fit_begin(&fit, true);
		hear(&path, 0, ALL, -99);
		assert_true(echo_fit_solve(&fit, echo_kernel(), DELAY, taps) < 0.0005F);
	}
}

/* In the middle of a call the echo of what was said before is in the first blocks. */
static void what_was_said_before_is_history(void **state)
{
	struct echo_path path = {.count = 0};
	float taps[TAPS];

	echo_path_set(&path, 3, 6, 14 * ECHO_BLOCK - TAPS / 4 - 1);
	echo_noise(2, -15, far, ALL + ECHO_FIT_HISTORY);
	echo_fit_begin(&fit, true);
	hear(&path, 0, 10 * ECHO_BLOCK, -99);
	echo_fit_interrupt(&fit);
	hear(&path, 10 * ECHO_BLOCK, ECHO_FIT_HISTORY, -99);
	assert_int_equal(fit.blocks, 0);
	hear(&path, 10 * ECHO_BLOCK + ECHO_FIT_HISTORY, ALL / 2, -99);
	assert_int_equal(fit.blocks, ECHO_FIT_BLOCKS / 2);
	assert_true(echo_fit_solve(&fit, echo_kernel(), path.delay, taps) < 0.001F);
	assert_true(misfit_db(&path, taps, path.delay) > 30);
}

static void the_path_is_found(void **state)
{
	for (unsigned at = 20; at <= 400; at += 95) {
		struct echo_path path = {.count = 0};
		echo_path_set(&path, 4, 10, at);
		echo_speech(at, -15, far, ALL);
		echo_fit_begin(&fit, true);
		hear(&path, 0, ALL, -99);
		unsigned found = echo_fit_find(&fit, echo_kernel(), 512);
		float taps[TAPS];
		assert_in_range(at + 9, found, found + TAPS - 30); /* its peak */
		assert_true(echo_fit_solve(&fit, echo_kernel(), found, taps) < 0.01F);
	}
}

static void double_talk_and_silence_are_told(void **state)
{
	struct echo_path path = {.count = 0};
	float taps[TAPS];

	echo_path_set(&path, 3, 6, DELAY);
	echo_speech(1, -15, far, ALL);
	echo_fit_begin(&fit, true);
	hear(&path, 0, ALL, -15);
	assert_true(echo_fit_solve(&fit, echo_kernel(), DELAY, taps) > 0.03F);
	memset(far, 0, sizeof(far));
	echo_fit_begin(&fit, true);
	echo_path_set(&path, 3, 6, DELAY);
	memset(path.heard, 0, sizeof(path.heard));
	hear(&path, 0, ALL, -99);
	assert_true(echo_fit_solve(&fit, echo_kernel(), DELAY, taps) == 1);
}

static void when_all_is_there_it_stays(void **state)
{
	struct echo_path path = {.count = 0};
	float block[ECHO_BLOCK] = {0};

	echo_path_set(&path, 3, 6, DELAY);
	echo_fit_begin(&fit, true);
	hear(&path, 0, ALL, -99);
	assert_false(echo_fit_hear(&fit, block, block));
	echo_fit_interrupt(&fit);
	assert_int_equal(fit.blocks, ECHO_FIT_BLOCKS);
	echo_fit_begin(&fit, false);
	assert_int_equal(fit.blocks + fit.history, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(half_a_second_of_noise_tells_the_path),
		cmocka_unit_test(speech_leaves_little_on_every_path),
		cmocka_unit_test(what_was_said_before_is_history),
		cmocka_unit_test(the_path_is_found),
		cmocka_unit_test(double_talk_and_silence_are_told),
		cmocka_unit_test(when_all_is_there_it_stays),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
