/* route.c - see route.h. */
#include "conf/route.h"
#include <string.h>

static void print_rule(const struct conf *c, const struct dial_rule *rule, FILE *to)
{
	fprintf(to, ": %s:%u: rule \"%s\"\n", c->path, rule->line, rule->name);
}

static int print_decision(const struct conf *c, const struct dial_question *q, FILE *to)
{
	struct dial_answer a;
	enum dial_result r = dialplan_lookup(c->plan, q, &a);

	fprintf(to, "from %s: %s ", q->from, q->called[0] != '\0' ? q->called : "no number");
	switch (r) {
	case DIAL_ROUTE:
		fprintf(to, "goes to %s as %s, caller %s%s", a.to, a.number,
			a.caller[0] != '\0' ? a.caller : "unknown",
			a.may_grow ? ", though more digits could go elsewhere" : "");
		print_rule(c, a.rule, to);
		return ROUTE_FOUND;
	case DIAL_REJECT:
		fprintf(to, "is refused with cause %d%s", a.cause,
			a.may_grow ? ", though more digits could go elsewhere" : "");
		print_rule(c, a.rule, to);
		return ROUTE_REFUSED;
	case DIAL_MORE: fputs("needs more digits: no rule matches it yet\n", to); break;
	case DIAL_NO_MATCH: fprintf(to, "goes nowhere: no rule of %s matches\n", c->path); break;
	}
	return ROUTE_REFUSED;
}

static bool is_group(const struct conf *c, const char *name)
{
	for (size_t i = 0; i < c->trunk_count; i++)
		if (name[0] != '\0' && strcmp(c->trunks[i].group, name) == 0)
			return true;
	return false;
}

int route_print(const struct conf *c, const char *number, const char *from, const char *caller,
		FILE *to)
{
	struct dial_question q = {.called = number, .caller = caller != NULL ? caller : ""};
	int status = ROUTE_REFUSED;
	bool known = from == NULL;

	for (size_t i = 0; i < c->trunk_count; i++) {
		const struct conf_trunk *t = &c->trunks[i];
		if (from != NULL && strcmp(from, t->isup.name) != 0)
			continue;
		known = true;
		q.from = t->isup.name;
		q.from_group = t->group[0] != '\0' ? t->group : NULL;
		if (print_decision(c, &q, to) == ROUTE_FOUND)
			status = ROUTE_FOUND;
	}
	q.from_group = NULL;
	for (size_t i = 0; i < c->peer_count; i++) {
		if (from != NULL && strcmp(from, c->peers[i].sip.name) != 0)
			continue;
		known = true;
		q.from = c->peers[i].sip.name;
		if (print_decision(c, &q, to) == ROUTE_FOUND)
			status = ROUTE_FOUND;
	}
	if (known)
		return status;
	if (is_group(c, from)) {
		q.from = from;
		return print_decision(c, &q, to);
	}
	fprintf(to, "from %s: there is no trunk, group or peer of that name in %s\n", from,
		c->path);
	return ROUTE_NO_SUCH_SOURCE;
}
