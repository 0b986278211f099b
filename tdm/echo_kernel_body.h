/* echo_kernel_body.h - the kernels once, for whoever includes it (echo_kernel_*.c), who defines:
 *   KERNEL             name of the struct echo_kernel, and KERNEL_NAME
 *   TARGET             attribute of every function
 *   vf, LANES          vector of floats with C's operators, 80 % LANES == 16 % LANES == 0
 *   v4, add4(), sub4(), mul4(), transpose4()     four floats
 */
#include "tdm/echo_kernel.h"
#include <string.h>

#define INLINE TARGET static inline __attribute__((always_inline))

INLINE vf load(const float *from)
{
	vf v;

	memcpy(&v, from, sizeof(v));
	return v;
}

INLINE void store(float *to, vf v)
{
	memcpy(to, &v, sizeof(v));
}

INLINE v4 load4(const float *from)
{
	v4 v;

	memcpy(&v, from, sizeof(v));
	return v;
}

INLINE void store4(float *to, v4 v)
{
	memcpy(to, &v, sizeof(v));
}

INLINE vf all_of(float x)
{
	return x - (vf){0};
}

/* --- the transform of 80 = 5 * 16 ---------------------------------------------------------------
 */

/* Five values that are 16 apart, for each of 16 columns; r, i become row k at k * 16. */
INLINE void five(vf r[5], vf i[5])
{
	const float c1 = 0.309016994374947F, c2 = -0.809016994374947F;
	const float s1 = 0.951056516295154F, s2 = 0.587785252292473F;
	vf ar = r[1] + r[4], ai = i[1] + i[4], br = r[2] + r[3], bi = i[2] + i[3];
	vf cr = r[1] - r[4], ci = i[1] - i[4], dr = r[2] - r[3], di = i[2] - i[3];
	vf pr = r[0] + c1 * ar + c2 * br, pi = i[0] + c1 * ai + c2 * bi;
	vf qr = r[0] + c2 * ar + c1 * br, qi = i[0] + c2 * ai + c1 * bi;
	vf ur = s1 * ci + s2 * di, ui = s1 * cr + s2 * dr;
	vf vr = s2 * ci - s1 * di, vi = s2 * cr - s1 * dr;

	r[0] = r[0] + ar + br;
	i[0] = i[0] + ai + bi;
	r[1] = pr + ur;
	i[1] = pi - ui;
	r[2] = qr + vr;
	i[2] = qi - vi;
	r[3] = qr - vr;
	i[3] = qi + vi;
	r[4] = pr - ur;
	i[4] = pi + ui;
}

INLINE void turn(vf *r, vf *i, const float *by_re, const float *by_im)
{
	vf wr = load(by_re), wi = load(by_im), re = *r * wr - *i * wi;

	*i = *r * wi + *i * wr;
	*r = re;
}

INLINE void turn_columns(vf r[5], vf i[5], unsigned p)
{
	for (unsigned k = 1; k < 5; k++)
		turn(&r[k], &i[k], &echo_twiddles->column_re[k - 1][p],
		     &echo_twiddles->column_im[k - 1][p]);
}

INLINE void four(v4 r[4], v4 i[4])
{
	v4 ar = add4(r[0], r[2]), ai = add4(i[0], i[2]), br = sub4(r[0], r[2]),
	   bi = sub4(i[0], i[2]);
	v4 cr = add4(r[1], r[3]), ci = add4(i[1], i[3]), dr = sub4(r[1], r[3]),
	   di = sub4(i[1], i[3]);

	r[0] = add4(ar, cr);
	i[0] = add4(ai, ci);
	r[1] = add4(br, di);
	i[1] = sub4(bi, dr);
	r[2] = sub4(ar, cr);
	i[2] = sub4(ai, ci);
	r[3] = sub4(br, di);
	i[3] = add4(bi, dr);
}

/* The transform of 16 values in a row, natural order in and out. */
INLINE void sixteen(const float *re, const float *im, float *out_re, float *out_im)
{
	v4 r[4], i[4];

	for (unsigned b = 0; b < 4; b++) {
		r[b] = load4(re + 4 * (size_t)b);
		i[b] = load4(im + 4 * (size_t)b);
	}
	four(r, i);
	for (unsigned c = 1; c < 4; c++) {
		v4 wr = load4(echo_twiddles->row_re[c]), wi = load4(echo_twiddles->row_im[c]);
		v4 t = sub4(mul4(r[c], wr), mul4(i[c], wi));
		i[c] = add4(mul4(r[c], wi), mul4(i[c], wr));
		r[c] = t;
	}
	transpose4(r);
	transpose4(i);
	four(r, i);
	for (unsigned d = 0; d < 4; d++) {
		store4(out_re + 4 * (size_t)d, r[d]);
		store4(out_im + 4 * (size_t)d, i[d]);
	}
}

