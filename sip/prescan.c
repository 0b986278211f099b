#include "sip/prescan.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Where the scan is, and what may come once only. */
struct walk {
	const char *at, *end;
	const char *line, *mark; /* the header being looked at, and the first octet after it */
	struct sip_scan *scan;
	unsigned lines, commas, semicolons;
	unsigned froms, tos, call_ids, cseqs, max_forwards, content_types;
	bool has_length;
	size_t length; /* Content-Length */
};

static void refuse(struct sip_scan *scan, int status, const char *why)
{
	if (scan->refusal != 0)
		return; /* the first fault found is the one told */
	scan->refusal = status;
	scan->why = why;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_token(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("-.!%*_+`'~", c) != NULL);
}

static bool text_is(struct sip_text t, const char *word)
{
	return t.len == strlen(word) && strncasecmp(t.at, word, t.len) == 0;
}

static struct sip_text trim(struct sip_text t)
{
	while (t.len > 0 && is_space(t.at[0])) {
		t.at++;
		t.len--;
	}
	while (t.len > 0 && is_space(t.at[t.len - 1]))
		t.len--;
	return t;
}

/* Digits and nothing else, at most 2^31 - 1 (RFC 3261 8.1.1.5; no length is larger either). */
static bool number(struct sip_text t, uint32_t *out)
{
	uint64_t value = 0;

	if (t.len == 0)
		return false;
	for (size_t i = 0; i < t.len; i++) {
		if (t.at[i] < '0' || t.at[i] > '9')
			return false;
		value = value * 10 + (uint64_t)(t.at[i] - '0');
		if (value > INT32_MAX)
			return false;
	}
	*out = (uint32_t)value;
	return true;
}

/* Takes one line without its end, counts what the parser would be slow on.  False: no line end. */
static bool next_line(struct walk *w, struct sip_text *line)
{
	const char *nl = memchr(w->at, '\n', (size_t)(w->end - w->at));

	if (nl == NULL)
		return false;
	line->at = w->at;
	line->len = (size_t)(nl - w->at);
	w->at = nl + 1;
	if (line->len > 0 && line->at[line->len - 1] == '\r')
		line->len--;
	for (size_t i = 0; i < line->len; i++) {
		char c = line->at[i];
		if (c == ',')
			w->commas++;
		else if (c == ';')
			w->semicolons++;
		else if (c == '\0' || c == '\r') /* the parser takes these for ends */
			refuse(w->scan, 400, "Control Character in Header");
	}
	return true;
}

static bool scan_version(struct sip_scan *scan, struct sip_text t)
{
	if (t.len < 5 || strncasecmp(t.at, "SIP/", 4) != 0 || t.at[4] < '0' || t.at[4] > '9')
		return false;
	if (!text_is(t, "SIP/2.0"))
		refuse(scan, 505, "Version Not Supported");
	return true;
}

static int scan_status_line(struct sip_scan *scan, struct sip_text line)
{
	uint32_t status;
	struct sip_text code = {line.at + 8, 3};

	if (line.len < 12 || strncasecmp(line.at, "SIP/2.0 ", 8) != 0 || line.at[11] != ' ' ||
	    !number(code, &status) || status < 100 || status > 699)
		return -EBADMSG;
	scan->status = (int)status;
	return 0;
}

static void scan_uri(struct sip_scan *scan)
{
	const struct sip_text uri = scan->uri;
	const char *colon = memchr(uri.at, ':', uri.len);
	struct sip_text scheme = {uri.at, colon != NULL ? (size_t)(colon - uri.at) : 0};

	if (uri.len > SIP_URI_MAX)
		refuse(scan, 414, "Request-URI Too Long");
	for (size_t i = 0; i < uri.len; i++) {
		unsigned char c = (unsigned char)uri.at[i];
		if (c <= ' ' || c >= 0x7f || c == '<' || c == '>' || c == '"')
			refuse(scan, 400, "Bad Request-URI");
		/* An escaped NUL would end the parser's string early: another number. */
		if (c == '%' && uri.len - i >= 3 && uri.at[i + 1] == '0' && uri.at[i + 2] == '0')
			refuse(scan, 400, "Bad Request-URI");
	}
	if (scheme.len == 0)
		refuse(scan, 400, "Bad Request-URI");
	else if (!text_is(scheme, "sip") && !text_is(scheme, "tel"))
		refuse(scan, 416, "Unsupported URI Scheme"); /* sips too: this is UDP */
}

