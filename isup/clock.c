/* clock.c - the time libpri sees.
 *
 * libpri runs its timers on gettimeofday(), so an operator who sets the time would lose every
 * D-channel (a step forward) or hide a dead one (a step back).  A definition in the program goes
 * before libc's for shared libraries too; this one counts from CLOCK_MONOTONIC.  A test that
 * defines clock_gettime() itself thereby moves libpri, libuv and us on one virtual clock.
 */
#include "isup/clock.h"

#include <stddef.h>

#include "gateway/base/clock.h"

/* libpri compares times and never shows them, so the epoch does not matter. */
int gettimeofday(struct timeval *restrict tv, void *restrict tz)
{
	uint64_t us = clock_mono_ns() / 1000u;

	(void)tz;

	tv->tv_sec = (time_t)(us / 1000000u);
	tv->tv_usec = (suseconds_t)(us % 1000000u);

	return 0;
}

uint64_t isup_clock_until_ms(const struct timeval *when)
{
	struct timeval now;

	gettimeofday(&now, NULL);
	int64_t us = ((int64_t)when->tv_sec - now.tv_sec) * 1000000 + (when->tv_usec - now.tv_usec);
	return us > 0 ? (uint64_t)us / 1000u + 1u : 0u;
}
