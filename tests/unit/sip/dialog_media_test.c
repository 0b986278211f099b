#include "sip/dialog_media.c"

#include "tests/unit/sip/rig.h"

#define FAR(version, rest)                                                                         \
	"v=0\r\no=far 1 " version " IN IP4 192.0.2.9\r\ns=-\r\n" rest                              \
	"a=rtpmap:101 telephone-event/8000\r\n"
#define C     "c=IN IP4 192.0.2.9\r\nt=0 0\r\n"
#define AUDIO "m=audio 40000 RTP/AVP 0 8 101\r\n"

/* A re-INVITE; its final response. */
static const struct rig_message *reinvite(struct rig *r, const char *tag, unsigned cseq,
					  const char *sdp)
{
	char branch[32];

	snprintf(branch, sizeof(branch), "z9hG4bKre%u", cseq);
	rig_request(r, &(struct rig_request){.method = "INVITE",
					     .branch = branch,
					     .call_id = "call-1",
					     .from_tag = "alice",
					     .to_tag = tag,
					     .cseq = cseq,
					     .sdp = sdp});
	return rig_expect(r, "SIP/2.0 ");
}

static void ack(struct rig *r, const char *tag, unsigned cseq, const char *sdp)
{
	char branch[32];

	snprintf(branch, sizeof(branch), "z9hG4bKack%u", cseq);
	rig_request(r, &(struct rig_request){.method = "ACK",
					     .branch = branch,
					     .call_id = "call-1",
					     .from_tag = "alice",
					     .to_tag = tag,
					     .cseq = cseq,
					     .sdp = sdp});
}

static void status_is(const struct rig_message *m, int status)
{
	if (atoi(m->text + 8) != status)
		fail_msg("%d was due, this came:\n%s", status, m->text);
}

/* The o= line's id and version. */
static void origin_of(const char *text, unsigned long long *id, unsigned long long *version)
{
	const char *o = strstr(text, "\r\no=- ");

	assert_non_null(o);
	assert_int_equal(sscanf(o, "\r\no=- %llu %llu", id, version), 2);
}

static void finish(struct rig *r, struct sip_dialog *d)
{
	sip_dialog_end(d, 0, 0);
	rig_close(r);
}

/* --- hold and resume --- */

static void hold(const char *sdp, bool send, bool recv, const char *answer)
{
	struct rig r;
	char tag[64];
	unsigned long long id, version, id2, version2;

	rig_open(&r);
	struct sip_dialog *d = rig_answered(&r, tag, sizeof(tag));
	origin_of(r.in[1].text, &id, &version);
	const struct rig_message *m = reinvite(&r, tag, 2, sdp);
	status_is(m, 200);
	rig_has(m->text, answer);
	origin_of(m->text, &id2, &version2);
	assert_int_equal(id, id2);
	assert_int_equal(version2, version + 1);
	const struct rig_event *e = rig_event(&r, SIP_MEDIA);
	assert_true(e->has_media);
	assert_int_equal(e->media.send, send);
	assert_int_equal(e->media.recv, recv);
	ack(&r, tag, 2, NULL);
	m = reinvite(&r, tag, 3, RIG_SDP);
	status_is(m, 200);
	rig_has(m->text, "a=sendrecv\r\n");
	origin_of(m->text, &id2, &version2);
	assert_int_equal(version2, version + 2);
	e = rig_event(&r, SIP_MEDIA);
	assert_true(e->media.send && e->media.recv);
	ack(&r, tag, 3, NULL);
	rig_run(&r, 40000);
	rig_expect_nothing(&r);
	rig_no_event(&r); /* CONFIRMED only once */
	finish(&r, d);
}

static void test_hold_sendonly(void **state)
{
	hold(FAR("2", C AUDIO "a=sendonly\r\n"), false, true, "a=recvonly\r\n");
}

static void test_hold_inactive(void **state)
{
	hold(FAR("2", C AUDIO "a=inactive\r\n"), false, false, "a=inactive\r\n");
}

static void test_hold_recvonly(void **state)
{
	hold(FAR("2", C AUDIO "a=recvonly\r\n"), true, false, "a=sendonly\r\n");
}

static void test_hold_by_address(void **state)
{
	hold(FAR("2", "c=IN IP4 0.0.0.0\r\nt=0 0\r\n" AUDIO), false, true, "a=recvonly\r\n");
}

/* --- changes --- */

