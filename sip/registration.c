#include "sip/registration.h"

#include "sip/address.h"
#include "sip/agent_impl.h"
#include "sip/memory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	BASE_MS = 30000,
	BASE_MAX_MS = 1800000,
	PACE_MS = 100, /* between the first REGISTERs of many extensions */
	EXPIRES_MAX_S = 7 * 86400,
	ROUTE_MAX = 512,
};

struct sip_registration {
	struct sip_registration *next;
	struct sip_agent *agent;
	struct sip_peer *peer; /* held */
	char user[SIP_LOGIN_USER_MAX];
	enum sip_registration_state state;
	struct sip_listener *listener; /* held; NULL before the first try */
	struct sockaddr_storage local;
	char call_id[SIP_TOKEN_SIZE], tag[SIP_TOKEN_SIZE];
	uint32_t cseq;
	unsigned wish_s;    /* asked for */
	unsigned granted_s; /* 0 = not registered */
	unsigned failures;
	int last_status;
	bool brief; /* 423 was obeyed and the answer is still to come */
	uint64_t until_ms;
	char route[ROUTE_MAX];                  /* Service-Route */
	char associated[SIP_REGISTERED_ID_MAX]; /* P-Associated-URI, the first */
	struct sip_login *login;                /* its own; NULL: the peer's */
	struct sip_client *client;
	struct timer timer;
};

static void on_timer(void *arg);

/* --- waiting --- */

static uint64_t chance(uint64_t most)
{
	uint32_t random;

	sip_random(&random, sizeof(random));
	return most / 2 + random % (most / 2 + 1);
}

static void wait_longer(struct sip_registration *r)
{
	uint64_t most = BASE_MS;

	for (unsigned i = 0; i < r->failures && most < BASE_MAX_MS; i++)
		most *= 2;
	r->failures++;
	r->state = SIP_REG_WAITING;
	timer_start(r->agent->loop, &r->timer, chance(most < BASE_MAX_MS ? most : BASE_MAX_MS),
		    on_timer, r);
}

static void registration_free(struct sip_registration *r)
{
	struct sip_registration **at = &r->agent->registrations;

	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	timer_stop(&r->timer);
	if (r->client != NULL)
		sip_client_attach(r->client, NULL, NULL);
	sip_listener_release(r->listener);
	sip_login_release(r->login);
	sip_agent_peer_release(r->agent, r->peer);
	free(r);
}

static void on_failure(struct sip_registration *r, int status, const char *why)
{
	if (r->state == SIP_REG_ENDING) {
		registration_free(r);
		return;
	}
	if (r->failures == 0 || status != r->last_status)
		log_line(LOG_SIP, LOG_WARN, "peer %s: %s is not registered: %s%s",
			 r->peer->conf.name, r->user, why,
			 status == 401 || status == 407 || status == 403
				 ? " (username and password of the peer, or what it knows of us)"
				 : "");
	if (loop_now_ms(r->agent->loop) >= r->until_ms)
		r->granted_s = 0;
	r->last_status = status;
	wait_longer(r);
}

/* --- what comes back --- */

static long seconds_of(const char *text)
{
	char *end;
	long value = text != NULL && *text >= '0' && *text <= '9' ? strtol(text, &end, 10) : -1;

	return value >= 0 && value <= EXPIRES_MAX_S ? value : -1;
}

/* How long our contact is good for: its own parameter, else Expires, else as asked (10.2.4). */
static unsigned granted(const struct sip_registration *r, const osip_message_t *m)
{
	char port[8];

	snprintf(port, sizeof(port), "%u", sip_addr_port((const struct sockaddr *)&r->local));
	for (int i = 0; i < osip_list_size(&m->contacts); i++) {
		const osip_contact_t *c = osip_list_get(&m->contacts, i);
		struct sockaddr_storage host;
		if (c->url == NULL || c->url->host == NULL ||
		    !sip_addr_parse(&host, c->url->host, 0) ||
		    !sip_addr_equal((struct sockaddr *)&host, (const struct sockaddr *)&r->local,
				    false) ||
		    (c->url->port != NULL && strcmp(c->url->port, port) != 0))
			continue;
		long own_s = seconds_of(sip_param(&c->gen_params, "expires"));
		if (own_s > 0)
			return (unsigned)own_s;
	}
	long all_s = seconds_of(sip_message_header(m, "Expires", 0));
	return all_s > 0 ? (unsigned)all_s : r->wish_s;
}

