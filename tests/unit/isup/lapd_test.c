/* Two ends of our data link over a line that may lose frames; backup_test.c has one against
 * libpri's. */
#include "tests/unit/isup/pair.h"

#include "isup/lapd.c"

enum { MESSAGES = 40 };

struct side {
	struct link *link;
	struct lapd *lapd;
	unsigned got, ups, downs, drained;
	uint8_t last;
};

struct wire_frame {
	size_t len;
	uint8_t data[LAPD_FRAME_MAX];
};

/* 0 is the network, 1 the user; frames take 5 ms. */
struct link {
	struct pair p; /* its loop and clock */
	struct side side[2];
	struct wire_frame wire[2][64];
	unsigned first[2], count[2];
	struct timer timer[2];
	unsigned lose_one_in, random;
	bool cut;
};

static void arrive(struct link *k, unsigned to)
{
	while (k->count[to] > 0) {
		struct wire_frame f = k->wire[to][k->first[to]];
		k->first[to] = (k->first[to] + 1) % 64;
		k->count[to]--;
		lapd_receive(k->side[to].lapd, f.data, f.len);
	}
}

static void arrive_0(void *arg)
{
	arrive(arg, 0);
}

static void arrive_1(void *arg)
{
	arrive(arg, 1);
}

static bool side_send(void *arg, const uint8_t *frame, size_t len)
{
	struct side *s = arg;
	struct link *k = s->link;
	unsigned to = s == &k->side[0];

	k->random = k->random * 1103515245u + 12345u;
	if (k->cut || (k->lose_one_in != 0 && (k->random >> 16) % k->lose_one_in == 0) ||
	    k->count[to] == 64)
		return true;
	struct wire_frame *f = &k->wire[to][(k->first[to] + k->count[to]++) % 64];
	f->len = len;
	memcpy(f->data, frame, len);
	if (!timer_running(&k->timer[to]))
		timer_start(&k->p.loop, &k->timer[to], 5, to == 0 ? arrive_0 : arrive_1, k);
	return true;
}

static void side_message(void *arg, const uint8_t *message, size_t len)
{
	struct side *s = arg;

	assert_int_equal(len, 2);
	assert_int_equal(message[1], (uint8_t)(s->last + 1)); /* each once, in order */
	s->last = message[1];
	s->got++;
}

static void side_state(void *arg, bool up)
{
	struct side *s = arg;

	s->ups += up;
	s->downs += !up;
}

static void side_drained(void *arg)
{
	((struct side *)arg)->drained++;
}

static const struct lapd_ops side_ops = {side_send, side_message, side_state, side_drained};

static struct link *link_open(void)
{
	struct link *k = calloc(1, sizeof(*k));

	assert_non_null(k);
	assert_int_equal(loop_init(&k->p.loop), 0);
	k->random = 1;
	for (unsigned i = 0; i < 2; i++) {
		k->side[i].link = k;
		assert_int_equal(
			lapd_open(&k->side[i].lapd, &k->p.loop, i == 0, &side_ops, &k->side[i]), 0);
	}
	return k;
}

static struct link *link_up(void)
{
	struct link *k = link_open();

	lapd_start(k->side[0].lapd);
	lapd_start(k->side[1].lapd);
	run_ms(&k->p, 2000);
	assert_true(lapd_up(k->side[0].lapd) && lapd_up(k->side[1].lapd));
	return k;
}

static void link_close(struct link *k)
{
	for (unsigned i = 0; i < 2; i++) {
		lapd_close(k->side[i].lapd);
		timer_stop(&k->timer[i]);
	}
	loop_fini(&k->p.loop);
	free(k);
}

static void send_some(struct link *k, unsigned from, unsigned first, unsigned count)
{
	for (unsigned i = first; i < first + count; i++) {
		const uint8_t message[] = {0x08, (uint8_t)(i + 1)};
		assert_int_equal(lapd_send(k->side[from].lapd, message, sizeof(message)), 0);
	}
}

static void test_up_once_and_stays(void **state)
{
	struct link *k = link_up();

	run_ms(&k->p, 120000);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(k->side[i].ups, 1);
		assert_int_equal(k->side[i].downs, 0);
	}
	link_close(k);
}

static void test_messages_in_order(void **state)
{
	struct link *k = link_up();

	send_some(k, 0, 0, MESSAGES);
	send_some(k, 1, 0, MESSAGES);
	run_ms(&k->p, 1000);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(k->side[i].got, MESSAGES);
		assert_int_equal(lapd_queued(k->side[i].lapd), 0);
		assert_int_equal(k->side[i].drained, 1);
	}
	link_close(k);
}

