#include "isup/trunk.c"

#include "pair.h"

/* --- the D-channel --- */

static void test_open_refuses_nonsense(void **state)
{
	struct pair *p = pair_new();
	static const struct isup_trunk_ops ops = {on_event, on_send, NULL};
	struct isup_trunk_conf conf = conf_for(ISUP_USER);
	struct isup_trunk *t = (struct isup_trunk *)p;

	conf.bearer_slots |= 1; /* slot 0 */
	assert_int_equal(isup_trunk_open(&t, &p->loop, &conf, &ops, &p->a), -EINVAL);
	assert_null(t);
	conf = conf_for(ISUP_USER);
	conf.switch_type = (enum isup_switch)99;
	assert_int_equal(isup_trunk_open(&t, &p->loop, &conf, &ops, &p->a), -EINVAL);
	isup_trunk_close(NULL);
	pair_close(p);
}

static void test_defaults(void **state)
{
	struct isup_trunk_conf conf;

	isup_trunk_conf_default(&conf);
	assert_int_equal(conf.side, ISUP_USER);
	assert_int_equal(conf.hunt, ISUP_DESCENDING);
	assert_int_equal(conf.bearer_slots, 0x00fffffe);
	assert_true(conf.restart_on_start);
	assert_int_equal(conf.t309_ms, 90000);
}

static void test_down_before_up(void **state)
{
	struct pair *p = pair_new();
	struct isup_trunk_conf conf = conf_for(ISUP_USER);
	struct isup_call *c = (struct isup_call *)p;

	end_open(&p->a, &conf);
	run_ms(p, 5000);
	expect_none(&p->a);
	assert_false(isup_trunk_up(p->a.trunk));
	assert_string_equal(isup_trunk_name(p->a.trunk), "user");
	assert_int_equal(isup_call_start(&c, p->a.trunk, &plain_setup, NULL), -ENETDOWN);
	assert_null(c);
	pair_close(p);
}

static void test_line_down_refuses_new_calls(void **state)
{
	struct pair *p = pair_open();
	struct isup_call *c;

	isup_trunk_line(p->a.trunk, 0, false);
	assert_int_equal(isup_call_start(&c, p->a.trunk, &plain_setup, NULL), -ENETDOWN);
	isup_trunk_line(p->a.trunk, 0, true);
	assert_int_equal(isup_call_start(&c, p->a.trunk, &plain_setup, NULL), 0);
	pair_close(p);
}

/* The far side establishes the link anew: a SETUP now would be lost, a call that is up is kept. */
static void test_no_setup_while_link_settles(void **state)
{
	static const uint8_t from_network[] = {0x02, 0x01, 0x7f}, from_user[] = {0x00, 0x01, 0x7f};
	struct pair *p = pair_open();
	struct isup_call *in, *c;

	call_active(p, &p->a, &in);
	isup_trunk_receive(p->a.trunk, 0,
			   p->a.trunk->conf.side == ISUP_NETWORK ? from_user : from_network, 3);
	assert_true(isup_trunk_up(p->a.trunk));
	assert_int_equal(isup_call_start(&c, p->a.trunk, &plain_setup, NULL), -ENETDOWN);
	run_ms(p, 590);
	assert_int_equal(isup_call_start(&c, p->a.trunk, &plain_setup, NULL), -ENETDOWN);
	run_ms(p, 20);
	expect_none(&p->a); /* neither "up" again nor anything of the call */
	assert_int_equal(isup_call_start(&c, p->a.trunk, &plain_setup, NULL), 0);
	pair_close(p);
}

static void cut(struct pair *p, bool yes)
{
	p->a.cut = p->b.cut = yes;
}

