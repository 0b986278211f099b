#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gateway/probe_judge.c"

#define ONLY(t) (1u << ISUP_##t)

static struct probe_judge judge;

static size_t hex(const char *text, uint8_t *out)
{
	size_t n = 0;

	for (unsigned octet; sscanf(text, " %2x", &octet) == 1; n++) {
		out[n] = (uint8_t)octet;
		text += strspn(text, " ") + 2;
	}
	return n;
}

static void hear(const char *text)
{
	uint8_t frame[ISUP_FRAME_MAX];

	probe_judge_frame(&judge, frame, hex(text, frame));
}

/* --- the side: Q.921 table 1 --- */

static void test_sides(void **state)
{
	static const struct {
		const char *frame;
		enum probe_side side;
	} rows[] = {
		{"00 01 7f", PROBE_SIDE_USER},       /* SABME, command */
		{"02 01 7f", PROBE_SIDE_NETWORK},    /* */
		{"00 01 6f", PROBE_SIDE_USER},       /* without P */
		{"02 01 53", PROBE_SIDE_NETWORK},    /* DISC */
		{"02 01 73", PROBE_SIDE_USER},       /* UA, response */
		{"00 01 73", PROBE_SIDE_NETWORK},    /* */
		{"02 01 1f", PROBE_SIDE_USER},       /* DM */
		{"00 01 0f", PROBE_SIDE_NETWORK},    /* */
		{"02 01 87", PROBE_SIDE_USER},       /* FRMR */
		{"00 01 02 00 08", PROBE_SIDE_USER}, /* I */
		{"02 01 02 00 08", PROBE_SIDE_NETWORK}, {"00 01 03 08", PROBE_SIDE_USER}, /* UI */
		{"02 01 01 01", PROBE_SIDE_NETWORK}, /* RR with P: nobody asked, so a command */
		{"00 01 01 05", PROBE_SIDE_USER},    /* */
		{"02 01 01 00", PROBE_SIDE_UNKNOWN}, /* RR without: either */
		{"00 01 05 00", PROBE_SIDE_UNKNOWN}, /* RNR */
		{"00 01 af", PROBE_SIDE_UNKNOWN},    /* XID */
		{"00 01 01", PROBE_SIDE_UNKNOWN},    /* torn */
		{"00 01 00", PROBE_SIDE_UNKNOWN},    /* */
		{"00 01", PROBE_SIDE_UNKNOWN},       /* */
		{"01 01 7f", PROBE_SIDE_UNKNOWN},    /* no LAPD address */
		{"00 00 7f", PROBE_SIDE_UNKNOWN},    /* */
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		memset(&judge, 0, sizeof(judge));
		hear(rows[i].frame);
		if (probe_judge_side(&judge) != rows[i].side)
			fail_msg("%s: side %d, expected %d", rows[i].frame,
				 probe_judge_side(&judge), rows[i].side);
	}
}

static void test_both_sides_is_neither(void **state)
{
	memset(&judge, 0, sizeof(judge));
	hear("00 01 7f");
	hear("02 01 7f");
	assert_int_equal(probe_judge_side(&judge), PROBE_SIDE_BOTH);
	assert_int_equal(judge.sabme, 2);
}

static void test_address(void **state)
{
	memset(&judge, 0, sizeof(judge));
	hear("fc ff 03 0f 00 00 01 ff");
	assert_true(judge.address_seen);
	assert_int_equal(judge.sapi, 63);
	assert_int_equal(judge.tei, 127);
	assert_int_equal(judge.messages, 0);
}

/* --- the switch type --- */

#define I_FRAME     "00 01 00 00 "
#define SETUP       I_FRAME "08 02 00 01 05 "
#define SPEECH      "04 03 90 90 a2 "
#define SPEECH_BARE "04 02 80 90 "
#define CHANNEL     "18 03 a1 83 97 "
#define NUMBERS     "6c 06 01 80 37 31 30 31 70 05 81 37 31 33 34 "
#define ALL_TYPES   ((1u << PROBE_SWITCHES) - 1)

