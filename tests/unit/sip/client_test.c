#include "sip/client.c"

#include "tests/unit/sip/rig.h"

static void run_out(struct rig *r, struct sip_dialog *d)
{
	sip_dialog_end(d, 0, 0);
	rig_turn(r);
}

/* The next message, and that it came after ms. */
static const struct rig_message *expect_at(struct rig *r, const char *start, uint64_t ms)
{
	const struct rig_message *m = rig_expect(r, start);

	if (m->at_ms != ms)
		fail_msg("%s after %u ms, due after %u", start, (unsigned)m->at_ms, (unsigned)ms);
	return m;
}

static void test_timer_a_doubles_until_timer_b(void **state)
{
	static const unsigned at[] = {0, 500, 1500, 3500, 7500, 15500, 31500};
	struct rig r;

	rig_open(&r);
	struct sip_dialog *d = rig_start(&r);
	rig_run(&r, 31999);
	const struct rig_message *first = expect_at(&r, "INVITE ", 0);
	for (unsigned i = 1; i < sizeof(at) / sizeof(at[0]); i++)
		assert_string_equal(expect_at(&r, "INVITE ", at[i])->text, first->text);
	rig_no_event(&r);
	rig_run(&r, 1);
	assert_int_equal(rig_event(&r, SIP_ENDING)->status, 408);
	rig_expect_nothing(&r);
	run_out(&r, d);
	rig_event(&r, SIP_ENDED);
	rig_expect_nothing(&r); /* nothing ever came: no CANCEL (9.1) */
	rig_close(&r);
}

static void test_provisional_stops_timers_a_and_b(void **state)
{
	struct rig r;

	rig_open(&r);
	struct sip_dialog *d = rig_start(&r);
	const struct rig_message *m = rig_expect(&r, "INVITE ");
	rig_reply(&r, m->text, "100 Trying", NULL, NULL, NULL);
	rig_event(&r, SIP_TRYING);
	rig_run(&r, 100000);
	rig_expect_nothing(&r);
	rig_no_event(&r);
	run_out(&r, d);
	rig_close(&r);
}

static void test_timer_d_acks_again(void **state)
{
	struct rig r;
	struct sip_agent_counts c;

	rig_open(&r);
	struct sip_dialog *d = rig_start(&r);
	const struct rig_message *m = rig_expect(&r, "INVITE ");
	rig_reply(&r, m->text, "486 Busy Here", "far", "Reason: Q.850;cause=17\r\n", NULL);
	const struct rig_event *e = rig_event(&r, SIP_ENDING);
	assert_int_equal(e->status, 486);
	assert_int_equal(e->q850, 17);
	const struct rig_message *ack = rig_expect(&r, "ACK sip:7134@cs ");
	assert_string_equal(rig_header(ack->text, "Via"), rig_header(m->text, "Via"));
	assert_string_equal(rig_header(ack->text, "From"), rig_header(m->text, "From"));
	assert_string_equal(rig_header(ack->text, "CSeq"), "1 ACK");
	assert_string_equal(rig_tag(ack->text, "To"), "far");
	run_out(&r, d);
	rig_event(&r, SIP_ENDED);
	rig_run(&r, 31000);
	rig_reply(&r, m->text, "486 Busy Here", "far", NULL, NULL);
	assert_string_equal(rig_expect(&r, "ACK ")->text, ack->text);
	rig_run(&r, 1000);
	sip_agent_counts(r.agent, &c);
	assert_int_equal(c.transactions, 0);
	rig_reply(&r, m->text, "486 Busy Here", "far", NULL, NULL);
	rig_expect_nothing(&r); /* D is over: stray */
	sip_agent_counts(r.agent, &c);
	assert_int_equal(c.stray, 1);
	rig_close(&r);
}

