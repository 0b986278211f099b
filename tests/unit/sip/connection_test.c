/* TCP and TLS connections, over the loopback interface and in real time. */
#include "sip/connection.c"

#include "sip/prescan.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "tests/unit/sip/certificates.h"

enum { LONGEST_MS = 5000 };

struct side {
	struct sip_transport t;
	struct sip_bind at;
	char text[32][600]; /* what came */
	unsigned count, refused, connected;
	struct sip_source last;
	struct sip_names proved;
	enum sip_admission admission; /* before and, */
	const char *wanted_name;      /* for whoever proves this, after TLS */
	char trouble[400], how[64];
	bool answers;
};

static struct loop loop;
static struct side near_side, far_side;
static struct issuer ca, other_ca;
static const char *host = "127.0.0.1";
static int lost_error;
static unsigned lost_count;

static void on_message(void *arg, const struct sip_source *from, const char *data, size_t len)
{
	struct side *s = arg;
	struct sip_target back = {
		.protocol = from->listener->protocol, .addr = from->addr, .flow = from->flow};

	assert_true(s->count < 32);
	snprintf(s->text[s->count++], sizeof(s->text[0]), "%.*s", (int)len, data);
	s->last = *from;
	if (from->proved != NULL)
		s->proved = *from->proved;
	s->last.proved = NULL;
	if (s->answers)
		sip_listener_send(from->listener, &back, "SIP/2.0 200 OK\r\nl:0\r\n\r\n", 23);
}

static void on_refused(void *arg, const struct sip_source *from, const char *head, size_t len,
		       int status, const char *why)
{
	((struct side *)arg)->refused++;
}

static enum sip_admission on_admit(void *arg, const struct sip_source *from)
{
	const struct side *s = arg;

	if (s->wanted_name == NULL || from->proved == NULL)
		return s->admission;
	return sip_names_prove(from->proved, s->wanted_name) ? SIP_ADMIT_PEER : SIP_ADMIT_NOT;
}

static void on_sent(void *arg, const struct sip_traced *what, int error)
{
	assert_int_not_equal(what->protocol, SIP_UDP);
}

static void on_trouble(void *arg, const struct sockaddr *peer, bool outgoing, const char *why)
{
	struct side *s = arg;

	snprintf(s->trouble, sizeof(s->trouble), "%s: %s", outgoing ? "to" : "from", why);
}

static void on_up(void *arg, const struct sockaddr *peer, const char *how)
{
	struct side *s = arg;

	s->connected++;
	snprintf(s->how, sizeof(s->how), "%s", how);
}

static void on_lost_flow(void *arg, int error)
{
	lost_error = error;
	lost_count++;
}

/* Until the condition holds; false after a time no machine needs. */
static bool turn(void)
{
	static struct timespec pause = {.tv_nsec = 1000000};

	uv_run(&loop.uv, UV_RUN_NOWAIT);
	nanosleep(&pause, NULL);
	return true;
}
#define WAIT(condition)                                                                            \
	do {                                                                                       \
		unsigned waited_ms = 0;                                                            \
		while (!(condition) && waited_ms++ < LONGEST_MS)                                   \
			turn();                                                                    \
		assert_true(condition);                                                            \
	} while (0)

static struct sip_tls_keys *keys_of(const char *name, const char *ca_file, bool verify)
{
	struct sip_tls_conf conf = {.verify_client = verify};
	struct sip_tls_keys *keys;
	char err[400];

	if (name != NULL) {
		snprintf(conf.certificate, sizeof(conf.certificate), "%s/%s.crt", certificates_dir,
			 name);
		snprintf(conf.key, sizeof(conf.key), "%s/%s.key", certificates_dir, name);
	}
	snprintf(conf.ca, sizeof(conf.ca), "%s", certificates_path(ca_file));
	if (sip_tls_keys_load(&keys, &conf, err, sizeof(err)) < 0)
		fail_msg("%s", err);
	return keys;
}

static const struct sip_stream_conf usual = {.connections_max = 8,
					     .per_address = 3,
					     .per_network = 3,
					     .idle_ms = 60000,
					     .setup_ms = 10000};

