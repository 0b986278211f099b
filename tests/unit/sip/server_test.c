#include "sip/server.c"

#include "tests/unit/sip/rig.h"

static const struct rig_request options = {.method = "OPTIONS",
					   .branch = "z9hG4bKopt",
					   .call_id = "opt-1",
					   .from_tag = "alice",
					   .cseq = 1};

static const struct rig_message *expect_at(struct rig *r, const char *start, uint64_t ms)
{
	const struct rig_message *m = rig_expect(r, start);

	if (m->at_ms != ms)
		fail_msg("%s after %u ms, due after %u", start, (unsigned)m->at_ms, (unsigned)ms);
	return m;
}

static void ack_failure(struct rig *r, const char *response)
{
	char tag[64];

	snprintf(tag, sizeof(tag), "%s", rig_tag(response, "To"));
	rig_request(r, &(struct rig_request){.method = "ACK",
					     .branch = rig_invite.branch,
					     .call_id = "call-1",
					     .from_tag = "alice",
					     .to_tag = tag,
					     .cseq = 1});
}

static unsigned transactions(const struct rig *r)
{
	struct sip_agent_counts c;

	sip_agent_counts(r->agent, &c);
	return c.transactions;
}

static void test_timer_g_until_timer_h(void **state)
{
	static const unsigned at[] = {0,     500,   1500,  3500,  7500, 11500,
				      15500, 19500, 23500, 27500, 31500};
	struct rig r;

	rig_open(&r);
	struct sip_dialog *d = rig_invited(&r, &rig_invite);
	sip_dialog_end(d, 486, 17);
	rig_event(&r, SIP_ENDED);
	rig_run(&r, 31999);
	const struct rig_message *first = expect_at(&r, "SIP/2.0 486 Busy Here", 0);
	rig_has(first->text, "Reason: Q.850;cause=17\r\n");
	for (unsigned i = 1; i < sizeof(at) / sizeof(at[0]); i++)
		assert_string_equal(expect_at(&r, "SIP/2.0 486 ", at[i])->text, first->text);
	assert_int_equal(transactions(&r), 1);
	rig_run(&r, 1);
	assert_int_equal(transactions(&r), 0);
	rig_run(&r, 10000);
	rig_expect_nothing(&r);
	rig_close(&r);
}

static void test_ack_stops_timer_g_and_timer_i_ends(void **state)
{
	struct rig r;

	rig_open(&r);
	struct sip_dialog *d = rig_invited(&r, &rig_invite);
	sip_dialog_end(d, 404, 1);
	const struct rig_message *m = rig_expect(&r, "SIP/2.0 404 ");
	rig_run(&r, 100);
	ack_failure(&r, m->text);
	rig_run(&r, T4 - 1);
	rig_request(&r, &rig_invite); /* a late repeat is absorbed */
	ack_failure(&r, m->text);
	rig_expect_nothing(&r);
	assert_int_equal(transactions(&r), 1);
	rig_run(&r, 1);
	assert_int_equal(transactions(&r), 0);
	rig_expect_nothing(&r);
	rig_close(&r);
}

static void test_repeated_invite_gets_the_same(void **state)
{
	struct rig r;
	struct sip_agent_counts c;

	rig_open(&r);
	struct sip_dialog *d = rig_invited(&r, &rig_invite);
	const struct rig_message *trying = &r.in[0], *m;
	rig_request(&r, &rig_invite);
	assert_string_equal(rig_expect(&r, "SIP/2.0 100 ")->text, trying->text);
	sip_dialog_ring(d, false);
	m = rig_expect(&r, "SIP/2.0 180 ");
	rig_request(&r, &rig_invite);
	assert_string_equal(rig_expect(&r, "SIP/2.0 180 ")->text, m->text);
	sip_dialog_end(d, 480, 0);
	m = rig_expect(&r, "SIP/2.0 480 ");
	rig_request(&r, &rig_invite);
	assert_string_equal(rig_expect(&r, "SIP/2.0 480 ")->text, m->text);
	sip_agent_counts(r.agent, &c);
	assert_int_equal(c.retransmits_in, 3);
	rig_event(&r, SIP_ENDED);
	rig_no_event(&r);
	ack_failure(&r, m->text);
	rig_close(&r);
}

static void test_timer_l_absorbs_invites(void **state)
{
	struct rig r;
	char tag[64];

	rig_open(&r);
	struct sip_dialog *d = rig_answered(&r, tag, sizeof(tag));
	rig_run(&r, 31999);
	rig_request(&r, &rig_invite);
	rig_expect_nothing(&r);
	assert_int_equal(transactions(&r), 1);
	rig_run(&r, 1);
	assert_int_equal(transactions(&r), 0);
	sip_dialog_end(d, 0, 0);
	rig_close(&r);
}

static void test_timer_j(void **state)
{
	struct rig r;

	rig_open(&r);
	rig_request(&r, &options);
	const struct rig_message *m = rig_expect(&r, "SIP/2.0 200 ");
	rig_run(&r, 31999);
	rig_request(&r, &options);
	assert_string_equal(rig_expect(&r, "SIP/2.0 200 ")->text, m->text);
	assert_int_equal(transactions(&r), 1);
	rig_run(&r, 1);
	assert_int_equal(transactions(&r), 0);
	rig_close(&r);
}

static void test_merged_request(void **state)
{
	struct rig r;
	struct rig_request q = rig_invite;

	rig_open(&r);
	struct sip_dialog *d = rig_invited(&r, &rig_invite);
	q.branch = "z9hG4bKother-way";
	rig_request(&r, &q);
	rig_expect(&r, "SIP/2.0 482 ");
	rig_no_event(&r);
	q.branch = "z9hG4bKthird"; /* the next CSeq is another request */
	q.cseq = 2;
	rig_request(&r, &q);
	rig_expect(&r, "SIP/2.0 100 ");
	sip_dialog_end(rig_event(&r, SIP_INVITED)->dialog, 486, 0);
	sip_dialog_end(d, 486, 0);
	rig_close(&r);
}

