#include "sip/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct sockaddr_in *in4(const struct sockaddr *a)
{
	return (const struct sockaddr_in *)a;
}

static const struct sockaddr_in6 *in6(const struct sockaddr *a)
{
	return (const struct sockaddr_in6 *)a;
}

uint16_t sip_addr_port(const struct sockaddr *a)
{
	if (a->sa_family == AF_INET)
		return ntohs(in4(a)->sin_port);
	return a->sa_family == AF_INET6 ? ntohs(in6(a)->sin6_port) : 0;
}

void sip_addr_set_port(struct sockaddr_storage *a, uint16_t port)
{
	if (a->ss_family == AF_INET)
		((struct sockaddr_in *)a)->sin_port = htons(port);
	else if (a->ss_family == AF_INET6)
		((struct sockaddr_in6 *)a)->sin6_port = htons(port);
}

bool sip_addr_equal(const struct sockaddr *a, const struct sockaddr *b, bool with_port)
{
	if (a->sa_family != b->sa_family || (with_port && sip_addr_port(a) != sip_addr_port(b)))
		return false;
	if (a->sa_family == AF_INET)
		return in4(a)->sin_addr.s_addr == in4(b)->sin_addr.s_addr;
	if (a->sa_family != AF_INET6)
		return false;
	uint32_t scope_a = in6(a)->sin6_scope_id, scope_b = in6(b)->sin6_scope_id;
	if (scope_a != 0 && scope_b != 0 && scope_a != scope_b)
		return false;
	return memcmp(&in6(a)->sin6_addr, &in6(b)->sin6_addr, sizeof(struct in6_addr)) == 0;
}

bool sip_addr_is_any(const struct sockaddr *a)
{
	if (a->sa_family == AF_INET)
		return in4(a)->sin_addr.s_addr == INADDR_ANY;
	return a->sa_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&in6(a)->sin6_addr);
}

socklen_t sip_addr_len(const struct sockaddr *a)
{
	return a->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}

void sip_addr_copy(struct sockaddr_storage *to, const struct sockaddr *from)
{
	memset(to, 0, sizeof(*to));
	memcpy(to, from, sip_addr_len(from));
}

bool sip_addr_parse(struct sockaddr_storage *out, const char *host, uint16_t port)
{
	char bare[INET6_ADDRSTRLEN];
	size_t len = strlen(host);

	memset(out, 0, sizeof(*out));
	if (len >= 2 && host[0] == '[' && host[len - 1] == ']') {
		host++;
		len -= 2;
	}
	if (len >= sizeof(bare))
		return false;
	memcpy(bare, host, len);
	bare[len] = '\0';
	if (inet_pton(AF_INET, bare, &((struct sockaddr_in *)out)->sin_addr) == 1)
		out->ss_family = AF_INET;
	else if (inet_pton(AF_INET6, bare, &((struct sockaddr_in6 *)out)->sin6_addr) == 1)
		out->ss_family = AF_INET6;
	else
		return false;
	sip_addr_set_port(out, port);
	return true;
}

const char *sip_addr_bare(const struct sockaddr *a, char out[SIP_ADDR_TEXT])
{
	out[0] = '\0';
	if (a->sa_family == AF_INET)
		inet_ntop(AF_INET, &in4(a)->sin_addr, out, SIP_ADDR_TEXT);
	else if (a->sa_family == AF_INET6)
		inet_ntop(AF_INET6, &in6(a)->sin6_addr, out, SIP_ADDR_TEXT);
	return out;
}

const char *sip_addr_host(const struct sockaddr *a, char out[SIP_ADDR_TEXT])
{
	char bare[SIP_ADDR_TEXT];

	sip_addr_bare(a, bare);
	snprintf(out, SIP_ADDR_TEXT, a->sa_family == AF_INET6 ? "[%.46s]" : "%.46s", bare);
	return out;
}

const char *sip_addr_text(const struct sockaddr *a, char out[SIP_ADDR_TEXT])
{
	char host[SIP_ADDR_TEXT];

	sip_addr_host(a, host);
	snprintf(out, SIP_ADDR_TEXT, "%.48s:%u", host, sip_addr_port(a));
	return out;
}

int sip_addr_route(const struct sockaddr *to, struct sockaddr_storage *out)
{
	socklen_t len = sizeof(*out);
	int r = 0;

	memset(out, 0, sizeof(*out));
	int fd = socket(to->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, to, sip_addr_len(to)) < 0 ||
	    getsockname(fd, (struct sockaddr *)out, &len) < 0)
		r = -errno;
	close(fd);
	if (r == 0)
		sip_addr_set_port(out, 0);
	return r;
}
