/* control_span.h - what an operator asks of one span, by the control socket.
 *
 *   NAME                                    all that is known of it
 *   NAME loop local | network | off         refused while it has calls, unless "force" follows
 *   NAME bert                               the test that runs, or the last one
 *   NAME bert start [slot N]... [pattern P] all free slots and qrss, unless said otherwise
 *   NAME bert stop
 *
 * Signalling thread.
 */
#ifndef GATEWAY_CONTROL_SPAN_H
#define GATEWAY_CONTROL_SPAN_H

#include <jansson.h>

struct gateway;

/* The reply, a new reference: {"ok": true, "span": {...}}, {"ok": true, "bert": {...}} or
 * {"ok": false, "error": "..."}. */
json_t *control_span(struct gateway *g, const char *args);

#endif
