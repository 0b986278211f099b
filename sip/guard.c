#include "sip/guard.h"

#include "gateway/base/log.h"
#include "sip/address.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

enum {
	SOURCE_SETS = 512,
	REFUSED_SETS = 64,
	WAYS = 8,
	LOG_EVERY_MS = 10000,
	LOG_LINES_S = 20,
	BURST_S = 4,                  /* seconds of the rate that may come at once */
	FORGET_MS = 24 * 3600 * 1000, /* a refusal nobody repeated */
};

struct source_key {
	uint8_t octets[16];
	uint8_t bits; /* of the prefix; 0 = free */
	uint8_t family;
};

struct source {
	struct source_key key;
	struct sip_bucket bucket;
	uint64_t seen_ms;
	uint64_t failing_ms, banned_ms; /* since, until */
	uint32_t failures;
};

struct sip_guard {
	struct sip_guard_conf conf;
	struct sip_hash_key hash;
	struct sip_bucket total, lines;
	struct source source[SOURCE_SETS][WAYS];
	struct sip_refused refused[REFUSED_SETS][WAYS];
};

static const char *const texts[SIP_REFUSAL_COUNT] = {
	[SIP_REFUSED_STRANGER] = "no configured peer",
	[SIP_REFUSED_UNASKED] = "no credentials",
	[SIP_REFUSED_PASSWORD] = "wrong user or password",
	[SIP_REFUSED_REPLAY] = "replayed credentials",
	[SIP_REFUSED_RATE] = "too many requests",
	[SIP_REFUSED_BANNED] = "banned",
	[SIP_REFUSED_MALFORMED] = "malformed",
	[SIP_REFUSED_DIALOG] = "request in another's call",
	[SIP_REFUSED_NAME] = "another's name",
	[SIP_REFUSED_CALLS] = "too many calls",
};

const char *sip_refusal_text(enum sip_refusal why)
{
	return texts[why];
}

int sip_guard_new(struct sip_guard **out, const struct sip_guard_conf *conf)
{
	struct sip_guard *g = calloc(1, sizeof(*g));

	*out = g;
	if (g == NULL)
		return -ENOMEM;
	sip_random(&g->hash, sizeof(g->hash));
	g->conf = *conf;
	return 0;
}

void sip_guard_free(struct sip_guard *g)
{
	free(g);
}

void sip_guard_reconfigure(struct sip_guard *g, const struct sip_guard_conf *conf)
{
	g->conf = *conf;
}

/* --- tokens --- */

bool sip_bucket_take(struct sip_bucket *b, unsigned rate, uint64_t now_ms)
{
	uint64_t full = (uint64_t)rate * BURST_S * 1000;
	uint64_t have = b->at_ms == 0 ? full : b->milli + (now_ms - b->at_ms) * rate;

	if (have > full)
		have = full;
	b->at_ms = now_ms != 0 ? now_ms : 1;
	b->milli = (uint32_t)(have >= 1000 ? have - 1000 : have);
	return have >= 1000;
}

/* --- sources --- */

/* The address, or the network around it. */
static struct source_key key_of(const struct sockaddr *from, bool network)
{
	struct source_key k = {.family = (uint8_t)from->sa_family};
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)from;
	const struct sockaddr_in *in = (const struct sockaddr_in *)from;

	if (from->sa_family == AF_INET6) {
		k.bits = network ? 48 : 64;
		memcpy(k.octets, &in6->sin6_addr, k.bits / 8);
	} else {
		k.bits = network ? 24 : 32;
		memcpy(k.octets, &in->sin_addr, k.bits / 8);
	}
	return k;
}

/* True when a should make room before b. */
static bool goes_first(const struct source *a, const struct source *b, uint64_t now_ms)
{
	bool a_banned = a->banned_ms > now_ms, b_banned = b->banned_ms > now_ms;

	if (a_banned != b_banned)
		return b_banned;
	return a->seen_ms < b->seen_ms;
}

static struct source *source_of(struct sip_guard *g, struct source_key key, uint64_t now_ms)
{
	struct source *set = g->source[sip_hash(&g->hash, &key, sizeof(key)) % SOURCE_SETS];
	struct source *worst = &set[0];

