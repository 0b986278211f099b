#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tdm/hdlc.c"

/* The line as bits written by hand, so that our sender is not the judge of our receiver. */
struct line {
	uint8_t octets[4096];
	size_t bits;
	unsigned ones;
};

static void put_bit(struct line *l, unsigned bit)
{
	if (l->bits % 8 == 0)
		l->octets[l->bits / 8] = 0;
	l->octets[l->bits / 8] |= (uint8_t)(bit << (7 - l->bits % 8)); /* MSB is first on a T1 */
	l->bits++;
}

static void put_flag(struct line *l)
{
	for (int i = 0; i < 8; i++)
		put_bit(l, 0x7eu >> i & 1);
	l->ones = 0;
}

static void put_ones(struct line *l, unsigned count)
{
	while (count-- > 0)
		put_bit(l, 1);
	l->ones = 0;
}

static void put_data_bit(struct line *l, unsigned bit)
{
	put_bit(l, bit);
	l->ones = bit ? l->ones + 1 : 0;
	if (l->ones == 5) {
		put_bit(l, 0);
		l->ones = 0;
	}
}

static void put_data(struct line *l, const uint8_t *octets, size_t len)
{
	for (size_t i = 0; i < len; i++)
		for (int bit = 0; bit < 8; bit++)
			put_data_bit(l, octets[i] >> bit & 1); /* HDLC sends the LSB first */
}

static uint16_t fcs_of(const uint8_t *octets, size_t len)
{
	uint16_t fcs = 0xffff;
	for (size_t i = 0; i < len; i++) {
		fcs ^= octets[i];
		for (int bit = 0; bit < 8; bit++)
			fcs = fcs & 1 ? fcs >> 1 ^ 0x8408 : fcs >> 1;
	}
	return (uint16_t)~fcs;
}

static void put_frame(struct line *l, const uint8_t *octets, size_t len)
{
	uint16_t fcs = fcs_of(octets, len);
	put_data(l, octets, len);
	put_data(l, (const uint8_t[]){(uint8_t)fcs, (uint8_t)(fcs >> 8)}, 2);
}

static void fill(uint8_t *octets, size_t len, unsigned seed)
{
	for (size_t i = 0; i < len; i++) {
		seed = seed * 1103515245 + 12345;
		octets[i] = (uint8_t)(seed >> 16 | (seed >> 8 & 0x7c)); /* many ones: stuffing */
	}
}

static struct tdm_hdlc *hdlc;

static int setup(void **state)
{
	return tdm_hdlc_new(&hdlc);
}

static int teardown(void **state)
{
	tdm_hdlc_free(hdlc);
	return 0;
}

static void receive(const struct line *l)
{
	tdm_hdlc_line_in(hdlc, l->octets, (l->bits + 7) / 8);
}

static void expect_frame(const uint8_t *octets, size_t len)
{
	uint8_t frame[TDM_FRAME_MAX];
	assert_int_equal(tdm_hdlc_recv(hdlc, frame, sizeof(frame)), len);
	assert_memory_equal(frame, octets, len);
}

static void expect_none(void)
{
	uint8_t frame[TDM_FRAME_MAX];
	assert_int_equal(tdm_hdlc_recv(hdlc, frame, sizeof(frame)), -EAGAIN);
}

static void expect_counts(uint64_t good, uint64_t crc, uint64_t abort, uint64_t shorts,
			  uint64_t longs)
{
	const struct tdm_hdlc_stats *s = tdm_hdlc_stats(hdlc);
	assert_int_equal(s->rx_frames, good);
	assert_int_equal(s->crc, crc);
	assert_int_equal(s->abort, abort);
	assert_int_equal(s->short_frames, shorts);
	assert_int_equal(s->long_frames, longs);
}

static void frames_of_every_length_at_every_bit_position(void **state)
{
	uint64_t good = 0;
	for (size_t len = 3; len <= TDM_FRAME_MAX; len += len < 20 ? 1 : 61) {
		for (unsigned shift = 0; shift < 8; shift++) {
			struct line l = {.bits = 0};
			uint8_t octets[TDM_FRAME_MAX];
			fill(octets, len, (unsigned)len * 8 + shift);
			put_flag(&l);
			put_ones(&l, shift % 6);
			put_flag(&l);
			put_frame(&l, octets, len);
			put_flag(&l);
			put_flag(&l);
			receive(&l);
			expect_frame(octets, len);
			expect_none();
			good++;
		}
	}
	assert_int_equal(tdm_hdlc_stats(hdlc)->rx_frames, good);
	assert_int_equal(tdm_hdlc_stats(hdlc)->crc, 0);
}

