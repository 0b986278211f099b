/* dahdi_port.c - configures a span and opens its channels.
 *
 * Order as the driver wants it: span, channels, start, and only then opening; a channel without a
 * signalling type cannot be opened.  Channels are reached by DAHDI_SPECIFY, so that no device file
 * for each is needed.
 */
#include "tdm/dahdi_port.h"
#include "tdm/dahdi_abi.h"
#include "tdm/dahdi_find.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
	BUFFERS_SPARE = 2, /* beyond the lead: the tick being read or written, and one to be late */
	FRAME_BUFFERS = DAHDI_ABI_BUFFERS_MAX,
	FRAME_OCTETS = 512, /* TDM_FRAME_MAX, FCS and some, so that a frame too long is seen */
	LINE_BITS = DAHDI_ABI_D4 | DAHDI_ABI_ESF | DAHDI_ABI_AMI | DAHDI_ABI_B8ZS,
};

static int wanted_line(const struct tdm_span_conf *conf)
{
	return (conf->dahdi.framing == TDM_ESF ? DAHDI_ABI_ESF : DAHDI_ABI_D4) |
	       (conf->dahdi.coding == TDM_B8ZS ? DAHDI_ABI_B8ZS : DAHDI_ABI_AMI);
}

static const char *line_text(int line)
{
	bool esf = line & DAHDI_ABI_ESF, b8zs = line & DAHDI_ABI_B8ZS;

	return esf ? b8zs ? "esf, b8zs" : "esf, ami" : b8zs ? "d4, b8zs" : "d4, ami";
}

/* --- does what is there fit? --------------------------------------------------------------- */

static bool is_configured(const struct dahdi_found *f)
{
	return f->span.channels_configured > 0 && f->span.lineconfig != 0;
}

static int check_line(const struct dahdi_found *f, const struct tdm_span_conf *conf, char *err,
		      size_t err_size)
{
	int wanted = wanted_line(conf), is = f->span.lineconfig & LINE_BITS;

	if ((f->span.linecompat & wanted) != wanted) {
		snprintf(err, err_size, "span %d \"%s\" cannot do %s", f->span.number, f->span.name,
			 line_text(wanted));
		return -EINVAL;
	}
	if (!is_configured(f) || conf->dahdi.reconfigure)
		return 0;
	if (is == wanted && f->span.build_out == (int)conf->dahdi.build_out)
		return 0;
	snprintf(err, err_size,
		 "span %d \"%s\" is configured already as %s, line build-out %d, and "
		 "is to be %s, %u: change framing, line_coding and line_build_out, or take the "
		 "span out of /etc/dahdi/system.conf and run dahdi_cfg -s %d",
		 f->span.number, f->span.name, line_text(is), f->span.build_out, line_text(wanted),
		 conf->dahdi.build_out, f->span.number);
	return -EEXIST;
}

static bool is_dchan(const struct tdm_span_conf *conf, unsigned slot)
{
	return conf->dchan_slot == slot;
}

/* A clear D-channel can be told to carry HDLC when it is open. */
static bool fits(int sigtype, bool dchan)
{
	return sigtype == DAHDI_ABI_SIG_CLEAR ||
	       (dchan && (sigtype == DAHDI_ABI_SIG_HDLCFCS || sigtype == DAHDI_ABI_SIG_HARDHDLC));
}

static int check_channel(const struct dahdi_found *f, const struct tdm_span_conf *conf,
			 unsigned slot, char *err, size_t err_size)
{
	const struct dahdi_abi_params *p = &f->slot[slot];
	bool dchan = is_dchan(conf, slot);

	if (p->sigtype == DAHDI_ABI_SIG_NONE || conf->dahdi.reconfigure || fits(p->sigtype, dchan))
		return 0;
	snprintf(err, err_size,
		 "span %d \"%s\": slot %u (channel %d) is configured already as something "
		 "else than a %s: change /etc/dahdi/system.conf (%s=%d), or take the span out of "
		 "it and run dahdi_cfg -s %d",
		 f->span.number, f->span.name, slot, p->channel,
		 dchan ? "D-channel" : "bearer channel", dchan ? "dchan" : "bchan", p->channel,
		 f->span.number);
	return -EEXIST;
}

