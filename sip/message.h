/* message.h - SIP messages read and written through libosip2's parser.  Signalling thread.
 *
 * What came in is a struct sip_incoming, alive for one dispatch.  What goes out is a struct
 * sip_draft: every step may fail for want of memory, the draft remembers, and only
 * sip_draft_text() need be checked.
 */
#ifndef SIP_MESSAGE_H
#define SIP_MESSAGE_H

#include "sip/dialog.h"
#include "sip/prescan.h"
#include "sip/target.h"

#include <osipparser2/osip_parser.h>
#undef SIP_TRYING /* the parser's status codes; ours are events */
#undef SIP_RINGING

struct sip_listener;
struct sip_peer;
struct sip_server;

struct sip_incoming {
	osip_message_t *m;    /* whoever keeps it sets this to NULL */
	struct sip_scan scan; /* the body is scan.body */
	const char *text;     /* the whole message */
	size_t len;
	struct sip_listener *listener;
	uint64_t flow;         /* the connection it came by; 0: a datagram */
	struct sip_peer *peer; /* NULL: a response from an address that is no peer */
	struct sip_user *user; /* who has proven to be so by password; NULL = nobody */
	bool by_digest;        /* and that is all that makes it the peer's */
	struct sockaddr_storage from;
	struct sip_target reply_to; /* requests: RFC 3261 18.2.2, RFC 3581 4 */
};

void sip_message_init(void); /* once in the process; may repeat */
/* Parses, and checks what the parser does not.  0, -EBADMSG or -ENOMEM. */
int sip_message_parse(osip_message_t **out, const char *text, size_t len);
/* The headers of what was scanned, into in->m.  The body stays away from the parser, which leaks
 * on multipart bodies, and so does Content-Type, without which it does not miss the body. */
int sip_message_read(struct sip_incoming *in);
/* Writes received and rport into the topmost Via and says where the response goes. */
int sip_message_fix_via(osip_message_t *m, const struct sockaddr *from,
			struct sockaddr_storage *reply_to);
/* The text with another protocol and sent-by ("192.0.2.1:5060") in the Via that is ours, the
 * topmost; *out is malloc'ed.  0, -EINVAL or -ENOMEM. */
int sip_message_move(const char *text, size_t len, enum sip_protocol protocol, const char *sent_by,
		     char **out, size_t *out_len);
/* The value of a parameter: "" when it stands alone, NULL when it is not there. */
const char *sip_param(const osip_list_t *params, const char *name);
const char *sip_message_tag(const osip_from_t *h); /* "" = none */
/* The value of the i-th header of that name, as written; NULL = none. */
const char *sip_message_header(const osip_message_t *m, const char *name, int i);
int sip_message_q850(const osip_message_t *m); /* RFC 3326; 0 = none */
enum sip_early sip_message_early(const osip_message_t *m); /* P-Early-Media, RFC 5009 */
bool sip_message_call_id_is(const osip_message_t *m, const char *call_id);
char *sip_message_call_id(const osip_message_t *m); /* malloc'ed, NULL = no memory */
/* 1: there is SDP, in *out.  0: no body that matters.  -415: a body of a kind we do not read. */
int sip_message_sdp(const struct sip_incoming *in, struct sip_text *out);
void sip_message_called(const osip_message_t *m, struct sip_party *out);
/* From, or P-Asserted-Identity where its sender is trusted. */
void sip_message_calling(const osip_message_t *m, bool trusted, struct sip_party *out);

typedef int sip_set_fn(osip_message_t *m, const char *value);

struct sip_login;

struct sip_draft {
	osip_message_t *m;
	struct sip_login *login; /* whose credentials a request may carry; NULL = none */
	int error;          /* the first one; 0 or -errno */
	unsigned shortages; /* of memory, before it began: memory.h */
};

void sip_draft_request(struct sip_draft *d, const char *method, const char *uri);
/* phrase NULL: the usual one.  tag goes into To when it has none and status is over 100. */
void sip_draft_response(struct sip_draft *d, const osip_message_t *request, int status,
			const char *phrase, const char *tag);
/* The ACK to a response over 299 (17.1.1.3) or the CANCEL (9.1) for the INVITE sent as text. */
void sip_draft_derive(struct sip_draft *d, const char *method, const char *invite, size_t len,
		      const osip_to_t *to);
void sip_draft_set(struct sip_draft *d, sip_set_fn *set, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void sip_draft_header(struct sip_draft *d, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void sip_draft_sdp(struct sip_draft *d, const char *sdp);
/* A status line as message/sipfrag, RFC 3420. */
void sip_draft_fragment(struct sip_draft *d, int status, const char *phrase);
void sip_draft_reason(struct sip_draft *d, int q850); /* nothing when 0 */
/* The credentials that the request sent as text carried: RFC 3261 13.2.2.4. */
void sip_draft_credentials(struct sip_draft *d, const char *text, size_t len);
/* The request sent as text once more, with the next CSeq, another branch and no credentials. */
void sip_draft_again(struct sip_draft *d, const char *text, size_t len);
/* Ends the draft.  *text is malloc'ed.  0 or the first error. */
int sip_draft_text(struct sip_draft *d, char **text, size_t *len);

/* Appends with %XX for what a user part may not hold (RFC 3261 25.1).  False: no room. */
bool sip_escape_user(char *out, size_t size, const char *user);
/* Who answered, of a response; false: it does not say. */
bool sip_message_connected(const osip_message_t *m, struct sip_party *out);
/* The next element of a comma-separated list of name-addrs into out, "" when too long; returns
 * what follows it, NULL at the end. */
const char *sip_list_next(const char *list, char *out, size_t size);
void sip_party_read(struct sip_party *out, const osip_from_t *from);
/* What a name-addr or URI says of a party; false: it is neither, or names nobody. */
bool sip_party_parse(struct sip_party *out, const char *name_addr);
/* E.164 with its +: the URI says so by user=phone (RFC 3261 19.1.6). */
bool sip_is_global_number(const char *user);
enum { SIP_WRITTEN_USER_MAX = 3 * (SIP_USER_MAX + SIP_SUBADDRESS_MAX) + 40 };
/* isub of the number in a URI (RFC 3966, RFC 4715: characters, or not said); "" = none. */
void sip_uri_subaddress(const osip_uri_t *uri, char out[SIP_SUBADDRESS_MAX]);
/* Appends user part, subaddress (NULL, "": none) and @, escaped; nothing for no user.  False: no
 * room. */
bool sip_write_user(char *out, size_t size, const char *user, const char *subaddress);
/* "Name" <sip:user@host> into out.  false: no room. */
bool sip_party_text(char *out, size_t size, const struct sip_party *p, const char *host);
/* Quotes a display name, backslash before " and \.  "" stays "". */
void sip_quote_display(char *out, size_t size, const char *display);

#endif
