/* probe_stage.c - the stages of a probe on a good line, in the order they run.
 *
 *   find_dchan       listens to all slots and sends nothing
 *   listen           to the D-channel; whoever is not answered repeats SABME every second
 *   ask              only when nothing was heard: SABME as the network, then as the user
 *   bring_up         as the side the far end wants, so that layer 3 starts
 *   hear_messages    until they tell the switch type or the time is over
 */
#include <string.h>

#include "gateway/probe_state.h"

enum {
	FIND_MS = 5000,         /* for a frame in any slot */
	FIND_MIN_MS = 1000,     /* four windows of the finder */
	LISTEN_MS = 3500,       /* T200 is 1 s, and there may be noise on the first */
	ASK_MS = 1000,          /* an answer takes the way there and back */
	ASK_ROUNDS = 2,         /* a frame may be lost */
	BRING_UP_MS = 2500,     /* two more of the far end's SABME */
	MESSAGES_MIN_MS = 8000, /* for a person to place a call */
	GOODBYE_MS = 60,
};
enum { SABME_P = 0x7f };

static bool never(void *arg)
{
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
	probe_run(p, FIND_MIN_MS, probe_is_interrupted);
	probe_run(p, FIND_MS - FIND_MIN_MS, frame_is_found);
	probe_show_grid(p, true);
	if (p->found)
		probe_say(p, "the D-channel is in slot %u", p->slot);
}

/* --- frames ---------------------------------------------------------------------------------- */

/* Like those that we ask with: one that came back from a loop, most likely. */
static bool is_our_sabme(const struct probe *p, const uint8_t *frame, size_t len)
{
	return len == 3 && (frame[0] & ~2u) == 0 && frame[1] == (p->lapd.tei << 1 | 1) &&
	       frame[2] == SABME_P;
}

static void on_frame(struct probe *p, const uint8_t *frame, size_t len)
{
	probe_show_frame(p, false, frame, len);
	if (p->asking && is_our_sabme(p, frame, len)) {
		p->echo[frame[0] >> 1] = true;
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
		probe_run(p, LISTEN_MS, side_is_known);
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
	probe_lapd_connect(&p->lapd);
	probe_run(p, ASK_MS, side_is_known);
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
	for (unsigned i = 0; i < 2 * ASK_ROUNDS && !p->looped; i++) {
		ask_as(p, i % 2 == 0);
		if (probe_judge_side(&p->judge) != PROBE_SIDE_UNKNOWN)
			break;
		p->looped = p->echo[0] && p->echo[1];
	}
	p->asking = false;
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
	if (!probe_run(p, BRING_UP_MS, link_is_up) && !p->lapd.up) {
		probe_lapd_connect(&p->lapd);
		probe_run(p, ASK_MS, link_is_up);
	}
}

void probe_hear_messages(struct probe *p)
{
	unsigned left = probe_left_ms(p);

	if (!p->found || p->looped)
		return;
	if (probe_line_slips(&p->line) > 0 && left >= PROBE_CLOCKS_MS + MESSAGES_MIN_MS)
		left -= PROBE_CLOCKS_MS;
	if (left >= 1000 && !switch_is_known(p))
		probe_say(p,
			  "listening to layer 3 for %u s: place a call from the far end now, its "
			  "SETUP tells the switch type (the call is refused; control-C ends this)",
			  left / 1000);
	probe_run(p, left, switch_is_known);
	if (!p->came_up || !p->lapd.up)
		return;
	probe_lapd_disconnect(&p->lapd);
	p->answering = false;
	probe_line_run(&p->line, GOODBYE_MS, never, p);
}
