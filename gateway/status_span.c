/* All of one span: what it counted, how good it was the last 24 hours, its tests. */
#include "gateway/gateway_state.h"
#include "gateway/status.h"

static const char *const loops[] = {
	[TDM_LOOP_NONE] = "off", [TDM_LOOP_LOCAL] = "local", [TDM_LOOP_NETWORK] = "network"};

static json_t *integer(uint64_t n)
{
	return json_integer((json_int_t)n);
}

static json_t *interval_json(const struct line_interval *i)
{
	json_t *o = json_object();

	json_object_set_new(o, "start_s", integer(i->start_s));
	json_object_set_new(o, "seconds", integer(i->seconds));
	for (unsigned c = 0; c < LINE_COUNTS; c++)
		json_object_set_new(o, line_count_name(c), integer(i->count[c]));
	return o;
}

static void add_intervals(json_t *o, const struct line_monitor *m)
{
	const struct line_interval *i = line_monitor_interval(m, 0);
	json_t *list = json_array();
	struct line_interval total;

	if (i != NULL)
		json_object_set_new(o, "current", interval_json(i));
	line_monitor_total(m, &total);
	json_object_set_new(o, "day", interval_json(&total));
	for (unsigned age = 1; (i = line_monitor_interval(m, age)) != NULL; age++)
		json_array_append_new(list, interval_json(i));
	json_object_set_new(o, "intervals", list); /* newest first */
}

/* Slots whose octets were not always there when due. */
static json_t *slot_counts_json(const struct line *l)
{
	json_t *list = json_array();

	for (unsigned slot = 1; slot <= TDM_SLOTS; slot++) {
		struct tdm_slot_counts c;

		tdm_span_slot_counts(l->span, slot, &c);
		if (c.underruns == 0 && c.overruns == 0)
			continue;
		json_t *o = json_object();
		json_object_set_new(o, "slot", integer(slot));
		json_object_set_new(o, "underruns", integer(c.underruns));
		json_object_set_new(o, "overruns", integer(c.overruns));
		json_array_append_new(list, o);
	}
	return list;
}

json_t *status_bert(const struct line *l)
{
	json_t *list = json_array();

	for (unsigned slot = 1; slot <= TDM_SLOTS; slot++) {
		struct tdm_bert_counts c;

		if (!(l->bert.shown & 1u << slot))
			continue;
		line_bert_counts(l, slot, &c);
		json_t *o = json_object();
		json_object_set_new(o, "slot", integer(slot));
		json_object_set_new(o, "sync", json_boolean(c.sync));
		json_object_set_new(o, "bits", integer(c.bits));
		json_object_set_new(o, "errors", integer(c.errors));
		json_object_set_new(o, "sync_losses", integer(c.sync_losses));
		json_object_set_new(o, "seconds", integer(c.seconds));
		json_object_set_new(o, "errored_seconds", integer(c.errored_seconds));
		json_object_set_new(o, "unsynced_seconds", integer(c.unsynced_seconds));
		json_array_append_new(list, o);
	}
	return json_pack("{s:s, s:s, s:b, s:o}", "span", l->span_conf.name, "pattern",
			 tdm_bert_pattern_name(l->bert.pattern), "running",
			 (int)(l->bert.slots != 0), "slots", list);
}

json_t *status_span(const struct gateway *g, unsigned i)
{
	const struct line *l = g->lines[i].line;
	json_t *o = status_line(g, i);

	json_object_set_new(o, "loop", json_string(loops[tdm_span_loop(l->span)]));
	json_object_set_new(o, "clock",
			    json_string(l->span_conf.clock == TDM_CLOCK_LINE ? "line" : "own"));
	json_object_set_new(o, "unavailable", json_boolean(l->watch.monitor.unavailable));
	json_object_set_new(o, "slot_counts", slot_counts_json(l));
	add_intervals(o, &l->watch.monitor);
	if (l->bert.shown != 0)
		json_object_set_new(o, "bert", status_bert(l));
	return o;
}
