/* Who hears which tone of ours: a row a case. */
#include "gateway/call_tones.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static int some_worker;
#define SLOT ((struct worker *)&some_worker)

struct row {
	const char *name;
	enum call_state state;
	bool rtp;            /* the caller comes by SIP, else by a slot */
	bool own;            /* our ringing tone is wanted */
	bool told, came;     /* tones of the called end: told of, arrived */
	const char *dialled; /* dial tone was promised */
	int cause;
	enum tone_kind hears;
};

static const struct row rows[] = {
	/* Q.931 5.1.3 */
	{"dial tone", CALL_COLLECTING, .dialled = "", .hears = TONE_DIAL},
	{"first digit", CALL_COLLECTING, .dialled = "7", .hears = TONE_NONE},
	{"no dial tone", CALL_COLLECTING, .hears = TONE_NONE},
	{"dial tone, then a call", CALL_OFFERED, .dialled = "7134", .hears = TONE_NONE},
	/* 180, the caller's end makes it */
	{"ringing", CALL_ALERTING, .hears = TONE_NONE},
	{"ringing to SIP", CALL_ALERTING, .rtp = true, .hears = TONE_NONE},
	/* 180, we make it */
	{"our ringing", CALL_ALERTING, .own = true, .hears = TONE_RINGBACK},
	{"our ringing to SIP", CALL_ALERTING, .rtp = true, .own = true, .hears = TONE_RINGBACK},
	{"RTP or PI 8 came", CALL_ALERTING, .own = true, .told = true, .came = true,
	 .hears = TONE_NONE},
	/* 183 with SDP, then 180, and nothing comes: a PBX was told to listen, a phone was not */
	{"promised", CALL_ALERTING, .told = true, .hears = TONE_RINGBACK},
	{"promised and came", CALL_ALERTING, .told = true, .came = true, .hears = TONE_NONE},
	{"promised to SIP", CALL_ALERTING, .rtp = true, .told = true, .hears = TONE_NONE},
	{"promised, not ringing", CALL_PROCEEDING, .own = true, .told = true, .hears = TONE_NONE},
	{"not ringing", CALL_PROCEEDING, .own = true, .hears = TONE_NONE},
	{"answered", CALL_CONNECTED, .own = true, .told = true, .came = true, .hears = TONE_NONE},
	/* why it failed */
	{"busy", CALL_FAILING, .cause = 17, .hears = TONE_BUSY},
	{"no such number", CALL_FAILING, .cause = 1, .hears = TONE_VACANT},
	{"changed", CALL_FAILING, .cause = 22, .hears = TONE_INTERCEPT},
	{"out of order", CALL_FAILING, .cause = 27, .hears = TONE_INTERCEPT},
	{"all circuits busy", CALL_FAILING, .cause = 34, .hears = TONE_NO_CIRCUIT},
	{"switch congestion", CALL_FAILING, .cause = 42, .hears = TONE_NO_CIRCUIT},
	{"no route", CALL_FAILING, .cause = 3, .hears = TONE_REORDER},
	{"incomplete", CALL_FAILING, .cause = 28, .hears = TONE_REORDER},
	{"no answer", CALL_FAILING, .cause = 19, .hears = TONE_CONGESTION},
	{"rejected", CALL_FAILING, .cause = 21, .hears = TONE_CONGESTION},
	{"temporary failure", CALL_FAILING, .cause = 41, .hears = TONE_CONGESTION},
	{"unknown cause", CALL_FAILING, .cause = 126, .hears = TONE_CONGESTION},
	{"over", CALL_CLEARING, .cause = 17, .hears = TONE_NONE},
};

static void who_hears_what(void **state)
{
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];
		struct conf_audible audible = {.failure_tone_ms = 1000};
		struct leg from = {.tones = &audible,
				   .worker = r->rtp ? NULL : SLOT,
				   .makes_ringback = r->own,
				   .dial_tone = r->dialled != NULL};
		struct call c = {.from = &from,
				 .state = r->state,
				 .cut_through = r->told,
				 .audible = r->came,
				 .why.cause = r->cause};
		if (r->dialled != NULL)
			snprintf(from.dialled, sizeof(from.dialled), "%s", r->dialled);
		if (call_tone(&c) != r->hears)
			fail_msg("%s: hears %s, not %s", r->name, tone_kind_name(call_tone(&c)),
				 tone_kind_name(r->hears));
	}
}

static void who_is_told_of_ringing_tone(void **state)
{
	struct leg from = {.makes_ringback = true};
	struct call c = {.from = &from, .state = CALL_PROCEEDING};

	assert_true(call_makes_ringback(&c)); /* ALERTING with progress indicator 8 */
	c.audible = true;
	assert_false(call_makes_ringback(&c)); /* it is told for the far end's */
	c.audible = from.makes_ringback = false;
	assert_false(call_makes_ringback(&c));
}

static void which_failures_are_heard(void **state)
{
	static const struct {
		enum call_state state;
		enum call_event ev;
		int cause;
		unsigned tone_ms;
		bool came, rtp;
		unsigned media;
		bool heard;
	} row[] = {
		{CALL_OFFERED, TO_CLEARING, 17, 1000, .heard = true},
		{CALL_NEW, FROM_SETUP, 1, 1000, .heard = true},
		{CALL_COLLECTING, FROM_DIGITS, 28, 1000, .heard = true},
		{CALL_ALERTING, CALL_TIMEOUT, 19, 1000, .heard = true},
		{CALL_OFFERED, TO_CLEARING, 17, 0, .heard = false},      /* not configured */
		{CALL_OFFERED, FROM_CLEARING, 16, 1000, .heard = false}, /* it hung up */
		{CALL_OFFERED, FROM_CLEARING, 102, 1000, .heard = false},
		{CALL_OFFERED, TO_CLEARING, 16, 1000, .heard = false}, /* cancelled */
		{CALL_CONNECTED, TO_CLEARING, 41, 1000, .heard = false},
		{CALL_FAILING, CALL_TIMEOUT, 17, 1000, .heard = false},
		{CALL_CLEARING, TO_CLEARING, 17, 1000, .heard = false},
		/* an announcement was heard */
		{CALL_ALERTING, TO_CLEARING, 17, 1000, .came = true, .heard = false},
		/* SIP, without an offer: nowhere to send it */
		{CALL_OFFERED, TO_CLEARING, 17, 1000, .rtp = true, .heard = false},
		{CALL_OFFERED, TO_CLEARING, 17, 1000, .rtp = true, .media = 1, .heard = true},
	};

	for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct conf_audible audible = {.failure_tone_ms = row[i].tone_ms};
		struct leg from = {.tones = &audible,
				   .worker = row[i].rtp ? NULL : SLOT,
				   .media_version = row[i].media};
		struct call c = {.from = &from, .state = row[i].state, .audible = row[i].came};
		if (call_fails_audibly(&c, row[i].ev, row[i].cause) != row[i].heard)
			fail_msg("row %u", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_hears_what),
		cmocka_unit_test(who_is_told_of_ringing_tone),
		cmocka_unit_test(which_failures_are_heard),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
