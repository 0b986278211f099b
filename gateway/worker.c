#include "gateway/worker.h"

#include "gateway/base/log.h"
#include "gateway/base/loop.h"
#include "gateway/worker_state.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { RING_FRAMES = 256 }; /* room in either ring beside what may not be lost */

/* --- events -------------------------------------------------------------------
 */

/* One worker less has the path.  True: none has it any more. */
static bool path_left(struct worker *w, struct path *p)
{
	w->open_paths--;
	for (unsigned i = 0; i < 2; i++)
		if (p->at[i] == w)
			p->at[i] = NULL;
	return p->at[0] == NULL && p->at[1] == NULL;
}

static void deliver_closed(struct worker *w, struct path *p)
{
	struct worker_event out = {.kind = WORKER_CLOSED, .path = p, .path_id = p->id};
	struct worker *owner = p->owner;

	if (!path_left(w, p))
		return;
	if (owner == NULL)
		path_free(p);
	else
		owner->on_event(owner->arg, &out);
}

static void deliver(struct worker *w, const struct event *ev)
{
	struct worker_event out = {.kind = ev->kind,
				   .span = ev->index,
				   .end = ev->index,
				   .path_id = ev->path_id,
				   .tone = ev->tone,
				   .alarms = ev->alarms,
				   .frame = ev->frame.octets,
				   .frame_len = ev->frame.len};

	if ((ev->kind == WORKER_FRAME || ev->kind == WORKER_ALARMS) &&
	    (!w->span_used[ev->index] || w->span_generation[ev->index] != ev->generation))
		return; /* of a span that was removed meanwhile */
	w->on_event(w->arg, &out);
}

static void on_async(uv_async_t *async)
{
	struct worker *w = async->data;
	struct event ev;

	/* on_event may stop us. */
	while (!w->stopped && ring_get(&w->events, &ev)) {
		if (ev.kind == WORKER_CLOSED)
			deliver_closed(w, ev.path);
		else
			deliver(w, &ev);
	}
}

/* --- commands
 * ------------------------------------------------------------------ */

static void wake(struct worker *w)
{
	const uint64_t one = 1;

	(void)!write(w->wake_fd, &one, sizeof(one));
}

static bool order_fits(const struct worker *w)
{
	return worker_ring_room(&w->commands) > w->kept;
}

static void order(struct worker *w, const struct command *c)
{
	ring_put(&w->commands, c);
	wake(w);
}

/* The worker that runs an end: a slot's its own, an RTP end's that of the slot it talks to. */
static struct worker *runner(struct worker *w, const struct path *p, unsigned end)
{
	const struct path_end *e = &p->end[end];

	if (e->kind != PATH_SLOT)
		e = &p->end[1 - end];
	return e->kind == PATH_SLOT && e->worker != NULL ? e->worker : w;
}

static bool has_place(const struct worker *w)
{
	return w->open_paths < w->conf.paths_max && order_fits(w);
}

int worker_open(struct worker *w, struct path *p)
{
	struct worker *a = runner(w, p, 0), *b = runner(w, p, 1);

	if (!has_place(a) || !has_place(b))
		return -EAGAIN;
	p->owner = w;
	p->at[0] = a;
	p->at[1] = a != b ? b : NULL;
	for (unsigned i = 0; i < 2; i++) {
		if (p->at[i] == NULL)
			continue;
		p->at[i]->open_paths++;
		order(p->at[i], &(struct command){.kind = COMMAND_OPEN, .path = p});
	}
	return 0;
}

void worker_close(struct worker *w, struct path *p)
{
	if (p->closing)
		return;
	p->closing = true;
	for (unsigned i = 0; i < 2; i++)
		if (p->at[i] != NULL)
			order(p->at[i], &(struct command){.kind = COMMAND_CLOSE, .path = p});
}

int worker_set_media(struct worker *w, const struct path *p, unsigned end,
		     const struct sip_media *m, bool held)
{
	struct worker *at = runner(w, p, end);

	if (p->closing || !order_fits(at))
		return -EAGAIN;
	order(at, &(struct command){.kind = COMMAND_MEDIA,
				    .index = end,
				    .path = (struct path *)p,
				    .held = held,
				    .media = *m});
	return 0;
}

