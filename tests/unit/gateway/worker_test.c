/* Media workers on fake spans: a timer for a line, slots that count, a D-channel that echoes.
 * The test's thread is the signalling thread. */
#include "gateway/worker.c"

#include "gateway/base/clock.h"
#include "tests/unit/gateway/fake_span.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

/* --- the signalling thread
 * ------------------------------------------------------------------------ */

struct fixture {
	struct loop loop;
	struct worker *w[2];
	unsigned frames, closed, silent, back, first, alarm_events, alarms;
	uint8_t next_frame;
	bool out_of_order, stop_on_frame, free_closed;
	uint32_t last_path;
	unsigned last_end, tones;
	enum tone_kind tone;
};

static void on_event(void *arg, const struct worker_event *ev)
{
	struct fixture *f = arg;

	switch (ev->kind) {
	case WORKER_FRAME:
		f->frames++;
		if (ev->frame_len != 3 || ev->frame[0] != f->next_frame)
			f->out_of_order = true;
		f->next_frame = (uint8_t)(ev->frame[0] + 1);
		if (f->stop_on_frame) {
			worker_stop(f->w[0]);
			f->w[0] = NULL;
		}
		break;
	case WORKER_ALARMS:
		f->alarm_events++;
		f->alarms = ev->alarms;
		break;
	case WORKER_CLOSED:
		f->closed++;
		assert_int_equal(ev->path->id, ev->path_id);
		path_free(ev->path);
		break;
	case WORKER_NO_RTP: f->silent++; break;
	case WORKER_RTP_BACK: f->back++; break;
	case WORKER_RTP_FIRST: f->first++; break;
	case WORKER_TONE:
		f->tones++;
		f->tone = ev->tone;
		break;
	}
	f->last_path = ev->path_id;
	f->last_end = ev->end;
}

static const struct worker_conf usual = {.no_rtp_ms = 100, .paths_max = 8};

static void start(struct fixture *f, unsigned workers, const struct worker_conf *conf)
{
	memset(f, 0, sizeof(*f));
	assert_int_equal(loop_init(&f->loop), 0);
	for (unsigned i = 0; i < workers; i++)
		assert_int_equal(worker_start(&f->w[i], &f->loop, conf, on_event, f), 0);
}

static void finish(struct fixture *f)
{
	worker_stop(f->w[0]);
	worker_stop(f->w[1]);
	loop_fini(&f->loop);
}

static void run_ms(struct fixture *f, unsigned ms)
{
	uint64_t end = clock_mono_ns() + (uint64_t)ms * MS;

	do {
		uv_run(&f->loop.uv, UV_RUN_NOWAIT);
		poll(NULL, 0, 1);
	} while (clock_mono_ns() < end);
}

/* Waits up to 5 s: the machine may be busy. */
#define wait_for(f, condition)                                                                     \
	do {                                                                                       \
		uint64_t end_ = clock_mono_ns() + 5000ull * MS;                                    \
		while (!(condition) && clock_mono_ns() < end_)                                     \
			run_ms(f, 1);                                                              \
		assert_true(condition);                                                            \
	} while (0)

static struct path *slots_path(uint32_t id, struct path_end from, struct path_end to)
{
	struct path *p;

	assert_int_equal(path_new(&p, id, &from, &to), 0);
	return p;
}

static struct path_end slot(struct worker *w, unsigned span, unsigned slot_no)
{
	return (struct path_end){.kind = PATH_SLOT, .worker = w, .span = span, .slot = slot_no};
}

static struct path_end rtp(void)
{
	struct path_end end = {.kind = PATH_RTP};
	struct rtp_conf conf;

	rtp_conf_default(&conf);
	((struct sockaddr_in *)&conf.addr)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(rtp_session_open(&end.rtp, &conf), 0);
	return end;
}

static struct sip_media towards(const struct rtp_session *peer)
{
	struct sip_media m = {.codec = SIP_PCMU, .ptime_ms = 20, .send = true, .recv = true};

	rtp_session_local(peer, &m.remote);
	return m;
}

/* --- D-channel, alarms
 * ---------------------------------------------------------------------------- */

