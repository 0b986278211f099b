/* The call table: every (state, event) pair is a decision, and random orders of events free every
 * leg exactly once.  Legs, worker and plan are small doubles. */
#include "gateway/call.c"

#include "gateway/call_life.c"
#include "gateway/call_names.c"
#include "gateway/call_path.c"
#include "gateway/call_queue.c"
#include "gateway/record.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka wants the three above first */
#include <cmocka.h>

#include "tests/unit/gateway/fake_leg.h"

/* As fake_ops, but its LEG_PROCEEDING is a SIP 100. */
static struct leg_ops fake_sip_ops;

static bool early;

static bool starts_early(void *arg, const struct dial_answer *answer)
{
	return early;
}

static int start_leg(void *arg, struct call *c, const struct dial_answer *answer)
{
	if (start_cause != 0)
		return start_cause;
	c->to = fake_leg_new(1, false);
	return 0;
}

static void on_ended(void *arg, struct call *c)
{
	ended_calls++;
	record_write(c, 1);
}

static struct loop loop;
static struct call_env env = {.loop = &loop,
			      .setup_timeout_ms = 30,
			      .answer_timeout_ms = 60,
			      .start = start_leg,
			      .starts_early = starts_early,
			      .ended = on_ended};

static unsigned error_lines, record_lines;

static void count_lines(void *arg, const char *line)
{
	error_lines += strstr(line, " error ") != NULL;
	record_lines += strstr(line, ": ended: ") != NULL;
}

static int setup(void **state)
{
	static const struct dial_rule rules[] = {
		{.name = "all", .line = 7, .pattern = "7XXX", .to = "there"},
		{.name = "any", .line = 9, .pattern = "9.", .to = "there"},
	};
	char err[128];
	size_t bad;

	assert_int_equal(loop_init(&loop), 0);
	struct dialplan *plan;
	assert_int_equal(dialplan_build(&plan, rules, 2, &bad, err, sizeof(err)), 0);
	env.plan = plan;
	freed_legs = ended_calls = opened_paths = closed_paths = media_updates = 0;
	error_lines = record_lines = 0;
	start_cause = open_result = media_result = 0;
	open_path = NULL;
	early = false;
	log_set_sink(count_lines, NULL);
	return 0;
}

static int teardown(void **state)
{
	dialplan_free((struct dialplan *)env.plan);
	loop_fini(&loop);
	log_set_sink(NULL, NULL);
	return 0;
}

static void turn(void)
{
	uv_run(&loop.uv, UV_RUN_NOWAIT);
}

static struct call *offer(const char *number)
{
	struct call *c;

	assert_int_equal(call_new(&c, 42, &env, fake_leg_new(0, true)), 0);
	snprintf(c->called.number, sizeof(c->called.number), "%s", number);
	snprintf(c->dialled, sizeof(c->dialled), "%s", number);
	call_post_own(c, FROM_SETUP, NULL);
	turn();
	return c;
}

static void path_back(struct call *c)
{
	if (open_path == NULL || !c->path_closing)
		return;
	open_path = NULL;
	call_path_closed(c);
}

static void post(unsigned which, enum leg_event ev, int cause)
{
	struct leg_info info = {.cause = cause};

	call_post(&fakes[which]->leg, ev, &info);
}

/* --- tests --- */

