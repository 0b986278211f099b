/* status.h - the gateway's state as JSON for the control socket.  Signalling thread.
 * Each returns a new reference, or NULL when memory is short. */
#ifndef GATEWAY_STATUS_H
#define GATEWAY_STATUS_H

#include <jansson.h>

struct gateway;

json_t *status_summary(const struct gateway *g);
json_t *status_calls(const struct gateway *g);
json_t *status_spans(const struct gateway *g);

#endif
