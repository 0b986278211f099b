#!/usr/bin/env python3
"""How calls end, both ways: what each side is told, and that nothing is left over."""
import time

from lib import stage
from lib.bed import Bed
from lib.checks import ended
from lib.sipp import Sipp, reason_cause
from lib.stage import check, check_equal, step, wait_for

PHONES = """
phone 7101 answer 0.3 play tone 800 -13
phone 7102 busy
phone 7103 never
phone 7104 answer 0.3 hangup 0.5
phone 7105 reject 21
phone 7106 reject 34
"""


class Outcomes:
    def __init__(self, s):
        self.s, self.count = s, 0
        self.bed = Bed(s, PHONES, gateway="answer_timeout_ms = 2000")
        self.pbx, self.tandem = self.bed.pbx, self.bed.tandem

    def sipp(self, scenario, **values):
        self.count += 1
        return Sipp(self.s, f"{self.count}-{scenario}", scenario, **values)

    def callee(self, scenario, **values):
        """SIPp where the peer is expected."""
        sipp = self.sipp(scenario, port=self.bed.peer_port, media="[media_port]", **values)
        wait_for(lambda: _bound(self.bed.peer_port), "SIPp listens", 5)
        return sipp

    def caller(self, scenario, number, **values):
        return self.sipp(scenario, to=self.bed.sip_port, number=number, media="[media_port]",
                         **{"from": "7134"}, **values)

    def done(self, what, cause, from_cause=None, to_cause=None):
        self.tandem.wait_idle()
        ended(self.bed, what, cause, from_cause, to_cause)
        step(f"{what}: good")

    def reported(self, what, cause, cleared_by="far", ext="7101"):
        report = self.pbx.wait("report", ext=ext)
        check_equal(report["cause"], cause, f"{what}: cause at the PBX")
        check_equal(report["cleared_by"], cleared_by, f"{what}: cleared by")
        return report

    # --- the PBX calls ---

    def refused_by_sip(self, status, cause):
        what = f"PBX calls, SIP says {status}"
        sipp = self.callee("uas_refuse", status=status, header="")
        self.pbx.dial("7101", "7134")
        self.reported(what, cause)
        sipp.finish()
        self.done(what, cause, cause, cause)

    def refused_by_reason(self):
        """RFC 3326: the Reason header is nearer the truth than the table."""
        what = "PBX calls, SIP says 503 because of cause 27"
        sipp = self.callee("uas_refuse", status="503 Service Unavailable",
                           header="Reason: Q.850;cause=27;text=\"out of order\"\n      ")
        self.pbx.dial("7101", "7134")
        self.reported(what, 27)
        sipp.finish()
        self.done(what, 27, 27, 27)

    def no_answer_from_sip(self):
        what = "PBX calls, SIP rings for ever"
        sipp = self.callee("uas_ring")
        self.pbx.dial("7101", "7134")
        self.pbx.wait("alerting", ext="7101")
        self.reported(what, 19)
        sipp.finish()
        check_equal(len(sipp.received("CANCEL ")), 1, f"{what}: CANCEL")
        self.done(what, 19)

    def pbx_gives_up(self):
        what = "PBX calls and gives up"
        sipp = self.callee("uas_ring")
        self.pbx.dial("7101", "7134")
        self.pbx.wait("alerting", ext="7101")
        self.pbx.hang_up("7101")
        self.reported(what, 16, "near")
        sipp.finish()
        check_equal(reason_cause(sipp.received("CANCEL ")[0]), 16, f"{what}: Reason of CANCEL")
        self.done(what, 16)

    def sip_hangs_up(self):
        what = "PBX calls, SIP answers and hangs up"
        sipp = self.callee("uas_hangs_up", ring_ms=200, hold_ms=400)
        self.pbx.dial("7101", "7134")
        check(self.reported(what, 16)["answered"], f"{what}: answered")
        sipp.finish()
        self.done(what, 16, 16, 16)

    def pbx_hangs_up(self):
        what = "PBX calls, SIP answers, PBX hangs up"
        sipp = self.callee("uas_answer", ring_ms=200)
        self.pbx.dial("7101", "7134")
        self.pbx.wait("connect", ext="7101")
        time.sleep(0.3)
        self.pbx.hang_up("7101")
        self.reported(what, 16, "near")
        sipp.finish()
        check_equal(reason_cause(sipp.received("BYE ")[0]), 16, f"{what}: Reason of BYE")
        self.done(what, 16, 16, 16)

    def pbx_dials_nothing(self):
        what = "PBX calls a number without a rule"
        self.pbx.dial("7101", "9999")
        self.reported(what, 1)
        self.done(what, 1, 1, 0)

    # --- SIP calls ---

    def refused_by_pbx(self, number, status, cause):
        what = f"SIP calls, PBX clears with cause {cause}"
        sipp = self.caller("uac_refused", number, status=status)
        sipp.finish()
        check_equal(reason_cause(sipp.received(f"SIP/2.0 {status}")[0]), cause, f"{what}: Reason")
        self.done(what, cause, cause, cause)

    def no_answer_from_pbx(self):
        what = "SIP calls, PBX rings for ever"
        sipp = self.caller("uac_refused", "7103", status=480)
        sipp.finish()
        check_equal(len(sipp.received("SIP/2.0 180")), 1, f"{what}: 180")
        check_equal(reason_cause(sipp.received("SIP/2.0 480")[0]), 19, f"{what}: Reason")
        self.reported(what, 19, ext="7103")
        self.done(what, 19)

    def sip_gives_up(self):
        what = "SIP calls and gives up"
        sipp = self.caller("uac_cancel", "7103")
        sipp.finish()
        self.reported(what, 16, ext="7103")
        self.done(what, 16)

    def callee_hangs_up(self):
        what = "SIP calls, PBX answers and hangs up"
        sipp = self.caller("uac_hung_up", "7104")
        sipp.finish()
        check_equal(reason_cause(sipp.received("BYE ")[0]), 16, f"{what}: Reason of BYE")
        self.reported(what, 16, "near", ext="7104")
        self.done(what, 16, 16, 16)

    def caller_hangs_up(self):
        what = "SIP calls, PBX answers, SIP hangs up"
        sipp = self.caller("uac_call", "7101", hold_ms=300)
        sipp.finish()
        self.reported(what, 16)
        self.done(what, 16, 16, 16)

    def sip_dials_nothing(self):
        what = "SIP calls a number without a rule"
        sipp = self.caller("uac_refused", "9999", status=404)
        sipp.finish()
        check_equal(reason_cause(sipp.received("SIP/2.0 404")[0]), 1, f"{what}: Reason")
        self.done(what, 1, 1, 0)


