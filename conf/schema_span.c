/* schema_span.c - the keys of section span; see schema.h. */
#include "conf/schema.h"
#include "conf/schema_impl.h"
#include <string.h>

static const char *const backends[] = {"wire", "dahdi", "ether", NULL};
static const char *const framings[] = {"esf", "d4", NULL};
static const char *const codings[] = {"b8zs", "ami", NULL};
static const char *const clocks[] = {"own", "line", NULL};

const struct conf_key conf_span_keys[CONF_SPAN_KEYS] = {
	{"backend", CONF_CHOICE, CONF_DRAINS, FIELD(struct tdm_span_conf, backend),
	 .choices = backends,
	 .help = "What carries the span: \"wire\" is a pseudowire, structure-aware TDM over UDP "
		 "(RFC 5086); \"dahdi\" is a T1 card that the DAHDI driver runs; \"ether\" is TDM "
		 "over "
		 "Ethernet as DAHDI's dahdi_dynamic_eth and Redfone bridges speak it."},
	{"local", CONF_ADDRESS, CONF_DRAINS, FIELD(struct tdm_span_conf, wire.local), .min = 2142,
	 .def = "\"0.0.0.0:2142\", or \"[::]:2142\" where peer is IPv6",
	 .help = "wire: address and port on which packets arrive."},
	{"peer", CONF_ADDRESS, CONF_DRAINS, FIELD(struct tdm_span_conf, wire.peer), .min = 2142,
	 .def = "none: must be given",
	 .help = "wire: the pseudowire device; packets from any other address are dropped.  Port "
		 "2142 is "
		 "IANA's for TDM over IP."},
	{"clock", CONF_CHOICE, CONF_DRAINS, FIELD(struct tdm_span_conf, clock), .choices = clocks,
	 .help = "\"own\": this machine's timer, or the card's oscillator, paces the span.  "
		 "\"line\": what arrives paces what leaves; right where the other end has a better "
		 "clock, as a carrier has."},
	{"card", CONF_TEXT, CONF_DRAINS | CONF_MAY_BE_EMPTY,
	 FIELD(struct tdm_span_conf, dahdi.card), .def = "the only one there is",
	 .help = "dahdi: the span's name, location or number, as /proc/dahdi has it."},
	{"framing", CONF_CHOICE, CONF_DRAINS, FIELD(struct tdm_span_conf, dahdi.framing),
	 .choices = framings, .help = "dahdi: framing of the line; \"d4\" is also called SF."},
	{"line_coding", CONF_CHOICE, CONF_DRAINS, FIELD(struct tdm_span_conf, dahdi.coding),
	 .choices = codings, .help = "dahdi: coding of the line."},
	{"line_build_out", CONF_UINT, CONF_DRAINS, FIELD(struct tdm_span_conf, dahdi.build_out),
	 .min = 0, .max = 7,
	 .help = "dahdi: 0 to 4 for up to 133, 266, 399, 533 and 655 feet of cable; 5 to 7 for "
		 "-7.5, -15 and -22.5 dB."},
	{"lead_ms", CONF_UINT, CONF_DRAINS, FIELD(struct tdm_span_conf, dahdi.lead_ms), .min = 20,
	 .max = 200,
	 .help = "dahdi: how far ahead of the card audio is written: its delay, and how long this "
		 "machine may be held up without a gap."},
	{"interface", CONF_NAME, CONF_DRAINS | CONF_MAY_BE_EMPTY,
	 FIELD(struct tdm_span_conf, ether.interface), .def = "none: must be given",
	 .help = "ether: the network interface, such as eth1.  Needs CAP_NET_RAW.  Not there or "
		 "down is "
		 "the alarm \"gone\"."},
	{"mac", CONF_TEXT, CONF_DRAINS | CONF_MAY_BE_EMPTY, FIELD(struct tdm_span_conf, ether.mac),
	 .def = "none: must be given",
	 .help = "ether: MAC address of the device, like 00:50:c2:65:d0:12.  While the line is "
		 "red, "
		 "what has another address or subaddress is counted as foreign."},
	{"subaddress", CONF_UINT, CONF_DRAINS, FIELD(struct tdm_span_conf, ether.subaddress),
	 .min = 0, .max = 65535, .help = "ether: which span of the device."},
	{"frames_per_packet", CONF_UINT, CONF_DRAINS,
	 FIELD(struct tdm_span_conf, wire.frames_per_packet), .min = 1, .max = 40,
	 .help = "wire: T1 frames of 125 us in a packet, a divisor of 80; both ends must agree.  8 "
		 "is 1 "
		 "ms: "
		 "1,000 packets a second, little delay."},
	{"rtp_header", CONF_BOOL, CONF_DRAINS, FIELD(struct tdm_span_conf, wire.rtp_header),
	 .help = "wire: send the optional RTP header; one that arrives is understood either way."},
	{"buffer_min_ms", CONF_UINT, CONF_DRAINS, FIELD(struct tdm_span_conf, buffer_min_ms),
	 .min = 1, .max = 40, .help = "wire, ether: least delay of the jitter buffer."},
	{"buffer_max_ms", CONF_UINT, CONF_DRAINS, FIELD(struct tdm_span_conf, buffer_max_ms),
	 .min = 1, .max = 40,
	 .help = "wire, ether: most delay of the jitter buffer; it adapts between the two."},
	{"loss_ms", CONF_UINT, CONF_DRAINS, FIELD(struct tdm_span_conf, loss_ms), .min = 1,
	 .max = 5000,
	 .help = "wire, ether: no packet for this time is an alarm (RED); at least four packets "
		 "long."},
	{"dchan_slot", CONF_UINT, CONF_DRAINS, FIELD(struct tdm_span_conf, dchan_slot), .min = 0,
	 .max = TDM_SLOTS,
	 .help = "Timeslot of the D-channel, 0 = none.  24 on nearly every T1 in North America."},
};

void conf_span_default(void *element)
{
	struct tdm_span_conf *s = element;

	memset(s, 0, sizeof(*s));
	tdm_span_conf_default(s);
}
