/* call_route.h - from the number dialled to the second leg, at once or digit by digit.  Signalling
 * thread. */
#ifndef GATEWAY_CALL_ROUTE_H
#define GATEWAY_CALL_ROUTE_H

#include <stdbool.h>

struct call;

enum { CALL_MORE = -1 }; /* the number is to be collected further */

/* Asks the plan about c->dialled and starts the second leg.  0, the Q.850 cause that ends the call, or
 * CALL_MORE. */
int call_route(struct call *c);
/* COLLECTING: once there is something new, and nothing left of a leg that had too few digits. */
int call_route_again(struct call *c);
/* The second leg runs already and takes digits: they go on to it.  False: it does not. */
bool call_route_more(struct call *c);

#endif