/* Q.931 5.8.8: what is not active goes, what is stays until T309. */
static void test_link_lost_and_back(void **state)
{
	struct pair *p = pair_open();
	struct isup_call *in, *out = call_active(p, &p->a, &in);
	struct isup_call *ringing, *early = call_present(p, &p->a, &ringing);
	struct isup_trunk_counts counts;

	isup_call_alerting(ringing, false);
	run_ms(p, 20);
	expect(&p->a, ISUP_PROCEEDING);
	expect(&p->a, ISUP_ALERTING);
	cut(p, true);
	run_ms(p, 30000);
	struct end *ends[] = {&p->a, &p->b};
	for (int i = 0; i < 2; i++) {
		expect(ends[i], ISUP_TRUNK_DOWN);
		struct isup_event *ev = expect(ends[i], ISUP_CLEARING);
		assert_int_equal(ev->cause, 27);
		assert_ptr_equal(ev->call, i == 0 ? early : ringing);
		assert_int_equal(expect(ends[i], ISUP_RELEASED)->cause, 27);
		expect_none(ends[i]);
		assert_false(isup_trunk_up(ends[i]->trunk));
		isup_trunk_counts(ends[i]->trunk, &counts);
		assert_int_equal(counts.dchan_downs, 1);
		assert_int_equal(counts.calls, 1);
	}
	cut(p, false);
	run_ms(p, 70000); /* longer than the rest of T309 */
	expect(&p->a, ISUP_TRUNK_UP);
	expect(&p->b, ISUP_TRUNK_UP);
	expect_none(&p->a);
	expect_none(&p->b);
	isup_call_clear(in, 16);
	run_ms(p, 50);
	assert_ptr_equal(expect(&p->a, ISUP_CLEARING)->call, out);
	isup_call_clear(out, 16);
	run_ms(p, 50);
	expect(&p->a, ISUP_RELEASED);
	expect(&p->b, ISUP_RELEASED);
	expect_idle(&p->a);
	expect_idle(&p->b);
	pair_close(p);
}

static void test_t309(void **state)
{
	struct pair *p = pair_open();
	struct isup_call *in, *out = call_active(p, &p->b, &in);

	cut(p, true);
	run_ms(p, 89000);
	expect(&p->a, ISUP_TRUNK_DOWN);
	expect(&p->b, ISUP_TRUNK_DOWN);
	expect_none(&p->a);
	expect_none(&p->b);
	run_ms(p, 20000);
	struct isup_event *ev = expect(&p->b, ISUP_CLEARING);
	assert_ptr_equal(ev->call, out);
	assert_int_equal(ev->cause, 27);
	assert_false(ev->location_user);
	assert_int_equal(expect(&p->b, ISUP_RELEASED)->cause, 27);
	expect(&p->a, ISUP_CLEARING);
	expect(&p->a, ISUP_RELEASED);
	/* Neither can know that the other has ended it, too. */
	assert_int_equal(isup_trunk_slot(p->b.trunk, ev->slot), ISUP_SLOT_RESTARTING);
	cut(p, false);
	run_ms(p, 20000);
	assert_true(p->a.sent[Q931_RESTART] + p->b.sent[Q931_RESTART] > 0);
	expect_idle(&p->a);
	expect_idle(&p->b);
	pair_close(p);
}

/* Our call ends in vain while nothing gets through: the far side, whose call is up and who has not
 * noticed that the link was gone, is told by RESTART when it is back. */
static void test_far_side_has_not_noticed(void **state)
{
	struct pair *p = pair_open();
	struct isup_call *in, *out = call_active(p, &p->a, &in);
	unsigned slot = isup_call_slot(out);

	cut(p, true);
	isup_call_clear(out, 27);
	for (unsigned ms = 0; isup_trunk_up(p->a.trunk); ms += 10) {
		assert_true(ms < 9000);
		run_ms(p, 10);
	}
	assert_true(isup_trunk_up(p->b.trunk));
	cut(p, false);
	run_ms(p, 5000);
	struct isup_event *ev = expect(&p->b, ISUP_CLEARING);
	assert_ptr_equal(ev->call, in);
	expect(&p->b, ISUP_RELEASED);
	assert_int_equal(isup_trunk_slot(p->a.trunk, slot), ISUP_SLOT_IDLE);
	expect_idle(&p->a);
	expect_idle(&p->b);
	pair_close(p);
}

