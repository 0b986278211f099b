#include "sip/dialog_in.c"

#include "tests/unit/sip/rig.h"

static struct rig_request inside(const char *method, unsigned cseq, const char *tag)
{
	static char branches[16][32];
	static unsigned turn;
	char *branch = branches[turn % 16];

	snprintf(branch, sizeof(branches[0]), "z9hG4bKin%u", turn++);
	return (struct rig_request){.method = method,
				    .branch = branch,
				    .call_id = "call-1",
				    .from_tag = "alice",
				    .to_tag = tag,
				    .cseq = cseq};
}

static void send_inside(struct rig *r, const char *method, unsigned cseq, const char *tag)
{
	struct rig_request q = inside(method, cseq, tag);

	rig_request(r, &q);
}

/* Answered with 200 and not acknowledged yet. */
static struct sip_dialog *unacked(struct rig *r, char *tag, size_t size)
{
	struct sip_local_media local = rig_local(r);
	struct sip_dialog *d = rig_invited(r, &rig_invite);

	sip_dialog_accept(d, r, &local);
	rig_event(r, SIP_MEDIA);
	sip_dialog_answer(d);
	snprintf(tag, size, "%s", rig_tag(rig_expect(r, "SIP/2.0 200 ")->text, "To"));
	return d;
}

static struct rig_request cancel_of(const struct rig_request *invite)
{
	struct rig_request q = *invite;

	q.method = "CANCEL";
	q.sdp = NULL;
	q.extra = "Reason: SIP;cause=200;text=\"done\",Q.850;cause=16\r\n";
	return q;
}

/* --- 2xx and its ACK --- */

static void test_200_repeats_until_64_t1_then_bye(void **state)
{
	static const unsigned at[] = {500,   1500,  3500,  7500,  11500,
				      15500, 19500, 23500, 27500, 31500};
	struct rig r;
	char tag[64];

	rig_open(&r);
	struct sip_dialog *d = unacked(&r, tag, sizeof(tag));
	const char *first = r.in[r.in_next - 1].text;
	rig_run(&r, 31999);
	for (unsigned i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		const struct rig_message *m = rig_expect(&r, "SIP/2.0 200 ");
		assert_int_equal(m->at_ms, at[i]);
		assert_string_equal(m->text, first);
	}
	rig_no_event(&r);
	rig_run(&r, 1);
	const struct rig_message *bye = rig_expect(&r, "BYE ");
	rig_has(bye->text, "Reason: Q.850;cause=102\r\n");
	assert_int_equal(rig_event(&r, SIP_ENDING)->status, 408);
	rig_reply(&r, bye->text, "200 OK", NULL, NULL, NULL);
	sip_dialog_end(d, 0, 0);
	rig_event(&r, SIP_ENDED);
	rig_run(&r, 40000);
	rig_expect_nothing(&r);
	rig_close(&r);
}

static void test_ack_stops_the_200(void **state)
{
	struct rig r;
	char tag[64];

	rig_open(&r);
	struct sip_dialog *d = unacked(&r, tag, sizeof(tag));
	rig_run(&r, 600);
	rig_expect(&r, "SIP/2.0 200 ");
	send_inside(&r, "ACK", 2, tag); /* of no INVITE */
	rig_no_event(&r);
	send_inside(&r, "ACK", 1, tag);
	rig_event(&r, SIP_CONFIRMED);
	send_inside(&r, "ACK", 1, tag); /* again */
	rig_run(&r, 40000);
	rig_expect_nothing(&r);
	rig_no_event(&r);
	sip_dialog_end(d, 0, 0);
	rig_close(&r);
}

/* Some send the ACK to a 2xx with the INVITE's branch. */
static void test_ack_with_the_branch_of_the_invite(void **state)
{
	struct rig r;
	char tag[64];

	rig_open(&r);
	struct sip_dialog *d = unacked(&r, tag, sizeof(tag));
	struct rig_request q = inside("ACK", 1, tag);
	q.branch = rig_invite.branch;
	rig_request(&r, &q);
	rig_event(&r, SIP_CONFIRMED);
	sip_dialog_end(d, 0, 0);
	rig_close(&r);
}

static void test_end_before_ack_waits_for_it(void **state)
{
	struct rig r;
	char tag[64];

	rig_open(&r);
	struct sip_dialog *d = unacked(&r, tag, sizeof(tag));
	sip_dialog_end(d, 0, 16);
	rig_event(&r, SIP_ENDED);
	rig_expect_nothing(&r); /* 15: no BYE yet */
	rig_run(&r, 600);
	rig_expect(&r, "SIP/2.0 200 ");
	send_inside(&r, "ACK", 1, tag);
	rig_has(rig_expect(&r, "BYE ")->text, "Reason: Q.850;cause=16\r\n");
	rig_no_event(&r);
	rig_close(&r);
}

