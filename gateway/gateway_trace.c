/* Each Q.931 frame and SIP message as one line of text, while somebody looks. */
#include "gateway/base/clock.h"
#include "gateway/gateway_state.h"

#include <arpa/inet.h>
#include <netinet/in.h>

/* "12:00:00.123456 q931 pbx > SETUP ...": time of day UTC, protocol, trunk or peer, direction,
 * message. */
static void trace_line(struct gateway *g, const char *protocol, const char *where, bool sent,
		       const char *text)
{
	char line[360];
	uint64_t us = clock_ns(CLOCK_REALTIME) / 1000;
	unsigned second = (unsigned)(us / 1000000 % 86400);

	snprintf(line, sizeof(line), "%02u:%02u:%02u.%06u %s %s %s %s", second / 3600,
		 second / 60 % 60, second % 60, (unsigned)(us % 1000000), protocol, where,
		 sent ? ">" : "<", text);
	g->trace(g->trace_arg, line);
}

void gateway_on_line_trace(void *arg, struct line *l, bool sent, const uint8_t *frame, size_t len)
{
	struct gateway *g = arg;
	char text[240];

	if (g->trace != NULL)
		trace_line(g, "q931", l->trunk_conf.isup.name, sent,
			   isup_frame_text(frame, len, text, sizeof(text)));
}

void gateway_on_sip_trace(void *arg, const struct sip_traced *traced)
{
	struct gateway *g = arg;
	char what[240], host[INET6_ADDRSTRLEN] = "?", where[INET6_ADDRSTRLEN + 16];
	const struct sockaddr *peer = traced->peer;
	bool udp = traced->protocol == SIP_UDP;
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)peer;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)peer;

	if (g->trace == NULL)
		return;
	if (peer->sa_family == AF_INET6)
		inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof(host));
	else
		inet_ntop(AF_INET, &v4->sin_addr, host, sizeof(host));
	snprintf(where, sizeof(where), peer->sa_family == AF_INET6 ? "%s%s[%s]:%u" : "%s%s%s:%u",
		 udp ? "" : sip_protocol_name(traced->protocol), udp ? "" : ":", host,
		 ntohs(peer->sa_family == AF_INET6 ? v6->sin6_port : v4->sin_port));
	trace_line(g, "sip", where, traced->sent,
		   sip_message_text(traced->text, traced->len, what, sizeof(what)));
}

void gateway_set_trace(struct gateway *g, gateway_trace_fn *fn, void *arg)
{
	g->trace = fn;
	g->trace_arg = arg;
}
