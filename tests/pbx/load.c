#include "tests/pbx/load.h"

#include "tests/pbx/report.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Times are counted in steps of 0.1 ms up to 10 s, so that percentiles of any number of calls take
 * the same room. */
enum { STEP_US = 100, STEPS = 100000, RETRY_MS = 2 };

struct histogram {
	uint64_t count;
	uint32_t step[STEPS + 1]; /* the last: longer */
};

struct load {
	struct pbx *pbx;
	struct load_conf conf;
	struct timer timer;
	uint64_t start_us, last_release_us;
	unsigned placed, live, answered, refused;
	unsigned most_live;
	uint64_t waited; /* times a call was due and there was no channel */
	uint64_t cause[128];
	bool stopped, told;
	struct histogram to_proceeding, to_connect, to_release;
};

static void histogram_put(struct histogram *h, uint64_t from_us, uint64_t to_us)
{
	uint64_t step = to_us > from_us ? (to_us - from_us) / STEP_US : 0;

	h->count++;
	h->step[step < STEPS ? step : STEPS]++;
}

static double histogram_ms(const struct histogram *h, double part)
{
	uint64_t sum = 0, wanted = (uint64_t)((double)h->count * part);

	for (unsigned i = 0; i <= STEPS; i++) {
		sum += h->step[i];
		if (sum > wanted || sum == h->count)
			return (i + 0.5) * STEP_US / 1000.0;
	}
	return 0;
}

static json_t *histogram_report(const struct histogram *h)
{
	if (h->count == 0)
		return json_null();
	return json_pack("{s:I, s:o, s:o, s:o, s:o}", "count", (json_int_t)h->count, "p50_ms",
			 report_real(histogram_ms(h, 0.5), 2), "p95_ms",
			 report_real(histogram_ms(h, 0.95), 2), "p99_ms",
			 report_real(histogram_ms(h, 0.99), 2), "max_ms",
			 report_real(histogram_ms(h, 1), 2));
}

json_t *load_report(const struct load *l)
{
	json_t *j = json_object(), *causes = json_object();
	double seconds = (double)(pbx_now_us() - l->start_us) / 1e6;

	if (l->live == 0 && l->last_release_us != 0)
		seconds = (double)(l->last_release_us - l->start_us) / 1e6;
	json_object_set_new(j, "placed", json_integer(l->placed));
	json_object_set_new(j, "live", json_integer(l->live));
	json_object_set_new(j, "most_live", json_integer(l->most_live));
	json_object_set_new(j, "answered", json_integer(l->answered));
	json_object_set_new(j, "failed", json_integer(l->refused));
	json_object_set_new(j, "waited", json_integer((json_int_t)l->waited));
	json_object_set_new(j, "seconds", report_real(seconds, 3));
	json_object_set_new(j, "rate", report_real(seconds > 0 ? l->placed / seconds : 0, 2));
	for (unsigned i = 0; i < 128; i++) {
		char name[8];
		if (l->cause[i] == 0)
			continue;
		snprintf(name, sizeof name, "%u", i);
		json_object_set_new(causes, name, json_integer((json_int_t)l->cause[i]));
	}
	json_object_set_new(j, "causes", causes);
	json_object_set_new(j, "setup_to_proceeding", histogram_report(&l->to_proceeding));
	json_object_set_new(j, "setup_to_connect", histogram_report(&l->to_connect));
	json_object_set_new(j, "clearing_to_released", histogram_report(&l->to_release));
	return j;
}

static bool finished(const struct load *l)
{
	return l->live == 0 && (l->stopped || l->placed == l->conf.count);
}

static void tell_if_finished(struct load *l)
{
	if (!finished(l) || l->told)
		return;
	l->told = true;
	json_t *j = load_report(l);
	json_object_set_new(j, "event", json_string("load-done"));
	report_emit(l->pbx, j);
}

static void caller_of(char out[ISUP_DIGITS_MAX], const struct load *l)
{
	unsigned long long first = strtoull(l->conf.from, NULL, 10);

	snprintf(out, ISUP_DIGITS_MAX, "%0*llu", (int)strlen(l->conf.from),
		 first + l->placed % l->conf.from_count);
}

/* 0 = placed. */
static int place(struct load *l)
{
	char caller[ISUP_DIGITS_MAX];
	struct pbx_call *c;
	const char *why;
	struct pbx_dial dial = {.number = l->conf.number, .caller = caller, .load = l};
	struct pbx *p = l->pbx;
	int rc = -EBUSY;

	dial.hangup_s = l->conf.hold_ms / 1000.0;
	caller_of(caller, l);
	for (unsigned i = 0; i < p->span_count && rc < 0; i++) {
		dial.span = l->conf.span[0] != '\0' ? pbx_span_find(p, l->conf.span)
						    : &p->span[(l->placed + i) % p->span_count];
		rc = pbx_call_dial(&c, p, NULL, &dial, &why);
	}
	if (rc < 0)
		return rc;
	l->placed++;
	l->live++;
	if (l->live > l->most_live)
		l->most_live = l->live;
	return 0;
}

static void on_due(void *arg)
{
	struct load *l = arg;
	double elapsed = (double)(pbx_now_us() - l->start_us) / 1e6;

	while (!l->stopped && l->placed < l->conf.count) {
		bool due = l->conf.rate == 0 || l->placed <= elapsed * l->conf.rate;
		if (!due)
			break;
		if (l->live >= l->conf.most || place(l) < 0) {
			l->waited++;
			break;
		}
	}
	if (!l->stopped && l->placed < l->conf.count)
		timer_start(l->pbx->loop, &l->timer, RETRY_MS, on_due, l);
	tell_if_finished(l);
}

int load_start(struct pbx *p, const struct load_conf *conf)
{
	if (p->load != NULL && !finished(p->load))
		return -EBUSY;
	load_free(p);
	struct load *l = calloc(1, sizeof *l);
	if (l == NULL)
		return -ENOMEM;
	l->pbx = p;
	l->conf = *conf;
	l->start_us = pbx_now_us();
	p->load = l;
	timer_start(p->loop, &l->timer, 0, on_due, l);
	return 0;
}

void load_stop(struct pbx *p)
{
	if (p->load == NULL)
		return;
	p->load->stopped = true;
	timer_stop(&p->load->timer);
	tell_if_finished(p->load);
}

void load_free(struct pbx *p)
{
	if (p->load == NULL)
		return;
	timer_stop(&p->load->timer);
	free(p->load);
	p->load = NULL;
}

void load_answered(struct pbx_call *c)
{
	c->load->answered++;
	histogram_put(&c->load->to_connect, c->at_us[PBX_SETUP], c->at_us[PBX_CONNECT]);
}

void load_released(struct pbx_call *c)
{
	struct load *l = c->load;

	l->live--;
	if (!c->answered)
		l->refused++;
	if (c->cause > 0 && c->cause < 128)
		l->cause[c->cause]++;
	l->last_release_us = c->at_us[PBX_RELEASED];
	if (c->at_us[PBX_PROCEEDING] != 0)
		histogram_put(&l->to_proceeding, c->at_us[PBX_SETUP], c->at_us[PBX_PROCEEDING]);
	if (c->at_us[PBX_CLEARING] != 0)
		histogram_put(&l->to_release, c->at_us[PBX_CLEARING], c->at_us[PBX_RELEASED]);
	tell_if_finished(l);
	/* As fast as channels come free: the next at once, not at the next look. */
	if (l->conf.rate == 0 && !l->stopped && l->placed < l->conf.count)
		timer_start(l->pbx->loop, &l->timer, 0, on_due, l);
}