static void test_end_and_no_ack_ever(void **state)
{
	struct rig r;
	char tag[64];

	rig_open(&r);
	struct sip_dialog *d = unacked(&r, tag, sizeof(tag));
	sip_dialog_end(d, 0, 31);
	rig_event(&r, SIP_ENDED);
	rig_run(&r, 32000);
	for (int i = 0; i < 10; i++)
		rig_expect(&r, "SIP/2.0 200 ");
	rig_has(rig_expect(&r, "BYE ")->text, "Reason: Q.850;cause=31\r\n");
	rig_no_event(&r);
	rig_close(&r);
}

static void test_bye_before_ack(void **state)
{
	struct rig r;
	char tag[64];

	rig_open(&r);
	struct sip_dialog *d = unacked(&r, tag, sizeof(tag));
	send_inside(&r, "BYE", 2, tag);
	rig_expect(&r, "SIP/2.0 200 ");
	rig_event(&r, SIP_ENDING);
	rig_run(&r, 40000);
	rig_expect_nothing(&r); /* the 200 to INVITE is not repeated any more */
	sip_dialog_end(d, 0, 0);
	rig_close(&r);
}

/* --- before the answer --- */

static void test_cancel(void **state)
{
	struct rig r;
	struct rig_request cancel = cancel_of(&rig_invite);

	rig_open(&r);
	struct sip_dialog *d = rig_invited(&r, &rig_invite);
	sip_dialog_ring(d, false);
	rig_expect(&r, "SIP/2.0 180 ");
	rig_request(&r, &cancel);
	rig_has(rig_expect(&r, "SIP/2.0 200 ")->text, "CSeq: 1 CANCEL\r\n");
	rig_has(rig_expect(&r, "SIP/2.0 487 ")->text, "CSeq: 1 INVITE\r\n");
	const struct rig_event *e = rig_event(&r, SIP_ENDING);
	assert_int_equal(e->status, 487);
	assert_int_equal(e->q850, 16);
	sip_dialog_answer(d); /* too late: ignored */
	sip_dialog_end(d, 486, 17);
	rig_event(&r, SIP_ENDED);
	rig_request(&r, &cancel); /* repeated: the same 200 and no more */
	rig_has(rig_expect(&r, "SIP/2.0 200 ")->text, "CSeq: 1 CANCEL\r\n");
	rig_run(&r, 499);
	rig_expect_nothing(&r);
	rig_close(&r);
}

static void test_cancel_after_200(void **state)
{
	struct rig r;
	char tag[64];
	struct rig_request cancel = cancel_of(&rig_invite);

	rig_open(&r);
	struct sip_dialog *d = unacked(&r, tag, sizeof(tag));
	rig_request(&r, &cancel);
	rig_has(rig_expect(&r, "SIP/2.0 200 ")->text, "CSeq: 1 CANCEL\r\n");
	rig_no_event(&r); /* the 200 stands; the caller must ACK and BYE */
	send_inside(&r, "ACK", 1, tag);
	rig_event(&r, SIP_CONFIRMED);
	send_inside(&r, "BYE", 2, tag);
	rig_expect(&r, "SIP/2.0 200 ");
	rig_event(&r, SIP_ENDING);
	sip_dialog_end(d, 0, 0);
	rig_close(&r);
}

/* CANCEL right behind INVITE, both read in one go: nobody hears of the call. */
static void test_cancel_before_anybody_heard(void **state)
{
	struct rig r;
	struct rig_request cancel = cancel_of(&rig_invite);
	char text[RIG_TEXT];

	rig_open(&r);
	size_t n = rig_format(&r, &rig_invite, text, sizeof(text));
	sendto(r.sock, text, n, 0, (struct sockaddr *)&r.near, sizeof(struct sockaddr_in));
	rig_request(&r, &cancel);
	rig_expect(&r, "SIP/2.0 100 ");
	rig_expect(&r, "SIP/2.0 200 ");
	rig_expect(&r, "SIP/2.0 487 ");
	rig_no_event(&r);
	rig_close(&r);
}

static void test_early_bye(void **state)
{
	struct rig r;
	char tag[64];

	rig_open(&r);
	struct sip_dialog *d = rig_invited(&r, &rig_invite);
	sip_dialog_ring(d, false);
	snprintf(tag, sizeof(tag), "%s", rig_tag(rig_expect(&r, "SIP/2.0 180 ")->text, "To"));
	send_inside(&r, "BYE", 2, tag);
	rig_has(rig_expect(&r, "SIP/2.0 200 ")->text, "CSeq: 2 BYE\r\n");
	rig_expect(&r, "SIP/2.0 487 ");
	assert_int_equal(rig_event(&r, SIP_ENDING)->status, 0);
	sip_dialog_end(d, 0, 0);
	rig_close(&r);
}