static void test_rfc2543_branch(void **state)
{
	struct rig r;
	struct rig_request q = rig_invite;
	char tag[64];

	rig_open(&r);
	q.branch = "1";
	struct sip_dialog *d = rig_invited(&r, &q);
	rig_request(&r, &q);
	rig_expect(&r, "SIP/2.0 100 ");
	sip_dialog_end(d, 486, 0);
	snprintf(tag, sizeof(tag), "%s", rig_tag(rig_expect(&r, "SIP/2.0 486 ")->text, "To"));
	q.method = "ACK";
	q.to_tag = tag;
	q.sdp = NULL;
	rig_request(&r, &q);
	rig_run(&r, 4000);
	rig_expect_nothing(&r);
	/* The same branch with another Call-ID is another transaction. */
	q = rig_invite;
	q.branch = "1";
	q.call_id = "call-2";
	d = (rig_event(&r, SIP_ENDED), rig_invited(&r, &q));
	sip_dialog_end(d, 486, 0);
	rig_close(&r);
}

static void test_rport(void **state)
{
	struct rig r;
	struct rig_request q = options;
	char port[32];

	rig_open(&r);
	rig_request(&r, &q);
	const struct rig_message *m = rig_expect(&r, "SIP/2.0 200 ");
	snprintf(port, sizeof(port), ";rport=%u", sip_addr_port((struct sockaddr *)&r.far));
	rig_has(rig_header(m->text, "Via"), port);
	rig_has(rig_header(m->text, "Via"), ";received=127.0.0.1");
	rig_close(&r);
}

/* Without rport the response goes to the port in Via (18.2.2). */
static void test_sent_by_port(void **state)
{
	struct rig r;
	struct sockaddr_storage other;
	struct rig_request q = options;
	char text[RIG_TEXT], got[RIG_TEXT];

	rig_open(&r);
	r.peer.any_port = true;
	assert_int_equal(sip_agent_reconfigure(r.agent, &r.conf, text, sizeof(text)), 0);
	int fd = rig_socket(AF_INET, &other);
	q.via_params = "";
	rig_format(&r, &q, text, sizeof(text)); /* Via names r.sock's port */
	rig_send_raw(&r, fd, text, strlen(text));
	const struct rig_message *m = rig_expect(&r, "SIP/2.0 200 ");
	rig_lacks(rig_header(m->text, "Via"), "received"); /* same address */
	q.branch = "z9hG4bKrport";
	q.call_id = "opt-2";
	q.via_params = ";rport";
	rig_format(&r, &q, text, sizeof(text));
	rig_send_raw(&r, fd, text, strlen(text));
	rig_expect_nothing(&r);
	assert_true(recv(fd, got, sizeof(got), MSG_DONTWAIT) > 0);
	close(fd);
	rig_close(&r);
}

static void test_received_when_via_lies(void **state)
{
	struct rig r;
	struct rig_request q = options;
	char text[RIG_TEXT], fixed[RIG_TEXT], via[64];

	rig_open(&r);
	q.via_params = "";
	rig_format(&r, &q, text, sizeof(text));
	snprintf(via, sizeof(via), "UDP 127.0.0.1:");
	char *at = strstr(text, via);
	assert_non_null(at);
	snprintf(fixed, sizeof(fixed), "%.*sUDP phone.invalid:%s", (int)(at - text), text,
		 at + strlen(via));
	rig_send(&r, fixed);
	rig_has(rig_header(rig_expect(&r, "SIP/2.0 200 ")->text, "Via"), ";received=127.0.0.1");
	rig_close(&r);
}

static void test_full(void **state)
{
	struct rig r;
	struct sip_agent_counts c;
	char tag[64];

	rig_open(&r);
	r.agent->layer.max = 0;
	rig_request(&r, &rig_invite);
	const struct rig_message *m = rig_expect(&r, "SIP/2.0 503 ");
	rig_has(m->text, "Retry-After: ");
	snprintf(tag, sizeof(tag), "%s", rig_tag(m->text, "To"));
	assert_true(strlen(tag) >= 16);
	rig_request(&r, &rig_invite); /* no state, yet the same answer (8.2.7) */
	assert_string_equal(rig_tag(rig_expect(&r, "SIP/2.0 503 ")->text, "To"), tag);
	ack_failure(&r, m->text);
	rig_expect_nothing(&r);
	sip_agent_counts(r.agent, &c);
	assert_int_equal(c.refused_full, 2);
	assert_int_equal(c.transactions, 0);
	rig_no_event(&r);
	rig_close(&r);
}

static void test_via_too_long(void **state)
{
	struct rig r;
	struct rig_request q = options;
	char branch[1200] = "z9hG4bK";

	memset(branch + 7, 'x', 1100);
	rig_open(&r);
	q.branch = branch;
	rig_request(&r, &q);
	rig_expect(&r, "SIP/2.0 400 ");
	assert_int_equal(transactions(&r), 0);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_timer_g_until_timer_h),
		cmocka_unit_test(test_ack_stops_timer_g_and_timer_i_ends),
		cmocka_unit_test(test_repeated_invite_gets_the_same),
		cmocka_unit_test(test_timer_l_absorbs_invites),
		cmocka_unit_test(test_timer_j),
		cmocka_unit_test(test_merged_request),
		cmocka_unit_test(test_rfc2543_branch),
		cmocka_unit_test(test_rport),
		cmocka_unit_test(test_sent_by_port),
		cmocka_unit_test(test_received_when_via_lies),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_via_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
