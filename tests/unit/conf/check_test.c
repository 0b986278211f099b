/* What only the whole file shows: each row is one file and the complaint it must get. */
#include "conf/check.c"
#include "tests/unit/conf/helper.h"

#define SPANS                                                                                      \
	"span a { peer = 192.0.2.7 local = 0.0.0.0:1 }\n"                                          \
	"span b { peer = 192.0.2.8 local = 0.0.0.0:2 }\n"
#define PEER "peer cs { address = 192.0.2.10 }\n"

#define ETHER_SPANS(a_more, interface, mac, b_more)                                                \
	"span a { backend = ether interface = eth1 mac = 00:50:c2:65:d0:12 " a_more " }\n"         \
	"span b { backend = ether interface = " interface " mac = " mac " " b_more " }"

static const struct {
	const char *text, *error; /* error NULL: must load */
} row[] = {
	/* tones */
	{SPANS "trunk t { span = a\ntones = xx }", "f:4: tones: expected a country, such as us"},
	{"peer p { address = 192.0.2.1\ntones = xx }", "f:2: tones: expected a country"},
	{SPANS "trunk t { span = a tones = mine }\ntones mine { }", NULL},
	{"tones de { }", "f:1: tones: expected a name of its own: de is a country"},
	{"tones mine {\nbusy = '425/5' }", "f:2: busy: expected a time from 10 to 60000 ms"},
	{"tones mine { country = xx }", "f:1: country: expected \"us\", \"ca\""},
	{SPANS "trunk t { span = a\ndial_tone = yes }", "f:4: dial_tone: expected only with over"},
	{SPANS "trunk t { span = a dial_tone = yes overlap = both }", NULL},
	{SPANS "trunk t { span = a ringback = own\nearly_audio = never }",
	 "f:4: early_audio: expected other than"},
	{SPANS "trunk t { span = a failure_tone_ms = 1\nearly_audio = never }",
	 "f:4: early_audio: expected other than"},
	{SPANS "trunk t { span = a ringback = far early_audio = never }", NULL},
	/* The profile's dial tone means nothing without overlap. */
	{SPANS "trunk t { span = a profile = generic-euroisdn overlap = no }", NULL},
	/* gateway, media, sip */
	{"gateway { control = x }", "f:1: control: expected an absolute path"},
	{"\nmedia {\njitter_min_ms = 200 }",
	 "f:3: jitter_min_ms: expected at most jitter_max_ms, 120"},
	{"sip { t2_ms = 400 }", "f:1: t1_ms: expected at most t2_ms, 400"},
	{"sip { listen = {'192.0.2.1', '0.0.0.0'} }", "f:1: listen: 0.0.0.0:5060: cannot be bound"},
	{"sip { listen = {'192.0.2.1', '0.0.0.0:5061', '[::]:5060'} }", NULL},
	{"sip { listen = 239.0.0.1 }", "f:1: listen: 239.0.0.1:5060: expected an address of this"},
	{"sip { listen = {'192.0.2.1', 'tcp:192.0.2.1', 'tcp:192.0.2.1:5061'} }", NULL},
	{"sip { listen = {'tcp:192.0.2.1:7', 'tls:0.0.0.0:7'} certificate = /c key = /k }",
	 "f:1: listen: 0.0.0.0:7: cannot be bound"},
	{"sip { listen = 'sctp:192.0.2.1' }", "f:1: listen: expected an IPv4 or IPv6 address"},
	{"sip { listen = 'tls:192.0.2.1' }", "f:1: certificate: expected one, with its key"},
	{"sip { certificate = /c }", "f:1: key: expected the file with the key"},
	{"sip { key = /k }", "f:1: key: expected only with a certificate"},
	{"sip { certificate = c\nkey = /k }", "f:1: certificate: expected an absolute path"},
	{"sip { certificate = /c\nkey = k }", "f:2: key: expected an absolute path"},
	{"sip { ca = ca.pem }", "f:1: ca: expected an absolute path"},
	{"sip { listen = 192.0.2.1 }\npeer p { transport = tcp address = 192.0.2.2 }",
	 "f:2: address: no listen address in section sip is \"tcp:\" and IPv4"},
	{"peer p { transport = tcp address = 192.0.2.2 }", NULL},
	{"peer p { transport = tcp address = 192.0.2.2 }\npeer q { address = 192.0.2.2 }", NULL},
	{"peer p { transport = tcp address = 192.0.2.2 }\n"
	 "peer q { transport = tcp address = '192.0.2.2:5070' }",
	 "f:2: address: 192.0.2.2:5070: peer p accepts requests from it as well"},
	/* spans */
	{"span a { }", "f:1: peer: missing"},
	{"span a { peer = 192.0.2.1:0 }", "f:1: peer: expected the address and port of one device"},
	{"span a { peer = 224.0.0.1 }", "f:1: peer: expected the address and port of one device"},
	{"span a { peer = 0.0.0.0 }", "f:1: peer: expected the address and port of one device"},
	{"span a { peer = ::1 }", NULL},
	{"span a { peer = ::1 local = 0.0.0.0:2142 }",
	 "f:1: local: expected an address of the same"},
	{"span a { peer = 192.0.2.1 }\nspan b { peer = 192.0.2.2 }",
	 "f:2: local: expected an address "
	 "and port of its own: span a"},
	{"span a { peer = 192.0.2.1 }\nspan b { peer = 192.0.2.2 local = 192.0.2.3:2142 }",
	 "f:2: local: expected an address and port of its own: span a"},
	{"span a { peer = 192.0.2.1 }\nspan b { peer = ::1 }", NULL},
	{"span a { peer = 192.0.2.1 local = 0.0.0.0:0 }\n"
	 "span b { peer = 192.0.2.2 local = 0.0.0.0:0 }",
	 NULL},
	{"span a { peer = 192.0.2.1 frames_per_packet = 3 }",
	 "f:1: frames_per_packet: expected a div"},
	{"span a { peer = 192.0.2.1 buffer_min_ms = 11 }",
	 "f:1: buffer_min_ms: expected at most buff"},
	{"span a { peer = 192.0.2.1 buffer_min_ms = 1 buffer_max_ms = 4 frames_per_packet = 40 }",
	 "f:1: buffer_max_ms: expected at least one packet, 40 frames"},
	{"span a { peer = 192.0.2.1 loss_ms = 3 }", "f:1: loss_ms: expected at least 4 packets: 4"},
	{"span a { peer = 192.0.2.1 loss_ms = 4 }", NULL},
	{"span a { backend = dahdi }", NULL},
	{"span a { backend = dahdi lead_ms = 25 }", "f:1: lead_ms: expected a multiple of 10"},
	{"span a { backend = dahdi lead_ms = 10 }", "f:1: lead_ms: expected"},
	{"span a { backend = dahdi }\nspan b { backend = dahdi card = 2 }", NULL},
	{"span a { backend = dahdi card = 2 }\nspan b { backend = dahdi card = 2 }",
	 "f:2: card: expected a card's span of its own: span a has this one"},
	{"span a { backend = ether\ninterface = eth1 }", "f:1: mac: missing"},
	{"span a { backend = ether\nmac = 00:50:c2:65:d0:12 }", "f:1: interface: missing"},
	{"span a { backend = ether interface = eth1\nmac = 01:50:c2:65:d0:12 }",
	 "f:2: mac: expected the address of one device"},
	{"span a { backend = ether interface = eth1 mac = 00:50:c2:65:d0:12\n"
	 "buffer_min_ms = 1 buffer_max_ms = 1 loss_ms = 4 }",
	 NULL},
	{"span a { backend = ether interface = eth1 mac = 00:50:c2:65:d0:12\nloss_ms = 3 }",
	 "f:2: loss_ms: expected at least 4 packets: 4"},
	{ETHER_SPANS("subaddress = 1", "eth1", "00:50:C2:65:D0:12", "subaddress = 1"),
	 "f:2: subaddress: expected another device or subaddress: span a has this one"},
	{ETHER_SPANS("", "eth1", "00:50:c2:65:d0:12", ""),
	 "f:2: subaddress: expected another device or subaddress: span a has this one"},
	{ETHER_SPANS("subaddress = 1", "eth1", "00:50:c2:65:d0:12", "subaddress = 2"), NULL},
	{ETHER_SPANS("", "eth2", "00:50:c2:65:d0:12", ""), NULL},
	{ETHER_SPANS("", "eth1", "00:50:c2:65:d0:13", ""), NULL},
	/* who grants a transfer */
	{SPANS "trunk t { span = a side = network\ntransfer = auto }",
	 "f:4: transfer: expected \"off\" with side = \"network\": two B-channel transfer"},
	{SPANS "trunk t { span = a profile = meridian-dms100\ntransfer = auto }",
	 "f:4: transfer: expected \"off\" with side = \"network\": release link trunk"},
	{SPANS "trunk t { span = a profile = generic-euroisdn\ntransfer = auto }",
	 "f:4: transfer: expected \"off\" with side = \"network\": explicit call transfer"},
	{SPANS "trunk t { span = a profile = meridian-5ess transfer = auto }",
	 "f:3: transfer: expected \"off\""},
	{SPANS "trunk t { span = a side = network switch_type = 4ess transfer = auto }",
	 "f:3: transfer: expected \"off\""},
	{SPANS "trunk t { span = a profile = hipath transfer = auto }", NULL},
	{SPANS "trunk t { span = a profile = carrier-dms100 transfer = auto }", NULL},
	{SPANS "trunk t { span = a side = user switch_type = euroisdn transfer = auto }", NULL},
	/* trunks on several spans */
	{SPANS "trunk t { spans = {a, b} }", NULL},
	{SPANS "trunk t { spans = {a, b} backup = b interface_ids = {3, 0} slots = '1-24' }", NULL},
	{SPANS "trunk t { span = a spans = {a, b} }",
	 "f:3: spans: expected span or spans, not both"},
	{SPANS "trunk t { spans = {a, a} }", "f:3: spans: a is there twice"},
	{SPANS "trunk t { spans = {a, c} }", "f:3: spans: expected the name of a span"},
	{SPANS "trunk t { span = b }\ntrunk u { spans = {a, b} }",
	 "f:4: spans: expected a span of its own: trunk t is on span b"},
	{SPANS "trunk t { spans = {a, b} backup = a }", "f:3: backup: expected another span than"},
	{SPANS "trunk t { spans = {a, b}\nbackup = c }",
	 "f:4: backup: expected one of spans; c is"},
	{SPANS "trunk t { span = a backup = b }", "f:3: backup: expected only with spans"},
	{SPANS "trunk t { span = a interface_ids = 1 }", "f:3: interface_ids: expected only with"},
	{SPANS "trunk t { spans = {a, b} interface_ids = {1} }",
	 "f:3: interface_ids: expected one for each of the 2 spans, not 1"},
	{SPANS "trunk t { spans = {a, b} interface_ids = {1, 1} }",
	 "f:3: interface_ids: 1 is there"},
	{SPANS "trunk t { spans = {a, b} interface_ids = {0, 127} }",
	 "f:3: interface_ids: expected"},
	{SPANS "trunk t { spans = {a, b} switch_type = qsig }",
	 "f:3: spans: expected one span: QSIG"},
	{"span a { peer = 192.0.2.7 local = 0.0.0.0:1 }\n"
	 "span b { peer = 192.0.2.8 local = 0.0.0.0:2 dchan_slot = 24 }\ntrunk t { spans = {a, b} "
	 "}",
	 "f:2: dchan_slot: expected 0 or nothing: the D-channel of trunk t is in span a"},
	{"span a { peer = 192.0.2.7 local = 0.0.0.0:1 }\n"
	 "span b { peer = 192.0.2.8 local = 0.0.0.0:2 dchan_slot = 0 }\n"
	 "trunk t { spans = {a, b} backup = b }",
	 "f:3: backup: expected a span with a D-channel"},
	/* trunks */
	{"trunk t { }", "f:1: span: missing"},
	{SPANS "trunk t { span = a echo_canceller = ours }", "f:3: echo_canceller: expected"},
	{SPANS "trunk t { span = a echo_canceller = card }", NULL},
	{SPANS "trunk t { span = c }",
	 "f:3: span: expected the name of a span; there is no span \"c\""},
	{SPANS "trunk t { span = a }\ntrunk u { span = a }",
	 "f:4: span: expected a span of its own: "
	 "trunk t is on span a"},
	{SPANS "trunk t { span = a }\ntrunk u { span = b }", NULL},
	{SPANS "trunk t { span = a\nslots = '23-24' }",
	 "f:4: slots: slot 24 is the D-channel of span a"},
	{"span a { peer = 192.0.2.1 dchan_slot = 0 }\ntrunk t { span = a }",
	 "f:2: span: expected a "
	 "span with a D-channel"},
	{"span a { peer = 192.0.2.1 dchan_slot = 1 }\ntrunk t { span = a slots = '2-24' }", NULL},
	/* peers */
	{"peer p { }", "f:1: address: missing"},
	{"peer p { address = 192.0.2.1:0 }",
	 "f:1: address: 192.0.2.1:0: expected the address and port"},
	{"peer p { address = {192.0.2.1, '192.0.2.2:0'} }", NULL},
	{"peer p { address = {192.0.2.1, 0.0.0.0} }",
	 "f:1: address: 0.0.0.0:5060: expected the addr"},
	{PEER "peer p { address = 192.0.2.10 }", "f:2: address: 192.0.2.10:5060: peer cs accepts"},
	{PEER "peer p { address = 192.0.2.10:5061 }", NULL},
	{PEER "peer p { address = 192.0.2.10:5061 any_port = yes }",
	 "f:2: address: 192.0.2.10:5061: pe"},
	{PEER "peer p { address = {192.0.2.11, 192.0.2.10:0} }",
	 "f:2: address: 192.0.2.10:0: peer cs"},
	{"sip { listen = 0.0.0.0 }\npeer p { address = ::1 }", "f:2: address: no listen address in "
							       "section sip is IPv6"},
	{"peer p { address = ::1 ptime_ms = 15 }", "f:1: ptime_ms: expected a multiple of 10"},
	{"peer p { address = ::1 session_expires_s = 120 min_se_s = 180 }",
	 "f:1: session_expires_s: expected 0, or at least min_se_s (180)"},
	{"peer p { address = ::1 dtmf_type = 97 dtmf = inband }",
	 "f:1: dtmf_type: expected only with"},
	/* names */
	{SPANS PEER "trunk cs { span = a }",
	 "f:3: peer: expected a name of its own: there is a trunk cs"},
	{SPANS PEER "trunk t { span = a\ngroup = cs }",
	 "f:5: group: expected a name of its own: there "
	 "is a peer cs"},
	{SPANS "trunk t { span = a group = t }",
	 "f:3: group: expected a name of its own: there is a trunk"},
	{SPANS PEER "trunk t { span = a group = g }\ntrunk u { span = b group = g }\n"
		    "rule r { from = g to = cs }\nrule s { from = cs to = g }",
	 NULL},
	/* rules */
	{PEER "rule r { }", "f:2: to: a rule needs a target or a reject cause"},
	{PEER "rule r { to = cs reject = 1 }",
	 "f:2: reject: a rule has either a target or a reject"},
	{PEER "rule r {\nto = cs from = x }",
	 "f:3: from: expected a trunk, group or peer; there is none"},
	{PEER "rule r { to = cs\nnumber = 12 strip = 3 }",
	 "f:3: strip: the pattern matches numbers of 2"},
	{PEER "rule a { number = 71XX to = cs }\nrule b { number = 7134 to = cs }",
	 "f:3: rule: this rule is never reached: rule \"a\" in line 2 takes every call"},
	{PEER "rule a { number = 7134 to = cs }\nrule b { number = 71XX to = cs }", NULL},
	{PEER "rule a { number = 7134 to = cs from = cs }\nrule b { number = 7134 to = cs }", NULL},
};

static void each_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct conf *c;
		char *errors = parse_errors(&c, row[i].text);
		if (row[i].error == NULL) {
			if (c == NULL)
				fail_msg("%s\nrefused: %s", row[i].text, errors);
		} else if (strncmp(errors, row[i].error, strlen(row[i].error)) != 0 ||
			   strchr(errors, '\n')[1] != '\0') {
			fail_msg("%s\nsaid: %s\nnot: %s", row[i].text, errors, row[i].error);
		}
		conf_free(c);
		free(errors);
	}
}

static void defaults_that_depend(void **state)
{
	struct conf *c = parse_good("span a { peer = ::1 dchan_slot = 1 }\n"
				    "trunk t { span = a side = user }\n"
				    "peer p { address = '[2001:db8::1]:5062' }\n");

	(void)state;
	assert_int_equal(c->spans[0].wire.local.ss_family, AF_INET6);
	assert_int_equal(c->trunks[0].isup.hunt, ISUP_DESCENDING);
	assert_int_equal(c->trunks[0].isup.bearer_slots, 0x01fffffc); /* 2 to 24 */
	assert_string_equal(c->peers[0].sip.domain, "[2001:db8::1]");
	conf_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row),
		cmocka_unit_test(defaults_that_depend),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
