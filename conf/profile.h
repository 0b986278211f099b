/* profile.h - what is at the other end of a trunk, by name: settings that fit it, all at once.
 *
 * A profile is a list of keys and values of section trunk, in the words of the file; the page
 * docs/profiles/NAME.md shows what to set on the other side.  Constant data; any thread.
 */
#ifndef CONF_PROFILE_H
#define CONF_PROFILE_H

#include <stdio.h>

enum { CONF_PROFILE_SETTINGS_MAX = 10 };

struct conf_profile_setting {
	const char *key, *value;
};

struct conf_profile {
	const char *name, *what; /* [0]: "none" */
	struct conf_profile_setting set[CONF_PROFILE_SETTINGS_MAX + 1]; /* ends with key NULL */
};

extern const struct conf_profile conf_profiles[];
extern const char *const conf_profile_names[]; /* in the same order; ends with NULL */

/* Sets the profile's keys in a struct conf_trunk. */
void conf_profile_apply(unsigned profile, void *trunk);
/* For `tandem --profiles`. */
void conf_profiles_print(FILE *to);

#endif
