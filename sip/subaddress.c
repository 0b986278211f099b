/* subaddress.c - the ISDN subaddress in a telephone number: isub, RFC 3966 and RFC 4715. */
#include "sip/message.h"
#include "sip/octets.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Up to the next parameter.  False: it does not fit. */
static bool unescape(char out[SIP_SUBADDRESS_MAX], const char *value)
{
	size_t n = 0;

	for (; *value != '\0' && *value != ';' && *value != '@'; value++) {
		char c = *value;
		if (c == '%' && hex_digit(value[1]) >= 0 && hex_digit(value[2]) >= 0) {
			c = (char)(hex_digit(value[1]) << 4 | hex_digit(value[2]));
			value += 2;
		}
		if (c <= 0x20 || c == 0x7f || n + 1 >= SIP_SUBADDRESS_MAX)
			return false;
		out[n++] = c;
	}
	out[n] = '\0';
	return true;
}

void sip_uri_subaddress(const osip_uri_t *uri, char out[SIP_SUBADDRESS_MAX])
{
	const char *user = uri->username != NULL ? uri->username : uri->string;
	const char *isub = user != NULL ? strcasestr(user, ";isub=") : NULL;
	const char *kind = user != NULL ? strcasestr(user, ";isub-encoding=") : NULL;

	out[0] = '\0';
	/* Not said: characters, RFC 4715 6.1.  Digits in BCD, or any NSAP, are not translated. */
	if (kind != NULL && strncasecmp(strchr(kind, '=') + 1, "nsap-ia5", 8) != 0)
		return;
	if (isub != NULL && !unescape(out, strchr(isub, '=') + 1))
		out[0] = '\0';
}

bool sip_write_user(char *out, size_t size, const char *user, const char *subaddress)
{
	if (user[0] == '\0')
		return true;
	if (!sip_escape_user(out, size, user))
		return false;
	size_t n = strlen(out);
	/* libosip2 writes ; in a user part as it is, so that it would begin another parameter. */
	if (subaddress != NULL && subaddress[0] != '\0' && strchr(subaddress, ';') == NULL) {
		n += (size_t)snprintf(out + n, size - n, ";isub=");
		if (n >= size || !sip_escape_user(out, size, subaddress))
			return false;
		n = strlen(out);
		n += (size_t)snprintf(out + n, size - n, ";isub-encoding=nsap-ia5");
	}
	if (n + 1 >= size)
		return false;
	strcat(out, "@");
	return true;
}