static void a_call_from_setup_to_record(void **state)
{
	struct call *c = offer("7134");

	assert_int_equal(c->state, CALL_OFFERED);
	assert_int_equal(c->rule_line, 7);
	assert_int_equal(fakes[0]->proceedings, 1);
	fakes[1]->end_known = true;
	post(1, LEG_PROCEEDING, 0);
	turn();
	assert_int_equal(c->state, CALL_PROCEEDING);
	assert_int_equal(opened_paths, 1); /* audio is there before the answer */
	post(1, LEG_ALERTING, 0);
	turn();
	assert_int_equal(c->state, CALL_ALERTING);
	assert_int_equal(fakes[0]->alerts, 1);
	post(1, LEG_ANSWERED, 0);
	fakes[1]->leg.media_version++;
	turn();
	assert_int_equal(c->state, CALL_CONNECTED);
	assert_int_equal(fakes[0]->answers, 1);
	assert_int_equal(media_updates, 1);
	fakes[0]->leg.final_cause = 16;
	post(0, LEG_CLEARING, 16);
	turn();
	assert_int_equal(c->state, CALL_CLEARING);
	assert_int_equal(fakes[0]->clears, 1);
	assert_int_equal(fakes[1]->clears, 1);
	assert_int_equal(fakes[1]->clear_cause, 16);
	post(0, LEG_RELEASED, 16);
	post(1, LEG_RELEASED, 16);
	turn();
	assert_int_equal(ended_calls, 0); /* the worker still has the path */
	path_back(c);
	turn();
	assert_int_equal(ended_calls, 1);
	assert_int_equal(freed_legs, 2);
	assert_int_equal(record_lines, 1);
	assert_int_equal(error_lines, 0);
}

static void expect_refusal(const char *number, int cause)
{
	struct call *c = offer(number);

	assert_int_equal(c->state, CALL_CLEARING);
	assert_int_equal(fakes[0]->clear_cause, cause);
	post(0, LEG_RELEASED, cause);
	turn();
	assert_int_equal(ended_calls, 1);
	assert_int_equal(freed_legs, 1);
	ended_calls = freed_legs = 0;
}

static void refusals_have_the_right_cause(void **state)
{
	expect_refusal("8134", Q850_UNALLOCATED);
	expect_refusal("71", Q850_INVALID_NUMBER_FORMAT);
	start_cause = Q850_NO_CHANNEL;
	expect_refusal("7134", Q850_NO_CHANNEL);
}

/* A path or its media that cannot be had refuses this call with cause 47. */
static void no_path_is_resource_unavailable(void **state)
{
	struct call *c = offer("7134");

	open_result = -EAGAIN;
	fakes[1]->end_known = true;
	post(1, LEG_ALERTING, 0);
	turn();
	assert_int_equal(c->state, CALL_CLEARING);
	assert_int_equal(fakes[0]->clear_cause, Q850_RESOURCE_UNAVAILABLE);
	assert_int_equal(fakes[1]->clear_cause, Q850_RESOURCE_UNAVAILABLE);
	post(0, LEG_RELEASED, 0);
	post(1, LEG_RELEASED, 0);
	turn();
	assert_int_equal(ended_calls, 1);
}

/* --- numbers in parts --- */

static struct call *offer_part(const char *number)
{
	struct call *c;

	assert_int_equal(call_new(&c, 42, &env, fake_leg_new(0, true)), 0);
	snprintf(c->dialled, sizeof(c->dialled), "%s", number);
	snprintf(c->from->dialled, sizeof(c->from->dialled), "%s", number);
	c->from->incomplete = true;
	call_post_own(c, FROM_SETUP, NULL);
	turn();
	return c;
}

static void dial(const char *all, bool complete)
{
	snprintf(fakes[0]->leg.dialled, sizeof(fakes[0]->leg.dialled), "%s", all);
	fakes[0]->leg.incomplete = !complete;
	post(0, LEG_DIGITS, 0);
	turn();
}

static void all_released(struct call *c)
{
	for (unsigned w = 0; w < 2; w++)
		if (fakes[w] != NULL)
			post(w, LEG_RELEASED, 16);
	turn();
	path_back(c);
	turn();
	assert_int_equal(ended_calls, 1);
	assert_int_equal(error_lines, 0);
	ended_calls = freed_legs = 0;
}

