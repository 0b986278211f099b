#include "isup/screen.c"

#include "pair.h"

/* A message as it would come from the far end. */
static bool forbidden(struct pair *p, uint8_t discriminator, unsigned reference, bool flag,
		      uint8_t type)
{
	uint8_t frame[] = {0x00,
			   0x01,
			   0x00,
			   0x00,
			   discriminator,
			   0x02,
			   (uint8_t)(reference >> 8 | flag << 7),
			   (uint8_t)reference,
			   type};
	struct q931_message m;

	assert_true(q931_parse(&m, frame, sizeof(frame)));
	return screen_forbids(p->a.trunk, &m);
}

/* A SERVICE message with this Change Status; 0xff = without. */
static bool service_forbidden(struct pair *p, uint8_t status)
{
	uint8_t frame[] = {0x00, 0x01, 0x00, 0x00, SERVICE_PD_NATIONAL,     0x02, 0x00,
			   0x00, 0x07, 0x01, 0x01, (uint8_t)(0xc0 | status)};
	struct q931_message m;

	assert_true(q931_parse(&m, frame, sizeof(frame) - (status == 0xff ? 3 : 0)));
	return screen_forbids(p->a.trunk, &m);
}

static void test_service_status(void **state)
{
	struct pair *p = pair_open();

	for (uint8_t status = 0; status < 16; status++)
		assert_int_equal(service_forbidden(p, status), status > 2);
	assert_true(service_forbidden(p, 0xff));
	pair_close(p);
}

static void test_global_reference(void **state)
{
	struct pair *p = pair_open();

	assert_true(forbidden(p, Q931_PD, 0, false, Q931_SETUP));
	assert_true(forbidden(p, Q931_PD, 0, true, Q931_RELEASE));
	assert_false(forbidden(p, Q931_PD, 0, false, Q931_RESTART));
	assert_false(forbidden(p, Q931_PD, 0, true, Q931_RESTART_ACK));
	assert_false(forbidden(p, Q931_PD, 0, true, Q931_STATUS));
	assert_true(forbidden(p, Q931_PD, 5, false, Q931_RESTART));
	assert_true(forbidden(p, Q931_PD, 5, false, Q931_RESTART_ACK));
	assert_true(forbidden(p, SERVICE_PD_NATIONAL, 5, false, 0x07));
	assert_true(forbidden(p, SERVICE_PD_ATT, 5, false, 0x0f));
	assert_false(forbidden(p, Q931_PD, 5, false, Q931_SETUP));
	pair_close(p);
}

static void test_dummy_reference(void **state)
{
	static const uint8_t facility[] = {0x00, 0x01, 0x00, 0x00, 0x08, 0x00, 0x62};
	struct pair *p = pair_open();
	struct q931_message m;

	assert_true(q931_parse(&m, facility, sizeof(facility)));
	assert_int_equal(m.reference_len, 0);
	assert_true(screen_forbids(p->a.trunk, &m));
	pair_close(p);
}

/* Messages for a call: only if it is there, in its own direction. */
static void test_unknown_calls(void **state)
{
	static const uint8_t types[] = {Q931_FACILITY,     Q931_NOTIFY,         Q931_HOLD,
					Q931_HOLD_ACK,     Q931_HOLD_REJECT,    Q931_RETRIEVE,
					Q931_RETRIEVE_ACK, Q931_RETRIEVE_REJECT};
	static const uint8_t answered[] = {Q931_RELEASE, Q931_DISCONNECT, Q931_CONNECT,
					   Q931_STATUS};
	struct pair *p = pair_open();
	struct isup_call *in;

	for (int i = 0; i < 20; i++) { /* references of two octets, and of more than 3 bits */
		struct isup_call *out = call_present(p, &p->b, &in);
		isup_call_clear(out, 16);
		run_ms(p, 20);
		expect(&p->a, ISUP_CLEARING);
		expect(&p->a, ISUP_RELEASED);
		expect(&p->b, ISUP_RELEASED);
	}
	call_present(p, &p->a, &in); /* ours, reference 1 */
	call_present(p, &p->b, &in); /* theirs, reference 21 */
	for (size_t i = 0; i < sizeof(types); i++) {
		/* NOTIFY about nothing means nothing, 5.8.6.1. */
		assert_int_equal(forbidden(p, Q931_PD, 1, true, types[i]), types[i] == Q931_NOTIFY);
		assert_int_equal(forbidden(p, Q931_PD, 21, false, types[i]),
				 types[i] == Q931_NOTIFY);
		assert_true(forbidden(p, Q931_PD, 1, false, types[i]));
		assert_true(forbidden(p, Q931_PD, 21, true, types[i]));
		assert_true(forbidden(p, Q931_PD, 22, false, types[i]));
	}
	for (size_t i = 0; i < sizeof(answered); i++)
		assert_false(
			forbidden(p, Q931_PD, 300, false, answered[i])); /* libpri refuses it */
	pair_close(p);
}

