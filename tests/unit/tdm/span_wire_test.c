/* Two spans on loopback, driven in one thread on a clock of the test's own. */
#include "tests/unit/tdm/packet_rig.h"

#include "tdm/span_wire.c"
#include <arpa/inet.h>

static uint16_t local_port(const struct tdm_packet_span *s)
{
	struct sockaddr_in6 addr;
	socklen_t len = sizeof(addr);
	assert_int_equal(getsockname(s->socket.fd, (struct sockaddr *)&addr, &len), 0);
	return addr.sin6_port;
}

static void set_address(struct sockaddr_storage *ss, int family, uint16_t port)
{
	memset(ss, 0, sizeof(*ss));
	ss->ss_family = (sa_family_t)family;
	if (family == AF_INET) {
		struct sockaddr_in *in = (void *)ss;
		in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		in->sin_port = port;
	} else {
		struct sockaddr_in6 *in6 = (void *)ss;
		in6->sin6_addr = in6addr_loopback;
		in6->sin6_port = port;
	}
}

static void conf_for(struct tdm_span_conf *c, int family)
{
	tdm_span_conf_default(c);
	snprintf(c->name, sizeof(c->name), "t1-1");
	set_address(&c->wire.local, family, 0);
	set_address(&c->wire.peer, family, htons(9));
}

static void pair_open(struct pair *p, int family, const struct tdm_span_conf *ca,
		      const struct tdm_span_conf *cb)
{
	end_open(&p->a, ca);
	end_open(&p->b, cb);
	set_address(&p->a.packets->socket.peer, family, local_port(p->b.packets));
	set_address(&p->b.packets->socket.peer, family, local_port(p->a.packets));
}

static struct pair *pair_new(const struct tdm_span_conf *conf)
{
	static struct pair p;
	pair_open(&p, conf->wire.local.ss_family, conf, conf);
	return &p;
}

static void octets_arrive_bit_exact_both_ways(void **state)
{
	struct tdm_span_conf c;
	conf_for(&c, AF_INET);
	struct pair *p = pair_new(&c);
	expect_bit_exact(p);
	assert_int_equal(counts_of(&p->a).tx_packets, 1499);
	/* A tick to fill, 1 ms to leave, the 2 to 3 ms of the buffer. */
	assert_in_range(matching_delay(&p->b, 800), 80 + 8, 80 + 8 + 24);
	pair_close(p);
}

static void ipv6_rtp_header_and_another_slot(void **state)
{
	struct tdm_span_conf c;
	conf_for(&c, AF_INET6);
	c.wire.rtp_header = true;
	c.dchan_slot = 3;
	struct pair *p = pair_new(&c);
	expect_bit_exact(p);
	uint8_t frame[TDM_FRAME_MAX];
	assert_int_equal(tdm_dchan_send(p->a.span, (const uint8_t *)"abcd", 4), 0);
	run_us(p, 20000, 1000);
	assert_int_equal(tdm_dchan_recv(p->b.span, frame, sizeof(frame)), 4);
	assert_memory_equal(frame, "abcd", 4);
	pair_close(p);
}

static void every_packet_size(void **state)
{
	static const unsigned sizes[] = {1, 2, 4, 5, 10, 16, 20, 40};
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct tdm_span_conf c;
		conf_for(&c, AF_INET);
		c.wire.frames_per_packet = sizes[i];
		struct pair *p = pair_new(&c);
		run_us(p, 500000, 125);
		matching_delay(&p->a, 1600);
		matching_delay(&p->b, 1600);
		assert_int_equal(counts_of(&p->a).slips, 0);
		pair_close(p);
	}
}

/* Runs one end only: the other is stalled. */
static void run_alone_us(struct end *e, unsigned us)
{
	for (unsigned t = 0; t < us; t += 1000) {
		test_ns += 1000000;
		end_service(e);
	}
}

