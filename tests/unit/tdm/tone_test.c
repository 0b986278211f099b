/* What is played is measured: each frequency's level, the time of each part, and that nothing
 * clicks, for every tone of every country. */
#include "tdm/tone.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { SECONDS = 16, SAMPLES = SECONDS * RATE, EDGE = TONE_FADE + 2 };

static float pcm[SAMPLES];

static void render(const struct tone *t)
{
	struct tone_player p = {0};

	tone_player_set(&p, t);
	for (unsigned i = 0; i < SAMPLES; i += TONE_TICK) {
		uint8_t ulaw[TONE_TICK];
		memset(ulaw, 0xff, sizeof(ulaw));
		assert_true(tone_player_run(&p, ulaw));
		for (unsigned k = 0; k < TONE_TICK; k++)
			pcm[i + k] = ulaw_to_linear(ulaw[k]);
	}
}

/* --- measuring: the sines that fit best, all at once --- */

enum { UNKNOWNS = 2 * TONE_SINES_MAX };

static void solve(double m[UNKNOWNS][UNKNOWNS + 1], unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		for (unsigned row = 0; row < n; row++) {
			double factor = m[row][i] / m[i][i];
			for (unsigned k = i; row != i && k <= n; k++)
				m[row][k] -= factor * m[i][k];
		}
	for (unsigned i = 0; i < n; i++)
		m[i][n] /= m[i][i];
}

/* Level of each sine into dbm0; returns how far everything else is below them, in dB. */
static double fit(const float *x, unsigned count, const struct tone_part *p, double *dbm0)
{
	double m[UNKNOWNS][UNKNOWNS + 1] = {{0}}, all = 0, rest = 0;
	unsigned n = 2u * p->sines;

	for (unsigned i = 0; i < count; i++) {
		double base[UNKNOWNS + 1];
		for (unsigned s = 0; s < p->sines; s++) {
			double angle = 2 * M_PI * p->dhz[s] / 10 / RATE * i;
			base[2 * s] = cos(angle);
			base[2 * s + 1] = sin(angle);
		}
		base[n] = x[i];
		for (unsigned r = 0; r < n; r++)
			for (unsigned k = 0; k <= n; k++)
				m[r][k] += base[r] * base[k];
	}
	solve(m, n);
	for (unsigned i = 0; i < count; i++) {
		double y = 0;
		for (unsigned s = 0; s < p->sines; s++) {
			double angle = 2 * M_PI * p->dhz[s] / 10 / RATE * i;
			y += m[2 * s][n] * cos(angle) + m[2 * s + 1][n] * sin(angle);
		}
		all += x[i] * x[i];
		rest += (x[i] - y) * (x[i] - y);
	}
	for (unsigned s = 0; s < p->sines; s++)
		dbm0[s] = 20 * log10(hypot(m[2 * s][n], m[2 * s + 1][n]) / full_scale) +
			  full_scale_dbm0;
	return 10 * log10(all / rest);
}

static void check_part(const struct tone_part *p, unsigned from, unsigned to, const char *what)
{
	double dbm0[TONE_SINES_MAX];

	if (p == NULL || p->sines == 0) {
		for (unsigned i = from; i < to; i++)
			if (fabsf(pcm[i]) > 8)
				fail_msg("%s: sample %u is %.0f in silence", what, i,
					 (double)pcm[i]);
		return;
	}
	if (to - from < 2 * EDGE + 160)
		return; /* cut off by the end of what was rendered */
	double clean = fit(pcm + from + EDGE, to - from - 2 * EDGE, p, dbm0);
	if (clean < 30)
		fail_msg("%s at %u: only %.1f dB above the rest", what, from, clean);
	for (unsigned s = 0; s < p->sines; s++)
		if (fabs(dbm0[s] - p->dbm0[s]) > 0.3)
			fail_msg("%s at %u: %u dHz has %.2f dBm0, not %d", what, from, p->dhz[s],
				 dbm0[s], p->dbm0[s]);
	/* It is heard 3 ms after its beginning and 3 ms before its end. */
	float begin = 0, end = 0, loud = 0;
	for (unsigned i = from; i < to; i++)
		loud = fmaxf(loud, fabsf(pcm[i]));
	for (unsigned i = 16; i < 24 + 16; i++) {
		begin = fmaxf(begin, fabsf(pcm[from + i]));
		end = fmaxf(end, fabsf(pcm[to - 1 - i]));
	}
	if (begin < 0.2f * loud || end < 0.2f * loud)
		fail_msg("%s at %u: begins or ends too softly", what, from);
}

