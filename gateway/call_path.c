#include "gateway/call_path.h"

#include "conf/conf.h"
#include "gateway/call_tones.h"
#include "gateway/path.h"
#include "gateway/worker.h"
#include "isup/cause.h"

#include <string.h>

static void end_drop(struct path_end *end)
{
	if (end->kind == PATH_RTP)
		rtp_session_close(end->rtp);
}

/* Both ends must be known before the answer; after it one alone hears music. */
static bool is_talking(enum call_state state)
{
	return state == CALL_CONNECTED || state == CALL_TRANSFERRING;
}

/* The leg whose end a path of c should have; NULL: none can be had. */
static struct leg *usable(const struct call *c, struct leg *leg)
{
	if (leg == NULL || (leg->lent_to != NULL && leg->lent_to != c))
		return NULL;
	return leg->lent_to == c || leg->ops->has_end(leg) ? leg : NULL;
}

/* Before the answer: both ends when the call has them and goes on; the caller's alone when it is to
 * hear a tone. */
static bool wanted_early(const struct call *c, struct leg *out[2])
{
	if (c->state == CALL_COLLECTING || c->state == CALL_FAILING || out[1] == NULL)
		out[1] = NULL;
	return out[0] != NULL && (out[1] != NULL || call_tone(c) != TONE_NONE);
}

/* What the path should join, NULL for an end that is away; false: no path. */
static bool wanted(const struct call *c, struct leg *out[2])
{
	out[0] = usable(c, c->from);
	out[1] = usable(c, c->to);
	if (!is_talking(c->state))
		return wanted_early(c, out);
	/* A leg that is not back from its last path yet is no reason for music. */
	for (unsigned i = 0; i < 2; i++) {
		const struct leg *leg = i == 0 ? c->from : c->to;
		if (out[i] == NULL && leg != NULL && !leg->held)
			return false;
	}
	return out[0] != NULL || out[1] != NULL;
}

static enum path_end_kind absent(const struct call *c)
{
	return is_talking(c->state) ? PATH_MUSIC : PATH_NONE;
}

static bool fits(const struct call *c, struct leg *const legs[2])
{
	for (unsigned i = 0; i < 2; i++) {
		const struct leg *leg = legs[i];
		if (leg == NULL && c->path->end[i].kind != absent(c))
			return false;
		if (leg != NULL &&
		    (c->path_leg[i] != leg || c->path_version[i] != leg->end_version))
			return false;
	}
	return true;
}

static void take_end(struct call *c, struct leg *leg, struct path_end *out)
{
	if (leg != NULL) {
		leg->ops->take_end(leg, out);
		leg->lent_to = c;
	} else {
		out->kind = absent(c);
	}
	out->music.music = c->env->music;
}

static void lend(struct call *c, unsigned i, struct leg *leg)
{
	c->path_leg[i] = leg;
	c->path_version[i] = leg != NULL ? leg->end_version : 0;
}

static struct worker *worker_for(const struct call *c, struct leg *const legs[2])
{
	for (unsigned i = 0; i < 2; i++)
		if (legs[i] != NULL && legs[i]->worker != NULL)
			return legs[i]->worker;
	return c->env->worker;
}

static int path_open(struct call *c, struct leg *const legs[2])
{
	struct path_end from = {0}, to = {0};

	take_end(c, legs[0], &from);
	take_end(c, legs[1], &to);
	lend(c, 0, legs[0]);
	lend(c, 1, legs[1]);
	if (path_new(&c->path, c->id, &from, &to) < 0) {
		end_drop(&from);
		end_drop(&to);
		call_path_disown(c);
		return Q850_RESOURCE_UNAVAILABLE;
	}
	c->path_worker = worker_for(c, legs);
	if (worker_open(c->path_worker, c->path) < 0) {
		path_free(c->path);
		c->path = NULL;
		call_path_disown(c);
		return Q850_RESOURCE_UNAVAILABLE;
	}
	if (c->env->path_opened != NULL)
		c->env->path_opened(c->env->arg, c);
	return 0;
}

/* RFC 3960 3.2: a phone makes its own ringing tone as long as no RTP comes, so the silence of a
 * slot that nothing was said about must not be sent to it. */
