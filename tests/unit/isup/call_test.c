#include "isup/call.c"

#include "pair.h"

static void hears(struct end *e, enum isup_event_kind kind, int cause)
{
	struct isup_event *ev = expect(e, kind);

	assert_int_equal(ev->cause, cause);
}

/* --- the ordinary call, both ways, on every switch type --- */

static void ordinary(struct pair *p, struct end *from)
{
	struct isup_call *in, *out = call_active(p, from, &in);

	assert_int_equal(isup_call_slot(in), isup_call_slot(out));
	assert_int_equal(isup_trunk_slot(from->trunk, isup_call_slot(out)), ISUP_SLOT_BUSY);
	isup_call_clear(out, Q850_NORMAL_CLEARING);
	isup_call_clear(out, Q850_USER_BUSY);
	run_ms(p, 20);
	hears(from->far, ISUP_CLEARING, 16);
	expect_none(from);
	isup_call_clear(in, Q850_NORMAL_CLEARING);
	run_ms(p, 20);
	hears(from, ISUP_RELEASED, 16);
	hears(from->far, ISUP_RELEASED, 16);
	expect_none(from);
	expect_none(from->far);
	assert_int_equal(from->sent[Q931_DISCONNECT], 1);
	assert_int_equal(from->far->sent[Q931_RELEASE], 1);
	assert_int_equal(from->sent[Q931_RELEASE_COMPLETE], 1);
	assert_int_equal(from->sent[Q931_CONNECT_ACK], 1);
	expect_idle(from);
	expect_idle(from->far);
}

static void test_ordinary(void **state)
{
	static const enum isup_switch types[] = {ISUP_NI2,  ISUP_5ESS, ISUP_DMS100,
						 ISUP_4ESS, ISUP_QSIG, ISUP_EUROISDN};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		for (int from_network = 0; from_network < 2; from_network++) {
			struct pair *p = pair_new();
			struct isup_trunk_conf net = conf_for(ISUP_NETWORK),
					       user = conf_for(ISUP_USER);
			net.switch_type = user.switch_type = types[i];
			end_open(&p->a, &net);
			end_open(&p->b, &user);
			pair_up(p);
			ordinary(p, from_network ? &p->a : &p->b);
			pair_close(p);
		}
}

/* Frames that arrive from inside send(): libpri is never entered twice. */
static void test_direct_line(void **state)
{
	struct pair *p = pair_new();
	struct isup_trunk_conf net = conf_for(ISUP_NETWORK), user = conf_for(ISUP_USER);

	end_open(&p->a, &net);
	end_open(&p->b, &user);
	pair_up(p);
	p->a.direct = p->b.direct = true;
	ordinary(p, &p->a);
	pair_close(p);
}

/* --- what a SETUP carries --- */

static void check_party(const struct isup_party *got, const struct isup_party *sent)
{
	assert_string_equal(got->digits, sent->digits);
	assert_int_equal(got->type_of_number, sent->type_of_number);
	assert_int_equal(got->plan, sent->plan);
	assert_int_equal(got->presentation, sent->presentation);
	assert_int_equal(got->screening, sent->screening);
}

