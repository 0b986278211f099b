#include "gateway/base/log.h"

#include "gateway/base/clock.h"
#include "gateway/base/ring.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { LINE_MAX_OCTETS = 512, RING_LINES = 1024 };

static const char *const area_names[LOG_AREA_COUNT] = {"gateway", "call",  "tdm", "isup",
						       "sip",     "media", "conf"};
static const char *const level_names[LOG_LEVEL_COUNT] = {"error", "warn", "info", "debug"};

static struct {
	enum log_level level[LOG_AREA_COUNT];
	log_sink_fn *sink;
	void *sink_arg;
	bool running;
	_Atomic bool stopping;
	struct ring ring;
	uint32_t reported; /* drops already told of */
	sem_t wake;
	pthread_t thread;
} state = {
	.level = {LOG_INFO, LOG_INFO, LOG_INFO, LOG_INFO, LOG_INFO, LOG_INFO, LOG_INFO},
};

static void write_all(const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = write(STDERR_FILENO, text, len);
		if (n <= 0)
			return; /* nobody to tell */
		text += n;
		len -= (size_t)n;
	}
}

static void write_line(char *line)
{
	size_t len = strlen(line);
	line[len] = '\n';
	write_all(line, len + 1);
}

static void *writer(void *arg)
{
	char line[LINE_MAX_OCTETS];

	for (;;) {
		while (ring_get(&state.ring, line))
			write_line(line);
		if (state.stopping)
			return NULL;
		while (sem_wait(&state.wake) != 0)
			;
	}
}

int log_start(void)
{
	int r = ring_init(&state.ring, RING_LINES, LINE_MAX_OCTETS);
	if (r < 0)
		return r;
	sem_init(&state.wake, 0, 0);
	state.stopping = false;
	state.reported = 0;
	r = pthread_create(&state.thread, NULL, writer, NULL);
	if (r != 0) {
		ring_free(&state.ring);
		return -r;
	}
	state.running = true;
	return 0;
}

void log_stop(void)
{
	if (!state.running)
		return;
	state.stopping = true;
	sem_post(&state.wake);
	pthread_join(state.thread, NULL);
	sem_destroy(&state.wake);
	ring_free(&state.ring);
	state.running = false;
}

void log_set_sink(log_sink_fn *fn, void *arg)
{
	state.sink = fn;
	state.sink_arg = arg;
}

void log_set_level(enum log_area area, enum log_level level)
{
	state.level[area] = level;
}

bool log_enabled(enum log_area area, enum log_level level)
{
	return level <= state.level[area];
}

static bool find_name(const char *const *names, unsigned count, const char *name, unsigned *out)
{
	for (unsigned i = 0; i < count; i++)
		if (strcasecmp(names[i], name) == 0) {
			*out = i;
			return true;
		}
	return false;
}

bool log_parse_area(const char *name, enum log_area *out)
{
	unsigned i;
	if (!find_name(area_names, LOG_AREA_COUNT, name, &i))
		return false;
	*out = (enum log_area)i;
	return true;
}

bool log_parse_level(const char *name, enum log_level *out)
{
	unsigned i;
	if (!find_name(level_names, LOG_LEVEL_COUNT, name, &i))
		return false;
	*out = (enum log_level)i;
	return true;
}

/* Peers choose some of what is logged: a line feed in it must not start a forged line. */
static void disarm(char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			*text = '?';
}

static void deliver(char *line)
{
	if (state.sink != NULL) {
		state.sink(state.sink_arg, line);
	} else if (!state.running) {
		write_line(line);
	} else if (ring_put(&state.ring, line)) {
		sem_post(&state.wake);
	}
}

static void report_drops(void)
{
	if (!state.running)
		return;
	uint32_t dropped = atomic_load_explicit(&state.ring.dropped, memory_order_relaxed);
	if (dropped == state.reported)
		return;
	char line[LINE_MAX_OCTETS] = "";
	snprintf(line, sizeof(line) - 1,
		 "warn gateway: %u log lines dropped: the log is read too slowly",
		 dropped - state.reported);
	state.reported = dropped;
	deliver(line);
}

static void log_va(enum log_area area, enum log_level level, unsigned held, const char *fmt,
		   va_list ap)
{
	char line[LINE_MAX_OCTETS] = "";
	size_t cap = sizeof(line) - 1; /* room for the newline */
	uint64_t ms = clock_wall_ms();
	time_t sec = (time_t)(ms / 1000);
	struct tm tm;

	report_drops();
	gmtime_r(&sec, &tm);
	size_t n = strftime(line, cap, "%Y-%m-%dT%H:%M:%S", &tm);
	n += (size_t)snprintf(line + n, cap - n, ".%03uZ %s %s: ", (unsigned)(ms % 1000),
			      level_names[level], area_names[area]);
	int m = vsnprintf(line + n, cap - n, fmt, ap);
	if (m > 0 && held > 0 && n + (size_t)m < cap)
		snprintf(line + n + m, cap - n - (size_t)m, " (+%u more)", held);
	disarm(line);
	deliver(line);
}

void log_line(enum log_area area, enum log_level level, const char *fmt, ...)
{
	va_list ap;

	if (!log_enabled(area, level))
		return;
	va_start(ap, fmt);
	log_va(area, level, 0, fmt, ap);
	va_end(ap);
}

void log_limited(struct log_limit *lim, unsigned interval_ms, enum log_area area,
		 enum log_level level, const char *fmt, ...)
{
	uint64_t now = clock_mono_ns() / 1000000u;
	va_list ap;

	if (!log_enabled(area, level))
		return;
	if (now < lim->next_ms) {
		lim->held++;
		return;
	}
	va_start(ap, fmt);
	log_va(area, level, lim->held, fmt, ap);
	va_end(ap);
	lim->held = 0;
	lim->next_ms = now + interval_ms;
}
