#include "isup/slots.c"

#include "pair.h"

static void test_hunting(void **state)
{
	struct pair *p = pair_open();

	for (unsigned i = 1; i <= 5; i++) {
		assert_int_equal(isup_call_slot(start_call(&p->a)), i);
		assert_int_equal(isup_call_slot(start_call(&p->b)), 24 - i);
	}
	run_ms(p, 50);
	for (unsigned i = 1; i <= 5; i++) {
		assert_int_equal(expect(&p->b, ISUP_SETUP)->slot, i);
		assert_int_equal(expect(&p->a, ISUP_SETUP)->slot, 24 - i);
	}
	struct isup_trunk_counts counts;
	isup_trunk_counts(p->a.trunk, &counts);
	assert_int_equal(counts.setups_out, 5);
	assert_int_equal(counts.setups_in, 5);
	assert_int_equal(counts.setups_refused, 0);
	assert_int_equal(counts.glare, 0);
	assert_int_equal(counts.calls, 10);
	pair_close(p);
}

static struct pair *open_hunting(enum isup_hunt hunt, enum isup_channel channel)
{
	struct pair *p = pair_new();
	struct isup_trunk_conf net = conf_for(ISUP_NETWORK), user = conf_for(ISUP_USER);

	net.hunt = hunt;
	net.channel = channel;
	end_open(&p->a, &net);
	end_open(&p->b, &user);
	pair_up(p);
	return p;
}

/* A call of the network that the user refuses; its slot. */
static unsigned short_call(struct pair *p)
{
	struct isup_call *in, *out = call_present(p, &p->a, &in);
	unsigned slot = isup_call_slot(out);

	isup_call_clear(in, 1);
	run_ms(p, 50);
	expect(&p->a, ISUP_CLEARING);
	expect(&p->a, ISUP_RELEASED);
	expect(&p->b, ISUP_RELEASED);
	return slot;
}

static void test_round_robin(void **state)
{
	struct pair *p = open_hunting(ISUP_ROUND_ROBIN, ISUP_PREFERRED);

	for (unsigned i = 0; i < 50; i++)
		assert_int_equal(short_call(p), i % 23 + 1);
	pair_close(p);
}

/* The first 23 have never had a call; then the one whose call ended first, also a call of the other
 * side. */
static void test_longest_idle(void **state)
{
	struct pair *p = open_hunting(ISUP_LONGEST_IDLE, ISUP_PREFERRED);
	struct isup_call *in, *out;

	for (unsigned i = 0; i < 23; i++)
		assert_int_equal(short_call(p), i + 1);
	out = call_present(p, &p->a, &in);
	assert_int_equal(isup_call_slot(out), 1);
	assert_int_equal(short_call(p), 2);
	isup_call_clear(in, 1);
	run_ms(p, 50);
	expect(&p->a, ISUP_CLEARING);
	expect(&p->a, ISUP_RELEASED);
	expect(&p->b, ISUP_RELEASED);
	for (unsigned i = 3; i <= 23; i++)
		assert_int_equal(short_call(p), i);
	assert_int_equal(short_call(p), 2);
	assert_int_equal(short_call(p), 1);
	pair_close(p);
}

/* The Channel Identification of our SETUP: octet 3, bit 4. */
static void test_exclusive(void **state)
{
	for (int exclusive = 0; exclusive < 2; exclusive++) {
		struct pair *p =
			open_hunting(ISUP_ASCENDING, exclusive ? ISUP_EXCLUSIVE : ISUP_PREFERRED);
		struct q931_message m;
		struct q931_ie ie;
		start_call(&p->a);
		assert_true(q931_parse(&m, p->a.last, p->a.last_len));
		assert_int_equal(m.type, Q931_SETUP);
		assert_true(q931_find(&m, Q931_IE_CHANNEL, &ie));
		assert_int_equal(ie.data[0], exclusive ? 0xa9 : 0xa1);
		assert_int_equal(ie.data[2] & 0x7f, 1);
		pair_close(p);
	}
}

