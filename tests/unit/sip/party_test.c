#include "sip/party.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static bool trusts; /* the sender of what is read */

static osip_message_t *invite(const char *uri, const char *from, const char *extra)
{
	char text[2000];
	osip_message_t *m;

	sip_message_init();
	int n = snprintf(text, sizeof(text),
			 "INVITE %s SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=x\r\nFrom: %s\r\n"
			 "To: <sip:x@y>\r\nCall-ID: i\r\nCSeq: 1 INVITE\r\n%s\r\n",
			 uri, from, extra);
	if (sip_message_parse(&m, text, (size_t)n) < 0)
		fail_msg("not parsed:\n%s", text);
	return m;
}

static void called_is(const char *uri, const char *user)
{
	osip_message_t *m = invite(uri, "<sip:a@b>;tag=1", "");
	struct sip_party p;

	sip_message_called(m, &p);
	assert_string_equal(p.user, user);
	osip_message_free(m);
}

static void calling_is(const char *from, const char *extra, const struct sip_party *wanted)
{
	osip_message_t *m = invite("sip:x@y", from, extra);
	struct sip_party p;

	sip_message_calling(m, trusts, &p);
	assert_string_equal(p.user, wanted->user);
	assert_string_equal(p.display, wanted->display);
	assert_int_equal(p.anonymous, wanted->anonymous);
	assert_int_equal(p.asserted, wanted->asserted);
	osip_message_free(m);
}

static void test_called(void **state)
{
	char uri[200], digits[SIP_USER_MAX + 1];

	called_is("sip:7134@cs", "7134");
	called_is("sip:+15551234@cs:5070;user=phone", "+15551234");
	called_is("sip:%2315%2A@cs", "#15*");
	called_is("sip:1-2.3(4)@cs", "1-2.3(4)");
	called_is("sip:+1-(555)-12.34;phone-context=x@cs;user=phone", "+15551234");
	called_is("sip:cs", "");
	called_is("sip:7134:secret@cs", "7134");
	called_is("tel:+1-555-1234;ext=7", "+15551234");
	called_is("sip:a%0ab@cs", ""); /* no control characters */
	memset(digits, '7', sizeof(digits) - 1);
	digits[SIP_USER_MAX] = '\0';
	snprintf(uri, sizeof(uri), "sip:%s@cs", digits);
	called_is(uri, ""); /* too long is none, not another */
	digits[SIP_USER_MAX - 1] = '\0';
	snprintf(uri, sizeof(uri), "sip:%s@cs", digits);
	called_is(uri, digits);
}

static void test_calling(void **state)
{
	calling_is("\"Desk \\\"1\\\"\" <sip:7101@cs>;tag=1", "",
		   &(struct sip_party){.user = "7101", .display = "Desk \"1\""});
	calling_is("Desk One <sip:7101@cs>;tag=1", "",
		   &(struct sip_party){.user = "7101", .display = "Desk One"});
	calling_is("sip:7101@cs;tag=1", "", &(struct sip_party){.user = "7101"});
	calling_is("\"J\xc3\xbcrgen\" <tel:+49-30>;tag=1", "",
		   &(struct sip_party){.user = "+4930", .display = "J\xc3\xbcrgen"});
	calling_is("\"bad \xff\" <sip:7101@cs>;tag=1", "", &(struct sip_party){.user = "7101"});
}

static void test_long_display_is_cut_between_characters(void **state)
{
	char from[300] = "\"";
	struct sip_party p;

	for (int i = 0; i < 40; i++)
		strcat(from, "\xc3\xbc");
	strcat(from, "\" <sip:7101@cs>;tag=1");
	osip_message_t *m = invite("sip:x@y", from, "");
	sip_message_calling(m, trusts, &p);
	assert_int_equal(strlen(p.display), 62);
	osip_message_free(m);
}

static void test_anonymous(void **state)
{
	calling_is("\"Anonymous\" <sip:anonymous@anonymous.invalid>;tag=1", "",
		   &(struct sip_party){.display = "Anonymous", .anonymous = true});
	calling_is("<sip:7101@cs>;tag=1", "Privacy: id\r\n",
		   &(struct sip_party){.user = "7101", .anonymous = true});
	calling_is("<sip:7101@cs>;tag=1", "Privacy: none\r\n", &(struct sip_party){.user = "7101"});
}

