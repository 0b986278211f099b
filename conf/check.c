/* check.c - what no single value shows: defaults that depend on other keys, names that must exist,
 * addresses and slots that must not be used twice, rules that could never decide. */
#include "conf/check.h"
#include "conf/address.h"
#include "conf/load.h"
#include "conf/value.h"
#include "tdm/tdmoe.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { FRAMES_PER_MS = 8, FRAMES_PER_TICK = 80, LOSS_PACKETS_MIN = 4 };

/* Both could not be bound, or a datagram from one is one from the other. */
static bool overlap(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	return a->ss_family == b->ss_family && conf_address_port(a) == conf_address_port(b) &&
	       conf_address_port(a) != 0 &&
	       (conf_address_same_host(a, b) || conf_address_is_any(a) || conf_address_is_any(b));
}

/* --- gateway, media, sip ------------------------------------------------------------------------
 */

#define ABSOLUTE_PATH "expected an absolute path, which begins with /"

static void check_single_sections(struct conf_loader *l)
{
	const struct conf *c = l->conf;

	if (c->gateway.control_path[0] != '/')
		REPORT(l, CONF_GATEWAY, 0, "control", ABSOLUTE_PATH);
	if (c->media.rtp.jitter_min_ms > c->media.rtp.jitter_max_ms)
		REPORT(l, CONF_MEDIA, 0, "jitter_min_ms", "expected at most jitter_max_ms, %u",
		       c->media.rtp.jitter_max_ms);
	if (c->media.hold_audio[0] != '/' && strcmp(c->media.hold_audio, "tone") != 0 &&
	    strcmp(c->media.hold_audio, "silence") != 0)
		REPORT(l, CONF_MEDIA, 0, "hold_audio",
		       "expected \"tone\", \"silence\" or the absolute path of a sound file");
	if (c->sip.t1_ms > c->sip.t2_ms)
		REPORT(l, CONF_SIP, 0, "t1_ms", "expected at most t2_ms, %u", c->sip.t2_ms);
}

static bool is_path(const char *text)
{
	return *text == '\0' || *text == '/';
}

static void check_tls(struct conf_loader *l)
{
	const struct sip_tls_conf *t = &l->conf->sip.tls;
	bool listens = false;

	for (unsigned i = 0; i < l->conf->sip.listen_count; i++)
		listens = listens || l->conf->sip.listen[i].protocol == SIP_TLS;
	if (listens && t->certificate[0] == '\0')
		REPORT(l, CONF_SIP, 0, "certificate",
		       "expected one, with its key, for the \"tls:\" in listen");
	else if (t->certificate[0] != '\0' && t->key[0] == '\0')
		REPORT(l, CONF_SIP, 0, "key", "expected the file with the key of the certificate");
	else if (t->certificate[0] == '\0' && t->key[0] != '\0')
		REPORT(l, CONF_SIP, 0, "key", "expected only with a certificate");
	if (!is_path(t->certificate))
		REPORT(l, CONF_SIP, 0, "certificate", ABSOLUTE_PATH);
	if (!is_path(t->key))
		REPORT(l, CONF_SIP, 0, "key", ABSOLUTE_PATH);
	if (!is_path(t->ca))
		REPORT(l, CONF_SIP, 0, "ca", ABSOLUTE_PATH);
}

static void check_listeners(struct conf_loader *l)
{
	const struct sip_agent_conf *c = &l->conf->sip;
	char text[CONF_ADDRESS_TEXT_MAX];

	for (unsigned i = 0; i < c->listen_count; i++) {
		const struct sip_bind *b = &c->listen[i];
		conf_address_format(&b->addr, text);
		if (conf_address_is_multicast(&b->addr))
			REPORT(l, CONF_SIP, 0, "listen", "%s: expected an address of this machine",
			       text);
		for (unsigned j = 0; j < i; j++) {
			bool same_kind =
				(b->protocol == SIP_UDP) == (c->listen[j].protocol == SIP_UDP);
			if (same_kind && overlap(&b->addr, &c->listen[j].addr))
				REPORT(l, CONF_SIP, 0, "listen",
				       "%s: cannot be bound beside another one of these", text);
		}
	}
}

