#include "tests/sim/walk.h"

#include "gateway/maintain.h"
#include "tests/sim/worker.h"

#include <libpri.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ACTIONS_MAX = 4096, FORGET_MS = 250000, IDLE_MS = 600000 };

struct walk;

enum end { END_PBX, END_CO, END_SIP, END_PX, END_COUNT };

/* What somebody is going to do on a call. */
struct action {
	struct walk *walk;
	struct sim_event due;
	enum end end;
	unsigned call;
	char words[64];
};

/* What an end knows of its call: enough not to do what no phone does. */
struct view {
	unsigned call;
	bool ours; /* it placed the call */
	bool provisional, final, answered, over, giving_up;
	bool late_offer; /* its INVITE had none */
	char last[64];   /* latest answer to the INVITE, repeated when asked again */
};

enum { VIEWS = 1024 };

struct walk {
	const struct walk_conf *conf;
	struct rig *rig;
	struct action action[ACTIONS_MAX];
	struct view view[END_COUNT][VIEWS];
	struct sim_event next_call, accident, mend;
	unsigned placed, records, refusals, connected, causes[128];
	bool quiet; /* no more accidents */
};

static void act(void *arg);

static void later_at(struct walk *w, enum end end, unsigned call, unsigned ms, const char *words)
{
	struct action *a = w->action;

	while (a < w->action + ACTIONS_MAX && a->due.pending)
		a++;
	if (a == w->action + ACTIONS_MAX)
		sim_fail("seed %llu: too many actions", (unsigned long long)w->conf->seed);
	a->walk = w;
	a->end = end;
	a->call = call;
	snprintf(a->words, sizeof(a->words), "%s", words);
	sim_at(&a->due, sim_now_ms() + ms, act, a);
}

static void later(struct walk *w, enum end end, unsigned call, unsigned most_ms, const char *words)
{
	later_at(w, end, call, sim_random(most_ms + 1), words);
}

/* A SIP dialog is kept for what may still come, long after any call is over. */
static struct view *view_of(struct walk *w, enum end end, unsigned call)
{
	struct view *v = &w->view[end][call % VIEWS];

	if (v->call != call) {
		*v = (struct view){.call = call};
		if (end == END_SIP || end == END_PX)
			later_at(w, end, call, FORGET_MS, "forget");
	}
	return v;
}

static struct far *far_of(struct walk *w, enum end end)
{
	return end == END_PBX ? w->rig->pbx : w->rig->co;
}

static struct peer *peer_of(struct walk *w, enum end end)
{
	return end == END_SIP ? w->rig->sip : w->rig->px;
}

static unsigned talk_ms(void)
{
	return sim_random(3) == 0 ? 200 : 40000;
}

/* --- telephones on a PBX --- */

static void far_act(struct walk *w, const struct action *a)
{
	struct far *f = far_of(w, a->end);
	struct view *v = view_of(w, a->end, a->call);

	/* libpri refuses what the call's state does not allow any more */
	if (v->over || !far_call_alive(f, a->call) || (v->giving_up && a->words[0] != 'D'))
		return;
	v->giving_up = a->words[0] == 'D';
	far_do(f, a->call, a->words);
}

/* Q.932: some hold, and take back on any channel; some hang up meanwhile. */
static void extension_talks(struct walk *w, enum end end, unsigned call)
{
	if (!w->conf->transfers || sim_random(3) != 0)
		return;
	unsigned at = sim_random(20000);
	later_at(w, end, call, at, sim_random(3) ? "HOLD" : "NOTIFY notice=0");
	if (sim_random(3) != 0)
		later_at(w, end, call, at + sim_random(5000),
			 sim_random(6) ? "RETRIEVE" : "NOTIFY notice=1");
}

static void extension_rings(struct walk *w, enum end end, unsigned call)
{
	static const char *const refusals[] = {"DISCONNECT cause=17", "DISCONNECT cause=1",
					       "DISCONNECT cause=21", "DISCONNECT cause=27"};

	far_do(far_of(w, end), call, "CALL-PROCEEDING");
	switch (sim_random(8)) {
	case 0: later(w, end, call, 3000, refusals[sim_random(4)]); break;
	case 1: later(w, end, call, 3000, "CONNECT"); break;
	case 2: break; /* says nothing more: T310 */
	case 3:
		later(w, end, call, 500, "PROGRESS pi=8");
		later(w, end, call, 9000, refusals[sim_random(4)]);
		break;
	case 4:
		later(w, end, call, 500, "ALERTING");
		later(w, end, call, 60000, refusals[sim_random(4)]);
		break;
	default:
		far_do(far_of(w, end), call, sim_random(2) ? "ALERTING" : "ALERTING pi=8");
		later(w, end, call, 8000, "CONNECT");
		break;
	}
	/* and hangs up some time, before or after the other side */
	later(w, end, call, 8000 + talk_ms() + 60000 * (sim_random(2)), "DISCONNECT cause=16");
}

