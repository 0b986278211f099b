#include "gateway/worker.h"

#include "gateway/base/loop.h"
#include "tests/sim/alloc.h"
#include "tests/sim/dchan.h"
#include "tests/sim/worker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORKERS_MAX = 4, PATHS_MAX = 64 };

struct fake_span {
	struct worker *worker;
	unsigned index;
	bool used;
	char name[16];
	struct sim_event alarms_due;
	unsigned alarms;
};

struct fake_path {
	struct path *path; /* NULL = free entry */
	struct worker *worker;
	uint64_t order;
	bool closing;
	bool has_media[2];
	struct sip_media media[2];
	enum tone_kind tone[2]; /* played to that end */
	bool held[2];
	struct sim_event closed_due;
};

struct worker {
	struct worker_conf conf;
	worker_event_fn *on_event;
	void *arg;
	struct fake_span span[WORKER_SPANS_MAX];
};

static struct {
	struct worker *workers[WORKERS_MAX];
	struct fake_path path[PATHS_MAX];
	uint64_t opened, closed;
	unsigned refuse;
} sim;

/* What the gateway does with an event is the gateway's. */
static void tell(struct worker *w, const struct worker_event *ev)
{
	sim_alloc_gateway(true);
	w->on_event(w->arg, ev);
	sim_alloc_gateway(false);
}

/* --- spans --- */

static void frame_from_far(void *arg, const uint8_t *frame, size_t len)
{
	struct fake_span *s = arg;
	struct worker_event ev = {
		.kind = WORKER_FRAME, .span = s->index, .frame = frame, .frame_len = len};

	tell(s->worker, &ev);
}

static void tell_alarms(void *arg)
{
	struct fake_span *s = arg;
	struct worker_event ev = {.kind = WORKER_ALARMS, .span = s->index, .alarms = s->alarms};

	tell(s->worker, &ev);
}

int worker_add_span(struct worker *w, struct tdm_span *span)
{
	unsigned i = 0;

	while (i < WORKER_SPANS_MAX && w->span[i].used)
		i++;
	if (i == WORKER_SPANS_MAX)
		return -EAGAIN;
	struct fake_span *s = &w->span[i];
	*s = (struct fake_span){.worker = w, .index = i, .used = true};
	snprintf(s->name, sizeof(s->name), "%s", tdm_span_name(span));
	struct dchan *d = dchan_find(s->name);
	if (d != NULL)
		dchan_attach(d, DCHAN_TO_GATEWAY, frame_from_far, s);
	sim_at(&s->alarms_due, sim_now_ms(), tell_alarms, s);
	return (int)i;
}

void worker_remove_span(struct worker *w, unsigned span)
{
	struct fake_span *s = &w->span[span];
	struct dchan *d = dchan_find(s->name);

	if (!s->used)
		sim_fail("a span is removed that was not added");
	if (d != NULL)
		dchan_attach(d, DCHAN_TO_GATEWAY, NULL, NULL);
	sim_cancel(&s->alarms_due);
	s->used = false;
}

bool worker_send_frame(struct worker *w, unsigned span, const uint8_t *frame, size_t len)
{
	struct dchan *d = dchan_find(w->span[span].name);

	if (!w->span[span].used)
		sim_fail("a frame for a span that was removed");
	if (d != NULL)
		dchan_send(d, DCHAN_TO_FAR, frame, len);
	return true;
}

void sim_worker_alarms(const char *span, unsigned alarms)
{
	for (unsigned i = 0; i < WORKERS_MAX; i++)
		for (unsigned k = 0; sim.workers[i] != NULL && k < WORKER_SPANS_MAX; k++) {
			struct fake_span *s = &sim.workers[i]->span[k];
			if (s->used && strcmp(s->name, span) == 0) {
				s->alarms = alarms;
				sim_at(&s->alarms_due, sim_now_ms(), tell_alarms, s);
				return;
			}
		}
	sim_fail("no span %s", span);
}

/* --- paths --- */

