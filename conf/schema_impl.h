/* schema_impl.h - for the files that hold the tables of schema.h. */
#ifndef CONF_SCHEMA_IMPL_H
#define CONF_SCHEMA_IMPL_H

#include "conf/schema.h"
#include <stddef.h>

#define FIELD(type, member) .offset = offsetof(type, member), .size = sizeof(((type *)0)->member)
#define LIST(type, member, count)                                                                  \
	.offset = offsetof(type, member),                                                          \
	.size = sizeof(((type *)0)->member) / sizeof(((type *)0)->member[0]),                      \
	.other = offsetof(type, count)
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* schema_span.c */
enum { CONF_SPAN_KEYS = 18 };
extern const struct conf_key conf_span_keys[CONF_SPAN_KEYS];
void conf_span_default(void *element);

/* schema_rule.c */
enum { CONF_RULE_KEYS = 10 };
extern const struct conf_key conf_rule_keys[CONF_RULE_KEYS];
void conf_rule_default(void *element);

/* schema_sip.c */
enum { CONF_SIP_KEYS = 28, CONF_USER_KEYS = 5 };
extern const struct conf_key conf_sip_keys[CONF_SIP_KEYS];
extern const struct conf_key conf_user_keys[CONF_USER_KEYS];
void conf_sip_default(void *element);
void conf_user_default(void *element);

/* schema_peer.c */
enum { CONF_PEER_KEYS = 38 };
extern const struct conf_key conf_peer_keys[CONF_PEER_KEYS];
void conf_peer_default(void *element);

/* schema_media.c */
enum { CONF_MEDIA_KEYS = 8 };
extern const struct conf_key conf_media_keys[CONF_MEDIA_KEYS];
void conf_media_default(void *element);

#endif
