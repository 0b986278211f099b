/* rig.h - an agent on a virtual clock, and a scripted far side on a real UDP socket.
 *
 * Included by test programs after the agent's source.  clock_gettime() below pre-empts libc's for
 * libuv too, so time moves only in rig_run(); loopback datagrams arrive at once.
 */
#ifndef TESTS_UNIT_SIP_RIG_H
#define TESTS_UNIT_SIP_RIG_H

#include "gateway/base/log.h"
#include "sip/address.h"
#include "sip/agent_impl.h"
#include "sip/dialog_impl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

enum { RIG_MESSAGES = 256, RIG_EVENTS = 128, RIG_TEXT = 9000, T1 = 500, T2 = 4000, T4 = 5000 };

static uint64_t rig_ms = 1000000;

int clock_gettime(clockid_t id, struct timespec *ts)
{
	if (id == CLOCK_REALTIME)
		return (int)syscall(SYS_clock_gettime, id, ts);
	ts->tv_sec = (time_t)(rig_ms / 1000);
	ts->tv_nsec = (long)(rig_ms % 1000) * 1000000;
	return 0;
}

struct rig_message {
	uint64_t at_ms;
	char text[RIG_TEXT];
};

struct rig_event {
	enum sip_event_kind kind;
	struct sip_dialog *dialog;
	void *user;
	int status, q850;
	bool has_media;
	struct sip_media media;
	char peer[SIP_NAME_MAX];
	struct sip_party called, calling;
};

struct rig {
	struct loop loop;
	struct sip_agent *agent;
	struct sip_agent_conf conf;
	struct sip_peer_conf peer;
	int family;
	int sock; /* the far side */
	struct sockaddr_storage far, near;
	struct rig_message *in; /* what the far side got */
	unsigned in_count, in_next;
	struct rig_event events[RIG_EVENTS];
	unsigned event_count, event_next;
	void (*on_event)(struct rig *r, const struct sip_event *ev);
	uint64_t started_ms;
};

static inline void rig_event_fn(void *arg, const struct sip_event *ev)
{
	struct rig *r = arg;

	assert_true(r->event_count < RIG_EVENTS);
	struct rig_event *e = &r->events[r->event_count++];
	memset(e, 0, sizeof(*e));
	e->kind = ev->kind;
	e->dialog = ev->dialog;
	e->user = ev->user;
	e->status = ev->status;
	e->q850 = ev->q850;
	if (ev->media != NULL) {
		e->has_media = true;
		e->media = *ev->media;
	}
	if (ev->kind == SIP_INVITED) {
		snprintf(e->peer, sizeof(e->peer), "%s", ev->peer);
		e->called = *ev->called;
		e->calling = *ev->calling;
	}
	if (r->on_event != NULL)
		r->on_event(r, ev);
}

static inline void rig_quiet(void *arg, const char *line)
{
}

static inline void rig_drain(struct rig *r)
{
	for (;;) {
		assert_true(r->in_count < RIG_MESSAGES);
		struct rig_message *m = &r->in[r->in_count];
		ssize_t n = recv(r->sock, m->text, sizeof(m->text) - 1, MSG_DONTWAIT);
		if (n < 0)
			return;
		m->text[n] = '\0';
		m->at_ms = rig_ms - r->started_ms;
		r->in_count++;
	}
}

/* Lets everything that is due happen, without time passing. */
static inline void rig_turn(struct rig *r)
{
	for (int i = 0; i < 4; i++)
		uv_run(&r->loop.uv, UV_RUN_NOWAIT);
	rig_drain(r);
}

/* ms pass, from timer to timer. */
static inline void rig_run(struct rig *r, uint64_t ms)
{
	uint64_t end = rig_ms + ms;

	rig_turn(r);
	while (rig_ms < end) {
		uv_update_time(&r->loop.uv);
		int wait = uv_backend_timeout(&r->loop.uv);
		uint64_t step =
			wait < 0 || (uint64_t)wait > end - rig_ms ? end - rig_ms : (uint64_t)wait;
		rig_ms += step > 0 ? step : 1;
		rig_turn(r);
	}
}

static inline int rig_socket(int family, struct sockaddr_storage *bound)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	socklen_t len = sizeof(*bound);

	assert_true(fd >= 0);
	assert_true(sip_addr_parse(bound, family == AF_INET6 ? "::1" : "127.0.0.1", 0));
	assert_int_equal(bind(fd, (struct sockaddr *)bound, sip_addr_len((struct sockaddr *)bound)),
			 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)bound, &len), 0);
	return fd;
}

