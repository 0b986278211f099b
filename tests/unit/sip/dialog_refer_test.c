/* REFER inside a dialog: who may, what is told of it, and that BYE waits for the last word. */
#include "sip/dialog_refer.c"

#include "tests/unit/sip/rig.h"

struct far_peer {
	struct sip_peer_conf conf[2];
	int sock;
	struct sockaddr_storage addr;
};

/* Peer "cs" may transfer; so may "other", which has a socket of its own. */
static void open_two(struct rig *r, struct far_peer *other)
{
	char err[128];

	rig_open(r);
	other->sock = rig_socket(AF_INET, &other->addr);
	r->peer.transfer = true;
	other->conf[0] = other->conf[1] = r->peer;
	snprintf(other->conf[1].name, sizeof(other->conf[1].name), "other");
	other->conf[1].addr[0] = other->addr;
	r->conf.peers = other->conf;
	r->conf.peer_count = 2;
	assert_int_equal(sip_agent_reconfigure(r->agent, &r->conf, err, sizeof(err)), 0);
}

static struct rig_request refer_request(const char *tag, unsigned cseq, const char *branch)
{
	return (struct rig_request){.method = "REFER",
				    .branch = branch,
				    .call_id = "call-1",
				    .from_tag = "alice",
				    .to_tag = tag,
				    .cseq = cseq,
				    .extra = "Refer-To: <sip:9001@gw>\r\n"};
}

static void end(struct rig *r, struct sip_dialog *d)
{
	sip_dialog_end(d, 0, 16);
	rig_turn(r);
	rig_reply(r, rig_expect(r, "BYE ")->text, "200 OK", NULL, NULL, NULL);
}

static void told_until_the_end_and_bye_waits(void **state)
{
	struct far_peer other;
	struct rig r;
	char tag[64];

	open_two(&r, &other);
	struct sip_dialog *d = rig_answered(&r, tag, sizeof(tag));
	struct rig_request q = refer_request(tag, 2, "z9hG4bKr");
	rig_request(&r, &q);
	rig_event(&r, SIP_REFERRED);
	rig_expect_nothing(&r); /* the user decides */
	sip_dialog_refer_answer(d, 202);
	rig_turn(&r);
	rig_expect(&r, "SIP/2.0 202 ");
	const struct rig_message *notify = rig_expect(&r, "NOTIFY ");
	rig_has(notify->text, "Event: refer\r\n");
	rig_has(notify->text, "Subscription-State: active;expires=");
	rig_has(notify->text, "Content-Type: message/sipfrag; version=2.0\r\n");
	assert_string_equal(rig_body(notify->text), "SIP/2.0 100 Trying\r\n");
	/* One at a time, and of what came meanwhile the last. */
	sip_dialog_refer_progress(d, 180);
	sip_dialog_refer_progress(d, 200);
	sip_dialog_end(d, 0, 16);
	rig_turn(&r);
	rig_event(&r, SIP_ENDED);
	rig_expect_nothing(&r);
	assert_false(sip_agent_is_idle(r.agent));
	rig_reply(&r, notify->text, "200 OK", NULL, NULL, NULL);
	const struct rig_message *last = rig_expect(&r, "NOTIFY ");
	rig_has(last->text, "Subscription-State: terminated;reason=noresource\r\n");
	assert_string_equal(rig_body(last->text), "SIP/2.0 200 OK\r\n");
	rig_expect_nothing(&r);
	rig_reply(&r, last->text, "200 OK", NULL, NULL, NULL);
	const struct rig_message *bye = rig_expect(&r, "BYE ");
	rig_has(bye->text, "cause=16");
	rig_reply(&r, bye->text, "200 OK", NULL, NULL, NULL);
	rig_close(&r);
	close(other.sock);
}

/* RFC 6665 4.2.2: who does not know the subscription hears no more of it. */
static void silent_to_who_does_not_listen(void **state)
{
	struct far_peer other;
	struct rig r;
	char tag[64];

	open_two(&r, &other);
	struct sip_dialog *d = rig_answered(&r, tag, sizeof(tag));
	struct rig_request q = refer_request(tag, 2, "z9hG4bKr");
	rig_request(&r, &q);
	rig_event(&r, SIP_REFERRED);
	sip_dialog_refer_answer(d, 202);
	rig_turn(&r);
	rig_expect(&r, "SIP/2.0 202 ");
	rig_reply(&r, rig_expect(&r, "NOTIFY ")->text, "481 Unknown", NULL, NULL, NULL);
	sip_dialog_refer_progress(d, 486);
	rig_turn(&r);
	rig_expect_nothing(&r);
	/* That one is over: another may come, by its number. */
	q = refer_request(tag, 3, "z9hG4bKs");
	rig_request(&r, &q);
	rig_event(&r, SIP_REFERRED);
	sip_dialog_refer_answer(d, 202);
	rig_turn(&r);
	rig_expect(&r, "SIP/2.0 202 ");
	const struct rig_message *notify = rig_expect(&r, "NOTIFY ");
	rig_has(notify->text, "Event: refer;id=3\r\n");
	rig_reply(&r, notify->text, "200 OK", NULL, NULL, NULL);
	end(&r, d);
	rig_close(&r);
	close(other.sock);
}

/* Tags and Call-ID are right, the address is another peer's. */
static void not_from_another_peer(void **state)
{
	struct far_peer other;
	struct rig r;
	char tag[64], text[RIG_TEXT];

	open_two(&r, &other);
	struct sip_dialog *d = rig_answered(&r, tag, sizeof(tag));
	struct rig_request q = refer_request(tag, 2, "z9hG4bKx");
	size_t n = rig_format(&r, &q, text, sizeof(text));
	rig_send_raw(&r, other.sock, text, n);
	rig_no_event(&r);
	ssize_t got = recv(other.sock, text, sizeof(text) - 1, MSG_DONTWAIT);
	assert_true(got > 0);
	text[got] = '\0';
	rig_has(text, "SIP/2.0 481 ");
	end(&r, d);
	rig_close(&r);
	close(other.sock);
}

/* The dialog ends before the user has said anything. */
static void answered_when_the_dialog_ends(void **state)
{
	struct far_peer other;
	struct rig r;
	char tag[64];

	open_two(&r, &other);
	struct sip_dialog *d = rig_answered(&r, tag, sizeof(tag));
	struct rig_request q = refer_request(tag, 2, "z9hG4bKr");
	rig_request(&r, &q);
	rig_event(&r, SIP_REFERRED);
	sip_dialog_end(d, 0, 16);
	rig_turn(&r);
	rig_reply(&r, rig_expect(&r, "BYE ")->text, "200 OK", NULL, NULL, NULL);
	rig_expect(&r, "SIP/2.0 481 ");
	rig_close(&r);
	close(other.sock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(told_until_the_end_and_bye_waits),
		cmocka_unit_test(silent_to_who_does_not_listen),
		cmocka_unit_test(not_from_another_peer),
		cmocka_unit_test(answered_when_the_dialog_ends),
	};

	return cmocka_run_group_tests_name("dialog_refer", tests, NULL, NULL);
}
