/* value.h - one value of a key: from text, to text, and what is expected in words.  Any thread. */
#ifndef CONF_VALUE_H
#define CONF_VALUE_H

#include "conf/schema.h"

enum { CONF_VALUE_TEXT_MAX = 1024 };

/* Stores text[0..count) in the key's field of element.  0, or -EINVAL with the reason in why and
 * the value it concerns in *bad.  On failure the field keeps what it had. */
int conf_value_parse(const struct conf_key *k, void *element, const char *const *text, size_t count,
		     size_t *bad, char *why, size_t why_size);
/* The field as the file would write it.  False: as good as not given, do not write it. */
bool conf_value_format(const struct conf_key *k, const void *element,
		       char out[CONF_VALUE_TEXT_MAX]);
/* "1 to 24", "\"own\" or \"line\"", "an address with port": what the key takes. */
void conf_value_expected(const struct conf_key *k, char *out, size_t out_size);
/* A password or a hash of one. */
bool conf_is_secret(const struct conf_key *k);
/* Unused letters, digits, - _ . only, and not empty. */
bool conf_name_is_good(const char *name);

#endif
