/* call_queue.h - the events of a call, which wait for the end of the loop's turn; posted by
 * call_post() and call_post_own() of call.h.  Signalling thread. */
#ifndef GATEWAY_CALL_QUEUE_H
#define GATEWAY_CALL_QUEUE_H

#include "gateway/call.h"

bool call_queue_has(const struct call *c, enum call_event ev);
/* Looks at the end of the turn, also without an event, whether the call is over. */
void call_queue_wake(struct call *c);

#endif
