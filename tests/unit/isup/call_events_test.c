/* What a call makes of events that come while it is up. */
#include "isup/call_events.c"

#include "pair.h"

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
		cmocka_unit_test(test_another_party),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
