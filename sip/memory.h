/* memory.h - memory for the parser when there is none.  Signalling thread.
 *
 * libosip2 does not survive malloc() returning NULL: it takes a lack of memory for a missing
 * value and reads through it.  So its allocations fall back on a small pool of ours, enough for
 * what one message needs, and a count tells that they did: whoever used the parser compares the
 * count from before, gives up and frees what it got, which leaves the pool empty again.
 */
#ifndef SIP_MEMORY_H
#define SIP_MEMORY_H

#include <stddef.h>

void sip_memory_init(void);          /* makes the parser use it; may repeat */
unsigned sip_memory_shortages(void); /* times malloc() failed; wraps around */

#endif
