#include "sip/agent.c"

#include "tests/unit/sip/rig.h"

static void test_call_out(void **state)
{
	struct rig r;
	const struct rig_message *m;

	rig_open(&r);
	struct sip_dialog *d = rig_start(&r);
	m = rig_expect(&r, "INVITE sip:7134@cs SIP/2.0\r\n");
	rig_has(m->text, "From: \"Desk 1\" <sip:7101@cs>;tag=");
	rig_has(m->text, "To: <sip:7134@cs>\r\n");
	rig_has(m->text, ";rport;branch=z9hG4bK");
	rig_has(m->text, "m=audio 30000 RTP/AVP 0 8 101\r\n");
	rig_reply(&r, m->text, "100 Trying", NULL, NULL, NULL);
	rig_event(&r, SIP_TRYING);
	rig_reply(&r, m->text, "180 Ringing", "far", NULL, NULL);
	rig_event(&r, SIP_RINGING);
	rig_reply(&r, m->text, "200 OK", "far", NULL, RIG_SDP);
	const struct rig_event *e = rig_event(&r, SIP_ANSWERED);
	assert_true(e->has_media);
	assert_int_equal(e->media.codec, SIP_PCMU);
	assert_int_equal(e->media.dtmf_type, 101);
	assert_int_equal(sip_addr_port((struct sockaddr *)&e->media.remote), 40000);
	assert_int_equal(sip_addr_port((struct sockaddr *)&e->media.remote_rtcp), 40001);
	m = rig_expect(&r, "ACK sip:127.0.0.1:");
	rig_has(m->text, "CSeq: 1 ACK\r\n");
	sip_dialog_end(d, 0, 16);
	rig_event(&r, SIP_ENDED);
	m = rig_expect(&r, "BYE sip:127.0.0.1:");
	rig_has(m->text, "CSeq: 2 BYE\r\n");
	rig_has(m->text, "Reason: Q.850;cause=16\r\n");
	rig_reply(&r, m->text, "200 OK", NULL, NULL, NULL);
	rig_close(&r);
}

static void test_call_in(void **state)
{
	struct rig r;
	char tag[64];

	rig_open(&r);
	struct sip_local_media local = rig_local(&r);
	struct sip_dialog *d = rig_invited(&r, &rig_invite);
	const struct rig_event *e = &r.events[0];
	assert_string_equal(e->peer, "cs");
	assert_string_equal(e->called.user, "7101");
	assert_string_equal(e->calling.user, "alice");
	assert_null(e->user);
	sip_dialog_accept(d, &r, &local);
	e = rig_event(&r, SIP_MEDIA);
	assert_ptr_equal(e->user, &r);
	assert_true(e->has_media && e->media.send && e->media.recv);
	sip_dialog_ring(d, false);
	const struct rig_message *m = rig_expect(&r, "SIP/2.0 180 ");
	rig_lacks(m->text, "m=audio");
	sip_dialog_answer(d);
	m = rig_expect(&r, "SIP/2.0 200 ");
	rig_has(m->text, "m=audio 30000 RTP/AVP 0 101\r\n");
	snprintf(tag, sizeof(tag), "%s", rig_tag(m->text, "To"));
	struct rig_request q = {.method = "ACK",
				.branch = "z9hG4bKack",
				.call_id = "call-1",
				.from_tag = "alice",
				.to_tag = tag,
				.cseq = 1};
	rig_request(&r, &q);
	rig_event(&r, SIP_CONFIRMED);
	q.method = "BYE";
	q.branch = "z9hG4bKbye";
	q.cseq = 2;
	q.extra = "Reason: SIP;cause=200, Q.850 ;cause=31;text=\"a, b\"\r\n";
	rig_request(&r, &q);
	rig_expect(&r, "SIP/2.0 200 ");
	e = rig_event(&r, SIP_ENDING);
	assert_int_equal(e->status, 0);
	assert_int_equal(e->q850, 31);
	sip_dialog_end(d, 0, 0);
	rig_event(&r, SIP_ENDED);
	rig_expect_nothing(&r);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_call_out),
		cmocka_unit_test(test_call_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
