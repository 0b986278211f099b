/* trace_message.h - tandemctl's side of a trace: one message out of a line of JSON (control.h), and
 * which of them somebody wants to see.
 *
 * Who wants a call wants all of it, but that it is about the number, or goes over the span, may be
 * known only from its second message: the others of a call wait, and come out before the one that
 * made it wanted.
 */
#ifndef GATEWAY_TRACE_MESSAGE_H
#define GATEWAY_TRACE_MESSAGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct trace_message {
	uint64_t at_us;
	uint32_t call; /* 0 = of no call */
	bool sent, is_sip, network;
	char span[16], trunk[16]; /* of a D-channel frame */
	char peer[64], local[64]; /* of SIP: "192.0.2.1:5060", */
	char protocol[8];         /* and "udp", "tcp" or "tls" */
	size_t len;
	uint8_t *octets; /* owned */
};

/* 0, or -EBADMSG: it is no message. */
int trace_message_read(struct trace_message *m, const json_t *line);
void trace_message_clear(struct trace_message *m);

enum { TRACE_WANTED_MAX = 32, TRACE_CALLS_MAX = 1024, TRACE_WAITING_MAX = 512 };

struct trace_filter {
	bool link;                             /* also what only keeps a D-channel up: RR */
	const char *names[TRACE_WANTED_MAX];   /* span, trunk, peer's address, "sip" */
	const char *numbers[TRACE_WANTED_MAX]; /* a number that ends so */
	unsigned name_count, number_count;
	uint32_t calls[TRACE_CALLS_MAX]; /* wanted; a ring, once others are found */
	unsigned call_count, call_next;
	struct trace_message waiting[TRACE_WAITING_MAX]; /* a ring: the oldest is forgotten */
	unsigned waiting_first, waiting_count;
};

typedef void trace_message_fn(void *arg, const struct trace_message *m);

/* A span, trunk or peer by name, or a call by its number; "all" changes nothing.  False: too many.
 */
bool trace_filter_add(struct trace_filter *f, const char *name);
bool trace_filter_add_number(struct trace_filter *f, const char *digits);
/* Gives fn what is wanted now; m is taken. */
void trace_filter_pass(struct trace_filter *f, struct trace_message *m, trace_message_fn *fn,
		       void *arg);
void trace_filter_clear(struct trace_filter *f);

#endif
