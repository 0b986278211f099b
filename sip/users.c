#include "sip/users.h"

#include "sip/address.h"
#include "sip/token.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void sip_users_init(struct sip_users *u)
{
	char secret[SIP_TOKEN_SIZE];

	memset(u, 0, sizeof(*u));
	sip_random(&u->key, sizeof(u->key));
	sip_nonces_init(&u->nonces);
	for (unsigned a = 0; a < SIP_DIGEST_COUNT; a++)
		sip_digest_ha1((enum sip_digest_algorithm)a, "", "", sip_token(secret),
			       u->nobody.ha1[a]);
}

/* --- configuration --- */

static void learn(struct sip_user *user, const struct sip_user_conf *conf, const char *realm)
{
	memset(user->ha1, 0, sizeof(user->ha1));
	snprintf(user->peer, sizeof(user->peer), "%s", conf->peer);
	user->calls_max = conf->calls_max;
	user->kept = true;
	if (conf->password[0] == '\0') {
		snprintf(user->ha1[SIP_MD5], SIP_DIGEST_TEXT, "%s", conf->ha1);
		snprintf(user->ha1[SIP_SHA_256], SIP_DIGEST_TEXT, "%s", conf->ha1_sha256);
		return;
	}
	for (unsigned a = 0; a < SIP_DIGEST_COUNT; a++)
		sip_digest_ha1((enum sip_digest_algorithm)a, conf->name, realm, conf->password,
			       user->ha1[a]);
}

struct sip_user *sip_users_find(const struct sip_users *u, const char *name, size_t len)
{
	struct sip_user *user = NULL;

	HASH_FIND_BYHASHVALUE(hh, u->table, name, len, sip_hash(&u->key, name, len), user);
	return user;
}

static int add(struct sip_users *u, const char *name)
{
	struct sip_user *user = calloc(1, sizeof(*user));
	size_t len = strlen(name);

	if (user == NULL)
		return -ENOMEM;
	snprintf(user->name, sizeof(user->name), "%s", name);
	HASH_ADD_KEYPTR_BYHASHVALUE(hh, u->table, user->name, len, sip_hash(&u->key, name, len),
				    user);
	if (user->hh.tbl == NULL) {
		free(user);
		return -ENOMEM;
	}
	return 0;
}

static void remove_unkept(struct sip_users *u, void (*gone)(void *arg, struct sip_user *user),
			  void *arg)
{
	struct sip_user *user, *next;

	HASH_ITER(hh, u->table, user, next)
	{
		if (user->kept)
			continue;
		HASH_DELETE(hh, u->table, user);
		gone(arg, user);
		explicit_bzero(user, sizeof(*user));
		free(user);
	}
}

int sip_users_configure(struct sip_users *u, const struct sip_agent_conf *conf,
			void (*gone)(void *arg, struct sip_user *user), void *arg)
{
	/* New ones first: a name that is there without a password opens nothing. */
	for (unsigned i = 0; i < conf->user_count; i++) {
		const char *name = conf->users[i].name;
		if (sip_users_find(u, name, strlen(name)) == NULL && add(u, name) < 0)
			return -ENOMEM;
	}
	for (struct sip_user *user = u->table; user != NULL; user = user->hh.next)
		user->kept = false;
	snprintf(u->realm, sizeof(u->realm), "%s", conf->realm);
	u->digest_count = conf->digest_count;
	for (unsigned i = 0; i < conf->digest_count; i++)
		u->digest[i] = (enum sip_digest_algorithm)conf->digest[i];
	for (unsigned i = 0; i < conf->user_count; i++) {
		const char *name = conf->users[i].name;
		learn(sip_users_find(u, name, strlen(name)), &conf->users[i], u->realm);
	}
	remove_unkept(u, gone, arg);
	return 0;
}

/* --- credentials --- */

static bool text_is(struct sip_text t, const char *word)
{
	return t.len == strlen(word) && memcmp(t.at, word, t.len) == 0;
}

static bool is_offered(const struct sip_users *u, enum sip_digest_algorithm a)
{
	for (unsigned i = 0; i < u->digest_count; i++)
		if (u->digest[i] == a)
			return true;
	return false;
}

/* Our realm's credentials.  401 is what we send, but a phone may answer it as a proxy's. */
static bool find_credentials(const struct sip_users *u, const struct sip_scan *scan,
			     struct sip_digest *out)
{
	for (unsigned i = 0; i < scan->auth_count; i++)
		if (sip_digest_parse(out, scan->auth[i].value) == 0 &&
		    text_is(out->realm, u->realm))
			return true;
	return false;
}

enum sip_proof sip_users_verify(struct sip_users *u, const struct sip_scan *scan,
				const struct sockaddr *from, uint64_t now_ms,
				struct sip_user **user)
{
	char expected[SIP_DIGEST_TEXT];
	struct sip_digest d;
	struct sip_nonce nonce;
	uint32_t count = 1;

