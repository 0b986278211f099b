#include "sip/dialog_out.c"

#include "tests/unit/sip/rig.h"

static void end(struct rig *r, struct sip_dialog *d, int q850)
{
	sip_dialog_end(d, 0, q850);
	rig_event(r, SIP_ENDED);
}

/* --- CANCEL and its races --- */

static void test_cancel(void **state)
{
	struct rig r;

	rig_open(&r);
	struct sip_dialog *d = rig_start(&r);
	const struct rig_message *m = rig_expect(&r, "INVITE ");
	rig_reply(&r, m->text, "180 Ringing", "far", NULL, NULL);
	rig_event(&r, SIP_RINGING);
	end(&r, d, 16);
	const struct rig_message *c = rig_expect(&r, "CANCEL sip:7134@cs ");
	assert_string_equal(rig_header(c->text, "Via"), rig_header(m->text, "Via"));
	assert_string_equal(rig_header(c->text, "From"), rig_header(m->text, "From"));
	assert_string_equal(rig_header(c->text, "To"), rig_header(m->text, "To"));
	assert_string_equal(rig_header(c->text, "CSeq"), "1 CANCEL");
	rig_has(c->text, "Reason: Q.850;cause=16\r\n");
	rig_reply(&r, c->text, "200 OK", "far", NULL, NULL);
	rig_reply(&r, m->text, "487 Request Terminated", "far", NULL, NULL);
	rig_expect(&r, "ACK ");
	rig_no_event(&r);
	rig_run(&r, 40000);
	rig_expect_nothing(&r);
	rig_close(&r);
}

static void test_cancel_waits_for_the_first_1xx(void **state)
{
	struct rig r;

	rig_open(&r);
	struct sip_dialog *d = rig_start(&r);
	const struct rig_message *m = rig_expect(&r, "INVITE ");
	end(&r, d, 16);
	rig_expect_nothing(&r);
	rig_run(&r, 500);
	rig_expect(&r, "INVITE "); /* it must get through for CANCEL to follow */
	rig_reply(&r, m->text, "100 Trying", NULL, NULL, NULL);
	rig_expect(&r, "CANCEL ");
	rig_reply(&r, m->text, "180 Ringing", "far", NULL, NULL);
	rig_reply(&r, m->text, "487 Request Terminated", "far", NULL, NULL);
	rig_expect(&r, "ACK ");
	rig_no_event(&r);
	rig_close(&r);
}

static void test_cancel_overtaken_by_a_final(void **state)
{
	struct rig r;

	rig_open(&r);
	struct sip_dialog *d = rig_start(&r);
	const struct rig_message *m = rig_expect(&r, "INVITE ");
	end(&r, d, 16);
	rig_reply(&r, m->text, "486 Busy Here", "far", NULL, NULL);
	rig_expect(&r, "ACK ");
	rig_expect_nothing(&r);
	rig_no_event(&r);
	rig_close(&r);
}

static void test_cancel_crossing_200(void **state)
{
	struct rig r;

	rig_open(&r);
	struct sip_dialog *d = rig_start(&r);
	const struct rig_message *m = rig_expect(&r, "INVITE ");
	rig_reply(&r, m->text, "180 Ringing", "far", NULL, NULL);
	rig_event(&r, SIP_RINGING);
	end(&r, d, 16);
	const struct rig_message *c = rig_expect(&r, "CANCEL ");
	rig_reply(&r, m->text, "200 OK", "far", NULL, RIG_SDP);
	const struct rig_message *ack = rig_expect(&r, "ACK ");
	const struct rig_message *bye = rig_expect(&r, "BYE ");
	assert_string_equal(rig_tag(bye->text, "To"), "far");
	rig_has(bye->text, "Reason: Q.850;cause=16\r\n");
	rig_reply(&r, c->text, "481 Too late", "far", NULL, NULL);
	rig_reply(&r, bye->text, "200 OK", NULL, NULL, NULL);
	rig_reply(&r, m->text, "200 OK", "far", NULL, RIG_SDP); /* our ACK was lost */
	assert_string_equal(rig_expect(&r, "ACK ")->text, ack->text);
	rig_expect_nothing(&r);
	rig_no_event(&r);
	rig_close(&r);
}

