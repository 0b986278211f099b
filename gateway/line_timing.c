#include "gateway/line_timing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	MINUTE_S = 60,
	FAR_OFF_PPB = 32000,  /* T1.403: what the rate of a DS1 may be off */
	LOOPING_PPB = 130000, /* more than any T1 was ever allowed: two that follow each other */
	FRAME_US = 125,
};

bool line_timing_second(struct line_timing *t, const struct line_timing_minute *counted)
{
	t->now.slips += counted->slips;
	t->now.lcv += counted->lcv;
	t->now.pcv += counted->pcv;
	if (++t->seconds < MINUTE_S)
		return false;
	t->seconds = 0;
	t->ring[t->next] = t->now;
	t->next = (t->next + 1) % LINE_TIMING_MINUTES;
	t->now = (struct line_timing_minute){0};
	return true;
}

/* --- judging --- */

static bool is_steady(uint32_t minutes)
{
	return minutes >= LINE_TIMING_STEADY;
}

static enum line_fault slipping(const struct line_timing_facts *f)
{
	if (is_steady(f->minutes.lcv))
		return LINE_BAD_CABLE;
	if (f->conf->backend != TDM_DAHDI && is_steady(f->minutes.pcv))
		return LINE_PACKETS_LATE;
	if (f->conf->clock == TDM_CLOCK_OWN && f->leader[0] == '\0')
		return LINE_NO_CLOCK_SOURCE;
	return f->leader[0] != '\0' ? LINE_OTHER_LEADS : LINE_FAR_CLOCK_JUMPS;
}

enum line_fault line_timing_fault(const struct line_timing_facts *f)
{
	int32_t off = abs(f->clock_ppb);

	/* A clock that is far off explains the slips. */
	if (f->conf->clock == TDM_CLOCK_LINE && off > LOOPING_PPB)
		return LINE_CLOCK_LOOP;
	if (is_steady(f->minutes.slips))
		return slipping(f);
	if (f->conf->clock == TDM_CLOCK_LINE && off > FAR_OFF_PPB)
		return LINE_FAR_CLOCK_OFF;
	if (is_steady(f->minutes.lcv))
		return LINE_CODE_VIOLATIONS;
	if (is_steady(f->minutes.pcv))
		return f->conf->backend == TDM_DAHDI ? LINE_FRAME_ERRORS : LINE_PACKETS_LATE;
	return LINE_FINE;
}

bool line_timing_judge(struct line_timing *t, struct line_timing_facts *f, uint64_t now_ms)
{
	f->sum = f->minutes = (struct line_timing_minute){0};
	for (unsigned i = 0; i < LINE_TIMING_MINUTES; i++) {
		const struct line_timing_minute *m = &t->ring[i];

		f->sum.slips += m->slips;
		f->sum.lcv += m->lcv;
		f->sum.pcv += m->pcv;
		f->minutes.slips += m->slips > 0;
		f->minutes.lcv += m->lcv > 0;
		f->minutes.pcv += m->pcv > 0;
	}
	t->fault = line_timing_fault(f);
	uint64_t *told_ms = &t->told_ms[t->fault];
	if (t->fault == LINE_FINE || (*told_ms != 0 && now_ms < *told_ms + LINE_TIMING_TELL_MS))
		return false;
	*told_ms = now_ms;
	return true;
}

/* --- saying --- */

/* How far apart two clocks are that slip so often: a slip is a frame on a card, a packet else. */
static double slip_ppm(const struct line_timing_facts *f)
{
	unsigned frames = f->conf->backend == TDM_WIRE ? f->conf->wire.frames_per_packet : 1;

	if (f->conf->backend == TDM_ETHER)
		frames = 8; /* TDMoE: 1 ms a packet */
	return (double)f->sum.slips * frames * FRAME_US / (LINE_TIMING_MINUTES * MINUTE_S);
}

static const char *const advice[LINE_FAULTS] = {
	[LINE_FINE] = "",
	[LINE_NO_CLOCK_SOURCE] =
		"each end runs by a clock of its own; set clock = \"line\" here if the far end's "
		"is "
		"the better one, as a carrier's is, or let the far end take its clock from us",
	[LINE_OTHER_LEADS] =
		"the clock comes from another span of this card, and the far end of this one keeps "
		"to another clock; let it take its clock from us, or put the two on different "
		"cards",
	[LINE_CLOCK_LOOP] = "no T1 is that far off: both ends follow each other; exactly one of "
			    "them must lead, "
			    "so set clock = \"own\" here, or let the far end run by its own clock",
	[LINE_FAR_CLOCK_OFF] =
		"32 ppm are allowed; the far end has lost its own source, or it has a bad crystal",
	[LINE_FAR_CLOCK_JUMPS] =
		"we follow the far end's clock, and it is not steady: it may itself switch between "
		"sources, or follow us",
	[LINE_PACKETS_LATE] = "the network between, not the clock: it delays or loses packets; "
			      "raise buffer_max_ms "
			      "if they are late, and give them priority",
	[LINE_BAD_CABLE] = "a bad cable or connector, or a wrong line_build_out: mend that first, "
			   "the slips may "
			   "come from it",
	[LINE_CODE_VIOLATIONS] =
		"a bad cable or connector, or line_coding is not the far end's: AMI towards B8ZS "
		"shows up like that",
	[LINE_FRAME_ERRORS] = "errors from beyond the next device of the line, which repairs the "
			      "code but not the "
			      "bits: a matter for the carrier",
};

const char *line_timing_text(enum line_fault fault, const struct line_timing_facts *f, char *out,
			     size_t out_size)
{
	const struct tdm_span_conf *c = f->conf;
	char seen[128] = "";

	switch (fault) {
	case LINE_FINE:
	case LINE_FAULTS: snprintf(out, out_size, "%s", ""); return out;
	case LINE_NO_CLOCK_SOURCE:
	case LINE_FAR_CLOCK_JUMPS:
		snprintf(seen, sizeof(seen), "%u slips in %d minutes, as of clocks %.1f ppm apart",
			 f->sum.slips, LINE_TIMING_MINUTES, slip_ppm(f));
		break;
	case LINE_OTHER_LEADS:
		snprintf(seen, sizeof(seen), "%u slips in %d minutes, while span %s leads",
			 f->sum.slips, LINE_TIMING_MINUTES, f->leader);
		break;
	case LINE_CLOCK_LOOP:
	case LINE_FAR_CLOCK_OFF:
		snprintf(seen, sizeof(seen), "the far end's clock is off by %+.1f ppm",
			 f->clock_ppb / 1000.0);
		break;
	case LINE_PACKETS_LATE:
		snprintf(seen, sizeof(seen),
			 "%u packets missing when due and %u slips in %d minutes", f->sum.pcv,
			 f->sum.slips, LINE_TIMING_MINUTES);
		break;
	case LINE_BAD_CABLE:
	case LINE_CODE_VIOLATIONS:
		snprintf(seen, sizeof(seen), "%u bipolar violations and %u slips in %d minutes",
			 f->sum.lcv, f->sum.slips, LINE_TIMING_MINUTES);
		break;
	case LINE_FRAME_ERRORS:
		snprintf(seen, sizeof(seen), "%u %s errors in %d minutes", f->sum.pcv,
			 c->dahdi.framing == TDM_ESF ? "CRC-6" : "framing", LINE_TIMING_MINUTES);
		break;
	}
	snprintf(out, out_size, "span %s: %s: %s", c->name, seen, advice[fault]);
	return out;
}
