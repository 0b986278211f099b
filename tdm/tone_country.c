/* tone_country.c - which tones a country has.
 *
 * Sources: ITU-T E.180 Supplement 2 and the list that took its place, "Various tones used in
 * national networks", annex to ITU Operational Bulletin 781 (2003).  North America: the precise
 * tone plan, E.300 Supplement 3; special information tones and receiver off-hook tone, Telcordia
 * GR-506.  United Kingdom: BT SIN 350.  Australia: AS/ACIF S002.  New Zealand: TNA 102.
 * Europe in common: TR 101 041-1, and 3GPP TS 22.001 annex F, which has the same.
 *
 * What a country's own list does not have is that of Europe in common, with its frequency where it
 * has another one.
 *
 * The howler is the same for all: it is the loudest that four sines can be without being cut off;
 * GR-506 asks for 0 dBm0 each on a subscriber's line, which does not fit in mu-law.
 */
#include "tdm/tone.h"

#include <errno.h>
#include <string.h>

struct country {
	const char *name;
	const char *text[TONE_KINDS]; /* NULL = as "etsi" */
};

#define SIT "950/330,1400/330,1800/330,0/1000"
#define SIT_4(text)                                                                                \
	[TONE_VACANT] = (text), [TONE_INTERCEPT] = (text), [TONE_NO_CIRCUIT] = (text),             \
	[TONE_REORDER] = (text)
#define HOWLER        "1400@-9+2060@-9+2450@-9+2600@-9/100,0/100"
#define THRICE(sound) "!" sound "/100,!0/100,!" sound "/100,!0/100,!" sound "/100,!0/100," sound

/* North America: a SIT goes before an announcement; there being none, reorder tone follows, which
 * says "hang up" to everybody. */
#define NA_REORDER            "480@-24+620@-24/250,0/250"
#define NA_SIT(first, second) "!" first ",!" second ",!1776.7@-24/380,!0/100," NA_REORDER
#define NORTH_AMERICA                                                                              \
	{                                                                                          \
		[TONE_DIAL] = "350@-13+440@-13", [TONE_STUTTER] = THRICE("350@-13+440@-13"),       \
		[TONE_RINGBACK] = "440@-19+480@-19/2000,0/4000",                                   \
		[TONE_BUSY] = "480@-24+620@-24/500,0/500", [TONE_CONGESTION] = NA_REORDER,         \
		[TONE_VACANT] = NA_SIT("985.2@-24/380", "1370.6@-24/274"),                         \
		[TONE_INTERCEPT] = NA_SIT("913.8@-24/274", "1370.6@-24/274"),                      \
		[TONE_NO_CIRCUIT] = NA_SIT("985.2@-24/380", "1428.5@-24/380"),                     \
		[TONE_REORDER] = NA_SIT("913.8@-24/274", "1428.5@-24/380"),                        \
		[TONE_HOWLER] = HOWLER, [TONE_WAITING] = "440@-13/300,0/9700",                     \
		[TONE_HOLD] = "440@-24/150,0/150,440@-24/150,0/8000",                              \
	}