static void test_200_before_any_1xx_after_end(void **state)
{
	struct rig r;

	rig_open(&r);
	struct sip_dialog *d = rig_start(&r);
	const struct rig_message *m = rig_expect(&r, "INVITE ");
	end(&r, d, 0);
	rig_reply(&r, m->text, "200 OK", "far", NULL, RIG_SDP);
	rig_expect(&r, "ACK ");
	rig_lacks(rig_expect(&r, "BYE ")->text, "Reason:");
	rig_close(&r);
}

/* 9.1: no final response for 64 * T1 after CANCEL. */
static void test_cancel_without_effect(void **state)
{
	struct rig r;
	struct sip_agent_counts c;

	rig_open(&r);
	struct sip_dialog *d = rig_start(&r);
	const struct rig_message *m = rig_expect(&r, "INVITE ");
	rig_reply(&r, m->text, "180 Ringing", "far", NULL, NULL);
	end(&r, (rig_event(&r, SIP_RINGING), d), 16);
	rig_reply(&r, rig_expect(&r, "CANCEL ")->text, "200 OK", "far", NULL, NULL);
	rig_run(&r, 31999);
	sip_agent_counts(r.agent, &c);
	assert_int_equal(c.transactions, 1);
	assert_non_null(r.agent->dialogs);
	rig_run(&r, 1);
	sip_agent_counts(r.agent, &c);
	assert_int_equal(c.transactions, 0);
	assert_null(r.agent->dialogs);
	rig_close(&r);
}

static void test_no_answer_in_time(void **state)
{
	struct rig r;

	rig_open(&r);
	r.agent->invite_timeout_ms = 60000;
	struct sip_dialog *d = rig_start(&r);
	const struct rig_message *m = rig_expect(&r, "INVITE ");
	rig_reply(&r, m->text, "180 Ringing", "far", NULL, NULL);
	rig_event(&r, SIP_RINGING);
	rig_run(&r, 59999);
	rig_no_event(&r);
	rig_run(&r, 1);
	assert_int_equal(rig_event(&r, SIP_ENDING)->status, 408);
	rig_has(rig_expect(&r, "CANCEL ")->text, "Reason: Q.850;cause=102\r\n");
	rig_reply(&r, m->text, "487 Request Terminated", "far", NULL, NULL);
	rig_expect(&r, "ACK ");
	rig_no_event(&r);
	end(&r, d, 0);
	rig_close(&r);
}

/* --- answers --- */

static void failure(const char *status, int code)
{
	struct rig r;

	rig_open(&r);
	struct sip_dialog *d = rig_start(&r);
	const struct rig_message *m = rig_expect(&r, "INVITE ");
	rig_reply(&r, m->text, status, "far", NULL, NULL);
	assert_int_equal(rig_event(&r, SIP_ENDING)->status, code);
	rig_expect(&r, "ACK ");
	end(&r, d, 0);
	rig_expect_nothing(&r);
	rig_close(&r);
}

static void test_failures(void **state)
{
	failure("302 Moved Temporarily", 302);
	failure("401 Unauthorized", 401);
	failure("407 Proxy Authentication Required", 407);
	failure("503 Service Unavailable", 503);
	failure("603 Decline", 603);
}

static void test_200_again_gets_the_same_ack(void **state)
{
	struct rig r;
	const struct rig_message *m;

	rig_open(&r);
	struct sip_dialog *d = rig_call(&r, &m);
	const char *ack = r.in[r.in_next - 1].text;
	for (int i = 0; i < 3; i++) {
		rig_reply(&r, m->text, "200 OK", "far", NULL, RIG_SDP);
		assert_string_equal(rig_expect(&r, "ACK ")->text, ack);
	}
	rig_no_event(&r);
	end(&r, d, 0);
	rig_close(&r);
}

