/* status_peer.c - SIP peers as JSON; see status.h. */
#include "conf/address.h"
#include "gateway/gateway_state.h"
#include "gateway/status.h"
#include "gateway/status_sip.h"

#include <time.h>

json_t *status_peers(const struct gateway *g)
{
	json_t *list = json_array();

	for (size_t i = 0; i < g->conf->peer_count; i++) {
		const struct sip_peer_conf *p = &g->conf->peers[i].sip;
		char address[CONF_ADDRESS_TEXT_MAX] = "";
		json_t *o = json_object();
		if (p->addr_count > 0)
			conf_address_format(&p->addr[0], address);
		json_object_set_new(o, "name", json_string(p->name));
		json_object_set_new(o, "transport", json_string(sip_protocol_name(p->transport)));
		json_object_set_new(o, "address", json_string(address));
		json_object_set_new(o, "trouble",
				    json_string(sip_agent_peer_trouble(g->agent, p->name)));
		json_object_set_new(o, "calls", json_integer(gateway_peer_calls(g, p->name)));
		status_add_users(g, p, o);
		json_array_append_new(list, o);
	}
	return list;
}

json_t *status_certificate(const struct gateway *g)
{
	time_t at = (time_t)sip_agent_certificate_expiry(g->agent);
	char text[32];
	struct tm tm;

	if (at == -1 || gmtime_r(&at, &tm) == NULL ||
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		return NULL;
	return json_string(text);
}
