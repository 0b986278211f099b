/* dispatch.c - from a message to a transaction and a dialog, or a refusal: RFC 3261 8.2 in its
 * order. */
#include "sip/address.h"
#include "sip/admit.h"
#include "sip/agent_impl.h"
#include "sip/dialog_impl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LOG_EVERY_MS = 10000 };

/* --- answers --- */

static void draft_extras(struct sip_agent *a, struct sip_draft *draft,
			 const struct sip_incoming *in, int status)
{
	const osip_message_t *m = in->m;
	unsigned options = in->peer != NULL ? sip_peer_options(&in->peer->conf) : 0;
	const char *allow = a->users.table != NULL ? SIP_ALLOW ", REGISTER" : SIP_ALLOW;
	char tags[256];

	if (a->user_agent[0] != '\0')
		sip_draft_header(draft, "Server", "%s", a->user_agent);
	if (status == 405 || status == 501)
		sip_draft_set(draft, osip_message_set_allow, "%s", allow);
	if (status == 415) {
		sip_draft_set(draft, osip_message_set_accept, "application/sdp");
		sip_draft_header(draft, "Accept-Encoding", "identity");
	}
	if (status == 503)
		sip_draft_header(draft, "Retry-After", "5");
	if (status == 420 && sip_message_unsupported(m, options, tags, sizeof(tags)))
		sip_draft_header(draft, "Unsupported", "%s", tags);
	if (status == 421) /* 21.4.16 */
		sip_draft_header(draft, "Require", "100rel");
	if (status == 422)
		sip_draft_header(draft, "Min-SE", "%u", in->peer->conf.min_se_s);
	if (status == 200 && MSG_IS_OPTIONS(m)) { /* 11.2 */
		sip_draft_set(draft, osip_message_set_allow, "%s", allow);
		sip_draft_set(draft, osip_message_set_accept, "application/sdp");
		sip_draft_header(draft, "Accept-Encoding", "identity");
		sip_draft_header(draft, "Accept-Language", "en");
		sip_draft_supported(draft, options);
	}
}

void sip_agent_reply(struct sip_agent *a, struct sip_server *s, const struct sip_incoming *in,
		     int status, const char *phrase)
{
	struct sip_draft draft;
	char tag[SIP_TOKEN_SIZE];

	sip_draft_response(&draft, in->m, status, phrase, sip_token(tag));
	draft_extras(a, &draft, in, status);
	sip_server_respond(s, &draft);
}

void sip_agent_stateless_tag(struct sip_agent *a, const struct sip_scan *scan,
			     char tag[SIP_TOKEN_SIZE])
{
	uint64_t hash = sip_hash64(&a->layer.key, scan->call_id.at, scan->call_id.len) ^
			sip_hash64(&a->layer.key, scan->cseq.at, scan->cseq.len) ^
			sip_hash64(&a->layer.key, scan->from.at, scan->from.len);

	snprintf(tag, SIP_TOKEN_SIZE, "%016llx", (unsigned long long)hash);
}

static void reply_stateless(struct sip_agent *a, struct sip_incoming *in, int status)
{
	struct sip_draft draft;
	char tag[SIP_TOKEN_SIZE], *text;
	size_t len;

	sip_agent_stateless_tag(a, &in->scan, tag);
	sip_draft_response(&draft, in->m, status, NULL, tag);
	draft_extras(a, &draft, in, status);
	if (sip_draft_text(&draft, &text, &len) == 0)
		sip_listener_send(in->listener, &in->reply_to, text, len);
	osip_free(text);
}

static void refuse_malformed(struct sip_agent *a, struct sip_incoming *in)
{
	char text[SIP_MESSAGE_MAX], tag[SIP_TOKEN_SIZE], addr[SIP_ADDR_TEXT];

	if (in->scan.refusal == 513)
		a->counts.refused_oversize++;
	else
		a->counts.refused_malformed++;
	if (in->peer == NULL) { /* a stranger who does not speak SIP is told nothing */
		sip_agent_refused(a, (const struct sockaddr *)&in->from, SIP_REFUSED_MALFORMED);
		return;
	}
	log_limited(&a->malformed_limit, LOG_EVERY_MS, LOG_SIP, LOG_WARN, "refused from %s: %s",
		    sip_addr_text((const struct sockaddr *)&in->from, addr),
		    in->scan.why != NULL ? in->scan.why : "not SIP");
	sip_agent_stateless_tag(a, &in->scan, tag);
	size_t len = sip_scan_refuse(&in->scan, tag, text, sizeof(text));
	if (len > 0)
		sip_listener_send(in->listener, &in->reply_to, text, len);
}

