#include "sip/jitter.h"

#include "sip/splice.h"

#include <stdlib.h>
#include <string.h>

enum {
	SAMPLE_NS = 125000,
	MS_NS = 1000000,
	TICK_NS = JITTER_TICK * SAMPLE_NS,
	LEAP_LATE = 4000,  /* samples: a timestamp that leaps further back, or ...  */
	LEAP_EARLY = 800,  /* ... forward, against the time, begins anew */
	BAD_MS = 300,      /* so long only useless packets: begin anew */
	EMPTY_TICKS = 20,  /* silence after which a talkspurt is placed afresh */
	ASLEEP_MS = 200,   /* without a tick: the line's clock began anew */
	EASE_US = 1500,    /* a delay longer by less than this and a step is kept */
	HOLD_TICKS = 500,  /* twice this a spread is remembered, at least once */
	QUIET_TICKS = 50,  /* so long too long a delay waits for a quiet moment, ... */
	MUST_TICKS = 200,  /* ... to be shortened wherever it must be from here on */
	SETTLE_TICKS = 10, /* between two changes that could be heard */
	STRETCH_QUIET =
		320 - SPLICE_OVERLAP, /* most samples repeated at once in silence, and ... */
	STRETCH_MAX = 160,            /* ... else, */
	STRETCH_MORE = 64,            /* ... but so many more to find a good lag */
	CUT_QUIET = 320,              /* most samples left out at once in silence, and ... */
	CUT_MAX = 160,                /* ... else, */
	CUT_MIN = 64,                 /* ... where less is not worth it, */
	CUT_LESS = 44,                /* ... but so many less to find a good lag */
	DATA_MARGIN_MS = 20,          /* a slip costs data more than delay does */
	DATA_EXCESS_MS = 60,          /* of delay, before octets are left out */
};

static int64_t mod(int64_t a, int64_t n)
{
	int64_t r = a % n;

	return r < 0 ? r + n : r;
}

void jitter_init(struct jitter *j, unsigned min_ms, unsigned max_ms)
{
	memset(j, 0, sizeof(*j));
	conceal_init(&j->conceal);
	transit_init(&j->transit);
	j->min_ns = (int64_t)(min_ms < JITTER_MS_MAX ? min_ms : JITTER_MS_MAX) * MS_NS;
	j->max_ns = (int64_t)(max_ms < JITTER_MS_MAX ? max_ms : JITTER_MS_MAX) * MS_NS;
	j->margin_ns = j->min_ns;
}

void jitter_set_data(struct jitter *j, bool data)
{
	int64_t wanted_ns = DATA_MARGIN_MS * (int64_t)MS_NS;

	if (wanted_ns > j->max_ns / 2)
		wanted_ns = j->max_ns / 2;
	j->data = data;
	j->margin_ns = data && j->min_ns < wanted_ns ? wanted_ns : j->min_ns;
}

