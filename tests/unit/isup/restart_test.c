#include "isup/restart.c"

#include "pair.h"

static struct pair *open_restarting(bool net_too)
{
	struct pair *p = pair_new();
	struct isup_trunk_conf net = conf_for(ISUP_NETWORK), user = conf_for(ISUP_USER);

	net.restart_on_start = net_too;
	user.restart_on_start = true;
	end_open(&p->a, &net);
	end_open(&p->b, &user);
	return p;
}

static void test_on_start(void **state)
{
	for (int both = 0; both < 2; both++) {
		struct pair *p = open_restarting(both);
		run_ms(p, 500);
		expect_none(&p->b);
		assert_int_equal(p->b.sent[Q931_RESTART], 0);
		run_ms(p, 110);
		expect(&p->b, ISUP_TRUNK_UP);
		assert_int_equal(isup_trunk_slot(p->b.trunk, 12), ISUP_SLOT_RESTARTING);
		assert_false(slot_usable(p->b.trunk, 12));
		run_ms(p, 2000);
		assert_int_equal(p->b.sent[Q931_RESTART], 23);
		assert_int_equal(p->a.sent[Q931_RESTART_ACK], 23);
		assert_int_equal(p->a.sent[Q931_RESTART], both ? 23 : 0);
		expect_idle(&p->a);
		expect_idle(&p->b);
		expect_none(&p->b);
		start_call(&p->b);
		pair_close(p);
	}
}

/* A call may have a slot that only waits for its turn; that slot is then not restarted. */
static void test_call_while_slots_wait(void **state)
{
	struct pair *p = open_restarting(false);
	struct isup_call *in, *out;

	while (!isup_trunk_up(p->a.trunk) || !isup_trunk_up(p->b.trunk))
		run_ms(p, 1);
	expect(&p->a, ISUP_TRUNK_UP);
	expect(&p->b, ISUP_TRUNK_UP);
	out = call_active(p, &p->b, &in);
	assert_int_equal(isup_call_slot(out), 23);
	run_ms(p, 3000);
	assert_int_equal(p->b.sent[Q931_RESTART], 22);
	expect_none(&p->a);
	expect_none(&p->b);
	assert_int_equal(isup_trunk_slot(p->b.trunk, 23), ISUP_SLOT_BUSY);
	assert_int_equal(isup_trunk_slot(p->b.trunk, 22), ISUP_SLOT_IDLE);
	pair_close(p);
}

/* Only when the link first comes up: a return must not touch the calls that lived on. */
static void test_not_on_return(void **state)
{
	struct pair *p = open_restarting(false);
	struct isup_call *in;

	run_ms(p, 2000);
	expect(&p->a, ISUP_TRUNK_UP);
	expect(&p->b, ISUP_TRUNK_UP);
	call_active(p, &p->a, &in);
	p->a.cut = p->b.cut = true;
	run_ms(p, 30000);
	p->a.cut = p->b.cut = false;
	run_ms(p, 10000);
	assert_int_equal(p->b.sent[Q931_RESTART], 23);
	expect(&p->a, ISUP_TRUNK_DOWN);
	expect(&p->a, ISUP_TRUNK_UP);
	expect_none(&p->a);
	pair_close(p);
}

/* A far side that knows no RESTART: three tries for the first slot, then all are taken as idle. */
static void test_never_answered(void **state)
{
	struct pair *p = open_restarting(false);

	p->a.deaf[Q931_RESTART] = true;
	run_ms(p, 6500);
	assert_int_equal(p->b.sent[Q931_RESTART], 3);
	assert_int_equal(isup_trunk_slot(p->b.trunk, 1), ISUP_SLOT_RESTARTING);
	run_ms(p, 300);
	expect_idle(&p->b);
	run_ms(p, 300000);
	assert_int_equal(p->b.sent[Q931_RESTART], 3);
	pair_close(p);
}

