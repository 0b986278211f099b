#include "sip/nonce.h"

#include "sip/address.h"
#include "sip/token.h"

#include <netinet/in.h>
#include <nettle/base64.h>
#include <nettle/hmac.h>
#include <nettle/memops.h>
#include <string.h>

enum { RAW = 24, SIGNED = 12, MAC = RAW - SIGNED, WINDOW = 64 };

_Static_assert(BASE64_ENCODE_RAW_LENGTH(RAW) == SIP_NONCE_TEXT - 1, "no padding");

void sip_nonces_init(struct sip_nonces *n)
{
	memset(n, 0, sizeof(*n));
	sip_random(n->key, sizeof(n->key));
}

/* The address and not the port: a NAT may give each request another one. */
static void sign(const struct sip_nonces *n, const uint8_t *raw, const struct sockaddr *from,
		 uint8_t mac[MAC])
{
	struct hmac_sha256_ctx ctx;

	hmac_sha256_set_key(&ctx, sizeof(n->key), n->key);
	hmac_sha256_update(&ctx, SIGNED, raw);
	if (from->sa_family == AF_INET6)
		hmac_sha256_update(
			&ctx, sizeof(struct in6_addr),
			(const uint8_t *)&((const struct sockaddr_in6 *)from)->sin6_addr);
	else
		hmac_sha256_update(&ctx, sizeof(struct in_addr),
				   (const uint8_t *)&((const struct sockaddr_in *)from)->sin_addr);
	hmac_sha256_digest(&ctx, MAC, mac);
}

void sip_nonce_make(struct sip_nonces *n, const struct sockaddr *from, uint64_t now_ms,
		    char out[SIP_NONCE_TEXT])
{
	uint8_t raw[RAW];
	uint32_t now_s = (uint32_t)(now_ms / 1000);

	for (unsigned i = 0; i < 4; i++)
		raw[i] = (uint8_t)(now_s >> (24 - 8 * i));
	sip_random(raw + 4, SIGNED - 4);
	sign(n, raw, from, raw + SIGNED);
	base64_encode_raw(out, RAW, raw);
	out[SIP_NONCE_TEXT - 1] = '\0';
}

static bool decode(struct sip_text text, uint8_t raw[RAW])
{
	struct base64_decode_ctx ctx;
	uint8_t out[BASE64_DECODE_LENGTH(SIP_NONCE_TEXT - 1)];
	size_t len = sizeof(out);

	if (text.len != SIP_NONCE_TEXT - 1)
		return false;
	base64_decode_init(&ctx);
	if (!base64_decode_update(&ctx, &len, out, text.len, text.at) || len != RAW ||
	    !base64_decode_final(&ctx))
		return false;
	memcpy(raw, out, RAW);
	return true;
}

enum sip_nonce_verdict sip_nonce_check(const struct sip_nonces *n, struct sip_text text,
				       const struct sockaddr *from, uint64_t now_ms,
				       struct sip_nonce *out)
{
	uint8_t raw[RAW], mac[MAC];
	uint32_t now_s = (uint32_t)(now_ms / 1000);

	*out = (struct sip_nonce){0};
	if (!decode(text, raw))
		return SIP_NONCE_FOREIGN;
	sign(n, raw, from, mac);
	if (!memeql_sec(mac, raw + SIGNED, MAC))
		return SIP_NONCE_FOREIGN;
	for (unsigned i = 0; i < 4; i++)
		out->issued_s = out->issued_s << 8 | raw[i];
	for (unsigned i = 4; i < SIGNED; i++)
		out->id = out->id << 8 | raw[i];
	if (out->id == 0)
		return SIP_NONCE_STALE; /* once in 2^64: what the table means by free */
	return now_s - out->issued_s <= SIP_NONCE_LIFE_S ? SIP_NONCE_FRESH : SIP_NONCE_STALE;
}

static struct sip_nonce_used *find(struct sip_nonce_set *set, uint64_t id)
{
	for (unsigned i = 0; i < SIP_NONCE_WAYS; i++)
		if (set->used[i].id == id)
			return &set->used[i];
	return NULL;
}

static struct sip_nonce_used *make_room(struct sip_nonce_set *set)
{
	struct sip_nonce_used *oldest = find(set, 0);

	if (oldest != NULL)
		return oldest;
	oldest = &set->used[0];
	for (unsigned i = 1; i < SIP_NONCE_WAYS; i++)
		if (set->used[i].issued_s < oldest->issued_s)
			oldest = &set->used[i];
	if (oldest->issued_s > set->floor_s)
		set->floor_s = oldest->issued_s;
	return oldest;
}

bool sip_nonce_use(struct sip_nonces *n, const struct sip_nonce *nonce, uint32_t count)
{
	struct sip_nonce_set *set = &n->set[nonce->id % SIP_NONCE_SETS];
	struct sip_nonce_used *u = find(set, nonce->id);

	if (u == NULL) {
		if (set->floor_s != 0 && nonce->issued_s <= set->floor_s)
			return false;
		u = make_room(set);
		*u = (struct sip_nonce_used){
			.id = nonce->id, .issued_s = nonce->issued_s, .top = count, .window = 1};
		return true;
	}
	if (count > u->top) {
		uint32_t step = count - u->top;
		u->window = step >= WINDOW ? 1 : u->window << step | 1;
		u->top = count;
		return true;
	}
	uint32_t back = u->top - count;
	if (back >= WINDOW || (u->window & (uint64_t)1 << back) != 0)
		return false;
	u->window |= (uint64_t)1 << back;
	return true;
}
