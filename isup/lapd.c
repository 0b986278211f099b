#include "isup/lapd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/loop.h"

/* Q.921 5.9 and 3.6.  N200 is 3 where there is nothing else to turn to; here a link that is given
 * up after 3 s rather than 4 leaves the other one a second, before T303 and T313 end calls. */
enum { T200_MS = 1000, T203_MS = 10000, N200 = 2, WINDOW = 7, HEADER = 4 };
enum { SABME = 0x6f, UA = 0x63, DM = 0x0f, DISC = 0x43, FRMR = 0x87, POLL = 0x10 };
enum { RR = 0x01, RNR = 0x05, REJ = 0x09 };
enum { TEI_OCTET = 0x01, COMMAND = 0x02 };

enum lapd_state { STOPPED, ESTABLISHING, UP };

struct lapd_message {
	struct lapd_message *next;
	size_t len;
	uint8_t data[];
};

struct lapd {
	struct loop *loop;
	bool network;
	struct lapd_ops ops;
	void *arg;
	enum lapd_state state;
	bool told_up;
	/* The first sent of them carry V(A) and on: sent = V(S) - V(A). */
	struct lapd_message *first, *last;
	unsigned queued, sent;
	uint8_t va, vr;  /* modulo 128 */
	bool rejected;   /* REJ was sent, and nothing in sequence came since */
	bool recovering; /* asked by P what the far end has had */
	bool peer_busy;
	unsigned tries; /* of the frame that T200 runs for */
	struct timer t200, t203;
};

static void establish(struct lapd *l);

/* --- frames out --- */

/* 3.3.1: commands of the network's side and responses of the user's have the bit set. */
static uint8_t address(const struct lapd *l, bool command)
{
	return l->network == command ? COMMAND : 0;
}

static void send_unnumbered(struct lapd *l, bool command, uint8_t control)
{
	const uint8_t frame[] = {address(l, command), TEI_OCTET, control};

	l->ops.send(l->arg, frame, sizeof(frame));
}

static void send_supervisory(struct lapd *l, bool command, uint8_t control, bool pf)
{
	const uint8_t frame[] = {address(l, command), TEI_OCTET, control,
				 (uint8_t)(l->vr << 1 | pf)};

	l->ops.send(l->arg, frame, sizeof(frame));
}

static void on_t200(void *arg);
static void on_t203(void *arg);

static void wait_answer(struct lapd *l)
{
	timer_stop(&l->t203);
	timer_start(l->loop, &l->t200, T200_MS, on_t200, l);
}

static void rest(struct lapd *l)
{
	timer_stop(&l->t200);
	timer_start(l->loop, &l->t203, T203_MS, on_t203, l);
}

static struct lapd_message *first_unsent(const struct lapd *l)
{
	struct lapd_message *m = l->first;

	for (unsigned i = 0; m != NULL && i < l->sent; i++)
		m = m->next;
	return m;
}

/* What is sent may be answered from inside ops.send: nothing is kept over it. */
static void pump(struct lapd *l)
{
	struct lapd_message *m;

	while (l->state == UP && !l->recovering && !l->peer_busy && l->sent < WINDOW &&
	       (m = first_unsent(l)) != NULL) {
		uint8_t frame[LAPD_FRAME_MAX];
		size_t len = m->len + HEADER;
		frame[0] = address(l, true);
		frame[1] = TEI_OCTET;
		frame[2] = (uint8_t)((l->va + l->sent) << 1);
		frame[3] = (uint8_t)(l->vr << 1);
		memcpy(frame + HEADER, m->data, m->len);
		l->sent++;
		if (!timer_running(&l->t200)) {
			l->tries = 0;
			wait_answer(l);
		}
		l->ops.send(l->arg, frame, len);
	}
}

/* --- the queue --- */

static void drop_first(struct lapd *l)
{
	struct lapd_message *m = l->first;

	l->first = m->next;
	if (l->first == NULL)
		l->last = NULL;
	l->queued--;
	free(m);
}

