#include "tdm/line_monitor.h"

#include <stddef.h>
#include <string.h>

enum {
	SEVERE_CRC = 320,       /* RFC 4805 3: path violations that make an ESF second severe */
	SEVERE_FRAMING = 8,     /* T1.231: errors of Ft and Fs bits */
	SEVERE_LCV = 1544,      /* D4: an error rate of 10^-3 */
	SEVERE_PACKETS_PCT = 30 /* G.826: share of errored blocks */
};

void line_monitor_init(struct line_monitor *m, enum line_kind kind, unsigned packets_per_s)
{
	memset(m, 0, sizeof(*m));
	m->kind = kind;
	switch (kind) {
	case LINE_ESF: m->severe_pcv = SEVERE_CRC; break;
	case LINE_D4: m->severe_pcv = SEVERE_FRAMING; break;
	case LINE_PACKETS: m->severe_pcv = packets_per_s * SEVERE_PACKETS_PCT / 100; break;
	}
	if (m->severe_pcv == 0)
		m->severe_pcv = 1;
}

static bool is_severe(const struct line_monitor *m, const struct line_second *s)
{
	return s->red || s->ais || s->pcv >= m->severe_pcv ||
	       (m->kind == LINE_D4 && s->lcv >= SEVERE_LCV);
}

/* What the second counts while the line is available, RFC 4805 3. */
static void judge(const struct line_monitor *m, const struct line_second *s,
		  uint32_t out[LINE_COUNTS])
{
	memset(out, 0, LINE_COUNTS * sizeof(out[0]));
	out[LINE_ES] = s->red || s->ais || s->pcv > 0 || s->slips > 0 ||
		       (m->kind == LINE_D4 && s->lcv > 0);
	out[LINE_SES] = is_severe(m, s);
	out[LINE_SEFS] = s->red || s->ais;
	out[LINE_CSS] = s->slips > 0;
	out[LINE_BES] = !s->red && !s->ais && s->pcv > 1 && s->pcv < m->severe_pcv;
	out[LINE_LES] = s->lcv > 0 || s->red;
	out[LINE_PCV] = s->pcv;
	out[LINE_LCV] = s->lcv;
}

static struct line_interval *at_age(struct line_monitor *m, unsigned age)
{
	return &m->interval[(m->current + LINE_INTERVALS + 1 - age) % (LINE_INTERVALS + 1)];
}

static void begin_interval(struct line_monitor *m, uint64_t wall_s)
{
	m->current = (m->current + 1) % (LINE_INTERVALS + 1);
	if (m->count <= LINE_INTERVALS)
		m->count++;
	m->interval[m->current] = (struct line_interval){.start_s = wall_s};
	for (unsigned i = 0; i < LINE_RUN_S; i++)
		m->recent[i].age++;
}

/* The same quarter of an hour, and no longer than one: the clock may be set back within it. */
static bool is_of_current(const struct line_monitor *m, uint64_t wall_s)
{
	const struct line_interval *i = &m->interval[m->current];

	return m->count > 0 && i->start_s / LINE_INTERVAL_S == wall_s / LINE_INTERVAL_S &&
	       i->seconds < LINE_INTERVAL_S;
}

static void count_as(struct line_interval *i, const uint32_t available[LINE_COUNTS],
		     bool unavailable, bool undo)
{
	for (unsigned c = 0; c < LINE_COUNTS; c++) {
		uint32_t n = unavailable ? c == LINE_UAS : available[c];

		i->count[c] += undo ? 0 - n : n;
	}
}

/* The state has been another one for the last m->run seconds. */
static void turn(struct line_monitor *m)
{
	for (unsigned i = 0; i < m->run; i++) {
		struct line_recent *r =
			&m->recent[(m->newest_recent + LINE_RUN_S - i) % LINE_RUN_S];

		count_as(at_age(m, r->age), r->available, m->unavailable, true);
		count_as(at_age(m, r->age), r->available, !m->unavailable, false);
	}
	m->unavailable = !m->unavailable;
	m->run = 0;
}

void line_monitor_second(struct line_monitor *m, const struct line_second *s, uint64_t wall_s)
{
	bool severe = is_severe(m, s);
	struct line_recent *r;

	if (!is_of_current(m, wall_s))
		begin_interval(m, wall_s);
	m->newest_recent = (m->newest_recent + 1) % LINE_RUN_S;
	r = &m->recent[m->newest_recent];
	r->age = 0;
	judge(m, s, r->available);
	count_as(&m->interval[m->current], r->available, m->unavailable, false);
	m->interval[m->current].seconds++;
	m->run = severe != m->unavailable ? m->run + 1 : 0;
	if (m->run == LINE_RUN_S || (!m->unavailable && severe && s->failed))
		turn(m);
}

const struct line_interval *line_monitor_interval(const struct line_monitor *m, unsigned age)
{
	return age < m->count ? at_age((struct line_monitor *)m, age) : NULL;
}

void line_monitor_total(const struct line_monitor *m, struct line_interval *out)
{
	const struct line_interval *i;

	memset(out, 0, sizeof(*out));
	for (unsigned age = 1; (i = line_monitor_interval(m, age)) != NULL; age++) {
		out->seconds += i->seconds;
		out->start_s = i->start_s;
		for (unsigned c = 0; c < LINE_COUNTS; c++)
			out->count[c] += i->count[c];
	}
}

const char *line_count_name(enum line_count c)
{
	static const char *const names[] = {
		[LINE_ES] = "es",   [LINE_SES] = "ses", [LINE_SEFS] = "sefs",
		[LINE_UAS] = "uas", [LINE_CSS] = "css", [LINE_BES] = "bes",
		[LINE_LES] = "les", [LINE_PCV] = "pcv", [LINE_LCV] = "lcv"};

	return names[c];
}
