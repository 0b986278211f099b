#include "sip/sdp.h"

#include "sip/address.h"
#include "sip/memory.h"

#include <errno.h>
#include <osipparser2/sdp_message.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	TEXT_MAX = 8192,
	TEXT_LINES_MAX = 256,
	WORDS_MAX = 96,    /* in a line: payload types, mostly */
	PTIME_MIN_MS = 10, /* one tick of the media workers */
	PTIME_MAX_MS = 60,
};

/* The parser searches its lists from the start for each thing it adds. */
static bool affordable(const char *text, size_t len)
{
	unsigned lines = 0, words = 0;

	if (len == 0 || len > TEXT_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\0')
			return false;
		if (text[i] == '\n') {
			words = 0;
			if (++lines > TEXT_LINES_MAX)
				return false;
		} else if (text[i] == ' ' && ++words > WORDS_MAX) {
			return false;
		}
	}
	return true;
}

static bool small_number(const char *text, unsigned max, unsigned *out)
{
	unsigned value = 0;

	if (text == NULL || *text < '0' || *text > '9')
		return false;
	for (; *text >= '0' && *text <= '9'; text++) {
		value = value * 10 + (unsigned)(*text - '0');
		if (value > max)
			return false;
	}
	/* "a=ptime:20.0" and "RTP/AVP 0 " are seen: what follows the digits does not matter. */
	*out = value;
	return true;
}

static void copy(char *out, size_t size, const char *text)
{
	snprintf(out, size, "%s", text != NULL ? text : "");
}

/* --- reading --- */

struct stream {
	sdp_message_t *sdp;
	int index;
	struct sip_sdp *out;
};

/* The value of the first attribute of that name: the stream's, else the session's. */
static const char *attribute(const struct stream *s, const char *name, bool session_too)
{
	sdp_attribute_t *a;

	for (int at = s->index;; at = -1) {
		for (int i = 0; (a = sdp_message_attribute_get(s->sdp, at, i)) != NULL; i++)
			if (a->a_att_field != NULL && strcasecmp(a->a_att_field, name) == 0)
				return a->a_att_value != NULL ? a->a_att_value : "";
		if (at < 0 || !session_too)
			return NULL;
	}
}

/* "0 PCMU/8000": the encoding name for a payload type, from a=rtpmap or RFC 3551 table 4. */
static void encoding(const struct stream *s, unsigned type, char *name, size_t size)
{
	sdp_attribute_t *a;
	unsigned mapped;

	for (int i = 0; (a = sdp_message_attribute_get(s->sdp, s->index, i)) != NULL; i++) {
		if (a->a_att_field == NULL || strcasecmp(a->a_att_field, "rtpmap") != 0 ||
		    !small_number(a->a_att_value, 127, &mapped) || mapped != type)
			continue;
		const char *space = strchr(a->a_att_value, ' ');
		copy(name, size, space != NULL ? space + strspn(space, " ") : "");
		return;
	}
	copy(name, size, type == 0 ? "PCMU/8000" : type == 8 ? "PCMA/8000" : "");
}

static bool encoding_is(const char *name, const char *wanted)
{
	size_t n = strlen(wanted);

	/* "PCMU/8000/1" says the same: one channel. */
	return strncasecmp(name, wanted, n) == 0 &&
	       (name[n] == '\0' || name[n] == ' ' || strncmp(name + n, "/1", 2) == 0);
}

static void add_format(struct sip_sdp *out, uint8_t type, enum sip_codec codec)
{
	for (unsigned i = 0; i < out->format_count; i++)
		if (out->format[i].codec == codec)
			return;
	out->format[out->format_count].type = type;
	out->format[out->format_count++].codec = codec;
}

static void read_formats(const struct stream *s)
{
	struct sip_sdp *out = s->out;
	const char *word;
	char name[48];
	unsigned type;

	out->format_count = 0;
	out->dtmf_type = 0;
	for (int i = 0; (word = sdp_message_m_payload_get(s->sdp, s->index, i)) != NULL; i++) {
		if (!small_number(word, 127, &type))
			continue;
		encoding(s, type, name, sizeof(name));
		if (encoding_is(name, "PCMU/8000"))
			add_format(out, (uint8_t)type, SIP_PCMU);
		else if (encoding_is(name, "PCMA/8000"))
			add_format(out, (uint8_t)type, SIP_PCMA);
		else if (encoding_is(name, "CLEARMODE/8000"))
			add_format(out, (uint8_t)type, SIP_CLEARMODE);
		else if (encoding_is(name, "telephone-event/8000") && out->dtmf_type == 0)
			out->dtmf_type = (uint8_t)type;
	}
}

