/* fake_leg.h - doubles of legs and of the worker, for tests of the call machine: they count what
 * they are told.  For one test program, after cmocka.h.
 */
#ifndef TESTS_FAKE_LEG_H
#define TESTS_FAKE_LEG_H

#include "gateway/call.h"

struct fake_leg {
	struct leg leg;
	unsigned proceedings, alerts, progresses, answers, clears, frees, mores, given_back, holds;
	char digits[DIAL_NUMBER_MAX]; /* handed on to it */
	int clear_cause;
	bool inband, end_known, answered, released, told_held;
	struct leg_party identity; /* told last */
};

static struct fake_leg *fakes[2];
static unsigned made_legs, freed_legs, ended_calls, opened_paths, closed_paths, media_updates;
static int start_cause, open_result, media_result;
static struct path *open_path;

static struct fake_leg *fake(struct leg *l)
{
	return (struct fake_leg *)l;
}

static void fake_proceeding(struct leg *l)
{
	fake(l)->proceedings++;
}

static bool fake_more(struct leg *l)
{
	fake(l)->mores++;
	return l->incomplete;
}

static void fake_digits(struct leg *l, const char *digits)
{
	strcat(fake(l)->digits, digits);
}

static void fake_alert(struct leg *l, bool inband)
{
	fake(l)->alerts++;
	fake(l)->inband = inband;
}

static void fake_progress(struct leg *l, bool inband)
{
	fake(l)->progresses++;
	fake(l)->inband = inband;
}

static void fake_answer(struct leg *l, const struct leg_party *connected)
{
	fake(l)->answers++;
}

static void fake_identity(struct leg *l, const struct leg_party *now)
{
	fake(l)->identity = *now;
}

static void fake_clear(struct leg *l, const struct leg_info *why)
{
	fake(l)->clears++;
	fake(l)->clear_cause = why->cause;
	if (l->final_cause == 0)
		l->final_cause = why->cause;
}

static bool fake_has_end(const struct leg *l)
{
	return ((const struct fake_leg *)l)->end_known;
}

static void fake_take_end(struct leg *l, struct path_end *out)
{
	out->kind = PATH_SLOT;
	out->slot = 1;
}

static void fake_give_end(struct leg *l, struct path_end *end)
{
	fake(l)->given_back++;
}

static void fake_hold(struct leg *l, bool held)
{
	fake(l)->holds++;
	fake(l)->told_held = held;
}

static void fake_free(struct leg *l)
{
	for (unsigned i = 0; i < 2; i++)
		if (fakes[i] == fake(l))
			fakes[i] = NULL;
	freed_legs++;
	free(l);
}

static const struct leg_ops fake_ops = {.kind = "fake",
					.proceeding_ends_number = true,
					.more = fake_more,
					.digits = fake_digits,
					.proceeding = fake_proceeding,
					.alert = fake_alert,
					.progress = fake_progress,
					.answer = fake_answer,
					.identity = fake_identity,
					.clear = fake_clear,
					.has_end = fake_has_end,
					.take_end = fake_take_end,
					.give_end = fake_give_end,
					.hold = fake_hold,
					.free = fake_free};

static struct conf_audible audible;

static struct leg *fake_leg_new(unsigned which, bool end_known)
{
	struct fake_leg *l = calloc(1, sizeof(*l));

	assert_non_null(l);
	l->leg.ops = &fake_ops;
	l->leg.tones = &audible;
	l->end_known = end_known;
	snprintf(l->leg.name, sizeof(l->leg.name), "leg-%u", which);
	fakes[which] = l;
	made_legs++;
	return &l->leg;
}

/* The worker: one path at a time, given back when the test says so. */
int worker_open(struct worker *w, struct path *p)
{
	if (open_result < 0)
		return open_result;
	assert_null(open_path);
	opened_paths++;
	open_path = p;
	return 0;
}

void worker_close(struct worker *w, struct path *p)
{
	assert_ptr_equal(p, open_path);
	closed_paths++;
}

int worker_set_media(struct worker *w, const struct path *p, unsigned end,
		     const struct sip_media *m, bool held)
{
	assert_ptr_equal(p, open_path);
	media_updates++;
	return media_result;
}

static const struct tone *playing;
static unsigned plays;

int worker_play(struct worker *w, const struct path *p, unsigned end, const struct tone *tone)
{
	assert_ptr_equal(p, open_path);
	assert_int_equal(end, 0);
	playing = tone;
	plays++;
	return media_result;
}

#endif