static inline void rig_open_family(struct rig *r, int family)
{
	char err[128] = "";
	struct sip_agent_ops ops = {.event = rig_event_fn};

	memset(r, 0, sizeof(*r));
	log_set_sink(rig_quiet, NULL);
	r->family = family;
	r->in = calloc(RIG_MESSAGES, sizeof(*r->in));
	r->started_ms = rig_ms;
	assert_int_equal(loop_init(&r->loop), 0);
	r->sock = rig_socket(family, &r->far);
	snprintf(r->peer.name, sizeof(r->peer.name), "cs");
	snprintf(r->peer.domain, sizeof(r->peer.domain), "cs");
	r->peer.addr[0] = r->far;
	r->peer.addr_count = 1;
	sip_agent_conf_default(&r->conf);
	assert_true(
		sip_addr_parse(&r->conf.listen[0].addr, family == AF_INET6 ? "::1" : "127.0.0.1", 0));
	r->conf.listen_count = 1;
	r->conf.peers = &r->peer;
	r->conf.peer_count = 1;
	assert_int_equal(sip_agent_open(&r->agent, &r->loop, &r->conf, &ops, r, err, sizeof(err)),
			 0);
	assert_int_equal(sip_agent_listen_addr(r->agent, 0, &r->near), 0);
}

static inline void rig_open(struct rig *r)
{
	rig_open_family(r, AF_INET);
}

/* Every test ends here: when all timers have run out nothing may be left. */
static inline void rig_close(struct rig *r)
{
	struct sip_agent_counts c;

	if (r->agent != NULL) {
		rig_run(r, 2 * 64 * T1 + T4 + 1000); /* a 200 without ACK, then a BYE without 200 */
		sip_agent_counts(r->agent, &c);
		assert_int_equal(c.dialogs, 0);
		assert_int_equal(c.transactions, 0);
		assert_null(r->agent->dialogs);
		sip_agent_close(r->agent);
	}
	loop_fini(&r->loop);
	close(r->sock);
	free(r->in);
	log_set_sink(NULL, NULL);
}

static inline void rig_send_raw(struct rig *r, int sock, const char *text, size_t len)
{
	assert_int_equal(sendto(sock, text, len, 0, (struct sockaddr *)&r->near,
				sip_addr_len((struct sockaddr *)&r->near)),
			 (ssize_t)len);
	rig_turn(r);
}

static inline void rig_send(struct rig *r, const char *text)
{
	rig_send_raw(r, r->sock, text, strlen(text));
}

/* --- what came --- */

/* The next message to the far side, which must start so. */
static inline const struct rig_message *rig_expect(struct rig *r, const char *start)
{
	rig_turn(r);
	if (r->in_next >= r->in_count)
		fail_msg("nothing came where \"%s\" was due", start);
	const struct rig_message *m = &r->in[r->in_next++];
	if (strncmp(m->text, start, strlen(start)) != 0)
		fail_msg("\"%s\" was due, this came:\n%s", start, m->text);
	return m;
}

static inline void rig_expect_nothing(struct rig *r)
{
	rig_turn(r);
	if (r->in_next < r->in_count)
		fail_msg("nothing was due, this came:\n%s", r->in[r->in_next].text);
}

static inline const char *rig_event_name(enum sip_event_kind kind)
{
	switch (kind) {
	case SIP_INVITED: return "INVITED";
	case SIP_TRYING: return "TRYING";
	case SIP_RINGING: return "RINGING";
	case SIP_PROGRESS: return "PROGRESS";
	case SIP_ANSWERED: return "ANSWERED";
	case SIP_CONFIRMED: return "CONFIRMED";
	case SIP_MEDIA: return "MEDIA";
	case SIP_IDENTITY: return "IDENTITY";
	case SIP_REFERRED: return "REFERRED";
	case SIP_ENDING: return "ENDING";
	case SIP_ENDED: return "ENDED";
	}
	return "?";
}

static inline const struct rig_event *rig_event(struct rig *r, enum sip_event_kind kind)
{
	rig_turn(r);
	if (r->event_next >= r->event_count)
		fail_msg("no event where %s was due", rig_event_name(kind));
	const struct rig_event *e = &r->events[r->event_next++];
	if (e->kind != kind)
		fail_msg("%s was due, %s came", rig_event_name(kind), rig_event_name(e->kind));
	return e;
}

static inline void rig_no_event(struct rig *r)
{
	rig_turn(r);
	if (r->event_next < r->event_count)
		fail_msg("no event was due, %d came", r->events[r->event_next].kind);
}

