/* peer.h - a SIP phone or proxy that does exactly what the test says, on a real UDP socket.
 *
 * Its messages are written and read by hand, independent of libosip2 and of sip/.  It repeats and
 * answers nothing by itself: a retransmission of the gateway's is one more message in the inbox.
 *
 * Sent:      INVITE to=7101 from=7134 [nosdp] [codec=8] [dir=sendonly] [port=0]
 * [pai=7134] [pai.tel=+1555] [pai.name=Anna] [privacy=id]
 * [div=<sip:71@h>;reason=away] [hi=...]   (again: re-INVITE) ACK [sdp], CANCEL, BYE [reason=17], OPTIONS, ... 180, 183 sdp, 200 sdp, 486 ...: to
 * the last INVITE received;  200 BYE: to the last BYE tag=b: the answer of another branch of a fork
 *            PRACK [rseq=9] [sdp]: of the last reliable response;  UPDATE [sdp] [from=7200] [name=Otto]
 *            REFER refer=7102 [replaces=2] [by=<sip:a@b>] [nosub]; also INVITE replaces=2: the
 *            peer's own dialog #2;  200 NOTIFY
 *            In all: [supported=] [require=] [allow=] [rseq=1] [se=1800;refresher=uac] [minse=]
 *            [pem=sendrecv] [retry=1] [contact=<...>] as headers;  tag=b: of another branch
 *            401 realm=r nonce=n [alg=] [stale], expires=, min=, sroute=: of what asks or registers
 *            AGAIN: the last datagram once more
 * Received:  INVITE to=7134 from=7101 sdp codec=0 dir=sendrecv branch=.. cseq=1 reinvite
 *            auth=NONCE/NC expires= route= bnc in any request;
 *            180 INVITE sdp reason=17 rel (has RSeq) require=100rel se=1800;refresher=uas ...
 *            NOTIFY frag=180 active / terminated event=refer;  202 REFER
 *
 * Dialogs are numbered from 1 in the order they appear at this end.
 */
#ifndef TESTS_SIM_PEER_H
#define TESTS_SIM_PEER_H

#include "tests/sim/inbox.h"

struct peer;

struct peer_conf {
	const char *name;    /* "sip", for notes */
	const char *addr;    /* "127.1.2.3": port 5060 of it */
	const char *gateway; /* address of the gateway, port 5060 */
};

void peer_open(struct peer **out, const struct peer_conf *conf);
void peer_close(struct peer *p);
struct inbox *peer_inbox(struct peer *p);

void peer_do(struct peer *p, unsigned call, const char *words);
/* Any octets from its socket to the gateway. */
void peer_send(struct peer *p, const void *octets, size_t len);
/* The next count datagrams to it are lost. */
void peer_lose(struct peer *p, unsigned count);
/* So many of 100 are, by sim_random(). */
void peer_set_loss(struct peer *p, unsigned percent);
/* All are. */
void peer_set_deaf(struct peer *p, bool deaf);

unsigned peer_next_call(const struct peer *p);
/* The dialog is over for the test too: its number may be forgotten. */
void peer_forget(struct peer *p, unsigned call);
typedef void peer_message_fn(void *arg, unsigned call, const char *words);
void peer_set_message_fn(struct peer *p, peer_message_fn *fn, void *arg);

#endif
