/* What `tandem --route` prints, and its exit status. */
#include "conf/route.c"
#include "tests/unit/conf/helper.h"

static const char text[] = "span s { peer = 192.0.2.1 }\n"
			   "trunk pbx { span = s group = local }\n"
			   "peer cs { address = 192.0.2.2 }\n"
			   "rule 'to the proxy' { from = pbx number = 71XX to = cs caller = 71XX "
			   "caller_prefix = 555 }\n"
			   "rule 'long' { from = local number = 9. to = cs strip = 1 }\n"
			   "rule 'no' { from = cs number = 0 reject = 21 }\n"
			   "rule 'in' { from = cs number = 71X! to = local }\n";

static void each_answer(void **state)
{
	static const struct {
		const char *number, *from, *caller;
		int status;
		const char *said;
	} row[] = {
		{"7134", "pbx", "7101", ROUTE_FOUND,
		 "from pbx: 7134 goes to cs as 7134, caller 5557101: f:4: rule \"to the proxy\"\n"},
		{"7134", "pbx", NULL, ROUTE_REFUSED,
		 "from pbx: 7134 goes nowhere: no rule of f matches\n"},
		{"912", "pbx", NULL, ROUTE_FOUND,
		 "from pbx: 912 goes to cs as 12, caller unknown, though more digits could go "
		 "elsewhere: "
		 "f:5: rule \"long\"\n"},
		{"912", "local", NULL, ROUTE_FOUND,
		 "from local: 912 goes to cs as 12, caller unknown, though more digits could go "
		 "elsewhere: f:5: rule \"long\"\n"},
		{"9", "pbx", NULL, ROUTE_REFUSED,
		 "from pbx: 9 needs more digits: no rule matches it yet\n"},
		{"0", "cs", NULL, ROUTE_REFUSED,
		 "from cs: 0 is refused with cause 21: f:6: rule \"no\"\n"},
		{"", "cs", NULL, ROUTE_REFUSED,
		 "from cs: no number needs more digits: no rule matches it yet\n"},
		{"713", NULL, "7101", ROUTE_FOUND,
		 "from pbx: 713 needs more digits: no rule matches it yet\n"
		 "from cs: 713 goes to local as 713, caller 7101, though more digits could go "
		 "elsewhere: f:7: rule \"in\"\n"},
		{"0", NULL, NULL, ROUTE_REFUSED,
		 "from pbx: 0 goes nowhere: no rule of f matches\n"
		 "from cs: 0 is refused with cause 21: f:6: rule \"no\"\n"},
		{"0", "nobody", NULL, ROUTE_NO_SUCH_SOURCE,
		 "from nobody: there is no trunk, group or peer of that name in f\n"},
		{"0", "", NULL, ROUTE_NO_SUCH_SOURCE,
		 "from : there is no trunk, group or peer of that name in f\n"},
	};
	struct conf *c = parse_good(text);

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		char *said = NULL;
		size_t size;
		FILE *to = open_memstream(&said, &size);
		int status = route_print(c, row[i].number, row[i].from, row[i].caller, to);
		fclose(to);
		assert_string_equal(said, row[i].said);
		assert_int_equal(status, row[i].status);
		free(said);
	}
	conf_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_answer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
