/* tdmoe.h - one TDMoE frame to and from octets: a T1 over Ethernet, type 0xD00D, as DAHDI's
 * dahdi_dynamic_eth speaks it.  Behind the Ethernet header, all big endian:
 *
 *     subaddress     16 bits, which span of the device
 *     samples         8 bits, octets of each slot: always 8, so 1,000 frames a second
 *     flags           8 bits
 *     sequence       16 bits
 *     slots          16 bits: 24
 *     signalling     16 bits for each four slots, ABCD of the lowest slot in the lowest bits; only
 *                    with the flag that says so
 *     slot 1, 8 octets; slot 2, 8 octets; ...
 *
 * Pure functions: no state, no I/O, any thread.
 */
#ifndef TDM_TDMOE_H
#define TDM_TDMOE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	TDMOE_ETHERTYPE = 0xd00d,
	TDMOE_SLOTS = 24,
	TDMOE_SAMPLES = 8,
	TDMOE_PAYLOAD_OCTETS = TDMOE_SLOTS * TDMOE_SAMPLES,
	TDMOE_OCTETS = 8 + TDMOE_SLOTS / 4 * 2 + TDMOE_PAYLOAD_OCTETS, /* with signalling: 212 */
	TDMOE_MAC_OCTETS = 6,
};

enum tdmoe_flag {
	TDMOE_YELLOW = 1u << 0, /* the sender receives nothing */
	TDMOE_SIGNALLING = 1u << 1,
	TDMOE_LOOPBACK = 1u << 2, /* the sender sends back what it receives */
};

struct tdmoe_frame {
	uint16_t subaddress, sequence;
	unsigned flags;
	const uint8_t *payload;
};

/* Into TDMOE_OCTETS; returns the octets.  With TDMOE_SIGNALLING, which the driver always sends, the
 * bits of all slots are 0, as those of clear channels are. */
size_t tdmoe_encode(uint8_t *out, const struct tdmoe_frame *f);

/* False: not a frame of a T1 in this format, or of another length than its header says, which the
 * driver refuses, too.  f->payload points into data.  Flags unknown to us are ignored. */
bool tdmoe_parse(struct tdmoe_frame *f, const uint8_t *data, size_t octets);

/* 00:50:c2:65:d0:12.  False: not that, or no address that one device can have (a group's, all
 * zero). */
bool tdmoe_mac_parse(uint8_t mac[TDMOE_MAC_OCTETS], const char *text);

#endif
