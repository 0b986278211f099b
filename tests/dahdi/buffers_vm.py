#!/usr/bin/env python3
"""The gateway is stopped for half a second in the middle of a call: the driver's buffers run empty
one way and over the other way.  Both are counted, on the slot and on the span; the audio comes back,
and with the delay that it had before."""
import os
import signal
import statistics
import time

import vm
from lib.stage import check, check_audio, step, wait_for
from vm import bed, driver

STOPPED_S = 0.5
DELAY_MS = 25       # tolerance: the machine's clock ticks every 10 ms, RTP every 20
PHONES = "phone 7101 answer 0 play marker -13"


def round_trips(b, since_us, count):
    """From the PBX through both directions and back, in ms: of markers sent and heard since."""
    def pairs():
        marks = b.pbx.find("marker")
        sent = [m["mono_us"] for m in marks if m["dir"] == "sent" and m["mono_us"] > since_us]
        heard = sorted(m["mono_us"] for m in marks if m["dir"] == "heard")
        return [(min(h for h in heard if h > t) - t) / 1000 for t in sent
                if any(t < h < t + 990_000 for h in heard)]
    return wait_for(lambda: len(pairs()) >= count and pairs(), lambda: f"{count} markers come back, "
                    f"{len(pairs())} did", 20)


def counts(b):
    span = b.tandem.spans()["t1-1"]
    return {key: span["counts"][key] for key in ("underruns", "slips", "late_ticks")}


def mono_us():
    return time.monotonic_ns() // 1000


def test(s):
    driver.load(*driver.MODULES)
    driver.pair()
    b = bed.Bed(s, PHONES, bed.span("t1-1", "1:0", "pbx"), "1:1")
    phone = bed.EchoPhone()
    d = phone.call(b.sip_port, "7101")
    time.sleep(1)
    before_ms = round_trips(b, mono_us(), 4)
    first = counts(b)
    check_audio(first["slips"] == 0, f"nothing was lost yet: {first}")
    step(f"round trips {before_ms} ms; {first}")

    pid = b.tandem.process.popen.pid
    os.kill(pid, signal.SIGSTOP)
    time.sleep(STOPPED_S)
    os.kill(pid, signal.SIGCONT)
    wait_for(lambda: counts(b)["slips"] > first["slips"], "it is counted")
    time.sleep(3)           # the jitter buffer of RTP settles
    after_ms = round_trips(b, mono_us(), 4)
    rose = {key: n - first[key] for key, n in counts(b).items()}
    step(f"round trips {after_ms} ms; counted {rose}")
    check(rose["underruns"] >= 1, "an underrun is counted")
    check_audio(rose["slips"] <= 2, f"one interruption, aligned once or twice: {rose}")
    changed_ms = statistics.median(after_ms) - statistics.median(before_ms)
    check_audio(abs(changed_ms) <= DELAY_MS, f"the delay changed by {changed_ms:.1f} ms")
    d.bye()
    b.pbx.wait("report", ext="7101")
    b.finish()
    phone.stop()


if __name__ == "__main__":
    vm.main(test)
