#include "gateway/status_sip.h"

#include "conf/address.h"
#include "gateway/gateway_state.h"

#include <string.h>

/* --- users and registrations --- */

struct users {
	const char *peer;
	json_t *list;
};

static json_t *contact_json(const struct sip_registered *r)
{
	char source[CONF_ADDRESS_TEXT_MAX];
	struct sockaddr_storage addr;

	memcpy(&addr, r->source,
	       r->source->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
						: sizeof(struct sockaddr_in));
	conf_address_format(&addr, source);
	return json_pack("{s:s, s:s, s:s, s:i}", "uri", r->contact, "source", source, "software",
			 r->software, "expires_s", (int)r->expires_s);
}

/* A user's contacts come one after another. */
static void on_user(void *arg, const struct sip_registered *r)
{
	struct users *u = arg;

	if (strcmp(r->peer, u->peer) != 0)
		return;
	json_t *user = json_array_get(u->list, json_array_size(u->list) - 1);
	const char *last = json_string_value(json_object_get(user, "name"));
	if (last == NULL || strcmp(last, r->user) != 0) {
		user = json_pack("{s:s, s:i, s:[]}", "name", r->user, "calls", (int)r->calls,
				 "contacts");
		json_array_append_new(u->list, user);
	}
	if (r->contact != NULL)
		json_array_append_new(json_object_get(user, "contacts"), contact_json(r));
}

static void on_registration(void *arg, const struct sip_registered_at *r)
{
	struct users *u = arg;

	if (strcmp(r->peer, u->peer) != 0)
		return;
	json_array_append_new(u->list,
			      json_pack("{s:s, s:s, s:b, s:i, s:i, s:i, s:s, s:s}", "user", r->user,
					"state", r->state, "registered", (int)r->registered,
					"expires_s", (int)r->expires_s, "failures",
					(int)r->failures, "status", r->last_status, "associated",
					r->associated, "service_route", r->service_route));
}

void status_add_users(const struct gateway *g, const struct sip_peer_conf *peer, json_t *o)
{
	struct users users = {peer->name, json_array()};
	struct users registrations = {peer->name, json_array()};

	sip_agent_each_user(g->agent, on_user, &users);
	sip_agent_each_registration(g->agent, on_registration, &registrations);
	json_object_set_new(o, "registrar", json_boolean(peer->registrar));
	json_object_set_new(o, "users", users.list);
	json_object_set_new(o, "registrations", registrations.list);
}

/* --- refusals --- */

static void on_refused(void *arg, const struct sip_refused *r)
{
	char text[CONF_ADDRESS_TEXT_MAX];

	conf_host_format(&r->addr, text);
	json_array_append_new(arg,
			      json_pack("{s:s, s:s, s:I, s:I, s:I}", "address", text, "reason",
					sip_refusal_text(r->reason), "count", (json_int_t)r->count,
					"first_ms", (json_int_t)r->first_ms, "last_ms",
					(json_int_t)r->last_ms));
}

json_t *status_refused(const struct gateway *g)
{
	json_t *list = json_array();

	sip_agent_each_refused(g->agent, on_refused, list);
	return list;
}
