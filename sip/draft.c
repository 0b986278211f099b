/* draft.c - messages being written; see message.h. */
#include "sip/memory.h"
#include "sip/message.h"
#include "sip/token.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void draft_fail(struct sip_draft *d, int osip_error)
{
	if (d->error == 0)
		d->error = osip_error == OSIP_NOMEM ? -ENOMEM : -EINVAL;
}

static void draft_init(struct sip_draft *d)
{
	*d = (struct sip_draft){.shortages = sip_memory_shortages()};
	if (osip_message_init(&d->m) != OSIP_SUCCESS)
		d->error = -ENOMEM;
	else
		osip_message_set_version(d->m, osip_strdup("SIP/2.0"));
}

void sip_draft_request(struct sip_draft *d, const char *method, const char *uri)
{
	osip_uri_t *parsed;

	draft_init(d);
	if (d->error != 0)
		return;
	osip_message_set_method(d->m, osip_strdup(method));
	int r = osip_uri_init(&parsed);
	if (r == OSIP_SUCCESS) {
		osip_message_set_uri(d->m, parsed);
		r = osip_uri_parse(parsed, uri);
	}
	if (r != OSIP_SUCCESS)
		draft_fail(d, r);
}

static int clone_via(void *from, void **to)
{
	return osip_via_clone(from, (osip_via_t **)to);
}

static int clone_from(void *from, void **to)
{
	return osip_from_clone(from, (osip_from_t **)to);
}

static void copy_dialog_headers(struct sip_draft *d, const osip_message_t *m)
{
	int r = osip_from_clone(m->from, &d->m->from);

	if (r == OSIP_SUCCESS)
		r = osip_call_id_clone(m->call_id, &d->m->call_id);
	if (r == OSIP_SUCCESS)
		r = osip_cseq_clone(m->cseq, &d->m->cseq);
	if (r != OSIP_SUCCESS)
		draft_fail(d, r);
}

void sip_draft_response(struct sip_draft *d, const osip_message_t *request, int status,
			const char *phrase, const char *tag)
{
	draft_init(d);
	if (d->error != 0)
		return;
	if (phrase == NULL)
		phrase = osip_message_get_reason(status);
	osip_message_set_status_code(d->m, status);
	osip_message_set_reason_phrase(d->m, osip_strdup(phrase != NULL ? phrase : "Unknown"));
	copy_dialog_headers(d, request);
	int r = osip_list_clone(&request->vias, &d->m->vias, clone_via);
	if (r == OSIP_SUCCESS)
		r = osip_to_clone(request->to, &d->m->to);
	if (r == OSIP_SUCCESS && status > 100 && tag != NULL && *sip_message_tag(d->m->to) == '\0')
		r = osip_to_set_tag(d->m->to, osip_strdup(tag));
	/* RFC 3261 12.1.1: what makes a dialog sends the route back. */
	if (r == OSIP_SUCCESS && status > 100 && status < 300)
		r = osip_list_clone(&request->record_routes, &d->m->record_routes, clone_from);
	if (r != OSIP_SUCCESS)
		draft_fail(d, r);
	const char *stamp = sip_message_header(request, "Timestamp", 0);
	if (status == 100 && stamp != NULL)
		sip_draft_header(d, "Timestamp", "%s", stamp);
}

void sip_draft_derive(struct sip_draft *d, const char *method, const char *invite, size_t len,
		      const osip_to_t *to)
{
	osip_message_t *m;
	osip_via_t *via = NULL;

	draft_init(d);
	if (d->error != 0)
		return;
	int r = sip_message_parse(&m, invite, len);
	if (r < 0) {
		d->error = r;
		return;
	}
	osip_message_set_method(d->m, osip_strdup(method));
	copy_dialog_headers(d, m);
	r = osip_uri_clone(m->req_uri, &d->m->req_uri);
	if (r == OSIP_SUCCESS)
		r = osip_to_clone(to != NULL ? to : m->to, &d->m->to);
	if (r == OSIP_SUCCESS)
		r = osip_via_clone(osip_list_get(&m->vias, 0), &via);
	if (r == OSIP_SUCCESS && osip_list_add(&d->m->vias, via, -1) < 0) {
		osip_via_free(via);
		r = OSIP_NOMEM;
	}
	if (r == OSIP_SUCCESS)
		r = osip_list_clone(&m->routes, &d->m->routes, clone_from);
	if (r != OSIP_SUCCESS)
		draft_fail(d, r);
	if (d->error == 0) {
		osip_free(d->m->cseq->method);
		d->m->cseq->method = osip_strdup(method);
	}
	sip_draft_header(d, "Max-Forwards", "70");
	osip_message_free(m);
}