static void frames_cross_in_order(void **state)
{
	struct fixture f;
	struct tdm_span *s = span_new();
	struct worker_counts c;
	int index;

	start(&f, 1, &usual);
	index = worker_add_span(f.w[0], s);
	assert_true(index >= 0);
	for (unsigned i = 0; i < 60; i++)
		assert_true(worker_send_frame(f.w[0], (unsigned)index,
					      (uint8_t[]){(uint8_t)i, 1, 2}, 3));
	wait_for(&f, f.frames == 60);
	assert_false(f.out_of_order);
	assert_false(worker_send_frame(f.w[0], (unsigned)index, (uint8_t[300]){0}, 300));
	assert_false(worker_send_frame(f.w[0], 7, (uint8_t[3]){0}, 3));
	s->deaf = true;
	assert_true(worker_send_frame(f.w[0], (unsigned)index, (uint8_t[3]){0}, 3));
	run_ms(&f, 10);
	worker_counts(f.w[0], &c);
	assert_int_equal(c.frames_dropped, 3);
	assert_true(c.wakeups > 0);
	worker_remove_span(f.w[0], (unsigned)index);
	span_free(s);
	finish(&f);
}

static void alarms_are_debounced(void **state)
{
	struct fixture f;
	struct tdm_span *s = span_new();
	uint64_t cleared;

	start(&f, 1, &usual);
	s->alarms = TDM_ALARM_RED;
	assert_int_equal(worker_add_span(f.w[0], s), 0);
	wait_for(&f, f.alarm_events == 1);
	assert_int_equal(f.alarms, TDM_ALARM_RED);
	cleared = clock_mono_ns();
	s->alarms = 0;
	run_ms(&f, 200);
	assert_int_equal(f.alarm_events, 1);
	s->alarms = TDM_ALARM_RED; /* flaps: still one alarm */
	run_ms(&f, 20);
	s->alarms = TDM_ALARM_YELLOW;
	wait_for(&f, f.alarm_events == 2);
	assert_int_equal(f.alarms, TDM_ALARM_RED | TDM_ALARM_YELLOW);
	wait_for(&f, f.alarm_events == 3);
	assert_int_equal(f.alarms, TDM_ALARM_YELLOW);
	assert_true(clock_mono_ns() - cleared >= 700ull * MS);
	finish(&f);
	span_free(s);
}

static void frames_of_a_removed_span_are_not_told(void **state)
{
	struct fixture f;
	struct tdm_span *s = span_new(), *s2 = span_new();

	start(&f, 1, &usual);
	assert_int_equal(worker_add_span(f.w[0], s), 0);
	assert_true(worker_send_frame(f.w[0], 0, (uint8_t[]){9, 9, 9}, 3));
	/* Echoed into the ring, but this thread does not look yet. */
	poll(NULL, 0, 50);
	worker_remove_span(f.w[0], 0);
	assert_int_equal(worker_add_span(f.w[0], s2), 0);
	run_ms(&f, 50);
	assert_int_equal(f.frames, 0);
	assert_int_equal(f.alarm_events, 1);
	finish(&f);
	span_free(s);
	span_free(s2);
}

static void full_ring_loses_frames_only(void **state)
{
	struct fixture f;
	struct tdm_span *s = span_new();
	struct worker_counts c;
	struct path *p;
	unsigned refused = 0;

	start(&f, 1, &usual);
	assert_int_equal(worker_add_span(f.w[0], s), 0);
	p = slots_path(1, slot(NULL, 0, 1), slot(NULL, 0, 2));
	assert_int_equal(worker_open(f.w[0], p), 0);
	run_ms(&f, 20);
	/* This thread does not run its loop: the events pile up. */
	for (unsigned i = 0; i < 1500; i++) {
		refused += !worker_send_frame(f.w[0], 0, (uint8_t[]){(uint8_t)i, 0, 0}, 3);
		if (i % 30 == 0)
			poll(NULL, 0, 5);
	}
	s->alarms = TDM_ALARM_BLUE;
	poll(NULL, 0, 20);
	worker_close(f.w[0], p);
	poll(NULL, 0, 50);
	worker_counts(f.w[0], &c);
	assert_true(c.events_dropped > 0);
	assert_true(c.frames_dropped > refused);
	assert_int_equal(f.closed, 0);
	wait_for(&f, f.closed == 1 && f.alarms == TDM_ALARM_BLUE);
	worker_counts(f.w[0], &c);
	assert_int_equal(c.paths, 0);
	assert_int_equal(f.frames + c.frames_dropped, 1500);
	finish(&f);
	span_free(s);
}

/* --- paths
 * -------------------------------------------------------------------------------------------- */

