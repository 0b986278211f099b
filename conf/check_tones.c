/* check_tones.c - which tones each trunk and peer has, read out of what the file says. */
#include "conf/check.h"
#include "conf/value.h"
#include <string.h>

static void check_section(struct conf_loader *l, size_t i)
{
	struct conf_tones *t = &l->conf->tones[i];
	struct tone_set country;
	struct tone own;
	char why[128];

	if (tone_set_country(&country, t->name) == 0)
		conf_error(&l->errors, l->lines[CONF_TONES][i].section, "tones",
			   "expected a name of its own: %s is a country", t->name);
	tone_set_country(&t->set, tone_countries[t->country]);
	for (unsigned kind = TONE_NONE + 1; kind < TONE_KINDS; kind++) {
		const char *key = tone_kind_name((enum tone_kind)kind);
		if (t->text[kind][0] == '\0')
			continue;
		if (tone_parse(&own, t->text[kind], why, sizeof(why)) == 0)
			t->set.tone[kind] = own;
		else
			REPORT(l, CONF_TONES, i, key, "%s", why);
	}
}

static void find_set(struct conf_loader *l, enum conf_section_id id, size_t i,
		     struct conf_audible *a)
{
	const struct conf *c = l->conf;

	if (conf_is_failed(l, id, i, "tones"))
		return;
	for (size_t k = 0; k < c->tones_count; k++)
		if (strcmp(c->tones[k].name, a->tones) == 0) {
			a->set = c->tones[k].set;
			return;
		}
	if (tone_set_country(&a->set, a->tones) != 0)
		REPORT(l, id, i, "tones",
		       "expected a country, such as us or etsi, or the name of a section tones; "
		       "there is no \"%s\"",
		       a->tones);
}

void conf_check_tones(struct conf_loader *l)
{
	struct conf *c = l->conf;

	for (size_t i = 0; i < c->tones_count; i++)
		check_section(l, i);
	for (size_t i = 0; i < c->trunk_count; i++)
		find_set(l, CONF_TRUNK, i, &c->trunks[i].audible);
	for (size_t i = 0; i < c->peer_count; i++)
		find_set(l, CONF_PEER, i, &c->peers[i].audible);
}