static int check(const struct dahdi_found *f, const struct tdm_span_conf *conf, char *err,
		 size_t err_size)
{
	int r = check_line(f, conf, err, err_size);

	for (unsigned slot = 1; r == 0 && slot <= TDM_SLOTS; slot++)
		r = check_channel(f, conf, slot, err, err_size);
	return r;
}

/* --- configuring --------------------------------------------------------------------------- */

static int configure_line(struct dahdi_port *p, int control, const struct dahdi_found *f,
			  const struct tdm_span_conf *conf)
{
	struct dahdi_abi_line line = {
		.span = f->span.number,
		.build_out = (int)conf->dahdi.build_out,
		.lineconfig = wanted_line(conf),
		/* Priorities count on the card, so its spans must not share one. */
		.sync = conf->clock == TDM_CLOCK_LINE ? (int)f->position : 0,
	};

	return p->driver->ioctl(control, DAHDI_ABI_SPANCONFIG, &line);
}

static int configure_channel(struct dahdi_port *p, int control, int channel, int sigtype)
{
	struct dahdi_abi_channel c = {
		.channel = channel, .sigtype = sigtype, .law = DAHDI_ABI_MULAW};

	return p->driver->ioctl(control, DAHDI_ABI_CHANCONFIG, &c);
}

/* The card may have fewer HDLC controllers than channels that could use one. */
static int configure_dchan(struct dahdi_port *p, int control, const struct dahdi_abi_params *is)
{
	bool hard = (is->sigcap & DAHDI_ABI_SIG_HARDHDLC) == DAHDI_ABI_SIG_HARDHDLC;

	if (hard && configure_channel(p, control, is->channel, DAHDI_ABI_SIG_HARDHDLC) >= 0)
		return 0;
	return configure_channel(p, control, is->channel, DAHDI_ABI_SIG_HDLCFCS);
}

static int configure_slot(struct dahdi_port *p, int control, const struct dahdi_found *f,
			  const struct tdm_span_conf *conf, unsigned slot)
{
	if (is_dchan(conf, slot))
		return configure_dchan(p, control, &f->slot[slot]);
	return configure_channel(p, control, f->slot[slot].channel, DAHDI_ABI_SIG_CLEAR);
}

static int configure(struct dahdi_port *p, int control, const struct dahdi_found *f,
		     const struct tdm_span_conf *conf)
{
	bool anew = conf->dahdi.reconfigure;
	int r = 0;

	p->configured = anew || f->span.channels_configured == 0;
	if (anew || !is_configured(f))
		r = configure_line(p, control, f, conf);
	for (unsigned slot = 1; r >= 0 && slot <= TDM_SLOTS; slot++)
		if (anew || f->slot[slot].sigtype == DAHDI_ABI_SIG_NONE)
			r = configure_slot(p, control, f, conf, slot);
	if (r >= 0) /* where it runs already this does nothing */
		r = p->driver->ioctl(control, DAHDI_ABI_STARTUP, &p->number);
	return r;
}

static void describe(struct dahdi_port *p, const struct dahdi_found *f)
{
	const char *type = f->span.device_type;
	bool says_more = type[0] != '\0' && strcmp(type, f->span.name) != 0;

	snprintf(p->text, sizeof(p->text), "DAHDI span %d \"%s\"%s%s%s, %s", f->span.number,
		 f->span.name, says_more ? " (" : "", says_more ? type : "", says_more ? ")" : "",
		 p->configured ? "configured by Tandem" : "as it was configured before");
}

/* --- opening ------------------------------------------------------------------------------- */

