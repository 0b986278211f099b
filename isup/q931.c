#include "isup/q931.h"

/* Q.921 2: two octets of address, then one of control (U frames) or two (I and S frames). */
size_t q931_content_at(const uint8_t *frame, size_t len)
{
	if (len < 4)
		return 0;
	size_t at = (frame[2] & 0x01) == 0 ? 4 : 3;
	bool carries = at == 4 || (frame[2] & 0xef) == 0x03; /* I or UI */

	return carries && len > at ? at : 0;
}

bool q931_parse(struct q931_message *m, const uint8_t *frame, size_t len)
{
	size_t at = q931_content_at(frame, len);

	if (at == 0 || len < at + 3)
		return false;
	size_t cr_len = frame[at + 1]; /* the upper half is spare, 4.3 */
	if (cr_len > 2 || len < at + 2 + cr_len + 1)
		return false;
	m->at = at;
	m->discriminator = frame[at];
	m->reference_len = (uint8_t)cr_len;
	m->call_reference = 0;
	m->to_originator = false;
	for (size_t i = 0; i < cr_len; i++) {
		uint8_t octet = frame[at + 2 + i];
		if (i == 0) {
			m->to_originator = (octet & 0x80) != 0;
			octet &= 0x7f;
		}
		m->call_reference = (uint16_t)(m->call_reference << 8 | octet);
	}
	m->type = frame[at + 2 + cr_len];
	m->ies = frame + at + 2 + cr_len + 1;
	m->ies_len = len - (at + 2 + cr_len + 1);
	return true;
}

void q931_walk_start(struct q931_walk *w, const struct q931_message *m)
{
	w->at = m->ies;
	w->end = m->ies + m->ies_len;
	w->locked = w->next = 0;
	w->torn = false;
}

bool q931_walk_next(struct q931_walk *w, struct q931_ie *ie)
{
	while (w->at < w->end) {
		uint8_t id = *w->at++;
		if ((id & 0xf0) == 0x90) { /* shift */
			w->next = id & 0x07;
			if ((id & 0x08) == 0)
				w->locked = w->next;
			continue;
		}
		ie->codeset = w->next;
		w->next = w->locked;
		ie->id = id;
		ie->data = w->at;
		ie->len = 0;
		if ((id & 0x80) != 0)
			return true; /* single octet */
		if (w->at >= w->end || *w->at > w->end - w->at - 1) {
			w->at = w->end;
			w->torn = true;
			return false;
		}
		ie->len = *w->at;
		ie->data = w->at + 1;
		w->at += 1 + ie->len;
		return true;
	}
	return false;
}

bool q931_find(const struct q931_message *m, uint8_t id, struct q931_ie *ie)
{
	struct q931_walk w;

	q931_walk_start(&w, m);
	while (q931_walk_next(&w, ie))
		if (ie->codeset == 0 && ie->id == id)
			return true;
	return false;
}

bool q931_cause(const struct q931_ie *ie, int *value, int *location)
{
	/* Octet 3a (recommendation) is there if octet 3 has no extension bit, 4.5.12. */
	size_t at = ie->len > 0 && (ie->data[0] & 0x80) == 0 ? 2 : 1;

	if (ie->len <= at)
		return false;
	*location = ie->data[0] & 0x0f;
	*value = ie->data[at] & 0x7f;
	return true;
}

bool q931_progress(const struct q931_message *m, enum q931_progress description)
{
	struct q931_walk w;
	struct q931_ie ie;

	q931_walk_start(&w, m);
	while (q931_walk_next(&w, &ie))
		if (ie.codeset == 0 && ie.id == Q931_IE_PROGRESS && ie.len >= 2 &&
		    (ie.data[1] & 0x7f) == (uint8_t)description)
			return true;
	return false;
}

/* The two dialects have the message types the other way round. */
bool q931_service(const struct q931_message *m, bool *ack)
{
	enum { ONE = 0x07, OTHER = 0x0f };

	if ((m->discriminator != SERVICE_PD_ATT && m->discriminator != SERVICE_PD_NATIONAL) ||
	    (m->type != ONE && m->type != OTHER))
		return false;
	*ack = (m->type == ONE) == (m->discriminator == SERVICE_PD_ATT);
	return true;
}

/* X.690 length octets.  False: torn.  Indefinite length counts as 0: the contents follow. */
static bool ber_length(const uint8_t **at, const uint8_t *end, size_t *len)
{
	if (*at >= end)
		return false;
	uint8_t first = *(*at)++;
	if ((first & 0x80) == 0) {
		*len = first;
		return true;
	}
	*len = 0;
	for (unsigned n = first & 0x7fu; n > 0; n--) {
		if (*at >= end)
			return false;
		*len = *len << 8 | *(*at)++;
	}
	return true;
}

static bool ber_element(const uint8_t **at, const uint8_t *end, uint8_t *tag, const uint8_t **data,
			size_t *len)
{
	if (*at >= end)
		return false;
	*tag = *(*at)++;
	if (!ber_length(at, end, len) || *len > (size_t)(end - *at))
		return false;
	*data = *at;
	*at += *len;
	return true;
}

enum { BER_INTEGER = 0x02, BER_OID = 0x06, ROSE_LINKED_ID = 0x80, ROSE_INVOKE = 0xa1 };

static bool ber_ends_in(const uint8_t *data, size_t len, unsigned value, uint8_t tag)
{
	if (len == 0 || data[len - 1] != value)
		return false;
	for (size_t i = 0; tag == BER_INTEGER && i + 1 < len; i++)
		if (data[i] != 0)
			return false;
	return true;
}

/* Invoke ::= [1] { invokeId INTEGER, linkedId [0] OPTIONAL, operation INTEGER or OID, ... },
 * X.880.  What comes before it differs by switch (profile octet, network extensions,
 * interpretation), so every octet that could be its tag is tried: better one frame too many
 * dropped than one too few. */
bool q931_facility_invokes(const struct q931_ie *ie, unsigned operation)
{
	const uint8_t *end = ie->data + ie->len;

	for (const uint8_t *start = ie->data; start < end; start++) {
		const uint8_t *at = start + 1, *data;
		uint8_t tag;
		size_t len;

		if (*start != ROSE_INVOKE || !ber_length(&at, end, &len))
			continue;
		if (!ber_element(&at, end, &tag, &data, &len) || tag != BER_INTEGER)
			continue;
		if (!ber_element(&at, end, &tag, &data, &len))
			continue;
		if (tag == ROSE_LINKED_ID && !ber_element(&at, end, &tag, &data, &len))
			continue;
		if ((tag == BER_INTEGER || tag == BER_OID) &&
		    ber_ends_in(data, len, operation, tag))
			return true;
	}
	return false;
}
