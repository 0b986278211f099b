#include "tests/pbx/audio.h"

#include "tests/pbx/marker.h"
#include "tests/pbx/pcm.h"
#include "tests/pbx/wav.h"
#include <errno.h>
#include <spandsp.h>
#include <stdlib.h>
#include <string.h>

enum {
	TICK = TDM_TICK_OCTETS,
	SAMPLE_US = 1000000 / PCM_RATE_HZ,
	TICKS_KEPT = 16, /* a marker is recognised at most 4 ticks after it began */
	SENT_KEPT = 2,
	DTMF_HEARD_MAX = 128,
};

struct audio {
	struct audio_conf conf;
	char number[SPEAK_DIGITS_MAX + 1];
	struct signal *signal, *later; /* later: what to play once answered */
	struct hybrid *hybrid;
	struct wav_writer *record;
	bool answered;
	int16_t echo[TICK]; /* to be added to the next tick */
	struct signal_dtmf dtmf;
	uint64_t talked, listened;    /* samples */
	uint64_t tick_us[TICKS_KEPT]; /* when the tick of sample n * TICK was taken, n mod kept */
	struct measure early, heard;
	struct speak_detector digits;
	dtmf_rx_state_t *dtmf_rx;
	char dtmf_heard[DTMF_HEARD_MAX];
	struct marker_detector marker;
	uint64_t sent[SENT_KEPT]; /* first samples of the last markers, newest first */
	unsigned sent_count, markers_heard;
	struct audio_trip trip;
	struct tdm_bert *bert; /* NULL = none */
};

int audio_new(struct audio **out, const struct audio_conf *conf, const char **why)
{
	int rc = -ENOMEM;
	struct signal_conf before = {.kind = conf->ringback ? SIGNAL_RINGBACK : SIGNAL_SILENCE};

	*out = NULL;
	*why = strerror(ENOMEM);
	struct audio *a = calloc(1, sizeof *a);
	if (a == NULL)
		return -ENOMEM;
	a->conf = *conf;
	strncpy(a->number, conf->number, SPEAK_DIGITS_MAX);
	a->dtmf_rx = dtmf_rx_init(NULL, NULL, NULL);
	if (a->dtmf_rx == NULL)
		goto fail;
	rc = signal_new(&a->signal, &before, a->number, why);
	if (rc == 0)
		rc = signal_new(&a->later, &conf->play, a->number, why);
	if (rc < 0)
		goto fail;
	if (conf->hybrid != NULL) {
		rc = hybrid_new(&a->hybrid, conf->hybrid);
		*why = "the hybrid's taps or delay cannot be";
	}
	if (rc == 0 && conf->record != NULL) {
		rc = wav_writer_open(&a->record, conf->record);
		*why = strerror(-rc);
	}
	if (rc == 0 && conf->bert != NULL) {
		rc = tdm_bert_new(&a->bert, *conf->bert);
		*why = strerror(-rc);
	}
	if (rc < 0)
		goto fail;
	a->conf.bert = NULL;
	a->conf.number = a->conf.record = NULL;
	a->conf.hybrid = NULL;
	measure_init(&a->early);
	measure_init(&a->heard);
	speak_detector_init(&a->digits);
	marker_detector_init(&a->marker);
	*out = a;
	return 0;
fail:
	audio_free(a);
	return rc;
}

void audio_free(struct audio *a)
{
	if (a == NULL)
		return;
	signal_free(a->signal);
	signal_free(a->later);
	hybrid_free(a->hybrid);
	tdm_bert_free(a->bert);
	wav_writer_close(a->record);
	if (a->dtmf_rx != NULL)
		dtmf_rx_free(a->dtmf_rx);
	free(a);
}

void audio_answered(struct audio *a)
{
	if (a->answered)
		return;
	a->answered = true;
	measure_end(&a->early);
	signal_free(a->signal);
	a->signal = a->later;
	a->later = NULL;
}

int audio_play(struct audio *a, const struct signal_conf *play, const char **why)
{
	struct signal *signal;
	int rc = signal_new(&signal, play, a->number, why);

	if (rc < 0)
		return rc;
	struct signal **place = a->answered ? &a->signal : &a->later;
	signal_free(*place);
	*place = signal;
	return 0;
}

int audio_dtmf(struct audio *a, const char *digits)
{
	return signal_dtmf_add(&a->dtmf, digits);
}

