#include "sip/sdp.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define TOP      "v=0\r\no=far 1 1 IN IP4 192.0.2.9\r\ns=-\r\n"
#define C4       "c=IN IP4 192.0.2.9\r\n"
#define TIME     "t=0 0\r\n"
#define M1       "m=audio 40000 RTP/AVP 0 8 101\r\n"
#define M        M1 "a=rtpmap:101 telephone-event/8000\r\n"
#define AT(addr) M1 "c=IN IP4 " addr "\r\na=rtpmap:101 telephone-event/8000\r\n"

static struct sip_local_media ours(const char *addr)
{
	struct sip_local_media m = {
		.codec = {SIP_PCMU, SIP_PCMA}, .codec_count = 2, .dtmf_type = 96, .ptime_ms = 20};

	assert_true(sip_addr_parse(&m.addr, addr, 30000));
	return m;
}

static void parse(struct sip_sdp *s, const char *text)
{
	if (sip_sdp_parse(s, text, strlen(text)) < 0)
		fail_msg("not parsed:\n%s", text);
}

static void settle(struct sip_media *m, const char *text)
{
	struct sip_sdp s;
	struct sip_local_media local = ours("192.0.2.1");

	parse(&s, text);
	assert_int_equal(sip_sdp_settle(m, &local, &s), 0);
}

static int settle_error(const char *text)
{
	struct sip_sdp s;
	struct sip_media m;
	struct sip_local_media local = ours("192.0.2.1");

	parse(&s, text);
	return sip_sdp_settle(&m, &local, &s);
}

static void address_is(const struct sockaddr_storage *a, const char *text)
{
	char out[SIP_ADDR_TEXT];

	assert_string_equal(sip_addr_text((const struct sockaddr *)a, out), text);
}

static void answer_has(const char *offer, const char *part)
{
	struct sip_sdp s;
	struct sip_media m;
	struct sip_local_media local = ours("192.0.2.1");
	const struct sip_sdp_origin origin = {7, 2};
	char out[SIP_SDP_SIZE];

	parse(&s, offer);
	assert_int_equal(sip_sdp_settle(&m, &local, &s), 0);
	sip_sdp_write_answer(out, &origin, &local, &s, &m);
	if (strstr(out, part) == NULL)
		fail_msg("no \"%s\" in:\n%s", part, out);
}

static void test_plain(void **state)
{
	struct sip_media m;

	settle(&m, TOP C4 TIME M);
	address_is(&m.remote, "192.0.2.9:40000");
	address_is(&m.remote_rtcp, "192.0.2.9:40001");
	assert_int_equal(m.codec, SIP_PCMU);
	assert_int_equal(m.payload_type, 0);
	assert_int_equal(m.dtmf_type, 101);
	assert_int_equal(m.ptime_ms, 20);
	assert_true(m.send && m.recv);
}

static void test_offer_order_wins(void **state)
{
	struct sip_media m;

	settle(&m, TOP C4 TIME "m=audio 40000 RTP/AVP 18 8 0\r\n");
	assert_int_equal(m.codec, SIP_PCMA);
	assert_int_equal(m.payload_type, 8);
	assert_int_equal(m.dtmf_type, 0);
	answer_has(TOP C4 TIME "m=audio 40000 RTP/AVP 18 8 0\r\n",
		   "m=audio 30000 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n");
}

static void test_dynamic_types(void **state)
{
	struct sip_media m;
	static const char text[] = TOP C4 TIME "m=audio 40000 RTP/AVP 97 98\r\n"
					       "a=rtpmap:97 pcmu/8000/1\r\n"
					       "a=rtpmap:98 Telephone-Event/8000\r\n";

	settle(&m, text);
	assert_int_equal(m.codec, SIP_PCMU);
	assert_int_equal(m.payload_type, 97);
	assert_int_equal(m.dtmf_type, 98);
	assert_int_equal(m.dtmf_type_in, 96); /* ours */
	answer_has(text, "m=audio 30000 RTP/AVP 97 98\r\na=rtpmap:97 PCMU/8000\r\n"
			 "a=rtpmap:98 telephone-event/8000\r\na=fmtp:98 0-15\r\n");
}

static void test_remapped_static_type(void **state)
{
	/* 0 is said to be something else, and 16 kHz is no PCMU of ours. */
	assert_int_equal(settle_error(TOP C4 TIME "m=audio 4 RTP/AVP 0\r\na=rtpmap:0 X/8000\r\n"),
			 -ENOTSUP);
	assert_int_equal(
		settle_error(TOP C4 TIME "m=audio 4 RTP/AVP 99\r\na=rtpmap:99 PCMU/16000\r\n"),
		-ENOTSUP);
}

