#include "gateway/call_identity.h"

#include "gateway/base/log.h"
#include "gateway/call.h"

static void tell(struct call *c, const char *which, const struct leg *of, struct leg *to)
{
	char title[160];

	log_line(LOG_CALL, LOG_INFO, "%s: %s is %s \"%s\"", call_title(c, title, sizeof(title)),
		 which, of->party.restricted ? "private" : of->party.number,
		 of->party.restricted ? "" : of->party.name);
	if (to != NULL)
		to->ops->identity(to, &of->party);
}

void call_identity_caller(struct call *c)
{
	/* Once answered the record keeps who began it. */
	if (c->state != CALL_CONNECTED)
		c->calling = c->from->party;
	tell(c, "caller", c->from, c->to);
}

void call_identity_called(struct call *c)
{
	tell(c, "called party", c->to, c->from);
}