static int scan_request_line(struct sip_scan *scan, struct sip_text line)
{
	const char *end = line.at + line.len;
	const char *space = memchr(line.at, ' ', line.len);
	const char *last = line.len > 0 ? memrchr(line.at, ' ', line.len) : NULL;

	if (space == NULL || space == line.at || space - line.at > 64)
		return -EBADMSG;
	scan->method = (struct sip_text){line.at, (size_t)(space - line.at)};
	for (size_t i = 0; i < scan->method.len; i++)
		if (!is_token(scan->method.at[i]))
			return -EBADMSG;
	scan->request = true;
	struct sip_text version = {last + 1, (size_t)(end - last - 1)};
	if (last == space || !scan_version(scan, version)) {
		refuse(scan, 400, "Bad Request Line");
		return 0;
	}
	scan->uri = (struct sip_text){space + 1, (size_t)(last - space - 1)};
	if (memchr(scan->uri.at, ' ', scan->uri.len) != NULL)
		refuse(scan, 400, "Bad Request Line");
	else
		scan_uri(scan);
	return 0;
}

static void scan_cseq(struct sip_scan *scan)
{
	struct sip_text value = scan->cseq, digits = {value.at, 0}, method;

	while (digits.len < value.len && !is_space(value.at[digits.len]))
		digits.len++;
	method = trim((struct sip_text){value.at + digits.len, value.len - digits.len});
	if (!number(digits, &scan->cseq_number) || method.len == 0)
		refuse(scan, 400, "Bad CSeq");
	else if (!scan->request)
		scan->method = method;
	else if (method.len != scan->method.len ||
		 memcmp(method.at, scan->method.at, method.len) != 0)
		refuse(scan, 400, "CSeq Does Not Match Method");
}

static void scan_length(struct walk *w, struct sip_text value)
{
	uint32_t length;

	if (!number(value, &length) || (w->has_length && w->length != length)) {
		refuse(w->scan, 400, "Bad Content-Length");
		return;
	}
	w->has_length = true;
	w->length = length;
}

static void add_auth(struct sip_scan *scan, struct sip_text value, bool proxy)
{
	if (scan->auth_count < SIP_AUTHS_MAX)
		scan->auth[scan->auth_count++] = (struct sip_auth_line){value, proxy};
}

static void scan_header(struct walk *w, struct sip_text name, struct sip_text value)
{
	struct sip_scan *scan = w->scan;
	uint32_t hops;

	if (text_is(name, "Via") || text_is(name, "v")) {
		if (scan->via_count < SIP_VIAS_MAX)
			scan->via[scan->via_count++] = value;
		else
			refuse(scan, 400, "Too Many Via Headers");
	} else if (text_is(name, "From") || text_is(name, "f")) {
		scan->from = value;
		w->froms++;
	} else if (text_is(name, "To") || text_is(name, "t")) {
		scan->to = value;
		w->tos++;
	} else if (text_is(name, "Call-ID") || text_is(name, "i")) {
		scan->call_id = value;
		w->call_ids++;
	} else if (text_is(name, "CSeq")) {
		scan->cseq = value;
		w->cseqs++;
	} else if (text_is(name, "Content-Type") || text_is(name, "c")) {
		scan->content_type = value;
		scan->content_type_line = (struct sip_text){w->line, (size_t)(w->mark - w->line)};
		w->content_types++;
	} else if (text_is(name, "Content-Length") || text_is(name, "l")) {
		scan_length(w, value);
	} else if (text_is(name, scan->request ? "Authorization" : "WWW-Authenticate")) {
		add_auth(scan, value, false);
	} else if (text_is(name, scan->request ? "Proxy-Authorization" : "Proxy-Authenticate")) {
		add_auth(scan, value, true);
	} else if (text_is(name, "Max-Forwards")) {
		w->max_forwards++;
		if (!number(value, &hops) || hops > 255)
			refuse(scan, 400, "Bad Max-Forwards");
	}
}

