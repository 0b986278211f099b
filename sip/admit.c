#include "sip/admit.h"

#include "sip/address.h"
#include "sip/dialog_impl.h"

#include <stdio.h>
#include <string.h>

static bool is_method(const struct sip_incoming *in, const char *method)
{
	const struct sip_text t = in->scan.method;

	return t.len == strlen(method) && memcmp(t.at, method, t.len) == 0;
}

void sip_agent_refused(struct sip_agent *a, const struct sockaddr *from, enum sip_refusal why)
{
	sip_guard_refused(a->guard, from, why, loop_now_ms(a->loop));
}

/* --- before anything is read --- */

bool sip_agent_challenges(const struct sip_agent *a)
{
	return a->strangers == SIP_STRANGERS_CHALLENGE ||
	       (a->strangers == SIP_STRANGERS_AUTO && a->users.table != NULL);
}

bool sip_admit_datagram(struct sip_agent *a, const struct sockaddr *from, size_t len)
{
	enum sip_refusal why = SIP_REFUSED_STRANGER;

	if (len <= 4) /* not worth a word: line ends that keep a NAT open */
		return false;
	if (sip_agent_challenges(a) && sip_guard_admits(a->guard, from, loop_now_ms(a->loop), &why))
		return true;
	a->counts.refused_stranger++;
	sip_agent_refused(a, from, why);
	return false;
}

/* --- before it is parsed --- */

static void challenge(struct sip_agent *a, struct sip_incoming *in, bool stale)
{
	char text[SIP_MESSAGE_MAX], tag[SIP_TOKEN_SIZE];
	const struct sip_challenge c = {.scan = &in->scan,
					.request_len = in->len,
					.from = (const struct sockaddr *)&in->from,
					.now_ms = loop_now_ms(a->loop),
					.tag = tag,
					.stale = stale};

	sip_agent_stateless_tag(a, &in->scan, tag);
	size_t len = sip_users_challenge(&a->users, &c, text, sizeof(text));
	if (len == 0)
		return;
	a->counts.challenges++;
	sip_listener_send(in->listener, &in->reply_to, text, len);
}

/* In a call that its own address is known of. */
static bool is_in_own_call(struct sip_agent *a, const struct sip_incoming *in)
{
	const struct sip_dialog *d = sip_dialog_tagged(a, sip_scan_to_tag(&in->scan));

	return d != NULL && sip_addr_equal((const struct sockaddr *)&d->user_at.addr,
					   (const struct sockaddr *)&in->from, true);
}

bool sip_admit_scan(struct sip_agent *a, struct sip_incoming *in)
{
	if (in->peer != NULL || in->scan.auth_count > 0 || is_method(in, "ACK") ||
	    is_method(in, "CANCEL") || is_in_own_call(a, in))
		return true;
	sip_agent_refused(a, (const struct sockaddr *)&in->from, SIP_REFUSED_UNASKED);
	a->counts.refused_stranger++;
	challenge(a, in, false);
	return false;
}

/* --- parsed --- */

bool sip_admit_server(struct sip_agent *a, const struct sip_incoming *in,
		      const struct sip_server *s)
{
	if (sip_addr_equal((const struct sockaddr *)&s->to.addr,
			   (const struct sockaddr *)&in->reply_to.addr, false))
		return true;
	sip_agent_refused(a, (const struct sockaddr *)&in->from, SIP_REFUSED_DIALOG);
	return false;
}

/* A reload makes a new peer of the same name. */
static bool is_same_peer(const struct sip_peer *a, const struct sip_peer *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a->conf.name, b->conf.name) == 0);
}

struct sip_dialog *sip_admit_dialog(struct sip_agent *a, const struct sip_incoming *in)
{
	const struct sockaddr *from = (const struct sockaddr *)&in->from;
	struct sip_dialog *d = sip_dialog_find(a, in->m);

	if (d == NULL)
		return NULL;
	/* Of a peer that is known by its address alone every address will do: proxies share calls.
	 */
	if (d->user_at.addr.ss_family == AF_UNSPEC
		    ? is_same_peer(d->peer, in->peer)
		    : sip_addr_equal((struct sockaddr *)&d->user_at.addr, from, true))
		return d;
	if (in->user != NULL && strcmp(in->user->name, d->user_name) == 0)
		return d;
	sip_agent_refused(a, from, SIP_REFUSED_DIALOG);
	return NULL;
}

static bool on_proof(struct sip_agent *a, struct sip_incoming *in, struct sip_user *user)
{
	struct sip_peer *peer = sip_agent_peer_named(a, user->peer);
	bool registers = MSG_IS_REGISTER(in->m);

	if (peer == NULL)
		return false;
	/* Both: the password of a user of this very peer.  A REGISTER may come through a proxy. */
	if (in->peer != NULL && !registers && !is_same_peer(in->peer, peer))
		return false;
	in->by_digest = in->peer == NULL;
	in->peer = peer;
	in->user = user;
	if (in->flow != 0)
		sip_transport_vouch(&a->transport, in->flow);
	return true;
}

static bool verify(struct sip_agent *a, struct sip_incoming *in)
{
	const struct sockaddr *from = (const struct sockaddr *)&in->from;
	uint64_t now_ms = loop_now_ms(a->loop);
	enum sip_refusal why = SIP_REFUSED_UNASKED;
	struct sip_user *user;

	enum sip_proof proof = sip_users_verify(&a->users, &in->scan, from, now_ms, &user);
	if (proof == SIP_PROOF_GOOD && on_proof(a, in, user))
		return true;
	if (proof == SIP_PROOF_GOOD || proof == SIP_PROOF_WRONG) {
		sip_guard_failed(a->guard, from, now_ms);
		why = SIP_REFUSED_PASSWORD;
	} else if (proof == SIP_PROOF_REPLAY) {
		why = SIP_REFUSED_REPLAY;
	}
	if (proof != SIP_PROOF_STALE) {
		a->counts.refused_stranger++;
		sip_agent_refused(a, from, why);
	}
	/* A count that was used is not told from a nonce that is too old: the owner, whose request
	 * overtook another by far, tries again with the next nonce. */
	challenge(a, in, proof == SIP_PROOF_STALE || proof == SIP_PROOF_REPLAY);
	return false;
}

bool sip_admit(struct sip_agent *a, struct sip_incoming *in)
{
	bool inside = *sip_message_tag(in->m->to) != '\0';

	if (MSG_IS_CANCEL(in->m)) { /* it has no password of its own: its INVITE answers for it */
		const struct sip_server *s = sip_layer_server(&a->layer, in, "INVITE");
		return s != NULL ? sip_admit_server(a, in, s) : in->peer != NULL;
	}
	if (inside && in->peer == NULL && is_in_own_call(a, in)) {
		const struct sip_dialog *d = sip_admit_dialog(a, in);
		in->peer = d != NULL ? d->peer : NULL;
		return d != NULL;
	}
	if (MSG_IS_REGISTER(in->m) && a->users.table != NULL)
		return verify(a, in);
	if (in->peer != NULL && (inside || in->peer->conf.proof == SIP_BY_ADDRESS))
		return true;
	return verify(a, in);
}
