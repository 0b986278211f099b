#include "tests/pbx/report.h"

#include "isup/cause.h"
#include "tests/pbx/pcm.h"
#include <math.h>

json_t *report_real(double x, int decimals)
{
	double scale = pow(10, decimals);

	return json_real(round(x * scale) / scale);
}

static json_t *ms_of_samples(double samples)
{
	return report_real(samples * 1000 / PCM_RATE_HZ, 3);
}

static json_t *fault(const struct measure_fault *f)
{
	static const char *const kinds[] = {"gap", "jump", "click", "level"};
	json_t *j = json_object();

	json_object_set_new(j, "kind", json_string(kinds[f->kind]));
	json_object_set_new(j, "at_ms", ms_of_samples((double)f->at));
	if (f->kind == MEASURE_GAP || f->kind == MEASURE_JUMP)
		json_object_set_new(j, "samples", report_real(f->size, 1));
	if (f->kind == MEASURE_LEVEL)
		json_object_set_new(j, "db", report_real(f->size, 1));
	return j;
}

static json_t *stretch(const struct measure_stretch *s)
{
	json_t *j = json_object(), *faults = json_array();

	json_object_set_new(j, "tone_hz", report_real(s->hz, 2));
	if (s->hz2 != 0)
		json_object_set_new(j, "tone2_hz", report_real(s->hz2, 2));
	json_object_set_new(j, "level_dbm0", report_real(s->level_dbm0, 2));
	json_object_set_new(j, "level_min_dbm0", report_real(s->level_min_dbm0, 2));
	json_object_set_new(j, "level_max_dbm0", report_real(s->level_max_dbm0, 2));
	json_object_set_new(j, "snr_db", report_real(s->snr_db, 1));
	json_object_set_new(j, "start_ms", ms_of_samples((double)s->start));
	json_object_set_new(j, "heard_ms", ms_of_samples((double)(s->end - s->start)));
	json_object_set_new(j, "gaps", json_integer(s->gaps));
	json_object_set_new(j, "gap_ms_total", ms_of_samples((double)s->gap_samples));
	json_object_set_new(j, "gap_ms_max", ms_of_samples((double)s->gap_max_samples));
	json_object_set_new(j, "jumps", json_integer(s->jumps));
	json_object_set_new(j, "clicks", json_integer(s->clicks));
	json_object_set_new(j, "level_changes", json_integer(s->level_changes));
	for (unsigned i = 0; i < s->fault_count; i++)
		json_array_append_new(faults, fault(&s->fault[i]));
	json_object_set_new(j, "faults", faults);
	return j;
}

json_t *report_measure(const struct measure *m)
{
	const struct measure_stretch *best = measure_main(m);
	json_t *j = best != NULL ? stretch(best) : json_object();
	json_t *stretches = json_array(), *others = json_array();

	if (best == NULL)
		json_object_set_new(j, "tone_hz", json_null());
	json_object_set_new(j, "listened_ms", ms_of_samples((double)m->samples));
	json_object_set_new(j, "sound_ms", ms_of_samples((double)m->active));
	json_object_set_new(j, "sound_dbm0", report_real(measure_level_dbm0(m), 2));
	for (unsigned i = 0; i < m->stretch_count; i++)
		json_array_append_new(stretches, stretch(&m->stretch[i]));
	json_object_set_new(j, "stretches", stretches);
	if (m->stretches_lost > 0)
		json_object_set_new(j, "stretches_lost", json_integer(m->stretches_lost));
	for (unsigned i = 0; i < m->other_count; i++) {
		json_t *o = json_object();
		json_object_set_new(o, "tone_hz", report_real(m->other[i].hz, 1));
		json_object_set_new(o, "level_dbm0", report_real(m->other[i].level_dbm0, 1));
		json_object_set_new(o, "times", json_integer(m->other[i].windows));
		json_array_append_new(others, o);
	}
	json_object_set_new(j, "others", others);
	return j;
}

json_t *report_party(const struct isup_party *party)
{
	static const char *const shown[] = {"allowed", "restricted", "not available"};
	json_t *j = json_object();

	json_object_set_new(j, "number", json_string(party->digits));
	json_object_set_new(j, "name", json_string_nocheck(party->name));
	json_object_set_new(j, "type", json_integer(party->type_of_number));
	json_object_set_new(j, "plan", json_integer(party->plan));
	json_object_set_new(
		j, "presentation",
		json_string(party->presentation < 3 ? shown[party->presentation] : "?"));
	json_object_set_new(j, "screening", json_integer(party->screening));
	return j;
}

json_t *report_redirecting(const struct isup_redirecting *r)
{
	json_t *j;

	if (r->count == 0)
		return json_null();
	j = report_party(&r->last);
	json_object_set_new(j, "reason", json_integer(r->reason));
	json_object_set_new(j, "count", json_integer(r->count));
	if (r->original.digits[0] != '\0')
		json_object_set_new(j, "original", report_party(&r->original));
	return j;
}

