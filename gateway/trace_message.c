#include "gateway/trace_message.h"

#include "isup/q931.h"
#include "sip/agent.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- reading --- */

static int nibble(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int read_octets(struct trace_message *m, const char *hex)
{
	size_t len = strlen(hex) / 2;

	m->octets = malloc(len + 1);
	if (m->octets == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < len; i++) {
		int high = nibble(hex[2 * i]), low = nibble(hex[2 * i + 1]);
		if (high < 0 || low < 0)
			return -EBADMSG;
		m->octets[i] = (uint8_t)(high << 4 | low);
	}
	m->len = len;
	return 0;
}

static bool read_name(char *out, size_t size, const json_t *line, const char *key)
{
	const char *text = json_string_value(json_object_get(line, key));

	snprintf(out, size, "%s", text != NULL ? text : "");
	return text != NULL;
}

int trace_message_read(struct trace_message *m, const json_t *line)
{
	const char *hex = json_string_value(json_object_get(line, "octets"));

	memset(m, 0, sizeof(*m));
	if (hex == NULL)
		return -EBADMSG;
	m->at_us = (uint64_t)json_integer_value(json_object_get(line, "at_us"));
	m->call = (uint32_t)json_integer_value(json_object_get(line, "call"));
	m->sent = json_is_true(json_object_get(line, "sent"));
	m->network = json_is_true(json_object_get(line, "network"));
	read_name(m->span, sizeof(m->span), line, "span");
	m->is_sip = !read_name(m->trunk, sizeof(m->trunk), line, "trunk");
	read_name(m->peer, sizeof(m->peer), line, "peer");
	read_name(m->local, sizeof(m->local), line, "local");
	read_name(m->protocol, sizeof(m->protocol), line, "protocol");
	int r = read_octets(m, hex);
	if (r < 0)
		trace_message_clear(m);
	return r;
}

void trace_message_clear(struct trace_message *m)
{
	free(m->octets);
	m->octets = NULL;
	m->len = 0;
}

/* --- choosing --- */

static bool is_digits(const char *s)
{
	return *s != '\0' && s[strspn(s, "0123456789")] == '\0';
}

static void want_call(struct trace_filter *f, uint32_t call)
{
	f->calls[f->call_next] = call;
	f->call_next = (f->call_next + 1) % TRACE_CALLS_MAX;
	if (f->call_count < TRACE_CALLS_MAX)
		f->call_count++;
}

bool trace_filter_add(struct trace_filter *f, const char *name)
{
	if (strcmp(name, "all") == 0)
		return true;
	if (is_digits(name)) {
		want_call(f, (uint32_t)strtoul(name, NULL, 10));
		return true;
	}
	if (f->name_count == TRACE_WANTED_MAX)
		return false;
	f->names[f->name_count++] = name;
	return true;
}

bool trace_filter_add_number(struct trace_filter *f, const char *digits)
{
	if (f->number_count == TRACE_WANTED_MAX)
		return false;
	f->numbers[f->number_count++] = digits;
	return true;
}

static bool is_named(const struct trace_filter *f, const struct trace_message *m)
{
	for (unsigned i = 0; i < f->name_count; i++) {
		const char *name = f->names[i];
		size_t n = strlen(name);
		if (strcmp(name, m->span) == 0 || strcmp(name, m->trunk) == 0 ||
		    (m->is_sip && strcmp(name, "sip") == 0) ||
		    (m->is_sip && strncmp(name, m->peer, n) == 0 &&
		     (m->peer[n] == '\0' || m->peer[n] == ':')))
			return true;
	}
	return false;
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* Whether a number that ends in digits is there. */
static bool has_number(const void *text, size_t len, const char *digits)
{
	const uint8_t *at = text, *end = at + len;
	size_t n = strlen(digits);

	while ((at = memmem(at, (size_t)(end - at), digits, n)) != NULL) {
		if (at + n == end || !is_digit(at[n]))
			return true;
		at++;
	}
	return false;
}

static bool q931_has_number(const struct trace_message *m, const char *digits)
{
	struct q931_message q;
	struct q931_walk w;
	struct q931_ie ie;

	if (!q931_parse(&q, m->octets, m->len))
		return false;
	q931_walk_start(&w, &q);
	while (q931_walk_next(&w, &ie))
		if (ie.codeset == 0 &&
		    (ie.id == 0x4c || ie.id == Q931_IE_CALLING || ie.id == Q931_IE_CALLED ||
		     ie.id == 0x74) &&
		    has_number(ie.data, ie.len, digits))
			return true;
	return false;
}

static bool sip_has_number(const struct trace_message *m, const char *digits)
{
	static const struct {
		const char *name;
		char letter;
	} fields[] = {{"From", 'f'}, {"To", 't'}, {"Diversion", 0}};
	const char *text = (const char *)m->octets, *value;
	const char *nl = memchr(text, '\n', m->len);

	if (nl != NULL && has_number(text, (size_t)(nl - text), digits))
		return true;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		size_t n =
			sip_message_field(text, m->len, fields[i].name, fields[i].letter, &value);
		const char *tag = n > 0 ? memmem(value, n, ";tag", 4) : NULL;
		if (n > 0 && has_number(value, tag != NULL ? (size_t)(tag - value) : n, digits))
			return true;
	}
	return false;
}

static bool is_wanted_call(const struct trace_filter *f, uint32_t call)
{
	for (unsigned i = 0; i < f->call_count; i++)
		if (f->calls[i] == call)
			return true;
	return false;
}

static bool is_wanted(const struct trace_filter *f, const struct trace_message *m)
{
	if (f->name_count + f->number_count + f->call_count == 0 || is_named(f, m))
		return true;
	for (unsigned i = 0; i < f->number_count; i++)
		if (m->is_sip ? sip_has_number(m, f->numbers[i])
			      : q931_has_number(m, f->numbers[i]))
			return true;
	return m->call != 0 && is_wanted_call(f, m->call);
}

static bool is_rr(const struct trace_message *m)
{
	return !m->is_sip && m->len > 2 && m->octets[2] == 0x01;
}

static struct trace_message *waiting_at(struct trace_filter *f, unsigned i)
{
	return &f->waiting[(f->waiting_first + i) % TRACE_WAITING_MAX];
}

static void wait_for_call(struct trace_filter *f, struct trace_message *m)
{
	if (f->waiting_count == TRACE_WAITING_MAX) {
		trace_message_clear(waiting_at(f, 0));
		f->waiting_first = (f->waiting_first + 1) % TRACE_WAITING_MAX;
		f->waiting_count--;
	}
	*waiting_at(f, f->waiting_count++) = *m;
}

/* What waited of this call; its place stays, empty. */
static void tell_waiting(struct trace_filter *f, uint32_t call, trace_message_fn *fn, void *arg)
{
	for (unsigned i = 0; i < f->waiting_count; i++) {
		struct trace_message *m = waiting_at(f, i);
		if (m->octets == NULL || m->call != call)
			continue;
		fn(arg, m);
		trace_message_clear(m);
	}
}

void trace_filter_pass(struct trace_filter *f, struct trace_message *m, trace_message_fn *fn,
		       void *arg)
{
	if (is_rr(m) && !f->link) {
		trace_message_clear(m);
		return;
	}
	if (!is_wanted(f, m)) {
		if (m->call != 0 && f->name_count + f->number_count > 0)
			wait_for_call(f, m);
		else
			trace_message_clear(m);
		return;
	}
	if (m->call != 0 && f->name_count + f->number_count > 0 && !is_wanted_call(f, m->call)) {
		want_call(f, m->call);
		tell_waiting(f, m->call, fn, arg);
	}
	fn(arg, m);
	trace_message_clear(m);
}

void trace_filter_clear(struct trace_filter *f)
{
	for (unsigned i = 0; i < f->waiting_count; i++)
		trace_message_clear(waiting_at(f, i));
	f->waiting_count = 0;
}
