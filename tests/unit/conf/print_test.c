/* Printing: what is printed loads to the same, for many random files, and the manual page holds
 * every key as the table has it. */
#include "conf/print.c"
#include "tests/unit/conf/helper.h"

static const char page[] = "docs/tandem.conf.5";

/* --- the same value ----------------------------------------------------------------------------
 */

/* The field's own octets, so that a fault that reading and printing share is seen. */
static bool same_octets(const struct conf_key *k, const void *a, const void *b)
{
	size_t size = k->size;
	const char *x = a, *y = b;

	if (k->type == CONF_CHOICES)
		size *= sizeof(unsigned);
	if (k->type == CONF_ADDRESSES)
		size *= sizeof(struct sockaddr_storage);
	if (k->type == CONF_NAMES)
		size *= CONF_NAME_MAX;
	if (memcmp(x + k->offset, y + k->offset, size) != 0)
		return false;
	if (k->type == CONF_CHOICES || k->type == CONF_ADDRESSES || k->type == CONF_NAMES ||
	    k->type == CONF_UINTS)
		return *(const unsigned *)(x + k->other) == *(const unsigned *)(y + k->other);
	if (k->type == CONF_PORTS)
		return *(const uint16_t *)(x + k->other) == *(const uint16_t *)(y + k->other);
	return true;
}

static void assert_same(const struct conf *a, const struct conf *b, const char *text)
{
	for (int id = 0; id < CONF_SECTION_COUNT; id++) {
		const struct conf_section *s = &conf_sections[id];
		enum conf_section_id section = (enum conf_section_id)id;
		assert_int_equal(conf_element_count(a, section), conf_element_count(b, section));
		for (size_t i = 0; i < conf_element_count(a, section); i++) {
			const void *x = conf_element(a, section, i),
				   *y = conf_element(b, section, i);
			if (s->titled)
				assert_string_equal(conf_element_title(section, x),
						    conf_element_title(section, y));
			for (size_t k = 0; k < s->key_count; k++)
				if (!same_octets(&s->keys[k], x, y))
					fail_msg("%s %zu %s differs:\n%s", s->name, i,
						 s->keys[k].name, text);
		}
	}
}

static void round_trip(const char *text)
{
	struct conf *first = parse_good(text);
	char *printed = print_text(first);
	struct conf *second = parse_good(printed);
	char *again = print_text(second);

	assert_string_equal(printed, again);
	assert_same(first, second, text);
	free(printed);
	free(again);
	conf_free(first);
	conf_free(second);
}

/* Slots and D-channels of several spans are filled in, and printed so that they stay. */
static void several_spans_are_the_same(void **state)
{
	(void)state;
	struct conf *c =
		parse_good("span a { peer = 192.0.2.7 local = 0.0.0.0:1 }\n"
			   "span b { peer = 192.0.2.8 local = 0.0.0.0:2 }\n"
			   "span c { peer = 192.0.2.9 local = 0.0.0.0:3 }\n"
			   "trunk t { spans = {a, b, c} backup = b interface_ids = {0, 4, 9} }");
	char *printed = print_text(c);
	const struct isup_trunk_conf *t = &c->trunks[0].isup;

	assert_int_equal(t->interface_count, 3);
	assert_int_equal(t->backup, 1);
	assert_int_equal(t->interfaces[1].id, 4);
	assert_int_equal(t->interfaces[1].bearer_slots, 0x00fffffe);
	assert_int_equal(t->interfaces[2].bearer_slots, 0x01fffffe);
	assert_int_equal(c->spans[2].dchan_slot, 0);
	round_trip(printed);
	struct conf *again = parse_good(printed);
	assert_memory_equal(&again->trunks[0].isup, t, sizeof(*t));
	free(printed);
	conf_free(c);
	conf_free(again);
}

/* --- random files ------------------------------------------------------------------------------
 */

static uint32_t random_state;

static unsigned below(unsigned n)
{
	random_state = random_state * 1664525u + 1013904223u;
	return (random_state >> 8) % n;
}

