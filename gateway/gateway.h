/* gateway.h - the process less main(): owns spans, trunks, the SIP agent, workers and calls.
 *
 * Signalling thread only.  Read a call forward: gateway.c (an offer comes in), call.c (the state
 * table), dialplan/ (where to), leg_isup.c and leg_sip.c (the two ends).
 */
#ifndef GATEWAY_GATEWAY_H
#define GATEWAY_GATEWAY_H

#include "conf/conf.h"
#include "gateway/trace_store.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct gateway;
struct loop;

/* Opens everything conf names and starts taking calls.  conf moves in on success.  0, or -errno
 * with why in err (which names what failed and what to do). */
int gateway_open(struct gateway **out, struct loop *loop, struct conf *conf, char *err,
		 size_t err_size);
/* Clears calls without waiting for the peers' answers, then closes all. */
void gateway_close(struct gateway *g);

/* Applies the difference between the running configuration and conf, which moves in on success.
 * Live calls go on.  What was done, or why nothing was, goes to report, a line each. */
int gateway_reload(struct gateway *g, struct conf *conf, FILE *report);

/* Clears every call in the protocols' own way (cause 41 / BYE) and refuses new ones; done runs when
 * the last one is released or after timeout_ms. */
void gateway_drain(struct gateway *g, unsigned timeout_ms, void (*done)(void *arg), void *arg);

unsigned gateway_call_count(const struct gateway *g);
/* Calls not yet freed and slots held by no call: for tests of leaks and stuck channels. */
bool gateway_is_idle(const struct gateway *g);

/* Trace: every D-channel frame and SIP message to fn, or NULL to end it. */
void gateway_set_trace(struct gateway *g, trace_tell_fn *fn, void *arg);
/* Of those that are kept (gateway.trace_memory_kb) the oldest with this number or a higher one. */
const struct trace_record *gateway_trace_from(const struct gateway *g, uint64_t number);
/* A message in a line of JSON (control.h); NULL = no memory. */
char *gateway_trace_json(const struct trace_record *r);
/* "q931 pbx > SETUP ..." into out; returns out. */
const char *gateway_trace_text(const struct trace_record *r, char *out, size_t out_size);

#endif
