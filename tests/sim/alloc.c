#include "tests/sim/alloc.h"

#include <stddef.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *s);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *s);

static struct {
	bool armed, gateway_runs;
	unsigned paused, count, nth;
} alloc;

static bool fails(void)
{
	if (!alloc.armed || !alloc.gateway_runs || alloc.paused > 0)
		return false;
	return ++alloc.count == alloc.nth;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return fails() ? NULL : __real_realloc(old, size);
}

char *__wrap_strdup(const char *s)
{
	return fails() ? NULL : __real_strdup(s);
}

void sim_alloc_arm(unsigned nth)
{
	alloc.armed = true;
	alloc.count = 0;
	alloc.nth = nth;
}

unsigned sim_alloc_disarm(void)
{
	alloc.armed = false;
	return alloc.count;
}

void sim_alloc_gateway(bool runs)
{
	alloc.gateway_runs = runs;
}

void sim_alloc_pause(void)
{
	alloc.paused++;
}

void sim_alloc_resume(void)
{
	alloc.paused--;
}
