/* dtmf.h - DTMF digits in one slot's samples: detect and generate.
 *
 * spandsp's receiver and generator behind 10 ms blocks of mu-law octets.  Knows neither spans nor
 * RTP.  Owned by whoever runs the samples; after new nothing allocates.  Q.23, Q.24; levels in
 * dBm0.
 */
#ifndef TDM_DTMF_H
#define TDM_DTMF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dtmf_detector;
struct dtmf_generator;

int dtmf_detector_new(struct dtmf_detector **out); /* 0 or -ENOMEM */
void dtmf_detector_free(struct dtmf_detector *d);
/* Feeds count mu-law octets, a multiple of 80.  Returns the digit that is on at the end of them, 0 = none, with its
 * level (as -dBm0) when level is not NULL. */
char dtmf_detector_run(struct dtmf_detector *d, const uint8_t *ulaw, size_t count, uint8_t *level);

int dtmf_generator_new(struct dtmf_generator **out);
void dtmf_generator_free(struct dtmf_generator *g);
void dtmf_generator_on(struct dtmf_generator *g,
		       char digit); /* until off; at least 70 ms, then 70 ms pause */
void dtmf_generator_off(struct dtmf_generator *g);
/* Overwrites count octets while a digit (or the pause after it) sounds; true = it did. */
bool dtmf_generator_run(struct dtmf_generator *g, uint8_t *ulaw, size_t count);

#endif
