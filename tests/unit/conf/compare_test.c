/* What a reload must do, key by key. */
#include "conf/compare.c"
#include "tests/unit/conf/helper.h"

static const char base[] = "span s { peer = 192.0.2.1 }\n"
			   "trunk t { span = s }\n"
			   "peer p { address = 192.0.2.2 }\n";

/* base with one line in place of another. */
static struct conf *with(const char *line)
{
	const char *name = strchr(line, ' ');
	char text[512] = "";
	char copy[sizeof(base)], *rest = strcpy(copy, base), *old;

	while ((old = strsep(&rest, "\n")) != NULL) {
		bool replaced = *old != '\0' && strncmp(old, line, (size_t)(name - line) + 2) == 0;
		strcat(text, replaced ? line : old);
		strcat(text, "\n");
	}
	return parse_good(text);
}

static void each_change(void **state)
{
	static const struct {
		const char *line;
		enum conf_change span, trunk, peer;
	} row[] = {
		{"span s { peer = 192.0.2.1 }", CONF_SAME, CONF_SAME, CONF_SAME},
		{"span s { peer = '192.0.2.1:2142' clock = own }", CONF_SAME, CONF_SAME, CONF_SAME},
		{"span s { peer = 192.0.2.9 }", CONF_DRAIN, CONF_SAME, CONF_SAME},
		{"span s { peer = 192.0.2.1 clock = line }", CONF_DRAIN, CONF_SAME, CONF_SAME},
		{"trunk t { span = s slots = '1-23' }", CONF_SAME, CONF_SAME, CONF_SAME},
		{"trunk t { span = s slots = '1-22' }", CONF_SAME, CONF_CHANGE_NOW, CONF_SAME},
		{"trunk t { span = s hunt = descending }", CONF_SAME, CONF_CHANGE_NOW, CONF_SAME},
		{"trunk t { span = s t303_ms = 5000 }", CONF_SAME, CONF_CHANGE_NOW, CONF_SAME},
		{"trunk t { span = s group = g }", CONF_SAME, CONF_CHANGE_NOW, CONF_SAME},
		{"trunk t { span = s tones = de }", CONF_SAME, CONF_CHANGE_NOW, CONF_SAME},
		{"trunk t { span = s switch_type = 5ess }", CONF_SAME, CONF_DRAIN, CONF_SAME},
		{"trunk t { span = s side = user group = g }", CONF_SAME, CONF_DRAIN, CONF_SAME},
		{"peer p { address = 192.0.2.3 }", CONF_SAME, CONF_SAME, CONF_CHANGE_NOW},
		{"peer p { address = 192.0.2.2 domain = x }", CONF_SAME, CONF_SAME,
		 CONF_CHANGE_NOW},
		{"peer p { address = 192.0.2.2 dtmf = inband }", CONF_SAME, CONF_SAME,
		 CONF_CHANGE_NOW},
		{"peer p { address = 192.0.2.2 codecs = {pcma, pcmu} }", CONF_SAME, CONF_SAME,
		 CONF_CHANGE_NOW},
	};
	struct conf *old = parse_good(base);

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct conf *new_ = with(row[i].line);
		if (conf_compare_span(old, new_, "s") != row[i].span ||
		    conf_compare_trunk(old, new_, "t") != row[i].trunk ||
		    conf_compare_peer(old, new_, "p") != row[i].peer)
			fail_msg("%s: %d %d %d", row[i].line, conf_compare_span(old, new_, "s"),
				 conf_compare_trunk(old, new_, "t"),
				 conf_compare_peer(old, new_, "p"));
		conf_free(new_);
	}
	conf_free(old);
}

/* What a trunk is told by name may change under that name. */
static void tones_of_a_trunk(void **state)
{
	static const char text[] = "span s { peer = 192.0.2.1 }\ntrunk t { span = s tones = x }\n"
				   "tones x { country = uk busy = '%s' }\n";
	char before[256], after[256];

	(void)state;
	snprintf(before, sizeof(before), text, "400/375,0/375");
	snprintf(after, sizeof(after), text, "400/300,0/300");
	struct conf *old = parse_good(before), *same = parse_good(before),
		    *new_ = parse_good(after);
	assert_int_equal(conf_compare_trunk(old, same, "t"), CONF_SAME);
	assert_int_equal(conf_compare_trunk(old, new_, "t"), CONF_CHANGE_NOW);
	assert_int_equal(new_->trunks[0].audible.set.tone[TONE_BUSY].part[0].ms, 300);
	assert_int_equal(new_->trunks[0].audible.set.tone[TONE_DIAL].part[0].dhz[0], 3500);
	conf_free(old);
	conf_free(same);
	conf_free(new_);
}

static void added_removed_moved(void **state)
{
	struct conf *old = parse_good(base);
	struct conf *new_ = parse_good("peer q { address = 192.0.2.3 }\n"
				       "peer p { address = 192.0.2.2 }\n");

	(void)state;
	assert_int_equal(conf_compare_peer(old, new_, "p"), CONF_SAME); /* order means nothing */
	assert_int_equal(conf_compare_peer(old, new_, "q"), CONF_ADD);
	assert_int_equal(conf_compare_peer(new_, old, "q"), CONF_REMOVE);
	assert_int_equal(conf_compare_span(old, new_, "s"), CONF_REMOVE);
	assert_int_equal(conf_compare_trunk(new_, old, "t"), CONF_ADD);
	assert_int_equal(conf_compare_trunk(new_, old, "nobody"), CONF_SAME);
	conf_free(old);
	conf_free(new_);
}

static void restart_is_named(void **state)
{
	struct conf *old = parse_good("");
	struct conf *new_ = parse_good("gateway { control = /x calls_max = 3 }\n"
				       "media { workers = 3 no_rtp_ms = 1 fifo_priority = 1 }\n"
				       "sip { t1_ms = 100 }\n");
	char out[256] = "x";

	(void)state;
	conf_restart_needed(old, old, out, sizeof(out));
	assert_string_equal(out, "");
	conf_restart_needed(old, new_, out, sizeof(out));
	assert_string_equal(out, "gateway.control gateway.calls_max media.workers "
				 "media.fifo_priority media.no_rtp_ms");
	char small[20];
	conf_restart_needed(old, new_, small, sizeof(small));
	assert_string_equal(small, "gateway.control gat");
	conf_free(old);
	conf_free(new_);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_change),
		cmocka_unit_test(tones_of_a_trunk),
		cmocka_unit_test(added_removed_moved),
		cmocka_unit_test(restart_is_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
