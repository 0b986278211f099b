#include "gateway/gateway.h"

#include "gateway/base/clock.h"
#include "gateway/base/log.h"
#include "gateway/call_path.h"
#include "gateway/gateway_state.h"
#include "gateway/leg_isup.h"
#include "gateway/leg_sip.h"
#include "gateway/record.h"
#include "gateway/transfer.h"
#include "isup/cause.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { DRAIN_TICK_MS = 20 };

/* --- small questions --- */

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
			if (isup_trunk_slot(l->trunk, line_slot(l, slot)) == ISUP_SLOT_BUSY)
				return false;
	}
	return true;
}

/* --- calls: an offer comes in --- */

static void on_call_ended(void *arg, struct call *c)
{
	struct gateway *g = arg;

	record_write(c, loop_now_ms(g->loop));
	HASH_DELETE(hh, g->calls, c);
	gateway_settle(g);
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

int gateway_call_begin(struct gateway *g, const struct gateway_offer *offer, struct call **out)
{
	struct leg *leg = offer->leg;
	struct call *c;

	int r = call_new(&c, next_id(g), &g->env, leg);
	*out = c;
	if (r < 0) {
		leg->ops->free(leg);
		return r;
	}
	c->called = *offer->called;
	c->calling = *offer->calling;
	snprintf(c->dialled, sizeof(c->dialled), "%s", offer->called->number);
	snprintf(c->source, sizeof(c->source), "%s", offer->source);
	snprintf(c->source_group, sizeof(c->source_group), "%s", offer->group);
	struct call *added = NULL;
	HASH_ADD(hh, g->calls, id, sizeof(c->id), c);
	HASH_FIND(hh, g->calls, &c->id, sizeof(c->id), added);
	if (added == NULL) {
		call_destroy(c);
		*out = NULL;
		return -ENOMEM;
	}
	g->calls_total++;
	return 0;
}

/* Why no call can begin now: a Q.850 cause, 0 = one can. */
static int refusal(struct gateway *g, const struct leg_redirecting *redirecting, const char **why)
{
	if (redirecting->count > g->conf->gateway.redirects_max) {
		*why = "redirected too often: gateway.redirects_max reached";
		return Q850_EXCHANGE_ROUTING_ERROR;
	}
	if (g->refusing) {
		*why = "the gateway is stopping";
		return Q850_TEMPORARY_FAILURE;
	}
	if (HASH_COUNT(g->calls) >= g->calls_max) {
		*why = "gateway.calls_max reached";
		return Q850_SWITCH_CONGESTION;
	}
	return 0;
}

/* With several lines the trunk leaves those that drain aside. */
static bool takes_no_calls(const struct gateway *g, const struct line *l)
{
	return l->trunk_conf.isup.interface_count == 0 && gateway_line_drains(g, l);
}

static void on_isup_setup(struct gateway *g, struct line *l, const struct isup_event *ev)
{
	struct leg_party called, calling;
	struct leg_redirecting redirecting;
	struct leg *leg;
	struct call *c = NULL;
	const char *why = "out of memory";

	leg_isup_party(&called, &ev->called, l);
	leg_isup_party(&calling, &ev->calling, l);
	leg_isup_redirecting(&redirecting, &ev->redirecting, l);
	int cause = refusal(g, &redirecting, &why);
	if (cause == 0 && ev->bearer == ISUP_BEARER_OTHER) {
		why = "the bearer is neither speech, audio nor data of one channel";
		cause = Q850_BEARER_NOT_IMPLEMENTED;
	}
	if (cause == 0 && takes_no_calls(g, l)) {
		why = "the span is to be changed once its calls have ended";
		cause = Q850_NO_CHANNEL;
	}
	if (cause == 0) {
		int r = leg_isup_offered(&leg, l, ev);
		if (r == 0)
			r = gateway_call_begin(g,
					       &(struct gateway_offer){leg, &called, &calling,
								       l->trunk_conf.isup.name,
								       l->trunk_conf.group},
					       &c);
		if (r < 0) {
			isup_call_bind(ev->call, NULL);
			cause = Q850_RESOURCE_UNAVAILABLE;
		}
	}
	if (c != NULL) {
		c->redirecting = redirecting;
		c->purpose = *ev->purpose;
		if (!leg_isup_holds(leg))
			call_post_own(c, FROM_SETUP, NULL);
		return;
	}
	g->calls_refused++;
	record_refused(l->trunk_conf.isup.name, called.number, calling.number, cause, why);
	isup_call_clear(ev->call, cause);
}

void gateway_on_line_event(void *arg, struct line *l, const struct isup_event *ev)
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
	struct leg_redirecting redirecting;
	struct leg *leg, *replaced = NULL;
	struct call *c = NULL;
	const char *why = "out of memory or RTP ports";

	if (ev->replaces != NULL) {
		replaced = sip_dialog_replaced(ev->dialog, ev->replaces);
		/* RFC 3891 3 */
		if (replaced == NULL || ev->replaces->early_only) {
			sip_dialog_end(ev->dialog, replaced == NULL ? 481 : 486, 0);
			return;
		}
	}

	leg_sip_party(&called, ev->called);
	leg_sip_party(&calling, ev->calling);
	leg_sip_redirecting(&redirecting, ev->redirecting);
	int cause = refusal(g, &redirecting, &why);
	if (cause == 0 && (peer == NULL || (peer->calls_max != 0 &&
					    gateway_peer_calls(g, ev->peer) >= peer->calls_max))) {
		why = "the peer's calls_max reached";
		cause = Q850_SWITCH_CONGESTION;
	}
	if (cause == 0 && ev->data && !peer->clearmode) {
		why = "a data call, and the peer has no clearmode";
		cause = Q850_BEARER_NOT_IMPLEMENTED;
	}
	if (cause == 0) {
		struct leg_sip_place place = {ev->data, g->agent, peer, &g->conf->media.rtp};
		int r = leg_sip_offered(&leg, &place, ev);
		if (r == 0)
			r = gateway_call_begin(
				g, &(struct gateway_offer){leg, &called, &calling, ev->peer, ""},
				&c);
		if (r < 0) {
			sip_dialog_bind(ev->dialog, NULL);
			cause = Q850_RESOURCE_UNAVAILABLE;
		}
	}
	if (c != NULL) {
		c->redirecting = redirecting;
		c->purpose.bearer = ev->data ? ISUP_DATA_64 : ISUP_AUDIO;
		c->purpose.line_information = ev->calling->line_information;
		if (peer->subaddress) {
			isup_subaddress_write(&c->purpose.calling_sub, ev->calling->subaddress);
			isup_subaddress_write(&c->purpose.called_sub, ev->called->subaddress);
		}
		if (ev->user_data != NULL)
			leg_sip_user_data(&c->purpose.user_data, ev->user_data);
		c->replaced = replaced;
		c->replaced_call = replaced != NULL ? replaced->call->id : 0;
		call_post_own(c, FROM_SETUP, NULL);
		return;
	}
	g->calls_refused++;
	record_refused(ev->peer, called.number, calling.number, cause, why);
	sip_dialog_end(ev->dialog, cause_to_status(cause, false), cause);
}

