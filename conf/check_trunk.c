/* check_trunk.c - what a trunk's keys are together: its spans, their slots, its D-channels. */
#include "conf/check.h"
#include <string.h>

enum { ALL_SLOTS = (1u << (TDM_SLOTS + 1)) - 2 };

bool conf_is_given(const struct conf_loader *l, enum conf_section_id id, size_t i, const char *key)
{
	return l->lines[id][i].key[conf_key_index(id, key)] != 0;
}

bool conf_is_failed(const struct conf_loader *l, enum conf_section_id id, size_t i, const char *key)
{
	return l->lines[id][i].failed[conf_key_index(id, key)];
}

unsigned conf_line_of(const struct conf_loader *l, enum conf_section_id id, size_t i,
		      const char *key)
{
	const struct conf_lines *lines = &l->lines[id][i];
	unsigned line = lines->key[conf_key_index(id, key)];

	return line != 0 ? line : lines->section;
}

int conf_trunk_interface(const struct conf_trunk *t, const char *span)
{
	if (t->span_count == 0)
		return strcmp(t->span, span) == 0 ? 0 : -1;
	for (unsigned i = 0; i < t->span_count; i++)
		if (strcmp(t->spans[i], span) == 0)
			return (int)i;
	return -1;
}

static struct tdm_span_conf *find_span(const struct conf *c, const char *name)
{
	for (size_t i = 0; i < c->span_count; i++)
		if (strcmp(c->spans[i].name, name) == 0)
			return &c->spans[i];
	return NULL;
}

/* NULL: it cannot be had, and that was said. */
static struct tdm_span_conf *span_of(struct conf_loader *l, size_t i, const char *key,
				     const char *name)
{
	const struct conf *c = l->conf;
	struct tdm_span_conf *span = find_span(c, name);

	if (span == NULL)
		REPORT(l, CONF_TRUNK, i, key,
		       "expected the name of a span; there is no span \"%s\"", name);
	for (size_t j = 0; span != NULL && j < i; j++)
		if (conf_trunk_interface(&c->trunks[j], name) >= 0) {
			REPORT(l, CONF_TRUNK, i, key,
			       "expected a span of its own: trunk %s is on span %s",
			       c->trunks[j].isup.name, name);
			return NULL;
		}
	return span;
}

static void need_dchan(struct conf_loader *l, size_t i, const char *key,
		       const struct tdm_span_conf *span)
{
	if (span->dchan_slot == 0)
		REPORT(l, CONF_TRUNK, i, key, "expected a span with a D-channel (dchan_slot)");
}

/* --- one span --- */

static void check_slots(struct conf_loader *l, size_t i, const struct tdm_span_conf *span)
{
	struct isup_trunk_conf *t = &l->conf->trunks[i].isup;
	uint32_t dchan = 1u << span->dchan_slot;

	if (!conf_is_given(l, CONF_TRUNK, i, "slots"))
		t->bearer_slots = ALL_SLOTS & ~dchan;
	else if (!conf_is_failed(l, CONF_TRUNK, i, "slots") && t->bearer_slots & dchan)
		REPORT(l, CONF_TRUNK, i, "slots", "slot %u is the D-channel of span %s",
		       span->dchan_slot, span->name);
}

static void check_one_span(struct conf_loader *l, size_t i)
{
	static const char *const of_groups[] = {"backup", "interface_ids"};
	struct tdm_span_conf *span = span_of(l, i, "span", l->conf->trunks[i].span);

	for (size_t k = 0; k < sizeof(of_groups) / sizeof(of_groups[0]); k++)
		if (conf_is_given(l, CONF_TRUNK, i, of_groups[k]))
			REPORT(l, CONF_TRUNK, i, of_groups[k],
			       "expected only with spans: a trunk on one span has one D-channel");
	if (span == NULL)
		return;
	need_dchan(l, i, "span", span);
	check_slots(l, i, span);
}

/* --- several --- */

static void check_interface_ids(struct conf_loader *l, size_t i)
{
	const struct conf_trunk *t = &l->conf->trunks[i];

	if (t->interface_ids != 0 && t->interface_ids != t->span_count &&
	    !conf_is_failed(l, CONF_TRUNK, i, "interface_ids"))
		REPORT(l, CONF_TRUNK, i, "interface_ids",
		       "expected one for each of the %u spans, not %u", t->span_count,
		       t->interface_ids);
}

static void check_backup(struct conf_loader *l, size_t i)
{
	struct conf_trunk *t = &l->conf->trunks[i];

	if (t->backup[0] == '\0' || conf_is_failed(l, CONF_TRUNK, i, "backup"))
		return;
	int interface = conf_trunk_interface(t, t->backup);
	if (interface < 0)
		REPORT(l, CONF_TRUNK, i, "backup", "expected one of spans; %s is none of them",
		       t->backup);
	else if (interface == 0)
		REPORT(l, CONF_TRUNK, i, "backup",
		       "expected another span than the first, which has the primary D-channel");
	else
		t->isup.backup = (unsigned)interface;
}

