#include "tests/sim/dchan.h"

#include "tests/sim/alloc.h"

#include <stdlib.h>
#include <string.h>

enum { DCHANS_MAX = 4, DELAY_MS = 2, Q931_PD = 0x08, SPOILT_PD = 0x7f };

struct frame {
	struct frame *next;
	uint64_t due_ms;
	size_t len;
	uint8_t octets[DCHAN_FRAME_MAX];
};

struct end {
	dchan_receive_fn *fn;
	void *arg;
	struct frame *first, **last;
	uint64_t last_due_ms;
	struct sim_event due;
	unsigned delay_ms;
	struct {
		uint8_t type;
		unsigned count;
	} lose[DCHAN_RULES_MAX];
	unsigned next_ns; /* N(S) of the next new I-frame: a repeated one is no new message */
	uint8_t replace[DCHAN_FRAME_MAX];
	size_t replace_len;
};

struct dchan {
	char name[16];
	struct end end[2]; /* by enum dchan_dir: who receives */
	bool cut;
	unsigned loss_percent, dup_percent, late_percent, late_ms;
};

static struct dchan *dchans[DCHANS_MAX];

void dchan_open(struct dchan **out, const char *name)
{
	struct dchan *l = calloc(1, sizeof(*l));
	unsigned i = 0;

	while (i < DCHANS_MAX && dchans[i] != NULL)
		i++;
	if (l == NULL || i == DCHANS_MAX)
		abort();
	strncpy(l->name, name, sizeof(l->name) - 1);
	for (int d = 0; d < 2; d++) {
		l->end[d].last = &l->end[d].first;
		l->end[d].delay_ms = DELAY_MS;
	}
	dchans[i] = l;
	*out = l;
}

void dchan_close(struct dchan *l)
{
	if (l == NULL)
		return;
	for (unsigned i = 0; i < DCHANS_MAX; i++)
		if (dchans[i] == l)
			dchans[i] = NULL;
	for (int d = 0; d < 2; d++) {
		sim_cancel(&l->end[d].due);
		while (l->end[d].first != NULL) {
			struct frame *f = l->end[d].first;
			l->end[d].first = f->next;
			free(f);
		}
	}
	free(l);
}

struct dchan *dchan_find(const char *name)
{
	for (unsigned i = 0; i < DCHANS_MAX; i++)
		if (dchans[i] != NULL && strcmp(dchans[i]->name, name) == 0)
			return dchans[i];
	return NULL;
}

void dchan_attach(struct dchan *l, enum dchan_dir to, dchan_receive_fn *fn, void *arg)
{
	l->end[to].fn = fn;
	l->end[to].arg = arg;
}

void dchan_set_delay(struct dchan *l, enum dchan_dir to, unsigned ms)
{
	l->end[to].delay_ms = ms;
}

void dchan_cut(struct dchan *l, bool cut)
{
	l->cut = cut;
}

void dchan_set_loss(struct dchan *l, unsigned percent)
{
	l->loss_percent = percent;
}

void dchan_set_duplication(struct dchan *l, unsigned percent)
{
	l->dup_percent = percent;
}

void dchan_set_lateness(struct dchan *l, unsigned percent, unsigned ms)
{
	l->late_percent = percent;
	l->late_ms = ms;
}

void dchan_lose(struct dchan *l, enum dchan_dir to, uint8_t message_type, unsigned count)
{
	for (unsigned i = 0; i < DCHAN_RULES_MAX; i++)
		if (l->end[to].lose[i].count == 0 || l->end[to].lose[i].type == message_type) {
			l->end[to].lose[i].type = message_type;
			l->end[to].lose[i].count = count;
			return;
		}
	sim_fail("too many rules on line %s", l->name);
}

void dchan_replace_next(struct dchan *l, enum dchan_dir to, const uint8_t *q931, size_t len)
{
	memcpy(l->end[to].replace, q931, len);
	l->end[to].replace_len = len;
}

/* Q.921 3.4: an information frame has bit 1 of its control field clear, and four octets of header.
 */
static bool is_i_frame(const uint8_t *frame, size_t len)
{
	return len > 4 && (frame[2] & 1) == 0;
}

const uint8_t *dchan_q931(const uint8_t *frame, size_t len, size_t *q931_len)
{
	if (!is_i_frame(frame, len) || frame[4] != Q931_PD || len < 6 ||
	    len < 7u + (frame[5] & 0x0f))
		return NULL;
	*q931_len = len - 4;
	return frame + 4;
}

static bool loses(struct end *e, uint8_t type)
{
	for (unsigned i = 0; i < DCHAN_RULES_MAX; i++)
		if (e->lose[i].count > 0 && e->lose[i].type == type) {
			e->lose[i].count--;
			return true;
		}
	return false;
}

/* Q.921 3.6.4: SABME, with P clear or set, starts numbering anew both ways. */
static bool is_sabme(const uint8_t *frame, size_t len)
{
	return len == 3 && (frame[2] & 0xef) == 0x6f;
}

static void wrench(struct end *e, struct frame *f)
{
	size_t len;

	if (!is_i_frame(f->octets, f->len) || f->octets[2] >> 1 != e->next_ns)
		return;
	e->next_ns = (e->next_ns + 1) % 128;
	if (e->replace_len > 0) {
		memcpy(f->octets + 4, e->replace, e->replace_len);
		f->len = 4 + e->replace_len;
		e->replace_len = 0;
	}
	const uint8_t *q931 = dchan_q931(f->octets, f->len, &len);
	if (q931 != NULL && loses(e, q931[2 + (q931[1] & 0x0f)]))
		f->octets[4] = SPOILT_PD;
}

static void deliver(void *arg)
{
	struct end *e = arg;

	while (e->first != NULL && e->first->due_ms <= sim_now_ms()) {
		struct frame *f = e->first;
		e->first = f->next;
		if (e->first == NULL)
			e->last = &e->first;
		if (e->fn != NULL)
			e->fn(e->arg, f->octets, f->len);
		free(f);
	}
	if (e->first != NULL)
		sim_at(&e->due, e->first->due_ms, deliver, e);
}

static void queue(struct end *e, const struct frame *model, unsigned late_ms)
{
	sim_alloc_pause(); /* the gateway may be the sender */
	struct frame *f = malloc(sizeof(*f));
	sim_alloc_resume();
	if (f == NULL)
		abort();
	*f = *model;
	f->next = NULL;
	f->due_ms = sim_now_ms() + e->delay_ms + late_ms;
	if (f->due_ms < e->last_due_ms)
		f->due_ms = e->last_due_ms;
	e->last_due_ms = f->due_ms;
	*e->last = f;
	e->last = &f->next;
	if (!e->due.pending)
		sim_at(&e->due, e->first->due_ms, deliver, e);
}

void dchan_send(struct dchan *l, enum dchan_dir to, const uint8_t *frame, size_t len)
{
	struct frame f = {.len = len};

	if (len > DCHAN_FRAME_MAX)
		sim_fail("a frame of %zu octets on %s", len, l->name);
	memcpy(f.octets, frame, len);
	if (l->cut || (l->loss_percent > 0 && sim_random(100) < l->loss_percent))
		return;
	if (is_sabme(frame, len))
		l->end[0].next_ns = l->end[1].next_ns = 0;
	wrench(&l->end[to], &f);
	unsigned late_ms = l->late_percent > 0 && sim_random(100) < l->late_percent
				   ? sim_random(l->late_ms + 1)
				   : 0;
	queue(&l->end[to], &f, late_ms);
	if (l->dup_percent > 0 && sim_random(100) < l->dup_percent)
		queue(&l->end[to], &f, late_ms);
}
