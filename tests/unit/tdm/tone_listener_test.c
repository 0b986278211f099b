/* Busy and congestion tone of every country are heard, and nothing else is taken for one. */
#include "tdm/tone_listener.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static uint32_t seed;

static float hiss(void)
{
	seed = seed * 1664525 + 1013904223;
	return (float)(int32_t)seed / 2147483648.0f;
}

/* What is heard of text in so many seconds, made gain_db louder, faster by rate, with noise of that
 * amplitude; *after_ms is when. */
struct line {
	float gain_db, rate, noise;
};

static enum tone_kind hear(const struct tone_set *set, const char *text, const struct line *line,
			   unsigned seconds, unsigned *after_ms)
{
	struct tone_listener l;
	struct tone_player p = {0};
	struct tone t;
	char why[128];

	assert_int_equal(tone_parse(&t, text, why, sizeof(why)), 0);
	for (unsigned i = 0; i < t.parts; i++)
		t.part[i].ms = (uint16_t)(t.part[i].ms * line->rate);
	tone_listener_init(&l, set);
	tone_player_set(&p, &t);
	for (unsigned tick = 0; tick < seconds * 100; tick++) {
		uint8_t ulaw[TONE_TICK];
		memset(ulaw, 0xff, sizeof(ulaw));
		tone_player_run(&p, ulaw);
		for (unsigned i = 0; i < TONE_TICK; i++) {
			float x = ulaw_to_linear(ulaw[i]) * powf(10, line->gain_db / 20) +
				  line->noise * hiss();
			ulaw[i] = linear_to_ulaw((int)lrintf(x));
		}
		enum tone_kind heard = tone_listener_run(&l, ulaw);
		if (heard != TONE_NONE) {
			*after_ms = (tick + 1) * 10;
			return heard;
		}
	}
	return TONE_NONE;
}

static const struct line plain = {0, 1, 0};

static unsigned period_ms(const char *text)
{
	struct tone t;
	char why[128];
	unsigned ms = 0;

	tone_parse(&t, text, why, sizeof(why));
	for (unsigned i = 0; i < t.parts; i++)
		ms += t.part[i].ms;
	return ms;
}

static void every_country(void **state)
{
	static const struct line lines[] = {{0, 1, 0},     {-12, 1, 0},   {6, 1, 0},
					    {0, 0.92f, 0}, {0, 1.08f, 0}, {0, 1, 100}};
	static const enum tone_kind kinds[] = {TONE_BUSY, TONE_CONGESTION};

	unsigned mistaken = 0;

	for (unsigned i = 0; tone_countries[i] != NULL; i++) {
		struct tone_set set;
		assert_int_equal(tone_set_country(&set, tone_countries[i]), 0);
		for (unsigned n = 0; n < 12; n++) {
			const char *text = tone_country_text(tone_countries[i], kinds[n / 6]);
			unsigned after_ms = 0;
			enum tone_kind heard = hear(&set, text, &lines[n % 6], 10, &after_ms);
			if (heard == TONE_NONE)
				fail_msg("%s %s: not heard on line %u", tone_countries[i], text,
					 n % 6);
			/* Where busy tone is part of the other, it is busy. */
			if (heard != kinds[n / 6])
				assert_int_equal(heard, TONE_BUSY);
			text = tone_country_text(tone_countries[i], heard);
			assert_in_range(after_ms, 3 * period_ms(text) * 9 / 10 - 200,
					4 * period_ms(text) * 11 / 10 + 100);
			mistaken += heard != kinds[n / 6];
		}
	}
	assert_int_equal(mistaken, 3 * 6); /* au; jp and mx, where they are the same */
}

/* Half a minute each. */
static void nothing_else(void **state)
{
	static const char *const texts[] = {
		"350@-13+440@-13",                  /* dial tone */
		"440@-19+480@-19/2000,0/4000",      /* ringing tone */
		"480@-24/500,0/500",                /* one frequency of two */
		"620@-24/500,0/500",                /* the other */
		"440@-13+480@-13/500,0/500",        /* another pair */
		"480@-24+620@-24",                  /* no cadence */
		"480@-24+620@-24/500,0/1000",       /* half of a cadence */
		"480@-24+620@-24/1000,0/1000",      /* slower */
		"480@-24+620@-24/350,0/350",        /* between the two */
		"480@-24+620@-24/500,1000@-24/500", /* no silence */
		"480@-24+620@-24/500,0/500,480@-24+620@-24/500,0/500,800@-20/100,0/300",
		"697@-9+1209@-9/500,0/500", /* keys */
		"1100@-13/500,0/3000",      /* fax calling */
	};
	struct tone_set us;
	unsigned after_ms;

	tone_set_country(&us, "us");
	for (unsigned i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (hear(&us, texts[i], &plain, 30, &after_ms) != TONE_NONE)
			fail_msg("%s was taken for one after %u ms", texts[i], after_ms);
	assert_int_equal(hear(&us, "480@-50+620@-50/500,0/500", &plain, 30, &after_ms), TONE_NONE);
}

/* Voiced sounds that glide, a third of the time silent, with the rhythm of syllables. */
static void speech(void **state)
{
	struct tone_set set;
	struct tone_listener l;
	float phase = 0;

	for (unsigned i = 0; tone_countries[i] != NULL; i++) {
		tone_set_country(&set, tone_countries[i]);
		tone_listener_init(&l, &set);
		seed = i + 1;
		float hz = 200, to = 200, loud = 0;
		for (unsigned tick = 0; tick < 20000; tick++) {
			uint8_t ulaw[TONE_TICK];
			if (tick % (10 + (seed >> 28)) == 0) {
				to = 120 + 120 * fabsf(hiss());
				loud = fabsf(hiss()) < 0.35f ? 0 : 800 + 4000 * fabsf(hiss());
			}
			hz += (to - hz) / 8;
			for (unsigned k = 0; k < TONE_TICK; k++) {
				float x = 0;
				phase += 2 * (float)M_PI * hz / RATE;
				for (int h = 1; h <= 6; h++)
					x += sinf(phase * (float)h) / (float)h;
				ulaw[k] = linear_to_ulaw((int)(loud * x + 30 * hiss()));
			}
			if (phase > 1000 * (float)M_PI)
				phase = fmodf(phase, 2 * (float)M_PI);
			if (tone_listener_run(&l, ulaw) != TONE_NONE)
				fail_msg("%s: speech was taken for a tone", tone_countries[i]);
		}
	}
}

/* A section tones may have a busy tone without a cadence: nothing can be known by it. */
static void no_cadence(void **state)
{
	static const char *const texts[] = {"425", "!425/500,0/500", "425/500", "0/500,425/500",
					    "425/500,450/500"};
	struct tone_set set;
	struct tone_listener l;
	char why[128];

	tone_set_country(&set, "etsi");
	for (unsigned i = 0; i < 5; i++) {
		tone_parse(&set.tone[TONE_BUSY], texts[i], why, sizeof(why));
		tone_listener_init(&l, &set);
		assert_null(l.cadence[0].tone);
		assert_non_null(l.cadence[1].tone);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_country),
		cmocka_unit_test(nothing_else),
		cmocka_unit_test(speech),
		cmocka_unit_test(no_cadence),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
