#include "tests/pbx/script_span.h"

#include "tdm/tdmoe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

int script_span_add(struct script *s, const char *name, unsigned line, struct words *w)
{
	if (strlen(name) >= sizeof s->span[0].tdm.name)
		return words_fail(w, "a span's name has at most 15 characters");
	for (unsigned i = 0; i < s->span_count; i++) {
		if (strcmp(s->span[i].tdm.name, name) == 0)
			return words_fail(w, "span %s is there already", name);
	}
	if (s->span_count == SCRIPT_SPANS_MAX)
		return words_fail(w, "more than %d spans", SCRIPT_SPANS_MAX);
	struct script_span *span = &s->span[s->span_count++];
	memset(span, 0, sizeof *span);
	span->line = line;
	tdm_span_conf_default(&span->tdm);
	memset(&span->tdm.wire.local, 0, sizeof span->tdm.wire.local);
	memset(&span->tdm.wire.peer, 0, sizeof span->tdm.wire.peer);
	strcpy(span->tdm.name, name);
	isup_trunk_conf_default(&span->trunk);
	strcpy(span->trunk.name, name);
	/* A PBX is the user of the network the gateway plays, and here the source of its clock. */
	span->trunk.side = ISUP_USER;
	span->trunk.hunt = ISUP_DESCENDING;
	span->trunk.restart_on_start = false;
	span->trunk.user_to_user = span->trunk.line_information = true;
	span->tdm.clock = TDM_CLOCK_OWN;
	return 0;
}

/* 127.0.0.1:2000 or [::1]:2000 */
static int address(struct words *w, struct sockaddr_storage *out)
{
	const char *text;
	char host[64];
	int rc = words_want(w, &text, "an address");

	if (rc < 0)
		return rc;
	const char *colon = strrchr(text, ':');
	char *end;
	unsigned long port = colon != NULL ? strtoul(colon + 1, &end, 10) : 0;
	size_t len = colon != NULL ? (size_t)(colon - text) : 0;
	bool six = len > 2 && text[0] == '[' && text[len - 1] == ']';
	if (colon == NULL || colon[1] == '\0' || *end != '\0' || port > 65535 || len >= sizeof host)
		return words_fail(w, "expected ADDRESS:PORT, not \"%s\"", text);
	memcpy(host, text + six, len - 2 * six);
	host[len - 2 * six] = '\0';
	memset(out, 0, sizeof *out);
	struct sockaddr_in *in4 = (struct sockaddr_in *)out;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;
	if (six && inet_pton(AF_INET6, host, &in6->sin6_addr) == 1) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons((uint16_t)port);
	} else if (!six && inet_pton(AF_INET, host, &in4->sin_addr) == 1) {
		in4->sin_family = AF_INET;
		in4->sin_port = htons((uint16_t)port);
	} else {
		return words_fail(w, "expected 127.0.0.1:2000 or [::1]:2000, not \"%s\"", text);
	}
	return 0;
}

/* One of count names; its index. */
static int choice(struct words *w, const char *const *names, unsigned count)
{
	const char *word = words_next(w);

	for (unsigned i = 0; word != NULL && i < count; i++) {
		if (strcmp(word, names[i]) == 0)
			return (int)i;
	}
	char list[100] = "";
	for (unsigned i = 0; i < count; i++) {
		strcat(list, i == 0 ? "" : i + 1 < count ? ", " : " or ");
		strcat(list, names[i]);
	}
	return words_fail(w, "expected %s, not \"%s\"", list, word != NULL ? word : "");
}

static int set_local(struct script_span *s, struct words *w)
{
	return address(w, &s->tdm.wire.local);
}

static int set_peer(struct script_span *s, struct words *w)
{
	return address(w, &s->tdm.wire.peer);
}

static int set_side(struct script_span *s, struct words *w)
{
	static const char *const names[] = {"user", "network"};
	int i = choice(w, names, 2);

	s->trunk.side = i == 1 ? ISUP_NETWORK : ISUP_USER;
	s->trunk.hunt = i == 1 ? ISUP_ASCENDING : ISUP_DESCENDING;
	return i < 0 ? i : 0;
}

static int set_hunt(struct script_span *s, struct words *w)
{
	static const char *const names[] = {"ascending", "descending"};
	int i = choice(w, names, 2);

	s->trunk.hunt = i == 1 ? ISUP_DESCENDING : ISUP_ASCENDING;
	return i < 0 ? i : 0;
}

static int set_clock(struct script_span *s, struct words *w)
{
	static const char *const names[] = {"own", "line"};
	int i = choice(w, names, 2);

	s->tdm.clock = i == 1 ? TDM_CLOCK_LINE : TDM_CLOCK_OWN;
	return i < 0 ? i : 0;
}

