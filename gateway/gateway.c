#include "gateway/gateway.h"

#include "gateway/base/clock.h"
#include "gateway/base/log.h"
#include "gateway/call_path.h"
#include "gateway/gateway_state.h"
#include "gateway/leg_isup.h"
#include "gateway/leg_sip.h"
#include "gateway/record.h"
#include "isup/cause.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- small questions --- */

const struct conf_trunk *gateway_trunk_of(const struct conf *c, const char *span)
{
	for (size_t i = 0; i < c->trunk_count; i++)
		if (strcmp(c->trunks[i].span, span) == 0)
			return &c->trunks[i];
	return NULL;
}

const struct conf_peer *gateway_peer(const struct gateway *g, const char *name)
{
	for (size_t i = 0; i < g->conf->peer_count; i++)
		if (strcmp(g->conf->peers[i].sip.name, name) == 0)
			return &g->conf->peers[i];
	return NULL;
}

static bool leg_is_of_peer(const struct leg *leg, const char *name)
{
	const char *peer = leg != NULL ? leg_sip_peer(leg) : NULL;

	return peer != NULL && strcmp(peer, name) == 0;
}

unsigned gateway_peer_calls(const struct gateway *g, const char *name)
{
	unsigned n = 0;

	for (const struct call *c = g->calls; c != NULL; c = c->hh.next)
		n += leg_is_of_peer(c->from, name) + leg_is_of_peer(c->to, name);
	return n;
}

/* A slot may be held by a path for a moment longer than by its leg. */
static bool path_is_on(const struct call *c, const struct line *l)
{
	if (c->path == NULL || c->path_worker != l->worker)
		return false;
	for (unsigned i = 0; i < 2; i++)
		if (c->path->end[i].kind == PATH_SLOT && c->path->end[i].span == l->index)
			return true;
	return false;
}

unsigned gateway_line_calls(const struct gateway *g, const struct line *l)
{
	unsigned n = 0;

	for (const struct call *c = g->calls; c != NULL; c = c->hh.next)
		n += (c->from != NULL && leg_isup_line(c->from) == l) ||
		     (c->to != NULL && leg_isup_line(c->to) == l) || path_is_on(c, l);
	return n;
}

unsigned gateway_call_count(const struct gateway *g)
{
	return HASH_COUNT(g->calls);
}

bool gateway_is_idle(const struct gateway *g)
{
	if (g->calls != NULL)
		return false;
	for (unsigned i = 0; i < g->line_count; i++) {
		struct isup_trunk_counts counts;
		const struct line *l = g->lines[i].line;
		if (l->trunk == NULL)
			continue;
		isup_trunk_counts(l->trunk, &counts);
		if (counts.calls != 0)
			return false;
		for (unsigned slot = 1; slot <= TDM_SLOTS; slot++)
			if (isup_trunk_slot(l->trunk, slot) == ISUP_SLOT_BUSY)
				return false;
	}
	return true;
}

/* --- calls: an offer comes in --- */

static void on_settle(void *arg);

static void on_call_ended(void *arg, struct call *c)
{
	struct gateway *g = arg;

	record_write(c, loop_now_ms(g->loop));
	HASH_DELETE(hh, g->calls, c);
	task_post(g->loop, &g->settle, on_settle, g);
}

static uint32_t next_id(struct gateway *g)
{
	struct call *c;

	do {
		g->last_id = g->last_id == UINT32_MAX ? 1 : g->last_id + 1;
		HASH_FIND(hh, g->calls, &g->last_id, sizeof(g->last_id), c);
	} while (c != NULL);
	return g->last_id;
}

/* A call around leg, which moves in; on failure leg is freed. */
static int call_begin(struct gateway *g, struct leg *leg, const struct leg_party *called,
		      const struct leg_party *calling, const char *source, const char *group)
{
	struct call *c;

	int r = call_new(&c, next_id(g), &g->env, leg);
	if (r < 0) {
		leg->ops->free(leg);
		return r;
	}
	c->called = *called;
	c->calling = *calling;
	snprintf(c->dialled, sizeof(c->dialled), "%s", called->number);
	snprintf(c->source, sizeof(c->source), "%s", source);
	snprintf(c->source_group, sizeof(c->source_group), "%s", group);
	struct call *added = NULL;
	HASH_ADD(hh, g->calls, id, sizeof(c->id), c);
	HASH_FIND(hh, g->calls, &c->id, sizeof(c->id), added);
	if (added == NULL) {
		call_destroy(c);
		return -ENOMEM;
	}
	g->calls_total++;
	call_post_own(c, FROM_SETUP);
	return 0;
}

