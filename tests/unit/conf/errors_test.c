/* Errors: the file's order, safe to print, bounded. */
#include "conf/errors.c"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static char *print(struct conf_errors *e)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	assert_non_null(to);
	conf_errors_print(e, "f", to);
	fclose(to);
	return text;
}

static void sorted_by_line_and_stable(void **state)
{
	struct conf_errors e = {.count = 0};

	(void)state;
	assert_false(conf_errors_any(&e));
	conf_error(&e, 9, "b", "first of %d", 9);
	conf_error(&e, 2, "a", "x");
	conf_error(&e, 9, "a", "second of 9");
	conf_error(&e, 0, "file", "whole");
	assert_true(conf_errors_any(&e));
	char *text = print(&e);
	assert_string_equal(text, "f: file: whole\nf:2: a: x\nf:9: b: first of 9\n"
				  "f:9: a: second of 9\n");
	free(text);
	conf_errors_free(&e);
	assert_false(conf_errors_any(&e));
}

static void no_control_characters_reach_a_terminal(void **state)
{
	struct conf_errors e = {.count = 0};

	(void)state;
	conf_error(&e, 1, "a\033[2J", "b\n\177\xc3\xa9");
	char *text = print(&e);
	assert_string_equal(text, "f:1: a?[2J: b??\xc3\xa9\n");
	free(text);
	conf_errors_free(&e);
}

static void too_many_are_counted(void **state)
{
	struct conf_errors *e = calloc(1, sizeof(*e));

	(void)state;
	assert_non_null(e);
	for (unsigned i = 0; i < CONF_ERRORS_MAX + 7; i++)
		conf_error(e, i + 1, "k", "x");
	char *text = print(e);
	assert_non_null(strstr(text, "f:200: k: x\n"));
	assert_null(strstr(text, "f:201:"));
	assert_non_null(strstr(text, "f: and 7 more errors\n"));
	free(text);
	conf_errors_free(e);
	free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sorted_by_line_and_stable),
		cmocka_unit_test(no_control_characters_reach_a_terminal),
		cmocka_unit_test(too_many_are_counted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