/* --- requests --- */

static bool is_served(const struct sip_agent *a, const char *method)
{
	static const char *const served[] = {"INVITE", "BYE",    "OPTIONS",
					     "PRACK",  "UPDATE", "REFER"};

	for (size_t i = 0; i < sizeof(served) / sizeof(served[0]); i++)
		if (strcmp(method, served[i]) == 0)
			return true;
	return a->users.table != NULL && strcmp(method, "REGISTER") == 0;
}

/* Methods that exist and are refused by choice (405) and not for being unheard of (501). */
static bool is_known(const char *method)
{
	static const char *const known[] = {"REGISTER", "SUBSCRIBE", "NOTIFY", "MESSAGE", "INFO",
					    "REFER",    "PUBLISH",   "ACK",    "CANCEL"};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(method, known[i]) == 0)
			return true;
	return false;
}

static void on_full(struct sip_agent *a, const struct sip_incoming *in)
{
	char addr[SIP_ADDR_TEXT];

	a->counts.refused_full++;
	log_limited(&a->full_limit, LOG_EVERY_MS, LOG_SIP, LOG_WARN,
		    "full: refused a request from %s with %u calls, %u transactions",
		    sip_addr_text((const struct sockaddr *)&in->from, addr), a->counts.dialogs,
		    a->counts.transactions);
}

static bool has_what_we_require(const struct sip_incoming *in)
{
	unsigned theirs =
		sip_message_options(in->m, "Supported") | sip_message_options(in->m, "Require");

	return in->peer->conf.reliable != SIP_RELIABLE_REQUIRED ||
	       (theirs & SIP_OPTION_100REL) != 0;
}

static void on_new_invite(struct sip_agent *a, struct sip_incoming *in, struct sip_server *s)
{
	const char *hops = sip_message_header(in->m, "Max-Forwards", 0);
	struct sip_text sdp;

	if (hops != NULL && strcmp(hops, "0") == 0) /* a call passed on is a hop: RFC 7332 5 */
		sip_agent_reply(a, s, in, 483, NULL);
	else if (sip_message_sdp(in, &sdp) < 0)
		sip_agent_reply(a, s, in, 415, NULL);
	else if (in->peer->conf.calls_per_second != 0 &&
		 !sip_bucket_take(&in->peer->calls, in->peer->conf.calls_per_second,
				  loop_now_ms(a->loop))) {
		sip_agent_refused(a, (const struct sockaddr *)&in->from, SIP_REFUSED_CALLS);
		sip_agent_reply(a, s, in, 503, NULL);
	} else if (!has_what_we_require(in))
		sip_agent_reply(a, s, in, 421, NULL);
	else if (sip_session_is_brief(&in->peer->conf, in->m))
		sip_agent_reply(a, s, in, 422, NULL);
	else if (a->counts.dialogs >= a->dialogs_max) {
		on_full(a, in);
		sip_agent_reply(a, s, in, 503, NULL);
	} else if (in->user != NULL && in->user->calls_max != 0 &&
		   sip_dialog_count_of(a, in->user->name) >= in->user->calls_max) {
		sip_agent_refused(a, (const struct sockaddr *)&in->from, SIP_REFUSED_CALLS);
		sip_agent_reply(a, s, in, 486, NULL);
	} else {
		sip_dialog_invited(a, in, s);
	}
}

/* A user registers itself and nobody else. */
static bool may_register(const struct sip_incoming *in)
{
	const char *name = in->m->to->url->username;

	return in->user != NULL && name != NULL && strcmp(name, in->user->name) == 0;
}

/* Path is understood where it can be meant (RFC 3327). */
static bool requires_path(const osip_message_t *m)
{
	const char *value = sip_message_header(m, "Require", 0);

	return MSG_IS_REGISTER(m) && value != NULL && strcasecmp(value, "path") == 0 &&
	       sip_message_header(m, "Require", 1) == NULL;
}

