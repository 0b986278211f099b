/* A pair of spans as their owner sees them: poll, service, exchange, in real time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gateway/base/clock.h"
#include "tdm/span.c"
#include <netinet/in.h>
#include <poll.h>
#include <unistd.h>

enum { FRAMES = 25 };

static void loopback(struct sockaddr_storage *ss, uint16_t port)
{
	struct sockaddr_in *in = (void *)ss;
	memset(ss, 0, sizeof(*ss));
	in->sin_family = AF_INET;
	in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	in->sin_port = port;
}

static void free_ports(uint16_t ports[2])
{
	int fds[2];
	for (int i = 0; i < 2; i++) {
		struct sockaddr_storage ss;
		socklen_t len = sizeof(ss);
		loopback(&ss, 0);
		fds[i] = socket(AF_INET, SOCK_DGRAM, 0);
		assert_int_equal(bind(fds[i], (struct sockaddr *)&ss, sizeof(struct sockaddr_in)),
				 0);
		assert_int_equal(getsockname(fds[i], (struct sockaddr *)&ss, &len), 0);
		ports[i] = ((struct sockaddr_in *)&ss)->sin_port;
	}
	close(fds[0]);
	close(fds[1]);
}

static struct tdm_span *open_end(const uint16_t ports[2], int end)
{
	struct tdm_span_conf c;
	struct tdm_span *s;
	char err[128];
	tdm_span_conf_default(&c);
	snprintf(c.name, sizeof(c.name), "t1-%d", end);
	loopback(&c.wire.local, ports[end]);
	loopback(&c.wire.peer, ports[!end]);
	c.clock = end == 1 ? TDM_CLOCK_LINE : TDM_CLOCK_OWN;
	if (tdm_span_open(&s, &c, err, sizeof(err)) != 0)
		fail_msg("%s", err);
	return s;
}

static void frames_and_ticks_in_real_time(void **state)
{
	uint16_t ports[2];
	struct tdm_span *s[2];
	unsigned ticks[2] = {0}, sent = 0, received = 0;
	uint64_t begin = clock_mono_ns();

	free_ports(ports);
	s[0] = open_end(ports, 0);
	s[1] = open_end(ports, 1);
	assert_string_equal(tdm_span_name(s[1]), "t1-1");
	while ((received < FRAMES || ticks[1] < 30) && clock_mono_ns() - begin < 10000000000u) {
		struct pollfd fds[2] = {{tdm_span_fd(s[0]), POLLIN, 0},
					{tdm_span_fd(s[1]), POLLIN, 0}};
		assert_true(poll(fds, 2, 1000) > 0);
		for (int i = 0; i < 2; i++) {
			if (!(fds[i].revents & POLLIN))
				continue;
			for (unsigned n = tdm_span_service(s[i]); n > 0; n--) {
				tdm_tick rx, tx;
				memset(tx, 0x2a, sizeof(tx));
				tdm_span_exchange(s[i], 2, rx, tx);
				ticks[i]++;
			}
			uint8_t frame[TDM_FRAME_MAX];
			ssize_t n = tdm_dchan_recv(s[i], frame, sizeof(frame));
			if (i == 1 && n > 0) /* B sends back what it hears */
				assert_int_equal(tdm_dchan_send(s[1], frame, (size_t)n), 0);
			if (i == 0 && n > 0) {
				assert_int_equal(n, 40);
				received++;
			}
		}
		/* Not before both hear each other; again when a slip ate one. */
		if (tdm_span_alarms(s[0]) == 0 && tdm_span_alarms(s[1]) == 0 && sent < ticks[0]) {
			uint8_t frame[40] = {2, 1, (uint8_t)sent};
			sent += tdm_dchan_send(s[0], frame, sizeof(frame)) == 0;
		}
	}
	uint64_t elapsed_ms = (clock_mono_ns() - begin) / 1000000;
	assert_true(received >= FRAMES);
	for (int i = 0; i < 2; i++) {
		struct tdm_span_counts c;
		tdm_span_counts(s[i], &c);
		assert_int_equal(c.ticks, ticks[i]);
		assert_int_equal(c.malformed + c.foreign + c.tx_errors, 0);
		/* Late ones are among them when caught up, and beside them when given up. */
		assert_in_range((ticks[i] + c.late_ticks) * 10 + 20, elapsed_ms - 10, UINT64_MAX);
		assert_in_range(ticks[i] * 10, 0, elapsed_ms + 10);
		assert_in_range(c.buffer_us, 2000, 11000);
	}
	tdm_span_close(s[0]);
	tdm_span_close(s[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_and_ticks_in_real_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
