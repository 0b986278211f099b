#include "sip/message.h"

#include "sip/address.h"
#include "sip/memory.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The parser would tell stdout about every bad message; we count them. */
static void ignore(const char *file, int line, osip_trace_level_t level, const char *fmt,
		   va_list ap)
{
}

void sip_message_init(void)
{
	static bool done;

	if (done)
		return;
	done = true;
	sip_memory_init();
	parser_init();
	osip_trace_initialize_func(TRACE_LEVEL0, ignore);
}

int sip_message_parse(osip_message_t **out, const char *text, size_t len)
{
	osip_message_t *m;
	unsigned shortages = sip_memory_shortages();

	*out = NULL;
	if (osip_message_init(&m) != OSIP_SUCCESS)
		return -ENOMEM;
	int r = osip_message_parse(m, text, len);
	bool is_short = sip_memory_shortages() != shortages;
	if (r != OSIP_SUCCESS || is_short) {
		osip_message_free(m);
		return is_short ? -ENOMEM : -EBADMSG;
	}
	const osip_via_t *via = osip_list_get(&m->vias, 0);
	bool whole = m->from != NULL && m->from->url != NULL && m->to != NULL &&
		     m->to->url != NULL && m->call_id != NULL && m->call_id->number != NULL &&
		     m->cseq != NULL && m->cseq->method != NULL && m->cseq->number != NULL &&
		     via != NULL && via->host != NULL && via->protocol != NULL;
	if (whole && MSG_IS_REQUEST(m))
		whole = m->sip_method != NULL && m->req_uri != NULL && m->req_uri->scheme != NULL;
	if (!whole) {
		osip_message_free(m);
		return -EBADMSG;
	}
	*out = m;
	return 0;
}

int sip_message_read(struct sip_incoming *in)
{
	const struct sip_text cut = in->scan.content_type_line;
	const char *head = in->text + in->scan.skipped;
	size_t len = in->scan.head_len;
	char text[SIP_MESSAGE_MAX];

	if (cut.len == 0)
		return sip_message_parse(&in->m, head, len);
	size_t before = (size_t)(cut.at - head), after = len - before - cut.len;
	memcpy(text, head, before);
	memcpy(text + before, cut.at + cut.len, after);
	return sip_message_parse(&in->m, text, before + after);
}

static osip_generic_param_t *find_param(const osip_list_t *params, const char *name)
{
	for (int i = 0; i < osip_list_size(params); i++) {
		osip_generic_param_t *p = osip_list_get(params, i);
		if (p->gname != NULL && strcasecmp(p->gname, name) == 0)
			return p;
	}
	return NULL;
}

const char *sip_param(const osip_list_t *params, const char *name)
{
	const osip_generic_param_t *p = find_param(params, name);

	return p == NULL ? NULL : p->gvalue != NULL ? p->gvalue : "";
}

static int set_param(osip_via_t *via, const char *name, const char *value)
{
	osip_generic_param_t *p = find_param(&via->via_params, name);
	char *copy = osip_strdup(value);

	if (copy == NULL)
		return -ENOMEM;
	if (p != NULL) {
		osip_free(p->gvalue);
		p->gvalue = copy;
		return 0;
	}
	char *copied_name = osip_strdup(name);
	if (copied_name == NULL || osip_via_param_add(via, copied_name, copy) != OSIP_SUCCESS) {
		osip_free(copied_name);
		osip_free(copy);
		return -ENOMEM;
	}
	return 0;
}

/* maddr is not obeyed: a response never goes to an address the request did not come from. */
int sip_message_fix_via(osip_message_t *m, const struct sockaddr *from,
			struct sockaddr_storage *reply_to)
{
	osip_via_t *via = osip_list_get(&m->vias, 0);
	bool rport = sip_param(&via->via_params, "rport") != NULL;
	struct sockaddr_storage sent_by;
	char text[SIP_ADDR_TEXT];
	unsigned shortages = sip_memory_shortages();
	int r = 0;

