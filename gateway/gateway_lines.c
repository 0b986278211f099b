/* The media workers and the lines they drive: opened, drained, replaced. */
#include "gateway/base/log.h"
#include "gateway/call_path.h"
#include "gateway/gateway_state.h"
#include "gateway/leg_isup.h"
#include "gateway/leg_sip.h"
#include "gateway/line_layout.h"
#include "isup/cause.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* --- workers --- */

static void on_rtp_silence(struct gateway *g, const struct worker_event *ev)
{
	char title[160];
	struct call *c;

	HASH_FIND(hh, g->calls, &ev->path_id, sizeof(ev->path_id), c);
	if (c == NULL || ev->end > 1)
		return;
	c->no_rtp[ev->end] = ev->kind == WORKER_NO_RTP;
	log_line(LOG_MEDIA, ev->kind == WORKER_NO_RTP ? LOG_WARN : LOG_INFO, "%s: %s: %s",
		 call_title(c, title, sizeof(title)), ev->end == 0 ? c->from_name : c->to_name,
		 ev->kind == WORKER_NO_RTP ? "no RTP arrives" : "RTP arrives again");
}

/* What SIP hears is what echo matters to; between two slots each octet stays as it is. */
static void cancel_echo(struct gateway_worker *gw, const struct path *p, bool on)
{
	for (unsigned i = 0; i < 2; i++) {
		const struct path_end *end = &p->end[i];
		if (end->kind == PATH_SLOT && !end->data && p->end[1 - i].kind == PATH_RTP &&
		    gw->lines[end->span] != NULL)
			line_cancel_echo(gw->lines[end->span], end->slot, on);
	}
}

void gateway_on_path_opened(void *arg, struct call *c)
{
	struct gateway *g = arg;

	for (unsigned i = 0; i < g->worker_count; i++)
		if (g->workers[i].worker == c->path_worker)
			cancel_echo(&g->workers[i], c->path, true);
}

static void on_worker_event(void *arg, const struct worker_event *ev)
{
	struct gateway_worker *gw = arg;
	struct line *l = ev->span < WORKER_SPANS_MAX ? gw->lines[ev->span] : NULL;
	struct call *c;
	struct leg *leg;

	switch (ev->kind) {
	case WORKER_FRAME:
		if (l != NULL)
			line_on_frame(l, ev->frame, ev->frame_len);
		break;
	case WORKER_ALARMS:
		if (l != NULL)
			line_on_alarms(l, ev->alarms);
		break;
	case WORKER_CLOSED:
		cancel_echo(gw, ev->path, false);
		HASH_FIND(hh, gw->gateway->calls, &ev->path->id, sizeof(ev->path->id), c);
		if (c != NULL && c->path == ev->path)
			call_path_closed(c);
		else
			path_free(ev->path);
		break;
	case WORKER_NO_RTP:
	case WORKER_RTP_BACK: on_rtp_silence(gw->gateway, ev); break;
	case WORKER_RTP_FIRST:
		HASH_FIND(hh, gw->gateway->calls, &ev->path_id, sizeof(ev->path_id), c);
		if (c != NULL && ev->end == 1 && c->to != NULL)
			leg_sip_heard(c->to);
		break;
	case WORKER_TONE:
		HASH_FIND(hh, gw->gateway->calls, &ev->path_id, sizeof(ev->path_id), c);
		leg = c == NULL ? NULL : ev->end == 0 ? c->from : c->to;
		if (leg != NULL)
			leg_isup_tone(leg, ev->tone);
		break;
	}
}

static unsigned worker_load(const struct gateway_worker *gw)
{
	unsigned n = 0;

	for (unsigned i = 0; i < WORKER_SPANS_MAX; i++)
		n += gw->lines[i] != NULL;
	return n;
}

/* The worker that drives the fewest spans. */
static struct gateway_worker *pick_worker(struct gateway *g)
{
	struct gateway_worker *best = &g->workers[0];

	for (unsigned i = 1; i < g->worker_count; i++)
		if (worker_load(&g->workers[i]) < worker_load(best))
			best = &g->workers[i];
	return best;
}

