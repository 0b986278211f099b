#include "gateway/line_watch.h"

#include "gateway/base/clock.h"
#include "gateway/base/log.h"
#include "gateway/line.h"

enum {
	SECOND_MS = 1000,
	UNUSABLE = TDM_ALARM_RED | TDM_ALARM_GONE,
	FRAMES_PER_SECOND = 8000,
	ETHER_FRAMES = 8, /* TDMoE: a packet a millisecond */
	TEXT_MAX = 500,
};

static uint32_t since(uint64_t now, uint64_t before)
{
	return now > before ? (uint32_t)(now - before) : 0;
}

/* A card's framer counts as T1.231 does; what this machine was too late for (slips of a card's
 * buffers) is not the line's fault.  Of packets, one that is not there when it is due is a
 * violation of the path, lost or late: the receiver hears the same gap. */
static void take_counts(struct line *l, struct line_timing_minute *out)
{
	struct line_watch *w = &l->watch;
	struct tdm_span_counts now, *b = &w->before;

	tdm_span_counts(l->span, &now);
	out->lcv = since(now.line_bpv, b->line_bpv);
	out->slips = w->monitor.kind == LINE_PACKETS ? since(now.slips, b->slips)
						     : since(now.line_slips, b->line_slips);
	switch (w->monitor.kind) {
	case LINE_PACKETS: out->pcv = since(now.underruns, b->underruns); break;
	case LINE_D4: out->pcv = since(now.line_framing, b->line_framing); break;
	case LINE_ESF: out->pcv = since(now.line_crc, b->line_crc); break;
	}
	w->facts.clock_ppb = now.clock_ppb;
	w->before = now;
}

static void judge(struct line *l)
{
	struct line_watch *w = &l->watch;
	char text[TEXT_MAX];

	w->facts.conf = &l->span_conf;
	w->facts.leader = l->leader;
	if (line_timing_judge(&w->timing, &w->facts, loop_now_ms(l->loop)))
		log_line(LOG_TDM, LOG_WARN, "%s",
			 line_timing_text(w->timing.fault, &w->facts, text, sizeof(text)));
}

static void on_second(void *arg)
{
	struct line *l = arg;
	struct line_watch *w = &l->watch;
	struct line_timing_minute counted;
	struct line_second second;

	take_counts(l, &counted);
	second = (struct line_second){
		.pcv = counted.pcv,
		.lcv = counted.lcv,
		.slips = counted.slips,
		.red = (w->alarms & UNUSABLE) != 0,
		.ais = (w->alarms & TDM_ALARM_BLUE) != 0,
		.failed = l->alarm.down,
	};
	/* Looped to ourselves, nothing is known about the line; in an alarm nothing about clocks.
	 */
	if (tdm_span_loop(l->span) != TDM_LOOP_LOCAL)
		line_monitor_second(&w->monitor, &second, clock_wall_ms() / SECOND_MS - 1);
	if (w->alarms != 0)
		counted = (struct line_timing_minute){0};
	if (line_timing_second(&w->timing, &counted))
		judge(l);
	w->alarms = l->alarm.alarms;
	/* Seconds keep their pace; after a long stall they do not run after it. */
	w->due_ms += SECOND_MS;
	uint64_t now_ms = loop_now_ms(l->loop);
	if (w->due_ms <= now_ms)
		w->due_ms = now_ms + SECOND_MS;
	timer_start(l->loop, &w->timer, w->due_ms - now_ms, on_second, l);
}

static enum line_kind kind_of(const struct tdm_span_conf *c)
{
	if (c->backend != TDM_DAHDI)
		return LINE_PACKETS;
	return c->dahdi.framing == TDM_D4 ? LINE_D4 : LINE_ESF;
}

void line_watch_start(struct line *l)
{
	const struct tdm_span_conf *c = &l->span_conf;
	unsigned frames = c->backend == TDM_WIRE ? c->wire.frames_per_packet : ETHER_FRAMES;

	line_monitor_init(&l->watch.monitor, kind_of(c), FRAMES_PER_SECOND / frames);
	tdm_span_counts(l->span, &l->watch.before);
	l->watch.due_ms = loop_now_ms(l->loop) + SECOND_MS;
	timer_start(l->loop, &l->watch.timer, SECOND_MS, on_second, l);
}

void line_watch_stop(struct line *l)
{
	timer_stop(&l->watch.timer);
}

void line_watch_alarms(struct line *l)
{
	l->watch.alarms |= l->alarm.alarms;
}

const char *line_watch_warning(const struct line *l, char *out, size_t out_size)
{
	return line_timing_text(l->watch.timing.fault, &l->watch.facts, out, out_size);
}