int worker_play(struct worker *w, const struct path *p, unsigned end, const struct tone *tone)
{
	struct worker *at = runner(w, p, end);
	struct command c = {.kind = COMMAND_PLAY, .index = end, .path = (struct path *)p};

	if (p->closing || !order_fits(at))
		return -EAGAIN;
	if (tone != NULL)
		c.tone = *tone;
	order(at, &c);
	return 0;
}

bool worker_send_frame(struct worker *w, unsigned span, const uint8_t *frame, size_t len)
{
	struct command c = {.kind = COMMAND_FRAME, .index = span};

	if (len > TDM_FRAME_MAX || span >= WORKER_SPANS_MAX || !w->span_used[span] ||
	    !order_fits(w)) {
		worker_add_count(&w->frames_dropped_out, 1);
		return false;
	}
	c.frame.len = (uint16_t)len;
	memcpy(c.frame.octets, frame, len);
	order(w, &c);
	return true;
}

static int watch(struct worker *w, int fd, uint32_t events, uint32_t what)
{
	struct epoll_event ev = {.events = events, .data.u32 = what};

	return epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, fd, &ev) == 0 ? 0 : -errno;
}

int worker_add_span(struct worker *w, struct tdm_span *span)
{
	unsigned i = 0;
	int err;

	while (i < WORKER_SPANS_MAX && w->span_used[i])
		i++;
	if (i == WORKER_SPANS_MAX)
		return -ENOSPC;
	if (!order_fits(w))
		return -EAGAIN;
	/* Here, where it can still be refused; the thread asks for events when it knows the span.
	 */
	err = watch(w, tdm_span_fd(span), 0, i);
	if (err != 0)
		return err;
	w->span_fd[i] = tdm_span_fd(span);
	w->span_used[i] = true;
	order(w, &(struct command){.kind = COMMAND_ADD_SPAN,
				   .index = i,
				   .span = span,
				   .generation = ++w->span_generation[i]});
	return (int)i;
}

void worker_remove_span(struct worker *w, unsigned span)
{
	sem_t done;

	if (span >= WORKER_SPANS_MAX || !w->span_used[span])
		return;
	w->span_used[span] = false;
	epoll_ctl(w->epoll_fd, EPOLL_CTL_DEL, w->span_fd[span], NULL);
	sem_init(&done, 0, 0);
	order(w, &(struct command){.kind = COMMAND_REMOVE_SPAN, .index = span, .done = &done});
	while (sem_wait(&done) != 0)
		;
	sem_destroy(&done);
}

void worker_counts(const struct worker *w, struct worker_counts *out)
{
	*out = (struct worker_counts){
		.wakeups = atomic_load_explicit(&w->wakeups, memory_order_relaxed),
		.ticks = atomic_load_explicit(&w->ticks, memory_order_relaxed),
		.late_ticks = atomic_load_explicit(&w->late_ticks, memory_order_relaxed),
		.events_dropped = atomic_load_explicit(&w->events_dropped, memory_order_relaxed),
		.frames_dropped =
			atomic_load_explicit(&w->frames_dropped_in, memory_order_relaxed) +
			atomic_load_explicit(&w->frames_dropped_out, memory_order_relaxed),
		.paths = w->open_paths,
	};
}

/* --- start, stop
 * --------------------------------------------------------------- */

static void free_worker(struct worker *w)
{
	if (w->epoll_fd >= 0)
		close(w->epoll_fd);
	if (w->wake_fd >= 0)
		close(w->wake_fd);
	if (w->timer_fd >= 0)
		close(w->timer_fd);
	if (w->media_fd >= 0)
		close(w->media_fd);
	ring_free(&w->commands);
	ring_free(&w->events);
	free(w->paths);
	free(w->arrivals);
	free(w);
}

static void on_async_closed(uv_handle_t *handle)
{
	free_worker(handle->data);
}