static int set_switch(struct script_span *s, struct words *w)
{
	static const char *const names[] = {"ni2", "5ess", "dms100", "4ess", "qsig", "euroisdn"};
	static const enum isup_switch values[] = {ISUP_NI2,  ISUP_5ESS, ISUP_DMS100,
						  ISUP_4ESS, ISUP_QSIG, ISUP_EUROISDN};
	int i = choice(w, names, 6);

	if (i < 0)
		return i;
	s->trunk.switch_type = values[i];
	return 0;
}

static int set_overlap(struct script_span *s, struct words *w)
{
	static const char *const names[] = {"no", "receive", "send", "both"};
	int i = choice(w, names, 4);

	if (i < 0)
		return i;
	s->trunk.overlap = (enum isup_overlap)i;
	return 0;
}

static int set_dchan(struct script_span *s, struct words *w)
{
	double slot;
	int rc = words_want_number(w, &slot, "a slot", 1, TDM_SLOTS);

	if (rc < 0)
		return rc;
	s->trunk.bearer_slots |= 1u << s->tdm.dchan_slot;
	s->tdm.dchan_slot = (unsigned)slot;
	s->trunk.bearer_slots &= ~(1u << s->tdm.dchan_slot);
	return 0;
}

static int set_slots(struct script_span *s, struct words *w)
{
	const char *text;
	int rc = words_want(w, &text, "slots");
	unsigned from, to;
	char more;

	if (rc < 0)
		return rc;
	int got = sscanf(text, "%u-%u%c", &from, &to, &more);
	if (got == 1 && strchr(text, '-') == NULL)
		to = from;
	else if (got != 2)
		from = 0;
	if (from < 1 || to > TDM_SLOTS || from > to)
		return words_fail(w, "expected slots like 1-23, not \"%s\"", text);
	s->trunk.bearer_slots = 0;
	for (unsigned slot = from; slot <= to; slot++) {
		if (slot != s->tdm.dchan_slot)
			s->trunk.bearer_slots |= 1u << slot;
	}
	return 0;
}

static int set_frames(struct script_span *s, struct words *w)
{
	double frames;
	int rc = words_want_number(w, &frames, "frames a packet", 1, TDM_TICK_OCTETS);

	if (rc < 0)
		return rc;
	s->tdm.wire.frames_per_packet = (unsigned)frames;
	if (TDM_TICK_OCTETS % s->tdm.wire.frames_per_packet != 0)
		return words_fail(w, "frames a packet must divide %d", TDM_TICK_OCTETS);
	return 0;
}

static int set_buffer(struct script_span *s, struct words *w)
{
	double min, max;
	int rc = words_want_number(w, &min, "least ms of buffer", 1, 100);

	if (rc == 0)
		rc = words_want_number(w, &max, "most ms of buffer", min, 100);
	if (rc < 0)
		return rc;
	s->tdm.buffer_min_ms = (unsigned)min;
	s->tdm.buffer_max_ms = (unsigned)max;
	return 0;
}

static int set_backend(struct script_span *s, struct words *w)
{
	static const char *const names[] = {"wire", "dahdi", "ether"};
	static const enum tdm_backend_kind values[] = {TDM_WIRE, TDM_DAHDI, TDM_ETHER};
	int i = choice(w, names, 3);

	if (i < 0)
		return i;
	s->tdm.backend = values[i];
	return 0;
}

static int set_card(struct script_span *s, struct words *w)
{
	const char *text;
	int rc = words_want(w, &text, "a card's name, location or number");

	if (rc < 0)
		return rc;
	if (strlen(text) >= sizeof s->tdm.dahdi.card)
		return words_fail(w, "a card's name is shorter");
	strcpy(s->tdm.dahdi.card, text);
	return 0;
}

static int set_interface(struct script_span *s, struct words *w)
{
	const char *text;
	int rc = words_want(w, &text, "a network interface");

	if (rc < 0)
		return rc;
	if (strlen(text) >= sizeof s->tdm.ether.interface)
		return words_fail(w, "an interface's name is shorter");
	strcpy(s->tdm.ether.interface, text);
	return 0;
}

static int set_mac(struct script_span *s, struct words *w)
{
	const char *text;
	uint8_t mac[TDMOE_MAC_OCTETS];
	int rc = words_want(w, &text, "a MAC address");

	if (rc < 0)
		return rc;
	if (!tdmoe_mac_parse(mac, text))
		return words_fail(w, "expected 00:50:c2:65:d0:12, not \"%s\"", text);
	strcpy(s->tdm.ether.mac, text);
	return 0;
}

static int set_subaddress(struct script_span *s, struct words *w)
{
	double number;
	int rc = words_want_number(w, &number, "a subaddress", 0, UINT16_MAX);

	if (rc == 0)
		s->tdm.ether.subaddress = (unsigned)number;
	return rc;
}

