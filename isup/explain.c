#include "isup/explain.h"

#include "isup/explain_internal.h"
#include "isup/q931.h"

#include <string.h>

void explain_name(FILE *o, const struct explain_name *names, size_t count, const char *what,
		  unsigned value)
{
	for (size_t i = 0; i < count; i++)
		if (names[i].value == value) {
			fputs(names[i].name, o);
			return;
		}
	fprintf(o, "%s %u", what, value);
}

void explain_text(FILE *o, const uint8_t *p, size_t n)
{
	putc('"', o);
	for (size_t i = 0; i < n; i++) {
		if (p[i] >= 0xa0)
			fprintf(o, "%c%c", 0xc0 | p[i] >> 6, 0x80 | (p[i] & 0x3f));
		else
			putc(p[i] >= 0x20 && p[i] < 0x7f ? p[i] : '?', o);
	}
	putc('"', o);
}

void explain_hex(FILE *o, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		fprintf(o, "%s%02x", i > 0 ? " " : "", p[i]);
}

static void begin(FILE *o, const char *indent, const char *name)
{
	fprintf(o, "%s%-24s", indent, name);
}

/* --- layer 2, Q.921 3 --- */

static void explain_link(FILE *o, const uint8_t *f, size_t len)
{
	static const struct explain_name unnumbered[] = {
		{0x6f, "SABME"}, {0x63, "UA"},  {0x0f, "DM"}, {0x43, "DISC"},
		{0x87, "FRMR"},  {0xaf, "XID"}, {0x03, "UI"},
	};
	static const char *const supervisory[] = {"RR", "RNR", "REJ", "supervisory?"};
	uint8_t control = f[2];

	fprintf(o, "SAPI %d, TEI %d, C/R %d, ", f[0] >> 2, f[1] >> 1, f[0] >> 1 & 1);
	if ((f[0] & 1) != 0 || (f[1] & 1) == 0)
		fprintf(o, "address extension wrong, ");
	if ((control & 0x03) == 0x03) {
		explain_name(o, unnumbered, LENGTH(unnumbered), "unnumbered", control & 0xefu);
		fprintf(o, ", P/F %d", control >> 4 & 1);
	} else if (len < 4) {
		fprintf(o, "torn");
	} else if ((control & 0x01) == 0) {
		fprintf(o, "I, N(S) %d, N(R) %d, P %d", control >> 1, f[3] >> 1, f[3] & 1);
	} else {
		fprintf(o, "%s, N(R) %d, P/F %d", supervisory[control >> 2 & 3], f[3] >> 1,
			f[3] & 1);
	}
}

/* Q.921 3.6.11: what was rejected, V(S), V(R), and why. */
static void explain_frmr(FILE *o, const uint8_t *p, size_t n)
{
	static const char *const why[] = {"control field undefined", "length wrong",
					  "information field too long", "N(R) wrong"};

	if (n < 5) {
		explain_hex(o, p, n);
		return;
	}
	fprintf(o, "control %02x %02x, V(S) %d, V(R) %d", p[0], p[1], p[2] >> 1, p[3] >> 1);
	for (unsigned bit = 0; bit < 4; bit++)
		if ((p[4] >> bit & 1) != 0)
			fprintf(o, ", %s", why[bit]);
}

/* --- layer 3 --- */

static void explain_reference(FILE *o, const struct q931_message *m)
{
	if (m->reference_len == 0)
		fprintf(o, "dummy");
	else if (m->call_reference == 0)
		fprintf(o, "global");
	else
		fprintf(o, "%u", m->call_reference);
	fprintf(o, m->to_originator ? ", sent to the side that chose it"
				    : ", sent by the side that chose it");
}

static void explain_header(FILE *o, const char *indent, const struct q931_message *m)
{
	const char *name = isup_message_name(m->type);
	bool ack;

	begin(o, indent, "call reference");
	explain_reference(o, m);
	putc('\n', o);
	begin(o, indent, "message");
	if (q931_service(m, &ack))
		fprintf(o, "%s, protocol discriminator %02x",
			ack ? "SERVICE ACKNOWLEDGE" : "SERVICE", m->discriminator);
	else if (m->discriminator != Q931_PD)
		fprintf(o, "%02x, protocol discriminator %02x", m->type, m->discriminator);
	else if (name != NULL)
		fprintf(o, "%s", name);
	else
		fprintf(o, "%02x (unknown)", m->type);
	putc('\n', o);
}

static void explain_one(FILE *o, const char *indent, const struct q931_message *m,
			const struct q931_ie *ie)
{
	bool ack, status = ie->id == SERVICE_IE_STATUS && ie->codeset == 0 && q931_service(m, &ack);
	const char *name = status ? "Change status" : explain_element_name(ie->codeset, ie->id);
	char unknown[40];

	snprintf(unknown, sizeof(unknown), "element %02x", ie->id);
	begin(o, indent, name != NULL ? name : unknown);
	if (ie->codeset != 0)
		fprintf(o, "codeset %u: ", ie->codeset);
	if (status)
		explain_service_status(o, ie->data, ie->len);
	else if (name != NULL && m->discriminator == Q931_PD)
		explain_element(o, ie->codeset, ie->id, ie->data, ie->len);
	else if (name != NULL && ie->id == Q931_IE_CHANNEL)
		explain_element(o, ie->codeset, ie->id, ie->data, ie->len);
	else
		explain_hex(o, ie->data, ie->len);
	putc('\n', o);
}

static void explain_elements(FILE *o, const char *indent, const struct q931_message *m)
{
	struct q931_walk w;
	struct q931_ie ie;

	q931_walk_start(&w, m);
	while (w.at < w.end) {
		const uint8_t *from = w.at;
		if ((*from & 0xf0) == 0x90) {
			begin(o, indent, "Shift");
			fprintf(o, "%s to codeset %u\n",
				(*from & 0x08) == 0 ? "locking" : "non-locking", *from & 7u);
			if (from + 1 == w.end)
				return;
			if ((from[1] & 0xf0) == 0x90) { /* one at a time */
				w.at++;
				w.next = *from & 7;
				if ((*from & 0x08) == 0)
					w.locked = w.next;
				continue;
			}
		}
		if (!q931_walk_next(&w, &ie)) {
			begin(o, indent, "torn element");
			explain_hex(o, from, (size_t)(m->ies + m->ies_len - from));
			putc('\n', o);
			return;
		}
		explain_one(o, indent, m, &ie);
	}
}

void isup_frame_explain(FILE *out, const uint8_t *frame, size_t len, const char *indent)
{
	struct q931_message m;

	if (len < 3) {
		begin(out, indent, "torn frame");
		explain_hex(out, frame, len);
		putc('\n', out);
		return;
	}
	begin(out, indent, "layer 2");
	explain_link(out, frame, len);
	putc('\n', out);
	if (q931_parse(&m, frame, len)) {
		explain_header(out, indent, &m);
		explain_elements(out, indent, &m);
		return;
	}
	size_t at = (frame[2] & 0x03) == 0x03 ? 3 : 4;
	if (len <= at)
		return;
	bool frmr = (frame[2] & 0xef) == 0x87;
	begin(out, indent, frmr ? "rejected" : "information");
	if (frmr)
		explain_frmr(out, frame + at, len - at);
	else
		explain_hex(out, frame + at, len - at);
	putc('\n', out);
}