static void test_parties(void **state)
{
	static const struct {
		struct isup_setup setup;
		const char *name;
	} rows[] = {
		{{.called = {.digits = "7134", .plan = 1},
		  .calling = {.digits = "7101", .plan = 9, .name = "Reception"}},
		 "Reception"},
		{{.called = {.digits = "4930123456", .type_of_number = 1, .plan = 1},
		  .calling = {.digits = "2125551234",
			      .type_of_number = 2,
			      .plan = 1,
			      .screening = 1,
			      .name = "J\xc3\xb6rg"}},
		 "J\xc3\xb6rg"},
		{{.called = {.digits = "5551234", .type_of_number = 4, .plan = 1},
		  .calling = {.digits = "7101", .plan = 1, .presentation = 1, .name = "Secret"}},
		 ""},
		{{.called = {.digits = "*72#"}, .calling = {.digits = "7101", .screening = 2}}, ""},
		{{.called = {.digits = "7134", .plan = 1},
		  .calling = {.presentation = 2, .screening = 3}},
		 ""},
	};

	for (int from_network = 0; from_network < 2; from_network++) {
		struct pair *p = pair_open();
		struct end *from = from_network ? &p->a : &p->b;
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			struct isup_call *c;
			assert_int_equal(isup_call_start(&c, from->trunk, &rows[i].setup, p), 0);
			run_ms(p, 20);
			struct isup_event *ev = expect(from->far, ISUP_SETUP);
			assert_null(ev->user);
			assert_true(ev->speech);
			assert_true(ev->complete);
			check_party(&ev->called, &rows[i].setup.called);
			check_party(&ev->calling, &rows[i].setup.calling);
			assert_string_equal(ev->calling.name, rows[i].name);
			isup_call_bind(ev->call, &c);
			isup_call_clear(c, 16);
			run_ms(p, 20);
			ev = expect(from->far, ISUP_CLEARING);
			assert_ptr_equal(ev->user, &c);
			expect(from->far, ISUP_RELEASED);
			assert_ptr_equal(expect(from, ISUP_RELEASED)->user, p);
		}
		pair_close(p);
	}
}

/* A name without a number still goes out, with "not available" for the number. */
static void test_name_alone(void **state)
{
	struct pair *p = pair_open();
	struct isup_setup setup = {.called = {.digits = "7134"}, .calling = {.name = "Door"}};
	struct isup_call *c;

	assert_int_equal(isup_call_start(&c, p->a.trunk, &setup, NULL), 0);
	run_ms(p, 20);
	struct isup_event *ev = expect(&p->b, ISUP_SETUP);
	assert_string_equal(ev->calling.name, "Door");
	assert_string_equal(ev->calling.digits, "");
	assert_int_equal(ev->calling.presentation, 2);
	pair_close(p);
}

/* Every variant carries the last redirecting number and its reason; QSIG and EuroISDN all. */
static void test_redirecting(void **state)
{
	static const enum isup_switch types[] = {ISUP_NI2,  ISUP_5ESS, ISUP_DMS100,
						 ISUP_4ESS, ISUP_QSIG, ISUP_EUROISDN};
	const struct isup_setup setup = {
		.called = {.digits = "7134", .plan = 1},
		.calling = {.digits = "7101", .plan = 1},
		.redirecting = {.count = 2,
				.reason = ISUP_REDIRECT_NO_REPLY,
				.original_reason = ISUP_REDIRECT_BUSY,
				.last = {.digits = "7100", .plan = 1, .presentation = 1},
				.original = {.digits = "7099", .plan = 1}},
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct pair *p = pair_new();
		struct isup_trunk_conf net = conf_for(ISUP_NETWORK), user = conf_for(ISUP_USER);
		struct isup_call *c;

		net.switch_type = user.switch_type = types[i];
		end_open(&p->a, &net);
		end_open(&p->b, &user);
		pair_up(p);
		assert_int_equal(isup_call_start(&c, p->a.trunk, &setup, p), 0);
		run_ms(p, 20);
		const struct isup_redirecting *r = &expect(&p->b, ISUP_SETUP)->redirecting;
		assert_string_equal(r->last.digits, "7100");
		assert_int_equal(r->last.presentation, 1);
		assert_int_equal(r->reason, ISUP_REDIRECT_NO_REPLY);
		if (types[i] == ISUP_QSIG || types[i] == ISUP_EUROISDN) {
			assert_int_equal(r->count, 2);
			assert_string_equal(r->original.digits, "7099");
		} else {
			assert_true(r->count >= 1);
		}
		pair_close(p);
	}
}

