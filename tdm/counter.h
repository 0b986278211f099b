/* counter.h - a statistic with one writer, read by any thread.
 *
 * Relaxed on purpose: counters say how much, never that something else has happened.  One writer
 * means a plain add needs no locked instruction on the media path.
 */
#ifndef TDM_COUNTER_H
#define TDM_COUNTER_H

#include <stdatomic.h>
#include <stdint.h>

static inline void tdm_counter_add(_Atomic uint64_t *counter, uint64_t n)
{
	uint64_t value = atomic_load_explicit(counter, memory_order_relaxed);
	atomic_store_explicit(counter, value + n, memory_order_relaxed);
}

static inline uint64_t tdm_counter_get(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

#endif
