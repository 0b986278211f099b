/* compare.c - what changed between two configurations, by the table of keys. */
#include "conf/value.h"
#include <string.h>

static bool same(const struct conf_key *k, const void *a, const void *b)
{
	char text_a[CONF_VALUE_TEXT_MAX], text_b[CONF_VALUE_TEXT_MAX];

	return conf_value_format(k, a, text_a) == conf_value_format(k, b, text_b) &&
	       strcmp(text_a, text_b) == 0;
}

static const void *find(const struct conf *c, enum conf_section_id id, const char *name)
{
	for (size_t i = 0; i < conf_element_count(c, id); i++) {
		const void *element = conf_element(c, id, i);
		if (strcmp(conf_element_title(id, element), name) == 0)
			return element;
	}
	return NULL;
}

static enum conf_change compare(const struct conf *old, const struct conf *new_,
				enum conf_section_id id, const char *name)
{
	const void *before = find(old, id, name), *after = find(new_, id, name);
	enum conf_change change = CONF_SAME;

	if (before == NULL && after == NULL)
		return CONF_SAME;
	if (before == NULL)
		return CONF_ADD;
	if (after == NULL)
		return CONF_REMOVE;
	for (size_t k = 0; k < conf_sections[id].key_count; k++) {
		const struct conf_key *key = &conf_sections[id].keys[k];
		if (same(key, before, after))
			continue;
		if (key->flags & CONF_DRAINS)
			return CONF_DRAIN;
		change = CONF_CHANGE_NOW;
	}
	return change;
}

enum conf_change conf_compare_span(const struct conf *old, const struct conf *new_,
				   const char *name)
{
	return compare(old, new_, CONF_SPAN, name);
}

enum conf_change conf_compare_trunk(const struct conf *old, const struct conf *new_,
				    const char *name)
{
	enum conf_change change = compare(old, new_, CONF_TRUNK, name);
	const struct conf_trunk *t = find(new_, CONF_TRUNK, name);

	if (change == CONF_SAME && t != NULL &&
	    compare(old, new_, CONF_TONES, t->audible.tones) != CONF_SAME)
		change = CONF_CHANGE_NOW; /* in the section it names */
	return change;
}

enum conf_change conf_compare_peer(const struct conf *old, const struct conf *new_,
				   const char *name)
{
	return compare(old, new_, CONF_PEER, name);
}

void conf_restart_needed(const struct conf *old, const struct conf *new_, char *out,
			 size_t out_size)
{
	static const enum conf_section_id section[] = {CONF_GATEWAY, CONF_MEDIA, CONF_SIP};

	out[0] = '\0';
	for (size_t i = 0; i < sizeof(section) / sizeof(section[0]); i++) {
		const struct conf_section *s = &conf_sections[section[i]];
		for (size_t k = 0; k < s->key_count; k++) {
			size_t used = strlen(out);
			if (s->keys[k].flags & CONF_RESTART &&
			    !same(&s->keys[k], conf_element(old, section[i], 0),
				  conf_element(new_, section[i], 0)))
				snprintf(out + used, out_size - used, "%s%s.%s",
					 used > 0 ? " " : "", s->name, s->keys[k].name);
		}
	}
}
