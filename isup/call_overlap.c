/* call_overlap.c - numbers that come in parts, Q.931 5.1.3 (we send them) and 5.2.4 (we get them).
 */
#include <string.h>

#include "isup/cause.h"
#include "isup/party.h"
#include "isup/trunk_internal.h"

void trunk_call_end_overlap(struct isup_trunk *t)
{
	struct isup_call *next;

	for (struct isup_call *c = t->calls; c != NULL; c = next) {
		next = c->next;
		if (c->state == CALL_OVERLAP_SENDING || c->state == CALL_OVERLAP_RECEIVING)
			trunk_call_clear_by_trunk(c, Q850_TEMPORARY_FAILURE,
						  Q850_TEMPORARY_FAILURE);
	}
}

/* --- receiving --- */

static bool is_full(const struct isup_call *c)
{
	return strlen(c->called.digits) + 1 >= sizeof(c->called.digits);
}

void trunk_call_end_of_number(struct isup_call *c)
{
	char *hash = strchr(c->called.digits, '#');

	if (c->complete || hash == NULL || strchr("*#", c->called.digits[0]) != NULL)
		return;
	*hash = '\0';
	c->complete = true;
}

/* 5.2.4: nothing more came.  Whether it is enough our owner decides. */
static void on_t302(void *arg)
{
	struct isup_call *c = arg;

	c->complete = true;
	trunk_tell(c, ISUP_DIGITS);
}

static void start_t302(struct isup_call *c)
{
	struct isup_trunk *t = c->trunk;

	timer_start(t->loop, &c->timer, timer_ms(t->conf.t302_ms, T302_MS), on_t302, c);
}

bool isup_call_more(struct isup_call *c, bool inband)
{
	if (c->state == CALL_OVERLAP_RECEIVING)
		return !c->complete;
	if (c->state != CALL_PRESENT || c->complete)
		return false;
	trunk_enter(c->trunk);
	trunk_call_set_state(c, CALL_OVERLAP_RECEIVING);
	start_t302(c);
	pri_setup_ack(c->trunk->pri, c->pri, slot_to_pri(c->trunk, c->slot), 0, inband);
	trunk_leave(c->trunk);
	return true;
}

/* Digits that come once the number is complete, or before they were asked for, mean nothing. */
void trunk_call_on_digits(struct isup_call *c, const char *digits, bool complete)
{
	if (c->state != CALL_OVERLAP_RECEIVING || c->complete)
		return;
	party_add_digits(&c->called, digits);
	trunk_call_end_of_number(c);
	/* No more fit: who goes on for ever would hold the slot for ever. */
	c->complete = c->complete || complete || is_full(c);
	if (c->complete)
		timer_stop(&c->timer);
	else
		start_t302(c);
	trunk_tell(c, ISUP_DIGITS);
}

/* --- sending --- */

/* 5.2.4: the far side wanted more and nobody had any; ours is an incomplete number. */
static void on_t304(void *arg)
{
	trunk_call_clear_by_trunk(arg, Q850_TIMER_EXPIRED, Q850_INVALID_NUMBER_FORMAT);
}

/* T304 runs from SETUP ACKNOWLEDGE and anew from each INFORMATION, 5.1.3: not from a number that
 * ended without another digit. */
static void send_digits(struct isup_call *c, const char *digits)
{
	struct isup_trunk *t = c->trunk;

	if (*digits == '\0' && timer_running(&c->timer))
		return;
	for (; *digits != '\0'; digits++)
		pri_information(t->pri, c->pri, *digits);
	timer_start(t->loop, &c->timer, timer_ms(t->conf.t304_ms, T304_MS), on_t304, c);
}

void trunk_call_on_setup_ack(struct isup_call *c, bool inband)
{
	trunk_call_set_state(c, CALL_OVERLAP_SENDING);
	send_digits(c, c->digits_waiting);
	c->digits_waiting[0] = '\0';
	if (inband)
		c->inband |= 1u << ISUP_MORE;
	trunk_tell(c, ISUP_MORE);
}

void isup_call_digits(struct isup_call *c, const char *digits)
{
	size_t have = strlen(c->digits_waiting);

	if (c->incoming || c->complete)
		return;
	if (c->state == CALL_INITIATED) {
		size_t room = sizeof(c->digits_waiting) - 1 - have, n = strlen(digits);
		memcpy(c->digits_waiting + have, digits, n < room ? n : room);
	} else if (c->state == CALL_OVERLAP_SENDING) {
		trunk_enter(c->trunk);
		send_digits(c, digits);
		trunk_leave(c->trunk);
	}
}
