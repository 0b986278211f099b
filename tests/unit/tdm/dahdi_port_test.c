/* Configuring a span, taking one that is configured, refusing one that does not fit. */
#include "tdm/dahdi_port.c"

#include "tests/unit/tdm/dahdi_fake.h"

enum { ESF_B8ZS = DAHDI_ABI_ESF | DAHDI_ABI_B8ZS };

static struct dahdi_port port;
static char err[500];

static int open_port(const struct tdm_span_conf *conf)
{
	err[0] = '\0';
	return dahdi_port_open(&port, &fake_driver, conf, err, sizeof(err));
}

static void expect_refusal(const struct tdm_span_conf *conf, int error, const char *why)
{
	assert_int_equal(open_port(conf), error);
	if (strstr(err, why) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", why, err);
	assert_int_equal(fake_open_count(1), 0);
}

static void configures_what_nobody_has(void **state)
{
	struct tdm_span_conf conf = fake_conf();

	(void)state;
	conf.dahdi.framing = TDM_D4;
	conf.dahdi.coding = TDM_AMI;
	conf.dahdi.build_out = 6;
	conf.dahdi.lead_ms = 200;
	fake_add(1, "WCT1/0", "");
	assert_int_equal(open_port(&conf), 0);
	assert_int_equal(fake.span[0].lineconfig, DAHDI_ABI_D4 | DAHDI_ABI_AMI);
	assert_int_equal(fake.span[0].build_out, 6);
	assert_int_equal(fake.sync[0], 0);
	assert_true(fake.started[0]);
	for (unsigned slot = 1; slot <= 23; slot++) {
		assert_int_equal(fake_slot(1, slot)->sigtype, DAHDI_ABI_SIG_CLEAR);
		assert_int_equal(fake_slot(1, slot)->octets, TDM_TICK_OCTETS);
		assert_int_equal(fake_slot(1, slot)->buffers, 22);
		assert_true(fake_slot(1, slot)->buffer_events);
	}
	assert_int_equal(fake_slot(1, 24)->sigtype, DAHDI_ABI_SIG_HDLCFCS);
	assert_int_equal(fake_slot(1, 24)->buffers, 32);
	assert_false(fake_slot(1, 24)->buffer_events);
	assert_string_equal(port.text, "DAHDI span 1 \"WCT1/0\", configured by Tandem");
	dahdi_port_close(&port, false);
	assert_int_equal(fake.shutdowns, 1);
	assert_int_equal(fake_open_count(1), 0);
}

static void the_d_channel_wherever_it_is_by_hardware_if_it_can(void **state)
{
	struct tdm_span_conf conf = fake_conf();

	(void)state;
	conf.dchan_slot = 3;
	fake_add(1, "WCT1/0", "");
	fake_slot(1, 3)->sigcap = DAHDI_ABI_SIG_HARDHDLC;
	assert_int_equal(open_port(&conf), 0);
	assert_int_equal(fake_slot(1, 3)->sigtype, DAHDI_ABI_SIG_HARDHDLC);
	assert_int_equal(fake_slot(1, 24)->sigtype, DAHDI_ABI_SIG_CLEAR);
	dahdi_port_close(&port, false);
	fake.controllers_taken = true;
	assert_int_equal(open_port(&conf), 0);
	assert_int_equal(fake_slot(1, 3)->sigtype, DAHDI_ABI_SIG_HDLCFCS);
	dahdi_port_close(&port, false);
}

static void spans_of_a_card_are_clocks_in_their_order(void **state)
{
	struct tdm_span_conf conf = fake_conf();

	(void)state;
	conf.clock = TDM_CLOCK_LINE;
	strcpy(conf.dahdi.card, "TE2/0/2");
	fake_add(1, "TE2/0/1", "PCI 1");
	fake_add(2, "TE2/0/2", "PCI 1");
	assert_int_equal(open_port(&conf), 0);
	assert_int_equal(fake.sync[1], 2);
	dahdi_port_close(&port, false);
}

static void takes_what_fits(void **state)
{
	static const int dchans[] = {DAHDI_ABI_SIG_HDLCFCS, DAHDI_ABI_SIG_HARDHDLC,
				     DAHDI_ABI_SIG_CLEAR};
	struct tdm_span_conf conf = fake_conf();

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		fake_add(1, "WCT1/0", "");
		fake_configure(1, ESF_B8ZS, 24, dchans[i]);
		assert_int_equal(open_port(&conf), 0);
		assert_string_equal(port.text,
				    "DAHDI span 1 \"WCT1/0\", as it was configured before");
		assert_true(fake_slot(1, 24)->hdlc);
		dahdi_port_close(&port, false);
	}
	assert_int_equal(fake.configs, 0);
	assert_int_equal(fake.shutdowns, 0); /* it is not ours */
}