static struct fake_path *path_entry(const struct path *p)
{
	for (unsigned i = 0; i < PATHS_MAX; i++)
		if (sim.path[i].path == p)
			return &sim.path[i];
	return NULL;
}

int worker_open(struct worker *w, struct path *p)
{
	if (sim.refuse > 0) {
		sim.refuse--;
		return -EAGAIN;
	}
	if (path_entry(p) != NULL)
		sim_fail("path %u is opened twice", p->id);
	for (unsigned i = 0; i < PATHS_MAX; i++)
		if (p->id != 0 && sim.path[i].path != NULL && sim.path[i].path->id == p->id)
			sim_fail("two paths of one call: %u", p->id);
	struct fake_path *f = path_entry(NULL);
	if (f == NULL)
		return -EAGAIN;
	*f = (struct fake_path){.path = p, .worker = w, .order = ++sim.opened};
	sim_note("path %u open", p->id);
	return 0;
}

static void tell_closed(void *arg)
{
	struct fake_path *f = arg;
	struct worker_event ev = {.kind = WORKER_CLOSED, .path = f->path, .path_id = f->path->id};
	struct worker *w = f->worker;

	f->path = NULL;
	sim.closed++;
	tell(w, &ev);
}

void worker_close(struct worker *w, struct path *p)
{
	struct fake_path *f = path_entry(p);

	if (f == NULL || f->closing || f->worker != w)
		sim_fail("a path is closed that is not open there");
	f->closing = true;
	sim_note("path %u close", p->id);
	sim_at(&f->closed_due, sim_now_ms() + TDM_TICK_MS, tell_closed, f);
}

int worker_set_media(struct worker *w, const struct path *p, unsigned end,
		     const struct sip_media *m, bool held)
{
	struct fake_path *f = path_entry(p);

	if (f == NULL || f->closing || p->end[end].kind != PATH_RTP)
		sim_fail("media for a path that is not open or has no RTP there");
	f->has_media[end] = true;
	f->media[end] = *m;
	f->held[end] = held;
	sim_note("path %u end %u media: send %d recv %d held %d", p->id, end, m->send, m->recv,
		 held);
	return 0;
}

/* By what North America has, which is what a trunk has by default. */
int worker_play(struct worker *w, const struct path *p, unsigned end, const struct tone *tone)
{
	struct fake_path *f = path_entry(p);
	struct tone_set us;

	if (f == NULL || f->closing || p->end[end].kind == PATH_NONE)
		sim_fail("a tone for a path that is not open or has no such end");
	tone_set_country(&us, "us");
	f->tone[end] = TONE_NONE;
	while (tone != NULL && memcmp(tone, &us.tone[f->tone[end]], sizeof(*tone)) != 0)
		if (++f->tone[end] == TONE_KINDS)
			sim_fail("a tone that is none of the trunk's");
	sim_note("path %u end %u hears %s", p->id, end, tone_kind_name(f->tone[end]));
	return 0;
}

static struct fake_path *oldest_path(void)
{
	struct fake_path *oldest = NULL;

	for (unsigned i = 0; i < PATHS_MAX; i++) {
		struct fake_path *f = &sim.path[i];
		if (f->path != NULL && !f->closing && (oldest == NULL || f->order < oldest->order))
			oldest = f;
	}
	return oldest;
}

static const char *path_text(const struct fake_path *f)
{
	static char text[160];
	size_t n = 0;

	text[0] = '\0';
	for (unsigned e = 0; f != NULL && e < 2; e++) {
		const struct path_end *end = &f->path->end[e];
		const char *plus = e == 0 ? "" : "+";
		if (end->kind == PATH_SLOT)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s/%u", plus,
					      f->worker->span[end->span].name, end->slot);
		else if (end->kind == PATH_RTP || end->kind == PATH_MUSIC)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s", plus,
					      end->kind == PATH_MUSIC ? "music" : "rtp");
		if (end->data)
			n += (size_t)snprintf(text + n, sizeof(text) - n, ":data%s",
					      end->seven_bits ? "56" : "");
	}
	for (unsigned e = 0; f != NULL && e < 2; e++)
		if (f->has_media[e])
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s%s%s",
					      f->media[e].send ? " send" : "",
					      f->media[e].recv ? " recv" : "",
					      f->media[e].codec == SIP_PCMA ? " pcma" : "",
					      f->held[e] ? " held" : "");
	for (unsigned e = 0; f != NULL && e < 2; e++)
		if (f->tone[e] != TONE_NONE)
			n += (size_t)snprintf(text + n, sizeof(text) - n, " hears %s",
					      tone_kind_name(f->tone[e]));
	return text;
}