static void test_forked_200_gets_ack_and_bye(void **state)
{
	struct rig r;
	const struct rig_message *m, *bye;

	rig_open(&r);
	struct sip_dialog *d = rig_call(&r, &m);
	rig_reply(&r, m->text, "200 OK", "fork", NULL, RIG_SDP);
	assert_string_equal(rig_tag(rig_expect(&r, "ACK ")->text, "To"), "fork");
	bye = rig_expect(&r, "BYE ");
	assert_string_equal(rig_tag(bye->text, "To"), "fork");
	rig_reply(&r, bye->text, "200 OK", NULL, NULL, NULL);
	rig_reply(&r, m->text, "200 OK", "fork", NULL, RIG_SDP); /* once more: ACK, no BYE */
	assert_string_equal(rig_tag(rig_expect(&r, "ACK ")->text, "To"), "fork");
	rig_expect_nothing(&r);
	rig_no_event(&r);
	end(&r, d, 0);
	assert_string_equal(rig_tag(rig_expect(&r, "BYE ")->text, "To"), "far");
	rig_close(&r);
}

static void test_early_media_of_several_forks(void **state)
{
	static const char other[] =
		"v=0\r\no=b 1 1 IN IP4 192.0.2.8\r\ns=-\r\nc=IN IP4 192.0.2.8\r\n"
		"t=0 0\r\nm=audio 50000 RTP/AVP 8\r\n";
	struct rig r;
	const struct rig_event *e;

	rig_open(&r);
	struct sip_dialog *d = rig_start(&r);
	const struct rig_message *m = rig_expect(&r, "INVITE ");
	rig_reply(&r, m->text, "183 Session Progress", "a", NULL, RIG_SDP);
	e = rig_event(&r, SIP_PROGRESS);
	assert_true(e->has_media);
	assert_int_equal(sip_addr_port((struct sockaddr *)&e->media.remote), 40000);
	rig_reply(&r, m->text, "180 Ringing", "b", NULL, other);
	e = rig_event(&r, SIP_RINGING); /* the branch heard last is listened to */
	assert_true(e->has_media);
	assert_int_equal(sip_addr_port((struct sockaddr *)&e->media.remote), 50000);
	assert_int_equal(e->media.codec, SIP_PCMA);
	/* A second SDP on the same branch is no new answer. */
	rig_reply(&r, m->text, "183 Session Progress", "b", NULL, RIG_SDP);
	assert_false(rig_event(&r, SIP_PROGRESS)->has_media);
	/* The first branch answers without SDP: its early answer counts. */
	rig_reply(&r, m->text, "200 OK", "a", NULL, NULL);
	e = rig_event(&r, SIP_ANSWERED);
	assert_true(e->has_media);
	assert_int_equal(sip_addr_port((struct sockaddr *)&e->media.remote), 40000);
	assert_string_equal(rig_tag(rig_expect(&r, "ACK ")->text, "To"), "a");
	end(&r, d, 0);
	rig_close(&r);
}

static void test_early_answer_is_not_told_twice(void **state)
{
	struct rig r;

	rig_open(&r);
	struct sip_dialog *d = rig_start(&r);
	const struct rig_message *m = rig_expect(&r, "INVITE ");
	rig_reply(&r, m->text, "183 Session Progress", "far", NULL, RIG_SDP);
	assert_true(rig_event(&r, SIP_PROGRESS)->has_media);
	rig_reply(&r, m->text, "200 OK", "far", NULL, RIG_SDP);
	assert_false(rig_event(&r, SIP_ANSWERED)->has_media);
	end(&r, d, 0);
	rig_close(&r);
}

static void unusable(const char *sdp)
{
	struct rig r;

	rig_open(&r);
	struct sip_dialog *d = rig_start(&r);
	const struct rig_message *m = rig_expect(&r, "INVITE ");
	rig_reply(&r, m->text, "200 OK", "far", NULL, sdp);
	rig_expect(&r, "ACK ");
	rig_expect(&r, "BYE ");
	assert_int_equal(rig_event(&r, SIP_ENDING)->status, 488);
	end(&r, d, 0);
	rig_close(&r);
}

