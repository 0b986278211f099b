/* Two spans on two interfaces that are joined, in a network of the test's own. */
#include "tests/unit/tdm/packet_rig.h"

#include "tdm/span_ether.c"
#include <sched.h>

#define MAC_A "02:00:00:00:00:0a"
#define MAC_B "02:00:00:00:00:0b"

static int run(const char *command)
{
	return system(command) == 0 ? 0 : -1;
}

static int join(void)
{
	if (run("ip link add va address " MAC_A " type veth peer name vb address " MAC_B) != 0)
		return -1;
	return run("ip link set va up && ip link set vb up");
}

static void conf_for(struct tdm_span_conf *c, bool a)
{
	tdm_span_conf_default(c);
	snprintf(c->name, sizeof(c->name), "t1-%d", a ? 1 : 2);
	c->backend = TDM_ETHER;
	strcpy(c->ether.interface, a ? "va" : "vb");
	strcpy(c->ether.mac, a ? MAC_B : MAC_A);
	c->ether.subaddress = 0x0305;
}

static struct pair *pair_new(void)
{
	static struct pair p;
	struct tdm_span_conf c;
	conf_for(&c, true);
	end_open(&p.a, &c);
	conf_for(&c, false);
	end_open(&p.b, &c);
	return &p;
}

/* Test time passes until both ends have these alarms; the kernel takes real time for links. */
static void run_until(struct pair *p, unsigned alarms_a, unsigned alarms_b)
{
	for (int ms = 0; ms < 5000; ms++) {
		run_us(p, 10000, 1000);
		if (tdm_span_alarms(p->a.span) == alarms_a &&
		    tdm_span_alarms(p->b.span) == alarms_b)
			return;
		usleep(1000);
	}
	fail_msg("alarms %x and %x, not %x and %x", tdm_span_alarms(p->a.span),
		 tdm_span_alarms(p->b.span), alarms_a, alarms_b);
}

static void octets_arrive_bit_exact_both_ways(void **state)
{
	struct pair *p = pair_new();
	expect_bit_exact(p);
	assert_int_equal(counts_of(&p->a).tx_packets, 1499);
	/* A tick to fill, 1 ms to leave, the 2 to 3 ms of the buffer. */
	assert_in_range(matching_delay(&p->b, 800), 80 + 8, 80 + 8 + 24);
	pair_close(p);
}

static void the_dchannel_is_carried(void **state)
{
	struct pair *p = pair_new();
	uint8_t frame[TDM_FRAME_MAX];
	run_us(p, 100000, 1000);
	assert_int_equal(tdm_dchan_send(p->a.span, (const uint8_t[]){2, 1, 3, 4}, 4), 0);
	run_us(p, 10000, 1000);
	assert_int_equal(tdm_dchan_recv(p->b.span, frame, sizeof(frame)), 4);
	assert_memory_equal(frame, ((const uint8_t[]){2, 1, 3, 4}), 4);
	struct tdm_span_counts b = counts_of(&p->b);
	assert_int_equal(b.hdlc_rx_frames, 1);
	assert_int_equal(b.hdlc_crc + b.hdlc_abort + b.hdlc_long, 0);
	pair_close(p);
}

static void alarms_and_loops(void **state)
{
	struct pair *p = pair_new();
	run_until(p, 0, 0);
	tdm_span_send_alarms(p->a.span, TDM_ALARM_YELLOW);
	run_until(p, 0, TDM_ALARM_YELLOW);
	run_us(p, 300000, 1000);
	matching_delay(&p->b, 160);                      /* the octets still come */
	tdm_span_send_alarms(p->a.span, TDM_ALARM_BLUE); /* has no flag: all ones */
	run_until(p, 0, 0);
	run_us(p, 50000, 1000);
	for (unsigned slot = 1; slot <= 23; slot++)
		assert_int_equal(p->b.rx[slot][(p->b.received - 1) % HISTORY], TDM_IDLE);
	tdm_span_send_alarms(p->a.span, 0);

	p->b.mask = 0; /* sends idle, but loops */
	tdm_span_set_loop(p->b.span, TDM_LOOP_NETWORK);
	run_until(p, TDM_ALARM_LOOP, TDM_ALARM_LOOP);
	run_us(p, 200000, 1000);
	matching_delay(&p->a, 800);
	tdm_span_set_loop(p->b.span, TDM_LOOP_NONE);
	run_until(p, 0, 0);

	losing = p->b.packets->socket.fd;
	run_until(p, TDM_ALARM_RED, TDM_ALARM_YELLOW);
	losing = -1;
	run_until(p, 0, 0);
	pair_close(p);
}

