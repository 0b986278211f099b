/* maintain.h - what an operator does with channels and trunks, answered in plain words.
 *
 *   channel SPAN/SLOT in|out|drain|maintenance|restart     (or TRUNK/SLOT)
 *   trunk NAME drain|undrain|restart                       (or a group's name)
 *   nfas TRUNK [switch | drill [stay] | result | out SPAN | in SPAN]
 *
 * Signalling thread.  The result is a reply for the control socket, a new reference.
 */
#ifndef GATEWAY_MAINTAIN_H
#define GATEWAY_MAINTAIN_H

#include <jansson.h>

struct gateway;

json_t *maintain_channel(struct gateway *g, const char *args);
json_t *maintain_trunk(struct gateway *g, const char *args);
json_t *maintain_nfas(struct gateway *g, const char *args);

#endif
