/* peer_words.c - see peer_words.h. */
#include "tests/sim/peer_words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void add_words(char *words, size_t cap, const char *key, const char *value)
{
	size_t n = strlen(words);

	snprintf(words + n, cap - n, " %s%s%s", key, value[0] != '\0' ? "=" : "", value);
}

/* div.0= the first Diversion as written, hi.1= the second History-Info. */
static void describe_chain(const struct siptext *s, const char *header, const char *key,
			   char *words, size_t cap)
{
	const char *value;
	char name[16];

	for (unsigned i = 0; (value = siptext_header(s, header, i)) != NULL; i++) {
		snprintf(name, sizeof(name), "%s.%u", key, i);
		add_words(words, cap, name, value);
	}
}

/* pai= its user, pai.name= its display name, privacy= as written. */
static void describe_identity(const struct siptext *s, char *words, size_t cap)
{
	const char *pai = siptext_header(s, "P-Asserted-Identity", 0);
	const char *privacy = siptext_header(s, "Privacy", 0);
	char value[SIPTEXT_FIELD];

	if (pai != NULL) {
		siptext_user(pai, value, sizeof(value));
		add_words(words, cap, "pai", value);
		if (pai[0] == '"') {
			snprintf(value, sizeof(value), "%.*s", (int)strcspn(pai + 1, "\""),
				 pai + 1);
			add_words(words, cap, "pai.name", value);
		}
	}
	if (privacy != NULL)
		add_words(words, cap, "privacy", privacy);
	describe_chain(s, "Diversion", "div", words, cap);
	describe_chain(s, "History-Info", "hi", words, cap);
}

/* Lists lose their spaces: supported=100rel,timer. */
static void describe_header(const struct siptext *s, const char *header, const char *key,
			    char *words, size_t cap)
{
	const char *value = siptext_header(s, header, 0);
	char text[SIPTEXT_FIELD];
	size_t n = 0;

	if (value == NULL)
		return;
	for (; *value != '\0' && n + 1 < sizeof(text); value++)
		if (*value != ' ')
			text[n++] = *value;
	text[n] = '\0';
	add_words(words, cap, key, text);
}

/* RFC 3262, 3311, 4028, 5009: rel, rack=, se=1800;refresher=uac, minse=, pem=, ... */
static void describe_extensions(const struct siptext *s, char *words, size_t cap)
{
	static const struct {
		const char *header, *key;
	} rows[] = {
		{"Supported", "supported"},
		{"Require", "require"},
		{"Unsupported", "unsupported"},
		{"Session-Expires", "se"},
		{"Min-SE", "minse"},
		{"RAck", "rack"},
		{"P-Early-Media", "pem"},
		{"Allow", "allow"},
		{"Accept", "accept"},
		{"Geolocation", "geolocation"},
	};

	if (siptext_header(s, "RSeq", 0) != NULL)
		add_words(words, cap, "rel", "");
	if (siptext_header(s, "Retry-After", 0) != NULL)
		add_words(words, cap, "later", "");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		describe_header(s, rows[i].header, rows[i].key, words, cap);
}

/* uui= User-to-User as written, isup-oli= or oli= the parameter of From's URI. */
static void describe_extras(const struct siptext *s, char *words, size_t cap)
{
	const char *uui = siptext_header(s, "User-to-User", 0);
	char uri[SIPTEXT_FIELD], *oli;

	if (uui != NULL)
		add_words(words, cap, "uui", uui);
	snprintf(uri, sizeof(uri), "%s", s->start);
	if (strncmp(uri, "INVITE ", 7) == 0 && strstr(uri, ";isub") != NULL) {
		uri[strcspn(uri, "@")] = '\0';
		add_words(words, cap, "target", uri + strlen("INVITE "));
	}
	siptext_uri(siptext_header(s, "From", 0), uri, sizeof(uri));
	oli = strstr(uri, "oli=");
	if (oli != NULL && siptext_status(s) == 0)
		add_words(words, cap, strstr(uri, ";isup-oli=") != NULL ? "isup-oli" : "oli",
			  oli + 4);
}

