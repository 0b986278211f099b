#include "gateway/line.h"

#include "conf/address.h"
#include "conf/schema.h"
#include "gateway/base/log.h"
#include "tdm/echo.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { CARRIER_MS = 2000, ALARM_LOG_MS = 60000, ALARM_LOG_LINES = 20 };

static bool has_own_canceller(const struct line *l)
{
	enum tdm_canceller choice = l->trunk_conf.echo_canceller;
	char text[sizeof(l->canceller)] = "";

	if (choice == TDM_CANCELLER_AUTO)
		tdm_span_canceller(l->span, text, sizeof(text));
	return choice == TDM_CANCELLER_OWN || (choice == TDM_CANCELLER_AUTO && text[0] == '\0');
}

/* Never none by accident: where there is none it is said. */
static void tell_canceller(struct line *l)
{
	char text[sizeof(l->canceller)] = "off";

	if (has_own_canceller(l))
		snprintf(text, sizeof(text), "tandem's (%u ms, %s)", l->trunk_conf.echo_tail_ms,
			 echo_kernel_name());
	else if (l->trunk_conf.echo_canceller != TDM_CANCELLER_OFF)
		tdm_span_canceller(l->span, text, sizeof(text));
	if (l->canceller_told && strcmp(text, l->canceller) == 0)
		return;
	memcpy(l->canceller, text, sizeof(text));
	l->canceller_told = true;
	if (text[0] == '\0')
		log_line(LOG_TDM, LOG_WARN,
			 "trunk %s: NO echo canceller runs: its span has none; echo_canceller = "
			 "\"own\" for tandem's, \"off\" where none is wanted",
			 l->trunk_conf.isup.name);
	else
		log_line(LOG_TDM, LOG_INFO, "trunk %s: echo canceller: %s", l->trunk_conf.isup.name,
			 text);
}

/* Octets wait lead_ms, or a tick less, before a card sends them: no echo can come in that time. */
void line_set_echo(const struct line *l, struct path_end *end)
{
	end->echo_tail_ms = has_own_canceller(l) ? l->trunk_conf.echo_tail_ms : 0;
	end->echo_bulk_ms = 0;
	if (l->span_conf.backend == TDM_DAHDI)
		end->echo_bulk_ms = l->span_conf.dahdi.lead_ms - TDM_TICK_MS;
	if (end->echo_bulk_ms > ECHO_BULK_MS_MAX)
		end->echo_bulk_ms = ECHO_BULK_MS_MAX;
}

void line_cancel_echo(struct line *l, unsigned slot, bool on)
{
	uint32_t slots = 0;

	l->paths[slot] += on ? 1 : -1;
	for (unsigned i = 1; i <= TDM_SLOTS; i++)
		slots |= (uint32_t)(l->paths[i] > 0) << i;
	tdm_span_cancel_echo(l->span, slots);
}

/* A card may be missing, and come or be explained later. */
static void tell_carrier(void *arg)
{
	struct line *l = arg;
	bool gone = tdm_span_alarms(l->span) & TDM_ALARM_GONE;
	char text[sizeof(l->carrier)];

	tdm_span_describe(l->span, text, sizeof(text));
	if (strcmp(text, l->carrier) != 0) {
		memcpy(l->carrier, text, sizeof(text));
		log_line(LOG_TDM, gone ? LOG_ERROR : LOG_INFO, "span %s: %s", l->span_conf.name,
			 text);
	}
	if (l->trunk != NULL && !gone)
		tell_canceller(l);
	if (gone && text[0] != '\0')
		timer_start(l->loop, &l->carrier_timer, CARRIER_MS, tell_carrier, l);
}

