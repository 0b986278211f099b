#include "sip/prescan.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define HEAD(method, uri, version)                                                                 \
	method " " uri " " version "\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\r\n"
#define REST(cseq) "From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: i\r\nCSeq: " cseq "\r\n"
#define GOOD       HEAD("INVITE", "sip:a@b", "SIP/2.0") REST("1 INVITE")

static int scan(struct sip_scan *s, const char *text)
{
	/* An exact copy, so that the sanitizer sees a read past its end. */
	size_t len = strlen(text);
	static char *copy;
	free(copy);
	copy = malloc(len + 1);
	assert_non_null(copy);
	memcpy(copy, text, len);
	copy = realloc(copy, len > 0 ? len : 1);
	return sip_scan(s, copy, len);
}

static void refused(const char *text, int status)
{
	struct sip_scan s;

	assert_int_equal(scan(&s, text), -EBADMSG);
	if (s.refusal != status)
		fail_msg("%d instead of %d (%s) for:\n%s", s.refusal, status, s.why, text);
}

static void test_good(void **state)
{
	struct sip_scan s;

	assert_int_equal(scan(&s, "\r\n" GOOD "Content-Length: 3\r\n\r\nabcdef"), 0);
	assert_true(s.request);
	assert_int_equal(s.skipped, 2);
	assert_int_equal(s.body.len, 3);
	assert_memory_equal(s.body.at, "abc", 3);
	assert_int_equal(s.head_len, strlen(GOOD "Content-Length: 3\r\n\r\n"));
	assert_int_equal(s.cseq_number, 1);
	struct sip_text b = sip_scan_branch(&s);
	assert_int_equal(b.len, strlen("z9hG4bKx"));
	assert_memory_equal(b.at, "z9hG4bKx", b.len);
}

static void test_response(void **state)
{
	struct sip_scan s;

	assert_int_equal(scan(&s,
			      "SIP/2.0 180 R\r\nv : SIP/2.0/UDP h ;a=b; branch = z9x ;c\r\nf: x\r\n"
			      "t: y\r\ni: z\r\nCSeq: 7\r\n BYE\r\n\r\n"),
			 0);
	assert_false(s.request);
	assert_int_equal(s.status, 180);
	assert_int_equal(s.method.len, 3);
	assert_memory_equal(s.method.at, "BYE", 3);
	struct sip_text b = sip_scan_branch(&s);
	assert_int_equal(b.len, 3);
	assert_memory_equal(b.at, "z9x", 3);
}

static void test_content_type_can_be_cut_out(void **state)
{
	struct sip_scan s;

	assert_int_equal(scan(&s, GOOD "c: a/b;\r\n x=y\r\nSubject: z\r\n\r\n"), 0);
	assert_memory_equal(s.content_type.at, "a/b;\r\n x=y", 10);
	assert_int_equal(s.content_type_line.len, strlen("c: a/b;\r\n x=y\r\n"));
	assert_memory_equal(s.content_type_line.at + s.content_type_line.len, "Subject", 7);
	refused(GOOD "c: a/b\r\nContent-Type: c/d\r\n\r\n", 400);
}

static void test_response_without_cseq(void **state)
{
	struct sip_scan s;

	assert_int_equal(scan(&s, "SIP/2.0 200 x\r\nv: SIP/2.0/UDP h;branch=z\r\nf: x\r\nt: y\r\n"
				  "i: z\r\nCSeq: \r\n\r\n"),
			 -EBADMSG);
}

static void test_keepalive(void **state)
{
	struct sip_scan s;

	assert_int_equal(scan(&s, "\r\n\r\n"), -EAGAIN);
	assert_int_equal(scan(&s, ""), -EAGAIN);
}

static void test_not_sip(void **state)
{
	struct sip_scan s;
	char out[64];
	static const char *const texts[] = {
		"x",
		"GET",
		"\x16\x03\x01\n",
		"SIP/2.0 42 x\r\n\r\n",
		"SIP/2.0 700 x\r\n\r\n",
		"SIP/2.0 99999 x\r\n\r\n",
		"SIP/3.0 200 x\r\n\r\n",
		" INVITE sip:a SIP/2.0\r\n\r\n",
		"IN\"ITE sip:a SIP/2.0\r\n\r\n",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(scan(&s, texts[i]), -EBADMSG);
		s.refusal = 400;
		assert_int_equal(sip_scan_refuse(&s, "t", out, sizeof(out)), 0);
	}
}