/* auth=NONCE/NC of credentials, pauth= of a proxy's; expires= of a REGISTER; route= the first. */
static void describe_auth(const struct siptext *s, char *words, size_t cap)
{
	static const char *const headers[][2] = {{"Authorization", "auth"},
						 {"Proxy-Authorization", "pauth"}};
	const char *value;
	char nonce[32] = "", nc[16] = "", text[64];

	for (unsigned i = 0; i < 2; i++) {
		value = siptext_header(s, headers[i][0], 0);
		const char *at = value != NULL ? strstr(value, "nonce=\"") : NULL;
		if (at == NULL)
			continue;
		snprintf(nonce, sizeof(nonce), "%.*s", (int)strcspn(at + 7, "\""), at + 7);
		at = strstr(value, "nc=");
		if (at != NULL)
			snprintf(nc, sizeof(nc), "%u", (unsigned)strtoul(at + 3, NULL, 16));
		snprintf(text, sizeof(text), "%s/%s", nonce, nc);
		add_words(words, cap, headers[i][1], text);
	}
	value = siptext_header(s, "Expires", 0);
	if (value != NULL)
		add_words(words, cap, "expires", value);
	value = siptext_header(s, "Route", 0);
	if (value != NULL && strchr(value, ' ') == NULL)
		add_words(words, cap, "route", value);
	value = siptext_header(s, "Contact", 0);
	if (value != NULL && strstr(value, ";bnc") != NULL)
		add_words(words, cap, "bnc", "");
}

/* frag= the status a NOTIFY reports, and the state of its subscription; replaces, by=. */
static void describe_transfer(const struct siptext *s, char *words, size_t cap)
{
	const char *state = siptext_header(s, "Subscription-State", 0);
	const char *event = siptext_header(s, "Event", 0);
	const char *by = siptext_header(s, "Referred-By", 0);
	char value[SIPTEXT_FIELD];

	if (state != NULL) {
		snprintf(value, sizeof(value), "%.3s", s->body + strcspn(s->body, " ") + 1);
		add_words(words, cap, "frag", value);
		snprintf(value, sizeof(value), "%.*s", (int)strcspn(state, ";"), state);
		add_words(words, cap, value, "");
	}
	if (event != NULL)
		add_words(words, cap, "event", event);
	if (by != NULL)
		add_words(words, cap, "by", by);
	if (siptext_header(s, "Replaces", 0) != NULL)
		add_words(words, cap, "replaces", siptext_header(s, "Replaces", 0));
}

void peer_words(const struct siptext *s, char *words, size_t cap)
{
	char sdp[96], value[SIPTEXT_FIELD], method[16];
	const char *reason = siptext_header(s, "Reason", 0);
	unsigned cseq;

	siptext_cseq(s, method, &cseq);
	if (siptext_status(s) != 0)
		snprintf(words, cap, "%d %s", siptext_status(s), method);
	else
		snprintf(words, cap, "%s", method);
	siptext_sdp_words(s->body, sdp, sizeof(sdp));
	snprintf(words + strlen(words), cap - strlen(words), "%s", sdp);
	describe_identity(s, words, cap);
	describe_extras(s, words, cap);
	describe_transfer(s, words, cap);
	if (siptext_status(s) == 0) {
		siptext_user(siptext_header(s, "To", 0), value, sizeof(value));
		add_words(words, cap, "to", value);
		siptext_user(siptext_header(s, "From", 0), value, sizeof(value));
		add_words(words, cap, "from", value);
		const char *name = siptext_header(s, "From", 0);
		if (name[0] == '"') {
			snprintf(value, sizeof(value), "%.*s", (int)strcspn(name + 1, "\""),
				 name + 1);
			add_words(words, cap, "from.name", value);
		}
		if (siptext_param(siptext_header(s, "To", 0), "tag", value, sizeof(value)))
			add_words(words, cap, "indialog", "");
		snprintf(value, sizeof(value), "%u", cseq);
		add_words(words, cap, "cseq", value);
	}
	describe_auth(s, words, cap);
	if (reason != NULL && strncasecmp(reason, "Q.850", 5) == 0 &&
	    siptext_param(reason, "cause", value, sizeof(value)))
		add_words(words, cap, "reason", value);
	describe_extensions(s, words, cap);
}
