/* line - what the DAHDI driver is told and asked in its tests, beside what the gateway does.
 *
 * line create DRIVER ADDRESS: makes a span, "loc 1:0" or "eth eth0/02:00:00:00:00:01/0", and says
 *     its number.  line destroy DRIVER ADDRESS: takes it away; it must not be in use.
 * line configure SPAN: slots 1-23 clear, HDLC on 24, as dahdi_cfg would.
 * line join A B [SLOT...]: the driver's cross-connect: what a slot of A receives B sends, and the
 *     other way round; line part A B [SLOT...] ends it.  Without slots: all 24.
 * line pump A B SECONDS: octets on slots 1-23 both ways, each of them compared.
 *
 * A span number is the driver's; its slot n is channel 24 * (number - 1) + n, because the tests
 * have T1 spans alone.  Status 0, or 1 and a message.
 */
#include <dahdi/user.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { SLOTS = 24, BEARERS = 23, BLOCK = 80, LEAD_BLOCKS = 16, BUFFERS = 2 * LEAD_BLOCKS };

static void fail(const char *what)
{
	fprintf(stderr, "line: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int channel(int span, int slot)
{
	return SLOTS * (span - 1) + slot;
}

static int control_open(void)
{
	int fd = open("/dev/dahdi/ctl", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		fail("/dev/dahdi/ctl");
	return fd;
}

static void dynamic(unsigned long request, const char *what, const char *driver,
		    const char *address)
{
	struct dahdi_dynamic_span span = {.numchans = SLOTS};
	int fd = control_open();

	snprintf(span.driver, sizeof span.driver, "%s", driver);
	snprintf(span.addr, sizeof span.addr, "%s", address);
	if (ioctl(fd, request, &span) < 0)
		fail(what);
	if (request == DAHDI_DYNAMIC_CREATE)
		printf("%d\n", span.spanno);
	close(fd);
}

static void slot_configure(int fd, int chan, int signalling, int source)
{
	struct dahdi_chanconfig conf = {
		.chan = chan,
		.sigtype = signalling,
		.deflaw = DAHDI_LAW_MULAW,
		.master = chan,
		.idlebits = source, /* of a cross-connect: the channel it takes from */
	};

	if (ioctl(fd, DAHDI_CHANCONFIG, &conf) < 0)
		fail("DAHDI_CHANCONFIG");
}

/* The driver ends a cross-connect when the channel is next opened, and not before. */
static void slot_open_once(int chan)
{
	int fd = open("/dev/dahdi/channel", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, DAHDI_SPECIFY, &chan) < 0)
		fail("opening a channel");
	close(fd);
}

static void span_start(int fd, int span)
{
	if (ioctl(fd, DAHDI_STARTUP, &span) < 0 && errno != EBUSY)
		fail("DAHDI_STARTUP");
}

static void span_configure(int span)
{
	int fd = control_open();

	for (int slot = 1; slot <= SLOTS; slot++) {
		slot_configure(fd, channel(span, slot),
			       slot <= BEARERS ? DAHDI_SIG_CLEAR : DAHDI_SIG_HDLCFCS, 0);
	}
	span_start(fd, span);
	close(fd);
}

static void slots_join(int a, int b, char **slots, bool joined)
{
	int fd = control_open();
	int how = joined ? DAHDI_SIG_DACS : DAHDI_SIG_CLEAR;

	for (int slot = 1; slot <= SLOTS; slot++) {
		bool wanted = *slots == NULL;
		for (char **s = slots; *s != NULL; s++)
			wanted = wanted || atoi(*s) == slot;
		if (!wanted)
			continue;
		slot_configure(fd, channel(a, slot), how, channel(b, slot));
		slot_configure(fd, channel(b, slot), how, channel(a, slot));
		if (!joined) {
			slot_open_once(channel(a, slot));
			slot_open_once(channel(b, slot));
		}
	}
	span_start(fd, a);
	span_start(fd, b);
	close(fd);
}

/* --- pump: what is sent is a function of channel and position, so that any octet lost, put in or
 * changed is seen -------------------------------------------------------------------------------
 */

struct end {
	int fd;
	uint32_t sends, hears; /* channels: seeds of the two streams */
	uint64_t sent, heard;  /* positions */
	uint64_t octets;       /* in all, those before the far end's first included */
	uint64_t first_break;  /* 0 = none */
	unsigned breaks, events;
	bool in_step;
};

static uint8_t octet_at(uint32_t seed, uint64_t position)
{
	uint64_t x = (position + 1) * 0x9e3779b97f4a7c15u + seed * 0xbf58476d1ce4e5b9u;

	x = (x ^ x >> 31) * 0x94d049bb133111ebu;
	return (uint8_t)(x >> 56);
}

static void end_open(struct end *e, int chan, int far)
{
	int block = BLOCK;
	int audio = 1;
	struct dahdi_bufferinfo buffers = {
		.txbufpolicy = DAHDI_POLICY_HALF_FULL, /* sending starts with the whole lead */
		.rxbufpolicy = DAHDI_POLICY_IMMEDIATE,
		.numbufs = BUFFERS,
		.bufsize = BLOCK,
	};

	e->sends = (uint32_t)chan;
	e->hears = (uint32_t)far;
	e->fd = open("/dev/dahdi/channel", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (e->fd < 0 || ioctl(e->fd, DAHDI_SPECIFY, &chan) < 0)
		fail("opening a channel");
	if (ioctl(e->fd, DAHDI_SET_BLOCKSIZE, &block) < 0 ||
	    ioctl(e->fd, DAHDI_SET_BUFINFO, &buffers) < 0 ||
	    ioctl(e->fd, DAHDI_AUDIOMODE, &audio) < 0)
		fail("setting up a channel");
}

static void end_send(struct end *e)
{
	uint8_t block[BLOCK];

	for (int i = 0; i < BLOCK; i++)
		block[i] = octet_at(e->sends, e->sent + (uint64_t)i);
	ssize_t n = write(e->fd, block, sizeof block);
	if (n > 0)
		e->sent += (uint64_t)n;
}

/* Whether the stream's 12 octets from its beginning end at the newest octet. */
static bool at_start(struct end *e, const uint8_t *window)
{
	for (int i = 0; i < 12; i++) {
		if (window[i] != octet_at(e->hears, (uint64_t)i))
			return false;
	}
	e->heard = 12;
	return true;
}

static void end_hear(struct end *e, uint8_t window[12])
{
	uint8_t block[BLOCK];
	ssize_t n;

	while ((n = read(e->fd, block, sizeof block)) > 0) {
		for (ssize_t i = 0; i < n; i++) {
			if (!e->in_step) {
				memmove(window, window + 1, 11);
				window[11] = block[i];
				e->in_step = at_start(e, window);
			} else if (block[i] != octet_at(e->hears, e->heard++)) {
				e->breaks++;
				if (e->first_break == 0)
					e->first_break = e->heard;
			}
		}
		e->octets += (uint64_t)n;
		end_send(e);
	}
	int event;
	if (n < 0 && errno == ELAST && ioctl(e->fd, DAHDI_GETEVENT, &event) == 0 && event != 0)
		e->events++;
}

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int pump_report(const struct end *ends, int count, double seconds)
{
	unsigned apart = 0, breaks = 0, events = 0, broken = 0;
	uint64_t least = UINT64_MAX, first = 0;

	for (int i = 0; i < count; i++) {
		apart += !ends[i].in_step;
		breaks += ends[i].breaks;
		events += ends[i].events;
		broken += ends[i].breaks != 0;
		if (ends[i].first_break != 0 && (first == 0 || ends[i].first_break < first))
			first = ends[i].first_break;
		least = ends[i].heard < least ? ends[i].heard : least;
	}
	printf("{\"channels\": %d, \"silent\": %u, \"broken\": %u, \"first_break\": %llu, "
	       "\"wrong_octets\": %u, \"events\": %u, "
	       "\"least_octets\": %llu, \"octets_a_second\": %.1f}\n",
	       count, apart, broken, (unsigned long long)first, breaks, events,
	       (unsigned long long)least, (double)ends[0].octets / seconds);
	return apart != 0 || breaks != 0;
}

static int pump(int a, int b, double seconds)
{
	static struct end ends[2 * BEARERS];
	static uint8_t windows[2 * BEARERS][12];
	struct pollfd fds[2 * BEARERS];
	struct sched_param priority = {.sched_priority = 10};
	int count = 2 * BEARERS;

	if (sched_setscheduler(0, SCHED_FIFO, &priority) < 0)
		fail("SCHED_FIFO");
	for (int i = 0; i < count; i++) {
		int slot = i % BEARERS + 1;
		end_open(&ends[i], channel(i < BEARERS ? a : b, slot),
			 channel(i < BEARERS ? b : a, slot));
		fds[i] = (struct pollfd){.fd = ends[i].fd, .events = POLLIN | POLLPRI};
	}
	for (int i = 0; i < count; i++) {
		int all = DAHDI_FLUSH_ALL;
		if (ioctl(ends[i].fd, DAHDI_FLUSH, &all) < 0)
			fail("DAHDI_FLUSH");
	}
	for (int n = 0; n < LEAD_BLOCKS; n++) {
		for (int i = 0; i < count; i++)
			end_send(&ends[i]);
	}
	double start = now_s();
	while (now_s() - start < seconds) {
		if (poll(fds, (nfds_t)count, 1000) <= 0)
			break;
		for (int i = 0; i < count; i++) {
			if (fds[i].revents != 0)
				end_hear(&ends[i], windows[i]);
		}
	}
	return pump_report(ends, count, now_s() - start);
}

int main(int argc, char **argv)
{
	const char *verb = argc > 2 ? argv[1] : "";

	if (strcmp(verb, "create") == 0 && argc == 4)
		dynamic(DAHDI_DYNAMIC_CREATE, "DAHDI_DYNAMIC_CREATE", argv[2], argv[3]);
	else if (strcmp(verb, "destroy") == 0 && argc == 4)
		dynamic(DAHDI_DYNAMIC_DESTROY, "DAHDI_DYNAMIC_DESTROY", argv[2], argv[3]);
	else if (strcmp(verb, "configure") == 0 && argc == 3)
		span_configure(atoi(argv[2]));
	else if (strcmp(verb, "join") == 0 && argc >= 4)
		slots_join(atoi(argv[2]), atoi(argv[3]), argv + 4, true);
	else if (strcmp(verb, "part") == 0 && argc >= 4)
		slots_join(atoi(argv[2]), atoi(argv[3]), argv + 4, false);
	else if (strcmp(verb, "pump") == 0 && argc == 5)
		return pump(atoi(argv[2]), atoi(argv[3]), atof(argv[4]));
	else
		return fprintf(stderr, "usage: see tests/dahdi/line.c\n"), 1;
	return 0;
}
