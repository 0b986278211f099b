#include "tdm/music.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <spandsp.h>

enum {
	WAV_PCM = 1,
	WAV_ULAW = 7,
	WAV_FORMAT_OCTETS = 16,
	WAV_OVERHEAD_MAX = 65536, /* headers and tags beside the audio */
	RATE_HZ = 8000,
};

/* The tone: 425 Hz, 0.3 s of every 5 s, 20 dB below a speaker's usual level. */
enum { TONE_HZ = 425, TONE_ON = RATE_HZ * 3 / 10, TONE_PERIOD = 5 * RATE_HZ, TONE_PEAK = 800 };

static int music_new(struct music **out, size_t len)
{
	size_t room = len < TDM_TICK_OCTETS ? TDM_TICK_OCTETS : len;
	struct music *m = malloc(sizeof(*m) + room);

	*out = m;
	if (m == NULL)
		return -ENOMEM;
	m->len = room;
	memset(m->octets, TDM_IDLE, room);
	return 0;
}

void music_free(struct music *m)
{
	free(m);
}

int music_tone(struct music **out)
{
	int r = music_new(out, TONE_PERIOD);

	if (r < 0)
		return r;
	for (unsigned i = 0; i < TONE_ON; i++) {
		/* Risen and fallen over 10 ms, so that it does not click. */
		unsigned edge = i < TONE_ON - i ? i : TONE_ON - i;
		double level = edge < RATE_HZ / 100 ? edge / (RATE_HZ / 100.0) : 1;
		double s = level * TONE_PEAK * sin(2 * M_PI * TONE_HZ * i / RATE_HZ);
		(*out)->octets[i] = linear_to_ulaw((int)lrint(s));
	}
	return 0;
}

/* --- files --- */

static uint32_t little(const uint8_t *at, unsigned octets)
{
	uint32_t v = 0;

	while (octets-- > 0)
		v = v << 8 | at[octets];
	return v;
}

static int read_file(uint8_t **data, size_t *len, const char *path, const char **why)
{
	struct stat st;
	int r = 0, fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	*data = NULL;
	*len = 0;
	*why = "cannot be read";
	if (fd < 0 || fstat(fd, &st) != 0) {
		r = -errno;
		goto out;
	}
	if (!S_ISREG(st.st_mode)) {
		*why = "is no file";
		r = -EINVAL;
		goto out;
	}
	if (st.st_size > 2 * (off_t)MUSIC_OCTETS_MAX + WAV_OVERHEAD_MAX) {
		*why = "is longer than ten minutes";
		r = -EFBIG;
		goto out;
	}
	*data = malloc((size_t)st.st_size + 1);
	if (*data == NULL) {
		r = -ENOMEM;
		goto out;
	}
	while (*len < (size_t)st.st_size) {
		ssize_t n = read(fd, *data + *len, (size_t)st.st_size - *len);
		if (n < 0)
			r = -errno;
		if (n <= 0)
			break;
		*len += (size_t)n;
	}
out:
	if (fd >= 0)
		close(fd);
	if (r < 0) {
		free(*data);
		*data = NULL;
	}
	return r;
}

struct wav {
	unsigned format, bits;
	const uint8_t *audio;
	size_t len;
};

/* RIFF: chunks of a name, a length and as many octets, padded to an even number. */
static bool wav_read(struct wav *w, const uint8_t *data, size_t len)
{
	size_t at = 12;

	*w = (struct wav){0};
	while (len - at >= 8) {
		const uint8_t *chunk = data + at;
		size_t octets = little(chunk + 4, 4);
		if (octets > len - at - 8)
			octets = len - at - 8; /* cut off: what is there */
		if (memcmp(chunk, "fmt ", 4) == 0 && octets >= WAV_FORMAT_OCTETS) {
			if (little(chunk + 10, 2) != 1 || little(chunk + 12, 4) != RATE_HZ)
				return false;
			w->format = little(chunk + 8, 2);
			w->bits = little(chunk + 22, 2);
		} else if (memcmp(chunk, "data", 4) == 0 && w->audio == NULL) {
			w->audio = chunk + 8;
			w->len = octets;
		}
		octets += octets % 2;
		if (octets > len - at - 8)
			break;
		at += 8 + octets;
	}
	return w->audio != NULL &&
	       ((w->format == WAV_PCM && w->bits == 16) || (w->format == WAV_ULAW && w->bits == 8));
}

static int from_audio(struct music **out, const struct wav *w, const char **why)
{
	size_t samples = w->format == WAV_PCM ? w->len / 2 : w->len;

	if (samples < TDM_TICK_OCTETS) {
		*why = "holds no audio";
		return -EINVAL;
	}
	if (samples > MUSIC_OCTETS_MAX) {
		*why = "is longer than ten minutes";
		return -EFBIG;
	}
	int r = music_new(out, samples);
	if (r < 0)
		return r;
	if (w->format == WAV_ULAW) {
		memcpy((*out)->octets, w->audio, samples);
		return 0;
	}
	for (size_t i = 0; i < samples; i++)
		(*out)->octets[i] = linear_to_ulaw((int16_t)little(w->audio + 2 * i, 2));
	return 0;
}

int music_load(struct music **out, const char *path, const char **why)
{
	struct wav w;
	uint8_t *data;
	size_t len;

	*out = NULL;
	int r = read_file(&data, &len, path, why);
	if (r < 0)
		return r;
	bool riff = len >= 12 && memcmp(data, "RIFF", 4) == 0 && memcmp(data + 8, "WAVE", 4) == 0;
	if (!riff) {
		w = (struct wav){.format = WAV_ULAW, .bits = 8, .audio = data, .len = len};
	} else if (!wav_read(&w, data, len)) {
		*why = "is no WAV of 8 kHz, one channel, 16-bit or mu-law";
		r = -EINVAL;
	}
	if (r == 0)
		r = from_audio(out, &w, why);
	free(data);
	return r;
}

/* --- media --- */

void music_play(struct music_player *p, uint8_t out[TDM_TICK_OCTETS])
{
	size_t done = 0;

	if (p->music == NULL) {
		memset(out, TDM_IDLE, TDM_TICK_OCTETS);
		return;
	}
	while (done < TDM_TICK_OCTETS) {
		size_t left = p->music->len - p->at, n = TDM_TICK_OCTETS - done;
		if (n > left)
			n = left;
		memcpy(out + done, p->music->octets + p->at, n);
		done += n;
		p->at = (p->at + n) % p->music->len;
	}
}
