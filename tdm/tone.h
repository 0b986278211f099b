/* tone.h - call progress tones: what each is in a country, and one being played into a slot's or a
 * stream's octets.
 *
 * A tone is written as DAHDI's zones and Asterisk's indications.conf write theirs, with a level
 * added:
 *
 *   480@-24+620@-24/500,0/500       two frequencies in Hz, each at so many dBm0, for 500 ms; then
 *                                   silence for 500 ms; again and again
 *   !350+440/100,!0/100,350+440     ! is played once, before what repeats; a part without a time
 *                                   lasts for ever
 *   400*25/400,0/200                a frequency modulated by another
 *
 * Where every part has a !, silence follows.  Without a level the part has -10 dBm0 in all, what
 * E.180 clause 2 wants of each tone.
 *
 * Reading allocates nothing and may be done in any thread.  A player is plain data of whoever runs
 * the octets; it allocates nothing and calls no system.
 */
#ifndef TDM_TONE_H
#define TDM_TONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tone_kind {
	TONE_NONE,
	TONE_DIAL,
	TONE_STUTTER,  /* recall or special dial tone: a service is active, a call is held */
	TONE_RINGBACK, /* ringing tone, E.182 */
	TONE_BUSY,
	TONE_CONGESTION, /* reorder, "fast busy" */
	/* Special information tones; North America tells four apart, elsewhere they are one. */
	TONE_VACANT,     /* no such number */
	TONE_INTERCEPT,  /* number changed or out of service */
	TONE_NO_CIRCUIT, /* all circuits busy */
	TONE_REORDER,    /* the call failed on its way */
	TONE_HOWLER,     /* the receiver was not put back */
	TONE_WAITING,    /* another call waits */
	TONE_HOLD,       /* to who is held */
	TONE_KINDS
};

enum {
	TONE_PARTS_MAX = 16,
	TONE_SINES_MAX = 4,
	TONE_TEXT_MAX = 160, /* with its end */
	TONE_TICK = 80,      /* octets a player makes at a time: 10 ms */
	TONE_FADE = 32,      /* samples, 4 ms, of each of its edges */
};

struct tone_part {
	uint16_t ms;    /* 0 = for ever */
	uint8_t sines;  /* 0 = silence */
	int8_t dbm0[TONE_SINES_MAX];
	uint16_t dhz[TONE_SINES_MAX]; /* tenths of Hz */
};

struct tone { /* parts 0 = no tone */
	uint8_t parts, repeat_from; /* repeat_from == parts: silence follows */
	struct tone_part part[TONE_PARTS_MAX];
};

struct tone_set {
	struct tone tone[TONE_KINDS];
};

const char *tone_kind_name(enum tone_kind kind); /* "dial", "ringback", ... */

/* 0, or -EINVAL with why not in why. */
int tone_parse(struct tone *out, const char *text, char *why, size_t why_size);

/* The tones of a country, "us" or "de", or "etsi" for what Europe has in common.  0 or -ENOENT. */
int tone_set_country(struct tone_set *out, const char *name);
/* All there are; ends with NULL. */
extern const char *const tone_countries[];
/* How a country's tone is written; NULL = there is no such country. */
const char *tone_country_text(const char *name, enum tone_kind kind);

/* --- playing --- */

struct tone_sound { /* tone.parts 0 = what is given passes */
	struct tone tone;
	uint8_t at;        /* part that sounds */
	uint32_t done;     /* samples of it */
	uint8_t first, last; /* bit per sine: it begins, it ends with this part */
	float re[TONE_SINES_MAX], im[TONE_SINES_MAX];
	float turn_re[TONE_SINES_MAX], turn_im[TONE_SINES_MAX]; /* of one sample */
};

struct tone_player { /* zeroed = nothing is played */
	struct tone_sound now, before;
	bool fades; /* from before to now */
};

/* From the next octet on; NULL or no parts: what is given is heard again. */
void tone_player_set(struct tone_player *p, const struct tone *tone);
bool tone_player_plays(const struct tone_player *p);
/* The next TONE_TICK octets: those of the tone take the place of those given.  False: nothing was
 * changed. */
bool tone_player_run(struct tone_player *p, uint8_t ulaw[TONE_TICK]);

#endif
