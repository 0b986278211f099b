/* call_identity.h - a party of a call that is another now, or has another name: told to the other
 * leg.  Signalling thread. */
#ifndef GATEWAY_CALL_IDENTITY_H
#define GATEWAY_CALL_IDENTITY_H

struct call;

void call_identity_caller(struct call *c); /* c->from->party */
void call_identity_called(struct call *c); /* c->to->party */

#endif
