/* load.c - from text to struct conf, by libconfuse.
 *
 * Every key is a list of strings to libconfuse: it does the syntax, the schema does the values, so
 * that one bad value does not end the reading and all are reported at once.  The line a value
 * stands on travels in front of the value: "12:value"; "12!" marks one already reported.
 * What libconfuse calls syntax errors ends the reading: what came before is still reported.
 */
#include "conf/load.h"
#include "conf/conf.h"
#include "conf/text.h"
#include "conf/value.h"
#include <confuse.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	VALUE_MAX = 255,                /* octets of one value */
	LIST_MAX = ISUP_INTERFACES_MAX, /* values of one key; no list takes more */
	OPT_GIVEN = 1 << 24,            /* our flag beside libconfuse's: the key was there before */
};

/* libconfuse hands no argument to its callbacks, and its scanner is static as well, so there is
 * one reading at a time: on the signalling thread. */
static struct {
	struct conf_errors *errors;
	const unsigned *section_line;
	size_t sections_read;
	bool unknown_section; /* what follows an unknown section's name is no news */
} reading;

static int on_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	static char tagged[VALUE_MAX + 16];
	unsigned line = (unsigned)cfg->line;

	if (opt->nvalues == 1 && opt->flags & OPT_GIVEN)
		conf_error(reading.errors, line, opt->name, "given twice in this section");
	opt->flags |= OPT_GIVEN;
	if (strlen(value) > VALUE_MAX) {
		conf_error(reading.errors, line, opt->name, "expected at most %d characters",
			   VALUE_MAX);
		snprintf(tagged, sizeof(tagged), "%u!", line);
	} else {
		snprintf(tagged, sizeof(tagged), "%u:%s", line, value);
	}
	*(const char **)result = tagged;
	return 0;
}

/* A section was read: its line becomes that of its "{". */
static int on_section(cfg_t *cfg, cfg_opt_t *opt)
{
	cfg_t *section = cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1);

	(void)cfg;
	section->line = (int)reading.section_line[reading.sections_read++];
	return 0;
}

static void on_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	char why[256];
	bool top = strcmp(cfg->name, "root") == 0;
	unsigned line = (unsigned)cfg->line;

	/* Known by its words, which no locale translates: the process never calls setlocale(). */
	if (strcmp(fmt, "no such option '%s'") == 0) { /* the reading goes on */
		const char *name = va_arg(ap, const char *);
		if (top)
			conf_error(reading.errors, line, name,
				   "expected a section: gateway, media, "
				   "sip, span, trunk, peer, tones, user or rule");
		else
			conf_error(reading.errors, line, name, "no such key in section %s",
				   cfg->name);
		reading.unknown_section = top;
		return;
	}
	if (reading.unknown_section)
		return;
	vsnprintf(why, sizeof(why), fmt, ap);
	conf_error(reading.errors, line, top ? "syntax" : cfg->name, "%s; reading stopped here",
		   why);
}

/* --- the schema for libconfuse ------------------------------------------------------------------
 */

struct schema {
	cfg_opt_t key[CONF_SECTION_COUNT][CONF_KEYS_MAX + 1];
	cfg_opt_t section[CONF_SECTION_COUNT + 1];
};

static void fill_schema(struct schema *s)
{
	static const cfg_opt_t end = CFG_END();

	for (int i = 0; i < CONF_SECTION_COUNT; i++) {
		const struct conf_section *section = &conf_sections[i];
		for (size_t k = 0; k < section->key_count; k++)
			s->key[i][k] = (cfg_opt_t){.name = section->keys[k].name,
						   .type = CFGT_STR,
						   .flags = CFGF_LIST | CFGF_NODEFAULT,
						   .parsecb = on_value};
		s->key[i][section->key_count] = end;
		/* KEYSTRVAL: an unknown key is reported and the reading goes on. */
		s->section[i] = (cfg_opt_t){
			.name = section->name,
			.type = CFGT_SEC,
			.flags = CFGF_MULTI | CFGF_NODEFAULT | CFGF_KEYSTRVAL |
				 (section->titled ? CFGF_TITLE | CFGF_NO_TITLE_DUPES : 0),
			.subopts = s->key[i],
			.validcb = on_section,
		};
	}
	s->section[CONF_SECTION_COUNT] = end;
}

/* --- from libconfuse's tree to the struct -------------------------------------------------------
 */

