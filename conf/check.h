/* check.h - what the files of the check share: where in the file an error belongs.
 *
 * A value that was refused when it was read holds its default; a second complaint about it would
 * only confuse.
 */
#ifndef CONF_CHECK_H
#define CONF_CHECK_H

#include "conf/load.h"

bool conf_is_given(const struct conf_loader *l, enum conf_section_id id, size_t i, const char *key);
bool conf_is_failed(const struct conf_loader *l, enum conf_section_id id, size_t i,
		    const char *key);
/* Of the key, or of its section when it is not given. */
unsigned conf_line_of(const struct conf_loader *l, enum conf_section_id id, size_t i,
		      const char *key);

#define REPORT(l, id, i, key, ...)                                                                 \
	conf_error(&(l)->errors, conf_line_of(l, id, i, key), key, __VA_ARGS__)

/* Trunk i: its spans and slots; what is not given is filled in. */
void conf_check_trunk(struct conf_loader *l, size_t i);
/* check_auth.c: users, passwords, and what proves a peer. */
void conf_check_auth(struct conf_loader *l);

#endif