/* As soon as no longer number could match; a caller is not kept waiting for a timer. */
static void the_plan_says_when_a_number_is_complete(void **state)
{
	struct call *c = offer_part("7");

	assert_int_equal(c->state, CALL_COLLECTING);
	assert_int_equal(fakes[0]->mores, 1);
	assert_int_equal(fakes[0]->proceedings, 0);
	dial("713", false);
	assert_int_equal(c->state, CALL_COLLECTING);
	dial("7134", false);
	assert_int_equal(c->state, CALL_OFFERED);
	assert_int_equal(fakes[0]->proceedings, 1);
	assert_string_equal(c->called.number, "7134");
	dial("71345", false); /* too late */
	assert_string_equal(c->called.number, "7134");
	assert_string_equal(fakes[1]->digits, "");
	call_clear(c, 16);
	all_released(c);

	c = offer_part("7134"); /* all of it was there: nothing is asked for */
	assert_int_equal(c->state, CALL_OFFERED);
	assert_int_equal(fakes[0]->mores, 0);
	call_clear(c, 16);
	all_released(c);

	c = offer_part("7");
	dial("78", false);
	dial("78*", false); /* nothing begins like this */
	assert_int_equal(c->state, CALL_CLEARING);
	assert_int_equal(fakes[0]->clear_cause, Q850_UNALLOCATED);
	all_released(c);
}

static void an_open_number_ends_when_the_caller_says_so(void **state)
{
	struct call *c = offer_part("95");

	assert_int_equal(c->state, CALL_COLLECTING);
	dial("9555", false);
	assert_int_equal(c->state, CALL_COLLECTING);
	dial("9555", true); /* T302 */
	assert_int_equal(c->state, CALL_OFFERED);
	assert_string_equal(c->called.number, "9555");
	call_clear(c, 16);
	all_released(c);

	c = offer_part("71");
	dial("71", true); /* T302 of a number that is none */
	assert_int_equal(c->state, CALL_CLEARING);
	assert_int_equal(fakes[0]->clear_cause, Q850_INVALID_NUMBER_FORMAT);
	all_released(c);
}

/* To a trunk that takes digits one by one: the far end says when it has enough. */
static void digits_go_on_to_a_leg_that_takes_them(void **state)
{
	early = true;
	struct call *c = offer_part("95");

	assert_int_equal(c->state, CALL_OFFERED);
	assert_int_equal(fakes[0]->proceedings, 0);
	dial("955", false);
	dial("95512", false);
	assert_string_equal(fakes[1]->digits, "512");
	assert_string_equal(c->called.number, "95512");
	post(1, LEG_PROCEEDING, 0);
	turn();
	assert_int_equal(fakes[0]->proceedings, 1);
	dial("955123", false); /* it has enough */
	assert_string_equal(fakes[1]->digits, "512");
	call_clear(c, 16);
	all_released(c);
}

static void say_484(void)
{
	struct leg_info info = {.cause = 28, .sip_status = 484};

	call_post(&fakes[1]->leg, LEG_CLEARING, &info);
	turn();
}

/* RFC 3578: 484 is no end while more may come. */
static void address_incomplete_asks_for_more(void **state)
{
	early = true;
	fake_sip_ops = fake_ops;
	fake_sip_ops.proceeding_ends_number = false;
	struct call *c = offer_part("95");

	fakes[1]->leg.ops = &fake_sip_ops;
	fakes[1]->end_known = true;
	post(1, LEG_PROCEEDING, 0); /* 100 says nothing about the number */
	turn();
	assert_int_equal(fakes[0]->proceedings, 0);
	assert_int_equal(opened_paths, 1);
	say_484();
	assert_int_equal(c->state, CALL_COLLECTING);
	assert_int_equal(fakes[1]->clears, 1);
	assert_int_equal(fakes[0]->clears, 0);
	dial("955", false); /* while the first is not gone yet */
	assert_int_equal(c->state, CALL_COLLECTING);
	post(1, LEG_RELEASED, 28);
	turn();
	assert_null(fakes[1]);
	path_back(c);
	turn();
	assert_int_equal(c->state, CALL_OFFERED);
	assert_string_equal(c->called.number, "955");
	fakes[1]->leg.ops = &fake_sip_ops;
	say_484();
	post(1, LEG_RELEASED, 28);
	turn();
	dial("955", true); /* no more comes, and that was too short */
	assert_int_equal(c->state, CALL_CLEARING);
	assert_int_equal(fakes[0]->clear_cause, Q850_INVALID_NUMBER_FORMAT);
	all_released(c);

	c = offer("9555"); /* whole: 484 is its end */
	say_484();
	assert_int_equal(c->state, CALL_CLEARING);
	all_released(c);
}

