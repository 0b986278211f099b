#include "isup/elements.h"

#include <string.h>

#include "isup/q931.h"

enum {
	UNITS_MAX = 64, /* elements of a message; libpri writes a dozen */
	CODESETS = 8,
	LOCKING_SHIFT = 0x90, /* Q.931 4.5.3 */
	RECORD_HEAD = 3,      /* change and codeset, id, length; then the contents */
	SINGLE = 0x80,        /* an id of a single octet */
};

/* An element as it is written: id, length, contents. */
struct unit {
	uint8_t codeset, id;
	const uint8_t *at;
	size_t len;
};

struct message {
	unsigned count;
	struct unit unit[UNITS_MAX];
};

bool elements_append(struct elements *list, const struct element *e)
{
	bool is_shift = (e->id & 0xf0) == LOCKING_SHIFT;

	if (e->codeset >= CODESETS || is_shift || e->len > UINT8_MAX ||
	    ((e->id & SINGLE) != 0 && e->len != 0) ||
	    list->len + RECORD_HEAD + e->len > sizeof(list->octets))
		return false;
	uint8_t *at = list->octets + list->len;
	at[0] = (uint8_t)((unsigned)e->change << 4 | e->codeset);
	at[1] = e->id;
	at[2] = (uint8_t)e->len;
	if (e->len > 0)
		memcpy(at + RECORD_HEAD, e->data, e->len);
	list->len += RECORD_HEAD + e->len;
	return true;
}

static void insert(struct message *m, unsigned i, const struct unit *u)
{
	memmove(&m->unit[i + 1], &m->unit[i], (m->count - i) * sizeof(m->unit[0]));
	m->unit[i] = *u;
	m->count++;
}

/* Whether v may stand behind u.  Single octets go where they are put (4.5.1). */
static bool precedes(const struct unit *u, const struct unit *v)
{
	if (u->codeset != v->codeset)
		return u->codeset < v->codeset;
	return (u->id & SINGLE) != 0 || ((v->id & SINGLE) == 0 && u->id <= v->id);
}

static bool put_in_place(struct message *m, const struct unit *u)
{
	unsigned i = 0;

	if (m->count == UNITS_MAX)
		return false;
	while (i < m->count && precedes(&m->unit[i], u))
		i++;
	insert(m, i, u);
	return true;
}

/* Codesets ascending; within one the order stays. */
static bool read_message(struct message *m, const struct q931_message *q)
{
	struct q931_walk w;
	struct q931_ie ie;

	m->count = 0;
	q931_walk_start(&w, q);
	while (q931_walk_next(&w, &ie)) {
		bool single = (ie.id & SINGLE) != 0;
		struct unit u = {ie.codeset, ie.id, single ? ie.data - 1 : ie.data - 2,
				 single ? 1 : ie.len + 2};
		unsigned i = m->count;
		if (m->count == UNITS_MAX)
			return false;
		while (i > 0 && m->unit[i - 1].codeset > u.codeset)
			i--;
		insert(m, i, &u);
	}
	return !w.torn;
}

static void drop(struct message *m, uint8_t codeset, uint8_t id)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < m->count; i++)
		if (m->unit[i].codeset != codeset || m->unit[i].id != id)
			m->unit[kept++] = m->unit[i];
	m->count = kept;
}

static size_t length_of(const struct message *m)
{
	size_t n = 0;
	uint8_t codeset = 0;

	for (unsigned i = 0; i < m->count; i++) {
		n += m->unit[i].len + (m->unit[i].codeset != codeset);
		codeset = m->unit[i].codeset;
	}
	return n;
}

static void write_message(uint8_t *out, const struct message *m)
{
	uint8_t codeset = 0;

	for (unsigned i = 0; i < m->count; i++) {
		const struct unit *u = &m->unit[i];
		if (u->codeset != codeset)
			*out++ = LOCKING_SHIFT | u->codeset;
		codeset = u->codeset;
		memcpy(out, u->at, u->len);
		out += u->len;
	}
}

static bool change(struct message *m, const uint8_t *record, size_t room)
{
	enum element_change what = (enum element_change)(record[0] >> 4);
	struct unit u = {record[0] & 7, record[1], record + 1, record[2] + 2u};
	struct message before = *m;

	if ((u.id & SINGLE) != 0)
		u.len = 1;
	if (what != ELEMENT_ADD)
		drop(m, u.codeset, u.id);
	if (what == ELEMENT_DROP || (put_in_place(m, &u) && length_of(m) <= room))
		return true;
	*m = before;
	return false;
}

size_t elements_apply(uint8_t *out, size_t size, const uint8_t *frame, size_t len,
		      const struct elements *list, unsigned *left_out)
{
	struct q931_message q;
	struct message m;

	*left_out = 0;
	if (len > size || !q931_parse(&q, frame, len) || !read_message(&m, &q))
		return 0;
	size_t head = (size_t)(q.ies - frame);
	for (size_t at = 0; at < list->len; at += RECORD_HEAD + (size_t)list->octets[at + 2])
		if (!change(&m, list->octets + at, size - head))
			(*left_out)++;
	size_t n = length_of(&m);
	if (head + n > size)
		return 0;
	memcpy(out, frame, head);
	write_message(out + head, &m);
	return head + n;
}