/* COLP: who answered, where the variant has an element for it. */
static void test_connected(void **state)
{
	static const enum isup_switch types[] = {ISUP_NI2, ISUP_QSIG, ISUP_EUROISDN};
	static const struct isup_party who = {
		.digits = "2125557105", .type_of_number = 2, .plan = 1, .screening = 3};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct pair *p = pair_new();
		struct isup_trunk_conf net = conf_for(ISUP_NETWORK), user = conf_for(ISUP_USER);
		struct isup_call *in;

		net.switch_type = user.switch_type = types[i];
		end_open(&p->a, &net);
		end_open(&p->b, &user);
		pair_up(p);
		call_present(p, &p->a, &in);
		isup_call_proceeding(in);
		isup_call_connected(in, &who);
		isup_call_answer(in);
		run_ms(p, 50);
		expect(&p->a, ISUP_PROCEEDING);
		expect(&p->a, ISUP_CONNECT);
		check_party(&p->a.connected, &who);
		call_present(p, &p->b, &in);
		isup_call_answer(in); /* nobody was named */
		run_ms(p, 50);
		expect(&p->b, ISUP_CONNECT);
		assert_string_equal(p->b.connected.digits, "");
		pair_close(p);
	}
}

static void test_progress(void **state)
{
	struct pair *p = pair_open();
	struct isup_call *in, *out = call_present(p, &p->b, &in);

	isup_call_proceeding(in);
	isup_call_progress(in, false);
	run_ms(p, 20);
	assert_false(expect(&p->b, ISUP_PROCEEDING)->inband);
	assert_int_equal(p->a.sent[Q931_PROGRESS], 0); /* would lack its mandatory indicator */
	isup_call_progress(in, true);
	run_ms(p, 20);
	assert_true(expect(&p->b, ISUP_PROGRESS)->inband);
	isup_call_alerting(in, true);
	run_ms(p, 20);
	assert_true(expect(&p->b, ISUP_ALERTING)->inband);
	isup_call_progress(in, true);
	run_ms(p, 20);
	assert_true(expect(&p->b, ISUP_PROGRESS)->inband);
	isup_call_answer(in);
	run_ms(p, 20);
	assert_false(expect(&p->b, ISUP_CONNECT)->inband);
	expect_none(&p->b);
	assert_int_equal(isup_call_slot(out), isup_call_slot(in));
	pair_close(p);
}

/* --- clearing: every state, either side, both at once, many causes --- */

enum stage { SENT, PRESENT, ACCEPTED, ALERTED, ANSWERED, ACTIVE, STAGES };

static void release_reply(struct end *e, const struct isup_event *ev)
{
	if (ev->kind == ISUP_CLEARING)
		isup_call_clear(ev->call, ev->cause);
	if (ev->kind == ISUP_SETUP && e->trunk != NULL)
		isup_call_bind(ev->call, e);
}

static void clear_case(struct end *from, struct pair *p, enum stage stage, unsigned who, int cause)
{
	struct isup_call *out = start_call(from), *in = NULL;

	p->a.react = p->b.react = release_reply;
	if (stage > SENT) {
		run_ms(p, 20);
		in = expect(from->far, ISUP_SETUP)->call;
	}
	if (stage >= ACCEPTED)
		isup_call_proceeding(in);
	if (stage >= ALERTED)
		isup_call_alerting(in, false);
	if (stage >= ANSWERED)
		isup_call_answer(in);
	if (stage == ACTIVE || stage == ACCEPTED || stage == ALERTED)
		run_ms(p, 20); /* not ANSWERED: CONNECT is still on its way */
	if ((who & 1) != 0)
		isup_call_clear(out, cause);
	if ((who & 2) != 0 && in != NULL)
		isup_call_clear(in, cause);
	run_ms(p, 200);

	for (unsigned i = 0; i < 2; i++) {
		struct end *e = i == 0 ? from : from->far;
		assert_int_equal(count_kind(e, ISUP_RELEASED),
				 i == 0 ? 1 : count_kind(e, ISUP_SETUP));
		assert_true(count_kind(e, ISUP_CLEARING) <= 1);
		if (e->logged > 0 && e->log[e->logged - 1].kind == ISUP_RELEASED)
			assert_int_equal(e->log[e->logged - 1].cause, cause);
		expect_idle(e);
		e->logged = e->seen = 0;
	}
}

