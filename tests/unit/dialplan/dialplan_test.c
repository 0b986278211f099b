/* Rules in order: who decides, what is rewritten, when to wait for more digits. */
#include <stddef.h>
#include <stdlib.h>

/* dialplan.c allocates through this, so that a test can let the n-th allocation fail. */
static long allocations_left = -1;
static void *counted_calloc(size_t count, size_t size)
{
	return allocations_left == 0 ? NULL : (allocations_left--, calloc(count, size));
}
#define calloc counted_calloc
#include "dialplan/dialplan.c"
#undef calloc

#include <setjmp.h>
#include <stdarg.h>
#include <time.h>

#include <cmocka.h>

static struct dialplan *build(const struct dial_rule *rules, size_t count)
{
	struct dialplan *p;
	char err[128] = "";
	size_t bad;

	if (dialplan_build(&p, rules, count, &bad, err, sizeof(err)) != 0)
		fail_msg("rule %zu: %s", bad, err);
	return p;
}

static enum dial_result ask(const struct dialplan *p, const char *from, const char *called,
			    struct dial_answer *a)
{
	struct dial_question q = {.from = from, .called = called, .caller = ""};

	return dialplan_lookup(p, &q, a);
}

static void first_match_wins(void **state)
{
	static const struct dial_rule rule[] = {
		{.name = "one", .pattern = "7134", .to = "a"},
		{.name = "two", .pattern = "71XX", .to = "b"},
		{.name = "three", .pattern = "7.", .reject_cause = 1},
	};
	struct dialplan *p = build(rule, 3);
	struct dial_answer a;

	(void)state;
	assert_int_equal(ask(p, "x", "7134", &a), DIAL_ROUTE);
	assert_string_equal(a.to, "a");
	assert_string_equal(a.number, "7134");
	assert_string_equal(a.rule->name, "one");
	assert_int_equal(ask(p, "x", "7135", &a), DIAL_ROUTE);
	assert_string_equal(a.to, "b");
	assert_int_equal(ask(p, "x", "7200", &a), DIAL_REJECT);
	assert_int_equal(a.cause, 1);
	assert_string_equal(a.rule->name, "three");
	assert_string_equal(a.to, "");
	assert_int_equal(ask(p, "x", "8", &a), DIAL_NO_MATCH);
	assert_null(a.rule);
	dialplan_free(p);
}

static void source_is_trunk_group_or_anyone(void **state)
{
	static const struct dial_rule rule[] = {
		{.from = "pbx", .pattern = "1", .to = "trunk-rule"},
		{.from = "local", .pattern = "1", .to = "group-rule"},
		{.from = "cs", .pattern = "2", .to = "peer-rule"},
		{.pattern = "1", .to = "any-rule"},
	};
	struct dialplan *p = build(rule, 4);
	struct dial_answer a;
	struct dial_question q = {
		.from = "pbx", .from_group = "local", .called = "1", .caller = ""};

	(void)state;
	dialplan_lookup(p, &q, &a);
	assert_string_equal(a.to, "trunk-rule");
	q.from = "pbx2";
	dialplan_lookup(p, &q, &a);
	assert_string_equal(a.to, "group-rule");
	q.from_group = NULL;
	dialplan_lookup(p, &q, &a);
	assert_string_equal(a.to, "any-rule");
	q.called = "2";
	assert_int_equal(dialplan_lookup(p, &q, &a), DIAL_NO_MATCH);
	q.from = "cs";
	assert_int_equal(dialplan_lookup(p, &q, &a), DIAL_ROUTE);
	q.from = ""; /* no source at all: only rules for anyone */
	assert_int_equal(dialplan_lookup(p, &q, &a), DIAL_NO_MATCH);
	dialplan_free(p);
}

static void numbers_are_rewritten(void **state)
{
	static const struct dial_rule rule[] = {
		{.pattern = "9.",
		 .to = "t",
		 .strip = 1,
		 .prefix = "+1",
		 .caller_strip = 2,
		 .caller_prefix = "555",
		 .caller_pattern = "71XX"},
		{.pattern = "9.", .to = "t", .caller = "5550100", .caller_prefix = "9"},
	};
	struct dialplan *p = build(rule, 2);
	struct dial_answer a;
	struct dial_question q = {.from = "x", .called = "92125550000", .caller = "7101"};

	(void)state;
	assert_int_equal(dialplan_lookup(p, &q, &a), DIAL_ROUTE);
	assert_string_equal(a.number, "+12125550000");
	assert_string_equal(a.caller, "55501");
	q.caller = "8101"; /* not 71XX: the second rule */
	assert_int_equal(dialplan_lookup(p, &q, &a), DIAL_ROUTE);
	assert_string_equal(a.number, "92125550000");
	assert_string_equal(a.caller, "5550100");
	q.caller = ""; /* unknown caller does not match 71XX either */
	dialplan_lookup(p, &q, &a);
	assert_ptr_equal(a.rule, &p->rules[1]);
	dialplan_free(p);
}

