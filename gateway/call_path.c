#include "gateway/call_path.h"

#include "conf/conf.h"
#include "gateway/call.h"
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

static int path_open(struct call *c, bool whole)
{
	struct path_end from = {0}, to = {0};

	c->from->ops->take_end(c->from, &from);
	if (whole)
		c->to->ops->take_end(c->to, &to);
	if (path_new(&c->path, c->id, &from, &to) < 0) {
		end_drop(&from);
		end_drop(&to);
		return Q850_RESOURCE_UNAVAILABLE;
	}
	c->path_worker = c->from->worker != NULL          ? c->from->worker
			 : whole && c->to->worker != NULL ? c->to->worker
							  : c->env->worker;
	if (worker_open(c->path_worker, c->path) < 0) {
		path_free(c->path);
		c->path = NULL;
		return Q850_RESOURCE_UNAVAILABLE;
	}
	if (c->env->path_opened != NULL)
		c->env->path_opened(c->env->arg, c);
	return 0;
}

/* Both ends when the call has them and goes on; the caller's alone when it is to hear a tone. */
static int open_when_due(struct call *c)
{
	bool whole = c->to != NULL && c->state != CALL_COLLECTING && c->state != CALL_FAILING &&
		     c->to->ops->has_end(c->to);

	if (!c->from->ops->has_end(c->from) || (!whole && call_tone(c) == TONE_NONE))
		return 0;
	return path_open(c, whole);
}

/* RFC 3960 3.2: a phone makes its own ringing tone as long as no RTP comes, so the silence of a
 * slot that nothing was said about must not be sent to it. */
static bool is_hushed(const struct call *c)
{
	return !c->cut_through && c->to != NULL && c->to->worker != NULL &&
	       call_tone(c) == TONE_NONE;
}

static int media_sync(struct call *c)
{
	const struct leg *legs[2] = {c->from, c->to};

	for (unsigned i = 0; i < 2; i++) {
		if (legs[i] == NULL || c->path->end[i].kind == PATH_NONE)
			continue;
		bool hushed = i == 0 && is_hushed(c);
		unsigned wanted = 2 * legs[i]->media_version + hushed;
		if (legs[i]->media_version == 0 || wanted == c->media_set[i])
			continue;
		struct sip_media media = legs[i]->media;
		media.send = media.send && !hushed;
		if (worker_set_media(c->path_worker, c->path, i, &media) < 0)
			return Q850_RESOURCE_UNAVAILABLE;
		c->media_set[i] = wanted;
	}
	return 0;
}

static int tone_sync(struct call *c)
{
	enum tone_kind wanted = call_tone(c);
	const struct tone *tone = &c->from->tones->set.tone[wanted];

	if (wanted == c->tone)
		return 0;
	if (worker_play(c->path_worker, c->path, 0, wanted != TONE_NONE ? tone : NULL) < 0)
		return Q850_RESOURCE_UNAVAILABLE;
	c->tone = wanted;
	return 0;
}

int call_path_sync(struct call *c)
{
	int cause = 0;

	if (c->from == NULL || c->path_closing)
		return 0;
	if (c->path == NULL)
		cause = open_when_due(c);
	if (cause == 0 && c->path != NULL)
		cause = media_sync(c);
	if (cause == 0 && c->path != NULL)
		cause = tone_sync(c);
	return cause;
}

void call_path_close(struct call *c)
{
	if (c->path == NULL || c->path_closing)
		return;
	c->path_closing = true;
	worker_close(c->path_worker, c->path);
}

void call_path_pause(struct call *c)
{
	if (c->path != NULL && !c->path_closing)
		c->path->pauses = true;
	call_path_close(c);
}

void call_path_closed(struct call *c)
{
	for (unsigned i = 0; i < 2; i++) {
		const struct path_end *end = &c->path->end[i];
		c->has_echo[i] = end->echo != NULL;
		if (end->echo != NULL)
			echo_report(end->echo, &c->echo[i]);
		if (end->kind != PATH_RTP)
			continue;
		rtp_session_counts(end->rtp, &c->rtp[i]);
		c->has_rtp[i] = true;
	}
	if (c->path->pauses && c->from != NULL) {
		c->from->ops->give_end(c->from, &c->path->end[0]);
		c->path->end[0].rtp = NULL;
	}
	path_free(c->path);
	c->path = NULL;
	c->path_closing = false;
	c->tone = TONE_NONE;
	memset(c->media_set, 0, sizeof(c->media_set));
	call_post_own(c, CALL_PATH_CLOSED);
}
