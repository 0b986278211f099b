#!/usr/bin/env python3
"""No driver when the gateway starts; a span that vanishes while calls are up and comes back; another
that works on meanwhile.  All of it heals by itself, and the log says what was wrong."""
import time

import vm
from lib import audio
from lib.checks import pbx_heard, phone_heard
from lib.sip_phone import SipPhone
from lib.simpbx import Simpbx
from lib.stage import check, step, wait_for
from vm import bed, driver

PHONES = "phone {0} answer 0 play tone 800 -13"
SECOND_RULE = 'rule "second" { from = "sipp" number = "8XXX" to = "other" }'


def alarms(b, name):
    return b.tandem.spans()[name]["alarms"]


def is_heard(s, d, hz, what):
    since = time.monotonic() + 0.5
    time.sleep(1.5)
    phone_heard(s, what, audio.Heard(d.rtp.heard(since), hz), 0.6)


def test(s):
    spans = bed.span("t1-1", "1:0", "pbx", "alarm_keep_ms = 2000") + \
        bed.span("t1-2", "2:0", "other")
    b = bed.Bed(s, "", spans, None, SECOND_RULE)
    wait_for(lambda: alarms(b, "t1-1") == alarms(b, "t1-2") == "gone", "both spans are gone", 5)
    line = b.tandem.wait_log("the DAHDI driver is not loaded")
    check("modprobe" in line, "the log says what to do")
    step(line.split(" ", 1)[1])

    driver.load(*driver.MODULES)
    driver.pair(1)
    driver.pair(2)
    wait_for(lambda: alarms(b, "t1-1") == alarms(b, "t1-2") == "none",
             "both spans are used once the driver is there", 30)
    first = Simpbx(s, 1, 2, PHONES.format(7101), bed.pbx_span("1:1"), "pbx")
    second = Simpbx(s, 1, 2, PHONES.format(8101), bed.pbx_span("2:1"), "other")
    b.tandem.wait_up("t1-1", "t1-2")
    step("the driver was loaded: both spans are up")

    phone = SipPhone()
    lost = phone.call(b.sip_port, "7101", hz=1200)
    kept = phone.call(b.sip_port, "8101", hz=1100)
    driver.take_away("1:0")
    wait_for(lambda: alarms(b, "t1-1") == "gone", lambda: f"gone, not {alarms(b, 't1-1')}", 10)
    step(b.tandem.wait_log("t1-1: alarms: gone").split(" ", 1)[1])
    is_heard(s, kept, 800, "on the other span")
    reason = lost.wait_bye(30).get("Reason")
    check("cause=27" in reason, f"the call on it ended: {reason}")
    check(alarms(b, "t1-2") == "none", "the other span is good")

    driver.give_back("1:0")
    wait_for(lambda: alarms(b, "t1-1") == "none", "it is used again", 30)
    b.tandem.wait_up("t1-1")
    first.wait("report", ext="7101", timeout_s=60)      # the gateway restarts the channels
    again = phone.call(b.sip_port, "7101", hz=1200)
    is_heard(s, again, 800, "on the span that was gone")
    is_heard(s, kept, 800, "on the other span")
    for d in (again, kept):
        d.bye()
    first.wait("report", ext="7101")
    pbx_heard(s, second.wait("report", ext="8101"), 1100, 5)     # all the while, and whole
    b.tandem.wait_idle()
    phone.stop()


if __name__ == "__main__":
    vm.main(test)