/* RFC 3264 6.1, 8.4; before that RFC 2543 held by c=0.0.0.0, and IPv6 by a name in .invalid. */
static void read_address(const struct stream *s, uint16_t port)
{
	struct sip_sdp *out = s->out;
	sdp_connection_t *c = sdp_message_connection_get(s->sdp, s->index, 0);

	memset(&out->rtp, 0, sizeof(out->rtp));
	out->unreachable = false;
	if (c == NULL)
		c = sdp_message_connection_get(s->sdp, -1, 0);
	if (c == NULL || c->c_addr == NULL || c->c_addr_multicast_ttl != NULL) {
		out->unreachable = true;
		return;
	}
	size_t len = strlen(c->c_addr);
	bool held = len >= 8 && strcasecmp(c->c_addr + len - 8, ".invalid") == 0;
	if (!held && !sip_addr_parse(&out->rtp, c->c_addr, port)) {
		out->unreachable = true;
		return;
	}
	if (held || sip_addr_is_any((struct sockaddr *)&out->rtp)) {
		memset(&out->rtp, 0, sizeof(out->rtp));
		out->receives = false;
	}
}

/* RFC 3605: "a=rtcp:53020" or "a=rtcp:53020 IN IP4 192.0.2.1"; else the next port. */
static void read_rtcp(const struct stream *s, unsigned rtp_port)
{
	struct sip_sdp *out = s->out;
	const char *value = attribute(s, "rtcp", false);
	char host[64];
	unsigned port;

	out->rtcp = out->rtp;
	sip_addr_set_port(&out->rtcp, rtp_port < UINT16_MAX ? (uint16_t)(rtp_port + 1) : 0);
	if (value == NULL || out->rtp.ss_family == 0 || !small_number(value, 65535, &port) ||
	    port == 0)
		return;
	struct sockaddr_storage other;
	if (sscanf(value, "%*u IN %*s %63s", host) == 1 &&
	    sip_addr_parse(&other, host, (uint16_t)port) && other.ss_family == out->rtp.ss_family)
		out->rtcp = other;
	else
		sip_addr_set_port(&out->rtcp, (uint16_t)port);
}

static void read_direction(const struct stream *s)
{
	static const struct {
		const char *name;
		bool sends, receives;
	} table[] = {{"sendrecv", true, true},
		     {"sendonly", true, false},
		     {"recvonly", false, true},
		     {"inactive", false, false}};
	struct stream at = *s;

	s->out->sends = s->out->receives = true;
	for (;;) {
		for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
			if (attribute(&at, table[i].name, false) != NULL) {
				s->out->sends = table[i].sends;
				s->out->receives = table[i].receives;
				return;
			}
		if (at.index < 0)
			return;
		at.index = -1; /* the session's holds where the stream says nothing */
	}
}

static void read_stream(const struct stream *s, unsigned port)
{
	struct sip_sdp *out = s->out;

	out->audio = s->index;
	out->disabled = port == 0;
	read_direction(s);
	read_address(s, (uint16_t)port);
	read_rtcp(s, port);
	out->ptime_ms = out->maxptime_ms = 0;
	small_number(attribute(s, "ptime", true), 1000, &out->ptime_ms);
	small_number(attribute(s, "maxptime", true), 1000, &out->maxptime_ms);
}

static bool fits(const struct stream *s)
{
	const struct sip_sdp_line *line = &s->out->line[s->index];

	if (strcasecmp(line->media, "audio") != 0 || strcasecmp(line->proto, "RTP/AVP") != 0)
		return false;
	read_formats(s);
	return s->out->format_count > 0;
}

