#include "isup/service.c"

#include "pair.h"

enum { SERVICE = 0x07, SERVICE_ACK = 0x0f }; /* of NI2 */

static enum isup_slot_state at(const struct end *e, unsigned slot)
{
	return isup_trunk_slot(e->trunk, slot);
}

static void order(struct pair *p, struct end *e, unsigned slot, enum isup_order what)
{
	e->busy = true;
	assert_int_equal(isup_trunk_order(e->trunk, slot, what), 0);
	e->busy = false;
	run_ms(p, 50);
}

static void test_out_and_in(void **state)
{
	struct pair *p = pair_open();
	struct isup_trunk_counts a, b;

	order(p, &p->a, 7, ISUP_ORDER_OUT);
	assert_int_equal(at(&p->a, 7), ISUP_SLOT_OUT_BY_US);
	assert_int_equal(at(&p->b, 7), ISUP_SLOT_OUT_BY_FAR);
	assert_int_equal(at(&p->b, 8), ISUP_SLOT_IDLE);
	order(p, &p->a, 8, ISUP_ORDER_MAINTAIN);
	assert_int_equal(at(&p->a, 8), ISUP_SLOT_MAINTENANCE);
	assert_int_equal(at(&p->b, 8), ISUP_SLOT_MAINTENANCE);
	isup_trunk_counts(p->a.trunk, &a);
	isup_trunk_counts(p->b.trunk, &b);
	assert_int_equal(a.service_out, 2);
	assert_int_equal(b.service_in, 2);
	run_ms(p, 60000); /* it was acknowledged: nothing more is said */
	isup_trunk_counts(p->a.trunk, &a);
	assert_int_equal(a.service_out, 2);
	order(p, &p->a, 7, ISUP_ORDER_IN);
	order(p, &p->a, 8, ISUP_ORDER_IN);
	expect_idle(&p->a);
	expect_idle(&p->b);
	assert_int_equal(isup_trunk_order(p->a.trunk, 24, ISUP_ORDER_OUT), -ENOENT);
	assert_int_equal(isup_trunk_order(p->a.trunk, 0, ISUP_ORDER_OUT), -ENOENT);
	assert_int_equal(isup_trunk_order(p->a.trunk, 99, ISUP_ORDER_IN), -ENOENT);
	pair_close(p);
}

/* Both have it out: one that wants it in hears that it is still out, from libpri's answer on. */
static void test_out_on_both_sides(void **state)
{
	struct pair *p = pair_open();

	order(p, &p->a, 7, ISUP_ORDER_OUT);
	order(p, &p->b, 7, ISUP_ORDER_OUT);
	order(p, &p->b, 7, ISUP_ORDER_IN);
	assert_int_equal(at(&p->a, 7), ISUP_SLOT_OUT_BY_US);
	assert_int_equal(at(&p->b, 7), ISUP_SLOT_OUT_BY_FAR);
	order(p, &p->a, 7, ISUP_ORDER_IN);
	expect_idle(&p->a);
	expect_idle(&p->b);
	pair_close(p);
}

/* DRAIN: the far side hears nothing until the call ends.  OUT: it hears at once. */
static void test_with_a_call(void **state)
{
	struct pair *p = pair_open();
	struct isup_call *in[2], *out[2];
	struct isup_trunk_counts counts;

	out[0] = call_active(p, &p->a, &in[0]); /* slots 1 and 2 */
	out[1] = call_active(p, &p->a, &in[1]);
	order(p, &p->a, 1, ISUP_ORDER_DRAIN);
	isup_trunk_counts(p->b.trunk, &counts);
	assert_int_equal(counts.service_in, 0);
	order(p, &p->a, 2, ISUP_ORDER_OUT);
	isup_trunk_counts(p->b.trunk, &counts);
	assert_int_equal(counts.service_in, 1);
	for (unsigned slot = 1; slot <= 2; slot++) {
		assert_int_equal(at(&p->a, slot), ISUP_SLOT_BUSY);
		assert_true(isup_trunk_slot_leaves(p->a.trunk, slot));
		assert_int_equal(at(&p->b, slot), ISUP_SLOT_BUSY);
		isup_call_clear(out[slot - 1], 16);
		run_ms(p, 20);
		isup_call_clear(in[slot - 1], 16);
		run_ms(p, 100);
		assert_int_equal(at(&p->a, slot), ISUP_SLOT_OUT_BY_US);
		assert_int_equal(at(&p->b, slot), ISUP_SLOT_OUT_BY_FAR);
	}
	assert_int_equal(isup_call_slot(start_call(&p->a)), 3);
	pair_close(p);
}

/* While the slot is out a SETUP for it is refused or moved; one of the side that had it out takes
 * it back in. */
