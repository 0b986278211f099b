#include "sip/registrar.h"

#include "gateway/base/clock.h"
#include "sip/address.h"
#include "sip/agent_impl.h"
#include "sip/memory.h"
#include "sip/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { EXPIRES_DEFAULT_S = 3600, CONTACTS_IN_MAX = 16 };

/* A Contact of a REGISTER, read and found good before anything is changed (10.3 step 7). */
struct wish {
	char contact[SIP_CONTACT_MAX], instance[SIP_INSTANCE_MAX];
	unsigned expires_s, q_milli;
};

/* --- bindings --- */

static void store_put(struct sip_registrar *r, const struct sip_binding *b)
{
	char source[SIP_ADDR_TEXT + 8], addr[SIP_ADDR_TEXT];
	uint64_t left_ms = b->expires_ms - loop_now_ms(r->loop);
	snprintf(source, sizeof(source), "%s:%s", sip_protocol_name(b->protocol),
		 sip_addr_text((const struct sockaddr *)&b->source, addr));
	const struct sip_stored s = {
		b->user->name, b->contact, b->path, b->instance, b->software,
		b->call_id,    source,     b->cseq, b->q_milli,  clock_wall_ms() + left_ms};

	if (r->store != NULL)
		sip_store_put(r->store, &s);
}

static void binding_unlink(struct sip_binding *b)
{
	struct sip_binding **at = &b->user->bindings;

	while (*at != b)
		at = &(*at)->next;
	*at = b->next;
	b->user->binding_count--;
	b->registrar->bindings--;
}

static void binding_free(struct sip_binding *b)
{
	timer_stop(&b->expiry);
	binding_unlink(b);
	free(b);
}

static void binding_remove(struct sip_binding *b, const char *why)
{
	log_line(LOG_SIP, LOG_INFO, "registrar: %s is no more at %s: %s", b->user->name, b->contact,
		 why);
	if (b->registrar->store != NULL)
		sip_store_remove(b->registrar->store, b->user->name, b->contact);
	binding_free(b);
}

static void on_expiry(void *arg)
{
	binding_remove(arg, "expired");
}

static struct sip_binding *binding_find(const struct sip_user *user, const char *contact)
{
	for (struct sip_binding *b = user->bindings; b != NULL; b = b->next)
		if (strcmp(b->contact, contact) == 0)
			return b;
	return NULL;
}

static struct sip_binding *binding_new(struct sip_registrar *r, struct sip_user *user)
{
	struct sip_binding *b = calloc(1, sizeof(*b));

	if (b == NULL)
		return NULL;
	b->registrar = r;
	b->user = user;
	b->next = user->bindings;
	user->bindings = b;
	user->binding_count++;
	r->bindings++;
	return b;
}

static void binding_arm(struct sip_binding *b, uint64_t life_ms)
{
	struct sip_registrar *r = b->registrar;

	b->refreshed_ms = loop_now_ms(r->loop);
	b->expires_ms = b->refreshed_ms + life_ms;
	timer_start(r->loop, &b->expiry, life_ms, on_expiry, b);
}

/* The one refreshed longest ago. */
static void make_room(struct sip_user *user)
{
	struct sip_binding *oldest = user->bindings;

	for (struct sip_binding *b = user->bindings; b != NULL; b = b->next)
		if (b->refreshed_ms < oldest->refreshed_ms)
			oldest = b;
	if (oldest != NULL)
		binding_remove(oldest, "too many contacts");
}

const struct sip_binding *sip_registrar_best(const struct sip_user *user)
{
	const struct sip_binding *best = user->bindings;

	for (const struct sip_binding *b = best; b != NULL; b = b->next)
		if (b->q_milli > best->q_milli ||
		    (b->q_milli == best->q_milli && b->refreshed_ms > best->refreshed_ms))
			best = b;
	return best;
}

/* A contact whose host is where the REGISTER came from is believed, port and all; what says another
 * address sits behind a NAT or a proxy. */
