/* siptext.h - a SIP message taken apart by hand: start line, header lines, body. */
#ifndef TESTS_SIM_SIPTEXT_H
#define TESTS_SIM_SIPTEXT_H

#include <stdbool.h>
#include <stddef.h>

enum { SIPTEXT_MAX = 4096, SIPTEXT_LINES = 64, SIPTEXT_FIELD = 512 };

struct siptext {
	char text[SIPTEXT_MAX]; /* cut up: each line ends in NUL */
	char *start;
	char *line[SIPTEXT_LINES]; /* "Name: value" */
	unsigned line_count;
	char *body;
};

/* False: no SIP message. */
bool siptext_read(struct siptext *s, const char *text, size_t len);
void siptext_copy(struct siptext *to, const struct siptext *from);
/* Value of the index-th header of this name (its long form), or NULL. */
const char *siptext_header(const struct siptext *s, const char *name, unsigned index);
/* Status of a response, 0 of a request. */
int siptext_status(const struct siptext *s);
/* Method of the CSeq, and its number. */
void siptext_cseq(const struct siptext *s, char method[16], unsigned *number);
/* ";name=value" of a header's value into out; false = not there. */
bool siptext_param(const char *value, const char *name, char *out, size_t out_size);
/* "sip:7134@host" of a name-addr; and its user part. */
void siptext_uri(const char *value, char *out, size_t out_size);
void siptext_user(const char *value, char *out, size_t out_size);
/* " sdp codec=0 dir=sendrecv port=4000" of a body, "" of none. */
void siptext_sdp_words(const char *body, char *out, size_t out_size);

#endif
