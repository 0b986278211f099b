/* target.h - where a SIP message goes, and by which transport.  Any thread; plain values. */
#ifndef SIP_TARGET_H
#define SIP_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* In the order of what they protect: TCP from forged source addresses, TLS from more. */
enum sip_protocol { SIP_UDP, SIP_TCP, SIP_TLS };

enum { SIP_HOST_MAX = 64, SIP_TLS_PORT = 5061 };

struct sip_target {
	enum sip_protocol protocol;
	struct sockaddr_storage addr;
	bool may_grow;           /* UDP: a request too large for a datagram may go by TCP instead */
	char name[SIP_HOST_MAX]; /* TLS: the domain the server must prove to be */
	unsigned keepalive_ms;   /* RFC 5626 4.4.1: pings on a connection opened to it; 0 = none */
	uint64_t flow;           /* the connection to use while it lives; 0 = any that leads there */
};

/* What a listener is bound to. */
struct sip_bind {
	enum sip_protocol protocol;
	struct sockaddr_storage addr;
};

/* A message for a trace. */
struct sip_traced {
	bool sent;
	enum sip_protocol protocol;
	const struct sockaddr *local, *peer;
	const char *text; /* not NUL-terminated */
	size_t len;
};

const char *sip_protocol_name(enum sip_protocol p);       /* "udp" */
const char *sip_protocol_upper(enum sip_protocol p);      /* "UDP", as in Via */
bool sip_protocol_parse(enum sip_protocol *out, const char *text, size_t len); /* any case */
uint16_t sip_protocol_port(enum sip_protocol p);          /* where none is written */

#endif