/* --- span ---------------------------------------------------------------------------------------
 */

static void default_local(struct tdm_wire_conf *w)
{
	conf_address_parse(&w->local, w->peer.ss_family == AF_INET6 ? "[::]:2142" : "0.0.0.0:2142",
			   0, NULL, 0);
}

static void check_span_addresses(struct conf_loader *l, size_t i)
{
	struct tdm_wire_conf *w = &l->conf->spans[i].wire;

	if (conf_is_failed(l, CONF_SPAN, i, "peer"))
		return;
	if (!conf_is_given(l, CONF_SPAN, i, "peer")) {
		REPORT(l, CONF_SPAN, i, "peer",
		       "missing; expected the address of the pseudowire device");
		return;
	}
	if (conf_address_is_any(&w->peer) || conf_address_is_multicast(&w->peer) ||
	    conf_address_port(&w->peer) == 0)
		REPORT(l, CONF_SPAN, i, "peer", "expected the address and port of one device");
	if (conf_is_failed(l, CONF_SPAN, i, "local"))
		return;
	if (!conf_is_given(l, CONF_SPAN, i, "local"))
		default_local(w);
	if (conf_address_is_multicast(&w->local))
		REPORT(l, CONF_SPAN, i, "local", "expected an address of this machine");
	if (w->local.ss_family != w->peer.ss_family)
		REPORT(l, CONF_SPAN, i, "local",
		       "expected an address of the same kind, IPv4 or IPv6, as peer");
	for (size_t j = 0; j < i; j++)
		if (overlap(&w->local, &l->conf->spans[j].wire.local))
			REPORT(l, CONF_SPAN, i, "local",
			       "expected an address and port of its own: span %s has this one",
			       l->conf->spans[j].name);
}

static void check_card(struct conf_loader *l, size_t i)
{
	const struct tdm_dahdi_conf *d = &l->conf->spans[i].dahdi;

	if (d->lead_ms % TDM_TICK_MS != 0)
		REPORT(l, CONF_SPAN, i, "lead_ms", "expected a multiple of %d", TDM_TICK_MS);
	for (size_t j = 0; j < i; j++) {
		const struct tdm_span_conf *other = &l->conf->spans[j];
		if (other->backend == TDM_DAHDI && strcmp(other->dahdi.card, d->card) == 0)
			REPORT(l, CONF_SPAN, i, "card",
			       "expected a card's span of its own: span %s has this one",
			       other->name);
	}
}

static bool is_same_line(const struct tdm_span_conf *a, const struct tdm_span_conf *b)
{
	return b->backend == TDM_ETHER && strcmp(a->ether.interface, b->ether.interface) == 0 &&
	       strcasecmp(a->ether.mac, b->ether.mac) == 0 &&
	       a->ether.subaddress == b->ether.subaddress;
}

static void check_span_ether(struct conf_loader *l, size_t i)
{
	const struct tdm_span_conf *s = &l->conf->spans[i];
	uint8_t mac[TDMOE_MAC_OCTETS];

	if (s->ether.interface[0] == '\0' && !conf_is_failed(l, CONF_SPAN, i, "interface"))
		REPORT(l, CONF_SPAN, i, "interface",
		       "missing; expected a network interface, such as eth1");
	if (s->ether.mac[0] == '\0' && !conf_is_failed(l, CONF_SPAN, i, "mac"))
		REPORT(l, CONF_SPAN, i, "mac", "missing; expected the MAC address of the device");
	else if (s->ether.mac[0] != '\0' && !tdmoe_mac_parse(mac, s->ether.mac))
		REPORT(l, CONF_SPAN, i, "mac",
		       "expected the address of one device, like 00:50:c2:65:d0:12");
	for (size_t j = 0; j < i; j++)
		if (is_same_line(s, &l->conf->spans[j]))
			REPORT(l, CONF_SPAN, i, "subaddress",
			       "expected another device or subaddress: span %s has this one",
			       l->conf->spans[j].name);
}

