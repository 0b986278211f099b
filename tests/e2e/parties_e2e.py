#!/usr/bin/env python3
"""Who calls whom, as the other side is told: numbers and names both ways, restricted callers,
rewritten numbers, names that are not ASCII, and a caller that tries to write the log for us."""
from lib import stage
from lib.bed import Bed
from lib.sip_phone import SipPhone
from lib.stage import HOST, check, check_equal, step

PHONES = """
phone 7101 name "Anna Analog" answer 0
phone 7102 name "Secret" restricted answer 0
phone 7103 name "Jürgen" answer 0
"""
RULES = 'rule "rewritten" { from = "cs" number = "0." to = "pbx" strip = 1 caller_prefix = "00" }\n'


def from_of(message):
    return message.get("From")


def pbx_calls(bed, phone, ext):
    bed.pbx.dial(ext, "7134")
    d = phone.answer()
    d.bye()
    bed.pbx.wait("report", ext=ext)
    bed.tandem.wait_idle()
    return d.invite


def sip_calls(bed, phone, number="7101", **options):
    d = phone.call(bed.sip_port, number, **options)
    d.bye()
    report = bed.pbx.wait("report")
    bed.tandem.wait_idle()
    return report["caller"], report["called"]


def to_sip(bed, phone):
    invite = pbx_calls(bed, phone, "7101")
    check('"Anna Analog"' in from_of(invite), f"the name: {from_of(invite)}")
    check("sip:7101@" in from_of(invite), f"the number: {from_of(invite)}")
    check_equal(invite.start.split()[1], "sip:7134@cs", "the request goes to")
    invite = pbx_calls(bed, phone, "7103")
    step(f"a name that is not ASCII: {from_of(invite)}")
    check("sip:7103@" in from_of(invite), "the number")
    check("J" in from_of(invite) and "�" not in from_of(invite), f"valid UTF-8: {from_of(invite)}")
    invite = pbx_calls(bed, phone, "7102")
    text = "\n".join(f"{k}: {v}" for k, v in invite.headers if k != "P-Asserted-Identity")
    step(f"restricted: {from_of(invite)}; Privacy: {invite.get('Privacy')}")
    check("anonymous" in from_of(invite).lower(), "RFC 3323: anonymous")
    check("7102" not in text and "Secret" not in text, f"neither number nor name is told: {text}")


def to_pbx(bed, phone):
    caller, called = sip_calls(bed, phone)
    check_equal((caller["number"], caller.get("name")), ("7134", "Sip Phone"), "caller")
    check_equal(called["number"], "7101", "called")
    caller, called = sip_calls(bed, phone, "07101")
    check_equal((caller["number"], called["number"]), ("007134", "7101"), "rewritten by the rule")
    where = f"{HOST}:{phone.port}"
    caller, _ = sip_calls(bed, phone, caller=f"<sip:+15551234567@{where}>")
    step(f"a caller with +: {caller}")
    check_equal((caller["number"], caller["type"]), ("15551234567", 1), "international number")
    caller, _ = sip_calls(bed, phone, caller='"Anonymous" <sip:anonymous@anonymous.invalid>')
    step(f"anonymous: {caller}")
    check_equal((caller["number"], caller["presentation"]), ("", "restricted"), "anonymous")
    caller, _ = sip_calls(bed, phone, headers=("Privacy: id",
                          f"P-Asserted-Identity: <sip:7777@{where}>"))
    step(f"Privacy: id: {caller}")
    check_equal(caller["presentation"], "restricted", "restricted by Privacy")
    caller, _ = sip_calls(bed, phone, caller=f'"Jos\u00e9 \\"P\\" Łuck" <sip:bob%20smith@{where}>')
    check_equal((caller["number"], caller["name"], caller["presentation"]),
                ("", 'Jose "P" ?uck', "not available"), "a user and a name that are not ISDN's")
    caller, _ = sip_calls(bed, phone, caller=f"<sip:7134@{where}>")
    check_equal((caller["number"], caller.get("name") or ""), ("7134", ""), "no name")


def forged(bed, phone):
    """Line breaks and control characters in what a caller says about itself stay in one line of
    the log, with nothing left that a terminal would obey."""
    where = f"{HOST}:{phone.port}"
    forged_line = "2026-01-01T00:00:00.000Z info call: call 666 forged"
    for user in ("7134%0A" + forged_line.replace(" ", "%20"), "7134%1B[31m", "7134\x1b[2J"):
        d = phone.dial(bed.sip_port, "9999", caller=f'"x\x07\x1b[0m" <sip:{user}@{where}>')
        refused = d.wait("4xx")
        d.request("ACK", branch=d.branch, uri=f"sip:9999@{HOST}:{bed.sip_port}", cseq=d.cseq)
        step(f"{user[:20]!r}: {refused.start}")
    bed.tandem.wait_idle()
    log = bed.tandem.process.log()
    check(not any(line.startswith("2026-01-01") for line in log.splitlines()), "a line was forged")
    bad = [c for c in log if ord(c) < 32 and c != "\n" or ord(c) == 127]
    check(not bad, f"control characters in the log: {bad}")


def test(s):
    phone = SipPhone()
    bed = Bed(s, PHONES, peer_name="cs", peer_port=phone.port, peer_more="")
    bed.rules = RULES + bed.rules
    bed.tandem.configure(bed.peer_text + bed.rules)
    check(bed.tandem.ask("reload")["ok"], "reload")
    to_sip(bed, phone)
    to_pbx(bed, phone)
    forged(bed, phone)
    bed.finish()
    phone.stop()


if __name__ == "__main__":
    stage.main(test)
