#include "sip/dispatch.c"

#include "tests/unit/sip/rig.h"

static struct rig_request plain(const char *method)
{
	return (struct rig_request){.method = method,
				    .branch = "z9hG4bKplain",
				    .call_id = "plain-1",
				    .from_tag = "alice",
				    .cseq = 1};
}

/* One request in, one response out, no call and nothing left of it. */
static const struct rig_message *response_to(struct rig *r, const struct rig_request *q)
{
	rig_request(r, q);
	const struct rig_message *m = rig_expect(r, "SIP/2.0 ");
	rig_expect_nothing(r);
	rig_no_event(r);
	return m;
}

static void is(const struct rig_message *m, int status)
{
	if (atoi(m->text + 8) != status)
		fail_msg("%d was due, this came:\n%s", status, m->text);
	assert_true(strlen(rig_tag(m->text, "To")) >= 16);
}

static void refused(const struct rig_request *q, int status, const char *header)
{
	struct rig r;

	rig_open(&r);
	const struct rig_message *m = response_to(&r, q);
	is(m, status);
	if (header != NULL)
		rig_has(m->text, header);
	rig_close(&r);
}

static void test_options(void **state)
{
	struct rig r;
	struct rig_request q = plain("OPTIONS");

	rig_open(&r);
	const struct rig_message *m = response_to(&r, &q);
	is(m, 200);
	assert_string_equal(rig_header(m->text, "Allow"), SIP_ALLOW);
	assert_string_equal(rig_header(m->text, "Accept"), "application/sdp");
	assert_string_equal(rig_header(m->text, "Server"), "Tandem");
	rig_has(m->text, "Supported:");
	rig_close(&r);
}

static void test_405_allow(void **state)
{
	struct rig_request q = plain("REGISTER");

	refused(&q, 405, "Allow: " SIP_ALLOW "\r\n");
	q = plain("REFER");
	refused(&q, 405, "Allow: ");
}

static void test_501_unknown_method(void **state)
{
	struct rig_request q = plain("FROBNICATE");

	refused(&q, 501, "Allow: ");
	q = plain("invite"); /* methods are case-sensitive */
	refused(&q, 501, NULL);
}

static void test_420_unsupported(void **state)
{
	struct rig_request q = rig_invite;

	q.extra = "Require: 100rel, timer\r\nRequire: x\r\n";
	refused(&q, 420, "Unsupported: 100rel, timer, x\r\n");
}

static void test_415_accept(void **state)
{
	struct rig_request q = rig_invite;

	q.sdp = NULL;
	q.extra = "Content-Type: text/plain\r\nX: y\r\n";
	/* the body comes in by hand: rig_request writes SDP's type for its own */
	struct rig r;
	char text[RIG_TEXT], with_body[RIG_TEXT];
	rig_open(&r);
	rig_format(&r, &q, text, sizeof(text));
	char *length = strstr(text, "Content-Length: 0");
	assert_non_null(length);
	snprintf(with_body, sizeof(with_body), "%.*sContent-Length: 5\r\n\r\nhello",
		 (int)(length - text), text);
	rig_send(&r, with_body);
	const struct rig_message *m = rig_expect(&r, "SIP/2.0 415 ");
	rig_has(m->text, "Accept: application/sdp\r\n");
	rig_no_event(&r);
	rig_close(&r);
}

static void test_415_encoding(void **state)
{
	struct rig_request q = rig_invite;

	q.extra = "Content-Encoding: gzip\r\n";
	refused(&q, 415, "Accept-Encoding: identity\r\n");
}

static void test_multipart_sdp(void **state)
{
	struct rig r;
	struct rig_request q = rig_invite;
	char body[3000], text[RIG_TEXT], whole[RIG_TEXT];

	rig_open(&r);
	snprintf(body, sizeof(body),
		 "--b1\r\nContent-Type: text/plain\r\n\r\nx\r\n--b1\r\n"
		 "Content-Type: application/sdp\r\n\r\n%s\r\n--b1--\r\n",
		 RIG_SDP);
	q.sdp = NULL;
	q.extra = "Content-Type: multipart/mixed;boundary=\"b1\"\r\n";
	rig_format(&r, &q, text, sizeof(text));
	char *length = strstr(text, "Content-Length: 0");
	snprintf(whole, sizeof(whole), "%.*sContent-Length: %zu\r\n\r\n%s", (int)(length - text),
		 text, strlen(body), body);
	rig_send(&r, whole);
	rig_expect(&r, "SIP/2.0 100 ");
	struct sip_dialog *d = rig_event(&r, SIP_INVITED)->dialog;
	struct sip_local_media local = rig_local(&r);
	sip_dialog_accept(d, &r, &local);
	assert_true(rig_event(&r, SIP_MEDIA)->has_media);
	sip_dialog_end(d, 486, 0);
	rig_close(&r);
}

