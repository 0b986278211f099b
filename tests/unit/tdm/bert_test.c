#include "tdm/bert.c"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { TICK = 80, TICKS_PER_SECOND = 100 };

static struct tdm_bert *make(enum tdm_bert_pattern p)
{
	struct tdm_bert *b;

	assert_int_equal(tdm_bert_new(&b, p), 0);
	return b;
}

static unsigned take_bit(const uint8_t *octets, size_t i)
{
	return octets[i / 8] >> (7 - i % 8) & 1;
}

/* The period, the share of ones and the longest run of zeros are those of the standards; a period
 * of 2^n-1 with the right balance is the whole proof of a maximum-length sequence. */
static void patterns_are_what_the_standards_say(void **state)
{
	static const struct {
		enum tdm_bert_pattern pattern;
		unsigned period, ones, zeros_in_a_row, ones_in_a_row;
	} rows[] = {
		{BERT_QRSS, 1048575, 0, 14, 23},   /* with the forced ones before a zero */
		{BERT_2E15, 32767, 16383, 15, 14}, /* inverted: the long run is of zeros */
		{BERT_2E11, 2047, 1024, 10, 11},   {BERT_1IN8, 8, 1, 7, 1},
		{BERT_3IN24, 24, 3, 15, 1},
	};
	static uint8_t octets[2 * 1048576 / 8 + 8];

	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		struct tdm_bert *b = make(rows[r].pattern);
		unsigned ones = 0, zero_run = 0, one_run = 0, zeros_max = 0, ones_max = 0;

		tdm_bert_send(b, octets, sizeof(octets));
		for (unsigned i = 0; i < rows[r].period; i++) {
			assert_int_equal(take_bit(octets, i), take_bit(octets, i + rows[r].period));
			ones += take_bit(octets, i);
		}
		for (unsigned i = 0; i < 2 * rows[r].period; i++) {
			bool one = take_bit(octets, i);

			one_run = one ? one_run + 1 : 0;
			zero_run = one ? 0 : zero_run + 1;
			ones_max = one_run > ones_max ? one_run : ones_max;
			zeros_max = zero_run > zeros_max ? zero_run : zeros_max;
		}
		if (rows[r].ones != 0)
			assert_int_equal(ones, rows[r].ones);
		else
			assert_in_range(ones, 524288, 524288 + 128); /* forced ones on top */
		assert_int_equal(zeros_max, rows[r].zeros_in_a_row);
		assert_int_equal(ones_max, rows[r].ones_in_a_row);
		tdm_bert_free(b);
	}
}

/* Octets of the pattern through a line that shifts them by some bits. */
static void through(struct tdm_bert *tx, struct tdm_bert *rx, unsigned ticks, unsigned shift)
{
	static uint8_t octets[TICK + 1], line[TICK];

	for (; ticks > 0; ticks--) {
		octets[0] = octets[TICK];
		tdm_bert_send(tx, octets + 1, TICK);
		for (size_t i = 0; i < TICK; i++)
			line[i] = (uint8_t)((octets[i] << 8 | octets[i + 1]) >> shift);
		tdm_bert_receive(rx, line, TICK);
	}
}

static void sync_is_found_wherever_the_pattern_stands(void **state)
{
	for (unsigned p = 0; p < BERT_PATTERNS; p++)
		for (unsigned shift = 0; shift < 8; shift++) {
			struct tdm_bert *b = make(p);
			struct tdm_bert_counts c;

			through(b, b, 3 * TICKS_PER_SECOND, shift);
			tdm_bert_counts(b, &c);
			assert_true(c.sync);
			assert_int_equal(c.errors, 0);
			assert_int_equal(c.sync_losses, 0);
			assert_int_equal(c.seconds, 3);
			assert_int_equal(c.unsynced_seconds, 1); /* in which it was found */
			/* Found within a few hundred bits. */
			assert_in_range(c.bits, 3 * 64000 - 1000, 3 * 64000 - 1);
			tdm_bert_free(b);
		}
}

