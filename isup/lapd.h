/* lapd.h - one end of a data link: LAPD between two points, Q.921 with SAPI 0 and TEI 0.
 *
 *   stopped --lapd_start--> establishing --UA or SABME--> up
 *   up --DISC, DM, FRMR, N200 times T200 without an answer--> establishing
 *   any --lapd_stop--> stopped
 *
 * libpri has a LAPD of its own, tied to its one controller.  A trunk with a backup D-channel needs
 * a link for each D-channel, and the messages that one failed to deliver for the other: those run
 * on this.  A third one is the other end of libpri's link (backup.c).
 *
 * Signalling thread.  The owner frees it, not from inside an op.  lapd_send() and lapd_receive()
 * may be called from inside ops.
 */
#ifndef ISUP_LAPD_H
#define ISUP_LAPD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct lapd;

enum { LAPD_FRAME_MAX = 264, LAPD_QUEUE_MAX = 4096 };

struct lapd_ops {
	/* A frame without FCS.  False: not now; it is repeated. */
	bool (*send)(void *arg, const uint8_t *frame, size_t len);
	/* What an I frame brought: once, in order.  Lent. */
	void (*message)(void *arg, const uint8_t *message, size_t len);
	void (*state)(void *arg, bool up);
	/* All that was queued is acknowledged. */
	void (*drained)(void *arg);
};

/* Stopped.  0 or -ENOMEM, *out = NULL. */
int lapd_open(struct lapd **out, struct loop *loop, bool network, const struct lapd_ops *ops,
	      void *arg);
void lapd_close(struct lapd *l);
/* From now on it is established whenever it is not. */
void lapd_start(struct lapd *l);
/* Tells the far end once (DISC), is silent afterwards and forgets what is queued. */
void lapd_stop(struct lapd *l);
bool lapd_up(const struct lapd *l);

/* Queued until it is acknowledged, over any re-establishment.  0, -EMSGSIZE, -ENOBUFS, -ENOMEM. */
int lapd_send(struct lapd *l, const uint8_t *message, size_t len);
unsigned lapd_queued(const struct lapd *l); /* not acknowledged */
/* Takes the oldest of those out of the queue, its length is returned; 0: none.  For a link that is
 * given up: the far end may have had it. */
size_t lapd_take(struct lapd *l, uint8_t message[LAPD_FRAME_MAX]);
/* A frame of any octets; what is none of LAPD's is passed over. */
void lapd_receive(struct lapd *l, const uint8_t *frame, size_t len);

#endif