static void test_416_scheme(void **state)
{
	struct rig_request q = rig_invite;

	q.uri = "mailto:a@b";
	refused(&q, 416, NULL);
	q.uri = "sips:7101@cs";
	refused(&q, 416, NULL);
}

static void test_483_no_hops_left(void **state)
{
	struct rig r;
	struct rig_request q = rig_invite;
	char text[RIG_TEXT];

	rig_open(&r);
	rig_format(&r, &q, text, sizeof(text));
	char *hops = strstr(text, "Max-Forwards: 70");
	assert_non_null(hops);
	memcpy(hops, "Max-Forwards:  0", 16);
	rig_send(&r, text);
	rig_expect(&r, "SIP/2.0 483 ");
	rig_no_event(&r);
	rig_close(&r);
}

static void test_400_bad_message(void **state)
{
	struct rig r;
	struct rig_request q = rig_invite;
	struct sip_agent_counts c;

	rig_open(&r);
	q.cseq_method = "BYE";
	is(response_to(&r, &q), 400);
	q = rig_invite;
	q.from = "<<>>";
	is(response_to(&r, &q), 400);
	q = rig_invite;
	q.contact = "";
	is(response_to(&r, &q), 400); /* no Contact: nowhere to send a BYE */
	q = rig_invite;
	q.cseq = 2;
	q.branch = "z9hG4bKbad";
	q.sdp = "v=0\r\nnot SDP";
	is(response_to(&r, &q), 400);
	sip_agent_counts(r.agent, &c);
	assert_int_equal(c.refused_malformed, 2);
	rig_close(&r);
}

static void test_400_for_ack_is_silence(void **state)
{
	struct rig r;
	struct rig_request q = plain("ACK");

	rig_open(&r);
	q.cseq_method = "BYE";
	rig_request(&r, &q);
	rig_send(&r, "ACK sip:x SIP/2.0\r\n\r\n");
	rig_send(&r, "total nonsense\r\n\r\n");
	rig_expect_nothing(&r);
	rig_close(&r);
}

static void test_505(void **state)
{
	struct rig r;
	struct rig_request q = rig_invite;
	char text[RIG_TEXT];

	rig_open(&r);
	rig_format(&r, &q, text, sizeof(text));
	memcpy(strstr(text, "SIP/2.0"), "SIP/7.0", 7);
	rig_send(&r, text);
	rig_expect(&r, "SIP/2.0 505 ");
	rig_close(&r);
}

static void test_513(void **state)
{
	struct rig r;
	struct rig_request q = rig_invite;
	struct sip_agent_counts c;
	static char sdp[8200];

	rig_open(&r);
	memset(sdp, 'x', sizeof(sdp) - 1);
	q.sdp = sdp;
	is(response_to(&r, &q), 513);
	sip_agent_counts(r.agent, &c);
	assert_int_equal(c.refused_oversize, 1);
	rig_close(&r);
}

static void test_481_no_dialog(void **state)
{
	struct rig_request q = plain("BYE");

	refused(&q, 481, NULL);
	q.to_tag = "0123456789abcdef01234567";
	refused(&q, 481, NULL);
	q.method = "OPTIONS";
	refused(&q, 481, NULL);
	q = rig_invite;
	q.to_tag = "nobody-we-know-or-knew";
	refused(&q, 481, NULL);
	q = plain("CANCEL");
	refused(&q, 481, NULL);
}

static void test_matching_needs_all_three(void **state)
{
	struct rig r;
	char tag[64];
	struct rig_request q = plain("BYE");

	rig_open(&r);
	struct sip_dialog *d = rig_answered(&r, tag, sizeof(tag));
	q.to_tag = tag;
	q.cseq = 2;
	is(response_to(&r, &q), 481); /* Call-ID differs */
	q.call_id = "call-1";
	q.from_tag = "mallory";
	q.branch = "z9hG4bKplain2";
	is(response_to(&r, &q), 481);
	q.from_tag = "alice";
	q.branch = "z9hG4bKplain3";
	rig_request(&r, &q);
	rig_expect(&r, "SIP/2.0 200 ");
	rig_event(&r, SIP_ENDING);
	sip_dialog_end(d, 0, 0);
	rig_close(&r);
}