static void test_refuse_without_status(void **state)
{
	struct rig r;

	rig_open(&r);
	struct sip_dialog *d = rig_invited(&r, &rig_invite);
	sip_dialog_end(d, 0, 41);
	sip_dialog_end(d, 486, 17); /* idempotent */
	rig_has(rig_expect(&r, "SIP/2.0 500 ")->text, "Reason: Q.850;cause=41\r\n");
	rig_event(&r, SIP_ENDED);
	rig_no_event(&r);
	rig_close(&r);
}

static void test_ringing_is_repeated_each_minute(void **state)
{
	struct rig r;

	rig_open(&r);
	struct sip_dialog *d = rig_invited(&r, &rig_invite);
	sip_dialog_ring(d, false);
	const struct rig_message *first = rig_expect(&r, "SIP/2.0 180 ");
	rig_run(&r, 120000);
	const struct rig_message *m = rig_expect(&r, "SIP/2.0 180 ");
	assert_int_equal(m->at_ms, 60000);
	assert_string_equal(m->text, first->text);
	assert_int_equal(rig_expect(&r, "SIP/2.0 180 ")->at_ms, 120000);
	sip_dialog_end(d, 480, 0);
	rig_close(&r);
}

static void test_early_media(void **state)
{
	struct rig r;

	rig_open(&r);
	struct sip_dialog *d = rig_invited(&r, &rig_invite);
	sip_dialog_ring(d, true); /* nothing accepted yet: no SDP to send */
	rig_lacks(rig_expect(&r, "SIP/2.0 183 ")->text, "m=audio");
	struct sip_local_media local = rig_local(&r);
	sip_dialog_accept(d, &r, &local);
	rig_event(&r, SIP_MEDIA);
	sip_dialog_progress(d);
	const struct rig_message *early = rig_expect(&r, "SIP/2.0 183 ");
	rig_has(early->text, "m=audio 30000 ");
	sip_dialog_answer(d);
	/* The same answer again, to the letter (RFC 3264 8, RFC 6337). */
	assert_string_equal(rig_body(rig_expect(&r, "SIP/2.0 200 ")->text), rig_body(early->text));
	sip_dialog_end(d, 0, 0);
	rig_close(&r);
}

static void test_verbs_out_of_place(void **state)
{
	struct rig r;
	char tag[64];

	rig_open(&r);
	struct sip_dialog *d = rig_invited(&r, &rig_invite);
	sip_dialog_answer(d); /* not accepted: nothing to answer with */
	rig_expect_nothing(&r);
	sip_dialog_end(d, 486, 0);
	sip_dialog_ring(d, false);
	sip_dialog_answer(d);
	rig_expect(&r, "SIP/2.0 486 ");
	rig_event(&r, SIP_ENDED);
	rig_expect_nothing(&r);
	rig_close(&r);

	rig_open(&r);
	d = rig_answered(&r, tag, sizeof(tag));
	struct sip_local_media local = rig_local(&r);
	sip_dialog_ring(d, true);
	sip_dialog_answer(d);
	sip_dialog_accept(d, &r, &local);
	rig_expect_nothing(&r);
	rig_no_event(&r);
	sip_dialog_end(d, 0, 0);
	rig_close(&r);
}

/* --- inside --- */

static void test_bye_crossing_bye(void **state)
{
	struct rig r;
	char tag[64];

	rig_open(&r);
	struct sip_dialog *d = rig_answered(&r, tag, sizeof(tag));
	sip_dialog_end(d, 0, 16);
	const struct rig_message *ours = rig_expect(&r, "BYE ");
	rig_event(&r, SIP_ENDED);
	send_inside(&r, "BYE", 2, tag);
	rig_has(rig_expect(&r, "SIP/2.0 200 ")->text, "CSeq: 2 BYE\r\n");
	rig_reply(&r, ours->text, "481 Gone", NULL, NULL, NULL);
	rig_no_event(&r);
	send_inside(&r, "BYE", 3, tag);
	rig_expect(&r, "SIP/2.0 481 "); /* now it is gone */
	rig_close(&r);
}

static void test_bye_is_heard_however_full(void **state)
{
	struct rig r;
	char tag[64];
	struct sip_agent_counts c;

	rig_open(&r);
	struct sip_dialog *d = rig_answered(&r, tag, sizeof(tag));
	sip_agent_counts(r.agent, &c);
	r.agent->layer.max = c.transactions;
	struct rig_request q = rig_invite;
	q.branch = "z9hG4bKmore";
	q.call_id = "call-2";
	rig_request(&r, &q);
	rig_expect(&r, "SIP/2.0 503 ");
	send_inside(&r, "BYE", 2, tag);
	rig_expect(&r, "SIP/2.0 200 ");
	rig_event(&r, SIP_ENDING);
	sip_dialog_end(d, 0, 0);
	rig_close(&r);
}