static void test_address_change(void **state)
{
	struct rig r;
	char tag[64], addr[SIP_ADDR_TEXT];

	rig_open(&r);
	struct sip_dialog *d = rig_answered(&r, tag, sizeof(tag));
	status_is(reinvite(&r, tag, 2,
			   FAR("2", "c=IN IP4 192.0.2.77\r\nt=0 0\r\n"
				    "m=audio 41000 RTP/AVP 0 8 101\r\n")),
		  200);
	const struct rig_event *e = rig_event(&r, SIP_MEDIA);
	assert_string_equal(sip_addr_text((const struct sockaddr *)&e->media.remote, addr),
			    "192.0.2.77:41000");
	ack(&r, tag, 2, NULL);
	finish(&r, d);
}

static void test_codec_change(void **state)
{
	struct rig r;
	char tag[64];

	rig_open(&r);
	struct sip_dialog *d = rig_answered(&r, tag, sizeof(tag));
	const struct rig_message *m =
		reinvite(&r, tag, 2, FAR("2", C "m=audio 40000 RTP/AVP 8 101\r\n"));
	status_is(m, 200);
	rig_has(m->text, "m=audio 30000 RTP/AVP 8 101\r\n");
	assert_int_equal(rig_event(&r, SIP_MEDIA)->media.codec, SIP_PCMA);
	ack(&r, tag, 2, NULL);
	finish(&r, d);
}

static void test_same_offer_changes_nothing(void **state)
{
	struct rig r;
	char tag[64];

	rig_open(&r);
	struct sip_dialog *d = rig_answered(&r, tag, sizeof(tag));
	const char *first = rig_body(r.in[1].text);
	const struct rig_message *m = reinvite(&r, tag, 2, RIG_SDP);
	assert_string_equal(rig_body(m->text), first); /* version too: RFC 3264 8 */
	rig_no_event(&r);
	ack(&r, tag, 2, NULL);
	finish(&r, d);
}

static void test_stream_switched_off_and_on(void **state)
{
	struct rig r;
	char tag[64];

	rig_open(&r);
	struct sip_dialog *d = rig_answered(&r, tag, sizeof(tag));
	const struct rig_message *m =
		reinvite(&r, tag, 2, FAR("2", C "m=audio 0 RTP/AVP 0 101\r\n"));
	status_is(m, 200);
	rig_has(m->text, "m=audio 0 RTP/AVP 0\r\n");
	const struct rig_event *e = rig_event(&r, SIP_MEDIA);
	assert_int_equal(e->media.remote.ss_family, 0);
	assert_false(e->media.send || e->media.recv);
	ack(&r, tag, 2, NULL);
	status_is(reinvite(&r, tag, 3, RIG_SDP), 200);
	assert_true(rig_event(&r, SIP_MEDIA)->media.send);
	ack(&r, tag, 3, NULL);
	finish(&r, d);
}

static void test_second_stream_is_refused(void **state)
{
	struct rig r;
	char tag[64];

	rig_open(&r);
	struct sip_dialog *d = rig_answered(&r, tag, sizeof(tag));
	const struct rig_message *m = reinvite(
		&r, tag, 2, FAR("2", C AUDIO) "m=video 50000 RTP/AVP 99\r\na=rtpmap:99 VP8/9\r\n");
	status_is(m, 200);
	rig_has(m->text, "m=video 0 RTP/AVP 99\r\n");
	rig_no_event(&r);
	ack(&r, tag, 2, NULL);
	finish(&r, d);
}

static void test_488_keeps_the_session(void **state)
{
	struct rig r;
	char tag[64];

	rig_open(&r);
	struct sip_dialog *d = rig_answered(&r, tag, sizeof(tag));
	const struct rig_message *m =
		reinvite(&r, tag, 2, FAR("2", C "m=audio 40000 RTP/AVP 18\r\n"));
	status_is(m, 488);
	rig_has(m->text, "Warning: 305 ");
	m = reinvite(&r, tag, 3, FAR("2", "c=IN IP6 ::1\r\nt=0 0\r\n" AUDIO));
	status_is(m, 488);
	rig_has(m->text, "Warning: 301 ");
	rig_no_event(&r);
	status_is(reinvite(&r, tag, 4, RIG_SDP), 200); /* and the call goes on */
	ack(&r, tag, 4, NULL);
	rig_no_event(&r);
	finish(&r, d);
}