/* A request with its own new transaction. */
static void on_request(struct sip_agent *a, struct sip_incoming *in, struct sip_server *s)
{
	const char *method = in->m->sip_method;
	bool inside = *sip_message_tag(in->m->to) != '\0';
	char tags[256];

	if (!is_served(a, method) || (MSG_IS_REFER(in->m) && !in->peer->conf.transfer)) {
		sip_agent_reply(a, s, in, is_known(method) ? 405 : 501, NULL);
	} else if (MSG_IS_REGISTER(in->m) && !may_register(in)) {
		sip_agent_refused(a, (const struct sockaddr *)&in->from, SIP_REFUSED_NAME);
		sip_agent_reply(a, s, in, 403, NULL);
	} else if (!inside && sip_layer_is_merged(&a->layer, in) && !s->merges) {
		sip_agent_reply(a, s, in, 482, NULL);
	} else if (!requires_path(in->m) &&
		   sip_message_unsupported(in->m, sip_peer_options(&in->peer->conf), tags,
					   sizeof(tags))) {
		sip_agent_reply(a, s, in, 420, NULL);
	} else if (inside) {
		struct sip_dialog *d = sip_admit_dialog(a, in);
		if (d == NULL)
			sip_agent_reply(a, s, in, 481, NULL);
		else
			sip_dialog_request(d, in, s);
	} else if (MSG_IS_INVITE(in->m)) {
		on_new_invite(a, in, s);
	} else if (MSG_IS_REGISTER(in->m)) {
		sip_registrar_receive(&a->registrar, a, in, s);
	} else if (MSG_IS_REFER(in->m)) {
		sip_agent_reply(a, s, in, 403, NULL); /* a call is transferred by one of its ends */
	} else {
		sip_agent_reply(a, s, in, MSG_IS_OPTIONS(in->m) ? 200 : 481, NULL);
	}
}

static void on_ack(struct sip_agent *a, struct sip_incoming *in)
{
	struct sip_server *s = sip_layer_server(&a->layer, in, "INVITE");

	if (s != NULL && (!sip_admit_server(a, in, s) || sip_server_receive(s, in)))
		return;
	struct sip_dialog *d = sip_admit_dialog(a, in);
	if (d != NULL)
		sip_dialog_request(d, in, NULL);
	else
		a->counts.stray++;
}

static void on_cancel(struct sip_agent *a, struct sip_incoming *in, struct sip_server *s)
{
	struct sip_server *invite = sip_layer_server(&a->layer, in, "INVITE");

	if (invite == NULL) {
		sip_agent_reply(a, s, in, 481, NULL);
		return;
	}
	int q850 = sip_message_q850(in->m);
	sip_agent_reply(a, s, in, 200, NULL);
	sip_dialog_cancelled(invite, q850);
}

static void receive_request(struct sip_agent *a, struct sip_incoming *in)
{
	struct sip_server *s;

	a->counts.requests_in++;
	if (MSG_IS_ACK(in->m)) {
		on_ack(a, in);
		return;
	}
	s = sip_layer_server(&a->layer, in, in->m->sip_method);
	if (s != NULL) {
		if (sip_admit_server(a, in, s))
			sip_server_receive(s, in);
		return;
	}
	if (!sip_admit(a, in))
		return;
	/* A peer that is configured no more finishes its calls and starts none. */
	if (in->peer != NULL && in->peer->retired && *sip_message_tag(in->m->to) == '\0' &&
	    !MSG_IS_CANCEL(in->m)) {
		a->counts.refused_stranger++;
		return;
	}
	int r = sip_server_start(&s, &a->layer, in);
	if (r == -EMSGSIZE) {
		reply_stateless(a, in, 400);
	} else if (r < 0) {
		on_full(a, in);
		/* 503 to BYE or CANCEL would leave the call standing; unanswered, they come again.
		 */
		if (*sip_message_tag(in->m->to) == '\0' && !MSG_IS_CANCEL(in->m))
			reply_stateless(a, in, 503);
	} else if (MSG_IS_CANCEL(in->m)) {
		on_cancel(a, in, s);
	} else {
		on_request(a, in, s);
	}
}

/* --- messages --- */

static void trace(struct sip_agent *a, const struct sip_incoming *in)
{
	struct sip_traced what = {.protocol = in->listener->protocol,
				  .local = (const struct sockaddr *)&in->listener->addr,
				  .peer = (const struct sockaddr *)&in->from,
				  .text = in->text,
				  .len = in->len};

	if (a->ops.trace != NULL)
		a->ops.trace(a->arg, &what);
}

