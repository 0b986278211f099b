/* Numbers in parts, both ways, and their timers; what DISCONNECT announces. */
#include "isup/call_overlap.c"

#include "pair.h"

/* a is the network, b the user, with overlap as given. */
static struct pair *pair_overlap(enum isup_switch type, enum isup_overlap net,
				 enum isup_overlap user)
{
	struct pair *p = pair_new();
	struct isup_trunk_conf a = conf_for(ISUP_NETWORK), b = conf_for(ISUP_USER);

	a.switch_type = b.switch_type = type;
	a.overlap = net;
	b.overlap = user;
	end_open(&p->a, &a);
	end_open(&p->b, &b);
	pair_up(p);
	return p;
}

static struct isup_call *start(struct end *from, const char *digits)
{
	struct isup_setup setup = plain_setup;
	struct isup_call *c;

	setup.complete = false;
	snprintf(setup.called.digits, sizeof(setup.called.digits), "%s", digits);
	from->busy = true;
	assert_int_equal(isup_call_start(&c, from->trunk, &setup, from), 0);
	from->busy = false;
	return c;
}

static struct isup_call *arrives(struct pair *p, struct end *at, const char *digits, bool complete)
{
	run_ms(p, 50);
	struct isup_event *ev = expect(at, ISUP_SETUP);
	assert_string_equal(ev->called.digits, digits);
	assert_int_equal(ev->complete, complete);
	return ev->call;
}

static void digits_are(struct pair *p, struct end *at, const char *digits, bool complete)
{
	run_ms(p, 50);
	struct isup_event *ev = expect(at, ISUP_DIGITS);
	assert_string_equal(ev->called.digits, digits);
	assert_int_equal(ev->complete, complete);
}

static void finish(struct pair *p, struct end *from, struct isup_call *out, struct isup_call *in)
{
	isup_call_clear(out, Q850_NORMAL_CLEARING);
	run_ms(p, 50);
	expect(from->far, ISUP_CLEARING);
	isup_call_clear(in, Q850_NORMAL_CLEARING);
	run_ms(p, 50);
	expect(from, ISUP_RELEASED);
	expect(from->far, ISUP_RELEASED);
	expect_idle(&p->a);
	expect_idle(&p->b);
}

/* As finish(), of a call that nothing was answered to yet. */
static void accept_and_finish(struct pair *p, struct end *from, struct isup_call *out,
			      struct isup_call *in)
{
	isup_call_proceeding(in);
	run_ms(p, 50);
	expect(from, ISUP_PROCEEDING);
	finish(p, from, out, in);
}

static void digit_by_digit(struct pair *p, struct end *from)
{
	struct end *to = from->far;
	struct isup_call *out = start(from, "");
	struct isup_call *in = arrives(p, to, "", false);

	isup_call_digits(out, "7"); /* kept: nobody asked yet */
	assert_int_equal(from->sent[Q931_INFORMATION], 0);
	assert_true(isup_call_more(in, false));
	run_ms(p, 50);
	expect(from, ISUP_MORE);
	assert_int_equal(to->sent[Q931_SETUP_ACK], 1);
	digits_are(p, to, "7", false);
	isup_call_digits(out, "1");
	digits_are(p, to, "71", false);
	isup_call_digits(out, "34");
	digits_are(p, to, "7134", false); /* two messages, told as one */
	assert_int_equal(from->sent[Q931_INFORMATION], 4);
	isup_call_proceeding(in);
	run_ms(p, 50);
	expect(from, ISUP_PROCEEDING);
	isup_call_digits(out, "5"); /* it has enough */
	run_ms(p, 50);
	assert_int_equal(from->sent[Q931_INFORMATION], 4);
	isup_call_alerting(in, false);
	isup_call_answer(in);
	run_ms(p, 50);
	expect(from, ISUP_ALERTING);
	expect(from, ISUP_CONNECT);
	finish(p, from, out, in);
	memset(from->sent, 0, sizeof(from->sent));
	memset(to->sent, 0, sizeof(to->sent));
}

static void test_digit_by_digit(void **state)
{
	for (int type = ISUP_NI2; type <= ISUP_EUROISDN; type++) {
		struct pair *p =
			pair_overlap((enum isup_switch)type, ISUP_OVERLAP_BOTH, ISUP_OVERLAP_BOTH);
		digit_by_digit(p, &p->a);
		digit_by_digit(p, &p->b);
		pair_close(p);
	}
}