static void on_sip_event(void *arg, const struct sip_event *ev)
{
	if (ev->kind == SIP_INVITED)
		on_invited(arg, ev);
	else if (ev->kind == SIP_REFERRED)
		transfer_referred(arg, ev);
	else if (ev->user != NULL)
		leg_sip_event(ev->user, ev);
}

/* --- calls: the second leg --- */

static struct leg_parties parties_of(const struct call *c)
{
	return (struct leg_parties){&c->called,  &c->calling, &c->redirecting,
				    &c->purpose, c->replaces, c->referred_by};
}

static int start_on_trunk(struct gateway *g, struct call *c, const char *to)
{
	struct leg_parties who = parties_of(c);
	int cause = 0;

	for (unsigned i = 0; i < g->line_count; i++) {
		struct gateway_line *gl = &g->lines[i];
		if (!line_is_named(gl->line, to) || !line_trunk_is_first(gl->line))
			continue;
		int r = takes_no_calls(g, gl->line)
				? -EBUSY
				: leg_isup_start(&c->to, gl->line, &who, !c->growing);
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
	bool data = isup_bearer_is_data(c->purpose.bearer);
	struct leg_sip_place place = {data, g->agent, peer, &g->conf->media.rtp};
	struct leg_parties who = parties_of(c);

	if (peer->calls_max != 0 && gateway_peer_calls(g, peer->sip.name) >= peer->calls_max)
		return Q850_NO_CHANNEL;
	if (data && !peer->clearmode)
		return Q850_BEARER_NOT_IMPLEMENTED;
	int r = leg_sip_start(&c->to, &place, &who);
	if (r == -ENETUNREACH || r == -EHOSTUNREACH || r == -ENOENT)
		return Q850_NETWORK_OUT_OF_ORDER;
	if (r == -ENXIO) /* a registrar without that user */
		return Q850_UNALLOCATED;
	if (r == -ESRCH)
		return Q850_SUBSCRIBER_ABSENT;
	return r == 0 ? 0 : Q850_RESOURCE_UNAVAILABLE;
}

/* A peer that wants INVITEs before the number is complete, or trunks that all send overlap. */
static bool on_starts_early(void *arg, const struct dial_answer *answer)
{
	const struct gateway *g = arg;
	const struct conf_peer *peer = gateway_peer(g, answer->to);
	bool any = false;

	if (peer != NULL)
		return peer->overlap;
	for (unsigned i = 0; i < g->line_count; i++) {
		const struct line *l = g->lines[i].line;
		if (!line_is_named(l, answer->to))
			continue;
		if ((l->trunk_conf.isup.overlap & ISUP_OVERLAP_SEND) == 0)
			return false;
		any = true;
	}
	return any;
}

static int on_call_start(void *arg, struct call *c, const struct dial_answer *answer)
{
	struct gateway *g = arg;
	const struct conf_peer *peer = gateway_peer(g, answer->to);

	return peer != NULL ? start_on_peer(g, c, peer) : start_on_trunk(g, c, answer->to);
}

/* --- the whole --- */

/* End of a turn in which a call ended or a line began to drain. */
static void on_settle(void *arg)
{
	gateway_lines_settle(arg);
}

void gateway_settle(struct gateway *g)
{
	task_post(g->loop, &g->settle, on_settle, g);
}

static int open_music(struct gateway *g, char *err, size_t err_size)
{
	const char *name = g->conf->media.hold_audio, *why = "out of memory";
	int r = 0;

	if (strcmp(name, "tone") == 0)
		r = music_tone(&g->music);
	else if (strcmp(name, "silence") != 0)
		r = music_load(&g->music, name, &why);
	if (r < 0)
		snprintf(err, err_size, "media.hold_audio: %s: %s%s%s", name, why,
			 r == -EINVAL || r == -EFBIG ? "" : ": ",
			 r == -EINVAL || r == -EFBIG ? "" : strerror(-r));
	g->env.music = g->music;
	return r;
}

void gateway_use_conf(struct gateway *g)
{
	g->env.plan = g->conf->plan;
	g->env.setup_timeout_ms = g->conf->gateway.setup_timeout_ms;
	g->env.answer_timeout_ms = g->conf->gateway.answer_timeout_ms;
	trace_store_set_memory(&g->trace, (size_t)g->conf->gateway.trace_memory_kb * 1024);
}

int gateway_open(struct gateway **out, struct loop *loop, struct conf *conf, char *err,
		 size_t err_size)
{
	static const struct sip_agent_ops sip_ops = {on_sip_event, gateway_on_sip_trace};
	struct gateway *g = calloc(1, sizeof(*g));
	int r;

	*out = NULL;
	if (g == NULL) {
		snprintf(err, err_size, "out of memory");
		return -ENOMEM;
	}
	g->loop = loop;
	g->conf = conf;
	g->calls_max = conf->gateway.calls_max;
	g->start_ms = clock_wall_ms();
	g->env = (struct call_env){.loop = loop,
				   .start = on_call_start,
				   .path_opened = gateway_on_path_opened,
				   .starts_early = on_starts_early,
				   .take_over = transfer_take_over,
				   .clearing = transfer_clearing,
				   .ended = on_call_ended,
				   .arg = g};
	trace_store_init(&g->trace, loop, gateway_trace_call, g);
	gateway_use_conf(g);
	r = open_music(g, err, err_size);
	if (r < 0)
		goto fail;
	r = gateway_workers_start(g, err, err_size);
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
	gateway_check_layout(g, NULL);
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
	timer_stop(&g->settle_timer);
	task_cancel(&g->settle);
	trace_store_set_tell(&g->trace, NULL, NULL);
	trace_store_set_memory(&g->trace, 0); /* nothing of what follows is kept */
	/* Order: nobody may run a path or send an event once its call is gone. */
	for (unsigned i = 0; i < g->line_count; i++) {
		if (g->lines[i].line->group != NULL)
			line_trunk_shut(g->lines[i].line->group);
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
	trace_store_fini(&g->trace);
	music_free(g->music);
	conf_free(g->conf);
	free(g);
}

/* BYE and CANCEL may have to be repeated until there is a response. */
static bool is_drained(const struct gateway *g)
{
	return gateway_is_idle(g) && sip_agent_is_idle(g->agent);
}

static void on_drain_tick(void *arg)
{
	struct gateway *g = arg;
	uint64_t now_ms = loop_now_ms(g->loop);
	bool drained = is_drained(g);

	if (!drained)
		g->drain_busy_ms = now_ms;
	bool quiet = now_ms - g->drain_busy_ms >= GATEWAY_QUIET_MS;
	if (now_ms < g->drain_end_ms && !quiet) {
		timer_start(g->loop, &g->drain_timer, DRAIN_TICK_MS, on_drain_tick, g);
		return;
	}
	if (!drained)
		log_line(LOG_GATEWAY, LOG_WARN, "not everything ended in time: %u calls are left%s",
			 HASH_COUNT(g->calls),
			 sip_agent_is_idle(g->agent) ? ""
						     : ", and a BYE or CANCEL without response");
	g->drained(g->drained_arg);
}

void gateway_drain(struct gateway *g, unsigned timeout_ms, void (*done)(void *arg), void *arg)
{
	uint64_t now_ms = loop_now_ms(g->loop);
	bool idle = is_drained(g);
	struct call *c, *next;

	g->refusing = true;
	sip_agent_unregister(g->agent);
	g->drained = done;
	g->drained_arg = arg;
	g->drain_end_ms = now_ms + timeout_ms;
	g->drain_busy_ms = idle ? now_ms - GATEWAY_QUIET_MS : now_ms;
	HASH_ITER(hh, g->calls, c, next)
	call_clear(c, Q850_TEMPORARY_FAILURE);
	timer_start(g->loop, &g->drain_timer, 0, on_drain_tick, g);
}