static int set_framing(struct script_span *s, struct words *w)
{
	static const char *const names[] = {"esf", "d4"};
	int i = choice(w, names, 2);

	s->tdm.dahdi.framing = i == 1 ? TDM_D4 : TDM_ESF;
	return i < 0 ? i : 0;
}

static int set_coding(struct script_span *s, struct words *w)
{
	static const char *const names[] = {"b8zs", "ami"};
	int i = choice(w, names, 2);

	s->tdm.dahdi.coding = i == 1 ? TDM_AMI : TDM_B8ZS;
	return i < 0 ? i : 0;
}

static int set_lead(struct script_span *s, struct words *w)
{
	double lead;
	int rc = words_want_number(w, &lead, "ms of lead", 20, 200);

	if (rc < 0)
		return rc;
	s->tdm.dahdi.lead_ms = (unsigned)lead;
	if (s->tdm.dahdi.lead_ms % TDM_TICK_MS != 0)
		return words_fail(w, "ms of lead must be a multiple of %d", TDM_TICK_MS);
	return 0;
}

static int set_rtp(struct script_span *s, struct words *w)
{
	s->tdm.wire.rtp_header = true;
	return 0;
}

static int set_restart(struct script_span *s, struct words *w)
{
	s->trunk.restart_on_start = true;
	return 0;
}

/* nfas FIRST ID: the span belongs to the group of FIRST, with this interface identifier. */
static int set_nfas(struct script_span *s, struct words *w)
{
	double id;
	int rc = words_want_copy(w, s->nfas, sizeof s->nfas, "the span with the D-channel");

	if (rc == 0)
		rc = words_want_number(w, &id, "an interface identifier", 1, 126);
	if (rc == 0)
		s->nfas_id = (unsigned)id;
	return rc;
}

static int set_backup(struct script_span *s, struct words *w)
{
	s->nfas_backup = true;
	return 0;
}

/* Timers of Q.931, in seconds. */
static int set_timer(struct script_span *s, struct words *w)
{
	static const char *const names[] = {"t302", "t303", "t304", "t305", "t306",
					    "t308", "t309", "t310", "t313"};
	unsigned *const where[] = {&s->trunk.t302_ms, &s->trunk.t303_ms, &s->trunk.t304_ms,
				   &s->trunk.t305_ms, &s->trunk.t306_ms, &s->trunk.t308_ms,
				   &s->trunk.t309_ms, &s->trunk.t310_ms, &s->trunk.t313_ms};
	double value;
	int i = choice(w, names, 9);
	int rc = i < 0 ? i : words_want_number(w, &value, "seconds", 0, 3600);

	if (rc == 0)
		*where[i] = (unsigned)(value * 1000 + 0.5);
	return rc;
}

static const struct {
	const char *word;
	int (*set)(struct script_span *s, struct words *w);
} span_words[] = {
	{"local", set_local},     {"peer", set_peer},
	{"side", set_side},       {"overlap", set_overlap},
	{"hunt", set_hunt},       {"clock", set_clock},
	{"switch", set_switch},   {"dchan", set_dchan},
	{"slots", set_slots},     {"frames", set_frames},
	{"buffer", set_buffer},   {"rtp", set_rtp},
	{"restart", set_restart}, {"timer", set_timer},
	{"backend", set_backend}, {"card", set_card},
	{"framing", set_framing}, {"coding", set_coding},
	{"lead", set_lead},       {"interface", set_interface},
	{"mac", set_mac},         {"subaddress", set_subaddress},
	{"nfas", set_nfas},       {"backup", set_backup},
};

int script_span_parse(struct script_span *span, struct words *w)
{
	const char *word;

	while ((word = words_next(w)) != NULL) {
		size_t i = 0, count = sizeof span_words / sizeof span_words[0];
		while (i < count && strcmp(word, span_words[i].word) != 0)
			i++;
		if (i == count)
			return words_fail(w, "\"%s\" is nothing a span has", word);
		int rc = span_words[i].set(span, w);
		if (rc < 0)
			return rc;
	}
	return 0;
}

const char *script_span_check(const struct script_span *span)
{
	const struct tdm_wire_conf *wire = &span->tdm.wire;
	const struct tdm_ether_conf *ether = &span->tdm.ether;

	switch (span->tdm.backend) {
	case TDM_WIRE:
		if (wire->local.ss_family == 0 || wire->local.ss_family != wire->peer.ss_family)
			return "local and peer, both IPv4 or both IPv6";
		break;
	case TDM_DAHDI: break;
	case TDM_ETHER:
		if (ether->interface[0] == '\0' || ether->mac[0] == '\0')
			return "interface and mac";
		break;
	}
	return NULL;
}
