/* schema_tones.c - see schema_tones.h. */
#include "conf/schema_tones.h"
#include <stddef.h>

const char *const conf_trunk_ringbacks[] = {"far", "own", "auto", NULL};
const char *const conf_peer_ringbacks[] = {"far", "own", NULL};

const char conf_tones_help[] =
	"The tones callers from here are played: a country (us, ca, etsi, at, au, br, ch, de, es, "
	"fr, in, it, jp, mx, nl, nz, se or uk; \"etsi\" is what Europe has in common), or the name "
	"of a section tones.";

const char conf_failure_tone_help[] =
	"How long a caller from here hears why a call failed, as busy tone, congestion tone or "
	"special information tone, before the call is cleared; 0 = the failure is only signalled, "
	"and the caller's own equipment makes the tone.  For equipment that makes none.  Not after "
	"the far end has played its own tones or an announcement.";

#define TONE(name, kind, what)                                                                     \
	{                                                                                          \
		name, CONF_TEXT, CONF_MAY_BE_EMPTY,                                                \
			.offset = offsetof(struct conf_tones, text) + (kind)*TONE_TEXT_MAX,        \
			.size = TONE_TEXT_MAX, .def = "the country's", .help = what                \
	}

const struct conf_key conf_tones_keys[CONF_TONES_KEYS] = {
	{"country", CONF_CHOICE, 0, .offset = offsetof(struct conf_tones, country),
	 .size = sizeof(((struct conf_tones *)0)->country), .choices = tone_countries,
	 .help = "What the tones are that the section does not give."},
	TONE("dial", TONE_DIAL,
	     "Dial tone, written as in DAHDI's zones: \"350@-13+440@-13\" is two frequencies in Hz "
	     "with their levels in dBm0; \"425/500,0/500\" is 500 ms of tone and 500 ms of silence "
	     "in turn; a part that begins with ! is played once; \"400*25\" is modulated."),
	TONE("stutter", TONE_STUTTER, "Recall or special dial tone."),
	TONE("ringback", TONE_RINGBACK, "Ringing tone, for the caller."),
	TONE("busy", TONE_BUSY, "Busy tone: cause 17."),
	TONE("congestion", TONE_CONGESTION,
	     "Congestion or reorder tone: causes that say nothing "
	     "about the number, such as 38 and 41."),
	TONE("vacant", TONE_VACANT, "Special information tone, no such number: cause 1."),
	TONE("intercept", TONE_INTERCEPT,
	     "Special information tone, number changed or out of service: causes 22 and 27."),
	TONE("no_circuit", TONE_NO_CIRCUIT,
	     "Special information tone, all circuits busy: causes 34 and 42."),
	TONE("reorder", TONE_REORDER,
	     "Special information tone, the call cannot be completed: causes 2, 3 and 28."),
	TONE("howler", TONE_HOWLER, "Receiver off-hook tone."),
	TONE("waiting", TONE_WAITING, "Call waiting tone."),
	TONE("hold", TONE_HOLD, "Tone for who is held."),
};

void conf_tones_default(void *element)
{
	struct conf_tones *t = element;

	*t = (struct conf_tones){.country = 0}; /* us */
}
