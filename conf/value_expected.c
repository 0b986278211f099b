/* value_expected.c - what a key takes, in words; see value.h. */
#include "conf/value.h"
#include <string.h>

void conf_value_expected(const struct conf_key *k, char *out, size_t out_size)
{
	char words[400] = "";

	switch (k->type) {
	case CONF_TEXT:
		snprintf(out, out_size, "text of at most %zu characters, without \" \\ and $",
			 k->size - 1);
		break;
	case CONF_SECRET:
		snprintf(out, out_size, "text of at most %zu characters, without \" \\ and $",
			 k->size - 1);
		break;
	case CONF_HEX:
		snprintf(out, out_size,
			 "a hash: 32 (MD5) or 64 (SHA-256) hexadecimal digits 0-9 a-f");
		break;
	case CONF_NAME:
		snprintf(out, out_size, "a name of at most %zu letters, digits, - _ .",
			 k->size - 1);
		break;
	case CONF_HOST:
		snprintf(out, out_size,
			 "a domain or address of at most %zu characters, IPv6 in brackets",
			 k->size - 1);
		break;
	case CONF_NUMBER:
		snprintf(out, out_size, "at most %zu digits, * and #, with or without a leading +",
			 k->size - 1);
		break;
	case CONF_PATTERN:
		snprintf(out, out_size, "a pattern of at most %zu characters", k->size - 1);
		break;
	case CONF_UINT: snprintf(out, out_size, "a number from %u to %u", k->min, k->max); break;
	case CONF_BOOL: snprintf(out, out_size, "true or false"); break;
	case CONF_CHOICE:
	case CONF_PROFILE:
	case CONF_DTMF:
	case CONF_CHOICES:
		for (int i = 0; k->choices[i] != NULL; i++)
			snprintf(words + strlen(words), sizeof(words) - strlen(words), "%s\"%s\"",
				 i == 0                      ? ""
				 : k->choices[i + 1] != NULL ? ", "
							     : " or ",
				 k->choices[i]);
		snprintf(out, out_size, "%s%s", k->type == CONF_CHOICES ? "a list of " : "", words);
		break;
	case CONF_ADDRESS:
		snprintf(out, out_size, "an IPv4 or IPv6 address with port (%u when left out)",
			 k->min);
		break;
	case CONF_ADDRESSES:
		snprintf(out, out_size,
			 "1 to %zu IPv4 or IPv6 addresses with port (%u when left out%s)", k->size,
			 k->min, k->protocol != 0 ? ", 5061 for TLS" : "");
		break;
	case CONF_BINDS:
		snprintf(out, out_size,
			 "1 to %zu IPv4 or IPv6 addresses with port (5060 when left out, 5061 for "
			 "TLS), after \"tcp:\", \"tls:\" or \"udp:\" (when left out)",
			 k->size);
		break;
	case CONF_BARE_ADDRESS: snprintf(out, out_size, "an IPv4 or IPv6 address"); break;
	case CONF_NAMES:
		snprintf(out, out_size, "1 to %zu names of at most %d letters, digits, - _ .",
			 k->size, CONF_NAME_MAX - 1);
		break;
	case CONF_UINTS:
		snprintf(out, out_size, "1 to %zu numbers from %u to %u", k->size, k->min, k->max);
		break;
	case CONF_PORTS:
		snprintf(out, out_size, "ports as \"first-last\" within %u to %u", k->min, k->max);
		break;
	case CONF_SLOTS:
		snprintf(out, out_size, "slots from 1 to %d as \"1-12,14\"", TDM_SLOTS);
		break;
	}
}
