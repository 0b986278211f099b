/* profile.c - see profile.h. */
#include "conf/profile.h"
#include "conf/value.h"
#include <assert.h>
#include <stddef.h>

/* What may never differ is given by each as well, so that a page says all there is to say and a
 * changed default changes no trunk that has a profile.  Timers are the standard's, and who hunts
 * upwards follows from the side. */
#define SETTINGS(side_, switch_, overlap_, dial_tone_, hold_notify_)                               \
	{                                                                                          \
		{"side", side_}, {"switch_type", switch_}, {"restart_on_start", "true"},           \
			{"overlap", overlap_}, {"early_audio", "indicated"},                       \
			{"disconnect_audio", "true"}, {"ringback", "auto"},                        \
			{"dial_tone", dial_tone_}, {"hold_notify", hold_notify_},                  \
			{"transfer", "off"}, {NULL, NULL},                                         \
	}
#define NETWORK(switch_, overlap_) SETTINGS("network", switch_, overlap_, "false", "false")
#define USER(switch_, overlap_)    SETTINGS("user", switch_, overlap_, "false", "false")

const struct conf_profile conf_profiles[] = {
	{"none", "nothing is set", {{NULL, NULL}}},
	{"meridian-ni2", "Meridian 1, Option 11 to 81, CS 1000: IFC NI2", NETWORK("ni2", "no")},
	{"meridian-5ess",
	 "Meridian 1: IFC ESS5; where an 81C leaves the D-channel of others in maintenance",
	 NETWORK("5ess", "no")},
	{"meridian-dms100", "Meridian 1: IFC D100", NETWORK("dms100", "no")},
	{"meridian-qsig", "Meridian 1: IFC ESGF or ISGF; names both ways by QSIG",
	 NETWORK("qsig", "receive")},
	{"definity",
	 "Lucent and Avaya Definity, Communication Manager: country protocol 1, version b",
	 NETWORK("ni2", "no")},
	{"mitel", "Mitel SX-200, SX-2000, 3300: National ISDN 2", NETWORK("ni2", "no")},
	{"hipath", "Siemens HiPath and Hicom: QSIG", NETWORK("qsig", "both")},
	{"generic-qsig", "any PBX by QSIG (ISO 11572, ECMA-143)", NETWORK("qsig", "both")},
	{"generic-euroisdn", "any PBX by EuroISDN on a T1 (ETSI EN 300 403)",
	 SETTINGS("network", "euroisdn", "both", "true", "true")},
	{"carrier-ni2", "a carrier: National ISDN 2", USER("ni2", "no")},
	{"carrier-5ess", "a carrier: Lucent 5ESS custom", USER("5ess", "no")},
	{"carrier-dms100", "a carrier: Nortel DMS-100 custom", USER("dms100", "no")},
	{"carrier-4ess", "a carrier: AT&T 4ESS, TR 41459", USER("4ess", "no")},
};

enum { PROFILES = sizeof(conf_profiles) / sizeof(conf_profiles[0]) };

const char *const conf_profile_names[PROFILES + 1] = {
	"none",        "meridian-ni2", "meridian-5ess",  "meridian-dms100", "meridian-qsig",
	"definity",    "mitel",        "hipath",         "generic-qsig",    "generic-euroisdn",
	"carrier-ni2", "carrier-5ess", "carrier-dms100", "carrier-4ess",
};

void conf_profile_apply(unsigned profile, void *trunk)
{
	const struct conf_section *s = &conf_sections[CONF_TRUNK];
	char why[256];
	size_t bad;

	for (const struct conf_profile_setting *set = conf_profiles[profile].set; set->key != NULL;
	     set++) {
		size_t k = conf_key_index(CONF_TRUNK, set->key);
		int r = k < s->key_count ? conf_value_parse(&s->keys[k], trunk, &set->value, 1,
							    &bad, why, sizeof(why))
					 : -1;
		assert(r == 0); /* of our own table, and a test reads all of it */
		(void)r;
	}
}

void conf_profiles_print(FILE *to)
{
	for (size_t i = 1; i < PROFILES; i++)
		fprintf(to, "%-18s%s\n", conf_profiles[i].name, conf_profiles[i].what);
	fputs("\nprofile = \"NAME\" in a trunk section; docs/profiles/NAME.md says what to set at "
	      "the other end.\n",
	      to);
}
