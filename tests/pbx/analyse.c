#include "tests/pbx/analyse.h"

#include "tests/pbx/marker.h"
#include "tests/pbx/measure.h"
#include "tests/pbx/pcm.h"
#include "tests/pbx/report.h"
#include "tests/pbx/speak.h"
#include "tests/pbx/wav.h"
#include <math.h>
#include <spandsp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 80, DTMF_MAX = 128 };
#define EXPECT_WITHIN_HZ 2.0

struct ear {
	struct measure measure;
	struct speak_detector digits;
	struct marker_detector marker;
	dtmf_rx_state_t *dtmf;
	char dtmf_heard[DTMF_MAX];
	json_t *markers;
};

static void ear_run(struct ear *e, const int16_t *pcm, size_t count)
{
	uint64_t start;

	measure_run(&e->measure, pcm, count);
	speak_detector_run(&e->digits, pcm, count);
	for (size_t i = 0; i < count; i++) {
		if (marker_detector_put(&e->marker, pcm[i], &start))
			json_array_append_new(e->markers, json_integer((json_int_t)start));
	}
	size_t have = strlen(e->dtmf_heard);
	dtmf_rx(e->dtmf, pcm, (int)count);
	if (have + 1 < sizeof e->dtmf_heard)
		dtmf_rx_get(e->dtmf, e->dtmf_heard + have, (int)(sizeof e->dtmf_heard - 1 - have));
}

static bool as_expected(const struct measure *m, double hz)
{
	const struct measure_stretch *s = measure_main(m);

	return s != NULL && s->hz2 == 0 && fabs(s->hz - hz) <= EXPECT_WITHIN_HZ && s->gaps == 0 &&
	       s->jumps == 0 && s->clicks == 0 && s->level_changes == 0;
}

int analyse_file(const char *path, double expect_hz)
{
	struct ear *e = calloc(1, sizeof *e);
	int16_t *pcm = NULL;
	size_t count;
	const char *why = "out of memory";
	int status = 2;

	if (e != NULL)
		e->dtmf = dtmf_rx_init(NULL, NULL, NULL);
	if (e == NULL || e->dtmf == NULL || wav_load(&pcm, &count, path, &why) < 0) {
		fprintf(stderr, "%s: %s\n", path, why);
		goto done;
	}
	measure_init(&e->measure);
	speak_detector_init(&e->digits);
	marker_detector_init(&e->marker);
	e->markers = json_array();
	for (size_t at = 0; at < count; at += BLOCK)
		ear_run(e, pcm + at, count - at < BLOCK ? count - at : BLOCK);
	measure_end(&e->measure);
	bool ok = expect_hz == 0 || as_expected(&e->measure, expect_hz);
	json_t *j = report_measure(&e->measure);
	json_object_set_new(j, "file", json_string(path));
	json_object_set_new(j, "digits", json_string(e->digits.heard));
	json_object_set_new(j, "digits_times", json_integer(e->digits.patterns));
	json_object_set_new(j, "dtmf", json_string(e->dtmf_heard));
	json_object_set(j, "markers_at", e->markers);
	if (expect_hz != 0)
		json_object_set_new(j, "ok", json_boolean(ok));
	json_dumpf(j, stdout, JSON_COMPACT | JSON_REAL_PRECISION(12));
	putchar('\n');
	json_decref(j);
	status = ok ? 0 : 1;
done:
	if (e != NULL) {
		if (e->dtmf != NULL)
			dtmf_rx_free(e->dtmf);
		json_decref(e->markers);
	}
	free(e);
	free(pcm);
	return status;
}

static bool ends_with(const char *text, const char *end)
{
	size_t a = strlen(text), b = strlen(end);

	return a >= b && strcmp(text + a - b, end) == 0;
}

int analyse_make(const char *path, const struct signal_conf *conf, const char *digits,
		 double seconds)
{
	bool raw = ends_with(path, ".ulaw") || ends_with(path, ".ul");
	struct signal_conf own = *conf;
	struct signal *signal = NULL;
	struct wav_writer *wav = NULL;
	FILE *file = NULL;
	const char *why = "cannot be written";
	int status = 2;

	if (own.kind == SIGNAL_TONE && own.hz == 0)
		own.hz = signal_own_hz(0);
	if (signal_new(&signal, &own, digits, &why) < 0)
		goto done;
	if (raw ? (file = fopen(path, "wb")) == NULL : wav_writer_open(&wav, path) < 0)
		goto done;
	for (uint64_t left = (uint64_t)(seconds * PCM_RATE_HZ); left > 0;) {
		int16_t pcm[BLOCK];
		uint8_t ulaw[BLOCK];
		size_t count = left < BLOCK ? left : BLOCK;
		signal_run(signal, pcm, count, NULL);
		pcm_to_ulaw(pcm, ulaw, count);
		if (raw)
			fwrite(ulaw, 1, count, file);
		else
			wav_writer_put(wav, pcm, count);
		left -= count;
	}
	status = 0;
done:
	if (status != 0)
		fprintf(stderr, "%s: %s\n", path, why);
	signal_free(signal);
	wav_writer_close(wav);
	if (file != NULL)
		fclose(file);
	return status;
}