/* The value of the i-th header of that name; "" = none.  Good until the eighth call after. */
static inline const char *rig_nth(const char *text, const char *name, int i)
{
	static char ring[8][1200];
	static unsigned turn;
	char *out = ring[turn++ % 8];
	size_t n = strlen(name);

	out[0] = '\0';
	for (const char *p = strstr(text, "\r\n"); p != NULL; p = strstr(p + 2, "\r\n")) {
		if (strncmp(p, "\r\n\r\n", 4) == 0)
			return out;
		if (strncmp(p + 2, name, n) == 0 && p[2 + n] == ':' && i-- == 0) {
			const char *v = p + 2 + n + 1 + strspn(p + 2 + n + 1, " ");
			snprintf(out, sizeof(ring[0]), "%.*s", (int)strcspn(v, "\r"), v);
			return out;
		}
	}
	return out;
}

static inline const char *rig_header(const char *text, const char *name)
{
	return rig_nth(text, name, 0);
}

static inline const char *rig_tag(const char *text, const char *name)
{
	const char *v = rig_header(text, name), *tag = strstr(v, ";tag=");

	return tag != NULL ? tag + 5 : "";
}

static inline const char *rig_body(const char *text)
{
	const char *p = strstr(text, "\r\n\r\n");

	return p != NULL ? p + 4 : "";
}

static inline void rig_has(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("no \"%s\" in:\n%s", part, text);
}

static inline void rig_lacks(const char *text, const char *part)
{
	if (strstr(text, part) != NULL)
		fail_msg("\"%s\" in:\n%s", part, text);
}

/* --- what the far side says --- */

#define RIG_SDP_LINES                                                                              \
	"s=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0 8 101\r\n"                  \
	"a=rtpmap:101 telephone-event/8000\r\n"
#define RIG_SDP "v=0\r\no=far 1 1 IN IP4 192.0.2.9\r\n" RIG_SDP_LINES
#define RIG_SDP6                                                                                   \
	"v=0\r\no=far 1 1 IN IP6 2001:db8::9\r\ns=-\r\nc=IN IP6 2001:db8::9\r\nt=0 0\r\n"          \
	"m=audio 40000 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\n"

/* A response to a request that came.  tag NULL: none added. */
static inline void rig_reply(struct rig *r, const char *request, const char *status,
			     const char *tag, const char *extra, const char *sdp)
{
	char text[RIG_TEXT], far[SIP_ADDR_TEXT];

	sip_addr_text((struct sockaddr *)&r->far, far);
	snprintf(text, sizeof(text),
		 "SIP/2.0 %s\r\nVia: %s\r\nFrom: %s\r\nTo: %s%s%s\r\nCall-ID: %s\r\nCSeq: %s\r\n"
		 "Contact: <sip:%s>\r\n%s%sContent-Length: %zu\r\n\r\n%s",
		 status, rig_header(request, "Via"), rig_header(request, "From"),
		 rig_header(request, "To"), tag != NULL ? ";tag=" : "", tag != NULL ? tag : "",
		 rig_header(request, "Call-ID"), rig_header(request, "CSeq"), far,
		 extra != NULL ? extra : "", sdp != NULL ? "Content-Type: application/sdp\r\n" : "",
		 sdp != NULL ? strlen(sdp) : 0, sdp != NULL ? sdp : "");
	rig_send(r, text);
}

/* A request of the far side's own. */
struct rig_request {
	const char *method;
	const char *uri; /* NULL: sip:7101@ our address */
	const char *branch, *call_id, *from_tag, *to_tag;
	unsigned cseq;
	const char *cseq_method; /* NULL: method */
	const char *from, *to;   /* NULL: <sip:alice@cs>, <sip:7101@cs> */
	const char *contact;     /* NULL: the far socket; "" = none */
	const char *extra;
	const char *sdp;        /* NULL: none */
	const char *via_params; /* NULL: ";rport" */
};

