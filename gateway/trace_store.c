#include "gateway/trace_store.h"

#include <stdlib.h>
#include <string.h>

uint64_t trace_key(uint64_t seed, const void *octets, size_t len)
{
	const uint8_t *p = octets;
	uint64_t h = 0xcbf29ce484222325u ^ seed;

	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * 0x100000001b3u;
	return h != 0 ? h : 1;
}

static size_t key_place(uint64_t key)
{
	return (size_t)((key ^ key >> 32) % TRACE_KEYS);
}

static uint32_t call_of(const struct trace_store *s, uint64_t key)
{
	size_t i = key_place(key);

	return key != 0 && s->keys[i].key == key ? s->keys[i].call : 0;
}

static size_t size_of(const struct trace_record *r)
{
	return sizeof(*r) + r->len;
}

static void trim(struct trace_store *s, size_t octets)
{
	struct trace_record *r;

	while (s->held_octets > octets) {
		r = TAILQ_FIRST(&s->told);
		TAILQ_REMOVE(&s->told, r, entry);
		s->held_octets -= size_of(r);
		free(r);
	}
}

static void on_tell(void *arg)
{
	struct trace_store *s = arg;
	struct trace_record *r;

	/* What tell causes may add messages: those wait for the next time. */
	for (unsigned n = s->untold_count; n > 0; n--) {
		r = TAILQ_FIRST(&s->untold);
		TAILQ_REMOVE(&s->untold, r, entry);
		s->untold_count--;
		if (r->about.call == 0)
			r->about.call = call_of(s, r->about.key);
		if (r->about.call == 0 && r->about.key != 0)
			r->about.call = s->find(s->find_arg, r);
		TAILQ_INSERT_TAIL(&s->told, r, entry);
		s->held_octets += size_of(r);
		if (s->tell != NULL)
			s->tell(s->arg, r);
	}
	trim(s, s->memory_octets);
}

void trace_store_init(struct trace_store *s, struct loop *loop, trace_find_fn *find, void *arg)
{
	memset(s, 0, sizeof(*s));
	s->loop = loop;
	s->find = find;
	s->find_arg = arg;
	TAILQ_INIT(&s->told);
	TAILQ_INIT(&s->untold);
}

void trace_store_fini(struct trace_store *s)
{
	struct trace_record *r;

	timer_stop(&s->timer);
	s->tell = NULL;
	while ((r = TAILQ_FIRST(&s->untold)) != NULL) {
		TAILQ_REMOVE(&s->untold, r, entry);
		free(r);
	}
	s->untold_count = 0;
	trim(s, 0);
}

void trace_store_set_tell(struct trace_store *s, trace_tell_fn *fn, void *arg)
{
	s->tell = fn;
	s->arg = arg;
}

void trace_store_set_memory(struct trace_store *s, size_t octets)
{
	s->memory_octets = octets;
	trim(s, octets);
}

void trace_store_add(struct trace_store *s, const struct trace_about *about, const void *octets,
		     size_t len)
{
	size_t place = key_place(about->key);
	struct trace_record *r =
		s->untold_count < TRACE_UNTOLD_MAX ? malloc(sizeof(*r) + len) : NULL;

	if (about->begins && s->keys[place].key == about->key)
		s->keys[place].key = 0;
	if (about->key != 0 && about->call != 0) {
		s->keys[place].key = about->key;
		s->keys[place].call = about->call;
	}
	if (r == NULL) {
		s->lost++;
		return;
	}
	r->about = *about;
	r->number = ++s->added;
	r->len = len;
	memcpy(r->octets, octets, len);
	/* Also what is no longer known to anyone: a repeated RELEASE COMPLETE, a late 200. */
	if (r->about.call == 0)
		r->about.call = call_of(s, about->key);
	TAILQ_INSERT_TAIL(&s->untold, r, entry);
	s->untold_count++;
	if (!timer_running(&s->timer))
		timer_start(s->loop, &s->timer, TRACE_TELL_MS, on_tell, s);
}

const struct trace_record *trace_store_from(const struct trace_store *s, uint64_t number)
{
	const struct trace_record *r;

	TAILQ_FOREACH(r, &s->told, entry)
	{
		if (r->number >= number)
			return r;
	}
	return NULL;
}