	sip_addr_copy(reply_to, from);
	bool same = sip_addr_parse(&sent_by, via->host, 0) &&
		    sip_addr_equal((struct sockaddr *)&sent_by, from, false);
	if (!same || rport)
		r = set_param(via, "received", sip_addr_bare(from, text));
	if (r == 0 && rport) {
		snprintf(text, sizeof(text), "%u", sip_addr_port(from));
		r = set_param(via, "rport", text);
	}
	if (r < 0 || sip_memory_shortages() != shortages)
		return -ENOMEM;
	if (rport)
		return 0;
	int port = via->port != NULL ? atoi(via->port) : SIP_PORT;
	if (port <= 0 || port > UINT16_MAX)
		return -EBADMSG;
	sip_addr_set_port(reply_to, (uint16_t)port);
	return 0;
}

int sip_message_move(const char *text, size_t len, enum sip_protocol protocol, const char *sent_by,
		     char **out, size_t *out_len)
{
	static const char udp[] = "\r\nVia: SIP/2.0/UDP ";
	const char *via = memmem(text, len, udp, sizeof(udp) - 1);
	const char *end = text + len;

	*out = NULL;
	if (via == NULL)
		return -EINVAL;
	const char *host = via + sizeof(udp) - 1, *params = memchr(host, ';', (size_t)(end - host));
	if (params == NULL)
		return -EINVAL;
	int n = asprintf(out, "%.*s\r\nVia: SIP/2.0/%s %s%.*s", (int)(via - text), text,
			 sip_protocol_upper(protocol), sent_by, (int)(end - params), params);
	if (n < 0) {
		*out = NULL;
		return -ENOMEM;
	}
	*out_len = (size_t)n;
	return 0;
}

const char *sip_message_tag(const osip_from_t *h)
{
	const char *tag = sip_param(&h->gen_params, "tag");

	return tag != NULL ? tag : "";
}

const char *sip_message_header(const osip_message_t *m, const char *name, int i)
{
	int pos = -1;
	osip_header_t *h = NULL;

	do {
		pos = osip_message_header_get_byname(m, name, pos + 1, &h);
	} while (pos >= 0 && i-- > 0);
	return pos >= 0 && h != NULL ? h->hvalue : NULL;
}

/* One Reason value, up to a comma: "Q.850 ; cause=16 ; text=\"...\"". */
static int reason_cause(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	if (end - at < 5 || strncasecmp(at, "Q.850", 5) != 0)
		return 0;
	for (at += 5; at < end; at++) {
		if (*at != ';')
			continue;
		const char *p = at + 1;
		while (p < end && (*p == ' ' || *p == '\t'))
			p++;
		if (end - p < 7 || strncasecmp(p, "cause", 5) != 0)
			continue;
		p += 5;
		while (p < end && (*p == ' ' || *p == '\t' || *p == '='))
			p++;
		int cause = 0;
		for (; p < end && *p >= '0' && *p <= '9' && cause < 1000; p++)
			cause = cause * 10 + (*p - '0');
		return cause >= 1 && cause <= 127 ? cause : 0;
	}
	return 0;
}

static const char *value_end(const char *at)
{
	bool quoted = false;

	for (; *at != '\0'; at++) {
		if (*at == '\\' && quoted && at[1] != '\0')
			at++;
		else if (*at == '"')
			quoted = !quoted;
		else if (*at == ',' && !quoted)
			break;
	}
	return at;
}

int sip_message_q850(const osip_message_t *m)
{
	const char *value;

	for (int i = 0; (value = sip_message_header(m, "Reason", i)) != NULL; i++)
		for (;;) {
			const char *end = value_end(value);
			int cause = reason_cause(value, end);
			if (cause != 0)
				return cause;
			if (*end == '\0')
				break;
			value = end + 1;
		}
	return 0;
}

enum sip_early sip_message_early(const osip_message_t *m)
{
	const char *value = sip_message_header(m, "P-Early-Media", 0);

	if (value == NULL)
		return SIP_EARLY_NOT_SAID;
	/* "gated" says that what follows holds for now, which is all we ask. */
	if (strcasestr(value, "sendrecv") != NULL || strcasestr(value, "sendonly") != NULL)
		return SIP_EARLY_COMES;
	if (strcasestr(value, "inactive") != NULL || strcasestr(value, "recvonly") != NULL)
		return SIP_EARLY_NONE;
	return SIP_EARLY_NOT_SAID;
}

