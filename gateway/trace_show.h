/* trace_show.h - tandemctl trace and tandemctl ladder: what a trace looks like to a person, or as a
 * file for Wireshark. */
#ifndef GATEWAY_TRACE_SHOW_H
#define GATEWAY_TRACE_SHOW_H

#include "gateway/trace_message.h"

#include <stdio.h>

enum { TRACE_TIME_MAX = 24 };

/* Time of day, "12:00:00.123456", into out; returns out. */
const char *trace_time_text(uint64_t at_us, char out[TRACE_TIME_MAX]);
/* The message in a line of words; returns out. */
const char *trace_message_text(const struct trace_message *m, char *out, size_t out_size);

/* argv[0] is "trace" or "ladder"; connect gives a connected control socket or -errno, after having
 * said why.  The exit status of tandemctl. */
int trace_show(int argc, char **argv, int (*connect)(void *arg), void *arg);

#endif
