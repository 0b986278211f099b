/* RTP sessions on loopback in virtual time: each side ticks every 10 ms of it. */
#include "sip/rtp.c"

#include "sip/octets.h"
#include "tests/unit/sip/rtp_rig.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <spandsp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

static void fill_tick(uint8_t out[RTP_TICK], unsigned tick)
{
	for (unsigned i = 0; i < RTP_TICK; i++)
		out[i] = (uint8_t)((tick * RTP_TICK + i) * 11 + tick / 3);
}

static bool tick(struct pair *p, unsigned n, uint8_t heard[RTP_TICK])
{
	uint8_t octets[RTP_TICK], silence[RTP_TICK];
	bool played;

	fill_tick(octets, n);
	memset(silence, 0xff, RTP_TICK);
	rtp_session_receive(p->a, now_ns);
	rtp_session_receive(p->b, now_ns);
	played = rtp_session_play(p->b, heard, now_ns);
	rtp_session_send(p->a, octets, now_ns);
	rtp_session_send(p->b, silence, now_ns);
	now_ns += TICK_MS * MS;
	return played;
}

static struct rtp_counts counts(const struct rtp_session *s)
{
	struct rtp_counts c;

	rtp_session_counts(s, &c);
	return c;
}

/* Runs ticks, and checks that what b hears is what a said, octet for octet, once it has begun. */
static void run_exact(struct pair *p, unsigned ticks)
{
	unsigned next = 0;

	for (unsigned i = 0; i < ticks; i++) {
		uint8_t heard[RTP_TICK], want[RTP_TICK];

		if (!tick(p, i, heard)) {
			assert_int_equal(next, 0);
			continue;
		}
		fill_tick(want, next++);
		assert_memory_equal(heard, want, RTP_TICK);
	}
	assert_true(next + 12 > ticks);
}

/* --- audio --------------------------------------------------------------------------------------
 */

static void pcmu_is_exact_at_every_ptime(void **state)
{
	for (unsigned ptime = 10; ptime <= 60; ptime += 5) {
		struct pair p;
		struct rtp_counts c;

		pair_open(&p);
		p.ma.ptime_ms = (uint8_t)ptime;
		rtp_session_set(p.a, &p.ma);
		if (ptime % 10 == 0)
			run_exact(&p, 300);
		else
			for (unsigned i = 0; i < 300; i++)
				tick(&p, i, (uint8_t[RTP_TICK]){0});
		c = counts(p.b);
		assert_in_range(c.rx_packets, 2999 / ptime - 1, 3000 / ptime);
		assert_int_equal(c.rx_octets, c.rx_packets * ptime * 8);
		assert_int_equal(c.malformed + c.foreign + c.lost + c.late + c.duplicate +
					 c.reordered + c.overflow + c.concealed,
				 0);
		assert_true(c.delay_us <= 30000);
		assert_int_equal(c.tx_packets, 150);
		pair_close(&p);
	}
}

static void pcma_is_converted(void **state)
{
	struct pair p;
	uint8_t heard[RTP_TICK], want[RTP_TICK];
	unsigned next = 0;

	pair_open(&p);
	p.ma.codec = p.mb.codec = SIP_PCMA;
	p.ma.payload_type = p.mb.payload_type = 8;
	rtp_session_set(p.a, &p.ma);
	rtp_session_set(p.b, &p.mb);
	for (unsigned i = 0; i < 100; i++) {
		if (!tick(&p, i, heard))
			continue;
		fill_tick(want, next++);
		for (unsigned k = 0; k < RTP_TICK; k++)
			assert_int_equal(heard[k], alaw_to_ulaw(ulaw_to_alaw(want[k])));
	}
	assert_true(next > 90);
	/* The other static type is understood as well. */
	p.ma.codec = SIP_PCMU;
	p.ma.payload_type = 0;
	rtp_session_set(p.a, &p.ma);
	for (unsigned i = 0; i < 10; i++)
		tick(&p, i, heard);
	assert_int_equal(counts(p.b).malformed, 0);
	pair_close(&p);
}

static void ipv6_works(void **state)
{
	struct pair p;
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);
	struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	bool have = fd >= 0 && bind(fd, (struct sockaddr *)&any, sizeof(any)) == 0;

	if (fd >= 0)
		close(fd);
	if (!have)
		skip();
	now_ns = 5000ull * MS;
	p.a = open_session(AF_INET6);
	p.b = open_session(AF_INET6);
	p.ma = towards(p.b);
	p.mb = towards(p.a);
	rtp_session_set(p.a, &p.ma);
	rtp_session_set(p.b, &p.mb);
	run_exact(&p, 100);
	pair_close(&p);
}