	*user = NULL;
	if (!find_credentials(u, scan, &d))
		return SIP_PROOF_NONE;
	enum sip_nonce_verdict v = sip_nonce_check(&u->nonces, d.nonce, from, now_ms, &nonce);
	if (v == SIP_NONCE_FOREIGN)
		return SIP_PROOF_STALE;
	/* Without qop there is no count: such a nonce serves once.  The URI must be the request's,
	 * or the same credentials would open another request. */
	if (!is_offered(u, d.algorithm) || (d.has_qop && !d.qop_auth) ||
	    (d.has_qop && (!sip_digest_count(d.nc, &count) || count == 0)) ||
	    d.uri.len != scan->uri.len || memcmp(d.uri.at, scan->uri.at, d.uri.len) != 0)
		return SIP_PROOF_WRONG;
	struct sip_user *found = sip_users_find(u, d.username.at, d.username.len);
	const struct sip_user *measure = found != NULL ? found : &u->nobody;
	sip_digest_response(&d, measure->ha1[d.algorithm], scan->method, expected);
	bool right = sip_digest_equal(expected, d.response);
	if (!right || found == NULL || found->ha1[d.algorithm][0] == '\0')
		return SIP_PROOF_WRONG;
	if (v == SIP_NONCE_STALE)
		return SIP_PROOF_STALE;
	if (!sip_nonce_use(&u->nonces, &nonce, count))
		return SIP_PROOF_REPLAY;
	*user = found;
	return SIP_PROOF_GOOD;
}

/* --- the challenge --- */

struct writer {
	char *out;
	size_t size, len;
	bool full;
};

static void put(struct writer *w, const char *at, size_t len)
{
	if (w->full || len > w->size - w->len) {
		w->full = true;
		return;
	}
	memcpy(w->out + w->len, at, len);
	w->len += len;
}

static void put_text(struct writer *w, const char *text)
{
	put(w, text, strlen(text));
}

/* A folded value is made one line. */
static void put_value(struct writer *w, struct sip_text t)
{
	for (size_t i = 0; i < t.len; i++)
		if (t.at[i] != '\r' && t.at[i] != '\n')
			put(w, &t.at[i], 1);
}

static bool starts(struct sip_text t, size_t at, const char *word)
{
	size_t n = strlen(word);

	return t.len - at >= n && strncasecmp(t.at + at, word, n) == 0;
}

/* The topmost Via with where it really came from: RFC 3261 18.2.1, RFC 3581 4. */
static void put_via(struct writer *w, struct sip_text via, const struct sockaddr *from)
{
	const char *comma = memchr(via.at, ',', via.len);
	size_t first = comma != NULL ? (size_t)(comma - via.at) : via.len;
	struct sip_text top = {via.at, first};
	char text[SIP_ADDR_TEXT], port[16];

	for (size_t i = 0; i < top.len; i++) {
		bool rport = starts(top, i, ";rport") &&
			     (top.len - i == 6 || strchr(" \t;\r\n", top.at[i + 6]) != NULL);
		if (rport) {
			snprintf(port, sizeof(port), ";rport=%u", sip_addr_port(from));
			put_text(w, port);
			i += 5;
		} else {
			put_value(w, (struct sip_text){top.at + i, 1});
		}
	}
	put_text(w, ";received=");
	put_text(w, sip_addr_bare(from, text));
	put_value(w, (struct sip_text){via.at + first, via.len - first});
}

static void put_header(struct writer *w, const char *name, struct sip_text value)
{
	put_text(w, name);
	put_value(w, value);
	put_text(w, "\r\n");
}

/* The first algorithms only, so many. */
static size_t write_challenge(struct sip_users *u, const struct sip_challenge *c,
			      unsigned algorithms, char *out, size_t size)
{
	const struct sip_scan *s = c->scan;
	char nonce[SIP_NONCE_TEXT], line[256];
	struct writer w = {out, size, 0, false};

	sip_nonce_make(&u->nonces, c->from, c->now_ms, nonce);
	put_text(&w, "SIP/2.0 401 Unauthorized\r\n");
	for (unsigned i = 0; i < s->via_count; i++) {
		put_text(&w, "Via: ");
		if (i == 0)
			put_via(&w, s->via[i], c->from);
		else
			put_value(&w, s->via[i]);
		put_text(&w, "\r\n");
	}
	put_header(&w, "From: ", s->from);
	put_text(&w, "To: ");
	put_value(&w, s->to);
	if (sip_scan_to_tag(s).len == 0) {
		put_text(&w, ";tag=");
		put_text(&w, c->tag);
	}
	put_text(&w, "\r\n");
	put_header(&w, "Call-ID: ", s->call_id);
	put_header(&w, "CSeq: ", s->cseq);
	for (unsigned i = 0; i < algorithms; i++) {
		/* MD5 is what no algorithm means, and all that some phones read. */
		bool md5 = u->digest[i] == SIP_MD5;
		snprintf(line, sizeof(line),
			 "WWW-Authenticate: Digest "
			 "realm=\"%s\",nonce=\"%s\",%s%s%sqop=\"auth\"%s\r\n",
			 u->realm, nonce,
			 md5 ? "" : "algorithm=", md5 ? "" : sip_digest_name(u->digest[i]),
			 md5 ? "" : ",", c->stale ? ",stale=true" : "");
		put_text(&w, line);
	}
	put_text(&w, "Content-Length: 0\r\n\r\n");
	return w.full ? 0 : w.len;
}

size_t sip_users_challenge(struct sip_users *u, const struct sip_challenge *c, char *out,
			   size_t size)
{
	size_t n = 0, room = c->request_len < size ? c->request_len : size;

	if (!c->scan->request || text_is(c->scan->method, "ACK") ||
	    text_is(c->scan->method, "CANCEL"))
		return 0;
	for (unsigned count = u->digest_count; count > 0 && n == 0; count--)
		n = write_challenge(u, c, count, out, room);
	return n;
}
