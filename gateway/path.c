#include "gateway/path.h"

#include "gateway/base/ring.h"
#include "tdm/bert.h"
#include "tdm/echo.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	PIPE_TICKS = 8, /* room for a catch-up of either side and a tick of phase */
	/* Ticks that stay in it: two spans' ticks may come at nearly the same moment, and then
	 * either first. */
	PIPE_RESERVE = 1,
	PIPE_WINDOW = 100, /* reads after which ticks that were always left over are given up */
	EVENT_LEVEL = 10,  /* -dBm0 of an event we hand on without having heard its tone */
};

_Static_assert((int)TONE_TICK == (int)TDM_TICK_OCTETS, "a player makes a tick at a time");

/* Notices the busy tone of a slot. */
struct tone_ear {
	struct tone_set set; /* a reload may change the trunk's */
	struct tone_listener listener;
	enum tone_kind heard;
};

/* Octets from one slot on their way to another, a tick an item.  The slot they come from writes,
 * the slot they go to reads. */
struct path_pipe {
	struct ring ring;
	/* the reader's */
	bool started;
	unsigned reads, least_left;
	_Atomic unsigned slips;
};

/* --- building -----------------------------------------------------------------------------------
 */

static void pipe_free(struct path_pipe *pipe)
{
	if (pipe == NULL)
		return;
	ring_free(&pipe->ring);
	free(pipe);
}

static int pipe_new(struct path_pipe **out)
{
	struct path_pipe *pipe = aligned_alloc(_Alignof(struct path_pipe), sizeof(*pipe));

	*out = NULL;
	if (pipe == NULL)
		return -ENOMEM;
	memset(pipe, 0, sizeof(*pipe));
	if (ring_init(&pipe->ring, PIPE_TICKS, TDM_TICK_OCTETS) != 0) {
		pipe_free(pipe);
		return -ENOMEM;
	}
	pipe->least_left = PIPE_TICKS;
	*out = pipe;
	return 0;
}

static int ear_new(struct tone_ear **out, const struct tone_set *set)
{
	*out = calloc(1, sizeof(**out));
	if (*out == NULL)
		return -ENOMEM;
	(*out)->set = *set;
	tone_listener_init(&(*out)->listener, &(*out)->set);
	return 0;
}

static int end_build(struct path_end *end, const struct path_end *other)
{
	bool audio = !end->data && !other->data;
	int err = 0;

	end->detector = NULL;
	end->generator = NULL;
	end->pipe = NULL;
	end->echo = NULL;
	end->ear = NULL;
	memset(end->said, TDM_IDLE, sizeof(end->said));
	memset(&end->player, 0, sizeof(end->player));
	end->digit_on = 0;
	end->quiet_reported = end->held = end->goes_on = false;
	if (end->kind == PATH_SLOT && other->kind == PATH_SLOT)
		err = pipe_new(&end->pipe);
	if (err == 0 && audio && end->kind == PATH_SLOT && other->kind == PATH_RTP)
		err = dtmf_detector_new(&end->detector);
	if (err == 0 && audio && end->kind == PATH_SLOT && other->kind == PATH_RTP &&
	    end->echo_tail_ms > 0)
		err = echo_new(&end->echo, &(struct echo_conf){.tail_ms = end->echo_tail_ms,
							       .bulk_ms = end->echo_bulk_ms});
	if (err == 0 && end->kind == PATH_SLOT && end->listen != NULL)
		err = ear_new(&end->ear, end->listen);
	if (err == 0 && audio && (end->kind == PATH_SLOT || end->kind == PATH_RTP) &&
	    other->kind == PATH_RTP)
		err = dtmf_generator_new(&end->generator);
	return err;
}

static void end_free(struct path_end *end)
{
	dtmf_detector_free(end->detector);
	dtmf_generator_free(end->generator);
	pipe_free(end->pipe);
	echo_free(end->echo);
	free(end->ear);
	rtp_session_close(end->rtp);
	tdm_bert_free(end->bert);
}