static void test_200_without_usable_answer(void **state)
{
	unusable(NULL);
	unusable("v=0\r\nrubbish");
	unusable("v=0\r\no=f 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n"
		 "m=audio 0 RTP/AVP 0\r\n");
	unusable("v=0\r\no=f 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n"
		 "m=audio 4000 RTP/AVP 18\r\n");
}

static void test_ringing_is_told_once(void **state)
{
	struct rig r;

	rig_open(&r);
	struct sip_dialog *d = rig_start(&r);
	const struct rig_message *m = rig_expect(&r, "INVITE ");
	rig_reply(&r, m->text, "180 Ringing", "a", NULL, NULL);
	rig_event(&r, SIP_RINGING);
	rig_reply(&r, m->text, "180 Ringing", "b", NULL, NULL);
	rig_reply(&r, m->text, "180 Ringing", "a", NULL, NULL);
	rig_reply(&r, m->text, "199 Early Dialog Terminated", "b", NULL, NULL);
	rig_no_event(&r);
	rig_reply(&r, m->text, "180 Ringing", "a", NULL, RIG_SDP); /* now with something new */
	assert_true(rig_event(&r, SIP_RINGING)->has_media);
	rig_reply(&r, m->text, "182 Queued", "a", NULL, NULL);
	rig_event(&r, SIP_PROGRESS);
	end(&r, d, 0);
	rig_close(&r);
}

static void test_a_call_ends_however_full(void **state)
{
	struct rig r;
	const struct rig_message *m;

	rig_open(&r);
	struct sip_dialog *d = rig_call(&r, &m);
	r.agent->layer.max = 0;
	end(&r, d, 0);
	rig_reply(&r, rig_expect(&r, "BYE ")->text, "200 OK", NULL, NULL, NULL);
	rig_close(&r);
}

static void test_many_forks_are_bounded(void **state)
{
	struct rig r;
	char tag[32];

	rig_open(&r);
	struct sip_dialog *d = rig_start(&r);
	const struct rig_message *m = rig_expect(&r, "INVITE ");
	for (int i = 0; i < 100; i++) {
		snprintf(tag, sizeof(tag), "fork%d", i);
		rig_reply(&r, m->text, "180 Ringing", tag, NULL, NULL);
	}
	assert_int_equal(d->fork_count, SIP_FORKS_MAX);
	assert_null(sip_dialog_fork(d, "fork0"));
	for (int i = 0; i < 20; i++) { /* answers are never forgotten; too many are not taken */
		snprintf(tag, sizeof(tag), "answer%d", i);
		rig_reply(&r, m->text, "200 OK", tag, NULL, RIG_SDP);
	}
	assert_int_equal(d->fork_count, SIP_FORKS_MAX);
	assert_non_null(sip_dialog_fork(d, "answer0"));
	assert_null(sip_dialog_fork(d, "answer19"));
	sip_dialog_end(d, 0, 0);
	rig_close(&r);
}

/* --- inside an early dialog --- */

static void test_requests_in_an_early_dialog(void **state)
{
	struct rig r;
	char tag[64], call_id[64];

	rig_open(&r);
	struct sip_dialog *d = rig_start(&r);
	const struct rig_message *m = rig_expect(&r, "INVITE ");
	rig_reply(&r, m->text, "180 Ringing", "far", NULL, NULL);
	rig_event(&r, SIP_RINGING);
	snprintf(tag, sizeof(tag), "%s", rig_tag(m->text, "From"));
	snprintf(call_id, sizeof(call_id), "%s", rig_header(m->text, "Call-ID"));
	struct rig_request q = {.method = "INVITE",
				.branch = "z9hG4bKa",
				.call_id = call_id,
				.from_tag = "far",
				.to_tag = tag,
				.cseq = 1,
				.sdp = RIG_SDP};
	rig_request(&r, &q);
	rig_expect(&r, "SIP/2.0 491 "); /* ours is pending */
	q.method = "BYE";
	q.branch = "z9hG4bKb";
	q.sdp = NULL;
	q.cseq = 2;
	rig_request(&r, &q);
	rig_expect(&r, "SIP/2.0 481 ");
	rig_no_event(&r);
	end(&r, d, 0);
	rig_close(&r);
}

