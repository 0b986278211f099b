#include "tests/pbx/hybrid.c"
#include "tests/pbx/marker.c"
#include "tests/pbx/pcm.c"
#include "tests/pbx/script.c"
#include "tests/pbx/script_span.c"
#include "tests/pbx/signal.c"
#include "tests/pbx/speak.c"
#include "tests/pbx/wav.c"
#include "tests/pbx/words.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct script s;
static char *said;
static size_t said_size;

/* Parses text as a file "x" would be; what went wrong is in said. */
static int parse(const char *text)
{
	FILE *err = open_memstream(&said, &said_size);
	char *copy = strdup(text), *rest = copy, *line;
	unsigned number = 0;
	int rc = 0;

	script_init(&s);
	while ((line = strsep(&rest, "\n")) != NULL) {
		int bad = script_line(&s, line, "x", ++number, err);
		rc = bad < 0 ? bad : rc;
	}
	if (rc == 0)
		rc = script_check(&s, "x", err);
	fclose(err);
	free(copy);
	return rc;
}

static void done(void)
{
	script_free(&s);
	free(said);
	said = NULL;
}

#define SPAN "span t1 local 127.0.0.1:1 peer 127.0.0.1:2\n"

static void assert_refused(const char *text, const char *expected)
{
	assert_int_equal(parse(text), -EINVAL);
	if (strcmp(said, expected) != 0)
		fail_msg("said \"%s\" instead of \"%s\"", said, expected);
	done();
}

static void a_whole_script(void **state)
{
	assert_int_equal(parse("# two spans\n"
			       "span t1-1 local 127.0.0.1:2001 peer 127.0.0.1:2000\n"
			       "\tside network slots 1-12 frames 40 buffer 3 20 rtp clock line\n"
			       "span t1-2 local [::1]:2003 peer [::1]:2002 dchan 1\n"
			       "  timer t305 4.5 timer t302 3 switch dms100 restart overlap send\n"
			       "\n"
			       "phone 7101 name \"Anna \\\"A\\\" Analog\"   # the first\n"
			       "\tanswer 1.5 play tone 1004 -16 hangup 10\n"
			       "\tdtmf 1 123# dtmf 2.5 A record /r/%n-%c.wav span t1-2\n"
			       "phone 7110-7112 hybrid 12.5 5 long lines 3 quiet\n"
			       "phone 7120 reject 34 ringback restricted listen marker alert 0.2\n"
			       "at 2.5 dial 7101 7134 name \"X Y\"\n"),
			 0);
	assert_int_equal(s.span_count, 2);
	const struct script_span *a = &s.span[0], *b = &s.span[1];
	assert_int_equal(a->trunk.side, ISUP_NETWORK);
	assert_int_equal(a->trunk.hunt, ISUP_ASCENDING);
	assert_int_equal(a->trunk.bearer_slots, 0x1ffe);
	assert_int_equal(a->tdm.wire.frames_per_packet, 40);
	assert_int_equal(a->tdm.buffer_min_ms, 3);
	assert_int_equal(a->tdm.buffer_max_ms, 20);
	assert_true(a->tdm.wire.rtp_header);
	assert_int_equal(a->tdm.clock, TDM_CLOCK_LINE);
	assert_int_equal(b->trunk.side, ISUP_USER);
	assert_int_equal(b->trunk.hunt, ISUP_DESCENDING);
	assert_int_equal(b->tdm.dchan_slot, 1);
	assert_int_equal(b->trunk.bearer_slots, 0x1fffffc);
	assert_int_equal(b->trunk.t305_ms, 4500);
	assert_int_equal(b->trunk.t302_ms, 3000);
	assert_int_equal(b->trunk.overlap, ISUP_OVERLAP_SEND);
	assert_int_equal(b->trunk.switch_type, ISUP_DMS100);
	assert_int_equal(b->tdm.wire.local.ss_family, AF_INET6);
	assert_int_equal(((const struct sockaddr_in6 *)&b->tdm.wire.peer)->sin6_port, htons(2002));

	assert_int_equal(s.phone_count, 5);
	const struct phone_conf *p = s.phone;
	assert_string_equal(p[0].name, "Anna \"A\" Analog");
	assert_int_equal(p[0].answer_ms, 1500);
	assert_int_equal(p[0].play.kind, SIGNAL_TONE);
	assert_true(p[0].play.hz == 1004 && p[0].play.dbm0 == -16);
	assert_true(p[0].hangs_up && p[0].hangup_ms == 10000);
	assert_int_equal(p[0].dtmf_count, 2);
	assert_string_equal(p[0].dtmf[1].digits, "A");
	assert_string_equal(p[0].record, "/r/%n-%c.wav");
	assert_string_equal(p[3].number, "7112");
	assert_true(p[3].echoes && p[3].hybrid.shape == HYBRID_LONG && p[3].quiet);
	assert_true(p[3].hybrid.erl_db == 12.5 && p[3].hybrid.delay_ms == 5);
	assert_int_equal(p[3].lines, 3);
	assert_int_equal(p[4].reply, PHONE_REFUSE);
	assert_int_equal(p[4].cause, 34);
	assert_true(p[4].ringback && p[4].restricted && p[4].marker_listen);

	assert_int_equal(s.at_count, 1);
	assert_int_equal(s.at[0].at_ms, 2500);
	assert_string_equal(s.at[0].command, "dial 7101 7134 name \"X Y\"");
	done();
}