static void back_to_back_frames_share_one_flag(void **state)
{
	struct line l = {.bits = 0};
	uint8_t octets[10][30];
	put_flag(&l);
	for (int i = 0; i < 10; i++) {
		fill(octets[i], 30, (unsigned)i);
		put_frame(&l, octets[i], 30);
		put_flag(&l);
	}
	put_flag(&l);
	receive(&l);
	for (int i = 0; i < 10; i++)
		expect_frame(octets[i], 30);
	expect_counts(10, 0, 0, 0, 0);
}

/* One bit turned anywhere in the frame: never delivered, counted once as one kind or other (a
 * turned bit can make a flag or an abort). */
static void a_turned_bit_is_an_error_and_the_next_frame_is_whole(void **state)
{
	struct line good = {.bits = 0};
	uint8_t first[12], second[12];
	fill(first, 12, 1);
	fill(second, 12, 2);
	put_flag(&good);
	put_frame(&good, first, 12);
	size_t end = good.bits;
	put_flag(&good);
	put_flag(&good);
	put_frame(&good, second, 12);
	put_flag(&good);
	put_flag(&good);
	for (size_t bit = 8; bit < end; bit++) {
		struct line bad = good;
		setup(NULL);
		bad.octets[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
		receive(&bad);
		expect_frame(second, 12);
		expect_none();
		const struct tdm_hdlc_stats *s = tdm_hdlc_stats(hdlc);
		assert_int_equal(s->rx_frames, 1);
		assert_true(s->crc + s->abort + s->short_frames >= 1);
		teardown(NULL);
	}
}

static void wrong_fcs_is_counted_as_crc(void **state)
{
	struct line l = {.bits = 0};
	uint8_t octets[7] = {2, 1, 0x7f, 4, 5, 6, 7};
	put_flag(&l);
	put_data(&l, octets, 7);
	put_flag(&l);
	put_frame(&l, octets, 7);
	put_flag(&l);
	put_flag(&l);
	receive(&l);
	expect_frame(octets, 7);
	expect_counts(1, 1, 0, 0, 0);
}

static void an_abort_ends_a_frame_and_idle_ones_are_none(void **state)
{
	struct line l = {.bits = 0};
	uint8_t octets[20];
	fill(octets, 20, 9);
	put_flag(&l);
	put_data(&l, octets, 20);
	put_ones(&l, 15);
	put_ones(&l, 800); /* mark idle: not one more abort */
	put_flag(&l);
	put_frame(&l, octets, 20);
	put_flag(&l);
	put_ones(&l, 200);
	put_flag(&l);
	put_flag(&l);
	receive(&l);
	expect_frame(octets, 20);
	expect_none();
	expect_counts(1, 0, 1, 0, 0);
}

static void short_frames_are_counted(void **state)
{
	struct line l = {.bits = 0};
	uint8_t octets[3] = {2, 1, 0x7f};
	put_flag(&l);
	put_frame(&l, octets, 2);
	put_flag(&l);
	put_frame(&l, octets, 1);
	put_flag(&l);
	put_data(&l, octets, 1);
	put_flag(&l);
	put_frame(&l, octets, 3);
	put_flag(&l);
	put_flag(&l);
	receive(&l);
	expect_frame(octets, 3);
	expect_none();
	expect_counts(1, 0, 0, 3, 0);
}

/* Every length over the limit, in every position of its end within an octet. */
static void long_frames_are_counted_once_and_end_at_their_flag(void **state)
{
	uint64_t longs = 0;
	for (size_t len = TDM_FRAME_MAX + 1; len < 460; len += len < 280 ? 1 : 37) {
		for (unsigned shift = 0; shift < 6; shift++) {
			struct line l = {.bits = 0};
			static uint8_t octets[500];
			fill(octets, len, (unsigned)len);
			put_flag(&l);
			put_ones(&l, shift);
			put_flag(&l);
			put_frame(&l, octets, len);
			put_flag(&l);
			put_frame(&l, octets, 40);
			put_flag(&l);
			put_flag(&l);
			receive(&l);
			longs++;
			expect_frame(octets, 40);
			expect_none();
			assert_int_equal(tdm_hdlc_stats(hdlc)->long_frames, longs);
			assert_int_equal(tdm_hdlc_stats(hdlc)->crc, 0);
		}
	}
}

static void a_full_receive_queue_drops_the_new_frame(void **state)
{
	struct line l = {.bits = 0};
	put_flag(&l);
	for (uint8_t i = 0; i < QUEUE_FRAMES + 3; i++) {
		put_frame(&l, (const uint8_t[]){i, 1, 2, 3}, 4);
		put_flag(&l);
	}
	put_flag(&l);
	receive(&l);
	assert_int_equal(tdm_hdlc_stats(hdlc)->dropped, 3);
	for (uint8_t i = 0; i < QUEUE_FRAMES; i++)
		expect_frame((const uint8_t[]){i, 1, 2, 3}, 4);
	expect_none();
}

static void a_frame_over_the_callers_room_is_refused(void **state)
{
	struct line l = {.bits = 0};
	uint8_t small[3];
	put_flag(&l);
	put_frame(&l, (const uint8_t[]){1, 2, 3, 4}, 4);
	put_flag(&l);
	put_flag(&l);
	receive(&l);
	assert_int_equal(tdm_hdlc_recv(hdlc, small, sizeof(small)), -EMSGSIZE);
	expect_none();
}

/* What we send, read by the plain reader below. */
static unsigned line_bit(const uint8_t *octets, size_t bit)
{
	return octets[bit / 8] >> (7 - bit % 8) & 1;
}

static size_t read_frame(const uint8_t *octets, size_t count, size_t *at, uint8_t *frame)
{
	size_t bits = 0;
	unsigned shift = 0;
	bool inside = false;
	for (; *at < count * 8; (*at)++) {
		unsigned bit = line_bit(octets, *at);
		shift = (shift << 1 | bit) & 0xff;
		if (shift == 0x7e) { /* seven bits of it were taken for data */
			if (inside && bits > 7) {
				assert_int_equal((bits - 7) % 8, 0);
				*at -= 7; /* it is read again: it may be shared */
				return (bits - 7) / 8;
			}
			inside = true;
			bits = 0;
			continue;
		}
		if (!inside || ((shift & 0x3f) == 0x3e && (*at) > 0))
			continue; /* a stuffed zero */
		if (bits % 8 == 0)
			frame[bits / 8] = 0;
		frame[bits / 8] |= (uint8_t)(bit << bits % 8);
		bits++;
	}
	return 0;
}

static void what_is_sent_is_hdlc(void **state)
{
	static uint8_t octets[4096];
	uint8_t frames[5][TDM_FRAME_MAX], got[TDM_FRAME_MAX + 8];
	const size_t lens[5] = {3, 17, TDM_FRAME_MAX, 4, 100};
	size_t at = 0, sent = 0;
	tdm_hdlc_line_out(hdlc, octets, 5);
	for (int i = 0; i < 5; i++) /* flags while there is nothing to send */
		assert_int_equal(octets[i], 0x7e);
	for (int i = 0; i < 5; i++) {
		fill(frames[i], lens[i], (unsigned)i + 77);
		assert_int_equal(tdm_hdlc_send(hdlc, frames[i], lens[i]), 0);
		sent += lens[i];
	}
	tdm_hdlc_line_out(hdlc, octets + 5, sizeof(octets) - 5);
	for (int i = 0; i < 5; i++) {
		size_t len = read_frame(octets, sizeof(octets), &at, got);
		assert_int_equal(len, lens[i] + 2);
		assert_memory_equal(got, frames[i], lens[i]);
		uint16_t fcs = fcs_of(frames[i], lens[i]);
		assert_int_equal(got[lens[i]] | got[lens[i] + 1] << 8, fcs);
	}
	/* Back to back: 5 frames with FCS, a flag each, and a fifth more for stuffing at most. */
	assert_true(at / 8 < (sent + 5 * 3 + 2) * 6 / 5);
	assert_int_equal(tdm_hdlc_stats(hdlc)->tx_frames, 5);
}

static void frames_cross_in_pieces_of_any_size(void **state)
{
	uint8_t octets[80], frame[TDM_FRAME_MAX], got[TDM_FRAME_MAX];
	unsigned sent = 0, received = 0;
	for (unsigned round = 0; round < 4000; round++) {
		size_t len = 3 + sent * 37 % (TDM_FRAME_MAX - 2);
		fill(frame, len, sent);
		if (round < 3900 && tdm_hdlc_send(hdlc, frame, len) == 0)
			sent++;
		size_t piece = 1 + round % 80;
		tdm_hdlc_line_out(hdlc, octets, piece);
		tdm_hdlc_line_in(hdlc, octets, piece);
		ssize_t n;
		while ((n = tdm_hdlc_recv(hdlc, got, sizeof(got))) > 0) {
			len = 3 + received * 37 % (TDM_FRAME_MAX - 2);
			fill(frame, len, received);
			assert_int_equal(n, len);
			assert_memory_equal(got, frame, len);
			received++;
		}
	}
	assert_true(sent > 1000);
	assert_int_equal(received, sent);
	expect_counts(sent, 0, 0, 0, 0);
}

/* What the receiver skips must make no difference to it, however the flags are turned and whatever
 * came before them. */
static void an_idle_line_changes_nothing(void **state)
{
	for (unsigned turn = 0; turn < 8; turn++) {
		struct tdm_hdlc before;
		struct line l = {.bits = 0};
		uint8_t octets[40];
		fill(octets, sizeof(octets), turn);
		put_flag(&l);
		put_frame(&l, octets, sizeof(octets));
		while (l.bits % 8 != turn)
			put_bit(&l, 1);
		for (int i = 0; i <= FLAGS_SETTLED + 1; i++)
			put_flag(&l);
		uint8_t flags = l.octets[l.bits / 8 - 1];
		assert_true(is_flags(flags));
		tdm_hdlc_line_in(hdlc, l.octets, l.bits / 8);
		assert_true(is_idle(hdlc, flags));
		before = *hdlc;
		for (int bit = 7; bit >= 0; bit--)
			bit_in(hdlc, flags >> bit & 1);
		assert_memory_equal(&hdlc->rx, &before.rx, sizeof(before.rx));
		assert_int_equal(hdlc->ones, before.ones);
	}
	for (unsigned octet = 0, flags = 0; octet < 256; octet++) {
		flags += is_flags((uint8_t)octet);
		if (octet == 255)
			assert_int_equal(flags, 8);
	}
}

static void sending_is_bounded(void **state)
{
	uint8_t frame[TDM_FRAME_MAX + 1] = {1, 2, 3};
	assert_int_equal(tdm_hdlc_send(hdlc, frame, 0), -EINVAL);
	assert_int_equal(tdm_hdlc_send(hdlc, frame, sizeof(frame)), -EINVAL);
	for (int i = 0; i < QUEUE_FRAMES; i++)
		assert_int_equal(tdm_hdlc_send(hdlc, frame, 3), 0);
	assert_int_equal(tdm_hdlc_send(hdlc, frame, 3), -EAGAIN);
	uint8_t octets[16];
	tdm_hdlc_line_out(hdlc, octets, sizeof(octets));
	assert_int_equal(tdm_hdlc_send(hdlc, frame, 3), 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(frames_of_every_length_at_every_bit_position),
		T(back_to_back_frames_share_one_flag),
		cmocka_unit_test(a_turned_bit_is_an_error_and_the_next_frame_is_whole),
		T(wrong_fcs_is_counted_as_crc),
		T(an_abort_ends_a_frame_and_idle_ones_are_none),
		T(short_frames_are_counted),
		T(long_frames_are_counted_once_and_end_at_their_flag),
		T(a_full_receive_queue_drops_the_new_frame),
		T(a_frame_over_the_callers_room_is_refused),
		T(what_is_sent_is_hdlc),
		T(frames_cross_in_pieces_of_any_size),
		T(an_idle_line_changes_nothing),
		T(sending_is_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
