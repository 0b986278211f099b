#include "sip/jitter.h"

#include <stdlib.h>
#include <string.h>

enum {
	SAMPLE_NS = 125000,
	MS_NS = 1000000,
	BIN_NS = 500000,
	MEMORY = 256,        /* packets the spread is taken over, roughly */
	LOW_WINDOWS = 5,     /* of 2 s: how long the quickest packet counts */
	LEAP_LATE = 4000,    /* samples: a timestamp that leaps further back, or ...  */
	LEAP_EARLY = 800,    /* ... forward, against the time, begins anew */
	BAD_MS = 300,        /* so long only useless packets: begin anew */
	EMPTY_TICKS = 20,    /* silence after which a talkspurt is placed afresh */
	QUIET = 64,          /* linear peak, -54 dBm0: cuts are not heard below */
	QUIET_CUT = 16,      /* samples cut or repeated in one quiet tick */
	CUT_TICKS = 2,       /* else one sample is cut in so many ticks */
	STEP_NS = 5 * MS_NS, /* the lowest transit moved by more: another route */
	DRIFT_MAX_PPB = 500000,
};
static const int64_t WINDOW_NS = 2000000000;
static const float TAIL = 0.01f; /* share of packets that may come too late */
static const float HEAVY = 1e6f, FORGOTTEN = 1e-3f;

static int64_t mod(int64_t a, int64_t n)
{
	int64_t r = a % n;

	return r < 0 ? r + n : r;
}

void jitter_init(struct jitter *j, unsigned min_ms, unsigned max_ms)
{
	memset(j, 0, sizeof(*j));
	conceal_init(&j->conceal);
	j->weight = 1;
	j->margin_ns = (int64_t)min_ms * MS_NS;
	j->max_ns = (int64_t)max_ms * MS_NS;
}

void jitter_restart(struct jitter *j)
{
	if (j->heard)
		j->restarts++;
	memset(j->present, 0, sizeof(j->present));
	memset(j->bin, 0, sizeof(j->bin));
	j->total = 0;
	j->weight = 1;
	j->top = 0;
	j->heard = j->playing = j->growing = j->drift_known = false;
	j->samples = j->window_count = 0;
	j->drift_ppb = 0;
	j->bad_since_ns = 0;
	j->play = j->newest = 0;
	j->holes = j->empty_ticks = 0;
}

/* --- transit times: how quick packets are, how far they spread, how fast the peer's clock is ---
 */

/* Least squares through the windows' lows: the lowest transit time falls when the peer's clock is
 * fast. */