void sip_binding_hop(const struct sip_binding *b, struct sip_target *out)
{
	osip_uri_t *uri;
	struct sockaddr_storage literal;

	*out = (struct sip_target){.protocol = b->protocol, .addr = b->source, .flow = b->flow};
	if (b->path[0] != '\0' || osip_uri_init(&uri) != OSIP_SUCCESS)
		return;
	if (osip_uri_parse(uri, b->contact) == OSIP_SUCCESS && uri->host != NULL) {
		int port = uri->port != NULL ? atoi(uri->port) : sip_protocol_port(b->protocol);
		if (port > 0 && port <= UINT16_MAX &&
		    sip_addr_parse(&literal, uri->host, (uint16_t)port) &&
		    sip_addr_equal((struct sockaddr *)&literal, (const struct sockaddr *)&b->source,
				   false))
			out->addr = literal;
	}
	osip_uri_free(uri);
}

/* --- reading a REGISTER --- */

/* Decimal, or -1. */
static long seconds(const char *text)
{
	long value = 0;

	if (*text == '\0')
		return -1;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return -1;
		if (value < 1000000000)
			value = value * 10 + (*text - '0');
	}
	return value;
}

/* "0.5" as 500; anything else than RFC 3261 25.1's qvalue counts as 1. */
static unsigned q_milli(const char *text)
{
	unsigned value = 0, scale = 100;

	if (text == NULL || text[0] != '0' || (text[1] != '\0' && text[1] != '.'))
		return 1000;
	for (text += text[1] == '.' ? 2 : 1; *text >= '0' && *text <= '9' && scale > 0; text++) {
		value += (unsigned)(*text - '0') * scale;
		scale /= 10;
	}
	return value;
}

static bool copy_text(char *out, size_t size, const char *text)
{
	size_t n = strlen(text);

	if (n >= size)
		return false;
	memcpy(out, text, n + 1);
	return true;
}

/* 0 or the status to refuse with. */
static int read_wish(struct wish *w, const osip_contact_t *contact, long expires_s)
{
	const char *param = sip_param(&contact->gen_params, "expires");
	const char *instance = sip_param(&contact->gen_params, "+sip.instance");
	char *text = NULL;

	if (contact->url == NULL || contact->url->scheme == NULL || contact->url->host == NULL ||
	    strncasecmp(contact->url->scheme, "sip", 3) != 0 ||
	    osip_uri_to_str(contact->url, &text) != OSIP_SUCCESS)
		return 400;
	bool fits = copy_text(w->contact, sizeof(w->contact), text);
	osip_free(text);
	if (!fits || strpbrk(w->contact, "<>\"\r\n") != NULL)
		return 400;
	long own_s = param != NULL ? seconds(param) : -1;
	if (own_s < 0) /* 10.2.1.1: what cannot be read counts as an hour */
		own_s = param != NULL ? EXPIRES_DEFAULT_S : expires_s;
	w->expires_s = (unsigned)own_s;
	w->q_milli = q_milli(sip_param(&contact->gen_params, "q"));
	if (instance == NULL || !copy_text(w->instance, sizeof(w->instance), instance))
		w->instance[0] = '\0';
	return 0;
}

static bool read_path(char out[SIP_BINDING_PATH_MAX], const osip_message_t *m)
{
	const char *value;
	size_t used = 0;

	out[0] = '\0';
	for (int i = 0; (value = sip_message_header(m, "Path", i)) != NULL; i++) {
		int n = snprintf(out + used, SIP_BINDING_PATH_MAX - used, "%s%s", i > 0 ? ", " : "",
				 value);
		if (n < 0 || (size_t)n >= SIP_BINDING_PATH_MAX - used)
			return false;
		used += (size_t)n;
	}
	return true;
}

static bool is_star(const osip_contact_t *c)
{
	return c->displayname != NULL && strcmp(c->displayname, "*") == 0;
}

/* --- answers --- */

static void respond(struct sip_agent *a, struct sip_server *s, const struct sip_incoming *in,
		    struct sip_draft *draft)
{
	if (a->user_agent[0] != '\0')
		sip_draft_header(draft, "Server", "%s", a->user_agent);
	sip_server_respond(s, draft);
}

static void respond_bindings(struct sip_registrar *r, struct sip_agent *a,
			     const struct sip_incoming *in, struct sip_server *s)
{
	char tag[SIP_TOKEN_SIZE];
	struct sip_draft draft;
	uint64_t now_ms = loop_now_ms(r->loop);
	const char *value;

	sip_draft_response(&draft, in->m, 200, NULL, sip_token(tag));
	for (const struct sip_binding *b = in->user->bindings; b != NULL; b = b->next)
		sip_draft_set(&draft, osip_message_set_contact, "<%s>;q=%u.%03u;expires=%llu",
			      b->contact, b->q_milli / 1000, b->q_milli % 1000,
			      (unsigned long long)((b->expires_ms - now_ms + 999) / 1000));
	for (int i = 0; (value = sip_message_header(in->m, "Path", i)) != NULL; i++)
		sip_draft_header(&draft, "Path", "%s", value); /* RFC 3327 5.3 */
	respond(a, s, in, &draft);
}