TARGET static void forward(const float *lo, const float *hi, struct echo_spectrum *out)
{
	_Alignas(ECHO_ALIGN) float re[ECHO_BINS], im[ECHO_BINS];

	for (unsigned p = 0; p < 16; p += LANES) {
		vf r[5], i[5];
		for (unsigned a = 0; a < 5; a++) {
			unsigned n = p + 16 * a;
			r[a] = lo != NULL ? load(lo + n) : all_of(0);
			i[a] = hi != NULL ? -load(hi + n) : all_of(0);
			turn(&r[a], &i[a], &echo_twiddles->skew_re[n], &echo_twiddles->skew_im[n]);
		}
		five(r, i);
		turn_columns(r, i, p);
		for (unsigned k = 0; k < 5; k++) {
			store(re + p + 16 * (size_t)k, r[k]);
			store(im + p + 16 * (size_t)k, i[k]);
		}
	}
	for (unsigned k = 0; k < ECHO_BINS; k += 16)
		sixteen(re + k, im + k, out->re + k, out->im + k);
}

/* With the parts exchanged the same transform goes back. */
TARGET static void inverse(const struct echo_spectrum *in, float *lo, float *hi)
{
	_Alignas(ECHO_ALIGN) float re[ECHO_BINS], im[ECHO_BINS];
	const float scale = 1.0F / ECHO_BINS;

	for (unsigned k = 0; k < ECHO_BINS; k += 16)
		sixteen(in->im + k, in->re + k, re + k, im + k);
	for (unsigned p = 0; p < 16; p += LANES) {
		vf r[5], i[5];
		for (unsigned k = 0; k < 5; k++) {
			r[k] = load(re + p + 16 * (size_t)k);
			i[k] = load(im + p + 16 * (size_t)k);
		}
		turn_columns(r, i, p);
		five(r, i);
		for (unsigned a = 0; a < 5; a++) {
			unsigned n = p + 16 * a;
			turn(&r[a], &i[a], &echo_twiddles->skew_re[n], &echo_twiddles->skew_im[n]);
			if (lo != NULL)
				store(lo + n, i[a] * scale);
			if (hi != NULL)
				store(hi + n, r[a] * -scale);
		}
	}
}

/* --- bin by bin ---------------------------------------------------------------------------------
 */

TARGET static void multiply_add(struct echo_spectrum *sum, const struct echo_spectrum *a,
				const struct echo_spectrum *b)
{
	for (unsigned k = 0; k < ECHO_BINS; k += LANES) {
		vf ar = load(a->re + k), ai = load(a->im + k);
		vf br = load(b->re + k), bi = load(b->im + k);
		store(sum->re + k, load(sum->re + k) + (ar * br - ai * bi));
		store(sum->im + k, load(sum->im + k) + (ar * bi + ai * br));
	}
}

INLINE vf power_of(const struct echo_spectrum *a, unsigned k)
{
	vf r = load(a->re + k), i = load(a->im + k);

	return r * r + i * i;
}

TARGET static void power(const struct echo_spectrum *a, float *out)
{
	for (unsigned k = 0; k < ECHO_BINS; k += LANES)
		store(out + k, power_of(a, k));
}

TARGET static void half_products(float *sum, const float *a, const float *b)
{
	for (unsigned k = 0; k < ECHO_BINS; k += LANES)
		store(sum + k, load(sum + k) + 0.5F * (load(a + k) * load(b + k)));
}

TARGET static void smooth_power(float *state, const struct echo_spectrum *a, float scale)
{
	for (unsigned k = 0; k < ECHO_BINS; k += LANES) {
		vf s = load(state + k);
		store(state + k, s + scale * (power_of(a, k) - s));
	}
}

TARGET static void reciprocal(float *out, const float *a, const float *b)
{
	for (unsigned k = 0; k < ECHO_BINS; k += LANES)
		store(out + k, 1.0F / (load(a + k) + load(b + k)));
}

TARGET static void update(struct echo_spectrum *weights, float *doubt, const struct echo_step *s)
{
	for (unsigned k = 0; k < ECHO_BINS; k += LANES) {
		vf d = load(doubt + k), g = d * load(s->gain + k);
		vf xr = load(s->far->re + k), xi = load(s->far->im + k);
		vf er = load(s->e->re + k), ei = load(s->e->im + k);
		vf wr = load(weights->re + k) + g * (xr * er + xi * ei);
		vf wi = load(weights->im + k) + g * (xr * ei - xi * er);
		store(weights->re + k, wr);
		store(weights->im + k, wi);
		d = d - 0.5F * (g * load(s->far_power + k)) * d;
		store(doubt + k, s->keep * d + s->drift * (wr * wr + wi * wi));
	}
}

/* Eight sums whatever the width, added in one order. */
TARGET static float dot(const float *a, const float *b)
{
	float part[8];
	vf sum[8 / LANES];

	for (unsigned j = 0; j < 8 / LANES; j++)
		sum[j] = all_of(0);
	for (unsigned i = 0; i < ECHO_BINS; i += 8)
		for (unsigned j = 0; j < 8 / LANES; j++) {
			size_t at = i + (size_t)j * LANES;
			sum[j] = sum[j] + load(a + at) * load(b + at);
		}
	for (unsigned j = 0; j < 8 / LANES; j++)
		store(part + (size_t)j * LANES, sum[j]);
	return ((part[0] + part[1]) + (part[2] + part[3])) +
	       ((part[4] + part[5]) + (part[6] + part[7]));
}

const struct echo_kernel KERNEL = {KERNEL_NAME, forward,       inverse,      multiply_add, power,
				   half_products, smooth_power, reciprocal, update,       dot};
