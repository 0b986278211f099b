/* server.c - server transactions, RFC 3261 17.2 and RFC 6026 8.5; see transaction.h. */
#include "sip/address.h"
#include "sip/transaction.h"
#include "sip/transport.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { KEY_MAX = 1024 };

void sip_server_abandon(struct sip_server *s)
{
	struct sip_layer *l = s->layer;

	HASH_DELETE(hh, l->servers, s);
	if (s->merges)
		HASH_DELETE(hh_merge, l->merging, s);
	l->counts->transactions--;
	timer_stop(&s->retry);
	timer_stop(&s->life);
	sip_listener_release(s->listener);
	osip_message_free(s->request);
	free(s->merge_key);
	free(s->text);
	free(s);
}

static bool is_reliable(const struct sip_server *s)
{
	return s->to.protocol != SIP_UDP;
}

/* Timers H, I, J and L. */
static void on_end(void *arg)
{
	struct sip_server *s = arg;
	const struct sip_server_ops *ops = s->ops;
	void *user = s->arg;

	sip_server_abandon(s);
	if (ops != NULL)
		ops->gone(user);
}

void sip_server_resend(struct sip_server *s)
{
	if (s->text == NULL)
		return;
	s->layer->counts->retransmits_out++;
	sip_listener_send(s->listener, &s->to, s->text, s->len);
}

/* Timer G. */
static void on_retry(void *arg)
{
	struct sip_server *s = arg;
	struct sip_layer *l = s->layer;

	sip_server_resend(s);
	s->retry_ms = s->retry_ms * 2 > l->t2_ms ? l->t2_ms : s->retry_ms * 2;
	timer_start(l->loop, &s->retry, s->retry_ms, on_retry, s);
}

/* RFC 3261 17.2.3.  A branch without the cookie is RFC 2543's: then Call-ID, From tag and CSeq
 * stand for it; the To tag cannot, an ACK has one where its INVITE had none. */