static void check_tone(const struct tone *t, const char *what)
{
	unsigned at = 0, part = 0;

	render(t);
	while (at < SAMPLES) {
		const struct tone_part *p = part < t->parts ? &t->part[part] : NULL;
		unsigned end = p == NULL || p->ms == 0 ? SAMPLES : at + p->ms * (RATE / 1000u);
		if (end > SAMPLES)
			end = SAMPLES;
		check_part(p, at, end, what);
		at = end;
		part = part + 1 < t->parts ? part + 1 : t->repeat_from;
	}
}

static void every_tone_is_what_it_says(void **state)
{
	unsigned tones = 0;

	for (unsigned i = 0; tone_countries[i] != NULL; i++) {
		struct tone_set set;
		assert_int_equal(tone_set_country(&set, tone_countries[i]), 0);
		for (unsigned kind = TONE_NONE + 1; kind < TONE_KINDS; kind++) {
			char what[32];
			snprintf(what, sizeof(what), "%s %s", tone_countries[i],
				 tone_kind_name((enum tone_kind)kind));
			check_tone(&set.tone[kind], what);
			tones++;
		}
	}
	assert_int_equal(tones, 18 * 12);
}

/* In the samples before they are coded: the second difference is at most what the sines have
 * by themselves and by their fading. */
static void nothing_clicks(void **state)
{
	for (unsigned i = 0; tone_countries[i] != NULL; i++) {
		struct tone_set set;
		assert_int_equal(tone_set_country(&set, tone_countries[i]), 0);
		for (unsigned kind = TONE_NONE + 1; kind < TONE_KINDS; kind++) {
			struct tone_sound s = {.tone = set.tone[kind]};
			double bound = 0;
			begin_part(&s, 0, NULL);
			for (unsigned k = 0; k < SAMPLES; k += TONE_TICK)
				sound_run(&s, pcm + k, TONE_TICK);
			for (unsigned k = 0; k < s.tone.parts; k++) {
				const struct tone_part *p = &s.tone.part[k];
				double part = 0;
				for (unsigned n = 0; n < p->sines; n++) {
					double w = 2 * M_PI * p->dhz[n] / 10 / RATE;
					double fading = M_PI / TONE_FADE;
					part += full_scale *
						pow(10, (p->dbm0[n] - full_scale_dbm0) / 20) *
						(w * w + w * fading + fading * fading / 2);
				}
				bound = fmax(bound, part);
			}
			for (unsigned k = 2; k < SAMPLES; k++)
				if (fabsf(pcm[k] - 2 * pcm[k - 1] + pcm[k - 2]) > bound)
					fail_msg("%s %s: click at sample %u", tone_countries[i],
						 tone_kind_name((enum tone_kind)kind), k);
		}
	}
}

/* --- figures of the lists, written down a second time --- */

struct figure {
	const char *country;
	enum tone_kind kind;
	double hz[4];
	int dbm0; /* each; 0 = not looked at */
	unsigned ms[8];
};