static void hold_is_silent_each_way(void **state)
{
	struct pair p;
	uint8_t heard[RTP_TICK];
	uint64_t before;

	pair_open(&p);
	run_exact(&p, 50);
	p.ma.send = false;
	rtp_session_set(p.a, &p.ma);
	before = counts(p.a).tx_packets;
	for (unsigned i = 0; i < 50; i++)
		tick(&p, i, heard);
	assert_int_equal(counts(p.a).tx_packets, before);
	assert_true(rtp_session_silent_ns(p.b, now_ns) > 400ull * MS);
	p.ma.send = true;
	p.mb.recv = false;
	rtp_session_set(p.a, &p.ma);
	rtp_session_set(p.b, &p.mb);
	for (unsigned i = 0; i < 50; i++) {
		assert_false(tick(&p, i, heard));
		assert_int_equal(heard[0], 0xff);
		assert_int_equal(heard[79], 0xff);
	}
	assert_int_equal(rtp_session_silent_ns(p.b, now_ns), 0);
	/* Resumed: what was sent meanwhile is not played late. */
	p.mb.recv = true;
	rtp_session_set(p.b, &p.mb);
	for (unsigned i = 0; i < 20; i++)
		tick(&p, i, heard);
	assert_true(tick(&p, 20, heard));
	assert_int_equal(counts(p.b).late + counts(p.b).overflow, 0);
	assert_true(counts(p.b).delay_us <= 12000);
	pair_close(&p);
}

static void nobody_to_send_to(void **state)
{
	struct pair p;
	uint8_t heard[RTP_TICK];

	pair_open(&p);
	p.ma.remote.ss_family = 0;
	p.ma.remote_rtcp.ss_family = 0;
	rtp_session_set(p.a, &p.ma);
	for (unsigned i = 0; i < 1200; i++)
		assert_false(tick(&p, i, heard));
	assert_int_equal(counts(p.a).tx_packets + counts(p.a).rtcp_tx, 0);
	((struct sockaddr_in *)&p.mb.remote)->sin_port = 0;
	rtp_session_set(p.b, &p.mb);
	for (unsigned i = 0; i < 10; i++)
		tick(&p, i, heard);
	assert_true(counts(p.a).foreign > 0); /* what b sent while it knew a */
	pair_close(&p);
}

/* --- the packet
 * ----------------------------------------------------------------------------------- */

static void header_is_right(void **state)
{
	struct raw r, other;
	uint8_t octets[RTP_TICK] = {1}, data[1500];
	uint32_t ts = 0, ssrc = 0;
	uint16_t seq = 0;

	raw_open(&r);
	for (unsigned i = 0; i < 20; i++, now_ns += TICK_MS * MS) {
		/* Muted for 60 ms on the way. */
		rtp_session_send(r.s, i >= 10 && i < 16 ? NULL : octets, now_ns);
		if (!raw_recv(&r, data))
			continue;
		assert_int_equal(data[0], 0x80);
		if (i == 1) {
			assert_int_equal(data[1], 0x80); /* talkspurt begins */
			ssrc = get32(data + 8);
		} else {
			assert_int_equal(data[1], i == 17 ? 0x80 : 0);
			assert_int_equal(get32(data + 4) - ts, i == 17 ? 800 - 80 * 2 : 160);
			assert_int_equal((uint16_t)((data[2] << 8 | data[3]) - seq), 1);
			assert_int_equal(get32(data + 8), ssrc);
		}
		ts = get32(data + 4);
		seq = (uint16_t)(data[2] << 8 | data[3]);
	}
	raw_open(&other);
	assert_true(other.s->ssrc != r.s->ssrc && other.s->ts != r.s->ts);
	assert_string_not_equal(other.s->cname, r.s->cname);
	raw_close(&other);
	raw_close(&r);
}

/* --- what is not ours
 * ------------------------------------------------------------------------------- */

