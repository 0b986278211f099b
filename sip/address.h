/* address.h - IPv4 and IPv6 addresses as SIP writes and compares them.  Any thread. */
#ifndef SIP_ADDRESS_H
#define SIP_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

enum { SIP_ADDR_TEXT = 64, SIP_PORT = 5060 };

bool sip_addr_equal(const struct sockaddr *a, const struct sockaddr *b, bool with_port);
bool sip_addr_is_any(const struct sockaddr *a); /* 0.0.0.0 or :: */
uint16_t sip_addr_port(const struct sockaddr *a);
void sip_addr_set_port(struct sockaddr_storage *a, uint16_t port);
socklen_t sip_addr_len(const struct sockaddr *a);
void sip_addr_copy(struct sockaddr_storage *to, const struct sockaddr *from);
/* A literal address, IPv6 with or without brackets.  False: a name, or nothing of the kind. */
bool sip_addr_parse(struct sockaddr_storage *out, const char *host, uint16_t port);
/* host: "[2001:db8::1]", as in a URI; bare: "2001:db8::1", as in SDP; text: with ":port".  */
const char *sip_addr_host(const struct sockaddr *a, char out[SIP_ADDR_TEXT]);
const char *sip_addr_bare(const struct sockaddr *a, char out[SIP_ADDR_TEXT]);
const char *sip_addr_text(const struct sockaddr *a, char out[SIP_ADDR_TEXT]);
/* The address the kernel would send from to reach `to`; port 0.  0 or -errno. */
int sip_addr_route(const struct sockaddr *to, struct sockaddr_storage *out);

#endif
