/* probe_stage.c - the stages of a probe, in the order they run.
 *
 *   find_line        opens the span; on a card tries framing and coding until the alarm clears
 *   find_dchan       listens to all slots and sends nothing
 *   listen           to the D-channel; whoever is not answered repeats SABME every second
 *   ask              only when nothing was heard: SABME as the network, then as the user
 *   bring_up         as the side the far end wants, so that layer 3 starts
 *   hear_messages    until they tell the switch type or the time is over
 *   compare_clocks   only when there were slips
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/probe_state.h"

enum {
	GOOD_MS = 300,          /* a line is good when it stays so this long */
	WIRE_MS = 3000,         /* for a line that needs no trying */
	CARD_MS = 2500,         /* for one framing and coding: the driver's own debounce and more */
	BPV_MS = 1000,          /* for violations of the wrong coding to show */
	FIND_MS = 5000,         /* for a frame in any slot */
	FIND_MIN_MS = 1000,     /* four windows of the finder */
	LISTEN_MS = 3500,       /* T200 is 1 s, and there may be noise on the first */
	ASK_MS = 1500,          /* T200, and the way there and back */
	BRING_UP_MS = 2500,     /* two more of the far end's SABME */
	MESSAGES_MIN_MS = 8000, /* for a person to place a call */
	CLOCK_MS = 4000,        /* for slips with the other clock */
	CLOCK_SETTLE_MS = 1500, /* the jitter buffer finds its place */
	CLOCKS_MS = 2 * (CLOCK_SETTLE_MS + CLOCK_MS),
	GOODBYE_MS = 60,
};

static unsigned elapsed_ms(const struct probe *p)
{
	return (unsigned)(clock_mono_ns() / 1000000 - p->start_ms);
}

unsigned probe_left_ms(const struct probe *p)
{
	unsigned elapsed = elapsed_ms(p);

	return elapsed < p->limit_ms ? p->limit_ms - elapsed : 0;
}

static bool run(struct probe *p, unsigned for_ms, bool (*done)(void *arg))
{
	unsigned left = probe_left_ms(p);

	return probe_line_run(&p->line, for_ms < left ? for_ms : left, done, p);
}

static bool is_interrupted(void *arg)
{
	return probe_interrupted != 0;
}

static bool never(void *arg)
{
	return false;
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
	return *opened && run(p, for_ms, line_stays_good) && !probe_interrupted;
}

static uint64_t violations(struct probe *p)
{
	struct tdm_span_counts before, after;

	tdm_span_counts(p->line.span, &before);
	run(p, BPV_MS, is_interrupted);
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
		set_trial(p, &trials[i]);
		bool good = opens_good(p, CARD_MS, &opened);
		if (!opened)
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
		if (least != 0 && i + 1 < TRIALS)
			probe_line_close(&p->line);
	}
	if (best == NULL) {
		if (p->line.span != NULL)
			probe_print_no_line(p);
		return false;
	}
	if (least == 0)
		return true;
	probe_line_close(&p->line);
	set_trial(p, best);
	return opens_good(p, CARD_MS, &opened);
}

bool probe_find_line(struct probe *p)
{
	bool opened;

	printf("span %s: at most %u s\n", p->line.conf.name, p->limit_ms / 1000);
	if (p->line.conf.backend == TDM_DAHDI)
		return find_card_line(p);
	if (opens_good(p, WIRE_MS, &opened)) {
		probe_say(p, "the line is good");
		return true;
	}
	if (opened)
		probe_print_no_line(p);
	return false;
}

/* --- the D-channel --------------------------------------------------------------------------- */

/* More frames first, then flags, then slot 24, where nearly every T1 has it. */
static void choose_slot(struct probe *p)
{
	uint64_t best = 0;

	for (unsigned slot = TDM_SLOTS; slot >= 1; slot--) {
		struct tdm_slot_look look;
		tdm_flag_finder_look(p->line.finder[slot], &look);
		uint64_t worth = look.kind == TDM_SLOT_HDLC    ? 1 + look.frames
				 : look.kind == TDM_SLOT_FLAGS ? 1
							       : 0;
		if (worth > best) {
			best = worth;
			p->slot = slot;
			p->form = look.form;
		}
	}
	p->found = best > 0;
}

static bool frame_is_found(void *arg)
{
	struct probe *p = arg;
	struct tdm_slot_look look = {0};

	probe_show_grid(p, false);
	choose_slot(p);
	if (p->slot != 0)
		tdm_flag_finder_look(p->line.finder[p->slot], &look);
	return probe_interrupted || look.kind == TDM_SLOT_HDLC;
}

void probe_find_dchan(struct probe *p)
{
	probe_say(p, "listening to all slots; sending nothing");
	run(p, FIND_MIN_MS, is_interrupted);
	run(p, FIND_MS - FIND_MIN_MS, frame_is_found);
	probe_show_grid(p, true);
	if (p->found)
		probe_say(p, "the D-channel is in slot %u", p->slot);
}

/* --- frames ---------------------------------------------------------------------------------- */

static void on_frame(struct probe *p, const uint8_t *frame, size_t len)
{
	probe_show_frame(p, false, frame, len);
	if (p->asking && len == sizeof(p->asked_frame) && memcmp(frame, p->asked_frame, len) == 0) {
		p->echo[p->lapd.network] = true; /* or a far end that plays the same side */
		return;
	}
	probe_judge_frame(&p->judge, frame, len);
	if (p->answering || p->asking)
		probe_lapd_frame(&p->lapd, frame, len);
	p->came_up = p->came_up || p->lapd.up;
}

