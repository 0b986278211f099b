/* Datagrams, verbs and time in any order against a whole agent.
 *
 * The input is records, each ended by 0x1e; the first octet says what it is:
 *   P datagram from the peer      S datagram from a stranger    T time: ms in decimal
 *   O start a call    X the peer is configured no more      Y it is again
 *   A accept    R ring    G progress    N answer    I another party    E end (on all calls)
 *   H hold    L let go    F take a REFER    J refuse it    K it went well
 * In datagrams {b}, {t}, {i} and {r} become the branch, our tag, the Call-ID and the RSeq of what
 * the agent sent last, so that a seed can follow a dialog whose names are random.  At the end time
 * runs until every timer has: whatever happened, nothing may be left.
 */
#include "gateway/base/log.h"
#include "gateway/base/loop.h"
#include "sip/address.h"
#include "sip/agent_impl.h"
#include "sip/dialog_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CALLS = 8, TEXT = 20000 };

static uint64_t now_ms;
static uint64_t random_state;

int clock_gettime(clockid_t id, struct timespec *ts)
{
	if (id != CLOCK_MONOTONIC && id != CLOCK_MONOTONIC_COARSE)
		return (int)syscall(SYS_clock_gettime, id, ts);
	ts->tv_sec = (time_t)(now_ms / 1000);
	ts->tv_nsec = (long)(now_ms % 1000) * 1000000;
	return 0;
}

/* The same input must do the same each time. */
ssize_t getrandom(void *out, size_t len, unsigned flags)
{
	for (size_t i = 0; i < len; i++) {
		random_state = random_state * 6364136223846793005u + 1442695040888963407u;
		((unsigned char *)out)[i] = (unsigned char)(random_state >> 56);
	}
	return (ssize_t)len;
}

struct rig {
	struct loop loop;
	struct sip_agent *agent;
	struct sip_agent_conf conf;
	struct sip_peer_conf peer;
	struct sockaddr_storage far, stranger;
	struct sip_dialog *calls[CALLS];
	char branch[128], tag[128], call_id[300], rseq[16];
};

static struct sip_local_media local_media(void)
{
	struct sip_local_media m = {
		.codec = {SIP_PCMU, SIP_PCMA}, .codec_count = 2, .dtmf_type = 101, .ptime_ms = 20};

	sip_addr_parse(&m.addr, "127.0.0.1", 30000);
	return m;
}

static void keep(struct rig *r, struct sip_dialog *d)
{
	for (unsigned i = 0; i < CALLS; i++)
		if (r->calls[i] == NULL) {
			r->calls[i] = d;
			sip_dialog_bind(d, &r->calls[i]);
			return;
		}
	abort(); /* dialogs_max lets no more through */
}

static void on_event(void *arg, const struct sip_event *ev)
{
	struct rig *r = arg;

	if (ev->kind == SIP_INVITED)
		keep(r, ev->dialog);
	else if (ev->user == NULL || *(struct sip_dialog **)ev->user != ev->dialog)
		abort();
	else if (ev->kind == SIP_REFERRED && ev->refer->replaces.call_id[0] != '\0')
		(void)sip_dialog_replaced(ev->dialog, &ev->refer->replaces);
	else if (ev->kind == SIP_ENDING)
		sip_dialog_end(ev->dialog, 0, 16);
	else if (ev->kind == SIP_ENDED)
		*(struct sip_dialog **)ev->user = NULL;
}

static void take(char *out, size_t size, const char *text, const char *after, const char *stops)
{
	const char *p = strstr(text, after);

	if (p != NULL)
		snprintf(out, size, "%.*s", (int)strcspn(p + strlen(after), stops),
			 p + strlen(after));
}

static void on_trace(void *arg, const struct sip_traced *what)
{
	struct rig *r = arg;
	char text[TEXT];

	if (!what->sent)
		return;
	snprintf(text, sizeof(text), "%.*s", (int)what->len, what->text);
	const char *line = strncmp(text, "SIP/", 4) == 0 ? "\nTo:" : "\nFrom:";
	const char *party = strstr(text, line);
	take(r->branch, sizeof(r->branch), text, "branch=", ";\r,");
	take(r->call_id, sizeof(r->call_id), text, "Call-ID: ", "\r");
	take(r->rseq, sizeof(r->rseq), text, "RSeq: ", "\r");
	if (party != NULL)
		take(r->tag, sizeof(r->tag), party, ";tag=", ";\r");
}

static void datagram(struct rig *r, const struct sockaddr_storage *from, const char *data,
		     size_t len)
{
	static char text[TEXT];
	size_t n = 0;

	for (size_t i = 0; i < len && n < sizeof(text) - 400; i++) {
		const char *name = NULL;
		if (len - i >= 3 && data[i] == '{' && data[i + 2] == '}')
			name = data[i + 1] == 'b'   ? r->branch
			       : data[i + 1] == 't' ? r->tag
			       : data[i + 1] == 'i' ? r->call_id
			       : data[i + 1] == 'r' ? r->rseq
						    : NULL;
		if (name == NULL) {
			text[n++] = data[i];
			continue;
		}
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s", name);
		i += 2;
	}
	char *exact = malloc(n > 0 ? n : 1); /* a read past the end is seen */
	if (exact == NULL)
		abort();
	memcpy(exact, text, n);
	struct sip_source source = {.listener = r->agent->transport.listeners};
	memcpy(&source.addr, from, sizeof(*from));
	sip_agent_receive(r->agent, &source, exact, n);
	free(exact);
}

