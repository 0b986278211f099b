#include "tests/pbx/spectrum.h"

#include "tests/pbx/pcm.h"
#include <math.h>
#include <stdbool.h>
#include <string.h>

enum {
	BIN_HZ = PCM_RATE_HZ / SPECTRUM_WINDOW,
	BIN_FIRST = SPECTRUM_HZ_MIN / BIN_HZ,
	BIN_LAST = SPECTRUM_HZ_MAX / BIN_HZ,
	FFT_BITS = 10,
	FFT_SIZE = 1 << FFT_BITS,
};

static double hann[SPECTRUM_WINDOW];
static double bin_coefficient[BIN_LAST + 2];
static double twiddle_c[FFT_SIZE / 2], twiddle_s[FFT_SIZE / 2];
static uint16_t reversed[FFT_SIZE];

static void tables_make(void)
{
	for (unsigned i = 0; i < SPECTRUM_WINDOW; i++)
		hann[i] = 0.5 - 0.5 * cos(2 * M_PI * i / SPECTRUM_WINDOW);
	for (unsigned b = 0; b <= BIN_LAST + 1; b++)
		bin_coefficient[b] = 2 * cos(2 * M_PI * b / SPECTRUM_WINDOW);
	for (unsigned i = 0; i < FFT_SIZE / 2; i++) {
		twiddle_c[i] = cos(2 * M_PI * i / FFT_SIZE);
		twiddle_s[i] = -sin(2 * M_PI * i / FFT_SIZE);
	}
	for (unsigned i = 0; i < FFT_SIZE; i++) {
		unsigned r = 0;
		for (unsigned bit = 0; bit < FFT_BITS; bit++)
			r |= (i >> bit & 1) << (FFT_BITS - 1 - bit);
		reversed[i] = (uint16_t)r;
	}
}

static void fft(double *re, double *im)
{
	for (unsigned half = 1; half < FFT_SIZE; half *= 2) {
		unsigned stride = FFT_SIZE / 2 / half;
		for (unsigned k = 0; k < half; k++) {
			double c = twiddle_c[k * stride], s = twiddle_s[k * stride];
			for (unsigned i = k; i < FFT_SIZE; i += 2 * half) {
				double r = re[i + half] * c - im[i + half] * s;
				double m = re[i + half] * s + im[i + half] * c;
				re[i + half] = re[i] - r;
				im[i + half] = im[i] - m;
				re[i] += r;
				im[i] += m;
			}
		}
	}
}

/* |X| of one bin of the window; for a tone in its middle: peak * SPECTRUM_WINDOW / 4. */
static double bin_magnitude(const double *windowed, unsigned bin)
{
	double k = bin_coefficient[bin], s1 = 0, s2 = 0;

	for (unsigned i = 0; i < SPECTRUM_WINDOW; i++) {
		double s0 = windowed[i] + k * s1 - s2;
		s2 = s1;
		s1 = s0;
	}
	double square = s1 * s1 + s2 * s2 - k * s1 * s2;
	return square > 0 ? sqrt(square) : 0;
}

/* Where about the strongest tone is, as a bin of the window. */
static unsigned strongest_bin(const double *windowed)
{
	double re[FFT_SIZE] = {0}, im[FFT_SIZE] = {0}, best_square = -1;
	unsigned best = 0;

	for (unsigned i = 0; i < SPECTRUM_WINDOW; i++)
		re[reversed[i]] = windowed[i];
	fft(re, im);
	for (unsigned i = BIN_FIRST * FFT_SIZE / SPECTRUM_WINDOW;
	     i <= BIN_LAST * FFT_SIZE / SPECTRUM_WINDOW; i++) {
		double square = re[i] * re[i] + im[i] * im[i];
		if (square > best_square) {
			best_square = square;
			best = i;
		}
	}
	return (best * SPECTRUM_WINDOW + FFT_SIZE / 2) / FFT_SIZE;
}

/* The frequency of the strongest tone.  Between bins: for the Hann window the ratio a of the two
 * greatest neighbours says the place, (2a - 1) / (a + 1) of a bin from the greater. */
