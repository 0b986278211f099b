#include "gateway/maintain.h"

#include "gateway/gateway_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SENTENCE_MAX = 400 };

static json_t *failure(const char *why)
{
	return json_pack("{s:b, s:s}", "ok", 0, "error", why);
}

/* slot as the trunk counts it */
static const char *state_name(const struct isup_trunk *t, unsigned slot)
{
	switch (isup_trunk_slot(t, slot)) {
	case ISUP_SLOT_NONE: return "not used";
	case ISUP_SLOT_IDLE: return "in service, idle";
	case ISUP_SLOT_BUSY:
		return isup_trunk_slot_leaves(t, slot) ? "busy, then out of service" : "busy";
	case ISUP_SLOT_RESTARTING: return "restarting";
	case ISUP_SLOT_OUT_OF_SERVICE: return "out of service by a fault";
	case ISUP_SLOT_OUT_BY_US: return "out of service by order";
	case ISUP_SLOT_OUT_BY_FAR: return "out of service by the far end";
	case ISUP_SLOT_MAINTENANCE: return "maintenance";
	case ISUP_SLOT_NO_LINE: return "out of service: its line failed";
	}
	return "?";
}

/* Whether and when the far end hears of it. */
static const char *told(const struct isup_trunk *t)
{
	if (!isup_trunk_has_service(t))
		return "; the far end cannot be told (no SERVICE messages on this trunk) and is "
		       "refused with cause 44 if it uses it";
	return isup_trunk_up(t) ? "" : "; the far end is told when the D-channel is up";
}

static const char *what_follows(const struct isup_trunk *t, enum isup_order order, bool busy)
{
	bool in = order == ISUP_ORDER_IN;

	if (order == ISUP_ORDER_RESTART)
		return !isup_trunk_up(t) ? "; RESTART is sent when the D-channel is up"
		       : busy            ? "; its call was ended, cause 41"
					 : "";
	if (in && isup_trunk_drains(t))
		return "; it comes in with its trunk, which is drained";
	if (in || !busy)
		return in ? "" : told(t);
	if (order == ISUP_ORDER_DRAIN)
		return "; its call goes on, nothing follows it, and the far end is told when it "
		       "has ended";
	return "; its call goes on here, nothing follows it, but the far end is told at once and "
	       "may end it";
}

/* --- channel --- */

static bool parse_order(const char *word, enum isup_order *out)
{
	static const struct {
		const char *word;
		enum isup_order order;
	} orders[] = {{"in", ISUP_ORDER_IN},
		      {"out", ISUP_ORDER_OUT},
		      {"drain", ISUP_ORDER_DRAIN},
		      {"maintenance", ISUP_ORDER_MAINTAIN},
		      {"restart", ISUP_ORDER_RESTART}};

	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++)
		if (strcmp(orders[i].word, word) == 0) {
			*out = orders[i].order;
			return true;
		}
	return false;
}

static struct line *find_line(struct gateway *g, const char *name)
{
	for (unsigned i = 0; i < g->line_count; i++) {
		struct line *l = g->lines[i].line;
		if (l->trunk != NULL && (strcmp(l->span_conf.name, name) == 0 ||
					 (l->trunk_conf.isup.interface_count == 0 &&
					  strcmp(l->trunk_conf.isup.name, name) == 0)))
			return l;
	}
	return NULL;
}

