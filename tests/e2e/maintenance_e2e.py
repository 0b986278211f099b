#!/usr/bin/env python3
"""tandemctl channel and trunk: out, in, drain, maintenance, restart, and what the PBX sees of each:
SERVICE and RESTART on the wire, the channels it takes afterwards, the calls that end or go on.  The PBX
takes the highest idle channel, the gateway the lowest."""
from lib import stage
from lib.bed import Bed
from lib.sip_phone import SipPhone
from lib.stage import check, check_equal, step, wait_for
from lib.trace import Tracing, check_with_tshark, judge_frames, tandemctl

PHONES = """
phone 7101 name "Anna" answer 0
phone 7102 name "Bert" answer 0
"""
OUT_OF_SERVICE, MAINTENANCE, IN_SERVICE = "out of service", "maintenance", "in service"


class Wire:
    """SERVICE and RESTART and their answers, as tandemctl trace -v shows them: (direction, message,
    slot, status)."""

    def __init__(self, s, bed):
        self.tracing = Tracing(s, bed.tandem, "trace", "-v", "t1-1")
        self.at = 0

    def messages(self):
        found = []
        for block in self.tracing.process.log().split("\n\n"):
            line, *rest = block.strip().split("\n")
            fields = {r.strip()[:24].strip(): r.strip()[24:] for r in rest}
            kind = fields.get("message", "").split(",")[0]
            if kind.split(" ")[0] in ("SERVICE", "RESTART"):
                found.append((line.split()[4], kind, fields["Channel identification"].split(",")[0],
                              fields.get("Change status", fields.get("Restart indicator")).split(",")[0]))
        return found

    def wait(self, *wanted):
        """These come next, and nothing else."""
        got = wait_for(lambda: len(self.messages()) >= self.at + len(wanted) and self.messages(),
                       lambda: f"{wanted}; so far {self.messages()[self.at:]}")
        check_equal(got[self.at:], list(wanted), "SERVICE and RESTART on the wire")
        self.at = len(got)

    def check_quiet(self):
        check_equal(self.messages()[self.at:], [], "SERVICE and RESTART on the wire")


def service(slot, status):
    return (">", "SERVICE", f"slot {slot}", status), ("<", "SERVICE ACKNOWLEDGE", f"slot {slot}", status)


def picture(bed, slot):
    return bed.tandem.span()["slots"][slot - 1]


def order(bed, slot, what, letter):
    said = tandemctl(bed.tandem, "channel", f"t1-1/{slot}", what)
    wait_for(lambda: picture(bed, slot) == letter, lambda: f"{letter} for {slot}: {bed.tandem.span()}")
    return said


def pbx_call(bed, phone, slot):
    bed.pbx.dial("7101", "7134")
    d = phone.answer()
    check_equal(bed.pbx.wait("connect", ext="7101")["slot"], slot, "the PBX takes channel")
    return d


def sip_call(bed, phone, slot):
    d = phone.call(bed.sip_port, "7102")
    check_equal(bed.pbx.wait("setup", ext="7102")["slot"], slot, "the gateway takes channel")
    return d


def end(bed, d, ext):
    d.bye()
    bed.pbx.wait("report", ext=ext)
    bed.tandem.wait_idle()


def out_and_in(bed, phone, wire):
    order(bed, 23, "out", "O")
    wire.wait(*service(23, OUT_OF_SERVICE))
    end(bed, pbx_call(bed, phone, 22), "7101")
    order(bed, 1, "maintenance", "M")
    wire.wait(*service(1, MAINTENANCE))
    end(bed, sip_call(bed, phone, 2), "7102")
    order(bed, 1, "in", ".")
    wire.wait(*service(1, IN_SERVICE))
    order(bed, 23, "in", ".")
    wire.wait(*service(23, IN_SERVICE))
    end(bed, pbx_call(bed, phone, 23), "7101")
    end(bed, sip_call(bed, phone, 1), "7102")
    step("out, maintenance and in: the PBX is told, and keeps to it")