static void check_span_packets(struct conf_loader *l, size_t i, unsigned frames)
{
	const struct tdm_span_conf *s = &l->conf->spans[i];

	if (FRAMES_PER_TICK % frames != 0)
		REPORT(l, CONF_SPAN, i, "frames_per_packet",
		       "expected a divisor of %d: 1, 2, 4, 5, 8, 10, 16, 20 or 40",
		       FRAMES_PER_TICK);
	if (s->buffer_min_ms > s->buffer_max_ms)
		REPORT(l, CONF_SPAN, i, "buffer_min_ms", "expected at most buffer_max_ms, %u",
		       s->buffer_max_ms);
	if (s->buffer_max_ms * FRAMES_PER_MS < frames)
		REPORT(l, CONF_SPAN, i, "buffer_max_ms", "expected at least one packet, %u frames",
		       frames);
	if (s->loss_ms * FRAMES_PER_MS < LOSS_PACKETS_MIN * frames)
		REPORT(l, CONF_SPAN, i, "loss_ms", "expected at least %d packets: %u",
		       LOSS_PACKETS_MIN,
		       (LOSS_PACKETS_MIN * frames + FRAMES_PER_MS - 1) / FRAMES_PER_MS);
}

static void check_span(struct conf_loader *l, size_t i)
{
	const struct tdm_span_conf *s = &l->conf->spans[i];

	switch (s->backend) {
	case TDM_WIRE:
		check_span_addresses(l, i);
		check_span_packets(l, i, s->wire.frames_per_packet);
		break;
	case TDM_DAHDI: check_card(l, i); break;
	case TDM_ETHER:
		check_span_ether(l, i);
		check_span_packets(l, i, TDMOE_SAMPLES);
		break;
	}
}

/* --- peer ---------------------------------------------------------------------------------------
 */

/* A request from one address could be either peer's. */
static bool share_source(const struct sip_peer_conf *a, unsigned i, const struct sip_peer_conf *b,
			 unsigned j)
{
	uint16_t port_a = conf_address_port(&a->addr[i]), port_b = conf_address_port(&b->addr[j]);

	/* Names tell them apart; so does a transport that only one of them takes requests by. */
	if (a->tls_name[0] != '\0' && b->tls_name[0] != '\0' && a->transport == SIP_TLS &&
	    b->transport == SIP_TLS)
		return strcasecmp(a->tls_name, b->tls_name) == 0;
	if (a->transport != b->transport)
		return false;
	return conf_address_same_host(&a->addr[i], &b->addr[j]) &&
	       (port_a == port_b || a->transport != SIP_UDP || a->any_port || b->any_port ||
		port_a == 0 || port_b == 0);
}

static void check_peer_sources(struct conf_loader *l, size_t i)
{
	const struct sip_peer_conf *p = &l->conf->peers[i].sip;

	for (unsigned a = 0; a < p->addr_count; a++) {
		char text[CONF_ADDRESS_TEXT_MAX];
		conf_address_format(&p->addr[a], text);
		if (conf_address_is_any(&p->addr[a]) || conf_address_is_multicast(&p->addr[a]) ||
		    (a == 0 && conf_address_port(&p->addr[a]) == 0))
			REPORT(l, CONF_PEER, i, "address",
			       "%s: expected the address and port of one host", text);
		for (size_t j = 0; j < i; j++) {
			const struct sip_peer_conf *other = &l->conf->peers[j].sip;
			for (unsigned b = 0; b < other->addr_count; b++)
				if (share_source(p, a, other, b))
					REPORT(l, CONF_PEER, i, "address",
					       "%s: peer %s accepts requests from it as well, so "
					       "it "
					       "would not be known which one calls",
					       text, other->name);
		}
	}
}