static size_t server_key(char *out, size_t size, const osip_message_t *m, const char *method)
{
	const osip_via_t *via = osip_list_get(&m->vias, 0);
	const char *branch = sip_param(&via->via_params, "branch");
	const char *value = branch != NULL ? branch : "",
		   *port = via->port != NULL ? via->port : "";
	int n;

	if (strncasecmp(value, "z9hG4bK", 7) == 0 && value[7] != '\0')
		n = snprintf(out, size, "%s %s %s:%s", method, value, via->host, port);
	else
		n = snprintf(out, size, "%s %s %s:%s %s@%s %s %s", method, value, via->host, port,
			     m->call_id->number, m->call_id->host != NULL ? m->call_id->host : "",
			     sip_message_tag(m->from), m->cseq->number);
	if (n < 0 || (size_t)n >= size)
		return 0;
	for (char *p = out + strlen(method); *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	return (size_t)n;
}

static size_t merge_key(char *out, size_t size, const osip_message_t *m)
{
	const char *host = m->call_id->host != NULL ? m->call_id->host : "";
	int n = snprintf(out, size, "%s@%s %s %s %s", m->call_id->number, host,
			 sip_message_tag(m->from), m->cseq->number, m->cseq->method);

	return n < 0 || (size_t)n >= size ? 0 : (size_t)n;
}

struct sip_server *sip_layer_server(struct sip_layer *l, const struct sip_incoming *in,
				    const char *method)
{
	char key[KEY_MAX];
	struct sip_server *s = NULL;
	size_t len = server_key(key, sizeof(key), in->m, method);

	if (len > 0)
		HASH_FIND_BYHASHVALUE(hh, l->servers, key, len, sip_hash(&l->key, key, len), s);
	return s;
}

bool sip_layer_is_merged(struct sip_layer *l, const struct sip_incoming *in)
{
	char key[KEY_MAX];
	struct sip_server *s = NULL;
	size_t len = merge_key(key, sizeof(key), in->m);

	if (len > 0)
		HASH_FIND_BYHASHVALUE(hh_merge, l->merging, key, len, sip_hash(&l->key, key, len),
				      s);
	return s != NULL;
}

/* Only what starts outside a dialog can have been merged on the way. */
static void add_to_merging(struct sip_server *s, const osip_message_t *m)
{
	struct sip_layer *l = s->layer;
	char key[KEY_MAX];
	size_t len = merge_key(key, sizeof(key), m);

	if (len == 0 || *sip_message_tag(m->to) != '\0')
		return;
	struct sip_server *same = NULL;
	unsigned hash = sip_hash(&l->key, key, len);
	HASH_FIND_BYHASHVALUE(hh_merge, l->merging, key, len, hash, same);
	if (same != NULL)
		return; /* this one is the merged one */
	s->merge_key = strdup(key);
	if (s->merge_key == NULL)
		return; /* only 482 is lost */
	HASH_ADD_KEYPTR_BYHASHVALUE(hh_merge, l->merging, s->merge_key, len, hash, s);
	s->merges = s->hh_merge.tbl != NULL;
}

int sip_server_start(struct sip_server **out, struct sip_layer *l, const struct sip_incoming *in)
{
	char key[KEY_MAX];
	size_t len = server_key(key, sizeof(key), in->m, in->m->sip_method);

	*out = NULL;
	if (len == 0)
		return -EMSGSIZE;
	/* New calls must not keep a BYE from being heard: inside dialogs there is room for more. */
	bool inside = *sip_message_tag(in->m->to) != '\0' || MSG_IS_CANCEL(in->m);
	if (l->counts->transactions >= l->max * (inside ? 2 : 1))
		return -EAGAIN;
	struct sip_server *s = calloc(1, sizeof(*s) + len);
	if (s == NULL)
		return -ENOMEM;
	s->layer = l;
	s->invite = MSG_IS_INVITE(in->m);
	s->state = SIP_TX_TRYING;
	s->to = in->reply_to;
	memcpy(s->key, key, len);
	s->key_len = len;
	HASH_ADD_KEYPTR_BYHASHVALUE(hh, l->servers, s->key, len, sip_hash(&l->key, key, len), s);
	if (s->hh.tbl == NULL) {
		free(s);
		return -ENOMEM;
	}
	l->counts->transactions++;
	s->listener = sip_listener_hold(in->listener);
	add_to_merging(s, in->m);
	/* A response that could not be written for want of memory must not leave this for ever;
	 * an INVITE has a dialog that sees to it. */
	if (!s->invite)
		timer_start(l->loop, &s->life, 64ul * l->t1_ms, on_end, s);
	*out = s;
	return 0;
}

void sip_server_attach(struct sip_server *s, const struct sip_server_ops *ops, void *arg)
{
	s->ops = ops;
	s->arg = arg;
}

bool sip_server_receive(struct sip_server *s, const struct sip_incoming *in)
{
	struct sip_layer *l = s->layer;

	if (!MSG_IS_ACK(in->m)) {
		l->counts->retransmits_in++;
		/* In Accepted the dialog repeats the 2xx by its own clock; in Confirmed the
		 * far side has it. */
		if (s->state < SIP_TX_CONFIRMED)
			sip_server_resend(s);
		return true;
	}
	if (s->state == SIP_TX_ACCEPTED)
		return false;
	if (s->state == SIP_TX_COMPLETED && s->invite) {
		s->state = SIP_TX_CONFIRMED;
		timer_stop(&s->retry);
		/* timer I */
		timer_start(l->loop, &s->life, is_reliable(s) ? 0 : l->t4_ms, on_end, s);
	}
	return true;
}

static void set_final(struct sip_server *s, int status)
{
	struct sip_layer *l = s->layer;

	osip_message_free(s->request);
	s->request = NULL;
	/* Timers H, J and L: all the same length, but J 0 where nothing is repeated. */
	bool at_once = !s->invite && is_reliable(s);
	timer_start(l->loop, &s->life, at_once ? 0 : 64ul * l->t1_ms, on_end, s);
	if (s->invite && status < 300) {
		s->state = SIP_TX_ACCEPTED;
		return;
	}
	s->state = SIP_TX_COMPLETED;
	if (s->invite && !is_reliable(s)) {
		s->retry_ms = l->t1_ms;
		timer_start(l->loop, &s->retry, s->retry_ms, on_retry, s);
	}
}

int sip_server_respond(struct sip_server *s, struct sip_draft *draft)
{
	int status = draft->m != NULL ? draft->m->status_code : 500;
	char *text;
	size_t len;
	int r = sip_draft_text(draft, &text, &len);

	if (r == 0) {
		free(s->text);
		s->text = text;
		s->len = len;
		sip_listener_send(s->listener, &s->to, text, len);
	}
	/* A final response that could not be written still ends the transaction. */
	if (r < 0 && status >= 200) {
		free(s->text);
		s->text = NULL;
	}
	if (status >= 200)
		set_final(s, status);
	else
		s->state = SIP_TX_PROCEEDING;
	return r;
}
