/* dahdi_fake.h - a driver of DAHDI in the place of the kernel's: up to four spans with channels whose
 * buffers fill and empty a millisecond at a time, as the driver's do, when the test says so.
 *
 * It answers as dahdi-base.c does: -ELAST while events wait, -EBUSY for a channel that is open,
 * -ENXIO for one without signalling, REMOVED and then -ENODEV when the card goes, buffers that drop
 * what finds no room.  Descriptors are eventfds, readable while a channel has something, so epoll
 * works with them.  A lock makes it usable by the keeper's thread beside the test's.
 */
#ifndef TESTS_UNIT_TDM_DAHDI_FAKE_H
#define TESTS_UNIT_TDM_DAHDI_FAKE_H

#include "tdm/dahdi_abi.h"
#include "tdm/dahdi_driver.h"
#include "tdm/span.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

enum {
	FAKE_SPANS = 4,
	FAKE_FDS = 256,
	FAKE_BUFFERS = DAHDI_ABI_BUFFERS_MAX,
	FAKE_OCTETS = 1024,
	FAKE_FIRST_CHANNEL = 1,
};

struct fake_queue {
	uint8_t octets[FAKE_BUFFERS][FAKE_OCTETS];
	size_t length[FAKE_BUFFERS];
	unsigned first, count;
};

struct fake_channel {
	int number, span, position;
	int sigtype, sigcap;
	int fd; /* -1: not open */
	bool busy;
	unsigned buffers, octets;
	bool buffer_events, underrun, overrun;
	bool hdlc;
	char attached[16]; /* canceller */
	bool audio, cancelling;
	struct fake_queue rx, tx;
	unsigned rx_at, tx_at; /* octets of the buffer being filled, being emptied */
	int events[DAHDI_ABI_EVENTS_MAX];
	unsigned event_count;
	uint8_t line_in, line_out; /* what the line gives; what it got last */
	uint64_t idle_out;         /* octets the driver made up */
};

struct fake {
	pthread_mutex_t lock;
	bool hardware_canceller, mg2, controllers_taken; /* of HDLC */
	bool deaf;   /* nothing comes from the line, not even its clock */
	bool loaded; /* /dev/dahdi/ctl is there */
	int open_error;
	struct dahdi_abi_span span[FAKE_SPANS];
	bool there[FAKE_SPANS], started[FAKE_SPANS], dynamic[FAKE_SPANS], removed[FAKE_SPANS];
	int sync[FAKE_SPANS], maint[FAKE_SPANS];
	struct fake_channel channel[FAKE_SPANS][TDM_SLOTS + 1];
	struct fake_channel *by_fd[FAKE_FDS];
	unsigned long refuse; /* this operation fails */
	int refuse_error;
	char slips[64]; /* /proc/dahdi/N */
	int proc_fd;
	bool proc_read;
	unsigned shutdowns, configs;
};

static struct fake fake;

static inline struct fake_channel *fake_slot(unsigned span, unsigned slot)
{
	return &fake.channel[span - 1][slot];
}

/* --- what makes a channel readable --------------------------------------------------------- */

static inline void fake_show(struct fake_channel *c)
{
	uint64_t n = 1;

	if (c->fd < 0)
		return;
	(void)!read(c->fd, &n, sizeof(n));
	n = 1;
	if (c->rx.count > 0 || c->event_count > 0 || fake.removed[c->span - 1])
		(void)!write(c->fd, &n, sizeof(n));
}

static inline void fake_event(struct fake_channel *c, int event)
{
	if (c->fd >= 0 && c->event_count < DAHDI_ABI_EVENTS_MAX - 1)
		c->events[c->event_count++] = event;
	fake_show(c);
}

static inline void fake_events(unsigned span, int event)
{
	pthread_mutex_lock(&fake.lock);
	for (unsigned slot = 1; slot <= TDM_SLOTS; slot++)
		fake_event(fake_slot(span, slot), event);
	pthread_mutex_unlock(&fake.lock);
}

/* --- the line ------------------------------------------------------------------------------ */

