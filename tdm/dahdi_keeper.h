/* dahdi_keeper.h - opens a span of the driver, and opens it again when it was lost.
 *
 * What may wait (opening, configuring, closing, reading /proc) is done by a thread of its own, so
 * that neither a media worker nor signalling is held up.  The port belongs to one side at a time:
 *
 *     KEEPER   the thread tries to open it, every retry_ms of the driver
 *     READY    open; wake_fd is readable until the worker takes it
 *     WORKER   the worker uses it, until it calls dahdi_keeper_lost()
 */
#ifndef TDM_DAHDI_KEEPER_H
#define TDM_DAHDI_KEEPER_H

#include "tdm/dahdi_port.h"
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

struct dahdi_keeper {
	const struct dahdi_driver *driver;
	const struct tdm_span_conf *conf; /* lent */
	struct dahdi_port port;
	int wake_fd;
	_Atomic int state;
	_Atomic uint64_t line_slips; /* as /proc/dahdi has them, since open */

	pthread_t thread;
	bool started;
	sem_t work;
	_Atomic bool stop;
	_Atomic int lost_error;
	pthread_mutex_t text_lock; /* keeper and signalling; never the worker */
	char trouble[2 * DAHDI_PORT_TEXT_MAX], text[DAHDI_PORT_TEXT_MAX];
	int number; /* of the span */
	char canceller[DAHDI_CANCELLER_NAME_MAX];
	_Atomic uint32_t cancel_wanted; /* bit n = slot n */
	uint32_t cancelling;
	uint64_t slips_seen; /* by the card, as last read */
};

/* Tries once at once; what cannot be opened now is tried again.  0, or -errno where the thread
 * cannot run. */
int dahdi_keeper_start(struct dahdi_keeper *k, const struct dahdi_driver *driver,
		       const struct tdm_span_conf *conf);
void dahdi_keeper_stop(struct dahdi_keeper *k); /* closes the port; the worker is gone */

/* Worker: takes the port if it is READY. */
bool dahdi_keeper_take(struct dahdi_keeper *k);
/* Worker: gives it back, as it is of no use any more (error: -errno). */
void dahdi_keeper_lost(struct dahdi_keeper *k, int error);

/* Signalling: what the keeper's thread does at once. */
void dahdi_keeper_cancel_echo(struct dahdi_keeper *k, uint32_t slots);
void dahdi_keeper_canceller(struct dahdi_keeper *k, char name[DAHDI_CANCELLER_NAME_MAX]);

bool dahdi_keeper_is_open(const struct dahdi_keeper *k); /* any thread */
/* DAHDI_ABI_MAINT_*.  0, -ENODEV while the span is not there, -ENOTSUP.  Not on a worker. */
int dahdi_keeper_maintain(struct dahdi_keeper *k, int command);

/* In words: which span this is, or why it is not there and what to do.  Not on a worker. */
void dahdi_keeper_describe(struct dahdi_keeper *k, char *out, size_t out_size);

#endif
