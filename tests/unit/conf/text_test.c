/* What reaches libconfuse: no comments, nothing it would drop or run away with. */
#include "conf/text.c"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static char *clean(const char *text, struct conf_text *t)
{
	struct conf_errors e = {.count = 0};
	char *said = NULL;
	size_t size;
	FILE *to = open_memstream(&said, &size);

	assert_non_null(to);
	int r = conf_text_clean(t, text, strlen(text), &e);
	assert_int_equal(r, conf_errors_any(&e) ? -EINVAL : 0);
	conf_errors_print(&e, "f", to);
	fclose(to);
	conf_errors_free(&e);
	return said;
}

static void comments_become_blanks(void **state)
{
	static const struct {
		const char *text, *clean;
	} row[] = {
		{"", "\n"},
		{"a = 1 # b = 2\nc", "a = 1        \nc\n"},
		{"a=1#b", "a=1  \n"},
		{"// x\ny", "    \ny\n"},
		{"a /* b\nc */ d", "a     \n     d\n"},
		{"/***/ x", "      x\n"},
		{"/**/x", "    x\n"},
		{"a = \"# // /* x\"", "a = \"# // /* x\"\n"},
		{"a = '# x'", "a = '# x'\n"},
		{"a = b//c",
		 "a = b//c\n"}, /* inside a word it is no comment to libconfuse either */
		{"a = \"it's\" # x", "a = \"it's\"    \n"},
		{"a\t=\r\n1", "a = \n1\n"},
		{"# \xc3\xa9 * + (\n", "          \n\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct conf_text t;
		char *said = clean(row[i].text, &t);
		assert_string_equal(said, "");
		assert_string_equal(t.text, row[i].clean);
		free(said);
		conf_text_free(&t);
	}
}

static void traps_are_refused_with_their_line(void **state)
{
	static const struct {
		const char *text, *said;
	} row[] = {
		{"\na = *72", "f:2: syntax: put the value in \"quotes\""},
		{"a = +1", "f:1: syntax: put the value in \"quotes\""},
		{"a = b|c", "f:1: syntax: put the value in \"quotes\""},
		{"a = (1)", "f:1: syntax: put the value in \"quotes\""},
		{"a = ${HOME}", "f:1: syntax: put the value in \"quotes\""},
		{"a = \xc3\xa9", "f:1: syntax: put the value in \"quotes\""},
		{"\n\na = \"${HOME}\"", "f:3: syntax: \\ and ${ cannot"},
		{"a = \"x\\n\"", "f:1: syntax: \\ and ${ cannot"},
		{"a = 'x\\'", "f:1: syntax: \\ and ${ cannot"},
		{"\na = \"x\nb = 2", "f:2: syntax: a \"string\" must end on its line"},
		{"a = 'x", "f:1: syntax: a \"string\" must end on its line"},
		{"\n/* x\n", "f:2: syntax: the comment that begins here has no */"},
		{"/*/", "f:1: syntax: the comment that begins here has no */"},
		{"a {}\nb {\nc = {1}\n", "f:2: syntax: the section that begins here has no }"},
		{"\n\001", "f:2: syntax: a control character (0x01)"},
		{"\"\033\"", "f:1: syntax: a control character (0x1b)"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct conf_text t;
		char *said = clean(row[i].text, &t);
		if (strncmp(said, row[i].said, strlen(row[i].said)) != 0)
			fail_msg("%s: said \"%s\"", row[i].text, said);
		free(said);
		conf_text_free(&t);
	}
}

static void sections_know_their_line(void **state)
{
	struct conf_text t;
	char *said = clean("a {}\n/*\n{*/ b\n{ x = { 1,\n2 } }\n# {\nc \"{\" {}", &t);

	(void)state;
	assert_string_equal(said, "");
	assert_int_equal(t.section_count, 3);
	assert_int_equal(t.section_line[0], 1);
	assert_int_equal(t.section_line[1], 4);
	assert_int_equal(t.section_line[2], 7);
	free(said);
	conf_text_free(&t);
}

static void nul_and_size_are_refused(void **state)
{
	struct conf_errors e = {.count = 0};
	struct conf_text t;

	(void)state;
	assert_int_equal(conf_text_clean(&t, "a\0b", 3, &e), -EINVAL);
	assert_int_equal(strlen(t.text), 4); /* the rest is not hidden behind it */
	conf_text_free(&t);
	conf_errors_free(&e);
	char *big = malloc(CONF_TEXT_MAX + 1);
	assert_non_null(big);
	memset(big, ' ', CONF_TEXT_MAX + 1);
	assert_int_equal(conf_text_clean(&t, big, CONF_TEXT_MAX + 1, &e), -EINVAL);
	assert_null(t.text);
	conf_text_free(&t);
	conf_errors_free(&e);
	assert_int_equal(conf_text_clean(&t, big, CONF_TEXT_MAX, &e), 0);
	conf_text_free(&t);
	free(big);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comments_become_blanks),
		cmocka_unit_test(traps_are_refused_with_their_line),
		cmocka_unit_test(sections_know_their_line),
		cmocka_unit_test(nul_and_size_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