static inline void fake_receive(struct fake_channel *c, unsigned octets)
{
	for (; octets > 0; octets--) {
		if (c->rx.count == c->buffers) { /* no room: on the floor */
			if (!c->overrun && c->buffer_events)
				fake_event(c, DAHDI_ABI_EVENT_READ_OVERRUN);
			c->overrun = true;
			return;
		}
		c->overrun = false;
		unsigned i = (c->rx.first + c->rx.count) % FAKE_BUFFERS;
		c->rx.octets[i][c->rx_at++] = c->line_in;
		if (c->rx_at == c->octets) {
			c->rx.length[i] = c->octets;
			c->rx.count++;
			c->rx_at = 0;
		}
	}
}

static inline void fake_transmit(struct fake_channel *c, unsigned octets)
{
	bool idle = false;

	for (; octets > 0; octets--) {
		if (c->tx.count == 0) {
			c->line_out = 0xff;
			c->idle_out++;
			idle = true;
			continue;
		}
		c->line_out = c->tx.octets[c->tx.first][c->tx_at++];
		if (c->tx_at == c->tx.length[c->tx.first]) {
			c->tx.first = (c->tx.first + 1) % FAKE_BUFFERS;
			c->tx.count--;
			c->tx_at = 0;
		}
	}
	if (idle && !c->underrun && c->buffer_events)
		fake_event(c, DAHDI_ABI_EVENT_WRITE_UNDERRUN);
	c->underrun = idle;
}

/* The card's clock: ms go by on every span. */
static inline void fake_run(unsigned ms)
{
	pthread_mutex_lock(&fake.lock);
	for (; ms > 0; ms--)
		for (unsigned n = 0; n < FAKE_SPANS; n++)
			for (unsigned slot = 1; slot <= TDM_SLOTS; slot++) {
				struct fake_channel *c = &fake.channel[n][slot];
				if (!fake.there[n] || c->fd < 0 || c->hdlc)
					continue;
				if (!fake.deaf)
					fake_receive(c, 8);
				fake_transmit(c, 8);
				fake_show(c);
			}
	pthread_mutex_unlock(&fake.lock);
}

/* A frame arrives, FCS and all. */
static inline void fake_frame(unsigned span, unsigned slot, const void *octets, size_t length)
{
	struct fake_channel *c = fake_slot(span, slot);

	pthread_mutex_lock(&fake.lock);
	if (c->rx.count < FAKE_BUFFERS) {
		unsigned i = (c->rx.first + c->rx.count++) % FAKE_BUFFERS;
		memcpy(c->rx.octets[i], octets, length);
		c->rx.length[i] = length;
	}
	fake_show(c);
	pthread_mutex_unlock(&fake.lock);
}

/* --- coming and going ---------------------------------------------------------------------- */

static inline void fake_add(unsigned span, const char *name, const char *location)
{
	struct dahdi_abi_span *s = &fake.span[span - 1];
	static int next = FAKE_FIRST_CHANNEL;

	pthread_mutex_lock(&fake.lock);
	if (span == 1)
		next = FAKE_FIRST_CHANNEL;
	*s = (struct dahdi_abi_span){.number = (int)span, .channels = TDM_SLOTS};
	snprintf(s->name, sizeof(s->name), "%s", name);
	snprintf(s->location, sizeof(s->location), "%s", location);
	s->linecompat = DAHDI_ABI_D4 | DAHDI_ABI_ESF | DAHDI_ABI_AMI | DAHDI_ABI_B8ZS;
	for (unsigned slot = 1; slot <= TDM_SLOTS; slot++) {
		struct fake_channel *c = fake_slot(span, slot);
		*c = (struct fake_channel){.number = next++,
					   .span = (int)span,
					   .position = (int)slot,
					   .fd = -1,
					   .sigcap = DAHDI_ABI_SIG_CLEAR,
					   .line_in = (uint8_t)slot};
	}
	fake.there[span - 1] = true;
	fake.removed[span - 1] = fake.started[span - 1] = false;
	pthread_mutex_unlock(&fake.lock);
}

static inline void fake_remove(unsigned span)
{
	pthread_mutex_lock(&fake.lock);
	fake.there[span - 1] = false;
	fake.removed[span - 1] = true;
	for (unsigned slot = 1; slot <= TDM_SLOTS; slot++)
		fake_show(fake_slot(span, slot));
	pthread_mutex_unlock(&fake.lock);
}