static void on_far_message(struct walk *w, enum end end, unsigned call, const char *words)
{
	if (call == 0)
		return;
	struct view *v = view_of(w, end, call);
	if (words_match("SETUP-ACK", words) && v->ours) {
		/* some dial on, some slower than T302, some never */
		later(w, end, call, 9000, "INFORMATION called=2");
		later(w, end, call, 18000, "INFORMATION called=34");
		if (sim_random(3) == 0)
			later(w, end, call, 20000, "INFORMATION called=#");
	} else if (words_match("SETUP", words) && !v->provisional) {
		v->provisional = true;
		later(w, end, call, 300, "ring");
	} else if (words_match("CONNECT", words)) {
		later(w, end, call, talk_ms(), "DISCONNECT cause=16");
		extension_talks(w, end, call);
	} else if (words_match("CONNECT-ACK", words)) {
		extension_talks(w, end, call);
	}
}

static void on_pbx_message(void *arg, unsigned call, const char *words)
{
	on_far_message(arg, END_PBX, call, words);
}

static void on_co_message(void *arg, unsigned call, const char *words)
{
	on_far_message(arg, END_CO, call, words);
}

/* --- SIP phones --- */

static void say(struct walk *w, enum end end, struct view *v, const char *words)
{
	if (words[0] >= '1' && words[0] <= '6' && !words_have(words, "BYE") &&
	    !words_have(words, "CANCEL") && !words_have(words, "PRACK") &&
	    !words_have(words, "UPDATE") && !words_have(words, "NOTIFY"))
		snprintf(v->last, sizeof(v->last), "%s", words);
	peer_do(peer_of(w, end), v->call, words);
}

static void peer_act(struct walk *w, const struct action *a)
{
	struct view *v = view_of(w, a->end, a->call);
	bool status = a->words[0] >= '1' && a->words[0] <= '6';

	if (strcmp(a->words, "forget") == 0) {
		peer_forget(peer_of(w, a->end), a->call);
		return;
	}
	if (v->over || (status && v->final))
		return;
	if (strcmp(a->words, "hang up") == 0) {
		if (v->answered)
			say(w, a->end, v, "BYE");
		else if (v->ours && v->provisional && !v->final)
			say(w, a->end, v, "CANCEL");
		else if (!v->ours && !v->final)
			say(w, a->end, v, "480");
		v->final |= !v->ours;
		v->over |= v->answered;
		return;
	}
	bool talks = words_match("INVITE", a->words) || words_match("UPDATE", a->words) ||
		     words_match("REFER", a->words);
	if (talks && !v->answered)
		return;
	if (status && a->words[0] >= '2')
		v->final = true;
	say(w, a->end, v, a->words);
}

/* To anybody, or to whoever the phone has another call with. */
static void phone_transfers(struct walk *w, enum end end, const struct view *v)
{
	static const char *const numbers[] = {"7101", "8012", "9012", "7234", "666"};
	char words[64];

	if (!w->conf->transfers || end != END_SIP || sim_random(3) != 0)
		return;
	snprintf(words, sizeof(words), "REFER refer=%s%s", numbers[sim_random(5)],
		 sim_random(4) ? "" : " nosub");
	if (v->call > 1 && sim_random(2) == 0)
		snprintf(words + strlen(words), sizeof(words) - strlen(words), " replaces=%u",
			 v->call - 1 - sim_random(v->call < 4 ? v->call - 1 : 3));
	later(w, end, v->call, 30000, words);
	if (sim_random(3) == 0)
		later(w, end, v->call, 31000, words);
}

static void phone_rings(struct walk *w, enum end end, struct view *v)
{
	static const char *const refusals[] = {"486", "404", "480", "603", "503", "302", "500"};

	v->provisional = true;
	if (w->conf->in_parts && sim_random(3) == 0) {
		later(w, end, v->call, 500, "484");
		return;
	}
	switch (sim_random(8)) {
	case 0:
		say(w, end, v, "100");
		later(w, end, v->call, 3000, refusals[sim_random(7)]);
		break;
	case 1: later(w, end, v->call, 4000, "200 sdp"); break;
	case 2: break;                        /* says nothing at all: timer B */
	case 3: say(w, end, v, "100"); break; /* and then nothing */
	case 4:
		say(w, end, v, "183 sdp");
		later(w, end, v->call, 9000, refusals[sim_random(7)]);
		break;
	default:
		say(w, end, v, sim_random(2) ? "180 allow=UPDATE require=100rel rseq=1" : "100");
		later(w, end, v->call, 500, "180");
		later(w, end, v->call, 9000, "200 sdp");
		break;
	}
	later(w, end, v->call, 9000 + talk_ms() + 60000 * sim_random(2), "hang up");
}