static void send_from(const struct tdm_packet_span *from, const struct tdm_packet_span *to,
		      const void *data, size_t octets)
{
	struct sockaddr_storage addr;
	set_address(&addr, AF_INET, local_port(to));
	assert_int_equal(sendto(from->socket.fd, data, octets, 0, (struct sockaddr *)&addr,
				sizeof(struct sockaddr_in)),
			 octets);
}

static void foreign_and_torn_packets_change_nothing(void **state)
{
	struct tdm_span_conf c;
	conf_for(&c, AF_INET);
	struct pair *p = pair_new(&c);
	struct tdm_packet_span *stranger = calloc(1, sizeof(*stranger));
	char err[128];
	assert_non_null(stranger);
	assert_int_equal(open_socket(&stranger->socket, &c.wire, err, sizeof(err)), 0);

	run_us(p, 300000, 1000);
	int64_t delay = matching_delay(&p->b, 800);
	uint8_t junk[2000];
	memset(junk, 0, sizeof(junk));
	for (int i = 0; i < 300; i++) {
		/* As it should be, but from another port; and from the peer, but torn or too long.
		 */
		memcpy(junk + 2, &(uint16_t){htons((uint16_t)(p->a.packets->sequence + 3))}, 2);
		send_from(stranger, p->b.packets, junk, 196);
		send_from(p->a.packets, p->b.packets, junk, (size_t)i % 195);
		send_from(p->a.packets, p->b.packets, junk, 197 + (size_t)i * 6);
		run_us(p, 1000, 1000);
	}
	assert_int_equal(counts_of(&p->b).foreign, 300);
	assert_int_equal(counts_of(&p->b).malformed, 600);
	assert_int_equal(counts_of(&p->b).lost + counts_of(&p->b).duplicate, 0);
	assert_int_equal(matching_delay(&p->b, 2400), delay);
	tdm_packet_socket_close(&stranger->socket);
	free(stranger);
	pair_close(p);
}

static void a_dead_far_end_is_red_and_is_told(void **state)
{
	struct tdm_span_conf c;
	conf_for(&c, AF_INET);
	struct pair *p = pair_new(&c);
	assert_int_equal(tdm_span_alarms(p->a.span), TDM_ALARM_RED); /* nothing heard yet */
	run_alone_us(&p->a, 20000);
	end_service(&p->b);
	test_ns += 1000000;
	end_service(&p->b);
	run_us(p, 5000, 1000);
	run_us(p, 300000, 1000);
	assert_int_equal(tdm_span_alarms(p->a.span), 0);
	assert_int_equal(tdm_span_alarms(p->b.span), 0);

	/* A hears nothing, and says so. */
	losing = p->b.packets->socket.fd;
	run_us(p, 20000, 1000);
	assert_int_equal(tdm_span_alarms(p->a.span), 0);
	run_us(p, 10000, 1000);
	assert_int_equal(tdm_span_alarms(p->a.span), TDM_ALARM_RED);
	run_us(p, 30000, 1000);
	assert_int_equal(tdm_span_alarms(p->b.span), TDM_ALARM_YELLOW);
	for (unsigned i = 1; i <= TDM_TICK_OCTETS; i++)
		assert_int_equal(p->a.rx[5][(p->a.received - i) % HISTORY], TDM_IDLE);
	assert_int_equal(counts_of(&p->a).lost, 0);

	losing = -1;
	run_us(p, 30000, 1000);
	assert_int_equal(tdm_span_alarms(p->a.span), 0);
	assert_int_equal(tdm_span_alarms(p->b.span), 0);
	assert_int_equal(counts_of(&p->a).alarm_changes, 4);
	run_us(p, 300000, 1000);
	matching_delay(&p->a, 1600);
	pair_close(p);
}

