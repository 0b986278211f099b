/* What a call makes of events that come while it is up, and of libpri's habits with them. */
#include "isup/trunk_internal.h"

static bool no_memory;
#define trunk_call_new(t) (no_memory ? NULL : trunk_call_new(t))

#include "isup/call_events.c"

#include <dlfcn.h>

#include "pair.h"

/* --- libpri as it may be --- */

static pri_event *lent; /* the event it returned last; it is libpri's own memory */
static bool spoils, odd_cause;

static void *real(const char *name)
{
	void *f = dlsym(RTLD_NEXT, name);

	assert_non_null(f);
	return f;
}

/* These go before the library's. */
pri_event *pri_check_event(struct pri *pri)
{
	pri_event *(*check)(struct pri *);

	*(void **)&check = real("pri_check_event");
	pri_event *ev = check(pri);
	lent = ev;
	/* It leaves in this field what an event before had there. */
	if (odd_cause && ev != NULL &&
	    (ev->e == PRI_EVENT_PROCEEDING || ev->e == PRI_EVENT_PROGRESS))
		ev->proceeding.cause = Q850_DESTINATION_OUT_OF_ORDER;
	return ev;
}

pri_event *pri_schedule_run(struct pri *pri)
{
	pri_event *(*run)(struct pri *);

	*(void **)&run = real("pri_schedule_run");
	pri_event *ev = run(pri);
	if (ev != NULL)
		lent = ev;
	return ev;
}

int pri_hangup(struct pri *pri, q931_call *call, int cause)
{
	int (*hangup)(struct pri *, q931_call *, int);

	*(void **)&hangup = real("pri_hangup");
	int r = hangup(pri, call, cause);
	if (spoils && lent != NULL)
		memset(lent, 0x5a, sizeof(*lent));
	return r;
}

static pri_event_ring call_to_raw(struct pair *p)
{
	start_call(&p->a);
	run_ms(p, 20);
	return raw_wait(&p->b, PRI_EVENT_RING)->ring;
}

/* An event is libpri's memory until it is entered again: what comes after must not read it. */
static void test_event_is_lent(void **state)
{
	static const uint8_t release[] = {0x08, 0x02,         0x80,
					  0x01, Q931_RELEASE, 0x08,
					  0x02, 0x80,         0x80 | Q850_TEMPORARY_FAILURE};
	struct pair *p = pair_open_raw(ISUP_USER);

	pri_event_ring ring = call_to_raw(p);
	pri_answer(p->b.raw, ring.call, ring.channel, 0);
	raw_run(&p->b);
	run_ms(p, 20);
	expect(&p->a, ISUP_CONNECT);
	spoils = true;
	raw_send(&p->b, release, sizeof(release));
	run_ms(p, 20);
	spoils = false;
	assert_int_equal(expect(&p->a, ISUP_CLEARING)->cause, Q850_TEMPORARY_FAILURE);
	assert_int_equal(expect(&p->a, ISUP_RELEASED)->cause, Q850_TEMPORARY_FAILURE);
	expect_idle(&p->a);
	pair_close(p);
}

/* The same of an event from a timer, T309. */
static void test_timer_event_is_lent(void **state)
{
	struct pair *p = pair_open();
	struct isup_call *in;

	call_active(p, &p->a, &in);
	p->a.cut = p->b.cut = true;
	run_ms(p, 30000);
	expect(&p->b, ISUP_TRUNK_DOWN);
	spoils = true;
	run_ms(p, 90000);
	spoils = false;
	assert_int_equal(expect(&p->b, ISUP_CLEARING)->cause, Q850_DESTINATION_OUT_OF_ORDER);
	assert_int_equal(expect(&p->b, ISUP_RELEASED)->cause, Q850_DESTINATION_OUT_OF_ORDER);
	pair_close(p);
}

