/* check_auth.c - users and passwords: what no single value shows. */
#include "conf/check.h"
#include <string.h>

static const struct conf_peer *find_peer(const struct conf *c, const char *name)
{
	for (size_t i = 0; i < c->peer_count; i++)
		if (strcmp(c->peers[i].sip.name, name) == 0)
			return &c->peers[i];
	return NULL;
}

/* NULL: there is none, or more than one. */
static const struct conf_peer *only_registrar(const struct conf *c)
{
	const struct conf_peer *found = NULL;

	for (size_t i = 0; i < c->peer_count; i++) {
		if (!c->peers[i].sip.registrar)
			continue;
		if (found != NULL)
			return NULL;
		found = &c->peers[i];
	}
	return found;
}

static bool has_user(const struct conf *c, const char *peer)
{
	for (size_t i = 0; i < c->user_count; i++)
		if (strcmp(c->users[i].peer, peer) == 0)
			return true;
	return false;
}

/* --- peers --- */

static void check_login(struct conf_loader *l, size_t i)
{
	const struct sip_login_conf *login = &l->conf->peers[i].sip.login;

	if (login->username[0] != '\0' && login->password[0] == '\0' && login->ha1[0] == '\0')
		REPORT(l, CONF_PEER, i, "username", "expected with a password or ha1");
	if (l->conf->peers[i].sip.registers != SIP_REGISTER_EXTENSIONS &&
	    login->username[0] == '\0' && (login->password[0] != '\0' || login->ha1[0] != '\0'))
		REPORT(l, CONF_PEER, i, login->ha1[0] != '\0' ? "ha1" : "password",
		       "expected with a username");
	if (login->password[0] != '\0' && login->ha1[0] != '\0')
		REPORT(l, CONF_PEER, i, "ha1", "expected in place of password, not beside it");
}

static void check_registration(struct conf_loader *l, size_t i)
{
	const struct sip_peer_conf *p = &l->conf->peers[i].sip;

	if (p->registers == SIP_REGISTER_NO)
		return;
	if (p->addr_count == 0)
		REPORT(l, CONF_PEER, i, "register", "expected with an address to register at");
	if (p->registers == SIP_REGISTER_EXTENSIONS) {
		if (p->extension_first == 0 || p->extension_last < p->extension_first ||
		    p->extension_last - p->extension_first >= SIP_EXTENSIONS_MAX)
			REPORT(l, CONF_PEER, i, "register",
			       "expected register_first and register_last, at most %d numbers",
			       SIP_EXTENSIONS_MAX);
	} else if (p->login.username[0] == '\0') {
		REPORT(l, CONF_PEER, i, "register",
		       "expected with a username, which is registered");
	}
}

static void check_peer(struct conf_loader *l, size_t i)
{
	struct sip_peer_conf *p = &l->conf->peers[i].sip;

	check_login(l, i);
	check_registration(l, i);
	if (p->registrar) {
		if (p->addr_count > 0)
			REPORT(l, CONF_PEER, i, "address",
			       "a registrar has none: its users are where they registered");
		if (conf_is_given(l, CONF_PEER, i, "authenticate") && p->proof != SIP_BY_DIGEST)
			REPORT(l, CONF_PEER, i, "authenticate",
			       "expected \"digest\" of a registrar");
		p->proof = SIP_BY_DIGEST;
		if (p->domain[0] == '\0')
			memcpy(p->domain, l->conf->sip.realm, sizeof(l->conf->sip.realm));
	} else if (p->addr_count == 0 && p->proof != SIP_BY_DIGEST &&
		   !conf_is_failed(l, CONF_PEER, i, "address")) {
		REPORT(l, CONF_PEER, i, "address",
		       "missing; expected where the peer is, or authenticate = \"digest\"");
	}
	if (p->proof != SIP_BY_ADDRESS && !p->registrar && !has_user(l->conf, p->name))
		REPORT(l, CONF_PEER, i, "authenticate",
		       "expected a section user with peer = \"%s\": nobody could prove to be it",
		       p->name);
}

/* --- users --- */

static bool offers(const struct conf *c, enum sip_digest_algorithm a)
{
	for (unsigned i = 0; i < c->sip.digest_count; i++)
		if (c->sip.digest[i] == a)
			return true;
	return false;
}

static void check_hashes(struct conf_loader *l, size_t i)
{
	const struct sip_user_conf *u = &l->conf->users[i];
	bool hashed = u->ha1[0] != '\0' || u->ha1_sha256[0] != '\0';

	if (u->password[0] != '\0' && hashed)
		REPORT(l, CONF_USER, i, "password", "expected in place of ha1, not beside it");
	if (u->password[0] == '\0' && !hashed && !conf_is_failed(l, CONF_USER, i, "password") &&
	    !conf_is_failed(l, CONF_USER, i, "ha1") &&
	    !conf_is_failed(l, CONF_USER, i, "ha1_sha256"))
		REPORT(l, CONF_USER, i, "password", "missing; expected a password or ha1");
	if (u->ha1[0] != '\0' && strlen(u->ha1) != 32)
		REPORT(l, CONF_USER, i, "ha1", "expected 32 digits, which MD5 gives");
	if (u->ha1_sha256[0] != '\0' && strlen(u->ha1_sha256) != 64)
		REPORT(l, CONF_USER, i, "ha1_sha256", "expected 64 digits, which SHA-256 gives");
	if (!hashed || u->password[0] != '\0')
		return;
	if ((u->ha1[0] == '\0' && offers(l->conf, SIP_MD5)) ||
	    (u->ha1_sha256[0] == '\0' && offers(l->conf, SIP_SHA_256)) ||
	    offers(l->conf, SIP_SHA_512_256))
		REPORT(l, CONF_USER, i, u->ha1[0] != '\0' ? "ha1" : "ha1_sha256",
		       "expected a hash for each of sip.digests, or digests without the others: "
		       "the "
		       "phone chooses before it is known who it is");
}

static void check_user(struct conf_loader *l, size_t i)
{
	struct sip_user_conf *u = &l->conf->users[i];
	const struct conf_peer *only = only_registrar(l->conf);

	if (u->peer[0] == '\0' && only == NULL)
		REPORT(l, CONF_USER, i, "peer",
		       "missing; expected, as there is not just one peer with registrar = true");
	else if (u->peer[0] == '\0')
		memcpy(u->peer, only->sip.name, sizeof(u->peer));
	else if (find_peer(l->conf, u->peer) == NULL)
		REPORT(l, CONF_USER, i, "peer", "there is no peer \"%s\"", u->peer);
	else if (find_peer(l->conf, u->peer)->sip.proof == SIP_BY_ADDRESS &&
		 !find_peer(l->conf, u->peer)->sip.registrar)
		REPORT(l, CONF_USER, i, "peer",
		       "peer %s is known by its address alone; expected authenticate = \"digest\" "
		       "there",
		       u->peer);
	check_hashes(l, i);
}

void conf_check_auth(struct conf_loader *l)
{
	const struct sip_agent_conf *s = &l->conf->sip;

	if (s->registrar.expires_min_s > s->registrar.expires_max_s)
		REPORT(l, CONF_SIP, 0, "register_min_s", "expected at most register_max_s, %u",
		       s->registrar.expires_max_s);
	if (s->registrar.path[0] != '\0' && s->registrar.path[0] != '/')
		REPORT(l, CONF_SIP, 0, "registrar_file",
		       "expected an absolute path, which begins with /");
	for (size_t i = 0; i < l->conf->user_count; i++)
		check_user(l, i);
	for (size_t i = 0; i < l->conf->peer_count; i++)
		check_peer(l, i);
}