static void keep_lists(struct sip_registration *r, const osip_message_t *m)
{
	const char *value;
	size_t used = 0;

	r->route[0] = '\0';
	for (int i = 0; (value = sip_message_header(m, "Service-Route", i)) != NULL; i++) {
		int n = snprintf(r->route + used, ROUTE_MAX - used, "%s%s", i > 0 ? ", " : "",
				 value);
		if (n < 0 || (size_t)n >= ROUTE_MAX - used) {
			r->route[0] = '\0'; /* half a route leads nowhere */
			break;
		}
		used += (size_t)n;
	}
	value = sip_message_header(m, "P-Associated-URI", 0);
	snprintf(r->associated, sizeof(r->associated), "%s", value != NULL ? value : "");
}

static void on_success(struct sip_registration *r, const osip_message_t *m)
{
	uint64_t now_ms = loop_now_ms(r->agent->loop);

	if (r->state == SIP_REG_ENDING) {
		registration_free(r);
		return;
	}
	if (r->granted_s == 0 || r->failures > 0)
		log_line(LOG_SIP, LOG_INFO, "peer %s: %s is registered", r->peer->conf.name,
			 r->user);
	r->granted_s = granted(r, m);
	keep_lists(r, m);
	r->state = SIP_REG_REGISTERED;
	r->failures = 0;
	r->last_status = 200;
	r->until_ms = now_ms + 1000ull * r->granted_s;
	/* Early enough for one that is lost and repeated for 32 s; of a brief one, at its half. */
	uint64_t early_ms = r->granted_s > 120 ? 60000 : 500ull * r->granted_s;
	timer_start(r->agent->loop, &r->timer, 1000ull * r->granted_s - early_ms, on_timer, r);
}

static void on_response(void *arg, const struct sip_incoming *in)
{
	struct sip_registration *r = arg;
	int status = in->m->status_code;
	long least_s = seconds_of(sip_message_header(in->m, "Min-Expires", 0));
	char why[80];

	if (status < 200)
		return;
	sip_client_attach(r->client, NULL, NULL);
	r->client = NULL;
	if (status < 300) {
		r->brief = false;
		on_success(r, in->m);
	} else if (status == 423 && least_s > (long)r->wish_s && !r->brief &&
		   r->state != SIP_REG_ENDING) {
		r->brief = true;
		r->wish_s = (unsigned)least_s;
		on_timer(r);
	} else {
		r->brief = false;
		snprintf(why, sizeof(why), "%d %s", status,
			 in->m->reason_phrase != NULL ? in->m->reason_phrase : "");
		for (char *p = why; *p != '\0'; p++)
			if ((unsigned char)*p < ' ' || *p == 127)
				*p = '?';
		on_failure(r, status, why);
	}
}

static void on_timeout(void *arg)
{
	struct sip_registration *r = arg;

	sip_client_attach(r->client, NULL, NULL);
	r->client = NULL;
	on_failure(r, 408, "no answer");
}

static void on_gone(void *arg)
{
}

static void on_again(void *arg, struct sip_client *fresh, uint32_t cseq)
{
	struct sip_registration *r = arg;

	r->client = fresh;
	r->cseq = cseq;
}

static void on_unreachable(void *arg, int error)
{
	struct sip_registration *r = arg;

	sip_client_attach(r->client, NULL, NULL);
	r->client = NULL;
	on_failure(r, error, strerror(-error));
}

static const struct sip_client_ops register_ops = {on_response, on_timeout, on_gone, on_unreachable,
						   on_again};

/* --- REGISTER --- */

