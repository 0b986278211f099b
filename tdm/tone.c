/* tone.c - reading and playing tones.
 *
 * Each sine is a pointer turned by a constant angle a sample, which costs four multiplications and
 * keeps its phase from tick to tick and from part to part, where the next part has it too.  Where
 * one begins or ends it does so within 4 ms along half a period of a cosine, so that nothing
 * clicks; tone and what it replaces are joined in the same way.
 */
#include "tdm/tone.h"

#include <errno.h>
#include <math.h>
#include <spandsp.h>
#include <stdio.h>
#include <string.h>

enum { RATE = 8000, DHZ_MIN = 10, DHZ_MAX = 39000, DBM0_MIN = -60, DBM0_MAX = 3 };

/* G.711 table 2a: a sine with the peak 8159 of 14 bits is 3.17 dBm0 in mu-law. */
static const float full_scale = 32636.0f, full_scale_dbm0 = 3.17f;

static const char *const kind_names[TONE_KINDS] = {
	[TONE_NONE] = "none",
	[TONE_DIAL] = "dial",
	[TONE_STUTTER] = "stutter",
	[TONE_RINGBACK] = "ringback",
	[TONE_BUSY] = "busy",
	[TONE_CONGESTION] = "congestion",
	[TONE_VACANT] = "vacant",
	[TONE_INTERCEPT] = "intercept",
	[TONE_NO_CIRCUIT] = "no_circuit",
	[TONE_REORDER] = "reorder",
	[TONE_HOWLER] = "howler",
	[TONE_WAITING] = "waiting",
	[TONE_HOLD] = "hold",
};

const char *tone_kind_name(enum tone_kind kind)
{
	return kind_names[kind];
}

/* --- reading --- */

struct reader {
	const char *at;
	const char *why;
};

static bool fail(struct reader *r, const char *why)
{
	r->why = why;
	return false;
}

static bool take(struct reader *r, char c)
{
	if (*r->at != c)
		return false;
	r->at++;
	return true;
}

/* Up to five digits. */
static bool read_number(struct reader *r, unsigned *out)
{
	const char *begin = r->at;

	for (*out = 0; *r->at >= '0' && *r->at <= '9' && r->at - begin < 5; r->at++)
		*out = *out * 10 + (unsigned)(*r->at - '0');
	return r->at != begin;
}

static bool read_dhz(struct reader *r, unsigned *out)
{
	unsigned tenths = 0;

	if (!read_number(r, out))
		return fail(r, "expected a frequency in Hz");
	if (take(r, '.')) {
		if (*r->at < '0' || *r->at > '9')
			return fail(r, "expected a tenth of a Hz after the point");
		tenths = (unsigned)(*r->at++ - '0');
	}
	*out = *out * 10 + tenths;
	return true;
}

static bool add_sine(struct reader *r, struct tone_part *p, unsigned dhz, int dbm0)
{
	if (dhz < DHZ_MIN || dhz > DHZ_MAX)
		return fail(r, "expected a frequency from 1 to 3900 Hz");
	if (p->sines == TONE_SINES_MAX)
		return fail(r, "expected at most 4 frequencies at once; a modulated one has 3");
	p->dhz[p->sines] = (uint16_t)dhz;
	p->dbm0[p->sines++] = (int8_t)dbm0;
	return true;
}

/* One frequency: its level, or 1 for "as the others", to be filled in.  Modulated to the full, it
 * has two companions at half its amplitude. */
static bool read_sine(struct reader *r, struct tone_part *p, bool *levelled)
{
	unsigned dhz, by = 0, level;
	int dbm0 = -12;

	if (!read_dhz(r, &dhz) || (take(r, '*') && !read_dhz(r, &by)))
		return false;
	*levelled = take(r, '@');
	if (*levelled) {
		bool minus = take(r, '-');
		if (!read_number(r, &level) || level > -DBM0_MIN || (!minus && level > DBM0_MAX))
			return fail(r, "expected a level from -60 to 3 dBm0");
		dbm0 = minus ? -(int)level : (int)level;
	}
	if (by == 0)
		return add_sine(r, p, dhz, dbm0);
	*levelled = true;
	if (by >= dhz)
		return fail(r, "expected a frequency below the one it modulates");
	return add_sine(r, p, dhz, dbm0) && add_sine(r, p, dhz - by, dbm0 - 6) &&
	       add_sine(r, p, dhz + by, dbm0 - 6);
}

