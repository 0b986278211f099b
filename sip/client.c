/* client.c - client transactions, RFC 3261 17.1 and RFC 6026 8.4; see transaction.h. */
#include "sip/address.h"
#include "sip/transaction.h"
#include "sip/transport.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void client_free(struct sip_client *c)
{
	struct sip_layer *l = c->layer;

	HASH_DELETE(hh, l->clients, c);
	l->counts->transactions--;
	timer_stop(&c->retry);
	timer_stop(&c->life);
	sip_transport_unwatch(&c->watch);
	sip_listener_release(c->listener);
	sip_login_release(c->login);
	free(c->text);
	free(c->datagram);
	free(c->ack);
	free(c);
}

static void client_end(struct sip_client *c)
{
	const struct sip_client_ops *ops = c->ops;
	void *arg = c->arg;

	client_free(c);
	if (ops != NULL)
		ops->gone(arg);
}

void sip_client_abandon(struct sip_client *c)
{
	client_free(c);
}

/* Timers D, K and M. */
static void on_end(void *arg)
{
	client_end(arg);
}

/* Timers B and F. */
static void on_timeout(void *arg)
{
	struct sip_client *c = arg;

	if (c->ops != NULL)
		c->ops->timeout(c->arg);
	client_end(c);
}

/* Timers A and E, UDP only: A doubles for ever, E up to T2 and is T2 once something came. */
static void on_retry(void *arg)
{
	struct sip_client *c = arg;
	struct sip_layer *l = c->layer;

	l->counts->retransmits_out++;
	sip_listener_send(c->listener, &c->to, c->text, c->len);
	c->retry_ms *= 2;
	if (!c->invite && (c->retry_ms > l->t2_ms || c->state == SIP_TX_PROCEEDING))
		c->retry_ms = l->t2_ms;
	timer_start(l->loop, &c->retry, c->retry_ms, on_retry, c);
}

static size_t client_key(char *out, size_t size, struct sip_text branch, struct sip_text method)
{
	if (branch.len == 0 || branch.len + 1 + method.len > size)
		return 0;
	memcpy(out, branch.at, branch.len);
	out[branch.len] = ' ';
	memcpy(out + branch.len + 1, method.at, method.len);
	return branch.len + 1 + method.len;
}

enum { SIP_DATAGRAM_SAFE = 1300 }; /* octets, 18.1.1: where the path MTU is not known */

enum { KEY_MAX = 96 }; /* our branches and methods fit; what does not is not ours */

struct sip_client *sip_layer_client(struct sip_layer *l, const struct sip_scan *scan)
{
	char key[KEY_MAX];
	struct sip_client *c = NULL;
	size_t len = client_key(key, sizeof(key), sip_scan_branch(scan), scan->method);

	if (len > 0)
		HASH_FIND_BYHASHVALUE(hh, l->clients, key, len, sip_hash(&l->key, key, len), c);
	return c;
}

static int client_new(struct sip_client **out, struct sip_layer *l, const osip_message_t *m)
{
	const osip_via_t *via = osip_list_get(&m->vias, 0);
	/* The parser takes a lack of memory for a missing parameter. */
	const char *branch = via != NULL ? sip_param(&via->via_params, "branch") : NULL;
	char key[KEY_MAX];

	*out = NULL;
	/* However full it is, a call must be able to end: BYE and CANCEL always go. */
	bool invite = strcmp(m->sip_method, "INVITE") == 0;
	if (invite && l->counts->transactions >= l->max)
		return -EAGAIN;
	struct sip_text b = {branch, branch != NULL ? strlen(branch) : 0};
	struct sip_text method = {m->sip_method, strlen(m->sip_method)};
	size_t len = client_key(key, sizeof(key), b, method);
	struct sip_client *c = calloc(1, sizeof(*c) + len);
	if (c == NULL || len == 0) {
		free(c);
		return -ENOMEM;
	}
	c->layer = l;
	c->invite = invite;
	memcpy(c->key, key, len);
	c->key_len = len;
	HASH_ADD_KEYPTR_BYHASHVALUE(hh, l->clients, c->key, len, sip_hash(&l->key, key, len), c);
	if (c->hh.tbl == NULL) {
		free(c);
		return -ENOMEM;
	}
	l->counts->transactions++;
	*out = c;
	return 0;
}