/* Why no call can begin now: a Q.850 cause, 0 = one can. */
static int refusal(struct gateway *g, const char **why)
{
	if (g->refusing) {
		*why = "the gateway is stopping";
		return Q850_TEMPORARY_FAILURE;
	}
	if (HASH_COUNT(g->calls) >= g->conf->gateway.calls_max) {
		*why = "gateway.calls_max reached";
		return Q850_SWITCH_CONGESTION;
	}
	return 0;
}

static void on_isup_setup(struct gateway *g, struct line *l, const struct isup_event *ev)
{
	struct leg_party called, calling;
	struct leg *leg;
	const char *why = "out of memory";

	leg_isup_party(&called, &ev->called);
	leg_isup_party(&calling, &ev->calling);
	int cause = refusal(g, &why);
	if (cause == 0 && !ev->speech) {
		why = "the bearer is neither speech nor 3.1 kHz audio";
		cause = Q850_BEARER_NOT_IMPLEMENTED;
	}
	if (cause == 0 && (leg_isup_offered(&leg, l, ev) < 0 ||
			   call_begin(g, leg, &called, &calling, l->trunk_conf.isup.name,
				      l->trunk_conf.group) < 0)) {
		isup_call_bind(ev->call, NULL);
		cause = Q850_RESOURCE_UNAVAILABLE;
	}
	if (cause == 0)
		return;
	g->calls_refused++;
	record_refused(l->trunk_conf.isup.name, called.number, calling.number, cause, why);
	isup_call_clear(ev->call, cause);
}

static void on_line_event(void *arg, struct line *l, const struct isup_event *ev)
{
	if (ev->kind == ISUP_SETUP)
		on_isup_setup(arg, l, ev);
	else if (ev->user != NULL)
		leg_isup_event(ev->user, ev);
}

static void on_invited(struct gateway *g, const struct sip_event *ev)
{
	const struct conf_peer *peer = gateway_peer(g, ev->peer);
	struct leg_party called, calling;
	struct leg *leg;
	const char *why = "out of memory or RTP ports";

	leg_sip_party(&called, ev->called);
	leg_sip_party(&calling, ev->calling);
	int cause = refusal(g, &why);
	if (cause == 0 && (peer == NULL || (peer->calls_max != 0 &&
					    gateway_peer_calls(g, ev->peer) >= peer->calls_max))) {
		why = "the peer's calls_max reached";
		cause = Q850_SWITCH_CONGESTION;
	}
	if (cause == 0) {
		struct leg_sip_place place = {g->agent, peer, &g->conf->media.rtp};
		if (leg_sip_offered(&leg, &place, ev) < 0 ||
		    call_begin(g, leg, &called, &calling, ev->peer, "") < 0) {
			sip_dialog_bind(ev->dialog, NULL);
			cause = Q850_RESOURCE_UNAVAILABLE;
		}
	}
	if (cause == 0)
		return;
	g->calls_refused++;
	record_refused(ev->peer, called.number, calling.number, cause, why);
	sip_dialog_end(ev->dialog, cause_to_status(cause, false), cause);
}

static void on_sip_event(void *arg, const struct sip_event *ev)
{
	if (ev->kind == SIP_INVITED)
		on_invited(arg, ev);
	else if (ev->user != NULL)
		leg_sip_event(ev->user, ev);
}

/* --- calls: the second leg --- */

static int start_on_trunk(struct gateway *g, struct call *c, const char *to)
{
	int cause = 0;

	for (unsigned i = 0; i < g->line_count; i++) {
		struct gateway_line *gl = &g->lines[i];
		if (!line_is_named(gl->line, to))
			continue;
		int r = gl->draining ? -EBUSY
				     : leg_isup_start(&c->to, gl->line, &c->called, &c->calling);
		if (r == 0)
			return 0;
		if (r == -ENOMEM)
			return Q850_RESOURCE_UNAVAILABLE;
		/* All trunks of the group busy is told as "no channel", all down as out of order.
		 */
		if (r == -EBUSY)
			cause = Q850_NO_CHANNEL;
		else if (cause == 0)
			cause = Q850_NETWORK_OUT_OF_ORDER;
	}
	return cause != 0 ? cause : Q850_NO_ROUTE_DESTINATION;
}

static int start_on_peer(struct gateway *g, struct call *c, const struct conf_peer *peer)
{
	struct leg_sip_place place = {g->agent, peer, &g->conf->media.rtp};

	if (peer->calls_max != 0 && gateway_peer_calls(g, peer->sip.name) >= peer->calls_max)
		return Q850_NO_CHANNEL;
	int r = leg_sip_start(&c->to, &place, &c->called, &c->calling);
	if (r == -ENETUNREACH || r == -EHOSTUNREACH || r == -ENOENT)
		return Q850_NETWORK_OUT_OF_ORDER;
	return r == 0 ? 0 : Q850_RESOURCE_UNAVAILABLE;
}

