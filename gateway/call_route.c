#include "gateway/call_route.h"

#include "gateway/call.h"
#include "gateway/call_path.h"
#include "isup/cause.h"

#include <stdio.h>
#include <string.h>

/* Whether to wait for more digits.  c->growing: no, but the second leg will get them. */
static bool waits(struct call *c, enum dial_result r, const struct dial_answer *answer)
{
	const struct call_env *env = c->env;

	c->growing = false;
	if (!c->from->incomplete || !answer->may_grow || !c->from->ops->more(c->from))
		return false;
	c->growing =
		r == DIAL_ROUTE && env->starts_early != NULL && env->starts_early(env->arg, answer);
	return !c->growing;
}

int call_route(struct call *c)
{
	struct dial_question q = {c->source, c->source_group, c->dialled, c->calling.number};
	struct dial_answer answer;

	enum dial_result r = dialplan_lookup(c->env->plan, &q, &answer);
	if (waits(c, r, &answer))
		return CALL_MORE;
	if (answer.rule != NULL)
		c->rule_line = answer.rule->line;
	/* Q.931 5.1.5.1: the caller hears of us before anything can take long; a refusal needs no
	 * CALL PROCEEDING. */
	switch (r) {
	case DIAL_REJECT: return answer.cause;
	case DIAL_MORE: return Q850_INVALID_NUMBER_FORMAT;
	case DIAL_NO_MATCH: return Q850_UNALLOCATED;
	case DIAL_ROUTE: break;
	}
	if (!c->growing)
		c->from->ops->proceeding(c->from);
	snprintf(c->target, sizeof(c->target), "%s", answer.to);
	snprintf(c->called.number, sizeof(c->called.number), "%s", answer.number);
	snprintf(c->calling.number, sizeof(c->calling.number), "%s", answer.caller);
	/* The plan judged who transfers; who is called sees who is transferred. */
	if (c->has_transferee)
		c->calling = c->transferee;
	int cause = c->env->start(c->env->arg, c, &answer);
	if (c->to != NULL) {
		c->to->call = c;
		snprintf(c->to_name, sizeof(c->to_name), "%s", c->to->name);
	}
	return cause;
}

int call_route_again(struct call *c)
{
	bool grown = strcmp(c->dialled, c->from->dialled) != 0;

	if (!grown && c->from->incomplete)
		return CALL_MORE;
	call_path_close(c); /* the first digit ends dial tone */
	if (c->to != NULL || c->path != NULL)
		return CALL_MORE;
	if (!grown && c->too_short)
		return Q850_INVALID_NUMBER_FORMAT;
	c->too_short = false;
	snprintf(c->dialled, sizeof(c->dialled), "%s", c->from->dialled);
	return call_route(c);
}

bool call_route_more(struct call *c)
{
	const char *more = c->from->dialled + strlen(c->dialled);

	/* A SIP leg has no use for them, but c->dialled must tell what it was started with. */
	if (!c->growing || !c->to->ops->proceeding_ends_number)
		return false;
	c->to->ops->digits(c->to, more);
	snprintf(c->called.number + strlen(c->called.number),
		 sizeof(c->called.number) - strlen(c->called.number), "%s", more);
	snprintf(c->dialled, sizeof(c->dialled), "%s", c->from->dialled);
	return true;
}