/* --- sending --- */

static bool is_reliable(const struct sip_client *c)
{
	return c->to.protocol != SIP_UDP;
}

static void on_lost(void *arg, int error);

static int transmit(struct sip_client *c)
{
	int r = sip_listener_send(c->listener, &c->to, c->text, c->len);

	if (r == 0 && is_reliable(c))
		sip_transport_watch(c->listener->transport, c->to.flow, &c->watch, on_lost, c);
	return r;
}

/* RFC 3261 18.1.1: what would be torn into fragments goes by TCP, under a Via that says so. */
static void grow(struct sip_client *c)
{
	struct sip_target tcp = c->to;
	struct sockaddr_storage local;
	char sent_by[SIP_ADDR_TEXT], *text;
	size_t len;

	tcp.protocol = SIP_TCP;
	if (sip_transport_pick(c->listener->transport, &tcp, &local) == NULL ||
	    sip_message_move(c->text, c->len, SIP_TCP,
			     sip_addr_text((struct sockaddr *)&local, sent_by), &text, &len) < 0)
		return;
	c->datagram = c->text;
	c->datagram_len = c->len;
	c->text = text;
	c->len = len;
	c->to = tcp;
}

static void shrink(struct sip_client *c)
{
	free(c->text);
	c->text = c->datagram;
	c->len = c->datagram_len;
	c->datagram = NULL;
	c->to.protocol = SIP_UDP;
	c->to.flow = 0;
}

static void start_retries(struct sip_client *c)
{
	struct sip_layer *l = c->layer;

	if (is_reliable(c))
		return;
	c->retry_ms = l->t1_ms;
	timer_start(l->loop, &c->retry, c->retry_ms, on_retry, c);
}

/* The connection is gone.  Once there was a response the far side knows of the request, and may
 * answer by a connection of its own (18.2.2). */
static void on_lost(void *arg, int error)
{
	struct sip_client *c = arg;

	if (c->state != SIP_TX_TRYING)
		return;
	if (c->datagram != NULL) { /* 18.1.1: it takes no TCP, then UDP all the same */
		shrink(c);
		error = transmit(c);
		start_retries(c);
	} else if (error == -ECONNRESET && !c->sent_again) { /* closed just as it was used */
		c->sent_again = true;
		error = transmit(c);
	}
	if (error == 0 || (error == -EAGAIN && !is_reliable(c)))
		return;
	if (c->ops != NULL && c->ops->unreachable != NULL)
		c->ops->unreachable(c->arg, error);
	else if (c->ops != NULL)
		c->ops->timeout(c->arg);
	client_end(c);
}

int sip_client_start(struct sip_client **out, struct sip_layer *l, struct sip_listener *via,
		     const struct sip_target *to, struct sip_draft *draft)
{
	struct sip_client *c = NULL;
	int r = draft->error;

	if (r == 0 && draft->login != NULL)
		r = sip_login_sign(draft->login, draft);
	if (r == 0)
		r = client_new(&c, l, draft->m);
	*out = c;
	if (r < 0) {
		osip_message_free(draft->m);
		return r;
	}
	c->listener = sip_listener_hold(via);
	c->to = *to;
	c->login = sip_login_hold(draft->login);
	r = sip_draft_text(draft, &c->text, &c->len);
	if (r == 0 && c->len > SIP_DATAGRAM_SAFE && to->protocol == SIP_UDP && to->may_grow)
		grow(c);
	if (r == 0)
		r = transmit(c);
	if (r < 0 && c->datagram != NULL) {
		shrink(c);
		r = transmit(c);
	}
	if (r < 0 && r != -EAGAIN) { /* no room to send now: timer A or E tries again */
		client_free(c);
		*out = NULL;
		return r;
	}
	start_retries(c);
	timer_start(l->loop, &c->life, 64ul * l->t1_ms, on_timeout, c);
	return 0;
}

void sip_client_attach(struct sip_client *c, const struct sip_client_ops *ops, void *arg)
{
	c->ops = ops;
	c->arg = arg;
}