static json_t *ms_since_start(const struct pbx *p, uint64_t us)
{
	return report_real((double)(int64_t)(us - p->start_us) / 1000, 3);
}

static json_t *times(const struct pbx_call *c)
{
	static const char *const names[PBX_TIMES] = {
		"setup", "proceeding", "alerting", "progress", "connect", "clearing", "released"};
	json_t *j = json_object();

	for (unsigned i = 0; i < PBX_TIMES; i++)
		json_object_set_new(j, names[i],
				    c->at_us[i] ? ms_since_start(c->pbx, c->at_us[i])
						: json_null());
	return j;
}

static void audio_add(json_t *j, const struct audio *a)
{
	const struct audio_trip *trip = audio_trip(a);

	json_object_set_new(j, "early", report_measure(audio_early(a)));
	json_t *heard = report_measure(audio_heard(a));
	json_object_set_new(heard, "digits", json_string(audio_digits(a)->heard));
	json_object_set_new(heard, "digits_times", json_integer(audio_digits(a)->patterns));
	json_object_set_new(heard, "digits_changes", json_integer(audio_digits(a)->changes));
	json_object_set_new(heard, "dtmf", json_string(audio_dtmf_heard(a)));
	json_object_set_new(heard, "markers", json_integer(audio_markers_heard(a)));
	if (trip->count > 0) {
		json_t *round = json_object();
		json_object_set_new(round, "count", json_integer(trip->count));
		json_object_set_new(round, "min_ms", ms_of_samples(trip->min));
		json_object_set_new(round, "max_ms", ms_of_samples(trip->max));
		json_object_set_new(round, "mean_ms",
				    ms_of_samples((double)trip->sum / trip->count));
		json_object_set_new(heard, "round_trip", round);
	}
	struct tdm_bert_counts bert;
	if (audio_bert(a, &bert))
		json_object_set_new(heard, "bert",
				    json_pack("{sb, sI, sI, sI}", "sync", bert.sync, "bits",
					      (json_int_t)bert.bits, "errors",
					      (json_int_t)bert.errors, "sync_losses",
					      (json_int_t)bert.sync_losses));
	json_object_set_new(j, "heard", heard);
}

static void identity_add(json_t *j, const struct pbx_call *c)
{
	const char *ext = c->outgoing ? c->calling.digits : c->called.digits;

	json_object_set_new(j, "call", json_integer(c->id));
	json_object_set_new(j, "ext", json_string(c->phone != NULL ? c->phone->conf.number : ext));
	json_object_set_new(j, "direction", json_string(c->outgoing ? "out" : "in"));
	json_object_set_new(j, "span", json_string(c->span->conf.tdm.name));
	json_object_set_new(j, "slot", json_integer(c->slot));
}

json_t *report_call(const struct pbx_call *c)
{
	json_t *j = json_object();

	json_object_set_new(j, "event", json_string("report"));
	identity_add(j, c);
	json_object_set_new(j, "caller", report_party(&c->calling));
	json_object_set_new(j, "called", report_party(&c->called));
	json_object_set_new(j, "redirecting", report_redirecting(&c->redirecting));
	if (c->connected_known)
		json_object_set_new(j, "connected", report_party(&c->connected));
	json_object_set_new(j, "answered", json_boolean(c->answered));
	json_object_set_new(j, "inband", json_boolean(c->inband));
	json_object_set_new(j, "cause", json_integer(c->cause));
	json_object_set_new(j, "cause_text", json_string(c->cause ? cause_text(c->cause) : ""));
	json_object_set_new(j, "location_user", json_boolean(c->location_user));
	json_object_set_new(j, "cleared_by",
			    json_string(c->cause == 0     ? ""
					: c->near_cleared ? "near"
							  : "far"));
	json_object_set_new(j, "times", times(c));
	if (c->audio != NULL)
		audio_add(j, c->audio);
	return j;
}

json_t *report_alarms(unsigned alarms)
{
	static const struct {
		unsigned bit;
		const char *name;
	} names[] = {{TDM_ALARM_RED, "red"},
		     {TDM_ALARM_YELLOW, "yellow"},
		     {TDM_ALARM_BLUE, "blue"},
		     {TDM_ALARM_GONE, "gone"}};
	json_t *j = json_array();

	for (unsigned i = 0; i < 4; i++) {
		if (alarms & names[i].bit)
			json_array_append_new(j, json_string(names[i].name));
	}
	return j;
}

static json_t *flow(const struct pbx_flow *f)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I}", "frames", (json_int_t)f->frames, "octets",
			 (json_int_t)f->octets, "line_octets", (json_int_t)f->line_octets,
			 "info_frames", (json_int_t)f->info_frames, "info_octets",
			 (json_int_t)f->info_octets);
}