static void refuses_what_does_not_fit(void **state)
{
	struct tdm_span_conf conf = fake_conf();

	(void)state;
	fake_add(1, "WCT1/0", "");
	fake_configure(1, DAHDI_ABI_D4 | DAHDI_ABI_AMI, 24, DAHDI_ABI_SIG_HDLCFCS);
	expect_refusal(&conf, -EEXIST,
		       "as d4, ami, line build-out 0, and is to be esf, b8zs, 0: change framing");
	fake_configure(1, ESF_B8ZS, 24, DAHDI_ABI_SIG_HDLCFCS);
	fake.span[0].build_out = 3;
	expect_refusal(&conf, -EEXIST, "line build-out 3");
	fake.span[0].build_out = 0;
	fake_configure(1, ESF_B8ZS, 23, DAHDI_ABI_SIG_HDLCFCS);
	expect_refusal(&conf, -EEXIST,
		       "slot 23 (channel 23) is configured already as something else");
	fake_configure(1, ESF_B8ZS, 24, 1 << 6); /* E&M */
	expect_refusal(&conf, -EEXIST,
		       "else than a D-channel: change /etc/dahdi/system.conf "
		       "(dchan=24)");
	assert_int_equal(fake.configs, 0);
	fake.span[0].linecompat = DAHDI_ABI_D4 | DAHDI_ABI_AMI;
	expect_refusal(&conf, -EINVAL, "cannot do esf, b8zs");
}

static void configures_anew_when_told(void **state)
{
	struct tdm_span_conf conf = fake_conf();

	(void)state;
	conf.dahdi.reconfigure = true;
	fake_add(1, "WCT1/0", "");
	fake_configure(1, DAHDI_ABI_D4 | DAHDI_ABI_AMI, 1, 1 << 6);
	assert_int_equal(open_port(&conf), 0);
	assert_int_equal(fake.span[0].lineconfig, ESF_B8ZS);
	assert_int_equal(fake_slot(1, 1)->sigtype, DAHDI_ABI_SIG_CLEAR);
	assert_int_equal(fake_slot(1, 24)->sigtype, DAHDI_ABI_SIG_HDLCFCS);
	dahdi_port_close(&port, false);
	/* But not what another program works on. */
	fake.configs = fake.shutdowns = 0;
	fake_configure(1, DAHDI_ABI_D4 | DAHDI_ABI_AMI, 24, DAHDI_ABI_SIG_HDLCFCS);
	fake_slot(1, 13)->busy = true;
	expect_refusal(&conf, -EBUSY, "slot 13 (channel 13) is in use by another program");
	assert_int_equal(fake.configs, 0);
	assert_int_equal(fake.shutdowns, 0);
}

/* dahdi_dynamic takes any line configuration and forgets it. */
static void a_dynamic_span(void **state)
{
	struct tdm_span_conf conf = fake_conf();

	(void)state;
	fake_add(1, "DYN/loc/1:0", "");
	fake.dynamic[0] = true;
	assert_int_equal(open_port(&conf), 0);
	dahdi_port_close(&port, false);
	fake_configure(1, 0, 24, DAHDI_ABI_SIG_HDLCFCS);
	assert_int_equal(open_port(&conf), 0);
	assert_non_null(strstr(port.text, "as it was configured before"));
	dahdi_port_close(&port, false);
}

static void what_was_lost_is_not_shut_down(void **state)
{
	struct tdm_span_conf conf = fake_conf();

	(void)state;
	fake_add(1, "WCT1/0", "");
	assert_int_equal(open_port(&conf), 0);
	dahdi_port_close(&port, true); /* the number may be another's by now */
	assert_int_equal(fake.shutdowns, 0);
}

/* --- echo cancellers ----------------------------------------------------------------------- */

static void expect_canceller(enum tdm_canceller choice, const char *name)
{
	struct tdm_span_conf conf = fake_conf();

	conf.dahdi.canceller = choice;
	fake_add(1, "WCT1/0", "");
	assert_int_equal(open_port(&conf), 0);
	assert_string_equal(port.canceller.name, name);
	for (unsigned slot = 1; slot < 24; slot++) {
		assert_string_equal(fake_slot(1, slot)->attached, name);
		assert_false(fake_slot(1, slot)->cancelling);
		assert_false(fake_slot(1, slot)->audio);
	}
	assert_string_equal(fake_slot(1, 24)->attached, "");
	dahdi_port_close(&port, false);
}