void audio_talk(struct audio *a, uint8_t *ulaw, uint64_t now_us, struct audio_marker *sent)
{
	int16_t pcm[TICK];
	int marker_at;

	signal_run(a->signal, pcm, TICK, &marker_at);
	if (signal_dtmf_run(&a->dtmf, pcm, TICK))
		marker_at = -1;
	for (unsigned i = 0; i < TICK; i++)
		pcm[i] = pcm_clip((double)pcm[i] + a->echo[i]);
	pcm_to_ulaw(pcm, ulaw, TICK);
	memset(sent, 0, sizeof *sent);
	if (marker_at >= 0) {
		sent->seen = true;
		sent->sample = a->talked + (unsigned)marker_at;
		sent->mono_us = now_us + (unsigned)marker_at * SAMPLE_US;
		a->sent[1] = a->sent[0];
		a->sent[0] = sent->sample;
		if (a->sent_count < SENT_KEPT)
			a->sent_count++;
	}
	a->talked += TICK;
	if (a->bert != NULL && a->answered)
		tdm_bert_send(a->bert, ulaw, TICK);
}

static void marker_heard(struct audio *a, uint64_t start)
{
	a->markers_heard++;
	for (unsigned i = 0; i < a->sent_count; i++) {
		if (a->sent[i] > start)
			continue;
		unsigned samples = (unsigned)(start - a->sent[i]);
		struct audio_trip *t = &a->trip;
		if (t->count == 0 || samples < t->min)
			t->min = samples;
		if (t->count == 0 || samples > t->max)
			t->max = samples;
		t->sum += samples;
		t->count++;
		return;
	}
}

/* The last sample of a tick arrived when the tick was taken, the others before it. */
static uint64_t listened_us(const struct audio *a, uint64_t sample)
{
	uint64_t tick = sample / TICK;
	unsigned before = TICK - 1 - (unsigned)(sample % TICK);

	return a->tick_us[tick % TICKS_KEPT] - before * SAMPLE_US;
}

void audio_listen(struct audio *a, const uint8_t *ulaw, uint64_t now_us, struct audio_marker *heard)
{
	int16_t pcm[TICK];

	memset(heard, 0, sizeof *heard);
	pcm_from_ulaw(ulaw, pcm, TICK);
	a->tick_us[a->listened / TICK % TICKS_KEPT] = now_us;
	if (a->conf.marker_listen) {
		for (unsigned i = 0; i < TICK; i++) {
			if (!marker_detector_put(&a->marker, pcm[i], &heard->sample))
				continue;
			heard->seen = true;
			heard->mono_us = listened_us(a, heard->sample);
			marker_heard(a, heard->sample);
		}
	}
	a->listened += TICK;
	if (a->bert != NULL && a->answered)
		tdm_bert_receive(a->bert, ulaw, TICK);
	if (a->hybrid != NULL && a->answered)
		hybrid_run(a->hybrid, pcm, a->echo, TICK);
	measure_run(a->answered ? &a->heard : &a->early, pcm, TICK);
	if (!a->answered)
		return;
	speak_detector_run(&a->digits, pcm, TICK);
	dtmf_rx(a->dtmf_rx, pcm, TICK);
	size_t have = strlen(a->dtmf_heard);
	if (have + 1 < sizeof a->dtmf_heard)
		dtmf_rx_get(a->dtmf_rx, a->dtmf_heard + have,
			    (int)(sizeof a->dtmf_heard - 1 - have));
	if (a->record != NULL)
		wav_writer_put(a->record, pcm, TICK);
}

bool audio_bert(const struct audio *a, struct tdm_bert_counts *out)
{
	if (a->bert != NULL)
		tdm_bert_counts(a->bert, out);
	return a->bert != NULL;
}

const struct measure *audio_early(const struct audio *a)
{
	return &a->early;
}

const struct measure *audio_heard(const struct audio *a)
{
	return &a->heard;
}

const struct speak_detector *audio_digits(const struct audio *a)
{
	return &a->digits;
}

const char *audio_dtmf_heard(const struct audio *a)
{
	return a->dtmf_heard;
}

const struct audio_trip *audio_trip(const struct audio *a)
{
	return &a->trip;
}

unsigned audio_markers_heard(const struct audio *a)
{
	return a->markers_heard;
}