static void check_dialect(struct conf_loader *l, size_t i)
{
	enum isup_switch type = l->conf->trunks[i].isup.switch_type;

	if (type == ISUP_QSIG || type == ISUP_EUROISDN)
		REPORT(l, CONF_TRUNK, i, "spans",
		       "expected one span: %s has no D-channel for several, NI2, DMS-100, 5ESS "
		       "and 4ESS have",
		       type == ISUP_QSIG ? "QSIG" : "EuroISDN");
}

/* Only the first and the backup have a D-channel; the others' slot for it is for calls. */
static void check_member(struct conf_loader *l, size_t i, unsigned interface)
{
	struct conf_trunk *t = &l->conf->trunks[i];
	struct tdm_span_conf *span = span_of(l, i, "spans", t->spans[interface]);
	bool has_dchan = interface == 0 || (t->isup.backup != 0 && interface == t->isup.backup);

	if (span == NULL)
		return;
	size_t at = (size_t)(span - l->conf->spans);
	if (has_dchan) {
		need_dchan(l, i, interface == 0 ? "spans" : "backup", span);
	} else if (!conf_is_given(l, CONF_SPAN, at, "dchan_slot")) {
		span->dchan_slot = 0;
	} else if (span->dchan_slot != 0) {
		REPORT(l, CONF_SPAN, at, "dchan_slot",
		       "expected 0 or nothing: the D-channel of trunk %s is in span %s",
		       t->isup.name, t->spans[0]);
	}
	uint32_t dchan = span->dchan_slot != 0 ? 1u << span->dchan_slot : 0;
	t->isup.interfaces[interface] = (struct isup_interface){
		.id = t->interface_ids != 0 ? t->interface_id[interface] : (uint8_t)interface,
		.bearer_slots = t->isup.bearer_slots & ~dchan,
	};
}

static void check_spans(struct conf_loader *l, size_t i)
{
	struct conf_trunk *t = &l->conf->trunks[i];

	t->isup.interface_count = t->span_count;
	if (!conf_is_given(l, CONF_TRUNK, i, "slots"))
		t->isup.bearer_slots = ALL_SLOTS;
	check_dialect(l, i);
	check_interface_ids(l, i);
	check_backup(l, i);
	for (unsigned n = 0; n < t->span_count; n++)
		check_member(l, i, n);
}

/* TBCT, RLT and ECT are services a network has for its users; path replacement is for both. */
static void check_transfer(struct conf_loader *l, size_t i)
{
	static const char *const services[] = {
		[ISUP_NI2] = "two B-channel transfer",      [ISUP_5ESS] = "two B-channel transfer",
		[ISUP_4ESS] = "two B-channel transfer",     [ISUP_DMS100] = "release link trunk",
		[ISUP_EUROISDN] = "explicit call transfer",
	};
	const struct isup_trunk_conf *t = &l->conf->trunks[i].isup;

	if (t->transfer && t->side == ISUP_NETWORK && t->switch_type != ISUP_QSIG)
		REPORT(l, CONF_TRUNK, i, "transfer",
		       "expected \"off\" with side = \"network\": %s is what a network does for "
		       "its user, and here the other end is the user; \"auto\" goes with side = "
		       "\"user\", or with QSIG",
		       services[t->switch_type]);
}

void conf_check_trunk(struct conf_loader *l, size_t i)
{
	struct conf_trunk *t = &l->conf->trunks[i];

	if (!conf_is_given(l, CONF_TRUNK, i, "hunt"))
		t->isup.hunt = t->isup.side == ISUP_NETWORK ? ISUP_ASCENDING : ISUP_DESCENDING;
	if (t->dial_tone && (t->isup.overlap & ISUP_OVERLAP_RECEIVE) == 0) {
		if (conf_is_given(l, CONF_TRUNK, i, "dial_tone"))
			REPORT(l, CONF_TRUNK, i, "dial_tone",
			       "expected only with overlap = \"receive\" or \"both\"");
		t->dial_tone = false; /* the profile's */
	}
	if (t->isup.early_audio == ISUP_EARLY_NEVER &&
	    (t->audible.ringback == RINGBACK_OWN || t->audible.failure_tone_ms > 0))
		REPORT(l, CONF_TRUNK, i, "early_audio",
		       "expected other than \"never\" with ringback = \"own\" or failure_tone_ms: "
		       "the trunk would not be told to listen");
	check_transfer(l, i);
	if (conf_is_failed(l, CONF_TRUNK, i, "span") || conf_is_failed(l, CONF_TRUNK, i, "spans"))
		return;
	if (t->span[0] != '\0' && t->span_count != 0)
		REPORT(l, CONF_TRUNK, i, "spans", "expected span or spans, not both");
	else if (t->span_count != 0)
		check_spans(l, i);
	else if (t->span[0] != '\0')
		check_one_span(l, i);
	else
		REPORT(l, CONF_TRUNK, i, "span", "missing; expected the name of a span");
}