static void test_clear_everywhere(void **state)
{
	static const int causes[] = {1, 3, 6, 7, 16, 17, 21, 26, 34, 44, 81, 82, 88, 102, 127};

	for (int from_network = 0; from_network < 2; from_network++) {
		struct pair *p = pair_open();
		p->a.logged = p->a.seen = p->b.logged = p->b.seen = 0;
		for (enum stage stage = SENT; stage < STAGES; stage++)
			for (unsigned who = 1; who <= 3; who++)
				for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++) {
					if (stage == SENT && who == 2)
						continue;
					/* 81 is never a call's own cause: 31 goes out. */
					if (causes[i] == 81)
						continue;
					clear_case(from_network ? &p->a : &p->b, p, stage, who,
						   causes[i]);
				}
		pair_close(p);
	}
}

static void test_clear_with_nonsense(void **state)
{
	static const int causes[] = {-1, 0, 81, 128, 100000};

	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++) {
		struct pair *p = pair_open();
		struct isup_call *in, *out = call_active(p, &p->a, &in);
		p->b.react = release_reply;
		isup_call_clear(out, causes[i]);
		run_ms(p, 50);
		assert_int_equal(expect(&p->b, ISUP_CLEARING)->cause, 31);
		expect(&p->b, ISUP_RELEASED);
		expect(&p->a, ISUP_RELEASED);
		expect_idle(&p->a);
		expect_idle(&p->b);
		pair_close(p);
	}
}

/* Before anything was answered: RELEASE COMPLETE where Q.931 5.3.2 a wants it; where libpri would
 * send nothing, CALL PROCEEDING and DISCONNECT. */
static void test_refuse_before_proceeding(void **state)
{
	static const struct {
		int cause;
		uint8_t type;
	} rows[] = {{1, Q931_RELEASE_COMPLETE},  {34, Q931_RELEASE_COMPLETE},
		    {44, Q931_RELEASE_COMPLETE}, {88, Q931_RELEASE_COMPLETE},
		    {17, Q931_DISCONNECT},       {21, Q931_DISCONNECT},
		    {41, Q931_DISCONNECT}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pair *p = pair_open();
		struct isup_call *in;
		call_present(p, &p->b, &in);
		isup_call_clear(in, rows[i].cause);
		assert_int_equal(last_cause(&p->a, rows[i].type), rows[i].cause);
		assert_int_equal(p->a.sent[Q931_CALL_PROCEEDING], rows[i].type == Q931_DISCONNECT);
		p->b.react = release_reply;
		run_ms(p, 50);
		if (rows[i].type == Q931_DISCONNECT)
			expect(&p->b, ISUP_PROCEEDING);
		hears(&p->b, ISUP_CLEARING, rows[i].cause);
		hears(&p->b, ISUP_RELEASED, rows[i].cause);
		hears(&p->a, ISUP_RELEASED, rows[i].cause);
		expect_idle(&p->a);
		expect_idle(&p->b);
		pair_close(p);
	}
}

/* Once anything was answered RELEASE COMPLETE would be wrong, whatever the cause. */
static void test_refuse_after_proceeding(void **state)
{
	static const int causes[] = {1, 34, 44, 82, 88, 17};

	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++) {
		struct pair *p = pair_open();
		struct isup_call *in;
		call_present(p, &p->b, &in);
		isup_call_proceeding(in);
		isup_call_clear(in, causes[i]);
		assert_int_equal(last_cause(&p->a, Q931_DISCONNECT), causes[i]);
		pair_close(p);
	}
}