static int set_up_bearer(struct dahdi_port *p, int fd)
{
	struct dahdi_abi_buffers b = {
		.tx_policy = DAHDI_ABI_POLICY_IMMEDIATE,
		.rx_policy = DAHDI_ABI_POLICY_IMMEDIATE,
		.count = (int)p->buffers,
		.octets = TDM_TICK_OCTETS,
	};
	int on = 1, r = p->driver->ioctl(fd, DAHDI_ABI_SET_BUFINFO, &b);

	return r < 0 ? r : p->driver->ioctl(fd, DAHDI_ABI_BUFFER_EVENTS, &on);
}

static int set_up_dchan(struct dahdi_port *p, int fd, int sigtype)
{
	struct dahdi_abi_buffers b = {
		.tx_policy = DAHDI_ABI_POLICY_IMMEDIATE,
		.rx_policy = DAHDI_ABI_POLICY_IMMEDIATE,
		.count = FRAME_BUFFERS,
		.octets = FRAME_OCTETS,
	};
	int on = 1, r = 0;

	if (sigtype == DAHDI_ABI_SIG_CLEAR)
		r = p->driver->ioctl(fd, DAHDI_ABI_HDLCFCSMODE, &on);
	return r < 0 ? r : p->driver->ioctl(fd, DAHDI_ABI_SET_BUFINFO, &b);
}

static int open_channel(struct dahdi_port *p, const struct dahdi_found *f,
			const struct tdm_span_conf *conf, unsigned slot)
{
	int channel = f->slot[slot].channel, fd = p->driver->open(DAHDI_ABI_CHANNEL), r;

	if (fd < 0)
		return fd;
	p->fd[slot] = fd;
	r = p->driver->ioctl(fd, DAHDI_ABI_SPECIFY, &channel);
	if (r < 0)
		return r;
	return is_dchan(conf, slot) ? set_up_dchan(p, fd, f->slot[slot].sigtype)
				    : set_up_bearer(p, fd);
}

static void explain_channel(const struct dahdi_found *f, unsigned slot, int r, char *err,
			    size_t err_size)
{
	int channel = f->slot[slot].channel;

	if (r == -EBUSY)
		snprintf(err, err_size,
			 "span %d \"%s\": slot %u (channel %d) is in use by another program: "
			 "fuser -v /dev/dahdi/* shows which",
			 f->span.number, f->span.name, slot, channel);
	else if (r == -EACCES || r == -EPERM)
		snprintf(err, err_size,
			 "no permission for " DAHDI_ABI_CHANNEL ": add this user to the group of "
			 "the device, usually dahdi (adduser USER dahdi)");
	else if (r == -ENOENT)
		snprintf(err, err_size, "there is no " DAHDI_ABI_CHANNEL ": is udev running?");
	else
		snprintf(err, err_size, "span %d \"%s\": slot %u (channel %d): %s", f->span.number,
			 f->span.name, slot, channel, strerror(-r));
}

static int open_channels(struct dahdi_port *p, const struct dahdi_found *f,
			 const struct tdm_span_conf *conf, char *err, size_t err_size)
{
	for (unsigned slot = 1; slot <= TDM_SLOTS; slot++) {
		int r = open_channel(p, f, conf, slot);
		if (r < 0) {
			explain_channel(f, slot, r, err, err_size);
			return r;
		}
	}
	return 0;
}

/* Configuring anew would take the line from a program that uses it. */
static int check_unused(struct dahdi_port *p, const struct dahdi_found *f, char *err,
			size_t err_size)
{
	int r = 0;

	for (unsigned slot = 1; r >= 0 && slot <= TDM_SLOTS; slot++) {
		int channel = f->slot[slot].channel, fd;
		if (f->slot[slot].sigtype == DAHDI_ABI_SIG_NONE)
			continue;
		r = fd = p->driver->open(DAHDI_ABI_CHANNEL);
		if (fd >= 0) {
			r = p->driver->ioctl(fd, DAHDI_ABI_SPECIFY, &channel);
			p->driver->close(fd);
		}
		if (r < 0)
			explain_channel(f, slot, r, err, err_size);
	}
	return r;
}

