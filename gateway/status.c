#include "gateway/status.h"

#include "gateway/base/clock.h"
#include "gateway/gateway_state.h"
#include "gateway/version.h"

#include <malloc.h>
#include <string.h>

/* The file's counters by name, so that none is forgotten when one is added here. */
#define FIELD(object, counts, name)                                                                \
	json_object_set_new((object), #name, json_integer((json_int_t)(counts).name))

static json_t *rtp_json(const struct rtp_counts *r)
{
	json_t *o = json_object();

	FIELD(o, *r, tx_packets);
	FIELD(o, *r, tx_errors);
	FIELD(o, *r, rx_packets);
	FIELD(o, *r, foreign);
	FIELD(o, *r, malformed);
	FIELD(o, *r, lost);
	FIELD(o, *r, late);
	FIELD(o, *r, duplicate);
	FIELD(o, *r, reordered);
	FIELD(o, *r, overflow);
	FIELD(o, *r, concealed);
	FIELD(o, *r, rtcp_rx);
	FIELD(o, *r, rtcp_tx);
	FIELD(o, *r, rtcp_bad);
	FIELD(o, *r, jitter_us);
	FIELD(o, *r, delay_us);
	FIELD(o, *r, rtt_us);
	FIELD(o, *r, peer_loss);
	FIELD(o, *r, drift_ppb);
	return o;
}

static json_t *echo_json(const struct echo *e)
{
	struct echo_report r;

	echo_report(e, &r);
	return json_pack("{s:f, s:f, s:i, s:b, s:b, s:i}", "erl_db", (double)r.erl_db, "erle_db",
			 (double)r.erle_db, "path_ms", (int)r.path_ms, "converged",
			 (int)r.converged, "disabled", (int)r.disabled, "path_changes",
			 (int)r.path_changes);
}

static json_t *call_json(const struct gateway *g, const struct call *c)
{
	uint64_t now = loop_now_ms(g->loop);
	json_t *o = json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I}", "id",
			      (int)c->id, "state", call_state_name(c->state), "from", c->from_name,
			      "to", c->to_name, "source", c->source, "target", c->target, "called",
			      c->called.number, "calling",
			      c->calling.restricted ? "" : c->calling.number, "age_ms",
			      (json_int_t)(now - c->start_ms), "talk_ms",
			      c->answer_ms != 0 ? (json_int_t)(now - c->answer_ms) : (json_int_t)0);

	if (o != NULL && c->tone != TONE_NONE)
		json_object_set_new(o, "tone", json_string(tone_kind_name(c->tone)));
	for (unsigned i = 0; o != NULL && c->path != NULL && i < 2; i++) {
		struct rtp_counts r;
		if (c->path->end[i].echo != NULL)
			json_object_set_new(o, i == 0 ? "from_echo" : "to_echo",
					    echo_json(c->path->end[i].echo));
		if (c->path->end[i].kind != PATH_RTP)
			continue;
		rtp_session_counts(c->path->end[i].rtp, &r);
		json_object_set_new(o, i == 0 ? "from_rtp" : "to_rtp", rtp_json(&r));
	}
	if (o != NULL && (c->no_rtp[0] || c->no_rtp[1])) {
		json_t *sides = json_array();
		for (unsigned i = 0; i < 2; i++)
			if (c->no_rtp[i])
				json_array_append_new(sides, json_string(i == 0 ? "from" : "to"));
		json_object_set_new(o, "no_rtp", sides);
	}
	return o;
}

json_t *status_calls(const struct gateway *g)
{
	json_t *list = json_array();

	for (const struct call *c = g->calls; c != NULL; c = c->hh.next)
		json_array_append_new(list, call_json(g, c));
	return list;
}

static bool has_idle_dchan(const struct line *l)
{
	struct isup_dchan d;

	for (unsigned i = 0; l->trunk != NULL && i < ISUP_DCHANS; i++)
		if (isup_trunk_dchan(l->trunk, i, &d) && d.interface == l->interface)
			return d.state != ISUP_DCHAN_IN_SERVICE;
	return false;
}

/* One letter a slot, slot 1 first: . idle, B busy, b busy and out of service afterwards,
 * R restarting, out of service O by order, F by the far end, X by a fault, M maintenance,
 * L line failed (NFAS), D D-channel, d one that is not in service, T under test, - not used for
 * calls. */