/* A new call where libpri had one that it freed without a word: the old one is over. */
static void test_record_allocated_again(void **state)
{
	struct pair *p = pair_open();
	struct isup_call *in;

	call_active(p, &p->a, &in);
	pri_event ev = {.ring = {.e = PRI_EVENT_RING, .channel = 7, .flexible = 1}};
	ev.ring.call = in->pri;
	snprintf(ev.ring.callednum, sizeof(ev.ring.callednum), "7200");
	trunk_enter(p->b.trunk);
	trunk_call_on_pri_event(p->b.trunk, &ev, false);
	assert_ptr_equal(trunk_call_find(p->b.trunk, ev.ring.call), p->b.trunk->calls);
	trunk_leave(p->b.trunk);
	run_ms(p, 20);
	assert_ptr_equal(expect(&p->b, ISUP_CLEARING)->call, in);
	assert_ptr_equal(expect(&p->b, ISUP_RELEASED)->call, in);
	struct isup_event *setup = expect(&p->b, ISUP_SETUP);
	assert_string_equal(setup->called.digits, "7200");
	isup_call_clear(setup->call, Q850_NORMAL_CLEARING);
	pair_close(p);
}

/* A call of libpri's that we have no record of: it wants to be told all the same, to the end. */
static void test_refused_for_want_of_memory(void **state)
{
	struct pair *p = pair_open_raw(ISUP_USER);
	q931_call *far;

	no_memory = true;
	far = raw_call(&p->b, 5, 1);
	run_ms(p, 20);
	no_memory = false;
	assert_int_equal(p->a.sent[Q931_CALL_PROCEEDING], 1);
	assert_int_equal(raw_wait(&p->b, PRI_EVENT_HANGUP_REQ)->hangup.cause,
			 Q850_RESOURCE_UNAVAILABLE);
	pri_hangup(p->b.raw, far, Q850_RESOURCE_UNAVAILABLE);
	raw_run(&p->b);
	run_ms(p, 20);
	raw_wait(&p->b, PRI_EVENT_HANGUP_ACK);
	assert_int_equal(p->a.sent[Q931_RELEASE_COMPLETE], 1);
	expect_idle(&p->a);
	pair_close(p);
}

/* libpri's own T313, 4 s, clears with cause 16 and without an event: it must never run out. */
static void test_t313_of_libpri(void **state)
{
	struct pair *p = pair_open();
	struct isup_trunk_conf conf = conf_for(ISUP_USER);
	struct isup_call *in;

	conf.t313_ms = 30000;
	isup_trunk_reconfigure(p->b.trunk, &conf);
	call_present(p, &p->a, &in);
	p->b.deaf[Q931_CONNECT_ACK] = true;
	isup_call_answer(in);
	run_ms(p, 29900);
	assert_int_equal(p->b.sent[Q931_DISCONNECT], 0);
	expect_none(&p->b);
	run_ms(p, 150);
	assert_int_equal(last_cause(&p->b, Q931_DISCONNECT), Q850_TIMER_EXPIRED);
	assert_int_equal(expect(&p->b, ISUP_CLEARING)->cause, Q850_TIMER_EXPIRED);
	pair_close(p);
}

/* The cause in PRI_EVENT_PROCEEDING was never set for this message. */
static void test_proceeding_has_no_cause(void **state)
{
	struct pair *p = pair_open();
	struct isup_call *in;

	odd_cause = true;
	call_present(p, &p->a, &in);
	isup_call_proceeding(in);
	isup_call_progress(in, true);
	run_ms(p, 20);
	odd_cause = false;
	expect(&p->a, ISUP_PROCEEDING);
	expect(&p->a, ISUP_PROGRESS);
	isup_call_clear(in, Q850_USER_BUSY);
	run_ms(p, 20);
	assert_int_equal(expect(&p->a, ISUP_CLEARING)->cause, Q850_USER_BUSY);
	pair_close(p);
}