int path_new(struct path **out, uint32_t id, const struct path_end *from, const struct path_end *to)
{
	struct path *p = calloc(1, sizeof(*p));
	int err;

	*out = NULL;
	if (p == NULL)
		return -ENOMEM;
	p->id = id;
	p->end[0] = *from;
	p->end[1] = *to;
	err = end_build(&p->end[0], to);
	if (err == 0)
		err = end_build(&p->end[1], from);
	else
		p->end[1] = (struct path_end){0};
	if (err != 0) {
		/* The sessions and tests stay the caller's. */
		p->end[0].rtp = p->end[1].rtp = NULL;
		p->end[0].bert = p->end[1].bert = NULL;
		path_free(p);
		return err;
	}
	*out = p;
	return 0;
}

void path_free(struct path *p)
{
	if (p == NULL)
		return;
	end_free(&p->end[0]);
	end_free(&p->end[1]);
	free(p);
}

/* --- slot to slot -------------------------------------------------------------------------------
 */

static void count_slip(struct path_pipe *pipe)
{
	unsigned n = atomic_load_explicit(&pipe->slips, memory_order_relaxed);

	atomic_store_explicit(&pipe->slips, n + 1, memory_order_relaxed);
}

static void pipe_read(struct path_pipe *pipe, uint8_t out[TDM_TICK_OCTETS])
{
	uint32_t head = atomic_load_explicit(&pipe->ring.head, memory_order_acquire);
	uint32_t tail = atomic_load_explicit(&pipe->ring.tail, memory_order_relaxed);
	unsigned left = head - tail;
	uint8_t given_up[TDM_TICK_OCTETS];

	if ((!pipe->started && left <= PIPE_RESERVE) || !ring_get(&pipe->ring, out)) {
		memset(out, TDM_IDLE, TDM_TICK_OCTETS);
		if (pipe->started)
			count_slip(pipe);
		return;
	}
	pipe->started = true;
	left = left > 0 ? left - 1 : 0;
	if (left < pipe->least_left)
		pipe->least_left = left;
	if (++pipe->reads < PIPE_WINDOW)
		return;
	/* What more was left after every read of a second is only delay, from a catch-up of the
	 * writer or because its span runs faster. */
	if (pipe->least_left > PIPE_RESERVE && ring_get(&pipe->ring, given_up))
		count_slip(pipe);
	pipe->reads = 0;
	pipe->least_left = PIPE_TICKS;
}

unsigned path_slips(const struct path *p)
{
	unsigned n = 0;

	for (unsigned i = 0; i < 2; i++) {
		const struct path_pipe *pipe = p->end[i].pipe;

		if (pipe != NULL)
			n += atomic_load_explicit(&pipe->slips, memory_order_relaxed) +
			     atomic_load_explicit(&pipe->ring.dropped, memory_order_relaxed);
	}
	return n;
}

/* --- RTP ----------------------------------------------------------------------------------------
 */

static void set_last_bits(uint8_t octets[TDM_TICK_OCTETS])
{
	for (unsigned i = 0; i < TDM_TICK_OCTETS; i++)
		octets[i] |= 1;
}

/* The tick that RTP end from has for end to.  False: a digit of it goes on as an event, so its
 * audio must not. */
static bool rtp_take(struct path_end *from, struct path_end *to, uint8_t out[TDM_TICK_OCTETS],
		     uint64_t now_ns)
{
	bool on;
	char digit;

	rtp_session_receive(from->rtp, now_ns);
	while (rtp_session_event(from->rtp, &digit, &on)) {
		if (to->kind == PATH_RTP && rtp_session_sends_events(to->rtp)) {
			rtp_session_digit(to->rtp, digit, on, EVENT_LEVEL);
			from->digit_on = on ? digit : 0;
		} else if (to->generator != NULL) {
			if (on)
				dtmf_generator_on(to->generator, digit);
			else
				dtmf_generator_off(to->generator);
		}
	}
	if (!rtp_session_play(from->rtp, out, now_ns) && from->held)
		music_play(&from->music, out);
	if (to->generator != NULL)
		dtmf_generator_run(to->generator, out, TDM_TICK_OCTETS);
	return from->digit_on == 0;
}

