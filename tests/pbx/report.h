/* report.h - calls and measurements as JSON.  Each returns a new reference, NULL without memory. */
#ifndef PBX_REPORT_H
#define PBX_REPORT_H

#include "tests/pbx/pbx.h"
#include <jansson.h>

/* What was heard: see docs/simpbx.md for every field. */
json_t *report_measure(const struct measure *m);
/* A whole call, live or ended. */
json_t *report_call(const struct pbx_call *c);
json_t *report_party(const struct isup_party *party);
json_t *report_redirecting(const struct isup_redirecting *r); /* null when nobody did */
json_t *report_stats(const struct pbx *p);
json_t *report_alarms(unsigned alarms);

/* An event of the call with the fields all of them have; the caller adds more and emits it. */
json_t *report_event(const struct pbx_call *c, const char *name);
/* Adds time_ms, hands it to the PBX's event function and releases it. */
void report_emit(struct pbx *p, json_t *event);

/* x rounded to that many decimals: what a line of text should show. */
json_t *report_real(double x, int decimals);

#endif