/* Signalling without a call comes as a SETUP for channel 131072. */
static void test_call_independent_signalling(void **state)
{
	/* SETUP: bearer as Q.SIG wants it, channel "D", facility the far stack recognizes
	 * (ccPathReserve would be one); whatever libpri makes of it, no call of ours comes of it.
	 */
	static const uint8_t setup[] = {0x08, 0x02, 0x00, 0x64, 0x05, 0x04, 0x03, 0xa8, 0x80, 0xa0,
					0x18, 0x01, 0xac, 0x70, 0x05, 0x81, 0x37, 0x31, 0x33, 0x34};
	struct pair *p = pair_new();
	struct isup_trunk_conf conf = conf_for(ISUP_USER);

	conf.switch_type = ISUP_QSIG;
	end_open(&p->a, &conf);
	raw_open(&p->b, PRI_NETWORK, PRI_SWITCH_QSIG);
	pair_up(p);
	raw_send(&p->b, setup, sizeof(setup));
	run_ms(p, 1000);
	expect_none(&p->a);
	expect_idle(&p->a);

	/* The event itself, as libpri gives it for the operations it knows; its record is that of a
	 * call which is there, so that something is sent. */
	struct isup_trunk_counts counts;
	raw_call(&p->b, 5, 1);
	run_ms(p, 20);
	pri_event ev = {.ring = {.e = PRI_EVENT_RING, .channel = 131072, .flexible = 1}};
	ev.ring.call = expect(&p->a, ISUP_SETUP)->call->pri;
	trunk_enter(p->a.trunk);
	trunk_call_on_pri_event(p->a.trunk, &ev, false);
	trunk_leave(p->a.trunk);
	assert_int_equal(last_cause(&p->a, Q931_RELEASE_COMPLETE), Q850_INCOMPATIBLE_DESTINATION);
	isup_trunk_counts(p->a.trunk, &counts);
	assert_int_equal(counts.setups_refused, 1);
	run_ms(p, 1000);
	expect(&p->a, ISUP_CLEARING);
	expect(&p->a, ISUP_RELEASED);
	expect_none(&p->a);
	expect_idle(&p->a);
	pair_close(p);
}

/* CONNECT for a call that came from there: libpri takes it in states where it is nonsense. */
static void test_connect_for_an_incoming_call(void **state)
{
	static const uint8_t connect[] = {0x08, 0x02, 0x00, 0x01, 0x07};
	struct pair *p = pair_open_raw(ISUP_USER);

	raw_call(&p->b, 1, 1);
	run_ms(p, 20);
	isup_call_alerting(expect(&p->a, ISUP_SETUP)->call, false);
	run_ms(p, 20);
	raw_send(&p->b, connect, sizeof(connect));
	run_ms(p, 5);
	struct isup_event *ev = expect(&p->a, ISUP_CLEARING);
	assert_int_equal(ev->cause, 101);
	assert_int_equal(p->a.sent[Q931_DISCONNECT], 1);
	run_ms(p, 60000);
	expect(&p->a, ISUP_RELEASED);
	expect_idle(&p->a);
	pair_close(p);
}

static void test_location_of_a_cause(void **state)
{
	for (int location = 0; location < 3; location++) {
		struct pair *p = pair_open_raw(ISUP_USER);
		uint8_t release[] = {0x08,
				     0x02,
				     0x80,
				     0x01,
				     Q931_RELEASE_COMPLETE,
				     0x08,
				     0x02,
				     (uint8_t)(0x80 | location),
				     0x95};
		start_call(&p->a);
		run_ms(p, 20);
		raw_send(&p->b, release, sizeof(release));
		run_ms(p, 20);
		struct isup_event *ev = expect(&p->a, ISUP_CLEARING);
		assert_int_equal(ev->cause, 21);
		assert_int_equal(ev->location_user, location == 0);
		assert_int_equal(expect(&p->a, ISUP_RELEASED)->location_user, location == 0);
		pair_close(p);
	}
}

