/* Option tags and Allow, as peers write them. */
#include "sip/extension.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

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

static void test_tags(void **state)
{
	static const struct {
		const char *headers;
		unsigned supported;
	} rows[] = {
		{"", 0},
		{"Supported: \r\n", 0},
		{"Supported: 100rel\r\n", SIP_OPTION_100REL},
		{"supported: TIMER ,100rel\r\n", SIP_OPTION_100REL | SIP_OPTION_TIMER},
		{"k: timer\r\nSupported: from-change\r\n",
		 SIP_OPTION_TIMER | SIP_OPTION_FROM_CHANGE},
		{"Supported: 100relx, xtimer, ,,replace\r\n", 0},
		{"Supported: replaces,norefersub\r\n", SIP_OPTION_REPLACES | SIP_OPTION_NOREFERSUB},
		{"Supported: a\r\nSupported: b,timer\r\n", SIP_OPTION_TIMER},
		{"Require: timer\r\n", 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		osip_message_t *m = with(rows[i].headers);
		if (sip_message_options(m, "Supported") != rows[i].supported)
			fail_msg("%s: %x", rows[i].headers, sip_message_options(m, "Supported"));
		osip_message_free(m);
	}
}

static void test_unsupported(void **state)
{
	static const struct {
		const char *headers;
		const char *out; /* NULL: nothing is missing */
	} rows[] = {
		{"", NULL},
		{"Require: timer\r\n", NULL},
		{"Require: 100rel\r\n", "100rel"}, /* known, but off with this peer */
		{"Require: timer, precondition\r\nRequire: x\r\n", "precondition, x"},
	};
	char out[32];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		osip_message_t *m = with(rows[i].headers);
		bool any = sip_message_unsupported(m, SIP_OPTION_TIMER, out, sizeof(out));
		assert_int_equal(any, rows[i].out != NULL);
		assert_string_equal(out, any ? rows[i].out : "");
		osip_message_free(m);
	}
}

/* A list longer than there is room for is cut at a whole tag, and still a refusal. */
static void test_unsupported_without_room(void **state)
{
	osip_message_t *m = with("Require: abcdefghij, klmnopqrst, u\r\n");
	char out[20];

	assert_true(sip_message_unsupported(m, 0, out, sizeof(out)));
	assert_string_equal(out, "abcdefghij, u");
	osip_message_free(m);
}

static void test_allow(void **state)
{
	static const struct {
		const char *headers;
		bool otherwise, allowed;
	} rows[] = {
		{"", false, false},
		{"", true, true},
		{"Allow: INVITE, UPDATE,BYE\r\n", false, true},
		{"Allow: INVITE\r\nAllow: UPDATE\r\n", false, true},
		{"Allow: INVITE, UPDATES\r\n", true, false},
		{"Allow: \r\n", true,
		 true}, /* the parser keeps no empty one: as if it were not there */
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		osip_message_t *m = with(rows[i].headers);
		if (sip_message_allows(m, "UPDATE", rows[i].otherwise) != rows[i].allowed)
			fail_msg("%s", rows[i].headers);
		osip_message_free(m);
	}
}

static void test_what_a_peer_is_told(void **state)
{
	struct sip_peer_conf peer = {.reliable = SIP_RELIABLE_OFF};

	assert_int_equal(sip_peer_options(&peer), SIP_OPTION_FROM_CHANGE);
	peer.reliable = SIP_RELIABLE_SUPPORTED;
	peer.session_expires_s = 90;
	assert_int_equal(sip_peer_options(&peer),
			 SIP_OPTION_FROM_CHANGE | SIP_OPTION_100REL | SIP_OPTION_TIMER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_unsupported),
		cmocka_unit_test(test_unsupported_without_room),
		cmocka_unit_test(test_allow),
		cmocka_unit_test(test_what_a_peer_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
