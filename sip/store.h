/* store.h - bindings in an SQLite file, written by a thread of its own.
 *
 * sip_store_put and sip_store_remove copy what they are told into a queue and return: the
 * signalling thread never waits.  A queue that is full loses the change, which is logged; memory
 * stays right, and the file is again at the next refresh.
 */
#ifndef SIP_STORE_H
#define SIP_STORE_H

#include <stddef.h>
#include <stdint.h>

enum { SIP_STORE_QUEUE = 4096 };

struct sip_store;

/* A binding as it is kept; texts are lent. */
struct sip_stored {
	const char *user, *contact, *path, *instance, *software, *call_id, *source;
	uint32_t cseq;
	unsigned q_milli;
	uint64_t expires_wall_ms;
};

typedef void sip_stored_fn(void *arg, const struct sip_stored *s);

/* Opens or makes the file, tells fn of each row, starts the thread.  At start-up: it blocks.  0, or
 * -errno with why in err. */
int sip_store_open(struct sip_store **out, const char *path, sip_stored_fn *fn, void *arg,
		   char *err, size_t err_size);
void sip_store_put(struct sip_store *st, const struct sip_stored *s);
void sip_store_remove(struct sip_store *st, const char *user, const char *contact);
/* Writes what is queued; may block for that. */
void sip_store_close(struct sip_store *st);

#endif
