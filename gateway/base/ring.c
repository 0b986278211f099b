#include "gateway/base/ring.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int ring_init(struct ring *r, uint32_t capacity, size_t item_size)
{
	memset(r, 0, sizeof(*r));
	if (capacity == 0 || (capacity & (capacity - 1)) != 0 || item_size == 0)
		return -EINVAL;
	r->items = calloc(capacity, item_size);
	if (r->items == NULL)
		return -ENOMEM;
	r->mask = capacity - 1;
	r->item_size = item_size;
	return 0;
}

void ring_free(struct ring *r)
{
	free(r->items);
	r->items = NULL;
}

bool ring_put(struct ring *r, const void *item)
{
	uint32_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
	uint32_t tail = atomic_load_explicit(&r->tail, memory_order_acquire);

	if (head - tail > r->mask) {
		uint32_t dropped = atomic_load_explicit(&r->dropped, memory_order_relaxed);
		atomic_store_explicit(&r->dropped, dropped + 1, memory_order_relaxed);
		return false;
	}
	memcpy(r->items + (size_t)(head & r->mask) * r->item_size, item, r->item_size);
	/* Release: the reader that sees the new head sees the item. */
	atomic_store_explicit(&r->head, head + 1, memory_order_release);
	return true;
}

bool ring_get(struct ring *r, void *item)
{
	uint32_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
	uint32_t head = atomic_load_explicit(&r->head, memory_order_acquire);

	if (tail == head)
		return false;
	memcpy(item, r->items + (size_t)(tail & r->mask) * r->item_size, r->item_size);
	/* Release: the writer may overwrite the item only after we copied it. */
	atomic_store_explicit(&r->tail, tail + 1, memory_order_release);
	return true;
}
