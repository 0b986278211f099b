/* frame.h - messages out of a stream of octets (RFC 3261 18.3), torn and pipelined as they may be.
 *
 * Line ends between messages are keep-alive: two are a ping, one a pong (RFC 5626 4.4.1).  A message
 * must carry one Content-Length and fit into SIP_MESSAGE_MAX; anything else ends the stream, for
 * where its next message begins is not known.
 *
 * Signalling thread.  Memory is held only while a message is incomplete.
 */
#ifndef SIP_FRAME_H
#define SIP_FRAME_H

#include <stdbool.h>
#include <stddef.h>

struct sip_framer { /* zeroed = fresh */
	char *held;      /* the beginning of a message, SIP_MESSAGE_MAX octets of room */
	size_t held_len;
	size_t seen;  /* octets at the front known to hold no end of the head */
	size_t total; /* of the message at the front; 0 = its head is not complete */
};

struct sip_framer_ops {
	/* Text dies on return.  False: stop here, the connection is no more. */
	bool (*message)(void *arg, const char *text, size_t len);
	bool (*line_end)(void *arg); /* between messages; false as above */
	/* A head nothing can be done with: to be answered with status, if it is a request. */
	void (*refused)(void *arg, const char *head, size_t len, int status, const char *why);
};

/* 0; -ECANCELED: an op said stop; -EBADMSG, -EMSGSIZE, -ENOMEM: the connection must be closed. */
int sip_framer_feed(struct sip_framer *f, const char *data, size_t len,
		    const struct sip_framer_ops *ops, void *arg);
bool sip_framer_is_empty(const struct sip_framer *f); /* no message has begun */
void sip_framer_clear(struct sip_framer *f);

#endif
