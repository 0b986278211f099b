#include "sip/token.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

void sip_random(void *out, size_t len)
{
	ssize_t n;

	do {
		n = getrandom(out, len, 0);
	} while (n < 0 && errno == EINTR);
	if (n != (ssize_t)len)
		abort(); /* up to 256 octets never come short; guessable names are no alternative */
}

char *sip_token(char out[SIP_TOKEN_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char raw[(SIP_TOKEN_SIZE - 1) / 2];

	sip_random(raw, sizeof(raw));
	for (size_t i = 0; i < sizeof(raw); i++) {
		out[2 * i] = digits[raw[i] >> 4];
		out[2 * i + 1] = digits[raw[i] & 15];
	}
	out[SIP_TOKEN_SIZE - 1] = '\0';
	return out;
}

static uint64_t rotate(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] = rotate(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] = rotate(v[2], 32);
}

static void absorb(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	sip_round(v);
	sip_round(v);
	v[0] ^= word;
}

uint64_t sip_hash64(const struct sip_hash_key *key, const void *data, size_t len)
{
	const unsigned char *p = data;
	uint64_t v[4] = {key->k[0] ^ 0x736f6d6570736575u, key->k[1] ^ 0x646f72616e646f6du,
			 key->k[0] ^ 0x6c7967656e657261u, key->k[1] ^ 0x7465646279746573u};
	uint64_t word = 0;

	for (size_t i = 0; i < len; i++) {
		word |= (uint64_t)p[i] << (8 * (i & 7));
		if ((i & 7) == 7) {
			absorb(v, word);
			word = 0;
		}
	}
	absorb(v, word | (uint64_t)len << 56);
	v[2] ^= 0xff;
	for (unsigned i = 0; i < 4; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}