static const struct figure figures[] = {
	{"us", TONE_DIAL, {350, 440}, -13, {0}},
	{"us", TONE_RINGBACK, {440, 480}, -19, {2000, 4000}},
	{"us", TONE_BUSY, {480, 620}, -24, {500, 500}},
	{"us", TONE_CONGESTION, {480, 620}, -24, {250, 250}},
	{"us", TONE_STUTTER, {350, 440}, -13, {100, 100, 100, 100, 100, 100, 0}},
	{"us", TONE_WAITING, {440}, -13, {300, 9700}},
	{"us", TONE_HOWLER, {1400, 2060, 2450, 2600}, -9, {100, 100}},
	{"us", TONE_VACANT, {985.2}, -24, {380, 274, 380}},
	{"us", TONE_INTERCEPT, {913.8}, -24, {274, 274, 380}},
	{"us", TONE_NO_CIRCUIT, {985.2}, -24, {380, 380, 380}},
	{"us", TONE_REORDER, {913.8}, -24, {274, 380, 380}},
	{"ca", TONE_RINGBACK, {440, 480}, -19, {2000, 4000}},
	{"etsi", TONE_RINGBACK, {425}, -10, {1000, 4000}},
	{"etsi", TONE_BUSY, {425}, -10, {500, 500}},
	{"etsi", TONE_CONGESTION, {425}, -10, {200, 200}},
	{"etsi", TONE_VACANT, {950}, -10, {330, 330, 330, 1000}},
	{"uk", TONE_RINGBACK, {400, 450}, 0, {400, 200, 400, 2000}},
	{"uk", TONE_BUSY, {400}, 0, {375, 375}},
	{"uk", TONE_CONGESTION, {400}, 0, {400, 350, 225, 525}},
	{"uk", TONE_VACANT, {400}, 0, {0}},
	{"de", TONE_RINGBACK, {425}, 0, {1000, 4000}},
	{"de", TONE_BUSY, {425}, 0, {480, 480}},
	{"de", TONE_CONGESTION, {425}, 0, {240, 240}},
	{"fr", TONE_RINGBACK, {440}, 0, {1500, 3500}},
	{"fr", TONE_BUSY, {440}, 0, {500, 500}},
	{"es", TONE_RINGBACK, {425}, 0, {1500, 3000}},
	{"es", TONE_BUSY, {425}, 0, {200, 200}},
	{"es", TONE_CONGESTION, {425}, 0, {200, 200, 200, 200, 200, 600}},
	{"it", TONE_DIAL, {425}, 0, {200, 200, 600, 1000}},
	{"it", TONE_RINGBACK, {425}, 0, {1000, 4000}},
	{"it", TONE_BUSY, {425}, 0, {500, 500}},
	{"nl", TONE_BUSY, {425}, 0, {500, 500}},
	{"nl", TONE_CONGESTION, {425}, 0, {250, 250}},
	{"se", TONE_RINGBACK, {425}, 0, {1000, 5000}},
	{"se", TONE_BUSY, {425}, 0, {250, 250}},
	{"se", TONE_CONGESTION, {425}, 0, {250, 750}},
	{"ch", TONE_RINGBACK, {425}, 0, {1000, 4000}},
	{"ch", TONE_CONGESTION, {425}, 0, {200, 200}},
	{"at", TONE_RINGBACK, {420}, 0, {1000, 5000}},
	{"at", TONE_BUSY, {420}, 0, {400, 400}},
	{"at", TONE_VACANT, {950}, 0, {330, 330, 330, 1000}},
	{"au", TONE_RINGBACK, {413, 438}, 0, {400, 200, 400, 2000}},
	{"au", TONE_BUSY, {425}, 0, {375, 375}},
	{"nz", TONE_DIAL, {400}, 0, {0}},
	{"nz", TONE_BUSY, {400}, 0, {500, 500}},
	{"nz", TONE_VACANT, {400}, 0, {75, 100, 75, 100, 75, 100, 75, 400}},
	{"jp", TONE_RINGBACK, {400, 384, 416}, 0, {1000, 2000}},
	{"jp", TONE_BUSY, {400}, 0, {500, 500}},
	{"br", TONE_BUSY, {425}, 0, {250, 250}},
	{"br", TONE_CONGESTION, {425}, 0, {250, 250, 750, 250}},
	{"mx", TONE_RINGBACK, {425}, 0, {1000, 4000}},
	{"mx", TONE_BUSY, {425}, 0, {250, 250}},
	{"in", TONE_RINGBACK, {400, 375, 425}, 0, {400, 200, 400, 2000}},
	{"in", TONE_BUSY, {400}, 0, {750, 750}},
};

