/* user_to_user.c - the User-to-User header: RFC 7433, with the contents of ISDN's element: RFC
 * 7434.
 */
#include "sip/dialog_impl.h"
#include "sip/octets.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Digits in pairs up to the parameters, quoted or not.  What follows them; NULL: none such, or too
 * many. */
static const char *read_octets(struct sip_user_data *out, const char *text)
{
	bool quoted = *text == '"';

	out->len = 0;
	for (text += quoted; hex_digit(text[0]) >= 0; text += 2) {
		int low = hex_digit(text[1]);
		if (low < 0 || out->len == SIP_USER_DATA_MAX)
			return NULL;
		out->octets[out->len++] = (uint8_t)(hex_digit(text[0]) << 4 | low);
	}
	if (quoted && *text++ != '"')
		return NULL;
	text += strspn(text, " \t");
	return out->len != 0 && (*text == ';' || *text == '\0') ? text : NULL;
}

static bool param_is(const char *param, size_t len, const char *name, const char *const *values)
{
	size_t n = strlen(name);

	if (len < n || strncasecmp(param, name, n) != 0)
		return true; /* another one */
	param += n;
	len -= n;
	for (; *values != NULL; values++)
		if (strlen(*values) == len && strncasecmp(param, *values, len) == 0)
			return true;
	return false;
}

/* RFC 7434 7: what is not said is said to be ISDN's, in hexadecimal.  "isdn-interwork" was its name
 * in drafts. */
static bool is_isdn(const char *params)
{
	static const char *const encodings[] = {"hex", NULL};
	static const char *const purposes[] = {"isdn-uui", "isdn-interwork", NULL};
	static const char *const contents[] = {"isdn-uui", NULL};

	while (*params == ';') {
		params += 1 + strspn(params + 1, " \t");
		size_t n = strcspn(params, "; \t");
		if (!param_is(params, n, "encoding=", encodings) ||
		    !param_is(params, n, "purpose=", purposes) ||
		    !param_is(params, n, "content=", contents))
			return false;
		params += n;
		params += strspn(params, " \t");
	}
	return *params == '\0';
}

void sip_message_user_data(const osip_message_t *m, struct sip_user_data *out)
{
	const char *value, *at, *params;
	char one[512];

	for (int i = 0; (value = sip_message_header(m, "User-to-User", i)) != NULL; i++)
		for (at = value; (at = sip_list_next(at, one, sizeof(one))) != NULL;) {
			params = read_octets(out, one);
			if (params != NULL && is_isdn(params))
				return;
		}
	out->len = 0;
}

void sip_dialog_read_user_data(struct sip_dialog *d, const osip_message_t *m)
{
	struct sip_user_data u;

	if (!d->peer->conf.user_to_user)
		return;
	sip_message_user_data(m, &u);
	if (u.len != 0)
		d->user_data = u;
}

void sip_dialog_draft_user_data(struct sip_dialog *d, struct sip_draft *draft)
{
	char text[2 * SIP_USER_DATA_MAX + 1] = "";

	for (unsigned i = 0; i < d->user_data_out.len; i++)
		snprintf(text + 2 * (size_t)i, 3, "%02x", d->user_data_out.octets[i]);
	if (text[0] != '\0' && d->peer->conf.user_to_user)
		sip_draft_header(draft, "User-to-User",
				 "%s;encoding=hex;purpose=isdn-uui;content=isdn-uui", text);
	d->user_data_out.len = 0;
}
