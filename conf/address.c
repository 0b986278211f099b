/* address.c - see address.h. */
#include "conf/address.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static const char how[] = "an IPv4 or IPv6 address with port, as 192.0.2.10:5060 or "
			  "[2001:db8::10]:5060";

static int refuse(char *err, size_t err_size, const char *why)
{
	snprintf(err, err_size, "expected %s%s", how, why);
	return -EINVAL;
}

/* Splits text at the port: host without brackets, port_text "" when there is none. */
static bool split(const char *text, char *host, size_t host_size, const char **port_text)
{
	const char *begin = text, *end;

	*port_text = "";
	if (*text == '[') {
		begin = text + 1;
		end = strchr(begin, ']');
		if (end == NULL || (end[1] != '\0' && end[1] != ':'))
			return false;
		if (end[1] == ':')
			*port_text = end + 2;
		if (end[1] == ':' && **port_text == '\0')
			return false;
	} else {
		end = strchr(begin, ':');
		if (end != NULL && strchr(end + 1, ':') != NULL) { /* IPv6 without a port */
			end = begin + strlen(begin);
		} else if (end != NULL) {
			*port_text = end + 1;
			if (**port_text == '\0')
				return false;
		} else {
			end = begin + strlen(begin);
		}
	}
	if ((size_t)(end - begin) >= host_size)
		return false;
	memcpy(host, begin, (size_t)(end - begin));
	host[end - begin] = '\0';
	return true;
}

static bool parse_port(const char *text, uint16_t *port)
{
	unsigned value = 0;

	if (strlen(text) > 5)
		return false;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return false;
		value = value * 10 + (unsigned)(*text - '0');
	}
	*port = (uint16_t)value;
	return value <= 65535;
}

static bool looks_like_name(const char *text)
{
	const char *colon = strchr(text, ':');
	bool may_be_v6 = *text == '[' || (colon != NULL && strchr(colon + 1, ':') != NULL);

	return strpbrk(text, "ghijklmnopqrstuvwxyzGHIJKLMNOPQRSTUVWXYZ") != NULL ||
	       (!may_be_v6 && strpbrk(text, "abcdefABCDEF") != NULL);
}

int conf_address_parse(struct sockaddr_storage *out, const char *text, uint16_t port, char *err,
		       size_t err_size)
{
	char host[INET6_ADDRSTRLEN + 1];
	const char *port_text;
	struct sockaddr_in *v4 = (struct sockaddr_in *)out;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;

	memset(out, 0, sizeof(*out));
	if (strchr(text, '%') == NULL && looks_like_name(text))
		return refuse(err, err_size,
			      "; a host name would have to be looked up, which can block, so write "
			      "the address it has");
	if (strchr(text, '%') != NULL)
		return refuse(err, err_size, "; a zone (%) cannot be given");
	if (!split(text, host, sizeof(host), &port_text))
		return refuse(err, err_size, "");
	if (*port_text != '\0' && !parse_port(port_text, &port))
		return refuse(err, err_size, "; a port is 1 to 65535");
	if (*text != '[' && inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		return 0;
	}
	if (inet_pton(AF_INET6, host, &v6->sin6_addr) != 1) {
		memset(out, 0, sizeof(*out));
		return refuse(err, err_size, "");
	}
	if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
		memset(out, 0, sizeof(*out));
		return refuse(err, err_size, "; write an IPv4 address without ::ffff:");
	}
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(port);
	return 0;
}

int conf_bind_parse(struct sip_bind *out, const char *text, char *err, size_t err_size)
{
	enum sip_protocol p = SIP_UDP;

	if (strlen(text) > 4 && text[3] == ':' && sip_protocol_parse(&p, text, 3))
		text += 4;
	memset(out, 0, sizeof(*out));
	out->protocol = p;
	return conf_address_parse(&out->addr, text, sip_protocol_port(p), err, err_size);
}

void conf_bind_format(const struct sip_bind *b, char out[CONF_ADDRESS_TEXT_MAX])
{
	char address[CONF_ADDRESS_TEXT_MAX];
	bool udp = b->protocol == SIP_UDP;

	conf_address_format(&b->addr, address);
	snprintf(out, CONF_ADDRESS_TEXT_MAX, "%s%s%.56s", udp ? "" : sip_protocol_name(b->protocol),
		 udp ? "" : ":", address);
}

static const void *host_of(const struct sockaddr_storage *a, size_t *size)
{
	if (a->ss_family == AF_INET6) {
		*size = sizeof(struct in6_addr);
		return &((const struct sockaddr_in6 *)a)->sin6_addr;
	}
	*size = sizeof(struct in_addr);
	return &((const struct sockaddr_in *)a)->sin_addr;
}

void conf_host_format(const struct sockaddr_storage *a, char out[CONF_ADDRESS_TEXT_MAX])
{
	char host[INET6_ADDRSTRLEN] = "";
	size_t size;

	inet_ntop(a->ss_family, host_of(a, &size), host, sizeof(host));
	snprintf(out, CONF_ADDRESS_TEXT_MAX, a->ss_family == AF_INET6 ? "[%s]" : "%s", host);
}

void conf_address_format(const struct sockaddr_storage *a, char out[CONF_ADDRESS_TEXT_MAX])
{
	char host[CONF_ADDRESS_TEXT_MAX];

	conf_host_format(a, host);
	snprintf(out, CONF_ADDRESS_TEXT_MAX, "%.52s:%u", host, conf_address_port(a));
}

uint16_t conf_address_port(const struct sockaddr_storage *a)
{
	return ntohs(a->ss_family == AF_INET6 ? ((const struct sockaddr_in6 *)a)->sin6_port
					      : ((const struct sockaddr_in *)a)->sin_port);
}

bool conf_address_same_host(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	size_t size;
	const void *host = host_of(a, &size);

	return a->ss_family == b->ss_family && memcmp(host, host_of(b, &size), size) == 0;
}

bool conf_address_is_any(const struct sockaddr_storage *a)
{
	static const struct in6_addr zero;
	size_t size;
	const void *host = host_of(a, &size);

	return memcmp(host, &zero, size) == 0;
}

bool conf_address_is_multicast(const struct sockaddr_storage *a)
{
	size_t size;
	const uint8_t *host = host_of(a, &size);

	if (a->ss_family == AF_INET6)
		return host[0] == 0xff;
	return (host[0] >= 224 && host[0] < 240) || memcmp(host, "\xff\xff\xff\xff", 4) == 0;
}
