#include "tests/pbx/pcm.c"
#include "tests/pbx/wav.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

static char path[] = "/tmp/simpbx-wav-XXXXXX";

static void file_put(const void *data, size_t size)
{
	FILE *f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, size, f), size);
	fclose(f);
}

static void what_is_recorded_is_read_back(void **state)
{
	int16_t out[1000], *in;
	size_t count;
	const char *why;
	struct wav_writer *w;

	for (unsigned i = 0; i < 1000; i++)
		out[i] = (int16_t)(i * 77 - 30000);
	assert_int_equal(wav_writer_open(&w, path), 0);
	wav_writer_put(w, out, 400);
	wav_writer_put(w, out + 400, 600);
	wav_writer_close(w);
	assert_int_equal(wav_load(&in, &count, path, &why), 0);
	assert_int_equal(count, 1000);
	assert_memory_equal(in, out, sizeof out);
	free(in);
}

static void anything_else_is_raw_ulaw(void **state)
{
	int16_t *in;
	size_t count;
	const char *why;

	file_put("\xff\x00\x80", 3);
	assert_int_equal(wav_load(&in, &count, path, &why), 0);
	assert_int_equal(count, 3);
	assert_int_equal(in[0], 0);
	assert_true(in[1] < -32000);
	assert_true(in[2] > 32000);
	free(in);
}

/* As a recorder leaves it that was killed: length 0 or the greatest. */
static void length_never_filled_in(void **state)
{
	uint8_t file[WAV_HEADER_OCTETS + 20] = {0};
	struct wav_writer w = {.file = fopen(path, "wb")};

	header_write(&w);
	fclose(w.file);
	FILE *f = fopen(path, "rb");
	assert_int_equal(fread(file, 1, WAV_HEADER_OCTETS, f), WAV_HEADER_OCTETS);
	fclose(f);
	for (unsigned i = 0; i < 2; i++) {
		int16_t *in;
		size_t count;
		const char *why;
		memset(file + 40, i ? 0xff : 0, 4);
		file_put(file, sizeof file);
		assert_int_equal(wav_load(&in, &count, path, &why), 0);
		assert_int_equal(count, 10);
		free(in);
	}
}

static void refuse(const uint8_t *file, size_t size, const char *reason)
{
	int16_t *in;
	size_t count;
	const char *why;

	file_put(file, size);
	assert_int_equal(wav_load(&in, &count, path, &why), -EINVAL);
	assert_null(in);
	assert_string_equal(why, reason);
}

static void what_is_not_8_khz_mono_is_refused(void **state)
{
	struct wav_writer *w;
	uint8_t good[WAV_HEADER_OCTETS], bad[WAV_HEADER_OCTETS];

	assert_int_equal(wav_writer_open(&w, path), 0);
	wav_writer_close(w);
	FILE *f = fopen(path, "rb");
	assert_int_equal(fread(good, 1, sizeof good, f), sizeof good);
	fclose(f);

	memcpy(bad, good, sizeof bad);
	bad[22] = 2;
	refuse(bad, sizeof bad, "it is not mono");
	memcpy(bad, good, sizeof bad);
	bad[24] = 0x44;
	refuse(bad, sizeof bad, "its rate is not 8000 Hz");
	memcpy(bad, good, sizeof bad);
	bad[34] = 24;
	refuse(bad, sizeof bad, "it is neither 16-bit nor mu-law");
	refuse(good, 30, "its format chunk is cut off");
	refuse(good, 36, "it has no data chunk");
	refuse(good, 12, "it has no data chunk");
	/* Every cut and every length of a chunk is survived. */
	for (unsigned cut = 0; cut < sizeof good; cut++) {
		for (unsigned len = 0; len < 256; len += 5) {
			int16_t *in;
			size_t count;
			const char *why;
			memcpy(bad, good, sizeof bad);
			bad[16] = (uint8_t)len;
			file_put(bad, cut);
			if (wav_load(&in, &count, path, &why) == 0)
				free(in);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_recorded_is_read_back),
		cmocka_unit_test(anything_else_is_raw_ulaw),
		cmocka_unit_test(length_never_filled_in),
		cmocka_unit_test(what_is_not_8_khz_mono_is_refused),
	};
	int fd = mkstemp(path);
	if (fd < 0)
		return 1;
	close(fd);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return failed;
}
