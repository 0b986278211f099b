#include "gateway/line_timing.c"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void make_conf(struct tdm_span_conf *c, enum tdm_backend_kind backend, enum tdm_clock clock)
{
	tdm_span_conf_default(c);
	snprintf(c->name, sizeof(c->name), "t1-1");
	c->backend = backend;
	c->clock = clock;
}

/* What was seen in 15 minutes, and the sentence: its fault and a word of each half. */
static void situations(void **state)
{
	static const struct {
		enum tdm_backend_kind backend;
		enum tdm_clock clock;
		struct line_timing_minute sum, minutes;
		int32_t ppb;
		const char *leader;
		enum line_fault fault;
		const char *seen, *advice;
	} rows[] = {
		{TDM_DAHDI, TDM_CLOCK_OWN, {0}, {0}, 0, "", LINE_FINE, "", ""},
		/* Now and then is not steady: buffers settle, somebody pulls a plug. */
		{TDM_DAHDI, TDM_CLOCK_OWN, {40, 9, 9}, {2, 2, 2}, 0, "", LINE_FINE, "", ""},
		{TDM_WIRE,
		 TDM_CLOCK_OWN,
		 {18, 0, 0},
		 {15, 0, 0},
		 0,
		 "",
		 LINE_NO_CLOCK_SOURCE,
		 "18 slips in 15 minutes, as of clocks 20.0 ppm apart",
		 "clock = \"line\" here"},
		{TDM_DAHDI,
		 TDM_CLOCK_OWN,
		 {144, 0, 0},
		 {15, 0, 0},
		 0,
		 "",
		 LINE_NO_CLOCK_SOURCE,
		 "144 slips in 15 minutes, as of clocks 20.0 ppm apart",
		 "take its clock from us"},
		{TDM_ETHER,
		 TDM_CLOCK_OWN,
		 {18, 0, 0},
		 {15, 0, 0},
		 0,
		 "",
		 LINE_NO_CLOCK_SOURCE,
		 "20.0 ppm",
		 ""},
		{TDM_DAHDI,
		 TDM_CLOCK_OWN,
		 {30, 0, 0},
		 {10, 0, 0},
		 0,
		 "t1-2",
		 LINE_OTHER_LEADS,
		 "while span t1-2 leads",
		 "another span of this card"},
		{TDM_DAHDI,
		 TDM_CLOCK_LINE,
		 {30, 0, 0},
		 {10, 0, 0},
		 0,
		 "t1-2",
		 LINE_OTHER_LEADS,
		 "while span t1-2 leads",
		 "different cards"},
		{TDM_DAHDI,
		 TDM_CLOCK_LINE,
		 {30, 0, 0},
		 {10, 0, 0},
		 0,
		 "",
		 LINE_FAR_CLOCK_JUMPS,
		 "30 slips",
		 "not steady"},
		{TDM_WIRE,
		 TDM_CLOCK_LINE,
		 {0},
		 {0},
		 -150000,
		 "",
		 LINE_CLOCK_LOOP,
		 "off by -150.0 ppm",
		 "exactly one of them must lead"},
		{TDM_WIRE,
		 TDM_CLOCK_LINE,
		 {9, 0, 0},
		 {9, 0, 0},
		 150000,
		 "",
		 LINE_CLOCK_LOOP,
		 "off by +150.0 ppm",
		 ""},
		{TDM_WIRE,
		 TDM_CLOCK_LINE,
		 {0},
		 {0},
		 50000,
		 "",
		 LINE_FAR_CLOCK_OFF,
		 "off by +50.0 ppm",
		 "32 ppm are allowed"},
		{TDM_WIRE, TDM_CLOCK_LINE, {0}, {0}, -31000, "", LINE_FINE, "", ""},
		/* Who does not follow has nothing to say about the far end's clock. */
		{TDM_WIRE, TDM_CLOCK_OWN, {0}, {0}, 50000, "", LINE_FINE, "", ""},
		{TDM_WIRE,
		 TDM_CLOCK_OWN,
		 {9, 0, 70},
		 {5, 0, 6},
		 0,
		 "",
		 LINE_PACKETS_LATE,
		 "70 packets missing when due and 9 slips",
		 "the network between"},
		{TDM_ETHER,
		 TDM_CLOCK_OWN,
		 {0, 0, 70},
		 {0, 0, 6},
		 0,
		 "",
		 LINE_PACKETS_LATE,
		 "70 packets",
		 "buffer_max_ms"},
		{TDM_DAHDI,
		 TDM_CLOCK_LINE,
		 {5, 900, 30},
		 {4, 9, 5},
		 0,
		 "",
		 LINE_BAD_CABLE,
		 "900 bipolar violations and 5 slips",
		 "cable"},
		{TDM_DAHDI,
		 TDM_CLOCK_LINE,
		 {0, 900, 30},
		 {0, 9, 5},
		 0,
		 "",
		 LINE_CODE_VIOLATIONS,
		 "900 bipolar violations and 0 slips",
		 "line_coding"},
		{TDM_DAHDI,
		 TDM_CLOCK_LINE,
		 {0, 0, 30},
		 {0, 0, 5},
		 0,
		 "",
		 LINE_FRAME_ERRORS,
		 "30 CRC-6 errors",
		 "carrier"},
	};
	char text[500];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct tdm_span_conf conf;
		struct line_timing_facts f = {.conf = &conf,
					      .leader = rows[i].leader,
					      .sum = rows[i].sum,
					      .minutes = rows[i].minutes,
					      .clock_ppb = rows[i].ppb};

		make_conf(&conf, rows[i].backend, rows[i].clock);
		line_timing_text(line_timing_fault(&f), &f, text, sizeof(text));
		print_message("%s\n", text);
		assert_int_equal(line_timing_fault(&f), rows[i].fault);
		assert_non_null(strstr(text, rows[i].seen));
		assert_non_null(strstr(text, rows[i].advice));
		if (rows[i].fault == LINE_FINE)
			assert_string_equal(text, "");
		else
			assert_memory_equal(text, "span t1-1: ", 11);
	}
}