static void overlap_asks_for_more(void **state)
{
	static const struct dial_rule rule[] = {
		{.name = "long", .pattern = "71XX5", .to = "a"},
		{.name = "short", .pattern = "71XX", .to = "b"},
		{.name = "later", .pattern = "7200X", .to = "c"},
		{.name = "exact", .pattern = "0", .to = "d"},
		{.name = "never", .from = "other", .pattern = "0X", .to = "e"},
		{.name = "open", .pattern = "9.", .to = "f"},
		{.name = "emergency", .pattern = "1!", .reject_cause = 21},
	};
	static const struct {
		const char *called;
		enum dial_result result;
		bool may_grow;
	} row[] = {
		{"", DIAL_MORE, true},
		{"7", DIAL_MORE, true},
		{"71", DIAL_MORE, true},
		{"7134", DIAL_ROUTE, true}, /* 71345 is an earlier rule */
		{"71345", DIAL_ROUTE, false},
		{"71346", DIAL_NO_MATCH, false},
		{"7200", DIAL_MORE, true},
		{"72005", DIAL_ROUTE, false},
		{"73", DIAL_NO_MATCH, false},
		{"0", DIAL_ROUTE, false}, /* 0X is for another source */
		{"9", DIAL_MORE, true},
		{"91", DIAL_ROUTE, true},
		{"1", DIAL_REJECT, true},
	};
	struct dialplan *p = build(rule, 7);

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct dial_answer a;
		enum dial_result r = ask(p, "x", row[i].called, &a);
		if (r != row[i].result || a.may_grow != row[i].may_grow)
			fail_msg("%s: %d %d", row[i].called, r, a.may_grow);
		assert_int_equal(a.rule != NULL, r == DIAL_ROUTE || r == DIAL_REJECT);
	}
	dialplan_free(p);
}

static void numbers_that_do_not_fit(void **state)
{
	struct dial_rule rule[] = {
		{.pattern = "1.", .to = "t", .prefix = "22"},
		{.pattern = "2!", .to = "t", .strip = 1},
		{.pattern = "3.", .to = "t", .caller_prefix = "77"},
	};
	struct dialplan *p = build(rule, 3);
	struct dial_answer a;
	char number[DIAL_NUMBER_MAX + 8];
	struct dial_question q = {.from = "x", .called = number, .caller = ""};

	(void)state;
	memset(number, '1', sizeof(number));
	number[61] = '\0'; /* 61 and the prefix are the 63 that fit */
	assert_int_equal(dialplan_lookup(p, &q, &a), DIAL_ROUTE);
	assert_int_equal(strlen(a.number), 63);
	number[61] = '1', number[62] = '\0';
	assert_int_equal(dialplan_lookup(p, &q, &a), DIAL_REJECT);
	assert_int_equal(a.cause, 28);
	assert_non_null(a.rule);
	assert_string_equal(a.number, "");
	number[62] = '1', number[63] = '\0';
	assert_int_equal(dialplan_lookup(p, &q, &a), DIAL_REJECT);
	assert_false(a.may_grow); /* a longer one could not be asked */
	number[63] = '1', number[64] = '\0';
	assert_int_equal(dialplan_lookup(p, &q, &a), DIAL_NO_MATCH);

	q.called = "2"; /* nothing is left after strip */
	assert_int_equal(dialplan_lookup(p, &q, &a), DIAL_REJECT);
	assert_int_equal(a.cause, 28);
	assert_true(a.may_grow);

	q.called = "31", q.caller = number; /* 64: treated as unknown, the prefix still goes on */
	assert_int_equal(dialplan_lookup(p, &q, &a), DIAL_ROUTE);
	assert_string_equal(a.caller, "77");
	number[62] = '\0'; /* 62 and the prefix are one too many */
	assert_int_equal(dialplan_lookup(p, &q, &a), DIAL_ROUTE);
	assert_string_equal(a.caller, "");
	dialplan_free(p);
}

static void bad_rules_are_named(void **state)
{
	static const struct {
		struct dial_rule rule;
		const char *err;
	} row[] = {
		{{.pattern = "7a", .to = "t"}, "pattern: "},
		{{.pattern = "7", .to = "t", .caller_pattern = "["}, "caller_pattern: "},
		{{.pattern = "7"}, "to: "},
		{{.pattern = "7", .to = "t", .reject_cause = 1}, "reject_cause: "},
		{{.pattern = "7", .reject_cause = 128}, "reject_cause: "},
		{{.pattern = "7", .reject_cause = -1}, "reject_cause: "},
		{{.pattern = "7.", .to = "t", .strip = 3}, "strip: "},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct dial_rule rules[2] = {{.pattern = "1", .to = "t"}, row[i].rule};
		struct dialplan *p = (struct dialplan *)-1;
		char err[128] = "";
		size_t bad = 77;
		assert_int_equal(dialplan_build(&p, rules, 2, &bad, err, sizeof(err)), -EINVAL);
		assert_null(p);
		assert_int_equal(bad, 1);
		if (strncmp(err, row[i].err, strlen(row[i].err)) != 0)
			fail_msg("%zu: %s", i, err);
	}
	struct dial_rule endless = {.pattern = "1", .to = "t"};
	memset(endless.prefix, '1', sizeof(endless.prefix));
	struct dialplan *p;
	char err[128];
	size_t bad;
	assert_int_equal(dialplan_build(&p, &endless, 1, &bad, err, sizeof(err)), -EINVAL);
	assert_string_equal(err, "prefix: too long");
}

