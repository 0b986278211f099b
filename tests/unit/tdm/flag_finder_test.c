#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tdm/flag_finder.c"

enum { LINE_OCTETS = 5 * TDM_FINDER_WINDOW_OCTETS };

static const uint8_t sabme[] = {0x00, 0x01, 0x7f};

/* An HDLC line as our sender makes it: a frame every gap octets. */
static void make_hdlc(uint8_t *line, size_t octets, size_t gap)
{
	struct tdm_hdlc *h;

	assert_int_equal(tdm_hdlc_new(&h), 0);
	for (size_t at = 0; at < octets; at++) {
		if (gap > 0 && at % gap == gap / 2)
			assert_int_equal(tdm_hdlc_send(h, sabme, sizeof(sabme)), 0);
		tdm_hdlc_line_out(h, line + at, 1);
	}
	tdm_hdlc_free(h);
}

static void shift(uint8_t *line, size_t octets, unsigned bits)
{
	for (size_t i = 0; i + 1 < octets && bits > 0; i++)
		line[i] = (uint8_t)(line[i] << bits | line[i + 1] >> (8 - bits));
}

static void invert(uint8_t *line, size_t octets)
{
	for (size_t i = 0; i < octets; i++)
		line[i] = (uint8_t)~line[i];
}

/* Eight octets of seven bits carry seven whole ones. */
static size_t to_56k(const uint8_t *from, size_t octets, uint8_t *to)
{
	size_t made = octets / 7 * 8;

	for (size_t i = 0; i < made; i++) {
		to[i] = 1;
		for (size_t bit = 0; bit < 7; bit++) {
			size_t at = i * 7 + bit;
			to[i] |= (uint8_t)((from[at / 8] >> (7 - at % 8) & 1) << (7 - bit));
		}
	}
	return made;
}

static uint32_t seed;

static uint8_t random_octet(void)
{
	seed = seed * 1664525 + 1013904223;
	return (uint8_t)(seed >> 24);
}

/* Speech-like: mu-law of low level, both signs, never the same for long. */
static void make_audio(uint8_t *line, size_t octets)
{
	seed = 7;
	for (size_t i = 0; i < octets; i++)
		line[i] = (uint8_t)((random_octet() & 0x80) | (0x40 + (random_octet() & 0x3f)));
}

static void rob(uint8_t *line, size_t octets, unsigned phase, unsigned bits)
{
	for (size_t i = phase; i < octets; i += 6)
		line[i] = (uint8_t)((line[i] & 0xfe) | (bits >> (i / 6 % 4) & 1));
}

static struct tdm_slot_look look_at(const uint8_t *line, size_t octets)
{
	struct tdm_flag_finder *f;
	struct tdm_slot_look look;
	uint8_t frame[TDM_FRAME_MAX];
	ssize_t len;
	uint64_t taken = 0;

	assert_int_equal(tdm_flag_finder_new(&f), 0);
	for (size_t at = 0; at < octets; at += 80)
		tdm_flag_finder_in(f, line + at, octets - at < 80 ? octets - at : 80);
	tdm_flag_finder_look(f, &look);
	while ((len = tdm_flag_finder_recv(f, frame, sizeof(frame))) >= 0) {
		taken++;
		if (look.kind == TDM_SLOT_HDLC) {
			assert_int_equal(len, sizeof(sabme));
			assert_memory_equal(frame, sabme, sizeof(sabme));
		}
	}
	assert_int_equal(taken, look.frames < KEPT_FRAMES ? look.frames : KEPT_FRAMES);
	tdm_flag_finder_free(f);
	return look;
}

static uint8_t line[LINE_OCTETS], packed[LINE_OCTETS * 8 / 7];

static void test_nothing_heard(void **state)
{
	memset(line, 0xff, sizeof(line));
	assert_int_equal(look_at(line, TDM_FINDER_WINDOW_OCTETS - 1).kind, TDM_SLOT_UNHEARD);
}

static void test_idle(void **state)
{
	static const uint8_t octets[] = {0xff, 0x7f, 0x00, 0xd5, 0x01};

	for (size_t i = 0; i < sizeof(octets); i++) {
		memset(line, octets[i], sizeof(line));
		line[700] = line[2000] = 0x33; /* a click or two */
		struct tdm_slot_look look = look_at(line, sizeof(line));
		assert_int_equal(look.kind, TDM_SLOT_IDLE);
		assert_int_equal(look.idle_octet, octets[i]);
		assert_int_equal(look.frames, 0);
	}
}

