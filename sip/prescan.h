/* prescan.h - one linear look at a datagram before the parser sees it.  Any thread; no memory.
 *
 * libosip2's parser is quadratic in the number of headers, list members and parameters, gives back
 * nothing to answer from when it fails, and lets much through that RFC 4475 wants refused.  So
 * sizes and counts are bounded here, mandatory headers and numbers are checked here (RFC 3261
 * 8.1.1, 18.3, 20.14), and what an error response needs is remembered.
 */
#ifndef SIP_PRESCAN_H
#define SIP_PRESCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SIP_MESSAGE_MAX = 8192, /* octets */
	SIP_HEADERS_MAX = 100,  /* header lines, folded parts counted */
	SIP_MEMBERS_MAX = 128,  /* commas, and so list members, in a message */
	SIP_PARAMS_MAX = 160,   /* semicolons, and so parameters, in a message */
	SIP_URI_MAX = 512,
	SIP_VIAS_MAX = 32, /* Via lines kept for an error response */
	SIP_AUTHS_MAX = 8, /* challenges or credentials kept; those after them are not seen */
};

struct sip_text {
	const char *at;
	size_t len;
};

/* A value of WWW-Authenticate or Authorization, or of their kin for proxies (RFC 3261 22). */
struct sip_auth_line {
	struct sip_text value;
	bool proxy;
};

struct sip_scan {
	bool request;
	struct sip_text method;            /* of a response: from CSeq */
	struct sip_text uri;               /* requests */
	int status;                        /* responses */
	size_t skipped;                    /* empty lines before the message */
	size_t head_len;                   /* from there through the empty line */
	struct sip_text body;              /* cut to Content-Length */
	struct sip_text via[SIP_VIAS_MAX]; /* values of Via lines, in order */
	unsigned via_count;
	struct sip_text from, to, call_id, cseq, content_type;
	struct sip_text content_type_line; /* whole, with its end */
	struct sip_auth_line auth[SIP_AUTHS_MAX];
	unsigned auth_count;
	uint32_t cseq_number;
	int refusal;     /* 0 or the status to refuse a request with */
	const char *why; /* its reason phrase */
};

/* 0: fit to be parsed.  -EBADMSG: not; a request with .refusal set may be told so, see
 * sip_scan_refuse().  -EAGAIN: nothing but line ends, as sent to keep a NAT open. */
int sip_scan(struct sip_scan *out, const char *data, size_t len);

/* Writes the response that .refusal asks for from what was found.  Its length, or 0: not enough
 * was found, or it is no request, or an ACK, which is never answered (RFC 3261 17.1.1.3).  The tag
 * goes into To when there is none. */
size_t sip_scan_refuse(const struct sip_scan *scan, const char *tag, char *out, size_t size);

/* The tag of To; len 0 = none. */
struct sip_text sip_scan_to_tag(const struct sip_scan *scan);

/* The branch parameter of the topmost Via; len 0 = none. */
struct sip_text sip_scan_branch(const struct sip_scan *scan);

#endif