static void test_setup_for_it(void **state)
{
	struct pair *p = pair_open_raw(ISUP_USER);

	order(p, &p->a, 7, ISUP_ORDER_OUT);
	raw_call(&p->b, 7, 1);
	run_ms(p, 20);
	expect_none(&p->a);
	assert_int_equal(last_cause(&p->a, Q931_RELEASE_COMPLETE), 44);
	raw_call(&p->b, 7, 0);
	run_ms(p, 20);
	assert_int_equal(expect(&p->a, ISUP_SETUP)->slot, 23);

	pri_maintenance_service(p->b.raw, 0, 9, 2);
	raw_run(&p->b);
	run_ms(p, 20);
	assert_int_equal(at(&p->a, 9), ISUP_SLOT_OUT_BY_FAR);
	raw_call(&p->b, 9, 1);
	run_ms(p, 20);
	assert_int_equal(expect(&p->a, ISUP_SETUP)->slot, 9);
	pair_close(p);
}

/* What was said before the link was lost is said again; also that a slot came back meanwhile. */
static void test_link_lost(void **state)
{
	struct pair *p = pair_open();

	order(p, &p->a, 7, ISUP_ORDER_OUT);
	order(p, &p->a, 8, ISUP_ORDER_OUT);
	p->a.cut = p->b.cut = true;
	run_ms(p, 30000);
	assert_false(isup_trunk_up(p->a.trunk));
	assert_int_equal(at(&p->a, 7), ISUP_SLOT_OUT_BY_US);
	order(p, &p->a, 8, ISUP_ORDER_IN);
	order(p, &p->a, 9, ISUP_ORDER_OUT);
	p->b.trunk->slots[7].far = ISUP_IN_SERVICE; /* as after a power failure */
	p->a.cut = p->b.cut = false;
	run_ms(p, 10000);
	assert_int_equal(at(&p->b, 7), ISUP_SLOT_OUT_BY_FAR);
	assert_int_equal(at(&p->b, 8), ISUP_SLOT_IDLE);
	assert_int_equal(at(&p->b, 9), ISUP_SLOT_OUT_BY_FAR);
	pair_close(p);
}

/* RESTART puts a slot in service for whoever sent it: it is told again. */
static void test_restart_of_it(void **state)
{
	struct pair *p = pair_open();

	order(p, &p->a, 7, ISUP_ORDER_OUT);
	order(p, &p->b, 7, ISUP_ORDER_RESTART);
	assert_int_equal(p->b.sent[Q931_RESTART], 1);
	assert_int_equal(at(&p->a, 7), ISUP_SLOT_OUT_BY_US);
	assert_int_equal(at(&p->b, 7), ISUP_SLOT_OUT_BY_FAR);
	order(p, &p->a, 7, ISUP_ORDER_RESTART);
	assert_int_equal(p->a.sent[Q931_RESTART], 1);
	assert_int_equal(at(&p->a, 7), ISUP_SLOT_OUT_BY_US);
	assert_int_equal(at(&p->b, 7), ISUP_SLOT_OUT_BY_FAR);
	pair_close(p);
}

/* Ordered to restart with a call on it: both ends of the call hear 41. */
static void test_restart_ends_the_call(void **state)
{
	struct pair *p = pair_open();
	struct isup_call *in;

	call_active(p, &p->a, &in);
	order(p, &p->a, 1, ISUP_ORDER_RESTART);
	for (int i = 0; i < 2; i++) {
		struct end *e = i == 0 ? &p->a : &p->b;
		assert_int_equal(expect(e, ISUP_CLEARING)->cause, 41);
		assert_int_equal(expect(e, ISUP_RELEASED)->cause, 41);
		expect_none(e);
		expect_idle(e);
	}
	pair_close(p);
}

/* Orders faster than the answers: the answer to the one before is not taken for the far side's own
 * wish. */
static void test_fast_orders(void **state)
{
	struct pair *p = pair_open();

	p->a.delay_ms = p->b.delay_ms = 200;
	isup_trunk_order(p->a.trunk, 7, ISUP_ORDER_MAINTAIN);
	run_ms(p, 100);
	isup_trunk_order(p->a.trunk, 7, ISUP_ORDER_IN);
	run_ms(p, 10000);
	assert_int_equal(at(&p->a, 7), ISUP_SLOT_IDLE);
	assert_int_equal(at(&p->b, 7), ISUP_SLOT_IDLE);
	pair_close(p);
}

/* A SETUP repeated by T303 is older than the SERVICE that came after it: the slot stays out. */
static void test_old_setup(void **state)
{
	struct pair *p = pair_open();
	struct isup_call *in;

	call_present(p, &p->a, &in); /* slot 1, and b says nothing to it */
	order(p, &p->a, 1, ISUP_ORDER_OUT);
	service_on_use(p->b.trunk, 1);
	assert_int_equal(p->b.trunk->slots[1].far, ISUP_IN_SERVICE);
	run_ms(p, 100);
	assert_int_equal(p->b.trunk->slots[1].far, ISUP_OUT_OF_SERVICE);
	pair_close(p);
}

/* A side that knows no SERVICE is asked three times, and no more. */
static void test_never_answered(void **state)
{
	struct pair *p = pair_open();
	struct isup_trunk_counts counts;

	p->b.deaf[SERVICE] = true;
	order(p, &p->a, 7, ISUP_ORDER_OUT);
	run_ms(p, 60000);
	isup_trunk_counts(p->a.trunk, &counts);
	assert_int_equal(counts.service_out, 3);
	assert_int_equal(at(&p->a, 7), ISUP_SLOT_OUT_BY_US);
	pair_close(p);
}

