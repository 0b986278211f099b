#include "sip/transit.h"

#include <stdlib.h>
#include <string.h>

enum {
	MS_NS = 1000000,
	BIN_NS = 500000,
	LOW_WINDOWS = 5,     /* of 2 s: how long the quickest packet counts */
	STEP_NS = 5 * MS_NS, /* the lowest transit moved by more: another route */
	DRIFT_MAX_PPB = 500000,
};
static const int64_t WINDOW_NS = 2000000000;
static const float MEMORY_NS = 5e9f;
/* Packets in the memory that may come too late: one never asks for a longer delay, a second one
 * soon after it does. */
static const float FEW = 1.5f;
static const float HEAVY = 1e6f, FORGOTTEN = 1e-3f;

void transit_init(struct transit *t)
{
	memset(t, 0, sizeof(*t));
	t->weight = 1;
}

/* Least squares through the windows' lows: the lowest transit time falls when the peer's clock is
 * fast. */
static void measure_drift(struct transit *t)
{
	unsigned n = t->window_count < TRANSIT_WINDOWS - 1 ? t->window_count : TRANSIT_WINDOWS - 1;
	unsigned first = t->window_count - n;
	const struct transit_window *w0 = &t->window[first % TRANSIT_WINDOWS];
	double sx = 0, sy = 0, sxx = 0, sxy = 0, ppb;

	if (n < 4)
		return;
	for (unsigned i = 0; i < n; i++) {
		const struct transit_window *w = &t->window[(first + i) % TRANSIT_WINDOWS];
		double x = (double)(w->at_ns - w0->at_ns) * 1e-9;
		double y = (double)(w->low_ns - w0->low_ns);

		sx += x;
		sy += y;
		sxx += x * x;
		sxy += x * y;
	}
	ppb = n * sxx - sx * sx;
	ppb = ppb > 0 ? -(n * sxy - sx * sy) / ppb : 0;
	if (ppb > DRIFT_MAX_PPB || ppb < -DRIFT_MAX_PPB)
		return;
	t->drift_ppb += (int32_t)((ppb - t->drift_ppb) / (t->drift_known ? 4 : 1));
	t->drift_known = true;
}

static int64_t drift_over(const struct transit *t, int64_t ns)
{
	return ns / 1000 * t->drift_ppb / 1000000;
}

/* The low of an earlier window as it would be at at_ns, the peer's clock having run on. */
static int64_t low_at(const struct transit *t, const struct transit_window *w, int64_t at_ns)
{
	return w->low_ns - drift_over(t, at_ns - w->at_ns);
}

static void close_window(struct transit *t)
{
	const struct transit_window *w = &t->window[t->window_count % TRANSIT_WINDOWS];

	if (t->window_count > 0) {
		const struct transit_window *prev =
			&t->window[(t->window_count - 1) % TRANSIT_WINDOWS];

		if (llabs(w->low_ns - low_at(t, prev, w->at_ns)) > STEP_NS) {
			t->window[0] = *w;
			t->window_count = 1;
			return;
		}
	}
	t->window_count++;
	measure_drift(t);
}

static void note_low(struct transit *t, int64_t at_ns, int64_t transit_ns)
{
	struct transit_window *w = &t->window[t->window_count % TRANSIT_WINDOWS];
	int64_t low;

	if (t->known && at_ns / WINDOW_NS != w->at_ns / WINDOW_NS) {
		close_window(t);
		w = &t->window[t->window_count % TRANSIT_WINDOWS];
		*w = (struct transit_window){at_ns, transit_ns};
	} else if (!t->known || transit_ns < w->low_ns) {
		*w = (struct transit_window){at_ns, transit_ns};
	}
	low = low_at(t, w, at_ns);
	for (unsigned i = 1; i <= LOW_WINDOWS && i <= t->window_count; i++) {
		int64_t l = low_at(t, &t->window[(t->window_count - i) % TRANSIT_WINDOWS], at_ns);

		if (l < low)
			low = l;
	}
	t->low_ns = low;
}

