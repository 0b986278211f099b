#!/usr/bin/env python3
"""The driver's echo canceller runs on a slot while a call with SIP has it, and on no other; audio goes
through it.  A span without one says so."""
import time

import vm
from lib import audio
from lib.checks import phone_heard
from lib.sip_phone import SipPhone
from lib.stage import check, check_equal, step, wait_for
from vm import bed, driver

PHONES = "phone 7101 answer 0 play tone 800 -13"
SECOND_RULE = 'rule "second" { from = "sipp" number = "8XXX" to = "other" }'


def active(number):
    """Slots of a span whose canceller works, by the driver's own list."""
    with open(f"/proc/dahdi/{number}", encoding="ascii") as f:
        channels = [line for line in f if " DYN/loc/" in line and "Span" not in line]
    return [slot for slot, line in enumerate(channels, 1) if "(EC: MG2 - ACTIVE)" in line]


def test(s):
    driver.load(*driver.MODULES, "dahdi_echocan_mg2")
    near, _ = driver.pair(1)
    driver.pair(2)
    spans = bed.span("t1-1", "1:0", "pbx", 'echo_canceller = "card"') + \
        bed.span("t1-2", "2:0", "other")
    b = bed.Bed(s, PHONES, spans, "1:1", SECOND_RULE)
    check_equal(b.tandem.spans()["t1-1"]["trunk"]["echo_canceller"], "the kernel's (MG2)",
                "tandemctl on the first trunk")
    check(b.tandem.spans()["t1-2"]["trunk"]["echo_canceller"].startswith("tandem's"),
          "tandemctl on a trunk whose span has none")
    b.tandem.wait_log("trunk other: echo canceller: tandem's")
    check_equal(active(near), [], "slots with a canceller at work")

    phone = SipPhone()
    d = phone.call(b.sip_port, "7101", hz=1200)
    wait_for(lambda: active(near) == [1], lambda: f"on slot 1 alone: {active(near)}", 5)
    since = time.monotonic() + 1
    time.sleep(2.5)
    phone_heard(s, "through the canceller", audio.Heard(d.rtp.heard(since), 800), 0.6)
    d.bye()
    b.pbx.wait("report", ext="7101")
    wait_for(lambda: active(near) == [], lambda: f"on no slot: {active(near)}", 5)
    step("the canceller ran while the call did")
    b.finish()
    phone.stop()


if __name__ == "__main__":
    vm.main(test)
