/* probe_span.c - the line itself: framing and coding, and with whose clock it slips less. */
#include <errno.h>
#include <stdio.h>

#include "gateway/base/clock.h"
#include "gateway/probe_state.h"

enum {
	GOOD_MS = 300,   /* a line is good when it stays so this long */
	WIRE_MS = 3000,  /* for a line that needs no trying */
	SIZE_MS = 700,   /* for one size of packets */
	CARD_MS = 2500,  /* for one framing and coding: the driver's own debounce and more */
	BPV_MS = 1000,   /* for violations of the wrong coding to show */
	CLOCK_MS = 4000, /* for slips with the other clock */
	CLOCK_SETTLE_MS = PROBE_CLOCKS_MS / 2 - CLOCK_MS, /* the jitter buffer finds its place */
};

unsigned probe_left_ms(const struct probe *p)
{
	uint64_t elapsed = clock_mono_ns() / 1000000 - p->start_ms;

	return elapsed < p->limit_ms ? p->limit_ms - (unsigned)elapsed : 0;
}

bool probe_run(struct probe *p, unsigned for_ms, bool (*done)(void *arg))
{
	unsigned left = probe_left_ms(p);

	return probe_line_run(&p->line, for_ms < left ? for_ms : left, done, p);
}

bool probe_is_interrupted(void *arg)
{
	return probe_interrupted != 0;
}

/* --- the line -------------------------------------------------------------------------------- */

static bool line_stays_good(void *arg)
{
	struct probe *p = arg;

	p->good_ticks = probe_line_good(&p->line) ? p->good_ticks + 1 : 0;
	return p->good_ticks >= GOOD_MS / TDM_TICK_MS || probe_interrupted;
}

static int open_line(struct probe *p)
{
	char err[512];
	int r = probe_line_open(&p->line, err, sizeof(err));

	p->good_ticks = 0;
	if (r < 0)
		fprintf(stderr, "tandem probe: span %s: %s%s\n", p->line.conf.name, err,
			r == -EADDRINUSE || r == -EBUSY
				? " (is the gateway running on it?  tandemctl stop)"
				: "");
	return r;
}

static bool opens_good(struct probe *p, unsigned for_ms, bool *opened)
{
	*opened = open_line(p) == 0;
	return *opened && probe_run(p, for_ms, line_stays_good) && !probe_interrupted;
}

/* Opened all the same: a gateway waits for it to come.  Says why, and what to do. */
static bool is_gone(struct probe *p)
{
	char why[512];

	if (p->line.span == NULL || !(tdm_span_alarms(p->line.span) & TDM_ALARM_GONE))
		return false;
	probe_line_close(&p->line);
	tdm_span_look(&p->line.conf, why, sizeof(why));
	fprintf(stderr, "tandem probe: span %s: %s\n", p->line.conf.name,
		why[0] != '\0' ? why : "the device or socket is unusable");
	return true;
}

static uint64_t violations(struct probe *p)
{
	struct tdm_span_counts before, after;

	tdm_span_counts(p->line.span, &before);
	probe_run(p, BPV_MS, probe_is_interrupted);
	tdm_span_counts(p->line.span, &after);
	return after.line_bpv - before.line_bpv;
}

struct trial {
	enum tdm_framing framing;
	enum tdm_coding coding;
	const char *name;
};

static const struct trial trials[] = {
	/* the most common first */
	{TDM_ESF, TDM_B8ZS, "esf, b8zs"},
	{TDM_D4, TDM_AMI, "d4, ami"},
	{TDM_ESF, TDM_AMI, "esf, ami"},
	{TDM_D4, TDM_B8ZS, "d4, b8zs"},
};
enum { TRIALS = sizeof(trials) / sizeof(trials[0]) };

static void set_trial(struct probe *p, const struct trial *t)
{
	p->line.conf.dahdi.framing = t->framing;
	p->line.conf.dahdi.coding = t->coding;
}

/* The wrong framing keeps the alarm.  The wrong coding does not: it shows as bipolar violations. */
static bool find_card_line(struct probe *p)
{
	const struct trial *best = NULL;
	uint64_t least = UINT64_MAX;
	bool opened;

	for (unsigned i = 0; i < TRIALS && least != 0 && !probe_interrupted; i++) {
		if (probe_left_ms(p) == 0) {
			probe_say(p, "no time is left for %s", trials[i].name);
			continue;
		}
		set_trial(p, &trials[i]);
		bool good = opens_good(p, CARD_MS, &opened);
		if (!opened || is_gone(p))
			return false;
		uint64_t bpv = good ? violations(p) : UINT64_MAX;
		if (good && bpv != 0)
			probe_say(p, "%s: good, but %llu bipolar violations in a second",
				  trials[i].name, (unsigned long long)bpv);
		else
			probe_say(p, "%s: %s", trials[i].name, good ? "good" : "alarm");
		if (bpv < least) {
			least = bpv;
			best = &trials[i];
		}
		if (least != 0 && i + 1 < TRIALS && probe_left_ms(p) > 0)
			probe_line_close(&p->line);
	}
	if (best == NULL || least == 0)
		return best != NULL;
	probe_line_close(&p->line);
	set_trial(p, best);
	return opens_good(p, CARD_MS, &opened);
}

