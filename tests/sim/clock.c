#include "tests/sim/clock.h"

#include "gateway/base/loop.h"
#include "tests/sim/alloc.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h> /* needs setjmp.h before it */

/* Not zero: code that takes 0 for "never" must not be right by accident. */
#define START_MS    UINT64_C(5000000)
#define WALL_MS     INT64_C(1772366400000) /* 2026-03-01T12:00:00Z */
#define NO_TIME     UINT64_MAX
#define TURNS_LIMIT 200000 /* without time moving: somebody runs in circles */

static struct {
	uint64_t mono_ms;
	int64_t wall_step_ms;
	struct loop *loop;
	struct sim_event *events; /* by due_ms, oldest first */
	struct {
		sim_poll_fn *fn;
		void *arg;
	} poll[16];
	unsigned polls;
	char *notes;
	size_t notes_len, notes_cap;
} sim = {.mono_ms = START_MS};

/* --- what everybody asks for the time --- */

int clock_gettime(clockid_t id, struct timespec *ts)
{
	int64_t ms = (int64_t)sim.mono_ms;

	switch (id) {
	case CLOCK_PROCESS_CPUTIME_ID:
	case CLOCK_THREAD_CPUTIME_ID: return (int)syscall(SYS_clock_gettime, id, ts);
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE: ms += WALL_MS - (int64_t)START_MS + sim.wall_step_ms; break;
	default: break;
	}
	ts->tv_sec = ms / 1000;
	ts->tv_nsec = ms % 1000 * 1000000;
	return 0;
}

/* Weak: the product brings its own for libpri, on clock_gettime(), and that is the one to test. */
__attribute__((weak)) int gettimeofday(struct timeval *restrict tv, void *restrict tz)
{
	tv->tv_sec = (time_t)(sim.mono_ms / 1000);
	tv->tv_usec = (suseconds_t)(sim.mono_ms % 1000 * 1000);
	return 0;
}

uint64_t sim_now_ms(void)
{
	return sim.mono_ms - START_MS;
}

void sim_step_wall_ms(int64_t by_ms)
{
	sim.wall_step_ms += by_ms;
}

/* --- what is due --- */

void sim_set_loop(struct loop *loop)
{
	sim.loop = loop;
}

void sim_cancel(struct sim_event *e)
{
	struct sim_event **at = &sim.events;

	while (*at != NULL && *at != e)
		at = &(*at)->next;
	if (*at != NULL)
		*at = e->next;
	e->pending = false;
}

void sim_at(struct sim_event *e, uint64_t due_ms, sim_fn *fn, void *arg)
{
	struct sim_event **at = &sim.events;

	if (e->pending)
		sim_cancel(e);
	*e = (struct sim_event){.due_ms = due_ms, .fn = fn, .arg = arg, .pending = true};
	while (*at != NULL && (*at)->due_ms <= due_ms)
		at = &(*at)->next;
	e->next = *at;
	*at = e;
}

void sim_forget_events(void)
{
	while (sim.events != NULL)
		sim_cancel(sim.events);
}

void sim_add_poll(sim_poll_fn *fn, void *arg)
{
	if (sim.polls == sizeof(sim.poll) / sizeof(sim.poll[0]))
		sim_fail("too many polls in clock.c");
	sim.poll[sim.polls].fn = fn;
	sim.poll[sim.polls++].arg = arg;
}

void sim_remove_poll(sim_poll_fn *fn, void *arg)
{
	for (unsigned i = 0; i < sim.polls; i++)
		if (sim.poll[i].fn == fn && sim.poll[i].arg == arg) {
			sim.poll[i] = sim.poll[--sim.polls];
			return;
		}
}

/* --- turns --- */

static bool loop_busy(void)
{
	if (sim.loop == NULL)
		return false;
	struct pollfd fd = {.fd = uv_backend_fd(&sim.loop->uv), .events = POLLIN};
	uv_update_time(&sim.loop->uv);
	return uv_backend_timeout(&sim.loop->uv) == 0 || poll(&fd, 1, 0) > 0;
}