static void alarms_raised_are_seen_by_the_far_end(void **state)
{
	struct tdm_span_conf c;
	conf_for(&c, AF_INET);
	struct pair *p = pair_new(&c);
	run_us(p, 100000, 1000);

	tdm_span_send_alarms(p->a.span, TDM_ALARM_YELLOW);
	run_us(p, 50000, 1000);
	assert_int_equal(tdm_span_alarms(p->b.span), TDM_ALARM_YELLOW);
	assert_int_equal(tdm_span_alarms(p->a.span), 0);
	matching_delay(&p->b, 160); /* the octets still come */

	tdm_span_send_alarms(p->a.span, TDM_ALARM_BLUE);
	run_us(p, 50000, 1000);
	assert_int_equal(tdm_span_alarms(p->b.span), TDM_ALARM_BLUE);
	for (unsigned i = 1; i <= TDM_TICK_OCTETS; i++)
		assert_int_equal(p->b.rx[5][(p->b.received - i) % HISTORY], TDM_IDLE);

	tdm_span_send_alarms(p->a.span, 0);
	run_us(p, 50000, 1000);
	assert_int_equal(tdm_span_alarms(p->b.span), 0);
	matching_delay(&p->b, 160);
	pair_close(p);
}

/* L may come without payload, and what the peer puts behind L is not played. */
static void l_without_payload_plays_idle(void **state)
{
	struct tdm_span_conf c;
	conf_for(&c, AF_INET);
	struct pair *p = pair_new(&c);
	run_us(p, 100000, 1000);
	for (int i = 0; i < 40; i++) {
		uint8_t packet[4];
		cesopsn_encode(packet,
			       &(struct cesopsn_packet){.flags = CESOPSN_L,
							.sequence = p->a.packets->sequence++});
		send_from(p->a.packets, p->b.packets, packet, sizeof(packet));
		test_ns += 1000000;
		end_service(&p->b);
	}
	assert_int_equal(tdm_span_alarms(p->b.span), TDM_ALARM_BLUE);
	assert_int_equal(counts_of(&p->b).malformed + counts_of(&p->b).underruns, 0);
	pair_close(p);
}

static void a_socket_that_refuses_is_gone(void **state)
{
	struct tdm_span_conf c;
	conf_for(&c, AF_INET);
	struct pair *p = pair_new(&c);
	run_us(p, 100000, 1000);
	struct sockaddr_storage peer = p->a.packets->socket.peer;
	struct sockaddr_in *in = (void *)&p->a.packets->socket.peer;
	in->sin_addr.s_addr = INADDR_BROADCAST; /* refused without SO_BROADCAST */
	run_us(p, 30000, 1000);
	assert_true(tdm_span_alarms(p->a.span) & TDM_ALARM_GONE);
	assert_in_range(counts_of(&p->a).tx_errors, 29, 31);
	p->a.packets->socket.peer = peer;
	run_us(p, 30000, 1000);
	assert_int_equal(tdm_span_alarms(p->a.span), 0);
	pair_close(p);
}

static void a_short_stall_is_caught_up(void **state)
{
	struct tdm_span_conf c;
	conf_for(&c, AF_INET);
	struct pair *p = pair_new(&c);
	run_us(p, 400000, 1000);
	int64_t delay = matching_delay(&p->b, 800);
	run_alone_us(&p->a, 25000); /* B sleeps */
	run_us(p, 400000, 1000);
	assert_int_equal(matching_delay(&p->b, 2400), delay);
	assert_int_equal(p->b.sent, p->a.sent); /* nothing given up */
	assert_in_range(counts_of(&p->b).late_ticks, 1, 3);
	assert_int_equal(counts_of(&p->b).slips + counts_of(&p->b).underruns, 0);
	/* A's buffer held through it as far as it may, or re-centred within its bounds. */
	assert_in_range(matching_delay(&p->a, 800), 80 + 8, 80 + 8 + 8 * 11);
	pair_close(p);
}