static void test_bad_sdp_and_bodies(void **state)
{
	struct rig r;
	char tag[64];

	rig_open(&r);
	struct sip_dialog *d = rig_answered(&r, tag, sizeof(tag));
	status_is(reinvite(&r, tag, 2, "rubbish"), 400);
	rig_request(&r, &(struct rig_request){.method = "INVITE",
					      .branch = "z9hG4bKenc",
					      .call_id = "call-1",
					      .from_tag = "alice",
					      .to_tag = tag,
					      .cseq = 3,
					      .extra = "Content-Encoding: gzip\r\n",
					      .sdp = RIG_SDP});
	rig_has(rig_expect(&r, "SIP/2.0 415 ")->text, "Accept: application/sdp\r\n");
	rig_no_event(&r);
	finish(&r, d);
}

/* --- first offer refused --- */

static void first_offer(const char *sdp, const char *warning)
{
	struct rig r;
	struct rig_request q = rig_invite;

	rig_open(&r);
	struct sip_local_media local = rig_local(&r);
	q.sdp = sdp;
	struct sip_dialog *d = rig_invited(&r, &q);
	sip_dialog_accept(d, &r, &local);
	rig_has(rig_expect(&r, "SIP/2.0 488 ")->text, warning);
	assert_int_equal(rig_event(&r, SIP_ENDING)->status, 488);
	finish(&r, d);
}

static void test_488(void **state)
{
	first_offer(FAR("1", C "m=audio 4 RTP/AVP 18\r\n"), "Warning: 305 ");
	first_offer(FAR("1", C "m=audio 0 RTP/AVP 0\r\n"), "Warning: 305 ");
	first_offer(FAR("1", "c=IN IP6 ::9\r\nt=0 0\r\n" AUDIO), "Warning: 301 ");
}

/* --- late offer --- */

static struct sip_dialog *late(struct rig *r, char *tag, size_t size)
{
	struct rig_request q = rig_invite;
	struct sip_local_media local = rig_local(r);

	q.sdp = NULL;
	struct sip_dialog *d = rig_invited(r, &q);
	sip_dialog_accept(d, r, &local);
	sip_dialog_ring(d, true);
	rig_lacks(rig_expect(r, "SIP/2.0 183 ")->text, "m=audio"); /* not reliable: no offer */
	sip_dialog_answer(d);
	const struct rig_message *m = rig_expect(r, "SIP/2.0 200 ");
	rig_has(m->text, "m=audio 30000 RTP/AVP 0 8 101\r\n");
	snprintf(tag, size, "%s", rig_tag(m->text, "To"));
	return d;
}

static void test_late_offer(void **state)
{
	struct rig r;
	char tag[64];

	rig_open(&r);
	struct sip_dialog *d = late(&r, tag, sizeof(tag));
	rig_no_event(&r);
	ack(&r, tag, 1, FAR("1", C "m=audio 40000 RTP/AVP 8 101\r\n"));
	const struct rig_event *e = rig_event(&r, SIP_CONFIRMED);
	assert_true(e->has_media);
	assert_int_equal(e->media.codec, SIP_PCMA);
	finish(&r, d);
}

static void test_late_offer_not_answered(void **state)
{
	static const char *const answers[] = {NULL, "rubbish",
					      FAR("1", C "m=audio 4 RTP/AVP 18\r\n")};

	for (size_t i = 0; i < 3; i++) {
		struct rig r;
		char tag[64];
		rig_open(&r);
		struct sip_dialog *d = late(&r, tag, sizeof(tag));
		ack(&r, tag, 1, answers[i]);
		rig_expect(&r, "BYE ");
		assert_int_equal(rig_event(&r, SIP_ENDING)->status, 488);
		finish(&r, d);
	}
}

static void test_reinvite_while_our_offer_is_open(void **state)
{
	struct rig r;
	char tag[64];

	rig_open(&r);
	struct sip_dialog *d = late(&r, tag, sizeof(tag));
	status_is(reinvite(&r, tag, 2, RIG_SDP), 491);
	ack(&r, tag, 1, RIG_SDP);
	rig_event(&r, SIP_CONFIRMED);
	finish(&r, d);
}

/* The ACK was lost, but who re-INVITEs has seen our 200. */
static void test_reinvite_stands_for_the_ack(void **state)
{
	struct rig r;
	char tag[64];

	rig_open(&r);
	struct sip_local_media local = rig_local(&r);
	struct sip_dialog *d = rig_invited(&r, &rig_invite);
	sip_dialog_accept(d, &r, &local);
	rig_event(&r, SIP_MEDIA);
	sip_dialog_answer(d);
	snprintf(tag, sizeof(tag), "%s", rig_tag(rig_expect(&r, "SIP/2.0 200 ")->text, "To"));
	status_is(reinvite(&r, tag, 2, FAR("2", C AUDIO "a=sendonly\r\n")), 200);
	rig_event(&r, SIP_CONFIRMED);
	ack(&r, tag, 2, NULL);
	rig_run(&r, 40000);
	rig_expect_nothing(&r);
	finish(&r, d);
}