static void check_peer_listener(struct conf_loader *l, size_t i)
{
	const struct conf *c = l->conf;
	const struct sip_peer_conf *p = &c->peers[i].sip;
	int family = p->addr[0].ss_family;
	const char *version = family == AF_INET6 ? "IPv6" : "IPv4";

	for (unsigned n = 0; n < c->sip.listen_count; n++)
		if (c->sip.listen[n].addr.ss_family == family &&
		    c->sip.listen[n].protocol == p->transport)
			return;
	if (p->transport == SIP_UDP)
		REPORT(l, CONF_PEER, i, "address", "no listen address in section sip is %s",
		       version);
	else
		REPORT(l, CONF_PEER, i, "address",
		       "no listen address in section sip is \"%s:\" and %s",
		       sip_protocol_name(p->transport), version);
}

static void check_peer(struct conf_loader *l, size_t i)
{
	struct conf_peer *p = &l->conf->peers[i];
	char host[CONF_ADDRESS_TEXT_MAX];

	if (!conf_is_failed(l, CONF_PEER, i, "address") && p->sip.addr_count > 0) {
		check_peer_sources(l, i);
		if (!conf_is_failed(l, CONF_SIP, 0, "listen"))
			check_peer_listener(l, i);
		if (!conf_is_given(l, CONF_PEER, i, "domain")) {
			conf_host_format(&p->sip.addr[0], host);
			memcpy(p->sip.domain, host, strlen(host) + 1);
		}
	}
	if (p->ptime_ms % TDM_TICK_MS != 0)
		REPORT(l, CONF_PEER, i, "ptime_ms", "expected a multiple of %d", TDM_TICK_MS);
	if (p->sip.session_expires_s != 0 && p->sip.session_expires_s < p->sip.min_se_s)
		REPORT(l, CONF_PEER, i, "session_expires_s",
		       "expected 0, or at least min_se_s (%u)", p->sip.min_se_s);
	if (conf_is_given(l, CONF_PEER, i, "dtmf_type") && p->dtmf_type == 0)
		REPORT(l, CONF_PEER, i, "dtmf_type", "expected only with dtmf = \"rfc4733\"");
}

/* --- names --------------------------------------------------------------------------------------
 */

static bool is_trunk(const struct conf *c, const char *name)
{
	for (size_t i = 0; i < c->trunk_count; i++)
		if (strcmp(c->trunks[i].isup.name, name) == 0)
			return true;
	return false;
}

static bool is_group(const struct conf *c, const char *name)
{
	for (size_t i = 0; i < c->trunk_count; i++)
		if (strcmp(c->trunks[i].group, name) == 0)
			return true;
	return false;
}

static bool is_peer(const struct conf *c, const char *name)
{
	for (size_t i = 0; i < c->peer_count; i++)
		if (strcmp(c->peers[i].sip.name, name) == 0)
			return true;
	return false;
}

/* Rules name trunks, groups and peers by one word, so they cannot share one. */
static void check_names(struct conf_loader *l)
{
	const struct conf *c = l->conf;

	for (size_t i = 0; i < c->peer_count; i++)
		if (is_trunk(c, c->peers[i].sip.name))
			conf_error(&l->errors, l->lines[CONF_PEER][i].section, "peer",
				   "expected a name of its own: there is a trunk %s",
				   c->peers[i].sip.name);
	for (size_t i = 0; i < c->trunk_count; i++) {
		const char *group = c->trunks[i].group;
		if (group[0] != '\0' && (is_trunk(c, group) || is_peer(c, group)))
			REPORT(l, CONF_TRUNK, i, "group",
			       "expected a name of its own: there is a %s %s",
			       is_peer(c, group) ? "peer" : "trunk", group);
	}
}