static int on_call_start(void *arg, struct call *c, const struct dial_answer *answer)
{
	struct gateway *g = arg;
	const struct conf_peer *peer = gateway_peer(g, answer->to);

	return peer != NULL ? start_on_peer(g, c, peer) : start_on_trunk(g, c, answer->to);
}

/* --- workers --- */

static void on_rtp_silence(struct gateway *g, const struct worker_event *ev)
{
	char title[160];
	struct call *c;

	HASH_FIND(hh, g->calls, &ev->path_id, sizeof(ev->path_id), c);
	if (c == NULL)
		return;
	log_line(LOG_MEDIA, ev->kind == WORKER_NO_RTP ? LOG_WARN : LOG_INFO, "%s: %s: %s",
		 call_title(c, title, sizeof(title)), ev->end == 0 ? c->from_name : c->to_name,
		 ev->kind == WORKER_NO_RTP ? "no RTP arrives" : "RTP arrives again");
}

static void on_worker_event(void *arg, const struct worker_event *ev)
{
	struct gateway_worker *gw = arg;
	struct line *l = ev->span < WORKER_SPANS_MAX ? gw->lines[ev->span] : NULL;
	struct call *c;

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
		HASH_FIND(hh, gw->gateway->calls, &ev->path->id, sizeof(ev->path->id), c);
		if (c != NULL && c->path == ev->path)
			call_path_closed(c);
		else
			path_free(ev->path);
		break;
	case WORKER_NO_RTP:
	case WORKER_RTP_BACK: on_rtp_silence(gw->gateway, ev); break;
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

static int workers_start(struct gateway *g, char *err, size_t err_size)
{
	const struct conf_media *m = &g->conf->media;
	struct worker_conf wc = {.no_rtp_ms = m->no_rtp_ms,
				 .fifo_priority = m->fifo_priority,
				 .paths_max = g->conf->gateway.calls_max};
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned count = m->workers != 0 ? m->workers : cores > 2 ? (unsigned)cores - 1 : 1;

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

/* "12:00:00.123 q931 pbx > SETUP ...": time of day UTC, protocol, trunk or peer, direction,
 * message. */
static void trace_line(struct gateway *g, const char *protocol, const char *where, bool sent,
		       const char *text)
{
	char line[360];
	uint64_t ms = clock_wall_ms();

	snprintf(line, sizeof(line), "%02u:%02u:%02u.%03u %s %s %s %s",
		 (unsigned)(ms / 3600000 % 24), (unsigned)(ms / 60000 % 60),
		 (unsigned)(ms / 1000 % 60), (unsigned)(ms % 1000), protocol, where,
		 sent ? ">" : "<", text);
	g->trace(g->trace_arg, line);
}

static void on_line_trace(void *arg, struct line *l, bool sent, const uint8_t *frame, size_t len)
{
	struct gateway *g = arg;
	char text[240];

	if (g->trace != NULL)
		trace_line(g, "q931", l->trunk_conf.isup.name, sent,
			   isup_frame_text(frame, len, text, sizeof(text)));
}

int gateway_line_open(struct gateway *g, const struct tdm_span_conf *span, char *err,
		      size_t err_size)
{
	struct line_ops ops = {on_line_event, on_line_trace, g};
	struct gateway_worker *gw = pick_worker(g);
	struct line *l;

	if (g->line_count == CONF_SPANS_MAX) {
		snprintf(err, err_size, "span %s: at most %d spans", span->name,
			 (int)CONF_SPANS_MAX);
		return -ENOSPC;
	}
	int r = line_open(&l, g->loop, gw->worker, span, gateway_trunk_of(g->conf, span->name),
			  &ops, err, err_size);
	if (r < 0)
		return r;
	gw->lines[l->index] = l;
	g->lines[g->line_count++] = (struct gateway_line){.line = l};
	log_line(LOG_TDM, LOG_INFO, "span %s: opened%s%s", span->name,
		 l->trunk != NULL ? ", trunk " : "", l->trunk_conf.isup.name);
	return 0;
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
	task_post(g->loop, &g->settle, on_settle, g);
}

static void replace_line(struct gateway *g, unsigned i)
{
	char name[sizeof(g->conf->spans[0].name)], err[256];

	snprintf(name, sizeof(name), "%s", g->lines[i].line->span_conf.name);
	line_remove(g, i);
	log_line(LOG_TDM, LOG_INFO, "span %s: drained and closed", name);
	for (size_t s = 0; s < g->conf->span_count; s++)
		if (strcmp(g->conf->spans[s].name, name) == 0 &&
		    gateway_line_open(g, &g->conf->spans[s], err, sizeof(err)) < 0)
			log_line(LOG_TDM, LOG_ERROR, "%s: reload again when this is mended", err);
}

/* End of a turn in which a call ended or a line began to drain. */
static void on_settle(void *arg)
{
	struct gateway *g = arg;

	for (unsigned i = 0; i < g->line_count;) {
		if (g->lines[i].draining && gateway_line_calls(g, g->lines[i].line) == 0)
			replace_line(g, i);
		else
			i++;
	}
	if (g->drained != NULL && gateway_is_idle(g)) {
		void (*done)(void *) = g->drained;
		g->drained = NULL;
		timer_stop(&g->drain_timer);
		done(g->drained_arg);
	}
}

/* --- the whole --- */

void gateway_use_conf(struct gateway *g)
{
	g->env.plan = g->conf->plan;
	g->env.setup_timeout_ms = g->conf->gateway.setup_timeout_ms;
	g->env.answer_timeout_ms = g->conf->gateway.answer_timeout_ms;
}

static void on_sip_trace(void *arg, bool sent, const struct sockaddr *peer, const char *text,
			 size_t len)
{
	struct gateway *g = arg;
	char what[240], host[INET6_ADDRSTRLEN] = "?", where[INET6_ADDRSTRLEN + 8];
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)peer;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)peer;

	if (g->trace == NULL)
		return;
	if (peer->sa_family == AF_INET6)
		inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof(host));
	else
		inet_ntop(AF_INET, &v4->sin_addr, host, sizeof(host));
	snprintf(where, sizeof(where), peer->sa_family == AF_INET6 ? "[%s]:%u" : "%s:%u", host,
		 ntohs(peer->sa_family == AF_INET6 ? v6->sin6_port : v4->sin_port));
	trace_line(g, "sip", where, sent, sip_message_text(text, len, what, sizeof(what)));
}