void sip_draft_credentials(struct sip_draft *d, const char *text, size_t len)
{
	struct sip_scan scan;

	if (sip_scan(&scan, text, len) < 0)
		return;
	for (unsigned i = 0; i < scan.auth_count; i++) {
		const struct sip_auth_line *line = &scan.auth[i];
		sip_draft_set(d,
			      line->proxy ? osip_message_set_proxy_authorization
					  : osip_message_set_authorization,
			      "%.*s", (int)line->value.len, line->value.at);
	}
}

void sip_draft_again(struct sip_draft *d, const char *text, size_t len)
{
	char value[24], branch[SIP_TOKEN_SIZE], full[SIP_TOKEN_SIZE + 8];

	*d = (struct sip_draft){.shortages = sip_memory_shortages()};
	d->error = sip_message_parse(&d->m, text, len);
	if (d->error != 0)
		return;
	osip_via_t *via = osip_list_get(&d->m->vias, 0);
	osip_generic_param_t *p = NULL;
	osip_via_param_get_byname(via, (char[]){"branch"}, &p);
	snprintf(value, sizeof(value), "%lu", strtoul(d->m->cseq->number, NULL, 10) + 1);
	snprintf(full, sizeof(full), "z9hG4bK%s", sip_token(branch));
	osip_free(d->m->cseq->number);
	d->m->cseq->number = osip_strdup(value);
	osip_list_special_free(&d->m->authorizations, (void (*)(void *))osip_authorization_free);
	osip_list_special_free(&d->m->proxy_authorizations,
			       (void (*)(void *))osip_authorization_free);
	if (p == NULL) {
		d->error = -EINVAL;
		return;
	}
	osip_free(p->gvalue);
	p->gvalue = osip_strdup(full);
	osip_message_force_update(d->m);
}

void sip_draft_set(struct sip_draft *d, sip_set_fn *set, const char *fmt, ...)
{
	char value[1024];
	va_list ap;

	if (d->error != 0)
		return;
	va_start(ap, fmt);
	int n = vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	if (n < 0 || n >= (int)sizeof(value)) {
		d->error = -EMSGSIZE;
		return;
	}
	int r = set(d->m, value);
	if (r != OSIP_SUCCESS)
		draft_fail(d, r);
}

void sip_draft_header(struct sip_draft *d, const char *name, const char *fmt, ...)
{
	char value[1024];
	va_list ap;

	if (d->error != 0)
		return;
	va_start(ap, fmt);
	int n = vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	if (n < 0 || n >= (int)sizeof(value)) {
		d->error = -EMSGSIZE;
		return;
	}
	int r = osip_message_set_header(d->m, name, value);
	if (r != OSIP_SUCCESS)
		draft_fail(d, r);
}

static void set_body(struct sip_draft *d, const char *type, const char *text)
{
	if (d->error != 0)
		return;
	int r = osip_message_set_body(d->m, text, strlen(text));
	if (r == OSIP_SUCCESS)
		r = osip_message_set_content_type(d->m, type);
	if (r != OSIP_SUCCESS)
		draft_fail(d, r);
}

void sip_draft_sdp(struct sip_draft *d, const char *sdp)
{
	set_body(d, "application/sdp", sdp);
}

void sip_draft_fragment(struct sip_draft *d, int status, const char *phrase)
{
	char line[96];

	snprintf(line, sizeof(line), "SIP/2.0 %d %s\r\n", status, phrase);
	set_body(d, "message/sipfrag;version=2.0", line);
}

void sip_draft_reason(struct sip_draft *d, int q850)
{
	if (q850 != 0)
		sip_draft_header(d, "Reason", "Q.850;cause=%d", q850);
}

/* The parser takes 4000 octets for every text; what is kept for retransmissions needs a tenth. */
static void fit(char **text, size_t len)
{
	char *fitted = malloc(len + 1);

	if (fitted == NULL)
		return;
	memcpy(fitted, *text, len + 1);
	osip_free(*text);
	*text = fitted;
}

int sip_draft_text(struct sip_draft *d, char **text, size_t *len)
{
	*text = NULL;
	if (d->error == 0) {
		int r = osip_message_to_str(d->m, text, len);
		if (r != OSIP_SUCCESS) {
			*text = NULL;
			draft_fail(d, r);
		}
	}
	if (d->error == 0 && sip_memory_shortages() != d->shortages) {
		osip_free(*text);
		*text = NULL;
		d->error = -ENOMEM;
	}
	if (d->error == 0)
		fit(text, *len);
	osip_message_free(d->m);
	d->m = NULL;
	return d->error;
}