/* The far side gives up while nothing was answered: libpri forgets the call without a word. */
static void test_far_clears_before_proceeding(void **state)
{
	for (int how = 0; how < 3; how++) {
		struct pair *p = pair_open_raw(ISUP_USER);
		raw_call(&p->b, 1, 1);
		run_ms(p, 20);
		expect(&p->a, ISUP_SETUP);
		static const uint8_t types[] = {Q931_RELEASE_COMPLETE, Q931_RELEASE,
						Q931_DISCONNECT};
		uint8_t message[] = {0x08, 0x02, 0x00, 0x01, types[how], 0x08, 0x02, 0x80, 0x91};
		raw_send(&p->b, message, sizeof(message));
		p->a.react = release_reply;
		run_ms(p, 2000);
		assert_int_equal(count_kind(&p->a, ISUP_CLEARING), 1);
		assert_int_equal(count_kind(&p->a, ISUP_RELEASED), 1);
		expect_idle(&p->a);
		pair_close(p);
	}
}

/* --- verbs in the wrong state do nothing --- */

static void verbs(struct isup_call *c)
{
	isup_call_proceeding(c);
	isup_call_alerting(c, true);
	isup_call_progress(c, true);
	isup_call_answer(c);
	isup_call_alerting(c, false);
	isup_call_proceeding(c);
}

static void test_verbs_everywhere(void **state)
{
	struct pair *p = pair_open();
	struct isup_call *in, *out = start_call(&p->a);

	verbs(out); /* initiated */
	run_ms(p, 20);
	in = expect(&p->b, ISUP_SETUP)->call;
	verbs(out);
	verbs(in); /* goes through all of it */
	verbs(in);
	run_ms(p, 50);
	verbs(out);
	verbs(in);
	run_ms(p, 50);
	assert_int_equal(p->b.sent[Q931_CONNECT], 1);
	assert_int_equal(p->b.sent[Q931_ALERTING], 1);
	assert_int_equal(p->b.sent[Q931_CALL_PROCEEDING], 1);
	assert_int_equal(p->a.sent[Q931_CONNECT], 0);
	assert_int_equal(p->a.sent[Q931_ALERTING], 0);
	isup_call_clear(out, 16);
	verbs(out);
	run_ms(p, 20);
	verbs(in);
	isup_call_clear(in, 16);
	verbs(in);
	isup_call_clear(in, 17);
	run_ms(p, 50);
	assert_int_equal(count_kind(&p->a, ISUP_RELEASED), 1);
	assert_int_equal(count_kind(&p->b, ISUP_RELEASED), 1);
	expect_idle(&p->a);
	expect_idle(&p->b);
	pair_close(p);
}

/* --- everything from inside events --- */

static struct isup_call *again;

static void busy_reactions(struct end *e, const struct isup_event *ev)
{
	switch (ev->kind) {
	case ISUP_SETUP:
		isup_call_bind(ev->call, e);
		isup_call_proceeding(ev->call);
		isup_call_alerting(ev->call, true);
		isup_call_answer(ev->call);
		break;
	case ISUP_CONNECT:
	case ISUP_CLEARING:
		isup_call_clear(ev->call, 16);
		isup_call_clear(ev->call, 16);
		break;
	case ISUP_RELEASED:
		isup_call_clear(ev->call, 16);
		if (ev->user == NULL && again == NULL)
			assert_int_equal(isup_call_start(&again, e->trunk, &plain_setup, NULL), 0);
		break;
	default: break;
	}
}

static void test_inside_events(void **state)
{
	struct pair *p = pair_open();
	struct isup_call *c;

	again = NULL;
	p->a.react = p->b.react = busy_reactions;
	assert_int_equal(isup_call_start(&c, p->a.trunk, &plain_setup, NULL), 0);
	run_ms(p, 500);
	assert_int_equal(count_kind(&p->a, ISUP_RELEASED), 2);
	assert_int_equal(count_kind(&p->b, ISUP_RELEASED), 2);
	expect_idle(&p->a);
	expect_idle(&p->b);
	pair_close(p);
}