/* A legal value of a key that names nothing and depends on nothing. */
static void random_value(FILE *to, const struct conf_key *k)
{
	static const char *const pattern[] = {"7134", "71XX", "9.", "!", "+1[2-57]N", "*72Z", "#"};
	unsigned first, n = 0;

	switch (k->type) {
	case CONF_TEXT: fprintf(to, "'a %u b/c'", below(1000)); break;
	case CONF_HOST:
		fprintf(to, below(2) ? "\"d%u.example\"" : "'[2001:db8::%x]'", below(1000));
		break;
	case CONF_NUMBER: fprintf(to, "'%s%u*#'", below(2) ? "+" : "", below(100000)); break;
	case CONF_PATTERN: fprintf(to, "\"%s\"", pattern[below(7)]); break;
	case CONF_UINT: fprintf(to, "%u", k->min + below(k->max - k->min + 1)); break;
	case CONF_BOOL: fputs(below(2) ? "yes" : "off", to); break;
	case CONF_DTMF: fputs("rfc4733", to); break;
	case CONF_CHOICE:
	case CONF_PROFILE:
		while (k->choices[n] != NULL)
			n++;
		fputs(k->choices[below(n)], to);
		break;
	case CONF_CHOICES: fputs(below(2) ? "{pcma, pcmu}" : "pcma", to); break;
	case CONF_PORTS:
		first = 1024 + below(60000);
		fprintf(to, "%u-%u", first, first + 2 + below(4000));
		break;
	case CONF_SLOTS:
		fprintf(to, "'%u,%u-%u'", 13 + below(11), 1 + below(5), 6 + below(7));
		break;
	case CONF_BARE_ADDRESS: fprintf(to, "192.0.2.%u", below(256)); break;
	default: fail_msg("%s: no random value for its type", k->name);
	}
}

/* Some of the section's keys that stand by themselves. */
static void random_keys(FILE *to, enum conf_section_id id)
{
	static const char *const bound[] = {"control",
					    "hold_audio",
					    "jitter_min_ms",
					    "jitter_max_ms",
					    "listen",
					    "certificate",
					    "key",
					    "ca",
					    "transport",
					    "tls_name",
					    "t1_ms",
					    "t2_ms",
					    "backend",
					    "card",
					    "interface",
					    "mac",
					    "local",
					    "peer",
					    "frames_per_packet",
					    "buffer_min_ms",
					    "buffer_max_ms",
					    "loss_ms",
					    "dchan_slot",
					    "span",
					    "spans",
					    "backup",
					    "interface_ids",
					    "group",
					    "address",
					    "any_port",
					    "ptime_ms",
					    "min_se_s",
					    "session_expires_s",
					    "from",
					    "to",
					    "reject",
					    "strip",
					    "number",
					    "tones",
					    "dial_tone",
					    "ringback",
					    "failure_tone_ms",
					    "registrar",
					    "registrar_file",
					    "register_min_s",
					    "register_max_s",
					    "digests",
					    "authenticate",
					    "username",
					    "password",
					    "ha1",
					    "register",
					    "side",
					    "transfer"};
	const struct conf_section *s = &conf_sections[id];

	for (size_t k = 0; k < s->key_count; k++) {
		bool free_key = below(2) == 0;
		for (size_t i = 0; i < sizeof(bound) / sizeof(bound[0]); i++)
			free_key = free_key && strcmp(bound[i], s->keys[k].name) != 0;
		if (free_key) {
			fprintf(to, " %s = ", s->keys[k].name);
			random_value(to, &s->keys[k]);
		}
	}
}

static void random_file(FILE *to)
{
	static const char *const sides[] = {"side = network transfer = off",
					    "side = user transfer = off",
					    "side = user transfer = auto"};
	unsigned spans = below(5), peers = 1 + below(4), rules = below(10);

	fprintf(to, "gateway { control = /run/%u", below(100));
	random_keys(to, CONF_GATEWAY);
	fprintf(to, " }\nmedia { jitter_min_ms = %u jitter_max_ms = %u", below(50),
		50 + below(100));
	random_keys(to, CONF_MEDIA);
	fprintf(to, " }\nsip { listen = {'[::]:%u', '0.0.0.0:%u'} t1_ms = %u", below(65536),
		below(65536), 10 + below(600));
	random_keys(to, CONF_SIP);
	fprintf(to, " }\n");
	fprintf(to, "tones own { country = %s busy = '%u@-20+600/%u,0/200' }\n",
		tone_countries[below(18)], 300 + below(1000), 10 + below(1000));
	for (unsigned i = 0; i < spans; i++) {
		fprintf(to,
			"span s%u { peer = 192.0.2.%u local = '10.0.0.%u:%u' frames_per_packet = "
			"%u "
			"buffer_max_ms = %u loss_ms = %u dchan_slot = 24",
			i, below(255), i, below(65536), 1u << below(4), 5 + below(36),
			20 + below(100));
		random_keys(to, CONF_SPAN);
		fprintf(to, " }\ntrunk t%u { span = s%u group = g%u tones = %s %s", i, i, below(2),
			below(2) ? "own" : "de", sides[below(3)]);
		random_keys(to, CONF_TRUNK);
		fprintf(to, " }\n");
	}
	for (unsigned i = 0; i < peers; i++) {
		fprintf(to,
			"peer p%u { address = {'[2001:db8::%x]:%u', 192.0.2.%u} any_port = yes "
			"ptime_ms = %u min_se_s = %u session_expires_s = %u",
			i, i, 1 + below(65535), i, 10 * (1 + below(6)), 90 + below(900),
			below(2) * (1000 + below(9000)));
		random_keys(to, CONF_PEER);
		fprintf(to, " }\n");
	}
	for (unsigned i = 0; i < rules; i++) {
		fprintf(to, "rule 'rule %u' { number = 7%03u. ", i, i);
		if (below(4) == 0)
			fprintf(to, "reject = %u", 1 + below(127));
		else
			fprintf(to, "to = p%u strip = %u", below(peers), below(3));
		if (spans > 0 && below(2) == 0)
			fprintf(to, " from = t%u", below(spans));
		random_keys(to, CONF_RULE);
		fprintf(to, " }\n");
	}
}