/* SETUP was offered, nothing answered yet: libpri forgets such a call without an event. */
static void test_link_lost_while_present(void **state)
{
	struct pair *p = pair_open();
	struct isup_call *in;

	call_present(p, &p->a, &in);
	cut(p, true);
	run_ms(p, 30000);
	expect(&p->b, ISUP_TRUNK_DOWN);
	assert_int_equal(expect(&p->b, ISUP_CLEARING)->cause, 27);
	expect(&p->b, ISUP_RELEASED);
	cut(p, false);
	run_ms(p, 20000);
	expect_idle(&p->a);
	expect_idle(&p->b);
	pair_close(p);
}

static void test_clear_while_link_is_down(void **state)
{
	struct pair *p = pair_open();
	struct isup_call *in, *out = call_active(p, &p->a, &in);

	cut(p, true);
	run_ms(p, 30000);
	expect(&p->a, ISUP_TRUNK_DOWN);
	expect(&p->b, ISUP_TRUNK_DOWN);
	isup_call_clear(out, 16);
	run_ms(p, 2000);
	cut(p, false);
	run_ms(p, 10000);
	/* What is being cleared is not active, so it ends here with the link; the far side asks by
	 * STATUS when the link is back, and hears that there is no such call. */
	expect(&p->a, ISUP_RELEASED);
	expect(&p->a, ISUP_TRUNK_UP);
	struct isup_event *ev = expect(&p->b, ISUP_CLEARING);
	assert_ptr_equal(ev->call, in);
	assert_int_equal(ev->cause, 101);
	expect(&p->b, ISUP_RELEASED);
	expect(&p->b, ISUP_TRUNK_UP); /* once it has settled */
	expect_idle(&p->a);
	expect_idle(&p->b);
	pair_close(p);
}

/* libpri's timers must not follow the wall clock: an hour either way changes nothing. */
static void test_wall_clock_steps(void **state)
{
	struct pair *p = pair_open();
	struct isup_call *in;

	call_active(p, &p->a, &in);
	for (int i = 0; i < 4; i++) {
		wall_offset_s += i % 2 == 0 ? 3600 : -7200;
		run_ms(p, 30000);
	}
	expect_none(&p->a);
	expect_none(&p->b);
	assert_true(isup_trunk_up(p->a.trunk) && isup_trunk_up(p->b.trunk));
	wall_offset_s += 3600;
	cut(p, true); /* and a dead peer is noticed in time all the same */
	run_ms(p, 20000);
	expect(&p->a, ISUP_TRUNK_DOWN);
	pair_close(p);
}

/* --- frames --- */

static void test_bad_frames(void **state)
{
	struct pair *p = pair_open();
	uint8_t frame[400];
	struct isup_trunk_counts before, after;

	memset(frame, 0xff, sizeof(frame));
	isup_trunk_counts(p->a.trunk, &before);
	for (size_t len = 0; len < 3; len++) {
		/* an exact allocation, so that reading past it is seen */
		uint8_t *exact = malloc(len + 1);
		memset(exact, 0, len + 1);
		isup_trunk_receive(p->a.trunk, 0, exact, len);
		free(exact);
	}
	isup_trunk_receive(p->a.trunk, 0, frame, ISUP_FRAME_MAX + 1);
	isup_trunk_receive(p->a.trunk, 0, frame, sizeof(frame));
	isup_trunk_counts(p->a.trunk, &after);
	assert_int_equal(after.frames_bad - before.frames_bad, 5);
	isup_trunk_receive(p->a.trunk, 0, frame, ISUP_FRAME_MAX);
	isup_trunk_counts(p->a.trunk, &after);
	assert_int_equal(after.frames_bad - before.frames_bad, 5);
	assert_int_equal(after.frames_in - before.frames_in, 6);
	run_ms(p, 20000);
	expect_none(&p->a);
	pair_close(p);
}