static int read_lines(sdp_message_t *sdp, struct sip_sdp *out)
{
	struct stream s = {sdp, 0, out}, best = {sdp, -1, out};
	unsigned port, best_port = 0;

	for (; !sdp_message_endof_media(sdp, s.index); s.index++) {
		if (s.index == SIP_SDP_LINES_MAX)
			return -EBADMSG;
		struct sip_sdp_line *line = &out->line[s.index];
		copy(line->media, sizeof(line->media), sdp_message_m_media_get(sdp, s.index));
		copy(line->proto, sizeof(line->proto), sdp_message_m_proto_get(sdp, s.index));
		copy(line->format, sizeof(line->format),
		     sdp_message_m_payload_get(sdp, s.index, 0));
		out->line_count++;
		if (!small_number(sdp_message_m_port_get(sdp, s.index), 65535, &port))
			return -EBADMSG;
		/* A stream that is off is only taken when no other fits. */
		if ((best.index < 0 || (best_port == 0 && port != 0)) && fits(&s)) {
			best.index = s.index;
			best_port = port;
		}
	}
	if (best.index >= 0) {
		read_formats(&best);
		read_stream(&best, best_port);
	}
	return 0;
}

int sip_sdp_parse(struct sip_sdp *out, const char *text, size_t len)
{
	char padded[TEXT_MAX + 16];
	sdp_message_t *sdp;
	unsigned shortages = sip_memory_shortages();
	int r = -EBADMSG;

	memset(out, 0, sizeof(*out));
	out->audio = -1;
	if (!affordable(text, len))
		return -EBADMSG;
	/* The parser reads a little past the end of its string. */
	memcpy(padded, text, len);
	memset(padded + len, 0, 16);
	if (sdp_message_init(&sdp) != 0)
		return -EBADMSG;
	if (sdp_message_parse(sdp, padded) == 0)
		r = read_lines(sdp, out);
	sdp_message_free(sdp);
	return sip_memory_shortages() == shortages ? r : -ENOMEM;
}

bool sip_sdp_is_data(const struct sip_sdp *offer)
{
	return offer->audio >= 0 && offer->format_count == 1 &&
	       offer->format[0].codec == SIP_CLEARMODE;
}

/* RFC 3551 table 4; RFC 4040 has none. */
static uint8_t offered_type(const struct sip_local_media *local, enum sip_codec codec)
{
	return codec == SIP_PCMU ? 0 : codec == SIP_PCMA ? 8 : local->clearmode_type;
}

/* --- agreeing --- */

static unsigned settle_ptime(const struct sip_local_media *local, const struct sip_sdp *remote)
{
	unsigned ms = remote->ptime_ms != 0 ? remote->ptime_ms : local->ptime_ms;

	if (remote->maxptime_ms != 0 && ms > remote->maxptime_ms)
		ms = remote->maxptime_ms;
	ms -= ms % PTIME_MIN_MS;
	return ms < PTIME_MIN_MS ? PTIME_MIN_MS : ms > PTIME_MAX_MS ? PTIME_MAX_MS : ms;
}

static bool settle_codec(struct sip_media *out, const struct sip_local_media *local,
			 const struct sip_sdp *remote)
{
	for (unsigned i = 0; i < remote->format_count; i++)
		for (unsigned j = 0; j < local->codec_count; j++)
			if (remote->format[i].codec == local->codec[j]) {
				out->codec = local->codec[j];
				out->payload_type = remote->format[i].type;
				out->payload_type_in = offered_type(local, out->codec);
				return true;
			}
	return false;
}

int sip_sdp_settle(struct sip_media *out, const struct sip_local_media *local,
		   const struct sip_sdp *remote)
{
	memset(out, 0, sizeof(*out));
	if (remote->audio < 0 || !settle_codec(out, local, remote))
		return -ENOTSUP;
	out->dtmf_type = local->dtmf_type != 0 ? remote->dtmf_type : 0;
	out->dtmf_type_in = out->dtmf_type != 0 ? local->dtmf_type : 0;
	out->ptime_ms = (uint8_t)settle_ptime(local, remote);
	if (remote->disabled)
		return 0; /* no stream: no address, no direction */
	if (remote->unreachable)
		return -EAFNOSUPPORT;
	if (remote->rtp.ss_family != 0 && remote->rtp.ss_family != local->addr.ss_family)
		return -EAFNOSUPPORT;
	out->remote = remote->rtp;
	out->remote_rtcp = remote->rtcp;
	out->send = remote->receives;
	out->recv = remote->sends && !local->hold;
	return 0;
}

static bool address_equal(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	if (a->ss_family == 0 || b->ss_family == 0)
		return a->ss_family == b->ss_family;
	return sip_addr_equal((const struct sockaddr *)a, (const struct sockaddr *)b, true);
}

