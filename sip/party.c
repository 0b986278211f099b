/* party.c - who calls and who is called: between SIP's URIs and struct sip_party. */
#include "sip/message.h"

#include <stdio.h>
#include <stdlib.h>
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
	sip_uri_subaddress(m->req_uri, out->subaddress);
	if (m->to->displayname != NULL)
		unquote(out->display, sizeof(out->display), m->to->displayname);
}

/* --- privacy and asserted identity --- */

static bool has_token(const char *list, const char *token)
{
	size_t len = strlen(token);

	while (*list != '\0') {
		list += strspn(list, " \t;,");
		size_t n = strcspn(list, " \t;,");
		if (n == len && strncasecmp(list, token, n) == 0)
			return true;
		list += n;
	}
	return false;
}

/* RFC 3323 4.2, RFC 3325 9.3: the values that hide who it is. */
static bool privacy_hides(const osip_message_t *m)
{
	const char *value;

	for (int i = 0; (value = sip_message_header(m, "Privacy", i)) != NULL; i++)
		if (has_token(value, "id") || has_token(value, "user") ||
		    has_token(value, "header"))
			return true;
	return false;
}

static bool privacy_none(const osip_message_t *m)
{
	const char *value = sip_message_header(m, "Privacy", 0);

	return value != NULL && has_token(value, "none");
}

/* RFC 3323 4.1.1.3 */
static bool is_anonymous(const osip_uri_t *uri)
{
	return (uri->host != NULL && strcasecmp(uri->host, "anonymous.invalid") == 0) ||
	       (uri->username != NULL && strcasecmp(uri->username, "anonymous") == 0);
}

/* isup-oli=62, ss7-oli=62 or oli=62, of the URI or of the number in it: one more, 0 = none. */
static uint8_t read_line(const osip_uri_t *uri)
{
	static const char *const names[] = {"isup-oli", "ss7-oli", "oli"};
	const char *user = uri->username != NULL ? uri->username : uri->string;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = sip_param(&uri->url_params, names[i]);
		char param[16];
		snprintf(param, sizeof(param), ";%s=", names[i]);
		const char *in_user = user != NULL ? strcasestr(user, param) : NULL;
		if (value == NULL && in_user != NULL)
			value = in_user + strlen(param);
		if (value == NULL)
			continue;
		size_t digits = strspn(value, "0123456789");
		return digits == 1 || digits == 2 ? (uint8_t)(atoi(value) + 1) : 0;
	}
	return 0;
}

void sip_party_read(struct sip_party *out, const osip_from_t *from)
{
	memset(out, 0, sizeof(*out));
	uri_user(from->url, out->user);
	out->anonymous = is_anonymous(from->url);
	out->line_information = read_line(from->url);
	sip_uri_subaddress(from->url, out->subaddress);
	if (strcasecmp(out->user, "anonymous") == 0)
		out->user[0] = '\0'; /* that is no number */
	if (from->displayname != NULL)
		unquote(out->display, sizeof(out->display), from->displayname);
}

bool sip_party_parse(struct sip_party *out, const char *name_addr)
{
	osip_from_t *from;

	memset(out, 0, sizeof(*out));
	if (osip_from_init(&from) != OSIP_SUCCESS)
		return false;
	bool good = osip_from_parse(from, name_addr) == OSIP_SUCCESS && from->url != NULL &&
		    from->url->scheme != NULL;
	if (good)
		sip_party_read(out, from);
	osip_from_free(from);
	return good && (out->user[0] != '\0' || out->display[0] != '\0');
}

const char *sip_list_next(const char *list, char *out, size_t size)
{
	size_t n = 0;
	bool quoted = false, angle = false;

	list += strspn(list, " \t,");
	for (; list[n] != '\0' && (quoted || angle || list[n] != ','); n++) {
		if (quoted && list[n] == '\\' && list[n + 1] != '\0')
			n++;
		else if (list[n] == '"' && !angle)
			quoted = !quoted;
		else if (!quoted && (list[n] == '<' || list[n] == '>'))
			angle = list[n] == '<';
	}
	if (n == 0)
		return NULL;
	snprintf(out, size, "%.*s", n < size ? (int)n : 0, list); /* too long: none */
	return list + n;
}

/* RFC 3325 9.1: a sip and a tel URI of the same party at most.  The one that is a number counts. */
static bool read_asserted(const osip_message_t *m, struct sip_party *out)
{
	const char *value, *at;
	char one[512];
	bool found = false;

	for (int i = 0; (value = sip_message_header(m, "P-Asserted-Identity", i)) != NULL; i++) {
		for (at = value; (at = sip_list_next(at, one, sizeof(one))) != NULL;) {
			struct sip_party p;
			if (!sip_party_parse(&p, one))
				continue;
			bool number = strspn(p.user, "+0123456789*#") == strlen(p.user);
			if (!found || (number && p.user[0] != '\0')) {
				if (p.display[0] == '\0' && found)
					memcpy(p.display, out->display, sizeof(p.display));
				*out = p;
			}
			found = true;
		}
	}
	return found;
}

void sip_message_calling(const osip_message_t *m, bool trusted, struct sip_party *out)
{
	struct sip_party asserted;

	sip_party_read(out, m->from);
	if (trusted && read_asserted(m, &asserted)) {
		if (asserted.line_information == 0)
			asserted.line_information = out->line_information;
		if (asserted.subaddress[0] == '\0')
			memcpy(asserted.subaddress, out->subaddress, sizeof(out->subaddress));
		asserted.anonymous = asserted.anonymous || (out->anonymous && !privacy_none(m));
		if (asserted.display[0] == '\0' && !out->anonymous)
			memcpy(asserted.display, out->display, sizeof(asserted.display));
		*out = asserted;
		out->asserted = true;
	}
	out->anonymous = out->anonymous || privacy_hides(m);
}

bool sip_message_connected(const osip_message_t *m, struct sip_party *out)
{
	if (!read_asserted(m, out))
		return false;
	out->asserted = true;
	out->anonymous = out->anonymous || privacy_hides(m);
	return true;
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

bool sip_is_global_number(const char *user)
{
	return user[0] == '+' && user[1] != '\0' &&
	       strspn(user + 1, "0123456789") == strlen(user + 1);
}

bool sip_party_text(char *out, size_t size, const struct sip_party *p, const char *host)
{
	char display[2 * SIP_DISPLAY_MAX + 4], user[SIP_WRITTEN_USER_MAX] = "";
	bool number = sip_is_global_number(p->user) || p->subaddress[0] != '\0';

	sip_quote_display(display, sizeof(display), p->display);
	if (!sip_write_user(user, sizeof(user), p->user, p->subaddress))
		return false;
	int n = snprintf(out, size, "%s<sip:%s%s%s>", display, user, host,
			 number ? ";user=phone" : "");
	return n > 0 && (size_t)n < size;
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
