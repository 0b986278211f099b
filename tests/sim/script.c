#include "tests/sim/script.h"

#include "tests/sim/worker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SOON_MS = 100, ROUND_MS = 30 };

struct step {
	const char *text;
	char who[16];
	unsigned call;
	const char *rest; /* after who */
	uint64_t last_ms; /* when the step before ended */
};

static struct far *far_named(struct rig *r, const char *who)
{
	return strcmp(who, "pbx") == 0 ? r->pbx : strcmp(who, "co") == 0 ? r->co : NULL;
}

static struct peer *peer_named(struct rig *r, const char *who)
{
	return strcmp(who, "sip") == 0 ? r->sip : strcmp(who, "px") == 0 ? r->px : NULL;
}

static struct inbox *inbox_named(struct rig *r, const char *who)
{
	if (far_named(r, who) != NULL)
		return far_inbox(far_named(r, who));
	if (peer_named(r, who) != NULL)
		return peer_inbox(peer_named(r, who));
	return NULL;
}

static bool has_mail(void *arg)
{
	return inbox_peek(arg) != NULL;
}

/* " in 4000" or " in 3000..5000" at the end of the words: cut off, bounds from the step before. */
static void take_window(const struct step *s, char *words, uint64_t *from, uint64_t *to)
{
	char *in = strstr(words, " in ");
	unsigned lo, hi;

	*from = 0;
	*to = sim_now_ms() + SOON_MS;
	if (in == NULL)
		return;
	int n = sscanf(in, " in %u..%u", &lo, &hi);
	if (n == 1) {
		hi = lo + lo / 50 + ROUND_MS;
		lo -= lo / 50 + (lo > ROUND_MS ? ROUND_MS / 2 : 0);
	} else if (n != 2) {
		sim_fail("no time in: %s", s->text);
	}
	*from = s->last_ms + lo;
	*to = s->last_ms + hi;
	*in = '\0';
}

/* When it arrived. */
static uint64_t expect(struct rig *r, const struct step *s)
{
	struct inbox *in = inbox_named(r, s->who);
	char words[INBOX_TEXT_MAX];
	uint64_t from, to;

	snprintf(words, sizeof(words), "%s", s->rest + 2);
	take_window(s, words, &from, &to);
	if (!sim_run(to, has_mail, in) && inbox_peek(in) == NULL)
		sim_fail("step \"%s\": nothing arrived", s->text);
	const struct message *m = inbox_peek(in);
	if (!words_match(words, m->text) || m->call != s->call)
		sim_fail("step \"%s\": got %s#%u %s", s->text, s->who, m->call, m->text);
	if (m->at_ms < from || m->at_ms > to)
		sim_fail("step \"%s\": arrived after %llu ms", s->text,
			 (unsigned long long)(m->at_ms - s->last_ms));
	uint64_t at_ms = m->at_ms;
	inbox_drop(in);
	return at_ms;
}

static bool any_mail(void *arg)
{
	struct rig *r = arg;

	return inbox_peek(far_inbox(r->pbx)) != NULL || inbox_peek(far_inbox(r->co)) != NULL ||
	       inbox_peek(peer_inbox(r->sip)) != NULL || inbox_peek(peer_inbox(r->px)) != NULL;
}

/* --- what the ends can be told --- */

static bool far_step(struct rig *r, const struct step *s)
{
	struct far *f = far_named(r, s->who);
	char direction[8], type[32];
	unsigned n;

	if (f == NULL)
		return false;
	if (s->rest[0] == '>') {
		far_do(f, s->call, s->rest + 2);
	} else if (sscanf(s->rest, "loses %7s %31s %u", direction, type, &n) == 3) {
		far_lose(f, strcmp(direction, "in") == 0, type, n);
	} else if (strcmp(s->rest, "cut") == 0 || strcmp(s->rest, "mend") == 0) {
		dchan_cut(far_dchan(f), s->rest[0] == 'c');
	} else if (strcmp(s->rest, "raw") == 0) {
		far_set_raw(f, true);
	} else if (strcmp(s->rest, "forgets") == 0) {
		far_forget(f);
	} else if (strcmp(s->rest, "passive") == 0) {
		far_set_answer_clearing(f, false);
	} else if (sscanf(s->rest, "alarm %u", &n) == 1) {
		sim_worker_alarms(f == r->pbx ? "t1" : "t2", n);
	} else {
		return false;
	}
	return true;
}

static bool peer_step(struct rig *r, const struct step *s)
{
	struct peer *p = peer_named(r, s->who);
	unsigned n;

	if (p == NULL)
		return false;
	if (s->rest[0] == '>')
		peer_do(p, s->call, s->rest + 2);
	else if (sscanf(s->rest, "loses %u", &n) == 1)
		peer_lose(p, n);
	else if (strcmp(s->rest, "deaf") == 0 || strcmp(s->rest, "hears") == 0)
		peer_set_deaf(p, s->rest[0] == 'd');
	else
		return false;
	return true;
}