static void test_ptime(void **state)
{
	struct sip_media m;

	settle(&m, TOP C4 TIME M "a=ptime:30\r\n");
	assert_int_equal(m.ptime_ms, 30);
	settle(&m, TOP C4 TIME M "a=ptime:25\r\n");
	assert_int_equal(m.ptime_ms, 20);
	settle(&m, TOP C4 TIME M "a=ptime:200\r\n");
	assert_int_equal(m.ptime_ms, 60);
	settle(&m, TOP C4 TIME M "a=ptime:5\r\n");
	assert_int_equal(m.ptime_ms, 10);
	settle(&m, TOP C4 TIME M "a=maxptime:10\r\n");
	assert_int_equal(m.ptime_ms, 10);
	settle(&m, TOP C4 TIME M "a=ptime:40\r\na=maxptime:30\r\n");
	assert_int_equal(m.ptime_ms, 30);
	settle(&m, TOP C4 TIME M "a=ptime:x\r\n");
	assert_int_equal(m.ptime_ms, 20);
}

static void test_rtcp(void **state)
{
	struct sip_media m;

	settle(&m, TOP C4 TIME M "a=rtcp:53020\r\n");
	address_is(&m.remote_rtcp, "192.0.2.9:53020");
	settle(&m, TOP C4 TIME M "a=rtcp:53020 IN IP4 192.0.2.10\r\n");
	address_is(&m.remote_rtcp, "192.0.2.10:53020");
	settle(&m, TOP C4 TIME M "a=rtcp:0\r\n");
	address_is(&m.remote_rtcp, "192.0.2.9:40001");
	settle(&m, TOP C4 TIME M "a=rtcp:53020 IN IP6 2001:db8::1\r\n");
	address_is(&m.remote_rtcp, "192.0.2.9:53020");
}

static void directions(const char *attributes, bool send, bool recv, const char *answer)
{
	char text[1000];
	struct sip_media m;

	snprintf(text, sizeof(text), TOP C4 TIME M "%s", attributes);
	settle(&m, text);
	assert_int_equal(m.send, send);
	assert_int_equal(m.recv, recv);
	answer_has(text, answer);
}

static void test_direction(void **state)
{
	struct sip_media m;

	directions("a=sendrecv\r\n", true, true, "a=sendrecv\r\n");
	directions("a=sendonly\r\n", false, true, "a=recvonly\r\n");
	directions("a=recvonly\r\n", true, false, "a=sendonly\r\n");
	directions("a=inactive\r\n", false, false, "a=inactive\r\n");
	/* The session's word holds unless the stream has its own. */
	settle(&m, TOP C4 TIME "a=sendonly\r\n" M);
	assert_false(m.send);
	settle(&m, TOP C4 TIME "a=sendonly\r\n" M "a=sendrecv\r\n");
	assert_true(m.send && m.recv);
}

static void test_hold_by_address(void **state)
{
	struct sip_media m;

	settle(&m, TOP "c=IN IP4 0.0.0.0\r\n" TIME M);
	assert_int_equal(m.remote.ss_family, 0);
	assert_false(m.send);
	assert_true(m.recv);
	answer_has(TOP "c=IN IP4 0.0.0.0\r\n" TIME M, "a=recvonly\r\n");
	settle(&m, TOP "c=IN IP6 held.invalid\r\n" TIME M);
	assert_false(m.send);
}

static void test_addresses(void **state)
{
	struct sip_media m;

	settle(&m, TOP C4 TIME AT("192.0.2.77"));
	address_is(&m.remote, "192.0.2.77:40000");
	settle(&m, TOP TIME AT("192.0.2.77"));
	address_is(&m.remote, "192.0.2.77:40000");
	assert_int_equal(settle_error(TOP "c=IN IP6 2001:db8::1\r\n" TIME M), -EAFNOSUPPORT);
	assert_int_equal(settle_error(TOP "c=IN IP4 phone.example\r\n" TIME M), -EAFNOSUPPORT);
	assert_int_equal(settle_error(TOP "c=IN IP4 224.2.1.1/127\r\n" TIME M), -EAFNOSUPPORT);
	assert_int_equal(settle_error(TOP TIME M), -EAFNOSUPPORT);
}