static unsigned traced_in, traced_out;
static uint8_t traced[ISUP_FRAME_MAX];
static size_t traced_len;
static bool line_refuses;

static void on_trace(void *arg, unsigned interface, bool sent, const uint8_t *frame, size_t len)
{
	if (sent)
		traced_out++;
	else
		traced_in++;
	memcpy(traced, frame, len);
	traced_len = len;
}

static bool on_send_or_not(void *arg, unsigned interface, const uint8_t *frame, size_t len)
{
	return !line_refuses && on_send(arg, interface, frame, len);
}

/* No FCS goes out or is wanted; a frame the line refuses is not traced, and LAPD repeats it. */
static void test_trace_and_refused_frames(void **state)
{
	static const struct isup_trunk_ops ops = {on_event, on_send_or_not, on_trace};
	static const uint8_t sabme_user[] = {0x00, 0x01, 0x7f}, sabme_net[] = {0x02, 0x01, 0x7f},
			     ua[] = {0x00, 0x01, 0x73};
	struct pair *p = pair_new();
	struct isup_trunk_conf net = conf_for(ISUP_NETWORK), user = conf_for(ISUP_USER);

	line_refuses = true;
	traced_in = traced_out = 0;
	assert_int_equal(isup_trunk_open(&p->a.trunk, &p->loop, &net, &ops, &p->a), 0);
	run_ms(p, 500);
	assert_int_equal(traced_out, 0);
	line_refuses = false;
	run_ms(p, 600);
	assert_int_equal(traced_out, 1);
	assert_int_equal(traced_len, 3);
	assert_memory_equal(traced, sabme_net, 3);
	end_open(&p->b, &user);
	run_ms(p, 2);
	assert_int_equal(traced_in, 1);
	run_ms(p, 5000);
	expect(&p->a, ISUP_TRUNK_UP);
	struct isup_trunk_counts counts;
	isup_trunk_counts(p->a.trunk, &counts);
	assert_int_equal(counts.frames_out, traced_out);
	assert_int_equal(counts.frames_in, traced_in);
	isup_trunk_receive(p->a.trunk, 0, sabme_user, sizeof(sabme_user));
	assert_memory_equal(traced, ua, 3);
	pair_close(p);
}

/* --- what libpri gets wrong --- */

/* Both ends are ours: with its service support off, libpri throws SERVICE back for ever. */
static void test_service_is_answered_once(void **state)
{
	static const uint8_t service[] = {0x43, 0x02, 0x00, 0x00, 0x07, 0x01, 0x01,
					  0xc2, 0x18, 0x03, 0xa9, 0x83, 0x85};
	struct pair *p = pair_open_raw(ISUP_USER);
	struct isup_trunk_counts counts;
	unsigned slot = 5;

	raw_send(&p->b, service, sizeof(service));
	run_ms(p, 1000);
	assert_int_equal(isup_trunk_slot(p->a.trunk, slot), ISUP_SLOT_OUT_BY_FAR);
	isup_trunk_counts(p->a.trunk, &counts);
	assert_true(counts.frames_out < 20);

	uint8_t back[sizeof(service)];
	memcpy(back, service, sizeof(back));
	back[7] = 0xc0;
	raw_send(&p->b, back, sizeof(back));
	run_ms(p, 100);
	assert_int_equal(isup_trunk_slot(p->a.trunk, slot), ISUP_SLOT_IDLE);
	pair_close(p);
}

