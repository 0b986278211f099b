/* Two trunks of ours with three interfaces between them: the first and the second have D-channels.
 */
#include "tests/unit/isup/pair.h"

#include "isup/backup.c"

enum { BACKUP = 1, INTERFACES = 3, ALL_SLOTS = 0x01fffffe, WITHOUT_24 = 0x00fffffe };

static struct isup_trunk_conf group_conf(enum isup_side side)
{
	struct isup_trunk_conf conf = conf_for(side);

	conf.interface_count = INTERFACES;
	conf.backup = BACKUP;
	for (unsigned i = 0; i < INTERFACES; i++)
		conf.interfaces[i] = (struct isup_interface){
			(uint8_t)i, i == 0 || i == BACKUP ? WITHOUT_24 : ALL_SLOTS};
	return conf;
}

/* Who is told that the other has cleared, clears as well. */
static void hang_up_too(struct end *e, const struct isup_event *ev)
{
	if (ev->kind == ISUP_CLEARING)
		isup_call_clear(ev->call, ev->cause);
}

static struct pair *group_open(void)
{
	struct pair *p = pair_new();
	struct isup_trunk_conf net = group_conf(ISUP_NETWORK), user = group_conf(ISUP_USER);

	p->a.react = p->b.react = hang_up_too;
	end_open(&p->a, &net);
	end_open(&p->b, &user);
	pair_up(p);
	return p;
}

static enum isup_dchan_state state_of(const struct end *e, unsigned i)
{
	struct isup_dchan d;

	assert_true(isup_trunk_dchan(e->trunk, i, &d));
	return d.state;
}

static void expect_states(const struct pair *p, enum isup_dchan_state primary,
			  enum isup_dchan_state backup)
{
	assert_int_equal(state_of(&p->a, 0), primary);
	assert_int_equal(state_of(&p->b, 0), primary);
	assert_int_equal(state_of(&p->a, 1), backup);
	assert_int_equal(state_of(&p->b, 1), backup);
}

static void cut(struct pair *p, unsigned interface, bool on)
{
	p->a.cut_interface[interface] = p->b.cut_interface[interface] = on;
}

static void group_idle(const struct end *e)
{
	struct isup_trunk_counts counts;

	isup_trunk_counts(e->trunk, &counts);
	assert_int_equal(counts.calls, 0);
	for (unsigned slot = 1; slot <= INTERFACES * ISUP_SLOTS; slot++)
		if (slot != 24 && slot != 48)
			assert_int_equal(isup_trunk_slot(e->trunk, slot), ISUP_SLOT_IDLE);
}

static void end_call(struct pair *p, struct isup_call *c)
{
	isup_call_clear(c, 16);
	run_ms(p, 300);
	p->a.seen = p->a.logged;
	p->b.seen = p->b.logged;
	group_idle(&p->a);
	group_idle(&p->b);
}

static void test_primary_first(void **state)
{
	struct pair *p = group_open();

	expect_states(p, ISUP_DCHAN_IN_SERVICE, ISUP_DCHAN_STANDBY);
	run_ms(p, 120000); /* and stays so */
	expect_states(p, ISUP_DCHAN_IN_SERVICE, ISUP_DCHAN_STANDBY);
	expect_none(&p->a);
	pair_close(p);
}

/* The network hunts from slot 1 of the first interface, the user from 24 of the third. */
static void test_channel_names_its_interface(void **state)
{
	struct pair *p = group_open();
	struct isup_call *in, *out = call_present(p, &p->b, &in);
	static const uint8_t third[] = {0xe1, 0x82, 0x83, 0x98}, first[] = {0xe1, 0x80, 0x83, 0x81};
	struct q931_message m;
	struct q931_ie ie;

	assert_int_equal(isup_call_slot(out), isup_slot(2, 24));
	assert_int_equal(isup_call_slot(in), isup_slot(2, 24));
	assert_true(q931_parse(&m, p->b.last, p->b.last_len) && m.type == Q931_SETUP);
	assert_true(q931_find(&m, Q931_IE_CHANNEL, &ie));
	assert_int_equal(ie.len, sizeof(third));
	assert_memory_equal(ie.data, third, sizeof(third));
	end_call(p, out);
	out = call_present(p, &p->a, &in);
	assert_int_equal(isup_call_slot(in), 1);
	assert_true(q931_parse(&m, p->a.last, p->a.last_len) && m.type == Q931_SETUP);
	assert_true(q931_find(&m, Q931_IE_CHANNEL, &ie));
	assert_int_equal(ie.len, sizeof(first));
	assert_memory_equal(ie.data, first, sizeof(first));
	end_call(p, out);
	pair_close(p);
}

