#include "tests/sim/q931text.h"

#include "tests/sim/inbox.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	uint8_t type;
	const char *name;
} types[] = {
	/* Q.931 table 4-2 */
	{0x01, "ALERTING"},     {0x02, "CALL-PROCEEDING"}, {0x03, "PROGRESS"},
	{0x05, "SETUP"},        {0x07, "CONNECT"},         {0x0d, "SETUP-ACK"},
	{0x0f, "CONNECT-ACK"},  {0x45, "DISCONNECT"},      {0x46, "RESTART"},
	{0x4d, "RELEASE"},      {0x4e, "RESTART-ACK"},     {0x5a, "RELEASE-COMPLETE"},
	{0x62, "FACILITY"},     {0x6e, "NOTIFY"},          {0x75, "STATUS-ENQUIRY"},
	{0x7b, "INFORMATION"},  {0x7d, "STATUS"},          {0x24, "HOLD"},
	{0x28, "HOLD-ACK"},     {0x30, "HOLD-REJECT"},     {0x31, "RETRIEVE"},
	{0x33, "RETRIEVE-ACK"}, {0x37, "RETRIEVE-REJECT"},
};

enum {
	IE_BEARER = 0x04,
	IE_CAUSE = 0x08,
	IE_CALL_STATE = 0x14,
	IE_CHANNEL = 0x18,
	IE_PROGRESS = 0x1e,
	IE_DISPLAY = 0x28,
	IE_CALLING = 0x6c,
	IE_CALLED = 0x70,
	IE_REDIRECTING = 0x74,
	IE_FACILITY = 0x1c,
	IE_CONNECTED = 0x4c,
	IE_RESTART = 0x79,
	IE_CALLING_SUB = 0x6d,
	IE_CALLED_SUB = 0x71,
	IE_LOW_LAYER = 0x7c,
	IE_HIGH_LAYER = 0x7d,
	IE_USER_USER = 0x7e,
	IE_LINE_INFORMATION = 0x01, /* codeset 6 */
	LOCKING_SHIFT = 0x90,
	IE_NOTIFICATION = 0x27,
	IE_SENDING_COMPLETE = 0xa1
};

const char *q931text_name(uint8_t type)
{
	static char unknown[16];

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].type == type)
			return types[i].name;
	snprintf(unknown, sizeof(unknown), "MESSAGE-%02x", type);
	return unknown;
}

uint8_t q931text_type(const char *words)
{
	size_t n = strcspn(words, " ");

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strlen(types[i].name) == n && memcmp(types[i].name, words, n) == 0)
			return types[i].type;
	return 0;
}

/* --- reading --- */

struct text {
	char *at;
	size_t left;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(t->at, t->left, fmt, ap);
	va_end(ap);
	if (n > 0 && (size_t)n < t->left) {
		t->at += n;
		t->left -= (size_t)n;
	}
}

static void add_number(struct text *t, const char *key, const uint8_t *ie, size_t len)
{
	size_t skip = 0;

	while (skip < len && (ie[skip] & 0x80) == 0)
		skip++; /* octet 3, and 3a of a calling number: bit 8 ends the group */
	skip++;
	if (skip > len)
		return;
	add(t, " %s=%.*s", key, (int)(len - skip), (const char *)ie + skip);
	if ((ie[0] & 0x70) != 0)
		add(t, " %s.type=%u", key, ie[0] >> 4 & 7u);
	if ((ie[0] & 0x80) == 0 && (ie[1] & 3) != 0)
		add(t, " %s.screen=%u", key, ie[1] & 3u);
	if (skip > 1 && (ie[1] & 0x60) == 0x20)
		add(t, " restricted");
}

static void add_hex(struct text *t, const char *key, const uint8_t *ie, size_t len)
{
	add(t, " %s=", key);
	for (size_t i = 0; i < len; i++)
		add(t, "%02x", ie[i]);
}

