/* helper.h - a configuration from text, for the tests of conf/. */
#ifndef TESTS_UNIT_CONF_HELPER_H
#define TESTS_UNIT_CONF_HELPER_H

#include "conf/conf.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The smallest that carries calls both ways. */
#define SMALLEST                                                                                   \
	"span t1-1 { peer = 192.0.2.7:2142 }\n"                                                    \
	"trunk pbx { span = t1-1 }\n"                                                              \
	"peer cs { address = 192.0.2.10:5060 }\n"                                                  \
	"rule out { from = pbx to = cs }\n"                                                        \
	"rule in { from = cs to = pbx }\n"

/* What conf_parse() says about text read as "f"; *out is NULL when it refused it. */
static inline char *parse_errors(struct conf **out, const char *text)
{
	char *errors = NULL;
	size_t size;
	FILE *err = open_memstream(&errors, &size);

	assert_non_null(err);
	int r = conf_parse(out, "f", text, err);
	fclose(err);
	if ((r == 0) != (*out != NULL) || (r != 0 && size == 0))
		fail_msg("%d, conf %p, errors \"%s\"", r, (void *)*out, errors);
	return errors;
}

static inline struct conf *parse_good(const char *text)
{
	struct conf *c;
	char *errors = parse_errors(&c, text);

	if (c == NULL)
		fail_msg("%s\n%s", text, errors);
	assert_string_equal(errors, "");
	free(errors);
	return c;
}

static inline char *print_text(const struct conf *c)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	assert_non_null(to);
	conf_print(c, to);
	fclose(to);
	return text;
}

#endif