static void figures_of_the_lists(void **state)
{
	for (unsigned i = 0; i < sizeof(figures) / sizeof(figures[0]); i++) {
		const struct figure *f = &figures[i];
		struct tone_set set;
		assert_int_equal(tone_set_country(&set, f->country), 0);
		const struct tone *t = &set.tone[f->kind];
		unsigned sines = 0;
		for (; sines < 4 && f->hz[sines] != 0; sines++)
			assert_int_equal(t->part[0].dhz[sines], lrint(f->hz[sines] * 10));
		assert_int_equal(t->part[0].sines, sines);
		assert_int_equal(t->part[0].ms, f->ms[0]);
		for (unsigned k = 1; k < 8 && f->ms[k] != 0; k++)
			assert_int_equal(t->part[k].ms, f->ms[k]);
		for (unsigned k = 0; k < sines && f->dbm0 != 0; k++)
			assert_int_equal(t->part[0].dbm0[k], f->dbm0);
	}
}

/* E.180 clause 2: -10 dBm0, and not more than 5 dB from it, when no level is written. */
static void total_level(void **state)
{
	static const char *const texts[] = {"425", "350+440", "400*25", "300+400+500",
					    "300+400+500+600"};

	for (unsigned i = 0; i < 5; i++) {
		struct tone t;
		char why[128];
		double power = 0;
		assert_int_equal(tone_parse(&t, texts[i], why, sizeof(why)), 0);
		for (unsigned k = 0; k < t.part[0].sines; k++)
			power += pow(10, t.part[0].dbm0[k] / 10.0);
		assert_true(fabs(10 * log10(power) + 10) < 0.5);
	}
}

/* --- switching --- */

/* Speech, say: 300 Hz at -10 dBm0, out of phase with whatever is played. */
static void talk(uint8_t ulaw[TONE_TICK], unsigned tick)
{
	for (unsigned i = 0; i < TONE_TICK; i++)
		ulaw[i] = linear_to_ulaw(
			(int)lrint(7000 * cos(2 * M_PI * 300 / RATE * (tick * TONE_TICK + i))));
}

static void switching_does_not_click(void **state)
{
	struct tone_set set;
	struct tone_player p = {0};
	enum { TICKS = 200 };
	/* Sines of 300 and 480 Hz at 7000, faded in 4 ms, and the steps of mu-law at that height.
	 */
	const float bound = 7000 * (0.377f * 0.377f + 0.377f * 0.1f + 0.01f) + 4 * 128;

	assert_int_equal(tone_set_country(&set, "us"), 0);
	for (unsigned tick = 0; tick < TICKS; tick++) {
		uint8_t ulaw[TONE_TICK];
		if (tick % 20 == 5)
			tone_player_set(&p, &set.tone[TONE_RINGBACK]);
		if (tick % 20 == 10)
			tone_player_set(&p, &set.tone[TONE_DIAL]);
		if (tick % 20 == 17)
			tone_player_set(&p, NULL);
		talk(ulaw, tick);
		bool played = tone_player_run(&p, ulaw);
		assert_int_equal(played, tick % 20 >= 5 && tick % 20 <= 17);
		for (unsigned k = 0; k < TONE_TICK; k++)
			pcm[tick * TONE_TICK + k] = ulaw_to_linear(ulaw[k]);
	}
	for (unsigned k = 2; k < TICKS * TONE_TICK; k++)
		if (fabsf(pcm[k] - 2 * pcm[k - 1] + pcm[k - 2]) > bound)
			fail_msg("click at sample %u, tick %u", k, k / TONE_TICK);
}

