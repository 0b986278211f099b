#!/usr/bin/env python3
"""TDM over Ethernet: the gateway's own backend on one end of a wire, dahdi_dynamic_eth on the other,
the PBX on its span.  Calls each way are heard; a driver that stops sending is an alarm, as is a
gateway that does."""
import os
import signal
import subprocess
import time

import vm
from lib import audio
from lib.checks import pbx_heard, phone_heard
from lib.sip_phone import SipPhone
from lib.stage import check, check_audio, check_equal, step, wait_for
from vm import bed, driver

OURS, THEIRS = ("t1gw", "02:00:00:00:00:01"), ("t1drv", "02:00:00:00:00:02")
SUBADDRESS = 3
ADDRESS = f"{THEIRS[0]}/{OURS[1]}/{SUBADDRESS}"
SPAN = f"""span "t1-1" {{ backend = "ether" interface = "{OURS[0]}" mac = "{THEIRS[1]}"
	subaddress = {SUBADDRESS} buffer_min_ms = 40 buffer_max_ms = 40 loss_ms = 500 }}
trunk "pbx" {{ span = "t1-1" }}
"""
PHONES = "phone 7101 answer 0 play tone 800 -13"


def wire():
    subprocess.run(["ip", "link", "add", OURS[0], "address", OURS[1], "type", "veth", "peer",
                    "name", THEIRS[0], "address", THEIRS[1]], check=True)
    for name, _ in (OURS, THEIRS):
        subprocess.run(["ip", "link", "set", name, "up"], check=True)


def alarms(b):
    return b.tandem.span()["alarms"]


def calls(s, b, phone):
    before = b.counts()
    start = time.monotonic()
    d = phone.call(b.sip_port, "7101", hz=1200)
    since = time.monotonic() + 0.5
    time.sleep(2.5)
    phone_heard(s, "SIP", audio.Heard(d.rtp.heard(since), 800), 1.5)
    d.bye()
    pbx_heard(s, b.pbx.wait("report", ext="7101"), 1200, 1.5)
    b.pbx.dial("7101", "7134")
    d = phone.answer(hz=1200)
    since = time.monotonic() + 0.5
    time.sleep(2)
    phone_heard(s, "SIP", audio.Heard(d.rtp.heard(since), 800), 1)
    b.pbx.hang_up("7101")
    d.wait_bye()
    pbx_heard(s, b.pbx.wait("report", ext="7101"), 1200, 1)
    rose = {key: n - before[key] for key, n in b.counts().items()}
    took = time.monotonic() - start
    step(f"in {took:.1f} s: {rose}")
    for key in ("rx_packets", "tx_packets"):
        check(abs(rose[key] / took / 1000 - 1) < 0.1, f"1000 {key} a second")
    for key in ("malformed", "foreign", "reordered", "duplicate", "tx_errors"):
        check_equal(rose[key], 0, key)
    for key in ("underruns", "slips", "hdlc_crc"):
        check_audio(rose[key] == 0, f"{key} {rose[key]}")


def test(s):
    driver.load("veth", "crc-ccitt", "dahdi", "dahdi_dynamic", "dahdi_dynamic_eth")
    wire()
    number = driver.create(ADDRESS, "eth")       # its name is cut off: 20 characters
    phone = SipPhone()
    b = bed.Bed(s, PHONES, SPAN, None, peer_port=phone.port)
    b.start_pbx(f"backend dahdi card {number} lead {bed.LEAD_MS}")
    driver.wait_alarms(number)
    calls(s, b, phone)

    pid = b.tandem.process.popen.pid
    os.kill(pid, signal.SIGSTOP)
    driver.wait_alarms(number, "RED")
    os.kill(pid, signal.SIGCONT)
    driver.wait_alarms(number)
    wait_for(lambda: alarms(b) == "none", "the gateway sees no alarm", 10)
    step("a gateway that stops is RED at the driver")

    b.pbx.process.stop()
    driver.destroy(ADDRESS, "eth")
    wait_for(lambda: alarms(b) == "red", lambda: f"red, not {alarms(b)}", 10)
    number = driver.create(ADDRESS, "eth")       # its name is cut off: 20 characters
    wait_for(lambda: alarms(b) == "none", lambda: f"none, not {alarms(b)}", 10)
    b.start_pbx(f"backend dahdi card {number} lead {bed.LEAD_MS}", "again", wait=False)
    b.tandem.wait_up("t1-1")
    step("a driver that stops is RED at the gateway")
    b.finish()
    phone.stop()


if __name__ == "__main__":
    vm.main(test)
