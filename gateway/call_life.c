/* call_life.c - a call comes and goes. */
#include "gateway/call_path.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

int call_new(struct call **out, uint32_t id, const struct call_env *env, struct leg *from)
{
	struct call *c = calloc(1, sizeof(*c));

	*out = c;
	if (c == NULL)
		return -ENOMEM;
	c->id = id;
	c->env = env;
	c->from = from;
	from->call = c;
	snprintf(c->from_name, sizeof(c->from_name), "%s", from->name);
	c->start_ms = loop_now_ms(env->loop);
	return 0;
}

void call_destroy(struct call *c)
{
	if (c == NULL)
		return;
	timer_stop(&c->timer);
	task_cancel(&c->run);
	call_path_disown(c);
	if (c->from != NULL)
		call_leg_free(c->from);
	if (c->to != NULL)
		call_leg_free(c->to);
	free(c);
}