static void attach_canceller(struct dahdi_port *p, int control, const struct dahdi_found *f,
			     const struct tdm_span_conf *conf)
{
	int channel[TDM_SLOTS + 1] = {0};

	for (unsigned slot = 1; slot <= TDM_SLOTS; slot++)
		if (!is_dchan(conf, slot))
			channel[slot] = f->slot[slot].channel;
	dahdi_canceller_attach(&p->canceller, p->driver, control, channel, p->fd,
			       conf->dahdi.canceller);
}

static int open_found(struct dahdi_port *p, int control, const struct dahdi_found *f,
		      const struct tdm_span_conf *conf, char *err, size_t err_size)
{
	int r = check(f, conf, err, err_size);

	if (r >= 0 && conf->dahdi.reconfigure)
		r = check_unused(p, f, err, err_size);
	if (r < 0)
		return r;
	p->number = f->span.number;
	r = configure(p, control, f, conf);
	if (r < 0) {
		snprintf(err, err_size,
			 "span %d \"%s\": the driver refuses %s, line build-out %u, %s: %s",
			 f->span.number, f->span.name, line_text(wanted_line(conf)),
			 conf->dahdi.build_out,
			 is_dchan(conf, 0) ? "24 bearer channels" : "23 bearer and a D-channel",
			 strerror(-r));
		return r;
	}
	describe(p, f);
	r = open_channels(p, f, conf, err, err_size);
	if (r == 0)
		attach_canceller(p, control, f, conf);
	return r;
}

int dahdi_port_open(struct dahdi_port *p, const struct dahdi_driver *driver,
		    const struct tdm_span_conf *conf, char *err, size_t err_size)
{
	struct dahdi_found f;
	int control, r;

	*p = (struct dahdi_port){
		.driver = driver,
		.buffers = conf->dahdi.lead_ms / TDM_TICK_MS + BUFFERS_SPARE,
	};
	for (unsigned slot = 0; slot <= TDM_SLOTS; slot++)
		p->fd[slot] = -1;
	control = dahdi_control_open(driver, err, err_size);
	if (control < 0)
		return control;
	r = dahdi_find(&f, driver, control, conf->dahdi.card, err, err_size);
	if (r == 0)
		r = open_found(p, control, &f, conf, err, err_size);
	driver->close(control);
	if (r < 0)
		dahdi_port_close(p, false);
	return r;
}

void dahdi_port_close(struct dahdi_port *p, bool gone)
{
	char err[DAHDI_PORT_TEXT_MAX];

	for (unsigned slot = 1; slot <= TDM_SLOTS; slot++) {
		if (p->fd[slot] >= 0)
			p->driver->close(p->fd[slot]);
		p->fd[slot] = -1;
	}
	if (p->configured && !gone) {
		int control = dahdi_control_open(p->driver, err, sizeof(err));
		if (control >= 0) {
			p->driver->ioctl(control, DAHDI_ABI_SHUTDOWN, &p->number);
			p->driver->close(control);
		}
	}
	p->configured = false;
}

int dahdi_port_look(const struct dahdi_driver *driver, const struct tdm_span_conf *conf, char *text,
		    size_t text_size)
{
	struct dahdi_found f;
	int control = dahdi_control_open(driver, text, text_size), r;

	if (control < 0)
		return control;
	r = dahdi_find(&f, driver, control, conf->dahdi.card, text, text_size);
	if (r == 0)
		r = check(&f, conf, text, text_size);
	if (r == 0)
		snprintf(text, text_size, "DAHDI span %d \"%s\" is there", f.span.number,
			 f.span.name);
	driver->close(control);
	return r;
}
