/* The scripted SIP peer proves itself: two of them, one where the gateway would be. */
#include "tests/sim/clock.h"
#include "tests/sim/peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

static char addr[2][32];

static void open_both(struct peer *p[2])
{
	for (int i = 0; i < 2; i++)
		snprintf(addr[i], sizeof(addr[i]), "127.%u.%u.%d",
			 16 + (unsigned)getpid() / 256 % 128, (unsigned)getpid() % 256, 1 + i);
	peer_open(&p[0], &(struct peer_conf){"a", addr[0], addr[1]});
	peer_open(&p[1], &(struct peer_conf){"b", addr[1], addr[0]});
}

static void expect(struct peer *p, const char *words)
{
	sim_settle();
	const struct message *m = inbox_peek(peer_inbox(p));
	if (m == NULL || !words_match(words, m->text))
		sim_fail("expected %s, got %s", words, m != NULL ? m->text : "nothing");
	inbox_drop(peer_inbox(p));
}

static void a_call_between_two_peers(void **state)
{
	struct peer *p[2];

	open_both(p);
	peer_do(p[0], 1, "INVITE to=7101 from=7134 codec=8");
	expect(p[1], "INVITE to=7101 from=7134 sdp codec=8 dir=sendrecv !indialog");
	peer_do(p[1], 1, "180");
	expect(p[0], "180 INVITE !sdp");
	peer_do(p[1], 1, "200 sdp");
	peer_do(p[1], 1, "AGAIN");
	expect(p[0], "200 INVITE sdp");
	expect(p[0], "200 INVITE sdp");
	peer_do(p[0], 1, "ACK");
	expect(p[1], "ACK cseq=1 indialog");
	peer_do(p[0], 1, "INVITE dir=sendonly");
	expect(p[1], "INVITE sdp dir=sendonly indialog cseq=2");
	peer_do(p[1], 1, "200 sdp dir=recvonly");
	expect(p[0], "200 sdp dir=recvonly");
	peer_do(p[0], 1, "ACK");
	expect(p[1], "ACK cseq=2");
	peer_do(p[1], 1, "BYE reason=16");
	expect(p[0], "BYE reason=16");
	peer_do(p[0], 1, "200 BYE");
	expect(p[1], "200 BYE");
	peer_close(p[0]);
	peer_close(p[1]);
}

static void a_busy_call_and_a_lost_datagram(void **state)
{
	struct peer *p[2];

	open_both(p);
	peer_lose(p[1], 1);
	peer_do(p[0], 1, "INVITE to=7101 from=7134 nosdp");
	sim_settle();
	assert_null(inbox_peek(peer_inbox(p[1])));
	peer_do(p[0], 1, "AGAIN");
	expect(p[1], "INVITE !sdp");
	peer_do(p[1], 1, "486 reason=17");
	expect(p[0], "486 INVITE reason=17");
	peer_do(p[0], 1, "ACK");
	expect(p[1], "ACK cseq=1");
	peer_close(p[0]);
	peer_close(p[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_between_two_peers),
		cmocka_unit_test(a_busy_call_and_a_lost_datagram),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