int gateway_open(struct gateway **out, struct loop *loop, struct conf *conf, char *err,
		 size_t err_size)
{
	static const struct sip_agent_ops sip_ops = {on_sip_event, on_sip_trace};
	struct gateway *g = calloc(1, sizeof(*g));
	int r;

	*out = NULL;
	if (g == NULL) {
		snprintf(err, err_size, "out of memory");
		return -ENOMEM;
	}
	g->loop = loop;
	g->conf = conf;
	g->start_ms = clock_wall_ms();
	g->env = (struct call_env){
		.loop = loop, .start = on_call_start, .ended = on_call_ended, .arg = g};
	gateway_use_conf(g);
	r = workers_start(g, err, err_size);
	if (r < 0)
		goto fail;
	r = sip_agent_open(&g->agent, loop, &conf->sip, &sip_ops, g, err, err_size);
	if (r < 0)
		goto fail;
	for (size_t i = 0; i < conf->span_count; i++) {
		r = gateway_line_open(g, &conf->spans[i], err, err_size);
		if (r < 0)
			goto fail;
	}
	*out = g;
	return 0;
fail:
	g->conf = NULL; /* stays with the caller */
	gateway_close(g);
	return r;
}

void gateway_close(struct gateway *g)
{
	struct call *c, *next;

	if (g == NULL)
		return;
	timer_stop(&g->drain_timer);
	task_cancel(&g->settle);
	/* Order: nobody may run a path or send an event once its call is gone. */
	for (unsigned i = 0; i < g->line_count; i++) {
		isup_trunk_close(g->lines[i].line->trunk);
		g->lines[i].line->trunk = NULL;
	}
	if (g->agent != NULL)
		sip_agent_close(g->agent);
	for (unsigned i = 0; i < g->worker_count; i++)
		worker_stop(g->workers[i].worker);
	HASH_ITER(hh, g->calls, c, next)
	{
		HASH_DELETE(hh, g->calls, c);
		call_destroy(c);
	}
	for (unsigned i = 0; i < g->line_count; i++) {
		g->lines[i].line->worker = NULL; /* stopped: it gave the span back */
		line_close(g->lines[i].line);
	}
	conf_free(g->conf);
	free(g);
}

static void on_drain_timeout(void *arg)
{
	struct gateway *g = arg;
	void (*done)(void *) = g->drained;

	log_line(LOG_GATEWAY, LOG_WARN, "%u calls did not clear in time", HASH_COUNT(g->calls));
	g->drained = NULL;
	done(g->drained_arg);
}

void gateway_drain(struct gateway *g, unsigned timeout_ms, void (*done)(void *arg), void *arg)
{
	struct call *c, *next;

	g->refusing = true;
	g->drained = done;
	g->drained_arg = arg;
	timer_start(g->loop, &g->drain_timer, timeout_ms, on_drain_timeout, g);
	HASH_ITER(hh, g->calls, c, next)
	call_clear(c, Q850_TEMPORARY_FAILURE);
	task_post(g->loop, &g->settle, on_settle, g);
}

void gateway_set_trace(struct gateway *g, gateway_trace_fn *fn, void *arg)
{
	g->trace = fn;
	g->trace_arg = arg;
}
