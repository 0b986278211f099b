/* Reading a file: what lands where, every error with its line, nothing half done. */
#include <stddef.h>
#include <stdlib.h>

/* load.c allocates through these, so that a test can let the n-th allocation fail. */
static long allocations_left = -1;
static void *counted_malloc(size_t size)
{
	return allocations_left == 0 ? NULL : (allocations_left--, malloc(size));
}
static void *counted_calloc(size_t count, size_t size)
{
	return allocations_left == 0 ? NULL : (allocations_left--, calloc(count, size));
}
#define malloc counted_malloc
#define calloc counted_calloc
#include "conf/load.c"
#undef malloc
#undef calloc

#include "conf/address.h"
#include "tests/unit/conf/helper.h"

static void smallest_file_gets_right_defaults(void **state)
{
	struct conf *c = parse_good(SMALLEST);

	(void)state;
	assert_string_equal(c->path, "f");
	assert_int_equal(c->span_count, 1);
	assert_string_equal(c->spans[0].name, "t1-1");
	assert_int_equal(conf_address_port(&c->spans[0].wire.peer), 2142);
	assert_int_equal(c->spans[0].wire.local.ss_family, AF_INET);
	assert_int_equal(conf_address_port(&c->spans[0].wire.local), 2142);
	assert_string_equal(c->trunks[0].isup.name, "pbx");
	assert_int_equal(c->trunks[0].isup.side, ISUP_NETWORK);
	assert_int_equal(c->trunks[0].isup.hunt, ISUP_ASCENDING);
	assert_int_equal(c->trunks[0].isup.bearer_slots, 0x00fffffe);
	assert_string_equal(c->peers[0].sip.domain, "192.0.2.10");
	assert_int_equal(c->sip.peer_count, 1);
	assert_ptr_equal(c->sip.peers, c->sip_peers);
	assert_string_equal(c->sip.peers[0].name, "cs");
	assert_int_equal(c->rules[1].line, 5);
	assert_string_equal(c->gateway.control_path, "/run/tandem/control");

	struct dial_question q = {.from = "pbx", .called = "7134", .caller = ""};
	struct dial_answer a;
	assert_int_equal(dialplan_lookup(c->plan, &q, &a), DIAL_ROUTE);
	assert_string_equal(a.to, "cs");
	assert_int_equal(a.rule->line, 4);
	conf_free(c);
}

