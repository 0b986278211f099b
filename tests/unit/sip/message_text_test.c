#include "sip/message_text.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void is(const char *text, const char *line)
{
	char out[128];

	assert_ptr_equal(sip_message_text(text, strlen(text), out, sizeof(out)), out);
	assert_string_equal(out, line);
}

static void test_lines(void **state)
{
	is("INVITE sip:7134@cs SIP/2.0\r\nVia: x\r\n\r\n", "INVITE sip:7134@cs");
	is("SIP/2.0 180 Ringing\r\nVia: x\r\nCSeq: 1 INVITE\r\n\r\n", "180 Ringing (INVITE)");
	is("SIP/2.0 200 OK\r\n\r\nCSeq: 1 BYE\r\n", "200 OK");
	is("\r\n\r\nBYE sip:a SIP/2.0", "BYE sip:a");
	is("", "");
	is("a\x01\x80"
	   "b",
	   "a??b");
	is("SIP/2.0 200 OK\nCSeq:\n", "200 OK");
}

static void test_small_room(void **state)
{
	char out[5];

	sip_message_text("INVITE sip:7134@cs SIP/2.0\r\n", 28, out, sizeof(out));
	assert_string_equal(out, "INVI");
	out[0] = 'x';
	sip_message_text("INVITE", 6, out, 0);
	assert_int_equal(out[0], 'x');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_small_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
