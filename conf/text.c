/* text.c - see text.h. */
#include "conf/text.h"
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum place { PLAIN, WORD, LINE_COMMENT, BLOCK_COMMENT, STRING };

struct scan {
	struct conf_text *out;
	struct conf_errors *errors;
	enum place place;
	unsigned line;
	unsigned begin_line; /* of the comment, string or section that is open */
	unsigned depth;      /* braces */
	char quote;
};

static void count_brace(struct scan *s, char c)
{
	if (c == '{' && s->depth++ == 0) {
		s->begin_line = s->line;
		s->out->section_line[s->out->section_count++] = s->line;
	}
	if (c == '}' && s->depth > 0)
		s->depth--;
}

static void scan_plain(struct scan *s, char *at)
{
	char c = *at;

	if (c == '#' || (s->place == PLAIN && c == '/' && at[1] == '/')) {
		s->place = LINE_COMMENT;
		*at = ' ';
	} else if (s->place == PLAIN && c == '/' && at[1] == '*') {
		s->place = BLOCK_COMMENT;
		s->begin_line = s->line;
		at[0] = at[1] = ' ';
	} else if (c == '"' || c == '\'') {
		s->place = STRING;
		s->quote = c;
	} else if (c == ' ' || c == '\n' || c == '=' || c == ',') {
		s->place = PLAIN;
	} else if (c == '{' || c == '}') {
		s->place = PLAIN;
		count_brace(s, c);
	} else if (strchr("*+\\()|$", c) != NULL || (unsigned char)c > 126) {
		conf_error(s->errors, s->line, "syntax",
			   "put the value in \"quotes\": it has a character that means something "
			   "else outside them");
		s->place = WORD;
		*at = '?';
	} else {
		s->place = WORD;
	}
}

static void scan_string(struct scan *s, char *at)
{
	if (*at == s->quote) {
		s->place = PLAIN;
	} else if (*at == '\n') {
		conf_error(s->errors, s->line, "syntax", "a \"string\" must end on its line");
		s->place = PLAIN;
	} else if (*at == '\\' || (*at == '$' && at[1] == '{')) {
		conf_error(s->errors, s->line, "syntax",
			   "\\ and ${ cannot be used: no value needs escapes or the environment");
		*at = '?';
	}
}

static void scan_one(struct scan *s, char *at)
{
	if (*at == '\t' || *at == '\r')
		*at = ' ';
	if ((unsigned char)*at < ' ' && *at != '\n') {
		conf_error(s->errors, s->line, "syntax", "a control character (0x%02x) is not text",
			   (unsigned char)*at);
		*at = ' ';
	}
	switch (s->place) {
	case PLAIN:
	case WORD: scan_plain(s, at); break;
	case LINE_COMMENT:
		if (*at == '\n')
			s->place = PLAIN;
		else
			*at = ' ';
		break;
	case BLOCK_COMMENT:
		if (*at == '*' && at[1] == '/') {
			s->place = PLAIN;
			at[0] = at[1] = ' ';
		} else if (*at != '\n') {
			*at = ' ';
		}
		break;
	case STRING: scan_string(s, at); break;
	}
	if (*at == '\n')
		s->line++;
}

int conf_text_clean(struct conf_text *out, const char *text, size_t size,
		    struct conf_errors *errors)
{
	struct scan s = {.out = out, .errors = errors, .line = 1};
	size_t sections = 1;

	memset(out, 0, sizeof(*out));
	if (size > CONF_TEXT_MAX) {
		conf_error(errors, 0, "size", "at most %d octets", CONF_TEXT_MAX);
		return -EINVAL;
	}
	for (size_t i = 0; i < size; i++)
		sections += text[i] == '{';
	out->text = malloc(size + 2);
	out->section_line = calloc(sections, sizeof(*out->section_line));
	if (out->text == NULL || out->section_line == NULL)
		return -ENOMEM;
	memcpy(out->text, text, size);
	out->text[size] = '\n'; /* an empty buffer is an error to libconfuse */
	out->text[size + 1] = '\0';
	for (size_t i = 0; i <= size; i++)
		scan_one(&s, &out->text[i]);
	if (s.place == BLOCK_COMMENT)
		conf_error(errors, s.begin_line, "syntax",
			   "the comment that begins here has no */");
	else if (s.depth > 0)
		conf_error(errors, s.begin_line, "syntax", "the section that begins here has no }");
	return conf_errors_any(errors) ? -EINVAL : 0;
}

void conf_text_free(struct conf_text *t)
{
	free(t->text);
	free(t->section_line);
	memset(t, 0, sizeof(*t));
}