int lapd_send(struct lapd *l, const uint8_t *message, size_t len)
{
	if (len == 0 || len > LAPD_FRAME_MAX - HEADER)
		return -EMSGSIZE;
	if (l->queued == LAPD_QUEUE_MAX)
		return -ENOBUFS;
	struct lapd_message *m = malloc(sizeof(*m) + len);
	if (m == NULL)
		return -ENOMEM;
	m->next = NULL;
	m->len = len;
	memcpy(m->data, message, len);
	if (l->last != NULL)
		l->last->next = m;
	else
		l->first = m;
	l->last = m;
	l->queued++;
	pump(l);
	return 0;
}

unsigned lapd_queued(const struct lapd *l)
{
	return l->queued;
}

size_t lapd_take(struct lapd *l, uint8_t message[LAPD_FRAME_MAX])
{
	if (l->first == NULL)
		return 0;
	size_t len = l->first->len;
	memcpy(message, l->first->data, len);
	if (l->sent > 0) {
		l->sent--;
		l->va = (l->va + 1) & 0x7f;
	}
	drop_first(l);
	return len;
}

/* --- state --- */

static void tell_state(struct lapd *l)
{
	bool up = l->state == UP;

	if (l->told_up == up)
		return;
	l->told_up = up;
	l->ops.state(l->arg, up);
}

/* 5.5.1: both sides begin to count anew, and what was not acknowledged goes again. */
static void begin(struct lapd *l)
{
	l->state = UP;
	l->va = l->vr = 0;
	l->sent = 0;
	l->tries = 0;
	l->rejected = l->recovering = l->peer_busy = false;
	rest(l);
	tell_state(l);
	pump(l);
}

static void establish(struct lapd *l)
{
	l->state = ESTABLISHING;
	l->sent = 0;
	wait_answer(l);
	tell_state(l);
	if (l->state == ESTABLISHING)
		send_unnumbered(l, true, SABME | POLL);
}

void lapd_start(struct lapd *l)
{
	if (l->state != STOPPED)
		return;
	l->tries = 0;
	establish(l);
}

void lapd_stop(struct lapd *l)
{
	if (l->state == STOPPED)
		return;
	l->state = STOPPED;
	timer_stop(&l->t200);
	timer_stop(&l->t203);
	while (l->first != NULL)
		drop_first(l);
	l->sent = 0;
	send_unnumbered(l, true, DISC | POLL);
	tell_state(l);
}

bool lapd_up(const struct lapd *l)
{
	return l->state == UP;
}

/* 5.6.7: asks what the far end has had. */
static void enquire(struct lapd *l)
{
	l->recovering = true;
	wait_answer(l);
	send_supervisory(l, true, RR, true);
}

static void on_t200(void *arg)
{
	struct lapd *l = arg;

	if (l->state != UP) {
		establish(l); /* for ever: a far end that comes back finds us */
		return;
	}
	if (l->tries == N200) {
		establish(l);
		return;
	}
	l->tries++;
	enquire(l);
}

static void on_t203(void *arg)
{
	struct lapd *l = arg;

	l->tries = 0;
	enquire(l);
}

/* --- frames in --- */

/* False: no N(R) that we could have been told; 5.8.5. */
static bool take_nr(struct lapd *l, uint8_t nr)
{
	unsigned acked = (unsigned)(nr - l->va) & 0x7f;

	if (acked > l->sent) {
		establish(l);
		return false;
	}
	for (unsigned i = 0; i < acked; i++)
		drop_first(l);
	l->va = nr;
	l->sent -= acked;
	if (!l->recovering && l->sent == 0) {
		rest(l);
	} else if (!l->recovering && acked > 0) { /* else only the answer to P ends that */
		l->tries = 0;
		wait_answer(l);
	}
	if (acked > 0 && l->queued == 0)
		l->ops.drained(l->arg);
	return l->state == UP;
}