/* Packets come, but none of the size that was expected. */
static bool are_misshapen(const struct probe *p)
{
	struct tdm_span_counts c;

	if (p->line.span == NULL)
		return false;
	tdm_span_counts(p->line.span, &c);
	return c.malformed > 0 && c.rx_packets == 0;
}

/* How many frames a packet has, both ends must know. */
static bool find_packet_size(struct probe *p)
{
	static const unsigned sizes[] = {8, 16, 40, 4, 20, 10, 5, 2, 1}; /* divisors of 80 */
	unsigned configured = p->line.conf.wire.frames_per_packet;
	bool opened;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]) && !probe_interrupted; i++) {
		if (sizes[i] == configured)
			continue;
		probe_line_close(&p->line);
		p->line.conf.wire.frames_per_packet = sizes[i];
		if (opens_good(p, SIZE_MS, &opened)) {
			probe_say(p, "packets have %u frames, not %u", sizes[i], configured);
			return true;
		}
		if (!opened)
			return false;
	}
	return false;
}

static bool find_line(struct probe *p)
{
	bool opened;

	if (p->line.conf.backend == TDM_DAHDI)
		return find_card_line(p);
	if (opens_good(p, WIRE_MS, &opened)) {
		probe_say(p, "the line is good");
		return true;
	}
	return opened && p->line.conf.backend == TDM_WIRE && are_misshapen(p) &&
	       find_packet_size(p);
}

bool probe_find_line(struct probe *p)
{
	printf("span %s: at most %u s\n", p->line.conf.name, p->limit_ms / 1000);
	if (find_line(p))
		return true;
	if (!is_gone(p) && p->line.span != NULL && !probe_interrupted)
		probe_print_no_line(p);
	return false;
}

/* --- the clock ------------------------------------------------------------------------------- */

static const char *usual_clock(const struct probe *p, enum tdm_clock *clock)
{
	if (probe_judge_side(&p->judge) == PROBE_SIDE_NETWORK) {
		*clock = TDM_CLOCK_LINE;
		return "the far end is the network, which gives the clock";
	}
	*clock = TDM_CLOCK_OWN;
	return probe_judge_side(&p->judge) == PROBE_SIDE_USER
		       ? "the far end is the user, which takes its clock from the network"
		       : "nothing was seen that speaks against it";
}

static void measure_slips(struct probe *p)
{
	probe_run(p, CLOCK_SETTLE_MS, probe_is_interrupted);
	uint64_t before = probe_line_slips(&p->line);
	probe_run(p, CLOCK_MS, probe_is_interrupted);
	p->slips = probe_line_slips(&p->line) - before;
}

/* With the clock of the two that slips less; where none does, the usual one. */
void probe_compare_clocks(struct probe *p)
{
	enum tdm_clock usual;

	p->clock_why = usual_clock(p, &usual);
	uint64_t slips = probe_line_slips(&p->line);
	p->slips = slips;
	if (slips == 0 || !p->found || probe_interrupted || probe_left_ms(p) < PROBE_CLOCKS_MS) {
		p->line.conf.clock = usual;
		return;
	}
	uint64_t seen[2] = {0};
	probe_say(p, "%llu slips: each clock is tried for %u s", (unsigned long long)slips,
		  (CLOCK_SETTLE_MS + CLOCK_MS) / 1000);
	for (int clock = TDM_CLOCK_OWN; clock <= TDM_CLOCK_LINE; clock++) {
		probe_line_close(&p->line);
		p->line.conf.clock = (enum tdm_clock)clock;
		if (open_line(p) < 0)
			break;
		measure_slips(p);
		seen[clock] = p->slips;
		probe_say(p, "clock %s: %llu slips", clock == TDM_CLOCK_OWN ? "own" : "line",
			  (unsigned long long)p->slips);
	}
	p->line.conf.clock = usual;
	if (seen[usual] > 2 * seen[!usual]) {
		p->line.conf.clock = usual == TDM_CLOCK_OWN ? TDM_CLOCK_LINE : TDM_CLOCK_OWN;
		p->clock_why = "with the other one there are more slips";
	}
	p->slips = seen[p->line.conf.clock];
}
