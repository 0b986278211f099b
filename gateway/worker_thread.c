/* The worker's own thread: it alone touches the spans and runs the paths it was given. */
#include "gateway/base/clock.h"
#include "gateway/worker_state.h"

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum {
	ALARM_OFF_MS = 500,
	LATE_MS = 5,
	SILENCE_CHECK_TICKS = 10,
	MS_NS = 1000000,
	TICK_NS = TDM_TICK_MS * MS_NS,
	HELD_RETRY_MS = 10, /* events that found the ring full are tried again */
};

/* --- telling the signalling thread ---------------------------------------------------
 */

/* False: no room.  Only CLOSED may use what is kept. */
static bool tell(struct worker *w, const struct event *ev)
{
	uint32_t kept = ev->kind == WORKER_CLOSED ? 0 : w->kept;

	if (worker_ring_room(&w->events) <= kept || !ring_put(&w->events, ev)) {
		worker_add_count(&w->events_dropped, 1);
		w->held = true;
		return false;
	}
	w->told = true;
	return true;
}

static void check_alarms(struct worker *w, unsigned index, uint64_t now_ns)
{
	struct worker_span *s = &w->span[index];
	unsigned now = tdm_span_alarms(s->span), alarms = 0;

	for (unsigned bit = 0; bit < ALARM_BITS; bit++) {
		if (now & 1u << bit)
			s->alarm_seen_ns[bit] = now_ns;
		if (s->alarm_seen_ns[bit] != 0 &&
		    now_ns - s->alarm_seen_ns[bit] < (uint64_t)ALARM_OFF_MS * MS_NS)
			alarms |= 1u << bit;
	}
	if (s->alarms_told && alarms == s->alarms)
		return;
	if (tell(w, &(struct event){.kind = WORKER_ALARMS,
				    .index = index,
				    .generation = s->generation,
				    .alarms = alarms})) {
		s->alarms_told = true;
		s->alarms = alarms;
	}
}

/* RFC 3960 3.2: only RTP that came shows that there are early media. */
static void check_first(struct worker *w)
{
	for (unsigned i = 0; i < 2 * w->path_count; i++) {
		struct path *p = w->paths[i / 2];
		struct path_end *end = &p->end[i % 2];

		if (end->kind == PATH_RTP && !end->heard && rtp_session_has_heard(end->rtp))
			end->heard = tell(w, &(struct event){.kind = WORKER_RTP_FIRST,
							     .index = i % 2,
							     .path_id = p->id});
	}
}

static void check_silence(struct worker *w, uint64_t now_ns)
{
	uint64_t limit_ns = (uint64_t)w->conf.no_rtp_ms * MS_NS;

	for (unsigned i = 0; limit_ns != 0 && i < 2 * w->path_count; i++) {
		struct path *p = w->paths[i / 2];
		struct path_end *end = &p->end[i % 2];
		uint64_t silent_ns;

		if (end->kind != PATH_RTP)
			continue;
		silent_ns = rtp_session_silent_ns(end->rtp, now_ns);
		/* Nothing is expected, on hold: neither silent nor back. */
		if (silent_ns == 0 || (silent_ns >= limit_ns) == end->quiet_reported)
			continue;
		if (tell(w, &(struct event){.kind = end->quiet_reported ? WORKER_RTP_BACK
									: WORKER_NO_RTP,
					    .index = i % 2,
					    .path_id = p->id}))
			end->quiet_reported = !end->quiet_reported;
	}
}

/* In the tick in which it was heard, or when the ring has room again. */
static void tell_tone(struct worker *w, struct path *p, unsigned end)
{
	struct event ev = {.kind = WORKER_TONE,
			   .index = end,
			   .path_id = p->id,
			   .tone = path_heard_tone(p, end)};

	if (ev.tone != TONE_NONE && tell(w, &ev))
		path_forget_tone(p, end);
}

/* --- ticks ---------------------------------------------------------------------------
 */

static bool on_span(const struct worker *w, const struct path_end *end, unsigned span)
{
	return end->kind == PATH_SLOT && end->span == span &&
	       (end->worker == NULL || end->worker == w);
}

