/* schema_auth.h - the keys about who may call and register: parts of the tables in schema.c, apart
 * from it for its length. */
#ifndef CONF_SCHEMA_AUTH_H
#define CONF_SCHEMA_AUTH_H

static const char *const digests[] = {"sha-512-256", "sha-256", "md5", NULL};
static const char *const proofs[] = {"address", "digest", "address-and-digest", NULL};
static const char *const registrations[] = {"no", "trunk", "bulk", "extensions", NULL};
static const char *const stranger_ways[] = {"auto", "silent", "challenge", NULL};

_Static_assert(SIP_SHA_512_256 == 0 && SIP_SHA_256 == 1 && SIP_MD5 == 2, "the order of digests");
_Static_assert(SIP_BY_ADDRESS == 0 && SIP_BY_DIGEST == 1 && SIP_BY_BOTH == 2, "that of proofs");

#define GUARD_UINT(name, field, least, most, text)                                                 \
	{                                                                                          \
		name, CONF_UINT, 0, FIELD(struct sip_agent_conf, field), .min = (least),           \
			.max = (most), .help = text                                                \
	}

#define SIP_AUTH_KEYS                                                                              \
	{"realm", CONF_HOST, 0, FIELD(struct sip_agent_conf, realm),                               \
	 .help = "What users are asked a password for, RFC 7616.  Hashes of passwords are bound "  \
		 "to it."},                                                                        \
	{"digests", CONF_CHOICES, 0, LIST(struct sip_agent_conf, digest, digest_count),            \
	 .choices = digests,                                                                       \
	 .help = "Algorithms offered to users, by preference (RFC 8760).  MD5 alone, because many " \
		 "phones give up at the sight of another, even with \"md5\" beside it; where all " \
		 "know it, \"sha-256\" alone is better.  A challenge never gets longer than the " \
		 "request: of several the last ones may be left away."},                           \
	{"strangers", CONF_CHOICE, 0, FIELD(struct sip_agent_conf, strangers),                     \
	 .choices = stranger_ways,                                                                 \
	 .help = "What addresses that are no peer's are told: \"silent\", nothing at all; "        \
		 "\"challenge\", to bring a password; \"auto\", the one or the other by whether "  \
		 "there are users.  Silence tells a scanner least, but a phone cannot log in."},   \
	GUARD_UINT("stranger_rate", guard.rate, 1, 100000,                                         \
		   "Requests a second looked at from an address (IPv6: a /64) that is no peer's; " \
		   "four times that may come at once.  Many phones behind one NAT need more."),    \
	GUARD_UINT("stranger_network_rate", guard.prefix_rate, 1, 1000000,                         \
		   "The same for its network, a /24 or a /48."),                                   \
	GUARD_UINT("stranger_total_rate", guard.total_rate, 1, 1000000,                            \
		   "The same for all of them together: a bound on what an attack can cost."),      \
	GUARD_UINT("ban_failures", guard.ban_failures, 1, 1000,                                    \
		   "So many wrong passwords ban an address for ban_ms.  Only those count that "    \
		   "prove to come from there, so nobody is banned by forged packets."),            \
	GUARD_UINT("ban_ms", guard.ban_ms, 0, 86400000,                                            \
		   "How long, and within which time the failures count; 0 = no bans."),            \
	{"registrar_file", CONF_TEXT, CONF_MAY_BE_EMPTY | CONF_RESTART,                            \
	 FIELD(struct sip_agent_conf, registrar.path), .def = "none: kept in memory",              \
	 .help = "SQLite file that keeps where users are registered over a restart; an absolute "  \
		 "path."},                                                                         \
	GUARD_UINT("register_min_s", registrar.expires_min_s, 1, 86400,                            \
		   "Shortest registration of a user; a shorter one is answered 423."),             \
	GUARD_UINT("register_max_s", registrar.expires_max_s, 60, 604800,                          \
		   "Longest registration; a longer one is cut to this."),                          \
	GUARD_UINT("contacts_max", registrar.contacts_max, 1, 16,                                  \
		   "Phones of one user at once; the one that was not heard of for longest makes "  \
		   "room."),

