/* dialog_far.c - the far end of a dialog: its target and route set (RFC 3261 12.1, 12.2.1.1). */
#include "sip/address.h"
#include "sip/dialog_impl.h"
#include "sip/memory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void sip_far_free(struct sip_far *f)
{
	for (unsigned i = 0; i < f->route_count; i++)
		osip_free(f->routes[i]);
	free(f->routes);
	free(f->tag);
	osip_free(f->target);
	memset(f, 0, sizeof(*f));
}

/* A sip URI as text, bounded; NULL: not one, too long, or no memory. */
static char *uri_text(const osip_uri_t *uri)
{
	char *text = NULL;
	unsigned shortages = sip_memory_shortages();

	if (uri == NULL || uri->scheme == NULL || strcasecmp(uri->scheme, "sip") != 0 ||
	    uri->host == NULL || osip_uri_to_str(uri, &text) != OSIP_SUCCESS)
		return NULL;
	if (strlen(text) <= SIP_URI_MAX && sip_memory_shortages() == shortages)
		return text;
	osip_free(text);
	return NULL;
}

static int learn_routes(struct sip_far *f, const osip_message_t *m)
{
	int count = osip_list_size(&m->record_routes);
	bool response = MSG_IS_RESPONSE(m);

	if (count <= 0)
		return 0;
	f->routes = calloc((size_t)count, sizeof(*f->routes));
	if (f->routes == NULL)
		return -ENOMEM;
	/* Whoever was called takes them in order, who called in reverse (12.1.1, 12.1.2). */
	for (int i = 0; i < count; i++) {
		const osip_record_route_t *rr =
			osip_list_get(&m->record_routes, response ? count - 1 - i : i);
		char *text = uri_text(rr->url);
		if (text == NULL)
			return -EBADMSG;
		f->routes[f->route_count++] = text;
	}
	return 0;
}

int sip_far_set_routes(struct sip_far *f, const char *list)
{
	char one[SIP_URI_MAX + 64];

	while (list != NULL && *list != '\0') {
		list = sip_list_next(list, one, sizeof(one));
		char *open = strchr(one, '<'), *end = open != NULL ? strchr(open, '>') : NULL;
		if (end == NULL)
			continue;
		*end = '\0';
		char **grown = realloc(f->routes, (f->route_count + 1) * sizeof(*grown));
		if (grown == NULL)
			return -ENOMEM;
		f->routes = grown;
		f->routes[f->route_count] = osip_strdup(open + 1);
		if (f->routes[f->route_count] == NULL)
			return -ENOMEM;
		f->route_count++;
	}
	return 0;
}

const struct sip_target *sip_dialog_hop(const struct sip_dialog *d)
{
	return d->user_at.addr.ss_family != AF_UNSPEC ? &d->user_at : &d->peer->targets[0];
}

int sip_far_retarget(struct sip_far *f, const osip_message_t *m)
{
	const osip_contact_t *contact = osip_list_get(&m->contacts, 0);
	char *target = contact != NULL ? uri_text(contact->url) : NULL;

	if (target == NULL)
		return -EBADMSG;
	osip_free(f->target);
	f->target = target;
	return 0;
}

int sip_far_learn(struct sip_far *f, const osip_message_t *m)
{
	struct sip_far fresh = {0};
	unsigned shortages = sip_memory_shortages();
	int r = learn_routes(&fresh, m);

	fresh.tag = strdup(sip_message_tag(MSG_IS_RESPONSE(m) ? m->to : m->from));
	if (r == 0)
		r = sip_far_retarget(&fresh, m);
	if (fresh.tag == NULL || sip_memory_shortages() != shortages)
		r = -ENOMEM;
	if (r < 0 && r != -EBADMSG) {
		sip_far_free(&fresh);
		return r;
	}
	sip_far_free(f);
	*f = fresh;
	return r; /* -EBADMSG: no usable Contact or route, the rest is set */
}

/* What the URI asks for, else what the dialog goes by: who leaves the parameter out means that far
 * more often than UDP.  Never less than the peer is configured for. */
static enum sip_protocol uri_protocol(const struct sip_dialog *d, const osip_uri_t *uri)
{
	const char *wanted = sip_param(&uri->url_params, "transport");
	enum sip_protocol p = d->listener->protocol;

	if (wanted != NULL)
		(void)sip_protocol_parse(&p, wanted, strlen(wanted));
	return p < d->peer->conf.transport ? d->peer->conf.transport : p;
}

static void target_uri(const struct sip_dialog *d, const osip_uri_t *uri, struct sip_target *to)
{
	struct sip_target literal = *to;
	struct sockaddr_storage local;

	literal.protocol = uri_protocol(d, uri);
	literal.may_grow = to->may_grow && literal.protocol == SIP_UDP;
	int port = uri->port != NULL ? atoi(uri->port) : sip_protocol_port(literal.protocol);
	if (port <= 0 || port > UINT16_MAX ||
	    !sip_addr_parse(&literal.addr, uri->host, (uint16_t)port) ||
	    literal.addr.ss_family != d->local_addr.ss_family)
		return;
	if (literal.protocol == d->listener->protocol ||
	    sip_transport_pick(&d->agent->transport, &literal, &local) != NULL)
		*to = literal;
}

