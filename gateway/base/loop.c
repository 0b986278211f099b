#include "gateway/base/loop.h"

#include <stddef.h>
#include <string.h>

/* --- pairing heap: child = first child, next = next sibling, prev = previous sibling or parent ---
 */

static struct timer *heap_meld(struct timer *a, struct timer *b)
{
	if (a == NULL)
		return b;
	if (b == NULL)
		return a;
	if (b->due_ms < a->due_ms) {
		struct timer *t = a;
		a = b;
		b = t;
	}
	b->prev = a;
	b->next = a->child;
	if (a->child != NULL)
		a->child->prev = b;
	a->child = b;
	return a;
}

/* Melds a list of siblings in pairs, then the pairs from right to left, without recursion. */
static struct timer *heap_merge_pairs(struct timer *first)
{
	struct timer *pairs = NULL;

	while (first != NULL) {
		struct timer *a = first, *b = first->next;
		first = b != NULL ? b->next : NULL;
		a->next = a->prev = NULL;
		if (b != NULL)
			b->next = b->prev = NULL;
		a = heap_meld(a, b);
		a->next = pairs;
		pairs = a;
	}
	struct timer *root = NULL;
	while (pairs != NULL) {
		struct timer *a = pairs;
		pairs = a->next;
		a->next = NULL;
		root = heap_meld(root, a);
	}
	return root;
}

static void heap_remove(struct loop *l, struct timer *t)
{
	struct timer *rest = heap_merge_pairs(t->child);

	if (t == l->heap) {
		l->heap = rest;
	} else {
		if (t->prev->child == t)
			t->prev->child = t->next;
		else
			t->prev->next = t->next;
		if (t->next != NULL)
			t->next->prev = t->prev;
		l->heap = heap_meld(l->heap, rest);
	}
	t->child = t->next = t->prev = NULL;
	t->loop = NULL;
}

static void on_alarm(uv_timer_t *uv);

static void alarm_set(struct loop *l)
{
	if (l->heap == NULL) {
		uv_timer_stop(&l->alarm);
		return;
	}
	uint64_t now = uv_now(&l->uv);
	uv_timer_start(&l->alarm, on_alarm, l->heap->due_ms > now ? l->heap->due_ms - now : 0, 0);
}

static void on_alarm(uv_timer_t *uv)
{
	struct loop *l = uv->data;
	uint64_t now = uv_now(&l->uv);

	while (l->heap != NULL && l->heap->due_ms <= now) {
		struct timer *t = l->heap;
		heap_remove(l, t);
		t->fn(t->arg);
	}
	alarm_set(l);
}

void timer_start(struct loop *l, struct timer *t, uint64_t after_ms, timer_fn *fn, void *arg)
{
	timer_stop(t);
	t->fn = fn;
	t->arg = arg;
	t->due_ms = uv_now(&l->uv) + after_ms;
	t->loop = l;
	l->heap = heap_meld(l->heap, t);
	if (l->heap == t)
		alarm_set(l);
}

void timer_stop(struct timer *t)
{
	if (t->loop != NULL)
		heap_remove(t->loop, t);
}

bool timer_running(const struct timer *t)
{
	return t->loop != NULL;
}

/* --- tasks --- */

static void run_tasks(struct loop *l)
{
	while (l->first != NULL) {
		struct task *t = l->first;
		task_cancel(t);
		t->fn(t->arg);
	}
}

static void on_before_poll(uv_prepare_t *uv)
{
	run_tasks(uv->data);
}

static void on_after_poll(uv_check_t *uv)
{
	run_tasks(uv->data);
}

void task_post(struct loop *l, struct task *t, task_fn *fn, void *arg)
{
	if (t->loop != NULL)
		return;
	t->fn = fn;
	t->arg = arg;
	t->loop = l;
	t->next = NULL;
	t->prev = l->last;
	if (l->last != NULL)
		l->last->next = t;
	else
		l->first = t;
	l->last = t;
}

void task_cancel(struct task *t)
{
	struct loop *l = t->loop;

	if (l == NULL)
		return;
	if (t->prev != NULL)
		t->prev->next = t->next;
	else
		l->first = t->next;
	if (t->next != NULL)
		t->next->prev = t->prev;
	else
		l->last = t->prev;
	t->next = t->prev = NULL;
	t->loop = NULL;
}

/* --- the loop --- */

int loop_init(struct loop *l)
{
	memset(l, 0, sizeof(*l));
	int r = uv_loop_init(&l->uv);
	if (r < 0)
		return r;
	uv_timer_init(&l->uv, &l->alarm);
	uv_prepare_init(&l->uv, &l->before_poll);
	uv_check_init(&l->uv, &l->after_poll);
	l->alarm.data = l->before_poll.data = l->after_poll.data = l;
	uv_prepare_start(&l->before_poll, on_before_poll);
	uv_check_start(&l->after_poll, on_after_poll);
	return 0;
}

void loop_run(struct loop *l)
{
	uv_run(&l->uv, UV_RUN_DEFAULT);
}

void loop_stop(struct loop *l)
{
	uv_stop(&l->uv);
}

void loop_fini(struct loop *l)
{
	run_tasks(l);
	uv_close((uv_handle_t *)&l->alarm, NULL);
	uv_close((uv_handle_t *)&l->before_poll, NULL);
	uv_close((uv_handle_t *)&l->after_poll, NULL);
	uv_run(&l->uv, UV_RUN_DEFAULT);
	uv_loop_close(&l->uv);
}

uint64_t loop_now_ms(const struct loop *l)
{
	return uv_now(&l->uv);
}