static void test_peer_hangs_up(void **state)
{
	struct rig r;
	const struct rig_message *m;
	char tag[64], call_id[64];

	rig_open(&r);
	struct sip_dialog *d = rig_call(&r, &m);
	snprintf(tag, sizeof(tag), "%s", rig_tag(m->text, "From"));
	snprintf(call_id, sizeof(call_id), "%s", rig_header(m->text, "Call-ID"));
	assert_string_equal(sip_dialog_call_id(d), call_id);
	rig_request(&r, &(struct rig_request){.method = "BYE",
					      .branch = "z9hG4bKb",
					      .call_id = call_id,
					      .from_tag = "far",
					      .to_tag = tag,
					      .cseq = 77,
					      .extra = "Reason: Q.850;cause=19\r\n"});
	rig_expect(&r, "SIP/2.0 200 ");
	const struct rig_event *e = rig_event(&r, SIP_ENDING);
	assert_int_equal(e->status, 0);
	assert_int_equal(e->q850, 19);
	end(&r, d, 0);
	rig_expect_nothing(&r);
	rig_close(&r);
}

/* --- what INVITE says --- */

static const char *invite_text(struct rig *r, const struct sip_invite *inv)
{
	struct sip_dialog *d;

	assert_int_equal(sip_dialog_start(&d, r->agent, inv, NULL), 0);
	const struct rig_message *m = rig_expect(r, "INVITE ");
	sip_dialog_end(d, 0, 0);
	rig_event(r, SIP_ENDED);
	return m->text;
}

static void test_parties(void **state)
{
	struct rig r;
	struct sip_invite inv = {.peer = "cs", .number = "+1#2*3 4/é"};
	const char *text;

	rig_open(&r);
	inv.local = rig_local(&r);
	snprintf(inv.calling.user, sizeof(inv.calling.user), "71;01");
	snprintf(inv.calling.display, sizeof(inv.calling.display),
		 "J\xc3\xbcrgen \"J\\\" \xff\x01x");
	text = invite_text(&r, &inv);
	rig_has(text, "INVITE sip:+1%232*3%204/%C3%A9@cs SIP/2.0\r\n");
	rig_has(text, "From: \"J\xc3\xbcrgen \\\"J\\\\\\\" x\" <sip:71;01@cs>;tag=");
	rig_lacks(text, "Privacy:");
	inv.calling.anonymous = true;
	text = invite_text(&r, &inv);
	rig_has(text, "From: \"Anonymous\" <sip:anonymous@anonymous.invalid>;tag=");
	rig_has(text, "Privacy: id\r\n");
	rig_lacks(text, "71;01");
	rig_close(&r);
}

static void test_no_domain_no_caller(void **state)
{
	struct rig r;
	struct sip_invite inv = {.peer = "cs", .number = ""};
	char uri[64], addr[SIP_ADDR_TEXT];

	rig_open(&r);
	inv.local = rig_local(&r);
	r.agent->peers->conf.domain[0] = '\0';
	const char *text = invite_text(&r, &inv);
	snprintf(uri, sizeof(uri), "INVITE sip:%s SIP/2.0\r\n",
		 sip_addr_text((struct sockaddr *)&r.far, addr));
	rig_has(text, uri);
	rig_has(text, "From: <sip:127.0.0.1>;tag=");
	rig_close(&r);
}

static void test_ipv6(void **state)
{
	struct rig r;
	const struct rig_message *m;

	rig_open_family(&r, AF_INET6);
	struct sip_dialog *d = rig_start(&r);
	m = rig_expect(&r, "INVITE ");
	rig_has(rig_header(m->text, "Via"), "SIP/2.0/UDP [::1]:");
	rig_has(rig_header(m->text, "Contact"), "<sip:[::1]:");
	rig_has(m->text, "c=IN IP6 ::1\r\n");
	rig_reply(&r, m->text, "200 OK", "far", NULL, RIG_SDP6);
	const struct rig_event *e = rig_event(&r, SIP_ANSWERED);
	assert_int_equal(e->media.remote.ss_family, AF_INET6);
	rig_has(rig_expect(&r, "ACK sip:[::1]:")->text, "Max-Forwards: 70\r\n");
	end(&r, d, 0);
	rig_reply(&r, rig_expect(&r, "BYE sip:[::1]:")->text, "200 OK", NULL, NULL, NULL);
	rig_close(&r);
}