static void take_frames(struct probe *p)
{
	uint8_t frame[TDM_FRAME_MAX];
	ssize_t len;

	probe_show_grid(p, false);
	while (p->slot != 0 &&
	       (len = tdm_flag_finder_recv(p->line.finder[p->slot], frame, sizeof(frame))) >= 0)
		on_frame(p, frame, (size_t)len);
}

static bool side_is_known(void *arg)
{
	struct probe *p = arg;

	take_frames(p);
	return probe_interrupted || probe_judge_side(&p->judge) != PROBE_SIDE_UNKNOWN;
}

static bool link_is_up(void *arg)
{
	struct probe *p = arg;

	take_frames(p);
	return probe_interrupted || p->lapd.up;
}

static bool switch_is_known(void *arg)
{
	struct probe *p = arg;

	take_frames(p);
	return probe_interrupted || __builtin_popcount(probe_judge_switches(&p->judge)) == 1;
}

void probe_listen(struct probe *p)
{
	if (p->found)
		run(p, LISTEN_MS, side_is_known);
}

/* The other forms cannot be sent by us, nor configured. */
static bool can_talk(const struct probe *p)
{
	return p->slot != 0 && p->form == TDM_HDLC_PLAIN;
}

/* --- asking ---------------------------------------------------------------------------------- */

static void ask_as(struct probe *p, bool network)
{
	p->lapd.network = network;
	p->asked_frame[0] = network ? 0x02 : 0x00;
	p->asked_frame[1] = (uint8_t)(p->lapd.tei << 1 | 1);
	p->asked_frame[2] = 0x7f; /* SABME, P */
	probe_lapd_connect(&p->lapd);
	run(p, ASK_MS, side_is_known);
}

/* Every slot is idle: the far end may be one whose D-channel idles with ones. */
static bool all_is_idle(const struct probe *p)
{
	struct tdm_slot_look look;

	for (unsigned slot = 1; slot <= TDM_SLOTS; slot++) {
		tdm_flag_finder_look(p->line.finder[slot], &look);
		if (look.kind != TDM_SLOT_IDLE)
			return false;
	}
	return true;
}

void probe_ask(struct probe *p)
{
	if (!p->found && all_is_idle(p)) {
		p->slot = 24;
		probe_say(p, "no flags anywhere; asks in slot 24 all the same");
	} else if (probe_judge_side(&p->judge) == PROBE_SIDE_UNKNOWN && can_talk(p)) {
		probe_say(p,
			  "no frame came: the far end is asked (SABME as network, then as user)");
	} else {
		return;
	}
	if (probe_line_talk(&p->line, p->slot) < 0)
		return;
	p->asking = true;
	ask_as(p, true);
	if (probe_judge_side(&p->judge) == PROBE_SIDE_UNKNOWN)
		ask_as(p, false);
	p->asking = false;
	p->looped = p->echo[0] && p->echo[1];
	if (!p->looped && (p->echo[0] || p->echo[1])) { /* it was the far end's own */
		p->asked_frame[0] = p->echo[1] ? 0x02 : 0x00;
		probe_judge_frame(&p->judge, p->asked_frame, sizeof(p->asked_frame));
	}
	p->drawn = probe_judge_side(&p->judge) != PROBE_SIDE_UNKNOWN;
	p->found = p->found || p->drawn;
	if (!p->found)
		p->slot = 0;
}

/* --- layer 3 --------------------------------------------------------------------------------- */

void probe_bring_up(struct probe *p)
{
	enum probe_side side = probe_judge_side(&p->judge);

	if (p->looped || !can_talk(p) || (side != PROBE_SIDE_USER && side != PROBE_SIDE_NETWORK))
		return;
	if (probe_line_talk(&p->line, p->slot) < 0)
		return;
	p->answering = true;
	bool network = side == PROBE_SIDE_USER;
	if (p->lapd.up && p->lapd.network == network)
		return;
	p->lapd.network = network;
	p->lapd.up = false;
	if (p->judge.sabme == 0) /* one that thinks the link is up sends none */
		probe_lapd_connect(&p->lapd);
	if (!run(p, BRING_UP_MS, link_is_up) && !p->lapd.up) {
		probe_lapd_connect(&p->lapd);
		run(p, ASK_MS, link_is_up);
	}
}

void probe_hear_messages(struct probe *p)
{
	unsigned left = probe_left_ms(p);

	if (!p->found || p->looped)
		return;
	if (probe_line_slips(&p->line) > 0 && left >= CLOCKS_MS + MESSAGES_MIN_MS)
		left -= CLOCKS_MS;
	if (left >= 1000 && !switch_is_known(p))
		probe_say(p,
			  "listening to layer 3 for %u s: place a call from the far end now, its "
			  "SETUP tells the switch type (the call is refused; control-C ends this)",
			  left / 1000);
	run(p, left, switch_is_known);
	if (!p->came_up || !p->lapd.up)
		return;
	probe_lapd_disconnect(&p->lapd);
	p->answering = false;
	probe_line_run(&p->line, GOODBYE_MS, never, p);
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
	run(p, CLOCK_SETTLE_MS, is_interrupted);
	uint64_t before = probe_line_slips(&p->line);
	run(p, CLOCK_MS, is_interrupted);
	p->slips = probe_line_slips(&p->line) - before;
}

/* With the clock of the two that slips less; where none does, the usual one. */
void probe_compare_clocks(struct probe *p)
{
	enum tdm_clock usual;

	p->clock_why = usual_clock(p, &usual);
	uint64_t slips = probe_line_slips(&p->line);
	p->slips = slips;
	if (slips == 0 || !p->found || probe_interrupted ||
	    probe_left_ms(p) + GOODBYE_MS < CLOCKS_MS) {
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
}