static void lost_and_swapped_frames(void **state)
{
	struct pair *p = pair_new();
	run_us(p, 300000, 1000);
	losing = p->a.packets->socket.fd;
	run_us(p, 2000, 1000);
	losing = -1;
	run_us(p, 300000, 1000);
	struct tdm_span_counts b = counts_of(&p->b);
	assert_int_equal(b.lost, 2);
	assert_int_equal(b.underruns, 2);
	assert_int_equal(b.reordered, 0);
	swapping = p->a.packets->socket.fd;
	run_us(p, 300000, 1000);
	b = counts_of(&p->b);
	assert_int_equal(b.reordered, 1);
	assert_int_equal(b.lost, 2);
	assert_int_equal(b.underruns, 2);
	matching_delay(&p->b, 1600);
	assert_int_equal(tdm_span_alarms(p->b.span), 0);
	pair_close(p);
}

/* --- frames made by hand ----------------------------------------------------------------- */

struct injector {
	int fd;
	uint8_t frame[14 + 300];
};

/* On A's side; destination and source are in the frame. */
static void injector_open(struct injector *i)
{
	struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex("va")};
	i->fd = socket(AF_PACKET, SOCK_RAW, 0);
	assert_int_equal(bind(i->fd, (struct sockaddr *)&at, sizeof(at)), 0);
	memset(i->frame, 0x33, sizeof(i->frame));
	tdmoe_mac_parse(i->frame, MAC_B);
	tdmoe_mac_parse(i->frame + 6, MAC_A);
	memcpy(i->frame + 12, (const uint8_t[]){0xd0, 0x0d}, 2);
}

/* To its octet `at`, what a frame of the peer has but for value. */
static void inject(struct injector *i, const struct pair *p, size_t octets, size_t at,
		   uint8_t value)
{
	uint8_t *frame = i->frame, save;
	uint8_t payload[TDMOE_PAYLOAD_OCTETS] = {0};
	tdmoe_encode(
		frame + 14,
		&(struct tdmoe_frame){0x0305, (uint16_t)(p->a.packets->sequence + 3), 0, payload});
	save = frame[at];
	frame[at] = value;
	assert_int_equal(write(i->fd, frame, 14 + octets), 14 + octets);
	frame[at] = save;
}

enum { AT_TO = 0, AT_FROM = 11, AT_SUB = 15, AT_SAMPLES = 16, AT_CHANNELS = 21, GOOD = 200 };

/* While the line is good: none of it counts as the peer's, and the kernel keeps most of it. */
static void others_frames_change_nothing(void **state)
{
	struct pair *p = pair_new();
	struct injector i;
	injector_open(&i);
	run_us(p, 300000, 1000);
	int64_t delay = matching_delay(&p->b, 800);
	uint64_t foreign = counts_of(&p->b).foreign;
	for (int k = 0; k < 100; k++) {
		inject(&i, p, GOOD, AT_FROM, 0x0c);
		inject(&i, p, GOOD, AT_SUB, 0x06);
		run_us(p, 1000, 1000);
	}
	assert_int_equal(counts_of(&p->b).foreign, foreign);
	/* A card that listens to all gives us what is for others, too. */
	for (int k = 0; k < 100; k++) {
		inject(&i, p, GOOD, AT_TO, 0x04);
		run_us(p, 1000, 1000);
	}
	struct tdm_span_counts b = counts_of(&p->b);
	assert_int_equal(b.foreign, foreign + 100);
	assert_int_equal(b.malformed + b.lost + b.duplicate + b.late, 0);
	assert_int_equal(matching_delay(&p->b, 1600), delay);
	close(i.fd);
	pair_close(p);
}

