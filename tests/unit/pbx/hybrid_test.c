#include "tests/pbx/hybrid.c"
#include "tests/pbx/pcm.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { COUNT = 80000 };

static int16_t heard[COUNT], echo[COUNT];

static double level(const int16_t *x, size_t count)
{
	double sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += (double)x[i] * x[i];
	return pcm_dbm0_of_power(sum / (double)count);
}

static void every_shape_has_the_erl_asked_for(void **state)
{
	srand(5);
	for (unsigned i = 0; i < COUNT; i++)
		heard[i] = (int16_t)(rand() % 16000 - 8000);
	for (unsigned shape = 0; shape < HYBRID_SHAPE_COUNT; shape++) {
		for (double erl = 0; erl <= 24; erl += 6) {
			struct hybrid_conf conf = {.erl_db = erl, .delay_ms = 5, .shape = shape};
			struct hybrid *h;
			assert_int_equal(hybrid_new(&h, &conf), 0);
			hybrid_run(h, heard, echo, COUNT);
			double got = level(heard, COUNT) - level(echo, COUNT);
			if (fabs(got - erl) > 0.3)
				fail_msg("shape %s: %f dB instead of %f", shape_names[shape], got,
					 erl);
			hybrid_free(h);
		}
	}
}

/* A line gives nothing back louder than it came, whatever the frequency. */
static void every_shape_is_passive_at_10_db(void **state)
{
	for (unsigned shape = 0; shape < HYBRID_SHAPE_COUNT; shape++) {
		for (double hz = 300; hz <= 3400; hz += 50) {
			struct hybrid_conf conf = {.erl_db = 10, .shape = shape};
			struct hybrid *h;
			for (unsigned i = 0; i < 4000; i++)
				heard[i] = pcm_clip(8000 * sin(2 * M_PI * hz * i / PCM_RATE_HZ));
			assert_int_equal(hybrid_new(&h, &conf), 0);
			hybrid_run(h, heard, echo, 4000);
			if (level(echo + 800, 3200) > level(heard + 800, 3200))
				fail_msg("shape %s amplifies %f Hz", shape_names[shape], hz);
			hybrid_free(h);
		}
	}
}

static void the_delay_is_pure(void **state)
{
	struct hybrid_conf conf = {.delay_ms = 37};
	struct hybrid *h;

	assert_int_equal(hybrid_new(&h, &conf), 0);
	memset(heard, 0, sizeof heard);
	heard[100] = 5000;
	for (unsigned at = 0; at < 800; at += 80)
		hybrid_run(h, heard + at, echo + at, 80);
	for (unsigned i = 0; i < 800; i++)
		assert_int_equal(echo[i], i == 100 + 37 * 8 ? 5000 : 0);
	hybrid_free(h);
}

static void own_taps_are_convolved(void **state)
{
	struct hybrid_conf conf = {.erl_db = 0, .taps = {0.6, 0, -0.8}, .tap_count = 3};
	struct hybrid *h;

	assert_int_equal(hybrid_new(&h, &conf), 0);
	memset(heard, 0, sizeof heard);
	heard[0] = 10000;
	heard[1] = 1000;
	hybrid_run(h, heard, echo, 5);
	const int16_t expected[5] = {6000, 600, -8000, -800, 0};
	assert_memory_equal(echo, expected, sizeof expected);
	hybrid_free(h);
}

static void what_cannot_be_is_refused(void **state)
{
	struct hybrid_conf late = {.delay_ms = HYBRID_DELAY_MS_MAX + 1};
	struct hybrid_conf deaf = {.taps = {0, 0}, .tap_count = 2};
	struct hybrid *h;

	assert_int_equal(hybrid_new(&h, &late), -EINVAL);
	assert_null(h);
	assert_int_equal(hybrid_new(&h, &deaf), -EINVAL);
	assert_null(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_shape_has_the_erl_asked_for),
		cmocka_unit_test(every_shape_is_passive_at_10_db),
		cmocka_unit_test(the_delay_is_pure),
		cmocka_unit_test(own_taps_are_convolved),
		cmocka_unit_test(what_cannot_be_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