static void a_span_on_a_card(void **state)
{
	(void)state;
	assert_int_equal(parse("span t1-1 backend dahdi card DYN/loc/1:1 framing d4 coding ami\n"
			       "     lead 160\n"),
			 0);
	assert_int_equal(s.span[0].tdm.backend, TDM_DAHDI);
	assert_string_equal(s.span[0].tdm.dahdi.card, "DYN/loc/1:1");
	assert_int_equal(s.span[0].tdm.dahdi.framing, TDM_D4);
	assert_int_equal(s.span[0].tdm.dahdi.coding, TDM_AMI);
	assert_int_equal(s.span[0].tdm.dahdi.lead_ms, 160);
	done();
}

static void a_span_over_ethernet(void **state)
{
	assert_int_equal(parse("span t1-1 backend ether interface eth1 mac 00:50:C2:65:d0:12\n"
			       "\tsubaddress 65535\n"),
			 0);
	assert_int_equal(s.span[0].tdm.backend, TDM_ETHER);
	assert_string_equal(s.span[0].tdm.ether.interface, "eth1");
	assert_string_equal(s.span[0].tdm.ether.mac, "00:50:C2:65:d0:12");
	assert_int_equal(s.span[0].tdm.ether.subaddress, 65535);
	done();
}

static void bad_lines_are_named(void **state)
{
	static const struct {
		const char *text, *said;
	} rows[] = {
		{"fone 7101", "x:1: expected span, phone or at, not \"fone\"\n"},
		{"\n\n\tanswer 2", "x:3: an indented line must follow a span or phone\n"},
		{"phone", "x:1: expected the phone's number at the end of the line\n"},
		{"phone anna", "x:1: expected a number or a range like 7101-7123, not \"anna\"\n"},
		{"phone 7105-7101", "x:1: \"7105-7101\" is no range of at most 10000 numbers\n"},
		{"phone 1\nphone 1", "x:2: phone 1 is there already\n"},
		{"phone 1 dance", "x:1: \"dance\" is nothing a phone can do\n"},
		{"phone 1 answer soon",
		 "x:1: expected seconds until it answers, 0 to 1e+06, not \"soon\"\n"},
		{"phone 1 answer",
		 "x:1: expected seconds until it answers at the end of the line\n"},
		{"phone 1 reject 0", "x:1: expected a Q.850 cause, 1 to 127, not \"0\"\n"},
		{"phone 1 name \"A", "x:1: a quote is not closed\n"},
		{"phone 1 play tune",
		 "x:1: expected silence, tone, digits, marker, ringback or file, not \"tune\"\n"},
		{"phone 1 play tone 5000", "x:1: expected a tone of 50 to 3900 Hz, not 5000\n"},
		{"phone 1 play tone 500 9", "x:1: expected a level of -60 to 3.14 dBm0, not 9\n"},
		{"phone 1 hybrid 6 5 round",
		 "x:1: expected flat, short, long, ringing, double or taps, not \"round\"\n"},
		{"phone 1 hybrid 6 5 taps", "x:1: expected numbers after taps\n"},
		{"phone 1 dtmf 1 12x", "x:1: expected digits out of 0-9*#A-D, not \"12x\"\n"},
		{"phone 1 dtmf 2 1 dtmf 1 2", "x:1: times of dtmf must ascend\n"},
		{"span t1 local 127.0.0.1", "x:1: expected ADDRESS:PORT, not \"127.0.0.1\"\n"},
		{"span t1 local 127.0.0.1:99999",
		 "x:1: expected ADDRESS:PORT, not \"127.0.0.1:99999\"\n"},
		{"span t1 local pbx:1",
		 "x:1: expected 127.0.0.1:2000 or [::1]:2000, not \"pbx:1\"\n"},
		{"span t1 side middle", "x:1: expected user or network, not \"middle\"\n"},
		{"span t1 slots 0-5", "x:1: expected slots like 1-23, not \"0-5\"\n"},
		{"span t1 slots 1-", "x:1: expected slots like 1-23, not \"1-\"\n"},
		{"span t1 frames 7", "x:1: frames a packet must divide 80\n"},
		{"span t1 buffer 5 2", "x:1: expected most ms of buffer, 5 to 100, not \"2\"\n"},
		{"span a-name-too-long-for-it", "x:1: a span's name has at most 15 characters\n"},
		{"at soon quit",
		 "x:1: expected seconds since the start, 0 to 1e+06, not \"soon\"\n"},
		{"at 2", "x:1: expected a command after the time\n"},
		{SPAN "phone 1 span t2", "x: phone 1: there is no span t2\n"},
		{"span t1 local 127.0.0.1:1",
		 "x:1: span t1: expected local and peer, both IPv4 or both IPv6\n"},
		{"span t1 local 127.0.0.1:1 peer [::1]:2",
		 "x:1: span t1: expected local and peer, both IPv4 or both IPv6\n"},
		{"span t1 backend dahdi lead 25", "x:1: ms of lead must be a multiple of 10\n"},
		{"span t1 backend ether interface eth1",
		 "x:1: span t1: expected interface and mac\n"},
		{"span t1 mac 50:c2:65:d0:12",
		 "x:1: expected 00:50:c2:65:d0:12, not \"50:c2:65:d0:12\"\n"},
		{"span t1 interface a-name-too-long-", "x:1: an interface's name is shorter\n"},
		{"phone 1", "x: expected a span, like: span t1-1 local 127.0.0.1:2001 peer "
			    "127.0.0.1:2000\n"},
		/* All at once. */
		{"phone 1 x\nspan\nphone 2 y",
		 "x:1: \"x\" is nothing a phone can do\n"
		 "x:2: expected the span's name at the end of the line\n"
		 "x:3: \"y\" is nothing a phone can do\n"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_refused(rows[i].text, rows[i].said);
}

static void long_lines_are_refused(void **state)
{
	char text[WORDS_LINE_MAX + 100];

	memset(text, 'a', sizeof text);
	text[sizeof text - 1] = '\0';
	assert_refused(text, "x:1: the line is longer than 2047 characters\n");
	for (unsigned i = 0; i < 400; i++)
		memcpy(text + 4 * i, "abc ", 4);
	text[1600] = '\0';
	assert_refused(text, "x:1: more than 96 words in a line\n");
}

/* Any octets: no crash, and what is no script is said to be none. */
static void noise_is_survived(void **state)
{
	static const char *const scraps[] = {"phone ",   "7101",   "-",          "\t",      "span ",
					     "\"",       "\\",     "#",          "answer ", "1e9 ",
					     "play ",    "tone ",  "taps ",      "at ",     "nan ",
					     "[::1]:1 ", "local ", "7101-7109 ", " "};

	srand(1);
	for (unsigned round = 0; round < 3000; round++) {
		char text[400] = "";
		for (unsigned i = 0; i < 20; i++)
			strcat(text, scraps[(unsigned)rand() % (sizeof scraps / sizeof scraps[0])]);
		parse(text);
		done();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_script),         cmocka_unit_test(a_span_on_a_card),
		cmocka_unit_test(a_span_over_ethernet),   cmocka_unit_test(bad_lines_are_named),
		cmocka_unit_test(long_lines_are_refused), cmocka_unit_test(noise_is_survived),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