static void test_stranger(void **state)
{
	struct rig r;
	struct sip_agent_counts c;
	struct sockaddr_storage other;
	char text[RIG_TEXT], got[64];

	rig_open(&r);
	int fd = rig_socket(AF_INET, &other); /* the right address, another port */
	rig_format(&r, &rig_invite, text, sizeof(text));
	rig_send_raw(&r, fd, text, strlen(text));
	rig_send_raw(&r, fd, "rubbish", 7);
	sip_agent_counts(r.agent, &c);
	assert_int_equal(c.refused_stranger, 2);
	assert_int_equal(c.transactions, 0);
	assert_int_equal(c.datagrams_out, 0);
	assert_int_equal(recv(fd, got, sizeof(got), MSG_DONTWAIT), -1);
	rig_expect_nothing(&r);
	rig_no_event(&r);
	close(fd);
	rig_close(&r);
}

static unsigned lines;

static void count_line(void *arg, const char *line)
{
	lines++;
}

static void test_strangers_fill_no_log(void **state)
{
	struct rig r;
	struct sockaddr_storage other;

	rig_open(&r);
	int fd = rig_socket(AF_INET, &other);
	lines = 0;
	log_set_sink(count_line, NULL);
	for (int i = 0; i < 200; i++)
		rig_send_raw(&r, fd, "rubbish", 7);
	assert_int_equal(lines, 1);
	close(fd);
	rig_close(&r);
}

static void test_keepalive_is_no_error(void **state)
{
	struct rig r;
	struct sip_agent_counts c;

	rig_open(&r);
	rig_send(&r, "\r\n\r\n");
	sip_agent_counts(r.agent, &c);
	assert_int_equal(c.refused_malformed, 0);
	rig_expect_nothing(&r);
	rig_close(&r);
}

static void test_503_when_full(void **state)
{
	struct rig r;
	struct rig_request q = rig_invite;
	struct sip_agent_counts c;
	char err[64];
	struct sip_dialog *d, *out;

	rig_open(&r);
	r.conf.dialogs_max = 1;
	assert_int_equal(sip_agent_reconfigure(r.agent, &r.conf, err, sizeof(err)), 0);
	d = rig_invited(&r, &rig_invite);
	q.call_id = "call-2";
	q.branch = "z9hG4bKsecond";
	rig_request(&r, &q);
	rig_has(rig_expect(&r, "SIP/2.0 503 ")->text, "Retry-After: ");
	rig_no_event(&r);
	struct sip_invite inv = {.peer = "cs", .number = "1", .local = rig_local(&r)};
	assert_int_equal(sip_dialog_start(&out, r.agent, &inv, NULL), -EAGAIN);
	sip_agent_counts(r.agent, &c);
	assert_int_equal(c.refused_full, 1);
	assert_int_equal(c.dialogs, 1);
	sip_dialog_end(d, 486, 0);
	rig_event(&r, SIP_ENDED);
	assert_int_equal(sip_dialog_start(&out, r.agent, &inv, NULL), 0); /* room again */
	sip_dialog_end(out, 0, 0);
	rig_close(&r);
}

/* Messages after those of RFC 4475: odd but right ones must not be taken for wrong, nor the other
 * way round. */
#define TORTURE_REST                                                                               \
	"Via: SIP/2.0/UDP 192.0.2.2;rport;branch=z9hG4bKtorture\r\nFrom: <sip:c@e.net>;tag=1\r\n"  \
	"To: <sip:j@e.com>\r\nCall-ID: torture\r\nMax-Forwards: 70\r\n"