/* Modulo 128 goes round many times. */
static void test_losses_are_repaired(void **state)
{
	struct link *k = link_up();

	k->lose_one_in = 10;
	for (unsigned i = 0; i < 1000; i += 10) {
		send_some(k, 0, i, 10);
		send_some(k, 1, i, 10);
		run_ms(&k->p, 1000);
	}
	k->lose_one_in = 0;
	run_ms(&k->p, 60000);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(k->side[i].got, 1000);
		assert_int_equal(k->side[i].downs, 0);
	}
	link_close(k);
}

static void test_loss_is_seen_in_3_s_of_traffic(void **state)
{
	struct link *k = link_up();

	k->cut = true;
	send_some(k, 0, 0, 1);
	run_ms(&k->p, 2900);
	assert_int_equal(k->side[0].downs, 0);
	run_ms(&k->p, 200);
	assert_int_equal(k->side[0].downs, 1);
	run_ms(&k->p, 20000); /* the other by T203 */
	assert_int_equal(k->side[1].downs, 1);
	k->cut = false;
	run_ms(&k->p, 2000);
	assert_true(lapd_up(k->side[0].lapd) && lapd_up(k->side[1].lapd));
	assert_int_equal(k->side[1].got, 1); /* it waited */
	link_close(k);
}

static void test_take_empties_in_order(void **state)
{
	struct link *k = link_up();
	uint8_t message[LAPD_FRAME_MAX];

	k->cut = true;
	send_some(k, 0, 0, 12);
	for (unsigned i = 0; i < 12; i++) {
		assert_int_equal(lapd_take(k->side[0].lapd, message), 2);
		assert_int_equal(message[1], i + 1);
	}
	assert_int_equal(lapd_take(k->side[0].lapd, message), 0);
	link_close(k);
}

static void test_stop_tells_and_is_silent(void **state)
{
	struct link *k = link_up();

	lapd_stop(k->side[0].lapd);
	run_ms(&k->p, 30000);
	assert_int_equal(k->side[1].downs, 1);
	assert_false(lapd_up(k->side[1].lapd));
	lapd_start(k->side[0].lapd);
	run_ms(&k->p, 3000);
	assert_true(lapd_up(k->side[0].lapd) && lapd_up(k->side[1].lapd));
	link_close(k);
}

/* 5.8.5: an N(R) that acknowledges what was never sent. */
static void test_impossible_nr(void **state)
{
	static const uint8_t rr[] = {0x00, 0x01, 0x01, 9 << 1};
	struct link *k = link_up();

	lapd_receive(k->side[0].lapd, rr, sizeof(rr));
	assert_int_equal(k->side[0].downs, 1);
	run_ms(&k->p, 2000);
	assert_true(lapd_up(k->side[0].lapd) && lapd_up(k->side[1].lapd));
	link_close(k);
}

static void test_any_octets(void **state)
{
	struct link *k = link_up();
	uint8_t frame[LAPD_FRAME_MAX + 4];
	unsigned random = 7;

	for (unsigned i = 0; i < 200000; i++) {
		size_t len = 0;
		random = random * 1103515245u + 12345u;
		len = (random >> 16) % 6;
		for (size_t n = 0; n < len; n++) {
			random = random * 1103515245u + 12345u;
			frame[n] = (uint8_t)(random >> 16);
		}
		if (len > 1 && i % 4 != 0) {
			frame[0] &= COMMAND;
			frame[1] = TEI_OCTET;
		}
		/* At most a header: a message would fail the order. */
		lapd_receive(k->side[0].lapd, frame, len > HEADER ? HEADER : len);
		k->count[1] = 0;
	}
	run_ms(&k->p, 30000);
	assert_true(lapd_up(k->side[0].lapd) && lapd_up(k->side[1].lapd));
	link_close(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_up_once_and_stays),
		cmocka_unit_test(test_messages_in_order),
		cmocka_unit_test(test_losses_are_repaired),
		cmocka_unit_test(test_loss_is_seen_in_3_s_of_traffic),
		cmocka_unit_test(test_take_empties_in_order),
		cmocka_unit_test(test_stop_tells_and_is_silent),
		cmocka_unit_test(test_impossible_nr),
		cmocka_unit_test(test_any_octets),
	};
	return cmocka_run_group_tests(tests, quiet_logs, NULL);
}
