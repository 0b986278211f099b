/* Session-Expires and Min-SE as peers write them, RFC 4028 4 and 5. */
#include "sip/dialog_session.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static osip_message_t *with(const char *headers)
{
	osip_message_t *m;
	char text[2048];

	sip_message_init();
	int n = snprintf(text, sizeof(text),
			 "INVITE sip:1@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n"
			 "From: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\nCall-ID: c\r\n"
			 "CSeq: 1 INVITE\r\n%sContent-Length: 0\r\n\r\n",
			 headers);
	assert_int_equal(sip_message_parse(&m, text, (size_t)n), 0);
	return m;
}

static void test_headers(void **state)
{
	static const struct {
		const char *headers;
		struct session_header h;
	} rows[] = {
		{"", {0, REFRESHER_OPEN, 90}},
		{"Session-Expires: 1800\r\n", {1800, REFRESHER_OPEN, 90}},
		{"Session-Expires: 600;refresher=uac\r\n", {600, REFRESHER_UAC, 90}},
		{"x: 600 ; Refresher = UAS ;a=b\r\n", {600, REFRESHER_UAS, 90}},
		{"Session-Expires: 600;refresher=me\r\nMin-SE: 300;x\r\n",
		 {600, REFRESHER_OPEN, 300}},
		{"Session-Expires: -5\r\nMin-SE: 3\r\n", {0, REFRESHER_OPEN, 90}},
		{"Session-Expires: 99999999999999999999\r\n", {SESSION_MAX_S, REFRESHER_OPEN, 90}},
		{"Session-Expires: abc\r\nMin-SE: \r\n", {0, REFRESHER_OPEN, 90}},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		osip_message_t *m = with(rows[i].headers);
		struct session_header h = read_header(m);
		if (h.expires_s != rows[i].h.expires_s || h.refresher != rows[i].h.refresher ||
		    h.min_s != rows[i].h.min_s)
			fail_msg("%s: %u %d %u", rows[i].headers, h.expires_s, (int)h.refresher,
				 h.min_s);
		osip_message_free(m);
	}
}

/* 422 is for who can understand it, and for sessions we time at all. */
static void test_brief(void **state)
{
	struct sip_peer_conf peer = {.session_expires_s = 1800, .min_se_s = 300};
	osip_message_t *knows = with("Supported: timer\r\nSession-Expires: 299\r\n");
	osip_message_t *enough = with("Supported: timer\r\nSession-Expires: 300\r\n");
	osip_message_t *knows_not = with("Session-Expires: 90\r\n");

	assert_true(sip_session_is_brief(&peer, knows));
	assert_false(sip_session_is_brief(&peer, enough));
	assert_false(sip_session_is_brief(&peer, knows_not));
	peer.session_expires_s = 0;
	assert_false(sip_session_is_brief(&peer, knows));
	osip_message_free(knows);
	osip_message_free(enough);
	osip_message_free(knows_not);
}

/* 10: 32 s before the end, or a third of a short session. */
static void test_expiry(void **state)
{
	struct sip_session s = {.interval_s = 1800};

	assert_int_equal(expiry_s(&s), 1768);
	s.interval_s = 90;
	assert_int_equal(expiry_s(&s), 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_brief),
		cmocka_unit_test(test_expiry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