static bool read_sines(struct reader *r, struct tone_part *p)
{
	/* E.180 clause 2: -10 dBm0 in all. */
	static const int8_t share[TONE_SINES_MAX + 1] = {0, -10, -13, -15, -16};
	bool levelled[TONE_SINES_MAX] = {0};
	unsigned first;

	do {
		bool has_level;
		first = p->sines;
		if (!read_sine(r, p, &has_level))
			return false;
		for (unsigned i = first; i < p->sines; i++)
			levelled[i] = has_level;
	} while (take(r, '+'));
	for (unsigned i = 0; i < p->sines; i++)
		if (!levelled[i])
			p->dbm0[i] = share[p->sines];
	return true;
}

static bool read_part(struct reader *r, struct tone *t)
{
	struct tone_part *p = &t->part[t->parts];
	bool once = take(r, '!');
	unsigned ms = 0;

	if (once && t->repeat_from < t->parts)
		return fail(r, "expected parts with ! before those that repeat");
	*p = (struct tone_part){0};
	bool silent = r->at[0] == '0' && (r->at[1] == '/' || r->at[1] == ',' || r->at[1] == '\0');
	if (silent)
		r->at++;
	else if (!read_sines(r, p))
		return false;
	if (take(r, '/') && (!read_number(r, &ms) || ms < 10 || ms > 60000))
		return fail(r, "expected a time from 10 to 60000 ms");
	if (once && ms == 0)
		return fail(r, "expected a time: a part that is played once has an end");
	p->ms = (uint16_t)ms;
	t->parts++;
	if (once)
		t->repeat_from = t->parts;
	return true;
}

int tone_parse(struct tone *out, const char *text, char *why, size_t why_size)
{
	struct reader r = {.at = text};
	struct tone t = {0};
	bool good;

	do
		good = t.parts < TONE_PARTS_MAX ? read_part(&r, &t)
						: fail(&r, "expected at most 16 parts");
	while (good && take(&r, ','));
	if (good && *r.at != '\0')
		good = fail(&r, "expected + or / or , here");
	if (!good) {
		snprintf(why, why_size, "%s: \"%.12s\"", r.why, r.at);
		return -EINVAL;
	}
	*out = t;
	return 0;
}

/* --- one tone --- */

static bool has_sine(const struct tone_part *p, uint16_t dhz, int8_t dbm0)
{
	for (unsigned i = 0; p != NULL && i < p->sines; i++)
		if (p->dhz[i] == dhz && p->dbm0[i] == dbm0)
			return true;
	return false;
}

/* What comes after part i; NULL = silence for ever. */
static const struct tone_part *part_after(const struct tone *t, unsigned i, unsigned *at)
{
	*at = i + 1 < t->parts ? i + 1 : t->repeat_from;
	return *at < t->parts ? &t->part[*at] : NULL;
}

/* Turns its pointers to where those of the part before are, for frequencies that both have. */
static void begin_part(struct tone_sound *s, unsigned at, const struct tone_part *before)
{
	const struct tone_part *p = &s->tone.part[at];
	struct tone_sound old = *s;
	unsigned next;
	const struct tone_part *after = part_after(&s->tone, at, &next);

	s->at = (uint8_t)at;
	s->done = 0;
	s->first = s->last = 0;
	for (unsigned i = 0; i < p->sines; i++) {
		float angle = 2 * (float)M_PI * p->dhz[i] / (10.0f * RATE);
		s->turn_re[i] = cosf(angle);
		s->turn_im[i] = sinf(angle);
		s->re[i] = 1;
		s->im[i] = 0;
		if (!has_sine(before, p->dhz[i], p->dbm0[i]))
			s->first |= (uint8_t)(1u << i);
		if (!has_sine(after, p->dhz[i], p->dbm0[i]))
			s->last |= (uint8_t)(1u << i);
		for (unsigned k = 0; before != NULL && k < before->sines; k++)
			if (before->dhz[k] == p->dhz[i] && before->dbm0[k] == p->dbm0[i]) {
				s->re[i] = old.re[k];
				s->im[i] = old.im[k];
			}
	}
}

