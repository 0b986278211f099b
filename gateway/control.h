/* control.h - the operator's socket: one command a connection, answered in one line of JSON.
 *
 *   status | calls | spans | reload | stop | log AREA LEVEL | trace on|off|recent | trace
 *   span NAME | span NAME loop ... | span NAME bert ...       (control_span.h)
 *
 *   channel SPAN/SLOT in|out|drain|maintenance|restart | trunk NAME drain|undrain|restart
 *   nfas TRUNK [switch | drill [stay] | result | out SPAN | in SPAN]
 *
 * {"ok": true, ...} or {"ok": false, "error": "..."}; {"ok": true, "ask": "..."}: it is not done yet, and
 * that command gives the reply.  "trace" alone streams a line of JSON for
 * each message until the client hangs up, "trace recent" one for each that is kept:
 *
 *   {"number": counts them, "at_us": time of day, "call": 42 or 0, "sent": true, "octets": "hex",
 *    "span": "t1-1", "trunk": "pbx",            D-channel: address, control, information
 *    "network": whether that is our side of it, "switch": "ni2"
 *    "peer": "A:P", "local": "A:P", "protocol": "udp"}  SIP: the message without its secrets
 *   {"lost": 7}                                 so many were dropped before the next line
 *
 * "trace on" writes a line of text for each message to the log.
 * The socket is an AF_UNIX path, mode 0660: who may connect may stop the gateway.
 * Signalling thread; a client that does not read loses trace lines, nothing else.
 */
#ifndef GATEWAY_CONTROL_H
#define GATEWAY_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct control;
struct gateway;
struct loop;

struct control_ops {                            /* what only main can do */
	int (*reload)(void *arg, FILE *report); /* 0 or -errno with why in report */
	void (*stop)(void *arg);
	void *arg;
};

/* 0 or -errno with why in err.  A stale socket file of a dead process is replaced. */
int control_open(struct control **out, struct loop *loop, struct gateway *g, const char *path,
		 const struct control_ops *ops, char *err, size_t err_size);
void control_close(struct control *c);

#endif