/* Sending Complete in SETUP; en bloc without it. */
static void test_complete_at_once(void **state)
{
	for (int type = ISUP_NI2; type <= ISUP_EUROISDN; type++) {
		struct pair *p = pair_overlap((enum isup_switch)type, ISUP_OVERLAP_RECEIVE,
					      ISUP_OVERLAP_SEND);
		struct isup_call *out = start_call(&p->b), *in = arrives(p, &p->a, "7134", true);
		assert_false(isup_call_more(in, false));
		accept_and_finish(p, &p->b, out, in);
		pair_close(p);
		p = pair_overlap((enum isup_switch)type, ISUP_EN_BLOC, ISUP_EN_BLOC);
		out = start_call(&p->b);
		in = arrives(p, &p->a, "7134", true);
		accept_and_finish(p, &p->b, out, in);
		pair_close(p);
	}
}

static void test_hash_ends_the_number(void **state)
{
	struct pair *p = pair_overlap(ISUP_QSIG, ISUP_OVERLAP_RECEIVE, ISUP_OVERLAP_SEND);
	struct isup_call *out = start(&p->b, "55"), *in = arrives(p, &p->a, "55", false);

	assert_true(isup_call_more(in, false));
	run_ms(p, 50);
	expect(&p->b, ISUP_MORE);
	isup_call_digits(out, "5#9");
	digits_are(p, &p->a, "555", true);
	run_ms(p, T302_MS + 2000); /* it runs no more */
	expect_none(&p->a);
	finish(p, &p->b, out, in);

	out = start(&p->b, "555#"); /* in SETUP already */
	in = arrives(p, &p->a, "555", true);
	accept_and_finish(p, &p->b, out, in);

	out = start(&p->b, "*72#"); /* a feature code: # is one of its digits */
	in = arrives(p, &p->a, "*72#", false);
	accept_and_finish(p, &p->b, out, in);
	pair_close(p);
}

/* T302 begins anew with each digit; what to do with the number is the owner's decision. */
static void test_t302(void **state)
{
	struct pair *p = pair_overlap(ISUP_EUROISDN, ISUP_OVERLAP_RECEIVE, ISUP_OVERLAP_SEND);
	struct isup_call *out = start(&p->b, "7"), *in = arrives(p, &p->a, "7", false);

	assert_true(isup_call_more(in, false));
	run_ms(p, T302_MS - 500);
	expect(&p->b, ISUP_MORE);
	expect_none(&p->a);
	isup_call_digits(out, "1");
	digits_are(p, &p->a, "71", false);
	run_ms(p, T302_MS - 500);
	expect_none(&p->a);
	run_ms(p, 500);
	struct isup_event *ev = expect(&p->a, ISUP_DIGITS);
	assert_true(ev->complete);
	assert_string_equal(ev->called.digits, "71");
	assert_false(isup_call_more(in, false));
	isup_call_clear(in, Q850_INVALID_NUMBER_FORMAT);
	run_ms(p, 50);
	assert_int_equal(last_cause(&p->a, Q931_DISCONNECT), Q850_INVALID_NUMBER_FORMAT);
	assert_int_equal(expect(&p->b, ISUP_CLEARING)->cause, Q850_INVALID_NUMBER_FORMAT);
	isup_call_clear(out, Q850_INVALID_NUMBER_FORMAT);
	run_ms(p, 50);
	expect_idle(&p->a);
	expect_idle(&p->b);
	pair_close(p);
}

/* T304: it wanted more and there was no more. */
static void test_t304(void **state)
{
	struct pair *p = pair_overlap(ISUP_EUROISDN, ISUP_OVERLAP_RECEIVE, ISUP_OVERLAP_SEND);
	struct isup_trunk_conf conf = conf_for(ISUP_NETWORK);

	conf.overlap = ISUP_OVERLAP_RECEIVE;
	conf.t302_ms = 100000;
	isup_trunk_reconfigure(p->a.trunk, &conf);
	struct isup_call *out = start(&p->b, "7");
	assert_true(isup_call_more(arrives(p, &p->a, "7", false), false));
	run_ms(p, T304_MS - 500);
	expect(&p->b, ISUP_MORE);
	isup_call_digits(out, ""); /* the number has ended: that is no INFORMATION */
	expect_none(&p->b);
	run_ms(p, 600);
	assert_int_equal(expect(&p->b, ISUP_CLEARING)->cause, Q850_INVALID_NUMBER_FORMAT);
	assert_int_equal(expect(&p->a, ISUP_CLEARING)->cause, Q850_TIMER_EXPIRED);
	pair_close(p);
}

