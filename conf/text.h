/* text.h - makes a text safe for libconfuse, which trusts its input too much.
 *
 * libconfuse 3.3: a string without its end leaves the scanner in the string for the next file; a
 * file that ends inside a section is accepted; a comment inside a list is a syntax error and some
 * comments put line numbers off; + and * outside quotes vanish without a word, so that *72 is
 * read as 72; "${X}" reads the environment.  Here comments become blanks and the rest is refused.
 */
#ifndef CONF_TEXT_H
#define CONF_TEXT_H

#include "conf/errors.h"
#include <stddef.h>

enum { CONF_TEXT_MAX = 4 * 1024 * 1024 };

struct conf_text {
	char *text;             /* cleaned copy, ends with a newline */
	unsigned *section_line; /* where the "{" of each section stands, in order */
	size_t section_count;
};

/* 0, -ENOMEM, or -EINVAL with the reasons in errors.  conf_text_free() in any case. */
int conf_text_clean(struct conf_text *out, const char *text, size_t size,
		    struct conf_errors *errors);
void conf_text_free(struct conf_text *t);

#endif
