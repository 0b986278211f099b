#include "gateway/trace_ladder.h"

#include "gateway/trace_show.h"

#include <string.h>

enum { LANE = 46, MIDDLE = 6 };

static struct trace_ladder_call *call_of(struct trace_ladder *l, const struct trace_message *m)
{
	struct trace_ladder_call *c;

	for (unsigned i = 0; i < TRACE_LADDER_CALLS; i++)
		if (l->calls[i].call == m->call)
			return &l->calls[i];
	c = &l->calls[l->next];
	l->next = (l->next + 1) % TRACE_LADDER_CALLS;
	*c = (struct trace_ladder_call){.call = m->call, .first_us = m->at_us};
	return c;
}

/* Which lane the far end of m has in its call. */
static bool is_right(struct trace_ladder_call *c, const struct trace_message *m)
{
	const char *who = m->is_sip ? m->peer : m->trunk;

	if (strcmp(c->left, who) == 0 || strcmp(c->right, who) == 0)
		return strcmp(c->right, who) == 0;
	bool right = m->is_sip ? c->right[0] == '\0' : c->left[0] != '\0';
	snprintf(right ? c->right : c->left, sizeof(c->left), "%s", who);
	return right;
}

/* "<---- text -----" or the other way round, LANE columns. */
static void draw_arrow(FILE *o, const char *text, bool to_right)
{
	size_t n = strlen(text), most = LANE - 6;
	const char *more = n > most ? ".." : "";

	if (n > most)
		n = most - 2;
	size_t dashes = LANE - 3 - n - strlen(more), before = dashes / 2;
	if (!to_right)
		putc('<', o);
	for (size_t i = 0; i < before; i++)
		putc('-', o);
	fprintf(o, " %.*s%s ", (int)n, text, more);
	for (size_t i = before; i < dashes; i++)
		putc('-', o);
	if (to_right)
		putc('>', o);
}

static void draw_head(struct trace_ladder *l, const struct trace_message *m,
		      const struct trace_ladder_call *c)
{
	char at[TRACE_TIME_MAX];

	fprintf(l->out, "\n%s UTC, call %u\n%9s  %-*s%s%*s\n", trace_time_text(m->at_us, at),
		m->call, "ms", LANE, c->left[0] != '\0' ? c->left : "PBX", "Tandem", LANE,
		c->right[0] != '\0' ? c->right : "SIP");
	l->shown = m->call;
}

void trace_ladder_draw(struct trace_ladder *l, const struct trace_message *m)
{
	char text[240];

	if (m->call == 0)
		return;
	struct trace_ladder_call *c = call_of(l, m);
	bool right = is_right(c, m);
	bool to_right = right == m->sent;
	if (l->shown != m->call)
		draw_head(l, m, c);
	trace_message_text(m, text, sizeof(text));
	double ms = (double)((int64_t)(m->at_us - c->first_us)) / 1000;
	fprintf(l->out, "%9.1f |", ms);
	if (right)
		fprintf(l->out, "%*s|%*s|", LANE, "", MIDDLE - 2, "");
	draw_arrow(l->out, text, to_right);
	if (!right)
		fprintf(l->out, "|%*s|%*s", MIDDLE - 2, "", LANE, "");
	fputs("|\n", l->out);
	fflush(l->out);
}
