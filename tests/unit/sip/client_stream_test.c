/* Transactions and dialogs over TCP, on the virtual clock: nothing is repeated, what breaks is
 * told. */
#include "sip/client.c"

#include "tests/unit/sip/rig.h"

#include <fcntl.h>
#include <netinet/tcp.h>

static int listening;

/* The far side listens, the peer is one for TCP, and so is our listener. */
static void open_tcp(struct rig *r, enum sip_protocol peer_by)
{
	socklen_t len = sizeof(r->far);
	char err[128];

	rig_open(r);
	listening = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(listening, (struct sockaddr *)&r->far,
			      sip_addr_len((struct sockaddr *)&r->far)),
			 0);
	assert_int_equal(listen(listening, 4), 0);
	assert_int_equal(getsockname(listening, (struct sockaddr *)&r->far, &len), 0);
	r->peer.transport = peer_by;
	r->peer.redirecting = SIP_DIVERSION_AND_HISTORY; /* which makes large requests */
	r->conf.listen[1] = r->conf.listen[0];
	r->conf.listen[1].protocol = SIP_TCP;
	r->conf.listen_count = 2;
	assert_int_equal(sip_agent_reconfigure(r->agent, &r->conf, err, sizeof(err)), 0);
	assert_int_equal(sip_agent_listen_addr(r->agent, 1, &r->near), 0);
}

static void close_tcp(struct rig *r)
{
	if (listening >= 0)
		close(listening);
	rig_close(r);
}

/* What comes next comes by the connection that waits. */
static void take_connection(struct rig *r)
{
	close(r->sock);
	rig_turn(r);
	r->sock = accept(listening, NULL, NULL);
	assert_true(r->sock >= 0);
}

static void make_connection(struct rig *r)
{
	const int on = 1;

	close(r->sock);
	r->sock = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(r->sock, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)); /* no real time passes */
	assert_int_equal(connect(r->sock, (struct sockaddr *)&r->near, sizeof(struct sockaddr_in)),
			 0);
	fcntl(r->sock, F_SETFL, O_NONBLOCK);
}

/* The far side closes it. */
static void break_connection(struct rig *r)
{
	close(r->sock);
	r->sock = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	rig_run(r, 10);
}

static void test_nothing_is_repeated(void **state)
{
	struct rig r;

	open_tcp(&r, SIP_TCP);
	struct sip_dialog *d = rig_start(&r);
	take_connection(&r);
	const struct rig_message *m = rig_expect(&r, "INVITE ");
	rig_has(rig_header(m->text, "Via"), "SIP/2.0/TCP 127.0.0.1:");
	rig_has(rig_header(m->text, "Contact"), ";transport=tcp>");
	rig_run(&r, 31999);
	rig_expect_nothing(&r);
	rig_no_event(&r);
	rig_run(&r, 1); /* timer B all the same */
	assert_int_equal(rig_event(&r, SIP_ENDING)->status, 408);
	sip_dialog_end(d, 0, 0);
	close_tcp(&r);
}

static void test_timers_d_and_k_are_zero(void **state)
{
	struct rig r;
	const struct rig_message *m;
	struct sip_agent_counts c;

	open_tcp(&r, SIP_TCP);
	struct sip_dialog *d = rig_start(&r);
	take_connection(&r);
	m = rig_expect(&r, "INVITE ");
	rig_reply(&r, m->text, "486 Busy Here", "far", NULL, NULL);
	rig_expect(&r, "ACK ");
	assert_int_equal(rig_event(&r, SIP_ENDING)->status, 486);
	sip_dialog_end(d, 0, 0);
	rig_run(&r, 1);
	sip_agent_counts(r.agent, &c);
	assert_int_equal(c.transactions, 0);
	close_tcp(&r);
}

static void test_refused_is_told_at_once(void **state)
{
	struct rig r;

	open_tcp(&r, SIP_TCP);
	close(listening);
	listening = -1;
	struct sip_dialog *d = rig_start(&r);
	rig_run(&r, 10);
	assert_int_equal(rig_event(&r, SIP_ENDING)->status, 503);
	sip_dialog_end(d, 0, 0);
	close_tcp(&r);
}

/* A connection that is closed just as it is used; once, for who always does so is down. */
static void test_sent_again_by_a_new_connection(void **state)
{
	struct rig r;

	open_tcp(&r, SIP_TCP);
	struct sip_dialog *d = rig_start(&r);
	take_connection(&r);
	const struct rig_message *m = rig_expect(&r, "INVITE ");
	break_connection(&r);
	take_connection(&r);
	assert_string_equal(rig_expect(&r, "INVITE ")->text, m->text);
	break_connection(&r);
	assert_int_equal(rig_event(&r, SIP_ENDING)->status, 503);
	sip_dialog_end(d, 0, 0);
	close_tcp(&r);
}

/* Once something came the far side has the request, and may answer by its own connection. */
static void test_broken_after_a_provisional(void **state)
{
	struct rig r;

	open_tcp(&r, SIP_TCP);
	struct sip_dialog *d = rig_start(&r);
	take_connection(&r);
	const struct rig_message *m = rig_expect(&r, "INVITE ");
	rig_reply(&r, m->text, "180 Ringing", "far", NULL, NULL);
	rig_event(&r, SIP_RINGING);
	break_connection(&r);
	rig_run(&r, 20000);
	rig_no_event(&r);
	make_connection(&r);
	rig_reply(&r, m->text, "200 OK", "far", NULL, RIG_SDP);
	rig_event(&r, SIP_ANSWERED);
	take_connection(&r); /* to the Contact */
	rig_expect(&r, "ACK ");
	sip_dialog_end(d, 0, 0);
	rig_turn(&r);
	rig_reply(&r, rig_expect(&r, "BYE ")->text, "200 OK", NULL, NULL, NULL);
	close_tcp(&r);
}

