#include "sip/quota.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

struct source {
	unsigned char bits; /* of octets that count; with the family, what makes it differ */
	unsigned char family;
	unsigned char octets[16];
};

struct sip_quota_entry {
	UT_hash_handle hh;
	struct source source;
	unsigned count;
};

void sip_quota_init(struct sip_quota *q)
{
	memset(q, 0, sizeof(*q));
	sip_random(&q->key, sizeof(q->key));
}

static struct source source_of(const struct sockaddr *from, bool network)
{
	struct source s = {.family = (unsigned char)from->sa_family};
	bool v6 = from->sa_family == AF_INET6;

	s.bits = v6 ? (network ? 64 : 128) : (network ? 24 : 32);
	if (v6)
		memcpy(s.octets, &((const struct sockaddr_in6 *)from)->sin6_addr, s.bits / 8);
	else
		memcpy(s.octets, &((const struct sockaddr_in *)from)->sin_addr, s.bits / 8);
	return s;
}

static struct sip_quota_entry *find(const struct sip_quota *q, const struct source *s)
{
	struct sip_quota_entry *e;

	HASH_FIND_BYHASHVALUE(hh, q->entries, s, sizeof(*s), sip_hash(&q->key, s, sizeof(*s)), e);
	return e;
}

static bool take(struct sip_quota *q, const struct source *s, unsigned most)
{
	struct sip_quota_entry *e = find(q, s);

	if (e == NULL) {
		e = calloc(1, sizeof(*e));
		if (e == NULL)
			return false;
		e->source = *s;
		HASH_ADD_KEYPTR_BYHASHVALUE(hh, q->entries, &e->source, sizeof(*s),
					    sip_hash(&q->key, s, sizeof(*s)), e);
		if (e->hh.tbl == NULL) {
			free(e);
			return false;
		}
	}
	if (e->count >= most)
		return false;
	e->count++;
	return true;
}

static void give(struct sip_quota *q, const struct source *s)
{
	struct sip_quota_entry *e = find(q, s);

	if (e == NULL || --e->count > 0)
		return;
	HASH_DELETE(hh, q->entries, e);
	free(e);
}

bool sip_quota_take(struct sip_quota *q, const struct sockaddr *from)
{
	struct source address = source_of(from, false), network = source_of(from, true);

	if (!take(q, &address, q->per_address))
		return false;
	if (take(q, &network, q->per_network))
		return true;
	give(q, &address);
	return false;
}

void sip_quota_give(struct sip_quota *q, const struct sockaddr *from)
{
	struct source address = source_of(from, false), network = source_of(from, true);

	give(q, &network);
	give(q, &address);
}