static void shadowed_rules_are_found(void **state)
{
	static const struct dial_rule rule[] = {
		{.from = "pbx", .pattern = "71XX", .to = "t"}, /* 0 */
		{.from = "pbx", .pattern = "7134", .to = "t"}, /* 1: by 0 */
		{.pattern = "7134", .to = "t"},                /* 2: wider from */
		{.from = "cs", .pattern = "7134", .to = "t"},  /* 3: by 2 */
		{.from = "cs", .pattern = "9.", .to = "t", .caller_pattern = "71XX"},  /* 4 */
		{.from = "cs", .pattern = "9.", .to = "t"},                            /* 5 */
		{.from = "cs", .pattern = "91.", .to = "t", .caller_pattern = "7101"}, /* 6: by 4 */
		{.from = "cs", .pattern = "9!", .to = "t"},                            /* 7 */
	};
	static const size_t by[] = {0, 0, 2, 2, 4, 5, 4, 7};
	struct dialplan *p = build(rule, 8);

	(void)state;
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(dialplan_shadowed_by(p, i), by[i]);
	dialplan_free(p);
}

static void an_empty_plan_matches_nothing(void **state)
{
	struct dialplan *p = build(NULL, 0);
	struct dial_answer a;

	(void)state;
	assert_int_equal(ask(p, "x", "1", &a), DIAL_NO_MATCH);
	dialplan_free(p);
	dialplan_free(NULL);
	char err[128];
	assert_int_equal(dialplan_check_pattern("71XX", err, sizeof(err)), 0);
	assert_int_equal(dialplan_check_pattern("7x", err, sizeof(err)), -EINVAL);
	char endless[DIAL_NUMBER_MAX + 1] = {0};
	memset(endless, '1', DIAL_NUMBER_MAX);
	assert_int_equal(dialplan_check_pattern(endless, err, sizeof(err)), -EINVAL);
	endless[DIAL_NUMBER_MAX - 1] = '\0';
	assert_int_equal(dialplan_check_pattern(endless, err, sizeof(err)), 0);
}

static void out_of_memory_is_told_and_leaks_nothing(void **state)
{
	static const struct dial_rule rule[] = {{.pattern = "7134", .to = "t", .from = "x"}};
	int failures = 0;

	(void)state;
	for (;; failures++) {
		struct dialplan *p = (struct dialplan *)-1;
		char err[128] = "";
		size_t bad;
		allocations_left = failures;
		int r = dialplan_build(&p, rule, 1, &bad, err, sizeof(err));
		allocations_left = -1;
		if (r == 0) {
			dialplan_free(p);
			break;
		}
		assert_int_equal(r, -ENOMEM);
		assert_null(p);
		assert_string_equal(err, "no memory");
	}
	assert_int_equal(failures, 5); /* the plan and its four arrays */
}

/* Prints what a lookup among 1,000 rules costs when the last one decides, and fails only when it
 * is a hundred times what it should be. */
static void a_thousand_rules_stay_cheap(void **state)
{
	enum { RULES = 1000, LOOKUPS = 2000 };
	struct dial_rule *rule = calloc(RULES, sizeof(*rule));
	struct timespec begin, end;
	struct dial_answer a;

	(void)state;
	assert_non_null(rule);
	for (int i = 0; i < RULES; i++) {
		snprintf(rule[i].pattern, sizeof(rule[i].pattern), "7%03dXX", i);
		snprintf(rule[i].from, sizeof(rule[i].from), "trunk-%d", i % 8 == 7 ? 0 : i % 8);
		snprintf(rule[i].to, sizeof(rule[i].to), "peer");
	}
	rule[RULES - 1].from[0] = '\0';
	struct dialplan *p = build(rule, RULES);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (int i = 0; i < LOOKUPS; i++)
		assert_true(ask(p, "trunk-0", "799912", &a) == DIAL_ROUTE);
	clock_gettime(CLOCK_MONOTONIC, &end);
	double ns = ((double)(end.tv_sec - begin.tv_sec) * 1e9 +
		     (double)(end.tv_nsec - begin.tv_nsec)) /
		    LOOKUPS;
	printf("1000 rules: %.0f ns a lookup\n", ns);
	assert_true(ns < 1e6);
	dialplan_free(p);
	free(rule);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_match_wins),
		cmocka_unit_test(source_is_trunk_group_or_anyone),
		cmocka_unit_test(numbers_are_rewritten),
		cmocka_unit_test(overlap_asks_for_more),
		cmocka_unit_test(numbers_that_do_not_fit),
		cmocka_unit_test(bad_rules_are_named),
		cmocka_unit_test(shadowed_rules_are_found),
		cmocka_unit_test(an_empty_plan_matches_nothing),
		cmocka_unit_test(out_of_memory_is_told_and_leaks_nothing),
		cmocka_unit_test(a_thousand_rules_stay_cheap),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
