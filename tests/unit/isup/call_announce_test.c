#include "isup/call_announce.c"

#include "tests/unit/isup/pair.h"

/* a, the network, has a call from b, and b's end of it. */
static struct isup_call *call_from_b(struct pair *p, struct isup_call **of_b, bool answered)
{
	*of_b = start_call(&p->b);
	run_ms(p, 50);
	struct isup_call *c = expect(&p->a, ISUP_SETUP)->call;
	if (answered) {
		isup_call_answer(c);
		run_ms(p, 50);
		expect(&p->b, ISUP_CONNECT);
	}
	return c;
}

static void expect_announced(const struct end *e, int cause)
{
	struct q931_message m;

	assert_int_equal(last_cause(e, Q931_DISCONNECT), cause);
	assert_true(q931_parse(&m, e->last, e->last_len));
	assert_true(q931_progress(&m, Q931_PROGRESS_INBAND));
}

/* Before the answer: the far side hears it, until T306 of ours ends it. */
static void test_t306(void **state)
{
	struct pair *p = pair_open();
	struct isup_call *of_b, *c = call_from_b(p, &of_b, false);

	assert_true(isup_call_clear_inband(c, Q850_USER_BUSY, 0));
	expect_announced(&p->a, Q850_USER_BUSY);
	assert_int_equal(p->a.sent[Q931_CALL_PROCEEDING], 1);
	run_ms(p, 50);
	expect(&p->b, ISUP_PROCEEDING);
	assert_true(expect(&p->b, ISUP_PROGRESS)->inband);
	assert_int_equal(isup_trunk_slot(p->a.trunk, isup_call_slot(c)), ISUP_SLOT_BUSY);
	run_ms(p, 29000);
	expect_none(&p->a);
	assert_int_equal(p->a.sent[Q931_RELEASE] + p->b.sent[Q931_RELEASE], 0);
	run_ms(p, 2000);
	assert_int_equal(p->a.sent[Q931_RELEASE] + p->b.sent[Q931_RELEASE], 1);
	expect(&p->a, ISUP_RELEASED);
	expect(&p->b, ISUP_CLEARING);
	expect(&p->b, ISUP_RELEASED);
	expect_idle(&p->a);
	expect_idle(&p->b);
	pair_close(p);
}

/* Who has heard enough releases the call. */
static void test_far_side_releases(void **state)
{
	struct pair *p = pair_open();
	struct isup_call *of_b, *c = call_from_b(p, &of_b, true);

	assert_true(isup_call_clear_inband(c, Q850_NORMAL_CLEARING, 0));
	assert_false(isup_call_clear_inband(c, Q850_NORMAL_CLEARING, 0)); /* said */
	run_ms(p, 5000);
	expect_none(&p->a);
	isup_call_clear(of_b, Q850_NORMAL_CLEARING);
	run_ms(p, 100);
	expect(&p->a, ISUP_RELEASED);
	expect_idle(&p->a);
	expect_idle(&p->b);
	pair_close(p);
}

/* The announcement is over, long before T306. */
static void test_we_release(void **state)
{
	struct pair *p = pair_open();
	struct isup_call *of_b, *c = call_from_b(p, &of_b, true);
	struct q931_message m;

	assert_true(isup_call_clear_inband(c, Q850_USER_BUSY, 3000));
	isup_call_clear(c, Q850_NORMAL_CLEARING); /* it is being cleared */
	run_ms(p, 2900);
	assert_int_equal(p->a.sent[Q931_RELEASE], 0);
	run_ms(p, 200);
	assert_int_equal(p->a.sent[Q931_RELEASE], 1);
	assert_int_equal(last_cause(&p->a, Q931_RELEASE), Q850_USER_BUSY);
	assert_true(q931_parse(&m, p->a.last, p->a.last_len));
	assert_false(q931_progress(&m, Q931_PROGRESS_INBAND));
	expect(&p->a, ISUP_RELEASED);
	expect_idle(&p->a);

	/* The next call has T305 as it was. */
	expect(&p->b, ISUP_CLEARING);
	expect(&p->b, ISUP_RELEASED);
	c = call_from_b(p, &of_b, true);
	p->b.deaf[Q931_DISCONNECT] = true;
	isup_call_clear(c, Q850_USER_BUSY);
	run_ms(p, 29900);
	assert_int_equal(p->a.sent[Q931_RELEASE], 1);
	run_ms(p, 200);
	assert_int_equal(p->a.sent[Q931_RELEASE], 2);
	pair_close(p);
}

/* RELEASE COMPLETE never comes: as after any other clearing (5.3.3). */
static void test_release_unanswered(void **state)
{
	struct pair *p = pair_open();
	struct isup_call *of_b, *c = call_from_b(p, &of_b, true);

	p->b.deaf[Q931_RELEASE] = true;
	assert_true(isup_call_clear_inband(c, Q850_USER_BUSY, 1000));
	run_ms(p, 10000); /* T308 twice */
	assert_int_equal(p->a.sent[Q931_RELEASE], 2);
	expect(&p->a, ISUP_RELEASED);
	pair_close(p);
}

static void test_disconnects_cross(void **state)
{
	struct pair *p = pair_open();
	struct isup_call *of_b, *c = call_from_b(p, &of_b, true);

	isup_call_clear(of_b, Q850_NORMAL_CLEARING);
	assert_true(isup_call_clear_inband(c, Q850_USER_BUSY, 0));
	run_ms(p, 200);
	expect(&p->a, ISUP_RELEASED);
	expect_idle(&p->a);
	expect_idle(&p->b);
	pair_close(p);
}

/* A lost link ends it (5.8.9): nobody hears anything any more. */
static void test_link_lost(void **state)
{
	struct pair *p = pair_open();
	struct isup_call *of_b, *c = call_from_b(p, &of_b, true);

	assert_true(isup_call_clear_inband(c, Q850_USER_BUSY, 0));
	run_ms(p, 100);
	p->a.cut = p->b.cut = true;
	run_ms(p, 25000);
	assert_true(count_kind(&p->a, ISUP_RELEASED) == 1);
	pair_close(p);
}

static void test_where_it_may_not(void **state)
{
	struct pair *p = pair_open();
	struct isup_call *of_b, *c = call_from_b(p, &of_b, false);

	assert_false(
		isup_call_clear_inband(of_b, Q850_USER_BUSY, 0)); /* the user, and the caller */
	assert_false(isup_call_clear_inband(c, Q850_CHANNEL_UNACCEPTABLE, 0));
	assert_int_equal(p->a.sent[Q931_DISCONNECT] + p->b.sent[Q931_DISCONNECT], 0);
	isup_call_clear(c, Q850_USER_BUSY);
	struct q931_message m;
	assert_true(q931_parse(&m, p->a.last, p->a.last_len));
	assert_int_equal(m.type, Q931_DISCONNECT);
	assert_false(q931_progress(&m, Q931_PROGRESS_INBAND));
	assert_false(isup_call_clear_inband(c, Q850_USER_BUSY, 0)); /* too late */
	pair_close(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_t306),       cmocka_unit_test(test_far_side_releases),
		cmocka_unit_test(test_we_release), cmocka_unit_test(test_disconnects_cross),
		cmocka_unit_test(test_link_lost),  cmocka_unit_test(test_where_it_may_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