static void foreign_and_malformed_are_dropped(void **state)
{
	struct raw r, stranger;
	uint8_t audio[1000] = {0};
	const struct head h = {1, 160, 7};
	static const uint8_t cut[] = {0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0};
	uint8_t big[3000] = {0x80};

	raw_open(&r);
	raw_open(&stranger);
	stranger.to = r.to;
	raw_send(&stranger, h, 0, audio, 160);
	rtp_session_receive(r.s, now_ns);
	assert_int_equal(counts(r.s).foreign, 1);
	assert_int_equal(counts(r.s).rx_packets, 0);
	assert_true(media_socket_send(r.sockets.rtp, cut, sizeof(cut), &r.to));
	assert_true(media_socket_send(r.sockets.rtp, cut, 0, &r.to));
	assert_true(media_socket_send(r.sockets.rtp, big, sizeof(big), &r.to));
	raw_send(&r, h, 13, audio, 160); /* types not agreed on */
	raw_send(&r, h, 96, audio, 160);
	raw_send(&r, h, 0, audio, 7); /* under 1 ms, over 120 ms */
	raw_send(&r, h, 0, audio, 961);
	raw_send(&r, h, 101, audio, 3);
	rtp_session_receive(r.s, now_ns);
	assert_int_equal(counts(r.s).malformed, 8);
	assert_int_equal(counts(r.s).rx_packets, 0);
	raw_send(&r, h, 0, audio, 8);
	raw_send(&r, (struct head){2, 168, 7}, 0x80, audio, 960);
	rtp_session_receive(r.s, now_ns);
	assert_int_equal(counts(r.s).rx_packets, 2);
	assert_int_equal(counts(r.s).malformed, 8);
	assert_int_equal(counts(r.s).foreign, 1);
	raw_close(&stranger);
	raw_close(&r);
}

static void loss_order_and_copies_are_counted(void **state)
{
	struct raw r;
	uint8_t audio[160], heard[RTP_TICK];
	struct rtp_counts c;

	memset(audio, 0x20, sizeof(audio));
	raw_open(&r);
	for (unsigned i = 0; i < 100; i++) {
		struct head h = {(uint16_t)(65500 + i), 160 * i, 7};

		if (i == 30 || i == 31)
			; /* lost */
		else if (i == 50)
			raw_send(&r, (struct head){(uint16_t)(65551), 160 * 51, 7}, 0, audio, 160);
		else if (i == 51)
			raw_send(&r, (struct head){(uint16_t)(65550), 160 * 50, 7}, 0, audio, 160);
		else
			raw_send(&r, h, 0, audio, 160);
		if (i == 70)
			raw_send(&r, h, 0, audio, 160);
		for (unsigned k = 0; k < 2; k++, now_ns += TICK_MS * MS) {
			rtp_session_receive(r.s, now_ns);
			rtp_session_play(r.s, heard, now_ns);
		}
	}
	c = counts(r.s);
	assert_int_equal(c.lost, 2);
	assert_int_equal(c.duplicate, 1);
	assert_int_equal(c.reordered, 1);
	assert_int_equal(c.late, 1); /* the swapped one missed its time */
	assert_int_equal(c.malformed + c.foreign + c.overflow, 0);
	assert_in_range(c.concealed, 5, 7);
	raw_close(&r);
}

static void ssrc_change_is_followed_at_once(void **state)
{
	struct raw r;
	uint8_t audio[160], heard[RTP_TICK];
	unsigned idle = 0;

	raw_open(&r);
	for (unsigned i = 0; i < 100; i++) {
		bool old = i < 50;

		memset(audio, old ? 0x20 : 0x40, sizeof(audio));
		raw_send(&r,
			 old ? (struct head){(uint16_t)i, 160 * i, 7}
			     : (struct head){(uint16_t)(i * 3), 160 * i + 99999, 8},
			 0, audio, 160);
		if (i == 52) /* a straggler of the old stream */
			raw_send(&r, (struct head){49, 160 * 49, 7}, 0, audio, 160);
		for (unsigned k = 0; k < 2; k++, now_ns += TICK_MS * MS) {
			rtp_session_receive(r.s, now_ns);
			if (!rtp_session_play(r.s, heard, now_ns))
				idle++;
		}
		if (i == 49)
			assert_int_equal(heard[0], 0x20);
		if (i > 52)
			assert_int_equal(heard[0], 0x40);
	}
	assert_true(idle <= 4);
	assert_int_equal(counts(r.s).late, 1);
	assert_true(counts(r.s).delay_us <= 12000);
	/* Somebody uses our own SSRC: we take another. */
	raw_send(&r, (struct head){1, 1, r.s->ssrc}, 0, audio, 160);
	rtp_session_receive(r.s, now_ns);
	assert_int_not_equal(r.s->ssrc, r.s->source.ssrc);
	raw_close(&r);
}