/* Without a name it would be that of the D-channel in service, which is the backup's. */
static void test_service_names_interface_0(void **state)
{
	struct pair *p = group_open();

	assert_int_equal(isup_trunk_dchan_switch(p->b.trunk), 0);
	run_ms(p, 200);
	expect_states(p, ISUP_DCHAN_STANDBY, ISUP_DCHAN_IN_SERVICE);
	assert_int_equal(isup_trunk_order(p->a.trunk, 5, ISUP_ORDER_OUT), 0);
	run_ms(p, 200);
	assert_int_equal(isup_trunk_slot(p->b.trunk, isup_slot(BACKUP, 5)), ISUP_SLOT_IDLE);
	assert_int_equal(isup_trunk_slot(p->b.trunk, 5), ISUP_SLOT_OUT_BY_FAR);
	pair_close(p);
}

static void test_loss_keeps_calls(void **state)
{
	struct pair *p = group_open();
	struct isup_call *in, *out = call_active(p, &p->a, &in);
	struct isup_trunk_counts counts;

	cut(p, 0, true);
	run_ms(p, 20000);
	expect_states(p, ISUP_DCHAN_OUT_OF_SERVICE, ISUP_DCHAN_IN_SERVICE);
	expect_none(&p->a);
	expect_none(&p->b);
	isup_trunk_counts(p->a.trunk, &counts);
	assert_int_equal(counts.dchan_switches, 1);
	assert_int_equal(counts.audits_asked, 1);
	assert_int_equal(counts.audits_answered, 1);
	cut(p, 0, false);
	run_ms(p, 5000); /* no way back by itself */
	expect_states(p, ISUP_DCHAN_STANDBY, ISUP_DCHAN_IN_SERVICE);
	end_call(p, out);
	(void)in;
	pair_close(p);
}

/* Of a line that failed it is known at once. */
static void test_line_alarm_switches(void **state)
{
	struct pair *p = group_open();
	struct isup_call *in, *out = call_active(p, &p->a, &in);

	cut(p, 0, true);
	isup_trunk_line(p->a.trunk, 0, false);
	run_ms(p, 100);
	assert_int_equal(state_of(&p->a, 0), ISUP_DCHAN_OUT_OF_SERVICE);
	assert_int_equal(state_of(&p->a, 1), ISUP_DCHAN_IN_SERVICE);
	assert_int_equal(state_of(&p->b, 1), ISUP_DCHAN_IN_SERVICE);
	assert_int_equal(isup_trunk_slot(p->a.trunk, 2), ISUP_SLOT_NO_LINE);
	assert_int_equal(isup_trunk_slot(p->a.trunk, 1), ISUP_SLOT_BUSY);
	assert_int_equal(isup_trunk_slot(p->a.trunk, 25), ISUP_SLOT_IDLE);
	isup_trunk_line(p->a.trunk, 0, true);
	end_call(p, out);
	(void)in;
	pair_close(p);
}

/* What the lost link had not delivered arrives on the other. */
static void test_message_follows(void **state)
{
	struct pair *p = group_open();
	struct isup_call *in, *out = call_present(p, &p->a, &in);

	isup_call_proceeding(in);
	run_ms(p, 20);
	expect(&p->a, ISUP_PROCEEDING);
	cut(p, 0, true);
	isup_call_alerting(in, false);
	isup_call_answer(in);
	run_ms(p, 10000); /* T313 runs for 4 s of them, the link is given up after 3 */
	expect(&p->a, ISUP_ALERTING);
	expect(&p->a, ISUP_CONNECT);
	expect_none(&p->b);
	cut(p, 0, false);
	end_call(p, out);
	pair_close(p);
}

static void test_clearing_during_the_loss(void **state)
{
	struct pair *p = group_open();
	struct isup_call *in, *out = call_active(p, &p->a, &in);

	cut(p, 0, true);
	isup_call_clear(in, 17);
	run_ms(p, 2500);
	expect_none(&p->a);
	run_ms(p, 3000); /* the backup is there */
	assert_int_equal(expect(&p->a, ISUP_CLEARING)->cause, 17);
	expect(&p->a, ISUP_RELEASED);
	group_idle(&p->a);
	group_idle(&p->b);
	(void)out;
	pair_close(p);
}

