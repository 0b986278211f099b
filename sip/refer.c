#include "sip/refer.h"

#include "sip/dialog_impl.h"

#include <string.h>
#include <strings.h>

/* One parameter "name" or "name=value" at p, which ends at ';' or the end. */
static bool copy_tag(char out[SIP_REPLACES_TAG_MAX], const char *value, size_t len)
{
	if (len == 0 || len >= SIP_REPLACES_TAG_MAX || out[0] != '\0')
		return false;
	memcpy(out, value, len);
	out[len] = '\0';
	return true;
}

static bool read_param(struct sip_replaces *r, const char *p, size_t len)
{
	if (len > 7 && strncasecmp(p, "to-tag=", 7) == 0)
		return copy_tag(r->to_tag, p + 7, len - 7);
	if (len > 9 && strncasecmp(p, "from-tag=", 9) == 0)
		return copy_tag(r->from_tag, p + 9, len - 9);
	if (len == 10 && strncasecmp(p, "early-only", 10) == 0)
		r->early_only = true;
	return true; /* generic-param: no concern of ours */
}

bool sip_replaces_parse(struct sip_replaces *out, const char *value)
{
	memset(out, 0, sizeof(*out));
	value += strspn(value, " \t");
	size_t len = strcspn(value, "; \t"), whole = strlen(value);

	/* It is sent on as it came: printable text only. */
	for (const char *p = value; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return false;
	if (len == 0 || whole >= sizeof(out->text))
		return false;
	memcpy(out->text, value, whole + 1);
	memcpy(out->call_id, value, len);
	for (const char *p = value + len; *(p += strspn(p, "; \t")) != '\0'; p += len) {
		len = strcspn(p, "; \t");
		if (!read_param(out, p, len))
			return false;
	}
	return out->to_tag[0] != '\0' && out->from_tag[0] != '\0';
}

/* --- Refer-To --- */

static const char *header(const osip_message_t *m, const char *name, const char *compact, int i)
{
	const char *value = sip_message_header(m, name, i);

	return value != NULL ? value : sip_message_header(m, compact, i);
}

/* A URI may bring headers for the request to be made of it: of these only Replaces counts. */
static bool read_headers(struct sip_refer *out, const osip_uri_t *uri)
{
	for (int i = 0; i < osip_list_size(&uri->url_headers); i++) {
		const osip_uri_header_t *h = osip_list_get(&uri->url_headers, i);
		if (h->gname != NULL && strcasecmp(h->gname, "Replaces") == 0 &&
		    (h->gvalue == NULL || !sip_replaces_parse(&out->replaces, h->gvalue)))
			return false;
	}
	return true;
}

static int read_target(struct sip_refer *out, const char *value)
{
	osip_from_t *from;
	int status = 400;

	if (osip_from_init(&from) != OSIP_SUCCESS)
		return 503;
	if (osip_from_parse(from, value) == OSIP_SUCCESS && from->url != NULL &&
	    from->url->scheme != NULL) {
		const char *method = sip_param(&from->url->url_params, "method");
		if (method != NULL && strcasecmp(method, "INVITE") != 0)
			status = 603; /* only calls are made */
		else if (!sip_party_parse(&out->target, value) || out->target.user[0] == '\0')
			status = 404;
		else if (read_headers(out, from->url))
			status = 0;
	}
	osip_from_free(from);
	return status;
}

int sip_message_refer(const osip_message_t *m, struct sip_refer *out)
{
	const char *to = header(m, "Refer-To", "r", 0), *by = header(m, "Referred-By", "b", 0);
	const char *sub = sip_message_header(m, "Refer-Sub", 0);

	memset(out, 0, sizeof(*out));
	if (to == NULL || header(m, "Refer-To", "r", 1) != NULL)
		return 400; /* RFC 3515 2.4.1: exactly one */
	if (by != NULL && strlen(by) < sizeof(out->referred_by))
		strcpy(out->referred_by, by);
	out->silent = sub != NULL && strncasecmp(sub, "false", 5) == 0;
	return read_target(out, to);
}

bool sip_message_replaces(const osip_message_t *m, struct sip_replaces *out, bool *bad)
{
	const char *value = sip_message_header(m, "Replaces", 0);

	memset(out, 0, sizeof(*out));
	*bad = false;
	if (value == NULL)
		return false;
	*bad = sip_message_header(m, "Replaces", 1) != NULL || !sip_replaces_parse(out, value);
	return !*bad;
}
