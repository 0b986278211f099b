#!/usr/bin/env python3
"""Slot 24 alone is interrupted, both ways, and joined again: the D-channel goes down and comes back,
the call that is up goes on (Q.931 5.8.8), as does the audio on its slot."""
import time

import vm
from lib import audio
from lib.checks import phone_heard
from lib.sip_phone import SipPhone
from lib.stage import check_equal, step, wait_for
from vm import bed, driver

PHONES = "phone 7101 answer 0 play tone 800 -13\nphone 7102 answer 0 play tone 900 -13"


def is_heard(s, d, hz, what):
    since = time.monotonic() + 0.5
    time.sleep(1.5)
    phone_heard(s, what, audio.Heard(d.rtp.heard(since), hz), 0.6)


def test(s):
    driver.load(*driver.MODULES)
    line = driver.Line()
    b = bed.Bed(s, PHONES, bed.span("t1-1", "1:0", "pbx"), "2:1")
    phone = SipPhone()
    d = phone.call(b.sip_port, "7101", hz=1200)
    line.part(24)
    b.tandem.wait_log("pbx: D-channel down", 30)        # T203, then N200 times T200 (Q.921 5.9)
    wait_for(lambda: not b.tandem.span()["trunk"]["up"], "tandemctl spans says so")
    check_equal(b.tandem.span()["alarms"], "none", "the line is good")
    is_heard(s, d, 800, "with the D-channel down")
    line.join(24)       # the PBX may not have noticed yet
    wait_for(lambda: b.tandem.span()["trunk"]["up"], "the D-channel is back", 30)
    step("the D-channel is back")
    is_heard(s, d, 800, "with the D-channel back")
    second = phone.call(b.sip_port, "7102", hz=1100)
    is_heard(s, second, 900, "a second call")
    second.bye()
    d.bye()
    for ext, hz in (("7102", 1100), ("7101", 1200)):
        heard = b.pbx.wait("report", ext=ext)["heard"]
        check_equal(round(heard["tone_hz"] / 10) * 10, hz, f"tone that {ext} heard")
    b.finish()
    phone.stop()


if __name__ == "__main__":
    vm.main(test)