/* --- the driver's calls -------------------------------------------------------------------- */

static inline int fake_open(const char *path)
{
	int fd = -EIO;

	pthread_mutex_lock(&fake.lock);
	if (strncmp(path, "/proc/dahdi/", 12) == 0) {
		fd = fake.proc_fd = eventfd(0, EFD_NONBLOCK);
		fake.proc_read = false;
	} else if (!fake.loaded) {
		fd = -ENOENT;
	} else if (fake.open_error != 0) {
		fd = fake.open_error;
	} else if (strcmp(path, DAHDI_ABI_CTL) == 0 || strcmp(path, DAHDI_ABI_CHANNEL) == 0) {
		fd = eventfd(0, EFD_NONBLOCK);
	}
	if (fd >= FAKE_FDS)
		abort();
	pthread_mutex_unlock(&fake.lock);
	return fd;
}

static inline void fake_close(int fd)
{
	pthread_mutex_lock(&fake.lock);
	if (fake.by_fd[fd] != NULL && fake.by_fd[fd]->fd == fd)
		fake.by_fd[fd]->fd = -1;
	fake.by_fd[fd] = NULL;
	close(fd);
	pthread_mutex_unlock(&fake.lock);
}

static inline struct fake_channel *fake_numbered(int number)
{
	for (unsigned n = 0; n < FAKE_SPANS; n++)
		for (unsigned slot = 1; fake.there[n] && slot <= TDM_SLOTS; slot++)
			if (fake.channel[n][slot].number == number)
				return &fake.channel[n][slot];
	return NULL;
}

static inline int fake_specify(int fd, int number)
{
	struct fake_channel *c = fake_numbered(number);

	if (c == NULL)
		return -EINVAL;
	if (c->sigtype == DAHDI_ABI_SIG_NONE)
		return -ENXIO;
	if (c->fd >= 0 || c->busy)
		return -EBUSY;
	c->fd = fd;
	c->buffers = 2;
	c->octets = 1024;
	c->rx.count = c->tx.count = c->rx_at = c->tx_at = c->event_count = 0;
	c->buffer_events = c->underrun = c->overrun = false;
	c->hdlc = (c->sigtype & DAHDI_ABI_SIG_HDLCFCS) == DAHDI_ABI_SIG_HDLCFCS ||
		  c->sigtype == DAHDI_ABI_SIG_HARDHDLC;
	fake.by_fd[fd] = c;
	return 0;
}

static inline int fake_span_status(const struct fake_channel *c, struct dahdi_abi_span *out)
{
	int n = out->number == 0 && c != NULL ? c->span : out->number;

	if (n < 1 || n > FAKE_SPANS || !fake.there[n - 1])
		return -EINVAL;
	int configured = 0;
	for (unsigned slot = 1; slot <= TDM_SLOTS; slot++)
		configured += fake_slot((unsigned)n, slot)->sigtype != 0;
	fake.span[n - 1].channels_configured = configured;
	*out = fake.span[n - 1];
	return 0;
}

static inline int fake_line_config(const struct dahdi_abi_line *l)
{
	struct dahdi_abi_span *s = &fake.span[l->span - 1];

	fake.configs++;
	fake.sync[l->span - 1] = l->sync;
	if (fake.dynamic[l->span - 1]) /* takes all and keeps nothing */
		return 0;
	s->lineconfig = l->lineconfig;
	s->build_out = l->build_out;
	return 0;
}

static inline int fake_channel_config(const struct dahdi_abi_channel *config)
{
	struct fake_channel *c = fake_numbered(config->channel);

	if (c == NULL ||
	    (config->sigtype == DAHDI_ABI_SIG_HARDHDLC &&
			   (fake.controllers_taken || config->sigtype != c->sigcap)))
		return -EINVAL;
	c->sigtype = config->sigtype;
	return 0;
}

/* HWEC is attached to whatever; others only when their module is there. */
static inline int fake_attach(const struct dahdi_abi_canceller *a)
{
	struct fake_channel *c = fake_numbered(a->channel);

	if (strcmp(a->name, "SEC") == 0)
		abort(); /* as the kernel does */
	if (c == NULL || (strcmp(a->name, "MG2") == 0 && !fake.mg2))
		return -EINVAL;
	memcpy(c->attached, a->name, sizeof(c->attached));
	return 0;
}

