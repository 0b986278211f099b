/* clock.h - libpri's clock.  Signalling thread.
 *
 * trunk.c calls this, so the linker always takes clock.c, and with it the gettimeofday() that
 * keeps libpri's timers off the wall clock.
 */
#ifndef ISUP_CLOCK_H
#define ISUP_CLOCK_H

#include <stdint.h>
#include <sys/time.h>

/* Milliseconds from now until a time libpri gave, rounded up; 0 if it is past. */
uint64_t isup_clock_until_ms(const struct timeval *when);

#endif