static void close_on_setup(struct end *e, const struct isup_event *ev)
{
	if (ev->kind == ISUP_SETUP) {
		isup_trunk_close(e->trunk);
		e->trunk = NULL;
	}
}

static void test_close_inside_event(void **state)
{
	struct pair *p = pair_open();

	p->b.react = close_on_setup;
	start_call(&p->a);
	start_call(&p->a);
	run_ms(p, 100);
	assert_null(p->b.trunk);
	assert_int_equal(count_kind(&p->b, ISUP_SETUP), 1);
	pair_close(p);
}

/* --- timers --- */

static void test_t303(void **state)
{
	for (int network = 0; network < 2; network++) {
		struct pair *p = pair_open_raw(network ? ISUP_NETWORK : ISUP_USER);
		start_call(&p->a);
		run_ms(p, 7900);
		assert_int_equal(p->a.sent[Q931_SETUP], 2);
		expect_none(&p->a);
		run_ms(p, 200);
		hears(&p->a, ISUP_CLEARING, network ? 18 : 102);
		hears(&p->a, ISUP_RELEASED, network ? 18 : 102);
		expect_idle(&p->a);
		pair_close(p);
	}
}

static void test_t303_configured(void **state)
{
	struct pair *p = pair_new();
	struct isup_trunk_conf conf = conf_for(ISUP_NETWORK);

	conf.t303_ms = 500;
	end_open(&p->a, &conf);
	raw_open(&p->b, PRI_CPE, PRI_SWITCH_NI2);
	pair_up(p);
	start_call(&p->a);
	run_ms(p, 1100);
	expect(&p->a, ISUP_CLEARING);
	expect(&p->a, ISUP_RELEASED);
	pair_close(p);
}

static void test_t310(void **state)
{
	for (int network = 0; network < 2; network++) {
		struct pair *p = pair_open_raw(network ? ISUP_NETWORK : ISUP_USER);
		start_call(&p->a);
		run_ms(p, 20);
		pri_event_ring ring = raw_wait(&p->b, PRI_EVENT_RING)->ring;
		pri_proceeding(p->b.raw, ring.call, ring.channel, 0);
		raw_run(&p->b);
		run_ms(p, 9900);
		expect(&p->a, ISUP_PROCEEDING);
		expect_none(&p->a);
		run_ms(p, 200);
		hears(&p->a, ISUP_CLEARING, network ? 18 : 102);
		assert_int_equal(last_cause(&p->a, Q931_DISCONNECT), 102);
		pri_hangup(p->b.raw, raw_wait(&p->b, PRI_EVENT_HANGUP_REQ)->hangup.call, 16);
		raw_run(&p->b);
		run_ms(p, 50);
		hears(&p->a, ISUP_RELEASED, network ? 18 : 102);
		expect_idle(&p->a);
		pair_close(p);
	}
}

/* Tones on the channel: the caller decides how long to listen. */
static void test_progress_stops_t310(void **state)
{
	struct pair *p = pair_open();
	struct isup_call *in;

	call_present(p, &p->b, &in);
	isup_call_progress(in, true);
	run_ms(p, 60000);
	expect(&p->b, ISUP_PROCEEDING);
	expect(&p->b, ISUP_PROGRESS);
	expect_none(&p->b);
	pair_close(p);
}

/* CONNECT is not acknowledged: libpri alone would clear with 16 and tell nobody. */
static void test_t313(void **state)
{
	struct pair *p = pair_open();
	struct isup_call *in;

	call_present(p, &p->a, &in);
	p->b.deaf[Q931_CONNECT_ACK] = true;
	isup_call_answer(in);
	run_ms(p, 3900);
	expect_none(&p->b);
	p->a.react = release_reply;
	run_ms(p, 300);
	assert_int_equal(p->b.sent[Q931_DISCONNECT], 1);
	hears(&p->b, ISUP_CLEARING, 102);
	hears(&p->b, ISUP_RELEASED, 102);
	expect(&p->a, ISUP_CONNECT);
	hears(&p->a, ISUP_CLEARING, 102);
	pair_close(p);
}