static void draft_register(struct sip_registration *r, struct sip_draft *draft, unsigned expires_s)
{
	const struct sip_peer_conf *peer = &r->peer->conf;
	char addr[SIP_ADDR_TEXT], branch[SIP_TOKEN_SIZE], uri[96], transport[24] = "";
	enum sip_protocol by = r->listener->protocol;
	bool bulk = peer->registers == SIP_REGISTER_BULK;

	sip_addr_text((const struct sockaddr *)&r->local, addr);
	snprintf(uri, sizeof(uri), "sip:%s", peer->domain);
	if (by != SIP_UDP)
		snprintf(transport, sizeof(transport), ";transport=%s", sip_protocol_name(by));
	sip_draft_request(draft, "REGISTER", uri);
	draft->login = r->login != NULL ? r->login : r->peer->login;
	sip_draft_set(draft, osip_message_set_via, "SIP/2.0/%s %s;rport%s;branch=z9hG4bK%s",
		      sip_protocol_upper(by), addr, by == SIP_TLS ? ";alias" : "",
		      sip_token(branch));
	sip_draft_header(draft, "Max-Forwards", "70");
	sip_draft_set(draft, osip_message_set_from, "<sip:%s@%s>;tag=%s", r->user, peer->domain,
		      r->tag);
	sip_draft_set(draft, osip_message_set_to, "<sip:%s@%s>", r->user, peer->domain);
	sip_draft_set(draft, osip_message_set_call_id, "%s", r->call_id);
	sip_draft_set(draft, osip_message_set_cseq, "%u REGISTER", ++r->cseq);
	if (bulk) { /* RFC 6140 5.1: every number of the trunk, told by its own user part */
		sip_draft_set(draft, osip_message_set_contact, "<sip:%s;bnc%s>", addr, transport);
		sip_draft_header(draft, "Require", "gin");
		sip_draft_header(draft, "Proxy-Require", "gin");
	} else {
		sip_draft_set(draft, osip_message_set_contact, "<sip:%s@%s%s>", r->user, addr,
			      transport);
	}
	sip_draft_header(draft, "Supported", "%s", bulk ? "gin, path" : "path");
	sip_draft_header(draft, "Expires", "%u", expires_s);
	sip_draft_set(draft, osip_message_set_allow, "%s", SIP_ALLOW);
	if (r->agent->user_agent[0] != '\0')
		sip_draft_header(draft, "User-Agent", "%s", r->agent->user_agent);
}

static int send_register(struct sip_registration *r, unsigned expires_s)
{
	struct sip_agent *a = r->agent;
	const struct sip_target *to = &r->peer->targets[0];
	struct sip_draft draft;
	struct sip_listener *l = sip_transport_pick(&a->transport, to, &r->local);

	if (l == NULL)
		return -ENETUNREACH;
	sip_listener_hold(l);
	sip_listener_release(r->listener);
	r->listener = l;
	draft_register(r, &draft, expires_s);
	int e = sip_client_start(&r->client, &a->layer, l, to, &draft);
	if (e == 0)
		sip_client_attach(r->client, &register_ops, r);
	return e;
}

static void on_timer(void *arg)
{
	struct sip_registration *r = arg;

	if (r->client != NULL)
		return;
	r->state = SIP_REG_TRYING;
	int e = send_register(r, r->wish_s);
	if (e < 0)
		on_failure(r, e, strerror(-e));
}

/* --- which there are --- */

static struct sip_registration *registration_find(const struct sip_agent *a, const char *peer,
						  const char *user)
{
	for (struct sip_registration *r = a->registrations; r != NULL; r = r->next)
		if (r->state != SIP_REG_ENDING && strcmp(r->peer->conf.name, peer) == 0 &&
		    strcmp(r->user, user) == 0)
			return r;
	return NULL;
}

static void registration_start(struct sip_agent *a, struct sip_peer *peer, const char *user,
			       unsigned order)
{
	struct sip_registration *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return; /* the next reload tries again */
	r->agent = a;
	snprintf(r->user, sizeof(r->user), "%s", user);
	/* Extensions log in by their own names when the peer has none for all of them. */
	if (peer->login == NULL && peer->conf.registers == SIP_REGISTER_EXTENSIONS) {
		struct sip_login_conf login = peer->conf.login;
		snprintf(login.username, sizeof(login.username), "%s", user);
		if (sip_login_new(&r->login, &login) < 0) {
			free(r);
			return;
		}
	}
	sip_token(r->call_id);
	sip_token(r->tag);
	r->peer = peer;
	sip_agent_peer_hold(peer);
	r->wish_s = peer->conf.register_s;
	r->next = a->registrations;
	a->registrations = r;
	timer_start(a->loop, &r->timer, (uint64_t)order * PACE_MS, on_timer, r);
}

static void registration_end(struct sip_registration *r)
{
	bool known = r->granted_s != 0 || r->client != NULL;

	timer_stop(&r->timer);
	if (r->client != NULL)
		sip_client_attach(r->client, NULL, NULL);
	r->client = NULL;
	r->state = SIP_REG_ENDING;
	if (!known || send_register(r, 0) < 0)
		registration_free(r);
}

