/* print.c - the configuration as text, and the list of what can be configured. */
#include "conf/value.h"
#include <stdlib.h>
#include <string.h>

static void print_section(const struct conf *c, enum conf_section_id id, size_t i, FILE *to)
{
	const struct conf_section *s = &conf_sections[id];
	const void *element = conf_element(c, id, i);
	char value[CONF_VALUE_TEXT_MAX];

	if (s->titled)
		fprintf(to, "%s \"%s\" {\n", s->name, conf_element_title(id, element));
	else
		fprintf(to, "%s {\n", s->name);
	for (size_t k = 0; k < s->key_count; k++)
		if (conf_value_format(&s->keys[k], element, value))
			fprintf(to, "\t%s = %s\n", s->keys[k].name,
				conf_is_secret(&s->keys[k]) ? "\"" CONF_MASK "\"" : value);
	fputs("}\n", to);
}

static bool has_secret(const struct conf_section *s, const void *element)
{
	for (size_t k = 0; k < s->key_count; k++)
		if (conf_is_secret(&s->keys[k]) &&
		    *((const char *)element + s->keys[k].offset) != '\0')
			return true;
	return false;
}

bool conf_has_secrets(const struct conf *c)
{
	for (int id = 0; id < CONF_SECTION_COUNT; id++)
		for (size_t i = 0; i < conf_element_count(c, (enum conf_section_id)id); i++)
			if (has_secret(&conf_sections[id],
				       conf_element(c, (enum conf_section_id)id, i)))
				return true;
	return false;
}

void conf_print(const struct conf *c, FILE *to)
{
	for (int id = 0; id < CONF_SECTION_COUNT; id++)
		for (size_t i = 0; i < conf_element_count(c, (enum conf_section_id)id); i++)
			print_section(c, (enum conf_section_id)id, i, to);
}

static void default_text(const struct conf_key *k, const void *defaults,
			 char out[CONF_VALUE_TEXT_MAX])
{
	if (k->def != NULL)
		snprintf(out, CONF_VALUE_TEXT_MAX, "%s", k->def);
	else if (k->flags & CONF_REQUIRED)
		snprintf(out, CONF_VALUE_TEXT_MAX, "none: must be given");
	else
		conf_value_format(k, defaults, out);
}

void conf_print_keys(FILE *to)
{
	for (int id = 0; id < CONF_SECTION_COUNT; id++) {
		const struct conf_section *s = &conf_sections[id];
		void *defaults = calloc(1, s->size);
		if (defaults == NULL)
			return;
		s->set_default(defaults);
		fprintf(to, "%s%s { }\n  %s\n\n", s->name, s->titled ? " NAME" : "", s->help);
		for (size_t k = 0; k < s->key_count; k++) {
			char expected[256], def[CONF_VALUE_TEXT_MAX];
			conf_value_expected(&s->keys[k], expected, sizeof(expected));
			default_text(&s->keys[k], defaults, def);
			fprintf(to, "  %s.%s\n    Takes:   %s\n    Default: %s\n    %s\n\n",
				s->name, s->keys[k].name, expected, def, s->keys[k].help);
		}
		free(defaults);
	}
}