/* Q.931 5.8.8: the far side establishes the link anew, and digits may be lost with it. */
static void test_link_reset(void **state)
{
	static const uint8_t from_user[] = {0x00, 0x01, 0x7f}, from_network[] = {0x02, 0x01, 0x7f};

	for (int sending = 0; sending < 2; sending++) {
		struct pair *p =
			pair_overlap(ISUP_EUROISDN, ISUP_OVERLAP_RECEIVE, ISUP_OVERLAP_SEND);
		struct end *e = sending ? &p->b : &p->a;
		struct isup_call *out = start(&p->b, "7"), *in = arrives(p, &p->a, "7", false);
		assert_true(isup_call_more(in, false));
		run_ms(p, 50);
		expect(&p->b, ISUP_MORE);
		isup_trunk_receive(e->trunk, 0, sending ? from_network : from_user, 3);
		run_ms(p, 50);
		struct isup_event *ev = expect(e, ISUP_CLEARING);
		assert_ptr_equal(ev->call, sending ? out : in);
		assert_int_equal(ev->cause, Q850_TEMPORARY_FAILURE);
		assert_int_equal(e->sent[Q931_DISCONNECT], 1);
		assert_int_equal(last_cause(e, Q931_DISCONNECT), Q850_TEMPORARY_FAILURE);
		pair_close(p);
	}
}

/* Who dials for ever does not hold the slot for ever. */
static void test_too_many_digits(void **state)
{
	struct pair *p = pair_overlap(ISUP_QSIG, ISUP_OVERLAP_RECEIVE, ISUP_OVERLAP_SEND);
	struct isup_call *out = start(&p->b, "9"), *in = arrives(p, &p->a, "9", false);

	assert_true(isup_call_more(in, false));
	run_ms(p, 50);
	expect(&p->b, ISUP_MORE);
	isup_call_digits(out, "12345678901234567890123456789012345");
	run_ms(p, 200);
	while (p->a.seen + 1 < p->a.logged)
		expect(&p->a, ISUP_DIGITS);
	struct isup_event *ev = expect(&p->a, ISUP_DIGITS);
	assert_true(ev->complete);
	assert_int_equal(strlen(ev->called.digits), ISUP_DIGITS_MAX - 1);
	pair_close(p);
}

/* Cleared while dialling: no channel stays busy, whoever clears. */
static void test_clearing_while_dialling(void **state)
{
	for (unsigned who = 0; who < 2; who++) {
		struct pair *p = pair_overlap(ISUP_NI2, ISUP_OVERLAP_RECEIVE, ISUP_OVERLAP_SEND);
		struct isup_call *out = start(&p->b, "7"), *in = arrives(p, &p->a, "7", false);
		assert_true(isup_call_more(in, false));
		run_ms(p, 50);
		expect(&p->b, ISUP_MORE);
		if (who == 0)
			finish(p, &p->b, out, in);
		else
			finish(p, &p->a, in, out);
		pair_close(p);
	}
}

/* --- announcements with DISCONNECT --- */

/* Cause 1 from a public network, progress indicator 8. */
static uint8_t announcement[] = {0x08, 0x02, 0x80, 0x00, 0x45, 0x08, 0x02,
				 0x82, 0x81, 0x1e, 0x02, 0x82, 0x88};

/* A call of ours to bare libpri, which answered CALL PROCEEDING. */
static struct isup_call *accepted(struct pair *p)
{
	struct isup_call *c = start_call(&p->a);

	run_ms(p, 50);
	pri_event_ring ring = raw_wait(&p->b, PRI_EVENT_RING)->ring;
	pri_proceeding(p->b.raw, ring.call, ring.channel, 0);
	raw_run(&p->b);
	run_ms(p, 20);
	expect(&p->a, ISUP_PROCEEDING);
	return c;
}

/* The far side, bare libpri, disconnects the call that we sent SETUP for. */
static void announce(struct pair *p)
{
	struct q931_message m;

	assert_true(q931_parse(&m, p->a.last, p->a.last_len));
	announcement[2] = (uint8_t)(0x80 | m.call_reference >> 8);
	announcement[3] = (uint8_t)m.call_reference;
	raw_send(&p->b, announcement, sizeof(announcement));
	run_ms(p, 20);
}

static void test_announcement_until_t306(void **state)
{
	struct pair *p = pair_open_raw(ISUP_USER);
	struct isup_call *out = accepted(p);

	announce(p);
	assert_true(expect(&p->a, ISUP_PROGRESS)->inband);
	run_ms(p, T306_MS - 500);
	expect_none(&p->a);
	assert_int_equal(p->a.sent[Q931_RELEASE], 0);
	run_ms(p, 600);
	assert_int_equal(expect(&p->a, ISUP_CLEARING)->cause, Q850_UNALLOCATED);
	isup_call_clear(out, Q850_UNALLOCATED);
	run_ms(p, 20);
	assert_int_equal(p->a.sent[Q931_RELEASE], 1);
	pair_close(p);
}