static void send_ack(struct sip_client *c, const struct sip_incoming *in)
{
	if (c->ack == NULL) {
		struct sip_draft d;
		sip_draft_derive(&d, "ACK", c->text, c->len, in->m->to);
		if (sip_draft_text(&d, &c->ack, &c->ack_len) < 0)
			return; /* the response comes again */
	}
	sip_listener_send(c->listener, &c->to, c->ack, c->ack_len);
}

void sip_client_logout(struct sip_client *c)
{
	sip_login_release(c->login);
	c->login = NULL;
}

/* RFC 3261 22.1: the request again, with what a 401 or 407 asks for.  False: there is nothing new
 * to say, the answer is final. */
static bool client_again(struct sip_client *c, const struct sip_incoming *in)
{
	struct sip_draft draft;
	struct sip_client *fresh;

	if (c->login == NULL || c->ops == NULL || c->ops->again == NULL ||
	    !sip_login_learn(c->login, &c->asked, in))
		return false;
	sip_draft_again(&draft, c->text, c->len);
	draft.login = c->login;
	if (sip_client_start(&fresh, c->layer, c->listener, &c->to, &draft) < 0)
		return false;
	fresh->asked = c->asked;
	sip_client_attach(fresh, c->ops, c->arg);
	sip_client_attach(c, NULL, NULL);
	fresh->ops->again(fresh->arg, fresh, in->scan.cseq_number + 1);
	return true;
}

static void invite_receive(struct sip_client *c, const struct sip_incoming *in)
{
	struct sip_layer *l = c->layer;
	int status = in->m->status_code;
	bool waiting = c->state == SIP_TX_TRYING || c->state == SIP_TX_PROCEEDING;

	if (c->state == SIP_TX_COMPLETED) {
		if (status >= 300) {
			l->counts->retransmits_in++;
			send_ack(c, in);
		}
		return;
	}
	if (!waiting && (status < 200 || status >= 300))
		return;
	timer_stop(&c->retry);
	if (status < 200) {
		c->state = SIP_TX_PROCEEDING;
		timer_stop(&c->life);
	} else if (status < 300) {
		if (waiting) /* timer M, from the first 2xx on */
			timer_start(l->loop, &c->life, 64ul * l->t1_ms, on_end, c);
		c->state = SIP_TX_ACCEPTED;
	} else {
		unsigned d_ms = 64 * l->t1_ms > 32000 ? 64 * l->t1_ms : 32000;
		c->state = SIP_TX_COMPLETED;
		timer_start(l->loop, &c->life, is_reliable(c) ? 0 : d_ms, on_end, c);
		send_ack(c, in);
		if (client_again(c, in))
			return;
	}
	if (c->ops != NULL)
		c->ops->response(c->arg, in);
}

static void other_receive(struct sip_client *c, const struct sip_incoming *in)
{
	struct sip_layer *l = c->layer;

	if (c->state == SIP_TX_COMPLETED) {
		l->counts->retransmits_in++;
		return;
	}
	if (in->m->status_code < 200) {
		c->state = SIP_TX_PROCEEDING;
	} else {
		c->state = SIP_TX_COMPLETED;
		timer_stop(&c->retry);
		/* timer K */
		timer_start(l->loop, &c->life, is_reliable(c) ? 0 : l->t4_ms, on_end, c);
		if (client_again(c, in))
			return;
	}
	if (c->ops != NULL)
		c->ops->response(c->arg, in);
}

void sip_client_receive(struct sip_client *c, const struct sip_incoming *in)
{
	if (c->invite)
		invite_receive(c, in);
	else
		other_receive(c, in);
}

void sip_layer_init(struct sip_layer *l, struct loop *loop, struct sip_agent_counts *counts)
{
	memset(l, 0, sizeof(*l));
	l->loop = loop;
	l->counts = counts;
	sip_random(&l->key, sizeof(l->key));
}

void sip_layer_close(struct sip_layer *l)
{
	struct sip_client *c, *next;

	HASH_ITER(hh, l->clients, c, next)
	client_free(c);
	while (l->servers != NULL)
		sip_server_abandon(l->servers);
}
