/* cause.h - Q.850 cause values and their SIP status codes.  Pure tables, any thread.
 *
 * ISDN to SIP: RFC 3398 7.2.4.1 and 7.2.6 (clearing before answer), RFC 4497 8.4.1.
 * SIP to ISDN: RFC 3398 8.2.6.1, RFC 4497 8.4.4.
 */
#ifndef ISUP_CAUSE_H
#define ISUP_CAUSE_H

/* The values the code names; the tables know all. */
enum q850_cause {
	Q850_UNALLOCATED = 1,
	Q850_NO_ROUTE_NETWORK = 2,
	Q850_NO_ROUTE_DESTINATION = 3,
	Q850_CHANNEL_UNACCEPTABLE = 6,
	Q850_NORMAL_CLEARING = 16,
	Q850_USER_BUSY = 17,
	Q850_NO_USER_RESPONDING = 18,
	Q850_NO_ANSWER = 19,
	Q850_SUBSCRIBER_ABSENT = 20,
	Q850_CALL_REJECTED = 21,
	Q850_NUMBER_CHANGED = 22,
	Q850_REDIRECTION = 23,
	Q850_EXCHANGE_ROUTING_ERROR = 25,
	Q850_DESTINATION_OUT_OF_ORDER = 27,
	Q850_INVALID_NUMBER_FORMAT = 28,
	Q850_NORMAL_UNSPECIFIED = 31,
	Q850_NO_CHANNEL = 34,
	Q850_NETWORK_OUT_OF_ORDER = 38,
	Q850_TEMPORARY_FAILURE = 41,
	Q850_SWITCH_CONGESTION = 42,
	Q850_CHANNEL_NOT_AVAILABLE = 44,
	Q850_RESOURCE_UNAVAILABLE = 47,
	Q850_BEARER_NOT_AVAILABLE = 58,
	Q850_BEARER_NOT_IMPLEMENTED = 65,
	Q850_CHANNEL_NONEXISTENT = 82,
	Q850_INCOMPATIBLE_DESTINATION = 88,
	Q850_WRONG_CALL_STATE = 101,
	Q850_TIMER_EXPIRED = 102,
	Q850_PROTOCOL_ERROR = 111,
	Q850_INTERWORKING = 127,
};

/* Status for a call cleared with this cause before answer: 400..699.  location_user: the cause's
 * location is "user", which turns 21 into 603 instead of 403 (RFC 3398 7.2.4.1).  Values without a
 * row: 500. */
int cause_to_status(int q850_cause, int location_user);

/* Cause for a SIP final response (300..699), never 0.  Codes without a row: 31, RFC 3398 8.2.6.1.
 */
int cause_from_status(int sip_status);

/* "user busy"; never NULL.  An unknown value: its class, as Q.850 says. */
const char *cause_text(int q850_cause);

#endif