/* RFC 3960: silence before the answer would stop the caller's own ringing tone. */
static bool hears(struct call *c)
{
	return c->media_set[0] % 2 == 0;
}

static void a_slot_is_heard_once_it_has_something_to_say(void **state)
{
	static const struct leg_info tones = {.inband = true};
	static int some_worker;

	for (unsigned inband = 0; inband < 2; inband++) {
		struct call *c = offer("7134");
		fakes[0]->leg.media_version = 1;
		fakes[1]->leg.worker = (struct worker *)&some_worker;
		fakes[1]->end_known = true;
		post(1, LEG_PROCEEDING, 0);
		turn();
		assert_false(hears(c));
		call_post(&fakes[1]->leg, LEG_ALERTING, inband ? &tones : NULL);
		turn();
		assert_int_equal(hears(c), inband);
		post(1, LEG_ANSWERED, 0);
		turn();
		assert_true(hears(c));
		call_clear(c, 16);
		all_released(c);
	}
}

static void expect_timeout(enum leg_event before, int cause)
{
	struct call *c = offer("7134");
	unsigned waited_ms = 0;

	if (before != LEG_EVENT_COUNT)
		post(1, before, 0);
	while (c->state != CALL_CLEARING && waited_ms++ < 1000) {
		turn();
		usleep(1000);
	}
	assert_int_equal(c->state, CALL_CLEARING);
	assert_int_equal(fakes[0]->clear_cause, cause);
	assert_int_equal(fakes[1]->clear_cause, cause);
	post(0, LEG_RELEASED, 0);
	post(1, LEG_RELEASED, 0);
	turn();
	assert_int_equal(ended_calls, 1);
	ended_calls = freed_legs = 0;
}

static void timeouts_have_the_right_cause(void **state)
{
	expect_timeout(LEG_EVENT_COUNT, Q850_TIMER_EXPIRED);
	expect_timeout(LEG_PROCEEDING, Q850_TIMER_EXPIRED);
	expect_timeout(LEG_ALERTING, Q850_NO_ANSWER);
}

/* The flood of a peer that repeats itself is dropped; its end is not. */
static void a_flood_of_events_does_not_lose_the_end(void **state)
{
	struct call *c = offer("7134");

	for (unsigned i = 0; i < 1000; i++)
		post(1, LEG_PROGRESS, 0);
	post(0, LEG_CLEARING, 16);
	post(1, LEG_CLEARING, 17);
	post(1, LEG_RELEASED, 17);
	post(0, LEG_RELEASED, 16);
	(void)c;
	turn();
	assert_int_equal(ended_calls, 1);
	assert_int_equal(freed_legs, 2);
}

/* Who is at one end is told to the other; the plan's caller is that of the call until answered. */
static void identity_goes_to_the_other_leg(void **state)
{
	struct call *c = offer("7134");

	snprintf(c->from->party.name, LEG_DISPLAY_MAX, "Anna");
	post(0, LEG_IDENTITY, 0);
	turn();
	assert_string_equal(fakes[1]->identity.name, "Anna");
	assert_string_equal(c->calling.name, "Anna");
	post(1, LEG_ANSWERED, 0);
	snprintf(c->to->party.number, DIAL_NUMBER_MAX, "7200");
	post(1, LEG_IDENTITY, 0);
	snprintf(c->from->party.name, LEG_DISPLAY_MAX, "Otto");
	post(0, LEG_IDENTITY, 0);
	turn();
	assert_string_equal(fakes[0]->identity.number, "7200");
	assert_string_equal(fakes[1]->identity.name, "Otto");
	assert_string_equal(c->calling.name, "Anna");
	call_clear(c, 16);
	all_released(c);
}