static void a_long_stall_leaves_no_delay_behind(void **state)
{
	struct tdm_span_conf c;
	conf_for(&c, AF_INET);
	struct pair *p = pair_new(&c);
	run_us(p, 400000, 1000);
	int64_t ab = matching_delay(&p->b, 800), ba = matching_delay(&p->a, 800);
	run_alone_us(&p->a, 500000);
	run_us(p, 400000, 1000);
	struct tdm_span_counts b = counts_of(&p->b), a = counts_of(&p->a);
	assert_in_range(b.late_ticks, 49, 51);
	assert_int_equal(p->b.sent / TDM_TICK_OCTETS + b.late_ticks, p->a.sent / TDM_TICK_OCTETS);
	assert_int_equal(tdm_span_alarms(p->a.span) | tdm_span_alarms(p->b.span), 0);
	assert_int_equal(a.slips, 0);
	/* B's count of octets stood still for the ticks given up; in time, nothing has moved. */
	int64_t stood = (int64_t)b.late_ticks * TDM_TICK_OCTETS;
	assert_in_range(matching_delay_from(&p->b, 800, -stood - 800) + stood, ab - 8, ab + 8);
	assert_in_range(matching_delay_from(&p->a, 800, stood - 800) - stood, ba - 8, ba + 8);
	pair_close(p);
}

/* At the pace of packets, a frame and its answer take less than a tick. */
static void the_dchannel_does_not_wait_for_ticks(void **state)
{
	struct tdm_span_conf c;
	conf_for(&c, AF_INET);
	struct pair *p = pair_new(&c);
	uint8_t frame[TDM_FRAME_MAX];
	run_us(p, 100000, 1000);
	assert_int_equal(tdm_dchan_send(p->a.span, (const uint8_t[]){2, 1, 1, 1}, 4), 0);
	unsigned ms = 0;
	for (; ms < 100 && tdm_dchan_recv(p->a.span, frame, sizeof(frame)) != 4; ms++) {
		run_us(p, 1000, 1000);
		ssize_t n = tdm_dchan_recv(p->b.span, frame, sizeof(frame));
		if (n > 0)
			assert_int_equal(tdm_dchan_send(p->b.span, frame, (size_t)n), 0);
	}
	assert_in_range(ms, 5, 10);
	assert_int_equal(counts_of(&p->a).hdlc_rx_frames, 1);
	assert_int_equal(counts_of(&p->b).hdlc_tx_frames, 1);
	pair_close(p);
}

static void a_lost_packet_costs_the_frame_in_it_only(void **state)
{
	struct tdm_span_conf c;
	conf_for(&c, AF_INET);
	struct pair *p = pair_new(&c);
	uint8_t frame[TDM_FRAME_MAX] = {2, 1}, got[TDM_FRAME_MAX];
	run_us(p, 100000, 1000);
	for (int i = 0; i < 3; i++)
		assert_int_equal(tdm_dchan_send(p->a.span, frame, 40), 0);
	for (unsigned ms = 0; ms < 60; ms++) {
		losing = ms == 7 ? p->a.packets->socket.fd : -1; /* in the second frame */
		run_us(p, 1000, 1000);
	}
	run_us(p, 100000, 1000);
	unsigned frames = 0;
	while (tdm_dchan_recv(p->b.span, got, sizeof(got)) == 40)
		frames++;
	assert_int_equal(frames, 2);
	struct tdm_span_counts b = counts_of(&p->b);
	assert_int_equal(b.lost, 1);
	assert_int_equal(b.underruns, 1);
	for (unsigned slot = 0; slot <= TDM_SLOTS + 1; slot++) {
		struct tdm_slot_counts s;
		tdm_span_slot_counts(p->b.span, slot, &s);
		assert_int_equal(s.underruns, slot >= 1 && slot <= TDM_SLOTS);
		assert_int_equal(s.overruns, 0);
	}
	assert_in_range(b.hdlc_abort + b.hdlc_crc + b.hdlc_short, 1, 2);
	pair_close(p);
}

/* Sends a frame that `to` shall be the first to have. */
static void send_frame(struct end *from, struct end *to, uint8_t mark)
{
	uint8_t got[TDM_FRAME_MAX];
	for (ssize_t n = 4; n > 0;)
		n = tdm_dchan_recv(to->span, got, sizeof(got)); /* of before */
	assert_int_equal(tdm_dchan_send(from->span, (const uint8_t[]){2, 1, 1, mark}, 4), 0);
}