static void respond_brief(struct sip_registrar *r, struct sip_agent *a,
			  const struct sip_incoming *in, struct sip_server *s)
{
	char tag[SIP_TOKEN_SIZE];
	struct sip_draft draft;

	sip_draft_response(&draft, in->m, 423, NULL, sip_token(tag));
	sip_draft_header(&draft, "Min-Expires", "%u", r->conf.expires_min_s);
	respond(a, s, in, &draft);
}

/* --- REGISTER --- */

/* 10.3 step 7: a request that was overtaken changes nothing. */
static bool is_overtaken(const struct sip_user *user, const char *contact,
			 const struct sip_incoming *in)
{
	for (const struct sip_binding *b = user->bindings; b != NULL; b = b->next)
		if ((contact == NULL || strcmp(b->contact, contact) == 0) &&
		    sip_message_call_id_is(in->m, b->call_id) && in->scan.cseq_number <= b->cseq)
			return true;
	return false;
}

static bool set_binding(struct sip_registrar *r, const struct wish *w,
			const struct sip_incoming *in)
{
	struct sip_user *user = in->user;
	const char *software = sip_message_header(in->m, "User-Agent", 0);
	struct sip_binding *b = binding_find(user, w->contact), *next;

	if (w->expires_s == 0) {
		if (b != NULL)
			binding_remove(b, "unregistered");
		return true;
	}
	/* A phone that was restarted comes with another contact, and its old one is dead. */
	for (struct sip_binding *old = user->bindings; old != NULL; old = next) {
		next = old->next;
		if (old != b && w->instance[0] != '\0' && strcmp(old->instance, w->instance) == 0)
			binding_remove(old, "it comes from elsewhere now");
	}
	if (b == NULL) {
		while (user->binding_count >= r->conf.contacts_max)
			make_room(user);
		b = binding_new(r, user);
		if (b == NULL)
			return false;
		log_line(LOG_SIP, LOG_INFO, "registrar: %s is at %s", user->name, w->contact);
	}
	char *call_id = sip_message_call_id(in->m);
	copy_text(b->contact, sizeof(b->contact), w->contact);
	copy_text(b->instance, sizeof(b->instance), w->instance);
	snprintf(b->software, sizeof(b->software), "%s", software != NULL ? software : "");
	snprintf(b->call_id, sizeof(b->call_id), "%s", call_id != NULL ? call_id : "");
	free(call_id);
	read_path(b->path, in->m);
	b->cseq = in->scan.cseq_number;
	b->q_milli = w->q_milli;
	b->source = in->from;
	b->protocol = in->listener->protocol;
	b->flow = in->flow;
	binding_arm(b, 1000ull * w->expires_s);
	store_put(r, b);
	return true;
}

/* 0, or the status to refuse with. */
static int read_wishes(struct sip_registrar *r, struct wish wish[CONTACTS_IN_MAX],
		       const struct sip_incoming *in, unsigned *count)
{
	const char *header = sip_message_header(in->m, "Expires", 0);
	long expires_s = header != NULL ? seconds(header) : EXPIRES_DEFAULT_S;

	*count = (unsigned)osip_list_size(&in->m->contacts);
	if (*count > CONTACTS_IN_MAX || *count > r->conf.contacts_max)
		return 403;
	if (expires_s < 0)
		expires_s = EXPIRES_DEFAULT_S;
	for (unsigned i = 0; i < *count; i++) {
		int status =
			read_wish(&wish[i], osip_list_get(&in->m->contacts, (int)i), expires_s);
		if (status != 0)
			return status;
		if (is_overtaken(in->user, wish[i].contact, in))
			return 500;
		if (wish[i].expires_s != 0 && wish[i].expires_s < r->conf.expires_min_s)
			return 423;
		if (wish[i].expires_s > r->conf.expires_max_s)
			wish[i].expires_s = r->conf.expires_max_s;
	}
	return 0;
}