/* The first one is lost by the far side, as happens right after the link came up. */
static void test_first_one_lost(void **state)
{
	struct pair *p = open_restarting(false);

	p->a.deaf[Q931_RESTART] = true;
	run_ms(p, 1000);
	p->a.deaf[Q931_RESTART] = false;
	run_ms(p, 3000);
	assert_int_equal(p->b.sent[Q931_RESTART], 24);
	expect_idle(&p->b);
	pair_close(p);
}

/* Answered for some, not for others: those stay out of service, and are tried again. */
static void test_some_slots_left_out(void **state)
{
	struct pair *p = open_restarting(false);
	struct isup_call *c;

	while (p->a.sent[Q931_RESTART_ACK] < 22)
		run_ms(p, 1);
	p->a.deaf[Q931_RESTART] = true; /* the last one goes unanswered */
	run_ms(p, 6500);
	assert_int_equal(isup_trunk_slot(p->b.trunk, 22), ISUP_SLOT_IDLE);
	assert_int_equal(isup_trunk_slot(p->b.trunk, 23), ISUP_SLOT_OUT_OF_SERVICE);
	assert_int_equal(isup_call_start(&c, p->b.trunk, &plain_setup, NULL), 0);
	assert_int_equal(isup_call_slot(c), 22);
	p->a.deaf[Q931_RESTART] = false;
	run_ms(p, 61000);
	assert_int_equal(isup_trunk_slot(p->b.trunk, 23), ISUP_SLOT_IDLE);
	pair_close(p);
}

/* The link goes while RESTARTs are under way: they go on when it is back. */
static void test_link_lost_meanwhile(void **state)
{
	struct pair *p = open_restarting(false);

	run_ms(p, 620); /* the link has settled, a few are done */
	assert_true(p->b.sent[Q931_RESTART] > 1 && p->b.sent[Q931_RESTART] < 23);
	p->a.cut = p->b.cut = true;
	run_ms(p, 30000);
	assert_false(isup_trunk_up(p->b.trunk));
	p->a.cut = p->b.cut = false;
	run_ms(p, 10000);
	expect_idle(&p->b);
	assert_true(p->b.sent[Q931_RESTART] >= 23);
	pair_close(p);
}

/* 5.5.2: RESTART ends whatever is on the slot. */
static void test_from_the_far_side(void **state)
{
	struct pair *p = pair_open_raw(ISUP_USER);

	for (int i = 0; i < 3; i++) {
		struct isup_call *c = start_call(&p->a);
		run_ms(p, 20);
		pri_event_ring ring = raw_wait(&p->b, PRI_EVENT_RING)->ring;
		pri_answer(p->b.raw, ring.call, ring.channel, 0);
		raw_run(&p->b);
		run_ms(p, 20);
		assert_ptr_equal(expect(&p->a, ISUP_CONNECT)->call, c);
	}
	pri_reset(p->b.raw, 22);
	raw_run(&p->b);
	run_ms(p, 20);
	raw_wait(&p->b, PRI_EVENT_RESTART_ACK);
	struct isup_event *ev = expect(&p->a, ISUP_CLEARING);
	assert_int_equal(ev->slot, 22);
	assert_int_equal(ev->cause, 41);
	assert_int_equal(expect(&p->a, ISUP_RELEASED)->slot, 22);
	expect_none(&p->a);
	assert_int_equal(isup_trunk_slot(p->a.trunk, 22), ISUP_SLOT_IDLE);
	assert_int_equal(isup_trunk_slot(p->a.trunk, 23), ISUP_SLOT_BUSY);

	static const uint8_t all[] = {0x08, 0x02, 0x00, 0x00, Q931_RESTART, 0x79, 0x01, 0x87};
	raw_send(&p->b, all, sizeof(all));
	run_ms(p, 50);
	for (int i = 0; i < 2; i++) {
		expect(&p->a, ISUP_CLEARING);
		expect(&p->a, ISUP_RELEASED);
	}
	expect_idle(&p->a);
	pair_close(p);
}

