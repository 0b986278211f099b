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
	refused(&q, 420, "Unsupported: 100rel\r\nUnsupported: timer\r\n");
	refused(&q, 420, "Unsupported: x\r\n");
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

static unsigned traced_in, traced_out;

static void on_trace(void *arg, bool sent, const struct sockaddr *peer, const char *text,
		     size_t len)
{
	assert_true(len > 20);
	*(sent ? &traced_out : &traced_in) += 1;
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
		cmocka_unit_test(test_trace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