/* "*": all of them go, but only by Expires: 0 (10.2.2). */
static int remove_all(const struct sip_incoming *in)
{
	const char *header = sip_message_header(in->m, "Expires", 0);

	if (osip_list_size(&in->m->contacts) != 1 || header == NULL || seconds(header) != 0)
		return 400;
	if (is_overtaken(in->user, NULL, in))
		return 500;
	while (in->user->bindings != NULL)
		binding_remove(in->user->bindings, "unregistered");
	return 0;
}

void sip_registrar_receive(struct sip_registrar *r, struct sip_agent *a,
			   const struct sip_incoming *in, struct sip_server *s)
{
	struct wish wish[CONTACTS_IN_MAX];
	char path[SIP_BINDING_PATH_MAX];
	unsigned count = 0;
	int status = 0;

	const osip_contact_t *first = osip_list_get(&in->m->contacts, 0);
	if (!read_path(path, in->m))
		status = 400;
	else if (first != NULL && is_star(first))
		status = remove_all(in);
	else
		status = read_wishes(r, wish, in, &count);
	for (unsigned i = 0; i < count && status == 0; i++)
		if (!set_binding(r, &wish[i], in))
			status = 503;
	if (status == 0)
		respond_bindings(r, a, in, s);
	else if (status == 423)
		respond_brief(r, a, in, s);
	else
		sip_agent_reply(a, s, in, status, NULL);
}

/* --- life --- */

void sip_registrar_forget(struct sip_registrar *r, struct sip_user *user)
{
	while (user->bindings != NULL)
		binding_remove(user->bindings, "no longer configured");
}

struct restore {
	struct sip_registrar *registrar;
	struct sip_users *users;
	uint64_t now_ms; /* time of day */
};

static void on_stored(void *arg, const struct sip_stored *s)
{
	struct restore *restore = arg;
	struct sip_registrar *r = restore->registrar;
	struct sip_user *user = sip_users_find(restore->users, s->user, strlen(s->user));
	const char *first = strchr(s->source, ':'), *colon = strrchr(s->source, ':');
	char host[SIP_ADDR_TEXT];
	struct sockaddr_storage source;
	enum sip_protocol protocol;

	if (user == NULL || first == colon || first == NULL ||
	    !sip_protocol_parse(&protocol, s->source, (size_t)(first - s->source)) ||
	    s->expires_wall_ms <= restore->now_ms ||
	    s->expires_wall_ms - restore->now_ms > 1000ull * r->conf.expires_max_s ||
	    user->binding_count >= r->conf.contacts_max)
		return;
	snprintf(host, sizeof(host), "%.*s", (int)(colon - first - 1), first + 1);
	if (!sip_addr_parse(&source, host, (uint16_t)atoi(colon + 1)))
		return;
	struct sip_binding *b = binding_new(r, user);
	if (b == NULL)
		return;
	b->source = source;
	b->protocol = protocol;
	if (!copy_text(b->contact, sizeof(b->contact), s->contact) ||
	    !copy_text(b->path, sizeof(b->path), s->path) ||
	    !copy_text(b->instance, sizeof(b->instance), s->instance) ||
	    !copy_text(b->call_id, sizeof(b->call_id), s->call_id)) {
		binding_free(b);
		return;
	}
	snprintf(b->software, sizeof(b->software), "%s", s->software);
	b->cseq = s->cseq;
	b->q_milli = s->q_milli;
	binding_arm(b, s->expires_wall_ms - restore->now_ms);
}

int sip_registrar_open(struct sip_registrar *r, struct loop *loop,
		       const struct sip_registrar_conf *conf, struct sip_users *users, char *err,
		       size_t err_size)
{
	struct restore restore = {r, users, clock_wall_ms()};

	*r = (struct sip_registrar){.loop = loop, .conf = *conf};
	if (conf->path[0] == '\0')
		return 0;
	return sip_store_open(&r->store, conf->path, on_stored, &restore, err, err_size);
}

void sip_registrar_close(struct sip_registrar *r, struct sip_users *users)
{
	for (struct sip_user *user = users->table; user != NULL; user = user->hh.next)
		while (user->bindings != NULL)
			binding_free(user->bindings); /* it stays in the file */
	sip_store_close(r->store);
	r->store = NULL;
}
