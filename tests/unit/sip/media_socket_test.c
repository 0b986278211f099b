#include "sip/media_socket.c"

#include <arpa/inet.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct sockaddr_storage loopback(int family)
{
	struct sockaddr_storage addr = {.ss_family = (sa_family_t)family};

	if (family == AF_INET6)
		((struct sockaddr_in6 *)&addr)->sin6_addr = in6addr_loopback;
	else
		((struct sockaddr_in *)&addr)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return addr;
}

static void pair_is_even_and_odd(void **state)
{
	struct sockaddr_storage addr = loopback(AF_INET), rtcp;
	socklen_t len = sizeof(rtcp);
	unsigned ports[20], different = 0;
	struct media_sockets s;

	for (unsigned i = 0; i < 20; i++) {
		assert_int_equal(media_sockets_open(&s, &addr, 20001, 60000), 0);
		ports[i] = media_address_port(&s.local);
		assert_int_equal(ports[i] % 2, 0);
		assert_in_range(ports[i], 20002, 59998);
		assert_int_equal(getsockname(s.rtcp, (struct sockaddr *)&rtcp, &len), 0);
		assert_int_equal(media_address_port(&rtcp), ports[i] + 1);
		different += i > 0 && ports[i] != ports[i - 1] && ports[i] != ports[i - 1] + 2;
		media_sockets_close(&s);
		media_sockets_close(&s);
	}
	assert_true(different > 15); /* nobody guesses the next one */
}

static void packets_are_marked_expedited(void **state)
{
	struct sockaddr_storage addr = loopback(AF_INET);
	struct media_sockets s;
	int tos = 0;
	socklen_t len = sizeof(tos);

	assert_int_equal(media_sockets_open(&s, &addr, 20000, 60000), 0);
	assert_int_equal(getsockopt(s.rtp, IPPROTO_IP, IP_TOS, &tos, &len), 0);
	assert_int_equal(tos, 0xb8);
	media_sockets_close(&s);
	addr = loopback(AF_INET6);
	if (media_sockets_open(&s, &addr, 20000, 60000) != 0)
		skip();
	assert_int_equal(getsockopt(s.rtp, IPPROTO_IPV6, IPV6_TCLASS, &tos, &len), 0);
	assert_int_equal(tos, 0xb8);
	media_sockets_close(&s);
}

static void range_without_a_free_pair_is_refused(void **state)
{
	struct sockaddr_storage addr = loopback(AF_INET);
	struct media_sockets s, t;
	uint16_t port;

	assert_int_equal(media_sockets_open(&s, &addr, 20000, 60000), 0);
	port = media_address_port(&s.local);
	assert_int_equal(media_sockets_open(&t, &addr, port, (uint16_t)(port + 1)), -EADDRINUSE);
	assert_int_equal(t.rtp, -1);
	/* Half a pair is no pair, and is given back. */
	close(s.rtp);
	s.rtp = -1;
	assert_int_equal(media_sockets_open(&t, &addr, port, (uint16_t)(port + 1)), -EADDRINUSE);
	close(s.rtcp);
	s.rtcp = -1;
	assert_int_equal(media_sockets_open(&t, &addr, port, (uint16_t)(port + 1)), 0);
	media_sockets_close(&t);
	assert_int_equal(media_sockets_open(&t, &addr, (uint16_t)(port + 1), (uint16_t)(port + 2)),
			 -EINVAL);
	assert_int_equal(media_sockets_open(&t, &addr, 0, 0), -EINVAL);
	addr.ss_family = AF_UNIX;
	assert_int_equal(media_sockets_open(&t, &addr, port, (uint16_t)(port + 1)), -EINVAL);
}

/* The kernel begins to note arrival times a moment after the first socket asked for it. */
static void wait_for_arrival_times(struct media_sockets *from, struct media_sockets *to)
{
	struct media_datagram d[MEDIA_BATCH];
	unsigned tries = 0;

	do {
		assert_true(tries++ < 200);
		assert_true(media_socket_send(from->rtp, (const uint8_t *)"", 1, &to->local));
		poll(NULL, 0, 5);
		assert_int_equal(media_socket_recv(to->rtp, d), 1);
	} while (d[0].age_ns < 4000000u);
}

static void datagrams_come_in_batches_with_their_age(void **state)
{
	struct sockaddr_storage addr = loopback(AF_INET);
	struct media_datagram d[MEDIA_BATCH];
	uint8_t data[MEDIA_DATAGRAM_MAX + 1] = {0};
	struct media_sockets a, b;

	assert_int_equal(media_sockets_open(&a, &addr, 20000, 60000), 0);
	assert_int_equal(media_sockets_open(&b, &addr, 20000, 60000), 0);
	assert_int_equal(media_socket_recv(b.rtp, d), 0);
	wait_for_arrival_times(&a, &b);
	for (unsigned i = 0; i < MEDIA_BATCH + 1; i++) {
		data[0] = (uint8_t)i;
		assert_true(media_socket_send(a.rtp, data, i == 1 ? 0 : 100 + i, &b.local));
	}
	poll(NULL, 0, 30);
	assert_int_equal(media_socket_recv(b.rtp, d), MEDIA_BATCH);
	for (unsigned i = 0; i < MEDIA_BATCH; i++) {
		assert_int_equal(d[i].size, i == 1 ? 0 : 100 + i);
		assert_true(i == 1 || d[i].data[0] == i);
		assert_true(d[i].age_ns >= 30000000u && d[i].age_ns < AGE_MAX_NS);
		assert_true(media_address_same(&d[i].from, &a.local));
		assert_false(d[i].cut);
	}
	assert_int_equal(media_socket_recv(b.rtp, d), 1);
	assert_true(media_socket_send(a.rtp, data, MEDIA_DATAGRAM_MAX, &b.local));
	assert_true(media_socket_send(a.rtp, data, MEDIA_DATAGRAM_MAX + 1, &b.local));
	assert_int_equal(media_socket_recv(b.rtp, d), 2);
	assert_false(d[0].cut);
	assert_true(d[1].cut);
	media_sockets_close(&a);
	media_sockets_close(&b);
}

static void addresses_are_compared_whole(void **state)
{
	struct sockaddr_storage a = loopback(AF_INET), b = a, c = loopback(AF_INET6), d = c,
				none = {0};

	set_port(&a, 1000);
	set_port(&b, 1000);
	set_port(&c, 1000);
	set_port(&d, 1000);
	assert_true(media_address_same(&a, &b));
	assert_false(media_address_same(&a, &c));
	assert_true(media_address_same(&c, &d));
	((struct sockaddr_in6 *)&d)->sin6_addr.s6_addr[3] = 1;
	assert_false(media_address_same(&c, &d));
	((struct sockaddr_in *)&b)->sin_addr.s_addr ^= 1;
	assert_false(media_address_same(&a, &b));
	media_address_next_port(&b, &a);
	assert_int_equal(media_address_port(&b), 1001);
	assert_false(media_address_same(&a, &b));
	assert_false(media_address_same(&none, &none));
	assert_int_equal(media_address_port(&none), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pair_is_even_and_odd),
		cmocka_unit_test(packets_are_marked_expedited),
		cmocka_unit_test(range_without_a_free_pair_is_refused),
		cmocka_unit_test(datagrams_come_in_batches_with_their_age),
		cmocka_unit_test(addresses_are_compared_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