/* While there is nothing good: what comes from elsewhere is counted, and is no signal. */
static void a_wrong_address_shows_as_foreign_frames(void **state)
{
	struct pair *p = pair_new();
	struct injector i;
	injector_open(&i);
	losing = p->a.packets->socket.fd;
	run_us(p, 100000, 1000);
	for (int k = 0; k < 50; k++) {
		inject(&i, p, GOOD, AT_FROM, 0x0c);
		inject(&i, p, GOOD, AT_SUB, 0x06);
		run_us(p, 1000, 1000);
	}
	assert_int_equal(counts_of(&p->b).foreign, 100);
	assert_int_equal(counts_of(&p->b).rx_packets, 0);
	assert_int_equal(tdm_span_alarms(p->b.span), TDM_ALARM_RED);
	losing = -1;
	run_until(p, 0, 0);
	/* Good once, then lost again: the filter is gone again. */
	losing = p->a.packets->socket.fd;
	run_until(p, TDM_ALARM_YELLOW, TDM_ALARM_RED);
	uint64_t foreign = counts_of(&p->b).foreign;
	inject(&i, p, GOOD, AT_SUB, 0x06);
	run_us(p, 2000, 1000);
	assert_int_equal(counts_of(&p->b).foreign, foreign + 1);
	losing = -1;
	close(i.fd);
	pair_close(p);
}

static void malformed_frames_are_counted(void **state)
{
	struct pair *p = pair_new();
	struct injector i;
	injector_open(&i);
	run_us(p, 300000, 1000);
	int64_t delay = matching_delay(&p->b, 800);
	unsigned bad = 0;
	for (size_t octets = 2; octets < 300; octets += octets == GOOD - 1 ? 2 : 1, bad++) {
		inject(&i, p, octets, 13, 0x0d);
		run_us(p, 1000, 1000);
	}
	for (int k = 0; k < 50; k++, bad += 2) {
		inject(&i, p, GOOD, AT_CHANNELS, 23);
		inject(&i, p, GOOD, AT_SAMPLES, 16);
		run_us(p, 1000, 1000);
	}
	struct tdm_span_counts b = counts_of(&p->b);
	assert_int_equal(b.malformed, bad);
	assert_int_equal(b.lost + b.duplicate + b.late, 0);
	assert_int_equal(tdm_span_alarms(p->b.span), 0);
	assert_int_equal(matching_delay(&p->b, 2400), delay);
	close(i.fd);
	pair_close(p);
}

/* --- interfaces -------------------------------------------------------------------------- */

static const char *description(const struct end *e)
{
	static char text[256];
	tdm_span_describe(e->span, text, sizeof(text));
	return text;
}

static void an_interface_that_goes_down_and_up(void **state)
{
	struct pair *p = pair_new();
	run_until(p, 0, 0);
	assert_string_equal(description(&p->a),
			    "va, our address " MAC_A ", to " MAC_B ", subaddress 773");
	assert_int_equal(run("ip link set va down"), 0);
	run_until(p, TDM_ALARM_RED | TDM_ALARM_GONE, TDM_ALARM_RED);
	assert_true(counts_of(&p->a).tx_errors >= 25);
	assert_string_equal(description(&p->a), "network interface va is down (ip link set va up)");
	assert_int_equal(run("ip link set va up"), 0);
	run_until(p, 0, 0);
	run_us(p, 300000, 1000);
	matching_delay(&p->b, 800);
	pair_close(p);
}

static void an_interface_that_is_removed_and_made_again(void **state)
{
	struct pair *p = pair_new();
	run_until(p, 0, 0);
	for (int times = 0; times < 2; times++) {
		unsigned index = if_nametoindex("va");
		assert_int_equal(run("ip link del va"), 0);
		run_until(p, TDM_ALARM_RED | TDM_ALARM_GONE, TDM_ALARM_RED | TDM_ALARM_GONE);
		assert_string_equal(
			description(&p->b),
			"there is no network interface vb (ip link lists those there are)");
		assert_int_equal(join(), 0);
		assert_int_not_equal(if_nametoindex("va"), index);
		run_until(p, 0, 0);
	}
	run_us(p, 300000, 1000);
	matching_delay(&p->a, 800);
	matching_delay(&p->b, 800);
	pair_close(p);
}

