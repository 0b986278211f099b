/* status.h - the gateway's state as JSON for the control socket.  Signalling thread.
 * Each returns a new reference, or NULL when memory is short. */
#ifndef GATEWAY_STATUS_H
#define GATEWAY_STATUS_H

#include <jansson.h>

struct gateway;
struct line;

json_t *status_summary(const struct gateway *g);
json_t *status_calls(const struct gateway *g);
json_t *status_spans(const struct gateway *g);
json_t *status_peers(const struct gateway *g);
json_t *status_certificate(const struct gateway *g); /* when it expires; NULL: there is none */
json_t *status_line(const struct gateway *g, unsigned i); /* an element of it */
json_t *status_span(const struct gateway *g, unsigned i); /* that and all else about line i */
json_t *status_bert(const struct line *l);

#endif