static void read_key(struct conf_loader *l, const struct conf_key *k, void *element, cfg_opt_t *opt,
		     unsigned *line)
{
	const char *text[LIST_MAX + 1];
	unsigned lines[LIST_MAX + 1];
	size_t count = cfg_opt_size(opt), bad;
	char why[256];

	if (count > LIST_MAX + 1)
		count = LIST_MAX + 1;
	for (size_t i = 0; i < count; i++) {
		char *end;
		lines[i] = (unsigned)strtoul(cfg_opt_getnstr(opt, (unsigned)i), &end, 10);
		text[i] = end + 1;
		if (i == 0)
			*line = lines[0];
		if (*end == '!')
			return;
	}
	if (conf_value_parse(k, element, text, count, &bad, why, sizeof(why)) != 0)
		conf_error(&l->errors, count > 0 ? lines[bad] : *line, k->name, "%s", why);
}

static void read_title(struct conf_loader *l, const struct conf_section *s, void *element,
		       cfg_t *cfg)
{
	const char *title = cfg_title(cfg), *text[1] = {title};
	struct conf_key k = {
		.type = s->title_type, .offset = s->title_offset, .size = s->title_size};
	size_t bad;
	char why[256];

	if (conf_value_parse(&k, element, text, 1, &bad, why, sizeof(why)) != 0)
		conf_error(&l->errors, (unsigned)cfg->line, s->name, "title \"%s\": %s", title,
			   why);
}

static void read_section(struct conf_loader *l, enum conf_section_id id, size_t i, cfg_t *cfg)
{
	const struct conf_section *s = &conf_sections[id];
	struct conf_lines *lines = &l->lines[id][i];
	void *element = conf_element(l->conf, id, i);

	lines->section = (unsigned)cfg->line;
	if (s->titled)
		read_title(l, s, element, cfg);
	for (size_t k = 0; k < s->key_count; k++) {
		cfg_opt_t *opt = &cfg->opts[k]; /* in the order of the schema */
		size_t before = l->errors.count + l->errors.lost;
		if (opt->flags & CFGF_MODIFIED) {
			lines->key[k] = lines->section;
			read_key(l, &s->keys[k], element, opt, &lines->key[k]);
		} else if (s->keys[k].flags & CONF_REQUIRED) {
			char expected[256];
			conf_value_expected(&s->keys[k], expected, sizeof(expected));
			conf_error(&l->errors, lines->section, s->keys[k].name,
				   "missing; expected %s", expected);
		}
		lines->failed[k] = l->errors.count + l->errors.lost > before;
	}
}

static int make_room(struct conf_loader *l, enum conf_section_id id, size_t count)
{
	struct conf *c = l->conf;
	void *elements = NULL;

	if (conf_sections[id].titled) {
		elements = calloc(count + 1, conf_sections[id].size);
		if (elements == NULL)
			return -ENOMEM;
	}
	switch (id) {
	case CONF_SPAN: c->spans = elements, c->span_count = count; break;
	case CONF_TRUNK: c->trunks = elements, c->trunk_count = count; break;
	case CONF_PEER: c->peers = elements, c->peer_count = count; break;
	case CONF_TONES: c->tones = elements, c->tones_count = count; break;
	case CONF_USER: c->users = elements, c->user_count = count; break;
	case CONF_RULE: c->rules = elements, c->rule_count = count; break;
	default: break;
	}
	l->lines[id] = calloc(count + 1, sizeof(*l->lines[id]));
	return l->lines[id] != NULL ? 0 : -ENOMEM;
}

static int read_tree(struct conf_loader *l, cfg_t *root)
{
	for (int id = 0; id < CONF_SECTION_COUNT; id++) {
		const struct conf_section *s = &conf_sections[id];
		cfg_opt_t *opt = &root->opts[id];
		size_t count = cfg_opt_size(opt);

		if (count > s->limit) {
			unsigned line = (unsigned)cfg_opt_getnsec(opt, (unsigned)s->limit)->line;
			if (s->titled)
				conf_error(&l->errors, line, s->name,
					   "expected at most %zu sections %s", s->limit, s->name);
			else
				conf_error(&l->errors, line, s->name, "section given twice");
			count = s->limit;
		}
		if (make_room(l, (enum conf_section_id)id, count) != 0)
			return -ENOMEM;
		for (size_t i = 0; i < conf_element_count(l->conf, (enum conf_section_id)id); i++)
			s->set_default(conf_element(l->conf, (enum conf_section_id)id, i));
		for (size_t i = 0; i < count; i++)
			read_section(l, (enum conf_section_id)id, i,
				     cfg_opt_getnsec(opt, (unsigned)i));
	}
	return 0;
}