static void turn(struct rig *r)
{
	uv_run(&r->loop.uv, UV_RUN_NOWAIT);
}

static void pass(struct rig *r, uint64_t ms)
{
	uint64_t end = now_ms + ms;

	while (now_ms < end) {
		uv_update_time(&r->loop.uv);
		int wait = uv_backend_timeout(&r->loop.uv);
		uint64_t step =
			wait < 0 || (uint64_t)wait > end - now_ms ? end - now_ms : (uint64_t)wait;
		now_ms += step > 0 ? step : 1;
		turn(r);
	}
}

static void start(struct rig *r)
{
	struct sip_invite inv = {.peer = "p", .number = "7134#", .local = local_media()};
	struct sip_dialog *d;

	if (sip_dialog_start(&d, r->agent, &inv, NULL) == 0)
		keep(r, d);
}

static void reconfigure(struct rig *r, unsigned peers)
{
	char err[128];

	r->conf.peer_count = peers;
	if (sip_agent_reconfigure(r->agent, &r->conf, err, sizeof(err)) < 0)
		abort();
}

static void verb(struct rig *r, char op)
{
	static const struct sip_party other = {.user = "7200", .display = "Anna", .asserted = true};
	struct sip_local_media local = local_media();

	for (unsigned i = 0; i < CALLS; i++) {
		struct sip_dialog *d = r->calls[i];
		if (d == NULL)
			continue;
		switch (op) {
		case 'A': sip_dialog_accept(d, &r->calls[i], &local); break;
		case 'R': sip_dialog_ring(d, false); break;
		case 'G': sip_dialog_progress(d); break;
		case 'N': sip_dialog_answer(d); break;
		case 'I': sip_dialog_identity(d, &other); break;
		case 'E': sip_dialog_end(d, 486, 17); break;
		case 'H': sip_dialog_hold(d, true); break;
		case 'L': sip_dialog_hold(d, false); break;
		case 'F': sip_dialog_refer_answer(d, 202); break;
		case 'J': sip_dialog_refer_answer(d, 603); break;
		case 'K': sip_dialog_refer_progress(d, 200); break;
		default: break;
		}
	}
}

static void record(struct rig *r, const char *data, size_t len)
{
	char number[8];

	if (len == 0)
		return;
	switch (data[0]) {
	case 'P': datagram(r, &r->far, data + 1, len - 1); break;
	case 'S': datagram(r, &r->stranger, data + 1, len - 1); break;
	case 'T':
		snprintf(number, sizeof(number), "%.*s", (int)(len - 1 > 6 ? 6 : len - 1),
			 data + 1);
		pass(r, (uint64_t)strtoul(number, NULL, 10) % 70000);
		break;
	case 'O': start(r); break;
	case 'X': reconfigure(r, 0); break;
	case 'Y': reconfigure(r, 1); break;
	default: verb(r, data[0]); break;
	}
	turn(r);
}

static void open_rig(struct rig *r)
{
	const struct sip_agent_ops ops = {on_event, on_trace};
	char err[128];

	memset(r, 0, sizeof(*r));
	sip_addr_parse(&r->far, "127.0.0.2", 9);
	sip_addr_parse(&r->stranger, "127.0.0.3", 9);
	snprintf(r->peer.name, sizeof(r->peer.name), "p");
	r->peer.addr[0] = r->far;
	r->peer.addr_count = 1;
	r->peer.reliable = SIP_RELIABLE_SUPPORTED;
	r->peer.session_expires_s = 1800;
	r->peer.min_se_s = 90;
	r->peer.redirects_max = 2;
	r->peer.trusted = true;
	r->peer.transfer = r->peer.hold = true;
	sip_agent_conf_default(&r->conf);
	sip_addr_parse(&r->conf.listen[0].addr, "127.0.0.1", 0);
	r->conf.listen_count = 1;
	r->conf.peers = &r->peer;
	r->conf.peer_count = 1;
	r->conf.dialogs_max = CALLS;
	if (loop_init(&r->loop) < 0 ||
	    sip_agent_open(&r->agent, &r->loop, &r->conf, &ops, r, err, sizeof(err)) < 0)
		abort();
}

static void close_rig(struct rig *r)
{
	struct sip_agent_counts c;

	verb(r, 'E');
	pass(r, 200000);
	sip_agent_counts(r->agent, &c);
	if (c.dialogs != 0 || c.transactions != 0 || r->agent->dialogs != NULL)
		abort();
	sip_agent_close(r->agent);
	loop_fini(&r->loop);
}

static void silent(void *arg, const char *line)
{
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rig r;
	const char *at = (const char *)data, *end = at + size;

	log_set_sink(silent, NULL);
	now_ms = 1000000;
	random_state = 1;
	open_rig(&r);
	while (at < end) {
		const char *stop = memchr(at, 0x1e, (size_t)(end - at));
		if (stop == NULL)
			stop = end;
		record(&r, at, (size_t)(stop - at));
		at = stop + 1;
	}
	close_rig(&r);
	return 0;
}