static void every_key_lands_in_its_field(void **state)
{
	struct conf *c = parse_good(
		"gateway { control = /x calls_max = 5 setup_timeout_ms = 1001 answer_timeout_ms = "
		"1002 }\n"
		"media { address = \"2001:db8::9\" rtp_ports = 2000-2999 jitter_min_ms = 3 "
		"jitter_max_ms = 33 workers = 2 fifo_priority = 7 no_rtp_ms = 0 }\n"
		"sip { listen = {\"[::1]:5070\"} user_agent = 'a b' t1_ms = 11 t2_ms = 12 t4_ms = "
		"13 "
		"invite_timeout_ms = 1003 dialogs_max = 4 }\n"
		"span s { backend = wire local = \"[::1]:7\" peer = \"[::2]:8\" clock = line "
		"frames_per_packet = 16 rtp_header = yes buffer_min_ms = 4 buffer_max_ms = 5 "
		"loss_ms = 99 dchan_slot = 1 }\n"
		"trunk t { span = s side = user switch_type = qsig hunt = ascending slots = "
		"'3,5-6' "
		"group = g restart_on_start = no t303_ms = 1 t305_ms = 2 t308_ms = 3 t309_ms = 4 "
		"t310_ms = 5 t313_ms = 6 t316_ms = 7 n316 = 8 channel = exclusive retries = 9 "
		"restart_interface = yes service = no flap_losses = 10 flap_window_ms = 11000 "
		"flap_hold_ms = 12 }\n"
		"peer p { address = {'[::3]:5080', \"192.0.2.1:0\"} any_port = on domain = d "
		"codecs = {pcma} dtmf = rfc4733 dtmf_type = 96 ptime_ms = 30 calls_max = 9 }\n"
		"rule r { from = g number = '+1.' caller = 71XX to = p strip = 2 prefix = '*9' "
		"caller_strip = 3 caller_prefix = 55 caller_number = 77 }\n"
		"rule q { reject = 21 }\n");
	struct conf_trunk *t = &c->trunks[0];
	struct conf_peer *p = &c->peers[0];
	struct dial_rule *r = &c->rules[0];
	char text[CONF_ADDRESS_TEXT_MAX];

	(void)state;
	assert_string_equal(c->gateway.control_path, "/x");
	assert_int_equal(c->gateway.calls_max, 5);
	assert_int_equal(c->gateway.setup_timeout_ms, 1001);
	assert_int_equal(c->gateway.answer_timeout_ms, 1002);
	conf_address_format(&c->media.rtp.addr, text);
	assert_string_equal(text, "[2001:db8::9]:0");
	assert_int_equal(c->media.rtp.port_min, 2000);
	assert_int_equal(c->media.rtp.port_max, 2999);
	assert_int_equal(c->media.rtp.jitter_min_ms, 3);
	assert_int_equal(c->media.rtp.jitter_max_ms, 33);
	assert_int_equal(c->media.workers, 2);
	assert_int_equal(c->media.fifo_priority, 7);
	assert_int_equal(c->media.no_rtp_ms, 0);
	assert_int_equal(c->sip.listen_count, 1);
	assert_int_equal(conf_address_port(&c->sip.listen[0].addr), 5070);
	assert_string_equal(c->sip.user_agent, "a b");
	assert_int_equal(c->sip.t1_ms, 11);
	assert_int_equal(c->sip.t2_ms, 12);
	assert_int_equal(c->sip.t4_ms, 13);
	assert_int_equal(c->sip.invite_timeout_ms, 1003);
	assert_int_equal(c->sip.dialogs_max, 4);
	assert_int_equal(c->spans[0].backend, TDM_WIRE);
	assert_int_equal(conf_address_port(&c->spans[0].wire.local), 7);
	assert_int_equal(conf_address_port(&c->spans[0].wire.peer), 8);
	assert_int_equal(c->spans[0].clock, TDM_CLOCK_LINE);
	assert_int_equal(c->spans[0].wire.frames_per_packet, 16);
	assert_true(c->spans[0].wire.rtp_header);
	assert_int_equal(c->spans[0].buffer_min_ms, 4);
	assert_int_equal(c->spans[0].buffer_max_ms, 5);
	assert_int_equal(c->spans[0].loss_ms, 99);
	assert_int_equal(c->spans[0].dchan_slot, 1);
	assert_string_equal(t->span, "s");
	assert_string_equal(t->group, "g");
	assert_int_equal(t->isup.side, ISUP_USER);
	assert_int_equal(t->isup.switch_type, ISUP_QSIG);
	assert_int_equal(t->isup.hunt, ISUP_ASCENDING);
	assert_int_equal(t->isup.bearer_slots, 1u << 3 | 1u << 5 | 1u << 6);
	assert_false(t->isup.restart_on_start);
	assert_int_equal(t->isup.t303_ms, 1);
	assert_int_equal(t->isup.t305_ms, 2);
	assert_int_equal(t->isup.t308_ms, 3);
	assert_int_equal(t->isup.t309_ms, 4);
	assert_int_equal(t->isup.t310_ms, 5);
	assert_int_equal(t->isup.t313_ms, 6);
	assert_int_equal(t->isup.t316_ms, 7);
	assert_int_equal(t->isup.n316, 8);
	assert_int_equal(t->isup.channel, ISUP_EXCLUSIVE);
	assert_int_equal(t->retries, 9);
	assert_true(t->isup.restart_interface);
	assert_false(t->isup.service);
	assert_int_equal(t->isup.flap_losses, 10);
	assert_int_equal(t->isup.flap_window_ms, 11000);
	assert_int_equal(t->isup.flap_hold_ms, 12);
	assert_int_equal(p->sip.addr_count, 2);
	assert_int_equal(p->sip.addr[1].ss_family, AF_INET);
	assert_int_equal(conf_address_port(&p->sip.addr[1]), 0);
	assert_true(p->sip.any_port);
	assert_string_equal(p->sip.domain, "d");
	assert_int_equal(p->codec_count, 1);
	assert_int_equal(p->codec[0], SIP_PCMA);
	assert_int_equal(p->dtmf_type, 96);
	assert_int_equal(p->ptime_ms, 30);
	assert_int_equal(p->calls_max, 9);
	assert_string_equal(r->name, "r");
	assert_string_equal(r->from, "g");
	assert_string_equal(r->pattern, "+1.");
	assert_string_equal(r->caller_pattern, "71XX");
	assert_string_equal(r->to, "p");
	assert_int_equal(r->strip, 2);
	assert_string_equal(r->prefix, "*9");
	assert_int_equal(r->caller_strip, 3);
	assert_string_equal(r->caller_prefix, "55");
	assert_string_equal(r->caller, "77");
	assert_int_equal(c->rules[1].reject_cause, 21);
	conf_free(c);
}

