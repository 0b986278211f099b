#include "isup/flap.c"

#include "pair.h"

static struct pair *open_with(unsigned losses)
{
	struct pair *p = pair_new();
	struct isup_trunk_conf net = conf_for(ISUP_NETWORK), user = conf_for(ISUP_USER);

	user.flap_losses = losses;
	end_open(&p->a, &net);
	end_open(&p->b, &user);
	pair_up(p);
	return p;
}

static void lose_link(struct pair *p)
{
	p->a.cut = p->b.cut = true;
	while (isup_trunk_up(p->b.trunk))
		run_ms(p, 100);
	p->a.cut = p->b.cut = false;
	while (!isup_trunk_up(p->b.trunk) || !isup_trunk_up(p->a.trunk))
		run_ms(p, 10);
}

static int start(struct end *e)
{
	struct isup_call *c;
	int r = isup_call_start(&c, e->trunk, &plain_setup, NULL);

	if (r == 0)
		isup_call_clear(c, 16);
	return r;
}

static void test_waits(void **state)
{
	struct pair *p = open_with(2);
	struct isup_trunk_counts counts;

	for (int i = 0; i < 2; i++) {
		lose_link(p);
		assert_false(isup_trunk_flaps(p->b.trunk));
		assert_int_equal(start(&p->b), 0);
		run_ms(p, 1000);
	}
	lose_link(p);
	assert_true(isup_trunk_flaps(p->b.trunk));
	assert_int_equal(start(&p->b), -ENETDOWN);
	run_ms(p, 40000);
	assert_int_equal(start(&p->b), -ENETDOWN);
	lose_link(p); /* the time begins anew, and it counts once */
	run_ms(p, 50000);
	assert_int_equal(start(&p->b), -ENETDOWN);
	run_ms(p, 11000);
	assert_int_equal(start(&p->b), 0);
	isup_trunk_counts(p->b.trunk, &counts);
	assert_int_equal(counts.flaps, 1);
	/* what is over does not count again */
	lose_link(p);
	lose_link(p);
	assert_int_equal(start(&p->b), 0);
	pair_close(p);
}

/* Calls of the far side are taken. */
static void test_takes_calls(void **state)
{
	struct pair *p = open_with(1);
	struct isup_call *in;

	lose_link(p);
	lose_link(p);
	assert_true(isup_trunk_flaps(p->b.trunk));
	while (p->b.seen < p->b.logged)
		p->b.seen++;
	assert_non_null(call_present(p, &p->a, &in));
	pair_close(p);
}

static void test_slow_losses_and_off(void **state)
{
	for (unsigned losses = 0; losses < 2; losses++) {
		struct pair *p = open_with(losses);
		for (int i = 0; i < 4; i++) {
			lose_link(p);
			assert_false(isup_trunk_flaps(p->b.trunk));
			run_ms(p, losses == 0 ? 1000 : 301000);
		}
		pair_close(p);
	}
}

/* More than the ring holds. */
static void test_many(void **state)
{
	struct pair *p = open_with(31);

	for (int i = 0; i < 31; i++)
		flap_on_down(p->b.trunk);
	assert_false(isup_trunk_flaps(p->b.trunk));
	flap_on_down(p->b.trunk);
	assert_true(isup_trunk_flaps(p->b.trunk));
	for (int i = 0; i < 100; i++)
		flap_on_down(p->b.trunk);
	pair_close(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_waits),
		cmocka_unit_test(test_takes_calls),
		cmocka_unit_test(test_slow_losses_and_off),
		cmocka_unit_test(test_many),
	};
	return cmocka_run_group_tests(tests, quiet_logs, NULL);
}
