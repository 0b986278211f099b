/* log.h - one line per event, to stderr or wherever the process says.
 *
 *   2026-03-01T12:00:00.123Z info call: call 42 t1-1/7 -> sip:7134@cs: OFFERED -> PROCEEDING
 *
 * Signalling thread (and start-up) only: media workers count instead.  The line is handed to a
 * writer thread through a ring, so a slow journal never holds up a call; a full ring drops the
 * line, and the next line that gets through says how many were lost.
 * Never put a key, a password or digits dialled after answer in a line.
 */
#ifndef GATEWAY_BASE_LOG_H
#define GATEWAY_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum log_area {
	LOG_GATEWAY,
	LOG_CALL,
	LOG_TDM,
	LOG_ISUP,
	LOG_SIP,
	LOG_MEDIA,
	LOG_CONF,
	LOG_AREA_COUNT
};
enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG, LOG_LEVEL_COUNT };

/* Gets whole lines without the newline.  NULL restores stderr. */
typedef void log_sink_fn(void *arg, const char *line);
void log_set_sink(log_sink_fn *fn, void *arg);

int log_start(void); /* starts the writer thread; before it, lines go out directly */
void log_stop(void); /* writes what is queued, ends the thread */

void log_set_level(enum log_area area, enum log_level level); /* default LOG_INFO */
bool log_parse_area(const char *name, enum log_area *out);    /* "sip" */
bool log_parse_level(const char *name, enum log_level *out);  /* "error" "warn" "info" "debug" */
bool log_enabled(enum log_area area, enum log_level level);

void log_line(enum log_area area, enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* At most one line in interval_ms for each struct log_limit (zeroed = fresh); the count of those
 * held back is added to the next one as "(+N more)". */
struct log_limit {
	uint64_t next_ms;
	unsigned held;
};
void log_limited(struct log_limit *lim, unsigned interval_ms, enum log_area area,
		 enum log_level level, const char *fmt, ...) __attribute__((format(printf, 5, 6)));

#endif