/* What the design says of every pair: S stays or goes on, C clears, . cannot happen. */
static const char *const expected[CALL_STATE_COUNT] = {
	/* SETUP DIGITS CONF IDENTITY MEDIA CLEAR REL
	 * PROC ALERT PROG ANSW IDENTITY MEDIA CLEAR REL
	 * TIMEOUT PATH REFERRED REFER_OVER JOINED */
	[CALL_NEW] = "S..SSCC"
		     "........"
		     ".....",
	[CALL_COLLECTING] = ".S.SSCC"
			    "SSSSSSSS"
			    "SS...",
	[CALL_OFFERED] = ".S.SSCC"
			 "SSSSSSCC"
			 "CS...",
	[CALL_PROCEEDING] = ".S.SSCC"
			    "SSSSSSCC"
			    "CS...",
	[CALL_ALERTING] = ".S.SSCC"
			  "SSSSSSCC"
			  "CS...",
	[CALL_FAILING] = ".S.SSCC"
			 "SSSSSSSS"
			 "CS...",
	[CALL_CONNECTED] = ".SSSSCC"
			   "SSS.SSCC"
			   ".SSSC",
	/* each end may be who asked, and stays or goes */
	[CALL_TRANSFERRING] = ".SSSSSS"
			      "SSS.SSSS"
			      ".S.SC",
	[CALL_CLEARING] = "SSSSSSS"
			  "SSSSSSSS"
			  "SSSSS",
};

static void every_pair_is_decided(void **state)
{
	for (unsigned s = 0; s < CALL_STATE_COUNT; s++)
		for (unsigned e = 0; e < CALL_EVENT_COUNT; e++) {
			const struct row *r = &table[s][e];
			char is = r->action == NULL                                ? '.'
				  : r->next == CALL_CLEARING && s != CALL_CLEARING ? 'C'
										   : 'S';
			if (is != expected[s][e])
				fail_msg("%s in %s is %c, not %c", event_names[e], state_names[s],
					 is, expected[s][e]);
			/* a call never goes back, but from a transfer that failed */
			assert_true(r->action == NULL || r->next >= s || e == CALL_REFER_OVER);
		}
}

/* Legs that do whatever a protocol could, in any order; after CLEARING or clear() they release. */
static unsigned rng_state;

static unsigned rng(unsigned bound)
{
	rng_state = rng_state * 1664525u + 1013904223u;
	return (rng_state >> 16) % bound;
}

static void random_step(struct call *c)
{
	static const enum leg_event to_events[] = {LEG_PROCEEDING, LEG_ALERTING, LEG_PROGRESS,
						   LEG_MEDIA};
	static const struct leg_info short_number = {.cause = 28, .sip_status = 484};
	unsigned which = rng(2);
	struct fake_leg *l = fakes[which];

	if (l == NULL || l->released) {
		path_back(c);
		return;
	}
	switch (rng(8)) {
	case 0: post(which, LEG_CLEARING, 17); break;
	case 1:
		l->released = true;
		post(which, LEG_RELEASED, 16);
		break;
	case 2:
		l->end_known = true;
		l->leg.media_version++;
		post(which, rng(2) == 0 ? LEG_IDENTITY : LEG_MEDIA, 0);
		break;
	case 3:
		if (which == 1 && !l->answered) {
			l->answered = true;
			post(1, LEG_ANSWERED, 0);
		}
		break;
	case 4:
		path_back(c);
		if (which == 0 && l->leg.incomplete && strlen(l->leg.dialled) < 8) {
			strcat(l->leg.dialled, "5");
			l->leg.incomplete = rng(6) != 0;
			post(0, LEG_DIGITS, 0);
		} else if (which == 1 && rng(2) == 0) {
			call_post(&l->leg, LEG_CLEARING, &short_number);
		}
		break;
	case 5: turn(); break;
	case 6:
		if (rng(20) == 0)
			call_clear(c, 41);
		break;
	default:
		if (which == 1)
			post(1, to_events[rng(4)], 0);
	}
}