int line_open(struct line **out, struct loop *loop, struct worker *worker,
	      const struct tdm_span_conf *span, const struct conf_trunk *trunk, struct line *mate,
	      const struct line_ops *ops, char *err, size_t err_size)
{
	struct line *l = calloc(1, sizeof(*l));
	char why[128], local[CONF_ADDRESS_TEXT_MAX];
	int r = -ENOMEM;

	*out = NULL;
	if (l == NULL)
		goto fail;
	l->loop = loop;
	conf_sections[CONF_TRUNK].set_default(&l->trunk_conf); /* the alarm's times */
	l->span_conf = *span;
	l->ops = *ops;
	if (trunk != NULL)
		l->span_conf.dahdi.canceller = trunk->echo_canceller;
	r = tdm_span_open(&l->span, &l->span_conf, why, sizeof(why));
	if (r < 0) {
		conf_address_format(&span->wire.local, local);
		if (span->backend == TDM_WIRE)
			snprintf(err, err_size, "span %s: local %s: %s", span->name, local, why);
		else
			snprintf(err, err_size, "span %s: %s", span->name, why);
		goto fail_told;
	}
	r = worker_add_span(worker, l->span);
	if (r < 0)
		goto fail;
	l->worker = worker;
	l->index = (unsigned)r;
	if (trunk != NULL) {
		l->trunk_conf = *trunk;
		l->interface = (unsigned)conf_trunk_interface(trunk, span->name);
		r = line_trunk_join(l, mate, loop);
		if (r < 0)
			goto fail;
	}
	tell_carrier(l);
	line_watch_start(l);
	*out = l;
	return 0;
fail:
	snprintf(err, err_size, "span %s: %s", span->name, strerror(-r));
fail_told:
	line_close(l);
	return r;
}

void line_close(struct line *l)
{
	if (l == NULL)
		return;
	timer_stop(&l->alarm_timer);
	timer_stop(&l->carrier_timer);
	line_watch_stop(l);
	/* A stopped worker has freed its paths. */
	if (l->worker != NULL)
		line_bert_stop(l);
	/* A card would stay looped. */
	if (l->span != NULL && line_is_looped(l))
		tdm_span_set_loop(l->span, TDM_LOOP_NONE);
	line_trunk_leave(l);
	if (l->worker != NULL)
		worker_remove_span(l->worker, l->index);
	tdm_span_close(l->span);
	free(l);
}

void line_on_frame(struct line *l, const uint8_t *frame, size_t len)
{
	/* In a local loop it is our own, in a network loop no answer would arrive. */
	if (l->trunk != NULL && !line_is_looped(l))
		isup_trunk_receive(l->trunk, l->interface, frame, len);
}

const char *line_alarm_text(unsigned alarms, char *out, size_t out_size)
{
	static const struct {
		unsigned bit;
		const char *name;
	} names[] = {{TDM_ALARM_RED, "red"},   {TDM_ALARM_YELLOW, "yellow"},
		     {TDM_ALARM_BLUE, "blue"}, {TDM_ALARM_GONE, "gone"},
		     {TDM_ALARM_LOOP, "loop"}, {TDM_ALARM_RECOVERING, "recovering"}};
	size_t n = 0;

	snprintf(out, out_size, "none");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && n < out_size; i++)
		if (alarms & names[i].bit)
			n += (size_t)snprintf(out + n, out_size - n, "%s%s", n > 0 ? ", " : "",
					      names[i].name);
	return out;
}

static void on_alarm_timer(void *arg);

/* Does what changed, and waits for what comes next. */
static void apply_alarm(struct line *l, unsigned change)
{
	const char *name = l->trunk_conf.isup.name;
	uint64_t due_ms = line_alarm_due(&l->alarm, &l->trunk_conf), now_ms = loop_now_ms(l->loop);

	timer_stop(&l->alarm_timer);
	if (due_ms != 0)
		timer_start(l->loop, &l->alarm_timer, due_ms > now_ms ? due_ms - now_ms : 0,
			    on_alarm_timer, l);
	if (l->trunk == NULL)
		return;
	if (change & (LINE_ALARM_DOWN | LINE_ALARM_UP))
		isup_trunk_line(l->trunk, l->interface, !l->alarm.down);
	if (change & LINE_ALARM_DOWN)
		log_line(LOG_TDM, LOG_WARN, "trunk %s: the line of span %s failed: no new calls",
			 name, l->span_conf.name);
	if (change & LINE_ALARM_UP)
		log_line(LOG_TDM, LOG_INFO, "trunk %s: the line of span %s is good again", name,
			 l->span_conf.name);
	if (change & LINE_ALARM_GIVE_UP)
		l->ops.failed(l->ops.arg, l);
}