static void test_start_line(void **state)
{
	refused(HEAD("INVITE", "sip:a@b", "SIP/3.0") REST("1 INVITE") "\r\n", 505);
	refused(HEAD("INVITE", "sip:a@b", "HTTP/1.1") REST("1 INVITE") "\r\n", 400);
	refused(HEAD("INVITE", "sip:a b@b", "SIP/2.0") REST("1 INVITE") "\r\n", 400);
	refused(HEAD("INVITE", "<sip:a@b>", "SIP/2.0") REST("1 INVITE") "\r\n", 400);
	refused(HEAD("INVITE", "sip:a%00b@b", "SIP/2.0") REST("1 INVITE") "\r\n", 400);
	refused(HEAD("INVITE", "nothing", "SIP/2.0") REST("1 INVITE") "\r\n", 400);
	refused(HEAD("INVITE", "soap:a@b", "SIP/2.0") REST("1 INVITE") "\r\n", 416);
	refused(HEAD("INVITE", "sips:a@b", "SIP/2.0") REST("1 INVITE") "\r\n", 416);
}

static void test_numbers(void **state)
{
	refused(HEAD("INVITE", "sip:a@b", "SIP/2.0") REST("1 BYE") "\r\n", 400);
	refused(HEAD("INVITE", "sip:a@b", "SIP/2.0") REST("x INVITE") "\r\n", 400);
	refused(HEAD("INVITE", "sip:a@b", "SIP/2.0") REST("-1 INVITE") "\r\n", 400);
	refused(HEAD("INVITE", "sip:a@b", "SIP/2.0") REST("2147483648 INVITE") "\r\n", 400);
	refused(HEAD("INVITE", "sip:a@b", "SIP/2.0") REST("36893488147419103232 INVITE") "\r\n",
		400);
	refused(GOOD "Content-Length: -3\r\n\r\nabc", 400);
	refused(GOOD "Content-Length: 4\r\n\r\nabc", 400);
	refused(GOOD "Content-Length: 3\r\nl: 2\r\n\r\nabc", 400);
	refused(GOOD "Max-Forwards: 256\r\n\r\n", 400);
	refused(GOOD "Max-Forwards: 1\r\nMax-Forwards: 2\r\n\r\n", 400);
}

static void test_mandatory(void **state)
{
	refused("INVITE sip:a@b SIP/2.0\r\n" REST("1 INVITE") "\r\n", 400);
	refused(GOOD "To: <sip:x@y>\r\n\r\n", 400);
	refused(GOOD "i: again\r\n\r\n", 400);
	refused(GOOD "f: <sip:again@x>\r\n\r\n", 400);
	refused(HEAD("INVITE", "sip:a@b", "SIP/2.0") "\r\n", 400);
	refused(HEAD("INVITE", "sip:a@b", "SIP/2.0") REST("") "\r\n", 400);
	refused(GOOD "No colon here\r\n\r\n", 400);
	refused(GOOD, 400); /* never ends */
	refused(GOOD "Subject: a\rb\r\n\r\n", 400);
}

static void test_nul(void **state)
{
	char text[] = GOOD "Subject: a?b\r\n\r\n";
	struct sip_scan s;

	*strchr(text, '?') = '\0';
	assert_int_equal(sip_scan(&s, text, sizeof(text) - 1), -EBADMSG);
	assert_int_equal(s.refusal, 400);
}

