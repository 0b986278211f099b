/* span_ether.c - a span carried as TDM over Ethernet: type 0xD00D, 1,000 frames a second.
 *
 * A packet socket on one interface.  While the line is good the kernel hands us the frames of our
 * device and span only; while nothing is received, all that have the type, so that a wrong address
 * in the configuration shows as foreign frames.
 *
 * An interface that goes down wakes up again by itself; one that is removed and comes back has
 * another index, so the socket is bound anew.  On the worker: neither step can wait, see
 * bind_to_interface().
 */
#include "tdm/packet_span.h"
#include "tdm/tdmoe.h"
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

enum {
	REBIND_EVERY = 128, /* frames refused */
	SOURCE_MAC = 6,     /* in the Ethernet header */
	PRIORITY = 6,       /* socket(7): the highest that needs no more rights */
};

struct ether {
	struct tdm_packet_span packets; /* first: this is the span */
	struct tdm_ether_conf conf;
};

static const struct ether *ether_of(const struct tdm_packet_span *s)
{
	return (const struct ether *)s;
}

/* --- the socket -------------------------------------------------------------------------- */

static const uint8_t *peer_mac(const struct tdm_packet_socket *s)
{
	return ((const struct sockaddr_ll *)&s->peer)->sll_addr;
}

/* Any frame of the type, or, while we receive, only those of our device and span: the kernel then
 * drops the rest.  A failure costs time only, so it is not looked at. */
static void set_filter(const struct ether *e)
{
	const uint8_t *mac = peer_mac(&e->packets.socket);
	uint32_t mac_low =
		(uint32_t)mac[2] << 24 | (uint32_t)mac[3] << 16 | (uint32_t)mac[4] << 8 | mac[5];
	struct sock_filter ours[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, e->conf.subaddress, 0, 5),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)SKF_LL_OFF + SOURCE_MAC + 2),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, mac_low, 0, 3),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, (uint32_t)SKF_LL_OFF + SOURCE_MAC),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)mac[0] << 8 | mac[1], 0, 1),
		BPF_STMT(BPF_RET | BPF_K, UINT16_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog program = {COUNT_OF(ours), ours};
	int fd = e->packets.socket.fd;

	if (e->packets.receiving)
		setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
	else
		setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &fd, sizeof(fd)); /* any int */
}

/* The index that the interface has now; -errno.  Through this option rather than SIOCGIFINDEX, as
 * that one runs modprobe for a name nobody has. */
static int find_interface(int fd, const char *name)
{
	int index = 0;
	socklen_t size = sizeof(index);

	if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, (socklen_t)strlen(name)) != 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &index, &size) != 0)
		return -errno;
	return index > 0 ? index : -ENODEV;
}

/* bind() waits for the kernel's readers only when the socket hears an interface already; this one
 * does not: its interface is not there, down, or not bound yet. */
static int bind_to_interface(struct ether *e)
{
	struct sockaddr_ll *peer = (struct sockaddr_ll *)&e->packets.socket.peer;
	int index = find_interface(e->packets.socket.fd, e->conf.interface);

	if (index < 0)
		return index;
	if (index == peer->sll_ifindex)
		return 0;
	struct sockaddr_ll local = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(TDMOE_ETHERTYPE),
		.sll_ifindex = index,
	};
	if (bind(e->packets.socket.fd, (struct sockaddr *)&local, sizeof(local)) != 0)
		return -errno;
	peer->sll_ifindex = index;
	return 0;
}

/* --- frames ------------------------------------------------------------------------------ */

/* Promiscuous mode brings frames to others, too. */
static bool ether_is_peer(const struct tdm_packet_span *s, const struct tdm_packet_arrival *a)
{
	const struct sockaddr_ll *from = (const void *)a->from;

	if (from->sll_pkttype == PACKET_OTHERHOST || from->sll_halen != TDMOE_MAC_OCTETS ||
	    memcmp(from->sll_addr, peer_mac(&s->socket), TDMOE_MAC_OCTETS) != 0)
		return false;
	return a->octets < 2 ||
	       ((unsigned)a->data[0] << 8 | a->data[1]) == ether_of(s)->conf.subaddress;
}

