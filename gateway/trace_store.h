/* trace_store.h - the last messages on D-channels and SIP, each with the call it belongs to.
 *
 * A message is kept as it was on the wire.  Which call it belongs to is often known only after it:
 * SETUP and INVITE come before their call is made.  So a message is told a moment (TRACE_TELL_MS)
 * after it was added, and a later one of the same key gives it its call.
 * What was told stays for those who ask later, the oldest goes first when memory_octets is reached;
 * 0 = nothing stays.
 * Signalling thread.  The store owns its records.
 */
#ifndef GATEWAY_TRACE_STORE_H
#define GATEWAY_TRACE_STORE_H

#include "gateway/base/loop.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/socket.h>

enum {
	TRACE_TELL_MS = 20,
	TRACE_UNTOLD_MAX = 4096, /* messages in TRACE_TELL_MS; more are counted, not kept */
	TRACE_KEYS = 1024,
	TRACE_NAME_MAX = 16,
};

struct trace_about { /* a message, without what it says */
	uint64_t at_us; /* time of day */
	uint64_t key;   /* the same for all messages of a call's leg; 0 = of no call */
	uint32_t call;  /* 0 = not known */
	bool begins;    /* the first of its key: what an older call of this key was is forgotten */
	bool sent;
	char span[TRACE_NAME_MAX], trunk[TRACE_NAME_MAX]; /* of a D-channel frame; "" = SIP */
	bool network;                 /* whose side we are on that D-channel, */
	uint8_t switch_type;          /* and its enum isup_switch */
	uint8_t protocol;             /* of SIP: enum sip_protocol */
	struct sockaddr_storage peer, local;
};

struct trace_record {
	struct trace_about about;
	uint64_t number; /* grows by one with each */
	TAILQ_ENTRY(trace_record) entry;
	size_t len;
	uint8_t octets[];
};
TAILQ_HEAD(trace_records, trace_record);

typedef void trace_tell_fn(void *arg, const struct trace_record *r);
/* The call of a message whose key is of no help; 0 = none. */
typedef uint32_t trace_find_fn(void *arg, const struct trace_record *r);

struct trace_store {
	struct loop *loop;
	trace_tell_fn *tell; /* NULL: nobody looks */
	void *arg;
	trace_find_fn *find;
	void *find_arg;
	size_t memory_octets, held_octets; /* of those in told */
	struct trace_records told, untold;
	unsigned untold_count;
	uint64_t added;
	uint64_t lost; /* no memory, or too many at once */
	struct timer timer;
	struct { /* key to call, the newest at each place */
		uint64_t key;
		uint32_t call;
	} keys[TRACE_KEYS];
};

/* In place. */
void trace_store_init(struct trace_store *s, struct loop *loop, trace_find_fn *find, void *arg);
void trace_store_fini(struct trace_store *s);
void trace_store_set_tell(struct trace_store *s, trace_tell_fn *fn, void *arg);
void trace_store_set_memory(struct trace_store *s, size_t octets);

/* Whether anything is to be added at all. */
static inline bool trace_store_wanted(const struct trace_store *s)
{
	return s->tell != NULL || s->memory_octets != 0;
}

/* Copies octets. */
void trace_store_add(struct trace_store *s, const struct trace_about *about, const void *octets,
		     size_t len);
/* The oldest that stays and has this number or a higher one, lent until the next turn; NULL = none.
 */
const struct trace_record *trace_store_from(const struct trace_store *s, uint64_t number);

uint64_t trace_key(uint64_t seed, const void *octets, size_t len); /* FNV-1a; never 0 */

#endif