static void on_phone_invited(struct walk *w, enum end end, struct view *v, const char *words)
{
	if (words_have(words, "indialog") && v->over)
		say(w, end, v, "481");
	else if (words_have(words, "indialog") && w->conf->transfers && sim_random(8) == 0)
		say(w, end, v, sim_random(2) ? "491" : "488");
	else if (words_have(words, "indialog"))
		say(w, end, v, sim_random(4) ? "200 sdp" : "200 sdp dir=inactive");
	else if (!v->provisional)
		phone_rings(w, end, v);
	else if (v->last[0] != '\0')
		say(w, end, v, v->last);
}

static void on_phone_answered(struct walk *w, enum end end, struct view *v, bool good)
{
	bool first = !v->final;

	say(w, end, v, "ACK");
	v->final = true;
	if (!first)
		return;
	if (!good) {
		v->over = true;
		return;
	}
	v->answered = true;
	later(w, end, v->call, talk_ms(), "hang up");
	if (sim_random(4) == 0)
		later(w, end, v->call, 20000, "INVITE dir=sendonly");
	if (sim_random(4) == 0)
		later(w, end, v->call, 20000, "UPDATE sdp codec=8");
	phone_transfers(w, end, v);
}

static void on_peer_message(struct walk *w, enum end end, unsigned call, const char *words)
{
	if (call == 0)
		return;
	struct view *v = view_of(w, end, call);
	if (words_match("INVITE", words)) {
		on_phone_invited(w, end, v, words);
	} else if (words_match("ACK", words)) {
		if (!v->answered && words_match("200", v->last)) {
			v->answered = true;
			phone_transfers(w, end, v);
		}
	} else if (words_match("CANCEL", words)) {
		say(w, end, v, "200 CANCEL");
		if (!v->final)
			say(w, end, v, "487");
		v->final = true;
	} else if (words_match("NOTIFY", words)) {
		if (sim_random(8) != 0) /* else it must come again */
			say(w, end, v, v->over ? "481 NOTIFY" : "200 NOTIFY");
	} else if (words_match("BYE", words)) {
		say(w, end, v, "200 BYE");
		v->over = true;
	} else if (words_match("PRACK", words)) {
		say(w, end, v, "200 PRACK");
	} else if (words_match("UPDATE", words)) {
		say(w, end, v, "200 UPDATE");
	} else if (words_have(words, "INVITE") && words[0] == '1') {
		v->provisional = true;
		if (words_have(words, "rel") && sim_random(8) != 0) /* else the next repetition */
			say(w, end, v, v->late_offer ? "PRACK sdp" : "PRACK");
		if (sim_random(6) == 0)
			later(w, end, call, 3000, "hang up");
	} else if (words_have(words, "INVITE")) {
		on_phone_answered(w, end, v, words[0] == '2');
	}
}

static void on_sip_message(void *arg, unsigned call, const char *words)
{
	on_peer_message(arg, END_SIP, call, words);
}

static void on_px_message(void *arg, unsigned call, const char *words)
{
	on_peer_message(arg, END_PX, call, words);
}

static void act(void *arg)
{
	const struct action *a = arg;
	struct walk *w = a->walk;

	if (a->end == END_SIP || a->end == END_PX)
		peer_act(w, a);
	else if (strcmp(a->words, "ring") == 0 && far_call_alive(far_of(w, a->end), a->call))
		extension_rings(w, a->end, a->call);
	else if (strcmp(a->words, "ring") != 0)
		far_act(w, a);
}

/* --- calls begin --- */