static bool ether_decode(const struct tdm_packet_span *s, struct tdm_packet *p,
			 const struct tdm_packet_arrival *a)
{
	struct tdmoe_frame f;

	if (a->octets > TDMOE_OCTETS || !tdmoe_parse(&f, a->data, a->octets))
		return false;
	*p = (struct tdm_packet){.sequence = f.sequence, .payload = f.payload};
	if (f.flags & TDMOE_YELLOW)
		p->alarms |= TDM_ALARM_YELLOW;
	if (f.flags & TDMOE_LOOPBACK)
		p->alarms |= TDM_ALARM_LOOP;
	return true;
}

/* There is no word for BLUE: all ones in every slot are all that tells. */
static size_t ether_encode(const struct tdm_packet_span *s, uint8_t *out,
			   const struct tdm_packet *p)
{
	struct tdmoe_frame f = {
		.subaddress = (uint16_t)ether_of(s)->conf.subaddress,
		.sequence = p->sequence,
		.flags = TDMOE_SIGNALLING,
		.payload = p->payload,
	};

	if (p->deaf || (p->alarms & TDM_ALARM_YELLOW))
		f.flags |= TDMOE_YELLOW;
	if (p->alarms & TDM_ALARM_LOOP)
		f.flags |= TDMOE_LOOPBACK;
	return tdmoe_encode(out, &f);
}

static void ether_refused(struct tdm_packet_span *s)
{
	if (s->refused % REBIND_EVERY == 0)
		bind_to_interface((struct ether *)s);
}

static void ether_receiving(struct tdm_packet_span *s)
{
	set_filter((struct ether *)s);
}

static const struct tdm_packet_line ether_line = {
	.is_peer = ether_is_peer,
	.decode = ether_decode,
	.encode = ether_encode,
	.refused = ether_refused,
	.receiving = ether_receiving,
	.run_frames = TDMOE_SAMPLES,
	.slot_step = TDMOE_SAMPLES,
	.frame_step = 1,
};

/* --- opening ----------------------------------------------------------------------------- */

static const char *check_conf(const struct tdm_span_conf *conf)
{
	const struct tdm_ether_conf *c = &conf->ether;
	uint8_t mac[TDMOE_MAC_OCTETS];

	if (c->interface[0] == '\0')
		return "interface: missing";
	if (!tdmoe_mac_parse(mac, c->mac))
		return "mac: the address of one device, like 00:50:c2:65:d0:12";
	if (c->subaddress > UINT16_MAX)
		return "subaddress: 0 to 65535";
	return tdm_packet_span_check(conf, TDMOE_SAMPLES);
}

static void say_refused(int error, char *out, size_t out_size)
{
	const char *hint = "";

	if (error == -EPERM)
		hint = ": it needs CAP_NET_RAW, which tandem.service tells how to give";
	else if (error == -EAFNOSUPPORT)
		hint = ": RestrictAddressFamilies in tandem.service must have AF_PACKET";
	snprintf(out, out_size, "cannot open a packet socket: %s%s", strerror(-error), hint);
}

/* An interface that is not there (yet) is no reason to fail: nothing can be sent, which is
 * TDM_ALARM_GONE, and it is looked for again and again. */
static int open_socket(struct ether *e, char *err, size_t err_size)
{
	struct tdm_packet_socket *s = &e->packets.socket;
	struct sockaddr_ll *peer = (struct sockaddr_ll *)&s->peer;
	int priority = PRIORITY;
	int r = tdm_packet_socket_open(s, AF_PACKET, TDMOE_OCTETS);

	peer->sll_family = AF_PACKET;
	peer->sll_protocol = htons(TDMOE_ETHERTYPE);
	peer->sll_halen = TDMOE_MAC_OCTETS;
	tdmoe_mac_parse(peer->sll_addr, e->conf.mac);
	if (r == 0) {
		setsockopt(s->fd, SOL_SOCKET, SO_PRIORITY, &priority, sizeof(priority));
		r = bind_to_interface(e);
	}
	if (r == 0 || r == -ENODEV)
		return 0;
	say_refused(r, err, err_size);
	return r;
}