/* Each wrong bit is one error, whatever the pattern: the receiver's register is its own. */
static void errors_are_counted_one_by_one(void **state)
{
	for (unsigned p = 0; p < BERT_PATTERNS; p++) {
		struct tdm_bert *b = make(p);
		struct tdm_bert_counts c;
		uint8_t octets[TICK];

		through(b, b, TICKS_PER_SECOND, 0);
		for (unsigned tick = 0; tick < 4 * TICKS_PER_SECOND; tick++) {
			tdm_bert_send(b, octets, TICK);
			if (tick % 200 == 7) {
				octets[3] ^= 0x10;
				octets[3] ^= 0x01;
				octets[79] ^= 0x80;
			}
			tdm_bert_receive(b, octets, TICK);
		}
		tdm_bert_counts(b, &c);
		assert_int_equal(c.errors, 6);
		assert_int_equal(c.seconds, 5);
		assert_int_equal(c.errored_seconds, 2);
		assert_int_equal(c.unsynced_seconds, 1);
		assert_int_equal(c.sync_losses, 0);
		tdm_bert_free(b);
	}
}

/* A slip of one octet: no bit errors, a loss, and sync again. */
static void a_slip_is_a_loss_of_sync(void **state)
{
	static const enum tdm_bert_pattern random[] = {BERT_QRSS, BERT_2E15, BERT_2E11};

	for (unsigned i = 0; i < 3; i++) {
		struct tdm_bert *b = make(random[i]);
		struct tdm_bert_counts c;
		uint8_t lost[1];

		through(b, b, TICKS_PER_SECOND, 0);
		tdm_bert_send(b, lost, 1);
		through(b, b, 2 * TICKS_PER_SECOND, 0);
		tdm_bert_counts(b, &c);
		assert_true(c.sync);
		assert_int_equal(c.sync_losses, 1);
		assert_int_equal(c.errors, 0);
		assert_int_equal(c.unsynced_seconds, 2);
		tdm_bert_free(b);
	}
}

/* Nobody loops: idle, silence, noise and other patterns are not taken for the pattern. */
static void nothing_else_is_the_pattern(void **state)
{
	for (unsigned p = 0; p < BERT_PATTERNS; p++) {
		static const uint8_t constant[] = {0xff, 0x00, 0x7f, 0x55};

		for (unsigned k = 0; k < 5; k++) {
			struct tdm_bert *b = make(p);
			struct tdm_bert_counts c;
			uint8_t octets[TICK];
			unsigned noise = 1;

			for (unsigned tick = 0; tick < 5 * TICKS_PER_SECOND; tick++) {
				for (unsigned i = 0; i < TICK; i++) {
					noise = noise * 1103515245u + 12345;
					octets[i] = k < 4 ? constant[k] : (uint8_t)(noise >> 16);
				}
				tdm_bert_receive(b, octets, TICK);
			}
			tdm_bert_counts(b, &c);
			if ((p == BERT_ONES && k == 0) || (p == BERT_ZEROS && k == 1)) {
				assert_true(c.sync);
			} else {
				assert_false(c.sync);
				assert_int_equal(c.bits, 0);
				assert_int_equal(c.unsynced_seconds, 5);
			}
			tdm_bert_free(b);
		}
	}
}

/* In the errors of a bad line sync is still found, and the count is the line's. */
static void a_bad_line_is_measured(void **state)
{
	struct tdm_bert *b = make(BERT_QRSS);
	struct tdm_bert_counts c;
	uint8_t octets[TICK];
	unsigned noise = 7, made = 0;

	for (unsigned tick = 0; tick < 20 * TICKS_PER_SECOND; tick++) {
		tdm_bert_send(b, octets, TICK);
		for (unsigned i = 0; i < TICK; i++) {
			noise = noise * 1103515245u + 12345;
			if ((noise >> 16) % 25 == 0) { /* 1 bit in 200 */
				octets[i] ^= 0x04;
				made++;
			}
		}
		tdm_bert_receive(b, octets, TICK);
	}
	tdm_bert_counts(b, &c);
	assert_true(c.sync);
	assert_int_equal(c.sync_losses, 0);
	assert_in_range(c.errors, made - 10, made);
	assert_int_equal(c.errored_seconds, 19);
	tdm_bert_free(b);
}

static void names(void **state)
{
	enum tdm_bert_pattern p;

	for (unsigned i = 0; i < BERT_PATTERNS; i++) {
		assert_true(tdm_bert_pattern_parse(tdm_bert_pattern_name(i), &p));
		assert_int_equal(p, i);
	}
	assert_false(tdm_bert_pattern_parse("2e23", &p));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns_are_what_the_standards_say),
		cmocka_unit_test(sync_is_found_wherever_the_pattern_stands),
		cmocka_unit_test(errors_are_counted_one_by_one),
		cmocka_unit_test(a_slip_is_a_loss_of_sync),
		cmocka_unit_test(nothing_else_is_the_pattern),
		cmocka_unit_test(a_bad_line_is_measured),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