static void test_flags_at_any_bit(void **state)
{
	for (unsigned bits = 0; bits < 8; bits++) {
		make_hdlc(line, sizeof(line), 0);
		shift(line, sizeof(line), bits);
		struct tdm_slot_look look = look_at(line, sizeof(line));
		assert_int_equal(look.kind, TDM_SLOT_FLAGS);
		assert_int_equal(look.form, TDM_HDLC_PLAIN);
		assert_true(look.flags_percent >= 99);
	}
}

static void test_flags_with_shared_zeros(void **state)
{
	for (size_t bit = 0; bit < sizeof(line) * 8; bit++) {
		uint8_t set = (uint8_t)(0x80 >> bit % 8);
		line[bit / 8] = bit % 7 == 0 ? line[bit / 8] & (uint8_t)~set : line[bit / 8] | set;
	}
	struct tdm_slot_look look = look_at(line, sizeof(line));
	assert_int_equal(look.kind, TDM_SLOT_FLAGS);
	assert_int_equal(look.form, TDM_HDLC_PLAIN);
}

static void test_frames_in_each_form(void **state)
{
	for (unsigned bits = 0; bits < 8; bits++) {
		make_hdlc(line, sizeof(line), 2000);
		shift(line, sizeof(line), bits);
		struct tdm_slot_look look = look_at(line, sizeof(line));
		assert_int_equal(look.kind, TDM_SLOT_HDLC);
		assert_int_equal(look.form, TDM_HDLC_PLAIN);
		assert_int_equal(look.frames, 5);

		size_t made = to_56k(line, sizeof(line), packed);
		look = look_at(packed, made);
		assert_int_equal(look.kind, TDM_SLOT_HDLC);
		assert_int_equal(look.form, TDM_HDLC_56K);
		assert_int_equal(look.frames, 5);

		invert(line, sizeof(line));
		look = look_at(line, sizeof(line));
		assert_int_equal(look.kind, TDM_SLOT_HDLC);
		assert_int_equal(look.form, TDM_HDLC_INVERTED);
		assert_int_equal(look.frames, 5);
	}
}

/* Flags alone, in the forms that we cannot speak. */
static void test_flags_in_other_forms(void **state)
{
	make_hdlc(line, sizeof(line), 0);
	struct tdm_slot_look look = look_at(packed, to_56k(line, sizeof(line), packed));
	assert_int_equal(look.kind, TDM_SLOT_FLAGS);
	assert_int_equal(look.form, TDM_HDLC_56K);
	invert(line, sizeof(line));
	look = look_at(line, sizeof(line));
	assert_int_equal(look.kind, TDM_SLOT_FLAGS);
	assert_int_equal(look.form, TDM_HDLC_INVERTED);
}

/* The line idles with ones between frames: long enough that they are passed over. */
static void test_frame_after_idle_ones(void **state)
{
	uint8_t burst[64];
	struct tdm_hdlc *h;

	assert_int_equal(tdm_hdlc_new(&h), 0);
	tdm_hdlc_line_out(h, burst, 4);
	assert_int_equal(tdm_hdlc_send(h, sabme, sizeof(sabme)), 0);
	tdm_hdlc_line_out(h, burst + 4, 10);
	tdm_hdlc_free(h);
	memset(line, 0xff, sizeof(line));
	memcpy(line + 3000, burst, 14);
	struct tdm_slot_look look = look_at(line, sizeof(line));
	assert_int_equal(look.kind, TDM_SLOT_HDLC);
	assert_int_equal(look.frames, 1);
}

/* Frames of some other protocol have no LAPD address. */
static void test_hdlc_that_is_no_lapd(void **state)
{
	static const uint8_t ppp[] = {0xff, 0x03, 0xc0, 0x21, 1, 1, 0, 4};
	struct tdm_hdlc *h;

	assert_int_equal(tdm_hdlc_new(&h), 0);
	for (size_t at = 0; at < sizeof(line); at++) {
		if (at % 1000 == 500)
			tdm_hdlc_send(h, ppp, sizeof(ppp));
		tdm_hdlc_line_out(h, line + at, 1);
	}
	tdm_hdlc_free(h);
	struct tdm_slot_look look = look_at(line, sizeof(line));
	assert_int_equal(look.kind, TDM_SLOT_FLAGS);
	assert_int_equal(look.frames, 0);
}

