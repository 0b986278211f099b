#include "tests/sim/siptext.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool siptext_read(struct siptext *s, const char *text, size_t len)
{
	if (len >= sizeof(s->text))
		return false;
	memcpy(s->text, text, len);
	s->text[len] = '\0';
	s->line_count = 0;
	s->start = NULL;
	s->body = NULL;
	for (char *at = s->text, *end; (end = strstr(at, "\r\n")) != NULL; at = end + 2) {
		*end = '\0';
		if (*at == '\0') {
			s->body = end + 2;
			break;
		}
		if (s->start == NULL)
			s->start = at;
		else if (s->line_count < SIPTEXT_LINES)
			s->line[s->line_count++] = at;
	}
	return s->start != NULL && s->body != NULL && strstr(s->start, "SIP/2.0") != NULL;
}

void siptext_copy(struct siptext *to, const struct siptext *from)
{
	*to = *from;
	to->start = to->text + (from->start - from->text);
	to->body = to->text + (from->body - from->text);
	for (unsigned i = 0; i < to->line_count; i++)
		to->line[i] = to->text + (from->line[i] - from->text);
}

/* RFC 3261 7.3.3 */
static const char *compact_form(const char *name)
{
	static const struct {
		const char *name, *compact;
	} forms[] = {
		{"Via", "v"},     {"From", "f"},    {"To", "t"},
		{"Call-ID", "i"}, {"Contact", "m"}, {"Content-Type", "c"},
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (strcasecmp(forms[i].name, name) == 0)
			return forms[i].compact;
	return name;
}

const char *siptext_header(const struct siptext *s, const char *name, unsigned index)
{
	const char *compact = compact_form(name);

	for (unsigned i = 0; i < s->line_count; i++) {
		size_t n = strcspn(s->line[i], ": \t");
		bool same = (n == strlen(name) && strncasecmp(s->line[i], name, n) == 0) ||
			    (n == strlen(compact) && strncasecmp(s->line[i], compact, n) == 0);
		if (same && index-- == 0)
			return s->line[i] + n + strspn(s->line[i] + n, ": \t");
	}
	return NULL;
}

int siptext_status(const struct siptext *s)
{
	return strncmp(s->start, "SIP/2.0 ", 8) == 0 ? atoi(s->start + 8) : 0;
}

void siptext_cseq(const struct siptext *s, char method[16], unsigned *number)
{
	const char *value = siptext_header(s, "CSeq", 0);

	method[0] = '\0';
	*number = 0;
	if (value != NULL)
		sscanf(value, "%u %15s", number, method);
}

bool siptext_param(const char *value, const char *name, char *out, size_t out_size)
{
	const char *after = strchr(value, '>');
	size_t n = strlen(name);

	for (const char *at = strchr(after != NULL ? after : value, ';'); at != NULL;
	     at = strchr(at, ';')) {
		at += 1 + strspn(at + 1, " ");
		if (strncasecmp(at, name, n) == 0 &&
		    (at[n] == '=' || at[n] == ';' || at[n] == '\0')) {
			at += n + (at[n] == '=');
			snprintf(out, out_size, "%.*s", (int)strcspn(at, ";, "), at);
			return true;
		}
	}
	return false;
}

void siptext_uri(const char *value, char *out, size_t out_size)
{
	const char *angle = strchr(value, '<');
	const char *from = angle != NULL ? angle + 1 : value;

	snprintf(out, out_size, "%.*s", (int)strcspn(from, angle != NULL ? ">" : ";, "), from);
}

void siptext_user(const char *value, char *out, size_t out_size)
{
	char uri[SIPTEXT_FIELD];

	siptext_uri(value, uri, sizeof(uri));
	const char *user = strchr(uri, ':');
	const char *at = strchr(uri, '@');
	if (user == NULL || at == NULL)
		snprintf(out, out_size, "-");
	else
		snprintf(out, out_size, "%.*s", (int)(at - user - 1), user + 1);
}

void siptext_sdp_words(const char *body, char *out, size_t out_size)
{
	const char *media = strstr(body, "m=audio ");
	unsigned port = 0, codec = 0;
	const char *dir = "sendrecv";

	out[0] = '\0';
	if (media == NULL)
		return;
	sscanf(media, "m=audio %u RTP/AVP %u", &port, &codec);
	if (strstr(body, "a=sendonly") != NULL)
		dir = "sendonly";
	else if (strstr(body, "a=recvonly") != NULL)
		dir = "recvonly";
	else if (strstr(body, "a=inactive") != NULL)
		dir = "inactive";
	snprintf(out, out_size, " sdp codec=%u dir=%s port=%u%s", codec, dir, port,
		 strstr(body, " CLEARMODE/8000\r\n") != NULL ? " clearmode" : "");
}