static void test_both_lost_is_for_t309(void **state)
{
	struct pair *p = group_open();
	struct isup_call *in, *out = call_active(p, &p->a, &in);

	cut(p, 0, true);
	cut(p, 1, true);
	run_ms(p, 30000);
	expect(&p->a, ISUP_TRUNK_DOWN);
	expect(&p->b, ISUP_TRUNK_DOWN);
	expect_none(&p->a);
	cut(p, 1, false);
	run_ms(p, 5000);
	expect(&p->a, ISUP_TRUNK_UP);
	expect(&p->b, ISUP_TRUNK_UP);
	expect_none(&p->a);
	expect_states(p, ISUP_DCHAN_OUT_OF_SERVICE, ISUP_DCHAN_IN_SERVICE);
	cut(p, 1, true);
	run_ms(p, 130000); /* now T309 ends */
	expect(&p->a, ISUP_TRUNK_DOWN);
	expect(&p->a, ISUP_CLEARING);
	assert_int_equal(expect(&p->a, ISUP_RELEASED)->cause, Q850_DESTINATION_OUT_OF_ORDER);
	(void)out;
	pair_close(p);
}

static void test_switch_by_order(void **state)
{
	struct pair *p = group_open();
	struct isup_call *in, *out = call_active(p, &p->a, &in);

	assert_int_equal(isup_trunk_dchan_switch(p->b.trunk), 0);
	assert_int_equal(isup_trunk_dchan_switch(p->b.trunk), -EALREADY);
	run_ms(p, 200);
	expect_states(p, ISUP_DCHAN_STANDBY, ISUP_DCHAN_IN_SERVICE);
	unsigned before = p->a.sent_on[0];
	end_call(p, out);
	assert_int_equal(p->a.sent_on[0], before);
	(void)in;
	assert_int_equal(isup_trunk_dchan_switch(p->a.trunk), 0);
	run_ms(p, 200);
	expect_states(p, ISUP_DCHAN_IN_SERVICE, ISUP_DCHAN_STANDBY);
	pair_close(p);
}

static void test_far_side_refuses(void **state)
{
	struct pair *p = group_open();

	assert_int_equal(isup_trunk_dchan_switch(p->a.trunk), 0);
	isup_trunk_line(p->b.trunk, 1, false); /* at that very moment */
	run_ms(p, 20000);
	assert_int_equal(state_of(&p->a, 0), ISUP_DCHAN_IN_SERVICE);
	assert_int_equal(state_of(&p->b, 0), ISUP_DCHAN_IN_SERVICE);
	assert_false(isup_trunk_dchan_switching(p->a.trunk));
	pair_close(p);
}

static void test_no_switch_to_a_dead_one(void **state)
{
	struct pair *p = group_open();

	cut(p, 1, true);
	run_ms(p, 20000);
	expect_states(p, ISUP_DCHAN_IN_SERVICE, ISUP_DCHAN_OUT_OF_SERVICE);
	assert_int_equal(isup_trunk_dchan_switch(p->a.trunk), -ENETDOWN);
	expect_none(&p->a);
	pair_close(p);
}

/* It looks well until it is used: calls stay where they are. */
static void test_switch_without_answer(void **state)
{
	struct pair *p = group_open();
	struct isup_call *in, *out = call_active(p, &p->a, &in);

	cut(p, 1, true);
	assert_int_equal(isup_trunk_dchan_switch(p->a.trunk), 0);
	run_ms(p, 20000);
	expect_states(p, ISUP_DCHAN_IN_SERVICE, ISUP_DCHAN_OUT_OF_SERVICE);
	assert_false(isup_trunk_dchan_switching(p->a.trunk));
	cut(p, 1, false); /* what was asked then is not asked any more */
	run_ms(p, 20000);
	expect_states(p, ISUP_DCHAN_IN_SERVICE, ISUP_DCHAN_STANDBY);
	end_call(p, out);
	(void)in;
	pair_close(p);
}

/* One side was switched and the other does not know: they agree on what the network has. */
static void test_sides_agree_again(void **state)
{
	struct pair *p = group_open();
	struct isup_call *in, *out;

	put_in_service(p->b.trunk, 1);
	run_ms(p, 10000);
	out = call_active(p, &p->b, &in); /* works all the same */
	run_ms(p, 1000);
	expect_states(p, ISUP_DCHAN_IN_SERVICE, ISUP_DCHAN_STANDBY);
	put_in_service(p->a.trunk, 1);
	run_ms(p, 10000);
	end_call(p, out);
	expect_states(p, ISUP_DCHAN_STANDBY, ISUP_DCHAN_IN_SERVICE);
	pair_close(p);
}

