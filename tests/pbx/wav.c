#include "tests/pbx/wav.h"

#include "tests/pbx/pcm.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	WAV_FORMAT_PCM = 1,
	WAV_FORMAT_ULAW = 7,
	WAV_HEADER_OCTETS = 44,
	WAV_FILE_MAX = 512 << 20,
};

static uint32_t get_le32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static unsigned get_le16(const uint8_t *p)
{
	return (unsigned)p[0] | (unsigned)p[1] << 8;
}

static int file_read(uint8_t **data, size_t *size, const char *path)
{
	FILE *f = fopen(path, "rb");
	int rc = 0;

	*data = NULL;
	*size = 0;
	if (f == NULL)
		return -errno;
	size_t cap = 0;
	for (;;) {
		if (*size == cap) {
			cap = cap ? cap * 2 : 1 << 16;
			uint8_t *bigger = cap <= WAV_FILE_MAX ? realloc(*data, cap) : NULL;
			if (bigger == NULL) {
				rc = cap <= WAV_FILE_MAX ? -ENOMEM : -EFBIG;
				goto fail;
			}
			*data = bigger;
		}
		size_t got = fread(*data + *size, 1, cap - *size, f);
		if (got == 0)
			break;
		*size += got;
	}
	if (ferror(f)) {
		rc = -EIO;
		goto fail;
	}
	fclose(f);
	return 0;
fail:
	free(*data);
	*data = NULL;
	fclose(f);
	return rc;
}

struct wav_data {
	unsigned format;
	const uint8_t *octets;
	size_t size;
};

/* Finds "fmt " and "data" among the chunks.  A data chunk longer than the file (its writer was
 * killed before it could write the length) ends where the file ends. */
static const char *wav_find(struct wav_data *out, const uint8_t *file, size_t size)
{
	size_t at = 12;

	memset(out, 0, sizeof *out);
	while (size - at >= 8) {
		const uint8_t *chunk = file + at;
		size_t room = size - at - 8;
		size_t len = get_le32(chunk + 4);
		if (memcmp(chunk, "fmt ", 4) == 0) {
			if (len < 16 || room < 16)
				return "its format chunk is cut off";
			out->format = get_le16(chunk + 8);
			if (get_le16(chunk + 10) != 1)
				return "it is not mono";
			if (get_le32(chunk + 12) != PCM_RATE_HZ)
				return "its rate is not 8000 Hz";
			unsigned bits = get_le16(chunk + 22);
			if (!(out->format == WAV_FORMAT_PCM && bits == 16) &&
			    !(out->format == WAV_FORMAT_ULAW && bits == 8))
				return "it is neither 16-bit nor mu-law";
		} else if (memcmp(chunk, "data", 4) == 0) {
			if (out->format == 0)
				return "it has no format chunk before its data";
			out->octets = chunk + 8;
			out->size = len == 0 || len > room ? room : len;
			return NULL;
		}
		if (len > room)
			break;
		at += 8 + len + (len & 1);
		if (at > size)
			break;
	}
	return "it has no data chunk";
}

int wav_load(int16_t **pcm, size_t *count, const char *path, const char **why)
{
	uint8_t *file;
	size_t size;

	*pcm = NULL;
	*count = 0;
	*why = "";
	int rc = file_read(&file, &size, path);
	if (rc < 0) {
		*why = strerror(-rc);
		return rc;
	}
	struct wav_data data = {WAV_FORMAT_ULAW, file, size};
	if (size >= 12 && memcmp(file, "RIFF", 4) == 0 && memcmp(file + 8, "WAVE", 4) == 0) {
		const char *wrong = wav_find(&data, file, size);
		if (wrong != NULL) {
			*why = wrong;
			free(file);
			return -EINVAL;
		}
	}
	size_t n = data.format == WAV_FORMAT_PCM ? data.size / 2 : data.size;
	int16_t *out = malloc((n + 1) * sizeof *out);
	if (out == NULL) {
		*why = strerror(ENOMEM);
		free(file);
		return -ENOMEM;
	}
	if (data.format == WAV_FORMAT_PCM) {
		for (size_t i = 0; i < n; i++)
			out[i] = (int16_t)get_le16(data.octets + 2 * i);
	} else {
		pcm_from_ulaw(data.octets, out, n);
	}
	free(file);
	*pcm = out;
	*count = n;
	return 0;
}

struct wav_writer {
	FILE *file;
	uint32_t data_octets;
};

static void put_le(uint8_t *p, uint32_t value, unsigned octets)
{
	for (unsigned i = 0; i < octets; i++)
		p[i] = (uint8_t)(value >> 8 * i);
}

static void header_write(struct wav_writer *w)
{
	uint8_t h[WAV_HEADER_OCTETS] = "RIFF....WAVEfmt ....................data....";

	put_le(h + 4, WAV_HEADER_OCTETS - 8 + w->data_octets, 4);
	put_le(h + 16, 16, 4);
	put_le(h + 20, WAV_FORMAT_PCM, 2);
	put_le(h + 22, 1, 2);
	put_le(h + 24, PCM_RATE_HZ, 4);
	put_le(h + 28, PCM_RATE_HZ * 2, 4);
	put_le(h + 32, 2, 2);
	put_le(h + 34, 16, 2);
	put_le(h + 40, w->data_octets, 4);
	fwrite(h, 1, sizeof h, w->file);
}

int wav_writer_open(struct wav_writer **out, const char *path)
{
	*out = NULL;
	struct wav_writer *w = calloc(1, sizeof *w);
	if (w == NULL)
		return -ENOMEM;
	w->file = fopen(path, "wb");
	if (w->file == NULL) {
		int rc = -errno;
		free(w);
		return rc;
	}
	header_write(w);
	*out = w;
	return 0;
}

void wav_writer_put(struct wav_writer *w, const int16_t *pcm, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint8_t sample[2];
		put_le(sample, (uint16_t)pcm[i], 2);
		fwrite(sample, 1, 2, w->file);
	}
	w->data_octets += (uint32_t)count * 2;
}

void wav_writer_close(struct wav_writer *w)
{
	if (w == NULL)
		return;
	rewind(w->file);
	header_write(w);
	fclose(w->file);
	free(w);
}