/* Nobody answers DISCONNECT (T305, 30 s), nor RELEASE (T308, twice 4 s). */
static void test_clearing_unanswered(void **state)
{
	struct pair *p = pair_open();
	struct isup_call *in, *out = call_active(p, &p->a, &in);
	unsigned slot = isup_call_slot(out);

	p->b.deaf[Q931_DISCONNECT] = p->b.deaf[Q931_RELEASE] = true;
	p->b.deaf[Q931_RESTART] = true;
	isup_call_clear(out, 16);
	run_ms(p, 37500);
	expect_none(&p->a);
	assert_int_equal(p->a.sent[Q931_RELEASE], 2);
	run_ms(p, 1000);
	hears(&p->a, ISUP_RELEASED, 16);
	assert_int_equal(isup_trunk_slot(p->a.trunk, slot), ISUP_SLOT_OUT_OF_SERVICE);
	p->b.deaf[Q931_RESTART] = false; /* it comes back by RESTART, which ends the far call */
	p->b.react = release_reply;
	run_ms(p, 3000);
	hears(&p->b, ISUP_CLEARING, 41);
	hears(&p->b, ISUP_RELEASED, 41);
	expect_idle(&p->a);
	expect_idle(&p->b);
	pair_close(p);
}

static void test_release_unanswered(void **state)
{
	struct pair *p = pair_open();
	struct isup_call *in, *out = call_active(p, &p->a, &in);

	p->b.deaf[Q931_RELEASE] = true;
	isup_call_clear(in, 17);
	run_ms(p, 20);
	hears(&p->a, ISUP_CLEARING, 17);
	isup_call_clear(out, 17);
	run_ms(p, 7900);
	expect_none(&p->a);
	run_ms(p, 400);
	hears(&p->a, ISUP_RELEASED, 17);
	expect_idle(&p->a); /* by RESTART */
	pair_close(p);
}

/* An owner that forgets to clear after CLEARING: the far side's T305 and our own net end it. */
static void test_owner_never_clears(void **state)
{
	struct pair *p = pair_open();
	struct isup_call *in, *out = call_active(p, &p->a, &in);

	isup_call_clear(in, 16);
	run_ms(p, 45000);
	expect(&p->a, ISUP_CLEARING);
	expect(&p->a, ISUP_RELEASED);
	expect(&p->b, ISUP_RELEASED);
	expect_idle(&p->a);
	expect_idle(&p->b);
	(void)out;
	pair_close(p);
}

/* --- many calls --- */

static void test_23_calls(void **state)
{
	struct pair *p = pair_open();
	struct isup_call *out[23], *c;
	uint32_t seen = 0;

	for (int i = 0; i < 23; i++)
		out[i] = start_call(&p->a);
	assert_int_equal(isup_call_start(&c, p->a.trunk, &plain_setup, NULL), -EBUSY);
	assert_null(c);
	run_ms(p, 200);
	assert_int_equal(isup_call_start(&c, p->b.trunk, &plain_setup, NULL), -EBUSY);
	for (int i = 0; i < 23; i++) {
		struct isup_event *ev = expect(&p->b, ISUP_SETUP);
		seen |= 1u << ev->slot;
		isup_call_answer(ev->call);
	}
	run_ms(p, 200);
	assert_int_equal(seen, 0x00fffffe);
	for (int i = 0; i < 23; i++)
		assert_int_equal(isup_trunk_slot(p->b.trunk, isup_call_slot(out[i])),
				 ISUP_SLOT_BUSY);
	p->a.react = p->b.react = release_reply;
	for (int i = 0; i < 23; i++)
		isup_call_clear(out[i], 16);
	run_ms(p, 1000);
	assert_int_equal(count_kind(&p->a, ISUP_RELEASED), 23);
	assert_int_equal(count_kind(&p->b, ISUP_RELEASED), 23);
	expect_idle(&p->a);
	expect_idle(&p->b);
	pair_close(p);
}