static inline size_t rig_format(struct rig *r, const struct rig_request *q, char *text, size_t size)
{
	char far[SIP_ADDR_TEXT], near[SIP_ADDR_TEXT], uri[SIP_ADDR_TEXT + 16], contact[128] = "";

	sip_addr_text((struct sockaddr *)&r->far, far);
	sip_addr_text((struct sockaddr *)&r->near, near);
	snprintf(uri, sizeof(uri), "sip:7101@%s", near);
	if (q->contact == NULL)
		snprintf(contact, sizeof(contact), "Contact: <sip:alice@%s>\r\n", far);
	else if (q->contact[0] != '\0')
		snprintf(contact, sizeof(contact), "Contact: %s\r\n", q->contact);
	int n = snprintf(text, size,
			 "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=%s%s\r\nMax-Forwards: 70\r\n"
			 "From: %s;tag=%s\r\nTo: %s%s%s\r\nCall-ID: %s\r\nCSeq: %u %s\r\n%s%s%s"
			 "Content-Length: %zu\r\n\r\n%s",
			 q->method, q->uri != NULL ? q->uri : uri, far, q->branch,
			 q->via_params != NULL ? q->via_params : ";rport",
			 q->from != NULL ? q->from : "<sip:alice@cs>", q->from_tag,
			 q->to != NULL ? q->to : "<sip:7101@cs>", q->to_tag != NULL ? ";tag=" : "",
			 q->to_tag != NULL ? q->to_tag : "", q->call_id, q->cseq,
			 q->cseq_method != NULL ? q->cseq_method : q->method, contact,
			 q->extra != NULL ? q->extra : "",
			 q->sdp != NULL ? "Content-Type: application/sdp\r\n" : "",
			 q->sdp != NULL ? strlen(q->sdp) : 0, q->sdp != NULL ? q->sdp : "");
	assert_true(n > 0 && (size_t)n < size);
	return (size_t)n;
}

static inline void rig_request(struct rig *r, const struct rig_request *q)
{
	char text[RIG_TEXT];
	size_t n = rig_format(r, q, text, sizeof(text));

	rig_send_raw(r, r->sock, text, n);
}

static inline struct sip_local_media rig_local(const struct rig *r)
{
	struct sip_local_media m = {
		.codec = {SIP_PCMU, SIP_PCMA}, .codec_count = 2, .dtmf_type = 101, .ptime_ms = 20};

	sip_addr_parse(&m.addr, r->family == AF_INET6 ? "::1" : "127.0.0.1", 30000);
	return m;
}

/* --- calls in one line --- */

static inline struct sip_dialog *rig_start(struct rig *r)
{
	struct sip_dialog *d = NULL;
	struct sip_invite inv = {.peer = "cs", .number = "7134", .local = rig_local(r)};

	snprintf(inv.calling.user, sizeof(inv.calling.user), "7101");
	snprintf(inv.calling.display, sizeof(inv.calling.display), "Desk 1");
	assert_int_equal(sip_dialog_start(&d, r->agent, &inv, r), 0);
	assert_non_null(d);
	return d;
}

/* An outgoing call that is answered; *invite is the INVITE. */
static inline struct sip_dialog *rig_call(struct rig *r, const struct rig_message **invite)
{
	struct sip_dialog *d = rig_start(r);

	*invite = rig_expect(r, "INVITE ");
	rig_reply(r, (*invite)->text, "200 OK", "far", NULL, RIG_SDP);
	rig_event(r, SIP_ANSWERED);
	rig_expect(r, "ACK ");
	return d;
}

static const struct rig_request rig_invite __attribute__((unused)) = {.method = "INVITE",
								      .branch = "z9hG4bKinvite",
								      .call_id = "call-1",
								      .from_tag = "alice",
								      .cseq = 1,
								      .sdp = RIG_SDP};

/* An incoming INVITE as far as the INVITED event. */
static inline struct sip_dialog *rig_invited(struct rig *r, const struct rig_request *q)
{
	rig_request(r, q);
	rig_expect(r, "SIP/2.0 100 ");
	return rig_event(r, SIP_INVITED)->dialog;
}

/* Answered and acknowledged; to_tag gets ours. */
static inline struct sip_dialog *rig_answered(struct rig *r, char *to_tag, size_t size)
{
	struct sip_local_media local = rig_local(r);
	struct sip_dialog *d = rig_invited(r, &rig_invite);

	sip_dialog_accept(d, r, &local);
	rig_event(r, SIP_MEDIA);
	sip_dialog_answer(d);
	const struct rig_message *ok = rig_expect(r, "SIP/2.0 200 ");
	snprintf(to_tag, size, "%s", rig_tag(ok->text, "To"));
	rig_request(r, &(struct rig_request){.method = "ACK",
					     .branch = "z9hG4bKack",
					     .call_id = "call-1",
					     .from_tag = "alice",
					     .to_tag = to_tag,
					     .cseq = 1});
	rig_event(r, SIP_CONFIRMED);
	return d;
}

#endif