static void test_manual_out_of_service(void **state)
{
	struct pair *p = group_open();
	struct isup_call *in, *out = call_active(p, &p->a, &in);

	assert_int_equal(isup_trunk_dchan_order(p->a.trunk, 0, false), 0);
	run_ms(p, 5000);
	assert_int_equal(state_of(&p->a, 0), ISUP_DCHAN_OUT_BY_US);
	assert_int_equal(state_of(&p->b, 0), ISUP_DCHAN_OUT_BY_FAR);
	assert_int_equal(state_of(&p->a, 1), ISUP_DCHAN_IN_SERVICE);
	assert_int_equal(isup_trunk_dchan_order(p->a.trunk, 1, false), -ENETDOWN); /* the last */
	assert_int_equal(isup_trunk_dchan_order(p->a.trunk, 0, true), 0);
	run_ms(p, 5000);
	expect_states(p, ISUP_DCHAN_STANDBY, ISUP_DCHAN_IN_SERVICE);
	end_call(p, out);
	(void)in;
	pair_close(p);
}

/* A number under way is not to be wrong. */
static void test_overlap_ends(void **state)
{
	struct pair *p = pair_new();
	struct isup_trunk_conf net = group_conf(ISUP_NETWORK), user = group_conf(ISUP_USER);
	struct isup_setup setup = plain_setup;
	struct isup_call *c, *in;

	net.overlap = user.overlap = ISUP_OVERLAP_BOTH;
	p->a.react = p->b.react = hang_up_too;
	end_open(&p->a, &net);
	end_open(&p->b, &user);
	pair_up(p);
	setup.complete = false;
	strcpy(setup.called.digits, "71");
	assert_int_equal(isup_call_start(&c, p->a.trunk, &setup, NULL), 0);
	run_ms(p, 50);
	in = expect(&p->b, ISUP_SETUP)->call;
	assert_true(isup_call_more(in, false));
	run_ms(p, 50);
	expect(&p->a, ISUP_MORE);
	assert_int_equal(isup_trunk_dchan_switch(p->a.trunk), 0);
	run_ms(p, 3000);
	assert_int_equal(expect(&p->a, ISUP_CLEARING)->cause, Q850_TEMPORARY_FAILURE);
	expect(&p->a, ISUP_RELEASED);
	group_idle(&p->a);
	pair_close(p);
}

static void answer_and_hang_up(struct end *e, const struct isup_event *ev)
{
	if (ev->kind == ISUP_SETUP)
		isup_call_answer(ev->call);
	else if (ev->kind == ISUP_CONNECT)
		isup_call_clear(ev->call, 16);
	else
		hang_up_too(e, ev);
}

/* Many switches, calls all the time, frames lost: nothing is left at the end. */
static void test_walk(void **state)
{
	struct pair *p = group_open();
	unsigned random = 12345;

	p->a.react = p->b.react = answer_and_hang_up;
	p->a.lose_one_in = p->b.lose_one_in = 40;
	for (unsigned i = 0; i < 300; i++) {
		struct end *e = i % 2 == 0 ? &p->a : &p->b;
		struct isup_call *c;
		random = random * 1103515245u + 12345u;
		cut(p, random >> 16 & 1, (random >> 17 & 7) == 0);
		if ((random >> 20 & 15) == 0)
			(void)isup_trunk_dchan_switch(e->trunk);
		(void)isup_call_start(&c, e->trunk, &plain_setup, e);
		run_ms(p, 50 + (random >> 8 & 1023));
		p->a.seen = p->a.logged = p->b.seen = p->b.logged = 0;
	}
	p->a.lose_one_in = p->b.lose_one_in = 0;
	cut(p, 0, false);
	cut(p, 1, false);
	run_ms(p, 400000);
	group_idle(&p->a);
	group_idle(&p->b);
	pair_close(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_primary_first),
		cmocka_unit_test(test_channel_names_its_interface),
		cmocka_unit_test(test_service_names_interface_0),
		cmocka_unit_test(test_loss_keeps_calls),
		cmocka_unit_test(test_line_alarm_switches),
		cmocka_unit_test(test_message_follows),
		cmocka_unit_test(test_clearing_during_the_loss),
		cmocka_unit_test(test_both_lost_is_for_t309),
		cmocka_unit_test(test_switch_by_order),
		cmocka_unit_test(test_far_side_refuses),
		cmocka_unit_test(test_no_switch_to_a_dead_one),
		cmocka_unit_test(test_switch_without_answer),
		cmocka_unit_test(test_sides_agree_again),
		cmocka_unit_test(test_manual_out_of_service),
		cmocka_unit_test(test_overlap_ends),
		cmocka_unit_test(test_walk),
	};
	return cmocka_run_group_tests(tests, quiet_logs, NULL);
}