/* One turn of everybody.  True: something happened or is waiting. */
static bool turn(void)
{
	bool busy = false;

	if (sim.loop != NULL) {
		sim_alloc_gateway(true);
		uv_run(&sim.loop->uv, UV_RUN_NOWAIT);
		sim_alloc_gateway(false);
	}
	for (unsigned i = 0; i < sim.polls; i++)
		busy |= sim.poll[i].fn(sim.poll[i].arg);
	while (sim.events != NULL && sim.events->due_ms <= sim_now_ms()) {
		struct sim_event *e = sim.events;
		sim.events = e->next;
		e->pending = false;
		e->fn(e->arg);
		busy = true;
	}
	return busy || loop_busy();
}

static uint64_t next_due(void)
{
	uint64_t due = sim.events != NULL ? sim.events->due_ms : NO_TIME;

	if (sim.loop == NULL)
		return due;
	int ms = uv_backend_timeout(&sim.loop->uv);
	if (ms >= 0 && sim_now_ms() + (uint64_t)ms < due)
		due = sim_now_ms() + (uint64_t)ms;
	return due;
}

static bool settle(bool (*stop)(void *arg), void *arg)
{
	/* A socket opened in one turn is watched from the next: twice quiet is quiet. */
	for (unsigned quiet = 0, turns = 0; quiet < 2; turns++) {
		quiet = turn() ? 0 : quiet + 1;
		if (stop != NULL && stop(arg))
			return true;
		if (turns > TURNS_LIMIT)
			sim_fail("time stands still: somebody runs in circles");
	}
	return false;
}

void sim_settle(void)
{
	settle(NULL, NULL);
}

bool sim_run(uint64_t until_ms, bool (*stop)(void *arg), void *arg)
{
	for (;;) {
		if (settle(stop, arg))
			return true;
		uint64_t due = next_due();
		if (due > until_ms)
			break;
		if (due > sim_now_ms())
			sim.mono_ms = START_MS + due;
	}
	if (until_ms > sim_now_ms())
		sim.mono_ms = START_MS + until_ms;
	return settle(stop, arg);
}

/* --- chance --- */

static uint64_t random_state = 1;

void sim_seed(uint64_t seed)
{
	random_state = seed * 2 + 1;
}

uint32_t sim_random(uint32_t below)
{
	/* splitmix64: any seed is good */
	uint64_t z = random_state += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return (uint32_t)((z ^ z >> 31) % below);
}

/* --- notes --- */

static void note_va(const char *fmt, va_list ap)
{
	char line[1024];
	int n = snprintf(line, sizeof(line), "%10.3f  ", (double)sim_now_ms() / 1000);
	vsnprintf(line + n, sizeof(line) - (size_t)n, fmt, ap);
	size_t len = strlen(line);

	if (getenv("SIM_VERBOSE") != NULL)
		fprintf(stderr, "%s\n", line);
	sim_alloc_pause();
	if (sim.notes_len + len + 2 > sim.notes_cap) {
		sim.notes_cap = 2 * sim.notes_cap + sizeof(line) + 2;
		sim.notes = realloc(sim.notes, sim.notes_cap);
		if (sim.notes == NULL)
			abort();
	}
	sim_alloc_resume();
	memcpy(sim.notes + sim.notes_len, line, len);
	sim.notes_len += len;
	sim.notes[sim.notes_len++] = '\n';
}

void sim_note(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	note_va(fmt, ap);
	va_end(ap);
}

void sim_print_notes(void)
{
	enum { TAIL = 24000 };
	size_t from = sim.notes_len > TAIL ? sim.notes_len - TAIL : 0;

	fprintf(stderr, "--- what happened (s, virtual) ---\n");
	if (sim.notes_len > 0)
		fwrite(sim.notes + from, 1, sim.notes_len - from, stderr);
}

void sim_clear_notes(void)
{
	free(sim.notes);
	sim.notes = NULL;
	sim.notes_len = sim.notes_cap = 0;
}

void sim_fail(const char *fmt, ...)
{
	char why[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	sim_print_notes();
	fail_msg("%s", why);
	abort();
}
