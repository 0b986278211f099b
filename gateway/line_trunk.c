#include "gateway/line_trunk.h"

#include "gateway/line.h"

#include <errno.h>
#include <stdlib.h>

static struct line *first_line(const struct line_trunk *t)
{
	for (unsigned i = 0; i < ISUP_INTERFACES_MAX; i++)
		if (t->lines[i] != NULL)
			return t->lines[i];
	return NULL;
}

bool line_trunk_is_first(const struct line *l)
{
	return l->group != NULL && first_line(l->group) == l;
}

struct line *line_trunk_line(struct line *l, unsigned slot)
{
	struct line *of_slot = slot != 0 ? l->group->lines[isup_slot_interface(slot)] : NULL;

	return of_slot != NULL ? of_slot : l;
}

/* --- what the trunk wants --- */

static void on_event(void *arg, const struct isup_event *ev)
{
	struct line_trunk *t = arg;
	struct line *l = line_trunk_line(first_line(t), ev->slot);

	l->ops.event(l->ops.arg, l, ev);
}

static bool on_send(void *arg, unsigned interface, const uint8_t *frame, size_t len)
{
	struct line_trunk *t = arg;
	struct line *l = t->lines[interface];

	if (l == NULL)
		return false;
	if (worker_send_frame(l->worker, l->index, frame, len))
		return true;
	l->frames_refused++;
	return false;
}

static void on_trace(void *arg, unsigned interface, bool sent, const uint8_t *frame, size_t len)
{
	struct line_trunk *t = arg;
	struct line *l = t->lines[interface];

	if (l != NULL)
		l->ops.trace(l->ops.arg, l, sent, frame, len);
}

/* --- life --- */

void line_trunk_apply(struct line_trunk *t)
{
	const struct line *first = first_line(t);
	struct isup_trunk_conf conf = first->trunk_conf.isup;

	if (conf.interface_count == 0)
		conf.bearer_slots &= ~first->bert.slots;
	for (unsigned i = 0; i < conf.interface_count; i++) {
		const struct line *l = t->lines[i];
		if (l != NULL)
			conf.interfaces[i].bearer_slots &= l->leaves ? 0 : ~l->bert.slots;
	}
	isup_trunk_reconfigure(t->isup, &conf);
}

static int trunk_new(struct line_trunk **out, struct line *l, struct loop *loop)
{
	static const struct isup_trunk_ops ops = {on_event, on_send, on_trace};
	struct line_trunk *t = calloc(1, sizeof(*t));
	unsigned interfaces = l->trunk_conf.isup.interface_count;

	*out = NULL;
	if (t == NULL)
		return -ENOMEM;
	t->loop = loop;
	t->lines[l->interface] = l; /* libpri sends from inside */
	int r = isup_trunk_open(&t->isup, loop, &l->trunk_conf.isup, &ops, t);
	if (r < 0) {
		free(t);
		return r;
	}
	for (unsigned i = 0; i < interfaces; i++)
		if (i != l->interface)
			isup_trunk_line(t->isup, i, false);
	*out = t;
	return 0;
}

int line_trunk_join(struct line *l, struct line *mate, struct loop *loop)
{
	struct line_trunk *t = mate != NULL ? mate->group : NULL;

	if (t == NULL) {
		int r = trunk_new(&t, l, loop);
		if (r < 0)
			return r;
	} else {
		t->lines[l->interface] = l;
		isup_trunk_line(t->isup, l->interface, true);
	}
	t->count++;
	l->group = t;
	l->trunk = t->isup;
	return 0;
}

void line_trunk_leave(struct line *l)
{
	struct line_trunk *t = l->group;

	if (t == NULL)
		return;
	l->group = NULL;
	l->trunk = NULL;
	t->lines[l->interface] = NULL;
	if (--t->count > 0) {
		if (t->isup != NULL)
			isup_trunk_line(t->isup, l->interface, false);
		return;
	}
	line_trunk_shut(t);
	free(t);
}

void line_trunk_shut(struct line_trunk *t)
{
	nfas_drill_stop(&t->drill);
	if (t->isup != NULL)
		isup_trunk_close(t->isup);
	t->isup = NULL;
	for (unsigned i = 0; i < ISUP_INTERFACES_MAX; i++)
		if (t->lines[i] != NULL)
			t->lines[i]->trunk = NULL;
}