def _bound(port):
    """Whether somebody has this UDP port."""
    with open("/proc/net/udp", encoding="ascii") as f:
        return any(f":{port:04X} " in line for line in f)


def test(s):
    o = Outcomes(s)
    # RFC 3398 8.2.6.1: what a SIP status is to ISDN.
    for status, cause in (("486 Busy Here", 17), ("404 Not Found", 1), ("603 Decline", 21),
                          ("480 Temporarily Unavailable", 18), ("503 Service Unavailable", 41)):
        o.refused_by_sip(status, cause)
    o.refused_by_reason()
    o.no_answer_from_sip()
    o.pbx_gives_up()
    o.sip_hangs_up()
    o.pbx_hangs_up()
    o.pbx_dials_nothing()
    # RFC 3398 7.2.4.1: what a cause is to SIP.  21 comes from the PBX's network, not its user: 403.
    for number, status, cause in (("7102", 486, 17), ("7199", 404, 1), ("7105", 403, 21),
                                  ("7106", 503, 34)):
        o.refused_by_pbx(number, status, cause)
    o.no_answer_from_pbx()
    o.sip_gives_up()
    o.callee_hangs_up()
    o.caller_hangs_up()
    o.sip_dials_nothing()
    check_equal(len(o.tandem.records()), 20, "records, one a call")
    o.bed.finish()


if __name__ == "__main__":
    stage.main(test)
