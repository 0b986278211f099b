/* worker_state.h - inside a media worker: shared by its signalling side (worker.c) and its thread
 * (worker_thread.c), nobody else.
 */
#ifndef GATEWAY_WORKER_STATE_H
#define GATEWAY_WORKER_STATE_H

#include "gateway/base/ring.h"
#include "gateway/worker.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <uv.h>

enum { ALARM_BITS = TDM_ALARM_BITS, WORKER_PATH_FDS = 4 /* RTP and RTCP at both ends */ };

enum command_kind {
	COMMAND_OPEN,
	COMMAND_CLOSE,
	COMMAND_MEDIA,
	COMMAND_PLAY,
	COMMAND_FRAME,
	COMMAND_ADD_SPAN,
	COMMAND_REMOVE_SPAN
};

struct frame {
	uint16_t len;
	uint8_t octets[TDM_FRAME_MAX];
};

struct command {
	enum command_kind kind;
	unsigned index;      /* of the span; MEDIA, PLAY: end of the path */
	uint32_t generation; /* ADD_SPAN */
	struct path *path;
	bool held; /* MEDIA */
	union {
		struct sip_media media;
		struct tone tone;
		struct frame frame;
		struct tdm_span *span; /* ADD_SPAN */
		sem_t *done;           /* REMOVE_SPAN */
	};
};

struct event {
	enum worker_event_kind kind;
	unsigned index, generation; /* of the span; of what has a path_id: index is the end */
	uint32_t path_id;
	enum tone_kind tone;
	unsigned alarms;
	struct path *path;
	struct frame frame;
};

struct worker_span {           /* the thread's */
	struct tdm_span *span; /* NULL = free */
	uint32_t generation;
	unsigned ticks;  /* to be exchanged in this wake-up */
	uint64_t due_ns; /* when the next tick should come; 0 = not known yet */
	bool alarms_told;
	unsigned alarms; /* as told */
	uint64_t alarm_seen_ns[ALARM_BITS];
};

struct worker {
	struct worker_conf conf;
	worker_event_fn *on_event;
	void *arg;
	struct ring commands, events;
	uint32_t kept; /* items of either ring kept for what may not be lost */
	int wake_fd, epoll_fd, timer_fd;
	int media_fd; /* epoll of the RTP sockets: asked once a tick, wakes nobody */
	_Atomic bool stop;

	/* signalling thread */
	uv_async_t async;
	pthread_t thread;
	bool stopped;
	unsigned open_paths;
	bool span_used[WORKER_SPANS_MAX];
	int span_fd[WORKER_SPANS_MAX];
	uint32_t span_generation[WORKER_SPANS_MAX];

	/* the worker's thread */
	struct worker_span span[WORKER_SPANS_MAX];
	struct path **paths; /* conf.paths_max of them */
	struct epoll_event *arrivals; /* WORKER_PATH_FDS for each path */
	unsigned path_count, relay_count;
	uint64_t relay_due_ns;
	unsigned silence_ticks;
	bool told, held; /* in this wake-up: events put, events refused */
	tdm_tick rx, tx;

	_Atomic uint64_t wakeups, ticks, late_ticks, events_dropped;
	_Atomic uint64_t frames_dropped_in;  /* written by the thread ... */
	_Atomic uint64_t frames_dropped_out; /* ... and by the signalling thread */
};

/* What the worker's epoll names; below WORKER_SPANS_MAX: a span's index. */
enum { WORKER_WAKE = WORKER_SPANS_MAX, WORKER_TIMER };

static inline void worker_add_count(_Atomic uint64_t *c, uint64_t n)
{
	atomic_store_explicit(c, atomic_load_explicit(c, memory_order_relaxed) + n,
			      memory_order_relaxed);
}

static inline uint32_t worker_ring_room(const struct ring *r)
{
	return r->mask + 1 -
	       (atomic_load_explicit(&r->head, memory_order_relaxed) -
		atomic_load_explicit(&r->tail, memory_order_acquire));
}

void *worker_thread_run(void *arg);

#endif
