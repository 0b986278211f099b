/* maintain_nfas.c - what an operator does with the D-channels of a trunk on several spans. */
#include "gateway/gateway_state.h"
#include "gateway/maintain.h"
#include "gateway/nfas_drill.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { REPORT_MAX = 4000 };

static json_t *failure(const char *why)
{
	return json_pack("{s:b, s:s}", "ok", 0, "error", why);
}

static struct line *first_line(struct gateway *g, const char *name)
{
	for (unsigned i = 0; i < g->line_count; i++) {
		struct line *l = g->lines[i].line;
		if (line_trunk_is_first(l) && strcmp(l->trunk_conf.isup.name, name) == 0)
			return l;
	}
	return NULL;
}

/* --- state --- */

static const char *role_of(const struct line_trunk *t, unsigned interface, char out[80])
{
	struct isup_dchan d;

	snprintf(out, 80, "no D-channel");
	for (unsigned i = 0; i < ISUP_DCHANS; i++)
		if (isup_trunk_dchan(t->isup, i, &d) && d.interface == interface)
			snprintf(out, 80, "%s D-channel: %s", i == 0 ? "primary" : "backup",
				 nfas_dchan_state(t, i));
	return out;
}

static unsigned busy_slots(const struct line_trunk *t, unsigned interface)
{
	unsigned n = 0;

	for (unsigned slot = 1; slot <= ISUP_SLOTS; slot++)
		n += isup_trunk_slot(t->isup, isup_slot(interface, slot)) == ISUP_SLOT_BUSY;
	return n;
}

static json_t *spans_json(const struct line *first, char *report, size_t size)
{
	const struct isup_trunk_conf *conf = &first->trunk_conf.isup;
	const struct line_trunk *t = first->group;
	json_t *spans = json_array();
	char role[80], alarms[64];

	for (unsigned i = 0; i < conf->interface_count; i++) {
		const struct line *l = t->lines[i];
		size_t used = strlen(report);
		unsigned busy = busy_slots(t, i);
		role_of(t, i, role);
		line_alarm_text(l != NULL ? l->alarm.alarms : 0, alarms, sizeof(alarms));
		snprintf(report + used, size - used,
			 "  %-15s interface %-3u %3u calls, alarms %s; %s\n",
			 first->trunk_conf.spans[i], conf->interfaces[i].id, busy,
			 l != NULL ? alarms : "not open", role);
		json_array_append_new(spans, json_pack("{s:s, s:i, s:i, s:s}", "name",
						       first->trunk_conf.spans[i], "interface",
						       (int)conf->interfaces[i].id, "calls",
						       (int)busy, "dchannel", role));
	}
	return spans;
}

static json_t *show_state(struct line *first)
{
	const struct line_trunk *t = first->group;
	struct isup_trunk_counts c;
	char report[REPORT_MAX];

	isup_trunk_counts(t->isup, &c);
	snprintf(report, sizeof(report), "%s: %u calls, %llu switches of D-channel%s\n",
		 isup_trunk_name(t->isup), c.calls, (unsigned long long)c.dchan_switches,
		 first->trunk_conf.isup.backup == 0 ? ", no backup D-channel" : "");
	json_t *spans = spans_json(first, report, sizeof(report));
	return json_pack("{s:b, s:o, s:b, s:s}", "ok", 1, "members", spans, "switching",
			 (int)isup_trunk_dchan_switching(t->isup), "report", report);
}

/* --- orders --- */

/* tandemctl asks again until it is done. */
static json_t *show_drill(struct line *first)
{
	const struct nfas_drill *d = &first->group->drill;
	char again[64];

	if (d->report[0] == '\0')
		return failure("no drill has run since the trunk was opened");
	if (nfas_drill_runs(d)) {
		snprintf(again, sizeof(again), "nfas %s result", isup_trunk_name(first->trunk));
		return json_pack("{s:b, s:s}", "ok", 1, "ask", again);
	}
	if (!d->passed)
		return failure(d->report);
	return json_pack("{s:b, s:s}", "ok", 1, "report", d->report);
}

static json_t *drill(struct line *first, const char *how)
{
	struct nfas_drill *d = &first->group->drill;

	if (how[0] != '\0' && strcmp(how, "stay") != 0)
		return failure("nfas TRUNK drill, or drill stay");
	if (nfas_drill_runs(d))
		return failure("a drill runs already; nfas TRUNK result waits for its end");
	nfas_drill_start(d, first->group, how[0] != '\0');
	return show_drill(first);
}

static json_t *refusal(const struct line_trunk *t, int r)
{
	char why[200];
	unsigned active = nfas_dchan_active(t);

	switch (r) {
	case -ENOTSUP: return failure("this trunk has no backup D-channel");
	case -EALREADY: return failure("a switch of D-channel is under way");
	default: break;
	}
	if (active == ISUP_DCHANS)
		return failure("no D-channel is in service");
	snprintf(why, sizeof(why), "nothing was changed: the %s is %s",
		 nfas_dchan_name(t, 1 - active), nfas_dchan_state(t, 1 - active));
	return failure(why);
}

static json_t *order_out_or_in(struct line *first, const char *span, bool in)
{
	const struct line_trunk *t = first->group;
	int interface = conf_trunk_interface(&first->trunk_conf, span);
	struct isup_dchan d;

	for (unsigned i = 0; i < ISUP_DCHANS; i++) {
		if (!isup_trunk_dchan(t->isup, i, &d) || (int)d.interface != interface)
			continue;
		int r = isup_trunk_dchan_order(t->isup, i, in);
		return r < 0 ? refusal(t, r) : show_state(first);
	}
	return failure("no span of this trunk with a D-channel that has another to take its place");
}

json_t *maintain_nfas(struct gateway *g, const char *args)
{
	char name[64], verb[16] = "", what[32] = "";

	if (sscanf(args, "%63s %15s %31s", name, verb, what) < 1)
		return failure(
			"nfas TRUNK, switch, drill, drill stay, result, out SPAN or in SPAN");
	struct line *l = first_line(g, name);
	if (l == NULL || l->trunk_conf.isup.interface_count == 0)
		return failure("no trunk of this name on several spans");
	if (verb[0] == '\0')
		return show_state(l);
	if (l->trunk_conf.isup.backup == 0)
		return failure("this trunk has no backup D-channel");
	if (strcmp(verb, "drill") == 0)
		return drill(l, what);
	if (strcmp(verb, "result") == 0)
		return show_drill(l);
	if (strcmp(verb, "out") == 0 || strcmp(verb, "in") == 0)
		return order_out_or_in(l, what, verb[0] == 'i');
	if (strcmp(verb, "switch") != 0)
		return failure(
			"nfas TRUNK, switch, drill, drill stay, result, out SPAN or in SPAN");
	int r = nfas_drill_runs(&l->group->drill) ? -EALREADY : isup_trunk_dchan_switch(l->trunk);
	return r < 0 ? refusal(l->group, r) : show_state(l);
}
