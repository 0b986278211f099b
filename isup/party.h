/* party.h - a caller or a called party, between trunk.h's form and libpri's.  Pure functions. */
#ifndef ISUP_PARTY_H
#define ISUP_PARTY_H

#include <libpri.h>

#include "isup/trunk.h"

int party_plan(const struct isup_party *p); /* octet 3 of the number, Q.931 4.5.10 */
void party_to_pri(struct pri_party_id *out, const struct isup_party *p);
void party_number_from_pri(struct isup_party *p, const char *digits, int plan, int presentation);
void party_name_from_pri(struct isup_party *p, const struct pri_party_name *name);
void party_from_pri(struct isup_party *p, const struct pri_party_id *id);
void party_redirecting_to_pri(struct pri_party_redirecting *out, const struct isup_redirecting *r);
void party_redirecting_from_pri(struct isup_redirecting *out, const struct pri_party_redirecting *r);
/* What comes with an event beside it, or NULL.  Lent by libpri until its next entry. */
const struct pri_subcommand *party_subcommand(const struct pri_subcommands *all, int cmd);
void party_add_digits(struct isup_party *p, const char *digits);

#endif