/* Minutes as a text, a letter each: . nothing, s a slip.  Returns how often it was told. */
static unsigned run(struct line_timing *t, uint64_t *now_ms, const char *minutes)
{
	struct tdm_span_conf conf;
	struct line_timing_facts f = {.conf = &conf, .leader = ""};
	unsigned told = 0;

	make_conf(&conf, TDM_WIRE, TDM_CLOCK_OWN);
	for (const char *c = minutes; *c != '\0'; c++)
		for (unsigned second = 0; second < 60; second++) {
			struct line_timing_minute m = {.slips = *c == 's' && second == 30};

			*now_ms += 1000;
			assert_int_equal(line_timing_second(t, &m), second == 59);
			if (second == 59)
				told += line_timing_judge(t, &f, *now_ms);
		}
	return told;
}

static void it_is_told_once_an_hour(void **state)
{
	struct line_timing t = {0};
	uint64_t now_ms = 5000;

	assert_int_equal(run(&t, &now_ms, "s.s............"), 0);
	assert_int_equal(run(&t, &now_ms, "..............."), 0);
	assert_int_equal(run(&t, &now_ms, "s.s"), 0);
	assert_int_equal(t.fault, LINE_FINE);
	assert_int_equal(run(&t, &now_ms, "s"), 1);
	assert_int_equal(t.fault, LINE_NO_CLOCK_SOURCE);
	assert_int_equal(run(&t, &now_ms, "sssssssssssssssssssss"), 0);
	/* Over after a quarter of an hour; back within the hour it is not told again. */
	assert_int_equal(run(&t, &now_ms, "..............."), 0);
	assert_int_equal(t.fault, LINE_FINE);
	assert_int_equal(run(&t, &now_ms, "ssss"), 0);
	assert_int_equal(t.fault, LINE_NO_CLOCK_SOURCE);
	assert_int_equal(run(&t, &now_ms, "ssssssssssssssssssssssssss"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(situations),
		cmocka_unit_test(it_is_told_once_an_hour),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
