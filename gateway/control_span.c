#include "gateway/control_span.h"

#include "gateway/gateway_state.h"
#include "gateway/status.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { ARGS_MAX = 128 };

static const char usage[] = "span NAME; span NAME loop local|network|off [force]; "
			    "span NAME bert start [slot N]... [pattern "
			    "qrss|2e15|2e11|ones|zeros|1in8|3in24]; span NAME bert stop; "
			    "span NAME bert";

static json_t *failure(const char *why)
{
	return json_pack("{s:b, s:s}", "ok", 0, "error", why);
}

static json_t *success_with(const char *key, json_t *value)
{
	return value != NULL ? json_pack("{s:b, s:o}", "ok", 1, key, value)
			     : failure("out of memory");
}

/* --- loop --- */

static json_t *do_loop(struct gateway *g, unsigned i, char *words)
{
	static const char *const names[] = {[TDM_LOOP_NONE] = "off",
					    [TDM_LOOP_LOCAL] = "local",
					    [TDM_LOOP_NETWORK] = "network"};
	struct line *l = g->lines[i].line;
	char *save = NULL, why[160];
	const char *name = strtok_r(words, " ", &save), *force = strtok_r(NULL, " ", &save);
	unsigned calls = gateway_line_calls(g, l), loop = 0;

	while (name != NULL && loop <= TDM_LOOP_NETWORK && strcmp(names[loop], name) != 0)
		loop++;
	if (name == NULL || loop > TDM_LOOP_NETWORK ||
	    (force != NULL && strcmp(force, "force") != 0))
		return failure(usage);
	if (loop != TDM_LOOP_NONE && calls > 0 && force == NULL) {
		snprintf(why, sizeof(why),
			 "%u calls are up and would be cut off; \"force\" loops all the same",
			 calls);
		return failure(why);
	}
	int r = line_set_loop(l, loop);
	if (r == -ENOTSUP)
		return failure("this span cannot loop: neither its driver nor its device does it");
	if (r < 0) {
		snprintf(why, sizeof(why), "the loop is refused: %s", strerror(-r));
		return failure(why);
	}
	return success_with("span", status_span(g, i));
}

/* --- bert --- */

static bool parse_slot(const char *word, uint32_t *slots)
{
	char *end;
	long slot = word != NULL ? strtol(word, &end, 10) : 0;

	if (slot < 1 || slot > TDM_SLOTS || *end != '\0')
		return false;
	*slots |= 1u << slot;
	return true;
}

static json_t *do_bert_start(struct gateway *g, unsigned i, char *words)
{
	enum tdm_bert_pattern pattern = BERT_QRSS;
	uint32_t slots = 0;
	char *save = NULL, why[160];

	for (char *w = strtok_r(words, " ", &save); w != NULL; w = strtok_r(NULL, " ", &save)) {
		if (strcmp(w, "all") == 0)
			continue;
		const char *value = strtok_r(NULL, " ", &save);
		if (strcmp(w, "slot") == 0 && parse_slot(value, &slots))
			continue;
		if (strcmp(w, "pattern") == 0 && value != NULL &&
		    tdm_bert_pattern_parse(value, &pattern))
			continue;
		return failure(usage);
	}
	if (line_bert_start(g->lines[i].line, slots, pattern, why, sizeof(why)) < 0)
		return failure(why);
	return success_with("bert", status_bert(g->lines[i].line));
}

static json_t *do_bert(struct gateway *g, unsigned i, char *words)
{
	struct line *l = g->lines[i].line;

	if (strncmp(words, "start", 5) == 0 && (words[5] == '\0' || words[5] == ' '))
		return do_bert_start(g, i, words + 5);
	if (strcmp(words, "stop") == 0)
		line_bert_stop(l);
	else if (words[0] != '\0')
		return failure(usage);
	return l->bert.shown != 0 ? success_with("bert", status_bert(l))
				  : failure("no test ran on this span");
}

/* --- all --- */

/* Cuts the first word off; returns the rest. */
static char *cut_word(char *text)
{
	char *space = strchr(text, ' ');

	if (space == NULL)
		return text + strlen(text);
	*space = '\0';
	return space + 1;
}

json_t *control_span(struct gateway *g, const char *args)
{
	char name[ARGS_MAX], why[ARGS_MAX + 40], *verb, *words;
	unsigned i = 0;

	snprintf(name, sizeof(name), "%s", args);
	verb = cut_word(name);
	words = cut_word(verb);
	while (i < g->line_count && strcmp(g->lines[i].line->span_conf.name, name) != 0)
		i++;
	if (name[0] == '\0')
		return failure(usage);
	if (i == g->line_count) {
		snprintf(why, sizeof(why), "no span \"%s\" is open; \"spans\" lists them", name);
		return failure(why);
	}
	if (verb[0] == '\0')
		return success_with("span", status_span(g, i));
	if (strcmp(verb, "loop") == 0)
		return do_loop(g, i, words);
	if (strcmp(verb, "bert") == 0)
		return do_bert(g, i, words);
	return failure(usage);
}