static const struct {
	const char *name;
	int status;
	const char *text;
} torture[] = {
	{"3.1.1.1 wsinv", 481, /* it has a To tag */
	 "INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0\r\n"
	 "TO :\r\n sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n\r\n"
	 "from   : \"J Rosenberg \\\\\\\"\"       <sip:jdrosen@example.com>\r\n"
	 "  ;\r\n  tag = 98asjd8\r\nMaX-fOrWaRdS: 0068\r\nCall-ID: wsinv.ndaksdj@192.0.2.1\r\n"
	 "Content-Length   : 0\r\ncseq: 0009\r\n  INVITE\r\n"
	 "Via  : SIP  /   2.0\r\n /UDP\r\n    192.0.2.2;rport;branch=390skdjuw\r\ns :\r\n"
	 "NewFangledHeader:   newfangled value\r\n continued newfangled value\r\n"
	 "UnknownHeaderWithUnusualValue: ;;,,;;,;\r\n"
	 "Route:\r\n <sip:services.example.com;lr;unknownwith=value;unknown-no-value>\r\n"
	 "v:  SIP  / 2.0  / TCP     spindle.example.com   ;\r\n  branch  =   z9hG4bK9ikj8  ,\r\n"
	 " SIP  /    2.0   / UDP  192.168.255.111   ; branch=\r\n z9hG4bK30239\r\n"
	 "m:\"Quoted string \\\"\\\"\" <sip:jdrosen@example.com> ; newparam =\r\n      newvalue "
	 ";\r\n"
	 "  secondparam ; q = 0.33\r\n\r\n"},
	{"3.1.1.2 intmeth", 501,
	 "!interesting-Method0123456789_*+`.%indeed'~ sip:1_unusual.URI~(to-be!sure)&isn't+it$/"
	 "crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com "
	 "SIP/2.0\r\n" TORTURE_REST
	 "CSeq: 139122385 !interesting-Method0123456789_*+`.%indeed'~\r\n\r\n"},
	{"3.1.1.3 esc01", 200,
	 "OPTIONS sip:sips%3Auser%40example.com@example.net SIP/2.0\r\n" TORTURE_REST
	 "CSeq: 1 OPTIONS\r\n\r\n"},
	{"3.1.1.8 dblreq", 405,
	 "REGISTER sip:example.com SIP/2.0\r\n" TORTURE_REST
	 "CSeq: 1 REGISTER\r\nContent-Length: 0\r\n\r\nINVITE sip:joe@example.com SIP/2.0\r\n"},
	{"3.1.2.1 badinv01", 400,
	 "INVITE sip:user@example.com SIP/2.0\r\nTo: sip:j.user@example.com\r\n"
	 "From: sip:caller@example.net;tag=134161461246\r\nMax-Forwards: 7\r\n"
	 "Call-ID: badinv01.0ha0isndaksdjasdf3234nas\r\nCSeq: 8 INVITE\r\n"
	 "Via: SIP/2.0/UDP 192.0.2.15;;,;,,\r\nContact: \"Joe\" <sip:joe@example.org>;;;;\r\n\r\n"},
	{"3.1.2.2 clerr", 400,
	 "OPTIONS sip:user@example.com SIP/2.0\r\n" TORTURE_REST
	 "CSeq: 1 OPTIONS\r\nContent-Length: 9999\r\n\r\n"},
	{"3.1.2.3 ncl", 400,
	 "OPTIONS sip:user@example.com SIP/2.0\r\n" TORTURE_REST
	 "CSeq: 1 OPTIONS\r\nContent-Length: -999\r\n\r\n"},
	{"3.1.2.4 scalar02", 400,
	 "OPTIONS sip:user@example.com SIP/2.0\r\n" TORTURE_REST
	 "CSeq: 36893488147419103232 OPTIONS\r\n\r\n"},
	{"3.1.2.7 ltgtruri", 400,
	 "OPTIONS <sip:user@example.com> SIP/2.0\r\n" TORTURE_REST "CSeq: 1 OPTIONS\r\n\r\n"},
	{"3.1.2.8 lwsruri", 400,
	 "OPTIONS sip:user@example.com; lr SIP/2.0\r\n" TORTURE_REST "CSeq: 1 OPTIONS\r\n\r\n"},
	{"3.1.2.9 lwsstart", 400,
	 "OPTIONS  sip:user@example.com  SIP/2.0\r\n" TORTURE_REST "CSeq: 1 OPTIONS\r\n\r\n"},
	{"3.1.2.10 trws", 400,
	 "OPTIONS sip:remote@example.com SIP/2.0  \r\n" TORTURE_REST "CSeq: 1 OPTIONS\r\n\r\n"},
	{"3.1.2.16 badvers", 505,
	 "OPTIONS sip:t.watson@example.org SIP/7.0\r\n" TORTURE_REST "CSeq: 1 OPTIONS\r\n\r\n"},
	{"3.1.2.17 mismatch01", 400,
	 "OPTIONS sip:user@example.com SIP/2.0\r\n" TORTURE_REST "CSeq: 8 INVITE\r\n\r\n"},
	{"3.3.2 unkscm", 416,
	 "OPTIONS nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0\r\n" TORTURE_REST
	 "CSeq: 3 OPTIONS\r\n\r\n"},
	{"3.3.3 novelsc", 416,
	 "OPTIONS soap.beep://192.0.2.103:3002 SIP/2.0\r\n" TORTURE_REST "CSeq: 3 OPTIONS\r\n\r\n"},
	{"3.3.6 bext01", 420,
	 "OPTIONS sip:user@example.com SIP/2.0\r\n" TORTURE_REST
	 "CSeq: 8 OPTIONS\r\nRequire: nothingSupportsThis, nothingSupportsThisEither\r\n\r\n"},
	{"3.3.8 multi01", 400,
	 "OPTIONS sip:user@example.com SIP/2.0\r\n" TORTURE_REST TORTURE_REST
	 "CSeq: 5 OPTIONS\r\n\r\n"},
	{"3.3.9 mcl01", 400,
	 "OPTIONS sip:user@example.com SIP/2.0\r\n" TORTURE_REST
	 "CSeq: 5 OPTIONS\r\nContent-Length: 13\r\nContent-Length: 5\r\n\r\nThere's no way"},
	{"3.3.15 sdp01", 200, /* an OPTIONS here: what is in Accept does not matter */
	 "OPTIONS sip:user@example.com SIP/2.0\r\n" TORTURE_REST
	 "CSeq: 5 OPTIONS\r\nAccept: text/nobodyKnowsThis\r\n\r\n"},
	{"3.4.1 inv2543", 400, /* no Contact; all else that RFC 2543 left out is forgiven */
	 "INVITE sip:UserB@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.2;rport\r\n"
	 "From: <sip:a@example.net>\r\nTo: <sip:b@example.com>\r\nCall-ID: inv2543\r\n"
	 "CSeq: 56 INVITE\r\n\r\n"},
};

