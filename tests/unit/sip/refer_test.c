/* Refer-To, Replaces and Referred-By as they come, and what is none of them. */
#include "sip/refer.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
/* cmocka wants the three above first */
#include <cmocka.h>

static osip_message_t *refer(const char *headers)
{
	char text[2048];
	osip_message_t *m;

	int n = snprintf(text, sizeof(text),
			 "REFER sip:7101@gw SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\n"
			 "From: <sip:a@a>;tag=1\r\nTo: <sip:b@b>;tag=2\r\nCall-ID: c\r\n"
			 "CSeq: 1 REFER\r\nMax-Forwards: 70\r\n%sContent-Length: 0\r\n\r\n",
			 headers);
	sip_message_init();
	assert_int_equal(sip_message_parse(&m, text, (size_t)n), 0);
	return m;
}

static int read_refer(const char *headers, struct sip_refer *out)
{
	osip_message_t *m = refer(headers);
	int status = sip_message_refer(m, out);

	osip_message_free(m);
	return status;
}

static void targets(void **state)
{
	struct sip_refer r;

	assert_int_equal(read_refer("Refer-To: <sip:9001@gw>\r\n", &r), 0);
	assert_string_equal(r.target.user, "9001");
	assert_string_equal(r.replaces.call_id, "");
	assert_false(r.silent);
	assert_int_equal(read_refer("r: <tel:+1-555-0100>\r\nReferred-By: <sip:a@a>\r\n"
				    "Refer-Sub: false\r\n",
				    &r),
			 0);
	assert_string_equal(r.target.user, "+15550100");
	assert_string_equal(r.referred_by, "<sip:a@a>");
	assert_true(r.silent);
	assert_int_equal(read_refer("Refer-To: sip:9001@gw;method=INVITE\r\n", &r), 0);
}

static void replaced_calls(void **state)
{
	struct sip_refer r;

	assert_int_equal(read_refer("Refer-To: <sip:9001@gw?Replaces=ab%40cd%3Bto-tag%3D12"
				    "%3Bfrom-tag%3D34%3Bearly-only&Subject=x>\r\n",
				    &r),
			 0);
	assert_string_equal(r.replaces.call_id, "ab@cd");
	assert_string_equal(r.replaces.to_tag, "12");
	assert_string_equal(r.replaces.from_tag, "34");
	assert_true(r.replaces.early_only);
	assert_string_equal(r.replaces.text, "ab@cd;to-tag=12;from-tag=34;early-only");
}

static void what_is_refused(void **state)
{
	static const struct {
		const char *headers;
		int status;
	} rows[] = {
		{"", 400},
		{"Refer-To: <sip:1@a>\r\nRefer-To: <sip:2@a>\r\n", 400},
		{"Refer-To: <sip:1@a\r\n", 400},
		{"Refer-To: <sip:gw>\r\n", 404},
		{"Refer-To: <sip:1@gw;method=SUBSCRIBE>\r\n", 603},
		{"Refer-To: <sip:1@gw?Replaces=>\r\n", 400},
		{"Refer-To: <sip:1@gw?Replaces=a%3Bto-tag%3Db>\r\n", 400},
		{"Refer-To: <sip:1@gw?Replaces=a%3Bto-tag%3Db%3Bfrom-tag%3Dc%0D%0AX%3A1>\r\n", 400},
	};
	struct sip_refer r;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int status = read_refer(rows[i].headers, &r);
		if (status != rows[i].status)
			fail_msg("%s: %d", rows[i].headers, status);
	}
}

static void replaces_headers(void **state)
{
	static const char *const bad[] = {"",
					  ";",
					  "a",
					  "a;to-tag=1",
					  "a;to-tag=;from-tag=2",
					  "a;to-tag=1;to-tag=2;from-tag=3",
					  ";to-tag=1;from-tag=2"};
	struct sip_replaces r;
	char text[1024];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(sip_replaces_parse(&r, bad[i]));
	assert_true(sip_replaces_parse(&r, " a@b ; x=y ;TO-TAG=1; from-tag=2"));
	assert_string_equal(r.call_id, "a@b");
	/* One octet too long, in each part. */
	snprintf(text, sizeof(text), "%0*d;to-tag=1;from-tag=2", SIP_REPLACES_MAX, 0);
	assert_false(sip_replaces_parse(&r, text));
	snprintf(text, sizeof(text), "a;to-tag=%0*d;from-tag=2", SIP_REPLACES_TAG_MAX, 0);
	assert_false(sip_replaces_parse(&r, text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(targets),
		cmocka_unit_test(replaced_calls),
		cmocka_unit_test(what_is_refused),
		cmocka_unit_test(replaces_headers),
	};

	return cmocka_run_group_tests_name("refer", tests, NULL, NULL);
}
