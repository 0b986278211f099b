/* Rules and a question from any octets, lines apart:
 *   question: from|group|called|caller     then rules: from|pattern|to|reject|strip|prefix|...
 * What a lookup says must agree with itself: what may grow can, what decided is the first. */
#include "dialplan/dialplan.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RULES_MAX = 64 };

static char *field(char **line)
{
	static char empty[1];
	char *f = strsep(line, "|");

	return f != NULL ? f : empty;
}

static void copy(char *to, size_t size, const char *text)
{
	strncpy(to, text, size - 1);
	to[size - 1] = '\0';
}

static void read_rule(struct dial_rule *r, char *line)
{
	memset(r, 0, sizeof(*r));
	copy(r->from, sizeof(r->from), field(&line));
	copy(r->pattern, sizeof(r->pattern), field(&line));
	copy(r->to, sizeof(r->to), field(&line));
	r->reject_cause = atoi(field(&line));
	r->strip = (unsigned)atoi(field(&line));
	copy(r->prefix, sizeof(r->prefix), field(&line));
	copy(r->caller_pattern, sizeof(r->caller_pattern), field(&line));
	r->caller_strip = (unsigned)atoi(field(&line));
	copy(r->caller_prefix, sizeof(r->caller_prefix), field(&line));
	copy(r->caller, sizeof(r->caller), field(&line));
}

static void check_answer(const struct dialplan *p, const struct dial_question *q)
{
	struct dial_answer a, shorter;
	enum dial_result r = dialplan_lookup(p, q, &a);
	bool decided = r == DIAL_ROUTE || r == DIAL_REJECT;

	if (decided != (a.rule != NULL) || (r == DIAL_MORE && !a.may_grow))
		abort();
	if (r == DIAL_ROUTE && (a.number[0] == '\0' || a.to[0] == '\0'))
		abort();
	/* Whatever matched here had to be announced one digit before. */
	size_t length = strlen(q->called);
	if (decided && length > 0 && length < DIAL_NUMBER_MAX) {
		char less[DIAL_NUMBER_MAX];
		memcpy(less, q->called, length - 1);
		less[length - 1] = '\0';
		struct dial_question before = {q->from, q->from_group, less, q->caller};
		enum dial_result b = dialplan_lookup(p, &before, &shorter);
		if (b == DIAL_NO_MATCH || (b == DIAL_MORE && !shorter.may_grow))
			abort();
		if (shorter.rule != NULL && a.rule <= shorter.rule && !shorter.may_grow)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct dial_rule rules[RULES_MAX];
	size_t count = 0, bad;
	struct dialplan *p;
	char err[128];
	char *text = malloc(size + 1), *rest = text;

	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	char *line = strsep(&rest, "\n");
	char *from = field(&line), *group = field(&line), *called = field(&line);
	struct dial_question q = {from, group[0] != '\0' ? group : NULL, called, field(&line)};
	while (rest != NULL && count < RULES_MAX)
		read_rule(&rules[count++], strsep(&rest, "\n"));
	if (dialplan_build(&p, rules, count, &bad, err, sizeof(err)) == 0) {
		check_answer(p, &q);
		for (size_t i = 0; i < count; i++)
			if (dialplan_shadowed_by(p, i) > i)
				abort();
		dialplan_free(p);
	} else if (p != NULL || bad >= count || err[0] == '\0') {
		abort();
	}
	free(text);
	return 0;
}
