#include "isup/extras.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "isup/q931.h"
#include "isup/trunk_internal.h"

enum { ADDRESS_AND_CONTROL = 4, UNNUMBERED = 3, UI = 0x03, POLL = 0x10 };

/* --- what is to be sent --- */

int extras_set(struct isup_call *c, enum extras_kind kind, const struct element *e)
{
	if (c->extras == NULL) {
		c->extras = calloc(1, sizeof(*c->extras));
		if (c->extras == NULL)
			return -ENOMEM;
		c->trunk->extras_calls++;
	}
	return elements_append(&c->extras->of[kind], e) ? 0 : -EMSGSIZE;
}

static int set_setup(struct isup_call *c, uint8_t id, const struct isup_element *e)
{
	const struct element put = {ELEMENT_PUT, 0, id, e->octets, e->len};

	return e->len != 0 ? extras_set(c, EXTRAS_SETUP, &put) : 0;
}

static int set_user_data(struct isup_call *c, enum extras_kind kind, const struct isup_user_data *u)
{
	const struct element put = {ELEMENT_PUT, 0, Q931_IE_USER_USER, u->octets, u->len};

	return u->len != 0 && c->trunk->conf.user_to_user ? extras_set(c, kind, &put) : 0;
}

/* The ones that matter most come first: they are the last to be left out of a long message. */
int extras_set_purpose(struct isup_call *c, const struct isup_purpose *s)
{
	uint8_t line = (uint8_t)(s->line_information - 1);
	const struct element oli = {ELEMENT_PUT, 6, ATT_IE_LINE_INFORMATION, &line, 1};
	struct isup_element capability = s->capability;
	int r = 0;

	if (capability.len == 0)
		isup_bearer_write(&capability, s->bearer);
	if (s->bearer != ISUP_AUDIO || s->capability.len != 0) /* that is libpri's */
		r = set_setup(c, Q931_IE_BEARER, &capability);
	if (r == 0)
		r = set_setup(c, Q931_IE_LOW_LAYER, &s->low_layer);
	if (r == 0)
		r = set_setup(c, Q931_IE_HIGH_LAYER, &s->high_layer);
	if (r == 0)
		r = set_setup(c, Q931_IE_CALLED_SUB, &s->called_sub);
	if (r == 0)
		r = set_setup(c, Q931_IE_CALLING_SUB, &s->calling_sub);
	if (r == 0 && s->line_information != 0 && c->trunk->conf.line_information)
		r = extras_set(c, EXTRAS_SETUP, &oli);
	if (r == 0)
		r = set_user_data(c, EXTRAS_SETUP, &s->user_data);
	return r;
}

void extras_take_user_data(struct isup_call *c, enum extras_kind kind)
{
	if (set_user_data(c, kind, &c->user_data_out) < 0)
		log_line(LOG_ISUP, LOG_WARN, "%s/%u: user-user information lost: no memory",
			 c->trunk->conf.name, c->slot);
	c->user_data_out.len = 0;
}

void extras_free(struct isup_call *c)
{
	if (c->extras != NULL)
		c->trunk->extras_calls--;
	free(c->extras);
	c->extras = NULL;
}

/* --- frames out --- */

static const struct elements *of_clearing(struct extras *x, uint8_t type)
{
	if (x->cleared_by == 0)
		x->cleared_by = type;
	return x->cleared_by == type ? &x->of[EXTRAS_CLEARING] : NULL;
}

static const struct elements *of_message(struct isup_trunk *t, const struct q931_message *m)
{
	if (m->discriminator != Q931_PD || m->call_reference == 0)
		return NULL;
	struct isup_call *c = trunk_call_named(t, m->call_reference, m->to_originator);
	if (c == NULL || c->extras == NULL)
		return NULL;
	switch (m->type) {
	case Q931_SETUP: return &c->extras->of[EXTRAS_SETUP];
	case Q931_ALERTING: return &c->extras->of[EXTRAS_ALERTING];
	case Q931_CONNECT: return &c->extras->of[EXTRAS_CONNECT];
	case Q931_DISCONNECT:
	case Q931_RELEASE:
	case Q931_RELEASE_COMPLETE: return of_clearing(c->extras, m->type);
	default: return NULL;
	}
}