static void test_switches(void **state)
{
	static const struct {
		const char *frame;
		unsigned left;
	} rows[] = {
		/* as libpri sends them */
		{SETUP SPEECH CHANNEL "28 05 b1 41 6e 6e 61 " NUMBERS,
		 ONLY(NI2) | ONLY(5ESS) | ONLY(DMS100) | ONLY(4ESS)},
		{SETUP SPEECH CHANNEL NUMBERS, ALL_TYPES}, /* QSIG, and any without a name */
		{SETUP SPEECH CHANNEL NUMBERS "a1", ONLY(QSIG) | ONLY(EUROISDN)},
		{SETUP SPEECH CHANNEL "28 04 41 6e 6e 61 " NUMBERS "a1", ONLY(EUROISDN)},
		/* as others do */
		{SETUP SPEECH_BARE CHANNEL NUMBERS, ONLY(4ESS)},
		{SETUP "04 02 88 90 " CHANNEL NUMBERS, ALL_TYPES}, /* data needs no layer 1 */
		{SETUP SPEECH "1c 09 9f aa 06 80 01 00 82 01 00 " NUMBERS, ONLY(QSIG)},
		{SETUP SPEECH "1c 0b 91 a1 08 02 01 01 02 01 22 30 00 " NUMBERS, ALL_TYPES},
		{SETUP SPEECH "1c 13 9f 8b 01 00 a1 0d 02 01 01 06 07 2a 86 48 ce 15 00 04 80 00 ",
		 ONLY(NI2) | ONLY(DMS100) | ONLY(5ESS)},
		{SETUP SPEECH "20 02 00 e1 " NUMBERS,
		 ONLY(NI2) | ONLY(5ESS) | ONLY(DMS100) | ONLY(4ESS)},
		{SETUP SPEECH NUMBERS "96 01 01 80 ", /* shift to codeset 6 */
		 ONLY(NI2) | ONLY(5ESS) | ONLY(DMS100) | ONLY(4ESS)},
		{I_FRAME "03 02 00 00 0f 01 01 c0 18 04 e9 80 83 81", ONLY(4ESS) | ONLY(5ESS)},
		{I_FRAME "43 02 00 00 07 01 01 c0 18 04 e9 80 83 81", ONLY(NI2) | ONLY(DMS100)},
		/* no signs */
		{I_FRAME "08 02 00 00 46 18 03 a9 83 81 79 01 80", ALL_TYPES}, /* RESTART */
		{I_FRAME "08 02 80 01 45 08 02 80 90", ALL_TYPES},
		{I_FRAME "09 02 00 01 05 a1", ALL_TYPES},     /* a protocol that is not ours */
		{"00 01 7f", ALL_TYPES},                      /* */
		{SETUP "04 03 90 90", ALL_TYPES},             /* a torn element */
		{SETUP "04 01 90", ALL_TYPES},                /* an empty one */
		{I_FRAME "08 02 80 01 7d a1", ALL_TYPES},     /* Sending Complete out of place */
		{SETUP "95 28 02 b1 41", ALL_TYPES},          /* an element of codeset 5 */
		{"04 01 00 00 08 02 00 01 05 a1", ALL_TYPES}, /* SAPI 1 is not call control */
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		memset(&judge, 0, sizeof(judge));
		hear(rows[i].frame);
		if (probe_judge_switches(&judge) != rows[i].left)
			fail_msg("%s: 0x%02x, expected 0x%02x", rows[i].frame,
				 probe_judge_switches(&judge), rows[i].left);
	}
}

static void test_signs_add_up(void **state)
{
	char text[128];

	memset(&judge, 0, sizeof(judge));
	assert_string_equal(probe_judge_verdict(probe_judge_switches(&judge), text, sizeof(text)),
			    "not known: nothing was seen that tells one from another");
	hear(I_FRAME "03 02 00 00 0f 01 01 c0");
	assert_string_equal(probe_judge_verdict(probe_judge_switches(&judge), text, sizeof(text)),
			    "one of 5ess 4ess");
	assert_int_equal(probe_judge_first(probe_judge_switches(&judge)), ISUP_5ESS);
	hear(SETUP SPEECH_BARE NUMBERS);
	assert_string_equal(probe_judge_verdict(probe_judge_switches(&judge), text, sizeof(text)),
			    "likely 4ess");
	hear(SETUP SPEECH NUMBERS "a1");
	assert_string_equal(probe_judge_verdict(probe_judge_switches(&judge), text, sizeof(text)),
			    "not clear: what was seen contradicts itself");
	unsigned told = 0;
	for (unsigned n = 0; n < PROBE_SIGNS; n++)
		told += probe_judge_sign(&judge, n) != NULL;
	assert_int_equal(told, 3);
	assert_int_equal(judge.messages, 3);
}

static void test_verdict_fits_its_space(void **state)
{
	char text[12];

	for (unsigned switches = 0; switches <= ALL_TYPES; switches++)
		assert_true(strlen(probe_judge_verdict(switches, text, sizeof(text))) <
			    sizeof(text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sides),        cmocka_unit_test(test_both_sides_is_neither),
		cmocka_unit_test(test_address),      cmocka_unit_test(test_switches),
		cmocka_unit_test(test_signs_add_up), cmocka_unit_test(test_verdict_fits_its_space),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
