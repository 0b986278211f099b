/* tone_listener.h - hears busy and congestion tone in one slot's octets: for lines whose end nobody
 * signals.
 *
 * Both the frequencies and the cadence must be those of the country, for three periods, with nothing
 * else in between: speech and music do not do that.  Plain data of whoever runs the octets; nothing
 * allocates.  About 30 instructions a sample.
 */
#ifndef TDM_TONE_LISTENER_H
#define TDM_TONE_LISTENER_H

#include "tdm/tone.h"

enum { TONE_LISTENER_PERIODS = 3, TONE_LISTENER_KINDS = 2 };

struct tone_cadence { /* of one tone that is listened for */
	enum tone_kind kind;
	const struct tone *tone; /* lent; NULL = it has no cadence to know it by */
	unsigned expected;       /* part that comes next */
	unsigned matched;        /* parts in a row */
};

struct tone_listener {
	struct tone_cadence cadence[TONE_LISTENER_KINDS];
	float turn[TONE_SINES_MAX]; /* of the frequencies, 2 cos(2 pi f / 8000) */
	unsigned sines;
	bool on;         /* tone, else silence */
	unsigned run_ms; /* for so long; 0 = not known */
	unsigned odd;    /* blocks that are neither */
};

/* set is lent for the listener's life. */
void tone_listener_init(struct tone_listener *l, const struct tone_set *set);
/* The next TONE_TICK octets.  The tone that was recognised by its end, else TONE_NONE. */
enum tone_kind tone_listener_run(struct tone_listener *l, const uint8_t ulaw[TONE_TICK]);

#endif