/* Ticks on a slot that do not go on where the one before ended. */
static unsigned gaps(const struct tdm_span *s, unsigned slot_no, unsigned from, unsigned to)
{
	unsigned n = 0;

	for (unsigned t = from; t + 1 < to; t++)
		n += s->heard[slot_no][t + 1] != (uint8_t)(s->heard[slot_no][t] + 1);
	return n;
}

static void slots_of_one_span_are_joined_exactly(void **state)
{
	struct fixture f;
	struct tdm_span *s = span_new();
	struct path *p;
	struct worker_counts c;

	start(&f, 1, &usual);
	assert_int_equal(worker_add_span(f.w[0], s), 0);
	p = slots_path(7, slot(NULL, 0, 1), slot(NULL, 0, 24));
	assert_int_equal(worker_open(f.w[0], p), 0);
	wait_for(&f, s->ticks >= 60);
	worker_close(f.w[0], p);
	worker_close(f.w[0], p);
	worker_counts(f.w[0], &c);
	assert_int_equal(c.paths, 1);
	wait_for(&f, f.closed == 1);
	run_ms(&f, 30);
	assert_int_equal(f.closed, 1);
	worker_remove_span(f.w[0], 0);
	assert_int_equal(s->broken, 0);
	assert_int_equal(s->heard[1][s->ticks - 1], TDM_IDLE);
	/* From the tick after the first to the last before the close. */
	for (unsigned t = 10; t < 55; t++) {
		assert_int_equal(s->heard[24][t], octet_of(1, t - 2, 0));
		assert_int_equal(s->heard[1][t], octet_of(24, t - 2, 0));
	}
	worker_counts(f.w[0], &c);
	assert_true(c.ticks >= 60);
	assert_int_equal(c.paths, 0);
	finish(&f);
	span_free(s);
}

/* The gaps heard on the worse of the two. */
static unsigned join_two_workers(void)
{
	struct fixture f;
	struct tdm_span *a = span_new(), *b = span_new();
	struct path *p;
	struct worker_counts c;

	start(&f, 2, &usual);
	assert_int_equal(worker_add_span(f.w[0], a), 0);
	assert_int_equal(worker_add_span(f.w[1], b), 0);
	p = slots_path(8, slot(f.w[0], 0, 3), slot(f.w[1], 0, 4));
	assert_int_equal(worker_open(f.w[0], p), 0);
	worker_counts(f.w[1], &c);
	assert_int_equal(c.paths, 1);
	wait_for(&f, a->ticks >= 50 && b->ticks >= 50);
	worker_close(f.w[0], p);
	wait_for(&f, f.closed == 1);
	run_ms(&f, 30);
	assert_int_equal(f.closed, 1);
	worker_remove_span(f.w[0], 0);
	worker_remove_span(f.w[1], 0);
	assert_int_equal(a->broken + b->broken, 0);
	unsigned n = gaps(a, 3, 10, 45), m = gaps(b, 4, 10, 45);
	finish(&f);
	span_free(a);
	span_free(b);
	return n > m ? n : m;
}

/* A busy machine delays one thread against the other: ticks are filled in then, and only then. */
static void slots_of_two_workers_are_joined(void **state)
{
	unsigned tries = 0;

	while (join_two_workers() > 4)
		assert_true(++tries < 10);
}

static void either_of_two_workers_may_stop_first(void **state)
{
	for (unsigned first = 0; first < 2; first++) {
		struct fixture f;
		struct tdm_span *a = span_new(), *b = span_new();
		struct path *p;

		start(&f, 2, &usual);
		assert_int_equal(worker_add_span(f.w[0], a), 0);
		assert_int_equal(worker_add_span(f.w[1], b), 0);
		p = slots_path(8, slot(f.w[0], 0, 3), slot(f.w[1], 0, 4));
		assert_int_equal(worker_open(f.w[0], p), 0);
		run_ms(&f, 30);
		worker_stop(f.w[first]);
		f.w[first] = NULL;
		run_ms(&f, 30);
		if (first == 1) {
			worker_close(f.w[0], p);
			wait_for(&f, f.closed == 1);
		}
		finish(&f);
		assert_int_equal(f.closed, first);
		span_free(a);
		span_free(b);
	}
}

