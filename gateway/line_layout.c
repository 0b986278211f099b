#include "gateway/line_layout.h"

#include <stdio.h>
#include <string.h>

/* DAHDI names the spans of a card CARD/1, CARD/2 (TE4/0/1): what stands before the last stroke.
 * A location or a number does not tell, so such a span stands by itself, as one that is no card's
 * (DYN/eth/...) does. */
static size_t card_length(const struct tdm_span_conf *s)
{
	const char *stroke = strrchr(s->dahdi.card, '/');

	if (s->backend != TDM_DAHDI || stroke == NULL || strncmp(s->dahdi.card, "DYN/", 4) == 0)
		return 0;
	return (size_t)(stroke - s->dahdi.card);
}

static bool same_card(const struct tdm_span_conf *a, const struct tdm_span_conf *b)
{
	size_t length = card_length(a);

	return length > 0 && length == card_length(b) &&
	       memcmp(a->dahdi.card, b->dahdi.card, length) == 0;
}

const struct tdm_span_conf *line_layout_leader(const struct conf *c,
					       const struct tdm_span_conf *span)
{
	for (size_t i = 0; i < c->span_count; i++)
		if (strcmp(c->spans[i].name, span->name) != 0 && same_card(&c->spans[i], span) &&
		    c->spans[i].clock == TDM_CLOCK_LINE)
			return &c->spans[i];
	return NULL;
}

static const struct conf_trunk *trunk_on(const struct conf *c, const char *span)
{
	for (size_t i = 0; i < c->trunk_count; i++)
		if (conf_trunk_interface(&c->trunks[i], span) >= 0)
			return &c->trunks[i];
	return NULL;
}

/* Text about one span, "" when all is well. */
static void judge(const struct conf *c, const struct tdm_span_conf *s, char *out, size_t out_size)
{
	const struct tdm_span_conf *leader = line_layout_leader(c, s);
	const struct conf_trunk *t = trunk_on(c, s->name);

	out[0] = '\0';
	if (leader != NULL && leader < s && s->clock == TDM_CLOCK_LINE)
		snprintf(out, out_size,
			 "spans %s and %s both have clock = \"line\" but are one card, which has "
			 "one clock: %s slips unless both far ends keep to the same network's; "
			 "clock = \"line\" only on the span that faces the better clock",
			 leader->name, s->name, s->name);
	else if (leader == NULL && t != NULL && t->isup.side == ISUP_USER &&
		 s->clock == TDM_CLOCK_OWN)
		snprintf(out, out_size,
			 "span %s: trunk %s is the user side, and the network's side gives the "
			 "clock as a rule: with clock = \"own\" the line slips unless the far end "
			 "takes its clock from us",
			 s->name, t->isup.name);
	else if (t != NULL && t->isup.side == ISUP_NETWORK && s->clock == TDM_CLOCK_LINE)
		snprintf(out, out_size,
			 "span %s: trunk %s is the network side, from which the far end takes its "
			 "clock as a rule: with clock = \"line\" nobody leads then",
			 s->name, t->isup.name);
}

void line_layout_check(const struct conf *c, void (*tell)(void *arg, const char *warning),
		       void *arg)
{
	char text[400];

	for (size_t i = 0; i < c->span_count; i++) {
		judge(c, &c->spans[i], text, sizeof(text));
		if (text[0] != '\0')
			tell(arg, text);
	}
}
