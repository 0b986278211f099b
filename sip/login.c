#include "sip/login.h"

#include "sip/digest.h"
#include "sip/message.h"
#include "sip/token.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS_MAX = 6, TEXT_MAX = 256 };

/* A realm and what it asked last. */
struct realm {
	char name[TEXT_MAX], nonce[TEXT_MAX], opaque[TEXT_MAX]; /* as they came, escapes and all */
	bool has_opaque, proxy, session, qop;
	enum sip_digest_algorithm algorithm;
	uint32_t count;
	char ha1[SIP_DIGEST_TEXT];
};

struct sip_login {
	struct sip_login_conf conf;
	struct realm realm[SIP_REALMS_MAX];
	unsigned realm_count, oldest;
	unsigned users;
};

int sip_login_new(struct sip_login **out, const struct sip_login_conf *conf)
{
	struct sip_login *l = calloc(1, sizeof(*l));

	*out = l;
	if (l == NULL)
		return -ENOMEM;
	l->conf = *conf;
	l->users = 1;
	return 0;
}

struct sip_login *sip_login_hold(struct sip_login *l)
{
	if (l != NULL)
		l->users++;
	return l;
}

void sip_login_release(struct sip_login *l)
{
	if (l == NULL || --l->users > 0)
		return;
	explicit_bzero(l, sizeof(*l));
	free(l);
}

/* --- challenges --- */

static bool keep(char out[TEXT_MAX], struct sip_text t)
{
	if (t.len >= TEXT_MAX)
		return false;
	for (size_t i = 0; i < t.len; i++)
		if (t.at[i] == '\r' || t.at[i] == '\n')
			return false;
	if (t.len > 0)
		memcpy(out, t.at, t.len);
	out[t.len] = '\0';
	return true;
}

/* What we hold a password or hash for, and know how to answer. */
static bool can_answer(const struct sip_login *l, const struct sip_digest *d)
{
	if (d->algorithm == SIP_DIGEST_COUNT || (d->has_qop && !d->qop_auth))
		return false;
	return l->conf.ha1[0] == '\0' || (d->algorithm != SIP_SHA_512_256 &&
					  strlen(l->conf.ha1) == sip_digest_length(d->algorithm));
}

static struct realm *realm_find(struct sip_login *l, struct sip_text name, bool proxy)
{
	for (unsigned i = 0; i < l->realm_count; i++) {
		struct realm *r = &l->realm[i];
		if (r->proxy == proxy && strlen(r->name) == name.len &&
		    memcmp(r->name, name.at, name.len) == 0)
			return r;
	}
	return NULL;
}

static struct realm *realm_room(struct sip_login *l)
{
	if (l->realm_count < SIP_REALMS_MAX)
		return &l->realm[l->realm_count++];
	l->oldest = (l->oldest + 1) % SIP_REALMS_MAX;
	return &l->realm[l->oldest];
}

/* The realm's entry with the challenge in it; NULL: it does not fit. */
static struct realm *realm_learn(struct sip_login *l, const struct sip_digest *d, bool proxy)
{
	struct realm fresh = {.proxy = proxy,
			      .session = d->session,
			      .qop = d->qop_auth,
			      .has_opaque = d->opaque.at != NULL,
			      .algorithm = d->algorithm};
	struct realm *r = realm_find(l, d->realm, proxy);

	if (!keep(fresh.name, d->realm) || !keep(fresh.nonce, d->nonce) ||
	    !keep(fresh.opaque, d->opaque))
		return NULL;
	if (r == NULL)
		r = realm_room(l);
	else if (strcmp(r->nonce, fresh.nonce) == 0)
		fresh.count = r->count; /* the same nonce goes on being counted */
	*r = fresh;
	if (l->conf.ha1[0] != '\0')
		snprintf(r->ha1, sizeof(r->ha1), "%s", l->conf.ha1);
	else
		sip_digest_ha1(r->algorithm, l->conf.username, r->name, l->conf.password, r->ha1);
	return r;
}

/* RFC 8760 2.4: of several for one realm, the first that we can answer; but peers order them
 * wrongly, so the strongest. */