static int start_thread(struct worker *w)
{
	struct sched_param param = {.sched_priority = w->conf.fifo_priority};
	pthread_attr_t attr;
	sigset_t all, before;
	int err;

	pthread_attr_init(&attr);
	if (w->conf.fifo_priority > 0) {
		pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED);
		pthread_attr_setschedpolicy(&attr, SCHED_FIFO);
		pthread_attr_setschedparam(&attr, &param);
	}
	/* Signals are for the signalling thread. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&w->thread, &attr, worker_thread_run, w);
	if (err != 0 && w->conf.fifo_priority > 0) {
		log_line(LOG_MEDIA, LOG_WARN,
			 "no real-time priority %d for media: %s; audio may break up when the "
			 "machine is busy (grant CAP_SYS_NICE or RLIMIT_RTPRIO)",
			 w->conf.fifo_priority, strerror(err));
		err = pthread_create(&w->thread, NULL, worker_thread_run, w);
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	if (err == 0)
		pthread_setname_np(w->thread, "media");
	return -err;
}

static int open_fds(struct worker *w)
{
	int err;

	w->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	w->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	w->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	w->media_fd = epoll_create1(EPOLL_CLOEXEC);
	if (w->epoll_fd < 0 || w->wake_fd < 0 || w->timer_fd < 0 || w->media_fd < 0)
		return -errno;
	err = watch(w, w->wake_fd, EPOLLIN, WORKER_WAKE);
	return err == 0 ? watch(w, w->timer_fd, EPOLLIN, WORKER_TIMER) : err;
}

int worker_start(struct worker **out, struct loop *loop, const struct worker_conf *conf,
		 worker_event_fn *on_event, void *arg)
{
	struct worker *w = aligned_alloc(_Alignof(struct worker), sizeof(*w));
	uint32_t capacity = 1;
	int err = -ENOMEM;

	*out = NULL;
	if (w == NULL)
		return -ENOMEM;
	memset(w, 0, sizeof(*w));
	w->conf = *conf;
	w->on_event = on_event;
	w->arg = arg;
	w->epoll_fd = w->wake_fd = w->timer_fd = w->media_fd = -1;
	/* CLOSE and CLOSED once for each path, REMOVE_SPAN once for each span. */
	w->kept = conf->paths_max + WORKER_SPANS_MAX;
	while (capacity < w->kept + RING_FRAMES)
		capacity *= 2;
	w->paths = calloc(conf->paths_max + 1, sizeof(w->paths[0]));
	w->arrivals = calloc(conf->paths_max + 1, WORKER_PATH_FDS * sizeof(w->arrivals[0]));
	if (w->paths == NULL || w->arrivals == NULL ||
	    ring_init(&w->commands, capacity, sizeof(struct command)) != 0 ||
	    ring_init(&w->events, capacity, sizeof(struct event)) != 0)
		goto fail;
	err = open_fds(w);
	if (err != 0)
		goto fail;
	err = uv_async_init(&loop->uv, &w->async, on_async);
	if (err != 0)
		goto fail;
	w->async.data = w;
	err = start_thread(w);
	if (err != 0) {
		uv_close((uv_handle_t *)&w->async, on_async_closed);
		return err;
	}
	*out = w;
	return 0;
fail:
	free_worker(w);
	return err;
}

static void drop_path(struct worker *w, struct path *p)
{
	if (p->owner == w)
		p->owner = NULL;
	if (path_left(w, p))
		path_free(p);
}

void worker_stop(struct worker *w)
{
	struct event ev;

	if (w == NULL)
		return;
	atomic_store_explicit(&w->stop, true, memory_order_release);
	wake(w);
	pthread_join(w->thread, NULL);
	w->stopped = true;
	while (ring_get(&w->events, &ev))
		if (ev.kind == WORKER_CLOSED)
			drop_path(w, ev.path);
	while (w->path_count > 0)
		drop_path(w, w->paths[--w->path_count]);
	uv_close((uv_handle_t *)&w->async, on_async_closed);
}
