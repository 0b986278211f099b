/* dialplan.c - see dialplan.h.
 *
 * Lookup walks the rules in order.  What a rule is compared by is compiled into 40 octets beside
 * each other, and most rules fail at the first digit, so a thousand rules cost a few microseconds:
 * little beside parsing the message that brought the number.
 */
#include "dialplan/dialplan.h"
#include "dialplan/pattern.h"
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	FROM_ANY = 0,              /* a rule without from */
	FROM_UNKNOWN = UINT16_MAX, /* a source that no rule names */
	CAUSE_INVALID_NUMBER = 28, /* Q.850: invalid number format (address incomplete) */
	CAUSE_MAX = 127,           /* Q.850: seven bits */
};

struct compiled_rule {
	struct dial_pattern called, caller;
	uint16_t from; /* FROM_ANY or index in names, plus 1 */
};

struct dialplan {
	struct dial_rule *rules;
	struct compiled_rule *compiled;
	dial_set *sets; /* of all patterns */
	size_t count;
	char (*names)[DIAL_NAME_MAX]; /* the different from of the rules: few, so a list will do */
	size_t name_count;
};

int dialplan_check_pattern(const char *pattern, char *err, size_t err_size)
{
	struct dial_pattern p;
	dial_set sets[DIAL_NUMBER_MAX];

	if (strlen(pattern) >= DIAL_NUMBER_MAX) {
		snprintf(err, err_size, "a pattern has at most %d characters", DIAL_NUMBER_MAX - 1);
		return -EINVAL;
	}
	return dial_pattern_compile(&p, sets, pattern, err, err_size);
}

/* --- building ----------------------------------------------------------------------------------
 */

static bool is_terminated(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
}

static const char *rule_fault(const struct dial_rule *r)
{
	if (!is_terminated(r->name, sizeof(r->name)))
		return "name: too long";
	if (!is_terminated(r->from, sizeof(r->from)))
		return "from: too long";
	if (!is_terminated(r->pattern, sizeof(r->pattern)))
		return "pattern: too long";
	if (!is_terminated(r->to, sizeof(r->to)))
		return "to: too long";
	if (!is_terminated(r->prefix, sizeof(r->prefix)))
		return "prefix: too long";
	if (!is_terminated(r->caller_pattern, sizeof(r->caller_pattern)))
		return "caller_pattern: too long";
	if (!is_terminated(r->caller_prefix, sizeof(r->caller_prefix)))
		return "caller_prefix: too long";
	if (!is_terminated(r->caller, sizeof(r->caller)))
		return "caller: too long";
	if (r->reject_cause < 0 || r->reject_cause > CAUSE_MAX)
		return "reject_cause: a cause is 1 to 127";
	if (r->to[0] == '\0' && r->reject_cause == 0)
		return "to: a rule needs a target or a reject cause";
	if (r->to[0] != '\0' && r->reject_cause != 0)
		return "reject_cause: a rule has either a target or a reject cause";
	return NULL;
}

static int compile_field(struct dial_pattern *p, dial_set **sets, const char *field,
			 const char *text, char *err, size_t err_size)
{
	char why[128];

	if (dial_pattern_compile(p, *sets, text, why, sizeof(why)) != 0) {
		snprintf(err, err_size, "%s: %s", field, why);
		return -EINVAL;
	}
	*sets += p->length;
	return 0;
}

static uint16_t from_number(const struct dialplan *p, const char *from)
{
	if (from[0] == '\0')
		return FROM_ANY;
	for (size_t i = 0; i < p->name_count; i++)
		if (strcmp(p->names[i], from) == 0)
			return (uint16_t)(i + 1);
	return FROM_UNKNOWN;
}

static int compile_rule(struct dialplan *p, size_t i, dial_set **sets, char *err, size_t err_size)
{
	const struct dial_rule *r = &p->rules[i];
	struct compiled_rule *c = &p->compiled[i];
	const char *fault = rule_fault(r);

	if (fault != NULL) {
		snprintf(err, err_size, "%s", fault);
		return -EINVAL;
	}
	if (compile_field(&c->called, sets, "pattern", r->pattern, err, err_size) != 0)
		return -EINVAL;
	if (r->strip > c->called.length) {
		snprintf(err, err_size, "strip: the pattern matches numbers of %u, fewer than %u",
			 c->called.length, r->strip);
		return -EINVAL;
	}
	c->from = from_number(p, r->from);
	if (c->from == FROM_UNKNOWN) {
		memcpy(p->names[p->name_count++], r->from, sizeof(r->from));
		c->from = (uint16_t)p->name_count;
	}
	const char *caller = r->caller_pattern[0] != '\0' ? r->caller_pattern : "!";
	return compile_field(&c->caller, sets, "caller_pattern", caller, err, err_size);
}

