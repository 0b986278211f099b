#include "sip/agent.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Reads a message only as far as a line for people needs; the sender may be anyone. */

static size_t line_len(const char *at, const char *end)
{
	const char *nl = memchr(at, '\n', (size_t)(end - at));
	size_t n = (size_t)((nl != NULL ? nl : end) - at);

	return n > 0 && at[n - 1] == '\r' ? n - 1 : n;
}

/* This runs for every line of every message that is kept: most end here. */
static bool same_letter(char a, char b)
{
	return (a | 0x20) == (b | 0x20);
}

size_t sip_message_field(const char *text, size_t len, const char *name, char letter,
			 const char **out)
{
	const char *at = text, *end = text + len;
	size_t name_len = strlen(name);

	while (at < end) {
		size_t n = line_len(at, end), value = 0;
		if (n == 0 && at != text)
			return 0; /* the body begins */
		if (n > name_len && same_letter(at[0], name[0]) &&
		    strncasecmp(at, name, name_len) == 0)
			value = name_len;
		else if (n > 1 && letter != 0 && same_letter(at[0], letter))
			value = 1;
		while (value > 0 && value < n && (at[value] == ' ' || at[value] == '\t'))
			value++;
		if (value > 0 && value < n && at[value] == ':') {
			value++;
			while (value < n && (at[value] == ' ' || at[value] == '\t'))
				value++;
			*out = at + value;
			return n - value;
		}
		const char *nl = memchr(at, '\n', (size_t)(end - at));
		if (nl == NULL)
			return 0;
		at = nl + 1;
	}
	return 0;
}

/* The method in CSeq, which a response's first line does not say. */
static size_t cseq_method(const char *text, const char *end, const char **out)
{
	const char *value;
	size_t n = sip_message_field(text, (size_t)(end - text), "CSeq", 0, &value);

	if (n == 0)
		return 0;
	const char *p = value + n;
	while (p > value && p[-1] != ' ' && p[-1] != '\t')
		p--;
	*out = p;
	return (size_t)(value + n - p);
}

const char *sip_message_text(const char *text, size_t len, char *out, size_t out_size)
{
	const char *end = text + len, *method = "";
	size_t method_len = 0;

	if (out_size == 0)
		return out;
	out[0] = '\0';
	while (text < end && (*text == '\r' || *text == '\n'))
		text++;
	size_t n = line_len(text, end);
	const char *from = text, *stop = text + n;
	if (n > 8 && strncasecmp(text, "SIP/2.0 ", 8) == 0) {
		from = text + 8;
		method_len = cseq_method(text, end, &method);
	} else if (n > 8 && strncasecmp(stop - 8, " SIP/2.0", 8) == 0) {
		stop -= 8;
	}
	if (method_len > 0)
		snprintf(out, out_size, "%.*s (%.*s)", (int)(stop - from > 200 ? 200 : stop - from),
			 from, (int)(method_len > 32 ? 32 : method_len), method);
	else
		snprintf(out, out_size, "%.*s", (int)(stop - from > 200 ? 200 : stop - from), from);
	for (char *p = out; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || (unsigned char)*p >= 0x7f)
			*p = '?';
	return out;
}

static void mask_until(char *at, const char *end, const char *stops)
{
	while (at < end && *at != '\0' && strchr(stops, *at) == NULL)
		*at++ = '*';
}

/* What follows each key of the line up to one of stops. */
static void mask_values(char *at, size_t len, const char *key, const char *stops)
{
	size_t key_len = strlen(key);

	for (size_t i = 0; i + key_len < len; i++)
		if (strncasecmp(at + i, key, key_len) == 0) {
			size_t from = i + key_len;
			while (from < len && strchr(" \t=\"", at[from]) != NULL && at[from] != '\0')
				from++;
			mask_until(at + from, at + len, stops);
		}
}

static bool is_secret(const char *line, size_t n)
{
	return (n > 14 && same_letter(line[0], 'a') &&
		strncasecmp(line, "Authorization", 13) == 0) ||
	       (n > 20 && same_letter(line[0], 'p') &&
		strncasecmp(line, "Proxy-Authorization", 19) == 0);
}

void sip_message_mask(char *text, size_t len)
{
	char *at = text, *end = text + len;
	bool secret = false;

	while (at < end) {
		size_t n = line_len(at, end);
		bool continues = n > 0 && (at[0] == ' ' || at[0] == '\t');
		if (!continues)
			secret = is_secret(at, n);
		if (secret) {
			mask_values(at, n, "response", "\",");
			mask_values(at, n, "basic ", "\r\n");
			mask_values(at, n, "bearer ", "\r\n");
		} else if (n > 9 && at[1] == '=' && strncasecmp(at, "a=crypto:", 9) == 0) {
			mask_values(at, n, "inline:", "| \t\r\n;");
		} else if (n > 2 && at[1] == '=' && same_letter(at[0], 'k')) {
			mask_until(at + 2, at + n, "");
		}
		at += n;
		while (at < end && *at != '\n')
			at++;
		at += at < end;
	}
}