static void check_reference(struct conf_loader *l, size_t rule, const char *key, const char *name)
{
	const struct conf *c = l->conf;

	if (name[0] != '\0' && !conf_is_failed(l, CONF_RULE, rule, key) && !is_trunk(c, name) &&
	    !is_group(c, name) && !is_peer(c, name))
		REPORT(l, CONF_RULE, rule, key,
		       "expected a trunk, group or peer; there is none called \"%s\"", name);
}

/* --- rules --------------------------------------------------------------------------------------
 */

/* The dial plan speaks of its struct's fields: the key that fills one. */
static const char *key_of_field(const char *field)
{
	static const char *const names[][2] = {
		{"pattern", "number"},      {"caller_pattern", "caller"},
		{"reject_cause", "reject"}, {"caller", "caller_number"},
		{"name", "from"}, /* only the count of rules, checked before */
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i][0], field) == 0)
			return names[i][1];
	return field;
}

/* Each rule by itself, so that every bad one is reported. */
static int check_rule(struct conf_loader *l, size_t i)
{
	struct dial_rule *rule = &l->conf->rules[i];
	struct dialplan *plan;
	char err[160];
	size_t bad;

	rule->line = l->lines[CONF_RULE][i].section;
	check_reference(l, i, "from", rule->from);
	check_reference(l, i, "to", rule->to);
	for (size_t k = 0; k < CONF_KEYS_MAX; k++)
		if (l->lines[CONF_RULE][i].failed[k])
			return 0;
	int r = dialplan_build(&plan, rule, 1, &bad, err, sizeof(err));
	if (r == -EINVAL) {
		char *why = strchr(err, ':');
		*why = '\0';
		REPORT(l, CONF_RULE, i, key_of_field(err), "%s", why + 2);
		r = 0;
	}
	dialplan_free(plan);
	return r;
}

static int build_plan(struct conf_loader *l)
{
	struct conf *c = l->conf;
	char err[160];
	size_t bad;
	int r = dialplan_build(&c->plan, c->rules, c->rule_count, &bad, err, sizeof(err));

	if (r != 0)
		return r;
	for (size_t i = 0; i < c->rule_count; i++) {
		size_t by = dialplan_shadowed_by(c->plan, i);
		if (by != i)
			conf_error(&l->errors, c->rules[i].line, "rule",
				   "this rule is never reached: rule \"%s\" in line %u takes every "
				   "call it could match",
				   c->rules[by].name, c->rules[by].line);
	}
	return 0;
}

static int collect_peers(struct conf *c)
{
	c->sip_peers = calloc(c->peer_count + 1, sizeof(*c->sip_peers));
	if (c->sip_peers == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < c->peer_count; i++)
		c->sip_peers[i] = c->peers[i].sip;
	c->sip.peers = c->sip_peers;
	c->sip.peer_count = (unsigned)c->peer_count;
	c->sip.users = c->users;
	c->sip.user_count = (unsigned)c->user_count;
	return 0;
}

int conf_check(struct conf_loader *l)
{
	struct conf *c = l->conf;

	check_single_sections(l);
	check_tls(l);
	check_listeners(l);
	for (size_t i = 0; i < c->span_count; i++)
		check_span(l, i);
	for (size_t i = 0; i < c->trunk_count; i++)
		conf_check_trunk(l, i);
	for (size_t i = 0; i < c->peer_count; i++)
		check_peer(l, i);
	conf_check_auth(l);
	check_names(l);
	conf_check_tones(l);
	for (size_t i = 0; i < c->rule_count; i++) {
		int r = check_rule(l, i);
		if (r != 0)
			return r;
	}
	if (conf_errors_any(&l->errors))
		return -EINVAL;
	int r = build_plan(l);
	return r == 0 ? collect_peers(c) : r;
}
