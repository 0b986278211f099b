/* conceal.h - fills the holes that lost packets leave in mu-law audio.
 *
 * The last period of what was played goes on: a steady tone keeps its frequency, level and phase,
 * and what comes after the hole joins it.  20 ms at full level, then it fades and is silent after
 * 55 ms (as ITU-T G.711 Appendix I, whose fade begins earlier).
 *
 * Thread: whoever plays the audio.  Embedded in its owner, never allocates.
 */
#ifndef SIP_CONCEAL_H
#define SIP_CONCEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	CONCEAL_HISTORY = 320,
	CONCEAL_PERIOD_MAX = 160,
};

struct conceal {
	uint8_t history[CONCEAL_HISTORY]; /* what was played last */
	unsigned heard;                   /* of it since init, up to all */
	bool active;                      /* the last octet played was invented */
	bool quiet;                       /* nothing to be heard was going on */
	unsigned period;                  /* samples that are repeated */
	unsigned invented;                /* samples in this hole */
	float cycle[CONCEAL_PERIOD_MAX];
	float step; /* from the first repeated sample to the one that should come */
};

void conceal_init(struct conceal *c);
/* Octets that came: passed unchanged, but for the first 5 ms after a hole, which are faded into. */
void conceal_good(struct conceal *c, uint8_t *octets, size_t count);
/* Octets that did not come: invents them. */
void conceal_fill(struct conceal *c, uint8_t *octets, size_t count);
/* While active: so many samples, at least those asked for, may what follows be moved by and still
 * join what is being invented. */
unsigned conceal_shift(const struct conceal *c, unsigned least);

#endif