/* A response needs no peer, for its branch is ours and 96 bits long; but then it must come from
 * where the request went.  What matches nothing is not even parsed. */
static void on_response_text(struct sip_agent *a, struct sip_incoming *in)
{
	struct sip_client *c = sip_layer_client(&a->layer, &in->scan);

	if (c == NULL || in->scan.via_count != 1 ||
	    (in->peer == NULL && !sip_addr_equal((struct sockaddr *)&c->to.addr,
						 (struct sockaddr *)&in->from, false))) {
		a->counts.stray++;
		return;
	}
	if (sip_message_read(in) < 0) {
		a->counts.refused_malformed++;
		return;
	}
	if (osip_list_size(&in->m->vias) != 1) { /* 8.1.3.3 */
		a->counts.stray++;
		return;
	}
	a->counts.responses_in++;
	trace(a, in);
	sip_client_receive(c, in);
}

/* 18.2.2: by the connection the request came by; when that is gone, by one to where the sender of
 * the request listens. */
static void route_by_stream(struct sip_agent *a, struct sip_incoming *in)
{
	const osip_via_t *via = osip_list_get(&in->m->vias, 0);
	int port = via->port != NULL ? atoi(via->port) : sip_protocol_port(in->reply_to.protocol);
	struct sip_target there;

	if (port <= 0 || port > UINT16_MAX)
		return; /* then only by the connection itself */
	sip_addr_set_port(&in->reply_to.addr, (uint16_t)port);
	if (in->peer == NULL)
		return;
	snprintf(in->reply_to.name, sizeof(in->reply_to.name), "%s", in->peer->targets[0].name);
	if (sip_param(&via->via_params, "alias") == NULL) /* RFC 5923 */
		return;
	there = in->reply_to;
	there.flow = 0;
	sip_transport_alias(&a->transport, in->flow, &there);
}

static void on_request_text(struct sip_agent *a, struct sip_incoming *in)
{
	if (!sip_admit_scan(a, in))
		return;
	int r = sip_message_read(in);

	if (r == 0)
		r = sip_message_fix_via(in->m, (struct sockaddr *)&in->from, &in->reply_to.addr);
	if (r == 0 && in->flow != 0)
		route_by_stream(a, in);
	if (r == -ENOMEM)
		return; /* as if it had been lost */
	if (r < 0) {
		in->scan.refusal = 400;
		in->scan.why = "Bad Request";
		refuse_malformed(a, in);
		return;
	}
	trace(a, in);
	receive_request(a, in);
}

static void set_source(struct sip_incoming *in, const struct sip_source *from)
{
	in->listener = from->listener;
	in->flow = from->flow;
	in->from = from->addr;
	in->reply_to = (struct sip_target){
		.protocol = from->listener->protocol, .addr = from->addr, .flow = from->flow};
}

void sip_agent_receive(void *agent, const struct sip_source *from, const char *data, size_t len)
{
	struct sip_agent *a = agent;
	struct sip_incoming in = {.text = data, .len = len};

	a->counts.datagrams_in++;
	in.peer = sip_agent_peer_of(a, from);
	if (in.peer == NULL && (len < 4 || strncasecmp(data, "SIP/", 4) != 0) &&
	    !sip_admit_datagram(a, (const struct sockaddr *)&from->addr, len))
		return;
	set_source(&in, from);
	sip_listener_hold(in.listener); /* what follows may end the last call that kept it */
	int r = sip_scan(&in.scan, data, len);
	if (r == -EBADMSG)
		refuse_malformed(a, &in);
	else if (r == 0 && in.scan.request)
		on_request_text(a, &in);
	else if (r == 0)
		on_response_text(a, &in);
	osip_message_free(in.m);
	sip_listener_release(in.listener);
}

void sip_agent_refuse(void *agent, const struct sip_source *from, const char *head, size_t len,
		      int status, const char *why)
{
	struct sip_agent *a = agent;
	struct sip_incoming in = {.text = head, .len = len};

	in.peer = sip_agent_peer_of(a, from);
	if (in.peer == NULL) {
		a->counts.refused_stranger++;
		sip_agent_refused(a, (const struct sockaddr *)&from->addr, SIP_REFUSED_MALFORMED);
		return;
	}
	set_source(&in, from);
	(void)sip_scan(&in.scan, head, len);
	in.scan.refusal = status;
	in.scan.why = why;
	refuse_malformed(a, &in);
}
