/* Facility, Q.932 8.2 and ECMA-165: ROSE components in BER (X.229, X.690). */
#include "isup/explain_internal.h"

#include <stdbool.h>
#include <string.h>

enum { DEPTH_MAX = 8, TAG_OID = 0x06, TAG_INTEGER = 0x02 };

/* Profile 9F: ECMA-164 (names), 174 (diversion), 176 (path replacement), 178 (transfer), 186
 * (completion), 242 (message waiting). */
static const struct explain_name qsig_operations[] = {
	{0, "callingName"},
	{1, "calledName"},
	{2, "connectedName"},
	{3, "busyName"},
	{4, "pathReplacePropose"},
	{5, "pathReplaceSetup"},
	{6, "pathReplaceRetain"},
	{7, "callTransferIdentify"},
	{8, "callTransferAbandon"},
	{9, "callTransferInitiate"},
	{10, "callTransferSetup"},
	{11, "callTransferActive"},
	{12, "callTransferComplete"},
	{13, "callTransferUpdate"},
	{14, "subaddressTransfer"},
	{15, "activateDiversion"},
	{16, "deactivateDiversion"},
	{17, "interrogateDiversion"},
	{18, "checkRestriction"},
	{19, "callRerouting"},
	{20, "divertingLegInformation1"},
	{21, "divertingLegInformation2"},
	{22, "divertingLegInformation3"},
	{23, "cfnrDivertedLegFailed"},
	{27, "ccnrRequest"},
	{28, "ccCancel"},
	{29, "ccExecPossible"},
	{30, "ccPathReserve"},
	{31, "ccRingout"},
	{32, "ccSuspend"},
	{33, "ccResume"},
	{40, "ccbsRequest"},
	{80, "mwiActivate"},
	{81, "mwiDeactivate"},
	{82, "mwiInterrogate"},
};

/* Profile 91: ETS 300 207 (diversion), 300 182 (charge), 300 369 (transfer), 300 130. */
static const struct explain_name etsi_operations[] = {
	{3, "MCIDRequest"},
	{6, "EctExecute"},
	{7, "ActivationDiversion"},
	{8, "DeactivationDiversion"},
	{11, "InterrogationDiversion"},
	{12, "DiversionInformation"},
	{13, "CallDeflection"},
	{14, "CallRerouteing"},
	{15, "DivertingLegInformation2"},
	{18, "DivertingLegInformation1"},
	{19, "DivertingLegInformation3"},
	{30, "ChargingRequest"},
	{31, "AOCSCurrency"},
	{32, "AOCSSpecialArrangement"},
	{33, "AOCDCurrency"},
	{34, "AOCDChargingUnit"},
	{35, "AOCECurrency"},
	{36, "AOCEChargingUnit"},
	{80, "MWIActivate"},
	{81, "MWIDeactivate"},
};

struct ber {
	const uint8_t *at, *end;
};

struct value {
	uint8_t tag;
	const uint8_t *p;
	size_t n;
};

/* False at the end, or at something torn. */
static bool take(struct ber *b, struct value *v)
{
	size_t n, octets;

	if (b->end - b->at < 2)
		return false;
	v->tag = b->at[0];
	n = b->at[1];
	b->at += 2;
	if (n > 0x82 || (v->tag & 0x1f) == 0x1f)
		return false;
	if (n > 0x80) { /* long form */
		octets = n - 0x80;
		if ((size_t)(b->end - b->at) < octets)
			return false;
		for (n = 0; octets > 0; octets--)
			n = n << 8 | *b->at++;
	} else if (n == 0x80) { /* indefinite: what is there */
		n = (size_t)(b->end - b->at);
	}
	if ((size_t)(b->end - b->at) < n)
		return false;
	v->p = b->at;
	v->n = n;
	b->at += n;
	return true;
}

static long long integer(const struct value *v)
{
	long long value = v->n > 0 && (v->p[0] & 0x80) != 0 ? -1 : 0;

	for (size_t i = 0; i < v->n && i < 7; i++)
		value = (long long)((unsigned long long)value << 8 | v->p[i]);
	return value;
}

static void put_oid(FILE *o, const struct value *v)
{
	unsigned long arc = 0;

	for (size_t i = 0; i < v->n; i++) {
		arc = arc << 7 | (v->p[i] & 0x7f);
		if ((v->p[i] & 0x80) != 0)
			continue;
		if (i == 0)
			fprintf(o, "%lu.%lu", arc / 40, arc % 40);
		else
			fprintf(o, ".%lu", arc);
		arc = 0;
	}
}

static bool is_readable(const struct value *v)
{
	for (size_t i = 0; i < v->n; i++)
		if (v->p[i] < 0x20 || (v->p[i] >= 0x7f && v->p[i] < 0xa0))
			return false;
	return v->n > 1;
}

