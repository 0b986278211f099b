/* Any octets as a session description; what we answer must itself be one, line for line. */
#include "sip/address.h"
#include "sip/sdp.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_answer(const struct sip_local_media *local, const struct sip_sdp *offer,
			 const struct sip_media *settled)
{
	const struct sip_sdp_origin origin = {UINT64_MAX, UINT64_MAX};
	char text[SIP_SDP_SIZE];
	struct sip_sdp again;

	sip_sdp_write_answer(text, &origin, local, offer, settled);
	if (sip_sdp_parse(&again, text, strlen(text)) < 0 || again.line_count != offer->line_count)
		abort();
	if (!offer->disabled &&
	    (again.audio != offer->audio || again.sends != settled->send ||
	     again.receives != settled->recv || again.format[0].type != settled->payload_type ||
	     again.dtmf_type != settled->dtmf_type))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sip_local_media local = {
		.codec = {SIP_PCMU, SIP_PCMA}, .codec_count = 2, .dtmf_type = 101, .ptime_ms = 20};
	struct sip_sdp offer;
	struct sip_media settled;

	if (sip_sdp_parse(&offer, (const char *)data, size) < 0)
		return 0;
	for (int six = 0; six < 2; six++) {
		sip_addr_parse(&local.addr, six ? "2001:db8::1" : "192.0.2.1", 30000);
		if (sip_sdp_settle(&settled, &local, &offer) < 0)
			continue;
		if (settled.ptime_ms < 10 || settled.ptime_ms > 60 || settled.payload_type > 127 ||
		    (settled.send && settled.remote.ss_family == 0))
			abort();
		check_answer(&local, &offer, &settled);
	}
	return 0;
}
