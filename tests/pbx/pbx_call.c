#include "tests/pbx/pbx.h"

#include "tests/pbx/purpose.h"
#include "tests/pbx/report.h"

#include "isup/cause.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

struct signal_conf pbx_phone_signal(const struct pbx_phone *phone, const struct signal_conf *conf)
{
	struct signal_conf own = *conf;

	if (own.kind == SIGNAL_TONE && own.hz == 0)
		own.hz = signal_own_hz(phone->index);
	return own;
}

static bool is_quiet(const struct pbx_call *c)
{
	return c->load != NULL || (c->phone != NULL && c->phone->conf.quiet);
}

static void stamp(struct pbx_call *c, enum pbx_time what)
{
	if (c->at_us[what] == 0)
		c->at_us[what] = pbx_now_us();
}

static void say(const struct pbx_call *c, const char *name)
{
	if (!is_quiet(c))
		report_emit(c->pbx, report_event(c, name));
}

static void say_connected(const struct pbx_call *c, const char *name)
{
	if (is_quiet(c))
		return;
	json_t *j = report_event(c, name);
	if (c->connected_known)
		json_object_set_new(j, "connected", report_party(&c->connected));
	report_emit(c->pbx, j);
}

/* --- audio --- */

/* %c = call, %n = number */
static void record_name(char *out, size_t size, const struct pbx_call *c)
{
	FILE *f = fmemopen(out, size, "w");

	if (f == NULL)
		return;
	for (const char *p = c->phone->conf.record; *p != '\0'; p++) {
		if (*p == '%' && p[1] == 'c')
			fprintf(f, "%u", c->id);
		else if (*p == '%' && p[1] == 'n')
			fputs(c->phone->conf.number, f);
		else
			fputc(*p, f);
		if (*p == '%' && (p[1] == 'c' || p[1] == 'n'))
			p++;
	}
	fclose(f);
	out[size - 1] = '\0';
}

static int audio_make(struct pbx_call *c, const char **why)
{
	const struct phone_conf *phone = &c->phone->conf;
	char record[300];
	struct audio_conf conf = {
		.play = pbx_phone_signal(c->phone, &phone->play),
		.ringback = !c->outgoing && phone->ringback,
		.number = phone->number,
		.hybrid = phone->echoes ? &phone->hybrid : NULL,
		.marker_listen = phone->marker_listen || phone->play.kind == SIGNAL_MARKER,
		.bert = phone->bert ? &phone->bert_pattern : NULL,
	};

	if (phone->record[0] != '\0') {
		record_name(record, sizeof record, c);
		conf.record = record;
	}
	return audio_new(&c->audio, &conf, why);
}

static void audio_detach(struct pbx_call *c)
{
	for (unsigned slot = 1; slot <= TDM_SLOTS; slot++) {
		if (c->span->slot[slot] == c)
			c->span->slot[slot] = NULL;
	}
}

/* The channel is known: from now on the phone's ear is on it. */
static void slot_known(struct pbx_call *c, unsigned slot)
{
	if (slot == 0)
		return;
	struct pbx_span *s = pbx_span_of_slot(c->span, slot);
	if (s == c->span && isup_slot_number(slot) == c->slot)
		return;
	audio_detach(c);
	c->span = s;
	c->slot = isup_slot_number(slot);
	if (c->audio != NULL)
		s->slot[c->slot] = c;
}

void pbx_call_marker(struct pbx_call *c, const struct audio_marker *m, bool sent)
{
	json_t *j = report_event(c, "marker");

	json_object_set_new(j, "dir", json_string(sent ? "sent" : "heard"));
	json_object_set_new(j, "sample", json_integer((json_int_t)m->sample));
	json_object_set_new(j, "mono_us", json_integer((json_int_t)m->mono_us));
	report_emit(c->pbx, j);
}

/* --- birth and death --- */

static void phone_take(struct pbx_call *c, struct pbx_phone *phone)
{
	c->phone = phone;
	phone->calls++;
	c->hangs_up = phone->conf.hangs_up;
	c->hangup_ms = phone->conf.hangup_ms;
}

static struct pbx_call *call_new(struct pbx_span *s, struct pbx_phone *phone, bool outgoing)
{
	struct pbx_call *c = calloc(1, sizeof *c);

	if (c == NULL)
		return NULL;
	c->pbx = s->pbx;
	c->id = ++s->pbx->last_id;
	c->span = s;
	c->outgoing = outgoing;
	if (phone != NULL)
		phone_take(c, phone);
	DL_APPEND(s->pbx->calls, c);
	s->pbx->call_count++;
	return c;
}