	for (unsigned i = 0; i < WAYS; i++) {
		if (memcmp(&set[i].key, &key, sizeof(key)) == 0) {
			set[i].seen_ms = now_ms;
			return &set[i];
		}
		if (goes_first(&set[i], worst, now_ms))
			worst = &set[i];
	}
	*worst = (struct source){.key = key, .seen_ms = now_ms};
	return worst;
}

bool sip_guard_admits(struct sip_guard *g, const struct sockaddr *from, uint64_t now_ms,
		      enum sip_refusal *why)
{
	struct source *s = source_of(g, key_of(from, false), now_ms);

	*why = SIP_REFUSED_BANNED;
	if (s->banned_ms > now_ms)
		return false;
	*why = SIP_REFUSED_RATE;
	if (!sip_bucket_take(&s->bucket, g->conf.rate, now_ms))
		return false;
	struct source *network = source_of(g, key_of(from, true), now_ms);
	return sip_bucket_take(&network->bucket, g->conf.prefix_rate, now_ms) &&
	       sip_bucket_take(&g->total, g->conf.total_rate, now_ms);
}

void sip_guard_failed(struct sip_guard *g, const struct sockaddr *from, uint64_t now_ms)
{
	struct source *s = source_of(g, key_of(from, false), now_ms);
	char addr[SIP_ADDR_TEXT];

	if (g->conf.ban_ms == 0)
		return;
	if (s->failures == 0 || now_ms - s->failing_ms > g->conf.ban_ms) {
		s->failures = 0;
		s->failing_ms = now_ms;
	}
	if (++s->failures < g->conf.ban_failures)
		return;
	s->failures = 0;
	s->banned_ms = now_ms + g->conf.ban_ms;
	log_line(LOG_SIP, LOG_WARN, "banned %s for %u s: %u wrong passwords",
		 sip_addr_bare(from, addr), g->conf.ban_ms / 1000, g->conf.ban_failures);
}

/* --- refusals --- */

static uint64_t weight(const struct sip_refused *r, uint64_t now_ms)
{
	return r->addr.ss_family == AF_UNSPEC || now_ms - r->last_ms > FORGET_MS ? 0 : r->count;
}

static struct sip_refused *refused_of(struct sip_guard *g, const struct sockaddr *from,
				      enum sip_refusal why, uint64_t now_ms)
{
	struct source_key key = key_of(from, false);
	struct sip_refused *set = g->refused[sip_hash(&g->hash, &key, sizeof(key)) % REFUSED_SETS];
	struct sip_refused *least = &set[0];

	for (unsigned i = 0; i < WAYS; i++) {
		struct sip_refused *r = &set[i];
		if (r->reason == why && r->addr.ss_family == from->sa_family &&
		    sip_addr_equal((struct sockaddr *)&r->addr, from, false))
			return r;
		uint64_t w = weight(r, now_ms), l = weight(least, now_ms);
		if (w < l || (w == l && r->last_ms < least->last_ms))
			least = r;
	}
	*least = (struct sip_refused){.reason = why, .first_ms = now_ms};
	sip_addr_copy(&least->addr, from);
	return least;
}

void sip_guard_refused(struct sip_guard *g, const struct sockaddr *from, enum sip_refusal why,
		       uint64_t now_ms)
{
	struct sip_refused *r = refused_of(g, from, why, now_ms);
	char addr[SIP_ADDR_TEXT];

	r->count++;
	r->last_ms = now_ms;
	if ((r->told != 0 && now_ms - r->logged_ms < LOG_EVERY_MS) ||
	    !sip_bucket_take(&g->lines, LOG_LINES_S, now_ms))
		return;
	/* The address first and nothing of the sender's own words: a line cannot be forged. */
	log_line(LOG_SIP, LOG_WARN, "refused %s: %s, %llu times", sip_addr_bare(from, addr),
		 texts[why], (unsigned long long)(r->count - r->told));
	r->logged_ms = now_ms;
	r->told = r->count;
}

void sip_guard_each(const struct sip_guard *g, void (*fn)(void *arg, const struct sip_refused *r),
		    void *arg)
{
	for (unsigned i = 0; i < REFUSED_SETS; i++)
		for (unsigned j = 0; j < WAYS; j++)
			if (g->refused[i][j].addr.ss_family != AF_UNSPEC)
				fn(arg, &g->refused[i][j]);
}