static void table_full_refuses(void **state)
{
	struct fixture f;
	struct tdm_span *s = span_new();
	struct path *p[9];

	start(&f, 1, &usual);
	assert_int_equal(worker_add_span(f.w[0], s), 0);
	for (unsigned i = 0; i < 9; i++) {
		p[i] = slots_path(i, slot(NULL, 0, 2 * i + 1), slot(NULL, 0, 2 * i + 2));
		assert_int_equal(worker_open(f.w[0], p[i]), i < 8 ? 0 : -EAGAIN);
	}
	worker_close(f.w[0], p[0]);
	assert_int_equal(worker_open(f.w[0], p[8]), -EAGAIN);
	wait_for(&f, f.closed == 1);
	assert_int_equal(worker_open(f.w[0], p[8]), 0);
	finish(&f); /* with eight open */
	assert_int_equal(f.closed, 1);
	span_free(s);
}

static void opens_and_closes_race(void **state)
{
	struct fixture f;
	struct tdm_span *s = span_new();
	struct path *open[8] = {0};
	struct rtp_session *peer;
	struct path_end peer_end = rtp();
	unsigned opened = 0, seed = 7;

	peer = peer_end.rtp;
	start(&f, 1, &usual);
	assert_int_equal(worker_add_span(f.w[0], s), 0);
	for (unsigned i = 0; i < 3000; i++) {
		unsigned k = (seed = seed * 1103515245 + 12345) >> 16 & 7;
		struct sip_media m = towards(peer);

		if (open[k] == NULL) {
			struct path *p = k < 2 ? slots_path(i, rtp(), rtp())
					       : slots_path(i, slot(NULL, 0, 2 * k + 1),
							    k < 4 ? rtp() : slot(NULL, 0, 2 * k));

			if (worker_open(f.w[0], p) == 0) {
				open[k] = p;
				opened++;
			} else {
				path_free(p);
			}
		} else if (open[k]->end[1].kind == PATH_RTP && i % 3 == 0) {
			worker_set_media(f.w[0], open[k], 1, &m, false);
		} else {
			worker_close(f.w[0], open[k]);
			open[k] = NULL;
		}
		if (i % 16 == 0)
			uv_run(&f.loop.uv, UV_RUN_NOWAIT);
	}
	for (unsigned k = 0; k < 8; k++)
		if (open[k] != NULL)
			worker_close(f.w[0], open[k]);
	wait_for(&f, f.closed == opened);
	finish(&f);
	assert_int_equal(f.closed, opened);
	rtp_session_close(peer);
	span_free(s);
}

static void silence_is_told_and_its_end(void **state)
{
	struct fixture f;
	struct tdm_span *s = span_new();
	struct path_end end = rtp(), peer = rtp();
	struct sip_media m = towards(peer.rtp), back = towards(end.rtp);
	uint8_t octets[RTP_TICK] = {0};
	struct path *p;
	struct rtp_counts c;
	uint64_t before;

	start(&f, 1, &usual);
	assert_int_equal(worker_add_span(f.w[0], s), 0);
	p = slots_path(5, slot(NULL, 0, 1), end);
	assert_int_equal(worker_open(f.w[0], p), 0);
	run_ms(&f, 250);
	assert_int_equal(f.silent, 0); /* nothing agreed, nothing expected */
	assert_int_equal(worker_set_media(f.w[0], p, 1, &m, false), 0);
	wait_for(&f, f.silent == 1);
	assert_int_equal(f.last_path, 5);
	assert_int_equal(f.last_end, 1);
	rtp_session_set(peer.rtp, &back);
	for (unsigned i = 0; i < 60 && f.back == 0; i++) {
		rtp_session_send(peer.rtp, octets, clock_mono_ns());
		rtp_session_receive(peer.rtp, clock_mono_ns());
		run_ms(&f, 10);
	}
	assert_int_equal(f.back, 1);
	assert_int_equal(f.first, 1);
	m.recv = false; /* held: silence is right */
	assert_int_equal(worker_set_media(f.w[0], p, 1, &m, false), 0);
	run_ms(&f, 300);
	assert_int_equal(f.silent, 1);
	assert_int_equal(f.back, 1);
	rtp_session_receive(peer.rtp, clock_mono_ns());
	rtp_session_counts(peer.rtp, &c);
	assert_true(c.rx_packets > 10);
	before = c.rtcp_rx;
	worker_close(f.w[0], p);
	wait_for(&f, f.closed == 1);
	for (unsigned i = 0; i < 10; i++) /* reports are not looked for in every tick */
		rtp_session_receive(peer.rtp, clock_mono_ns());
	rtp_session_counts(peer.rtp, &c);
	assert_true(c.rtcp_rx > before); /* BYE */
	finish(&f);
	rtp_session_close(peer.rtp);
	span_free(s);
}

