#include "sip/target.h"

#include "sip/address.h"

#include <string.h>
#include <strings.h>

static const char *const lower[] = {"udp", "tcp", "tls"};
static const char *const upper[] = {"UDP", "TCP", "TLS"};

const char *sip_protocol_name(enum sip_protocol p)
{
	return lower[p];
}

const char *sip_protocol_upper(enum sip_protocol p)
{
	return upper[p];
}

bool sip_protocol_parse(enum sip_protocol *out, const char *text, size_t len)
{
	for (unsigned i = 0; i < sizeof(lower) / sizeof(lower[0]); i++) {
		if (len != strlen(lower[i]) || strncasecmp(text, lower[i], len) != 0)
			continue;
		*out = (enum sip_protocol)i;
		return true;
	}
	return false;
}

uint16_t sip_protocol_port(enum sip_protocol p)
{
	return p == SIP_TLS ? SIP_TLS_PORT : SIP_PORT;
}