void pbx_call_free(struct pbx_call *c)
{
	timer_stop(&c->ring);
	timer_stop(&c->answer);
	timer_stop(&c->hangup);
	timer_stop(&c->dtmf);
	timer_stop(&c->dial);
	audio_detach(c);
	audio_free(c->audio);
	if (c->phone != NULL)
		c->phone->calls--;
	DL_DELETE(c->pbx->calls, c);
	c->pbx->call_count--;
	free(c);
}

void pbx_call_clear(struct pbx_call *c, int cause)
{
	if (c->at_us[PBX_CLEARING] != 0)
		return;
	stamp(c, PBX_CLEARING);
	timer_stop(&c->ring);
	timer_stop(&c->answer);
	timer_stop(&c->hangup);
	timer_stop(&c->dial);
	c->near_cleared = true;
	c->cause = cause;
	isup_call_clear(c->isup, cause);
}

/* --- what a phone does in time --- */

static void on_hangup(void *arg)
{
	pbx_call_clear(arg, Q850_NORMAL_CLEARING);
}

static void on_dtmf(void *arg)
{
	struct pbx_call *c = arg;
	const struct phone_conf *phone = &c->phone->conf;

	audio_dtmf(c->audio, phone->dtmf[c->dtmf_next++].digits);
	if (c->dtmf_next < phone->dtmf_count)
		timer_start(c->pbx->loop, &c->dtmf,
			    phone->dtmf[c->dtmf_next].after_ms -
				    phone->dtmf[c->dtmf_next - 1].after_ms,
			    on_dtmf, c);
}

static void answered(struct pbx_call *c)
{
	stamp(c, PBX_CONNECT);
	c->answered = true;
	if (c->hangs_up)
		timer_start(c->pbx->loop, &c->hangup, c->hangup_ms, on_hangup, c);
	if (c->load != NULL) {
		load_answered(c);
		return;
	}
	const struct phone_conf *phone = &c->phone->conf;
	if (c->audio != NULL) {
		audio_answered(c->audio);
		if (phone->dtmf_count > 0)
			timer_start(c->pbx->loop, &c->dtmf, phone->dtmf[0].after_ms, on_dtmf, c);
	}
	say_connected(c, "connect");
}

void pbx_call_answer(struct pbx_call *c)
{
	if (c->outgoing || c->answered || c->at_us[PBX_CLEARING] != 0)
		return;
	timer_stop(&c->ring);
	timer_stop(&c->answer);
	if (c->phone != NULL && c->phone->conf.connected[0] != '\0') {
		struct isup_party connected = {.plan = 1};
		memcpy(connected.digits, c->phone->conf.connected, sizeof connected.digits);
		isup_call_connected(c->isup, &connected);
	}
	isup_call_answer(c->isup);
	c->pbx->totals.in_answered++;
	answered(c);
}

static void on_answer(void *arg)
{
	pbx_call_answer(arg);
}

static void on_ring(void *arg)
{
	struct pbx_call *c = arg;

	stamp(c, PBX_ALERTING);
	isup_call_alerting(c->isup, c->phone->conf.ringback);
	say(c, "alerting");
}

/* --- incoming --- */

static int refusal(const struct pbx_phone *phone)
{
	if (phone == NULL)
		return Q850_UNALLOCATED;
	if (phone->conf.reply == PHONE_REFUSE)
		return phone->conf.cause;
	return phone->calls >= phone->conf.lines ? Q850_USER_BUSY : 0;
}

static void setup_say(const struct pbx_call *c, const struct isup_event *ev)
{
	if (is_quiet(c))
		return;
	json_t *j = report_event(c, "setup");
	json_object_set_new(j, "caller", report_party(&c->calling));
	json_object_set_new(j, "called", report_party(&c->called));
	json_object_set_new(j, "redirecting", report_redirecting(&c->redirecting));
	json_object_set_new(j, "complete", json_boolean(ev->complete));
	purpose_report(j, ev->purpose);
	report_emit(c->pbx, j);
}

static bool begins_a_number(const struct pbx *p, const char *digits)
{
	for (unsigned i = 0; i < p->phone_count; i++)
		if (strncmp(p->phone[i].conf.number, digits, strlen(digits)) == 0)
			return true;
	return false;
}

