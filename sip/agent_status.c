/* agent_status.c - what people want to know of the agent: who is registered, who was refused. */
#include "gateway/base/clock.h"
#include "sip/agent_impl.h"
#include "sip/dialog_impl.h"

static void each_contact(const struct sip_agent *a, const struct sip_user *user,
			 void (*fn)(void *arg, const struct sip_registered *r), void *arg)
{
	struct sip_registered r = {.user = user->name,
				   .peer = user->peer,
				   .calls = sip_dialog_count_of(a, user->name)};
	uint64_t now_ms = loop_now_ms(a->loop);

	if (user->bindings == NULL)
		fn(arg, &r);
	for (const struct sip_binding *b = user->bindings; b != NULL; b = b->next) {
		r.contact = b->contact;
		r.software = b->software;
		r.source = (const struct sockaddr *)&b->source;
		r.expires_s = (unsigned)((b->expires_ms - now_ms + 999) / 1000);
		fn(arg, &r);
	}
}

void sip_agent_each_user(const struct sip_agent *a,
			 void (*fn)(void *arg, const struct sip_registered *r), void *arg)
{
	for (const struct sip_user *user = a->users.table; user != NULL; user = user->hh.next)
		each_contact(a, user, fn, arg);
}

struct telling {
	void (*fn)(void *arg, const struct sip_refused *r);
	void *arg;
	uint64_t to_wall_ms;
};

static void tell(void *arg, const struct sip_refused *r)
{
	const struct telling *t = arg;
	struct sip_refused told = *r;

	told.first_ms += t->to_wall_ms;
	told.last_ms += t->to_wall_ms;
	t->fn(t->arg, &told);
}

void sip_agent_each_refused(const struct sip_agent *a,
			    void (*fn)(void *arg, const struct sip_refused *r), void *arg)
{
	struct telling t = {fn, arg, clock_wall_ms() - loop_now_ms(a->loop)};

	sip_guard_each(a->guard, tell, &t);
}