/* SERVICE for the whole interface makes libpri say the D-channel is down while LAPD is up. */
static void test_service_is_not_the_link(void **state)
{
	static const uint8_t service[] = {0x43, 0x02, 0x00, 0x00, 0x07, 0x01, 0x01, 0xc2};
	struct pair *p = pair_open_raw(ISUP_USER);

	raw_send(&p->b, service, sizeof(service));
	run_ms(p, 1000);
	expect_none(&p->a);
	assert_true(isup_trunk_up(p->a.trunk));
	pair_close(p);
}

/* --- against bare libpri: a mistake made on both our ends would show here --- */

static void test_raw_calls_us(void **state)
{
	for (int network = 0; network < 2; network++) {
		struct pair *p = pair_open_raw(network ? ISUP_NETWORK : ISUP_USER);
		q931_call *far = raw_call(&p->b, 7, 0);
		run_ms(p, 20);
		struct isup_event *ev = expect(&p->a, ISUP_SETUP);
		struct isup_call *c = ev->call;
		assert_int_equal(ev->slot, 7);
		assert_string_equal(ev->called.digits, "7134");
		assert_string_equal(ev->calling.digits, "7101");
		assert_string_equal(ev->calling.name, "Raw");
		isup_call_proceeding(c);
		isup_call_alerting(c, true);
		run_ms(p, 20);
		assert_int_equal(raw_wait(&p->b, PRI_EVENT_PROCEEDING)->proceeding.channel, 7);
		pri_event *ring = raw_wait(&p->b, PRI_EVENT_RINGING);
		assert_true((ring->ringing.progressmask & PRI_PROG_INBAND_AVAILABLE) != 0);
		isup_call_answer(c);
		run_ms(p, 20);
		raw_wait(&p->b, PRI_EVENT_ANSWER);
		pri_hangup(p->b.raw, far, 16);
		raw_run(&p->b);
		run_ms(p, 20);
		assert_int_equal(expect(&p->a, ISUP_CLEARING)->cause, 16);
		isup_call_clear(c, 16);
		run_ms(p, 20);
		assert_int_equal(raw_wait(&p->b, PRI_EVENT_HANGUP)->hangup.cause, 16);
		pri_hangup(p->b.raw, far, 16);
		raw_run(&p->b);
		run_ms(p, 20);
		expect(&p->a, ISUP_RELEASED);
		expect_idle(&p->a);
		pair_close(p);
	}
}

static void test_we_call_raw(void **state)
{
	for (int network = 0; network < 2; network++) {
		struct pair *p = pair_open_raw(network ? ISUP_NETWORK : ISUP_USER);
		struct isup_setup setup = plain_setup;
		struct isup_call *c;
		strcpy(setup.calling.name, "Caller");
		setup.called.type_of_number = 2;
		assert_int_equal(isup_call_start(&c, p->a.trunk, &setup, NULL), 0);
		run_ms(p, 20);
		pri_event_ring ring = raw_wait(&p->b, PRI_EVENT_RING)->ring;
		assert_int_equal(ring.channel, network ? 1 : 23);
		assert_string_equal(ring.callednum, "7134");
		assert_int_equal(ring.calledplan, PRI_NATIONAL_ISDN);
		assert_string_equal(ring.callingnum, "7101");
		assert_string_equal(ring.callingname, "Caller");
		assert_int_equal(ring.callingpres, PRES_ALLOWED_USER_NUMBER_PASSED_SCREEN);
		assert_int_equal(ring.ctype, PRI_TRANS_CAP_3_1K_AUDIO);
		assert_int_equal(ring.layer1, PRI_LAYER_1_ULAW);
		pri_proceeding(p->b.raw, ring.call, ring.channel, 0);
		pri_progress(p->b.raw, ring.call, ring.channel, 1);
		pri_answer(p->b.raw, ring.call, ring.channel, 0);
		raw_run(&p->b);
		run_ms(p, 20);
		expect(&p->a, ISUP_PROCEEDING);
		assert_true(expect(&p->a, ISUP_PROGRESS)->inband);
		expect(&p->a, ISUP_CONNECT);
		isup_call_clear(c, 16);
		run_ms(p, 20);
		assert_int_equal(raw_wait(&p->b, PRI_EVENT_HANGUP_REQ)->hangup.cause, 16);
		pri_hangup(p->b.raw, ring.call, 16);
		raw_run(&p->b);
		run_ms(p, 20);
		raw_wait(&p->b, PRI_EVENT_HANGUP_ACK);
		expect(&p->a, ISUP_RELEASED);
		expect_none(&p->a);
		expect_idle(&p->a);
		pair_close(p);
	}
}