static void test_reinvite_without_sdp(void **state)
{
	struct rig r;
	char tag[64];

	rig_open(&r);
	struct sip_dialog *d = rig_answered(&r, tag, sizeof(tag));
	unsigned long long id, version, id2, version2;
	origin_of(r.in[1].text, &id, &version);
	const struct rig_message *m = reinvite(&r, tag, 2, NULL);
	status_is(m, 200);
	rig_has(m->text, "m=audio 30000 RTP/AVP 0 8 101\r\n"); /* all we can */
	origin_of(m->text, &id2, &version2);
	assert_int_equal(id, id2);
	assert_int_equal(version2, version + 1);
	rig_no_event(&r);
	ack(&r, tag, 2, FAR("2", C "m=audio 40000 RTP/AVP 8 101\r\n"));
	const struct rig_event *e = rig_event(&r, SIP_MEDIA);
	assert_int_equal(e->media.codec, SIP_PCMA);
	finish(&r, d);
}

static void test_reinvite_200_repeats_until_bye(void **state)
{
	struct rig r;
	char tag[64];

	rig_open(&r);
	struct sip_dialog *d = rig_answered(&r, tag, sizeof(tag));
	status_is(reinvite(&r, tag, 2, RIG_SDP), 200);
	rig_run(&r, 32000);
	for (int i = 0; i < 10; i++)
		rig_expect(&r, "SIP/2.0 200 ");
	rig_expect(&r, "BYE ");
	assert_int_equal(rig_event(&r, SIP_ENDING)->status, 408);
	finish(&r, d);
}

static void test_bye_may_follow_a_reinvite_at_once(void **state)
{
	struct rig r;
	char tag[64];

	rig_open(&r);
	struct sip_dialog *d = rig_answered(&r, tag, sizeof(tag));
	status_is(reinvite(&r, tag, 2, RIG_SDP), 200);
	sip_dialog_end(d, 0, 16);
	rig_expect(&r, "BYE ");
	rig_event(&r, SIP_ENDED);
	rig_run(&r, 400);
	rig_expect_nothing(&r);
	rig_close(&r);
}

static void test_reinvite_to_a_call_we_made(void **state)
{
	struct rig r;
	const struct rig_message *m;
	char tag[64], call_id[64];

	rig_open(&r);
	struct sip_dialog *d = rig_call(&r, &m);
	snprintf(tag, sizeof(tag), "%s", rig_tag(m->text, "From"));
	snprintf(call_id, sizeof(call_id), "%s", rig_header(m->text, "Call-ID"));
	rig_request(&r, &(struct rig_request){.method = "INVITE",
					      .branch = "z9hG4bKre",
					      .call_id = call_id,
					      .from_tag = "far",
					      .to_tag = tag,
					      .cseq = 1,
					      .sdp = FAR("2", C AUDIO "a=inactive\r\n")});
	rig_has(rig_expect(&r, "SIP/2.0 200 ")->text, "a=inactive\r\n");
	assert_false(rig_event(&r, SIP_MEDIA)->media.send);
	rig_request(&r, &(struct rig_request){.method = "ACK",
					      .branch = "z9hG4bKreack",
					      .call_id = call_id,
					      .from_tag = "far",
					      .to_tag = tag,
					      .cseq = 1});
	finish(&r, d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hold_sendonly),
		cmocka_unit_test(test_hold_inactive),
		cmocka_unit_test(test_hold_recvonly),
		cmocka_unit_test(test_hold_by_address),
		cmocka_unit_test(test_address_change),
		cmocka_unit_test(test_codec_change),
		cmocka_unit_test(test_same_offer_changes_nothing),
		cmocka_unit_test(test_stream_switched_off_and_on),
		cmocka_unit_test(test_second_stream_is_refused),
		cmocka_unit_test(test_488_keeps_the_session),
		cmocka_unit_test(test_bad_sdp_and_bodies),
		cmocka_unit_test(test_488),
		cmocka_unit_test(test_late_offer),
		cmocka_unit_test(test_late_offer_not_answered),
		cmocka_unit_test(test_reinvite_while_our_offer_is_open),
		cmocka_unit_test(test_reinvite_stands_for_the_ack),
		cmocka_unit_test(test_reinvite_without_sdp),
		cmocka_unit_test(test_reinvite_200_repeats_until_bye),
		cmocka_unit_test(test_bye_may_follow_a_reinvite_at_once),
		cmocka_unit_test(test_reinvite_to_a_call_we_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