/* The length of what is written to out, 0: the frame stays. */
static size_t rewrite(struct isup_trunk *t, uint8_t *out, const uint8_t *frame, size_t len)
{
	struct q931_message m;
	struct elements restart = {.len = 0};
	const struct elements *list = NULL;
	unsigned left_out = 0;

	if (!q931_parse(&m, frame, len))
		return 0;
	if (restart_is_whole(t, &m, &restart))
		list = &restart;
	else if (t->extras_calls != 0) /* else no call need be looked for */
		list = of_message(t, &m);
	if (list == NULL || list->len == 0)
		return 0;
	/* Channel Identification may still get the octet that names its interface. */
	size_t most = ISUP_FRAME_MAX - (size_t)(t->conf.interface_count != 0);
	size_t n = elements_apply(out, most, frame, len, list, &left_out);
	if (left_out != 0)
		log_limited(&t->extras_log, 10000, LOG_ISUP, LOG_WARN,
			    "%s: message %02x too long, %u elements left out", t->conf.name, m.type,
			    left_out);
	return n;
}

size_t extras_frame(struct isup_trunk *t, uint8_t out[ISUP_FRAME_MAX], const uint8_t *frame,
		    size_t len)
{
	if (len < ADDRESS_AND_CONTROL || (frame[2] & 1) != 0) {
		/* SABME, UA: N(S) begins anew. */
		if (len >= 3 && (frame[2] & UNNUMBERED) == UNNUMBERED && (frame[2] & ~POLL) != UI)
			memset(t->sent, 0, sizeof(t->sent));
		return 0;
	}
	uint8_t ns = frame[2] >> 1;
	struct extras_sent *s = &t->sent[ns % EXTRAS_WINDOW];

	if (!s->known || s->ns != ns) {
		size_t n = rewrite(t, out, frame, len);
		s->known = true;
		s->ns = ns;
		s->changed = n != 0;
		s->len = n != 0 ? n - ADDRESS_AND_CONTROL : 0;
		memcpy(s->octets, out + ADDRESS_AND_CONTROL, s->len);
		return n;
	}
	if (!s->changed)
		return 0;
	memcpy(out, frame, ADDRESS_AND_CONTROL); /* N(R) and the poll bit are today's */
	memcpy(out + ADDRESS_AND_CONTROL, s->octets, s->len);
	return ADDRESS_AND_CONTROL + s->len;
}

/* --- messages in --- */

/* SETUP has it in .purpose. */
const struct isup_user_data *extras_user_data(const struct isup_call *c, enum isup_event_kind kind)
{
	bool tells = kind == ISUP_ALERTING || kind == ISUP_CONNECT || kind == ISUP_CLEARING ||
		     kind == ISUP_RELEASED;

	return tells && c->user_data.len != 0 ? &c->user_data : NULL;
}

static void take(struct isup_element *out, const struct q931_ie *ie)
{
	if (ie->len == 0 || ie->len > sizeof(out->octets) || out->len != 0)
		return; /* longer than any of its kind; a second one */
	out->len = (uint8_t)ie->len;
	memcpy(out->octets, ie->data, ie->len);
}

static void take_user_data(struct isup_user_data *out, const struct q931_ie *ie)
{
	if (ie->len == 0 || ie->len > sizeof(out->octets) || out->len != 0)
		return;
	out->len = (uint8_t)ie->len;
	memcpy(out->octets, ie->data, ie->len);
}

static void take_national(struct isup_purpose *out, const struct q931_ie *ie)
{
	enum { LINE_INFORMATION_MAX = 99 };

	if (ie->codeset == 6 && ie->id == ATT_IE_LINE_INFORMATION && ie->len == 1 &&
	    ie->data[0] <= LINE_INFORMATION_MAX)
		out->line_information = (uint8_t)(ie->data[0] + 1);
}

void extras_read(struct isup_purpose *out, const struct q931_message *m)
{
	struct q931_walk w;
	struct q931_ie ie;

	memset(out, 0, sizeof(*out));
	q931_walk_start(&w, m);
	while (q931_walk_next(&w, &ie)) {
		if (ie.codeset != 0) {
			take_national(out, &ie);
			continue;
		}
		switch (ie.id) {
		case Q931_IE_BEARER: take(&out->capability, &ie); break;
		case Q931_IE_LOW_LAYER: take(&out->low_layer, &ie); break;
		case Q931_IE_HIGH_LAYER: take(&out->high_layer, &ie); break;
		case Q931_IE_CALLING_SUB: take(&out->calling_sub, &ie); break;
		case Q931_IE_CALLED_SUB: take(&out->called_sub, &ie); break;
		case Q931_IE_USER_USER: take_user_data(&out->user_data, &ie); break;
		default: break;
		}
	}
	out->bearer = isup_bearer_read(out->capability.octets, out->capability.len);
}
