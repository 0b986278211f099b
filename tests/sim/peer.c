#include "tests/sim/peer.h"

#include "tests/sim/clock.h"
#include "tests/sim/peer_words.h"
#include "tests/sim/siptext.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CALLS_MAX = 1024, SIP_PORT = 5060, RTP_PORT = 40000, TAG_MAX = 48 };

struct peer_call {
	unsigned number; /* 0 = free */
	char id[160];    /* Call-ID */
	char local_tag[TAG_MAX], remote_tag[SIPTEXT_FIELD];
	char local_uri[SIPTEXT_FIELD], remote_uri[SIPTEXT_FIELD], target[SIPTEXT_FIELD];
	unsigned cseq, invite_cseq;
	unsigned rseq; /* of the last reliable response received */
	char invite_branch[64];
	int final_status; /* of our last INVITE; 0 = none yet */
	char final_to[SIPTEXT_FIELD];
	struct siptext invite, bye, other; /* last requests received */
	unsigned sdp_version;
};

struct peer {
	struct peer_conf conf;
	int fd;
	struct sockaddr_in gateway;
	struct inbox inbox;
	struct peer_call *call[CALLS_MAX];
	unsigned last_number, branches;
	char last[SIPTEXT_MAX]; /* datagram sent */
	size_t last_len;
	unsigned lose, loss_percent;
	bool deaf;
	peer_message_fn *message_fn;
	void *message_arg;
};

struct writer {
	char text[SIPTEXT_MAX];
	size_t len;
};

__attribute__((format(printf, 2, 3))) static void line(struct writer *w, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	w->len += (size_t)vsnprintf(w->text + w->len, sizeof(w->text) - w->len, fmt, ap);
	va_end(ap);
	if (w->len + 2 >= sizeof(w->text))
		sim_fail("a SIP message of over %d octets", SIPTEXT_MAX);
	memcpy(w->text + w->len, "\r\n", 3);
	w->len += 2;
}

/* --- calls --- */

static struct peer_call *call_new(struct peer *p)
{
	for (unsigned i = 0; i < CALLS_MAX; i++)
		if (p->call[i] == NULL) {
			p->call[i] = calloc(1, sizeof(*p->call[i]));
			if (p->call[i] == NULL)
				abort();
			p->call[i]->number = ++p->last_number;
			snprintf(p->call[i]->local_tag, TAG_MAX, "%s%u", p->conf.name,
				 p->last_number);
			return p->call[i];
		}
	sim_fail("%s: more than %d dialogs", p->conf.name, CALLS_MAX);
}

static struct peer_call *call_numbered(struct peer *p, unsigned number)
{
	for (unsigned i = 0; i < CALLS_MAX; i++)
		if (p->call[i] != NULL && p->call[i]->number == number)
			return p->call[i];
	return NULL;
}

static struct peer_call *call_with_id(struct peer *p, const char *id)
{
	for (unsigned i = 0; i < CALLS_MAX; i++)
		if (p->call[i] != NULL && strcmp(p->call[i]->id, id) == 0)
			return p->call[i];
	return NULL;
}

void peer_forget(struct peer *p, unsigned call)
{
	for (unsigned i = 0; i < CALLS_MAX; i++)
		if (p->call[i] != NULL && p->call[i]->number == call) {
			free(p->call[i]);
			p->call[i] = NULL;
		}
}

unsigned peer_next_call(const struct peer *p)
{
	return p->last_number + 1;
}

/* --- what arrives --- */

static void copy(char *out, size_t out_size, const char *value)
{
	snprintf(out, out_size, "%s", value != NULL ? value : "");
}

static void on_request(struct peer_call *c, const struct siptext *s, const char *method)
{
	const char *contact = siptext_header(s, "Contact", 0);

	if (strcmp(method, "INVITE") == 0)
		siptext_copy(&c->invite, s);
	else if (strcmp(method, "BYE") == 0)
		siptext_copy(&c->bye, s);
	else if (strcmp(method, "ACK") != 0)
		siptext_copy(&c->other, s);
	if (contact != NULL)
		siptext_uri(contact, c->target, sizeof(c->target));
	siptext_param(siptext_header(s, "From", 0), "tag", c->remote_tag, sizeof(c->remote_tag));
	siptext_uri(siptext_header(s, "From", 0), c->remote_uri, sizeof(c->remote_uri));
	siptext_uri(siptext_header(s, "To", 0), c->local_uri, sizeof(c->local_uri));
}