static bool is_hushed(const struct call *c)
{
	return !c->cut_through && c->to != NULL && c->to->worker != NULL &&
	       call_tone(c) == TONE_NONE;
}

static int set_media(struct call *c)
{
	for (unsigned i = 0; i < 2; i++) {
		const struct leg *leg = c->path_leg[i];
		bool hushed = i == 0 && is_hushed(c);
		if (leg == NULL || leg->media_version == 0)
			continue;
		unsigned version = 2 * leg->media_version + hushed;
		if (version == c->media_set[i])
			continue;
		struct sip_media media = leg->media;
		media.send = media.send && !hushed;
		if (worker_set_media(c->path_worker, c->path, i, &media, leg->held) < 0)
			return Q850_RESOURCE_UNAVAILABLE;
		c->media_set[i] = version;
	}
	return 0;
}

static int set_tone(struct call *c)
{
	enum tone_kind kind = call_tone(c);

	if (kind == c->tone)
		return 0;
	const struct tone *tone = kind != TONE_NONE ? &c->from->tones->set.tone[kind] : NULL;
	if (worker_play(c->path_worker, c->path, 0, tone) < 0)
		return Q850_RESOURCE_UNAVAILABLE;
	c->tone = kind;
	return 0;
}

static void tell_hold(struct leg *leg, const struct leg *other)
{
	bool held = other->held;

	if (held == leg->hold_told)
		return;
	leg->hold_told = held;
	leg->ops->hold(leg, held);
}

int call_path_sync(struct call *c)
{
	struct leg *legs[2];
	int cause = 0;

	if (c->dissolved)
		return 0;
	if (is_talking(c->state) && c->from != NULL && c->to != NULL) {
		tell_hold(c->from, c->to);
		tell_hold(c->to, c->from);
	}
	if (c->path_closing)
		return 0;
	bool any = wanted(c, legs);
	if (c->path != NULL && (!any || !fits(c, legs))) {
		call_path_close(c);
		return 0;
	}
	if (any && c->path == NULL)
		cause = path_open(c, legs);
	if (cause == 0 && c->path != NULL)
		cause = set_media(c);
	if (cause == 0 && c->path != NULL)
		cause = set_tone(c);
	return cause;
}

void call_path_close(struct call *c)
{
	if (c->path == NULL || c->path_closing)
		return;
	c->path_closing = true;
	for (unsigned i = 0; i < 2; i++) {
		const struct leg *leg = c->path_leg[i];
		c->path->end[i].goes_on =
			leg != NULL && (c->state != CALL_CLEARING || leg->call != c);
	}
	worker_close(c->path_worker, c->path);
}

static void count(struct call *c, unsigned i)
{
	const struct path_end *end = &c->path->end[i];

	if (end->echo != NULL) {
		echo_report(end->echo, &c->echo[i]);
		c->has_echo[i] = true;
	}
	if (end->kind == PATH_RTP) {
		rtp_session_counts(end->rtp, &c->rtp[i]);
		c->has_rtp[i] = true;
	}
}

void call_path_closed(struct call *c)
{
	for (unsigned i = 0; i < 2; i++) {
		struct leg *leg = c->path_leg[i];
		count(c, i);
		if (leg == NULL)
			continue;
		leg->lent_to = NULL;
		leg->ops->give_end(leg, &c->path->end[i]);
		if (leg->call != c)
			call_post(leg, LEG_MEDIA, NULL);
	}
	lend(c, 0, NULL);
	lend(c, 1, NULL);
	path_free(c->path);
	c->path = NULL;
	c->path_closing = false;
	c->tone = TONE_NONE;
	c->tone = TONE_NONE;
	memset(c->media_set, 0, sizeof(c->media_set));
	call_post_own(c, CALL_PATH_CLOSED, NULL);
}

void call_leg_free(struct leg *leg)
{
	struct call *c = leg->lent_to;

	for (unsigned i = 0; c != NULL && i < 2; i++)
		if (c->path_leg[i] == leg)
			lend(c, i, NULL);
	leg->ops->free(leg);
}

void call_path_disown(struct call *c)
{
	for (unsigned i = 0; i < 2; i++) {
		if (c->path_leg[i] != NULL)
			c->path_leg[i]->lent_to = NULL;
		lend(c, i, NULL);
	}
}
