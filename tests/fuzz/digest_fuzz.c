/* What a stranger sends before it has proven anything: the scan, its credentials, and the challenge
 * that is made of it, which must not be longer; and as much of a challenge sent to us. */
#include "sip/users.h"

#include "sip/address.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void nobody_goes(void *arg, struct sip_user *user)
{
}

static struct sip_users *users(void)
{
	static struct sip_users u;
	static const struct sip_user_conf user = {.name = "7134", .password = "secret"};
	const struct sip_agent_conf conf = {.users = &user,
					    .user_count = 1,
					    .realm = "tandem",
					    .digest = {SIP_SHA_256, SIP_MD5},
					    .digest_count = 2};

	if (u.table == NULL) {
		sip_users_init(&u);
		if (sip_users_configure(&u, &conf, nobody_goes, NULL) < 0)
			abort();
	}
	return &u;
}

static void challenge(const struct sip_scan *scan, size_t len, const struct sockaddr *from)
{
	const struct sip_challenge c = {scan, len, from, 1000000, "tag", false};
	char out[SIP_MESSAGE_MAX];

	if (sip_users_challenge(users(), &c, out, sizeof(out)) > len)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sockaddr_storage from;
	struct sip_digest digest;
	struct sip_user *user;
	struct sip_scan scan;
	char *text = malloc(size + 1); /* so that a look past the end shows */

	if (text == NULL || size == 0) {
		free(text);
		return 0;
	}
	memcpy(text, data, size);
	text = realloc(text, size);
	sip_addr_parse(&from, "192.0.2.1", 5060);
	sip_digest_parse(&digest, (struct sip_text){text, size});
	if (sip_scan(&scan, text, size) == 0) {
		for (unsigned i = 0; i < scan.auth_count; i++)
			sip_digest_parse(&digest, scan.auth[i].value);
		if (scan.request && sip_users_verify(users(), &scan, (struct sockaddr *)&from,
						     1000000, &user) == SIP_PROOF_GOOD)
			abort(); /* nobody can know a nonce */
		challenge(&scan, size, (struct sockaddr *)&from);
	}
	free(text);
	return 0;
}