static void side_open(struct side *s, enum sip_protocol p, struct sip_tls_keys *keys)
{
	const struct sip_receiver r = {on_message, on_refused, on_admit, on_sent,
				       on_trouble, on_up,      s};

	memset(s, 0, sizeof(*s));
	s->admission = SIP_ADMIT_PEER;
	sip_transport_init(&s->t, &loop, &r);
	sip_transport_configure(&s->t, &usual, keys);
	s->at.protocol = p;
	assert_true(sip_addr_parse(&s->at.addr, host, 0));
	assert_int_equal(sip_transport_listen(&s->t, &s->at), 0);
	s->at.addr = s->t.listeners->addr;
}

static void quiet(void *arg, const char *line)
{
}

static void both_open(enum sip_protocol p, struct sip_tls_keys *near_keys,
		      struct sip_tls_keys *far_keys)
{
	log_set_sink(quiet, NULL);
	assert_int_equal(loop_init(&loop), 0);
	side_open(&near_side, p, near_keys);
	side_open(&far_side, p, far_keys);
	lost_error = 0;
	lost_count = 0;
}

static void both_close(void)
{
	sip_transport_close(&near_side.t);
	sip_transport_close(&far_side.t);
	assert_int_equal(near_side.t.counts.connections, 0);
	assert_int_equal(far_side.t.counts.connections, 0);
	loop_fini(&loop);
	log_set_sink(NULL, NULL);
}

static struct sip_target to_far(const char *name)
{
	struct sip_target to = {.protocol = far_side.at.protocol, .addr = far_side.at.addr};

	snprintf(to.name, sizeof(to.name), "%s", name);
	return to;
}

#define MESSAGE "A sip:b SIP/2.0\r\nl:0\r\n\r\n"

static int say(struct sip_target *to)
{
	return sip_listener_send(near_side.t.listeners, to, MESSAGE, strlen(MESSAGE));
}

static void test_request_and_reply(void **state)
{
	struct sip_target to = to_far("");

	both_open(SIP_TCP, NULL, NULL);
	to = to_far("");
	far_side.answers = true;
	assert_int_equal(say(&to), 0);
	uint64_t flow = to.flow;
	assert_int_not_equal(flow, 0);
	WAIT(near_side.count == 1);
	assert_string_equal(far_side.text[0], MESSAGE);
	assert_string_equal(near_side.text[0], "SIP/2.0 200 OK\r\nl:0\r\n\r\n");
	/* the next goes by the same connection, also when it is not named */
	to.flow = 0;
	assert_int_equal(say(&to), 0);
	assert_int_equal(to.flow, flow);
	WAIT(near_side.count == 2);
	assert_int_equal(far_side.t.counts.accepted, 1);
	both_close();
}

static void test_refused_and_closed(void **state)
{
	struct sip_watch w = {0};

	both_open(SIP_TCP, NULL, NULL);
	struct sip_target to = to_far("");
	far_side.admission = SIP_ADMIT_NOT;
	assert_int_equal(say(&to), 0);
	sip_transport_watch(&near_side.t, to.flow, &w, on_lost_flow, NULL);
	WAIT(lost_count == 1);
	assert_int_equal(lost_error, -ECONNRESET);
	assert_int_equal(far_side.t.counts.refused_stranger, 1);
	/* nobody there */
	sip_transport_close(&far_side.t);
	turn();
	to.flow = 0;
	assert_int_equal(say(&to), 0);
	sip_transport_watch(&near_side.t, to.flow, &w, on_lost_flow, NULL);
	WAIT(lost_count == 2);
	assert_int_equal(lost_error, -ECONNREFUSED);
	assert_non_null(strstr(near_side.trouble, "Connection refused"));
	both_close();
}

/* --- bare sockets that do what no SIP stack does --- */

static int bare(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(
		connect(fd, (struct sockaddr *)&far_side.at.addr, sizeof(struct sockaddr_in)), 0);
	return fd;
}