static bool is_best(const struct sip_login *l, const struct sip_scan *scan, unsigned i,
		    const struct sip_digest *d)
{
	for (unsigned j = 0; j < scan->auth_count; j++) {
		struct sip_digest other;
		if (j == i || scan->auth[j].proxy != scan->auth[i].proxy ||
		    sip_digest_parse(&other, scan->auth[j].value) < 0 || !can_answer(l, &other) ||
		    other.realm.len != d->realm.len ||
		    memcmp(other.realm.at, d->realm.at, d->realm.len) != 0)
			continue;
		if (other.algorithm < d->algorithm || (other.algorithm == d->algorithm && j < i))
			return false;
	}
	return true;
}

bool sip_login_learn(struct sip_login *l, struct sip_asked *asked, const struct sip_incoming *in)
{
	bool proxy = in->m->status_code == 407, news = false;

	if ((in->m->status_code != 401 && !proxy) || ++asked->rounds > ROUNDS_MAX)
		return false;
	for (unsigned i = 0; i < in->scan.auth_count; i++) {
		const struct sip_auth_line *line = &in->scan.auth[i];
		struct sip_digest d;
		if (sip_digest_parse(&d, line->value) < 0 || !can_answer(l, &d) ||
		    !is_best(l, &in->scan, i, &d))
			continue;
		struct realm *r = realm_learn(l, &d, line->proxy);
		if (r == NULL)
			continue;
		unsigned bit = 1u << (r - l->realm);
		if (d.stale || !(asked->realms & bit))
			news = true;
		asked->realms |= bit;
	}
	return news;
}

/* --- credentials --- */

static int put(osip_message_t *m, const struct realm *r, const char *value)
{
	return r->proxy ? osip_message_set_proxy_authorization(m, value)
			: osip_message_set_authorization(m, value);
}

static int sign_one(const struct sip_login *l, struct realm *r, osip_message_t *m, const char *uri)
{
	char cnonce[SIP_TOKEN_SIZE], nc[9], response[SIP_DIGEST_TEXT], value[4 * TEXT_MAX + 768];
	char qop[64] = "", opaque[TEXT_MAX + 16] = "";
	struct sip_digest d = {.algorithm = r->algorithm, .session = r->session, .has_qop = r->qop};

	snprintf(nc, sizeof(nc), "%08x", ++r->count);
	sip_token(cnonce);
	d.nonce = (struct sip_text){r->nonce, strlen(r->nonce)};
	d.cnonce = (struct sip_text){cnonce, strlen(cnonce)};
	d.nc = (struct sip_text){nc, strlen(nc)};
	d.uri = (struct sip_text){uri, strlen(uri)};
	sip_digest_response(&d, r->ha1, (struct sip_text){m->sip_method, strlen(m->sip_method)},
			    response);
	if (r->qop)
		snprintf(qop, sizeof(qop), ", qop=auth, cnonce=\"%s\", nc=%s", cnonce, nc);
	else if (r->session)
		snprintf(qop, sizeof(qop), ", cnonce=\"%s\"", cnonce);
	if (r->has_opaque)
		snprintf(opaque, sizeof(opaque), ", opaque=\"%s\"", r->opaque);
	int n = snprintf(value, sizeof(value),
			 "Digest username=\"%s\", realm=\"%s\", nonce=\"%s\", uri=\"%s\", "
			 "response=\"%s\", algorithm=%s%s%s%s",
			 l->conf.username, r->name, r->nonce, uri, response,
			 sip_digest_name(r->algorithm), r->session ? "-sess" : "", opaque, qop);
	if (n < 0 || (size_t)n >= sizeof(value))
		return -EMSGSIZE;
	return put(m, r, value) == OSIP_SUCCESS ? 0 : -ENOMEM;
}

int sip_login_sign(struct sip_login *l, struct sip_draft *draft)
{
	char *uri = NULL;
	int r = 0;

	if (draft->error != 0 || l->realm_count == 0)
		return draft->error;
	if (osip_uri_to_str(draft->m->req_uri, &uri) != OSIP_SUCCESS)
		return -ENOMEM;
	for (unsigned i = 0; i < l->realm_count && r == 0; i++)
		r = sign_one(l, &l->realm[i], draft->m, uri);
	osip_free(uri);
	return r;
}