static void test_start_refused(void **state)
{
	struct rig r;
	struct sip_dialog *d;
	struct sip_invite inv = {.peer = "nobody", .number = "1"};

	rig_open(&r);
	inv.local = rig_local(&r);
	assert_int_equal(sip_dialog_start(&d, r.agent, &inv, NULL), -ENOENT);
	inv.peer = "cs";
	assert_true(sip_addr_parse(&r.agent->peers->targets[0].addr, "::1", 5060));
	assert_int_equal(sip_dialog_start(&d, r.agent, &inv, NULL), -ENETUNREACH);
	assert_null(d);
	rig_close(&r);
}

/* RFC 3325 6 and 7: what a peer may know depends on whether it is trusted. */
static void identity_is(bool trusted, const struct sip_party *p, const char *from, const char *pai,
			const char *privacy)
{
	struct rig r;
	struct sip_dialog *d;

	rig_open(&r);
	r.agent->peers->conf.trusted = trusted;
	struct sip_invite inv = {.peer = "cs", .number = "7134", .local = rig_local(&r)};
	inv.calling = *p;
	assert_int_equal(sip_dialog_start(&d, r.agent, &inv, &r), 0);
	const char *text = rig_expect(&r, "INVITE ")->text;
	assert_int_equal(strncmp(rig_header(text, "From"), from, strlen(from)), 0);
	assert_string_equal(rig_header(text, "P-Asserted-Identity"), pai);
	assert_string_equal(rig_header(text, "Privacy"), privacy);
	rig_reply(&r, text, "486 Busy", "far", NULL, NULL);
	rig_event(&r, SIP_ENDING);
	sip_dialog_end(d, 0, 0);
	rig_close(&r);
}

static void test_identity(void **state)
{
	static const char anonymous[] = "\"Anonymous\" <sip:anonymous@anonymous.invalid>";
	struct sip_party p = {.user = "+15551234", .display = "Anna", .asserted = true};

	identity_is(false, &p, "\"Anna\" <sip:+15551234@cs;user=phone>;tag", "", "");
	identity_is(true, &p, "\"Anna\" <sip:+15551234@cs;user=phone>;tag",
		    "\"Anna\" <sip:+15551234@cs;user=phone>", "");
	p.anonymous = true;
	identity_is(false, &p, anonymous, "", "id");
	identity_is(true, &p, anonymous, "\"Anna\" <sip:+15551234@cs;user=phone>", "id");
	p.asserted = false;
	identity_is(true, &p, anonymous, "", "id");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_cancel_waits_for_the_first_1xx),
		cmocka_unit_test(test_cancel_overtaken_by_a_final),
		cmocka_unit_test(test_cancel_crossing_200),
		cmocka_unit_test(test_200_before_any_1xx_after_end),
		cmocka_unit_test(test_cancel_without_effect),
		cmocka_unit_test(test_no_answer_in_time),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_200_again_gets_the_same_ack),
		cmocka_unit_test(test_forked_200_gets_ack_and_bye),
		cmocka_unit_test(test_early_media_of_several_forks),
		cmocka_unit_test(test_early_answer_is_not_told_twice),
		cmocka_unit_test(test_200_without_usable_answer),
		cmocka_unit_test(test_ringing_is_told_once),
		cmocka_unit_test(test_a_call_ends_however_full),
		cmocka_unit_test(test_many_forks_are_bounded),
		cmocka_unit_test(test_requests_in_an_early_dialog),
		cmocka_unit_test(test_peer_hangs_up),
		cmocka_unit_test(test_parties),
		cmocka_unit_test(test_no_domain_no_caller),
		cmocka_unit_test(test_ipv6),
		cmocka_unit_test(test_start_refused),
		cmocka_unit_test(test_identity),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