static void slot_grid(const struct line *l, char out[TDM_SLOTS + 1])
{
	static const char letters[] = {
		[ISUP_SLOT_NONE] = '-',           [ISUP_SLOT_IDLE] = '.',
		[ISUP_SLOT_BUSY] = 'B',           [ISUP_SLOT_RESTARTING] = 'R',
		[ISUP_SLOT_OUT_OF_SERVICE] = 'X', [ISUP_SLOT_OUT_BY_US] = 'O',
		[ISUP_SLOT_OUT_BY_FAR] = 'F',     [ISUP_SLOT_MAINTENANCE] = 'M',
		[ISUP_SLOT_NO_LINE] = 'L'};

	memset(out, '-', TDM_SLOTS);
	out[TDM_SLOTS] = '\0';
	for (unsigned slot = 1; slot <= TDM_SLOTS && l->trunk != NULL; slot++) {
		enum isup_slot_state state = isup_trunk_slot(l->trunk, line_slot(l, slot));
		bool leaves = state == ISUP_SLOT_BUSY &&
			      isup_trunk_slot_leaves(l->trunk, line_slot(l, slot));
		out[slot - 1] = leaves ? 'b' : letters[state];
	}
	if (l->span_conf.dchan_slot != 0)
		out[l->span_conf.dchan_slot - 1] = has_idle_dchan(l) ? 'd' : 'D';
	for (unsigned slot = 1; slot <= TDM_SLOTS; slot++)
		if (l->bert.slots & 1u << slot)
			out[slot - 1] = 'T';
}

static json_t *line_counts_json(const struct line *l)
{
	struct tdm_span_counts c;
	json_t *o = json_object();

	tdm_span_counts(l->span, &c);
	FIELD(o, c, ticks);
	FIELD(o, c, late_ticks);
	FIELD(o, c, rx_packets);
	FIELD(o, c, tx_packets);
	FIELD(o, c, lost);
	FIELD(o, c, reordered);
	FIELD(o, c, duplicate);
	FIELD(o, c, late);
	FIELD(o, c, foreign);
	FIELD(o, c, malformed);
	FIELD(o, c, underruns);
	FIELD(o, c, slips);
	FIELD(o, c, tx_errors);
	FIELD(o, c, hdlc_rx_frames);
	FIELD(o, c, hdlc_tx_frames);
	FIELD(o, c, hdlc_crc);
	FIELD(o, c, hdlc_abort);
	FIELD(o, c, hdlc_short);
	FIELD(o, c, hdlc_long);
	FIELD(o, c, hdlc_dropped);
	FIELD(o, c, alarm_changes);
	FIELD(o, c, line_bpv);
	FIELD(o, c, line_crc);
	FIELD(o, c, line_framing);
	FIELD(o, c, line_slips);
	FIELD(o, c, buffer_us);
	FIELD(o, c, clock_ppb);
	return o;
}

static json_t *trunk_json(const struct line *l)
{
	struct isup_trunk_counts c;
	struct isup_dchan d;
	json_t *o = json_object();

	isup_trunk_counts(l->trunk, &c);
	json_object_set_new(o, "name", json_string(l->trunk_conf.isup.name));
	json_object_set_new(o, "echo_canceller",
			    json_string(l->canceller[0] != '\0' ? l->canceller : "NONE"));
	json_object_set_new(o, "up", json_boolean(isup_trunk_up(l->trunk)));
	json_object_set_new(o, "drained", json_boolean(isup_trunk_drains(l->trunk)));
	json_object_set_new(o, "flapping", json_boolean(isup_trunk_flaps(l->trunk)));
	FIELD(o, c, calls);
	FIELD(o, c, frames_in);
	FIELD(o, c, frames_out);
	FIELD(o, c, frames_bad);
	FIELD(o, c, setups_in);
	FIELD(o, c, setups_out);
	FIELD(o, c, setups_refused);
	FIELD(o, c, retries);
	FIELD(o, c, notifies_in);
	FIELD(o, c, transfers_asked);
	FIELD(o, c, transfers_granted);
	FIELD(o, c, tromboned);
	FIELD(o, c, glare);
	FIELD(o, c, restarts_in);
	FIELD(o, c, restarts_out);
	FIELD(o, c, service_in);
	FIELD(o, c, service_out);
	FIELD(o, c, dchan_downs);
	FIELD(o, c, flaps);
	FIELD(o, c, dchan_switches);
	for (unsigned i = 0; i < ISUP_DCHANS; i++)
		if (isup_trunk_dchan(l->trunk, i, &d) && d.interface == l->interface)
			json_object_set_new(o, "dchannel",
					    json_string(nfas_dchan_state(l->group, i)));
	return o;
}