static float fade(uint32_t at)
{
	return at >= TONE_FADE ? 1
			       : 0.5f - 0.5f * cosf((float)M_PI * ((float)at + 0.5f) / TONE_FADE);
}

/* Adds sine i of the running part to count samples. */
static void add_samples(struct tone_sound *s, unsigned i, float *out, uint32_t count)
{
	const struct tone_part *p = &s->tone.part[s->at];
	uint32_t end = p->ms * (RATE / 1000u);
	float peak = full_scale * powf(10, ((float)p->dbm0[i] - full_scale_dbm0) / 20);
	float re = s->re[i], im = s->im[i];

	for (uint32_t k = 0; k < count; k++) {
		uint32_t at = s->done + k;
		float gain = peak;
		if (at < TONE_FADE && s->first & 1u << i)
			gain *= fade(at);
		if (end != 0 && at + TONE_FADE >= end && s->last & 1u << i)
			gain *= fade(end - 1 - at);
		out[k] += gain * im;
		float turned = re * s->turn_re[i] - im * s->turn_im[i];
		im = re * s->turn_im[i] + im * s->turn_re[i];
		re = turned;
	}
	/* Rounding must not let it grow or shrink in an hour. */
	float keep = 1.5f - 0.5f * (re * re + im * im);
	s->re[i] = re * keep;
	s->im[i] = im * keep;
}

static void sound_run(struct tone_sound *s, float *out, uint32_t count)
{
	memset(out, 0, count * sizeof(*out));
	while (count > 0 && s->at < s->tone.parts) {
		const struct tone_part *p = &s->tone.part[s->at];
		uint32_t end = p->ms * (RATE / 1000u), n = count;
		if (end != 0 && end - s->done < n)
			n = end - s->done;
		for (unsigned i = 0; i < p->sines; i++)
			add_samples(s, i, out, n);
		out += n;
		count -= n;
		s->done += n;
		if (end != 0 && s->done == end) {
			unsigned next;
			if (part_after(&s->tone, s->at, &next) != NULL)
				begin_part(s, next, p);
			else
				s->at = s->tone.parts;
		} else if (end == 0) {
			s->done = TONE_FADE; /* its beginning is over, and it has no end */
		}
	}
}

/* --- the player --- */

void tone_player_set(struct tone_player *p, const struct tone *tone)
{
	if ((tone == NULL || tone->parts == 0) && p->now.tone.parts == 0)
		return;
	p->before = p->now;
	p->fades = true;
	p->now = (struct tone_sound){0};
	if (tone != NULL && tone->parts > 0) {
		p->now.tone = *tone;
		begin_part(&p->now, 0, NULL);
	}
}

bool tone_player_plays(const struct tone_player *p)
{
	return p->now.tone.parts > 0 || p->fades;
}

static void samples_of(struct tone_sound *s, const uint8_t *ulaw, float *out, uint32_t count)
{
	if (s->tone.parts > 0)
		sound_run(s, out, count);
	else
		for (uint32_t i = 0; i < count; i++)
			out[i] = ulaw_to_linear(ulaw[i]);
}

bool tone_player_run(struct tone_player *p, uint8_t ulaw[TONE_TICK])
{
	float now[TONE_TICK], before[TONE_FADE];

	if (!tone_player_plays(p))
		return false;
	samples_of(&p->now, ulaw, now, TONE_TICK);
	if (p->fades) {
		samples_of(&p->before, ulaw, before, TONE_FADE);
		for (uint32_t i = 0; i < TONE_FADE; i++)
			now[i] = before[i] + (now[i] - before[i]) * fade(i);
		p->fades = false;
	}
	for (uint32_t i = 0; i < TONE_TICK; i++) {
		float limited = now[i] > 32767 ? 32767 : now[i] < -32767 ? -32767 : now[i];
		ulaw[i] = linear_to_ulaw((int)lrintf(limited));
	}
	return true;
}