/* All header lines; a line that starts with white space goes on with the one before. */
static void scan_headers(struct walk *w)
{
	struct sip_text line, next;

	if (!next_line(w, &line)) {
		refuse(w->scan, 400, "Header Not Ended");
		return;
	}
	while (line.len > 0) {
		w->line = line.at;
		for (;;) {
			w->lines++;
			w->mark = w->at;
			if (!next_line(w, &next)) {
				refuse(w->scan, 400, "Header Not Ended");
				next.len = 0;
				break;
			}
			if (next.len == 0 || (next.at[0] != ' ' && next.at[0] != '\t'))
				break;
			line.len = (size_t)(next.at + next.len - line.at);
		}
		const char *colon = memchr(line.at, ':', line.len);
		if (colon == NULL) {
			refuse(w->scan, 400, "Header Without Colon");
		} else {
			struct sip_text name = {line.at, (size_t)(colon - line.at)};
			struct sip_text value = {colon + 1, line.len - name.len - 1};
			scan_header(w, trim(name), trim(value));
		}
		line = next;
	}
}

static void check_headers(struct walk *w)
{
	struct sip_scan *scan = w->scan;

	if (w->lines > SIP_HEADERS_MAX || w->commas > SIP_MEMBERS_MAX ||
	    w->semicolons > SIP_PARAMS_MAX)
		refuse(scan, 400, "Too Many Headers");
	if (w->froms != 1 || w->tos != 1 || w->call_ids != 1 || w->cseqs != 1 ||
	    scan->via_count == 0 || scan->call_id.len == 0 || scan->from.len == 0 ||
	    scan->to.len == 0 || scan->cseq.len == 0 || scan->via[0].len == 0)
		refuse(scan, 400, "Mandatory Header Missing or Repeated");
	if (w->max_forwards > 1 || w->content_types > 1)
		refuse(scan, 400, "Max-Forwards or Content-Type Repeated");
	if (scan->cseq.len > 0)
		scan_cseq(scan);
}

int sip_scan(struct sip_scan *out, const char *data, size_t len)
{
	struct walk w = {.at = data, .end = data + len, .scan = out};
	struct sip_text line;

	memset(out, 0, sizeof(*out));
	while (w.at < w.end && (*w.at == '\r' || *w.at == '\n'))
		w.at++;
	if (w.at == w.end)
		return -EAGAIN;
	out->skipped = (size_t)(w.at - data);
	if (!next_line(&w, &line))
		return -EBADMSG;
	int r = line.len >= 4 && strncasecmp(line.at, "SIP/", 4) == 0
			? scan_status_line(out, line)
			: scan_request_line(out, line);
	if (r < 0)
		return r;
	if (len > SIP_MESSAGE_MAX)
		refuse(out, 513, "Message Too Large");
	scan_headers(&w);
	check_headers(&w);
	out->head_len = (size_t)(w.at - data) - out->skipped;
	out->body = (struct sip_text){w.at, (size_t)(w.end - w.at)};
	if (w.has_length && w.length > out->body.len)
		refuse(out, 400, "Body Shorter Than Content-Length"); /* RFC 3261 18.3 */
	else if (w.has_length)
		out->body.len = w.length;
	return out->refusal != 0 ? -EBADMSG : 0;
}

struct sip_text sip_scan_branch(const struct sip_scan *scan)
{
	static const char name[] = "branch";
	const size_t name_len = sizeof(name) - 1;
	struct sip_text none = {NULL, 0}, via, branch;