static void test_location_in_disconnect(void **state)
{
	static const uint8_t by_user[] = {0x08,
					  0x02,
					  0x80,
					  0x01,
					  Q931_DISCONNECT,
					  0x08,
					  0x02,
					  0x80,
					  0x80 | Q850_CALL_REJECTED};
	struct pair *p = pair_open_raw(ISUP_USER);

	pri_event_ring ring = call_to_raw(p);
	pri_proceeding(p->b.raw, ring.call, ring.channel, 0);
	raw_run(&p->b);
	run_ms(p, 20);
	expect(&p->a, ISUP_PROCEEDING);
	raw_send(&p->b, by_user, sizeof(by_user));
	run_ms(p, 20);
	struct isup_event *ev = expect(&p->a, ISUP_CLEARING);
	assert_int_equal(ev->cause, Q850_CALL_REJECTED);
	assert_true(ev->location_user);
	pair_close(p);
}

static void test_release_complete_without_cause(void **state)
{
	static const uint8_t release[] = {0x08, 0x02, 0x80, 0x01, Q931_RELEASE_COMPLETE};
	struct pair *p = pair_open_raw(ISUP_NETWORK);

	start_call(&p->a);
	run_ms(p, 20);
	raw_send(&p->b, release, sizeof(release));
	run_ms(p, 20);
	assert_int_equal(expect(&p->a, ISUP_CLEARING)->cause, 31);
	expect(&p->a, ISUP_RELEASED);
	pair_close(p);
}

/* A transfer at one end is told to the other, both ways, where the variant has words for it. */
static void test_another_party(void **state)
{
	static const struct {
		enum isup_switch type;
		bool tells;
	} rows[] = {{ISUP_NI2, false}, {ISUP_QSIG, true}, {ISUP_EUROISDN, true}};
	static const struct isup_party who = {.digits = "7200", .plan = 1};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pair *p = pair_new();
		struct isup_trunk_conf net = conf_for(ISUP_NETWORK), user = conf_for(ISUP_USER);
		struct isup_call *in;

		net.switch_type = user.switch_type = rows[i].type;
		end_open(&p->a, &net);
		end_open(&p->b, &user);
		pair_up(p);
		struct isup_call *out = call_present(p, &p->a, &in);
		isup_call_identity(in, &who); /* not in a call yet */
		isup_call_proceeding(in);
		isup_call_answer(in);
		run_ms(p, 50);
		expect(&p->a, ISUP_PROCEEDING);
		expect(&p->a, ISUP_CONNECT);
		isup_call_identity(in, &who);
		run_ms(p, 50);
		if (rows[i].tells) {
			expect(&p->a, ISUP_PARTY);
			assert_string_equal(p->a.connected.digits, "7200");
		}
		isup_call_identity(out, &who);
		run_ms(p, 50);
		if (rows[i].tells) {
			expect(&p->b, ISUP_PARTY);
			assert_string_equal(p->b.connected.digits, "7200");
		}
		assert_int_equal(p->a.sent[Q931_FACILITY], rows[i].tells);
		assert_int_equal(p->b.sent[Q931_FACILITY], rows[i].tells);
		isup_call_clear(out, 16);
		run_ms(p, 50);
		pair_close(p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_event_is_lent),
		cmocka_unit_test(test_timer_event_is_lent),
		cmocka_unit_test(test_record_allocated_again),
		cmocka_unit_test(test_refused_for_want_of_memory),
		cmocka_unit_test(test_t313_of_libpri),
		cmocka_unit_test(test_proceeding_has_no_cause),
		cmocka_unit_test(test_call_independent_signalling),
		cmocka_unit_test(test_connect_for_an_incoming_call),
		cmocka_unit_test(test_location_of_a_cause),
		cmocka_unit_test(test_location_in_disconnect),
		cmocka_unit_test(test_release_complete_without_cause),
		cmocka_unit_test(test_another_party),
	};

	return cmocka_run_group_tests(tests, quiet_logs, NULL);
}