static void on_response(struct peer_call *c, const struct siptext *s, const char *method)
{
	int status = siptext_status(s);
	const char *contact = siptext_header(s, "Contact", 0);
	const char *rseq = siptext_header(s, "RSeq", 0);

	if (strcmp(method, "INVITE") != 0)
		return;
	if (rseq != NULL)
		c->rseq = (unsigned)strtoul(rseq, NULL, 10);
	if (status > 100)
		siptext_param(siptext_header(s, "To", 0), "tag", c->remote_tag,
			      sizeof(c->remote_tag));
	if (contact != NULL && status < 300)
		siptext_uri(contact, c->target, sizeof(c->target));
	if (status >= 200) {
		c->final_status = status;
		copy(c->final_to, sizeof(c->final_to), siptext_header(s, "To", 0));
	}
}

static void require_headers(struct peer *p, const struct siptext *s)
{
	static const char *const needed[] = {"Via", "From", "To", "Call-ID", "CSeq"};

	for (unsigned i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (siptext_header(s, needed[i], 0) == NULL)
			sim_fail("%s: %s without %s", p->conf.name, s->start, needed[i]);
}

static void on_datagram(struct peer *p, const char *text, size_t len)
{
	struct siptext s;
	char method[16], words[INBOX_TEXT_MAX];
	unsigned cseq;

	if (!siptext_read(&s, text, len))
		sim_fail("%s: the gateway sent no SIP message: %.*s", p->conf.name, (int)len, text);
	require_headers(p, &s);
	siptext_cseq(&s, method, &cseq);
	struct peer_call *c = call_with_id(p, siptext_header(&s, "Call-ID", 0));
	if (c == NULL && strcmp(s.start + strlen(s.start) - 7, "SIP/2.0") == 0 &&
	    (strcmp(method, "INVITE") == 0 || strcmp(method, "REGISTER") == 0)) {
		c = call_new(p);
		copy(c->id, sizeof(c->id), siptext_header(&s, "Call-ID", 0));
	}
	if (c != NULL && siptext_status(&s) == 0)
		on_request(c, &s, method);
	else if (c != NULL)
		on_response(c, &s, method);
	peer_words(&s, words, sizeof(words));
	inbox_put(&p->inbox, p->conf.name, c != NULL ? c->number : 0, words);
	if (p->message_fn != NULL)
		p->message_fn(p->message_arg, c != NULL ? c->number : 0, words);
}

static bool poll_socket(void *arg)
{
	struct peer *p = arg;
	char text[SIPTEXT_MAX];
	ssize_t n;
	bool busy = false;

	while ((n = recv(p->fd, text, sizeof(text), MSG_DONTWAIT)) >= 0) {
		busy = true;
		if (p->deaf || p->lose > 0 ||
		    (p->loss_percent > 0 && sim_random(100) < p->loss_percent)) {
			p->lose -= p->lose > 0;
			sim_note("%s: lost %.*s", p->conf.name, (int)strcspn(text, "\r\n"), text);
			continue;
		}
		on_datagram(p, text, (size_t)n);
	}
	return busy;
}

/* --- what is sent --- */

void peer_send(struct peer *p, const void *octets, size_t len)
{
	ssize_t n =
		sendto(p->fd, octets, len, 0, (struct sockaddr *)&p->gateway, sizeof(p->gateway));

	if (n != (ssize_t)len)
		sim_fail("%s: cannot send: %s", p->conf.name, strerror(errno));
}

static void send_text(struct peer *p, const struct writer *w)
{
	memcpy(p->last, w->text, w->len);
	p->last_len = w->len;
	peer_send(p, w->text, w->len);
}

static void put_body(struct peer *p, struct peer_call *c, struct writer *w, const char *words)
{
	struct writer sdp = {.len = 0};
	char dir[16] = "sendrecv", addr[32];
	unsigned codec = words_get_number(words, "codec", 0);
	bool clearmode = codec == 97 || codec == 98;

	if (!words_have(words, "sdp")) {
		line(w, "Content-Length: 0\r\n");
		return;
	}
	words_get(words, "dir", dir, sizeof(dir));
	copy(addr, sizeof(addr), p->conf.addr);
	words_get(words, "c", addr, sizeof(addr));
	line(&sdp, "v=0");
	line(&sdp, "o=- 77 %u IN IP4 %s", ++c->sdp_version, p->conf.addr);
	line(&sdp, "s=-");
	line(&sdp, "c=IN IP4 %s", addr);
	line(&sdp, "t=0 0");
	line(&sdp, "m=audio %u RTP/AVP %u%s",
	     words_get_number(words, "port", RTP_PORT + 2 * (c->number % 1000)), codec,
	     clearmode ? "" : " 101");
	if (clearmode)
		line(&sdp, "a=rtpmap:%u CLEARMODE/8000", codec);
	if (codec == 8)
		line(&sdp, "a=rtpmap:8 PCMA/8000");
	else if (codec == 0)
		line(&sdp, "a=rtpmap:0 PCMU/8000");
	if (!clearmode)
		line(&sdp, "a=rtpmap:101 telephone-event/8000");
	line(&sdp, "a=%s", dir);
	line(w, "Content-Type: application/sdp");
	line(w, "Content-Length: %zu\r\n", sdp.len);
	memcpy(w->text + w->len, sdp.text, sdp.len);
	w->len += sdp.len;
}

static void put_reason(struct writer *w, const char *words)
{
	unsigned reason = words_get_number(words, "reason", 0);

	if (reason != 0)
		line(w, "Reason: Q.850;cause=%u", reason);
}

static void put_extensions(struct writer *w, const char *words)
{
	static const struct {
		const char *key, *header;
	} rows[] = {
		{"supported", "Supported"}, {"require", "Require"},
		{"allow", "Allow"},         {"rseq", "RSeq"},
		{"se", "Session-Expires"},  {"minse", "Min-SE"},
		{"pem", "P-Early-Media"},   {"retry", "Retry-After"},
		{"contact", "Contact"},     {"geolocation", "Geolocation"},
	};
	char value[256];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (words_get(words, rows[i].key, value, sizeof(value)) != NULL)
			line(w, "%s: %s", rows[i].header, value);
}

static void put_identity(const struct peer *p, struct writer *w, const char *words)
{
	char value[256], name[264] = "", uui[400];

	if (words_get(words, "pai.name", value, sizeof(value)) != NULL)
		snprintf(name, sizeof(name), "\"%s\" ", value);
	if (words_get(words, "pai", value, sizeof(value)) != NULL)
		line(w, "P-Asserted-Identity: %s<sip:%s@%s>", name, value, p->conf.addr);
	if (words_get(words, "pai.tel", value, sizeof(value)) != NULL)
		line(w, "P-Asserted-Identity: %s<tel:%s>", name, value);
	if (words_get(words, "div", value, sizeof(value)) != NULL)
		line(w, "Diversion: %s", value);
	if (words_get(words, "hi", value, sizeof(value)) != NULL)
		line(w, "History-Info: %s", value);
	if (words_get(words, "privacy", value, sizeof(value)) != NULL)
		line(w, "Privacy: %s", value);
	if (words_get(words, "uui", uui, sizeof(uui)) != NULL)
		line(w, "User-to-User: %s", uui);
}

/* realm= nonce= [alg=] [stale]: a challenge; expires=, min= and sroute= of what a registrar says.
 */
static void put_auth(struct writer *w, int status, const char *words)
{
	char realm[64], nonce[64] = "", text[160] = "";

	if (words_get(words, "realm", realm, sizeof(realm)) != NULL) {
		words_get(words, "nonce", nonce, sizeof(nonce));
		words_get(words, "alg", text, sizeof(text));
		line(w, "%s-Authenticate: Digest realm=\"%s\", nonce=\"%s\", qop=\"auth\"%s%s%s",
		     status == 407 ? "Proxy" : "WWW", realm, nonce,
		     text[0] != '\0' ? ", algorithm=" : "", text,
		     words_have(words, "stale") ? ", stale=true" : "");
	}
	if (words_get(words, "expires", text, sizeof(text)) != NULL)
		line(w, "Expires: %s", text);
	if (words_get(words, "min", text, sizeof(text)) != NULL)
		line(w, "Min-Expires: %s", text);
	if (words_get(words, "sroute", text, sizeof(text)) != NULL)
		line(w, "Service-Route: %s", text);
}

/* Call-ID and tags of our dialog with that number, as the gateway knows it: escaped for a URI. */
static bool replaces_text(struct peer *p, const char *words, bool escaped, char *out, size_t size)
{
	unsigned number = words_get_number(words, "replaces", 0);
	const struct peer_call *c = call_numbered(p, number);
	char id[3 * sizeof(c->id)], *at;

	if (number == 0)
		return false;
	if (c == NULL) {
		snprintf(out, size,
			 escaped ? "nobody%%40nowhere%%3Bto-tag%%3Da%%3Bfrom-tag%%3Db"
				 : "nobody@nowhere;to-tag=a;from-tag=b");
		return true;
	}
	snprintf(id, sizeof(id), "%s", c->id);
	if (escaped && (at = strchr(id, '@')) != NULL) {
		*at = '\0';
		snprintf(out, size, "%s%%40%s%%3Bto-tag%%3D%s%%3Bfrom-tag%%3D%s", id, at + 1,
			 c->remote_tag, c->local_tag);
	} else {
		snprintf(out, size,
			 escaped ? "%s%%3Bto-tag%%3D%s%%3Bfrom-tag%%3D%s"
				 : "%s;to-tag=%s;from-tag=%s",
			 id, c->remote_tag, c->local_tag);
	}
	return true;
}

static void put_transfer(struct peer *p, struct writer *w, const char *words, bool refer)
{
	char target[256], value[600];

	if (!refer) {
		if (replaces_text(p, words, false, value, sizeof(value)))
			line(w, "Replaces: %s", value);
		return;
	}
	if (words_get(words, "refer", target, sizeof(target)) != NULL) {
		if (replaces_text(p, words, true, value, sizeof(value)))
			line(w, "Refer-To: <sip:%s@%s?Replaces=%s>", target, p->conf.gateway,
			     value);
		else if (target[0] == '<')
			line(w, "Refer-To: %s", target);
		else
			line(w, "Refer-To: <sip:%s@%s>", target, p->conf.gateway);
	}
	if (words_get(words, "by", value, sizeof(value)) != NULL)
		line(w, "Referred-By: %s", value);
	if (words_have(words, "nosub"))
		line(w, "Refer-Sub: false");
}

static const struct siptext *request_of(struct peer_call *c, const char *words)
{
	if (words_have(words, "BYE"))
		return &c->bye;
	if (words_have(words, "CANCEL") || words_have(words, "OPTIONS") ||
	    words_have(words, "PRACK") || words_have(words, "UPDATE") ||
	    words_have(words, "REGISTER") || words_have(words, "NOTIFY"))
		return &c->other;
	return &c->invite;
}

static void respond(struct peer *p, struct peer_call *c, const char *words)
{
	const struct siptext *q = request_of(c, words);
	struct writer w = {.len = 0};
	char tag[TAG_MAX], unused[SIPTEXT_FIELD];
	int status = atoi(words);

	if (q->start == NULL)
		sim_fail("%s#%u: no request to answer with %s", p->conf.name, c->number, words);
	copy(tag, sizeof(tag), c->local_tag);
	words_get(words, "tag", tag, sizeof(tag));
	line(&w, "SIP/2.0 %d %s", status, status < 300 ? "Fine" : "No");
	for (unsigned i = 0; siptext_header(q, "Via", i) != NULL; i++)
		line(&w, "Via: %s", siptext_header(q, "Via", i));
	line(&w, "From: %s", siptext_header(q, "From", 0));
	if (status == 100 ||
	    siptext_param(siptext_header(q, "To", 0), "tag", unused, sizeof(unused)))
		line(&w, "To: %s", siptext_header(q, "To", 0));
	else
		line(&w, "To: %s;tag=%s", siptext_header(q, "To", 0), tag);
	line(&w, "Call-ID: %s", c->id);
	line(&w, "CSeq: %s", siptext_header(q, "CSeq", 0));
	put_extensions(&w, words);
	if (status > 100 && status < 300)
		line(&w, "Contact: <sip:%s@%s:%d>", tag, p->conf.addr, SIP_PORT);
	put_reason(&w, words);
	put_identity(p, &w, words);
	put_auth(&w, status, words);
	put_body(p, c, &w, words);
	send_text(p, &w);
}

/* words: tag=b, another branch of a fork; name=Anna and from=7200, a From that changed. */
static void put_from(struct peer *p, struct peer_call *c, struct writer *w, const char *words)
{
	char tag[TAG_MAX], user[64], name[64] = "";

	copy(tag, sizeof(tag), c->local_tag);
	words_get(words, "tag", tag, sizeof(tag));
	if (c->remote_tag[0] != '\0' && words_get(words, "from", user, sizeof(user)) != NULL)
		snprintf(c->local_uri, sizeof(c->local_uri), "sip:%s@%s", user, p->conf.addr);
	words_get(words, "name", name, sizeof(name));
	line(w, "From: %s%s%s<%s>;tag=%s", name[0] != '\0' ? "\"" : "", name,
	     name[0] != '\0' ? "\" " : "", c->local_uri, tag);
}

static void put_request_head(struct peer *p, struct peer_call *c, struct writer *w,
			     const char *method, const char *branch)
{
	line(w, "Via: SIP/2.0/UDP %s:%d;branch=%s", p->conf.addr, SIP_PORT, branch);
	line(w, "Max-Forwards: 70");
	bool same_transaction = strcmp(method, "CANCEL") == 0 && c->final_to[0] == '\0';
	if (strcmp(method, "ACK") == 0 && c->final_to[0] != '\0')
		line(w, "To: %s", c->final_to);
	else if (c->remote_tag[0] == '\0' || same_transaction)
		line(w, "To: <%s>", c->remote_uri);
	else
		line(w, "To: <%s>;tag=%s", c->remote_uri, c->remote_tag);
	line(w, "Call-ID: %s", c->id);
}

static void new_branch(struct peer *p, char *out, size_t out_size)
{
	snprintf(out, out_size, "z9hG4bK-%s-%u", p->conf.name, ++p->branches);
}

/* Who speaks to whom, when we speak first. */
static void begin(struct peer *p, struct peer_call *c, const char *words)
{
	char user[64] = "nobody";

	snprintf(c->id, sizeof(c->id), "%s-%u@%s", p->conf.name, c->number, p->conf.addr);
	words_get(words, "to", user, sizeof(user));
	snprintf(c->remote_uri, sizeof(c->remote_uri), "sip:%s@%s", user, p->conf.gateway);
	copy(c->target, sizeof(c->target), c->remote_uri);
	copy(user, sizeof(user), "anonymous");
	words_get(words, "from", user, sizeof(user));
	snprintf(c->local_uri, sizeof(c->local_uri), "sip:%s@%s", user, p->conf.addr);
	if (words_get(words, "from.param", user, sizeof(user)) != NULL) {
		strcat(c->local_uri, ";");
		strcat(c->local_uri, user);
	}
}

static void invite(struct peer *p, struct peer_call *c, const char *words)
{
	struct writer w = {.len = 0};
	char with_sdp[INBOX_TEXT_MAX];

	c->invite_cseq = ++c->cseq;
	c->final_status = 0;
	c->final_to[0] = '\0';
	new_branch(p, c->invite_branch, sizeof(c->invite_branch));
	line(&w, "INVITE %s SIP/2.0", c->target);
	put_request_head(p, c, &w, "INVITE", c->invite_branch);
	put_from(p, c, &w, words);
	line(&w, "CSeq: %u INVITE", c->cseq);
	line(&w, "Contact: <sip:%s@%s:%d>", p->conf.name, p->conf.addr, SIP_PORT);
	put_identity(p, &w, words);
	put_extensions(&w, words);
	put_transfer(p, &w, words, false);
	snprintf(with_sdp, sizeof(with_sdp), "%s%s", words,
		 words_have(words, "nosdp") ? "" : " sdp");
	put_body(p, c, &w, with_sdp);
	send_text(p, &w);
}

/* ACK to 2xx is a transaction of its own, to another final response it belongs to the INVITE's; a
 * CANCEL always does (RFC 3261 13.2.2.4, 17.1.1.3, 9.1). */
static void request(struct peer *p, struct peer_call *c, const char *words)
{
	struct writer w = {.len = 0};
	char method[16], branch[64];
	const char *uri = c->target;

	snprintf(method, sizeof(method), "%.*s", (int)strcspn(words, " "), words);
	bool of_invite = strcmp(method, "ACK") == 0 || strcmp(method, "CANCEL") == 0;
	if (of_invite && !(strcmp(method, "ACK") == 0 && c->final_status < 300))
		copy(branch, sizeof(branch), c->invite_branch);
	else
		new_branch(p, branch, sizeof(branch));
	if (strcmp(method, "CANCEL") == 0 || c->final_status >= 300)
		uri = c->remote_uri;
	line(&w, "%s %s SIP/2.0", method, uri);
	put_request_head(p, c, &w, method, branch);
	put_from(p, c, &w, words);
	line(&w, "CSeq: %u %s", of_invite ? c->invite_cseq : ++c->cseq, method);
	if (strcmp(method, "PRACK") == 0)
		line(&w, "RAck: %u %u INVITE", words_get_number(words, "rseq", c->rseq),
		     c->invite_cseq);
	else
		put_extensions(&w, words);
	if (strcmp(method, "UPDATE") == 0)
		line(&w, "Contact: <sip:%s@%s:%d>", p->conf.name, p->conf.addr, SIP_PORT);
	put_reason(&w, words);
	put_identity(p, &w, words);
	if (strcmp(method, "REFER") == 0) {
		line(&w, "Contact: <sip:%s@%s:%d>", p->conf.name, p->conf.addr, SIP_PORT);
		put_transfer(p, &w, words, true);
	}
	put_body(p, c, &w, words);
	send_text(p, &w);
}

void peer_do(struct peer *p, unsigned call, const char *words)
{
	struct peer_call *c = call_numbered(p, call);

	sim_note("%s#%u > %s", p->conf.name, call, words);
	if (words_match("AGAIN", words)) {
		peer_send(p, p->last, p->last_len);
		return;
	}
	if (c == NULL && call != peer_next_call(p))
		sim_fail("%s: the next dialog is #%u", p->conf.name, peer_next_call(p));
	if (c == NULL)
		c = call_new(p);
	if (c->id[0] == '\0')
		begin(p, c, words);
	if (words[0] >= '1' && words[0] <= '6')
		respond(p, c, words);
	else if (words_match("INVITE", words))
		invite(p, c, words);
	else
		request(p, c, words);
}

/* --- life --- */

void peer_open(struct peer **out, const struct peer_conf *conf)
{
	struct peer *p = calloc(1, sizeof(*p));
	struct sockaddr_in local = {.sin_family = AF_INET, .sin_port = htons(SIP_PORT)};

	if (p == NULL)
		abort();
	p->conf = *conf;
	p->gateway = local;
	inet_pton(AF_INET, conf->addr, &local.sin_addr);
	inet_pton(AF_INET, conf->gateway, &p->gateway.sin_addr);
	p->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (p->fd < 0 || bind(p->fd, (struct sockaddr *)&local, sizeof(local)) != 0)
		sim_fail("%s: cannot bind %s: %s", conf->name, conf->addr, strerror(errno));
	sim_add_poll(poll_socket, p);
	*out = p;
}

void peer_close(struct peer *p)
{
	if (p == NULL)
		return;
	sim_remove_poll(poll_socket, p);
	for (unsigned i = 0; i < CALLS_MAX; i++)
		free(p->call[i]);
	close(p->fd);
	free(p);
}

struct inbox *peer_inbox(struct peer *p)
{
	return &p->inbox;
}

void peer_lose(struct peer *p, unsigned count)
{
	p->lose = count;
}

void peer_set_loss(struct peer *p, unsigned percent)
{
	p->loss_percent = percent;
}

void peer_set_deaf(struct peer *p, bool deaf)
{
	p->deaf = deaf;
}

void peer_set_message_fn(struct peer *p, peer_message_fn *fn, void *arg)
{
	p->message_fn = fn;
	p->message_arg = arg;
}