	if (scan->via_count == 0)
		return none;
	via = scan->via[0];
	for (size_t i = 0; i < via.len && via.at[i] != ','; i++) {
		if (via.at[i] != ';')
			continue;
		branch = trim((struct sip_text){via.at + i + 1, via.len - i - 1});
		if (branch.len <= name_len || strncasecmp(branch.at, name, name_len) != 0)
			continue;
		branch = trim((struct sip_text){branch.at + name_len, branch.len - name_len});
		if (branch.len == 0 || branch.at[0] != '=')
			continue;
		branch = trim((struct sip_text){branch.at + 1, branch.len - 1});
		size_t n = 0;
		while (n < branch.len && is_token(branch.at[n]))
			n++;
		branch.len = n;
		return branch;
	}
	return none;
}

struct sip_text sip_scan_to_tag(const struct sip_scan *scan)
{
	const struct sip_text to = scan->to;
	const char *bracket = to.len > 0 ? memrchr(to.at, '>', to.len) : NULL;
	size_t i = bracket != NULL ? (size_t)(bracket - to.at) : 0;

	for (; i + 5 <= to.len; i++) {
		if (to.at[i] != ';')
			continue;
		struct sip_text p = trim((struct sip_text){to.at + i + 1, to.len - i - 1});
		if (p.len < 4 || strncasecmp(p.at, "tag", 3) != 0)
			continue;
		p = trim((struct sip_text){p.at + 3, p.len - 3});
		if (p.len == 0 || p.at[0] != '=')
			continue;
		p = trim((struct sip_text){p.at + 1, p.len - 1});
		size_t n = 0;
		while (n < p.len && is_token(p.at[n]))
			n++;
		p.len = n;
		return p;
	}
	return (struct sip_text){to.at, 0};
}

/* What came goes back; control characters in it, which may be why it is refused, do not. */
static size_t put(char *out, size_t size, size_t at, struct sip_text t)
{
	for (size_t i = 0; i < t.len && at < size; i++) {
		unsigned char c = (unsigned char)t.at[i];
		if (c != '\r' && c != '\n')
			out[at++] = c == '\0' ? '?' : (char)c;
	}
	return at;
}

static size_t put_text(char *out, size_t size, size_t at, const char *text)
{
	for (; *text != '\0' && at < size; text++)
		out[at++] = *text;
	return at;
}

size_t sip_scan_refuse(const struct sip_scan *scan, const char *tag, char *out, size_t size)
{
	char first[96];
	size_t n = 0;

	if (!scan->request || scan->refusal == 0 || text_is(scan->method, "ACK") ||
	    scan->via_count == 0 || scan->from.len == 0 || scan->to.len == 0 ||
	    scan->call_id.len == 0 || scan->cseq.len == 0)
		return 0;
	snprintf(first, sizeof(first), "SIP/2.0 %d %s\r\n", scan->refusal, scan->why);
	n = put_text(out, size, n, first);
	for (unsigned i = 0; i < scan->via_count; i++) {
		n = put_text(out, size, n, "Via: ");
		n = put(out, size, n, scan->via[i]);
		n = put_text(out, size, n, "\r\n");
	}
	n = put_text(out, size, n, "From: ");
	n = put(out, size, n, scan->from);
	n = put_text(out, size, n, "\r\nTo: ");
	n = put(out, size, n, scan->to);
	if (sip_scan_to_tag(scan).len == 0) {
		n = put_text(out, size, n, ";tag=");
		n = put_text(out, size, n, tag);
	}
	n = put_text(out, size, n, "\r\nCall-ID: ");
	n = put(out, size, n, scan->call_id);
	n = put_text(out, size, n, "\r\nCSeq: ");
	n = put(out, size, n, scan->cseq);
	n = put_text(out, size, n, "\r\nContent-Length: 0\r\n\r\n");
	return n < size ? n : 0; /* full: cut somewhere, so not worth sending */
}