/* A tick from slot end from to RTP end to, its digits as events when those were agreed on. */
static void rtp_give(struct path_end *from, struct path_end *to, const uint8_t in[TDM_TICK_OCTETS],
		     uint64_t now_ns)
{
	uint8_t level = EVENT_LEVEL, heard[TDM_TICK_OCTETS];
	char digit = 0;

	memcpy(heard, in, sizeof(heard));
	if (from->echo != NULL)
		echo_run_ulaw(from->echo, from->said, heard);
	if (from->seven_bits)
		set_last_bits(heard);
	if (from->detector != NULL && rtp_session_sends_events(to->rtp))
		digit = dtmf_detector_run(from->detector, heard, TDM_TICK_OCTETS, &level);
	if (digit != from->digit_on) {
		if (from->digit_on != 0)
			rtp_session_digit(to->rtp, from->digit_on, false, level);
		if (digit != 0)
			rtp_session_digit(to->rtp, digit, true, level);
		from->digit_on = digit;
	}
	tone_player_run(&to->player, heard);
	rtp_session_send(to->rtp, digit == 0 ? heard : NULL, now_ns);
}

/* --- each tick ----------------------------------------------------------------------------------
 */

void path_to_line(struct path *p, unsigned end, uint8_t out[TDM_TICK_OCTETS], uint64_t now_ns)
{
	struct path_end *to = &p->end[end], *from = &p->end[1 - end];

	switch (from->kind) {
	case PATH_RTP:
		rtp_take(from, to, out, now_ns);
		if (to->seven_bits)
			set_last_bits(out);
		break;
	case PATH_SLOT: pipe_read(to->pipe, out); break;
	case PATH_BERT: tdm_bert_send(from->bert, out, TDM_TICK_OCTETS); break;
	case PATH_MUSIC: music_play(&from->music, out); break;
	case PATH_NONE: memset(out, TDM_IDLE, TDM_TICK_OCTETS); break;
	}
	tone_player_run(&to->player, out);
	if (to->echo != NULL)
		memcpy(to->said, out, sizeof(to->said));
}

void path_from_line(struct path *p, unsigned end, const uint8_t in[TDM_TICK_OCTETS],
		    uint64_t now_ns)
{
	struct path_end *from = &p->end[end], *to = &p->end[1 - end];

	/* While we play a tone to it, its echo comes back. */
	if (from->ear != NULL && from->ear->heard == TONE_NONE && !tone_player_plays(&from->player))
		from->ear->heard = tone_listener_run(&from->ear->listener, in);
	switch (to->kind) {
	case PATH_RTP: rtp_give(from, to, in, now_ns); break;
	case PATH_SLOT: ring_put(&to->pipe->ring, in); break;
	case PATH_BERT: tdm_bert_receive(to->bert, in, TDM_TICK_OCTETS); break;
	case PATH_MUSIC:
	case PATH_NONE: break;
	}
}

void path_relay(struct path *p, uint64_t now_ns)
{
	for (unsigned i = 0; i < 2; i++) {
		struct path_end *from = &p->end[i], *to = &p->end[1 - i];
		uint8_t octets[TDM_TICK_OCTETS];
		bool audio = false;

		memset(octets, TDM_IDLE, sizeof(octets));
		if (from->kind == PATH_RTP)
			audio = rtp_take(from, to, octets, now_ns);
		else if (from->kind == PATH_MUSIC)
			music_play(&from->music, octets);
		audio = audio || from->kind == PATH_MUSIC;
		if (tone_player_run(&to->player, octets))
			audio = true;
		if (to->kind == PATH_RTP && (audio || from->kind == PATH_RTP))
			rtp_session_send(to->rtp, audio ? octets : NULL, now_ns);
	}
}

void path_play(struct path *p, unsigned end, const struct tone *tone)
{
	tone_player_set(&p->end[end].player, tone);
}

enum tone_kind path_heard_tone(const struct path *p, unsigned end)
{
	return p->end[end].ear != NULL ? p->end[end].ear->heard : TONE_NONE;
}

void path_forget_tone(struct path *p, unsigned end)
{
	p->end[end].ear->heard = TONE_NONE;
}

void path_end_media(struct path *p)
{
	for (unsigned i = 0; i < 2; i++)
		if (p->end[i].kind == PATH_RTP && !p->end[i].goes_on)
			rtp_session_bye(p->end[i].rtp);
}