char *sip_message_call_id(const osip_message_t *m)
{
	const osip_call_id_t *id = m->call_id;
	size_t size = strlen(id->number) + (id->host != NULL ? strlen(id->host) : 0) + 2;
	char *out = malloc(size);

	if (out != NULL)
		snprintf(out, size, "%s%s%s", id->number, id->host != NULL ? "@" : "",
			 id->host != NULL ? id->host : "");
	return out;
}

bool sip_message_call_id_is(const osip_message_t *m, const char *call_id)
{
	const osip_call_id_t *id = m->call_id;
	size_t n = strlen(id->number);

	if (strncmp(call_id, id->number, n) != 0)
		return false;
	if (id->host == NULL)
		return call_id[n] == '\0';
	return call_id[n] == '@' && strcmp(call_id + n + 1, id->host) == 0;
}

/* --- bodies --- */

/* "application/sdp", "multipart/": what the value starts with, before parameters. */
static bool type_is(struct sip_text value, const char *type)
{
	size_t n = strlen(type);

	if (value.len < n || strncasecmp(value.at, type, n) != 0)
		return false;
	return type[n - 1] == '/' || value.len == n || strchr("; \t\r\n", value.at[n]) != NULL;
}

static const char *find(const char *at, const char *end, const char *what, size_t len)
{
	return at <= end ? memmem(at, (size_t)(end - at), what, len) : NULL;
}

/* "--" and the boundary parameter (RFC 2046 5.1.1: up to 70 octets).  0 = none. */
static size_t boundary_mark(struct sip_text type, char *mark, size_t size)
{
	char value[256];

	snprintf(value, sizeof(value), "%.*s", (int)type.len, type.at);
	const char *p = strcasestr(value, "boundary=");
	if (p == NULL)
		return 0;
	p += strlen("boundary=");
	bool quoted = *p == '"';
	p += quoted;
	size_t len = strcspn(p, quoted ? "\"" : "; \t\r\n");
	if (len == 0 || len > 70)
		return 0;
	snprintf(mark, size, "--%.*s", (int)len, p);
	return len + 2;
}

/* The first part of a multipart body (RFC 2046 5.1) that is SDP. */
static int multipart_sdp(const struct sip_incoming *in, struct sip_text *out)
{
	char mark[80], head[256];
	const char *end = in->scan.body.at + in->scan.body.len, *next;
	size_t n = boundary_mark(in->scan.content_type, mark, sizeof(mark));

	if (n == 0)
		return -415;
	const char *at = find(in->scan.body.at, end, mark, n);
	for (; at != NULL; at = next) {
		at += n;
		next = find(at, end, mark, n);
		const char *blank = next != NULL ? find(at, next, "\r\n\r\n", 4) : NULL;
		if (blank == NULL)
			continue;
		snprintf(head, sizeof(head), "%.*s", (int)(blank - at), at);
		if (strcasestr(head, "application/sdp") != NULL) {
			*out = (struct sip_text){blank + 4, (size_t)(next - blank - 4)};
			return 1;
		}
	}
	return -415;
}

int sip_message_sdp(const struct sip_incoming *in, struct sip_text *out)
{
	const struct sip_text type = in->scan.content_type;
	const osip_content_encoding_t *encoding = osip_list_get(&in->m->content_encodings, 0);
	const char *disposition = sip_message_header(in->m, "Content-Disposition", 0);

	*out = in->scan.body;
	if (in->scan.body.len == 0)
		return 0;
	if (type.len == 0)
		return -415;
	if (encoding != NULL && encoding->value != NULL &&
	    strcasecmp(encoding->value, "identity") != 0)
		return -415;
	if (type_is(type, "application/sdp"))
		return 1;
	if (disposition != NULL && strcasestr(disposition, "handling=optional") != NULL)
		return 0;
	return type_is(type, "multipart/") ? multipart_sdp(in, out) : -415;
}
