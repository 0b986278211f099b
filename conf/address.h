/* address.h - socket addresses as the configuration writes them: "192.0.2.7:5060",
 * "[2001:db8::7]:5060".  Never a name: looking it up could block a reload while calls run.
 * Pure functions; the sockaddr_storage filled in has no undefined octet. */
#ifndef CONF_ADDRESS_H
#define CONF_ADDRESS_H

#include "sip/target.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum { CONF_ADDRESS_TEXT_MAX = 64 };

/* 0, or -EINVAL with what was expected in err.  Without a port in text the port is port. */
int conf_address_parse(struct sockaddr_storage *out, const char *text, uint16_t port, char *err,
		       size_t err_size);
/* "tls:192.0.2.7:5061"; without a protocol it is UDP, without a port the protocol's own. */
int conf_bind_parse(struct sip_bind *out, const char *text, char *err, size_t err_size);
void conf_bind_format(const struct sip_bind *b, char out[CONF_ADDRESS_TEXT_MAX]); /* no "udp:" */
void conf_address_format(const struct sockaddr_storage *a, char out[CONF_ADDRESS_TEXT_MAX]);
/* The host alone, without port; an IPv6 address stands in brackets, as in a URI. */
void conf_host_format(const struct sockaddr_storage *a, char out[CONF_ADDRESS_TEXT_MAX]);

uint16_t conf_address_port(const struct sockaddr_storage *a);
bool conf_address_same_host(const struct sockaddr_storage *a, const struct sockaddr_storage *b);
bool conf_address_is_any(const struct sockaddr_storage *a);       /* 0.0.0.0 or :: */
bool conf_address_is_multicast(const struct sockaddr_storage *a); /* or the IPv4 broadcast */

#endif
