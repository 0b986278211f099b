/* Messages out of streams: wherever the stream is torn, the same messages come out. */
#include "sip/frame.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define HEAD "OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/TCP h\r\n"

struct seen {
	char text[4096]; /* "<message>" and "." for each line end */
	size_t len;
	int status;
	unsigned stop_after; /* ops; 0 = never */
};

static bool note(struct seen *s, const char *text, size_t len)
{
	assert_true(s->len + len < sizeof(s->text));
	memcpy(s->text + s->len, text, len);
	s->len += len;
	s->text[s->len] = '\0';
	return s->stop_after == 0 || --s->stop_after > 0;
}

static bool on_message(void *arg, const char *text, size_t len)
{
	struct seen *s = arg;
	unsigned after = s->stop_after;

	s->stop_after = 0;
	note(s, "<", 1);
	note(s, text, len);
	s->stop_after = after;
	return note(s, ">", 1);
}

static bool on_line_end(void *arg)
{
	return note(arg, ".", 1);
}

static void on_refused(void *arg, const char *head, size_t len, int status, const char *why)
{
	((struct seen *)arg)->status = status;
}

static const struct sip_framer_ops ops = {on_message, on_line_end, on_refused};

/* Fed in pieces that end at a and b; each piece is copied, so that a read beyond is seen. */
static int feed(struct seen *s, const char *text, size_t len, size_t a, size_t b)
{
	struct sip_framer f = {0};
	size_t at[] = {0, a, b, len};
	int r = 0;

	memset(s, 0, sizeof(*s));
	for (unsigned i = 0; i < 3 && r == 0; i++) {
		size_t n = at[i + 1] - at[i];
		char *piece = malloc(n > 0 ? n : 1);
		memcpy(piece, text + at[i], n);
		r = sip_framer_feed(&f, piece, n, &ops, s);
		free(piece);
	}
	assert_true(r < 0 || sip_framer_is_empty(&f));
	sip_framer_clear(&f);
	return r;
}

/* Every pair of places to tear it. */
static void expect(const char *text, const char *wanted)
{
	size_t len = strlen(text);
	struct seen s;

	for (size_t a = 0; a <= len; a++)
		for (size_t b = a; b <= len; b++) {
			assert_int_equal(feed(&s, text, len, a, b), 0);
			if (strcmp(s.text, wanted) != 0)
				fail_msg("torn at %zu and %zu: %s", a, b, s.text);
		}
}

static void test_one(void **state)
{
	expect(HEAD "Content-Length: 0\r\n\r\n", "<" HEAD "Content-Length: 0\r\n\r\n>");
	expect(HEAD "l : 3 \r\n\r\nabc", "<" HEAD "l : 3 \r\n\r\nabc>");
	expect(HEAD "CONTENT-length:\r\n 2\r\n\r\n\r\n",
	       "<" HEAD "CONTENT-length:\r\n 2\r\n\r\n\r\n>");
	expect(HEAD "Content-Length: 1\n\nx", "<" HEAD "Content-Length: 1\n\nx>");
	/* not the header, though it looks like it */
	expect(HEAD "Content-Lengthy: 9\r\nSubject: l: 9\r\nl:1\r\n\r\nx",
	       "<" HEAD "Content-Lengthy: 9\r\nSubject: l: 9\r\nl:1\r\n\r\nx>");
}

static void test_several(void **state)
{
	expect("A\r\nl:0\r\n\r\nB\r\nl:2\r\n\r\n\r\nC\r\nl:1\r\n\r\nx",
	       "<A\r\nl:0\r\n\r\n><B\r\nl:2\r\n\r\n\r\n><C\r\nl:1\r\n\r\nx>");
}

static void test_line_ends(void **state)
{
	expect("\r\n\r\nA\r\nl:0\r\n\r\n\r\n\r\n", "..<A\r\nl:0\r\n\r\n>..");
	expect("\n\rA\r\nl:0\r\n\r\n", ".<A\r\nl:0\r\n\r\n>");
}