void jitter_restart(struct jitter *j)
{
	if (j->heard)
		j->restarts++;
	memset(j->present, 0, sizeof(j->present));
	transit_init(&j->transit);
	j->heard = j->playing = false;
	j->bad_since_ns = 0;
	j->play = j->newest = 0;
	j->holes = j->empty_ticks = 0;
	j->roomy_ticks = j->settle_ticks = j->spread_ticks = 0;
	j->spread_ns[0] = j->spread_ns[1] = 0;
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

/* --- the delay, and what it should be
 * --------------------------------------------------------------- */

static int64_t offset_ns(const struct jitter *j)
{
	return (int64_t)(j->due_ns - j->epoch_ns) - j->play * SAMPLE_NS;
}

/* Samples of the next tick before the first packet that begins in it. */
static unsigned phase_of(const struct jitter *j)
{
	return (unsigned)mod(j->grid_pos - j->play, j->grid);
}

/* How long packets as late as any that we wait for are there before their tick. */
static int64_t slack_of(const struct jitter *j)
{
	return offset_ns(j) - j->transit.high_ns -
	       (int64_t)(phase_of(j) + JITTER_TICK - j->grid) * SAMPLE_NS;
}

/* Samples to repeat to get the margin back. */
static unsigned lack_of(const struct jitter *j, int64_t slack_ns)
{
	int64_t grid_ns = (int64_t)j->grid * SAMPLE_NS;
	int64_t steps = (j->margin_ns - slack_ns + grid_ns - 1) / grid_ns;

	return (unsigned)steps * j->grid - phase_of(j);
}

/* The widest spread of the last seconds: the delay must not follow every calm. */
static int64_t held_spread_ns(struct jitter *j)
{
	int64_t now_ns = j->transit.high_ns - j->transit.low_ns;

	if (++j->spread_ticks == HOLD_TICKS) {
		j->spread_ns[1] = j->spread_ns[0];
		j->spread_ns[0] = 0;
		j->spread_ticks = 0;
	}
	if (now_ns > j->spread_ns[0])
		j->spread_ns[0] = now_ns;
	return j->spread_ns[0] > j->spread_ns[1] ? j->spread_ns[0] : j->spread_ns[1];
}

/* Samples that could be left out. */
static unsigned excess_of(const struct jitter *j, int64_t slack_ns)
{
	int64_t grid_ns = (int64_t)j->grid * SAMPLE_NS;
	int64_t steps = 0;

	if (slack_ns >= j->margin_ns + grid_ns + EASE_US * 1000)
		steps = (slack_ns - j->margin_ns) / grid_ns;
	return (unsigned)steps * j->grid + phase_of(j);
}

/* Plays so many samples again, which must have room in the ring. */
static bool move_back(struct jitter *j, unsigned samples)
{
	if (j->newest - j->play + samples + SPLICE_OVERLAP > JITTER_RING)
		return false;
	j->play -= samples;
	j->inserted += samples;
	j->changes++;
	return true;
}

/* Repeats lack samples, if nobody hears that or it must be. */
static void lengthen(struct jitter *j, unsigned lack, bool must)
{
	enum { HISTORY = CONCEAL_HISTORY };
	uint8_t octets[HISTORY + SPLICE_OVERLAP];
	float linear[HISTORY + SPLICE_OVERLAP], likeness;
	struct splice_search s = {linear + HISTORY, -1, 0, 0};
	unsigned lag, most = must ? STRETCH_MAX : STRETCH_QUIET;

	if (samples_peek(j, j->play, octets + HISTORY, SPLICE_OVERLAP) < SPLICE_OVERLAP ||
	    j->conceal.heard < HISTORY)
		return;
	if (lack > most)
		lack -= (lack - most + j->grid - 1) / j->grid * j->grid;
	memcpy(octets, j->conceal.history, HISTORY);
	if (splice_quiet(octets + HISTORY - lack, lack + SPLICE_OVERLAP)) {
		s.first = s.last = lack;
	} else if (must) {
		s.first = lack;
		s.last = lack + STRETCH_MORE;
		j->settle_ticks = SETTLE_TICKS;
	} else {
		return;
	}
	splice_linear(linear, octets, HISTORY + SPLICE_OVERLAP);
	lag = splice_find(&s, &likeness);
	if (!move_back(j, lag))
		return;
	splice_mix(octets + HISTORY - lag, linear + HISTORY, linear + HISTORY - lag, likeness);
	samples_put(j, j->play, octets + HISTORY - lag,
		    lag > SPLICE_OVERLAP ? lag : SPLICE_OVERLAP);
}

/* Leaves out up to excess samples, if nobody hears that or it must be.  False: it could not. */
static bool shorten(struct jitter *j, unsigned excess, bool must)
{
	uint8_t octets[CUT_QUIET + SPLICE_OVERLAP];
	float linear[CUT_QUIET + SPLICE_OVERLAP], likeness;
	struct splice_search s = {linear, 1, excess, excess};
	unsigned lag, most = must ? CUT_MAX : CUT_QUIET;

	if (excess > most)
		s.first = s.last = most;
	if (samples_peek(j, j->play, octets, s.first + SPLICE_OVERLAP) < s.first + SPLICE_OVERLAP)
		return false;
	if (!splice_quiet(octets, s.first + SPLICE_OVERLAP)) {
		if (!must || s.first < CUT_MIN)
			return false;
		s.last = s.first - CUT_LESS;
		j->settle_ticks = SETTLE_TICKS;
	}
	splice_linear(linear, octets, s.first + SPLICE_OVERLAP);
	lag = splice_find(&s, &likeness);
	splice_mix(octets, linear, linear + lag, likeness);
	samples_clear(j, j->play, lag);
	j->play += lag;
	samples_put(j, j->play, octets, SPLICE_OVERLAP);
	j->removed += lag;
	j->changes++;
	return true;
}

static void shorten_in_time(struct jitter *j, int64_t slack_ns)
{
	unsigned excess = excess_of(j, slack_ns);
	bool must = j->roomy_ticks >= MUST_TICKS;

	if (excess == 0) {
		j->roomy_ticks = 0;
		return;
	}
	if (j->roomy_ticks == 0 || excess < j->excess)
		j->excess = excess;
	if (++j->roomy_ticks < QUIET_TICKS || (must && j->settle_ticks > 0))
		return;
	if (!shorten(j, j->excess, must) && j->roomy_ticks >= MUST_TICKS + SETTLE_TICKS)
		j->roomy_ticks = 0;
}

/* Moves on to pos without playing what is before it. */
static void skip(struct jitter *j, int64_t pos)
{
	samples_clear(j, j->play,
		      pos - j->play < JITTER_RING ? (size_t)(pos - j->play) : JITTER_RING);
	j->play = pos;
}

/* The sender's clock is faster than ours: once in many minutes. */
static void shorten_data(struct jitter *j, int64_t slack_ns)
{
	unsigned excess = excess_of(j, slack_ns);

	if (excess * (int64_t)SAMPLE_NS < (int64_t)DATA_EXCESS_MS * MS_NS) {
		j->roomy_ticks = 0;
		return;
	}
	if (++j->roomy_ticks < MUST_TICKS)
		return;
	j->roomy_ticks = 0;
	skip(j, j->play + excess);
	j->removed += excess;
	j->changes++;
}

static void adapt(struct jitter *j)
{
	int64_t slack_ns = slack_of(j), held_ns = held_spread_ns(j);

	if (j->data) {
		shorten_data(j, slack_ns + j->transit.high_ns - j->transit.low_ns - held_ns);
		return;
	}
	if (j->settle_ticks > 0)
		j->settle_ticks--;
	/* Before it must be, a quiet moment is taken. */
	if (slack_ns < j->margin_ns - j->margin_ns / 4) {
		j->roomy_ticks = 0;
		lengthen(j, lack_of(j, slack_ns),
			 slack_ns < j->margin_ns / 2 && j->settle_ticks == 0);
	} else {
		shorten_in_time(j, slack_ns + j->transit.high_ns - j->transit.low_ns - held_ns);
	}
}

/* A packet came for which we should have waited, and meanwhile something was invented: that may
 * as well be counted as inserted. */
static void lengthen_in_hole(struct jitter *j)
{
	int64_t slack_ns = slack_of(j);

	if (slack_ns >= j->margin_ns / 2)
		return;
	unsigned lack = lack_of(j, slack_ns);
	move_back(j, j->data ? lack : conceal_shift(&j->conceal, lack));
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
static bool leaps(int64_t by, int64_t transit_ns)
{
	return (llabs(by) > LEAP_LATE && transit_ns > (int64_t)LEAP_LATE * SAMPLE_NS) ||
	       (by > LEAP_EARLY && transit_ns < -(int64_t)LEAP_EARLY * SAMPLE_NS);
}

static bool in_burst(const struct jitter *j, const struct jitter_packet *p, int64_t transit_ns)
{
	int64_t gap_ns = (int64_t)(p->arrival_ns - j->last_arrival_ns);

	return transit_ns < j->last_transit_ns && gap_ns < (int64_t)p->count * SAMPLE_NS / 4;
}

void jitter_put(struct jitter *j, const struct jitter_packet *p)
{
	struct transit_packet t = {.span_ns = (int64_t)p->count * SAMPLE_NS};
	int64_t pos;

	if (p->count == 0 || p->count > JITTER_PACKET_MAX)
		return;
	if (!j->heard)
		begin(j, p);
	pos = j->last_pos + (int32_t)(p->ts - j->last_ts);
	t.at_ns = (int64_t)(p->arrival_ns - j->epoch_ns);
	t.transit_ns = t.at_ns - pos * SAMPLE_NS;
	if (j->transit.known && leaps(pos - j->last_pos, t.transit_ns - j->transit.low_ns)) {
		jitter_restart(j);
		begin(j, p);
		pos = t.at_ns = t.transit_ns = 0;
	}
	/* Packets that come in one burst after a stall are one event, the first the worst of it:
	 * counting each would raise the delay for a stall that a longer delay does not cover. */
	t.spread = !in_burst(j, p, t.transit_ns);
	transit_note(&j->transit, &t, j->max_ns - j->margin_ns - TICK_NS);
	j->last_transit_ns = t.transit_ns;
	j->last_arrival_ns = p->arrival_ns;
	if (pos >= j->last_pos) {
		j->last_pos = pos;
		j->last_ts = p->ts;
		j->grid = gcd(p->count, JITTER_TICK);
		j->grid_pos = pos;
	}
	if (j->playing && (j->data ? j->in_hole : j->conceal.active))
		lengthen_in_hole(j);
	if (t.transit_ns - j->transit.low_ns > j->max_ns) {
		/* Later than we ever wait: the end of a stall, or all of it if it stays so. */
		j->late++;
		useless(j, p);
	} else {
		store(j, p, pos);
	}
}

/* --- playing ------------------------------------------------------------------------------------
 */

/* Finds where to begin so that the slack is at least the margin, a packet at the tick's start. */
static bool place(struct jitter *j)
{
	int64_t pos = (int64_t)(j->due_ns - j->epoch_ns) - j->transit.high_ns - j->margin_ns -
		      (int64_t)(JITTER_TICK - j->grid) * SAMPLE_NS;

	pos = (pos - mod(pos, SAMPLE_NS)) / SAMPLE_NS;
	pos -= mod(pos - j->grid_pos, j->grid);
	if (j->newest <= j->play || pos < j->play)
		return false;
	skip(j, pos);
	conceal_init(&j->conceal);
	j->playing = true;
	j->empty_ticks = j->holes = j->roomy_ticks = 0;
	return true;
}

/* Ticks come late, never early, and those that were missed are made up for at once: the line's
 * clock is what the earliest of them show. */
static void note_tick(struct jitter *j, uint64_t now_ns)
{
	if (now_ns < j->due_ns || now_ns > j->due_ns + (uint64_t)ASLEEP_MS * MS_NS)
		j->due_ns = now_ns;
	else
		j->due_ns += (now_ns - j->due_ns) / 32;
}

static void play_good(struct jitter *j, uint8_t *octets, size_t count)
{
	if (!j->data)
		conceal_good(&j->conceal, octets, count);
	else if (count > 0)
		j->in_hole = false;
}

static void play_hole(struct jitter *j, uint8_t *octets, size_t count)
{
	if (!j->data) {
		conceal_fill(&j->conceal, octets, count);
	} else if (count > 0) {
		memset(octets, 0xff, count);
		j->in_hole = true;
	}
}

/* Plays what there is and invents the rest. */
static void play_on(struct jitter *j, uint8_t out[JITTER_TICK])
{
	size_t played = 0, i = 0;

	while (i < JITTER_TICK) {
		size_t n = samples_peek(j, j->play, out + i, JITTER_TICK - i), from;

		samples_clear(j, j->play, n);
		play_good(j, out + i, n);
		j->play += (int64_t)n;
		played += n;
		i += n;
		for (from = i; i < JITTER_TICK; i++) {
			if (j->present[j->play & (JITTER_RING - 1)])
				break;
			j->play++;
		}
		play_hole(j, out + from, i - from);
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
	bool plays;

	note_tick(j, now_ns);
	plays = j->heard && (j->playing || place(j));
	if (plays) {
		adapt(j);
		play_on(j, out);
		if (j->empty_ticks >= EMPTY_TICKS) {
			j->playing = false;
			j->holes = 0;
		}
	} else {
		memset(out, 0xff, JITTER_TICK);
	}
	j->due_ns += TICK_NS;
	return plays;
}

void jitter_excuse(struct jitter *j)
{
	j->holes = 0;
}

uint32_t jitter_delay_us(const struct jitter *j)
{
	int64_t ns = offset_ns(j) - j->transit.low_ns;

	/* After a line that stood still nothing waits as long as play is behind: it was refused. */
	if (ns > j->max_ns + TICK_NS)
		ns = j->max_ns + TICK_NS;
	return j->playing && ns > 0 ? (uint32_t)(ns / 1000) : 0;
}