def drain(bed, phone, wire):
    d = pbx_call(bed, phone, 23)
    said = order(bed, 23, "drain", "b")
    check("goes on" in said, f"what becomes of the call: {said}")
    wire.check_quiet()
    check_equal(len(bed.tandem.calls()), 1, "calls while its channel drains")
    end(bed, d, "7101")
    wire.wait(*service(23, OUT_OF_SERVICE))
    check_equal(picture(bed, 23), "O", "drained")
    order(bed, 23, "in", ".")
    wire.wait(*service(23, IN_SERVICE))
    step("drain: the call goes on, and the PBX is told when it has ended")


def restart(bed, phone, wire):
    d = sip_call(bed, phone, 1)
    said = tandemctl(bed.tandem, "channel", "t1-1/1", "restart")
    check("its call was ended, cause 41" in said, f"what becomes of the call: {said}")
    bye = d.wait_bye()
    check("cause=41" in bye.get("Reason"), f"{bye.get('Reason')}")
    check_equal(bed.pbx.wait("report", ext="7102")["cause"], 41, "the PBX is told")
    wire.wait((">", "RESTART", "slot 1", "indicated channels"),
              ("<", "RESTART ACKNOWLEDGE", "slot 1", "indicated channels"))
    bed.tandem.wait_idle()
    end(bed, sip_call(bed, phone, 1), "7102")
    step("restart: the call ends with 41, RESTART is answered, the channel takes calls again")


def trunk(bed, phone, wire):
    d = pbx_call(bed, phone, 23)
    tandemctl(bed.tandem, "trunk", "pbx", "drain")
    wait_for(lambda: bed.tandem.span()["slots"] == "O" * 22 + "bD",
             lambda: f"one channel is busy, the others are out: {bed.tandem.span()['slots']}")
    refused = phone.dial(bed.sip_port, "7102")
    answer = refused.wait("5xx")
    refused.request("ACK", branch=refused.branch, uri="sip:7102@cs", cseq=refused.cseq)
    check_equal(answer.status, 503, "a call to a drained trunk")
    end(bed, d, "7101")
    wait_for(lambda: bed.tandem.span()["slots"] == "O" * 23 + "D",
             lambda: f"drained: {bed.tandem.span()['slots']}")
    tandemctl(bed.tandem, "trunk", "pbx", "undrain")
    wait_for(lambda: bed.tandem.span()["slots"] == "." * 23 + "D",
             lambda: f"back: {bed.tandem.span()['slots']}")
    wait_for(lambda: len(wire.messages()) >= wire.at + 4 * 23, lambda: (
        f"SERVICE twice for each channel, each answered: {wire.messages()[wire.at:]}"), 20)
    told = [(slot, status) for direction, kind, slot, status in wire.messages()[wire.at:]
            if (direction, kind) == (">", "SERVICE")]
    check_equal(sorted(told), sorted((f"slot {n}", status) for n in range(1, 24)
                                     for status in (OUT_OF_SERVICE, IN_SERVICE)), "what the PBX is told")
    end(bed, pbx_call(bed, phone, 23), "7101")
    step("a drained trunk takes no call, keeps the one it has, and comes back")


def test(s):
    phone = SipPhone(number="7134")
    bed = Bed(s, PHONES, peer_name="cs", peer_port=phone.port, peer_more="")
    wire = Wire(s, bed)
    out_and_in(bed, phone, wire)
    drain(bed, phone, wire)
    restart(bed, phone, wire)
    trunk(bed, phone, wire)
    for wrong in (("t1-1/24", "out"), ("t1-1/0", "out"), ("t1-9/1", "out"), ("t1-1/1", "away")):
        tandemctl(bed.tandem, "channel", *wrong, status=1)
    kinds = judge_frames(bed.tandem)["t1-1"].kinds
    check({"SETUP", "CALL PROCEEDING", "CONNECT", "DISCONNECT", "RESTART"} <= kinds, f"{kinds}")
    check_with_tshark(s, bed.tandem)
    wire.tracing.process.stop()
    phone.stop()
    bed.finish()


if __name__ == "__main__":
    stage.main(test)