static double strongest_hz(const double *x)
{
	double windowed[SPECTRUM_WINDOW], mag[3];

	for (unsigned i = 0; i < SPECTRUM_WINDOW; i++)
		windowed[i] = x[i] * hann[i];
	unsigned bin = strongest_bin(windowed);
	for (unsigned i = 0; i < 3; i++)
		mag[i] = bin_magnitude(windowed, bin - 1 + i);
	if (mag[1] <= 0)
		return bin * BIN_HZ;
	bool above = mag[2] > mag[0];
	double a = (above ? mag[2] : mag[0]) / mag[1];
	double shift = (2 * a - 1) / (a + 1);
	return (bin + (above ? shift : -shift)) * BIN_HZ;
}

void spectrum_fit(struct spectrum_fit *out, const double *x, size_t count, double w)
{
	double cc = 0, ss = 0, cs = 0, xc = 0, xs = 0, xx = 0;
	double turn_c = cos(w), turn_s = sin(w), c = 1, s = 0;

	for (size_t i = 0; i < count; i++) {
		cc += c * c;
		ss += s * s;
		cs += c * s;
		xc += x[i] * c;
		xs += x[i] * s;
		xx += x[i] * x[i];
		double next = c * turn_c - s * turn_s;
		s = c * turn_s + s * turn_c;
		c = next;
	}
	double det = cc * ss - cs * cs;
	memset(out, 0, sizeof *out);
	out->energy = out->rest = xx;
	if (det < 1e-6 * cc * (double)count)
		return;
	out->c = (xc * ss - xs * cs) / det;
	out->s = (xs * cc - xc * cs) / det;
	out->rest = xx - out->c * xc - out->s * xs;
	if (out->rest < 0)
		out->rest = 0;
}

/* from = x less the tone of hz fitted to it; gives the tone's peak. */
static double take_away(double *from, const double *x, double hz)
{
	double w = 2 * M_PI * hz / PCM_RATE_HZ;
	struct spectrum_fit fit;

	spectrum_fit(&fit, x, SPECTRUM_WINDOW, w);
	for (unsigned i = 0; i < SPECTRUM_WINDOW; i++)
		from[i] = x[i] - fit.c * cos(w * i) - fit.s * sin(w * i);
	return hypot(fit.c, fit.s);
}

static double mean_square(const double *x)
{
	double sum = 0;

	for (unsigned i = 0; i < SPECTRUM_WINDOW; i++)
		sum += x[i] * x[i];
	return sum / SPECTRUM_WINDOW;
}

void spectrum_look(struct spectrum *out, const int16_t *window)
{
	double x[SPECTRUM_WINDOW], less_first[SPECTRUM_WINDOW], less_second[SPECTRUM_WINDOW];
	double rest[SPECTRUM_WINDOW], mean = 0;

	if (hann[SPECTRUM_WINDOW / 2] == 0)
		tables_make();
	memset(out, 0, sizeof *out);
	for (unsigned i = 0; i < SPECTRUM_WINDOW; i++)
		mean += window[i];
	mean /= SPECTRUM_WINDOW;
	for (unsigned i = 0; i < SPECTRUM_WINDOW; i++)
		x[i] = window[i] - mean;
	out->power = mean_square(x);
	if (out->power < 1)
		return;
	out->tone[0].hz = strongest_hz(x);
	out->tone[0].peak = take_away(less_first, x, out->tone[0].hz);
	out->rest[0] = mean_square(less_first);
	if (out->rest[0] < out->power * 1e-5) {
		out->rest[1] = out->rest[0];
		return;
	}
	/* Each disturbs the other's fit when they are close: once more with the other away. */
	out->tone[1].hz = strongest_hz(less_first);
	take_away(less_second, x, out->tone[1].hz);
	double hz = strongest_hz(less_second);
	if (fabs(hz - out->tone[0].hz) < BIN_HZ)
		out->tone[0].hz = hz;
	out->tone[0].peak = take_away(rest, less_second, out->tone[0].hz);
	take_away(less_first, x, out->tone[0].hz);
	out->tone[1].peak = take_away(rest, less_first, out->tone[1].hz);
	out->rest[1] = mean_square(rest);
}