static void test_audio_is_no_signalling(void **state)
{
	make_audio(line, sizeof(line));
	assert_int_equal(look_at(line, sizeof(line)).kind, TDM_SLOT_BUSY);
	for (size_t i = 0; i < sizeof(line); i++) /* a test tone of 1 kHz: eight octets */
		line[i] = (const uint8_t[]){0x1e, 0x0b, 0x0b, 0x1e, 0x9e, 0x8b, 0x8b, 0x9e}[i % 8];
	assert_int_equal(look_at(line, sizeof(line)).kind, TDM_SLOT_BUSY);
}

/* A minute of a slot: what looks like frames by chance is not taken for them. */
static void test_noise_is_no_hdlc(void **state)
{
	struct tdm_flag_finder *f;
	struct tdm_slot_look look;

	seed = 1;
	assert_int_equal(tdm_flag_finder_new(&f), 0);
	for (unsigned s = 0; s < 60; s++) {
		for (size_t i = 0; i < 8000; i++)
			line[i] = random_octet();
		tdm_flag_finder_in(f, line, 8000);
		tdm_flag_finder_look(f, &look);
		assert_int_equal(look.kind, TDM_SLOT_BUSY);
		assert_true(look.flags_percent < 10);
	}
	tdm_flag_finder_free(f);
}

static void test_robbed_bits(void **state)
{
	for (unsigned phase = 0; phase < 6; phase++) {
		memset(line, 0xff, sizeof(line));
		rob(line, sizeof(line), phase, 0x0); /* on hook, E&M */
		struct tdm_slot_look look = look_at(line, sizeof(line));
		assert_int_equal(look.kind, TDM_SLOT_ROBBED);
		assert_false(look.talking);
		for (unsigned bits = 0; bits < 16; bits++) {
			make_audio(line, sizeof(line));
			rob(line, sizeof(line), phase, bits);
			look = look_at(line, sizeof(line));
			assert_int_equal(look.kind, TDM_SLOT_ROBBED);
			assert_true(look.talking);
		}
	}
}

/* What was, is not what is: the last window counts. */
static void test_changes(void **state)
{
	struct tdm_flag_finder *f;
	struct tdm_slot_look look;

	assert_int_equal(tdm_flag_finder_new(&f), 0);
	make_hdlc(line, sizeof(line), 0);
	tdm_flag_finder_in(f, line, sizeof(line));
	tdm_flag_finder_look(f, &look);
	assert_int_equal(look.kind, TDM_SLOT_FLAGS);
	memset(line, 0xff, sizeof(line));
	tdm_flag_finder_in(f, line, 2 * TDM_FINDER_WINDOW_OCTETS);
	tdm_flag_finder_look(f, &look);
	assert_int_equal(look.kind, TDM_SLOT_IDLE);
	make_audio(line, sizeof(line));
	tdm_flag_finder_in(f, line, sizeof(line));
	tdm_flag_finder_look(f, &look);
	assert_int_equal(look.kind, TDM_SLOT_BUSY);
	tdm_flag_finder_free(f);
}

/* A slip in every other window leaves robbed bits and flags what they are. */
static void test_slips(void **state)
{
	for (int flags = 0; flags < 2; flags++) {
		struct tdm_flag_finder *f;
		struct tdm_slot_look look;

		assert_int_equal(tdm_flag_finder_new(&f), 0);
		memset(line, 0xff, sizeof(line));
		if (flags)
			make_hdlc(line, sizeof(line), 0);
		else
			rob(line, sizeof(line), 2, 0);
		tdm_flag_finder_in(f, line, TDM_FINDER_WINDOW_OCTETS);
		for (unsigned i = 0; i < 10; i++) {
			make_audio(packed, 1200); /* as lost packets may leave it */
			tdm_flag_finder_in(f, line, 300);
			tdm_flag_finder_in(f, packed, 1200);
			tdm_flag_finder_in(f, line + 20, 2 * TDM_FINDER_WINDOW_OCTETS - 1493);
			tdm_flag_finder_look(f, &look);
			assert_int_equal(look.kind, flags ? TDM_SLOT_FLAGS : TDM_SLOT_ROBBED);
		}
		tdm_flag_finder_free(f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_heard),
		cmocka_unit_test(test_idle),
		cmocka_unit_test(test_flags_at_any_bit),
		cmocka_unit_test(test_flags_with_shared_zeros),
		cmocka_unit_test(test_frames_in_each_form),
		cmocka_unit_test(test_flags_in_other_forms),
		cmocka_unit_test(test_frame_after_idle_ones),
		cmocka_unit_test(test_hdlc_that_is_no_lapd),
		cmocka_unit_test(test_audio_is_no_signalling),
		cmocka_unit_test(test_noise_is_no_hdlc),
		cmocka_unit_test(test_robbed_bits),
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_slips),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
