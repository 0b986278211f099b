/* hybrid.h - the echo of an analog phone's two-wire line: what is heard comes back weaker, later
 * and smeared.
 *
 * echo = heard * FIR, the FIR being a shape put behind a pure delay and scaled so that white noise
 * returns ERL dB weaker (G.168 states its echo paths the same way).  The shapes are our own, made
 * to be like those of G.168 Annex D: a short one, a longer one, one that rings, one with two
 * reflections.  One owner; no allocation after new.
 */
#ifndef PBX_HYBRID_H
#define PBX_HYBRID_H

#include <stddef.h>
#include <stdint.h>

enum hybrid_shape {
	HYBRID_FLAT,
	HYBRID_SHORT,
	HYBRID_LONG,
	HYBRID_RINGING,
	HYBRID_DOUBLE,
	HYBRID_SHAPE_COUNT
};

enum { HYBRID_DELAY_MS_MAX = 500, HYBRID_TAPS_MAX = 128 };

struct hybrid_conf {
	double erl_db;     /* echo return loss: 0 = comes back as loud as it was */
	unsigned delay_ms; /* before the first tap */
	enum hybrid_shape shape;
	double taps[HYBRID_TAPS_MAX]; /* used instead of the shape when tap_count > 0 */
	unsigned tap_count;
};

struct hybrid;

int hybrid_new(struct hybrid **out, const struct hybrid_conf *conf); /* 0, -ENOMEM, -EINVAL */
void hybrid_free(struct hybrid *h);
/* Takes count heard samples, gives as many of echo. */
void hybrid_run(struct hybrid *h, const int16_t *heard, int16_t *echo, size_t count);

const char *hybrid_shape_name(enum hybrid_shape shape);
int hybrid_shape_parse(const char *name, enum hybrid_shape *out); /* 0 or -EINVAL */

#endif