/* What an operation carries: strings and numbers are shown as such, wherever they are. */
static void put_values(FILE *o, struct ber b, unsigned depth)
{
	struct value v;

	while (take(&b, &v)) {
		if ((v.tag & 0x20) != 0 && depth < DEPTH_MAX) {
			put_values(o, (struct ber){v.p, v.p + v.n}, depth + 1);
			continue;
		}
		fputs(" ", o);
		if (is_readable(&v))
			explain_text(o, v.p, v.n);
		else if (v.tag == TAG_OID)
			put_oid(o, &v);
		else if ((v.tag == TAG_INTEGER || v.tag == 0x0a) && v.n <= 4)
			fprintf(o, "%lld", integer(&v));
		else if (v.tag == 0x01 && v.n == 1)
			fputs(v.p[0] != 0 ? "yes" : "no", o);
		else if (v.tag == 0x05)
			fputs("-", o);
		else
			explain_hex(o, v.p, v.n);
	}
	if (b.at < b.end)
		fprintf(o, " (torn)");
}

static void put_operation(FILE *o, const struct value *v, bool is_qsig)
{
	if (v->tag == TAG_OID)
		put_oid(o, v);
	else if (is_qsig)
		explain_name(o, qsig_operations, LENGTH(qsig_operations), "operation",
			     (unsigned)integer(v));
	else
		explain_name(o, etsi_operations, LENGTH(etsi_operations), "operation",
			     (unsigned)integer(v));
}

/* ECMA-164: the alternatives of Name that must not be shown. */
static const char *name_presentation(const struct value *operation, const struct ber *rest)
{
	if (operation->tag != TAG_INTEGER || operation->n != 1 || operation->p[0] > 3 ||
	    rest->at >= rest->end)
		return "";
	switch (*rest->at) {
	case 0x82:
	case 0xa3:
	case 0x87: return " (restricted)";
	case 0x84: return " (not available)";
	default: return "";
	}
}

static void put_component(FILE *o, const struct value *c, bool is_qsig)
{
	static const char *const kinds[] = {"invoke", "result", "error", "reject"};
	struct ber b = {c->p, c->p + c->n};
	struct value v, operation;

	fprintf(o, "%s", kinds[c->tag - 0xa1]);
	if (!take(&b, &v))
		return;
	if (v.tag == TAG_INTEGER)
		fprintf(o, " %lld", integer(&v));
	if (c->tag == 0xa4) {
		if (take(&b, &v) && v.n == 1)
			fprintf(o, ", problem %u.%u", v.tag & 0x1fu, v.p[0]);
		return;
	}
	if (c->tag == 0xa2) { /* the result is a sequence */
		if (!take(&b, &v))
			return;
		b = (struct ber){v.p, v.p + v.n};
	}
	if (!take(&b, &operation))
		return;
	if (operation.tag == 0x80 && c->tag == 0xa1) {
		fprintf(o, " linked to %lld", integer(&operation));
		if (!take(&b, &operation))
			return;
	}
	fputs(c->tag == 0xa3 ? " number " : " ", o);
	if (c->tag == 0xa3 && operation.tag != TAG_OID)
		fprintf(o, "%lld", integer(&operation));
	else
		put_operation(o, &operation, is_qsig);
	const char *presentation = is_qsig ? name_presentation(&operation, &b) : "";
	put_values(o, b, 0);
	fputs(presentation, o);
}

void explain_facility(FILE *o, const uint8_t *p, size_t n)
{
	static const struct explain_name profiles[] = {{0x11, "remote operations"},
						       {0x1f, "networking extensions"},
						       {0x12, "CMIP"},
						       {0x13, "ACSE"}};
	static const char *const if_unknown[] = {"discard", "clear the call", "reject"};
	struct value v;

	if (n == 0)
		return;
	bool is_qsig = (p[0] & 0x1f) == 0x1f;
	explain_name(o, profiles, LENGTH(profiles), "protocol profile", p[0] & 0x1fu);
	struct ber b = {p + 1, p + n};
	while (take(&b, &v)) {
		fputs("; ", o);
		if (v.tag >= 0xa1 && v.tag <= 0xa4)
			put_component(o, &v, is_qsig);
		else if (v.tag == 0xaa)
			fputs("network facility extension", o),
				put_values(o, (struct ber){v.p, v.p + v.n}, 0);
		else if (v.tag == 0x8b && v.n == 1 && v.p[0] < 3)
			fprintf(o, "if unknown: %s", if_unknown[v.p[0]]);
		else
			fprintf(o, "%02x: ", v.tag), explain_hex(o, v.p, v.n);
	}
	if (b.at < b.end) {
		fputs("; torn: ", o);
		explain_hex(o, b.at, (size_t)(b.end - b.at));
	}
}
