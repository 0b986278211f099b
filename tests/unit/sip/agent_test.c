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

/* --- configuration --- */

static int reconfigure(struct rig *r)
{
	char err[128];

	return sip_agent_reconfigure(r->agent, &r->conf, err, sizeof(err));
}

static void test_open_refused(void **state)
{
	struct loop loop;
	struct sip_agent *a;
	struct sip_agent_conf conf;
	struct sip_agent_ops ops = {.event = rig_event_fn};
	struct sip_peer_conf peer = {.name = "p"};
	char err[128] = "";

	assert_int_equal(loop_init(&loop), 0);
	sip_agent_conf_default(&conf);
	assert_int_equal(sip_agent_open(&a, &loop, &conf, &ops, NULL, err, sizeof(err)), -EINVAL);
	assert_null(a);
	assert_non_null(strstr(err, "listen"));
	assert_true(sip_addr_parse(&conf.listen[0].addr, "192.0.2.254", 5060)); /* not ours */
	conf.listen_count = 1;
	assert_int_equal(sip_agent_open(&a, &loop, &conf, &ops, NULL, err, sizeof(err)),
			 -EADDRNOTAVAIL);
	assert_non_null(strstr(err, "192.0.2.254:5060"));
	assert_true(sip_addr_parse(&conf.listen[0].addr, "127.0.0.1", 0));
	conf.peers = &peer; /* without an address */
	conf.peer_count = 1;
	assert_int_equal(sip_agent_open(&a, &loop, &conf, &ops, NULL, err, sizeof(err)), -EINVAL);
	assert_non_null(strstr(err, "peer p"));
	sip_agent_close(NULL);
	loop_fini(&loop);
}

static void test_peer_addresses(void **state)
{
	struct rig r;
	struct sip_peer_conf peers[2] = {{.name = "a", .addr_count = 2}, {.name = "b"}};

	rig_open(&r);
	assert_true(sip_addr_parse(&peers[0].addr[0], "192.0.2.1", 5060));
	assert_true(sip_addr_parse(&peers[0].addr[1], "2001:db8::1", 0)); /* any port */
	peers[1].addr_count = 1;
	peers[1].any_port = true;
	assert_true(sip_addr_parse(&peers[1].addr[0], "192.0.2.2", 5060));
	r.conf.peers = peers;
	r.conf.peer_count = 2;
	assert_int_equal(reconfigure(&r), 0);
	static const struct {
		const char *host;
		uint16_t port;
		const char *name;
	} cases[] = {
		{"192.0.2.1", 5060, "a"}, {"192.0.2.1", 5061, NULL}, {"2001:db8::1", 1, "a"},
		{"2001:db8::2", 1, NULL}, {"192.0.2.2", 40000, "b"}, {"192.0.2.3", 5060, NULL},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sip_source from = {.listener = r.agent->transport.listeners};
		assert_true(sip_addr_parse(&from.addr, cases[i].host, cases[i].port));
		struct sip_peer *p = sip_agent_peer_of(r.agent, &from);
		if (cases[i].name == NULL)
			assert_null(p);
		else
			assert_string_equal(p->conf.name, cases[i].name);
	}
	assert_true(sip_agent_has_peer(r.agent, "b"));
	assert_false(sip_agent_has_peer(r.agent, "c"));
	rig_close(&r);
}

static void test_peer_removed_while_a_call_lives(void **state)
{
	struct rig r;
	char tag[64];
	struct sip_agent_counts c;
	struct rig_request q = rig_invite;

	rig_open(&r);
	struct sip_dialog *d = rig_answered(&r, tag, sizeof(tag));
	r.conf.peer_count = 0;
	assert_int_equal(reconfigure(&r), 0);
	assert_false(sip_agent_has_peer(r.agent, "cs"));
	/* No new call from it ... */
	q.call_id = "call-2";
	q.branch = "z9hG4bKnew";
	rig_request(&r, &q);
	rig_expect_nothing(&r);
	sip_agent_counts(r.agent, &c);
	assert_int_equal(c.refused_stranger, 1);
	/* ... and the old one goes on as ever. */
	q = rig_invite;
	q.branch = "z9hG4bKbye";
	q.method = "BYE";
	q.cseq = 2;
	q.to_tag = tag;
	q.sdp = NULL;
	rig_request(&r, &q);
	rig_expect(&r, "SIP/2.0 200 ");
	rig_event(&r, SIP_ENDING);
	sip_dialog_end(d, 0, 0);
	rig_event(&r, SIP_ENDED);
	rig_turn(&r);
	assert_null(r.agent->peers);
	rig_close(&r);
}

static void test_peer_kept_by_name(void **state)
{
	struct rig r;
	char tag[64];

	rig_open(&r);
	struct sip_dialog *d = rig_answered(&r, tag, sizeof(tag));
	snprintf(r.peer.domain, sizeof(r.peer.domain), "other");
	assert_int_equal(reconfigure(&r), 0);
	assert_true(sip_agent_has_peer(r.agent, "cs"));
	struct sip_dialog *fresh = rig_start(&r);
	rig_expect(&r, "INVITE sip:7134@other ");
	sip_dialog_end(fresh, 0, 0);
	sip_dialog_end(d, 0, 0);
	rig_close(&r);
}

static unsigned listeners(const struct rig *r)
{
	unsigned n = 0;

	for (struct sip_listener *l = r->agent->transport.listeners; l != NULL; l = l->next)
		n++;
	return n;
}