static bool is_closed(int fd)
{
	char c;

	turn();
	return recv(fd, &c, 1, MSG_DONTWAIT) == 0 || (errno == ECONNRESET);
}

static void test_strangers_are_few_and_brief(void **state)
{
	struct sip_stream_conf conf = usual;
	int fd[4];

	both_open(SIP_TCP, NULL, NULL);
	conf.setup_ms = 200;
	sip_transport_configure(&far_side.t, &conf, NULL);
	far_side.admission = SIP_ADMIT_STRANGER;
	for (unsigned i = 0; i < 4; i++)
		fd[i] = bare();
	WAIT(is_closed(fd[3])); /* three an address */
	assert_int_equal(far_side.t.counts.strangers, 3);
	assert_int_equal(far_side.t.counts.refused_limit, 1);
	/* one makes itself known, the others' time runs out though one of them keeps talking */
	assert_int_equal(write(fd[0], MESSAGE, strlen(MESSAGE)), strlen(MESSAGE));
	WAIT(far_side.count == 1);
	sip_transport_vouch(&far_side.t, far_side.last.flow);
	assert_int_equal(far_side.t.counts.strangers, 2);
	WAIT(write(fd[1], "\r\n\r\n", 4) != 4 || is_closed(fd[1]) ||
	     far_side.t.counts.strangers == 0);
	WAIT(far_side.t.counts.strangers == 0);
	assert_int_equal(far_side.t.counts.connections, 1);
	assert_null(far_side.t.quota.entries);
	for (unsigned i = 0; i < 4; i++)
		close(fd[i]);
	both_close();
}

static void test_message_that_never_ends(void **state)
{
	struct sip_stream_conf conf = usual;

	both_open(SIP_TCP, NULL, NULL);
	conf.setup_ms = 100;
	sip_transport_configure(&far_side.t, &conf, NULL);
	int fd = bare();
	assert_int_equal(write(fd, MESSAGE "INVITE", 30), 30);
	WAIT(far_side.count == 1);
	/* octet by octet does not help */
	WAIT(write(fd, "x", 1) != 1 || is_closed(fd) || far_side.t.counts.cut_slow == 1);
	WAIT(far_side.t.counts.connections == 0);
	assert_int_equal(far_side.t.counts.cut_slow, 1);
	close(fd);
	both_close();
}

static void test_not_sip(void **state)
{
	both_open(SIP_TCP, NULL, NULL);
	int fd = bare();
	assert_int_equal(write(fd, "GET / HTTP/1.0\r\n\r\n", 18), 18);
	WAIT(is_closed(fd));
	assert_int_equal(far_side.refused, 1);
	close(fd);
	both_close();
}

static void test_ping_is_answered(void **state)
{
	char text[8];

	both_open(SIP_TCP, NULL, NULL);
	int fd = bare();
	assert_int_equal(write(fd, "\r\n", 2), 2); /* a pong nobody asked for */
	assert_int_equal(write(fd, MESSAGE "\r\n\r\n", 28), 28);
	WAIT(far_side.count == 1);
	WAIT(recv(fd, text, sizeof(text), MSG_DONTWAIT | MSG_PEEK) == 2);
	assert_memory_equal(text, "\r\n", 2);
	close(fd);
	both_close();
}

static void test_we_ping(void **state)
{
	both_open(SIP_TCP, NULL, NULL);
	struct sip_target to = to_far("");
	to.keepalive_ms = 20;
	assert_int_equal(say(&to), 0);
	struct sip_connection *c = sip_connection_of(&near_side.t, to.flow);
	WAIT(c->pong_learned);
	/* now it does so no more */
	c->pong_awaited = true;
	on_pong_due(c);
	assert_non_null(strstr(near_side.trouble, "keep-alive"));
	assert_null(sip_connection_of(&near_side.t, to.flow));
	both_close();
}