static void on_alarm_timer(void *arg)
{
	struct line *l = arg;

	apply_alarm(l, line_alarm_run(&l->alarm, &l->trunk_conf, loop_now_ms(l->loop)));
}

/* A line that flaps would fill the log for ever: so many lines in a minute, and then a word about
 * the others.  What is shown and counted is not held back. */
static bool may_log_alarms(struct line *l)
{
	uint64_t now_ms = loop_now_ms(l->loop);

	if (now_ms >= l->alarms_logged_ms + ALARM_LOG_MS) {
		if (l->alarms_logged > ALARM_LOG_LINES)
			log_line(LOG_TDM, LOG_WARN, "span %s: alarms changed %u times more",
				 l->span_conf.name, l->alarms_logged - ALARM_LOG_LINES);
		l->alarms_logged_ms = now_ms;
		l->alarms_logged = 0;
	}
	return ++l->alarms_logged <= ALARM_LOG_LINES;
}

/* Each alarm stops new calls, yellow too: the far end does not hear us. */
static void judge_alarms(struct line *l)
{
	unsigned alarms = l->heard_alarms | (line_is_looped(l) ? TDM_ALARM_LOOP : 0);
	char text[64];

	if (alarms == l->alarm.alarms && l->alarms_told)
		return;
	l->alarms_told = true;
	if (may_log_alarms(l))
		log_line(LOG_TDM, alarms != 0 ? LOG_WARN : LOG_INFO, "span %s: alarms: %s",
			 l->span_conf.name, line_alarm_text(alarms, text, sizeof(text)));
	tell_carrier(l);
	apply_alarm(l, line_alarm_set(&l->alarm, &l->trunk_conf, alarms, loop_now_ms(l->loop)));
	line_watch_alarms(l);
}

void line_on_alarms(struct line *l, unsigned alarms)
{
	l->heard_alarms = alarms;
	judge_alarms(l);
}

int line_set_loop(struct line *l, enum tdm_loop loop)
{
	static const char *const names[] = {"off", "local", "network"};
	int r = tdm_span_set_loop(l->span, loop);

	if (r < 0)
		return r;
	log_line(LOG_TDM, LOG_WARN, "span %s: loop %s", l->span_conf.name, names[loop]);
	judge_alarms(l);
	return 0;
}

bool line_is_looped(const struct line *l)
{
	return tdm_span_loop(l->span) != TDM_LOOP_NONE;
}

void line_apply_slots(struct line *l)
{
	if (l->trunk != NULL)
		line_trunk_apply(l->group);
}

void line_drain(struct line *l)
{
	l->leaves = true;
	if (l->trunk_conf.isup.interface_count !=
	    0) /* one alone: the gateway says why it refuses */
		line_apply_slots(l);
}

unsigned line_slot(const struct line *l, unsigned slot)
{
	return isup_slot(l->interface, slot);
}

void line_reconfigure(struct line *l, const struct conf_trunk *trunk)
{
	l->trunk_conf = *trunk;
	line_apply_slots(l);
	apply_alarm(l, line_alarm_run(&l->alarm, trunk, loop_now_ms(l->loop)));
}

bool line_is_named(const struct line *l, const char *name)
{
	return l->trunk != NULL &&
	       (strcmp(l->trunk_conf.isup.name, name) == 0 ||
		(l->trunk_conf.group[0] != '\0' && strcmp(l->trunk_conf.group, name) == 0));
}
