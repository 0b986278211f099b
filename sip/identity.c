/* identity.c - who it is, in the headers of a dialog's messages. */
#include "sip/dialog_impl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

const char *sip_dialog_host(const struct sip_dialog *d, char text[SIP_ADDR_TEXT])
{
	if (d->peer->conf.domain[0] != '\0')
		return d->peer->conf.domain;
	return sip_addr_host((const struct sockaddr *)&d->local_addr, text);
}

bool sip_dialog_add_line(const struct sip_dialog *d, char *text, size_t size,
			 const struct sip_party *p)
{
	static const char *const names[] = {
		[SIP_LINE_ISUP_OLI] = "isup-oli",
		[SIP_LINE_OLI] = "oli",
	};
	enum sip_line_form form = d->peer->conf.line_information;
	size_t n = strlen(text);

	if (form == SIP_NO_LINE_INFORMATION || p->line_information == 0)
		return true;
	int added = snprintf(text + n - 1, size - n + 1, ";%s=%02u>", names[form],
			     p->line_information - 1u);
	return added > 0 && (size_t)added < size - n + 1;
}

void sip_dialog_draft_identity(const struct sip_dialog *d, struct sip_draft *draft,
			       const struct sip_party *p)
{
	char text[SIP_ADDR_TEXT], value[512];

	if (d->peer->conf.trusted && p->asserted && p->user[0] != '\0' &&
	    sip_party_text(value, sizeof(value), p, sip_dialog_host(d, text)) &&
	    sip_dialog_add_line(d, value, sizeof(value), p))
		sip_draft_header(draft, "P-Asserted-Identity", "%s", value);
	if (p->anonymous)
		sip_draft_header(draft, "Privacy", "id");
}

struct sip_party *sip_dialog_near(struct sip_dialog *d)
{
	return d->outgoing ? &d->calling : &d->connected;
}

struct sip_party *sip_dialog_other(struct sip_dialog *d)
{
	return d->outgoing ? &d->connected : &d->calling;
}

static const struct sip_party *near_of(const struct sip_dialog *d)
{
	return d->outgoing ? &d->calling : &d->connected;
}

static bool is_same(const struct sip_party *a, const struct sip_party *b)
{
	return a->anonymous == b->anonymous && strcmp(a->user, b->user) == 0 &&
	       strcmp(a->display, b->display) == 0;
}

/* --- what changes in a dialog --- */

bool sip_dialog_from_is_old(const struct sip_dialog *d)
{
	const struct sip_party *p = near_of(d);
	struct sip_party from;

	if ((d->far_options & SIP_OPTION_FROM_CHANGE) == 0 || p->anonymous || p->user[0] == '\0')
		return false;
	sip_party_read(&from, d->local);
	return !is_same(p, &from);
}

bool sip_dialog_may_identify(const struct sip_dialog *d)
{
	const struct sip_party *p = near_of(d);
	bool asserts = d->peer->conf.trusted && p->asserted && p->user[0] != '\0';

	return d->far_updates && (asserts || sip_dialog_from_is_old(d));
}

int sip_dialog_rename(struct sip_dialog *d)
{
	char text[SIP_ADDR_TEXT], value[512];
	osip_from_t *from;

	if (!sip_dialog_from_is_old(d))
		return 0;
	if (!sip_party_text(value, sizeof(value), near_of(d), sip_dialog_host(d, text)) ||
	    osip_from_init(&from) != OSIP_SUCCESS)
		return -ENOMEM;
	if (osip_from_parse(from, value) != OSIP_SUCCESS) {
		osip_from_free(from);
		return -ENOMEM;
	}
	osip_from_free(d->local);
	d->local = from;
	return 0;
}

void sip_dialog_identity(struct sip_dialog *d, const struct sip_party *now)
{
	*sip_dialog_near(d) = *now;
	if (!d->ended && d->state != DIALOG_INVITED) /* there the 200 says it */
		sip_dialog_change(d, CHANGE_IDENTITY);
}

void sip_dialog_read_identity(struct sip_dialog *d, const osip_message_t *m)
{
	struct sip_party *other = sip_dialog_other(d), from, known, now;
	osip_from_t *copy;

	sip_message_calling(m, false, &from);
	sip_party_read(&known, d->remote);
	bool changed = !is_same(&from, &known);
	bool asserted = d->peer->conf.trusted && sip_message_connected(m, &now);
	if (!asserted)
		now = from;
	/* RFC 4916 4.3: our next To is their new From. */
	if (changed && sip_dialog_clone_party(&copy, m->from) == 0) {
		osip_from_free(d->remote);
		d->remote = copy;
	}
	if ((!changed && !asserted) || is_same(&now, other))
		return;
	*other = now;
	sip_dialog_tell(d, SIP_IDENTITY);
}
