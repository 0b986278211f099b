/* Seconds as a text, a letter each: . good, e errored (a CRC error), S severe (320), R red alarm,
 * F red and declared a failure, A AIS, s a slip, b 2 CRC errors, l a code violation. */
#include "tdm/line_monitor.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { NOON_S = 12 * 3600 };

static uint64_t feed(struct line_monitor *m, uint64_t wall_s, const char *seconds)
{
	for (const char *c = seconds; *c != '\0'; c++) {
		struct line_second s = {.pcv = *c == 'e'   ? 1
					       : *c == 'b' ? 2
					       : *c == 'S' ? SEVERE_CRC
							   : 0,
					.lcv = *c == 'l',
					.slips = *c == 's',
					.red = *c == 'R' || *c == 'F',
					.ais = *c == 'A',
					.failed = *c == 'F'};

		line_monitor_second(m, &s, wall_s++);
	}
	return wall_s;
}

static void good(struct line_monitor *m, uint64_t from_s, uint64_t to_s)
{
	while (from_s < to_s)
		from_s = feed(m, from_s, ".");
}

static const char *counts(const struct line_interval *i)
{
	static char text[200];
	size_t n = 0;

	text[0] = '\0';
	for (unsigned c = 0; c < LINE_COUNTS; c++)
		if (i->count[c] != 0)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s %u",
					      n > 0 ? " " : "", line_count_name(c), i->count[c]);
	return text;
}

static void sequences(void **state)
{
	static const struct {
		const char *seconds, *counts;
		enum line_kind kind;
	} rows[] = {
		{"....", "", LINE_ESF},
		{".e.", "es 1 pcv 1", LINE_ESF},
		{".b.", "es 1 bes 1 pcv 2", LINE_ESF},
		{".S.", "es 1 ses 1 pcv 320", LINE_ESF},
		{".s.", "es 1 css 1", LINE_ESF},
		{".l.", "les 1 lcv 1", LINE_ESF},     /* a code violation alone: ESF no, ... */
		{".l.", "es 1 les 1 lcv 1", LINE_D4}, /* ... D4 yes */
		{".A.", "es 1 ses 1 sefs 1", LINE_ESF},
		{".R.", "es 1 ses 1 sefs 1 les 1", LINE_ESF},
		/* Nine in a row are not enough, ten are, and from the first of them. */
		{"e"
		 "SSSSSSSSS"
		 "e",
		 "es 11 ses 9 pcv 2882", LINE_ESF},
		{"e"
		 "SSSSSSSSSS"
		 "e",
		 "es 1 uas 11 pcv 1", LINE_ESF},
		{"SSSSSSSSS.SSSSSSSSS", "es 18 ses 18 pcv 5760", LINE_ESF},
		/* Back after ten good ones, and from the first of them: what they counted comes
		 * back too. */
		{"SSSSSSSSSS"
		 ".........",
		 "uas 19", LINE_ESF},
		{"SSSSSSSSSS"
		 "..........",
		 "uas 10", LINE_ESF},
		{"SSSSSSSSSS"
		 "...e..s...",
		 "es 2 uas 10 css 1 pcv 1", LINE_ESF},
		{"SSSSSSSSSS"
		 ".........S..........",
		 "uas 20", LINE_ESF},
		/* A failure makes it unavailable from the onset of what led to it. */
		{".RRF", "uas 3", LINE_ESF},
		{"e.SRRF..........", "es 1 uas 4 pcv 1", LINE_ESF},
		{"RRF....R"
		 "..........",
		 "uas 8", LINE_ESF},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct line_monitor m;

		line_monitor_init(&m, rows[i].kind, 0);
		feed(&m, NOON_S, rows[i].seconds);
		print_message("%s\n", rows[i].seconds);
		assert_string_equal(counts(line_monitor_interval(&m, 0)), rows[i].counts);
	}
}

static void packets_are_severe_at_a_share(void **state)
{
	struct line_monitor m;
	struct line_second s = {.pcv = 299};

	line_monitor_init(&m, LINE_PACKETS, 1000);
	line_monitor_second(&m, &s, NOON_S);
	assert_string_equal(counts(line_monitor_interval(&m, 0)), "es 1 bes 1 pcv 299");
	s.pcv = 300;
	line_monitor_second(&m, &s, NOON_S + 1);
	assert_int_equal(line_monitor_interval(&m, 0)->count[LINE_SES], 1);
}

