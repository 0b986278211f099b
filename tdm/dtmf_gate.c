/* dtmf_gate.c - the share of the eight DTMF frequencies in the power of 10 ms.
 *
 * Goertzel's filter for twelve frequencies, four to a vector: rows, columns, dial tone.  Over 80
 * samples it is 100 Hz wide, so a frequency 2 % off still gives three quarters of its power.
 */
#include "tdm/dtmf_gate.h"

enum { N = DTMF_GATE_SAMPLES };

typedef float vector __attribute__((vector_size(16)));

/* 2 cos(2 pi f / 8000) */
static const vector rows = {1.7077378f, 1.6452810f, 1.5686870f, 1.4782046f}; /* 697 770 852 941 */
static const vector columns = {1.1641040f, 0.9963702f, 0.7986184f, 0.5685327f}; /* 1209 to 1633 */
static const vector dial = {1.9249105f, 1.8817615f, 0, 0};                      /* 350 440 */

/* Mean square of -50 dBm0, 8 dB under what the detector takes for a digit; full scale, 3.17 dBm0,
 * is a sine of 32124. */
static const float power_min = 2487.0f;
/* The detector wants four fifths of the power without dial tone, in a digit's two frequencies. */
static const float share_min = 0.4f;
/* In either of them: with 12 dB between the two the weaker has 6 %, the detector takes 8. */
static const float share_min_each = 0.02f;

/* Dial tone opens it, too: the detector's filter for it is narrow and must not be interrupted. */
static const float share_dial = 0.5f;

struct filter {
	vector a, b;
};

static inline void filter_two(struct filter *f, vector k, float first, float second)
{
	f->a = first + k * f->b - f->a;
	f->b = second + k * f->a - f->b;
}

/* Mean square of each frequency. */
static vector power_of(const struct filter *f, vector k)
{
	return (f->a * f->a + f->b * f->b - k * f->a * f->b) * (2.0f / (N * N));
}

static float strongest(vector v)
{
	float max = v[0];

	for (int i = 1; i < 4; i++)
		max = v[i] > max ? v[i] : max;
	return max;
}

bool dtmf_gate_is_open(const int16_t samples[DTMF_GATE_SAMPLES])
{
	struct filter row = {0}, column = {0}, tone = {0};
	float x[N], power = 0;
	vector sum = {0};

	for (int i = 0; i < N; i++)
		x[i] = samples[i];
	for (int i = 0; i < N; i += 4) {
		vector four = {x[i], x[i + 1], x[i + 2], x[i + 3]};
		sum += four * four;
	}
	power = (sum[0] + sum[1] + sum[2] + sum[3]) / N;
	if (power < power_min)
		return false;
	for (int i = 0; i < N; i += 2) {
		filter_two(&row, rows, x[i], x[i + 1]);
		filter_two(&column, columns, x[i], x[i + 1]);
		filter_two(&tone, dial, x[i], x[i + 1]);
	}
	float r = strongest(power_of(&row, rows)), c = strongest(power_of(&column, columns));
	vector d = power_of(&tone, dial);
	float without_dial = power - d[0] - d[1];
	return without_dial < (1 - share_dial) * power ||
	       (r + c >= share_min * without_dial && r >= share_min_each * (r + c) &&
		c >= share_min_each * (r + c));
}