static void rtp_to_rtp_needs_no_span(void **state)
{
	struct fixture f;
	struct path_end from = rtp(), to = rtp(), a = rtp(), b = rtp();
	struct sip_media m0 = towards(a.rtp), m1 = towards(b.rtp), ma = towards(from.rtp),
			 mb = towards(to.rtp);
	uint8_t octets[RTP_TICK], heard[RTP_TICK];
	unsigned good = 0;
	struct path *p;

	memset(octets, 0x55, sizeof(octets));
	start(&f, 1, &usual);
	p = slots_path(6, from, to);
	assert_int_equal(worker_open(f.w[0], p), 0);
	assert_int_equal(worker_set_media(f.w[0], p, 0, &m0, false), 0);
	assert_int_equal(worker_set_media(f.w[0], p, 1, &m1, false), 0);
	rtp_session_set(a.rtp, &ma);
	rtp_session_set(b.rtp, &mb);
	for (unsigned i = 0; i < 300 && good < 20; i++) {
		rtp_session_send(a.rtp, octets, clock_mono_ns());
		rtp_session_receive(b.rtp, clock_mono_ns());
		if (rtp_session_play(b.rtp, heard, clock_mono_ns()) &&
		    memcmp(heard, octets, RTP_TICK) == 0)
			good++;
		run_ms(&f, 10);
	}
	assert_int_equal(good, 20);
	finish(&f);
	rtp_session_close(a.rtp);
	rtp_session_close(b.rtp);
}

/* --- start, stop
 * ----------------------------------------------------------------------------------------- */

static void may_be_stopped_by_its_own_event(void **state)
{
	struct fixture f;
	struct tdm_span *s = span_new();

	start(&f, 1, &usual);
	f.stop_on_frame = true;
	assert_int_equal(worker_add_span(f.w[0], s), 0);
	for (unsigned i = 0; i < 5; i++)
		worker_send_frame(f.w[0], 0, (uint8_t[]){(uint8_t)i, 0, 0}, 3);
	wait_for(&f, f.w[0] == NULL);
	assert_int_equal(f.frames, 1);
	finish(&f);
	span_free(s);
}

static void stop_right_after_orders_loses_nothing(void **state)
{
	for (unsigned i = 0; i < 50; i++) {
		struct fixture f;
		struct path *p = slots_path(1, rtp(), rtp()), *q = slots_path(2, rtp(), rtp());

		start(&f, 1, &usual);
		assert_int_equal(worker_open(f.w[0], p), 0);
		assert_int_equal(worker_open(f.w[0], q), 0);
		worker_close(f.w[0], p);
		if (i % 2)
			poll(NULL, 0, 1);
		finish(&f); /* leaks and double frees are ASan's to find */
		assert_int_equal(f.closed, 0);
	}
}

static unsigned warned;

static void on_line(void *arg, const char *line)
{
	warned += strstr(line, "real-time") != NULL;
}

static void works_without_real_time_priority(void **state)
{
	struct worker_conf conf = usual;
	struct fixture f;
	struct sched_param param;
	struct tdm_span *s = span_new();
	int policy;

	conf.fifo_priority = 10;
	log_set_sink(on_line, NULL);
	start(&f, 1, &conf);
	log_set_sink(NULL, NULL);
	assert_int_equal(pthread_getschedparam(f.w[0]->thread, &policy, &param), 0);
	assert_int_equal(warned, policy == SCHED_FIFO ? 0 : 1);
	assert_int_equal(worker_add_span(f.w[0], s), 0);
	wait_for(&f, s->ticks > 2);
	finish(&f);
	span_free(s);
}

static void spans_are_limited(void **state)
{
	struct fixture f;
	struct tdm_span *s[WORKER_SPANS_MAX + 1];

	start(&f, 1, &usual);
	for (int i = 0; i <= WORKER_SPANS_MAX; i++) {
		s[i] = span_new();
		assert_int_equal(worker_add_span(f.w[0], s[i]), i < WORKER_SPANS_MAX ? i : -ENOSPC);
	}
	worker_remove_span(f.w[0], 3);
	assert_int_equal(worker_add_span(f.w[0], s[WORKER_SPANS_MAX]), 3);
	finish(&f);
	for (int i = 0; i <= WORKER_SPANS_MAX; i++)
		span_free(s[i]);
}