/* What the far side does not read is held for a while, not for ever. */
static void test_slow_reader_is_cut(void **state)
{
	static char big[4096];
	unsigned sent = 0;

	both_open(SIP_TCP, NULL, NULL);
	int fd = bare();
	assert_int_equal(write(fd, MESSAGE, strlen(MESSAGE)), strlen(MESSAGE));
	WAIT(far_side.count == 1);
	struct sip_target back = {
		.protocol = SIP_TCP, .addr = far_side.last.addr, .flow = far_side.last.flow};
	struct sip_connection *c = sip_connection_of(&far_side.t, back.flow);
	while (sip_connection_send(c, big, sizeof(big)) == 0 && ++sent < 100000)
		;
	assert_true(sent < 100000);
	assert_null(sip_connection_of(&far_side.t, back.flow));
	assert_int_equal(far_side.t.counts.cut_slow, 1);
	close(fd);
	both_close();
}

static void test_idle_is_closed(void **state)
{
	struct sip_stream_conf conf = usual;
	struct sip_watch w = {0};

	both_open(SIP_TCP, NULL, NULL);
	conf.idle_ms = 30;
	sip_transport_configure(&near_side.t, &conf, NULL);
	struct sip_target to = to_far("");
	assert_int_equal(say(&to), 0);
	sip_transport_watch(&near_side.t, to.flow, &w, on_lost_flow, NULL);
	WAIT(near_side.connected == 1);
	for (unsigned i = 0; i < 100; i++)
		turn();
	assert_int_equal(lost_count, 0); /* somebody waits for an answer */
	sip_transport_unwatch(&w);
	WAIT(near_side.t.counts.connections == 0);
	WAIT(far_side.t.counts.connections == 0);
	both_close();
}

/* No descriptor is left: what comes waits, and the loop does not spin. */
static void test_no_descriptors(void **state)
{
	int hog[256], n = 0, fd;
	struct rlimit usual_limit, low = {256, 256};

	both_open(SIP_TCP, NULL, NULL);
	fd = bare();
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &usual_limit), 0);
	low.rlim_max = usual_limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	while (n < 256 && (hog[n] = dup(fd)) >= 0)
		n++;
	for (unsigned i = 0; i < 20; i++)
		turn();
	assert_true(timer_running(&far_side.t.listeners->resume));
	assert_int_equal(far_side.t.counts.connections, 0);
	while (n > 0)
		close(hog[--n]);
	setrlimit(RLIMIT_NOFILE, &usual_limit);
	WAIT(far_side.t.counts.connections == 1);
	close(fd);
	both_close();
}

/* --- TLS --- */

static void tls_open(const char *near_name, const char *far_name, bool verify)
{
	both_open(SIP_TLS, keys_of(near_name, "ca.pem", false),
		  keys_of(far_name, "ca.pem", verify));
}

static void expect_trouble(const struct side *s, const char *text)
{
	if (strstr(s->trouble, text) == NULL)
		fail_msg("\"%s\" where \"%s\" was due", s->trouble, text);
}

static void test_tls(void **state)
{
	tls_open("a", "b", true);
	struct sip_target to = to_far("b.example");
	far_side.answers = true;
	assert_int_equal(say(&to), 0);
	WAIT(near_side.count == 1);
	assert_true(sip_names_prove(&far_side.proved, "a.example"));
	assert_non_null(strstr(near_side.how, "TLS1.3"));
	/* the same address by another name is another connection, and fails */
	to = to_far("c.example");
	assert_int_equal(say(&to), 0);
	WAIT(near_side.trouble[0] != '\0');
	expect_trouble(&near_side, "to: its certificate is for b.example and not for c.example");
	both_close();
}

static void test_ipv6(void **state)
{
	host = "::1";
	test_tls(state);
	test_request_and_reply(state);
	host = "127.0.0.1";
}

static void fails_to(const char *far_name, const char *near_ca, const char *why)
{
	struct sip_watch w = {0};

	both_open(SIP_TLS, keys_of("a", near_ca, false), keys_of(far_name, "ca.pem", false));
	struct sip_target to = to_far("b.example");
	assert_int_equal(say(&to), 0);
	sip_transport_watch(&near_side.t, to.flow, &w, on_lost_flow, NULL);
	WAIT(lost_count == 1);
	expect_trouble(&near_side, why);
	assert_int_equal(far_side.count, 0);
	both_close();
}

