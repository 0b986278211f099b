/* alloc.h - memory runs short in the gateway, in one chosen allocation.
 *
 * The Makefile links these programs with --wrap for malloc, calloc, realloc and strdup, so that the
 * calls our own objects make come here first (not those inside libraries).  What the harness
 * allocates while the gateway runs is left out by sim_alloc_pause().
 */
#ifndef TESTS_SIM_ALLOC_H
#define TESTS_SIM_ALLOC_H

#include <stdbool.h>

/* From now on the gateway's allocations are counted, and number nth fails; 0 = none fails. */
void sim_alloc_arm(unsigned nth);
/* Back to normal; returns how many there were. */
unsigned sim_alloc_disarm(void);
/* The gateway runs (true) or the harness does. */
void sim_alloc_gateway(bool runs);
/* The harness is called back by the gateway: its allocations are not the gateway's.  Nests. */
void sim_alloc_pause(void);
void sim_alloc_resume(void);

#endif