static void intervals_begin_at_the_quarter(void **state)
{
	struct line_monitor m;
	const struct line_interval *i;
	struct line_interval total;

	line_monitor_init(&m, LINE_ESF, 0);
	assert_null(line_monitor_interval(&m, 0));
	feed(&m, NOON_S + 800, "e");
	good(&m, NOON_S + 801, NOON_S + 900);
	assert_null(line_monitor_interval(&m, 1));
	good(&m, NOON_S + 900, NOON_S + 1800);
	feed(&m, NOON_S + 1800, "b");
	i = line_monitor_interval(&m, 0);
	assert_int_equal(i->start_s, NOON_S + 1800);
	assert_int_equal(i->seconds, 1);
	assert_string_equal(counts(i), "es 1 bes 1 pcv 2");
	assert_int_equal(line_monitor_interval(&m, 1)->seconds, 900);
	assert_string_equal(counts(line_monitor_interval(&m, 1)), "");
	i = line_monitor_interval(&m, 2);
	assert_int_equal(i->start_s, NOON_S + 800);
	assert_int_equal(i->seconds, 100);
	assert_string_equal(counts(i), "es 1 pcv 1");
	assert_null(line_monitor_interval(&m, 3));
	line_monitor_total(&m, &total);
	assert_int_equal(total.seconds, 1000);
	assert_string_equal(counts(&total), "es 1 pcv 1");
}

/* Ten severe seconds, four of them in the interval before: that one is corrected as well. */
static void unavailable_across_the_quarter(void **state)
{
	struct line_monitor m;
	uint64_t t = NOON_S + 890;

	line_monitor_init(&m, LINE_ESF, 0);
	t = feed(&m, t,
		 "e....."
		 "SSSS"
		 "SSSSS");
	assert_string_equal(counts(line_monitor_interval(&m, 1)), "es 5 ses 4 pcv 1281");
	t = feed(&m, t, "S");
	assert_string_equal(counts(line_monitor_interval(&m, 1)), "es 1 uas 4 pcv 1");
	assert_string_equal(counts(line_monitor_interval(&m, 0)), "uas 6");
	/* And back across the next one. */
	while (t < NOON_S + 1796)
		t = feed(&m, t, "S");
	t = feed(&m, t,
		 "...e"
		 ".....");
	assert_string_equal(counts(line_monitor_interval(&m, 1)), "uas 900");
	assert_string_equal(counts(line_monitor_interval(&m, 0)), "uas 5");
	feed(&m, t, ".");
	assert_string_equal(counts(line_monitor_interval(&m, 1)), "es 1 uas 896 pcv 1");
	assert_string_equal(counts(line_monitor_interval(&m, 0)), "");
}

static void a_day_is_kept(void **state)
{
	struct line_monitor m;
	struct line_interval total;
	uint64_t t = NOON_S;

	line_monitor_init(&m, LINE_ESF, 0);
	for (unsigned i = 0; i <= LINE_INTERVALS + 2; i++) {
		t = feed(&m, t, i < 2 ? "s" : "e");
		good(&m, t, t + LINE_INTERVAL_S - 1);
		t += LINE_INTERVAL_S - 1;
	}
	assert_non_null(line_monitor_interval(&m, LINE_INTERVALS));
	assert_null(line_monitor_interval(&m, LINE_INTERVALS + 1));
	line_monitor_total(&m, &total);
	assert_int_equal(total.seconds, 86400);
	assert_string_equal(counts(&total), "es 96 pcv 96"); /* those with slips are too old */
}

static void a_clock_that_is_set_ends_an_interval(void **state)
{
	struct line_monitor m;

	line_monitor_init(&m, LINE_ESF, 0);
	good(&m, NOON_S, NOON_S + 600);
	good(&m, NOON_S + 7200, NOON_S + 7300); /* forward */
	assert_int_equal(line_monitor_interval(&m, 1)->seconds, 600);
	good(&m, NOON_S, NOON_S + 600); /* back */
	good(&m, NOON_S, NOON_S + 600); /* back again, within one quarter */
	assert_int_equal(line_monitor_interval(&m, 1)->seconds, 900);
	assert_int_equal(line_monitor_interval(&m, 0)->seconds, 300);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sequences),
		cmocka_unit_test(packets_are_severe_at_a_share),
		cmocka_unit_test(intervals_begin_at_the_quarter),
		cmocka_unit_test(unavailable_across_the_quarter),
		cmocka_unit_test(a_day_is_kept),
		cmocka_unit_test(a_clock_that_is_set_ends_an_interval),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
