#!/usr/bin/env python3
"""The line is cut in the middle of a call: RED by the driver.  A short cut the call outlives, a long
one ends it, with the right cause; afterwards all is as before."""
import time

import vm
from lib import audio
from lib.checks import phone_heard
from lib.sip_phone import SipPhone
from lib.stage import HOST, check, check_equal, step, wait_for
from vm import bed, driver

KEEP_MS = 6000
PHONES = "phone 7101 answer 0 play tone 800 -13\nphone 7102 answer 0 play tone 900 -13"


def span(b):
    return b.tandem.spans()["t1-1"]


def wait_alarms(b, wanted):
    """This driver gives no ticks in an alarm, as a card would: after 3 s it is "gone" too."""
    wait_for(lambda: wanted in span(b)["alarms"], lambda: f"{wanted}, not {span(b)['alarms']}", 10)
    step(f"tandemctl spans: {wanted}")


def is_heard(s, d, hz, what):
    since = time.monotonic() + 0.5
    time.sleep(1.5)
    phone_heard(s, what, audio.Heard(d.rtp.heard(since), hz), 0.6)


def wait_up(b):
    wait_for(lambda: span(b)["trunk"]["up"] and not span(b)["failed"], "the trunk is up again", 30)


def short_cut(s, b, line, phone):
    d = phone.call(b.sip_port, "7101", hz=1200)
    is_heard(s, d, 800, "before the cut")
    line.cut()
    driver.wait_alarms(line.near, "RED")
    wait_alarms(b, "red")
    check_equal(len(b.tandem.calls()), 1, "calls up")
    line.mend()
    wait_alarms(b, "none")
    wait_up(b)
    is_heard(s, d, 800, "after a short cut")
    d.bye()
    heard = b.pbx.wait("report", ext="7101")["heard"]
    check(abs(heard["tone_hz"] - 1200) < 2, f"the PBX heard 1200 Hz: {heard['tone_hz']}")
    b.tandem.wait_idle()
    step("a call outlives a short cut")


def refused(b, phone):
    d = phone.dial(b.sip_port, "7102")
    got = d.wait("5xx")
    d.request("ACK", branch=d.branch, uri=f"sip:7102@{HOST}:{b.sip_port}", cseq=d.cseq)
    check("cause=38" in got.get("Reason"), f"cause 38: {got.get('Reason')}")


def long_cut(s, b, line, phone):
    d = phone.call(b.sip_port, "7101", hz=1200)
    start = time.monotonic()
    line.cut()
    wait_for(lambda: span(b)["failed"], "the alarm is a failure now", 10)
    refused(b, phone)
    reason = d.wait_bye(30).get("Reason")
    took_ms = (time.monotonic() - start) * 1000
    step(f"the call ended after {took_ms:.0f} ms: {reason}")
    check("cause=27" in reason, "cause 27, destination out of order")
    check(took_ms > KEEP_MS, "not before its time")
    line.mend()
    wait_alarms(b, "none")
    wait_up(b)
    # Nobody could tell the PBX of the end of the call; its user hangs up.
    if not b.pbx.find("report", ext="7101"):
        b.pbx.hang_up("7101")
    b.pbx.wait("report", ext="7101", timeout_s=60)
    b.tandem.wait_idle(60)
    d = phone.call(b.sip_port, "7102", hz=1100)
    is_heard(s, d, 900, "the next call")
    d.bye()
    b.pbx.wait("report", ext="7102")


def test(s):
    driver.load(*driver.MODULES)
    line = driver.Line()
    b = bed.Bed(s, PHONES, bed.span("t1-1", "1:0", "pbx", f"alarm_keep_ms = {KEEP_MS}"), "2:1")
    phone = SipPhone()
    short_cut(s, b, line, phone)
    long_cut(s, b, line, phone)
    b.tandem.wait_idle()
    phone.stop()


if __name__ == "__main__":
    vm.main(test)