static void test_listener_removed_while_a_call_lives(void **state)
{
	struct rig r;
	char tag[64];
	struct sockaddr_storage now;
	struct rig_request q = rig_invite;

	rig_open(&r);
	struct sip_dialog *d = rig_answered(&r, tag, sizeof(tag));
	assert_true(sip_addr_parse(&r.conf.listen[0].addr, "127.0.0.2", 0));
	assert_int_equal(reconfigure(&r), 0);
	assert_int_equal(listeners(&r), 2);
	assert_int_equal(sip_agent_listen_addr(r.agent, 0, &now), 0);
	assert_false(sip_addr_equal((struct sockaddr *)&now, (struct sockaddr *)&r.near, true));
	q.branch = "z9hG4bKbye"; /* the old socket still hears the old call */
	q.method = "BYE";
	q.cseq = 2;
	q.to_tag = tag;
	q.sdp = NULL;
	rig_request(&r, &q);
	rig_expect(&r, "SIP/2.0 200 ");
	rig_event(&r, SIP_ENDING);
	sip_dialog_end(d, 0, 0);
	rig_run(&r, 64 * T1); /* its transactions run out, then it closes */
	assert_int_equal(listeners(&r), 1);
	rig_close(&r);
}

static void test_listener_added(void **state)
{
	struct rig r;
	struct sockaddr_storage second;

	rig_open(&r);
	assert_true(sip_addr_parse(&r.conf.listen[1].addr, "::1", 0));
	r.conf.listen_count = 2;
	assert_int_equal(reconfigure(&r), 0);
	assert_int_equal(listeners(&r), 2);
	assert_int_equal(sip_agent_listen_addr(r.agent, 1, &second), 0);
	assert_int_equal(second.ss_family, AF_INET6);
	assert_int_equal(sip_agent_listen_addr(r.agent, 2, &second), -ENOENT);
	rig_close(&r);
}

static void test_failed_reconfigure_changes_nothing(void **state)
{
	struct rig r;
	struct sockaddr_storage same;

	rig_open(&r);
	assert_true(sip_addr_parse(&r.conf.listen[0].addr, "127.0.0.2", 0));
	assert_true(sip_addr_parse(&r.conf.listen[1].addr, "192.0.2.254", 5060));
	r.conf.listen_count = 2;
	r.conf.peer_count = 0;
	assert_int_equal(reconfigure(&r), -EADDRNOTAVAIL);
	assert_int_equal(listeners(&r), 1);
	assert_int_equal(sip_agent_listen_addr(r.agent, 0, &same), 0);
	assert_true(sip_addr_equal((struct sockaddr *)&same, (struct sockaddr *)&r.near, true));
	assert_true(sip_agent_has_peer(r.agent, "cs"));
	rig_close(&r);
}

static void test_local_addr(void **state)
{
	struct rig r;
	struct sockaddr_storage addr;
	char text[SIP_ADDR_TEXT];

	rig_open(&r);
	assert_true(sip_addr_parse(&r.conf.listen[0].addr, "0.0.0.0", 0));
	assert_int_equal(reconfigure(&r), 0);
	assert_int_equal(sip_agent_local_addr(r.agent, "cs", "", &addr), 0);
	assert_string_equal(sip_addr_text((struct sockaddr *)&addr, text), "127.0.0.1:0");
	assert_int_equal(sip_agent_local_addr(r.agent, "nobody", "", &addr), -ENOENT);
	struct sip_dialog *d = rig_start(&r);
	rig_has(rig_header(rig_expect(&r, "INVITE ")->text, "Contact"), "<sip:127.0.0.1:");
	sip_dialog_end(d, 0, 0);
	rig_close(&r);
}

static void test_close_with_calls(void **state)
{
	struct rig r;
	char tag[64];
	const struct rig_message *m;

	rig_open(&r);
	rig_answered(&r, tag, sizeof(tag));
	rig_call(&r, &m);
	rig_start(&r);
	unsigned events = r.event_count;
	sip_agent_close(r.agent);
	r.agent = NULL;
	assert_int_equal(r.event_count, events);
	rig_close(&r);
}

/* A thousand calls in a row leave nothing; rig_close() sees to it. */
static void test_many_calls(void **state)
{
	struct rig r;
	const struct rig_message *m;

	rig_open(&r);
	for (int i = 0; i < 1000; i++) {
		r.in_count = r.in_next = r.event_count = r.event_next = 0;
		struct sip_dialog *d = rig_call(&r, &m);
		sip_dialog_end(d, 0, 16);
		rig_reply(&r, rig_expect(&r, "BYE ")->text, "200 OK", NULL, NULL, NULL);
		rig_run(&r, 100);
	}
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_call_out),
		cmocka_unit_test(test_call_in),
		cmocka_unit_test(test_open_refused),
		cmocka_unit_test(test_peer_addresses),
		cmocka_unit_test(test_peer_removed_while_a_call_lives),
		cmocka_unit_test(test_peer_kept_by_name),
		cmocka_unit_test(test_listener_removed_while_a_call_lives),
		cmocka_unit_test(test_listener_added),
		cmocka_unit_test(test_failed_reconfigure_changes_nothing),
		cmocka_unit_test(test_local_addr),
		cmocka_unit_test(test_close_with_calls),
		cmocka_unit_test(test_many_calls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