/* Without one attached, switching on succeeds and does nothing. */
static inline int fake_cancel(struct fake_channel *c, const struct dahdi_abi_canceller_params *p)
{
	if (!c->audio && p->taps > 0)
		return -EINVAL;
	if (p->taps > 0 && strcmp(c->attached, "HWEC") == 0 && !fake.hardware_canceller)
		return -ENODEV;
	c->cancelling = p->taps > 0 && c->attached[0] != '\0';
	return 0;
}

static inline int fake_shutdown(int span)
{
	fake.shutdowns++;
	fake.started[span - 1] = false;
	for (unsigned slot = 1; slot <= TDM_SLOTS; slot++)
		fake_slot((unsigned)span, slot)->sigtype = 0;
	return 0;
}

static inline int fake_params(struct dahdi_abi_params *p)
{
	const struct fake_channel *c = fake_numbered(p->channel);

	if (c == NULL)
		return -EINVAL;
	p->span = c->span;
	p->position = c->position;
	p->sigtype = c->sigtype;
	p->sigcap = c->sigcap;
	return 0;
}

static inline int fake_get_event(struct fake_channel *c, int *out)
{
	*out = 0;
	if (fake.removed[c->span - 1]) {
		*out = DAHDI_ABI_EVENT_REMOVED;
		return -ENODEV;
	}
	if (c->event_count > 0) {
		*out = c->events[0];
		memmove(c->events, c->events + 1, --c->event_count * sizeof(c->events[0]));
	}
	return 0;
}

static inline int fake_channel_call(struct fake_channel *c, unsigned long operation, void *arg)
{
	const struct dahdi_abi_buffers *b = arg;

	if (fake.removed[c->span - 1] && operation != DAHDI_ABI_GETEVENT)
		return -ENODEV;
	switch (operation) {
	case DAHDI_ABI_SPANSTAT: return fake_span_status(c, arg);
	case DAHDI_ABI_GETEVENT: return fake_get_event(c, arg);
	case DAHDI_ABI_BUFFER_EVENTS: c->buffer_events = true; return 0;
	case DAHDI_ABI_AUDIOMODE: c->audio = *(int *)arg != 0; return 0;
	case DAHDI_ABI_ECHOCANCEL_PARAMS: return fake_cancel(c, arg);
	case DAHDI_ABI_HDLCFCSMODE: c->hdlc = true; return 0;
	case DAHDI_ABI_SET_BUFINFO:
		if (b->octets * b->count > 32768 || b->octets < 16)
			return -EINVAL;
		c->buffers = (unsigned)b->count;
		c->octets = (unsigned)b->octets;
		return 0;
	case DAHDI_ABI_FLUSH:
		c->rx.count = c->tx.count = c->rx_at = c->tx_at = c->event_count = 0;
		return 0;
	default: return -ENOTTY;
	}
}

static inline int fake_control_call(int fd, unsigned long operation, void *arg)
{
	struct dahdi_abi_maint *m = arg;
	int n = *(int *)arg;

	switch (operation) {
	case DAHDI_ABI_SPECIFY: return fake_specify(fd, n);
	case DAHDI_ABI_SPANSTAT: return fake_span_status(NULL, arg);
	case DAHDI_ABI_GET_PARAMS: return fake_params(arg);
	case DAHDI_ABI_ATTACH_ECHOCAN: return fake_attach(arg);
	case DAHDI_ABI_SPANCONFIG: return fake_line_config(arg);
	case DAHDI_ABI_CHANCONFIG: return fake_channel_config(arg);
	case DAHDI_ABI_STARTUP: fake.started[n - 1] = true; return 0;
	case DAHDI_ABI_SHUTDOWN: return fake_shutdown(n);
	case DAHDI_ABI_MAINT:
		if (fake.dynamic[m->span - 1])
			return -ENOSYS;
		fake.maint[m->span - 1] = m->command;
		return 0;
	default: return -ENOTTY;
	}
}

