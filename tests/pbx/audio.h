/* audio.h - the ear and the mouth of a phone in one call.
 *
 * A tick goes: audio_talk() gives the octets for the line, the span exchanges, audio_listen() takes
 * what came.  So what the phone's hybrid returns leaves a tick (10 ms) after it was heard, plus the
 * hybrid's own delay.  Samples are counted from 0 in both directions alike.
 */
#ifndef PBX_AUDIO_H
#define PBX_AUDIO_H

#include "tdm/bert.h"
#include "tdm/span.h"
#include "tests/pbx/hybrid.h"
#include "tests/pbx/measure.h"
#include "tests/pbx/signal.h"
#include "tests/pbx/speak.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct audio_conf {
	struct signal_conf play;          /* once the call is answered */
	bool ringback;                    /* before that, ringing tone; else silence */
	const char *number;               /* spoken by "digits" */
	const struct hybrid_conf *hybrid; /* NULL = no echo */
	const char *record;               /* NULL or a file for what is heard after the answer */
	bool marker_listen;
	const enum tdm_bert_pattern *bert; /* NULL = none */
};

struct audio_trip { /* markers of our own that came back */
	unsigned count;
	unsigned min, max; /* samples */
	uint64_t sum;
};

struct audio;

/* 0 or -errno with why (lent) in *why. */
int audio_new(struct audio **out, const struct audio_conf *conf, const char **why);
void audio_free(struct audio *a);

/* From here on the phone speaks, and what it hears is measured anew. */
void audio_answered(struct audio *a);
int audio_play(struct audio *a, const struct signal_conf *play, const char **why);
int audio_dtmf(struct audio *a, const char *digits); /* as signal_dtmf_add() */

/* A marker that began to leave or was recognised. */
struct audio_marker {
	bool seen;
	uint64_t sample;  /* its first sample */
	uint64_t mono_us; /* when that sample was (see docs/simpbx.md) */
};
void audio_talk(struct audio *a, uint8_t *ulaw, uint64_t now_us, struct audio_marker *sent);
void audio_listen(struct audio *a, const uint8_t *ulaw, uint64_t now_us,
		  struct audio_marker *heard);

/* Results so far. */
const struct measure *audio_early(const struct audio *a); /* before the answer */
const struct measure *audio_heard(const struct audio *a); /* after it */
const struct speak_detector *audio_digits(const struct audio *a);
const char *audio_dtmf_heard(const struct audio *a);
const struct audio_trip *audio_trip(const struct audio *a);
unsigned audio_markers_heard(const struct audio *a);
/* False: it makes no bit error test. */
bool audio_bert(const struct audio *a, struct tdm_bert_counts *out);

#endif