/* RFC 3261 12.2.1.1: the URI that decides where a request goes; a name cannot be looked up yet,
 * then the peer it belongs to is next.  The connection its INVITE came by leads back to the same
 * host, through whatever firewall let it through. */
static void next_hop(const struct sip_dialog *d, const char *uri, unsigned routed,
		     struct sip_target *to)
{
	struct sip_transport *t = &d->agent->transport;
	osip_uri_t *parsed;

	*to = *sip_dialog_hop(d);
	if (d->user_at.addr.ss_family != AF_UNSPEC && routed == 0)
		return;
	if (osip_uri_init(&parsed) != OSIP_SUCCESS)
		return;
	if (osip_uri_parse(parsed, uri) == OSIP_SUCCESS && parsed->host != NULL)
		target_uri(d, parsed, to);
	osip_uri_free(parsed);
	const struct sockaddr *back = sip_transport_flow_peer(t, d->flow);
	if (back != NULL && to->protocol == d->listener->protocol &&
	    sip_addr_equal(back, (struct sockaddr *)&to->addr, false))
		to->flow = d->flow;
}

static bool is_loose(const char *uri)
{
	const char *p = uri;

	while ((p = strchr(p, ';')) != NULL) {
		p++;
		if (strncasecmp(p, "lr", 2) == 0 && (p[2] == '\0' || strchr(";=?", p[2]) != NULL))
			return true;
	}
	return false;
}

/* alias, RFC 5923 5: what they send to our address may come by this connection.  By TLS alone, for
 * there it is proved whose it is. */
void sip_draft_via(struct sip_draft *draft, const struct sip_dialog *d, const struct sip_target *to)
{
	char addr[SIP_ADDR_TEXT], branch[SIP_TOKEN_SIZE];
	struct sockaddr_storage local = d->local_addr;

	if (to->protocol != d->listener->protocol)
		(void)sip_transport_pick(&d->agent->transport, to, &local);
	sip_draft_set(draft, osip_message_set_via, "SIP/2.0/%s %s;rport%s;branch=z9hG4bK%s",
		      sip_protocol_upper(to->protocol),
		      sip_addr_text((struct sockaddr *)&local, addr),
		      to->protocol == SIP_TLS ? ";alias" : "", sip_token(branch));
	sip_draft_header(draft, "Max-Forwards", "70");
	if (d->agent->user_agent[0] != '\0')
		sip_draft_header(draft, "User-Agent", "%s", d->agent->user_agent);
}

static void draft_parties(struct sip_draft *draft, const struct sip_dialog *d, const char *tag)
{
	if (draft->error != 0)
		return;
	bool ok = osip_from_clone(d->local, &draft->m->from) == OSIP_SUCCESS &&
		  osip_from_set_tag(draft->m->from, osip_strdup(d->local_tag)) == OSIP_SUCCESS &&
		  osip_to_clone(d->remote, &draft->m->to) == OSIP_SUCCESS;
	if (ok && tag != NULL && *tag != '\0')
		ok = osip_to_set_tag(draft->m->to, osip_strdup(tag)) == OSIP_SUCCESS;
	if (!ok)
		draft->error = -ENOMEM;
}

void sip_far_draft(const struct sip_far *f, const struct sip_dialog *d, struct sip_draft *draft,
		   const char *method, uint32_t cseq, struct sip_target *to)
{
	bool strict = f->route_count > 0 && !is_loose(f->routes[0]);
	const char *target = f->target;
	char fallback[SIP_ADDR_TEXT], text[SIP_ADDR_TEXT];

	if (target == NULL) { /* they gave none that is any use: straight to the peer */
		snprintf(fallback, sizeof(fallback), "sip:%.58s",
			 sip_addr_text((const struct sockaddr *)&sip_dialog_hop(d)->addr, text));
		target = fallback;
	}
	next_hop(d, f->route_count > 0 ? f->routes[0] : target, f->route_count, to);
	sip_draft_request(draft, method, strict ? f->routes[0] : target);
	draft->login = d->peer->login;
	sip_draft_via(draft, d, to);
	draft_parties(draft, d, f->tag);
	sip_draft_set(draft, osip_message_set_call_id, "%s", d->call_id);
	sip_draft_set(draft, osip_message_set_cseq, "%u %s", cseq, method);
	for (unsigned i = strict ? 1 : 0; i < f->route_count; i++)
		sip_draft_set(draft, osip_message_set_route, "<%s>", f->routes[i]);
	if (strict)
		sip_draft_set(draft, osip_message_set_route, "<%s>", target);
}