static void inband_takes_the_event_type_away(void **state)
{
	struct conf *c = parse_good("peer p { address = 192.0.2.1 dtmf = inband }");

	(void)state;
	assert_int_equal(c->peers[0].dtmf_type, 0);
	conf_free(c);
}

static void all_errors_with_their_lines(void **state)
{
	static const char text[] = "# a comment { before\n"
				   "/* and one\n"
				   "of two lines */ span t1-1 {\n"
				   "\tclock = \"slow\"  # too\n"
				   "\tframes_per_packet =\n"
				   "\t\t7\n"
				   "\tclok = own\n"
				   "}\n"
				   "peer cs {\n"
				   "\taddress = {\"192.0.2.1\", # the first\n"
				   "\t           \"192.0.2.2\", // the second\n"
				   "\t           \"proxy\"}\n"
				   "\tcodecs = {}\n"
				   "\tptime_ms = 20\n"
				   "\tptime_ms = 30\n"
				   "}\n"
				   "rule x { number = 7a to = cs }\n"
				   "rule y {\n"
				   "\tto = nobody }\n"
				   "phone z = 3\n";
	static const char expected[] =
		"f:3: peer: missing; expected the address of the pseudowire device\n"
		"f:4: clock: expected \"own\" or \"line\"\n"
		"f:6: frames_per_packet: expected a divisor of 80: 1, 2, 4, 5, 8, 10, 16, 20 or "
		"40\n"
		"f:7: clok: no such key in section span\n"
		"f:9: codecs: expected a list of \"pcmu\" or \"pcma\"\n"
		"f:12: address: expected an IPv4 or IPv6 address with port, as 192.0.2.10:5060 or "
		"[2001:db8::10]:5060; a host name would have to be looked up, which can block, so "
		"write the address it has\n"
		"f:15: ptime_ms: given twice in this section\n"
		"f:17: number: expected a pattern: \"a\" is not one of 0-9 * # + X Z N [ ] . !\n"
		"f:19: to: expected a trunk, group or peer; there is none called \"nobody\"\n"
		"f:20: phone: expected a section: gateway, media, sip, span, trunk, peer, tones, "
		"user or rule\n";
	/* After an unknown section's name nothing can be told any more, but all before it was. */
	struct conf *c;
	char *errors = parse_errors(&c, text);

	(void)state;
	assert_null(c);
	/* The reading stops at "phone z", so checks across sections are not made. */
	char *cross = strstr(errors, "phone");
	assert_non_null(cross);
	free(errors);

	char *shorter = strdup(text);
	assert_non_null(shorter);
	strcpy(strstr(shorter, "phone z = 3"), "phone = 3\n");
	errors = parse_errors(&c, shorter);
	assert_string_equal(errors, expected);
	free(errors);
	free(shorter);
}

static void syntax_errors_end_the_reading(void **state)
{
	static const struct {
		const char *text, *errors;
	} row[] = {
		{"rule a { to }", "f:1: rule: missing equal sign after option 'to'"},
		{"rule a { to = }", "f:1: rule: unexpected token '}'"},
		{"\nrule {", "f:2: syntax: the section that begins here has no }"},
		{"\nrule {}", "f:2: syntax: missing title for section 'rule'"},
		{"gateway x {}", "f:1: syntax: missing opening brace for section 'gateway'"},
		{"}", "f:1: syntax: unexpected closing brace"},
		{"rule a { number = {1 2} }", "f:1: rule: unexpected token '2'"},
		{"rule a {}\n\nrule a {}", "f:3: syntax: found duplicate title 'a'"},
		{"rule a {}\nfoo bar {}", "f:2: foo: expected a section: gateway, media"},
		{"rule a { x = {1} }", "f:1: x: no such key in section rule"},
		{"include(\"/etc/passwd\")", "f:1: syntax: put the value in"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct conf *c;
		char *errors = parse_errors(&c, row[i].text);
		if (c != NULL || strstr(errors, row[i].errors) == NULL)
			fail_msg("%s: said %s", row[i].text, errors);
		free(errors);
		/* The scanner is static: what went wrong must not be felt by the next file. */
		conf_free(parse_good(SMALLEST));
	}
}

static void limits_hold(void **state)
{
	char *text = NULL, *errors;
	size_t size;
	FILE *to = open_memstream(&text, &size);
	struct conf *c;

	(void)state;
	assert_non_null(to);
	fprintf(to, "sip { user_agent = \"%0300d\" }\n", 0);
	fprintf(to, "peer p { address = {1,2,3,4,5,6,7,8,9,10,11,12} }\n");
	for (int i = 0; i < CONF_SPANS_MAX + 2; i++)
		fprintf(to, "span s%d { peer = 192.0.2.1 local = 0.0.0.0:0 }\n", i);
	fclose(to);
	errors = parse_errors(&c, text);
	assert_string_equal(errors, "f:1: user_agent: expected at most 255 characters\n"
				    "f:2: address: expected at most 8 values\n"
				    "f:35: span: expected at most 32 sections span\n");
	free(errors);
	free(text);
}

static void four_thousand_rules_load(void **state)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	(void)state;
	assert_non_null(to);
	fprintf(to, "peer p { address = 192.0.2.1 }\n");
	for (int i = 0; i < CONF_RULES_MAX; i++)
		fprintf(to, "rule r%d { number = %04d to = p }\n", i, i);
	fclose(to);
	struct conf *c = parse_good(text);
	assert_int_equal(c->rule_count, CONF_RULES_MAX);
	assert_int_equal(c->rules[4095].line, 4097);
	conf_free(c);
	free(text);
}