/* All from V(A) on once more. */
static void go_back(struct lapd *l)
{
	l->sent = 0;
	l->recovering = false;
	l->tries = 0;
	rest(l);
	pump(l);
}

static void on_supervisory(struct lapd *l, const uint8_t *frame, bool command)
{
	uint8_t kind = frame[2] & 0x0f;
	bool pf = (frame[3] & 1) != 0;

	if (kind != RR && kind != RNR && kind != REJ)
		return;
	l->peer_busy = kind == RNR;
	if (command && pf)
		send_supervisory(l, false, RR, true);
	if (l->state != UP || !take_nr(l, frame[3] >> 1))
		return;
	if (!command && pf && l->recovering)
		go_back(l);
	else if (kind == REJ && !l->recovering)
		go_back(l);
	else
		pump(l);
	if (l->state == UP && l->peer_busy && !timer_running(&l->t200))
		wait_answer(l); /* it is asked until it can again */
}

static void on_information(struct lapd *l, const uint8_t *frame, size_t len)
{
	bool poll = (frame[3] & 1) != 0, wanted = frame[2] >> 1 == l->vr;

	if (wanted) {
		l->vr = (l->vr + 1) & 0x7f;
		l->rejected = false;
		send_supervisory(l, false, RR, poll);
	} else if (!l->rejected) {
		l->rejected = true;
		send_supervisory(l, false, REJ, poll);
	} else if (poll) {
		send_supervisory(l, false, RR, true);
	}
	if (l->state != UP || !take_nr(l, frame[3] >> 1))
		return;
	pump(l);
	if (wanted && len > HEADER)
		l->ops.message(l->arg, frame + HEADER, len - HEADER);
}

static void on_sabme(struct lapd *l, uint8_t pf)
{
	send_unnumbered(l, false, UA | pf);
	begin(l);
}

static void on_unnumbered(struct lapd *l, uint8_t control, bool command)
{
	uint8_t pf = control & POLL;

	switch (control & ~POLL) {
	case SABME:
		if (command)
			on_sabme(l, pf);
		break;
	case UA:
		if (!command && pf != 0 && l->state == ESTABLISHING)
			begin(l);
		break;
	case DM: /* of one that refuses, T200 tries again */
		if (!command && pf == 0 && l->state == UP)
			establish(l);
		break;
	case DISC:
		if (!command)
			break;
		send_unnumbered(l, false, (l->state == UP ? UA : DM) | pf);
		if (l->state == UP) {
			l->state = ESTABLISHING; /* when T200 says: it wanted to be left alone */
			l->sent = 0;
			wait_answer(l);
			tell_state(l);
		}
		break;
	case FRMR:
		if (l->state == UP)
			establish(l);
		break;
	default: break;
	}
}

void lapd_receive(struct lapd *l, const uint8_t *frame, size_t len)
{
	if (l->state == STOPPED || len < 3 || len > LAPD_FRAME_MAX || (frame[0] & ~COMMAND) != 0 ||
	    frame[1] != TEI_OCTET)
		return;
	bool command = ((frame[0] & COMMAND) != 0) != l->network;

	if ((frame[2] & 3) == 3)
		on_unnumbered(l, frame[2], command);
	else if (len < HEADER || l->state != UP)
		return;
	else if ((frame[2] & 1) == 0)
		on_information(l, frame, len);
	else
		on_supervisory(l, frame, command);
}

/* --- life --- */

int lapd_open(struct lapd **out, struct loop *loop, bool network, const struct lapd_ops *ops,
	      void *arg)
{
	struct lapd *l = calloc(1, sizeof(*l));

	*out = l;
	if (l == NULL)
		return -ENOMEM;
	l->loop = loop;
	l->network = network;
	l->ops = *ops;
	l->arg = arg;
	return 0;
}

void lapd_close(struct lapd *l)
{
	if (l == NULL)
		return;
	timer_stop(&l->t200);
	timer_stop(&l->t203);
	while (l->first != NULL)
		drop_first(l);
	free(l);
}