static int64_t mod(int64_t a, int64_t n)
{
	int64_t r = a % n;

	return r < 0 ? r + n : r;
}

/* Keeps bin[0] at or just below the lowest transit; what falls off either end gathers there. */
static void move_bins(struct transit *t)
{
	int64_t by = mod(t->low_ns, BIN_NS);
	float fallen = 0;

	if (t->low_ns >= t->base_ns && t->low_ns < t->base_ns + 2 * BIN_NS)
		return;
	by = (t->low_ns - by - t->base_ns) / BIN_NS;
	t->base_ns += by * BIN_NS;
	if (by > 0) {
		size_t n = by < TRANSIT_BINS - 1 ? (size_t)by : TRANSIT_BINS - 1;

		for (size_t i = 0; i < n; i++)
			fallen += t->bin[i];
		memmove(t->bin, t->bin + n, (TRANSIT_BINS - n) * sizeof(t->bin[0]));
		memset(t->bin + TRANSIT_BINS - n, 0, n * sizeof(t->bin[0]));
		t->bin[0] += fallen;
		t->top = t->top > n ? t->top - (unsigned)n : 0;
	} else {
		size_t n = -by < TRANSIT_BINS - 1 ? (size_t)-by : TRANSIT_BINS - 1;

		for (size_t i = TRANSIT_BINS - n; i < TRANSIT_BINS; i++)
			fallen += t->bin[i];
		memmove(t->bin + n, t->bin, (TRANSIT_BINS - n) * sizeof(t->bin[0]));
		memset(t->bin, 0, n * sizeof(t->bin[0]));
		t->bin[TRANSIT_BINS - 1] += fallen;
		t->top = t->top + n < TRANSIT_BINS ? t->top + (unsigned)n : TRANSIT_BINS - 1;
	}
}

/* Instead of making all that is there lighter with each packet, the packets get heavier; now and
 * then all is brought back to scale. */
static void rescale(struct transit *t)
{
	t->top = 0;
	for (unsigned i = 0; i < TRANSIT_BINS; i++) {
		t->bin[i] /= t->weight;
		if (t->bin[i] < FORGOTTEN)
			t->bin[i] = 0;
		else
			t->top = i;
	}
	t->weight = 1;
}

static void note_bin(struct transit *t, const struct transit_packet *p)
{
	int64_t bin = (p->transit_ns - t->base_ns) / BIN_NS;
	unsigned i = bin < 0 ? 0 : bin < TRANSIT_BINS ? (unsigned)bin : TRANSIT_BINS - 1;

	t->weight *= 1 + (float)p->span_ns / MEMORY_NS;
	t->bin[i] += t->weight;
	if (i > t->top)
		t->top = i;
	if (t->weight > HEAVY)
		rescale(t);
}

static int64_t find_high(const struct transit *t, int64_t reach_ns)
{
	float late = 0;
	int64_t high_ns;
	unsigned i;

	for (i = t->top; i > 0; i--) {
		late += t->bin[i];
		if (late > FEW * t->weight)
			break;
	}
	high_ns = t->base_ns + (int64_t)i * BIN_NS;
	if (high_ns > t->low_ns + reach_ns)
		high_ns = t->low_ns + reach_ns;
	return high_ns > t->low_ns ? high_ns : t->low_ns;
}

void transit_note(struct transit *t, const struct transit_packet *p, int64_t reach_ns)
{
	note_low(t, p->at_ns, p->transit_ns);
	/* The bins follow the peer's clock, or a fast one would look like early packets. */
	if (!t->known)
		t->base_ns = t->low_ns;
	else
		t->base_ns -= drift_over(t, p->at_ns - t->at_ns);
	t->at_ns = p->at_ns;
	t->known = true;
	move_bins(t);
	if (p->spread)
		note_bin(t, p);
	t->high_ns = find_high(t, reach_ns);
}
