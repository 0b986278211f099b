#include "tests/pbx/pbx.h"

#include "gateway/base/clock.h"
#include "tests/pbx/report.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum { QUIT_MS = 1000 };

uint64_t pbx_now_us(void)
{
	return clock_mono_ns() / 1000;
}

struct pbx_phone *pbx_phone_find(struct pbx *p, const char *number)
{
	for (unsigned i = 0; i < p->phone_count; i++) {
		if (strcmp(p->phone[i].conf.number, number) == 0)
			return &p->phone[i];
	}
	return NULL;
}

struct pbx_span *pbx_span_find(struct pbx *p, const char *name)
{
	for (unsigned i = 0; i < p->span_count; i++) {
		if (name[0] == '\0' || strcmp(p->span[i].conf.tdm.name, name) == 0)
			return &p->span[i];
	}
	return NULL;
}

int pbx_open(struct pbx *p, struct loop *loop, const struct script *script, char *err,
	     size_t err_size)
{
	int rc = -ENOMEM;

	p->loop = loop;
	p->start_us = pbx_now_us();
	p->phone = calloc(script->phone_count + 1, sizeof *p->phone);
	snprintf(err, err_size, "out of memory");
	if (p->phone == NULL)
		return rc;
	for (unsigned i = 0; i < script->phone_count; i++) {
		p->phone[i].conf = script->phone[i];
		p->phone[i].index = i;
	}
	p->phone_count = script->phone_count;
	for (unsigned i = 0; i < script->span_count; i++) {
		p->span[i].pbx = p;
		p->span[i].conf = script->span[i];
	}
	p->span_count = script->span_count;
	pbx_span_group(p);
	for (unsigned i = 0; i < script->span_count; i++) {
		rc = pbx_span_open(&p->span[i], err, err_size);
		if (rc < 0) {
			p->span_count = i;
			pbx_close(p);
			return rc;
		}
	}
	return 0;
}

void pbx_close(struct pbx *p)
{
	struct pbx_call *c, *next;

	timer_stop(&p->quit_timer);
	DL_FOREACH_SAFE(p->calls, c, next)
	pbx_call_free(c);
	for (unsigned i = 0; i < p->span_count; i++)
		pbx_span_close(&p->span[i]);
	free(p->phone);
	p->phone = NULL;
	p->span_count = p->phone_count = 0;
}

static void on_quit(void *arg)
{
	struct pbx *p = arg;
	struct pbx_call *c;

	DL_FOREACH(p->calls, c)
	{
		if (c->load == NULL && (c->phone == NULL || !c->phone->conf.quiet))
			report_emit(p, report_call(c));
	}
	loop_stop(p->loop);
}

void pbx_quit(struct pbx *p)
{
	struct pbx_call *c;

	if (p->quitting)
		return;
	p->quitting = true;
	DL_FOREACH(p->calls, c)
	pbx_call_clear(c, 16);
	timer_start(p->loop, &p->quit_timer, p->calls != NULL ? QUIT_MS : 0, on_quit, p);
}