/* --- a bad line: one frame in five is lost each way --- */

static void lossy_reactions(struct end *e, const struct isup_event *ev)
{
	(void)e;
	if (ev->kind == ISUP_SETUP)
		isup_call_answer(ev->call);
	if (ev->kind == ISUP_CONNECT || ev->kind == ISUP_CLEARING)
		isup_call_clear(ev->call, 16);
}

static void test_lossy_line(void **state)
{
	struct pair *p = pair_open();
	unsigned started[2] = {0, 0};

	p->a.lose_one_in = p->b.lose_one_in = 5;
	p->a.react = p->b.react = lossy_reactions;
	for (int i = 0; i < 60; i++) {
		struct end *e = i % 2 == 0 ? &p->a : &p->b;
		struct isup_call *c;
		if (isup_call_start(&c, e->trunk, &plain_setup, NULL) == 0)
			started[i % 2]++;
		run_ms(p, 300);
	}
	p->a.lose_one_in = p->b.lose_one_in = 0;
	run_ms(p, 200000);
	assert_true(started[0] > 15 && started[1] > 15);
	assert_int_equal(count_kind(&p->a, ISUP_RELEASED),
			 started[0] + count_kind(&p->a, ISUP_SETUP));
	assert_int_equal(count_kind(&p->b, ISUP_RELEASED),
			 started[1] + count_kind(&p->b, ISUP_SETUP));
	expect_idle(&p->a);
	expect_idle(&p->b);
	pair_close(p);
}

/* A DISCONNECT before any answer that overtakes a lost frame is not read yet: LAPD gets both again,
 * in order. */
static void test_early_disconnect_out_of_sequence(void **state)
{
	struct pair *p = pair_open();
	struct isup_call *in, *out = call_present(p, &p->a, &in), *second;

	p->b.cut = true;
	second = start_call(&p->a);
	p->b.cut = false;
	isup_call_clear(out, 16);
	run_ms(p, 100);
	assert_int_equal(expect(&p->b, ISUP_SETUP)->slot, isup_call_slot(second));
	struct isup_event *ev = expect(&p->b, ISUP_CLEARING);
	assert_ptr_equal(ev->call, in);
	assert_int_equal(ev->cause, 16);
	assert_ptr_equal(expect(&p->b, ISUP_RELEASED)->call, in);
	expect_none(&p->b);
	assert_int_equal(expect(&p->a, ISUP_RELEASED)->cause, 16);
	pair_close(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ordinary),
		cmocka_unit_test(test_direct_line),
		cmocka_unit_test(test_parties),
		cmocka_unit_test(test_name_alone),
		cmocka_unit_test(test_redirecting),
		cmocka_unit_test(test_connected),
		cmocka_unit_test(test_progress),
		cmocka_unit_test(test_clear_everywhere),
		cmocka_unit_test(test_clear_with_nonsense),
		cmocka_unit_test(test_refuse_before_proceeding),
		cmocka_unit_test(test_refuse_after_proceeding),
		cmocka_unit_test(test_far_clears_before_proceeding),
		cmocka_unit_test(test_verbs_everywhere),
		cmocka_unit_test(test_inside_events),
		cmocka_unit_test(test_close_inside_event),
		cmocka_unit_test(test_t303),
		cmocka_unit_test(test_t303_configured),
		cmocka_unit_test(test_t310),
		cmocka_unit_test(test_progress_stops_t310),
		cmocka_unit_test(test_t313),
		cmocka_unit_test(test_clearing_unanswered),
		cmocka_unit_test(test_release_unanswered),
		cmocka_unit_test(test_owner_never_clears),
		cmocka_unit_test(test_23_calls),
		cmocka_unit_test(test_lossy_line),
		cmocka_unit_test(test_early_disconnect_out_of_sequence),
	};
	return cmocka_run_group_tests(tests, quiet_logs, NULL);
}
