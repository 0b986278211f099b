/* Each D-channel frame and SIP message, while somebody looks or memory is given to keep them. */
#include "gateway/base/clock.h"
#include "gateway/gateway_state.h"
#include "gateway/probe_judge.h"
#include "isup/q931.h"

#include <arpa/inet.h>
#include <jansson.h>
#include <netinet/in.h>
#include <stdlib.h>

enum { ADDR_TEXT = INET6_ADDRSTRLEN + 8, Q921_CONTROL = 2 };

/* --- in --- */

_Static_assert(sizeof(((struct line *)0)->span_conf.name) == TRACE_NAME_MAX, "a span's name fits");
_Static_assert(sizeof(((struct line *)0)->trunk_conf.isup.name) == TRACE_NAME_MAX,
	       "a trunk's name fits");

static uint32_t call_of(const void *user)
{
	const struct leg *leg = user;

	return leg != NULL && leg->call != NULL ? leg->call->id : 0;
}

/* RR and the like: one for each frame with something in it, and one every ten seconds. */
static bool is_supervisory(const uint8_t *frame, size_t len)
{
	return len > Q921_CONTROL && (frame[Q921_CONTROL] & 0x03) == 0x01;
}

void gateway_on_line_trace(void *arg, struct line *l, bool sent, const uint8_t *frame, size_t len)
{
	struct gateway *g = arg;
	struct trace_about about = {.sent = sent};
	struct q931_message m;

	if (!trace_store_wanted(&g->trace) || (g->trace.tell == NULL && is_supervisory(frame, len)))
		return;
	about.at_us = clock_ns(CLOCK_REALTIME) / 1000;
	memcpy(about.span, l->span_conf.name, sizeof(about.span));
	memcpy(about.trunk, l->trunk_conf.isup.name, sizeof(about.trunk));
	about.network = l->trunk_conf.isup.side == ISUP_NETWORK;
	about.switch_type = (uint8_t)l->trunk_conf.isup.switch_type;
	if (q931_parse(&m, frame, len) && m.call_reference != 0) {
		bool ours = m.to_originator != sent; /* who chose the reference */
		uint32_t reference = (uint32_t)m.call_reference << 1 | ours;
		about.key = trace_key((uintptr_t)l, &reference, sizeof(reference));
		about.begins = m.type == Q931_SETUP;
		if (l->trunk != NULL)
			about.call = call_of(isup_trunk_frame_user(l->trunk, sent, frame, len));
	}
	trace_store_add(&g->trace, &about, frame, len);
}

static void copy_addr(struct sockaddr_storage *to, const struct sockaddr *from)
{
	memcpy(to, from,
	       from->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
					   : sizeof(struct sockaddr_in));
}

void gateway_on_sip_trace(void *arg, const struct sip_traced *what)
{
	struct gateway *g = arg;
	struct trace_about about = {.sent = what->sent, .protocol = what->protocol};
	const char *call_id;

	if (!trace_store_wanted(&g->trace))
		return;
	char *masked = malloc(what->len + 1);
	if (masked == NULL) {
		g->trace.lost++;
		return;
	}
	memcpy(masked, what->text, what->len);
	sip_message_mask(masked, what->len);
	about.at_us = clock_ns(CLOCK_REALTIME) / 1000;
	copy_addr(&about.peer, what->peer);
	copy_addr(&about.local, what->local);
	size_t n = sip_message_field(what->text, what->len, "Call-ID", 'i', &call_id);
	if (n > 0)
		about.key = trace_key(0, call_id, n);
	if (g->agent != NULL) /* while it is being opened it sends nothing */
		about.call = call_of(sip_agent_message_user(g->agent, what->text, what->len));
	trace_store_add(&g->trace, &about, masked, what->len);
	free(masked);
}

