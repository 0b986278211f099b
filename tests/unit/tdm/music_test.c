/* Music on hold: what is in a file comes out, over and over; what is no audio is refused. */
#include "tdm/music.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
/* cmocka wants the three above first */
#include <cmocka.h>

static char path[] = "/tmp/tandem-music-XXXXXX";

static void write_file(const void *data, size_t len)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, len, f), len);
	fclose(f);
}

static size_t wav(uint8_t *out, unsigned format, unsigned channels, unsigned rate, unsigned bits,
		  const void *audio, uint32_t len)
{
	uint8_t head[44] = "RIFF....WAVEfmt \x10\0\0\0";

	head[20] = (uint8_t)format;
	head[22] = (uint8_t)channels;
	head[24] = (uint8_t)rate;
	head[25] = (uint8_t)(rate >> 8);
	head[34] = (uint8_t)bits;
	memcpy(head + 36, "data", 4);
	memcpy(head + 40, &len, 4);
	memcpy(out, head, sizeof(head));
	memcpy(out + sizeof(head), audio, len);
	return sizeof(head) + len;
}

static void raw_octets_repeat(void **state)
{
	uint8_t audio[200], out[TDM_TICK_OCTETS];
	struct music *m;
	const char *why;

	for (unsigned i = 0; i < sizeof(audio); i++)
		audio[i] = (uint8_t)(i + 1);
	write_file(audio, sizeof(audio));
	assert_int_equal(music_load(&m, path, &why), 0);
	struct music_player p = {m, 0};
	for (unsigned i = 0; i < 10 * sizeof(audio); i += TDM_TICK_OCTETS) {
		music_play(&p, out);
		for (unsigned k = 0; k < TDM_TICK_OCTETS; k++)
			assert_int_equal(out[k], audio[(i + k) % sizeof(audio)]);
	}
	music_free(m);
}

static void wav_of_16_bit_becomes_ulaw(void **state)
{
	int16_t audio[160];
	uint8_t file[600];
	struct music *m;
	const char *why;

	for (int i = 0; i < 160; i++)
		audio[i] = (int16_t)(200 * (i - 80));
	write_file(file, wav(file, WAV_PCM, 1, 8000, 16, audio, sizeof(audio)));
	assert_int_equal(music_load(&m, path, &why), 0);
	assert_int_equal(m->len, 160);
	for (unsigned i = 0; i < 160; i++)
		assert_int_equal(m->octets[i], linear_to_ulaw(audio[i]));
	music_free(m);
}

static void what_is_no_audio_is_refused(void **state)
{
	uint8_t audio[200] = {0}, file[600];
	struct music *m;
	const char *why;

	assert_int_equal(music_load(&m, "/nowhere/music.wav", &why), -ENOENT);
	assert_int_equal(music_load(&m, "/dev/null", &why), -EINVAL);
	write_file(audio, 0);
	assert_int_equal(music_load(&m, path, &why), -EINVAL);
	write_file(file, wav(file, WAV_PCM, 2, 8000, 16, audio, sizeof(audio)));
	assert_int_equal(music_load(&m, path, &why), -EINVAL);
	write_file(file, wav(file, WAV_PCM, 1, 16000, 16, audio, sizeof(audio)));
	assert_int_equal(music_load(&m, path, &why), -EINVAL);
	write_file(file, wav(file, WAV_PCM, 1, 8000, 8, audio, sizeof(audio)));
	assert_int_equal(music_load(&m, path, &why), -EINVAL);
	/* Cut off anywhere: refused, or what is left of it. */
	size_t len = wav(file, WAV_ULAW, 1, 8000, 8, audio, sizeof(audio));
	for (size_t cut = 12; cut < len; cut++) {
		write_file(file, cut);
		if (music_load(&m, path, &why) == 0)
			music_free(m);
		else
			assert_null(m);
	}
	assert_int_equal(truncate(path, 2L * MUSIC_OCTETS_MAX + WAV_OVERHEAD_MAX + 1), 0);
	assert_int_equal(music_load(&m, path, &why), -EFBIG);
}

static void the_tone_is_short_and_soft(void **state)
{
	struct music *m;
	unsigned heard = 0;

	assert_int_equal(music_tone(&m), 0);
	for (size_t i = 0; i < m->len; i++) {
		int s = ulaw_to_linear(m->octets[i]);
		heard += abs(s) > TONE_PEAK / 4;
		assert_true(abs(s) <= TONE_PEAK + 64);
	}
	assert_in_range(heard, TONE_ON / 2, TONE_ON);
	music_free(m);
}

static void no_music_is_silence(void **state)
{
	struct music_player p = {NULL, 0};
	uint8_t out[TDM_TICK_OCTETS] = {0};

	music_play(&p, out);
	for (unsigned i = 0; i < TDM_TICK_OCTETS; i++)
		assert_int_equal(out[i], TDM_IDLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(raw_octets_repeat),
		cmocka_unit_test(wav_of_16_bit_becomes_ulaw),
		cmocka_unit_test(what_is_no_audio_is_refused),
		cmocka_unit_test(the_tone_is_short_and_soft),
		cmocka_unit_test(no_music_is_silence),
	};
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	int failed = cmocka_run_group_tests_name("music", tests, NULL, NULL);
	unlink(path);
	return failed;
}
