#!/usr/bin/env python3
"""SIPp as caller and as callee with PRACK, UPDATE and session timer, audio there and back."""
import time

from lib import stage
from lib.bed import Bed
from lib.checks import pbx_heard
from lib.sipp import Sipp
from lib.stage import check, step


def caller(s, bed):
    """SIPp sends back the PBX's own tone, so one report shows both directions."""
    sipp = Sipp(s, "caller", "uac_reliable", to=bed.sip_port, number="7101", echo=True,
                media="[media_port]", hold_ms=1200, **{"from": "7134"})
    sipp.finish()
    pbx_heard(bed.stage, bed.pbx.wait("report", ext="7101"), 800, 0.8)
    bed.tandem.wait_idle()
    step("uac_reliable: good")


def callee(s, bed):
    """Early media in a 183 that wants PRACK."""
    sipp = Sipp(s, "callee", "uas_reliable", port=bed.peer_port, echo=True, ring_ms=300,
                media="[media_port]")
    time.sleep(0.3)
    bed.pbx.dial("7101", "7134")
    check(bed.pbx.wait("progress", ext="7101")["inband"], "the 183 tells the PBX of early media")
    bed.pbx.wait("connect", ext="7101")
    time.sleep(1.2)
    bed.pbx.hang_up("7101")
    pbx_heard(bed.stage, bed.pbx.wait("report", ext="7101"), 800, 0.8)
    sipp.finish()
    bed.tandem.wait_idle()
    step("uas_reliable: good")


def test(s):
    bed = Bed(s, "phone 7101 answer 0.2 play tone 800 -13")
    caller(s, bed)
    callee(s, bed)
    bed.finish()


if __name__ == "__main__":
    stage.main(test)