static void test_cseq_order(void **state)
{
	struct rig r;
	char tag[64];

	rig_open(&r);
	struct sip_dialog *d = rig_answered(&r, tag, sizeof(tag));
	send_inside(&r, "OPTIONS", 10, tag);
	rig_expect(&r, "SIP/2.0 200 ");
	send_inside(&r, "OPTIONS", 9, tag);
	rig_expect(&r, "SIP/2.0 500 ");
	send_inside(&r, "BYE", 2, tag);
	rig_expect(&r, "SIP/2.0 500 ");
	rig_no_event(&r);
	send_inside(&r, "BYE", 500, tag); /* gaps are fine */
	rig_expect(&r, "SIP/2.0 200 ");
	rig_event(&r, SIP_ENDING);
	sip_dialog_end(d, 0, 0);
	rig_close(&r);
}

static void test_invite_while_theirs_is_pending(void **state)
{
	struct rig r;
	char tag[64];

	rig_open(&r);
	struct sip_dialog *d = rig_invited(&r, &rig_invite);
	sip_dialog_ring(d, false);
	snprintf(tag, sizeof(tag), "%s", rig_tag(rig_expect(&r, "SIP/2.0 180 ")->text, "To"));
	struct rig_request q = inside("INVITE", 2, tag);
	q.sdp = RIG_SDP;
	rig_request(&r, &q);
	const struct rig_message *m = rig_expect(&r, "SIP/2.0 500 ");
	const char *after = rig_header(m->text, "Retry-After");
	assert_true(after[0] >= '0' && after[0] <= '9' && atoi(after) <= 10);
	rig_no_event(&r);
	sip_dialog_end(d, 486, 0);
	rig_close(&r);
}

static void test_info_inside_is_405(void **state)
{
	struct rig r;
	char tag[64];

	rig_open(&r);
	struct sip_dialog *d = rig_answered(&r, tag, sizeof(tag));
	send_inside(&r, "INFO", 2, tag);
	rig_has(rig_expect(&r, "SIP/2.0 405 ")->text, "Allow: ");
	sip_dialog_end(d, 0, 0);
	rig_close(&r);
}

static void test_200_says_who_we_are(void **state)
{
	struct rig r;
	struct rig_request q = rig_invite;
	struct sip_local_media local;
	char contact[64], addr[SIP_ADDR_TEXT];

	rig_open(&r);
	local = rig_local(&r);
	q.extra = "Record-Route: <sip:127.0.0.1:1;lr>\r\nRecord-Route: <sip:127.0.0.2;lr>\r\n"
		  "Timestamp: 54.2\r\n";
	rig_request(&r, &q);
	assert_string_equal(rig_header(rig_expect(&r, "SIP/2.0 100 ")->text, "Timestamp"), "54.2");
	struct sip_dialog *d = rig_event(&r, SIP_INVITED)->dialog;
	sip_dialog_accept(d, &r, &local);
	sip_dialog_answer(d);
	const struct rig_message *m = rig_expect(&r, "SIP/2.0 200 OK");
	snprintf(contact, sizeof(contact), "<sip:%s>",
		 sip_addr_text((struct sockaddr *)&r.near, addr));
	assert_string_equal(rig_header(m->text, "Contact"), contact);
	assert_string_equal(rig_nth(m->text, "Record-Route", 0), "<sip:127.0.0.1:1;lr>");
	assert_string_equal(rig_nth(m->text, "Record-Route", 1), "<sip:127.0.0.2;lr>");
	rig_has(m->text, "Allow: INVITE");
	rig_has(m->text, "Supported:");
	rig_has(m->text, "Server: Tandem\r\n");
	sip_dialog_end(d, 0, 0);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_200_repeats_until_64_t1_then_bye),
		cmocka_unit_test(test_ack_stops_the_200),
		cmocka_unit_test(test_ack_with_the_branch_of_the_invite),
		cmocka_unit_test(test_end_before_ack_waits_for_it),
		cmocka_unit_test(test_end_and_no_ack_ever),
		cmocka_unit_test(test_bye_before_ack),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_cancel_after_200),
		cmocka_unit_test(test_cancel_before_anybody_heard),
		cmocka_unit_test(test_early_bye),
		cmocka_unit_test(test_refuse_without_status),
		cmocka_unit_test(test_ringing_is_repeated_each_minute),
		cmocka_unit_test(test_early_media),
		cmocka_unit_test(test_verbs_out_of_place),
		cmocka_unit_test(test_bye_crossing_bye),
		cmocka_unit_test(test_bye_is_heard_however_full),
		cmocka_unit_test(test_cseq_order),
		cmocka_unit_test(test_invite_while_theirs_is_pending),
		cmocka_unit_test(test_info_inside_is_405),
		cmocka_unit_test(test_200_says_who_we_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