int gateway_workers_start(struct gateway *g, char *err, size_t err_size)
{
	const struct conf_media *m = &g->conf->media;
	struct worker_conf wc = {.no_rtp_ms = m->no_rtp_ms,
				 .fifo_priority = m->fifo_priority,
				 .paths_max = g->conf->gateway.calls_max};
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned count = m->workers != 0 ? m->workers : cores > 2 ? (unsigned)cores - 1 : 1;

	unsigned needed = (unsigned)(g->conf->span_count + WORKER_SPANS_MAX - 1) / WORKER_SPANS_MAX;
	if (count < needed) {
		if (m->workers != 0)
			log_line(LOG_MEDIA, LOG_WARN,
				 "media.workers = %u drive %u spans at most: %u are started",
				 m->workers, m->workers * WORKER_SPANS_MAX, needed);
		count = needed;
	}
	if (count > GATEWAY_WORKERS_MAX)
		count = GATEWAY_WORKERS_MAX;
	for (; g->worker_count < count; g->worker_count++) {
		struct gateway_worker *gw = &g->workers[g->worker_count];
		gw->gateway = g;
		int r = worker_start(&gw->worker, g->loop, &wc, on_worker_event, gw);
		if (r < 0) {
			snprintf(err, err_size, "media worker %u: %s", g->worker_count,
				 strerror(-r));
			return r;
		}
	}
	g->env.worker = g->workers[0].worker;
	return 0;
}

/* --- lines --- */

const struct conf_trunk *gateway_trunk_of(const struct conf *c, const char *span)
{
	for (size_t i = 0; i < c->trunk_count; i++)
		if (conf_trunk_interface(&c->trunks[i], span) >= 0)
			return &c->trunks[i];
	return NULL;
}

/* A slot may be held by a path for a moment longer than by its leg. */
static bool path_is_on(const struct call *c, const struct line *l)
{
	for (unsigned i = 0; c->path != NULL && i < 2; i++) {
		const struct path_end *end = &c->path->end[i];
		if (end->kind == PATH_SLOT && end->worker == l->worker && end->span == l->index)
			return true;
	}
	return false;
}

static bool has_leg_on(const struct call *c, const struct line *l)
{
	return (c->from != NULL && leg_isup_line(c->from) == l) ||
	       (c->to != NULL && leg_isup_line(c->to) == l);
}

unsigned gateway_line_calls(const struct gateway *g, const struct line *l)
{
	unsigned n = 0;

	for (const struct call *c = g->calls; c != NULL; c = c->hh.next)
		n += has_leg_on(c, l) || path_is_on(c, l);
	return n;
}

/* Cause 27 as after T309, Q.931 5.8.9: Q.850 has it for a failure of the physical layer or the data
 * link towards one destination.  38 is for a network whose failure lasts, and is what new calls
 * are told. */
void gateway_on_line_failed(void *arg, struct line *l)
{
	struct gateway *g = arg;
	struct call *c, *next;
	unsigned n = 0;

	HASH_ITER(hh, g->calls, c, next)
	{
		if (!has_leg_on(c, l))
			continue;
		n++;
		call_clear(c, Q850_DESTINATION_OUT_OF_ORDER);
	}
	if (n > 0)
		log_line(LOG_TDM, LOG_WARN,
			 "span %s: the alarm lasts: its %u calls are cleared, cause %d",
			 l->span_conf.name, n, Q850_DESTINATION_OUT_OF_ORDER);
}

/* Another open line of the trunk. */
static struct line *find_mate(const struct gateway *g, const struct conf_trunk *trunk)
{
	for (unsigned i = 0; trunk != NULL && i < g->line_count; i++) {
		struct line *l = g->lines[i].line;
		if (l->trunk != NULL && strcmp(l->trunk_conf.isup.name, trunk->isup.name) == 0)
			return l;
	}
	return NULL;
}

int gateway_line_open(struct gateway *g, const struct tdm_span_conf *span, char *err,
		      size_t err_size)
{
	struct line_ops ops = {gateway_on_line_event, gateway_on_line_trace, gateway_on_line_failed,
			       g};
	struct gateway_worker *gw = pick_worker(g);
	struct line *l;

	if (g->line_count == CONF_SPANS_MAX) {
		snprintf(err, err_size, "span %s: at most %d spans", span->name,
			 (int)CONF_SPANS_MAX);
		return -ENOSPC;
	}
	const struct conf_trunk *trunk = gateway_trunk_of(g->conf, span->name);
	int r = line_open(&l, g->loop, gw->worker, span, trunk, find_mate(g, trunk), &ops, err,
			  err_size);
	if (r < 0)
		return r;
	gw->lines[l->index] = l;
	g->lines[g->line_count++] = (struct gateway_line){.line = l};
	log_line(LOG_TDM, LOG_INFO, "span %s: opened%s%s", span->name,
		 l->trunk != NULL ? ", trunk " : "", l->trunk_conf.isup.name);
	return 0;
}