/* 0, -ENOMEM, or -EINVAL with errors: what could be read was. */
static int read_text(struct conf_loader *l, const struct conf_text *text)
{
	struct schema schema;

	fill_schema(&schema);
	cfg_t *root = cfg_init(schema.section, CFGF_KEYSTRVAL);
	if (root == NULL)
		return -ENOMEM;
	reading.errors = &l->errors;
	reading.section_line = text->section_line;
	reading.sections_read = 0;
	reading.unknown_section = false;
	cfg_set_error_function(root, on_error);
	int parsed = cfg_parse_buf(root, text->text);
	if (parsed != CFG_SUCCESS && !conf_errors_any(&l->errors))
		conf_error(&l->errors, 0, "syntax", "could not be read");
	int r = read_tree(l, root);
	cfg_free(root);
	if (r == 0 && parsed != CFG_SUCCESS)
		r = -EINVAL;
	return r;
}

/* --- the two ways in ----------------------------------------------------------------------------
 */

static int parse(struct conf **out, const char *name, const char *text, size_t size, FILE *err)
{
	struct conf_loader *l = calloc(1, sizeof(*l));
	struct conf_text clean = {0};
	int r = -ENOMEM;

	*out = NULL;
	if (l == NULL)
		goto done;
	l->conf = calloc(1, sizeof(*l->conf));
	if (l->conf == NULL)
		goto done;
	if (strlen(name) >= sizeof(l->conf->path)) {
		r = -ENAMETOOLONG;
		goto done;
	}
	strcpy(l->conf->path, name);
	r = conf_text_clean(&clean, text, size, &l->errors);
	if (r == 0)
		r = read_text(l, &clean);
	if (r == 0)
		r = conf_check(l);
	if (r == 0 && conf_errors_any(&l->errors))
		r = -EINVAL;
	if (r == 0) {
		*out = l->conf;
		l->conf = NULL;
	}
done:
	if (l != NULL && conf_errors_any(&l->errors))
		conf_errors_print(&l->errors, name, err);
	else if (r != 0)
		fprintf(err, "%s: file: %s\n", name, strerror(-r));
	if (l != NULL) {
		conf_errors_free(&l->errors);
		for (int id = 0; id < CONF_SECTION_COUNT; id++)
			free(l->lines[id]);
		conf_free(l->conf);
	}
	conf_text_free(&clean);
	free(l);
	return r;
}

int conf_parse(struct conf **out, const char *name, const char *text, FILE *err)
{
	return parse(out, name, text, strlen(text), err);
}

/* Reads a regular file of at most CONF_TEXT_MAX octets.  A pipe or device could hold up the
 * signalling thread for ever. */
static int read_file(const char *path, char **text, size_t *size, mode_t *mode)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), r = 0;
	ssize_t got = 1;

	*text = NULL;
	*size = 0;
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) != 0)
		r = -errno;
	*mode = r == 0 ? st.st_mode : 0;
	if (r == 0 && !S_ISREG(st.st_mode))
		r = S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	else if (r == 0 && st.st_size > CONF_TEXT_MAX)
		r = -EFBIG;
	else if (r == 0 && (*text = malloc((size_t)st.st_size + 1)) == NULL)
		r = -ENOMEM;
	while (r == 0 && got > 0 && *size < (size_t)st.st_size) {
		got = read(fd, *text + *size, (size_t)st.st_size - *size);
		if (got > 0)
			*size += (size_t)got;
		else if (got < 0 && errno != EINTR)
			r = -errno;
		else if (got < 0)
			got = 1;
	}
	close(fd);
	return r;
}

int conf_load(struct conf **out, const char *path, FILE *err)
{
	char *text;
	size_t size;
	mode_t mode = 0;
	int r = read_file(path, &text, &size, &mode);

	*out = NULL;
	if (r != 0)
		fprintf(err, "%s: file: %s%s\n", path,
			r == -EINVAL ? "expected a regular file" : strerror(-r),
			r == -ENOENT ? " (-c names another; tandem.conf(5) shows how to begin)"
				     : "");
	else
		r = parse(out, path, text, size, err);
	if (text != NULL)
		explicit_bzero(text, size);
	free(text);
	if (r == 0 && (mode & S_IROTH) != 0 && conf_has_secrets(*out))
		fprintf(err,
			"%s: warning: every user of this machine can read the passwords in it "
			"(chmod o-r, and give it to the group tandem runs as)\n",
			path);
	return r;
}

void conf_free(struct conf *c)
{
	if (c == NULL)
		return;
	free(c->spans);
	free(c->trunks);
	free(c->peers);
	free(c->sip_peers);
	free(c->tones);
	if (c->users != NULL)
		explicit_bzero(c->users, c->user_count * sizeof(*c->users));
	free(c->users);
	free(c->rules);
	dialplan_free(c->plan);
	free(c);
}
