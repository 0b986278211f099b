#include "gateway/line_bert.h"

#include "gateway/base/log.h"
#include "gateway/line.h"
#include "gateway/path.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool is_free(const struct line *l, unsigned slot)
{
	enum isup_slot_state state;

	if (slot == l->span_conf.dchan_slot)
		return false;
	state = l->trunk != NULL ? isup_trunk_slot(l->trunk, line_slot(l, slot)) : ISUP_SLOT_NONE;
	return state != ISUP_SLOT_BUSY && state != ISUP_SLOT_RESTARTING;
}

static int choose(const struct line *l, uint32_t *slots, char *err, size_t err_size)
{
	uint32_t usable = 0;

	for (unsigned slot = 1; slot <= TDM_SLOTS; slot++) {
		if (is_free(l, slot))
			usable |= 1u << slot;
		else if (*slots & 1u << slot) {
			snprintf(err, err_size, "slot %u %s", slot,
				 slot == l->span_conf.dchan_slot ? "is the D-channel"
								 : "has a call");
			return -EBUSY;
		}
	}
	if (*slots == 0)
		*slots = usable;
	if (*slots != 0)
		return 0;
	snprintf(err, err_size, "each slot has a call");
	return -EBUSY;
}

/* The path takes the slot at its next tick.  Its id is no call's, so it is freed when it comes
 * back. */
static int open_slot(struct line *l, unsigned slot)
{
	struct path_end from = {
		.kind = PATH_SLOT, .worker = l->worker, .span = l->index, .slot = slot};
	struct path_end to = {.kind = PATH_BERT};
	struct path *p;
	int r = tdm_bert_new(&to.bert, l->bert.pattern);

	if (r < 0)
		return r;
	r = path_new(&p, 0, &from, &to);
	if (r < 0) {
		tdm_bert_free(to.bert);
		return r;
	}
	r = worker_open(l->worker, p);
	if (r < 0) {
		path_free(p);
		return r;
	}
	l->bert.path[slot] = p;
	l->bert.bert[slot] = to.bert;
	l->bert.slots |= 1u << slot;
	return 0;
}

int line_bert_start(struct line *l, uint32_t slots, enum tdm_bert_pattern pattern, char *err,
		    size_t err_size)
{
	int r = -EALREADY;

	if (l->bert.slots != 0) {
		snprintf(err, err_size, "a test runs already; stop it first");
		return r;
	}
	r = choose(l, &slots, err, err_size);
	if (r < 0)
		return r;
	l->bert = (struct line_bert){.pattern = pattern};
	for (unsigned slot = 1; slot <= TDM_SLOTS && r == 0; slot++)
		if (slots & 1u << slot)
			r = open_slot(l, slot);
	if (r < 0) {
		line_bert_stop(l);
		snprintf(err, err_size, "the media worker takes no more (gateway.calls_max)");
		return r;
	}
	l->bert.shown = l->bert.slots;
	line_apply_slots(l);
	log_line(LOG_TDM, LOG_INFO, "span %s: BERT runs, pattern %s", l->span_conf.name,
		 tdm_bert_pattern_name(pattern));
	return 0;
}

void line_bert_stop(struct line *l)
{
	bool ran = l->bert.shown != 0 && l->bert.slots != 0;

	for (unsigned slot = 1; slot <= TDM_SLOTS; slot++) {
		if (l->bert.path[slot] == NULL)
			continue;
		tdm_bert_counts(l->bert.bert[slot], &l->bert.result[slot]);
		worker_close(l->worker, l->bert.path[slot]);
		l->bert.path[slot] = NULL;
		l->bert.bert[slot] = NULL;
	}
	l->bert.slots = 0;
	if (!ran)
		return;
	line_apply_slots(l);
	log_line(LOG_TDM, LOG_INFO, "span %s: BERT ended", l->span_conf.name);
}

void line_bert_counts(const struct line *l, unsigned slot, struct tdm_bert_counts *out)
{
	if (l->bert.bert[slot] != NULL)
		tdm_bert_counts(l->bert.bert[slot], out);
	else
		*out = l->bert.result[slot];
}