const char *sim_worker_path_text(void)
{
	return path_text(oldest_path());
}

bool sim_worker_has_path(const char *text)
{
	for (unsigned i = 0; i < PATHS_MAX; i++)
		if (sim.path[i].path != NULL && !sim.path[i].closing &&
		    strcmp(path_text(&sim.path[i]), text) == 0)
			return true;
	return false;
}

static void tell_of_rtp(enum worker_event_kind kind)
{
	struct fake_path *f = oldest_path();

	if (f == NULL)
		sim_fail("no path is open");
	struct worker_event ev = {
		.kind = kind,
		.path_id = f->path->id,
		.end = f->path->end[0].kind == PATH_RTP ? 0 : 1,
	};
	tell(f->worker, &ev);
}

void sim_worker_no_rtp(bool silent)
{
	tell_of_rtp(silent ? WORKER_NO_RTP : WORKER_RTP_BACK);
}

void sim_worker_first_rtp(void)
{
	tell_of_rtp(WORKER_RTP_FIRST);
}

void sim_worker_tone(unsigned end, const char *name)
{
	struct fake_path *f = oldest_path();
	struct worker_event ev = {.kind = WORKER_TONE, .end = end};

	if (f == NULL || f->path->end[end].listen == NULL)
		sim_fail("nobody listens for a tone");
	while (strcmp(tone_kind_name(ev.tone), name) != 0)
		if (++ev.tone == TONE_KINDS)
			sim_fail("no tone %s", name);
	ev.path_id = f->path->id;
	tell(f->worker, &ev);
}

void sim_worker_refuse_opens(unsigned count)
{
	sim.refuse = count;
}

unsigned sim_worker_open_paths(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < PATHS_MAX; i++)
		n += sim.path[i].path != NULL;
	return n;
}

uint64_t sim_worker_opened(void)
{
	return sim.opened;
}

uint64_t sim_worker_closed(void)
{
	return sim.closed;
}

void sim_worker_reset(void)
{
	if (sim_worker_open_paths() != 0)
		sim_fail("a path is still open");
	sim.opened = sim.closed = 0;
	sim.refuse = 0;
}

/* --- life --- */

int worker_start(struct worker **out, struct loop *loop, const struct worker_conf *conf,
		 worker_event_fn *on_event, void *arg)
{
	struct worker *w = calloc(1, sizeof(*w));
	unsigned i = 0;

	while (i < WORKERS_MAX && sim.workers[i] != NULL)
		i++;
	if (w == NULL || i == WORKERS_MAX)
		sim_fail("too many workers");
	w->conf = *conf;
	w->on_event = on_event;
	w->arg = arg;
	*out = sim.workers[i] = w;
	return 0;
}

void worker_stop(struct worker *w)
{
	if (w == NULL)
		return;
	for (unsigned i = 0; i < PATHS_MAX; i++)
		if (sim.path[i].path != NULL && sim.path[i].worker == w) {
			sim_cancel(&sim.path[i].closed_due);
			path_free(sim.path[i].path);
			sim.path[i].path = NULL;
			sim.closed++;
		}
	for (unsigned i = 0; i < WORKER_SPANS_MAX; i++)
		if (w->span[i].used)
			worker_remove_span(w, i);
	for (unsigned i = 0; i < WORKERS_MAX; i++)
		if (sim.workers[i] == w)
			sim.workers[i] = NULL;
	free(w);
}

void worker_counts(const struct worker *w, struct worker_counts *out)
{
	*out = (struct worker_counts){.paths = sim_worker_open_paths()};
}
