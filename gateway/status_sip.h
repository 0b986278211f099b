/* status_sip.h - SIP users, registrations and refusals as JSON; see status.h. */
#ifndef GATEWAY_STATUS_SIP_H
#define GATEWAY_STATUS_SIP_H

#include <jansson.h>

struct gateway;
struct sip_peer_conf;

/* Who registered with us at this peer, and we there, into the peer's object. */
void status_add_users(const struct gateway *g, const struct sip_peer_conf *peer, json_t *o);
json_t *status_refused(const struct gateway *g);

#endif
