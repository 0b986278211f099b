/* frame_text.c - one line for people about one D-channel frame. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "isup/cause.h"
#include "isup/explain_internal.h"
#include "isup/q931.h"
#include "isup/trunk.h"

struct line {
	char *at, *end; /* end: the terminator's place at the latest */
};

static void __attribute__((format(printf, 2, 3))) put(struct line *l, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(l->at, (size_t)(l->end - l->at) + 1, fmt, ap);
	va_end(ap);
	if (n > 0)
		l->at = n < l->end - l->at ? l->at + n : l->end;
}

/* IA5 or Latin-1 from outside: nothing that could disturb a terminal. */
static void put_text(struct line *l, const uint8_t *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		put(l, "%c", s[i] >= 0x20 && s[i] < 0x7f ? s[i] : '?');
}

const char *isup_message_name(uint8_t type)
{
	static const struct {
		uint8_t type;
		const char *name;
	} names[] = {
		{0x01, "ALERTING"},
		{0x02, "CALL PROCEEDING"},
		{0x03, "PROGRESS"},
		{0x05, "SETUP"},
		{0x07, "CONNECT"},
		{0x0d, "SETUP ACKNOWLEDGE"},
		{0x0f, "CONNECT ACKNOWLEDGE"},
		{0x20, "USER INFORMATION"},
		{0x21, "SUSPEND REJECT"},
		{0x22, "RESUME REJECT"},
		{0x24, "HOLD"},
		{0x25, "SUSPEND"},
		{0x26, "RESUME"},
		{0x28, "HOLD ACKNOWLEDGE"},
		{0x2d, "SUSPEND ACKNOWLEDGE"},
		{0x2e, "RESUME ACKNOWLEDGE"},
		{0x30, "HOLD REJECT"},
		{0x31, "RETRIEVE"},
		{0x33, "RETRIEVE ACKNOWLEDGE"},
		{0x37, "RETRIEVE REJECT"},
		{0x45, "DISCONNECT"},
		{0x46, "RESTART"},
		{0x4d, "RELEASE"},
		{0x4e, "RESTART ACKNOWLEDGE"},
		{0x5a, "RELEASE COMPLETE"},
		{0x60, "SEGMENT"},
		{0x62, "FACILITY"},
		{0x64, "REGISTER"},
		{0x6e, "NOTIFY"},
		{0x75, "STATUS ENQUIRY"},
		{0x79, "CONGESTION CONTROL"},
		{0x7b, "INFORMATION"},
		{0x7d, "STATUS"},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].type == type)
			return names[i].name;
	return NULL;
}

/* Number digits after octets 3 and 3a, Q.931 4.5.8 and 4.5.10. */
static void put_number(struct line *l, const struct q931_ie *ie)
{
	size_t at = 0;

	while (at < ie->len && (ie->data[at] & 0x80) == 0)
		at++;
	if (at >= ie->len) {
		put(l, "?");
		return;
	}
	uint8_t presentation = at > 0 ? ie->data[at] >> 5 & 3 : 0;
	at++;
	if (at == ie->len)
		put(l, presentation == 2 ? "not available" : "none");
	else
		put_text(l, ie->data + at, ie->len - at);
	if (presentation == 1)
		put(l, " (restricted)");
}

/* Q.931 4.5.13 for a primary rate interface. */
static void put_channel(struct line *l, const struct q931_ie *ie)
{
	size_t at = 1;

	if (ie->len == 0)
		return;
	uint8_t first = ie->data[0];
	if ((first & 0x03) == 0x03) {
		put(l, " ch any");
		return;
	}
	bool named = (first & 0x40) != 0 && ie->len > 1; /* 3.1: interface identifier */
	unsigned interface = named ? ie->data[1] & 0x7fu : 0;
	if ((first & 0x04) != 0) {
		put(l, named ? " D-channel of interface %u" : " D-channel", interface);
		return;
	}
	if ((first & 0x03) == 0 || (first & 0x20) == 0)
		return;
	if (named)
		while (at < ie->len && (ie->data[at++] & 0x80) == 0)
			;
	if (at + 1 >= ie->len)
		return; /* the whole interface */
	if ((ie->data[at] & 0x10) != 0) {
		put(l, " ch map");
		for (at++; at < ie->len; at++)
			put(l, "%s%02x", at == 2 ? " " : "", ie->data[at]);
		return;
	}
	put(l, " ch");
	for (at++; at < ie->len; at++) {
		if (named)
			put(l, " %u/%u", interface, ie->data[at] & 0x7fu);
		else
			put(l, " %u", ie->data[at] & 0x7fu);
	}
	if ((first & 0x08) == 0)
		put(l, " preferred");
}