/* SETUP, or more of a number that came in parts. */
static void number_came(struct pbx_call *c, const struct isup_event *ev)
{
	struct pbx_span *s = c->span;
	struct pbx_phone *phone = pbx_phone_find(s->pbx, ev->called.digits);
	const char *why;

	c->called = ev->called;
	if (phone == NULL && !ev->complete && begins_a_number(s->pbx, ev->called.digits) &&
	    isup_call_more(c->isup, false))
		return;
	int cause = refusal(phone);
	if (phone != NULL)
		phone_take(c, phone);
	if (cause == 0 && !phone->conf.quiet && audio_make(c, &why) < 0) {
		fprintf(stderr, "phone %s: %s\n", phone->conf.number, why);
		cause = Q850_TEMPORARY_FAILURE;
	}
	slot_known(c, ev->slot);
	setup_say(c, ev);
	if (cause != 0) {
		s->pbx->totals.in_refused++;
		pbx_call_clear(c, cause);
		return;
	}
	stamp(c, PBX_PROCEEDING);
	isup_call_proceeding(c->isup);
	const struct phone_conf *conf = &phone->conf;
	if (conf->alert_ms == 0)
		on_ring(c);
	else
		timer_start(s->pbx->loop, &c->ring, conf->alert_ms, on_ring, c);
	if (conf->reply == PHONE_ANSWER)
		timer_start(s->pbx->loop, &c->answer, conf->answer_ms, on_answer, c);
}

static void incoming(struct pbx_span *s, const struct isup_event *ev)
{
	s->pbx->totals.in++;
	struct pbx_call *c = s->pbx->quitting ? NULL : call_new(s, NULL, false);
	if (c == NULL) {
		isup_call_clear(ev->call, Q850_TEMPORARY_FAILURE);
		return;
	}
	c->isup = ev->call;
	c->calling = ev->calling;
	c->redirecting = ev->redirecting;
	isup_call_bind(c->isup, c);
	stamp(c, PBX_SETUP);
	number_came(c, ev);
}

/* --- outgoing --- */

static void caller_fill(struct isup_party *caller, const struct pbx_phone *phone,
			const struct pbx_dial *dial)
{
	const char *digits = dial->caller, *name = dial->caller_name;

	if (phone != NULL) {
		digits = digits != NULL ? digits : phone->conf.number;
		name = name != NULL ? name : phone->conf.name;
		caller->presentation = phone->conf.restricted ? 1 : 0;
	}
	caller->plan = 1;
	snprintf(caller->digits, sizeof(caller->digits), "%s", digits != NULL ? digits : "");
	snprintf(caller->name, sizeof(caller->name), "%s", name != NULL ? name : "");
}

static void on_dial(void *arg)
{
	struct pbx_call *c = arg;
	char digit[2] = {c->undialled[0], '\0'};

	memmove(c->undialled, c->undialled + 1, strlen(c->undialled));
	isup_call_digits(c->isup, digit);
	if (c->undialled[0] != '\0')
		timer_start(c->pbx->loop, &c->dial, c->dial_gap_ms, on_dial, c);
}

int pbx_call_dial(struct pbx_call **out, struct pbx *p, struct pbx_phone *phone,
		  const struct pbx_dial *dial, const char **why)
{
	struct isup_setup setup = {.complete = true};
	struct pbx_span *s = dial->span;

	*out = NULL;
	*why = strerror(ENOMEM);
	if (s == NULL)
		s = pbx_span_find(p, phone != NULL ? phone->conf.span : "");
	struct pbx_call *c = call_new(s, phone, true);
	if (c == NULL)
		return -ENOMEM;
	c->load = dial->load;
	setup.purpose = dial->purpose;
	caller_fill(&setup.calling, phone, dial);
	setup.called.plan = 1;
	strncpy(setup.called.digits, dial->number, sizeof setup.called.digits - 1);
	if (dial->redirecting != NULL) {
		setup.redirecting.count = 1;
		setup.redirecting.reason = dial->reason;
		setup.redirecting.last.plan = 1;
		snprintf(setup.redirecting.last.digits, ISUP_DIGITS_MAX, "%s", dial->redirecting);
	}
	c->calling = setup.calling;
	c->called = setup.called;
	c->redirecting = setup.redirecting;
	if (dial->overlap) {
		memcpy(c->undialled, setup.called.digits, sizeof c->undialled);
		c->dial_gap_ms = (unsigned)(dial->gap_s * 1000 + 0.5);
		setup.called.digits[0] = '\0';
		setup.complete = false;
	}
	int rc = 0;
	if (!is_quiet(c))
		rc = audio_make(c, why);
	if (rc < 0)
		goto fail;
	stamp(c, PBX_SETUP);
	rc = isup_call_start(&c->isup, s->trunk, &setup, c);
	if (rc < 0) {
		*why = rc == -EBUSY      ? "no free channel"
		       : rc == -ENETDOWN ? "the D-channel is down"
					 : strerror(-rc);
		goto fail;
	}
	if (dial->hangup_s >= 0) {
		c->hangup_ms = (unsigned)(dial->hangup_s * 1000 + 0.5);
		c->hangs_up = true;
	}
	if (c->undialled[0] != '\0')
		timer_start(p->loop, &c->dial, c->dial_gap_ms, on_dial, c);
	p->totals.out++;
	slot_known(c, isup_call_slot(c->isup));
	*out = c;
	return 0;
fail:
	/* The load tries again until a channel is free. */
	if (dial->load == NULL)
		p->totals.out_failed++;
	p->last_id--;
	pbx_call_free(c);
	return rc;
}

