#include "sip/digest.h"

#include <errno.h>
#include <nettle/base16.h>
#include <nettle/md5.h>
#include <nettle/memops.h>
#include <nettle/sha2.h>
#include <string.h>
#include <strings.h>

struct hash { /* one being made */
	enum sip_digest_algorithm algorithm;
	union {
		struct md5_ctx md5;
		struct sha256_ctx sha256;
		struct sha512_256_ctx sha512;
	} ctx;
};

static const struct {
	const char *name;
	size_t octets;
} algorithms[SIP_DIGEST_COUNT] = {
	[SIP_SHA_512_256] = {"SHA-512-256", SHA512_256_DIGEST_SIZE},
	[SIP_SHA_256] = {"SHA-256", SHA256_DIGEST_SIZE},
	[SIP_MD5] = {"MD5", MD5_DIGEST_SIZE},
};

const char *sip_digest_name(enum sip_digest_algorithm a)
{
	return algorithms[a].name;
}

size_t sip_digest_length(enum sip_digest_algorithm a)
{
	return 2 * algorithms[a].octets;
}

/* --- hashing --- */

static void hash_init(struct hash *h, enum sip_digest_algorithm a)
{
	h->algorithm = a;
	switch (a) {
	case SIP_SHA_512_256: sha512_256_init(&h->ctx.sha512); break;
	case SIP_SHA_256: sha256_init(&h->ctx.sha256); break;
	default: md5_init(&h->ctx.md5); break;
	}
}

static void hash_add(struct hash *h, const void *data, size_t len)
{
	switch (h->algorithm) {
	case SIP_SHA_512_256: sha512_256_update(&h->ctx.sha512, len, data); break;
	case SIP_SHA_256: sha256_update(&h->ctx.sha256, len, data); break;
	default: md5_update(&h->ctx.md5, len, data); break;
	}
}

static void hash_text(struct hash *h, const char *text)
{
	hash_add(h, text, strlen(text));
}

/* ":" and then the text. */
static void hash_next(struct hash *h, struct sip_text t)
{
	hash_add(h, ":", 1);
	if (t.len > 0)
		hash_add(h, t.at, t.len);
}

static void hash_end(struct hash *h, char out[SIP_DIGEST_TEXT])
{
	uint8_t raw[SHA256_DIGEST_SIZE];
	size_t n = algorithms[h->algorithm].octets;

	switch (h->algorithm) {
	case SIP_SHA_512_256: sha512_256_digest(&h->ctx.sha512, n, raw); break;
	case SIP_SHA_256: sha256_digest(&h->ctx.sha256, n, raw); break;
	default: md5_digest(&h->ctx.md5, n, raw); break;
	}
	base16_encode_update(out, n, raw);
	out[2 * n] = '\0';
}

void sip_digest_ha1(enum sip_digest_algorithm a, const char *user, const char *realm,
		    const char *password, char out[SIP_DIGEST_TEXT])
{
	struct hash h;

	hash_init(&h, a);
	hash_text(&h, user);
	hash_text(&h, ":");
	hash_text(&h, realm);
	hash_text(&h, ":");
	hash_text(&h, password);
	hash_end(&h, out);
}

void sip_digest_response(const struct sip_digest *d, const char *ha1, struct sip_text method,
			 char out[SIP_DIGEST_TEXT])
{
	char session[SIP_DIGEST_TEXT], ha2[SIP_DIGEST_TEXT];
	struct hash h;

	if (d->session) { /* RFC 7616 3.4.2 */
		hash_init(&h, d->algorithm);
		hash_text(&h, ha1);
		hash_next(&h, d->nonce);
		hash_next(&h, d->cnonce);
		hash_end(&h, session);
		ha1 = session;
	}
	hash_init(&h, d->algorithm);
	hash_add(&h, method.at, method.len);
	hash_next(&h, d->uri);
	hash_end(&h, ha2);
	hash_init(&h, d->algorithm);
	hash_text(&h, ha1);
	hash_next(&h, d->nonce);
	if (d->has_qop) {
		hash_next(&h, d->nc);
		hash_next(&h, d->cnonce);
		hash_text(&h, ":auth");
	}
	hash_text(&h, ":");
	hash_text(&h, ha2);
	hash_end(&h, out);
}

bool sip_digest_equal(const char *expected, struct sip_text given)
{
	char lower[SIP_DIGEST_TEXT] = "";
	size_t n = strlen(expected);

	/* The length is that of the algorithm and no secret. */
	if (given.len != n || n >= sizeof(lower))
		return false;
	for (size_t i = 0; i < n; i++)
		lower[i] = (char)(given.at[i] >= 'A' && given.at[i] <= 'F' ? given.at[i] + 32
									   : given.at[i]);
	return memeql_sec(expected, lower, n) != 0;
}