static void read_records(struct walk *w)
{
	const struct message *m;
	unsigned none = 999;

	for (; (m = inbox_peek(&w->rig->record)) != NULL; inbox_drop(&w->rig->record)) {
		if (words_match("REFUSED", m->text)) {
			w->refusals++;
			continue;
		}
		w->records++;
		bool routed = words_get_number(m->text, "to_cause", none) != 0 ||
			      words_have(m->text, "target=-") ||
			      strstr(m->text, "alert_ms=-1") != NULL;
		if (words_get_number(m->text, "cause", 0) == 0 ||
		    words_get_number(m->text, "from_cause", 0) == 0 || !routed)
			sim_fail("seed %llu: a record without causes: %s",
				 (unsigned long long)w->conf->seed, m->text);
		w->connected += !words_have(m->text, "answer_ms=-1");
		w->causes[words_get_number(m->text, "cause", 0) % 128]++;
	}
	inbox_clear(far_inbox(w->rig->pbx));
	inbox_clear(far_inbox(w->rig->co));
	inbox_clear(peer_inbox(w->rig->sip));
	inbox_clear(peer_inbox(w->rig->px));
}

static void place_call(void *arg)
{
	static const char *const numbers[] = {"7101", "8012", "9012", "7234", "5555", "666"};
	struct walk *w = arg;
	enum end from = sim_random(END_COUNT);
	const char *to = numbers[sim_random(20) == 0 ? 4 + sim_random(2) : sim_random(4)];
	char words[96];

	read_records(w);
	if (from == END_SIP || from == END_PX) {
		struct peer *p = peer_of(w, from);
		unsigned call = peer_next_call(p);
		struct view *v = view_of(w, from, call);
		v->ours = true;
		v->late_offer = sim_random(8) == 0;
		snprintf(words, sizeof(words), "INVITE to=%s from=7299%s%s", to,
			 v->late_offer ? " nosdp" : "",
			 sim_random(2) ? " supported=100rel,timer allow=UPDATE" : "");
		peer_do(p, call, words);
		later(w, from, call, 120000, "hang up");
	} else if (far_up(far_of(w, from)) && far_calls(far_of(w, from)) < 23) {
		struct far *f = far_of(w, from);
		unsigned call = far_next_call(f);
		view_of(w, from, call)->ours = true;
		bool part = w->conf->in_parts && from == END_PBX && sim_random(2) == 0;
		snprintf(words, sizeof(words), "SETUP called=%.*s calling=7199%s", part ? 1 : 4, to,
			 part ? " part" : "");
		far_do(f, call, words);
		later(w, from, call, 120000, "DISCONNECT cause=16");
	}
	if (++w->placed < w->conf->calls)
		sim_at(&w->next_call, sim_now_ms() + sim_random(w->conf->pause_ms + 1), place_call,
		       w);
}

/* --- accidents --- */

static void mend(void *arg)
{
	struct walk *w = arg;

	dchan_cut(far_dchan(w->rig->pbx), false);
	dchan_cut(far_dchan(w->rig->co), false);
	sim_worker_alarms("t1", 0);
	sim_worker_alarms("t2", 0);
}

static void order(struct walk *w, json_t *(*command)(struct gateway *g, const char *args),
		  const char *words)
{
	sim_note("operator: %s", words);
	json_decref(command(w->rig->gateway, words));
}

/* Channels of both trunks out of service, back in, restarted; whole trunks drained. */
static void order_something(struct walk *w)
{
	static const char *const verbs[] = {"out", "drain", "maintenance", "in", "in", "restart"};
	static const char *const trunk_verbs[] = {"drain", "undrain", "undrain", "restart"};
	const char *trunk = sim_random(2) ? "pbx" : "co";
	char words[64];

	if (sim_random(4) == 0) {
		snprintf(words, sizeof(words), "%s %s", trunk, trunk_verbs[sim_random(4)]);
		order(w, maintain_trunk, words);
		return;
	}
	snprintf(words, sizeof(words), "%s/%u %s", trunk, 1 + sim_random(23), verbs[sim_random(6)]);
	order(w, maintain_channel, words);
}

static void take_orders_back(struct walk *w)
{
	char words[64];

	for (unsigned i = 0; i < 46; i++) {
		snprintf(words, sizeof(words), "%s/%u in", i < 23 ? "pbx" : "co", i % 23 + 1);
		order(w, maintain_channel, words);
	}
	order(w, maintain_trunk, "pbx undrain");
	order(w, maintain_trunk, "co undrain");
}

