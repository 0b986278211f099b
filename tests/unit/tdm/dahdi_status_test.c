/* Alarms in our terms; counts that go on where the driver's begin anew. */
#include "tdm/dahdi_status.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void alarms(void **state)
{
	(void)state;
	assert_int_equal(dahdi_status_alarms(0), 0);
	assert_int_equal(dahdi_status_alarms(DAHDI_ABI_ALARM_RED), TDM_ALARM_RED);
	assert_int_equal(dahdi_status_alarms(DAHDI_ABI_ALARM_LOS), TDM_ALARM_RED);
	assert_int_equal(dahdi_status_alarms(DAHDI_ABI_ALARM_LFA), TDM_ALARM_RED);
	assert_int_equal(dahdi_status_alarms(DAHDI_ABI_ALARM_NOTOPEN), TDM_ALARM_RED);
	assert_int_equal(dahdi_status_alarms(DAHDI_ABI_ALARM_YELLOW), TDM_ALARM_YELLOW);
	assert_int_equal(dahdi_status_alarms(DAHDI_ABI_ALARM_BLUE | DAHDI_ABI_ALARM_YELLOW),
			 TDM_ALARM_BLUE | TDM_ALARM_YELLOW);
	assert_int_equal(dahdi_status_alarms(DAHDI_ABI_ALARM_LOOPBACK), TDM_ALARM_LOOP);
	assert_int_equal(dahdi_status_alarms(DAHDI_ABI_ALARM_RECOVER), TDM_ALARM_RECOVERING);
}

static void errors(void **state)
{
	struct dahdi_abi_span s = {.bpv = 100, .crc4 = 5, .fas = 7};
	struct dahdi_errors e = {0};

	(void)state;
	dahdi_errors_begin(&e, &s);
	dahdi_errors_count(&e, &s);
	assert_int_equal(tdm_counter_get(&e.bpv), 0);
	s.bpv = 103;
	s.crc4 = 6;
	s.fas = 9;
	dahdi_errors_count(&e, &s);
	assert_int_equal(tdm_counter_get(&e.bpv), 3);
	assert_int_equal(tdm_counter_get(&e.crc), 1);
	assert_int_equal(tdm_counter_get(&e.framing), 2);
	s.bpv = s.crc4 = s.fas = 1;
	dahdi_errors_count(&e, &s);
	assert_int_equal(tdm_counter_get(&e.bpv), 4);
	assert_int_equal(tdm_counter_get(&e.crc), 2);
	assert_int_equal(tdm_counter_get(&e.framing), 3);
}

/* wct4xxp and wcte43x count cv and fe, tor2 bpv and fas. */
static void errors_of_other_drivers(void **state)
{
	struct dahdi_abi_span s = {.number = 1};
	struct dahdi_errors e = {0};

	(void)state;
	dahdi_errors_begin(&e, &s);
	s.cv = 12;
	s.fe = 3;
	dahdi_errors_count(&e, &s);
	assert_int_equal(tdm_counter_get(&e.bpv), 12);
	assert_int_equal(tdm_counter_get(&e.framing), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(alarms),
		cmocka_unit_test(errors),
		cmocka_unit_test(errors_of_other_drivers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
