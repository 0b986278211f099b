/* The call table: every (state, event) pair is a decision, and random orders of events free every
 * leg exactly once.  Legs, worker and plan are small doubles. */
#include "gateway/call.c"

#include "gateway/call_path.c"
#include "gateway/record.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka wants the three above first */
#include <cmocka.h>

/* --- doubles --- */

struct fake_leg {
	struct leg leg;
	unsigned proceedings, alerts, progresses, answers, clears, frees;
	int clear_cause;
	bool inband, end_known;
};

static struct fake_leg *fakes[2];
static unsigned freed_legs, ended_calls, opened_paths, closed_paths, media_updates;
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

static void fake_answer(struct leg *l)
{
	fake(l)->answers++;
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

static void fake_free(struct leg *l)
{
	for (unsigned i = 0; i < 2; i++)
		if (fakes[i] == fake(l))
			fakes[i] = NULL;
	freed_legs++;
	free(l);
}

static const struct leg_ops fake_ops = {.kind = "fake",
					.proceeding = fake_proceeding,
					.alert = fake_alert,
					.progress = fake_progress,
					.answer = fake_answer,
					.clear = fake_clear,
					.has_end = fake_has_end,
					.take_end = fake_take_end,
					.free = fake_free};

static struct leg *fake_leg_new(unsigned which, bool end_known)
{
	struct fake_leg *l = calloc(1, sizeof(*l));

	assert_non_null(l);
	l->leg.ops = &fake_ops;
	l->end_known = end_known;
	snprintf(l->leg.name, sizeof(l->leg.name), "leg-%u", which);
	fakes[which] = l;
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
		     const struct sip_media *m)
{
	assert_ptr_equal(p, open_path);
	media_updates++;
	return media_result;
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
			      .ended = on_ended};

static unsigned error_lines, record_lines;

static void count_lines(void *arg, const char *line)
{
	error_lines += strstr(line, " error ") != NULL;
	record_lines += strstr(line, ": ended: ") != NULL;
}

static int setup(void **state)
{
	static const struct dial_rule rule = {
		.name = "all", .line = 7, .pattern = "7XXX", .to = "there"};
	char err[128];
	size_t bad;

	assert_int_equal(loop_init(&loop), 0);
	struct dialplan *plan;
	assert_int_equal(dialplan_build(&plan, &rule, 1, &bad, err, sizeof(err)), 0);
	env.plan = plan;
	freed_legs = ended_calls = opened_paths = closed_paths = media_updates = 0;
	error_lines = record_lines = 0;
	start_cause = open_result = media_result = 0;
	open_path = NULL;
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
	call_post_own(c, FROM_SETUP);
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

/* What the design says of every pair: S stays or goes on, C clears, . cannot happen. */
static const char *const expected[CALL_STATE_COUNT] = {
	/* SETUP CONF MEDIA CLEAR REL | PROC ALERT PROG ANSW MEDIA CLEAR REL | TIMEOUT PATH */
	[CALL_NEW] = "S.SCC"
		     "......."
		     "..",
	[CALL_OFFERED] = "..SCC"
			 "SSSSSCC"
			 "C.",
	[CALL_PROCEEDING] = "..SCC"
			    "SSSSSCC"
			    "C.",
	[CALL_ALERTING] = "..SCC"
			  "SSSSSCC"
			  "C.",
	[CALL_CONNECTED] = ".SSCC"
			   "SSS.SCC"
			   "..",
	[CALL_CLEARING] = "SSSSS"
			  "SSSSSSS"
			  "SS",
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
			/* a call never goes back */
			assert_true(r->action == NULL || r->next >= s);
		}
}

/* Legs that do whatever a protocol could, in any order; after CLEARING or clear() they release. */
static unsigned rng_state;

static unsigned rng(unsigned bound)
{
	rng_state = rng_state * 1664525u + 1013904223u;
	return (rng_state >> 16) % bound;
}

static void random_step(struct call *c, bool released[2], bool answered[1])
{
	static const enum leg_event to_events[] = {LEG_PROCEEDING, LEG_ALERTING, LEG_PROGRESS,
						   LEG_MEDIA};
	unsigned which = rng(2);
	struct fake_leg *l = fakes[which];

	if (l == NULL || released[which]) {
		path_back(c);
		return;
	}
	switch (rng(8)) {
	case 0: post(which, LEG_CLEARING, 17); break;
	case 1:
		released[which] = true;
		post(which, LEG_RELEASED, 16);
		break;
	case 2:
		l->end_known = true;
		l->leg.media_version++;
		post(which, LEG_MEDIA, 0);
		break;
	case 3:
		if (which == 1 && !answered[0]) {
			answered[0] = true;
			post(1, LEG_ANSWERED, 0);
		}
		break;
	case 4: path_back(c); break;
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
	for (unsigned seed = 1; seed <= 3000; seed++) {
		bool released[2] = {false, false}, answered[1] = {false};
		rng_state = seed;
		freed_legs = ended_calls = 0;
		open_result = rng(10) == 0 ? -EAGAIN : 0;
		media_result = rng(10) == 0 ? -EAGAIN : 0;
		start_cause = rng(20) == 0 ? Q850_NO_CHANNEL : 0;
		struct call *c = offer("7134");
		unsigned legs = fakes[1] != NULL ? 2 : 1;
		for (unsigned i = 0; i < 60 && ended_calls == 0; i++)
			random_step(c, released, answered);
		for (unsigned i = 0; i < 10 && ended_calls == 0; i++) {
			for (unsigned w = 0; w < 2; w++)
				if (fakes[w] != NULL && !released[w]) {
					released[w] = true;
					post(w, LEG_RELEASED, 16);
				}
			turn();
			if (ended_calls == 0)
				path_back(c);
			turn();
		}
		if (ended_calls != 1 || freed_legs != legs)
			fail_msg("seed %u: ended %u times, %u of %u legs freed", seed, ended_calls,
				 freed_legs, legs);
		assert_null(open_path);
	}
	assert_int_equal(record_lines, 3000);
	assert_int_equal(error_lines, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_call_from_setup_to_record, setup, teardown),
		cmocka_unit_test_setup_teardown(refusals_have_the_right_cause, setup, teardown),
		cmocka_unit_test_setup_teardown(no_path_is_resource_unavailable, setup, teardown),
		cmocka_unit_test_setup_teardown(timeouts_have_the_right_cause, setup, teardown),
		cmocka_unit_test_setup_teardown(a_flood_of_events_does_not_lose_the_end, setup,
						teardown),
		cmocka_unit_test(every_pair_is_decided),
		cmocka_unit_test_setup_teardown(random_orders_free_every_leg_once, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