static const struct country countries[] = {
	{"us", NORTH_AMERICA},
	{"ca", NORTH_AMERICA},
	{"etsi",
	 {[TONE_DIAL] = "425",
	  [TONE_STUTTER] = "425/500,0/50",
	  [TONE_RINGBACK] = "425/1000,0/4000",
	  [TONE_BUSY] = "425/500,0/500",
	  [TONE_CONGESTION] = "425/200,0/200",
	  SIT_4(SIT),
	  [TONE_HOWLER] = HOWLER,
	  [TONE_WAITING] = "425/200,0/600,425/200,0/3000",
	  /* Of Germany: nobody else's list has one. */
	  [TONE_HOLD] = "425@-24/150,0/150,425@-24/150,0/8000"}},
	{"at",
	 {[TONE_DIAL] = "420",
	  [TONE_STUTTER] = "380+420",
	  [TONE_RINGBACK] = "420/1000,0/5000",
	  [TONE_BUSY] = "420/400,0/400",
	  [TONE_CONGESTION] = "420/200,0/200",
	  SIT_4("950/330,1450/330,1850/330,0/1000"),
	  [TONE_WAITING] = "420/40,0/1960",
	  [TONE_HOLD] = "420@-24/150,0/150,420@-24/150,0/8000"}},
	{"au",
	 {[TONE_DIAL] = "413+438",
	  [TONE_STUTTER] = "413+438/100,0/40",
	  [TONE_RINGBACK] = "413+438/400,0/200,413+438/400,0/2000",
	  [TONE_BUSY] = "425/375,0/375",
	  /* Every second one 10 dB weaker. */
	  [TONE_CONGESTION] = "425@-10/375,0/375,425@-20/375,0/375",
	  SIT_4("425/2500,0/500"),
	  [TONE_WAITING] = "425/200,0/200,425/200,0/4400"}},
	{"br",
	 {[TONE_STUTTER] = "350+440",
	  [TONE_BUSY] = "425/250,0/250",
	  [TONE_CONGESTION] = "425/250,0/250,425/750,0/250",
	  [TONE_WAITING] = "425/50,0/1000"}},
	{"ch",
	 {[TONE_STUTTER] = "340+425/1100,0/1100", [TONE_WAITING] = "425/200,0/200,425/200,0/4000"}},
	{"de",
	 {[TONE_STUTTER] = "400+425",
	  [TONE_BUSY] = "425/480,0/480",
	  [TONE_CONGESTION] = "425/240,0/240",
	  [TONE_WAITING] = "425/200,0/200,425/200,0/5000"}},
	{"es",
	 {[TONE_STUTTER] = "425/1000,0/100",
	  [TONE_RINGBACK] = "425/1500,0/3000",
	  [TONE_BUSY] = "425/200,0/200",
	  [TONE_CONGESTION] = "425/200,0/200,425/200,0/200,425/200,0/600",
	  [TONE_WAITING] = "425/175,0/175,425/175,0/3500"}},
	{"fr",
	 {[TONE_DIAL] = "440",
	  [TONE_STUTTER] = "330+440",
	  [TONE_RINGBACK] = "440/1500,0/3500",
	  [TONE_BUSY] = "440/500,0/500",
	  [TONE_CONGESTION] = "440/250,0/250",
	  [TONE_WAITING] = "440/300,0/10000",
	  [TONE_HOLD] = "440@-24/150,0/150,440@-24/150,0/8000"}},
	{"in",
	 {[TONE_DIAL] = "400*25",
	  [TONE_STUTTER] = "400/500,0/50",
	  [TONE_RINGBACK] = "400*25/400,0/200,400*25/400,0/2000",
	  [TONE_BUSY] = "400/750,0/750",
	  [TONE_CONGESTION] = "400/250,0/250",
	  [TONE_WAITING] = "400/200,0/100,400/200,0/7500",
	  [TONE_HOLD] = "400@-24/150,0/150,400@-24/150,0/8000"}},
	{"it",
	 {[TONE_DIAL] = "425/200,0/200,425/600,0/1000",
	  [TONE_STUTTER] = "470/400,425/400",
	  [TONE_WAITING] = "425/400,0/100,425/250,0/100,425/150,0/14000"}},
	{"jp",
	 {[TONE_DIAL] = "400",
	  [TONE_STUTTER] = "400/125,0/125",
	  [TONE_RINGBACK] = "400*16/1000,0/2000",
	  [TONE_BUSY] = "400/500,0/500",
	  [TONE_CONGESTION] = "400/500,0/500",
	  [TONE_WAITING] = "400*16/500,0/8000",
	  [TONE_HOLD] = "400@-24/150,0/150,400@-24/150,0/8000"}},
	{"mx",
	 {[TONE_STUTTER] = THRICE("425"),
	  [TONE_BUSY] = "425/250,0/250",
	  [TONE_CONGESTION] = "425/250,0/250",
	  SIT_4("950/330,0/30,1400/330,0/30,1800/330,0/1000"),
	  [TONE_WAITING] = "425/200,0/600,425/200,0/10000"}},
	{"nl", {[TONE_CONGESTION] = "425/250,0/250", [TONE_WAITING] = "425/500,0/9500"}},
	{"nz",
	 {[TONE_DIAL] = "400",
	  [TONE_STUTTER] = THRICE("400"),
	  [TONE_RINGBACK] = "400+450/400,0/200,400+450/400,0/2000",
	  [TONE_BUSY] = "400/500,0/500",
	  [TONE_CONGESTION] = "400/250,0/250",
	  SIT_4("400/75,0/100,400/75,0/100,400/75,0/100,400/75,0/400"),
	  [TONE_WAITING] = "!400/200,!0/3000,!400/200,!0/3000,!400/200,!0/3000,!400/200",
	  [TONE_HOLD] = "400@-24/150,0/150,400@-24/150,0/8000"}},
	{"se",
	 {[TONE_STUTTER] = "425/320,0/20",
	  [TONE_RINGBACK] = "425/1000,0/5000",
	  [TONE_BUSY] = "425/250,0/250",
	  [TONE_CONGESTION] = "425/250,0/750",
	  SIT_4("950/332,0/24,1400/332,0/24,1800/332,0/2024"),
	  [TONE_WAITING] = "425/200,0/500,425/200,0/9100"}},
	{"uk",
	 {[TONE_DIAL] = "350+440",
	  [TONE_STUTTER] = "350+440/750,440@-13/750",
	  [TONE_RINGBACK] = "400+450/400,0/200,400+450/400,0/2000",
	  [TONE_BUSY] = "400/375,0/375",
	  [TONE_CONGESTION] = "400/400,0/350,400/225,0/525",
	  [TONE_VACANT] = "400", /* number unobtainable */
	  [TONE_WAITING] = "400/100,0/4000",
	  [TONE_HOLD] = "400@-24/150,0/150,400@-24/150,0/8000"}},
};

enum { COUNTRIES = sizeof(countries) / sizeof(countries[0]), ETSI = 2 };

const char *const tone_countries[COUNTRIES + 1] = {"us", "ca", "etsi", "at", "au", "br",
						   "ch", "de", "es",   "fr", "in", "it",
						   "jp", "mx", "nl",   "nz", "se", "uk"};

const char *tone_country_text(const char *name, enum tone_kind kind)
{
	for (unsigned i = 0; i < COUNTRIES; i++)
		if (strcmp(countries[i].name, name) == 0)
			return countries[i].text[kind] != NULL ? countries[i].text[kind]
							       : countries[ETSI].text[kind];
	return NULL;
}

int tone_set_country(struct tone_set *out, const char *name)
{
	char why[128];

	memset(out, 0, sizeof(*out));
	for (unsigned kind = TONE_NONE + 1; kind < TONE_KINDS; kind++) {
		const char *text = tone_country_text(name, (enum tone_kind)kind);
		if (text == NULL || tone_parse(&out->tone[kind], text, why, sizeof(why)) != 0)
			return -ENOENT;
	}
	return 0;
}
