/* log_test.c - one event is one line, whoever chose its text; floods are told of, not written. */
#include "gateway/base/log.c"

#include <fcntl.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static char last[1024];
static unsigned lines;
static char mine[] = "mine";

static void catch_line(void *arg, const char *line)
{
	assert_ptr_equal(arg, mine);
	snprintf(last, sizeof(last), "%s", line);
	lines++;
}

static int setup(void **unused)
{
	lines = 0;
	last[0] = '\0';
	log_set_sink(catch_line, mine);
	return 0;
}

static int teardown(void **unused)
{
	log_set_sink(NULL, NULL);
	log_set_level(LOG_SIP, LOG_INFO);
	return 0;
}

static void line_has_time_level_area_and_text(void **unused)
{
	int year, month, day, hour, minute, second, ms, n = 0;

	log_line(LOG_SIP, LOG_WARN, "peer %s sent %d", "cs", 7);
	assert_int_equal(lines, 1);
	assert_int_equal(sscanf(last, "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ %n", &year, &month, &day, &hour,
				&minute, &second, &ms, &n),
			 7);
	assert_string_equal(last + n, "warn sip: peer cs sent 7");
}

static void levels_are_kept_per_area(void **unused)
{
	log_line(LOG_SIP, LOG_DEBUG, "unseen");
	assert_int_equal(lines, 0);
	log_set_level(LOG_SIP, LOG_DEBUG);
	log_line(LOG_SIP, LOG_DEBUG, "seen");
	log_line(LOG_CALL, LOG_DEBUG, "unseen");
	assert_int_equal(lines, 1);
	log_set_level(LOG_SIP, LOG_ERROR);
	log_line(LOG_SIP, LOG_WARN, "unseen");
	assert_int_equal(lines, 1);
	log_line(LOG_SIP, LOG_ERROR, "seen");
	assert_int_equal(lines, 2);
}

static void names_are_parsed(void **unused)
{
	enum log_area area;
	enum log_level level;

	assert_true(log_parse_area("isup", &area));
	assert_int_equal(area, LOG_ISUP);
	assert_true(log_parse_area("MEDIA", &area));
	assert_int_equal(area, LOG_MEDIA);
	assert_false(log_parse_area("isu", &area));
	assert_true(log_parse_level("debug", &level));
	assert_int_equal(level, LOG_DEBUG);
	assert_false(log_parse_level("", &level));
}

/* A peer that puts a line feed into its display name must not write a line of its own. */
static void text_from_outside_cannot_start_a_line(void **unused)
{
	log_line(LOG_SIP, LOG_INFO, "name \"%s\"",
		 "a\n2026-01-01T00:00:00.000Z error gateway: forged\r\033[2J\x7f\t");
	assert_int_equal(lines, 1);
	for (const char *p = last; *p != '\0'; p++)
		assert_true((unsigned char)*p >= 0x20 && *p != 0x7f);
	assert_non_null(strstr(last, "a?2026-01-01"));
}

static void a_long_line_is_cut(void **unused)
{
	char text[5000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_line(LOG_SIP, LOG_INFO, "%s", text);
	assert_int_equal(lines, 1);
	assert_true(strlen(last) <= LINE_MAX_OCTETS - 2);
	assert_true(strlen(last) > LINE_MAX_OCTETS - 10);
}

static void repeated_lines_are_held_and_counted(void **unused)
{
	struct log_limit limit = {0}, other = {0};

	for (int i = 0; i < 10; i++)
		log_limited(&limit, 50, LOG_SIP, LOG_WARN, "flood");
	assert_int_equal(lines, 1);
	assert_null(strstr(last, "more"));
	log_limited(&other, 50, LOG_SIP, LOG_WARN, "another fault is not held back");
	assert_int_equal(lines, 2);
	usleep(60 * 1000);
	log_limited(&limit, 50, LOG_SIP, LOG_WARN, "flood");
	assert_int_equal(lines, 3);
	assert_non_null(strstr(last, "flood (+9 more)"));
	usleep(60 * 1000);
	log_limited(&limit, 50, LOG_SIP, LOG_WARN, "flood");
	assert_null(strstr(last, "more"));
}

/* --- to stderr, through the writer thread --- */

static int saved_stderr = -1;

static int stderr_to(int fd)
{
	fflush(stderr);
	if (saved_stderr < 0)
		saved_stderr = dup(STDERR_FILENO);
	return dup2(fd, STDERR_FILENO);
}

static void stop_writes_all_that_was_queued(void **unused)
{
	char name[] = "/tmp/log_test.XXXXXX", text[256];
	int fd = mkstemp(name);
	unsigned seen = 0;

	assert_true(fd >= 0);
	log_set_sink(NULL, NULL);
	assert_int_equal(log_start(), 0);
	stderr_to(fd);
	for (unsigned i = 0; i < 500; i++)
		log_line(LOG_CALL, LOG_INFO, "number %u", i);
	log_stop();
	stderr_to(saved_stderr);
	FILE *f = fopen(name, "r");
	assert_non_null(f);
	while (fgets(text, sizeof(text), f) != NULL) {
		char want[32];
		snprintf(want, sizeof(want), "info call: number %u\n", seen++);
		assert_non_null(strstr(text, want));
	}
	assert_int_equal(seen, 500);
	fclose(f);
	close(fd);
	unlink(name);
}

/* Nobody reads the pipe: the caller is never held up, and what was lost is said afterwards. */
/* Reads what the pipe holds; it is written in whole lines, and all of it fits. */
static void drain(int fd, bool *told_dropped, bool *told_after)
{
	static char chunk[65536 + 1];
	ssize_t n = read(fd, chunk, sizeof(chunk) - 1);

	if (n <= 0)
		return;
	chunk[n] = '\0';
	*told_dropped = *told_dropped || strstr(chunk, "log lines dropped") != NULL;
	*told_after = *told_after || strstr(chunk, "after") != NULL;
}

static void a_stuck_reader_holds_up_nobody(void **unused)
{
	int pipe_fd[2];
	bool dropped = false, after = false;

	assert_int_equal(pipe(pipe_fd), 0);
	log_set_sink(NULL, NULL);
	assert_int_equal(log_start(), 0);
	stderr_to(pipe_fd[1]);
	for (unsigned i = 0; i < 5000; i++)
		log_line(LOG_CALL, LOG_INFO, "%0200u", i);
	assert_true(atomic_load(&state.ring.dropped) > 0);
	/* Make room, then log once more. */
	assert_int_equal(fcntl(pipe_fd[0], F_SETFL, O_NONBLOCK), 0);
	for (unsigned i = 0; i < 5000 && !after; i++) {
		drain(pipe_fd[0], &dropped, &after);
		if (i == 100)
			log_line(LOG_CALL, LOG_INFO, "after");
		usleep(1000);
	}
	log_stop();
	stderr_to(saved_stderr);
	drain(pipe_fd[0], &dropped, &after);
	assert_true(dropped && after);
	close(pipe_fd[0]);
	close(pipe_fd[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		TEST(line_has_time_level_area_and_text),
		TEST(levels_are_kept_per_area),
		TEST(names_are_parsed),
		TEST(text_from_outside_cannot_start_a_line),
		TEST(a_long_line_is_cut),
		TEST(repeated_lines_are_held_and_counted),
		TEST(stop_writes_all_that_was_queued),
		TEST(a_stuck_reader_holds_up_nobody),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
