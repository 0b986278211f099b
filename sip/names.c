#include "sip/names.h"

#include "sip/address.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* A dot at the end says that the name is whole, which ours always are. */
static size_t name_len(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && name[len - 1] == '.' ? len - 1 : len;
}

/* Unusable ones are left out: with a zero octet inside, too long, wildcards. */
static void add(struct sip_names *n, const char *name, size_t len)
{
	if (n->count >= SIP_NAMES_MAX || len == 0 || len >= SIP_HOST_MAX ||
	    memchr(name, '\0', len) != NULL || memchr(name, '*', len) != NULL)
		return;
	memcpy(n->name[n->count], name, len);
	n->name[n->count++][len] = '\0';
}

/* The host of a sip URI that names a domain: no user (that names a person), no port, nothing else.
 * The scheme is sip: sips is not one that names a domain. */
static void add_uri(struct sip_names *n, const char *uri, size_t len)
{
	if (len < 4 || strncasecmp(uri, "sip:", 4) != 0)
		return;
	uri += 4;
	len -= 4;
	if (memchr(uri, '@', len) != NULL)
		return;
	const char *bracket = len > 0 && *uri == '[' ? memchr(uri, ']', len) : NULL;
	size_t host = bracket != NULL ? (size_t)(bracket - uri) + 1 : 0;
	while (host < len && strchr(":;?", uri[host]) == NULL)
		host++;
	add(n, uri, host);
}

static void add_address(struct sip_names *n, const unsigned char *octets, size_t len)
{
	struct sockaddr_storage a = {.ss_family = len == 4 ? AF_INET : AF_INET6};
	char text[SIP_ADDR_TEXT];

	if (len == 4)
		memcpy(&((struct sockaddr_in *)&a)->sin_addr, octets, len);
	else if (len == 16)
		memcpy(&((struct sockaddr_in6 *)&a)->sin6_addr, octets, len);
	else
		return;
	sip_addr_host((struct sockaddr *)&a, text);
	add(n, text, strlen(text));
}

/* All alternative names of one kind.  How many there are of any kind. */
static unsigned read_kind(struct sip_names *out, gnutls_x509_crt_t certificate, unsigned kind)
{
	unsigned i;

	for (i = 0; i < 256; i++) {
		char value[512];
		size_t len = sizeof(value);
		unsigned type;
		int r = gnutls_x509_crt_get_subject_alt_name2(certificate, i, value, &len, &type,
							      NULL);
		if (r == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
			break;
		if (r < 0 || type != kind)
			continue;
		if (kind == GNUTLS_SAN_URI)
			add_uri(out, value, len);
		else if (kind == GNUTLS_SAN_DNSNAME)
			add(out, value, len);
		else
			add_address(out, (const unsigned char *)value, len);
	}
	return i;
}

void sip_names_read(struct sip_names *out, gnutls_x509_crt_t certificate)
{
	char name[256];
	size_t len = sizeof(name);

	memset(out, 0, sizeof(*out));
	unsigned alternatives = read_kind(out, certificate, GNUTLS_SAN_URI);
	if (out->count == 0)
		read_kind(out, certificate, GNUTLS_SAN_DNSNAME);
	read_kind(out, certificate, GNUTLS_SAN_IPADDRESS);
	if (alternatives == 0 &&
	    gnutls_x509_crt_get_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 0, 0, name,
					  &len) == 0)
		add(out, name, strnlen(name, len));
}

bool sip_names_prove(const struct sip_names *n, const char *domain)
{
	size_t len = name_len(domain);

	for (unsigned i = 0; n != NULL && len > 0 && i < n->count; i++)
		if (name_len(n->name[i]) == len && strncasecmp(n->name[i], domain, len) == 0)
			return true;
	return false;
}

const char *sip_names_text(const struct sip_names *n, char *out, size_t out_size)
{
	size_t at = 0;

	snprintf(out, out_size, "nobody");
	for (unsigned i = 0; i < n->count && at < out_size; i++)
		at += (size_t)snprintf(out + at, out_size - at, "%s%s", i > 0 ? ", " : "",
				       n->name[i]);
	return out;
}