static void test_ipv6(void **state)
{
	struct sip_local_media local = ours("2001:db8::1");
	const struct sip_sdp_origin origin = {7, 2};
	struct sip_sdp s;
	struct sip_media m;
	char out[SIP_SDP_SIZE];

	parse(&s, TOP "c=IN IP6 2001:db8::9\r\n" TIME M);
	assert_int_equal(sip_sdp_settle(&m, &local, &s), 0);
	address_is(&m.remote, "[2001:db8::9]:40000");
	sip_sdp_write_answer(out, &origin, &local, &s, &m);
	assert_non_null(strstr(out, "o=- 7 2 IN IP6 2001:db8::1\r\n"));
	assert_non_null(strstr(out, "c=IN IP6 2001:db8::1\r\n"));
	sip_sdp_write_offer(out, &origin, &local);
	assert_non_null(strstr(out, "c=IN IP6 2001:db8::1\r\n"));
}

static void test_several_streams(void **state)
{
	static const char text[] =
		TOP C4 TIME "m=video 50000 RTP/AVP 99\r\na=rtpmap:99 H264/90000\r\n"
			    "m=audio 40000 RTP/SAVP 0\r\nm=audio 40002 RTP/AVP 18\r\n"
			    "m=audio 40004 RTP/AVP 8\r\nm=image 0 udptl t38\r\n"
			    "m=audio 40006 RTP/AVP 0\r\n";
	struct sip_media m;

	settle(&m, text);
	address_is(&m.remote, "192.0.2.9:40004");
	answer_has(text, "t=0 0\r\nm=video 0 RTP/AVP 99\r\nm=audio 0 RTP/SAVP 0\r\n"
			 "m=audio 0 RTP/AVP 18\r\nm=audio 30000 RTP/AVP 8\r\n");
	answer_has(text, "a=sendrecv\r\nm=image 0 udptl t38\r\nm=audio 0 RTP/AVP 0\r\n");
}

static void test_stream_off(void **state)
{
	struct sip_media m;

	settle(&m, TOP C4 TIME "m=audio 0 RTP/AVP 0\r\n");
	assert_int_equal(m.remote.ss_family, 0);
	assert_false(m.send || m.recv);
	answer_has(TOP C4 TIME "m=audio 0 RTP/AVP 0\r\n", "m=audio 0 RTP/AVP 0\r\n");
	/* One that is on is preferred to one that is off. */
	settle(&m, TOP C4 TIME "m=audio 0 RTP/AVP 0\r\nm=audio 9 RTP/AVP 8\r\n");
	address_is(&m.remote, "192.0.2.9:9");
}

static void test_nothing_fits(void **state)
{
	assert_int_equal(settle_error(TOP C4 TIME "m=audio 4 RTP/AVP 18\r\n"), -ENOTSUP);
	assert_int_equal(settle_error(TOP C4 TIME "m=video 4 RTP/AVP 0\r\n"), -ENOTSUP);
	assert_int_equal(settle_error(TOP C4 TIME), -ENOTSUP);
}

static void test_local_codecs_only(void **state)
{
	struct sip_local_media local = ours("192.0.2.1");
	struct sip_sdp s;
	struct sip_media m;

	local.codec[0] = SIP_PCMA;
	local.codec_count = 1;
	local.dtmf_type = 0;
	parse(&s, TOP C4 TIME M);
	assert_int_equal(sip_sdp_settle(&m, &local, &s), 0);
	assert_int_equal(m.codec, SIP_PCMA);
	assert_int_equal(m.dtmf_type, 0);
}

static void test_clearmode(void **state)
{
	static const char data[] = TOP C4 TIME "m=audio 40000 RTP/AVP 98\r\n"
					       "a=rtpmap:98 clearmode/8000\r\n";
	static const char both[] = TOP C4 TIME "m=audio 40000 RTP/AVP 0 98\r\n"
					       "a=rtpmap:98 CLEARMODE/8000\r\n";
	struct sip_local_media local = ours("192.0.2.1");
	const struct sip_sdp_origin origin = {7, 1};
	struct sip_sdp s;
	struct sip_media m;
	char out[SIP_SDP_SIZE];

	parse(&s, data);
	assert_true(sip_sdp_is_data(&s));
	assert_int_equal(sip_sdp_settle(&m, &local, &s), -ENOTSUP); /* audio is all we have */
	local.codec[0] = SIP_CLEARMODE;
	local.codec_count = 1;
	local.clearmode_type = 97;
	local.dtmf_type = 0;
	assert_int_equal(sip_sdp_settle(&m, &local, &s), 0);
	assert_int_equal(m.codec, SIP_CLEARMODE);
	assert_int_equal(m.payload_type, 98);
	assert_int_equal(m.payload_type_in, 97);
	sip_sdp_write_answer(out, &origin, &local, &s, &m);
	assert_non_null(strstr(out, "m=audio 30000 RTP/AVP 98\r\na=rtpmap:98 CLEARMODE/8000\r\n"
				    "a=ptime:20\r\n"));
	sip_sdp_write_offer(out, &origin, &local);
	assert_non_null(strstr(out, "m=audio 30000 RTP/AVP 97\r\na=rtpmap:97 CLEARMODE/8000\r\n"
				    "a=ptime:20\r\n"));
	parse(&s, both);
	assert_false(sip_sdp_is_data(&s)); /* a phone that could, too */
	parse(&s, TOP C4 TIME M);
	assert_false(sip_sdp_is_data(&s));
}

