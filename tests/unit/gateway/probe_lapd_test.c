#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "gateway/probe_lapd.c"

static char sent[1024]; /* frames in hex, each ends with a semicolon */

static void on_send(void *arg, const uint8_t *frame, size_t len)
{
	for (size_t i = 0; i < len; i++)
		snprintf(sent + strlen(sent), sizeof(sent) - strlen(sent), "%02x", frame[i]);
	strcat(sent, ";");
}

static struct probe_lapd lapd_of(bool network)
{
	sent[0] = '\0';
	return (struct probe_lapd){.network = network, .send = on_send};
}

static void hear(struct probe_lapd *l, const char *text)
{
	uint8_t frame[ISUP_FRAME_MAX];
	size_t n = 0;

	for (unsigned octet; sscanf(text, "%2x", &octet) == 1; text += 2)
		frame[n++] = (uint8_t)octet;
	sent[0] = '\0';
	probe_lapd_frame(l, frame, n);
}

static void expect(struct probe_lapd *l, const char *heard, const char *answer)
{
	hear(l, heard);
	assert_string_equal(sent, answer);
}

/* Q.921 table 1, for us this time. */
static void test_addresses(void **state)
{
	struct probe_lapd l = lapd_of(true);

	probe_lapd_connect(&l);
	assert_string_equal(sent, "02017f;");
	l = lapd_of(false);
	probe_lapd_connect(&l);
	assert_string_equal(sent, "00017f;");
	expect(&l, "02017f", "020173;");
	assert_true(l.up);
	l = lapd_of(true);
	expect(&l, "00017f", "000173;");
	assert_true(l.up);
	sent[0] = '\0';
	probe_lapd_disconnect(&l);
	assert_string_equal(sent, "020153;");
	assert_false(l.up);
}

static void test_answer_to_our_own_sabme(void **state)
{
	struct probe_lapd l = lapd_of(true);

	expect(&l, "020173", ""); /* nobody asked */
	assert_false(l.up);
	probe_lapd_connect(&l);
	expect(&l, "02011f", ""); /* DM */
	assert_false(l.up);
	expect(&l, "020173", "");
	assert_true(l.up);
}

/* What comes back from a loop, or from an end that plays our side, is not answered. */
static void test_own_frames_are_not_answered(void **state)
{
	struct probe_lapd l = lapd_of(true);

	expect(&l, "02017f", "");
	assert_false(l.up);
	expect(&l, "00017f", "000173;");
	expect(&l, "02010000080200010504", "");
	assert_int_equal(l.received, 0);
}

static void test_numbering(void **state)
{
	struct probe_lapd l = lapd_of(true);

	expect(&l, "00010000080200000f", ""); /* not up yet */
	expect(&l, "00017f", "000173;");
	for (unsigned n = 0; n < 130; n++) {
		char in[32], out[32];
		snprintf(in, sizeof(in), "0001%02x%02x0802000245", n % 128 * 2, n % 2);
		snprintf(out, sizeof(out), "000101%02x;", (n + 1) % 128 * 2 + n % 2);
		expect(&l, in, out);
	}
	expect(&l, "0001ff00", ""); /* U */
	expect(&l, "0001200008020002",
	       "000109"
	       "04;");                       /* out of sequence: REJ */
	expect(&l, "00010101", "00010105;"); /* a poll */
	expect(&l, "00010104", "");          /* none */
	expect(&l, "000153", "000173;");     /* DISC */
	assert_false(l.up);
	expect(&l, "00017f", "000173;"); /* and from the beginning */
	assert_int_equal(l.received, 0);
}

static void test_tei_is_the_far_ends(void **state)
{
	struct probe_lapd l = lapd_of(true);

	expect(&l, "00837f", "008373;");
	expect(&l,
	       "0083000008020001"
	       "45",
	       "00830102;");
}

static void test_messages(void **state)
{
	struct probe_lapd l = lapd_of(false);

	hear(&l, "02017f");
	/* SETUP: RELEASE COMPLETE, cause 41 */
	expect(&l,
	       "020100000802120305040390"
	       "90a2",
	       "02010102;"
	       "0001"
	       "0002"
	       "0802"
	       "9203"
	       "5a"
	       "080281a9;");
	assert_int_equal(l.refused, 1);
	/* RESTART and its acknowledgement, N(S) counted */
	expect(&l,
	       "02010202"
	       "0802000046"
	       "1803a98381"
	       "790180",
	       "02010104;"
	       "0001"
	       "0204"
	       "0802"
	       "8000"
	       "4e"
	       "1803a98381"
	       "790180;");
	/* SERVICE of either kind: 0x0f and 0x07 the other way round */
	expect(&l,
	       "02010404"
	       "030200000f"
	       "0101c0",
	       "02010106;"
	       "0001"
	       "0406"
	       "0302"
	       "8000"
	       "07"
	       "0101c0;");
	expect(&l,
	       "02010606"
	       "4302000007"
	       "0101c0",
	       "02010108;"
	       "0001"
	       "0608"
	       "4302"
	       "8000"
	       "0f"
	       "0101c0;");
	/* what is itself an answer, or no message of ours, is acknowledged by RR alone */
	expect(&l,
	       "02010808"
	       "080280004e",
	       "0201010a;");
	expect(&l,
	       "02010a08"
	       "4302800007",
	       "0201010c;");
	expect(&l,
	       "02010c08"
	       "08010105",
	       "0201010e;");
	expect(&l,
	       "02010e08"
	       "09020001"
	       "05",
	       "02010110;");
	assert_int_equal(l.refused, 1);
}

/* The longest frame, and one whose answer would be longer. */
static void test_longest(void **state)
{
	struct probe_lapd l = lapd_of(false);
	uint8_t frame[ISUP_FRAME_MAX] = {0x02, 1, 0, 0, 8, 2, 0, 0, Q931_RESTART};

	hear(&l, "02017f");
	sent[0] = '\0';
	probe_lapd_frame(&l, frame, sizeof(frame));
	assert_int_equal(strlen(sent), 2 * 4 + 1 + 2 * ISUP_FRAME_MAX + 1);
	uint8_t dummy[ISUP_FRAME_MAX] = {0x02, 1, 2, 0, 8, 0, Q931_RESTART};
	hear(&l, "");
	sent[0] = '\0';
	probe_lapd_frame(&l, dummy, sizeof(dummy));
	assert_string_equal(sent, "02010104;");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_answer_to_our_own_sabme),
		cmocka_unit_test(test_own_frames_are_not_answered),
		cmocka_unit_test(test_numbering),
		cmocka_unit_test(test_tei_is_the_far_ends),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_longest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
