/* trace_pcap.h - messages of a trace as a pcapng file (draft-ietf-opsawg-pcapng).
 *
 * An interface for each span, of link type LINUX_LAPD, that tells Q.921 which side sent a frame;
 * and one for SIP, of link type RAW, with IP and UDP headers made up around the message.  The
 * number of a message's call is its comment.
 */
#ifndef GATEWAY_TRACE_PCAP_H
#define GATEWAY_TRACE_PCAP_H

#include "gateway/trace_message.h"

#include <stdio.h>

enum { TRACE_PCAP_INTERFACES_MAX = 128 };

struct trace_pcap {
	FILE *out; /* not owned */
	char interfaces[TRACE_PCAP_INTERFACES_MAX][16]; /* span's name; "" = SIP */
	unsigned interface_count;
};

/* 0, or -EIO. */
int trace_pcap_begin(struct trace_pcap *p, FILE *out);
/* 0, -EIO, -ENOSPC: too many spans, -EBADMSG: not to be written. */
int trace_pcap_write(struct trace_pcap *p, const struct trace_message *m);

#endif