static json_t *line_counts(const struct tdm_span *s)
{
	struct tdm_span_counts n;

	tdm_span_counts(s, &n);
	const struct {
		const char *name;
		uint64_t value;
	} fields[] = {{"ticks", n.ticks},
		      {"late_ticks", n.late_ticks},
		      {"rx_packets", n.rx_packets},
		      {"tx_packets", n.tx_packets},
		      {"lost", n.lost},
		      {"reordered", n.reordered},
		      {"duplicate", n.duplicate},
		      {"late", n.late},
		      {"foreign", n.foreign},
		      {"malformed", n.malformed},
		      {"underruns", n.underruns},
		      {"slips", n.slips},
		      {"tx_errors", n.tx_errors},
		      {"hdlc_rx_frames", n.hdlc_rx_frames},
		      {"hdlc_tx_frames", n.hdlc_tx_frames},
		      {"hdlc_crc", n.hdlc_crc},
		      {"hdlc_abort", n.hdlc_abort},
		      {"hdlc_short", n.hdlc_short},
		      {"hdlc_long", n.hdlc_long},
		      {"hdlc_dropped", n.hdlc_dropped},
		      {"alarm_changes", n.alarm_changes},
		      {"buffer_us", n.buffer_us}};
	json_t *j = json_object();
	for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
		json_object_set_new(j, fields[i].name, json_integer((json_int_t)fields[i].value));
	json_object_set_new(j, "clock_ppb", json_integer(n.clock_ppb));
	return j;
}

/* Of a group with a backup: what its D-channel is at this end. */
static void add_dchannel(json_t *j, const struct pbx_span *s)
{
	static const char *const names[] = {"out",        "standby",   "waiting",
					    "in-service", "out-by-us", "out-by-far"};
	struct isup_dchan d;

	for (unsigned i = 0; i < ISUP_DCHANS; i++)
		if (isup_trunk_dchan(s->trunk, i, &d) && d.interface == s->interface)
			json_object_set_new(j, "dchannel", json_string(names[d.state]));
}

static json_t *span_stats(const struct pbx_span *s)
{
	struct isup_trunk_counts n;
	unsigned busy = 0;
	json_t *j = json_object();

	isup_trunk_counts(s->trunk, &n);
	for (unsigned slot = 1; slot <= TDM_SLOTS; slot++)
		busy += isup_trunk_slot(s->trunk, isup_slot(s->interface, slot)) == ISUP_SLOT_BUSY;
	json_object_set_new(j, "span", json_string(s->conf.tdm.name));
	json_object_set_new(j, "dchan_up", json_boolean(isup_trunk_up(s->trunk)));
	add_dchannel(j, s);
	json_object_set_new(j, "alarms", report_alarms(tdm_span_alarms(s->tdm)));
	json_object_set_new(j, "busy_slots", json_integer(busy));
	json_object_set_new(j, "calls", json_integer(n.calls));
	json_object_set_new(j, "setups_in", json_integer((json_int_t)n.setups_in));
	json_object_set_new(j, "setups_out", json_integer((json_int_t)n.setups_out));
	json_object_set_new(j, "glare", json_integer((json_int_t)n.glare));
	json_object_set_new(j, "dchan_downs", json_integer((json_int_t)n.dchan_downs));
	json_object_set_new(j, "frames_bad", json_integer((json_int_t)n.frames_bad));
	json_object_set_new(j, "dchan_sent", flow(&s->sent));
	json_object_set_new(j, "dchan_received", flow(&s->received));
	json_object_set_new(j, "line", line_counts(s->tdm));
	return j;
}

json_t *report_stats(const struct pbx *p)
{
	const struct pbx_totals *t = &p->totals;
	json_t *j = json_object(), *spans = json_array(), *causes = json_object();

	json_object_set_new(j, "calls", json_integer(p->call_count));
	json_object_set_new(j, "in", json_integer((json_int_t)t->in));
	json_object_set_new(j, "in_answered", json_integer((json_int_t)t->in_answered));
	json_object_set_new(j, "in_refused", json_integer((json_int_t)t->in_refused));
	json_object_set_new(j, "out", json_integer((json_int_t)t->out));
	json_object_set_new(j, "out_answered", json_integer((json_int_t)t->out_answered));
	json_object_set_new(j, "out_failed", json_integer((json_int_t)t->out_failed));
	for (unsigned i = 0; i < 128; i++) {
		char name[8];
		if (t->cause[i] == 0)
			continue;
		snprintf(name, sizeof name, "%u", i);
		json_object_set_new(causes, name, json_integer((json_int_t)t->cause[i]));
	}
	json_object_set_new(j, "causes", causes);
	for (unsigned i = 0; i < p->span_count; i++)
		json_array_append_new(spans, span_stats(&p->span[i]));
	json_object_set_new(j, "spans", spans);
	return j;
}

json_t *report_event(const struct pbx_call *c, const char *name)
{
	json_t *j = json_object();

	json_object_set_new(j, "event", json_string(name));
	identity_add(j, c);
	return j;
}

void report_emit(struct pbx *p, json_t *event)
{
	if (event == NULL)
		return;
	json_object_set_new(event, "time_ms", ms_since_start(p, pbx_now_us()));
	p->event(p->event_arg, event);
	json_decref(event);
}