static bool path_step(const struct step *s)
{
	unsigned n;
	char tone[16];

	if (strcmp(s->who, "path") != 0)
		return false;
	if (strcmp(s->rest, "silent") == 0 || strcmp(s->rest, "heard") == 0) {
		sim_worker_no_rtp(s->rest[0] == 's');
	} else if (strcmp(s->rest, "first heard") == 0) {
		sim_worker_first_rtp();
	} else if (sscanf(s->rest, "end %u sends %15s", &n, tone) == 2) {
		sim_worker_tone(n, tone);
	} else if (sscanf(s->rest, "refuse %u", &n) == 1) {
		sim_worker_refuse_opens(n);
	} else if (strcmp(s->rest, "none") == 0) {
		sim_run(sim_now_ms() + SOON_MS, NULL, NULL);
		if (sim_worker_open_paths() != 0)
			sim_fail("step \"%s\": %s", s->text, sim_worker_path_text());
	} else if (strncmp(s->rest, "is ", 3) == 0) {
		sim_settle();
		if (!sim_worker_has_path(s->rest + 3))
			sim_fail("step \"%s\": the oldest is %s", s->text, sim_worker_path_text());
	} else {
		return false;
	}
	return true;
}

static bool record_step(struct rig *r, const struct step *s)
{
	char words[INBOX_TEXT_MAX];

	bool refused = strcmp(s->who, "refused") == 0;
	if (!refused && strcmp(s->who, "record") != 0)
		return false;
	snprintf(words, sizeof(words), "%s %s", refused ? "REFUSED" : "ENDED", s->rest);
	sim_run(sim_now_ms() + SOON_MS, has_mail, &r->record);
	const struct message *m = inbox_peek(&r->record);
	if (m == NULL || !words_match(words, m->text))
		sim_fail("step \"%s\": the record is %s", s->text, m != NULL ? m->text : "missing");
	inbox_drop(&r->record);
	return true;
}

static bool other_step(struct rig *r, const struct step *s)
{
	unsigned n = (unsigned)strtoul(s->rest, NULL, 10);

	if (strcmp(s->who, "wait") == 0) {
		sim_run(sim_now_ms() + n, NULL, NULL);
	} else if (strcmp(s->who, "wall") == 0) {
		sim_step_wall_ms(strtol(s->rest, NULL, 10));
	} else if (strcmp(s->who, "quiet") == 0) {
		if (sim_run(sim_now_ms() + n, any_mail, r))
			sim_fail("step \"%s\": something arrived", s->text);
	} else if (strcmp(s->who, "calls") == 0) {
		sim_settle();
		if (gateway_call_count(r->gateway) != n)
			sim_fail("step \"%s\": %u", s->text, gateway_call_count(r->gateway));
	} else if (strcmp(s->text, "clear inboxes") == 0) {
		inbox_clear(far_inbox(r->pbx));
		inbox_clear(far_inbox(r->co));
		inbox_clear(peer_inbox(r->sip));
		inbox_clear(peer_inbox(r->px));
	} else {
		return false;
	}
	return true;
}

static void parse(struct step *s)
{
	size_t n = strcspn(s->text, "# ");

	snprintf(s->who, sizeof(s->who), "%.*s", (int)n, s->text);
	s->call = s->text[n] == '#' ? (unsigned)strtoul(s->text + n + 1, NULL, 10) : 1;
	n = strcspn(s->text, " ");
	s->rest = s->text + n + strspn(s->text + n, " ");
}

void script_step(struct rig *r, const char *text)
{
	static uint64_t last_ms;
	struct step s = {.text = text, .last_ms = last_ms};

	if (last_ms == 0 || last_ms < r->opened_ms)
		s.last_ms = r->opened_ms;
	parse(&s);
	if (strncmp(s.rest, "< ", 2) == 0 && inbox_named(r, s.who) != NULL) {
		last_ms = expect(r, &s);
		return;
	}
	if (!far_step(r, &s) && !peer_step(r, &s) && !path_step(&s) && !record_step(r, &s) &&
	    !other_step(r, &s))
		sim_fail("no such step: %s", s.text);
	last_ms = sim_now_ms();
}

void script_play(struct rig *r, const char *const *steps)
{
	for (; *steps != NULL; steps++)
		script_step(r, *steps);
	rig_check_quiet(r);
}

/* --- many --- */

static void run_scenario(void **state)
{
	const struct scenario *s = *state;
	struct rig *r;

	sim_clear_notes();
	rig_open(&r, s->conf);
	script_play(r, s->steps);
	rig_close(r);
}

int script_run_all(const char *group, const struct scenario *scenarios, size_t count, int argc,
		   char **argv)
{
	struct CMUnitTest *tests = calloc(count, sizeof(*tests));
	size_t n = 0;

	if (tests == NULL)
		abort();
	for (size_t i = 0; i < count; i++) {
		bool wanted = argc < 2;
		for (int a = 1; a < argc; a++)
			wanted |= strstr(scenarios[i].name, argv[a]) != NULL;
		if (wanted)
			tests[n++] = (struct CMUnitTest){scenarios[i].name, run_scenario, NULL,
							 NULL, (void *)(uintptr_t)&scenarios[i]};
	}
	int failed = _cmocka_run_group_tests(group, tests, n, NULL, NULL);
	free(tests);
	return failed;
}