json_t *status_line(const struct gateway *g, unsigned i)
{
	const struct line *l = g->lines[i].line;
	char grid[TDM_SLOTS + 1], alarms[64], warning[500];

	slot_grid(l, grid);
	json_t *o =
		json_pack("{s:s, s:s, s:b, s:s, s:b}", "name", l->span_conf.name, "alarms",
			  line_alarm_text(l->alarm.alarms, alarms, sizeof(alarms)), "failed",
			  (int)l->alarm.down, "slots", grid, "draining", (int)g->lines[i].draining);
	if (l->carrier[0] != '\0')
		json_object_set_new(o, "carrier", json_string(l->carrier));
	if (l->trunk != NULL)
		json_object_set_new(o, "trunk", trunk_json(l));
	json_object_set_new(o, "warning",
			    json_string(line_watch_warning(l, warning, sizeof(warning))));
	json_object_set_new(o, "counts", line_counts_json(l));
	return o;
}

json_t *status_spans(const struct gateway *g)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < g->line_count; i++)
		json_array_append_new(list, status_line(g, i));
	return list;
}

static json_t *sip_json(const struct gateway *g)
{
	struct sip_agent_counts c;
	json_t *o = json_object();

	sip_agent_counts(g->agent, &c);
	FIELD(o, c, datagrams_in);
	FIELD(o, c, datagrams_out);
	FIELD(o, c, send_errors);
	FIELD(o, c, challenges);
	FIELD(o, c, refused_stranger);
	FIELD(o, c, refused_malformed);
	FIELD(o, c, refused_oversize);
	FIELD(o, c, refused_full);
	FIELD(o, c, requests_in);
	FIELD(o, c, responses_in);
	FIELD(o, c, retransmits_in);
	FIELD(o, c, retransmits_out);
	FIELD(o, c, stray);
	FIELD(o, c, connections_in);
	FIELD(o, c, connections_out);
	FIELD(o, c, connections_failed);
	FIELD(o, c, refused_connections);
	FIELD(o, c, cut_slow);
	FIELD(o, c, connections);
	FIELD(o, c, transactions);
	FIELD(o, c, dialogs);
	return o;
}

static json_t *workers_json(const struct gateway *g)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < g->worker_count; i++) {
		struct worker_counts c;
		json_t *o = json_object();
		worker_counts(g->workers[i].worker, &c);
		FIELD(o, c, wakeups);
		FIELD(o, c, ticks);
		FIELD(o, c, late_ticks);
		FIELD(o, c, events_dropped);
		FIELD(o, c, frames_dropped);
		FIELD(o, c, paths);
		json_array_append_new(list, o);
	}
	return list;
}

/* What is allocated: the resident set also holds what was, and may be used again. */
static unsigned heap_kb(void)
{
	struct mallinfo2 m = mallinfo2();

	return (unsigned)((m.uordblks + m.hblkhd) / 1024);
}

json_t *status_summary(const struct gateway *g)
{
	json_t *o = json_object();
	unsigned up = 0, trunks = 0;

	for (unsigned i = 0; i < g->line_count; i++) {
		if (!line_trunk_is_first(g->lines[i].line))
			continue;
		trunks++;
		up += isup_trunk_up(g->lines[i].line->trunk);
	}
	json_object_set_new(o, "version", json_string(TANDEM_VERSION));
	json_object_set_new(o, "uptime_s",
			    json_integer((json_int_t)((clock_wall_ms() - g->start_ms) / 1000)));
	json_object_set_new(o, "configuration", json_string(g->conf->path));
	json_object_set_new(o, "calls", json_integer(gateway_call_count(g)));
	json_object_set_new(o, "calls_total", json_integer((json_int_t)g->calls_total));
	json_object_set_new(o, "calls_refused", json_integer((json_int_t)g->calls_refused));
	json_object_set_new(o, "trunks", json_integer(trunks));
	json_object_set_new(o, "trunks_up", json_integer(up));
	json_object_set_new(o, "heap_kb", json_integer(heap_kb()));
	json_object_set_new(o, "sip", sip_json(g));
	json_t *expiry = status_certificate(g);
	if (expiry != NULL)
		json_object_set_new(o, "certificate_expires", expiry);
	json_object_set_new(o, "workers", workers_json(g));
	return o;
}