/* The find that this file is for: a call on the global reference outlived every loss of the link.
 */
static void test_setup_on_global_reference(void **state)
{
	static const uint8_t setup[] = {0x08, 0x02, 0x00, 0x00, 0x05, 0x04, 0x03, 0x80, 0x90, 0xa2,
					0x18, 0x03, 0xa9, 0x83, 0x81, 0x70, 0x02, 0x81, 0x37};
	struct pair *p = pair_open_raw(ISUP_USER);
	struct isup_trunk_counts counts;

	raw_send(&p->b, setup, sizeof(setup));
	run_ms(p, 20);
	isup_trunk_counts(p->a.trunk, &counts);
	assert_int_equal(counts.frames_bad, 1);
	expect_none(&p->a);
	expect_idle(&p->a);
	pair_close(p);
}

/* Q.SIG: libpri would free the call record it works on, or hang up a good call. */
static void test_qsig_cc_exec_possible(void **state)
{
	/* INFORMATION, call reference 99; then FACILITY on the call that is there.  Facility:
	 * profile ROSE, invoke id 1, operation 29 */
	static const uint8_t unknown[] = {0x08, 0x02, 0x00, 0x63, 0x7b, 0x1c, 0x09, 0x91,
					  0xa1, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x1d};
	static const uint8_t known[] = {0x08, 0x02, 0x80, 0x01, 0x62, 0x1c, 0x09, 0x91,
					0xa1, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x1d};
	struct pair *p = pair_new();
	struct isup_trunk_conf conf = conf_for(ISUP_USER);
	struct isup_trunk_counts before, after;

	conf.switch_type = ISUP_QSIG;
	end_open(&p->a, &conf);
	raw_open(&p->b, PRI_NETWORK, PRI_SWITCH_QSIG);
	pair_up(p);
	isup_trunk_counts(p->a.trunk, &before);
	raw_send(&p->b, unknown, sizeof(unknown));
	run_ms(p, 20000);
	start_call(&p->a);
	run_ms(p, 20);
	pri_event_ring ring = raw_wait(&p->b, PRI_EVENT_RING)->ring;
	pri_answer(p->b.raw, ring.call, ring.channel, 0);
	raw_run(&p->b);
	run_ms(p, 20);
	expect(&p->a, ISUP_CONNECT);
	raw_send(&p->b, known, sizeof(known));
	run_ms(p, 20000); /* LAPD has not stumbled over it either */
	isup_trunk_counts(p->a.trunk, &after);
	assert_int_equal(after.frames_bad - before.frames_bad, 2);
	expect_none(&p->a);
	assert_true(isup_trunk_up(p->a.trunk));
	assert_int_equal(p->a.sent[Q931_DISCONNECT], 0);
	pair_close(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_global_reference),
		cmocka_unit_test(test_service_status),
		cmocka_unit_test(test_dummy_reference),
		cmocka_unit_test(test_unknown_calls),
		cmocka_unit_test(test_setup_on_global_reference),
		cmocka_unit_test(test_qsig_cc_exec_possible),
	};
	return cmocka_run_group_tests(tests, quiet_logs, NULL);
}