static void an_interface_that_comes_later(void **state)
{
	struct tdm_span_conf c;
	char text[256];
	assert_int_equal(run("ip link del va"), 0);
	conf_for(&c, true);
	assert_int_equal(tdm_span_look(&c, text, sizeof(text)), -ENODEV);
	assert_string_equal(text,
			    "there is no network interface va (ip link lists those there are)");
	struct pair *p = pair_new();
	run_until(p, TDM_ALARM_RED | TDM_ALARM_GONE, TDM_ALARM_RED | TDM_ALARM_GONE);
	assert_int_equal(join(), 0);
	run_until(p, 0, 0);
	assert_int_equal(tdm_span_look(&c, text, sizeof(text)), 0);
	pair_close(p);
}

/* --- opening ----------------------------------------------------------------------------- */

static void a_wrong_configuration_is_refused(void **state)
{
	struct tdm_span *s;
	struct tdm_span_conf good, c;
	char err[128];
	conf_for(&good, true);
#define REFUSED(set, why)                                                                          \
	do {                                                                                       \
		c = good;                                                                          \
		set;                                                                               \
		assert_int_equal(tdm_span_open(&s, &c, err, sizeof(err)), -EINVAL);                \
		assert_null(s);                                                                    \
		assert_non_null(strstr(err, why));                                                 \
	} while (0)
	REFUSED(c.ether.interface[0] = '\0', "interface");
	REFUSED(c.ether.mac[0] = '\0', "mac");
	REFUSED(strcpy(c.ether.mac, "ff:ff:ff:ff:ff:ff"), "mac");
	REFUSED(c.ether.subaddress = 65536, "subaddress");
	REFUSED(c.buffer_max_ms = 1, "buffer");
	REFUSED(c.loss_ms = 3, "loss");
#undef REFUSED
}

/* Last of all: the right to open packet sockets is given up. */
static void without_the_right_it_says_what_is_needed(void **state)
{
	struct tdm_span *s;
	struct tdm_span_conf c;
	char err[256];
	conf_for(&c, true);
	if (setresuid(65534, 65534, 65534) != 0) /* no other user in this name space */
		skip();
	assert_int_equal(tdm_span_open(&s, &c, err, sizeof(err)), -EPERM);
	assert_null(s);
	assert_non_null(strstr(err, "CAP_NET_RAW"));
	assert_int_equal(tdm_span_look(&c, err, sizeof(err)), -EPERM);
	assert_non_null(strstr(err, "CAP_NET_RAW"));
}

static bool put_text(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");
	bool ok = f != NULL && fputs(text, f) >= 0;
	return f != NULL && fclose(f) == 0 && ok;
}

/* Who is not root becomes it in a name space of users, for the rights to survive exec(). */
static bool has_own_network(void)
{
	char map[32];
	snprintf(map, sizeof(map), "0 %u 1", geteuid());
	if (geteuid() == 0)
		return unshare(CLONE_NEWNET) == 0 && join() == 0;
	return unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0 && put_text("/proc/self/uid_map", map) &&
	       join() == 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(octets_arrive_bit_exact_both_ways),
		cmocka_unit_test(the_dchannel_is_carried),
		cmocka_unit_test(alarms_and_loops),
		cmocka_unit_test(lost_and_swapped_frames),
		cmocka_unit_test(others_frames_change_nothing),
		cmocka_unit_test(a_wrong_address_shows_as_foreign_frames),
		cmocka_unit_test(malformed_frames_are_counted),
		cmocka_unit_test(an_interface_that_goes_down_and_up),
		cmocka_unit_test(an_interface_that_is_removed_and_made_again),
		cmocka_unit_test(an_interface_that_comes_later),
		cmocka_unit_test(a_wrong_configuration_is_refused),
		cmocka_unit_test(without_the_right_it_says_what_is_needed),
	};
	if (!has_own_network()) {
		puts("a network of its own with two joined interfaces (unshare, ip) is not to be "
		     "had here");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
