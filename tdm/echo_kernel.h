/* echo_kernel.h - the arithmetic of the echo canceller, in the widest vectors the processor has.
 *
 * Spectra are of 160 samples at odd frequencies: bin m is at (2m + 1/2) / 160 of the sampling rate.
 * 80 such bins, no two of them each other's conjugate, hold all there is of 160 real samples, so
 * that there is neither a DC nor a Nyquist bin to be treated apart, and products of spectra are
 * skew-circular convolutions, as good for overlap-save as circular ones.  Bins are kept as the
 * transform leaves them: bin m at index 16 * (m % 5) + m / 5.
 *
 * All kernels give the same octets: none uses fused multiplication, sums have one order.
 * Any thread.  Arrays are aligned to ECHO_ALIGN.
 */
#ifndef TDM_ECHO_KERNEL_H
#define TDM_ECHO_KERNEL_H

enum { ECHO_BINS = 80, ECHO_ALIGN = 32 };

struct echo_spectrum {
	_Alignas(ECHO_ALIGN) float re[ECHO_BINS];
	float im[ECHO_BINS];
};

/* One partition of the adaptive filter at one moment. */
struct echo_step {
	const struct echo_spectrum *far;
	const float *far_power;        /* |far|^2 */
	const struct echo_spectrum *e; /* the error's */
	const float *gain;             /* 1 / (what the error is expected to have) */
	float keep, drift;             /* of the state: factor^2, and 1 - that */
};

struct echo_kernel {
	const char *name;
	/* Spectrum of 80 samples lo and the 80 after them, hi; NULL = zeros. */
	void (*forward)(const float *lo, const float *hi, struct echo_spectrum *out);
	/* Its inverse; what is NULL is not wanted. */
	void (*inverse)(const struct echo_spectrum *in, float *lo, float *hi);
	void (*multiply_add)(struct echo_spectrum *sum, const struct echo_spectrum *a,
			     const struct echo_spectrum *b);
	void (*power)(const struct echo_spectrum *a, float *out);
	/* sum[k] += a[k] * b[k] / 2 */
	void (*half_products)(float *sum, const float *a, const float *b);
	/* state += scale * (|a|^2 - state) */
	void (*smooth_power)(float *state, const struct echo_spectrum *a, float scale);
	/* out[k] = 1 / (a[k] + b[k]) */
	void (*reciprocal)(float *out, const float *a, const float *b);
	/* The filter's weights and how far each is expected to be from the truth. */
	void (*update)(struct echo_spectrum *weights, float *doubt, const struct echo_step *s);
	/* Sum of a[i] * b[i], 80 of them. */
	float (*dot)(const float *a, const float *b);
};

/* What this processor runs best.  Chosen once. */
const struct echo_kernel *echo_kernel(void);

/* All that this processor can run, plain C first; NULL beyond the last. */
const struct echo_kernel *echo_kernel_nth(unsigned i);

extern const struct echo_kernel echo_kernel_plain;
#if defined(__SSE2__) || defined(__ARM_NEON)
#define ECHO_KERNEL_V4 1
extern const struct echo_kernel echo_kernel_v4;
#endif
#if defined(__x86_64__)
#define ECHO_KERNEL_AVX2 1
extern const struct echo_kernel echo_kernel_avx2;
#endif

/* Twiddle factors. */
struct echo_twiddles {
	_Alignas(ECHO_ALIGN) float skew_re[ECHO_BINS]; /* exp(-j pi n / 160) */
	float skew_im[ECHO_BINS];
	float column_re[4][16], column_im[4][16]; /* exp(-j 2 pi p k / 80), k = 1..4 */
	float row_re[4][4], row_im[4][4];         /* exp(-j 2 pi q c / 16) */
};
extern const struct echo_twiddles *echo_twiddles;

#endif
