#!/usr/bin/env python3
"""SIPp as caller and as callee: late offer, hold, OPTIONS, audio there and back, many calls."""
import time

from lib import stage
from lib.bed import Bed
from lib.checks import pbx_heard
from lib.sipp import Sipp
from lib.stage import check, check_equal, step


def caller(s, bed, scenario, number="7101", **values):
    return Sipp(s, values.pop("name", scenario), scenario, to=bed.sip_port, number=number,
                media="[media_port]", **{"from": "7134"}, **values)


def echoed(s, bed, scenario, **values):
    """SIPp sends back the PBX's own tone, so one report shows both directions."""
    sipp = caller(s, bed, scenario, echo=True, **values)
    sipp.finish()
    pbx_heard(bed.stage, bed.pbx.wait("report", ext="7101"), 800, values["hold_ms"] / 1000 - 0.4)
    bed.tandem.wait_idle()
    step(f"{scenario}: good")


def hold(s, bed):
    """While held the PBX hears nothing, and the tone is back afterwards."""
    sipp = caller(s, bed, "uac_hold", echo=True, hold_ms=700)
    sipp.finish()
    report = bed.pbx.wait("report", ext="7101")
    tones = [t for t in report["heard"]["stretches"] if abs(t["tone_hz"] - 800) < 2]
    check(len(tones) + sum(t["gaps"] for t in tones) >= 2, f"held, then heard again: {tones}")
    heard_ms = sum(t["heard_ms"] - t["gap_ms_total"] for t in tones)
    check(1000 < heard_ms < 2000, f"heard for {heard_ms} ms of 2100, 700 of them held")
    bed.tandem.wait_idle()
    step("hold and resume: good")


def many(s, bed):
    """20 calls each way, with 6 at once."""
    calls = 20
    sipp = caller(s, bed, "uac_call", name="many-callers", number="[field0]", calls=calls, together=6,
                  hold_ms=200, lines=[[7110 + n] for n in range(6)])
    sipp.finish()
    bed.tandem.wait_idle()
    sipp = Sipp(s, "many-callees", "uas_answer", port=bed.peer_port, calls=calls, together=6,
                ring_ms=50, media="[media_port]")
    time.sleep(0.3)
    bed.pbx.command(f"load 7134 rate 10 hold 0.3 count {calls} most 6 from 7110-7115")
    load = bed.pbx.wait("load-done", timeout_s=30)
    sipp.finish()
    bed.tandem.wait_idle()
    records = bed.tandem.records()[-2 * calls:]
    check_equal({r["cause"] for r in records}, {"16"}, "causes of all the calls")
    check_equal(sum(int(r["talk_ms"]) >= 0 for r in records), 2 * calls, "answered calls")
    step(f"{2 * calls} calls: good; {load}")


def test(s):
    bed = Bed(s, "phone 7101 answer 0.2 play tone 800 -13\n"
                 "phone 7110-7115 answer 0.1 lines 20 quiet")
    caller(s, bed, "uac_options").finish()
    step("OPTIONS: good")
    echoed(s, bed, "uac_call", hold_ms=1200)
    echoed(s, bed, "uac_late_offer", hold_ms=1200)
    hold(s, bed)
    callee = Sipp(s, "callee", "uas_answer", port=bed.peer_port, echo=True, ring_ms=100,
                  media="[media_port]")
    time.sleep(0.3)
    bed.pbx.dial("7101", "7134")
    bed.pbx.wait("connect", ext="7101")
    time.sleep(1.2)
    bed.pbx.hang_up("7101")
    pbx_heard(bed.stage, bed.pbx.wait("report", ext="7101"), 800, 0.8)
    callee.finish()
    step("uas_answer: good")
    many(s, bed)
    bed.finish()


if __name__ == "__main__":
    stage.main(test)