static void test_bad_servers(void **state)
{
	fails_to("expired", "ca.pem", "expired on");
	fails_to("early", "ca.pem", "valid only from");
	fails_to("a", "ca.pem", "is for a.example and not for b.example");
	fails_to("b", "other.pem", "signed by CN=Test CA, which is not believed: add");
	fails_to("forged", "ca.pem", "signed by CN=Other CA, which is not believed");
}

static void test_client_must_prove_itself(void **state)
{
	struct sip_watch w = {0};

	tls_open(NULL, "b", true);
	struct sip_target to = to_far("b.example");
	assert_int_equal(say(&to), 0);
	sip_transport_watch(&near_side.t, to.flow, &w, on_lost_flow, NULL);
	WAIT(lost_count == 1);
	expect_trouble(&far_side, "from: it has no certificate: it must be given one");
	WAIT(near_side.trouble[0] != '\0');
	assert_int_equal(far_side.count, 0);
	both_close();
	/* expired */
	tls_open("expired", "b", true);
	to = to_far("b.example");
	assert_int_equal(say(&to), 0);
	WAIT(far_side.trouble[0] != '\0');
	expect_trouble(&far_side, "from: its certificate expired on");
	assert_int_equal(far_side.count, 0);
	both_close();
}

static void test_known_by_name(void **state)
{
	struct sip_watch w = {0};

	tls_open("a", "b", false);
	far_side.admission = SIP_ADMIT_STRANGER;
	far_side.wanted_name = "a.example";
	struct sip_target to = to_far("b.example");
	assert_int_equal(say(&to), 0);
	WAIT(far_side.count == 1);
	assert_int_equal(far_side.t.counts.strangers, 0);
	both_close();
	/* an expired one proves nothing, and nobody else is let in */
	tls_open("expired", "b", false);
	far_side.admission = SIP_ADMIT_STRANGER;
	far_side.wanted_name = "expired.example";
	to = to_far("b.example");
	assert_int_equal(say(&to), 0);
	sip_transport_watch(&near_side.t, to.flow, &w, on_lost_flow, NULL);
	WAIT(lost_count == 1);
	assert_int_equal(far_side.count, 0);
	assert_int_equal(far_side.t.counts.refused_stranger, 1);
	both_close();
}

static void test_new_keys_leave_connections(void **state)
{
	tls_open("a", "b", false);
	struct sip_target to = to_far("b.example");
	assert_int_equal(say(&to), 0);
	WAIT(far_side.count == 1);
	sip_transport_configure(&far_side.t, &usual, keys_of("expired", "ca.pem", false));
	assert_int_equal(say(&to), 0);
	WAIT(far_side.count == 2);
	assert_int_equal(far_side.t.counts.accepted, 1);
	/* the next one gets the new certificate */
	sip_connection_cut(sip_connection_of(&near_side.t, to.flow), 0);
	assert_int_equal(say(&to), 0);
	WAIT(near_side.trouble[0] != '\0');
	expect_trouble(&near_side, "expired");
	both_close();
}

static void test_alias(void **state)
{
	tls_open("a", "b", true);
	struct sip_target to = to_far("b.example");
	assert_int_equal(say(&to), 0);
	WAIT(far_side.count == 1);
	struct sip_target back = {
		.protocol = SIP_TLS, .addr = near_side.at.addr, .name = "c.example"};
	sip_transport_alias(&far_side.t, far_side.last.flow, &back); /* not proved */
	assert_null(sip_connection_to(&far_side.t, &back));
	snprintf(back.name, sizeof(back.name), "A.example");
	sip_transport_alias(&far_side.t, far_side.last.flow, &back);
	assert_int_equal(sip_listener_send(far_side.t.listeners, &back, MESSAGE, strlen(MESSAGE)),
			 0);
	WAIT(near_side.count == 1);
	assert_int_equal(far_side.t.counts.opened, 0);
	both_close();
}