/* RFC 3325 */
static void test_asserted(void **state)
{
	static const char from[] = "\"Me\" <sip:me@cs>;tag=1";
	static const char hidden[] = "\"Anonymous\" <sip:anonymous@anonymous.invalid>;tag=1";
	static const char pai[] = "P-Asserted-Identity: \"Anna, B\" <sip:7101@cs>\r\n";

	calling_is(from, pai, &(struct sip_party){.user = "me", .display = "Me"});
	trusts = true;
	calling_is(from, pai,
		   &(struct sip_party){.user = "7101", .display = "Anna, B", .asserted = true});
	calling_is(from, "P-Asserted-Identity: <sip:anna@cs>, <tel:+1-555-1234>\r\n",
		   &(struct sip_party){.user = "+15551234", .display = "Me", .asserted = true});
	calling_is(from,
		   "P-Asserted-Identity: \"A\" <sip:+15551234@cs;user=phone>\r\n"
		   "P-Asserted-Identity: tel:+15559999\r\n",
		   &(struct sip_party){.user = "+15559999", .display = "A", .asserted = true});
	calling_is(hidden, "P-Asserted-Identity: <sip:7101@cs>\r\nPrivacy: id\r\n",
		   &(struct sip_party){.user = "7101", .anonymous = true, .asserted = true});
	calling_is(hidden, "P-Asserted-Identity: <sip:7101@cs>\r\nPrivacy: none\r\n",
		   &(struct sip_party){.user = "7101", .asserted = true});
	calling_is(from, "P-Asserted-Identity: <nonsense\r\n",
		   &(struct sip_party){.user = "me", .display = "Me"});
	trusts = false;
}

static void test_privacy_tokens(void **state)
{
	calling_is("<sip:7101@cs>;tag=1", "Privacy: critical; ID\r\n",
		   &(struct sip_party){.user = "7101", .anonymous = true});
	calling_is("<sip:7101@cs>;tag=1", "Privacy: history\r\n",
		   &(struct sip_party){.user = "7101"});
	calling_is("<sip:7101@cs>;tag=1", "Privacy: void\r\n",
		   &(struct sip_party){.user = "7101"}); /* "id" is in it, but is not it */
}

static void test_text(void **state)
{
	struct sip_party p = {.user = "+1555", .display = "A \"B\""}, back;
	char out[200], tiny[20];

	assert_true(sip_party_text(out, sizeof(out), &p, "cs"));
	assert_string_equal(out, "\"A \\\"B\\\"\" <sip:+1555@cs;user=phone>");
	assert_true(sip_party_parse(&back, out));
	assert_string_equal(back.user, p.user);
	assert_string_equal(back.display, p.display);
	assert_false(sip_party_text(tiny, sizeof(tiny), &p, "cs"));
}

static void test_list(void **state)
{
	char one[32];
	const char *at = "\"a,\\\"b\" <sip:a,b@c>;x=\",\",<tel:2> , 3";

	assert_non_null(at = sip_list_next(at, one, sizeof(one)));
	assert_string_equal(one, "\"a,\\\"b\" <sip:a,b@c>;x=\",\"");
	assert_non_null(at = sip_list_next(at, one, 4));
	assert_string_equal(one, ""); /* no room for all of it */
	assert_non_null(at = sip_list_next(at, one, sizeof(one)));
	assert_string_equal(one, "3");
	assert_null(sip_list_next(at, one, sizeof(one)));
	assert_non_null(sip_list_next("\"torn\\", one, sizeof(one)));
}

static void test_utf8(void **state)
{
	assert_int_equal(utf8_len((const unsigned char *)"a"), 1);
	assert_int_equal(utf8_len((const unsigned char *)"\xe2\x82\xac"), 3);
	assert_int_equal(utf8_len((const unsigned char *)"\xf0\x9f\x93\x9e"), 4);
	assert_int_equal(utf8_len((const unsigned char *)"\xc0\x80"), 0);     /* overlong */
	assert_int_equal(utf8_len((const unsigned char *)"\xed\xa0\x80"), 0); /* surrogate */
	assert_int_equal(utf8_len((const unsigned char *)"\xf4\x90\x80\x80"), 0);
	assert_int_equal(utf8_len((const unsigned char *)"\xe2\x82"), 0); /* cut off */
}

static void test_escape_has_bounds(void **state)
{
	char out[8] = "";

	assert_true(sip_escape_user(out, sizeof(out), "1#2"));
	assert_string_equal(out, "1%232");
	assert_false(sip_escape_user(out, sizeof(out), "###"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_called),
		cmocka_unit_test(test_calling),
		cmocka_unit_test(test_long_display_is_cut_between_characters),
		cmocka_unit_test(test_anonymous),
		cmocka_unit_test(test_asserted),
		cmocka_unit_test(test_privacy_tokens),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_escape_has_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
