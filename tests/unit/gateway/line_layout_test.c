#include "gateway/line_layout.c"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* A layout as a text: a word a span, "CARD:own" or "CARD:line", with ":user" or ":net" where there
 * is a trunk.  "-" = a pseudowire. */
struct layout {
	struct conf conf;
	struct tdm_span_conf spans[4];
	struct conf_trunk trunks[4];
	char told[1000];
	unsigned count;
};

static void tell(void *arg, const char *warning)
{
	struct layout *l = arg;

	l->count++;
	snprintf(l->told + strlen(l->told), sizeof(l->told) - strlen(l->told), "%s\n", warning);
}

static void check(struct layout *l, const char *text)
{
	char words[200], *save = NULL;

	memset(l, 0, sizeof(*l));
	l->conf.spans = l->spans;
	l->conf.trunks = l->trunks;
	snprintf(words, sizeof(words), "%s", text);
	for (char *w = strtok_r(words, " ", &save); w != NULL; w = strtok_r(NULL, " ", &save)) {
		struct tdm_span_conf *s = &l->spans[l->conf.span_count++];
		char card[64], clock[8], side[8] = "";

		assert_in_range(sscanf(w, "%63[^:]:%7[^:]:%7s", card, clock, side), 2, 3);
		tdm_span_conf_default(s);
		snprintf(s->name, sizeof(s->name), "s%zu", l->conf.span_count);
		s->backend = card[0] == '-' ? TDM_WIRE : TDM_DAHDI;
		snprintf(s->dahdi.card, sizeof(s->dahdi.card), "%s", card);
		s->clock = strcmp(clock, "line") == 0 ? TDM_CLOCK_LINE : TDM_CLOCK_OWN;
		if (side[0] != '\0') {
			struct conf_trunk *t = &l->trunks[l->conf.trunk_count++];

			isup_trunk_conf_default(&t->isup);
			snprintf(t->isup.name, sizeof(t->isup.name), "t%zu", l->conf.span_count);
			memcpy(t->span, s->name, sizeof(t->span));
			t->isup.side = side[0] == 'u' ? ISUP_USER : ISUP_NETWORK;
		}
	}
	line_layout_check(&l->conf, tell, l);
}

static void layouts(void **state)
{
	static const struct {
		const char *layout;
		unsigned count;
		const char *says;
	} rows[] = {
		{"", 0, ""},
		/* A PBX that takes its clock from us; a carrier whose clock we take. */
		{"-:own:net", 0, ""},
		{"WCT1/0:line:user", 0, ""},
		{"-:own", 0, ""},
		/* Carrier and PBX on one card: the card follows the carrier, the PBX follows us. */
		{"TE4/0/1:line:user TE4/0/2:own:net", 0, ""},
		/* Two lines of one carrier: the second need not say it. */
		{"TE4/0/1:line:user TE4/0/2:own:user", 0, ""},
		{"TE4/0/1:own:net TE4/0/2:own:net", 0, ""},
		/* Two cards, each with its own source. */
		{"TE4/0/1:line:user TE4/1/1:line:user", 0, ""},
		{"TE4/0/1:line:user TE4/0/2:line:user", 1, "spans s1 and s2 both have"},
		{"TE4/0/1:own:user TE4/0/2:own:net", 1, "span s1: trunk t1 is the user side"},
		{"-:own:user", 1, "takes its clock from us"},
		{"-:line:net", 1, "nobody leads"},
		{"TE4/0/1:line:net TE4/0/2:line:net", 2, "span s1: trunk t1 is the network side"},
		/* Cards of which only a number or a location is known stand by themselves. */
		{"1:line:user 2:line:user", 0, ""},
		{"DYN/eth/1:line:user DYN/eth/2:line:user", 0, ""},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct layout l;

		check(&l, rows[i].layout);
		print_message("%s: %u: %s\n", rows[i].layout, l.count, l.told);
		assert_int_equal(l.count, rows[i].count);
		assert_non_null(strstr(l.told, rows[i].says));
	}
}

static void the_leader_of_a_card(void **state)
{
	struct layout l;

	check(&l, "TE4/0/1:own TE4/0/2:line TE4/1/1:line -:line");
	assert_ptr_equal(line_layout_leader(&l.conf, &l.spans[0]), &l.spans[1]);
	assert_null(line_layout_leader(&l.conf, &l.spans[1]));
	assert_null(line_layout_leader(&l.conf, &l.spans[2]));
	assert_null(line_layout_leader(&l.conf, &l.spans[3]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layouts),
		cmocka_unit_test(the_leader_of_a_card),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