/* SETUP ACKNOWLEDGE, as a switch in overlap mode sends it: we gave the whole number already. */
static void test_setup_acknowledge(void **state)
{
	struct pair *p = pair_open_raw(ISUP_USER);

	start_call(&p->a);
	run_ms(p, 20);
	pri_event_ring ring = raw_wait(&p->b, PRI_EVENT_RING)->ring;
	pri_setup_ack(p->b.raw, ring.call, ring.channel, 0, 0);
	raw_run(&p->b);
	run_ms(p, 20);
	expect(&p->a, ISUP_PROCEEDING);
	pri_acknowledge(p->b.raw, ring.call, ring.channel, 0);
	raw_run(&p->b);
	run_ms(p, 20);
	expect(&p->a, ISUP_ALERTING);
	expect_none(&p->a);
	pair_close(p);
}

/* No ALERTING before CONNECT, as some switches do. */
static void test_connect_at_once(void **state)
{
	struct pair *p = pair_open_raw(ISUP_NETWORK);

	start_call(&p->a);
	run_ms(p, 20);
	pri_event_ring ring = raw_wait(&p->b, PRI_EVENT_RING)->ring;
	pri_answer(p->b.raw, ring.call, ring.channel, 0);
	raw_run(&p->b);
	run_ms(p, 20);
	expect(&p->a, ISUP_CONNECT);
	expect_none(&p->a);
	pair_close(p);
}

static void test_reconfigure(void **state)
{
	struct pair *p = pair_open();
	struct isup_trunk_conf conf = conf_for(ISUP_NETWORK);

	conf.hunt = ISUP_DESCENDING;
	conf.t303_ms = 100;
	isup_trunk_reconfigure(p->a.trunk, &conf);
	struct isup_call *c = start_call(&p->a);
	assert_int_equal(isup_call_slot(c), 23);
	p->b.deaf[Q931_SETUP] = true;
	p->b.react = NULL;
	c = start_call(&p->a);
	assert_int_equal(isup_call_slot(c), 22);
	run_ms(p, 250);
	assert_int_equal(count_kind(&p->a, ISUP_CLEARING), 2);
	pair_close(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open_refuses_nonsense),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_down_before_up),
		cmocka_unit_test(test_line_down_refuses_new_calls),
		cmocka_unit_test(test_no_setup_while_link_settles),
		cmocka_unit_test(test_link_lost_and_back),
		cmocka_unit_test(test_t309),
		cmocka_unit_test(test_far_side_has_not_noticed),
		cmocka_unit_test(test_link_lost_while_present),
		cmocka_unit_test(test_clear_while_link_is_down),
		cmocka_unit_test(test_wall_clock_steps),
		cmocka_unit_test(test_bad_frames),
		cmocka_unit_test(test_trace_and_refused_frames),
		cmocka_unit_test(test_service_is_answered_once),
		cmocka_unit_test(test_service_is_not_the_link),
		cmocka_unit_test(test_raw_calls_us),
		cmocka_unit_test(test_we_call_raw),
		cmocka_unit_test(test_setup_acknowledge),
		cmocka_unit_test(test_connect_at_once),
		cmocka_unit_test(test_reconfigure),
	};
	return cmocka_run_group_tests(tests, quiet_logs, NULL);
}