static void random_files_come_back_the_same(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 500; seed++) {
		char *text = NULL;
		size_t size;
		FILE *to = open_memstream(&text, &size);
		random_state = seed;
		random_file(to);
		fclose(to);
		round_trip(text);
		free(text);
	}
}

static void small_files_come_back_the_same(void **state)
{
	(void)state;
	round_trip("");
	round_trip(SMALLEST);
	round_trip("peer p { address = ::1 dtmf = inband }");
	round_trip(
		"sip { listen = {'192.0.2.1', 'tcp:192.0.2.1', 'tls:[::1]:5071'} ca = /c "
		"certificate = /a key = /b verify_client = yes }\n"
		"peer p { transport = tls address = ::1 tls_name = p.example keepalive_s = 20 }");
}

/* --- the manual page ---------------------------------------------------------------------------
 */

static void put_roff(FILE *to, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '\\')
			fputs("\\e", to);
		else if (*text == '-')
			fputs("\\-", to);
		else
			fputc(*text, to);
	}
}

static void put_key(FILE *to, const struct conf_key *k, const void *defaults)
{
	char expected[256], def[CONF_VALUE_TEXT_MAX];

	conf_value_expected(k, expected, sizeof(expected));
	default_text(k, defaults, def);
	fprintf(to, ".TP\n.B %s\n", k->name);
	put_roff(to, k->help);
	fputs("\nTakes ", to);
	put_roff(to, expected);
	fputs(".\nDefault: ", to);
	put_roff(to, def);
	fputs(".\n", to);
	if (k->flags & CONF_RESTART)
		fputs("A change waits for a restart.\n", to);
	if (k->flags & CONF_DRAINS)
		fputs("A change waits for the calls on it to end.\n", to);
}

static char *keys_as_roff(void)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	for (int id = 0; id < CONF_SECTION_COUNT; id++) {
		const struct conf_section *s = &conf_sections[id];
		void *defaults = calloc(1, s->size);
		s->set_default(defaults);
		fprintf(to, ".SS \"%s %s{ }\"\n", s->name, s->titled ? "NAME " : "");
		put_roff(to, s->help);
		fputc('\n', to);
		for (size_t k = 0; k < s->key_count; k++)
			put_key(to, &s->keys[k], defaults);
		free(defaults);
	}
	fclose(to);
	return text;
}

/* TANDEM_UPDATE=1 writes the part into the page. */
static void manual_page_holds_every_key(void **state)
{
	static const char begin[] = ".\\\" keys begin\n", end[] = ".\\\" keys end\n";
	char *keys = keys_as_roff(), *text = calloc(1, 1 << 18);
	FILE *f = fopen(page, "r");

	(void)state;
	assert_non_null(f);
	assert_true(fread(text, 1, (1 << 18) - 1, f) > 0);
	fclose(f);
	char *from = strstr(text, begin), *to = strstr(text, end);
	assert_non_null(from);
	assert_non_null(to);
	from += strlen(begin);
	if (getenv("TANDEM_UPDATE") != NULL) {
		f = fopen(page, "w");
		assert_non_null(f);
		fprintf(f, "%.*s%s%s", (int)(from - text), text, keys, to);
		fclose(f);
	} else if ((size_t)(to - from) != strlen(keys) || memcmp(from, keys, strlen(keys)) != 0) {
		fail_msg("%s is not what conf/schema.c says; TANDEM_UPDATE=1 with this test writes "
			 "it",
			 page);
	}
	free(keys);
	free(text);
}

static void the_list_of_keys_is_complete(void **state)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	(void)state;
	conf_print_keys(to);
	fclose(to);
	for (int id = 0; id < CONF_SECTION_COUNT; id++) {
		for (size_t k = 0; k < conf_sections[id].key_count; k++) {
			char name[64];
			snprintf(name, sizeof(name), "  %s.%s\n", conf_sections[id].name,
				 conf_sections[id].keys[k].name);
			assert_non_null(strstr(text, name));
		}
	}
	assert_non_null(strstr(text, "Default: \"16384-32767\"\n"));
	assert_non_null(strstr(text, "Takes:   \"own\" or \"line\"\n"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(several_spans_are_the_same),
		cmocka_unit_test(small_files_come_back_the_same),
		cmocka_unit_test(random_files_come_back_the_same),
		cmocka_unit_test(manual_page_holds_every_key),
		cmocka_unit_test(the_list_of_keys_is_complete),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