/* X.880: the first component behind the head, "invoke" of an operation: a number, or the octets of
 * an object identifier; and what it carries.  Lengths are of one octet, as all that is sent is. */
static void add_facility(struct text *t, const uint8_t *ie, size_t len)
{
	enum { INVOKE = 0xa1, INTEGER = 0x02, OBJECT = 0x06 };
	size_t at = 0;

	add(t, " facility");
	while (at < len && (ie[at] & 0x80) == 0)
		at++; /* octet 3 of several: DMS-100 */
	at++;
	while (at + 2 <= len && ie[at] != INVOKE)
		at += 2u + ie[at + 1]; /* extension, interpretation: X.880 has none of their tags */
	at += 2;                       /* into it */
	if (at + 2 > len || ie[at] != INTEGER)
		return;
	at += 2u + ie[at + 1];
	if (at + 2 > len || at + 2 + ie[at + 1] > len)
		return;
	if (ie[at] == INTEGER)
		add(t, " invoke=%u", ie[at + 2]);
	else if (ie[at] == OBJECT)
		add_hex(t, "invoke", ie + at + 2, ie[at + 1]);
	at += 2u + ie[at + 1];
	if (at < len)
		add_hex(t, "args", ie + at, len - at);
}

static void add_ie(struct text *t, uint8_t id, const uint8_t *ie, size_t len)
{
	switch (id) {
	case IE_CAUSE:
		if (len >= 2)
			add(t, " cause=%u", ie[1] & 0x7f);
		break;
	case IE_CALL_STATE:
		if (len >= 1)
			add(t, " state=%u", ie[0] & 0x3f);
		break;
	case IE_CHANNEL:
		if (len >= 3)
			add(t, " ch=%u%s", ie[len - 1] & 0x7f, ie[0] & 0x08 ? " exclusive" : "");
		break;
	case IE_PROGRESS:
		if (len >= 2)
			add(t, " pi=%u", ie[1] & 0x7f);
		break;
	case IE_BEARER: add_hex(t, "bearer", ie, len); break;
	case IE_LOW_LAYER: add_hex(t, "llc", ie, len); break;
	case IE_HIGH_LAYER: add_hex(t, "hlc", ie, len); break;
	case IE_CALLING_SUB: add_hex(t, "calling.sub", ie, len); break;
	case IE_CALLED_SUB: add_hex(t, "called.sub", ie, len); break;
	case IE_USER_USER: add_hex(t, "uui", ie, len); break;
	case IE_NOTIFICATION:
		if (len >= 1)
			add(t, " notice=%u", ie[0] & 0x7f);
		break;
	case IE_FACILITY: add_facility(t, ie, len); break;
	case IE_CALLED: add_number(t, "called", ie, len); break;
	case IE_CALLING: add_number(t, "calling", ie, len); break;
	case IE_CONNECTED: add_number(t, "connected", ie, len); break;
	case IE_REDIRECTING:
		add_number(t, "redirecting", ie, len);
		if (len >= 3 && (ie[0] & 0x80) == 0 && (ie[1] & 0x80) == 0)
			add(t, " redirecting.reason=%u", ie[2] & 15u);
		break;
	case IE_DISPLAY:
		if (len > 0 && (ie[0] & 0x80) != 0) {
			ie++; /* display type octet of the US variants */
			len--;
		}
		add(t, " name=%.*s", (int)len, (const char *)ie);
		break;
	default: break;
	}
}