static inline int fake_ioctl(int fd, unsigned long operation, void *arg)
{
	int r;

	pthread_mutex_lock(&fake.lock);
	struct fake_channel *c = fake.by_fd[fd];
	if (operation == fake.refuse)
		r = fake.refuse_error;
	else if (c != NULL)
		r = fake_channel_call(c, operation, arg);
	else
		r = fake_control_call(fd, operation, arg);
	if (c != NULL)
		fake_show(c);
	pthread_mutex_unlock(&fake.lock);
	return r;
}

static ssize_t fake_read_proc(void *octets, size_t count)
{
	size_t n = strlen(fake.slips);

	if (fake.proc_read)
		return 0;
	fake.proc_read = true;
	n = n < count ? n : count;
	memcpy(octets, fake.slips, n);
	return (ssize_t)n;
}

static ssize_t fake_read_channel(struct fake_channel *c, void *octets, size_t count)
{
	if (fake.removed[c->span - 1])
		return -ENODEV;
	if (c->event_count > 0)
		return -DAHDI_ABI_ELAST;
	if (c->rx.count == 0)
		return -EAGAIN;
	size_t n = c->rx.length[c->rx.first];
	n = n < count ? n : count;
	memcpy(octets, c->rx.octets[c->rx.first], n);
	c->rx.first = (c->rx.first + 1) % FAKE_BUFFERS;
	c->rx.count--;
	return (ssize_t)n;
}

static ssize_t fake_read(int fd, void *octets, size_t count)
{
	pthread_mutex_lock(&fake.lock);
	struct fake_channel *c = fake.by_fd[fd];
	ssize_t r = c != NULL ? fake_read_channel(c, octets, count) : fake_read_proc(octets, count);
	if (c != NULL)
		fake_show(c);
	pthread_mutex_unlock(&fake.lock);
	return r;
}

static ssize_t fake_write_channel(struct fake_channel *c, const void *octets, size_t count)
{
	if (fake.removed[c->span - 1])
		return -ENODEV;
	if (c->event_count > 0)
		return -DAHDI_ABI_ELAST;
	if (c->tx.count == c->buffers)
		return -EAGAIN;
	size_t n = count < c->octets ? count : c->octets;
	unsigned i = (c->tx.first + c->tx.count++) % FAKE_BUFFERS;
	memcpy(c->tx.octets[i], octets, n);
	c->tx.length[i] = n;
	return (ssize_t)n;
}

static ssize_t fake_write(int fd, const void *octets, size_t count)
{
	pthread_mutex_lock(&fake.lock);
	ssize_t r = fake_write_channel(fake.by_fd[fd], octets, count);
	fake_show(fake.by_fd[fd]);
	pthread_mutex_unlock(&fake.lock);
	return r;
}

static const struct dahdi_driver fake_driver = {
	.open = fake_open,
	.close = fake_close,
	.ioctl = fake_ioctl,
	.read = fake_read,
	.write = fake_write,
	.retry_ms = 10,
};

/* A driver with no card. */
static inline int fake_setup(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof(fake));
	pthread_mutex_init(&fake.lock, NULL);
	fake.loaded = true;
	return 0;
}

/* As dahdi_cfg would have left the span. */
static inline void fake_configure(unsigned span, int lineconfig, unsigned dchan, int dchan_sigtype)
{
	fake.span[span - 1].lineconfig = lineconfig;
	fake.started[span - 1] = true;
	for (unsigned slot = 1; slot <= TDM_SLOTS; slot++)
		fake_slot(span, slot)->sigtype =
			slot == dchan ? dchan_sigtype : DAHDI_ABI_SIG_CLEAR;
}

/* Whether any descriptor of the fake is still open. */
static inline unsigned fake_open_count(unsigned span)
{
	unsigned n = 0;

	pthread_mutex_lock(&fake.lock);
	for (unsigned slot = 1; slot <= TDM_SLOTS; slot++)
		n += fake_slot(span, slot)->fd >= 0;
	pthread_mutex_unlock(&fake.lock);
	return n;
}

static inline struct tdm_span_conf fake_conf(void)
{
	struct tdm_span_conf c;

	tdm_span_conf_default(&c);
	strcpy(c.name, "t1-1");
	c.backend = TDM_DAHDI;
	return c;
}

#endif