/* A moment later, when the leg of a SETUP or INVITE has its call. */
uint32_t gateway_trace_call(void *arg, const struct trace_record *r)
{
	const struct gateway *g = arg;
	const char *text = (const char *)r->octets, *call_id;

	if (r->about.trunk[0] == '\0') {
		size_t n = sip_message_field(text, r->len, "Call-ID", 'i', &call_id);
		return call_of(sip_agent_call_user(g->agent, call_id, n));
	}
	for (unsigned i = 0; i < g->line_count; i++) {
		const struct line *l = g->lines[i].line;
		if (l->trunk != NULL && strcmp(l->span_conf.name, r->about.span) == 0)
			return call_of(
				isup_trunk_frame_user(l->trunk, r->about.sent, r->octets, r->len));
	}
	return 0;
}

void gateway_set_trace(struct gateway *g, trace_tell_fn *fn, void *arg)
{
	trace_store_set_tell(&g->trace, fn, arg);
}

const struct trace_record *gateway_trace_from(const struct gateway *g, uint64_t number)
{
	return trace_store_from(&g->trace, number);
}

/* --- out --- */

static const char *addr_text(const struct sockaddr_storage *addr, char out[ADDR_TEXT])
{
	char host[INET6_ADDRSTRLEN] = "?";
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)addr;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)addr;

	if (addr->ss_family == AF_INET6) {
		inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof(host));
		snprintf(out, ADDR_TEXT, "[%s]:%u", host, ntohs(v6->sin6_port));
	} else {
		inet_ntop(AF_INET, &v4->sin_addr, host, sizeof(host));
		snprintf(out, ADDR_TEXT, "%s:%u", host, ntohs(v4->sin_port));
	}
	return out;
}

const char *gateway_trace_text(const struct trace_record *r, char *out, size_t out_size)
{
	bool is_sip = r->about.trunk[0] == '\0';
	bool udp = r->about.protocol == SIP_UDP;
	char what[240], where[ADDR_TEXT];

	if (is_sip)
		sip_message_text((const char *)r->octets, r->len, what, sizeof(what));
	else
		isup_frame_text(r->octets, r->len, what, sizeof(what));
	snprintf(out, out_size, "%s %s%s%s %s %s", is_sip ? "sip" : "q931",
		 udp ? "" : sip_protocol_name(r->about.protocol), udp ? "" : ":",
		 is_sip ? addr_text(&r->about.peer, where) : r->about.trunk,
		 r->about.sent ? ">" : "<", what);
	return out;
}

static char *hex(const uint8_t *octets, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	char *out = malloc(2 * len + 1), *at = out;

	for (size_t i = 0; out != NULL && i < len; i++) {
		*at++ = digits[octets[i] >> 4];
		*at++ = digits[octets[i] & 15];
	}
	if (out != NULL)
		*at = '\0';
	return out;
}

char *gateway_trace_json(const struct trace_record *r)
{
	char *octets = hex(r->octets, r->len), *text = NULL;
	const struct trace_about *a = &r->about;
	json_t *o;

	if (octets == NULL)
		return NULL;
	o = json_pack("{s:I, s:I, s:i, s:b, s:s}", "number", (json_int_t)r->number, "at_us",
		      (json_int_t)a->at_us, "call", (int)a->call, "sent", a->sent, "octets",
		      octets);
	free(octets);
	if (a->trunk[0] != '\0') {
		json_object_set_new(o, "span", json_string(a->span));
		json_object_set_new(o, "trunk", json_string(a->trunk));
		json_object_set_new(o, "network", json_boolean(a->network));
		json_object_set_new(o, "switch", json_string(probe_switch_name(a->switch_type)));
	} else {
		char where[ADDR_TEXT];
		json_object_set_new(o, "peer", json_string(addr_text(&a->peer, where)));
		json_object_set_new(o, "local", json_string(addr_text(&a->local, where)));
		json_object_set_new(o, "protocol", json_string(sip_protocol_name(a->protocol)));
	}
	text = json_dumps(o, JSON_COMPACT);
	json_decref(o);
	return text;
}