/* --- tones --- */

static bool hears(const struct tdm_span *s, unsigned slot_no)
{
	return s->heard[slot_no][(s->ticks + HISTORY - 1) % HISTORY] != TDM_IDLE;
}

/* Each end by the worker that drives its span; the other end is not disturbed. */
static void tones_reach_their_slot(void **state)
{
	struct fixture f;
	struct tdm_span *s[2] = {span_new(), span_new()};
	struct tone_set us;

	tone_set_country(&us, "us");
	start(&f, 2, &usual);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(worker_add_span(f.w[i], s[i]), 0);
	struct path *alone = slots_path(1, slot(f.w[1], 0, 3), (struct path_end){0});
	struct path *pair = slots_path(2, slot(f.w[0], 0, 1), slot(f.w[1], 0, 2));
	assert_int_equal(worker_open(f.w[0], alone), 0);
	assert_int_equal(worker_open(f.w[0], pair), 0);
	run_ms(&f, 50);
	assert_false(hears(s[1], 3));
	assert_int_equal(worker_play(f.w[0], alone, 0, &us.tone[TONE_DIAL]), 0);
	wait_for(&f, hears(s[1], 3));
	unsigned broken[2] = {s[0]->broken, s[1]->broken};
	assert_int_equal(worker_play(f.w[0], alone, 0, NULL), 0);
	wait_for(&f, !hears(s[1], 3));
	broken[1] = s[1]->broken; /* the tone was no run of octets */
	assert_int_equal(worker_play(f.w[0], pair, 0, &us.tone[TONE_DIAL]), 0);
	wait_for(&f, s[0]->broken > broken[0]);
	run_ms(&f, 50);
	assert_int_equal(s[1]->broken, broken[1]);
	worker_close(f.w[0], alone);
	worker_close(f.w[0], pair);
	assert_int_equal(worker_play(f.w[0], pair, 0, NULL), -EAGAIN);
	wait_for(&f, f.closed == 2);
	finish(&f);
	span_free(s[0]);
	span_free(s[1]);
}

static void busy_tone_is_told_once_a_time(void **state)
{
	struct fixture f;
	struct tdm_span *s = span_new();
	struct tone_set fast;
	struct tone_player tone = {0};
	char why[128];

	tone_set_country(&fast, "us");
	tone_parse(&fast.tone[TONE_CONGESTION], "480+620/100,0/100", why, sizeof(why));
	tone_player_set(&tone, &fast.tone[TONE_CONGESTION]);
	s->tone = &tone;
	start(&f, 1, &usual);
	assert_int_equal(worker_add_span(f.w[0], s), 0);
	struct path_end listened = slot(NULL, 0, 1);
	listened.listen = &fast;
	struct path *p = slots_path(7, slot(NULL, 0, 2), listened);
	assert_int_equal(worker_open(f.w[0], p), 0);
	wait_for(&f, f.tones == 1);
	assert_int_equal(f.tone, TONE_CONGESTION);
	assert_int_equal(f.last_path, 7);
	assert_int_equal(f.last_end, 1);
	wait_for(&f, f.tones == 2); /* it goes on */
	worker_close(f.w[0], p);
	wait_for(&f, f.closed == 1);
	finish(&f);
	span_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tones_reach_their_slot),
		cmocka_unit_test(busy_tone_is_told_once_a_time),
		cmocka_unit_test(frames_cross_in_order),
		cmocka_unit_test(alarms_are_debounced),
		cmocka_unit_test(frames_of_a_removed_span_are_not_told),
		cmocka_unit_test(full_ring_loses_frames_only),
		cmocka_unit_test(slots_of_one_span_are_joined_exactly),
		cmocka_unit_test(slots_of_two_workers_are_joined),
		cmocka_unit_test(either_of_two_workers_may_stop_first),
		cmocka_unit_test(table_full_refuses),
		cmocka_unit_test(opens_and_closes_race),
		cmocka_unit_test(silence_is_told_and_its_end),
		cmocka_unit_test(rtp_to_rtp_needs_no_span),
		cmocka_unit_test(may_be_stopped_by_its_own_event),
		cmocka_unit_test(stop_right_after_orders_loses_nothing),
		cmocka_unit_test(works_without_real_time_priority),
		cmocka_unit_test(spans_are_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