bool sip_digest_count(struct sip_text nc, uint32_t *out)
{
	*out = 0;
	if (nc.len != 8)
		return false;
	for (size_t i = 0; i < nc.len; i++) {
		char c = nc.at[i];
		unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
				 : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
				 : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10
							: 16;
		if (digit > 15)
			return false;
		*out = *out << 4 | digit;
	}
	return true;
}

/* --- reading --- */

struct reader {
	const char *at, *end;
};

static bool text_is(struct sip_text t, const char *word)
{
	return t.len == strlen(word) && strncasecmp(t.at, word, t.len) == 0;
}

static void skip_space(struct reader *r)
{
	while (r->at < r->end && strchr(" \t\r\n", *r->at) != NULL && *r->at != '\0')
		r->at++;
}

static struct sip_text read_until(struct reader *r, const char *stops)
{
	struct sip_text t = {r->at, 0};

	while (r->at < r->end && *r->at != '\0' && strchr(stops, *r->at) == NULL)
		r->at++;
	t.len = (size_t)(r->at - t.at);
	return t;
}

static bool read_value(struct reader *r, struct sip_text *out)
{
	skip_space(r);
	if (r->at < r->end && *r->at == '"') {
		out->at = ++r->at;
		while (r->at < r->end && *r->at != '"') {
			if (*r->at == '\\')
				r->at++;
			r->at++;
		}
		if (r->at >= r->end)
			return false;
		out->len = (size_t)(r->at++ - out->at);
	} else {
		*out = read_until(r, " \t\r\n,\"");
	}
	skip_space(r);
	return true;
}

/* "auth" among the members of a qop list. */
static bool list_has(struct sip_text list, const char *word)
{
	struct reader r = {list.at, list.at + list.len};

	while (r.at < r.end) {
		skip_space(&r);
		if (text_is(read_until(&r, ", \t"), word))
			return true;
		r.at++;
	}
	return false;
}

static void set_algorithm(struct sip_digest *d, struct sip_text value)
{
	static const char sess[] = "-sess";
	const size_t n = sizeof(sess) - 1;

	d->session = value.len > n && strncasecmp(value.at + value.len - n, sess, n) == 0;
	if (d->session)
		value.len -= n;
	for (d->algorithm = SIP_SHA_512_256; d->algorithm < SIP_DIGEST_COUNT; d->algorithm++)
		if (text_is(value, algorithms[d->algorithm].name))
			return;
}

/* False: it was there before. */
static bool set_param(struct sip_digest *d, unsigned *seen, struct sip_text name,
		      struct sip_text value)
{
	enum { ALGORITHM = 9, QOP, STALE };
	static const char *const names[] = {"realm", "nonce",     "opaque", "username",
					    "uri",   "response",  "cnonce", "nc",
					    NULL,    "algorithm", "qop",    "stale"};
	struct sip_text *const texts[] = {&d->realm, &d->nonce,    &d->opaque, &d->username,
					  &d->uri,   &d->response, &d->cnonce, &d->nc};
	unsigned i = 0;

	while (i <= STALE && (names[i] == NULL || !text_is(name, names[i])))
		i++;
	if (i > STALE)
		return true; /* an extension: ignored, RFC 7616 3.3 */
	if (*seen & 1u << i)
		return false;
	*seen |= 1u << i;
	if (i == ALGORITHM) {
		set_algorithm(d, value);
	} else if (i == QOP) {
		d->has_qop = true;
		d->qop_auth = list_has(value, "auth");
	} else if (i == STALE) {
		d->stale = text_is(value, "true");
	} else {
		*texts[i] = value;
	}
	return true;
}

int sip_digest_parse(struct sip_digest *out, struct sip_text value)
{
	struct reader r = {value.at, value.at + value.len};
	unsigned seen = 0;

	*out = (struct sip_digest){.algorithm = SIP_MD5}; /* RFC 7616 3.3: when none is named */
	skip_space(&r);
	if (!text_is(read_until(&r, " \t\r\n"), "Digest"))
		return -EBADMSG;
	for (;;) {
		struct sip_text name, param;
		skip_space(&r);
		if (r.at < r.end && *r.at == ',') {
			r.at++;
			continue;
		}
		if (r.at >= r.end)
			break;
		name = read_until(&r, "= \t\r\n,\"");
		skip_space(&r);
		if (name.len == 0 || r.at >= r.end || *r.at != '=')
			return -EBADMSG;
		r.at++;
		if (!read_value(&r, &param) || (r.at < r.end && *r.at != ',') ||
		    !set_param(out, &seen, name, param))
			return -EBADMSG;
	}
	return out->realm.at != NULL && out->nonce.at != NULL ? 0 : -EBADMSG;
}