/* The answer is lost once: asked again after four seconds. */
static void test_answer_lost(void **state)
{
	struct pair *p = pair_open();
	struct isup_trunk_counts counts;

	p->a.deaf[SERVICE_ACK] = true;
	order(p, &p->a, 7, ISUP_ORDER_OUT);
	p->a.deaf[SERVICE_ACK] = false;
	run_ms(p, 60000);
	isup_trunk_counts(p->a.trunk, &counts);
	assert_int_equal(counts.service_out, 2);
	pair_close(p);
}

static void test_switches(void **state)
{
	static const enum isup_switch types[] = {ISUP_NI2,  ISUP_5ESS, ISUP_DMS100,
						 ISUP_4ESS, ISUP_QSIG, ISUP_EUROISDN};

	for (unsigned i = 0; i < 7; i++) {
		struct pair *p = pair_new();
		struct isup_trunk_conf net = conf_for(ISUP_NETWORK), user = conf_for(ISUP_USER);
		struct isup_trunk_counts counts;
		bool spoken = i < 4;
		net.switch_type = user.switch_type = types[i % 6];
		net.service = i < 6; /* NI2 once more, told not to */
		end_open(&p->a, &net);
		end_open(&p->b, &user);
		pair_up(p);
		assert_int_equal(isup_trunk_has_service(p->a.trunk), spoken);
		order(p, &p->a, 7, ISUP_ORDER_OUT);
		isup_trunk_counts(p->a.trunk, &counts);
		assert_int_equal(counts.service_out, spoken);
		assert_int_equal(at(&p->a, 7), ISUP_SLOT_OUT_BY_US);
		assert_int_equal(at(&p->b, 7), spoken ? ISUP_SLOT_OUT_BY_FAR : ISUP_SLOT_IDLE);
		pair_close(p);
	}
}

/* All slots; those that were out by themselves stay so afterwards. */
static void test_trunk_drain(void **state)
{
	struct pair *p = pair_open();
	struct isup_call *in, *out, *more;

	order(p, &p->a, 7, ISUP_ORDER_OUT);
	out = call_active(p, &p->a, &in);
	isup_trunk_drain(p->a.trunk, true);
	run_ms(p, 100);
	assert_true(isup_trunk_drains(p->a.trunk));
	assert_int_equal(isup_call_start(&more, p->a.trunk, &plain_setup, NULL), -EBUSY);
	assert_int_equal(isup_call_start(&more, p->b.trunk, &plain_setup, NULL), -EBUSY);
	for (unsigned slot = 2; slot <= 23; slot++)
		assert_int_equal(at(&p->b, slot), ISUP_SLOT_OUT_BY_FAR);
	isup_call_clear(out, 16);
	run_ms(p, 20);
	isup_call_clear(in, 16);
	run_ms(p, 100);
	assert_int_equal(at(&p->b, 1), ISUP_SLOT_OUT_BY_FAR);
	isup_trunk_drain(p->a.trunk, false);
	run_ms(p, 200);
	for (unsigned slot = 1; slot <= 23; slot++) {
		assert_int_equal(at(&p->a, slot), slot == 7 ? ISUP_SLOT_OUT_BY_US : ISUP_SLOT_IDLE);
		assert_int_equal(at(&p->b, slot),
				 slot == 7 ? ISUP_SLOT_OUT_BY_FAR : ISUP_SLOT_IDLE);
	}
	pair_close(p);
}

/* SERVICE for the interface is for each of its slots. */
static void test_interface(void **state)
{
	static uint8_t service[] = {0x43, 0x02, 0x00, 0x00, 0x07, 0x01, 0x01, 0xc2};
	struct pair *p = pair_open_raw(ISUP_USER);

	raw_send(&p->b, service, sizeof(service));
	run_ms(p, 50);
	for (unsigned slot = 1; slot <= 23; slot++)
		assert_int_equal(at(&p->a, slot), ISUP_SLOT_OUT_BY_FAR);
	service[7] = 0xc0;
	raw_send(&p->b, service, sizeof(service));
	run_ms(p, 50);
	expect_idle(&p->a);
	pair_close(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_out_and_in),
		cmocka_unit_test(test_out_on_both_sides),
		cmocka_unit_test(test_with_a_call),
		cmocka_unit_test(test_setup_for_it),
		cmocka_unit_test(test_link_lost),
		cmocka_unit_test(test_restart_of_it),
		cmocka_unit_test(test_restart_ends_the_call),
		cmocka_unit_test(test_fast_orders),
		cmocka_unit_test(test_old_setup),
		cmocka_unit_test(test_never_answered),
		cmocka_unit_test(test_answer_lost),
		cmocka_unit_test(test_switches),
		cmocka_unit_test(test_trunk_drain),
		cmocka_unit_test(test_interface),
	};
	return cmocka_run_group_tests(tests, quiet_logs, NULL);
}