static int ether_open(struct tdm_span **out, const struct tdm_span_conf *conf, char *err,
		      size_t err_size)
{
	const char *wrong = check_conf(conf);
	struct ether *e;

	*out = NULL;
	if (wrong != NULL) {
		snprintf(err, err_size, "%s", wrong);
		return -EINVAL;
	}
	e = calloc(1, sizeof(*e));
	if (e == NULL) {
		snprintf(err, err_size, "out of memory");
		return -ENOMEM;
	}
	e->conf = conf->ether;
	int r = tdm_packet_span_init(&e->packets, &tdm_backend_ether, &ether_line, conf,
				     TDMOE_SAMPLES, err, err_size);
	if (r == 0)
		r = open_socket(e, err, err_size);
	if (r != 0) {
		tdm_packet_span_close(&e->packets.span);
		return r;
	}
	*out = &e->packets.span;
	return 0;
}

/* --- what it is, in words ---------------------------------------------------------------- */

struct interface {
	unsigned flags; /* netdevice(7): IFF_UP and so on */
	uint8_t mac[TDMOE_MAC_OCTETS];
};

static int look_at_interface(struct interface *out, const char *name)
{
	struct ifreq flags = {.ifr_flags = 0}, address = {.ifr_flags = 0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	int r = find_interface(fd, name);
	snprintf(flags.ifr_name, sizeof(flags.ifr_name), "%s", name);
	snprintf(address.ifr_name, sizeof(address.ifr_name), "%s", name);
	if (r >= 0)
		r = ioctl(fd, SIOCGIFFLAGS, &flags) != 0 || ioctl(fd, SIOCGIFHWADDR, &address) != 0
			    ? -errno
			    : 0;
	close(fd);
	out->flags = (unsigned short)flags.ifr_flags;
	memcpy(out->mac, address.ifr_hwaddr.sa_data, sizeof(out->mac));
	return r;
}

static int say_interface(const struct tdm_ether_conf *c, char *out, size_t out_size)
{
	struct interface i = {.flags = 0};
	int r = look_at_interface(&i, c->interface);

	if (r == -ENODEV) {
		snprintf(out, out_size,
			 "there is no network interface %s (ip link lists those there are)",
			 c->interface);
	} else if (r < 0) {
		snprintf(out, out_size, "network interface %s: %s", c->interface, strerror(-r));
	} else if ((i.flags & IFF_UP) == 0) {
		snprintf(out, out_size, "network interface %s is down (ip link set %s up)",
			 c->interface, c->interface);
		r = -ENETDOWN;
	} else {
		snprintf(out, out_size,
			 "%s, our address %02x:%02x:%02x:%02x:%02x:%02x, to %s, subaddress %u%s",
			 c->interface, i.mac[0], i.mac[1], i.mac[2], i.mac[3], i.mac[4], i.mac[5],
			 c->mac, c->subaddress, i.flags & IFF_RUNNING ? "" : "; no carrier");
	}
	return r;
}

static void ether_describe(struct tdm_span *s, char *out, size_t out_size)
{
	const struct tdm_ether_conf *c = &((const struct ether *)s)->conf;

	if (say_interface(c, out, out_size) == 0 && (tdm_span_alarms(s) & TDM_ALARM_GONE))
		snprintf(out, out_size,
			 "network interface %s refuses frames (ip -s link show %s counts why)",
			 c->interface, c->interface);
}

static int ether_look(const struct tdm_span_conf *conf, char *out, size_t out_size)
{
	struct tdm_packet_socket s;
	int r = tdm_packet_socket_open(&s, AF_PACKET, TDMOE_OCTETS);

	tdm_packet_socket_close(&s);
	if (r != 0)
		say_refused(r, out, out_size);
	return r != 0 ? r : say_interface(&conf->ether, out, out_size);
}

const struct tdm_backend tdm_backend_ether = {
	.open = ether_open,
	.close = tdm_packet_span_close,
	.fd = tdm_packet_span_fd,
	.service = tdm_packet_span_service,
	.exchange = tdm_packet_span_exchange,
	.dchan_recv = tdm_packet_span_dchan_recv,
	.dchan_send = tdm_packet_span_dchan_send,
	.set_loop = tdm_packet_span_set_loop,
	.slot_counts = tdm_packet_span_slot_counts,
	.describe = ether_describe,
	.look = ether_look,
	.counts = tdm_packet_span_counts,
};
