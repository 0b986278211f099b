/* span.c - a span of any kind: checks what is common and hands on to its backend. */
#include "tdm/span.h"
#include "tdm/backend.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

void tdm_span_conf_default(struct tdm_span_conf *conf)
{
	memset(conf, 0, sizeof(*conf));
	conf->backend = TDM_WIRE;
	conf->dchan_slot = 24;
	conf->clock = TDM_CLOCK_OWN;
	conf->buffer_min_ms = 2;
	conf->buffer_max_ms = 10;
	conf->loss_ms = 25;
	conf->wire.frames_per_packet = 8;
	conf->dahdi.framing = TDM_ESF;
	conf->dahdi.coding = TDM_B8ZS;
	conf->dahdi.lead_ms = 20;
	conf->dahdi.canceller = TDM_CANCELLER_OFF;
}

static const struct tdm_backend *find_backend(enum tdm_backend_kind kind)
{
	switch (kind) {
	case TDM_WIRE: return &tdm_backend_wire;
	case TDM_ETHER: return &tdm_backend_ether;
	case TDM_DAHDI: return &tdm_backend_dahdi;
	}
	return NULL;
}

int tdm_span_open(struct tdm_span **out, const struct tdm_span_conf *conf, char *err,
		  size_t err_size)
{
	const struct tdm_backend *backend = find_backend(conf->backend);

	*out = NULL;
	if (backend == NULL) {
		snprintf(err, err_size, "this kind of span is not built in");
		return -ENOTSUP;
	}
	if (conf->dchan_slot > TDM_SLOTS) {
		snprintf(err, err_size, "D-channel slot %u: 1..%d, or 0 for none", conf->dchan_slot,
			 TDM_SLOTS);
		return -EINVAL;
	}
	return backend->open(out, conf, err, err_size);
}

void tdm_span_close(struct tdm_span *s)
{
	if (s != NULL)
		s->backend->close(s);
}

void tdm_span_init(struct tdm_span *s, const struct tdm_backend *backend,
		   const struct tdm_span_conf *conf, unsigned alarms)
{
	s->backend = backend;
	snprintf(s->name, sizeof(s->name), "%.*s", (int)sizeof(s->name) - 1, conf->name);
	s->dchan_slot = conf->dchan_slot;
	atomic_init(&s->alarms, alarms);
	atomic_init(&s->alarms_to_send, 0);
	atomic_init(&s->alarm_changes, 0);
	atomic_init(&s->loop, TDM_LOOP_NONE);
}

const char *tdm_span_name(const struct tdm_span *s)
{
	return s->name;
}

int tdm_span_fd(const struct tdm_span *s)
{
	return s->backend->fd(s);
}

unsigned tdm_span_service(struct tdm_span *s)
{
	return s->backend->service(s);
}

void tdm_span_exchange(struct tdm_span *s, uint32_t mask, tdm_tick rx, tdm_tick tx)
{
	s->backend->exchange(s, mask, rx, tx);
}

ssize_t tdm_dchan_recv(struct tdm_span *s, uint8_t *frame, size_t cap)
{
	if (s->dchan_slot == 0)
		return -EAGAIN;
	return s->backend->dchan_recv(s, frame, cap);
}

int tdm_dchan_send(struct tdm_span *s, const uint8_t *frame, size_t len)
{
	if (s->dchan_slot == 0 || len == 0 || len > TDM_FRAME_MAX)
		return -EINVAL;
	return s->backend->dchan_send(s, frame, len);
}

unsigned tdm_span_alarms(const struct tdm_span *s)
{
	return atomic_load_explicit(&s->alarms, memory_order_relaxed);
}

void tdm_span_set_alarms(struct tdm_span *s, unsigned alarms)
{
	if (atomic_load_explicit(&s->alarms, memory_order_relaxed) == alarms)
		return;
	atomic_store_explicit(&s->alarms, alarms, memory_order_relaxed);
	tdm_counter_add(&s->alarm_changes, 1);
}

void tdm_span_send_alarms(struct tdm_span *s, unsigned alarms)
{
	atomic_store_explicit(&s->alarms_to_send, alarms, memory_order_relaxed);
}

int tdm_span_set_loop(struct tdm_span *s, enum tdm_loop loop)
{
	int r = s->backend->set_loop == NULL ? -ENOTSUP : s->backend->set_loop(s, loop);

	if (r == 0)
		atomic_store_explicit(&s->loop, loop, memory_order_relaxed);
	return r;
}

enum tdm_loop tdm_span_loop(const struct tdm_span *s)
{
	return atomic_load_explicit(&s->loop, memory_order_relaxed);
}

void tdm_span_describe(struct tdm_span *s, char *out, size_t out_size)
{
	out[0] = '\0';
	if (s->backend->describe != NULL)
		s->backend->describe(s, out, out_size);
}

void tdm_span_cancel_echo(struct tdm_span *s, uint32_t slots)
{
	if (s->backend->cancel_echo != NULL)
		s->backend->cancel_echo(s, slots);
}

void tdm_span_canceller(struct tdm_span *s, char *out, size_t out_size)
{
	out[0] = '\0';
	if (s->backend->canceller != NULL)
		s->backend->canceller(s, out, out_size);
}

int tdm_span_look(const struct tdm_span_conf *conf, char *out, size_t out_size)
{
	const struct tdm_backend *backend = find_backend(conf->backend);

	out[0] = '\0';
	return backend == NULL || backend->look == NULL ? 0 : backend->look(conf, out, out_size);
}

void tdm_span_slot_counts(const struct tdm_span *s, unsigned slot, struct tdm_slot_counts *out)
{
	memset(out, 0, sizeof(*out));
	if (s->backend->slot_counts != NULL && slot >= 1 && slot <= TDM_SLOTS)
		s->backend->slot_counts(s, slot, out);
}

void tdm_span_counts(const struct tdm_span *s, struct tdm_span_counts *out)
{
	memset(out, 0, sizeof(*out));
	s->backend->counts(s, out);
	out->alarm_changes = tdm_counter_get(&s->alarm_changes);
}