/* The driver attaches HWEC where there is no hardware for it; only switching it on tells. */
static void the_canceller_that_works(void **state)
{
	(void)state;
	expect_canceller(TDM_CANCELLER_AUTO, "");
	expect_canceller(TDM_CANCELLER_CARD, "");
	fake.mg2 = true;
	expect_canceller(TDM_CANCELLER_AUTO, "");
	expect_canceller(TDM_CANCELLER_CARD, "MG2");
	fake.hardware_canceller = true;
	expect_canceller(TDM_CANCELLER_AUTO, "HWEC");
	expect_canceller(TDM_CANCELLER_CARD, "HWEC");
	expect_canceller(TDM_CANCELLER_OFF, "");
}

static void a_canceller_is_switched(void **state)
{
	struct tdm_span_conf conf = fake_conf();

	(void)state;
	conf.dahdi.canceller = TDM_CANCELLER_AUTO;
	fake.hardware_canceller = true;
	fake_add(1, "WCT1/0", "");
	assert_int_equal(open_port(&conf), 0);
	struct fake_channel *c = fake_slot(1, 7);
	assert_int_equal(dahdi_canceller_set(&fake_driver, port.fd[7], true), 0);
	assert_true(c->cancelling && c->audio);
	assert_int_equal(dahdi_canceller_set(&fake_driver, port.fd[7], false), 0);
	assert_false(c->cancelling || c->audio);
	fake.hardware_canceller = false;
	assert_int_equal(dahdi_canceller_set(&fake_driver, port.fd[7], true), -ENODEV);
	assert_false(c->audio); /* clear again: nothing of it stays */
	dahdi_port_close(&port, false);
}

/* Whichever call is refused, nothing stays open, and it is said which span. */
static void each_call_refused(void **state)
{
	static const unsigned long operations[] = {DAHDI_ABI_SPANCONFIG,  DAHDI_ABI_CHANCONFIG,
						   DAHDI_ABI_STARTUP,     DAHDI_ABI_SPECIFY,
						   DAHDI_ABI_SET_BUFINFO, DAHDI_ABI_BUFFER_EVENTS};
	struct tdm_span_conf conf = fake_conf();

	(void)state;
	for (unsigned i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
		fake_add(1, "WCT1/0", "");
		fake.refuse = operations[i];
		fake.refuse_error = -EPERM;
		expect_refusal(&conf, -EPERM, i < 3 ? "span 1 \"WCT1/0\"" : "no permission");
		fake.refuse_error = -EIO;
		expect_refusal(&conf, -EIO, "Input/output error");
	}
	fake.refuse = DAHDI_ABI_GET_PARAMS;
	expect_refusal(&conf, -ENODEV, "does not show its channels");
	fake.refuse = DAHDI_ABI_SPANSTAT;
	expect_refusal(&conf, -ENODEV, "has no span");
	fake.refuse = 0;
	fake_slot(1, 24)->busy = true;
	expect_refusal(&conf, -EBUSY, "slot 24 (channel 24) is in use by another program: fuser");
}

static void looking_changes_nothing(void **state)
{
	struct tdm_span_conf conf = fake_conf();

	(void)state;
	assert_int_equal(dahdi_port_look(&fake_driver, &conf, err, sizeof(err)), -ENODEV);
	fake_add(1, "WCT1/0", "");
	assert_int_equal(dahdi_port_look(&fake_driver, &conf, err, sizeof(err)), 0);
	assert_string_equal(err, "DAHDI span 1 \"WCT1/0\" is there");
	assert_int_equal(fake.configs, 0);
	assert_int_equal(fake_slot(1, 1)->sigtype, 0);
	fake_configure(1, DAHDI_ABI_D4 | DAHDI_ABI_AMI, 24, DAHDI_ABI_SIG_HDLCFCS);
	assert_int_equal(dahdi_port_look(&fake_driver, &conf, err, sizeof(err)), -EEXIST);
	fake.loaded = false;
	assert_int_equal(dahdi_port_look(&fake_driver, &conf, err, sizeof(err)), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(configures_what_nobody_has, fake_setup),
		cmocka_unit_test_setup(the_d_channel_wherever_it_is_by_hardware_if_it_can,
				       fake_setup),
		cmocka_unit_test_setup(spans_of_a_card_are_clocks_in_their_order, fake_setup),
		cmocka_unit_test_setup(takes_what_fits, fake_setup),
		cmocka_unit_test_setup(refuses_what_does_not_fit, fake_setup),
		cmocka_unit_test_setup(configures_anew_when_told, fake_setup),
		cmocka_unit_test_setup(a_dynamic_span, fake_setup),
		cmocka_unit_test_setup(what_was_lost_is_not_shut_down, fake_setup),
		cmocka_unit_test_setup(the_canceller_that_works, fake_setup),
		cmocka_unit_test_setup(a_canceller_is_switched, fake_setup),
		cmocka_unit_test_setup(each_call_refused, fake_setup),
		cmocka_unit_test_setup(looking_changes_nothing, fake_setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