bool sip_media_equal(const struct sip_media *a, const struct sip_media *b)
{
	return a->codec == b->codec && a->payload_type == b->payload_type &&
	       a->payload_type_in == b->payload_type_in && a->dtmf_type == b->dtmf_type &&
	       a->dtmf_type_in == b->dtmf_type_in && a->ptime_ms == b->ptime_ms &&
	       a->send == b->send && a->recv == b->recv && address_equal(&a->remote, &b->remote) &&
	       address_equal(&a->remote_rtcp, &b->remote_rtcp);
}

/* --- writing --- */

struct writer {
	char *out;
	size_t at;
};

static void put(struct writer *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void put(struct writer *w, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(w->out + w->at, SIP_SDP_SIZE - w->at, fmt, ap);
	va_end(ap);
	if (n > 0)
		w->at += (size_t)n < SIP_SDP_SIZE - w->at ? (size_t)n : SIP_SDP_SIZE - w->at - 1;
}

static void put_session(struct writer *w, const struct sip_sdp_origin *origin,
			const struct sip_local_media *local)
{
	const struct sockaddr *addr = (const struct sockaddr *)&local->addr;
	const char *family = addr->sa_family == AF_INET6 ? "IP6" : "IP4";
	char host[SIP_ADDR_TEXT];

	sip_addr_bare(addr, host);
	put(w, "v=0\r\no=- %llu %llu IN %s %s\r\ns=-\r\nc=IN %s %s\r\nt=0 0\r\n",
	    (unsigned long long)origin->id, (unsigned long long)origin->version, family, host,
	    family, host);
}

static void put_rtpmap(struct writer *w, uint8_t type, enum sip_codec codec)
{
	static const char *const names[SIP_CODEC_COUNT] = {"PCMU", "PCMA", "CLEARMODE"};

	put(w, "a=rtpmap:%u %s/8000\r\n", type, names[codec]);
}

static void put_dtmf(struct writer *w, uint8_t type)
{
	if (type != 0)
		put(w, "a=rtpmap:%u telephone-event/8000\r\na=fmtp:%u 0-15\r\n", type, type);
}

static void put_tail(struct writer *w, const struct sip_local_media *local, const char *direction)
{
	put(w, "a=ptime:%u\r\na=%s\r\n", local->ptime_ms, direction);
}

void sip_sdp_write_offer(char out[SIP_SDP_SIZE], const struct sip_sdp_origin *origin,
			 const struct sip_local_media *local)
{
	struct writer w = {out, 0};

	put_session(&w, origin, local);
	put(&w, "m=audio %u RTP/AVP", sip_addr_port((const struct sockaddr *)&local->addr));
	for (unsigned i = 0; i < local->codec_count; i++)
		put(&w, " %u", offered_type(local, local->codec[i]));
	if (local->dtmf_type != 0)
		put(&w, " %u", local->dtmf_type);
	put(&w, "\r\n");
	for (unsigned i = 0; i < local->codec_count; i++)
		put_rtpmap(&w, offered_type(local, local->codec[i]), local->codec[i]);
	put_dtmf(&w, local->dtmf_type);
	put_tail(&w, local, local->hold ? "sendonly" : "sendrecv");
}

static void put_answered(struct writer *w, const struct sip_local_media *local,
			 const struct sip_media *m)
{
	put(w, "m=audio %u RTP/AVP %u", sip_addr_port((const struct sockaddr *)&local->addr),
	    m->payload_type);
	if (m->dtmf_type != 0)
		put(w, " %u", m->dtmf_type);
	put(w, "\r\n");
	put_rtpmap(w, m->payload_type, m->codec);
	put_dtmf(w, m->dtmf_type);
	put_tail(w, local,
		 m->send ? (m->recv ? "sendrecv" : "sendonly")
			 : (m->recv ? "recvonly" : "inactive"));
}

void sip_sdp_write_answer(char out[SIP_SDP_SIZE], const struct sip_sdp_origin *origin,
			  const struct sip_local_media *local, const struct sip_sdp *offer,
			  const struct sip_media *settled)
{
	struct writer w = {out, 0};

	put_session(&w, origin, local);
	for (unsigned i = 0; i < offer->line_count; i++) {
		const struct sip_sdp_line *line = &offer->line[i];
		if ((int)i == offer->audio && !offer->disabled)
			put_answered(&w, local, settled);
		else
			put(&w, "m=%s 0 %s %s\r\n", line->media, line->proto, line->format);
	}
}