#define PEER_AUTH_KEYS                                                                             \
	{"authenticate", CONF_CHOICE, 0, FIELD(struct conf_peer, sip.proof), .choices = proofs,    \
	 .def = "\"address\"; \"digest\" for a registrar",                                         \
	 .help = "What shows that a call comes from this peer: one of its addresses, the "         \
		 "password of a user whose peer it is, or both."},                                 \
	{"registrar", CONF_BOOL, 0, FIELD(struct conf_peer, sip.registrar),                        \
	 .help = "The peer is our own registrar: it has no address, its users are called where "   \
		 "they registered with us, by their names as numbers.  A rule sends calls to it "  \
		 "as to any other."},                                                              \
	{"calls_per_second", CONF_UINT, 0, FIELD(struct conf_peer, sip.calls_per_second), .min = 0,\
	 .max = 10000,                                                                             \
	 .help = "Calls the peer, or all its users, may begin in a second, four times that at "    \
		 "once; more get 503.  0 = no limit."},                                            \
	{"username", CONF_TEXT, CONF_MAY_BE_EMPTY, FIELD(struct conf_peer, sip.login.username),    \
	 .def = "none: a challenge refuses the call",                                              \
	 .help = "Who we say we are when the peer asks by 401 or 407."},                           \
	{"password", CONF_SECRET, CONF_MAY_BE_EMPTY, FIELD(struct conf_peer, sip.login.password),  \
	 .def = "none", .help = "With username; or ha1."},                                         \
	{"ha1", CONF_HEX, CONF_MAY_BE_EMPTY, FIELD(struct conf_peer, sip.login.ha1),               \
	 .def = "none",                                                                            \
	 .help = "In place of password: the MD5 or SHA-256 hash of \"username:realm:password\", "  \
		 "so that the file does not tell the password."},                                  \
	{"register", CONF_CHOICE, 0, FIELD(struct conf_peer, sip.registers),                       \
	 .choices = registrations,                                                                 \
	 .help = "What we register there: \"trunk\", username; \"bulk\", username for all the "    \
		 "numbers it has (RFC 6140); \"extensions\", each number from "                  \
		 "register_first to register_last, so that extensions of the PBX are users "       \
		 "there.  These log in by username, or, without one, each by its own number."},    \
	{"register_s", CONF_UINT, 0, FIELD(struct conf_peer, sip.register_s), .min = 30,           \
	 .max = 86400,                                                                             \
	 .help = "Seconds a registration is asked to be good for; renewed a minute before its "    \
		 "end.  Short enough for a peer that lost it in a restart."},                      \
	{"register_first", CONF_UINT, CONF_MAY_BE_EMPTY,                                           \
	 FIELD(struct conf_peer, sip.extension_first), .min = 1, .max = 999999999,                 \
	 .def = "none", .help = "See register."},                                                  \
	{"register_last", CONF_UINT, CONF_MAY_BE_EMPTY,                                            \
	 FIELD(struct conf_peer, sip.extension_last), .min = 1, .max = 999999999,                  \
	 .def = "none", .help = "See register."},

static const struct conf_key user_keys[] = {
	{"peer", CONF_NAME, CONF_MAY_BE_EMPTY, FIELD(struct sip_user_conf, peer),
	 .def = "the only peer that is a registrar",
	 .help = "Whose calls the user's are: rules and limits of that peer apply."},
	{"password", CONF_SECRET, CONF_MAY_BE_EMPTY, FIELD(struct sip_user_conf, password),
	 .def = "none: password or ha1", .help = "In clear; or ha1."},
	{"ha1", CONF_HEX, CONF_MAY_BE_EMPTY, FIELD(struct sip_user_conf, ha1), .def = "none",
	 .help = "MD5 of \"user:realm:password\", for the realm of section sip: the output of "
		 "`printf %s user:realm:password | md5sum`."},
	{"ha1_sha256", CONF_HEX, CONF_MAY_BE_EMPTY, FIELD(struct sip_user_conf, ha1_sha256),
	 .def = "none", .help = "The same by SHA-256.  One is needed for each of sip.digests."},
	{"calls_max", CONF_UINT, 0, FIELD(struct sip_user_conf, calls_max), .min = 0, .max = 1000,
	 .help = "Calls of the user at once, both ways; more of its own are refused by 486.  0 = "
		 "no limit.  What a stolen password can cost ends here."},
};

static void user_default(void *element)
{
	struct sip_user_conf *u = element;

	*u = (struct sip_user_conf){.calls_max = 4};
}

#endif