static void put_progress(struct line *l, const struct q931_ie *ie)
{
	static const char *const names[] = {"",
					    "not end-to-end ISDN",
					    "destination not ISDN",
					    "origin not ISDN",
					    "returned to ISDN",
					    "",
					    "",
					    "",
					    "in-band"};
	if (ie->len < 2)
		return;
	unsigned value = ie->data[1] & 0x7fu;
	if (value < sizeof(names) / sizeof(names[0]) && names[value][0] != '\0')
		put(l, " progress %u (%s)", value, names[value]);
	else
		put(l, " progress %u", value);
}

static void put_cause(struct line *l, const struct q931_ie *ie)
{
	static const char *const who[] = {"user",        "private net",    "public net",
					  "transit net", "far public net", "far private net"};
	int value, location;

	if (!q931_cause(ie, &value, &location))
		return;
	put(l, " cause %d (%s", value, cause_text(value));
	if (location < (int)(sizeof(who) / sizeof(who[0])))
		put(l, ", %s", who[location]);
	put(l, ")");
}

static void put_display(struct line *l, const struct q931_ie *ie)
{
	size_t at = ie->len > 0 && (ie->data[0] & 0x80) != 0 ? 1 : 0; /* character set octet */

	put(l, " \"");
	put_text(l, ie->data + at, ie->len - at);
	put(l, "\"");
}

static void put_numbers(struct line *l, const struct q931_message *m)
{
	struct q931_ie calling, called;
	bool from = q931_find(m, Q931_IE_CALLING, &calling),
	     to = q931_find(m, Q931_IE_CALLED, &called);

	if (!from && !to)
		return;
	put(l, " ");
	if (from)
		put_number(l, &calling);
	put(l, from && to ? " -> " : to ? "-> " : "");
	if (to)
		put_number(l, &called);
}

static void put_message(struct line *l, const struct q931_message *m)
{
	struct q931_ie ie;
	const char *name = isup_message_name(m->type);

	/* AT&T and National ISDN have the two message types the other way round. */
	if (m->discriminator == SERVICE_PD_ATT)
		put(l, m->type == 0x0f ? "SERVICE" : "SERVICE ACKNOWLEDGE");
	else if (m->discriminator == SERVICE_PD_NATIONAL)
		put(l, m->type == 0x07 ? "SERVICE" : "SERVICE ACKNOWLEDGE");
	else if (m->discriminator != Q931_PD)
		put(l, "protocol %02x message %02x", m->discriminator, m->type);
	else if (name != NULL)
		put(l, "%s", name);
	else
		put(l, "message %02x", m->type);
	put(l, " cr %u%s", m->call_reference, m->to_originator ? "'" : "");
	if (q931_find(m, Q931_IE_CHANNEL, &ie))
		put_channel(l, &ie);
	put_numbers(l, m);
	if (q931_find(m, Q931_IE_CAUSE, &ie))
		put_cause(l, &ie);
	if (q931_find(m, Q931_IE_PROGRESS, &ie))
		put_progress(l, &ie);
	if (q931_find(m, Q931_IE_DISPLAY, &ie))
		put_display(l, &ie);
}

static void put_link_frame(struct line *l, const uint8_t *frame, size_t len)
{
	static const char *const supervisory[] = {"RR", "RNR", "REJ", "S?"};
	uint8_t control = frame[2];

	if ((control & 0x03) == 0x01) {
		put(l, "%s", supervisory[control >> 2 & 3]);
		if (len > 3)
			put(l, " %u", frame[3] >> 1);
		return;
	}
	if ((control & 0x01) == 0) {
		put(l, "I %u", control >> 1);
		return;
	}
	switch (control & 0xef) {
	case 0x6f: put(l, "SABME"); break;
	case 0x63: put(l, "UA"); break;
	case 0x0f: put(l, "DM"); break;
	case 0x43: put(l, "DISC"); break;
	case 0x87: put(l, "FRMR"); break;
	case 0xaf: put(l, "XID"); break;
	case 0x03: put(l, "UI"); break;
	default: put(l, "U %02x", control); break;
	}
}

const char *isup_frame_text(const uint8_t *frame, size_t len, char *out, size_t out_size)
{
	struct q931_message m;

	if (out_size == 0)
		return "";
	struct line l = {out, out + out_size - 1};
	*out = '\0';
	if (len < 3)
		put(&l, "torn frame of %zu octets", len);
	else if (q931_parse(&m, frame, len))
		put_message(&l, &m);
	else
		put_link_frame(&l, frame, len);
	return out;
}