/* Slots that were refused before are left out; when no other is free, there is none. */
static void test_avoid(void **state)
{
	struct pair *p = open_hunting(ISUP_ASCENDING, ISUP_PREFERRED);
	struct isup_setup setup = plain_setup;
	struct isup_trunk_counts counts;
	struct isup_call *c;

	setup.again = true;
	setup.avoid.interface[0] = 0xe; /* 1 to 3 */
	assert_int_equal(isup_call_start(&c, p->a.trunk, &setup, NULL), 0);
	assert_int_equal(isup_call_slot(c), 4);
	setup.avoid.interface[0] = 0xfffffe;
	assert_int_equal(isup_call_start(&c, p->a.trunk, &setup, NULL), -EBUSY);
	isup_trunk_counts(p->a.trunk, &counts);
	assert_int_equal(counts.retries, 1);
	assert_int_equal(counts.setups_out, 1);
	pair_close(p);
}

static void test_states(void **state)
{
	struct pair *p = pair_open();

	assert_int_equal(isup_trunk_slot(p->a.trunk, 0), ISUP_SLOT_NONE);
	assert_int_equal(isup_trunk_slot(p->a.trunk, 24), ISUP_SLOT_NONE); /* the D-channel */
	assert_int_equal(isup_trunk_slot(p->a.trunk, 25), ISUP_SLOT_NONE);
	assert_int_equal(isup_trunk_slot(p->a.trunk, 1000), ISUP_SLOT_NONE);
	assert_int_equal(isup_trunk_slot(p->a.trunk, 1), ISUP_SLOT_IDLE);
	start_call(&p->a);
	assert_int_equal(isup_trunk_slot(p->a.trunk, 1), ISUP_SLOT_BUSY);
	pair_close(p);
}

/* A SETUP that bare libpri sends for this channel; the cause of our refusal, 0 = taken. */
static int offer(struct pair *p, int channel, int exclusive)
{
	struct isup_trunk_counts before, after;

	isup_trunk_counts(p->a.trunk, &before);
	raw_call(&p->b, channel, exclusive);
	run_ms(p, 20);
	isup_trunk_counts(p->a.trunk, &after);
	assert_int_equal(after.setups_in - before.setups_in, 1);
	if (after.setups_refused == before.setups_refused)
		return 0;
	expect_none(&p->a);
	return last_cause(&p->a, Q931_RELEASE_COMPLETE);
}

static void test_offered_slots(void **state)
{
	struct pair *p = pair_open_raw(ISUP_USER);
	struct isup_trunk_conf conf = conf_for(ISUP_USER);

	conf.bearer_slots &= ~(1u << 9);
	isup_trunk_reconfigure(p->a.trunk, &conf);
	assert_int_equal(offer(p, 5, 1), 0);
	assert_int_equal(expect(&p->a, ISUP_SETUP)->slot, 5);
	assert_int_equal(offer(p, 5, 1), 44);  /* busy, exclusive */
	assert_int_equal(offer(p, 9, 1), 82);  /* not ours to use */
	assert_int_equal(offer(p, 24, 1), 82); /* the D-channel */
	assert_int_equal(offer(p, 30, 1), 82);
	assert_int_equal(offer(p, 126, 0), 82);
	assert_int_equal(offer(p, 5, 0), 0); /* busy, preferred: moved */
	struct isup_event *ev = expect(&p->a, ISUP_SETUP);
	assert_int_equal(ev->slot, 23);
	isup_call_proceeding(ev->call);
	run_ms(p, 20);
	assert_int_equal(raw_wait(&p->b, PRI_EVENT_PROCEEDING)->proceeding.channel, 23);
	assert_int_equal(offer(p, 0xff, 0), 0); /* any */
	assert_int_equal(expect(&p->a, ISUP_SETUP)->slot, 22);
	assert_int_equal(offer(p, 9, 0), 0); /* not ours, only preferred: moved */
	assert_int_equal(expect(&p->a, ISUP_SETUP)->slot, 21);
	pair_close(p);
}