/* A slot map as some switches send it: slots 1 to 3 and 23. */
static void test_slot_map(void **state)
{
	static const uint8_t map[] = {0x08, 0x02, 0x00, 0x00, Q931_RESTART, 0x18, 0x05, 0xa9,
				      0x93, 0x40, 0x00, 0x07, 0x79,         0x01, 0x80};
	struct pair *p = pair_open_raw(ISUP_USER);

	start_call(&p->a);
	start_call(&p->a);
	run_ms(p, 20);
	raw_send(&p->b, map, sizeof(map));
	run_ms(p, 50);
	assert_int_equal(expect(&p->a, ISUP_CLEARING)->slot, 23);
	expect(&p->a, ISUP_RELEASED);
	expect_none(&p->a);
	assert_int_equal(p->a.sent[Q931_RESTART_ACK], 1);
	pair_close(p);
}

/* --- the whole interface --- */

static struct pair *open_interface(unsigned t316_ms, unsigned n316)
{
	struct pair *p = pair_new();
	struct isup_trunk_conf net = conf_for(ISUP_NETWORK), user = conf_for(ISUP_USER);

	user.restart_on_start = user.restart_interface = true;
	user.t316_ms = t316_ms;
	user.n316 = n316;
	end_open(&p->a, &net);
	end_open(&p->b, &user);
	return p;
}

static void test_interface_on_start(void **state)
{
	struct pair *p = open_interface(2000, 2);
	static const uint8_t wanted[] = {0x08, 0x02, 0x00, 0x00, Q931_RESTART, 0x79, 0x01, 0x86};

	while (p->b.sent[Q931_RESTART] == 0)
		run_ms(p, 1);
	assert_int_equal(p->b.last_len, 4 + sizeof(wanted));
	assert_memory_equal(p->b.last + 4, wanted, sizeof(wanted));
	assert_int_equal(isup_trunk_slot(p->b.trunk, 9), ISUP_SLOT_RESTARTING);
	run_ms(p, 30000);
	assert_int_equal(p->b.sent[Q931_RESTART], 1);
	assert_int_equal(p->a.sent[Q931_RESTART_ACK], 1);
	expect_idle(&p->b);
	pair_close(p);
}

/* LAPD repeats the frame as it was sent first. */
static void test_interface_repeated(void **state)
{
	struct pair *p = open_interface(2000, 2);

	while (p->b.sent[Q931_RESTART] == 0)
		run_ms(p, 1);
	p->a.line_count = 0; /* lost on the line */
	run_ms(p, 1500);
	assert_int_equal(p->b.sent[Q931_RESTART], 2);
	expect_idle(&p->b);
	pair_close(p);
}

/* It ends all calls, here and there, and counts once on both sides. */
static void test_interface_ordered(void **state)
{
	struct pair *p = pair_open();
	struct isup_trunk_counts a, b;
	struct isup_call *in, *c;

	for (int i = 0; i < 3; i++)
		call_active(p, &p->a, &in);
	isup_trunk_restart(p->a.trunk);
	assert_int_equal(isup_call_start(&c, p->a.trunk, &plain_setup, NULL), -EBUSY);
	run_ms(p, 100);
	for (int i = 0; i < 3; i++)
		for (int e = 0; e < 2; e++) {
			assert_int_equal(expect(e ? &p->b : &p->a, ISUP_CLEARING)->cause, 41);
			expect(e ? &p->b : &p->a, ISUP_RELEASED);
		}
	expect_idle(&p->a);
	expect_idle(&p->b);
	isup_trunk_counts(p->a.trunk, &a);
	isup_trunk_counts(p->b.trunk, &b);
	assert_int_equal(a.restarts_out, 1);
	assert_int_equal(b.restarts_in, 1);
	assert_int_equal(p->b.sent[Q931_RESTART_ACK], 1);
	pair_close(p);
}

