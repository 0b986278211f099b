/* party.c - who calls and who is called: between SIP's URIs and struct sip_party. */
#include "sip/message.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Octets of the UTF-8 sequence at s, 0 when it is none (overlong, surrogate, cut off). */
static size_t utf8_len(const unsigned char *s)
{
	if (s[0] < 0x80)
		return 1;
	size_t n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

/* Takes quotes and backslashes off; cuts at a whole character; anything not UTF-8 text: "". */
static void unquote(char *out, size_t size, const char *quoted)
{
	const unsigned char *s = (const unsigned char *)quoted;
	size_t at = 0;
	bool in_quotes = *s == '"';

	out[0] = '\0';
	if (in_quotes)
		s++;
	while (*s != '\0' && !(in_quotes && *s == '"')) {
		if (in_quotes && *s == '\\' && s[1] != '\0')
			s++;
		size_t n = utf8_len(s);
		if (n == 0 || *s < 0x20 || *s == 0x7f) {
			out[0] = '\0';
			return;
		}
		if (at + n >= size)
			break;
		memcpy(out + at, s, n);
		at += n;
		s += n;
	}
	while (at > 0 && out[at - 1] == ' ')
		at--;
	out[at] = '\0';
}

/* The number or name in a URI: parameters of a telephone-subscriber cut off, its visual
 * separators left out (RFC 3966 5.1.1); too long or not printable is no number at all. */
static void uri_user(const osip_uri_t *uri, char out[SIP_USER_MAX])
{
	bool tel = strcasecmp(uri->scheme, "tel") == 0;
	const char *from = tel ? uri->string : uri->username;
	size_t at = 0;

	out[0] = '\0';
	if (from == NULL)
		return;
	const char *kind = sip_param(&uri->url_params, "user");
	bool number = tel || (kind != NULL && strcasecmp(kind, "phone") == 0);
	for (; *from != '\0' && *from != ';'; from++) {
		if (number && strchr("-.()", *from) != NULL)
			continue;
		if ((unsigned char)*from <= 0x20 || *from == 0x7f || at + 1 >= SIP_USER_MAX) {
			out[0] = '\0';
			return;
		}
		out[at++] = *from;
	}
	out[at] = '\0';
}

void sip_message_called(const osip_message_t *m, struct sip_party *out)
{
	memset(out, 0, sizeof(*out));
	uri_user(m->req_uri, out->user);
	if (m->to->displayname != NULL)
		unquote(out->display, sizeof(out->display), m->to->displayname);
}

/* RFC 3323 4.1.1.3, and Privacy values that hide who calls (RFC 3323 4.2, RFC 3325 9.3). */
static bool wants_privacy(const osip_message_t *m)
{
	const osip_uri_t *uri = m->from->url;
	const char *privacy = sip_message_header(m, "Privacy", 0);

	if (uri->host != NULL && strcasecmp(uri->host, "anonymous.invalid") == 0)
		return true;
	if (uri->username != NULL && strcasecmp(uri->username, "anonymous") == 0)
		return true;
	return privacy != NULL &&
	       (strcasestr(privacy, "id") != NULL || strcasestr(privacy, "user") != NULL ||
		strcasestr(privacy, "header") != NULL);
}

void sip_message_calling(const osip_message_t *m, struct sip_party *out)
{
	memset(out, 0, sizeof(*out));
	out->anonymous = wants_privacy(m);
	uri_user(m->from->url, out->user);
	if (strcasecmp(out->user, "anonymous") == 0)
		out->user[0] = '\0'; /* that is no number */
	if (m->from->displayname != NULL)
		unquote(out->display, sizeof(out->display), m->from->displayname);
}

bool sip_escape_user(char *out, size_t size, const char *user)
{
	static const char plain[] = "-_.!~*'()&=+$,";
	size_t at = strlen(out);

	for (; *user != '\0'; user++) {
		unsigned char c = (unsigned char)*user;
		bool keep = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
			    (c >= 'a' && c <= 'z') || strchr(plain, c) != NULL;
		if (at + (keep ? 1 : 3) >= size)
			return false;
		at += (size_t)snprintf(out + at, size - at, keep ? "%c" : "%%%02X", c);
	}
	return true;
}

void sip_quote_display(char *out, size_t size, const char *display)
{
	const unsigned char *s = (const unsigned char *)display;
	size_t at = 0;

	out[0] = '\0';
	if (*s == '\0' || size < 8)
		return;
	out[at++] = '"';
	while (*s != '\0') {
		size_t n = utf8_len(s);
		bool escape = *s == '"' || *s == '\\';
		if (n == 0 || *s < 0x20 || *s == 0x7f) {
			s++; /* Q.931 display octets that are no UTF-8: left out */
			continue;
		}
		if (at + n + 3 >= size)
			break;
		if (escape)
			out[at++] = '\\';
		memcpy(out + at, s, n);
		at += n;
		s += n;
	}
	out[at++] = '"';
	out[at++] = ' ';
	out[at] = '\0';
}
