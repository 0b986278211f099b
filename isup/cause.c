/* cause.c - Q.850 causes and SIP statuses, RFC 3398 and RFC 4497, one row a value.
 *
 * RFC 3398 is the base.  RFC 4497 says the same on every value both list but for:
 *  16   3398 has no status, 4497 (8.4.1 note 3) says the default, 500.  Taken: a status is needed.
 *  26   only 3398 (404, as used in American networks).  Taken.
 *  69   only 4497 (501).  Taken: 3398 lists its neighbours the same way.
 *  111, 127  only 3398 (500), which is also the default of both.
 *  22   301 needs a new number from the diagnostic, which is not passed on: 410.
 *  44   both: no status, the call is to be tried on another channel.  When that is exhausted, 4497
 *       (8.4.1 note 2) allows congestion: 503.
 *  487  both: no mapping.  4497 note 7: the default, 31.
 *  488, 606  both: by Warning header, which is not looked at; the default of both, 31.
 *  505  3398 prints it as a second "504"; 4497 has it right.
 * 3xx is for the agent to follow.  A gateway that does not: 23, RFC 3398 8.2.5.
 */
#include "isup/cause.h"

#include <stddef.h>

struct cause_row {
	int cause, status;
	const char *text;
};

enum { STATUS_DEFAULT = 500, CAUSE_DEFAULT = Q850_NORMAL_UNSPECIFIED };

/* status 0: none given by the standards, so STATUS_DEFAULT. */
static const struct cause_row cause_rows[] = {
	{1, 404, "unallocated number"},
	{2, 404, "no route to transit network"},
	{3, 404, "no route to destination"},
	{4, 0, "send special information tone"},
	{5, 0, "misdialled trunk prefix"},
	{6, 0, "channel unacceptable"},
	{7, 0, "call awarded in established channel"},
	{8, 0, "preemption"},
	{9, 0, "preemption, circuit reserved"},
	{14, 0, "ported number"},
	{16, 0, "normal call clearing"},
	{17, 486, "user busy"},
	{18, 408, "no user responding"},
	{19, 480, "no answer from user"},
	{20, 480, "subscriber absent"},
	{21, 403, "call rejected"},
	{22, 410, "number changed"},
	{23, 410, "redirection to new destination"},
	{24, 0, "call rejected by feature"},
	{25, 0, "exchange routing error"},
	{26, 404, "non-selected user clearing"},
	{27, 502, "destination out of order"},
	{28, 484, "invalid number format"},
	{29, 501, "facility rejected"},
	{30, 0, "response to status enquiry"},
	{31, 480, "normal, unspecified"},
	{34, 503, "no circuit available"},
	{38, 503, "network out of order"},
	{39, 0, "permanent frame connection out of service"},
	{40, 0, "permanent frame connection operational"},
	{41, 503, "temporary failure"},
	{42, 503, "switching equipment congestion"},
	{43, 0, "access information discarded"},
	{44, 503, "requested channel not available"},
	{46, 0, "precedence call blocked"},
	{47, 503, "resource unavailable"},
	{49, 0, "quality of service unavailable"},
	{50, 0, "facility not subscribed"},
	{53, 0, "outgoing calls barred in group"},
	{55, 403, "incoming calls barred in group"},
	{57, 403, "bearer capability not authorized"},
	{58, 503, "bearer capability not available"},
	{62, 0, "inconsistent access information"},
	{63, 0, "service or option not available"},
	{65, 488, "bearer capability not implemented"},
	{66, 0, "channel type not implemented"},
	{69, 501, "facility not implemented"},
	{70, 488, "only restricted digital bearer"},
	{79, 501, "service or option not implemented"},
	{81, 0, "invalid call reference"},
	{82, 0, "identified channel does not exist"},
	{83, 0, "no such suspended call"},
	{84, 0, "call identity in use"},
	{85, 0, "no call suspended"},
	{86, 0, "call with this identity cleared"},
	{87, 403, "user not member of group"},
	{88, 503, "incompatible destination"},
	{90, 0, "no such user group"},
	{91, 0, "invalid transit network"},
	{95, 0, "invalid message"},
	{96, 0, "mandatory element missing"},
	{97, 0, "message type not implemented"},
	{98, 0, "message not compatible with state"},
	{99, 0, "element not implemented"},
	{100, 0, "invalid element contents"},
	{101, 0, "message in wrong call state"},
	{102, 504, "recovery on timer expiry"},
	{103, 0, "parameter not implemented"},
	{110, 0, "message with unknown parameter discarded"},
	{111, 500, "protocol error"},
	{127, 500, "interworking"},
};

struct status_row {
	int status, cause;
};

static const struct status_row status_rows[] = {
	{400, 41},  {401, 21},  {402, 21},  {403, 21},  {404, 1},   {405, 63}, {406, 79},
	{407, 21},  {408, 102}, {410, 22},  {413, 127}, {414, 127}, {415, 79}, {416, 127},
	{420, 127}, {421, 127}, {423, 127}, {480, 18},  {481, 41},  {482, 25}, {483, 25},
	{484, 28},  {485, 1},   {486, 17},  {487, 31},  {488, 31},  {500, 41}, {501, 79},
	{502, 38},  {503, 41},  {504, 102}, {505, 127}, {513, 127}, {600, 17}, {603, 21},
	{604, 1},   {606, 31},
};

static const struct cause_row *find_cause(int cause)
{
	for (size_t i = 0; i < sizeof(cause_rows) / sizeof(cause_rows[0]); i++)
		if (cause_rows[i].cause == cause)
			return &cause_rows[i];
	return NULL;
}

int cause_to_status(int q850_cause, int location_user)
{
	if (q850_cause == Q850_CALL_REJECTED && location_user)
		return 603;
	const struct cause_row *row = find_cause(q850_cause);
	return row != NULL && row->status != 0 ? row->status : STATUS_DEFAULT;
}

int cause_from_status(int sip_status)
{
	if (sip_status >= 300 && sip_status < 400)
		return Q850_REDIRECTION;
	for (size_t i = 0; i < sizeof(status_rows) / sizeof(status_rows[0]); i++)
		if (status_rows[i].status == sip_status)
			return status_rows[i].cause;
	return CAUSE_DEFAULT;
}

/* Q.850 2: a value not in the list is taken as the "unspecified" of its class. */
const char *cause_text(int q850_cause)
{
	static const int unspecified[] = {31, 31, 47, 63, 79, 95, 111, 127};
	const struct cause_row *row = find_cause(q850_cause);

	if (row == NULL)
		row = find_cause(unspecified[(unsigned)q850_cause >> 4 & 7]);
	return row->text;
}
