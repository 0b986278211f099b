/* transfer.h - one end of a connected call asks to be replaced: REFER, and INVITE with Replaces.
 *
 *   blind     phone -REFER-> call 1 {PBX caller, phone}       call 2 {transfer leg, target}
 *             the target answers: the PBX caller and the transfer leg change places
 *                            call 1 {transfer leg, phone}     call 2 {PBX caller, target}
 *   attended  call 1 {PBX caller, phone}, call 3 {phone, target}: the PBX caller and the phone of
 *             call 3 change places
 *   Replaces  call 4 {somebody's INVITE} and the phone of call 1 change places
 *
 * What is left over clears with cause 16.  Until the target answers, call 1 is in TRANSFERRING: the
 * phone may hang up; when the target cannot be had, who is left goes back to the phone.
 *
 * Whether call 2 may be made is the plan's to say, as for a call of the phone's own: its peer is the
 * source, its number the caller.  How many transfers may follow each other: gateway.redirects_max.
 *
 * Signalling thread.
 */
#ifndef GATEWAY_TRANSFER_H
#define GATEWAY_TRANSFER_H

#include "gateway/gateway_state.h"

/* SIP_REFERRED of a leg's dialog. */
void transfer_referred(struct gateway *g, const struct sip_event *ev);
/* Answers the leg that began c and puts it in the place of c->replaced.  The cause c ends with. */
int transfer_take_over(void *gateway, struct call *c);
/* The call is on its way out: a transfer that was made for it is, too. */
void transfer_clearing(void *gateway, struct call *c);

#endif