static void test_torture(void **state)
{
	for (size_t i = 0; i < sizeof(torture) / sizeof(torture[0]); i++) {
		struct rig r;
		rig_open(&r);
		rig_send(&r, torture[i].text);
		if (r.in_count != 1 || atoi(r.in[0].text + 8) != torture[i].status)
			fail_msg("%s: %d was due, this came:\n%s", torture[i].name,
				 torture[i].status, r.in_count > 0 ? r.in[0].text : "nothing");
		rig_no_event(&r);
		rig_close(&r);
	}
}

static unsigned traced_in, traced_out;

static void on_trace(void *arg, const struct sip_traced *what)
{
	assert_true(what->len > 20);
	assert_int_equal(what->protocol, SIP_UDP);
	assert_int_not_equal(sip_addr_port(what->local), sip_addr_port(what->peer));
	*(what->sent ? &traced_out : &traced_in) += 1;
}

static void test_trace(void **state)
{
	struct rig r;
	struct rig_request q = plain("OPTIONS");

	rig_open(&r);
	r.agent->ops.trace = on_trace;
	traced_in = traced_out = 0;
	response_to(&r, &q);
	assert_int_equal(traced_in, 1);
	assert_int_equal(traced_out, 1);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_405_allow),
		cmocka_unit_test(test_501_unknown_method),
		cmocka_unit_test(test_420_unsupported),
		cmocka_unit_test(test_415_accept),
		cmocka_unit_test(test_415_encoding),
		cmocka_unit_test(test_multipart_sdp),
		cmocka_unit_test(test_416_scheme),
		cmocka_unit_test(test_483_no_hops_left),
		cmocka_unit_test(test_400_bad_message),
		cmocka_unit_test(test_400_for_ack_is_silence),
		cmocka_unit_test(test_505),
		cmocka_unit_test(test_513),
		cmocka_unit_test(test_481_no_dialog),
		cmocka_unit_test(test_matching_needs_all_three),
		cmocka_unit_test(test_stranger),
		cmocka_unit_test(test_strangers_fill_no_log),
		cmocka_unit_test(test_keepalive_is_no_error),
		cmocka_unit_test(test_503_when_full),
		cmocka_unit_test(test_torture),
		cmocka_unit_test(test_trace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
