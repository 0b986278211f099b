/* clock.h - the two clocks.  Any thread.
 *
 * Durations and deadlines are CLOCK_MONOTONIC; the time of day is for people only (logs, records).
 * Nothing in the project calls gettimeofday(): isup/clock.c redefines it on the monotonic clock,
 * because libpri runs its timers on it and would lose a D-channel when an operator sets the time.
 */
#ifndef GATEWAY_BASE_CLOCK_H
#define GATEWAY_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t clock_ns(clockid_t id)
{
	struct timespec ts;
	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static inline uint64_t clock_mono_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

static inline uint64_t clock_wall_ms(void) /* since 1970, UTC */
{
	return clock_ns(CLOCK_REALTIME) / 1000000u;
}

#endif