static void test_offer(void **state)
{
	struct sip_local_media local = ours("192.0.2.1");
	const struct sip_sdp_origin origin = {7, 1};
	char out[SIP_SDP_SIZE];

	sip_sdp_write_offer(out, &origin, &local);
	assert_string_equal(out, "v=0\r\no=- 7 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\n"
				 "t=0 0\r\nm=audio 30000 RTP/AVP 0 8 96\r\na=rtpmap:0 PCMU/8000\r\n"
				 "a=rtpmap:8 PCMA/8000\r\na=rtpmap:96 telephone-event/8000\r\n"
				 "a=fmtp:96 0-15\r\na=ptime:20\r\na=sendrecv\r\n");
}

static void test_bad(void **state)
{
	static char long_text[9000];
	struct sip_sdp s;
	static const char *const texts[] = {
		"",
		"x",
		"v=0\r\n",
		TOP C4 TIME "m=audio x RTP/AVP 0\r\n",
		TOP C4 TIME "m=audio 70000 RTP/AVP 0\r\n",
		TOP C4 TIME "m=audio -1 RTP/AVP 0\r\n",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (sip_sdp_parse(&s, texts[i], strlen(texts[i])) != -EBADMSG)
			fail_msg("taken: %s", texts[i]);
	assert_int_equal(sip_sdp_parse(&s, TOP C4 "\0" TIME M, sizeof(TOP C4 TIME M)), -EBADMSG);
	/* Too many lines, payload types, streams; too long. */
	int n = snprintf(long_text, sizeof(long_text), TOP C4 TIME M);
	for (int i = 0; i < 300; i++)
		n += snprintf(long_text + n, sizeof(long_text) - (size_t)n, "a=x\r\n");
	assert_int_equal(sip_sdp_parse(&s, long_text, (size_t)n), -EBADMSG);
	n = snprintf(long_text, sizeof(long_text), TOP C4 TIME "m=audio 4 RTP/AVP");
	for (int i = 0; i < 200; i++)
		n += snprintf(long_text + n, sizeof(long_text) - (size_t)n, " 0");
	assert_int_equal(sip_sdp_parse(&s, long_text, (size_t)n), -EBADMSG);
	n = snprintf(long_text, sizeof(long_text), TOP C4 TIME);
	for (int i = 0; i <= SIP_SDP_LINES_MAX; i++)
		n += snprintf(long_text + n, sizeof(long_text) - (size_t)n,
			      "m=audio 4 RTP/AVP 0\r\n");
	assert_int_equal(sip_sdp_parse(&s, long_text, (size_t)n), -EBADMSG);
	memset(long_text, 'a', sizeof(long_text));
	assert_int_equal(sip_sdp_parse(&s, long_text, sizeof(long_text)), -EBADMSG);
}

static void test_equal(void **state)
{
	struct sip_media a, b;

	settle(&a, TOP C4 TIME M);
	settle(&b, TOP C4 TIME M);
	assert_true(sip_media_equal(&a, &b));
	settle(&b, TOP C4 TIME M "a=sendonly\r\n");
	assert_false(sip_media_equal(&a, &b));
	settle(&b, TOP C4 TIME AT("192.0.2.8"));
	assert_false(sip_media_equal(&a, &b));
	settle(&b, TOP C4 TIME M "a=rtcp:5\r\n");
	assert_false(sip_media_equal(&a, &b));
	settle(&b, TOP C4 TIME M "a=ptime:30\r\n");
	assert_false(sip_media_equal(&a, &b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_offer_order_wins),
		cmocka_unit_test(test_dynamic_types),
		cmocka_unit_test(test_remapped_static_type),
		cmocka_unit_test(test_ptime),
		cmocka_unit_test(test_rtcp),
		cmocka_unit_test(test_direction),
		cmocka_unit_test(test_hold_by_address),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_ipv6),
		cmocka_unit_test(test_several_streams),
		cmocka_unit_test(test_stream_off),
		cmocka_unit_test(test_nothing_fits),
		cmocka_unit_test(test_local_codecs_only),
		cmocka_unit_test(test_clearmode),
		cmocka_unit_test(test_offer),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_equal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