/* What we send comes back, D-channel and all, and it is not the far end that we hear. */
static void a_local_loop(void **state)
{
	struct tdm_span_conf c;
	uint8_t got[TDM_FRAME_MAX];
	conf_for(&c, AF_INET);
	struct pair *p = pair_new(&c);
	p->b.mask = 0; /* sends idle */
	run_us(p, 300000, 1000);
	assert_int_equal(p->a.rx[5][(p->a.received - 1) % HISTORY], TDM_IDLE);

	assert_int_equal(tdm_span_set_loop(p->a.span, TDM_LOOP_LOCAL), 0);
	assert_int_equal(tdm_span_loop(p->a.span), TDM_LOOP_LOCAL);
	run_us(p, 200000, 1000);
	assert_int_equal(tdm_span_alarms(p->a.span), TDM_ALARM_LOOP);
	assert_int_equal(tdm_span_alarms(p->b.span), 0);
	assert_int_equal(matching_delay(&p->a, 800), 80); /* it leaves and is back */
	send_frame(&p->a, &p->a, 7);
	run_us(p, 20000, 1000);
	assert_int_equal(tdm_dchan_recv(p->a.span, got, sizeof(got)), 4);
	assert_int_equal(got[3], 7);

	losing = p->b.packets->socket.fd; /* with no line at all */
	run_us(p, 100000, 1000);
	assert_int_equal(tdm_span_alarms(p->a.span), TDM_ALARM_LOOP);
	assert_int_equal(tdm_span_alarms(p->b.span), TDM_ALARM_YELLOW);
	assert_int_equal(tdm_span_set_loop(p->a.span, TDM_LOOP_NONE), 0);
	run_us(p, 10000, 1000);
	assert_int_equal(tdm_span_alarms(p->a.span), TDM_ALARM_RED);
	losing = -1;
	run_us(p, 300000, 1000);
	assert_int_equal(tdm_span_alarms(p->a.span), 0);
	assert_int_equal(p->a.rx[5][(p->a.received - 1) % HISTORY], TDM_IDLE);
	pair_close(p);
}

/* What the far end sends goes back to it; ours stays here, and we still hear it. */
static void a_network_loop(void **state)
{
	struct tdm_span_conf c;
	uint8_t got[TDM_FRAME_MAX];
	conf_for(&c, AF_INET);
	struct pair *p = pair_new(&c);
	p->b.mask = 0;
	run_us(p, 300000, 1000);
	assert_int_equal(tdm_span_set_loop(p->b.span, TDM_LOOP_NETWORK), 0);
	run_us(p, 200000, 1000);
	assert_int_equal(tdm_span_alarms(p->b.span), TDM_ALARM_LOOP);
	matching_delay(&p->a, 800);
	send_frame(&p->a, &p->b, 1);
	send_frame(&p->b, &p->a, 2);
	run_us(p, 30000, 1000);
	assert_int_equal(tdm_dchan_recv(p->b.span, got, sizeof(got)), 4);
	assert_int_equal(got[3], 1);
	assert_int_equal(tdm_dchan_recv(p->a.span, got, sizeof(got)), 4);
	assert_int_equal(got[3], 1); /* its own, and not that of B */
	assert_int_equal(tdm_dchan_recv(p->a.span, got, sizeof(got)), -EAGAIN);

	assert_int_equal(tdm_span_set_loop(p->b.span, TDM_LOOP_NONE), 0);
	run_us(p, 100000, 1000);
	assert_int_equal(tdm_span_alarms(p->b.span), 0);
	assert_int_equal(p->a.rx[5][(p->a.received - 1) % HISTORY], TDM_IDLE);
	send_frame(&p->b, &p->a, 3);
	run_us(p, 30000, 1000);
	assert_int_equal(tdm_dchan_recv(p->a.span, got, sizeof(got)), 4);
	assert_int_equal(got[3], 3);
	pair_close(p);
}

