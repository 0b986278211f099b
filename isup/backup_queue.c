/* backup_queue.c - messages that wait until a D-channel is in service, in their order. */
#include <stdlib.h>
#include <string.h>

#include "isup/lapd.h"
#include "isup/trunk_internal.h"

enum { BACKLOG_MAX = 200 };

struct dchan_held {
	struct dchan_held *next;
	size_t len;
	uint8_t data[];
};

void backup_hold(struct isup_trunk *t, const uint8_t *message, size_t len)
{
	struct dchan_held *h = t->held.count < LAPD_QUEUE_MAX ? malloc(sizeof(*h) + len) : NULL;

	if (h == NULL)
		return; /* as good as lost on the line: Q.931's timers know what to do */
	h->next = NULL;
	h->len = len;
	memcpy(h->data, message, len);
	if (t->held.last != NULL)
		t->held.last->next = h;
	else
		t->held.first = h;
	t->held.last = h;
	t->held.count++;
}

void backup_hold_after(struct isup_trunk *t, const struct backup_queue *later)
{
	if (later->first == NULL)
		return;
	if (t->held.last != NULL)
		t->held.last->next = later->first;
	else
		t->held.first = later->first;
	t->held.last = later->last;
	t->held.count += later->count;
}

static struct dchan_held *held_take(struct isup_trunk *t)
{
	struct dchan_held *h = t->held.first;

	if (h == NULL)
		return NULL;
	t->held.first = h->next;
	if (t->held.first == NULL)
		t->held.last = NULL;
	t->held.count--;
	return h;
}

void backup_send_held(struct isup_trunk *t)
{
	struct dchan_held *h;

	while (t->active >= 0 && t->emptying < 0 && (h = held_take(t)) != NULL) {
		lapd_send(t->dchan[t->active].lapd, h->data, h->len);
		free(h);
	}
}

void backup_drop_held(struct isup_trunk *t)
{
	struct dchan_held *h;

	while ((h = held_take(t)) != NULL)
		free(h);
}

void backup_message(struct isup_trunk *t, const uint8_t *message, size_t len)
{
	if (t->active >= 0 && t->emptying < 0 && t->held.first == NULL)
		lapd_send(t->dchan[t->active].lapd, message, len);
	else
		backup_hold(t, message, len);
}

/* A message takes about 4 ms on the line, a call five of them each way; T308 is 4 s. */
bool backup_is_congested(const struct isup_trunk *t)
{
	return t->near != NULL &&
	       t->held.count + (t->active >= 0 ? lapd_queued(t->dchan[t->active].lapd) : 0) >
		       BACKLOG_MAX;
}