static void measure_drift(struct jitter *j)
{
	unsigned n = j->window_count < JITTER_WINDOWS - 1 ? j->window_count : JITTER_WINDOWS - 1;
	unsigned first = j->window_count - n;
	const struct jitter_window *w0 = &j->window[first % JITTER_WINDOWS];
	double sx = 0, sy = 0, sxx = 0, sxy = 0, ppb;

	if (n < 4)
		return;
	for (unsigned i = 0; i < n; i++) {
		const struct jitter_window *w = &j->window[(first + i) % JITTER_WINDOWS];
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
	j->drift_ppb += (int32_t)((ppb - j->drift_ppb) / (j->drift_known ? 4 : 1));
	j->drift_known = true;
}

static int64_t drift_over(const struct jitter *j, int64_t ns)
{
	return ns / 1000 * j->drift_ppb / 1000000;
}

/* The low of an earlier window as it would be at at_ns, the peer's clock having run on. */
static int64_t low_at(const struct jitter *j, const struct jitter_window *w, int64_t at_ns)
{
	return w->low_ns - drift_over(j, at_ns - w->at_ns);
}

static void close_window(struct jitter *j)
{
	const struct jitter_window *w = &j->window[j->window_count % JITTER_WINDOWS];

	if (j->window_count > 0) {
		const struct jitter_window *prev =
			&j->window[(j->window_count - 1) % JITTER_WINDOWS];

		if (llabs(w->low_ns - low_at(j, prev, w->at_ns)) > STEP_NS) {
			j->window[0] = *w;
			j->window_count = 1;
			return;
		}
	}
	j->window_count++;
	measure_drift(j);
}

static void note_low(struct jitter *j, int64_t at_ns, int64_t transit_ns)
{
	struct jitter_window *w = &j->window[j->window_count % JITTER_WINDOWS];
	int64_t low;

	if (j->samples > 0 && at_ns / WINDOW_NS != w->at_ns / WINDOW_NS) {
		close_window(j);
		w = &j->window[j->window_count % JITTER_WINDOWS];
		*w = (struct jitter_window){at_ns, transit_ns};
	} else if (j->samples == 0 || transit_ns < w->low_ns) {
		*w = (struct jitter_window){at_ns, transit_ns};
	}
	low = low_at(j, w, at_ns);
	for (unsigned i = 1; i <= LOW_WINDOWS && i <= j->window_count; i++) {
		int64_t l = low_at(j, &j->window[(j->window_count - i) % JITTER_WINDOWS], at_ns);

		if (l < low)
			low = l;
	}
	j->low_ns = low;
}

/* Keeps bin[0] at or just below the lowest transit; what falls off either end gathers there. */
static void move_bins(struct jitter *j)
{
	int64_t by = mod(j->low_ns, BIN_NS);
	float fallen = 0;

	if (j->low_ns >= j->base_ns && j->low_ns < j->base_ns + 2 * BIN_NS)
		return;
	by = (j->low_ns - by - j->base_ns) / BIN_NS;
	j->base_ns += by * BIN_NS;
	if (by > 0) {
		size_t n = by < JITTER_BINS - 1 ? (size_t)by : JITTER_BINS - 1;

		for (size_t i = 0; i < n; i++)
			fallen += j->bin[i];
		memmove(j->bin, j->bin + n, (JITTER_BINS - n) * sizeof(j->bin[0]));
		memset(j->bin + JITTER_BINS - n, 0, n * sizeof(j->bin[0]));
		j->bin[0] += fallen;
		j->top = j->top > n ? j->top - (unsigned)n : 0;
	} else {
		size_t n = -by < JITTER_BINS - 1 ? (size_t)-by : JITTER_BINS - 1;

		for (size_t i = JITTER_BINS - n; i < JITTER_BINS; i++)
			fallen += j->bin[i];
		memmove(j->bin + n, j->bin, (JITTER_BINS - n) * sizeof(j->bin[0]));
		memset(j->bin, 0, n * sizeof(j->bin[0]));
		j->bin[JITTER_BINS - 1] += fallen;
		j->top = j->top + n < JITTER_BINS ? j->top + (unsigned)n : JITTER_BINS - 1;
	}
}

/* Instead of making all that is there lighter with each packet, the packets get heavier; now and
 * then all is brought back to scale. */
static void rescale(struct jitter *j)
{
	j->total = 0;
	j->top = 0;
	for (unsigned i = 0; i < JITTER_BINS; i++) {
		j->bin[i] /= j->weight;
		if (j->bin[i] < FORGOTTEN)
			j->bin[i] = 0;
		else
			j->top = i;
		j->total += j->bin[i];
	}
	j->weight = 1;
}

static void note_bin(struct jitter *j, int64_t bin)
{
	unsigned i = bin < 0 ? 0 : bin < JITTER_BINS ? (unsigned)bin : JITTER_BINS - 1;

	j->bin[i] += j->weight;
	j->total += j->weight;
	if (i > j->top)
		j->top = i;
	/* Until the memory is full all weigh the same. */
	if (j->samples < MEMORY)
		j->samples++;
	else
		j->weight *= 1 + 1.0f / MEMORY;
	if (j->weight > HEAVY)
		rescale(j);
}

static void note_transit(struct jitter *j, int64_t at_ns, int64_t transit_ns, bool in_burst)
{
	int64_t high;
	float tail = 0;
	unsigned i;

	note_low(j, at_ns, transit_ns);
	/* The bins follow the peer's clock, or a fast one would look like early packets. */
	if (j->samples == 0)
		j->base_ns = j->low_ns;
	else
		j->base_ns -= drift_over(j, at_ns - j->bins_at_ns);
	j->bins_at_ns = at_ns;
	move_bins(j);
	/* Packets that come in one burst after a stall are one event, the first the worst of it:
	 * counting each would raise the delay for a stall that a longer delay does not cover. */
	if (!in_burst)
		note_bin(j, (transit_ns - j->base_ns) / BIN_NS);
	for (i = j->top; i > 0; i--) {
		tail += j->bin[i];
		if (tail > TAIL * j->total)
			break;
	}
	high = j->base_ns + (int64_t)i * BIN_NS;
	if (high > j->low_ns + j->max_ns - j->margin_ns - JITTER_TICK * SAMPLE_NS)
		high = j->low_ns + j->max_ns - j->margin_ns - JITTER_TICK * SAMPLE_NS;
	j->high_ns = high > j->low_ns ? high : j->low_ns;
}

/* --- the ring -----------------------------------------------------------------------------------
 */

/* Octets from pos to where the ring wraps, at most count. */
static size_t straight(int64_t pos, size_t count)
{
	size_t left = JITTER_RING - (size_t)(pos & (JITTER_RING - 1));

	return count < left ? count : left;
}

static void samples_put(struct jitter *j, int64_t pos, const uint8_t *octets, size_t count)
{
	while (count > 0) {
		size_t n = straight(pos, count), at = (size_t)(pos & (JITTER_RING - 1));

		memcpy(j->octet + at, octets, n);
		memset(j->present + at, 1, n);
		pos += (int64_t)n;
		octets += n;
		count -= n;
	}
}

static void samples_clear(struct jitter *j, int64_t pos, size_t count)
{
	for (size_t n; count > 0; pos += (int64_t)n, count -= n) {
		n = straight(pos, count);
		memset(j->present + (pos & (JITTER_RING - 1)), 0, n);
	}
}

/* Copies what there is from pos on, up to the first hole.  Returns how many. */
static size_t samples_peek(const struct jitter *j, int64_t pos, uint8_t *octets, size_t count)
{
	size_t done = 0;

	while (done < count) {
		size_t n = straight(pos, count - done), at = (size_t)(pos & (JITTER_RING - 1));
		const uint8_t *hole = memchr(j->present + at, 0, n);

		if (hole != NULL)
			n = (size_t)(hole - (j->present + at));
		memcpy(octets + done, j->octet + at, n);
		done += n;
		pos += (int64_t)n;
		if (hole != NULL)
			break;
	}
	return done;
}

/* --- storing ------------------------------------------------------------------------------------
 */

static void begin(struct jitter *j, const struct jitter_packet *p)
{
	j->heard = true;
	j->epoch_ns = p->arrival_ns;
	j->last_ts = p->ts;
	j->last_pos = 0;
	j->last_transit_ns = 0;
	j->last_arrival_ns = p->arrival_ns;
}

/* A packet that is of no use now.  When nothing else comes for a while the stream is another one
 * than we think: begin anew with the next packet. */
static void useless(struct jitter *j, const struct jitter_packet *p)
{
	if (j->bad_since_ns == 0)
		j->bad_since_ns = p->arrival_ns;
	else if (p->arrival_ns > j->bad_since_ns + (uint64_t)BAD_MS * MS_NS)
		jitter_restart(j);
}

static void store(struct jitter *j, const struct jitter_packet *p, int64_t pos)
{
	int64_t limit = j->max_ns / SAMPLE_NS + JITTER_TICK + p->count;
	int64_t end = pos + p->count, from = pos;

	if (limit > JITTER_RING)
		limit = JITTER_RING;
	if (!j->playing && j->newest <= j->play)
		j->play = pos;
	if (from < j->play) {
		j->late++;
		from = j->play;
	}
	if (end > j->play + limit) {
		j->overflow++;
		useless(j, p);
		return;
	}
	if (end <= from) {
		useless(j, p);
		return;
	}
	j->bad_since_ns = 0;
	samples_put(j, from, p->ulaw + (from - pos), (size_t)(end - from));
	if (end > j->newest)
		j->newest = end;
}

static unsigned gcd(unsigned a, unsigned b)
{
	while (b != 0) {
		unsigned r = a % b;

		a = b;
		b = r;
	}
	return a;
}

/* A stall makes packets late while their timestamps go on as before; a pause makes timestamps leap
 * while packets come in time.  Both at once is another stream.  No stall makes packets early. */
static bool leaps(const struct jitter *j, int64_t by, int64_t transit_ns)
{
	return (llabs(by) > LEAP_LATE && transit_ns > (int64_t)LEAP_LATE * SAMPLE_NS) ||
	       (by > LEAP_EARLY && transit_ns < -(int64_t)LEAP_EARLY * SAMPLE_NS);
}

void jitter_put(struct jitter *j, const struct jitter_packet *p)
{
	int64_t pos, at_ns, transit_ns, gap_ns;

	if (p->count == 0 || p->count > JITTER_PACKET_MAX)
		return;
	if (!j->heard)
		begin(j, p);
	pos = j->last_pos + (int32_t)(p->ts - j->last_ts);
	at_ns = (int64_t)(p->arrival_ns - j->epoch_ns);
	transit_ns = at_ns - pos * SAMPLE_NS;
	if (j->samples > 0 && leaps(j, pos - j->last_pos, transit_ns - j->low_ns)) {
		jitter_restart(j);
		begin(j, p);
		pos = at_ns = transit_ns = 0;
	}
	gap_ns = (int64_t)(p->arrival_ns - j->last_arrival_ns);
	note_transit(j, at_ns, transit_ns,
		     transit_ns < j->last_transit_ns && gap_ns < (int64_t)p->count * SAMPLE_NS / 4);
	j->last_transit_ns = transit_ns;
	j->last_arrival_ns = p->arrival_ns;
	if (pos >= j->last_pos) {
		j->last_pos = pos;
		j->last_ts = p->ts;
		j->grid = gcd(p->count, JITTER_TICK);
		j->grid_pos = pos;
	}
	if (transit_ns - j->low_ns > j->max_ns) {
		/* Later than we ever wait: the end of a stall, or all of it if it stays so. */
		j->late++;
		useless(j, p);
	} else {
		store(j, p, pos);
	}
}

/* --- playing ------------------------------------------------------------------------------------
 */

/* Moves on to pos without playing what is before it. */
static void skip(struct jitter *j, int64_t pos)
{
	samples_clear(j, j->play,
		      pos - j->play < JITTER_RING ? (size_t)(pos - j->play) : JITTER_RING);
	j->play = pos;
}

/* Finds where to begin so that the slack is at least the margin, a packet at the tick's start. */
static bool place(struct jitter *j, int64_t at_ns)
{
	int64_t pos =
		at_ns - j->high_ns - j->margin_ns - (int64_t)(JITTER_TICK - j->grid) * SAMPLE_NS;

	pos = (pos - mod(pos, SAMPLE_NS)) / SAMPLE_NS;
	pos -= mod(pos - j->grid_pos, j->grid);
	if (j->newest <= j->play || pos < j->play)
		return false;
	skip(j, pos);
	j->offset_ns = at_ns - pos * SAMPLE_NS;
	j->playing = true;
	j->growing = false;
	j->empty_ticks = j->holes = 0;
	return true;
}

/* Ticks come late, never early: the smallest offset is the line's clock. */
static void note_tick(struct jitter *j, int64_t at_ns)
{
	int64_t offset_ns = at_ns - j->play * SAMPLE_NS;

	if (offset_ns < j->offset_ns)
		j->offset_ns = offset_ns;
	else
		j->offset_ns += (offset_ns - j->offset_ns) / 64;
}

/* Samples to repeat (> 0) or to cut (< 0) to get where we want to be. */
static int plan(struct jitter *j)
{
	int64_t grid_ns = (int64_t)j->grid * SAMPLE_NS;
	int phase = (int)mod(j->grid_pos - j->play, j->grid);
	int64_t slack_ns = j->offset_ns - j->high_ns -
			   (int64_t)(phase + JITTER_TICK - (int)j->grid) * SAMPLE_NS;

	if (slack_ns < j->margin_ns / 2)
		j->growing = true;
	else if (phase == 0)
		j->growing = false;
	if (j->growing) {
		int64_t steps = (j->margin_ns - slack_ns + grid_ns - 1) / grid_ns;

		return (int)j->grid - phase + (steps > 1 ? (int)(steps - 1) * (int)j->grid : 0);
	}
	if (phase > 0)
		return -phase;
	return slack_ns - grid_ns >= j->margin_ns ? -(int)j->grid : 0;
}

/* Plays this tick with samples repeated or cut where it is heard least.  False: holes in it. */
static bool play_adjusted(struct jitter *j, uint8_t out[JITTER_TICK], int wanted)
{
	uint8_t octet[JITTER_TICK + QUIET_CUT];
	int16_t linear[JITTER_TICK + QUIET_CUT];
	int delta = wanted > QUIET_CUT ? QUIET_CUT : wanted < -QUIET_CUT ? -QUIET_CUT : wanted;
	int least = JITTER_TICK + (delta > 0 ? -1 : 1),
	    most = delta > 0 ? least : JITTER_TICK - delta;
	int count = JITTER_TICK - delta, at = 0, best = INT32_MAX, have;
	bool quiet;

	have = (int)samples_peek(j, j->play, octet, (size_t)most);
	if (have < least)
		return false;
	quiet = have == most;
	for (int i = 0; i < have; i++) {
		linear[i] = ulaw_to_linear(octet[i]);
		if (abs(linear[i]) > QUIET)
			quiet = false;
	}
	if (!quiet) {
		/* One sample, where the signal moves least: a peak of a tone, a pause in speech. */
		delta = delta > 0 ? 1 : -1;
		count = JITTER_TICK - delta;
		for (int i = 0; i + 1 < count; i++) {
			if (abs(linear[i + 1] - linear[i]) < best) {
				best = abs(linear[i + 1] - linear[i]);
				at = i;
			}
		}
	}
	memcpy(out, octet, (size_t)at + 1);
	if (delta > 0) {
		memset(out + at + 1, octet[at], (size_t)delta);
		memcpy(out + at + 1 + delta, octet + at + 1, (size_t)(count - at - 1));
		j->inserted += (unsigned)delta;
	} else {
		memcpy(out + at + 1, octet + at + 1 - delta, (size_t)(JITTER_TICK - at - 1));
		j->removed += (unsigned)-delta;
	}
	samples_clear(j, j->play, (size_t)count);
	j->play += count;
	j->offset_ns += (int64_t)delta * SAMPLE_NS;
	conceal_good(&j->conceal, out, JITTER_TICK);
	return true;
}

/* Plays what there is and invents the rest.  Where the buffer has run dry and the delay should
 * grow, up to hold samples are invented without moving on. */
static void play_plain(struct jitter *j, uint8_t out[JITTER_TICK], int hold)
{
	size_t played = 0, i = 0;

	while (i < JITTER_TICK) {
		size_t n = samples_peek(j, j->play, out + i, JITTER_TICK - i), from;

		samples_clear(j, j->play, n);
		conceal_good(&j->conceal, out + i, n);
		j->play += (int64_t)n;
		played += n;
		i += n;
		for (from = i; i < JITTER_TICK; i++) {
			if (j->present[j->play & (JITTER_RING - 1)])
				break;
			if (j->play >= j->newest && hold > 0) {
				hold--;
				j->inserted++;
				j->offset_ns += SAMPLE_NS;
			} else {
				j->play++;
			}
		}
		conceal_fill(&j->conceal, out + from, i - from);
	}
	if (played < JITTER_TICK)
		j->holes++;
	j->empty_ticks = played > 0 ? 0 : j->empty_ticks + 1;
	/* Only a hole that audio follows was a loss; else the peer paused. */
	if (played > 0) {
		j->concealed += j->holes;
		j->holes = 0;
	}
}

bool jitter_play(struct jitter *j, uint8_t out[JITTER_TICK], uint64_t now_ns)
{
	int64_t at_ns = (int64_t)(now_ns - j->epoch_ns);
	int wanted;

	if (!j->heard || (!j->playing && !place(j, at_ns))) {
		memset(out, 0xff, JITTER_TICK);
		return false;
	}
	note_tick(j, at_ns);
	wanted = plan(j);
	j->since_cut++;
	if ((wanted > 0 || (wanted < 0 && j->since_cut >= CUT_TICKS)) &&
	    play_adjusted(j, out, wanted)) {
		j->since_cut = 0;
		j->concealed += j->holes;
		j->holes = j->empty_ticks = 0;
		return true;
	}
	play_plain(j, out, wanted > 0 ? wanted : 0);
	if (j->empty_ticks >= EMPTY_TICKS) {
		j->playing = j->growing = false;
		j->holes = 0;
	}
	return true;
}

void jitter_excuse(struct jitter *j)
{
	j->holes = 0;
}

uint32_t jitter_delay_us(const struct jitter *j)
{
	int64_t us = (j->offset_ns - j->low_ns) / 1000;

	return j->playing && us > 0 ? (uint32_t)us : 0;
}