static void test_timer_m_accepts_2xx_again(void **state)
{
	struct rig r;
	struct sip_agent_counts c;
	const struct rig_message *m;

	rig_open(&r);
	struct sip_dialog *d = rig_call(&r, &m);
	rig_run(&r, 31999);
	rig_reply(&r, m->text, "200 OK", "far", NULL, RIG_SDP);
	rig_expect(&r, "ACK ");
	rig_run(&r, 1);
	rig_reply(&r, m->text, "200 OK", "far", NULL, RIG_SDP);
	rig_expect_nothing(&r);
	sip_agent_counts(r.agent, &c);
	assert_int_equal(c.transactions, 0);
	assert_int_equal(c.dialogs, 1);
	assert_int_equal(c.stray, 1);
	rig_no_event(&r);
	run_out(&r, d);
	rig_close(&r);
}

static void test_late_failure_in_accepted_is_ignored(void **state)
{
	struct rig r;
	const struct rig_message *m;

	rig_open(&r);
	struct sip_dialog *d = rig_call(&r, &m);
	rig_reply(&r, m->text, "486 Busy Here", "other", NULL, NULL);
	rig_reply(&r, m->text, "180 Ringing", "far", NULL, NULL);
	rig_expect_nothing(&r);
	rig_no_event(&r);
	run_out(&r, d);
	rig_close(&r);
}

static void test_timer_e_up_to_t2_until_timer_f(void **state)
{
	static const unsigned at[] = {0,     500,   1500,  3500,  7500, 11500,
				      15500, 19500, 23500, 27500, 31500};
	struct rig r;
	const struct rig_message *m;

	rig_open(&r);
	struct sip_dialog *d = rig_call(&r, &m);
	run_out(&r, d);
	rig_event(&r, SIP_ENDED);
	rig_run(&r, 60000);
	for (unsigned i = 0; i < sizeof(at) / sizeof(at[0]); i++)
		expect_at(&r, "BYE ", at[i]);
	rig_expect_nothing(&r);
	rig_close(&r);
}

static void test_timer_e_is_t2_after_a_provisional(void **state)
{
	struct rig r;
	const struct rig_message *m;

	rig_open(&r);
	struct sip_dialog *d = rig_call(&r, &m);
	run_out(&r, d);
	m = expect_at(&r, "BYE ", 0);
	rig_reply(&r, m->text, "100 Trying", NULL, NULL, NULL);
	rig_run(&r, 9000);
	expect_at(&r, "BYE ", 500);
	expect_at(&r, "BYE ", 4500);
	expect_at(&r, "BYE ", 8500);
	rig_expect_nothing(&r);
	rig_close(&r);
}

static void test_timer_k_absorbs_responses(void **state)
{
	struct rig r;
	struct sip_agent_counts c;
	const struct rig_message *m;

	rig_open(&r);
	struct sip_dialog *d = rig_call(&r, &m);
	rig_run(&r, 32000);
	run_out(&r, d);
	m = rig_expect(&r, "BYE ");
	rig_reply(&r, m->text, "200 OK", NULL, NULL, NULL);
	rig_run(&r, 4999);
	rig_reply(&r, m->text, "200 OK", NULL, NULL, NULL);
	sip_agent_counts(r.agent, &c);
	assert_int_equal(c.stray, 0);
	assert_int_equal(c.transactions, 1);
	rig_run(&r, 1);
	rig_reply(&r, m->text, "200 OK", NULL, NULL, NULL);
	sip_agent_counts(r.agent, &c);
	assert_int_equal(c.stray, 1);
	assert_int_equal(c.transactions, 0);
	rig_expect_nothing(&r);
	rig_close(&r);
}

