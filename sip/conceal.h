/* conceal.h - fills the holes that lost packets leave in mu-law audio.
 *
 * Thread: whoever plays the audio.  Embedded in its owner, never allocates.
 */
#ifndef SIP_CONCEAL_H
#define SIP_CONCEAL_H

#include <spandsp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct conceal {
	plc_state_t plc;
	bool active;                      /* the last octet played was invented */
	uint8_t history[PLC_HISTORY_LEN]; /* what was played last */
};

void conceal_init(struct conceal *c);
/* Octets that came: passed unchanged, but for the first few milliseconds after a hole, which are
 * faded into. */
void conceal_good(struct conceal *c, uint8_t *octets, size_t count);
/* Octets that did not come: invents them. */
void conceal_fill(struct conceal *c, uint8_t *octets, size_t count);

#endif
