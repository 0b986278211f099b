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

/* The method in CSeq, which a response's first line does not say. */
static size_t cseq_method(const char *at, const char *end, const char **out)
{
	while (at < end) {
		size_t n = line_len(at, end);
		if (n == 0)
			return 0;
		if (n > 5 && strncasecmp(at, "CSeq:", 5) == 0) {
			const char *stop = at + n, *p = stop;
			while (p > at + 5 && p[-1] != ' ' && p[-1] != '\t')
				p--;
			*out = p;
			return (size_t)(stop - p);
		}
		const char *nl = memchr(at, '\n', (size_t)(end - at));
		if (nl == NULL)
			return 0;
		at = nl + 1;
	}
	return 0;
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