static void slots_not_exchanged_carry_idle(void **state)
{
	struct tdm_span_conf c;
	conf_for(&c, AF_INET);
	struct pair *p = pair_new(&c);
	p->a.mask &= ~(1u << 7);
	p->b.mask &= ~(1u << 9);
	run_us(p, 300000, 1000);
	for (unsigned i = 1; i <= 800; i++) {
		assert_int_equal(p->b.rx[7][(p->b.received - i) % HISTORY], TDM_IDLE);
		assert_int_equal(p->b.rx[9][(p->b.received - i) % HISTORY], 0x55);
	}
	pair_close(p);
}

static void a_wrong_configuration_is_refused(void **state)
{
	struct tdm_span *s;
	struct tdm_span_conf good, c;
	char err[128];
	conf_for(&good, AF_INET);
#define REFUSED(set, error)                                                                        \
	do {                                                                                       \
		c = good;                                                                          \
		set;                                                                               \
		err[0] = '\0';                                                                     \
		assert_int_equal(tdm_span_open(&s, &c, err, sizeof(err)), error);                  \
		assert_null(s);                                                                    \
		assert_true(err[0] != '\0');                                                       \
	} while (0)
	REFUSED(c.backend = (enum tdm_backend_kind)99, -ENOTSUP);
	REFUSED(c.dchan_slot = 25, -EINVAL);
	REFUSED(c.wire.frames_per_packet = 0, -EINVAL);
	REFUSED(c.wire.frames_per_packet = 3, -EINVAL);
	REFUSED(c.wire.frames_per_packet = 80, -EINVAL);
	REFUSED(c.buffer_min_ms = 0, -EINVAL);
	REFUSED(c.buffer_max_ms = 1, -EINVAL);
	REFUSED(c.buffer_max_ms = 41, -EINVAL);
	REFUSED(c.loss_ms = 3, -EINVAL);
	REFUSED(c.loss_ms = 5001, -EINVAL);
	REFUSED(set_address(&c.wire.peer, AF_INET, 0), -EINVAL);
	REFUSED(set_address(&c.wire.peer, AF_INET6, htons(9)), -EINVAL);
	REFUSED(c.wire.peer.ss_family = AF_UNIX, -EINVAL);

	struct end first;
	end_open(&first, &good);
	uint16_t port = local_port(first.packets);
	REFUSED(set_address(&c.wire.local, AF_INET, port), -EADDRINUSE);
	tdm_span_close(first.span);
	tdm_span_close(NULL);
#undef REFUSED
}

static void without_dchannel_the_slot_is_a_bearer(void **state)
{
	struct tdm_span_conf c;
	conf_for(&c, AF_INET);
	c.dchan_slot = 0;
	struct pair *p = pair_new(&c);
	uint8_t frame[TDM_FRAME_MAX] = {0};
	assert_true(p->a.mask & 1u << 24);
	run_us(p, 300000, 1000);
	matching_delay(&p->b, 800);
	assert_int_equal(tdm_dchan_send(p->a.span, frame, 4), -EINVAL);
	assert_int_equal(tdm_dchan_recv(p->a.span, frame, 4), -EAGAIN);
	pair_close(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(octets_arrive_bit_exact_both_ways),
		cmocka_unit_test(ipv6_rtp_header_and_another_slot),
		cmocka_unit_test(every_packet_size),
		cmocka_unit_test(foreign_and_torn_packets_change_nothing),
		cmocka_unit_test(a_dead_far_end_is_red_and_is_told),
		cmocka_unit_test(alarms_raised_are_seen_by_the_far_end),
		cmocka_unit_test(l_without_payload_plays_idle),
		cmocka_unit_test(a_socket_that_refuses_is_gone),
		cmocka_unit_test(a_short_stall_is_caught_up),
		cmocka_unit_test(a_long_stall_leaves_no_delay_behind),
		cmocka_unit_test(the_dchannel_does_not_wait_for_ticks),
		cmocka_unit_test(a_lost_packet_costs_the_frame_in_it_only),
		cmocka_unit_test(a_local_loop),
		cmocka_unit_test(a_network_loop),
		cmocka_unit_test(slots_not_exchanged_carry_idle),
		cmocka_unit_test(a_wrong_configuration_is_refused),
		cmocka_unit_test(without_dchannel_the_slot_is_a_bearer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