static void test_stray_responses(void **state)
{
	struct rig r;
	struct sip_agent_counts c;
	char text[2000];

	rig_open(&r);
	struct sip_dialog *d = rig_start(&r);
	const struct rig_message *m = rig_expect(&r, "INVITE ");
	/* Not our branch; not its method; more than our Via. */
	snprintf(text, sizeof(text),
		 "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP x;branch=z9hG4bKnever\r\nFrom: %s\r\n"
		 "To: %s;tag=1\r\nCall-ID: %s\r\nCSeq: 1 INVITE\r\n\r\n",
		 rig_header(m->text, "From"), rig_header(m->text, "To"),
		 rig_header(m->text, "Call-ID"));
	rig_send(&r, text);
	snprintf(text, sizeof(text),
		 "SIP/2.0 200 OK\r\nVia: %s\r\nFrom: %s\r\nTo: %s;tag=1\r\nCall-ID: %s\r\n"
		 "CSeq: 1 BYE\r\n\r\n",
		 rig_header(m->text, "Via"), rig_header(m->text, "From"), rig_header(m->text, "To"),
		 rig_header(m->text, "Call-ID"));
	rig_send(&r, text);
	snprintf(text, sizeof(text),
		 "SIP/2.0 200 OK\r\nVia: %s, SIP/2.0/UDP other\r\nFrom: %s\r\nTo: %s;tag=1\r\n"
		 "Call-ID: %s\r\nCSeq: 1 INVITE\r\n\r\n",
		 rig_header(m->text, "Via"), rig_header(m->text, "From"), rig_header(m->text, "To"),
		 rig_header(m->text, "Call-ID"));
	rig_send(&r, text);
	sip_agent_counts(r.agent, &c);
	assert_int_equal(c.stray, 3);
	assert_int_equal(c.responses_in, 0);
	rig_no_event(&r);
	rig_expect_nothing(&r);
	run_out(&r, d);
	rig_close(&r);
}

static void test_response_from_a_stranger(void **state)
{
	struct rig r;
	struct sip_agent_counts c;
	struct sockaddr_storage other;
	char text[2000];

	rig_open(&r);
	assert_true(sip_addr_parse(&other, "127.0.0.5", 0));
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&other, sizeof(struct sockaddr_in)), 0);
	struct sip_dialog *d = rig_start(&r);
	const struct rig_message *m = rig_expect(&r, "INVITE ");
	snprintf(text, sizeof(text),
		 "SIP/2.0 603 No\r\nVia: %s\r\nFrom: %s\r\nTo: %s;tag=1\r\nCall-ID: %s\r\n"
		 "CSeq: 1 INVITE\r\n\r\n",
		 rig_header(m->text, "Via"), rig_header(m->text, "From"), rig_header(m->text, "To"),
		 rig_header(m->text, "Call-ID"));
	rig_send_raw(&r, fd, text, strlen(text));
	sip_agent_counts(r.agent, &c);
	assert_int_equal(c.stray, 1);
	rig_no_event(&r);
	run_out(&r, d);
	close(fd);
	rig_close(&r);
}

static void test_full(void **state)
{
	struct rig r;
	struct sip_dialog *d;
	struct sip_invite inv = {.peer = "cs", .number = "1"};

	rig_open(&r);
	inv.local = rig_local(&r);
	r.agent->layer.max = 0;
	assert_int_equal(sip_dialog_start(&d, r.agent, &inv, NULL), -EAGAIN);
	assert_null(d);
	rig_expect_nothing(&r);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_timer_a_doubles_until_timer_b),
		cmocka_unit_test(test_provisional_stops_timers_a_and_b),
		cmocka_unit_test(test_timer_d_acks_again),
		cmocka_unit_test(test_timer_m_accepts_2xx_again),
		cmocka_unit_test(test_late_failure_in_accepted_is_ignored),
		cmocka_unit_test(test_timer_e_up_to_t2_until_timer_f),
		cmocka_unit_test(test_timer_e_is_t2_after_a_provisional),
		cmocka_unit_test(test_timer_k_absorbs_responses),
		cmocka_unit_test(test_stray_responses),
		cmocka_unit_test(test_response_from_a_stranger),
		cmocka_unit_test(test_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
