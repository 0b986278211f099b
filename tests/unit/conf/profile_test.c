/* The table of profiles: each key and value is one of the schema's, and each profile has a page
 * that tells of every setting. */
#include "conf/profile.c"

#include "helper.h"

static struct conf *load(const char *trunk)
{
	char text[1024];

	snprintf(text, sizeof(text), "span s { peer = 192.0.2.1 }\ntrunk t {\n\tspan = s\n%s}\n",
		 trunk);
	return parse_good(text);
}

static void each_setting_is_taken(void **state)
{
	const struct conf_section *s = &conf_sections[CONF_TRUNK];

	for (unsigned i = 1; i < PROFILES; i++) {
		char trunk[128], value[CONF_VALUE_TEXT_MAX];
		snprintf(trunk, sizeof(trunk), "profile = %s\n", conf_profiles[i].name);
		struct conf *c = load(trunk);
		assert_int_equal(c->trunks[0].profile, i);
		assert_string_equal(conf_profile_names[i], conf_profiles[i].name);
		for (const struct conf_profile_setting *set = conf_profiles[i].set;
		     set->key != NULL; set++) {
			size_t k = conf_key_index(CONF_TRUNK, set->key);
			assert_true(k < s->key_count && k > conf_key_index(CONF_TRUNK, "profile"));
			assert_true(conf_value_format(&s->keys[k], &c->trunks[0], value));
			if (s->keys[k].type == CONF_BOOL) {
				assert_string_equal(value, set->value);
			} else {
				value[strlen(value) - 1] = '\0';
				assert_string_equal(value + 1, set->value);
			}
		}
		conf_free(c);
	}
}

/* Wherever it stands in the section. */
static void a_key_goes_before_the_profile(void **state)
{
	struct conf *c = load("switch_type = ni2\noverlap = both\nprofile = meridian-5ess\n");

	assert_int_equal(c->trunks[0].isup.switch_type, ISUP_NI2);
	assert_int_equal(c->trunks[0].isup.overlap, ISUP_OVERLAP_BOTH);
	assert_int_equal(c->trunks[0].isup.side, ISUP_NETWORK);
	conf_free(c);
	c = load("profile = carrier-4ess\n");
	assert_int_equal(c->trunks[0].isup.side, ISUP_USER);
	assert_int_equal(c->trunks[0].isup.hunt, ISUP_DESCENDING);
	conf_free(c);
}

static void an_unknown_one_is_answered_with_all(void **state)
{
	struct conf *c;
	char *err = parse_errors(
		&c, "span s { peer = 192.0.2.1 }\ntrunk t { span = s\nprofile = merdian }\n");

	assert_null(c);
	for (unsigned i = 0; i < PROFILES; i++)
		if (strstr(err, conf_profiles[i].name) == NULL)
			fail_msg("%s is not in: %s", conf_profiles[i].name, err);
	free(err);
}

static void each_has_a_page_with_its_settings(void **state)
{
	for (unsigned i = 1; i < PROFILES; i++) {
		char path[128], text[16384], line[128];
		snprintf(path, sizeof(path), "docs/profiles/%s.md", conf_profiles[i].name);
		FILE *f = fopen(path, "r");
		if (f == NULL)
			fail_msg("there is no %s", path);
		text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
		fclose(f);
		for (const struct conf_profile_setting *set = conf_profiles[i].set;
		     set->key != NULL; set++) {
			snprintf(line, sizeof(line), "| `%s` | `%s` |", set->key, set->value);
			if (strstr(text, line) == NULL)
				fail_msg("%s does not say: %s", path, line);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_setting_is_taken),
		cmocka_unit_test(a_key_goes_before_the_profile),
		cmocka_unit_test(an_unknown_one_is_answered_with_all),
		cmocka_unit_test(each_has_a_page_with_its_settings),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
