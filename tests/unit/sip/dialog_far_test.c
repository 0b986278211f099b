#include "sip/dialog_far.c"

#include "tests/unit/sip/rig.h"

/* The BYE of a call we made, to a far side whose 200 said `extra`. */
static void bye_after(const char *extra, const char *const *parts, const char *lacks)
{
	struct rig r;
	char header[700], far[SIP_ADDR_TEXT];

	rig_open(&r);
	sip_addr_text((struct sockaddr *)&r.far, far);
	struct sip_dialog *d = rig_start(&r);
	const struct rig_message *m = rig_expect(&r, "INVITE ");
	/* %s: the socket the far side hears on */
	snprintf(header, sizeof(header), extra, far, far);
	rig_reply(&r, m->text, "200 OK", "far", header, RIG_SDP);
	rig_event(&r, SIP_ANSWERED);
	for (int i = 0; i < 2; i++) {
		m = rig_expect(&r, i == 0 ? "ACK " : "BYE ");
		for (const char *const *p = parts; *p != NULL; p++) {
			char part[300];
			snprintf(part, sizeof(part), *p, far, far);
			rig_has(m->text, part);
		}
		if (lacks != NULL)
			rig_lacks(m->text, lacks);
		if (i == 0) {
			sip_dialog_end(d, 0, 0);
			rig_event(&r, SIP_ENDED);
		}
	}
	rig_reply(&r, m->text, "200 OK", NULL, NULL, NULL);
	rig_close(&r);
}

static void test_no_route(void **state)
{
	static const char *const parts[] = {" sip:%s SIP/2.0\r\n", NULL};

	bye_after("", parts, "Route:");
}

static void test_loose_routes_reversed(void **state)
{
	static const char *const parts[] = {
		" sip:127.0.0.1:",
		"\r\nRoute: <sip:%s;lr>\r\nRoute: <sip:b.example;lr=on>\r\n"
		"Route: <sip:a.example;x=y;lr>\r\n",
		NULL};

	bye_after("Record-Route: <sip:a.example;x=y;lr>, <sip:b.example;lr=on>\r\n"
		  "Record-Route: <sip:%s;lr>\r\n",
		  parts, NULL);
}

/* 12.2.1.1: a first hop without lr becomes the Request-URI, and the target ends the routes. */
static void test_strict_route(void **state)
{
	static const char *const parts[] = {" sip:%s;r=1 SIP/2.0\r\n",
					    "\r\nRoute: <sip:b.example;lr>\r\nRoute: <sip:%s>\r\n",
					    NULL};

	bye_after("Record-Route: <sip:b.example;lr>\r\nRecord-Route: <sip:%s;r=1>\r\n", parts,
		  NULL);
}

static void test_incoming_routes_in_order(void **state)
{
	struct rig r;
	struct rig_request q = rig_invite;
	char record[200], route[200], far[SIP_ADDR_TEXT], tag[64];

	rig_open(&r);
	sip_addr_text((struct sockaddr *)&r.far, far);
	snprintf(record, sizeof(record),
		 "Record-Route: <sip:%s;lr>\r\nRecord-Route: <sip:b.example;lr>\r\n", far);
	q.extra = record;
	q.contact = "<sip:alice@198.51.100.7:5099;ob>";
	struct sip_local_media local = rig_local(&r);
	struct sip_dialog *d = rig_invited(&r, &q);
	sip_dialog_accept(d, &r, &local);
	sip_dialog_answer(d);
	snprintf(tag, sizeof(tag), "%s", rig_tag(rig_expect(&r, "SIP/2.0 200 ")->text, "To"));
	rig_request(&r, &(struct rig_request){.method = "ACK",
					      .branch = "z9hG4bKack",
					      .call_id = "call-1",
					      .from_tag = "alice",
					      .to_tag = tag,
					      .cseq = 1});
	sip_dialog_end(d, 0, 0);
	/* sent to the first route, not to the Contact */
	const struct rig_message *m =
		rig_expect(&r, "BYE sip:alice@198.51.100.7:5099;ob SIP/2.0\r\n");
	snprintf(route, sizeof(route), "\r\nRoute: <sip:%s;lr>\r\nRoute: <sip:b.example;lr>\r\n",
		 far);
	rig_has(m->text, route);
	rig_has(m->text, "From: <sip:7101@cs>;tag=");
	rig_has(m->text, "To: <sip:alice@cs>;tag=alice\r\n");
	rig_has(m->text, "Call-ID: call-1\r\nCSeq: 1 BYE\r\n");
	rig_reply(&r, m->text, "200 OK", NULL, NULL, NULL);
	rig_close(&r);
}