static void count_tick(struct worker *w, uint64_t *due_ns, uint64_t now_ns)
{
	int64_t late_ns = *due_ns != 0 ? (int64_t)(now_ns - *due_ns) : 0;

	worker_add_count(&w->ticks, 1);
	if (late_ns > LATE_MS * MS_NS)
		worker_add_count(&w->late_ticks, 1);
	/* The span's clock is not ours: what is due follows it slowly. */
	*due_ns = (late_ns < 0 ? now_ns : now_ns - (uint64_t)late_ns + (uint64_t)late_ns / 16) +
		  TICK_NS;
	check_first(w);
	if (++w->silence_ticks >= SILENCE_CHECK_TICKS) {
		w->silence_ticks = 0;
		check_silence(w, now_ns);
	}
}

static void tick_span(struct worker *w, unsigned index, uint64_t now_ns)
{
	uint32_t mask = 0;

	count_tick(w, &w->span[index].due_ns, now_ns);
	for (unsigned i = 0; i < 2 * w->path_count; i++) {
		struct path *p = w->paths[i / 2];
		const struct path_end *end = &p->end[i % 2];

		if (on_span(w, end, index)) {
			mask |= 1u << end->slot;
			path_to_line(p, i % 2, w->tx[end->slot], now_ns);
		}
	}
	tdm_span_exchange(w->span[index].span, mask, w->rx, w->tx);
	for (unsigned i = 0; i < 2 * w->path_count; i++) {
		struct path *p = w->paths[i / 2];
		const struct path_end *end = &p->end[i % 2];

		if (on_span(w, end, index)) {
			path_from_line(p, i % 2, w->rx[end->slot], now_ns);
			tell_tone(w, p, i % 2);
		}
	}
}

static void service_span(struct worker *w, unsigned index)
{
	struct worker_span *s = &w->span[index];
	struct event ev = {.kind = WORKER_FRAME, .index = index, .generation = s->generation};
	ssize_t n;

	s->ticks = tdm_span_service(s->span);
	while ((n = tdm_dchan_recv(s->span, ev.frame.octets, sizeof(ev.frame.octets))) >= 0) {
		ev.frame.len = (uint16_t)n;
		if (!tell(w, &ev))
			worker_add_count(&w->frames_dropped_in, 1);
	}
}

/* Paths without a slot have no line for a clock: a timer runs while there are any. */
static bool is_relay(const struct path *p)
{
	return p->end[0].kind != PATH_SLOT && p->end[1].kind != PATH_SLOT;
}

static void set_relay_timer(struct worker *w, bool on)
{
	struct itimerspec every = {{0, on ? TICK_NS : 0}, {0, on ? TICK_NS : 0}};

	timerfd_settime(w->timer_fd, 0, &every, NULL);
	w->relay_due_ns = 0;
}

static void tick_relays(struct worker *w)
{
	uint64_t due = 0, now_ns = clock_mono_ns();

	if (read(w->timer_fd, &due, sizeof(due)) != sizeof(due))
		return;
	for (unsigned n = due < TDM_CATCH_UP_TICKS ? (unsigned)due : TDM_CATCH_UP_TICKS; n > 0;
	     n--) {
		count_tick(w, &w->relay_due_ns, now_ns);
		for (unsigned i = 0; i < w->path_count; i++)
			if (is_relay(w->paths[i]))
				path_relay(w->paths[i], now_ns);
	}
}

/* --- commands ------------------------------------------------------------------------
 */

/* Where this is refused, every tick asks the sockets. */
static void watch_media(struct worker *w, struct path *p)
{
	for (unsigned i = 0; i < 2; i++)
		if (p->end[i].kind == PATH_RTP)
			rtp_session_watch(p->end[i].rtp, w->media_fd);
}

static void unwatch_media(struct worker *w, struct path *p)
{
	for (unsigned i = 0; i < 2; i++)
		if (p->end[i].kind == PATH_RTP)
			rtp_session_unwatch(p->end[i].rtp, w->media_fd);
}

static void open_path(struct worker *w, struct path *p)
{
	w->paths[w->path_count++] = p;
	watch_media(w, p);
	if (is_relay(p) && w->relay_count++ == 0)
		set_relay_timer(w, true);
}

static void close_path(struct worker *w, struct path *p)
{
	unsigned i = 0;

	while (i < w->path_count && w->paths[i] != p)
		i++;
	if (i == w->path_count)
		return;
	w->paths[i] = w->paths[--w->path_count];
	if (is_relay(p) && --w->relay_count == 0)
		set_relay_timer(w, false);
	unwatch_media(w, p);
	path_end_media(p);
	tell(w, &(struct event){.kind = WORKER_CLOSED, .path = p, .path_id = p->id});
}

static bool has_path(const struct worker *w, const struct path *p)
{
	for (unsigned i = 0; i < w->path_count; i++)
		if (w->paths[i] == p)
			return true;
	return false;
}