static void accident(void *arg)
{
	struct walk *w = arg;
	struct far *f = sim_random(2) ? w->rig->pbx : w->rig->co;
	char words[32];

	if (w->quiet)
		return;
	switch (sim_random(8)) {
	case 0:
		dchan_cut(far_dchan(f), true);
		sim_at(&w->mend, sim_now_ms() + sim_random(120000), mend, w);
		break;
	case 1:
		sim_worker_alarms(f == w->rig->pbx ? "t1" : "t2", 1);
		sim_at(&w->mend, sim_now_ms() + sim_random(20000), mend, w);
		break;
	case 2:
		snprintf(words, sizeof(words), "RESTART ch=%u", 1 + sim_random(23));
		if (far_up(f))
			far_do(f, 0, words);
		break;
	case 3:
		if (sim_worker_path_text()[0] != '\0' &&
		    strstr(sim_worker_path_text(), "rtp") != NULL)
			sim_worker_no_rtp(true);
		break;
	case 4: sim_worker_refuse_opens(1 + sim_random(3)); break;
	default: order_something(w); break;
	}
	sim_at(&w->accident, sim_now_ms() + sim_random(200000), accident, w);
}

/* --- the whole --- */

static bool all_over(void *arg)
{
	struct walk *w = arg;

	return w->placed == w->conf->calls && gateway_is_idle(w->rig->gateway) &&
	       far_calls(w->rig->pbx) == 0 && far_calls(w->rig->co) == 0 &&
	       sim_worker_open_paths() == 0;
}

static void set_lines(struct walk *w, unsigned loss, unsigned delay)
{
	struct dchan *d[2] = {far_dchan(w->rig->pbx), far_dchan(w->rig->co)};

	for (int i = 0; i < 2; i++) {
		dchan_set_loss(d[i], loss);
		dchan_set_delay(d[i], DCHAN_TO_FAR, 1 + sim_random(delay + 1));
		dchan_set_delay(d[i], DCHAN_TO_GATEWAY, 1 + sim_random(delay + 1));
	}
}

static void set_listening(struct walk *w, bool on)
{
	far_set_message_fn(w->rig->pbx, on ? on_pbx_message : NULL, w);
	far_set_message_fn(w->rig->co, on ? on_co_message : NULL, w);
	peer_set_message_fn(w->rig->sip, on ? on_sip_message : NULL, w);
	peer_set_message_fn(w->rig->px, on ? on_px_message : NULL, w);
}

static bool all_placed(void *arg)
{
	struct walk *w = arg;

	return w->placed == w->conf->calls;
}

static void report(const struct walk *w)
{
	printf("seed %llu: %u calls placed, %u begun, %u connected, %u refused before; causes:",
	       (unsigned long long)w->conf->seed, w->placed, w->records, w->connected, w->refusals);
	for (unsigned i = 0; i < 128; i++)
		if (w->causes[i] != 0)
			printf(" %u x %u,", w->causes[i], i);
	printf("\n");
	/* a walk in which hardly anybody talks tests little */
	if (w->connected * 10 < w->records)
		sim_fail("seed %llu: only %u of %u calls were answered",
			 (unsigned long long)w->conf->seed, w->connected, w->records);
}

void walk_run(struct rig *r, const struct walk_conf *conf)
{
	struct walk *w = calloc(1, sizeof(*w));

	if (w == NULL)
		abort();
	w->conf = conf;
	w->rig = r;
	sim_seed(conf->seed);
	set_lines(w, conf->frame_loss_percent, conf->dchan_delay_ms);
	peer_set_loss(r->sip, conf->lost_datagrams);
	peer_set_loss(r->px, conf->lost_datagrams);
	set_listening(w, true);
	sim_at(&w->next_call, sim_now_ms(), place_call, w);
	if (conf->accidents)
		sim_at(&w->accident, sim_now_ms() + 60000, accident, w);
	sim_run(sim_now_ms() + (uint64_t)conf->calls * (conf->pause_ms + 1) + 1000, all_placed, w);
	w->quiet = true;
	sim_run(sim_now_ms() + 200000, NULL, NULL);
	mend(w);
	sim_worker_refuse_opens(0);
	if (conf->accidents)
		take_orders_back(w);
	if (!sim_run(sim_now_ms() + IDLE_MS, all_over, w))
		sim_fail("seed %llu: left over: %u calls of the gateway, %u of pbx, %u of co, %u "
			 "paths",
			 (unsigned long long)conf->seed, gateway_call_count(r->gateway),
			 far_calls(r->pbx), far_calls(r->co), sim_worker_open_paths());
	sim_run(sim_now_ms() + 130000, NULL, NULL);
	read_records(w);
	if (r->begun != w->records)
		sim_fail("seed %llu: %u calls, %u records", (unsigned long long)conf->seed,
			 r->begun, w->records);
	set_listening(w, false);
	for (unsigned i = 0; i < ACTIONS_MAX; i++)
		sim_cancel(&w->action[i].due);
	sim_cancel(&w->accident);
	report(w);
	free(w);
}