/* `unit` repeated, in a header or as headers of their own. */
static int scan_many(struct sip_scan *s, const char *before, const char *unit, unsigned count)
{
	static char text[70000];
	size_t n = (size_t)snprintf(text, sizeof(text), "%s%s", GOOD, before);

	for (unsigned i = 0; i < count; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s", unit);
	n += (size_t)snprintf(text + n, sizeof(text) - n, "\r\n\r\n");
	return sip_scan(s, text, n);
}

static void test_bounds(void **state)
{
	struct sip_scan s;

	/* 5 header lines are in GOOD; the empty string after the last line end is in the count */
	assert_int_equal(scan_many(&s, "X: y", "\r\nX: y", SIP_HEADERS_MAX - 6), 0);
	assert_int_equal(scan_many(&s, "X: y", "\r\nX: y", SIP_HEADERS_MAX - 5), -EBADMSG);
	assert_int_equal(s.refusal, 400);
	assert_int_equal(scan_many(&s, "X: y", "\r\n y", SIP_HEADERS_MAX), -EBADMSG);
	assert_int_equal(scan_many(&s, "Contact: a", ",a", SIP_MEMBERS_MAX), 0);
	assert_int_equal(scan_many(&s, "Contact: a", ",a", SIP_MEMBERS_MAX + 1), -EBADMSG);
	assert_int_equal(scan_many(&s, "Contact: a", ";a", SIP_PARAMS_MAX - 2), 0);
	assert_int_equal(scan_many(&s, "Contact: a", ";a", SIP_PARAMS_MAX - 1), -EBADMSG);
	assert_int_equal(scan_many(&s, "Via: a", "\r\nVia: a", SIP_VIAS_MAX), -EBADMSG);
	assert_int_equal(scan_many(&s, "X: ", "yyyyyyyyyy", 900), -EBADMSG);
	assert_int_equal(s.refusal, 513);
}

static void test_uri_too_long(void **state)
{
	char uri[SIP_URI_MAX + 40] = "sip:", text[SIP_URI_MAX + 400];
	struct sip_scan s;

	memset(uri + 4, 'a', SIP_URI_MAX);
	snprintf(text, sizeof(text),
		 "INVITE %s SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=x\r\n" REST("1 INVITE") "\r\n",
		 uri);
	assert_int_equal(sip_scan(&s, text, strlen(text)), -EBADMSG);
	assert_int_equal(s.refusal, 414);
}

static void test_refusal(void **state)
{
	struct sip_scan s;
	char out[1000];

	assert_int_equal(scan(&s, GOOD "Via: SIP/2.0/UDP g\r\nMax-Forwards: x\r\n\r\n"), -EBADMSG);
	size_t n = sip_scan_refuse(&s, "t1", out, sizeof(out) - 1);
	out[n] = '\0';
	assert_string_equal(out, "SIP/2.0 400 Bad Max-Forwards\r\n"
				 "Via: SIP/2.0/UDP h;branch=z9hG4bKx\r\nVia: SIP/2.0/UDP g\r\n"
				 "From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=t1\r\nCall-ID: i\r\n"
				 "CSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n");
	assert_int_equal(sip_scan_refuse(&s, "t1", out, n), 0); /* no room: nothing, not half */
}

static void test_refusal_keeps_tag(void **state)
{
	struct sip_scan s;
	char out[1000];

	scan(&s, "BYE sip:a SIP/2.0\r\nVia: x\r\nFrom: a\r\nTo: b ; TAG=5\r\nCall-ID: i\r\n"
		 "CSeq: 1 INVITE\r\n\r\n");
	size_t n = sip_scan_refuse(&s, "t1", out, sizeof(out) - 1);
	out[n] = '\0';
	assert_non_null(strstr(out, "To: b ; TAG=5\r\n"));
}

static void test_ack_is_never_answered(void **state)
{
	struct sip_scan s;
	char out[1000];

	scan(&s, HEAD("ACK", "sip:a@b", "SIP/2.0") REST("1 INVITE") "\r\n");
	assert_int_equal(s.refusal, 400);
	assert_int_equal(sip_scan_refuse(&s, "t1", out, sizeof(out)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_response),
		cmocka_unit_test(test_content_type_can_be_cut_out),
		cmocka_unit_test(test_response_without_cseq),
		cmocka_unit_test(test_keepalive),
		cmocka_unit_test(test_not_sip),
		cmocka_unit_test(test_start_line),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_mandatory),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_uri_too_long),
		cmocka_unit_test(test_refusal),
		cmocka_unit_test(test_refusal_keeps_tag),
		cmocka_unit_test(test_ack_is_never_answered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