static void set_media(struct worker *w, const struct command *c)
{
	struct path_end *end = &c->path->end[c->index];

	if (!has_path(w, c->path) || end->kind != PATH_RTP)
		return;
	rtp_session_set(end->rtp, &c->media);
	end->held = c->held;
}

static void play(struct worker *w, const struct command *c)
{
	if (has_path(w, c->path))
		path_play(c->path, c->index, &c->tone);
}

static void add_span(struct worker *w, const struct command *c)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.u32 = c->index};

	w->span[c->index] = (struct worker_span){.span = c->span, .generation = c->generation};
	/* Refused only when the span is being removed again. */
	epoll_ctl(w->epoll_fd, EPOLL_CTL_MOD, tdm_span_fd(c->span), &ev);
}

static void remove_span(struct worker *w, const struct command *c)
{
	w->span[c->index].span = NULL;
	sem_post(c->done);
}

static void send_frame(struct worker *w, const struct command *c)
{
	struct tdm_span *span = w->span[c->index].span;

	if (span == NULL || tdm_dchan_send(span, c->frame.octets, c->frame.len) != 0)
		worker_add_count(&w->frames_dropped_in, 1);
}

static void drain_commands(struct worker *w)
{
	struct command c;

	while (ring_get(&w->commands, &c)) {
		switch (c.kind) {
		case COMMAND_OPEN: open_path(w, c.path); break;
		case COMMAND_CLOSE: close_path(w, c.path); break;
		case COMMAND_MEDIA: set_media(w, &c); break;
		case COMMAND_PLAY: play(w, &c); break;
		case COMMAND_FRAME: send_frame(w, &c); break;
		case COMMAND_ADD_SPAN: add_span(w, &c); break;
		case COMMAND_REMOVE_SPAN: remove_span(w, &c); break;
		}
	}
}

/* --- the thread ----------------------------------------------------------------------------------
 */

static void tell_signalling(struct worker *w)
{
	if (w->told)
		uv_async_send(&w->async);
	w->told = false;
}

static bool any_tick_due(const struct worker *w)
{
	for (unsigned i = 0; i < WORKER_SPANS_MAX; i++)
		if (w->span[i].span != NULL && w->span[i].ticks > 0)
			return true;
	return false;
}

/* One system call says which RTP sockets have something; most have nothing in a tick. */
static void note_arrivals(struct worker *w)
{
	int n = w->path_count == 0 ? 0
				   : epoll_wait(w->media_fd, w->arrivals,
						(int)w->path_count * WORKER_PATH_FDS, 0);

	for (int i = 0; i < n; i++)
		*(bool *)w->arrivals[i].data.ptr = true;
}

/* Frames first, both ways, and only then the audio: signalling waits for no path. */
static void wake_up(struct worker *w, const struct epoll_event *ready, int count)
{
	bool timer = false;
	uint64_t wakes;

	drain_commands(w);
	for (int i = 0; i < count; i++) {
		unsigned what = ready[i].data.u32;

		if (what == WORKER_WAKE)
			(void)!read(w->wake_fd, &wakes, sizeof(wakes));
		else if (what == WORKER_TIMER)
			timer = true;
		else if (w->span[what].span != NULL)
			service_span(w, what);
	}
	for (unsigned i = 0; i < WORKER_SPANS_MAX; i++)
		if (w->span[i].span != NULL)
			check_alarms(w, i, clock_mono_ns());
	tell_signalling(w);
	if (timer || any_tick_due(w))
		note_arrivals(w);
	for (unsigned i = 0; i < WORKER_SPANS_MAX; i++)
		for (; w->span[i].span != NULL && w->span[i].ticks > 0; w->span[i].ticks--)
			tick_span(w, i, clock_mono_ns());
	if (timer)
		tick_relays(w);
	tell_signalling(w);
}

void *worker_thread_run(void *arg)
{
	struct worker *w = arg;
	struct epoll_event ready[WORKER_SPANS_MAX + 2];

	while (!atomic_load_explicit(&w->stop, memory_order_acquire)) {
		int n = epoll_wait(w->epoll_fd, ready, WORKER_SPANS_MAX + 2,
				   w->held ? HELD_RETRY_MS : -1);

		worker_add_count(&w->wakeups, 1);
		w->held = false;
		wake_up(w, ready, n);
	}
	drain_commands(w);
	for (unsigned i = 0; i < w->path_count; i++)
		path_end_media(w->paths[i]);
	return NULL;
}
