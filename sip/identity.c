/* identity.c - who it is, in the headers of a dialog's messages. */
#include "sip/dialog_impl.h"

const char *sip_dialog_host(const struct sip_dialog *d, char text[SIP_ADDR_TEXT])
{
	if (d->peer->conf.domain[0] != '\0')
		return d->peer->conf.domain;
	return sip_addr_host((const struct sockaddr *)&d->local_addr, text);
}

void sip_dialog_draft_identity(const struct sip_dialog *d, struct sip_draft *draft,
			       const struct sip_party *p)
{
	char text[SIP_ADDR_TEXT], value[512];

	if (d->peer->conf.trusted && p->asserted && p->user[0] != '\0' &&
	    sip_party_text(value, sizeof(value), p, sip_dialog_host(d, text)))
		sip_draft_header(draft, "P-Asserted-Identity", "%s", value);
	if (p->anonymous)
		sip_draft_header(draft, "Privacy", "id");
}