static void test_no_tls_at_all(void **state)
{
	tls_open("a", "b", false);
	int fd = bare();
	assert_int_equal(write(fd, MESSAGE, strlen(MESSAGE)), strlen(MESSAGE));
	WAIT(is_closed(fd));
	expect_trouble(&far_side, "no TLS");
	close(fd);
	both_close();
}

static void test_handshake_that_never_ends(void **state)
{
	struct sip_stream_conf conf = usual;

	tls_open("a", "b", false);
	conf.setup_ms = 100;
	sip_transport_configure(&far_side.t, &conf, keys_of("b", "ca.pem", false));
	int fd = bare();
	assert_int_equal(write(fd, "\x16\x03\x01\x02", 4), 4);
	WAIT(is_closed(fd));
	assert_int_equal(far_side.t.counts.cut_slow, 1);
	close(fd);
	both_close();
}

static void load_fails(const char *certificate, const char *key, const char *ca_file,
		       const char *why)
{
	struct sip_tls_conf conf = {.verify_client = false};
	struct sip_tls_keys *keys;
	char err[700];

	snprintf(conf.certificate, sizeof(conf.certificate), "%s", certificates_path(certificate));
	snprintf(conf.key, sizeof(conf.key), "%s", certificates_path(key));
	snprintf(conf.ca, sizeof(conf.ca), "%s", certificates_path(ca_file));
	assert_true(sip_tls_keys_load(&keys, &conf, err, sizeof(err)) < 0);
	assert_null(keys);
	if (strstr(err, why) == NULL)
		fail_msg("\"%s\" where \"%s\" was due", err, why);
}

static void test_files(void **state)
{
	load_fails("none.crt", "a.key", "ca.pem", "none.crt: No such file or directory: write");
	load_fails("a.crt", "none.key", "ca.pem", "key ");
	load_fails("a.crt", "b.key", "ca.pem", "is not that of certificate");
	load_fails("a.key", "a.key", "ca.pem", "two files in PEM");
	load_fails("a.crt", "a.key", "none.pem", "ca ");
	load_fails("a.crt", "a.key", "a.key", "certificates in PEM are expected");
}

int main(void)
{
	static const struct wanted a = {.dns = {"a.example"}}, b = {.uri = {"sip:b.example"}},
				   expired = {.dns = {"b.example"},
					      .from_s = -7200,
					      .until_s = -60},
				   early = {.dns = {"b.example"}, .from_s = 1800};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request_and_reply),
		cmocka_unit_test(test_refused_and_closed),
		cmocka_unit_test(test_strangers_are_few_and_brief),
		cmocka_unit_test(test_message_that_never_ends),
		cmocka_unit_test(test_not_sip),
		cmocka_unit_test(test_ping_is_answered),
		cmocka_unit_test(test_we_ping),
		cmocka_unit_test(test_slow_reader_is_cut),
		cmocka_unit_test(test_idle_is_closed),
		cmocka_unit_test(test_no_descriptors),
		cmocka_unit_test(test_tls),
		cmocka_unit_test(test_ipv6),
		cmocka_unit_test(test_bad_servers),
		cmocka_unit_test(test_client_must_prove_itself),
		cmocka_unit_test(test_known_by_name),
		cmocka_unit_test(test_new_keys_leave_connections),
		cmocka_unit_test(test_alias),
		cmocka_unit_test(test_no_tls_at_all),
		cmocka_unit_test(test_handshake_that_never_ends),
		cmocka_unit_test(test_files),
	};

	signal(SIGPIPE, SIG_IGN);
	certificates_begin();
	ca = issuer_new("Test CA", "ca.pem");
	other_ca = issuer_new("Other CA", "other.pem");
	issue(&ca, &a, "a");
	issue(&ca, &b, "b");
	issue(&ca, &expired, "expired");
	issue(&ca, &early, "early");
	issue(&other_ca, &b, "forged");
	int r = cmocka_run_group_tests(tests, NULL, NULL);
	issuer_free(&ca);
	issuer_free(&other_ca);
	certificates_end();
	return r;
}