/* --- RFC 3261 18.1.1 --- */

static struct sip_dialog *start_large(struct rig *r)
{
	struct sip_dialog *d;
	struct sip_invite inv = {.peer = "cs", .number = "7134", .local = rig_local(r)};
	struct sip_party *const parties[] = {&inv.calling, &inv.redirecting.last,
					     &inv.redirecting.original};

	inv.redirecting.count = 2;
	for (unsigned i = 0; i < 3; i++) {
		memset(parties[i]->display, 'x', sizeof(parties[i]->display) - 1);
		memset(parties[i]->user, '1', sizeof(parties[i]->user) - 1);
	}
	assert_int_equal(sip_dialog_start(&d, r->agent, &inv, r), 0);
	return d;
}

static void test_large_goes_by_tcp(void **state)
{
	struct rig r;

	open_tcp(&r, SIP_UDP);
	struct sip_dialog *d = start_large(&r);
	take_connection(&r);
	const struct rig_message *m = rig_expect(&r, "INVITE ");
	assert_true(strlen(m->text) > SIP_DATAGRAM_SAFE);
	char near[SIP_ADDR_TEXT], via[SIP_ADDR_TEXT + 32];
	snprintf(via, sizeof(via), "SIP/2.0/TCP %s;rport;branch=z9hG4bK",
		 sip_addr_text((struct sockaddr *)&r.near, near));
	rig_has(rig_header(m->text, "Via"), via);
	/* its ACK is of the same transaction */
	rig_reply(&r, m->text, "486 Busy Here", "far", NULL, NULL);
	assert_string_equal(rig_header(rig_expect(&r, "ACK ")->text, "Via"),
			    rig_header(m->text, "Via"));
	sip_dialog_end(d, 0, 0);
	close_tcp(&r);
}

static void test_large_goes_by_udp_where_there_is_no_tcp(void **state)
{
	struct rig r;

	open_tcp(&r, SIP_UDP);
	close(listening);
	listening = -1;
	close(r.sock);
	r.sock = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(r.sock, (struct sockaddr *)&r.far, sizeof(struct sockaddr_in)), 0);
	struct sip_dialog *d = start_large(&r);
	rig_run(&r, 10);
	const struct rig_message *m = rig_expect(&r, "INVITE ");
	rig_has(rig_header(m->text, "Via"), "SIP/2.0/UDP ");
	rig_run(&r, 1000);
	assert_string_equal(rig_expect(&r, "INVITE ")->text, m->text); /* timer A runs */
	sip_dialog_end(d, 0, 0);
	close_tcp(&r);
}

/* --- requests to us --- */

static void test_request_by_a_connection(void **state)
{
	struct rig r;
	char tag[64];
	struct rig_request q = rig_invite;
	struct sip_agent_counts c;

	open_tcp(&r, SIP_TCP);
	make_connection(&r);
	struct sip_local_media local = rig_local(&r);
	struct sip_dialog *d = rig_invited(&r, &q);
	sip_dialog_accept(d, &r, &local);
	sip_dialog_answer(d);
	const struct rig_message *m = rig_expect(&r, "SIP/2.0 200 ");
	rig_has(rig_header(m->text, "Contact"), ";transport=tcp>");
	snprintf(tag, sizeof(tag), "%s", rig_tag(m->text, "To"));
	/* 13.3.1.4: the 2xx is repeated all the same, for there may be UDP further on */
	rig_run(&r, 500);
	rig_expect(&r, "SIP/2.0 200 ");
	q.method = "ACK";
	q.branch = "z9hG4bKack";
	q.to_tag = tag;
	q.sdp = NULL;
	rig_request(&r, &q);
	q.method = "BYE";
	q.branch = "z9hG4bKbye";
	q.cseq = 2;
	rig_request(&r, &q);
	rig_expect(&r, "SIP/2.0 200 ");
	sip_dialog_end(d, 0, 0);
	rig_run(&r, 1);
	sip_agent_counts(r.agent, &c);
	assert_int_equal(c.transactions, 1); /* the INVITE's, in Accepted; J is 0 */
	close_tcp(&r);
}

/* A datagram's source can be forged: it does not make a request one of a TCP peer. */
static void test_lesser_transport_is_not_heard(void **state)
{
	struct rig r;

	open_tcp(&r, SIP_TCP);
	assert_int_equal(sip_agent_listen_addr(r.agent, 0, &r.near), 0);
	rig_request(&r, &rig_invite);
	rig_expect_nothing(&r);
	struct sip_agent_counts c;
	sip_agent_counts(r.agent, &c);
	assert_int_equal(c.refused_stranger, 1);
	close_tcp(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_is_repeated),
		cmocka_unit_test(test_timers_d_and_k_are_zero),
		cmocka_unit_test(test_refused_is_told_at_once),
		cmocka_unit_test(test_sent_again_by_a_new_connection),
		cmocka_unit_test(test_broken_after_a_provisional),
		cmocka_unit_test(test_large_goes_by_tcp),
		cmocka_unit_test(test_large_goes_by_udp_where_there_is_no_tcp),
		cmocka_unit_test(test_request_by_a_connection),
		cmocka_unit_test(test_lesser_transport_is_not_heard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
