#include "sip/redirecting.c"

#include "tests/unit/sip/rig.h"

static struct sip_redirecting read_headers(const char *headers)
{
	char text[4000];
	osip_message_t *m;
	struct sip_redirecting r;

	sip_message_init();
	int n = snprintf(text, sizeof(text),
			 "INVITE sip:x@y SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=x\r\n"
			 "From: <sip:a@b>;tag=1\r\nTo: <sip:x@y>\r\nCall-ID: i\r\n"
			 "CSeq: 1 INVITE\r\n%s\r\n",
			 headers);
	assert_int_equal(sip_message_parse(&m, text, (size_t)n), 0);
	sip_message_redirecting(m, &r);
	osip_message_free(m);
	return r;
}

static void test_diversion_reasons(void **state)
{
	static const struct {
		const char *word;
		uint8_t reason;
	} words[] = {
		{"unknown", 0},        {"user-busy", 1},       {"no-answer", 2},
		{"deflection", 4},     {"unavailable", 9},     {"out-of-service", 9},
		{"unconditional", 15}, {"do-not-disturb", 15}, {"away", 15},
		{"\"User-Busy\"", 1},  {"something-new", 0},
	};
	char header[200];

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		snprintf(header, sizeof(header), "Diversion: <sip:7100@h>;reason=%s\r\n",
			 words[i].word);
		struct sip_redirecting r = read_headers(header);
		assert_int_equal(r.count, 1);
		assert_string_equal(r.last.user, "7100");
		assert_int_equal(r.reason, words[i].reason);
		assert_string_equal(r.original.user, "");
	}
}

static void test_several_diversions(void **state)
{
	struct sip_redirecting r = read_headers(
		"Diversion: \"C\" <sip:7102@h>;reason=no-answer;privacy=full;counter=2\r\n"
		"Diversion: <tel:+15551234>;reason=user-busy, sip:7100@h\r\n");

	assert_int_equal(r.count, 4);
	assert_string_equal(r.last.user, "7102");
	assert_string_equal(r.last.display, "C");
	assert_true(r.last.anonymous);
	assert_int_equal(r.reason, 2);
	assert_string_equal(r.original.user, "7100");
	assert_false(r.original.anonymous);
	assert_int_equal(r.original_reason, 0);
}

static void test_history(void **state)
{
	struct sip_redirecting r =
		read_headers("History-Info: <sip:7099@h>;index=1\r\n"
			     "History-Info: <sip:7100@h;cause=486?Privacy=history>;index=1.1;mp=1,"
			     "<sip:7101@h;cause=302>;index=1.1.1;mp=1.1\r\n");

	assert_int_equal(r.count, 2);
	assert_string_equal(r.original.user, "7099");
	assert_int_equal(r.original_reason, 1);
	assert_string_equal(r.last.user, "7100");
	assert_true(r.last.anonymous);
	assert_int_equal(r.reason, 15);
	/* A proxy that passed it on is no redirection. */
	r = read_headers("History-Info: <sip:7101@h>;index=1,<sip:7101@g>;index=1.1\r\n");
	assert_int_equal(r.count, 0);
	/* RFC 4244: why is with the one it was sent on from. */
	r = read_headers("History-Info: <sip:7100@h?Reason=SIP%3Bcause%3D408>;index=1,"
			 "<sip:7101@h>;index=1.1\r\n");
	assert_int_equal(r.count, 1);
	assert_string_equal(r.last.user, "7100");
	assert_int_equal(r.reason, 2);
	assert_string_equal(r.original.user, "");
}

static void test_nonsense(void **state)
{
	static const char *const headers[] = {
		"", "Diversion: \r\n", "Diversion: ,,,\r\n", "History-Info: <\r\n",
		"History-Info: <sip:a@b?Reason=SIP%3Bcause>;index=1,<sip:a@c>\r\n"};
	char many[3000] = "Diversion: <sip:1@h>";

	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		assert_int_equal(read_headers(headers[i]).count, 0);
	for (int i = 0; i < 100; i++)
		strcat(many, ",<sip:2@h>;counter=9999999");
	strcat(many, "\r\n");
	assert_true(read_headers(many).count <= CHAIN_MAX * COUNTER_MAX);
	assert_true(read_headers(many).count > 100);
}

static void written(bool trusted, enum sip_redirect_form form, const struct sip_redirecting *wanted,
		    const char *const lines[4])
{
	struct rig r;
	struct sip_dialog *d;

	rig_open(&r);
	r.agent->peers->conf.trusted = trusted;
	r.agent->peers->conf.redirecting = form;
	struct sip_invite inv = {.peer = "cs", .number = "7134", .local = rig_local(&r)};
	inv.redirecting = *wanted;
	assert_int_equal(sip_dialog_start(&d, r.agent, &inv, &r), 0);
	const char *text = rig_expect(&r, "INVITE ")->text;
	for (int i = 0; i < 4; i++)
		assert_string_equal(
			rig_nth(text, i < 2 ? "Diversion" : "History-Info", i < 2 ? i : i - 2),
			lines[i]);
	rig_reply(&r, text, "486 Busy", "far", NULL, NULL);
	rig_event(&r, SIP_ENDING);
	sip_dialog_end(d, 0, 0);
	rig_close(&r);
}

static void test_written(void **state)
{
	struct sip_redirecting r = {.count = 3, .reason = 1, .original_reason = 2};

	strcpy(r.last.user, "7100");
	strcpy(r.original.user, "+15551234");
	written(false, SIP_DIVERSION_AND_HISTORY, &r,
		(const char *const[]){
			"<sip:7100@cs>;reason=user-busy;counter=2;privacy=off",
			"<sip:+15551234@cs;user=phone>;reason=no-answer;counter=1;privacy=off",
			"<sip:+15551234@cs;user=phone>;index=1",
			"<sip:7100@cs;cause=408>;index=1.1;mp=1"});
	r.count = 1;
	memset(&r.original, 0, sizeof(r.original));
	r.last.anonymous = true;
	written(true, SIP_DIVERSION_AND_HISTORY, &r,
		(const char *const[]){"<sip:7100@cs>;reason=user-busy;counter=1;privacy=full", "",
				      "<sip:7100@cs?Privacy=history>;index=1",
				      "<sip:7134@cs;cause=486>;index=1.1;mp=1"});
	written(false, SIP_DIVERSION, &r,
		(const char *const[]){
			"<sip:anonymous@anonymous.invalid>;reason=user-busy;counter=1;"
			"privacy=full",
			"", "", ""});
	written(true, SIP_NO_REDIRECT, &r, (const char *const[]){"", "", "", ""});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_diversion_reasons), cmocka_unit_test(test_several_diversions),
		cmocka_unit_test(test_history),           cmocka_unit_test(test_nonsense),
		cmocka_unit_test(test_written),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
