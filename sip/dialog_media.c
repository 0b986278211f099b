/* dialog_media.c - offer/answer inside a dialog: RFC 3264, and when each is due: RFC 6337. */
#include "sip/dialog_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* RFC 3264 8: the version grows by one when what we say changes, and else stays. */
static const char *remember(struct sip_dialog *d, const char *text)
{
	char *copy = strdup(text);

	if (copy == NULL)
		return NULL;
	free(d->sdp);
	d->sdp = copy;
	return copy;
}

const char *sip_dialog_write_offer(struct sip_dialog *d)
{
	char text[SIP_SDP_SIZE];

	sip_sdp_write_offer(text, &d->origin, &d->ours);
	if (d->sdp != NULL && strcmp(text, d->sdp) != 0) {
		d->origin.version++;
		sip_sdp_write_offer(text, &d->origin, &d->ours);
	}
	return remember(d, text);
}

const char *sip_dialog_write_answer(struct sip_dialog *d, const struct sip_sdp *offer,
				    const struct sip_media *settled)
{
	char text[SIP_SDP_SIZE];

	sip_sdp_write_answer(text, &d->origin, &d->ours, offer, settled);
	if (d->sdp != NULL && strcmp(text, d->sdp) != 0) {
		d->origin.version++;
		sip_sdp_write_answer(text, &d->origin, &d->ours, offer, settled);
	}
	return remember(d, text);
}

void sip_dialog_set_media(struct sip_dialog *d, const struct sip_media *m)
{
	if (d->has_media && sip_media_equal(&d->media, m))
		return;
	d->media = *m;
	d->has_media = true;
	d->media_news = true;
}

int sip_dialog_read_answer(struct sip_dialog *d, const struct sip_incoming *in,
			   struct sip_media *out)
{
	struct sip_text text;
	struct sip_sdp sdp;
	int r = sip_message_sdp(in, &text);

	if (r <= 0)
		return r == 0 ? -ENOMSG : -EBADMSG;
	r = sip_sdp_parse(&sdp, text.at, text.len);
	if (r == 0)
		r = sip_sdp_settle(out, &d->ours, &sdp);
	if (r == 0 && sdp.disabled)
		r = -ENOTSUP; /* our only stream refused: no call */
	return r;
}

const char *sip_sdp_warning(int error)
{
	return error == -EAFNOSUPPORT ? "301 tandem \"Incompatible network address formats\""
				      : "305 tandem \"Incompatible media format\"";
}