static void expect_refused(const char *text, int error, int status)
{
	size_t len = strlen(text);
	struct seen s;

	for (size_t a = 0; a <= len; a++) {
		assert_int_equal(feed(&s, text, len, a, a), error);
		assert_int_equal(s.status, status);
		assert_int_equal(s.len, 0);
	}
}

static void test_refused(void **state)
{
	expect_refused(HEAD "\r\n", -EBADMSG, 400);
	expect_refused("GET / HTTP/1.1\r\nHost: x\r\n\r\n", -EBADMSG, 400);
	expect_refused(HEAD "l:\r\n\r\n", -EBADMSG, 400);
	expect_refused(HEAD "l: -1\r\n\r\n", -EBADMSG, 400);
	expect_refused(HEAD "l: 1x\r\n\r\n", -EBADMSG, 400);
	expect_refused(HEAD "l: 1 2\r\n\r\n", -EBADMSG, 400);
	expect_refused(HEAD "l: 1\r\nContent-Length: 2\r\n\r\n", -EBADMSG, 400);
	expect_refused(HEAD "l: 99999999999999999999\r\n\r\n", -EBADMSG, 400);
	expect_refused(HEAD "l: 8192\r\n\r\n", -EMSGSIZE, 513);
}

static void test_the_same_length_twice(void **state)
{
	expect(HEAD "l: 1\r\nContent-Length: 1\r\n\r\nx",
	       "<" HEAD "l: 1\r\nContent-Length: 1\r\n\r\nx>");
}

static void fill(char *out, size_t len, const char *end)
{
	memset(out, 'x', len);
	memcpy(out, "A\r\nl:0\r\nS: ", 11);
	memcpy(out + len - strlen(end), end, strlen(end));
}

static void test_largest(void **state)
{
	static char text[SIP_MESSAGE_MAX + 1];
	struct sip_framer f = {0};
	struct seen s = {0};

	fill(text, SIP_MESSAGE_MAX + 1, "\r\n\r\n");
	assert_int_equal(sip_framer_feed(&f, text, SIP_MESSAGE_MAX + 1, &ops, &s), -EMSGSIZE);
	assert_int_equal(s.status, 513);
	sip_framer_clear(&f);
	/* A head that never ends takes no more memory, octet by octet. */
	memset(&s, 0, sizeof(s));
	memset(text, 'x', sizeof(text));
	int r = 0;
	size_t n = 0;
	for (; r == 0 && n < sizeof(text); n++)
		r = sip_framer_feed(&f, text + n, 1, &ops, &s);
	assert_int_equal(r, -EMSGSIZE);
	assert_int_equal(n, SIP_MESSAGE_MAX);
	sip_framer_clear(&f);
}

static void test_held_only_while_incomplete(void **state)
{
	struct sip_framer f = {0};
	struct seen s = {0};

	assert_int_equal(sip_framer_feed(&f, "A\r\nl:1\r\n\r\n", 10, &ops, &s), 0);
	assert_false(sip_framer_is_empty(&f));
	assert_int_equal(sip_framer_feed(&f, "x", 1, &ops, &s), 0);
	assert_true(sip_framer_is_empty(&f));
	assert_null(f.held);
	assert_string_equal(s.text, "<A\r\nl:1\r\n\r\nx>");
}

static void test_stop(void **state)
{
	static const char text[] = "A\r\nl:0\r\n\r\nB\r\nl:0\r\n\r\n";
	struct sip_framer f = {0};
	struct seen s = {.stop_after = 1};

	assert_int_equal(sip_framer_feed(&f, text, sizeof(text) - 1, &ops, &s), -ECANCELED);
	assert_string_equal(s.text, "<A\r\nl:0\r\n\r\n>");
	sip_framer_clear(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one),
		cmocka_unit_test(test_several),
		cmocka_unit_test(test_line_ends),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_the_same_length_twice),
		cmocka_unit_test(test_largest),
		cmocka_unit_test(test_held_only_while_incomplete),
		cmocka_unit_test(test_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
