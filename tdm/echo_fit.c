#include "tdm/echo_fit.h"

#include <math.h>
#include <string.h>

enum { TAPS = ECHO_FIT_TAPS, VECTOR = 4, FIND_STEP = 16 };

static const float full_scale = 32768;
/* Of the far end's power, as if so much noise were added: of frequencies it does not have, nothing
 * is learned. */
static const double ridge = 1e-5;

void echo_fit_begin(struct echo_fit *f, bool fresh)
{
	f->history = f->blocks = 0;
	if (!fresh)
		return;
	memset(f->far, 0, ECHO_FIT_HISTORY * sizeof(f->far[0]));
	f->history = ECHO_FIT_HISTORY;
}

bool echo_fit_hear(struct echo_fit *f, const float far[ECHO_BLOCK], const float near[ECHO_BLOCK])
{
	int16_t *x = f->far + f->history + f->blocks * ECHO_BLOCK;

	if (f->blocks == ECHO_FIT_BLOCKS)
		return false;
	for (unsigned i = 0; i < ECHO_BLOCK; i++)
		x[i] = (int16_t)(far[i] * full_scale);
	if (f->history < ECHO_FIT_HISTORY) {
		f->history += ECHO_BLOCK;
		return true;
	}
	for (unsigned i = 0; i < ECHO_BLOCK; i++)
		f->near[f->blocks * ECHO_BLOCK + i] = (int16_t)(near[i] * full_scale);
	f->blocks++;
	return true;
}

void echo_fit_interrupt(struct echo_fit *f)
{
	if (f->blocks < ECHO_FIT_BLOCKS)
		echo_fit_begin(f, false);
}

struct equations {
	double matrix[TAPS][TAPS]; /* upper half; its Cholesky factor afterwards */
	double right[ECHO_PARTS_MAX * ECHO_BLOCK + TAPS];
	double energy; /* of the near end */
	float far[ECHO_FIT_HISTORY + ECHO_FIT_BLOCKS * ECHO_BLOCK];
	float near[ECHO_FIT_BLOCKS * ECHO_BLOCK];
	const float *beside; /* the sample of far that was heard with the first of near */
	unsigned blocks;
	const struct echo_kernel *kernel;
};

static double product(const struct equations *q, const float *a, const float *b)
{
	double sum = 0;

	for (unsigned i = 0; i < q->blocks * ECHO_BLOCK; i += ECHO_BLOCK)
		sum += (double)q->kernel->dot(a + i, b + i);
	return sum;
}

static void convert(struct equations *q, const struct echo_fit *f, const struct echo_kernel *k)
{
	for (unsigned i = 0; i < f->history + f->blocks * ECHO_BLOCK; i++)
		q->far[i] = (float)f->far[i] / full_scale;
	for (unsigned i = 0; i < f->blocks * ECHO_BLOCK; i++)
		q->near[i] = (float)f->near[i] / full_scale;
	q->beside = q->far + f->history;
	q->blocks = f->blocks;
	q->kernel = k;
	q->energy = product(q, q->near, q->near);
}

/* Each row follows from the one above: one product comes in at the start, one goes at the end. */
static void set_matrix(struct equations *q, unsigned delay)
{
	const float *x = q->beside - delay, *end = x + q->blocks * ECHO_BLOCK;

	for (unsigned i = 0; i < TAPS; i++)
		q->matrix[0][i] = product(q, x, x - i);
	for (unsigned i = 1; i < TAPS; i++) {
		q->matrix[i][0] = q->matrix[0][i];
		for (unsigned j = i > VECTOR ? i / VECTOR * VECTOR : 1; j < TAPS; j++)
			q->matrix[i][j] = q->matrix[i - 1][j - 1] + (double)(*(x - i) * *(x - j)) -
					  (double)(*(end - i) * *(end - j));
	}
	for (unsigned i = 0; i < TAPS; i++)
		q->matrix[i][i] += ridge * q->matrix[0][0] + 1e-9;
}

static void set_right(struct equations *q, unsigned delay, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		q->right[i] = product(q, q->near, q->beside - delay - i);
}

typedef double pair __attribute__((vector_size(16)));

/* row -= column * by, from from on, or up to three before: those are not looked at. */
static void subtract(double row[TAPS], const double column[TAPS], double by, unsigned from)
{
	for (unsigned i = from / VECTOR * VECTOR; i < TAPS; i += VECTOR) {
		pair a, b, c, d;
		memcpy(&a, row + i, sizeof(a));
		memcpy(&b, row + i + 2, sizeof(b));
		memcpy(&c, column + i, sizeof(c));
		memcpy(&d, column + i + 2, sizeof(d));
		a -= c * by;
		b -= d * by;
		memcpy(row + i, &a, sizeof(a));
		memcpy(row + i + 2, &b, sizeof(b));
	}
}

/* Cholesky's factor in place, column after column.  False: the matrix is not positive. */
static bool factor(struct equations *q)
{
	for (unsigned j = 0; j < TAPS; j++) {
		double *column = q->matrix[j]; /* by symmetry: from the diagonal on */
		if (column[j] <= 0)
			return false;
		double scale = 1 / sqrt(column[j]);
		for (unsigned i = j; i < TAPS; i++)
			column[i] *= scale;
		for (unsigned i = j + 1; i < TAPS; i++)
			subtract(q->matrix[i], column, column[i], i);
	}
	return true;
}

/* The first half of the solution.  Returns which energy of the near end it explains. */
static double solve_forward(const struct equations *q, const double *right, double w[TAPS])
{
	double explained = 0;

	memcpy(w, right, TAPS * sizeof(*w));
	for (unsigned i = 0; i < TAPS; i++) {
		w[i] /= q->matrix[i][i];
		explained += w[i] * w[i];
		for (unsigned j = i + 1; j < TAPS; j++)
			w[j] -= q->matrix[i][j] * w[i];
	}
	return explained;
}

static void solve_backward(const struct equations *q, double w[TAPS])
{
	for (unsigned i = TAPS; i-- > 0;) {
		for (unsigned j = i + 1; j < TAPS; j++)
			w[i] -= q->matrix[i][j] * w[j];
		w[i] /= q->matrix[i][i];
	}
}

float echo_fit_solve(const struct echo_fit *f, const struct echo_kernel *k, unsigned delay,
		     float taps[ECHO_FIT_TAPS])
{
	struct equations q;
	double w[TAPS];

	convert(&q, f, k);
	set_matrix(&q, delay);
	set_right(&q, delay, TAPS);
	if (!factor(&q) || q.energy <= 0)
		return 1;
	double explained = solve_forward(&q, q.right, w);
	solve_backward(&q, w);
	for (unsigned i = 0; i < TAPS; i++)
		taps[i] = (float)w[i];
	return (float)(1 - explained / q.energy);
}

/* But for what is at the ends, the matrix is the same for each delay. */
unsigned echo_fit_find(const struct echo_fit *f, const struct echo_kernel *k, unsigned tail)
{
	struct equations q;
	double w[TAPS], most = 0;
	unsigned found = 0;

	convert(&q, f, k);
	set_matrix(&q, tail / 2);
	set_right(&q, 0, tail);
	if (!factor(&q))
		return 0;
	for (unsigned delay = 0; delay + TAPS <= tail; delay += FIND_STEP) {
		double explained = solve_forward(&q, q.right + delay, w);
		if (explained > most) {
			most = explained;
			found = delay;
		}
	}
	return found;
}
