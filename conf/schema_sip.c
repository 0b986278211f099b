/* schema_sip.c - the keys of section sip, and of section user, who proves to be so by what section
 * sip asks for; see schema.h. */
#include "conf/address.h"
#include "conf/schema_impl.h"
#include <string.h>

static const char *const digests[] = {"sha-512-256", "sha-256", "md5", NULL};
static const char *const stranger_ways[] = {"auto", "silent", "challenge", NULL};

_Static_assert(SIP_SHA_512_256 == 0 && SIP_SHA_256 == 1 && SIP_MD5 == 2, "the order of digests");

#define GUARD_UINT(name, field, least, most, text)                                                 \
	{                                                                                          \
		name, CONF_UINT, 0, FIELD(struct sip_agent_conf, field),                           \
			.min = (least), .max = (most), .help = text                                \
	}

const struct conf_key conf_sip_keys[CONF_SIP_KEYS] = {
	{"listen", CONF_BINDS, 0, LIST(struct sip_agent_conf, listen, listen_count),
	 .help = "Local addresses for SIP: \"192.0.2.1\" over UDP, \"tcp:192.0.2.1\" over TCP, "
		 "\"tls:192.0.2.1\" over TLS; 0.0.0.0 and [::] stand for every address of the "
		 "machine.  Requests leave by a transport only when it is here too, for the "
		 "answer must find us.  Port 0 lets the system choose, for tests."},
	{"certificate", CONF_TEXT, CONF_MAY_BE_EMPTY, FIELD(struct sip_agent_conf, tls.certificate),
	 .help = "File in PEM, by its absolute path: our certificate for TLS, then those between "
		 "it and its root.  Shown to whoever connects, and to servers that ask for one.  "
		 "This file, key and ca are read again at each reload; connections stay."},
	{"key", CONF_TEXT, CONF_MAY_BE_EMPTY, FIELD(struct sip_agent_conf, tls.key),
	 .help = "File in PEM: the certificate's private key, without a password."},
	{"ca", CONF_TEXT, CONF_MAY_BE_EMPTY, FIELD(struct sip_agent_conf, tls.ca),
	 .def = "those the system trusts",
	 .help = "File in PEM: the certificates of the CAs whose word on a peer's name is "
		 "believed.  With a CA of your own, only it: any of those the system trusts could "
		 "issue a certificate in the name of a peer."},
	{"verify_client", CONF_BOOL, 0, FIELD(struct sip_agent_conf, tls.verify_client),
	 .help = "Whether everyone who connects by TLS must have a certificate from these CAs "
		 "(mutual TLS).  Else a certificate is asked for, and only peers with tls_name "
		 "need it."},
	{"connections_max", CONF_UINT, 0, FIELD(struct sip_agent_conf, connections_max), .min = 2,
	 .max = 100000,
	 .help = "TCP and TLS connections at once.  Those of no known peer (one whose certificate "
		 "is still to come) may be half of them."},
	{"connections_per_address", CONF_UINT, 0,
	 FIELD(struct sip_agent_conf, connections_per_address), .min = 1, .max = 100000,
	 .help = "Of these at once, those of no known peer from one address."},
	{"connections_per_network", CONF_UINT, 0,
	 FIELD(struct sip_agent_conf, connections_per_network), .min = 1, .max = 100000,
	 .help = "The same from one network: a /24 of IPv4, a /64 of IPv6."},
	{"idle_timeout_s", CONF_UINT, 0, FIELD(struct sip_agent_conf, idle_timeout_s), .min = 10,
	 .max = 86400,
	 .help = "A TCP or TLS connection nothing came by for so long is closed; the next request "
		 "opens another."},
	{"setup_timeout_ms", CONF_UINT, 0, FIELD(struct sip_agent_conf, setup_timeout_ms),
	 .min = 100, .max = 60000,
	 .help = "Time to connect with TLS and all, and for a message that has begun to be "
		 "complete.  Who is slower is cut off; a call goes another way while its caller "
		 "still waits."},
	{"user_agent", CONF_TEXT, CONF_MAY_BE_EMPTY, FIELD(struct sip_agent_conf, user_agent),
	 .help = "What the User-Agent and Server headers say."},
	{"t1_ms", CONF_UINT, 0, FIELD(struct sip_agent_conf, t1_ms), .min = 10, .max = 10000,
	 .help = "Estimated round-trip time, RFC 3261 17.1.1.1; first interval of repetition."},
	{"t2_ms", CONF_UINT, 0, FIELD(struct sip_agent_conf, t2_ms), .min = 10, .max = 60000,
	 .help = "Longest interval of repetition of requests other than INVITE, and of 2xx."},
	{"t4_ms", CONF_UINT, 0, FIELD(struct sip_agent_conf, t4_ms), .min = 10, .max = 60000,
	 .help = "Longest time a message stays in the network."},
	{"invite_timeout_ms", CONF_UINT, 0, FIELD(struct sip_agent_conf, invite_timeout_ms),
	 .min = 1000, .max = 3600000,
	 .help = "Our INVITE without a final response is cancelled after this time: cause 102.  "
		 "RFC "
		 "3261 13.3.1.1 lets a phone ring for three minutes."},
	{"dialogs_max", CONF_UINT, 0, FIELD(struct sip_agent_conf, dialogs_max), .min = 1,
	 .max = 100000, .help = "Dialogs at once; more INVITEs get 503.  A bound on memory."},
	{"realm", CONF_HOST, 0, FIELD(struct sip_agent_conf, realm),
	 .help = "What users are asked a password for, RFC 7616.  Hashes of passwords are bound "
		 "to it."},
	{"digests", CONF_CHOICES, 0, LIST(struct sip_agent_conf, digest, digest_count),
	 .choices = digests,
	 .help = "Algorithms offered to users, by preference (RFC 8760).  MD5 alone, because many "
		 "phones give up at the sight of another, even with \"md5\" beside it; where all "
		 "know it, \"sha-256\" alone is better.  A challenge never gets longer than the "
		 "request: of several the last ones may be left away."},
	{"strangers", CONF_CHOICE, 0, FIELD(struct sip_agent_conf, strangers),
	 .choices = stranger_ways,
	 .help = "What addresses that are no peer's are told: \"silent\", nothing at all; "
		 "\"challenge\", to bring a password; \"auto\", the one or the other by whether "
		 "there are users.  Silence tells a scanner least, but a phone cannot log in."},
	GUARD_UINT("stranger_rate", guard.rate, 1, 100000,
		   "Requests a second looked at from an address (IPv6: a /64) that is no peer's; "
		   "four times that may come at once.  Many phones behind one NAT need more."),
	GUARD_UINT("stranger_network_rate", guard.prefix_rate, 1, 1000000,
		   "The same for its network, a /24 or a /48."),
	GUARD_UINT("stranger_total_rate", guard.total_rate, 1, 1000000,
		   "The same for all of them together: a bound on what an attack can cost."),
	GUARD_UINT("ban_failures", guard.ban_failures, 1, 1000,
		   "So many wrong passwords ban an address for ban_ms.  Only those count that "
		   "prove to come from there, so nobody is banned by forged packets."),
	GUARD_UINT("ban_ms", guard.ban_ms, 0, 86400000,
		   "How long, and within which time the failures count; 0 = no bans."),
	{"registrar_file", CONF_TEXT, CONF_MAY_BE_EMPTY | CONF_RESTART,
	 FIELD(struct sip_agent_conf, registrar.path), .def = "none: kept in memory",
	 .help = "SQLite file that keeps where users are registered over a restart; an absolute "
		 "path."},
	GUARD_UINT("register_min_s", registrar.expires_min_s, 1, 86400,
		   "Shortest registration of a user; a shorter one is answered 423."),
	GUARD_UINT("register_max_s", registrar.expires_max_s, 60, 604800,
		   "Longest registration; a longer one is cut to this."),
	GUARD_UINT("contacts_max", registrar.contacts_max, 1, 16,
		   "Phones of one user at once; the one that was not heard of for longest makes "
		   "room."),
};

void conf_sip_default(void *element)
{
	static const char *const listen[] = {"0.0.0.0", "[::]", "tcp:0.0.0.0", "tcp:[::]"};
	struct sip_agent_conf *s = element;

	memset(s, 0, sizeof(*s));
	sip_agent_conf_default(s);
	for (size_t i = 0; i < COUNT_OF(listen); i++)
		conf_bind_parse(&s->listen[i], listen[i], NULL, 0);
	s->listen_count = COUNT_OF(listen);
}

const struct conf_key conf_user_keys[CONF_USER_KEYS] = {
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

void conf_user_default(void *element)
{
	struct sip_user_conf *u = element;

	*u = (struct sip_user_conf){.calls_max = 4};
}