static void tell_layout(void *arg, const char *warning)
{
	FILE *report = arg;

	log_line(LOG_TDM, LOG_WARN, "%s", warning);
	if (report != NULL)
		fprintf(report, "%s\n", warning);
}

void gateway_check_layout(struct gateway *g, FILE *report)
{
	for (unsigned i = 0; i < g->line_count; i++) {
		struct line *l = g->lines[i].line;
		const struct tdm_span_conf *leader = line_layout_leader(g->conf, &l->span_conf);

		snprintf(l->leader, sizeof(l->leader), "%s", leader != NULL ? leader->name : "");
	}
	line_layout_check(g->conf, tell_layout, report);
}

static void line_remove(struct gateway *g, unsigned i)
{
	struct line *l = g->lines[i].line;

	for (unsigned w = 0; w < g->worker_count; w++)
		if (g->workers[w].worker == l->worker)
			g->workers[w].lines[l->index] = NULL;
	line_close(l);
	g->lines[i] = g->lines[--g->line_count];
}

void gateway_line_drain(struct gateway *g, unsigned i)
{
	g->lines[i].draining = true;
	g->lines[i].had_calls = gateway_line_calls(g, g->lines[i].line) > 0;
	line_drain(g->lines[i].line);
	gateway_settle(g);
}

bool gateway_line_drains(const struct gateway *g, const struct line *l)
{
	for (unsigned i = 0; i < g->line_count; i++)
		if (g->lines[i].line == l)
			return g->lines[i].draining;
	return false;
}

bool gateway_line_is_open(const struct gateway *g, const char *span)
{
	for (unsigned i = 0; i < g->line_count; i++)
		if (strcmp(g->lines[i].line->span_conf.name, span) == 0)
			return true;
	return false;
}

bool gateway_line_waits(const struct gateway *g, const char *span)
{
	const struct line *mate = find_mate(g, gateway_trunk_of(g->conf, span));

	return mate != NULL && mate->leaves && mate->trunk_conf.isup.interface_count != 0;
}

static void open_missing(struct gateway *g)
{
	char err[256];

	for (size_t i = 0; i < g->conf->span_count; i++) {
		const struct tdm_span_conf *span = &g->conf->spans[i];
		if (!gateway_line_is_open(g, span->name) && !gateway_line_waits(g, span->name) &&
		    gateway_line_open(g, span, err, sizeof(err)) < 0)
			log_line(LOG_TDM, LOG_ERROR, "%s: reload again when this is mended", err);
	}
}

/* When all lines of a trunk drain it is the trunk that changes: they wait for the last call. */
static unsigned calls_to_wait_for(const struct gateway *g, const struct line *l)
{
	unsigned calls = 0;

	for (unsigned i = 0; l->group != NULL && i < ISUP_INTERFACES_MAX; i++) {
		const struct line *mate = l->group->lines[i];
		if (mate != NULL && !mate->leaves)
			return gateway_line_calls(g, l);
		calls += mate != NULL ? gateway_line_calls(g, mate) : 0;
	}
	return l->group != NULL ? calls : gateway_line_calls(g, l);
}

static void on_settle_timer(void *arg)
{
	gateway_lines_settle(arg);
}

/* Whether a draining line may be closed now. */
static bool is_drained(struct gateway *g, struct gateway_line *gl)
{
	uint64_t now_ms = loop_now_ms(g->loop);

	if (calls_to_wait_for(g, gl->line) > 0)
		return false;
	if (!gl->had_calls || (gl->quiet_ms != 0 && now_ms >= gl->quiet_ms))
		return true;
	if (gl->quiet_ms == 0)
		gl->quiet_ms = now_ms + GATEWAY_QUIET_MS;
	timer_start(g->loop, &g->settle_timer, GATEWAY_QUIET_MS, on_settle_timer, g);
	return false;
}

void gateway_lines_settle(struct gateway *g)
{
	bool drained[CONF_SPANS_MAX], any = false;

	/* All that go, before one comes: lines of a trunk that changed go together. */
	for (unsigned i = 0; i < g->line_count; i++)
		drained[i] = g->lines[i].draining && is_drained(g, &g->lines[i]);
	for (unsigned i = g->line_count; i-- > 0;) {
		if (!drained[i])
			continue;
		log_line(LOG_TDM, LOG_INFO, "span %s: drained and closed",
			 g->lines[i].line->span_conf.name);
		line_remove(g, i);
		any = true;
	}
	if (any)
		open_missing(g);
}