json_t *maintain_channel(struct gateway *g, const char *args)
{
	char name[64], verb[16], text[SENTENCE_MAX];
	enum isup_order order;
	unsigned slot;
	int space = 0, end = 0;

	if (sscanf(args, "%63[^/ ]/%2u%n", name, &slot, &space) != 2 || args[space] != ' ' ||
	    sscanf(args + space, "%15s%n", verb, &end) != 1 || args[space + end] != '\0' ||
	    !parse_order(verb, &order))
		return failure("channel SPAN/SLOT in, out, drain, maintenance or restart");
	struct line *l = find_line(g, name);
	if (l == NULL)
		return failure("no span or trunk of this name carries calls");
	if (slot < 1 || slot > TDM_SLOTS)
		return failure("this slot is not one for calls");
	unsigned at = line_slot(l, slot);
	bool busy = isup_trunk_slot(l->trunk, at) == ISUP_SLOT_BUSY;
	if (isup_trunk_order(l->trunk, at, order) < 0)
		return failure("this slot is not one for calls");
	snprintf(name, sizeof(name), "%.32s/%u", l->span_conf.name, slot);
	const char *state = state_name(l->trunk, at);
	snprintf(text, sizeof(text), "%s: %s%s\n", name, state,
		 what_follows(l->trunk, order, busy));
	return json_pack("{s:b, s:s, s:s, s:b, s:s}", "ok", 1, "channel", name, "state", state,
			 "busy", (int)busy, "report", text);
}

/* --- trunk --- */

static unsigned busy_slots(const struct isup_trunk *t)
{
	unsigned n = 0;

	for (unsigned slot = 1; slot <= ISUP_SLOTS_MAX; slot++)
		n += isup_trunk_slot(t, slot) == ISUP_SLOT_BUSY;
	return n;
}

static void say_trunk(const struct isup_trunk *t, unsigned calls, char text[SENTENCE_MAX])
{
	const char *name = isup_trunk_name(t);

	if (!isup_trunk_drains(t))
		snprintf(text, SENTENCE_MAX, "%s: in service, %u calls\n", name, calls);
	else if (calls > 0)
		snprintf(text, SENTENCE_MAX,
			 "%s: takes no new calls; its channels go out of service as their %u calls "
			 "end%s\n",
			 name, calls, told(t));
	else
		snprintf(text, SENTENCE_MAX, "%s: out of service%s\n", name, told(t));
}

static json_t *order_trunk(struct isup_trunk *t, const char *verb, char text[SENTENCE_MAX])
{
	unsigned calls = busy_slots(t);

	if (strcmp(verb, "restart") == 0) {
		isup_trunk_restart(t);
		snprintf(text, SENTENCE_MAX, "%s: restarting; %u calls were ended, cause 41%s\n",
			 isup_trunk_name(t), calls,
			 isup_trunk_up(t) ? "" : "; RESTART is sent when the D-channel is up");
	} else {
		isup_trunk_drain(t, strcmp(verb, "drain") == 0);
		say_trunk(t, calls, text);
	}
	return json_pack("{s:s, s:b, s:i}", "name", isup_trunk_name(t), "drained",
			 (int)isup_trunk_drains(t), "calls", (int)calls);
}

json_t *maintain_trunk(struct gateway *g, const char *args)
{
	char name[64], verb[16], *report = NULL, text[SENTENCE_MAX];
	size_t size;
	int end = 0;

	if (sscanf(args, "%63s %15s%n", name, verb, &end) != 2 || args[end] != '\0' ||
	    (strcmp(verb, "drain") != 0 && strcmp(verb, "undrain") != 0 &&
	     strcmp(verb, "restart") != 0))
		return failure("trunk NAME drain, undrain or restart");
	FILE *f = open_memstream(&report, &size);
	if (f == NULL)
		return failure("out of memory");
	json_t *trunks = json_array();
	for (unsigned i = 0; i < g->line_count; i++) {
		struct line *l = g->lines[i].line;
		if (!line_is_named(l, name) || !line_trunk_is_first(l))
			continue;
		json_array_append_new(trunks, order_trunk(l->trunk, verb, text));
		fputs(text, f);
	}
	fclose(f);
	json_t *reply = NULL;
	if (json_array_size(trunks) == 0)
		reply = failure("no trunk or group of this name");
	else
		reply = json_pack("{s:b, s:O, s:s}", "ok", 1, "trunks", trunks, "report", report);
	json_decref(trunks);
	free(report);
	return reply;
}
