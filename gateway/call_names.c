/* call_names.c - calls, their states and events as the log has them. */
#include "gateway/call.h"

#include <stdio.h>

static const char *const state_names[CALL_STATE_COUNT] = {"NEW",        "COLLECTING",   "OFFERED",
							  "PROCEEDING", "ALERTING",     "FAILING",
							  "CONNECTED",  "TRANSFERRING", "CLEARING"};

static const char *const event_names[CALL_EVENT_COUNT] = {
	[FROM_SETUP] = "FROM_SETUP",
	[FROM_DIGITS] = "FROM_DIGITS",
	[FROM_CONFIRMED] = "FROM_CONFIRMED",
	[FROM_IDENTITY] = "FROM_IDENTITY",
	[FROM_MEDIA] = "FROM_MEDIA",
	[FROM_CLEARING] = "FROM_CLEARING",
	[FROM_RELEASED] = "FROM_RELEASED",
	[TO_PROCEEDING] = "TO_PROCEEDING",
	[TO_ALERTING] = "TO_ALERTING",
	[TO_PROGRESS] = "TO_PROGRESS",
	[TO_ANSWERED] = "TO_ANSWERED",
	[TO_IDENTITY] = "TO_IDENTITY",
	[TO_MEDIA] = "TO_MEDIA",
	[TO_CLEARING] = "TO_CLEARING",
	[TO_RELEASED] = "TO_RELEASED",
	[CALL_TIMEOUT] = "CALL_TIMEOUT",
	[CALL_PATH_CLOSED] = "CALL_PATH_CLOSED",
	[CALL_REFERRED] = "CALL_REFERRED",
	[CALL_REFER_OVER] = "CALL_REFER_OVER",
	[CALL_JOINED] = "CALL_JOINED",
};

const char *call_state_name(enum call_state s)
{
	return state_names[s];
}

const char *call_event_name(enum call_event e)
{
	return event_names[e];
}

const char *call_title(const struct call *c, char *out, size_t out_size)
{
	snprintf(out, out_size, "call %u %s -> %s", c->id, c->from_name,
		 c->to_name[0] != '\0' ? c->to_name : c->dialled);
	return out;
}
