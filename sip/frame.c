#include "sip/frame.h"

#include "sip/prescan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct work {
	struct sip_framer *f;
	const struct sip_framer_ops *ops;
	void *arg;
};

bool sip_framer_is_empty(const struct sip_framer *f)
{
	return f->held_len == 0;
}

void sip_framer_clear(struct sip_framer *f)
{
	free(f->held);
	memset(f, 0, sizeof(*f));
}

/* Looks for the empty line that ends the head, going on where it was left.  The length of the head
 * with it, or 0.  A bare LF ends a line too, as it does for sip_scan(). */
static size_t head_end(struct sip_framer *f, const char *at, size_t len)
{
	const char *nl;

	while ((nl = memchr(at + f->seen, '\n', len - f->seen)) != NULL) {
		size_t next = (size_t)(nl - at) + 1;
		if (next < len && at[next] == '\n')
			return next + 1;
		if (next + 1 < len && at[next] == '\r' && at[next + 1] == '\n')
			return next + 2;
		if (next + 1 >= len) { /* what follows decides, and is not here */
			f->seen = (size_t)(nl - at);
			return 0;
		}
		f->seen = next;
	}
	f->seen = len;
	return 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The value of this line if it is a Content-Length; NULL if it is not. */
static const char *length_value(const char *line, const char *end)
{
	static const char name[] = "Content-Length";
	size_t left = (size_t)(end - line), n = sizeof(name) - 1;

	if (left > n && strncasecmp(line, name, n) == 0)
		line += n;
	else if (left > 1 && (*line == 'l' || *line == 'L'))
		line++;
	else
		return NULL;
	while (line < end && is_blank(*line))
		line++;
	return line < end && *line == ':' ? line + 1 : NULL;
}

/* 1*DIGIT with blanks, folded lines among them, on both sides.  -1: it is anything else. */
static long length_read(const char *at, const char *end)
{
	long value = 0;
	unsigned digits = 0;

	while (at < end && (is_blank(*at) || *at == '\r' || (*at == '\n' && is_blank(at[1]))))
		at++;
	for (; at < end && *at >= '0' && *at <= '9'; at++, digits++) {
		value = value * 10 + (*at - '0');
		if (value > 1000000000)
			return -1;
	}
	while (at < end && (is_blank(*at) || *at == '\r'))
		at++;
	return digits > 0 && at < end && *at == '\n' ? value : -1;
}

/* The body's length, or minus the status the head is refused with. */
static long body_length(const char *head, size_t len, const char **why)
{
	const char *end = head + len, *line = head;
	long found = -411;

	*why = "Missing Content-Length"; /* which a stream cannot do without */
	while ((line = memchr(line, '\n', (size_t)(end - line))) != NULL && ++line < end) {
		const char *value = length_value(line, end);
		if (value == NULL)
			continue;
		long length = length_read(value, end);
		*why = "Bad Content-Length";
		if (length < 0 || (found >= 0 && found != length))
			return -400;
		found = length;
	}
	return found == -411 ? -400 : found;
}

static int refuse(const struct work *w, const char *head, size_t len, int status, const char *why)
{
	w->ops->refused(w->arg, head, len, status, why);
	return status == 513 ? -EMSGSIZE : -EBADMSG;
}

/* One line end between messages.  How many octets it takes; 0: more must come; -ECANCELED. */
static int line_end(const struct work *w, const char *at, size_t len)
{
	if (*at == '\r' && len == 1)
		return 0;
	if (*at == '\r' && at[1] != '\n')
		return 1;
	if (!w->ops->line_end(w->arg))
		return -ECANCELED;
	return *at == '\r' ? 2 : 1;
}

/* The message at the front.  How many octets it takes; 0: more must come; or -errno. */
static long one_message(const struct work *w, const char *at, size_t len)
{
	struct sip_framer *f = w->f;
	const char *why;

	if (f->total == 0) {
		size_t head = head_end(f, at, len);
		if (head > SIP_MESSAGE_MAX || (head == 0 && len >= SIP_MESSAGE_MAX))
			return refuse(w, at, head, 513, "Message Too Large");
		if (head == 0)
			return 0;
		long body = body_length(at, head, &why);
		if (body < 0)
			return refuse(w, at, head, (int)-body, why);
		if ((size_t)body > SIP_MESSAGE_MAX - head)
			return refuse(w, at, head, 513, "Message Too Large");
		f->total = head + (size_t)body;
	}
	if (len < f->total)
		return 0;
	long total = (long)f->total;
	f->total = 0;
	f->seen = 0;
	return w->ops->message(w->arg, at, (size_t)total) ? total : -ECANCELED;
}

/* All that is complete in data.  How many octets that was, or -errno. */
static long run(const struct work *w, const char *data, size_t len)
{
	size_t done = 0;

	while (done < len) {
		const char *at = data + done;
		bool between = w->f->seen == 0 && w->f->total == 0 && (*at == '\r' || *at == '\n');
		long n = between ? line_end(w, at, len - done) : one_message(w, at, len - done);
		if (n < 0)
			return n;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (long)done;
}

int sip_framer_feed(struct sip_framer *f, const char *data, size_t len,
		    const struct sip_framer_ops *ops, void *arg)
{
	const struct work w = {f, ops, arg};

	while (f->held_len > 0 && len > 0) {
		size_t n = SIP_MESSAGE_MAX - f->held_len;
		n = n < len ? n : len;
		memcpy(f->held + f->held_len, data, n);
		f->held_len += n;
		data += n;
		len -= n;
		long done = run(&w, f->held, f->held_len);
		if (done < 0)
			return (int)done;
		f->held_len -= (size_t)done;
		memmove(f->held, f->held + done, f->held_len);
	}
	if (f->held_len > 0)
		return 0;
	/* Nothing is held: what is complete need not be copied. */
	long done = len > 0 ? run(&w, data, len) : 0;
	if (done < 0)
		return (int)done;
	f->held_len = len - (size_t)done;
	if (f->held_len == 0) {
		sip_framer_clear(f);
		return 0;
	}
	if (f->held == NULL && (f->held = malloc(SIP_MESSAGE_MAX)) == NULL) {
		f->held_len = 0;
		return -ENOMEM;
	}
	memcpy(f->held, data + done, f->held_len);
	return 0;
}