int dialplan_build(struct dialplan **out, const struct dial_rule *rules, size_t count, size_t *bad,
		   char *err, size_t err_size)
{
	int r = -ENOMEM;
	struct dialplan *p = calloc(1, sizeof(*p));

	*out = NULL;
	*bad = 0;
	snprintf(err, err_size, "no memory");
	if (p == NULL)
		goto fail;
	if (count >= FROM_UNKNOWN - 1) {
		*bad = FROM_UNKNOWN - 1;
		snprintf(err, err_size, "name: more than %d rules", FROM_UNKNOWN - 2);
		r = -EINVAL;
		goto fail;
	}
	p->rules = calloc(count + 1, sizeof(*p->rules));
	p->compiled = calloc(count + 1, sizeof(*p->compiled));
	p->sets = calloc(count + 1, 2 * DIAL_NUMBER_MAX * sizeof(*p->sets));
	p->names = calloc(count + 1, sizeof(*p->names));
	if (p->rules == NULL || p->compiled == NULL || p->sets == NULL || p->names == NULL)
		goto fail;
	if (count > 0)
		memcpy(p->rules, rules, count * sizeof(*rules));
	p->count = count;
	dial_set *sets = p->sets;
	for (size_t i = 0; i < count; i++) {
		r = compile_rule(p, i, &sets, err, err_size);
		if (r != 0) {
			*bad = i;
			goto fail;
		}
	}
	err[0] = '\0';
	*out = p;
	return 0;
fail:
	dialplan_free(p);
	return r;
}

void dialplan_free(struct dialplan *p)
{
	if (p == NULL)
		return;
	free(p->rules);
	free(p->compiled);
	free(p->sets);
	free(p->names);
	free(p);
}

size_t dialplan_shadowed_by(const struct dialplan *p, size_t rule)
{
	const struct compiled_rule *later = &p->compiled[rule];

	for (size_t i = 0; i < rule; i++) {
		const struct compiled_rule *c = &p->compiled[i];
		if ((c->from == FROM_ANY || c->from == later->from) &&
		    dial_pattern_covers(&c->called, &later->called) &&
		    dial_pattern_covers(&c->caller, &later->caller))
			return i;
	}
	return rule;
}

/* --- lookup ------------------------------------------------------------------------------------
 */

/* prefix and then what strip leaves of number.  False: does not fit. */
static bool rewrite(char out[DIAL_NUMBER_MAX], const char *number, size_t strip, const char *prefix)
{
	size_t length = strlen(number), prefix_length = strlen(prefix);

	if (strip > length)
		strip = length;
	length -= strip;
	if (prefix_length + length >= DIAL_NUMBER_MAX)
		return false;
	memcpy(out, prefix, prefix_length);
	memcpy(out + prefix_length, number + strip, length + 1);
	return true;
}

static enum dial_result decide(const struct dial_rule *r, const char *called, const char *caller,
			       struct dial_answer *a)
{
	a->rule = r;
	if (r->reject_cause != 0) {
		a->cause = r->reject_cause;
		return DIAL_REJECT;
	}
	if (!rewrite(a->number, called, r->strip, r->prefix) || a->number[0] == '\0') {
		a->number[0] = '\0';
		a->cause = CAUSE_INVALID_NUMBER;
		return DIAL_REJECT;
	}
	if (r->caller[0] != '\0')
		memcpy(a->caller, r->caller, sizeof(a->caller));
	else if (!rewrite(a->caller, caller, r->caller_strip, r->caller_prefix))
		a->caller[0] = '\0';
	memcpy(a->to, r->to, sizeof(a->to));
	return DIAL_ROUTE;
}

enum dial_result dialplan_lookup(const struct dialplan *p, const struct dial_question *q,
				 struct dial_answer *answer)
{
	dial_set called[DIAL_NUMBER_MAX - 1], caller[DIAL_NUMBER_MAX - 1];
	int called_length = dial_number_symbols(called, DIAL_NUMBER_MAX - 1, q->called);
	int caller_length = dial_number_symbols(caller, DIAL_NUMBER_MAX - 1, q->caller);
	const char *caller_text = caller_length >= 0 ? q->caller : "";

	memset(answer, 0, sizeof(*answer));
	if (called_length < 0)
		return DIAL_NO_MATCH;
	if (caller_length < 0)
		caller_length = 0;
	uint16_t from = from_number(p, q->from);
	uint16_t group = q->from_group != NULL ? from_number(p, q->from_group) : FROM_ANY;
	for (size_t i = 0; i < p->count; i++) {
		const struct compiled_rule *c = &p->compiled[i];
		if (c->from != FROM_ANY && c->from != from && c->from != group)
			continue;
		unsigned fit = dial_pattern_fit(&c->called, called, (unsigned)called_length);
		if (fit == DIAL_FIT_NONE ||
		    !(dial_pattern_fit(&c->caller, caller, (unsigned)caller_length) & DIAL_FIT_NOW))
			continue;
		if (fit & DIAL_FIT_LATER && called_length < DIAL_NUMBER_MAX - 1)
			answer->may_grow = true;
		if (fit & DIAL_FIT_NOW)
			return decide(&p->rules[i], q->called, caller_text, answer);
	}
	return answer->may_grow ? DIAL_MORE : DIAL_NO_MATCH;
}