/* A retired peer's registration is taken over when nothing it depends on has changed. */
static bool keeps(struct sip_registration *r, struct sip_peer *fresh)
{
	const struct sip_peer_conf *x = &r->peer->conf, *y = &fresh->conf;

	if (x->registers != y->registers || x->transport != y->transport ||
	    x->register_s != y->register_s || strcmp(x->domain, y->domain) != 0 ||
	    memcmp(&x->login, &y->login, sizeof(x->login)) != 0 ||
	    !sip_addr_equal((const struct sockaddr *)&x->addr[0],
			    (const struct sockaddr *)&y->addr[0], true))
		return false;
	sip_agent_peer_hold(fresh);
	sip_agent_peer_release(r->agent, r->peer);
	r->peer = fresh;
	return true;
}

static bool wants(const struct sip_peer_conf *p, const char *user)
{
	char *end;

	if (p->registers == SIP_REGISTER_NO)
		return false;
	if (p->registers != SIP_REGISTER_EXTENSIONS)
		return strcmp(p->login.username, user) == 0;
	unsigned long number = strtoul(user, &end, 10);
	return *end == '\0' && number >= p->extension_first && number <= p->extension_last;
}

static unsigned sync_peer(struct sip_agent *a, struct sip_peer *p, unsigned order)
{
	char user[SIP_LOGIN_USER_MAX];

	if (p->conf.registers != SIP_REGISTER_EXTENSIONS) {
		if (registration_find(a, p->conf.name, p->conf.login.username) == NULL)
			registration_start(a, p, p->conf.login.username, order++);
		return order;
	}
	for (unsigned n = p->conf.extension_first; n <= p->conf.extension_last; n++) {
		snprintf(user, sizeof(user), "%u", n);
		if (registration_find(a, p->conf.name, user) == NULL)
			registration_start(a, p, user, order++);
	}
	return order;
}

void sip_registrations_sync(struct sip_agent *a)
{
	struct sip_registration *next;
	unsigned order = 0;

	for (struct sip_registration *r = a->registrations; r != NULL; r = next) {
		next = r->next;
		struct sip_peer *fresh = sip_agent_peer_named(a, r->peer->conf.name);
		bool stays = fresh != NULL && wants(&fresh->conf, r->user) &&
			     (fresh == r->peer || keeps(r, fresh));
		if (!stays && r->state != SIP_REG_ENDING)
			registration_end(r);
	}
	for (struct sip_peer *p = a->peers; p != NULL; p = p->next)
		if (!p->retired && p->conf.registers != SIP_REGISTER_NO)
			order = sync_peer(a, p, order);
}

void sip_registrations_end(struct sip_agent *a)
{
	struct sip_registration *next;

	for (struct sip_registration *r = a->registrations; r != NULL; r = next) {
		next = r->next;
		if (r->state != SIP_REG_ENDING)
			registration_end(r);
	}
}

bool sip_registrations_idle(const struct sip_agent *a)
{
	for (const struct sip_registration *r = a->registrations; r != NULL; r = r->next)
		if (r->state == SIP_REG_ENDING)
			return false;
	return true;
}

void sip_registrations_free(struct sip_agent *a)
{
	while (a->registrations != NULL)
		registration_free(a->registrations);
}

/* --- what is known of them --- */

const char *sip_registration_route(const struct sip_agent *a, const char *peer, const char *number)
{
	const char *any = NULL;

	for (const struct sip_registration *r = a->registrations; r != NULL; r = r->next) {
		if (r->granted_s == 0 || r->route[0] == '\0' ||
		    strcmp(r->peer->conf.name, peer) != 0)
			continue;
		if (strcmp(r->user, number) == 0)
			return r->route;
		any = r->route;
	}
	return any;
}

void sip_agent_each_registration(const struct sip_agent *a,
				 void (*fn)(void *arg, const struct sip_registered_at *r),
				 void *arg)
{
	static const char *const names[] = {"waiting", "trying", "registered", "ending"};
	uint64_t now_ms = loop_now_ms(a->loop);

	for (const struct sip_registration *r = a->registrations; r != NULL; r = r->next) {
		bool good = r->granted_s != 0 && r->until_ms > now_ms;
		struct sip_registered_at at = {
			.peer = r->peer->conf.name,
			.user = r->user,
			.state = names[r->state],
			.registered = good,
			.expires_s = good ? (unsigned)((r->until_ms - now_ms + 999) / 1000) : 0,
			.failures = r->failures,
			.last_status = r->last_status,
			.associated = r->associated,
			.service_route = r->route};
		fn(arg, &at);
	}
}