static void what_passes_is_not_touched(void **state)
{
	struct tone_player p = {0};
	uint8_t ulaw[TONE_TICK];

	for (unsigned i = 0; i < TONE_TICK; i++)
		ulaw[i] = (uint8_t)(i * 3);
	tone_player_set(&p, NULL);
	assert_false(tone_player_run(&p, ulaw));
	for (unsigned i = 0; i < TONE_TICK; i++)
		assert_int_equal(ulaw[i], (uint8_t)(i * 3));
}

/* An hour of dial tone is as loud and as clean as its first second. */
static void an_hour(void **state)
{
	struct tone_set set;
	double dbm0[TONE_SINES_MAX];

	assert_int_equal(tone_set_country(&set, "us"), 0);
	struct tone_sound s = {.tone = set.tone[TONE_DIAL]};
	begin_part(&s, 0, NULL);
	for (unsigned k = 0; k < 3600 * RATE / TONE_TICK; k++)
		sound_run(&s, pcm, TONE_TICK);
	for (unsigned k = 0; k < RATE; k += TONE_TICK)
		sound_run(&s, pcm + k, TONE_TICK);
	assert_true(fit(pcm, RATE, &s.tone.part[0], dbm0) > 50);
	assert_true(fabs(dbm0[0] + 13) < 0.05 && fabs(dbm0[1] + 13) < 0.05);
}

/* --- reading --- */

static void bad_texts(void **state)
{
	static const struct {
		const char *text, *why;
	} bad[] = {
		{"", "frequency in Hz"},
		{"dial", "frequency in Hz"},
		{"425/", "time from"},
		{"425/5", "time from"},
		{"425/70000", "time from"},
		{"4000", "1 to 3900"},
		{"0.5", "1 to 3900"},
		{"425.", "tenth of a Hz"},
		{"425@", "level from"},
		{"425@-61", "level from"},
		{"425@4", "level from"},
		{"400*400", "below the one"},
		{"400*25+500*25", "at most 4"},
		{"1+2+3+4+5", "at most 4"},
		{"!425", "has an end"},
		{"425/100,!0/100", "before those that repeat"},
		{"425/100;0/100", "+ or / or ,"},
		{"425,", "frequency in Hz"},
		{"1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1", "at most 16"},
	};

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct tone t = {.parts = 7};
		char why[128] = "";
		assert_int_equal(tone_parse(&t, bad[i].text, why, sizeof(why)), -EINVAL);
		if (strstr(why, bad[i].why) == NULL)
			fail_msg("\"%s\": %s", bad[i].text, why);
		assert_int_equal(t.parts, 7);
	}
}

static void once_then_silence(void **state)
{
	struct tone t;
	char why[128];

	assert_int_equal(tone_parse(&t, "!440/300,!0/100,!440/300", why, sizeof(why)), 0);
	assert_int_equal(t.repeat_from, 3);
	check_tone(&t, "once");
}

static void no_such_country(void **state)
{
	struct tone_set set;

	assert_int_equal(tone_set_country(&set, "xx"), -ENOENT);
	assert_null(tone_country_text("xx", TONE_DIAL));
	/* Every text fits where the configuration keeps one. */
	for (unsigned i = 0; tone_countries[i] != NULL; i++)
		for (unsigned kind = TONE_NONE + 1; kind < TONE_KINDS; kind++)
			assert_true(
				strlen(tone_country_text(tone_countries[i], (enum tone_kind)kind)) <
				TONE_TEXT_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_tone_is_what_it_says),
		cmocka_unit_test(nothing_clicks),
		cmocka_unit_test(figures_of_the_lists),
		cmocka_unit_test(total_level),
		cmocka_unit_test(switching_does_not_click),
		cmocka_unit_test(what_passes_is_not_touched),
		cmocka_unit_test(an_hour),
		cmocka_unit_test(bad_texts),
		cmocka_unit_test(once_then_silence),
		cmocka_unit_test(no_such_country),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
