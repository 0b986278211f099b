/* Each set of kernels this processor can run against plain C and against the definition. */
#include "tdm/echo_kernel.c"

#include <complex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* after the above */
#include <cmocka.h>

static float noise(void)
{
	static uint32_t seed = 1;

	seed = seed * 1664525 + 1013904223;
	return (float)(int32_t)seed / 2147483648.0F;
}

static void fill(float *to, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		to[i] = noise();
}

static _Alignas(ECHO_ALIGN) float lo[ECHO_BINS], hi[ECHO_BINS];

static void transform_is_that_of_its_definition(void **state)
{
	const struct echo_kernel *k;

	for (unsigned n = 0; (k = echo_kernel_nth(n)) != NULL; n++) {
		struct echo_spectrum s;
		fill(lo, ECHO_BINS);
		fill(hi, ECHO_BINS);
		k->forward(lo, hi, &s);
		for (unsigned bin = 0; bin < ECHO_BINS; bin++) {
			double m = bin / 16 + 5 * (bin % 16);
			double complex sum = 0;
			for (unsigned i = 0; i < 160; i++)
				sum += (i < 80 ? lo[i] : hi[i - 80]) *
				       cexp(-2 * M_PI * I * (2 * m + 0.5) * i / 160);
			assert_true(fabs(creal(sum) - s.re[bin]) < 1e-4);
			assert_true(fabs(cimag(sum) - s.im[bin]) < 1e-4);
		}
	}
}

static void inverse_gives_it_back(void **state)
{
	const struct echo_kernel *k;

	for (unsigned n = 0; (k = echo_kernel_nth(n)) != NULL; n++) {
		_Alignas(ECHO_ALIGN) float a[ECHO_BINS], b[ECHO_BINS];
		struct echo_spectrum s;
		fill(lo, ECHO_BINS);
		fill(hi, ECHO_BINS);
		k->forward(lo, hi, &s);
		k->inverse(&s, a, b);
		for (unsigned i = 0; i < ECHO_BINS; i++) {
			assert_true(fabsf(a[i] - lo[i]) < 1e-5F);
			assert_true(fabsf(b[i] - hi[i]) < 1e-5F);
		}
	}
}

struct outcome {
	struct echo_spectrum spectrum, sum, weights;
	_Alignas(ECHO_ALIGN) float lo[ECHO_BINS], hi[ECHO_BINS], power[ECHO_BINS];
	float products[ECHO_BINS], smooth[ECHO_BINS], reciprocal[ECHO_BINS], doubt[ECHO_BINS];
	float dot;
};

static void run_all(const struct echo_kernel *k, const struct outcome *start, struct outcome *o)
{
	*o = *start;
	k->forward(lo, hi, &o->spectrum);
	k->inverse(&start->weights, o->lo, o->hi);
	k->multiply_add(&o->sum, &o->spectrum, &start->weights);
	k->power(&o->spectrum, o->power);
	k->half_products(o->products, o->power, start->doubt);
	k->smooth_power(o->smooth, &o->spectrum, 0.5F);
	k->reciprocal(o->reciprocal, o->power, o->products);
	struct echo_step step = {.far = &o->spectrum,
				 .far_power = o->power,
				 .e = &o->sum,
				 .gain = o->reciprocal,
				 .keep = 0.9F,
				 .drift = 0.1F};
	k->update(&o->weights, o->doubt, &step);
	o->dot = k->dot(lo, hi);
}

static void all_give_the_same_bits(void **state)
{
	static struct outcome start, plain, other;
	const struct echo_kernel *k;

	fill(lo, ECHO_BINS);
	fill(hi, ECHO_BINS);
	fill((float *)&start, sizeof(start) / sizeof(float));
	for (unsigned i = 0; i < ECHO_BINS; i++) {
		start.doubt[i] = fabsf(start.doubt[i]);
		start.products[i] = fabsf(start.products[i]) + 0.1F;
	}
	run_all(echo_kernel_nth(0), &start, &plain);
	assert_string_equal(echo_kernel_nth(0)->name, "plain");
	for (unsigned n = 1; (k = echo_kernel_nth(n)) != NULL; n++) {
		run_all(k, &start, &other);
		assert_memory_equal(&plain, &other, sizeof(plain));
		assert_ptr_not_equal(k->forward, echo_kernel_nth(0)->forward);
	}
}

static void what_is_null_is_zero(void **state)
{
	static const _Alignas(ECHO_ALIGN) float zero[ECHO_BINS];
	struct echo_spectrum a, b;

	fill(lo, ECHO_BINS);
	echo_kernel()->forward(lo, NULL, &a);
	echo_kernel()->forward(lo, zero, &b);
	for (unsigned i = 0; i < ECHO_BINS; i++)
		assert_true(a.re[i] == b.re[i] && a.im[i] == b.im[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(transform_is_that_of_its_definition),
		cmocka_unit_test(inverse_gives_it_back),
		cmocka_unit_test(all_give_the_same_bits),
		cmocka_unit_test(what_is_null_is_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
