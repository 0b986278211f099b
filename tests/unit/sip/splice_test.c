#include "sip/splice.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { COUNT = 400 };

static void tone(float *x, double hz)
{
	for (int i = 0; i < COUNT; i++)
		x[i] = (float)(8000 * sin(2 * M_PI * hz / 8000 * i));
}

static void make_noise(float *x)
{
	uint32_t seed = 1;

	for (int i = 0; i < COUNT; i++) {
		seed = seed * 1664525u + 1013904223u;
		x[i] = (float)(seed >> 17) - 16384;
	}
}

static double rms(const float *x, unsigned count)
{
	double sum = 0;

	for (unsigned i = 0; i < count; i++)
		sum += (double)x[i] * x[i];
	return sqrt(sum / count);
}

static void whole_periods_are_found_either_way(void **state)
{
	float x[COUNT], likeness;

	tone(x, 200); /* 40 samples */
	for (int step = -1; step <= 1; step += 2) {
		struct splice_search s = {x + 160, step, 90, 130}, down = {x + 160, step, 130, 90};

		assert_int_equal(splice_find(&s, &likeness), 120);
		assert_int_equal(splice_find(&down, &likeness), 120);
		assert_true(likeness > 0.999);
	}
}

static void the_first_good_lag_is_taken(void **state)
{
	float x[COUNT], likeness;
	struct splice_search s = {x, 1, 70, 170}, down = {x, 1, 170, 70};

	tone(x, 200);
	assert_int_equal(splice_find(&s, &likeness), 80);
	assert_int_equal(splice_find(&down, &likeness), 160);
}

static void the_only_lag_is_taken_whatever_it_is_like(void **state)
{
	float x[COUNT] = {0}, likeness;
	struct splice_search s = {x, 1, 20, 20};

	assert_int_equal(splice_find(&s, &likeness), 20);
	assert_true(likeness == 1);
	tone(x, 200);
	assert_int_equal(splice_find(&s, &likeness), 20);
	assert_true(likeness < -0.999);
}

/* Of signals that are alike, of such that are not, and of silence. */
static void power_is_kept(void **state)
{
	float x[COUNT], mixed[SPLICE_OVERLAP];
	uint8_t out[SPLICE_OVERLAP];

	tone(x, 440);
	splice_mix(out, x, x + 200, splice_likeness(x, x + 200));
	splice_linear(mixed, out, SPLICE_OVERLAP);
	assert_true(fabs(20 * log10(rms(mixed, SPLICE_OVERLAP) / rms(x, COUNT))) < 0.3);
	make_noise(x);
	splice_mix(out, x, x + 200, splice_likeness(x, x + 200));
	splice_linear(mixed, out, SPLICE_OVERLAP);
	assert_true(fabs(20 * log10(rms(mixed, SPLICE_OVERLAP) / rms(x, COUNT))) < 1.5);
	for (int i = 0; i < COUNT; i++)
		x[i] = i < 200 ? 32124 : -32124;
	splice_mix(out, x, x + 200, splice_likeness(x, x + 200));
	assert_int_equal(ulaw_to_linear(out[0]), 32124);
	assert_int_equal(ulaw_to_linear(out[SPLICE_OVERLAP - 1]), -32124);
}

static void quiet_is_quiet_all_along(void **state)
{
	uint8_t octets[100];

	memset(octets, 0xff, sizeof(octets));
	octets[50] = linear_to_ulaw(-100);
	assert_true(splice_quiet(octets, 100));
	octets[99] = linear_to_ulaw(-400);
	assert_false(splice_quiet(octets, 100));
	assert_true(splice_quiet(octets, 99));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_periods_are_found_either_way),
		cmocka_unit_test(the_first_good_lag_is_taken),
		cmocka_unit_test(the_only_lag_is_taken_whatever_it_is_like),
		cmocka_unit_test(power_is_kept),
		cmocka_unit_test(quiet_is_quiet_all_along),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