static void test_none_left_for_any(void **state)
{
	struct pair *p = pair_open_raw(ISUP_USER);
	struct isup_trunk_conf conf = conf_for(ISUP_USER);

	conf.bearer_slots = 1u << 3;
	isup_trunk_reconfigure(p->a.trunk, &conf);
	assert_int_equal(offer(p, 3, 1), 0);
	expect(&p->a, ISUP_SETUP);
	assert_int_equal(offer(p, 3, 0), 34);
	assert_int_equal(offer(p, 0xff, 0), 34);
	assert_int_equal(offer(p, 3, 1), 44);
	pair_close(p);
}

/* A slot taken out of the configuration keeps its call and takes no new one. */
static void test_removed_slot_drains(void **state)
{
	struct pair *p = pair_open();
	struct isup_trunk_conf conf = conf_for(ISUP_NETWORK);
	struct isup_call *in, *out = call_active(p, &p->a, &in);

	conf.bearer_slots &= ~(1u << 1);
	isup_trunk_reconfigure(p->a.trunk, &conf);
	assert_int_equal(isup_trunk_slot(p->a.trunk, 1), ISUP_SLOT_BUSY);
	isup_call_clear(out, 16);
	run_ms(p, 20);
	isup_call_clear(in, 16);
	run_ms(p, 20);
	assert_int_equal(isup_trunk_slot(p->a.trunk, 1), ISUP_SLOT_NONE);
	assert_int_equal(isup_call_slot(start_call(&p->a)), 2);
	pair_close(p);
}

/* --- glare, Q.931 5.7 --- */

/* One slot only: the network's call has it, the user's is told 44. */
static void test_glare_on_the_only_slot(void **state)
{
	struct pair *p = pair_open();
	struct isup_trunk_conf net = conf_for(ISUP_NETWORK), user = conf_for(ISUP_USER);
	struct isup_trunk_counts counts;

	net.bearer_slots = user.bearer_slots = 1u << 7;
	isup_trunk_reconfigure(p->a.trunk, &net);
	isup_trunk_reconfigure(p->b.trunk, &user);
	struct isup_call *winner = start_call(&p->a), *loser = start_call(&p->b);
	run_ms(p, 50);
	struct isup_event *ev = expect(&p->b, ISUP_SETUP);
	struct isup_call *in = ev->call;
	assert_int_equal(ev->slot, 7);
	ev = expect(&p->b, ISUP_CLEARING);
	assert_ptr_equal(ev->call, loser);
	assert_int_equal(ev->cause,
			 44); /* not the 34 that the network sent: another try makes sense */
	assert_int_equal(last_cause(&p->a, Q931_RELEASE_COMPLETE), 34);
	assert_ptr_equal(expect(&p->b, ISUP_RELEASED)->user, &p->b);
	isup_call_answer(in);
	run_ms(p, 50);
	ev = expect(&p->a, ISUP_CONNECT);
	assert_ptr_equal(ev->call, winner);
	assert_int_equal(isup_trunk_slot(p->a.trunk, 7), ISUP_SLOT_BUSY);
	assert_int_equal(isup_trunk_slot(p->b.trunk, 7), ISUP_SLOT_BUSY);
	isup_trunk_counts(p->a.trunk, &counts);
	assert_int_equal(counts.glare, 1);
	isup_trunk_counts(p->b.trunk, &counts);
	assert_int_equal(counts.glare, 1);
	pair_close(p);
}