/* --- events of the trunk --- */

static void progress(struct pbx_call *c, const struct isup_event *ev, enum pbx_time what)
{
	static const char *const names[PBX_TIMES] = {[PBX_PROCEEDING] = "proceeding",
						     [PBX_ALERTING] = "alerting",
						     [PBX_PROGRESS] = "progress"};

	stamp(c, what);
	c->inband |= ev->inband;
	if (is_quiet(c))
		return;
	json_t *j = report_event(c, names[what]);
	json_object_set_new(j, "inband", json_boolean(ev->inband));
	report_emit(c->pbx, j);
}

static void clearing(struct pbx_call *c, const struct isup_event *ev)
{
	if (c->at_us[PBX_CLEARING] == 0) {
		stamp(c, PBX_CLEARING);
		c->cause = ev->cause;
		c->location_user = ev->location_user;
	}
	timer_stop(&c->ring);
	timer_stop(&c->answer);
	timer_stop(&c->hangup);
	if (!is_quiet(c)) {
		json_t *j = report_event(c, "clearing");
		json_object_set_new(j, "cause", json_integer(ev->cause));
		report_emit(c->pbx, j);
	}
	isup_call_clear(c->isup, ev->cause != 0 ? ev->cause : Q850_NORMAL_CLEARING);
}

static void released(struct pbx_call *c, const struct isup_event *ev)
{
	struct pbx *p = c->pbx;

	stamp(c, PBX_RELEASED);
	if (c->cause == 0) {
		c->cause = ev->cause;
		c->location_user = ev->location_user;
	}
	if (c->cause > 0 && c->cause < 128)
		p->totals.cause[c->cause]++;
	if (c->outgoing && !c->answered)
		p->totals.out_failed++;
	if (c->load != NULL)
		load_released(c);
	else if (!is_quiet(c))
		report_emit(p, report_call(c));
	pbx_call_free(c);
	if (p->quitting && p->call_count == 0)
		loop_stop(p->loop);
}

/* On hold a call has no channel; the ear of its phone waits for the next. */
static void hold_changed(struct pbx_call *c, const struct isup_event *ev)
{
	if (ev->slot == 0) {
		audio_detach(c);
		c->slot = 0;
	}
	say(c, isup_call_held(ev->call) ? "held" : "retrieved");
}

void pbx_call_event(struct pbx_span *s, const struct isup_event *ev)
{
	struct pbx_call *c = ev->user;

	if (ev->kind == ISUP_SETUP) {
		incoming(s, ev);
		return;
	}
	if (c == NULL) /* refused before it was bound */
		return;
	slot_known(c, ev->slot);
	switch (ev->kind) {
	case ISUP_DIGITS:
		if (c->at_us[PBX_PROCEEDING] == 0 && c->at_us[PBX_CLEARING] == 0)
			number_came(c, ev);
		break;
	case ISUP_MORE: say(c, "setup-ack"); break;
	case ISUP_PROCEEDING: progress(c, ev, PBX_PROCEEDING); break;
	case ISUP_ALERTING: progress(c, ev, PBX_ALERTING); break;
	case ISUP_PROGRESS: progress(c, ev, PBX_PROGRESS); break;
	case ISUP_CONNECT:
		s->pbx->totals.out_answered++;
		c->connected_known = ev->connected != NULL;
		if (ev->connected != NULL)
			c->connected = *ev->connected;
		answered(c);
		break;
	case ISUP_PARTY:
		c->connected = *ev->connected;
		c->connected_known = true;
		say_connected(c, "party");
		break;
	case ISUP_HOLD: hold_changed(c, ev); break;
	case ISUP_CLEARING: clearing(c, ev); break;
	case ISUP_RELEASED: released(c, ev); break;
	default: break;
	}
}