bool q931text_read(const uint8_t *q931, size_t len, struct q931text_head *head, char *words,
		   size_t words_size)
{
	struct text t = {words, words_size};
	size_t ref_len = q931[1] & 0x0f;
	unsigned codeset = 0;

	if (len < 3 + ref_len)
		return false;
	head->reference = 0;
	head->from_originator = ref_len == 0 || (q931[2] & 0x80) == 0;
	for (size_t i = 0; i < ref_len; i++)
		head->reference = head->reference << 8 | (i == 0 ? q931[2] & 0x7fu : q931[2 + i]);
	head->type = q931[2 + ref_len];
	add(&t, "%s", q931text_name(head->type));
	for (size_t at = 3 + ref_len; at < len;) {
		if ((q931[at] & 0x80) != 0) {
			if (q931[at] == IE_SENDING_COMPLETE)
				add(&t, " complete");
			if ((q931[at] & 0xf8) == LOCKING_SHIFT)
				codeset = q931[at] & 7u;
			at++;
			continue;
		}
		if (at + 2 > len || at + 2 + q931[at + 1] > len)
			return false;
		if (codeset == 0)
			add_ie(&t, q931[at], q931 + at + 2, q931[at + 1]);
		else if (codeset == 6 && q931[at] == IE_LINE_INFORMATION)
			add(&t, " oli=%u", q931[at + 2]);
		at += 2u + q931[at + 1];
	}
	return true;
}

/* --- writing --- */

struct octets {
	uint8_t *out;
	size_t len, cap;
};

static void put(struct octets *o, const void *octets, size_t len)
{
	if (o->len + len > o->cap)
		abort();
	memcpy(o->out + o->len, octets, len);
	o->len += len;
}

static void put_octet(struct octets *o, unsigned octet)
{
	uint8_t b = (uint8_t)octet;
	put(o, &b, 1);
}

static void put_ie(struct octets *o, unsigned id, size_t len, const uint8_t *ie)
{
	put_octet(o, id);
	put_octet(o, (unsigned)len);
	put(o, ie, len);
}

static void put_text(struct octets *o, unsigned id, const uint8_t *head, size_t head_len,
		     const char *text)
{
	put_octet(o, id);
	put_octet(o, (unsigned)(head_len + strlen(text)));
	put(o, head, head_len);
	put(o, text, strlen(text));
}

/* key=8890: contents in hexadecimal. */
static bool put_hex(struct octets *o, unsigned id, const char *words, const char *key)
{
	char value[300];
	uint8_t octets[150];
	size_t n = 0;

	if (words_get(words, key, value, sizeof(value)) == NULL)
		return false;
	for (unsigned octet; sscanf(value + 2 * n, "%2x", &octet) == 1; n++)
		octets[n] = (uint8_t)octet;
	put_ie(o, id, n, octets);
	return true;
}

/* NI-2: "follows" announces the calling name, cname=Anna is it. */
static void put_name_facility(struct octets *o, const char *words)
{
	static const uint8_t follows[] = {0x9f, 0x8b, 0x01, 0x00, 0xa1, 0x0f, 0x02,
					  0x01, 0x01, 0x06, 0x07, 0x2a, 0x86, 0x48,
					  0xce, 0x15, 0x00, 0x04, 0x0a, 0x01, 0x00};
	char name[32];

	if (words_have(words, "follows"))
		put_ie(o, IE_FACILITY, sizeof(follows), follows);
	if (words_get(words, "cname", name, sizeof(name)) == NULL)
		return;
	uint8_t n = (uint8_t)strlen(name);
	const uint8_t head[] = {0x9f, 0x8b, 0x01, 0x00, 0xa1, (uint8_t)(n + 8), 0x02, 0x01, 0x02,
				0x02, 0x01, 0x00, 0x80, n};
	put_text(o, IE_FACILITY, head, sizeof(head), name);
}

/* Octet 3 of a number: its type, plan E.164 when it has one. */
static unsigned number_plan(const char *words, const char *key)
{
	unsigned type = words_get_number(words, key, 0);

	return type != 0 ? type << 4 | 1 : 0;
}

