/* Which messages somebody wants: a call wholly, also what came before it was known to be wanted. */
#include "gateway/trace_message.c"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka wants the two above first */
#include <cmocka.h>

static char shown[1024];
static struct trace_filter f;

static void on_shown(void *arg, const struct trace_message *m)
{
	size_t n = strlen(shown);

	snprintf(shown + n, sizeof(shown) - n, "%llu ", (unsigned long long)m->at_us);
}

static void pass(const char *line)
{
	struct trace_message m;
	json_error_t error;
	json_t *o = json_loads(line, 0, &error);

	assert_non_null(o);
	assert_int_equal(trace_message_read(&m, o), 0);
	json_decref(o);
	trace_filter_pass(&f, &m, on_shown, NULL);
}

#define SIP(at, call, hex)                                                                         \
	"{\"at_us\":" at ",\"call\":" call ",\"sent\":true,\"peer\":\"192.0.2.1:5060\",\"local\":" \
	"\"192.0.2.2:5060\",\"octets\":\"" hex "\"}"
#define ISDN(at, call, hex)                                                                        \
	"{\"at_us\":" at ",\"call\":" call                                                         \
	",\"sent\":false,\"span\":\"t1\",\"trunk\":\"pbx\",\"octets\":\"" hex "\"}"
/* "INVITE sip:7134@cs\n", and SETUP to 7134 */
#define INVITE "494e56495445207369703a373133344063730a"
#define SETUP  "02010000080200050570058137313334"
#define RR     "02010102"

static void feed(void)
{
	shown[0] = '\0';
	pass(SIP("1", "5", INVITE));
	pass(ISDN("2", "6", SETUP));
	pass(ISDN("3", "0", RR));
	pass(ISDN("4", "5", "0201000008020005457f"));
	pass(SIP("5", "6", "41434b"));
	pass(SIP("6", "7", "41434b"));
	trace_filter_clear(&f);
}

static void begin(void)
{
	memset(&f, 0, sizeof(f));
}

static void test_choices(void **state)
{
	begin();
	feed();
	assert_string_equal(shown, "1 2 4 5 6 ");
	begin();
	f.link = true;
	assert_true(trace_filter_add(&f, "all"));
	feed();
	assert_string_equal(shown, "1 2 3 4 5 6 ");
	begin();
	trace_filter_add(&f, "6");
	feed();
	assert_string_equal(shown, "2 5 ");
	begin();
	trace_filter_add(&f, "pbx"); /* call 5 is over it, as its second message says */
	feed();
	assert_string_equal(shown, "2 1 4 5 ");
	begin();
	trace_filter_add(&f, "sip");
	feed();
	assert_string_equal(shown, "1 4 2 5 6 ");
	begin();
	trace_filter_add(&f, "192.0.2.1");
	trace_filter_add(&f, "192.0.2.10");
	feed();
	assert_string_equal(shown, "1 4 2 5 6 ");
	begin();
	trace_filter_add_number(&f, "134");
	feed();
	assert_string_equal(shown, "1 2 4 5 ");
	begin();
	trace_filter_add_number(&f, "713");
	feed();
	assert_string_equal(shown, "");
}

static void test_those_that_wait_are_bounded(void **state)
{
	begin();
	trace_filter_add(&f, "t1");
	shown[0] = '\0';
	pass(SIP("1", "5", INVITE));
	for (unsigned i = 0; i < TRACE_WAITING_MAX; i++)
		pass(SIP("2", "8", INVITE));
	assert_int_equal(f.waiting_count, TRACE_WAITING_MAX);
	pass(ISDN("3", "5", SETUP)); /* the first one is forgotten */
	assert_string_equal(shown, "3 ");
	trace_filter_clear(&f);
}

static void test_no_messages(void **state)
{
	struct trace_message m;
	static const char *const lines[] = {"{}", "{\"octets\":\"0g\"}", "{\"lost\":3}"};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		json_error_t error;
		json_t *o = json_loads(lines[i], 0, &error);
		assert_true(trace_message_read(&m, o) < 0);
		json_decref(o);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_choices),
		cmocka_unit_test(test_those_that_wait_are_bounded),
		cmocka_unit_test(test_no_messages),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