/* Ordered while a single slot is being restarted: that one's answer settles nothing else. */
static void test_interface_after_a_slot(void **state)
{
	struct pair *p = pair_open();

	isup_trunk_order(p->a.trunk, 3, ISUP_ORDER_RESTART);
	run_ms(p, 1);
	isup_trunk_restart(p->a.trunk);
	while (p->b.sent[Q931_RESTART_ACK] == 0)
		run_ms(p, 1);
	run_ms(p, 2);
	assert_int_equal(isup_trunk_slot(p->a.trunk, 9), ISUP_SLOT_RESTARTING);
	run_ms(p, 100);
	assert_int_equal(p->b.sent[Q931_RESTART_ACK], 2);
	expect_idle(&p->a);
	pair_close(p);
}

/* T316 and N316 as configured. */
static void test_timers(void **state)
{
	struct pair *p = open_interface(700, 4);

	p->a.deaf[Q931_RESTART] = true;
	run_ms(p, 600 + 4 * 700 + 350);
	assert_int_equal(p->b.sent[Q931_RESTART], 5);
	assert_int_equal(isup_trunk_slot(p->b.trunk, 9), ISUP_SLOT_RESTARTING);
	run_ms(p, 700);
	expect_idle(&p->b); /* a side that has never answered one */
	run_ms(p, 100000);
	assert_int_equal(p->b.sent[Q931_RESTART], 5);
	pair_close(p);
	/* and the standard's, where 0 is configured */
	p = open_interface(0, 1);
	p->a.deaf[Q931_RESTART] = true;
	run_ms(p, 100000);
	assert_int_equal(p->b.sent[Q931_RESTART], 1);
	run_ms(p, 30000);
	assert_int_equal(p->b.sent[Q931_RESTART], 2);
	pair_close(p);
}

/* A side that answers for slots only: they are tried one by one. */
static void test_interface_not_known(void **state)
{
	struct pair *p = pair_open();

	isup_trunk_order(p->a.trunk, 3, ISUP_ORDER_RESTART);
	run_ms(p, 100);
	p->b.deaf[Q931_RESTART] = true;
	isup_trunk_restart(p->a.trunk);
	run_ms(p, 5900);
	p->b.deaf[Q931_RESTART] = false;
	run_ms(p, 2000);
	assert_int_equal(p->a.sent[Q931_RESTART], 1 + 3 + 23);
	expect_idle(&p->a);
	pair_close(p);
}

/* Received with the class "interface" and yet a channel: the class counts.  A RESTART is answered
 * once, also the second time. */
static void test_interface_received(void **state)
{
	static const uint8_t whole[] = {0x08, 0x02, 0x00, 0x00, Q931_RESTART, 0x18, 0x03,
					0xa9, 0x83, 0x81, 0x79, 0x01,         0x86};
	struct pair *p = pair_open_raw(ISUP_USER);

	start_call(&p->a);
	start_call(&p->a);
	run_ms(p, 20);
	for (unsigned i = 1; i <= 2; i++) {
		raw_send(&p->b, whole, sizeof(whole));
		run_ms(p, 50);
		assert_int_equal(p->a.sent[Q931_RESTART_ACK], i);
	}
	for (int i = 0; i < 2; i++) {
		expect(&p->a, ISUP_CLEARING);
		expect(&p->a, ISUP_RELEASED);
	}
	expect_idle(&p->a);
	pair_close(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_on_start),
		cmocka_unit_test(test_not_on_return),
		cmocka_unit_test(test_never_answered),
		cmocka_unit_test(test_first_one_lost),
		cmocka_unit_test(test_some_slots_left_out),
		cmocka_unit_test(test_link_lost_meanwhile),
		cmocka_unit_test(test_from_the_far_side),
		cmocka_unit_test(test_slot_map),
		cmocka_unit_test(test_interface_on_start),
		cmocka_unit_test(test_interface_repeated),
		cmocka_unit_test(test_interface_ordered),
		cmocka_unit_test(test_interface_after_a_slot),
		cmocka_unit_test(test_timers),
		cmocka_unit_test(test_interface_not_known),
		cmocka_unit_test(test_interface_received),
		cmocka_unit_test(test_call_while_slots_wait),
	};
	return cmocka_run_group_tests(tests, quiet_logs, NULL);
}
