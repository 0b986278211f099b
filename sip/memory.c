#include "sip/memory.h"

#include "sip/message.h"

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A message of 8 kB with as many headers and parameters as let through takes under 100 kB. */
enum { POOL_OCTETS = 512 * 1024, ALIGN = alignof(max_align_t) };

static alignas(max_align_t) unsigned char pool[POOL_OCTETS];
static size_t used, live;
static unsigned shortages;

static bool in_pool(const void *p)
{
	return (uintptr_t)p - (uintptr_t)pool < POOL_OCTETS;
}

/* Each piece has its size before it.  Nothing is used again until all is free. */
static void *pool_take(size_t size)
{
	size_t whole = ALIGN + (size + ALIGN - 1) / ALIGN * ALIGN;

	shortages++;
	if (size > POOL_OCTETS || whole > POOL_OCTETS - used)
		abort(); /* our bug: somebody kept what was taken here */
	unsigned char *p = pool + used;
	memcpy(p, &size, sizeof(size));
	used += whole;
	live++;
	return p + ALIGN;
}

static void *memory_take(size_t size)
{
	void *p = malloc(size);

	if (p == NULL)
		p = pool_take(size);
	return p;
}

static void memory_give(void *p)
{
	if (!in_pool(p))
		free(p);
	else if (--live == 0)
		used = 0;
}

static void *memory_resize(void *p, size_t size)
{
	size_t had;

	if (p == NULL)
		return memory_take(size);
	if (!in_pool(p)) {
		void *q = realloc(p, size);
		if (q != NULL)
			return q;
		/* How much was in p is not known: what goes to the pool is thrown away anyway. */
		q = pool_take(size);
		memset(q, 0, size);
		free(p);
		return q;
	}
	memcpy(&had, (unsigned char *)p - ALIGN, sizeof(had));
	void *q = memory_take(size);
	memcpy(q, p, had < size ? had : size);
	memory_give(p);
	return q;
}

void sip_memory_init(void)
{
	osip_set_allocators(memory_take, memory_resize, memory_give);
}

unsigned sip_memory_shortages(void)
{
	return shortages;
}