/* The far side ends it, or our caller hangs up. */
static void test_announcement_cut_short(void **state)
{
	static uint8_t release[] = {0x08, 0x02, 0x80, 0x00, 0x4d};

	for (unsigned who = 0; who < 2; who++) {
		struct pair *p = pair_open_raw(ISUP_USER);
		struct isup_call *out = accepted(p);
		announce(p);
		expect(&p->a, ISUP_PROGRESS);
		run_ms(p, 3000);
		if (who == 0) {
			isup_call_clear(out, Q850_NORMAL_CLEARING);
			run_ms(p, 20);
			assert_int_equal(p->a.sent[Q931_RELEASE], 1);
		} else {
			release[2] = announcement[2];
			release[3] = announcement[3];
			raw_send(&p->b, release, sizeof(release));
			run_ms(p, 20);
			assert_int_equal(expect(&p->a, ISUP_CLEARING)->cause, Q850_UNALLOCATED);
			assert_int_equal(expect(&p->a, ISUP_RELEASED)->cause, Q850_UNALLOCATED);
			assert_int_equal(p->a.sent[Q931_RELEASE_COMPLETE], 1);
			expect_idle(&p->a);
		}
		pair_close(p);
	}
}

static void test_announcement_not_wanted(void **state)
{
	struct pair *p = pair_open_raw(ISUP_USER);
	struct isup_trunk_conf conf = conf_for(ISUP_USER);

	conf.disconnect_audio = false;
	isup_trunk_reconfigure(p->a.trunk, &conf);
	accepted(p);
	announce(p);
	assert_int_equal(expect(&p->a, ISUP_CLEARING)->cause, Q850_UNALLOCATED);
	pair_close(p);
}

/* --- what is taken for tones --- */

static bool alerting_is_inband(enum isup_early_audio policy, unsigned description)
{
	static uint8_t alerting[] = {0x08, 0x02, 0x80, 0x00, 0x01, 0x1e, 0x02, 0x82, 0x80};
	struct pair *p = pair_open_raw(ISUP_USER);
	struct isup_trunk_conf conf = conf_for(ISUP_USER);
	struct q931_message m;

	conf.early_audio = policy;
	isup_trunk_reconfigure(p->a.trunk, &conf);
	accepted(p);
	assert_true(q931_parse(&m, p->a.last, p->a.last_len));
	alerting[2] = (uint8_t)(0x80 | m.call_reference >> 8);
	alerting[3] = (uint8_t)m.call_reference;
	alerting[8] = (uint8_t)(0x80 | description);
	raw_send(&p->b, alerting, description != 0 ? sizeof(alerting) : 5);
	run_ms(p, 20);
	bool inband = expect(&p->a, ISUP_ALERTING)->inband;
	pair_close(p);
	return inband;
}

static void test_early_audio(void **state)
{
	static const struct {
		enum isup_early_audio policy;
		bool none, one, two, three, eight;
	} rows[] = {
		{ISUP_EARLY_NEVER, false, false, false, false, false},
		{ISUP_EARLY_INBAND, false, false, false, false, true},
		{ISUP_EARLY_INDICATED, false, true, true, false, true},
		{ISUP_EARLY_ALWAYS, true, true, true, true, true},
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(alerting_is_inband(rows[i].policy, 0), rows[i].none);
		assert_int_equal(alerting_is_inband(rows[i].policy, 1), rows[i].one);
		assert_int_equal(alerting_is_inband(rows[i].policy, 2), rows[i].two);
		assert_int_equal(alerting_is_inband(rows[i].policy, 3), rows[i].three);
		assert_int_equal(alerting_is_inband(rows[i].policy, 8), rows[i].eight);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_digit_by_digit),
		cmocka_unit_test(test_complete_at_once),
		cmocka_unit_test(test_hash_ends_the_number),
		cmocka_unit_test(test_t302),
		cmocka_unit_test(test_t304),
		cmocka_unit_test(test_link_reset),
		cmocka_unit_test(test_too_many_digits),
		cmocka_unit_test(test_clearing_while_dialling),
		cmocka_unit_test(test_announcement_until_t306),
		cmocka_unit_test(test_announcement_cut_short),
		cmocka_unit_test(test_announcement_not_wanted),
		cmocka_unit_test(test_early_audio),
	};
	return cmocka_run_group_tests(tests, quiet_logs, NULL);
}
