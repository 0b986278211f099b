/* redirecting.c - who sent a call on: Diversion (RFC 5806) and History-Info (RFC 7044), by the
 * mapping of RFC 7544. */
#include "sip/dialog_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { UNKNOWN = 0, BUSY = 1, NO_REPLY = 2, DEFLECTION = 4, OUT_OF_ORDER = 9, UNCONDITIONAL = 15 };
enum { CHAIN_MAX = 32, COUNTER_MAX = 99 };

/* The first row of a reason is what is sent, the first of a word or cause what is understood.
 * Causes: RFC 7544 3.4, which takes those of RFC 4458. */
static const struct {
	const char *word;
	int cause;
	uint8_t reason;
} rows[] = {
	{"unknown", 404, UNKNOWN},           {"user-busy", 486, BUSY},
	{"no-answer", 408, NO_REPLY},        {"deflection", 480, DEFLECTION},
	{"unavailable", 503, OUT_OF_ORDER},  {"unconditional", 302, UNCONDITIONAL},
	{"deflection", 487, DEFLECTION},     {"out-of-service", 503, OUT_OF_ORDER},
	{"time-of-day", 302, UNCONDITIONAL}, {"do-not-disturb", 302, UNCONDITIONAL},
	{"follow-me", 302, UNCONDITIONAL},   {"away", 302, UNCONDITIONAL},
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static unsigned row_of(uint8_t reason)
{
	for (unsigned i = 0; i < ROWS; i++)
		if (rows[i].reason == reason)
			return i;
	return 0;
}

static uint8_t reason_of_word(const char *word)
{
	size_t n = strcspn(word += *word == '"', "\"");

	for (unsigned i = 0; i < ROWS; i++)
		if (strlen(rows[i].word) == n && strncasecmp(rows[i].word, word, n) == 0)
			return rows[i].reason;
	return UNKNOWN;
}

static uint8_t reason_of_cause(int cause)
{
	for (unsigned i = 0; i < ROWS; i++)
		if (rows[i].cause == cause)
			return rows[i].reason;
	return UNKNOWN;
}

/* --- reading --- */

typedef void element_fn(void *arg, const osip_from_t *element, const struct sip_party *party);

/* Each name-addr of every header of that name; too many are left out. */
static void for_each(const osip_message_t *m, const char *name, element_fn *fn, void *arg)
{
	const char *value, *at;
	char one[512];
	unsigned n = 0;

	for (int i = 0; (value = sip_message_header(m, name, i)) != NULL; i++)
		for (at = value; (at = sip_list_next(at, one, sizeof(one))) != NULL;) {
			struct sip_party party;
			osip_from_t *element;
			if (one[0] == '\0' || n++ >= CHAIN_MAX)
				continue;
			sip_party_parse(&party, one);
			if (osip_from_init(&element) != OSIP_SUCCESS)
				return;
			if (osip_from_parse(element, one) == OSIP_SUCCESS && element->url != NULL)
				fn(arg, element, &party);
			osip_from_free(element);
		}
}

/* RFC 5806: the newest first, each with how many it stands for. */
static void on_diversion(void *arg, const osip_from_t *element, const struct sip_party *party)
{
	struct sip_redirecting *r = arg;
	const char *reason = sip_param(&element->gen_params, "reason");
	const char *counter = sip_param(&element->gen_params, "counter");
	const char *privacy = sip_param(&element->gen_params, "privacy");
	struct sip_party p = *party;
	uint8_t why = reason != NULL ? reason_of_word(reason) : UNKNOWN;
	int stands_for = counter != NULL ? atoi(counter) : 1;

	p.anonymous = p.anonymous || (privacy != NULL && (strcasestr(privacy, "full") != NULL ||
							  strcasestr(privacy, "uri") != NULL));
	if (r->count == 0) {
		r->last = p;
		r->reason = why;
	} else {
		r->original = p;
		r->original_reason = why;
	}
	r->count += stands_for < 1             ? 1u
		    : stands_for > COUNTER_MAX ? COUNTER_MAX
					       : (unsigned)stands_for;
}

struct history {
	struct sip_redirecting *out;
	struct sip_party before; /* the element before this one */
	int before_cause;        /* its Reason said so, RFC 4244 */
	bool begun;
};

/* RFC 7544 4: the cause in an element's URI says why the one before it sent the call on.  RFC 4244
 * had it in the Reason of that one. */
static void on_history(void *arg, const osip_from_t *element, const struct sip_party *party)
{
	struct history *h = arg;
	struct sip_redirecting *r = h->out;
	const char *text = sip_param(&element->url->url_params, "cause");
	int cause = text != NULL ? atoi(text) : h->before_cause;

	if (h->begun && cause != 0) {
		uint8_t why = reason_of_cause(cause);
		if (r->count == 0) {
			r->original = h->before;
			r->original_reason = why;
		}
		r->last = h->before;
		r->reason = why;
		r->count++;
	}
	const char *privacy = sip_param(&element->url->url_headers, "Privacy");
	const char *reason = sip_param(&element->url->url_headers, "Reason");
	h->begun = true;
	h->before = *party;
	h->before.anonymous =
		h->before.anonymous || (privacy != NULL && strcasestr(privacy, "none") == NULL);
	text = reason != NULL ? strcasestr(reason, "cause") : NULL;
	h->before_cause = 0;
	if (text != NULL && strncasecmp(reason, "SIP", 3) == 0) {
		text += strlen("cause");
		text += *text == '=' ? 1 : strncasecmp(text, "%3D", 3) == 0 ? 3 : 0;
		h->before_cause = atoi(text);
	}
}

void sip_message_redirecting(const osip_message_t *m, struct sip_redirecting *out)
{
	struct history h = {.out = out};

	memset(out, 0, sizeof(*out));
	for_each(m, "Diversion", on_diversion, out);
	if (out->count != 0)
		return;
	for_each(m, "History-Info", on_history, &h);
	if (out->count == 1)
		memset(&out->original, 0, sizeof(out->original));
}

/* --- writing --- */

/* Who does not want to be known is shown to a trusted peer only. */
static bool shown(const struct sip_dialog *d, const struct sip_party *p)
{
	return !p->anonymous || d->peer->conf.trusted;
}

static void add_diversion(const struct sip_dialog *d, struct sip_draft *draft,
			  const struct sip_party *p, uint8_t reason, unsigned counter)
{
	char text[SIP_ADDR_TEXT], who[512] = "<sip:anonymous@anonymous.invalid>";

	if (shown(d, p) && !sip_party_text(who, sizeof(who), p, sip_dialog_host(d, text)))
		return;
	sip_draft_header(draft, "Diversion", "%s;reason=%s;counter=%u;privacy=%s", who,
			 rows[row_of(reason)].word, counter, p->anonymous ? "full" : "off");
}

/* One element: <sip:user@host;cause=486?Privacy=history>;index=1.1;mp=1 */
static void add_history(const struct sip_dialog *d, struct sip_draft *draft,
			const struct sip_party *p, int cause, const char *index)
{
	char text[SIP_ADDR_TEXT], who[512] = "<sip:anonymous@anonymous.invalid>", why[24] = "";
	size_t parent = strlen(index) > 2 ? strlen(index) - 2 : 0;

	if (shown(d, p) && !sip_party_text(who, sizeof(who), p, sip_dialog_host(d, text)))
		return;
	who[strlen(who) - 1] = '\0';
	if (cause != 0)
		snprintf(why, sizeof(why), ";cause=%d", cause);
	sip_draft_header(draft, "History-Info", "%s%s%s>;index=%s%s%.*s", who, why,
			 p->anonymous ? "?Privacy=history" : "", index, parent != 0 ? ";mp=" : "",
			 (int)parent, index);
}

static bool is_given(const struct sip_party *p)
{
	return p->user[0] != '\0' || p->display[0] != '\0' || p->anonymous;
}

void sip_dialog_draft_redirecting(const struct sip_dialog *d, struct sip_draft *draft,
				  const struct sip_redirecting *r, const char *target)
{
	enum sip_redirect_form form = d->peer->conf.redirecting;
	bool two = r->count > 1 && is_given(&r->original);
	struct sip_party now = {.user = ""};

	if (r->count == 0 || form == SIP_NO_REDIRECT)
		return;
	if (form != SIP_HISTORY_INFO) {
		add_diversion(d, draft, &r->last, r->reason, two ? r->count - 1 : r->count);
		if (two)
			add_diversion(d, draft, &r->original, r->original_reason, 1);
	}
	if (form == SIP_DIVERSION)
		return;
	snprintf(now.user, sizeof(now.user), "%s", target);
	add_history(d, draft, two ? &r->original : &r->last, 0, "1");
	if (two)
		add_history(d, draft, &r->last, rows[row_of(r->original_reason)].cause, "1.1");
	add_history(d, draft, &now, rows[row_of(r->reason)].cause, two ? "1.1.1" : "1.1");
}
