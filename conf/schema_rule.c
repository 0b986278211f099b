/* schema_rule.c - the keys of section rule; see schema.h. */
#include "conf/schema_impl.h"

const struct conf_key conf_rule_keys[CONF_RULE_KEYS] = {
	{"from", CONF_NAME, CONF_MAY_BE_EMPTY, FIELD(struct dial_rule, from), .def = "any",
	 .help = "Trunk, trunk group or peer the call came from."},
	{"number", CONF_PATTERN, 0, FIELD(struct dial_rule, pattern),
	 .help = "Pattern of the called number."},
	{"caller", CONF_PATTERN, CONF_MAY_BE_EMPTY, FIELD(struct dial_rule, caller_pattern),
	 .def = "any, an unknown one too", .help = "Pattern the caller's number must match."},
	{"to", CONF_NAME, CONF_MAY_BE_EMPTY, FIELD(struct dial_rule, to),
	 .def = "none: to or reject", .help = "Trunk, trunk group or peer the call goes to."},
	{"reject", CONF_UINT, CONF_MAY_BE_EMPTY, FIELD(struct dial_rule, reject_cause), .min = 1,
	 .max = 127, .def = "none: to or reject",
	 .help = "Q.850 cause with which the call is refused: 1 unallocated number, 21 rejected."},
	{"strip", CONF_UINT, CONF_MAY_BE_EMPTY, FIELD(struct dial_rule, strip), .min = 0,
	 .max = DIAL_NUMBER_MAX - 1, .help = "Digits taken off the front of the called number."},
	{"prefix", CONF_NUMBER, CONF_MAY_BE_EMPTY, FIELD(struct dial_rule, prefix), .def = "none",
	 .help = "Digits then put in front of the called number."},
	{"caller_strip", CONF_UINT, CONF_MAY_BE_EMPTY, FIELD(struct dial_rule, caller_strip),
	 .min = 0, .max = DIAL_NUMBER_MAX - 1,
	 .help = "Digits taken off the front of the caller's number."},
	{"caller_prefix", CONF_NUMBER, CONF_MAY_BE_EMPTY, FIELD(struct dial_rule, caller_prefix),
	 .def = "none", .help = "Digits then put in front of the caller's number."},
	{"caller_number", CONF_NUMBER, CONF_MAY_BE_EMPTY, FIELD(struct dial_rule, caller),
	 .def = "the caller's own", .help = "Number sent in place of the caller's."},
};

void conf_rule_default(void *element)
{
	struct dial_rule *r = element;

	*r = (struct dial_rule){.pattern = "."};
}