static void samples(void **state)
{
	struct conf *c;
	char *errors = NULL;
	size_t size;
	FILE *err = open_memstream(&errors, &size);

	(void)state;
	assert_int_equal(conf_load(&c, "conf/tandem-wire.conf", err), 0);
	assert_string_equal(c->path, "conf/tandem-wire.conf");
	assert_int_equal(c->rule_count, 3);
	conf_free(c);
	assert_int_equal(conf_load(&c, "conf/tandem-ether.conf.sample", err), 0);
	assert_int_equal(c->spans[0].backend, TDM_ETHER);
	assert_string_equal(c->spans[0].ether.mac, "00:50:c2:65:d0:12");
	conf_free(c);
	assert_int_equal(conf_load(&c, "conf/tandem-dahdi.conf.sample", err), 0);
	assert_int_equal(c->spans[0].backend, TDM_DAHDI);
	assert_int_equal(c->spans[0].clock, TDM_CLOCK_OWN);
	conf_free(c);
	fclose(err);
	assert_string_equal(errors, "");
	free(errors);
}

static void files_that_are_none(void **state)
{
	static const struct {
		const char *path, *said;
		int r;
	} row[] = {
		{"conf/no-such-file",
		 "conf/no-such-file: file: No such file or directory (-c names another; "
		 "tandem.conf(5) shows how to begin)\n",
		 -ENOENT},
		{"conf", "conf: file: Is a directory\n", -EISDIR},
		{"/dev/zero", "/dev/zero: file: expected a regular file\n", -EINVAL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct conf *c = (struct conf *)-1;
		char *errors = NULL;
		size_t size;
		FILE *err = open_memstream(&errors, &size);
		assert_int_equal(conf_load(&c, row[i].path, err), row[i].r);
		assert_null(c);
		fclose(err);
		assert_string_equal(errors, row[i].said);
		free(errors);
	}
	struct conf *c;
	char name[300], *errors = NULL;
	size_t size;
	memset(name, 'n', sizeof(name));
	name[299] = '\0';
	FILE *err = open_memstream(&errors, &size);
	assert_int_equal(conf_parse(&c, name, SMALLEST, err), -ENAMETOOLONG);
	fclose(err);
	assert_non_null(strstr(errors, "File name too long"));
	free(errors);
}

static void out_of_memory_is_told_and_leaks_nothing(void **state)
{
	unsigned failures = 0;

	(void)state;
	for (long n = 0; n < 50; n++) {
		struct conf *c;
		char *errors = NULL;
		size_t size;
		FILE *err = open_memstream(&errors, &size);
		allocations_left = n;
		int r = conf_parse(&c, "f", SMALLEST, err);
		allocations_left = -1;
		fclose(err);
		if (r == 0) {
			conf_free(c);
		} else {
			assert_int_equal(r, -ENOMEM);
			assert_null(c);
			assert_string_equal(errors, "f: file: Cannot allocate memory\n");
			failures++;
		}
		free(errors);
	}
	assert_true(failures > 8 && failures < 50); /* it went through in the end */
	conf_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(smallest_file_gets_right_defaults),
		cmocka_unit_test(every_key_lands_in_its_field),
		cmocka_unit_test(inband_takes_the_event_type_away),
		cmocka_unit_test(all_errors_with_their_lines),
		cmocka_unit_test(syntax_errors_end_the_reading),
		cmocka_unit_test(limits_hold),
		cmocka_unit_test(four_thousand_rules_load),
		cmocka_unit_test(samples),
		cmocka_unit_test(files_that_are_none),
		cmocka_unit_test(out_of_memory_is_told_and_leaks_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
