/* schema_tones.h - the keys about what callers hear, for schema.c: those of section tones, and those
 * that sections trunk and peer share.
 */
#ifndef CONF_SCHEMA_TONES_H
#define CONF_SCHEMA_TONES_H

#include "conf/schema.h"

enum { CONF_TONES_KEYS = TONE_KINDS }; /* a country, and a key a tone */

extern const struct conf_key conf_tones_keys[CONF_TONES_KEYS];
extern const char *const conf_trunk_ringbacks[], *const conf_peer_ringbacks[];
extern const char conf_tones_help[], conf_failure_tone_help[];

void conf_tones_default(void *element);

/* In struct type, which has a struct conf_audible audible. */
#define CONF_AUDIBLE_KEYS(type, ringbacks, ringback_help)                                          \
	{"tones",                                                                                  \
	 CONF_NAME,                                                                                \
	 0,                                                                                        \
	 .offset = offsetof(type, audible.tones),                                                  \
	 .size = sizeof(((type *)0)->audible.tones),                                               \
	 .help = conf_tones_help},                                                                 \
		{"ringback",                                                                       \
		 CONF_CHOICE,                                                                      \
		 0,                                                                                \
		 .offset = offsetof(type, audible.ringback),                                       \
		 .size = sizeof(((type *)0)->audible.ringback),                                    \
		 .choices = (ringbacks),                                                           \
		 .help = (ringback_help)},                                                         \
	{                                                                                          \
		"failure_tone_ms", CONF_UINT, 0,                                                   \
			.offset = offsetof(type, audible.failure_tone_ms),                         \
			.size = sizeof(((type *)0)->audible.failure_tone_ms), .min = 0,            \
			.max = 60000, .help = conf_failure_tone_help                               \
	}

#endif