static void test_reinvite_moves_the_target(void **state)
{
	struct rig r;
	struct sockaddr_storage other;
	char tag[64], contact[128], addr[SIP_ADDR_TEXT], got[RIG_TEXT];

	rig_open(&r);
	int fd = rig_socket(AF_INET, &other);
	struct sip_dialog *d = rig_answered(&r, tag, sizeof(tag));
	snprintf(contact, sizeof(contact), "<sip:moved@%s>",
		 sip_addr_text((struct sockaddr *)&other, addr));
	struct rig_request q = {.method = "INVITE",
				.branch = "z9hG4bKmove",
				.call_id = "call-1",
				.from_tag = "alice",
				.to_tag = tag,
				.cseq = 2,
				.contact = contact,
				.sdp = RIG_SDP};
	rig_request(&r, &q);
	rig_expect(&r, "SIP/2.0 200 ");
	q.method = "ACK";
	q.branch = "z9hG4bKmoveack";
	q.sdp = NULL;
	rig_request(&r, &q);
	sip_dialog_end(d, 0, 0);
	rig_expect_nothing(&r);
	ssize_t n = recv(fd, got, sizeof(got) - 1, MSG_DONTWAIT);
	assert_true(n > 0);
	got[n] = '\0';
	assert_int_equal(strncmp(got, "BYE sip:moved@", 14), 0);
	/* Its answer comes from no configured peer, but from where the BYE went. */
	char text[2000];
	snprintf(text, sizeof(text),
		 "SIP/2.0 200 OK\r\nVia: %s\r\nFrom: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: "
		 "%s\r\n\r\n",
		 rig_header(got, "Via"), rig_header(got, "From"), rig_header(got, "To"),
		 rig_header(got, "Call-ID"), rig_header(got, "CSeq"));
	rig_send_raw(&r, fd, text, strlen(text));
	rig_run(&r, 20000);
	assert_int_equal(recv(fd, got, sizeof(got), MSG_DONTWAIT), -1);
	close(fd);
	rig_close(&r);
}

static void test_contact_is_a_name(void **state)
{
	struct rig r;
	struct sip_dialog *d;

	rig_open(&r);
	d = rig_start(&r);
	const struct rig_message *m = rig_expect(&r, "INVITE ");
	char text[2000];
	snprintf(text, sizeof(text),
		 "SIP/2.0 200 OK\r\nVia: %s\r\nFrom: %s\r\nTo: %s;tag=far\r\nCall-ID: %s\r\n"
		 "CSeq: 1 INVITE\r\nContact: <sip:bob@phone.example>\r\n"
		 "Content-Type: application/sdp\r\nContent-Length: %zu\r\n\r\n%s",
		 rig_header(m->text, "Via"), rig_header(m->text, "From"), rig_header(m->text, "To"),
		 rig_header(m->text, "Call-ID"), strlen(RIG_SDP), RIG_SDP);
	rig_send(&r, text);
	rig_event(&r, SIP_ANSWERED);
	/* No look-ups yet: it goes to the peer, by name. */
	rig_expect(&r, "ACK sip:bob@phone.example SIP/2.0\r\n");
	sip_dialog_end(d, 0, 0);
	m = rig_expect(&r, "BYE sip:bob@phone.example SIP/2.0\r\n");
	rig_reply(&r, m->text, "200 OK", NULL, NULL, NULL);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_route),
		cmocka_unit_test(test_loose_routes_reversed),
		cmocka_unit_test(test_strict_route),
		cmocka_unit_test(test_incoming_routes_in_order),
		cmocka_unit_test(test_reinvite_moves_the_target),
		cmocka_unit_test(test_contact_is_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