/* Information elements in the ascending order of Q.931 4.5.1. */
size_t q931text_write(const struct q931text_head *head, const char *words, uint8_t *out, size_t cap)
{
	struct octets o = {out, 0, cap};
	char value[64];
	unsigned number;

	if (q931text_type(words) == 0)
		return 0;
	put(&o, (const uint8_t[]){0x08, 0x02}, 2);
	put_octet(&o, head->reference >> 8 | (head->from_originator ? 0 : 0x80));
	put_octet(&o, head->reference & 0xff);
	put_octet(&o, q931text_type(words));
	if (words_have(words, "complete"))
		put_octet(&o, IE_SENDING_COMPLETE);
	put_hex(&o, 0x02, words, "unknown"); /* comprehension required, 4.5.1 note 4 */
	if (q931text_type(words) == 0x05 && !put_hex(&o, IE_BEARER, words, "bearer"))
		put_ie(&o, IE_BEARER, 3, (const uint8_t[]){0x80, 0x90, 0xa2}); /* speech */
	if ((number = words_get_number(words, "cause", 0)) != 0)               /* location: user */
		put_ie(&o, IE_CAUSE, 2, (const uint8_t[]){0x80, (uint8_t)(0x80 | number)});
	if ((number = words_get_number(words, "state", 99)) != 99)
		put_ie(&o, IE_CALL_STATE, 1, (const uint8_t[]){(uint8_t)number});
	if ((number = words_get_number(words, "notice", 1000)) != 1000)
		put_ie(&o, IE_NOTIFICATION, 1, (const uint8_t[]){(uint8_t)(0x80 | number)});
	if ((number = words_get_number(words, "ch", 0)) != 0) {
		uint8_t exclusive = words_have(words, "exclusive") ? 0xa9 : 0xa1;
		put_ie(&o, IE_CHANNEL, 3,
		       (const uint8_t[]){exclusive, 0x83, (uint8_t)(0x80 | number)});
	}
	put_name_facility(&o, words);
	put_hex(&o, IE_FACILITY, words, "fac");
	if ((number = words_get_number(words, "pi", 0)) != 0)
		put_ie(&o, IE_PROGRESS, 2, (const uint8_t[]){0x80, (uint8_t)(0x80 | number)});
	if (words_get(words, "name", value, sizeof(value)) != NULL)
		put_text(&o, IE_DISPLAY, NULL, 0, value);
	if (words_get(words, "calling", value, sizeof(value)) != NULL) {
		unsigned plan = number_plan(words, "calling.type");
		unsigned shown = (words_have(words, "restricted") ? 0xa0u : 0x80u) |
				 words_get_number(words, "calling.screen", 0);
		put_text(&o, IE_CALLING, (const uint8_t[]){(uint8_t)plan, (uint8_t)shown}, 2,
			 value);
	}
	put_hex(&o, IE_CALLING_SUB, words, "calling.sub");
	if (words_get(words, "called", value, sizeof(value)) != NULL) {
		unsigned plan = number_plan(words, "called.type");
		put_text(&o, IE_CALLED, (const uint8_t[]){(uint8_t)(0x80 | plan)}, 1, value);
	}
	put_hex(&o, IE_CALLED_SUB, words, "called.sub");
	if (words_get(words, "redirecting", value, sizeof(value)) != NULL) {
		unsigned reason = words_get_number(words, "redirecting.reason", 0);
		unsigned plan = number_plan(words, "redirecting.type");
		put_text(&o, IE_REDIRECTING,
			 (const uint8_t[]){(uint8_t)plan, 0, (uint8_t)(0x80 | reason)}, 3, value);
	}
	if (words_get(words, "restart", value, sizeof(value)) != NULL)
		put_ie(&o, IE_RESTART, 1, (const uint8_t[]){0x80});
	put_hex(&o, IE_LOW_LAYER, words, "llc");
	put_hex(&o, IE_HIGH_LAYER, words, "hlc");
	put_hex(&o, IE_USER_USER, words, "uui");
	if ((number = words_get_number(words, "oli", 100)) < 100) {
		put_octet(&o, LOCKING_SHIFT | 6);
		put_ie(&o, IE_LINE_INFORMATION, 1, (const uint8_t[]){(uint8_t)number});
	}
	return o.len;
}