static void time_in_the_socket_is_no_jitter(void **state)
{
	struct raw r;
	const int on = 1;
	uint8_t audio[160] = {0};

	raw_open(&r);
	setsockopt(r.s->sockets.rtp, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
	now_ns = clock_mono_ns();
	/* Sent 20 ms apart, fetched together later. */
	for (unsigned i = 0; i < 5; i++) {
		raw_send(&r, (struct head){(uint16_t)i, 160 * i, 7}, 0, audio, 160);
		poll(NULL, 0, 20);
	}
	rtp_session_receive(r.s, clock_mono_ns());
	assert_true(r.s->jitter.last_arrival_ns - r.s->jitter.epoch_ns >= 80ull * MS);
	assert_true(clock_mono_ns() - r.s->jitter.last_arrival_ns >= 20ull * MS);
	raw_close(&r);
}

/* --- digits
 * ------------------------------------------------------------------------------------------ */

/* What the epoll set does not tell of is not asked for; what it tells of is fetched, both kinds. */
static void watched_sockets_are_asked_when_they_have_something(void **state)
{
	struct raw r;
	struct epoll_event ev[4];
	const uint8_t audio[160] = {0}, junk[4] = {0};
	struct sockaddr_storage rtcp;
	int set = epoll_create1(EPOLL_CLOEXEC);

	raw_open(&r);
	assert_int_equal(rtp_session_watch(r.s, set), 0);
	assert_int_equal(epoll_wait(set, ev, 4, 0), 0);
	raw_send(&r, (struct head){1, 160, 7}, 0, audio, 160);
	media_address_next_port(&rtcp, &r.to);
	assert_true(media_socket_send(r.sockets.rtcp, junk, sizeof(junk), &rtcp));
	for (int i = 0; i < 2 * RTCP_TICKS; i++)
		rtp_session_receive(r.s, now_ns);
	assert_int_equal(counts(r.s).rx_packets + counts(r.s).rtcp_bad, 0);
	assert_int_equal(epoll_wait(set, ev, 4, 0), 2);
	*(bool *)ev[0].data.ptr = *(bool *)ev[1].data.ptr = true;
	rtp_session_receive(r.s, now_ns);
	assert_int_equal(counts(r.s).rx_packets, 1);
	assert_int_equal(counts(r.s).rtcp_bad + counts(r.s).foreign, 1);
	assert_int_equal(epoll_wait(set, ev, 4, 0), 0);
	rtp_session_unwatch(r.s, set);
	raw_send(&r, (struct head){2, 320, 7}, 0, audio, 160);
	assert_int_equal(epoll_wait(set, ev, 4, 0), 0);
	rtp_session_receive(r.s, now_ns);
	assert_int_equal(counts(r.s).rx_packets, 2);
	raw_close(&r);
	close(set);
}

static void digits_cross_once_each(void **state)
{
	struct pair p;
	uint8_t heard[RTP_TICK], octets[RTP_TICK] = {0};
	static const char dialled[] = "0123456789*#ABCD";
	char got[64] = {0}, digit;
	unsigned n = 0, at = 0;
	bool on;

	pair_open(&p);
	/* b offered 101 and was answered with 96 (RFC 3264 6.1): the types differ by direction. */
	p.mb.dtmf_type = 96;
	p.mb.dtmf_type_in = 101;
	rtp_session_set(p.b, &p.mb);
	for (unsigned i = 0; i < 16 * 20 + 20; i++) {
		unsigned phase = i % 20;

		rtp_session_receive(p.b, now_ns);
		rtp_session_play(p.b, heard, now_ns);
		while (rtp_session_event(p.b, &digit, &on)) {
			assert_int_equal(on, n % 2 == 0);
			if (on)
				got[n / 2] = digit;
			else
				assert_int_equal(got[n / 2], digit);
			n++;
		}
		if (phase == 5 && at < 16)
			rtp_session_digit(p.a, dialled[at], true, 8);
		if (phase == 14 && at < 16)
			rtp_session_digit(p.a, dialled[at++], false, 8);
		rtp_session_send(p.a, phase >= 5 && phase < 14 && at < 16 ? NULL : octets, now_ns);
		now_ns += TICK_MS * MS;
	}
	assert_string_equal(got, dialled);
	assert_int_equal(n, 32);
	assert_int_equal(counts(p.b).malformed + counts(p.b).concealed, 0);
	assert_false(rtp_session_event(p.b, &digit, &on));
	/* Not agreed on: nothing is sent. */
	p.ma.dtmf_type = 0;
	rtp_session_set(p.a, &p.ma);
	assert_false(rtp_session_sends_events(p.a));
	n = (unsigned)counts(p.a).tx_packets;
	rtp_session_digit(p.a, '1', true, 8);
	assert_int_equal(counts(p.a).tx_packets, n);
	pair_close(&p);
}

/* --- RTCP
 * ---------------------------------------------------------------------------------------------- */

static void reports_cross(void **state)
{
	struct pair p;
	struct rtp_counts c;
	uint8_t heard[RTP_TICK];

	pair_open(&p);
	for (unsigned i = 0; i < 3000; i++) {
		if (i % 20 == 0 && i > 500)
			p.a->seq++; /* as if every tenth packet were lost */
		tick(&p, i, heard);
	}
	c = counts(p.a);
	assert_in_range(c.rtcp_tx, 4, 15);
	assert_in_range(c.rtcp_rx, 4, 15);
	assert_in_range(c.peer_loss, 18, 28); /* 1 in 11 of 256 */
	/* Loopback in virtual time, with nothing to tell when a report came but when it is read. */
	assert_in_range(c.rtt_us, 1, 210000);
	assert_int_equal(c.rtcp_bad, 0);
	assert_in_range(counts(p.b).lost, 120, 130);
	rtp_session_bye(p.a);
	rtp_session_bye(p.a);
	rtp_session_receive(p.b, now_ns);
	assert_int_equal(counts(p.a).rtcp_tx, c.rtcp_tx + 1);
	pair_close(&p);
}

static void bad_rtcp_is_counted(void **state)
{
	struct raw r;
	static const uint8_t bad[] = {0x80, 200, 0, 1, 0, 0, 0, 1};
	static const uint8_t good[] = {0x80, 201, 0, 1, 0, 0, 0, 1};
	/* A report about us that puts the round trip in the future. */
	uint8_t silly[32] = {0x81, 201, 0, 7, 0, 0, 0, 1};

	raw_open(&r);
	put32(silly + 8, r.s->ssrc);
	memset(silly + 24, 0xff, 8);
	assert_true(media_socket_send(r.sockets.rtcp, bad, sizeof(bad), &r.to_rtcp));
	assert_true(media_socket_send(r.sockets.rtcp, good, sizeof(good), &r.to_rtcp));
	assert_true(media_socket_send(r.sockets.rtcp, silly, sizeof(silly), &r.to_rtcp));
	assert_true(media_socket_send(r.sockets.rtp, good, sizeof(good), &r.to_rtcp));
	rtp_session_receive(r.s, now_ns);
	assert_int_equal(counts(r.s).rtcp_bad, 1);
	assert_int_equal(counts(r.s).rtcp_rx, 2);
	assert_int_equal(counts(r.s).foreign, 1);
	assert_true(counts(r.s).rtt_us < 60000000);
	raw_close(&r);
}

static void no_bye_from_who_never_spoke(void **state)
{
	struct raw r;

	raw_open(&r);
	rtp_session_bye(r.s);
	assert_int_equal(counts(r.s).rtcp_tx, 0);
	raw_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pcmu_is_exact_at_every_ptime),
		cmocka_unit_test(pcma_is_converted),
		cmocka_unit_test(ipv6_works),
		cmocka_unit_test(hold_is_silent_each_way),
		cmocka_unit_test(nobody_to_send_to),
		cmocka_unit_test(header_is_right),
		cmocka_unit_test(foreign_and_malformed_are_dropped),
		cmocka_unit_test(loss_order_and_copies_are_counted),
		cmocka_unit_test(ssrc_change_is_followed_at_once),
		cmocka_unit_test(time_in_the_socket_is_no_jitter),
		cmocka_unit_test(watched_sockets_are_asked_when_they_have_something),
		cmocka_unit_test(digits_cross_once_each),
		cmocka_unit_test(reports_cross),
		cmocka_unit_test(bad_rtcp_is_counted),
		cmocka_unit_test(no_bye_from_who_never_spoke),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
