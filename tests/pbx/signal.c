#include "tests/pbx/signal.h"

#include "tests/pbx/marker.h"
#include "tests/pbx/pcm.h"
#include "tests/pbx/speak.h"
#include "tests/pbx/wav.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { OWN_TONES = 60 };

struct signal {
	struct signal_conf conf;
	char digits[SPEAK_DIGITS_MAX + 1];
	double peak;
	double phase[2];
	uint64_t samples;
	int16_t *file;
	size_t file_count;
};

double signal_own_hz(unsigned n)
{
	return 400 + 37.0 * (n % OWN_TONES);
}

int signal_new(struct signal **out, const struct signal_conf *conf, const char *digits,
	       const char **why)
{
	*out = NULL;
	*why = strerror(ENOMEM);
	struct signal *s = calloc(1, sizeof *s);
	if (s == NULL)
		return -ENOMEM;
	s->conf = *conf;
	s->peak = pcm_peak_of_dbm0(conf->dbm0);
	strncpy(s->digits, digits, SPEAK_DIGITS_MAX);
	if (conf->kind == SIGNAL_FILE) {
		int rc = wav_load(&s->file, &s->file_count, conf->path, why);
		if (rc < 0) {
			free(s);
			return rc;
		}
	}
	*out = s;
	return 0;
}

void signal_free(struct signal *s)
{
	if (s == NULL)
		return;
	free(s->file);
	free(s);
}

/* The phase goes on from one call to the next, so a tone never clicks by our doing. */
static double oscillate(double *phase, double hz)
{
	double value = sin(*phase);

	*phase += 2 * M_PI * hz / PCM_RATE_HZ;
	if (*phase > 2 * M_PI)
		*phase -= 2 * M_PI;
	return value;
}

static double digits_sample(struct signal *s)
{
	double hz = speak_hz_at(s->digits, s->samples);

	if (hz == 0) {
		s->phase[0] = 0;
		return 0;
	}
	return s->peak * oscillate(&s->phase[0], hz);
}

/* A burst is as loud as the tone of that level: same power, so its chips are smaller by the crest
 * factor. */
static double marker_sample(const struct signal *s)
{
	uint64_t at = s->samples % MARKER_PERIOD_SAMPLES;

	return at < MARKER_SAMPLES ? s->peak * M_SQRT1_2 * marker_chip((unsigned)at) : 0;
}

/* North American audible ringing: 440 + 480 Hz, 2 s on, 4 s off, -19 dBm0 each. */
static double ringback_sample(struct signal *s)
{
	if (s->samples % (6 * PCM_RATE_HZ) >= 2 * PCM_RATE_HZ)
		return 0;
	return pcm_peak_of_dbm0(-19) *
	       (oscillate(&s->phase[0], 440) + oscillate(&s->phase[1], 480));
}

static double next_sample(struct signal *s)
{
	switch (s->conf.kind) {
	case SIGNAL_TONE: return s->peak * oscillate(&s->phase[0], s->conf.hz);
	case SIGNAL_DIGITS: return digits_sample(s);
	case SIGNAL_MARKER: return marker_sample(s);
	case SIGNAL_RINGBACK: return ringback_sample(s);
	case SIGNAL_FILE: return s->file_count > 0 ? s->file[s->samples % s->file_count] : 0;
	case SIGNAL_SILENCE: break;
	}
	return 0;
}

void signal_run(struct signal *s, int16_t *pcm, size_t count, int *marker_at)
{
	if (marker_at != NULL)
		*marker_at = -1;
	for (size_t i = 0; i < count; i++) {
		if (marker_at != NULL && s->conf.kind == SIGNAL_MARKER &&
		    s->samples % MARKER_PERIOD_SAMPLES == 0)
			*marker_at = (int)i;
		pcm[i] = pcm_clip(next_sample(s));
		s->samples++;
	}
}

static const char dtmf_keys[] = "123A456B789C*0#D";

int signal_dtmf_add(struct signal_dtmf *d, const char *digits)
{
	size_t have = strlen(d->digits + d->at), more = strlen(digits);

	if (more == 0 || strspn(digits, dtmf_keys) != more)
		return -EINVAL;
	if (have + more >= sizeof d->digits)
		return -ENOSPC;
	memmove(d->digits, d->digits + d->at, have + 1);
	d->at = 0;
	memcpy(d->digits + have, digits, more + 1);
	return 0;
}

/* Q.23 frequencies; levels of a usual telephone: low group -8, high group -6 dBm0. */
static double dtmf_sample(char digit, unsigned at)
{
	static const double row[4] = {697, 770, 852, 941}, column[4] = {1209, 1336, 1477, 1633};
	size_t key = (size_t)(strchr(dtmf_keys, digit) - dtmf_keys);
	double t = 2 * M_PI * at / PCM_RATE_HZ;

	return pcm_peak_of_dbm0(-8) * sin(t * row[key / 4]) +
	       pcm_peak_of_dbm0(-6) * sin(t * column[key % 4]);
}

bool signal_dtmf_run(struct signal_dtmf *d, int16_t *pcm, size_t count)
{
	const unsigned on = SIGNAL_DTMF_ON_MS * PCM_RATE_HZ / 1000;
	const unsigned whole = on + SIGNAL_DTMF_OFF_MS * PCM_RATE_HZ / 1000;

	if (d->digits[d->at] == '\0')
		return false;
	for (size_t i = 0; i < count; i++) {
		char digit = d->digits[d->at];
		pcm[i] = digit != '\0' && d->samples < on ? pcm_clip(dtmf_sample(digit, d->samples))
							  : 0;
		if (digit != '\0' && ++d->samples == whole) {
			d->at++;
			d->samples = 0;
		}
	}
	return true;
}