/* With slots to spare the network moves the user's call, and nobody is refused. */
static void test_glare_with_room(void **state)
{
	struct pair *p = pair_open();
	struct isup_trunk_conf user = conf_for(ISUP_USER);

	user.hunt = ISUP_ASCENDING;
	isup_trunk_reconfigure(p->b.trunk, &user);
	struct isup_call *from_net = start_call(&p->a), *from_user = start_call(&p->b);
	assert_int_equal(isup_call_slot(from_net), isup_call_slot(from_user));
	run_ms(p, 50);
	struct isup_event *ev = expect(&p->a, ISUP_SETUP);
	assert_int_equal(ev->slot, 2);
	isup_call_answer(ev->call);
	isup_call_answer(expect(&p->b, ISUP_SETUP)->call);
	run_ms(p, 50);
	expect(&p->a, ISUP_CONNECT);
	assert_int_equal(expect(&p->b, ISUP_CONNECT)->slot, 2);
	assert_int_equal(isup_call_slot(from_net), 1);
	assert_int_equal(isup_call_slot(from_user), 2);
	pair_close(p);
}

/* --- the far side names another slot in its answer --- */

static void test_moved_by_the_answer(void **state)
{
	struct pair *p = pair_open_raw(ISUP_NETWORK);
	struct isup_call *c = start_call(&p->a);

	assert_int_equal(isup_call_slot(c), 1);
	run_ms(p, 20);
	q931_call *far = raw_wait(&p->b, PRI_EVENT_RING)->ring.call;
	pri_proceeding(p->b.raw, far, 14, 0);
	raw_run(&p->b);
	run_ms(p, 20);
	assert_int_equal(expect(&p->a, ISUP_PROCEEDING)->slot, 14);
	assert_int_equal(isup_trunk_slot(p->a.trunk, 1), ISUP_SLOT_IDLE);
	assert_int_equal(isup_trunk_slot(p->a.trunk, 14), ISUP_SLOT_BUSY);
	pair_close(p);
}

/* 5.2.3.1: one we cannot have ends the call with cause 6; our owner may try again. */
static void test_moved_to_a_busy_slot(void **state)
{
	static const int bad[] = {1, 24, 40};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct pair *p = pair_open_raw(ISUP_NETWORK);
		start_call(&p->a); /* slot 1 */
		run_ms(p, 20);
		raw_wait(&p->b, PRI_EVENT_RING);
		struct isup_call *c = start_call(&p->a);
		run_ms(p, 20);
		q931_call *far = raw_wait(&p->b, PRI_EVENT_RING)->ring.call;
		pri_proceeding(p->b.raw, far, bad[i], 0);
		raw_run(&p->b);
		run_ms(p, 20);
		assert_int_equal(last_cause(&p->a, Q931_RELEASE), 6);
		struct isup_event *ev = expect(&p->a, ISUP_CLEARING);
		assert_ptr_equal(ev->call, c);
		assert_int_equal(ev->cause, 44);
		pri_hangup(p->b.raw, far, 16);
		raw_run(&p->b);
		run_ms(p, 20);
		assert_int_equal(expect(&p->a, ISUP_RELEASED)->cause, 44);
		assert_int_equal(isup_trunk_slot(p->a.trunk, 1), ISUP_SLOT_BUSY);
		assert_int_equal(isup_trunk_slot(p->a.trunk, 2), ISUP_SLOT_IDLE);
		pair_close(p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hunting),
		cmocka_unit_test(test_round_robin),
		cmocka_unit_test(test_longest_idle),
		cmocka_unit_test(test_exclusive),
		cmocka_unit_test(test_avoid),
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_offered_slots),
		cmocka_unit_test(test_none_left_for_any),
		cmocka_unit_test(test_removed_slot_drains),
		cmocka_unit_test(test_glare_on_the_only_slot),
		cmocka_unit_test(test_glare_with_room),
		cmocka_unit_test(test_moved_by_the_answer),
		cmocka_unit_test(test_moved_to_a_busy_slot),
	};
	return cmocka_run_group_tests(tests, quiet_logs, NULL);
}