static void random_orders_free_every_leg_once(void **state)
{
	unsigned again = 0, failing = 0;

	for (unsigned seed = 1; seed <= 3000; seed++) {
		rng_state = seed;
		freed_legs = ended_calls = 0;
		open_result = rng(10) == 0 ? -EAGAIN : 0;
		media_result = rng(10) == 0 ? -EAGAIN : 0;
		start_cause = rng(20) == 0 ? Q850_NO_CHANNEL : 0;
		early = rng(4) != 0;
		audible.failure_tone_ms = rng(3) == 0 ? 0 : 1 + rng(3);
		made_legs = 0;
		struct call *c = rng(2) == 0 ? offer("7134") : offer_part("95");
		c->from->makes_ringback = rng(2) == 0;
		c->from->dial_tone = rng(2) == 0;
		for (unsigned i = 0; i < 60 && ended_calls == 0; i++) {
			random_step(c);
			if (ended_calls == 0 && c->state == CALL_FAILING)
				failing++;
			if (ended_calls == 0 && c->state == CALL_FAILING && rng(20) == 0)
				usleep(2000);
		}
		for (unsigned i = 0; i < 10 && ended_calls == 0; i++) {
			for (unsigned w = 0; w < 2; w++)
				if (fakes[w] != NULL && !fakes[w]->released) {
					fakes[w]->released = true;
					post(w, LEG_RELEASED, 16);
				}
			turn();
			if (ended_calls == 0)
				path_back(c);
			turn();
		}
		if (ended_calls != 1 || freed_legs != made_legs)
			fail_msg("seed %u: ended %u times, %u of %u legs freed", seed, ended_calls,
				 freed_legs, made_legs);
		again += made_legs > 2;
		assert_null(open_path);
	}
	assert_int_equal(record_lines, 3000);
	if (again < 5)
		fail_msg("484 and another leg: only %u times", again);
	if (failing < 100 || plays < 100)
		fail_msg("tones: only %u steps in FAILING, %u changes", failing, plays);
	audible.failure_tone_ms = 0;
	assert_int_equal(error_lines, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_call_from_setup_to_record, setup, teardown),
		cmocka_unit_test_setup_teardown(refusals_have_the_right_cause, setup, teardown),
		cmocka_unit_test_setup_teardown(no_path_is_resource_unavailable, setup, teardown),
		cmocka_unit_test_setup_teardown(the_plan_says_when_a_number_is_complete, setup,
						teardown),
		cmocka_unit_test_setup_teardown(an_open_number_ends_when_the_caller_says_so, setup,
						teardown),
		cmocka_unit_test_setup_teardown(digits_go_on_to_a_leg_that_takes_them, setup,
						teardown),
		cmocka_unit_test_setup_teardown(address_incomplete_asks_for_more, setup, teardown),
		cmocka_unit_test_setup_teardown(a_slot_is_heard_once_it_has_something_to_say, setup,
						teardown),
		cmocka_unit_test_setup_teardown(timeouts_have_the_right_cause, setup, teardown),
		cmocka_unit_test_setup_teardown(a_flood_of_events_does_not_lose_the_end, setup,
						teardown),
		cmocka_unit_test_setup_teardown(identity_goes_to_the_other_leg, setup, teardown),
		cmocka_unit_test(every_pair_is_decided),
		cmocka_unit_test_setup_teardown(random_orders_free_every_leg_once, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
