#include "sip/extension.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const struct {
	const char *tag;
	unsigned bit;
} options[] = {
	{"100rel", SIP_OPTION_100REL},           {"timer", SIP_OPTION_TIMER},
	{"from-change", SIP_OPTION_FROM_CHANGE}, {"replaces", SIP_OPTION_REPLACES},
	{"norefersub", SIP_OPTION_NOREFERSUB},
};

enum { OPTIONS = sizeof(options) / sizeof(options[0]) };

unsigned sip_peer_options(const struct sip_peer_conf *peer)
{
	unsigned bits = SIP_OPTION_FROM_CHANGE;

	if (peer->reliable != SIP_RELIABLE_OFF)
		bits |= SIP_OPTION_100REL;
	if (peer->transfer)
		bits |= SIP_OPTION_REPLACES | SIP_OPTION_NOREFERSUB;
	if (peer->session_expires_s != 0)
		bits |= SIP_OPTION_TIMER;
	return bits;
}

/* The next word of a comma-separated list; NULL at its end. */
static const char *next_word(const char *list, struct sip_text *out)
{
	list += strspn(list, " \t\r\n,");
	*out = (struct sip_text){list, strcspn(list, " \t\r\n,")};
	return out->len > 0 ? list + out->len : NULL;
}

static bool is_word(struct sip_text text, const char *word)
{
	return text.len == strlen(word) && strncasecmp(text.at, word, text.len) == 0;
}

static unsigned bit_of(struct sip_text tag)
{
	for (unsigned i = 0; i < OPTIONS; i++)
		if (is_word(tag, options[i].tag))
			return options[i].bit;
	return 0;
}

unsigned sip_message_options(const osip_message_t *m, const char *name)
{
	/* RFC 3261 7.3.3: Supported has a compact form, Require none. */
	const char *compact = strcasecmp(name, "Supported") == 0 ? "k" : name;
	const char *value, *at;
	struct sip_text tag;
	unsigned bits = 0;

	for (int pass = 0; pass < 2; pass++) {
		const char *header = pass == 0 ? name : compact;
		for (int i = 0; (value = sip_message_header(m, header, i)) != NULL; i++)
			for (at = value; (at = next_word(at, &tag)) != NULL;)
				bits |= bit_of(tag);
	}
	return bits;
}

bool sip_message_unsupported(const osip_message_t *m, unsigned understood, char *out, size_t size)
{
	const char *value, *at;
	struct sip_text tag;
	size_t n = 0;
	bool any = false;

	out[0] = '\0';
	for (int i = 0; (value = sip_message_header(m, "Require", i)) != NULL; i++)
		for (at = value; (at = next_word(at, &tag)) != NULL;) {
			if ((bit_of(tag) & understood) != 0)
				continue;
			any = true;
			if (n + tag.len + 3 < size)
				n += (size_t)snprintf(out + n, size - n, "%s%.*s",
						      n > 0 ? ", " : "", (int)tag.len, tag.at);
		}
	return any;
}

bool sip_message_allows(const osip_message_t *m, const char *method, bool otherwise)
{
	struct sip_text word;
	const char *at;

	for (int i = 0; i < osip_list_size(&m->allows); i++) {
		const osip_allow_t *allow = osip_list_get(&m->allows, i);
		otherwise = false;
		for (at = allow->value; at != NULL && (at = next_word(at, &word)) != NULL;)
			if (is_word(word, method))
				return true;
	}
	return otherwise;
}

void sip_draft_supported(struct sip_draft *draft, unsigned supported)
{
	char list[64] = "";
	size_t n = 0;

	for (unsigned i = 0; i < OPTIONS; i++)
		if ((supported & options[i].bit) != 0)
			n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%s", n > 0 ? ", " : "",
					      options[i].tag);
	sip_draft_header(draft, "Supported", "%s", list);
}
